//! What can go wrong between an EHR and whoever asks it.

use serde::{Deserialize, Serialize};

/// A fault. `docs/EHR.md` has a row for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The head of the answer comes late.
    SlowHeaders,
    /// The head comes at once, the body late.
    SlowBody,
    /// The body comes a few bytes at a time.
    Trickle,
    /// Nobody listens. Applies to everything, whatever the schedule says of paths.
    Refused,
    /// The connection is reset before anything was said.
    ResetBeforeHeaders,
    /// The connection is reset in the middle of the body.
    ResetInBody,
    /// JSON that ends in the middle, with a length that agrees.
    TruncatedJson,
    /// A body that is not JSON.
    MalformedJson,
    /// Members that decide who may see a resource stand there twice.
    DuplicateKeys,
    /// A Bundle that has its entries twice.
    DuplicateBundleKeys,
    /// A sign-in page with status 200.
    LoginPage,
    /// The right body as `text/plain`.
    PlainText,
    /// Status 200 and nothing else.
    EmptyBody,
    /// 429 without `Retry-After`.
    Throttled,
    /// 429 with `Retry-After` in seconds, longer than anybody waits.
    ThrottledSeconds,
    /// 429 with `Retry-After` as a date.
    ThrottledDate,
    /// 429 with a `Retry-After` that no clock can hold.
    ThrottledForEver,
    /// 503.
    Unavailable,
    /// 500 with an `OperationOutcome` that quotes a record.
    ServerError,
    /// 400 with an `OperationOutcome` that quotes a record.
    Rejected,
    /// 302 to a sign-in page.
    Redirect,
    /// Two matches a page, whatever `_count` says.
    PageCap,
    /// The parameter `patient` is ignored: others' resources come along.
    IgnoredParameters,
    /// Each entry comes again, and once more as another patient's.
    DuplicateIds,
    /// Entries of another patient among the others.
    ForeignEntries,
    /// Another resource than was asked for.
    OtherId,
    /// A resource of another type.
    OtherType,
    /// The next page is the same page.
    NextToItself,
    /// The second page leads to a third, and that back to the second.
    NextLoop,
    /// The next page is on another host.
    NextElsewhere,
    /// There is always a next page.
    NextWithoutEnd,
    /// A page begins with what the page before ended with.
    MovingPages,
    /// The same, but by then it is another patient's.
    MovedPatient,
    /// `Date` and `Last-Modified` of tomorrow, `Age` and `max-age` beyond all reason.
    ClockSkew,
    /// Tokens that live for no time at all.
    TokenSkew,
    /// Tokens that live for longer than any clock can hold.
    TokenForEver,
    /// The token is refused.
    TokenExpired,
    /// The token endpoint answers 503.
    TokenDown,
    /// The token endpoint is slow.
    TokenSlow,
    /// A resource of two megabytes.
    Megabytes,
    /// More than the configured limit.
    TooLarge,
    /// Few bytes that become many.
    GzipBomb,
    /// `Content-Length` below the body's.
    ShortLength,
    /// `Content-Length` beyond the body's.
    LongLength,
    /// A byte order mark before the JSON.
    ByteOrderMark,
    /// UTF-16.
    Utf16,
    /// A hundred thousand arrays within each other.
    DeepNesting,
    /// Entity tags that are none: unquoted, huge, several.
    OddTags,
    /// 304 to who holds nothing.
    NotModifiedUnasked,
    /// `total` counts what is not there.
    LyingTotal,
    /// An `OperationOutcome` that quotes a record, among the entries.
    OutcomeEntries,
    /// Resources contain one of another patient.
    ForeignContained,
    /// References, links and full URLs name another base of the EHR.
    OtherBase,
}

impl Fault {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::SlowHeaders,
        Self::SlowBody,
        Self::Trickle,
        Self::Refused,
        Self::ResetBeforeHeaders,
        Self::ResetInBody,
        Self::TruncatedJson,
        Self::MalformedJson,
        Self::DuplicateKeys,
        Self::DuplicateBundleKeys,
        Self::LoginPage,
        Self::PlainText,
        Self::EmptyBody,
        Self::Throttled,
        Self::ThrottledSeconds,
        Self::ThrottledDate,
        Self::ThrottledForEver,
        Self::Unavailable,
        Self::ServerError,
        Self::Rejected,
        Self::Redirect,
        Self::PageCap,
        Self::IgnoredParameters,
        Self::DuplicateIds,
        Self::ForeignEntries,
        Self::OtherId,
        Self::OtherType,
        Self::NextToItself,
        Self::NextLoop,
        Self::NextElsewhere,
        Self::NextWithoutEnd,
        Self::MovingPages,
        Self::MovedPatient,
        Self::ClockSkew,
        Self::TokenSkew,
        Self::TokenForEver,
        Self::TokenExpired,
        Self::TokenDown,
        Self::TokenSlow,
        Self::Megabytes,
        Self::TooLarge,
        Self::GzipBomb,
        Self::ShortLength,
        Self::LongLength,
        Self::ByteOrderMark,
        Self::Utf16,
        Self::DeepNesting,
        Self::OddTags,
        Self::NotModifiedUnasked,
        Self::LyingTotal,
        Self::OutcomeEntries,
        Self::ForeignContained,
        Self::OtherBase,
    ];

    /// Its name in schedules and in the documentation.
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Whether it is one of the token endpoint, and happens nowhere else.
    pub const fn is_of_tokens(self) -> bool {
        matches!(self, Self::TokenSkew | Self::TokenForEver | Self::TokenDown | Self::TokenSlow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_every_variant_once() {
        let mut variants: Vec<&str> = include_str!("fault.rs")
            .split_once("pub enum Fault {")
            .and_then(|(_, rest)| rest.split_once("\n}"))
            .unwrap()
            .0
            .lines()
            .filter_map(|line| line.trim().strip_suffix(','))
            .collect();
        variants.sort_unstable();
        let mut listed: Vec<String> = Fault::ALL.iter().map(|fault| format!("{fault:?}")).collect();
        listed.sort();
        assert_eq!(listed, variants);
        assert_eq!(Fault::TruncatedJson.name(), "truncated_json");
    }
}
