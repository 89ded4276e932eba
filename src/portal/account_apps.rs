//! `/account/apps`: the apps that a user let in, and the way to put them out again (the `management_endpoint` of SMART).

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use futures_util::StreamExt as _;
use serde::Deserialize;

use super::Portal;
use super::ask::by;
use crate::domain::account::AccountKind;
use crate::domain::client::Client;
use crate::domain::ids::{ClientId, FhirId};
use crate::fhir::scope::ScopeSet;
use crate::store::authorizations::Connection;
use crate::web::csrf::CsrfForm;
use crate::web::dates;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::scope_words as words;
use crate::web::session::SignedIn;

/// Patients of one app whose names are shown; of the others their number.
const NAMED: usize = 8;
/// Patients looked up at a time.
const AT_ONCE: usize = 8;

/// The list, the question before an app is disconnected, and both changes.
pub fn router() -> Router<Portal> {
    let list_instead = || get(async || Redirect::to("/account/apps"));
    Router::new()
        .route("/account/apps", get(list))
        .route("/account/apps/{client}/disconnect", get(ask).post(disconnect))
        .route("/account/apps/{client}/ask-again", post(forget).merge(list_instead()))
}

/// Who made an app, as pages say it.
pub fn vendor(client: &Client, hospital: &str) -> String {
    match &client.details.organization {
        Some(organization) => organization.clone(),
        None if client.trusted => hospital.to_owned(),
        None => "a vendor registered with the hospital".to_owned(),
    }
}

