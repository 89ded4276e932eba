//! Style sheet, script and icons, inside the binary, under URLs that change with their content.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "src/web/assets/"]
struct Files;

/// How many characters of the content's hash stand in a URL.
const DIGITS: usize = 12;

/// The URL of an asset: `/assets/<hash>/app.css`.
pub fn url(name: &str) -> String {
    let hash = Files::get(name).map_or_else(|| "none".to_owned(), |file| digits(&file));
    format!("/assets/{hash}/{name}")
}

/// `GET /assets/{hash}/{name}`: kept for a year when the hash is the content's, not at all otherwise.
pub async fn serve(Path((hash, name)): Path<(String, String)>) -> Response {
    let Some(file) = Files::get(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let keep = if hash == digits(&file) { "public, max-age=31536000, immutable" } else { "no-cache" };
    body(&name, file, keep)
}

/// An embedded file as an answer, with its media type by name.
pub(super) fn body(name: &str, file: EmbeddedFile, cache_control: &'static str) -> Response {
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    let kind = match kind.type_() {
        mime_guess::mime::TEXT => format!("{kind}; charset=utf-8"),
        _ => kind.to_string(),
    };
    let mut response = file.data.into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control));
    if let Ok(kind) = HeaderValue::from_str(&kind) {
        headers.insert(CONTENT_TYPE, kind);
    }
    response
}

fn digits(file: &EmbeddedFile) -> String {
    let mut text = URL_SAFE_NO_PAD.encode(file.metadata.sha256_hash());
    text.truncate(DIGITS);
    text
}
