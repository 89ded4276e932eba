//! Fragments of FHIR JSON that every part of the generator needs.

use serde_json::{Map, Value, json};

use super::time;
use crate::domain::clock::Timestamp;

/// Sets an element of an object; does nothing to anything else.
pub fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

/// LOINC.
pub const LOINC: &str = "http://loinc.org";
/// SNOMED CT.
pub const SNOMED: &str = "http://snomed.info/sct";
/// ICD-10-CM.
pub const ICD10: &str = "http://hl7.org/fhir/sid/icd-10-cm";
/// `RxNorm`.
pub const RXNORM: &str = "http://www.nlm.nih.gov/research/umls/rxnorm";
/// CVX.
pub const CVX: &str = "http://hl7.org/fhir/sid/cvx";
/// UCUM.
pub const UCUM: &str = "http://unitsofmeasure.org";
/// National Provider Identifier.
pub const NPI: &str = "http://hl7.org/fhir/sid/us-npi";
/// NUCC provider taxonomy.
pub const NUCC: &str = "http://nucc.org/provider-taxonomy";
/// The demo hospital's medical record numbers.
pub const MRN: &str = "https://saguarochildrens.example/fhir/sid/mrn";
/// The demo hospital's encounter numbers.
pub const VISIT_NUMBER: &str = "https://saguarochildrens.example/fhir/sid/encounter";
/// The demo hospital's document numbers.
pub const DOCUMENT_NUMBER: &str = "https://saguarochildrens.example/fhir/sid/document";

/// A code system published with FHIR (`terminology.hl7.org/CodeSystem/...`).
pub fn hl7(name: &str) -> String {
    format!("http://terminology.hl7.org/CodeSystem/{name}")
}

/// US Core profile URL.
pub fn us_core(name: &str) -> String {
    format!("http://hl7.org/fhir/us/core/StructureDefinition/{name}")
}

/// `Coding`.
pub fn coding(system: &str, code: &str, display: &str) -> Value {
    json!({ "system": system, "code": code, "display": display })
}

/// `CodeableConcept` with one coding and the same text.
pub fn concept(system: &str, code: &str, display: &str) -> Value {
    concept_text(system, code, display, display)
}

/// `CodeableConcept` with one coding whose words differ from the text.
///
/// Without a code only the words are left.
pub fn concept_text(system: &str, code: &str, display: &str, text: &str) -> Value {
    if code.is_empty() {
        return json!({ "text": text });
    }
    json!({ "coding": [coding(system, code, display)], "text": text })
}

/// `CodeableConcept` of an HL7 code system.
pub fn hl7_concept(system: &str, code: &str, display: &str) -> Value {
    json!({ "coding": [coding(&hl7(system), code, display)], "text": display })
}

/// `Reference` with a display.
pub fn reference(target: &str, display: &str) -> Value {
    json!({ "reference": target, "display": display })
}

/// `Period`; open while `end` is absent.
pub fn period(start: Timestamp, end: Option<Timestamp>) -> Value {
    match end {
        Some(end) => json!({ "start": time::date_time(start), "end": time::date_time(end) }),
        None => json!({ "start": time::date_time(start) }),
    }
}

/// `ContactPoint` of a work telephone.
pub fn phone(number: &str) -> Value {
    json!({ "system": "phone", "value": number, "use": "work" })
}

/// `Quantity` in UCUM; `unit` is what is printed.
pub fn quantity(value: f64, decimals: u32, unit: &str, ucum: &str) -> Value {
    let mut quantity = json!({ "value": rounded(value, decimals), "system": UCUM, "code": ucum });
    if !unit.is_empty() {
        set(&mut quantity, "unit", json!(unit));
    }
    quantity
}

/// `value` with at most `decimals` places; whole numbers print without a point.
pub fn rounded(value: f64, decimals: u32) -> Value {
    let scale = 10_f64.powi(i32::try_from(decimals).unwrap_or(0));
    let scaled = (value * scale).round() / scale;
    if decimals == 0 { json!(whole(scaled)) } else { json!(scaled) }
}

/// The nearest whole number.
#[expect(
    clippy::cast_possible_truncation,
    reason = "clinical quantities are far inside i64, and `as` saturates"
)]
pub fn whole(value: f64) -> i64 {
    value.round() as i64
}

/// A number of days as a float.
#[expect(clippy::cast_precision_loss, reason = "ages in days are far below 2^52")]
pub fn float(value: i64) -> f64 {
    value as f64
}

/// The resource's text: `resourceType`, `id` and `meta` first, as EHRs write them.
pub fn render(kind: &str, id: &str, meta: &Value, body: &Map<String, Value>) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    out.extend_from_slice(b"{\"resourceType\":\"");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\",\"id\":\"");
    out.extend_from_slice(id.as_bytes());
    out.extend_from_slice(b"\",\"meta\":");
    out.extend_from_slice(meta.to_string().as_bytes());
    for (name, value) in body {
        if matches!(name.as_str(), "resourceType" | "id" | "meta") {
            continue;
        }
        out.push(b',');
        out.extend_from_slice(Value::String(name.clone()).to_string().as_bytes());
        out.push(b':');
        out.extend_from_slice(value.to_string().as_bytes());
    }
    out.push(b'}');
    out
}
