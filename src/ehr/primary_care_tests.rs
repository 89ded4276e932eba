//! PCP facts: S-30, S-33, D-09.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::access::permit::PanelLookup;
use crate::access::sources::{FactsUnavailable, PrimaryCare};
use crate::domain::clock::ManualClock;
use crate::domain::ids::{FhirId, Npi};

use super::faulty::{Act, Faulty, connect};
use super::options::{BreakerOptions, PrimaryCareOptions};
use super::primary_care::EhrPrimaryCare;

const ANA: &str = "1234567893";
const BEN: &str = "1000000004";

/// A hospital whose records can be changed and which can be cut off.
struct World {
    server: Faulty,
    records: Arc<Mutex<HashMap<String, String>>>,
    cut_off: Arc<Mutex<bool>>,
    care: Arc<EhrPrimaryCare>,
    clock: Arc<ManualClock>,
}

fn id(text: &str) -> FhirId {
    FhirId::parse(text).unwrap()
}

fn practitioner(npi: &str) -> String {
    format!(
        r#"{{"resourceType":"Practitioner","id":"x","identifier":[{{"system":"http://hl7.org/fhir/sid/us-npi","value":"{npi}"}}]}}"#
    )
}

fn patient(references: &[&str]) -> String {
    let list: Vec<_> = references.iter().map(|r| format!(r#"{{"reference":"{r}"}}"#)).collect();
    format!(r#"{{"resourceType":"Patient","id":"p","generalPractitioner":[{}]}}"#, list.join(","))
}

impl World {
    async fn new() -> Self {
        let records = Arc::new(Mutex::new(HashMap::new()));
        let cut_off = Arc::new(Mutex::new(false));
        let (known, down) = (Arc::clone(&records), Arc::clone(&cut_off));
        let server = Faulty::start(move |heard, _| {
            if *down.lock() {
                return Act::status(503);
            }
            let known = known.lock();
            known.get(heard.path.trim_start_matches("/fhir").trim_start_matches('/')).map_or(
                Act::status(404),
                |record: &String| match record.as_str() {
                    "forbidden" => Act::status(403),
                    record => Act::After(Duration::from_millis(5), Box::new(Act::json(record))),
                },
            )
        })
        .await;
        let mut options = server.options();
        options.retries = 0;
        options.breaker = BreakerOptions { failures: 1000, ..BreakerOptions::default() };
        let (ehr, clock) = connect(&options);
        let care = EhrPrimaryCare::new(Arc::new(ehr), PrimaryCareOptions::default(), Arc::clone(&clock) as _);
        let world = Self { server, records, cut_off, care: Arc::new(care), clock };
        world.set("Practitioner/ana", &practitioner(ANA));
        world.set("Practitioner/ben", &practitioner(BEN));
        world
    }

    /// The resource at `path`, with the id that it has there.
    fn set(&self, path: &str, record: &str) {
        let mut record = record.to_owned();
        if let Ok(mut json) = serde_json::from_str::<serde_json::Value>(&record)
            && json["resourceType"] != "Bundle"
        {
            json["id"] = path.rsplit('/').next().into();
            record = json.to_string();
        }
        self.records.lock().insert(path.to_owned(), record);
    }

    async fn npis(&self) -> Vec<String> {
        let care = self.care().await.unwrap();
        care.npis.iter().map(|npi| npi.as_str().to_owned()).collect()
    }

    async fn care(&self) -> Result<Arc<PrimaryCare>, FactsUnavailable> {
        self.care.look_up(&id("p")).await
    }
}

#[tokio::test]
async fn d09_all_three_forms_resolve_and_several_pcps_all_count() {
    let world = World::new().await;
    let role = r#"{"resourceType":"PractitionerRole","id":"r","practitioner":{"reference":"Practitioner/ben"},"organization":{"reference":"Organization/o1"}}"#;
    world.set("PractitionerRole/r", role);
    let only_org =
        r#"{"resourceType":"PractitionerRole","id":"s","organization":{"reference":"Organization/o2"}}"#;
    world.set("PractitionerRole/s", only_org);
    let ended = r#"{"resourceType":"PractitionerRole","id":"t","active":false,"organization":{"reference":"Organization/o4"}}"#;
    world.set("PractitionerRole/t", ended);
    world.set(
        "Patient/p",
        &patient(&[
            "Practitioner/ana",
            "PractitionerRole/r",
            "PractitionerRole/s",
            "PractitionerRole/t",
            "Organization/o3",
            "Practitioner/nobody",
        ]),
    );
    let care = world.care().await.unwrap();
    let mut npis: Vec<_> = care.npis.iter().map(Npi::as_str).collect();
    npis.sort_unstable();
    assert_eq!(npis, [BEN, ANA]);
    let mut organizations: Vec<_> = care.organizations.iter().map(FhirId::as_str).collect();
    organizations.sort_unstable();
    assert_eq!(
        organizations,
        ["o2", "o3"],
        "a role that names a practitioner does not open its organization"
    );
}

#[tokio::test]
async fn s33_a_pcp_change_shows_within_five_minutes_both_ways() {
    let world = World::new().await;
    world.set("Patient/p", &patient(&["Practitioner/ana"]));
    assert_eq!(world.npis().await, [ANA]);
    world.set("Patient/p", &patient(&["Practitioner/ben"]));
    world.clock.advance(Duration::from_secs(299));
    assert_eq!(world.npis().await, [ANA], "remembered");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.npis().await, [BEN]);
}

#[tokio::test]
async fn s33_the_bound_holds_through_every_link_of_the_chain() {
    let world = World::new().await;
    world.set("Patient/p", &patient(&["Practitioner/ana"]));
    world.set("Patient/q", &patient(&["Practitioner/ana"]));
    world.care.look_up(&id("q")).await.unwrap();
    // The practitioner is known for two minutes when p is first asked about; the whole may still be no older than five.
    world.clock.advance(Duration::from_mins(2));
    assert_eq!(world.npis().await, [ANA]);
    world.set("Practitioner/ana", &practitioner(BEN));
    world.clock.advance(Duration::from_secs(181));
    assert_eq!(world.npis().await, [BEN]);
}

#[tokio::test]
async fn concurrent_questions_make_one_request_and_known_facts_none() {
    let world = Arc::new(World::new().await);
    world.set("Patient/p", &patient(&["Practitioner/ana"]));
    let askers: Vec<_> = (0..30)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.npis().await })
        })
        .collect();
    for asker in askers {
        assert_eq!(asker.await.unwrap(), [ANA]);
    }
    assert_eq!(world.server.calls(), 2, "Patient and Practitioner");
    assert_eq!(world.npis().await, [ANA]);
    assert_eq!(world.server.calls(), 2);
}

