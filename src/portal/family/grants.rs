//! A family changes, ends and gives back what it let somebody see (D-06).

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use serde::Deserialize;

use super::child::{Child, ChildWords, Stop};
use super::choices::{Boxes, Fields};
use crate::accounts::AccountsError;
use crate::domain::account::Account;
use crate::domain::grant::Grant;
use crate::domain::ids::GrantId;
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::web::csrf::CsrfForm;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Guardian;
use crate::words::{say, say_with};

#[derive(Template)]
#[template(path = "portal/family/change.html")]
pub struct ChangePage {
    pub chrome: Chrome,
    pub child: ChildWords,
    pub errors: FormErrors,
    pub boxes: Boxes,
    pub action: String,
    /// What happens when the button is pressed, a paragraph each.
    pub effect: Vec<String>,
    pub button: String,
}

#[derive(Template)]
#[template(path = "portal/family/end.html")]
pub struct EndPage {
    pub chrome: Chrome,
    pub child: ChildWords,
    pub action: String,
    pub button: String,
    pub effect: String,
}

/// The grant of this child with the identifier in the address, and whose it is.
async fn find(portal: &Portal, child: &Child, id: &str) -> Result<(Grant, Account), Problem> {
    let id = GrantId::parse(id).map_err(|_| Problem::NotFound)?;
    let store = portal.web.store();
    let grant = store.grant(&id).await.map_err(Problem::internal)?;
    let grant =
        grant.filter(|grant| grant.patient == child.decider.patient && grant.holds_at(portal.web.now()));
    let grant = grant.ok_or(Problem::NotFound)?;
    let account = store.account(&grant.provider).await.map_err(Problem::internal)?;
    Ok((grant, account.ok_or(Problem::NotFound)?))
}

pub async fn change(
    State(portal): State<Portal>,
    Path((handle, id)): Path<(String, String)>,
    user: Guardian,
) -> Result<Response, Stop> {
    let child = Child::load(&portal, &user, &handle).await?;
    let (grant, account) = find(&portal, &child, &id).await?;
    let fields = Fields::of_grant(&portal, &child, &grant);
    Ok(change_page(&portal, &user, child, &grant, &account, &fields, FormErrors::default()))
}

pub async fn save(
    State(portal): State<Portal>,
    Path((handle, id)): Path<(String, String)>,
    user: Guardian,
    CsrfForm(fields): CsrfForm<Fields>,
) -> Result<Response, Stop> {
    let child = Child::load(&portal, &user, &handle).await?;
    let (grant, account) = find(&portal, &child, &id).await?;
    let choice = match fields.read(&portal, child.words.language) {
        Ok(choice) => choice,
        Err(errors) => return Ok(change_page(&portal, &user, child, &grant, &account, &fields, errors)),
    };
    let done = portal.accounts.change_grant(&child.decider, &grant.id, choice, &by(&user)).await;
    done.map_err(failed)?;
    Ok(Redirect::to(&format!("{}?did=changed", child.words.href)).into_response())
}

fn change_page(
    portal: &Portal,
    user: &Guardian,
    child: Child,
    grant: &Grant,
    account: &Account,
    fields: &Fields,
    errors: FormErrors,
) -> Response {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let title = say_with(child.words.language, "family-change-title", &[("name", (&account.name).into())]);
    let page = ChangePage {
        chrome: user.translated_as(title),
        boxes: Boxes::of(portal, &child, fields),
        action: child.words.at(&format!("grants/{}", grant.id)),
        effect: vec![say(child.words.language, "family-change-effect")],
        button: say(child.words.language, "family-save"),
        child: child.words,
        errors,
    };
    Page::new(page).status(status).into_response()
}

pub async fn ask_end(
    State(portal): State<Portal>,
    Path((handle, id)): Path<(String, String)>,
    user: Guardian,
) -> Result<Response, Stop> {
    let child = Child::load(&portal, &user, &handle).await?;
    let (grant, account) = find(&portal, &child, &id).await?;
    let language = child.words.language;
    let name = [("name", (&account.name).into())];
    let page = EndPage {
        chrome: user.translated_as(say_with(language, "family-end-title", &name)),
        action: child.words.at(&format!("grants/{}/end", grant.id)),
        button: say_with(language, "family-end", &name),
        effect: say_with(
            language,
            "family-end-effect",
            &[("person", (&account.name).into()), ("name", (&child.words.name).into())],
        ),
        child: child.words,
    };
    Ok(Page::new(page).into_response())
}

pub async fn end(
    State(portal): State<Portal>,
    Path((handle, id)): Path<(String, String)>,
    user: Guardian,
    _form: CsrfForm<Nothing>,
) -> Result<Response, Stop> {
    let child = Child::load(&portal, &user, &handle).await?;
    let (grant, _) = find(&portal, &child, &id).await?;
    portal.accounts.end_grant(&child.decider, &grant.id, &by(&user)).await.map_err(failed)?;
    Ok(Redirect::to(&format!("{}?ended={}", child.words.href, grant.id)).into_response())
}

pub async fn restore(
    State(portal): State<Portal>,
    Path((handle, id)): Path<(String, String)>,
    user: Guardian,
    _form: CsrfForm<Nothing>,
) -> Result<Response, Stop> {
    let child = Child::load(&portal, &user, &handle).await?;
    let id = GrantId::parse(&id).map_err(|_| Problem::NotFound)?;
    let done = portal.accounts.restore_grant(&child.decider, &id, &by(&user)).await;
    let did = match done {
        Ok(_) => "restored",
        // An hour has passed, or it was done before: the page shows how things stand.
        Err(AccountsError::Unknown | AccountsError::Invalid(_)) => "too-late",
        Err(error) => return Err(failed(error).into()),
    };
    Ok(Redirect::to(&format!("{}?did={did}", child.words.href)).into_response())
}

/// A form without fields of its own.
#[derive(Deserialize)]
pub struct Nothing {}

/// A change that was not made because things stand otherwise by now.
pub fn failed(error: AccountsError) -> Problem {
    match error {
        AccountsError::Unknown => Problem::NotFound,
        AccountsError::Invalid(_) | AccountsError::Weak(_) | AccountsError::Taken(_) => Problem::Unreadable,
        AccountsError::Unavailable => Problem::internal(error),
    }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let language = chrome.language;
    let child = super::child::sample(language);
    let titled = |key| Chrome {
        title: say_with(language, key, &[("name", "Dr. Sam Okoye".into())]),
        ..chrome.clone()
    };
    let change = |errors| ChangePage {
        chrome: titled("family-change-title"),
        child: child.clone(),
        errors,
        boxes: Boxes::sample(language),
        action: child.at("grants/one"),
        effect: vec![say(language, "family-change-effect")],
        button: say(language, "family-save"),
    };
    let wrong = FormErrors::one("ends", say(language, "family-error-ends"));
    let end = EndPage {
        chrome: titled("family-end-title"),
        child: child.clone(),
        action: child.at("grants/one/end"),
        button: say_with(language, "family-end", &[("name", "Dr. Sam Okoye".into())]),
        effect: say_with(
            language,
            "family-end-effect",
            &[("person", "Dr. Sam Okoye".into()), ("name", "Mia".into())],
        ),
    };
    vec![
        ("family-change", change(FormErrors::default()).render().unwrap()),
        ("family-change-wrong", change(wrong).render().unwrap()),
        ("family-end", end.render().unwrap()),
    ]
}
