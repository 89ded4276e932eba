//! Medication, Binary and Provenance have no patient of their own: they are readable only through a visible resource that
//! refers to them, or, for Provenance, through its targets (DESIGN.md 2.5, 3). This finds such resources; whether they are
//! visible, and whether they do refer to it, the policy says.

use std::sync::Arc;

use quick_cache::sync::Cache;
use smallvec::SmallVec;

use crate::access::forget::Forget;
use crate::access::refusal::{DenyReason, Refusal};
use crate::access::released::Released;
use crate::access::unreleased::{OriginKind, Unreleased};
use crate::access::upstream::UpstreamError;
use crate::domain::ids::FhirId;
use crate::fhir::interaction::{Interaction, Search};
use crate::fhir::resource_type::{Judgement, ResourceType};
use crate::fhir::search;

use super::event::Asked;
use super::pipeline::NO_FRAME;
use super::{Records, Unanswered};

/// Targets remembered at most; each takes some 150 bytes.
const MOST_TARGETS: usize = 100_000;
/// Referrers remembered for one target, and targets of one Provenance.
const MOST_EACH: usize = 8;
/// Pages of a patient's referrers read to find one.
const MOST_PAGES: usize = 10;

type Key = (ResourceType, FhirId);

/// A resource that refers to another, and whose it is: a digest, 0 for nobody's.
type Through = (Key, u64);

fn digest(patient: &FhirId) -> u64 {
    ahash::RandomState::with_seeds(9, 10, 11, 12).hash_one(patient).max(1)
}

/// Who refers to whom, as seen in bodies that came by. Hints: forgotten at leisure, and never believed.
pub(super) struct Referrers(Cache<Key, SmallVec<[Through; 2]>>);

impl Default for Referrers {
    fn default() -> Self {
        Self(Cache::new(MOST_TARGETS))
    }
}

impl Referrers {
    /// Remembers what this body shows, when it comes from the EHR: what the cache held has been seen before. Where hints were
    /// forgotten since, or another node saw it, the referrer is searched for.
    pub(super) fn learn(&self, body: &Unreleased) {
        if matches!(body.origin().how, OriginKind::Hit | OriginKind::Stale) {
            return;
        }
        for referral in body.referrals() {
            let (from, to) = (referral.from, referral.to);
            let whose = referral.patient.map_or(0, digest);
            // A Provenance is found through its targets, everything else through what refers to it.
            if from.0 == ResourceType::Provenance {
                self.add((from.0, from.1.clone()), ((to.0, to.1.clone()), whose));
            } else if to.0.judgement() == Judgement::Referrer {
                self.add((to.0, to.1.clone()), ((from.0, from.1.clone()), whose));
            }
        }
    }

    /// Forgets what belongs to a patient that is purged; for what is wider, everything.
    pub(super) fn forget(&self, what: &Forget) {
        match what {
            Forget::All => self.0.clear(),
            Forget::Patient(patient) => {
                let whose = digest(patient);
                self.0.retain(|_, through| through.iter().all(|(_, of)| *of != whose));
            }
            // Hints are not believed: what they lead to is read again.
            Forget::Type(_) | Forget::PatientType(..) | Forget::Resource(..) => {}
        }
    }

    fn add(&self, key: Key, through: Through) {
        let mut known = self.0.get(&key).unwrap_or_default();
        if known.len() < MOST_EACH && !known.contains(&through) {
            known.push(through);
            self.0.insert(key, known);
        }
    }

    fn of(&self, key: &Key) -> SmallVec<[Key; 2]> {
        self.0.get(key).unwrap_or_default().into_iter().map(|(through, _)| through).collect()
    }
}

