//! Carries out the steps against servers, and compares.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chartgate::credentials::signing::{SigningAlgorithm, SigningKey};
use chartgate::domain::account::AccountState;
use chartgate::domain::client::{Client, ClientState};
use chartgate::domain::ids::AccountId;
use serde_json::Value;

use super::super::harness::{
    Answer, Browser, Server, backend, borrowed, confidential, exchange, public, request, set,
};
use super::super::signing::{ClientKey, JWT_BEARER};
use super::Step;
use super::spec::{
    ACCESS, ASKING, ASSERTION, Ask, BACKEND_ACCESS, CODE, Consent, Flaw, Grant, Handle, Model, Outcome,
    REFRESH, SESSION, SKEW, SYSTEM, Scope, TRUSTED, Wish, granted, observations, words,
};
use crate::support::databases::Kind;

pub(super) const PEOPLE: [&str; 2] = ["ana", "ben"];
pub(super) const APPS: [&str; 3] = ["trusted", "asking", "system"];
const SECRET: &str = "s3cret";

pub struct World {
    /// Several processes over one database.
    pub(super) nodes: Vec<Server>,
    apps: [Client; 3],
    key: ClientKey,
    pub(super) model: Model,
    pub(super) count: usize,
    /// The keys that sign and signed, the one that signs first, each with when it stopped.
    signing: Vec<(Arc<SigningKey>, u64)>,
}

/// Keys to rotate among: making them takes time.
fn spare_keys() -> &'static [Arc<SigningKey>] {
    static KEYS: OnceLock<Vec<Arc<SigningKey>>> = OnceLock::new();
    KEYS.get_or_init(|| {
        (0..3).map(|_| Arc::new(SigningKey::generate(SigningAlgorithm::Rs256).unwrap())).collect()
    })
}

fn account(person: usize) -> AccountId {
    AccountId::parse(PEOPLE[person]).unwrap()
}

fn authenticated(app: usize, fields: &[(String, String)]) -> Vec<(String, String)> {
    set(fields, "client_secret", if app == ASKING { SECRET } else { "" })
}

pub(super) fn pick(list: &[Handle], number: usize) -> Option<usize> {
    (!list.is_empty()).then(|| number % list.len())
}

impl World {
    pub async fn new(kind: Kind, nodes: usize) -> Self {
        let first = Server::on(kind).await;
        let key = ClientKey::new(SigningAlgorithm::Es384);
        let apps = [
            Client { trusted: true, ..public(APPS[TRUSTED]) },
            confidential(APPS[ASKING], SECRET),
            backend(APPS[SYSTEM], &key.jwks()),
        ];
        for app in &apps {
            first.add(app.clone()).await;
        }
        first.add(confidential("auditor", "s")).await;
        let mut all = vec![first];
        while all.len() < nodes {
            all.push(all[0].other().await);
        }
        let first = all[0].keys.active().unwrap();
        Self { nodes: all, apps, key, model: Model::new(), count: 0, signing: vec![(first, u64::MAX)] }
    }

    /// The node that the next request goes to, up to date with what others did.
    pub(super) async fn node(&self) -> &Server {
        let node = &self.nodes[self.count % self.nodes.len()];
        node.store.refresh().await.unwrap();
        node
    }

    /// One step on one node, and then everything that was given is looked at from the next.
    pub async fn step(&mut self, node: usize, step: &Step) {
        self.count = node;
        self.act(step).await;
        self.count += 1;
        self.check(6).await;
    }

    async fn act(&mut self, step: &Step) {
        match *step {
            Step::Authorize { person, app, ask, consent } => self.authorize(person, app, ask, consent).await,
            Step::Exchange { code, flaw } => {
                if let Some(code) = pick(&self.model.codes, code) {
                    self.exchange(code, flaw).await;
                }
            }
            Step::Refresh { token, other_app, wish } => {
                if let Some(token) = pick(&self.model.refresh, token) {
                    self.refresh(token, other_app, wish).await;
                }
            }
            Step::Backend { again } => self.backend(again).await,
            Step::RevokeAccess { token, other_app } => {
                if let Some(token) = pick(&self.model.access, token) {
                    let handle = self.model.access[token].clone();
                    let app = self.app_of(&handle, other_app);
                    self.revoke(app, &handle.text).await;
                    let owner = self.model.grants[handle.grant].app;
                    self.model.access[token].spent |= self.model.is_active(app) && app == owner;
                }
            }
            Step::RevokeRefresh { token, other_app } => {
                if let Some(token) = pick(&self.model.refresh, token) {
                    let handle = self.model.refresh[token].clone();
                    let app = self.app_of(&handle, other_app);
                    self.revoke(app, &handle.text).await;
                    let active = self.model.is_active(app);
                    let grant = &mut self.model.grants[handle.grant];
                    grant.revoked |= active && app == grant.app;
                }
            }
            Step::UserRevokes { person, app } => {
                let (account, client) = (account(person), &self.apps[app].id);
                self.node().await.store.revoke_authorizations_of(&account, Some(client)).await.unwrap();
                let its = |g: &&mut Grant| g.person == Some(person) && g.app == app;
                self.model.grants.iter_mut().filter(its).for_each(|grant| grant.revoked = true);
            }
            Step::SetAccount { person, active } => {
                let state = if active { AccountState::Active } else { AccountState::Suspended };
                self.node().await.store.set_account_state(&account(person), state).await.unwrap();
                self.model.people[person] = active;
            }
            Step::SetApp { app, active } => {
                let state = if active { ClientState::Active } else { ClientState::Suspended };
                let is_there =
                    self.node().await.store.set_client_state(&self.apps[app].id, state).await.unwrap();
                assert_eq!(is_there, self.model.set_app(app, active));
            }
            Step::RemoveApp { app } => {
                self.node().await.store.remove_client(&self.apps[app].id).await.unwrap();
                self.model.remove(app);
            }
            Step::SignOut { person } => {
                self.node().await.store.delete_sessions_of(&account(person)).await.unwrap();
                self.model.sign_out(person);
            }
            Step::RotateKeys => self.rotate(),
            Step::Sweep => {
                // One process alone sweeps at a time.
                self.nodes[0].store.sweep().await.unwrap();
                self.model.sweep();
            }
            Step::Wait(seconds) => {
                self.nodes[0].clock.advance(Duration::from_secs(seconds));
                self.model.now += seconds;
            }
        }
    }

