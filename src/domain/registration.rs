//! The life of a client's registration, and the tokens that let a vendor register without waiting.

use serde::{Deserialize, Serialize};

use super::client::{ClientAuth, ClientKind, ClientState};
use super::clock::Timestamp;
use super::ids::{InitialTokenId, PracticeId};

/// A step in the life of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Staff let the client act.
    Approve,
    /// Staff say no.
    Refuse,
    /// Staff stop it for now.
    Suspend,
    /// Staff let it act again.
    Reactivate,
    /// The vendor of a refused client mends what was wrong and asks anew.
    AskAgain,
}

impl ClientState {
    /// The state after `step`; `None` when the step cannot be taken from here.
    pub const fn after(self, step: Step) -> Option<Self> {
        match (self, step) {
            (Self::Pending, Step::Approve) | (Self::Suspended, Step::Reactivate) => Some(Self::Active),
            (Self::Pending, Step::Refuse) => Some(Self::Refused),
            (Self::Active, Step::Suspend) => Some(Self::Suspended),
            (Self::Refused, Step::AskAgain) => Some(Self::Pending),
            _ => None,
        }
    }
}

/// Values that the vendor of an active client wants instead of those that hold, once staff agree. What is registered stays
/// in force until then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Name shown on the consent page.
    pub name: String,
    /// How the client authenticates; of the same kind as before.
    pub auth: ClientAuth,
    /// Exact redirect URIs.
    pub redirect_uris: Vec<String>,
    /// Where an EHR launch begins.
    pub launch_uri: Option<String>,
    /// Scopes it may ask for, space-separated.
    pub scope: String,
    /// The vendor's name.
    pub organization: Option<String>,
    /// Home page of the app.
    pub client_uri: Option<String>,
    /// Logo of the app.
    pub logo_uri: Option<String>,
    /// Terms of service.
    pub tos_uri: Option<String>,
    /// Privacy policy.
    pub policy_uri: Option<String>,
    /// What it is for.
    pub purpose: Option<String>,
    /// Where a browser may be sent after logout.
    pub post_logout_redirect_uris: Vec<String>,
    /// When it was asked for.
    pub asked_at: Timestamp,
}

/// An initial access token (RFC 7591 1.2, 3), as stored beside its hash: what whoever holds it may register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialToken {
    /// Identifier; not the token.
    pub id: InitialTokenId,
    /// For whom it was made, in staff's words.
    pub label: String,
    /// Kinds of client that may be registered with it.
    pub kinds: Vec<ClientKind>,
    /// The most that such a client may ask for, space-separated.
    pub scope: String,
    /// Whether such a client may act at once, without staff looking at it.
    pub at_once: bool,
    /// The practice that a backend client registered with it acts for.
    pub practice: Option<PracticeId>,
    /// How many clients may be registered with it.
    pub uses: u32,
    /// How many were.
    pub used: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// When staff took it back.
    pub revoked_at: Option<Timestamp>,
}

/// Whether an initial access token can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitialTokenState {
    /// It can.
    Live,
    /// All its uses are spent.
    UsedUp,
    /// Its time is over.
    Expired,
    /// Staff took it back.
    Revoked,
}

impl InitialToken {
    /// Whether it can be used at `now`.
    pub fn state(&self, now: Timestamp) -> InitialTokenState {
        if self.revoked_at.is_some() {
            InitialTokenState::Revoked
        } else if self.expires_at <= now {
            InitialTokenState::Expired
        } else if self.used >= self.uses {
            InitialTokenState::UsedUp
        } else {
            InitialTokenState::Live
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [ClientState; 4] =
        [ClientState::Pending, ClientState::Active, ClientState::Suspended, ClientState::Refused];

    #[test]
    fn a_registration_only_goes_the_ways_that_there_are() {
        let ways = [
            (ClientState::Pending, Step::Approve, ClientState::Active),
            (ClientState::Pending, Step::Refuse, ClientState::Refused),
            (ClientState::Active, Step::Suspend, ClientState::Suspended),
            (ClientState::Suspended, Step::Reactivate, ClientState::Active),
            (ClientState::Refused, Step::AskAgain, ClientState::Pending),
        ];
        for from in STATES {
            for step in [Step::Approve, Step::Refuse, Step::Suspend, Step::Reactivate, Step::AskAgain] {
                let way = ways.iter().find(|way| (way.0, way.1) == (from, step)).map(|way| way.2);
                assert_eq!(from.after(step), way, "{from:?} {step:?}");
            }
        }
    }

    #[test]
    fn a_token_ends_by_time_use_and_word() {
        let at = Timestamp::from_millis;
        let token = InitialToken {
            id: InitialTokenId::parse("t").unwrap(),
            label: "Test".to_owned(),
            kinds: vec![ClientKind::Public],
            scope: "patient/*.rs".to_owned(),
            at_once: true,
            practice: None,
            uses: 2,
            used: 1,
            created_at: at(0),
            expires_at: at(100),
            revoked_at: None,
        };
        assert_eq!(token.state(at(99)), InitialTokenState::Live);
        assert_eq!(token.state(at(100)), InitialTokenState::Expired);
        assert_eq!(InitialToken { used: 2, ..token.clone() }.state(at(1)), InitialTokenState::UsedUp);
        assert_eq!(
            InitialToken { revoked_at: Some(at(1)), ..token }.state(at(1)),
            InitialTokenState::Revoked
        );
    }
}
