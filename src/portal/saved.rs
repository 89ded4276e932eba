//! `/patients/saved`: the saved patient list (S-61) with the records opened last. Saving never gives access.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use futures_util::StreamExt as _;
use http::HeaderMap;
use serde::Deserialize;

use super::ask::Chart;
use super::patient::Person;
use super::{Portal, recent};
use crate::domain::clock::Timestamp;
use crate::domain::ids::FhirId;
use crate::web::csrf::CsrfForm;
use crate::web::dates;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::{Clinician, FRAGMENT};

/// Records looked up at a time.
const AT_ONCE: usize = 8;

/// The list and its two changes.
pub fn router() -> Router<Portal> {
    let home = || get(async || Redirect::to("/"));
    Router::new()
        .route("/patients/saved", get(list))
        .route("/patients/save", post(save).merge(home()))
        .route("/patients/unsave", post(unsave).merge(home()))
}

/// One line.
pub struct Row {
    person: Option<Person>,
    /// Instead of a person, when nothing may or can be shown.
    instead: &'static str,
    remove: String,
    handle: String,
    saved: String,
}

#[derive(Template)]
#[template(path = "portal/saved_part.html")]
struct Part {
    csrf: String,
    rows: Vec<Row>,
    opened: Vec<Row>,
}

#[derive(Template)]
#[template(path = "portal/saved.html")]
struct SavedPage {
    chrome: Chrome,
    csrf: String,
    rows: Vec<Row>,
    opened: Vec<Row>,
}

async fn list(
    State(portal): State<Portal>,
    user: Clinician,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let saved = portal.web.store().saved_patients(&user.account.id).await.map_err(Problem::internal)?;
    let saved: Vec<(FhirId, Option<Timestamp>)> =
        saved.into_iter().map(|entry| (entry.patient, Some(entry.saved_at))).collect();
    let opened = recent::read(&portal, &user.account.id, &headers)
        .into_iter()
        .filter(|patient| saved.iter().all(|(other, _)| other != patient))
        .map(|patient| (patient, None))
        .collect();
    let mut rows = rows(&portal, &user, saved).await;
    // By name, as lists on paper are; what cannot be shown comes last.
    rows.sort_by(|a, b| {
        let key = |row: &Row| row.person.as_ref().map(|person| person.name.to_lowercase());
        (key(a).is_none(), key(a)).cmp(&(key(b).is_none(), key(b)))
    });
    let mut opened = self::rows(&portal, &user, opened).await;
    opened.retain(|row| row.person.is_some());
    let chrome = user.chrome("Saved patients");
    let csrf = chrome.csrf.clone();
    Ok(if headers.contains_key(FRAGMENT) {
        Page::new(Part { csrf, rows, opened }).into_response()
    } else {
        Page::new(SavedPage { chrome, csrf, rows, opened }).into_response()
    })
}

async fn rows(portal: &Portal, user: &Clinician, patients: Vec<(FhirId, Option<Timestamp>)>) -> Vec<Row> {
    futures_util::stream::iter(patients)
        .map(|(patient, saved)| row(portal, user, patient, saved))
        .buffered(AT_ONCE)
        .collect()
        .await
}

async fn row(portal: &Portal, user: &Clinician, patient: FhirId, saved: Option<Timestamp>) -> Row {
    let (person, instead) = match portal.person(user, &patient).await {
        Ok(person) => (person, "A patient whom you may no longer see"),
        Err(_) => (None, "Cannot be shown at the moment"),
    };
    let zone = &portal.web.settings().time_zone;
    let saved = saved.map(|at| dates::day(dates::day_of(at, zone))).unwrap_or_default();
    let remove = person.as_ref().map_or_else(|| format!("the patient saved on {saved}"), |p| p.name.clone());
    let chart = Chart { patient, encounter: None };
    let handle = portal.web.keys().seal("list", &user.account.id, &chart, portal.web.random());
    Row { person, instead, remove, handle, saved }
}

/// Which patient, as a handle.
#[derive(Deserialize)]
struct Form {
    patient: String,
}

impl Form {
    fn patient(&self, portal: &Portal, user: &Clinician) -> Result<FhirId, Problem> {
        let chart: Option<Chart> = portal.web.keys().open("list", &user.account.id, &self.patient);
        chart.map(|chart| chart.patient).ok_or(Problem::Unreadable)
    }
}

async fn save(
    State(portal): State<Portal>,
    user: Clinician,
    CsrfForm(form): CsrfForm<Form>,
) -> Result<Redirect, Problem> {
    let patient = form.patient(&portal, &user)?;
    portal.web.store().save_patient(&user.account.id, &patient).await.map_err(Problem::internal)?;
    Ok(Redirect::to("/#saved-title"))
}

async fn unsave(
    State(portal): State<Portal>,
    user: Clinician,
    CsrfForm(form): CsrfForm<Form>,
) -> Result<Redirect, Problem> {
    let patient = form.patient(&portal, &user)?;
    portal.web.store().unsave_patient(&user.account.id, &patient).await.map_err(Problem::internal)?;
    Ok(Redirect::to("/#saved-title"))
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    use super::patient::sample;
    let row = |person, instead| Row {
        person,
        instead,
        remove: "the patient saved on 3 Nov 2026".into(),
        handle: "sealed".into(),
        saved: "3 Nov 2026".into(),
    };
    let rows = || {
        vec![
            row(Some(sample("Leo Park", "3 years", "CG-100317")), ""),
            row(Some(sample("Mia Rose Torres", "7 years", "CG-100123")), ""),
            row(None, "A patient whom you may no longer see"),
        ]
    };
    let opened = || vec![row(Some(sample("Zoe Haddad", "15 years", "CG-100555")), "")];
    let csrf = "cgf_sample".to_owned();
    let page = SavedPage {
        chrome: Chrome { title: "Saved patients".into(), ..chrome.clone() },
        csrf: csrf.clone(),
        rows: rows(),
        opened: opened(),
    };
    vec![
        ("saved", page.render().unwrap()),
        ("part-saved", Part { csrf, rows: rows(), opened: opened() }.render().unwrap()),
    ]
}