#[tokio::test]
async fn facts_outlive_an_outage_up_to_their_own_limit() {
    let world = World::new().await;
    world.set("Patient/p", &patient(&["Practitioner/ana"]));
    assert_eq!(world.npis().await, [ANA]);
    *world.cut_off.lock() = true;
    world.clock.advance(Duration::from_secs(3599));
    assert_eq!(world.npis().await, [ANA]);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.care().await, Err(FactsUnavailable));
    *world.cut_off.lock() = false;
    assert_eq!(world.npis().await, [ANA]);
}

#[tokio::test]
async fn an_unknown_patient_has_no_pcp_and_one_bad_reference_does_not_hide_the_others() {
    let world = World::new().await;
    assert_eq!(*world.care().await.unwrap(), PrimaryCare::default());
    world.care.forget(&crate::access::forget::Forget::Patient(id("p")));
    world.set("Patient/p", &patient(&["Practitioner/secret", "Practitioner/odd", "Practitioner/ana"]));
    world.set("Practitioner/secret", "forbidden");
    world.set("Practitioner/odd", "not json");
    assert_eq!(world.npis().await, [ANA]);
}

#[tokio::test]
async fn the_panel_is_found_by_every_reference_and_its_facts_are_learnt_on_the_way() {
    let world = World::new().await;
    let bundle = |resources: &[String], next: Option<&str>| {
        let entries: Vec<_> = resources.iter().map(|r| format!(r#"{{"resource":{r}}}"#)).collect();
        let link = next.map_or(String::new(), |next| {
            format!(r#""link":[{{"relation":"next","url":"{}{next}"}}],"#, world.server.base)
        });
        format!(r#"{{"resourceType":"Bundle",{link}"entry":[{}]}}"#, entries.join(","))
    };
    let named = |id: &str, gp: &str| patient(&[gp]).replace(r#""id":"p""#, &format!(r#""id":"{id}""#));
    world.set(
        &format!("Practitioner?identifier=http%3A%2F%2Fhl7.org%2Ffhir%2Fsid%2Fus-npi%7C{ANA}&_count=200"),
        &bundle(&[practitioner(ANA).replace(r#""id":"x""#, r#""id":"ana""#)], None),
    );
    let role =
        r#"{"resourceType":"PractitionerRole","id":"r","practitioner":{"reference":"Practitioner/ana"}}"#;
    world.set("PractitionerRole?practitioner=Practitioner/ana&_count=200", &bundle(&[role.to_owned()], None));
    world.set("PractitionerRole/r", role);
    world.set(
        "Patient?general-practitioner=Organization/o1,Practitioner/ana,PractitionerRole/r&_count=200",
        &bundle(&[named("p1", "Practitioner/ana"), named("p2", "PractitionerRole/r")], Some("?page=2")),
    );
    // The EHR returns somebody who was not asked for: a candidate whose facts say otherwise.
    let strays = [named("p3", "Organization/o1"), named("p4", "Practitioner/ben"), "{}".to_owned()];
    world.set("?page=2", &bundle(&strays, None));
    let mut roster = PrimaryCare::default();
    roster.npis.push(Npi::parse(ANA).unwrap());
    roster.organizations.push(id("o1"));
    let found = world.care.find_panel(&PanelLookup::for_tests(roster, Vec::new())).await.unwrap();
    assert_eq!(found, [id("p1"), id("p2"), id("p3"), id("p4")]);
    let calls = world.server.calls();
    for (patient, npi) in [("p1", Some(ANA)), ("p2", Some(ANA)), ("p3", None), ("p4", Some(BEN))] {
        let care = world.care.look_up(&id(patient)).await.unwrap();
        assert_eq!(care.npis.first().map(Npi::as_str), npi, "{patient}");
    }
    assert_eq!(world.server.calls(), calls, "learnt on the way");
}

#[tokio::test]
async fn a_number_with_a_wrong_check_digit_makes_nobody_a_pcp() {
    let world = World::new().await;
    world.set("Practitioner/typo", &practitioner("1234567890"));
    world.set("Patient/p", &patient(&["Practitioner/typo"]));
    assert_eq!(*world.care().await.unwrap(), PrimaryCare::default());
}

#[tokio::test]
async fn a_patient_that_cannot_be_read_gives_no_facts() {
    let world = World::new().await;
    for broken in ["not json", r#"{"resourceType":"Observation"}"#, "forbidden"] {
        world.set("Patient/p", broken);
        assert_eq!(world.care().await, Err(FactsUnavailable), "{broken}");
    }
}
