//! The form, a page a step. Each page is saved as typed, right or wrong, before anything is said about it.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};

use super::with_cookie;
use crate::accounts::provider_registration::{ApplicationError, FieldProblem, problems_of};
use crate::domain::ids::PracticeId;
use crate::domain::practice::Practice;
use crate::domain::provider_registration::{Answers, Credential};
use crate::domain::secret::{PlainToken, TokenKind};
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::web::cookies::Cookie;
use crate::web::csrf::CsrfForm;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Visitor;

/// A page of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    You,
    Practice,
    Sponsor,
    Check,
}

impl Step {
    const ALL: [Self; 4] = [Self::You, Self::Practice, Self::Sponsor, Self::Check];

    const fn word(self) -> &'static str {
        match self {
            Self::You => "you",
            Self::Practice => "practice",
            Self::Sponsor => "sponsor",
            Self::Check => "check",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::You => "registration-you",
            Self::Practice => "registration-practice",
            Self::Sponsor => "registration-sponsor",
            Self::Check => "registration-check",
        }
    }

    fn parse(word: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|step| step.word() == word).ok_or(Problem::NotFound)
    }

    fn path(self) -> String {
        format!("/register/{}", self.word())
    }

    fn of_field(field: &str) -> Self {
        match field {
            "name" | "credential" | "npi" | "email" | "phone" => Self::You,
            "sponsor-no" => Self::Sponsor,
            _ => Self::Practice,
        }
    }
}

#[derive(Template)]
#[template(path = "portal/register/start.html")]
struct StartPage {
    chrome: Chrome,
    fax: Option<String>,
    begun: bool,
}

#[derive(Template)]
#[template(path = "portal/register/sent.html")]
struct SentPage {
    chrome: Chrome,
}

#[derive(Template)]
#[template(path = "portal/register/form.html")]
struct FormPage {
    chrome: Chrome,
    errors: FormErrors,
    step: &'static str,
    number: String,
    back: String,
    answers: Answers,
    credentials: Vec<&'static str>,
    /// Practices to choose from: id, name and town.
    found: Vec<(String, String)>,
    chosen: String,
    sought: bool,
}

fn handle(portal: &Portal, headers: &HeaderMap) -> Option<PlainToken> {
    let cookie = Cookie::Registration.read(&portal.web, headers)?;
    PlainToken::presented(TokenKind::RegistrationDraft, &cookie)
}

async fn draft(portal: &Portal, headers: &HeaderMap) -> Result<Option<Answers>, Problem> {
    let Some(handle) = handle(portal, headers) else { return Ok(None) };
    let draft = portal.accounts.registration_draft(&handle).await.map_err(Problem::internal)?;
    Ok(draft.map(|draft| draft.answers))
}

/// What it is for, what it takes, and the way in.
pub async fn start(
    State(portal): State<Portal>,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let begun = draft(&portal, &headers).await?.is_some();
    let fax = portal.accounts.registration_settings().fax.clone();
    Ok(Page::new(StartPage { chrome: visitor.translated("registration-title"), fax, begun }).into_response())
}

/// The same page whatever came of it: who has an account is nobody else's business.
pub async fn sent(visitor: Visitor) -> Response {
    Page::new(SentPage { chrome: visitor.translated("registration-sent") }).into_response()
}

/// A page with what was typed so far.
pub async fn show(
    State(portal): State<Portal>,
    visitor: Visitor,
    Path(step): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let step = Step::parse(&step)?;
    let answers = draft(&portal, &headers).await?;
    if answers.is_none() && step != Step::You {
        return Ok(Redirect::to("/register").into_response());
    }
    page(&portal, &visitor, step, answers.unwrap_or_default(), FormErrors::default()).await
}

async fn known(portal: &Portal, answers: &Answers) -> Result<Option<Practice>, Problem> {
    match &answers.practice {
        Some(id) => portal.web.store().practice(id).await.map_err(Problem::internal),
        None => Ok(None),
    }
}

