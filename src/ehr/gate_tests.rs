//! Turns at the EHR: bounds, fairness, lent turns, and that nothing is left behind. What comes next is told by order, not by the
//! clock.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use proptest::prelude::*;
use tokio::time::Instant;

use crate::access::payer::Payer;
use crate::access::subject::Actor;
use crate::access::upstream::{UpstreamError, Validator};
use crate::domain::ids::{AccountId, ClientId, FhirId, PracticeId};
use crate::fhir::interaction::Interaction;
use crate::fhir::resource_type::ResourceType;

use super::client::Ehr;
use super::faulty::{Act, Faulty, connect};
use super::gate::{Asker, Gate, Lane, Place, Places};

const PLACES: Places = Places { all: 8, per_client: 6, per_caller: 4 };

fn person(name: &str) -> Payer {
    Payer::Caller {
        actor: Actor::Account(AccountId::parse(name).unwrap()),
        client: Some(ClientId::parse("viewer").unwrap()),
    }
}

fn system(name: &str) -> Payer {
    Payer::Caller {
        actor: Actor::Practice(PracticeId::parse(name).unwrap()),
        client: Some(ClientId::parse(name).unwrap()),
    }
}

fn matter(id: &str) -> Interaction {
    Interaction::Read { resource_type: ResourceType::Patient, id: FhirId::parse(id).unwrap() }
}

fn body(payer: &Payer, of: Option<&str>) -> Asker {
    Asker { payer: payer.clone(), lane: Lane::Bodies, matter: of.map(matter) }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

fn now() -> Instant {
    Instant::now()
}

/// A place, if it is to be had at once.
fn at_once(gate: &Gate, asker: &Asker) -> Option<Place> {
    gate.enter(asker, soon()).now_or_never().map(|place| place.unwrap())
}

#[tokio::test]
async fn a_caller_and_a_client_have_their_bounds_and_leave_room_for_others() {
    let gate = Gate::new(PLACES);
    let mut held = Vec::new();
    while let Some(place) = at_once(&gate, &body(&system("north"), None)) {
        held.push(place);
    }
    assert_eq!(held.len(), 4, "one caller");
    let before = held.len();
    for name in ["ana", "ben", "cal"] {
        while let Some(place) = at_once(&gate, &body(&person(name), None)) {
            held.push(place);
        }
    }
    assert_eq!(held.len() - before, 4, "all places are taken");
    held.truncate(2);
    let before = held.len();
    for name in ["ana", "ben", "cal"] {
        while let Some(place) = at_once(&gate, &body(&person(name), None)) {
            held.push(place);
        }
    }
    assert_eq!(held.len() - before, 6, "one client with all its users");
    drop(held);
    assert!(gate.is_idle());
}

#[tokio::test]
async fn the_policys_questions_do_not_wait_behind_bodies() {
    let gate = Gate::new(PLACES);
    let north = system("north");
    let bodies: Vec<_> = (0..4).map(|_| at_once(&gate, &body(&north, None)).unwrap()).collect();
    assert!(at_once(&gate, &body(&north, None)).is_none());
    let facts: Vec<_> = (0..2).map(|_| at_once(&gate, &Asker::of_facts(&north)).unwrap()).collect();
    assert!(at_once(&gate, &Asker::of_facts(&north)).is_none(), "half as many");
    drop((bodies, facts));
    assert!(gate.is_idle());
}

#[tokio::test]
async fn who_waits_in_vain_is_told_whose_fault_it_is() {
    let gate = Gate::new(PLACES);
    let _held: Vec<_> = (0..4).map(|_| at_once(&gate, &body(&system("north"), None)).unwrap()).collect();
    let own = gate.enter(&body(&system("north"), None), now()).await.unwrap_err();
    assert_eq!(own, UpstreamError::Crowded);
    let _others: Vec<_> = (0..4).map(|_| at_once(&gate, &body(&system("south"), None)).unwrap()).collect();
    let all = gate.enter(&body(&person("ana"), None), now()).await.unwrap_err();
    assert!(matches!(all, UpstreamError::Unavailable { retry_after: Some(wait) } if wait > Duration::ZERO));
}

#[tokio::test]
async fn whoever_waits_for_the_same_lends_a_turn() {
    let gate = Gate::new(PLACES);
    let (north, ana) = (system("north"), person("ana"));
    let mut held: Vec<_> = (0..4).map(|_| at_once(&gate, &body(&north, None)).unwrap()).collect();
    let asker = body(&north, Some("p"));
    let mut waits = Box::pin(gate.enter(&asker, soon()));
    assert!(waits.as_mut().now_or_never().is_none(), "north has its share");
    let interest = gate.interest(&matter("p"), ana.clone());
    let lent = waits.now_or_never().expect("on ana's turn").unwrap();
    // The other way round: who was interested before lends a turn to who asks later.
    let other = gate.interest(&matter("q"), ana.clone());
    let asker = body(&north, Some("q"));
    held.push(at_once(&gate, &asker).expect("on ana's turn"));
    drop((interest, other));
    let asker = body(&north, Some("r"));
    assert!(at_once(&gate, &asker).is_none(), "nobody lends any more");
    drop((held, lent));
    assert!(gate.is_idle());
}

#[tokio::test]
async fn a_place_given_to_somebody_who_has_left_is_free() {
    let gate = Gate::new(Places { all: 1, per_client: 1, per_caller: 1 });
    let held = at_once(&gate, &body(&person("ana"), None)).unwrap();
    let (ben, cal) = (body(&person("ben"), Some("p")), body(&person("cal"), None));
    let mut gone = Box::pin(gate.enter(&ben, soon()));
    let mut next = Box::pin(gate.enter(&cal, soon()));
    assert!(gone.as_mut().now_or_never().is_none() && next.as_mut().now_or_never().is_none());
    drop(held);
    drop(gone);
    drop(next.now_or_never().expect("the place came back").unwrap());
    assert!(gate.is_idle());
}

proptest! {
    /// Whatever comes and goes in whatever order: no bound is passed, no place idles while somebody within bounds waits, and
    /// nothing is left in the end.
    #[test]
    fn bounds_hold_and_nothing_is_left(steps in prop::collection::vec((0_usize..5, 0_usize..5, any::<prop::sample::Index>()), 1..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let gate = Gate::new(PLACES);
            let callers = [system("north"), system("south"), person("ana"), person("ben"), person("cal")];
            let (mut held, mut waiting, mut interests) = (Vec::new(), Vec::new(), Vec::new());
            for (act, caller, pick) in steps {
                let payer = &callers[caller];
                match act {
                    0 | 1 => {
                        let (gate, asker) = (gate.clone(), body(payer, Some(["p", "q"][act])));
                        waiting.push((payer.clone(), Box::pin(async move { gate.enter(&asker, soon()).await })));
                    }
                    2 if !held.is_empty() => drop(held.remove(pick.index(held.len()))),
                    3 if !waiting.is_empty() => drop(waiting.remove(pick.index(waiting.len()))),
                    4 => interests.push(gate.interest(&matter("p"), payer.clone())),
                    _ => interests.clear(),
                }
                let mut still = Vec::new();
                for (payer, mut waits) in waiting {
                    match waits.as_mut().now_or_never() {
                        Some(place) => held.push(place.unwrap()),
                        None => still.push((payer, waits)),
                    }
                }
                waiting = still;
                let mut by_payer = HashMap::<_, usize>::new();
                let mut by_client = HashMap::<_, usize>::new();
                for place in &held {
                    *by_payer.entry(place.payer().clone()).or_default() += 1;
                    *by_client.entry(place.payer().client().cloned()).or_default() += 1;
                }
                assert!(held.len() <= 8 && by_payer.values().all(|n| *n <= 4) && by_client.values().all(|n| *n <= 6));
                for (payer, _) in &waiting {
                    let own = by_payer.get(payer).copied().unwrap_or(0) >= 4;
                    let client = by_client.get(&payer.client().cloned()).copied().unwrap_or(0) >= 6;
                    assert!(held.len() == 8 || own || client, "a place idles");
                }
            }
            drop((held, waiting, interests));
            assert!(gate.is_idle());
        });
    }
}

