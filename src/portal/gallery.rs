//! `/gallery` and `/patients/{handle}/apps`: the apps that a clinician can open, with a patient or without.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::HeaderMap;
use serde::Deserialize;

use super::ask::{Chart, unanswered};
use super::encounter::Encounter;
use super::open::{context, launch_app, out_of_reach};
use super::patient::Person;
use super::{Portal, recent};
use crate::domain::client::{Client, LaunchIntent};
use crate::domain::ids::ClientId;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::scope::ScopeSet;
use crate::web::csrf::CsrfForm;
use crate::web::dates;
use crate::web::headers::form_target;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::scope_words as words;
use crate::web::session::Clinician;

/// The two pages and the launch.
pub fn router() -> Router<Portal> {
    Router::new()
        .route("/gallery", get(without_patient))
        .route("/gallery/open", post(open).get(async || Redirect::to("/gallery")))
        .route("/patients/{handle}/apps", get(with_patient))
}

#[derive(Template)]
#[template(path = "portal/gallery.html")]
struct GalleryPage {
    chrome: Chrome,
    /// For whom, and the handle that says so.
    patient: Option<(Person, String)>,
    /// The stay or visit that goes along.
    encounter: Option<String>,
    /// Records opened last, to choose one.
    recent: Vec<Person>,
    apps: Vec<App>,
}

/// One app.
struct App {
    id: String,
    name: String,
    by: String,
    purpose: Option<String>,
    website: Option<String>,
    sees: Vec<(&'static str, Vec<String>)>,
    offline: bool,
    intents: Vec<LaunchIntent>,
}

impl App {
    fn of(client: &Client, hospital: &str) -> Self {
        let scopes = ScopeSet::parse(&client.scope);
        let details = &client.details;
        Self {
            id: client.id.to_string(),
            name: client.name.clone(),
            by: super::account_apps::vendor(client, hospital),
            purpose: details.purpose.clone(),
            website: details.client_uri.clone().filter(|uri| uri.starts_with("https://")),
            sees: words::summary(&scopes),
            offline: scopes.has_word("offline_access"),
            intents: details.intents.clone(),
        }
    }
}

async fn without_patient(
    State(portal): State<Portal>,
    user: Clinician,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut recent = Vec::new();
    for patient in recent::read(&portal, &user.account.id, &headers) {
        // The page is about apps: a patient who cannot be shown now is left out.
        recent.extend(portal.person(&user, &patient).await.ok().flatten());
    }
    Ok(page(&portal, &user, None, None, recent))
}

async fn with_patient(
    State(portal): State<Portal>,
    Path(handle): Path<String>,
    user: Clinician,
) -> Result<Response, Problem> {
    let chart = portal.open_handle(&user.account.id, &handle)?;
    let Some(person) = portal.person(&user, &chart.patient).await? else { return Ok(out_of_reach(&user)) };
    let encounter = encounter(&portal, &user, &chart).await;
    Ok(page(&portal, &user, Some((person, handle)), encounter, Vec::new()))
}

/// The encounter of the chart in a few words; `None` as well when the EHR cannot tell now.
async fn encounter(portal: &Portal, user: &Clinician, chart: &Chart) -> Option<String> {
    let id = chart.encounter.clone()?;
    let released = portal.records.read(&portal.caller(user), ResourceType::Encounter, id).await.ok()?;
    let encounter: Encounter = serde_json::from_slice(&released.chunks().concat()).ok()?;
    let began = encounter.began(&portal.web.settings().time_zone).map(dates::day);
    let parts = [encounter.what().to_owned(), encounter.place().to_owned(), began.unwrap_or_default()];
    Some(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "))
}

fn page(
    portal: &Portal,
    user: &Clinician,
    patient: Option<(Person, String)>,
    encounter: Option<String>,
    recent: Vec<Person>,
) -> Response {
    let clients = portal.web.store().directory().launchable_clients();
    let hospital = &portal.web.settings().hospital;
    let template = GalleryPage {
        chrome: user.chrome("Apps"),
        apps: clients.iter().map(|client| App::of(client, hospital)).collect(),
        patient,
        encounter,
        recent,
    };
    let targets = clients.iter().flat_map(|client| client.launch_uri.iter().chain(&client.redirect_uris));
    let mut targets: Vec<String> = targets.filter_map(|uri| form_target(uri)).collect();
    targets.sort();
    targets.dedup();
    targets.into_iter().fold(Page::new(template), |page, to| page.allow_form_to(Some(to))).into_response()
}

#[derive(Deserialize)]
struct Form {
    app: String,
    /// The patient's handle; without one the app asks which patient, if it needs one.
    #[serde(default)]
    patient: String,
    /// What for, as registered for the app.
    #[serde(default)]
    intent: String,
}

async fn open(
    State(portal): State<Portal>,
    user: Clinician,
    CsrfForm(form): CsrfForm<Form>,
) -> Result<Response, Problem> {
    let id = ClientId::parse(&form.app).map_err(|_| Problem::NotFound)?;
    let client: Arc<Client> = portal
        .web
        .store()
        .directory()
        .launchable_clients()
        .into_iter()
        .find(|client| client.id == id)
        .ok_or(Problem::NotFound)?;
    let chart = match &*form.patient {
        "" => None,
        handle => Some(portal.open_handle(&user.account.id, handle)?),
    };
    if let Some(chart) = &chart {
        let wanted = [chart.patient.clone()];
        let reachable = portal.records.reachable(&portal.caller(&user), &wanted).await.map_err(unanswered)?;
        if reachable.is_empty() {
            return Ok(out_of_reach(&user));
        }
    }
    // A word that was not agreed on with the vendor means nothing to the app (row 194).
    let intent = client.details.intents.iter().find(|intent| intent.value == form.intent);
    let intent = intent.map(|intent| intent.value.clone());
    let place = launch_app(&portal, &user, &client, context(chart, intent)).await?;
    Ok(Redirect::to(place.as_str()).into_response())
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    use super::patient::sample;
    let app = |name: &str, scope: &str| App {
        id: name.to_lowercase().replace(' ', "-"),
        name: name.into(),
        by: "Brightgrow Inc.".into(),
        purpose: Some("Plots height, weight and head circumference on growth charts.".into()),
        website: Some("https://brightgrow.example/".into()),
        sees: words::summary(&ScopeSet::parse(scope)),
        offline: scope.contains("offline_access"),
        intents: vec![LaunchIntent { value: "plot-growth".into(), label: "Plot growth".into() }],
    };
    let apps = || {
        vec![
            app("Growth Chart", "launch patient/Patient.rs patient/Observation.rs"),
            app("Referral Desk", "launch offline_access patient/*.rs user/Practitioner.rs"),
        ]
    };
    let page = |patient, encounter, recent, apps| GalleryPage {
        chrome: Chrome { title: "Apps".into(), ..chrome.clone() },
        patient,
        encounter,
        recent,
        apps,
    };
    let mia = || sample("Mia Rose Torres", "7 years", "CG-100123");
    let asthma = Some("Acute asthma exacerbation, 5 West, 20 Nov 2026".to_owned());
    vec![
        ("gallery", page(None, None, vec![mia()], apps()).render().unwrap()),
        ("gallery-patient", page(Some((mia(), "sealed".into())), asthma, vec![], apps()).render().unwrap()),
        ("gallery-empty", page(None, None, vec![], vec![]).render().unwrap()),
    ]
}
