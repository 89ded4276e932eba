//! A new secret, and the end of a registration: each asked before it is done.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::edit::SecretPage;
use super::session::{Nothing, Vendor};
use super::{APPS, MINE, with_cookie};
use crate::accounts::registration::RegistrationError;
use crate::domain::client::ClientAuth;
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::web::cookies::Cookie;
use crate::web::csrf::CsrfForm;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;

#[derive(Template)]
#[template(path = "portal/vendors/confirm.html")]
struct ConfirmPage {
    chrome: Chrome,
    title: String,
    what: &'static str,
    action: &'static str,
    button: &'static str,
}

fn ask_secret_page(chrome: Chrome, name: &str) -> ConfirmPage {
    ConfirmPage {
        chrome,
        title: format!("A new secret for {name}?"),
        what: "The present secret stops working at once. The new one is shown once, on the next page; the app cannot get \
               tokens until it has it.",
        action: "/developers/apps/mine/secret",
        button: "Make a new secret",
    }
}

fn ask_delete_page(chrome: Chrome, name: &str) -> ConfirmPage {
    ConfirmPage {
        chrome,
        title: format!("Delete {name}?"),
        what: "The registration and every token of the app end at once, for all of its users. This cannot be undone: to \
               connect again, you register a new app and wait for approval.",
        action: "/developers/apps/mine/delete",
        button: "Delete the registration",
    }
}

/// What a new secret means.
pub async fn ask_secret(vendor: Vendor) -> Response {
    let client = &vendor.registration.client;
    if !matches!(client.auth, ClientAuth::Secret { .. }) {
        return Redirect::to(MINE).into_response();
    }
    Page::new(ask_secret_page(vendor.visitor.chrome("A new secret"), &client.name)).into_response()
}

/// Makes it.
pub async fn rotate(
    State(portal): State<Portal>,
    vendor: Vendor,
    _form: CsrfForm<Nothing>,
) -> Result<Response, Problem> {
    match portal.accounts.rotate_secret(vendor.registration, &by(&vendor.visitor)).await {
        Ok(secret) => {
            let chrome = vendor.visitor.chrome("A new secret");
            Ok(Page::new(SecretPage { chrome, secret: secret.expose().to_owned() }).into_response())
        }
        // Changed at the same moment, or without a secret by now: the page shows how it stands.
        Err(RegistrationError::Changed | RegistrationError::State(_)) => {
            Ok(Redirect::to(MINE).into_response())
        }
        Err(error) => Err(Problem::internal(error)),
    }
}

/// What deleting means.
pub async fn ask_delete(vendor: Vendor) -> Response {
    let name = vendor.registration.client.name;
    Page::new(ask_delete_page(vendor.visitor.chrome("Delete the registration"), &name)).into_response()
}

/// Deletes.
pub async fn delete(
    State(portal): State<Portal>,
    vendor: Vendor,
    _form: CsrfForm<Nothing>,
) -> Result<Response, Problem> {
    let deleted = portal.accounts.delete_client(&vendor.registration, &by(&vendor.visitor)).await;
    deleted.map_err(Problem::internal)?;
    Ok(with_cookie(Redirect::to(APPS), &Cookie::Vendor.clear(&portal.web)))
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let name = "Growth Charts";
    let secret = SecretPage {
        chrome: chrome.clone(),
        secret: "cgk_3vJp0hQmC9k2S7yB4nWxZ1aEfGtLrUoI8dKcVbNqPsY".into(),
    };
    vec![
        ("vendors-ask-secret", ask_secret_page(chrome.clone(), name).render().unwrap()),
        ("vendors-ask-delete", ask_delete_page(chrome.clone(), name).render().unwrap()),
        ("vendors-secret", secret.render().unwrap()),
    ]
}
