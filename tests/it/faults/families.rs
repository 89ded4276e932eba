//! EHRs that behave like the families in `config/ehr/`, and the facade with the settings of that file.

use std::collections::BTreeMap;

use chartgate::config::parse;
use chartgate::sandbox::faults::{Fault, Schedule};

use super::stage::{Setting, Stage, resources};

/// The settings of a profile, as an operator gets them.
pub fn profile(name: &str) -> chartgate::config::EhrSection {
    let text = format!(
        "[server]\npublic_url = \"http://localhost:8080\"\n[database]\nmaster_key = \"{}\"\n[ehr]\nbase_url = \"https://ehr.example/fhir\"\nprofile = \"{name}\"\n[ehr.panel]\nroster_file = \"/tmp/x\"",
        "A".repeat(43)
    );
    parse(&text, "test").unwrap().ehr
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ehr_that_demands_a_category_and_has_small_pages_is_asked_as_it_wants() {
    let section = profile("epic");
    let stage = Stage::set(Setting { profile: Some("epic"), ..Setting::default() }).await;
    let plain = Stage::new().await;
    let right = plain.every(&plain.search("Observation"), 200).await;
    let demands =
        section.required_parameters.iter().map(|(name, required)| (name.clone(), required.any_of.clone()));
    let demands: BTreeMap<String, Vec<String>> = demands.collect();
    stage.ehr.knobs().change(|knobs| {
        knobs.demands = demands;
        knobs.page_cap = 20;
    });
    assert_eq!(stage.every(&stage.search("Observation"), 200).await, right);
    // The very same request, put as it came, is refused there.
    plain.ehr.knobs().change(|knobs| {
        knobs.demands = [("Observation".to_owned(), vec!["category".to_owned(), "code".to_owned()])].into();
    });
    assert_eq!(plain.get(&plain.search("Observation")).await.status, 422);
    // Who names a category gets that alone.
    let labs = stage.get(&format!("{}&category=laboratory&_count=200", stage.search("Observation"))).await;
    assert!(!labs.ids().is_empty() && labs.ids().len() < right.len());
    let asked = stage.proxy.take_passed();
    assert!(asked.iter().any(|passed| passed.request.contains("category=laboratory,vital-signs")));
    assert!(!asked.iter().any(|passed| passed.request.contains("_count=200")), "{asked:?}");
    // What the family does not search by is not offered; the Group is, by another route.
    let statement = stage.get("/metadata").await.json();
    let of = |kind: &str| {
        statement["rest"][0]["resource"].as_array().unwrap().iter().find(|r| r["type"] == kind).cloned()
    };
    let parameters = of("Patient").unwrap()["searchParam"].to_string();
    assert!(!parameters.contains("general-practitioner") && parameters.contains("birthdate"));
    assert!(of("Group").is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ehr_that_caps_its_pages_by_type_gives_pages_of_the_size_that_was_asked_for() {
    let stage = Stage::set(Setting { profile: Some("oracle-health"), ..Setting::default() }).await;
    let plain = Stage::new().await;
    let search = |stage: &Stage| format!("{}&_count=100", stage.search("Observation"));
    let right = plain.get(&search(&plain)).await;
    stage.ehr.knobs().change(|knobs| knobs.page_cap = 30);
    let found = stage.get(&search(&stage)).await;
    assert_eq!(resources(&found), resources(&right));
    assert_eq!(found.ids().len(), 100);
    let first = stage.proxy.take_passed().into_iter().find(|passed| passed.request.contains("Observation?"));
    assert!(first.unwrap().request.contains("_count=50"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ehr_that_throttles_while_pages_are_filled_gives_what_there_is_or_says_so() {
    let stage = Stage::set(Setting { profile: Some("meditech"), ..Setting::default() }).await;
    let search = format!("{}&_count=100", stage.search("Observation"));
    let right = stage.every(&search, 200).await;
    stage.proxy.set(Schedule { one_in: 3, seed: 5, ..Schedule::on(Fault::Throttled, "Observation") });
    for _ in 0..4 {
        let answer = stage.get(&search).await;
        if answer.status == 200 {
            assert!(resources(&answer).iter().all(|(id, found)| right.get(id) == Some(found)));
        } else {
            super::stage::assert_problem(&answer, 503, "throttled", "busy");
        }
    }
}
