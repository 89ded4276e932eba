//! Everything that an EHR has been seen to do wrong, and what comes of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::access::upstream::{Fetched, UpstreamError, Validator};
use crate::domain::ids::FhirId;
use crate::fhir::index::Shape;
use crate::fhir::interaction::{Interaction, Search};
use crate::fhir::resource_type::ResourceType;

use super::faulty::{Act, Faulty, connect};
use super::options::BreakerOptions;

const ORGANIZATION: &str =
    r#"{"resourceType":"Organization","id":"x","meta":{"versionId":"7"},"name":"North"}"#;
const UNAVAILABLE: UpstreamError = UpstreamError::Unavailable { retry_after: None };

fn read() -> Interaction {
    Interaction::Read { resource_type: ResourceType::Organization, id: FhirId::parse("x").unwrap() }
}

fn search() -> Interaction {
    Interaction::Search(Search {
        resource_type: ResourceType::Organization,
        patient: None,
        query: "name=north".into(),
    })
}

fn good() -> Act {
    Act::json(ORGANIZATION)
}

/// What a read comes to when the server does these in turn, and how many requests it takes.
async fn reading(acts: Vec<Act>) -> (Result<Fetched, UpstreamError>, usize) {
    let server = Faulty::script(acts).await;
    let (ehr, _) = connect(&server.options());
    (ehr.ask(&read(), Validator::default()).await, server.calls())
}

fn is_body(result: &Result<Fetched, UpstreamError>) -> bool {
    matches!(result, Ok(Fetched::Body(..)))
}

#[tokio::test]
async fn a_good_answer_is_sealed_with_its_version_and_validators() {
    let server = Faulty::script(vec![
        good()
            .with("ETag", "W/\"7\"")
            .with("Last-Modified", "x")
            .with("Cache-Control", "max-age=30, private"),
        Act::status(304).with("Cache-Control", "max-age=60"),
    ])
    .await;
    let (ehr, clock) = connect(&server.options());
    let Ok(Fetched::Body(body, freshness)) = ehr.ask(&read(), Validator::default()).await else { panic!() };
    assert_eq!(freshness.fresh_for, Some(Duration::from_secs(30)));
    assert!(!freshness.no_store);
    assert!(matches!(&body.body_for_tests().shape, Shape::Resource(facts) if facts.id.as_str() == "x"));
    assert_eq!(body.origin().as_of, crate::domain::clock::Clock::now(&*clock));
    let Ok(Fetched::NotModified(again)) = ehr.ask(&read(), freshness.validator.clone()).await else {
        panic!()
    };
    assert_eq!((again.fresh_for, again.validator), (Some(Duration::from_mins(1)), freshness.validator));
    let heard = server.heard();
    assert_eq!(heard[0].path, "/fhir/Organization/x");
    assert_eq!(heard[0].headers["accept"], "application/fhir+json");
    assert!(heard[0].headers["user-agent"].starts_with("chartgate/"));
    assert!(heard[0].headers["accept-encoding"].contains("gzip"));
    assert!(
        !heard[0].headers.contains_key("if-none-match") && !heard[0].headers.contains_key("authorization")
    );
    assert_eq!(
        (&*heard[1].headers["if-none-match"], &*heard[1].headers["if-modified-since"]),
        ("W/\"7\"", "x")
    );
}

