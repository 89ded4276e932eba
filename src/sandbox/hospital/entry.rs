//! One version of one resource, ready to be sent.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::facts::{self, Fact};
use super::kind::Kind;
use super::meta::{self, Label};
use super::{json as j, time};
use crate::domain::clock::Timestamp;

/// One version of a resource.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its type.
    pub kind: Kind,
    /// Its logical id.
    pub id: String,
    /// `meta.versionId`.
    pub version: u32,
    /// `meta.lastUpdated`.
    pub updated: Timestamp,
    /// The resource as JSON.
    pub body: Bytes,
    /// What it can be found by.
    pub facts: Vec<Fact>,
}

/// A resource that is still being put together.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its type.
    pub kind: Kind,
    /// Its logical id.
    pub id: String,
    /// When it was last changed.
    pub updated: Timestamp,
    /// US Core profiles that it claims.
    pub profiles: Vec<&'static str>,
    /// Security labels.
    pub labels: Vec<Label>,
    /// Everything but `resourceType`, `id` and `meta`.
    pub body: Value,
}

impl Draft {
    /// The finished version.
    pub fn finish(self) -> Entry {
        let meta = meta::meta(1, self.updated, &self.profiles, &self.labels);
        let empty = Map::new();
        let body = self.body.as_object().unwrap_or(&empty);
        Entry {
            kind: self.kind,
            facts: facts::of(self.kind, &self.body),
            body: j::render(self.kind.as_str(), &self.id, &meta, body).into(),
            id: self.id,
            version: 1,
            updated: self.updated,
        }
    }
}

impl Entry {
    /// `Type/id`.
    pub fn reference(&self) -> String {
        format!("{}/{}", self.kind, self.id)
    }

    /// The next version, with `change` applied to its JSON at the moment `now`.
    #[must_use]
    pub fn revise(&self, now: Timestamp, change: impl FnOnce(&mut Map<String, Value>)) -> Self {
        let mut whole: Map<String, Value> = serde_json::from_slice(&self.body).unwrap_or_default();
        change(&mut whole);
        let mut meta = whole.remove("meta").unwrap_or_default();
        j::set(&mut meta, "versionId", Value::String((self.version + 1).to_string()));
        j::set(&mut meta, "lastUpdated", Value::String(time::instant(now)));
        let body = j::render(self.kind.as_str(), &self.id, &meta, &whole).into();
        let facts = facts::of(self.kind, &Value::Object(whole));
        Self { kind: self.kind, id: self.id.clone(), version: self.version + 1, updated: now, body, facts }
    }

    /// The values under the search parameter `name`.
    pub fn terms(&self, name: &str) -> impl Iterator<Item = &facts::Term> {
        self.facts.iter().filter(move |fact| fact.param == name).map(|fact| &fact.term)
    }
}
