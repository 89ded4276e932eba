//! For which match something was included. An EHR includes for every match, also for those that a reader may not see: what only
//! a hidden visit refers to would tell of the visit.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::domain::ids::FhirId;
use crate::fhir::reference::Target;
use crate::fhir::resource_type::ResourceType;

use super::json::{Cursor, NotJson};

type Key = (ResourceType, FhirId);

/// An `_include` or `_revinclude` that was asked for: through which element, and to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Of this type; `None`: of any.
    source: Option<ResourceType>,
    /// Where the reference stands; `None`: anywhere.
    path: Option<&'static [&'static str]>,
    target: Option<ResourceType>,
    reverse: bool,
}

/// Where the reference of an include stands, by type and search parameter (R4). What is not listed includes nothing.
const PATHS: &[(&str, &str, &[&str])] = &[
    ("CareTeam", "participant", &["participant", "member"]),
    ("DiagnosticReport", "encounter", &["encounter"]),
    ("DiagnosticReport", "performer", &["performer"]),
    ("DiagnosticReport", "result", &["result"]),
    ("DiagnosticReport", "results-interpreter", &["resultsInterpreter"]),
    ("DocumentReference", "authenticator", &["authenticator"]),
    ("DocumentReference", "author", &["author"]),
    ("DocumentReference", "encounter", &["context", "encounter"]),
    ("Encounter", "diagnosis", &["diagnosis", "condition"]),
    ("Encounter", "location", &["location", "location"]),
    ("Encounter", "participant", &["participant", "individual"]),
    ("Encounter", "practitioner", &["participant", "individual"]),
    ("Encounter", "service-provider", &["serviceProvider"]),
    ("HealthcareService", "location", &["location"]),
    ("HealthcareService", "organization", &["providedBy"]),
    ("Immunization", "performer", &["performer", "actor"]),
    ("Location", "organization", &["managingOrganization"]),
    ("MedicationDispense", "medication", &["medicationReference"]),
    ("MedicationRequest", "encounter", &["encounter"]),
    ("MedicationRequest", "medication", &["medicationReference"]),
    ("MedicationRequest", "requester", &["requester"]),
    ("Observation", "encounter", &["encounter"]),
    ("Observation", "has-member", &["hasMember"]),
    ("Observation", "performer", &["performer"]),
    ("Patient", "general-practitioner", &["generalPractitioner"]),
    ("Patient", "organization", &["managingOrganization"]),
    ("PractitionerRole", "endpoint", &["endpoint"]),
    ("PractitionerRole", "location", &["location"]),
    ("PractitionerRole", "organization", &["organization"]),
    ("PractitionerRole", "practitioner", &["practitioner"]),
    ("Procedure", "encounter", &["encounter"]),
    ("Procedure", "location", &["location"]),
    ("Procedure", "performer", &["performer", "actor"]),
    ("Provenance", "target", &["target"]),
];

/// The includes in a canonical query.
pub fn asked(query: &str) -> Vec<Asked> {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let read = |(name, value): (Cow<'_, str>, Cow<'_, str>)| {
        let reverse = match &*name {
            "_include" => false,
            "_revinclude" => true,
            _ => return None,
        };
        let mut parts = value.split(':');
        let (source, parameter) = (parts.next()?, parts.next()?);
        let target = parts.next().map(ResourceType::parse);
        let (.., path) = PATHS.iter().find(|(of, by, _)| *of == source && *by == parameter)?;
        // A type that is not served is none that could come.
        let target = match target {
            None => None,
            Some(known) => Some(known?),
        };
        Some(Asked { source: Some(ResourceType::parse(source)?), path: Some(path), target, reverse })
    };
    pairs.filter_map(read).collect()
}

/// Whatever refers to it, for a searchset whose query is not known.
pub const ANYTHING: &[Asked] = &[
    Asked { source: None, path: None, target: None, reverse: false },
    Asked { source: Some(ResourceType::Provenance), path: None, target: None, reverse: true },
];

/// For each of `included`, the places of the matches that refer to it (`_include`) or to which it refers (`_revinclude`) by an
/// element that was asked for; each with its JSON. None: it is unclear why it came.
pub fn because(
    matches: &[(Key, &str)],
    included: &[(Key, &str)],
    asked: &[Asked],
    bases: &[&str],
) -> Vec<Box<[u32]>> {
    let places = |all: &[(Key, &str)]| -> HashMap<Key, usize, ahash::RandomState> {
        all.iter().enumerate().map(|(place, (key, _))| (key.clone(), place)).collect()
    };
    let (of_matches, of_included) = (places(matches), places(included));
    let mut found: Vec<Vec<u32>> = vec![Vec::new(); included.len()];
    let mut add = |included: usize, matched: usize| {
        if let (Some(found), Ok(matched)) = (found.get_mut(included), u32::try_from(matched)) {
            found.push(matched);
        }
    };
    for include in asked {
        let (from, to) = if include.reverse { (included, &of_matches) } else { (matches, &of_included) };
        let from = from
            .iter()
            .enumerate()
            .filter(|(_, ((kind, _), _))| include.source.is_none_or(|source| source == *kind));
        for (place, (_, json)) in from {
            for key in references(json, include.path, bases) {
                let wanted = include.target.is_none_or(|target| target == key.0);
                let Some(other) = to.get(&key).filter(|_| wanted) else { continue };
                if include.reverse { add(place, *other) } else { add(*other, place) }
            }
        }
    }
    let sorted = |mut places: Vec<u32>| {
        places.sort_unstable();
        places.dedup();
        places.into_boxed_slice()
    };
    found.into_iter().map(sorted).collect()
}

