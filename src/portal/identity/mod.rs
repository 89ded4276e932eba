//! How people prove who they are: set-up of a new account, recovery, second factors, one's own account.

mod fields;
mod set_up;

use axum::Router;

use super::Portal;

/// The pages of this family.
pub fn router() -> Router<Portal> {
    Router::new().merge(set_up::router())
}

#[cfg(test)]
pub fn samples(chrome: &crate::web::page::Chrome) -> Vec<(&'static str, String)> {
    set_up::samples(chrome)
}
