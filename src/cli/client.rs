//! `client add|list|remove`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use url::Url;

use crate::domain::client::{Client, ClientAuth, ClientDetails, ClientKind, ClientState};
use crate::domain::clock::{Clock as _, SystemClock};
use crate::domain::ids::{ClientId, PracticeId};
use crate::domain::random::SystemRandom;
use crate::domain::secret::{PlainToken, TokenKind};
use crate::fhir::scope::ScopeSet;

use super::invite::{self, Invite, Uninvite};
use super::open::Installation;
use super::{CommandError, Place};

#[derive(Subcommand)]
pub enum ClientCommand {
    /// Register a client; a secret is printed once.
    Add(Box<AddClient>),
    /// List the registered clients.
    List(Place),
    /// Remove a client; its tokens end with it.
    Remove(RemoveClient),
    /// Make an initial access token, with which a vendor registers clients itself.
    Invite(Box<Invite>),
    /// List the initial access tokens.
    Invitations(Place),
    /// Take an initial access token back.
    Uninvite(Uninvite),
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Public,
    Confidential,
    Backend,
}

#[derive(Args)]
pub struct AddClient {
    #[command(flatten)]
    place: Place,
    /// Name that the consent page shows.
    #[arg(long)]
    name: String,
    /// What the client is for.
    #[arg(long, value_enum)]
    kind: Kind,
    /// `client_id`; drawn at random when absent.
    #[arg(long)]
    id: Option<String>,
    /// Exact redirect URI; may be given several times.
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<String>,
    /// Where an EHR launch begins.
    #[arg(long, value_name = "URI")]
    launch_uri: Option<String>,
    /// Scopes it may ask for, space-separated.
    #[arg(long)]
    scope: String,
    /// File with the client's public keys (JWK Set), for `private_key_jwt`.
    #[arg(long, value_name = "FILE", conflicts_with = "jwks_uri")]
    jwks: Option<PathBuf>,
    /// URL of the client's public keys, for `private_key_jwt`.
    #[arg(long, value_name = "URL")]
    jwks_uri: Option<Url>,
    /// Practice id that a backend client acts for.
    #[arg(long)]
    practice: Option<String>,
    /// Users are not asked for consent: for the hospital's own apps.
    #[arg(long)]
    trusted: bool,
}

#[derive(Args)]
pub struct RemoveClient {
    #[command(flatten)]
    place: Place,
    /// `client_id`.
    id: String,
}

pub async fn run(command: ClientCommand) -> Result<(), CommandError> {
    match command {
        ClientCommand::Add(add) => self::add(*add).await,
        ClientCommand::List(place) => list(&place).await,
        ClientCommand::Remove(remove) => self::remove(remove).await,
        ClientCommand::Invite(new) => invite::invite(*new).await,
        ClientCommand::Invitations(place) => invite::list(&place).await,
        ClientCommand::Uninvite(end) => invite::uninvite(end).await,
    }
}

async fn add(add: AddClient) -> Result<(), CommandError> {
    let (client, secret) = registration(&add)?;
    let installation = Installation::open(&add.place).await?;
    if let Some(practice) = &client.practice
        && installation.store.practice(practice).await?.is_none()
    {
        return Err(format!("there is no practice '{practice}'; `chartgate practice list` shows them").into());
    }
    if installation.store.clients().await?.iter().any(|known| known.id == client.id) {
        return Err(format!("a client '{}' is registered already", client.id).into());
    }
    installation.store.insert_client(&client).await?;
    installation.record("client_add", client.id.as_str()).await?;
    installation.store.close().await;
    println!("client_id: {}", client.id);
    if let Some(secret) = secret {
        println!("client_secret: {}", secret.expose());
        eprintln!("The secret is shown this once; it is stored as a hash.");
    }
    Ok(())
}

