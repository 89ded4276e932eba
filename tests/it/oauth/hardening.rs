//! RFC 9700, as docs/AUTHORIZATION.md tells it: what has no test of its own elsewhere.

use axum::body::Body;
use axum::http::{Method, Request, header};
use chartgate::domain::client::Client;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::harness::{Answer, REDIRECT, Server, borrowed, confidential, encode, public, request, set};
use super::par::pushed;

/// Pages that ask for a decision cannot be framed, tell nobody where the browser was, and are not kept (RFC 9700 4.2.4, 4.16).
fn is_guarded(answer: &Answer, what: &str) {
    let policy = answer.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("frame-ancestors 'none'"), "{what}: {policy}");
    assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{what}");
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{what}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
}

#[tokio::test]
async fn rfc_9700_4_16_no_page_of_ours_can_be_framed_and_none_leaks_its_address() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let browser = server.signed_in("ana").await;
    let picker = browser.authorize(&borrowed(&request(&client, "launch/patient patient/*.rs"))).await;
    is_guarded(&picker, "picker");
    let consent = browser.pick(&picker, "mia").await;
    is_guarded(&consent, "consent");
    is_guarded(&browser.allow(&consent).await, "the redirect to the app");
    is_guarded(&browser.get("/oauth/authorize").await, "an error page");
    let unknown = browser
        .authorize(&[("client_id", "app"), ("request_uri", "urn:ietf:params:oauth:request_uri:cgp_x")])
        .await;
    is_guarded(&unknown, "a request_uri that is not known");
    is_guarded(
        &server.signed_in("gus").await.authorize(&borrowed(&request(&client, "user/*.rs"))).await,
        "other account",
    );
}

/// RFC 9700 4.12: after a post with credentials or a decision the browser goes on by `GET`.
#[tokio::test]
async fn rfc_9700_4_12_redirects_are_303() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let posted = server.form("/oauth/authorize", &[], &borrowed(&request(&client, "user/*.rs"))).await;
    assert_eq!(posted.status.as_u16(), 303);
    let browser = server.signed_in("ana").await;
    let consent = browser.settle(browser.get(posted.location()).await).await;
    assert_eq!(browser.allow(&consent).await.status.as_u16(), 303);
    let request_uri = pushed(&server, &request(&client, "user/*.rs")).await;
    let posted =
        server.form("/oauth/authorize", &[], &[("client_id", "app"), ("request_uri", &request_uri)]).await;
    assert_eq!(posted.status.as_u16(), 303, "a pushed request in a form");
}

/// RFC 9700 4.15: nobody can be taken for a user by the name of a client.
#[tokio::test]
async fn rfc_9700_4_15_a_client_named_like_a_user_is_not_that_user() {
    let server = Server::start().await;
    let client = server.add(Client { trusted: true, ..confidential("ana", "s") }).await;
    let code = server.signed_in("ben").await.launch(&client, "openid user/*.rs").await;
    let fields = set(&super::harness::exchange(&client, &code), "client_secret", "s");
    let tokens = server.token(&borrowed(&fields)).await.ok();
    let asked =
        [("token", tokens["access_token"].as_str().unwrap()), ("client_id", "ana"), ("client_secret", "s")];
    let said = server.form("/oauth/introspect", &[], &asked).await.ok();
    assert_eq!((said["sub"].as_str(), said["client_id"].as_str()), (Some("ben"), Some("ana")));
    let system = server.token(&[
        ("grant_type", "client_credentials"),
        ("client_id", "ana"),
        ("client_secret", "s"),
        ("scope", "user/*.rs"),
    ]);
    assert_eq!(system.await.error().1, "unauthorized_client", "and gets no token for itself");
}

/// RFC 6750 2.3 and RFC 9700 4.3.2: a token in an address is not looked at.
#[tokio::test]
async fn rfc_9700_4_3_2_a_token_in_a_query_or_form_is_no_token() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let tokens = server.signed_in("ana").await.tokens(&client, "openid user/*.rs").await;
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(server.get(&format!("/oauth/userinfo?access_token={token}"), &[]).await.status.as_u16(), 401);
    assert_eq!(server.form("/oauth/userinfo", &[], &[("access_token", token)]).await.status.as_u16(), 401);
}

