//! AuditEvent, authored after the patterns of IHE Basic Audit Log Patterns (BALP): `PatientRead`, `PatientQuery`, and the plain
//! AuditEvent for what is no access over REST.

use serde_json::{Value, json};

const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const BALP: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";
const OBJECT_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";

/// What happened, in plain words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// One resource was read.
    Read,
    /// Resources were searched, or a page of a search fetched.
    Query,
    /// Sign-in, consent, tokens, grants, administration; the text is the product's own word for it.
    Other,
}

/// One audit event in plain values. Identifiers only.
#[derive(Clone, Debug)]
pub struct AuditFacts<'a> {
    /// Number in the chain, the resource's id.
    pub sequence: u64,
    /// FHIR `instant`.
    pub recorded: &'a str,
    /// What.
    pub happening: Happening,
    /// The product's word: `Observation search`.
    pub what: &'a str,
    /// 0 success, 4 refused, 8 failed.
    pub outcome: &'a str,
    /// The reason of a refusal or the basis of a disclosure.
    pub reason: Option<&'a str>,
    /// Who: account or practice.
    pub who: Option<&'a str>,
    /// Through which client.
    pub client: Option<&'a str>,
    /// The caller's network address.
    pub address: Option<&'a str>,
    /// Whose records.
    pub patients: &'a [&'a str],
    /// The HTTP request.
    pub request: Option<&'a str>,
    /// Base URL of the facade, for `source.observer` and the accounts' identifier system.
    pub base: &'a str,
}

/// The AuditEvent as JSON.
pub fn author(facts: &AuditFacts<'_>) -> Vec<u8> {
    let subtype = match facts.happening {
        Happening::Read => json!([{"system": "http://hl7.org/fhir/restful-interaction", "code": "read"}]),
        Happening::Query => {
            json!([{"system": "http://hl7.org/fhir/restful-interaction", "code": "search-type"}])
        }
        Happening::Other => json!([{"system": system(facts, "audit"), "code": facts.what.replace(' ', "-")}]),
    };
    let (kind, action) = match facts.happening {
        Happening::Read => ("rest", "R"),
        Happening::Query => ("rest", "E"),
        Happening::Other => ("object", "E"),
    };
    let mut event = json!({
        "resourceType": "AuditEvent",
        "id": facts.sequence.to_string(),
        "type": {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": kind},
        "subtype": subtype,
        "action": action,
        "recorded": facts.recorded,
        "outcome": facts.outcome,
        "agent": agents(facts),
        "source": {"site": "Chartgate", "observer": {"display": facts.base}},
        "entity": entities(facts),
    });
    if let Some(map) = event.as_object_mut() {
        if let Some(profile) = profile(facts) {
            map.insert("meta".into(), json!({"profile": [profile]}));
        }
        if let Some(reason) = facts.reason {
            map.insert("outcomeDesc".into(), json!(reason));
        }
    }
    serde_json::to_vec(&event).unwrap_or_default()
}

/// A BALP profile where the event has what it demands: one patient.
fn profile(facts: &AuditFacts<'_>) -> Option<String> {
    let name = match (facts.happening, facts.patients.len()) {
        (Happening::Read, 1) => "PatientRead",
        (Happening::Query, 1) => "PatientQuery",
        _ => return None,
    };
    Some(format!("{BALP}{name}"))
}

fn system(facts: &AuditFacts<'_>, name: &str) -> String {
    format!("{}/identifiers/{name}", facts.base)
}

fn agents(facts: &AuditFacts<'_>) -> Value {
    let dicom =
        |code: &str, display: &str| json!({"coding": [{"system": DCM, "code": code, "display": display}]});
    let mut agents = vec![json!({
        "type": dicom("110153", "Source Role ID"),
        "who": {"display": facts.base},
        "requestor": false,
    })];
    let mut client = json!({
        "type": dicom("110152", "Destination Role ID"),
        "who": {"identifier": {"system": system(facts, "client"), "value": facts.client.unwrap_or("portal")}},
        "requestor": false,
    });
    if let (Some(address), Some(client)) = (facts.address, client.as_object_mut()) {
        client.insert("network".into(), json!({"address": address, "type": "2"}));
    }
    agents.push(client);
    if let Some(who) = facts.who {
        let participation = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
        agents.push(json!({
            "type": {"coding": [{"system": participation, "code": "IRCP", "display": "information recipient"}]},
            "who": {"identifier": {"system": system(facts, "account"), "value": who}},
            "requestor": true,
        }));
    }
    Value::Array(agents)
}

fn entities(facts: &AuditFacts<'_>) -> Value {
    let coded = |code: &str| json!({"system": ENTITY_TYPE, "code": code});
    let role = |code: &str| json!({"system": OBJECT_ROLE, "code": code});
    let patient = |id: &&str| json!({"what": {"reference": format!("Patient/{id}")}, "type": coded("1"), "role": role("1")});
    let mut entities: Vec<Value> = facts.patients.iter().map(patient).collect();
    match facts.happening {
        Happening::Query => {
            entities.push(json!({"type": coded("2"), "role": role("24"), "description": facts.what}));
        }
        Happening::Read => {
            entities.push(json!({"type": coded("2"), "role": role("4"), "description": facts.what}));
        }
        Happening::Other => {}
    }
    if let Some(request) = facts.request {
        let kind = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType";
        entities.push(json!({
            "what": {"identifier": {"value": request}},
            "type": {"system": kind, "code": "XrequestId"},
        }));
    }
    Value::Array(entities)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_that_others_can_read() {
        for happening in [Happening::Read, Happening::Query, Happening::Other] {
            let facts = AuditFacts {
                sequence: 7,
                recorded: "2026-05-01T10:00:00.000Z",
                happening,
                what: "Observation search",
                outcome: "0",
                reason: Some("pcp"),
                who: Some("account-1"),
                client: None,
                address: Some("192.0.2.7"),
                patients: &["p1"],
                request: Some("r1"),
                base: "https://gate.example/fhir/r4",
            };
            let typed: fhir_sdk::r4b::resources::AuditEvent =
                serde_json::from_slice(&author(&facts)).unwrap();
            assert_eq!(typed.agent.len(), 3);
            assert!(!typed.entity.is_empty());
        }
    }
}
