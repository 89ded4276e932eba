use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::*;
use crate::domain::ids::{FhirId, Mrn, Npi};

/// 24 Nov 2026, 10:00 in Phoenix.
fn as_of() -> Timestamp {
    Timestamp::from_millis(1_795_626_000_000)
}

fn hospital(patients: usize) -> Hospital {
    Hospital::generate(&HospitalSpec { seed: 7, patients, as_of: as_of() })
}

/// One population for most tests: writing it is most of their cost.
static SHARED: std::sync::LazyLock<Hospital> = std::sync::LazyLock::new(|| hospital(60));

fn json(entry: &Entry) -> Value {
    serde_json::from_slice(&entry.body).unwrap()
}

/// Every reference in a resource: `Type/id`.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(object) => {
            for (name, child) in object {
                match child {
                    Value::String(text)
                        if name == "reference" || (name == "url" && text.starts_with("Binary/")) =>
                    {
                        found.push(text.clone());
                    }
                    _ => references(child, found),
                }
            }
        }
        _ => {}
    }
}

/// Every date of a resource with its path, birth dates left out.
fn dates(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| dates(item, path, found)),
        Value::Object(object) => {
            for (name, child) in object {
                dates(child, &format!("{path}.{name}"), found);
            }
        }
        Value::String(text) if moment::stretch(text).is_some() && text.len() >= 10 && text.contains('-') => {
            found.push((path.to_owned(), text.clone()));
        }
        _ => {}
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_whatever_the_size() {
    let (one, two) = (hospital(40), hospital(52));
    // The last household of the smaller population may be cut, so look at those before it.
    for index in 15..32 {
        let (a, b) = (one.record(index).unwrap(), two.record(index).unwrap());
        let bodies = |r: &Record| r.entries.iter().map(|e| e.body.clone()).collect::<Vec<_>>();
        assert_eq!(bodies(&a), bodies(&b), "child {index}");
    }
    let other = Hospital::generate(&HospitalSpec { seed: 8, patients: 40, as_of: as_of() });
    assert_ne!(one.children()[25].name(), other.children()[25].name());
    assert_eq!(one.stories(), other.stories(), "stories do not depend on the seed");
}

#[test]
fn every_reference_resolves() {
    let hospital = &*SHARED;
    let mut checked = 0;
    for index in 0..hospital.children().len() {
        for entry in &hospital.record(index).unwrap().entries {
            let mut found = Vec::new();
            references(&json(entry), &mut found);
            for target in found {
                let (kind, id) = target.split_once('/').unwrap();
                let kind = Kind::parse(kind).unwrap_or_else(|| panic!("{target}"));
                assert!(hospital.get(kind, id).is_some(), "{} refers to {target}", entry.reference());
                checked += 1;
            }
        }
    }
    assert!(checked > 10_000);
    for entry in &hospital.directory().entries {
        let mut found = Vec::new();
        references(&json(entry), &mut found);
        for target in found {
            let (kind, id) = target.split_once('/').unwrap();
            assert!(hospital.get(Kind::parse(kind).unwrap(), id).is_some(), "{target}");
        }
    }
}

#[test]
fn nothing_lies_before_birth_or_after_now() {
    let hospital = &*SHARED;
    let now = as_of().as_millis();
    let today = time::at(time::day_of(as_of()), 0, 0).as_millis();
    // Plans may lie ahead: until when a medicine is meant to be taken, by when a goal is to be met.
    let ahead = ["boundsPeriod.end", ".birthDate", "target.dueDate"];
    for child in hospital.children() {
        let born = time::at(child.birth, 0, 0).as_millis();
        for entry in &hospital.record(child.index).unwrap().entries {
            assert!(entry.updated.as_millis() <= now, "{} updated later than now", entry.reference());
            assert!(entry.updated.as_millis() >= born, "{} updated before birth", entry.reference());
            let mut found = Vec::new();
            dates(&json(entry), "", &mut found);
            for (path, text) in found {
                let (from, _) = moment::stretch(&text).unwrap();
                assert!(from >= born, "{} {path} {text} before birth {}", entry.reference(), child.birth);
                if !ahead.iter().any(|end| path.ends_with(end)) {
                    let limit = if text.len() == 10 { today } else { now };
                    assert!(from <= limit, "{} {path} {text} lies ahead", entry.reference());
                }
            }
        }
    }
}

