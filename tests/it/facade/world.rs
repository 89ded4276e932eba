//! The facade with its pipeline over the small hospital, and people who ask.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use chartgate::access::authorizer::{AccessSettings, Authorizer};
use chartgate::access::permit::{FactLookup, Permit};
use chartgate::access::sources::{
    AuditSink, AuditUnavailable, FactsUnavailable, PrimaryCare, PrimaryCareSource, RelationshipSource,
    Standing, StandingProvider,
};
use chartgate::access::subject::{Actor, Subject};
use chartgate::access::unreleased::Unreleased;
use chartgate::access::upstream::{Fetched, UpstreamError, Validator};
use chartgate::app::adapters::CachedEhr;
use chartgate::cache::{Cache, CacheOptions};
use chartgate::credentials::seal::SealingKey;
use chartgate::domain::audit::AuditEvent;
use chartgate::domain::clock::{ManualClock, Timestamp};
use chartgate::domain::grant::Grant;
use chartgate::domain::ids::{AccountId, ClientId, FhirId, Npi, PracticeId};
use chartgate::domain::random::SystemRandom;
use chartgate::domain::secret::{PlainToken, TokenHash, TokenKind};
use chartgate::ehr::{BreakerOptions, Ehr, EhrOptions};
use chartgate::facade::{
    Endpoints, Facade, Holder, Limits, Origins, Throttle, TokenSource, TokensUnavailable, routes,
};
use chartgate::fhir::scope::ScopeSet;
use chartgate::outbound::{Outbound, OutboundOptions, PurposeOptions};
use chartgate::records::{Bodies, Offer, Records};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use serde_json::Value;
use smallvec::SmallVec;
use tower::ServiceExt as _;

use super::hospital::{Hospital, NPI_OF_ANA};

pub const BASE: &str = "https://gate.example/fhir/r4";

pub struct World {
    pub hospital: Arc<Hospital>,
    pub clock: Arc<ManualClock>,
    pub audit: Arc<MemoryAudit>,
    pub records: Arc<Records>,
    pub ehr: Arc<Ehr>,
    pub cache: Arc<Cache>,
    router: Router,
    tokens: Arc<Tokens>,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The ids of the entries of a searchset.
    pub fn ids(&self) -> Vec<String> {
        let bundle = self.json();
        let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
        entries.iter().map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The same; none for what is no searchset.
    pub fn ids_or_none(&self) -> Vec<String> {
        let bundle: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        if bundle["resourceType"] == "Bundle" { self.ids() } else { vec![self.text()] }
    }

    /// The link of a searchset, below the FHIR base.
    pub fn link(&self, relation: &str) -> Option<String> {
        let bundle = self.json();
        let link = bundle["link"].as_array()?.iter().find(|link| link["relation"] == relation)?.clone();
        Some(link["url"].as_str().unwrap().strip_prefix(BASE).expect("a link of ours").to_owned())
    }
}

/// The subject of `account` with `scope`, and a launch patient where there is one.
pub fn subject(account: &str, scope: &str, patient: Option<&str>) -> Subject {
    Subject {
        actor: Actor::Account(AccountId::parse(account).unwrap()),
        client: ClientId::parse("viewer").ok(),
        scopes: Arc::new(ScopeSet::parse(scope)),
        patient: patient.map(|id| FhirId::parse(id).unwrap()),
    }
}

/// How PCP facts are had of the EHR.
pub type PrimaryCareBy = Box<dyn FnOnce(Arc<Ehr>, Arc<ManualClock>) -> Arc<dyn PrimaryCareSource>>;

/// Where the world's facts come from.
pub struct Facts {
    pub relationships: Arc<dyn RelationshipSource>,
    /// Made from the connection to the EHR, for those who want the EHR's own.
    pub primary_care: PrimaryCareBy,
    /// Whether bodies are kept.
    pub cached: bool,
}

/// The tests' moment.
pub const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// Most of the EHR's pages of one search: fewer than the product's own bound, so that a test reaches it.
pub const LONGEST_TRAIL: u32 = 400;
const PATIENCE: Duration = Duration::from_mins(2);

impl World {
    /// Over the small hospital.
    pub async fn new() -> Self {
        Self::small(false).await
    }

    /// The same with the cache.
    pub async fn cached() -> Self {
        Self::small(true).await
    }

    async fn small(cached: bool) -> Self {
        Self::of(Hospital::new(), cached).await
    }

    /// One more node over the same hospital.
    pub async fn beside(hospital: &Arc<Hospital>) -> Self {
        Self::of(hospital.clone(), false).await
    }

    /// One more node, with the cache.
    pub async fn cached_beside(hospital: &Arc<Hospital>) -> Self {
        Self::of(hospital.clone(), true).await
    }

