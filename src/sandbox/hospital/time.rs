//! The hospital's calendar: Phoenix keeps UTC-7 the whole year, so a fixed offset is exact.

use jiff::civil::Date;
use jiff::tz::Offset;

use crate::domain::clock::Timestamp;

/// What FHIR writes after the time of day.
const OFFSET_TEXT: &str = "-07:00";
const DAY_MS: i64 = 86_400_000;

fn zone() -> Offset {
    Offset::constant(-7)
}

fn local(moment: Timestamp) -> jiff::civil::DateTime {
    zone().to_datetime(moment.to_jiff())
}

/// The moment at which the hospital's clocks show `hour`:`minute` on `day`.
pub fn at(day: Date, hour: i8, minute: i8) -> Timestamp {
    let clock = day.at(hour.clamp(0, 23), minute.clamp(0, 59), 0, 0);
    let millis = zone().to_timestamp(clock).map_or(0, jiff::Timestamp::as_millisecond);
    Timestamp::from_millis(millis)
}

/// The hospital's calendar day at `moment`.
pub fn day_of(moment: Timestamp) -> Date {
    local(moment).date()
}

/// `day` moved by `days`, backwards when negative.
pub fn shift(day: Date, days: i64) -> Date {
    day.checked_add(jiff::Span::new().days(days)).unwrap_or(day)
}

/// `moment` moved by `minutes`.
pub fn after(moment: Timestamp, minutes: i64) -> Timestamp {
    Timestamp::from_millis(moment.as_millis() + minutes * 60_000)
}

/// Whole days from `from` to `to`; negative when `to` is earlier.
pub fn days_between(from: Date, to: Date) -> i64 {
    (at(to, 12, 0).as_millis() - at(from, 12, 0).as_millis()).div_euclid(DAY_MS)
}

/// FHIR `dateTime` with the hospital's offset.
pub fn date_time(moment: Timestamp) -> String {
    format!("{}{OFFSET_TEXT}", local(moment).strftime("%Y-%m-%dT%H:%M:%S"))
}

/// FHIR `instant` with milliseconds.
pub fn instant(moment: Timestamp) -> String {
    format!("{}{OFFSET_TEXT}", local(moment).strftime("%Y-%m-%dT%H:%M:%S.%3f"))
}

/// `20 Nov 2026`, as notes write it.
pub fn long_day(day: Date) -> String {
    day.strftime("%-d %b %Y").to_string()
}

/// `20 Nov 2026, 14:05`, as notes write it.
pub fn long_moment(moment: Timestamp) -> String {
    local(moment).strftime("%-d %b %Y, %H:%M").to_string()
}

/// Age at `on` in words, as paediatricians say it: days to 2 weeks, weeks to 2 months, months to 2 years, then years.
pub fn age_words(birth: Date, on: Date) -> String {
    let days = days_between(birth, on).max(0);
    let months = whole_months(birth, on);
    match (days, months) {
        (0..14, _) => plural(days, "day"),
        (_, 0..2) => plural(days / 7, "week"),
        (_, 2..24) => plural(months, "month"),
        _ => plural(months / 12, "year"),
    }
}

fn plural(count: i64, unit: &str) -> String {
    if count == 1 { format!("1-{unit}-old") } else { format!("{count}-{unit}-old") }
}

/// Completed months from `birth` to `on`.
pub fn whole_months(birth: Date, on: Date) -> i64 {
    let months = i64::from(on.year() - birth.year()) * 12 + i64::from(on.month() - birth.month());
    if on.day() < birth.day() { months - 1 } else { months }
}

/// The day on which a child born on `birth` is `months` old.
pub fn at_months(birth: Date, months: i64) -> Date {
    birth.checked_add(jiff::Span::new().months(months)).unwrap_or(birth)
}
