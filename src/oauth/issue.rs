//! The end of the authorization endpoint: an authorization and its code, and the redirect that carries it.

use axum::response::{IntoResponse, Redirect, Response};

use crate::domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use crate::domain::client::{Authorization, AuthorizationCode, Principal};
use crate::domain::ids::AuthorizationId;
use crate::domain::secret::{PlainToken, TokenKind};
use crate::fhir::scope::ScopeSet;
use crate::store::StoreError;
use crate::store::consents::Consent;
use crate::web::session::Visitor;

use super::authorize::User;
use super::consent::Offer;
use super::error::OAuthError;
use super::failure::Failure;
use super::request::AuthorizeRequest;
use super::state::State;

/// Records the authorization with the scopes `granted` and sends the browser back with a code (rows 56 to 59).
/// `remember` is the consent to remember, if any.
pub async fn code(
    state: &State,
    visitor: &Visitor,
    user: &User,
    request: &AuthorizeRequest,
    offer: Offer,
    granted: ScopeSet,
    remember: Option<Consent>,
) -> Result<Response, Failure> {
    let now = state.now();
    let code = PlainToken::generate(TokenKind::Code, state.random());
    // What was not granted for longer ends with the session that it was granted in.
    let session = (!granted.has_word("offline_access")).then_some(user.session.hash);
    let authorization = Authorization {
        id: AuthorizationId::generate(state.random()),
        client: request.client.id.clone(),
        principal: Principal::Account(user.account.id.clone()),
        scope: granted.to_string(),
        context: offer.context,
        nonce: request.nonce.clone(),
        authenticated_at: user.session.authenticated_at,
        session,
        created_at: now,
        revoked_at: None,
    };
    let stored = AuthorizationCode {
        hash: code.hash(),
        authorization: authorization.id.clone(),
        redirect_uri: request.reply.redirect_uri.clone(),
        code_challenge: request.code_challenge.clone(),
        bound_to: request.bound_to,
        expires_at: now.plus(state.settings().code_life),
    };
    let mut event = consent_event(state, visitor, user, request, AuditOutcome::Success);
    event.patients.extend(authorization.context.patient.clone());
    if !state.record(event).await {
        return Err(request.fail(OAuthError::ServerErrorRedirect));
    }
    keep(state, &authorization, &stored, remember.as_ref()).await.map_err(|e| request.internal(&e))?;
    Ok(Redirect::to(&request.reply.with_code(code.expose())).into_response())
}

async fn keep(
    state: &State,
    authorization: &Authorization,
    code: &AuthorizationCode,
    remember: Option<&Consent>,
) -> Result<(), StoreError> {
    let mut transaction = state.store().begin().await?;
    transaction.insert_authorization(authorization).await?;
    transaction.insert_code(code).await?;
    if let (Some(consent), Principal::Account(account)) = (remember, &authorization.principal) {
        transaction.remember_consent(account, &authorization.client, consent).await?;
    }
    transaction.commit().await
}

/// Notes that the user said no.
pub async fn refused(state: &State, visitor: &Visitor, user: &User, request: &AuthorizeRequest) {
    state.record(consent_event(state, visitor, user, request, AuditOutcome::Refused)).await;
}

fn consent_event(
    state: &State,
    visitor: &Visitor,
    user: &User,
    request: &AuthorizeRequest,
    outcome: AuditOutcome,
) -> AuditEvent {
    AuditEvent {
        account: Some(user.account.id.clone()),
        client: Some(request.client.id.clone()),
        request: Some(visitor.request.clone()),
        address: Some(visitor.address.0.clone()),
        ..state.event(AuditKind::Consent, outcome, "authorize")
    }
}
