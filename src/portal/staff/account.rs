//! `/staff/accounts/{id}`: one account, and whether it may act.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::accounts::kind_words;
use crate::domain::account::{Account, AccountKind, AccountState};
use crate::domain::ids::AccountId;
use crate::domain::practice::SponsorshipState;
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::web::csrf::CsrfForm;
use crate::web::dates;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Staff;

#[derive(Template)]
#[template(path = "portal/staff/account.html")]
struct AccountPage {
    chrome: Chrome,
    id: String,
    account: Account,
    kind: &'static str,
    npi: Option<String>,
    since: String,
    practices: Vec<(String, String)>,
    sponsors: Vec<Other>,
    sponsored: Vec<Other>,
    grants: usize,
    suspended: bool,
    own: bool,
}

/// Another account in a sponsorship.
struct Other {
    id: String,
    name: String,
    state: &'static str,
}

/// The account with its practices, sponsors and sponsored users.
pub async fn show(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    user: Staff,
) -> Result<Response, Problem> {
    let account = find(&portal, &id).await?;
    let store = portal.web.store();
    let npi = match &account.kind {
        AccountKind::Provider { npi } => Some(npi.clone()),
        _ => None,
    };
    let practices = match &npi {
        Some(npi) => store.practices_with(npi).await.map_err(Problem::internal)?,
        None => Vec::new(),
    };
    let (sponsors, sponsored) = others(&portal, &account).await?;
    let grants = store.grants_for_provider(&account.id).await.map_err(Problem::internal)?.len();
    let zone = &portal.web.settings().time_zone;
    let page = AccountPage {
        chrome: user.chrome(account.name.clone()),
        id,
        kind: kind_words(&account.kind),
        npi: npi.map(|npi| npi.to_string()),
        since: dates::day(dates::day_of(account.created_at, zone)),
        practices: practices.into_iter().map(|p| (p.id.to_string(), p.name)).collect(),
        sponsors,
        sponsored,
        grants,
        suspended: account.state == AccountState::Suspended,
        own: account.id == user.account.id,
        account,
    };
    Ok(Page::new(page).into_response())
}

#[derive(Template)]
#[template(path = "portal/staff/suspend.html")]
struct SuspendPage {
    chrome: Chrome,
    id: String,
    name: String,
    sponsored: usize,
}

/// What suspension means, before it is done.
pub async fn ask_suspend(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    user: Staff,
) -> Result<Response, Problem> {
    let account = find(&portal, &id).await?;
    let (_, sponsored) = others(&portal, &account).await?;
    let chrome = user.chrome(format!("Suspend {}", account.name));
    Ok(Page::new(SuspendPage { chrome, id, name: account.name, sponsored: sponsored.len() }).into_response())
}

/// No fields of its own.
#[derive(Deserialize)]
pub struct Nothing {}

/// Suspends; holds from the account's next request on.
pub async fn suspend(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    user: Staff,
    _form: CsrfForm<Nothing>,
) -> Result<Redirect, Problem> {
    let account = other(&portal, &id, &user).await?;
    portal.accounts.suspend_account(&account.id, &by(&user)).await.map_err(Problem::internal)?;
    Ok(Redirect::to(&format!("/staff/accounts/{}", account.id)))
}

/// Lets the account act again.
pub async fn reactivate(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    user: Staff,
    _form: CsrfForm<Nothing>,
) -> Result<Redirect, Problem> {
    let account = other(&portal, &id, &user).await?;
    portal.accounts.activate_account(&account.id, &by(&user)).await.map_err(Problem::internal)?;
    Ok(Redirect::to(&format!("/staff/accounts/{}", account.id)))
}

/// The account, unless it is the user's own: nobody locks the last door from outside.
async fn other(portal: &Portal, id: &str, user: &Staff) -> Result<Account, Problem> {
    let account = find(portal, id).await?;
    if account.id == user.account.id { Err(Problem::Unreadable) } else { Ok(account) }
}

pub(super) async fn find(portal: &Portal, id: &str) -> Result<Account, Problem> {
    let id = AccountId::parse(id).map_err(|_| Problem::NotFound)?;
    portal.web.store().account(&id).await.map_err(Problem::internal)?.ok_or(Problem::NotFound)
}

/// The sponsors of an account, and those whom it sponsors; those that have ended are left out.
async fn others(portal: &Portal, account: &Account) -> Result<(Vec<Other>, Vec<Other>), Problem> {
    let store = portal.web.store();
    let (mut sponsors, mut sponsored) = (Vec::new(), Vec::new());
    for sponsorship in store.sponsorships_of(&account.id).await.map_err(Problem::internal)? {
        let state = match sponsorship.state {
            SponsorshipState::Invited => "invited",
            SponsorshipState::Active => "active",
            SponsorshipState::Suspended => "suspended",
            SponsorshipState::Ended => continue,
        };
        let (list, other) = if sponsorship.sponsor == account.id {
            (&mut sponsored, &sponsorship.sponsored)
        } else {
            (&mut sponsors, &sponsorship.sponsor)
        };
        if let Some(other) = store.account(other).await.map_err(Problem::internal)? {
            list.push(Other { id: other.id.to_string(), name: other.name, state });
        }
    }
    Ok((sponsors, sponsored))
}

#[cfg(test)]
pub fn samples(chrome: &Chrome, account: &Account) -> Vec<(&'static str, String)> {
    let other = |name: &str| Other { id: "b".into(), name: name.into(), state: "active" };
    let page = |suspended| AccountPage {
        chrome: Chrome { title: account.name.clone(), ..chrome.clone() },
        id: "a".into(),
        account: account.clone(),
        kind: "Provider",
        npi: Some("1234567893".into()),
        since: "3 Nov 2026".into(),
        practices: vec![("p".into(), "Northside Pediatrics".into())],
        sponsors: vec![],
        sponsored: vec![other("Jo Park, RN"), other("Max Weber")],
        grants: 2,
        suspended,
        own: false,
    };
    let ask = SuspendPage {
        chrome: Chrome { title: "Suspend".into(), ..chrome.clone() },
        id: "a".into(),
        name: account.name.clone(),
        sponsored: 2,
    };
    vec![
        ("staff-account", page(false).render().unwrap()),
        ("staff-account-suspended", page(true).render().unwrap()),
        ("staff-suspend", ask.render().unwrap()),
    ]
}
