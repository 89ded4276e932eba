//! Who a Patient resource says the patient is: compared with what a searcher typed (S-31), never shown.

use serde::Deserialize;

/// The identifying elements of a Patient.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Identity {
    identifier: Vec<Identifier>,
    name: Vec<Name>,
    #[serde(rename = "birthDate")]
    birth_date: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Identifier {
    system: String,
    value: String,
    #[serde(rename = "type")]
    kind: Concept,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Concept {
    coding: Vec<Coding>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Coding {
    code: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Name {
    family: String,
    given: Vec<Option<String>>,
}

impl Identity {
    /// Reads a Patient resource; one that cannot be read is nobody.
    pub fn of_patient(resource: &[u8]) -> Self {
        serde_json::from_slice(resource).unwrap_or_default()
    }

    /// The first given name of the first name that has one.
    pub fn first_given_name(&self) -> Option<String> {
        self.name.iter().find_map(|name| name.given.iter().flatten().next().cloned())
    }

    /// The first letters of the first given and the family name, for mails (D-13): `M. T.`. Empty without a name.
    pub fn initials(&self) -> String {
        let family =
            self.name.iter().map(|name| name.family.as_str()).find(|family| !family.trim().is_empty());
        let given = self.first_given_name();
        let letters =
            [given.as_deref(), family].into_iter().flatten().filter_map(|name| name.trim().chars().next());
        letters.map(|letter| format!("{}.", letter.to_uppercase())).collect::<Vec<_>>().join(" ")
    }

    /// The date of birth as the resource has it; empty when it has none.
    pub fn birth_date(&self) -> &str {
        &self.birth_date
    }

    /// The medical record number: the identifier of the hospital's system, else the one typed `MR` (HL7 table 0203).
    pub fn mrn(&self, system: Option<&str>) -> Option<&str> {
        let own = self.identifier.iter().find(|own| system.is_some_and(|system| own.system == system));
        let typed = || {
            let is_mrn = |own: &&Identifier| own.kind.coding.iter().any(|coding| coding.code == "MR");
            self.identifier.iter().find(is_mrn)
        };
        own.or_else(typed).map(|own| own.value.as_str()).filter(|value| !value.is_empty())
    }

    /// Whether any identifier is of this system.
    pub fn has_system(&self, system: &str) -> bool {
        self.identifier.iter().any(|own| own.system == system && !own.value.is_empty())
    }

    /// Whether the patient has this identifier; without a system, in any system.
    pub fn has_identifier(&self, system: Option<&str>, value: &str) -> bool {
        let mut own = self.identifier.iter();
        own.any(|own| own.value == value && system.is_none_or(|system| own.system == system))
    }

    /// Whether this is a name and the date of birth of the patient. Names are compared without regard to case and to how
    /// much white space there is; `given` may be one given name or all of them.
    pub fn is_person(&self, family: &str, given: &str, birth_date: &str) -> bool {
        let (family, given, birth_date) = (folded(family), folded(given), birth_date.trim());
        let complete = ![&*family, &*given, birth_date].contains(&"");
        complete && self.birth_date == birth_date && self.name.iter().any(|name| name.is(&family, &given))
    }
}

impl Name {
    fn is(&self, family: &str, given: &str) -> bool {
        let names = || self.given.iter().flatten();
        let all = names().map(String::as_str).collect::<Vec<_>>().join(" ");
        folded(&self.family) == family && (folded(&all) == given || names().any(|name| folded(name) == given))
    }
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patient() -> Identity {
        Identity::of_patient(
            br#"{"resourceType":"Patient","id":"1","birthDate":"2015-03-02",
                "identifier":[{"system":"urn:mrn","value":"M-100"},{"value":"77"}],
                "name":[{"family":"Okafor","given":["Ada","Rose"]},{"family":"de la Cruz","given":["Ada",null]}]}"#,
        )
    }

    #[test]
    fn s31_an_mrn_matches_whole_and_in_its_system() {
        let patient = patient();
        assert!(patient.has_identifier(Some("urn:mrn"), "M-100"));
        assert!(patient.has_identifier(None, "M-100"));
        assert!(!patient.has_identifier(Some("urn:other"), "M-100"));
        assert!(!patient.has_identifier(Some("urn:mrn"), "M-10"));
        assert!(!patient.has_identifier(Some("urn:mrn"), "77"));
    }

    #[test]
    fn d13_initials_say_no_name() {
        assert_eq!(patient().initials(), "A. O.");
        assert_eq!(Identity::of_patient(b"{}").initials(), "");
        assert_eq!(Identity::of_patient(br#"{"name":[{"given":["Mia"]}]}"#).initials(), "M.");
        assert!(patient().has_system("urn:mrn") && !patient().has_system("urn:other"));
    }

    #[test]
    fn s31_a_person_matches_by_full_name_and_date_of_birth() {
        let patient = patient();
        for (family, given) in
            [("Okafor", "Ada"), ("okafor ", " ADA  rose"), ("De La  Cruz", "ada"), ("Okafor", "Rose")]
        {
            assert!(patient.is_person(family, given, "2015-03-02"), "{family}, {given}");
        }
        for (family, given, born) in [
            ("Okafor", "Ada", "2015-03-03"),
            ("Okafo", "Ada", "2015-03-02"),
            ("Okafor", "Ad", "2015-03-02"),
            ("Okafor", "", "2015-03-02"),
            ("", "Ada", "2015-03-02"),
            ("Okafor", "Ada", "2015"),
            ("de la Cruz", "Rose", "2015-03-02"),
        ] {
            assert!(!patient.is_person(family, given, born), "{family}, {given}, {born}");
        }
        let nameless = Identity::of_patient(br#"{"resourceType":"Patient"}"#);
        assert!(!nameless.is_person("", "", ""));
        assert!(!Identity::of_patient(b"{").has_identifier(None, ""));
    }
}
