//! What follows from a record once it is written: what was ordered and collected for a report, what the pharmacy gave out,
//! and for a child with a lasting illness the plan, its goals, the family's history and the devices. Nothing here is drawn by
//! lot, so that the rest of the record is the same with it and without.

use serde_json::{Value, json};

use crate::domain::clock::Timestamp;
use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::entry::Draft;
use crate::sandbox::hospital::kind::Kind;
use crate::sandbox::hospital::meta::Label;
use crate::sandbox::hospital::staff::{CLINICIANS, Clinician, OYELARAN};
use crate::sandbox::hospital::{json as j, moment, time};

/// The latest of each are followed up, so that records do not grow with a long history.
const LATEST: usize = 6;

/// Tests whose specimen is not blood: words in the name, SNOMED CT code, words of the specimen.
const SPECIMENS: [(&str, &str, &str); 4] = [
    ("rine", "122575003", "Urine specimen"),
    ("tool", "119339001", "Stool specimen"),
    ("hroat", "258529004", "Throat swab"),
    ("asopharyn", "258500001", "Nasopharyngeal swab"),
];

/// Illnesses whose children have a device: ICD-10-CM code, SNOMED CT code and words of the device.
const DEVICES: [(&str, &str, &str); 4] = [
    ("E10.9", "69805005", "Insulin pump"),
    ("G80.0", "58938008", "Wheelchair"),
    ("J45.30", "334990001", "Peak flow meter"),
    ("J45.40", "334990001", "Peak flow meter"),
];

/// A lasting illness on the problem list that is not restricted.
struct Illness {
    reference: String,
    code: Value,
    name: String,
    icd10: String,
    since: Timestamp,
}

/// Writes it.
pub fn follow(chart: &mut Chart<'_>) {
    orders(chart);
    dispenses(chart);
    let illnesses: Vec<_> = chart.drafts().filter_map(illness).take(3).collect();
    let by = chart.child.pcp().unwrap_or(&OYELARAN);
    if !illnesses.is_empty() {
        plan(chart, &illnesses, by);
        family_history(chart, &illnesses, by);
        devices(chart, &illnesses, by);
    }
    social_needs(chart, by);
}

