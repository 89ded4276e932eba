//! Who a patient's PCPs are: `Patient.generalPractitioner` in its three forms (S-30, D-09).

use fhir_sdk::r4b::types::Reference;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Unreadable;
use crate::practitioner;
use crate::reference::{npi, npis, readable, target};

/// What one `generalPractitioner` names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GpReference {
    /// A Practitioner of the same server, by id; its NPIs are still to be looked up.
    Practitioner(String),
    /// A PractitionerRole of the same server, by id; still to be looked up.
    PractitionerRole(String),
    /// An Organization of the same server, by id.
    Organization(String),
    /// A practitioner's NPI, from a logical reference or a contained resource.
    Npi(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PatientEnvelope {
    resource_type: String,
    #[serde(default)]
    general_practitioner: Vec<Box<RawValue>>,
    #[serde(default)]
    contained: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Contained {
    resource_type: String,
    id: Option<String>,
    #[serde(default)]
    identifier: Vec<Box<RawValue>>,
}

/// The PCPs that a Patient resource names, without duplicates. `base` is the server's own base URL, for absolute references.
/// `today` (`YYYY-MM-DD`) judges the period of a contained PractitionerRole. References that name another server, or nothing
/// that can be read, are left out: they give nobody access.
pub fn patient_general_practitioners(
    patient: &[u8],
    base: &str,
    today: &str,
) -> Result<Vec<GpReference>, Unreadable> {
    let envelope: PatientEnvelope = serde_json::from_slice(patient).map_err(|_| Unreadable("Patient"))?;
    if envelope.resource_type != "Patient" {
        return Err(Unreadable("Patient"));
    }
    let mut found: Vec<GpReference> = readable(&envelope.general_practitioner)
        .flat_map(|reference| named(&reference, base, today, &envelope.contained))
        .collect();
    found.sort();
    found.dedup();
    Ok(found)
}

fn named(reference: &Reference, base: &str, today: &str, contained: &[Box<RawValue>]) -> Vec<GpReference> {
    if let Some(literal) = reference.reference.as_deref() {
        return match literal.strip_prefix('#') {
            Some(id) => in_contained(id, base, today, contained),
            None => literal_reference(literal, base).into_iter().collect(),
        };
    }
    // A logical reference says whom it means by identifier alone. An organisation's NPI is no practitioner's.
    let organization = reference.r#type.as_deref() == Some("Organization");
    reference
        .identifier
        .as_ref()
        .filter(|_| !organization)
        .and_then(npi)
        .map(GpReference::Npi)
        .into_iter()
        .collect()
}

/// A literal reference to one of the three types.
pub(crate) fn literal_reference(literal: &str, base: &str) -> Option<GpReference> {
    let target = target(literal, base)?;
    match target.resource_type.as_str() {
        "Practitioner" => Some(GpReference::Practitioner(target.id)),
        "PractitionerRole" => Some(GpReference::PractitionerRole(target.id)),
        "Organization" => Some(GpReference::Organization(target.id)),
        _ => None,
    }
}

fn in_contained(id: &str, base: &str, today: &str, contained: &[Box<RawValue>]) -> Vec<GpReference> {
    let Some((raw, resource)) = contained.iter().find_map(|raw| {
        let resource: Contained = serde_json::from_str(raw.get()).ok()?;
        (resource.id.as_deref() == Some(id)).then_some((raw, resource))
    }) else {
        return Vec::new();
    };
    match resource.resource_type.as_str() {
        "Practitioner" => npis(&resource.identifier).into_iter().map(GpReference::Npi).collect(),
        "PractitionerRole" => practitioner::practitioner_role(raw.get().as_bytes(), base, today)
            .ok()
            .filter(|role| role.current)
            .and_then(|role| role.practitioner.or(role.organization.map(GpReference::Organization)))
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://ehr.example/fhir";

    fn gps(general_practitioner: &str, contained: &str) -> Vec<GpReference> {
        let patient = format!(
            r#"{{"resourceType":"Patient","id":"p","gender":"not-a-code","contained":[{contained}],"generalPractitioner":[{general_practitioner}]}}"#
        );
        patient_general_practitioners(patient.as_bytes(), BASE, "2026-05-01").unwrap()
    }

    #[test]
    fn d09_all_three_forms_count() {
        let found = gps(
            r#"{"reference":"Practitioner/a"},{"reference":"https://ehr.example/fhir/PractitionerRole/b"},{"reference":"Organization/c"},{"reference":"Practitioner/a"}"#,
            "",
        );
        assert_eq!(
            found,
            [
                GpReference::Practitioner("a".into()),
                GpReference::PractitionerRole("b".into()),
                GpReference::Organization("c".into()),
            ]
        );
    }

    #[test]
    fn d09_logical_and_contained_references_count_by_npi() {
        let npi = r#"{"system":"http://hl7.org/fhir/sid/us-npi","value":"1234567893"}"#;
        let logical = format!(r##"{{"type":"Practitioner","identifier":{npi}}},{{"reference":"#x"}}"##);
        let contained = format!(
            r#"{{"resourceType":"Practitioner","id":"x","identifier":[{npi},{{"use":"nonsense"}}]}}"#
        );
        assert_eq!(gps(&logical, &contained), [GpReference::Npi("1234567893".into())]);
    }

    #[test]
    fn s30_what_cannot_be_read_gives_nobody_access() {
        for nobody in [
            r#"{"reference":"https://elsewhere.example/fhir/Practitioner/a"}"#,
            r##"{"reference":"#gone"}"##,
            r#"{"reference":"RelatedPerson/a"}"#,
            r#"{"display":"Dr. Who"}"#,
            r#"{"reference":5}"#,
            r#"{"type":"Organization","identifier":{"system":"http://hl7.org/fhir/sid/us-npi","value":"1234567893"}}"#,
            r#"{"identifier":{"system":"http://hl7.org/fhir/sid/us-npi","use":"old","value":"1234567893"}}"#,
        ] {
            assert_eq!(gps(nobody, ""), [], "{nobody}");
        }
        assert!(patient_general_practitioners(b"{\"resourceType\":\"Person\"}", BASE, "2026-05-01").is_err());
        assert!(patient_general_practitioners(b"<html>", BASE, "2026-05-01").is_err());
    }
}
