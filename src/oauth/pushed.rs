//! How a pushed request goes through our pages (RFC 9126 4). Its `request_uri` is taken once, when the browser brings it; from
//! then on the request travels in the address like any other, but sealed, so that nobody at the browser can alter what the
//! client pushed. The sealed form lives as long as the user may take to sign in and choose, so a reload of a page works.

use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};

use crate::domain::clock::Timestamp;
use crate::domain::ids::ClientId;
use crate::domain::secret::{PlainToken, TokenKind};
use crate::web::problem::Problem;

use super::endpoints::Endpoints;
use super::error::OAuthError;
use super::failure::Failure;
use super::params::Params;
use super::request::{AuthorizeRequest, SIGNED_IN_AFTER};
use super::state::State;

/// What every `request_uri` of ours begins with (RFC 9126 2.2).
pub const URN: &str = "urn:ietf:params:oauth:request_uri:";

/// Our own parameter: a pushed request, sealed.
const CARRIED: &str = "__cg_request";
const PURPOSE: &str = "pushed request";

#[derive(Serialize, Deserialize)]
struct Sealed {
    params: String,
    until: Timestamp,
}

/// Takes the request that `request_uri` names and goes on with it; `None` when there is no `request_uri` of ours. Whatever else
/// was sent beside it and `client_id` is not looked at (RFC 9126 4, RFC 9101 6.3).
pub async fn redeem(state: &State, encoded: &str) -> Result<Option<Response>, Failure> {
    let params = Params::parse(encoded).ok_or(OAuthError::TooLong)?;
    let Some(reference) = params.get("request_uri").and_then(|uri| uri.strip_prefix(URN)) else {
        return Ok(None);
    };
    let client = client(&params)?;
    super::culprit::named(&client);
    let reference = PlainToken::presented(TokenKind::PushedRequest, reference);
    let reference = reference.ok_or(OAuthError::UnknownRequestUri)?;
    let taken = state.store().take_pushed_request(&reference.hash(), &client).await;
    let pushed = match taken {
        Ok(pushed) => pushed.ok_or(OAuthError::UnknownRequestUri)?,
        Err(error) => return Err(Problem::internal(&error).into()),
    };
    let params = Params::parse(&pushed.params).ok_or(OAuthError::UnknownRequestUri)?;
    let until = state.now().plus(state.settings().context_life);
    Ok(Some(Redirect::to(&path(&seal(state, &client, &params, until))).into_response()))
}

/// The parameters of a request, unsealed where they were pushed; then until when they count.
pub fn unsealed(state: &State, params: Params) -> Result<(Params, Option<Timestamp>), OAuthError> {
    let Some(handle) = params.get(CARRIED) else { return Ok((params, None)) };
    let client = client(&params)?;
    let sealed: Option<Sealed> = state.web().keys().open_for_client(PURPOSE, &client, handle);
    let sealed = sealed.filter(|sealed| state.now() < sealed.until).ok_or(OAuthError::UnknownRequestUri)?;
    let params = Params::parse(&sealed.params).ok_or(OAuthError::UnknownRequestUri)?;
    Ok((params, Some(sealed.until)))
}

fn client(params: &Params) -> Result<ClientId, OAuthError> {
    if params.is_repeated("client_id") {
        return Err(OAuthError::RepeatedIdentity);
    }
    let client = params.get("client_id").ok_or(OAuthError::NoClient)?;
    ClientId::parse(client).map_err(|_| OAuthError::UnknownClient)
}

/// The query that carries a pushed request. The redirect URI stands in it for our sign-in page alone, which has to tell the
/// browser where a form may lead in the end; what counts is sealed.
fn seal(state: &State, client: &ClientId, params: &Params, until: Timestamp) -> String {
    let sealed = Sealed { params: params.encode(), until };
    let handle = state.web().keys().seal_for_client(PURPOSE, client, &sealed, state.random());
    Params::default()
        .with("client_id", client.as_str())
        .with("redirect_uri", params.get("redirect_uri").unwrap_or_default())
        .with(CARRIED, &handle)
        .encode()
}

/// The authorization endpoint with this query.
fn path(query: &str) -> String {
    format!("{}?{query}", Endpoints::AUTHORIZE)
}

impl AuthorizeRequest {
    /// This request as a query, to be carried through our pages.
    pub fn encode(&self, state: &State) -> String {
        self.encode_with(state, &self.params)
    }

    fn encode_with(&self, state: &State, params: &Params) -> String {
        match self.pushed {
            Some(until) => seal(state, &self.client.id, params, until),
            None => params.encode(),
        }
    }

    /// The path of this request.
    pub fn path(&self, state: &State) -> String {
        path(&self.encode(state))
    }

    /// The path of this request, to come back to after signing in afresh, now or later.
    pub fn path_after_sign_in(&self, state: &State) -> String {
        let keys = state.web().keys();
        let handle = keys.seal_for_client(SIGNED_IN_AFTER, &self.client.id, &state.now(), state.random());
        path(&self.encode_with(state, &self.after_sign_in(&handle)))
    }

    /// The path of this request with a sealed launch context in place of a launch handle.
    pub fn path_with_context(&self, state: &State, handle: &str) -> String {
        path(&self.encode_with(state, &self.with_context(handle)))
    }
}
