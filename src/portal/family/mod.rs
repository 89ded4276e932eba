//! The pages of patients and guardians (S-05, S-45, S-50, D-06, D-07, D-10): for each child, who can see the hospital record, who looked,
//! and the ways to change that. English and Spanish, at the reading level of a twelve-year-old.

mod child;
mod choices;
mod grants;
mod invite;
mod looked;
mod people;
mod requests;
mod sheet;

use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use self::child::{Child, ChildWords, Stop};
use self::looked::Line;
use self::people::Viewer;
use super::Portal;
use super::ask::unanswered;
use crate::accounts::families::UNDO;
use crate::audit::who_looked;
use crate::domain::account::AccountKind;
use crate::domain::ids::GrantId;
use crate::domain::language::Language;
use crate::web::dates;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::{Guardian, SignedIn};
use crate::words::{say, say_with};

/// Looks from which "last looked" is told.
const RECENT: usize = 200;
/// Looks that the child's page lists.
const SHOWN: usize = 5;

/// A child's pages. Every address of a form answers GET too.
pub fn router() -> Router<Portal> {
    let back = async |Path((handle, _)): Path<(String, String)>| Redirect::to(&format!("/children/{handle}"));
    Router::new()
        .route("/children/{handle}", get(page))
        .route("/children/{handle}/looked", get(looked::page))
        .route("/children/{handle}/grants/{id}", get(grants::change).post(grants::save))
        .route("/children/{handle}/grants/{id}/end", get(grants::ask_end).post(grants::end))
        .route("/children/{handle}/grants/{id}/restore", post(grants::restore).get(back))
        .route("/children/{handle}/requests/{id}", get(requests::ask_yes).post(requests::yes))
        .route("/children/{handle}/requests/{id}/no", get(requests::ask_no).post(requests::no))
        .route("/children/{handle}/invite", get(invite::start).post(invite::step))
        .route("/children/{handle}/invitations/{id}/revoke", get(invite::ask_revoke).post(invite::revoke))
        .route("/children/{handle}/paper/{sheet}", get(sheet::page))
}

#[derive(Template)]
#[template(path = "portal/family/list.html")]
struct ListPage {
    chrome: Chrome,
    children: Vec<Listed>,
}

/// A child in the list of several.
struct Listed {
    name: String,
    open: String,
    href: String,
}

impl Listed {
    fn new(name: String, language: Language, href: String) -> Self {
        let open = say_with(language, "family-list-open", &[("name", (&name).into())]);
        Self { name, open, href }
    }
}

#[derive(Template)]
#[template(path = "portal/family/child.html")]
struct ChildPage {
    chrome: Chrome,
    child: ChildWords,
    notice: Option<Notice>,
    /// What is told of the 18th birthday, when it is near.
    birthday: Option<String>,
    asked: Vec<requests::Asked>,
    people: Vec<Viewer>,
    invitations: Vec<invite::Listed>,
    looks: Vec<Line>,
    /// Whether an invitation can be made: the EHR gives the number to which it is bound.
    can_invite: bool,
    several: bool,
}

/// What was just done.
struct Notice {
    text: String,
    /// Where it is taken back.
    undo: Option<String>,
}

/// What was just done, in the address to which the form leads.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Done {
    did: String,
    ended: String,
}

/// The home of a patient or guardian: the child's page, or a list of several.
pub async fn home(portal: &Portal, user: &SignedIn) -> Result<Response, Problem> {
    let AccountKind::Guardian { patients } = &user.account.kind else { return Err(Problem::NotFound) };
    if let [only] = patients.as_slice() {
        let child = Child::of(portal, user, only, child::href(portal, user, only)).await;
        let shown = match child {
            Ok(child) => show(portal, user, child, Done::default()).await,
            Err(stop) => Err(stop),
        };
        return match shown {
            Ok(page) | Err(Stop::Page(page)) => Ok(page),
            Err(Stop::Problem(problem)) => Err(problem),
        };
    }
    let mut children = Vec::new();
    for patient in patients {
        let view = portal
            .records
            .family_view(&portal.caller(user), &user.account, patient, portal.mrn_system.as_deref())
            .await
            .map_err(unanswered)?;
        let name = view.given_name.unwrap_or_else(|| say(user.language, "family-your-child"));
        children.push(Listed::new(name, user.language, child::href(portal, user, patient)));
    }
    let page = ListPage { chrome: user.translated("family-list-title"), children };
    Ok(Page::new(page).into_response())
}

async fn page(
    State(portal): State<Portal>,
    Path(handle): Path<String>,
    Query(done): Query<Done>,
    user: Guardian,
) -> Result<Response, Stop> {
    let child = Child::load(&portal, &user, &handle).await?;
    show(&portal, &user, child, done).await
}

async fn show(portal: &Portal, user: &SignedIn, child: Child, done: Done) -> Result<Response, Stop> {
    let looks = who_looked(portal.web.store(), &child.decider.patient, RECENT).await;
    let looks = looks.map_err(Problem::internal)?;
    let several = matches!(&user.account.kind, AccountKind::Guardian { patients } if patients.len() > 1);
    let page = ChildPage {
        chrome: user.translated_as(child.words.say("family-title")),
        notice: notice(portal, &child, &done).await?,
        birthday: birthday(portal, &child),
        asked: requests::listed(portal, &child).await?,
        people: people::viewers(portal, &child, &looks).await?,
        invitations: invite::listed(portal, &child).await?,
        looks: looked::lines(portal, &child, looks.get(..looks.len().min(SHOWN)).unwrap_or_default()).await?,
        can_invite: child.view.mrn.is_some(),
        several,
        child: child.words,
    };
    Ok(Page::new(page).into_response())
}

