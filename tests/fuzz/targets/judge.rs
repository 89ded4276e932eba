//! What the policy is to know of a resource, gathered the slow way along the paths of
//! `fhir-profiles/definitions/compartment-patient.json`. Whatever is not as FHIR has it makes a resource unjudgeable.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use chartgate::fhir::index::EntryFacts;
use chartgate::fhir::resource_type::{Judgement, ResourceType};
use serde_json::Value;

use super::node::Node;
use super::reference::{Named, is_id, named};

static PATHS: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../../fhir-profiles/definitions/compartment-patient.json");
    serde_json::from_str::<Value>(text).unwrap()["types"].take()
});

/// The facts of a resource, without regard to order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub kind: String,
    pub id: String,
    pub version: Option<String>,
    pub patients: BTreeSet<String>,
    pub labels: BTreeSet<(String, String)>,
    pub categories: BTreeSet<(String, String)>,
    pub references: BTreeSet<String>,
}

impl From<&EntryFacts> for Facts {
    fn from(facts: &EntryFacts) -> Self {
        let codings = |codings: &[chartgate::fhir::index::Coding]| {
            codings.iter().map(|coding| (coding.system.to_string(), coding.code.to_string())).collect()
        };
        Self {
            kind: facts.resource_type.to_string(),
            id: facts.id.to_string(),
            version: facts.version.as_deref().map(str::to_owned),
            patients: facts.patients.iter().map(ToString::to_string).collect(),
            labels: codings(&facts.labels),
            categories: codings(&facts.categories),
            references: facts.references.iter().map(|(kind, id)| format!("{kind}/{id}")).collect(),
        }
    }
}

/// Something that decides is not as it must be.
struct Flaw;

/// Checks what the product found in a resource. A member that comes twice may make it unjudgeable, and must where it matters
/// which of the two counts.
pub fn check(found: Option<&EntryFacts>, resource: &Node) {
    let found = found.map(Facts::from);
    let (first, last) = (facts(&resource.reading(true)), facts(&resource.reading(false)));
    if first != last {
        assert_eq!(found, None, "two readings: {resource:?}");
    } else if *resource == resource.reading(true) {
        assert_eq!(found, first, "{resource:?}");
    } else {
        assert!(found.is_none() || found == first, "{found:?} is not {first:?}: {resource:?}");
    }
}

fn facts(resource: &Node) -> Option<Facts> {
    let kind = resource.get("resourceType")?.text()?;
    let kind = ResourceType::parse(kind)?;
    let paths = PATHS.get(kind.as_str())?;
    read(resource, kind, paths).ok().flatten()
}

