//! An authorization server in the process: a real store and real pages, a clock that stands still, people who are made up.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use chartgate::access::authorizer::PatientSought;
use chartgate::access::sources::{AuditSink, AuditUnavailable};
use chartgate::accounts::Accounts;
use chartgate::accounts::failures::FailureLog;
use chartgate::credentials::install_crypto_provider;
use chartgate::credentials::password::Passwords;
use chartgate::credentials::seal::SealingKey;
use chartgate::credentials::signing::{SigningAlgorithm, SigningKey};
use chartgate::domain::account::{Account, AccountKind, AccountState};
use chartgate::domain::audit::AuditEvent;
use chartgate::domain::client::{Client, ClientAuth, ClientDetails, ClientKind, ClientState};
use chartgate::domain::clock::{Clock as _, ManualClock, Timestamp};
use chartgate::domain::ids::{AccountId, ClientId, FhirId, Npi, PracticeId};
use chartgate::domain::practice::Practice;
use chartgate::domain::random::SystemRandom;
use chartgate::domain::secret::{PlainToken, TokenHash, TokenKind};
use chartgate::domain::session::Session;
use chartgate::oauth::keys::IdTokenKeys;
use chartgate::oauth::people::{FhirUsers, Found, Offered, PatientLine, Patients, PatientsError};
use chartgate::oauth::throttle::Limits;
use chartgate::oauth::{Parts, Settings, State, router};
use chartgate::outbound::{Outbound, OutboundOptions, Purpose, PurposeOptions};
use chartgate::records::Caller;
use chartgate::store::Store;
use chartgate::web::{Web, WebSettings};
use fhir_profiles::brands::{Brand, Brands, Portal, Server as BrandServer};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::support::databases::{Database, Kind, START};

pub const ISSUER: &str = "https://gate.example";
pub const FHIR: &str = "https://gate.example/fhir/r4";
pub const REDIRECT: &str = "https://app.example/cb";
pub const NPI: &str = "1234567893";
/// The pair of RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Everyone may open Mia and Noah; nobody may open Zoe.
struct People {
    reachable: Vec<PatientLine>,
    /// Whether the EHR is away.
    away: Mutex<bool>,
    /// Who was within reach and is no more.
    lost: Mutex<Option<FhirId>>,
}

fn line(id: &str, name: &str) -> PatientLine {
    PatientLine {
        id: FhirId::parse(id).unwrap(),
        name: name.to_owned(),
        birth_date: "14 Mar 2019".to_owned(),
        mrn: format!("CG-7-{id}"),
    }
}

impl Patients for People {
    fn offered<'a>(&'a self, _: &'a Caller) -> BoxFuture<'a, Result<Offered, PatientsError>> {
        let away = *self.away.lock();
        let offered = Offered {
            saved: self.reachable.iter().take(1).cloned().collect(),
            panel: self.reachable.iter().skip(1).cloned().collect(),
            more: false,
        };
        async move { if away { Err(PatientsError::Unavailable) } else { Ok(offered) } }.boxed()
    }

    fn search<'a>(
        &'a self,
        _: &'a Caller,
        readings: Vec<PatientSought>,
    ) -> BoxFuture<'a, Result<Found, PatientsError>> {
        let found = match readings.first().unwrap() {
            PatientSought::Mrn { value, .. } if value.as_str() == "CG-7-zoe" => {
                Found { reachable: Vec::new(), not_authorized: 1 }
            }
            PatientSought::Mrn { value, .. } => {
                let of_mrn = |line: &&PatientLine| line.mrn == value.as_str();
                Found {
                    reachable: self.reachable.iter().filter(of_mrn).cloned().collect(),
                    not_authorized: 0,
                }
            }
            PatientSought::Person { family, .. } => {
                let of_name = |line: &&PatientLine| line.name.ends_with(family.as_str());
                Found {
                    reachable: self.reachable.iter().filter(of_name).cloned().collect(),
                    not_authorized: 0,
                }
            }
        };
        async move { Ok(found) }.boxed()
    }

    fn reachable<'a>(
        &'a self,
        _: &'a Caller,
        patient: &'a FhirId,
    ) -> BoxFuture<'a, Result<Option<PatientLine>, PatientsError>> {
        let lost = self.lost.lock().as_ref() == Some(patient);
        let found = self.reachable.iter().find(|line| line.id == *patient && !lost).cloned();
        async move { Ok(found) }.boxed()
    }
}

