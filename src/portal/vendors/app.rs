//! `/developers/apps/mine`: how the registration stands, what is registered, and why requests failed.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::fields::kind_words;
use super::hints;
use super::session::Vendor;
use crate::domain::client::{Client, ClientAuth, ClientState};
use crate::domain::failure::ClientFailure;
use crate::domain::registration::Proposal;
use crate::portal::Portal;
use crate::web::dates;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;

/// Failures on the page.
const SHOWN: u32 = 100;

/// A value under its name.
pub struct Value {
    pub name: &'static str,
    pub lines: Vec<String>,
}

/// What went wrong, for the page.
struct Failure {
    when: String,
    endpoint: String,
    code: String,
    description: String,
    hint: &'static str,
    count: u32,
    proven: bool,
    request: String,
}

#[derive(Template)]
#[template(path = "portal/vendors/app.html")]
struct AppPage {
    chrome: Chrome,
    name: String,
    state: ClientState,
    reason: Option<String>,
    has_secret: bool,
    values: Vec<Value>,
    waiting: Vec<Value>,
    failures: Vec<Failure>,
    all_shown: bool,
}

/// The page.
pub async fn show(State(portal): State<Portal>, vendor: Vendor) -> Result<Response, Problem> {
    let client = vendor.registration.client;
    let store = portal.web.store();
    let failures = store.failures_of(&client.id, SHOWN).await.map_err(Problem::internal)?;
    let practice = match &client.practice {
        Some(id) => store.practice(id).await.map_err(Problem::internal)?.map(|practice| practice.name),
        None => None,
    };
    let zone = &portal.web.settings().time_zone;
    let when = |failure: &ClientFailure| dates::moment(failure.last_at, zone);
    let page = AppPage {
        chrome: vendor.visitor.chrome(client.name.clone()),
        name: client.name.clone(),
        state: client.state,
        reason: client.details.reason.clone(),
        has_secret: matches!(client.auth, ClientAuth::Secret { .. }),
        waiting: client
            .details
            .proposal
            .as_deref()
            .map(|proposal| changes(&client, proposal))
            .unwrap_or_default(),
        values: values(&client, practice),
        all_shown: failures.len() < SHOWN as usize,
        failures: failures.iter().map(|failure| Failure::of(failure, when(failure))).collect(),
    };
    Ok(Page::new(page).into_response())
}

impl Failure {
    fn of(failure: &ClientFailure, when: String) -> Self {
        Self {
            when,
            endpoint: failure.endpoint.clone(),
            code: failure.code.clone(),
            description: failure.description.clone(),
            hint: hints::hint(&failure.error, &failure.code),
            count: failure.count,
            proven: failure.proven,
            request: failure.request.as_ref().map(ToString::to_string).unwrap_or_default(),
        }
    }
}

/// What is registered, by the names that a form gives it; what is not given is left out.
pub fn values(client: &Client, practice: Option<String>) -> Vec<Value> {
    let d = &client.details;
    let one = |text: &Option<String>| text.iter().cloned().collect::<Vec<_>>();
    let named = d.practice_named.as_ref().map(|named| format!("{named} (as you named it)"));
    let mut security = Vec::new();
    if d.security.fapi {
        security.push("The FAPI 2.0 Security Profile".to_owned());
    }
    if d.security.requires_pushed_requests() {
        security.push("Authorization requests have to be pushed first (PAR)".to_owned());
    }
    if d.security.requires_bound_tokens() {
        security.push("Tokens are bound to a key of the app (DPoP)".to_owned());
    }
    let all = [
        ("client_id", vec![client.id.to_string()]),
        ("Kind", vec![kind_words(client).to_owned()]),
        ("Organization", one(&d.organization)),
        ("What it is for", one(&d.purpose)),
        ("Redirect addresses", client.redirect_uris.clone()),
        ("Launch address", one(&client.launch_uri)),
        ("Scopes", client.scope.split(' ').map(str::to_owned).collect()),
        ("Practice", practice.or(named).into_iter().collect()),
        ("Keys", keys(&client.auth)),
        ("Whom we write to", d.contacts.clone()),
        ("Home page", one(&d.client_uri)),
        ("Privacy policy", one(&d.policy_uri)),
        ("Terms of service", one(&d.tos_uri)),
        ("Logo", one(&d.logo_uri)),
        ("Addresses after signing out", d.post_logout_redirect_uris.clone()),
        ("Software", one(&d.software_id)),
        ("Version", one(&d.software_version)),
        ("It must use", security),
    ];
    all.into_iter()
        .filter(|(_, lines)| !lines.is_empty())
        .map(|(name, lines)| Value { name, lines })
        .collect()
}

