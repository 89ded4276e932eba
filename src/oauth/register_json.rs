//! Client metadata as JSON (RFC 7591 2 and 3.2.1): read into what `accounts` checks, and written back with all that is registered.
//! Members that mean nothing here, and translations (`client_name#de`), are passed over.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::accounts::NewClientAuth;
use crate::accounts::registration::Metadata;
use crate::domain::client::{Client, ClientAuth, ClientKind, ClientState};
use crate::domain::registration::Proposal;
use crate::domain::secret::PlainToken;

use super::client_keys::ALGORITHMS;
use super::endpoints::Endpoints;
use super::error::OAuthError;

/// Why a registration request is refused.
#[derive(Debug)]
pub struct Refusal {
    /// The row of the table.
    pub error: OAuthError,
    /// What is wrong in particular, in our own words; `None`: the row's text says it.
    pub description: Option<String>,
    /// When to try again.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// `invalid_client_metadata`.
    pub fn metadata(description: impl Into<String>) -> Self {
        Self { description: Some(description.into()), ..OAuthError::InvalidClientMetadata.into() }
    }
}

impl From<OAuthError> for Refusal {
    fn from(error: OAuthError) -> Self {
        Self { error, description: None, retry_after: None }
    }
}

/// The members of a metadata object by type. A `null` is the same as none.
struct Members<'a>(&'a Map<String, Value>);

impl Members<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &'static str) -> Result<Option<String>, Refusal> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let wrong = || Refusal::metadata(format!("{name} must be a string."));
        self.get(name).map(|value| text(value).ok_or_else(wrong)).transpose()
    }

    fn list(&self, name: &'static str) -> Result<Option<Vec<String>>, Refusal> {
        let texts = |value: &Value| -> Option<Vec<String>> {
            value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
        };
        let wrong = || match name {
            "redirect_uris" => Refusal {
                description: Some("redirect_uris must be a list of strings.".to_owned()),
                ..OAuthError::InvalidRedirectUri.into()
            },
            _ => Refusal::metadata(format!("{name} must be a list of strings.")),
        };
        self.get(name).map(|value| texts(value).ok_or_else(wrong)).transpose()
    }

    fn flag(&self, name: &'static str) -> Result<bool, Refusal> {
        let wrong = || Refusal::metadata(format!("{name} must be true or false."));
        self.get(name).map_or(Ok(false), |value| value.as_bool().ok_or_else(wrong))
    }

    /// Whether the member is absent or one of these; else a refusal that says so.
    fn one_of(&self, name: &'static str, allowed: &[&str]) -> Result<(), Refusal> {
        match self.text(name)? {
            Some(value) if !allowed.contains(&value.as_str()) => {
                Err(Refusal::metadata(format!("{name} must be {}.", allowed.join(" or "))))
            }
            _ => Ok(()),
        }
    }
}

/// The metadata that was sent, for `accounts` to check.
pub fn parse(sent: &Map<String, Value>) -> Result<Metadata, Refusal> {
    let members = Members(sent);
    check_statement(&members)?;
    let backend = is_backend(&members)?;
    let algorithms: Vec<_> = ALGORITHMS.iter().map(|algorithm| algorithm.name()).collect();
    members.one_of("token_endpoint_auth_signing_alg", &algorithms)?;
    members.one_of("id_token_signed_response_alg", &["RS256"])?;
    members.one_of("subject_type", &["public"])?;
    let (kind, auth, secret_by_post) = authentication(&members, backend)?;
    let (launch, login) = (members.text("launch_uri")?, members.text("initiate_login_uri")?);
    if launch.is_some() && login.is_some() && launch != login {
        return Err(Refusal::metadata(
            "launch_uri and initiate_login_uri are the same thing here; send one.",
        ));
    }
    Ok(Metadata {
        name: members.text("client_name")?.unwrap_or_default(),
        kind,
        auth,
        secret_by_post,
        redirect_uris: members.list("redirect_uris")?.unwrap_or_default(),
        launch_uri: launch.or(login),
        scope: members.text("scope")?.unwrap_or_default(),
        contacts: members.list("contacts")?.unwrap_or_default(),
        organization: members.text("organization")?,
        client_uri: members.text("client_uri")?,
        logo_uri: members.text("logo_uri")?,
        tos_uri: members.text("tos_uri")?,
        policy_uri: members.text("policy_uri")?,
        software_id: members.text("software_id")?,
        software_version: members.text("software_version")?,
        purpose: members.text("purpose")?,
        post_logout_redirect_uris: members.list("post_logout_redirect_uris")?.unwrap_or_default(),
        practice: members.text("practice")?,
        pushed_requests: members.flag("require_pushed_authorization_requests")?,
        bound_tokens: members.flag("dpop_bound_access_tokens")?,
    })
}

