//! JSON read by `serde_json` with every member kept, repeated ones too: the oracle's view of a body.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// `null`, a boolean or a number: nothing that decides.
    Other,
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    /// Reads JSON; `None` also for what `serde_json` cannot hold in strings of Rust (half a surrogate pair) or numbers.
    pub fn read(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// The members of an object.
    pub fn members(&self) -> Option<&[(String, Self)]> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The first member of this name.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members()?.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// How often a member of this name is there.
    pub fn times(&self, name: &str) -> usize {
        self.members().unwrap_or_default().iter().filter(|(own, _)| own == name).count()
    }

    /// The same without repeated members: of each name the first, or the last.
    pub fn reading(&self, first: bool) -> Self {
        match self {
            Self::List(items) => Self::List(items.iter().map(|item| item.reading(first)).collect()),
            Self::Object(members) => {
                let mut kept: Vec<(String, Self)> = Vec::new();
                for (name, value) in members {
                    match kept.iter().position(|(own, _)| own == name) {
                        None => kept.push((name.clone(), value.reading(first))),
                        Some(at) if !first => kept[at].1 = value.reading(first),
                        Some(_) => {}
                    }
                }
                Self::Object(kept)
            }
            other => other.clone(),
        }
    }

    /// How deep it is nested.
    pub fn depth(&self) -> usize {
        match self {
            Self::List(items) => 1 + items.iter().map(Self::depth).max().unwrap_or_default(),
            Self::Object(members) => {
                1 + members.iter().map(|(_, value)| value.depth()).max().unwrap_or_default()
            }
            _ => 0,
        }
    }

    /// Calls `each` with every member in it, at any depth.
    pub fn every_member<'a>(&'a self, each: &mut dyn FnMut(&'a str, &'a Self)) {
        match self {
            Self::List(items) => items.iter().for_each(|item| item.every_member(each)),
            Self::Object(members) => {
                for (name, value) in members {
                    each(name, value);
                    value.every_member(each);
                }
            }
            _ => {}
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Node::Object(members))
    }
}
