//! The published ways in which other FHIR products leaked, one test each, against the running server: real tokens, the whole router,
//! the EHR over HTTP, the cache, two nodes on one database where it takes two. Each begins with what a correct reader gets.
//! docs/ACCESS.md lists them; a test holds the list to the sources.

mod documents;
mod pages;
mod replay;
mod scopes;
mod tells;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::oracle_server::asks::told;
use crate::oracle_server::hospital::{NPIS, stamped};
use crate::oracle_server::judge::{Asker, Grant, Practice, World};
use crate::oracle_server::server::{Answer, NOW, Running};
use crate::oracle_server::ward::{Row, Served, Ward, name};

/// Ana, in the north, is PCP of kim; Ben, in the south, of lee.
pub struct House {
    pub node: Running,
}

pub const LABS: &str = "http://terminology.hl7.org/CodeSystem/observation-category|laboratory";

fn coded(code: &str) -> Value {
    json!([{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": code}]}])
}

/// A record with everything that leaks are about.
fn record(patient: &str, doctor: &str) -> Vec<Value> {
    let subject = json!({"reference": format!("Patient/{patient}")});
    let id = |what: &str| format!("{patient}-{what}");
    let refer = |kind: &str, what: &str| json!({"reference": format!("{kind}/{}", id(what))});
    let psychiatry =
        json!({"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY"}]});
    let observation = |what: &str, category: &str| {
        json!({"resourceType": "Observation", "id": id(what), "status": "final", "category": coded(category), "subject": subject,
            "encounter": refer("Encounter", "visit"), "performer": [{"reference": "Practitioner/d0"}]})
    };
    let mut secret = observation("psy", "laboratory");
    secret["meta"] = psychiatry.clone();
    secret["performer"] = json!([{"reference": "Practitioner/d5"}]);
    let note = |what: &str, binary: &str| {
        json!({"resourceType": "DocumentReference", "id": id(what), "status": "current", "subject": subject,
            "type": {"coding": [{"system": "http://loinc.org", "code": "34133-9"}]},
            "content": [{"attachment": {"contentType": "text/plain", "url": format!("Binary/{}", id(binary))}}]})
    };
    let mut quiet = note("quiet", "secret");
    quiet["meta"] = psychiatry;
    vec![
        json!({"resourceType": "Patient", "id": patient, "name": [{"family": "Fox", "given": ["Kit"]}], "birthDate": "2019-02-03",
            "identifier": [{"system": "urn:mrn", "value": format!("MRN-{patient}")}],
            "generalPractitioner": [{"reference": format!("Practitioner/{doctor}")}]}),
        json!({"resourceType": "Encounter", "id": id("visit"), "status": "finished", "class": {"code": "AMB"}, "subject": subject}),
        observation("lab1", "laboratory"),
        observation("lab2", "laboratory"),
        secret,
        observation("lab3", "laboratory"),
        observation("vital", "vital-signs"),
        json!({"resourceType": "Condition", "id": id("problem"), "subject": subject}),
        note("doc", "note"),
        quiet,
        json!({"resourceType": "DiagnosticReport", "id": id("report"), "status": "final", "subject": subject, "category": coded("laboratory"),
            "result": [refer("Observation", "lab1"), refer("Observation", "psy"), {"reference": "Observation/lee-lab1"}]}),
        json!({"resourceType": "MedicationRequest", "id": id("rx"), "status": "active", "subject": subject, "medicationReference": refer("Medication", "drug")}),
        json!({"resourceType": "Medication", "id": id("drug")}),
        json!({"resourceType": "Binary", "id": id("note"), "contentType": "text/plain", "x-raw": ""}),
        json!({"resourceType": "Binary", "id": id("secret"), "contentType": "text/plain", "data": ""}),
        json!({"resourceType": "Provenance", "id": id("prov"), "target": [refer("Observation", "lab1")]}),
        json!({"resourceType": "Provenance", "id": id("both"), "target": [refer("Observation", "lab1"), refer("Observation", "psy")]}),
    ]
}

/// What the EHR holds.
pub fn ward(extra: Vec<Value>) -> Ward {
    let mut all: Vec<Value> = Vec::new();
    for (at, npi) in NPIS.iter().enumerate() {
        let identifier = json!([{"system": "http://hl7.org/fhir/sid/us-npi", "value": npi}]);
        all.push(json!({"resourceType": "Practitioner", "id": format!("d{at}"), "identifier": identifier, "name": [{"family": "Doc"}]}));
    }
    all.extend(record("kim", "d0"));
    all.extend(record("lee", "d1"));
    all.extend(extra);
    let rows = all.into_iter().map(|one| Row { versions: vec![stamped(one, 1)], deleted: false }).collect();
    // It does what EHRs do: whoever was asked for, everybody's come, and everybody's come along.
    Ward { rows, ignores_patient: true, includes_all: true, page: 100 }
}

pub fn world(ward: Ward, grants: Vec<Grant>) -> World {
    let ward = Arc::new(ward);
    let practice = |npi| Practice { roster: BTreeSet::from([npi]), organization: None };
    World {
        now: NOW,
        providers: [("ana", NPIS[0]), ("ben", NPIS[1])].into(),
        sponsored: [("nia", BTreeSet::from(["ana"]))].into(),
        suspended: BTreeSet::new(),
        practices: [("north", practice(NPIS[0])), ("south", practice(NPIS[1]))].into(),
        grants,
        systems_use_grants: false,
        bodies: ward.clone(),
        care: ward,
    }
}

pub fn asker(actor: &'static str, scopes: &[&'static str], launch: Option<&'static str>) -> Asker {
    let client = match actor {
        "system:north" => "sys-north",
        "system:south" => "sys-south",
        _ => "app",
    };
    Asker { actor, client, scopes: scopes.to_vec(), launch }
}

