//! What the developer pages say, from the tables of the authorization server: `portal` and `oauth` do not know each other.

use crate::credentials::jwk::JwsAlgorithm;
use crate::facade::Limits;
use crate::fhir::resource_type::ResourceType;
use crate::oauth::Settings;
use crate::oauth::discovery::{CAPABILITIES, CLIENT_ALGORITHMS, CLIENT_AUTH};
use crate::oauth::endpoints::Endpoints;
use crate::oauth::error::{OAuthError, Way};
use crate::portal::developers::facts::{Address, Category, Facts, Limit, Reaches, Refusal};
use crate::web::{Web, scope_words as words};

/// The facts of this installation.
pub fn facts(web: &Web, settings: &Settings, limits: Limits) -> Facts {
    let issuer = web.settings().public_base.as_str().trim_end_matches('/').to_owned();
    let endpoints = Endpoints::under(&issuer);
    Facts {
        addresses: addresses(&endpoints),
        refusals: OAuthError::ALL.iter().map(|error| refusal(*error)).collect(),
        capabilities: CAPABILITIES,
        client_auth: CLIENT_AUTH,
        algorithms: CLIENT_ALGORITHMS,
        categories: categories(),
        code_life: settings.code_life,
        access_life: settings.access_life,
        backend_life: settings.backend_life,
        refresh_life: settings.refresh_life,
        context_life: settings.context_life,
        free_failures: settings.limits.free_failures,
        requests_per_minute: settings.limits.requests_per_minute,
        fhir_limits: fhir_limits(limits),
        discovery: discovery(&endpoints),
        fhir: endpoints.fhir,
        authorize: endpoints.authorize,
        token: endpoints.token,
        revoke: endpoints.revoke,
        introspect: endpoints.introspect,
        par: endpoints.par,
        proof_algorithms: JwsAlgorithm::ALL.iter().map(|algorithm| algorithm.name()).collect(),
        brands: endpoints.brands,
        issuer,
    }
}

fn discovery(endpoints: &Endpoints) -> String {
    format!("{}/.well-known/smart-configuration", endpoints.fhir)
}

fn fhir_limits(limits: Limits) -> Vec<Limit> {
    let all = [
        ("one practice’s system", limits.system),
        ("one user, by whatever apps", limits.user),
        ("one app, all its users together", limits.app),
        ("one network address, whoever asks", limits.address),
        ("one network address without a valid access token", limits.unauthenticated),
    ];
    let limited = all.into_iter().filter(|(_, quota)| quota.per_minute > 0);
    limited.map(|(of, quota)| Limit { of, per_minute: quota.per_minute, at_once: quota.at_once() }).collect()
}

const ANY: &str = "any origin";
const REGISTERED: &str = "your registered origins";
const NONE: &str = "none; a browser goes there";

fn addresses(endpoints: &Endpoints) -> Vec<Address> {
    let well_known = |name: &str| format!("{}/.well-known/{name}", endpoints.issuer);
    let row = |name, url: &str, methods, what, origins| Address {
        name,
        url: url.to_owned(),
        methods,
        what,
        origins,
    };
    vec![
        row("FHIR base URL", &endpoints.fhir, "GET, POST", "The records", REGISTERED),
        row("smart-configuration", &discovery(endpoints), "GET", "SMART discovery", ANY),
        row("metadata", &format!("{}/metadata", endpoints.fhir), "GET", "CapabilityStatement", ANY),
        row(
            "openid-configuration",
            &well_known("openid-configuration"),
            "GET",
            "OpenID Connect discovery",
            ANY,
        ),
        row(
            "oauth-authorization-server",
            &well_known("oauth-authorization-server"),
            "GET",
            "OAuth discovery (RFC 8414)",
            ANY,
        ),
        row("authorization_endpoint", &endpoints.authorize, "GET, POST", "Where the user says yes", NONE),
        row(
            "token_endpoint",
            &endpoints.token,
            "POST",
            "Code, refresh token or assertion to token",
            REGISTERED,
        ),
        row(
            "pushed_authorization_request_endpoint",
            &endpoints.par,
            "POST",
            "Authorization requests handed over beforehand",
            REGISTERED,
        ),
        row("revocation_endpoint", &endpoints.revoke, "POST", "Ends a token", REGISTERED),
        row(
            "registration_endpoint",
            &endpoints.register,
            "POST",
            "Dynamic registration (RFC 7591); pending until staff approve",
            REGISTERED,
        ),
        row("introspection_endpoint", &endpoints.introspect, "POST", "What a token stands for", REGISTERED),
        row("userinfo_endpoint", &endpoints.userinfo, "GET, POST", "Who the user is", REGISTERED),
        row("jwks_uri", &endpoints.jwks, "GET", "Keys that sign id_tokens", ANY),
        row("management_endpoint", &endpoints.management, "GET", "Where users see and revoke apps", NONE),
        row(
            "user_access_brand_bundle",
            &endpoints.brands,
            "GET",
            "Who the hospital is, for directories",
            ANY,
        ),
    ]
}

fn refusal(error: OAuthError) -> Refusal {
    let reaches = match error.way() {
        Way::Page => Reaches::User,
        Way::Redirect => Reaches::Redirect,
        Way::Json => Reaches::Json,
    };
    Refusal { reaches, status: error.status().as_u16(), code: error.code(), text: error.text() }
}

fn categories() -> Vec<Category> {
    let of = |resource_type: &ResourceType| {
        let name = resource_type.as_str();
        let categories = words::categories(*resource_type).iter();
        categories.map(move |c| Category { resource_type: name, label: c.label, token: c.token })
    };
    ResourceType::ALL.iter().flat_map(of).collect()
}
