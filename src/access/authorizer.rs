//! Loads facts, asks the policy, makes permits and releases bodies.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use smallvec::SmallVec;

use crate::domain::clock::{SharedClock, Timestamp};
use crate::domain::grant::{DataKinds, Grant};
use crate::domain::ids::{AccountId, FhirId, PracticeId};
use crate::fhir::identity::Identity;
use crate::fhir::interaction::Interaction;
use crate::fhir::label::is_restricted;
use crate::fhir::resource_type::ResourceType;

use super::facts::{Basis, Facts, PatientFacts, Reach};
use super::identify;
use super::permit::{FactLookup, PanelLookup, Permit};
use super::policy::{self, Decision, Verdict};
use super::refusal::{DenyReason, Refusal};
use super::release;
use super::released::Released;
use super::sources::{FactsUnavailable, PrimaryCare, PrimaryCareSource, RelationshipSource, Standing};
use super::subject::{Actor, Subject};
use super::unreleased::Unreleased;

pub use super::frame::{Frame, Place, Total, Trail};
pub use super::gather::{Gathered, Gathering};
pub use super::identify::{NotAuthorized, PatientMatches, PatientSought};
pub use super::panel::PracticePanel;

/// How many patients' facts are asked for at a time when a search spans many.
const LOOKUPS: usize = 8;

/// What the hospital's configuration says about access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccessSettings {
    /// Whether a practice's own system also has the grants of the practice's providers (DESIGN.md 2).
    pub practice_systems_use_grants: bool,
}

/// The policy with its sources of facts.
pub struct Authorizer {
    settings: AccessSettings,
    clock: SharedClock,
    relationships: Arc<dyn RelationshipSource>,
    primary_care: Arc<dyn PrimaryCareSource>,
    portal_accounts: Option<Arc<str>>,
}

impl Authorizer {
    /// An authorizer over these sources.
    pub fn new(
        clock: SharedClock,
        relationships: Arc<dyn RelationshipSource>,
        primary_care: Arc<dyn PrimaryCareSource>,
        settings: AccessSettings,
    ) -> Self {
        Self { settings, clock, relationships, primary_care, portal_accounts: None }
    }

    /// The identifier system by which the EHR marks a Patient with a patient-portal account (S-43). Default: it marks none.
    #[must_use]
    pub fn with_portal_accounts(mut self, system: Option<Arc<str>>) -> Self {
        self.portal_accounts = system;
        self
    }

    /// For the narrow doors of this module.
    pub(super) fn relationships(&self) -> &dyn RelationshipSource {
        &*self.relationships
    }

    /// For the narrow doors of this module.
    pub(super) fn primary_care(&self) -> &dyn PrimaryCareSource {
        &*self.primary_care
    }

    /// For the narrow doors of this module.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Decides whether `subject` may ask for `interaction` at all. Facts are loaded for the patient that the request names.
    pub async fn authorize(
        &self,
        subject: &Arc<Subject>,
        interaction: Arc<Interaction>,
    ) -> Result<Permit, Refusal> {
        let standing = self.relationships.standing(subject);
        let mut facts = facts_of(&standing);
        let mut decision = policy::decide(subject, &interaction, &facts);
        // Nothing but a relationship is missing: only now is it worth looking for one.
        if facts.represented
            && decision == Decision::Deny(DenyReason::NoRelationship)
            && let Some(patient) = interaction.patient()
        {
            facts.insert(self.look_up(subject, &standing, patient).await?);
            decision = policy::decide(subject, &interaction, &facts);
        }
        match decision {
            Decision::Permit | Decision::NeedsResource => {
                Ok(Permit { subject: Arc::clone(subject), interaction, facts, sought: None })
            }
            Decision::Deny(reason) => Err(reason.into()),
        }
    }

