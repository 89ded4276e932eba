//! What may be searched, by type: `definitions/search.json`, and what remains of it with a given EHR.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// A type's rules for reading and searching.
#[expect(clippy::struct_excessive_bools, reason = "each is an interaction that is offered or not")]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeTable {
    /// Canonical URLs of the profiles that resources are said to follow.
    pub profiles: Vec<String>,
    /// Whether it can be read by id.
    pub read: bool,
    /// Whether one version can be read.
    #[serde(default = "yes")]
    pub vread: bool,
    /// Whether the versions of one resource can be listed.
    #[serde(default = "yes")]
    pub history: bool,
    /// Whether it can be searched.
    pub search: bool,
    /// Parameters by name. A name with a dot is a chain, allowed between directory types alone.
    pub parameters: BTreeMap<String, Parameter>,
    /// A search names all parameters of one of these groups; none: anything goes (directory types).
    pub anchors: Vec<Vec<String>>,
    /// Values of `_include`.
    pub include: Vec<String>,
    /// Values of `_revinclude`.
    pub revinclude: Vec<String>,
    /// Combinations of parameters worth telling clients about.
    pub combinations: Vec<Vec<String>>,
}

/// What the definitions leave unsaid.
const fn yes() -> bool {
    true
}

impl TypeTable {
    /// Whether a search can name one patient.
    pub fn is_of_patients(&self) -> bool {
        self.search && self.anchors.iter().any(|group| matches!(group.as_slice(), [one] if one == "patient"))
    }
}

/// Whether a patient's whole record can be asked for (`Patient/$everything`): it is put together from searches.
pub fn offers_everything(tables: &Tables) -> bool {
    tables.get("Patient").is_some_and(|table| table.read && table.search)
        && tables.values().any(TypeTable::is_of_patients)
}

/// Whether documents can be found by what they are for (`DocumentReference/$docref`).
pub fn offers_docref(tables: &Tables) -> bool {
    let table = tables.get("DocumentReference");
    table.is_some_and(|table| table.is_of_patients() && table.parameters.contains_key("type"))
}

/// The type of a search parameter (R4 Search, 3.1.1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Canonical URLs of definitions; a kind of reference.
    Canonical,
    /// Dates, with prefixes.
    Date,
    /// Quantities, with prefixes.
    Quantity,
    /// References to resources.
    Reference,
    /// Texts.
    String,
    /// Codes and identifiers.
    Token,
}

impl Kind {
    /// The code in a CapabilityStatement.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Quantity => "quantity",
            Self::Reference | Self::Canonical => "reference",
            Self::String => "string",
            Self::Token => "token",
        }
    }

    /// The modifiers that are passed on. Those over value sets are not: EHRs differ on them.
    pub const fn modifiers(self) -> &'static [&'static str] {
        match self {
            Self::String => &["exact", "contains", "missing"],
            Self::Token => &["not", "text", "missing"],
            Self::Canonical | Self::Date | Self::Quantity | Self::Reference => &["missing"],
        }
    }
}

/// A search parameter.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub struct Parameter {
    /// Its type.
    pub kind: Kind,
    /// For references: the types that may be named.
    pub targets: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Short(Kind),
    Long {
        #[serde(rename = "type")]
        kind: Kind,
        targets: Vec<String>,
    },
}

impl From<Written> for Parameter {
    fn from(written: Written) -> Self {
        match written {
            Written::Short(kind) => Self { kind, targets: Vec::new() },
            Written::Long { kind, targets } => Self { kind, targets },
        }
    }
}

/// The rules by type name.
pub type Tables = BTreeMap<String, TypeTable>;

/// The product's own tables. A test reads them; were they broken, nothing could be read or searched.
pub fn tables() -> &'static Tables {
    static TABLES: LazyLock<Tables> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../definitions/search.json")).unwrap_or_default()
    });
    &TABLES
}

