//! The token response: token, granted scope, launch context, identity (rows 73 to 93, 168 to 176).

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::access::sources::RelationshipSource as _;
use crate::access::subject::{Actor, Subject};
use crate::domain::client::{AccessToken, Authorization, LaunchContext, Principal, RefreshToken};
use crate::domain::secret::{PlainToken, TokenKind};
use crate::domain::thumbprint::KeyThumbprint;
use crate::fhir::scope::{ScopeContext, ScopeSet};

use super::context::Carried;
use super::error::OAuthError;
use super::id_token;
use super::request::CONTEXT;
use super::state::State;
use super::token::internal;

/// How long after a token a session may be taken up again with the same patient: a working day.
const RESUME_LIFE: Duration = Duration::from_hours(12);

/// What a grant came to.
pub struct Issued {
    /// What was authorized.
    pub authorization: Authorization,
    /// Scopes of the access token.
    pub scope: String,
    /// The key that the access token is bound to.
    pub bound_to: Option<KeyThumbprint>,
    /// The access token.
    pub access: PlainToken,
    /// Its life.
    pub life: Duration,
    /// The refresh token, if one was given.
    pub refresh: Option<PlainToken>,
    /// Whether this is the first token of the authorization: its `id_token` repeats the nonce.
    pub first: bool,
    /// The grant type, for the audit log.
    pub grant: &'static str,
}

/// A new access token for `authorization` and how it is stored.
pub fn new_access(
    state: &State,
    authorization: &Authorization,
    scope: &str,
    life: Duration,
    bound_to: Option<KeyThumbprint>,
) -> (PlainToken, AccessToken) {
    let token = PlainToken::generate(TokenKind::Access, state.random());
    let stored = AccessToken {
        hash: token.hash(),
        authorization: authorization.id.clone(),
        scope: scope.to_owned(),
        bound_to,
        issued_at: state.now(),
        expires_at: state.now().plus(life),
    };
    (token, stored)
}

/// How long an access token lives that is issued now: no longer than the session that the authorization ends with. `None` when
/// that session is over.
pub async fn life_in_session(
    state: &State,
    authorization: &Authorization,
) -> Result<Option<Duration>, OAuthError> {
    let life = state.settings().access_life;
    let Some(session) = &authorization.session else { return Ok(Some(life)) };
    let session = state.store().session(session).await.map_err(|e| internal(&e))?;
    // In whole seconds, as `expires_in` tells them.
    let left = session.map(|session| session.expires_at.since(state.now()).as_secs());
    Ok(left.filter(|left| *left > 0).map(|left| life.min(Duration::from_secs(left))))
}

/// The first refresh token of `authorization`, if its scope asks for one: `offline_access` outlives the user's session,
/// `online_access` does not (rows 100, 101).
pub fn new_refresh(
    state: &State,
    authorization: &Authorization,
    bound_to: Option<KeyThumbprint>,
) -> Option<(PlainToken, RefreshToken)> {
    let scopes = ScopeSet::parse(&authorization.scope);
    if !scopes.has_word("offline_access") && !scopes.has_word("online_access") {
        return None;
    }
    let token = PlainToken::generate(TokenKind::Refresh, state.random());
    let stored = RefreshToken {
        hash: token.hash(),
        authorization: authorization.id.clone(),
        bound_to,
        expires_at: state.now().plus(state.settings().refresh_life),
    };
    Some((token, stored))
}

/// `token_type` of a bound token or a bearer's (RFC 9449 5).
pub const fn token_type(bound: bool) -> &'static str {
    if bound { "DPoP" } else { "Bearer" }
}

/// Whether the account or practice, and the client, may still act.
pub fn is_active(state: &State, authorization: &Authorization) -> bool {
    let subject = Subject {
        actor: match &authorization.principal {
            Principal::Account(id) => Actor::Account(id.clone()),
            Principal::Practice(id) => Actor::Practice(id.clone()),
        },
        client: Some(authorization.client.clone()),
        scopes: Arc::default(),
        patient: authorization.context.patient.clone(),
    };
    state.store().directory().standing(&subject).active
}

/// The JSON body.
pub async fn body(state: &State, issued: &Issued) -> Result<Value, OAuthError> {
    let mut body = Map::new();
    body.insert("access_token".to_owned(), json!(issued.access.expose()));
    body.insert("token_type".to_owned(), json!(token_type(issued.bound_to.is_some())));
    body.insert("expires_in".to_owned(), json!(issued.life.as_secs()));
    body.insert("scope".to_owned(), json!(issued.scope));
    if let Some(refresh) = &issued.refresh {
        body.insert("refresh_token".to_owned(), json!(refresh.expose()));
    }
    body.extend(context(state, &issued.authorization));
    if let Some(handle) = resume(state, &issued.authorization) {
        body.insert(CONTEXT.to_owned(), json!(handle));
    }
    let scopes = ScopeSet::parse(&issued.scope);
    if scopes.has_word("openid") {
        body.insert("id_token".to_owned(), json!(id_token::make(state, issued, &scopes).await?));
    }
    Ok(Value::Object(body))
}

/// The launch context parameters, in the token response and in introspection alike (rows 170 to 192, 277).
pub fn context(state: &State, authorization: &Authorization) -> Map<String, Value> {
    let mut parameters = Map::new();
    if matches!(authorization.principal, Principal::Practice(_)) {
        return parameters;
    }
    let LaunchContext { patient, encounter, need_patient_banner, intent, fhir_context } =
        &authorization.context;
    if let Some(patient) = patient {
        parameters.insert("patient".to_owned(), json!(patient));
        parameters.insert("need_patient_banner".to_owned(), json!(need_patient_banner));
    }
    if let Some(encounter) = encounter {
        parameters.insert("encounter".to_owned(), json!(encounter));
    }
    if let Some(intent) = intent {
        parameters.insert("intent".to_owned(), json!(intent));
    }
    if !fhir_context.is_empty() {
        parameters.insert("fhirContext".to_owned(), json!(fhir_context));
    }
    if let Some(tenant) = &state.settings().tenant {
        parameters.insert("tenant".to_owned(), json!(tenant));
    }
    parameters.insert("smart_style_url".to_owned(), json!(state.endpoints().style));
    parameters
}

/// A sealed handle for the launch context: an app whose session ended sends it back with its next authorization request, and
/// the same user comes back to the same patient without choosing again. It grants nothing: everything is decided anew.
fn resume(state: &State, authorization: &Authorization) -> Option<String> {
    let Principal::Account(account) = &authorization.principal else { return None };
    authorization.context.patient.as_ref()?;
    let carried = Carried {
        client: authorization.client.clone(),
        context: authorization.context.clone(),
        ehr_launch: false,
        until: state.now().plus(RESUME_LIFE),
    };
    Some(carried.seal(state.web(), account))
}

/// Row 164, as a last guard: a `patient/` scope never leaves without a patient.
pub fn has_its_patient(authorization: &Authorization, scope: &str) -> bool {
    authorization.context.patient.is_some()
        || !ScopeSet::parse(scope).resources.iter().any(|s| s.context == ScopeContext::Patient)
}
