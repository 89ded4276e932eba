//! The authorization request: who asks and whether they may be answered at all; then what is asked.

use std::time::Duration;

use crate::domain::client::{Client, ClientKind, ClientState};
use crate::domain::clock::Timestamp;
use crate::domain::ids::ClientId;
use crate::domain::thumbprint::KeyThumbprint;
use crate::fhir::scope::ScopeSet;

use super::endpoints::Endpoints;
use super::error::OAuthError;
use super::params::Params;
use super::pkce;
use super::redirect::ReplyTo;
use super::scopes;

/// Our own parameter: the sealed launch context, while our pages follow each other.
pub const CONTEXT: &str = "__cg_context";
/// Our own parameter, sealed: a sign-in after this moment answers `prompt=login` and `max_age`.
pub const SIGNED_IN_AFTER: &str = "__cg_after";

/// The parameter that names the key to which the code is to be bound (RFC 9449 10).
pub const THUMBPRINT: &str = "dpop_jkt";
/// More than any client makes: it is kept and comes back in the `id_token`.
const LONGEST_NONCE: usize = 1024;

/// Why a request is refused, and where that may be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// On a page of ours: client or redirect URI is not good.
    Page(OAuthError),
    /// To the client.
    Redirect(ReplyTo, OAuthError),
}

/// The value of `prompt` (OpenID Connect Core 3.1.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Ask nothing of the user.
    pub none: bool,
    /// Sign in afresh; `select_account` means the same here.
    pub login: bool,
    /// Show the consent page even if consent is remembered.
    pub consent: bool,
}

/// A request that may be answered to its client.
#[derive(Clone, Debug)]
pub struct AuthorizeRequest {
    /// Who asks.
    pub client: Client,
    /// Where the answer goes.
    pub reply: ReplyTo,
    /// The most that can be granted of what was asked.
    pub scopes: ScopeSet,
    /// PKCE challenge, S256.
    pub code_challenge: String,
    /// EHR-launch handle.
    pub launch: Option<String>,
    /// OpenID nonce.
    pub nonce: Option<String>,
    /// What to ask of the user.
    pub prompt: Prompt,
    /// Oldest acceptable sign-in.
    pub max_age: Option<Duration>,
    /// Sealed handle of a moment: a sign-in after it counts as the one that `prompt` or `max_age` asked for.
    pub signed_in_after: Option<String>,
    /// Sealed handle of the launch context (see [`super::context`]).
    pub context: Option<String>,
    /// The key to which the code is to be bound.
    pub bound_to: Option<KeyThumbprint>,
    /// Until when the request counts, if the client pushed it.
    pub pushed: Option<Timestamp>,
    /// Everything as sent, to carry through our pages.
    pub params: Params,
}

/// Client and redirect URI as the request names them, before either is known to be good.
pub fn identify(params: &Params) -> Result<(ClientId, &str), OAuthError> {
    if params.is_empty() {
        return Err(OAuthError::NoParameters);
    }
    if params.is_repeated("client_id") || params.is_repeated("redirect_uri") {
        return Err(OAuthError::RepeatedIdentity);
    }
    let client = params.get("client_id").ok_or(OAuthError::NoClient)?;
    let client = ClientId::parse(client).map_err(|_| OAuthError::UnknownClient)?;
    let redirect_uri = params.get("redirect_uri").ok_or(OAuthError::NoRedirectUri)?;
    Ok((client, redirect_uri))
}

impl AuthorizeRequest {
    /// Judges a request by what is registered for `client`, which [`identify`] named. `pushed` says until when it counts if
    /// the client itself handed it over.
    pub fn verify(
        client: Option<Client>,
        params: Params,
        endpoints: &Endpoints,
        pushed: Option<Timestamp>,
    ) -> Result<Self, Rejection> {
        let client = client.filter(|c| c.state == ClientState::Active);
        let client = client.ok_or(Rejection::Page(OAuthError::UnknownClient))?;
        let redirect_uri = params.get("redirect_uri").unwrap_or_default();
        if !client.redirect_uris.iter().any(|registered| registered == redirect_uri) {
            return Err(Rejection::Page(OAuthError::RedirectUriMismatch));
        }
        let reply = ReplyTo {
            redirect_uri: redirect_uri.to_owned(),
            state: params.get("state").map(str::to_owned),
            issuer: endpoints.issuer.clone(),
        };
        match Self::read(client, &params, reply.clone(), endpoints, pushed) {
            Ok(request) => Ok(Self { params, ..request }),
            Err(error) => Err(Rejection::Redirect(reply, error)),
        }
    }

