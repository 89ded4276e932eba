//! What the commands share: the installation's database and keys.

use std::sync::Arc;

use crate::app::options;
use crate::credentials::seal::SealingKey;
use crate::domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use crate::domain::clock::{Clock as _, SystemClock};
use crate::store::Store;

use super::{CommandError, Place};

/// An installation that a command works on.
pub struct Installation {
    /// Its database, with the schema up to date.
    pub store: Store,
    /// The key from which all others derive.
    pub key: SealingKey,
}

impl Installation {
    /// Opens what `place` names.
    pub async fn open(place: &Place) -> Result<Self, CommandError> {
        let config = place.load()?;
        let key = options::master_key(&config)?;
        let store = Store::open_ready(&options::store(&config), Arc::new(SystemClock)).await?;
        Ok(Self { store, key })
    }

    /// Records an administrative act in the audit log (D-10).
    pub async fn record(&self, what: &str, reason: &str) -> Result<(), CommandError> {
        let event = AuditEvent {
            at: SystemClock.now(),
            kind: AuditKind::Administration,
            outcome: AuditOutcome::Success,
            account: None,
            practice: None,
            client: None,
            patients: Vec::new(),
            what: what.to_owned(),
            reason: Some(reason.to_owned()),
            resources: 0,
            request: None,
            address: Some("command line".to_owned()),
        };
        self.store.append_audit(std::slice::from_ref(&event)).await?;
        Ok(())
    }
}