    async fn of(hospital: Arc<Hospital>, cached: bool) -> Self {
        let base = hospital.serve().await;
        let primary_care = Box::new(|_: Arc<Ehr>, _: Arc<ManualClock>| Arc::new(People) as _);
        let facts = Facts { relationships: Arc::new(People), primary_care, cached };
        Self::over(hospital, &base, ManualClock::new(NOW), facts)
    }

    /// Over the small hospital, with limits on how much may be asked.
    pub async fn limited(limits: Limits) -> Self {
        let hospital = Hospital::new();
        let base = hospital.serve().await;
        let facts = Facts {
            relationships: Arc::new(People),
            primary_care: Box::new(|_, _| Arc::new(People)),
            cached: true,
        };
        Self::over_limited(hospital, &base, ManualClock::new(NOW), facts, limits)
    }

    /// Over an EHR at `base`.
    pub fn over(hospital: Arc<Hospital>, base: &str, clock: Arc<ManualClock>, facts: Facts) -> Self {
        Self::over_limited(hospital, base, clock, facts, Limits::NONE)
    }

    fn over_limited(
        hospital: Arc<Hospital>,
        base: &str,
        clock: Arc<ManualClock>,
        facts: Facts,
        limits: Limits,
    ) -> Self {
        // Long enough for a busy machine that writes everybody's record in a debug build.
        let purpose =
            PurposeOptions { private_networks: true, total_timeout: PATIENCE, ..PurposeOptions::default() };
        let options = EhrOptions {
            retries: 0,
            timeout: PATIENCE,
            breaker: BreakerOptions { failures: 1000, ..BreakerOptions::default() },
            ..EhrOptions::new(base.parse().unwrap(), BASE.parse().unwrap())
        };
        Self::connected_limited(hospital, (&options, purpose), clock, facts, limits, None)
    }

    /// Over an EHR that is reached by these options.
    pub fn connected(
        hospital: Arc<Hospital>,
        options: &EhrOptions,
        purpose: PurposeOptions,
        clock: Arc<ManualClock>,
        facts: Facts,
    ) -> Self {
        let trail = Some(LONGEST_TRAIL);
        Self::connected_limited(hospital, (options, purpose), clock, facts, Limits::NONE, trail)
    }

    fn connected_limited(
        hospital: Arc<Hospital>,
        (options, purpose): (&EhrOptions, PurposeOptions),
        clock: Arc<ManualClock>,
        facts: Facts,
        limits: Limits,
        longest_trail: Option<u32>,
    ) -> Self {
        chartgate::credentials::install_crypto_provider();
        let random = Arc::new(SystemRandom);
        let outbound = OutboundOptions { ehr: purpose, ..OutboundOptions::default() };
        let outbound = Outbound::new(&outbound).unwrap();
        let ehr = Arc::new(Ehr::connect(options, &outbound, clock.clone(), random.clone()).unwrap());
        let audit = Arc::new(MemoryAudit::default());
        let primary_care = (facts.primary_care)(ehr.clone(), clock.clone());
        let settings = AccessSettings::default();
        let authorizer = Authorizer::new(clock.clone(), facts.relationships, primary_care, settings);
        let asked = ehr.clone();
        let cache = Arc::new(Cache::new(CacheOptions::default(), clock.clone()));
        let bodies: Arc<dyn Bodies> = if facts.cached {
            Arc::new(CachedEhr { cache: cache.clone(), ehr: ehr.clone() })
        } else {
            Arc::new(Direct(ehr.clone()))
        };
        let records = Records::new(
            Arc::new(authorizer),
            bodies,
            audit.clone(),
            clock.clone(),
            random.clone(),
            &SealingKey::from_bytes([7; 32]),
            Arc::new(Offer::new(BASE, move || asked.capabilities())),
        );
        let records = Arc::new(match longest_trail {
            Some(pages) => records.with_longest_trail(pages),
            None => records,
        });
        let tokens = Arc::new(Tokens::default());
        let endpoints = Endpoints {
            authorize: "https://gate.example/oauth/authorize".into(),
            token: "https://gate.example/oauth/token".into(),
            revoke: "https://gate.example/oauth/revoke".into(),
            introspect: "https://gate.example/oauth/introspect".into(),
            manage: "https://gate.example/account/apps".into(),
            register: None,
            date: "2026-05-01T00:00:00Z".into(),
        };
        let throttle = Throttle::new(limits, clock.clone());
        let facade = Facade::new(
            records.clone(),
            tokens.clone(),
            Arc::new(OneApp),
            endpoints,
            random.clone(),
            None,
            throttle,
        );
        let router = routes(facade, None, "/fhir/r4");
        Self { hospital, clock, audit, records, ehr, cache, router, tokens }
    }

