//! The directory: what the policy asks, current to the last commit.

use std::time::Duration;

use chartgate::access::sources::{PrimaryCare, RelationshipSource as _, Standing};
use chartgate::access::subject::{Actor, Subject};
use chartgate::domain::account::AccountState;
use chartgate::domain::client::ClientState;
use chartgate::domain::grant::Grant;
use chartgate::domain::ids::{ClientId, GrantId, PracticeId, SponsorshipId};
use chartgate::domain::practice::SponsorshipState;
use chartgate::domain::random::{Random as _, SeededRandom};
use chartgate::store::{Store, StoreError};

use super::on_both;
use super::samples::{
    account_id, client, grant, npi, patient, practice, provider, sponsored, sponsorship, staff,
};
use crate::support::databases::{Database, Kind, START};

on_both! {
    s30_a_provider_stands_in_each_practice_whose_roster_has_the_npi;
    a_practice_knows_its_active_providers;
    d09_practices_are_found_by_npi_and_by_organization;
    s71_a_sponsored_user_stands_behind_each_active_sponsor;
    d06_grants_hold_from_the_commit_and_end_with_the_revocation;
    suspended_clients_and_unknown_accounts_stand_nowhere;
    an_uncommitted_change_is_seen_by_nobody;
    everything_is_there_after_a_restart;
    practices_come_back_as_they_went_in;
    three_ways_of_knowing_agree;
}

fn as_person(account: &str) -> Subject {
    Subject {
        actor: Actor::Account(account_id(account)),
        client: None,
        scopes: std::sync::Arc::default(),
        patient: None,
    }
}

fn standing(store: &Store, account: &str) -> Standing {
    store.directory().standing(&as_person(account))
}

/// The practices of the only provider behind `account`.
fn practices(store: &Store, account: &str) -> Vec<String> {
    let standing = standing(store, account);
    assert!(standing.active);
    assert_eq!(standing.providers.len(), 1);
    standing.providers[0].practices.iter().map(ToString::to_string).collect()
}

fn sponsors(store: &Store, account: &str) -> Vec<String> {
    let standing = standing(store, account);
    assert!(standing.active && standing.providers.iter().all(|provider| provider.sponsor));
    standing.providers.iter().map(|provider| provider.account.to_string()).collect()
}

async fn s30_a_provider_stands_in_each_practice_whose_roster_has_the_npi(kind: Kind) {
    let db = Database::new(kind).await;
    let store = &db.store;
    store.insert_account(&provider("ana", 0)).await.unwrap();
    assert!(practices(store, "ana").is_empty());
    store.insert_practice(&practice("north", None, &[0, 1])).await.unwrap();
    assert_eq!(practices(store, "ana"), ["north"]);
    store.insert_practice(&practice("south", None, &[1])).await.unwrap();
    let south = PracticeId::parse("south").unwrap();
    assert!(store.add_to_roster(&south, &npi(0)).await.unwrap());
    assert!(!store.add_to_roster(&south, &npi(0)).await.unwrap());
    let mut both = practices(store, "ana");
    both.sort();
    assert_eq!(both, ["north", "south"]);
    assert!(store.remove_from_roster(&south, &npi(0)).await.unwrap());
    assert!(!store.remove_from_roster(&south, &npi(0)).await.unwrap());
    assert_eq!(practices(store, "ana"), ["north"]);
    assert!(store.update_practice(&practice("north", None, &[1])).await.unwrap());
    assert!(practices(store, "ana").is_empty());
    assert!(!standing(store, "ana").providers[0].sponsor);
}

async fn a_practice_knows_its_active_providers(kind: Kind) {
    let db = Database::new(kind).await;
    let store = &db.store;
    store.insert_practice(&practice("north", None, &[0, 1])).await.unwrap();
    let providers = || {
        let found = store.directory().providers_of(&PracticeId::parse("north").unwrap());
        let mut found = found.iter().map(ToString::to_string).collect::<Vec<_>>();
        found.sort();
        found
    };
    assert!(providers().is_empty(), "on the roster, but without an account");
    for account in [provider("ana", 0), provider("ben", 1), provider("eve", 2), sponsored("nurse")] {
        store.insert_account(&account).await.unwrap();
    }
    assert_eq!(providers(), ["ana", "ben"]);
    store.set_account_state(&account_id("ben"), AccountState::Suspended).await.unwrap();
    assert_eq!(providers(), ["ana"]);
    store.update_practice(&practice("north", None, &[1, 2])).await.unwrap();
    assert_eq!(providers(), ["eve"]);
}

