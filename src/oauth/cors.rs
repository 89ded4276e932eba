//! Cross-origin requests of browser apps: allowed to the origins that active clients registered, and to nobody else (row 17).

use axum::extract::{self, Request};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::domain::client::{Client, ClientState};

use super::state::State;

/// Answers preflights, and marks answers to allowed origins.
pub async fn registered_origins(
    extract::State(state): extract::State<State>,
    request: Request,
    next: Next,
) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let preflight = request.method() == Method::OPTIONS;
    let mut response =
        if preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    response.headers_mut().append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin
        && is_registered(&state, &origin).await
    {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("DPoP-Nonce, Retry-After, WWW-Authenticate"),
        );
        if preflight {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
            headers.insert(
                ACCESS_CONTROL_ALLOW_HEADERS,
                HeaderValue::from_static("Authorization, Content-Type, DPoP"),
            );
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        }
    }
    response
}

async fn is_registered(state: &State, origin: &HeaderValue) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    match state.store().clients().await {
        Ok(clients) => clients.iter().any(|client| is_origin_of(client, origin)),
        Err(error) => {
            tracing::error!(%error, "registered origins cannot be read");
            false
        }
    }
}

fn is_origin_of(client: &Client, origin: &str) -> bool {
    let own =
        |uri: &String| url::Url::parse(uri).is_ok_and(|url| url.origin().ascii_serialization() == origin);
    // `null` is what opaque origins call themselves; it is nobody's.
    client.state == ClientState::Active && origin != "null" && client.redirect_uris.iter().any(own)
}
