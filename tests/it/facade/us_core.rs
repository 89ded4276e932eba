//! US Core 9.0.0, row by row: each interaction, search, combination, include and operation that it asks of a server (SHALL and
//! SHOULD, `us_core.tsv`), through the facade, over the demo hospital. What is sought and what has to come is taken from the
//! population, not from the policy. What cannot be shown is listed here, with the reason, and nothing else may be missing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chartgate::domain::clock::Timestamp;
use chartgate::sandbox::ehr::Ehr;
use chartgate::sandbox::hospital::entry::Entry;
use chartgate::sandbox::hospital::facts::Term;
use chartgate::sandbox::hospital::kind::Kind;
use chartgate::sandbox::hospital::person::index_of_id;
use serde_json::Value;

use super::demo::{demo_with, every, panel};
use super::world::{World, subject};

/// Rows that are not served, and why.
const LEFT_OUT: &[(&str, &str, &str)] = &[
    ("DiagnosticReport", "create", "read-only by design (S-64)"),
    ("DocumentReference", "create", "read-only by design (S-64)"),
    ("Endpoint", "read", "served where the EHR has it; the demo hospital has none"),
    ("Endpoint", "vread", "served where the EHR has it; the demo hospital has none"),
    ("HealthcareService", "read", "served where the EHR has it; the demo hospital has none"),
    ("HealthcareService", "vread", "served where the EHR has it; the demo hospital has none"),
    ("PractitionerRole", "PractitionerRole:endpoint", "the demo hospital has no Endpoint"),
    (
        "Medication",
        "vread",
        "no patient of its own: readable through what refers to it, and so is no earlier version",
    ),
    ("Medication", "history-instance", "as for vread"),
    (
        "Provenance",
        "vread",
        "no patient of its own: readable through what it is about, and so is no earlier version",
    ),
    ("Provenance", "history-instance", "as for vread"),
    ("Patient", "death-date+family", "nobody in the demo hospital has died"),
    ("Questionnaire", "read", "definitions are no records: SHOULD, left out"),
    ("Questionnaire", "vread", "definitions are no records: SHOULD, left out"),
    ("ValueSet", "expand", "terminology is no record: SHOULD, left out"),
    ("CareTeam", "CareTeam:participant:Patient", "no child is on its own care team in the demo hospital"),
    ("CareTeam", "CareTeam:participant:PractitionerRole", "care teams in the demo hospital name people"),
    (
        "Coverage",
        "Provenance:target",
        "the demo hospital keeps no Provenance of what was taken down at registration",
    ),
    ("Patient", "Provenance:target", "as for Coverage"),
    ("RelatedPerson", "Provenance:target", "as for Coverage"),
];

struct Row {
    resource: &'static str,
    shall: bool,
    what: &'static str,
    name: &'static str,
}

fn rows() -> Vec<Row> {
    let lines = include_str!("us_core.tsv").lines().filter(|line| !line.starts_with('#'));
    let row = |line: &'static str| {
        let parts: Vec<_> = line.split('\t').collect();
        let [resource, verb, what, name] = parts[..] else { panic!("{line}") };
        Row { resource, shall: verb == "SHALL", what, name }
    };
    lines.map(row).collect()
}

fn is_left_out(row: &Row) -> bool {
    LEFT_OUT.iter().any(|(resource, name, _)| *resource == row.resource && *name == row.name)
}

/// The hospital as one practice may see it: everything of its panel without a label, and the directory.
struct Seen {
    world: World,
    ehr: Ehr,
    /// The practice.
    at: usize,
    token: String,
    by_kind: BTreeMap<Kind, Vec<Arc<Entry>>>,
}

impl Seen {
    async fn new() -> Self {
        let (world, ehr) = demo_with(true).await;
        let hospital = &ehr.world().hospital;
        // Of the practices one that looks after a child with a device.
        let has_device = |id: &String| {
            let record = hospital.record(index_of_id(id).unwrap()).unwrap();
            record.entries.iter().any(|entry| entry.kind == Kind::Device)
        };
        let at = (0..3).find(|at| panel(&ehr, *at).iter().any(has_device)).expect("a device");
        let token = world.token(subject(&format!("dr-{at}"), "user/*.rs", None));
        let records =
            panel(&ehr, at).into_iter().map(|id| hospital.record(index_of_id(&id).unwrap()).unwrap());
        let mut by_kind: BTreeMap<Kind, Vec<Arc<Entry>>> = BTreeMap::new();
        let entries: Vec<_> = records.flat_map(|record| record.entries.clone()).collect();
        for entry in entries.into_iter().chain(hospital.directory().entries.iter().cloned()) {
            let body: Value = serde_json::from_slice(&entry.body).unwrap();
            if body["meta"]["security"].as_array().is_none_or(Vec::is_empty) {
                by_kind.entry(entry.kind).or_default().push(entry);
            }
        }
        Self { world, ehr, at, token, by_kind }
    }

