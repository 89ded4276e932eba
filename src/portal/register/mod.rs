//! `/register`: how a provider without an account comes to one (S-10 to S-16).

mod form;
mod status;

use axum::Router;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::HeaderValue;
use http::header::SET_COOKIE;

use super::Portal;
use crate::web::upload;

/// The pages for applicants. `largest` is the largest upload in bytes.
pub fn router(largest: usize) -> Router<Portal> {
    Router::new()
        .route("/register", get(form::start))
        .route("/register/sent", get(form::sent))
        .route("/register/send", post(form::send).get(async || Redirect::to("/register/check")))
        .route("/register/{step}", get(form::show).post(form::save))
        .route("/register/status/{token}", get(status::show))
        .route(
            "/register/status/{token}/upload/{kind}",
            post(status::upload).get(status::back).layer(upload::limit(largest)),
        )
        .route("/register/status/{token}/print/{paper}", get(status::print))
        .route("/register/status/{token}/withdraw", get(status::ask_withdraw).post(status::withdraw))
}

fn with_cookie(response: impl IntoResponse, cookie: &str) -> Response {
    let mut response = response.into_response();
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
pub fn samples(chrome: &crate::web::page::Chrome) -> Vec<(&'static str, String)> {
    let mut all = form::samples(chrome);
    all.extend(status::samples(chrome));
    all
}
