//! Dynamic registration (RFC 7591, RFC 7592), and the log of what went wrong for a client.

use axum::body::Body;
use axum::http::{Method, Request, header};
use chartgate::accounts::By;
use chartgate::accounts::registration::{Approval, NewInitialToken};
use chartgate::domain::client::{ClientKind, ClientSecurity};
use chartgate::domain::ids::{ClientId, RequestId};
use chartgate::domain::secret::PlainToken;
use chartgate::oauth::error::OAuthError;
use chartgate::portal::vendors::hints::hint;
use serde_json::{Value, json};

use super::harness::{Answer, CHALLENGE, FHIR, REDIRECT, Server, VERIFIER, borrowed, exchange};
use super::signing::ClientKey;

const SCOPE: &str = "openid offline_access user/*.rs";

async fn send(server: &Server, method: Method, path: &str, token: Option<&str>, body: &Value) -> Answer {
    let mut request =
        Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    server.send(request.body(Body::from(body.to_string())).unwrap()).await
}

async fn register(server: &Server, body: &Value) -> Answer {
    send(server, Method::POST, "/oauth/register", None, body).await
}

fn app() -> Value {
    json!({
        "client_name": "Growth Charts",
        "client_name#de": "Wachstumskurven",
        "redirect_uris": [REDIRECT],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": format!("{SCOPE} patient/Observation.cruds"),
        "contacts": ["dev@app.example"],
        "client_uri": "https://app.example/",
        "software_id": "growth",
        "launch_uri": "https://app.example/launch",
        "something_else": {"ignored": true},
    })
}

fn with(mut body: Value, member: &str, value: Value) -> Value {
    body[member] = value;
    body
}

fn text<'a>(body: &'a Value, member: &str) -> &'a str {
    body[member].as_str().unwrap_or_else(|| panic!("no {member} in {body}"))
}

async fn approve(server: &Server, registered: &Value) {
    let id = ClientId::parse(text(registered, "client_id")).unwrap();
    let approval = Approval {
        revision: server.accounts.registration(&id).await.unwrap().revision,
        scope: text(registered, "scope").to_owned(),
        practice: None,
        security: ClientSecurity::default(),
    };
    server.accounts.approve_client(&id, approval, &By::operator()).await.unwrap();
}

#[tokio::test]
async fn rows_19_24_316_438_a_stranger_registers_and_after_approval_launches_and_refreshes() {
    let server = Server::start().await;
    let smart = server.get("/fhir/r4/.well-known/smart-configuration", &[]).await.ok();
    assert_eq!(smart["registration_endpoint"], "https://gate.example/oauth/register");
    let answer = register(&server, &app()).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let registered = answer.json();
    assert_eq!(registered["registration_state"], "pending");
    assert_eq!(registered["scope"], format!("{SCOPE} patient/Observation.rs"), "what this server grants");
    assert_eq!(registered["client_id_issued_at"], 1_800_000_000);
    assert!(registered.get("client_secret").is_none() && registered.get("something_else").is_none());
    assert!(registered.get("client_name#de").is_none());
    let id = text(&registered, "client_id");
    assert_eq!(registered["registration_client_uri"], format!("https://gate.example/oauth/register/{id}"));

    // Not before staff agreed.
    let ana = server.signed_in("ana").await;
    let request = [
        ("response_type", "code"),
        ("client_id", id),
        ("redirect_uri", REDIRECT),
        ("scope", SCOPE),
        ("aud", FHIR),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let early = ana.authorize(&request).await;
    assert_eq!(early.status, 400);
    assert!(early.body.contains("not active"), "{}", early.body);
    let early =
        server.token(&[("grant_type", "refresh_token"), ("refresh_token", "cgr_x"), ("client_id", id)]).await;
    assert_eq!(early.error(), (401, "invalid_client".to_owned()));

    approve(&server, &registered).await;
    let client = (*server.store.client(&ClientId::parse(id).unwrap()).unwrap()).clone();
    let code = ana.launch(&client, SCOPE).await;
    let fields = exchange(&client, &code);
    let tokens = server.token(&borrowed(&fields)).await.ok();
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", text(&tokens, "refresh_token")),
        ("client_id", id),
    ];
    server.token(&refresh).await.ok();
    assert!(server.log.whats().contains(&"client_register".to_owned()));
}