#[test]
fn what_happens_in_an_encounter_happens_during_it_and_nobody_is_in_two_wards_at_once() {
    let hospital = &*SHARED;
    for child in hospital.children() {
        let record = hospital.record(child.index).unwrap();
        let mut periods: HashMap<String, (i64, i64)> = HashMap::new();
        let mut stays: Vec<(i64, i64)> = Vec::new();
        for entry in record.entries.iter().filter(|e| e.kind == Kind::Encounter) {
            let Some(facts::Term::Date(from, until)) = entry.terms("date").next().cloned() else { panic!() };
            assert!(from < until, "{} ends before it begins", entry.reference());
            periods.insert(entry.reference(), (from, until));
            if json(entry)["class"]["code"] == "IMP" {
                stays.push((from, until));
                let over = until != i64::MAX;
                assert_eq!(json(entry)["hospitalization"]["dischargeDisposition"].is_object(), over);
                assert_eq!(json(entry)["status"], if over { "finished" } else { "in-progress" });
            }
        }
        stays.sort_unstable();
        for pair in stays.windows(2) {
            assert!(pair[0].1 <= pair[1].0, "{} is in two wards at once", child.name());
        }
        for entry in record.entries.iter().filter(|e| matches!(e.kind, Kind::Observation | Kind::Procedure)) {
            let body = json(entry);
            let (from, until) = periods[body["encounter"]["reference"].as_str().unwrap()];
            let at = body["effectiveDateTime"].as_str().or(body["performedDateTime"].as_str()).unwrap();
            let (at, _) = moment::stretch(at).unwrap();
            // A study done on the way to a visit, and blood taken after it, belong to it.
            let slack = 4 * 3_600_000;
            assert!(at >= from - slack && at <= until.saturating_add(slack), "{} at {at}", entry.reference());
        }
    }
}

#[test]
fn every_result_has_a_unit_and_a_flag_that_fits_its_range() {
    let hospital = &*SHARED;
    let mut numbers = 0;
    for index in 0..hospital.children().len() {
        for entry in hospital.record(index).unwrap().entries.iter().filter(|e| e.kind == Kind::Observation) {
            let body = json(entry);
            let Some(value) = body["valueQuantity"]["value"].as_f64() else { continue };
            assert!(body["valueQuantity"]["code"].is_string(), "{body}");
            assert!((0.0..20_000.0).contains(&value), "{body}");
            let Some(range) = body["referenceRange"].get(0) else { continue };
            let flag = body["interpretation"][0]["coding"][0]["code"].as_str().unwrap();
            let low = range["low"]["value"].as_f64().unwrap_or(f64::MIN);
            let high = range["high"]["value"].as_f64().unwrap();
            let expected = if value < low {
                "L"
            } else if value > high {
                "H"
            } else {
                "N"
            };
            assert!(flag.starts_with(expected), "{value} in {low} to {high} is flagged {flag}");
            numbers += 1;
        }
    }
    assert!(numbers > 500);
}

