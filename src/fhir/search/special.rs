//! The parameters that shape an answer rather than select resources (R4 Search, "search result parameters").

use std::collections::BTreeSet;

use fhir_profiles::search_table::TypeTable;

use crate::fhir::subset::{Part, Shape};

use super::error::{Name, SearchError};
use super::{Rules, TotalWanted};

/// What was asked of the answer's shape.
#[derive(Debug, Default)]
pub(super) struct Special {
    count: Option<u32>,
    sort: Option<String>,
    includes: BTreeSet<(String, String)>,
    pub(super) total: TotalWanted,
    total_given: bool,
    part_given: bool,
    pub(super) shape: Shape,
    pub(super) count_only: bool,
}

impl Special {
    /// Whether `name` is one of these parameters, now taken.
    pub(super) fn take(
        &mut self,
        name: &str,
        value: &str,
        table: &TypeTable,
        rules: &Rules,
    ) -> Result<bool, SearchError> {
        let bad = |expected| SearchError::BadValue(Name::of(name), expected);
        let once = |given: bool| if given { Err(SearchError::Repeated(Name::of(name))) } else { Ok(()) };
        match name {
            // About the text of the answer, which the HTTP layer has settled before.
            "_format" => {}
            "_pretty" | "_elements" | "_summary" => self.take_shape(name, value)?,
            "_count" => {
                once(self.count.is_some())?;
                let digits = value.bytes().all(|b| b.is_ascii_digit());
                let count: u32 = value
                    .parse()
                    .ok()
                    .filter(|_| digits)
                    .ok_or_else(|| bad("a number that is not negative"))?;
                self.count_only |= count == 0;
                self.count = Some(count.min(rules.most_count));
            }
            "_total" => {
                once(std::mem::replace(&mut self.total_given, true))?;
                self.total = match value {
                    "none" => TotalWanted::None,
                    "estimate" => TotalWanted::IfKnown,
                    "accurate" => TotalWanted::Accurate,
                    _ => return Err(bad("\"none\", \"estimate\" or \"accurate\"")),
                };
            }
            "_sort" => {
                once(self.sort.is_some())?;
                let known =
                    |rule: &str| table.parameters.contains_key(rule.strip_prefix('-').unwrap_or(rule));
                if !value.split(',').all(known) {
                    return Err(bad("names of search parameters of this type"));
                }
                self.sort = Some(value.to_owned());
            }
            "_include" | "_revinclude" => {
                let allowed = if name == "_include" { &table.include } else { &table.revinclude };
                if !allowed.iter().any(|allowed| allowed == value) {
                    return Err(bad("one of the values that the server's CapabilityStatement lists"));
                }
                self.includes.insert((name.to_owned(), value.to_owned()));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Takes `_elements`, `_summary` and `_pretty`; leaves everything else alone.
    pub(super) fn take_shape(&mut self, name: &str, value: &str) -> Result<(), SearchError> {
        let bad = |expected| Err(SearchError::BadValue(Name::of(name), expected));
        match (name, value) {
            ("_pretty", "true") => self.shape.pretty = true,
            ("_pretty", "false") => {}
            ("_pretty", _) => return bad("\"true\" or \"false\""),
            ("_elements" | "_summary", _) if std::mem::replace(&mut self.part_given, true) => {
                return Err(SearchError::Repeated(Name::of(name)));
            }
            ("_summary", "count") => self.count_only = true,
            ("_summary", "true") => self.shape.part = Part::Summary,
            ("_summary", "text") => self.shape.part = Part::Text,
            ("_summary", "data") => self.shape.part = Part::Data,
            ("_summary", "false") => {}
            ("_summary", _) => return bad("\"true\", \"text\", \"data\", \"count\" or \"false\""),
            ("_elements", names) => {
                let element = |name: &&str| {
                    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
                };
                if !names.split(',').all(|name| element(&name)) {
                    return bad("names of elements at the top level, separated by commas");
                }
                self.shape.part = Part::Elements(names.split(',').map(str::to_owned).collect());
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds what of this the EHR is to know.
    pub(super) fn finish(&self, pairs: &mut BTreeSet<(String, String)>, rules: &Rules) {
        let count = match self.count {
            // Counting reads every page, so the pages had better be large, and bare.
            _ if self.count_only => rules.most_count,
            Some(count) => count,
            None => rules.default_count,
        };
        pairs.insert(("_count".to_owned(), count.to_string()));
        if self.count_only {
            return;
        }
        pairs.extend(self.includes.iter().cloned());
        if let Some(sort) = &self.sort {
            pairs.insert(("_sort".to_owned(), sort.clone()));
        }
    }
}
