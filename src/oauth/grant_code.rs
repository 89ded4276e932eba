//! `grant_type=authorization_code` (RFC 6749 4.1.3, RFC 7636 4.5).

use crate::domain::client::{Authorization, AuthorizationCode, Client, ClientAuth, ClientKind};
use crate::domain::secret::{PlainToken, TokenKind};
use crate::domain::thumbprint::KeyThumbprint;
use crate::store::authorizations::CodeRedemption;

use super::error::OAuthError;
use super::params::Params;
use super::pkce;
use super::state::State;
use super::token::internal;
use super::token_response::{Issued, has_its_patient, is_active, life_in_session, new_access, new_refresh};

/// Exchanges a code. It is spent whatever the outcome: whoever gets it wrong does not get to guess again.
pub async fn exchange(
    state: &State,
    client: &Client,
    form: &Params,
    key: Option<KeyThumbprint>,
) -> Result<Issued, OAuthError> {
    if client.kind == ClientKind::Backend {
        return Err(OAuthError::GrantTypeForbidden);
    }
    let code = form.get("code").ok_or(OAuthError::MalformedTokenRequest)?;
    let code = PlainToken::presented(TokenKind::Code, code).ok_or(OAuthError::InvalidCode)?;
    let mut transaction = state.store().begin().await.map_err(|e| internal(&e))?;
    let redemption = transaction.redeem_code(&code.hash()).await.map_err(|e| internal(&e))?;
    let (code, authorization) = match redemption {
        CodeRedemption::Redeemed { code, authorization } => (code, *authorization),
        CodeRedemption::Reused(id) => {
            transaction.commit().await.map_err(|e| internal(&e))?;
            tracing::warn!(client = %client.id, authorization = %id, "a code was used twice: all that came of it is revoked");
            return Err(OAuthError::InvalidCode);
        }
        CodeRedemption::Expired | CodeRedemption::Unknown => {
            transaction.commit().await.map_err(|e| internal(&e))?;
            return Err(OAuthError::InvalidCode);
        }
    };
    if let Err(error) = check(state, client, form, key, &code, &authorization) {
        transaction.revoke_authorization(&authorization.id).await.map_err(|e| internal(&e))?;
        transaction.commit().await.map_err(|e| internal(&e))?;
        return Err(error);
    }
    let scope = authorization.scope.clone();
    let Some(life) = life_in_session(state, &authorization).await? else {
        transaction.commit().await.map_err(|e| internal(&e))?;
        return Err(OAuthError::InvalidCode);
    };
    let (access, stored) = new_access(state, &authorization, &scope, life, key);
    transaction.insert_access_token(&stored).await.map_err(|e| internal(&e))?;
    let refresh = match new_refresh(state, &authorization, key.filter(|_| client.auth == ClientAuth::None)) {
        Some((refresh, stored)) => {
            transaction.insert_refresh_token(&stored).await.map_err(|e| internal(&e))?;
            Some(refresh)
        }
        None => None,
    };
    transaction.commit().await.map_err(|e| internal(&e))?;
    Ok(Issued {
        authorization,
        scope,
        bound_to: key,
        access,
        life,
        refresh,
        first: true,
        grant: "authorization_code",
    })
}

fn check(
    state: &State,
    client: &Client,
    form: &Params,
    key: Option<KeyThumbprint>,
    code: &AuthorizationCode,
    authorization: &Authorization,
) -> Result<(), OAuthError> {
    if authorization.client != client.id || !is_active(state, authorization) {
        return Err(OAuthError::InvalidCode);
    }
    if form.get("redirect_uri") != Some(code.redirect_uri.as_str()) {
        return Err(OAuthError::CodeRedirectUri);
    }
    // Row 31.
    if !form.get("code_verifier").is_some_and(|verifier| pkce::verify(verifier, &code.code_challenge)) {
        return Err(OAuthError::CodeVerifier);
    }
    // RFC 9449 10.
    if code.bound_to.is_some_and(|bound_to| !key.is_some_and(|key| key.matches(&bound_to))) {
        return Err(OAuthError::OtherKey);
    }
    if has_its_patient(authorization, &authorization.scope) {
        Ok(())
    } else {
        Err(OAuthError::ServerErrorJson)
    }
}
