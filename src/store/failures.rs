//! What went wrong for a client, for its vendor to read: counted by reason and slot of time, bounded per client.

use std::time::Duration;

use crate::domain::clock::Timestamp;
use crate::domain::failure::ClientFailure;
use crate::domain::ids::ClientId;
use crate::domain::secret::TokenHash;

use super::db::{Fields, Row};
use super::{Store, StoreError, Transaction};

/// How long a failure is kept.
pub const KEPT_FOR: Duration = Duration::from_hours(24 * 30);
/// Rows kept of a client, of those that it proved to be its own and of the others each.
pub const KEPT_AT_MOST: u32 = 200;

/// Failures that the client proved to be its own count together within this time ...
const PROVEN_SLOT: Duration = Duration::from_secs(10);
/// ... and those that anybody may have caused within this one.
const NAMED_SLOT: Duration = Duration::from_hours(1);

statements! {
    // A client that was removed meanwhile is no error.
    ADD = "INSERT INTO client_failures (client, endpoint, error, proven, slot, code, description, request, count, last_at)
           SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS BIGINT), CAST($6 AS TEXT),
                  CAST($7 AS TEXT), CAST($8 AS TEXT), CAST($9 AS BIGINT), CAST($10 AS BIGINT)
           WHERE EXISTS (SELECT 1 FROM clients WHERE id = CAST($1 AS TEXT))
           ON CONFLICT (client, endpoint, error, proven, slot) DO UPDATE SET
               count = client_failures.count + excluded.count, last_at = excluded.last_at, request = excluded.request";
    TRIM = "DELETE FROM client_failures WHERE client = $1 AND proven = $2 AND last_at <
            (SELECT last_at FROM client_failures WHERE client = $1 AND proven = $2 ORDER BY last_at DESC LIMIT 1 OFFSET $3)";
    LATEST = "SELECT client, endpoint, error, proven, code, description, request, count, last_at FROM client_failures
              WHERE client = $1 ORDER BY last_at DESC, endpoint, error LIMIT $2";
    OWNER = "SELECT z.client FROM access_tokens t JOIN authorizations z ON z.id = t.authorization_id WHERE t.hash = $1";
}

fn read(row: Row) -> Result<ClientFailure, StoreError> {
    let mut fields = Fields::new("client_failures", row);
    Ok(ClientFailure {
        client: fields.id("client")?,
        endpoint: fields.text("endpoint")?,
        error: fields.text("error")?,
        proven: fields.flag("proven")?,
        code: fields.text("code")?,
        description: fields.text("description")?,
        request: fields.maybe_id("request")?,
        count: fields.number("count")?,
        last_at: fields.time("last_at")?,
    })
}

/// The number of the slot that a failure counts in.
pub fn slot(at: Timestamp, proven: bool) -> i64 {
    let length = if proven { PROVEN_SLOT } else { NAMED_SLOT };
    at.as_millis() / i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

impl Store {
    /// The latest failures of a client, latest first.
    pub async fn failures_of(&self, client: &ClientId, limit: u32) -> Result<Vec<ClientFailure>, StoreError> {
        self.list(LATEST, args![client, limit], read).await
    }

    /// The client for which an access token was issued, whether or not it still works, while the token is kept.
    pub async fn client_of_token(&self, hash: &TokenHash) -> Result<Option<ClientId>, StoreError> {
        let row = self.read_one(OWNER, args![hash]).await?;
        row.map(|row| Fields::new("authorizations", row).id("client")).transpose()
    }
}

impl Transaction {
    /// Adds failures to those that are known, and removes the oldest beyond [`KEPT_AT_MOST`] of each client.
    pub async fn add_failures(&mut self, failures: &[ClientFailure]) -> Result<(), StoreError> {
        let mut touched = std::collections::BTreeSet::new();
        for failure in failures {
            let args = args![
                &failure.client,
                &failure.endpoint,
                &failure.error,
                failure.proven,
                slot(failure.last_at, failure.proven),
                &failure.code,
                &failure.description,
                failure.request.as_ref(),
                failure.count,
                failure.last_at,
            ];
            self.run(ADD, args).await?;
            touched.insert((&failure.client, failure.proven));
        }
        for (client, proven) in touched {
            self.run(TRIM, args![client, proven, KEPT_AT_MOST - 1]).await?;
        }
        Ok(())
    }
}

alone! {
    /// Adds failures to those that are known.
    fn add_failures(failures: &[ClientFailure]) -> ();
}