async fn d09_practices_are_found_by_npi_and_by_organization(kind: Kind) {
    let db = Database::new(kind).await;
    db.store.insert_practice(&practice("north", Some("org-n"), &[0, 1])).await.unwrap();
    db.store.insert_practice(&practice("south", Some("org-s"), &[1])).await.unwrap();
    let found = |npis: &[usize], organizations: &[&str]| {
        let primary_care = PrimaryCare {
            npis: npis.iter().map(|n| npi(*n)).collect(),
            organizations: organizations.iter().map(|id| patient(id)).collect(),
            ..PrimaryCare::default()
        };
        let mut found: Vec<String> =
            db.store.directory().practices_of(&primary_care).iter().map(ToString::to_string).collect();
        found.sort();
        found
    };
    assert_eq!(found(&[0], &[]), ["north"]);
    assert_eq!(found(&[1], &[]), ["north", "south"]);
    assert_eq!(found(&[0, 1], &["org-n"]), ["north", "south"]);
    assert_eq!(found(&[], &["org-s"]), ["south"]);
    assert_eq!(found(&[2], &["org-x"]), [""; 0]);
    db.store.update_practice(&practice("north", None, &[])).await.unwrap();
    assert_eq!(found(&[0, 1], &["org-n"]), ["south"]);
    assert_eq!(
        db.store.insert_practice(&practice("west", Some("org-s"), &[])).await.unwrap_err(),
        StoreError::Conflict("practices.organization")
    );
}

async fn s71_a_sponsored_user_stands_behind_each_active_sponsor(kind: Kind) {
    let db = Database::new(kind).await;
    let store = &db.store;
    for account in [provider("ana", 0), provider("ben", 1), sponsored("nurse")] {
        store.insert_account(&account).await.unwrap();
    }
    assert!(sponsors(store, "nurse").is_empty());
    store.insert_sponsorship(&sponsorship("s1", "ana", "nurse")).await.unwrap();
    store.insert_sponsorship(&sponsorship("s2", "ben", "nurse")).await.unwrap();
    assert_eq!(sponsors(store, "nurse"), ["ana", "ben"]);
    assert_eq!(
        store.insert_sponsorship(&sponsorship("s3", "ana", "nurse")).await.unwrap_err(),
        StoreError::Conflict("sponsorships.pair")
    );
    let s1 = SponsorshipId::parse("s1").unwrap();
    assert!(store.set_sponsorship_state(&s1, SponsorshipState::Suspended).await.unwrap());
    assert_eq!(sponsors(store, "nurse"), ["ben"]);
    assert!(store.set_sponsorship_state(&s1, SponsorshipState::Active).await.unwrap());
    assert_eq!(sponsors(store, "nurse").len(), 2);
    // D-08: a sponsor who leaves takes the records along at once.
    store.set_account_state(&account_id("ben"), AccountState::Suspended).await.unwrap();
    assert_eq!(sponsors(store, "nurse"), ["ana"]);
    assert!(store.set_sponsorship_state(&s1, SponsorshipState::Ended).await.unwrap());
    assert!(sponsors(store, "nurse").is_empty());
    assert!(!store.set_sponsorship_state(&s1, SponsorshipState::Active).await.unwrap(), "over is over");
    assert!(sponsors(store, "nurse").is_empty());
    store.insert_sponsorship(&sponsorship("s4", "ana", "nurse")).await.unwrap();
    assert_eq!(sponsors(store, "nurse"), ["ana"], "a new one after the end of the old");
    let states: Vec<_> =
        store.sponsorships_of(&account_id("nurse")).await.unwrap().iter().map(|s| s.state).collect();
    assert_eq!(states, [SponsorshipState::Ended, SponsorshipState::Active, SponsorshipState::Active]);
    assert_eq!(store.sponsorships_of(&account_id("ana")).await.unwrap().len(), 2);
}

async fn d06_grants_hold_from_the_commit_and_end_with_the_revocation(kind: Kind) {
    let db = Database::new(kind).await;
    let store = &db.store;
    store.insert_account(&provider("ana", 0)).await.unwrap();
    let held =
        |of: &str| -> Vec<Grant> { store.directory().grants(&account_id("ana"), &patient(of)).into_vec() };
    let g1 = grant("00000000000000000000000000000001", "ana", "p1");
    let mut g2 = grant("g2", "ana", "p1");
    g2.ends_at = None;
    store.insert_grant(&g1).await.unwrap();
    assert_eq!(held("p1"), std::slice::from_ref(&g1));
    assert!(held("p2").is_empty());
    store.insert_grant(&g2).await.unwrap();
    assert_eq!(held("p1").len(), 2);
    assert_eq!(store.grants_for_patient(&patient("p1")).await.unwrap(), [g1.clone(), g2.clone()]);
    assert_eq!(store.grants_for_provider(&account_id("ana")).await.unwrap().len(), 2);
    assert!(store.revoke_grant(&g2.id).await.unwrap());
    assert!(!store.revoke_grant(&g2.id).await.unwrap());
    assert!(!store.revoke_grant(&GrantId::parse("zz").unwrap()).await.unwrap());
    assert_eq!(held("p1"), std::slice::from_ref(&g1));
    assert_eq!(store.grant(&g2.id).await.unwrap().unwrap().revoked_at, Some(START));
    db.clock.advance(Duration::from_hours(24));
    assert!(store.grants_for_patient(&patient("p1")).await.unwrap().is_empty(), "its end has come");
    assert!(!held("p1")[0].holds_at(START.plus(Duration::from_hours(24))), "the caller sees that");
}

