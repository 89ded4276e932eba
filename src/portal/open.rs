//! `/patients/{handle}`: opens a record in the viewer by a SMART EHR launch.

use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, StatusCode};
use url::Url;

use super::ask::{Chart, unanswered};
use super::{Portal, recent};
use crate::domain::client::{Client, Launch, LaunchContext};
use crate::domain::secret::{PlainToken, TokenKind};
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Clinician;

/// Life of a launch handle: long enough for a slow app to load.
const LAUNCH: Duration = Duration::from_mins(5);

/// The launch.
pub fn router() -> Router<Portal> {
    Router::new().route("/patients/{handle}", get(open))
}

#[derive(Template)]
#[template(path = "portal/out_of_reach.html")]
struct OutOfReach {
    chrome: Chrome,
}

async fn open(
    State(portal): State<Portal>,
    Path(handle): Path<String>,
    user: Clinician,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let chart = portal.open_handle(&user.account.id, &handle)?;
    let wanted = [chart.patient.clone()];
    let reachable = portal.records.reachable(&portal.caller(&user), &wanted).await.map_err(unanswered)?;
    if reachable.is_empty() {
        return Ok(out_of_reach(&user));
    }
    let cookie = recent::with(&portal, &user.account.id, &headers, &chart.patient);
    let place = launch(&portal, &user, chart).await?;
    let mut response = Redirect::to(place.as_str()).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Makes a launch handle for the viewer; returns the app's launch URL with it.
async fn launch(portal: &Portal, user: &Clinician, chart: Chart) -> Result<Url, Problem> {
    let viewer = portal.web.store().client(&portal.viewer);
    let viewer = viewer.ok_or_else(|| Problem::internal("the record viewer is not registered"))?;
    launch_app(portal, user, &viewer, context(Some(chart), None)).await
}

/// What an app is told of what is open here. It opens in a page of its own, so the patient's banner is its to show.
pub fn context(chart: Option<Chart>, intent: Option<String>) -> LaunchContext {
    let (patient, encounter) = chart.map_or((None, None), |chart| (Some(chart.patient), chart.encounter));
    LaunchContext {
        need_patient_banner: patient.is_some(),
        patient,
        encounter,
        intent,
        fhir_context: Vec::new(),
    }
}

/// Makes a launch handle for one app and this user; returns the app's launch URL with it (rows 352, 361, 362).
pub async fn launch_app(
    portal: &Portal,
    user: &Clinician,
    client: &Client,
    context: LaunchContext,
) -> Result<Url, Problem> {
    let uri = client.launch_uri.as_deref();
    let uri = uri.ok_or_else(|| Problem::internal("a client to be launched has no launch URI"))?;
    let mut place = Url::parse(uri).map_err(Problem::internal)?;
    let handle = PlainToken::generate(TokenKind::Launch, portal.web.random());
    let launch = Launch {
        hash: handle.hash(),
        client: client.id.clone(),
        account: user.account.id.clone(),
        context,
        expires_at: portal.web.now().plus(LAUNCH),
    };
    portal.web.store().insert_launch(&launch).await.map_err(Problem::internal)?;
    place.query_pairs_mut().append_pair("iss", &portal.fhir_base).append_pair("launch", handle.expose());
    Ok(place)
}

/// What is said instead of a record that the user may not see, or may no longer.
pub fn out_of_reach(user: &Clinician) -> Response {
    let page = OutOfReach { chrome: user.chrome("Not authorized") };
    Page::new(page).status(StatusCode::FORBIDDEN).into_response()
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let chrome = Chrome { title: "Not authorized".into(), ..chrome.clone() };
    vec![("out-of-reach", OutOfReach { chrome }.render().unwrap())]
}
