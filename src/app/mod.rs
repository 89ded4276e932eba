//! The product, put together. `main` and the tests build it the same way.

pub mod options;

/// Why the product cannot be built; a sentence for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BuildError(String);

impl BuildError {
    fn new(reason: impl std::fmt::Display) -> Self {
        Self(reason.to_string())
    }
}
