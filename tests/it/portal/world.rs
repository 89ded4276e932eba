//! The portal over a real store, with an EHR that cannot be reached and a clock that stands still.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use chartgate::access::authorizer::{AccessSettings, Authorizer};
use chartgate::access::forget::{Forget, Forgets};
use chartgate::access::permit::Permit;
use chartgate::access::sources::{AuditSink, AuditUnavailable};
use chartgate::access::unreleased::Unreleased;
use chartgate::access::upstream::UpstreamError;
use chartgate::accounts::identity::IdentitySettings;
use chartgate::accounts::{Accounts, By, NewAccount};
use chartgate::audit::AuditLog;
use chartgate::cache::{Cache, CacheOptions};
use chartgate::credentials::password::Passwords;
use chartgate::credentials::seal::SealingKey;
use chartgate::domain::account::{Account, AccountKind, StaffRole};
use chartgate::domain::audit::AuditEvent;
use chartgate::domain::clock::{ManualClock, Timestamp};
use chartgate::domain::ids::{ClientId, FhirId, Npi};
use chartgate::domain::random::SystemRandom;
use chartgate::ehr::{Ehr, EhrCapabilities, EhrOptions, EhrPrimaryCare, PrimaryCareOptions};
use chartgate::mail::letters::Letters;
use chartgate::outbound::{Outbound, OutboundOptions};
use chartgate::portal::{self, Parts, Upkeep};
use chartgate::records::panel::Panels;
use chartgate::records::purges::Purges;
use chartgate::records::{Bodies, Offer, Records};
use chartgate::store::{Store, StoreOptions};
use chartgate::web::{Web, WebSettings, wrap};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use tower::ServiceExt as _;

pub const PASSWORD: &str = "seven quiet otters swim";

/// Everything is away.
struct Nothing;

impl Bodies for Nothing {
    fn fetch<'a>(&'a self, _: &'a Permit) -> BoxFuture<'a, Result<Option<Unreleased>, UpstreamError>> {
        async { Err(UpstreamError::Unavailable { retry_after: None }) }.boxed()
    }
}

#[derive(Default)]
pub struct Log(Mutex<Vec<AuditEvent>>);

impl Log {
    pub fn whats(&self) -> Vec<String> {
        self.0.lock().iter().map(|event| event.what.clone()).collect()
    }

    pub fn last(&self) -> AuditEvent {
        self.0.lock().last().cloned().unwrap()
    }
}

/// What was to be forgotten.
#[derive(Default)]
pub struct Forgotten(pub Mutex<Vec<Forget>>);

impl Forgets for Forgotten {
    fn forget<'a>(&'a self, what: &'a [Forget]) -> BoxFuture<'a, ()> {
        self.0.lock().extend_from_slice(what);
        async {}.boxed()
    }
}

impl AuditSink for Log {
    fn record(&self, event: AuditEvent) -> BoxFuture<'_, Result<(), AuditUnavailable>> {
        self.0.lock().push(event);
        async { Ok(()) }.boxed()
    }
}

/// A browser's cookies.
#[derive(Clone, Debug, Default)]
pub struct Jar(Vec<(String, String)>);

