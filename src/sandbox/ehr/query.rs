//! A search as it was asked for.

use super::outcome::Refusal;
use crate::sandbox::hospital::kind::Kind;
use crate::sandbox::hospital::moment;
use crate::sandbox::hospital::params::{self, Compare, Param};

/// Matches on a page when `_count` does not say.
const DEFAULT_COUNT: usize = 50;
/// Matches on a page at most.
const MAX_COUNT: usize = 500;

/// What a filter looks at.
#[derive(Clone, Copy, Debug)]
pub enum Field {
    /// `_id`
    Id,
    /// `_lastUpdated`
    LastUpdated,
    /// A parameter of the type.
    Param(&'static Param),
}

/// What stands behind the colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modifier {
    /// Nothing.
    None,
    /// `:not`
    Not,
    /// `:exact`
    Exact,
    /// `:contains`
    Contains,
    /// `:missing`
    Missing,
}

/// Comparison of dates (FHIR R4 search, prefixes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// Equal, the default.
    Eq,
    /// Not equal.
    Ne,
    /// Greater than.
    Gt,
    /// Less than.
    Lt,
    /// Greater or equal.
    Ge,
    /// Less or equal.
    Le,
    /// Starts after.
    Sa,
    /// Ends before.
    Eb,
    /// Approximately.
    Ap,
}

/// A value to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// `[system]|code`: absent parts match anything; an empty system matches only what has none.
    Token {
        /// Code system.
        system: Option<String>,
        /// Code.
        code: Option<String>,
    },
    /// A stretch of time.
    Date(Prefix, i64, i64),
    /// `Type/id`, or an id of any type.
    Reference {
        /// Resource type, if given.
        kind: Option<String>,
        /// Logical id.
        id: String,
    },
    /// Words.
    Text(String),
    /// `true` or `false` of `:missing`.
    Flag(bool),
}

/// One parameter: any of its values must match.
#[derive(Clone, Debug)]
pub struct Filter {
    /// What it looks at.
    pub field: Field,
    /// Modifier.
    pub modifier: Modifier,
    /// Values, any of which may match.
    pub values: Vec<Wanted>,
}

/// What else comes along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    /// The type that refers.
    pub kind: Kind,
    /// The reference parameter, or `None` for all.
    pub param: Option<&'static str>,
    /// Only targets of that type.
    pub target: Option<Kind>,
}

/// A search.
#[derive(Clone, Debug)]
pub struct Search {
    /// The type that is searched.
    pub kind: Kind,
    /// All must match.
    pub filters: Vec<Filter>,
    /// Keys in order; true for descending.
    pub sort: Vec<(Field, bool)>,
    /// Matches on a page.
    pub count: usize,
    /// `_summary=count`.
    pub only_total: bool,
    /// `_elements`; empty for all.
    pub elements: Vec<String>,
    /// `_include`
    pub includes: Vec<Include>,
    /// `_revinclude`
    pub reverse: Vec<Include>,
    /// Names that were not understood and not acted upon.
    pub unknown: Vec<String>,
    /// What was acted upon, for the self link.
    pub applied: Vec<(String, String)>,
    /// Whether a knob made the server ignore something.
    pub crippled: bool,
}

impl Search {
    /// Reads the parameters of a search of `kind`. Those in `ignored` are dropped silently; those that are not known
    /// are an error if `strict`, otherwise kept in `unknown`. `base` is the server's own URL.
    pub fn parse(
        kind: Kind,
        pairs: &[(String, String)],
        ignored: &[String],
        strict: bool,
        base: &str,
    ) -> Result<Self, Refusal> {
        let mut search = Self {
            kind,
            filters: Vec::new(),
            sort: Vec::new(),
            count: DEFAULT_COUNT,
            only_total: false,
            elements: Vec::new(),
            includes: Vec::new(),
            reverse: Vec::new(),
            unknown: Vec::new(),
            applied: Vec::new(),
            crippled: false,
        };
        for (name, value) in pairs {
            let plain = name.split(':').next().unwrap_or(name);
            if ignored.iter().any(|dropped| dropped == plain) {
                search.crippled = true;
                continue;
            }
            if search.take(name, plain, value, base)? {
                search.applied.push((name.clone(), value.clone()));
            } else {
                search.unknown.push(name.clone());
            }
        }
        match search.unknown.first() {
            Some(name) if strict => {
                Err(Refusal::invalid(format!("Unknown search parameter \"{name}\" for {kind}.")))
            }
            _ => Ok(search),
        }
    }

