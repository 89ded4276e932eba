use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

const EHR: &str = "https://ehr.example/fhir";
const FACADE: &str = "https://gate.example/fhir/r4";

fn index_text(bytes: &[u8]) -> Result<IndexedBody, IndexError> {
    index_bundle(Bytes::copy_from_slice(bytes), ResourceType::Observation, &rewrite())
}

fn rewrite() -> Rewrite {
    Rewrite::new(EHR, FACADE)
}

fn read(resource: &str) -> Option<EntryFacts> {
    match index_resource(Bytes::copy_from_slice(resource.as_bytes()), &rewrite()).unwrap().shape {
        Shape::Resource(facts) => Some(facts),
        Shape::Unjudged => None,
        other => panic!("{other:?}"),
    }
}

fn searchset(value: &Value) -> (IndexedBody, BundleIndex) {
    let body = index_text(value.to_string().as_bytes()).unwrap();
    let Shape::Bundle(index) = body.shape.clone() else { panic!("{:?}", body.shape) };
    (body, index)
}

fn patients(facts: &EntryFacts) -> Vec<&str> {
    facts.patients.iter().map(FhirId::as_str).collect()
}

#[rstest]
#[case::relative(r#"{"subject":{"reference":"Patient/p"}}"#, Some(&["p"][..]))]
#[case::absolute(r#"{"subject":{"reference":"https://ehr.example/fhir/Patient/p"}}"#, Some(&["p"][..]))]
#[case::absolute_escaped(r#"{"subject":{"reference":"https:\/\/ehr.example\/fhir\/Patient\/p"}}"#, Some(&["p"][..]))]
#[case::absolute_facade(r#"{"subject":{"reference":"https://gate.example/fhir/r4/Patient/p"}}"#, Some(&["p"][..]))]
#[case::versioned(r#"{"subject":{"reference":"Patient/p/_history/2"}}"#, Some(&["p"][..]))]
#[case::key_escaped(r#"{"\u0073ubject":{"reference":"Patient/p"}}"#, Some(&["p"][..]))]
#[case::performer(r#"{"subject":{"reference":"Patient/p"},"performer":[{"reference":"Patient/q"}]}"#, Some(&["p", "q"][..]))]
#[case::performer_same(r#"{"subject":{"reference":"Patient/p"},"performer":[{"reference":"Patient/p"}]}"#, Some(&["p"][..]))]
#[case::performer_named(r#"{"subject":{"reference":"Patient/p"},"performer":[{"display":"Dr. Lee"}]}"#, Some(&["p"][..]))]
#[case::performer_practitioner(r#"{"subject":{"reference":"Patient/p"},"performer":[{"reference":"Practitioner/x"}]}"#, Some(&["p"][..]))]
#[case::performer_contained(
    r##"{"subject":{"reference":"Patient/p"},"contained":[{"resourceType":"Practitioner","id":"x"}],"performer":[{"reference":"#x"}]}"##,
    Some(&["p"][..])
)]
#[case::performer_contained_patient(
    r##"{"subject":{"reference":"Patient/p"},"contained":[{"resourceType":"Patient","id":"x"}],"performer":[{"reference":"#x"}]}"##,
    None
)]
#[case::performer_contained_missing(
    r##"{"subject":{"reference":"Patient/p"},"performer":[{"reference":"#x"}]}"##,
    None
)]
#[case::performer_patient_by_identifier(
    r#"{"subject":{"reference":"Patient/p"},"performer":[{"type":"Patient","identifier":{"value":"1"}}]}"#,
    None
)]
#[case::performer_urn(
    r#"{"subject":{"reference":"Patient/p"},"performer":[{"reference":"urn:uuid:1"}]}"#,
    None
)]
#[case::performer_elsewhere(
    r#"{"subject":{"reference":"Patient/p"},"performer":[{"reference":"https://x.example/Patient/1"}]}"#,
    None
)]
#[case::contained_of_another(
    r#"{"subject":{"reference":"Patient/p"},"contained":[{"resourceType":"Observation","id":"x","subject":{"reference":"Patient/q"}}]}"#,
    Some(&["p", "q"][..])
)]
#[case::no_subject("{}", None)]
#[case::subject_elsewhere(r#"{"subject":{"reference":"https://x.example/fhir/Patient/p"}}"#, None)]
#[case::subject_contained(
    r##"{"subject":{"reference":"#p"},"contained":[{"resourceType":"Patient","id":"p"}]}"##,
    None
)]
#[case::subject_by_identifier(r#"{"subject":{"type":"Patient","identifier":{"value":"1"}}}"#, None)]
#[case::subject_is_a_device(r#"{"subject":{"reference":"Device/1"}}"#, None)]
#[case::subject_is_text(r#"{"subject":"Patient/p"}"#, None)]
#[case::subject_is_null(r#"{"subject":null}"#, None)]
#[case::subject_twice(r#"{"subject":{"reference":"Patient/p"},"subject":{"reference":"Patient/p"}}"#, None)]
#[case::reference_twice(r#"{"subject":{"reference":"Patient/p","reference":"Patient/q"}}"#, None)]
#[case::reference_twice_escaped(
    r#"{"subject":{"reference":"Patient/p","\u0072eference":"Patient/q"}}"#,
    None
)]
#[case::id_twice(r#"{"id":"2","subject":{"reference":"Patient/p"}}"#, None)]
#[case::other_type_as_well(r#"{"resourceType":"Location","subject":{"reference":"Patient/p"}}"#, None)]
fn s30_whose_an_observation_is(#[case] members: &str, #[case] expected: Option<&[&str]>) {
    let rest = members.strip_prefix('{').unwrap();
    let comma = if rest == "}" { "" } else { "," };
    let first = format!(r#"{{"resourceType":"Observation","id":"1"{comma}{rest}"#);
    assert_eq!(read(&first).as_ref().map(patients).as_deref(), expected);
    let last =
        format!(r#"{}{comma}"id":"1","resourceType":"Observation"}}"#, members.strip_suffix('}').unwrap());
    assert_eq!(read(&last).as_ref().map(patients).as_deref(), expected, "in any order");
}

#[rstest]
#[case("AllergyIntolerance", "patient")]
#[case("CareTeam", "subject")]
#[case("Condition", "subject")]
#[case("DiagnosticReport", "subject")]
#[case("DocumentReference", "subject")]
#[case("Encounter", "subject")]
#[case("Immunization", "patient")]
#[case("MedicationRequest", "subject")]
#[case("Observation", "subject")]
#[case("Procedure", "subject")]
#[case("CarePlan", "subject")]
#[case("Coverage", "beneficiary")]
#[case("Device", "patient")]
#[case("FamilyMemberHistory", "patient")]
#[case("Goal", "subject")]
#[case("MedicationDispense", "subject")]
#[case("QuestionnaireResponse", "subject")]
#[case("RelatedPerson", "patient")]
#[case("ServiceRequest", "subject")]
#[case("Specimen", "subject")]
fn s30_every_type_knows_its_patient(#[case] kind: &str, #[case] element: &str) {
    let resource = json!({"resourceType": kind, "id": "1", element: {"reference": "Patient/p"}});
    assert_eq!(patients(&read(&resource.to_string()).unwrap()), ["p"]);
    let other = json!({"resourceType": kind, "id": "1"});
    assert_eq!(read(&other.to_string()), None);
}

#[rstest]
#[case("AllergyIntolerance", "patient", json!({"asserter": {"reference": "Patient/q"}}))]
#[case("AllergyIntolerance", "patient", json!({"recorder": {"reference": "Patient/q"}}))]
#[case("CareTeam", "subject", json!({"participant": [{"member": {"reference": "Patient/q"}}]}))]
#[case("Condition", "subject", json!({"asserter": {"reference": "Patient/q"}}))]
#[case("DocumentReference", "subject", json!({"author": [{"display": "x"}, {"reference": "Patient/q"}]}))]
#[case("Observation", "subject", json!({"performer": [{"reference": "Patient/q"}]}))]
#[case("Procedure", "subject", json!({"performer": [{"actor": {"reference": "Patient/q"}}]}))]
#[case("CarePlan", "subject", json!({"activity": [{"detail": {"performer": [{"reference": "Patient/q"}]}}]}))]
#[case("Coverage", "beneficiary", json!({"policyHolder": {"reference": "Patient/q"}}))]
#[case("Coverage", "beneficiary", json!({"subscriber": {"reference": "Patient/q"}}))]
#[case("Coverage", "beneficiary", json!({"payor": [{"reference": "Patient/q"}]}))]
#[case("MedicationDispense", "subject", json!({"receiver": [{"reference": "Patient/q"}]}))]
#[case("QuestionnaireResponse", "subject", json!({"author": {"reference": "Patient/q"}}))]
#[case("ServiceRequest", "subject", json!({"performer": [{"reference": "Patient/q"}]}))]
fn s30_every_compartment_path_counts(#[case] kind: &str, #[case] owner: &str, #[case] further: Value) {
    let mut resource = json!({"resourceType": kind, "id": "1", owner: {"reference": "Patient/p"}});
    resource.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
    assert_eq!(patients(&read(&resource.to_string()).unwrap()), ["p", "q"]);
}

#[test]
fn labels_categories_and_references_are_gathered() {
    let report = json!({
        "resourceType": "DiagnosticReport", "id": "1", "subject": {"reference": "Patient/p"},
        "meta": {"versionId": "7", "security": [{"system": "s", "code": "R"}]},
        "category": [{"coding": [{"system": "c", "code": "LAB"}, {"code": "x"}]}, {"text": "Labs"}],
        "presentedForm": [{"url": format!("{EHR}/Binary/b")}, {"url": "Binary/c"}, {"data": "AA=="}],
    });
    let facts = read(&report.to_string()).unwrap();
    let coding = |system: &str, code: &str| Coding { system: system.into(), code: code.into() };
    assert_eq!(facts.version.as_deref(), Some("7"));
    assert_eq!(facts.labels.to_vec(), [coding("s", "R")]);
    assert_eq!(facts.categories.to_vec(), [coding("c", "LAB"), coding("", "x")]);
    let binary = |id: &str| (ResourceType::Binary, FhirId::parse(id).unwrap());
    assert_eq!(facts.references.to_vec(), [binary("b"), binary("c")]);

    let request = json!({"resourceType": "MedicationRequest", "id": "1", "subject": {"reference": "Patient/p"},
        "medicationReference": {"reference": "Medication/m"}});
    let medication = (ResourceType::Medication, FhirId::parse("m").unwrap());
    assert_eq!(read(&request.to_string()).unwrap().references.to_vec(), [medication]);

    let allergy = json!({"resourceType": "AllergyIntolerance", "id": "1", "patient": {"reference": "Patient/p"},
        "category": ["food", "environment"]});
    let codes = read(&allergy.to_string()).unwrap().categories;
    assert_eq!(codes.to_vec(), [coding("", "food"), coding("", "environment")]);
}

#[test]
fn a_provenance_with_a_target_that_is_unclear_cannot_be_judged() {
    let provenance = |targets: Value| {
        read(&json!({"resourceType": "Provenance", "id": "1", "target": targets}).to_string())
    };
    assert_eq!(
        provenance(json!([{"reference": "Observation/1"}, {"reference": "Patient/p"}]))
            .unwrap()
            .references
            .len(),
        2
    );
    for unclear in [
        json!([]),
        json!([{"reference": "Observation/1"}, {"display": "x"}]),
        json!([{"reference": "Appointment/1"}]),
    ] {
        assert_eq!(provenance(unclear), None);
    }
}

#[test]
fn a_bundle_keeps_only_what_can_be_judged() {
    let good = json!({"resourceType": "Observation", "id": "1", "subject": {"reference": "Patient/p"}});
    let (body, index) = searchset(&json!({
        "resourceType": "Bundle", "id": "search-1", "type": "searchset", "total": 117,
        "link": [{"relation": "self", "url": format!("{EHR}/Observation?patient=p")},
                 {"relation": "next", "url": format!("{EHR}?_getpages=1")}],
        "entry": [
            {"fullUrl": "urn:uuid:1", "resource": good, "search": {"mode": "match", "score": 0.5}, "link": [{"relation": "x", "url": EHR}]},
            {"resource": {"resourceType": "OperationOutcome", "id": "2"}, "search": {"mode": "outcome"}},
            {"resource": {"resourceType": "Appointment", "id": "3"}},
            {"resource": {"resourceType": "Observation", "subject": {"reference": "Patient/p"}}},
            "text", null, {}, [],
            {"resource": {"resourceType": "Practitioner", "id": "4"}, "search": {"mode": "match"}},
        ],
    }));
    assert_eq!(index.next.as_deref(), Some("?_getpages=1"));
    assert_eq!(index.entries.len(), 9);
    let judged = index.entries.iter().filter(|entry| entry.facts.is_some()).collect::<Vec<_>>();
    assert_eq!(
        judged.iter().map(|entry| entry.mode).collect::<Vec<_>>(),
        [EntryMode::Match, EntryMode::Include]
    );
    let written: Value = serde_json::from_slice(&body.bytes).unwrap();
    assert_eq!(
        written,
        json!({"resourceType": "Bundle", "type": "searchset", "entry": [
            {"fullUrl": format!("{FACADE}/Observation/1"), "resource": good, "search": {"mode": "match"}},
            {"fullUrl": format!("{FACADE}/Practitioner/4"), "resource": {"resourceType": "Practitioner", "id": "4"},
             "search": {"mode": "include"}},
        ]})
    );
    assert!(body.bytes[index.insert_at..].starts_with(br#","entry":["#));
}

#[test]
fn an_empty_bundle_has_no_entry() {
    let (body, index) = searchset(&json!({"resourceType": "Bundle", "type": "searchset", "total": 0}));
    assert_eq!(&body.bytes[..], br#"{"resourceType":"Bundle","type":"searchset"}"#);
    assert_eq!(index.insert_at, body.bytes.len() - 1);
}

#[rstest]
#[case(r#"{"resourceType":"OperationOutcome"}"#, IndexError::NotASearchset)]
#[case(r#"{"resourceType":"Bundle","type":"batch-response"}"#, IndexError::NotASearchset)]
#[case(r#"{"resourceType":"Bundle","type":"searchset","entry":{}}"#, IndexError::NotASearchset)]
#[case(r#"{"resourceType":"Bundle","type":"searchset","entry":[],"entry":[]}"#, IndexError::NotASearchset)]
#[case(r#"{"resourceType":"Bundle","type":"searchset","link":[],"link":[]}"#, IndexError::NotASearchset)]
#[case("[]", IndexError::NotASearchset)]
#[case(r#"{"resourceType":"Bundle","type":"searchset","entry":["#, IndexError::NotJson)]
#[case(r#"{"resourceType":"Bundle","type":"searchset"} x"#, IndexError::NotJson)]
#[case("", IndexError::NotJson)]
fn a_body_that_is_no_searchset_is_an_error(#[case] body: &str, #[case] error: IndexError) {
    let result = index_text(body.as_bytes());
    assert_eq!(result.map(|_| ()), Err(error));
}

#[rstest]
#[case("https://ehr.example/fhir/Observation?page=2", Some("Observation?page=2"))]
#[case("https://ehr.example/fhir?_getpages=x&_offset=1", Some("?_getpages=x&_offset=1"))]
#[case("/fhir/Observation?page=2", Some("Observation?page=2"))]
#[case("Observation?page=2", Some("Observation?page=2"))]
#[case("?page=2", Some("?page=2"))]
#[case("https://evil.example/fhir/Observation?page=2", None)]
#[case("https://ehr.example.evil.example/fhir/Observation", None)]
#[case("https://ehr.example/fhir.evil.example/Observation", None)]
#[case("https://ehr.example/fhir/../admin", None)]
#[case("https://ehr.example/fhir/%2e%2e/admin", None)]
#[case("https://ehr.example/fhir//evil.example/", None)]
#[case("//evil.example/fhir/Observation", None)]
#[case("https://ehr.example/admin", None)]
#[case("Observation?page=2 HTTP/1.1", None)]
#[case("", None)]
fn a_next_link_stays_below_the_ehr(#[case] url: &str, #[case] expected: Option<&str>) {
    let bundle =
        json!({"resourceType": "Bundle", "type": "searchset", "link": [{"relation": "next", "url": url}]});
    let result = index_text(bundle.to_string().as_bytes());
    let escaped = bundle.to_string().replace('/', "\\/");
    assert_eq!(index_text(escaped.as_bytes()).is_ok(), expected.is_some(), "with escaped slashes");
    match (result, expected) {
        (Ok(IndexedBody { shape: Shape::Bundle(index), .. }), Some(link)) => {
            assert_eq!(index.next.as_deref(), Some(link));
        }
        (Err(IndexError::ForeignNext), None) => {}
        (other, _) => panic!("{other:?}"),
    }
}

#[test]
fn an_ehr_may_write_other_bases_than_the_one_it_is_asked_under() {
    let inside = "http://10.0.0.7:8080/fhir";
    let rewrite = rewrite().with_alias(inside).with_alias(&format!("{inside}/r4/"));
    let bundle = json!({"resourceType": "Bundle", "type": "searchset",
        "link": [{"relation": "next", "url": format!("{inside}/r4/Observation?page=2")}],
        "entry": [{"resource": {"resourceType": "Observation", "id": "1",
            "subject": {"reference": format!("{inside}/r4/Patient/p")},
            "note": [{"text": format!("{inside}/a {EHR}/b {inside}/r4/c {inside}")}]}}]});
    for text in [bundle.to_string(), bundle.to_string().replace('/', "\\/")] {
        let body = index_bundle(text.into_bytes().into(), ResourceType::Observation, &rewrite).unwrap();
        let Shape::Bundle(index) = &body.shape else { panic!() };
        assert_eq!(index.next.as_deref(), Some("Observation?page=2"));
        assert_eq!(patients(index.entries[0].facts.as_ref().unwrap()), ["p"]);
        let written: Value = serde_json::from_slice(&body.bytes).unwrap();
        assert_eq!(
            written["entry"][0]["resource"]["note"][0]["text"],
            format!("{FACADE}/a {FACADE}/b {FACADE}/c {FACADE}")
        );
    }
}

#[test]
fn a_resource_without_urls_is_not_copied() {
    let bytes = Bytes::from_static(br#"{"resourceType":"Patient","id":"p"}"#);
    let body = index_resource(bytes.clone(), &rewrite()).unwrap();
    assert_eq!(body.bytes.as_ptr(), bytes.as_ptr());
}

/// One way to write the EHR's base, or a text that holds it, inside a JSON string.
fn spelled(base: &str, how: u8) -> String {
    let units =
        |text: &str| text.encode_utf16().fold(String::new(), |text, unit| text + &format!("\\u{unit:04X}"));
    match how % 5 {
        0 => base.to_owned(),
        1 => base.replace('/', "\\/"),
        2 => units(base),
        3 => format!("{}{}", units("h"), base.strip_prefix('h').unwrap()),
        _ => base.replace("://", ":\\/\\u002f"),
    }
}

fn strings(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| strings(value, into)),
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            into.push(key.clone());
            strings(value, into);
        }),
        _ => {}
    }
}

/// Looking for hidden URLs comes before reading, and must not make JSON of what is none.
#[rstest]
#[case::escape(r"https:\/\/ehr.example\/fhir\x")]
#[case::short_escape(r"https:\/\/ehr.example\/fhir\u12")]
#[case::control("https:\\/\\/ehr.example\\/fhir\n")]
fn what_hides_the_ehrs_base_in_a_broken_string_is_refused(#[case] text: &str) {
    let resource = format!(r#"{{"resourceType":"Patient","id":"1","note":"{text}"}}"#);
    assert_eq!(
        index_resource(resource.clone().into(), &rewrite()).err(),
        Some(IndexError::NotJson),
        "{resource}"
    );
    let bundle =
        format!(r#"{{"resourceType":"Bundle","type":"searchset","entry":[{{"resource":{resource}}}]}}"#);
    assert_eq!(index_text(bundle.as_bytes()).err(), Some(IndexError::NotJson), "{bundle}");
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = index_text(&bytes);
        let _ = index_resource(bytes.into(), &rewrite());
    }

    #[test]
    fn never_panics_on_almost_a_bundle(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut bytes = json!({"resourceType": "Bundle", "type": "searchset", "link": [{"relation": "next", "url": "?a"}],
            "entry": [{"search": {"mode": "match"}, "resource": {"resourceType": "Observation", "id": "1",
                "subject": {"reference": "Patient/p"}, "meta": {"security": [{"code": "R"}]},
                "contained": [{"resourceType": "Patient", "id": "x"}], "text": {"div": "https:\\/\\/ehr.example\\/fhir"}}}]})
            .to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = index_text(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        prop_assert!(index_text(&bytes).is_err(), "a body cut short is an error");
    }

    #[test]
    fn the_ehrs_base_never_appears(texts in proptest::collection::vec((".{0,12}", any::<u8>(), "[/?#a-z]{0,6}"), 1..6)) {
        let strings_of = texts.iter().map(|(before, how, after)| {
            let before = serde_json::to_string(before).unwrap();
            format!("\"{}{}{after}\"", &before[1..before.len() - 1], spelled(EHR, *how))
        }).collect::<Vec<_>>();
        let resource = format!(
            r#"{{"resourceType":"Observation","id":"1","subject":{{"reference":"Patient/p"}},"note":[{}],{}:1}}"#,
            strings_of.join(","), strings_of[0]
        );
        let bundle = format!(r#"{{"resourceType":"Bundle","type":"searchset","entry":[{{"resource":{resource}}}]}}"#);
        for body in [
            index_resource(Bytes::copy_from_slice(resource.as_bytes()), &rewrite()).unwrap(),
            index_text(bundle.as_bytes()).unwrap(),
        ] {
            let value: Value = serde_json::from_slice(&body.bytes).unwrap();
            let mut said = Vec::new();
            strings(&value, &mut said);
            prop_assert!(said.iter().all(|text| !text.contains(EHR)), "{:?}", said);
            prop_assert!(said.iter().filter(|text| text.contains(FACADE)).count() > texts.len());
        }
    }

    /// Every entry that can be judged stands at its span, equal to what the EHR sent but for rewritten URLs.
    #[test]
    fn spans_reproduce_the_entries(ids in proptest::collection::vec(("[a-z]{1,8}", any::<bool>(), ".{0,20}"), 0..8), pretty in any::<bool>()) {
        let resources = ids.iter().map(|(id, owned, note)| {
            let mut resource = json!({"resourceType": "Observation", "id": id, "note": note, "valueDecimal": 1.50, "n": [{}, [], null]});
            if *owned {
                resource["subject"] = json!({"reference": format!("{EHR}/Patient/p")});
            }
            resource
        }).collect::<Vec<_>>();
        let entries = resources.iter().map(|resource| json!({"resource": resource})).collect::<Vec<_>>();
        let bundle = json!({"resourceType": "Bundle", "type": "searchset", "entry": entries});
        let text = if pretty { serde_json::to_string_pretty(&bundle) } else { serde_json::to_string(&bundle) }.unwrap();
        let body = index_text(text.as_bytes()).unwrap();
        let Shape::Bundle(index) = &body.shape else { panic!() };
        prop_assert_eq!(index.entries.len(), resources.len());
        // Of a resource that comes twice the first counts, and what cannot be judged stands at the end.
        let mut known = std::collections::HashSet::new();
        let kept = resources.iter().zip(&ids).filter(|(_, (id, owned, _))| *owned && known.insert(id)).collect::<Vec<_>>();
        prop_assert_eq!(index.entries.iter().filter(|entry| entry.facts.is_some()).count(), kept.len());
        for (entry, (resource, (id, ..))) in index.entries.iter().zip(kept) {
            let facts = entry.facts.as_ref().unwrap();
            let written: Value = serde_json::from_slice(&body.bytes[entry.span.clone()]).unwrap();
            let mut expected = resource.clone();
            expected["subject"] = json!({"reference": format!("{FACADE}/Patient/p")});
            prop_assert_eq!(&written["resource"], &expected);
            prop_assert_eq!(facts.id.as_str(), id);
        }
        let whole: Value = serde_json::from_slice(&body.bytes).unwrap();
        prop_assert_eq!(
            whole["entry"].as_array().map_or(0, Vec::len),
            index.entries.iter().filter(|entry| entry.facts.is_some()).count()
        );
    }
}
