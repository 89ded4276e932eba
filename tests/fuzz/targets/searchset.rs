//! Bodies of the EHR: the index beside a reading of the same body with every member kept.

use std::collections::BTreeSet;

use bytes::Bytes;
use chartgate::fhir::index::{
    BundleIndex, EntryMode, IndexError, IndexedBody, Rewrite, Shape, index_bundle, index_history,
    index_resource,
};
use chartgate::fhir::resource_type::ResourceType;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::generator::Choices;
use super::judge;
use super::node::Node;
use super::reference::{EHR, FACADE, Named, named};
use super::{release, text, written};

/// Nested deeper than this, readers differ in what they call too deep.
const DEEP: usize = 100;

fn rewrite() -> Rewrite {
    Rewrite::new(EHR, FACADE)
}

/// Any bytes as a resource.
pub fn resource(bytes: &[u8]) {
    let body = index_resource(Bytes::copy_from_slice(bytes), &rewrite());
    let Some(json) = text(bytes) else { return assert!(body.is_err()) };
    let json = json.strip_prefix('\u{feff}').unwrap_or(json);
    let Ok(body) = body else {
        let deep = Node::read(json).is_some_and(|node| node.depth() > DEEP);
        assert!(deep || serde_json::from_str::<&RawValue>(json).is_err(), "it was JSON");
        return;
    };
    let Some(node) = Node::read(json).filter(|node| node.depth() <= DEEP) else { return };
    match &body.shape {
        Shape::Resource(facts) => {
            judge::check(Some(facts), &node);
            let kept = std::str::from_utf8(&body.bytes).expect("UTF-8");
            Node::read(kept).unwrap_or_else(|| panic!("no longer JSON: {kept}"));
            assert!(!kept.contains(EHR), "the EHR's base stays behind");
            if !json.contains(EHR) && !json.contains('\\') && !json.contains("Binary") {
                assert_eq!(kept, json, "nothing had to be changed");
            }
        }
        Shape::Unjudged => {
            judge::check(None, &node);
            assert!(body.bytes.is_empty(), "what is not judged is not kept");
        }
        other => panic!("{other:?}"),
    }
}

/// Any bytes as a searchset of Observations, and as a history.
pub fn bundle(bytes: &[u8]) {
    check(bytes, ResourceType::Observation, 0);
    if let Ok(body) = index_history(Bytes::copy_from_slice(bytes), &rewrite()) {
        let Shape::Bundle(index) = &body.shape else { panic!("{:?}", body.shape) };
        assert_eq!(spans(&body, index), index.entries.len());
    }
}

/// A searchset that is as wrong as the bytes say, in many small ways.
pub fn generated(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let salt = choices.byte();
    let searched = choices.pick(written::SEARCHED);
    let json = written::searchset(&mut choices);
    check(json.as_bytes(), searched, salt);
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    entry: Vec<RawEntry<'a>>,
}

#[derive(Deserialize)]
struct RawEntry<'a> {
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
}

fn check(bytes: &[u8], searched: ResourceType, salt: u8) {
    let body = index_bundle(Bytes::copy_from_slice(bytes), searched, &rewrite());
    let Some(json) = text(bytes) else { return assert_eq!(body.err(), Some(IndexError::NotJson)) };
    let json = json.strip_prefix('\u{feff}').unwrap_or(json);
    let node = Node::read(json);
    if node.as_ref().is_some_and(|node| node.depth() > DEEP) {
        return;
    }
    if serde_json::from_str::<&RawValue>(json).is_err() {
        return assert_eq!(body.err(), Some(IndexError::NotJson), "{json}");
    }
    let Some(node) = node else { return };
    let expected = Expected::of(&node, searched);
    let body = match (body, &expected) {
        (Ok(body), Some(_)) => body,
        (Err(IndexError::NotASearchset), None) => return,
        (Err(IndexError::ForeignNext), Some(expected)) => {
            return assert!(!expected.nexts.is_empty(), "{json}");
        }
        (other, _) => panic!("{other:?} of {json}"),
    };
    let (Shape::Bundle(index), Some(expected)) = (&body.shape, expected) else { panic!("{:?}", body.shape) };
    next(index, &expected.nexts);
    expected.compare(index, &node, json);
    assert_eq!(spans(&body, index), expected.matches.len() + expected.included.len());
    if !json.contains('\\') && !json.contains(EHR) && !json.contains("Binary") {
        untouched(&body, index, json);
    }
    release::check(&body, index, searched, salt);
}

/// What a searchset holds, the slow way.
struct Expected {
    /// Places of entries in the EHR's body.
    matches: Vec<usize>,
    included: Vec<usize>,
    lost: usize,
    nexts: Vec<String>,
}

impl Expected {
    /// `None`: it is none.
    fn of(node: &Node, searched: ResourceType) -> Option<Self> {
        if ["resourceType", "type", "entry", "link"].iter().any(|name| node.times(name) > 1) {
            return None;
        }
        if node.get("resourceType")?.text()? != "Bundle" || node.get("type")?.text()? != "searchset" {
            return None;
        }
        let list = |name: &str| match node.get(name) {
            None => Some(Vec::new()),
            Some(Node::List(items)) => Some(items.clone()),
            Some(_) => None,
        };
        let (entries, links) = (list("entry")?, list("link")?);
        let mut nexts = Vec::new();
        for link in &links {
            link.members()?;
            if link.times("relation") > 1 || link.times("url") > 1 {
                return None;
            }
            let text = |name: &str| link.get(name).map_or(Some(""), Node::text);
            let (relation, url) = (text("relation")?, text("url")?);
            if relation == "next" {
                nexts.push(url.to_owned());
            }
        }
        let mut sorted: Vec<(String, String, usize)> = Vec::new();
        let mut expected = Self { matches: Vec::new(), included: Vec::new(), lost: 0, nexts };
        let mut seen = BTreeSet::new();
        for (place, entry) in entries.iter().enumerate() {
            let Some((kind, id, include)) = judged(entry) else {
                expected.lost += 1;
                continue;
            };
            if include || kind != searched.as_str() {
                sorted.push((kind, id, place));
            } else if seen.insert((kind, id)) {
                expected.matches.push(place);
            } else {
                expected.lost += 1;
            }
        }
        sorted.sort();
        for (kind, id, place) in sorted {
            if seen.insert((kind, id)) {
                expected.included.push(place);
            } else {
                expected.lost += 1;
            }
        }
        Some(expected)
    }

