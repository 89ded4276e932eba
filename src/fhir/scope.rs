//! SMART scopes, v1 and v2 (SMART App Launch 2.2, "Scopes for requesting FHIR Resources").
//!
//! Parsing keeps what this server can honour and drops the rest: it is read-only (S-64), so write permissions vanish, and a
//! constraint that it cannot judge would otherwise be wider than the user agreed to.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::index::Coding;
use super::resource_type::ResourceType;

/// Scope words other than those on resources that mean something here.
pub const WORDS: &[&str] = &[
    "openid",
    "fhirUser",
    "profile",
    "launch",
    "launch/patient",
    "launch/encounter",
    "offline_access",
    "online_access",
];

/// The one search parameter that a granular scope can be judged by here.
const CATEGORY: &str = "category";

/// What would end a value, or the scope, when written into a constraint.
const SCOPE_QUERY: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'+').add(b'\\');

/// The context of a scope. A wider one never lifts a narrower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScopeContext {
    /// `patient/`: the patient of the launch context.
    Patient,
    /// `user/`: what the user may reach.
    User,
    /// `system/`: what the client's practice may reach.
    System,
}

impl ScopeContext {
    /// Every context.
    pub const ALL: [Self; 3] = [Self::Patient, Self::User, Self::System];

    /// The word before the slash.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::User => "user",
            Self::System => "system",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|context| context.as_str() == word)
    }
}

/// What a scope must permit for a request (SMART v2 `r` and `s`; v1 `read` is both).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// By id.
    Read,
    /// By search; also what an included entry of a search needs.
    Search,
}

/// One resource scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourceScope {
    /// Context.
    pub context: ScopeContext,
    /// Type; `None` for `*`.
    pub resource_type: Option<ResourceType>,
    /// Whether reading by id is covered (`r`, v1 `read`).
    pub read: bool,
    /// Whether searching is covered (`s`, v1 `read`).
    pub search: bool,
    /// The query of a granular scope as pairs of parameter and `system|code`, systems in one spelling; all must hold. Empty: the
    /// whole type.
    pub filter: Vec<(String, String)>,
    /// As the client wrote it, without what is not granted (v1 stays v1).
    pub text: String,
}

impl ResourceScope {
    /// Parses one scope on resources. `None`: not such a scope, or nothing of it can be granted here.
    pub fn parse(text: &str) -> Option<Self> {
        // Scopes are made of these characters alone (RFC 6749 3.3).
        if !text.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)) {
            return None;
        }
        let (context, rest) = text.split_once('/')?;
        let context = ScopeContext::parse(context)?;
        let (target, query) = match rest.split_once('?') {
            Some((target, query)) => (target, Some(query)),
            None => (rest, None),
        };
        let (name, permissions) = target.split_once('.')?;
        let resource_type = match name {
            "*" => None,
            name => Some(ResourceType::parse(name)?),
        };
        let Permissions { read, search, spelling } = Permissions::parse(permissions)?;
        let filter = query.map_or(Some(Vec::new()), parse_filter)?;
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let text = format!("{}/{name}.{spelling}{query}", context.as_str());
        Some(Self { context, resource_type, read, search, filter, text })
    }

    /// Whether the scope is about this type.
    pub fn is_on(&self, resource_type: ResourceType) -> bool {
        self.resource_type.is_none_or(|own| own == resource_type)
    }

    /// Whether the scope permits this kind of request.
    pub const fn permits(&self, permission: Permission) -> bool {
        match permission {
            Permission::Read => self.read,
            Permission::Search => self.search,
        }
    }

    /// Whether a resource with these categories is inside the scope's constraint. Several parameters must all hold; within
    /// one, any of the comma-separated tokens.
    pub fn admits(&self, categories: &[Coding]) -> bool {
        self.filter.iter().all(|(parameter, value)| {
            parameter == CATEGORY
                && value.split(',').any(|token| categories.iter().any(|coding| token_matches(token, coding)))
        })
    }

    /// Whether everything that `other` permits, this permits too.
    pub fn covers(&self, other: &Self) -> bool {
        self.context == other.context
            && (self.resource_type.is_none() || self.resource_type == other.resource_type)
            && (self.read || !other.read)
            && (self.search || !other.search)
            && self.filter.iter().all(|constraint| other.filter.contains(constraint))
    }

    /// What both permit; `None` when that is nothing.
    fn intersection(&self, other: &Self) -> Option<Self> {
        if other.covers(self) {
            return Some(self.clone());
        }
        if self.context != other.context {
            return None;
        }
        let resource_type = match (self.resource_type, other.resource_type) {
            (Some(a), Some(b)) if a != b => return None,
            (a, b) => a.or(b),
        };
        let (read, search) = (self.read && other.read, self.search && other.search);
        let mut filter = self.filter.clone();
        filter.extend(other.filter.iter().filter(|constraint| !self.filter.contains(constraint)).cloned());
        let v1 = self.text.split('?').next().is_some_and(|target| target.strip_suffix(".read").is_some());
        let permissions = match (read, search) {
            (false, false) => return None,
            (true, true) if v1 => "read",
            (true, true) => "rs",
            (true, false) => "r",
            (false, true) => "s",
        };
        let name = resource_type.map_or("*", ResourceType::as_str);
        let mut text = format!("{}/{name}.{permissions}", self.context.as_str());
        for (index, (parameter, value)) in filter.iter().enumerate() {
            text.push(if index == 0 { '?' } else { '&' });
            text.push_str(parameter);
            text.push('=');
            text.extend(utf8_percent_encode(value, SCOPE_QUERY));
        }
        Some(Self { context: self.context, resource_type, read, search, filter, text })
    }
}

