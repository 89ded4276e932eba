//! `/account/sessions`: where one is signed in, and the way to end it.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use crate::domain::session::{SessionEntry, SessionMethod};
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::web::csrf::CsrfForm;
use crate::web::dates;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::SignedIn;

/// The list and both changes.
pub fn router() -> Router<Portal> {
    let list = || get(async || Redirect::to("/account/sessions"));
    Router::new()
        .route("/account/sessions", get(show))
        .route("/account/sessions/end", post(end).merge(list()))
        .route("/account/sessions/end-others", post(end_others).merge(list()))
}

/// A session as the page prints it.
struct Line {
    id: Option<String>,
    here: bool,
    browser: String,
    way: String,
    since: String,
    seen: String,
    address: Option<String>,
}

#[derive(Template)]
#[template(path = "portal/identity/sessions.html")]
struct SessionsPage {
    chrome: Chrome,
    lines: Vec<Line>,
}

async fn show(State(portal): State<Portal>, user: SignedIn) -> Result<Response, Problem> {
    let chrome = user.translated("identity-sessions-title");
    let sessions = portal.accounts.sessions_of(&user.account.id).await.map_err(Problem::internal)?;
    let lines = sessions.into_iter().map(|session| line(&portal, &chrome, &user, session)).collect();
    Ok(Page::new(SessionsPage { chrome, lines }).into_response())
}

fn line(portal: &Portal, chrome: &Chrome, user: &SignedIn, session: SessionEntry) -> Line {
    let moment = |at| dates::moment(at, &portal.web.settings().time_zone);
    Line {
        here: session.hash == user.session.hash,
        browser: browser(chrome, &session.agent),
        way: way(chrome, session.method),
        since: moment(session.authenticated_at),
        seen: moment(session.seen_at),
        address: session.address,
        id: session.id,
    }
}

fn way(chrome: &Chrome, method: Option<SessionMethod>) -> String {
    match method {
        None | Some(SessionMethod::Password) => chrome.say("identity-way-password"),
        Some(SessionMethod::Totp) => chrome.say("identity-way-totp"),
        Some(SessionMethod::RecoveryCode) => chrome.say("identity-way-recovery"),
        Some(SessionMethod::ChildrensId) => chrome.say("identity-way-childrens-id"),
        Some(SessionMethod::PatientPortal) => chrome.say("identity-way-portal"),
    }
}

/// A browser and its system by the names that people know, of what `User-Agent` says; it may say anything.
fn browser(chrome: &Chrome, agent: &str) -> String {
    let first = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let name =
        first(&[("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("Linux", "Linux"),
    ]);
    match (name, system) {
        (Some(name), Some(system)) => format!("{name}, {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => chrome.say("identity-browser-unknown"),
    }
}

#[derive(Deserialize)]
struct Form {
    #[serde(default)]
    session: String,
}

async fn end(
    State(portal): State<Portal>,
    user: SignedIn,
    CsrfForm(form): CsrfForm<Form>,
) -> Result<Response, Problem> {
    let ended = portal.accounts.end_session(&form.session, &user.account.id, &by(&user)).await;
    ended.map_err(Problem::internal)?;
    Ok(Redirect::to("/account/sessions").into_response())
}

async fn end_others(
    State(portal): State<Portal>,
    user: SignedIn,
    _form: CsrfForm<Form>,
) -> Result<Response, Problem> {
    let kept = &user.session.hash;
    portal
        .accounts
        .end_other_sessions(&user.account.id, kept, &by(&user))
        .await
        .map_err(Problem::internal)?;
    Ok(Redirect::to("/account/sessions").into_response())
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let agent =
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36";
    let line = |here, id: Option<&str>| Line {
        id: id.map(str::to_owned),
        here,
        browser: browser(chrome, agent),
        way: way(chrome, Some(SessionMethod::Totp)),
        since: "3 Nov 2026, 09:12".into(),
        seen: "3 Nov 2026, 10:40".into(),
        address: Some("192.0.2.7".into()),
    };
    assert_eq!(line(true, None).browser, "Chrome, Linux");
    let page = SessionsPage { chrome: chrome.clone(), lines: vec![line(true, None), line(false, Some("x"))] };
    vec![("account-sessions", page.render().unwrap())]
}
