//! Why the database did not do as asked.

/// A failure of the store. Carries no value from any row: what is stored is PHI or secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Something with this key exists already; which, by name: `accounts.email`.
    #[error("there is one already: {0}")]
    Conflict(&'static str),
    /// A row refers to something that does not exist.
    #[error("it refers to something that does not exist")]
    Dangling,
    /// A stored value is not what this version writes.
    #[error("the stored {noun}.{field} cannot be read")]
    Corrupt {
        /// Table.
        noun: &'static str,
        /// Column.
        field: &'static str,
    },
    /// The database cannot be reached, is full, or did not answer in time.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The address of the database cannot be read, or names a kind that is not supported.
    #[error("the database address is not valid: {0}")]
    Address(String),
    /// The schema could not be brought up to date.
    #[error("the database schema cannot be brought up to date: {0}")]
    Migration(String),
}
