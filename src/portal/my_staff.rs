//! `/my-staff` for sponsors and `/my-sponsors` for those whom they sponsor (S-04, S-70, S-71, D-08).

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;

use super::Portal;
use super::ask::by;
use crate::accounts::AccountsError;
use crate::accounts::sponsorship::Invited;
use crate::domain::ids::SponsorshipId;
use crate::domain::practice::{SponsorshipState, SponsorshipStep};
use crate::store::staff_lists::StaffLine;
use crate::web::csrf::CsrfForm;
use crate::web::dates;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Clinician;

/// The pages of sponsors and of those whom they sponsor.
pub fn router() -> Router<Portal> {
    Router::new()
        .route("/my-staff", get(list))
        .route("/my-staff/invite", post(invite).get(list))
        .route("/my-staff/still", post(still).get(list))
        .route("/my-staff/{id}/{step}", post(step).get(ask_remove))
        .route("/my-sponsors", get(sponsors))
        .route("/my-sponsors/{id}/{answer}", post(answer).get(sponsors_again))
}

/// What the invitation form holds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Fields {
    name: String,
    email: String,
    role: String,
}

#[derive(Template)]
#[template(path = "portal/my_staff.html")]
struct StaffPage {
    chrome: Chrome,
    errors: FormErrors,
    fields: Fields,
    may: bool,
    lines: Vec<Line>,
    active: usize,
}

struct Line {
    id: String,
    name: String,
    email: String,
    role: String,
    state: &'static str,
    lapsed: bool,
    signed_in: Option<String>,
    confirm_by: String,
}

async fn list(State(portal): State<Portal>, user: Clinician) -> Result<Response, Problem> {
    page(&portal, &user, Fields::default(), FormErrors::default()).await
}

async fn page(
    portal: &Portal,
    user: &Clinician,
    fields: Fields,
    errors: FormErrors,
) -> Result<Response, Problem> {
    let store = portal.web.store();
    let may = store.may_sponsor(&user.account.id).await.map_err(Problem::internal)?;
    let lines = store.staff_of(&user.account.id).await.map_err(Problem::internal)?;
    let active = lines.iter().filter(|line| line.state == SponsorshipState::Active).count();
    let lines = lines.into_iter().map(|line| printed(portal, line)).collect();
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let chrome = user.chrome("My staff");
    Ok(Page::new(StaffPage { chrome, errors, fields, may, lines, active }).status(status).into_response())
}

fn printed(portal: &Portal, line: StaffLine) -> Line {
    let day = |at| dates::day(dates::day_of(at, &portal.web.settings().time_zone));
    Line {
        id: line.id.to_string(),
        name: line.name,
        email: line.email,
        role: line.role,
        state: word(line.state),
        lapsed: line.lapsed && line.state == SponsorshipState::Suspended,
        signed_in: line.signed_in_at.map(day),
        confirm_by: day(portal.accounts.lapses_at(line.attested_at)),
    }
}

const fn word(state: SponsorshipState) -> &'static str {
    match state {
        SponsorshipState::Invited => "invited",
        SponsorshipState::Active => "active",
        SponsorshipState::Suspended => "paused",
        SponsorshipState::Ended => "ended",
    }
}

async fn invite(
    State(portal): State<Portal>,
    user: Clinician,
    CsrfForm(fields): CsrfForm<Fields>,
) -> Result<Response, Problem> {
    let new = Invited { name: fields.name.clone(), email: fields.email.clone(), role: fields.role.clone() };
    match portal.accounts.invite_staff(&user.account, new, &by(&user)).await {
        Ok(_) => Ok(Redirect::to("/my-staff").into_response()),
        Err(AccountsError::Unavailable) => Err(Problem::internal(AccountsError::Unavailable)),
        Err(wrong) => {
            let field = if fields.name.trim().is_empty() { "name" } else { "email" };
            page(&portal, &user, fields, FormErrors::one(field, wrong.to_string())).await
        }
    }
}

/// A line for each user who is still on the staff.
async fn still(
    State(portal): State<Portal>,
    user: Clinician,
    CsrfForm(fields): CsrfForm<Vec<(String, String)>>,
) -> Result<Redirect, Problem> {
    let chosen = fields.iter().filter(|(name, _)| name == "still");
    let ids: Vec<_> = chosen.filter_map(|(_, id)| SponsorshipId::parse(id).ok()).collect();
    done(&portal.accounts.vouch(&user.account, &ids, &by(&user)).await.map(drop))?;
    Ok(Redirect::to("/my-staff"))
}

/// No fields of its own.
#[derive(Deserialize)]
pub struct Nothing {}

