//! A searchset: the entries that can be judged, each written anew around its resource, and nothing else of what the EHR
//! put into the Bundle. Its links, total, ids, scores and outcomes stay behind, as they tell of more than is released.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use crate::domain::ids::FhirId;
use crate::fhir::resource_type::ResourceType;

use super::includes::{self, Asked};
use super::json::{Cursor, NotJson};
use super::resource::{self, Pool};
use super::rewrite::Rewrite;
use super::{BundleIndex, EntryFacts, EntryMode, IndexError, IndexedEntry, pointed};

/// The members of a searchset before anything of its own.
const HEAD: &[u8] = br#"{"resourceType":"Bundle","type":"searchset""#;

/// The same of a history.
const HISTORY: &[u8] = br#"{"resourceType":"Bundle","type":"history""#;

/// What stands between an entry's full URL and its resource.
pub const RESOURCE: &[u8] = br#"","resource":"#;
/// What follows the resource.
pub const SEARCH: &[u8] = br#","search":{"mode":""#;

/// The same in a history.
pub const REQUEST: &[u8] = br#","request":{"method":"PUT","url":""#;

/// An entry as it stands in the EHR's body.
struct Entry {
    resource: Range<usize>,
    facts: Option<EntryFacts>,
    mode: Option<EntryMode>,
}

#[derive(Default)]
struct Found {
    type_name: Option<String>,
    kind: Option<String>,
    entries: Option<Vec<Entry>>,
    links: Option<Vec<(String, String)>>,
    flawed: bool,
}

/// Reads the EHR's searchset in `text` and writes the one that is kept.
pub fn index(
    text: &str,
    searched: ResourceType,
    asked: &[Asked],
    rewrite: &Rewrite,
) -> Result<(Vec<u8>, BundleIndex), IndexError> {
    let (entries, next) = read(text, "searchset", rewrite)?;
    let mut body = Vec::with_capacity(text.len());
    let entries = write(text, &entries, (searched, asked), rewrite, &mut body);
    Ok((body, BundleIndex { entries, insert_at: HEAD.len(), next }))
}

