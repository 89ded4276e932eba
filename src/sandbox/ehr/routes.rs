//! The FHIR endpoints.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Form, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use tower_http::cors::CorsLayer;

use super::bundle::{self, Page};
use super::knobs::{Down, KnobSettings};
use super::outcome::{FHIR_JSON, Refusal};
use super::query::Search;
use super::search::{self, Hit};
use super::token::{Act, TokenForm};
use super::{Ehr, admin, capability};
use crate::sandbox::hospital::entry::Entry;
use crate::sandbox::hospital::kind::Kind;

/// Bodies of POST requests are forms of this size at most.
const FORM_BYTES: usize = 64 * 1024;

/// All routes.
pub fn router(ehr: &Ehr) -> Router {
    let base = &ehr.0.path;
    let mut router = Router::new()
        .route(&format!("{base}/metadata"), get(metadata))
        .route(&format!("{base}/.well-known/smart-configuration"), get(smart_configuration))
        .route("/oauth2/token", post(token))
        .nest("/sandbox", admin::router())
        .fallback(fhir)
        .with_state(ehr.clone());
    if ehr.0.tokens.is_none() {
        router = router.layer(CorsLayer::very_permissive().expose_headers([header::ETAG, header::LOCATION]));
    }
    router
}

async fn metadata(State(ehr): State<Ehr>) -> Response {
    if let Some(refused) = gate(&ehr, "metadata", "GET metadata").await {
        return refused;
    }
    let token = ehr.0.tokens.is_some().then(|| ehr.token_url());
    let as_of = ehr.world().hospital.spec().as_of;
    let body = capability::statement(&ehr.0.base, token.as_deref(), as_of).to_string();
    fhir_body(StatusCode::OK, body.into())
}

async fn smart_configuration(State(ehr): State<Ehr>) -> Response {
    if let Some(refused) = gate(&ehr, "smart-configuration", "GET smart-configuration").await {
        return refused;
    }
    axum::Json(capability::smart_configuration(&ehr.token_url())).into_response()
}