    fn of(&self, kind: Kind) -> &[Arc<Entry>] {
        self.by_kind.get(&kind).map_or(&[], Vec::as_slice)
    }

    /// All that a search finds, over its pages.
    async fn found(&self, path: &str) -> BTreeSet<String> {
        every(&self.world, &self.token, path).await.0
    }
}

fn instant(millis: i64) -> String {
    Timestamp::from_millis(millis).to_string()
}

/// The value by which a parameter finds this resource.
fn value(entry: &Entry, parameter: &str) -> Option<String> {
    match parameter {
        "_id" => return Some(entry.id.clone()),
        "_lastUpdated" => return Some(format!("ge{}", instant(entry.updated.as_millis()))),
        _ => {}
    }
    Some(match entry.terms(parameter).next()? {
        Term::Token { system, code } if system.is_empty() => code.clone(),
        Term::Token { system, code } => format!("{system}|{code}"),
        Term::Date(from, _) if *from == i64::MIN => return None,
        Term::Date(from, _) => format!("ge{}", instant(*from)),
        Term::Reference(target) => target.clone(),
        Term::Text(text) => text.clone(),
    })
}

/// Whether a resource is what a parameter with that value asks for, by the same terms.
fn fits(entry: &Entry, parameter: &str, wanted: &Term) -> bool {
    entry.terms(parameter).any(|term| match (term, wanted) {
        (Term::Date(_, until), Term::Date(from, _)) => until > from,
        (Term::Text(text), Term::Text(start)) => text.starts_with(start.as_str()),
        (term, wanted) => term == wanted,
    })
}

/// One search row: whoever fits comes, and nobody else.
async fn search(seen: &Seen, kind: Kind, name: &str) -> Result<(), String> {
    let parameters: Vec<_> = name.split('+').collect();
    // A row that names no patient is asked for one all the same where the record is a patient's: no search spans everybody's.
    let by_patient = kind != Kind::Patient
        && seen.of(kind).first().is_some_and(|entry| entry.terms("patient").next().is_some())
        && !parameters.contains(&"patient")
        && !parameters.contains(&"_id");
    let asked: Vec<_> = parameters.iter().copied().chain(by_patient.then_some("patient")).collect();
    let sample = seen.of(kind).iter().find_map(|entry| {
        let values: Option<Vec<_>> = asked.iter().map(|parameter| value(entry, parameter)).collect();
        Some((entry, values?))
    });
    let (entry, values) = sample.ok_or("no resource with such values")?;
    let pairs = asked.iter().zip(&values);
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let found = seen.found(&format!("/{kind}?{query}&_count=200")).await;
    let wanted: Vec<_> = asked
        .iter()
        .filter(|parameter| !parameter.starts_with('_'))
        .map(|parameter| (*parameter, entry.terms(parameter).next().unwrap().clone()))
        .collect();
    let id = parameters.contains(&"_id").then_some(&entry.id);
    let updated = parameters.contains(&"_lastUpdated").then_some(entry.updated);
    let expected: BTreeSet<_> = seen
        .of(kind)
        .iter()
        .filter(|other| wanted.iter().all(|(parameter, term)| fits(other, parameter, term)))
        .filter(|other| id.is_none_or(|id| other.id == *id))
        .filter(|other| updated.is_none_or(|updated| other.updated >= updated))
        .map(|other| other.id.clone())
        .collect();
    if !expected.contains(&entry.id) {
        return Err("the sample does not fit itself".to_owned());
    }
    if found == expected { Ok(()) } else { Err(format!("{query}: found {found:?}, expected {expected:?}")) }
}

/// One interaction row, on the first resource of the type.
async fn interaction(seen: &Seen, kind: Kind, name: &str) -> Result<(), String> {
    let entry = seen.of(kind).first().ok_or("no resource")?;
    // A Medication is readable through an order that names it.
    let path = match (kind, name) {
        (Kind::Medication, _) => {
            let mut orders = seen.of(Kind::MedicationRequest).iter();
            let order = orders.find(|order| value(order, "medication").is_some()).ok_or("no order")?;
            expect(seen, &format!("/MedicationRequest/{}", order.id)).await?;
            format!("/{}", value(order, "medication").ok_or("no medicine")?)
        }
        _ => format!("/{kind}/{}", entry.id),
    };
    match name {
        "read" => expect(seen, &path).await,
        "vread" => expect(seen, &format!("{path}/_history/{}", entry.version)).await,
        "history-instance" => expect(seen, &format!("{path}/_history")).await,
        "search-type" => search(seen, kind, "_id").await,
        other => Err(format!("what is {other}?")),
    }
}

async fn expect(seen: &Seen, path: &str) -> Result<(), String> {
    let answer = seen.world.get(path, &seen.token).await;
    if answer.status == 200 { Ok(()) } else { Err(format!("{path}: {} {}", answer.status, answer.text())) }
}

