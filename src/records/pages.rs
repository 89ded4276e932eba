//! Page handles: the EHR's next link, sealed for one subject and client, expiring, and judged again on use (DESIGN.md 3).

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::access::subject::Subject;
use crate::credentials::seal::{Sealer, SealingKey};
use crate::domain::clock::{SharedClock, Timestamp};
use crate::domain::ids::FhirId;
use crate::domain::random::SharedRandom;
use crate::fhir::interaction::Search;
use crate::fhir::resource_type::ResourceType;

use super::event::binding;

/// How long a page handle works. EHRs forget their own paging sooner or later, too.
const LIFE: Duration = Duration::from_hours(1);

/// Why a page handle is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// It was this subject's, and is too old.
    #[error("the page link has expired")]
    Expired,
    /// Not a handle of this subject and client.
    #[error("there is no such page")]
    Unknown,
}

/// Seals and opens page handles.
#[derive(Debug)]
pub(super) struct Pages {
    sealer: Sealer,
    clock: SharedClock,
    random: SharedRandom,
}

/// What a handle holds.
#[derive(Serialize, Deserialize)]
struct Handle {
    #[serde(rename = "t")]
    resource_type: ResourceType,
    #[serde(rename = "p")]
    patient: Option<FhirId>,
    #[serde(rename = "q")]
    query: Arc<str>,
    #[serde(rename = "u")]
    upstream: Arc<str>,
    #[serde(rename = "e")]
    expires_at: Timestamp,
}

impl Pages {
    pub(super) fn new(key: &SealingKey, clock: SharedClock, random: SharedRandom) -> Self {
        Self { sealer: key.derive("page handles").sealer(), clock, random }
    }

    /// The handle of the page of `search` that lies behind the EHR's link `upstream`.
    pub(super) fn seal(&self, subject: &Subject, search: &Search, upstream: &str) -> String {
        let handle = Handle {
            resource_type: search.resource_type,
            patient: search.patient.clone(),
            query: search.query.clone(),
            upstream: upstream.into(),
            expires_at: self.clock.now().plus(LIFE),
        };
        let plain = serde_json::to_vec(&handle).unwrap_or_default();
        // Sealing fails only if the cryptographic library does; a handle that opens nowhere is then the safe one.
        self.sealer.seal(&plain, &binding(subject), &*self.random).unwrap_or_default()
    }

    /// The search and the EHR's link that a handle of this subject stands for. No permission: the policy decides again.
    pub(super) fn open(
        &self,
        subject: &Subject,
        resource_type: ResourceType,
        handle: &str,
    ) -> Result<(Search, Arc<str>), PageError> {
        let plain = self.sealer.open(handle, &binding(subject)).ok_or(PageError::Unknown)?;
        let handle: Handle = serde_json::from_slice(&plain).map_err(|_| PageError::Unknown)?;
        if handle.resource_type != resource_type {
            return Err(PageError::Unknown);
        }
        if handle.expires_at <= self.clock.now() {
            return Err(PageError::Expired);
        }
        let search = Search { resource_type, patient: handle.patient, query: handle.query };
        Ok((search, handle.upstream))
    }
}
