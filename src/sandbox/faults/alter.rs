//! What faults do to the content of an answer.

use serde_json::{Map, Value, json};

use super::fault::Fault;

/// Stands in everything that a fault adds and nobody may get to see.
pub const MARKER: &str = "Zebulon Quarrymeadow";

/// The id of a patient who is nobody's, unless a schedule's user has one of that name.
pub const STRANGER: &str = "stranger";

/// What is known of the exchange.
pub(super) struct About<'a> {
    /// The proxy's origin.
    pub(super) own: &'a str,
    /// Path and query as they were asked for.
    pub(super) target: &'a str,
    /// The last entry of the Bundle before.
    pub(super) before: Option<&'a Value>,
}

impl About<'_> {
    /// The request with a parameter that the proxy takes off again.
    fn with(&self, name: &str, value: &str) -> String {
        let separator = if self.target.contains('?') { '&' } else { '?' };
        format!("{}{}{separator}{name}={value}", self.own, strip(self.target))
    }
}

/// The parameters that [`About::with`] adds.
const OWN: [&str; 2] = ["_fault_loop", "_fault_page"];

/// A target without the proxy's own parameters.
pub(super) fn strip(target: &str) -> String {
    let Some((path, query)) = target.split_once('?') else { return target.to_owned() };
    let kept: Vec<&str> =
        query.split('&').filter(|part| !OWN.iter().any(|own| part.starts_with(&format!("{own}=")))).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

/// The value of one of the proxy's own parameters.
pub(super) fn own<'a>(target: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = target.split_once('?')?;
    query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
}

/// The resource, or Bundle, as the fault leaves it.
pub(super) fn content(fault: Fault, body: &mut Value, about: &About<'_>) {
    match fault {
        Fault::OtherId => set(body, "id", json!("somebody-else")),
        Fault::OtherType => set(body, "resourceType", json!("Organization")),
        Fault::DuplicateIds => entries(body, |entries| {
            let twice = |entry: Value| [entry.clone(), entry.clone(), of_stranger(entry)];
            *entries = std::mem::take(entries).into_iter().flat_map(twice).collect();
        }),
        Fault::ForeignEntries => entries(body, |entries| {
            let and_another = |entry: Value| {
                let mut other = of_stranger(entry.clone());
                rename(&mut other, "-of-another");
                [other, entry]
            };
            *entries = std::mem::take(entries).into_iter().flat_map(and_another).collect();
        }),
        Fault::NextToItself => next(body, &about.with("_fault_loop", "0")),
        Fault::NextLoop => {
            let onward = if own(about.target, "_fault_loop") == Some("1") { "2" } else { "1" };
            next(body, &about.with("_fault_loop", onward));
        }
        Fault::NextWithoutEnd => {
            let page: u64 = own(about.target, "_fault_page").and_then(|page| page.parse().ok()).unwrap_or(0);
            next(body, &about.with("_fault_page", &(page + 1).to_string()));
        }
        Fault::NextElsewhere => {
            let port = about.own.rsplit(':').next().unwrap_or_default();
            next(body, &format!("http://localhost:{port}{}", about.target));
        }
        Fault::MovingPages => {
            entries(body, |entries| drop(entries.splice(..0, about.before.cloned())));
        }
        Fault::MovedPatient => {
            entries(body, |entries| drop(entries.splice(..0, about.before.cloned().map(of_stranger))));
        }
        Fault::Megabytes => first(body, |resource| {
            resource.insert("text".to_owned(), narrative("Long. ", 350_000));
        }),
        Fault::LyingTotal => set(body, "total", json!(100_000)),
        Fault::OutcomeEntries => entries(body, |entries| {
            entries.insert(0, json!({"resource": outcome(), "search": {"mode": "outcome"}}));
            entries.push(json!({"resource": outcome(), "search": {"mode": "match"}}));
        }),
        Fault::ForeignContained => resources(body, |resource| {
            let contained = json!([{"resourceType": "Observation", "id": "c", "subject": {"reference": format!("Patient/{STRANGER}")},
                "code": {"text": MARKER}}]);
            resource.insert("contained".to_owned(), contained);
        }),
        _ => {}
    }
}

