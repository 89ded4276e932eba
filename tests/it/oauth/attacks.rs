//! What somebody tries who means no good. Nothing of it succeeds, and nothing of it is an error of ours.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chartgate::credentials::signing::SigningAlgorithm;
use chartgate::domain::client::{Client, Launch, LaunchContext};
use chartgate::domain::clock::Clock as _;
use chartgate::domain::ids::{AccountId, FhirId};
use chartgate::domain::random::SystemRandom;
use chartgate::domain::secret::{PlainToken, TokenKind};
use rstest::rstest;
use serde_json::json;

use super::harness::{
    Answer, FHIR, REDIRECT, Server, backend, borrowed, confidential, encode, exchange, public, request, set,
    words,
};
use super::signing::{ClientKey, JWT_BEARER, claims};
use crate::support::databases::Kind;

/// Values that have broken servers before.
const NASTY: &[&str] = &[
    "\0",
    "a\0b",
    "patient/Observation.rs?category=a\0b",
    "\r\nSet-Cookie: a=b",
    "'; DROP TABLE clients; --",
    "\u{202e}\u{feff}\u{fffe}",
    "💥",
    "../../../../etc/passwd",
    "%00%2e%2e",
    "{\"$ne\":null}",
    "[]",
    "-1",
    "99999999999999999999999999",
    "<script>alert(1)</script>",
    "javascript:alert(1)",
    "//evil.example/",
];

fn is_orderly(answer: &Answer, what: &str) {
    assert!(answer.status.as_u16() < 500, "{what}: {} {}", answer.status, answer.body);
    if let Some(location) = answer.header("location") {
        let known =
            [REDIRECT, "/sign-in", "/oauth/authorize"].iter().any(|start| location.starts_with(start));
        assert!(known && !location.contains(['\r', '\n']), "{what} leads to {location}");
    }
    assert!(answer.header("set-cookie").is_none_or(|cookie| !cookie.starts_with("a=b")), "{what}");
}

#[rstest]
#[case(Kind::Sqlite)]
#[case(Kind::Postgres)]
#[tokio::test]
async fn nothing_in_an_authorization_request_is_our_error(#[case] kind: Kind) {
    let server = Server::on(kind).await;
    let client = server.add(Client { trusted: true, ..public("app") }).await;
    let browser = server.signed_in("ana").await;
    let good = request(&client, "openid fhirUser user/*.rs");
    let names = [
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "aud",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "prompt",
        "max_age",
        "launch",
        "__cg_context",
        "__cg_after",
        "request",
        "request_uri",
        "response_mode",
        "claims",
        "id_token_hint",
        "ui_locales",
        "dpop_jkt",
        "unknown",
    ];
    for name in names {
        for value in NASTY {
            let fields = set(&good, name, value);
            let answer = browser.authorize(&borrowed(&fields)).await;
            is_orderly(&answer, &format!("{name}={value:?}"));
            if matches!(name, "client_id" | "redirect_uri") {
                assert!(answer.header("location").is_none(), "{name}={value:?} redirects");
            }
            if name == "state" {
                assert_eq!(answer.app_parameter("state").as_deref(), Some(*value));
            }
            let posted = server.form("/oauth/authorize", &[], &borrowed(&fields)).await;
            is_orderly(&posted, &format!("POST {name}={value:?}"));
        }
    }
}

#[rstest]
#[case(Kind::Sqlite)]
#[case(Kind::Postgres)]
#[tokio::test]
async fn nothing_in_a_request_of_an_app_is_our_error(#[case] kind: Kind) {
    let server = Server::on(kind).await;
    server.add(confidential("app", "s")).await;
    let key = ClientKey::new(SigningAlgorithm::Es384);
    server.add(backend("system", &key.jwks())).await;
    let names = [
        "grant_type",
        "client_id",
        "client_secret",
        "code",
        "code_verifier",
        "redirect_uri",
        "refresh_token",
        "scope",
        "token",
        "token_type_hint",
        "client_assertion",
        "client_assertion_type",
        "unknown",
    ];
    for grant in ["authorization_code", "refresh_token", "client_credentials"] {
        for name in names {
            for value in NASTY {
                let good: Vec<_> = [
                    ("grant_type", grant),
                    ("client_id", "app"),
                    ("client_secret", "s"),
                    ("code", "cgc_x"),
                    ("refresh_token", "cgr_x"),
                    ("token", "cga_x"),
                ]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec();
                let fields = set(&good, name, value);
                for path in ["/oauth/token", "/oauth/revoke", "/oauth/introspect"] {
                    let answer = server.form(path, &[], &borrowed(&fields)).await;
                    is_orderly(&answer, &format!("{path} {name}={value:?}"));
                    if !answer.status.is_success() {
                        assert!(!answer.error().1.is_empty(), "{path} {name}={value:?}: {}", answer.body);
                    }
                }
            }
        }
    }
    for (number, value) in NASTY.iter().enumerate() {
        let mut claims = claims(&server, "system", &format!("j-{number}"));
        claims["jti"] = json!(value);
        let fields = [
            ("grant_type", "client_credentials"),
            ("scope", "system/*.rs"),
            ("client_assertion_type", JWT_BEARER),
            ("client_assertion", &key.sign(&claims)),
        ];
        is_orderly(&server.token(&fields).await, &format!("jti {value:?}"));
        let bearer = STANDARD.encode(value);
        for scheme in ["Bearer", "Basic", "bearer ", "DPoP", ""] {
            let headers = [("authorization", format!("{scheme} {bearer}"))];
            let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
            is_orderly(&server.get("/oauth/userinfo", &headers).await, scheme);
            is_orderly(&server.form("/oauth/introspect", &headers, &[("token", "cga_x")]).await, scheme);
            is_orderly(&server.form("/oauth/token", &headers, &fields).await, scheme);
        }
    }
}