    /// Whether `subject` may open the record of `patient` at all, whatever the scopes: for patient pickers, launches and
    /// saved lists.
    pub async fn reaches(&self, subject: &Subject, patient: &FhirId) -> Result<bool, Refusal> {
        let standing = self.relationships.standing(subject);
        let facts = facts_of(&standing);
        if !facts.active {
            return Err(DenyReason::Inactive.into());
        }
        Ok(facts.represented && !self.look_up(subject, &standing, patient).await?.reach.is_empty())
    }

    /// The patients whom the hospital lists for a practice, if it keeps lists: whom to ask about, not who may be seen.
    pub async fn listed(&self, panel: &PracticePanel) -> Result<Option<Vec<FhirId>>, Refusal> {
        self.primary_care.panel(panel.lookup().clone()).await.map_err(|_| Refusal::FactsUnavailable)
    }

    /// What the EHR is asked by for the panel of the subject's practices. Who comes back is decided one by one
    /// ([`Self::reaches`]).
    pub fn panel(&self, subject: &Subject) -> Result<PanelLookup, Refusal> {
        self.panel_of(subject, |_| true)
    }

    /// The same for those of the subject's practices that `wanted` names.
    pub(super) fn panel_of(
        &self,
        subject: &Subject,
        wanted: impl Fn(&PracticeId) -> bool,
    ) -> Result<PanelLookup, Refusal> {
        let standing = self.relationships.standing(subject);
        if !standing.active {
            return Err(DenyReason::Inactive.into());
        }
        let practices = standing.providers.iter().flat_map(|provider| &provider.practices);
        let mut lookup = PanelLookup::default();
        for practice in practices.chain(&standing.practice).filter(|practice| wanted(practice)) {
            let PrimaryCare { npis, organizations, .. } = self.relationships.roster_of(practice);
            lookup.practices.push(practice.clone());
            lookup.roster.npis.extend(npis);
            lookup.roster.organizations.extend(organizations);
        }
        lookup.roster.npis.sort_unstable();
        lookup.roster.npis.dedup();
        lookup.roster.organizations.sort_unstable();
        lookup.roster.organizations.dedup();
        Ok(lookup)
    }

    /// Filters a body under the permit by which it was fetched, and frames a searchset.
    pub async fn release(
        &self,
        mut permit: Permit,
        unreleased: Unreleased,
        frame: Frame<'_>,
    ) -> Result<Released, Refusal> {
        let unknown = release::unknown_patients(&permit, &unreleased);
        if !unknown.is_empty() {
            self.complete(&mut permit, unknown).await?;
        }
        release::release(permit, unreleased, frame)
    }

    /// Takes what may be seen of one of the EHR's pages into a page of ours, from after `place` on. Says whether more is needed.
    pub async fn gather(
        &self,
        gathering: &mut Gathering,
        mut permit: Permit,
        unreleased: Unreleased,
        place: &Place,
    ) -> Result<Gathered, Refusal> {
        let unknown = release::unknown_patients(&permit, &unreleased);
        if !unknown.is_empty() {
            self.complete(&mut permit, unknown).await?;
        }
        gathering.take(permit, unreleased, place)
    }

    /// Releases what has no patient of its own (Medication, Provenance, Binary) through what the same subject was already
    /// given: a Binary through a `DocumentReference` or `DiagnosticReport` that points to it, a Medication through what
    /// prescribes it, a Provenance when all its targets are among `seen`.
    #[expect(clippy::unused_async, reason = "a sibling of release, and free to load facts later")]
    pub async fn release_through(
        &self,
        permit: Permit,
        unreleased: Unreleased,
        seen: &[&Released],
    ) -> Result<Released, Refusal> {
        release::release_through(permit, unreleased, seen)
    }

