//! What the EHR declares that it can do: read from its CapabilityStatement, so that nothing is asked of it that it would
//! ignore (DESIGN.md 3, "Never trust the query").

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde::Deserialize;

use crate::fhir::resource_type::ResourceType;

use super::client::Ehr;

/// How often a CapabilityStatement that was read is read again.
const AGAIN: Duration = Duration::from_hours(1);

/// First and longest pause between tries while it cannot be read.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// What the EHR can do. The default is what is assumed while its CapabilityStatement has not been read: everything, since
/// the EHR itself is asked to be strict and each entry is judged on its own.
#[derive(Clone, Debug, Default)]
pub struct EhrCapabilities {
    known: bool,
    lists_panels: bool,
    types: HashMap<ResourceType, TypeCapabilities>,
}

/// What the hospital's configuration knows better than the EHR's CapabilityStatement.
#[derive(Clone, Debug, Default)]
pub(super) struct Corrections {
    /// Types that work although they are not listed.
    pub(super) undeclared: Vec<ResourceType>,
    /// Parameters that do not work although they are.
    pub(super) missing: HashMap<ResourceType, HashSet<String>>,
    /// Whether panels come by another route than search.
    pub(super) lists_panels: bool,
}

/// What the EHR can do with one type.
#[expect(clippy::struct_excessive_bools, reason = "each is an interaction that the EHR declares or does not")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeCapabilities {
    /// Whether the hospital's configuration vouches for it because the EHR does not list it: every parameter passes.
    pub undeclared: bool,
    /// Reading by id.
    pub read: bool,
    /// Reading one version.
    pub vread: bool,
    /// Listing the versions of one resource.
    pub history: bool,
    /// Searching.
    pub search: bool,
    /// Search parameters by name.
    pub parameters: HashSet<String>,
    /// Search parameters that do not work, whatever is declared.
    pub missing: HashSet<String>,
    /// `_include` values, as `Type:parameter`.
    pub includes: HashSet<String>,
    /// `_revinclude` values.
    pub reverse_includes: HashSet<String>,
}

impl EhrCapabilities {
    /// Whether the CapabilityStatement has been read.
    pub const fn known(&self) -> bool {
        self.known
    }

    /// What is declared for a type; `None` when the type is not, or when nothing has been read yet.
    pub fn of(&self, resource_type: ResourceType) -> Option<&TypeCapabilities> {
        self.types.get(&resource_type)
    }

    /// Whether the patients of a practice can be found: by a search that the EHR offers, or by the route that is configured.
    pub fn lists_panels(&self) -> bool {
        let (patients, by) = (ResourceType::Patient, "general-practitioner");
        self.lists_panels || (self.searches(patients) && self.has_parameter(patients, by))
    }

    /// Whether the EHR reads resources of this type by id.
    pub fn reads(&self, resource_type: ResourceType) -> bool {
        self.ask(resource_type, |declared| declared.read)
    }

    /// Whether the EHR reads one version of a resource of this type.
    pub fn vreads(&self, resource_type: ResourceType) -> bool {
        self.ask(resource_type, |declared| declared.vread)
    }

    /// Whether the EHR lists the versions of a resource of this type.
    pub fn histories(&self, resource_type: ResourceType) -> bool {
        self.ask(resource_type, |declared| declared.history)
    }

    /// Whether the EHR searches this type.
    pub fn searches(&self, resource_type: ResourceType) -> bool {
        self.ask(resource_type, |declared| declared.search)
    }

    /// Whether the EHR knows this search parameter of the type. Parameters of result (`_count`, `_sort`, ...) are seldom
    /// declared and so not asked about here.
    pub fn has_parameter(&self, resource_type: ResourceType, name: &str) -> bool {
        let name = name.split(':').next().unwrap_or(name);
        let missing = self.types.get(&resource_type).is_some_and(|declared| declared.missing.contains(name));
        !missing && self.ask(resource_type, |declared| declared.parameters.contains(name))
    }

    /// Whether the EHR follows this `_include` value.
    pub fn has_include(&self, resource_type: ResourceType, value: &str) -> bool {
        self.ask(resource_type, |declared| contains_value(&declared.includes, value))
    }

    /// Whether the EHR follows this `_revinclude` value.
    pub fn has_reverse_include(&self, resource_type: ResourceType, value: &str) -> bool {
        self.ask(resource_type, |declared| contains_value(&declared.reverse_includes, value))
    }

    fn ask(&self, resource_type: ResourceType, question: impl Fn(&TypeCapabilities) -> bool) -> bool {
        match self.types.get(&resource_type) {
            Some(declared) => declared.undeclared || question(declared),
            None => !self.known,
        }
    }

    /// Reads a CapabilityStatement; `None` when it is not one.
    pub(super) fn read(bytes: &[u8], corrections: &Corrections) -> Option<Self> {
        let statement: Statement = serde_json::from_slice(bytes).ok()?;
        if statement.resource_type != "CapabilityStatement" {
            return None;
        }
        let server = statement.rest.into_iter().find(|rest| rest.mode.as_deref() != Some("client"))?;
        let mut types: HashMap<_, _> = server.resource.into_iter().filter_map(Declared::read).collect();
        for resource_type in &corrections.undeclared {
            let entry = types.entry(*resource_type).or_default();
            (entry.undeclared, entry.read, entry.search) = (true, true, true);
        }
        for (resource_type, missing) in &corrections.missing {
            if let Some(declared) = types.get_mut(resource_type) {
                declared.parameters.retain(|parameter| !missing.contains(parameter));
                declared.missing.clone_from(missing);
            }
        }
        Some(Self { known: true, lists_panels: corrections.lists_panels, types })
    }
}

