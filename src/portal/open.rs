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
use crate::domain::client::{Launch, LaunchContext};
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
        let page = OutOfReach { chrome: user.chrome("Not authorized") };
        return Ok(Page::new(page).status(StatusCode::FORBIDDEN).into_response());
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
    let uri = portal.web.store().client(&portal.viewer).and_then(|client| client.launch_uri.clone());
    let uri =
        uri.ok_or_else(|| Problem::internal("the record viewer is not registered with a launch URI"))?;
    let mut place = Url::parse(&uri).map_err(Problem::internal)?;
    let handle = PlainToken::generate(TokenKind::Launch, portal.web.random());
    let launch = Launch {
        hash: handle.hash(),
        client: portal.viewer.clone(),
        account: user.account.id.clone(),
        context: LaunchContext {
            patient: Some(chart.patient),
            encounter: chart.encounter,
            need_patient_banner: true,
            intent: None,
            fhir_context: Vec::new(),
        },
        expires_at: portal.web.now().plus(LAUNCH),
    };
    portal.web.store().insert_launch(&launch).await.map_err(Problem::internal)?;
    place.query_pairs_mut().append_pair("iss", &portal.fhir_base).append_pair("launch", handle.expose());
    Ok(place)
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let chrome = Chrome { title: "Not authorized".into(), ..chrome.clone() };
    vec![("out-of-reach", OutOfReach { chrome }.render().unwrap())]
}
