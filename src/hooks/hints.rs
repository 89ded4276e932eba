//! What a notification says of what has changed. Nothing in it is believed but that: type, id, and whose it is.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::access::forget::Forget;
use crate::domain::ids::FhirId;
use crate::fhir::resource_type::{Judgement, ResourceType};

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// That the connection works: no change.
    Nothing,
    /// That this changed; empty: only things that are of no interest here.
    Changed(BTreeSet<Forget>),
    /// That something changed, and not what.
    Unsaid,
}

/// Reads the body of a notification.
pub(super) fn hear(body: &[u8]) -> Heard {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return Heard::Unsaid };
    if text(&body, "resourceType") != Some("Bundle") {
        return told(resource(&body).collect());
    }
    let entries = body.get("entry").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut found = BTreeSet::new();
    for entry in entries {
        let inside = entry.get("resource");
        match inside.and_then(|resource| text(resource, "resourceType")) {
            Some("SubscriptionStatus" | "Parameters") => {
                let status = inside.unwrap_or(&Value::Null);
                let kind = text(status, "type").or_else(|| parameter(status, "type"));
                if matches!(kind, Some("handshake" | "heartbeat" | "query-status")) {
                    return Heard::Nothing;
                }
                found.extend(events(status));
            }
            Some(_) => found.extend(inside.into_iter().flat_map(resource)),
            None => {
                let url = entry.get("request").and_then(|request| text(request, "url"));
                found.extend(
                    url.or_else(|| text(entry, "fullUrl")).into_iter().flat_map(|url| hint(url, None)),
                );
            }
        }
    }
    told(found)
}

fn told(found: BTreeSet<Forget>) -> Heard {
    if found.is_empty() { Heard::Unsaid } else { Heard::Changed(found) }
}

/// What to forget when the resource that `reference` names has changed, of `patient` where that is known.
pub(super) fn hint(reference: &str, patient: Option<&FhirId>) -> Vec<Forget> {
    let Some((resource_type, id)) = target(reference) else { return Vec::new() };
    let one = Forget::resource(resource_type, id);
    match (resource_type.judgement(), patient) {
        (Judgement::Patient, Some(patient)) => vec![Forget::PatientType(patient.clone(), resource_type), one],
        // Whose it is is not said: it may be new in anybody's list.
        (Judgement::Patient, None) if one.patient().is_none() => vec![Forget::Type(resource_type)],
        (Judgement::Panel, _) => vec![Forget::Type(resource_type)],
        _ => vec![one],
    }
}

/// Type and id of a reference, absolute or not, of a version or not.
fn target(reference: &str) -> Option<(ResourceType, FhirId)> {
    let path = reference.split(['?', '#']).next()?;
    let path = path.split_once("/_history").map_or(path, |(current, _)| current);
    let mut parts = path.rsplit('/');
    let (id, name) = (parts.next()?, parts.next()?);
    Some((ResourceType::parse(name)?, FhirId::parse(id).ok()?))
}

/// What a whole resource hints at.
fn resource(body: &Value) -> impl Iterator<Item = Forget> {
    let name = text(body, "resourceType").unwrap_or_default();
    let id = text(body, "id").unwrap_or_default();
    let patients: Vec<_> = OWNERS.iter().filter_map(|owner| patient(body.get(owner)?)).collect();
    let reference = format!("{name}/{id}");
    let mut found = if patients.is_empty() { hint(&reference, None) } else { Vec::new() };
    found.extend(patients.iter().flat_map(|patient| hint(&reference, Some(patient))));
    // A Provenance is read along with what it is about.
    if name == "Provenance" {
        let targets = body.get("target").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let targets = targets.iter().filter_map(|one| target(text(one, "reference")?));
        found.extend(targets.map(|(resource_type, id)| Forget::resource(resource_type, id)));
    }
    found.into_iter()
}

/// Members in which the types of a patient's compartment say whose they are.
const OWNERS: [&str; 3] = ["subject", "patient", "beneficiary"];

fn patient(reference: &Value) -> Option<FhirId> {
    match target(text(reference, "reference")?)? {
        (ResourceType::Patient, id) => Some(id),
        _ => None,
    }
}

/// The events of a status, in either form: `SubscriptionStatus.notificationEvent`, or `notification-event` in Parameters.
fn events(status: &Value) -> Vec<Forget> {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let native = list(status.get("notificationEvent")).into_iter().map(|event| {
        let focus = event.get("focus").and_then(|focus| text(focus, "reference")).map(str::to_owned);
        let context = list(event.get("additionalContext"));
        (focus, context.iter().find_map(patient))
    });
    let parameters = list(status.get("parameter")).into_iter();
    let backport = parameters.filter(|one| text(one, "name") == Some("notification-event")).map(|event| {
        let parts = list(event.get("part"));
        let named = |name: &'static str| {
            parts
                .iter()
                .filter(move |part| text(part, "name") == Some(name))
                .filter_map(|part| part.get("valueReference"))
        };
        let focus = named("focus").find_map(|focus| text(focus, "reference")).map(str::to_owned);
        (focus, named("additional-context").find_map(patient))
    });
    native
        .chain(backport)
        .filter_map(|(focus, patient)| Some((focus?, patient)))
        .flat_map(|(focus, patient)| hint(&focus, patient.as_ref()))
        .collect()
}