/// What an EHR can do, asked by type name.
pub trait Abilities {
    /// Whether it reads this type by id.
    fn reads(&self, resource_type: &str) -> bool;
    /// Whether it reads one version of a resource of this type.
    fn vreads(&self, resource_type: &str) -> bool;
    /// Whether it lists the versions of a resource of this type.
    fn histories(&self, resource_type: &str) -> bool;
    /// Whether it searches this type.
    fn searches(&self, resource_type: &str) -> bool;
    /// Whether the patients of a practice can be found.
    fn lists_panels(&self) -> bool {
        self.searches("Patient") && self.has_parameter("Patient", "general-practitioner")
    }
    /// Whether it knows this search parameter of the type.
    fn has_parameter(&self, resource_type: &str, parameter: &str) -> bool;
    /// Whether it follows this value of `_include`.
    fn has_include(&self, resource_type: &str, value: &str) -> bool;
    /// Whether it follows this value of `_revinclude`.
    fn has_revinclude(&self, resource_type: &str, value: &str) -> bool;
}

/// What of the tables the EHR offers too. A parameter that it did not declare is not sent to it: EHRs ignore what they do
/// not know and return everyone's. `subject` stands in for `patient` where the EHR has that alone, and the other way round.
pub fn offered(ehr: &dyn Abilities) -> Tables {
    let both = |(name, table): (&String, &TypeTable)| {
        let mut ours = table.clone();
        // Put together here, from the patients of PCPs.
        if name == "Group" {
            return ehr.lists_panels().then(|| (name.clone(), ours));
        }
        ours.read &= ehr.reads(name);
        ours.vread &= ours.read && ehr.vreads(name);
        ours.history &= ours.read && ehr.histories(name);
        ours.parameters.retain(|parameter, _| {
            parameter.split('.').all(|step| ehr.has_parameter(step_type(name, parameter, step), step))
        });
        ours.include.retain(|value| ehr.has_include(name, value));
        ours.revinclude.retain(|value| ehr.has_revinclude(name, value));
        let subject = ours.parameters.contains_key("subject");
        let named = |parameter: &String| {
            ours.parameters.contains_key(parameter) || (parameter == "patient" && subject)
        };
        let restricted = !ours.anchors.is_empty();
        ours.anchors.retain(|group| group.iter().all(named));
        ours.search &= ehr.searches(name) && !(restricted && ours.anchors.is_empty());
        ours.combinations.retain(|group| group.iter().all(named));
        (ours.read || ours.search).then(|| (name.clone(), ours))
    };
    tables().iter().filter_map(both).collect()
}

/// The type on which one step of a chain is a parameter: for `practitioner.name`, `name` is one of Practitioner.
fn step_type<'a>(resource_type: &'a str, parameter: &str, step: &str) -> &'a str {
    match (parameter.split_once('.'), step) {
        (Some((first, last)), step) if step == last && step != first => match first {
            "practitioner" => "Practitioner",
            "organization" => "Organization",
            _ => resource_type,
        },
        _ => resource_type,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_readable_and_coherent() {
        assert_eq!(tables().len(), 31);
        for (name, table) in tables() {
            for group in table.anchors.iter().chain(&table.combinations) {
                assert!(group.iter().all(|p| table.parameters.contains_key(p)), "{name} {group:?}");
            }
            for include in &table.include {
                assert!(include.starts_with(&format!("{name}:")), "{include}");
            }
            for (parameter, definition) in &table.parameters {
                let reference = definition.kind == Kind::Reference;
                assert_eq!(reference, !definition.targets.is_empty(), "{name} {parameter}");
            }
        }
    }

    #[test]
    fn what_the_ehr_lacks_is_not_offered() {
        let statement = br#"{"resourceType":"CapabilityStatement","rest":[{"mode":"server","resource":[
            {"type":"Observation","interaction":[{"code":"read"},{"code":"search-type"}],
             "searchParam":[{"name":"subject","type":"reference"},{"name":"code","type":"token"}],
             "searchRevInclude":["Provenance:target"]},
            {"type":"CareTeam","interaction":[{"code":"search-type"}],"searchParam":[{"name":"status","type":"token"}]},
            {"type":"Condition","interaction":[{"code":"read"}],"searchParam":[]}]}]}"#;
        let offered = offered(&crate::capability::read(statement).unwrap());
        let observation = &offered["Observation"];
        assert_eq!(observation.parameters.keys().collect::<Vec<_>>(), ["code", "subject"]);
        assert_eq!(observation.anchors, [["patient"]]);
        assert_eq!(observation.revinclude, ["Provenance:target"]);
        assert!(observation.include.is_empty());
        assert!(!offered.contains_key("CareTeam"), "no way to name a patient");
        assert!(offered["Condition"].read && !offered["Condition"].search);
        assert!(!offered.contains_key("Patient"));
    }
}
