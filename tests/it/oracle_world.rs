//! A hospital in memory: the facts that `store` and `ehr` would give, in the open, for the tests of the policy.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chartgate::access::authorizer::{AccessSettings, Authorizer, Frame, Place, Total};
use chartgate::access::permit::{FactLookup, Permit};
use chartgate::access::refusal::Refusal;
use chartgate::access::released::Released;
use chartgate::access::sources::{
    FactsUnavailable, PrimaryCare, PrimaryCareSource, RelationshipSource, Standing, StandingProvider,
};
use chartgate::access::subject::{Actor, Subject};
use chartgate::access::unreleased::{Origin, OriginKind, Unreleased};
use chartgate::domain::clock::{ManualClock, Timestamp};
use chartgate::domain::grant::{DataKinds, Grant, GrantedBy};
use chartgate::domain::ids::{AccountId, ClientId, FhirId, GrantId, Npi, PracticeId};
use chartgate::fhir::index::{Rewrite, index_bundle, index_raw, index_resource};
use chartgate::fhir::interaction::{Interaction, Search};
use chartgate::fhir::resource_type::ResourceType;
use chartgate::fhir::scope::ScopeSet;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use smallvec::SmallVec;

pub const EHR: &str = "https://ehr.example/fhir";
pub const FACADE: &str = "https://gate.example/fhir/r4";
pub const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A person with an account.
#[derive(Clone, Debug)]
pub enum Person {
    Provider { npi: &'static str },
    Sponsored { sponsors: Vec<&'static str> },
    Guardian,
    Staff,
}

#[derive(Clone, Debug, Default)]
pub struct World {
    pub people: BTreeMap<&'static str, Person>,
    pub suspended: BTreeSet<&'static str>,
    /// Practice to the NPIs on its roster and its Organization.
    pub practices: BTreeMap<&'static str, (Vec<&'static str>, Option<&'static str>)>,
    /// Patient to PCPs: NPIs and Organizations.
    pub pcps: BTreeMap<&'static str, (Vec<&'static str>, Vec<&'static str>)>,
    pub grants: Vec<Grant>,
    /// Patients whose PCPs the EHR cannot name just now.
    pub silent: BTreeSet<&'static str>,
    pub practice_systems_use_grants: bool,
}

pub fn id(text: &str) -> FhirId {
    FhirId::parse(text).unwrap()
}

pub fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

/// A grant that holds, of everything but what is restricted.
pub fn grant(patient: &str, provider: &str) -> Grant {
    Grant {
        id: GrantId::parse(&format!("{patient}-{provider}")).unwrap(),
        patient: id(patient),
        provider: account(provider),
        granted_by: GrantedBy::Guardian,
        kinds: DataKinds::ALL,
        covers_restricted: false,
        created_at: NOW.minus(Duration::from_secs(1)),
        ends_at: None,
        revoked_at: None,
    }
}

/// A subject whose actor is a person of the world, or `system:` and a practice.
pub fn subject(actor: &str, scopes: &str, launch: Option<&str>) -> Arc<Subject> {
    Arc::new(Subject {
        actor: match actor.strip_prefix("system:") {
            Some(practice) => Actor::Practice(PracticeId::parse(practice).unwrap()),
            None => Actor::Account(account(actor)),
        },
        client: Some(ClientId::parse("app").unwrap()),
        scopes: Arc::new(ScopeSet::parse(scopes)),
        patient: launch.map(id),
    })
}

pub fn read(resource_type: ResourceType, resource: &str) -> Interaction {
    Interaction::Read { resource_type, id: id(resource) }
}

pub fn search(resource_type: ResourceType, patient: Option<&str>) -> Interaction {
    let query = patient.map(|patient| format!("patient={patient}")).unwrap_or_default();
    Interaction::Search(Search { resource_type, patient: patient.map(id), query: query.into() })
}

impl World {
    pub fn gate(self) -> Gate {
        let settings = AccessSettings { practice_systems_use_grants: self.practice_systems_use_grants };
        let clock = ManualClock::new(NOW);
        let world = Arc::new(self);
        let sources = (Arc::clone(&world), world);
        Gate { authorizer: Authorizer::new(clock.clone(), sources.0, sources.1, settings), clock }
    }

    fn providers(&self, name: &str) -> Vec<StandingProvider> {
        let provider = |name: &str, npi: &str, sponsor| StandingProvider {
            account: account(name),
            sponsor,
            practices: self
                .practices
                .iter()
                .filter(|(_, (roster, _))| roster.contains(&npi))
                .map(|(name, _)| PracticeId::parse(name).unwrap())
                .collect(),
        };
        match self.people.get(name) {
            Some(Person::Provider { npi }) => vec![provider(name, npi, false)],
            Some(Person::Sponsored { sponsors }) => {
                let active = sponsors.iter().filter(|sponsor| !self.suspended.contains(*sponsor));
                let with_npi = active.filter_map(|sponsor| match self.people.get(sponsor) {
                    Some(Person::Provider { npi }) => Some(provider(sponsor, npi, true)),
                    _ => None,
                });
                with_npi.collect()
            }
            _ => Vec::new(),
        }
    }
}

impl RelationshipSource for World {
    fn standing(&self, subject: &Subject) -> Standing {
        match &subject.actor {
            Actor::Account(account) => Standing {
                active: self.people.contains_key(account.as_str())
                    && !self.suspended.contains(account.as_str()),
                providers: self.providers(account.as_str()).into(),
                practice: None,
            },
            Actor::Practice(practice) => Standing {
                active: self.practices.contains_key(practice.as_str())
                    && !self.suspended.contains(practice.as_str()),
                providers: SmallVec::new(),
                practice: Some(practice.clone()),
            },
        }
    }

    fn grants(&self, provider: &AccountId, patient: &FhirId) -> SmallVec<[Grant; 1]> {
        let ours = |grant: &&Grant| grant.provider == *provider && grant.patient == *patient;
        self.grants.iter().filter(ours).filter(|grant| grant.revoked_at.is_none()).cloned().collect()
    }

    fn providers_of(&self, practice: &PracticeId) -> SmallVec<[AccountId; 4]> {
        let (roster, _) = &self.practices[practice.as_str()];
        let on_roster = |person: &Person| matches!(person, Person::Provider { npi } if roster.contains(npi));
        self.people
            .iter()
            .filter(|(name, person)| on_roster(person) && !self.suspended.contains(*name))
            .map(|(name, _)| account(name))
            .collect()
    }

    fn practices_of(&self, primary_care: &PrimaryCare) -> SmallVec<[PracticeId; 2]> {
        self.practices
            .iter()
            .filter(|(_, (roster, organization))| {
                primary_care.npis.iter().any(|npi| roster.contains(&npi.as_str()))
                    || organization.is_some_and(|own| primary_care.organizations.contains(&id(own)))
            })
            .map(|(name, _)| PracticeId::parse(name).unwrap())
            .collect()
    }
}

impl PrimaryCareSource for World {
    fn primary_care(&self, lookup: FactLookup) -> BoxFuture<'_, Result<Arc<PrimaryCare>, FactsUnavailable>> {
        let patient = lookup.patient().as_str();
        let answer = if self.silent.contains(patient) {
            Err(FactsUnavailable)
        } else {
            let (npis, organizations) = self.pcps.get(patient).cloned().unwrap_or_default();
            Ok(Arc::new(PrimaryCare {
                npis: npis.into_iter().map(|npi| Npi::parse(npi).unwrap()).collect(),
                organizations: organizations.into_iter().map(id).collect(),
                ..PrimaryCare::default()
            }))
        };
        std::future::ready(answer).boxed()
    }
}

/// The policy over a world, with what `records` does around it: authorize, index, release.
pub struct Gate {
    pub authorizer: Authorizer,
    pub clock: Arc<ManualClock>,
}

/// What a client gets.
#[derive(Debug)]
pub struct Answer {
    pub released: Released,
    pub body: Value,
}

impl Answer {
    pub fn of(released: Released) -> Self {
        let body = serde_json::from_slice(&released.chunks().concat()).unwrap();
        Self { released, body }
    }

