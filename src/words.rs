//! Rank 1: what pages and mails say in more than one language. One Fluent file a language and area: `templates/words/<language>/<area>.ftl`.

use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{Loader as _, static_loader};

use jiff::civil::Date;
use unic_langid::{LanguageIdentifier, langid};

use crate::domain::language::Language;

static_loader! {
    static WORDS = {
        locales: "./templates/words",
        fallback_language: "en",
        // Names are printed in templates that escape; the marks would show in plain text.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static EN: LanguageIdentifier = langid!("en");
static ES: LanguageIdentifier = langid!("es");

fn identifier(language: Language) -> &'static LanguageIdentifier {
    match language {
        Language::En => &EN,
        Language::Es => &ES,
    }
}

/// The sentence `key` in `language`.
pub fn say(language: Language, key: &str) -> String {
    WORDS.lookup(identifier(language), key)
}

/// The sentence `key` in `language`, with `values` in its places. A whole number chooses the plural.
pub fn say_with(language: Language, key: &str, values: &[(&'static str, Value<'_>)]) -> String {
    let values: HashMap<Cow<'static, str>, FluentValue<'_>> =
        values.iter().map(|(name, value)| (Cow::Borrowed(*name), value.fluent())).collect();
    WORDS.lookup_with_args(identifier(language), key, &values)
}

/// `3 Nov 2026`, `3 nov 2026`.
pub fn day(language: Language, date: Date) -> String {
    let month = say(language, &format!("month-{}", date.month()));
    format!("{} {month} {}", date.day(), date.year())
}

/// What stands in a place of a sentence.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// Words.
    Text(&'a str),
    /// A whole number.
    Count(usize),
}

impl<'a> Value<'a> {
    fn fluent(self) -> FluentValue<'a> {
        match self {
            Self::Text(text) => FluentValue::from(text),
            Self::Count(count) => FluentValue::from(count),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl From<usize> for Value<'_> {
    fn from(count: usize) -> Self {
        Self::Count(count)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use super::*;

    /// Keys of a language with the places in each sentence.
    fn keys(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/words").join(language.tag());
        let mut found = BTreeMap::new();
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let mut key = String::new();
            for line in text.lines() {
                if !line.starts_with([' ', '#', '}'])
                    && let Some((name, _)) = line.split_once('=')
                {
                    key = name.trim().to_owned();
                    assert!(
                        found.insert(key.clone(), BTreeSet::new()).is_none(),
                        "{key} twice in {language:?}"
                    );
                }
                for (at, _) in line.match_indices('$') {
                    let place: String = line[at + 1..]
                        .chars()
                        .take_while(|c| c.is_alphanumeric() || *c == '-' || *c == '_')
                        .collect();
                    found.get_mut(&key).unwrap().insert(place);
                }
            }
        }
        found
    }

    #[test]
    fn each_sentence_is_there_in_each_language_with_the_same_places() {
        let english = keys(Language::En);
        assert!(!english.is_empty());
        assert_eq!(english, keys(Language::Es));
    }

    #[test]
    fn every_sentence_that_the_code_asks_for_is_there() {
        let english = keys(Language::En);
        for folder in ["src", "templates"] {
            let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
            while let Some(folder) = folders.pop() {
                for entry in std::fs::read_dir(folder).unwrap() {
                    let path = entry.unwrap().path();
                    if path.is_dir() {
                        folders.push(path);
                        continue;
                    }
                    let Ok(text) = std::fs::read_to_string(&path) else { continue };
                    for call in [
                        "say(language, \"",
                        "say_with(language, \"",
                        "chrome.say(\"",
                        "chrome.say_with(\"",
                        "chrome.say_hospital(\"",
                        "translated(\"",
                        "words.say(\"",
                        "child.say(\"",
                    ] {
                        for (at, _) in text.match_indices(call) {
                            let key = text[at + call.len()..].split('"').next().unwrap();
                            assert!(english.contains_key(key), "{}: {key}", path.display());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_words_of_a_mail() {
        let language = Language::Es;
        assert_eq!(
            say_with(language, "mail-questions", &[("support", "a@b.example".into())]),
            "Preguntas: a@b.example"
        );
    }
}
