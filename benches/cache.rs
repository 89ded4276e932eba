//! What the cache itself costs (DESIGN.md 12, "cached read" and "insertion"): a hit among a hundred thousand entries with
//! random keys, for one resource and for a searchset, and keeping a body that the EHR sent, index and seal included.
//! The peer is a plain `moka` look-up of shared bytes by a text key: what a cache costs that knows nothing.
//!
//! `cargo bench --bench cache`

#![expect(clippy::expect_used, reason = "a bench that cannot be set up may panic")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use chartgate::access::authorizer::{AccessSettings, Authorizer};
use chartgate::access::permit::{FactLookup, Permit};
use chartgate::access::sources::{
    FactsUnavailable, PrimaryCare, PrimaryCareSource, RelationshipSource, Standing, StandingProvider,
};
use chartgate::access::subject::{Actor, Subject};
use chartgate::access::unreleased::{Origin, OriginKind, Unreleased};
use chartgate::access::upstream::{Fetched, Freshness};
use chartgate::cache::{Cache, CacheOptions};
use chartgate::domain::clock::{Clock as _, SystemClock};
use chartgate::domain::grant::Grant;
use chartgate::domain::ids::{AccountId, FhirId, PracticeId};
use chartgate::fhir::index::{Rewrite, index_resource};
use chartgate::fhir::interaction::Interaction;
use chartgate::fhir::resource_type::ResourceType;
use chartgate::fhir::scope::ScopeSet;
use divan::Bencher;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use smallvec::SmallVec;

fn main() {
    divan::main();
}

const ENTRIES: usize = 100_000;

/// Everybody is an active provider without patients: enough to read directory data.
struct Active;

impl RelationshipSource for Active {
    fn standing(&self, _: &Subject) -> Standing {
        let account = AccountId::parse("a").expect("an id");
        let provider = StandingProvider { account, sponsor: false, practices: SmallVec::new() };
        Standing { active: true, providers: SmallVec::from_iter([provider]), practice: None }
    }

    fn grants(&self, _: &AccountId, _: &FhirId) -> SmallVec<[Grant; 1]> {
        SmallVec::new()
    }

    fn practices_of(&self, _: &PrimaryCare) -> SmallVec<[PracticeId; 2]> {
        SmallVec::new()
    }
}

impl PrimaryCareSource for Active {
    fn primary_care(&self, _: FactLookup) -> BoxFuture<'_, Result<Arc<PrimaryCare>, FactsUnavailable>> {
        async { Err(FactsUnavailable) }.boxed()
    }
}

fn id(number: usize) -> FhirId {
    FhirId::parse(&format!("org-{number}")).expect("an id")
}

fn permit(number: usize) -> Permit {
    static AUTHORIZER: LazyLock<(Authorizer, Arc<Subject>)> = LazyLock::new(|| {
        let authorizer = Authorizer::new(
            Arc::new(SystemClock),
            Arc::new(Active),
            Arc::new(Active),
            AccessSettings::default(),
        );
        let subject = Subject {
            actor: Actor::Account(AccountId::parse("a").expect("an id")),
            client: None,
            scopes: Arc::new(ScopeSet::parse("user/Organization.rs")),
            patient: None,
        };
        (authorizer, Arc::new(subject))
    });
    let (authorizer, subject) = &*AUTHORIZER;
    let interaction = Interaction::Read { resource_type: ResourceType::Organization, id: id(number) };
    let decided = authorizer.authorize(subject, Arc::new(interaction)).now_or_never();
    decided.expect("decided at once").expect("allowed")
}

/// One resource of `size` bytes and a little more.
fn resource(number: usize, size: usize) -> Bytes {
    let filler = "x".repeat(size);
    format!(r#"{{"resourceType":"Organization","id":"org-{number}","meta":{{"versionId":"1"}},"name":"{filler}"}}"#).into()
}

fn seal(bytes: Bytes) -> Fetched {
    let rewrite = Rewrite::new("https://ehr.example/fhir", "https://gate.example/fhir/r4");
    let body = index_resource(bytes, &rewrite).expect("a resource");
    let origin =
        Origin { as_of: SystemClock.now(), age: Duration::ZERO, how: OriginKind::Miss, fresh_for: None };
    Fetched::Body(Unreleased::seal(Arc::new(body), Some("W/\"1\"".into()), origin), Freshness::default())
}

fn options() -> CacheOptions {
    CacheOptions { max_bytes: 4 << 30, fresh_for: Duration::from_hours(1), ..CacheOptions::default() }
}

fn keep(cache: &Cache, permit: &Permit, bytes: Bytes) {
    let kept = cache.fetch(permit, |_| async { Ok(seal(bytes)) }).now_or_never();
    assert!(kept.expect("at once").is_ok_and(|body| body.is_some()));
}

static FULL: LazyLock<(Cache, Vec<Permit>)> = LazyLock::new(|| {
    let cache = Cache::new(options(), Arc::new(SystemClock));
    let permits: Vec<_> = (0..ENTRIES).map(permit).collect();
    for (number, permit) in permits.iter().enumerate() {
        keep(&cache, permit, resource(number, 500));
    }
    (cache, permits)
});

/// Numbers that jump about, so that no cache line is met twice soon.
fn next() -> usize {
    static AT: AtomicUsize = AtomicUsize::new(0);
    AT.fetch_add(1, Ordering::Relaxed).wrapping_mul(2_654_435_761) % ENTRIES
}

#[divan::bench]
fn hit_among_a_hundred_thousand(bencher: Bencher<'_, '_>) {
    let (cache, permits) = &*FULL;
    bencher.with_inputs(|| permits.get(next())).bench_values(|permit| {
        let found = cache.fetch(permit.expect("in range"), |_| async { unreachable!("it is held") });
        found.now_or_never().expect("at once").expect("held")
    });
}

#[divan::bench]
fn peer_moka_by_text(bencher: Bencher<'_, '_>) {
    static PEER: LazyLock<moka::future::Cache<String, Bytes, ahash::RandomState>> = LazyLock::new(|| {
        let peer = moka::future::Cache::builder()
            .max_capacity(4 << 30)
            .weigher(|_, bytes: &Bytes| u32::try_from(bytes.len()).unwrap_or(u32::MAX))
            .build_with_hasher(ahash::RandomState::new());
        for number in 0..ENTRIES {
            let put = peer.insert(format!("Organization/org-{number}"), resource(number, 500));
            put.now_or_never().expect("at once");
        }
        peer
    });
    let keys: Vec<_> = (0..ENTRIES).map(|number| format!("Organization/org-{number}")).collect();
    bencher
        .with_inputs(|| keys.get(next()))
        .bench_values(|key| PEER.get(key.expect("in range")).now_or_never().expect("at once").expect("held"));
}

#[divan::bench(args = [3_700, 65_000])]
fn keep_a_body(bencher: Bencher<'_, '_>, size: usize) {
    let cache = Cache::new(CacheOptions { max_bytes: 64 << 20, ..options() }, Arc::new(SystemClock));
    bencher
        .with_inputs(|| {
            let number = next();
            (permit(number), resource(number, size))
        })
        .bench_values(|(permit, bytes)| {
            cache.fetch(&permit, |_| async { Ok(seal(bytes)) }).now_or_never().expect("at once").is_ok()
        });
}
