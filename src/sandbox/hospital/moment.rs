//! FHIR dates of any precision as stretches of time.

use jiff::civil::Date;

use super::time;

/// The stretch that a FHIR `date`, `dateTime` or `instant` covers: milliseconds from (inclusive) and until (exclusive).
/// What has no offset is on the hospital's clocks. `None` when `text` is not a date.
pub fn stretch(text: &str) -> Option<(i64, i64)> {
    match text.len() {
        4 => {
            let year: i16 = digits(text)?;
            let first = Date::new(year, 1, 1).ok()?;
            Some(span(first, Date::new(year.checked_add(1)?, 1, 1).ok()?))
        }
        7 => {
            let (year, month) = text.split_once('-')?;
            let first = Date::new(digits(year)?, digits(month)?, 1).ok()?;
            Some(span(first, first.checked_add(jiff::Span::new().months(1)).ok()?))
        }
        10 => {
            let day: Date = text.parse().ok()?;
            Some(span(day, day.tomorrow().ok()?))
        }
        _ => clock(text),
    }
}

fn digits<T: std::str::FromStr>(text: &str) -> Option<T> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn span(from: Date, until: Date) -> (i64, i64) {
    (time::at(from, 0, 0).as_millis(), time::at(until, 0, 0).as_millis())
}

fn clock(text: &str) -> Option<(i64, i64)> {
    let (day, rest) = text.split_once('T')?;
    day.parse::<Date>().ok()?;
    let digits_only = rest.split(['Z', '+', '-']).next()?;
    let has_zone = digits_only.len() != rest.len();
    let seconds = if digits_only.len() == 5 { ":00" } else { "" };
    let zone = if has_zone { rest.get(digits_only.len()..)? } else { "-07:00" };
    let moment: jiff::Timestamp = format!("{day}T{digits_only}{seconds}{zone}").parse().ok()?;
    let from = moment.as_millisecond();
    let width = match digits_only.len() {
        5 => 60_000,
        8 => 1_000,
        _ => 1,
    };
    Some((from, from + width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_precision_covers_its_stretch() {
        let width = |text| stretch(text).map(|(from, until)| until - from);
        assert_eq!(width("2026"), Some(365 * 86_400_000));
        assert_eq!(width("2026-02"), Some(28 * 86_400_000));
        assert_eq!(width("2026-11-20"), Some(86_400_000));
        assert_eq!(width("2026-11-20T10:30"), Some(60_000));
        assert_eq!(width("2026-11-20T10:30:00-07:00"), Some(1_000));
        assert_eq!(width("2026-11-20T10:30:00.123Z"), Some(1));
        assert_eq!(stretch("2026-11-20T00:00:00"), stretch("2026-11-20T07:00:00Z"));
        for wrong in ["", "2026-13", "yesterday", "2026-11-20Tnoon", "99999", "2026-1-1", "+026"] {
            assert_eq!(stretch(wrong), None, "{wrong}");
        }
    }
}
