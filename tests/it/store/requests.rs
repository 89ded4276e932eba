//! Requests for access, notices, preferences.

use std::time::Duration;

use chartgate::domain::access_request::{AccessRequest, OPEN_FOR, RequestKind, RequestState};
use chartgate::domain::account::AccountKind;
use chartgate::domain::ids::AccessRequestId;
use chartgate::domain::language::Language;
use chartgate::domain::notice::{NewNotice, NoticeDetails, NoticeKind};
use chartgate::store::StoreError;
use chartgate::store::access_requests::Waiting;
use chartgate::store::outbox::NewMail;
use chartgate::store::preferences::Preferences;

use super::on_both;
use super::samples::{account, account_id, patient, provider};
use crate::support::databases::{Database, Kind, START};

on_both! {
    s42_one_open_request_for_a_provider_and_a_patient;
    s41_of_two_answers_at_once_one_wins;
    a_request_ends_with_its_time;
    s41_the_guardians_of_a_patient;
    preferences_are_kept;
    notices_are_counted_and_read;
    a_daily_mail_is_taken_once;
}

fn request(id: &str, provider: &str, of: &str, kind: RequestKind) -> AccessRequest {
    AccessRequest {
        id: AccessRequestId::parse(id).unwrap(),
        kind,
        patient: patient(of),
        provider: account_id(provider),
        initials: "M. T.".to_owned(),
        sought: "sealed".to_owned(),
        reason: "Referred for asthma".to_owned(),
        contact: "555 0100".to_owned(),
        state: RequestState::Asked,
        asked_at: START,
        expires_at: START.plus(OPEN_FOR),
        passed_on_at: None,
        answered_at: None,
        answered_by: None,
        answer: None,
    }
}

async fn s42_one_open_request_for_a_provider_and_a_patient(kind: Kind) {
    let db = Database::new(kind).await;
    let other = db.other().await;
    for account in [provider("ana", 0), provider("ben", 1)] {
        db.store.insert_account(&account).await.unwrap();
    }
    let mut tasks = Vec::new();
    for n in 0..10 {
        let store = if n % 2 == 0 { db.store.clone() } else { other.clone() };
        let asked = request(&format!("r{n}"), "ana", "p1", RequestKind::NonPcp);
        tasks.push(tokio::spawn(async move { store.insert_access_request(&asked).await }));
    }
    let (mut made, mut refused) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => made += 1,
            Err(error) => {
                assert_eq!(error, StoreError::Conflict("access_requests.open"));
                refused += 1;
            }
        }
    }
    assert_eq!((made, refused), (1, 9));
    db.store.insert_access_request(&request("b1", "ben", "p1", RequestKind::Pcp)).await.unwrap();
    db.store.insert_access_request(&request("a2", "ana", "p2", RequestKind::NonPcp)).await.unwrap();
    let open = db.store.open_access_requests_for(&patient("p1")).await.unwrap();
    assert_eq!(open.len(), 1, "a PCP request is not for the family");
    assert_eq!(open[0], request(open[0].id.as_str(), "ana", "p1", RequestKind::NonPcp));
    let queue = db.store.access_request_queue(RequestKind::Pcp, 10).await.unwrap();
    assert_eq!(queue, [request("b1", "ben", "p1", RequestKind::Pcp)]);
    let waiting = db.store.access_requests_waiting(RequestKind::NonPcp).await.unwrap();
    assert_eq!(waiting, Waiting { count: 2, oldest: Some(START) });
    assert_eq!(db.store.access_requests_of(&account_id("ana"), 10).await.unwrap().len(), 2);
}

