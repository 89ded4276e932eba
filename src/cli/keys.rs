//! `keys list|rotate`.

use clap::Subcommand;

use crate::app::keys::KeyRing;
use crate::domain::clock::SystemClock;
use crate::domain::random::SystemRandom;
use crate::store::keys::KeyState;

use super::open::Installation;
use super::{CommandError, Place};

#[derive(Subcommand)]
pub enum KeysCommand {
    /// List signing keys and their state.
    List(Place),
    /// Begin to sign with a new key; the old one stays published for a day.
    Rotate(Place),
}

pub async fn run(command: KeysCommand) -> Result<(), CommandError> {
    match command {
        KeysCommand::List(place) => list(&place).await,
        KeysCommand::Rotate(place) => rotate(&place).await,
    }
}

async fn list(place: &Place) -> Result<(), CommandError> {
    let installation = Installation::open(place).await?;
    for key in installation.store.keys().await? {
        let state = match key.state {
            KeyState::Active => "active",
            KeyState::Retiring => "retiring",
        };
        println!("{}\t{}\t{state}\tsince {}", key.kid, key.algorithm, key.created_at);
    }
    installation.store.close().await;
    Ok(())
}

async fn rotate(place: &Place) -> Result<(), CommandError> {
    let installation = Installation::open(place).await?;
    let ring = KeyRing::new(installation.store.clone(), &installation.key);
    let kid = ring.rotate(&SystemClock, &SystemRandom).await?;
    installation.record("keys_rotate", &kid).await?;
    installation.store.close().await;
    println!("signing with: {kid}");
    Ok(())
}