impl Jar {
    fn header(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn take(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(header::SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.0.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.0.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub struct World {
    pub store: Store,
    pub clock: Arc<ManualClock>,
    pub log: Arc<Log>,
    pub forgotten: Arc<Forgotten>,
    pub accounts: Arc<Accounts>,
    router: Router,
    _folder: tempfile::TempDir,
}

impl World {
    pub async fn new() -> Self {
        Self::at("https://gate.example").await
    }

    pub async fn at(base: &str) -> Self {
        chartgate::credentials::install_crypto_provider();
        let clock = ManualClock::new(Timestamp::from_millis(1_800_000_000_000));
        let random = Arc::new(SystemRandom);
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        let store =
            Store::open_ready(&StoreOptions::new(&url).synchronous(false), clock.clone()).await.unwrap();
        let key = SealingKey::from_bytes([7; 32]);
        let log = Arc::new(Log::default());
        let outbound = Outbound::new(&OutboundOptions::default()).unwrap();
        let options = EhrOptions::new(
            "https://ehr.example/r4".parse().unwrap(),
            format!("{base}/fhir/r4").parse().unwrap(),
        );
        let ehr = Arc::new(Ehr::connect(&options, &outbound, clock.clone(), random.clone()).unwrap());
        let care = Arc::new(EhrPrimaryCare::new(ehr.clone(), PrimaryCareOptions::default(), clock.clone()));
        let authorizer =
            Authorizer::new(clock.clone(), store.directory(), care.clone(), AccessSettings::default());
        let said = Arc::new(EhrCapabilities::default());
        let records = Records::new(
            Arc::new(authorizer),
            Arc::new(Nothing),
            log.clone(),
            clock.clone(),
            random.clone(),
            &key,
            Arc::new(Offer::new(&format!("{base}/fhir/r4"), move || said.clone())),
        );
        let cache = Arc::new(Cache::new(CacheOptions::default(), clock.clone()));
        let (audit, _writer) = AuditLog::new(store.clone());
        let forgotten = Arc::new(Forgotten::default());
        let purges = Arc::new(Purges::new(store.clone(), forgotten.clone(), log.clone(), clock.clone()));
        let settings = WebSettings {
            public_base: base.parse().unwrap(),
            hospital: settings_hospital(),
            support_mailbox: "help@lakeside.example".to_owned(),
            support_phone: None,
            portal_sign_up: None,
            digest_hour: 7,
            privacy_policy: "We keep records confidential.".to_owned(),
            time_zone: jiff::tz::TimeZone::UTC,
            session_idle: Duration::from_mins(30),
            session_max: Duration::from_hours(12),
            demo: false,
        };
        let web = Web::new(store.clone(), clock.clone(), random.clone(), &key, settings);
        let passwords = Arc::new(Passwords::new(random.clone(), 2).unwrap());
        let letters = Letters {
            hospital: settings_hospital(),
            portal: base.to_owned(),
            support: "help@lakeside.example".to_owned(),
        };
        let accounts = Accounts::new(store.clone(), passwords, log.clone(), clock.clone(), random.clone())
            .with_letters(letters)
            .with_identity(IdentitySettings::default(), &key);
        let accounts = Arc::new(accounts);
        let records = Arc::new(records);
        let pages = portal::router(Parts {
            web: web.clone(),
            accounts: accounts.clone(),
            panels: Arc::new(Panels::new(records.clone(), store.clone())),
            records,
            upkeep: Upkeep { ehr, primary_care: care, cache, audit, purges },
            viewer: ClientId::parse("record-viewer").unwrap(),
            fhir_base: format!("{base}/fhir/r4"),
            mrn_system: None,
            providers: portal::Providers::default(),
            developers: portal::developers::facts::Facts::default(),
        });
        let world =
            Self { store, clock, log, forgotten, accounts, router: wrap(pages, &web), _folder: folder };
        world.add("ana", AccountKind::Provider { npi: Npi::parse("1234567893").unwrap() }).await;
        world.add("jo", AccountKind::Sponsored).await;
        world.add("gus", AccountKind::Guardian { patients: vec![FhirId::parse("kim").unwrap()] }).await;
        world.add("sue", AccountKind::Staff { role: StaffRole::Support }).await;
        world.add("kim", AccountKind::Staff { role: StaffRole::Provisioning }).await;
        world
    }

    async fn add(&self, name: &str, kind: AccountKind) -> Account {
        let new = NewAccount {
            kind,
            email: format!("{name}@example.org"),
            name: format!("{name} Example"),
            phone: None,
            password: Some(PASSWORD.into()),
        };
        self.accounts.add_account(new, &By::operator()).await.unwrap()
    }

    pub async fn send(&self, jar: &mut Jar, request: Request<Body>) -> Answer {
        let (mut parts, body) = request.into_parts();
        let cookies = jar.header();
        if !cookies.is_empty() {
            parts.headers.insert(header::COOKIE, cookies.parse().unwrap());
        }
        let answer = self.router.clone().oneshot(Request::from_parts(parts, body)).await.unwrap();
        let (head, body) = answer.into_parts();
        jar.take(&head.headers);
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    pub async fn get(&self, jar: &mut Jar, path: &str) -> Answer {
        self.send(jar, Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Submits a form with the token of a page that this browser has just seen.
    pub async fn submit(&self, jar: &mut Jar, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = form_token(&self.get(jar, page).await.body);
        self.post(jar, path, &[fields, &[("csrf", &token)]].concat()).await
    }

    pub async fn post(&self, jar: &mut Jar, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(serde_urlencoded::to_string(fields).unwrap()))
            .unwrap();
        self.send(jar, request).await
    }

    pub async fn sign_in(&self, name: &str) -> Jar {
        let mut jar = Jar::default();
        let email = format!("{name}@example.org");
        let fields = [("email", email.as_str()), ("password", PASSWORD)];
        let answer = self.submit(&mut jar, "/sign-in", "/sign-in", &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        jar
    }
}

fn settings_hospital() -> String {
    "Lakeside Children\u{2019}s Hospital".to_owned()
}

/// The form token of a page.
pub fn form_token(html: &str) -> String {
    let (_, rest) = html.split_once("name=\"csrf\" value=\"").expect("a form");
    rest.split('"').next().unwrap().to_owned()
}
