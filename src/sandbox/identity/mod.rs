//! Two small OpenID providers for the demo: Children's ID and the patient portal. A person is picked by name; the password is the same
//! for everybody. Nothing here exists outside `chartgate demo`.

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::digest;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::credentials::signing::{SigningKey, jwks};
use crate::domain::clock::{SharedClock, Timestamp};
use crate::domain::ids::RequestId;
use crate::domain::random::SharedRandom;

/// The password of everybody at these providers.
pub const PASSWORD: &str = "demo";

/// Somebody who signs in at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Somebody {
    /// `sub`.
    pub subject: String,
    /// `name`.
    pub name: String,
    /// `email`, verified.
    pub email: String,
    /// `fhirUser`.
    pub fhir_user: Option<String>,
}

/// What a provider is.
pub struct ProviderSpec {
    /// What its page calls itself.
    pub name: &'static str,
    /// Its issuer; it is served below.
    pub issuer: String,
    /// The one client.
    pub client_id: &'static str,
    /// Where that client is sent back to.
    pub redirect_uri: String,
    /// Where that client's people go after signing out.
    pub after_sign_out: String,
    /// Who is known to it.
    pub people: Vec<Somebody>,
}

struct Inner {
    spec: ProviderSpec,
    key: SigningKey,
    clock: SharedClock,
    random: SharedRandom,
    codes: Mutex<HashMap<String, Code>>,
}

struct Code {
    somebody: Somebody,
    nonce: Option<String>,
    challenge: String,
    at: Timestamp,
}

/// The provider's routes, to be nested where its issuer says.
pub fn router(spec: ProviderSpec, key: SigningKey, clock: SharedClock, random: SharedRandom) -> Router {
    let inner = Arc::new(Inner { spec, key, clock, random, codes: Mutex::default() });
    Router::new()
        .route("/.well-known/openid-configuration", get(metadata))
        .route("/jwks", get(async |State(idp): State<Arc<Inner>>| Json(jwks([&idp.key]))))
        .route("/authorize", get(ask).post(answer))
        .route("/token", post(token))
        .route("/end-session", get(end_session))
        .with_state(inner)
}

async fn metadata(State(idp): State<Arc<Inner>>) -> Json<Value> {
    let at = |path: &str| format!("{}/{path}", idp.spec.issuer);
    Json(json!({
        "issuer": idp.spec.issuer,
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "jwks_uri": at("jwks"),
        "end_session_endpoint": at("end-session"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "profile", "email", "fhirUser"],
        "token_endpoint_auth_methods_supported": ["none"],
    }))
}

#[derive(Clone, Deserialize)]
struct Asked {
    client_id: String,
    redirect_uri: String,
    response_type: String,
    state: Option<String>,
    nonce: Option<String>,
    code_challenge: String,
    code_challenge_method: String,
    #[serde(default)]
    who: String,
    #[serde(default)]
    password: String,
}

fn checked(idp: &Inner, asked: &Asked) -> bool {
    asked.client_id == idp.spec.client_id
        && asked.redirect_uri == idp.spec.redirect_uri
        && asked.response_type == "code"
        && asked.code_challenge_method == "S256"
}

async fn ask(State(idp): State<Arc<Inner>>, Query(asked): Query<Asked>) -> Response {
    if !checked(&idp, &asked) {
        return (StatusCode::BAD_REQUEST, "This is not a request of the portal.").into_response();
    }
    Html(page(&idp, &asked, false)).into_response()
}

async fn answer(State(idp): State<Arc<Inner>>, Form(asked): Form<Asked>) -> Response {
    if !checked(&idp, &asked) {
        return (StatusCode::BAD_REQUEST, "This is not a request of the portal.").into_response();
    }
    let somebody = idp.spec.people.iter().find(|somebody| somebody.subject == asked.who);
    let Some(somebody) = somebody.filter(|_| asked.password == PASSWORD) else {
        return (StatusCode::UNPROCESSABLE_ENTITY, Html(page(&idp, &asked, true))).into_response();
    };
    let code = RequestId::generate(&*idp.random).to_string();
    let kept = Code {
        somebody: somebody.clone(),
        nonce: asked.nonce,
        challenge: asked.code_challenge,
        at: idp.clock.now(),
    };
    idp.codes.lock().insert(code.clone(), kept);
    let query = serde_urlencoded::to_string([
        ("code", code.as_str()),
        ("state", asked.state.as_deref().unwrap_or_default()),
        ("iss", &idp.spec.issuer),
    ]);
    Redirect::to(&format!("{}?{}", idp.spec.redirect_uri, query.unwrap_or_default())).into_response()
}

