//! What is released of a searchset to someone who may see some patients: exactly the entries that are theirs, as valid JSON.

use std::sync::Arc;
use std::time::Duration;

use chartgate::access::authorizer::{AccessSettings, Authorizer, Frame, Total};
use chartgate::access::permit::FactLookup;
use chartgate::access::sources::{
    FactsUnavailable, PrimaryCare, PrimaryCareSource, RelationshipSource, Standing, StandingProvider,
};
use chartgate::access::subject::{Actor, Subject};
use chartgate::access::unreleased::{Origin, OriginKind, Unreleased};
use chartgate::domain::clock::{ManualClock, Timestamp};
use chartgate::domain::grant::Grant;
use chartgate::domain::ids::{AccountId, FhirId, Npi, PracticeId};
use chartgate::fhir::index::{BundleIndex, EntryFacts, EntryMode, IndexedBody};
use chartgate::fhir::interaction::{Interaction, Search};
use chartgate::fhir::label::is_restricted;
use chartgate::fhir::resource_type::{Judgement, ResourceType};
use chartgate::fhir::scope::ScopeSet;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;
use smallvec::SmallVec;

const NPI: &str = "1234567893";

/// Whether a patient is among those within reach.
fn within_reach(patient: &FhirId, salt: u8) -> bool {
    patient.as_str().bytes().fold(salt, |sum, byte| sum.wrapping_mul(31) ^ byte).count_ones() % 2 == 0
}

struct Facts(u8);

impl RelationshipSource for Facts {
    fn standing(&self, _: &Subject) -> Standing {
        let practices = SmallVec::from_iter([PracticeId::parse("north").unwrap()]);
        let provider =
            StandingProvider { account: AccountId::parse("ana").unwrap(), sponsor: false, practices };
        Standing { active: true, providers: SmallVec::from_iter([provider]), practice: None }
    }

    fn grants(&self, _: &AccountId, _: &FhirId) -> SmallVec<[Grant; 1]> {
        SmallVec::new()
    }

    fn practices_of(&self, primary_care: &PrimaryCare) -> SmallVec<[PracticeId; 2]> {
        primary_care.npis.iter().map(|_| PracticeId::parse("north").unwrap()).collect()
    }
}

impl PrimaryCareSource for Facts {
    fn primary_care(&self, lookup: FactLookup) -> BoxFuture<'_, Result<Arc<PrimaryCare>, FactsUnavailable>> {
        let mut known = PrimaryCare::default();
        if within_reach(lookup.patient(), self.0) {
            known.npis.push(Npi::parse(NPI).unwrap());
        }
        Box::pin(async move { Ok(Arc::new(known)) })
    }
}

/// Releases the body and compares with the index, entry by entry.
pub fn check(body: &IndexedBody, index: &BundleIndex, searched: ResourceType, salt: u8) {
    let narrow = salt.is_multiple_of(3);
    let scope = if narrow { "user/*.rs?category=laboratory" } else { "user/*.rs" };
    let subject = Arc::new(Subject {
        actor: Actor::Account(AccountId::parse("ana").unwrap()),
        client: None,
        scopes: Arc::new(ScopeSet::parse(scope)),
        patient: None,
    });
    let facts = Arc::new(Facts(salt));
    let clock = ManualClock::new(Timestamp::from_millis(0));
    let authorizer = Authorizer::new(clock, facts.clone(), facts, AccessSettings::default());
    let search = Search { resource_type: searched, patient: None, query: "_count=50".into() };
    let permit = authorizer.authorize(&subject, Arc::new(Interaction::Search(search))).now_or_never();
    let permit = permit.expect("at once").expect("it may be asked");
    let origin = Origin {
        as_of: Timestamp::from_millis(0),
        age: Duration::ZERO,
        how: OriginKind::Miss,
        fresh_for: None,
    };
    let unreleased = Unreleased::seal(Arc::new(body.clone()), None, origin);
    let frame = Frame {
        self_url: "https://gate.example/fhir/r4/Observation?_count=50",
        seal: &|_| "https://gate.example/fhir/r4/Observation?_page=x".to_owned(),
        after_all: None,
        total: Total::OfThisBody,
        count_only: false,
    };
    let released = authorizer.release(permit, unreleased, frame).now_or_never();
    let released = released.expect("at once").expect("a searchset is released");
    let text: Vec<u8> = released.chunks().iter().flat_map(|chunk| chunk.iter().copied()).collect();
    let shown: Value = serde_json::from_slice(&text)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&text)));
    let shown = shown["entry"].as_array().cloned().unwrap_or_default();

    let may = |facts: &EntryFacts| {
        let scoped = !narrow || facts.categories.iter().any(|coding| &*coding.code == "laboratory");
        let open = !is_restricted(&facts.labels);
        scoped
            && match facts.resource_type.judgement() {
                Judgement::Patient => {
                    open && facts.patients.iter().all(|patient| within_reach(patient, salt))
                }
                Judgement::Directory => open,
                Judgement::Referrer => true,
                Judgement::Panel => false,
            }
    };
    let mut shown = shown.iter().peekable();
    let mut seen: Vec<usize> = Vec::new();
    let mut through: Vec<&EntryFacts> = Vec::new();
    for (place, entry) in index.entries.iter().enumerate() {
        let Some(facts) = &entry.facts else { continue };
        let came = entry.mode == EntryMode::Match
            || entry.because.iter().any(|match_| seen.contains(&(*match_ as usize)));
        let next = shown.peek().map(|entry| &entry["resource"]);
        let is_next = next.is_some_and(|next| {
            next["resourceType"] == facts.resource_type.as_str() && next["id"] == facts.id.as_str()
        });
        if facts.resource_type.judgement() == Judgement::Referrer {
            assert!(!is_next || may(facts), "{facts:?}");
            if is_next {
                through.push(facts);
            }
        } else {
            assert_eq!(is_next, came && may(facts), "salt {salt}: {facts:?}");
        }
        if is_next {
            seen.push(place);
            shown.next();
        }
    }
    assert!(shown.peek().is_none(), "something else was released: {shown:?}");
    let released: Vec<&EntryFacts> =
        seen.iter().filter_map(|place| index.entries[*place].facts.as_ref()).collect();
    for facts in through {
        let opened = if facts.resource_type == ResourceType::Provenance {
            let is = |target: &(ResourceType, FhirId)| {
                released.iter().any(|other| other.resource_type == target.0 && other.id == target.1)
            };
            facts.references.iter().all(is)
        } else {
            let refers = |other: &&EntryFacts| {
                other.references.iter().any(|(kind, id)| *kind == facts.resource_type && *id == facts.id)
            };
            released.iter().any(refers)
        };
        assert!(opened, "nothing visible refers to {facts:?}");
    }
}
