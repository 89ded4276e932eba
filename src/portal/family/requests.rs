//! What a provider asked the family (S-41), answered yes or no: yes leads through the same choices as an invitation (S-46).

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

use super::child::{Child, Stop};
use super::choices::{Boxes, Fields};
use super::grants::{ChangePage, EndPage, Nothing, failed};
use super::people::practices_of;
use crate::accounts::{Answer, NewGrant};
use crate::domain::access_request::AccessRequest;
use crate::domain::account::Account;
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::web::csrf::CsrfForm;
use crate::web::dates;
use crate::web::forms::FormErrors;
use crate::web::page::Page;
use crate::web::problem::Problem;
use crate::web::session::Guardian;
use crate::words::say_with;

/// A request on the child's page.
pub struct Asked {
    pub name: String,
    pub from: String,
    pub reason: String,
    pub when: String,
    pub yes: (String, String),
    pub no: (String, String),
}

/// What waits for an answer, the oldest first.
pub async fn listed(portal: &Portal, child: &Child) -> Result<Vec<Asked>, Problem> {
    let language = child.words.language;
    let mut asked = Vec::new();
    for request in open(portal, child).await? {
        let account = portal.web.store().account(&request.provider).await.map_err(Problem::internal)?;
        let Some(account) = account else { continue };
        let day = dates::day_of(request.asked_at, &portal.accounts.majority().zone);
        let name = [("name", (&account.name).into())];
        asked.push(Asked {
            from: practices_of(portal, &account).await?,
            reason: request.reason.clone(),
            when: dates::day_in(language, day),
            yes: (
                child.words.at(&format!("requests/{}", request.id)),
                say_with(language, "family-yes", &name),
            ),
            no: (
                child.words.at(&format!("requests/{}/no", request.id)),
                say_with(language, "family-no", &name),
            ),
            name: account.name,
        });
    }
    Ok(asked)
}

async fn open(portal: &Portal, child: &Child) -> Result<Vec<AccessRequest>, Problem> {
    portal.accounts.access_requests().open_for_patient(&child.decider.patient).await.map_err(failed)
}

/// The open request of this child with the identifier in the address, and whose it is.
async fn find(portal: &Portal, child: &Child, id: &str) -> Result<(AccessRequest, Account), Problem> {
    let request = open(portal, child).await?.into_iter().find(|request| request.id.as_str() == id);
    let request = request.ok_or(Problem::NotFound)?;
    let account = portal.web.store().account(&request.provider).await.map_err(Problem::internal)?;
    Ok((request, account.ok_or(Problem::NotFound)?))
}

pub async fn ask_yes(
    State(portal): State<Portal>,
    Path((handle, id)): Path<(String, String)>,
    user: Guardian,
) -> Result<Response, Stop> {
    let child = Child::load(&portal, &user, &handle).await?;
    let (request, account) = find(&portal, &child, &id).await?;
    Ok(yes_page(&portal, &user, child, &request, &account, &Fields::open(), FormErrors::default()))
}

pub async fn yes(
    State(portal): State<Portal>,
    Path((handle, id)): Path<(String, String)>,
    user: Guardian,
    CsrfForm(fields): CsrfForm<Fields>,
) -> Result<Response, Stop> {
    let child = Child::load(&portal, &user, &handle).await?;
    let (request, account) = find(&portal, &child, &id).await?;
    let choice = match fields.read(&portal, child.words.language) {
        Ok(choice) => choice,
        Err(errors) => return Ok(yes_page(&portal, &user, child, &request, &account, &fields, errors)),
    };
    let grant = NewGrant {
        patient: request.patient.clone(),
        provider: request.provider.clone(),
        granted_by: child.decider.acts_as,
        kinds: choice.kinds,
        covers_restricted: choice.covers_restricted,
        ends_at: child.decider.until(choice.ends_at),
    };
    let requests = portal.accounts.access_requests();
    requests.answer(&request.id, Answer::Grant(grant), &by(&user)).await.map_err(failed)?;
    Ok(Redirect::to(&format!("{}?did=given", child.words.href)).into_response())
}

fn yes_page(
    portal: &Portal,
    user: &Guardian,
    child: Child,
    request: &AccessRequest,
    account: &Account,
    fields: &Fields,
    errors: FormErrors,
) -> Response {
    let language = child.words.language;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let places = [("person", (&account.name).into()), ("name", (&child.words.name).into())];
    let page = ChangePage {
        chrome: user.translated_as(say_with(language, "family-invite-parts-title", &places)),
        boxes: Boxes::of(portal, &child, fields),
        action: child.words.at(&format!("requests/{}", request.id)),
        effect: vec![say_with(language, "family-yes-effect", &places)],
        button: say_with(language, "family-check-known-button", &places),
        child: child.words,
        errors,
    };
    Page::new(page).status(status).into_response()
}

pub async fn ask_no(
    State(portal): State<Portal>,
    Path((handle, id)): Path<(String, String)>,
    user: Guardian,
) -> Result<Response, Stop> {
    let child = Child::load(&portal, &user, &handle).await?;
    let (request, account) = find(&portal, &child, &id).await?;
    let language = child.words.language;
    let places = [("person", (&account.name).into()), ("name", (&child.words.name).into())];
    let page = EndPage {
        chrome: user.translated_as(say_with(language, "family-no-title", &places)),
        action: child.words.at(&format!("requests/{}/no", request.id)),
        button: say_with(language, "family-no", &[("name", (&account.name).into())]),
        effect: say_with(language, "family-no-effect", &places),
        child: child.words,
    };
    Ok(Page::new(page).into_response())
}

pub async fn no(
    State(portal): State<Portal>,
    Path((handle, id)): Path<(String, String)>,
    user: Guardian,
    _form: CsrfForm<Nothing>,
) -> Result<Response, Stop> {
    let child = Child::load(&portal, &user, &handle).await?;
    let (request, _) = find(&portal, &child, &id).await?;
    let requests = portal.accounts.access_requests();
    let answer = Answer::Refuse { reason: String::new() };
    requests.answer(&request.id, answer, &by(&user)).await.map_err(failed)?;
    Ok(Redirect::to(&format!("{}?did=refused", child.words.href)).into_response())
}

#[cfg(test)]
pub fn sample_listed(language: crate::domain::language::Language) -> Vec<Asked> {
    let child = super::child::sample(language);
    let label = |key| say_with(language, key, &[("name", "Dr. Lee".into())]);
    vec![Asked {
        name: "Dr. Lee".into(),
        from: "Lakeside Lung Clinic".into(),
        reason: "I look after the asthma.".into(),
        when: "23 Nov 2026".into(),
        yes: (child.at("requests/one"), label("family-yes")),
        no: (child.at("requests/one/no"), label("family-no")),
    }]
}