/// The order in which the EHR heard of them.
fn order(server: &Faulty) -> Vec<String> {
    server.heard().iter().map(|heard| heard.path.rsplit('/').next().unwrap().to_owned()).collect()
}

fn spawn(ehr: &Arc<Ehr>, payer: Payer, id: String) -> tokio::task::JoinHandle<bool> {
    let ehr = Arc::clone(ehr);
    tokio::spawn(async move { ehr.ask_for(payer, &matter(&id), Validator::default()).await.is_ok() })
}

#[tokio::test]
async fn a_system_that_asks_two_hundred_things_does_not_hold_up_a_clinician() {
    let server = Faulty::start(|heard, _| {
        let id = heard.path.rsplit('/').next().unwrap();
        let json = format!(r#"{{"resourceType":"Patient","id":"{id}"}}"#);
        Act::After(Duration::from_millis(20), Box::new(Act::json(&json)))
    })
    .await;
    let mut options = server.options();
    (options.concurrency, options.concurrency_per_caller) = (8, Some(4));
    let ehr = Arc::new(connect(&options).0);
    let mut asks: Vec<_> = (0..200).map(|n| spawn(&ehr, system("north"), format!("n{n}"))).collect();
    while server.calls() < 12 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let before = server.calls();
    asks.extend((0..3).map(|n| spawn(&ehr, person("ana"), format!("ana{n}"))));
    for ask in asks {
        assert!(ask.await.unwrap());
    }
    let order = order(&server);
    assert_eq!(order.len(), 203);
    for n in 0..3 {
        let at = order.iter().position(|id| *id == format!("ana{n}")).unwrap();
        // What was on its way already, and what was let in at the same moment.
        assert!(at <= before + 8, "{n} was heard as number {at}, asked after {before}");
    }
    assert!(server.most_at_once() <= 7, "four of the system and three of the clinician");
}
