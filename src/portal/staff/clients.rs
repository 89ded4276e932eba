//! `/staff/clients`: the apps and systems that are registered.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use crate::domain::client::{Client, ClientAuth, ClientKind, ClientState};
use crate::portal::Portal;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Staff;

#[derive(Template)]
#[template(path = "portal/staff/clients.html")]
struct ClientsPage {
    chrome: Chrome,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    id: String,
    kind: &'static str,
    proof: &'static str,
    practice: Option<String>,
    scope: String,
    suspended: bool,
}

/// All clients by name.
pub async fn list(State(portal): State<Portal>, user: Staff) -> Result<Response, Problem> {
    let store = portal.web.store();
    let mut rows = Vec::new();
    for client in store.clients().await.map_err(Problem::internal)? {
        let practice = match &client.practice {
            Some(id) => store.practice(id).await.map_err(Problem::internal)?.map(|practice| practice.name),
            None => None,
        };
        rows.push(Row::of(&client, practice));
    }
    Ok(Page::new(ClientsPage { chrome: user.chrome("Apps and systems"), rows }).into_response())
}

impl Row {
    fn of(client: &Client, practice: Option<String>) -> Self {
        Self {
            name: client.name.clone(),
            id: client.id.to_string(),
            kind: match client.kind {
                ClientKind::Public => "App without a secret",
                ClientKind::Confidential => "App with a server",
                ClientKind::Backend => "Practice system",
            },
            proof: match client.auth {
                ClientAuth::None => "PKCE alone",
                ClientAuth::Secret { .. } => "Secret",
                ClientAuth::Keys { .. } | ClientAuth::KeysUrl { .. } => "Signed assertion",
            },
            practice,
            scope: client.scope.clone(),
            suspended: client.state == ClientState::Suspended,
        }
    }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let row = Row {
        name: "Record viewer".into(),
        id: "record-viewer".into(),
        kind: "App without a secret",
        proof: "PKCE alone",
        practice: None,
        scope: "launch openid fhirUser patient/*.rs".into(),
        suspended: false,
    };
    let page = ClientsPage { chrome: chrome.clone(), rows: vec![row] };
    vec![("staff-clients", page.render().unwrap())]
}
