//! Whether a resource is what a search asks for, and in which order.

use std::cmp::Ordering;

use super::query::{Field, Filter, Modifier, Prefix, Search, Wanted};
use crate::sandbox::hospital::entry::Entry;
use crate::sandbox::hospital::facts::Term;

/// Whether `entry` matches every filter of `search`.
pub fn matches(search: &Search, entry: &Entry) -> bool {
    search.filters.iter().all(|filter| matches_filter(filter, entry))
}

fn matches_filter(filter: &Filter, entry: &Entry) -> bool {
    let wanted = |term: &Term| filter.values.iter().any(|value| matches_term(filter.modifier, value, term));
    let hit = match filter.field {
        Field::Id => wanted(&id_term(entry)),
        Field::LastUpdated => wanted(&updated_term(entry)),
        Field::Param(param) if filter.modifier == Modifier::Missing => {
            let missing = entry.terms(param.name).next().is_none();
            return filter.values.contains(&Wanted::Flag(missing));
        }
        Field::Param(param) => entry.terms(param.name).any(wanted),
    };
    match filter.modifier {
        Modifier::Missing => filter.values.contains(&Wanted::Flag(false)),
        Modifier::Not => !hit,
        _ => hit,
    }
}

fn id_term(entry: &Entry) -> Term {
    Term::Token { system: String::new(), code: entry.id.clone() }
}

fn updated_term(entry: &Entry) -> Term {
    let at = entry.updated.as_millis();
    Term::Date(at, at + 1)
}

fn matches_term(modifier: Modifier, wanted: &Wanted, term: &Term) -> bool {
    match (wanted, term) {
        (Wanted::Token { system: asked, code: wanted }, Term::Token { system, code }) => {
            let system_fits = asked.as_ref().is_none_or(|asked| asked == system);
            system_fits && wanted.as_ref().is_none_or(|wanted| wanted == code)
        }
        (Wanted::Date(prefix, from, until), Term::Date(low, high)) => {
            date(*prefix, (*from, *until), (*low, *high))
        }
        (Wanted::Reference { kind, id }, Term::Reference(target)) => {
            target.rsplit_once('/').is_some_and(|(target_kind, target_id)| {
                target_id == id && kind.as_ref().is_none_or(|kind| kind == target_kind)
            })
        }
        (Wanted::Text(asked), Term::Text(text)) => match modifier {
            Modifier::Exact => text == asked,
            Modifier::Contains => text.contains(asked.as_str()),
            _ => text.starts_with(asked.as_str()),
        },
        _ => false,
    }
}

/// Compares stretches of time as FHIR R4 defines the prefixes; stretches are from (inclusive) until (exclusive).
fn date(prefix: Prefix, wanted: (i64, i64), found: (i64, i64)) -> bool {
    let (from, until) = wanted;
    let (low, high) = found;
    let contains = from <= low && high <= until;
    match prefix {
        Prefix::Eq => contains,
        Prefix::Ne => !contains,
        Prefix::Gt => high > until,
        Prefix::Lt => low < from,
        Prefix::Ge => high > until || contains,
        Prefix::Le => low < from || contains,
        Prefix::Sa => low >= until,
        Prefix::Eb => high <= from,
        Prefix::Ap => {
            let slack = (until - from).max(86_400_000);
            low < until.saturating_add(slack) && high > from.saturating_sub(slack)
        }
    }
}

/// The order that `_sort` asks for. What has no value comes last.
pub fn compare(search: &Search, one: &Entry, two: &Entry) -> Ordering {
    for (field, down) in &search.sort {
        let (a, b) = (key(*field, one, *down), key(*field, two, *down));
        let order = match (a, b) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) if *down => b.cmp(&a),
            (Some(a), Some(b)) => a.cmp(&b),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

/// Ascending order goes by the smallest value of an element, descending by the largest.
fn key(field: Field, entry: &Entry, down: bool) -> Option<(i64, String)> {
    let key = |term: &Term| match term {
        Term::Date(low, _) => (*low, String::new()),
        Term::Token { code, .. } => (0, code.clone()),
        Term::Reference(text) | Term::Text(text) => (0, text.clone()),
    };
    match field {
        Field::Id => Some(key(&id_term(entry))),
        Field::LastUpdated => Some(key(&updated_term(entry))),
        Field::Param(param) if down => entry.terms(param.name).map(key).max(),
        Field::Param(param) => entry.terms(param.name).map(key).min(),
    }
}
