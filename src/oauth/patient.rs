//! The patient picker of a standalone launch (row 363): offers only patients whose records the user may open. Everything about
//! patients is posted; addresses hold a sealed handle.

use askama::Template;
use axum::extract;
use axum::response::{IntoResponse, Redirect, Response};

use crate::domain::client::LaunchContext;
use crate::domain::ids::FhirId;
use crate::web::csrf::CsrfForm;
use crate::web::forms::FormErrors;
use crate::web::headers::form_target;
use crate::web::page::{Chrome, Page};
use crate::web::patient_query;
use crate::web::problem::Problem;
use crate::web::session::Visitor;

use super::authorize::{User, carried, from_form};
use super::context::Carried;
use super::failure::{Failure, answer};
use super::people::{Found, Offered, PatientsError};
use super::request::AuthorizeRequest;
use super::state::State;

/// What was typed into the search, to be shown again.
#[derive(Clone, Debug, Default)]
struct Typed {
    sought: String,
    birth_date: String,
}

#[derive(Template)]
#[template(path = "oauth/patient.html")]
struct PickerPage {
    chrome: Chrome,
    app: String,
    request: String,
    offered: Offered,
    found: Option<Found>,
    typed: Typed,
    errors: FormErrors,
    unavailable: bool,
}

/// The picker before anything was typed.
pub async fn first_page(
    state: &State,
    visitor: &Visitor,
    user: &User,
    request: &AuthorizeRequest,
) -> Result<Response, Failure> {
    Ok(page(state, visitor, user, request, Typed::default(), None, FormErrors::default()).await)
}

async fn page(
    state: &State,
    visitor: &Visitor,
    user: &User,
    request: &AuthorizeRequest,
    typed: Typed,
    found: Option<Found>,
    errors: FormErrors,
) -> Response {
    let offered = state.patients().offered(&user.caller(visitor)).await;
    let unavailable = offered.is_err();
    let status =
        if errors.is_empty() { http::StatusCode::OK } else { http::StatusCode::UNPROCESSABLE_ENTITY };
    let template = PickerPage {
        chrome: visitor.chrome("Choose a patient"),
        app: request.client.name.clone(),
        request: request.encode(state),
        offered: offered.unwrap_or_default(),
        found,
        typed,
        errors,
        unavailable,
    };
    Page::new(template).status(status).allow_form_to(form_target(&request.reply.redirect_uri)).into_response()
}

/// `POST /oauth/authorize/patient`: a search, or the choice.
pub async fn post(
    extract::State(state): extract::State<State>,
    visitor: Visitor,
    CsrfForm(fields): CsrfForm<Vec<(String, String)>>,
) -> Response {
    answer(&visitor, choose_or_search(&state, &visitor, &fields).await)
}

async fn choose_or_search(
    state: &State,
    visitor: &Visitor,
    fields: &[(String, String)],
) -> Result<Response, Failure> {
    let (request, user) = match from_form(state, visitor, fields)? {
        Ok(both) => both,
        Err(sign_in) => return Ok(sign_in),
    };
    if let Some(patient) = field(fields, "patient") {
        return choose(state, visitor, &user, &request, patient).await;
    }
    let typed = Typed {
        sought: field(fields, "sought").unwrap_or_default().to_owned(),
        birth_date: field(fields, "birth_date").unwrap_or_default().to_owned(),
    };
    let (found, errors) = match patient_query::read(&typed.sought, &typed.birth_date, None) {
        Ok(readings) => match state.patients().search(&user.caller(visitor), readings).await {
            Ok(found) => (Some(found), FormErrors::default()),
            Err(error) => return Err(problem(error).into()),
        },
        Err(errors) => (None, errors),
    };
    Ok(page(state, visitor, &user, &request, typed, found, errors).await)
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
}

fn problem(error: PatientsError) -> Problem {
    match error {
        PatientsError::Unavailable => Problem::HospitalUnreachable { retry_after: None },
        PatientsError::TooMany { retry_after } => {
            Problem::TooMany { what: "searches without a match", retry_after }
        }
    }
}

/// A choice counts only if the policy says that the user may open the record.
async fn choose(
    state: &State,
    visitor: &Visitor,
    user: &User,
    request: &AuthorizeRequest,
    patient: &str,
) -> Result<Response, Failure> {
    let id = FhirId::parse(patient).map_err(|_| Problem::NotFound)?;
    let line = state.patients().reachable(&user.caller(visitor), &id).await.map_err(problem)?;
    let line = line.ok_or(Problem::NotFound)?;
    let before = carried(state, user, request);
    let context = match &before.context.patient {
        // What belonged to another patient does not belong to this one.
        Some(other) if *other != line.id => LaunchContext::default(),
        Some(_) | None => before.context.clone(),
    };
    let carried = Carried {
        // Nobody shows the patient around an app that was not launched from the portal.
        context: LaunchContext { patient: Some(line.id), need_patient_banner: true, ..context },
        until: state.now().plus(state.settings().context_life),
        ..before
    };
    Ok(Redirect::to(&request.path_with_context(state, &carried.seal(state.web(), &user.account.id)))
        .into_response())
}
