//! Requests of a client that were refused, for its vendor to read. Nothing of a user, no token, no address.

use super::clock::Timestamp;
use super::ids::{ClientId, RequestId};

/// Requests of one client that were refused for one reason within one slot of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFailure {
    /// Whose.
    pub client: ClientId,
    /// At which endpoint: a route template, or a FHIR type and what was done with it.
    pub endpoint: String,
    /// The name of the reason, unique within the product.
    pub error: String,
    /// Whether the client had proved who it is. Whoever knows a `client_id` can cause failures in its name.
    pub proven: bool,
    /// The OAuth error code, as answered.
    pub code: String,
    /// The description, as answered.
    pub description: String,
    /// The latest request.
    pub request: Option<RequestId>,
    /// How many there were.
    pub count: u32,
    /// When the latest was.
    pub last_at: Timestamp,
}
