//! The launch context while the user's pages follow each other: what the portal launched with, or which patient was picked.
//! It travels in the address as a sealed handle, bound to user and client, so that no page says who the patient is (no PHI in
//! URLs), nothing is kept on the server, and a reload works.

use serde::{Deserialize, Serialize};

use crate::domain::client::LaunchContext;
use crate::domain::clock::Timestamp;
use crate::domain::ids::{AccountId, ClientId};
use crate::web::Web;

const PURPOSE: &str = "oauth context";

/// A context in transit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// For which client.
    pub client: ClientId,
    /// Patient, encounter and the rest.
    pub context: LaunchContext,
    /// Whether the portal launched the app.
    pub ehr_launch: bool,
    /// When it stops working.
    pub until: Timestamp,
}

impl Carried {
    /// A standalone launch of which nothing is known yet.
    pub fn nothing(client: ClientId, until: Timestamp) -> Self {
        Self { client, context: LaunchContext::default(), ehr_launch: false, until }
    }

    /// The handle for `account`.
    pub fn seal(&self, web: &Web, account: &AccountId) -> String {
        web.keys().seal(PURPOSE, account, self, web.random())
    }

    /// What a handle stands for: `None` when it was altered, is another user's or client's, or too old.
    pub fn open(web: &Web, account: &AccountId, client: &ClientId, handle: &str) -> Option<Self> {
        let carried: Self = web.keys().open(PURPOSE, account, handle)?;
        (carried.client == *client && web.now() < carried.until).then_some(carried)
    }
}