    /// Another key signs from now on. Those before it are published for as long as what they signed lives.
    fn rotate(&mut self) {
        let now = self.model.now;
        self.signing[0].1 = now;
        self.signing.retain(|(_, stopped)| stopped + ACCESS > now);
        let is_out = |key: &&Arc<SigningKey>| !self.signing.iter().any(|(k, _)| k.kid() == key.kid());
        let next = spare_keys().iter().find(is_out).cloned();
        // With every key in use the oldest signs again.
        let next = next.unwrap_or_else(|| self.signing.pop().unwrap().0);
        self.signing.insert(0, (next, u64::MAX));
        let keys = self.signing.iter().map(|(key, _)| Arc::clone(key)).collect();
        self.nodes[0].keys.replace(keys);
    }

    /// The app whose the handle is, or another.
    fn app_of(&self, handle: &Handle, other: bool) -> usize {
        match (self.model.grants[handle.grant].app, other) {
            (own, false) => own,
            (TRUSTED, true) => ASKING,
            (_, true) => TRUSTED,
        }
    }

    async fn authorize(&mut self, person: usize, app: usize, ask: Ask, consent: Consent) {
        let browser = self.node().await.signed_in(PEOPLE[person]).await;
        let answer = browser.authorize(&borrowed(&request(&self.apps[app], ask.text()))).await;
        if !self.model.is_active(app) {
            assert_eq!(answer.status.as_u16(), 400, "a suspended app gets a page");
            return;
        }
        if !self.model.people[person] {
            assert!(answer.location().starts_with("/sign-in"), "a suspended account has no session");
            return;
        }
        let consent = if app == TRUSTED { Consent::Everything } else { consent };
        let answer = decide(&browser, answer, app, ask, consent).await;
        match granted(ask, consent) {
            None => assert_eq!(answer.app_error(), "access_denied"),
            Some(scope) => {
                let grant = self.model.grants.len();
                let code = self.model.handle(&answer.code(), grant, scope.clone(), CODE);
                self.model.codes.push(code);
                let patient = matches!(ask, Ask::Patient);
                let offline = scope.contains("offline_access");
                let until = if offline { u64::MAX } else { self.model.now + SESSION };
                let grant = Grant { person: Some(person), app, scope, patient, revoked: false, until };
                self.model.grants.push(grant);
            }
        }
    }

    async fn exchange(&mut self, code: usize, flaw: Flaw) {
        let handle = &self.model.codes[code];
        let (grant, app) = (handle.grant, self.app_of(handle, flaw == Flaw::OtherApp));
        let mut fields = authenticated(app, &exchange(&self.apps[app], &handle.text));
        match flaw {
            Flaw::Verifier => fields = set(&fields, "code_verifier", &"x".repeat(43)),
            Flaw::Redirect => fields = set(&fields, "redirect_uri", "https://app.example/other"),
            Flaw::None | Flaw::OtherApp => {}
        }
        let answer = self.node().await.token(&borrowed(&fields)).await;
        let expected = self.model.exchange(code, app, flaw);
        self.compare(grant, &answer, expected);
    }

    async fn refresh(&mut self, token: usize, other_app: bool, wish: Wish) {
        let handle = &self.model.refresh[token];
        let (grant, app) = (handle.grant, self.app_of(handle, other_app));
        let less = self.model.grants[grant].scope.last().cloned().unwrap_or_default();
        let scope = match wish {
            Wish::Same => "",
            Wish::Less => less.as_str(),
            Wish::More => "openid system/Patient.rs",
        };
        let fields =
            [("grant_type", "refresh_token"), ("client_id", APPS[app]), ("refresh_token", &handle.text)];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let fields = set(&authenticated(app, &fields), "scope", scope);
        let answer = self.node().await.token(&borrowed(&fields)).await;
        let expected = self.model.refresh(token, app, wish);
        self.compare(grant, &answer, expected);
    }