fn read(resource: &Node, kind: ResourceType, paths: &Value) -> Result<Option<Facts>, Flaw> {
    let groups = |group: &str| -> Vec<String> {
        let paths = paths[group].as_array().cloned().unwrap_or_default();
        paths.iter().map(|path| path.as_str().unwrap().to_owned()).collect()
    };
    let all = |group: &str| -> Result<Vec<&Node>, Flaw> {
        let mut found = Vec::new();
        for path in groups(group) {
            found.extend(at(resource, &path)?);
        }
        Ok(found)
    };
    let contained = contained(&at(resource, "contained")?)?;
    let mut labels: BTreeSet<_> =
        at(resource, "meta.security")?.into_iter().map(coding).collect::<Result<_, _>>()?;
    labels.extend(contained.labels);
    let version = at_one(resource, "meta.versionId")?;
    let id = resource.get("id").map(string).transpose()?;

    let mut categories = BTreeSet::new();
    for concept in all("concept")? {
        for one in at(concept, "coding")? {
            categories.insert(coding(one)?);
        }
    }
    for one in all("coding")? {
        categories.insert(coding(one)?);
    }
    for code in all("code")? {
        categories.insert((String::new(), string(code)?));
    }
    let references = |nodes: Vec<&Node>| nodes.into_iter().map(reference).collect::<Result<Vec<_>, _>>();
    let owners = references(all("owner")?)?;
    let mut also = references(all("also")?)?;
    also.extend(contained.references);
    let medications = references(all("medication")?)?;
    let targets = references(all("target")?)?;
    let mut attachments = Vec::new();
    for attachment in all("attachment")? {
        attachments.extend(member(attachment, "url")?);
    }

    let Some(id) = id.filter(|id| is_id(id)) else { return Ok(None) };
    let mut patients = BTreeSet::new();
    if paths["itself"] == Value::Bool(true) {
        patients.insert(id.clone());
    }
    for (owner, _) in &owners {
        match owner.as_deref().map(named) {
            Some(Named::Local(kind, id)) if kind == "Patient" => patients.insert(id),
            _ => return Ok(None),
        };
    }
    if kind.judgement() == Judgement::Patient && patients.is_empty() {
        return Ok(None);
    }
    for (reference, of) in &also {
        match (reference.as_deref().map(named), of.as_deref()) {
            (None, Some("Patient")) | (Some(Named::Unreadable), _) => return Ok(None),
            (Some(Named::Local(kind, id)), _) if kind == "Patient" => drop(patients.insert(id)),
            (Some(Named::Foreign(kind)), _) if kind == "Patient" => return Ok(None),
            (None | Some(Named::Local(..) | Named::Foreign(_)), _) => {}
            (Some(Named::Contained(id)), _) => {
                let of_that_id: Vec<_> = contained.named.iter().filter(|(_, own)| *own == id).collect();
                if of_that_id.is_empty() || of_that_id.iter().any(|(kind, _)| kind == "Patient") {
                    return Ok(None);
                }
            }
        }
    }
    let known = |text: &str| match named(text) {
        Named::Local(kind, id) if ResourceType::parse(&kind).is_some() => Some((kind, id)),
        _ => None,
    };
    let mut references = BTreeSet::new();
    if kind == ResourceType::Provenance {
        for (target, _) in &targets {
            let Some((kind, id)) = target.as_deref().and_then(known) else { return Ok(None) };
            references.insert(format!("{kind}/{id}"));
        }
        if references.is_empty() {
            return Ok(None);
        }
    }
    for (texts, wanted) in [
        (medications.into_iter().filter_map(|(text, _)| text).collect::<Vec<_>>(), "Medication"),
        (attachments, "Binary"),
    ] {
        let named = texts.iter().filter_map(|text| known(text)).filter(|(kind, _)| kind == wanted);
        references.extend(named.map(|(kind, id)| format!("{kind}/{id}")));
    }
    Ok(Some(Facts { kind: kind.to_string(), id, version, patients, labels, categories, references }))
}

#[derive(Default)]
struct Contained {
    named: Vec<(String, String)>,
    labels: Vec<(String, String)>,
    references: Vec<(Option<String>, Option<String>)>,
}

fn contained(resources: &[&Node]) -> Result<Contained, Flaw> {
    let mut contained = Contained::default();
    for resource in resources {
        let name = |name| member(resource, name).map(Option::unwrap_or_default);
        contained.named.push((name("resourceType")?, name("id")?));
        for label in at(resource, "meta.security")? {
            contained.labels.push(coding(label)?);
        }
        for path in ["subject", "patient"] {
            for node in at(resource, path)? {
                contained.references.push(reference(node)?);
            }
        }
    }
    Ok(contained)
}

/// The values at a path; an array stands for its elements.
fn at<'a>(node: &'a Node, path: &str) -> Result<Vec<&'a Node>, Flaw> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    if node.members().is_none() {
        return Err(Flaw);
    }
    let values: Vec<&Node> = match node.get(name) {
        None => Vec::new(),
        Some(Node::List(items)) => items.iter().collect(),
        Some(one) => vec![one],
    };
    let Some(rest) = rest else { return Ok(values) };
    let mut found = Vec::new();
    for value in values {
        found.extend(at(value, rest)?);
    }
    Ok(found)
}

/// A string at the end of a path of which only the beginning may repeat; the last one counts.
fn at_one(node: &Node, path: &str) -> Result<Option<String>, Flaw> {
    let (path, name) = path.rsplit_once('.').unwrap();
    let mut last = None;
    for value in at(node, path)? {
        last = member(value, name)?.or(last);
    }
    Ok(last)
}

fn string(node: &Node) -> Result<String, Flaw> {
    node.text().map(str::to_owned).ok_or(Flaw)
}

fn member(node: &Node, name: &str) -> Result<Option<String>, Flaw> {
    if node.members().is_none() {
        return Err(Flaw);
    }
    node.get(name).map(string).transpose()
}

fn coding(node: &Node) -> Result<(String, String), Flaw> {
    Ok((member(node, "system")?.unwrap_or_default(), member(node, "code")?.unwrap_or_default()))
}

fn reference(node: &Node) -> Result<(Option<String>, Option<String>), Flaw> {
    Ok((member(node, "reference")?, member(node, "type")?))
}
