//! A search request becomes a [`Search`] in canonical form, or an error that names the parameter.
//!
//! Searches are strict: a parameter outside the allow-list of its type (`fhir-profiles/definitions/search.json`, less what the
//! EHR does not declare) is an error, whatever `Prefer: handling` says. A parameter that were skipped would return more than was
//! asked for. GET and POST `_search` give the same value, and so do the spellings of one reference.

mod error;
mod special;
mod value;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use fhir_profiles::search_table::{self, Abilities, Kind, Parameter, Tables, TypeTable};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::ids::FhirId;

use error::Name;
pub use error::SearchError;
use special::Special;

use super::interaction::Search;
use super::resource_type::ResourceType;
use super::subset::Shape;

/// Longest query, in bytes, before decoding.
const LONGEST: usize = 8 * 1024;
/// Most parameters in one query.
const MOST: usize = 64;
/// What stands as it is in a canonical query: the unreserved characters and those that read better so.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b',')
    .remove(b':')
    .remove(b'/');

/// By what searches are judged: the tables for the EHR at hand, and the facade's own base URL.
#[derive(Clone, Debug)]
pub struct Rules {
    /// By type; what the EHR lacks is not there.
    pub tables: Tables,
    /// The facade's base URL without a slash at its end: references may be given absolute.
    pub base: String,
    /// `_count` when the client does not say.
    pub default_count: u32,
    /// The largest `_count`; more is cut down to it.
    pub most_count: u32,
}

impl Rules {
    /// The rules with an EHR that can do this, for the facade at `base`.
    pub fn new(ehr: &dyn Abilities, base: &str) -> Self {
        Self {
            tables: search_table::offered(ehr),
            base: base.trim_end_matches('/').to_owned(),
            default_count: 50,
            most_count: 200,
        }
    }

    /// The table of a type; `None` when it is neither readable nor searchable here.
    pub fn table(&self, resource_type: ResourceType) -> Option<&TypeTable> {
        self.tables.get(resource_type.as_str())
    }

    /// Whether a type can be read by id.
    pub fn readable(&self, resource_type: ResourceType) -> bool {
        self.table(resource_type).is_some_and(|table| table.read)
    }
}

/// `_total`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TotalWanted {
    /// Stated where it is known anyway.
    #[default]
    IfKnown,
    /// `none`.
    None,
    /// `accurate`.
    Accurate,
}

/// A search as it was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// What the EHR is asked.
    pub search: Search,
    /// What `Bundle.total` is to say.
    pub total: TotalWanted,
    /// Whether just the total is wanted (`_summary=count`, `_count=0`).
    pub count_only: bool,
    /// How much of each resource is wanted.
    pub shape: Shape,
}

impl Query {
    /// A search for whole resources, with what is known anyway for a total.
    pub fn of(search: Search) -> Self {
        Self { search, total: TotalWanted::default(), count_only: false, shape: Shape::default() }
    }

    /// The search as a URL of the facade, for `Bundle.link` `self`.
    pub fn self_url(&self, base: &str) -> String {
        let total = match self.total {
            TotalWanted::IfKnown => None,
            TotalWanted::None => Some("_total=none"),
            TotalWanted::Accurate => Some("_total=accurate"),
        };
        let query = Some(&*self.search.query).filter(|query| !query.is_empty());
        let query: Vec<&str> =
            [query, total, self.count_only.then_some("_summary=count")].into_iter().flatten().collect();
        format!("{base}/{}?{}{}", self.search.resource_type, query.join("&"), self.shape.parameters())
    }
}

/// Reads a query as sent, form-encoded: the part after `?`, or the body of POST `_search`, or both joined by `&`.
pub fn parse(resource_type: ResourceType, encoded: &str, rules: &Rules) -> Result<Query, SearchError> {
    parse_about(resource_type, encoded, rules, None)
}

