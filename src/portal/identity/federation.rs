//! `/sign-in/childrens-id` and `/sign-in/patient-portal`: there and back (S-02, S-05, S-21).

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::arrive::with_cookies;
use crate::accounts::SignedIn;
use crate::accounts::federation::{Begun, FederationError, NotLetIn, Proved, Provider};
use crate::accounts::identity::Federated;
use crate::domain::clock::Timestamp;
use crate::domain::session::SessionMethod;
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::web::cookies::Cookie;
use crate::web::next::LocalPath;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Visitor;

/// How long somebody may be at the provider.
const LIFE: Duration = Duration::from_mins(15);
/// End of the address of Children's ID.
pub const CHILDRENS_ID: &str = "childrens-id";
/// End of the address of the patient portal.
pub const PATIENT_PORTAL: &str = "patient-portal";

/// The hospital's identity providers, where there are any.
#[derive(Clone, Debug, Default)]
pub struct Providers {
    /// Of physicians and staff.
    pub childrens_id: Option<Arc<Provider>>,
    /// Of families.
    pub patient_portal: Option<Arc<Provider>>,
}

impl Providers {
    /// The provider through which a session began.
    pub fn of(&self, method: SessionMethod) -> Option<&Arc<Provider>> {
        match method {
            SessionMethod::ChildrensId => self.childrens_id.as_ref(),
            SessionMethod::PatientPortal => self.patient_portal.as_ref(),
            _ => None,
        }
    }
}

/// There and back, for each.
pub fn router() -> Router<Portal> {
    Router::new()
        .route("/sign-in/childrens-id", get(childrens_id))
        .route("/sign-in/childrens-id/callback", get(from_childrens_id))
        .route("/sign-in/patient-portal", get(patient_portal))
        .route("/sign-in/patient-portal/callback", get(from_patient_portal))
}

#[derive(Deserialize)]
struct Target {
    #[serde(default = "LocalPath::home")]
    next: LocalPath,
}

async fn childrens_id(
    State(portal): State<Portal>,
    visitor: Visitor,
    Query(target): Query<Target>,
) -> Result<Response, Problem> {
    go(&portal, &visitor, SessionMethod::ChildrensId, &target.next).await
}

async fn patient_portal(
    State(portal): State<Portal>,
    visitor: Visitor,
    Query(target): Query<Target>,
) -> Result<Response, Problem> {
    go(&portal, &visitor, SessionMethod::PatientPortal, &target.next).await
}

async fn go(
    portal: &Portal,
    visitor: &Visitor,
    way: SessionMethod,
    next: &LocalPath,
) -> Result<Response, Problem> {
    let provider = portal.providers.of(way).ok_or(Problem::NotFound)?;
    match provider.begin(next.as_str(), portal.web.random()).await {
        Ok((url, begun)) => {
            let keys = portal.web.keys();
            let sealed = keys.seal_for_browser(way.word(), &begun, portal.web.random());
            let cookie = Cookie::Federation.set(&portal.web, &sealed);
            Ok(with_cookies(Redirect::to(url.as_str()).into_response(), &[cookie]))
        }
        Err(error) => Ok(failed(visitor, provider, way, &Failure::Provider(error))),
    }
}

