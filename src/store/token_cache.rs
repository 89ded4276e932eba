//! Access tokens in memory. Unknown tokens are never kept, so a new one works at once; what was revoked is kept apart and
//! asked on every hit, so that no order of loading and revoking brings a dead token back.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use quick_cache::sync::Cache;

use crate::access::subject::{Actor, Subject};
use crate::domain::clock::Timestamp;
use crate::domain::ids::{AccountId, ClientId, FhirId};
use crate::domain::secret::TokenHash;
use crate::fhir::scope::ScopeSet;

use super::tokens::BearerToken;

/// Tokens kept at most; beyond that the least used are read from the database again.
const CAPACITY: usize = 1_000_000;
/// How long a token is answered from memory before it is read again.
const KEPT_FOR: Duration = Duration::from_hours(12);
/// How long a revocation is remembered: longer than any token that was read before it can be answered from memory.
const REVOKED_FOR: Duration = Duration::from_hours(13);
/// Distinct identifiers of one kind kept to be shared.
const SHARED_IDS: usize = 100_000;
/// Distinct scope texts kept parsed.
const SCOPE_TEXTS: usize = 4096;

#[derive(Clone)]
struct Kept {
    token: Arc<BearerToken>,
    since: Timestamp,
}

pub(super) struct TokenCache {
    tokens: Cache<TokenHash, Kept, quick_cache::UnitWeighter, ahash::RandomState>,
    revoked: RwLock<Revoked>,
    scopes: Mutex<HashMap<Arc<str>, Arc<ScopeSet>>>,
    accounts: Shared<AccountId>,
    clients: Shared<ClientId>,
    patients: Shared<FhirId>,
}

/// Identifiers that many tokens name, so that they name one copy.
struct Shared<T>(Mutex<HashSet<T, ahash::RandomState>>);

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone + Eq + Hash> Shared<T> {
    fn copy(&self, id: T) -> T {
        let mut ids = self.0.lock();
        if let Some(known) = ids.get(&id) {
            return known.clone();
        }
        if ids.len() >= SHARED_IDS {
            ids.clear();
        }
        ids.insert(id.clone());
        id
    }
}

#[derive(Default)]
struct Revoked {
    authorizations: HashSet<Box<str>, ahash::RandomState>,
    tokens: HashSet<TokenHash, ahash::RandomState>,
    order: VecDeque<(Timestamp, Dead)>,
}

enum Dead {
    Authorization(Box<str>),
    Token(TokenHash),
}

impl TokenCache {
    pub(super) fn new() -> Self {
        let tokens = Cache::with(
            CAPACITY,
            CAPACITY as u64,
            quick_cache::UnitWeighter,
            ahash::RandomState::default(),
            quick_cache::sync::DefaultLifecycle::default(),
        );
        Self {
            tokens,
            revoked: RwLock::default(),
            scopes: Mutex::default(),
            accounts: Shared::default(),
            clients: Shared::default(),
            patients: Shared::default(),
        }
    }

    pub(super) fn get(&self, hash: &TokenHash, now: Timestamp) -> Option<Arc<BearerToken>> {
        let kept = self.tokens.get(hash)?;
        if now.since(kept.since) >= KEPT_FOR {
            self.tokens.remove(hash);
            return None;
        }
        let judged = self.judge(hash, kept.token, now);
        if judged.is_none() {
            self.tokens.remove(hash);
        }
        judged
    }

    pub(super) fn keep(&self, hash: TokenHash, token: &Arc<BearerToken>, now: Timestamp) {
        self.tokens.insert(hash, Kept { token: Arc::clone(token), since: now });
    }

    /// The token unless it has expired or was revoked.
    pub(super) fn judge(
        &self,
        hash: &TokenHash,
        token: Arc<BearerToken>,
        now: Timestamp,
    ) -> Option<Arc<BearerToken>> {
        if token.expires_at <= now {
            return None;
        }
        let revoked = self.revoked.read();
        let dead = !revoked.order.is_empty()
            && (revoked.authorizations.contains(token.authorization.as_str())
                || revoked.tokens.contains(hash));
        (!dead).then_some(token)
    }

    pub(super) fn revoke_authorization(&self, id: &str, now: Timestamp) {
        let mut revoked = self.revoked.write();
        revoked.forget(now);
        if revoked.authorizations.insert(id.into()) {
            revoked.order.push_back((now, Dead::Authorization(id.into())));
        }
    }

    pub(super) fn revoke_token(&self, hash: TokenHash, now: Timestamp) {
        let mut revoked = self.revoked.write();
        revoked.forget(now);
        if revoked.tokens.insert(hash) {
            revoked.order.push_back((now, Dead::Token(hash)));
        }
    }

    /// Forgets every token, so that each is read from the database again.
    pub(super) fn clear(&self) {
        self.tokens.clear();
    }

    /// The subject with shared identifiers.
    pub(super) fn shared(&self, subject: Subject) -> Subject {
        Subject {
            actor: match subject.actor {
                Actor::Account(account) => Actor::Account(self.accounts.copy(account)),
                Actor::Practice(practice) => Actor::Practice(practice),
            },
            client: subject.client.map(|client| self.clients.copy(client)),
            patient: subject.patient.map(|patient| self.patients.copy(patient)),
            scopes: subject.scopes,
        }
    }

    /// The scope text shared, and what it parses to.
    pub(super) fn scopes(&self, text: &str) -> (Arc<str>, Arc<ScopeSet>) {
        let mut scopes = self.scopes.lock();
        if let Some((text, parsed)) = scopes.get_key_value(text) {
            return (Arc::clone(text), Arc::clone(parsed));
        }
        if scopes.len() >= SCOPE_TEXTS {
            scopes.clear();
        }
        let (text, parsed) = (Arc::<str>::from(text), Arc::new(ScopeSet::parse(text)));
        scopes.insert(Arc::clone(&text), Arc::clone(&parsed));
        (text, parsed)
    }
}

impl Revoked {
    fn forget(&mut self, now: Timestamp) {
        while self.order.front().is_some_and(|(at, _)| now.since(*at) > REVOKED_FOR) {
            match self.order.pop_front() {
                Some((_, Dead::Authorization(id))) => drop(self.authorizations.remove(&*id)),
                Some((_, Dead::Token(hash))) => drop(self.tokens.remove(&hash)),
                None => {}
            }
        }
    }
}
