//! Random histories of authorize, exchange, refresh, replay, revoke, suspend and wait, against a model that is simple enough
//! to be seen right. After every step each access token that was ever given is as alive as the model says.

use std::time::Duration;

use chartgate::domain::account::AccountState;
use chartgate::domain::client::{Client, ClientState};
use chartgate::domain::ids::AccountId;
use proptest::prelude::*;
use serde_json::Value;

use super::harness::{Server, borrowed, confidential, exchange, public, request, set};

const SCOPE: &str = "openid offline_access user/*.rs";
const PEOPLE: [&str; 2] = ["ana", "ben"];
const APPS: [&str; 2] = ["one", "two"];

/// Lives in seconds: of a code, an access token, a refresh token.
const CODE: u64 = 60;
const ACCESS: u64 = 3600;
const REFRESH: u64 = 93 * 24 * 3600;

#[derive(Clone, Copy, Debug)]
enum Flaw {
    None,
    OtherApp,
    Verifier,
    Redirect,
}

/// Numbers choose among what there is at that point, whatever it is.
#[derive(Clone, Debug)]
enum Step {
    Authorize { person: usize, app: usize },
    Exchange { code: usize, flaw: Flaw },
    Refresh { token: usize, other_app: bool },
    RevokeAccess { token: usize, other_app: bool },
    RevokeRefresh { token: usize, other_app: bool },
    UserRevokes { person: usize, app: usize },
    SetAccount { person: usize, active: bool },
    SetApp { app: usize, active: bool },
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let flaw = prop_oneof![
        6 => Just(Flaw::None),
        1 => Just(Flaw::OtherApp),
        1 => Just(Flaw::Verifier),
        1 => Just(Flaw::Redirect),
    ];
    let any = 0..1000_usize;
    let rarely = prop::bool::weighted(0.15);
    let mostly = prop::bool::weighted(0.7);
    let two = 0..2_usize;
    let wait = prop_oneof![4 => Just(20), 3 => Just(61), 2 => Just(1900), 1 => Just(50 * 24 * 3600)];
    let step = prop_oneof![
        5 => (two.clone(), two.clone()).prop_map(|(person, app)| Step::Authorize { person, app }),
        8 => (any.clone(), flaw).prop_map(|(code, flaw)| Step::Exchange { code, flaw }),
        6 => (any.clone(), rarely).prop_map(|(token, other_app)| Step::Refresh { token, other_app }),
        1 => (any.clone(), rarely).prop_map(|(token, other_app)| Step::RevokeAccess { token, other_app }),
        1 => (any, rarely).prop_map(|(token, other_app)| Step::RevokeRefresh { token, other_app }),
        1 => (two.clone(), two.clone()).prop_map(|(person, app)| Step::UserRevokes { person, app }),
        1 => (two.clone(), mostly).prop_map(|(person, active)| Step::SetAccount { person, active }),
        1 => (two, mostly).prop_map(|(app, active)| Step::SetApp { app, active }),
        4 => wait.prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..60)
}

#[derive(Debug)]
struct Grant {
    person: usize,
    app: usize,
    revoked: bool,
}

/// A code, an access token or a refresh token.
#[derive(Debug)]
struct Handle {
    text: String,
    grant: usize,
    until: u64,
    spent: bool,
}

/// What the model holds true.
#[derive(Debug)]
struct Model {
    now: u64,
    people: [bool; 2],
    apps: [bool; 2],
    grants: Vec<Grant>,
    codes: Vec<Handle>,
    access: Vec<Handle>,
    refresh: Vec<Handle>,
}

/// What a token request comes to.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Tokens,
    Refused(&'static str),
}

impl Model {
    fn new() -> Self {
        Self {
            now: 0,
            people: [true; 2],
            apps: [true; 2],
            grants: Vec::new(),
            codes: Vec::new(),
            access: Vec::new(),
            refresh: Vec::new(),
        }
    }