/// The client that the arguments describe, and its new secret where it gets one.
fn registration(add: &AddClient) -> Result<(Client, Option<PlainToken>), CommandError> {
    let kind = match add.kind {
        Kind::Public => ClientKind::Public,
        Kind::Confidential => ClientKind::Confidential,
        Kind::Backend => ClientKind::Backend,
    };
    check_uris(add, kind)?;
    if ScopeSet::parse(&add.scope).resources.is_empty() {
        return Err("--scope names no resource scope, such as patient/*.rs".into());
    }
    let (auth, secret) = authentication(add, kind)?;
    let client = Client {
        id: match &add.id {
            Some(id) => ClientId::parse(id)?,
            None => ClientId::generate(&SystemRandom),
        },
        name: add.name.clone(),
        kind,
        auth,
        redirect_uris: add.redirect_uris.clone(),
        launch_uri: add.launch_uri.clone(),
        scope: add.scope.clone(),
        practice: add.practice.as_deref().map(PracticeId::parse).transpose()?,
        trusted: add.trusted,
        state: ClientState::Active,
        details: ClientDetails::default(),
        created_at: SystemClock.now(),
    };
    Ok((client, secret))
}

fn check_uris(add: &AddClient, kind: ClientKind) -> Result<(), CommandError> {
    for uri in add.redirect_uris.iter().chain(&add.launch_uri) {
        let parsed = Url::parse(uri).map_err(|error| format!("'{uri}' is not a URI: {error}"))?;
        if parsed.fragment().is_some() {
            return Err(format!("'{uri}' has a fragment; redirect URIs may not").into());
        }
        let loopback = matches!(parsed.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if parsed.scheme() == "http" && !loopback {
            return Err(format!("'{uri}' is plain HTTP; that is for loopback alone").into());
        }
    }
    match kind {
        ClientKind::Backend if !add.redirect_uris.is_empty() => {
            Err("a backend client has no redirect URI".into())
        }
        ClientKind::Backend if add.practice.is_none() => {
            Err("a backend client acts for a practice: --practice ID".into())
        }
        ClientKind::Public | ClientKind::Confidential if add.redirect_uris.is_empty() => {
            Err("--redirect-uri is missing".into())
        }
        _ => Ok(()),
    }
}

fn authentication(
    add: &AddClient,
    kind: ClientKind,
) -> Result<(ClientAuth, Option<PlainToken>), CommandError> {
    if let Some(file) = &add.jwks {
        let jwks = std::fs::read_to_string(file)
            .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
        let parsed: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&jwks)
            .map_err(|error| format!("{} is not a JWK Set: {error}", file.display()))?;
        if parsed.keys.is_empty() {
            return Err(format!("{} holds no key", file.display()).into());
        }
        return Ok((ClientAuth::Keys { jwks }, None));
    }
    if let Some(url) = &add.jwks_uri {
        return Ok((ClientAuth::KeysUrl { jwks_uri: url.to_string() }, None));
    }
    match kind {
        ClientKind::Public => Ok((ClientAuth::None, None)),
        ClientKind::Confidential => {
            let secret = PlainToken::generate(TokenKind::ClientSecret, &SystemRandom);
            Ok((ClientAuth::Secret { hash: secret.hash().to_hex() }, Some(secret)))
        }
        ClientKind::Backend => Err("a backend client proves itself by key: --jwks or --jwks-uri".into()),
    }
}

async fn list(place: &Place) -> Result<(), CommandError> {
    let installation = Installation::open(place).await?;
    for client in installation.store.clients().await? {
        let state = client.state.word();
        println!("{}\t{}\t{state}\t{}\t{}", client.id, client.kind.word(), client.name, client.scope);
    }
    installation.store.close().await;
    Ok(())
}

async fn remove(remove: RemoveClient) -> Result<(), CommandError> {
    let id = ClientId::parse(&remove.id)?;
    let installation = Installation::open(&remove.place).await?;
    let removed = installation.store.remove_client(&id).await?;
    if removed {
        installation.record("client_remove", id.as_str()).await?;
    }
    installation.store.close().await;
    if removed { Ok(()) } else { Err(format!("there is no client '{id}'").into()) }
}
