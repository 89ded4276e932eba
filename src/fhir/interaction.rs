//! What is asked: parsed once from the request; policy, cache key, upstream URL and audit entry derive from it.

use std::sync::Arc;

use crate::domain::ids::FhirId;

use super::resource_type::ResourceType;

/// One FHIR request for clinical or directory data.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Interaction {
    /// `GET [base]/[type]/[id]`.
    Read {
        /// Type asked for.
        resource_type: ResourceType,
        /// Logical id asked for.
        id: FhirId,
    },
    /// `GET [base]/[type]/[id]/_history/[version]`.
    Version {
        /// Type asked for.
        resource_type: ResourceType,
        /// Logical id asked for.
        id: FhirId,
        /// `meta.versionId` asked for.
        version: FhirId,
    },
    /// `GET [base]/[type]/[id]/_history`, or a further page of it.
    History {
        /// Type asked for.
        resource_type: ResourceType,
        /// Logical id asked for.
        id: FhirId,
        /// The EHR's link to a further page, relative to its base.
        upstream: Option<Arc<str>>,
    },
    /// `GET [base]/[type]?...` or `POST [base]/[type]/_search`: both become the same value.
    Search(Search),
    /// A further page of a search, by the EHR's own next link out of a sealed handle.
    Page {
        /// The search whose page it is.
        search: Search,
        /// The EHR's link, relative to its base.
        upstream: Arc<str>,
    },
}

/// A search on one type, in canonical form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Search {
    /// Type searched.
    pub resource_type: ResourceType,
    /// The one patient that `patient`, `subject` or (for Patient) `_id` names; `None` when the search names none.
    pub patient: Option<FhirId>,
    /// Allow-listed parameters, sorted and percent-encoded, as sent to the EHR and as used for the cache key.
    pub query: Arc<str>,
}

impl Search {
    /// How many matches a page has at most: `_count`, which the canonical query always has; without it, as many as there are.
    pub fn count(&self) -> usize {
        let given = self.query.split('&').find_map(|pair| pair.strip_prefix("_count="));
        given.and_then(|count| count.parse().ok()).unwrap_or(usize::MAX)
    }
}

impl Interaction {
    /// The type that the request names.
    pub const fn resource_type(&self) -> ResourceType {
        match self {
            Self::Read { resource_type, .. }
            | Self::Version { resource_type, .. }
            | Self::History { resource_type, .. } => *resource_type,
            Self::Search(search) | Self::Page { search, .. } => search.resource_type,
        }
    }

    /// The one patient named by the request itself, before any resource is seen.
    pub fn patient(&self) -> Option<&FhirId> {
        match self {
            Self::Read { resource_type: ResourceType::Patient, id }
            | Self::Version { resource_type: ResourceType::Patient, id, .. }
            | Self::History { resource_type: ResourceType::Patient, id, .. } => Some(id),
            Self::Read { .. } | Self::Version { .. } | Self::History { .. } => None,
            Self::Search(search) | Self::Page { search, .. } => search.patient.as_ref(),
        }
    }

    /// Whether the request needs the `s` (search) permission rather than `r` (read).
    pub const fn is_search(&self) -> bool {
        matches!(self, Self::Search(_) | Self::Page { .. })
    }

    /// Path and query relative to the EHR's base; also the cache key. Never names the caller.
    pub fn upstream_path(&self) -> String {
        match self {
            Self::Read { resource_type, id } => format!("{resource_type}/{id}"),
            Self::Version { resource_type, id, version } => {
                format!("{resource_type}/{id}/_history/{version}")
            }
            Self::History { resource_type, id, upstream: None } => format!("{resource_type}/{id}/_history"),
            Self::Search(search) if search.query.is_empty() => search.resource_type.to_string(),
            Self::Search(search) => format!("{}?{}", search.resource_type, search.query),
            Self::History { upstream: Some(upstream), .. } | Self::Page { upstream, .. } => {
                upstream.to_string()
            }
        }
    }

    /// What was asked, without values, for the audit log and the request line.
    pub fn label(&self) -> String {
        let what = match self {
            Self::Read { .. } => "read",
            Self::Version { .. } => "vread",
            Self::History { .. } => "history",
            Self::Search(_) => "search",
            Self::Page { .. } => "page",
        };
        format!("{} {what}", self.resource_type())
    }
}