    /// Allows the portal's one exact search for a patient (S-31): an MRN, or full name and date of birth. `interaction` is
    /// the search on Patient that asks the EHR for just that. Only for the portal's own subjects.
    #[expect(clippy::unused_async, reason = "a sibling of authorize, and free to load facts later")]
    pub async fn authorize_patient_search(
        &self,
        subject: &Arc<Subject>,
        interaction: Arc<Interaction>,
        sought: PatientSought,
    ) -> Result<Permit, Refusal> {
        let facts = facts_of(&self.relationships.standing(subject));
        let portal = subject.client.is_none() && matches!(subject.actor, Actor::Account(_));
        let search = matches!(&*interaction, Interaction::Search(_))
            && interaction.resource_type() == ResourceType::Patient;
        if facts.active && !(portal && search && facts.represented) {
            return Err(DenyReason::NoRelationship.into());
        }
        match policy::decide(subject, &interaction, &facts) {
            Decision::NeedsResource => {
                let subject = Arc::clone(subject);
                Ok(Permit { subject, interaction, facts, sought: Some(sought) })
            }
            Decision::Permit => Err(DenyReason::NotAsked.into()),
            Decision::Deny(reason) => Err(reason.into()),
        }
    }

    /// Says of each patient that matches exactly what was typed, whether the record is within reach (S-31). What the EHR
    /// returned besides is dropped, and so is a patient whose own entry is restricted (D-11): to say "not authorized" of
    /// them would disclose them.
    pub async fn identify(&self, permit: Permit, unreleased: Unreleased) -> Result<PatientMatches, Refusal> {
        let Permit { subject, interaction, mut facts, sought: Some(sought) } = permit else {
            return Err(DenyReason::NotAsked.into());
        };
        let standing = self.relationships.standing(&subject);
        let permission = policy::permission(&interaction);
        let mut matches = PatientMatches::default();
        for (entry, body) in identify::matching(&unreleased.body, &sought) {
            let lookup = FactLookup { patient: entry.id.clone(), payer: subject.payer() };
            let primary_care = self.primary_care.primary_care(lookup).await;
            let known = self.relate(&standing, &entry.id, primary_care.as_deref().map_err(|error| *error))?;
            facts.insert(known);
            match policy::judge(&subject, &entry, permission, &facts) {
                Verdict::Visible(_) => {
                    let one = Unreleased::seal(body, None, unreleased.origin);
                    let permit = Permit {
                        subject: Arc::clone(&subject),
                        interaction: Arc::clone(&interaction),
                        facts: facts.clone(),
                        sought: None,
                    };
                    matches.reachable.push(release::identified(permit, one, permission)?);
                }
                Verdict::Withheld(DenyReason::NoRelationship) if !is_restricted(&entry.labels) => {
                    let known = primary_care.map_err(|_| Refusal::FactsUnavailable)?;
                    let identity = Identity::of_patient(&body.bytes);
                    matches.not_authorized.push(NotAuthorized {
                        patient: entry.id,
                        has_primary_care: !known.is_nobody(),
                        initials: identity.initials(),
                        portal_account: self
                            .portal_accounts
                            .as_deref()
                            .map(|system| identity.has_system(system)),
                    });
                }
                Verdict::ThroughReferrer | Verdict::Withheld(_) => {}
            }
        }
        Ok(matches)
    }

    /// Loads the facts about patients that a body turned out to be about.
    async fn complete(&self, permit: &mut Permit, patients: Vec<FhirId>) -> Result<(), Refusal> {
        let standing = self.relationships.standing(&permit.subject);
        // What happened since the permit was made counts too.
        permit.facts.active &= standing.active;
        let (standing, subject) = (&standing, permit.subject.clone());
        let subject = &*subject;
        let lookups = patients
            .into_iter()
            .map(|patient| async move { self.look_up(subject, standing, &patient).await });
        let mut found = stream::iter(lookups).buffer_unordered(LOOKUPS);
        while let Some(facts) = found.next().await {
            permit.facts.insert(facts?);
        }
        Ok(())
    }

