//! A released searchset, taken apart.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::domain::ids::FhirId;

/// One page of a searchset.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Bundle {
    entry: Vec<Entry>,
    link: Vec<Link>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    resource: Option<Box<RawValue>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Link {
    relation: String,
    url: String,
}

/// Just what tells resources apart.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Head {
    #[serde(rename = "resourceType")]
    kind: String,
    id: Value,
}

impl Bundle {
    /// Reads a searchset; an empty one when it is not JSON.
    pub fn read(json: &[u8]) -> Self {
        serde_json::from_slice(json).unwrap_or_default()
    }

    /// The handle of the next page, if there is one.
    pub fn next_handle(&self) -> Option<&str> {
        let next = self.link.iter().find(|link| link.relation == "next")?;
        let (_, handle) = next.url.split_once("_page=")?;
        handle.split('&').next()
    }

    /// The resources of a type, each with its id where it has a proper one.
    pub fn resources<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (Option<FhirId>, Vec<u8>)> + 'a {
        self.entry.iter().filter_map(|entry| entry.resource.as_deref()).filter_map(move |json| {
            let head: Head = serde_json::from_str(json.get()).ok()?;
            let id = head.id.as_str().and_then(|id| FhirId::parse(id).ok());
            (head.kind == kind).then(|| (id, json.get().as_bytes().to_vec()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_searchset_comes_apart_and_odd_entries_are_passed_over() {
        let bundle = Bundle::read(
            br#"{"resourceType":"Bundle","link":[{"relation":"self","url":"x"},
                {"relation":"next","url":"https://gate/fhir/r4/Encounter?_page=abc"}],
                "entry":[{"resource":{"resourceType":"Patient","id":"p1"}},{"resource":{"resourceType":"Patient","id":7}},
                {"resource":{"resourceType":"Organization","id":"o"}},{}]}"#,
        );
        assert_eq!(bundle.next_handle(), Some("abc"));
        let ids: Vec<_> = bundle.resources("Patient").map(|(id, _)| id.map(|id| id.to_string())).collect();
        assert_eq!(ids, [Some("p1".to_owned()), None]);
        assert_eq!(Bundle::read(b"<xml/>").resources("Patient").count(), 0);
    }
}