async fn page(
    portal: &Portal,
    visitor: &Visitor,
    step: Step,
    answers: Answers,
    errors: FormErrors,
) -> Result<Response, Problem> {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let mut found =
        portal.accounts.practices_named(&answers.practice_sought).await.map_err(Problem::internal)?;
    let chosen = known(portal, &answers).await?;
    if let Some(chosen) = &chosen
        && !found.iter().any(|practice| practice.id == chosen.id)
    {
        found.insert(0, chosen.clone());
    }
    let number = Step::ALL.iter().position(|other| *other == step).map_or(1, |at| at + 1);
    let back = match number.checked_sub(2).and_then(|at| Step::ALL.get(at)) {
        Some(before) => before.path(),
        None => "/register".to_owned(),
    };
    let page = FormPage {
        chrome: visitor.translated(step.title()),
        errors,
        step: step.word(),
        number: number.to_string(),
        back,
        credentials: Credential::ALL.iter().map(|credential| credential.text()).collect(),
        found: found.iter().map(|practice| (practice.id.to_string(), name_and_town(practice))).collect(),
        chosen: chosen.map(|practice| name_and_town(&practice)).unwrap_or_default(),
        sought: answers.practice_sought.trim().chars().count() > 2,
        answers,
    };
    Ok(Page::new(page).status(status).into_response())
}

/// Nothing more of a practice is shown to strangers: the address from its second part on, without the ZIP code.
fn name_and_town(practice: &Practice) -> String {
    match practice.address.split(',').nth(1).map(str::trim).filter(|town| !town.is_empty()) {
        Some(town) => format!("{}, {town}", practice.name),
        None => practice.name.clone(),
    }
}

/// Puts what this page asks into the answers.
fn take(step: Step, answers: &mut Answers, mut typed: HashMap<String, String>) {
    let mut text = |name: &str| {
        let mut text = typed.remove(name).unwrap_or_default();
        // No answer is longer; the form shows what is kept.
        if let Some((at, _)) = text.char_indices().nth(300) {
            text.truncate(at);
        }
        text
    };
    match step {
        Step::You => {
            answers.name = text("name");
            answers.credential = text("credential");
            answers.npi = text("npi");
            answers.email = text("email");
            answers.phone = text("phone");
        }
        Step::Practice => {
            answers.practice = PracticeId::parse(&text("practice")).ok();
            answers.practice_sought = text("practice_sought");
            answers.practice_name = text("practice_name");
            answers.practice_address = text("practice_address");
            answers.practice_phone = text("practice_phone");
        }
        Step::Sponsor => answers.sponsor = text("sponsor"),
        Step::Check => {}
    }
}

/// Saves a page; then the next one, or the same with what is wrong.
pub async fn save(
    State(portal): State<Portal>,
    visitor: Visitor,
    Path(step): Path<String>,
    headers: HeaderMap,
    CsrfForm(typed): CsrfForm<HashMap<String, String>>,
) -> Result<Response, Problem> {
    let step = Step::parse(&step)?;
    let mut answers = draft(&portal, &headers).await?.unwrap_or_default();
    let finds = typed.contains_key("find");
    take(step, &mut answers, typed);
    let handle = handle(&portal, &headers);
    let saved = portal
        .accounts
        .save_registration(handle.as_ref(), &answers, visitor.language, &by(&visitor))
        .await
        .map_err(problem)?;
    let problems = problems_of(&answers, known(&portal, &answers).await?.as_ref());
    let mine = problems.iter().filter(|problem| Step::of_field(problem.field) == step);
    let errors = errors_of(mine, &visitor);
    let response = if finds {
        page(&portal, &visitor, step, answers, FormErrors::default()).await?
    } else if !errors.is_empty() {
        page(&portal, &visitor, step, answers, errors).await?
    } else {
        let at = Step::ALL.iter().position(|other| *other == step).unwrap_or_default();
        let next = Step::ALL.get(at + 1).copied().unwrap_or(Step::Check);
        Redirect::to(&next.path()).into_response()
    };
    Ok(match saved {
        Some(fresh) => with_cookie(response, &Cookie::Registration.set(&portal.web, fresh.expose())),
        None => response,
    })
}

