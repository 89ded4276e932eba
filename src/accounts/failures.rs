//! Notes the refused requests of clients, for their vendors to read, beside the requests: in memory first, written in batches
//! by a job. Nothing of a user, no token and no address is kept.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::domain::clock::{SharedClock, Timestamp};
use crate::domain::failure::ClientFailure;
use crate::domain::ids::{ClientId, RequestId};
use crate::domain::secret::TokenHash;
use crate::store::{Store, StoreError};

/// Different failures held between two writes, of named clients and of tokens each. What is more is not noted: a flood of
/// refusals must not become one of rows or of memory.
const MOST: usize = 1000;
/// Failures written in one transaction.
const AT_ONCE: usize = 100;

/// Whose request was refused, as far as the request tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Whose {
    /// It named this client.
    Client {
        /// Which.
        id: ClientId,
        /// Whether it also proved that it is this client.
        proven: bool,
    },
    /// It held this access token, which may still be known although it does not work.
    Token(TokenHash),
}

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Whose.
    pub whose: Whose,
    /// At which endpoint: a route template, or a FHIR type and what was done with it. Nothing that was sent.
    pub endpoint: String,
    /// The name of the reason.
    pub error: &'static str,
    /// The OAuth error code, as answered.
    pub code: &'static str,
    /// The description, as answered.
    pub description: String,
    /// The request.
    pub request: Option<RequestId>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    whose: Whose,
    endpoint: String,
    error: &'static str,
}

struct Noted {
    code: &'static str,
    description: String,
    request: Option<RequestId>,
    count: u32,
    last_at: Timestamp,
}

/// What was noted and not written yet. One in a process.
pub struct FailureLog {
    store: Store,
    clock: SharedClock,
    noted: Mutex<HashMap<Key, Noted>>,
}

impl FailureLog {
    /// An empty log before this store.
    pub fn new(store: Store, clock: SharedClock) -> Self {
        Self { store, clock, noted: Mutex::default() }
    }

    /// Notes a refusal. Does not wait; a client that is not registered is passed over.
    pub fn note(&self, refused: Refused) {
        let Refused { whose, endpoint, error, code, description, request } = refused;
        if let Whose::Client { id, .. } = &whose
            && self.store.client(id).is_none()
        {
            return;
        }
        let last_at = self.clock.now();
        let mut noted = self.noted.lock();
        let tokens = matches!(whose, Whose::Token(_));
        let key = Key { whose, endpoint, error };
        if let Some(known) = noted.get_mut(&key) {
            known.count = known.count.saturating_add(1);
            known.request = request;
            known.last_at = last_at;
            return;
        }
        // Tokens are what a stranger can invent without end: they get half of the room.
        if noted.len() < if tokens { MOST } else { 2 * MOST } {
            noted.insert(key, Noted { code, description, request, count: 1, last_at });
        }
    }

    /// Writes what was noted since the last time; how many different failures that were. What cannot be written is lost.
    pub async fn write(&self) -> Result<usize, StoreError> {
        let noted = std::mem::take(&mut *self.noted.lock());
        let mut failures = Vec::new();
        for (key, noted) in noted {
            let (client, proven) = match key.whose {
                Whose::Client { id, proven } => (id, proven),
                Whose::Token(hash) => match self.store.client_of_token(&hash).await? {
                    // Nobody but the client has its tokens.
                    Some(client) => (client, true),
                    None => continue,
                },
            };
            failures.push(ClientFailure {
                client,
                endpoint: key.endpoint,
                error: key.error.to_owned(),
                proven,
                code: noted.code.to_owned(),
                description: noted.description,
                request: noted.request,
                count: noted.count,
                last_at: noted.last_at,
            });
        }
        // In one order on every node, so that none waits for a row that another holds; the latest last, to be the one named.
        failures.sort_by(|a, b| {
            (&a.client, &a.endpoint, &a.error, a.last_at).cmp(&(&b.client, &b.endpoint, &b.error, b.last_at))
        });
        for batch in failures.chunks(AT_ONCE) {
            self.store.add_failures(batch).await?;
        }
        Ok(failures.len())
    }
}