const PATHS: [&str; 6] = [
    "/oauth/authorize",
    "/oauth/token",
    "/oauth/par",
    "/oauth/introspect",
    "/oauth/revoke",
    "/oauth/userinfo",
];
const NAMES: [&str; 24] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "aud",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "prompt",
    "max_age",
    "launch",
    "request",
    "request_uri",
    "dpop_jkt",
    "__cg_request",
    "__cg_context",
    "grant_type",
    "code",
    "refresh_token",
    "client_secret",
    "client_assertion",
    "token",
];

fn value() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "app",
        "APP",
        "app ",
        "code",
        "S256",
        "plain",
        "openid",
        "user/*.rs",
        "user/Patient.rs",
        "none",
        "login",
        "https://gate.example/fhir/r4",
        REDIRECT,
        "https://app.example/cb/../x",
        "https://app.example/cb#x",
        "https://app.example@evil.example/cb",
        "//evil.example",
        "javascript:alert(1)",
        super::harness::CHALLENGE,
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:request_uri:cgp_x",
        "cgc_x",
        "cgr_x",
        "cga_x",
        "a.b.c",
        "eyJhbGciOiJub25lIn0.e30.",
        "\0",
        "\u{feff}",
        "\u{202e}app",
        "-1",
        "1e999",
        "99999999999999999999",
        "%",
        "%00",
        "%zz",
        "\r\nSet-Cookie: a=b",
        "{{7*7}}",
        "' OR 1=1 --",
    ]);
    prop_oneof![
        8 => known.prop_map(str::to_owned),
        1 => ".{0,40}",
        1 => (0_usize..3000).prop_map(|n| "x".repeat(n)),
    ]
}

/// A form: mostly a good request with some of it altered, doubled or left out; sometimes raw bytes.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let altered = prop::collection::vec((prop::sample::select(NAMES.to_vec()), value()), 0..5);
    let form = (altered, any::<bool>(), 0_u8..4).prop_map(|(altered, whole, way)| {
        let mut fields = if whole { request(&public("app"), "user/*.rs") } else { Vec::new() };
        for (name, value) in altered {
            if way == 0 {
                fields.push((name.to_owned(), value));
            } else if way == 1 {
                fields.push((name.to_ascii_uppercase(), value));
            } else {
                fields = set(&fields, name, &value);
            }
        }
        encode(&borrowed(&fields)).into_bytes()
    });
    prop_oneof![9 => form, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

fn header_value() -> impl Strategy<Value = Option<Vec<u8>>> {
    let known = prop::sample::select(vec![
        "Basic",
        "Basic !!",
        "Basic YXBwOnM=",
        "Basic AAAA",
        "Bearer",
        "Bearer cga_x",
        "DPoP cga_x",
        "DPoP",
        " ",
        "a.b.c",
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6Im5vbmUifQ.e30.",
        "\u{e9}",
    ]);
    prop_oneof![
        3 => Just(None),
        3 => known.prop_map(|text| Some(text.as_bytes().to_vec())),
        1 => prop::collection::vec(0x20_u8..0x7f, 0..60).prop_map(Some),
    ]
}

/// Whatever comes, it is never a fault of ours, and no browser is sent where no client is registered.
#[test]
fn no_request_is_our_error_or_leads_anywhere_unregistered() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(async {
        let server = Server::start().await;
        server.add(public("app")).await;
        server.add(confidential("secret", "s")).await;
        server
    });
    let browser = runtime.block_on(server.signed_in("ana"));
    let config = Config { cases: 600, failure_persistence: None, ..Config::default() };
    let inputs =
        (prop::sample::select(PATHS.to_vec()), body(), header_value(), header_value(), any::<bool>());
    let outcome = TestRunner::new(config).run(&inputs, |(path, body, authorization, proof, in_query)| {
        let query: String =
            body.iter().map(|byte| char::from(*byte)).filter(|c| c.is_ascii_graphic() && *c != '#').collect();
        let uri = if in_query { format!("{path}?{query}") } else { path.to_owned() };
        let method = if in_query { Method::GET } else { Method::POST };
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(header::COOKIE, browser.cookies())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        if let Some(value) = proof {
            request = request.header("dpop", value);
        }
        let Ok(request) = request.body(Body::from(body)) else { return Ok(()) };
        let answer = runtime.block_on(server.send(request));
        prop_assert!(answer.status.as_u16() < 500, "{}: {}", answer.status, answer.body);
        if let Some(location) = answer.header("location") {
            let ours = location.starts_with("/oauth/authorize?") || location.starts_with("/sign-in?");
            let registered = location.starts_with(&format!("{REDIRECT}?"));
            prop_assert!(ours || registered, "{location}");
        }
        Ok(())
    });
    outcome.unwrap();
}