/// The same for the versions of one resource.
pub fn index_history(text: &str, rewrite: &Rewrite) -> Result<(Vec<u8>, BundleIndex), IndexError> {
    let (entries, next) = read(text, "history", rewrite)?;
    let mut body = Vec::with_capacity(text.len());
    body.extend_from_slice(HISTORY);
    let mut before: &[u8] = br#","entry":["#;
    let mut indexed = Vec::with_capacity(entries.len());
    for entry in &entries {
        let Some(facts) = entry.facts.clone() else { continue };
        body.extend_from_slice(before);
        before = b",";
        let start = body.len();
        let name = format!("{}/{}", facts.resource_type, facts.id);
        body.extend_from_slice(
            format!(r#"{{"fullUrl":"{}/{name}","resource":"#, rewrite.facade()).as_bytes(),
        );
        let resource = text.get(entry.resource.clone()).unwrap_or_default();
        rewrite.copy(&pointed(resource, &facts, rewrite), &mut body);
        // Only what can be an id can stand in a tag as it is.
        let version = facts.version.as_deref().filter(|version| FhirId::parse(version).is_ok());
        let etag = version.map(|version| format!(r#","etag":"W/\"{version}\"""#)).unwrap_or_default();
        let asked = format!(r#","request":{{"method":"PUT","url":"{name}"}}"#);
        let answered = format!(r#","response":{{"status":"200"{etag}}}}}"#);
        body.extend_from_slice(asked.as_bytes());
        body.extend_from_slice(answered.as_bytes());
        let (span, because) = (start..body.len(), Box::default());
        indexed.push(IndexedEntry { span, facts: Some(facts), mode: EntryMode::Match, because });
    }
    body.extend_from_slice(if before == b"," { b"]}" } else { b"}" });
    Ok((body, BundleIndex { entries: indexed, insert_at: HISTORY.len(), next }))
}

/// The entries of a Bundle of this type, and its next link.
fn read(text: &str, kind: &str, rewrite: &Rewrite) -> Result<(Vec<Entry>, Option<Arc<str>>), IndexError> {
    let mut found = Found::default();
    let mut cursor = Cursor::new(text);

    if cursor.peek() != Some(b'{') {
        cursor.skip().and_then(|()| cursor.end())?;
        return Err(IndexError::NotASearchset);
    }
    let bases = rewrite.bases();
    found.read(&mut cursor, &bases, &mut Pool::default()).and_then(|()| cursor.end())?;
    if found.flawed || found.type_name.as_deref() != Some("Bundle") || found.kind.as_deref() != Some(kind) {
        return Err(IndexError::NotASearchset);
    }
    let next = next_link(found.links.as_deref().unwrap_or_default(), rewrite)?;
    Ok((found.entries.unwrap_or_default(), next))
}

impl Found {
    fn read(&mut self, cursor: &mut Cursor<'_>, bases: &[&str], pool: &mut Pool) -> Result<(), NotJson> {
        cursor.object(|cursor, key| match &*key.text() {
            "resourceType" => take_string(cursor, &mut self.type_name, &mut self.flawed),
            "type" => take_string(cursor, &mut self.kind, &mut self.flawed),
            "entry" => {
                let mut entries = Vec::new();
                self.flawed |= self.entries.is_some() | (cursor.peek() != Some(b'['));
                if cursor.peek() != Some(b'[') {
                    return cursor.skip();
                }
                cursor.array(|cursor| {
                    entries.push(entry(cursor, bases, pool)?);
                    Ok(())
                })?;
                self.entries = Some(entries);
                Ok(())
            }
            "link" => {
                let mut links = Vec::new();
                self.flawed |= self.links.is_some() | (cursor.peek() != Some(b'['));
                if cursor.peek() != Some(b'[') {
                    return cursor.skip();
                }
                cursor.array(|cursor| {
                    links.push(link(cursor, &mut self.flawed)?);
                    Ok(())
                })?;
                self.links = Some(links);
                Ok(())
            }
            _ => cursor.skip(),
        })
    }
}

fn take_string(cursor: &mut Cursor<'_>, into: &mut Option<String>, flawed: &mut bool) -> Result<(), NotJson> {
    if into.is_some() || cursor.peek() != Some(b'"') {
        *flawed = true;
        return cursor.skip();
    }
    *into = Some(cursor.string()?.text().into_owned());
    Ok(())
}

fn link(cursor: &mut Cursor<'_>, flawed: &mut bool) -> Result<(String, String), NotJson> {
    let (mut relation, mut url) = (None, None);
    if cursor.peek() != Some(b'{') {
        *flawed = true;
        cursor.skip()?;
        return Ok((String::new(), String::new()));
    }
    cursor.object(|cursor, key| match &*key.text() {
        "relation" => take_string(cursor, &mut relation, flawed),
        "url" => take_string(cursor, &mut url, flawed),
        _ => cursor.skip(),
    })?;
    Ok((relation.unwrap_or_default(), url.unwrap_or_default()))
}

fn entry(cursor: &mut Cursor<'_>, bases: &[&str], pool: &mut Pool) -> Result<Entry, NotJson> {
    let mut entry = Entry { resource: 0..0, facts: None, mode: None };
    if cursor.peek() != Some(b'{') {
        cursor.skip()?;
        return Ok(entry);
    }
    let (mut resources, mut searches, mut flawed) = (0, 0, false);
    cursor.object(|cursor, key| match &*key.text() {
        "resource" => {
            resources += 1;
            cursor.peek();
            let start = cursor.at();
            entry.facts = resource::facts(cursor, bases, pool)?;
            entry.resource = start..cursor.at();
            Ok(())
        }
        "search" => {
            searches += 1;
            let mut mode = None;
            if cursor.peek() != Some(b'{') {
                flawed = true;
                return cursor.skip();
            }
            cursor.object(|cursor, key| match &*key.text() {
                "mode" => take_string(cursor, &mut mode, &mut flawed),
                _ => cursor.skip(),
            })?;
            entry.mode = match mode.as_deref() {
                Some("match") => Some(EntryMode::Match),
                Some("include") => Some(EntryMode::Include),
                Some("outcome") => Some(EntryMode::Outcome),
                _ => None,
            };
            Ok(())
        }
        _ => cursor.skip(),
    })?;
    if flawed || resources > 1 || searches > 1 || entry.mode == Some(EntryMode::Outcome) {
        entry.facts = None;
    }
    Ok(entry)
}

/// Writes the Bundle with the entries that can be judged, and says where each one stands. The order of what is included does
/// not depend on the matches that it came with, as some of them may be withheld.
fn write(
    text: &str,
    entries: &[Entry],
    (searched, asked): (ResourceType, &[Asked]),
    rewrite: &Rewrite,
    body: &mut Vec<u8>,
) -> Vec<IndexedEntry> {
    body.extend_from_slice(HEAD);
    let mut known: HashSet<(ResourceType, &str), ahash::RandomState> = HashSet::default();
    let (mut matches, mut included, mut lost) = (Vec::with_capacity(entries.len()), Vec::new(), Vec::new());
    for entry in entries {
        match &entry.facts {
            Some(facts) if facts.resource_type == searched && entry.mode != Some(EntryMode::Include) => {
                // Of a resource that comes twice the first counts: totals and pages would tell the two apart.
                if known.insert((facts.resource_type, facts.id.as_str())) {
                    matches.push((entry, facts));
                } else {
                    lost.push(entry.mode);
                }
            }
            Some(facts) => included.push((entry, facts)),
            None => lost.push(entry.mode),
        }
    }
    included.retain(|(entry, facts)| {
        let first = known.insert((facts.resource_type, facts.id.as_str()));
        if !first {
            lost.push(entry.mode);
        }
        first
    });
    let resource = |entry: &Entry| text.get(entry.resource.clone()).unwrap_or_default();
    let mut because = Vec::new();
    if !included.is_empty() {
        included.sort_by(|(_, one), (_, other)| {
            (one.resource_type.as_str(), one.id.as_str())
                .cmp(&(other.resource_type.as_str(), other.id.as_str()))
        });
        let named = |(entry, facts): &(&Entry, &EntryFacts)| {
            ((facts.resource_type, facts.id.clone()), resource(entry))
        };
        let all: (Vec<_>, Vec<_>) =
            (matches.iter().map(named).collect(), included.iter().map(named).collect());
        because = includes::because(&all.0, &all.1, asked, &rewrite.bases());
    }
    let matches = matches.into_iter().map(|(entry, facts)| (entry, facts, EntryMode::Match, Box::default()));
    let included = included.into_iter().zip(because);
    let included = included.map(|((entry, facts), because)| (entry, facts, EntryMode::Include, because));
    let mut before: &[u8] = br#","entry":["#;
    let mut indexed = Vec::with_capacity(entries.len());
    for (entry, facts, mode, because) in matches.chain(included) {
        let word = if mode == EntryMode::Match { "match" } else { "include" };
        body.extend_from_slice(before);
        before = b",";
        let start = body.len();
        let kind = facts.resource_type.as_str();
        for part in
            [r#"{"fullUrl":""#, rewrite.facade(), "/", kind, "/", facts.id.as_str(), r#"","resource":"#]
        {
            body.extend_from_slice(part.as_bytes());
        }
        rewrite.copy(&pointed(resource(entry), facts, rewrite), body);
        for part in [r#","search":{"mode":""#, word, r#""}}"#] {
            body.extend_from_slice(part.as_bytes());
        }
        indexed.push(IndexedEntry { span: start..body.len(), facts: Some(facts.clone()), mode, because });
    }
    body.extend_from_slice(if before == b"," { b"]}" } else { b"}" });
    indexed.extend(lost.into_iter().map(|mode| IndexedEntry {
        span: 0..0,
        facts: None,
        mode: mode.unwrap_or(EntryMode::Outcome),
        because: Box::default(),
    }));
    indexed
}

/// The next link without the EHR's base. One that leads elsewhere is an error: to follow it would be unsafe, to leave it out
/// would show part of a record as the whole.
fn next_link(links: &[(String, String)], rewrite: &Rewrite) -> Result<Option<Arc<str>>, IndexError> {
    let mut nexts = links.iter().filter(|(relation, _)| relation == "next").map(|(_, url)| url.as_str());
    let Some(url) = nexts.next() else { return Ok(None) };
    // The facade's among them: a link with escaped slashes was rewritten before it came here.
    let below = rewrite.bases().iter().find_map(|base| relative(url, base));
    let below = below.filter(|link| nexts.next().is_none() && is_safe(link));
    below.map(|link| Some(link.into())).ok_or(IndexError::ForeignNext)
}

fn relative<'a>(url: &'a str, base: &str) -> Option<&'a str> {
    let after = |rest: &'a str| rest.strip_prefix('/').or_else(|| rest.starts_with('?').then_some(rest));
    if let Some(rest) = url.strip_prefix(base) {
        return after(rest);
    }
    if url.starts_with('/') {
        // The path of the base, when the EHR leaves scheme and host out.
        let (_, host_and_path) = base.split_once("://")?;
        let path = host_and_path.find('/').and_then(|at| host_and_path.get(at..)).unwrap_or_default();
        return after(url.strip_prefix(path)?);
    }
    let first = url.split(['/', '?']).next()?;
    (first.is_empty() || ResourceType::parse(first).is_some()).then_some(url)
}

/// Whether a link cannot climb out of the base or carry anything but path and query.
fn is_safe(link: &str) -> bool {
    let path = link.split('?').next().unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'$');
    !link.is_empty()
        && path.bytes().all(plain)
        && path.split('/').all(|part| !matches!(part, "." | ".."))
        && !path.starts_with('/')
        && !link.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '#' | '\\'))
}