#[tokio::test]
async fn a_secret_and_keys_are_registered_as_rfc_7591_says() {
    let server = Server::start().await;
    let mut plain = app();
    plain.as_object_mut().unwrap().remove("token_endpoint_auth_method");
    let registered = register(&server, &plain).await.json();
    assert_eq!(registered["token_endpoint_auth_method"], "client_secret_basic", "the default of RFC 7591 2");
    assert_eq!(registered["client_secret_expires_at"], 0);
    assert!(text(&registered, "client_secret").starts_with("cgk_"));
    let posted = with(app(), "token_endpoint_auth_method", json!("client_secret_post"));
    let registered = register(&server, &posted).await.json();
    assert_eq!(registered["token_endpoint_auth_method"], "client_secret_post");

    let jwks = ClientKey::new(chartgate::credentials::signing::SigningAlgorithm::Es384).jwks();
    let keyed =
        with(with(app(), "token_endpoint_auth_method", json!("private_key_jwt")), "jwks", jwks.clone());
    let registered = register(&server, &keyed).await.json();
    assert_eq!(registered["jwks"], jwks, "row 297");
    let system = json!({
        "client_name": "Oak Street System", "grant_types": ["client_credentials"], "scope": "system/*.rs",
        "jwks_uri": "https://oak.example/keys", "practice": "1234567893",
    });
    let registered = register(&server, &system).await;
    assert_eq!(registered.status, 201, "{}", registered.body);
    let registered = registered.json();
    assert_eq!(registered["token_endpoint_auth_method"], "private_key_jwt");
    assert_eq!((&registered["response_types"], &registered["redirect_uris"]), (&Value::Null, &Value::Null));
    assert_eq!(registered["jwks_uri"], "https://oak.example/keys", "row 296");
}

#[tokio::test]
async fn what_cannot_be_registered_is_told_by_the_codes_of_rfc_7591() {
    let server = Server::start().await;
    let bad = |member: &str, value: Value| with(app(), member, value);
    let jws = "eyJhbGciOiJub25lIn0.e30.c2ln";
    for (body, code) in [
        (bad("redirect_uris", json!([])), "invalid_redirect_uri"),
        (bad("redirect_uris", json!("https://app.example/cb")), "invalid_redirect_uri"),
        (bad("redirect_uris", json!(["http://app.example/cb"])), "invalid_redirect_uri"),
        (bad("redirect_uris", json!(["https://app.example/cb#x"])), "invalid_redirect_uri"),
        (bad("redirect_uris", json!([7])), "invalid_redirect_uri"),
        (bad("client_name", json!("")), "invalid_client_metadata"),
        (bad("client_name", json!(7)), "invalid_client_metadata"),
        (bad("grant_types", json!(["implicit"])), "invalid_client_metadata"),
        (bad("grant_types", json!(["authorization_code", "client_credentials"])), "invalid_client_metadata"),
        (bad("grant_types", json!([])), "invalid_client_metadata"),
        (bad("grant_types", json!(["client_credentials"])), "invalid_client_metadata"),
        (bad("response_types", json!(["token"])), "invalid_client_metadata"),
        (bad("response_types", json!([])), "invalid_client_metadata"),
        (bad("token_endpoint_auth_method", json!("tls_client_auth")), "invalid_client_metadata"),
        (bad("token_endpoint_auth_method", json!("private_key_jwt")), "invalid_client_metadata"),
        (bad("token_endpoint_auth_signing_alg", json!("HS256")), "invalid_client_metadata"),
        (bad("id_token_signed_response_alg", json!("none")), "invalid_client_metadata"),
        (bad("subject_type", json!("pairwise")), "invalid_client_metadata"),
        (bad("scope", json!("system/*.rs")), "invalid_client_metadata"),
        (bad("scope", json!("")), "invalid_client_metadata"),
        (bad("contacts", json!(["nobody"])), "invalid_client_metadata"),
        (bad("logo_uri", json!("data:image/png;base64,x")), "invalid_client_metadata"),
        (bad("initiate_login_uri", json!("https://app.example/other")), "invalid_client_metadata"),
        (bad("dpop_bound_access_tokens", json!("yes")), "invalid_client_metadata"),
        (
            with(bad("jwks", json!({"keys": []})), "jwks_uri", json!("https://app.example/k")),
            "invalid_client_metadata",
        ),
        (bad("software_statement", json!("x")), "invalid_software_statement"),
        (bad("software_statement", json!(jws)), "unapproved_software_statement"),
        (json!([]), "invalid_client_metadata"),
        (json!("x"), "invalid_client_metadata"),
    ] {
        let answer = register(&server, &body).await;
        assert_eq!(answer.error(), (400, code.to_owned()), "{body}: {}", answer.body);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let description = answer.json()["error_description"].as_str().unwrap().to_owned();
        assert!(
            description.bytes().all(|b| (0x20..=0x7e).contains(&b) && b != b'"' && b != b'\\'),
            "{description}"
        );
        assert!(!description.contains("app.example"), "{description}");
    }
    let form = server.form("/oauth/register", &[], &[("client_name", "x")]).await;
    assert_eq!(form.error(), (400, "invalid_client_metadata".to_owned()));
    let large = register(&server, &with(app(), "purpose", json!("x".repeat(70_000)))).await;
    assert_eq!(large.error(), (400, "invalid_client_metadata".to_owned()));
    assert!(server.store.clients().await.unwrap().is_empty(), "nothing was registered");
}

