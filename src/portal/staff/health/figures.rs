//! Numbers as the page prints them: with units, in steps that a person can compare.

use std::time::Duration;

/// `12,345`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 request`, `12,345 requests`.
pub fn times(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{} {what}s", count(number)) }
}

/// `0 B`, `912 B`, `64.0 KiB`, `3.4 MiB`, `1.0 GiB`.
pub fn bytes(number: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
    let in_units = |unit: u64| number as f64 / unit as f64;
    match number {
        0..1024 => format!("{number} B"),
        1024..1_048_576 => format!("{:.1} KiB", in_units(1024)),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", in_units(1_048_576)),
        _ => format!("{:.1} GiB", in_units(1_073_741_824)),
    }
}

/// A part of a whole in percent; nothing of nothing is a dash. What is not all is never shown as 100 %, nor something as 0 %.
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let percent = (u128::from(part) * 100 + u128::from(whole) / 2) / u128::from(whole);
    match percent {
        0 if part > 0 => "under 1 %".to_owned(),
        100.. if part < whole => "over 99 %".to_owned(),
        percent => format!("{percent} %"),
    }
}

/// A time in the unit that fits: `12 ms`, `1.4 s`, `48 s`, `12 min`, `3 h`, `5 days`.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 if time.as_micros() == 0 => "0 ms".to_owned(),
        0 if time.as_millis() == 0 => "under 1 ms".to_owned(),
        0 => format!("{} ms", time.as_millis()),
        1..10 => format!("{:.1} s", time.as_secs_f64()),
        10..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(
            [0, 7, 999, 1000, 12_345, 1_234_567].map(count),
            ["0", "7", "999", "1,000", "12,345", "1,234,567"]
        );
        assert_eq!([0, 1, 2].map(|number| times(number, "mail")), ["0 mails", "1 mail", "2 mails"]);
        assert_eq!([912, 65_536, 3_565_158, 1 << 30].map(bytes), ["912 B", "64.0 KiB", "3.4 MiB", "1.0 GiB"]);
    }

    #[test]
    fn a_share_is_rounded_but_never_to_all_or_nothing() {
        for (part, whole, said) in [
            (0, 0, "–"),
            (0, 9, "0 %"),
            (1, 1000, "under 1 %"),
            (1, 3, "33 %"),
            (2, 3, "67 %"),
            (999, 1000, "over 99 %"),
            (7, 7, "100 %"),
            (u64::MAX, u64::MAX, "100 %"),
        ] {
            assert_eq!(share(part, whole), said, "{part} of {whole}");
        }
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        let said = |millis| span(Duration::from_millis(millis));
        assert_eq!([0, 12, 1_400, 48_000].map(said), ["0 ms", "12 ms", "1.4 s", "48 s"]);
        assert_eq!([720_000, 10_800_000, 432_000_000].map(said), ["12 min", "3 h", "5 days"]);
        assert_eq!(span(Duration::from_micros(3)), "under 1 ms");
    }
}
