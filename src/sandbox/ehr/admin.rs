//! The knobs over HTTP, for scripts that run beside the demo. Bound to the same port, demo only, no token.
//!
//! ```text
//! GET  /sandbox/knobs                        settings as JSON
//! PUT  /sandbox/knobs    {...}               replaces all settings
//! POST /sandbox/knobs    {...}               changes the settings that are named
//! GET  /sandbox/requests                     {counts: {"read Patient": 3, ...}, latest: ["GET /Patient/..", ...]}
//! DELETE /sandbox/requests                   forgets them
//! POST /sandbox/tokens/forget                revokes every access token
//! POST /sandbox/patients/{id}/general-practitioner  {"references": ["Practitioner/prac-142", ...]}
//! POST /sandbox/resources/{Type}/{id}/labels {"labels": ["R", "PSY"]}
//! DELETE /sandbox/resources/{Type}/{id}
//! POST /sandbox/subscriptions {"endpoint": "http://...", "header": "Name: value", "payload": "empty" | "resource" | "id-only" | "full-resource"}
//! DELETE /sandbox/subscriptions              nobody is told of changes any more
//! ```

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Ehr;
use super::knobs::KnobSettings;
use super::outcome::Refusal;
use super::subscriptions::Subscribed;
use crate::sandbox::hospital::kind::Kind;
use crate::sandbox::hospital::meta::Label;

/// The routes under `/sandbox`.
pub fn router() -> Router<Ehr> {
    Router::new()
        .route("/knobs", get(show).put(replace).post(change))
        .route("/requests", get(requests).delete(forget_requests))
        .route("/tokens/forget", post(forget_tokens))
        .route("/patients/{id}/general-practitioner", post(move_patient))
        .route("/resources/{kind}/{id}/labels", post(restrict))
        .route("/resources/{kind}/{id}", delete(remove))
        .route("/subscriptions", post(subscribe).delete(unsubscribe))
}

async fn show(State(ehr): State<Ehr>) -> Json<KnobSettings> {
    Json((*ehr.knobs().get()).clone())
}

async fn replace(State(ehr): State<Ehr>, Json(settings): Json<KnobSettings>) -> Json<KnobSettings> {
    ehr.knobs().set(settings);
    show(State(ehr)).await
}

async fn change(State(ehr): State<Ehr>, Json(named): Json<serde_json::Map<String, Value>>) -> Response {
    let mut whole = serde_json::to_value(&*ehr.knobs().get()).unwrap_or_default();
    if let Some(whole) = whole.as_object_mut() {
        whole.extend(named);
    }
    match serde_json::from_value(whole) {
        Ok(settings) => replace(State(ehr), Json(settings)).await.into_response(),
        Err(wrong) => (StatusCode::BAD_REQUEST, format!("{wrong}\n")).into_response(),
    }
}

async fn requests(State(ehr): State<Ehr>) -> Json<Value> {
    Json(json!({ "counts": ehr.knobs().counts(), "latest": ehr.knobs().latest() }))
}

async fn forget_requests(State(ehr): State<Ehr>) -> StatusCode {
    ehr.knobs().reset_counts();
    StatusCode::NO_CONTENT
}

async fn forget_tokens(State(ehr): State<Ehr>) -> StatusCode {
    ehr.forget_tokens();
    StatusCode::NO_CONTENT
}

async fn subscribe(State(ehr): State<Ehr>, Json(one): Json<Subscribed>) -> StatusCode {
    ehr.subscriptions().add(one);
    StatusCode::CREATED
}

async fn unsubscribe(State(ehr): State<Ehr>) -> StatusCode {
    ehr.subscriptions().clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Move {
    references: Vec<String>,
}

async fn move_patient(
    State(ehr): State<Ehr>,
    Path(id): Path<String>,
    Json(body): Json<Move>,
) -> Result<StatusCode, Refusal> {
    ehr.world().move_patient(&id, &body.references)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct Labels {
    labels: Vec<String>,
}

async fn restrict(
    State(ehr): State<Ehr>,
    Path((kind, id)): Path<(String, String)>,
    Json(body): Json<Labels>,
) -> Result<StatusCode, Refusal> {
    let labels = body.labels.iter().map(|code| Label::parse(code));
    let labels: Option<Vec<Label>> = labels.collect();
    let labels = labels.ok_or_else(|| Refusal::invalid("Unknown label."))?;
    ehr.world().restrict(parse(&kind)?, &id, &labels)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(
    State(ehr): State<Ehr>,
    Path((kind, id)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    ehr.world().delete(parse(&kind)?, &id)?;
    Ok(StatusCode::NO_CONTENT)
}

fn parse(kind: &str) -> Result<Kind, Refusal> {
    Kind::parse(kind).ok_or_else(Refusal::not_found)
}
