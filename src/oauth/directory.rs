//! Patients and users, asked through the pipeline: what the picker offers is what the policy releases.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use moka::future::Cache;
use serde_json::Value;

use crate::access::authorizer::{PatientMatches, PatientSought};
use crate::access::refusal::Refusal;
use crate::access::released::Released;
use crate::access::subject::{Actor, Subject};
use crate::domain::clock::SharedClock;
use crate::domain::ids::{AccountId, FhirId, Npi};
use crate::fhir::interaction::Search;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::scope::ScopeSet;
use crate::fhir::search::{Query, TotalWanted};
use crate::records::panel::Panels;
use crate::records::{Caller, Records, Unanswered};
use crate::store::Store;
use crate::store::throttle::ThrottleKind;

use super::patient_line::{entries, read};
use super::people::{FhirUsers, Found, Offered, PatientLine, Patients, PatientsError};

/// Patients of the practices that are offered at most; the search finds the others.
const MOST_OFFERED: usize = 200;
/// Patients looked up at a time.
const AT_ONCE: usize = 8;
/// How long a user's place in the hospital's directory is taken as known.
const PRACTITIONER_LIFE: Duration = Duration::from_mins(15);

/// Over the pipeline and the store.
pub struct Directory {
    records: Arc<Records>,
    panels: Arc<Panels>,
    store: Store,
    clock: SharedClock,
    mrn_system: Option<Arc<str>>,
    practitioners: Cache<Npi, FhirId>,
}

impl Directory {
    /// `mrn_system` is the identifier system of the hospital's MRNs.
    pub fn new(
        records: Arc<Records>,
        panels: Arc<Panels>,
        store: Store,
        clock: SharedClock,
        mrn_system: Option<Arc<str>>,
    ) -> Self {
        let practitioners = Cache::builder().max_capacity(10_000).time_to_live(PRACTITIONER_LIFE).build();
        Self { records, panels, store, clock, mrn_system, practitioners }
    }

    fn line(&self, json: &Value) -> Option<PatientLine> {
        read(json, self.mrn_system.as_deref())
    }

    /// An MRN is one of the hospital's own system.
    fn with_system(&self, sought: PatientSought) -> PatientSought {
        match sought {
            PatientSought::Mrn { value, .. } => PatientSought::Mrn { system: self.mrn_system.clone(), value },
            person @ PatientSought::Person { .. } => person,
        }
    }

    async fn patient(&self, caller: &Caller, id: &FhirId) -> Result<Option<PatientLine>, PatientsError> {
        match self.records.read(caller, ResourceType::Patient, id.clone()).await {
            Ok(released) => Ok(json(&released).and_then(|json| self.line(&json))),
            Err(Unanswered::Refused(Refusal::NotFound(_) | Refusal::InsufficientScope(_))) => Ok(None),
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// A patient of a list: read now where the list came without the resource.
    async fn listed(
        &self,
        caller: &Caller,
        id: &FhirId,
        json: Option<Vec<u8>>,
    ) -> Result<Option<PatientLine>, PatientsError> {
        match json {
            Some(json) => Ok(serde_json::from_slice(&json).ok().and_then(|json| self.line(&json))),
            None => self.patient(caller, id).await,
        }
    }
}

fn json(released: &Released) -> Option<Value> {
    serde_json::from_slice(&released.chunks().concat()).ok()
}

fn unavailable(cause: &dyn std::fmt::Display) -> PatientsError {
    tracing::warn!(%cause, "patients cannot be listed");
    PatientsError::Unavailable
}

fn account_of(caller: &Caller) -> Result<&AccountId, PatientsError> {
    match &caller.subject.actor {
        Actor::Account(account) => Ok(account),
        Actor::Practice(_) => Err(PatientsError::Unavailable),
    }
}

impl Patients for Directory {
    fn offered<'a>(&'a self, caller: &'a Caller) -> BoxFuture<'a, Result<Offered, PatientsError>> {
        async move {
            let account = account_of(caller)?;
            let on_list = self.store.saved_patients(account).await.map_err(|e| unavailable(&e))?;
            let panel = self.panels.of(caller).await.map_err(|e| unavailable(&e))?;
            // Those on the user's own list in any case; of the others as many as anybody looks through.
            let (own, others): (Vec<_>, Vec<_>) =
                panel.patients.into_iter().partition(|(id, _)| on_list.iter().any(|s| s.patient == *id));
            let more = panel.more || others.len() > MOST_OFFERED;
            let lines = stream::iter(own.into_iter().chain(others.into_iter().take(MOST_OFFERED)))
                .map(|(id, json)| async move { self.listed(caller, &id, json).await });
            let mut lines: Vec<PatientLine> =
                lines.buffered(AT_ONCE).try_collect::<Vec<_>>().await?.into_iter().flatten().collect();
            lines.sort_by(|a, b| (a.name.to_lowercase(), &a.id).cmp(&(b.name.to_lowercase(), &b.id)));
            let (saved, panel) =
                lines.into_iter().partition(|line| on_list.iter().any(|s| s.patient == line.id));
            Ok(Offered { saved, panel, more })
        }
        .boxed()
    }

    fn search<'a>(
        &'a self,
        caller: &'a Caller,
        readings: Vec<PatientSought>,
    ) -> BoxFuture<'a, Result<Found, PatientsError>> {
        async move {
            let account = account_of(caller)?.as_str();
            let limit = self.store.throttle(ThrottleKind::PatientSearch, account).await;
            let limit = limit.map_err(|e| unavailable(&e))?;
            if let Some(until) = limit.blocked_until.filter(|until| self.clock.now() < *until) {
                return Err(PatientsError::TooMany { retry_after: until.since(self.clock.now()) });
            }
            let mut found = PatientMatches::default();
            for sought in readings {
                found = self
                    .records
                    .find_patient(caller, self.with_system(sought))
                    .await
                    .map_err(|e| unavailable(&e))?;
                if !found.reachable.is_empty() || !found.not_authorized.is_empty() {
                    break;
                }
            }
            if found.reachable.is_empty() {
                let counted = self.store.throttle_failure(ThrottleKind::PatientSearch, account).await;
                counted.map_err(|e| unavailable(&e))?;
            }
            let reachable = found.reachable.iter().filter_map(|r| self.line(&json(r)?)).collect();
            Ok(Found { reachable, not_authorized: found.not_authorized.len() })
        }
        .boxed()
    }

