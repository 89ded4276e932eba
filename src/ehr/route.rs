//! By which route panels and PCP facts come (DESIGN.md 5): what the EHR offers decides, and the configuration says.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::Deserialize;

use crate::access::payer::Payer;
use crate::access::permit::{FactLookup, PanelLookup};
use crate::access::sources::{FactsUnavailable, PrimaryCare, PrimaryCareSource};
use crate::access::upstream::UpstreamError;
use crate::domain::clock::SharedClock;
use crate::domain::ids::{FhirId, PracticeId};

use super::gate::Asker;
use super::groups::{GroupRef, Groups};
use super::panel::Learning;
use super::primary_care::{EhrPrimaryCare, RouteHealth, is_of};
use super::remembered::{Dated, Remembered};
use super::roster::{RosterFile, Who};

/// MRNs in one search.
const AT_ONCE: usize = 20;

/// The route, as configured.
#[derive(Debug, Default)]
pub enum PanelRoute {
    /// `Patient.generalPractitioner`, read and searched.
    #[default]
    Search,
    /// A Group of the EHR's for each practice.
    Groups(BTreeMap<PracticeId, GroupRef>),
    /// A file.
    Roster {
        /// The file.
        file: Arc<RosterFile>,
        /// The identifier system of the MRNs in it.
        mrn_system: Option<Arc<str>>,
    },
}

/// The route with what is remembered on it.
#[derive(Debug)]
pub(super) enum Route {
    Search,
    Groups(Groups),
    Roster { file: Arc<RosterFile>, mrn_system: Option<Arc<str>>, mrns: Remembered<FhirId, Vec<Who>> },
}

impl Route {
    pub(super) fn new(route: PanelRoute, capacity: usize, clock: SharedClock) -> Self {
        match route {
            PanelRoute::Search => Self::Search,
            PanelRoute::Groups(of) => Self::Groups(Groups { of, members: Remembered::new(capacity, clock) }),
            PanelRoute::Roster { file, mrn_system } => {
                Self::Roster { file, mrn_system, mrns: Remembered::new(capacity, clock) }
            }
        }
    }
}

#[derive(Deserialize)]
struct Identified {
    #[serde(default)]
    identifier: Vec<Identifier>,
}

#[derive(Deserialize)]
struct Identifier {
    system: Option<String>,
    value: Option<String>,
}

impl Route {
    pub(super) fn health(&self) -> RouteHealth {
        match self {
            Self::Search => RouteHealth::Search,
            Self::Groups(groups) => RouteHealth::Groups { practices: groups.of.len() },
            Self::Roster { file, .. } => RouteHealth::List(file.health()),
        }
    }
}

impl EhrPrimaryCare {
    /// By the roster file: as true as the file is.
    async fn by_roster(
        &self,
        payer: &Payer,
        patient: &FhirId,
        file: &RosterFile,
        mrn_system: Option<&str>,
        mrns: &Remembered<FhirId, Vec<Who>>,
    ) -> Result<PrimaryCare, UpstreamError> {
        let roster = file.current().ok_or(UpstreamError::Unavailable { retry_after: None })?;
        let id = Who::Id(patient.clone());
        if !roster.has_mrns {
            return Ok(roster.of([&id]));
        }
        let ask = || self.ask_mrns(payer, patient, mrn_system);
        let known = mrns.get(patient, payer, self.options().max_age, ask).await?;
        Ok(roster.of(known.value.iter().chain([&id])))
    }

    /// The MRNs of a patient, as the EHR has them.
    async fn ask_mrns(
        &self,
        payer: &Payer,
        patient: &FhirId,
        system: Option<&str>,
    ) -> Result<Dated<Vec<Who>>, UpstreamError> {
        let as_of = self.now();
        let (asker, path) = (Asker::of_facts(payer), format!("Patient/{patient}"));
        let Some(body) = self.ehr().get_json_for(&asker, &path, "PCP facts: MRN").await? else {
            return Ok(Dated { value: Vec::new(), as_of });
        };
        is_of(&body, "Patient", patient)?;
        let found: Identified = serde_json::from_slice(&body).map_err(|_| UpstreamError::Malformed)?;
        let own =
            found.identifier.into_iter().filter(|own| system.is_some() && own.system.as_deref() == system);
        Ok(Dated { value: own.filter_map(|own| own.value).map(Who::Mrn).collect(), as_of })
    }