async fn token(State(ehr): State<Ehr>, Form(form): Form<TokenForm>) -> Response {
    let knobs = ehr.knobs().get();
    ehr.knobs().count("token", "POST token");
    tokio::time::sleep(Duration::from_millis(knobs.latency_ms)).await;
    if knobs.down == Down::Unavailable {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let Some(tokens) = &ehr.0.tokens else { return StatusCode::NOT_FOUND.into_response() };
    let mut response = match tokens.grant(&form) {
        Ok(body) => axum::Json(body).into_response(),
        Err(error) => (error.status(), axum::Json(error.body())).into_response(),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What a path asks for.
enum Asked {
    Search(Kind),
    Read(Kind, String),
    Vread(Kind, String, u32),
    History(Kind, String),
}

impl Asked {
    fn parse(method: &Method, path: &str) -> Result<Self, Refusal> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let kind = |name: &str| Kind::parse(name).ok_or_else(Refusal::not_found);
        match (method.as_str(), parts.as_slice()) {
            ("GET" | "HEAD", [name]) | ("POST", [name, "_search"]) => Ok(Self::Search(kind(name)?)),
            ("GET" | "HEAD", [name, id]) => Ok(Self::Read(kind(name)?, (*id).to_owned())),
            ("GET" | "HEAD", [name, id, "_history"]) => Ok(Self::History(kind(name)?, (*id).to_owned())),
            ("GET" | "HEAD", [name, id, "_history", version]) => {
                let version = version.parse().map_err(|_| Refusal::not_found())?;
                Ok(Self::Vread(kind(name)?, (*id).to_owned(), version))
            }
            ("GET" | "HEAD", _) => Err(Refusal::not_found()),
            _ => Err(Refusal {
                status: StatusCode::METHOD_NOT_ALLOWED,
                code: "not-supported",
                text: "This server is read-only.".into(),
            }),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Search(kind) | Self::Read(kind, _) | Self::Vread(kind, ..) | Self::History(kind, _) => {
                *kind
            }
        }
    }

    fn act(&self) -> (Act, &'static str) {
        match self {
            Self::Search(_) => (Act::Search, "search"),
            Self::Read(..) => (Act::Read, "read"),
            Self::Vread(..) => (Act::Read, "vread"),
            Self::History(..) => (Act::Read, "history"),
        }
    }
}

async fn fhir(State(ehr): State<Ehr>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(path) = parts.uri.path().strip_prefix(&ehr.0.path).filter(|_| parts.uri.path() != ehr.0.path)
    else {
        return Refusal::not_found().into_response();
    };
    let asked = match Asked::parse(&parts.method, path) {
        Ok(asked) => asked,
        Err(refusal) => return refusal.into_response(),
    };
    let query = parts.uri.query().unwrap_or_default();
    let line = format!("{} {path}{}{query}", parts.method, if query.is_empty() { "" } else { "?" });
    if let Some(refused) = gate(&ehr, &format!("{} {}", asked.act().1, asked.kind()), &line).await {
        return refused;
    }
    if let Err(refusal) = authorize(&ehr, &parts.headers, &asked) {
        return refusal.into_response();
    }
    let form = if parts.method == Method::POST {
        match axum::body::to_bytes(body, FORM_BYTES).await {
            Ok(form) => form,
            Err(_) => return Refusal::invalid("The form is too large.").into_response(),
        }
    } else {
        Bytes::new()
    };
    let answer = match asked {
        Asked::Search(kind) => answer_search(&ehr, kind, query, &form, &parts.headers),
        Asked::Read(kind, id) => {
            ehr.world().get(kind, &id).map(|entry| answer_read(&ehr, &entry, &parts.headers))
        }
        Asked::Vread(kind, id, version) => answer_vread(&ehr, kind, &id, version, &parts.headers),
        Asked::History(kind, id) => answer_history(&ehr, kind, &id),
    };
    finish(&ehr.knobs().get(), answer)
}

/// Counts the request and lets the knobs have their way.
async fn gate(ehr: &Ehr, kind: &str, line: &str) -> Option<Response> {
    let number = ehr.knobs().count(kind, line);
    let knobs = ehr.knobs().get();
    if knobs.latency_ms > 0 {
        tokio::time::sleep(Duration::from_millis(knobs.latency_ms)).await;
    }
    let failure =
        |status: StatusCode, code, text: &str| Refusal { status, code, text: text.into() }.into_response();
    if knobs.down == Down::Unavailable {
        return Some(failure(
            StatusCode::SERVICE_UNAVAILABLE,
            "transient",
            "The EHR is down for maintenance.",
        ));
    }
    if knobs.throttle_every > 0 && number.is_multiple_of(knobs.throttle_every) {
        let mut response = failure(StatusCode::TOO_MANY_REQUESTS, "throttled", "Too many requests.");
        if let Some(seconds) = knobs.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        return Some(response);
    }
    if knobs.fail_every > 0 && number.is_multiple_of(knobs.fail_every) {
        let status = StatusCode::from_u16(knobs.fail_status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let status = if status.is_server_error() || status.is_client_error() {
            status
        } else {
            StatusCode::INTERNAL_SERVER_ERROR
        };
        return Some(failure(status, "exception", "Something went wrong in the EHR."));
    }
    None
}

fn authorize(ehr: &Ehr, headers: &HeaderMap, asked: &Asked) -> Result<(), Refusal> {
    let Some(tokens) = &ehr.0.tokens else { return Ok(()) };
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| Refusal::unauthorized("An access token is required."))?;
    let allowed = if ehr.knobs().get().refuse_tokens {
        None
    } else {
        tokens.allows(bearer, asked.act().0, asked.kind())
    };
    match allowed {
        None => Err(Refusal::unauthorized("The access token is not valid.")),
        Some(false) => Err(Refusal::forbidden("The token's scopes do not cover this.")),
        Some(true) => Ok(()),
    }
}

fn answer_read(ehr: &Ehr, entry: &Entry, headers: &HeaderMap) -> Response {
    let knobs = ehr.knobs().get();
    let etag = format!("W/\"{}\"", entry.version);
    if !knobs.no_validators && is_current(headers, &etag, entry) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        validators(&mut response, &etag, entry);
        return response;
    }
    let mut response = match (entry.kind, raw_binary(entry, headers)) {
        (Kind::Binary, Some(raw)) => raw,
        _ if knobs.absolute_references => {
            fhir_body(StatusCode::OK, bundle::absolute(&entry.body, &ehr.0.base).into())
        }
        _ => fhir_body(StatusCode::OK, entry.body.clone()),
    };
    if !knobs.no_validators {
        validators(&mut response, &etag, entry);
    }
    response
}

fn is_current(headers: &HeaderMap, etag: &str, entry: &Entry) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(wanted) = text(header::IF_NONE_MATCH) {
        return wanted.split(',').any(|one| one.trim() == etag || one.trim() == "*");
    }
    text(header::IF_MODIFIED_SINCE)
        .and_then(|since| httpdate::parse_http_date(since).ok())
        .is_some_and(|since| http_time(entry) <= since)
}

fn http_time(entry: &Entry) -> std::time::SystemTime {
    let seconds = u64::try_from(entry.updated.as_seconds()).unwrap_or(0);
    std::time::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn validators(response: &mut Response, etag: &str, entry: &Entry) {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, value);
    }
    if let Ok(value) = HeaderValue::from_str(&httpdate::fmt_http_date(http_time(entry))) {
        headers.insert(header::LAST_MODIFIED, value);
    }
}