fn text(draft: &Draft, pointer: &str) -> Option<String> {
    draft.body.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

fn at(text: &str) -> Option<Timestamp> {
    moment::stretch(text).map(|(from, _)| Timestamp::from_millis(from))
}

fn illness(draft: &Draft) -> Option<Illness> {
    let listed = text(draft, "/category/0/coding/0/code")? == "problem-list-item";
    let active = text(draft, "/clinicalStatus/coding/0/code")? == "active";
    if draft.kind != Kind::Condition || !listed || !active || !draft.labels.is_empty() {
        return None;
    }
    let code = draft.body.get("code")?;
    let codings = code.get("coding")?.as_array()?;
    let icd10 =
        codings.iter().find(|coding| coding.get("system").and_then(Value::as_str) == Some(j::ICD10))?;
    Some(Illness {
        reference: format!("Condition/{}", draft.id),
        code: code.clone(),
        name: text(draft, "/code/text")?,
        icd10: icd10.get("code")?.as_str()?.to_owned(),
        since: at(&text(draft, "/recordedDate")?)?,
    })
}

/// Writes something with the labels of what it follows from.
fn write(
    chart: &mut Chart<'_>,
    kind: Kind,
    profiles: &[&'static str],
    labels: &[Label],
    updated: Timestamp,
    body: Value,
) -> String {
    chart.labels = labels.to_vec();
    let reference = chart.add(kind, profiles, updated, body);
    chart.labels = Vec::new();
    reference
}

/// What was ordered for the latest reports, and what was collected for those of the laboratory.
fn orders(chart: &mut Chart<'_>) {
    let reports = chart.drafts().filter(|draft| draft.kind == Kind::DiagnosticReport);
    let mut reports: Vec<_> =
        reports.filter_map(|draft| Some((text(draft, "/effectiveDateTime")?, draft.clone()))).collect();
    reports.sort_by(|one, other| other.0.cmp(&one.0));
    for (collected, report) in reports.into_iter().take(LATEST) {
        let (Some(when), Some(encounter)) = (at(&collected), report.body.get("encounter").cloned()) else {
            continue;
        };
        let lab = text(&report, "/category/0/coding/0/code").as_deref() == Some("LAB");
        let by = responsible(chart, &encounter);
        let category = if lab {
            j::concept(j::SNOMED, "108252007", "Laboratory procedure")
        } else {
            j::concept(j::SNOMED, "363679005", "Imaging")
        };
        let done = text(&report, "/status").is_some_and(|status| status == "final");
        let body = json!({
            "status": if done { "completed" } else { "active" },
            "intent": "order",
            "category": [category],
            "code": report.body.get("code").cloned().unwrap_or_default(),
            "subject": chart.subject(),
            "encounter": encounter,
            "occurrenceDateTime": collected,
            "authoredOn": collected,
            "requester": j::reference(&by.reference(), &by.signed())
        });
        let profiles = ["us-core-servicerequest"];
        let order = write(chart, Kind::ServiceRequest, &profiles, &report.labels, when, body);
        chart.wrote("orders", by, when, &order);
        if lab {
            specimen(chart, &report, &order, &collected, when);
        }
    }
}

fn specimen(chart: &mut Chart<'_>, report: &Draft, order: &str, collected: &str, when: Timestamp) {
    let name = text(report, "/code/text").unwrap_or_default();
    let other = SPECIMENS.iter().find(|(word, _, _)| name.contains(word));
    let (code, words) = other.map_or(("119297000", "Blood specimen"), |(_, code, words)| (*code, *words));
    let body = json!({
        "status": "available",
        "type": j::concept(j::SNOMED, code, words),
        "subject": chart.subject(),
        "request": [{ "reference": order }],
        "collection": { "collectedDateTime": collected }
    });
    write(chart, Kind::Specimen, &["us-core-specimen"], &report.labels, when, body);
}

/// Who was responsible for a contact.
fn responsible(chart: &Chart<'_>, encounter: &Value) -> &'static Clinician {
    let reference = encounter.get("reference").and_then(Value::as_str).unwrap_or_default();
    let contact = chart.drafts().find(|draft| {
        draft.kind == Kind::Encounter && reference.strip_prefix("Encounter/") == Some(draft.id.as_str())
    });
    let attending = contact.and_then(|contact| text(contact, "/participant/0/individual/reference"));
    let known = CLINICIANS.iter().copied().find(|clinician| Some(clinician.reference()) == attending);
    known.unwrap_or(&OYELARAN)
}

/// What a pharmacy gave out for the latest prescriptions.
fn dispenses(chart: &mut Chart<'_>) {
    let orders = chart.drafts().filter(|draft| draft.body.get("dispenseRequest").is_some());
    let mut orders: Vec<_> =
        orders.filter_map(|draft| Some((text(draft, "/authoredOn")?, draft.clone()))).collect();
    orders.sort_by(|one, other| other.0.cmp(&one.0));
    for (written, order) in orders.into_iter().take(LATEST) {
        let Some(when) = at(&written) else { continue };
        let given = time::after(when, 150).min(chart.now);
        let mut body = json!({
            "status": "completed",
            "subject": chart.subject(),
            "authorizingPrescription": [{ "reference": format!("MedicationRequest/{}", order.id) }],
            "type": j::hl7_concept("v3-ActCode", "FF", "First Fill"),
            "quantity": order.body.pointer("/dispenseRequest/quantity").cloned().unwrap_or_default(),
            "whenHandedOver": time::date_time(given),
            "dosageInstruction": [{ "text": text(&order, "/dosageInstruction/0/text").unwrap_or_default() }]
        });
        for name in ["medicationCodeableConcept", "medicationReference"] {
            if let Some(medicine) = order.body.get(name) {
                j::set(&mut body, name, medicine.clone());
            }
        }
        let profiles = ["us-core-medicationdispense"];
        let dispense = write(chart, Kind::MedicationDispense, &profiles, &order.labels, given, body);
        let prescriber = text(&order, "/requester/reference");
        let known = CLINICIANS.iter().copied().find(|clinician| Some(clinician.reference()) == prescriber);
        chart.wrote("dispenses", known.unwrap_or(&OYELARAN), given, &dispense);
    }
}

/// The plan of care for lasting illnesses, with a goal for each.
fn plan(chart: &mut Chart<'_>, illnesses: &[Illness], by: &'static Clinician) {
    let begun = illnesses.iter().map(|illness| illness.since).max().unwrap_or(chart.now);
    let mut goals = Vec::new();
    for illness in illnesses {
        let words = format!("{} under control, school and play as for any child", illness.name);
        let body = json!({
            "lifecycleStatus": "active",
            "achievementStatus": j::hl7_concept("goal-achievement", "in-progress", "In Progress"),
            "description": { "coding": illness.code.get("coding").cloned().unwrap_or_default(), "text": words },
            "subject": chart.subject(),
            "startDate": time::day_of(illness.since).to_string(),
            "target": [{ "dueDate": time::shift(chart.today, 180).to_string() }],
            "expressedBy": j::reference(&by.reference(), &by.signed()),
            "addresses": [{ "reference": illness.reference }]
        });
        let goal = write(chart, Kind::Goal, &["us-core-goal"], &[], illness.since, body);
        chart.wrote("care plan", by, begun, &goal);
        goals.push(json!({ "reference": goal }));
    }
    let names: Vec<_> = illnesses.iter().map(|illness| illness.name.as_str()).collect();
    let team = chart.drafts().find(|draft| draft.kind == Kind::CareTeam);
    let team = team.map(|team| json!([{ "reference": format!("CareTeam/{}", team.id) }]));
    let text = format!(
        "Plan for {}: visits as agreed, medicines as ordered, come early when it gets worse.",
        names.join(", ")
    );
    let mut body = json!({
        "text": {
            "status": "generated",
            "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>{text}</p></div>")
        },
        "status": "active",
        "intent": "plan",
        "category": [{ "coding": [j::coding("http://hl7.org/fhir/us/core/CodeSystem/careplan-category", "assess-plan", "Assessment and Plan of Treatment")], "text": "Assessment and plan" }],
        "subject": chart.subject(),
        "period": { "start": time::date_time(begun) },
        "contributor": [j::reference(&by.reference(), &by.signed())],
        "addresses": illnesses.iter().map(|illness| json!({ "reference": illness.reference })).collect::<Vec<_>>(),
        "goal": goals
    });
    if let Some(team) = team {
        j::set(&mut body, "careTeam", team);
    }
    let plan = write(chart, Kind::CarePlan, &["us-core-careplan"], &[], begun, body);
    chart.wrote("care plan", by, begun, &plan);
}

/// That the mother had the first of the illnesses too.
fn family_history(chart: &mut Chart<'_>, illnesses: &[Illness], by: &'static Clinician) {
    let Some(illness) = illnesses.first() else { return };
    let body = json!({
        "status": "completed",
        "patient": chart.subject(),
        "date": time::day_of(illness.since).to_string(),
        "relationship": j::hl7_concept("v3-RoleCode", "MTH", "mother"),
        "condition": [{ "code": illness.code }]
    });
    let profiles = ["us-core-familymemberhistory"];
    let history = write(chart, Kind::FamilyMemberHistory, &profiles, &[], illness.since, body);
    chart.wrote("care plan", by, illness.since, &history);
}

/// What a child with such an illness lives with.
fn devices(chart: &mut Chart<'_>, illnesses: &[Illness], by: &'static Clinician) {
    for illness in illnesses {
        let Some((_, code, words)) = DEVICES.iter().find(|(icd10, _, _)| *icd10 == illness.icd10) else {
            continue;
        };
        let serial = format!("{}-{}", chart.child.id(), code);
        let body = json!({
            "status": "active",
            "udiCarrier": [{ "deviceIdentifier": format!("0086{code}"), "carrierHRF": format!("(01)0086{code}(21){serial}") }],
            "distinctIdentifier": code,
            "serialNumber": serial,
            "type": j::concept(j::SNOMED, code, words),
            "patient": chart.subject()
        });
        let device = write(chart, Kind::Device, &["us-core-device"], &[], illness.since, body);
        chart.wrote("care plan", by, illness.since, &device);
    }
}

/// The answers of a family about housing and food at the latest visit of a child of school age.
fn social_needs(chart: &mut Chart<'_>, by: &'static Clinician) {
    let visits = chart.drafts().filter(|draft| draft.kind == Kind::Encounter && draft.labels.is_empty());
    let latest = visits.filter_map(|draft| Some((text(draft, "/period/end")?, draft.id.clone()))).max();
    let Some((when, (ended, encounter))) = latest.and_then(|latest| Some((at(&latest.0)?, latest))) else {
        return;
    };
    if chart.age_days(when) < 6 * 365 {
        return;
    }
    let answer = |link: &str, question: &str, code: &str, words: &str| {
        json!({
            "linkId": link,
            "text": question,
            "answer": [{ "valueCoding": j::coding(j::LOINC, code, words) }]
        })
    };
    let body = json!({
        "questionnaire": "http://hl7.org/fhir/us/sdoh-clinicalcare/Questionnaire/SDOHCC-QuestionnaireHungerVitalSign",
        "status": "completed",
        "subject": chart.subject(),
        "encounter": { "reference": format!("Encounter/{encounter}") },
        "authored": ended,
        "author": j::reference(&by.reference(), &by.signed()),
        "item": [
            answer("/88122-7", "Worried that food would run out before there was money to buy more", "LA28398-8", "Never true"),
            answer("/88123-5", "Food did not last and there was no money to buy more", "LA28398-8", "Never true")
        ]
    });
    let profiles = ["us-core-questionnaireresponse"];
    let response = write(chart, Kind::QuestionnaireResponse, &profiles, &[], when, body);
    chart.wrote("questionnaires", by, when, &response);
}
