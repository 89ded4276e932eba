//! `check-config`, `migrate`, `verify-audit`.

use crate::app::options;

use super::open::Installation;
use super::{CommandError, Place};

/// Reads the configuration, secrets and key files included, and says that it is good.
pub fn config(place: &Place) -> Result<(), CommandError> {
    let config = place.load()?;
    options::master_key(&config)?;
    options::ehr(&config)?;
    let clock: crate::domain::clock::SharedClock = std::sync::Arc::new(crate::domain::clock::SystemClock);
    options::panel_route(&config, &clock)?;
    options::outbound(&config)?;
    options::web(&config, false)?;
    println!("{} is good.", place.file().display());
    Ok(())
}

/// Brings the schema up to date.
pub async fn migrate(place: &Place) -> Result<(), CommandError> {
    let installation = Installation::open(place).await?;
    installation.store.close().await;
    println!("The schema is up to date.");
    Ok(())
}

/// Follows the audit log's chain from its first entry.
pub async fn audit(place: &Place) -> Result<(), CommandError> {
    let installation = Installation::open(place).await?;
    let broken = installation.store.verify_audit().await?;
    installation.store.close().await;
    match broken {
        None => {
            println!("The audit log's chain is whole.");
            Ok(())
        }
        Some(number) => Err(format!("the audit log's chain is broken at entry {number}").into()),
    }
}
