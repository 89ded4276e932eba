//! Where in a resource the policy looks: the R4 patient compartment and what else decides, as data.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The elements of one type that the policy looks at. Paths are element names joined by dots; arrays are stepped through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TypePaths {
    /// The resource is a patient.
    pub itself: bool,
    /// References to whose record it is.
    pub owner: Vec<String>,
    /// References that may put it into a further patient's compartment.
    pub also: Vec<String>,
    /// Categories as `CodeableConcept`.
    pub concept: Vec<String>,
    /// Categories as Coding.
    pub coding: Vec<String>,
    /// Categories as plain code.
    pub code: Vec<String>,
    /// References to a Medication.
    pub medication: Vec<String>,
    /// Attachments whose `url` may be a Binary.
    pub attachment: Vec<String>,
    /// What a Provenance is about.
    pub target: Vec<String>,
}

#[derive(Deserialize)]
struct Definition {
    types: BTreeMap<String, TypePaths>,
}

static PATHS: LazyLock<BTreeMap<String, TypePaths>> = LazyLock::new(|| {
    let text = include_str!("../definitions/compartment-patient.json");
    // A definition that cannot be read (a test sees to it that it can) knows no type, and then nothing is judged or released.
    serde_json::from_str::<Definition>(text).map(|definition| definition.types).unwrap_or_default()
});

/// The paths of every type of the product's list, by name.
pub fn paths() -> &'static BTreeMap<String, TypePaths> {
    &PATHS
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_definition_can_be_read() {
        assert_eq!(super::paths().len(), 31);
        assert_eq!(super::paths()["Observation"].owner, ["subject"]);
    }
}
