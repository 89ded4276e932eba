//! `/account`: "Edit account" (S-24, S-26): who one is here, and how one signs in.

mod factors;
mod password;
mod questions;
mod sessions;

use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::domain::identity::{Factor, FactorKind};
use crate::domain::language::Language;
use crate::portal::Portal;
use crate::web::dates;
use crate::web::next::LocalPath;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::SignedIn;
use crate::words::say;

/// Who changes how they sign in has proved who they are within this time.
const FRESH: Duration = Duration::from_mins(15);

/// The page and what is below it.
pub fn router() -> Router<Portal> {
    Router::new()
        .route("/account", get(show))
        .merge(password::router())
        .merge(questions::router())
        .merge(factors::router())
        .merge(sessions::router())
}

/// A second factor as pages print it.
struct FactorLine {
    id: String,
    name: String,
    added: String,
    used: Option<String>,
}

#[derive(Template)]
#[template(path = "portal/identity/account.html")]
struct AccountPage {
    chrome: Chrome,
    name: String,
    email: String,
    phone: Option<String>,
    has_password: bool,
    questions: bool,
    factors: Vec<FactorLine>,
    codes: usize,
    sessions: usize,
    changed: Option<String>,
}

#[derive(serde::Deserialize)]
struct Changed {
    changed: Option<String>,
}

async fn show(
    State(portal): State<Portal>,
    user: SignedIn,
    axum::extract::Query(query): axum::extract::Query<Changed>,
) -> Result<Response, Problem> {
    let chrome = user.translated("identity-account-title");
    let account = &user.account;
    let store = portal.web.store();
    let has_password = store.password_hash(&account.id).await.map_err(Problem::internal)?.is_some();
    let factors = portal.accounts.factors_of(account).await.map_err(Problem::internal)?;
    let step = portal.accounts.second_step(&account.id).await.map_err(Problem::internal)?;
    let sessions = portal.accounts.sessions_of(&account.id).await.map_err(Problem::internal)?;
    let changed = match query.changed.as_deref() {
        Some("password") => Some(chrome.say("identity-changed-password")),
        Some("questions") => Some(chrome.say("identity-changed-questions")),
        Some("factors") => Some(chrome.say("identity-changed-factors")),
        _ => None,
    };
    Ok(Page::new(AccountPage {
        name: account.name.clone(),
        email: account.email.clone(),
        phone: account.phone.clone(),
        has_password,
        questions: has_password && portal.accounts.identity_settings().questions_required,
        factors: factors.iter().map(|factor| line(&portal, chrome.language, factor)).collect(),
        codes: step.codes,
        sessions: sessions.len(),
        changed,
        chrome,
    })
    .into_response())
}

fn line(portal: &Portal, language: Language, factor: &Factor) -> FactorLine {
    let day = |at| dates::day(dates::day_of(at, &portal.web.settings().time_zone));
    FactorLine {
        id: factor.id.to_string(),
        name: factor_name(language, factor),
        added: day(factor.created_at),
        used: factor.used_at.map(day),
    }
}

/// What its owner calls it, else what it is.
fn factor_name(language: Language, factor: &Factor) -> String {
    match (factor.name.is_empty(), factor.kind) {
        (false, _) => factor.name.clone(),
        (true, FactorKind::Totp) => say(language, "identity-factor-app"),
    }
}

/// For who signed in too long ago to change how they sign in: the way to sign in once more and back to `to`.
pub(super) fn stale(portal: &Portal, user: &SignedIn, to: &str) -> Option<Response> {
    let old = portal.web.now().since(user.session.authenticated_at) >= FRESH;
    let to = LocalPath::parse(to).unwrap_or_else(LocalPath::home);
    old.then(|| Redirect::to(&to.sign_in_again_url()).into_response())
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let factor = |id: &str| FactorLine {
        id: id.into(),
        name: "My phone".into(),
        added: "3 Nov 2026".into(),
        used: Some("4 Nov 2026".into()),
    };
    let page = |factors, has_password| AccountPage {
        chrome: chrome.clone(),
        name: "Dr. Ana Ellis".into(),
        email: "ana.ellis@northside.example".into(),
        phone: Some("(555) 010-0111".into()),
        has_password,
        questions: has_password,
        factors,
        codes: 8,
        sessions: 2,
        changed: Some("Your password is changed.".into()),
    };
    let mut all = vec![
        ("account", page(vec![factor("a"), factor("b")], true).render().unwrap()),
        ("account-bare", page(Vec::new(), true).render().unwrap()),
        ("account-elsewhere", page(Vec::new(), false).render().unwrap()),
    ];
    all.extend(password::samples(chrome));
    all.extend(questions::samples(chrome));
    all.extend(factors::samples(chrome));
    all.extend(sessions::samples(chrome));
    all
}
