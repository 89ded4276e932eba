//! `/staff/accounts`: who has an account.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::domain::account::{Account, AccountKind, AccountState, StaffRole};
use crate::portal::Portal;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Staff;

/// At most so many lines on a page; the page says when it leaves some out.
const SHOWN: usize = 100;
/// Accounts read from the database at a time while filtering.
const BATCH: u32 = 500;

/// What the list is narrowed to. Names and addresses of account holders, not of patients, so they may stand in the URL.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    find: String,
    kind: String,
}

#[derive(Template)]
#[template(path = "portal/staff/accounts.html")]
struct AccountsPage {
    chrome: Chrome,
    filter: Filter,
    rows: Vec<Row>,
    more: bool,
}

struct Row {
    id: String,
    name: String,
    email: String,
    kind: &'static str,
    suspended: bool,
}

/// The list, by e-mail address.
pub async fn list(
    State(portal): State<Portal>,
    Query(filter): Query<Filter>,
    user: Staff,
) -> Result<Response, Problem> {
    let (rows, more) = matching(&portal, &filter).await?;
    let chrome = user.chrome("Accounts");
    Ok(Page::new(AccountsPage { chrome, filter, rows, more }).into_response())
}

async fn matching(portal: &Portal, filter: &Filter) -> Result<(Vec<Row>, bool), Problem> {
    let mut rows = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let batch = portal.web.store().accounts(after.as_deref(), BATCH).await.map_err(Problem::internal)?;
        let Some(last) = batch.last() else { return Ok((rows, false)) };
        after = Some(last.email.clone());
        for account in batch.iter().filter(|account| filter.takes(account)) {
            if rows.len() == SHOWN {
                return Ok((rows, true));
            }
            rows.push(Row::of(account));
        }
    }
}

impl Filter {
    fn takes(&self, account: &Account) -> bool {
        let wanted = self.find.trim().to_lowercase();
        let found = account.email.contains(&wanted) || account.name.to_lowercase().contains(&wanted);
        found && (self.kind.is_empty() || self.kind == account.kind.word())
    }
}

impl Row {
    fn of(account: &Account) -> Self {
        Self {
            id: account.id.to_string(),
            name: account.name.clone(),
            email: account.email.clone(),
            kind: kind_words(&account.kind),
            suspended: account.state == AccountState::Suspended,
        }
    }
}

/// The kind of an account as staff say it.
pub const fn kind_words(kind: &AccountKind) -> &'static str {
    match kind {
        AccountKind::Provider { .. } => "Provider",
        AccountKind::Sponsored => "Sponsored user",
        AccountKind::Guardian { .. } => "Patient or guardian",
        AccountKind::Staff { role: StaffRole::Provisioning } => "Staff, provisioning",
        AccountKind::Staff { role: StaffRole::Support } => "Staff, support",
    }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let row = |name: &str, email: &str, kind, suspended| Row {
        id: "a".into(),
        name: name.into(),
        email: email.into(),
        kind,
        suspended,
    };
    let rows = vec![
        row("Dr. Ana Ellis", "ana.ellis@northside.example", "Provider", false),
        row("Jo Park, RN", "jo.park@northside.example", "Sponsored user", true),
    ];
    let page = AccountsPage { chrome: chrome.clone(), filter: Filter::default(), rows, more: true };
    let none = AccountsPage {
        chrome: chrome.clone(),
        filter: Filter { find: "xyz".into(), kind: "staff".into() },
        rows: vec![],
        more: false,
    };
    vec![("staff-accounts", page.render().unwrap()), ("staff-accounts-none", none.render().unwrap())]
}
