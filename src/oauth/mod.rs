//! Rank 5: the authorization server (SMART App Launch 2.2, OAuth 2.0, OpenID Connect), one file per endpoint.
//!
//! [`authorize`] leads a user through [`patient`] and [`consent`] to a code ([`issue`]); [`token`] exchanges it by one of the
//! `grant_*` files. [`error`] is the one table of what can be refused, [`endpoints`] the one table of addresses.

pub mod assertion;
pub mod authenticate;
pub mod authorize;
pub mod bearer;
pub mod brands;
pub mod choices;
pub mod client_auth;
pub mod client_keys;
pub mod consent;
pub mod context;
pub mod cors;
pub mod culprit;
pub mod directory;
pub mod discovery;
pub mod dpop;
pub mod endpoints;
pub mod error;
pub mod failure;
pub mod grant_backend;
pub mod grant_code;
pub mod grant_refresh;
pub mod id_token;
pub mod introspect;
pub mod issue;
pub mod json;
pub mod keys;
pub mod logout;
pub mod par;
pub mod params;
pub mod patient;
pub mod patient_line;
pub mod people;
pub mod pkce;
pub mod public;
pub mod pushed;
pub mod redirect;
pub mod refusals;
pub mod register;
pub mod register_json;
pub mod request;
pub mod revoke;
pub mod scopes;
pub mod state;
#[cfg(test)]
mod testing;
pub mod throttle;
pub mod token;
pub mod token_response;
pub mod userinfo;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};

use crate::web;

use self::endpoints::Endpoints;
pub use self::state::{Parts, Settings, State};
use crate::web::scope_words as words;

/// Every route of the authorization server, with what it needs around it.
pub fn router(state: &State) -> Router {
    let pages = Router::new()
        .route(Endpoints::AUTHORIZE, get(authorize::get).post(authorize::post))
        .route(Endpoints::PATIENT, get(authorize::out_of_date).post(patient::post))
        .route(Endpoints::CONSENT, get(authorize::out_of_date).post(consent::post))
        .route(Endpoints::LOGOUT, get(logout::get).post(logout::post))
        .route(Endpoints::LOGOUT_CONFIRM, get(authorize::out_of_date).post(logout::confirm))
        .layer(from_fn_with_state(state.clone(), refusals::note));
    let api = Router::new()
        .route(Endpoints::TOKEN, post(token::post))
        .route(Endpoints::PAR, post(par::post))
        .route(Endpoints::REVOKE, post(revoke::post))
        .route(Endpoints::INTROSPECT, post(introspect::post))
        .route(Endpoints::USERINFO, get(userinfo::serve).post(userinfo::serve))
        .layer(from_fn_with_state(state.clone(), refusals::note))
        .layer(from_fn_with_state(state.clone(), dpop::offer_nonce))
        .layer(from_fn_with_state(state.clone(), throttle::limit))
        .layer(from_fn_with_state(state.clone(), cors::registered_origins))
        .layer(from_fn_with_state(state.web().clone(), web::request_id::assign));
    let registration = Router::new()
        .route(Endpoints::REGISTER, post(register::register))
        .route(Endpoints::REGISTERED, get(register::read).put(register::update).delete(register::delete))
        .layer(from_fn_with_state(state.clone(), refusals::note))
        .layer(from_fn_with_state(state.clone(), throttle::limit))
        .layer(from_fn_with_state(state.web().clone(), web::request_id::assign));
    let discovery = Router::new()
        .route("/fhir/r4/.well-known/smart-configuration", get(discovery::smart_configuration))
        .route("/.well-known/openid-configuration", get(discovery::openid_configuration))
        .route("/.well-known/oauth-authorization-server", get(discovery::oauth_metadata))
        .route(Endpoints::JWKS, get(discovery::keys))
        .route(Endpoints::STYLE, get(discovery::style))
        .route(Endpoints::BRANDS, get(brands::serve))
        .layer(from_fn(public::for_anybody));
    web::wrap(pages, state.web()).merge(api).merge(registration).merge(discovery).with_state(state.clone())
}
