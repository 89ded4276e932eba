//! `grant_type=client_credentials`: SMART Backend Services for a practice's own system (rows 240 to 262).

use crate::domain::client::{Authorization, Client, ClientAuth, ClientKind, LaunchContext, Principal};
use crate::domain::ids::AuthorizationId;
use crate::domain::thumbprint::KeyThumbprint;

use super::error::OAuthError;
use super::params::Params;
use super::scopes;
use super::state::State;
use super::token::internal;
use super::token_response::{Issued, is_active, new_access};

/// Gives a practice's system a token for five minutes, bound to `key` if it showed one, without a refresh token (rows 248,
/// 262).
pub async fn exchange(
    state: &State,
    client: &Client,
    form: &Params,
    key: Option<KeyThumbprint>,
) -> Result<Issued, OAuthError> {
    let with_key = matches!(client.auth, ClientAuth::Keys { .. } | ClientAuth::KeysUrl { .. });
    let practice = match (&client.practice, client.kind) {
        // A secret is not enough for a system that works unattended (row 344).
        (Some(practice), ClientKind::Backend) if with_key => practice,
        _ => return Err(OAuthError::GrantTypeForbidden),
    };
    let scopes = scopes::for_backend(form.get("scope").unwrap_or_default(), client);
    if scopes.is_empty() {
        return Err(OAuthError::InvalidScope);
    }
    let authorization = Authorization {
        id: AuthorizationId::generate(state.random()),
        client: client.id.clone(),
        principal: Principal::Practice(practice.clone()),
        scope: scopes.to_string(),
        context: LaunchContext::default(),
        nonce: None,
        authenticated_at: state.now(),
        session: None,
        created_at: state.now(),
        revoked_at: None,
    };
    if !is_active(state, &authorization) {
        return Err(OAuthError::InvalidClient);
    }
    let life = state.settings().backend_life;
    let scope = authorization.scope.clone();
    let (access, stored) = new_access(state, &authorization, &scope, life, key);
    let mut transaction = state.store().begin().await.map_err(|e| internal(&e))?;
    transaction.insert_authorization(&authorization).await.map_err(|e| internal(&e))?;
    transaction.insert_access_token(&stored).await.map_err(|e| internal(&e))?;
    transaction.commit().await.map_err(|e| internal(&e))?;
    Ok(Issued {
        authorization,
        scope,
        bound_to: key,
        access,
        life,
        refresh: None,
        first: true,
        grant: "client_credentials",
    })
}
