//! Accounts, sessions, throttling, saved patients.

use std::time::Duration;

use chartgate::domain::account::AccountState;
use chartgate::domain::secret::TokenHash;
use chartgate::store::StoreError;
use chartgate::store::throttle::{Throttle, ThrottleKind};

use super::on_both;
use super::samples::{account_id, npi, patient, provider, session, sponsored, staff};
use crate::support::databases::{Database, Kind};

on_both! {
    accounts_come_back_as_they_went_in;
    s18_an_email_address_signs_in_one_account;
    sessions_end;
    d04_failures_slow_down_and_are_forgotten;
    d04_failures_at_once_are_counted_one_after_another;
    d04_nobody_is_kept_out_for_long;
    s61_saved_patients;
}

async fn accounts_come_back_as_they_went_in(kind: Kind) {
    let db = Database::new(kind).await;
    let (ana, ben, eve) = (provider("ana", 0), sponsored("ben"), staff("eve"));
    for account in [&ben, &ana, &eve] {
        db.store.insert_account(account).await.unwrap();
    }
    assert_eq!(db.store.account(&ana.id).await.unwrap(), Some(ana.clone()));
    assert_eq!(db.store.account_by_npi(&npi(0)).await.unwrap(), Some(ana.clone()));
    assert_eq!(db.store.account_by_npi(&npi(1)).await.unwrap(), None);
    assert_eq!(db.store.accounts(None, 2).await.unwrap(), [ana.clone(), ben.clone()]);
    assert_eq!(db.store.accounts(Some(&ben.email), 2).await.unwrap(), [eve]);
    assert!(db.store.set_account_state(&ben.id, AccountState::Suspended).await.unwrap());
    assert_eq!(db.store.account(&ben.id).await.unwrap().unwrap().state, AccountState::Suspended);
    assert!(!db.store.set_account_state(&account_id("nobody"), AccountState::Active).await.unwrap());
    assert_eq!(db.store.password_hash(&ana.id).await.unwrap(), None);
    assert!(db.store.set_password_hash(&ana.id, "$argon2id$x").await.unwrap());
    assert_eq!(db.store.password_hash(&ana.id).await.unwrap().as_deref(), Some("$argon2id$x"));
}

async fn s18_an_email_address_signs_in_one_account(kind: Kind) {
    let db = Database::new(kind).await;
    let ana = provider("ana", 0);
    db.store.insert_account(&ana).await.unwrap();
    assert_eq!(db.store.account_by_email(" ANA@Kids.example").await.unwrap(), Some(ana));
    let mut twin = provider("twin", 1);
    "Ana@kids.example".clone_into(&mut twin.email);
    assert_eq!(db.store.insert_account(&twin).await.unwrap_err(), StoreError::Conflict("accounts.email"));
    let same_npi = provider("other", 0);
    assert_eq!(db.store.insert_account(&same_npi).await.unwrap_err(), StoreError::Conflict("accounts.npi"));
    assert_eq!(db.store.accounts(None, 10).await.unwrap().len(), 1);
}

async fn sessions_end(kind: Kind) {
    let db = Database::new(kind).await;
    for account in [provider("ana", 0), provider("ben", 1)] {
        db.store.insert_account(&account).await.unwrap();
    }
    for (name, account) in [("a1", "ana"), ("a2", "ana"), ("a3", "ana"), ("b1", "ben")] {
        db.store.insert_session(&session(name, account)).await.unwrap();
    }
    let live = async |name: &str| db.store.session(&TokenHash::of(name)).await.unwrap();
    assert_eq!(*live("a1").await.unwrap(), session("a1", "ana"));
    assert!(live("zz").await.is_none());

    assert!(db.store.delete_session(&TokenHash::of("a1")).await.unwrap());
    assert!(!db.store.delete_session(&TokenHash::of("a1")).await.unwrap());
    assert!(live("a1").await.is_none());

    db.clock.advance(Duration::from_mins(2));
    let touched = live("a2").await.unwrap();
    db.store.touch_session(&touched).await.unwrap();
    assert!(live("a2").await.unwrap().seen_at > touched.seen_at);

    db.store.set_account_state(&account_id("ben"), AccountState::Suspended).await.unwrap();
    assert!(live("b1").await.is_none(), "of a suspended account");

    assert_eq!(db.store.delete_sessions_of(&account_id("ana")).await.unwrap(), 2);
    assert!(live("a2").await.is_none());

    db.store.insert_session(&session("late", "ana")).await.unwrap();
    db.clock.advance(Duration::from_hours(12));
    assert!(live("late").await.is_none(), "expired");
    assert!(db.store.sweep().await.unwrap() >= 2);
}

