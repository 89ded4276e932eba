//! Protection against forms that other sites submit in a user's name.
//!
//! Double submit: the form holds a MAC of a cookie that only this browser has: the session's where there is one, otherwise a
//! random one made for the purpose, so that the sign-in form is protected too. `Sec-Fetch-Site` is a second opinion.

use axum::extract::{FromRef, FromRequest, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::bodies::{self, NoBody};
use super::cookies::Cookie;
use super::next::LocalPath;
use super::problem::Problem;
use super::state::Web;
use crate::domain::secret::{PlainToken, TokenKind};

/// The name of the hidden field.
pub const FIELD: &str = "csrf";

/// The largest form that is read, in bytes.
const LARGEST: usize = 64 * 1024;

/// The value of this browser's form cookie, from the request or made for it. In the extensions of every request.
#[derive(Clone, Debug)]
pub struct FormCookie(pub String);

/// Sees to it that every browser has a form cookie: reads it, or makes one and sets it with the answer.
pub async fn give_cookie(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let known = Cookie::Form
        .read(&web, request.headers())
        .filter(|value| PlainToken::presented(TokenKind::Csrf, value).is_some());
    let fresh = known.is_none();
    let value =
        known.unwrap_or_else(|| PlainToken::generate(TokenKind::Csrf, web.random()).expose().to_owned());
    request.extensions_mut().insert(FormCookie(value.clone()));
    let mut response = next.run(request).await;
    let is_page =
        response.headers().get(CONTENT_TYPE).is_some_and(|t| t.as_bytes().starts_with(b"text/html"));
    if fresh
        && is_page
        && let Ok(cookie) = HeaderValue::from_str(&Cookie::Form.set(&web, &value))
    {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// A URL-encoded form from one of our own pages. `T` sees every field, repeated ones too when it is a
/// `Vec<(String, String)>`; unknown fields are ignored unless it denies them.
#[derive(Debug)]
pub struct CsrfForm<T>(pub T);

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    csrf: String,
}

impl<S, T> FromRequest<S> for CsrfForm<T>
where
    Web: FromRef<S>,
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let web = Web::from_ref(state);
        let headers = request.headers().clone();
        let back = LocalPath::parse(request.uri().path()).unwrap_or_else(LocalPath::home);
        if came_from_elsewhere(&headers) {
            return Err(Problem::FormExpired { back });
        }
        let bytes = body(request).await?;
        let token: Token = serde_urlencoded::from_bytes(&bytes).map_err(|_| Problem::Unreadable)?;
        let ours = [Cookie::Session, Cookie::Form]
            .into_iter()
            .filter_map(|cookie| cookie.read(&web, &headers))
            .any(|cookie| web.keys().form_token_is(&token.csrf, &cookie));
        if !ours {
            return Err(Problem::FormExpired { back });
        }
        serde_urlencoded::from_bytes(&bytes).map(Self).map_err(|_| Problem::Unreadable)
    }
}

async fn body(request: Request) -> Result<Bytes, Problem> {
    let kind = request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if !kind.starts_with(b"application/x-www-form-urlencoded") {
        return Err(Problem::Unreadable);
    }
    bodies::read(request.into_body(), LARGEST).await.map_err(|none| match none {
        NoBody::TooLong => Problem::TooLarge,
        NoBody::TooSlow => Problem::TooSlow,
    })
}

pub(super) fn came_from_elsewhere(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none")
}
