//! How people prove who they are: set-up of a new account, the second step of signing in, recovery, one's own account.

mod account;
mod arrive;
pub mod federation;
mod fields;
mod recover;
pub mod second_step;
mod set_up;

use axum::Router;

use super::Portal;
use super::sign_in::Elsewhere;
use crate::accounts::federation::Provider;
use crate::domain::language::Language;
use crate::words::{say, say_with};

pub use self::arrive::with_cookies;

/// The pages of this family.
pub fn router() -> Router<Portal> {
    Router::new()
        .merge(set_up::router())
        .merge(second_step::router())
        .merge(recover::router())
        .merge(account::router())
        .merge(federation::router())
}

impl Portal {
    /// The hospital's own ways to sign in.
    pub(super) fn ways_elsewhere(&self, language: Language) -> Vec<Elsewhere> {
        let way = |provider: &Provider, path, hint| Elsewhere {
            path,
            label: say_with(
                language,
                "identity-sign-in-with",
                &[("name", (&provider.settings().label).into())],
            ),
            hint,
        };
        let staff = self.providers.childrens_id.as_deref().map(|provider| {
            way(provider, federation::CHILDRENS_ID, say(language, "identity-with-childrens-id"))
        });
        let families =
            self.providers.patient_portal.as_deref().map(|provider| {
                way(provider, federation::PATIENT_PORTAL, say(language, "identity-with-portal"))
            });
        families.into_iter().chain(staff).collect()
    }

    /// The hospital's own sign-ins by name, with where their passwords are reset (S-23).
    fn resets_elsewhere(&self) -> Vec<(String, String)> {
        let providers = [self.providers.childrens_id.as_ref(), self.providers.patient_portal.as_ref()];
        let settings = providers.into_iter().flatten().map(|provider| provider.settings());
        settings.filter_map(|one| Some((one.label.clone(), one.reset_url.as_ref()?.to_string()))).collect()
    }
}

#[cfg(test)]
pub fn samples(chrome: &crate::web::page::Chrome) -> Vec<(&'static str, String)> {
    let mut all = set_up::samples(chrome);
    all.extend(second_step::samples(chrome));
    all.extend(recover::samples(chrome));
    all.extend(account::samples(chrome));
    all.extend(federation::samples(chrome));
    all
}
