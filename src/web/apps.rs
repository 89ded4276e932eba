//! The SMART apps that come with the product, as static files under `/apps/`.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{CONTENT_SECURITY_POLICY, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use rust_embed::RustEmbed;

use super::assets::body;
use super::headers::APP;
use super::problem::Problem;
use super::state::Web;

#[derive(RustEmbed)]
#[folder = "smart-apps/dist/"]
struct Files;

/// Whether an app was built into this binary.
pub fn is_built(app: &str) -> bool {
    Files::get(&format!("{app}/index.html")).is_some()
}

/// `GET /apps/{app}/{*file}`: a folder is its `index.html`. The build puts a hash into the names under `assets/`, so
/// those are kept for a year; everything else is asked for again each time.
pub async fn serve(State(_web): State<Web>, Path(path): Path<String>, headers: HeaderMap) -> Response {
    let name = if path.ends_with('/') { format!("{path}index.html") } else { path };
    let hidden = name.split('/').any(|part| part.starts_with('.'));
    let Some(file) = Files::get(&name).filter(|_| !hidden) else {
        return Problem::NotFound.into_response();
    };
    let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(file.metadata.sha256_hash()));
    let known = headers.get(IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == etag.as_bytes());
    let keep = if name.contains("/assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { body(&name, file, keep) };
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(APP));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(ETAG, etag);
    }
    response
}
