//! What a vendor does without an account: registers an app, sees how the registration stands, reads why requests failed.
//!
//! The public documentation at `/developers` is another family. Whoever holds a registration access token is the vendor of
//! that one app ([`session`]).

mod act;
mod app;
mod edit;
mod fields;
pub mod hints;
mod register;
mod session;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderValue, header::SET_COOKIE};

use super::Portal;
pub use app::{Value, changes, values};

/// The form of a new registration.
pub const REGISTER: &str = "/developers/register";
/// Where a vendor signs in.
pub const APPS: &str = "/developers/apps";
/// The vendor's app.
pub const MINE: &str = "/developers/apps/mine";

/// The vendors' pages.
pub fn router() -> Router<Portal> {
    Router::new()
        .route(REGISTER, get(register::show).post(register::register))
        .route(APPS, get(session::show).post(session::enter))
        .route("/developers/apps/leave", post(session::leave).get(session::show))
        .route(MINE, get(app::show))
        .route("/developers/apps/mine/edit", get(edit::show).post(edit::save))
        .route("/developers/apps/mine/secret", get(act::ask_secret).post(act::rotate))
        .route("/developers/apps/mine/delete", get(act::ask_delete).post(act::delete))
}

fn with_cookie(response: impl IntoResponse, cookie: &str) -> Response {
    let mut response = response.into_response();
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
pub fn samples() -> Vec<(&'static str, String)> {
    use crate::web::page::Chrome;
    let chrome = |title: &str| Chrome::sample(title, None, REGISTER);
    let mut all = register::samples(&chrome("Register an app"));
    all.extend(session::samples(&chrome("Your app")));
    all.extend(app::samples(&chrome("Growth Charts")));
    all.extend(edit::samples(&chrome("Change the registration")));
    all.extend(act::samples(&chrome("Growth Charts")));
    all
}
