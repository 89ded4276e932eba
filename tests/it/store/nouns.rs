//! Keys, mails, leases.

use std::time::Duration;

use chartgate::store::StoreError;
use chartgate::store::keys::{KeyPurpose, KeyState, StoredKey};
use chartgate::store::outbox::NewMail;

use super::on_both;
use crate::support::databases::{Database, Kind, START};

on_both! {
    keys_rotate;
    mails_are_claimed_once_and_tried_again;
    a_lease_has_one_holder;
}

fn key(kid: &str, purpose: KeyPurpose) -> StoredKey {
    StoredKey {
        kid: kid.to_owned(),
        purpose,
        algorithm: "RS256".to_owned(),
        sealed: "sealed".to_owned(),
        state: KeyState::Active,
        created_at: START,
        retired_at: None,
    }
}

async fn keys_rotate(kind: Kind) {
    let db = Database::new(kind).await;
    let first = key("k1", KeyPurpose::IdToken);
    db.store.insert_first_key(&first).await.unwrap();
    db.store.insert_first_key(&key("e1", KeyPurpose::EhrClient)).await.unwrap();
    assert_eq!(
        db.store.insert_first_key(&key("k2", KeyPurpose::IdToken)).await.unwrap_err(),
        StoreError::Conflict("signing_keys.active")
    );
    db.clock.advance(Duration::from_secs(1));
    db.store.rotate_key(&key("k3", KeyPurpose::IdToken)).await.unwrap();
    let keys = db.store.keys().await.unwrap();
    let state = |kid: &str| keys.iter().find(|key| key.kid == kid).map(|key| key.state);
    assert_eq!(state("k1"), Some(KeyState::Retiring));
    assert_eq!(state("k3"), Some(KeyState::Active));
    assert_eq!(state("e1"), Some(KeyState::Active), "another purpose is left alone");
    assert_eq!(db.store.remove_retired_keys(START).await.unwrap(), 0);
    assert_eq!(db.store.remove_retired_keys(START.plus(Duration::from_secs(2))).await.unwrap(), 1);
    assert_eq!(db.store.keys().await.unwrap().len(), 2);
}

fn mail(subject: &str) -> NewMail {
    NewMail {
        to: "ana@kids.example".to_owned(),
        subject: subject.to_owned(),
        body: "Hello".to_owned(),
        html: None,
    }
}

async fn mails_are_claimed_once_and_tried_again(kind: Kind) {
    let db = Database::new(kind).await;
    for subject in ["one", "two", "three"] {
        db.store.queue_mail(&mail(subject)).await.unwrap();
    }
    let depth = db.store.outbox_depth().await.unwrap();
    assert_eq!((depth.waiting, depth.oldest), (3, Some(START)));
    let first = db.store.claim_mails(2).await.unwrap();
    assert_eq!(first.iter().map(|queued| queued.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(first[0].mail, mail("one"));
    let second = db.store.claim_mails(10).await.unwrap();
    assert_eq!(second.iter().map(|queued| queued.number).collect::<Vec<_>>(), [3]);
    assert!(db.store.claim_mails(10).await.unwrap().is_empty(), "all are claimed");
    db.store.mail_sent(1).await.unwrap();
    db.store.mail_failed(2, Some(START.plus(Duration::from_mins(1))), "busy").await.unwrap();
    db.store.mail_failed(3, None, "refused").await.unwrap();
    assert_eq!(db.store.outbox_depth().await.unwrap().waiting, 1, "one is sent, one given up");
    db.clock.advance(Duration::from_mins(1));
    let again = db.store.claim_mails(10).await.unwrap();
    assert_eq!(again.iter().map(|queued| (queued.number, queued.attempts)).collect::<Vec<_>>(), [(2, 2)]);
    // The node that claimed it died.
    db.clock.advance(Duration::from_mins(6));
    assert_eq!(db.store.claim_mails(10).await.unwrap().len(), 1);
    let latest = db.store.mails(2).await.unwrap();
    assert_eq!(latest.iter().map(|queued| queued.number).collect::<Vec<_>>(), [3, 2]);
    assert!(db.store.mails(10).await.unwrap()[2].sent_at.is_some());
    // Rolled back with what would have caused it.
    let mut transaction = db.store.begin().await.unwrap();
    transaction.queue_mail(&mail("never")).await.unwrap();
    drop(transaction);
    assert_eq!(db.store.mails(10).await.unwrap().len(), 3);
}

async fn a_lease_has_one_holder(kind: Kind) {
    let db = Database::new(kind).await;
    let minute = Duration::from_mins(1);
    assert!(db.store.take_lease("sweep", "node-1", minute).await.unwrap());
    assert!(!db.store.take_lease("sweep", "node-2", minute).await.unwrap());
    assert!(db.store.take_lease("sweep", "node-1", minute).await.unwrap(), "renewed");
    assert!(db.store.take_lease("other", "node-2", minute).await.unwrap());
    db.clock.advance(minute);
    assert!(db.store.take_lease("sweep", "node-2", minute).await.unwrap(), "it ran out");
}
