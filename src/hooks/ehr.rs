//! `/hooks/ehr/[name]`: the EHR's Subscriptions send word of changes, by rest-hook as R4 has it (with and without payload) or as
//! notification Bundles (Subscriptions R5 Backport). What they send is never taken for content: it only says what to forget.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{Extensions, HeaderMap, StatusCode};

use crate::access::forget::Forget;
use crate::domain::ids::RequestId;

use super::hints::{Heard, hear, hint};
use super::{Hooks, Subscription, is_known, problem, unknown_caller};

/// Longest notification that is read for hints. A longer one is heard all the same.
const LONGEST: usize = 4 * 1024 * 1024;
/// Most different things forgotten by one notification; what names more is taken by its criteria.
const MOST: usize = 500;

/// A notification for which the address says nothing more.
pub(super) async fn changed(
    State(hooks): State<Arc<Hooks>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Body,
) -> Response {
    notified(&hooks, &name, Vec::new(), &headers, &extensions, body).await
}

/// A notification whose address names the resource, as servers send them that carry a payload (R4 Subscription, rest-hook).
pub(super) async fn one_changed(
    State(hooks): State<Arc<Hooks>>,
    Path((name, resource_type, id)): Path<(String, String, String)>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Body,
) -> Response {
    let named = format!("{resource_type}/{id}");
    notified(&hooks, &name, vec![named], &headers, &extensions, body).await
}

async fn notified(
    hooks: &Hooks,
    name: &str,
    named: Vec<String>,
    headers: &HeaderMap,
    extensions: &Extensions,
    body: Body,
) -> Response {
    let request = extensions.get::<RequestId>();
    // A name that does not exist is as wrong as a secret that is none.
    let subscription = hooks.settings.subscriptions.iter().find(|known| known.name == name);
    let Some(subscription) = subscription.filter(|known| is_known(headers, &known.header, &known.secrets))
    else {
        return unknown_caller(request);
    };
    let heard = match to_bytes(body, LONGEST).await {
        Ok(body) if body.iter().all(u8::is_ascii_whitespace) && !named.is_empty() => {
            Heard::Changed(named.iter().flat_map(|reference| hint(reference, None)).collect())
        }
        Ok(body) => hear(&body),
        Err(_) => Heard::Unsaid,
    };
    let (what, outcome) = what(subscription, heard);
    metrics::counter!("chartgate_ehr_notifications_total", "outcome" => outcome).increment(1);
    if !what.is_empty() && hooks.purges.follow(&what).await.is_err() {
        // The EHR sends it again.
        let sentence = "The other nodes could not be told; please send it again.";
        return problem(StatusCode::SERVICE_UNAVAILABLE, "transient", sentence, request);
    }
    StatusCode::OK.into_response()
}

fn what(subscription: &Subscription, heard: Heard) -> (Vec<Forget>, &'static str) {
    match heard {
        Heard::Nothing => (Vec::new(), "nothing"),
        Heard::Changed(hints) if !hints.is_empty() && hints.len() <= MOST => {
            (hints.into_iter().collect(), "hinted")
        }
        Heard::Changed(_) | Heard::Unsaid if subscription.types.is_empty() => {
            (vec![Forget::All], "by_criteria")
        }
        Heard::Changed(_) | Heard::Unsaid => {
            (subscription.types.iter().copied().map(Forget::Type).collect(), "by_criteria")
        }
    }
}
