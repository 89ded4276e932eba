//! Scopes: what is printed reads back as the same; narrowing never gives more than either side had.

use std::collections::BTreeSet;

use chartgate::fhir::index::Coding;
use chartgate::fhir::resource_type::ResourceType;
use chartgate::fhir::scope::{Permission, ScopeContext, ScopeSet};

use super::text;

/// Two scope lists, one a line.
pub fn run(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let (one, other) = text.split_once('\n').unwrap_or((text, ""));
    let (one, other) = (ScopeSet::parse(one), ScopeSet::parse(other));
    for set in [&one, &other] {
        let again = ScopeSet::parse(&set.to_string());
        assert_eq!(allowed(&again, &categories(set)), allowed(set, &categories(set)), "{set}");
        assert_eq!(again.to_string(), set.to_string(), "printing is stable");
        assert!(set.covers_all(set), "{set}");
    }
    let narrowed = one.restrict_to(&other);
    let categories: Vec<_> = [categories(&one), categories(&other)].concat();
    let (left, right, both) =
        (allowed(&one, &categories), allowed(&other, &categories), allowed(&narrowed, &categories));
    assert!(both.is_subset(&left), "{one} | {other} gives {narrowed}");
    assert!(both.is_subset(&right), "{one} | {other} gives {narrowed}");
    let expected: BTreeSet<_> = left.intersection(&right).cloned().collect();
    assert_eq!(both, expected, "nothing that both allow is lost: {one} | {other} gives {narrowed}");
    assert!(one.covers_all(&other) <= right.is_subset(&left), "{one} is said to cover {other}");
    let printed = ScopeSet::parse(&narrowed.to_string());
    assert_eq!(allowed(&printed, &categories), both, "what is granted is what is printed: {narrowed}");
    let texts: Vec<&str> = one.texts().collect();
    if let Some(first) = texts.first() {
        let less = one.without(&[first]);
        assert!(allowed(&less, &categories).is_subset(&left) && less.texts().all(|text| text != *first));
    }
}

/// Resources that tell the constraints of a set apart: one for each token in it, and one without any.
fn categories(set: &ScopeSet) -> Vec<Vec<Coding>> {
    let tokens = set.resources.iter().flat_map(|scope| &scope.filter).flat_map(|(_, value)| value.split(','));
    let coding = |token: &str| {
        let (system, code) = token.split_once('|').unwrap_or(("", token));
        Coding { system: system.into(), code: code.into() }
    };
    let mut all: Vec<Coding> = tokens.map(coding).collect();
    all.dedup();
    all.truncate(4);
    let mut kinds = vec![Vec::new(), all.clone()];
    kinds.extend(all.into_iter().map(|coding| vec![coding]));
    kinds
}

/// Everything that a set allows, said one by one.
fn allowed(set: &ScopeSet, categories: &[Vec<Coding>]) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = set.words.iter().cloned().collect();
    for context in ScopeContext::ALL {
        for kind in ResourceType::ALL {
            for permission in [Permission::Read, Permission::Search] {
                for (place, codings) in categories.iter().enumerate() {
                    if set.on(context, *kind, permission).any(|scope| scope.admits(codings)) {
                        all.insert(format!("{} {kind} {permission:?} {place}", context.as_str()));
                    }
                }
            }
        }
    }
    all
}
