//! Grants changed and ended (D-06), and coming of age (D-07).

use std::time::Duration;

use chartgate::accounts::AccountsError;
use chartgate::accounts::families::{Choice, Decider};
use chartgate::domain::grant::{DataKind, DataKinds, Grant, GrantedBy};
use chartgate::domain::ids::GrantId;

use super::world::{ALL, DAY, World, by, id, mia};
use crate::store::on_both;
use crate::support::databases::Kind;

on_both! {
    d06_a_change_takes_the_place_of_the_grant_in_one_step;
    d06_a_revocation_can_be_undone_once_within_an_hour;
    d07_a_guardians_grants_end_on_the_birthday_and_the_patients_go_on;
    d07_the_family_is_told_months_before_and_on_the_day_once;
    of_two_changes_at_once_one_holds;
}

async fn d06_a_change_takes_the_place_of_the_grant_in_one_step(kind: Kind) {
    let world = World::new(kind).await;
    let rosa = world.rosa(5);
    let first = world.accounts.give_grant(&rosa, &id("ana"), ALL, &by("rosa")).await.unwrap();
    let labs = Choice { kinds: DataKinds::of(&[DataKind::Labs]), ..ALL };
    let second = world.accounts.change_grant(&rosa, &first.id, labs, &by("rosa")).await.unwrap();
    assert_eq!(world.grants("ana").len(), 1);
    assert_eq!(world.grants("ana")[0].id, second.id);
    assert_eq!(world.grants("ana")[0].kinds, labs.kinds);
    let old = world.db.store.grant(&first.id).await.unwrap().unwrap();
    assert_eq!(old.revoked_at, Some(world.now()));
    // What was replaced can be neither changed, ended nor given back.
    let again = world.accounts.change_grant(&rosa, &first.id, ALL, &by("rosa")).await;
    assert_eq!(again.unwrap_err(), AccountsError::Unknown);
    assert_eq!(
        world.accounts.end_grant(&rosa, &first.id, &by("rosa")).await.unwrap_err(),
        AccountsError::Unknown
    );
    assert_eq!(
        world.accounts.restore_grant(&rosa, &first.id, &by("rosa")).await.unwrap_err(),
        AccountsError::Unknown
    );
    let nothing = Choice { kinds: DataKinds::NONE, ..ALL };
    assert!(world.accounts.change_grant(&rosa, &second.id, nothing, &by("rosa")).await.is_err());
    let leo = Decider { patient: chartgate::domain::ids::FhirId::parse("leo").unwrap(), ..rosa };
    assert_eq!(
        world.accounts.end_grant(&leo, &second.id, &by("rosa")).await.unwrap_err(),
        AccountsError::Unknown
    );
    assert_eq!(world.holding("ana").len(), 1, "nothing of that changed anything");
    assert_eq!(world.whats(), ["grant_add", "grant_replace", "grant_add"]);
}

async fn d06_a_revocation_can_be_undone_once_within_an_hour(kind: Kind) {
    let world = World::new(kind).await;
    let rosa = world.rosa(5);
    let labs =
        Choice { kinds: DataKinds::of(&[DataKind::Labs]), ends_at: Some(world.now().plus(DAY)), ..ALL };
    let first = world.accounts.give_grant(&rosa, &id("ana"), labs, &by("rosa")).await.unwrap();
    world.accounts.end_grant(&rosa, &first.id, &by("rosa")).await.unwrap();
    assert!(world.grants("ana").is_empty());
    let back = world.accounts.restore_grant(&rosa, &first.id, &by("rosa")).await.unwrap();
    assert_eq!((back.kinds, back.ends_at), (labs.kinds, labs.ends_at));
    assert_eq!(
        world.accounts.restore_grant(&rosa, &first.id, &by("rosa")).await.unwrap_err(),
        AccountsError::Unknown
    );
    assert_eq!(world.holding("ana").len(), 1);
    world.accounts.end_grant(&rosa, &back.id, &by("rosa")).await.unwrap();
    world.db.clock.advance(Duration::from_mins(61));
    assert_eq!(
        world.accounts.restore_grant(&rosa, &back.id, &by("rosa")).await.unwrap_err(),
        AccountsError::Unknown
    );
    let mails = world.mails().await;
    let subjects: Vec<_> = mails.iter().map(|mail| mail.subject.contains("ended")).collect();
    assert_eq!(subjects, [false, true, false, true], "the provider is told each time");
}

