//! Text that may stand in a log line.

use std::collections::HashSet;
use std::fmt;
use std::sync::LazyLock;

use parking_lot::RwLock;

/// A word of the product's own vocabulary. It is made from a literal of the source or from the template of a route, never
/// from what came with a request, so that no PHI can stand in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(&'static str);

/// Route templates seen so far.
static TEMPLATES: LazyLock<RwLock<HashSet<&'static str, ahash::RandomState>>> =
    LazyLock::new(RwLock::default);

/// More than the product has routes: past this a caller is at fault, and it must not cost memory.
const MOST_TEMPLATES: usize = 1024;

impl Word {
    /// A word from a literal.
    pub const fn new(literal: &'static str) -> Self {
        Self(literal)
    }

    /// The template of a route, `/fhir/r4/{type}/{id}`. Only for what the router itself says that it matched. Kept for the life
    /// of the process; what is no template becomes `other`.
    pub fn template(template: &str) -> Self {
        if let Some(found) = TEMPLATES.read().get(template) {
            return Self(found);
        }
        let mut known = TEMPLATES.write();
        // Another request may have been first.
        if let Some(found) = known.get(template) {
            return Self(found);
        }
        if known.len() >= MOST_TEMPLATES || !is_template(template) {
            return Self("other");
        }
        let kept: &'static str = Box::leak(template.to_owned().into_boxed_str());
        known.insert(kept);
        Self(kept)
    }

    /// The text.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// Path segments of lower-case letters, digits of a version, and captures in braces.
fn is_template(text: &str) -> bool {
    text.starts_with('/')
        && text.len() <= 128
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"/{}*_-.$".contains(&b))
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_kept_once_and_what_is_none_is_not_kept() {
        assert_eq!(Word::template("/fhir/r4/{type}/{id}").as_str(), "/fhir/r4/{type}/{id}");
        let (one, two) = (Word::template("/a/{id}"), Word::template("/a/{id}"));
        assert!(std::ptr::eq(one.as_str(), two.as_str()));
        for text in ["/Patient/Smith", "no slash", "/a?b=c", "", &format!("/{}", "x".repeat(200))] {
            assert_eq!(Word::template(text).as_str(), "other", "{text}");
        }
    }
}