    fn take(&mut self, name: &str, plain: &str, value: &str, base: &str) -> Result<bool, Refusal> {
        match plain {
            "_count" => {
                let count: usize = value.parse().map_err(|_| Refusal::invalid("_count is not a number."))?;
                self.only_total |= count == 0;
                self.count = count.clamp(1, MAX_COUNT);
            }
            "_summary" => match value {
                "count" => self.only_total = true,
                "false" => {}
                _ => return Ok(false),
            },
            "_total" | "_format" | "_pretty" => {}
            "_elements" => self.elements.extend(value.split(',').map(|e| e.trim().to_owned())),
            "_sort" => {
                for key in value.split(',') {
                    let (key, down) = key.strip_prefix('-').map_or((key, false), |k| (k, true));
                    let field = self
                        .field(key)
                        .ok_or_else(|| Refusal::invalid(format!("Cannot sort by \"{key}\".")))?;
                    self.sort.push((field, down));
                }
            }
            "_include" => self.includes.push(include(value)?),
            "_revinclude" => self.reverse.push(include(value)?),
            _ => return self.filter(name, plain, value, base),
        }
        Ok(true)
    }

    fn field(&self, name: &str) -> Option<Field> {
        match name {
            "_id" => Some(Field::Id),
            "_lastUpdated" => Some(Field::LastUpdated),
            _ => params::find(self.kind, name).map(Field::Param),
        }
    }

    fn filter(&mut self, name: &str, plain: &str, value: &str, base: &str) -> Result<bool, Refusal> {
        let Some(field) = self.field(plain) else { return Ok(false) };
        let compare = match field {
            Field::Id => Compare::Token,
            Field::LastUpdated => Compare::Date,
            Field::Param(param) => param.compare,
        };
        let given = name.split_once(':').map(|(_, modifier)| modifier);
        let (modifier, kind) = modifier(given, compare, name)?;
        let parts = split_unescaped(value);
        let mut values = Vec::new();
        for part in parts.iter().filter(|part| !part.is_empty()) {
            values.push(wanted(compare, modifier, part, kind, base)?);
        }
        if values.is_empty() {
            return Err(Refusal::invalid(format!("\"{name}\" has no value.")));
        }
        self.filters.push(Filter { field, modifier, values });
        Ok(true)
    }

    /// The values of a filter on the parameter `name`, if there is one without modifier.
    pub fn wanted(&self, name: &str) -> Option<&[Wanted]> {
        self.filters
            .iter()
            .find(|f| f.modifier == Modifier::None && matches!(f.field, Field::Param(p) if p.name == name))
            .map(|f| f.values.as_slice())
    }

    /// The ids asked for by `_id`.
    pub fn ids(&self) -> Option<impl Iterator<Item = &str>> {
        let filter =
            self.filters.iter().find(|f| matches!(f.field, Field::Id) && f.modifier == Modifier::None)?;
        Some(filter.values.iter().filter_map(|value| match value {
            Wanted::Token { code, .. } => code.as_deref(),
            _ => None,
        }))
    }
}