async fn d04_failures_slow_down_and_are_forgotten(kind: Kind) {
    let db = Database::new(kind).await;
    let kind = ThrottleKind::SignInAccount;
    for n in 1..=kind.free() {
        let throttle = db.store.throttle_failure(kind, "ana@kids.example").await.unwrap();
        assert_eq!(throttle, Throttle { failures: n, blocked_until: None });
    }
    let sixth = db.store.throttle_failure(kind, "ana@kids.example").await.unwrap();
    assert!(sixth.blocked_until.is_some());
    assert_eq!(db.store.throttle(kind, "ana@kids.example").await.unwrap(), sixth);
    assert_eq!(db.store.throttle(kind, "ben@kids.example").await.unwrap().failures, 0);
    assert_eq!(db.store.throttle(ThrottleKind::SignInAddress, "ana@kids.example").await.unwrap().failures, 0);
    db.clock.advance(Duration::from_secs(2));
    assert_eq!(db.store.throttle(kind, "ana@kids.example").await.unwrap().blocked_until, None);
    db.store.throttle_reset(kind, "ana@kids.example").await.unwrap();
    assert_eq!(db.store.throttle(kind, "ana@kids.example").await.unwrap().failures, 0);

    db.store.throttle_failure(kind, "ana@kids.example").await.unwrap();
    db.clock.advance(Duration::from_mins(61));
    assert_eq!(db.store.throttle(kind, "ana@kids.example").await.unwrap().failures, 0);
    let again = db.store.throttle_failure(kind, "ana@kids.example").await.unwrap();
    assert_eq!(again.failures, 1, "an hour later it begins anew");
}

async fn d04_failures_at_once_are_counted_one_after_another(kind: Kind) {
    let db = Database::new(kind).await;
    let free = ThrottleKind::SignInAccount.free();
    let tasks = (0..20).map(|_| {
        let store = db.store.clone();
        tokio::spawn(async move { store.throttle_attempt(ThrottleKind::SignInAccount, "ana").await })
    });
    let mut allowed = 0;
    for task in tasks.collect::<Vec<_>>() {
        allowed += u32::from(task.await.unwrap().unwrap().is_some());
    }
    assert_eq!(allowed, free + 1, "the last of them is what makes the next wait");
    let throttle = db.store.throttle(ThrottleKind::SignInAccount, "ana").await.unwrap();
    assert_eq!(throttle.failures, free + 1);
    assert!(throttle.blocked_until.is_some());
    db.store.throttle_undo(ThrottleKind::SignInAccount, "ana").await.unwrap();
    let throttle = db.store.throttle(ThrottleKind::SignInAccount, "ana").await.unwrap();
    assert_eq!(throttle, Throttle { failures: free, blocked_until: None });
}

async fn d04_nobody_is_kept_out_for_long(kind: Kind) {
    let db = Database::new(kind).await;
    for _ in 0..40 {
        db.store.throttle_failure(ThrottleKind::SignInAccount, "ana").await.unwrap();
        db.clock.advance(Duration::from_mins(1));
        let throttle = db.store.throttle(ThrottleKind::SignInAccount, "ana").await.unwrap();
        assert_eq!(throttle.blocked_until, None, "a minute at most, after {}", throttle.failures);
    }
}

async fn s61_saved_patients(kind: Kind) {
    let db = Database::new(kind).await;
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
    let ana = account_id("ana");
    assert!(db.store.save_patient(&ana, &patient("p1")).await.unwrap());
    db.clock.advance(Duration::from_secs(1));
    assert!(db.store.save_patient(&ana, &patient("p2")).await.unwrap());
    assert!(!db.store.save_patient(&ana, &patient("p1")).await.unwrap(), "on the list already");
    let saved: Vec<_> =
        db.store.saved_patients(&ana).await.unwrap().into_iter().map(|saved| saved.patient).collect();
    assert_eq!(saved, [patient("p2"), patient("p1")]);
    assert!(db.store.unsave_patient(&ana, &patient("p1")).await.unwrap());
    assert!(!db.store.unsave_patient(&ana, &patient("p1")).await.unwrap());
    assert!(db.store.saved_patients(&account_id("ben")).await.unwrap().is_empty());
}