fn errors_of<'a>(problems: impl Iterator<Item = &'a FieldProblem>, visitor: &Visitor) -> FormErrors {
    let mut errors = FormErrors::default();
    for problem in problems {
        errors.add(problem.field, crate::words::say(visitor.language, problem.key));
    }
    errors
}

/// Sends it; or goes to the first page on which something is wrong.
pub async fn send(
    State(portal): State<Portal>,
    visitor: Visitor,
    headers: HeaderMap,
    _form: CsrfForm<HashMap<String, String>>,
) -> Result<Response, Problem> {
    let Some(handle) = handle(&portal, &headers) else {
        return Ok(Redirect::to("/register").into_response());
    };
    match portal.accounts.send_registration(&handle, &by(&visitor)).await {
        // Sent before is as good: the button was pressed twice.
        Ok(_) => Ok(with_cookie(Redirect::to("/register/sent"), &Cookie::Registration.clear(&portal.web))),
        Err(ApplicationError::Wrong(problems)) => {
            let step = problems.first().map_or(Step::You, |problem| Step::of_field(problem.field));
            let answers = draft(&portal, &headers).await?.unwrap_or_default();
            let mine = problems.iter().filter(|problem| Step::of_field(problem.field) == step);
            let errors = errors_of(mine, &visitor);
            page(&portal, &visitor, step, answers, errors).await
        }
        Err(error) => Err(problem(error)),
    }
}

/// An error that belongs to no field.
pub fn problem(error: ApplicationError) -> Problem {
    match error {
        ApplicationError::Limited(retry_after) => Problem::TooMany { what: "registrations", retry_after },
        error => Problem::internal(error),
    }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let answers = Answers {
        name: "Ana Ellis".into(),
        credential: "MD".into(),
        npi: "1234567893".into(),
        email: "ana@northside.example".into(),
        phone: "(555) 010-0111".into(),
        practice_sought: "oak".into(),
        sponsor: "yes".into(),
        ..Answers::default()
    };
    let page = |step: Step, errors: FormErrors, answers: Answers| {
        let page = FormPage {
            chrome: chrome.clone(),
            errors,
            step: step.word(),
            number: "1".into(),
            back: "/register".into(),
            credentials: vec!["MD", "DO", "NP", "PA"],
            found: vec![("oak".into(), "Oak Street Pediatrics, Lakeside".into())],
            chosen: "Oak Street Pediatrics, Lakeside".into(),
            sought: true,
            answers,
        };
        page.render().unwrap()
    };
    let wrong = |field| FormErrors::one(field, "Enter the 10 digits of your NPI.");
    let none = FormErrors::default;
    let start = |begun| StartPage { chrome: chrome.clone(), fax: Some("555 010 0999".into()), begun };
    vec![
        ("register", start(false).render().unwrap()),
        ("register-begun", start(true).render().unwrap()),
        ("register-you", page(Step::You, none(), answers.clone())),
        ("register-you-wrong", page(Step::You, wrong("npi"), Answers::default())),
        ("register-practice", page(Step::Practice, none(), answers.clone())),
        ("register-practice-wrong", page(Step::Practice, wrong("practice_name"), answers.clone())),
        ("register-sponsor", page(Step::Sponsor, none(), answers.clone())),
        ("register-sponsor-wrong", page(Step::Sponsor, wrong("sponsor-no"), answers.clone())),
        ("register-check", page(Step::Check, none(), answers)),
        ("register-sent", SentPage { chrome: chrome.clone() }.render().unwrap()),
    ]
}
