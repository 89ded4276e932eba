//! Portal sessions. Server-side; the cookie holds a random handle.

use serde::{Deserialize, Serialize};

use super::clock::Timestamp;
use super::ids::AccountId;
use super::secret::TokenHash;

/// A signed-in browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Hash of the cookie's handle.
    pub hash: TokenHash,
    /// Who is signed in.
    pub account: AccountId,
    /// When the user proved who they are (`auth_time`).
    pub authenticated_at: Timestamp,
    /// Last request, coarse.
    pub seen_at: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
}

/// How somebody proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionMethod {
    /// Password alone.
    Password,
    /// Password and authenticator app.
    Totp,
    /// Password and recovery code.
    RecoveryCode,
    /// Children's ID (S-21).
    ChildrensId,
    /// The patient portal (S-05).
    PatientPortal,
}

impl SessionMethod {
    /// The word used in storage and in the audit log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
            Self::ChildrensId => "childrens_id",
            Self::PatientPortal => "patient_portal",
        }
    }

    /// The method of a word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Password, Self::Totp, Self::RecoveryCode, Self::ChildrensId, Self::PatientPortal]
            .into_iter()
            .find(|method| method.word() == word)
    }
}

/// How and where a session began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionDetails {
    /// A name for it that may stand in a page.
    pub id: String,
    /// How its owner proved who they are.
    pub method: SessionMethod,
    /// The browser's `User-Agent`, cut.
    pub agent: String,
    /// The network address.
    pub address: Option<String>,
    /// `sub` at the identity provider.
    pub subject: Option<String>,
    /// `sid` at the identity provider.
    pub sid: Option<String>,
    /// The `id_token`, sealed.
    pub id_token: Option<String>,
}

/// A session as its owner's list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionEntry {
    /// Which.
    pub hash: TokenHash,
    /// When it began.
    pub authenticated_at: Timestamp,
    /// Last request, coarse.
    pub seen_at: Timestamp,
    /// Its name in the page; `None` where nothing was noted of it.
    pub id: Option<String>,
    /// How it began.
    pub method: Option<SessionMethod>,
    /// The browser.
    pub agent: String,
    /// From where.
    pub address: Option<String>,
}
