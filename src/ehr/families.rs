//! For whom somebody decides (S-05): what the patient portal's `fhirUser` names, followed to Patients. Identifiers come out,
//! nothing else.

use std::collections::BTreeSet;

use fhir_profiles::links::{person_links, related_person};
use fhir_profiles::reference::target;
use jiff::civil::Date;
use serde::Deserialize;

use crate::access::upstream::UpstreamError;
use crate::domain::ids::FhirId;

use super::client::Ehr;
use super::primary_care::is_of;

/// Links of a Person that are followed, at most.
const MOST_LINKS: usize = 50;
/// Who is of age decides for themselves.
const OF_AGE: i16 = 18;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Born {
    birth_date: Option<String>,
    #[serde(default = "yes")]
    active: bool,
}

const fn yes() -> bool {
    true
}

impl Ehr {
    /// The patients for whom `fhir_user` (`Patient/..`, `RelatedPerson/..` or `Person/..`, relative or below the EHR's base) decides on
    /// the day `today`: a Patient of age for themselves, a `RelatedPerson` that is current for its patient, a Person for all of these
    /// that it links to. Whatever is not of these forms or not there decides for nobody; an EHR that does not answer is an error,
    /// so that nobody is taken to have no children because the EHR was down.
    pub async fn children_of(&self, fhir_user: &str, today: Date) -> Result<Vec<FhirId>, UpstreamError> {
        let Some(named) = target(fhir_user, self.base.as_str()) else { return Ok(Vec::new()) };
        let mut children = BTreeSet::new();
        if named.resource_type == "Person" {
            let Ok(id) = FhirId::parse(&named.id) else { return Ok(Vec::new()) };
            let Some(person) = self.get_json(&format!("Person/{id}"), "family: Person").await? else {
                return Ok(Vec::new());
            };
            is_of(&person, "Person", &id)?;
            let links = person_links(&person, self.base.as_str()).map_err(|_| UpstreamError::Malformed)?;
            for link in links.into_iter().take(MOST_LINKS) {
                children.extend(self.child(&link.resource_type, &link.id, today).await?);
            }
        } else {
            children.extend(self.child(&named.resource_type, &named.id, today).await?);
        }
        Ok(children.into_iter().collect())
    }

    async fn child(
        &self,
        resource_type: &str,
        id: &str,
        today: Date,
    ) -> Result<Option<FhirId>, UpstreamError> {
        let Ok(id) = FhirId::parse(id) else { return Ok(None) };
        match resource_type {
            "RelatedPerson" => {
                let path = format!("RelatedPerson/{id}");
                let Some(body) = self.get_json(&path, "family: RelatedPerson").await? else {
                    return Ok(None);
                };
                is_of(&body, "RelatedPerson", &id)?;
                // One that cannot be read stands for nobody.
                let facts = related_person(&body, self.base.as_str(), &today.to_string());
                let current = facts.ok().filter(|facts| facts.current);
                Ok(current.and_then(|facts| FhirId::parse(&facts.patient).ok()))
            }
            "Patient" => {
                let Some(body) = self.get_json(&format!("Patient/{id}"), "family: Patient").await? else {
                    return Ok(None);
                };
                is_of(&body, "Patient", &id)?;
                let born: Born = serde_json::from_slice(&body).map_err(|_| UpstreamError::Malformed)?;
                Ok((born.active && is_of_age(born.birth_date.as_deref(), today)).then_some(id))
            }
            _ => Ok(None),
        }
    }
}

/// A birth date that is not a whole day does not make anybody of age.
fn is_of_age(birth_date: Option<&str>, today: Date) -> bool {
    let born = birth_date.and_then(|text| text.parse::<Date>().ok());
    let eighteenth = born.and_then(|born| {
        let year = born.year().checked_add(OF_AGE)?;
        // Born on 29 February: of age on 1 March.
        Date::new(year, born.month(), born.day()).or_else(|_| Date::new(year, 3, 1)).ok()
    });
    eighteenth.is_some_and(|day| day <= today)
}

#[cfg(test)]
mod tests {
    use super::super::faulty::{Act, Faulty, connect};
    use super::*;

    const TODAY: &str = "2026-11-24";

    #[test]
    fn of_age_from_the_eighteenth_birthday_on() {
        let today: Date = TODAY.parse().unwrap();
        for (birth, of_age) in [
            (Some("2008-11-24"), true),
            (Some("2008-11-25"), false),
            (Some("2008"), false),
            (None, false),
            (Some("1980-02-29"), true),
        ] {
            assert_eq!(is_of_age(birth, today), of_age, "{birth:?}");
        }
    }

    #[tokio::test]
    async fn s05_children_come_from_person_related_person_and_patient() {
        let ehr = Faulty::start(|heard, _| {
            let bodies = [
                ("/Person/p", r#"{"resourceType":"Person","id":"p","link":[{"target":{"reference":"RelatedPerson/r1"}},
                  {"target":{"reference":"RelatedPerson/r2"}},{"target":{"reference":"RelatedPerson/gone"}},
                  {"target":{"reference":"Patient/self"}},{"target":{"reference":"Practitioner/x"}}]}"#),
                ("/RelatedPerson/r1", r#"{"resourceType":"RelatedPerson","id":"r1","patient":{"reference":"Patient/mia"}}"#),
                ("/RelatedPerson/r2", r#"{"resourceType":"RelatedPerson","id":"r2","active":false,"patient":{"reference":"Patient/leo"}}"#),
                ("/Patient/self", r#"{"resourceType":"Patient","id":"self","birthDate":"1984-05-01"}"#),
                ("/Patient/mia", r#"{"resourceType":"Patient","id":"mia","birthDate":"2019-05-01"}"#),
            ];
            let found = bodies.iter().find(|(end, _)| heard.path.ends_with(end));
            found.map_or_else(|| Act::status(404), |(_, body)| Act::json(body))
        })
        .await;
        let (ehr, _clock) = connect(&ehr.options());
        let today: Date = TODAY.parse().unwrap();
        let children = async |user: &str| {
            let found = ehr.children_of(user, today).await.unwrap();
            found.iter().map(|id| id.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(children("Person/p").await, ["mia", "self"]);
        assert_eq!(children("RelatedPerson/r1").await, ["mia"]);
        assert_eq!(children("Patient/mia").await, [""; 0], "a child does not decide for itself");
        for nobody in ["Person/none", "Practitioner/x", "https://other.example/Person/p", "nonsense", ""] {
            assert_eq!(children(nobody).await, [""; 0], "{nobody}");
        }
    }

    #[tokio::test]
    async fn s05_an_ehr_that_is_down_is_not_a_family_without_children() {
        let ehr = Faulty::start(|_, _| Act::status(503)).await;
        let (ehr, _clock) = connect(&ehr.options());
        assert!(ehr.children_of("Person/p", TODAY.parse().unwrap()).await.is_err());
    }
}