    /// Every reason for access to one patient. The EHR is asked only where its answer can matter.
    async fn look_up(
        &self,
        subject: &Subject,
        standing: &Standing,
        patient: &FhirId,
    ) -> Result<PatientFacts, Refusal> {
        let practises = standing.practice.is_some()
            || standing.providers.iter().any(|provider| !provider.practices.is_empty());
        if !practises {
            return self.relate(standing, patient, Ok(&PrimaryCare::default()));
        }
        let lookup = FactLookup { patient: patient.clone(), payer: subject.payer() };
        let primary_care = self.primary_care.primary_care(lookup).await;
        self.relate(standing, patient, primary_care.as_deref().map_err(|error| *error))
    }

    /// Puts the EHR's facts and the product's own together. Without the EHR's, grants still hold.
    pub(super) fn relate(
        &self,
        standing: &Standing,
        patient: &FhirId,
        primary_care: Result<&PrimaryCare, FactsUnavailable>,
    ) -> Result<PatientFacts, Refusal> {
        let mut facts = PatientFacts::none(patient.clone());
        if let Ok(primary_care) = primary_care {
            self.attribute(standing, primary_care, &mut facts);
        }
        self.add_grants(standing, &mut facts);
        if primary_care.is_err() && facts.reach.is_empty() {
            return Err(Refusal::FactsUnavailable);
        }
        Ok(facts)
    }

    /// The practices of the PCPs, and those that the hospital names itself.
    pub(super) fn practices_of(&self, primary_care: &PrimaryCare) -> SmallVec<[PracticeId; 2]> {
        let mut practices = self.relationships.practices_of(primary_care);
        for practice in &primary_care.practices {
            if !practices.contains(practice) {
                practices.push(practice.clone());
            }
        }
        practices
    }

    /// Adds a reason for each practice behind the subject of which a member is the patient's PCP (S-30, D-09, S-71).
    fn attribute(&self, standing: &Standing, primary_care: &PrimaryCare, facts: &mut PatientFacts) {
        let practices = self.practices_of(primary_care);
        let mut add = |practice, sponsor: Option<&AccountId>| {
            facts.reach.push(Reach {
                basis: Basis::Pcp(practice),
                sponsor: sponsor.cloned(),
                kinds: DataKinds::ALL,
                // A PCP's reach covers no restricted label: only the patient or guardian opens those (D-11).
                restricted: false,
            });
        };
        for provider in &standing.providers {
            let sponsor = provider.sponsor.then_some(&provider.account);
            for practice in provider.practices.iter().filter(|practice| practices.contains(practice)) {
                add(practice.clone(), sponsor);
            }
        }
        if let Some(practice) = standing.practice.as_ref().filter(|practice| practices.contains(practice)) {
            add(practice.clone(), None);
        }
    }

    /// Adds a reason for each grant that holds now (S-40, D-06, D-07).
    fn add_grants(&self, standing: &Standing, facts: &mut PatientFacts) {
        let now = self.clock.now();
        let mut add = |grant: Grant, sponsor: Option<&AccountId>| {
            if grant.patient == facts.patient && grant.holds_at(now) {
                facts.reach.push(Reach {
                    basis: Basis::Grant(grant.id),
                    sponsor: sponsor.cloned(),
                    kinds: grant.kinds,
                    restricted: grant.covers_restricted,
                });
            }
        };
        let patient = facts.patient.clone();
        for provider in &standing.providers {
            let sponsor = provider.sponsor.then_some(&provider.account);
            for grant in self.relationships.grants(&provider.account, &patient) {
                add(grant, sponsor);
            }
        }
        if let Some(practice) =
            standing.practice.as_ref().filter(|_| self.settings.practice_systems_use_grants)
        {
            for provider in self.relationships.providers_of(practice) {
                for grant in self.relationships.grants(&provider, &patient) {
                    add(grant, None);
                }
            }
        }
    }
}

/// What standing alone says of a subject.
fn facts_of(standing: &Standing) -> Facts {
    Facts::new(standing.active, standing.practice.is_some() || !standing.providers.is_empty())
}
