//! `grant_type=refresh_token` (RFC 6749 6; rows 100 to 118). Each use exchanges the token for another and renews its life; a
//! token that comes a second time was stolen from somebody, and ends the authorization (RFC 9700 4.14.2).

use std::sync::Arc;
use std::time::Duration;

use crate::domain::client::{Authorization, Client, ClientAuth};
use crate::domain::secret::{PlainToken, TokenKind};
use crate::domain::thumbprint::KeyThumbprint;
use crate::fhir::scope::{ResourceScope, ScopeSet};
use crate::store::tokens::RefreshRotation;

use super::authenticate;
use super::error::OAuthError;
use super::params::Params;
use super::state::State;
use super::token::internal;
use super::token_response::{Issued, is_active, life_in_session, new_access};

/// Exchanges a refresh token.
pub async fn exchange(
    state: &State,
    client: &Client,
    form: &Params,
    key: Option<KeyThumbprint>,
) -> Result<Issued, OAuthError> {
    let old = form.get("refresh_token").ok_or(OAuthError::MalformedTokenRequest)?;
    let old = PlainToken::presented(TokenKind::Refresh, old).ok_or(OAuthError::InvalidRefreshToken)?;
    let known = state.store().refresh_token(&old.hash()).await.map_err(|e| internal(&e))?;
    let known = known.filter(|known| known.authorization.client == client.id);
    let known = known.ok_or(OAuthError::InvalidRefreshToken)?;
    // Asked before the exchange, so that a request that cannot be granted does not spend the token. Of a token that counts no
    // more nothing is asked: whatever else is wrong with the request, its second use must be noticed.
    let (scope, life) = if known.live {
        // RFC 9449 5: whoever stole a bound token cannot spend it.
        if known.bound_to.is_some_and(|bound_to| !key.is_some_and(|key| key.matches(&bound_to))) {
            return Err(OAuthError::OtherKey);
        }
        let scope = narrowed(&known.authorization.scope, form.get("scope"))?;
        (scope, check(state, &known.authorization).await?)
    } else {
        (String::new(), Duration::ZERO)
    };
    let expires_at = state.now().plus(state.settings().refresh_life);
    let mut transaction = state.store().begin().await.map_err(|e| internal(&e))?;
    // FAPI 2.0 5.3.2.1, 9: no rotation, because an answer that gets lost would cost the user's consent, and the token is of no
    // use to anybody without the client's key.
    let (authorization, refresh) = if client.details.security.fapi && known.live {
        let renewed = transaction.renew_refresh(&old.hash(), expires_at).await.map_err(|e| internal(&e))?;
        (renewed.ok_or(OAuthError::InvalidRefreshToken)?, old)
    } else {
        let new = PlainToken::generate(TokenKind::Refresh, state.random());
        let rotation = transaction.rotate_refresh(&old.hash(), &new.hash(), expires_at).await;
        match rotation.map_err(|e| internal(&e))? {
            RefreshRotation::Rotated { authorization } => (*authorization, new),
            RefreshRotation::Reused(id) => {
                transaction.commit().await.map_err(|e| internal(&e))?;
                tracing::warn!(client = %client.id, authorization = %id, "a refresh token was used twice: all is revoked");
                return Err(OAuthError::InvalidRefreshToken);
            }
            RefreshRotation::Expired | RefreshRotation::Unknown => {
                transaction.commit().await.map_err(|e| internal(&e))?;
                return Err(OAuthError::InvalidRefreshToken);
            }
        }
    };
    let (access, stored) = new_access(state, &authorization, &scope, life, key);
    transaction.insert_access_token(&stored).await.map_err(|e| internal(&e))?;
    transaction.commit().await.map_err(|e| internal(&e))?;
    Ok(Issued {
        authorization,
        scope,
        bound_to: key,
        access,
        life,
        refresh: Some(refresh),
        first: false,
        grant: "refresh_token",
    })
}

/// The client of a request that does not say who it is. A public client need not (RFC 6749 6 asks for no `client_id`, and SMART
/// libraries send none): its refresh token, which is its own alone, says it. Any other client has to authenticate.
pub async fn owner(state: &State, form: &Params) -> Result<Arc<Client>, OAuthError> {
    let token = form.get("refresh_token").ok_or(OAuthError::MalformedTokenRequest)?;
    let token = PlainToken::presented(TokenKind::Refresh, token).ok_or(OAuthError::InvalidClient)?;
    let known = state.store().refresh_token(&token.hash()).await.map_err(|e| internal(&e))?;
    let client = authenticate::active(state, &known.ok_or(OAuthError::InvalidClient)?.authorization.client)?;
    if client.auth == ClientAuth::None { Ok(client) } else { Err(OAuthError::InvalidClient) }
}

/// Whether the authorization still holds: its people may act, and without `offline_access` the user is still signed in. Then how
/// long the next access token lives.
pub async fn check(state: &State, authorization: &Authorization) -> Result<Duration, OAuthError> {
    if !is_active(state, authorization) {
        return Err(OAuthError::InvalidRefreshToken);
    }
    life_in_session(state, authorization).await?.ok_or(OAuthError::UserOffline)
}

/// The scope of the new access token: as granted, or less if the client asks for less (row 109). A scope that was not granted
/// is an error, not a wish.
fn narrowed(granted: &str, asked: Option<&str>) -> Result<String, OAuthError> {
    let Some(asked) = asked else { return Ok(granted.to_owned()) };
    let set = ScopeSet::parse(granted);
    let was_granted =
        |word: &str| set.has_word(word) || ResourceScope::parse(word).is_some_and(|scope| set.covers(&scope));
    let less = ScopeSet::parse(asked);
    if !less.is_empty() && asked.split_ascii_whitespace().all(was_granted) {
        Ok(less.to_string())
    } else {
        Err(OAuthError::InvalidScope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_104_109_a_refresh_gives_the_same_or_less() {
        let granted = "openid offline_access patient/*.rs";
        assert_eq!(narrowed(granted, None).unwrap(), granted);
        assert_eq!(narrowed(granted, Some("patient/Observation.rs")).unwrap(), "patient/Observation.rs");
        for more in [" ", "user/*.rs", "fhirUser", "patient/*.rs nonsense", "patient/*.rs user/Patient.rs"] {
            assert_eq!(narrowed(granted, Some(more)), Err(OAuthError::InvalidScope), "{more}");
        }
    }
}
