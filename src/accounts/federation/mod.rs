//! Sign-in at the hospital's identity providers by OpenID Connect: Children's ID for physicians and staff (S-02, S-21), the patient
//! portal for families (S-05). [`provider`] speaks the protocol; here is who somebody turns out to be.

pub mod provider;

use crate::credentials::codes;
use crate::domain::account::{Account, AccountKind, AccountState};
use crate::domain::audit::{AuditKind, AuditOutcome};
use crate::domain::ids::{AccountId, FhirId};
use crate::domain::session::SessionMethod;
use crate::store::StoreError;

use super::people::is_address;
use super::sign_in::SignInError;
use super::{About, Accounts, AccountsError, By, SignedIn};

pub use self::provider::{Begun, FederationError, Proved, Provider, ProviderSettings};

/// Why somebody whom a provider vouches for does not get in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotLetIn {
    /// No account belongs to them.
    #[error("no account belongs to this identity")]
    Unknown,
    /// Their account is suspended.
    #[error("the account is suspended")]
    Suspended,
    /// The EHR names nobody for whom they decide.
    #[error("the EHR names no patient for whom they decide")]
    NoChildren,
    /// As any other use-case.
    #[error(transparent)]
    Failed(#[from] AccountsError),
}

impl From<StoreError> for NotLetIn {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<SignInError> for NotLetIn {
    fn from(_: SignInError) -> Self {
        Self::Failed(AccountsError::Unavailable)
    }
}

impl Accounts {
    /// Lets in whom Children's ID vouches for: the account that is linked to the subject; at the first sign-in the one of a physician
    /// or of staff with the same, verified, e-mail address, which is then linked (S-02).
    pub async fn sign_in_with_childrens_id(&self, proved: &Proved, by: &By) -> Result<SignedIn, NotLetIn> {
        let way = SessionMethod::ChildrensId;
        let account = match self.linked(way, &proved.subject).await? {
            Some(account) => account,
            None => self.link_by_email(way, proved, by).await?,
        };
        self.enter(account, by).await
    }

    /// Lets in whom the patient portal vouches for. `children` is what the EHR says just now of `proved.fhir_user`; it replaces
    /// what was known. An account is made at the first sign-in.
    pub async fn sign_in_with_patient_portal(
        &self,
        proved: &Proved,
        children: Vec<FhirId>,
        by: &By,
    ) -> Result<SignedIn, NotLetIn> {
        let way = SessionMethod::PatientPortal;
        let linked = self.linked(way, &proved.subject).await?;
        if children.is_empty() {
            // Whoever decides for nobody any more sees nobody any more, though they signed in before.
            if let Some(account) = &linked {
                self.set_children(account, proved, Vec::new()).await?;
            }
            self.refuse(linked.map(|account| account.id), "no_children", by).await?;
            return Err(NotLetIn::NoChildren);
        }
        let account = match linked {
            Some(account) => account,
            None => match self.link_by_email(way, proved, by).await {
                Err(NotLetIn::Unknown) => self.new_guardian(proved, children.clone(), by).await?,
                other => other?,
            },
        };
        let account = self.set_children(&account, proved, children).await?;
        self.enter(account, by).await
    }

    /// Replaces the children of somebody who is signed in, by what the EHR says just now.
    pub async fn refresh_children(
        &self,
        account: &AccountId,
        children: Vec<FhirId>,
    ) -> Result<(), AccountsError> {
        let mut transaction = self.store.begin().await?;
        transaction.set_guardian_patients(account, children).await?;
        Ok(transaction.commit().await?)
    }

    async fn linked(&self, way: SessionMethod, subject: &str) -> Result<Option<Account>, NotLetIn> {
        let Some(identity) = self.store.federated(way, subject).await? else { return Ok(None) };
        Ok(self.store.account(&identity.account).await?)
    }

