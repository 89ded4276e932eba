//! Word of changes to whoever subscribed: rest-hook as R4 has it, or notification Bundles of the R5 Backport. Subscribed by a
//! knob, sent once and not again.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use url::Url;

use super::Ehr;
use super::world::Version;
use crate::outbound::{Outbound, OutboundOptions, OutboundRequest, Purpose, PurposeOptions};

/// What a notification carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payload {
    /// Nothing (R4, no payload).
    #[default]
    Empty,
    /// The resource, as an update or a delete (R4, with payload).
    Resource,
    /// A Bundle that names it (R5 Backport).
    IdOnly,
    /// A Bundle that holds it (R5 Backport).
    FullResource,
}

/// Whom to tell.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscribed {
    /// Where to.
    pub endpoint: Url,
    /// `Name: value`, sent along.
    #[serde(default)]
    pub header: Option<String>,
    /// What is sent.
    #[serde(default)]
    pub payload: Payload,
}

/// Those who are told.
#[derive(Debug, Default)]
pub struct Subscriptions(Mutex<Vec<Subscribed>>);

impl Subscriptions {
    /// One more.
    pub fn add(&self, one: Subscribed) {
        self.0.lock().push(one);
    }

    /// Nobody any more.
    pub fn clear(&self) {
        self.0.lock().clear();
    }
}

/// Tells of changes until the server stops.
pub(super) async fn deliver(ehr: Ehr) {
    let ours = PurposeOptions { private_networks: true, ..PurposeOptions::default() };
    let Ok(outbound) = Outbound::new(&OutboundOptions { ehr: ours, ..OutboundOptions::default() }) else {
        return tracing::warn!("the demo hospital cannot send notifications");
    };
    let client = outbound.client(Purpose::Ehr);
    let mut changes = ehr.world().listen();
    loop {
        let change = tokio::select! {
            change = changes.recv() => change,
            () = ehr.0.shutdown.cancelled() => return,
        };
        let change = match change {
            Ok(change) => change,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        let all = ehr.0.subscriptions.0.lock().clone();
        for request in all.iter().filter_map(|one| request(one, &change, &ehr.0.base)) {
            if client.send(request).await.is_err() {
                tracing::warn!("a notification of the demo hospital did not arrive");
            }
        }
    }
}

fn request(to: &Subscribed, change: &Version, base: &str) -> Option<OutboundRequest> {
    let mut headers = HeaderMap::new();
    if let Some((name, value)) = to.header.as_deref().and_then(|line| line.split_once(':')) {
        headers.insert(HeaderName::try_from(name.trim()).ok()?, HeaderValue::from_str(value.trim()).ok()?);
    }
    let reference = change.entry.reference();
    let body = match to.payload {
        Payload::Empty => None,
        Payload::Resource => (!change.deleted).then(|| change.entry.body.clone()),
        Payload::IdOnly | Payload::FullResource => {
            Some(bundle(to.payload, change, &format!("{base}/{reference}")).to_string().into())
        }
    };
    if body.is_some() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/fhir+json"));
    }
    let (method, url) = match (to.payload, change.deleted) {
        (Payload::Resource, deleted) => {
            let url = format!("{}/{reference}", to.endpoint.as_str().trim_end_matches('/'));
            (if deleted { Method::DELETE } else { Method::PUT }, url.parse().ok()?)
        }
        _ => (Method::POST, to.endpoint.clone()),
    };
    Some(OutboundRequest { method, url, headers, body: body.unwrap_or_default() })
}

fn bundle(payload: Payload, change: &Version, url: &str) -> Value {
    let status = json!({"resourceType": "Parameters", "parameter": [
        {"name": "subscription", "valueReference": {"reference": "Subscription/demo"}},
        {"name": "status", "valueCode": "active"},
        {"name": "type", "valueCode": "event-notification"},
        {"name": "notification-event", "part": [
            {"name": "event-number", "valueString": "1"},
            {"name": "focus", "valueReference": {"reference": url}},
        ]},
    ]});
    let resource = (payload == Payload::FullResource && !change.deleted)
        .then(|| serde_json::from_slice::<Value>(&change.entry.body).ok())
        .flatten();
    let method = if change.deleted { "DELETE" } else { "PUT" };
    let mut entry = json!({"fullUrl": url, "request": {"method": method, "url": change.entry.reference()}});
    if let (Some(resource), Some(entry)) = (resource, entry.as_object_mut()) {
        entry.insert("resource".to_owned(), resource);
    }
    json!({"resourceType": "Bundle", "type": "history", "entry": [{"resource": status}, entry]})
}
