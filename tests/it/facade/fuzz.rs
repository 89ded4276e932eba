//! Whatever is sent, the answer is a status that means something and a body in the client's language: never a panic, never 500.

use axum::body::Body;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use proptest::prelude::*;

use super::world::{World, subject};

fn path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        4 => proptest::sample::select(vec![
            "Observation", "Patient", "Binary", "Claim", "metadata", "_search", "_history", "seen", "other", "seen-o1",
            "other-o1", "seen-note", "$everything", "", "..", "%2e%2e", "%00", "%ff", "1",
        ])
        .prop_map(str::to_owned),
        1 => "[ -~]{0,12}".prop_map(|text| percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string()),
    ];
    proptest::collection::vec(segment, 0..5).prop_map(|segments| format!("/fhir/r4/{}", segments.join("/")))
}

fn query() -> impl Strategy<Value = String> {
    let pair = prop_oneof![
        4 => proptest::sample::select(vec![
            "patient=seen", "patient=other", "subject=Patient/seen", "_id=seen-o1", "_count=2", "_summary=count", "_total=accurate",
            "_format=json", "_format=xml", "_page=x", "_page=", "_sort=-date", "_include=*", "code=a|b", "date=ge2020", "name=f",
            "%", "%%%", "=", "&&", "_has:a:b:c=d", "access_token=x", "_page=AAAA&_page=BBBB",
        ])
        .prop_map(str::to_owned),
        1 => "[!-~]{0,20}".prop_map(|text| text.replace(['#', '"', '<', '>', '`', '{', '}', '\\', '^', '|'], "")),
    ];
    proptest::collection::vec(pair, 0..5).prop_map(|pairs| pairs.join("&"))
}

fn headers() -> impl Strategy<Value = Vec<(HeaderName, HeaderValue)>> {
    let name = proptest::sample::select(vec![
        "accept",
        "content-type",
        "if-none-match",
        "prefer",
        "origin",
        "range",
        "if-modified-since",
        "accept-encoding",
        "access-control-request-method",
        "cookie",
        "x-request-id",
        "x-forwarded-for",
        "transfer-encoding",
    ]);
    let value = prop_oneof![
        proptest::sample::select(vec![
            "*/*",
            "application/fhir+json",
            "application/xml",
            ";;;q=",
            "\"1\"",
            "W/\"1\"",
            "*",
            "null",
            "https://app.example",
            "application/x-www-form-urlencoded",
            "bytes=0-1",
            "handling=lenient",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..16),
    ];
    proptest::collection::vec((name, value), 0..4).prop_map(|pairs| {
        let value = |bytes: &[u8]| HeaderValue::from_bytes(bytes).ok();
        pairs
            .iter()
            .filter_map(|(name, bytes)| Some((HeaderName::from_static(name), value(bytes)?)))
            .collect()
    })
}

#[test]
fn whatever_is_sent_is_answered_in_good_order() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let tokens = [None, Some(world.ana()), Some(world.token(subject("ana", "patient/*.rs", Some("seen"))))];
    let methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(600));
    let what = (
        0..methods.len(),
        path(),
        query(),
        headers(),
        0..3_usize,
        proptest::collection::vec(any::<u8>(), 0..40),
    );
    runner
        .run(&what, |(method, path, query, headers, who, body)| {
            let Ok(uri) = format!("{path}?{query}").parse::<Uri>() else { return Ok(()) };
            let mut request = Request::new(Body::from(body));
            *request.method_mut() = Method::from_bytes(methods[method].as_bytes()).unwrap();
            *request.uri_mut() = uri;
            request.headers_mut().extend(headers);
            if let Some(token) = &tokens[who] {
                request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
            }
            let answer = runtime.block_on(world.send(request));
            let status = answer.status.as_u16();
            prop_assert!(
                [200, 204, 304, 400, 401, 403, 404, 405, 406, 413, 415, 422].contains(&status),
                "{status}: {}",
                answer.text()
            );
            let spoken = answer.body.is_empty()
                || answer.header("content-type").contains("json")
                || path.contains("Binary");
            prop_assert!(spoken, "{status} in {}", answer.header("content-type"));
            prop_assert!(
                status < 400 || answer.body.is_empty() || answer.json()["resourceType"] == "OperationOutcome"
            );
            prop_assert!(!answer.text().contains("of other"), "somebody else's: {}", answer.text());
            prop_assert!(!answer.header("x-request-id").is_empty());
            Ok(())
        })
        .unwrap();
}

#[test]
fn whatever_a_batch_asks_each_entry_is_answered() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let tokens = [world.ana(), world.token(subject("ana", "patient/*.rs", Some("seen")))];
    let method = proptest::sample::select(vec!["GET", "GET", "GET", "POST", "get", ""]);
    let validator =
        proptest::sample::select(vec!["", "W/\"1\"", "*", "\"\n\"", "Thu, 01 Jan 1970 00:00:00 GMT"]);
    let entries = proptest::collection::vec((method, path(), query(), validator), 0..6);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(150));
    runner
        .run(&(entries, 0..2_usize), |(entries, who)| {
            let asked = entries.iter().map(|(method, path, query, validator)| {
                let url = format!("{}?{query}", path.strip_prefix("/fhir/r4/").unwrap());
                serde_json::json!({"request": {"method": method, "url": url, "ifNoneMatch": validator, "ifModifiedSince": validator}})
            });
            let batch = serde_json::json!({"resourceType": "Bundle", "type": "batch", "entry": asked.collect::<Vec<_>>()});
            let request = Request::post("/fhir/r4")
                .header("content-type", "application/fhir+json")
                .header("authorization", format!("Bearer {}", tokens[who]))
                .body(Body::from(batch.to_string()))
                .unwrap();
            let answer = runtime.block_on(world.send(request));
            prop_assert_eq!(answer.status, 200, "{}", answer.text());
            let answers = answer.json()["entry"].as_array().unwrap().clone();
            prop_assert_eq!(answers.len(), entries.len());
            for answered in answers {
                let status: u16 = answered["response"]["status"].as_str().unwrap().parse().unwrap();
                prop_assert!([200, 304, 400, 403, 404, 405, 406].contains(&status), "{answered}");
                let outcome = &answered["response"]["outcome"]["resourceType"];
                prop_assert!(status < 400 || *outcome == "OperationOutcome", "{answered}");
            }
            prop_assert!(!answer.text().contains("of other"), "somebody else's: {}", answer.text());
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn a_page_handle_that_was_changed_anywhere_opens_nothing() {
    let world = World::new().await;
    let ana = world.ana();
    let next = world.get("/Observation?patient=seen&_count=1", &ana).await.link("next");
    let next = next.expect("a further page");
    assert_eq!(world.get(&next, &ana).await.status, 200);
    let from = next.find("_page=").unwrap() + "_page=".len();
    for at in (from + 1..next.len()).step_by(7) {
        let mut changed = next.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(world.get(&changed, &ana).await.status, 404, "{changed}");
        assert_eq!(world.get(&next[..at], &ana).await.status, 404, "cut at {at}");
    }
    let other = next.replacen("/Observation", "/Condition", 1);
    assert_eq!(world.get(&other, &ana).await.status, 404, "for another type");
    let ben = world.token(subject("ben", "user/*.rs", None));
    assert_eq!(world.get(&next, &ben).await.status, 404, "somebody else's");
}
