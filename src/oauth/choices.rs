//! What the consent page offers, and what the user's ticks make of it: the answer is always within the offer.

use crate::fhir::resource_type::ResourceType;
use crate::fhir::scope::{ResourceScope, ScopeContext, ScopeSet};
use crate::store::consents::Consent;

use super::words;

/// Scopes that the user can take away although they are not about records.
const OPTIONAL_WORDS: [&str; 2] = ["offline_access", "online_access"];

/// A decision of the user that is remembered: what was offered, and what was left of it.
#[derive(Clone, Debug)]
pub struct Before {
    offered: ScopeSet,
    granted: ScopeSet,
}

impl Before {
    /// As it was stored.
    pub fn of(consent: &Consent) -> Self {
        Self { offered: ScopeSet::parse(&consent.offered), granted: ScopeSet::parse(&consent.scope) }
    }

    /// What it gives of `asked`, in the spelling of `asked`; `None` when more is asked than the user was asked then.
    pub fn answer(&self, asked: &ScopeSet) -> Option<ScopeSet> {
        let known = |word: &String| is_of_the_launch(word) || self.offered.has_word(word);
        if !asked.words.iter().all(known) || !asked.resources.iter().all(|scope| self.offered.covers(scope)) {
            return None;
        }
        let left = |word: &&String| is_of_the_launch(word) || self.granted.has_word(word);
        let mut set =
            ScopeSet { words: asked.words.iter().filter(left).cloned().collect(), ..ScopeSet::default() };
        for part in asked.resources.iter().flat_map(|scope| self.left_of(scope)) {
            if !set.resources.contains(&part) {
                set.resources.push(part);
            }
        }
        Some(set)
    }

    /// The parts of one scope that were left.
    fn left_of(&self, scope: &ResourceScope) -> Vec<ResourceScope> {
        let one = ScopeSet { resources: vec![scope.clone()], ..ScopeSet::default() };
        let mut parts = one.restrict_to(&self.granted).resources;
        // A part of one category is no part of another: nobody is asked about what is in both.
        parts.retain(|part| part.filter.len() <= scope.filter.len().max(1));
        parts
    }
}

/// Words that only say where the app was launched: the launch at hand decides on them, not the user.
fn is_of_the_launch(word: &str) -> bool {
    word == "launch" || word.starts_with("launch/")
}

/// The consent page's choices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// What the app learns in any case, in words.
    pub always: Vec<&'static str>,
    /// Resource scopes by context.
    pub sections: Vec<Section>,
    /// Whether `offline_access` was asked for, and is ticked.
    pub offline: Option<bool>,
    /// Whether `online_access` was asked for, and is ticked.
    pub online: Option<bool>,
}

/// Scopes of one context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Whose records.
    pub title: &'static str,
    /// One for each scope.
    pub lines: Vec<Line>,
}

/// One scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Value of the check box: the scope.
    pub scope: String,
    /// In words.
    pub label: String,
    /// What is unusual about it.
    pub note: Option<&'static str>,
    /// Ticked unless the user took it away before.
    pub ticked: bool,
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
    /// Ticked when the user wanted only some before, this among them.
    pub ticked: bool,
}

impl Line {
    /// Whether the user wanted only some of it before.
    pub fn is_narrowed(&self) -> bool {
        self.kinds.iter().any(|kind| kind.ticked)
    }
}

impl Choices {
    /// What to offer for `scopes`, as the user left it `before`.
    pub fn offer(scopes: &ScopeSet, before: Option<&Before>) -> Self {
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
                lines: scopes
                    .resources
                    .iter()
                    .filter(|s| s.context == context)
                    .map(|s| line(s, before))
                    .collect(),
            })
            .filter(|section| !section.lines.is_empty())
            .collect();
        Self {
            always,
            sections,
            offline: ticked_word(scopes, "offline_access", before),
            online: ticked_word(scopes, "online_access", before),
        }
    }
}

fn ticked_word(scopes: &ScopeSet, word: &str, before: Option<&Before>) -> Option<bool> {
    let refused = |before: &Before| before.offered.has_word(word) && !before.granted.has_word(word);
    scopes.has_word(word).then(|| !before.is_some_and(refused))
}

fn line(scope: &ResourceScope, before: Option<&Before>) -> Line {
    // A decision about something else says nothing about this.
    let before = before.filter(|before| before.offered.covers(scope));
    let whole = before.is_none_or(|before| before.granted.covers(scope));
    let wanted =
        |narrow: &ResourceScope| before.is_some_and(|before| !whole && before.granted.covers(narrow));
    let kinds: Vec<_> = narrower(scope)
        .into_iter()
        .map(|(narrow, label)| Kind {
            value: format!("{} {}", scope.text, narrow.text),
            label,
            ticked: wanted(&narrow),
        })
        .collect();
    Line {
        scope: scope.text.clone(),
        label: words::scope_words(scope),
        note: words::permission_note(scope),
        ticked: whole || kinds.iter().any(|kind| kind.ticked),
        kinds,
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
        let choices = Choices::offer(&offered, None);
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

    fn before(offered: &str, granted: &str) -> Before {
        Before::of(&Consent { offered: offered.to_owned(), scope: granted.to_owned() })
    }

    #[test]
    fn a_narrowed_decision_is_remembered_as_narrowed() {
        let asked = "openid offline_access patient/Observation.rs patient/Patient.rs";
        let left = "openid patient/Observation.rs?category=http://t|laboratory";
        let before = before(asked, left);
        let answer = |text: &str| before.answer(&ScopeSet::parse(text)).map(|set| set.to_string());
        assert_eq!(answer(asked).as_deref(), Some(left));
        assert_eq!(answer("launch patient/Patient.rs").as_deref(), Some("launch"), "taken away before");
        assert_eq!(answer("patient/Observation.rs?category=http://t|vital-signs").as_deref(), Some(""));
        assert_eq!(
            answer("patient/Observation.read").as_deref(),
            Some("patient/Observation.read?category=http://t|laboratory")
        );
        for more in ["patient/*.rs", "openid fhirUser", "user/Observation.rs", "online_access"] {
            assert_eq!(answer(more), None, "{more} was not asked then");
        }
    }

    #[test]
    fn asking_again_shows_what_was_left_before() {
        let scopes = ScopeSet::parse(
            "offline_access online_access patient/Observation.rs patient/Patient.rs patient/Condition.rs",
        );
        let laboratory = "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory";
        let before = before("offline_access patient/Observation.rs patient/Patient.rs", laboratory);
        let choices = Choices::offer(&scopes, Some(&before));
        assert_eq!((choices.offline, choices.online), (Some(false), Some(true)), "online is new");
        let ticked: Vec<_> = choices.sections[0].lines.iter().map(|l| (l.scope.as_str(), l.ticked)).collect();
        let expected =
            [("patient/Observation.rs", true), ("patient/Patient.rs", false), ("patient/Condition.rs", true)];
        assert_eq!(ticked, expected);
        let kinds = choices.sections[0].lines[0].kinds.iter().filter(|kind| kind.ticked);
        assert_eq!(kinds.map(|kind| kind.label).collect::<Vec<_>>(), ["Laboratory results"]);
    }
}
