//! Faults of searchsets: of what is on a page, and of where it goes on.

use chartgate::sandbox::faults::{Fault, Schedule};

use super::stage::{Setting, Stage, assert_problem, resources};
use crate::facade::world::LONGEST_TRAIL;

const TYPES: [&str; 4] = ["Observation", "Condition", "Encounter", "DocumentReference"];

/// Far more pages than the records have.
const PAGES: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d09_what_is_not_the_patients_is_left_out_and_what_is_comes_once() {
    let stage = Stage::new().await;
    for kind in TYPES {
        let search = stage.search(kind);
        let right = stage.every(&search, PAGES).await;
        assert!(!right.is_empty());
        for fault in [
            Fault::IgnoredParameters,
            Fault::DuplicateIds,
            Fault::ForeignEntries,
            Fault::OutcomeEntries,
            Fault::LyingTotal,
        ] {
            let stranger = Some(stage.stranger.clone());
            stage.proxy.set(Schedule { stranger, ..Schedule::on(fault, kind) });
            let found = stage.every(&search, PAGES).await;
            assert_eq!(found, right, "{kind} {fault:?}");
            let counted = stage.get(&format!("{search}&_summary=count")).await;
            assert_eq!(counted.json()["total"], right.len(), "{kind} {fault:?}");
        }
        stage.proxy.heal();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_says_twice_whose_it_is_or_holds_something_of_another_is_withheld() {
    let stage = Stage::new().await;
    let path = stage.observation().await;
    for fault in [Fault::DuplicateKeys, Fault::ForeignContained] {
        let (answer, _) = stage.under(fault, "Observation", &stage.search("Observation")).await;
        assert_eq!((answer.status.as_u16(), resources(&answer).len()), (200, 0), "{fault:?}");
        assert_eq!(answer.json()["total"], 0);
        let (answer, _) = stage.under(fault, "Observation", &path).await;
        assert_problem(&answer, 404, "not-found", &fault.name());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_below_count_are_filled_up() {
    let stage = Stage::new().await;
    for kind in TYPES {
        let search = format!("{}&_count=9", stage.search(kind));
        let first = stage.get(&search).await;
        let (right, all) = (first.ids(), stage.every(&search, PAGES).await);
        stage.proxy.set(Schedule::on(Fault::PageCap, kind));
        let capped = stage.get(&search).await;
        assert_eq!(capped.ids(), right, "{kind}");
        assert_eq!(capped.link("next").is_some(), first.link("next").is_some());
        assert_eq!(stage.every(&search, PAGES).await, all, "{kind}");
        stage.proxy.heal();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn next_links_in_a_circle_come_to_an_end() {
    let stage = Stage::new().await;
    for count in [5, 50] {
        let search = format!("{}&_count={count}", stage.search("Observation"));
        let right = stage.get(&search).await.ids();
        for fault in [Fault::NextToItself, Fault::NextLoop] {
            stage.proxy.set(Schedule::on(fault, "Observation"));
            // The circle has one page of the EHR's; what is on it is given out, then it is noticed.
            let found = stage.every(&search, 12).await;
            assert_eq!(found.into_keys().collect::<Vec<_>>(), {
                let mut right = right.clone();
                right.sort();
                right
            });
            assert!(stage.proxy.take_passed().len() < 60, "{fault:?}");
        }
        stage.proxy.heal();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_next_link_to_another_host_is_not_followed() {
    let stage = Stage::new().await;
    let (answer, asked) =
        stage.under(Fault::NextElsewhere, "Observation", &stage.search("Observation")).await;
    assert_problem(&answer, 502, "exception", "elsewhere");
    assert_eq!(asked, 1);
    stage.proxy.set(Schedule::on(Fault::NextElsewhere, "Observation"));
    stage.get(&format!("{}&_summary=count", stage.search("Observation"))).await;
    assert!(stage.proxy.take_passed().iter().all(|passed| !passed.host.starts_with("localhost")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_without_end_cost_each_request_a_bounded_number() {
    let stage = Stage::new().await;
    let search = format!("{}&_count=5", stage.search("Observation"));
    let right = stage.get(&search).await.ids();
    stage.proxy.take_passed();
    stage.proxy.set(Schedule::on(Fault::NextWithoutEnd, "Observation"));
    let mut next = Some(search.clone());
    for _ in 0..8 {
        let answer = stage.get(&next.expect("it goes on")).await;
        assert_eq!(answer.status, 200);
        assert!(answer.ids().iter().all(|id| right.contains(id)), "the same page again, and nothing else");
        assert!(stage.proxy.take_passed().len() <= 21, "pages of the EHR's for one of ours");
        next = answer.link("next");
    }
    let counted = stage.get(&format!("{search}&_summary=count")).await;
    assert_problem(&counted, 422, "too-costly", "there is no counting them");
    assert!(stage.proxy.take_passed().len() <= 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_without_end_come_to_an_end_when_too_many_were_asked_for() {
    let stage = Stage::new().await;
    stage.proxy.set(Schedule::on(Fault::NextWithoutEnd, "Observation"));
    let mut next = format!("{}&_count=5", stage.search("Observation"));
    stage.proxy.take_passed();
    // One of ours takes at most 20 of the EHR's.
    let mut pages = 0;
    let last = loop {
        let answer = stage.get(&next).await;
        if answer.status != 200 {
            break answer;
        }
        pages += 1;
        assert!(pages <= LONGEST_TRAIL, "it never ends");
        next = answer.link("next").expect("it goes on");
    };
    assert_problem(&last, 502, "exception", "an EHR that goes on for ever is not believed");
    let asked = u32::try_from(stage.proxy.take_passed().len()).unwrap();
    assert!(pages > 8 && asked <= LONGEST_TRAIL + 2 * pages, "{pages} of ours, {asked} of the EHR's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_moves_between_pages_is_shown_as_it_is_when_it_is_read() {
    let stage = Stage::cached().await;
    let search = format!("{}&_count=7", stage.search("Observation"));
    let right = stage.every(&search, PAGES).await;
    for fault in [Fault::MovingPages, Fault::MovedPatient] {
        stage.world.clock.advance(std::time::Duration::from_hours(5));
        stage.ehr.knobs().change(|knobs| knobs.no_validators = true);
        stage.proxy.set(Schedule::on(fault, "Observation"));
        // An entry may come on two pages, never twice on one, and not at all once it is another patient's.
        let found = stage.every(&search, PAGES).await;
        assert_eq!(found, right, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_base_of_the_ehr_counts_once_it_is_configured() {
    let named = Stage::set(Setting { other_base: true, ..Setting::default() }).await;
    let unnamed = Stage::new().await;
    let right = unnamed.every(&unnamed.search("Observation"), PAGES).await;
    for stage in [&named, &unnamed] {
        stage.ehr.knobs().change(|knobs| knobs.absolute_references = true);
        stage.proxy.set(Schedule::on(Fault::OtherBase, "Observation"));
    }
    let found = named.every(&named.search("Observation"), PAGES).await;
    assert_eq!(found.keys().collect::<Vec<_>>(), right.keys().collect::<Vec<_>>());
    assert!(found.values().all(|resource| !resource.to_string().contains("ehr.internal")));
    // Otherwise it is another server, about whose patients nothing is known.
    let answer = unnamed.get(&format!("{}&_count=200", unnamed.search("Observation"))).await;
    assert!(answer.status == 502 || answer.ids().is_empty(), "{}", answer.text());
}
