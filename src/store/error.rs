//! Why the database did not do as asked.

use sqlx::error::{DatabaseError, ErrorKind};

/// A failure of the store. Carries no value from any row: what is stored is PHI or secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Something with this key exists already; which, by table and column: `accounts.email`.
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

impl StoreError {
    /// Whether something with this key exists already.
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }
}

/// Every uniqueness that a caller can run into: the column as SQLite names it, the constraint as PostgreSQL does, and ours.
const UNIQUE: &[(&str, &str, &str)] = &[
    ("accounts.email", "accounts_email_key", "accounts.email"),
    ("accounts.npi", "accounts_npi_key", "accounts.npi"),
    ("practices.organization", "practices_organization_key", "practices.organization"),
    ("sponsorships.sponsored", "sponsorships_pair", "sponsorships.pair"),
    ("access_requests.provider", "access_requests_open", "access_requests.open"),
    ("provider_registrations.npi", "provider_registrations_npi", "provider_registrations.open"),
    ("provider_registrations.email", "provider_registrations_email", "provider_registrations.open"),
    ("clients.id", "clients_pkey", "clients.id"),
    ("signing_keys.purpose", "signing_keys_active", "signing_keys.active"),
];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let sqlx::Error::Database(database) = &error else {
            // Never the Display of the others: a decoding error may quote a value.
            return Self::Unavailable(
                match error {
                    sqlx::Error::Io(io) => return Self::Unavailable(io.kind().to_string()),
                    sqlx::Error::Tls(_) => "the encrypted connection failed",
                    sqlx::Error::PoolTimedOut => "no connection came free in time",
                    sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => "the connection is closed",
                    sqlx::Error::RowNotFound => "a row that must be there is not",
                    sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => "an answer cannot be read",
                    _ => "the request failed",
                }
                .to_owned(),
            );
        };
        match database.kind() {
            ErrorKind::UniqueViolation => Self::Conflict(unique(database.as_ref())),
            ErrorKind::ForeignKeyViolation => Self::Dangling,
            // The code alone: PostgreSQL's messages can quote values.
            _ => Self::Unavailable(format!("error {}", database.code().unwrap_or_default())),
        }
    }
}

fn unique(error: &dyn DatabaseError) -> &'static str {
    let (constraint, message) = (error.constraint().unwrap_or_default(), error.message());
    UNIQUE
        .iter()
        .find(|(column, name, _)| constraint == *name || message.contains(column))
        .map_or("key", |(_, _, ours)| ours)
}