async fn s41_of_two_answers_at_once_one_wins(kind: Kind) {
    let db = Database::new(kind).await;
    let other = db.other().await;
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
    db.store.insert_access_request(&request("r1", "ana", "p1", RequestKind::Pcp)).await.unwrap();
    let id = AccessRequestId::parse("r1").unwrap();
    let mut tasks = Vec::new();
    for n in 0..10 {
        let (store, id) = (if n % 2 == 0 { db.store.clone() } else { other.clone() }, id.clone());
        tasks.push(tokio::spawn(async move {
            let mut change = store.begin().await.unwrap();
            let won = match n % 5 {
                0 => change.pass_access_request_on(&id).await.unwrap(),
                n => {
                    let state = if n > 2 { RequestState::Granted } else { RequestState::Refused };
                    let by = account_id(&format!("staff{n}"));
                    change
                        .close_access_request(&id, RequestKind::Pcp, state, Some(&by), Some("No."))
                        .await
                        .unwrap()
                }
            };
            change.commit().await.unwrap();
            won
        }));
    }
    let mut won = 0;
    for task in tasks {
        won += i32::from(task.await.unwrap());
    }
    assert_eq!(won, 1);
    let now = db.store.access_request(&id).await.unwrap().unwrap();
    assert!(now.state != RequestState::Asked || now.kind == RequestKind::NonPcp);
    assert_eq!(db.store.latest_access_request(&account_id("ana"), &patient("p1")).await.unwrap(), Some(now));
}

async fn a_request_ends_with_its_time(kind: Kind) {
    let db = Database::new(kind).await;
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
    db.store.insert_access_request(&request("r1", "ana", "p1", RequestKind::NonPcp)).await.unwrap();
    assert!(db.store.expire_access_requests().await.unwrap().is_empty());
    db.clock.advance(OPEN_FOR);
    assert!(db.store.open_access_requests_for(&patient("p1")).await.unwrap().is_empty());
    let id = AccessRequestId::parse("r1").unwrap();
    let mut change = db.store.begin().await.unwrap();
    let late = change.close_access_request(&id, RequestKind::NonPcp, RequestState::Granted, None, None);
    assert!(!late.await.unwrap(), "nobody answers what has ended");
    drop(change);
    // Asking anew does not wait for the job.
    let again = AccessRequest {
        asked_at: START.plus(OPEN_FOR),
        expires_at: START.plus(OPEN_FOR + OPEN_FOR),
        ..request("r2", "ana", "p1", RequestKind::NonPcp)
    };
    db.store.insert_access_request(&again).await.unwrap();
    assert_eq!(db.store.access_request(&id).await.unwrap().unwrap().state, RequestState::Expired);
    db.clock.advance(OPEN_FOR);
    let ended = db.store.expire_access_requests().await.unwrap();
    assert_eq!(ended.iter().map(|ended| ended.id.as_str()).collect::<Vec<_>>(), ["r2"]);
    assert!(db.store.expire_access_requests().await.unwrap().is_empty());
}