/// What a scope's suffix permits here, and the suffix that says just that.
struct Permissions {
    read: bool,
    search: bool,
    spelling: &'static str,
}

impl Permissions {
    fn parse(text: &str) -> Option<Self> {
        if matches!(text, "read" | "*") {
            return Some(Self { read: true, search: true, spelling: "read" });
        }
        // v2 letters in the order that the specification demands; what is out of order is not a scope.
        let mut order = "cruds".chars();
        if text.is_empty() || !text.chars().all(|letter| order.any(|next| next == letter)) {
            return None;
        }
        let (read, search) = (text.contains('r'), text.contains('s'));
        let spelling = match (read, search) {
            (true, true) => "rs",
            (true, false) => "r",
            (false, true) => "s",
            (false, false) => return None,
        };
        Some(Self { read, search, spelling })
    }
}

/// The constraint of a granular scope; `None` when it is one that cannot be judged here.
fn parse_filter(query: &str) -> Option<Vec<(String, String)>> {
    query
        .split('&')
        .map(|pair| {
            let (parameter, value) = pair.split_once('=')?;
            let value = percent_decode_str(value).decode_utf8().ok()?;
            let readable = parameter == CATEGORY
                && !value.is_empty()
                && value.split(',').all(|token| !matches!(token, "" | "|"));
            readable.then(|| {
                let tokens: Vec<_> = value.split(',').map(one_spelling).collect();
                (parameter.to_owned(), tokens.join(","))
            })
        })
        .collect()
}

/// How US Core 6 and later misspell the system of observation categories in the scope for social history; test suites and apps
/// ask for it letter by letter. It means the right one.
const MISSPELT: [&str; 2] = [
    "http://terminology.hl7.org//CodeSystem-observation-category|",
    "http://terminology.hl7.org/CodeSystem-observation-category|",
];
const OBSERVATION_CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category|";

/// The token with its system as resources spell it.
pub fn one_spelling(token: &str) -> Cow<'_, str> {
    match MISSPELT.iter().find_map(|wrong| token.strip_prefix(wrong)) {
        Some(code) => Cow::Owned(format!("{OBSERVATION_CATEGORY}{code}")),
        None => Cow::Borrowed(token),
    }
}

/// FHIR token search: `system|code`, `code` in any system, `|code` without a system, `system|` any of it.
fn token_matches(token: &str, coding: &Coding) -> bool {
    match token.split_once('|') {
        None => *coding.code == *token,
        Some((system, "")) => *coding.system == *system,
        Some((system, code)) => *coding.system == *system && *coding.code == *code,
    }
}

