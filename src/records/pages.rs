//! Page handles: where a page begins in the EHR's pages, sealed for one subject and client, expiring, and judged again on use
//! (DESIGN.md 3). They are of one length whatever that place is, which may lie behind something withheld.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::access::authorizer::{Place, Trail};
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
#[derive(Clone, Serialize, Deserialize)]
struct Handle {
    #[serde(rename = "t")]
    resource_type: ResourceType,
    #[serde(rename = "p")]
    patient: Option<FhirId>,
    #[serde(rename = "q")]
    query: Arc<str>,
    #[serde(rename = "e")]
    expires_at: Timestamp,
    #[serde(rename = "u")]
    upstream: Option<Arc<str>>,
    #[serde(rename = "a")]
    after: Option<(usize, FhirId)>,
    #[serde(flatten)]
    trail: Trail,
    /// Of a patient's whole record, which of its searches; always as long.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    step: Option<String>,
}

/// Room for the place in a handle, in bytes; links longer than that have the next room that fits.
const ROOMS: [usize; 4] = [512, 1024, 2048, 4096];

/// The plain text of a handle: what depends on the place is filled up with spaces, which JSON does not mind.
fn padded(handle: &Handle) -> Vec<u8> {
    let mut plain = serde_json::to_vec(handle).unwrap_or_default();
    let link =
        handle.upstream.as_deref().map_or(0, |link| serde_json::to_string(link).map_or(0, |json| json.len()));
    // The rest of the place: member names, three numbers and an id of at most 64 characters.
    let place = link + 136;
    let room = ROOMS.into_iter().find(|room| place <= *room).unwrap_or_else(|| place.next_multiple_of(4096));
    let others = Handle { upstream: None, after: None, trail: Trail::default(), ..handle.clone() };
    let others = serde_json::to_vec(&others).map_or(0, |json| json.len());
    plain.resize((others + room).max(plain.len()), b' ');
    plain
}

impl Pages {
    pub(super) fn new(key: &SealingKey, clock: SharedClock, random: SharedRandom) -> Self {
        Self { sealer: key.derive("page handles").sealer(), clock, random }
    }

    /// The handle of the page of `search` that begins at `place`.
    pub(super) fn seal(&self, subject: &Subject, search: &Search, place: &Place) -> String {
        self.seal_all(subject, search, None, place)
    }

    /// The same in one of the searches that a patient's whole record comes to.
    pub(super) fn seal_step(&self, subject: &Subject, search: &Search, step: usize, place: &Place) -> String {
        self.seal_all(subject, search, Some(format!("{step:03}")), place)
    }

    fn seal_all(&self, subject: &Subject, search: &Search, step: Option<String>, place: &Place) -> String {
        let handle = Handle {
            resource_type: search.resource_type,
            patient: search.patient.clone(),
            query: search.query.clone(),
            expires_at: self.clock.now().plus(LIFE),
            upstream: place.upstream.clone(),
            after: place.after.clone(),
            trail: place.trail,
            step,
        };
        // Sealing fails only if the cryptographic library does; a handle that opens nowhere is then the safe one.
        self.sealer.seal(&padded(&handle), &binding(subject), &*self.random).unwrap_or_default()
    }

    /// The search and the place that a handle of this subject stands for. No permission: the policy decides again.
    pub(super) fn open(
        &self,
        subject: &Subject,
        resource_type: ResourceType,
        handle: &str,
    ) -> Result<(Search, Place), PageError> {
        match self.open_all(subject, resource_type, handle)? {
            (search, None, place) => Ok((search, place)),
            (_, Some(_), _) => Err(PageError::Unknown),
        }
    }

    /// The same for a page of a patient's whole record.
    pub(super) fn open_step(
        &self,
        subject: &Subject,
        resource_type: ResourceType,
        handle: &str,
    ) -> Result<(Search, usize, Place), PageError> {
        match self.open_all(subject, resource_type, handle)? {
            (search, Some(step), place) => Ok((search, step.parse().map_err(|_| PageError::Unknown)?, place)),
            (_, None, _) => Err(PageError::Unknown),
        }
    }

    fn open_all(
        &self,
        subject: &Subject,
        resource_type: ResourceType,
        handle: &str,
    ) -> Result<(Search, Option<String>, Place), PageError> {
        let plain = self.sealer.open(handle, &binding(subject)).ok_or(PageError::Unknown)?;
        let handle: Handle = serde_json::from_slice(&plain).map_err(|_| PageError::Unknown)?;
        if handle.resource_type != resource_type {
            return Err(PageError::Unknown);
        }
        if handle.expires_at <= self.clock.now() {
            return Err(PageError::Expired);
        }
        let search = Search { resource_type, patient: handle.patient, query: handle.query };
        let Handle { upstream, after, trail, .. } = handle;
        Ok((search, handle.step, Place { upstream, after, trail }))
    }
}
