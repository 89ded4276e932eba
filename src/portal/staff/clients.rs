//! `/staff/clients`: what waits for a decision, the longest first, and all that is registered.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use crate::accounts::registration::concerns;
use crate::domain::client::{Client, ClientAuth, ClientKind, ClientState};
use crate::domain::clock::Timestamp;
use crate::portal::Portal;
use crate::web::dates;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Staff;

#[derive(Template)]
#[template(path = "portal/staff/clients.html")]
struct ClientsPage {
    chrome: Chrome,
    decides: bool,
    waiting: Vec<Waiting>,
    rows: Vec<Row>,
}

struct Waiting {
    id: String,
    name: String,
    kind: &'static str,
    organization: Option<String>,
    /// Whether it is a change of an active client.
    change: bool,
    concerns: usize,
    age: String,
}

struct Row {
    name: String,
    id: String,
    kind: &'static str,
    proof: &'static str,
    practice: Option<String>,
    scope: String,
    state: ClientState,
}

/// What waits, and all others by name.
pub async fn list(State(portal): State<Portal>, user: Staff) -> Result<Response, Problem> {
    let store = portal.web.store();
    let clients = store.clients().await.map_err(Problem::internal)?;
    let zone = &portal.web.settings().time_zone;
    let today = dates::day_of(portal.web.now(), zone);
    let waiting = waiting(&clients).into_iter().map(|client| Waiting {
        id: client.id.to_string(),
        name: client.name.clone(),
        kind: kind_words(client.kind),
        organization: client.details.organization.clone(),
        change: client.state == ClientState::Active,
        concerns: concerns(client).len(),
        age: dates::ago(dates::day_of(since(client), zone), today),
    });
    let waiting = waiting.collect();
    let mut rows = Vec::new();
    for client in clients.iter().filter(|client| client.state != ClientState::Pending) {
        let practice = match &client.practice {
            Some(id) => store.practice(id).await.map_err(Problem::internal)?.map(|practice| practice.name),
            None => None,
        };
        rows.push(Row::of(client, practice));
    }
    let decides = super::client::may_decide(&user);
    Ok(Page::new(ClientsPage { chrome: user.chrome("Apps and systems"), decides, waiting, rows })
        .into_response())
}

/// Those that wait for a decision, the longest first.
pub fn waiting(clients: &[Client]) -> Vec<&Client> {
    let waits = |client: &&Client| match client.state {
        ClientState::Pending => true,
        ClientState::Active => client.details.proposal.is_some(),
        ClientState::Suspended | ClientState::Refused => false,
    };
    let mut waiting: Vec<_> = clients.iter().filter(waits).collect();
    waiting.sort_by_key(|client| since(client));
    waiting
}

/// Since when it waits.
fn since(client: &Client) -> Timestamp {
    client.details.proposal.as_ref().map_or(client.created_at, |proposal| proposal.asked_at)
}

const fn kind_words(kind: ClientKind) -> &'static str {
    match kind {
        ClientKind::Public => "App without a secret",
        ClientKind::Confidential => "App with a server",
        ClientKind::Backend => "Practice system",
    }
}

impl Row {
    fn of(client: &Client, practice: Option<String>) -> Self {
        Self {
            name: client.name.clone(),
            id: client.id.to_string(),
            kind: kind_words(client.kind),
            proof: match client.auth {
                ClientAuth::None => "PKCE alone",
                ClientAuth::Secret { .. } => "Secret",
                ClientAuth::Keys { .. } | ClientAuth::KeysUrl { .. } => "Signed assertion",
            },
            practice,
            scope: client.scope.clone(),
            state: client.state,
        }
    }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let row = |id: &str, state| Row {
        name: "Record viewer".into(),
        id: id.into(),
        kind: "App without a secret",
        proof: "PKCE alone",
        practice: None,
        scope: "launch openid fhirUser patient/*.rs".into(),
        state,
    };
    let waiting = |change| Waiting {
        id: "growth".into(),
        name: "Growth Charts".into(),
        kind: "App without a secret",
        organization: Some("Growth Ltd".into()),
        change,
        concerns: 2,
        age: "3 days ago".into(),
    };
    let page = ClientsPage {
        chrome: chrome.clone(),
        decides: true,
        waiting: vec![waiting(false), waiting(true)],
        rows: vec![row("record-viewer", ClientState::Active), row("other", ClientState::Suspended)],
    };
    let none = ClientsPage { chrome: chrome.clone(), decides: false, waiting: vec![], rows: vec![] };
    vec![("staff-clients", page.render().unwrap()), ("staff-clients-none", none.render().unwrap())]
}