impl Records {
    /// Judges a read of a type that has no patient of its own.
    pub(super) async fn judge_through_referrer(
        &self,
        asked: &mut Asked<'_>,
        interaction: &Arc<Interaction>,
        near: Option<&FhirId>,
    ) -> Result<Released, Unanswered> {
        let Interaction::Read { resource_type, id } = &**interaction else {
            return Err(Unanswered::not_found(DenyReason::Unjudgeable));
        };
        let key = (*resource_type, id.clone());
        let permit = self.authorizer.authorize(&asked.caller.subject, interaction.clone()).await?;
        let mut fetched = None;
        if *resource_type == ResourceType::Provenance && self.referrers.of(&key).is_empty() {
            // A Provenance names its targets itself.
            fetched = self.fetch(&permit).await?;
            if let Some(body) = &fetched {
                self.referrers.learn(body);
            }
        }
        let mut seen = self.read_known(asked, &key).await?;
        // Nothing is remembered after a restart, or on a node that has not seen them.
        let launched = asked.caller.subject.patient.clone();
        for patient in near.into_iter().chain(launched.as_ref().filter(|launched| near != Some(launched))) {
            if seen.is_empty() {
                seen = self.search_patient(asked, &key, patient).await?;
            }
        }
        if seen.is_empty() {
            seen = self.search_by_reference(asked, &key).await?;
        }
        if seen.is_empty() {
            return Err(Unanswered::not_found(DenyReason::NoVisibleReferrer));
        }
        let body = match fetched {
            Some(body) => Some(body),
            None => self.fetch(&permit).await?,
        };
        let body = body.ok_or(Unanswered::not_found(DenyReason::NotFound))?;
        let seen: Vec<&Released> = seen.iter().collect();
        Ok(self.authorizer.release_through(permit, body, &seen).await?)
    }

    /// What this subject may see of the resources known to refer to `key`.
    async fn read_known(&self, asked: &mut Asked<'_>, key: &Key) -> Result<Vec<Released>, Unanswered> {
        let mut seen = Vec::new();
        for (resource_type, id) in self.referrers.of(key) {
            let read = Arc::new(Interaction::Read { resource_type, id });
            seen.extend(visible(self.judge(asked, &read, NO_FRAME).await)?);
        }
        Ok(seen)
    }

    /// The first page of a patient's resources that refers to `key`. Whether the patient is within reach, the policy says.
    async fn search_patient(
        &self,
        asked: &mut Asked<'_>,
        key: &Key,
        patient: &FhirId,
    ) -> Result<Vec<Released>, Unanswered> {
        let rules = self.offer.rules();
        for resource_type in referring_types(key.0) {
            let query = format!("patient={patient}&_count={}", rules.most_count);
            let Ok(query) = search::parse(*resource_type, &query, &rules) else { continue };
            let mut next = Some(Arc::new(Interaction::Search(query.search.clone())));
            for _ in 0..MOST_PAGES {
                let Some(page) = next.take() else { break };
                let Some(released) = visible(self.judge(asked, &page, NO_FRAME).await)? else { break };
                if released.refers_to(key.0, &key.1) {
                    return Ok(vec![released]);
                }
                next = released.upstream_next().map(|upstream| {
                    Arc::new(Interaction::Page { search: query.search.clone(), upstream: upstream.into() })
                });
            }
        }
        Ok(Vec::new())
    }

    /// What prescribes a Medication, where the EHR can be asked for just that.
    async fn search_by_reference(
        &self,
        asked: &mut Asked<'_>,
        (kind, id): &Key,
    ) -> Result<Vec<Released>, Unanswered> {
        let resource_type = ResourceType::MedicationRequest;
        let rules = self.offer.rules();
        let offered =
            rules.table(resource_type).is_some_and(|table| table.parameters.contains_key("medication"));
        if *kind != ResourceType::Medication || !offered {
            return Ok(Vec::new());
        }
        let query = format!("_count={}&medication=Medication/{id}", rules.default_count).into();
        let search = Arc::new(Interaction::Search(Search { resource_type, patient: None, query }));
        match visible(self.judge(asked, &search, NO_FRAME).await) {
            // Some EHRs search nothing without a patient, whatever they declare.
            Err(Unanswered::Upstream(UpstreamError::Unsupported | UpstreamError::Malformed)) => {
                Ok(Vec::new())
            }
            found => Ok(found?.filter(|found| found.refers_to(*kind, id)).into_iter().collect()),
        }
    }
}

/// The types that refer to a type.
const fn referring_types(resource_type: ResourceType) -> &'static [ResourceType] {
    match resource_type {
        ResourceType::Binary => &[ResourceType::DocumentReference, ResourceType::DiagnosticReport],
        ResourceType::Medication => &[ResourceType::MedicationRequest, ResourceType::MedicationDispense],
        _ => &[],
    }
}

/// A referrer that this subject may not see is none. What could not be asked is an error, not a "no".
fn visible(judged: Result<Released, Unanswered>) -> Result<Option<Released>, Unanswered> {
    match judged {
        Ok(released) => Ok(Some(released)),
        Err(Unanswered::Refused(Refusal::NotFound(_) | Refusal::InsufficientScope(_))) => Ok(None),
        Err(other) => Err(other),
    }
}
