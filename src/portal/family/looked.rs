//! "Who looked": each look at the record, latest first, in words (D-10).

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::child::{Child, ChildWords, Stop};
use super::people::practices_of;
use crate::audit::{Look, who_looked};
use crate::domain::ids::AccountId;
use crate::portal::Portal;
use crate::web::dates;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Guardian;
use crate::words::{say, say_with};

/// Lines of a page.
const PAGE: usize = 25;
/// Pages that can be turned: the log goes further back than anybody reads on a page.
const PAGES: usize = 200;

/// One look.
pub struct Line {
    pub name: String,
    pub from: String,
    pub why: String,
    pub when: String,
    pub ago: String,
}

#[derive(Template)]
#[template(path = "portal/family/looked.html")]
struct LookedPage {
    chrome: Chrome,
    child: ChildWords,
    lines: Vec<Line>,
    newer: Option<usize>,
    older: Option<usize>,
}

#[derive(Deserialize)]
pub struct Turn {
    #[serde(default)]
    page: usize,
}

pub async fn page(
    State(portal): State<Portal>,
    Path(handle): Path<String>,
    Query(turn): Query<Turn>,
    user: Guardian,
) -> Result<Response, Stop> {
    let child = Child::load(&portal, &user, &handle).await?;
    let number = turn.page.min(PAGES);
    let upto = (number + 1) * PAGE;
    let looks = who_looked(portal.web.store(), &child.decider.patient, upto + 1).await;
    let looks = looks.map_err(Problem::internal)?;
    let older = (looks.len() > upto && number < PAGES).then_some(number + 1);
    let shown = looks.get(number * PAGE..looks.len().min(upto)).unwrap_or_default();
    let page = LookedPage {
        chrome: user.translated_as(child.words.say("family-looked-title")),
        lines: lines(&portal, &child, shown).await?,
        child: child.words,
        newer: number.checked_sub(1),
        older,
    };
    Ok(Page::new(page).into_response())
}

/// Looks in words.
pub async fn lines(portal: &Portal, child: &Child, looks: &[Look]) -> Result<Vec<Line>, Problem> {
    let (zone, language) = (&portal.accounts.majority().zone, child.words.language);
    let mut known: BTreeMap<AccountId, (String, String)> = BTreeMap::new();
    let mut lines = Vec::new();
    for look in looks {
        let (name, from) = match (&look.account, &look.practice) {
            (Some(account), _) => {
                if !known.contains_key(account) {
                    known.insert(account.clone(), named(portal, child, account).await?);
                }
                known.get(account).cloned().unwrap_or_default()
            }
            (None, Some(practice)) => {
                let practice = portal.web.store().practice(practice).await.map_err(Problem::internal)?;
                let name = practice.map_or_else(String::new, |practice| practice.name);
                (say_with(language, "family-looked-system", &[("practice", (&name).into())]), String::new())
            }
            (None, None) => (say(language, "family-looked-unknown"), String::new()),
        };
        let key = match look.basis.as_deref() {
            Some("pcp") => "family-looked-pcp",
            Some("sponsor") => "family-looked-sponsor",
            _ => "family-looked-grant",
        };
        let why = if look.account.is_some() { child.words.say(key) } else { String::new() };
        lines.push(Line {
            name,
            from,
            why,
            when: dates::moment_in(language, look.from, zone),
            ago: dates::ago_in(language, dates::day_of(look.from, zone), portal.today()),
        });
    }
    Ok(lines)
}

/// The name of an account and where it is from.
async fn named(portal: &Portal, child: &Child, account: &AccountId) -> Result<(String, String), Problem> {
    let found = portal.web.store().account(account).await.map_err(Problem::internal)?;
    Ok(match found {
        Some(person) => (person.name.clone(), practices_of(portal, &person).await?),
        None => (say(child.words.language, "family-looked-gone"), String::new()),
    })
}

#[cfg(test)]
pub fn sample_lines(language: crate::domain::language::Language) -> Vec<Line> {
    let line = |name: &str, from: &str, key: &str| Line {
        name: name.into(),
        from: from.into(),
        why: say_with(language, key, &[("name", "Mia".into())]),
        when: "23 Nov 2026, 14:05".into(),
        ago: say(language, "ago-yesterday"),
    };
    vec![
        line("Dr. Ana Ellis", "Northside Pediatrics", "family-looked-pcp"),
        line("Jo Park, RN", "", "family-looked-sponsor"),
    ]
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let language = chrome.language;
    let child = super::child::sample(language);
    let page = |lines, newer, older| LookedPage {
        chrome: Chrome { title: child.say("family-looked-title"), ..chrome.clone() },
        child: child.clone(),
        lines,
        newer,
        older,
    };
    vec![
        ("family-looked", page(sample_lines(language), Some(0), Some(2)).render().unwrap()),
        ("family-looked-none", page(Vec::new(), None, None).render().unwrap()),
    ]
}