impl FhirUsers for People {
    fn practitioner<'a>(&'a self, _: &'a AccountId, npi: &'a Npi) -> BoxFuture<'a, Option<FhirId>> {
        let away = *self.away.lock();
        let known = !away && npi.as_str() == NPI;
        async move { known.then(|| FhirId::parse("prac-1").unwrap()) }.boxed()
    }
}

#[derive(Default)]
pub struct Log(Mutex<Vec<AuditEvent>>);

impl Log {
    pub fn whats(&self) -> Vec<String> {
        self.0.lock().iter().map(|event| event.what.clone()).collect()
    }
}

impl AuditSink for Log {
    fn record(&self, event: AuditEvent) -> BoxFuture<'_, Result<(), AuditUnavailable>> {
        self.0.lock().push(event);
        async { Ok(()) }.boxed()
    }
}

/// The server and what it stands on.
pub struct Server {
    pub router: Router,
    pub store: Store,
    pub clock: Arc<ManualClock>,
    pub log: Arc<Log>,
    pub keys: Arc<IdTokenKeys>,
    pub accounts: Arc<Accounts>,
    pub failures: Arc<FailureLog>,
    people: Arc<People>,
    database: Arc<Database>,
}

/// When the server's clock begins.
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

impl Server {
    /// A server over a SQLite database of its own.
    pub async fn start() -> Self {
        Self::on(Kind::Sqlite).await
    }

    /// A server over an empty database of this kind.
    pub async fn on(kind: Kind) -> Self {
        install_crypto_provider();
        let database = Database::new(kind).await;
        database.clock.advance(NOW.since(START));
        let people = Arc::new(People {
            reachable: vec![line("mia", "Mia Torres"), line("noah", "Noah Baker")],
            away: Mutex::new(false),
            lost: Mutex::new(None),
        });
        let keys = Arc::new(IdTokenKeys::new(vec![signing_key()]));
        let store = database.store.clone();
        let server = Self::node(store, people, Arc::default(), keys, Arc::new(database), Limits::NONE);
        server.add_people().await;
        server
    }

    /// Another process over the same database, with memory of its own.
    pub async fn other(&self) -> Self {
        self.other_with(self.keys.clone(), Limits::NONE).await
    }

    /// Another process that signs with these keys and lets through no more than this.
    pub async fn other_with(&self, keys: Arc<IdTokenKeys>, limits: Limits) -> Self {
        let store = self.database.other().await;
        let (people, log) = (self.people.clone(), self.log.clone());
        Self::node(store, people, log, keys, Arc::clone(&self.database), limits)
    }

    fn node(
        store: Store,
        people: Arc<People>,
        log: Arc<Log>,
        keys: Arc<IdTokenKeys>,
        database: Arc<Database>,
        limits: Limits,
    ) -> Self {
        let clock = Arc::clone(&database.clock);
        let key = SealingKey::from_bytes([7; 32]);
        let settings = WebSettings {
            public_base: ISSUER.parse().unwrap(),
            hospital: "Children's Hospital".to_owned(),
            support_mailbox: "help@hospital.example".to_owned(),
            support_phone: None,
            privacy_policy: String::new(),
            digest_hour: 7,
            portal_sign_up: None,
            time_zone: jiff::tz::TimeZone::UTC,
            session_idle: Duration::from_mins(30),
            session_max: Duration::from_hours(12),
            demo: false,
        };
        let web = Web::new(store.clone(), clock.clone(), Arc::new(SystemRandom), &key, settings);
        let jwks = PurposeOptions { private_networks: true, ..PurposeOptions::default() };
        let outbound = Outbound::new(&OutboundOptions { jwks, ..OutboundOptions::default() }).unwrap();
        let random = Arc::new(SystemRandom);
        let passwords = Arc::new(Passwords::new(random.clone(), 1).unwrap());
        let accounts = Arc::new(Accounts::new(store.clone(), passwords, log.clone(), clock.clone(), random));
        let failures = Arc::new(FailureLog::new(store.clone(), clock.clone()));
        let state = State::new(Parts {
            web,
            id_token_keys: keys.clone(),
            patients: people.clone(),
            fhir_users: people.clone(),
            audit: log.clone(),
            client_keys: outbound.client(Purpose::Jwks),
            accounts: accounts.clone(),
            failures: failures.clone(),
            settings: Settings {
                brands: Some(brands()),
                tenant: Some("tenant-7".to_owned()),
                limits,
                ..Settings::default()
            },
        });
        Self { router: router(&state), store, clock, log, keys, accounts, failures, people, database }
    }