#[tokio::test]
async fn registrations_without_a_token_are_slowed_down_per_address() {
    let server = Server::start().await;
    for _ in 0..11 {
        assert_eq!(register(&server, &app()).await.status, 201);
    }
    let limited = register(&server, &app()).await;
    assert_eq!(limited.status, 429);
    assert_eq!(limited.header("retry-after"), Some("1"));
    assert_eq!(limited.json()["error"], "temporarily_unavailable");
}

async fn initial(server: &Server) -> PlainToken {
    let new = NewInitialToken {
        label: "Growth Ltd".to_owned(),
        kinds: vec![ClientKind::Public],
        scope: "openid user/Patient.rs".to_owned(),
        at_once: true,
        practice: None,
        uses: 1,
        life: std::time::Duration::from_hours(1),
    };
    server.accounts.add_initial_token(new, &By::operator()).await.unwrap().1
}

#[tokio::test]
async fn an_initial_access_token_is_used_or_refused_with_401() {
    let server = Server::start().await;
    let token = initial(&server).await;
    let post = |token: String| {
        let server = &server;
        async move { send(server, Method::POST, "/oauth/register", Some(&token), &app()).await }
    };
    for wrong in ["", "x", "cgi_unknown", "cgm_other-kind"] {
        let answer = post(wrong.to_owned()).await;
        assert_eq!(answer.error(), (401, "invalid_token".to_owned()), "{wrong}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    }
    let registered = post(token.expose().to_owned()).await;
    assert_eq!(registered.status, 201, "{}", registered.body);
    let registered = registered.json();
    assert_eq!(
        (text(&registered, "registration_state"), text(&registered, "scope")),
        ("active", "openid user/Patient.rs")
    );
    assert_eq!(post(token.expose().to_owned()).await.error(), (401, "invalid_token".to_owned()), "used up");
}

/// What a PUT repeats of what was answered before.
fn to_send(registered: &Value) -> Value {
    let mut body = registered.clone();
    for ours in [
        "registration_access_token",
        "registration_client_uri",
        "client_id_issued_at",
        "client_secret_expires_at",
    ] {
        body.as_object_mut().unwrap().remove(ours);
    }
    body
}

#[tokio::test]
async fn rfc_7592_a_registration_is_read_changed_and_deleted_with_its_token() {
    let server = Server::start().await;
    let confidential = with(app(), "token_endpoint_auth_method", json!("client_secret_basic"));
    let registered = register(&server, &confidential).await.json();
    let other = register(&server, &app()).await.json();
    let path = text(&registered, "registration_client_uri").replace("https://gate.example", "");
    let token = text(&registered, "registration_access_token");
    let go = |method: Method, token: Option<String>, body: Value| {
        let (server, path) = (&server, path.clone());
        async move { send(server, method, &path, token.as_deref(), &body).await }
    };
    let mine = || Some(token.to_owned());
    let strangers =
        [None, Some("cgm_x".to_owned()), Some(text(&other, "registration_access_token").to_owned())];
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        for stranger in &strangers {
            let answer = go(method.clone(), stranger.clone(), to_send(&registered)).await;
            assert_eq!(answer.error(), (401, "invalid_token".to_owned()), "{method}");
            assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
        }
    }
    let read = go(Method::GET, mine(), json!(null)).await.ok();
    assert_eq!(read["registration_access_token"], token, "RFC 7592 3: it is part of each answer");
    assert!(read.get("client_secret").is_none(), "only its hash is stored");

    let changed = with(to_send(&registered), "client_name", json!("Growth Charts 2"));
    assert_eq!(go(Method::PUT, mine(), changed.clone()).await.ok()["client_name"], "Growth Charts 2");
    for (member, value) in [
        ("client_id", json!(text(&other, "client_id"))),
        ("client_id", json!(null)),
        ("client_secret", json!("cgk_wrong")),
        ("registration_access_token", json!(token)),
        ("client_id_issued_at", json!(0)),
        ("client_name", json!("")),
    ] {
        let answer = go(Method::PUT, mine(), with(changed.clone(), member, value)).await;
        assert_eq!(answer.error(), (400, "invalid_client_metadata".to_owned()), "{member}");
    }

    approve(&server, &registered).await;
    let wider = with(changed.clone(), "redirect_uris", json!([REDIRECT, "https://evil.example/cb"]));
    let answer = go(Method::PUT, mine(), wider).await.ok();
    assert_eq!(answer["redirect_uris"], json!([REDIRECT]), "what is in force");
    assert_eq!(answer["waiting_for_approval"]["redirect_uris"][1], "https://evil.example/cb");
    let id = ClientId::parse(text(&registered, "client_id")).unwrap();
    server.accounts.suspend_client(&id, "Too many requests.", &By::operator()).await.unwrap();
    let read = go(Method::GET, mine(), json!(null)).await.ok();
    assert_eq!(
        (text(&read, "registration_state"), text(&read, "registration_state_reason")),
        ("suspended", "Too many requests.")
    );
    assert_eq!(go(Method::PUT, mine(), changed).await.error(), (403, "access_denied".to_owned()));

    let deleted = go(Method::DELETE, mine(), json!(null)).await;
    assert_eq!((deleted.status.as_u16(), deleted.body.as_str()), (204, ""));
    assert!(server.store.client(&id).is_none());
    assert_eq!(go(Method::GET, mine(), json!(null)).await.error(), (401, "invalid_token".to_owned()));
}

#[tokio::test]
async fn suspension_and_removal_hold_from_the_next_request_on() {
    let server = Server::start().await;
    let registered = register(&server, &app()).await.json();
    approve(&server, &registered).await;
    let id = ClientId::parse(text(&registered, "client_id")).unwrap();
    let client = (*server.store.client(&id).unwrap()).clone();
    let ana = server.signed_in("ana").await;
    let tokens = server.token(&borrowed(&exchange(&client, &ana.launch(&client, SCOPE).await))).await.ok();
    let bearer = format!("Bearer {}", text(&tokens, "access_token"));
    let headers = [("authorization", bearer.as_str())];
    let userinfo = || server.get("/oauth/userinfo", &headers);
    userinfo().await.ok();
    server.accounts.suspend_client(&id, "Why not.", &By::operator()).await.unwrap();
    assert_eq!(userinfo().await.error(), (401, "invalid_token".to_owned()));
    server.accounts.reactivate_client(&id, &By::operator()).await.unwrap();
    userinfo().await.ok();
    server.accounts.remove_client(&id, &By::operator()).await.unwrap();
    assert_eq!(userinfo().await.error(), (401, "invalid_token".to_owned()));
}

#[tokio::test]
async fn a_vendor_can_read_why_its_requests_failed() {
    let server = Server::start().await;
    let confidential = with(app(), "token_endpoint_auth_method", json!("client_secret_basic"));
    let registered = register(&server, &confidential).await.json();
    approve(&server, &registered).await;
    let (id, secret) = (text(&registered, "client_id"), text(&registered, "client_secret"));
    let client = (*server.store.client(&ClientId::parse(id).unwrap()).unwrap()).clone();
    let ana = server.signed_in("ana").await;

    let code = ana.launch(&client, SCOPE).await;
    let mut fields = exchange(&client, &code);
    fields.retain(|(name, _)| name != "code_verifier");
    let mut fields = borrowed(&fields);
    fields.push(("client_secret", secret));
    fields.push(("code_verifier", "wrong-wrong-wrong-wrong-wrong-wrong-wrong-wrong"));
    let failed = server.token(&fields).await;
    assert_eq!(failed.error(), (400, "invalid_grant".to_owned()));
    for _ in 0..3 {
        server
            .token(&[("grant_type", "authorization_code"), ("client_id", id), ("client_secret", "guess")])
            .await;
    }
    ana.authorize(&[("client_id", id), ("redirect_uri", "https://evil.example/")]).await;
    ana.authorize(&[("client_id", id), ("redirect_uri", REDIRECT), ("response_type", "token")]).await;
    server.form("/oauth/revoke", &[], &[("client_id", id), ("client_secret", secret)]).await;
    server
        .form("/oauth/introspect", &[], &[("client_id", id), ("client_secret", "guess"), ("token", "x")])
        .await;

    server.failures.write().await.unwrap();
    let found = server.store.failures_of(&client.id, 50).await.unwrap();
    let mut rows: Vec<_> =
        found.iter().map(|f| (f.endpoint.as_str(), f.error.as_str(), f.proven, f.count)).collect();
    rows.sort_unstable();
    assert_eq!(
        rows,
        [
            ("/oauth/authorize", "RedirectUriMismatch", false, 1),
            ("/oauth/authorize", "UnsupportedResponseType", false, 1),
            ("/oauth/introspect", "InvalidClient", false, 1),
            ("/oauth/revoke", "MalformedTokenRequest", true, 1),
            ("/oauth/token", "CodeVerifier", true, 1),
            ("/oauth/token", "InvalidClient", false, 3),
        ]
    );
    let verifier = found.iter().find(|failure| failure.error == "CodeVerifier").unwrap();
    assert_eq!(verifier.request.as_ref().map(RequestId::as_str), failed.header("x-request-id"));
    assert_eq!(verifier.code, "invalid_grant");
    for failure in &found {
        let all = format!("{failure:?}");
        for secret in [VERIFIER, &code, secret, "evil.example", "Ana"] {
            assert!(!all.contains(secret), "{all}");
        }
    }
}

#[tokio::test]
async fn keys_of_every_algorithm_that_clients_may_sign_by_can_be_registered() {
    let server = Server::start().await;
    let (b32, b48, b256) = ("A".repeat(43), "A".repeat(64), "A".repeat(342));
    for key in [
        json!({"kty": "EC", "crv": "P-256", "kid": "k", "x": b32, "y": b32}),
        json!({"kty": "EC", "crv": "P-384", "kid": "k", "x": b48, "y": b48}),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": b32}),
        json!({"kty": "RSA", "kid": "k", "n": b256, "e": "AQAB"}),
    ] {
        let keyed = with(app(), "token_endpoint_auth_method", json!("private_key_jwt"));
        let answer = register(&server, &with(keyed, "jwks", json!({"keys": [key]}))).await;
        assert_eq!(answer.status, 201, "{key}: {}", answer.body);
    }
    for algorithm in chartgate::oauth::client_keys::ALGORITHMS {
        let named = with(app(), "token_endpoint_auth_signing_alg", json!(algorithm.name()));
        assert_eq!(register(&server, &named).await.status, 201, "{algorithm:?}");
    }
}

#[test]
fn for_every_error_there_is_a_hint() {
    let generic = hint("", "");
    for error in OAuthError::ALL.iter().filter(|error| error.code() != "invalid_request") {
        assert_ne!(hint(error.name(), error.code()), generic, "{error:?}");
    }
}