    fn read(
        client: Client,
        params: &Params,
        reply: ReplyTo,
        endpoints: &Endpoints,
        pushed: Option<Timestamp>,
    ) -> Result<Self, OAuthError> {
        if params.any_repeated() {
            return Err(OAuthError::RepeatedParameter);
        }
        if client.kind == ClientKind::Backend {
            return Err(OAuthError::CodeFlowForbidden);
        }
        if pushed.is_none() && client.details.security.requires_pushed_requests() {
            return Err(OAuthError::PushRequired);
        }
        if client.details.security.fapi && !reply.redirect_uri.starts_with("https://") {
            return Err(OAuthError::RedirectUriNotHttps);
        }
        check_response(params)?;
        let code_challenge = challenge(params)?;
        let aud = params.get("aud").ok_or(OAuthError::NoAudience)?;
        if !endpoints.is_audience(aud) {
            return Err(OAuthError::WrongAudience);
        }
        let scopes = scopes::for_user(params.get("scope").unwrap_or_default(), &client);
        if scopes.is_empty() {
            return Err(OAuthError::NoScopeLeft);
        }
        let owned = |name: &str| params.get(name).map(str::to_owned);
        Ok(Self {
            scopes,
            code_challenge,
            launch: owned("launch"),
            nonce: nonce(params.get("nonce"))?,
            prompt: prompt(params.get("prompt"))?,
            max_age: max_age(params.get("max_age"))?,
            signed_in_after: owned(SIGNED_IN_AFTER),
            context: owned(CONTEXT),
            bound_to: thumbprint(params.get(THUMBPRINT))?,
            pushed,
            params: Params::default(),
            client,
            reply,
        })
    }

    /// Whether the session's sign-in is recent enough for `prompt` and `max_age`. `after` is the moment in
    /// [`AuthorizeRequest::signed_in_after`].
    pub fn accepts_sign_in(
        &self,
        authenticated_at: Timestamp,
        after: Option<Timestamp>,
        now: Timestamp,
    ) -> bool {
        if after.is_some_and(|after| authenticated_at >= after) {
            return true;
        }
        !self.prompt.login && self.max_age.is_none_or(|age| now.since(authenticated_at) <= age)
    }

    /// The parameters of this request with the sealed moment after which a sign-in will be fresh enough.
    pub fn after_sign_in(&self, handle: &str) -> Params {
        self.params.clone().with(SIGNED_IN_AFTER, handle)
    }

    /// The parameters of this request with a sealed launch context in place of a launch handle.
    pub fn with_context(&self, handle: &str) -> Params {
        self.params.clone().without("launch").with(CONTEXT, handle)
    }
}

fn check_response(params: &Params) -> Result<(), OAuthError> {
    if params.get("request").is_some() {
        return Err(OAuthError::RequestNotSupported);
    }
    if params.get("request_uri").is_some() {
        return Err(OAuthError::RequestUriNotSupported);
    }
    match params.get("response_type") {
        None => return Err(OAuthError::NoResponseType),
        Some("code") => {}
        Some(_) => return Err(OAuthError::UnsupportedResponseType),
    }
    match params.get("response_mode") {
        None | Some("query") => Ok(()),
        Some(_) => Err(OAuthError::UnsupportedResponseMode),
    }
}

fn challenge(params: &Params) -> Result<String, OAuthError> {
    let challenge = params.get("code_challenge").ok_or(OAuthError::NoCodeChallenge)?;
    if params.get("code_challenge_method") != Some("S256") {
        return Err(OAuthError::CodeChallengeMethod);
    }
    if !pkce::is_challenge(challenge) {
        return Err(OAuthError::MalformedCodeChallenge);
    }
    Ok(challenge.to_owned())
}

fn thumbprint(value: Option<&str>) -> Result<Option<KeyThumbprint>, OAuthError> {
    value.map(|text| KeyThumbprint::parse(text).ok_or(OAuthError::MalformedThumbprint)).transpose()
}

fn prompt(value: Option<&str>) -> Result<Prompt, OAuthError> {
    let mut prompt = Prompt::default();
    for word in value.unwrap_or_default().split_ascii_whitespace() {
        match word {
            "none" => prompt.none = true,
            "login" | "select_account" => prompt.login = true,
            "consent" => prompt.consent = true,
            _ => return Err(OAuthError::MalformedPrompt),
        }
    }
    if prompt.none && (prompt.login || prompt.consent) {
        return Err(OAuthError::MalformedPrompt);
    }
    Ok(prompt)
}

/// Control characters would not survive every database; no client makes a nonce of them.
fn nonce(value: Option<&str>) -> Result<Option<String>, OAuthError> {
    match value {
        Some(text) if text.len() > LONGEST_NONCE || text.chars().any(char::is_control) => {
            Err(OAuthError::MalformedNonce)
        }
        other => Ok(other.map(str::to_owned)),
    }
}

fn max_age(value: Option<&str>) -> Result<Option<Duration>, OAuthError> {
    value
        .map(|text| text.parse().map(Duration::from_secs).map_err(|_| OAuthError::MalformedMaxAge))
        .transpose()
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
