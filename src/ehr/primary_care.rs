//! Who a patient's PCPs are (S-30, S-33, D-09): `Patient.generalPractitioner` with its references resolved to NPIs and
//! organizations, never older than the configured bound.

use std::borrow::Cow;
use std::sync::Arc;

use fhir_profiles::practitioner::{practitioner_npis, practitioner_role};
use fhir_profiles::primary_care::{GpReference, patient_general_practitioners};
use futures_util::future::{BoxFuture, try_join_all};
use serde::Deserialize;

use crate::access::payer::Payer;
use crate::access::sources::{FactsUnavailable, PrimaryCare};
use crate::access::upstream::UpstreamError;
use crate::domain::clock::{SharedClock, Timestamp};
use crate::domain::ids::{FhirId, Npi, PracticeId};

use super::client::Ehr;
use super::gate::Asker;
use super::options::PrimaryCareOptions;
use super::remembered::{Dated, Remembered};
use super::route::{PanelRoute, Route};

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

    /// Forgets what is known of a patient's PCPs: the EHR sent word of a change, or staff ask for a fresh look.
    pub fn forget(&self, patient: &FhirId) {
        self.patients.forget(patient);
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
        match self.patients.get(patient, payer, self.options.max_age, || self.ask(payer, patient)).await {
            Ok(fact) => Ok(fact.value),
            Err(error) => {
                metrics::counter!("chartgate_primary_care_failures_total").increment(1);
                let stale = self.patients.recent(patient, self.options.max_stale);
                tracing::warn!(%error, stale = stale.is_some(), "PCP facts cannot be had from the EHR");
                stale.map(|fact| fact.value).ok_or(FactsUnavailable)
            }
        }
    }

    pub(super) fn ehr(&self) -> &Ehr {
        &self.ehr
    }

    /// Remembers the PCPs that a Patient resource names, read from the EHR at `asked_at` or later.
    pub(super) async fn learn(
        &self,
        patient: &FhirId,
        body: &[u8],
        asked_at: Timestamp,
    ) -> Result<(), UpstreamError> {
        let named = patient_general_practitioners(body, self.ehr.base.as_str(), &day(asked_at))
            .map_err(|_| UpstreamError::Malformed)?;
        let fact = self.resolve(&Payer::Product, named, asked_at).await?;
        self.patients.put(patient, fact);
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
