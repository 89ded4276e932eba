//! `/invitations`: where an invitation from a family leads; and "Validate a token" (S-51 to S-56, D-05).

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use serde::Deserialize;

use super::Portal;
use super::ask::by;
use crate::accounts::AccountsError;
use crate::accounts::invitations::TokenError;
use crate::domain::account::AccountKind;
use crate::web::csrf::CsrfForm;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::{Problem, wait_words};
use crate::web::session::{Clinician, Visitor};

/// The public page, and the form.
pub fn router() -> Router<Portal> {
    Router::new().route("/invitations", get(arrive)).route("/invitations/token", get(show).post(enter))
}

#[derive(Template)]
#[template(path = "portal/invitations/arrive.html")]
struct ArrivePage {
    chrome: Chrome,
}

#[derive(Template)]
#[template(path = "portal/invitations/token.html")]
struct TokenPage {
    chrome: Chrome,
    errors: FormErrors,
    /// The token does not work: the way on is shown.
    wrong: bool,
    /// How long attempts are paused, in words.
    paused: Option<String>,
    token: String,
    mrn: String,
}

#[derive(Template)]
#[template(path = "portal/invitations/done.html")]
struct DonePage {
    chrome: Chrome,
}

#[derive(Template)]
#[template(path = "portal/invitations/sponsored.html")]
struct SponsoredPage {
    chrome: Chrome,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Form {
    token: String,
    mrn: String,
}

/// Whoever has an account enters the token; whoever has none is told to register first (S-51).
async fn arrive(visitor: Visitor) -> Response {
    let clinician = visitor
        .account
        .as_ref()
        .is_some_and(|account| matches!(account.kind, AccountKind::Provider { .. } | AccountKind::Sponsored));
    if clinician {
        // The browser keeps the fragment, and with it the token, through the redirect.
        return Redirect::to("/invitations/token").into_response();
    }
    Page::new(ArrivePage { chrome: visitor.chrome("You have an invitation") }).into_response()
}

async fn show(user: Clinician) -> Response {
    if user.account.kind == AccountKind::Sponsored {
        return sponsored(&user);
    }
    page(&user, &Form::default(), FormErrors::default(), false, None)
}

async fn enter(
    State(portal): State<Portal>,
    user: Clinician,
    CsrfForm(form): CsrfForm<Form>,
) -> Result<Response, Problem> {
    if user.account.kind == AccountKind::Sponsored {
        return Ok(sponsored(&user));
    }
    let mut errors = FormErrors::default();
    if form.token.trim().is_empty() {
        errors.add("token", "Enter the token as it is printed on the invitation.");
    }
    if form.mrn.trim().is_empty() {
        errors.add("mrn", "Enter the MRN that the family gave you.");
    }
    if !errors.is_empty() {
        return Ok(page(&user, &form, errors, false, None));
    }
    match portal.accounts.enter_token(&user.account, &form.token, &form.mrn, &by(&user)).await {
        Ok(_) => Ok(Page::new(DonePage { chrome: user.chrome("The token is accepted") }).into_response()),
        Err(TokenError::Wrong) => {
            let errors = FormErrors::one("token", "This token does not work with this MRN.");
            Ok(page(&user, &form, errors, true, None))
        }
        Err(TokenError::Paused { until }) => {
            let wait = wait_words(until.since(portal.web.now()));
            let errors = FormErrors::one("token", format!("Attempts are paused. Try again in {wait}."));
            Ok(page(&user, &form, errors, true, Some(wait)))
        }
        Err(TokenError::Accounts(AccountsError::Unavailable)) => {
            Err(Problem::internal("a token was not entered"))
        }
        Err(TokenError::Accounts(_)) => Err(Problem::WrongRole { whose: "active providers" }),
    }
}

fn sponsored(user: &Clinician) -> Response {
    let page = SponsoredPage { chrome: user.chrome("A provider enters the token") };
    Page::new(page).status(StatusCode::FORBIDDEN).into_response()
}

fn page(user: &Clinician, form: &Form, errors: FormErrors, wrong: bool, paused: Option<String>) -> Response {
    let status = match (&paused, errors.is_empty()) {
        (Some(_), _) => StatusCode::TOO_MANY_REQUESTS,
        (None, true) => StatusCode::OK,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = TokenPage {
        chrome: user.chrome("Validate a token"),
        errors,
        wrong,
        paused,
        token: form.token.clone(),
        mrn: form.mrn.clone(),
    };
    Page::new(page).status(status).into_response()
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let titled = |title: &str| Chrome { title: title.into(), ..chrome.clone() };
    let token = |errors, wrong, paused| TokenPage {
        chrome: titled("Validate a token"),
        errors,
        wrong,
        paused,
        token: "ABCD-EFGH-JKMN-PQRS".into(),
        mrn: "CG-100123".into(),
    };
    let wrong = FormErrors::one("token", "This token does not work with this MRN.");
    vec![
        ("invitation-arrive", ArrivePage { chrome: titled("You have an invitation") }.render().unwrap()),
        ("invitation-token", token(FormErrors::default(), false, None).render().unwrap()),
        ("invitation-wrong", token(wrong.clone(), true, None).render().unwrap()),
        ("invitation-paused", token(wrong, true, Some("60 minutes".into())).render().unwrap()),
        ("invitation-done", DonePage { chrome: titled("The token is accepted") }.render().unwrap()),
        (
            "invitation-sponsored",
            SponsoredPage { chrome: titled("A provider enters the token") }.render().unwrap(),
        ),
    ]
}