    fn exchange(&mut self, code: usize, app: usize, flaw: Flaw) -> Outcome {
        if !self.apps[app] {
            return Outcome::Refused("invalid_client");
        }
        let (now, people) = (self.now, self.people);
        let code = &mut self.codes[code];
        let grant = &mut self.grants[code.grant];
        let first = !std::mem::replace(&mut code.spent, true);
        if !first {
            grant.revoked = true;
        } else if now < code.until && !grant.revoked {
            if matches!(flaw, Flaw::None) && people[grant.person] {
                return Outcome::Tokens;
            }
            grant.revoked = true;
        }
        Outcome::Refused("invalid_grant")
    }

    fn refresh(&mut self, token: usize, app: usize) -> Outcome {
        if !self.apps[app] {
            return Outcome::Refused("invalid_client");
        }
        let (now, people) = (self.now, self.people);
        let token = &mut self.refresh[token];
        let grant = &mut self.grants[token.grant];
        let live = !token.spent && now < token.until && !grant.revoked;
        if grant.app != app || (live && !people[grant.person]) {
            return Outcome::Refused("invalid_grant");
        }
        if std::mem::replace(&mut token.spent, true) {
            grant.revoked = true;
        }
        if live { Outcome::Tokens } else { Outcome::Refused("invalid_grant") }
    }

    fn take(&mut self, grant: usize, tokens: &Value) {
        let handle = |name: &str, life: u64| Handle {
            text: tokens[name].as_str().unwrap().to_owned(),
            grant,
            until: self.now + life,
            spent: false,
        };
        let (access, refresh) = (handle("access_token", ACCESS), handle("refresh_token", REFRESH));
        self.access.push(access);
        self.refresh.push(refresh);
    }

    fn is_live(&self, token: &Handle) -> bool {
        let grant = &self.grants[token.grant];
        !token.spent
            && self.now < token.until
            && !grant.revoked
            && self.people[grant.person]
            && self.apps[grant.app]
    }
}

struct World {
    server: Server,
    apps: [Client; 2],
    model: Model,
}

impl World {
    async fn new() -> Self {
        let server = Server::start().await;
        let mut apps = Vec::new();
        for id in APPS {
            apps.push(server.add(Client { trusted: true, ..public(id) }).await);
        }
        server.add(confidential("auditor", "s")).await;
        Self { server, apps: apps.try_into().unwrap(), model: Model::new() }
    }

    fn pick(list: &[Handle], number: usize) -> Option<usize> {
        (!list.is_empty()).then(|| number % list.len())
    }

    async fn step(&mut self, step: &Step) {
        match *step {
            Step::Authorize { person, app } => self.authorize(person, app).await,
            Step::Exchange { code, flaw } => {
                if let Some(code) = Self::pick(&self.model.codes, code) {
                    self.exchange(code, flaw).await;
                }
            }
            Step::Refresh { token, other_app } => {
                if let Some(token) = Self::pick(&self.model.refresh, token) {
                    self.refresh(token, other_app).await;
                }
            }
            Step::RevokeAccess { token, other_app } => {
                if let Some(token) = Self::pick(&self.model.access, token) {
                    let handle = &self.model.access[token];
                    let (app, text) = (self.app_of(handle, other_app), handle.text.clone());
                    self.revoke(app, &text).await;
                    let owner = self.model.grants[self.model.access[token].grant].app;
                    self.model.access[token].spent |= self.model.apps[app] && app == owner;
                }
            }
            Step::RevokeRefresh { token, other_app } => {
                if let Some(token) = Self::pick(&self.model.refresh, token) {
                    let handle = &self.model.refresh[token];
                    let (app, text) = (self.app_of(handle, other_app), handle.text.clone());
                    self.revoke(app, &text).await;
                    let active = self.model.apps[app];
                    let grant = &mut self.model.grants[self.model.refresh[token].grant];
                    grant.revoked |= active && app == grant.app;
                }
            }
            Step::UserRevokes { person, app } => {
                let (account, client) = (account(person), &self.apps[app].id);
                self.server.store.revoke_authorizations_of(&account, Some(client)).await.unwrap();
                for grant in self.model.grants.iter_mut().filter(|g| g.person == person && g.app == app) {
                    grant.revoked = true;
                }
            }
            Step::SetAccount { person, active } => {
                let state = if active { AccountState::Active } else { AccountState::Suspended };
                self.server.store.set_account_state(&account(person), state).await.unwrap();
                self.model.people[person] = active;
            }
            Step::SetApp { app, active } => {
                let state = if active { ClientState::Active } else { ClientState::Suspended };
                self.server.store.set_client_state(&self.apps[app].id, state).await.unwrap();
                self.model.apps[app] = active;
            }
            Step::Wait(seconds) => {
                self.server.clock.advance(Duration::from_secs(seconds));
                self.model.now += seconds;
            }
        }
    }