#[derive(Deserialize)]
struct Redeemed {
    code: String,
    code_verifier: String,
    redirect_uri: String,
}

async fn token(State(idp): State<Arc<Inner>>, Form(redeemed): Form<Redeemed>) -> Response {
    let refused = || (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    let Some(code) = idp.codes.lock().remove(&redeemed.code) else { return refused() };
    let hash = digest::digest(&digest::SHA256, redeemed.code_verifier.as_bytes());
    let now = idp.clock.now();
    let late = now.since(code.at).as_secs() > 60;
    if late
        || URL_SAFE_NO_PAD.encode(hash.as_ref()) != code.challenge
        || redeemed.redirect_uri != idp.spec.redirect_uri
    {
        return refused();
    }
    let Somebody { subject, name, email, fhir_user } = code.somebody;
    let mut claims = json!({
        "iss": idp.spec.issuer, "aud": idp.spec.client_id, "sub": subject, "name": name,
        "email": email, "email_verified": true,
        "iat": now.as_seconds(), "exp": now.as_seconds() + 300, "auth_time": now.as_seconds(),
    });
    if let Some(object) = claims.as_object_mut() {
        object.extend(code.nonce.map(|nonce| ("nonce".to_owned(), Value::from(nonce))));
        object.extend(fhir_user.map(|user| ("fhirUser".to_owned(), Value::from(user))));
    }
    match idp.key.sign_jwt(&claims) {
        Ok(id_token) => Json(json!({
            "access_token": RequestId::generate(&*idp.random).to_string(),
            "token_type": "Bearer", "expires_in": 300, "id_token": id_token,
        }))
        .into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn end_session(State(idp): State<Arc<Inner>>) -> Redirect {
    // These providers keep no session: signing out there is over at once.
    Redirect::to(&idp.spec.after_sign_out)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;color:#222;background:#f3f3f3;margin:0;padding:1rem}\
main{max-width:24rem;margin:2rem auto;padding:1.5rem;background:#fff;border:1px solid #bbb;border-radius:8px}\
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem}label{display:block;font-weight:600}\
select,input,button{font:inherit;box-sizing:border-box;width:100%;min-height:2.75rem;padding:.5rem;border:1px solid #777;border-radius:6px}\
button{color:#fff;background:#4a3a6b;border-color:#4a3a6b;font-weight:600;cursor:pointer}\
[role=alert]{color:#9b1c1c}";

fn page(idp: &Inner, asked: &Asked, wrong: bool) -> String {
    let hidden = [
        ("client_id", Some(&asked.client_id)),
        ("redirect_uri", Some(&asked.redirect_uri)),
        ("response_type", Some(&asked.response_type)),
        ("state", asked.state.as_ref()),
        ("nonce", asked.nonce.as_ref()),
        ("code_challenge", Some(&asked.code_challenge)),
        ("code_challenge_method", Some(&asked.code_challenge_method)),
    ];
    let hidden: String = hidden
        .into_iter()
        .filter_map(|(name, value)| {
            Some(format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value?)))
        })
        .collect();
    let options = idp.spec.people.iter().map(|one| {
        let (value, name) = (escaped(&one.subject), escaped(&one.name));
        format!("<option value=\"{value}\">{name}</option>")
    });
    let people = options.collect::<Vec<_>>().concat();
    let name = escaped(idp.spec.name);
    let said = if wrong {
        "<p role=\"alert\"><strong>That is not the password. It is “demo”.</strong></p>"
    } else {
        ""
    };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>{name} (demonstration)</title><style>{STYLE}</style></head><body><main>\
         <h1>{name}</h1><p>A stand-in for the hospital’s own sign-in. Everybody’s password is “demo”.</p>{said}\
         <form method=\"post\" action=\"{issuer}/authorize\">{hidden}\
         <p><label for=\"who\">Who are you?</label><select id=\"who\" name=\"who\">{people}</select></p>\
         <p><label for=\"password\">Password</label><input id=\"password\" name=\"password\" type=\"password\" \
         autocomplete=\"off\"></p><p><button>Sign in</button></p></form></main></body></html>",
        issuer = escaped(&idp.spec.issuer),
    )
}
