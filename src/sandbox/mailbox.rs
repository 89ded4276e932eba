//! A page that lists outgoing mail, for the demo: what a real installation would have sent by SMTP.
//!
//! Who runs the demo hands in a closure that gives the mail, oldest first. Routes, relative to where the router is
//! nested: `GET /` the list, `GET /{number}` one message (numbers count from 1, oldest first),
//! `GET /messages.json` everything for scripts.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use crate::domain::clock::Timestamp;

/// A message that went out.
#[derive(Clone, Debug, Serialize)]
pub struct OutgoingMail {
    /// To whom.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML, if it has any.
    pub html: Option<String>,
    /// When it was queued, in milliseconds since the Unix epoch.
    pub at: Timestamp,
}

/// A list of mail that is being fetched.
pub type Fetching = Pin<Box<dyn Future<Output = Vec<OutgoingMail>> + Send>>;

type Source = Arc<dyn Fn() -> Fetching + Send + Sync>;

/// The pages. `mail` gives all mail, oldest first.
pub fn router(mail: impl Fn() -> Fetching + Send + Sync + 'static) -> Router {
    let source: Source = Arc::new(mail);
    Router::new()
        .route("/", get(list))
        .route("/messages.json", get(messages))
        .route("/{number}", get(message))
        .with_state(source)
}

async fn messages(State(source): State<Source>) -> Json<Vec<OutgoingMail>> {
    Json(source().await)
}

async fn list(State(source): State<Source>) -> Response {
    let mail = source().await;
    let rows: Vec<String> = mail
        .iter()
        .enumerate()
        .rev()
        .map(|(at, mail)| {
            let number = at + 1;
            format!(
                "<tr><td><time>{}</time></td><td>{}</td><td><a href=\"{number}\">{}</a></td></tr>",
                escape(&when(mail.at)),
                escape(&mail.to),
                escape(&mail.subject)
            )
        })
        .collect();
    let body = if rows.is_empty() {
        "<p>No mail yet.</p>".to_owned()
    } else {
        format!(
            "<table><caption>{} messages, newest first</caption><thead><tr><th scope=\"col\">When</th><th scope=\"col\">To</th><th scope=\"col\">Subject</th></tr></thead><tbody>{}</tbody></table>",
            mail.len(),
            rows.concat()
        )
    };
    page("Mailbox", &body)
}

async fn message(State(source): State<Source>, Path(number): Path<String>) -> Response {
    let mail = source().await;
    let found =
        number.parse::<usize>().ok().and_then(|number| number.checked_sub(1)).and_then(|at| mail.get(at));
    let Some(mail) = found else {
        let mut response = page("No such message", "<p><a href=\"./\">All mail</a></p>");
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let html = mail.html.as_ref().map_or_else(String::new, |html| {
        format!(
            "<h2>As HTML</h2><iframe title=\"The message as HTML\" sandbox srcdoc=\"{}\"></iframe>",
            escape(html)
        )
    });
    let body = format!(
        "<p><a href=\"./\">All mail</a></p><dl><dt>To</dt><dd>{}</dd><dt>When</dt><dd>{}</dd></dl><pre>{}</pre>{html}",
        escape(&mail.to),
        escape(&when(mail.at)),
        linked(&mail.text)
    );
    page(&mail.subject, &body)
}

fn page(title: &str, body: &str) -> Response {
    let title = escape(title);
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main><footer><p>Demo mailbox: nothing here was really sent.</p></footer></body></html>"
    );
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'";
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, Html(html)).into_response()
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}\
table{border-collapse:collapse;width:100%}caption{text-align:left;padding:.5rem 0}\
th,td{text-align:left;padding:.5rem;border-bottom:1px solid #bbb;vertical-align:top}\
pre{white-space:pre-wrap;font:inherit;border:1px solid #bbb;padding:1rem}iframe{width:100%;height:24rem;border:1px solid #bbb}";

fn when(at: Timestamp) -> String {
    at.to_jiff().strftime("%-d %b %Y, %H:%M:%S UTC").to_string()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The text with its web addresses as links.
fn linked(text: &str) -> String {
    let words = text.split_inclusive(char::is_whitespace).map(|word| {
        let bare = word.trim_end();
        let address = bare.trim_end_matches(['.', ',', ')', '>']);
        if address.starts_with("http://") || address.starts_with("https://") {
            let rest = word.get(address.len()..).unwrap_or_default();
            format!("<a href=\"{0}\">{0}</a>{1}", escape(address), escape(rest))
        } else {
            escape(word)
        }
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    fn mail() -> Vec<OutgoingMail> {
        let one = |subject: &str, text: &str| OutgoingMail {
            to: "ana.ruiz@desertbloom.example".into(),
            subject: subject.into(),
            text: text.into(),
            html: Some("<p onclick=\"x()\">hello</p>".into()),
            at: Timestamp::from_millis(0),
        };
        vec![one("First", "Go to https://portal.example/reset?a=1&b=2."), one("<b>Second</b>", "plain")]
    }

    async fn text(path: &str) -> (StatusCode, String) {
        let router = router(|| Box::pin(async { mail() }));
        let response = router.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_newest_comes_first_and_nothing_is_markup() {
        let (status, page) = text("/").await;
        assert_eq!(status, StatusCode::OK);
        assert!(page.find("&lt;b&gt;Second").unwrap() < page.find(">First<").unwrap());
        assert!(!page.contains("<b>Second"));
    }

    #[tokio::test]
    async fn a_message_shows_its_links_and_keeps_its_html_in_a_sandbox() {
        let (_, page) = text("/1").await;
        assert!(page.contains("<a href=\"https://portal.example/reset?a=1&amp;b=2\">"));
        assert!(page.contains("sandbox srcdoc=\"&lt;p onclick="));
        assert_eq!(text("/3").await.0, StatusCode::NOT_FOUND);
        assert_eq!(text("/0").await.0, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn scripts_get_json() {
        let (_, json) = text("/messages.json").await;
        let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(parsed.as_array().unwrap().len(), 2);
        assert_eq!(parsed[0]["subject"], "First");
    }
}
