//! The content of a Binary: as it is, or as a FHIR resource, whichever was asked for (R4 Binary, 2.40.3), in whichever form
//! the EHR sent it. It may be anything, so no browser is to run it or guess at it.

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::access::released::Released;
use crate::domain::ids::FhirId;

use super::accept::Form;
use super::answer;
use super::problem::Problem;

const FHIR_JSON: &str = "application/fhir+json";

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Resource<'a> {
    #[serde(rename = "resourceType")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<String>,
}

/// The answer for a released Binary.
pub(super) fn answer(
    released: &Released,
    id: &FhirId,
    form: Form,
    asked: &HeaderMap,
) -> Result<Response, Problem> {
    let is_resource = released.media_type().starts_with(FHIR_JSON);
    let wants_resource = form == Form::Fhir;
    match (is_resource, wants_resource) {
        (true, true) => Ok(answer::released(released, form.media_type(), asked)),
        (false, true) => Ok(wrapped(released, id, form, asked)),
        (true, false) => unwrapped(released, id, asked),
        (false, false) => {
            let response = answer::released(released, media_type(released.media_type()), asked);
            Ok(as_download(response, released.media_type(), id))
        }
    }
}

/// Raw content as a Binary resource.
fn wrapped(released: &Released, id: &FhirId, form: Form, asked: &HeaderMap) -> Response {
    let resource = Resource {
        kind: "Binary",
        id: Some(id.to_string()),
        content_type: Some(released.media_type().to_owned()),
        data: Some(STANDARD.encode(released.chunks().concat())),
    };
    let body = serde_json::to_vec(&resource).unwrap_or_default();
    answer::derived(released, "fhir", Body::from(body), form.media_type(), asked)
}

/// The content of a Binary resource.
fn unwrapped(released: &Released, id: &FhirId, asked: &HeaderMap) -> Result<Response, Problem> {
    let unusable = || {
        Problem::new(
            StatusCode::BAD_GATEWAY,
            "exception",
            "The hospital's system sent a document that cannot be read.",
        )
    };
    let whole = released.chunks().concat();
    let resource: Resource<'_> = serde_json::from_slice(&whole).map_err(|_| unusable())?;
    // FHIR's base64Binary may hold white space, and EHRs leave out the padding.
    let data: String = resource.data.unwrap_or_default().split_ascii_whitespace().collect();
    let content =
        STANDARD.decode(&data).or_else(|_| STANDARD_NO_PAD.decode(&data)).map_err(|_| unusable())?;
    let stated = resource.content_type.unwrap_or_default();
    let response = answer::derived(released, "raw", Body::from(content), media_type(&stated), asked);
    Ok(as_download(response, &stated, id))
}

fn media_type(stated: &str) -> HeaderValue {
    HeaderValue::from_str(stated)
        .ok()
        .filter(|_| stated.contains('/'))
        .unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

/// Whatever it is, a browser saves it, guesses nothing and runs nothing.
fn as_download(mut response: Response, stated: &str, id: &FhirId) -> Response {
    let extension = match stated.split(';').next().unwrap_or_default().trim() {
        "application/pdf" => "pdf",
        "text/plain" => "txt",
        "text/html" => "html",
        "application/xml" | "text/xml" => "xml",
        "application/rtf" | "text/rtf" => "rtf",
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/tiff" => "tif",
        _ => "bin",
    };
    let headers = response.headers_mut();
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{id}.{extension}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    headers.insert(
        HeaderName::from_static("content-security-policy"),
        HeaderValue::from_static("sandbox; default-src 'none'"),
    );
    response
}