    async fn add_people(&self) {
        let practice = Practice {
            id: PracticeId::parse("oak").unwrap(),
            name: "Oak Street Pediatrics".to_owned(),
            address: "1 Oak Street".to_owned(),
            phone: "555 0100".to_owned(),
            organization: None,
            roster: vec![Npi::parse(NPI).unwrap()],
        };
        self.store.insert_practice(&practice).await.unwrap();
        let provider = AccountKind::Provider { npi: Npi::parse(NPI).unwrap() };
        self.add_account("ana", "Dr. Ana Ellis", provider).await;
        let unlisted = AccountKind::Provider { npi: Npi::parse("1245319599").unwrap() };
        self.add_account("ben", "Dr. Ben Unlisted", unlisted).await;
        self.add_account("gus", "Gus Guardian", AccountKind::Guardian { patients: Vec::new() }).await;
    }

    async fn add_account(&self, id: &str, name: &str, kind: AccountKind) {
        let account = Account {
            id: AccountId::parse(id).unwrap(),
            kind,
            email: format!("{id}@practice.example"),
            name: name.to_owned(),
            phone: None,
            state: AccountState::Active,
            created_at: self.clock.now(),
        };
        self.store.insert_account(&account).await.unwrap();
    }

    /// The EHR cannot be reached from now on.
    pub fn lose_the_ehr(&self) {
        *self.people.away.lock() = true;
    }

    /// This patient is beyond everybody's reach from now on.
    pub fn lose(&self, patient: &str) {
        *self.people.lost.lock() = FhirId::parse(patient).ok();
    }

    pub async fn add(&self, client: Client) -> Client {
        self.store.insert_client(&client).await.unwrap();
        client
    }

    /// A browser in which `account` has signed in just now.
    pub async fn signed_in(&self, account: &str) -> Browser<'_> {
        let token = PlainToken::generate(TokenKind::Session, &SystemRandom);
        let now = self.clock.now();
        let session = Session {
            hash: token.hash(),
            account: AccountId::parse(account).unwrap(),
            authenticated_at: now,
            seen_at: now,
            expires_at: now.plus(Duration::from_hours(12)),
        };
        self.store.insert_session(&session).await.unwrap();
        Browser { server: self, cookies: Mutex::new(format!("__Host-chartgate={}", token.expose())) }
    }

    pub fn anonymous(&self) -> Browser<'_> {
        Browser { server: self, cookies: Mutex::new(String::new()) }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: head.status, headers: head.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// A form to one of the endpoints that apps call.
    pub async fn form(&self, path: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(encode(fields))).unwrap()).await
    }

    pub async fn post_json(&self, path: &str) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(r#"{"grant_type":"authorization_code"}"#));
        self.send(request.unwrap()).await
    }

    pub async fn token(&self, fields: &[(&str, &str)]) -> Answer {
        self.form("/oauth/token", &[], fields).await
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask(Method::GET, path, headers).await
    }

    pub async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

/// A hospital and a clinic of its.
fn brands() -> Brands {
    let website = ("urn:ietf:rfc:3986".to_owned(), "https://hospital.example".to_owned());
    let hospital = Brand {
        id: "hospital".to_owned(),
        name: "Children's Hospital".to_owned(),
        identifiers: vec![website],
        portals: vec![Portal::default()],
        ..Brand::default()
    };
    let part_of = Some("hospital".to_owned());
    let clinic =
        Brand { id: "north".to_owned(), name: "North Clinic".to_owned(), part_of, ..Brand::default() };
    let server = BrandServer {
        address: FHIR.to_owned(),
        name: "FHIR R4".to_owned(),
        developers: format!("{ISSUER}/developers"),
    };
    Brands {
        base: format!("{ISSUER}/brands"),
        updated: "2026-05-01T00:00:00Z".to_owned(),
        server,
        brands: vec![hospital, clinic],
    }
}