/// A code among Parameters.
fn parameter<'a>(status: &'a Value, name: &str) -> Option<&'a str> {
    let all = status.get("parameter")?.as_array()?;
    text(all.iter().find(|one| text(one, "name") == Some(name))?, "valueCode")
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is forgotten, as written; or the other two cases as a word.
    fn heard(body: &Value) -> Vec<String> {
        match hear(body.to_string().as_bytes()) {
            Heard::Nothing => vec!["nothing".to_owned()],
            Heard::Unsaid => vec!["unsaid".to_owned()],
            Heard::Changed(all) => all.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_resource_says_whose_it_is() {
        let of = |name: &str, owner: &str| json!({"resourceType": name, "id": "1", owner: {"reference": "https://ehr/fhir/Patient/p"}});
        assert_eq!(heard(&of("Observation", "subject")), ["Patient/p/Observation", "Observation/1"]);
        assert_eq!(heard(&of("Coverage", "beneficiary")), ["Patient/p/Coverage", "Coverage/1"]);
        assert_eq!(heard(&of("Immunization", "patient")), ["Patient/p/Immunization", "Immunization/1"]);
        assert_eq!(heard(&json!({"resourceType": "Patient", "id": "p"})), ["Patient/p"]);
        assert_eq!(heard(&json!({"resourceType": "Practitioner", "id": "d"})), ["Practitioner/d"]);
        assert_eq!(heard(&json!({"resourceType": "Observation", "id": "1"})), ["Observation"]);
        let provenance = json!({"resourceType": "Provenance", "id": "v", "target": [{"reference": "Observation/1"}, {"reference": "Patient/p"}]});
        assert_eq!(heard(&provenance), ["Patient/p", "Observation/1", "Provenance/v"]);
    }

    #[test]
    fn what_cannot_be_read_or_is_of_no_interest_says_nothing_of_what_changed() {
        for body in
            ["", "{", "<Observation/>", "[]", "null", "3", "{\"resourceType\":\"Appointment\",\"id\":\"1\"}"]
        {
            assert_eq!(hear(body.as_bytes()), Heard::Unsaid, "{body}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(hear(deep.as_bytes()), Heard::Unsaid);
        assert_eq!(
            heard(&json!({"resourceType": "Bundle", "entry": [3, {"resource": 4}, {"fullUrl": "x"}]})),
            ["unsaid"]
        );
    }

    fn status(kind: &str, parts: &Value) -> Value {
        json!({"resourceType": "Parameters", "parameter": [
            {"name": "subscription", "valueReference": {"reference": "Subscription/s"}},
            {"name": "type", "valueCode": kind},
            {"name": "notification-event", "part": parts},
        ]})
    }

    #[test]
    fn notification_bundles_of_the_backport_in_each_of_their_forms() {
        let bundle = |entries: Value| json!({"resourceType": "Bundle", "type": "history", "entry": entries});
        let focus = json!([{"name": "event-number", "valueString": "2"}, {"name": "focus", "valueReference": {"reference": "Encounter/e"}}]);
        assert_eq!(heard(&bundle(json!([{"resource": status("handshake", &json!([]))}]))), ["nothing"]);
        assert_eq!(heard(&bundle(json!([{"resource": status("heartbeat", &focus)}]))), ["nothing"]);
        assert_eq!(
            heard(&bundle(json!([{"resource": status("event-notification", &json!([]))}]))),
            ["unsaid"]
        );
        assert_eq!(
            heard(&bundle(json!([{"resource": status("event-notification", &focus)}]))),
            ["Encounter"]
        );
        let mut of = focus.as_array().unwrap().clone();
        of.push(json!({"name": "additional-context", "valueReference": {"reference": "Patient/p"}}));
        assert_eq!(
            heard(&bundle(json!([{"resource": status("event-notification", &Value::Array(of))}]))),
            ["Patient/p/Encounter", "Encounter/e"]
        );
        let ids = json!([{"resource": status("event-notification", &json!([]))}, {"fullUrl": "https://ehr/fhir/Patient/p", "request": {"method": "PUT", "url": "Patient/p"}}]);
        assert_eq!(heard(&bundle(ids)), ["Patient/p"]);
        let whole = json!([{"resource": status("event-notification", &json!([]))}, {"resource": {"resourceType": "Goal", "id": "g", "subject": {"reference": "Patient/p/_history/3"}}}]);
        assert_eq!(heard(&bundle(whole)), ["Patient/p/Goal", "Goal/g"]);
        let native = json!({"resourceType": "SubscriptionStatus", "type": "event-notification", "notificationEvent": [{"focus": {"reference": "Goal/g"}, "additionalContext": [{"reference": "Patient/p"}]}]});
        assert_eq!(heard(&bundle(json!([{"resource": native}]))), ["Patient/p/Goal", "Goal/g"]);
    }
}
