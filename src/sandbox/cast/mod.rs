//! The people and programs of the demo: accounts of each kind at the hospital's real practices, grants, sponsorships and
//! clients, with credentials that the demo prints. Nothing here exists outside `chartgate demo` and tests.

mod clients;
mod people;
mod reach;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::credentials::password::{HashError, Passwords};
use crate::credentials::signing::SigningError;
use crate::domain::clock::Timestamp;
use crate::domain::ids::InvalidId;
use crate::domain::random::Random;
use crate::store::{Store, StoreError};

use super::hospital::Hospital;

/// Everybody that the demo prints.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cast {
    /// People who sign in.
    pub users: Vec<DemoUser>,
    /// OAuth clients.
    pub clients: Vec<DemoClient>,
}

/// A person who signs in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DemoUser {
    /// As printed on pages.
    pub name: String,
    /// `provider`, `sponsored`, `guardian` or `staff`.
    pub kind: String,
    /// Sign-in name.
    pub email: String,
    /// Password, of this demo alone.
    pub password: String,
    /// The practice's name; absent for staff and guardians.
    pub practice: Option<String>,
    /// MRNs of records within reach; of a large population the first ones.
    pub sees: Vec<String>,
    /// MRNs of records beyond reach; of a large population the first ones.
    pub sees_not: Vec<String>,
    /// One sentence for the person at the terminal.
    pub note: String,
}

/// An OAuth client with its secret, of this demo alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DemoClient {
    /// `client_id`.
    pub client_id: String,
    /// `public`, `confidential` or `backend`.
    pub kind: String,
    /// Exact redirect URIs.
    pub redirect_uris: Vec<String>,
    /// Scopes it may ask for.
    pub scope: String,
    /// Client secret.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub secret: Option<String>,
    /// Private key for `private_key_jwt`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub jwk: Option<Value>,
    /// The same key in PEM.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pem: Option<String>,
    /// The practice that a backend client acts for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub practice: Option<String>,
}

/// Why the demo could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum CastError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// A key could not be made.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// The synthetic hospital names something that is not an identifier.
    #[error(transparent)]
    Id(#[from] InvalidId),
}

/// What the cast is made with.
pub struct Stage<'a> {
    /// The database, empty of people.
    pub store: &'a Store,
    /// Hashes passwords.
    pub passwords: &'a Passwords,
    /// Randomness for passwords, secrets and ids.
    pub random: &'a dyn Random,
    /// The present moment.
    pub now: Timestamp,
    /// The hospital whose practices these people work in.
    pub hospital: &'a Hospital,
    /// The portal's origin, without a trailing slash.
    pub portal: &'a str,
}

/// Fills an empty database with practices, people, grants, sponsorships and clients.
pub async fn seed(stage: &Stage<'_>) -> Result<Cast, CastError> {
    let people = people::Plan::of(stage.hospital);
    let users = people.carry_out(stage).await?;
    let clients = clients::register(stage, &people).await?;
    Ok(Cast { users, clients })
}

/// Registers the record viewer anew, where the portal now has another address than when the data was made.
pub async fn move_viewer(stage: &Stage<'_>) -> Result<(), CastError> {
    clients::move_viewer(stage).await
}