/// The same for a reader who can see nobody but `only`: a search that names no patient is about that one.
pub fn parse_about(
    resource_type: ResourceType,
    encoded: &str,
    rules: &Rules,
    only: Option<&FhirId>,
) -> Result<Query, SearchError> {
    let table = rules
        .table(resource_type)
        .filter(|table| table.search)
        .ok_or(SearchError::NotSearchable(resource_type))?;
    if encoded.len() > LONGEST {
        return Err(SearchError::TooLong);
    }
    let mut reading = Reading::new(resource_type, rules, table);
    for (place, (name, value)) in url::form_urlencoded::parse(encoded.as_bytes()).enumerate() {
        if place >= MOST {
            return Err(SearchError::TooLong);
        }
        reading.take(&name, &value)?;
    }
    if let Some(only) = only.filter(|_| reading.patient.is_none() && reading.is_of_patients()) {
        reading.name_patient(only.clone());
    }
    reading.finish()
}

/// How much of each resource a request wants, for reads and for pages, whose other parameters say nothing.
pub fn shape(encoded: &str) -> Result<Shape, SearchError> {
    let mut special = Special::default();
    for (name, value) in url::form_urlencoded::parse(encoded.as_bytes()).take(MOST) {
        special.take_shape(&name, &value)?;
    }
    if special.count_only {
        return Err(SearchError::BadValue(
            Name::of("_summary"),
            "\"true\", \"text\", \"data\" or \"false\" for a read",
        ));
    }
    Ok(special.shape)
}

/// A query half read.
struct Reading<'a> {
    resource_type: ResourceType,
    rules: &'a Rules,
    table: &'a TypeTable,
    patient: Option<FhirId>,
    named: BTreeSet<String>,
    /// Canonical pairs of name with modifier, and encoded value.
    pairs: BTreeSet<(String, String)>,
    special: Special,
}

impl<'a> Reading<'a> {
    fn new(resource_type: ResourceType, rules: &'a Rules, table: &'a TypeTable) -> Self {
        Self {
            resource_type,
            rules,
            table,
            patient: None,
            named: BTreeSet::new(),
            pairs: BTreeSet::new(),
            special: Special::default(),
        }
    }

    fn take(&mut self, full_name: &str, value: &str) -> Result<(), SearchError> {
        let name = Name::of(full_name);
        if value.is_empty() || value.chars().any(|c| c.is_control() || c == '\u{fffd}') {
            return Err(SearchError::BadValue(name, "a value"));
        }
        if self.special.take(full_name, value, self.table, self.rules)? {
            return Ok(());
        }
        let (bare, modifier) = full_name.split_once(':').map_or((full_name, None), |(n, m)| (n, Some(m)));
        if self.is_patient(bare) {
            return self.take_patient(name, modifier, value);
        }
        let parameter = self.table.parameters.get(bare).ok_or_else(|| SearchError::Unknown(name.clone()))?;
        if bare == "_id" && self.resource_type == ResourceType::Patient && !value.contains(',') {
            return self.take_patient(name, modifier, value);
        }
        let canonical = canonical(&name, bare, modifier, parameter, value, &self.rules.base)?;
        // What something is not, or that it has none of it, narrows nothing down.
        if !matches!(modifier, Some("missing" | "not")) {
            self.named.insert(bare.to_owned());
        }
        self.pairs.insert(canonical);
        Ok(())
    }

    /// Whether a search of this type can name a patient at all.
    fn is_of_patients(&self) -> bool {
        self.resource_type == ResourceType::Patient || self.is_patient("patient")
    }

    /// `patient` and `subject` are one parameter here, under whichever name the EHR knows it.
    fn is_patient(&self, bare: &str) -> bool {
        let knows = |name: &str| self.table.parameters.contains_key(name);
        self.resource_type != ResourceType::Patient
            && matches!(bare, "patient" | "subject")
            && (knows("patient") || knows("subject"))
    }

