//! How long the EHR's answer may be kept (RFC 9111). We are a shared cache: `s-maxage` counts before `max-age`, that before
//! `Expires`. `private` does not stop us: the EHR answered our own credentials, and what we keep is released to nobody without
//! the policy.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use http::header::{CACHE_CONTROL, DATE, ETAG, EXPIRES, HeaderName, LAST_MODIFIED, PRAGMA};
use http::{HeaderMap, HeaderValue};

use crate::access::upstream::{Freshness, Validator};

/// Longest validator that is kept, in bytes.
const LONGEST_VALIDATOR: usize = 256;

/// What the headers say; with `obey` false only how to ask again.
pub(super) fn freshness(headers: &HeaderMap, obey: bool) -> Freshness {
    let validator =
        Validator { etag: validator(headers, ETAG), last_modified: validator(headers, LAST_MODIFIED) };
    let mut found = Freshness { validator, ..Freshness::default() };
    if !obey {
        return found;
    }
    let said = Said::of(headers);
    found.no_store = said.no_store;
    found.strict = said.strict;
    found.fresh_for = match (said.confirm_always, said.shared_max_age.or(said.max_age)) {
        (true, _) => Some(Duration::ZERO),
        (false, Some(age)) => Some(age),
        (false, None) => expires(headers),
    };
    found
}

/// `Cache-Control`, read.
#[derive(Default)]
struct Said {
    no_store: bool,
    confirm_always: bool,
    strict: bool,
    max_age: Option<Duration>,
    shared_max_age: Option<Duration>,
}

impl Said {
    fn of(headers: &HeaderMap) -> Self {
        let mut said = Self::default();
        let lines = headers.get_all(CACHE_CONTROL).iter();
        for directive in lines.flat_map(|line| line.to_str().unwrap_or("no-cache").split(',')) {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" => said.no_store = true,
                // With field names it would forbid those headers alone, none of which we keep; an EHR that says so means more.
                "no-cache" => said.confirm_always = true,
                "must-revalidate" | "proxy-revalidate" => said.strict = true,
                "max-age" => said.max_age = Some(least(said.max_age, value)),
                "s-maxage" => {
                    said.shared_max_age = Some(least(said.shared_max_age, value));
                    said.strict = true;
                }
                _ => {}
            }
        }
        // RFC 9111 5.4: where there is no Cache-Control.
        if !headers.contains_key(CACHE_CONTROL) {
            said.confirm_always = text(headers, PRAGMA).is_some_and(|text| text.contains("no-cache"));
        }
        said
    }
}

/// The smaller of what was said before and what is said now. What cannot be read is no time at all (RFC 9111 4.2.1).
fn least(before: Option<Duration>, value: &str) -> Duration {
    let digits = value.trim().trim_matches('"');
    let seconds = if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than fits is as good as for ever (RFC 9111 1.2.2).
        digits.parse().unwrap_or(u64::from(u32::MAX))
    } else {
        0
    };
    let now = Duration::from_secs(seconds);
    before.map_or(now, |before| before.min(now))
}

/// `Expires`, from `Date` on. What cannot be read, or has no date to count from, has expired.
fn expires(headers: &HeaderMap) -> Option<Duration> {
    let moment = |value: &HeaderValue| httpdate::parse_http_date(value.to_str().ok()?).ok();
    let expires = moment(headers.get(EXPIRES)?).unwrap_or(UNIX_EPOCH);
    let said_at = headers.get(DATE).and_then(moment);
    Some(said_at.and_then(|said_at| expires.duration_since(said_at).ok()).unwrap_or_default())
}

/// A validator to send back one day. A huge one would have our request refused.
fn validator(headers: &HeaderMap, name: HeaderName) -> Option<Arc<str>> {
    text(headers, name).filter(|text| text.len() <= LONGEST_VALIDATOR).map(Into::into)
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[(&'static str, &'static str)]) -> Freshness {
        let headers = lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        freshness(&headers, true)
    }

    /// Seconds of freshness, whether it must not be kept, whether it must not be served stale.
    fn control(line: &'static str) -> (Option<u64>, bool, bool) {
        let found = read(&[("cache-control", line)]);
        (found.fresh_for.map(|fresh| fresh.as_secs()), found.no_store, found.strict)
    }

    #[test]
    fn what_cache_control_says_in_the_order_in_which_it_counts() {
        for (line, expected) in [
            ("", (None, false, false)),
            ("private", (None, false, false)),
            ("public, max-age=30", (Some(30), false, false)),
            ("max-age=30, s-maxage=90", (Some(90), false, true)),
            ("s-maxage=0, max-age=30", (Some(0), false, true)),
            ("private, max-age=30", (Some(30), false, false)),
            ("max-age=30, must-revalidate", (Some(30), false, true)),
            ("proxy-revalidate", (None, false, true)),
            ("no-cache, max-age=30", (Some(0), false, false)),
            ("no-cache=\"set-cookie, x-y\", max-age=30", (Some(0), false, false)),
            ("no-store, max-age=30", (Some(30), true, false)),
            ("NO-STORE", (None, true, false)),
            ("Max-Age=\"30\"", (Some(30), false, false)),
            ("max-age=90, max-age=30", (Some(30), false, false)),
            ("max-age=", (Some(0), false, false)),
            ("max-age=-1", (Some(0), false, false)),
            ("max-age=soon", (Some(0), false, false)),
            ("max-age=99999999999999999999999", (Some(u64::from(u32::MAX)), false, false)),
            ("stale-while-revalidate=30, x=y", (None, false, false)),
        ] {
            assert_eq!(control(line), expected, "{line}");
        }
    }

    #[test]
    fn expires_counts_where_there_is_no_age() {
        let date = ("date", "Tue, 24 Nov 2026 09:00:00 GMT");
        let later = ("expires", "Tue, 24 Nov 2026 09:02:00 GMT");
        let seconds = |lines: &[_]| read(lines).fresh_for.map(|fresh| fresh.as_secs());
        assert_eq!(seconds(&[date, later]), Some(120));
        assert_eq!(seconds(&[date, later, ("cache-control", "max-age=5")]), Some(5));
        assert_eq!(seconds(&[date, ("expires", "Tue, 24 Nov 2026 08:00:00 GMT")]), Some(0));
        assert_eq!(seconds(&[date, ("expires", "0")]), Some(0));
        assert_eq!(seconds(&[("pragma", "no-cache")]), Some(0));
        assert_eq!(seconds(&[("pragma", "no-cache"), ("cache-control", "max-age=5")]), Some(5));
        assert_eq!(seconds(&[]), None);
    }

    #[test]
    fn a_hospital_may_know_better_than_its_ehr() {
        let headers = [(CACHE_CONTROL, HeaderValue::from_static("no-store, must-revalidate"))];
        let headers = headers.into_iter().chain([(ETAG, HeaderValue::from_static("W/\"1\""))]).collect();
        let found = freshness(&headers, false);
        assert_eq!((found.fresh_for, found.no_store, found.strict), (None, false, false));
        assert_eq!(found.validator.etag.as_deref(), Some("W/\"1\""));
    }
}
