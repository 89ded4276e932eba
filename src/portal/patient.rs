//! What pages print of a patient, read from a released Patient resource.

use jiff::civil::Date;
use serde::Deserialize;

use crate::domain::ids::FhirId;
use crate::web::dates;

/// The elements of Patient that pages print. Everything else, and whatever is malformed in those, is passed over: a list must not
/// fail because of one odd record.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PatientDetails {
    id: Lenient<String>,
    name: Lenient<Vec<HumanName>>,
    gender: Lenient<String>,
    #[serde(rename = "birthDate")]
    birth_date: Lenient<String>,
    identifier: Lenient<Vec<Identifier>>,
}

/// A value, or its default where the JSON is not of its form.
#[derive(Clone, Debug, Default)]
struct Lenient<T>(T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either<T> {
            Right(T),
            Wrong(serde::de::IgnoredAny),
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::Right(value) => Self(value),
            Either::Wrong(_) => Self(T::default()),
        })
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct HumanName {
    #[serde(rename = "use")]
    usage: Option<String>,
    text: Option<String>,
    family: Option<String>,
    given: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Identifier {
    system: Option<String>,
    value: Option<String>,
    #[serde(rename = "type")]
    kind: Option<Concept>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Concept {
    coding: Vec<Coding>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Coding {
    code: Option<String>,
}

impl PatientDetails {
    /// Reads a Patient resource; `None` when it is not JSON.
    pub fn read(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    /// The logical id.
    pub fn id(&self) -> Option<FhirId> {
        FhirId::parse(&self.id.0).ok()
    }

    /// Given and family names in the order in which they are spoken: the official name, else the usual, else the first.
    pub fn name(&self) -> String {
        let names = &self.name.0;
        let by_use = |usage: &str| names.iter().find(|name| name.usage.as_deref() == Some(usage));
        let Some(name) = by_use("official").or_else(|| by_use("usual")).or_else(|| names.first()) else {
            return "Name not given".to_owned();
        };
        let parts: Vec<&str> = name
            .given
            .iter()
            .map(String::as_str)
            .chain(name.family.as_deref())
            .filter(|p| !p.is_empty())
            .collect();
        match (parts.is_empty(), &name.text) {
            (true, Some(text)) => text.clone(),
            (true, None) => "Name not given".to_owned(),
            (false, _) => parts.join(" "),
        }
    }

    /// The first given name, for pages that speak to the family.
    pub fn first_name(&self) -> Option<&str> {
        self.name.0.iter().find_map(|name| name.given.first()).map(String::as_str)
    }

    /// Date of birth, when it is given to the day.
    pub fn birth_date(&self) -> Option<Date> {
        self.birth_date.0.parse().ok()
    }

    /// The medical record number: the identifier of the hospital's system, else the one typed `MR`.
    pub fn mrn(&self, system: Option<&str>) -> Option<&str> {
        let of_system = |id: &&Identifier| system.is_some() && id.system.as_deref() == system;
        let typed = |id: &&Identifier| {
            id.kind.as_ref().is_some_and(|kind| kind.coding.iter().any(|c| c.code.as_deref() == Some("MR")))
        };
        let ids = &self.identifier.0;
        ids.iter().find(of_system).or_else(|| ids.iter().find(typed))?.value.as_deref()
    }

    /// Administrative sex in one word.
    pub fn sex(&self) -> &'static str {
        match self.gender.0.as_str() {
            "female" => "female",
            "male" => "male",
            "other" => "other sex",
            _ => "sex unknown",
        }
    }
}

/// A patient in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Where the record opens.
    pub href: String,
    /// As spoken: "Mia Torres".
    pub name: String,
    /// In the unit that fits.
    pub age: String,
    /// In one word.
    pub sex: &'static str,
    /// `14 Mar 2019`.
    pub birth: String,
    /// Medical record number.
    pub mrn: String,
}

impl Person {
    /// A patient as lists print one. `href` is where the record opens.
    pub fn of(details: &PatientDetails, href: String, today: Date, mrn_system: Option<&str>) -> Self {
        let birth = details.birth_date();
        Self {
            href,
            name: details.name(),
            age: birth.map_or_else(|| "age unknown".to_owned(), |birth| dates::age(birth, today)),
            sex: details.sex(),
            birth: birth.map_or_else(|| "date unknown".to_owned(), dates::day),
            mrn: details.mrn(mrn_system).unwrap_or("not given").to_owned(),
        }
    }
}

#[cfg(test)]
pub fn sample(name: &str, age: &str, mrn: &str) -> Person {
    Person {
        href: "/patients/sealed".into(),
        name: name.into(),
        age: age.into(),
        sex: "female",
        birth: "14 Mar 2019".into(),
        mrn: mrn.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_patient_is_printed_with_what_tells_people_apart() {
        let details = PatientDetails::read(
            br#"{"resourceType":"Patient","id":"p1","gender":"female","birthDate":"2019-03-14",
                "name":[{"use":"nickname","given":["Mimi"]},{"use":"official","family":"Torres","given":["Mia","Rose"]}],
                "identifier":[{"system":"urn:other","value":"9"},{"system":"urn:mrn","value":"CG-1"}]}"#,
        )
        .unwrap();
        let person = Person::of(&details, "/x".into(), date(2026, 11, 24), Some("urn:mrn"));
        assert_eq!(person.name, "Mia Rose Torres");
        assert_eq!((person.age.as_str(), person.birth.as_str()), ("7 years", "14 Mar 2019"));
        assert_eq!((person.sex, person.mrn.as_str()), ("female", "CG-1"));
        assert_eq!(details.id().unwrap().as_str(), "p1");
    }

    #[test]
    fn an_odd_record_does_not_break_a_list() {
        for odd in [
            &br#"{"id":5,"name":"Mia","gender":null,"birthDate":"2019","identifier":{}}"#[..],
            br#"{"name":[{"given":"Mia"}],"identifier":[{"value":3}]}"#,
            b"{}",
        ] {
            let person = Person::of(&PatientDetails::read(odd).unwrap(), "/".into(), date(2026, 1, 1), None);
            assert_eq!((person.mrn.as_str(), person.age.as_str()), ("not given", "age unknown"));
        }
        assert!(PatientDetails::read(b"<xml/>").is_none());
    }
}