impl House {
    pub async fn new() -> Self {
        Self::with(Vec::new(), Vec::new()).await
    }

    pub async fn with(extra: Vec<Value>, grants: Vec<Grant>) -> Self {
        let world = world(ward(extra), grants);
        let ehr = Served::start((*world.bodies).clone()).await;
        Self { node: Running::start(ehr, &world).await }
    }

    pub async fn token(
        &self,
        actor: &'static str,
        scopes: &[&'static str],
        launch: Option<&'static str>,
    ) -> String {
        self.node.token(&asker(actor, scopes, launch)).await.0
    }

    pub async fn ana(&self) -> String {
        self.token("ana", &["user/*.rs"], None).await
    }

    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.node.get(path, token).await
    }

    /// `Type/id` of the entries of a searchset, sorted.
    pub async fn names(&self, path: &str, token: &str) -> Vec<String> {
        let answer = self.get(path, token).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        names(&answer)
    }

    /// Changes what the EHR holds of one resource.
    pub fn revise(&self, of: &str, change: impl FnOnce(&mut Value)) {
        let mut served = self.node.ehr.ward.lock();
        let mut ward = (**served).clone();
        let row = ward.rows.iter_mut().find(|row| name(row.last()) == of).unwrap();
        let mut next = row.last().clone();
        change(&mut next);
        let version = row.versions.len() + 1;
        row.versions.push(stamped(next, version));
        *served = Arc::new(ward);
    }

    /// That an answer is the one for what is not there.
    pub async fn is_not_there(&self, answer: &Answer, what: &str) {
        let absent = self.get("/Observation/nothing", &self.ana().await).await;
        assert_eq!(absent.status, 404);
        assert_eq!(told(answer), told(&absent), "{what}");
    }
}

pub fn names(answer: &Answer) -> Vec<String> {
    let entries = answer.json()["entry"].as_array().cloned().unwrap_or_default();
    let mut names: Vec<String> = entries.iter().map(|entry| name(&entry["resource"])).collect();
    names.sort();
    names
}

pub fn next(answer: &Answer) -> Option<String> {
    let bundle = answer.json();
    let next = bundle["link"].as_array()?.iter().find(|link| link["relation"] == "next")?.clone();
    Some(next["url"].as_str().unwrap().strip_prefix(crate::oracle_server::server::BASE).unwrap().to_owned())
}

/// docs/ACCESS.md names each leak with its test, and each test of a leak is named there.
#[test]
fn every_leak_in_the_docs_has_its_test_and_the_reverse() {
    let docs = include_str!("../../../docs/ACCESS.md");
    let sources = [
        include_str!("documents.rs"),
        include_str!("pages.rs"),
        include_str!("replay.rs"),
        include_str!("scopes.rs"),
        include_str!("tells.rs"),
    ];
    let of = |text: &str, before: &str| -> BTreeSet<String> {
        let end = |rest: &str| {
            rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap().to_owned()
        };
        text.split(before).skip(1).map(|rest| format!("leak_{}", end(rest))).collect()
    };
    let tests: BTreeSet<String> = sources.iter().flat_map(|source| of(source, "async fn leak_")).collect();
    let listed = of(docs, "| `leak_");
    assert_eq!(tests, listed);
    assert!(tests.len() >= 12);
}
