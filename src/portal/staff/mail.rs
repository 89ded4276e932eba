//! `/staff/mail`: the outbox: how much waits, since when, what failed and why, and sending again.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::portal::Portal;
use crate::store::outbox::{Failed, OutboxDepth};
use crate::web::csrf::CsrfForm;
use crate::web::dates;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Staff;

/// Failed mails on the page.
const SHOWN: u32 = 100;

/// A mail that failed.
struct Line {
    number: u64,
    subject: String,
    to: String,
    queued: String,
    attempts: u32,
    why: &'static str,
    given_up: bool,
}

#[derive(Template)]
#[template(path = "portal/staff/mail.html")]
struct MailPage {
    chrome: Chrome,
    waiting: u64,
    oldest: Option<String>,
    given_up: u64,
    lines: Vec<Line>,
    done: Option<&'static str>,
}

/// What was done last.
#[derive(Deserialize)]
pub struct Done {
    #[serde(default)]
    done: Option<String>,
}

/// The outbox.
pub async fn show(
    State(portal): State<Portal>,
    user: Staff,
    Query(query): Query<Done>,
) -> Result<Response, Problem> {
    let store = portal.web.store();
    let OutboxDepth { waiting, oldest } = store.outbox_depth().await.map_err(Problem::internal)?;
    let given_up = store.mails_given_up().await.map_err(Problem::internal)?;
    let zone = &portal.web.settings().time_zone;
    let failed = store.failed_mails(SHOWN).await.map_err(Problem::internal)?;
    let lines = failed.into_iter().map(|failed| line(failed, zone)).collect();
    let done = query.done.as_deref().and_then(|done| match done {
        "again" => Some("The mail is on its way again."),
        "gone" => Some("That mail was sent already, or is being sent."),
        _ => None,
    });
    let oldest = oldest.map(|oldest| dates::moment(oldest, zone));
    let page = MailPage { chrome: user.chrome("Mail"), waiting, oldest, given_up, lines, done };
    Ok(Page::new(page).into_response())
}

fn line(failed: Failed, zone: &jiff::tz::TimeZone) -> Line {
    Line {
        number: failed.mail.number,
        subject: failed.mail.mail.subject,
        to: failed.mail.mail.to,
        queued: dates::moment(failed.mail.queued_at, zone),
        attempts: failed.mail.attempts,
        why: reason(&failed.reason),
        given_up: failed.given_up,
    }
}

/// The class of a failure in words.
fn reason(class: &str) -> &'static str {
    match class {
        "address" => "The address is not one",
        "refused" => "The mail server refuses it for good",
        "busy" => "The mail server is busy, or takes it later",
        "unreachable" => "The mail server cannot be reached",
        _ => "Unknown",
    }
}

/// Which mail.
#[derive(Deserialize)]
pub struct Again {
    #[serde(default)]
    number: u64,
}

/// Sends a mail again that was given up or waits for its next attempt.
pub async fn again(
    State(portal): State<Portal>,
    _user: Staff,
    CsrfForm(form): CsrfForm<Again>,
) -> Result<Redirect, Problem> {
    let done = portal.web.store().retry_mail(form.number).await.map_err(Problem::internal)?;
    Ok(Redirect::to(if done { "/staff/mail?done=again" } else { "/staff/mail?done=gone" }))
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let line = |number, why, given_up| Line {
        number,
        subject: "Lakeside Children\u{2019}s Hospital: An answer to your request".into(),
        to: "ana.ellis@northside.example".into(),
        queued: "3 Nov 2026, 09:41".into(),
        attempts: 14,
        why: reason(why),
        given_up,
    };
    let page = |waiting, lines: Vec<Line>| {
        let chrome = Chrome { title: "Mail".into(), ..chrome.clone() };
        let oldest = (waiting > 0).then(|| "3 Nov 2026, 09:41".into());
        MailPage { chrome, waiting, oldest, given_up: 1, lines, done: None }.render().unwrap()
    };
    let failed = vec![line(7, "refused", true), line(9, "unreachable", false)];
    vec![("staff-mail", page(3, failed)), ("staff-mail-none", page(0, vec![]))]
}