    /// A token for this subject.
    pub fn token(&self, subject: Subject) -> String {
        let token = PlainToken::generate(TokenKind::Access, &SystemRandom);
        self.tokens.0.lock().insert(token.hash(), Arc::new(subject));
        token.expose().to_owned()
    }

    /// A token of the primary care provider with every reading scope.
    pub fn ana(&self) -> String {
        self.token(subject("ana", "user/*.rs", None))
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub async fn call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("/fhir/r4{path}"));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.call("GET", path, Some(token), &[]).await
    }
}

/// Ana practises in the north, where the PCP of the patient "seen" is; Ben in the south, where nobody's is; Gus is nobody's
/// provider.
struct People;

impl RelationshipSource for People {
    fn standing(&self, subject: &Subject) -> Standing {
        let account = match &subject.actor {
            Actor::Account(account) => account,
            Actor::Practice(practice) => {
                let active = matches!(practice.as_str(), "north" | "south");
                return Standing { active, practice: Some(practice.clone()), ..Standing::default() };
            }
        };
        let practice = match account.as_str() {
            "ana" => "north",
            "ben" => "south",
            "gus" => return Standing { active: true, ..Standing::default() },
            _ => return Standing::default(),
        };
        let practices = SmallVec::from_iter([PracticeId::parse(practice).unwrap()]);
        let provider = StandingProvider { account: account.clone(), sponsor: false, practices };
        Standing { active: true, providers: SmallVec::from_iter([provider]), practice: None }
    }

    fn grants(&self, _: &AccountId, _: &FhirId) -> SmallVec<[Grant; 1]> {
        SmallVec::new()
    }

    fn npi_of(&self, account: &AccountId) -> Option<Npi> {
        (account.as_str() == "ana").then(|| Npi::parse(NPI_OF_ANA).unwrap())
    }

    fn roster_of(&self, practice: &PracticeId) -> PrimaryCare {
        let mut roster = PrimaryCare::default();
        if practice.as_str() == "north" {
            roster.npis.push(Npi::parse(NPI_OF_ANA).unwrap());
        }
        roster
    }

    fn practices_of(&self, primary_care: &PrimaryCare) -> SmallVec<[PracticeId; 2]> {
        let north = primary_care.npis.iter().any(|npi| npi.as_str() == NPI_OF_ANA);
        north.then(|| PracticeId::parse("north").unwrap()).into_iter().collect()
    }
}

impl PrimaryCareSource for People {
    fn primary_care(&self, lookup: FactLookup) -> BoxFuture<'_, Result<Arc<PrimaryCare>, FactsUnavailable>> {
        let mut known = PrimaryCare::default();
        if lookup.patient().as_str() == "seen" || lookup.patient().as_str().starts_with("panel-") {
            known.npis.push(Npi::parse(NPI_OF_ANA).unwrap());
        }
        Box::pin(async move { Ok(Arc::new(known)) })
    }
}

/// Straight from the EHR, nothing kept.
struct Direct(Arc<Ehr>);

impl Bodies for Direct {
    fn fetch<'a>(&'a self, permit: &'a Permit) -> BoxFuture<'a, Result<Option<Unreleased>, UpstreamError>> {
        Box::pin(async move {
            match self.0.fetch(permit, Validator::default()).await? {
                Fetched::Body(body, _) => Ok(Some(body)),
                Fetched::NotModified(_) => unreachable!("nothing was held"),
                Fetched::Absent => Ok(None),
            }
        })
    }
}

#[derive(Default)]
pub struct MemoryAudit {
    pub events: Mutex<Vec<AuditEvent>>,
    pub full: AtomicBool,
}

impl MemoryAudit {
    pub fn last(&self) -> AuditEvent {
        self.events.lock().last().cloned().expect("an event")
    }
}

impl AuditSink for MemoryAudit {
    fn record(&self, event: AuditEvent) -> BoxFuture<'_, Result<(), AuditUnavailable>> {
        Box::pin(async move {
            if self.full.load(Ordering::Relaxed) {
                return Err(AuditUnavailable);
            }
            self.events.lock().push(event);
            Ok(())
        })
    }
}

#[derive(Default)]
struct Tokens(Mutex<HashMap<TokenHash, Arc<Subject>>>);

impl TokenSource for Tokens {
    fn remembered(&self, _: &TokenHash) -> Option<Holder> {
        None
    }

    fn look_up<'a>(
        &'a self,
        hash: &'a TokenHash,
    ) -> BoxFuture<'a, Result<Option<Holder>, TokensUnavailable>> {
        let holder = |subject: &Arc<Subject>| Holder { subject: subject.clone(), bound_to: None };
        Box::pin(async move { Ok(self.0.lock().get(hash).map(holder)) })
    }
}

struct OneApp;

impl Origins for OneApp {
    fn is_registered(&self, origin: &str) -> bool {
        origin == "https://app.example"
    }
}