/// No authority for software statements is known here: a well-formed one is not approved, another not even read.
fn check_statement(members: &Members<'_>) -> Result<(), Refusal> {
    let Some(statement) = members.get("software_statement") else { return Ok(()) };
    let part = |part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
        serde_json::from_slice::<Map<String, Value>>(&bytes).ok()
    };
    let parts: Vec<&str> = statement.as_str().unwrap_or_default().split('.').collect();
    match parts.as_slice() {
        [header, claims, _] if part(header).is_some() && part(claims).is_some() => {
            Err(OAuthError::UnapprovedSoftwareStatement.into())
        }
        _ => Err(OAuthError::InvalidSoftwareStatement.into()),
    }
}

/// Whether the client is one of SMART Backend Services, by its grant types; and whether those and its response types agree.
fn is_backend(members: &Members<'_>) -> Result<bool, Refusal> {
    let grants = members.list("grant_types")?.unwrap_or_else(|| vec!["authorization_code".to_owned()]);
    let has = |grant: &str| grants.iter().any(|own| own == grant);
    let known = |grant: &String| {
        matches!(grant.as_str(), "authorization_code" | "refresh_token" | "client_credentials")
    };
    let backend = has("client_credentials");
    if !grants.iter().all(known) || (backend && grants.len() > 1) || (!backend && !has("authorization_code"))
    {
        return Err(Refusal::metadata(
            "grant_types must be authorization_code, with refresh_token if the app asks for it; or client_credentials \
             alone, for a practice's system.",
        ));
    }
    let responses = members.list("response_types")?;
    let fits = match &responses {
        None => true,
        Some(types) if backend => types.is_empty(),
        Some(types) => types.iter().all(|kind| kind == "code") && !types.is_empty(),
    };
    if fits {
        Ok(backend)
    } else {
        Err(Refusal::metadata("response_types must be code; or none, with client_credentials."))
    }
}

fn authentication(
    members: &Members<'_>,
    backend: bool,
) -> Result<(ClientKind, NewClientAuth, bool), Refusal> {
    let (jwks, jwks_uri) = (members.get("jwks"), members.text("jwks_uri")?);
    if jwks.is_some() && jwks_uri.is_some() {
        return Err(Refusal::metadata("jwks and jwks_uri exclude each other; send one."));
    }
    let keys = match (jwks, jwks_uri) {
        (Some(jwks), _) => Some(NewClientAuth::Keys(jwks.to_string())),
        (None, Some(uri)) => Some(NewClientAuth::KeysUrl(uri)),
        (None, None) => None,
    };
    // RFC 7591 2: without a word it is client_secret_basic; but whoever sends keys means to use them.
    let default = if backend || keys.is_some() { "private_key_jwt" } else { "client_secret_basic" };
    let method = members.text("token_endpoint_auth_method")?;
    let method = method.as_deref().unwrap_or(default);
    let kind = match method {
        _ if backend => ClientKind::Backend,
        "none" => ClientKind::Public,
        _ => ClientKind::Confidential,
    };
    let auth = match method {
        "none" => NewClientAuth::None,
        "client_secret_basic" | "client_secret_post" => NewClientAuth::Secret,
        "private_key_jwt" => keys.ok_or_else(|| {
            Refusal::metadata("private_key_jwt needs the client's public keys: send jwks_uri or jwks.")
        })?,
        _ => {
            return Err(Refusal::metadata(
                "token_endpoint_auth_method must be none, client_secret_basic, client_secret_post or private_key_jwt.",
            ));
        }
    };
    Ok((kind, auth, method == "client_secret_post"))
}

