//! What can be wrong with a search.

use std::fmt;

use crate::fhir::resource_type::ResourceType;

/// A parameter's name as the client wrote it, cut to what is safe to say back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// Parameter names are not PHI as long as they look like names; anything else is not repeated.
    pub(super) fn of(text: &str) -> Self {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':');
        let named = (1..=48).contains(&text.len()) && text.bytes().all(plain);
        Self(if named { format!("\"{text}\"") } else { "(unreadable)".to_owned() })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a search was not understood: 400. The text is a plain sentence; it never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// The type cannot be searched.
    #[error("{0} cannot be searched on this server.")]
    NotSearchable(ResourceType),
    /// Not on the type's list.
    #[error(
        "The search parameter {0} is not supported for this type; the server's CapabilityStatement lists those that are."
    )]
    Unknown(Name),
    /// Not with this modifier.
    #[error("The modifier in {0} is not supported.")]
    UnknownModifier(Name),
    /// Not of the parameter's form.
    #[error("The search parameter {0} needs {1}.")]
    BadValue(Name, &'static str),
    /// May stand once.
    #[error("The search parameter {0} may be given once.")]
    Repeated(Name),
    /// More than one patient.
    #[error("A search may name one patient.")]
    SeveralPatients,
    /// The search must name a patient or something equally narrow.
    #[error("A search of this type names at least {}.", one_of(.0))]
    NeedsOneOf(Vec<Vec<String>>),
    /// Longer than is read.
    #[error("The search is too long.")]
    TooLong,
}

impl SearchError {
    /// A parameter that is not known, by the name that the client wrote.
    pub fn unknown(name: &str) -> Self {
        Self::Unknown(Name::of(name))
    }

    /// A value that is not of the form that the parameter needs.
    pub fn bad(name: &str, expected: &'static str) -> Self {
        Self::BadValue(Name::of(name), expected)
    }

    /// A parameter that may stand once and does not.
    pub fn repeated(name: &str) -> Self {
        Self::Repeated(Name::of(name))
    }
}

fn one_of(groups: &[Vec<String>]) -> String {
    groups.iter().map(|group| group.join(" with ")).collect::<Vec<_>>().join(", or ")
}

impl SearchError {
    /// The `issue-type` code for the OperationOutcome.
    pub const fn issue(&self) -> &'static str {
        match self {
            Self::NotSearchable(_) | Self::Unknown(_) | Self::UnknownModifier(_) => "not-supported",
            Self::BadValue(..) | Self::Repeated(_) | Self::SeveralPatients => "value",
            Self::NeedsOneOf(_) => "required",
            Self::TooLong => "too-long",
        }
    }
}
