//! The use-cases of people.

use std::sync::Arc;
use std::time::Duration;

use chartgate::access::sources::{AuditSink, AuditUnavailable, RelationshipSource as _};
use chartgate::access::subject::{Actor, Subject};
use chartgate::accounts::{
    Accounts, AccountsError, By, NewAccount, NewClient, NewClientAuth, NewGrant, NewPractice, SignIn,
    SignInError,
};
use chartgate::credentials::password::Passwords;
use chartgate::credentials::strength::WeakPassword;
use chartgate::domain::account::{Account, AccountKind};
use chartgate::domain::audit::{AuditEvent, AuditOutcome};
use chartgate::domain::client::{ClientAuth, ClientKind};
use chartgate::domain::grant::{DataKinds, GrantedBy};
use chartgate::domain::ids::{FhirId, Npi};
use chartgate::domain::practice::SponsorshipState;
use chartgate::domain::random::SystemRandom;
use chartgate::domain::secret::TokenHash;
use chartgate::mail::letters::Letters;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use crate::support::databases::{Database, Kind, START};

const PASSWORD: &str = "heron copper lamp walks";

/// Keeps what was recorded; or fails.
#[derive(Default)]
struct Log {
    events: Mutex<Vec<AuditEvent>>,
    broken: Mutex<bool>,
}

impl AuditSink for Log {
    fn record(&self, event: AuditEvent) -> BoxFuture<'_, Result<(), AuditUnavailable>> {
        Box::pin(async move {
            if *self.broken.lock() {
                return Err(AuditUnavailable);
            }
            self.events.lock().push(event);
            Ok(())
        })
    }
}

struct World {
    db: Database,
    log: Arc<Log>,
    accounts: Accounts,
}

impl World {
    async fn new() -> Self {
        let db = Database::new(Kind::Sqlite).await;
        let log = Arc::new(Log::default());
        let random = Arc::new(SystemRandom);
        let passwords = Arc::new(Passwords::new(random.clone(), 2).unwrap());
        let accounts = Accounts::new(db.store.clone(), passwords, log.clone(), db.clock.clone(), random)
            .with_letters(Letters {
                hospital: "Harbor Children's".to_owned(),
                portal: "https://portal.example/".to_owned(),
                support: "help@hospital.example".to_owned(),
            });
        Self { db, log, accounts }
    }

    async fn add(&self, name: &str, kind: AccountKind) -> Account {
        let new = NewAccount {
            kind,
            email: format!("{name}@kids.example"),
            name: format!("Dr. {name}"),
            phone: None,
            password: Some(PASSWORD.into()),
        };
        self.accounts.add_account(new, &By::operator()).await.unwrap()
    }

    async fn ana(&self) -> Account {
        self.add("ana", AccountKind::Provider { npi: Npi::parse("1234567893").unwrap() }).await
    }

    async fn sign_in(&self, email: &str, password: &str, address: &str) -> Result<String, SignInError> {
        let attempt = SignIn { email: email.to_owned(), password: password.into() };
        let by = By { address: Some(address.to_owned()), ..By::default() };
        self.accounts.sign_in(attempt, &by).await.map(|signed_in| signed_in.cookie.expose().to_owned())
    }

    fn last(&self) -> (String, AuditOutcome, Option<String>) {
        let events = self.log.events.lock();
        let event = events.last().unwrap();
        (event.what.clone(), event.outcome, event.reason.clone())
    }
}

#[tokio::test]
async fn s20_sign_in_and_out() {
    let world = World::new().await;
    let ana = world.ana().await;
    let cookie = world.sign_in(" Ana@Kids.Example", PASSWORD, "192.0.2.1").await.unwrap();
    assert_eq!(world.last(), ("sign_in".to_owned(), AuditOutcome::Success, None));
    let hash = TokenHash::of(&cookie);
    let session = world.db.store.session(&hash).await.unwrap().unwrap();
    assert_eq!(session.account, ana.id);
    assert_eq!(session.expires_at, START.plus(Duration::from_hours(12)));
    world.accounts.sign_out(&hash, &ana.id, &By::default()).await.unwrap();
    assert!(world.db.store.session(&hash).await.unwrap().is_none());
    assert_eq!(world.last().0, "sign_out");
}

#[tokio::test]
async fn s20_whatever_is_wrong_the_answer_is_one() {
    let world = World::new().await;
    let ana = world.ana().await;
    for (email, password, reason) in [
        ("ana@kids.example", "heron copper lamp walk", "wrong_password"),
        ("ben@kids.example", PASSWORD, "unknown_account"),
        ("", "", "unknown_account"),
    ] {
        assert_eq!(world.sign_in(email, password, "192.0.2.1").await, Err(SignInError::Wrong));
        assert_eq!(world.last(), ("sign_in".to_owned(), AuditOutcome::Refused, Some(reason.to_owned())));
    }
    let cookie = world.sign_in("ana@kids.example", PASSWORD, "192.0.2.1").await.unwrap();
    world.accounts.suspend_account(&ana.id, &By::operator()).await.unwrap();
    assert!(world.db.store.session(&TokenHash::of(&cookie)).await.unwrap().is_none(), "ended at once");
    assert_eq!(world.sign_in("ana@kids.example", PASSWORD, "192.0.2.1").await, Err(SignInError::Wrong));
    assert_eq!(world.last().2.as_deref(), Some("suspended"));
    world.accounts.activate_account(&ana.id, &By::operator()).await.unwrap();
    world.sign_in("ana@kids.example", PASSWORD, "192.0.2.1").await.unwrap();
}

