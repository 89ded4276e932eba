//! Words that guessers try first. A password is judged by what is left without them.

/// Pieces of the passwords that leaked lists show most, and what is near at hand here. Lower case, leet undone.
const COMMON: &[&str] = &[
    "password",
    "passwort",
    "passphrase",
    "letmein",
    "welcome",
    "qwerty",
    "qwertz",
    "azerty",
    "admin",
    "administrator",
    "login",
    "signin",
    "master",
    "monkey",
    "dragon",
    "football",
    "baseball",
    "basketball",
    "soccer",
    "hockey",
    "superman",
    "batman",
    "princess",
    "sunshine",
    "iloveyou",
    "ilovemy",
    "trustno",
    "shadow",
    "michael",
    "jennifer",
    "jordan",
    "charlie",
    "thomas",
    "jessica",
    "ashley",
    "daniel",
    "andrew",
    "joshua",
    "matthew",
    "freedom",
    "whatever",
    "starwars",
    "pokemon",
    "computer",
    "internet",
    "secret",
    "changeme",
    "default",
    "summer",
    "winter",
    "spring",
    "autumn",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "friday",
    "sunday",
    "hospital",
    "childrens",
    "children",
    "doctor",
    "nurse",
    "clinic",
    "patient",
    "pediatric",
    "paediatric",
    "medical",
    "medicine",
    "health",
    "chartgate",
    "portal",
    "record",
    "provider",
    "temp",
    "temporary",
    "test",
    "testing",
    "guest",
    "hello",
    "abc",
    "asdf",
    "zxcv",
    "qwer",
    "password",
    "correcthorsebatterystaple",
];

/// Lower case, letters and digits alone, the usual substitutions undone.
pub(super) fn simplified(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '@' | '4' => Some('a'),
            '0' => Some('o'),
            '$' | '5' => Some('s'),
            '3' => Some('e'),
            '!' => Some('i'),
            c if c.is_alphanumeric() => c.to_lowercase().next(),
            _ => None,
        })
        .collect()
}

/// `plain`, already simplified, without common words, years and runs of digits in order.
pub(super) fn without_common(plain: &str) -> String {
    let mut rest = plain.to_owned();
    for word in COMMON {
        // The words as they look after simplification.
        rest = rest.replace(&simplified(word), "");
    }
    for run in ["i2eas67890", "12eas6789o", "12eas678", "12eas6", "12eas", "123", "12e", "2o1", "2o2", "19"] {
        rest = rest.replace(run, "");
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substitutions_are_undone() {
        assert_eq!(simplified("P@$$w0rd!"), "passwordi");
        assert_eq!(without_common(&simplified("P@ssw0rd123456")), "");
    }
}