    fn compare(&self, index: &BundleIndex, node: &Node, json: &str) {
        let Some(Node::List(entries)) = node.get("entry") else { return assert!(index.entries.is_empty()) };
        let wanted = self.matches.iter().map(|place| (place, EntryMode::Match));
        let wanted = wanted.chain(self.included.iter().map(|place| (place, EntryMode::Include)));
        let kept: Vec<_> = index.entries.iter().filter(|entry| entry.facts.is_some()).collect();
        assert_eq!(kept.len(), self.matches.len() + self.included.len(), "{json}");
        assert_eq!(index.entries.len() - kept.len(), self.lost, "{json}");
        for ((place, mode), entry) in wanted.zip(kept) {
            assert_eq!(entry.mode, mode, "{json}");
            let resource = entries[*place].get("resource").expect("it was judged");
            judge::check(entry.facts.as_ref(), resource);
            for because in &entry.because {
                let matched =
                    entries[self.matches[*because as usize]].get("resource").expect("it was judged");
                let refers = |from: &Node, to: &Node| {
                    let to = |name: &str| to.get(name).and_then(Node::text).unwrap_or_default().to_owned();
                    let to = Named::Local(to("resourceType"), to("id"));
                    let mut found = false;
                    from.every_member(&mut |name, value| {
                        found |= name == "reference" && value.text().is_some_and(|text| named(text) == to);
                    });
                    found
                };
                assert!(refers(matched, resource) || refers(resource, matched), "no reason: {json}");
            }
        }
    }
}

/// Type, id and whether it was included, of an entry that can be judged.
fn judged(entry: &Node) -> Option<(String, String, bool)> {
    entry.members()?;
    let mode = match entry.get("search") {
        None => None,
        Some(search) => {
            search.members()?;
            search.get("mode").map(|mode| mode.text().ok_or(())).transpose().ok()?
        }
    };
    let twice = entry.times("resource") > 1
        || entry.times("search") > 1
        || entry.get("search").is_some_and(|search| search.times("mode") > 1);
    if twice || mode == Some("outcome") {
        return None;
    }
    let resource = entry.get("resource")?;
    let json = written::json(resource);
    let body = index_resource(Bytes::from(json), &rewrite()).ok()?;
    match body.shape {
        Shape::Resource(facts) => {
            Some((facts.resource_type.to_string(), facts.id.to_string(), mode == Some("include")))
        }
        _ => None,
    }
}

/// The next link stays below the EHR's base, whatever it was.
fn next(index: &BundleIndex, nexts: &[String]) {
    assert_eq!(index.next.is_some(), !nexts.is_empty());
    let Some(next) = &index.next else { return };
    let separator = if next.starts_with('?') { "" } else { "/" };
    let url: url::Url = format!("{EHR}{separator}{next}").parse().expect("a URL");
    assert_eq!(url.origin(), EHR.parse::<url::Url>().unwrap().origin(), "{next}");
    let path = url.path();
    assert!(path == "/fhir" || path.starts_with("/fhir/"), "{next}");
    assert!(nexts.iter().any(|link| link.ends_with(&**next)), "{next} of {nexts:?}");
}

/// The spans are the elements of `entry`, all of them, in order.
fn spans(body: &IndexedBody, index: &BundleIndex) -> usize {
    #[derive(Deserialize)]
    struct Kept<'a> {
        #[serde(borrow, default)]
        entry: Vec<&'a RawValue>,
    }
    let text = std::str::from_utf8(&body.bytes).expect("UTF-8");
    let kept: Kept<'_> = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let judged: Vec<_> = index.entries.iter().filter(|entry| entry.facts.is_some()).collect();
    assert_eq!(kept.entry.len(), judged.len(), "{text}");
    for (raw, entry) in kept.entry.iter().zip(&judged) {
        assert_eq!(raw.get(), &text[entry.span.clone()]);
        // Versions in a history are never taken out of it one by one.
        if !text.starts_with(r#"{"resourceType":"Bundle","type":"history""#) {
            let resource = body.resource_of(entry).expect("a resource");
            serde_json::from_slice::<&RawValue>(&resource).expect("JSON");
        }
    }
    assert!(!text.contains(EHR), "the EHR's base stays behind: {text}");
    judged.len()
}

/// Where nothing has to be changed, a resource is the EHR's byte for byte. A reference that nobody can follow has to be, and says so.
fn untouched(body: &IndexedBody, index: &BundleIndex, json: &str) {
    let Ok(raw) = serde_json::from_str::<Raw<'_>>(json) else { return };
    let sent: BTreeSet<&str> = raw.entry.iter().filter_map(|entry| Some(entry.resource?.get())).collect();
    for entry in index.entries.iter().filter(|entry| entry.facts.is_some()) {
        let kept = body.resource_of(entry).expect("a resource");
        let kept = std::str::from_utf8(&kept).unwrap();
        assert!(sent.contains(kept) || kept.contains("data-absent-reason"), "{json}");
    }
}
