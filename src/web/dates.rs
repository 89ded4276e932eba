//! Dates and ages as pages print them: `3 Nov 2026`, with the distance beside it (UX principle 3).

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::clock::Timestamp;
use crate::domain::language::Language;
use crate::words;

/// `3 Nov 2026`.
pub fn day(date: Date) -> String {
    date.strftime("%-d %b %Y").to_string()
}

/// `3 Nov 2026`, `3 nov 2026`.
pub fn day_in(language: Language, date: Date) -> String {
    words::day(language, date)
}

/// The same with the time of day in the hospital's time zone.
pub fn moment_in(language: Language, at: Timestamp, zone: &TimeZone) -> String {
    let at = zone.to_datetime(at.to_jiff());
    format!("{}, {}", words::day(language, at.date()), at.strftime("%H:%M"))
}

/// [`ago`] in a language.
pub fn ago_in(language: Language, then: Date, today: Date) -> String {
    let days = usize::try_from(days_between(then, today)).unwrap_or(0);
    let (key, count) = match days {
        0 => return words::say(language, "ago-today"),
        1 => return words::say(language, "ago-yesterday"),
        2..=13 => ("ago-days", days),
        14..=59 => ("ago-weeks", days / 7),
        60..=729 => ("ago-months", days / 30),
        _ => ("ago-years", days / 365),
    };
    words::say_with(language, key, &[("count", count.into())])
}

/// `3 Nov 2026, 14:05` in the hospital's time zone.
pub fn moment(at: Timestamp, zone: &TimeZone) -> String {
    zone.to_datetime(at.to_jiff()).strftime("%-d %b %Y, %H:%M").to_string()
}

/// The calendar day of a moment in the hospital's time zone.
pub fn day_of(at: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(at.to_jiff()).date()
}

/// How far `then` lies before `today`: `today`, `yesterday`, `3 days ago`, `2 weeks ago`, `4 months ago`, `2 years ago`.
pub fn ago(then: Date, today: Date) -> String {
    let days = days_between(then, today);
    match days {
        ..=0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        2..=13 => format!("{days} days ago"),
        14..=59 => format!("{} weeks ago", days / 7),
        60..=729 => format!("{} months ago", days / 30),
        _ => format!("{} years ago", days / 365),
    }
}

/// Age in the unit that fits: days in the first two weeks, weeks to three months, months to two years, then years.
pub fn age(birth: Date, today: Date) -> String {
    let days = days_between(birth, today).max(0);
    let months = whole_months(birth, today);
    match (days, months) {
        (1, _) => "1 day".to_owned(),
        (0..=13, _) => format!("{days} days"),
        (_, 0..=2) => format!("{} weeks", days / 7),
        (_, 3..=23) => format!("{months} months"),
        _ => format!("{} years", months / 12),
    }
}

fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map_or(0, |span| span.get_days())
}

fn whole_months(from: Date, to: Date) -> i32 {
    let months = i32::from(to.year() - from.year()) * 12 + i32::from(to.month()) - i32::from(from.month());
    (if to.day() < from.day() { months - 1 } else { months }).max(0)
}

/// Reads a date as people type it: `3/14/2019`, `03-14-2019`, `2019-03-14`, `14 Mar 2019`, `March 14, 2019`, `03142019`.
/// Numbers alone are read month first, as in the United States.
pub fn read(text: &str) -> Option<Date> {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, '/' | '-' | '.' | ','))
        .filter(|w| !w.is_empty())
        .collect();
    match words.as_slice() {
        [digits] if digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit()) => {
            let (month_day, year) = digits.split_at(4);
            let (month, day) = month_day.split_at(2);
            make(year, month, day)
        }
        [year, month, day] if year.len() == 4 => make(year, month, day),
        [first, second, year] if year.len() == 4 => match (month_named(first), month_named(second)) {
            (Some(month), _) => make(year, &month.to_string(), second),
            (None, Some(month)) => make(year, &month.to_string(), first),
            (None, None) => make(year, first, second),
        },
        _ => None,
    }
}

fn make(year: &str, month: &str, day: &str) -> Option<Date> {
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

fn month_named(word: &str) -> Option<usize> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let lower = word.to_ascii_lowercase();
    MONTHS.iter().position(|month| lower.starts_with(month)).map(|index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn dates_are_read_as_people_type_them() {
        for text in [
            "3/14/2019",
            "03-14-2019",
            "2019-03-14",
            "14 Mar 2019",
            "March 14, 2019",
            "03142019",
            " 3.14.2019 ",
        ] {
            assert_eq!(read(text), Some(date(2019, 3, 14)), "{text}");
        }
        for text in ["", "14/3/2019", "3/14/19", "2019-02-30", "yesterday", "3/14", "0000-00-00"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn ages_are_in_the_unit_that_fits() {
        let today = date(2026, 11, 24);
        for (birth, shown) in [
            (date(2026, 11, 24), "0 days"),
            (date(2026, 11, 23), "1 day"),
            (date(2026, 11, 11), "13 days"),
            (date(2026, 11, 10), "2 weeks"),
            (date(2026, 8, 24), "3 months"),
            (date(2024, 11, 25), "23 months"),
            (date(2024, 11, 24), "2 years"),
            (date(2008, 11, 25), "17 years"),
        ] {
            assert_eq!(age(birth, today), shown, "{birth}");
        }
    }

    #[test]
    fn distances_are_said_in_words() {
        let today = date(2026, 11, 24);
        assert_eq!(ago(today, today), "today");
        assert_eq!(ago(date(2026, 11, 23), today), "yesterday");
        assert_eq!(ago(date(2026, 11, 17), today), "7 days ago");
        assert_eq!(ago(date(2026, 11, 3), today), "3 weeks ago");
        assert_eq!(day(date(2026, 11, 3)), "3 Nov 2026");
        for days in [0, 1, 5, 20, 100, 1000] {
            let then = today.checked_sub(jiff::Span::new().days(days)).unwrap();
            assert_eq!(ago_in(Language::En, then, today), ago(then, today), "{days}");
        }
        assert_eq!(day_in(Language::En, date(2026, 11, 3)), "3 Nov 2026");
        assert_eq!(day_in(Language::Es, date(2026, 8, 3)), "3 ago 2026");
        assert_eq!(ago_in(Language::Es, date(2026, 11, 21), today), "hace 3 días");
    }
}
