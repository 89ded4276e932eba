//! What it costs to give a stored searchset out: decided and filtered again on every hit (DESIGN.md 12, "cached search" and
//! "the same Bundle for a reader with other rights"). 45 entries, 65 KB.
//!
//! `cargo bench --bench release`

#![expect(clippy::expect_used, reason = "a bench that cannot be set up may panic")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chartgate::access::authorizer::{AccessSettings, Authorizer, Frame, Total};
use chartgate::access::permit::FactLookup;
use chartgate::access::sources::{
    FactsUnavailable, PrimaryCare, PrimaryCareSource, RelationshipSource, Standing, StandingProvider,
};
use chartgate::access::subject::{Actor, Subject};
use chartgate::access::unreleased::{Origin, OriginKind, Unreleased};
use chartgate::domain::clock::{SystemClock, Timestamp};
use chartgate::domain::grant::Grant;
use chartgate::domain::ids::{AccountId, FhirId, PracticeId};
use chartgate::fhir::index::{Rewrite, index_bundle};
use chartgate::fhir::interaction::{Interaction, Search};
use chartgate::fhir::resource_type::ResourceType;
use chartgate::fhir::scope::ScopeSet;
use divan::Bencher;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use smallvec::{SmallVec, smallvec};

fn main() {
    divan::main();
}

/// One provider, one practice, which has every patient's PCP.
struct Sources;

fn practice() -> PracticeId {
    PracticeId::parse("north").expect("an id")
}

impl RelationshipSource for Sources {
    fn standing(&self, subject: &Subject) -> Standing {
        let Actor::Account(account) = &subject.actor else { return Standing::default() };
        let provider =
            StandingProvider { account: account.clone(), sponsor: false, practices: smallvec![practice()] };
        Standing { active: true, providers: smallvec![provider], practice: None }
    }

    fn grants(&self, _: &AccountId, _: &FhirId) -> SmallVec<[Grant; 1]> {
        SmallVec::new()
    }

    fn practices_of(&self, _: &PrimaryCare) -> SmallVec<[PracticeId; 2]> {
        smallvec![practice()]
    }
}

impl PrimaryCareSource for Sources {
    fn primary_care(&self, _: FactLookup) -> BoxFuture<'_, Result<Arc<PrimaryCare>, FactsUnavailable>> {
        std::future::ready(Ok(Arc::default())).boxed()
    }
}

/// A searchset of 45 Observations; where `labelled`, every third one is restricted.
fn stored(labelled: bool) -> Unreleased {
    let entry = |number: usize| {
        let label = if labelled && number % 3 == 2 { r#""security":[{"code":"R"}],"# } else { "" };
        let text = "Within the reference range. ".repeat(36);
        format!(
            r#"{{"resource":{{"resourceType":"Observation","id":"o{number}","meta":{{{label}"versionId":"1"}},"category":[{{"coding":[{{"system":"c","code":"laboratory"}}]}}],"subject":{{"reference":"Patient/kim"}},"note":[{{"text":"{text}"}}]}}}}"#
        )
    };
    let entries = (0..45).map(entry).collect::<Vec<_>>().join(",");
    let bundle = format!(r#"{{"resourceType":"Bundle","type":"searchset","entry":[{entries}]}}"#);
    let rewrite = Rewrite::new("https://ehr.example/fhir", "https://gate.example/fhir/r4");
    let body = index_bundle(Bytes::from(bundle), ResourceType::Observation, &rewrite).expect("a searchset");
    let origin = Origin {
        as_of: Timestamp::from_millis(0),
        age: Duration::ZERO,
        how: OriginKind::Hit,
        fresh_for: None,
    };
    Unreleased::seal(Arc::new(body), None, origin)
}

fn hit(bencher: Bencher<'_, '_>, scopes: &str, stored: &Unreleased) {
    let authorizer = Authorizer::new(
        Arc::new(SystemClock),
        Arc::new(Sources),
        Arc::new(Sources),
        AccessSettings::default(),
    );
    let subject = Arc::new(Subject {
        actor: Actor::Account(AccountId::parse("ana").expect("an id")),
        client: None,
        scopes: Arc::new(ScopeSet::parse(scopes)),
        patient: None,
    });
    let interaction = Arc::new(Interaction::Search(Search {
        resource_type: ResourceType::Observation,
        patient: Some(FhirId::parse("kim").expect("an id")),
        query: "patient=kim".into(),
    }));
    let frame = Frame {
        self_url: "https://gate.example/fhir/r4/Observation?patient=kim",
        seal: &|place| place.upstream.as_deref().unwrap_or_default().to_owned(),
        after_all: None,
        total: Total::OfThisBody,
        count_only: false,
    };
    bencher.bench_local(|| {
        let permit = authorizer.authorize(&subject, Arc::clone(&interaction));
        let permit = permit.now_or_never().expect("in process").expect("allowed");
        let released = authorizer.release(permit, stored.clone(), frame);
        released.now_or_never().expect("in process").expect("released")
    });
}

/// Everything is visible: the stored bytes, shared.
#[divan::bench]
fn all_visible(bencher: Bencher<'_, '_>) {
    hit(bencher, "user/*.rs", &stored(false));
}

/// A third is withheld: stitched.
#[divan::bench]
fn some_withheld(bencher: Bencher<'_, '_>) {
    hit(bencher, "user/*.rs", &stored(true));
}

/// The scope's category lets nothing through: an empty searchset.
#[divan::bench]
fn all_withheld(bencher: Bencher<'_, '_>) {
    hit(bencher, "user/Observation.rs?category=vital-signs", &stored(false));
}
