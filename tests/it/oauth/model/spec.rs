//! What the model holds true: one list of grants and what hangs on them, without databases, nodes or time that passes by itself.

use std::collections::BTreeSet;

pub type Scope = BTreeSet<String>;

/// Lives in seconds: of a code, an access token, a backend's access token, a refresh token, a session.
pub const CODE: u64 = 60;
pub const ACCESS: u64 = 3600;
pub const BACKEND_ACCESS: u64 = 300;
pub const REFRESH: u64 = 93 * 24 * 3600;
pub const SESSION: u64 = 12 * 3600;
/// Of an assertion as the tests sign it, and how long after it is still taken.
pub const ASSERTION: u64 = 240;
pub const SKEW: u64 = 60;
/// How long a spent code is remembered.
pub const REUSE_WINDOW: u64 = 7 * 24 * 3600;

/// The app that needs no consent, the one that does, and the practice's system.
pub const TRUSTED: usize = 0;
pub const ASKING: usize = 1;
pub const SYSTEM: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    None,
    OtherApp,
    Verifier,
    Redirect,
}

/// Which scope an app asks for.
#[derive(Clone, Copy, Debug)]
pub enum Ask {
    Offline,
    Online,
    Patient,
    Once,
}

impl Ask {
    pub const fn text(self) -> &'static str {
        match self {
            Self::Offline => "openid offline_access user/*.rs",
            Self::Online => "openid online_access user/Patient.rs user/Observation.rs",
            Self::Patient => "launch/patient offline_access patient/*.read",
            Self::Once => "openid user/Patient.rs user/Observation.rs",
        }
    }
}

/// What the user makes of the consent page.
#[derive(Clone, Copy, Debug)]
pub enum Consent {
    Everything,
    /// Observations alone.
    Narrower,
    /// No offline or online access.
    NoRefresh,
    Deny,
}

/// What a refresh asks for.
#[derive(Clone, Copy, Debug)]
pub enum Wish {
    Same,
    Less,
    More,
}

pub fn words(text: &str) -> Scope {
    text.split(' ').map(str::to_owned).collect()
}

/// What is granted of `ask` when the user decides so; `None` when nothing is.
pub fn granted(ask: Ask, consent: Consent) -> Option<Scope> {
    let mut scope = words(ask.text());
    match consent {
        Consent::Everything => {}
        Consent::Deny => return None,
        Consent::NoRefresh => scope.retain(|word| !word.ends_with("line_access")),
        Consent::Narrower => {
            scope.retain(|word| !word.contains('/') || word == "launch/patient");
            scope.insert(observations(ask).to_owned());
        }
    }
    Some(scope)
}

/// Observations, as narrow as the consent page can make `ask`.
pub const fn observations(ask: Ask) -> &'static str {
    match ask {
        Ask::Patient => "patient/Observation.read",
        Ask::Offline | Ask::Online | Ask::Once => "user/Observation.rs",
    }
}

#[derive(Debug)]
pub struct Grant {
    /// `None`: a practice's.
    pub person: Option<usize>,
    pub app: usize,
    pub scope: Scope,
    pub patient: bool,
    pub revoked: bool,
    /// When the session ends that it hangs on; never for a practice's and with `offline_access`.
    pub until: u64,
}

/// A code, an access token, a refresh token or an assertion.
#[derive(Clone, Debug)]
pub struct Handle {
    pub text: String,
    pub grant: usize,
    pub scope: Scope,
    pub until: u64,
    pub spent: bool,
    /// Spent so long ago that it is not known any more.
    pub forgotten: bool,
}