    /// The ids of the patients whom the file gives to these providers.
    async fn roster_panel(
        &self,
        lookup: &PanelLookup,
        file: &RosterFile,
        mrn_system: Option<&str>,
    ) -> Result<Vec<FhirId>, UpstreamError> {
        let roster = file.current().ok_or(UpstreamError::Unavailable { retry_after: None })?;
        let (mut ids, mut mrns) = (Vec::new(), Vec::new());
        for who in roster.panel(lookup) {
            match who {
                Who::Id(id) => ids.push(id.clone()),
                Who::Mrn(mrn) => mrns.push(token(mrn_system.unwrap_or_default(), mrn)),
            }
        }
        for some in mrns.chunks(AT_ONCE) {
            ids.extend(
                self.ids("Patient", &format!("identifier={}", some.join(",")), Learning::Nothing).await?,
            );
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    async fn listed(&self, lookup: &PanelLookup) -> Result<Option<Vec<FhirId>>, UpstreamError> {
        match self.route() {
            Route::Search => {
                // The records' own searches find the patients; this one learns who their PCPs are, page by page instead of
                // patient by patient. Where it fails each patient is asked about.
                if let Err(error) = self.learn_panel(lookup).await {
                    tracing::debug!(%error, "PCP facts of a panel could not be had together");
                }
                Ok(None)
            }
            Route::Groups(groups) => {
                let mut all = Vec::new();
                for practice in lookup.practices() {
                    all.extend(self.members(groups, practice).await?.value.iter().cloned());
                }
                all.sort_unstable();
                all.dedup();
                Ok(Some(all))
            }
            Route::Roster { file, mrn_system, .. } => {
                self.roster_panel(lookup, file, mrn_system.as_deref()).await.map(Some)
            }
        }
    }

    async fn by_route(&self, payer: &Payer, patient: &FhirId) -> Result<Arc<PrimaryCare>, FactsUnavailable> {
        let Route::Roster { file, mrn_system, mrns } = self.route() else {
            return self.look_up_for(payer, patient).await;
        };
        self.by_roster(payer, patient, file, mrn_system.as_deref(), mrns).await.map(Arc::new).map_err(
            |error| {
                metrics::counter!("chartgate_primary_care_failures_total").increment(1);
                tracing::warn!(%error, "PCP facts cannot be had from the roster file");
                FactsUnavailable
            },
        )
    }
}

/// A token to search by.
fn token(system: &str, value: &str) -> String {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    format!(
        "{}%7C{}",
        utf8_percent_encode(system, NON_ALPHANUMERIC),
        // A comma would make it two values.
        utf8_percent_encode(&value.replace(',', "\\,"), NON_ALPHANUMERIC)
    )
}

impl PrimaryCareSource for EhrPrimaryCare {
    fn primary_care(&self, lookup: FactLookup) -> BoxFuture<'_, Result<Arc<PrimaryCare>, FactsUnavailable>> {
        if let Some(fact) = self.known(lookup.patient()) {
            return Box::pin(std::future::ready(Ok(fact)));
        }
        Box::pin(async move { self.by_route(lookup.payer(), lookup.patient()).await })
    }

    fn panel(&self, lookup: PanelLookup) -> BoxFuture<'_, Result<Option<Vec<FhirId>>, FactsUnavailable>> {
        Box::pin(async move {
            self.listed(&lookup).await.map_err(|error| {
                tracing::warn!(%error, "a panel cannot be had");
                FactsUnavailable
            })
        })
    }
}
