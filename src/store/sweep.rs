//! Removes what has expired.

use std::time::Duration;

use crate::domain::clock::Timestamp;

use super::db::Sql;
use super::{Store, StoreError};

/// How long a spent code or refresh token is kept, so that its reuse is recognised.
const REUSE_WINDOW: Duration = Duration::from_hours(24 * 7);
/// How long sent mails are kept.
const MAILS: Duration = Duration::from_hours(24 * 30);

/// How long notices are kept, read or not.
const NOTICES_KEPT: Duration = Duration::from_hours(24 * 365);

/// How long the identifier of an assertion or a proof is kept after it expired: another node, whose clock is behind this one's, takes
/// assertions for longer.
const CLOCKS: Duration = Duration::from_mins(15);

/// Rows removed in one transaction: others get their turn in between.
const AT_ONCE: u64 = 1000;
/// How long one process has the sweeping to itself.
const LEASE: Duration = Duration::from_mins(5);

statements! {
    SESSIONS = "DELETE FROM sessions WHERE hash IN
                (SELECT hash FROM sessions WHERE expires_at < $1 LIMIT 1000)";
    LAUNCHES = "DELETE FROM launches WHERE hash IN
                (SELECT hash FROM launches WHERE expires_at < $1 LIMIT 1000)";
    ACCESS_TOKENS = "DELETE FROM access_tokens WHERE hash IN
                     (SELECT hash FROM access_tokens WHERE expires_at < $1 LIMIT 1000)";
    PUSHED = "DELETE FROM pushed_requests WHERE hash IN
              (SELECT hash FROM pushed_requests WHERE expires_at < $1 LIMIT 1000)";
    JTI = "DELETE FROM used_jti WHERE key_hash IN
           (SELECT key_hash FROM used_jti WHERE expires_at < $1 LIMIT 1000)";
    THROTTLES = "DELETE FROM throttles WHERE last_at < $1 AND blocked_until < $1";
    CODES = "DELETE FROM codes WHERE hash IN
             (SELECT hash FROM codes WHERE expires_at < $1 LIMIT 1000)";
    REFRESH_TOKENS = "DELETE FROM refresh_tokens WHERE hash IN
                      (SELECT hash FROM refresh_tokens WHERE expires_at < $1 LIMIT 1000)";
    NOTICES = "DELETE FROM notices WHERE id IN
               (SELECT id FROM notices WHERE created_at < $1 LIMIT 1000)";
    FAILURES = "DELETE FROM client_failures WHERE last_at < $1";
    INITIAL_TOKENS = "DELETE FROM initial_tokens WHERE expires_at < $1";
    AUTHORIZATIONS = "DELETE FROM authorizations WHERE id IN
                      (SELECT z.id FROM authorizations z WHERE z.created_at < $1
                       AND NOT EXISTS (SELECT 1 FROM codes c WHERE c.authorization_id = z.id)
                       AND NOT EXISTS (SELECT 1 FROM access_tokens t WHERE t.authorization_id = z.id)
                       AND NOT EXISTS (SELECT 1 FROM refresh_tokens r WHERE r.authorization_id = z.id) LIMIT 1000)";
}

impl Store {
    /// Removes what has expired: sessions, codes, tokens, launches, jti, throttle counters, clients' failures, old notices, sent mails. Returns how many rows;
    /// none when another process is at it.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        if !self.take_lease("sweep", &self.inner.node, LEASE).await? {
            return Ok(0);
        }
        let now = self.now();
        let spent = now.minus(REUSE_WINDOW);
        let steps: [(Sql, Timestamp); 12] = [
            (SESSIONS, now),
            (LAUNCHES, now),
            (ACCESS_TOKENS, now),
            (PUSHED, now),
            (JTI, now.minus(CLOCKS)),
            (THROTTLES, now.minus(Duration::from_hours(1))),
            (FAILURES, now.minus(super::failures::KEPT_FOR)),
            (INITIAL_TOKENS, now.minus(MAILS)),
            (NOTICES, now.minus(NOTICES_KEPT)),
            (CODES, spent),
            (REFRESH_TOKENS, spent),
            (AUTHORIZATIONS, spent),
        ];
        // First what hangs on them: nothing says afterwards that it did.
        let mut transaction = self.begin().await?;
        transaction.revoke_authorizations_of_expired_sessions().await?;
        transaction.commit().await?;
        let mut removed = 0;
        for (sql, before) in steps {
            loop {
                let mut transaction = self.begin().await?;
                let now_removed = transaction.run(sql, args![before]).await?;
                transaction.commit().await?;
                removed += now_removed;
                if now_removed < AT_ONCE {
                    break;
                }
            }
        }
        let mut transaction = self.begin().await?;
        removed += transaction.sweep_changes().await?;
        removed += transaction.sweep_mails(now.minus(MAILS)).await?;
        removed += transaction.sweep_registration_drafts().await?;
        transaction.commit().await?;
        Ok(removed)
    }
}
