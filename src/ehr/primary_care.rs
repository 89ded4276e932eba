//! Who a patient's PCPs are (S-30, S-33, D-09): `Patient.generalPractitioner` with its references resolved to NPIs and
//! organizations, never older than the configured bound.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fhir_profiles::practitioner::{practitioner_npis, practitioner_role};
use fhir_profiles::primary_care::{GpReference, patient_general_practitioners};
use futures_util::future::{BoxFuture, try_join_all};
use serde::Deserialize;

use crate::access::forget::Forget;
use crate::access::payer::Payer;
use crate::access::sources::{FactsUnavailable, PrimaryCare};
use crate::access::upstream::UpstreamError;
use crate::domain::clock::{SharedClock, Timestamp};
use crate::domain::ids::{FhirId, Npi, PracticeId};
use crate::fhir::resource_type::ResourceType;

use super::client::Ehr;
use super::gate::Asker;
use super::options::PrimaryCareOptions;
use super::remembered::{Dated, Remembered};
use super::route::{PanelRoute, Route};

/// How the facts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrimaryCareHealth {
    /// Patients whose facts are remembered.
    pub patients: usize,
    /// How old a fact may be.
    pub max_age: Duration,
    /// How old while the EHR cannot be reached.
    pub max_stale: Duration,
    /// Look-ups that memory could not answer, since the process began.
    pub looked_up: u64,
    /// Of these, those that the EHR did not answer.
    pub failed: u64,
    /// Of these, those for which an older fact could stand in.
    pub stood_in: u64,
    /// By which route they come.
    pub route: RouteHealth,
}

/// The route of PCP facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteHealth {
    /// `Patient.generalPractitioner`, read and searched.
    Search,
    /// Groups of the EHR's.
    Groups {
        /// Of how many practices.
        practices: usize,
    },
    /// A file that the hospital writes; `None` while there is none that counts.
    List(Option<ListHealth>),
}

/// The roster file that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListHealth {
    /// When it was written.
    pub written: Timestamp,
    /// Patients in it.
    pub patients: usize,
}

/// PCP facts from the EHR, remembered for as long as S-33 allows.
#[derive(Debug)]
pub struct EhrPrimaryCare {
    ehr: Arc<Ehr>,
    options: PrimaryCareOptions,
    clock: SharedClock,
    route: Route,
    patients: Remembered<FhirId, PrimaryCare>,
    /// Panels of which everybody's PCPs were learnt together, and of how many.
    panels: Remembered<Vec<PracticeId>, usize>,
    /// What a Practitioner or PractitionerRole comes to, by type and id.
    clinicians: Remembered<(Kind, FhirId), PrimaryCare>,
    looked_up: AtomicU64,
    failed: AtomicU64,
    stood_in: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Practitioner,
    Role,
}

impl EhrPrimaryCare {
    /// Facts from `ehr`.
    pub fn new(ehr: Arc<Ehr>, options: PrimaryCareOptions, clock: SharedClock) -> Self {
        Self {
            ehr,
            options,
            route: Route::Search,
            patients: Remembered::new(options.capacity, clock.clone()),
            panels: Remembered::new(options.capacity, clock.clone()),
            clinicians: Remembered::new(options.capacity, clock.clone()),
            clock,
            looked_up: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            stood_in: AtomicU64::new(0),
        }
    }

    /// The same by another route.
    #[must_use]
    pub fn by(self, route: PanelRoute) -> Self {
        Self { route: Route::new(route, self.options.capacity, self.clock.clone()), ..self }
    }

    pub(super) const fn route(&self) -> &Route {
        &self.route
    }

    pub(super) const fn options(&self) -> &PrimaryCareOptions {
        &self.options
    }