#[tokio::test]
async fn d04_failures_slow_down_per_account_and_success_forgets_them() {
    let world = World::new().await;
    world.ana().await;
    for n in 0..6 {
        let address = format!("192.0.2.{n}");
        assert_eq!(world.sign_in("ana@kids.example", "wrong", &address).await, Err(SignInError::Wrong));
    }
    let refused = world.sign_in("ana@kids.example", PASSWORD, "192.0.2.9").await;
    assert_eq!(refused, Err(SignInError::Wait(Duration::from_secs(1))), "even with the right one");
    world.db.clock.advance(Duration::from_secs(1));
    world.sign_in("ana@kids.example", PASSWORD, "192.0.2.9").await.unwrap();
    for n in 0..6 {
        let address = format!("192.0.2.{n}");
        assert_eq!(world.sign_in("ana@kids.example", "wrong", &address).await, Err(SignInError::Wrong));
    }
}

#[tokio::test]
async fn d04_failures_slow_down_per_address_and_successes_do_not_count() {
    let world = World::new().await;
    world.ana().await;
    for _ in 0..30 {
        world.sign_in("ana@kids.example", PASSWORD, "192.0.2.1").await.unwrap();
    }
    for n in 0..21 {
        let email = format!("nobody{n}@kids.example");
        assert_eq!(world.sign_in(&email, "wrong", "192.0.2.1").await, Err(SignInError::Wrong));
    }
    assert!(matches!(
        world.sign_in("other@kids.example", "wrong", "192.0.2.1").await,
        Err(SignInError::Wait(_))
    ));
    world.sign_in("ana@kids.example", PASSWORD, "192.0.2.2").await.unwrap();
}

#[tokio::test]
async fn d10_without_the_audit_log_nobody_signs_in() {
    let world = World::new().await;
    world.ana().await;
    *world.log.broken.lock() = true;
    let refused = world.sign_in("ana@kids.example", PASSWORD, "192.0.2.1").await;
    assert_eq!(refused, Err(SignInError::Unavailable));
}

#[tokio::test]
async fn accounts_are_checked() {
    let world = World::new().await;
    let ana = world.ana().await;
    let add = async |email: &str, name: &str, password: &str| {
        let new = NewAccount {
            kind: AccountKind::Sponsored,
            email: email.to_owned(),
            name: name.to_owned(),
            phone: None,
            password: Some(password.into()),
        };
        world.accounts.add_account(new, &By::operator()).await.unwrap_err()
    };
    assert!(matches!(add("ana", "Ana", PASSWORD).await, AccountsError::Invalid(_)));
    assert!(matches!(add("a@b.example", " ", PASSWORD).await, AccountsError::Invalid(_)));
    assert_eq!(add("a@b.example", "Al", "short").await, AccountsError::Weak(WeakPassword::Short(15)));
    assert!(matches!(add("ANA@kids.example", "Al", PASSWORD).await, AccountsError::Taken(_)));
    let cookie = world.sign_in("ana@kids.example", PASSWORD, "192.0.2.1").await.unwrap();
    let new = "violet engine under rain";
    world.accounts.set_password(&ana, new.into(), &By::operator()).await.unwrap();
    assert!(world.db.store.session(&TokenHash::of(&cookie)).await.unwrap().is_none());
    world.sign_in("ana@kids.example", new, "192.0.2.1").await.unwrap();
    let mails = world.db.store.mails(10).await.unwrap();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].mail.to, ana.email);
}

