//! `POST /oauth/register` (RFC 7591) and `GET`, `PUT`, `DELETE /oauth/register/{client_id}` (RFC 7592).
//!
//! No CORS: a vendor registers from its own machine or build, once, and what is handed out there is for no page of a browser.

use axum::extract::{self, Path, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::accounts::By;
use crate::accounts::registration::{RegistrationError, WrongKind};
use crate::domain::client::ClientAuth;
use crate::domain::ids::{ClientId, RequestId};
use crate::domain::secret::{PlainToken, TokenHash, TokenKind};
use crate::store::clients::Registration;
use crate::web::address::ClientAddress;

use super::error::OAuthError;
use super::register_json::{self as json_of, Refusal};
use super::state::State;
use super::{culprit, json};

/// The largest body that is read, in bytes.
const LARGEST: usize = 64 * 1024;
/// What only the server says of a client (RFC 7592 2.2).
const OURS: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

/// `POST`: registers a client.
pub async fn register(extract::State(state): extract::State<State>, request: Request) -> Response {
    let asked = Asked::read(request).await;
    answer(&asked.headers, create(&state, &asked).await)
}

/// `GET`: what is registered.
pub async fn read(
    extract::State(state): extract::State<State>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let asked = Asked::read(request).await;
    answer(&asked.headers, shown(&state, &id, &asked).await)
}

/// `PUT`: changes it.
pub async fn update(
    extract::State(state): extract::State<State>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let asked = Asked::read(request).await;
    answer(&asked.headers, changed(&state, &id, &asked).await)
}

/// `DELETE`: ends it.
pub async fn delete(
    extract::State(state): extract::State<State>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let asked = Asked::read(request).await;
    answer(&asked.headers, removed(&state, &id, &asked).await)
}

/// A request, taken apart.
struct Asked {
    headers: HeaderMap,
    by: By,
    body: Option<Bytes>,
}

impl Asked {
    async fn read(request: Request) -> Self {
        let by = By {
            account: None,
            request: request.extensions().get::<RequestId>().cloned(),
            address: Some(ClientAddress::of(request.extensions()).0),
        };
        let (head, body) = request.into_parts();
        Self { headers: head.headers, by, body: axum::body::to_bytes(body, LARGEST).await.ok() }
    }

    /// The metadata that was sent.
    fn metadata(&self) -> Result<Map<String, Value>, Refusal> {
        let kind = self.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        if !kind.starts_with(b"application/json") {
            return Err(Refusal::metadata("Send the metadata as application/json."));
        }
        let body = self.body.as_ref().ok_or(Refusal::metadata("The metadata may hold at most 64 kB."))?;
        serde_json::from_slice(body).map_err(|_| Refusal::metadata("The body is not a JSON object."))
    }

    /// The bearer token of this kind; `None` when there is no `Authorization` header.
    fn bearer(&self, kind: TokenKind) -> Result<Option<PlainToken>, Refusal> {
        let Some(value) = self.headers.get(AUTHORIZATION) else { return Ok(None) };
        let pair = value.to_str().ok().and_then(|text| text.split_once(' '));
        let token = pair.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let token = token.and_then(|(_, token)| PlainToken::presented(kind, token.trim()));
        token.map(Some).ok_or_else(|| OAuthError::RegistrationToken.into())
    }
}

impl From<RegistrationError> for Refusal {
    fn from(error: RegistrationError) -> Self {
        match error {
            RegistrationError::Wrong(wrong) => {
                let uri = wrong.iter().all(|wrong| wrong.kind == WrongKind::RedirectUri);
                let text: Vec<_> = wrong.iter().map(|wrong| wrong.message).collect();
                let error =
                    if uri { OAuthError::InvalidRedirectUri } else { OAuthError::InvalidClientMetadata };
                Self { description: Some(text.join(" ")), ..error.into() }
            }
            RegistrationError::Closed => {
                Self { description: Some(error.to_string()), ..OAuthError::RegistrationToken.into() }
            }
            RegistrationError::InitialToken | RegistrationError::NotYours => {
                OAuthError::RegistrationToken.into()
            }
            RegistrationError::Limited(wait) => {
                Self { retry_after: Some(wait), ..OAuthError::RegistrationLimited.into() }
            }
            RegistrationError::Full => OAuthError::RegistrationFull.into(),
            RegistrationError::State(_) => OAuthError::RegistrationSuspended.into(),
            RegistrationError::Changed => OAuthError::RegistrationChanged.into(),
            RegistrationError::Failed(_) => OAuthError::ServerErrorJson.into(),
        }
    }
}

async fn create(state: &State, asked: &Asked) -> Result<Response, Refusal> {
    let initial = asked.bearer(TokenKind::InitialAccess)?;
    let metadata = json_of::parse(&asked.metadata()?)?;
    let registered = state.accounts().register_client(metadata, initial.as_ref(), &asked.by).await?;
    let body = json_of::render(
        &registered.client,
        registered.secret.as_ref(),
        registered.management.expose(),
        state.endpoints(),
    );
    Ok(json::answer(StatusCode::CREATED, &body))
}

/// The registration at this address, for whoever holds its token.
async fn managed(state: &State, id: &str, asked: &Asked) -> Result<(Registration, PlainToken), Refusal> {
    let token = asked.bearer(TokenKind::RegistrationAccess)?.ok_or(OAuthError::RegistrationToken)?;
    let id = ClientId::parse(id).map_err(|_| OAuthError::RegistrationToken)?;
    culprit::named(&id);
    let registration = state.accounts().managed_client(&id, &token.hash()).await?;
    Ok((registration, token))
}

async fn shown(state: &State, id: &str, asked: &Asked) -> Result<Response, Refusal> {
    let (registration, token) = managed(state, id, asked).await?;
    let body = json_of::render(&registration.client, None, token.expose(), state.endpoints());
    Ok(json::answer(StatusCode::OK, &body))
}

async fn changed(state: &State, id: &str, asked: &Asked) -> Result<Response, Refusal> {
    let (registration, token) = managed(state, id, asked).await?;
    let sent = asked.metadata()?;
    if OURS.iter().any(|member| sent.contains_key(*member)) {
        return Err(Refusal::metadata(
            "Leave out registration_access_token, registration_client_uri, client_secret_expires_at and \
             client_id_issued_at: they are the server's to say.",
        ));
    }
    if sent.get("client_id").and_then(Value::as_str) != Some(registration.client.id.as_str()) {
        return Err(Refusal::metadata("client_id is missing or not the one of this address."));
    }
    if sent.get("client_secret").is_some_and(|secret| !is_its_secret(secret, &registration.client.auth)) {
        return Err(Refusal::metadata("client_secret is not the one that was issued; leave it out."));
    }
    let metadata = json_of::parse(&sent)?;
    let updated = state.accounts().update_client(registration, metadata, &asked.by).await?;
    let body = json_of::render(&updated.client, updated.secret.as_ref(), token.expose(), state.endpoints());
    Ok(json::answer(StatusCode::OK, &body))
}

fn is_its_secret(sent: &Value, auth: &ClientAuth) -> bool {
    let ClientAuth::Secret { hash } = auth else { return false };
    let known = TokenHash::from_hex(hash);
    sent.as_str().zip(known).is_some_and(|(sent, known)| TokenHash::of(sent).matches(&known))
}

async fn removed(state: &State, id: &str, asked: &Asked) -> Result<Response, Refusal> {
    let (registration, _) = managed(state, id, asked).await?;
    state.accounts().delete_client(&registration, &asked.by).await?;
    let mut response = json::answer(StatusCode::NO_CONTENT, &json!({}));
    *response.body_mut() = axum::body::Body::empty();
    response.headers_mut().remove(CONTENT_TYPE);
    Ok(response)
}

fn answer(headers: &HeaderMap, outcome: Result<Response, Refusal>) -> Response {
    let Refusal { error, description, retry_after } = match outcome {
        Ok(response) => return response.into_response(),
        Err(refusal) => refusal,
    };
    tracing::info!(error = error.name(), "a registration request was refused");
    let mut response = json::error_saying(error, description.as_deref().unwrap_or(error.text()), headers);
    if let Some(wait) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    }
    response
}
