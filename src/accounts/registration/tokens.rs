//! Initial access tokens: staff make them for vendors whom they know (RFC 7591 1.2).

use std::time::Duration;

use crate::accounts::{About, Accounts, By};
use crate::domain::audit::AuditKind;
use crate::domain::client::ClientKind;
use crate::domain::clock::Timestamp;
use crate::domain::ids::{InitialTokenId, PracticeId};
use crate::domain::registration::InitialToken;
use crate::domain::secret::{PlainToken, TokenKind};
use crate::fhir::scope::{ScopeContext, ScopeSet};

use super::{AccountsError, RegistrationError, WrongKind};

/// Longest life of a token.
const LONGEST_LIFE: Duration = Duration::from_hours(24 * 365);

/// A token to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInitialToken {
    /// For whom.
    pub label: String,
    /// Kinds of client that may be registered with it.
    pub kinds: Vec<ClientKind>,
    /// The most that such a client may ask for.
    pub scope: String,
    /// Whether such a client may act at once.
    pub at_once: bool,
    /// The practice that a backend client acts for.
    pub practice: Option<PracticeId>,
    /// How many clients may be registered with it.
    pub uses: u32,
    /// How long it works.
    pub life: Duration,
}

impl NewInitialToken {
    /// The token as it is stored; or what is wrong with it.
    pub fn checked(self, id: InitialTokenId, now: Timestamp) -> Result<InitialToken, RegistrationError> {
        let label = self.label.trim().to_owned();
        let scope = ScopeSet::parse(&self.scope);
        check(&self, &label, &scope)?;
        Ok(InitialToken {
            id,
            label,
            kinds: self.kinds,
            scope: scope.to_string(),
            at_once: self.at_once,
            practice: self.practice,
            uses: self.uses,
            used: 0,
            created_at: now,
            expires_at: now.plus(self.life),
            revoked_at: None,
        })
    }
}

impl Accounts {
    /// Makes an initial access token. The token itself is shown once.
    pub async fn add_initial_token(
        &self,
        new: NewInitialToken,
        by: &By,
    ) -> Result<(InitialToken, PlainToken), RegistrationError> {
        let secret = PlainToken::generate(TokenKind::InitialAccess, &*self.random);
        let token = new.checked(InitialTokenId::generate(&*self.random), self.now())?;
        self.store.insert_initial_token(&token, &secret.hash()).await?;
        self.token_changed(&token.id, "initial_token_add", by).await?;
        Ok((token, secret))
    }

    /// Takes a token back; clients registered with it stay.
    pub async fn revoke_initial_token(&self, id: &InitialTokenId, by: &By) -> Result<(), RegistrationError> {
        if !self.store.revoke_initial_token(id).await? {
            return Err(RegistrationError::Failed(AccountsError::Unknown));
        }
        self.token_changed(id, "initial_token_revoke", by).await
    }

    async fn token_changed(&self, id: &InitialTokenId, what: &str, by: &By) -> Result<(), RegistrationError> {
        let about = About { reason: Some(format!("initial_token {id}")), ..About::default() };
        Ok(self.record(by, AuditKind::Administration, what, about).await?)
    }
}

fn check(new: &NewInitialToken, label: &str, scope: &ScopeSet) -> Result<(), RegistrationError> {
    let wrong = |field, message| Err(RegistrationError::wrong(WrongKind::Metadata, field, message));
    if label.is_empty() || label.chars().count() > 100 || label.chars().any(char::is_control) {
        return wrong("label", "Say for whom the token is, in at most 100 characters.");
    }
    if new.kinds.is_empty() {
        return wrong("kinds", "Choose what may be registered with it.");
    }
    if scope.resources.is_empty() && !scope.has_word("openid") {
        return wrong("scope", "Say what such a client may ask for at most.");
    }
    let backend = new.kinds.contains(&ClientKind::Backend);
    if backend && new.at_once && new.practice.is_none() {
        return wrong("practice", "Choose the practice: a practice system cannot act without one.");
    }
    if backend && !scope.resources.iter().any(|scope| scope.context == ScopeContext::System) {
        return wrong("scope", "A practice system needs a system/ scope.");
    }
    if new.uses == 0 || new.uses > 1000 {
        return wrong("uses", "A token can be used from 1 to 1000 times.");
    }
    if new.life.is_zero() || new.life > LONGEST_LIFE {
        return wrong("days", "A token lives from 1 to 365 days.");
    }
    Ok(())
}