/// `Type:parameter` declared, with or without `:Target`; `*` declares all.
fn contains_value(declared: &HashSet<String>, value: &str) -> bool {
    let short = value.match_indices(':').nth(1).map_or(value, |(at, _)| value.split_at(at).0);
    declared.contains("*") || declared.contains(value) || declared.contains(short)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    resource_type: String,
    #[serde(default)]
    rest: Vec<Rest>,
}

#[derive(Deserialize)]
struct Rest {
    mode: Option<String>,
    #[serde(default)]
    resource: Vec<Declared>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Declared {
    #[serde(rename = "type")]
    name: String,
    #[serde(default)]
    interaction: Vec<Code>,
    #[serde(default)]
    search_param: Vec<Name>,
    #[serde(default)]
    search_include: Vec<String>,
    #[serde(default)]
    search_rev_include: Vec<String>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

impl Declared {
    fn read(self) -> Option<(ResourceType, TypeCapabilities)> {
        let resource_type = ResourceType::parse(&self.name)?;
        let does = |code: &str| self.interaction.iter().any(|interaction| interaction.code == code);
        Some((
            resource_type,
            TypeCapabilities {
                undeclared: false,
                missing: HashSet::new(),
                read: does("read"),
                vread: does("vread"),
                history: does("history-instance"),
                search: does("search-type"),
                parameters: self.search_param.into_iter().map(|parameter| parameter.name).collect(),
                includes: self.search_include.into_iter().collect(),
                reverse_includes: self.search_rev_include.into_iter().collect(),
            },
        ))
    }
}

impl Ehr {
    /// Reads the CapabilityStatement and keeps it up to date for as long as it is polled: at once, again and again while the
    /// EHR is down, hourly after that. For a background job.
    pub async fn keep_capabilities(&self) {
        let (first, longest) = PAUSES;
        let mut pause = first;
        loop {
            let wait = match self.read_capabilities().await {
                Ok(()) => {
                    pause = first;
                    AGAIN
                }
                Err(error) => {
                    tracing::warn!(%error, "the EHR's CapabilityStatement cannot be read yet");
                    pause = (pause * 2).min(longest);
                    pause
                }
            };
            tokio::time::sleep(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATEMENT: &[u8] = br#"{"resourceType":"CapabilityStatement","rest":[{"mode":"server","resource":[
        {"type":"Patient","interaction":[{"code":"read"},{"code":"search-type"}],
         "searchParam":[{"name":"identifier","type":"token"}],"searchInclude":["Patient:general-practitioner"]},
        {"type":"Observation","interaction":[{"code":"read"}],"searchRevInclude":["Provenance:target"]},
        {"type":"Claim"}]}]}"#;

    #[test]
    fn what_is_not_declared_is_refused() {
        let read = EhrCapabilities::read(STATEMENT, &Corrections::default()).unwrap();
        assert!(read.known() && read.reads(ResourceType::Patient) && read.searches(ResourceType::Patient));
        assert!(!read.searches(ResourceType::Observation));
        assert!(!read.reads(ResourceType::CareTeam));
        assert!(read.has_parameter(ResourceType::Patient, "identifier"));
        assert!(read.has_parameter(ResourceType::Patient, "identifier:exact"));
        assert!(!read.has_parameter(ResourceType::Patient, "name"));
        assert!(read.has_include(ResourceType::Patient, "Patient:general-practitioner:Practitioner"));
        assert!(!read.has_include(ResourceType::Patient, "Patient:organization"));
        assert!(read.has_reverse_include(ResourceType::Observation, "Provenance:target"));
    }

    #[test]
    fn the_configuration_may_vouch_for_a_type_that_is_left_out() {
        let corrections = Corrections {
            undeclared: vec![ResourceType::CareTeam, ResourceType::Observation],
            missing: [(ResourceType::Patient, ["identifier".to_owned()].into())].into(),
            lists_panels: true,
        };
        let read = EhrCapabilities::read(STATEMENT, &corrections).unwrap();
        assert!(!read.has_parameter(ResourceType::Patient, "identifier") && read.lists_panels());
        assert!(
            read.searches(ResourceType::CareTeam) && read.has_parameter(ResourceType::CareTeam, "patient")
        );
        assert!(read.searches(ResourceType::Observation));
        assert!(!read.reads(ResourceType::Binary));
    }

    #[test]
    fn before_it_is_read_nothing_is_refused() {
        let unread = EhrCapabilities::default();
        assert!(!unread.known() && unread.searches(ResourceType::CareTeam));
        for other in [
            &b"{}"[..],
            b"",
            b"[]",
            br#"{"resourceType":"Patient"}"#,
            br#"{"resourceType":"CapabilityStatement"}"#,
        ] {
            assert!(EhrCapabilities::read(other, &Corrections::default()).is_none());
        }
    }
}