/// What is told of the birthday at which the guardian's say ends (D-07).
fn birthday(portal: &Portal, child: &Child) -> Option<String> {
    let (language, majority) = (child.words.language, portal.accounts.majority());
    let day = dates::day_in(language, child.birthday_ahead(portal)?);
    let places = [
        ("name", (&child.words.name).into()),
        ("day", (&day).into()),
        ("age", usize::from(majority.age).into()),
    ];
    Some(say_with(language, "family-birthday", &places))
}

async fn notice(portal: &Portal, child: &Child, done: &Done) -> Result<Option<Notice>, Problem> {
    let language = child.words.language;
    if let Ok(id) = GrantId::parse(&done.ended) {
        let store = portal.web.store();
        let grant = store.grant(&id).await.map_err(Problem::internal)?;
        let now = portal.web.now();
        let just = grant.filter(|grant| {
            let undone = grant
                .revoked_at
                .is_some_and(|at| now.since(at) < UNDO.saturating_sub(Duration::from_secs(5)));
            grant.patient == child.decider.patient && undone
        });
        let Some(grant) = just else { return Ok(None) };
        let account = store.account(&grant.provider).await.map_err(Problem::internal)?;
        let name = account.map_or_else(String::new, |account| account.name);
        return Ok(Some(Notice {
            text: say_with(language, "family-did-end", &[("name", (&name).into())]),
            undo: Some(child.words.at(&format!("grants/{id}/restore"))),
        }));
    }
    let key = match done.did.as_str() {
        "changed" => "family-did-change",
        "restored" => "family-did-restore",
        "too-late" => "family-did-too-late",
        "invited" => "family-did-invite",
        "given" => "family-did-give",
        "refused" => "family-did-refuse",
        "taken-back" => "family-did-take-back",
        _ => return Ok(None),
    };
    Ok(Some(Notice { text: say(language, key), undo: None }))
}

#[cfg(test)]
pub fn samples(account: &crate::domain::account::Account) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for language in Language::ALL {
        let chrome = Chrome::sample_in(language, "family-list-title", Some(account), "/");
        let mut pages = page_samples(&chrome);
        pages.extend(child::samples(&chrome));
        pages.extend(looked::samples(&chrome));
        pages.extend(grants::samples(&chrome));
        pages.extend(invite::samples(&chrome));
        pages.extend(sheet::samples(&chrome));
        all.extend(pages.into_iter().map(|(name, html)| (format!("{name}-{}", language.tag()), html)));
    }
    all
}

#[cfg(test)]
fn page_samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let language = chrome.language;
    let child = child::sample(language);
    let page = |people, looks, invitations, notice, birthday: bool| ChildPage {
        chrome: Chrome { title: child.say("family-title"), ..chrome.clone() },
        child: child.clone(),
        notice,
        birthday: birthday.then(|| {
            say_with(
                language,
                "family-birthday",
                &[("name", "Mia".into()), ("day", "25 Nov 2026".into()), ("age", 18.into())],
            )
        }),
        asked: if birthday { requests::sample_listed(language) } else { Vec::new() },
        people,
        invitations,
        looks,
        can_invite: true,
        several: true,
    };
    let notice = Notice {
        text: say_with(language, "family-did-end", &[("name", "Dr. Ellis".into())]),
        undo: Some(child.at("grants/one/restore")),
    };
    let viewer = |name: &str, grant| Viewer {
        name: name.into(),
        from: "120 Main St, Lakeside".into(),
        why: child.say("family-why-practice"),
        others: vec!["Dr. Ana Ellis".into()],
        parts: child.say("family-parts-practice"),
        until: child.say("family-until-practice"),
        last: say(language, "family-never-looked"),
        grant,
    };
    let links = people::Links {
        change: child.at("grants/one"),
        change_label: say_with(language, "family-change", &[("name", "Dr. Sam Okoye".into())]),
        end: child.at("grants/one/end"),
        end_label: say_with(language, "family-end", &[("name", "Dr. Sam Okoye".into())]),
    };
    let people = vec![viewer("Northside Pediatrics", None), viewer("Dr. Sam Okoye", Some(links))];
    let list = ListPage {
        chrome: chrome.clone(),
        children: ["Mia", "Leo"]
            .map(|name| Listed::new(name.into(), language, "/children/sealed".into()))
            .into(),
    };
    let none = ListPage { chrome: chrome.clone(), children: Vec::new() };
    vec![
        (
            "family",
            page(people, looked::sample_lines(language), invite::sample_listed(language), Some(notice), true)
                .render()
                .unwrap(),
        ),
        ("family-nobody", page(vec![], vec![], vec![], None, false).render().unwrap()),
        ("family-list", list.render().unwrap()),
        ("family-none", none.render().unwrap()),
    ]
}
