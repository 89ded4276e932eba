//! References between resources of one server (R4 References, "Literal References").

use fhir_sdk::r4b::types::{Identifier, Reference};
use serde_json::value::RawValue;

/// The system of National Provider Identifiers.
pub const NPI_SYSTEM: &str = "http://hl7.org/fhir/sid/us-npi";

/// The resource of the same server that a reference names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// Resource type, as written.
    pub resource_type: String,
    /// Logical id.
    pub id: String,
}

/// What `reference` names on the server at `base` (with or without a slash at its end): relative references, and absolute
/// ones below `base`; a version is ignored. `None` for another server's resource, a contained one, `urn:`, and
/// for what is not a type and an id.
pub fn target(reference: &str, base: &str) -> Option<Target> {
    let base = base.trim_end_matches('/');
    let relative = match reference.strip_prefix(base).filter(|_| !base.is_empty()) {
        Some(rest) => rest.strip_prefix('/')?,
        None => reference,
    };
    let mut segments = relative.split('/');
    let (resource_type, id) = (segments.next()?, segments.next()?);
    match (segments.next(), segments.next(), segments.next()) {
        (None, None, None) => {}
        (Some("_history"), Some(version), None) if is_id(version) => {}
        _ => return None,
    }
    let is_type = resource_type.starts_with(|c: char| c.is_ascii_uppercase())
        && resource_type.bytes().all(|b| b.is_ascii_alphanumeric());
    (is_type && is_id(id)).then(|| Target { resource_type: resource_type.to_owned(), id: id.to_owned() })
}

/// R4 `id`, but for `.` and `..`, which would climb in the path of a URL.
fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && !matches!(text, "." | "..")
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}

/// Each raw element that fhir-sdk can read as a `Reference`; what it can't read gives no fact.
pub(crate) fn readable(raw: &[Box<RawValue>]) -> impl Iterator<Item = Reference> {
    raw.iter().filter_map(|element| serde_json::from_str(element.get()).ok())
}

/// The NPIs among raw `Identifier` elements, each read on its own; `use` = `old` does not count.
pub(crate) fn npis(raw: &[Box<RawValue>]) -> Vec<String> {
    raw.iter()
        .filter_map(|element| serde_json::from_str::<Identifier>(element.get()).ok())
        .filter_map(|identifier| npi(&identifier))
        .collect()
}

/// The NPI that an identifier holds, unless it is marked as out of use.
pub(crate) fn npi(identifier: &Identifier) -> Option<String> {
    let retired = matches!(identifier.r#use, Some(fhir_sdk::r4b::codes::IdentifierUse::Old));
    let ours = identifier.system.as_deref() == Some(NPI_SYSTEM);
    identifier.value.as_deref().map(str::trim).filter(|_| ours && !retired).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_server_s_resources_are_targets() {
        let base = "https://ehr.example/fhir/";
        let found = |reference| target(reference, base).map(|t| format!("{}/{}", t.resource_type, t.id));
        assert_eq!(found("Patient/1").as_deref(), Some("Patient/1"));
        assert_eq!(found("https://ehr.example/fhir/Patient/1").as_deref(), Some("Patient/1"));
        assert_eq!(found("Patient/1/_history/2").as_deref(), Some("Patient/1"));
        for other in [
            "https://elsewhere.example/fhir/Patient/1",
            "https://ehr.example/fhirPatient/1",
            "#1",
            "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0",
            "Patient",
            "Patient/",
            "Patient/1/2",
            "Patient/..",
            "Patient/1/_history/..",
            "Patient/1?x",
            "patient/1",
            "",
            "//",
        ] {
            assert_eq!(found(other), None, "{other}");
        }
    }

    #[test]
    fn without_a_base_absolute_references_are_nobody_s() {
        assert_eq!(target("https://ehr.example/fhir/Patient/1", ""), None);
        assert!(target("Patient/1", "").is_some());
    }
}
