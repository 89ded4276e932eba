//! `/developers/register`: the form of a new registration, and what the vendor takes away from it.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::fields::{self, Section, Typed};
use super::session::Pass;
use super::with_cookie;
use crate::accounts::registration::RegistrationError;
use crate::domain::client::Client;
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::web::cookies::Cookie;
use crate::web::csrf::CsrfForm;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Visitor;

#[derive(Template)]
#[template(path = "portal/vendors/register.html")]
struct RegisterPage {
    chrome: Chrome,
    errors: FormErrors,
    sections: Vec<Section>,
    endpoint: String,
    open: bool,
}

#[derive(Template)]
#[template(path = "portal/vendors/registered.html")]
struct RegisteredPage {
    chrome: Chrome,
    name: String,
    id: String,
    secret: Option<String>,
    management: String,
    contact: String,
}

/// The empty form.
pub async fn show(State(portal): State<Portal>, visitor: Visitor) -> Response {
    page(&portal, &visitor, &Typed::default(), FormErrors::default()).into_response()
}

fn page(portal: &Portal, visitor: &Visitor, typed: &Typed, errors: FormErrors) -> Page<RegisterPage> {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let sections = typed.sections(&errors);
    let endpoint = portal.web.absolute("/oauth/register");
    let open = portal.accounts.takes_registrations();
    Page::new(RegisterPage { chrome: visitor.chrome("Register an app"), errors, sections, endpoint, open })
        .status(status)
}

/// Registers, and shows once what is not shown again; or the form with what is wrong.
pub async fn register(
    State(portal): State<Portal>,
    visitor: Visitor,
    CsrfForm(typed): CsrfForm<Typed>,
) -> Result<Response, Problem> {
    let metadata = match typed.metadata() {
        Ok(metadata) => metadata,
        Err(errors) => return Ok(page(&portal, &visitor, &typed, errors).into_response()),
    };
    let registered = match portal.accounts.register_client(metadata, None, &by(&visitor)).await {
        Ok(registered) => registered,
        Err(RegistrationError::Limited(retry_after)) => {
            return Err(Problem::TooMany { what: "registrations", retry_after });
        }
        // The page says so itself.
        Err(RegistrationError::Closed) => {
            let page = page(&portal, &visitor, &typed, FormErrors::default());
            return Ok(page.status(StatusCode::FORBIDDEN).into_response());
        }
        Err(error) => return Ok(page(&portal, &visitor, &typed, errors_of(error)?).into_response()),
    };
    let Client { id, name, details, .. } = registered.client;
    let pass = Pass::new(&portal, id.clone(), &registered.management.hash());
    let page = RegisteredPage {
        chrome: visitor.chrome("The registration has arrived"),
        name,
        id: id.to_string(),
        secret: registered.secret.map(|secret| secret.expose().to_owned()),
        management: registered.management.expose().to_owned(),
        contact: details.contacts.first().cloned().unwrap_or_default(),
    };
    Ok(with_cookie(Page::new(page), &Cookie::Vendor.set(&portal.web, &pass.seal(&portal))))
}

/// An error at the fields that it is about; a problem if it is about none.
pub fn errors_of(error: RegistrationError) -> Result<FormErrors, Problem> {
    let mut errors = FormErrors::default();
    match error {
        RegistrationError::Wrong(wrong) => {
            for wrong in wrong {
                fields::add(&mut errors, wrong);
            }
        }
        RegistrationError::Full | RegistrationError::Changed | RegistrationError::State(_) => {
            errors.add("client_name", error.to_string());
        }
        error => return Err(Problem::internal(error)),
    }
    Ok(errors)
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let page = |errors: FormErrors, open: bool| RegisterPage {
        chrome: chrome.clone(),
        sections: Typed::default().sections(&errors),
        errors,
        endpoint: "https://gate.example/oauth/register".into(),
        open,
    };
    let done = |secret: Option<&str>| RegisteredPage {
        chrome: Chrome { title: "The registration has arrived".into(), ..chrome.clone() },
        name: "Growth Charts".into(),
        id: "3b1f0c5a9d2e4f6788990a1b2c3d4e5f".into(),
        secret: secret.map(str::to_owned),
        management: "cgm_3vJp0hQmC9k2S7yB4nWxZ1aEfGtLrUoI8dKcVbNqPsY".into(),
        contact: "dev@growth.example".into(),
    };
    let wrong = Typed::default().metadata().unwrap_err();
    vec![
        ("vendors-register", page(FormErrors::default(), true).render().unwrap()),
        ("vendors-register-wrong", page(wrong, true).render().unwrap()),
        ("vendors-register-closed", page(FormErrors::default(), false).render().unwrap()),
        ("vendors-registered", done(None).render().unwrap()),
        (
            "vendors-registered-secret",
            done(Some("cgk_3vJp0hQmC9k2S7yB4nWxZ1aEfGtLrUoI8dKcVbNqPsY")).render().unwrap(),
        ),
    ]
}