async fn step(
    State(portal): State<Portal>,
    Path((id, step)): Path<(String, String)>,
    user: Clinician,
    _form: CsrfForm<Nothing>,
) -> Result<Redirect, Problem> {
    let id = SponsorshipId::parse(&id).map_err(|_| Problem::NotFound)?;
    let (accounts, sponsor, by) = (&portal.accounts, &user.account, by(&user));
    let step = match step.as_str() {
        "resend" => {
            done(&accounts.resend_invitation(sponsor, &id, &by).await)?;
            return Ok(Redirect::to("/my-staff"));
        }
        "suspend" => SponsorshipStep::Suspend,
        "resume" => SponsorshipStep::Resume,
        "remove" => SponsorshipStep::End,
        _ => return Err(Problem::NotFound),
    };
    done(&accounts.step_staff(sponsor, &id, step, &by).await)?;
    Ok(Redirect::to("/my-staff"))
}

/// That it was done meanwhile, from another window or by somebody else, is seen on the list.
fn done(result: &Result<(), AccountsError>) -> Result<(), Problem> {
    match result {
        Err(AccountsError::Unavailable) => Err(Problem::internal(AccountsError::Unavailable)),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[derive(Template)]
#[template(path = "portal/my_staff_remove.html")]
struct RemovePage {
    chrome: Chrome,
    id: String,
    name: String,
}

/// What removal means, before it is done; the list for the other steps.
async fn ask_remove(
    State(portal): State<Portal>,
    Path((id, step)): Path<(String, String)>,
    user: Clinician,
) -> Result<Response, Problem> {
    let lines = portal.web.store().staff_of(&user.account.id).await.map_err(Problem::internal)?;
    match lines.into_iter().find(|line| step == "remove" && line.id.as_str() == id) {
        Some(line) => {
            let chrome = user.chrome(format!("Remove {}", line.name));
            Ok(Page::new(RemovePage { chrome, id, name: line.name }).into_response())
        }
        None => Ok(Redirect::to("/my-staff").into_response()),
    }
}

#[derive(Template)]
#[template(path = "portal/my_sponsors.html")]
struct SponsorsPage {
    chrome: Chrome,
    lines: Vec<Line>,
}

async fn sponsors(State(portal): State<Portal>, user: Clinician) -> Result<Response, Problem> {
    let lines = portal.web.store().sponsors_of(&user.account.id).await.map_err(Problem::internal)?;
    let lines = lines.into_iter().map(|line| printed(&portal, line)).collect();
    Ok(Page::new(SponsorsPage { chrome: user.chrome("My sponsors"), lines }).into_response())
}

async fn sponsors_again(_user: Clinician) -> Redirect {
    Redirect::to("/my-sponsors")
}

async fn answer(
    State(portal): State<Portal>,
    Path((id, answer)): Path<(String, String)>,
    user: Clinician,
    _form: CsrfForm<Nothing>,
) -> Result<Redirect, Problem> {
    let id = SponsorshipId::parse(&id).map_err(|_| Problem::NotFound)?;
    let accept = match answer.as_str() {
        "accept" => true,
        "decline" => false,
        _ => return Err(Problem::NotFound),
    };
    done(&portal.accounts.answer_sponsor(&user.account, &id, accept, &by(&user)).await)?;
    Ok(Redirect::to("/my-sponsors"))
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let line = |id: &str, name: &str, state, lapsed| Line {
        id: id.into(),
        name: name.into(),
        email: "jo@northside.example".into(),
        role: "Nurse".into(),
        state,
        lapsed,
        signed_in: None,
        confirm_by: "3 May 2027".into(),
    };
    let lines = || {
        vec![
            line("a", "Jo Park, RN", "active", false),
            line("b", "Max Weber", "invited", false),
            line("c", "Eva Lind", "paused", true),
        ]
    };
    let titled = |title: &str| Chrome { title: title.into(), ..chrome.clone() };
    let page = |may, lines, errors| StaffPage {
        chrome: titled("My staff"),
        errors,
        fields: Fields::default(),
        may,
        lines,
        active: 1,
    };
    let wrong = FormErrors::one("email", "This is not an e-mail address.");
    let remove = RemovePage { chrome: titled("Remove Jo Park"), id: "a".into(), name: "Jo Park".into() };
    vec![
        ("my-staff", page(true, lines(), FormErrors::default()).render().unwrap()),
        ("my-staff-error", page(true, lines(), wrong).render().unwrap()),
        ("my-staff-none", page(false, vec![], FormErrors::default()).render().unwrap()),
        ("my-staff-remove", remove.render().unwrap()),
        ("my-sponsors", SponsorsPage { chrome: titled("My sponsors"), lines: lines() }.render().unwrap()),
    ]
}
