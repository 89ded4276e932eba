//! Discovery: SMART configuration, OpenID and OAuth metadata, JWK Set. All from one table.

use axum::extract;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use fhir_profiles::brands::Brands;
use serde_json::{Value, json};

use crate::credentials::jwk::JwsAlgorithm;
use crate::fhir::resource_type::ResourceType;
use crate::web::conditional;

use super::endpoints::Endpoints;
use super::state::State;

/// What this server can do. Each is held to by a test that does it (rows 352 to 370).
pub const CAPABILITIES: &[&str] = &[
    "launch-ehr",
    "launch-standalone",
    "authorize-post",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-banner",
    "context-style",
    "context-ehr-patient",
    "context-ehr-encounter",
    "context-standalone-patient",
    "permission-offline",
    "permission-online",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
];

const GRANT_TYPES: &[&str] = &["authorization_code", "refresh_token", "client_credentials"];
/// Ways of client authentication at the token endpoint.
pub const CLIENT_AUTH: &[&str] = &["none", "client_secret_basic", "client_secret_post", "private_key_jwt"];
const CONFIDENTIAL_AUTH: &[&str] = &["client_secret_basic", "client_secret_post", "private_key_jwt"];
/// Algorithms of client assertions.
pub const CLIENT_ALGORITHMS: &[&str] = &["RS384", "ES384", "ES256", "PS256", "EdDSA", "Ed25519"];

/// The documents, rendered once.
pub struct Documents {
    smart: Bytes,
    openid: Bytes,
    oauth: Bytes,
    brands: Option<Bytes>,
}

impl Documents {
    /// The documents of a server with these addresses that publishes these brands.
    pub fn of(endpoints: &Endpoints, brands: Option<&Brands>) -> Self {
        let render = |value: &Value| Bytes::from(value.to_string());
        Self {
            smart: render(&smart(endpoints, brands)),
            openid: render(&openid(endpoints)),
            oauth: render(&oauth(endpoints)),
            brands: brands.map(|brands| fhir_profiles::brands::author(brands).into()),
        }
    }

    /// The user-access brands bundle.
    pub fn brands(&self) -> Option<&Bytes> {
        self.brands.as_ref()
    }
}

/// What every document says.
fn common(endpoints: &Endpoints) -> Value {
    json!({
        "issuer": endpoints.issuer,
        "authorization_endpoint": endpoints.authorize,
        "token_endpoint": endpoints.token,
        "pushed_authorization_request_endpoint": endpoints.par,
        "require_pushed_authorization_requests": false,
        "revocation_endpoint": endpoints.revoke,
        "introspection_endpoint": endpoints.introspect,
        "registration_endpoint": endpoints.register,
        "jwks_uri": endpoints.jwks,
        "grant_types_supported": GRANT_TYPES,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "scopes_supported": scopes(),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": CLIENT_AUTH,
        "token_endpoint_auth_signing_alg_values_supported": CLIENT_ALGORITHMS,
        "revocation_endpoint_auth_methods_supported": CLIENT_AUTH,
        "revocation_endpoint_auth_signing_alg_values_supported": CLIENT_ALGORITHMS,
        "introspection_endpoint_auth_methods_supported": CONFIDENTIAL_AUTH,
        "introspection_endpoint_auth_signing_alg_values_supported": CLIENT_ALGORITHMS,
        "authorization_response_iss_parameter_supported": true,
        "dpop_signing_alg_values_supported": proof_algorithms(),
    })
}

/// Algorithms of DPoP proofs (RFC 9449 5.1).
fn proof_algorithms() -> Vec<&'static str> {
    JwsAlgorithm::ALL.iter().map(|algorithm| algorithm.name()).collect()
}

/// Every scope that is granted to clients registered for it: the server supports all that stand here (row 389).
fn scopes() -> Vec<String> {
    let words = crate::fhir::scope::WORDS.iter().map(|word| (*word).to_owned());
    let contexts = ["patient", "user", "system"];
    let wide = contexts.iter().flat_map(|c| [format!("{c}/*.rs"), format!("{c}/*.read")]);
    let types = contexts.iter().flat_map(|c| ResourceType::ALL.iter().map(move |t| format!("{c}/{t}.rs")));
    words.chain(wide).chain(types).collect()
}

fn merged(mut base: Value, more: Value) -> Value {
    if let (Some(base), Value::Object(more)) = (base.as_object_mut(), more) {
        base.extend(more);
    }
    base
}

