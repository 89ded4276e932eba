//! Values of search parameters by type, checked and brought to one spelling (R4 Search, 3.1.1.4).

use fhir_profiles::reference::target;
use fhir_profiles::search_table::Kind;

use crate::domain::ids::FhirId;

/// The alternatives of a value: parts between commas that no backslash escapes.
pub(super) fn alternatives(value: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut escaped = false;
        let comma = text.bytes().position(|byte| {
            let comma = byte == b',' && !escaped;
            escaped = byte == b'\\' && !escaped;
            comma
        });
        let (first, further) = match comma {
            Some(at) => (text.get(..at).unwrap_or(text), text.get(at + 1..)),
            None => (text, None),
        };
        rest = further;
        Some(first)
    })
}

/// One alternative in canonical form, or what is expected instead. `targets` are the types that a reference may name here;
/// `declared` those that the parameter allows at all: with just one, the id alone says it.
pub(super) fn canonical(
    kind: Kind,
    value: &str,
    targets: &[String],
    declared: &[String],
    base: &str,
) -> Result<String, &'static str> {
    let filled = !value.trim().is_empty();
    match kind {
        Kind::Token if filled && value != "|" => Ok(value.to_owned()),
        Kind::Token => Err("a code, or a system and a code"),
        Kind::String if filled => Ok(value.to_owned()),
        Kind::String => Err("a text"),
        Kind::Date => date(value).ok_or("a date, such as ge2026-05-01"),
        Kind::Quantity => quantity(value).ok_or("a number, or a number with system and unit"),
        Kind::Canonical => definition(value, base).ok_or("the canonical URL of a definition"),
        Kind::Reference => {
            let (named, id) =
                reference(value, targets, base).ok_or("a reference to a resource of this server")?;
            Ok(if declared.len() == 1 { id } else { format!("{named}/{id}") })
        }
    }
}

/// A canonical URL, with or without a version; what lies below the facade's base is the EHR's own, by type and id.
fn definition(value: &str, base: &str) -> Option<String> {
    let own = value.strip_prefix(base).and_then(|rest| rest.strip_prefix('/'));
    let plain = !value.contains(|c: char| c.is_whitespace() || c.is_control());
    let (scheme, rest) = value.split_once(':')?;
    let named = !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) && !rest.is_empty();
    (plain && named).then(|| own.unwrap_or(value).to_owned())
}

/// Type and id of a reference: an id alone where one type is possible, `Type/id`, or the same below the facade's base.
pub(super) fn reference(value: &str, targets: &[String], base: &str) -> Option<(String, String)> {
    if let ([only], Ok(id)) = (targets, FhirId::parse(value)) {
        return Some((only.clone(), id.to_string()));
    }
    let target = target(value, base)?;
    // A search for one version of a reference is nothing that EHRs agree on.
    let allowed = targets.contains(&target.resource_type) && !value.contains("/_history/");
    allowed.then_some((target.resource_type, target.id))
}

const PREFIXES: [&str; 9] = ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"];

fn split_prefix(value: &str) -> (&str, &str) {
    let prefix = PREFIXES.into_iter().find(|prefix| value.starts_with(prefix));
    let rest = prefix.and_then(|prefix| value.strip_prefix(prefix)).unwrap_or(value);
    // `eq` is what no prefix means.
    (prefix.filter(|prefix| *prefix != "eq").unwrap_or(""), rest)
}

fn date(value: &str) -> Option<String> {
    let (prefix, rest) = split_prefix(value);
    // A plus sign that nobody encoded arrives as a space.
    let rest = rest.replace(' ', "+");
    is_date(&rest).then(|| format!("{prefix}{rest}"))
}

/// `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, or the latter with `Thh:mm[:ss[.f]]` and an optional zone.
fn is_date(text: &str) -> bool {
    let (day, time) = text.split_once('T').map_or((text, None), |(day, time)| (day, Some(time)));
    let parts: Vec<&str> = day.split('-').collect();
    let day_ok = match parts.as_slice() {
        [year] => number(year, 4, 1..=9999),
        [year, month] => number(year, 4, 1..=9999) && number(month, 2, 1..=12),
        [year, month, day] => number(year, 4, 1..=9999) && number(month, 2, 1..=12) && number(day, 2, 1..=31),
        _ => false,
    };
    day_ok && time.is_none_or(|time| parts.len() == 3 && is_time(time))
}

fn is_time(text: &str) -> bool {
    let (clock, zone_ok) = if let Some(clock) = text.strip_suffix('Z') {
        (clock, true)
    } else if let Some(at) = text.rfind(['+', '-']) {
        let (clock, zone) = text.split_at(at);
        let zone = zone.get(1..).unwrap_or_default();
        let zone = zone.split_once(':');
        (clock, zone.is_some_and(|(hours, minutes)| number(hours, 2, 0..=14) && number(minutes, 2, 0..=59)))
    } else {
        (text, true)
    };
    let (clock, fraction_ok) = clock.split_once('.').map_or((clock, true), |(clock, fraction)| {
        (clock, (1..=9).contains(&fraction.len()) && fraction.bytes().all(|b| b.is_ascii_digit()))
    });
    let parts: Vec<&str> = clock.split(':').collect();
    zone_ok
        && fraction_ok
        && match parts.as_slice() {
            [hours, minutes] => number(hours, 2, 0..=24) && number(minutes, 2, 0..=59),
            [hours, minutes, seconds] => {
                number(hours, 2, 0..=24) && number(minutes, 2, 0..=59) && number(seconds, 2, 0..=60)
            }
            _ => false,
        }
}

fn number(text: &str, digits: usize, range: std::ops::RangeInclusive<u32>) -> bool {
    text.len() == digits
        && text.bytes().all(|b| b.is_ascii_digit())
        && text.parse::<u32>().is_ok_and(|number| range.contains(&number))
}

fn quantity(value: &str) -> Option<String> {
    let (prefix, rest) = split_prefix(value);
    let mut parts = rest.split('|');
    let amount = parts.next()?;
    let plain = amount.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    let unit_ok = matches!(rest.split('|').count(), 1 | 3);
    (plain && unit_ok && amount.parse::<f64>().is_ok_and(f64::is_finite)).then(|| format!("{prefix}{rest}"))
}