/// An app that can do something now.
struct App {
    id: String,
    name: String,
    by: String,
    suspended: bool,
    sees: Vec<(&'static str, Vec<String>)>,
    /// Which patients it was opened with, by name.
    patients: Vec<String>,
    /// How many more.
    more: usize,
    since: String,
    used: String,
    /// Whether some of it goes on when nobody is signed in.
    offline: bool,
    remembered: bool,
}

#[derive(Template)]
#[template(path = "portal/account_apps.html")]
struct AppsPage {
    chrome: Chrome,
    done: Option<String>,
    apps: Vec<App>,
    /// Apps that need not ask although they can do nothing now: identifier and name.
    remembered: Vec<(String, String)>,
}

/// What was done before the page was shown again.
#[derive(Deserialize)]
struct Done {
    disconnected: Option<String>,
    asks: Option<String>,
}

async fn list(
    State(portal): State<Portal>,
    user: SignedIn,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let store = portal.web.store();
    let connections = store.connections_of(&user.account.id).await.map_err(Problem::internal)?;
    let consents = store.consents_of(&user.account.id).await.map_err(Problem::internal)?;
    let mut apps: Vec<(Client, Vec<Connection>)> = Vec::new();
    for connection in connections {
        let id = &connection.authorization.client;
        if let Some((_, own)) = apps.iter_mut().find(|(client, _)| client.id == *id) {
            own.push(connection);
        } else if let Some(client) = store.client(id) {
            apps.push(((*client).clone(), vec![connection]));
        }
    }
    let remembered = consents
        .iter()
        .filter(|id| apps.iter().all(|(client, _)| client.id != **id))
        .filter_map(|id| store.client(id).map(|client| (id.to_string(), client.name.clone())))
        .collect();
    let mut shown = Vec::new();
    for (client, connections) in apps {
        let is_remembered = consents.contains(&client.id);
        shown.push(app(&portal, &user, &client, &connections, is_remembered).await);
    }
    let page =
        AppsPage { chrome: user.chrome("Your apps"), done: said(&portal, &done), apps: shown, remembered };
    Ok(Page::new(page).into_response())
}

/// The sentence about what was just done. Names come from the register, never from the address.
fn said(portal: &Portal, done: &Done) -> Option<String> {
    let name = |id: &Option<String>| {
        let id = ClientId::parse(id.as_deref()?).ok()?;
        portal.web.store().client(&id).map(|client| client.name.clone())
    };
    if let Some(name) = name(&done.disconnected) {
        return Some(format!("{name} is disconnected. It can see nothing in your name any more."));
    }
    name(&done.asks).map(|name| format!("{name} asks you again the next time you open it."))
}

async fn app(
    portal: &Portal,
    user: &SignedIn,
    client: &Client,
    connections: &[Connection],
    remembered: bool,
) -> App {
    let zone = &portal.web.settings().time_zone;
    let all = connections.iter().map(|c| c.authorization.scope.as_str()).collect::<Vec<_>>().join(" ");
    let since = connections.iter().map(|c| c.authorization.created_at).min().unwrap_or(portal.web.now());
    let last = connections.iter().map(|c| c.used_at).max().unwrap_or(since);
    let mut patients: Vec<FhirId> = Vec::new();
    for patient in connections.iter().filter_map(|c| c.authorization.context.patient.as_ref()) {
        if !patients.contains(patient) {
            patients.push(patient.clone());
        }
    }
    let more = patients.len().saturating_sub(NAMED);
    patients.truncate(NAMED);
    App {
        id: client.id.to_string(),
        name: client.name.clone(),
        by: vendor(client, &portal.web.settings().hospital),
        suspended: client.state != crate::domain::client::ClientState::Active,
        sees: words::summary(&ScopeSet::parse(&all)),
        patients: names(portal, user, patients).await,
        more,
        since: dates::moment(since, zone),
        used: dates::moment(last, zone),
        offline: connections.iter().any(|c| c.authorization.session.is_none()),
        remembered,
    }
}

/// The patients by name, as far as the user may see them now.
async fn names(portal: &Portal, user: &SignedIn, patients: Vec<FhirId>) -> Vec<String> {
    if !matches!(user.account.kind, AccountKind::Provider { .. } | AccountKind::Sponsored) {
        return Vec::new();
    }
    let name = |patient: FhirId| async move {
        match portal.person(user, &patient).await {
            Ok(Some(person)) => format!("{}, MRN {}", person.name, person.mrn),
            Ok(None) => "a patient whom you may no longer see".to_owned(),
            Err(_) => "a patient whose name cannot be shown at the moment".to_owned(),
        }
    };
    futures_util::stream::iter(patients).map(name).buffered(AT_ONCE).collect().await
}

#[derive(Template)]
#[template(path = "portal/disconnect.html")]
struct DisconnectPage {
    chrome: Chrome,
    id: String,
    name: String,
}

/// What it means, before it is done.
async fn ask(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    user: SignedIn,
) -> Result<Response, Problem> {
    let client = find(&portal, &id)?;
    let chrome = user.chrome(format!("Disconnect {}?", client.name));
    Ok(Page::new(DisconnectPage { chrome, id, name: client.name.clone() }).into_response())
}

/// No fields of its own.
#[derive(Deserialize)]
struct Nothing {}

async fn disconnect(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    user: SignedIn,
    _form: CsrfForm<Nothing>,
) -> Result<Redirect, Problem> {
    let client = find(&portal, &id)?;
    let done = portal.accounts.disconnect_app(&user.account.id, &client.id, &by(&user)).await;
    done.map_err(Problem::internal)?;
    Ok(Redirect::to(&format!("/account/apps?disconnected={}", client.id)))
}

async fn forget(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    user: SignedIn,
    _form: CsrfForm<Nothing>,
) -> Result<Redirect, Problem> {
    let client = find(&portal, &id)?;
    let done = portal.accounts.forget_app_consent(&user.account.id, &client.id, &by(&user)).await;
    done.map_err(Problem::internal)?;
    Ok(Redirect::to(&format!("/account/apps?asks={}", client.id)))
}

fn find(portal: &Portal, id: &str) -> Result<std::sync::Arc<Client>, Problem> {
    let id = ClientId::parse(id).map_err(|_| Problem::NotFound)?;
    portal.web.store().client(&id).ok_or(Problem::NotFound)
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let app = |name: &str, scope: &str, offline, remembered| App {
        id: name.to_lowercase().replace(' ', "-"),
        name: name.into(),
        by: "Brightgrow Inc.".into(),
        suspended: false,
        sees: words::summary(&ScopeSet::parse(scope)),
        patients: vec!["Mia Rose Torres, MRN CG-100123".into(), "Leo Park, MRN CG-100317".into()],
        more: 3,
        since: "3 Nov 2026, 14:05".into(),
        used: "24 Nov 2026, 09:12".into(),
        offline,
        remembered,
    };
    let page = |done: Option<&str>, apps, remembered| AppsPage {
        chrome: Chrome { title: "Your apps".into(), ..chrome.clone() },
        done: done.map(str::to_owned),
        apps,
        remembered,
    };
    let apps = || {
        vec![
            app("Growth Chart", "patient/Patient.rs patient/Observation.rs", true, true),
            app("Record viewer", "patient/*.rs user/Practitioner.rs", false, false),
        ]
    };
    let ask = DisconnectPage {
        chrome: Chrome { title: "Disconnect Growth Chart?".into(), ..chrome.clone() },
        id: "growth-chart".into(),
        name: "Growth Chart".into(),
    };
    let said = Some("Growth Chart is disconnected. It can see nothing in your name any more.");
    vec![
        ("account-apps", page(None, apps(), vec![("c".into(), "Care Planner".into())]).render().unwrap()),
        ("account-apps-none", page(said, vec![], vec![]).render().unwrap()),
        ("disconnect", ask.render().unwrap()),
    ]
}
