//! `POST /language`: one tap changes the language of the pages that are written in more than one.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use http::header::SET_COOKIE;
use serde::Deserialize;

use super::Portal;
use crate::domain::language::Language;
use crate::web::cookies::Cookie;
use crate::web::csrf::CsrfForm;
use crate::web::next::LocalPath;
use crate::web::problem::Problem;
use crate::web::session::Visitor;

/// The switch in the header.
pub fn router() -> Router<Portal> {
    Router::new().route("/language", post(change).get(async || Redirect::to("/")))
}

#[derive(Deserialize)]
struct Form {
    language: String,
    #[serde(default = "LocalPath::home")]
    next: LocalPath,
}

async fn change(
    State(portal): State<Portal>,
    visitor: Visitor,
    CsrfForm(form): CsrfForm<Form>,
) -> Result<Response, Problem> {
    let language = Language::parse(&form.language).ok_or(Problem::Unreadable)?;
    // Whoever is signed in gets mails in it too.
    if let Some(account) = &visitor.account {
        portal.accounts.choose_language(&account.id, language).await.map_err(Problem::internal)?;
    }
    let cookie = Cookie::Language.set(&portal.web, language.tag());
    Ok(([(SET_COOKIE, cookie)], Redirect::to(form.next.as_str())).into_response())
}