/// SMART App Launch 2.2, "Metadata" (rows 381 to 394, 427, 428, 439).
fn smart(endpoints: &Endpoints, brands: Option<&Brands>) -> Value {
    let smart = merged(
        common(endpoints),
        json!({
            "userinfo_endpoint": endpoints.userinfo,
            "management_endpoint": endpoints.management,
            "associated_endpoints": [{"url": endpoints.fhir, "capabilities": CAPABILITIES}],
            "capabilities": CAPABILITIES,
        }),
    );
    let Some(brands) = brands else { return smart };
    let identifier = brands.brands.first().and_then(|primary| primary.identifiers.first());
    let identifier = identifier.map(|(system, value)| json!({"system": system, "value": value}));
    let named =
        json!({"user_access_brand_bundle": endpoints.brands, "user_access_brand_identifier": identifier});
    merged(smart, named)
}

/// OpenID Connect Discovery 1.0, 3.
fn openid(endpoints: &Endpoints) -> Value {
    merged(
        common(endpoints),
        json!({
            "userinfo_endpoint": endpoints.userinfo,
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claim_types_supported": ["normal"],
            "claims_supported": [
                "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "amr", "fhirUser", "name"
            ],
            "end_session_endpoint": endpoints.logout,
            "claims_parameter_supported": false,
            "request_parameter_supported": false,
            "request_uri_parameter_supported": false,
            "prompt_values_supported": ["none", "login", "consent", "select_account"],
        }),
    )
}

/// RFC 8414.
fn oauth(endpoints: &Endpoints) -> Value {
    merged(common(endpoints), json!({"service_documentation": endpoints.developers}))
}

/// `GET [FHIR base]/.well-known/smart-configuration`: JSON whatever `Accept` says (rows 374, 377).
pub async fn smart_configuration(extract::State(state): extract::State<State>, asked: HeaderMap) -> Response {
    json_for(&asked, state.documents().smart.clone())
}

/// `GET /.well-known/openid-configuration`.
pub async fn openid_configuration(
    extract::State(state): extract::State<State>,
    asked: HeaderMap,
) -> Response {
    json_for(&asked, state.documents().openid.clone())
}

/// `GET /.well-known/oauth-authorization-server`.
pub async fn oauth_metadata(extract::State(state): extract::State<State>, asked: HeaderMap) -> Response {
    json_for(&asked, state.documents().oauth.clone())
}

/// `GET /oauth/jwks` (row 207).
pub async fn keys(extract::State(state): extract::State<State>, asked: HeaderMap) -> Response {
    json_for(&asked, Bytes::from(state.id_token_keys().public().to_string()))
}

/// `GET /oauth/style.json`: SMART style properties of the portal (row 360).
pub async fn style(asked: HeaderMap) -> Response {
    let style = json!({
        "color_background": "#f5f8f9",
        "color_error": "#a3271f",
        "color_highlight": "#17667d",
        "color_modal_backdrop": "#13242b",
        "color_success": "#0e4858",
        "color_text": "#13242b",
        "dim_border_radius": "8px",
        "dim_font_size": "16px",
        "dim_spacing_size": "16px",
        "font_family_body": "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
        "font_family_heading": "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
    });
    json_for(&asked, Bytes::from(style.to_string()))
}

fn json_for(asked: &HeaderMap, body: Bytes) -> Response {
    conditional::answer(asked, HeaderValue::from_static("application/json"), body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fhir::scope::ScopeSet;

    #[test]
    fn row_378_every_address_is_absolute_and_under_the_issuer() {
        let endpoints = Endpoints::under("https://gate.example");
        for document in [smart(&endpoints, None), openid(&endpoints), oauth(&endpoints)] {
            for (name, value) in document.as_object().unwrap() {
                if name == "issuer" || name.ends_with("_endpoint") || name.ends_with("_uri") {
                    assert!(value.as_str().unwrap().starts_with("https://gate.example"), "{name}");
                }
            }
        }
    }

    #[test]
    fn rows_381_to_394_and_438_the_smart_document_is_complete() {
        let smart = smart(&Endpoints::under("https://gate.example"), None);
        for required in [
            "issuer",
            "jwks_uri",
            "authorization_endpoint",
            "token_endpoint",
            "grant_types_supported",
            "capabilities",
            "code_challenge_methods_supported",
            "scopes_supported",
            "response_types_supported",
            "introspection_endpoint",
            "revocation_endpoint",
            "registration_endpoint",
            "token_endpoint_auth_methods_supported",
            "token_endpoint_auth_signing_alg_values_supported",
            "management_endpoint",
            "associated_endpoints",
        ] {
            assert!(!smart[required].is_null(), "{required}");
        }
        assert_eq!(smart["code_challenge_methods_supported"], json!(["S256"]), "rows 14 and 15");
    }

    #[test]
    fn row_389_every_advertised_scope_is_understood() {
        for scope in scopes() {
            assert_eq!(ScopeSet::parse(&scope).to_string(), scope);
        }
    }
}
