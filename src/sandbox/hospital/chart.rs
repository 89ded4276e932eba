//! A child's record while it is being written, one resource after another.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::draw::{Draw, Stream};
use super::entry::{Draft, Entry};
use super::growth::{self, Typical};
use super::kind::Kind;
use super::meta::Label;
use super::person::Child;
use super::staff::Clinician;
use super::write::plans;
use super::{json as j, time};
use crate::domain::clock::Timestamp;

/// A record that is being written.
pub struct Chart<'a> {
    /// Whose.
    pub child: &'a Child,
    /// The hospital's day on which the record is looked at.
    pub today: Date,
    /// The moment after which nothing has happened yet.
    pub now: Timestamp,
    /// Choices for this child.
    pub draw: Draw,
    /// Labels for whatever is written next.
    pub labels: Vec<Label>,
    /// How the child's size compares, in standard deviations.
    pub size: f64,
    slots: Vec<Option<Draft>>,
    written: Vec<Written>,
}

/// Resources that one author wrote on one occasion; they share a Provenance.
struct Written {
    occasion: String,
    author: &'static Clinician,
    at: Timestamp,
    targets: Vec<String>,
}

impl<'a> Chart<'a> {
    /// An empty record of `child`.
    pub fn new(seed: u64, child: &'a Child, now: Timestamp) -> Self {
        let mut draw = Draw::new(seed, Stream::Chart, child.index as u64);
        let size = draw.bell() * 0.8;
        Self {
            child,
            today: time::day_of(now),
            now,
            draw,
            labels: Vec::new(),
            size,
            slots: Vec::new(),
            written: Vec::new(),
        }
    }

    /// Keeps a place and an id for a resource that is written later.
    pub fn reserve(&mut self, kind: Kind) -> String {
        let id = format!("{}-{}{}", self.child.id(), kind.mark(), self.slots.len());
        self.slots.push(None);
        id
    }

    /// Writes the resource of a reserved id.
    pub fn put(&mut self, kind: Kind, id: &str, profiles: &[&'static str], updated: Timestamp, body: Value) {
        let draft = Draft {
            kind,
            id: id.to_owned(),
            updated: updated.min(self.now),
            profiles: profiles.to_vec(),
            labels: self.labels.clone(),
            body,
        };
        let at = slot_of_id(id).unwrap_or(0);
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = Some(draft);
        }
    }

    /// Writes a resource and gives its reference.
    pub fn add(&mut self, kind: Kind, profiles: &[&'static str], updated: Timestamp, body: Value) -> String {
        let id = if kind == Kind::Patient {
            self.slots.push(None);
            self.child.id()
        } else {
            self.reserve(kind)
        };
        self.put(kind, &id, profiles, updated, body);
        format!("{kind}/{id}")
    }

    /// Remembers that `author` wrote `target` on `occasion` (an encounter's reference, or a word).
    pub fn wrote(&mut self, occasion: &str, author: &'static Clinician, at: Timestamp, target: &str) {
        let at = at.min(self.now);
        let known =
            self.written.iter_mut().find(|w| w.occasion == occasion && std::ptr::eq(w.author, author));
        match known {
            Some(written) => {
                written.at = written.at.max(at);
                written.targets.push(target.to_owned());
            }
            None => self.written.push(Written {
                occasion: occasion.to_owned(),
                author,
                at,
                targets: vec![target.to_owned()],
            }),
        }
    }

    /// The day `days` before today.
    pub fn day(&self, days: i64) -> Date {
        time::shift(self.today, -days)
    }

    /// `hour`:`minute` on the day `days` before today, never later than now.
    pub fn on(&self, days: i64, hour: i8, minute: i8) -> Timestamp {
        time::at(self.day(days), hour, minute).min(self.now)
    }

    /// `hours` before now.
    pub fn hours_ago(&self, hours: i64) -> Timestamp {
        time::after(self.now, -hours * 60)
    }

    /// Age in days at `moment`.
    pub fn age_days(&self, moment: Timestamp) -> i64 {
        self.child.age_days(time::day_of(moment))
    }

    /// What is typical for this child at `moment`.
    pub fn typical(&self, moment: Timestamp) -> Typical {
        growth::typical(self.child.girl, j::float(self.age_days(moment)), self.size)
    }

    /// `subject` and `patient`.
    pub fn subject(&self) -> Value {
        j::reference(&self.child.reference(), &self.child.name())
    }

    /// The finished record, with a Provenance for everything that was written.
    pub fn finish(mut self) -> Vec<Entry> {
        self.provenances();
        // After everything else, so that no id of what was written before depends on it.
        plans::follow(&mut self);
        self.provenances();
        self.slots.into_iter().flatten().map(Draft::finish).collect()
    }

    /// What was written so far.
    pub fn drafts(&self) -> impl Iterator<Item = &Draft> {
        self.slots.iter().flatten()
    }

    fn provenances(&mut self) {
        for written in std::mem::take(&mut self.written) {
            // One for each type: it is shown with a search of one type only where all that it is about is found.
            let mut kinds: Vec<Vec<String>> = Vec::new();
            for target in &written.targets {
                let kind = |target: &str| target.split('/').next().map(str::to_owned);
                match kinds.iter_mut().find(|of| of.first().and_then(|first| kind(first)) == kind(target)) {
                    Some(of) => of.push(target.clone()),
                    None => kinds.push(vec![target.clone()]),
                }
            }
            for targets in kinds {
                let body = provenance(&written, &targets);
                self.labels = Vec::new();
                self.add(Kind::Provenance, &["us-core-provenance"], written.at, body);
            }
        }
    }
}

/// The place of a resource in its record, from its id.
pub fn slot_of_id(id: &str) -> Option<usize> {
    match id.split_once('-') {
        None => Some(0),
        Some((_, rest)) => rest.trim_start_matches(|c: char| c.is_ascii_lowercase()).parse().ok(),
    }
}

fn provenance(written: &Written, targets: &[String]) -> Value {
    let author = written.author;
    let employer = super::directory::employer(author);
    let employer = j::reference(&format!("Organization/{}", employer.organization_id()), employer.name);
    let targets: Vec<Value> = targets.iter().map(|t| json!({ "reference": t })).collect();
    json!({
        "target": targets,
        "recorded": time::instant(written.at),
        "agent": [
            {
                "type": j::hl7_concept("provenance-participant-type", "author", "Author"),
                "who": j::reference(&author.reference(), &author.signed()),
                "onBehalfOf": employer
            },
            {
                "type": { "coding": [j::coding("http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type", "transmitter", "Transmitter")], "text": "Transmitter" },
                "who": j::reference("Organization/org-1", super::staff::HOSPITAL.name)
            }
        ]
    })
}
