//! `/notices`: what happened that concerns the reader, for every kind of user, in the reader's language; and `/account/notices`:
//! mails at once or one a day.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::Portal;
use super::ask::Chart;
use crate::domain::account::AccountKind;
use crate::domain::clock::Timestamp;
use crate::domain::ids::NoticeId;
use crate::domain::language::Language;
use crate::domain::notice::{Notice, NoticeKind};
use crate::web::csrf::CsrfForm;
use crate::web::dates;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::SignedIn;
use crate::words::say_with;

/// The list and the choice.
pub fn router() -> Router<Portal> {
    Router::new()
        .route("/notices", get(list))
        .route("/notices/read", post(read).get(async |_: SignedIn| Redirect::to("/notices")))
        .route("/account/notices", get(choice).post(choose))
}

/// A notice as the page prints it.
struct Line {
    id: String,
    sentence: String,
    on: String,
    unread: bool,
    /// Where it leads, and the key of what the link says.
    link: Option<(String, &'static str)>,
}

#[derive(Template)]
#[template(path = "portal/notices.html")]
struct NoticesPage {
    chrome: Chrome,
    lines: Vec<Line>,
    /// The moment of the latest notice shown: what comes later stays unread.
    upto: i64,
    unread: bool,
}

#[derive(Template)]
#[template(path = "portal/notices_choice.html")]
struct ChoicePage {
    chrome: Chrome,
    digest: bool,
    language: Language,
    daily: String,
    saved: bool,
}

async fn list(State(portal): State<Portal>, user: SignedIn) -> Result<Response, Problem> {
    let notices = portal.web.store().notices_of(&user.account.id).await.map_err(Problem::internal)?;
    let upto = notices.first().map_or(0, |notice| notice.created_at.as_millis());
    let lines: Vec<Line> = notices.iter().map(|notice| line(&portal, &user, notice)).collect();
    let unread = lines.iter().any(|line| line.unread);
    Ok(Page::new(NoticesPage { chrome: user.translated("notices-title"), lines, upto, unread })
        .into_response())
}

/// The sentence of a notice.
fn sentence(language: Language, notice: &Notice) -> String {
    let details = &notice.new.details;
    let values = [("patient", (&details.patient).into()), ("who", (&details.who).into())];
    say_with(language, notice.new.kind.key(), &values)
}

fn line(portal: &Portal, user: &SignedIn, notice: &Notice) -> Line {
    let clinician = matches!(user.account.kind, AccountKind::Provider { .. } | AccountKind::Sponsored);
    let opens = matches!(notice.new.kind, NoticeKind::AccessGranted | NoticeKind::AccessCorrected);
    let link = match (&notice.new.details.href, &notice.new.patient) {
        (Some(href), _) => Some((href.clone(), "notices-go")),
        (None, Some(patient)) if clinician && opens => {
            let chart = Chart { patient: patient.clone(), encounter: None };
            Some((portal.chart_href(&user.account.id, &chart), "notices-open-record"))
        }
        (None, _) if clinician => Some(("/".to_owned(), "notices-find")),
        _ => None,
    };
    Line {
        id: notice.id.to_string(),
        sentence: sentence(user.language, notice),
        on: dates::moment(notice.created_at, &portal.web.settings().time_zone),
        unread: notice.read_at.is_none(),
        link,
    }
}

/// Which to mark: one, or all up to a moment.
#[derive(Deserialize)]
struct Read {
    #[serde(default)]
    notice: Option<String>,
    #[serde(default)]
    upto: Option<i64>,
}

async fn read(
    State(portal): State<Portal>,
    user: SignedIn,
    CsrfForm(form): CsrfForm<Read>,
) -> Result<Redirect, Problem> {
    let account = &user.account.id;
    if let Some(id) = form.notice.as_deref().and_then(|id| NoticeId::parse(id).ok()) {
        portal.accounts.read_notice(account, &id).await.map_err(Problem::internal)?;
    } else if let Some(upto) = form.upto {
        let upto = Timestamp::from_millis(upto);
        portal.web.store().read_notices(account, upto).await.map_err(Problem::internal)?;
    }
    Ok(Redirect::to("/notices"))
}

#[derive(Deserialize)]
struct Saved {
    #[serde(default)]
    saved: Option<String>,
}

async fn choice(
    State(portal): State<Portal>,
    user: SignedIn,
    Query(query): Query<Saved>,
) -> Result<Response, Problem> {
    let chosen = portal.web.store().preferences(&user.account.id).await.map_err(Problem::internal)?;
    let page = ChoicePage {
        chrome: user.translated("notices-choice-title"),
        digest: chosen.digest,
        language: chosen.language,
        daily: daily(user.language, portal.web.settings().digest_hour),
        saved: query.saved.is_some(),
    };
    Ok(Page::new(page).into_response())
}

/// What the choice of one mail a day says.
fn daily(language: Language, hour: u8) -> String {
    say_with(language, "notices-daily", &[("hour", (&format!("{hour}:00")).into())])
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    mails: String,
    #[serde(default)]
    language: String,
}

async fn choose(
    State(portal): State<Portal>,
    user: SignedIn,
    CsrfForm(form): CsrfForm<Choice>,
) -> Result<Redirect, Problem> {
    let account = &user.account.id;
    if matches!(&*form.mails, "daily" | "at-once") {
        portal.accounts.choose_mails(account, form.mails == "daily").await.map_err(Problem::internal)?;
    }
    if let Some(language) = Language::parse(&form.language) {
        portal.accounts.choose_language(account, language).await.map_err(Problem::internal)?;
    }
    Ok(Redirect::to("/account/notices?saved=1"))
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let chrome = |language, title: &str| Chrome {
        title: crate::words::say(language, title),
        language,
        ..chrome.clone()
    };
    let line = |n: usize, unread| Line {
        id: format!("n{n}"),
        sentence: "The family of M. T. lets you see the record.".into(),
        on: "3 Nov 2026, 09:41".into(),
        unread,
        link: (n > 1).then(|| ("/patients/sealed".into(), "notices-open-record")),
    };
    let list = |language, lines: Vec<Line>| {
        let unread = !lines.is_empty();
        NoticesPage { chrome: chrome(language, "notices-title"), lines, upto: 1, unread }.render().unwrap()
    };
    let choice = |language| {
        let chrome = chrome(language, "notices-choice-title");
        ChoicePage { chrome, digest: true, language, daily: daily(language, 7), saved: true }
            .render()
            .unwrap()
    };
    vec![
        ("notices", list(Language::En, vec![line(1, true), line(2, true), line(3, false)])),
        ("notices-es", list(Language::Es, vec![line(1, true)])),
        ("notices-none", list(Language::En, vec![])),
        ("notices-choice", choice(Language::En)),
        ("notices-choice-es", choice(Language::Es)),
    ]
}
