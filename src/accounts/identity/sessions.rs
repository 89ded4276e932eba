//! A person's sessions and browsers: noted when one begins, told of by mail when the browser is new, ended one by one.

use std::time::Duration;

use crate::accounts::{About, Accounts, AccountsError, By, SignedIn};
use crate::domain::audit::AuditKind;
use crate::domain::ids::{AccountId, RequestId};
use crate::domain::language::Language;
use crate::domain::secret::{PlainToken, TokenHash, TokenKind};
use crate::domain::session::{SessionDetails, SessionEntry, SessionMethod};

/// Longest part of a `User-Agent` that is kept.
const LONGEST_AGENT: usize = 300;
/// A browser is forgotten when it was not used for so long.
const DEVICE_LIFE: Duration = Duration::from_hours(24 * 365);

/// The browser in which a session begins.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    /// `User-Agent`.
    pub agent: String,
    /// The cookie by which it is known again.
    pub device: Option<PlainToken>,
    /// The language of its pages.
    pub language: Language,
}

/// What an identity provider said of a session.
#[derive(Clone, Debug, Default)]
pub struct Federated {
    /// `sub`.
    pub subject: String,
    /// `sid`.
    pub sid: Option<String>,
    /// The `id_token`.
    pub id_token: String,
}

impl Accounts {
    /// Notes how and where a session began, and mails its owner when the browser is new to the account. Returns the cookie for the
    /// browser to be known by when it has none.
    pub async fn session_began(
        &self,
        signed_in: &SignedIn,
        method: SessionMethod,
        browser: &Browser,
        federated: Option<&Federated>,
        by: &By,
    ) -> Result<Option<PlainToken>, AccountsError> {
        let account = &signed_in.account;
        let hash = &signed_in.session.hash;
        let given = browser.device.is_none().then(|| PlainToken::generate(TokenKind::Device, &*self.random));
        let device = browser.device.as_ref().or(given.as_ref()).map(PlainToken::hash);
        let known = self.store.devices(&account.id).await?;
        let is_new = !known.is_empty() && device.as_ref().is_some_and(|device| !known.contains(device));
        let details = SessionDetails {
            id: RequestId::generate(&*self.random).to_string(),
            method,
            agent: browser.agent.chars().filter(|c| !c.is_control()).take(LONGEST_AGENT).collect(),
            address: by.address.clone(),
            subject: federated.map(|federated| federated.subject.clone()),
            sid: federated.and_then(|federated| federated.sid.clone()),
            id_token: match federated {
                Some(federated) => Some(self.seal(federated.id_token.as_bytes(), &hash.to_hex())?),
                None => None,
            },
        };
        let mut transaction = self.store.begin().await?;
        transaction.insert_session_details(hash, &details).await?;
        if let Some(device) = &device {
            transaction.put_device(&account.id, device, self.now().minus(DEVICE_LIFE)).await?;
        }
        if is_new && let Some(letters) = &self.letters {
            super::queue(&mut transaction, letters.new_device(&account.email, browser.language)).await?;
        }
        transaction.commit().await?;
        Ok(given)
    }

    /// The identity provider through which a session began and the `id_token` it gave; `None` for one of our own.
    pub async fn federated_session(
        &self,
        session: &TokenHash,
    ) -> Result<Option<(SessionMethod, Option<String>)>, AccountsError> {
        let Some(federated) = self.store.federated_session(session).await? else { return Ok(None) };
        let opened = federated.id_token.and_then(|sealed| self.open(&sealed, &session.to_hex()));
        let id_token = opened.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
        Ok(Some((federated.method, id_token)))
    }

    /// The account's live sessions, the one used last first.
    pub async fn sessions_of(&self, account: &AccountId) -> Result<Vec<SessionEntry>, AccountsError> {
        Ok(self.store.sessions_of(account).await?)
    }

    /// Ends one session of this account by its name in the list; that it ended already is as good.
    pub async fn end_session(&self, id: &str, account: &AccountId, by: &By) -> Result<(), AccountsError> {
        match self.store.session_by_id(id, account).await? {
            Some(hash) => self.sign_out(&hash, account, by).await,
            None => Ok(()),
        }
    }

    /// Ends every session of this account but one; returns how many.
    pub async fn end_other_sessions(
        &self,
        account: &AccountId,
        kept: &TokenHash,
        by: &By,
    ) -> Result<u64, AccountsError> {
        let mut transaction = self.store.begin().await?;
        let ended = transaction.delete_other_sessions(account, kept).await?;
        transaction.commit().await?;
        let about = About { account: Some(account.clone()), ..About::default() };
        self.record(by, AuditKind::SignIn, "sign_out_others", about).await?;
        Ok(ended)
    }
}