    async fn link_by_email(&self, way: SessionMethod, proved: &Proved, by: &By) -> Result<Account, NotLetIn> {
        let account = match proved.verified_email() {
            Some(email) => self.store.account_by_email(email).await?,
            None => None,
        };
        let fits = |kind: &AccountKind| match way {
            SessionMethod::PatientPortal => matches!(kind, AccountKind::Guardian { .. }),
            _ => matches!(kind, AccountKind::Provider { .. } | AccountKind::Staff { .. }),
        };
        let Some(account) = account.filter(|account| fits(&account.kind)) else {
            // A family's first sign-in is none that is refused.
            if way == SessionMethod::ChildrensId {
                self.refuse(None, "unknown_subject", by).await?;
            }
            return Err(NotLetIn::Unknown);
        };
        let mut transaction = self.store.begin().await?;
        let linked =
            transaction.link_federated(way, &proved.subject, &account.id, proved.fhir_user.as_deref()).await;
        match linked {
            Ok(()) => transaction.commit().await?,
            // The account is another subject's, or this moment became so.
            Err(StoreError::Conflict(_)) => {
                drop(transaction);
                self.refuse(Some(account.id), "linked_to_another", by).await?;
                return Err(NotLetIn::Unknown);
            }
            Err(error) => return Err(error.into()),
        }
        let about = About { account: Some(account.id.clone()), ..About::default() };
        self.record(by, AuditKind::SignIn, "identity_link", about).await?;
        Ok(account)
    }

    async fn new_guardian(
        &self,
        proved: &Proved,
        patients: Vec<FhirId>,
        by: &By,
    ) -> Result<Account, NotLetIn> {
        let id = AccountId::generate(&*self.random);
        let email = match proved.verified_email() {
            Some(email) if is_address(email) && self.store.account_by_email(email).await?.is_none() => {
                email.to_lowercase()
            }
            // An address must be there and be nobody else's; nothing is mailed to this one.
            _ => format!("{}@patient-portal.invalid", codes::generate(16, &*self.random).to_lowercase()),
        };
        let name = proved.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let account = Account {
            id,
            kind: AccountKind::Guardian { patients },
            email,
            name: name.unwrap_or("Family").chars().filter(|c| !c.is_control()).take(200).collect(),
            phone: None,
            state: AccountState::Active,
            created_at: self.now(),
        };
        let fhir_user = proved.fhir_user.as_deref();
        let mut transaction = self.store.begin().await?;
        transaction.insert_account(&account).await?;
        transaction
            .link_federated(SessionMethod::PatientPortal, &proved.subject, &account.id, fhir_user)
            .await?;
        transaction.commit().await?;
        let about = About { account: Some(account.id.clone()), ..About::default() };
        self.record(by, AuditKind::SignIn, "guardian_account", about).await?;
        Ok(account)
    }

    async fn set_children(
        &self,
        account: &Account,
        proved: &Proved,
        patients: Vec<FhirId>,
    ) -> Result<Account, NotLetIn> {
        let way = SessionMethod::PatientPortal;
        let mut transaction = self.store.begin().await?;
        transaction.set_guardian_patients(&account.id, patients.clone()).await?;
        // A patient of age: the record is their own, and nobody's consent ends with their birthday (D-07).
        let own = proved.fhir_user.as_deref().and_then(|user| user.rsplit_once("Patient/"));
        if let Some(own) = own.and_then(|(_, id)| patients.iter().find(|patient| patient.as_str() == id)) {
            transaction.mark_own_record(&account.id, own).await?;
        }
        transaction.federated_checked(way, &proved.subject, proved.fhir_user.as_deref()).await?;
        transaction.commit().await?;
        Ok(Account { kind: AccountKind::Guardian { patients }, ..account.clone() })
    }

    async fn enter(&self, account: Account, by: &By) -> Result<SignedIn, NotLetIn> {
        if account.state != AccountState::Active {
            self.refuse(Some(account.id), "suspended", by).await?;
            return Err(NotLetIn::Suspended);
        }
        let (email, address) = (account.email.clone(), by.address.clone().unwrap_or_default());
        Ok(self.begin_session(account, &email, &address, by).await?)
    }

    async fn refuse(&self, account: Option<AccountId>, reason: &str, by: &By) -> Result<(), AccountsError> {
        let about = About {
            outcome: AuditOutcome::Refused,
            account,
            reason: Some(reason.to_owned()),
            ..About::default()
        };
        self.record(by, AuditKind::SignIn, "sign_in", about).await
    }
}