async fn d07_a_guardians_grants_end_on_the_birthday_and_the_patients_go_on(kind: Kind) {
    let world = World::new(kind).await;
    // What was written down before the birthday was known.
    let unbounded = Grant {
        id: GrantId::parse("old").unwrap(),
        patient: mia(),
        provider: id("ben"),
        granted_by: GrantedBy::Guardian,
        kinds: DataKinds::ALL,
        covers_restricted: false,
        created_at: world.now(),
        ends_at: None,
        revoked_at: None,
    };
    world.db.store.insert_grant(&unbounded).await.unwrap();
    let rosa = world.rosa(1);
    world.accounts.note_family(&rosa).await.unwrap();
    assert_eq!(
        world.grants("ben")[0].ends_at.map(chartgate::domain::clock::Timestamp::as_seconds),
        Some(rosa.adult_at.as_seconds())
    );
    let long = Choice { ends_at: Some(rosa.adult_at.plus(DAY)), ..ALL };
    let given = world.accounts.give_grant(&rosa, &id("ana"), long, &by("rosa")).await.unwrap();
    assert_eq!(given.ends_at, Some(rosa.adult_at), "the earlier of the two");
    let own = Decider { acts_as: GrantedBy::Patient, ..rosa.clone() };
    let own = world.accounts.give_grant(&own, &id("ana"), ALL, &by("rosa")).await.unwrap();
    assert_eq!(own.ends_at, None);
    world.db.clock.advance((DAY * 365).saturating_sub(Duration::from_secs(2)));
    assert_eq!((world.holding("ana").len(), world.holding("ben").len()), (2, 1));
    world.db.clock.advance(Duration::from_secs(2));
    let left: Vec<_> = world.holding("ana").into_iter().map(|grant| grant.id).collect();
    assert_eq!(left, [own.id]);
    assert!(world.holding("ben").is_empty());
}

async fn d07_the_family_is_told_months_before_and_on_the_day_once(kind: Kind) {
    let world = World::new(kind).await;
    let other = world.other().await;
    let rosa = world.rosa(1);
    world.accounts.note_family(&rosa).await.unwrap();
    assert_eq!(world.accounts.tell_of_birthdays().await, Ok(0));
    let announce = world.accounts.majority().announce_at(rosa.adult_at);
    world.db.clock.advance(announce.since(world.now()));
    let (one, two) = tokio::join!(world.accounts.tell_of_birthdays(), other.tell_of_birthdays());
    assert_eq!(one.unwrap() + two.unwrap(), 1, "by whichever process");
    let mails = world.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, "rosa@kids.example");
    assert!(mails[0].body.contains("M. T.") && mails[0].body.contains("cumple 18"), "{}", mails[0].body);
    world.db.clock.advance(rosa.adult_at.since(world.now()));
    assert_eq!(world.accounts.tell_of_birthdays().await, Ok(1));
    assert_eq!(world.accounts.tell_of_birthdays().await, Ok(0));
    let mails = world.mails().await;
    assert!(mails[1].subject.contains("cumplió 18"), "{}", mails[1].subject);
    assert_eq!(mails.len(), 2);
}

async fn of_two_changes_at_once_one_holds(kind: Kind) {
    let world = World::new(kind).await;
    let other = world.other().await;
    let rosa = world.rosa(5);
    let first = world.accounts.give_grant(&rosa, &id("ana"), ALL, &by("rosa")).await.unwrap();
    let narrowed = Choice { kinds: DataKinds::of(&[DataKind::Labs]), ..ALL };
    let rosa_by = by("rosa");
    let (changed, ended) = tokio::join!(
        world.accounts.change_grant(&rosa, &first.id, narrowed, &rosa_by),
        other.end_grant(&rosa, &first.id, &rosa_by),
    );
    assert!(changed.is_ok() != ended.is_ok(), "{changed:?} {ended:?}");
    let held = world.db.store.grants_for_patient(&mia()).await.unwrap();
    assert_eq!(held.len(), usize::from(changed.is_ok()));
}
