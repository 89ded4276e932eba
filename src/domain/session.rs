//! Portal sessions. Server-side; the cookie holds a random handle.

use super::clock::Timestamp;
use super::ids::AccountId;
use super::secret::TokenHash;

/// A signed-in browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Hash of the cookie's handle.
    pub hash: TokenHash,
    /// Who is signed in.
    pub account: AccountId,
    /// When the user proved who they are (`auth_time`).
    pub authenticated_at: Timestamp,
    /// Last request, coarse.
    pub seen_at: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
}
