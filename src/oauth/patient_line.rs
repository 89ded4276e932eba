//! A Patient resource as one line of a list. What is malformed is passed over: a list must not fail because of one odd record.

use serde_json::Value;

use crate::domain::ids::FhirId;
use crate::web::dates;

use super::people::PatientLine;

/// The line for a Patient resource; `None` when it has no usable id.
pub fn read(patient: &Value, mrn_system: Option<&str>) -> Option<PatientLine> {
    Some(PatientLine {
        id: FhirId::parse(patient.get("id")?.as_str()?).ok()?,
        name: name(patient),
        birth_date: birth_date(patient),
        mrn: mrn(patient, mrn_system).unwrap_or("not given").to_owned(),
    })
}

/// The resources of a type in a Bundle's entries.
pub fn entries<'v>(bundle: &'v Value, resource_type: &'v str) -> impl Iterator<Item = &'v Value> {
    let entries = bundle.get("entry").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let resources = entries.iter().filter_map(|entry| entry.get("resource"));
    resources.filter(move |resource| resource.get("resourceType").is_some_and(|t| t == resource_type))
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Given and family names as spoken: of the official name, else the usual, else the first.
fn name(patient: &Value) -> String {
    let names = list(patient, "name");
    let by_use = |usage: &str| names.iter().find(|name| text(name, "use") == Some(usage));
    let Some(name) = by_use("official").or_else(|| by_use("usual")).or_else(|| names.first()) else {
        return "Name not given".to_owned();
    };
    let given = list(name, "given").iter().filter_map(Value::as_str);
    let parts: Vec<_> = given.chain(text(name, "family")).collect();
    if parts.is_empty() { text(name, "text").unwrap_or("Name not given").to_owned() } else { parts.join(" ") }
}

fn birth_date(patient: &Value) -> String {
    let date = text(patient, "birthDate");
    date.and_then(|date| date.parse().ok()).map_or_else(|| date.unwrap_or("not given").to_owned(), dates::day)
}

/// The identifier of the hospital's system, else the one typed `MR`.
fn mrn<'v>(patient: &'v Value, system: Option<&str>) -> Option<&'v str> {
    let identifiers = list(patient, "identifier");
    let of_system = |id: &&Value| system.is_some() && text(id, "system") == system;
    let is_mr = |coding: &Value| text(coding, "code") == Some("MR");
    let typed = |id: &&Value| id.get("type").is_some_and(|kind| list(kind, "coding").iter().any(is_mr));
    let found = identifiers.iter().find(of_system).or_else(|| identifiers.iter().find(typed))?;
    text(found, "value")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_is_read_from_a_patient() {
        let patient = json!({
            "id": "p1",
            "name": [{"family": "Old"}, {"use": "official", "given": ["Mia", "Ann"], "family": "Torres"}],
            "birthDate": "2019-03-14",
            "identifier": [
                {"system": "urn:other", "value": "1"},
                {"system": "urn:mrn", "value": "CG-1"},
                {"type": {"coding": [{"code": "MR"}]}, "value": "2"},
            ],
        });
        let line = read(&patient, Some("urn:mrn")).unwrap();
        assert_eq!(
            (line.name.as_str(), line.birth_date.as_str(), line.mrn.as_str()),
            ("Mia Ann Torres", "14 Mar 2019", "CG-1")
        );
        assert_eq!(read(&patient, None).unwrap().mrn, "2");
    }

    #[test]
    fn an_odd_record_is_still_a_line() {
        for odd in [json!({"id": "p"}), json!({"id": "p", "name": "x", "birthDate": 7, "identifier": {}})] {
            let line = read(&odd, Some("urn:mrn")).unwrap();
            assert_eq!(line.name, "Name not given");
            assert_eq!(line.mrn, "not given");
        }
        assert_eq!(read(&json!({"id": "a/b"}), None), None);
    }
}