    pub(super) const fn panels(&self) -> &Remembered<Vec<PracticeId>, usize> {
        &self.panels
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What is known of a patient without asking.
    pub(super) fn known(&self, patient: &FhirId) -> Option<Arc<PrimaryCare>> {
        self.patients.recent(patient, self.options.max_age).map(|fact| fact.value)
    }

    /// Forgets what a purge is about: the EHR sent word of a change, or staff ask for a fresh look. An answer about it that is
    /// under way is not remembered. What one Practitioner or role comes to is part of the facts of many patients; those then
    /// go by their age.
    pub fn forget(&self, what: &Forget) {
        match what {
            Forget::All
            | Forget::Type(
                ResourceType::Patient
                | ResourceType::Practitioner
                | ResourceType::PractitionerRole
                | ResourceType::Organization,
            ) => {
                self.clinicians.forget_all();
                self.patients.forget_all();
                self.panels.forget_all();
            }
            // Who is on a panel, by the route of Groups.
            Forget::Type(ResourceType::Group) | Forget::Resource(ResourceType::Group, _) => {
                self.patients.forget_all();
                self.panels.forget_all();
            }
            Forget::Patient(patient) | Forget::PatientType(patient, ResourceType::Patient) => {
                self.patients.forget(patient);
            }
            Forget::Resource(ResourceType::Practitioner, id) => {
                self.clinicians.forget(&(Kind::Practitioner, id.clone()));
            }
            Forget::Resource(ResourceType::PractitionerRole, id) => {
                self.clinicians.forget(&(Kind::Role, id.clone()));
            }
            Forget::Type(_) | Forget::PatientType(..) | Forget::Resource(..) => {}
        }
    }

    /// How the facts are, for the people who run the product.
    pub fn health(&self) -> PrimaryCareHealth {
        PrimaryCareHealth {
            patients: self.patients.len(),
            max_age: self.options.max_age,
            max_stale: self.options.max_stale,
            looked_up: self.looked_up.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            stood_in: self.stood_in.load(Ordering::Relaxed),
            route: self.route.health(),
        }
    }

    #[cfg(test)]
    pub(super) async fn look_up(&self, patient: &FhirId) -> Result<Arc<PrimaryCare>, FactsUnavailable> {
        self.look_up_for(&Payer::Product, patient).await
    }

    pub(super) async fn look_up_for(
        &self,
        payer: &Payer,
        patient: &FhirId,
    ) -> Result<Arc<PrimaryCare>, FactsUnavailable> {
        self.looked_up.fetch_add(1, Ordering::Relaxed);
        match self.patients.get(patient, payer, self.options.max_age, || self.ask(payer, patient)).await {
            Ok(fact) => Ok(fact.value),
            Err(error) => {
                metrics::counter!("chartgate_primary_care_failures_total").increment(1);
                let stale = self.patients.recent(patient, self.options.max_stale);
                self.failed.fetch_add(1, Ordering::Relaxed);
                self.stood_in.fetch_add(u64::from(stale.is_some()), Ordering::Relaxed);
                tracing::warn!(%error, stale = stale.is_some(), "PCP facts cannot be had from the EHR");
                stale.map(|fact| fact.value).ok_or(FactsUnavailable)
            }
        }
    }

    /// Now, and what was forgotten before; to be taken before the EHR is asked.
    pub(super) fn moment(&self) -> (Timestamp, u64) {
        (self.clock.now(), self.patients.mark())
    }

    pub(super) fn ehr(&self) -> &Ehr {
        &self.ehr
    }

    /// Remembers the PCPs that a Patient resource names, read from the EHR at [`Self::moment`] or later.
    pub(super) async fn learn(
        &self,
        patient: &FhirId,
        body: &[u8],
        (asked_at, mark): (Timestamp, u64),
    ) -> Result<(), UpstreamError> {
        let named = patient_general_practitioners(body, self.ehr.base.as_str(), &day(asked_at))
            .map_err(|_| UpstreamError::Malformed)?;
        let fact = self.resolve(&Payer::Product, named, asked_at).await?;
        self.patients.put(patient, fact, mark);
        Ok(())
    }

    async fn ask(&self, payer: &Payer, patient: &FhirId) -> Result<Dated<PrimaryCare>, UpstreamError> {
        if let Route::Groups(groups) = &self.route {
            return self.by_groups(groups, patient).await;
        }
        let asked_at = self.clock.now();
        let (asker, path) = (Asker::of_facts(payer), format!("Patient/{patient}"));
        let Some(body) = self.ehr.get_json_for(&asker, &path, "PCP facts: Patient").await? else {
            return Ok(Dated { value: PrimaryCare::default(), as_of: asked_at });
        };
        is_of(&body, "Patient", patient)?;
        let named = patient_general_practitioners(&body, self.ehr.base.as_str(), &day(asked_at))
            .map_err(|_| UpstreamError::Malformed)?;
        self.resolve(payer, named, asked_at).await
    }

    /// What references come to. The result is as old as its oldest part.
    async fn resolve(
        &self,
        payer: &Payer,
        named: Vec<GpReference>,
        asked_at: Timestamp,
    ) -> Result<Dated<PrimaryCare>, UpstreamError> {
        let parts =
            try_join_all(named.into_iter().map(|reference| self.one(payer, reference, asked_at))).await?;
        let mut whole = Dated { value: PrimaryCare::default(), as_of: asked_at };
        for part in parts {
            merge(&mut whole.value, &part.value);
            whole.as_of = whole.as_of.min(part.as_of);
        }
        Ok(whole)
    }

    async fn one(
        &self,
        payer: &Payer,
        reference: GpReference,
        asked_at: Timestamp,
    ) -> Result<Dated<Arc<PrimaryCare>>, UpstreamError> {
        let now = |value| Dated { value: Arc::new(value), as_of: asked_at };
        let (kind, id) = match reference {
            GpReference::Npi(text) => return Ok(now(of_npis([text]))),
            GpReference::Organization(id) => return Ok(now(of_organization(&id))),
            GpReference::Practitioner(id) => (Kind::Practitioner, id),
            GpReference::PractitionerRole(id) => (Kind::Role, id),
        };
        let Ok(id) = FhirId::parse(&id) else { return Ok(now(PrimaryCare::default())) };
        // Half the bound, so that a patient's fact that rests on this one still has half its life before it.
        let max_age = self.options.max_age / 2;
        let key = (kind, id);
        match self.clinicians.get(&key, payer, max_age, || self.ask_clinician(payer, &key)).await {
            // The EHR works but will not say: this reference makes nobody a PCP, the others still count.
            Err(
                error @ (UpstreamError::Forbidden | UpstreamError::Malformed | UpstreamError::Unsupported),
            ) => {
                tracing::warn!(%error, "a PCP reference cannot be resolved");
                Ok(now(PrimaryCare::default()))
            }
            other => other,
        }
    }

    /// What a Practitioner or PractitionerRole comes to. Boxed: a role leads on to its practitioner.
    fn ask_clinician<'a>(
        &'a self,
        payer: &'a Payer,
        (kind, id): &'a (Kind, FhirId),
    ) -> BoxFuture<'a, Result<Dated<PrimaryCare>, UpstreamError>> {
        Box::pin(async move {
            let asked_at = self.clock.now();
            let (path, what) = match kind {
                Kind::Practitioner => (format!("Practitioner/{id}"), "PCP facts: Practitioner"),
                Kind::Role => (format!("PractitionerRole/{id}"), "PCP facts: PractitionerRole"),
            };
            let Some(body) = self.ehr.get_json_for(&Asker::of_facts(payer), &path, what).await? else {
                return Ok(Dated { value: PrimaryCare::default(), as_of: asked_at });
            };
            is_of(&body, if *kind == Kind::Practitioner { "Practitioner" } else { "PractitionerRole" }, id)?;
            if *kind == Kind::Practitioner {
                let npis = practitioner_npis(&body).map_err(|_| UpstreamError::Malformed)?;
                return Ok(Dated { value: of_npis(npis), as_of: asked_at });
            }
            let role = practitioner_role(&body, self.ehr.base.as_str(), &day(asked_at))
                .map_err(|_| UpstreamError::Malformed)?;
            let value = match (role.current, role.practitioner, role.organization) {
                (true, Some(practitioner), _) => {
                    return self.resolve(payer, vec![practitioner], asked_at).await;
                }
                (true, None, Some(organization)) => of_organization(&organization),
                _ => PrimaryCare::default(),
            };
            Ok(Dated { value, as_of: asked_at })
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    resource_type: Cow<'a, str>,
    id: Cow<'a, str>,
}

/// Whether the EHR answered with what it was asked for: another patient's PCPs would open this one's record to them.
pub(super) fn is_of(body: &[u8], resource_type: &str, id: &FhirId) -> Result<(), UpstreamError> {
    match serde_json::from_slice::<Head<'_>>(body) {
        Ok(head) if head.resource_type == resource_type && head.id == id.as_str() => Ok(()),
        _ => Err(UpstreamError::Malformed),
    }
}

/// Practitioners by NPI; a number whose check digit is wrong makes nobody a PCP.
fn of_npis(texts: impl IntoIterator<Item = String>) -> PrimaryCare {
    let npis = texts.into_iter().filter_map(|text| Npi::parse(&text).ok()).collect();
    PrimaryCare { npis, ..PrimaryCare::default() }
}

fn of_organization(id: &str) -> PrimaryCare {
    PrimaryCare { organizations: FhirId::parse(id).into_iter().collect(), ..PrimaryCare::default() }
}

fn merge(whole: &mut PrimaryCare, part: &PrimaryCare) {
    for npi in &part.npis {
        if !whole.npis.contains(npi) {
            whole.npis.push(npi.clone());
        }
    }
    for organization in &part.organizations {
        if !whole.organizations.contains(organization) {
            whole.organizations.push(organization.clone());
        }
    }
}

/// The day of a moment, `YYYY-MM-DD` in UTC. A role that ends today counts to the day's end.
pub(super) fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}
