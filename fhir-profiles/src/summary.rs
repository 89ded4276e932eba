//! Which elements of a resource are mandatory, and which are in its summary (R4, "Summary"): `definitions/summary.json`, at the top
//! level of a resource.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The elements of a type by name; `onset[x]` stands for every `onsetDateTime` and the like.
#[derive(Debug, Default, Deserialize)]
pub struct Elements {
    /// Those that every resource of the type has.
    mandatory: Vec<String>,
    /// Those of the summary, separated by spaces.
    summary: String,
}

impl Elements {
    /// Whether an element is mandatory.
    pub fn is_mandatory(&self, element: &str) -> bool {
        self.mandatory.iter().any(|name| is(name, element))
    }

    /// Whether an element is in the summary.
    pub fn is_summary(&self, element: &str) -> bool {
        self.is_mandatory(element) || self.summary.split(' ').any(|name| is(name, element))
    }
}

fn is(name: &str, element: &str) -> bool {
    match name.strip_suffix("[x]") {
        Some(stem) => {
            element.strip_prefix(stem).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
        }
        None => name == element,
    }
}

/// The elements of a type; `None` for one that is not defined here.
pub fn elements(resource_type: &str) -> Option<&'static Elements> {
    static ALL: LazyLock<BTreeMap<String, Elements>> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../definitions/summary.json")).unwrap_or_default()
    });
    ALL.get(resource_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_is_read_has_its_elements() {
        for name in crate::search_table::tables().keys() {
            assert!(elements(name).is_some(), "{name}");
        }
        let condition = elements("Condition").unwrap();
        assert!(
            condition.is_summary("onsetDateTime")
                && condition.is_summary("subject")
                && condition.is_mandatory("subject")
        );
        assert!(
            !condition.is_summary("onset")
                && !condition.is_summary("note")
                && !condition.is_mandatory("code")
        );
    }
}
