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
