//! How people prove who they are: set-up of a new account, the second step of signing in, recovery, one's own account.

mod account;
mod arrive;
mod fields;
mod recover;
pub mod second_step;
mod set_up;

use axum::Router;

use super::Portal;
use super::sign_in::Elsewhere;
use crate::domain::language::Language;

pub use self::arrive::with_cookies;

/// The pages of this family.
pub fn router() -> Router<Portal> {
    Router::new()
        .merge(set_up::router())
        .merge(second_step::router())
        .merge(recover::router())
        .merge(account::router())
}

impl Portal {
    /// The hospital's own ways to sign in.
    pub(super) fn ways_elsewhere(&self, _language: Language) -> Vec<Elsewhere> {
        Vec::new()
    }

    /// The hospital's own sign-ins by name, with where their passwords are reset (S-23).
    fn resets_elsewhere(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

#[cfg(test)]
pub fn samples(chrome: &crate::web::page::Chrome) -> Vec<(&'static str, String)> {
    let mut all = set_up::samples(chrome);
    all.extend(second_step::samples(chrome));
    all.extend(recover::samples(chrome));
    all.extend(account::samples(chrome));
    all
}
