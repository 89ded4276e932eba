//! `GET /brands.json`: the user-access brands bundle (SMART App Launch 2.2, "User-access Brands and Endpoints").

use axum::extract;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use fhir_profiles::outcome::operation_outcome;

use crate::web::conditional;

use super::state::State;

const FHIR: HeaderValue = HeaderValue::from_static("application/fhir+json");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The bundle, as FHIR JSON or under the plain name of JSON, whichever `Accept` prefers.
pub async fn serve(extract::State(state): extract::State<State>, asked: HeaderMap) -> Response {
    let Some(bundle) = state.documents().brands() else {
        let outcome = operation_outcome("not-found", "This server publishes no brands.", None);
        return (StatusCode::NOT_FOUND, [(CONTENT_TYPE, FHIR)], outcome).into_response();
    };
    let Some(media_type) = media_type(&asked) else {
        let outcome =
            operation_outcome("not-supported", "The bundle is there as application/fhir+json.", None);
        return (StatusCode::NOT_ACCEPTABLE, [(CONTENT_TYPE, FHIR)], outcome).into_response();
    };
    let mut response = conditional::answer(&asked, media_type, bundle.clone());
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    response
}

/// The media type to answer with; `None` when the caller takes neither.
fn media_type(asked: &HeaderMap) -> Option<HeaderValue> {
    let accept: Vec<&str> = asked.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let mut ranges: Vec<(f32, &str)> = accept.iter().flat_map(|value| value.split(',')).map(range).collect();
    // Stable: of equals, the first that is named.
    ranges.sort_by(|a, b| b.0.total_cmp(&a.0));
    if ranges.is_empty() {
        return Some(FHIR);
    }
    ranges.into_iter().filter(|(quality, _)| *quality > 0.0).find_map(|(_, name)| match name {
        "application/json" | "text/json" => Some(JSON),
        "application/fhir+json" | "application/json+fhir" | "application/*" | "*/*" => Some(FHIR),
        _ => None,
    })
}

fn range(text: &str) -> (f32, &str) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let quality = parts.find_map(|part| part.strip_prefix("q=")).and_then(|q| q.parse().ok()).unwrap_or(1.0);
    (quality, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_type_is_the_one_preferred() {
        let of = |accept: &str| {
            let mut asked = HeaderMap::new();
            asked.insert(ACCEPT, accept.parse().unwrap());
            media_type(&asked).map(|kind| kind.to_str().unwrap().to_owned())
        };
        assert_eq!(media_type(&HeaderMap::new()), Some(FHIR));
        assert_eq!(of("application/json").as_deref(), Some("application/json"));
        assert_eq!(
            of("application/json;q=0.1, application/fhir+json").as_deref(),
            Some("application/fhir+json")
        );
        assert_eq!(of("text/html, */*;q=0.1").as_deref(), Some("application/fhir+json"));
        assert_eq!(of("application/fhir+xml"), None);
        assert_eq!(of("*/*;q=0"), None);
    }
}