async fn suspended_clients_and_unknown_accounts_stand_nowhere(kind: Kind) {
    let db = Database::new(kind).await;
    let store = &db.store;
    store.insert_account(&provider("ana", 0)).await.unwrap();
    store.insert_account(&staff("eve")).await.unwrap();
    store.insert_practice(&practice("north", None, &[0])).await.unwrap();
    store.insert_client(&client("app")).await.unwrap();
    let app = ClientId::parse("app").unwrap();
    let mut subject = as_person("ana");
    subject.client = Some(app.clone());
    let directory = store.directory();
    assert!(directory.standing(&subject).active);
    store.set_client_state(&app, ClientState::Suspended).await.unwrap();
    assert_eq!(directory.standing(&subject), Standing::default());
    store.remove_client(&app).await.unwrap();
    assert_eq!(directory.standing(&subject), Standing::default());
    assert_eq!(standing(store, "nobody"), Standing::default());
    assert_eq!(standing(store, "eve"), Standing { active: true, ..Standing::default() });
    let system = |practice: &str| Subject {
        actor: Actor::Practice(PracticeId::parse(practice).unwrap()),
        ..as_person("ana")
    };
    let north = directory.standing(&system("north"));
    assert_eq!((north.active, north.practice), (true, Some(PracticeId::parse("north").unwrap())));
    assert_eq!(directory.standing(&system("nowhere")), Standing::default());
}

async fn an_uncommitted_change_is_seen_by_nobody(kind: Kind) {
    let db = Database::new(kind).await;
    let mut transaction = db.store.begin().await.unwrap();
    transaction.insert_account(&provider("ana", 0)).await.unwrap();
    assert!(!standing(&db.store, "ana").active);
    assert_eq!(db.store.account(&account_id("ana")).await.unwrap(), None);
    drop(transaction);
    assert!(!standing(&db.store, "ana").active);
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
    assert!(standing(&db.store, "ana").active);
}

async fn everything_is_there_after_a_restart(kind: Kind) {
    let db = Database::new(kind).await;
    let store = &db.store;
    for account in [provider("ana", 0), provider("ben", 1), sponsored("nurse")] {
        store.insert_account(&account).await.unwrap();
    }
    store.insert_practice(&practice("north", Some("org-n"), &[0])).await.unwrap();
    store.insert_client(&client("app")).await.unwrap();
    store.insert_sponsorship(&sponsorship("s1", "ana", "nurse")).await.unwrap();
    let g1 = grant("00000000000000000000000000000001", "ben", "p1");
    store.insert_grant(&g1).await.unwrap();
    store.insert_grant(&grant("g2", "ben", "p1")).await.unwrap();
    store.revoke_grant(&GrantId::parse("g2").unwrap()).await.unwrap();

    let again = db.other().await;
    assert_eq!(practices(&again, "ana"), ["north"]);
    assert_eq!(sponsors(&again, "nurse"), ["ana"]);
    assert_eq!(again.directory().grants(&account_id("ben"), &patient("p1")).as_slice(), [g1]);
    assert_eq!(again.client(&ClientId::parse("app").unwrap()).as_deref(), Some(&client("app")));
}

async fn practices_come_back_as_they_went_in(kind: Kind) {
    let db = Database::new(kind).await;
    let (north, south) = (practice("north", Some("org-n"), &[0, 1]), practice("south", None, &[]));
    db.store.insert_practice(&south).await.unwrap();
    db.store.insert_practice(&north).await.unwrap();
    let found = db.store.practice(&north.id).await.unwrap().unwrap();
    assert_eq!((found.name, found.organization), (north.name.clone(), north.organization.clone()));
    assert_eq!(found.roster.len(), 2);
    let names: Vec<_> = db.store.practices().await.unwrap().into_iter().map(|p| p.id).collect();
    assert_eq!(names, [north.id.clone(), south.id.clone()]);
    assert_eq!(db.store.practices_with(&npi(1)).await.unwrap().len(), 1);
    assert_eq!(db.store.practices_with(&npi(2)).await.unwrap().len(), 0);
    assert_eq!(db.store.practice(&PracticeId::parse("nowhere").unwrap()).await.unwrap(), None);
    assert!(!db.store.update_practice(&practice("nowhere", None, &[])).await.unwrap());
}

