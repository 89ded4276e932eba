//! Removes what has expired.

use std::time::Duration;

use crate::domain::clock::Timestamp;

use super::db::Sql;
use super::{Store, StoreError};

/// How long a spent code or refresh token is kept, so that its reuse is recognised.
const REUSE_WINDOW: Duration = Duration::from_hours(24 * 7);
/// How long sent mails are kept.
const MAILS: Duration = Duration::from_hours(24 * 30);

statements! {
    SESSIONS = "DELETE FROM sessions WHERE expires_at < $1";
    LAUNCHES = "DELETE FROM launches WHERE expires_at < $1";
    ACCESS_TOKENS = "DELETE FROM access_tokens WHERE expires_at < $1";
    JTI = "DELETE FROM used_jti WHERE expires_at < $1";
    THROTTLES = "DELETE FROM throttles WHERE last_at < $1";
    CODES = "DELETE FROM codes WHERE expires_at < $1";
    REFRESH_TOKENS = "DELETE FROM refresh_tokens WHERE expires_at < $1";
    AUTHORIZATIONS = "DELETE FROM authorizations WHERE created_at < $1
                      AND NOT EXISTS (SELECT 1 FROM codes c WHERE c.authorization_id = authorizations.id)
                      AND NOT EXISTS (SELECT 1 FROM access_tokens t WHERE t.authorization_id = authorizations.id)
                      AND NOT EXISTS (SELECT 1 FROM refresh_tokens r WHERE r.authorization_id = authorizations.id)";
}

impl Store {
    /// Removes what has expired: sessions, codes, tokens, launches, jti, throttle counters, sent mails. Returns how many rows.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        let now = self.now();
        let spent = now.minus(REUSE_WINDOW);
        let steps: [(Sql, Timestamp); 8] = [
            (SESSIONS, now),
            (LAUNCHES, now),
            (ACCESS_TOKENS, now),
            (JTI, now),
            (THROTTLES, now.minus(Duration::from_hours(1))),
            (CODES, spent),
            (REFRESH_TOKENS, spent),
            (AUTHORIZATIONS, spent),
        ];
        let mut removed = 0;
        // Each in a transaction of its own: others get their turn in between.
        for (sql, before) in steps {
            let mut transaction = self.begin().await?;
            removed += transaction.run(sql, args![before]).await?;
            transaction.commit().await?;
        }
        let mut transaction = self.begin().await?;
        removed += transaction.sweep_changes().await?;
        removed += transaction.sweep_mails(now.minus(MAILS)).await?;
        transaction.commit().await?;
        Ok(removed)
    }
}