/// What a token request comes to.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With this scope.
    Tokens(Scope),
    Refused(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum App {
    Active,
    Suspended,
    Removed,
}

#[derive(Debug)]
pub struct Model {
    pub now: u64,
    pub people: [bool; 2],
    pub apps: [App; 3],
    pub grants: Vec<Grant>,
    pub codes: Vec<Handle>,
    pub access: Vec<Handle>,
    pub refresh: Vec<Handle>,
    pub assertions: Vec<Handle>,
    /// `id_token`s.
    pub identities: Vec<Handle>,
}

impl Model {
    pub fn new() -> Self {
        Self {
            now: 0,
            people: [true; 2],
            apps: [App::Active; 3],
            grants: Vec::new(),
            codes: Vec::new(),
            access: Vec::new(),
            refresh: Vec::new(),
            assertions: Vec::new(),
            identities: Vec::new(),
        }
    }

    pub fn is_active(&self, app: usize) -> bool {
        self.apps[app] == App::Active
    }

    fn may_act(&self, person: Option<usize>) -> bool {
        person.is_none_or(|person| self.people[person])
    }

    pub fn handle(&self, text: &str, grant: usize, scope: Scope, life: u64) -> Handle {
        Handle { text: text.to_owned(), grant, scope, until: self.now + life, spent: false, forgotten: false }
    }

    pub fn exchange(&mut self, code: usize, app: usize, flaw: Flaw) -> Outcome {
        if !self.is_active(app) {
            return Outcome::Refused("invalid_client");
        }
        let Handle { grant, until, forgotten, .. } = self.codes[code];
        if forgotten {
            return Outcome::Refused("invalid_grant");
        }
        let first = !std::mem::replace(&mut self.codes[code].spent, true);
        let may_act = self.may_act(self.grants[grant].person);
        let grant = &mut self.grants[grant];
        if !first {
            grant.revoked = true;
        } else if self.now < until && !grant.revoked {
            if flaw == Flaw::None && may_act {
                return Outcome::Tokens(grant.scope.clone());
            }
            grant.revoked = true;
        }
        Outcome::Refused("invalid_grant")
    }

    /// Whether the refresh token could be exchanged now.
    pub fn can_refresh(&self, token: &Handle) -> bool {
        let grant = &self.grants[token.grant];
        self.is_live(token) && self.now < grant.until
    }

    pub fn refresh(&mut self, token: usize, app: usize, wish: Wish) -> Outcome {
        const REFUSED: Outcome = Outcome::Refused("invalid_grant");
        if !self.is_active(app) {
            return Outcome::Refused("invalid_client");
        }
        let handle = self.refresh[token].clone();
        let grant = &mut self.grants[handle.grant];
        if grant.app != app {
            return REFUSED;
        }
        if handle.spent {
            grant.revoked = true;
            return REFUSED;
        }
        if self.now >= handle.until || grant.revoked {
            self.refresh[token].spent = true;
            return REFUSED;
        }
        let scope = match wish {
            Wish::Same => grant.scope.clone(),
            Wish::Less => grant.scope.iter().rev().take(1).cloned().collect(),
            Wish::More => return Outcome::Refused("invalid_scope"),
        };
        if !self.can_refresh(&handle) {
            return REFUSED;
        }
        self.refresh[token].spent = true;
        Outcome::Tokens(scope)
    }

    pub fn backend(&mut self, assertion: usize) -> Outcome {
        let assertion = &mut self.assertions[assertion];
        if self.apps[SYSTEM] != App::Active || self.now >= assertion.until {
            return Outcome::Refused("invalid_client");
        }
        if std::mem::replace(&mut assertion.spent, true) {
            return Outcome::Refused("invalid_client");
        }
        Outcome::Tokens(words("system/Patient.rs"))
    }

    /// Whether an access or refresh token counts, apart from who must be signed in.
    pub fn is_live(&self, token: &Handle) -> bool {
        let grant = &self.grants[token.grant];
        !token.spent
            && self.now < token.until
            && !grant.revoked
            && self.may_act(grant.person)
            && self.is_active(grant.app)
    }

    /// Whether there is such an app.
    pub fn set_app(&mut self, app: usize, active: bool) -> bool {
        if self.apps[app] == App::Removed {
            return false;
        }
        self.apps[app] = if active { App::Active } else { App::Suspended };
        true
    }

    pub fn remove(&mut self, app: usize) {
        self.apps[app] = App::Removed;
        for grant in self.grants.iter_mut().filter(|grant| grant.app == app) {
            grant.revoked = true;
        }
    }

    /// The person signs out everywhere.
    pub fn sign_out(&mut self, person: usize) {
        let hangs = |grant: &&mut Grant| grant.person == Some(person) && grant.until < u64::MAX;
        self.grants.iter_mut().filter(hangs).for_each(|grant| grant.revoked = true);
    }

    pub fn sweep(&mut self) {
        for code in self.codes.iter_mut().filter(|code| code.until + REUSE_WINDOW < self.now) {
            code.forgotten = true;
        }
    }
}
