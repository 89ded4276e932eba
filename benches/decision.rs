//! What it costs to say yes or no: the presented token to its subject, the facts, the decision and the permit, in process,
//! with random keys among a million tokens and a million grants (DESIGN.md 12, "token and decision"). The sources of facts
//! here are plain maps, so that this is the cost of the policy; `store` has its own table of grants.
//!
//! `cargo bench --bench decision`

#![expect(clippy::expect_used, reason = "a bench that cannot be set up may panic")]

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use ahash::RandomState;
use chartgate::access::authorizer::{AccessSettings, Authorizer};
use chartgate::access::permit::FactLookup;
use chartgate::access::sources::{
    FactsUnavailable, PrimaryCare, PrimaryCareSource, RelationshipSource, Standing, StandingProvider,
};
use chartgate::access::subject::{Actor, Subject};
use chartgate::domain::clock::SystemClock;
use chartgate::domain::clock::Timestamp;
use chartgate::domain::grant::{DataKinds, Grant, GrantedBy};
use chartgate::domain::ids::{AccountId, ClientId, FhirId, GrantId, Npi, PracticeId};
use chartgate::domain::secret::TokenHash;
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

const MILLION: usize = 1_000_000;
const PROVIDERS: usize = 10_000;

type Map<K, V> = HashMap<K, V, RandomState>;

struct World {
    tokens: Map<TokenHash, Arc<Subject>>,
    /// By provider's and patient's number.
    grants: Map<(usize, usize), Grant>,
    practices: Vec<PracticeId>,
    npi: Npi,
    primary_care: Arc<PrimaryCare>,
}

fn number(id: &str) -> usize {
    id.get(1..).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

fn account(number: usize) -> AccountId {
    AccountId::parse(&format!("a{number}")).expect("an id")
}

fn patient(number: usize) -> FhirId {
    FhirId::parse(&format!("p{number}")).expect("an id")
}

fn token(number: usize) -> String {
    format!("cg_at_{number:043}")
}

fn provider_of(patient: usize) -> usize {
    patient.wrapping_mul(2_654_435_761) % PROVIDERS
}

/// Patients below this number have a PCP in their provider's practice, the others a grant for their provider.
const PANEL: usize = MILLION / 2;

static WORLD: LazyLock<Arc<World>> = LazyLock::new(|| {
    let npi = Npi::parse("1234567893").expect("an NPI");
    let scopes = Arc::new(ScopeSet::parse(
        "launch/patient openid fhirUser offline_access patient/Patient.rs patient/Encounter.rs patient/Condition.rs \
         patient/AllergyIntolerance.rs patient/MedicationRequest.rs patient/Medication.rs patient/DiagnosticReport.rs \
         patient/DocumentReference.rs patient/Binary.rs patient/Immunization.rs patient/Procedure.rs patient/CareTeam.rs \
         user/Practitioner.rs user/Organization.rs user/Location.rs \
         patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory",
    ));
    let client = ClientId::parse("viewer").expect("an id");
    let subject = |number: usize| {
        Arc::new(Subject {
            actor: Actor::Account(account(provider_of(number))),
            client: Some(client.clone()),
            scopes: Arc::clone(&scopes),
            patient: Some(patient(number)),
        })
    };
    let grant = |number: usize| Grant {
        id: GrantId::parse(&format!("g{number}")).expect("an id"),
        patient: patient(number),
        provider: account(provider_of(number)),
        granted_by: GrantedBy::Guardian,
        kinds: DataKinds::ALL,
        covers_restricted: false,
        created_at: Timestamp::from_millis(0),
        ends_at: None,
        revoked_at: None,
    };
    Arc::new(World {
        tokens: (0..MILLION).map(|number| (TokenHash::of(&token(number)), subject(number))).collect(),
        grants: (0..MILLION).map(|number| ((provider_of(number), number), grant(number))).collect(),
        practices: (0..PROVIDERS).map(|n| PracticeId::parse(&format!("c{n}")).expect("an id")).collect(),
        primary_care: Arc::new(PrimaryCare { npis: smallvec![npi.clone()], ..PrimaryCare::default() }),
        npi,
    })
});

struct Sources(Arc<World>);

impl RelationshipSource for Sources {
    fn standing(&self, subject: &Subject) -> Standing {
        let Actor::Account(account) = &subject.actor else { return Standing::default() };
        let practice = self.0.practices.get(number(account.as_str())).cloned();
        let provider = StandingProvider {
            account: account.clone(),
            sponsor: false,
            practices: practice.into_iter().collect(),
        };
        Standing { active: true, providers: smallvec![provider], practice: None }
    }

    fn grants(&self, provider: &AccountId, patient: &FhirId) -> SmallVec<[Grant; 1]> {
        let key = (number(provider.as_str()), number(patient.as_str()));
        self.0.grants.get(&key).cloned().into_iter().collect()
    }

    fn practices_of(&self, primary_care: &PrimaryCare) -> SmallVec<[PracticeId; 2]> {
        let known = primary_care.npis.contains(&self.0.npi);
        self.0.practices.first().filter(|_| known).cloned().into_iter().collect()
    }
}

impl PrimaryCareSource for Sources {
    fn primary_care(&self, lookup: FactLookup) -> BoxFuture<'_, Result<Arc<PrimaryCare>, FactsUnavailable>> {
        let in_panel = number(lookup.patient().as_str()) < PANEL;
        let answer = if in_panel { Arc::clone(&self.0.primary_care) } else { Arc::default() };
        std::future::ready(Ok(answer)).boxed()
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit
    }
}

#[divan::bench(sample_count = 200, sample_size = 500)]
fn token_and_decision(bencher: Bencher<'_, '_>) {
    let world = Arc::clone(&WORLD);
    let sources = || Arc::new(Sources(Arc::clone(&world)));
    let authorizer = Authorizer::new(Arc::new(SystemClock), sources(), sources(), AccessSettings::default());
    let mut random = Random(7);
    bencher
        .with_inputs(|| {
            let number = random.below(MILLION);
            let patient = Some(patient(number));
            let search =
                Search { resource_type: ResourceType::Observation, patient, query: "patient=x".into() };
            (token(number), Arc::new(Interaction::Search(search)))
        })
        .bench_local_values(|(token, interaction)| {
            let subject = world.tokens.get(&TokenHash::of(&token)).expect("known");
            authorizer.authorize(subject, interaction).now_or_never().expect("in process").expect("allowed")
        });
}

#[divan::bench(sample_count = 200, sample_size = 500)]
fn token_and_refusal(bencher: Bencher<'_, '_>) {
    let world = Arc::clone(&WORLD);
    let sources = || Arc::new(Sources(Arc::clone(&world)));
    let authorizer = Authorizer::new(Arc::new(SystemClock), sources(), sources(), AccessSettings::default());
    let mut random = Random(11);
    bencher
        .with_inputs(|| {
            let other = Some(patient(random.below(MILLION)));
            let search = Search {
                resource_type: ResourceType::Observation,
                patient: other,
                query: "patient=x".into(),
            };
            (token(random.below(MILLION)), Arc::new(Interaction::Search(search)))
        })
        .bench_local_values(|(token, interaction)| {
            let subject = world.tokens.get(&TokenHash::of(&token)).expect("known");
            authorizer.authorize(subject, interaction).now_or_never().expect("in process").is_err()
        });
}