    /// A practice's system asks for a token: with a new assertion, or with one that it used or tried before.
    async fn backend(&mut self, again: Option<usize>) {
        let assertion = if let Some(old) = again.and_then(|again| pick(&self.model.assertions, again)) {
            old
        } else {
            let number = self.model.assertions.len();
            let text = self.key.assertion(&self.nodes[0], APPS[SYSTEM], &format!("j-{number}"));
            let handle = self.model.handle(&text, usize::MAX, Scope::new(), ASSERTION + SKEW);
            self.model.assertions.push(handle);
            number
        };
        let fields = [
            ("grant_type", "client_credentials"),
            ("scope", "system/Patient.rs"),
            ("client_assertion_type", JWT_BEARER),
            ("client_assertion", &self.model.assertions[assertion].text),
        ];
        let answer = self.node().await.token(&fields).await;
        match self.model.backend(assertion) {
            Outcome::Refused(error) => assert_eq!(answer.error().1, error),
            Outcome::Tokens(scope) => {
                let body = answer.ok();
                let grant = self.model.grants.len();
                let token = body["access_token"].as_str().unwrap();
                let token = self.model.handle(token, grant, scope.clone(), BACKEND_ACCESS);
                self.model.access.push(token);
                let app = SYSTEM;
                let until = u64::MAX;
                let grant = Grant { person: None, app, scope, patient: false, revoked: false, until };
                self.model.grants.push(grant);
                assert!(body["refresh_token"].is_null());
            }
        }
    }

    fn compare(&mut self, grant: usize, answer: &Answer, expected: Outcome) {
        match expected {
            Outcome::Refused(error) => assert_eq!(answer.error().1, error),
            Outcome::Tokens(scope) => self.take(grant, &answer.ok(), scope),
        }
    }

    fn take(&mut self, grant: usize, tokens: &Value, scope: Scope) {
        let authorized = &self.model.grants[grant];
        assert_eq!(words(tokens["scope"].as_str().unwrap()), scope);
        assert_eq!(tokens["patient"].is_string(), authorized.patient);
        assert_eq!(tokens["id_token"].is_string(), scope.contains("openid"));
        let whole = authorized.scope.clone();
        let can_refresh = whole.iter().any(|word| word.ends_with("line_access"));
        assert_eq!(tokens["refresh_token"].is_string(), can_refresh);
        let text = |name: &str| tokens[name].as_str().unwrap_or_default();
        let life = ACCESS.min(authorized.until - self.model.now);
        assert_eq!(tokens["expires_in"], life);
        let access = self.model.handle(text("access_token"), grant, scope, life);
        self.model.access.push(access);
        if let Some(id_token) = tokens["id_token"].as_str() {
            let id_token = self.model.handle(id_token, grant, Scope::new(), ACCESS);
            self.model.identities.push(id_token);
        }
        if can_refresh {
            let refresh = self.model.handle(text("refresh_token"), grant, whole, REFRESH);
            self.model.refresh.push(refresh);
        }
    }

    async fn revoke(&self, app: usize, token: &str) {
        let mut fields = vec![("client_id", APPS[app]), ("token", token)];
        let assertion =
            self.key.assertion(&self.nodes[0], APPS[SYSTEM], &format!("r-{token}-{}", self.model.now));
        match app {
            ASKING => fields.push(("client_secret", SECRET)),
            SYSTEM => {
                fields.extend([("client_assertion_type", JWT_BEARER), ("client_assertion", &assertion)]);
            }
            _ => {}
        }
        let answer = self.node().await.form("/oauth/revoke", &[], &fields).await;
        if !self.model.is_active(app) {
            assert_eq!(answer.error().1, "invalid_client");
        }
    }
}

/// Through our pages: picks Mia where a patient is asked for, and decides on the consent page.
async fn decide(browser: &Browser<'_>, answer: Answer, app: usize, ask: Ask, consent: Consent) -> Answer {
    let mut page = browser.settle(answer).await;
    if matches!(ask, Ask::Patient) {
        page = browser.pick(&page, "mia").await;
    }
    if app == TRUSTED {
        return page;
    }
    let form = page.form_to("/oauth/authorize/consent");
    let form = match consent {
        Consent::Everything => form.with("decision", "allow"),
        Consent::Deny => form.with("decision", "deny"),
        Consent::NoRefresh => {
            let form = form.without("scope", "offline_access").without("scope", "online_access");
            form.with("decision", "allow")
        }
        Consent::Narrower => {
            let form = match ask {
                Ask::Offline => form.with("kind", &format!("user/*.rs {}", observations(ask))),
                Ask::Patient => form.with("kind", &format!("patient/*.read {}", observations(ask))),
                Ask::Online | Ask::Once => form.without("scope", "user/Patient.rs"),
            };
            form.with("decision", "allow")
        }
    };
    browser.submit(&form).await
}
