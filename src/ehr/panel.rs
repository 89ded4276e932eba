//! The patients whose PCPs are on a roster (DESIGN.md 1, "panel"), by the search that EHRs offer for it. What comes back are
//! candidates: the policy decides on each, from the facts that the same answers brought along.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::access::payer::Payer;
use crate::access::permit::PanelLookup;
use crate::access::upstream::UpstreamError;
use crate::domain::ids::FhirId;
use crate::fhir::resource_type::ResourceType;

use super::client::Ehr;
use super::primary_care::EhrPrimaryCare;
use super::remembered::Dated;

/// References in one search; more make a URL that servers refuse.
const AT_ONCE: usize = 20;

/// Patients at most; a panel beyond it needs another route than search.
const MOST: usize = 20_000;

/// The NPI's identifier system, percent-encoded with its separator.
const NPI: &str = "http%3A%2F%2Fhl7.org%2Ffhir%2Fsid%2Fus-npi%7C";

#[derive(Deserialize)]
struct Bundle<'a> {
    #[serde(default)]
    link: Vec<Link>,
    #[serde(default, borrow)]
    entry: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Link {
    relation: String,
    url: String,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    pub(super) resource_type: String,
    id: String,
}

/// One page of a search: its resources and where it goes on, below the base.
pub(super) struct Page<'a> {
    pub(super) entries: Vec<(Head, &'a RawValue)>,
    pub(super) next: Option<String>,
}

/// Whether what comes by is worth remembering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Learning {
    /// Patients' PCPs are.
    PrimaryCare,
    /// Nothing is.
    Nothing,
}

impl EhrPrimaryCare {
    /// Learns the PCPs of everybody on the panel, unless that was done lately.
    pub(super) async fn learn_panel(&self, lookup: &PanelLookup) -> Result<(), UpstreamError> {
        let key = lookup.practices().to_vec();
        let ask = || async {
            let as_of = self.now();
            Ok(Dated { value: self.find_panel(lookup).await?.len(), as_of })
        };
        self.panels().get(&key, &Payer::Product, self.options().max_age / 2, ask).await.map(drop)
    }

    /// Ids of the patients who may be on the panel, each once, in order. Fails with [`UpstreamError::Unsupported`] where the EHR
    /// does not search by `general-practitioner`, and with [`UpstreamError::TooLarge`] past 20,000 patients.
    pub async fn find_panel(&self, lookup: &PanelLookup) -> Result<Vec<FhirId>, UpstreamError> {
        let capabilities = self.ehr().capabilities();
        if !capabilities.has_parameter(ResourceType::Patient, "general-practitioner") {
            return Err(UpstreamError::Unsupported);
        }
        let mut references: Vec<_> =
            lookup.organizations().iter().map(|id| format!("Organization/{id}")).collect();
        for npis in lookup.npis().chunks(AT_ONCE) {
            let wanted: Vec<_> = npis.iter().map(|npi| format!("{NPI}{npi}")).collect();
            references.extend(
                self.ids("Practitioner", &format!("identifier={}", wanted.join(",")), Learning::Nothing)
                    .await?
                    .into_iter()
                    .map(|id| format!("Practitioner/{id}")),
            );
        }
        if capabilities.has_parameter(ResourceType::PractitionerRole, "practitioner") {
            let practitioners: Vec<_> =
                references.iter().filter(|r| r.starts_with("Practitioner/")).cloned().collect();
            for some in practitioners.chunks(AT_ONCE) {
                let roles = self
                    .ids("PractitionerRole", &format!("practitioner={}", some.join(",")), Learning::Nothing)
                    .await?;
                references.extend(roles.into_iter().map(|id| format!("PractitionerRole/{id}")));
            }
        }
        let mut patients = BTreeSet::new();
        for some in references.chunks(AT_ONCE) {
            let query = format!("general-practitioner={}", some.join(","));
            patients.extend(self.ids("Patient", &query, Learning::PrimaryCare).await?);
        }
        Ok(patients.into_iter().collect())
    }

    /// Ids of what a search matches, over all its pages.
    pub(super) async fn ids(
        &self,
        resource_type: &'static str,
        query: &str,
        learning: Learning,
    ) -> Result<BTreeSet<FhirId>, UpstreamError> {
        let mut found = BTreeSet::new();
        let mut path = format!("{resource_type}?{query}&_count={}", self.ehr().page_size(200));
        loop {
            let asked_at = self.moment();
            let page = self.ehr().get_json(&path, "panel search").await?.ok_or(UpstreamError::Unsupported)?;
            let Page { entries, next } = read(&page, self.ehr())?;
            let before = found.len();
            for (head, resource) in
                entries.into_iter().filter(|(head, _)| head.resource_type == resource_type)
            {
                let Ok(id) = FhirId::parse(&head.id) else { continue };
                if learning == Learning::PrimaryCare {
                    self.learn(&id, resource.get().as_bytes(), asked_at).await?;
                }
                found.insert(id);
            }
            if found.len() > MOST {
                return Err(UpstreamError::TooLarge);
            }
            match next {
                // A page that brings nothing new would go on for ever with some servers.
                Some(next) if found.len() > before => path = next,
                _ => return Ok(found),
            }
        }
    }
}

/// The resources of a page and its next link below the base.
pub(super) fn read<'a>(page: &'a Bytes, ehr: &Ehr) -> Result<Page<'a>, UpstreamError> {
    let bundle: Bundle<'a> = serde_json::from_slice(page).map_err(|_| UpstreamError::Malformed)?;
    let entries = bundle.entry.iter().filter_map(|entry| entry.resource);
    let entries =
        entries.filter_map(|raw| Some((serde_json::from_str::<Head>(raw.get()).ok()?, raw))).collect();
    let next = bundle.link.into_iter().find(|link| link.relation == "next");
    let next = match next {
        None => None,
        Some(link) => Some(below(&link.url, ehr.base.as_str()).ok_or(UpstreamError::Malformed)?),
    };
    Ok(Page { entries, next })
}

/// A link without the base; relative ones as they are. `None` when it leads elsewhere.
fn below(link: &str, base: &str) -> Option<String> {
    let base = base.trim_end_matches('/');
    match link.strip_prefix(base) {
        Some(rest) if rest.starts_with('?') => Some(rest.to_owned()),
        Some(rest) => rest.strip_prefix('/').map(str::to_owned),
        None if link.contains("://") => None,
        None => Some(link.to_owned()),
    }
}
