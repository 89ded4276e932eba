//! Who somebody is at the hospital's identity providers (S-02, S-05, S-21).

use crate::domain::clock::Timestamp;
use crate::domain::ids::AccountId;
use crate::domain::session::SessionMethod;

use super::db::Fields;
use super::{Store, StoreError, Transaction};

statements! {
    FIND = "SELECT account, fhir_user, checked_at FROM federated_identities WHERE provider = $1 AND subject = $2";
    OF = "SELECT provider, fhir_user, checked_at FROM federated_identities WHERE account = $1 ORDER BY provider";
    INSERT = "INSERT INTO federated_identities (provider, subject, account, fhir_user, linked_at, checked_at)
              VALUES ($1, $2, $3, $4, $5, $5)";
    CHECKED = "UPDATE federated_identities SET fhir_user = $3, checked_at = $4 WHERE provider = $1 AND subject = $2";
}

/// Somebody's identity at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederatedIdentity {
    /// Whose account.
    pub account: AccountId,
    /// Who that is in the EHR, as the provider says: `Person/7`.
    pub fhir_user: Option<String>,
    /// When the EHR was last asked whose children they are.
    pub checked_at: Timestamp,
}

impl Store {
    /// The account of this subject.
    pub async fn federated(
        &self,
        provider: SessionMethod,
        subject: &str,
    ) -> Result<Option<FederatedIdentity>, StoreError> {
        let Some(row) = self.read_one(FIND, args![provider.word(), subject]).await? else { return Ok(None) };
        let mut fields = Fields::new("federated_identities", row);
        Ok(Some(FederatedIdentity {
            account: fields.id("account")?,
            fhir_user: fields.maybe_text("fhir_user")?,
            checked_at: fields.time("checked_at")?,
        }))
    }

    /// The account's identity at this provider.
    pub async fn federated_at(
        &self,
        provider: SessionMethod,
        account: &AccountId,
    ) -> Result<Option<FederatedIdentity>, StoreError> {
        for row in self.read(OF, args![account]).await? {
            let mut fields = Fields::new("federated_identities", row);
            if fields.text("provider")? == provider.word() {
                return Ok(Some(FederatedIdentity {
                    account: account.clone(),
                    fhir_user: fields.maybe_text("fhir_user")?,
                    checked_at: fields.time("checked_at")?,
                }));
            }
        }
        Ok(None)
    }

    /// Whether the account has an identity at a provider.
    pub async fn is_federated(&self, account: &AccountId) -> Result<bool, StoreError> {
        Ok(!self.read(OF, args![account]).await?.is_empty())
    }
}

impl Transaction {
    /// Links a subject to an account. `Conflict` when either is linked already.
    pub async fn link_federated(
        &mut self,
        provider: SessionMethod,
        subject: &str,
        account: &AccountId,
        fhir_user: Option<&str>,
    ) -> Result<(), StoreError> {
        let now = self.now();
        self.run(INSERT, args![provider.word(), subject, account, fhir_user, now]).await?;
        Ok(())
    }

    /// Notes who the provider said they are in the EHR, and that the EHR was asked now.
    pub async fn federated_checked(
        &mut self,
        provider: SessionMethod,
        subject: &str,
        fhir_user: Option<&str>,
    ) -> Result<(), StoreError> {
        let now = self.now();
        self.run(CHECKED, args![provider.word(), subject, fhir_user, now]).await?;
        Ok(())
    }
}
