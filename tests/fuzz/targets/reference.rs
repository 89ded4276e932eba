//! References: the parser beside a reading of the grammar character by character.

use chartgate::fhir::reference::Target;

use super::text;

pub const EHR: &str = "https://ehr.example/fhir";
pub const FACADE: &str = "https://gate.example/fhir/r4";

/// What a reference names, as the oracle sees it.
#[derive(Debug, PartialEq, Eq)]
pub enum Named {
    Local(String, String),
    Contained(String),
    Foreign(String),
    Unreadable,
}

pub fn run(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let found = match Target::parse(text, &[EHR, FACADE]) {
        Target::Local(name, id) => Named::Local(name.to_owned(), id.to_string()),
        Target::Contained(id) => Named::Contained(id.to_owned()),
        Target::Foreign(name) => Named::Foreign(name.to_owned()),
        Target::Unreadable => Named::Unreadable,
    };
    assert_eq!(found, named(text), "{text:?}");
    if let Named::Local(name, id) = found {
        let again =
            Target::parse(&format!("{EHR}/{name}/{id}"), &[EHR]) == Target::parse(text, &[EHR, FACADE]);
        assert!(again || name.is_empty(), "{text:?}");
    }
    // The other reader of references, for searches, finds nothing that this one does not.
    if let Some(other) = fhir_profiles::reference::target(text, FACADE) {
        let plain = other.resource_type.bytes().all(|byte| byte.is_ascii_alphabetic());
        assert!(!plain || named(text) == Named::Local(other.resource_type, other.id), "{text:?}");
    }
}

/// A naive reading.
pub fn named(text: &str) -> Named {
    if let Some(id) = text.strip_prefix('#') {
        return Named::Contained(id.to_owned());
    }
    let relative = [EHR, FACADE].iter().find_map(|base| text.strip_prefix(base)?.strip_prefix('/'));
    let parts: Vec<&str> = relative.unwrap_or(text).split('/').collect();
    if (parts.len() == 2 || parts.len() == 4) && is_type(parts[0]) && is_id(parts[1]) {
        let versioned = parts.len() == 4;
        if !versioned || (parts[2] == "_history" && is_id(parts[3])) {
            return Named::Local(parts[0].to_owned(), parts[1].to_owned());
        }
    }
    if !(text.starts_with("http://") || text.starts_with("https://")) {
        return Named::Unreadable;
    }
    let address = &text[text.find("://").unwrap() + 3..];
    let mut parts: Vec<&str> = address.split('/').collect();
    if let Some(at) = (1..parts.len().saturating_sub(1)).find(|at| parts[*at] == "_history") {
        parts.truncate(at);
    }
    match parts.as_slice() {
        [_, .., name, id] if is_type(name) && is_id(id) => Named::Foreign((*name).to_owned()),
        _ => Named::Unreadable,
    }
}

fn is_type(text: &str) -> bool {
    text.chars().next().is_some_and(|first| first.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_alphabetic())
}

pub fn is_id(text: &str) -> bool {
    let known =
        text.chars().all(|c| "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.".contains(c));
    known && (1..=64).contains(&text.len()) && text != "." && text != ".."
}