#[test]
fn s30_d09_all_three_forms_of_pcp_occur_and_several_and_none() {
    let hospital = hospital(400);
    let patients: Vec<_> = hospital.patients().collect();
    for form in ["Practitioner/", "PractitionerRole/", "Organization/"] {
        assert!(
            patients.iter().any(|p| p.general_practitioner.iter().any(|gp| gp.starts_with(form))),
            "{form}"
        );
    }
    assert!(patients.iter().any(|p| p.practices.len() > 1));
    assert!(patients.iter().any(|p| p.general_practitioner.is_empty()));
    let practices: HashSet<String> = hospital.practices().into_iter().map(|p| p.key).collect();
    assert!(patients.iter().flat_map(|p| &p.practices).all(|key| practices.contains(key)));
    for practice in hospital.practices() {
        assert!(practice.providers.len() >= 2);
        assert!(practice.providers.iter().all(|p| Npi::parse(&p.npi).is_ok()));
        assert!(patients.iter().filter(|p| p.practices.contains(&practice.key)).count() > 20);
    }
    let outside: HashSet<String> =
        hospital.specialists().into_iter().flat_map(|g| g.providers).map(|p| p.practitioner_id).collect();
    assert!(
        patients
            .iter()
            .flat_map(|p| &p.general_practitioner)
            .all(|gp| !outside.contains(gp.split('/').nth(1).unwrap()))
    );
}

#[test]
fn patients_are_told_apart() {
    let hospital = hospital(3000);
    let patients: Vec<_> = hospital.patients().collect();
    let mrns: HashSet<&String> = patients.iter().map(|p| &p.mrn).collect();
    assert_eq!(mrns.len(), patients.len());
    assert!(patients.iter().all(|p| Mrn::parse(&p.mrn).is_ok() && FhirId::parse(&p.id).is_ok()));
    let today = time::day_of(as_of());
    let ages: HashSet<i64> =
        hospital.children().iter().map(|c| time::whole_months(c.birth, today) / 12).collect();
    assert_eq!(ages, (0..18).collect(), "children of all ages from 0 to 17");
}

#[test]
fn guardians_lead_to_their_children() {
    let hospital = &*SHARED;
    let guardians: Vec<_> = hospital.guardians().collect();
    assert!(guardians.iter().any(|g| g.patient_ids.len() >= 3));
    assert!(guardians.iter().any(|g| !g.has_portal_account));
    for guardian in guardians {
        let person = json(&hospital.get(Kind::Person, &guardian.person_id).unwrap());
        let links = person["link"].as_array().unwrap();
        assert_eq!(links.len(), guardian.patient_ids.len());
        for ((link, related), patient) in
            links.iter().zip(&guardian.related_person_ids).zip(&guardian.patient_ids)
        {
            assert_eq!(link["target"]["reference"], format!("RelatedPerson/{related}"));
            let related = json(&hospital.get(Kind::RelatedPerson, related).unwrap());
            assert_eq!(related["patient"]["reference"], format!("Patient/{patient}"));
            assert_eq!(related["name"][0]["text"], guardian.name);
        }
    }
}

