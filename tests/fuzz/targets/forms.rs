//! What browsers and clients send around FHIR: forms, credentials, places to go back to, dates, conditional requests. (There is no
//! multipart parser: nothing is uploaded here.)

use bytes::Bytes;
use chartgate::domain::ids::{FhirId, Npi};
use chartgate::oauth::client_auth::{Presented, named};
use chartgate::oauth::error::OAuthError;
use chartgate::oauth::params::{Params, every_value};
use chartgate::oauth::redirect::{ReplyTo, may_be_registered};
use chartgate::oauth::request::identify;
use chartgate::oauth::{json, pkce};
use chartgate::web::next::LocalPath;
use chartgate::web::{conditional, dates, headers, patient_query};
use http::{HeaderMap, HeaderValue};
use url::Url;

use super::generator::Choices;
use super::text;

/// A header's value of at most 60 bytes, then a text that is read as everything.
pub fn run(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let header = choices.bytes(60);
    let Some(text) = text(choices.rest()) else { return };
    form(text, header);
    local(text);
    redirect(text);
    let _ = pkce::is_challenge(text);
    assert!(!pkce::verify(text, text), "{text:?} is its own hash");
    if let Some(date) = dates::read(text) {
        assert_eq!(dates::read(&date.to_string()), Some(date), "{text:?}");
    }
    let _ = Npi::parse(text);
    if let Ok(readings) = patient_query::read(text, "", None) {
        assert!(!readings.is_empty() && readings.len() <= 8, "{text:?}");
    }
    let _ = headers::page_policy(&headers::form_target(text).into_iter().collect::<Vec<_>>());
    conditionally(header);
}

fn form(text: &str, header: &[u8]) {
    let pairs: Vec<_> = url::form_urlencoded::parse(text.as_bytes()).collect();
    let Some(params) = Params::parse(text) else { return assert!(text.len() > 64 * 1024) };
    for (name, _) in &pairs {
        let given: Vec<_> = pairs.iter().filter(|(own, value)| own == name && !value.is_empty()).collect();
        let one = if let [(_, value)] = given.as_slice() { Some(&**value) } else { None };
        assert_eq!(params.get(name), one, "{name:?} in {text:?}");
        assert_eq!(params.is_repeated(name), given.len() > 1, "{name:?} in {text:?}");
        let every = pairs.iter().filter(|(own, _)| own == name).count();
        assert_eq!(every_value(text, name).len(), every);
    }
    let again = Params::parse(&params.encode()).expect("shorter");
    assert!(pairs.iter().all(|(name, _)| again.get(name) == params.get(name)), "{text:?}");

    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
    assert_eq!(json::form(&headers, text.as_bytes()).is_ok(), !params.any_repeated());
    let _ = identify(&params).is_ok();
    if let Ok(value) = HeaderValue::from_bytes(header) {
        headers.insert("authorization", value);
    }
    let _ = named(&headers, &params);
    // More than one way to authenticate is never a choice.
    let sent = headers.get("authorization").map(HeaderValue::as_bytes).unwrap_or_default();
    let basic = sent.len() > 6 && sent[..6].eq_ignore_ascii_case(b"basic ");
    let ways = [params.get("client_secret").is_some(), params.get("client_assertion").is_some(), basic];
    if ways.iter().filter(|way| **way).count() > 1 {
        assert!(Presented::read(&headers, &params).is_err(), "{header:?} and {text:?}");
    }
}

/// A place to go back to leads nowhere else, as a browser reads it.
fn local(text: &str) {
    let Some(path) = LocalPath::parse(text) else { return };
    let here: Url = "https://gate.example/sign-in".parse().unwrap();
    let there = here.join(path.as_str()).expect("a URL");
    assert_eq!(there.origin(), here.origin(), "{text:?}");
    let sign_in = here.join(&path.sign_in_url()).expect("a URL");
    assert_eq!(sign_in.path(), "/sign-in");
    let next = sign_in.query_pairs().find(|(name, _)| name == "next").map(|(_, next)| next.into_owned());
    assert_eq!(next.as_deref().unwrap_or("/"), path.as_str());
    let _ = path.redirect_origin();
}

/// A redirect URI that may be registered is no script, and an answer to it says what it is to say.
fn redirect(text: &str) {
    if !may_be_registered(text) {
        return;
    }
    let url: Url = text.parse().expect("a URL");
    assert!(
        !matches!(url.scheme(), "javascript" | "data" | "vbscript" | "file" | "blob" | "about"),
        "{text:?}"
    );
    let state = "a&b=c #\u{e9}".to_owned();
    let reply = ReplyTo {
        redirect_uri: text.to_owned(),
        state: Some(state.clone()),
        issuer: "https://gate.example".to_owned(),
    };
    for answer in [reply.with_code("c+o/d=e"), reply.with_error(OAuthError::UnknownClient)] {
        assert!(answer.starts_with(text), "{answer}");
        let answer: Url = answer.parse().expect("a URL");
        let place = |url: &Url| {
            (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port(), url.path().to_owned())
        };
        assert_eq!(place(&answer), place(&url), "{text:?}");
        let last = |name: &str| {
            answer.query_pairs().filter(|(own, _)| own == name).last().map(|(_, value)| value.into_owned())
        };
        assert_eq!(
            (last("state"), last("iss").as_deref()),
            (Some(state.clone()), Some("https://gate.example"))
        );
    }
}

fn conditionally(header: &[u8]) {
    let Ok(known) = HeaderValue::from_bytes(header) else { return };
    let mut asked = HeaderMap::new();
    asked.insert("if-none-match", known.clone());
    let answer =
        conditional::answer(&asked, HeaderValue::from_static("text/plain"), Bytes::from_static(b"x"));
    let etag =
        answer.headers()["etag"].to_str().unwrap().trim_start_matches("W/").trim_matches('"').to_owned();
    let names = known.to_str().is_ok_and(|known| known.trim() == "*" || known.contains(&etag));
    assert!(answer.status() == 200 || names, "{known:?}");
    let _ = FhirId::parse(&String::from_utf8_lossy(header));
}