/// What a proposal would change.
pub fn changes(client: &Client, proposal: &Proposal) -> Vec<Value> {
    let d = &client.details;
    let one = |text: &Option<String>| text.iter().cloned().collect::<Vec<_>>();
    let words = |scope: &str| scope.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let all = [
        ("Name", vec![client.name.clone()], vec![proposal.name.clone()]),
        ("Organization", one(&d.organization), one(&proposal.organization)),
        ("What it is for", one(&d.purpose), one(&proposal.purpose)),
        ("Redirect addresses", client.redirect_uris.clone(), proposal.redirect_uris.clone()),
        ("Launch address", one(&client.launch_uri), one(&proposal.launch_uri)),
        ("Scopes", words(&client.scope), words(&proposal.scope)),
        ("Keys", keys(&client.auth), keys(&proposal.auth)),
        ("Home page", one(&d.client_uri), one(&proposal.client_uri)),
        ("Privacy policy", one(&d.policy_uri), one(&proposal.policy_uri)),
        ("Terms of service", one(&d.tos_uri), one(&proposal.tos_uri)),
        ("Logo", one(&d.logo_uri), one(&proposal.logo_uri)),
        (
            "Addresses after signing out",
            d.post_logout_redirect_uris.clone(),
            proposal.post_logout_redirect_uris.clone(),
        ),
    ];
    let differ = all.into_iter().filter(|(_, old, new)| old != new);
    differ
        .map(|(name, _, mut lines)| {
            if lines.is_empty() {
                lines.push("None any more".to_owned());
            }
            Value { name, lines }
        })
        .collect()
}

fn keys(auth: &ClientAuth) -> Vec<String> {
    match auth {
        ClientAuth::KeysUrl { jwks_uri } => vec![jwks_uri.clone()],
        ClientAuth::Keys { jwks } => {
            let set: serde_json::Value = serde_json::from_str(jwks).unwrap_or_default();
            let text = |key: &serde_json::Value, name: &str| {
                key.get(name).and_then(serde_json::Value::as_str).unwrap_or("?").to_owned()
            };
            let keys = set.get("keys").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
            keys.iter().map(|key| format!("{} key, kid {}", text(key, "kty"), text(key, "kid"))).collect()
        }
        ClientAuth::None | ClientAuth::Secret { .. } => Vec::new(),
    }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let value = |name, lines: &[&str]| Value { name, lines: lines.iter().map(|l| (*l).to_owned()).collect() };
    let page = |state, reason: Option<&str>, waiting, failures| AppPage {
        chrome: chrome.clone(),
        name: "Growth Charts".into(),
        state,
        reason: reason.map(str::to_owned),
        has_secret: true,
        values: vec![
            value("client_id", &["3b1f0c5a9d2e4f6788990a1b2c3d4e5f"]),
            value("Kind", &["An app with a server, that proves itself by a secret"]),
            value("Redirect addresses", &["https://growth.example/cb"]),
            value("Scopes", &["launch/patient", "openid", "patient/Observation.rs"]),
        ],
        waiting,
        failures,
        all_shown: true,
    };
    let failure = |error: &str, code: &str, count, proven| Failure {
        when: "24 Nov 2026, 14:05".into(),
        endpoint: "/oauth/token".into(),
        code: code.into(),
        description: "The code_verifier is missing or does not match the code_challenge.".into(),
        hint: hints::hint(error, code),
        count,
        proven,
        request: "0123456789abcdef0123456789abcdef".into(),
    };
    let failures = || {
        vec![
            failure("CodeVerifier", "invalid_grant", 1, true),
            failure("InvalidClient", "invalid_client", 12, false),
        ]
    };
    let waiting = vec![value("Scopes", &["launch/patient", "openid", "patient/*.rs"])];
    let why = Some("Name your privacy policy.");
    vec![
        ("vendors-app-pending", page(ClientState::Pending, None, vec![], vec![]).render().unwrap()),
        ("vendors-app", page(ClientState::Active, None, waiting, failures()).render().unwrap()),
        ("vendors-app-refused", page(ClientState::Refused, why, vec![], vec![]).render().unwrap()),
        ("vendors-app-suspended", page(ClientState::Suspended, why, vec![], failures()).render().unwrap()),
    ]
}