    /// `Type/id` of each resource in the answer, sorted.
    pub fn names(&self) -> Vec<String> {
        let name = |resource: &Value| {
            format!("{}/{}", resource["resourceType"].as_str().unwrap(), resource["id"].as_str().unwrap())
        };
        let mut names = match self.body["entry"].as_array() {
            Some(entries) => entries.iter().map(|entry| name(&entry["resource"])).collect(),
            None if self.body["resourceType"] == "Bundle" => Vec::new(),
            None => vec![name(&self.body)],
        };
        names.sort();
        names
    }
}

pub fn sealed(interaction: &Interaction, body: &str) -> Unreleased {
    let rewrite = Rewrite::new(EHR, FACADE);
    let bytes = Bytes::copy_from_slice(body.as_bytes());
    let body = match interaction {
        Interaction::Read { resource_type: ResourceType::Binary, id } if !body.starts_with('{') => {
            index_raw(bytes, "application/pdf", id.clone())
        }
        Interaction::Read { .. } => index_resource(bytes, &rewrite).unwrap(),
        other => index_bundle(bytes, other.resource_type(), &rewrite).unwrap(),
    };
    let origin = Origin { as_of: NOW, age: Duration::ZERO, how: OriginKind::Miss, fresh_for: None };
    Unreleased::seal(Arc::new(body), Some("\"tag\"".into()), origin)
}

/// A frame as `records` makes one.
pub fn frame() -> Frame<'static> {
    let seal =
        &|place: &Place| format!("{FACADE}/page/{}", place.upstream.as_deref().unwrap_or_default().len());
    Frame {
        self_url: "https://gate.example/fhir/r4/self",
        seal,
        after_all: None,
        total: Total::OfThisBody,
        count_only: false,
    }
}

