//! Facts of Practitioner and PractitionerRole.

use fhir_sdk::r4b::types::Reference;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Unreadable;
use crate::primary_care::{GpReference, literal_reference};
use crate::reference::{npi, npis};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PractitionerEnvelope {
    resource_type: String,
    #[serde(default)]
    identifier: Vec<Box<RawValue>>,
}

/// The NPIs of a Practitioner, as written (the check digit is the caller's to verify). A Practitioner with `active` = false
/// still is whom the patient names, so it counts.
pub fn practitioner_npis(practitioner: &[u8]) -> Result<Vec<String>, Unreadable> {
    let envelope: PractitionerEnvelope =
        serde_json::from_slice(practitioner).map_err(|_| Unreadable("Practitioner"))?;
    if envelope.resource_type != "Practitioner" {
        return Err(Unreadable("Practitioner"));
    }
    Ok(npis(&envelope.identifier))
}

/// What a PractitionerRole says that matters to the question who a PCP is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleFacts {
    /// Not `active` = false, and within its period.
    pub current: bool,
    /// The practitioner: [`GpReference::Practitioner`] or [`GpReference::Npi`].
    pub practitioner: Option<GpReference>,
    /// Id of the Organization.
    pub organization: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoleEnvelope {
    resource_type: String,
    active: Option<bool>,
    period: Option<Box<RawValue>>,
    practitioner: Option<Box<RawValue>>,
    organization: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
pub(crate) struct Period {
    start: Option<String>,
    end: Option<String>,
}

/// The facts of a PractitionerRole at `base`. `today` is `YYYY-MM-DD`; a period counts to its last day.
pub fn practitioner_role(role: &[u8], base: &str, today: &str) -> Result<RoleFacts, Unreadable> {
    let unreadable = || Unreadable("PractitionerRole");
    let envelope: RoleEnvelope = serde_json::from_slice(role).map_err(|_| unreadable())?;
    if envelope.resource_type != "PractitionerRole" {
        return Err(unreadable());
    }
    let practitioner = envelope.practitioner.as_deref().and_then(reference).and_then(|r| {
        let literal = r.reference.as_deref().and_then(|literal| literal_reference(literal, base));
        literal.or_else(|| r.identifier.as_ref().and_then(npi).map(GpReference::Npi))
    });
    let organization = envelope.organization.as_deref().and_then(reference);
    let organization = organization
        .and_then(|r| r.reference.as_deref().and_then(|literal| literal_reference(literal, base)));
    Ok(RoleFacts {
        current: envelope.active != Some(false) && holds_on(envelope.period.as_deref(), today),
        practitioner: practitioner
            .filter(|p| matches!(p, GpReference::Practitioner(_) | GpReference::Npi(_))),
        organization: organization.and_then(|o| match o {
            GpReference::Organization(id) => Some(id),
            _ => None,
        }),
    })
}

fn reference(raw: &RawValue) -> Option<Reference> {
    serde_json::from_str(raw.get()).ok()
}

/// Whether a raw `Period` covers the day; an absent one does, one that cannot be read does not.
pub(crate) fn holds_on(period: Option<&RawValue>, today: &str) -> bool {
    let Some(raw) = period else { return true };
    let Ok(period) = serde_json::from_str::<Period>(raw.get()) else { return false };
    // Partial dates cover their whole year or month, so compare just as many digits as both have.
    let before = |a: &str, b: &str| {
        let digits = a.len().min(b.len()).min(10);
        a.as_bytes().get(..digits) < b.as_bytes().get(..digits)
    };
    let started = period.start.as_deref().is_none_or(|start| !before(today, start));
    let ended = period.end.as_deref().is_some_and(|end| before(end, today));
    started && !ended
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(rest: &str) -> RoleFacts {
        let json = format!(r#"{{"resourceType":"PractitionerRole"{rest}}}"#);
        practitioner_role(json.as_bytes(), "https://ehr.example/fhir", "2026-05-01").unwrap()
    }

    #[test]
    fn d09_a_role_names_practitioner_and_organization() {
        let facts = role(
            r#","practitioner":{"reference":"Practitioner/a"},"organization":{"reference":"Organization/o"}"#,
        );
        assert_eq!(facts.practitioner, Some(GpReference::Practitioner("a".into())));
        assert_eq!(facts.organization.as_deref(), Some("o"));
        assert!(facts.current);
        assert_eq!(role(r#","practitioner":{"reference":"Organization/o"}"#).practitioner, None);
    }

    #[test]
    fn s30_a_role_that_ended_no_longer_counts() {
        for (period, current) in [
            (r#""end":"2026-04-30""#, false),
            (r#""end":"2026-05-01""#, true),
            (r#""end":"2026-05""#, true),
            (r#""end":"2026""#, true),
            (r#""end":"2025""#, false),
            (r#""start":"2026-05-02""#, false),
            (r#""start":"2026-05-01T08:00:00Z""#, true),
            (r#""end":7"#, false),
        ] {
            assert_eq!(role(&format!(r#","period":{{{period}}}"#)).current, current, "{period}");
        }
        assert!(!role(r#","active":false"#).current);
    }

    #[test]
    fn s01_npis_of_a_practitioner() {
        let json = br#"{"resourceType":"Practitioner","identifier":[
            {"system":"http://hl7.org/fhir/sid/us-npi","value":"1234567893"},
            {"system":"urn:local","value":"42"}, 7]}"#;
        assert_eq!(practitioner_npis(json).unwrap(), ["1234567893"]);
        assert_eq!(practitioner_npis(b"[]"), Err(Unreadable("Practitioner")));
    }
}
