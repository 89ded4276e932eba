//! Whose patients: those of the practices behind the user, as the EHR lists them, those whom families granted, and the saved ones.
//! What is released decides; the lists only say whom to ask about.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use moka::future::Cache;

use super::bundle::Bundle;
use super::{Caller, Records, Unanswered};
use crate::access::sources::RelationshipSource as _;
use crate::access::subject::Actor;
use crate::access::upstream::UpstreamError;
use crate::domain::ids::{FhirId, Npi};
use crate::fhir::interaction::Search;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Query, TotalWanted};
use crate::store::{Store, StoreError};

/// Patients of one user that are looked at, at most. The page says when there are more.
const MOST: usize = 200;
/// Requests at a time.
const AT_ONCE: usize = 8;

/// How long a provider's place in the hospital's directory is taken as known.
const DOCTOR_LIFE: Duration = Duration::from_mins(15);

/// The patients of a user.
pub struct Panel {
    /// Their ids, each with the Patient resource where the list came with one.
    pub patients: BTreeMap<FhirId, Option<Vec<u8>>>,
    /// Whether there are more than were taken.
    pub more: bool,
    /// Whether some list could not be had.
    pub incomplete: bool,
}

impl Panel {
    fn add(&mut self, patients: impl Iterator<Item = FhirId>) {
        for patient in patients {
            self.patients.entry(patient).or_insert(None);
        }
    }

    /// A list cannot be had from the store: the page says that something is missing.
    fn lacks(&mut self, what: &str, error: &StoreError) {
        tracing::error!(what, %error, "a list of patients cannot be read");
        self.incomplete = true;
    }
}

/// Makes panels. One for the portal and the patient picker, so that both list the same patients.
pub struct Panels {
    records: Arc<Records>,
    store: Store,
    /// How the EHR refers to the provider with an NPI; `None`: not at all.
    doctors: Cache<Npi, Option<String>>,
}

impl Panels {
    /// Over the pipeline and the store.
    pub fn new(records: Arc<Records>, store: Store) -> Self {
        let doctors = Cache::builder().max_capacity(10_000).time_to_live(DOCTOR_LIFE).build();
        Self { records, store, doctors }
    }

    /// The patients of the caller, from every list there is. The caller's scopes cover Patient, Practitioner and
    /// PractitionerRole.
    pub async fn of(&self, caller: &Caller) -> Result<Panel, Unanswered> {
        let mut panel = Panel { patients: BTreeMap::new(), more: false, incomplete: false };
        let standing = self.store.directory().standing(&caller.subject);
        for provider in &standing.providers {
            match self.store.grants_for_provider(&provider.account).await {
                Ok(grants) => panel.add(grants.into_iter().map(|grant| grant.patient)),
                Err(error) => panel.lacks("grants", &error),
            }
        }
        if let Actor::Account(account) = &caller.subject.actor {
            match self.store.saved_patients(account).await {
                Ok(saved) => panel.add(saved.into_iter().map(|saved| saved.patient)),
                Err(error) => panel.lacks("saved patients", &error),
            }
        }
        let mut doctors: Vec<Doctor> = Vec::new();
        for practice in standing.providers.iter().flat_map(|provider| &provider.practices) {
            let practice = match self.store.practice(practice).await {
                Ok(Some(practice)) => practice,
                Ok(None) => continue,
                Err(error) => {
                    panel.lacks("practice", &error);
                    continue;
                }
            };
            doctors.extend(practice.roster.into_iter().map(Doctor::Person));
            doctors.extend(practice.organization.map(Doctor::Practice));
        }
        doctors.sort();
        doctors.dedup();
        // The first alone: when the EHR comes back it is tried with one request, and the others would be turned away.
        let mut doctors = doctors.into_iter();
        let mut lists = Vec::new();
        if let Some(first) = doctors.next() {
            lists.push(self.patients_of(caller, first).await);
        }
        let others = futures_util::stream::iter(doctors).map(|doctor| self.patients_of(caller, doctor));
        lists.extend(others.buffered(AT_ONCE).collect::<Vec<_>>().await);
        let (all, mut failed) = (lists.len(), Vec::new());
        for list in lists {
            match list {
                Ok((patients, more)) => {
                    panel.more |= more;
                    panel.patients.extend(patients.into_iter().map(|(id, json)| (id, Some(json))));
                }
                Err(why) => failed.push(why),
            }
        }
        panel.incomplete |= !failed.is_empty();
        if failed.len() == all
            && let Some(why) = failed.into_iter().next()
        {
            return Err(why);
        }
        while panel.patients.len() > MOST {
            panel.patients.pop_last();
            panel.more = true;
        }
        Ok(panel)
    }

    /// The patients whose PCP this is, and whether there are more of them.
    async fn patients_of(
        &self,
        caller: &Caller,
        doctor: Doctor,
    ) -> Result<(Vec<(FhirId, Vec<u8>)>, bool), Unanswered> {
        let Some(references) = self.references(caller, doctor).await? else { return Ok((Vec::new(), false)) };
        let query = format!("_count={MOST}&general-practitioner={references}");
        let bundle = match self.ask(caller, ResourceType::Patient, &query).await {
            Ok(bundle) => bundle,
            // An EHR without this parameter lists nobody; the search finds them all the same.
            Err(Unanswered::Upstream(UpstreamError::Unsupported)) => {
                return Ok((Vec::new(), true));
            }
            Err(other) => return Err(other),
        };
        let more = bundle.next_handle().is_some();
        let patients = bundle.resources("Patient").filter_map(|(id, json)| Some((id?, json))).collect();
        Ok((patients, more))
    }

    /// How `Patient.generalPractitioner` may refer to this doctor (D-09), as a search value.
    async fn references(&self, caller: &Caller, doctor: Doctor) -> Result<Option<String>, Unanswered> {
        let npi = match doctor {
            Doctor::Practice(organization) => return Ok(Some(format!("Organization%2F{organization}"))),
            Doctor::Person(npi) => npi,
        };
        if let Some(known) = self.doctors.get(&npi).await {
            return Ok(known);
        }
        let query = format!("_count=5&identifier=http%3A%2F%2Fhl7.org%2Ffhir%2Fsid%2Fus-npi%7C{npi}");
        let found = self.ask(caller, ResourceType::Practitioner, &query).await?;
        let mut references = Vec::new();
        for (practitioner, _) in found.resources("Practitioner") {
            let Some(practitioner) = practitioner else { continue };
            references.push(format!("Practitioner%2F{practitioner}"));
            let query = format!("_count=50&practitioner=Practitioner%2F{practitioner}");
            if let Ok(roles) = self.ask(caller, ResourceType::PractitionerRole, &query).await {
                let roles = roles.resources("PractitionerRole").filter_map(|(id, _)| id);
                references.extend(roles.map(|role| format!("PractitionerRole%2F{role}")));
            }
        }
        let joined = (!references.is_empty()).then(|| references.join(","));
        self.doctors.insert(npi, joined.clone()).await;
        Ok(joined)
    }

    /// The first page of a search in the portal's own name, whatever the search names.
    async fn ask(&self, caller: &Caller, kind: ResourceType, query: &str) -> Result<Bundle, Unanswered> {
        let search = Search { resource_type: kind, patient: None, query: query.into() };
        let query = Query { total: TotalWanted::None, ..Query::of(search) };
        Ok(Bundle::read(&self.records.search(caller, &query).await?.chunks().concat()))
    }
}

/// By whom the EHR may say that a patient is looked after.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Doctor {
    Person(Npi),
    Practice(FhirId),
}