/// The element that says whose a resource of the type is.
pub fn owner_of(kind: &str) -> &'static str {
    match kind {
        "AllergyIntolerance" | "Device" | "FamilyMemberHistory" | "Immunization" | "RelatedPerson" => {
            "patient"
        }
        "Coverage" => "beneficiary",
        _ => "subject",
    }
}

/// A searchset of the EHR's with these resources, all as matches, and a total of its own.
pub fn searchset(resources: &[Value]) -> String {
    let entries = resources
        .iter()
        .map(|resource| serde_json::json!({"fullUrl": format!("{EHR}/x"), "resource": resource}))
        .collect::<Vec<_>>();
    serde_json::json!({"resourceType": "Bundle", "type": "searchset", "total": 4711, "entry": entries})
        .to_string()
}

impl Gate {
    pub fn authorize(&self, subject: &Arc<Subject>, interaction: &Interaction) -> Result<Permit, Refusal> {
        let asked = Arc::new(interaction.clone());
        self.authorizer.authorize(subject, asked).now_or_never().expect("facts in memory are ready")
    }

    /// Asks, with the EHR answering `body`.
    pub fn ask(
        &self,
        subject: &Arc<Subject>,
        interaction: &Interaction,
        body: &str,
    ) -> Result<Answer, Refusal> {
        let permit = self.authorize(subject, interaction)?;
        let release = self.authorizer.release(permit, sealed(interaction, body), frame());
        release.now_or_never().expect("facts in memory are ready").map(Answer::of)
    }

    /// Reads what has no patient of its own, through what was released before.
    pub fn ask_through(
        &self,
        subject: &Arc<Subject>,
        interaction: &Interaction,
        body: &str,
        seen: &[&Released],
    ) -> Result<Released, Refusal> {
        let permit = self.authorize(subject, interaction)?;
        let release = self.authorizer.release_through(permit, sealed(interaction, body), seen);
        release.now_or_never().expect("facts in memory are ready")
    }
}