/// What the literal references below an element name, of this server and of types that exist here.
fn references(json: &str, path: Option<&[&str]>, bases: &[&str]) -> Vec<Key> {
    let mut found = Vec::new();
    let mut keep = |text: &str| {
        if let Target::Local(name, id) = Target::parse(text, bases)
            && let Some(kind) = ResourceType::parse(name)
        {
            found.push((kind, id));
        }
    };
    // The text was read before, so it is JSON.
    let _ = walk(&mut Cursor::new(json), path, &mut keep);
    found
}

/// Follows a path through objects and arrays to References.
fn walk(cursor: &mut Cursor<'_>, path: Option<&[&str]>, keep: &mut dyn FnMut(&str)) -> Result<(), NotJson> {
    match cursor.peek() {
        Some(b'[') => cursor.array(|cursor| walk(cursor, path, keep)),
        Some(b'{') => cursor.object(|cursor, key| match path {
            Some([first, rest @ ..]) if key.text() == *first => walk(cursor, Some(rest), keep),
            None | Some([]) if key.text() == "reference" && cursor.peek() == Some(b'"') => {
                keep(&cursor.string()?.text());
                Ok(())
            }
            None => walk(cursor, None, keep),
            Some(_) => cursor.skip(),
        }),
        _ => cursor.skip(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_where_they_were_asked_for_however_they_are_written() {
        let json = r#"{"text":"\"participant\":\"Patient/no\"","participant":[{"individual" : {"reference" : "Practitioner/1"}},
            {"individual":{"reference":"https:\/\/ehr.example\/Practitioner\/2"}},{"individual":{"reference":"https://other.example/Practitioner/3"}},
            {"individual":{"reference":7}},{"individual":[{"reference":"Practitioner/4/_history/1"}]},{"type":{"reference":"Practitioner/5"}},
            {"individual":{"reference":"urn:uuid:x"}},{"individual":{"reference":"Unknown/5"}},{"individual":"Practitioner/6"}],
            "subject":{"reference":"Practitioner/7"},"contained":[{"participant":[{"individual":{"reference":"Practitioner/8"}}]}]}"#;
        let found = references(json, Some(&["participant", "individual"]), &["https://ehr.example"]);
        let found: Vec<_> = found.iter().map(|(kind, id)| format!("{kind}/{id}")).collect();
        assert_eq!(found, ["Practitioner/1", "Practitioner/2", "Practitioner/4"]);
    }

    #[test]
    fn every_include_of_the_tables_has_its_element() {
        for (name, table) in fhir_profiles::search_table::tables() {
            for (how, values) in [("_include", &table.include), ("_revinclude", &table.revinclude)] {
                for value in values {
                    assert_eq!(asked(&format!("{how}={value}")).len(), 1, "{name} {value}");
                }
            }
        }
        assert!(asked("_include=Encounter:subject&_include=Claim:patient&_count=1").is_empty());
    }

    #[test]
    fn what_only_another_element_refers_to_did_not_come_with_the_match() {
        let key = |name: &str, id: &str| (ResourceType::parse(name).unwrap(), FhirId::parse(id).unwrap());
        let json = r#"{"participant":[{"individual":{"reference":"Practitioner/1"}}],"serviceProvider":{"reference":"Organization/2"},
            "subject":{"reference":"Patient/3"}}"#;
        let matches = [(key("Encounter", "e"), json)];
        let included =
            [(key("Practitioner", "1"), "{}"), (key("Organization", "2"), "{}"), (key("Patient", "3"), "{}")];
        let of = |query: &str| {
            let because = because(&matches, &included, &asked(query), &[]);
            because.iter().map(|places| places.len()).collect::<Vec<_>>()
        };
        assert_eq!(of("_include=Encounter:participant"), [1, 0, 0]);
        assert_eq!(of("_include=Encounter:service-provider"), [0, 1, 0]);
        assert_eq!(of("_include=Encounter:participant&_include=Encounter:service-provider"), [1, 1, 0]);
        assert_eq!(of("_include=CareTeam:participant"), [0, 0, 0], "of another type");
        assert_eq!(of(""), [0, 0, 0], "not asked for");
    }
}
