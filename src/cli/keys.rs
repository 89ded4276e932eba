//! `keys list|rotate`.

use clap::{Args, Subcommand};

use crate::app::keys::{KeyRing, PUBLISHED_BEFORE};
use crate::domain::clock::SystemClock;
use crate::domain::random::SystemRandom;
use crate::store::keys::KeyState;

use super::open::Installation;
use super::{CommandError, Place};

#[derive(Subcommand)]
pub enum KeysCommand {
    /// List signing keys and their state.
    List(Place),
    /// Publish a new key, which begins to sign ten minutes later; the old one stays published for a day.
    Rotate(Rotate),
}

#[derive(Args)]
pub struct Rotate {
    /// Sign with the new key at once: for a key that leaked. Apps that keep our public keys may refuse sign-ins for some
    /// minutes.
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    place: Place,
}

pub async fn run(command: KeysCommand) -> Result<(), CommandError> {
    match command {
        KeysCommand::List(place) => list(&place).await,
        KeysCommand::Rotate(rotate) => self::rotate(&rotate).await,
    }
}

async fn list(place: &Place) -> Result<(), CommandError> {
    let installation = Installation::open(place).await?;
    for key in installation.store.keys().await? {
        let state = match key.state {
            KeyState::Next => "next",
            KeyState::Active => "active",
            KeyState::Retiring => "retiring",
        };
        println!("{}\t{}\t{state}\tsince {}", key.kid, key.algorithm, key.created_at);
    }
    installation.store.close().await;
    Ok(())
}

async fn rotate(rotate: &Rotate) -> Result<(), CommandError> {
    let installation = Installation::open(&rotate.place).await?;
    let ring = KeyRing::new(installation.store.clone(), &installation.key);
    let kid = if rotate.now {
        ring.replace(&SystemClock, &SystemRandom).await?
    } else {
        ring.announce(&SystemClock, &SystemRandom).await?
    };
    installation.record("keys_rotate", &kid).await?;
    installation.store.close().await;
    if rotate.now {
        println!("signing with: {kid}");
    } else {
        let minutes = PUBLISHED_BEFORE.as_secs() / 60;
        println!("published: {kid}; a running server signs with it in {minutes} minutes");
    }
    Ok(())
}
