//! `/staff/practices`: practices and who is on their rosters.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

use crate::domain::ids::PracticeId;
use crate::domain::practice::Practice;
use crate::portal::Portal;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Staff;

#[derive(Template)]
#[template(path = "portal/staff/practices.html")]
struct PracticesPage {
    chrome: Chrome,
    practices: Vec<Practice>,
}

/// All practices by name.
pub async fn list(State(portal): State<Portal>, user: Staff) -> Result<Response, Problem> {
    let practices = portal.web.store().practices().await.map_err(Problem::internal)?;
    Ok(Page::new(PracticesPage { chrome: user.chrome("Practices"), practices }).into_response())
}

#[derive(Template)]
#[template(path = "portal/staff/practice.html")]
struct PracticePage {
    chrome: Chrome,
    practice: Practice,
    roster: Vec<Member>,
}

/// One NPI of a roster, with the account that has it.
struct Member {
    npi: String,
    account: Option<(String, String)>,
}

/// One practice with its roster.
pub async fn show(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    user: Staff,
) -> Result<Response, Problem> {
    let id = PracticeId::parse(&id).map_err(|_| Problem::NotFound)?;
    let practice =
        portal.web.store().practice(&id).await.map_err(Problem::internal)?.ok_or(Problem::NotFound)?;
    let mut roster = Vec::new();
    for npi in &practice.roster {
        let account = portal.web.store().account_by_npi(npi).await.map_err(Problem::internal)?;
        let account = account.map(|account| (account.id.to_string(), account.name));
        roster.push(Member { npi: npi.to_string(), account });
    }
    let chrome = user.chrome(practice.name.clone());
    Ok(Page::new(PracticePage { chrome, practice, roster }).into_response())
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let practice = Practice {
        id: PracticeId::parse("p").unwrap(),
        name: "Northside Pediatrics".into(),
        address: "120 Main St, Lakeside, OH 44000".into(),
        phone: "(555) 010-0110".into(),
        organization: None,
        roster: vec![crate::domain::ids::Npi::parse("1234567893").unwrap()],
    };
    let roster = vec![
        Member { npi: "1234567893".into(), account: Some(("a".into(), "Dr. Ana Ellis".into())) },
        Member { npi: "1234567893".into(), account: None },
    ];
    let one = PracticePage {
        chrome: Chrome { title: practice.name.clone(), ..chrome.clone() },
        practice: practice.clone(),
        roster,
    };
    let all = PracticesPage { chrome: chrome.clone(), practices: vec![practice] };
    vec![("staff-practices", all.render().unwrap()), ("staff-practice", one.render().unwrap())]
}
