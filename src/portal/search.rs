//! `POST /patients/search`: the one place that says "not authorized" (S-31, S-60). What was typed travels in the body alone.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::Portal;
use super::home::{HomePage, empty_home};
use super::patient::Person;
use super::requests::RefusedCard;
use crate::web::csrf::CsrfForm;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::patient_query;
use crate::web::problem::Problem;
use crate::web::session::Clinician;

/// The search.
pub fn router() -> Router<Portal> {
    Router::new().route("/patients/search", post(search).get(async || Redirect::to("/")))
}

/// What was typed.
#[derive(Deserialize)]
struct Form {
    #[serde(default)]
    sought: String,
    #[serde(default)]
    birth_date: String,
}

#[derive(Template)]
#[template(path = "portal/results.html")]
struct ResultsPage {
    chrome: Chrome,
    errors: FormErrors,
    sought: String,
    birth_date: String,
    found: Vec<Person>,
    refused: Vec<RefusedCard>,
}

async fn search(
    State(portal): State<Portal>,
    user: Clinician,
    headers: HeaderMap,
    CsrfForm(form): CsrfForm<Form>,
) -> Result<Response, Problem> {
    let readings = match patient_query::read(&form.sought, &form.birth_date, portal.mrn_system.as_ref()) {
        Ok(readings) => readings,
        Err(errors) => {
            let home = empty_home(&portal, &user, &headers).await?;
            let page = HomePage { errors, sought: form.sought, birth_date: form.birth_date, ..home };
            return Ok(Page::new(page).status(StatusCode::UNPROCESSABLE_ENTITY).into_response());
        }
    };
    let matches = portal.find_patient(&user, &readings).await?;
    let found: Vec<Person> = matches
        .reachable
        .iter()
        .filter_map(|released| portal.printed(&user, &released.chunks().concat(), None))
        .collect();
    if let ([only], []) = (found.as_slice(), matches.not_authorized.as_slice()) {
        return Ok(Redirect::to(&only.href).into_response());
    }
    let typed = typed(&form.sought, &form.birth_date);
    let mut refused = Vec::new();
    for one in matches.not_authorized {
        refused.push(RefusedCard::of(&portal, &user, one, &typed).await?);
    }
    let (title, status) = match (found.len(), refused.len()) {
        (0, 0) => ("No match", StatusCode::OK),
        (0, _) => ("Not authorized", StatusCode::FORBIDDEN),
        _ => ("Several matches", StatusCode::OK),
    };
    let page = ResultsPage {
        chrome: user.chrome(title),
        errors: FormErrors::default(),
        sought: form.sought,
        birth_date: form.birth_date,
        found,
        refused,
    };
    Ok(Page::new(page).status(status).into_response())
}

/// What was typed, for support to know whom a request is about.
fn typed(sought: &str, birth_date: &str) -> String {
    [sought.trim(), birth_date.trim()]
        .iter()
        .filter(|part| !part.is_empty())
        .copied()
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    use super::patient::sample;
    use super::requests::sample_cards;
    let page = |title: &str, found: Vec<Person>, refused: Vec<RefusedCard>| {
        let chrome = Chrome { title: title.into(), ..chrome.clone() };
        let (sought, birth_date) = ("Ada Kim".into(), "3/14/2019".into());
        ResultsPage { chrome, errors: FormErrors::default(), sought, birth_date, found, refused }
            .render()
            .unwrap()
    };
    let twins = || vec![sample("Ada Kim", "7 years", "CG-100201"), sample("Ada Kim", "7 years", "CG-100202")];
    vec![
        ("results-none", page("No match", vec![], vec![])),
        ("results-refused", page("Not authorized", vec![], sample_cards())),
        ("results-several", page("Several matches", twins(), sample_cards())),
    ]
}
