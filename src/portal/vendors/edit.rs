//! `/developers/apps/mine/edit`: changes of a registration.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

use super::MINE;
use super::fields::{Section, Typed};
use super::register::errors_of;
use super::session::Vendor;
use crate::domain::client::ClientState;
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::web::csrf::CsrfForm;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;

#[derive(Template)]
#[template(path = "portal/vendors/edit.html")]
struct EditPage {
    chrome: Chrome,
    errors: FormErrors,
    sections: Vec<Section>,
    state: ClientState,
}

#[derive(Template)]
#[template(path = "portal/vendors/secret.html")]
pub struct SecretPage {
    pub chrome: Chrome,
    pub secret: String,
}

/// The form with what is registered.
pub async fn show(vendor: Vendor) -> Response {
    let typed = Typed::of(&vendor.registration.client);
    page(&vendor, &typed, FormErrors::default())
}

fn page(vendor: &Vendor, typed: &Typed, errors: FormErrors) -> Response {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let chrome = vendor.visitor.chrome("Change the registration");
    let sections = typed.sections(&errors);
    let state = vendor.registration.client.state;
    Page::new(EditPage { chrome, errors, sections, state }).status(status).into_response()
}

/// Saves; what needs staff waits for them.
pub async fn save(
    State(portal): State<Portal>,
    vendor: Vendor,
    CsrfForm(mut typed): CsrfForm<Typed>,
) -> Result<Response, Problem> {
    typed.keep(&vendor.registration.client);
    let metadata = match typed.metadata() {
        Ok(metadata) => metadata,
        Err(errors) => return Ok(page(&vendor, &typed, errors)),
    };
    let by = by(&vendor.visitor);
    match portal.accounts.update_client(vendor.registration.clone(), metadata, &by).await {
        Ok(updated) => Ok(match updated.secret {
            Some(secret) => {
                let chrome = vendor.visitor.chrome("A new secret");
                Page::new(SecretPage { chrome, secret: secret.expose().to_owned() }).into_response()
            }
            None => Redirect::to(MINE).into_response(),
        }),
        Err(error) => Ok(page(&vendor, &typed, errors_of(error)?)),
    }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let page = |state| EditPage {
        chrome: chrome.clone(),
        errors: FormErrors::default(),
        sections: Typed::default().sections(&FormErrors::default()),
        state,
    };
    vec![
        ("vendors-edit", page(ClientState::Active).render().unwrap()),
        ("vendors-edit-pending", page(ClientState::Pending).render().unwrap()),
    ]
}
