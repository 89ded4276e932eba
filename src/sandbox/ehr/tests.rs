use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use proptest::prelude::*;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::domain::clock::{Clock, ManualClock, Timestamp};
use crate::domain::random::SeededRandom;
use crate::sandbox::hospital::HospitalSpec;
use crate::sandbox::hospital::kind::Kind;
use crate::sandbox::hospital::params::{self, Compare};

const BASE: &str = "http://127.0.0.1:9/r4";

fn as_of() -> Timestamp {
    Timestamp::from_millis(1_795_626_000_000)
}

fn server(auth: EhrAuth) -> (Ehr, Arc<ManualClock>) {
    let clock = ManualClock::new(as_of());
    let hospital = Hospital::generate(&HospitalSpec { seed: 3, patients: 24, as_of: as_of() });
    let options = EhrOptions {
        base_url: BASE.parse().unwrap(),
        clock: clock.clone(),
        random: SeededRandom::new(1),
        auth,
        knobs: Arc::new(Knobs::default()),
        shutdown: CancellationToken::new(),
    };
    (Ehr::new(hospital, options), clock)
}

fn open() -> Ehr {
    server(EhrAuth::Open).0
}

async fn ask(ehr: &Ehr, request: Request<Body>) -> Response {
    routes::router(ehr).oneshot(request).await.unwrap()
}

async fn get(ehr: &Ehr, path: &str) -> Response {
    let local = path.strip_prefix("http://127.0.0.1:9").map_or_else(|| format!("/r4/{path}"), str::to_owned);
    ask(ehr, Request::get(local.replace(' ', "%20")).body(Body::empty()).unwrap()).await
}

async fn body(response: Response) -> Value {
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

async fn bundle(ehr: &Ehr, path: &str) -> Value {
    let response = get(ehr, path).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    body(response).await
}

/// `Type/id` of the entries with that search mode.
fn entries(bundle: &Value, mode: &str) -> Vec<String> {
    let all = bundle["entry"].as_array().into_iter().flatten();
    all.filter(|entry| entry["search"]["mode"] == mode)
        .map(|entry| {
            let resource = &entry["resource"];
            format!(
                "{}/{}",
                resource["resourceType"].as_str().unwrap(),
                resource["id"].as_str().unwrap_or_default()
            )
        })
        .collect()
}

/// A client's key and what it publishes.
struct Client {
    key: EncodingKey,
    jwks: JwkSet,
}

fn client(kid: &str) -> Client {
    crate::credentials::install_crypto_provider();
    let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let key = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
    let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES384).unwrap();
    jwk.common.key_id = Some(kid.into());
    Client { key, jwks: JwkSet { keys: vec![jwk] } }
}

fn claims(jti: &str) -> Value {
    json!({
        "iss": "facade", "sub": "facade", "aud": "http://127.0.0.1:9/oauth2/token",
        "exp": as_of().as_seconds() + 240, "jti": jti
    })
}

fn assertion(client: &Client, kid: &str, claims: &Value) -> String {
    let mut header = Header::new(Algorithm::ES384);
    header.kid = Some(kid.into());
    jsonwebtoken::encode(&header, claims, &client.key).unwrap()
}

async fn token(ehr: &Ehr, assertion: &str, scope: &str) -> (StatusCode, Value) {
    let form = serde_urlencoded::to_string([
        ("grant_type", "client_credentials"),
        ("scope", scope),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ])
    .unwrap();
    let request = Request::post("/oauth2/token")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .unwrap();
    let response = ask(ehr, request).await;
    let status = response.status();
    (status, body(response).await)
}

fn guarded() -> (Ehr, Arc<ManualClock>, Client) {
    let client = client("k1");
    let known =
        BackendClient { client_id: "facade".into(), jwks: client.jwks.clone(), scope: "system/*.rs".into() };
    let (ehr, clock) = server(EhrAuth::BackendServices(vec![known]));
    (ehr, clock, client)
}