/// What a store knows by heart of this test's little world, in words.
fn by_heart(store: &Store) -> Vec<String> {
    let directory = store.directory();
    let mut facts = Vec::new();
    for account in ["ana", "ben", "cat", "nurse", "clerk"] {
        let mut standing = standing(store, account);
        standing.providers.sort_by(|a, b| a.account.cmp(&b.account));
        for provider in &mut standing.providers {
            provider.practices.sort();
        }
        facts.push(format!("{account}: {standing:?}"));
        for of in ["p1", "p2"] {
            let mut ids: Vec<_> = directory
                .grants(&account_id(account), &patient(of))
                .into_iter()
                .map(|grant| grant.id.to_string())
                .collect();
            ids.sort();
            facts.push(format!("{account} {of}: {ids:?}"));
        }
    }
    for n in 0..3 {
        let primary_care = PrimaryCare {
            npis: [npi(n)].into_iter().collect(),
            organizations: [patient(&format!("o{n}"))].into_iter().collect(),
            ..PrimaryCare::default()
        };
        let mut found = directory.practices_of(&primary_care);
        found.sort();
        facts.push(format!("{n}: {found:?}"));
    }
    for name in ["north", "south"] {
        let mut people = directory.providers_of(&PracticeId::parse(name).unwrap());
        people.sort();
        facts.push(format!("{name}: {people:?}"));
    }
    facts
}

/// Whatever happens in whatever order, three stores know the same: the one that changed it, one that was told what changed,
/// and one that reads everything afresh.
async fn three_ways_of_knowing_agree(kind: Kind) {
    let db = Database::new(kind).await;
    let follower = db.other().await;
    for account in
        [provider("ana", 0), provider("ben", 1), provider("cat", 2), sponsored("nurse"), sponsored("clerk")]
    {
        db.store.insert_account(&account).await.unwrap();
    }
    db.store.insert_practice(&practice("north", Some("o0"), &[0])).await.unwrap();
    db.store.insert_practice(&practice("south", None, &[1])).await.unwrap();
    let random = SeededRandom::new(7);
    let pick = |below: u8| {
        let mut byte = [0];
        random.fill(&mut byte);
        usize::from(byte[0] % below)
    };
    let providers = ["ana", "ben", "cat"];
    let (mut grants, mut sponsorships) = (0, 0);
    for step in 0..120 {
        let practice_name = ["north", "south"][pick(2)];
        let id = PracticeId::parse(practice_name).unwrap();
        // Either process may be the one that changes something.
        let store = if pick(2) == 0 { &db.store } else { &follower };
        match pick(8) {
            0 => _ = store.add_to_roster(&id, &npi(pick(3))).await.unwrap(),
            1 => _ = store.remove_from_roster(&id, &npi(pick(3))).await.unwrap(),
            2 => {
                let organization = [None, Some("o0"), Some("o1")][pick(3)];
                // The other practice may have it: then nothing changes.
                let roster: Vec<usize> = (0..pick(4)).collect();
                let _ = store.update_practice(&practice(practice_name, organization, &roster)).await;
            }
            3 => {
                let state = [AccountState::Active, AccountState::Suspended][pick(2)];
                let who = [providers[pick(3)], "nurse", "clerk"][pick(3)];
                let _ = store.set_account_state(&account_id(who), state).await.unwrap();
            }
            4 => {
                let new = grant(&format!("g{grants}"), providers[pick(3)], ["p1", "p2"][pick(2)]);
                store.insert_grant(&new).await.unwrap();
                grants += 1;
            }
            5 => {
                let which = GrantId::parse(&format!("g{}", pick(20))).unwrap();
                let _ = store.revoke_grant(&which).await.unwrap();
            }
            6 => {
                let new =
                    sponsorship(&format!("s{sponsorships}"), providers[pick(3)], ["nurse", "clerk"][pick(2)]);
                sponsorships += 1;
                let _ = store.insert_sponsorship(&new).await;
            }
            _ => {
                let which = SponsorshipId::parse(&format!("s{}", pick(12))).unwrap();
                let state =
                    [SponsorshipState::Active, SponsorshipState::Suspended, SponsorshipState::Ended][pick(3)];
                let _ = store.set_sponsorship_state(&which, state).await.unwrap();
            }
        }
        db.store.refresh().await.unwrap();
        follower.refresh().await.unwrap();
        assert_eq!(by_heart(&db.store), by_heart(&follower), "after step {step}");
        if step % 20 == 19 {
            assert_eq!(by_heart(&db.store), by_heart(&db.other().await), "after step {step}");
        }
    }
    assert!(grants > 5 && sponsorships > 5, "the steps are of every kind");
}