    fn app_of(&self, handle: &Handle, other: bool) -> usize {
        let own = self.model.grants[handle.grant].app;
        if other { 1 - own } else { own }
    }

    async fn authorize(&mut self, person: usize, app: usize) {
        let browser = self.server.signed_in(PEOPLE[person]).await;
        let answer = browser.authorize(&borrowed(&request(&self.apps[app], SCOPE))).await;
        if !self.model.apps[app] {
            assert_eq!(answer.status.as_u16(), 400, "a suspended app gets a page");
        } else if self.model.people[person] {
            let grant = self.model.grants.len();
            self.model.grants.push(Grant { person, app, revoked: false });
            let until = self.model.now + CODE;
            self.model.codes.push(Handle { text: answer.code(), grant, until, spent: false });
        } else {
            assert!(answer.location().starts_with("/sign-in"), "a suspended account has no session");
        }
    }

    async fn exchange(&mut self, code: usize, flaw: Flaw) {
        let handle = &self.model.codes[code];
        let (grant, app) = (handle.grant, self.app_of(handle, matches!(flaw, Flaw::OtherApp)));
        let mut fields = exchange(&self.apps[app], &handle.text);
        match flaw {
            Flaw::Verifier => fields = set(&fields, "code_verifier", &"x".repeat(43)),
            Flaw::Redirect => fields = set(&fields, "redirect_uri", "https://app.example/other"),
            Flaw::None | Flaw::OtherApp => {}
        }
        let answer = self.server.token(&borrowed(&fields)).await;
        let expected = self.model.exchange(code, app, flaw);
        self.compare(grant, &answer, &expected);
    }

    async fn refresh(&mut self, token: usize, other_app: bool) {
        let handle = &self.model.refresh[token];
        let (grant, app) = (handle.grant, self.app_of(handle, other_app));
        let text = handle.text.clone();
        let fields = [("grant_type", "refresh_token"), ("client_id", APPS[app]), ("refresh_token", &text)];
        let answer = self.server.token(&fields).await;
        let expected = self.model.refresh(token, app);
        self.compare(grant, &answer, &expected);
    }

    fn compare(&mut self, grant: usize, answer: &super::harness::Answer, expected: &Outcome) {
        match expected {
            Outcome::Tokens => self.model.take(grant, &answer.ok()),
            Outcome::Refused(error) => assert_eq!(answer.error().1, *error),
        }
    }

    async fn revoke(&self, app: usize, token: &str) {
        let fields = [("client_id", APPS[app]), ("token", token)];
        let answer = self.server.form("/oauth/revoke", &[], &fields).await;
        if !self.model.apps[app] {
            assert_eq!(answer.error().1, "invalid_client");
        }
    }

    /// Every access token is as alive as the model says.
    async fn check(&self) {
        for token in &self.model.access {
            let fields = [("client_id", "auditor"), ("client_secret", "s"), ("token", token.text.as_str())];
            let said = self.server.form("/oauth/introspect", &[], &fields).await.ok();
            assert_eq!(
                said["active"],
                self.model.is_live(token),
                "{token:?} {:?}",
                self.model.grants[token.grant]
            );
        }
    }
}

fn account(person: usize) -> AccountId {
    AccountId::parse(PEOPLE[person]).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_ends_as_the_model_says(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            for step in &steps {
                world.step(step).await;
                world.check().await;
            }
        });
    }
}
