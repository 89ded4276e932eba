//! Whose patients: those of the practices behind the user, as their Groups have them, those whom families granted, and the saved
//! ones. What is released decides; the lists only say whom to ask about.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Caller, Records, Unanswered};
use crate::access::sources::RelationshipSource as _;
use crate::access::subject::Actor;
use crate::access::upstream::UpstreamError;
use crate::domain::ids::FhirId;
use crate::store::{Store, StoreError};

/// The patients of a user.
pub struct Panel {
    /// Their ids, each with the Patient resource where the list came with one.
    pub patients: BTreeMap<FhirId, Option<Vec<u8>>>,
    /// Whether there are more than could be listed.
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

    /// The patients from place `from` on, in order of their ids, at most so many.
    #[must_use]
    pub fn part(self, from: usize, most: usize) -> Self {
        Self { patients: self.patients.into_iter().skip(from).take(most).collect(), ..self }
    }
}

/// Makes panels. One for the portal and the patient picker, so that both list the same patients.
pub struct Panels {
    records: Arc<Records>,
    store: Store,
}

impl Panels {
    /// Over the pipeline and the store.
    pub fn new(records: Arc<Records>, store: Store) -> Self {
        Self { records, store }
    }

    /// The patients of the caller, from every list there is. The caller's scopes cover Patient.
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
        let own = self.records.own_panels(caller).await?;
        let reached = own.practices > 0;
        panel.patients.extend(own.patients.into_iter().map(|(id, json)| (id, Some(json))));
        for why in own.failed {
            match why {
                // An EHR that lists nobody's patients: the search finds them all the same.
                Unanswered::Upstream(UpstreamError::Unsupported) => panel.more = true,
                why if !reached => return Err(why),
                _ => panel.incomplete = true,
            }
        }
        Ok(panel)
    }
}
