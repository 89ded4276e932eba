//! What a family chooses for somebody: which parts of the record, and how long (D-06). The same fields in each form.

use jiff::civil::Date;
use serde::Deserialize;

use super::child::Child;
use crate::accounts::families::Choice;
use crate::domain::clock::Timestamp;
use crate::domain::grant::{DataKind, DataKinds, Grant, GrantedBy};
use crate::domain::language::Language;
use crate::portal::Portal;
use crate::web::dates;
use crate::web::forms::FormErrors;
use crate::words::{say, say_with};

/// The parts, as forms name them and words say them.
pub const PARTS: [(DataKind, &str, &str); 4] = [
    (DataKind::Visits, "visits", "family-part-visits"),
    (DataKind::Notes, "notes", "family-part-notes"),
    (DataKind::Medications, "medications", "family-part-medications"),
    (DataKind::Labs, "labs", "family-part-labs"),
];

/// The fields as they were sent, to be shown again.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Fields {
    pub visits: String,
    pub notes: String,
    pub medications: String,
    pub labs: String,
    pub restricted: String,
    /// `day` or `revoked`.
    pub until: String,
    pub ends: String,
}

impl Fields {
    /// Everything but what is restricted, until it is taken back.
    pub fn open() -> Self {
        let on = || "on".to_owned();
        let until = "revoked".to_owned();
        Self { visits: on(), notes: on(), medications: on(), labs: on(), until, ..Self::default() }
    }

    /// What a grant gives now.
    pub fn of_grant(portal: &Portal, child: &Child, grant: &Grant) -> Self {
        let on = |kind| if grant.kinds.contains(kind) { "on".to_owned() } else { String::new() };
        // The birthday ends it whatever is chosen.
        let chosen = grant
            .ends_at
            .filter(|end| grant.granted_by == GrantedBy::Patient || *end < child.decider.adult_at);
        let last = chosen.map(|end| {
            let last = Timestamp::from_millis(end.as_millis().saturating_sub(1));
            dates::day_of(last, &portal.accounts.majority().zone).to_string()
        });
        Self {
            visits: on(DataKind::Visits),
            notes: on(DataKind::Notes),
            medications: on(DataKind::Medications),
            labs: on(DataKind::Labs),
            restricted: if grant.covers_restricted { "on".to_owned() } else { String::new() },
            until: if last.is_some() { "day".to_owned() } else { "revoked".to_owned() },
            ends: last.unwrap_or_default(),
        }
    }

    fn has(&self, kind: DataKind) -> bool {
        let field = match kind {
            DataKind::Visits => &self.visits,
            DataKind::Notes => &self.notes,
            DataKind::Medications => &self.medications,
            DataKind::Labs => &self.labs,
        };
        !field.is_empty()
    }

    /// Reads the fields, or says what is wrong with them.
    pub fn read(&self, portal: &Portal, language: Language) -> Result<Choice, FormErrors> {
        let mut errors = FormErrors::default();
        let kinds: Vec<DataKind> =
            PARTS.iter().map(|(kind, ..)| *kind).filter(|kind| self.has(*kind)).collect();
        if kinds.is_empty() {
            errors.add("visits", say(language, "family-error-parts"));
        }
        let ends_at = if self.until == "day" {
            let today = portal.today();
            let day = dates::read(&self.ends).filter(|day| *day >= today);
            let end = day.and_then(|day| portal.accounts.majority().end_of(day));
            if end.is_none() {
                errors.add("ends", say(language, "family-error-ends"));
            }
            end
        } else {
            None
        };
        if errors.is_empty() {
            let covers_restricted = !self.restricted.is_empty();
            Ok(Choice { kinds: DataKinds::of(&kinds), covers_restricted, ends_at })
        } else {
            Err(errors)
        }
    }
}

/// One box to tick.
pub struct PartBox {
    pub name: &'static str,
    pub label: String,
    pub hint: String,
    pub ticked: bool,
}

/// The fields as a page shows them.
pub struct Boxes {
    pub parts: Vec<PartBox>,
    pub restricted: bool,
    pub until_day: bool,
    pub ends: String,
    pub first: String,
    /// What ends it in any case, in words.
    pub at_most: String,
}

impl Boxes {
    pub fn of(portal: &Portal, child: &Child, fields: &Fields) -> Self {
        let at_most = match child.decider.acts_as {
            GrantedBy::Guardian => child.ends_at_most(portal),
            GrantedBy::Patient => String::new(),
        };
        Self::new(child.words.language, fields, portal.today(), at_most)
    }

    fn new(language: Language, fields: &Fields, today: Date, at_most: String) -> Self {
        let boxes = PARTS.iter().map(|(kind, name, key)| PartBox {
            name,
            label: say(language, key),
            hint: say(language, &format!("{key}-hint")),
            ticked: fields.has(*kind),
        });
        Self {
            parts: boxes.collect(),
            restricted: !fields.restricted.is_empty(),
            until_day: fields.until == "day",
            ends: fields.ends.clone(),
            first: today.to_string(),
            at_most,
        }
    }

    #[cfg(test)]
    pub fn sample(language: Language) -> Self {
        let fields =
            Fields { until: "day".into(), ends: "2027-05-03".into(), notes: String::new(), ..Fields::open() };
        Self::new(language, &fields, jiff::civil::date(2026, 11, 24), "until 18".into())
    }
}

/// What may be seen, in a parent's words.
pub fn parts(language: Language, kinds: DataKinds, covers_restricted: bool) -> String {
    let words = if kinds == DataKinds::ALL {
        say(language, "family-parts-all")
    } else {
        let named: Vec<String> = PARTS
            .iter()
            .filter(|(kind, ..)| kinds.contains(*kind))
            .map(|(_, name, _)| say(language, &format!("family-some-{name}")))
            .collect();
        match named.as_slice() {
            [] => say(language, "family-parts-none"),
            [only] => say_with(language, "family-parts-one", &[("part", only.into())]),
            [first @ .., last] => {
                let first = first.join(", ");
                say_with(language, "family-parts-some", &[("parts", (&first).into()), ("last", last.into())])
            }
        }
    };
    let key = if covers_restricted { "family-parts-private" } else { "family-parts-not-private" };
    format!("{words}. {}", say(language, key))
}
