//! SMART Backend Services: `client_credentials` with a signed assertion, and the tokens that come of it.

use std::collections::HashMap;
use std::time::Duration;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::clock::{SharedClock, Timestamp};
use crate::domain::random::SharedRandom;
use crate::sandbox::hospital::kind::Kind;

/// Life of an access token.
pub const TOKEN_LIFE: Duration = Duration::from_mins(5);
/// An assertion may not live longer than this (SMART Backend Services).
const ASSERTION_LIFE: Duration = Duration::from_mins(5);
/// How far clocks may differ.
const SKEW: Duration = Duration::from_secs(10);

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client that may ask for tokens.
#[derive(Clone, Debug)]
pub struct BackendClient {
    /// Its id: `iss` and `sub` of its assertions.
    pub client_id: String,
    /// Its public keys.
    pub jwks: JwkSet,
    /// The widest scope that it gets, such as `system/*.rs`.
    pub scope: String,
}

/// The form of a token request. Fields that are absent are empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TokenForm {
    grant_type: String,
    scope: String,
    client_assertion_type: String,
    client_assertion: String,
}

/// An OAuth error (RFC 6749, 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenError(pub &'static str, pub &'static str);

impl TokenError {
    /// HTTP status.
    pub fn status(self) -> StatusCode {
        if self.0 == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST }
    }

    /// Body.
    pub fn body(self) -> Value {
        json!({ "error": self.0, "error_description": self.1 })
    }
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    exp: i64,
    jti: String,
    #[serde(default)]
    nbf: Option<i64>,
}

#[derive(Debug)]
struct Granted {
    scope: Vec<Scope>,
    until: Timestamp,
}

/// What a token may do with a type.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Scope {
    kind: Option<Kind>,
    read: bool,
    search: bool,
}

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Reads by id, with versions and history.
    Read,
    /// Searches.
    Search,
}

/// The token endpoint and the tokens in force.
#[derive(Debug)]
pub struct Tokens {
    clients: Vec<BackendClient>,
    audience: String,
    clock: SharedClock,
    random: SharedRandom,
    live: Mutex<HashMap<String, Granted>>,
    used: Mutex<HashMap<String, Timestamp>>,
}

impl Tokens {
    /// For `clients`; `audience` is the token endpoint's URL.
    pub fn new(
        clients: Vec<BackendClient>,
        audience: String,
        clock: SharedClock,
        random: SharedRandom,
    ) -> Self {
        Self { clients, audience, clock, random, live: Mutex::default(), used: Mutex::default() }
    }

    /// Answers a token request.
    pub fn grant(&self, form: &TokenForm) -> Result<Value, TokenError> {
        if form.grant_type != "client_credentials" {
            return Err(TokenError("unsupported_grant_type", "Only client_credentials is supported."));
        }
        if form.client_assertion_type != ASSERTION_TYPE {
            return Err(TokenError("invalid_client", "client_assertion_type is missing or wrong."));
        }
        let client = self.authenticate(&form.client_assertion)?;
        let scope = granted_scope(&form.scope, &client.scope);
        if scope.is_empty() {
            return Err(TokenError("invalid_scope", "None of the scopes may be granted."));
        }
        let token = self.mint();
        let now = self.clock.now();
        let mut live = self.live.lock();
        live.retain(|_, granted| granted.until > now);
        let parsed = scope.iter().filter_map(|text| parse_scope(text)).collect();
        live.insert(token.clone(), Granted { scope: parsed, until: now.plus(TOKEN_LIFE) });
        Ok(json!({
            "access_token": token,
            "token_type": "bearer",
            "expires_in": TOKEN_LIFE.as_secs(),
            "scope": scope.join(" ")
        }))
    }

