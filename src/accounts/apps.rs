//! The apps that a person let in: taken back, or asked about again.

use crate::domain::audit::AuditKind;
use crate::domain::ids::{AccountId, ClientId};

use super::{About, Accounts, AccountsError, By};

impl Accounts {
    /// Ends all that this person let the app do, from its next request on, and forgets what it may do without asking. Returns how
    /// many authorizations it were.
    pub async fn disconnect_app(
        &self,
        account: &AccountId,
        client: &ClientId,
        by: &By,
    ) -> Result<u64, AccountsError> {
        let mut transaction = self.store.begin().await?;
        let ended = transaction.revoke_authorizations_of(account, Some(client)).await?;
        transaction.forget_consent(account, client).await?;
        transaction.commit().await?;
        self.about_app(account, client, "disconnect", by).await?;
        Ok(ended)
    }

    /// Has the app ask again the next time. What it may do now goes on.
    pub async fn forget_app_consent(
        &self,
        account: &AccountId,
        client: &ClientId,
        by: &By,
    ) -> Result<(), AccountsError> {
        if self.store.forget_consent(account, client).await? {
            self.about_app(account, client, "forget_consent", by).await?;
        }
        Ok(())
    }

    async fn about_app(
        &self,
        account: &AccountId,
        client: &ClientId,
        what: &str,
        by: &By,
    ) -> Result<(), AccountsError> {
        let about =
            About { account: Some(account.clone()), client: Some(client.clone()), ..About::default() };
        self.record(by, AuditKind::Consent, what, about).await
    }
}
