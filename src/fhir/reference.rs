//! What a `Reference.reference` or an attachment URL points to (R4, "Resource References").

use crate::domain::ids::FhirId;

/// What a reference says, without looking anything up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// A resource of the EHR: relative, absolute below one of the bases, versioned or not.
    Local(&'a str, FhirId),
    /// A resource contained in the same one: `#id`.
    Contained(&'a str),
    /// A resource of some other server, with the type that its URL names.
    Foreign(&'a str),
    /// Anything else: `urn:uuid:`, a query, a malformed text.
    Unreadable,
}

impl<'a> Target<'a> {
    /// Reads `text`; absolute URLs below one of `bases` (without trailing slash) are the EHR's own.
    pub fn parse(text: &'a str, bases: &[&str]) -> Self {
        if let Some(id) = text.strip_prefix('#') {
            return Self::Contained(id);
        }
        let below = |base: &&str| text.strip_prefix(*base)?.strip_prefix('/');
        if let Some((name, id)) = bases.iter().find_map(below).or(Some(text)).and_then(local) {
            return Self::Local(name, id);
        }
        foreign(text).map_or(Self::Unreadable, Self::Foreign)
    }
}

/// `Type/id`, `Type/id/_history/version`.
fn local(path: &str) -> Option<(&str, FhirId)> {
    let mut parts = path.split('/');
    let (name, id) = (type_name(parts.next()?)?, FhirId::parse(parts.next()?).ok()?);
    match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => Some((name, id)),
        (Some("_history"), Some(version), None) if FhirId::parse(version).is_ok() => Some((name, id)),
        _ => None,
    }
}

/// The type in `scheme://anything/Type/id[/_history/version]`.
fn foreign(url: &str) -> Option<&str> {
    let (scheme, path) = url.split_once("://")?;
    if !matches!(scheme, "http" | "https") {
        return None;
    }
    let path = path.split_once("/_history/").map_or(path, |(path, _)| path);
    let (path, id) = path.rsplit_once('/')?;
    let (_, name) = path.rsplit_once('/')?;
    FhirId::parse(id).ok()?;
    type_name(name)
}

fn type_name(text: &str) -> Option<&str> {
    let letters = text.bytes().all(|byte| byte.is_ascii_alphabetic());
    (letters && text.starts_with(|first: char| first.is_ascii_uppercase())).then_some(text)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn local(name: &str) -> Target<'_> {
        Target::Local(name, FhirId::parse("1").unwrap())
    }

    #[rstest]
    #[case("Patient/1", local("Patient"))]
    #[case("Patient/1/_history/3", local("Patient"))]
    #[case("https://ehr.example/fhir/Patient/1", local("Patient"))]
    #[case("https://ehr.example/fhir/Patient/1/_history/3", local("Patient"))]
    #[case("Appointment/1", local("Appointment"))]
    #[case("#p", Target::Contained("p"))]
    #[case("https://other.example/fhir/Patient/1", Target::Foreign("Patient"))]
    #[case("https://other.example/fhir/Patient/1/_history/3", Target::Foreign("Patient"))]
    #[case("https://ehr.example/fhirPatient/1", Target::Unreadable)]
    #[case("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", Target::Unreadable)]
    #[case("Patient?identifier=1", Target::Unreadable)]
    #[case("/Patient/1", Target::Unreadable)]
    #[case("Patient/1/", Target::Unreadable)]
    #[case("Patient/1#x", Target::Unreadable)]
    #[case("Patient/1/_history/", Target::Unreadable)]
    #[case("Patient/1/_history/1/2", Target::Unreadable)]
    #[case("Patient/..", Target::Unreadable)]
    #[case("patient/1", Target::Unreadable)]
    #[case(" Patient/1", Target::Unreadable)]
    #[case("", Target::Unreadable)]
    fn references_are_read(#[case] text: &str, #[case] expected: Target<'_>) {
        assert_eq!(Target::parse(text, &["https://ehr.example/fhir"]), expected);
    }
}
