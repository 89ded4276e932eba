//! The parameters that shape an answer rather than select resources (R4 Search, "search result parameters").

use std::collections::BTreeSet;

use fhir_profiles::search_table::TypeTable;

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
    summary_given: bool,
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
            // Both are about the text of the answer, which the HTTP layer has settled before.
            "_format" | "_pretty" => {}
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
            "_summary" => {
                once(std::mem::replace(&mut self.summary_given, true))?;
                match value {
                    "count" => self.count_only = true,
                    "false" => {}
                    _ => return Err(bad("\"count\" or \"false\"; other summaries are not supported")),
                }
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
