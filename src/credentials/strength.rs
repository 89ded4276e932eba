//! What a password must be (D-03): long, and not one that everybody tries. No composition rules.

use zxcvbn::{Score, zxcvbn};

use super::blocklist;

/// Shortest password without a second factor, in characters.
pub const MIN_CHARS: usize = 15;
/// Shortest password of an account with a second factor, in characters.
pub const MIN_CHARS_WITH_SECOND_FACTOR: usize = 8;
/// Longest password, in bytes: a bound on work, far above what anyone types.
pub const MAX_BYTES: usize = 1024;

/// Why a password is not good enough. The text is for the person who chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Fewer characters than needed.
    #[error("Use at least {0} characters. A few unrelated words are easy to remember.")]
    Short(usize),
    /// Longer than anyone types.
    #[error("Use at most 1024 characters.")]
    Long,
    /// Made of one of the most used passwords.
    #[error("This password is on lists of common passwords. Choose another.")]
    Common,
    /// Made of the person's own name or address.
    #[error("The password must not be made of your name or e-mail address.")]
    Personal,
    /// Long enough, and still among the first that guessing software tries.
    #[error(
        "This password is easy to guess. A few unrelated words are harder to guess and easy to remember."
    )]
    Guessable,
    /// One short piece over and over, or a run along the keyboard or the alphabet.
    #[error("The password repeats itself or runs along the keyboard. Choose one that is harder to guess.")]
    Pattern,
}

/// Checks a new password of the person with this e-mail address and name (D-03).
pub fn check(password: &str, email: &str, name: &str, second_factor: bool) -> Result<(), WeakPassword> {
    let password = password.trim();
    let least = if second_factor { MIN_CHARS_WITH_SECOND_FACTOR } else { MIN_CHARS };
    if password.chars().count() < least {
        return Err(WeakPassword::Short(least));
    }
    if password.len() > MAX_BYTES {
        return Err(WeakPassword::Long);
    }
    let plain = blocklist::simplified(password);
    if is_pattern(&plain) {
        return Err(WeakPassword::Pattern);
    }
    // What guessers know is worth nothing: the rest must still be of some length.
    let rest = blocklist::without_common(&plain);
    if rest.chars().count() < least / 3 {
        return Err(WeakPassword::Common);
    }
    let rest = without_personal(&plain, email, name);
    if rest.chars().count() < least / 3 {
        return Err(WeakPassword::Personal);
    }
    // With a second factor a guesser has to go through us for each try; without one a hash may be all that is needed.
    let least = if second_factor { Score::Two } else { Score::Three };
    let known: Vec<&str> = email.split(['@', '.']).chain(name.split_whitespace()).collect();
    if zxcvbn(password, &known).score() < least { Err(WeakPassword::Guessable) } else { Ok(()) }
}

fn without_personal(plain: &str, email: &str, name: &str) -> String {
    let mut rest = plain.to_owned();
    let words = email.split(['@', '.', '-', '_', '+']).chain(name.split_whitespace());
    for word in words.map(blocklist::simplified).filter(|word| word.chars().count() >= 3) {
        rest = rest.replace(&word, "");
    }
    rest
}

/// Whether the text is few distinct characters, a short piece repeated, or mostly steps to a neighbouring character.
fn is_pattern(plain: &str) -> bool {
    let chars: Vec<char> = plain.chars().collect();
    let mut distinct = chars.clone();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < 5 {
        return true;
    }
    let repeats = (1..=chars.len() / 2)
        .any(|period| period <= 6 && chars.iter().zip(chars.iter().skip(period)).all(|(a, b)| a == b));
    let steps = chars.windows(2).filter(|pair| matches!(pair, [a, b] if neighbours(*a, *b))).count();
    repeats || steps * 4 >= chars.len().saturating_sub(1) * 3
}

fn neighbours(a: char, b: char) -> bool {
    const ROWS: [&str; 4] = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"];
    let next = |a: char, b: char| {
        (u32::from(a) + 1 == u32::from(b) && a.is_ascii_alphanumeric())
            || ROWS.iter().any(|row| row.contains(&format!("{a}{b}")))
    };
    a == b || next(a, b) || next(b, a)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("fourteen chars", Err(WeakPassword::Short(15)))]
    #[case("passwordpassword", Err(WeakPassword::Common))]
    #[case("P@ssw0rd12345678", Err(WeakPassword::Common))]
    #[case("Welcome2024Welcome", Err(WeakPassword::Common))]
    #[case("aaaaaaaaaaaaaaaaaaaa", Err(WeakPassword::Pattern))]
    #[case("abcdefghijklmnopqrst", Err(WeakPassword::Pattern))]
    #[case("qwertyuiopasdfghjkl", Err(WeakPassword::Pattern))]
    #[case("xk4pxk4pxk4pxk4p", Err(WeakPassword::Pattern))]
    #[case("ana.ellis@kids.example", Err(WeakPassword::Personal))]
    #[case("EllisAnaEllisAna1", Err(WeakPassword::Personal))]
    #[case("heron copper lamp walks", Ok(()))]
    #[case("жираф летит над морем", Ok(()))]
    #[case("v9#Lq2!xT7$wB4z", Ok(()))]
    fn d03_passwords(#[case] password: &str, #[case] verdict: Result<(), WeakPassword>) {
        assert_eq!(check(password, "ana.ellis@kids.example", "Dr. Ana Ellis", false), verdict);
    }

    #[test]
    fn d03_a_second_factor_allows_shorter_ones() {
        assert_eq!(check("heron9co", "a@b.example", "A B", true), Ok(()));
        assert_eq!(check("heron9c", "a@b.example", "A B", true), Err(WeakPassword::Short(8)));
        assert_eq!(check("password", "a@b.example", "A B", true), Err(WeakPassword::Common));
    }

    #[test]
    fn d03_what_guessing_software_tries_early_is_refused() {
        for guessable in ["Eagle2019Eagle2019", "correcthorsecorrecthorse"] {
            assert!(check(guessable, "a@b.example", "A B", false).is_err(), "{guessable}");
        }
    }

    #[test]
    fn d03_the_length_is_bounded() {
        let long = "heron copper lamp walks ".repeat(60);
        assert_eq!(check(&long, "a@b.example", "A B", false), Err(WeakPassword::Long));
    }
}
