//! What it costs to take a body into the cache: one pass that validates, finds the facts and rewrites URLs (DESIGN.md 12,
//! "insertion"). The peer is `serde_json` reading the same bytes: into a `Value`, and into a typed peek of what the policy
//! needs, neither of which rewrites anything.
//!
//! `cargo bench --bench index`

use bytes::Bytes;
use chartgate::fhir::index::{Rewrite, index_bundle, index_resource};
use chartgate::fhir::resource_type::ResourceType;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use serde::Deserialize;

fn main() {
    divan::main();
}

const EHR: &str = "https://ehr.example/fhir";

fn rewrite() -> Rewrite {
    Rewrite::new(EHR, "https://gate.example/fhir/r4")
}

/// A laboratory Observation as an EHR writes one, about 1.3 KB.
fn observation(number: usize, base: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"obs-{number}","meta":{{"versionId":"1","lastUpdated":"2026-03-02T09:14:00.000Z","source":"urn:lab:analyzer-4","profile":["http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-lab"]}},"text":{{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p><b>Potassium</b>: 4.{number} mmol/L</p></div>"}},"identifier":[{{"system":"urn:oid:1.2.36.146.595.217.0.1","value":"LAB-{number:08}"}}],"basedOn":[{{"reference":"ServiceRequest/order-{number}"}}],"status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory","display":"Laboratory"}}],"text":"Laboratory"}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"2823-3","display":"Potassium [Moles/volume] in Serum or Plasma"}}],"text":"Potassium"}},"subject":{{"reference":"{base}Patient/pat-17","display":"Okafor, Ada"}},"encounter":{{"reference":"{base}Encounter/enc-{number}"}},"effectiveDateTime":"2026-03-02T08:40:00-05:00","issued":"2026-03-02T09:14:00.000-05:00","performer":[{{"reference":"{base}Organization/lab-1","display":"Main laboratory"}}],"valueQuantity":{{"value":4.{number},"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"}},"referenceRange":[{{"low":{{"value":3.4,"unit":"mmol/L"}},"high":{{"value":4.7,"unit":"mmol/L"}},"type":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/referencerange-meaning","code":"normal"}}]}}}}]}}"#
    )
}

/// A searchset of 45 of them, 65 KB and more; `base` is what references begin with.
fn searchset(base: &str) -> Bytes {
    let entry = |number| {
        format!(
            r#"{{"fullUrl":"{EHR}/Observation/obs-{number}","resource":{},"search":{{"mode":"match"}}}}"#,
            observation(number, base)
        )
    };
    let entries = (0..45).map(entry).collect::<Vec<_>>().join(",");
    format!(
        r#"{{"resourceType":"Bundle","id":"b","type":"searchset","total":45,"link":[{{"relation":"self","url":"{EHR}/Observation?patient=pat-17"}},{{"relation":"next","url":"{EHR}?_getpages=1"}}],"entry":[{entries}]}}"#
    )
    .into()
}

fn indexed(bencher: Bencher<'_, '_>, bytes: &Bytes) {
    let rewrite = rewrite();
    bencher
        .counter(BytesCount::new(bytes.len()))
        .with_inputs(|| bytes.clone())
        .bench_values(|bytes| index_bundle(bytes, ResourceType::Observation, &rewrite));
}

#[divan::bench]
fn searchset_with_relative_references(bencher: Bencher<'_, '_>) {
    indexed(bencher, &searchset(""));
}

#[divan::bench]
fn searchset_with_absolute_references(bencher: Bencher<'_, '_>) {
    indexed(bencher, &searchset(&format!("{EHR}/")));
}

#[divan::bench]
fn searchset_with_escaped_slashes(bencher: Bencher<'_, '_>) {
    let text = String::from_utf8_lossy(&searchset(&format!("{EHR}/"))).replace('/', "\\/");
    indexed(bencher, &text.into());
}

#[divan::bench]
fn one_resource(bencher: Bencher<'_, '_>) {
    let (rewrite, bytes) = (rewrite(), Bytes::from(observation(1, "")));
    bencher
        .counter(BytesCount::new(bytes.len()))
        .with_inputs(|| bytes.clone())
        .bench_values(|bytes| index_resource(bytes, &rewrite));
}

#[divan::bench]
fn peer_serde_json_value(bencher: Bencher<'_, '_>) {
    let bytes = searchset("");
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench(|| serde_json::from_slice::<serde_json::Value>(black_box(&bytes)));
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read for the time that it takes")]
struct Peek<'a> {
    #[serde(borrow)]
    entry: Vec<PeekEntry<'a>>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read for the time that it takes")]
struct PeekEntry<'a> {
    #[serde(borrow)]
    resource: PeekResource<'a>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read for the time that it takes")]
struct PeekResource<'a> {
    id: &'a str,
    #[serde(borrow)]
    subject: PeekReference<'a>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read for the time that it takes")]
struct PeekReference<'a> {
    reference: &'a str,
}

#[divan::bench]
fn peer_serde_json_typed_peek(bencher: Bencher<'_, '_>) {
    let bytes = searchset("");
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench(|| serde_json::from_slice::<Peek<'_>>(black_box(&bytes)).is_ok());
}
