//! Reads what was typed into the patient search: an MRN, or a name with a date of birth (S-60).

use std::sync::Arc;

use jiff::civil::Date;

use crate::access::authorizer::PatientSought;
use crate::domain::ids::Mrn;
use crate::web::dates;
use crate::web::forms::FormErrors;

/// What to look for: one way to read it, or, for a name of three words and more, each way to divide it into given and family
/// name, likeliest first.
pub type Readings = Vec<PatientSought>;

/// Longest number of words in a name for which every division is tried: each is a search in the EHR.
const WORDS: usize = 5;

/// Reads the two fields. A date of birth may stand in its own field or at the end of the first.
pub fn read(sought: &str, birth_date: &str, mrn_system: Option<&Arc<str>>) -> Result<Readings, FormErrors> {
    let sought = sought.trim();
    if sought.is_empty() {
        let message = "Enter an MRN, or a first and last name with the date of birth.";
        return Err(FormErrors::one("sought", message));
    }
    if let Some(value) = mrn(sought) {
        return Ok(vec![PatientSought::Mrn { system: mrn_system.cloned(), value }]);
    }
    let (name, date) = if birth_date.trim().is_empty() {
        divide(sought)
    } else {
        let date = dates::read(birth_date).ok_or_else(|| {
            FormErrors::one(
                "birth_date",
                "Enter the date of birth with month, day and year, as in 3/14/2019.",
            )
        })?;
        (sought.to_owned(), Some(date))
    };
    let date = date.ok_or_else(|| {
        FormErrors::one(
            "birth_date",
            "Enter the date of birth as well. A name alone is not enough to find a patient.",
        )
    })?;
    let readings = names(&name, date);
    if readings.is_empty() {
        return Err(FormErrors::one("sought", "Enter both first and last name, as in Mia Torres."));
    }
    Ok(readings)
}

/// One word with a digit in it, perhaps after "MRN".
fn mrn(text: &str) -> Option<Mrn> {
    let rest = match text.get(..3) {
        Some(lead) if lead.eq_ignore_ascii_case("mrn") => {
            text.get(3..).unwrap_or_default().trim_start_matches([':', '#', ' '])
        }
        _ => text,
    };
    let is_date = dates::read(rest).is_some() && rest.contains(['/', '-']);
    Mrn::parse(rest).ok().filter(|_| rest.bytes().any(|byte| byte.is_ascii_digit()) && !is_date)
}

/// Takes a date off the end of a text: `Mia Torres 3/14/2019`, `Torres, Mia 14 Mar 2019`.
fn divide(text: &str) -> (String, Option<Date>) {
    let words: Vec<&str> = text.split_whitespace().collect();
    for length in [1, 3] {
        let Some((name, tail)) = words.len().checked_sub(length).and_then(|at| words.split_at_checked(at))
        else {
            continue;
        };
        if let Some(date) = dates::read(&tail.join(" ")) {
            return (name.join(" "), Some(date));
        }
    }
    (text.to_owned(), None)
}

fn names(text: &str, birth_date: Date) -> Readings {
    let birth_date = birth_date.to_string();
    let person = |given: String, family: String| PatientSought::Person {
        family,
        given,
        birth_date: birth_date.clone(),
    };
    if let Some((family, given)) = text.split_once(',') {
        let (family, given) = (joined(family), joined(given));
        return if family.is_empty() || given.is_empty() { Vec::new() } else { vec![person(given, family)] };
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.len() > WORDS {
        return Vec::new();
    }
    // The last word alone is the likeliest family name; then the last two, and so on.
    (1..words.len())
        .rev()
        .filter_map(|at| words.split_at_checked(at))
        .map(|(given, family)| person(given.join(" "), family.join(" ")))
        .collect()
}

fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(given: &str, family: &str) -> PatientSought {
        PatientSought::Person { family: family.into(), given: given.into(), birth_date: "2019-03-14".into() }
    }

    #[test]
    fn s60_an_mrn_is_one_word_with_a_digit() {
        for text in ["CG-100123", " 100123 ", "MRN 100123", "mrn: CG-100123"] {
            let readings = read(text, "", None).unwrap();
            assert!(matches!(readings.as_slice(), [PatientSought::Mrn { .. }]), "{text}");
        }
    }

    #[test]
    fn s60_a_name_comes_with_a_date_of_birth_in_either_field() {
        for (sought, birth) in [
            ("Mia Torres", "3/14/2019"),
            ("Torres, Mia", "2019-03-14"),
            ("Mia Torres 3/14/2019", ""),
            ("Torres, Mia 14 Mar 2019", ""),
            ("  Mia   Torres  03142019", ""),
        ] {
            assert_eq!(read(sought, birth, None).unwrap(), [person("Mia", "Torres")], "{sought} {birth}");
        }
    }

    #[test]
    fn s60_a_long_name_is_divided_every_way() {
        let readings = read("Ana de la Cruz", "3/14/2019", None).unwrap();
        assert_eq!(
            readings,
            [person("Ana de la", "Cruz"), person("Ana de", "la Cruz"), person("Ana", "de la Cruz")]
        );
    }

    #[test]
    fn s60_what_is_missing_is_said_at_its_field() {
        for (sought, birth, field) in [
            ("", "", "sought"),
            ("Mia Torres", "", "birth_date"),
            ("Mia Torres", "3/14", "birth_date"),
            ("Torres", "3/14/2019", "sought"),
            ("3/14/2019", "", "sought"),
            ("Torres,", "3/14/2019", "sought"),
        ] {
            let errors = read(sought, birth, None).unwrap_err();
            assert_eq!(errors.all().len(), 1);
            assert!(errors.of(field).is_some(), "{sought} {birth}: {errors:?}");
        }
    }
}
