//! Set-up links, pass codes, second factors: what works once works once, whoever else tries at the same moment.

use std::time::Duration;

use chartgate::domain::identity::{Factor, FactorKind, PassCodePurpose, Question, SetUpState};
use chartgate::domain::ids::FactorId;
use chartgate::domain::secret::TokenHash;
use chartgate::domain::session::SessionMethod;

use super::on_both;
use super::samples::{account_id, provider};
use crate::support::databases::{Database, Kind, START};

on_both! {
    s17_a_link_is_used_once_by_ten_at_once;
    d01_five_attempts_whoever_makes_them;
    a_period_and_a_recovery_code_are_taken_once;
    a_subject_belongs_to_one_account;
}

async fn s17_a_link_is_used_once_by_ten_at_once(kind: Kind) {
    let db = Database::new(kind).await;
    let other = db.other().await;
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
    let (ana, until) = (account_id("ana"), START.plus(Duration::from_hours(1)));
    let (old, link) = (TokenHash::of("old"), TokenHash::of("link"));
    db.store.insert_set_up(&old, &ana, until).await.unwrap();
    db.store.insert_set_up(&link, &ana, until).await.unwrap();
    assert!(!db.store.use_set_up(&old).await.unwrap(), "a newer one voids it");
    assert_eq!(db.store.set_up(&old).await.unwrap().unwrap().state, SetUpState::Void);
    let mut tasks = Vec::new();
    for n in 0..10 {
        let store = if n % 2 == 0 { db.store.clone() } else { other.clone() };
        tasks.push(tokio::spawn(async move { store.use_set_up(&link).await }));
    }
    let mut won = 0;
    for task in tasks {
        won += i32::from(task.await.unwrap().unwrap());
    }
    assert_eq!(won, 1);
    let late = TokenHash::of("late");
    db.store.insert_set_up(&late, &ana, START).await.unwrap();
    assert!(!db.store.use_set_up(&late).await.unwrap(), "expired");
}

async fn d01_five_attempts_whoever_makes_them(kind: Kind) {
    let db = Database::new(kind).await;
    let other = db.other().await;
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
    let (ana, until) = (account_id("ana"), START.plus(Duration::from_mins(30)));
    let purpose = PassCodePurpose::Password;
    db.store.put_pass_code(&ana, purpose, "first", until).await.unwrap();
    db.store.put_pass_code(&ana, purpose, "second", until).await.unwrap();
    assert_eq!(db.store.try_pass_code(&ana, PassCodePurpose::Questions).await.unwrap(), None);
    let mut tasks = Vec::new();
    for n in 0..12 {
        let store = if n % 2 == 0 { db.store.clone() } else { other.clone() };
        let ana = ana.clone();
        tasks.push(tokio::spawn(async move { store.try_pass_code(&ana, purpose).await }));
    }
    let mut tried = Vec::new();
    for task in tasks {
        tried.extend(task.await.unwrap().unwrap());
    }
    assert_eq!(tried, ["second"; 5]);
    assert!(!db.store.use_pass_code(&ana, purpose, "first").await.unwrap());
    assert!(db.store.use_pass_code(&ana, purpose, "second").await.unwrap());
    assert!(!db.store.use_pass_code(&ana, purpose, "second").await.unwrap());
}

async fn a_period_and_a_recovery_code_are_taken_once(kind: Kind) {
    let db = Database::new(kind).await;
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
    let (ana, id) = (account_id("ana"), FactorId::parse("app").unwrap());
    let factor = Factor {
        id: id.clone(),
        account: ana.clone(),
        kind: FactorKind::Totp,
        name: "Phone".to_owned(),
        credential: None,
        sealed: "sealed".to_owned(),
        created_at: START,
        used_at: None,
    };
    db.store.insert_factor(&factor, 7).await.unwrap();
    assert_eq!(db.store.factors(&ana).await.unwrap(), [factor]);
    for (step, taken) in [(7, false), (6, false), (8, true), (8, false), (9, true)] {
        assert_eq!(db.store.take_totp_step(&id, step).await.unwrap(), taken, "{step}");
    }
    let code = TokenHash::of("code");
    db.store.set_recovery_codes(&ana, &[code, TokenHash::of("other")]).await.unwrap();
    assert!(db.store.use_recovery_code(&ana, &code).await.unwrap());
    assert!(!db.store.use_recovery_code(&ana, &code).await.unwrap());
    assert_eq!(db.store.recovery_codes_left(&ana).await.unwrap(), 1);
    assert!(!db.store.delete_factor(&id, &account_id("ben")).await.unwrap(), "not another's");
    assert!(db.store.delete_factor(&id, &ana).await.unwrap());
    let answers = vec![(Question::Pet, "a".to_owned()), (Question::Job, "b".to_owned())];
    db.store.set_secure_answers(&ana, &answers).await.unwrap();
    assert_eq!(db.store.secure_answers(&ana).await.unwrap(), answers);
}

async fn a_subject_belongs_to_one_account(kind: Kind) {
    let db = Database::new(kind).await;
    for (name, n) in [("ana", 0), ("ben", 1)] {
        db.store.insert_account(&provider(name, n)).await.unwrap();
    }
    let way = SessionMethod::ChildrensId;
    let link = async |subject: &str, account: &str, way| {
        let mut transaction = db.store.begin().await.unwrap();
        transaction.link_federated(way, subject, &account_id(account), None).await?;
        transaction.commit().await
    };
    link("s1", "ana", way).await.unwrap();
    assert!(link("s1", "ben", way).await.is_err(), "one subject, one account");
    assert!(link("s2", "ana", way).await.is_err(), "one account, one subject at a provider");
    link("s1", "ana", SessionMethod::PatientPortal).await.unwrap();
    assert_eq!(db.store.federated(way, "s1").await.unwrap().unwrap().account, account_id("ana"));
    assert!(db.store.federated(way, "s3").await.unwrap().is_none());
    assert!(!db.store.is_federated(&account_id("ben")).await.unwrap());
}
