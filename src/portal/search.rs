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
use crate::access::authorizer::NotAuthorized;
use crate::domain::account::AccountKind;
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

/// "You are not authorized to see this record": why, and the one right next step.
pub struct RefusedCard {
    /// One sentence.
    pub why: &'static str,
    /// What can be done.
    pub todo: &'static str,
    /// Where the button leads.
    pub href: &'static str,
    /// What it says.
    pub button: &'static str,
    /// For those for whom the button is wrong.
    pub other: Option<(&'static str, &'static str)>,
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
    let refused: Vec<RefusedCard> =
        matches.not_authorized.iter().map(|refused| RefusedCard::of(refused, &user.account.kind)).collect();
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

const PCP: &str = "/help/request-pcp-access";
const NON_PCP: &str = "/help/request-non-pcp-access";

impl RefusedCard {
    /// The card for a patient whom the user may not see.
    pub fn of(refused: &NotAuthorized, user: &AccountKind) -> Self {
        match (user, refused.has_primary_care) {
            (AccountKind::Provider { .. }, false) => Self {
                why: "The hospital\u{2019}s record names no primary care provider for this patient, and the family has not given you access.",
                todo: "If the patient is in your care, the hospital can record you as the primary care provider.",
                href: PCP,
                button: "Request PCP access",
                other: Some((NON_PCP, "I am not the primary care provider")),
            },
            (AccountKind::Provider { .. }, true) => Self {
                why: "Neither you nor another provider in your practice is this patient\u{2019}s primary care provider in the hospital\u{2019}s record, and the family has not given you access.",
                todo: "The family can give you access, and decides which parts you see.",
                href: NON_PCP,
                button: "Request non-PCP access",
                other: Some((PCP, "I am the primary care provider")),
            },
            _ => Self {
                why: "You see what your sponsoring provider sees, and your provider has no access to this record either.",
                todo: "Your provider can request access; yours follows by itself.",
                href: if refused.has_primary_care { NON_PCP } else { PCP },
                button: "How your provider asks",
                other: None,
            },
        }
    }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome, user: &AccountKind) -> Vec<(&'static str, String)> {
    use super::patient::sample;
    use crate::domain::ids::FhirId;
    let refused = |has_primary_care| {
        let patient = FhirId::parse("p").unwrap();
        RefusedCard::of(&NotAuthorized { patient, has_primary_care }, user)
    };
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
        ("results-refused", page("Not authorized", vec![], vec![refused(true)])),
        ("results-refused-no-pcp", page("Not authorized", vec![], vec![refused(false)])),
        ("results-several", page("Several matches", twins(), vec![refused(true)])),
    ]
}
