//! What `Patient/$everything` was asked for, and the searches that it comes to (R4 Patient, "Operation $everything").

use std::collections::{BTreeMap, BTreeSet};

use fhir_profiles::search_table::TypeTable;

use crate::domain::ids::FhirId;

use super::interaction::Search;
use super::resource_type::ResourceType;
use super::search::{self, Rules, SearchError};

/// The dates of care, by type; other types are not dated by care, and come whole.
const DATES: &[(ResourceType, &str)] = &[
    (ResourceType::CarePlan, "date"),
    (ResourceType::DiagnosticReport, "date"),
    (ResourceType::DocumentReference, "date"),
    (ResourceType::Encounter, "date"),
    (ResourceType::Immunization, "date"),
    (ResourceType::MedicationDispense, "whenhandedover"),
    (ResourceType::MedicationRequest, "authoredon"),
    (ResourceType::Observation, "date"),
    (ResourceType::Procedure, "date"),
    (ResourceType::QuestionnaireResponse, "authored"),
    (ResourceType::ServiceRequest, "authored"),
];

const NAMES: [&str; 5] = ["_count", "_since", "_type", "end", "start"];

/// The parameters of the operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Everything {
    given: BTreeMap<&'static str, String>,
    types: BTreeSet<ResourceType>,
}

impl Everything {
    /// Reads a query as sent. Dates and counts are checked as those of a search are.
    pub fn read(encoded: &str, rules: &Rules) -> Result<Self, SearchError> {
        let mut read = Self::default();
        for (name, value) in url::form_urlencoded::parse(encoded.as_bytes()) {
            if matches!(&*name, "_format" | "_pretty") {
                continue;
            }
            let known = NAMES.into_iter().find(|known| *known == name);
            let known = known.ok_or_else(|| SearchError::unknown(&name))?;
            for kind in value.split(',').filter(|_| known == "_type") {
                let kind =
                    ResourceType::parse(kind).ok_or_else(|| SearchError::bad(known, "names of types"))?;
                read.types.insert(kind);
            }
            if read.given.insert(known, value.into_owned()).is_some() {
                return Err(SearchError::repeated(known));
            }
        }
        // What is wrong with a value is wrong in each of the searches, whoever they are about.
        for (kind, query) in read.queries("x", rules) {
            search::parse(kind, &query, rules)?;
        }
        Ok(read)
    }

    /// The parameters in one spelling.
    pub fn query(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.given).finish()
    }

    /// The searches for this patient, the patient first.
    pub fn searches(&self, patient: &FhirId, rules: &Rules) -> Vec<Search> {
        let parsed = |(kind, query): (ResourceType, String)| search::parse(kind, &query, rules).ok();
        self.queries(patient.as_str(), rules)
            .into_iter()
            .filter_map(parsed)
            .map(|query| query.search)
            .collect()
    }

    fn queries(&self, patient: &str, rules: &Rules) -> Vec<(ResourceType, String)> {
        let wanted = |kind: &ResourceType| self.types.is_empty() || self.types.contains(kind);
        let offered = |kind: &ResourceType| rules.table(*kind).is_some_and(TypeTable::is_of_patients);
        let others = ResourceType::ALL.iter().copied().filter(|kind| wanted(kind) && offered(kind));
        let all = std::iter::once(ResourceType::Patient).chain(others);
        all.map(|kind| (kind, self.query_of(kind, patient))).collect()
    }

    fn query_of(&self, kind: ResourceType, patient: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let own = kind == ResourceType::Patient;
        query.append_pair(if own { "_id" } else { "patient" }, patient);
        if let Some(count) = self.given.get("_count") {
            query.append_pair("_count", count);
        }
        // The patient is always in it: what is read of a record is nothing without whose it is.
        if let Some(since) = self.given.get("_since").filter(|_| !own) {
            query.append_pair("_lastUpdated", &format!("ge{since}"));
        }
        let date = DATES.iter().find(|(dated, _)| *dated == kind).map(|(_, date)| *date);
        for (name, prefix) in [("start", "ge"), ("end", "le")] {
            if let (Some(date), Some(value)) = (date, self.given.get(name)) {
                query.append_pair(date, &format!("{prefix}{value}"));
            }
        }
        query.finish()
    }
}
