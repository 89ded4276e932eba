//! `/set-up/{token}`: from the mail that says "approved" to a password, secure questions and a second factor (S-17).

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use serde::Deserialize;

use super::fields::{self, AnswersForm, QuestionField, TotpField};
use crate::accounts::identity::{ChosenTotp, NewSecrets, SetUpError, SetUpLink};
use crate::domain::account::Account;
use crate::domain::secret::{PlainToken, TokenKind};
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::web::csrf::CsrfForm;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Visitor;

/// The page and its form.
pub fn router() -> Router<Portal> {
    Router::new().route("/set-up/{token}", get(show).post(set_up))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Form {
    password: String,
    again: String,
    #[serde(flatten)]
    answers: AnswersForm,
    /// `app` when an authenticator app is to be added.
    factor: String,
    totp: String,
    code: String,
}

#[derive(Template)]
#[template(path = "portal/identity/set_up.html")]
struct SetUpPage {
    chrome: Chrome,
    errors: FormErrors,
    token: String,
    name: String,
    email: String,
    /// Empty where the hospital does without them.
    questions: Vec<QuestionField>,
    totp: TotpField,
    with_app: bool,
    hint: String,
}

#[derive(Template)]
#[template(path = "portal/identity/set_up_done.html")]
struct DonePage {
    chrome: Chrome,
    email: String,
    codes: Vec<String>,
}

#[derive(Template)]
#[template(path = "portal/identity/set_up_over.html")]
struct OverPage {
    chrome: Chrome,
    what: String,
    used: bool,
}

async fn show(
    State(portal): State<Portal>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let link = match PlainToken::presented(TokenKind::SetUp, &token) {
        Some(presented) => portal.accounts.set_up_link(&presented).await.map_err(Problem::internal)?,
        None => SetUpLink::Unknown,
    };
    Ok(match link {
        SetUpLink::Open(account) => {
            form(&portal, &visitor, &token, &account, &Form::default(), FormErrors::default(), StatusCode::OK)
        }
        over => over_page(&visitor, &over),
    })
}

fn form(
    portal: &Portal,
    visitor: &Visitor,
    token: &str,
    account: &Account,
    typed: &Form,
    errors: FormErrors,
    status: StatusCode,
) -> Response {
    let chrome = visitor.translated("identity-set-up-title");
    let questions = portal.accounts.identity_settings().questions_required;
    let page = SetUpPage {
        errors,
        token: token.to_owned(),
        name: account.name.clone(),
        email: account.email.clone(),
        questions: if questions { typed.answers.fields(chrome.language) } else { Vec::new() },
        totp: portal.totp_field(&account.id, &account.email, &typed.totp),
        with_app: typed.factor == "app",
        hint: fields::password_hint(chrome.language, false),
        chrome,
    };
    Page::new(page).status(status).into_response()
}

async fn set_up(
    State(portal): State<Portal>,
    visitor: Visitor,
    Path(token): Path<String>,
    CsrfForm(typed): CsrfForm<Form>,
) -> Result<Response, Problem> {
    let Some(presented) = PlainToken::presented(TokenKind::SetUp, &token) else {
        return Ok(over_page(&visitor, &SetUpLink::Unknown));
    };
    let account = match portal.accounts.set_up_link(&presented).await.map_err(Problem::internal)? {
        SetUpLink::Open(account) => account,
        over => return Ok(over_page(&visitor, &over)),
    };
    let chrome = visitor.translated("identity-set-up-title");
    let mut errors = FormErrors::default();
    fields::check_twice(&mut errors, &chrome, &typed.password, &typed.again);
    let refused =
        |errors| form(&portal, &visitor, &token, &account, &typed, errors, StatusCode::UNPROCESSABLE_ENTITY);
    if !errors.is_empty() {
        return Ok(refused(errors));
    }
    let totp = (typed.factor == "app").then(|| portal.totp_secret(&account.id, &typed.totp)).flatten();
    if typed.factor == "app" && totp.is_none() {
        return Ok(refused(FormErrors::one("code", chrome.say("identity-wrong-code"))));
    }
    let chosen = NewSecrets {
        password: typed.password.clone().into(),
        answers: typed.answers.answers(),
        totp: totp.map(|secret| ChosenTotp { secret, code: typed.code.clone() }),
    };
    match portal.accounts.set_up(&presented, chosen, &by(&visitor)).await {
        Ok((account, codes)) => Ok(done(&visitor, account.email, codes.shown())),
        Err(SetUpError::Wrong(problems)) => {
            fields::add_problems(&mut errors, &problems, &chrome);
            Ok(refused(errors))
        }
        Err(SetUpError::Link(over)) => Ok(over_page(&visitor, &over)),
        Err(SetUpError::Failed(error)) => Err(Problem::internal(error)),
    }
}

fn done(visitor: &Visitor, email: String, codes: Vec<String>) -> Response {
    let chrome = visitor.translated("identity-set-up-done-title");
    Page::new(DonePage { chrome, email, codes }).into_response()
}

fn over_page(visitor: &Visitor, link: &SetUpLink) -> Response {
    Page::new(over(visitor.translated("identity-set-up-over-title"), link))
        .status(StatusCode::GONE)
        .into_response()
}

fn over(chrome: Chrome, link: &SetUpLink) -> OverPage {
    let what = match link {
        SetUpLink::Used => chrome.say("identity-set-up-used"),
        SetUpLink::Void => chrome.say("identity-set-up-void"),
        SetUpLink::Expired => chrome.say("identity-set-up-expired"),
        SetUpLink::Open(_) | SetUpLink::Unknown => chrome.say("identity-set-up-unknown"),
    };
    OverPage { chrome, what, used: *link == SetUpLink::Used }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let page = |errors| {
        let form = AnswersForm::default();
        SetUpPage {
            chrome: chrome.clone(),
            errors,
            token: "cgu_sample".into(),
            name: "Dr. Ana Ellis".into(),
            email: "ana.ellis@northside.example".into(),
            questions: form.fields(chrome.language),
            totp: TotpField { svg: "<svg></svg>".into(), key: "GEZD GNBV".into(), sealed: "x".into() },
            with_app: true,
            hint: fields::password_hint(chrome.language, false),
        }
        .render()
        .unwrap()
    };
    let done = DonePage {
        chrome: chrome.clone(),
        email: "ana.ellis@northside.example".into(),
        codes: vec!["ABCD-EFGH-JKLM".into()],
    };
    let mut wrong = FormErrors::one("password", "x");
    for field in ["again", "question1", "answer2", "code"] {
        wrong.add(field, "x");
    }
    vec![
        ("set-up", page(FormErrors::default())),
        ("set-up-wrong", page(wrong)),
        ("set-up-done", done.render().unwrap()),
        ("set-up-over", over(chrome.clone(), &SetUpLink::Expired).render().unwrap()),
    ]
}