async fn with_token(ehr: &Ehr, path: &str, token: &str) -> StatusCode {
    let request = Request::get(format!("/r4/{path}"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Body::empty())
        .unwrap();
    ask(ehr, request).await.status()
}

#[tokio::test]
async fn smart_backend_services_a_signed_assertion_gets_a_token_of_five_minutes() {
    let (ehr, clock, client) = guarded();
    assert_eq!(get(&ehr, "Patient/p000001").await.status(), StatusCode::UNAUTHORIZED);
    let (status, granted) = token(&ehr, &assertion(&client, "k1", &claims("1")), "system/*.rs").await;
    assert_eq!(status, StatusCode::OK, "{granted}");
    assert_eq!(granted["expires_in"], 300);
    let bearer = granted["access_token"].as_str().unwrap();
    assert_eq!(with_token(&ehr, "Patient/p000001", bearer).await, StatusCode::OK);
    clock.advance(Duration::from_secs(301));
    assert_eq!(with_token(&ehr, "Patient/p000001", bearer).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn smart_backend_services_narrow_scopes_are_kept_to() {
    let (ehr, _, client) = guarded();
    let (_, granted) = token(&ehr, &assertion(&client, "k1", &claims("1")), "system/Patient.r launch").await;
    assert_eq!(granted["scope"], "system/Patient.r");
    let bearer = granted["access_token"].as_str().unwrap();
    assert_eq!(with_token(&ehr, "Patient/p000001", bearer).await, StatusCode::OK);
    assert_eq!(with_token(&ehr, "Patient?_id=p000001", bearer).await, StatusCode::FORBIDDEN);
    assert_eq!(with_token(&ehr, "Organization/org-1", bearer).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn smart_backend_services_bad_assertions_are_refused() {
    let (ehr, _, client) = guarded();
    let changed = |name: &str, value: Value| {
        let mut changed = claims(name);
        changed[name] = value;
        changed
    };
    let stranger = super::tests::client("k1");
    let cases = [
        ("audience", assertion(&client, "k1", &changed("aud", json!("http://elsewhere/token")))),
        ("expired", assertion(&client, "k1", &changed("exp", json!(as_of().as_seconds() - 60)))),
        ("too long", assertion(&client, "k1", &changed("exp", json!(as_of().as_seconds() + 900)))),
        ("subject", assertion(&client, "k1", &changed("sub", json!("somebody")))),
        ("issuer", assertion(&client, "k1", &changed("iss", json!("somebody")))),
        ("key id", assertion(&client, "k2", &claims("kid"))),
        ("signature", assertion(&stranger, "k1", &claims("sig"))),
        ("no jti", assertion(&client, "k1", &changed("jti", json!("")))),
        ("not a JWT", "abc".to_owned()),
    ];
    for (what, assertion) in cases {
        let (status, answer) = token(&ehr, &assertion, "system/*.rs").await;
        assert_eq!(
            (status, &answer["error"]),
            (StatusCode::UNAUTHORIZED, &json!("invalid_client")),
            "{what}"
        );
    }
    let twice = assertion(&client, "k1", &claims("again"));
    assert_eq!(token(&ehr, &twice, "system/*.rs").await.0, StatusCode::OK);
    assert_eq!(token(&ehr, &twice, "system/*.rs").await.0, StatusCode::UNAUTHORIZED, "jti works once");
}

static OPEN: LazyLock<Ehr> = LazyLock::new(open);

/// One condition of a plain filter.
type Condition = Box<dyn Fn(&Value) -> bool>;

/// What a search should find, judged on the JSON alone.
fn naive(kind: Kind, patient: usize, tests: &[Condition]) -> HashSet<String> {
    let record = OPEN.world().hospital.record(patient).unwrap();
    let of_kind = record.entries.iter().filter(|entry| entry.kind == kind);
    of_kind
        .filter(|entry| {
            let resource: Value = serde_json::from_slice(&entry.body).unwrap();
            tests.iter().all(|test| test(&resource))
        })
        .map(|entry| entry.reference())
        .collect()
}

fn codes(concept: &Value) -> Vec<String> {
    let concepts = concept.as_array().cloned().unwrap_or_else(|| vec![concept.clone()]);
    let codings = concepts.iter().flat_map(|c| c["coding"].as_array().cloned().unwrap_or_default());
    codings.map(|coding| coding["code"].as_str().unwrap_or_default().to_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_search_finds_what_a_plain_filter_finds(
        patient in 0_usize..24,
        category in prop::option::of(prop::sample::select(vec!["laboratory", "vital-signs", "other"])),
        code in prop::option::of(prop::sample::select(vec!["718-7", "8867-4", "1988-5", "85354-9", "4548-4"])),
        since in prop::option::of(0_i64..900),
        count in 1_usize..40,
    ) {
        let mut query = format!("Observation?patient=p{:06}&_count={count}", patient + 1);
        let mut tests: Vec<Condition> = Vec::new();
        if let Some(category) = category {
            query = format!("{query}&category={category}");
            tests.push(Box::new(move |r| codes(&r["category"]).iter().any(|c| c == category)));
        }
        if let Some(code) = code {
            query = format!("{query}&code=http://loinc.org%7C{code}");
            tests.push(Box::new(move |r| codes(&r["code"]).iter().any(|c| c == code)));
        }
        if let Some(days) = since {
            let day = crate::sandbox::hospital::time::shift(crate::sandbox::hospital::time::day_of(as_of()), -days).to_string();
            query = format!("{query}&date=ge{day}");
            tests.push(Box::new(move |r| r["effectiveDateTime"].as_str().unwrap() >= day.as_str()));
        }
        let expected = naive(Kind::Observation, patient, &tests);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(async {
            let mut found = Vec::new();
            let mut next = Some(query);
            while let Some(path) = next {
                let page = bundle(&OPEN, &path).await;
                assert_eq!(page["total"], expected.len());
                found.extend(entries(&page, "match"));
                assert!(entries(&page, "match").len() <= count);
                next = page["link"].as_array().unwrap().iter().find(|l| l["relation"] == "next").map(|l| l["url"].as_str().unwrap().to_owned());
            }
            found
        });
        prop_assert_eq!(found.len(), expected.len(), "paging shows each match once");
        prop_assert_eq!(found.into_iter().collect::<HashSet<_>>(), expected);
    }
}

#[tokio::test]
async fn a_patient_is_found_by_mrn_by_name_with_birth_date_and_by_pcp() {
    let ehr = open();
    let found =
        bundle(&ehr, "Patient?identifier=https://saguarochildrens.example/fhir/sid/mrn%7C10001001").await;
    assert_eq!(entries(&found, "match"), ["Patient/p000001"]);
    assert_eq!(entries(&bundle(&ehr, "Patient?name=mateo&family=river").await, "match").len(), 2);
    let birth = ehr.world().hospital.children()[0].birth;
    let found = bundle(&ehr, &format!("Patient?family=Rivera&given=Mateo&birthdate={birth}")).await;
    assert_eq!(entries(&found, "match"), ["Patient/p000001"]);
    let other = birth.tomorrow().unwrap();
    assert_eq!(bundle(&ehr, &format!("Patient?family=Rivera&birthdate={other}")).await["total"], 0);
    let panel =
        bundle(&ehr, "Patient?general-practitioner=PractitionerRole/role-153,Organization/org-14").await;
    let panel = entries(&panel, "match");
    for member in ["Patient/p000012", "Patient/p000013", "Patient/p000020"] {
        assert!(panel.contains(&member.to_owned()), "{member}");
    }
    assert_eq!(bundle(&ehr, "Patient?general-practitioner=Practitioner/prac-999").await["total"], 0);
}

#[tokio::test]
async fn s33_a_pcp_change_shows_at_once_in_search_read_and_history() {
    let ehr = open();
    let panel =
        async |gp: &str| entries(&bundle(&ehr, &format!("Patient?general-practitioner={gp}")).await, "match");
    assert!(panel("Practitioner/prac-141").await.contains(&"Patient/p000001".into()));
    ehr.world().move_patient("p000001", &["PractitionerRole/role-152".into()]).unwrap();
    assert!(!panel("Practitioner/prac-141").await.contains(&"Patient/p000001".into()));
    assert!(panel("PractitionerRole/role-152").await.contains(&"Patient/p000001".into()));
    let now = body(get(&ehr, "Patient/p000001").await).await;
    assert_eq!(now["meta"]["versionId"], "2");
    assert_eq!(now["generalPractitioner"][0]["reference"], "PractitionerRole/role-152");
    let before = body(get(&ehr, "Patient/p000001/_history/1").await).await;
    assert_eq!(before["generalPractitioner"][0]["reference"], "Practitioner/prac-141");
    assert_eq!(body(get(&ehr, "Patient/p000001/_history").await).await["total"], 2);
    assert!(ehr.world().move_patient("p000001", &["Practitioner/nobody".into()]).is_err());
}

#[tokio::test]
async fn reads_are_conditional_and_deleted_resources_are_gone() {
    let ehr = open();
    let first = get(&ehr, "Patient/p000002").await;
    let etag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
    let modified = first.headers()[header::LAST_MODIFIED].to_str().unwrap().to_owned();
    for (name, value) in [(header::IF_NONE_MATCH, &etag), (header::IF_MODIFIED_SINCE, &modified)] {
        let request = Request::get("/r4/Patient/p000002").header(name, value).body(Body::empty()).unwrap();
        let again = ask(&ehr, request).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(again.headers()[header::ETAG], etag.as_str());
    }
    let note = entries(&bundle(&ehr, "DocumentReference?patient=p000002").await, "match").remove(0);
    let id = note.split('/').nth(1).unwrap();
    ehr.world()
        .restrict(Kind::DocumentReference, id, &[crate::sandbox::hospital::meta::Label::Restricted])
        .unwrap();
    let labelled = body(get(&ehr, &note).await).await;
    assert_eq!(labelled["meta"]["security"][0]["code"], "R");
    assert_eq!(labelled["meta"]["versionId"], "2");
    ehr.world().delete(Kind::DocumentReference, id).unwrap();
    assert_eq!(get(&ehr, &note).await.status(), StatusCode::GONE);
    assert!(!entries(&bundle(&ehr, "DocumentReference?patient=p000002").await, "match").contains(&note));
    assert_eq!(get(&ehr, "Patient/p999999").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(get(&ehr, "Nonsense/1").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn includes_come_once_and_beside_the_matches() {
    let ehr = open();
    let path = "MedicationRequest?patient=p000010&_include=MedicationRequest:medication&_revinclude=Provenance:target";
    let found = bundle(&ehr, path).await;
    let included = entries(&found, "include");
    assert_eq!(included.iter().collect::<HashSet<_>>().len(), included.len(), "each once");
    assert!(included.iter().any(|r| r.starts_with("Medication/")));
    assert!(included.iter().any(|r| r.starts_with("Provenance/")));
    assert!(entries(&found, "match").iter().all(|r| r.starts_with("MedicationRequest/")));
    let team = bundle(&ehr, "CareTeam?patient=p000010&_include=CareTeam:participant:Practitioner").await;
    assert!(entries(&team, "include").iter().all(|r| r.starts_with("Practitioner/")));
}

#[tokio::test]
async fn unknown_parameters_are_refused_when_strict_and_named_when_lenient() {
    let ehr = open();
    let strict = Request::get("/r4/CareTeam?patient=p000001&colour=red")
        .header("prefer", "handling=strict")
        .body(Body::empty())
        .unwrap();
    let refused = ask(&ehr, strict).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(body(refused).await["resourceType"], "OperationOutcome");
    let lenient = bundle(&ehr, "CareTeam?patient=p000001&colour=red").await;
    assert_eq!(entries(&lenient, "match").len(), 1);
    assert_eq!(entries(&lenient, "outcome").len(), 1);
    assert!(!lenient["link"][0]["url"].as_str().unwrap().contains("colour"));
    for wrong in [
        "Observation?patient=p000001&date=soon",
        "Patient?birthdate:near=2020",
        "Observation?code=1",
        "Binary?_id=x",
        "Patient?_sort=shoe",
    ] {
        assert_eq!(get(&ehr, wrong).await.status(), StatusCode::BAD_REQUEST, "{wrong}");
    }
}

#[tokio::test]
async fn knob_an_ignored_parameter_returns_everyones() {
    let ehr = open();
    ehr.knobs().change(|knobs| knobs.ignored = vec!["patient".into()]);
    let leaking = bundle(&ehr, "CareTeam?patient=p000001&_count=500").await;
    let subjects: HashSet<String> = leaking["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["resource"]["subject"]["reference"].as_str().unwrap().to_owned())
        .collect();
    assert!(subjects.len() > 10);
}

#[tokio::test]
async fn knobs_throttle_fail_cap_and_break() {
    let ehr = open();
    ehr.knobs().change(|knobs| {
        knobs.throttle_every = 1;
        knobs.retry_after_s = Some(7);
    });
    let throttled = get(&ehr, "Patient/p000001").await;
    assert_eq!(throttled.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(throttled.headers()[header::RETRY_AFTER], "7");
    ehr.knobs().set(KnobSettings { fail_every: 2, ..KnobSettings::default() });
    ehr.knobs().reset_counts();
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(get(&ehr, "Patient/p000001").await.status().as_u16());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 500).count(), 2, "{statuses:?}");
    assert_eq!(ehr.knobs().counted("read Patient"), 4);
    ehr.knobs().set(KnobSettings { page_cap: 3, ..KnobSettings::default() });
    let capped = bundle(&ehr, "Observation?patient=p000010&_count=100").await;
    assert_eq!(entries(&capped, "match").len(), 3);
    ehr.knobs().set(KnobSettings { broken_json: true, ..KnobSettings::default() });
    let bytes = axum::body::to_bytes(get(&ehr, "Patient/p000001").await.into_body(), 4096).await.unwrap();
    assert!(serde_json::from_slice::<Value>(&bytes).is_err());
    ehr.knobs().set(KnobSettings { down: Down::Unavailable, ..KnobSettings::default() });
    assert_eq!(get(&ehr, "Patient/p000001").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    ehr.knobs().set(KnobSettings { absolute_references: true, ..KnobSettings::default() });
    let absolute = body(get(&ehr, "Patient/p000001").await).await;
    assert_eq!(absolute["managingOrganization"]["reference"], format!("{BASE}/Organization/org-1"));
}

#[tokio::test]
async fn knobs_are_turned_over_http() {
    let ehr = open();
    let change = |method: &str, body: &str| {
        Request::builder()
            .method(method)
            .uri("/sandbox/knobs")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_owned()))
            .unwrap()
    };
    assert_eq!(ask(&ehr, change("POST", "{\"latency_ms\": 3}")).await.status(), StatusCode::OK);
    assert_eq!(ask(&ehr, change("POST", "{\"page_cap\": 2}")).await.status(), StatusCode::OK);
    assert_eq!((ehr.knobs().get().latency_ms, ehr.knobs().get().page_cap), (3, 2));
    assert_eq!(ask(&ehr, change("POST", "{\"colour\": 2}")).await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(ask(&ehr, change("PUT", "{}")).await.status(), StatusCode::OK);
    assert_eq!(*ehr.knobs().get(), KnobSettings::default());
}

#[tokio::test]
async fn knob_down_drops_connections_and_comes_back() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let ehr = open();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn({
        let ehr = ehr.clone();
        async move { ehr.serve(listener).await }
    });
    let talk = async || {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let _ = stream.write_all(b"GET /r4/metadata HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        answer
    };
    assert!(talk().await.starts_with(b"HTTP/1.1 200"));
    ehr.knobs().change(|knobs| knobs.down = Down::Drop);
    assert_eq!(talk().await, b"");
    ehr.knobs().change(|knobs| knobs.down = Down::No);
    assert!(talk().await.starts_with(b"HTTP/1.1 200"));
    ehr.0.shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(5), serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_binary_is_fhir_or_the_thing_itself_as_the_client_accepts() {
    let ehr = open();
    let notes = bundle(&ehr, "DocumentReference?patient=p000001&type=http://loinc.org%7C18842-5").await;
    let url = notes["entry"][0]["resource"]["content"][0]["attachment"]["url"].as_str().unwrap().to_owned();
    let resource = body(get(&ehr, &url).await).await;
    assert_eq!(resource["contentType"], "application/pdf");
    let request = Request::get(format!("/r4/{url}"))
        .header(header::ACCEPT, "application/pdf")
        .body(Body::empty())
        .unwrap();
    let raw = ask(&ehr, request).await;
    assert_eq!(raw.headers()[header::CONTENT_TYPE], "application/pdf");
    let bytes = axum::body::to_bytes(raw.into_body(), usize::MAX).await.unwrap();
    assert!(bytes.starts_with(b"%PDF-"));
}

#[tokio::test]
async fn the_capability_statement_is_true() {
    let ehr = open();
    let statement = body(get(&ehr, "metadata").await).await;
    assert_eq!(statement["fhirVersion"], "4.0.1");
    let resources = statement["rest"][0]["resource"].as_array().unwrap();
    assert_eq!(resources.len(), Kind::ALL.len());
    for resource in resources {
        let kind = resource["type"].as_str().unwrap();
        for param in resource["searchParam"].as_array().into_iter().flatten() {
            let name = param["name"].as_str().unwrap();
            let value = match params::find(Kind::parse(kind).unwrap(), name).map(|param| param.compare) {
                Some(Compare::Date) => "2026-01-01",
                None if name == "_lastUpdated" => "2026-01-01",
                Some(Compare::Reference) => "Patient/p000001",
                _ => "x",
            };
            let request = Request::get(format!("/r4/{kind}?_id=p000001&{name}={value}"))
                .header("prefer", "handling=strict")
                .body(Body::empty())
                .unwrap();
            assert_eq!(ask(&ehr, request).await.status(), StatusCode::OK, "{kind}?{name}");
        }
        for include in resource["searchInclude"].as_array().into_iter().flatten() {
            let path = format!("{kind}?_id=p000001&_include={}", include.as_str().unwrap());
            assert_eq!(get(&ehr, &path).await.status(), StatusCode::OK, "{path}");
        }
    }
}

#[tokio::test]
async fn post_search_count_elements_and_sort_agree_with_get() {
    let ehr = open();
    let posted = Request::post("/r4/Encounter/_search")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("patient=p000001&_sort=-date"))
        .unwrap();
    let posted = body(ask(&ehr, posted).await).await;
    let got = bundle(&ehr, "Encounter?patient=p000001&_sort=-date").await;
    assert_eq!(entries(&posted, "match"), entries(&got, "match"));
    let starts: Vec<&str> = got["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["resource"]["period"]["start"].as_str().unwrap())
        .collect();
    assert!(starts.windows(2).all(|pair| pair[0] >= pair[1]), "{starts:?}");
    let counted = bundle(&ehr, "Encounter?patient=p000001&_summary=count").await;
    assert_eq!((&counted["total"], counted["entry"].is_null()), (&json!(starts.len()), true));
    let thin = bundle(&ehr, "Patient?_id=p000001&_elements=generalPractitioner").await;
    let resource = thin["entry"][0]["resource"].as_object().unwrap();
    assert!(resource.contains_key("generalPractitioner") && !resource.contains_key("name"));
    assert_eq!(resource["meta"]["tag"][0]["code"], "SUBSETTED");
    let expired = get(&ehr, "Encounter?sessionID=nothing").await;
    assert_eq!(expired.status(), StatusCode::GONE);
}

#[test]
fn clocks_and_pages_expire() {
    let clock = ManualClock::new(as_of());
    assert_eq!(clock.now(), as_of());
    let pages = Pages::new(clock.clone(), SeededRandom::new(1));
    let search = query::Search::parse(Kind::Patient, &[], &[], true, BASE).unwrap();
    let handle = pages.keep(Arc::new(search), Arc::new(Vec::new()), 0);
    assert!(pages.find(&handle).is_some());
    clock.advance(Duration::from_mins(16));
    assert!(pages.find(&handle).is_none());
}
