//! Who is who: links between Patients, and from Person and RelatedPerson to Patients (S-05; for guardians).

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Unreadable;
use crate::practitioner::holds_on;
use crate::reference::{Target, readable, target};

/// `Patient.link.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// This record was merged into the other.
    ReplacedBy,
    /// The other was merged into this one.
    Replaces,
    /// The other holds more on the same patient.
    Refer,
    /// The other is the same patient.
    SeeAlso,
}

/// One link of a Patient to another record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatientLink {
    /// What it means.
    pub kind: LinkKind,
    /// The other record: Patient or RelatedPerson.
    pub other: Target,
}

/// For whom a RelatedPerson stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelatedPersonFacts {
    /// Id of the Patient.
    pub patient: String,
    /// Not `active` = false, and within its period.
    pub current: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    resource_type: String,
    active: Option<bool>,
    period: Option<Box<RawValue>>,
    patient: Option<Box<RawValue>>,
    #[serde(default)]
    link: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Link {
    #[serde(rename = "type")]
    kind: Option<String>,
    other: Option<Box<RawValue>>,
    target: Option<Box<RawValue>>,
}

fn envelope(bytes: &[u8], resource_type: &'static str) -> Result<Envelope, Unreadable> {
    serde_json::from_slice::<Envelope>(bytes)
        .ok()
        .filter(|envelope| envelope.resource_type == resource_type)
        .ok_or(Unreadable(resource_type))
}

fn one(raw: Option<Box<RawValue>>, base: &str) -> Option<Target> {
    let raw = raw?;
    let reference = readable(std::slice::from_ref(&raw)).next()?;
    target(reference.reference.as_deref()?, base)
}

/// The links of a Patient at `base`.
pub fn patient_links(patient: &[u8], base: &str) -> Result<Vec<PatientLink>, Unreadable> {
    let links = envelope(patient, "Patient")?.link;
    let read = |raw: &RawValue| {
        let link: Link = serde_json::from_str(raw.get()).ok()?;
        let kind = match link.kind.as_deref()? {
            "replaced-by" => LinkKind::ReplacedBy,
            "replaces" => LinkKind::Replaces,
            "refer" => LinkKind::Refer,
            "seealso" => LinkKind::SeeAlso,
            _ => return None,
        };
        Some(PatientLink { kind, other: one(link.other, base)? })
    };
    Ok(links.iter().filter_map(|raw| read(raw)).collect())
}

/// Whom a Person at `base` is: the Patient, RelatedPerson and Practitioner resources that it links to.
/// None when it is marked inactive.
pub fn person_links(person: &[u8], base: &str) -> Result<Vec<Target>, Unreadable> {
    let envelope = envelope(person, "Person")?;
    if envelope.active == Some(false) {
        return Ok(Vec::new());
    }
    let read = |raw: &RawValue| one(serde_json::from_str::<Link>(raw.get()).ok()?.target, base);
    Ok(envelope.link.iter().filter_map(|raw| read(raw)).collect())
}

/// For whom a RelatedPerson at `base` stands on the day `today` (`YYYY-MM-DD`).
pub fn related_person(
    related_person: &[u8],
    base: &str,
    today: &str,
) -> Result<RelatedPersonFacts, Unreadable> {
    let envelope = envelope(related_person, "RelatedPerson")?;
    let current = envelope.active != Some(false) && holds_on(envelope.period.as_deref(), today);
    one(envelope.patient, base)
        .filter(|target| target.resource_type == "Patient")
        .map(|target| RelatedPersonFacts { patient: target.id, current })
        .ok_or(Unreadable("RelatedPerson"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://ehr.example/fhir";

    #[test]
    fn s05_a_person_links_to_several_children() {
        let person = br#"{"resourceType":"Person","link":[{"target":{"reference":"Patient/a"}},
            {"target":{"reference":"RelatedPerson/b"}},{"target":{"reference":"https://other.example/Patient/c"}}]}"#;
        let found = person_links(person, BASE).unwrap();
        let found: Vec<_> = found.iter().map(|t| (t.resource_type.as_str(), t.id.as_str())).collect();
        assert_eq!(found, [("Patient", "a"), ("RelatedPerson", "b")]);
        let inactive =
            br#"{"resourceType":"Person","active":false,"link":[{"target":{"reference":"Patient/a"}}]}"#;
        assert_eq!(person_links(inactive, BASE), Ok(Vec::new()));
    }

    #[test]
    fn s05_a_related_person_stands_for_one_patient_while_the_period_lasts() {
        let json = br#"{"resourceType":"RelatedPerson","patient":{"reference":"Patient/a"},"period":{"end":"2025"}}"#;
        let facts = related_person(json, BASE, "2026-05-01").unwrap();
        assert_eq!(facts, RelatedPersonFacts { patient: "a".into(), current: false });
        assert!(related_person(br#"{"resourceType":"RelatedPerson"}"#, BASE, "2026-05-01").is_err());
    }

    #[test]
    fn merged_records_say_so() {
        let json =
            br#"{"resourceType":"Patient","link":[{"type":"replaced-by","other":{"reference":"Patient/b"}},
            {"type":"made-up","other":{"reference":"Patient/c"}}]}"#;
        let links = patient_links(json, BASE).unwrap();
        assert_eq!(links.len(), 1);
        assert_eq!((links[0].kind, links[0].other.id.as_str()), (LinkKind::ReplacedBy, "b"));
    }
}