/// Text that the fault leaves of the JSON.
pub(super) fn text(fault: Fault, text: String) -> Vec<u8> {
    match fault {
        Fault::TruncatedJson => {
            let mut bytes = text.into_bytes();
            bytes.truncate(bytes.len() / 2);
            bytes
        }
        Fault::MalformedJson => text.replacen(':', "=", 1).into_bytes(),
        Fault::DuplicateKeys => duplicate_keys(&text).into_bytes(),
        Fault::DuplicateBundleKeys => text.replacen("\"entry\":", "\"entry\":[],\"entry\":", 1).into_bytes(),
        Fault::TooLarge => (text + &" ".repeat(40 * 1024 * 1024)).into_bytes(),
        Fault::ByteOrderMark => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        Fault::Utf16 => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Fault::DeepNesting => text
            .replacen('{', &format!("{{\"x\":{}{},", "[".repeat(100_000), "]".repeat(100_000)), 1)
            .into_bytes(),
        _ => text.into_bytes(),
    }
}

/// An outcome that says what it should not.
pub(super) fn outcome() -> Value {
    json!({"resourceType": "OperationOutcome", "id": "o", "issue": [{"severity": "error", "code": "exception",
        "diagnostics": format!("NullPointerException at Patient {MARKER}, MRN 4711")}]})
}

/// A second `subject` or `patient`, and a second `id` of Patients, before the first.
fn duplicate_keys(text: &str) -> String {
    let stranger = format!(r#"{{"reference":"Patient/{STRANGER}","display":"{MARKER}"}}"#);
    let mut text = text.to_owned();
    for key in ["subject", "patient"] {
        let found = format!("\"{key}\":{{");
        text = text.replace(&found, &format!("\"{key}\":{stranger},{found}"));
    }
    let patient = r#""resourceType":"Patient""#;
    text.replace(patient, &format!(r#""id":"{STRANGER}",{patient}"#))
}

fn set(body: &mut Value, name: &str, value: Value) {
    if let Some(object) = body.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

fn entries(body: &mut Value, change: impl FnOnce(&mut Vec<Value>)) {
    if let Some(entries) = body.get_mut("entry").and_then(Value::as_array_mut) {
        change(entries);
    }
}

/// Every resource of a Bundle, or the one that it is.
fn resources(body: &mut Value, change: impl Fn(&mut Map<String, Value>)) {
    if body.get("resourceType").is_some_and(|kind| kind == "Bundle") {
        entries(body, |entries| {
            entries
                .iter_mut()
                .filter_map(|entry| entry.get_mut("resource")?.as_object_mut())
                .for_each(change);
        });
    } else if let Some(resource) = body.as_object_mut() {
        change(resource);
    }
}

/// The first resource of a Bundle, or the one that it is.
fn first(body: &mut Value, change: impl FnOnce(&mut Map<String, Value>)) {
    let bundled = body.pointer("/entry/0/resource").is_some();
    let resource = if bundled { body.pointer_mut("/entry/0/resource") } else { Some(body) };
    if let Some(resource) = resource.and_then(Value::as_object_mut) {
        change(resource);
    }
}

/// The same entry with the stranger for its patient.
fn of_stranger(mut entry: Value) -> Value {
    let Some(resource) = entry.get_mut("resource").and_then(Value::as_object_mut) else { return entry };
    let reference = json!({"reference": format!("Patient/{STRANGER}"), "display": MARKER});
    for name in ["subject", "patient", "beneficiary"] {
        if let Some(owner) = resource.get_mut(name) {
            *owner = reference.clone();
        }
    }
    if resource.get("resourceType").is_some_and(|kind| kind == "Patient") {
        resource.insert("id".to_owned(), json!(STRANGER));
        resource.insert("name".to_owned(), json!([{"text": MARKER}]));
    }
    entry
}

fn rename(entry: &mut Value, suffix: &str) {
    let Some(resource) = entry.get_mut("resource") else { return };
    let id = resource.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    set(resource, "id", json!(format!("{id}{suffix}")));
}

fn next(body: &mut Value, url: &str) {
    if body.get("resourceType").is_none_or(|kind| kind != "Bundle") {
        return;
    }
    let mut links = body.get("link").and_then(Value::as_array).cloned().unwrap_or_default();
    links.retain(|link| link.get("relation").is_none_or(|relation| relation != "next"));
    links.push(json!({"relation": "next", "url": url}));
    set(body, "link", Value::Array(links));
}

fn narrative(words: &str, times: usize) -> Value {
    let text = words.repeat(times);
    json!({"status": "generated", "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{text}</div>")})
}