    fn authenticate(&self, assertion: &str) -> Result<&BackendClient, TokenError> {
        let refuse = |why| TokenError("invalid_client", why);
        let header =
            jsonwebtoken::decode_header(assertion).map_err(|_| refuse("The assertion is not a JWT."))?;
        if !matches!(header.alg, Algorithm::ES384 | Algorithm::RS384) {
            return Err(refuse("The assertion must be signed with ES384 or RS384."));
        }
        let claims: Claims = jsonwebtoken::dangerous::insecure_decode_claims(assertion)
            .ok()
            .ok_or(refuse("The assertion lacks iss, sub, exp or jti."))?;
        let client =
            self.clients.iter().find(|c| c.client_id == claims.iss).ok_or(refuse("Unknown client."))?;
        if claims.sub != claims.iss {
            return Err(refuse("iss and sub must both be the client id."));
        }
        let kid = header.kid.ok_or(refuse("The assertion's header has no kid."))?;
        let jwk = client.jwks.find(&kid).ok_or(refuse("Unknown key."))?;
        let key = DecodingKey::from_jwk(jwk).map_err(|_| refuse("The key cannot be used."))?;
        let mut validation = Validation::new(header.alg);
        validation.validate_exp = false;
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
        jsonwebtoken::decode::<Value>(assertion, &key, &validation)
            .map_err(|_| refuse("The signature or the audience is wrong."))?;
        self.fresh(&claims).map_err(refuse)?;
        Ok(client)
    }

    fn fresh(&self, claims: &Claims) -> Result<(), &'static str> {
        let now = self.clock.now();
        let expires = Timestamp::from_millis(claims.exp.saturating_mul(1000));
        if expires.plus(SKEW) <= now {
            return Err("The assertion has expired.");
        }
        if expires > now.plus(ASSERTION_LIFE).plus(SKEW) {
            return Err("The assertion lives longer than five minutes.");
        }
        if claims.nbf.is_some_and(|nbf| Timestamp::from_millis(nbf.saturating_mul(1000)) > now.plus(SKEW)) {
            return Err("The assertion is not valid yet.");
        }
        if claims.jti.is_empty() {
            return Err("The assertion has no jti.");
        }
        let mut used = self.used.lock();
        used.retain(|_, until| *until > now);
        let seen = used.insert(format!("{}\n{}", claims.iss, claims.jti), expires.plus(SKEW));
        if seen.is_some() { Err("The assertion was used before.") } else { Ok(()) }
    }

    fn mint(&self) -> String {
        let mut bytes = [0_u8; 32];
        self.random.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Whether `token` is in force, and if so whether it may do `act` on `kind`.
    pub fn allows(&self, token: &str, act: Act, kind: Kind) -> Option<bool> {
        let live = self.live.lock();
        let granted = live.get(token).filter(|granted| granted.until > self.clock.now())?;
        let fits = granted.scope.iter().any(|scope| {
            scope.kind.is_none_or(|only| only == kind)
                && match act {
                    Act::Read => scope.read,
                    Act::Search => scope.search,
                }
        });
        Some(fits)
    }

    /// Forgets every token, as after a restart.
    pub fn forget(&self) {
        self.live.lock().clear();
    }
}

/// Those of the asked scopes that lie within the client's.
fn granted_scope(asked: &str, allowed: &str) -> Vec<String> {
    let allowed: Vec<Scope> = allowed.split_whitespace().filter_map(parse_scope).collect();
    let fits = |scope: &Scope| {
        allowed.iter().any(|wide| {
            wide.kind.is_none_or(|kind| scope.kind == Some(kind))
                && (wide.read || !scope.read)
                && (wide.search || !scope.search)
        })
    };
    let asked = asked.split_whitespace();
    asked.filter(|text| parse_scope(text).is_some_and(|scope| fits(&scope))).map(str::to_owned).collect()
}

fn parse_scope(text: &str) -> Option<Scope> {
    let (kind, acts) = text.strip_prefix("system/")?.split_once('.')?;
    let kind = if kind == "*" { None } else { Some(Kind::parse(kind)?) };
    let (read, search) = match acts {
        "read" | "rs" => (true, true),
        "r" => (true, false),
        "s" => (false, true),
        _ => return None,
    };
    Some(Scope { kind, read, search })
}
