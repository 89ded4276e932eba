//! Second factors on one's own account: authenticator apps added, factors renamed and removed, recovery codes.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use serde::Deserialize;

use super::{factor_name, stale};
use crate::accounts::identity::{ChangeError, ChosenTotp};
use crate::domain::identity::Factor;
use crate::domain::ids::FactorId;
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::portal::identity::fields::TotpField;
use crate::web::csrf::CsrfForm;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::SignedIn;

/// The pages and their forms.
pub fn router() -> Router<Portal> {
    Router::new()
        .route("/account/factors/app", get(show).post(add))
        .route("/account/factors/{id}", get(one).post(rename))
        .route("/account/factors/{id}/remove", get(one).post(remove))
        .route("/account/recovery-codes", get(ask_codes).post(new_codes))
}

#[derive(Template)]
#[template(path = "portal/identity/factor_app.html")]
struct AppPage {
    chrome: Chrome,
    errors: FormErrors,
    totp: TotpField,
    name: String,
}

#[derive(Template)]
#[template(path = "portal/identity/factor.html")]
struct FactorPage {
    chrome: Chrome,
    id: String,
    name: String,
    last: bool,
}

#[derive(Template)]
#[template(path = "portal/identity/recovery_codes.html")]
struct CodesPage {
    chrome: Chrome,
    codes: Vec<String>,
    left: usize,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AppForm {
    totp: String,
    code: String,
    name: String,
}

fn app_page(
    portal: &Portal,
    user: &SignedIn,
    form: &AppForm,
    errors: FormErrors,
    status: StatusCode,
) -> Response {
    let chrome = user.translated("identity-app-title");
    let totp = portal.totp_field(&user.account.id, &user.account.email, &form.totp);
    Page::new(AppPage { chrome, errors, totp, name: form.name.clone() }).status(status).into_response()
}

async fn show(State(portal): State<Portal>, user: SignedIn) -> Response {
    if let Some(again) = stale(&portal, &user, "/account/factors/app") {
        return again;
    }
    app_page(&portal, &user, &AppForm::default(), FormErrors::default(), StatusCode::OK)
}

async fn add(
    State(portal): State<Portal>,
    user: SignedIn,
    CsrfForm(form): CsrfForm<AppForm>,
) -> Result<Response, Problem> {
    if let Some(again) = stale(&portal, &user, "/account/factors/app") {
        return Ok(again);
    }
    let chrome = user.translated("identity-app-title");
    let words = match portal.totp_secret(&user.account.id, &form.totp) {
        None => chrome.say("identity-wrong-code"),
        Some(secret) => {
            let chosen = ChosenTotp { secret, code: form.code.clone() };
            let (language, by) = (user.language, by(&user));
            match portal.accounts.add_totp(&user.account, chosen, &form.name, language, &by).await {
                Ok(codes) if codes.is_empty() => {
                    return Ok(Redirect::to("/account?changed=factors").into_response());
                }
                Ok(codes) => return Ok(codes_page(&user, codes.shown(), 0)),
                Err(ChangeError::Full) => chrome.say("identity-factor-full"),
                Err(ChangeError::Failed(error)) => return Err(Problem::internal(error)),
                Err(_) => chrome.say("identity-wrong-code"),
            }
        }
    };
    let errors = FormErrors::one("code", words);
    Ok(app_page(&portal, &user, &form, errors, StatusCode::UNPROCESSABLE_ENTITY))
}

async fn find(portal: &Portal, user: &SignedIn, id: &str) -> Result<(Factor, bool), Problem> {
    let factors = portal.accounts.factors_of(&user.account).await.map_err(Problem::internal)?;
    let last = factors.len() == 1;
    let factor = factors.into_iter().find(|factor| factor.id.as_str() == id);
    factor.map(|factor| (factor, last)).ok_or(Problem::NotFound)
}

async fn one(
    State(portal): State<Portal>,
    user: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (factor, last) = find(&portal, &user, &id).await?;
    let chrome = user.translated("identity-factor-one-title");
    let name = factor_name(chrome.language, &factor);
    Ok(Page::new(FactorPage { chrome, id, name, last }).into_response())
}

#[derive(Deserialize)]
struct NameForm {
    #[serde(default)]
    name: String,
}

async fn rename(
    State(portal): State<Portal>,
    user: SignedIn,
    Path(id): Path<String>,
    CsrfForm(form): CsrfForm<NameForm>,
) -> Result<Response, Problem> {
    let id = FactorId::parse(&id).map_err(|_| Problem::NotFound)?;
    portal.accounts.rename_factor(&user.account, &id, &form.name).await.map_err(Problem::internal)?;
    Ok(Redirect::to("/account?changed=factors").into_response())
}

#[derive(Deserialize)]
struct Nothing {}

async fn remove(
    State(portal): State<Portal>,
    user: SignedIn,
    Path(id): Path<String>,
    _form: CsrfForm<Nothing>,
) -> Result<Response, Problem> {
    if let Some(again) = stale(&portal, &user, &format!("/account/factors/{id}")) {
        return Ok(again);
    }
    let id = FactorId::parse(&id).map_err(|_| Problem::NotFound)?;
    let removed = portal.accounts.remove_factor(&user.account, &id, user.language, &by(&user)).await;
    removed.map_err(Problem::internal)?;
    Ok(Redirect::to("/account?changed=factors").into_response())
}

fn codes_page(user: &SignedIn, codes: Vec<String>, left: usize) -> Response {
    let chrome = user.translated("identity-recovery-codes-title");
    Page::new(CodesPage { chrome, codes, left }).into_response()
}

async fn ask_codes(State(portal): State<Portal>, user: SignedIn) -> Result<Response, Problem> {
    let has = portal.accounts.second_step(&user.account.id).await.map_err(Problem::internal)?;
    Ok(codes_page(&user, Vec::new(), has.codes))
}

async fn new_codes(
    State(portal): State<Portal>,
    user: SignedIn,
    _form: CsrfForm<Nothing>,
) -> Result<Response, Problem> {
    if let Some(again) = stale(&portal, &user, "/account/recovery-codes") {
        return Ok(again);
    }
    let codes = portal.accounts.new_recovery_codes(&user.account, user.language, &by(&user)).await;
    Ok(codes_page(&user, codes.map_err(Problem::internal)?.shown(), 0))
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let totp = || TotpField { svg: "<svg></svg>".into(), key: "GEZD GNBV".into(), sealed: "x".into() };
    let app = |errors| AppPage { chrome: chrome.clone(), errors, totp: totp(), name: "Phone".into() };
    let codes = |codes: Vec<String>| CodesPage { chrome: chrome.clone(), codes, left: 3 };
    let one = FactorPage { chrome: chrome.clone(), id: "a".into(), name: "Phone".into(), last: true };
    vec![
        ("account-app", app(FormErrors::default()).render().unwrap()),
        ("account-app-wrong", app(FormErrors::one("code", "x")).render().unwrap()),
        ("account-factor", one.render().unwrap()),
        ("account-codes", codes(Vec::new()).render().unwrap()),
        ("account-codes-new", codes(vec!["ABCD-EFGH-JKLM".into()]).render().unwrap()),
    ]
}