async fn s41_the_guardians_of_a_patient(kind: Kind) {
    let db = Database::new(kind).await;
    let guardian = |id: &str, of: &[&str]| {
        account(id, AccountKind::Guardian { patients: of.iter().map(|id| patient(id)).collect() })
    };
    for account in [
        guardian("mom", &["p1", "p2"]),
        guardian("dad", &["p2"]),
        guardian("aunt", &["p11"]),
        provider("p1", 0),
    ] {
        db.store.insert_account(&account).await.unwrap();
    }
    let ids = async |of: &str| {
        let found = db.store.guardians_of(&patient(of)).await.unwrap();
        found.into_iter().map(|account| account.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids("p1").await, ["mom"]);
    assert_eq!(ids("p2").await, ["dad", "mom"]);
    assert!(ids("p").await.is_empty());
}

async fn preferences_are_kept(kind: Kind) {
    let db = Database::new(kind).await;
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
    let ana = account_id("ana");
    assert_eq!(db.store.preferences(&ana).await.unwrap(), Preferences::default());
    assert_eq!(db.store.chosen_preferences(&ana).await.unwrap(), None);
    db.store.set_digest(&ana, true).await.unwrap();
    db.store.set_language(&ana, Language::Es).await.unwrap();
    let chosen = Preferences { language: Language::Es, digest: true };
    assert_eq!(db.store.preferences(&ana).await.unwrap(), chosen);
    db.store.set_digest(&ana, false).await.unwrap();
    assert_eq!(db.store.language_of(&ana).await.unwrap(), Language::Es);
    assert_eq!(db.store.set_digest(&account_id("nobody"), true).await.unwrap_err(), StoreError::Dangling);
}

fn notice(account: &str, kind: NoticeKind) -> NewNotice {
    let details = NoticeDetails { patient: "M. T.".to_owned(), who: "Dr. Ana".to_owned(), href: None };
    NewNotice { account: account_id(account), kind, patient: Some(patient("p1")), details }
}

fn mail(to: &str) -> NewMail {
    NewMail { to: to.to_owned(), subject: "x".to_owned(), body: "y".to_owned(), html: None }
}

async fn notices_are_counted_and_read(kind: Kind) {
    let db = Database::new(kind).await;
    for account in [provider("ana", 0), provider("ben", 1)] {
        db.store.insert_account(&account).await.unwrap();
    }
    let (ana, ben) = (account_id("ana"), account_id("ben"));
    db.store.insert_notice(&notice("ana", NoticeKind::AccessGranted)).await.unwrap();
    db.clock.advance(Duration::from_secs(1));
    db.store.insert_notice(&notice("ana", NoticeKind::AccessRefused)).await.unwrap();
    db.store.insert_notice(&notice("ben", NoticeKind::AccessRefused)).await.unwrap();
    let notices = db.store.notices_of(&ana).await.unwrap();
    assert_eq!(notices[1].new, notice("ana", NoticeKind::AccessGranted));
    assert_eq!(notices.len(), 2);
    assert_eq!(db.store.unread_notices(&ana).await.unwrap(), 2);
    assert!(!db.store.read_notice(&ben, &notices[0].id).await.unwrap(), "another's");
    assert!(db.store.read_notice(&ana, &notices[0].id).await.unwrap());
    assert!(!db.store.read_notice(&ana, &notices[0].id).await.unwrap());
    assert_eq!(db.store.unread_notices(&ana).await.unwrap(), 1);
    assert_eq!(db.store.read_notices(&ana, START).await.unwrap(), 1);
    assert_eq!(db.store.unread_notices(&ana).await.unwrap(), 0);
    assert_eq!(db.store.unread_notices(&ben).await.unwrap(), 1);
    let mut change = db.store.begin().await.unwrap();
    change.insert_notice(&notice("ben", NoticeKind::AccessEnded)).await.unwrap();
    drop(change);
    assert_eq!(db.store.unread_notices(&ben).await.unwrap(), 1, "undone with what caused it");
    db.clock.advance(Duration::from_hours(24 * 400));
    db.store.sweep().await.unwrap();
    assert!(db.store.notices_of(&ana).await.unwrap().is_empty());
}

async fn a_daily_mail_is_taken_once(kind: Kind) {
    let db = Database::new(kind).await;
    let other = db.other().await;
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
    let ana = account_id("ana");
    db.store.tell(&notice("ana", NoticeKind::AccessGranted), &mail("ana@kids.example")).await.unwrap();
    assert_eq!(db.store.mails(10).await.unwrap().len(), 1, "at once by default");
    db.store.set_digest(&ana, true).await.unwrap();
    for kind in [NoticeKind::AccessRefused, NoticeKind::SecurityChanged, NoticeKind::AccessEnded] {
        db.store.tell(&notice("ana", kind), &mail("ana@kids.example")).await.unwrap();
    }
    assert_eq!(db.store.mails(10).await.unwrap().len(), 2, "what concerns security is sent at once");
    let moment = START.plus(Duration::from_hours(1));
    db.clock.advance(Duration::from_hours(2));
    db.store.tell(&notice("ana", NoticeKind::AccessExpired), &mail("ana@kids.example")).await.unwrap();
    assert_eq!(db.store.digests_due(moment, 10).await.unwrap(), std::slice::from_ref(&ana));
    let mut tasks = Vec::new();
    for n in 0..6 {
        let (store, ana) = (if n % 2 == 0 { db.store.clone() } else { other.clone() }, ana.clone());
        tasks.push(tokio::spawn(async move {
            let mut change = store.begin().await.unwrap();
            let taken = change.take_digest(&ana, moment).await.unwrap().len();
            change.commit().await.unwrap();
            taken
        }));
    }
    let mut taken = Vec::new();
    for task in tasks {
        taken.push(task.await.unwrap());
    }
    taken.sort_unstable();
    assert_eq!(taken, [0, 0, 0, 0, 0, 2], "one node has all of them; what came later waits");
    assert!(db.store.digests_due(moment, 10).await.unwrap().is_empty());
}