/// The content itself, unless FHIR JSON is asked for (FHIR R4, Binary).
fn raw_binary(entry: &Entry, headers: &HeaderMap) -> Option<Response> {
    let accept =
        headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("application/fhir+json");
    if entry.kind != Kind::Binary || accept.contains("json") {
        return None;
    }
    let whole: serde_json::Value = serde_json::from_slice(&entry.body).ok()?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(whole.get("data")?.as_str()?).ok()?;
    let content_type = HeaderValue::from_str(whole.get("contentType")?.as_str()?).ok()?;
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    Some(response)
}

fn answer_vread(
    ehr: &Ehr,
    kind: Kind,
    id: &str,
    version: u32,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let versions = ehr.world().versions(kind, id);
    let found = versions.iter().find(|one| one.entry.version == version).ok_or_else(Refusal::not_found)?;
    if found.deleted {
        return Err(Refusal::gone("Resource was deleted in this version."));
    }
    Ok(answer_read(ehr, &found.entry, headers))
}

fn answer_history(ehr: &Ehr, kind: Kind, id: &str) -> Result<Response, Refusal> {
    let versions = ehr.world().versions(kind, id);
    if versions.is_empty() {
        return Err(Refusal::not_found());
    }
    Ok(fhir_body(StatusCode::OK, bundle::history(&ehr.0.base, &versions).into()))
}

fn answer_search(
    ehr: &Ehr,
    kind: Kind,
    query: &str,
    form: &[u8],
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let mut pairs: Vec<(String, String)> = pairs(query.as_bytes())?;
    pairs.extend(self::pairs(form)?);
    if let Some((_, handle)) = pairs.iter().find(|(name, _)| name == "sessionID") {
        let open = ehr.0.pages.find(handle).ok_or_else(|| Refusal::gone("This page link has expired."))?;
        return Ok(page(ehr, &open.search, &open.hits, open.from));
    }
    let strict = headers
        .get_all("prefer")
        .iter()
        .any(|value| value.to_str().is_ok_and(|value| value.contains("handling=strict")));
    if let Some(any_of) = ehr.knobs().get().demands.get(kind.as_str())
        && !pairs.iter().any(|(name, _)| any_of.iter().any(|wanted| name.split(':').next() == Some(wanted)))
    {
        return Err(Refusal::invalid(format!("A search of {kind} needs one of {}.", any_of.join(", "))));
    }
    let search = Search::parse(kind, &pairs, &ehr.knobs().get().ignored, strict, &ehr.0.base)?;
    let hits = search::run(ehr.world(), &search)?;
    Ok(page(ehr, &Arc::new(search), &Arc::new(hits), 0))
}

fn pairs(text: &[u8]) -> Result<Vec<(String, String)>, Refusal> {
    serde_urlencoded::from_bytes(text).map_err(|_| Refusal::invalid("The parameters cannot be read."))
}

fn page(ehr: &Ehr, search: &Arc<Search>, hits: &Arc<Vec<Hit>>, from: usize) -> Response {
    let knobs = ehr.knobs().get();
    let cap = if knobs.page_cap == 0 { usize::MAX } else { knobs.page_cap };
    let size = if search.only_total { 0 } else { search.count.min(cap) };
    let until = from.saturating_add(size).min(hits.len());
    let shown = hits.get(from..until).unwrap_or_default();
    let matches: Vec<Arc<Entry>> = shown.iter().filter_map(|hit| hit.entry(ehr.world())).collect();
    let more = !search.only_total && until < hits.len();
    let base = &ehr.0.base;
    let next_link = more.then(|| {
        let handle = ehr.0.pages.keep(Arc::clone(search), Arc::clone(hits), until);
        format!("{base}/{}?sessionID={handle}", search.kind)
    });
    let applied = serde_urlencoded::to_string(&search.applied).unwrap_or_default();
    let mark = if applied.is_empty() { "" } else { "?" };
    let included =
        if search.only_total { Vec::new() } else { search::included(ehr.world(), search, &matches) };
    let body = bundle::searchset(&Page {
        base,
        total: Some(hits.len()),
        self_link: format!("{base}/{}{mark}{applied}", search.kind),
        next_link,
        matches,
        included,
        unknown: if from == 0 { &search.unknown } else { &[] },
        elements: &search.elements,
        absolute: knobs.absolute_references,
    });
    fhir_body(StatusCode::OK, body.into())
}

fn fhir_body(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, FHIR_JSON);
    response
}

fn finish(knobs: &KnobSettings, answer: Result<Response, Refusal>) -> Response {
    let mut response = match answer {
        Ok(response) => response,
        Err(refusal) => return refusal.into_response(),
    };
    if let Some(value) = knobs.cache_control.as_ref().and_then(|text| HeaderValue::from_str(text).ok()) {
        response.headers_mut().insert(header::CACHE_CONTROL, value);
    }
    if knobs.broken_json && response.status() == StatusCode::OK {
        *response.body_mut() =
            Body::from("{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":\"Pat");
    }
    response
}