/// The granted scopes of a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeSet {
    /// Scopes on resources.
    pub resources: Vec<ResourceScope>,
    /// Every other scope word that was understood: `openid`, `fhirUser`, `launch`, `launch/patient`, `offline_access`, ...
    pub words: Vec<String>,
}

/// A launch scope without the role that it asks for: the open patient and the open encounter are the only ones there are here,
/// and they are what a server without that role gives (SMART 2.2, "Launch context with roles").
fn without_role(word: &str) -> &str {
    match word.split_once("?role=") {
        Some((plain @ ("launch/patient" | "launch/encounter"), role)) if !role.is_empty() => plain,
        _ => word,
    }
}

impl ScopeSet {
    /// Reads a space-separated list. What is not understood, or permits nothing here, is left out: the set is what may be
    /// granted at most. Never fails, as an authorization server may grant less than was asked (RFC 6749, 3.3).
    pub fn parse(text: &str) -> Self {
        let mut set = Self::default();
        for word in text.split_ascii_whitespace().map(without_role) {
            if WORDS.contains(&word) {
                if !set.has_word(word) {
                    set.words.push(word.to_owned());
                }
            } else if let Some(scope) = ResourceScope::parse(word) {
                set.push(scope);
            }
        }
        set
    }

    fn push(&mut self, scope: ResourceScope) {
        if !self.resources.iter().any(|own| own.text == scope.text) {
            self.resources.push(scope);
        }
    }

    /// Whether nothing is granted.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.words.is_empty()
    }

    /// Whether this word, other than one on resources, is in the set.
    pub fn has_word(&self, word: &str) -> bool {
        self.words.iter().any(|own| own == word)
    }

    /// Whether a patient has to be in the launch context for the set to mean anything: `launch/patient` or any `patient/`
    /// scope. Then the authorization server has to settle which.
    pub fn has_patient_context(&self) -> bool {
        self.has_word("launch/patient")
            || self.resources.iter().any(|scope| scope.context == ScopeContext::Patient)
    }

    /// Whether some scope of the set permits all that `scope` permits.
    pub fn covers(&self, scope: &ResourceScope) -> bool {
        self.resources.iter().any(|own| own.covers(scope))
    }

    /// Whether everything in `other` is covered by this set: a refresh may ask for no more than was granted.
    pub fn covers_all(&self, other: &Self) -> bool {
        other.words.iter().all(|word| self.has_word(word))
            && other.resources.iter().all(|scope| self.covers(scope))
    }

    /// The scopes in `context` on this type that permit this kind of request.
    pub fn on(
        &self,
        context: ScopeContext,
        resource_type: ResourceType,
        permission: Permission,
    ) -> impl Iterator<Item = &ResourceScope> {
        self.resources.iter().filter(move |scope| {
            scope.context == context && scope.is_on(resource_type) && scope.permits(permission)
        })
    }

    /// What of this set `allowed` permits. A wider scope than allowed comes back as the allowed part of it, in the
    /// spelling (v1 or v2) of this set.
    #[must_use]
    pub fn restrict_to(&self, allowed: &Self) -> Self {
        let mut set = Self {
            resources: Vec::new(),
            words: self.words.iter().filter(|word| allowed.has_word(word)).cloned().collect(),
        };
        for scope in &self.resources {
            if allowed.covers(scope) {
                set.push(scope.clone());
                continue;
            }
            for part in allowed.resources.iter().filter_map(|other| scope.intersection(other)) {
                set.push(part);
            }
        }
        set
    }

    /// The set without what is spelled like one of `texts`: what the user took away on the consent page.
    #[must_use]
    pub fn without(&self, texts: &[&str]) -> Self {
        Self {
            resources: self
                .resources
                .iter()
                .filter(|scope| !texts.contains(&scope.text.as_str()))
                .cloned()
                .collect(),
            words: self.words.iter().filter(|word| !texts.contains(&word.as_str())).cloned().collect(),
        }
    }

    /// Each scope as the client spells it.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let words = self.words.iter().map(String::as_str);
        words.chain(self.resources.iter().map(|scope| scope.text.as_str()))
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, text) in self.texts().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(text)?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "scope_tests.rs"]
mod tests;