/// All that is registered (RFC 7591 3.2.1; RFC 7592 3).
pub fn render(
    client: &Client,
    secret: Option<&PlainToken>,
    management: &str,
    endpoints: &Endpoints,
) -> Value {
    let backend = client.kind == ClientKind::Backend;
    let d = &client.details;
    let method = match client.auth {
        ClientAuth::None => "none",
        ClientAuth::Secret { .. } if d.secret_by_post => "client_secret_post",
        ClientAuth::Secret { .. } => "client_secret_basic",
        ClientAuth::Keys { .. } | ClientAuth::KeysUrl { .. } => "private_key_jwt",
    };
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| {
        let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if !empty {
            body.insert(name.to_owned(), value);
        }
    };
    put("client_id", json!(client.id));
    put("client_id_issued_at", json!(client.created_at.as_seconds()));
    if let Some(secret) = secret {
        put("client_secret", json!(secret.expose()));
        put("client_secret_expires_at", json!(0));
    }
    put("registration_access_token", json!(management));
    put("registration_client_uri", json!(format!("{}/{}", endpoints.register, client.id)));
    put(
        "grant_types",
        if backend { json!(["client_credentials"]) } else { json!(["authorization_code", "refresh_token"]) },
    );
    put("response_types", if backend { json!([]) } else { json!(["code"]) });
    put("token_endpoint_auth_method", json!(method));
    put("client_name", json!(client.name));
    put("redirect_uris", json!(client.redirect_uris));
    put("launch_uri", json!(client.launch_uri));
    put("initiate_login_uri", json!(client.launch_uri));
    put("scope", json!(client.scope));
    keys(&client.auth, &mut put);
    put("contacts", json!(d.contacts));
    put("organization", json!(d.organization));
    put("client_uri", json!(d.client_uri));
    put("logo_uri", json!(d.logo_uri));
    put("tos_uri", json!(d.tos_uri));
    put("policy_uri", json!(d.policy_uri));
    put("software_id", json!(d.software_id));
    put("software_version", json!(d.software_version));
    put("purpose", json!(d.purpose));
    put("post_logout_redirect_uris", json!(d.post_logout_redirect_uris));
    put("practice", json!(d.practice_named));
    put("require_pushed_authorization_requests", json!(d.security.requires_pushed_requests()));
    put("dpop_bound_access_tokens", json!(d.security.requires_bound_tokens()));
    put("registration_state", json!(client.state.word()));
    if client.state != ClientState::Active || d.reason.is_some() {
        put("registration_state_reason", json!(d.reason));
    }
    put("waiting_for_approval", d.proposal.as_deref().map_or(Value::Null, proposed));
    Value::Object(body)
}

fn keys(auth: &ClientAuth, put: &mut impl FnMut(&str, Value)) {
    match auth {
        ClientAuth::Keys { jwks } => put("jwks", serde_json::from_str(jwks).unwrap_or_default()),
        ClientAuth::KeysUrl { jwks_uri } => put("jwks_uri", json!(jwks_uri)),
        ClientAuth::None | ClientAuth::Secret { .. } => {}
    }
}

/// What an active client's vendor asked for and staff have not agreed to yet: not in force.
fn proposed(proposal: &Proposal) -> Value {
    let mut body = Map::new();
    keys(&proposal.auth, &mut |name, value| {
        body.insert(name.to_owned(), value);
    });
    for (name, value) in [
        ("client_name", json!(proposal.name)),
        ("redirect_uris", json!(proposal.redirect_uris)),
        ("launch_uri", json!(proposal.launch_uri)),
        ("scope", json!(proposal.scope)),
        ("organization", json!(proposal.organization)),
        ("client_uri", json!(proposal.client_uri)),
        ("logo_uri", json!(proposal.logo_uri)),
        ("tos_uri", json!(proposal.tos_uri)),
        ("policy_uri", json!(proposal.policy_uri)),
        ("purpose", json!(proposal.purpose)),
        ("post_logout_redirect_uris", json!(proposal.post_logout_redirect_uris)),
    ] {
        if !value.is_null() {
            body.insert(name.to_owned(), value);
        }
    }
    Value::Object(body)
}
