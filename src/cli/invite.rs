//! `client invite|invitations|uninvite`: initial access tokens (RFC 7591 1.2).

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::accounts::registration::NewInitialToken;
use crate::domain::client::ClientKind;
use crate::domain::clock::{Clock as _, SystemClock};
use crate::domain::ids::{InitialTokenId, PracticeId};
use crate::domain::random::SystemRandom;
use crate::domain::registration::InitialTokenState;
use crate::domain::secret::{PlainToken, TokenKind};

use super::open::Installation;
use super::{CommandError, Place};

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Public,
    Confidential,
    Backend,
}

#[derive(Args)]
pub struct Invite {
    #[command(flatten)]
    place: Place,
    /// For whom the token is.
    #[arg(long = "for", value_name = "VENDOR")]
    label: String,
    /// What may be registered with it; may be given several times.
    #[arg(long, value_enum, required = true)]
    kind: Vec<Kind>,
    /// The most that such a client may ask for, space-separated.
    #[arg(long)]
    scope: String,
    /// How many clients may be registered with it.
    #[arg(long, default_value_t = 1)]
    uses: u32,
    /// For how many days it works.
    #[arg(long, default_value_t = 7)]
    days: u32,
    /// Practice id that a backend client acts for.
    #[arg(long)]
    practice: Option<String>,
    /// Such clients may act at once, without staff's approval.
    #[arg(long)]
    at_once: bool,
}

#[derive(Args)]
pub struct Uninvite {
    #[command(flatten)]
    place: Place,
    /// The token's id, as `client invitations` lists it.
    id: String,
}

/// Makes a token and prints it.
pub async fn invite(invite: Invite) -> Result<(), CommandError> {
    let new = NewInitialToken {
        label: invite.label,
        kinds: invite
            .kind
            .iter()
            .map(|kind| match kind {
                Kind::Public => ClientKind::Public,
                Kind::Confidential => ClientKind::Confidential,
                Kind::Backend => ClientKind::Backend,
            })
            .collect(),
        scope: invite.scope,
        at_once: invite.at_once,
        practice: invite.practice.as_deref().map(PracticeId::parse).transpose()?,
        uses: invite.uses,
        life: Duration::from_hours(24 * u64::from(invite.days)),
    };
    let token = new.checked(InitialTokenId::generate(&SystemRandom), SystemClock.now())?;
    let installation = Installation::open(&invite.place).await?;
    if let Some(practice) = &token.practice
        && installation.store.practice(practice).await?.is_none()
    {
        return Err(format!("there is no practice '{practice}'; `chartgate practice list` shows them").into());
    }
    let secret = PlainToken::generate(TokenKind::InitialAccess, &SystemRandom);
    installation.store.insert_initial_token(&token, &secret.hash()).await?;
    installation.record("initial_token_add", token.id.as_str()).await?;
    installation.store.close().await;
    println!("id: {}", token.id);
    println!("initial_access_token: {}", secret.expose());
    eprintln!("The token is shown this once; it is stored as a hash.");
    Ok(())
}

/// Lists the tokens.
pub async fn list(place: &Place) -> Result<(), CommandError> {
    let installation = Installation::open(place).await?;
    for token in installation.store.initial_tokens().await? {
        let state = match token.state(SystemClock.now()) {
            InitialTokenState::Live => "live",
            InitialTokenState::UsedUp => "used up",
            InitialTokenState::Expired => "expired",
            InitialTokenState::Revoked => "taken back",
        };
        let kinds: Vec<_> = token.kinds.iter().map(|kind| kind.word()).collect();
        let (spent, of) = (token.used, token.uses);
        println!(
            "{}\t{state}\t{spent}/{of}\t{}\t{}\t{}\t{}",
            token.id,
            token.expires_at,
            kinds.join(","),
            token.label,
            token.scope
        );
    }
    installation.store.close().await;
    Ok(())
}

/// Takes a token back.
pub async fn uninvite(uninvite: Uninvite) -> Result<(), CommandError> {
    let id = InitialTokenId::parse(&uninvite.id)?;
    let installation = Installation::open(&uninvite.place).await?;
    let revoked = installation.store.revoke_initial_token(&id).await?;
    if revoked {
        installation.record("initial_token_revoke", id.as_str()).await?;
    }
    installation.store.close().await;
    if revoked {
        Ok(())
    } else {
        Err(format!("there is no such token '{id}', or it was taken back before").into())
    }
}
