//! `/`: the home page of each kind of user (S-18).

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::HeaderMap;

use super::{Portal, family, recent};
use crate::domain::account::AccountKind;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::SignedIn;

/// The root.
pub fn router() -> Router<Portal> {
    Router::new().route("/", get(home))
}

async fn home(State(portal): State<Portal>, user: SignedIn, headers: HeaderMap) -> Result<Response, Problem> {
    match user.account.kind {
        AccountKind::Provider { .. } | AccountKind::Sponsored => clinician(&portal, &user, &headers).await,
        AccountKind::Guardian { .. } => family::home(&portal, &user).await,
        AccountKind::Staff { .. } => Ok(Redirect::to("/staff/accounts").into_response()),
    }
}

/// The clinician's home: the search, and lists that arrive when the EHR has answered.
#[derive(Template)]
#[template(path = "portal/home.html")]
pub struct HomePage {
    /// Layout.
    pub chrome: Chrome,
    /// What is wrong with the search as typed.
    pub errors: FormErrors,
    /// First field, as typed.
    pub sought: String,
    /// Second field, as typed.
    pub birth_date: String,
    /// How many patients are in the lists of saved and last opened ones.
    pub saved: usize,
}

async fn clinician(portal: &Portal, user: &SignedIn, headers: &HeaderMap) -> Result<Response, Problem> {
    let page = empty_home(portal, user, headers).await?;
    Ok(Page::new(page).into_response())
}

/// The home page with an empty search.
pub async fn empty_home(portal: &Portal, user: &SignedIn, headers: &HeaderMap) -> Result<HomePage, Problem> {
    let saved = portal.web.store().saved_patients(&user.account.id).await.map_err(Problem::internal)?.len();
    let opened = recent::read(portal, &user.account.id, headers).len();
    Ok(HomePage {
        chrome: user.chrome("Patients"),
        errors: FormErrors::default(),
        sought: String::new(),
        birth_date: String::new(),
        saved: saved + opened,
    })
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let page = |errors, sought: &str, saved| HomePage {
        chrome: chrome.clone(),
        errors,
        sought: sought.into(),
        birth_date: String::new(),
        saved,
    };
    let wrong = FormErrors::one(
        "birth_date",
        "Enter the date of birth as well. A name alone is not enough to find a patient.",
    );
    vec![
        ("home", page(FormErrors::default(), "", 3).render().unwrap()),
        ("home-none-saved", page(FormErrors::default(), "", 0).render().unwrap()),
        ("home-wrong", page(wrong, "Mia Torres", 3).render().unwrap()),
    ]
}
