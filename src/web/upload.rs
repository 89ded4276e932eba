//! One file in a form of ours (`multipart/form-data`, RFC 7578). The form token comes first, so that a stranger's megabytes are not
//! read.

use axum::extract::DefaultBodyLimit;
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest as _, Multipart, Request};
use bytes::Bytes;
use http::StatusCode;

use super::cookies::Cookie;
use super::csrf::{self, came_from_elsewhere};
use super::next::LocalPath;
use super::problem::Problem;
use super::state::Web;

/// Room for the form around the file.
const AROUND: usize = 16 * 1024;

/// Why there is no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoFile {
    /// The form has none, or an empty one: nothing was chosen.
    Missing,
    /// It is larger than the limit.
    TooLarge,
    /// The form ends in the middle, or is not one.
    Broken,
    /// The form is not one of this browser's.
    Problem(Problem),
}

/// A layer for a route that takes one file of at most `largest` bytes.
pub fn limit(largest: usize) -> DefaultBodyLimit {
    DefaultBodyLimit::max(largest.saturating_add(AROUND))
}

/// The file in the field `name`.
pub async fn read(request: Request, web: &Web, name: &str, largest: usize) -> Result<Bytes, NoFile> {
    let headers = request.headers().clone();
    let back = LocalPath::parse(request.uri().path()).unwrap_or_else(LocalPath::home);
    let expired = || NoFile::Problem(Problem::FormExpired { back: back.clone() });
    if came_from_elsewhere(&headers) {
        return Err(expired());
    }
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|_| NoFile::Problem(Problem::Unreadable))?;
    let mut ours = false;
    while let Some(mut field) = form.next_field().await.map_err(|error| no_file(&error))? {
        let field_name = field.name().unwrap_or_default().to_owned();
        let most = if field_name == name { largest } else { AROUND };
        if field_name == name && !ours {
            return Err(expired());
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(|error| no_file(&error))? {
            if bytes.len() + chunk.len() > most {
                return Err(NoFile::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        if field_name == csrf::FIELD {
            let token = String::from_utf8(bytes).unwrap_or_default();
            let cookies = [Cookie::Session, Cookie::Form];
            let mut cookies = cookies.into_iter().filter_map(|cookie| cookie.read(web, &headers));
            ours = cookies.any(|cookie| web.keys().form_token_is(&token, &cookie));
        } else if field_name == name {
            return if bytes.is_empty() { Err(NoFile::Missing) } else { Ok(bytes.into()) };
        }
    }
    Err(if ours { NoFile::Missing } else { expired() })
}

fn no_file(error: &MultipartError) -> NoFile {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE { NoFile::TooLarge } else { NoFile::Broken }
}
