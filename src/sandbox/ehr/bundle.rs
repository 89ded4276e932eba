//! Search results as Bundles, put together from ready JSON.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::outcome;
use crate::sandbox::hospital::entry::Entry;
use crate::sandbox::hospital::json as j;

/// A page of results.
pub struct Page<'p> {
    /// The server's own base URL.
    pub base: &'p str,
    /// All matches, not only those of this page; `None` leaves it out.
    pub total: Option<usize>,
    /// Where this page is.
    pub self_link: String,
    /// Where the next page is.
    pub next_link: Option<String>,
    /// Matches.
    pub matches: Vec<Arc<Entry>>,
    /// What came along.
    pub included: Vec<Arc<Entry>>,
    /// Names of parameters that were not understood.
    pub unknown: &'p [String],
    /// `_elements`; empty for whole resources.
    pub elements: &'p [String],
    /// Whether references in resources are made absolute.
    pub absolute: bool,
}

/// The Bundle as JSON.
pub fn searchset(page: &Page<'_>) -> Vec<u8> {
    let size: usize = page.matches.iter().chain(&page.included).map(|entry| entry.body.len() + 160).sum();
    let mut out = Vec::with_capacity(size + 512);
    out.extend_from_slice(b"{\"resourceType\":\"Bundle\",\"type\":\"searchset\"");
    if let Some(total) = page.total {
        out.extend_from_slice(format!(",\"total\":{total}").as_bytes());
    }
    let mut links = vec![json!({ "relation": "self", "url": page.self_link })];
    if let Some(next) = &page.next_link {
        links.push(json!({ "relation": "next", "url": next }));
    }
    out.extend_from_slice(b",\"link\":");
    out.extend_from_slice(Value::Array(links).to_string().as_bytes());
    let matches = page.matches.iter().map(|entry| (entry, "match"));
    let included = page.included.iter().map(|entry| (entry, "include"));
    let mut first = true;
    for (entry, mode) in matches.chain(included) {
        out.extend_from_slice(if first { b",\"entry\":[" } else { b"," });
        first = false;
        out.extend_from_slice(
            format!("{{\"fullUrl\":\"{}/{}\",\"resource\":", page.base, entry.reference()).as_bytes(),
        );
        out.extend_from_slice(&resource(entry, page));
        out.extend_from_slice(format!(",\"search\":{{\"mode\":\"{mode}\"}}}}").as_bytes());
    }
    if !page.unknown.is_empty() {
        out.extend_from_slice(if first { b",\"entry\":[" } else { b"," });
        first = false;
        let text = format!("Ignored unknown parameters: {}", page.unknown.join(", "));
        let warning = outcome::outcome("warning", "not-supported", &text);
        out.extend_from_slice(
            json!({ "resource": warning, "search": { "mode": "outcome" } }).to_string().as_bytes(),
        );
    }
    out.extend_from_slice(if first { b"}" } else { b"]}" });
    out
}

fn resource(entry: &Entry, page: &Page<'_>) -> Vec<u8> {
    let body = if page.elements.is_empty() { entry.body.to_vec() } else { subset(entry, page.elements) };
    if page.absolute { absolute(&body, page.base) } else { body }
}

/// The resource with the elements asked for, marked as incomplete.
fn subset(entry: &Entry, elements: &[String]) -> Vec<u8> {
    let whole: Map<String, Value> = serde_json::from_slice(&entry.body).unwrap_or_default();
    let mut meta = whole.get("meta").cloned().unwrap_or_else(|| json!({}));
    j::set(
        &mut meta,
        "tag",
        json!([{ "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED" }]),
    );
    let kept: Map<String, Value> =
        whole.into_iter().filter(|(name, _)| elements.iter().any(|element| element == name)).collect();
    crate::sandbox::hospital::json::render(entry.kind.as_str(), &entry.id, &meta, &kept)
}

/// Relative references and attachment URLs made absolute.
pub fn absolute(body: &[u8], base: &str) -> Vec<u8> {
    let Ok(mut whole) = serde_json::from_slice::<Value>(body) else { return body.to_vec() };
    lengthen(&mut whole, base);
    whole.to_string().into_bytes()
}

fn lengthen(value: &mut Value, base: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| lengthen(item, base)),
        Value::Object(object) => {
            for (name, child) in object {
                match child {
                    Value::String(text)
                        if name == "reference" || (name == "url" && text.starts_with("Binary/")) =>
                    {
                        *text = format!("{base}/{text}");
                    }
                    _ => lengthen(child, base),
                }
            }
        }
        _ => {}
    }
}

/// The versions of one resource, newest first.
pub fn history(base: &str, versions: &[super::world::Version]) -> Vec<u8> {
    let entries: Vec<Value> = versions
        .iter()
        .rev()
        .map(|version| {
            let entry = &version.entry;
            let method = match (version.deleted, entry.version) {
                (true, _) => "DELETE",
                (false, 1) => "POST",
                (false, _) => "PUT",
            };
            let mut shown = json!({
                "fullUrl": format!("{base}/{}", entry.reference()),
                "request": { "method": method, "url": entry.reference() },
                "response": {
                    "status": if entry.version == 1 { "201" } else { "200" },
                    "etag": format!("W/\"{}\"", entry.version),
                    "lastModified": crate::sandbox::hospital::time::instant(entry.updated)
                }
            });
            if !version.deleted {
                j::set(&mut shown, "resource", serde_json::from_slice(&entry.body).unwrap_or_default());
            }
            shown
        })
        .collect();
    json!({ "resourceType": "Bundle", "type": "history", "total": entries.len(), "entry": entries })
        .to_string()
        .into_bytes()
}
