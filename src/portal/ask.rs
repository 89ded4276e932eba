//! What several pages ask of the modules below: in the name of the signed-in user, with failures as pages.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Portal;
use super::patient::{PatientDetails, Person};
use crate::access::authorizer::{PatientMatches, PatientSought};
use crate::access::refusal::Refusal;
use crate::access::subject::{Actor, Subject};
use crate::access::upstream::UpstreamError;
use crate::accounts::By;
use crate::domain::ids::{AccountId, FhirId};
use crate::fhir::resource_type::ResourceType;
use crate::fhir::scope::ScopeSet;
use crate::records::{Caller, Unanswered};
use crate::store::throttle::ThrottleKind;
use crate::web::dates;
use crate::web::problem::Problem;
use crate::web::session::{SignedIn, Visitor};

/// What the portal itself reads for lists: narrow, and never through a token.
static SCOPES: LazyLock<Arc<ScopeSet>> = LazyLock::new(|| {
    Arc::new(ScopeSet::parse(
        "user/Patient.rs user/Encounter.rs user/DiagnosticReport.rs user/DocumentReference.rs user/Practitioner.rs user/PractitionerRole.rs",
    ))
});

/// What a handle in a URL stands for: a patient, perhaps with the encounter from which the record is opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chart {
    /// Whose record.
    #[serde(rename = "p")]
    pub patient: FhirId,
    /// Which encounter.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub encounter: Option<FhirId>,
}

impl Portal {
    /// The signed-in user as the policy sees the portal's own requests.
    pub fn caller(&self, user: &SignedIn) -> Caller {
        let subject = Subject {
            actor: Actor::Account(user.account.id.clone()),
            client: None,
            scopes: Arc::clone(&SCOPES),
            patient: None,
        };
        Caller {
            subject: Arc::new(subject),
            request: Some(user.request.clone()),
            address: Some(user.address.0.clone()),
        }
    }

    /// The address under which a record opens: names nobody, and works for this account alone.
    pub fn chart_href(&self, account: &AccountId, chart: &Chart) -> String {
        format!("/patients/{}", self.web.keys().seal("chart", account, chart, self.web.random()))
    }

    /// What such an address stands for.
    pub fn open_handle(&self, account: &AccountId, handle: &str) -> Result<Chart, Problem> {
        self.web.keys().open("chart", account, handle).ok_or(Problem::NotFound)
    }

    /// The exact search (S-31), in the first reading of what was typed that finds somebody. Limited in rate: a search that finds
    /// nobody within reach counts.
    pub async fn find_patient(
        &self,
        user: &SignedIn,
        readings: &[PatientSought],
    ) -> Result<PatientMatches, Problem> {
        let (store, key) = (self.web.store(), user.account.id.as_str());
        // Counted beforehand and taken back, so that many at once cannot slip past the counter.
        let counted = store.throttle_attempt(ThrottleKind::PatientSearch, key).await;
        if counted.map_err(Problem::internal)?.is_none() {
            let limit = store.throttle(ThrottleKind::PatientSearch, key).await.map_err(Problem::internal)?;
            let wait = limit.blocked_until.map_or(Duration::ZERO, |until| until.since(self.web.now()));
            let retry_after = wait.max(Duration::from_secs(1));
            return Err(Problem::TooMany { what: "searches without a match", retry_after });
        }
        let found = self.first_match(user, readings).await;
        // Neither a match nor a failure of the EHR is guessing.
        if found.as_ref().map_or(true, |found| !found.reachable.is_empty()) {
            store.throttle_undo(ThrottleKind::PatientSearch, key).await.map_err(Problem::internal)?;
        }
        found
    }

    async fn first_match(
        &self,
        user: &SignedIn,
        readings: &[PatientSought],
    ) -> Result<PatientMatches, Problem> {
        let caller = self.caller(user);
        for sought in readings {
            let found = self.records.find_patient(&caller, sought.clone()).await.map_err(unanswered)?;
            if !found.reachable.is_empty() || !found.not_authorized.is_empty() {
                return Ok(found);
            }
        }
        Ok(PatientMatches::default())
    }

    /// The patient as lists print one; `None` when the record is out of reach now.
    pub async fn person(&self, user: &SignedIn, patient: &FhirId) -> Result<Option<Person>, Problem> {
        let caller = self.caller(user);
        match self.records.read(&caller, ResourceType::Patient, patient.clone()).await {
            Ok(released) => Ok(self.printed(user, &released.chunks().concat(), None)),
            Err(Unanswered::Refused(Refusal::NotFound(_))) => Ok(None),
            Err(other) => Err(unanswered(other)),
        }
    }

    /// A Patient resource as lists print one, opening the record, from `encounter` if one is given.
    pub fn printed(&self, user: &SignedIn, json: &[u8], encounter: Option<FhirId>) -> Option<Person> {
        let details = PatientDetails::read(json)?;
        let href = self.chart_href(&user.account.id, &Chart { patient: details.id()?, encounter });
        Some(Person::of(&details, href, self.today(), self.mrn_system.as_deref()))
    }

    /// The calendar day at the hospital.
    pub fn today(&self) -> jiff::civil::Date {
        dates::day_of(self.web.now(), &self.web.settings().time_zone)
    }
}

/// Who does something, for the audit log.
pub fn by(visitor: &Visitor) -> By {
    By {
        account: visitor.account.as_ref().map(|account| account.id.clone()),
        request: Some(visitor.request.clone()),
        address: Some(visitor.address.0.clone()),
    }
}

/// What a page says when there is no record to show.
pub fn unanswered(why: Unanswered) -> Problem {
    match why {
        Unanswered::Refused(Refusal::NotFound(_) | Refusal::InsufficientScope(_)) => Problem::NotFound,
        Unanswered::Refused(Refusal::Unauthenticated(_)) => {
            Problem::SessionEnded { next: crate::web::next::LocalPath::home() }
        }
        Unanswered::Upstream(
            UpstreamError::Unavailable { retry_after } | UpstreamError::Throttled { retry_after },
        ) => Problem::HospitalUnreachable { retry_after },
        Unanswered::Refused(Refusal::FactsUnavailable) | Unanswered::Upstream(_) => {
            Problem::HospitalUnreachable { retry_after: None }
        }
        other => Problem::internal(other),
    }
}
