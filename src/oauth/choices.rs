//! What the consent page offers, and what the user's ticks make of it: the answer is always within the offer.

use crate::fhir::resource_type::ResourceType;
use crate::fhir::scope::{ResourceScope, ScopeContext, ScopeSet};

use super::words;

/// Scopes that the user can take away although they are not about records.
const OPTIONAL_WORDS: [&str; 2] = ["offline_access", "online_access"];

/// The consent page's choices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// What the app learns in any case, in words.
    pub always: Vec<&'static str>,
    /// Resource scopes by context.
    pub sections: Vec<Section>,
    /// Whether `offline_access` was asked for.
    pub offline: bool,
    /// Whether `online_access` was asked for.
    pub online: bool,
}

/// Scopes of one context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Whose records.
    pub title: &'static str,
    /// One for each scope.
    pub lines: Vec<Line>,
}

/// One scope, ticked until the user unticks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Value of the check box: the scope.
    pub scope: String,
    /// In words.
    pub label: String,
    /// What is unusual about it.
    pub note: Option<&'static str>,
    /// Kinds by which it can be narrowed.
    pub kinds: Vec<Kind>,
}

/// A kind within a scope, unticked until the user wants only some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Value of the check box: the wide scope, a space and the narrow scope (scopes hold no spaces).
    pub value: String,
    /// In words.
    pub label: &'static str,
}

impl Choices {
    /// What to offer for `scopes`.
    pub fn offer(scopes: &ScopeSet) -> Self {
        let mut always = Vec::new();
        for text in scopes.words.iter().filter_map(|word| words::word_words(word)) {
            if !always.contains(&text) {
                always.push(text);
            }
        }
        let sections = ScopeContext::ALL
            .into_iter()
            .map(|context| Section {
                title: words::context_words(context),
                lines: scopes.resources.iter().filter(|s| s.context == context).map(line).collect(),
            })
            .filter(|section| !section.lines.is_empty())
            .collect();
        Self {
            always,
            sections,
            offline: scopes.has_word("offline_access"),
            online: scopes.has_word("online_access"),
        }
    }
}

fn line(scope: &ResourceScope) -> Line {
    Line {
        scope: scope.text.clone(),
        label: words::scope_words(scope),
        note: words::permission_note(scope),
        kinds: narrower(scope)
            .into_iter()
            .map(|(narrow, label)| Kind { value: format!("{} {}", scope.text, narrow.text), label })
            .collect(),
    }
}

/// The parts of a scope that can be granted one by one: types of a wildcard, categories of a type.
fn narrower(scope: &ResourceScope) -> Vec<(ResourceScope, &'static str)> {
    if !scope.filter.is_empty() {
        return Vec::new();
    }
    // The suffix as the client wrote it, so that v1 stays v1 where v1 can say it.
    let suffix = scope.text.rsplit('.').next().unwrap_or_default();
    let context = scope.context.as_str();
    let part = |text: String, label| ResourceScope::parse(&text).map(|narrow| (narrow, label));
    match scope.resource_type {
        None => ResourceType::ALL
            .iter()
            .filter_map(|t| part(format!("{context}/{t}.{suffix}"), words::type_words(*t)))
            .collect(),
        Some(resource_type) => {
            let letters = match (scope.read, scope.search) {
                (true, false) => "r",
                (false, true) => "s",
                _ => "rs",
            };
            words::categories(resource_type)
                .iter()
                .filter_map(|c| {
                    part(format!("{context}/{resource_type}.{letters}?category={}", c.token), c.label)
                })
                .collect()
        }
    }
}

/// What the user grants of `offered`: `ticked` are the values of the check boxes named `scope`, `kinds` those named `kind`.
/// Values that were not offered count for nothing.
pub fn granted(offered: &ScopeSet, ticked: &[String], kinds: &[String]) -> ScopeSet {
    let is_ticked = |text: &str| ticked.iter().any(|t| t == text);
    let mut set = ScopeSet::default();
    let fixed = |word: &str| !OPTIONAL_WORDS.contains(&word);
    set.words = offered.words.iter().filter(|w| fixed(w) || is_ticked(w)).cloned().collect();
    for scope in offered.resources.iter().filter(|scope| is_ticked(&scope.text)) {
        let wanted: Vec<_> = narrower(scope)
            .into_iter()
            .map(|(narrow, _)| narrow)
            .filter(|narrow| {
                kinds.iter().any(|kind| kind.split_once(' ') == Some((&scope.text, &narrow.text)))
            })
            .collect();
        let some = if wanted.is_empty() { vec![scope.clone()] } else { wanted };
        for scope in some {
            if !set.resources.contains(&scope) {
                set.resources.push(scope);
            }
        }
    }
    set
}

/// Whether the user left the app anything to do: some record, or at least who they are.
pub fn is_worth_granting(set: &ScopeSet) -> bool {
    !set.resources.is_empty() || set.has_word("openid")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|t| (*t).to_owned()).collect()
    }

    #[test]
    fn what_is_not_ticked_is_not_granted() {
        let offered = ScopeSet::parse("openid offline_access patient/Patient.rs patient/Observation.read");
        let set = granted(&offered, &strings(&["patient/Observation.read", "user/*.rs"]), &[]);
        assert_eq!(set.to_string(), "openid patient/Observation.read");
        let all = granted(&offered, &strings(&offered.texts().collect::<Vec<_>>()), &[]);
        assert_eq!(all, offered);
        assert!(is_worth_granting(&granted(&offered, &[], &[])));
        assert!(!is_worth_granting(&granted(&ScopeSet::parse("launch patient/*.rs"), &[], &[])));
    }

    #[test]
    fn row_370_a_whole_type_can_be_narrowed_to_categories() {
        let offered = ScopeSet::parse("patient/Observation.rs patient/Condition.rs");
        let choices = Choices::offer(&offered);
        let observation = &choices.sections[0].lines[0];
        let laboratory = observation.kinds.iter().find(|k| k.label == "Laboratory results").unwrap();
        let set = granted(
            &offered,
            &strings(&["patient/Observation.rs"]),
            &[laboratory.value.clone(), "patient/Observation.rs patient/*.rs".to_owned()],
        );
        assert_eq!(
            set.to_string(),
            "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory"
        );
        assert!(offered.covers_all(&set), "never wider than the offer");
    }

    #[test]
    fn a_wildcard_can_be_narrowed_to_types_in_the_clients_spelling() {
        let offered = ScopeSet::parse("patient/*.read");
        let kinds =
            strings(&["patient/*.read patient/Encounter.read", "patient/*.read patient/Condition.read"]);
        let set = granted(&offered, &strings(&["patient/*.read"]), &kinds);
        assert_eq!(set.to_string(), "patient/Condition.read patient/Encounter.read");
    }

    #[test]
    fn a_kind_of_an_unticked_scope_is_not_granted() {
        let offered = ScopeSet::parse("openid patient/*.rs");
        let set = granted(&offered, &[], &strings(&["patient/*.rs patient/Encounter.rs"]));
        assert_eq!(set.to_string(), "openid");
    }
}
