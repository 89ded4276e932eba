//! `_elements`, `_summary` and `_pretty`: a part of a resource holds nothing that the whole does not, each value as it was.

use chartgate::fhir::subset::{Part, Shape};
use fhir_profiles::summary::elements;
use serde::Deserialize as _;
use serde_json::value::RawValue;

use super::generator::Choices;
use super::node::Node;
use super::{text, written};

const ALWAYS: &[&str] = &["resourceType", "id", "meta", "implicitRules", "modifierExtension"];

/// Two bytes for the part, then a body; with nothing of its own, a searchset out of choices.
pub fn run(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let names = ["status", "subject", "code", "text", "note", "category"];
    let part = match choices.below(6) {
        0 => Part::Whole,
        1 => Part::Summary,
        2 => Part::Text,
        3 => Part::Data,
        _ => Part::Elements((0..=choices.below(3)).map(|_| choices.pick(&names).to_owned()).collect()),
    };
    let pretty = choices.once_in(3);
    let generated;
    let body = if choices.once_in(2) {
        generated = written::searchset(&mut choices);
        &generated
    } else {
        let Some(body) = text(choices.rest()) else { return };
        body
    };
    let shape = Shape { part: part.clone(), pretty };
    let Some(cut) = shape.of(body.as_bytes()) else {
        return assert!(part != Part::Whole, "the whole is always there");
    };
    if part == Part::Whole && serde_json::from_str::<&RawValue>(body).is_err() {
        return;
    }
    let cut = std::str::from_utf8(&cut).expect("UTF-8");
    let (Some(before), Some(after)) = (Node::read(body), Node::read(cut)) else {
        return assert!(serde_json::from_str::<&RawValue>(cut).is_ok(), "no longer JSON: {cut}");
    };
    if part == Part::Whole {
        return assert_eq!(before, after, "white space alone");
    }
    if before.get("resourceType").and_then(Node::text) == Some("Bundle") {
        let entries = |bundle: &Node| match bundle.get("entry") {
            Some(Node::List(entries)) => entries.len(),
            _ => 0,
        };
        return assert_eq!(entries(&before), entries(&after), "{cut}");
    }
    resource(&part, &before, &after, body, cut, pretty);
}

fn resource(part: &Part, before: &Node, after: &Node, body: &str, cut: &str, pretty: bool) {
    let (Some(had), Some(has)) = (before.members(), after.members()) else { panic!("{cut}") };
    let kind = before.get("resourceType").and_then(Node::text).unwrap_or_default();
    let known = elements(kind);
    let wanted = |name: &str| {
        let name = name.strip_prefix('_').unwrap_or(name);
        let mandatory = known.is_some_and(|known| known.is_mandatory(name));
        ALWAYS.contains(&name)
            || match part {
                Part::Whole => true,
                Part::Elements(names) => mandatory || names.contains(name),
                Part::Summary => known.is_some_and(|known| known.is_summary(name)),
                Part::Text => mandatory || name == "text",
                Part::Data => name != "text",
            }
    };
    for (name, value) in has {
        assert!(wanted(name), "{name} was not wanted: {cut}");
        let new = name == "meta";
        assert!(new || had.iter().any(|(own, before)| own == name && before == value), "{name}: {cut}");
    }
    for (name, _) in had {
        assert!(!wanted(name) || has.iter().any(|(own, _)| own == name), "{name} is missing: {cut}");
    }
    let tags = after.get("meta").and_then(|meta| meta.get("tag"));
    let Some(Node::List(tags)) = tags else { panic!("no tag: {cut}") };
    let last = tags.last().and_then(|tag| tag.get("code")).and_then(Node::text);
    assert_eq!(last, Some("SUBSETTED"), "{cut}");
    let raw = |json: &str, name: &str| -> Option<String> {
        let mut reader = serde_json::Deserializer::from_str(json);
        let members = std::collections::BTreeMap::<String, &RawValue>::deserialize(&mut reader).ok()?;
        members.get(name).map(|value| value.get().to_owned())
    };
    for name in ["valueQuantity", "status"] {
        let (was, is) = (raw(body, name), raw(cut, name));
        assert!(pretty || is.is_none() || was == is, "digits stay: {cut}");
    }
}