/// Raw bytes to the token endpoint.
async fn raw(server: &Server, kind: &str, body: Vec<u8>) -> Answer {
    let request =
        Request::builder().method(Method::POST).uri("/oauth/token").header(header::CONTENT_TYPE, kind);
    server.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn bodies_that_are_no_form_are_an_invalid_request() {
    let server = Server::start().await;
    let form = "application/x-www-form-urlencoded";
    for (kind, body) in [
        (form, b"grant_type=\xff\xfe".to_vec()),
        (form, b"grant_type=authorization_code&grant_type=authorization_code".to_vec()),
        (form, vec![b'a'; 70_000]),
        ("multipart/form-data; boundary=x", b"--x--".to_vec()),
        ("text/plain", b"grant_type=authorization_code".to_vec()),
        ("", b"grant_type=authorization_code".to_vec()),
    ] {
        let answer = raw(&server, kind, body).await;
        assert_eq!(answer.error(), (400, "invalid_request".to_owned()), "{kind}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let answer =
        raw(&server, "application/x-www-form-urlencoded; charset=UTF-8", b"grant_type=x".to_vec()).await;
    assert_eq!(answer.error().1, "unsupported_grant_type");
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let request = Request::builder().method(method).uri("/oauth/token?grant_type=client_credentials");
        let answer = server.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(
            answer.status,
            StatusCode::METHOD_NOT_ALLOWED,
            "row 251: credentials never travel in a URL"
        );
    }
}

#[rstest]
#[case::slash("https://app.example/cb/")]
#[case::query("https://app.example/cb?x=1")]
#[case::fragment("https://app.example/cb#x")]
#[case::letters("https://APP.example/cb")]
#[case::path_letters("https://app.example/CB")]
#[case::port("https://app.example:443/cb")]
#[case::user("https://app.example@evil.example/cb")]
#[case::password("https://app.example:x@evil.example/cb")]
#[case::longer("https://app.example/cb/../evil")]
#[case::encoded("https://app.example/%63b")]
#[case::http("http://app.example/cb")]
#[case::sub("https://app.example.evil.example/cb")]
#[case::space("https://app.example/cb ")]
#[case::backslash("https://app.example\\@evil.example/cb")]
#[case::idn("https://аpp.example/cb")]
#[tokio::test]
async fn row_18_no_likeness_of_a_redirect_uri_is_redirected_to(#[case] uri: &str) {
    let server = Server::start().await;
    let client = server.add(Client { trusted: true, ..public("app") }).await;
    let browser = server.signed_in("ana").await;
    for bad in ["scope", "nothing"] {
        let fields = set(&request(&client, "openid user/*.rs"), "redirect_uri", uri);
        let answer = browser.authorize(&borrowed(&set(&fields, bad, ""))).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.header("location").is_none());
    }
}

#[tokio::test]
async fn row_142_system_scopes_are_not_a_users_to_grant() {
    let server = Server::start().await;
    let scope = "openid system/*.rs user/*.rs patient/*.rs offline_access".to_owned();
    let client = server.add(Client { trusted: true, scope, ..public("app") }).await;
    let browser = server.signed_in("ana").await;
    let tokens = browser.tokens(&client, "openid system/*.rs user/Patient.rs offline_access").await;
    assert_eq!(words(&tokens["scope"]), words(&json!("openid user/Patient.rs offline_access")));
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", "app"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ("scope", "system/Patient.rs"),
    ];
    assert_eq!(server.token(&refresh).await.error().1, "invalid_scope");
}

