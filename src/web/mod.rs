//! Rank 4: what every page shares. Sessions, cross-site protection, headers, layout, assets, error pages; no page of its own.
//!
//! A page handler takes [`session::SignedIn`] (or [`session::Visitor`] where signing in is not needed), fills an askama
//! template that extends `base.html` and holds a [`page::Chrome`], and answers with [`page::Page`]. What goes wrong becomes
//! a [`problem::Problem`]. Forms arrive through [`csrf::CsrfForm`].

pub mod address;
pub mod apps;
pub mod assets;
pub mod bodies;
pub mod conditional;
pub mod cookies;
pub mod csrf;
pub mod dates;
pub mod forms;
pub mod handles;
pub mod headers;
pub mod next;
pub mod page;
pub mod patient_query;
pub mod problem;
pub mod proofs;
pub mod request_id;
pub mod request_line;
pub mod scope_words;
pub mod session;
pub mod state;
pub mod upload;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;

pub use self::state::{Web, WebSettings};

/// The routes that belong to no page: assets and the SMART apps that come with the product.
pub fn router() -> Router<Web> {
    Router::new().route("/assets/{hash}/{name}", get(assets::serve)).route("/apps/{*file}", get(apps::serve))
}

/// Puts around pages what they all need, from the outside in: request id, form cookie, security headers, error pages.
pub fn wrap<S>(pages: Router<S>, web: &Web) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    pages
        .layer(from_fn_with_state(web.clone(), problem::show))
        .layer(from_fn_with_state(web.clone(), headers::secure))
        .layer(from_fn_with_state(web.clone(), csrf::give_cookie))
        .layer(from_fn_with_state(web.clone(), request_id::assign))
}