#[derive(Deserialize)]
struct Back {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

async fn from_childrens_id(
    State(portal): State<Portal>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Result<Response, Problem> {
    come_back(&portal, &visitor, &headers, SessionMethod::ChildrensId, back).await
}

async fn from_patient_portal(
    State(portal): State<Portal>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Result<Response, Problem> {
    come_back(&portal, &visitor, &headers, SessionMethod::PatientPortal, back).await
}

/// Why somebody who was at a provider is not signed in.
enum Failure {
    Provider(FederationError),
    NotLetIn(NotLetIn),
    Ehr,
}

async fn come_back(
    portal: &Portal,
    visitor: &Visitor,
    headers: &HeaderMap,
    way: SessionMethod,
    back: Back,
) -> Result<Response, Problem> {
    let provider = portal.providers.of(way).ok_or(Problem::NotFound)?;
    let outcome = match prove(portal, headers, provider, way, &back).await {
        Ok((proved, next)) => {
            let_in(portal, visitor, way, &proved).await.map(|entered| (entered, proved, next))
        }
        Err(error) => Err(Failure::Provider(error)),
    };
    match outcome {
        Ok((signed_in, proved, next)) => {
            let federated = Federated { subject: proved.subject, sid: proved.sid, id_token: proved.id_token };
            portal.arrive(visitor, headers, &signed_in, (way, Some(&federated)), &next).await
        }
        Err(Failure::NotLetIn(NotLetIn::Failed(error))) => Err(Problem::internal(error)),
        Err(failure) => {
            let response = failed(visitor, provider, way, &failure);
            Ok(with_cookies(response, &[Cookie::Federation.clear(&portal.web)]))
        }
    }
}

/// Checks that this browser asked for this answer, and what the provider says.
async fn prove(
    portal: &Portal,
    headers: &HeaderMap,
    provider: &Provider,
    way: SessionMethod,
    back: &Back,
) -> Result<(Proved, LocalPath), FederationError> {
    let sealed = Cookie::Federation.read(&portal.web, headers).ok_or(FederationError::Invalid("cookie"))?;
    let begun: Begun =
        portal.web.keys().open_from_browser(way.word(), &sealed).ok_or(FederationError::Invalid("cookie"))?;
    let late = portal.web.now().since(Timestamp::from_millis(begun.at)) >= LIFE;
    if late || back.state.as_deref() != Some(begun.state.as_str()) {
        return Err(FederationError::Invalid("state"));
    }
    if back.error.is_some() {
        return Err(FederationError::Refused);
    }
    let code = back.code.as_deref().ok_or(FederationError::Invalid("no code"))?;
    let proved = provider.finish(&begun, code, back.iss.as_deref()).await?;
    Ok((proved, LocalPath::parse(&begun.next).unwrap_or_else(LocalPath::home)))
}

async fn let_in(
    portal: &Portal,
    visitor: &Visitor,
    way: SessionMethod,
    proved: &Proved,
) -> Result<SignedIn, Failure> {
    let by = by(visitor);
    let entered = if way == SessionMethod::PatientPortal {
        let fhir_user = proved.fhir_user.as_deref().unwrap_or_default();
        // Asked anew at each sign-in: what was true at the last one may not be any more.
        let children = portal.upkeep.ehr.children_of(fhir_user, portal.today()).await.map_err(|error| {
            tracing::warn!(%error, "the EHR does not say whose children somebody has");
            Failure::Ehr
        })?;
        portal.accounts.sign_in_with_patient_portal(proved, children, &by).await
    } else {
        portal.accounts.sign_in_with_childrens_id(proved, &by).await
    };
    entered.map_err(Failure::NotLetIn)
}

#[derive(Template)]
#[template(path = "portal/identity/federation_failed.html")]
struct FailedPage {
    chrome: Chrome,
    what: String,
    path: &'static str,
    again: String,
}

fn failed(visitor: &Visitor, provider: &Provider, way: SessionMethod, failure: &Failure) -> Response {
    let label = &provider.settings().label;
    let (key, status) = match failure {
        Failure::Ehr => ("identity-federation-ehr", StatusCode::SERVICE_UNAVAILABLE),
        Failure::Provider(FederationError::Unreachable) => {
            ("identity-federation-unreachable", StatusCode::SERVICE_UNAVAILABLE)
        }
        Failure::Provider(FederationError::Refused) => ("identity-federation-refused", StatusCode::FORBIDDEN),
        Failure::Provider(FederationError::Invalid(_)) => {
            ("identity-federation-invalid", StatusCode::BAD_REQUEST)
        }
        Failure::NotLetIn(NotLetIn::NoChildren) => ("identity-federation-no-children", StatusCode::FORBIDDEN),
        Failure::NotLetIn(_) => ("identity-federation-unknown", StatusCode::FORBIDDEN),
    };
    Page::new(failed_page(visitor.translated("identity-federation-title"), way, label, key))
        .status(status)
        .into_response()
}

fn failed_page(chrome: Chrome, way: SessionMethod, label: &str, key: &str) -> FailedPage {
    let name = [("name", label.into())];
    FailedPage {
        what: chrome.say_with(key, &name),
        again: chrome.say_with("identity-sign-in-with", &name),
        path: if way == SessionMethod::PatientPortal { PATIENT_PORTAL } else { CHILDRENS_ID },
        chrome,
    }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let page = |key| failed_page(chrome.clone(), SessionMethod::ChildrensId, "Children\u{2019}s ID", key);
    vec![
        ("federation-unknown", page("identity-federation-unknown").render().unwrap()),
        ("federation-ehr", page("identity-federation-ehr").render().unwrap()),
    ]
}