/// What US Core 8 demands of each profile (`min` of 1), with the search-relevant must-support elements beside it.
static SHALL: &[(&str, &[&str])] = &[
    (
        "us-core-patient",
        &[
            "identifier.system",
            "identifier.value",
            "name.family",
            "name.given",
            "gender",
            "birthDate",
            "address.postalCode",
            "communication.language",
        ],
    ),
    (
        "us-core-encounter",
        &[
            "identifier.system",
            "status",
            "class",
            "type",
            "subject",
            "participant.individual",
            "period",
            "location.location",
            "serviceProvider",
        ],
    ),
    ("us-core-condition-encounter-diagnosis", &["category", "code", "subject", "encounter", "recordedDate"]),
    (
        "us-core-condition-problems-health-concerns",
        &[
            "category",
            "code",
            "subject",
            "clinicalStatus",
            "verificationStatus",
            "recordedDate",
            "onsetDateTime",
        ],
    ),
    ("us-core-allergyintolerance", &["clinicalStatus", "verificationStatus", "code", "patient"]),
    (
        "us-core-medicationrequest",
        &[
            "status",
            "intent",
            "category",
            "subject",
            "authoredOn",
            "requester",
            "dosageInstruction.text",
            "reportedBoolean",
        ],
    ),
    ("us-core-medication", &["code"]),
    ("us-core-observation-lab", &["status", "category", "code", "subject", "effectiveDateTime"]),
    (
        "us-core-blood-pressure",
        &[
            "status",
            "category",
            "code",
            "subject",
            "effectiveDateTime",
            "component.code",
            "component.valueQuantity",
        ],
    ),
    ("us-core-body-weight", &["status", "category", "code", "subject", "effectiveDateTime", "valueQuantity"]),
    (
        "us-core-pulse-oximetry",
        &["status", "category", "code", "subject", "effectiveDateTime", "valueQuantity"],
    ),
    ("us-core-diagnosticreport-lab", &["status", "category", "code", "subject", "effectiveDateTime"]),
    (
        "us-core-diagnosticreport-note",
        &["status", "category", "code", "subject", "effectiveDateTime", "issued", "presentedForm.url"],
    ),
    (
        "us-core-documentreference",
        &[
            "identifier",
            "status",
            "type",
            "category",
            "subject",
            "date",
            "author",
            "content.attachment.url",
            "content.attachment.contentType",
            "content.format",
            "context.encounter",
            "context.period",
        ],
    ),
    ("us-core-immunization", &["status", "vaccineCode", "patient", "occurrenceDateTime", "primarySource"]),
    ("us-core-procedure", &["status", "code", "subject", "performedDateTime"]),
    ("us-core-careteam", &["status", "subject", "participant.role", "participant.member"]),
    (
        "us-core-careplan",
        &["text.status", "text.div", "status", "intent", "category", "subject", "addresses", "goal"],
    ),
    ("us-core-goal", &["lifecycleStatus", "description", "subject", "startDate", "target.dueDate"]),
    ("us-core-device", &["type", "patient", "udiCarrier.carrierHRF"]),
    ("us-core-familymemberhistory", &["status", "relationship", "patient", "condition.code"]),
    (
        "us-core-medicationdispense",
        &["status", "subject", "authorizingPrescription", "type", "quantity", "whenHandedOver"],
    ),
    ("us-core-questionnaireresponse", &["questionnaire", "status", "subject", "authored", "author", "item"]),
    (
        "us-core-servicerequest",
        &[
            "status",
            "intent",
            "category",
            "code",
            "subject",
            "encounter",
            "occurrenceDateTime",
            "authoredOn",
            "requester",
        ],
    ),
    ("us-core-specimen", &["type", "subject", "request", "collection.collectedDateTime"]),
    ("us-core-provenance", &["target", "recorded", "agent.type", "agent.who"]),
    ("us-core-relatedperson", &["active", "patient", "relationship", "name", "telecom", "address"]),
    (
        "us-core-coverage",
        &[
            "identifier",
            "status",
            "type",
            "subscriberId",
            "beneficiary",
            "relationship",
            "period",
            "payor",
            "class.type",
            "class.value",
        ],
    ),
    (
        "us-core-practitioner",
        &["identifier.system", "identifier.value", "name.family", "telecom.value", "address.line"],
    ),
    ("us-core-practitionerrole", &["practitioner", "organization", "code", "specialty", "telecom.value"]),
    ("us-core-organization", &["identifier", "active", "name", "telecom.value", "address.line"]),
    ("us-core-location", &["status", "name", "type.coding", "telecom", "address", "managingOrganization"]),
];

fn has(value: &Value, path: &str) -> bool {
    let (head, rest) = path.split_once('.').unwrap_or((path, ""));
    match value {
        Value::Array(items) => !items.is_empty() && items.iter().all(|item| has(item, path)),
        _ => value.get(head).is_some_and(|child| {
            if rest.is_empty() { child != &Value::Array(Vec::new()) } else { has(child, rest) }
        }),
    }
}