    fn take_patient(&mut self, name: Name, modifier: Option<&str>, value: &str) -> Result<(), SearchError> {
        if modifier.is_some_and(|modifier| modifier != "Patient") {
            return Err(SearchError::UnknownModifier(name));
        }
        if value.contains(',') {
            return Err(SearchError::SeveralPatients);
        }
        let id = value::reference(value, &["Patient".to_owned()], &self.rules.base)
            .and_then(|(_, id)| FhirId::parse(&id).ok())
            .ok_or(SearchError::BadValue(name, "the id of one patient"))?;
        if self.patient.as_ref().is_some_and(|earlier| *earlier != id) {
            return Err(SearchError::SeveralPatients);
        }
        self.name_patient(id);
        Ok(())
    }

    fn name_patient(&mut self, id: FhirId) {
        let (name, value) = if self.resource_type == ResourceType::Patient {
            ("_id", id.to_string())
        } else if self.table.parameters.contains_key("patient") {
            ("patient", id.to_string())
        } else {
            ("subject", format!("Patient/{id}"))
        };
        self.named.insert(if name == "_id" { "_id" } else { "patient" }.to_owned());
        self.pairs.insert((name.to_owned(), value));
        self.patient = Some(id);
    }

    fn finish(mut self) -> Result<Query, SearchError> {
        let anchored = |group: &Vec<String>| group.iter().all(|parameter| self.named.contains(parameter));
        if !self.table.anchors.is_empty() && !self.table.anchors.iter().any(anchored) {
            return Err(SearchError::NeedsOneOf(self.table.anchors.clone()));
        }
        self.special.finish(&mut self.pairs, self.rules);
        let query: Vec<String> = self.pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Ok(Query {
            search: Search {
                resource_type: self.resource_type,
                patient: self.patient,
                query: query.join("&").into(),
            },
            total: self.special.total,
            count_only: self.special.count_only,
            shape: self.special.shape,
        })
    }
}

/// A parameter's canonical name and encoded value. Alternatives (commas) and their order mean the same, so they are sorted.
fn canonical(
    name: &Name,
    plain: &str,
    modifier: Option<&str>,
    parameter: &Parameter,
    value: &str,
    base: &str,
) -> Result<(String, String), SearchError> {
    let typed = modifier.filter(|modifier| {
        parameter.kind == Kind::Reference && parameter.targets.iter().any(|target| target == modifier)
    });
    let passed = modifier.filter(|modifier| plain != "_id" && parameter.kind.modifiers().contains(modifier));
    if modifier.is_some() && typed.is_none() && passed.is_none() {
        return Err(SearchError::UnknownModifier(name.clone()));
    }
    if passed == Some("missing") {
        let read = matches!(value, "true" | "false").then(|| value.to_owned());
        let read = read.ok_or_else(|| SearchError::BadValue(name.clone(), "\"true\" or \"false\""))?;
        return Ok((format!("{plain}:missing"), read));
    }
    let targets = typed.map_or_else(|| parameter.targets.clone(), |target| vec![target.to_owned()]);
    // It would escape the comma behind it once the alternatives are in another order.
    if value.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1 {
        return Err(SearchError::BadValue(name.clone(), "a value without a backslash at its end"));
    }
    let mut alternatives = BTreeSet::new();
    for alternative in value::alternatives(value) {
        let read = if plain == "_id" {
            FhirId::parse(alternative).map(|id| id.to_string()).map_err(|_| "FHIR ids")
        } else {
            value::canonical(parameter.kind, alternative, &targets, &parameter.targets, base)
        };
        let read = read.map_err(|expected| SearchError::BadValue(name.clone(), expected))?;
        alternatives.insert(utf8_percent_encode(&read, KEPT).to_string());
    }
    let full = passed.map_or_else(|| plain.to_owned(), |modifier| format!("{plain}:{modifier}"));
    Ok((full, alternatives.into_iter().collect::<Vec<_>>().join(",")))
}