    fn reachable<'a>(
        &'a self,
        caller: &'a Caller,
        patient: &'a FhirId,
    ) -> BoxFuture<'a, Result<Option<PatientLine>, PatientsError>> {
        self.patient(caller, patient).boxed()
    }
}

impl FhirUsers for Directory {
    fn practitioner<'a>(&'a self, account: &'a AccountId, npi: &'a Npi) -> BoxFuture<'a, Option<FhirId>> {
        async move {
            if let Some(known) = self.practitioners.get(npi).await {
                return Some(known);
            }
            let found = self.find_practitioner(account, npi).await?;
            self.practitioners.insert(npi.clone(), found.clone()).await;
            Some(found)
        }
        .boxed()
    }
}

impl Directory {
    async fn find_practitioner(&self, account: &AccountId, npi: &Npi) -> Option<FhirId> {
        let subject = Subject {
            actor: Actor::Account(account.clone()),
            client: None,
            scopes: Arc::new(ScopeSet::parse("user/Practitioner.rs")),
            patient: None,
        };
        let caller = Caller { subject: Arc::new(subject), request: None, address: None };
        let query = format!("_count=5&identifier=http%3A%2F%2Fhl7.org%2Ffhir%2Fsid%2Fus-npi%7C{npi}");
        let search = Search { resource_type: ResourceType::Practitioner, patient: None, query: query.into() };
        let query = Query { total: TotalWanted::None, ..Query::of(search) };
        let released = match self.records.search(&caller, &query).await {
            Ok(released) => released,
            Err(error) => {
                tracing::warn!(%error, "a user cannot be found in the hospital's directory");
                return None;
            }
        };
        let bundle = json(&released)?;
        // The EHR may have ignored the parameter: the NPI is compared again.
        entries(&bundle, "Practitioner").find(|p| has_npi(p, npi)).and_then(id)
    }
}

fn has_npi(practitioner: &Value, npi: &Npi) -> bool {
    let identifiers = practitioner.get("identifier").and_then(Value::as_array);
    identifiers.is_some_and(|identifiers| {
        identifiers.iter().any(|identifier| {
            identifier.get("system").is_some_and(|s| s == "http://hl7.org/fhir/sid/us-npi")
                && identifier.get("value").is_some_and(|v| v == npi.as_str())
        })
    })
}

fn id(resource: &Value) -> Option<FhirId> {
    FhirId::parse(resource.get("id")?.as_str()?).ok()
}