#[tokio::test]
async fn relationships_hold_at_once_and_are_recorded() {
    let world = World::new().await;
    let ana = world.ana().await;
    let nurse = world.add("nurse", AccountKind::Sponsored).await;
    let by = By { account: Some(ana.id.clone()), ..By::default() };
    let patient = FhirId::parse("p1").unwrap();
    let new = NewGrant {
        patient: patient.clone(),
        provider: ana.id.clone(),
        granted_by: GrantedBy::Guardian,
        kinds: DataKinds::ALL,
        covers_restricted: false,
        ends_at: None,
    };
    let grant = world.accounts.add_grant(new.clone(), &by).await.unwrap();
    let directory = world.db.store.directory();
    assert_eq!(directory.grants(&ana.id, &patient).as_slice(), std::slice::from_ref(&grant));
    assert_eq!(world.log.events.lock().last().unwrap().patients, std::slice::from_ref(&patient));
    world.accounts.revoke_grant(&grant.id, &by).await.unwrap();
    assert!(directory.grants(&ana.id, &patient).is_empty());
    assert_eq!(world.accounts.revoke_grant(&grant.id, &by).await, Err(AccountsError::Unknown));
    for wrong in [
        NewGrant { provider: nurse.id.clone(), ..new.clone() },
        NewGrant { kinds: DataKinds::NONE, ..new.clone() },
        NewGrant { ends_at: Some(START), ..new },
    ] {
        assert!(matches!(world.accounts.add_grant(wrong, &by).await, Err(AccountsError::Invalid(_))));
    }

    let subject = Subject {
        actor: Actor::Account(nurse.id.clone()),
        client: None,
        scopes: Arc::default(),
        patient: None,
    };
    let sponsorship = world.accounts.add_sponsorship(&ana.id, &nurse.id, &by).await.unwrap();
    assert_eq!(directory.standing(&subject).providers.len(), 1);
    assert!(matches!(
        world.accounts.add_sponsorship(&ana.id, &nurse.id, &by).await,
        Err(AccountsError::Taken(_))
    ));
    assert!(matches!(
        world.accounts.add_sponsorship(&nurse.id, &ana.id, &by).await,
        Err(AccountsError::Invalid(_))
    ));
    world.accounts.set_sponsorship(&sponsorship.id, SponsorshipState::Ended, &by).await.unwrap();
    assert!(directory.standing(&subject).providers.is_empty());
    assert_eq!(world.last().0, "sponsorship_end");
}

#[tokio::test]
async fn practices_are_kept() {
    let world = World::new().await;
    let ana = world.ana().await;
    let AccountKind::Provider { npi } = ana.kind.clone() else { panic!() };
    let new = NewPractice {
        name: "North".to_owned(),
        address: "1 Main Street".to_owned(),
        phone: "555 0100".to_owned(),
        organization: None,
        roster: Vec::new(),
    };
    let practice = world.accounts.add_practice(new, &By::operator()).await.unwrap();
    world.accounts.add_to_roster(&practice.id, &npi, &By::operator()).await.unwrap();
    let subject =
        Subject { actor: Actor::Account(ana.id), client: None, scopes: Arc::default(), patient: None };
    let directory = world.db.store.directory();
    assert_eq!(
        directory.standing(&subject).providers[0].practices.as_slice(),
        std::slice::from_ref(&practice.id)
    );
    world.accounts.remove_from_roster(&practice.id, &npi, &By::operator()).await.unwrap();
    assert!(directory.standing(&subject).providers[0].practices.is_empty());
}

#[tokio::test]
async fn a_client_secret_is_shown_once_and_stored_hashed() {
    let world = World::new().await;
    let new = NewClient {
        id: None,
        name: "App".to_owned(),
        kind: ClientKind::Confidential,
        auth: NewClientAuth::Secret,
        redirect_uris: vec!["https://app.example/cb".to_owned()],
        launch_uri: None,
        scope: "openid".to_owned(),
        practice: None,
        trusted: false,
    };
    let registered = world.accounts.add_client(new.clone(), &By::operator()).await.unwrap();
    let secret = registered.secret.unwrap();
    let ClientAuth::Secret { hash } = &registered.client.auth else { panic!() };
    assert_eq!(*hash, secret.hash().to_hex());
    assert!(world.db.store.client(&registered.client.id).is_some());
    for wrong in [
        NewClient { redirect_uris: vec![], ..new.clone() },
        NewClient { redirect_uris: vec!["http://app.example/cb".to_owned()], ..new.clone() },
        NewClient { kind: ClientKind::Public, ..new.clone() },
        NewClient { auth: NewClientAuth::None, ..new.clone() },
        NewClient { kind: ClientKind::Backend, ..new.clone() },
        NewClient { auth: NewClientAuth::Keys("{}".to_owned()), ..new.clone() },
        NewClient { name: String::new(), ..new },
    ] {
        assert!(matches!(
            world.accounts.add_client(wrong, &By::operator()).await,
            Err(AccountsError::Invalid(_))
        ));
    }
    world.accounts.remove_client(&registered.client.id, &By::operator()).await.unwrap();
    assert!(world.db.store.client(&registered.client.id).is_none());
}

#[tokio::test]
async fn s61_a_saved_list_has_an_end() {
    let world = World::new().await;
    let ana = world.ana().await;
    let patient = FhirId::parse("p1").unwrap();
    world.accounts.save_patient(&ana.id, &patient).await.unwrap();
    world.accounts.save_patient(&ana.id, &patient).await.unwrap();
    assert_eq!(world.accounts.saved_patients(&ana.id).await.unwrap().len(), 1);
    let mut transaction = world.db.store.begin().await.unwrap();
    for n in 0..chartgate::accounts::SAVED_AT_MOST {
        transaction.save_patient(&ana.id, &FhirId::parse(&format!("s{n}")).unwrap()).await.unwrap();
    }
    transaction.commit().await.unwrap();
    let more = FhirId::parse("p2").unwrap();
    assert!(matches!(world.accounts.save_patient(&ana.id, &more).await, Err(AccountsError::Invalid(_))));
    world.accounts.unsave_patient(&ana.id, &patient).await.unwrap();
}