fn modifier<'g>(
    given: Option<&'g str>,
    compare: Compare,
    name: &str,
) -> Result<(Modifier, Option<&'g str>), Refusal> {
    let modifier = match (given, compare) {
        (None, _) => Modifier::None,
        (Some("missing"), _) => Modifier::Missing,
        (Some("not"), Compare::Token) => Modifier::Not,
        (Some("exact"), Compare::Text) => Modifier::Exact,
        (Some("contains"), Compare::Text) => Modifier::Contains,
        (Some(kind), Compare::Reference) if Kind::parse(kind).is_some() => {
            return Ok((Modifier::None, Some(kind)));
        }
        (Some(_), _) => return Err(Refusal::invalid(format!("Modifier of \"{name}\" is not supported."))),
    };
    Ok((modifier, None))
}

fn wanted(
    compare: Compare,
    modifier: Modifier,
    part: &str,
    kind: Option<&str>,
    base: &str,
) -> Result<Wanted, Refusal> {
    if modifier == Modifier::Missing {
        return match part {
            "true" => Ok(Wanted::Flag(true)),
            "false" => Ok(Wanted::Flag(false)),
            _ => Err(Refusal::invalid(":missing takes true or false.")),
        };
    }
    Ok(match compare {
        Compare::Token => match part.split_once('|') {
            None => Wanted::Token { system: None, code: Some(part.to_owned()) },
            Some((system, code)) => Wanted::Token {
                system: Some(system.to_owned()),
                code: (!code.is_empty()).then(|| code.to_owned()),
            },
        },
        Compare::Date => date(part)?,
        Compare::Reference => {
            let local = part.strip_prefix(base).map_or(part, |rest| rest.trim_start_matches('/'));
            match local.rsplit_once('/') {
                Some((kind, id)) => Wanted::Reference { kind: Some(kind.to_owned()), id: id.to_owned() },
                None => Wanted::Reference { kind: kind.map(str::to_owned), id: local.to_owned() },
            }
        }
        Compare::Text => Wanted::Text(part.to_lowercase()),
    })
}

fn date(part: &str) -> Result<Wanted, Refusal> {
    let prefixes = [
        ("eq", Prefix::Eq),
        ("ne", Prefix::Ne),
        ("gt", Prefix::Gt),
        ("lt", Prefix::Lt),
        ("ge", Prefix::Ge),
        ("le", Prefix::Le),
        ("sa", Prefix::Sa),
        ("eb", Prefix::Eb),
        ("ap", Prefix::Ap),
    ];
    let found = prefixes.iter().find_map(|(text, prefix)| Some((*prefix, part.strip_prefix(text)?)));
    let (prefix, text) = found.unwrap_or((Prefix::Eq, part));
    // A plus sign that was not escaped arrives as a space.
    let (from, until) = moment::stretch(&text.replace(' ', "+"))
        .ok_or_else(|| Refusal::invalid("A date in the search is not a FHIR date."))?;
    Ok(Wanted::Date(prefix, from, until))
}

fn include(value: &str) -> Result<Include, Refusal> {
    let refuse = || Refusal::invalid(format!("\"{value}\" cannot be included."));
    let mut parts = value.split(':');
    let kind = parts.next().and_then(Kind::parse).ok_or_else(refuse)?;
    let param = match parts.next().ok_or_else(refuse)? {
        "*" => None,
        name => {
            let param =
                params::find(kind, name).filter(|p| p.compare == Compare::Reference).ok_or_else(refuse)?;
            Some(param.name)
        }
    };
    let target = match parts.next() {
        None => None,
        Some(name) => Some(Kind::parse(name).ok_or_else(refuse)?),
    };
    Ok(Include { kind, param, target })
}

/// Splits at commas that are not escaped by a backslash.
fn split_unescaped(value: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for c in value.chars() {
        match (c, escaped) {
            ('\\', false) => {
                escaped = true;
                continue;
            }
            (',', false) => parts.push(String::new()),
            _ => {
                if let Some(last) = parts.last_mut() {
                    last.push(c);
                }
            }
        }
        escaped = false;
    }
    parts
}