/// One key for all tests: making RSA keys takes time.
fn signing_key() -> Arc<SigningKey> {
    static KEY: std::sync::OnceLock<Arc<SigningKey>> = std::sync::OnceLock::new();
    Arc::clone(KEY.get_or_init(|| Arc::new(SigningKey::generate(SigningAlgorithm::Rs256).unwrap())))
}

pub fn encode(fields: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(fields).unwrap()
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        self.header("location").unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    /// The JSON of a 200.
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.json()
    }

    /// `(status, error)` of an OAuth error.
    pub fn error(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["error"].as_str().unwrap_or_default().to_owned())
    }

    /// The parameters of a redirect to the app.
    pub fn to_app(&self) -> Vec<(String, String)> {
        let location = self.location();
        assert!(location.starts_with(REDIRECT), "{location}");
        url::Url::parse(location).unwrap().query_pairs().into_owned().collect()
    }

    pub fn app_parameter(&self, name: &str) -> Option<String> {
        self.to_app().into_iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    pub fn code(&self) -> String {
        self.app_parameter("code").unwrap_or_else(|| panic!("no code in {}", self.location()))
    }

    pub fn app_error(&self) -> String {
        self.app_parameter("error").unwrap_or_else(|| panic!("no error in {}", self.location()))
    }

    /// The forms of a page: action and fields, check boxes as they stand.
    pub fn forms(&self) -> Vec<Form> {
        let page = scraper::Html::parse_document(&self.body);
        let select = |css: &str| scraper::Selector::parse(css).unwrap();
        page.select(&select("form"))
            .map(|form| {
                let fields = form
                    .select(&select("input"))
                    .filter(|input| input.attr("type") != Some("checkbox") || input.attr("checked").is_some())
                    .filter_map(|input| {
                        Some((
                            input.attr("name")?.to_owned(),
                            input.attr("value").unwrap_or_default().to_owned(),
                        ))
                    })
                    .collect();
                Form { action: form.attr("action").unwrap().to_owned(), fields }
            })
            .collect()
    }

    /// The form that posts to `action`.
    pub fn form_to(&self, action: &str) -> Form {
        let form = self.forms().into_iter().find(|form| form.action == action);
        form.unwrap_or_else(|| panic!("no form to {action}: {} {}", self.status, self.body))
    }
}

#[derive(Clone, Debug)]
pub struct Form {
    pub action: String,
    pub fields: Vec<(String, String)>,
}

impl Form {
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(n, v)| n != name || v != value);
        self
    }
}

/// A browser: keeps cookies, follows nothing by itself.
pub struct Browser<'s> {
    pub server: &'s Server,
    cookies: Mutex<String>,
}

