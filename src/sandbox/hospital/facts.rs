//! What a resource can be found by: small terms taken out of its JSON once, when it is made.

use serde_json::Value;

use super::params::{self, Compare};
use super::{kind::Kind, moment};

/// One searchable value of a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// A code with its system (empty when it has none).
    Token {
        /// Code system, or empty.
        system: String,
        /// Code or identifier.
        code: String,
    },
    /// A stretch of time in milliseconds: from, inclusive; until, exclusive.
    Date(i64, i64),
    /// `Type/id`.
    Reference(String),
    /// Words in lower case.
    Text(String),
}

/// A term under the name of its parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// Name of the search parameter.
    pub param: &'static str,
    /// The value.
    pub term: Term,
}

/// Every fact of a resource of type `kind`.
pub fn of(kind: Kind, resource: &Value) -> Vec<Fact> {
    let mut facts = Vec::new();
    for param in params::of(kind) {
        for path in param.paths {
            visit(resource, path, &mut |value| {
                let mut keep = |term| facts.push(Fact { param: param.name, term });
                match param.compare {
                    Compare::Token => tokens(value, &mut keep),
                    Compare::Date => {
                        if let Some((from, until)) = date(value) {
                            keep(Term::Date(from, until));
                        }
                    }
                    Compare::Reference => {
                        // A canonical is a string.
                        if let Some(target) = value.get("reference").unwrap_or(value).as_str() {
                            keep(Term::Reference(target.to_owned()));
                        }
                    }
                    Compare::Text => {
                        if let Some(text) = value.as_str() {
                            keep(Term::Text(text.to_lowercase()));
                        }
                    }
                }
            });
        }
    }
    facts
}

fn visit(value: &Value, path: &str, found: &mut dyn FnMut(&Value)) {
    if let Value::Array(items) = value {
        for item in items {
            visit(item, path, found);
        }
        return;
    }
    if path.is_empty() {
        found(value);
        return;
    }
    let (head, rest) = path.split_once('.').unwrap_or((path, ""));
    if let Some(child) = value.get(head) {
        visit(child, rest, found);
    }
}

fn tokens(value: &Value, keep: &mut dyn FnMut(Term)) {
    let token = |system: &str, code: &str| Term::Token { system: system.to_owned(), code: code.to_owned() };
    match value {
        Value::String(code) => keep(token("", code)),
        Value::Bool(flag) => keep(token("", if *flag { "true" } else { "false" })),
        Value::Object(object) => {
            if let Some(codings) = object.get("coding").and_then(Value::as_array) {
                for coding in codings {
                    tokens(coding, keep);
                }
                return;
            }
            let system = object.get("system").and_then(Value::as_str).unwrap_or_default();
            let code = object.get("code").or_else(|| object.get("value")).and_then(Value::as_str);
            if let Some(code) = code {
                keep(token(system, code));
            }
        }
        _ => {}
    }
}

fn date(value: &Value) -> Option<(i64, i64)> {
    if let Some(text) = value.as_str() {
        return moment::stretch(text);
    }
    let side = |name| value.get(name).and_then(Value::as_str).and_then(moment::stretch);
    let (start, end) = (side("start"), side("end"));
    if start.is_none() && end.is_none() {
        return None;
    }
    Some((start.map_or(i64::MIN, |s| s.0), end.map_or(i64::MAX, |e| e.1)))
}
