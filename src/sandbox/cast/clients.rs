//! The demo's clients: the record viewer, and one of each kind for scripts.

use crate::credentials::signing::{SigningAlgorithm, SigningKey};
use crate::domain::client::{Client, ClientAuth, ClientDetails, ClientKind, ClientState};
use crate::domain::ids::{ClientId, PracticeId};
use crate::domain::secret::{PlainToken, TokenKind};

use super::people::Plan;
use super::{CastError, DemoClient, Stage};

/// Where scripts wait for the redirect; nothing needs to listen there.
const CALLBACK: &str = "http://127.0.0.1:7777/callback";
const LAUNCH: &str = "http://127.0.0.1:7777/launch";

const APP_SCOPE: &str = "launch launch/patient launch/encounter openid fhirUser profile offline_access online_access \
    patient/*.rs user/*.rs patient/*.read user/*.read";

/// What the record viewer asks for.
const VIEWER_SCOPE: &str = "launch launch/patient openid fhirUser online_access patient/*.rs user/Practitioner.rs \
    user/PractitionerRole.rs user/Organization.rs user/Location.rs";

/// A client on its way into the database, with what only the demo knows.
struct Draft {
    client: Client,
    secret: Option<String>,
    jwk: Option<serde_json::Value>,
    pem: Option<String>,
    practice: Option<String>,
}

/// Registers the clients.
pub(super) async fn register(stage: &Stage<'_>, plan: &Plan) -> Result<Vec<DemoClient>, CastError> {
    let mut drafts = vec![viewer(stage)?, public(stage)?, with_secret(stage)?, with_key(stage)?];
    for facts in plan.practices.iter().take(2) {
        drafts.push(backend(stage, Plan::practice_id(facts)?, facts.name)?);
    }
    let mut change = stage.store.begin().await?;
    for draft in &drafts {
        change.insert_client(&draft.client).await?;
    }
    change.commit().await?;
    Ok(drafts.into_iter().map(printed).collect())
}

fn client(
    stage: &Stage<'_>,
    id: &str,
    name: &str,
    kind: ClientKind,
    auth: ClientAuth,
) -> Result<Client, CastError> {
    Ok(Client {
        id: ClientId::parse(id)?,
        name: name.to_owned(),
        kind,
        auth,
        redirect_uris: vec![CALLBACK.to_owned()],
        launch_uri: None,
        scope: APP_SCOPE.to_owned(),
        practice: None,
        trusted: false,
        state: ClientState::Active,
        details: ClientDetails::default(),
        created_at: stage.now,
    })
}

fn plain(client: Client) -> Draft {
    Draft { client, secret: None, jwk: None, pem: None, practice: None }
}

fn viewer(stage: &Stage<'_>) -> Result<Draft, CastError> {
    let base = format!("{}/apps/record-viewer", stage.portal);
    let mut client = client(stage, "record-viewer", "Record viewer", ClientKind::Public, ClientAuth::None)?;
    client.redirect_uris = vec![format!("{base}/index.html")];
    client.launch_uri = Some(format!("{base}/launch.html"));
    VIEWER_SCOPE.clone_into(&mut client.scope);
    client.trusted = true;
    Ok(plain(client))
}

fn public(stage: &Stage<'_>) -> Result<Draft, CastError> {
    let mut client = client(stage, "growth-chart", "Growth Chart", ClientKind::Public, ClientAuth::None)?;
    client.launch_uri = Some(LAUNCH.to_owned());
    Ok(plain(client))
}

fn with_secret(stage: &Stage<'_>) -> Result<Draft, CastError> {
    let secret = PlainToken::generate(TokenKind::ClientSecret, stage.random);
    let auth = ClientAuth::Secret { hash: secret.hash().to_hex() };
    let client = client(stage, "care-planner", "Care Planner", ClientKind::Confidential, auth)?;
    Ok(Draft { secret: Some(secret.expose().to_owned()), ..plain(client) })
}

fn with_key(stage: &Stage<'_>) -> Result<Draft, CastError> {
    let KeyPair { auth, jwk, pem } = key_pair()?;
    let mut client = client(stage, "referral-desk", "Referral Desk", ClientKind::Confidential, auth)?;
    client.launch_uri = Some(LAUNCH.to_owned());
    Ok(Draft { jwk, pem: Some(pem), ..plain(client) })
}

fn backend(stage: &Stage<'_>, practice: PracticeId, name: &str) -> Result<Draft, CastError> {
    let KeyPair { auth, jwk, pem } = key_pair()?;
    let id = format!("{practice}-system");
    let mut client = client(stage, &id, &format!("{name}: practice system"), ClientKind::Backend, auth)?;
    client.redirect_uris = Vec::new();
    "system/*.rs system/*.read".clone_into(&mut client.scope);
    client.practice = Some(practice);
    Ok(Draft { jwk, pem: Some(pem), practice: Some(name.to_owned()), ..plain(client) })
}

struct KeyPair {
    auth: ClientAuth,
    jwk: Option<serde_json::Value>,
    pem: String,
}

fn key_pair() -> Result<KeyPair, CastError> {
    let key = SigningKey::generate(SigningAlgorithm::Es384)?;
    let jwks = serde_json::json!({ "keys": [key.jwk()] }).to_string();
    let pem = key.to_pem()?.to_string();
    Ok(KeyPair { auth: ClientAuth::Keys { jwks }, jwk: key.private_jwk(), pem })
}

fn printed(draft: Draft) -> DemoClient {
    DemoClient {
        client_id: draft.client.id.to_string(),
        kind: draft.client.kind.word().to_owned(),
        redirect_uris: draft.client.redirect_uris,
        scope: draft.client.scope,
        secret: draft.secret,
        jwk: draft.jwk,
        pem: draft.pem,
        practice: draft.practice,
    }
}

/// Registers the record viewer anew when it is registered at another address than the portal's.
pub(super) async fn move_viewer(stage: &Stage<'_>) -> Result<(), CastError> {
    let wanted = viewer(stage)?.client;
    let known = stage.store.clients().await?.into_iter().find(|client| client.id == wanted.id);
    if known.as_ref().is_some_and(|known| known.redirect_uris == wanted.redirect_uris) {
        return Ok(());
    }
    let mut change = stage.store.begin().await?;
    change.remove_client(&wanted.id).await?;
    change.insert_client(&wanted).await?;
    change.commit().await?;
    Ok(())
}