impl Browser<'_> {
    /// What the browser's session is stored under.
    pub fn session(&self) -> TokenHash {
        let cookies = self.cookies.lock();
        let session = cookies.split("; ").find_map(|pair| pair.strip_prefix("__Host-chartgate="));
        PlainToken::presented(TokenKind::Session, session.unwrap()).unwrap().hash()
    }

    /// The `Cookie` header.
    pub fn cookies(&self) -> String {
        self.cookies.lock().clone()
    }

    pub async fn get(&self, path: &str) -> Answer {
        let request = Request::builder().uri(path).header(header::COOKIE, self.cookies.lock().clone());
        self.remember(self.server.send(request.body(Body::empty()).unwrap()).await)
    }

    pub async fn submit(&self, form: &Form) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri(&form.action)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header(header::COOKIE, self.cookies.lock().clone());
        let body = serde_urlencoded::to_string(&form.fields).unwrap();
        self.remember(self.server.send(request.body(Body::from(body)).unwrap()).await)
    }

    fn remember(&self, answer: Answer) -> Answer {
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let mut cookies = self.cookies.lock();
            *cookies = if cookies.is_empty() { pair.to_owned() } else { format!("{cookies}; {pair}") };
        }
        answer
    }

    pub async fn authorize(&self, fields: &[(&str, &str)]) -> Answer {
        self.get(&format!("/oauth/authorize?{}", encode(fields))).await
    }

    /// Goes on while the server redirects within itself.
    pub async fn settle(&self, mut answer: Answer) -> Answer {
        while answer.status == StatusCode::SEE_OTHER && answer.location().starts_with("/oauth/") {
            let next = answer.location().to_owned();
            answer = self.get(&next).await;
        }
        answer
    }

    /// Picks a patient on the picker page.
    pub async fn pick(&self, page: &Answer, patient: &str) -> Answer {
        let form = page.form_to("/oauth/authorize/patient").with("patient", patient);
        self.settle(self.submit(&form).await).await
    }

    /// Allows everything on the consent page.
    pub async fn allow(&self, page: &Answer) -> Answer {
        self.submit(&page.form_to("/oauth/authorize/consent").with("decision", "allow")).await
    }

    /// A whole standalone launch with `scope`: picks Mia where that is asked for, and allows everything. The code.
    pub async fn launch(&self, client: &Client, scope: &str) -> String {
        let fields = request(client, scope);
        let mut answer = self.settle(self.authorize(&borrowed(&fields)).await).await;
        if answer.body.contains("Choose a patient") {
            answer = self.pick(&answer, "mia").await;
        }
        if answer.status == StatusCode::OK {
            answer = self.allow(&answer).await;
        }
        answer.code()
    }

    /// As [`Browser::launch`], and the code exchanged by a public client.
    pub async fn tokens(&self, client: &Client, scope: &str) -> Value {
        let code = self.launch(client, scope).await;
        self.server.token(&borrowed(&exchange(client, &code))).await.ok()
    }
}

/// A good authorization request.
pub fn request(client: &Client, scope: &str) -> Vec<(String, String)> {
    [
        ("response_type", "code"),
        ("client_id", client.id.as_str()),
        ("redirect_uri", REDIRECT),
        ("scope", scope),
        ("state", "state 1"),
        ("aud", FHIR),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// A good code exchange of a public client.
pub fn exchange(client: &Client, code: &str) -> Vec<(String, String)> {
    [
        ("grant_type", "authorization_code"),
        ("client_id", client.id.as_str()),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

pub fn borrowed(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The same fields with one set or, with an empty value, left out.
pub fn set(fields: &[(String, String)], name: &str, value: &str) -> Vec<(String, String)> {
    let mut fields = fields.to_vec();
    fields.retain(|(n, _)| n != name);
    if !value.is_empty() {
        fields.push((name.to_owned(), value.to_owned()));
    }
    fields
}

const ALL_SCOPES: &str = "launch launch/patient launch/encounter openid fhirUser profile offline_access online_access \
                          patient/*.rs user/*.rs";

/// A public client that may ask for everything.
pub fn public(id: &str) -> Client {
    Client {
        id: ClientId::parse(id).unwrap(),
        name: "Sample App".to_owned(),
        kind: ClientKind::Public,
        auth: ClientAuth::None,
        redirect_uris: vec![REDIRECT.to_owned()],
        launch_uri: Some("https://app.example/launch".to_owned()),
        scope: ALL_SCOPES.to_owned(),
        practice: None,
        trusted: false,
        state: ClientState::Active,
        details: ClientDetails::default(),
        created_at: Timestamp::from_millis(0),
    }
}

/// A confidential client with this secret.
pub fn confidential(id: &str, secret: &str) -> Client {
    let auth = ClientAuth::Secret { hash: TokenHash::of(secret).to_hex() };
    Client { kind: ClientKind::Confidential, auth, ..public(id) }
}

/// A practice's system with these keys.
pub fn backend(id: &str, jwks: &Value) -> Client {
    Client {
        kind: ClientKind::Backend,
        auth: ClientAuth::Keys { jwks: jwks.to_string() },
        scope: "system/*.rs".to_owned(),
        practice: PracticeId::parse("oak").ok(),
        redirect_uris: Vec::new(),
        launch_uri: None,
        ..public(id)
    }
}

pub fn words(scope: &Value) -> HashSet<String> {
    scope.as_str().unwrap().split(' ').map(str::to_owned).collect()
}