#[test]
fn us_core_every_profile_has_what_it_demands() {
    let hospital = &*SHARED;
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let records: Vec<_> =
        (0..hospital.children().len()).map(|index| hospital.record(index).unwrap()).collect();
    let all = records.iter().flat_map(|r| &r.entries).chain(&hospital.directory().entries);
    for entry in all {
        let body = json(entry);
        assert_eq!(body["resourceType"], entry.kind.as_str());
        assert_eq!(body["id"], entry.id.as_str());
        assert!(FhirId::parse(&entry.id).is_ok());
        for profile in body["meta"]["profile"].as_array().into_iter().flatten() {
            let name = profile.as_str().unwrap().rsplit('/').next().unwrap();
            if let Some((name, paths)) = SHALL.iter().find(|(known, _)| *known == name) {
                *seen.entry(name).or_default() += 1;
                for path in *paths {
                    assert!(has(&body, path), "{} lacks {path}: {body}", entry.reference());
                }
            }
        }
    }
    for (name, _) in SHALL {
        assert!(seen.contains_key(name), "no resource claims {name}");
    }
}

#[test]
fn every_note_is_reached_from_a_document_and_has_readable_content() {
    let hospital = &*SHARED;
    let mut formats: HashMap<String, usize> = HashMap::new();
    let mut texts = HashSet::new();
    for index in 0..hospital.children().len() {
        let record = hospital.record(index).unwrap();
        let mut reached = HashSet::new();
        for entry in record.entries.iter().filter(|e| e.kind == Kind::DocumentReference) {
            let attachment = json(entry)["content"][0]["attachment"].clone();
            reached.insert(attachment["url"].as_str().unwrap().to_owned());
        }
        for entry in record.entries.iter().filter(|e| e.kind == Kind::Binary) {
            assert!(reached.contains(&entry.reference()), "{} has no document", entry.reference());
            let body = json(entry);
            let bytes = {
                use base64::Engine as _;
                base64::engine::general_purpose::STANDARD.decode(body["data"].as_str().unwrap()).unwrap()
            };
            assert!(bytes.len() > 200, "{} is empty", entry.reference());
            let format = body["contentType"].as_str().unwrap().to_owned();
            if format != "application/pdf" {
                let text = String::from_utf8(bytes).unwrap();
                assert!(
                    !text.contains('{'),
                    "{} has a word that was not filled in: {text}",
                    entry.reference()
                );
                assert!(texts.insert(text), "{} repeats another note", entry.reference());
            }
            *formats.entry(format).or_default() += 1;
        }
    }
    assert_eq!(formats.len(), 3, "{formats:?}");
    assert!(formats.values().all(|count| *count > 10), "{formats:?}");
}

#[test]
fn every_story_has_notes_medicines_or_results_of_its_own() {
    let hospital = &*SHARED;
    let stories = hospital.stories();
    assert_eq!(stories.len(), stories::CAST.len());
    for (index, story) in stories.iter().enumerate() {
        let record = hospital.record(index).unwrap();
        assert_eq!(record.entries[0].id, story.id);
        let count = |kind| record.entries.iter().filter(|e| e.kind == kind).count();
        assert!(count(Kind::Encounter) >= 1, "{}", story.name);
        assert!(count(Kind::DocumentReference) >= 1, "{}", story.name);
    }
    let labelled = hospital.record(7).unwrap();
    let restricted = labelled.entries.iter().filter(|e| json(e)["meta"]["security"].is_array()).count();
    assert!(restricted > 10, "{} has restricted notes", stories[7].name);
    let inside = hospital.record(9).unwrap();
    assert!(inside.entries.iter().any(|e| e.kind == Kind::Encounter && json(e)["status"] == "in-progress"));
}

#[test]
fn a_hundred_thousand_children_cost_little_until_they_are_looked_at() {
    let hospital = hospital(100_000);
    assert_eq!(hospital.children().len(), 100_000);
    assert!(hospital.record(99_999).unwrap().entries.len() > 3);
    assert!(hospital.get(Kind::Patient, "p100000").is_some());
    assert!(hospital.get(Kind::Patient, "p100001").is_none());
}