#[tokio::test]
async fn one_users_context_is_nobody_elses_and_one_apps_no_other_apps() {
    let server = Server::start().await;
    let client = server.add(Client { trusted: true, ..public("app") }).await;
    let other = server.add(Client { trusted: true, ..public("other") }).await;
    let ana = server.signed_in("ana").await;
    let scope = "launch/patient patient/*.rs";
    let page = ana.settle(ana.authorize(&borrowed(&request(&client, scope))).await).await;
    let picked = ana.submit(&page.form_to("/oauth/authorize/patient").with("patient", "mia")).await;
    let location = picked.location().to_owned();
    let context = url::Url::parse(&format!("https://gate.example{location}")).unwrap();
    let context = context.query_pairs().find(|(name, _)| name == "__cg_context").unwrap().1.into_owned();
    let with_context = |client| set(&request(client, scope), "__cg_context", &context);
    assert!(!ana.authorize(&borrowed(&with_context(&client))).await.code().is_empty());
    let ben = server.signed_in("ben").await;
    for answer in [
        ben.authorize(&borrowed(&with_context(&client))).await,
        ana.authorize(&borrowed(&with_context(&other))).await,
        ana.authorize(&borrowed(&set(
            &request(&client, scope),
            "__cg_context",
            &context[..context.len() - 2],
        )))
        .await,
    ] {
        assert!(answer.body.contains("Choose a patient"), "it counts for nothing: {}", answer.status);
    }
    let stranger = page.form_to("/oauth/authorize/patient").with("patient", "zoe");
    assert_eq!(
        ana.submit(&stranger).await.status,
        StatusCode::NOT_FOUND,
        "nobody picks whom they may not see"
    );
}