/// One row of what is included: some match brings one of the type.
async fn include(seen: &Seen, kind: Kind, how: &str, name: &str) -> Result<(), String> {
    let parts: Vec<_> = name.split(':').collect();
    let patients: BTreeSet<_> = seen.of(kind).iter().filter_map(|entry| value(entry, "patient")).collect();
    let anchors: Vec<String> = if kind == Kind::Patient {
        panel(&seen.ehr, seen.at).into_iter().map(|id| format!("_id={id}")).collect()
    } else if patients.is_empty() {
        seen.of(kind).iter().take(20).map(|entry| format!("_id={}", entry.id)).collect()
    } else {
        patients.into_iter().map(|patient| format!("patient={patient}")).collect()
    };
    for anchor in anchors {
        let answer = seen.world.get(&format!("/{kind}?{anchor}&{how}={name}"), &seen.token).await;
        if answer.status != 200 {
            return Err(format!("{anchor}: {} {}", answer.status, answer.text()));
        }
        let bundle = answer.json();
        let included = bundle["entry"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|entry| entry["search"]["mode"] == "include");
        let mut types = included.map(|entry| entry["resource"]["resourceType"].as_str().unwrap().to_owned());
        let wanted = match (how, parts.as_slice()) {
            ("_revinclude", [source, ..]) => Some(*source),
            (_, [_, _, target]) => Some(*target),
            _ => None,
        };
        if types.any(|found| wanted.is_none_or(|wanted| wanted == found)) {
            return Ok(());
        }
    }
    Err("nothing was ever included".to_owned())
}

async fn operation(seen: &Seen, kind: Kind, name: &str) -> Result<(), String> {
    let patient = panel(&seen.ehr, seen.at).into_iter().next().ok_or("nobody")?;
    expect(seen, &format!("/{kind}/${name}?patient={patient}")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn us_core_each_row_of_the_server_s_capabilities_is_served_or_declared() {
    let seen = Seen::new().await;
    let (mut wrong, mut shown) = (Vec::new(), 0);
    for row in rows() {
        let outcome = match (Kind::parse(row.resource), row.what) {
            _ if is_left_out(&row) => continue,
            (None, _) => Err("the demo hospital has none".to_owned()),
            (Some(kind), "interaction") => interaction(&seen, kind, row.name).await,
            (Some(kind), "search") => search(&seen, kind, row.name).await,
            (Some(kind), "include") => include(&seen, kind, "_include", row.name).await,
            (Some(kind), "revinclude") => include(&seen, kind, "_revinclude", row.name).await,
            (Some(kind), "operation") => operation(&seen, kind, row.name).await,
            (_, other) => Err(format!("what is {other}?")),
        };
        shown += 1;
        if let Err(why) = outcome {
            let verb = if row.shall { "SHALL" } else { "SHOULD" };
            wrong.push(format!("{} {verb} {} {}: {why:.300}", row.resource, row.what, row.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {shown}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(shown > 200, "{shown}");
}

#[tokio::test]
async fn us_core_what_is_left_out_is_not_declared_and_is_refused_with_a_reason() {
    let seen = Seen::new().await;
    for (resource, name, _) in LEFT_OUT {
        assert!(rows().iter().any(|row| row.resource == *resource && row.name == *name), "{resource} {name}");
    }
    let statement = seen.world.call("GET", "/metadata", None, &[]).await.json();
    let declared: BTreeSet<_> = statement["rest"][0]["resource"]
        .as_array()
        .unwrap()
        .iter()
        .map(|resource| resource["type"].as_str().unwrap().to_owned())
        .collect();
    for absent in ["Questionnaire", "ValueSet", "Endpoint", "HealthcareService"] {
        assert!(!declared.contains(absent), "{absent}");
        let answer = seen.world.get(&format!("/{absent}/1"), &seen.token).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["resourceType"].as_str()),
            (404, Some("OperationOutcome"))
        );
    }
    for kind in ["DiagnosticReport", "DocumentReference"] {
        let answer = seen.world.call("POST", &format!("/{kind}"), Some(&seen.token), &[]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["issue"][0]["code"].as_str()),
            (405, Some("not-supported"))
        );
    }
    // What is declared of a type is what its rows ask for, combinations too.
    for row in rows().iter().filter(|row| row.what == "search" && !is_left_out(row)) {
        let resources = statement["rest"][0]["resource"].as_array().unwrap();
        let Some(resource) = resources.iter().find(|resource| resource["type"] == row.resource) else {
            panic!("{} is not declared", row.resource);
        };
        let names: BTreeSet<_> = resource["searchParam"]
            .as_array()
            .unwrap()
            .iter()
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        for parameter in row.name.split('+') {
            assert!(names.contains(parameter), "{} {parameter}", row.resource);
        }
    }
}
