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
use crate::domain::account::AccountState;
use crate::domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use crate::domain::ids::{AccountId, FhirId};
use crate::fhir::resource_type::ResourceType;
use crate::fhir::scope::ScopeSet;
use crate::records::{Caller, Unanswered};
use crate::store::throttle::ThrottleKind;
use crate::web::dates;
use crate::web::problem::Problem;
use crate::web::session::SignedIn;

/// What the portal itself reads for lists: narrow, and never through a token.
static SCOPES: LazyLock<Arc<ScopeSet>> = LazyLock::new(|| {
    Arc::new(ScopeSet::parse(
        "user/Patient.rs user/Encounter.rs user/DiagnosticReport.rs user/DocumentReference.rs user/Location.rs",
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
        let limit = store.throttle(ThrottleKind::PatientSearch, key).await.map_err(Problem::internal)?;
        if let Some(until) = limit.blocked_until.filter(|until| self.web.now() < *until) {
            let retry_after = until.since(self.web.now()).max(Duration::from_secs(1));
            return Err(Problem::TooMany { what: "searches without a match", retry_after });
        }
        let caller = self.caller(user);
        let mut found = PatientMatches { reachable: Vec::new(), not_authorized: Vec::new() };
        for sought in readings {
            found = self.records.find_patient(&caller, sought.clone()).await.map_err(unanswered)?;
            if !found.reachable.is_empty() || !found.not_authorized.is_empty() {
                break;
            }
        }
        if found.reachable.is_empty() {
            store.throttle_failure(ThrottleKind::PatientSearch, key).await.map_err(Problem::internal)?;
        }
        Ok(found)
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

    /// Suspends an account or lets it act again, in the name of a member of staff. Recorded first: an act that cannot be recorded
    /// does not take place.
    pub async fn set_account_state(
        &self,
        by: &SignedIn,
        account: &AccountId,
        state: AccountState,
    ) -> Result<(), Problem> {
        let what = match state {
            AccountState::Active => "account reactivated",
            AccountState::Suspended => "account suspended",
        };
        let event = AuditEvent {
            at: self.web.now(),
            kind: AuditKind::Administration,
            outcome: AuditOutcome::Success,
            account: Some(by.account.id.clone()),
            practice: None,
            client: None,
            patients: Vec::new(),
            what: what.to_owned(),
            reason: Some(account.to_string()),
            resources: 0,
            request: Some(by.request.clone()),
            address: Some(by.address.0.clone()),
        };
        self.audit.record(event).await.map_err(Problem::internal)?;
        self.web.store().set_account_state(account, state).await.map_err(Problem::internal)?;
        Ok(())
    }

    /// The calendar day at the hospital.
    pub fn today(&self) -> jiff::civil::Date {
        dates::day_of(self.web.now(), &self.web.settings().time_zone)
    }
}

/// What a page says when there is no record to show.
pub fn unanswered(why: Unanswered) -> Problem {
    match why {
        Unanswered::Refused(Refusal::NotFound(_) | Refusal::InsufficientScope(_)) => Problem::NotFound,
        Unanswered::Refused(Refusal::Unauthenticated(_)) => {
            Problem::SessionEnded { next: crate::web::next::LocalPath::home() }
        }
        Unanswered::Refused(Refusal::FactsUnavailable) | Unanswered::Upstream(UpstreamError::Timeout) => {
            Problem::HospitalUnreachable { retry_after: None }
        }
        Unanswered::Upstream(
            UpstreamError::Unavailable { retry_after } | UpstreamError::Throttled { retry_after },
        ) => Problem::HospitalUnreachable { retry_after },
        other => Problem::internal(other),
    }
}
