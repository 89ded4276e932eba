//! The use-cases over one database, with a family and two providers.

use std::sync::Arc;
use std::time::Duration;

use chartgate::access::sources::{AuditSink, AuditUnavailable, RelationshipSource as _};
use chartgate::accounts::families::{Choice, Decider};
use chartgate::accounts::{Accounts, By};
use chartgate::credentials::password::Passwords;
use chartgate::domain::account::{Account, AccountKind};
use chartgate::domain::audit::AuditEvent;
use chartgate::domain::clock::Timestamp;
use chartgate::domain::grant::{DataKinds, Grant, GrantedBy};
use chartgate::domain::ids::{AccountId, FhirId};
use chartgate::domain::language::Language;
use chartgate::domain::majority::Majority;
use chartgate::domain::random::SystemRandom;
use chartgate::mail::letters::Letters;
use chartgate::store::Store;
use chartgate::store::outbox::NewMail;
use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use parking_lot::Mutex;

use crate::store::samples;
use crate::support::databases::{Database, Kind};

pub const DAY: Duration = Duration::from_hours(24);
pub const MRN: &str = "CG-100123";

#[derive(Default)]
pub struct Log(pub Mutex<Vec<AuditEvent>>);

impl AuditSink for Log {
    fn record(&self, event: AuditEvent) -> BoxFuture<'_, Result<(), AuditUnavailable>> {
        self.0.lock().push(event);
        Box::pin(async { Ok(()) })
    }
}

pub struct World {
    pub db: Database,
    pub log: Arc<Log>,
    pub accounts: Accounts,
}

impl World {
    /// Rosa is a guardian of mia; Ana and Ben are providers.
    pub async fn new(kind: Kind) -> Self {
        chartgate::credentials::install_crypto_provider();
        let db = Database::new(kind).await;
        let log = Arc::new(Log::default());
        let accounts = over(&db, db.store.clone(), &log);
        for account in [samples::provider("ana", 0), samples::provider("ben", 1), rosa()] {
            db.store.insert_account(&account).await.unwrap();
        }
        Self { db, log, accounts }
    }

    /// The same use-cases in another process.
    pub async fn other(&self) -> Accounts {
        over(&self.db, self.db.other().await, &self.log)
    }

    pub fn now(&self) -> Timestamp {
        use chartgate::domain::clock::Clock as _;
        self.db.clock.now()
    }

    /// What the policy finds, whether or not it holds now.
    pub fn grants(&self, provider: &str) -> Vec<Grant> {
        self.db.store.directory().grants(&id(provider), &mia()).into_iter().collect()
    }

    /// Grants that give access now.
    pub fn holding(&self, provider: &str) -> Vec<Grant> {
        self.grants(provider).into_iter().filter(|grant| grant.holds_at(self.now())).collect()
    }

    /// Mails so far, the first first.
    pub async fn mails(&self) -> Vec<NewMail> {
        let mut mails: Vec<NewMail> =
            self.db.store.mails(100).await.unwrap().into_iter().map(|queued| queued.mail).collect();
        mails.reverse();
        mails
    }

    pub async fn provider(&self, name: &str) -> Account {
        self.db.store.account(&id(name)).await.unwrap().unwrap()
    }

    pub fn whats(&self) -> Vec<String> {
        self.log.0.lock().iter().map(|event| event.what.clone()).collect()
    }

    /// Rosa, who decides for mia, who comes of age after `years` years of 365 days.
    pub fn rosa(&self, years: u32) -> Decider {
        Decider {
            account: id("rosa"),
            patient: mia(),
            acts_as: GrantedBy::Guardian,
            adult_at: self.now().plus(DAY * 365 * years),
            initials: "M. T.".to_owned(),
            language: Language::Es,
        }
    }
}

fn over(db: &Database, store: Store, log: &Arc<Log>) -> Accounts {
    let random = Arc::new(SystemRandom);
    let passwords = Arc::new(Passwords::new(random.clone(), 2).unwrap());
    Accounts::new(store, passwords, log.clone(), db.clock.clone(), random)
        .with_majority(Majority { zone: TimeZone::get("America/Chicago").unwrap(), ..Majority::default() })
        .with_letters(Letters {
            hospital: "Harbor Children's".to_owned(),
            portal: "https://portal.example/".to_owned(),
            support: "help@hospital.example".to_owned(),
        })
}

fn rosa() -> Account {
    samples::account("rosa", AccountKind::Guardian { patients: vec![mia()] })
}

pub fn id(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

pub fn mia() -> FhirId {
    FhirId::parse("mia").unwrap()
}

pub fn by(name: &str) -> By {
    By { account: Some(id(name)), ..By::default() }
}

/// Everything but what is labelled, until it is taken back.
pub const ALL: Choice = Choice { kinds: DataKinds::ALL, covers_restricted: false, ends_at: None };
