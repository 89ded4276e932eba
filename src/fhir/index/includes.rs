//! For which match something was included. An EHR includes for every match, also for those that a reader may not see: what only
//! a hidden visit refers to would tell of the visit.

use std::borrow::Cow;
use std::collections::HashMap;

use memchr::memmem;

use crate::domain::ids::FhirId;
use crate::fhir::reference::Target;
use crate::fhir::resource_type::ResourceType;

use super::attachments::value_after;
use super::json::unescape;

type Key = (ResourceType, FhirId);

/// For each of `included`, the places of the matches that refer to it (`_include`) or, for a Provenance, to which it refers
/// (`_revinclude`); each with its JSON. None: it is unclear why it came.
pub fn because(matches: &[(Key, &str)], included: &[(Key, &str)], bases: &[&str]) -> Vec<Box<[u32]>> {
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
    for (place, (_, json)) in matches.iter().enumerate() {
        for key in references(json, bases) {
            if let Some(target) = of_included.get(&key) {
                add(*target, place);
            }
        }
    }
    let reverse = included.iter().enumerate().filter(|(_, ((kind, _), _))| *kind == ResourceType::Provenance);
    for (place, (_, json)) in reverse {
        for key in references(json, bases) {
            if let Some(matched) = of_matches.get(&key) {
                add(place, *matched);
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

/// What the literal references in a resource name, of this server and of types that exist here.
fn references<'a>(json: &'a str, bases: &'a [&'a str]) -> impl Iterator<Item = Key> + 'a {
    const KEY: &[u8] = b"\"reference\"";
    memmem::find_iter(json.as_bytes(), KEY).filter_map(|at| {
        // A string with these words in it has a backslash before the quotes, and no colon follows where it is a value.
        let (start, end) = value_after(json, at + KEY.len())?;
        let raw = json.get(start..end)?;
        let text = if raw.contains('\\') { Cow::Owned(unescape(raw)) } else { Cow::Borrowed(raw) };
        match Target::parse(&text, bases) {
            Target::Local(name, id) => Some((ResourceType::parse(name)?, id)),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_references_are_found_however_they_are_written() {
        let json = r##"{"text":"\"reference\":\"Patient/no\"","a":{"reference" : "Practitioner/1"},"b":"reference",
            "c":[{"reference":"https:\/\/ehr.example\/Location\/2"},{"reference":"https://other.example/Location/3"},{"reference":7},
            {"reference":"Location/4/_history/1"},{"reference":"urn:uuid:x"},{"reference":"Unknown/5"}],"d":{"reference":"#in"}}"##;
        let found = references(json, &["https://ehr.example"]).map(|(kind, id)| format!("{kind}/{id}"));
        assert_eq!(found.collect::<Vec<_>>(), ["Practitioner/1", "Location/2", "Location/4"]);
    }
}