#[tokio::test]
async fn searches_ask_for_strict_handling() {
    let server = Faulty::script(vec![Act::json(r#"{"resourceType":"Bundle","type":"searchset"}"#)]).await;
    let (ehr, _) = connect(&server.options());
    assert!(is_body(&ehr.ask(&search(), Validator::default()).await));
    let heard = &server.heard()[0];
    assert_eq!(
        (&*heard.path, &*heard.headers["prefer"]),
        ("/fhir/Organization?name=north", "handling=strict")
    );
}

#[tokio::test]
async fn silence_ends_at_the_time_limit() {
    let server = Faulty::script(vec![Act::After(Duration::from_secs(30), Box::new(good()))]).await;
    let mut options = server.options();
    options.timeout = Duration::from_millis(200);
    let (ehr, _) = connect(&options);
    let started = Instant::now();
    assert_eq!(ehr.ask(&read(), Validator::default()).await.unwrap_err(), UpstreamError::Timeout);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(server.calls(), 1, "who was too slow is not asked twice");
}

#[tokio::test]
async fn a_broken_connection_is_tried_again() {
    let half = Act::Bytes(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: 500\r\n\r\n{\"res"
            .to_vec(),
    );
    let garbage = Act::Bytes(b"\x16\x03\x01 what\r\n\r\n".to_vec());
    for broken in [Act::Reset, half, garbage, Act::Bytes(Vec::new())] {
        let (result, calls) = reading(vec![broken.clone(), good()]).await;
        assert!(is_body(&result), "{broken:?}: {result:?}");
        assert_eq!(calls, 2);
        let (result, calls) = reading(vec![broken]).await;
        assert_eq!((result.unwrap_err(), calls), (UNAVAILABLE, 3));
    }
}

#[tokio::test]
async fn nobody_listening_is_unavailable() {
    let server = Faulty::script(vec![good()]).await;
    let mut options = server.options();
    options.base = "http://127.0.0.1:9/fhir".parse().unwrap();
    let (ehr, _) = connect(&options);
    assert_eq!(ehr.ask(&read(), Validator::default()).await.unwrap_err(), UNAVAILABLE);
}

#[tokio::test]
async fn what_cannot_be_read_is_said_to_be_so_and_not_asked_again() {
    let html = Act::Answer(200, vec![("Content-Type", "text/html".into())], b"<html>sign in</html>".to_vec());
    let cut = Act::json(&ORGANIZATION[..40]);
    let other = Act::json(&ORGANIZATION.replace("\"x\"", "\"y\""));
    let unmarked = Act::Answer(200, Vec::new(), ORGANIZATION.as_bytes().to_vec());
    for act in [html, cut, other, unmarked, Act::json(""), Act::status(204), Act::status(304)] {
        let (result, calls) = reading(vec![act.clone()]).await;
        assert_eq!((result.err(), calls), (Some(UpstreamError::Malformed), 1), "{act:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Faulty::script(vec![good()]).await;
    let to = format!("{}/Organization/x", elsewhere.base);
    for status in [301, 302, 303, 307, 308] {
        let (result, calls) = reading(vec![Act::status(status).with("Location", &to)]).await;
        assert_eq!((result.unwrap_err(), calls), (UpstreamError::Malformed, 1));
    }
    assert_eq!(elsewhere.calls(), 0);
}

#[tokio::test]
async fn throttling_is_waited_out_when_it_is_short_and_told_when_it_is_long() {
    let short = Act::status(429).with("Retry-After", "1");
    let started = Instant::now();
    let (result, calls) = reading(vec![short, good()]).await;
    assert!(is_body(&result) && calls == 2 && started.elapsed() >= Duration::from_secs(1));
    let long = Act::status(429).with("Retry-After", "3600");
    let (result, calls) = reading(vec![long]).await;
    let wait = Some(Duration::from_hours(1));
    assert_eq!((result.unwrap_err(), calls), (UpstreamError::Throttled { retry_after: wait }, 1));
    // The clock of the test stands at 2026-09-21T14:13:20Z.
    let dated = Act::status(503).with("Retry-After", "Mon, 21 Sep 2026 14:23:20 GMT");
    let (result, calls) = reading(vec![dated]).await;
    let wait = Some(Duration::from_mins(10));
    assert_eq!((result.unwrap_err(), calls), (UpstreamError::Unavailable { retry_after: wait }, 1));
    let (result, calls) = reading(vec![Act::status(429)]).await;
    assert_eq!((result.unwrap_err(), calls), (UpstreamError::Throttled { retry_after: None }, 3));
}

#[tokio::test]
async fn server_errors_pass_or_not() {
    for status in [500, 502, 503, 504] {
        let (result, calls) = reading(vec![Act::status(status), Act::status(status), good()]).await;
        assert!(is_body(&result) && calls == 3);
        let (result, calls) = reading(vec![Act::status(status)]).await;
        assert_eq!((result.unwrap_err(), calls), (UNAVAILABLE, 3));
    }
}

#[tokio::test]
async fn refusals_have_each_their_meaning() {
    for status in [404, 410] {
        assert!(matches!(reading(vec![Act::status(status)]).await, (Ok(Fetched::Absent), 1)));
    }
    for (status, meaning) in [
        (401, UpstreamError::Forbidden),
        (403, UpstreamError::Forbidden),
        (400, UpstreamError::Unsupported),
        (406, UpstreamError::Unsupported),
        (422, UpstreamError::Unsupported),
        (501, UpstreamError::Unsupported),
    ] {
        let (result, calls) = reading(vec![Act::status(status)]).await;
        assert_eq!((result.unwrap_err(), calls), (meaning, 1), "{status}");
    }
    let server = Faulty::script(vec![Act::status(404)]).await;
    let (ehr, _) = connect(&server.options());
    assert_eq!(ehr.ask(&search(), Validator::default()).await.unwrap_err(), UpstreamError::Unsupported);
}

#[tokio::test]
async fn too_much_is_too_much_however_it_comes() {
    let announced = Act::json(&"x".repeat(200_000));
    let mut chunked =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n\r\n"
            .to_vec();
    for _ in 0..30 {
        chunked.extend_from_slice(b"2710\r\n");
        chunked.extend_from_slice(&[b' '; 10_000]);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    // 200,000 zero bytes.
    let bomb = STANDARD.decode(concat!(
        "H4sIAAAAAAACA+3BMQEAAADCoPVPbQZ/oAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACA1wB7WOBcQA0DAA==",
    )).unwrap();
    let headers = vec![("Content-Type", "application/fhir+json".into()), ("Content-Encoding", "gzip".into())];
    for act in [announced, Act::Bytes(chunked), Act::Answer(200, headers, bomb)] {
        let (result, calls) = reading(vec![act]).await;
        assert_eq!((result.unwrap_err(), calls), (UpstreamError::TooLarge, 1));
    }
}

#[tokio::test]
async fn a_next_link_to_another_origin_fails_the_search() {
    let bundle = |next: &str| {
        Act::json(&format!(
            r#"{{"resourceType":"Bundle","type":"searchset","link":[{{"relation":"next","url":"{next}"}}],"entry":[]}}"#
        ))
    };
    let server = Faulty::script(vec![bundle("https://evil.example/fhir/Organization?page=2")]).await;
    let (ehr, _) = connect(&server.options());
    assert_eq!(ehr.ask(&search(), Validator::default()).await.unwrap_err(), UpstreamError::Malformed);
    let Interaction::Search(searched) = search() else { unreachable!() };
    for link in ["https://evil.example/x", "//evil.example/x", "../secret", "/secret"] {
        let page = Interaction::Page { search: searched.clone(), upstream: link.into() };
        let result = ehr.ask(&page, Validator::default()).await;
        // Below the base it may be asked; elsewhere nothing is sent.
        assert!(result.is_err());
    }
    assert!(server.heard().iter().all(|heard| heard.path.starts_with("/fhir/")));
}

#[tokio::test]
async fn the_breaker_leaves_the_ehr_alone_and_finds_it_again() {
    let server = Faulty::start(|_, before| if before < 4 { Act::status(503) } else { good() }).await;
    let mut options = server.options();
    options.retries = 0;
    options.breaker = BreakerOptions { failures: 4, pause: Duration::from_secs(5) };
    let (ehr, clock) = connect(&options);
    for _ in 0..4 {
        assert_eq!(ehr.ask(&read(), Validator::default()).await.unwrap_err(), UNAVAILABLE);
    }
    assert!(ehr.is_out_of_reach());
    let refused = ehr.ask(&read(), Validator::default()).await.unwrap_err();
    assert_eq!(refused, UpstreamError::Unavailable { retry_after: Some(Duration::from_secs(5)) });
    assert_eq!(server.calls(), 4, "nothing was sent");
    clock.advance(Duration::from_secs(5));
    assert!(is_body(&ehr.ask(&read(), Validator::default()).await));
    assert!(!ehr.is_out_of_reach());
}

#[tokio::test]
async fn no_more_than_the_configured_number_are_under_way_at_once() {
    let server = Faulty::script(vec![Act::After(Duration::from_millis(20), Box::new(good()))]).await;
    let mut options = server.options();
    options.concurrency = 3;
    (options.concurrency_per_client, options.concurrency_per_caller) = (Some(3), Some(3));
    let ehr = Arc::new(connect(&options).0);
    let askers: Vec<_> = (0..20)
        .map(|_| {
            let ehr = Arc::clone(&ehr);
            tokio::spawn(async move { is_body(&ehr.ask(&read(), Validator::default()).await) })
        })
        .collect();
    for asker in askers {
        assert!(asker.await.unwrap());
    }
    assert_eq!((server.calls(), server.most_at_once()), (20, 3));
}

#[tokio::test]
async fn binaries_come_as_they_are() {
    let pdf = Act::Answer(200, vec![("Content-Type", "application/pdf".into())], b"%PDF-1.7".to_vec());
    let server = Faulty::script(vec![pdf]).await;
    let (ehr, _) = connect(&server.options());
    let key = Interaction::Read { resource_type: ResourceType::Binary, id: FhirId::parse("b").unwrap() };
    let Ok(Fetched::Body(body, _)) = ehr.ask(&key, Validator::default()).await else { panic!() };
    let body = body.body_for_tests();
    assert!(matches!(&body.shape, Shape::Raw { id } if id.as_str() == "b"));
    assert_eq!((&*body.media_type, &*body.bytes), ("application/pdf", &b"%PDF-1.7"[..]));
    assert_eq!(server.heard()[0].headers["accept"], "*/*");
}

#[tokio::test]
async fn capabilities_arrive_late_without_harm() {
    let statement = r#"{"resourceType":"CapabilityStatement","rest":[{"mode":"server","resource":[
        {"type":"Patient","interaction":[{"code":"read"}]}]}]}"#;
    let server =
        Faulty::start(move |_, before| if before < 3 { Act::status(503) } else { Act::json(statement) })
            .await;
    let (ehr, _) = connect(&server.options());
    assert!(ehr.read_capabilities().await.is_err());
    assert!(!ehr.capabilities().known() && ehr.capabilities().reads(ResourceType::Condition));
    ehr.read_capabilities().await.unwrap();
    assert!(ehr.capabilities().known() && !ehr.capabilities().reads(ResourceType::Condition));
}