#[tokio::test]
async fn credentials_of_two_clients_do_not_mix() {
    let server = Server::start().await;
    let client = server.add(confidential("app", "s")).await;
    server.add(confidential("thief", "t")).await;
    let ana = server.signed_in("ana").await;
    let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
    for (authorization, client_id, status) in [
        (basic("thief:t"), "app", 401),
        (basic("app:t"), "app", 401),
        (basic("app:s:"), "app", 401),
        (basic("app:S"), "app", 401),
        (basic("%61pp:t"), "app", 401),
        (basic("thief:t"), "thief", 400),
    ] {
        let code = ana.launch(&client, "user/*.rs offline_access").await;
        let fields = set(&exchange(&client, &code), "client_id", client_id);
        let answer =
            server.form("/oauth/token", &[("authorization", &authorization)], &borrowed(&fields)).await;
        assert_eq!(answer.status.as_u16(), status, "{authorization} {client_id}");
    }
    let code = ana.launch(&client, "user/*.rs offline_access").await;
    let right = [("authorization", basic("app:s"))];
    let right: Vec<_> = right.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let tokens = server.form("/oauth/token", &right, &borrowed(&exchange(&client, &code))).await.ok();
    for (path, name) in [("/oauth/token", "refresh_token"), ("/oauth/revoke", "token")] {
        let fields = [
            ("grant_type", "refresh_token"),
            (name, tokens["refresh_token"].as_str().unwrap()),
            ("client_id", "thief"),
            ("client_secret", "t"),
        ];
        assert_eq!(server.form(path, &[], &fields).await.error(), (400, "invalid_grant".to_owned()));
    }
    let again =
        [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    server.form("/oauth/token", &right, &again).await.ok();
}

#[tokio::test]
async fn a_token_counts_in_the_header_alone_and_as_what_it_is() {
    let server = Server::start().await;
    let client = server.add(Client { trusted: true, ..public("app") }).await;
    let ana = server.signed_in("ana").await;
    let tokens = ana.tokens(&client, "openid offline_access user/*.rs").await;
    let (access, refresh) =
        (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
    let by_query = server.get(&format!("/oauth/userinfo?{}", encode(&[("access_token", access)])), &[]).await;
    assert_eq!(by_query.status, StatusCode::UNAUTHORIZED);
    let by_form = server.form("/oauth/userinfo", &[], &[("access_token", access)]).await;
    assert_eq!(by_form.status, StatusCode::UNAUTHORIZED);
    for other in
        [refresh, tokens["id_token"].as_str().unwrap(), &access.to_uppercase(), &access[..access.len() - 1]]
    {
        let bearer = format!("Bearer {other}");
        let answer = server.get("/oauth/userinfo", &[("authorization", &bearer)]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    }
    for (name, value) in [("refresh_token", access), ("refresh_token", tokens["id_token"].as_str().unwrap())]
    {
        let fields = [("grant_type", "refresh_token"), ("client_id", "app"), (name, value)];
        assert_eq!(server.token(&fields).await.error(), (400, "invalid_grant".to_owned()));
    }
}

#[tokio::test]
async fn row_96_no_likeness_of_our_address_is_an_audience() {
    let server = Server::start().await;
    let client = server.add(Client { trusted: true, ..public("app") }).await;
    let ana = server.signed_in("ana").await;
    for aud in [
        "https://gate.example/fhir",
        "https://gate.example",
        "http://gate.example/fhir/r4",
        "https://GATE.example/fhir/r4",
        "https://gate.example:443/fhir/r4",
        "https://gate.example/fhir/r4?x",
        "https://gate.example/fhir/r4#",
        "https://gate.example/fhir/../fhir/r4",
        "https://evil.example/fhir/r4",
        "https://gate.example/fhir/r4 https://evil.example/fhir/r4",
    ] {
        let answer = ana.authorize(&borrowed(&set(&request(&client, "user/*.rs"), "aud", aud))).await;
        assert_eq!(answer.app_error(), "invalid_request", "{aud}");
    }
    let twice = format!(
        "/oauth/authorize?{}&{}",
        encode(&borrowed(&request(&client, "user/*.rs"))),
        encode(&[("aud", FHIR)])
    );
    assert_eq!(ana.get(&twice).await.app_error(), "invalid_request");
}

#[tokio::test]
async fn nobody_at_the_browser_talks_us_out_of_a_sign_in() {
    let server = Server::start().await;
    let client = server.add(Client { trusted: true, ..public("app") }).await;
    let ana = server.signed_in("ana").await;
    server.clock.advance(std::time::Duration::from_mins(10));
    for (name, value) in [("prompt", "login"), ("max_age", "60")] {
        for after in ["0", "1800000000000", "-1", "AAAA", ""] {
            let fields = set(&set(&request(&client, "user/*.rs"), name, value), "__cg_after", after);
            let answer = ana.authorize(&borrowed(&fields)).await;
            assert!(answer.location().starts_with("/sign-in"), "{name} {after}: {}", answer.location());
        }
    }
}

/// The `cg_context` of an answer that leads on within our pages.
fn context_of(answer: &Answer) -> String {
    let url = url::Url::parse(&format!("https://gate.example{}", answer.location())).unwrap();
    url.query_pairs().find(|(name, _)| name == "__cg_context").unwrap().1.into_owned()
}

#[tokio::test]
async fn row_164_a_patient_who_went_out_of_reach_is_chosen_again() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let fields = request(&client, "launch/patient patient/*.rs");
    let picker = ana.settle(ana.authorize(&borrowed(&fields)).await).await;
    let chosen = ana.submit(&picker.form_to("/oauth/authorize/patient").with("patient", "mia")).await;
    let context = context_of(&chosen);
    let consent = ana.settle(chosen).await;
    server.lose("mia");
    let late = ana.allow(&consent).await;
    assert!(late.body.contains("Choose a patient"), "between choice and consent: {}", late.status);
    let again = ana.authorize(&borrowed(&set(&fields, "__cg_context", &context))).await;
    assert!(again.body.contains("Choose a patient"), "an old handle brings nobody back");
}

#[tokio::test]
async fn rows_170_171_an_encounter_does_not_go_over_to_another_patient() {
    let server = Server::start().await;
    let client = server.add(Client { trusted: true, ..public("app") }).await;
    let ana = server.signed_in("ana").await;
    let scope = "launch launch/patient launch/encounter patient/*.rs";
    let token = PlainToken::generate(TokenKind::Launch, &SystemRandom);
    let launch = Launch {
        hash: token.hash(),
        client: client.id.clone(),
        account: AccountId::parse("ana").unwrap(),
        context: LaunchContext {
            patient: FhirId::parse("mia").ok(),
            encounter: FhirId::parse("enc-of-mia").ok(),
            ..LaunchContext::default()
        },
        expires_at: server.clock.now().plus(std::time::Duration::from_mins(5)),
    };
    server.store.insert_launch(&launch).await.unwrap();
    let fields = set(&request(&client, scope), "launch", token.expose());
    let context = context_of(&ana.authorize(&borrowed(&fields)).await);
    let picker = ana.authorize(&borrowed(&request(&client, scope))).await;
    let encoded = encode(&borrowed(&set(&request(&client, scope), "__cg_context", &context)));
    let mut form = picker.form_to("/oauth/authorize/patient").with("patient", "noah");
    for (name, value) in &mut form.fields {
        if name == "request" {
            value.clone_from(&encoded);
        }
    }
    let code = ana.settle(ana.submit(&form).await).await.code();
    let tokens = server.token(&borrowed(&exchange(&client, &code))).await.ok();
    assert_eq!(tokens["patient"], "noah");
    assert!(tokens["encounter"].is_null(), "{tokens}");
}
