//! Sponsorships step by step, and the calendar of confirming them (S-70, S-71, D-08).

use std::time::Duration;

use chartgate::access::sources::RelationshipSource as _;
use chartgate::access::subject::{Actor, Subject};
use chartgate::domain::account::AccountKind;
use chartgate::domain::practice::SponsorshipState::{Active, Ended, Invited, Suspended};
use chartgate::domain::practice::{Sponsorship, SponsorshipState};

use super::on_both;
use super::samples::{account, account_id, provider};
use crate::support::databases::{Database, Kind, START};

on_both! {
    s70_of_two_steps_at_once_one_takes_place;
    d08_all_of_a_sponsor_stops_at_once;
    s71_reminders_and_lapses_are_claimed_once_on_several_nodes;
    s70_only_the_invitation_that_made_an_account_is_accepted_with_it;
}

fn sponsorship(id: &str, sponsor: &str, sponsored: &str, state: SponsorshipState) -> Sponsorship {
    Sponsorship {
        id: id.parse().unwrap(),
        sponsor: account_id(sponsor),
        sponsored: account_id(sponsored),
        state,
        created_at: START,
    }
}

async fn world(kind: Kind) -> Database {
    let db = Database::new(kind).await;
    for person in [
        provider("ana", 0),
        provider("ben", 1),
        account("jo", AccountKind::Sponsored),
        account("max", AccountKind::Sponsored),
    ] {
        db.store.insert_account(&person).await.unwrap();
    }
    db
}

fn reach(db: &Database, who: &str) -> usize {
    let actor = Actor::Account(account_id(who));
    let subject = Subject { actor, client: None, scopes: std::sync::Arc::default(), patient: None };
    db.store.directory().standing(&subject).providers.len()
}

async fn s70_of_two_steps_at_once_one_takes_place(kind: Kind) {
    let db = world(kind).await;
    let other = db.other().await;
    db.store.insert_sponsorship(&sponsorship("s1", "ana", "jo", Invited)).await.unwrap();
    assert_eq!(reach(&db, "jo"), 0, "an invitation gives nothing");
    let mut tasks = Vec::new();
    for n in 0..10 {
        let store = if n % 2 == 0 { db.store.clone() } else { other.clone() };
        let to = if n < 5 { Active } else { Ended };
        tasks.push(tokio::spawn(async move {
            let mut transaction = store.begin().await.unwrap();
            let done = transaction.step_sponsorship(&"s1".parse().unwrap(), Invited, to).await.unwrap();
            transaction.commit().await.unwrap();
            done
        }));
    }
    let mut done = 0;
    for task in tasks {
        done += usize::from(task.await.unwrap());
    }
    assert_eq!(done, 1);
}

async fn d08_all_of_a_sponsor_stops_at_once(kind: Kind) {
    let db = world(kind).await;
    for new in [
        sponsorship("s1", "ana", "jo", Active),
        sponsorship("s2", "ben", "jo", Active),
        sponsorship("s3", "ana", "max", Invited),
    ] {
        db.store.insert_sponsorship(&new).await.unwrap();
    }
    assert_eq!(reach(&db, "jo"), 2);
    let mut transaction = db.store.begin().await.unwrap();
    assert_eq!(transaction.stop_sponsoring(&account_id("ana")).await.unwrap(), 1);
    transaction.commit().await.unwrap();
    assert_eq!(reach(&db, "jo"), 1, "the other sponsor stays");
    let lines = db.store.staff_of(&account_id("ana")).await.unwrap();
    assert_eq!(
        lines.iter().map(|line| line.state).collect::<Vec<_>>(),
        [Suspended],
        "the invitation is over"
    );
}

async fn s71_reminders_and_lapses_are_claimed_once_on_several_nodes(kind: Kind) {
    let db = world(kind).await;
    let other = db.other().await;
    db.store.insert_sponsorship(&sponsorship("s1", "ana", "jo", Active)).await.unwrap();
    let early = START.minus(Duration::from_secs(1));
    let mut transaction = db.store.begin().await.unwrap();
    assert!(transaction.claim_reminders(early, 1).await.unwrap().is_empty());
    drop(transaction);
    for degree in [1, 2, 3] {
        let mut tasks = Vec::new();
        for n in 0..6 {
            let store = if n % 2 == 0 { db.store.clone() } else { other.clone() };
            tasks.push(tokio::spawn(async move {
                let mut transaction = store.begin().await.unwrap();
                let claimed = if degree < 3 {
                    transaction.claim_reminders(START, degree).await.unwrap()
                } else {
                    transaction.lapse_sponsorships(START).await.unwrap()
                };
                transaction.commit().await.unwrap();
                claimed.len()
            }));
        }
        let mut claimed = 0;
        for task in tasks {
            claimed += task.await.unwrap();
        }
        assert_eq!(claimed, 1, "degree {degree}");
    }
    let line = db.store.staff_of(&account_id("ana")).await.unwrap().pop().unwrap();
    assert_eq!((line.lapsed, line.state), (true, Suspended));
    assert_eq!((line.account, line.attested_at), (account_id("jo"), START), "the other one, and since when");
    let line = db.store.sponsors_of(&account_id("jo")).await.unwrap().pop().unwrap();
    assert_eq!((line.account, line.signed_in_at), (account_id("ana"), None));
}

async fn s70_only_the_invitation_that_made_an_account_is_accepted_with_it(kind: Kind) {
    let db = world(kind).await;
    let mut transaction = db.store.begin().await.unwrap();
    for (id, sponsor, opens) in [("s1", "ana", true), ("s2", "ben", false)] {
        transaction.insert_sponsorship(&sponsorship(id, sponsor, "jo", Invited)).await.unwrap();
        transaction.describe_sponsorship(&id.parse().unwrap(), "Nurse", opens, START).await.unwrap();
    }
    transaction.commit().await.unwrap();
    let mut transaction = db.store.begin().await.unwrap();
    assert!(transaction.accept_opening_sponsorships(&account_id("jo")).await.unwrap());
    transaction.commit().await.unwrap();
    let states: Vec<_> = db
        .store
        .sponsors_of(&account_id("jo"))
        .await
        .unwrap()
        .into_iter()
        .map(|line| (line.id.to_string(), line.state))
        .collect();
    assert!(states.contains(&("s1".to_owned(), Active)) && states.contains(&("s2".to_owned(), Invited)));
    assert_eq!(reach(&db, "jo"), 1);
}
