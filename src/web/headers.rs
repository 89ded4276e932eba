//! Headers that every answer of the portal carries.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{self, HeaderName, HeaderValue};
use url::Url;

use super::state::Web;

/// What a page may load and do. Nothing inline, nothing from elsewhere, in no frame.
const PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
                    connect-src 'self'; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// The same for a SMART app of ours: it shows notes in sandboxed frames and PDFs from memory, and submits no form.
pub const APP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; \
                       connect-src 'self'; frame-src 'self' blob:; object-src blob:; worker-src 'self' blob:; \
                       base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
                           magnetometer=(), microphone=(), midi=(), payment=(), usb=()";

/// The policy of a page whose form may end at `origins` after redirects, besides the portal itself.
pub fn page_policy(origins: &[String]) -> String {
    origins.iter().fold(PAGE.to_owned(), |policy, origin| format!("{policy} {origin}"))
}

/// The origin (or, for a native app, the scheme) of a redirect URI, in the form that `form-action` takes. `None` for
/// what no form may lead to.
pub fn form_target(redirect_uri: &str) -> Option<String> {
    let url = Url::parse(redirect_uri).ok()?;
    match url.scheme() {
        "http" | "https" => Some(url.origin().ascii_serialization()),
        "javascript" | "data" | "blob" | "file" | "about" | "vbscript" => None,
        own => Some(format!("{own}:")),
    }
}

/// Adds the security headers; an answer that set one itself keeps it.
pub async fn secure(State(web): State<Web>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut add = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    add(header::CONTENT_SECURITY_POLICY, PAGE);
    add(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    add(header::X_FRAME_OPTIONS, "DENY");
    add(header::REFERRER_POLICY, "no-referrer");
    add(HeaderName::from_static("permissions-policy"), PERMISSIONS);
    add(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    add(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    add(header::CACHE_CONTROL, "no-store");
    if web.is_secure() {
        add(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains");
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_targets_are_origins_or_schemes_of_native_apps() {
        assert_eq!(form_target("https://app.example/cb?x=1").as_deref(), Some("https://app.example"));
        assert_eq!(form_target("http://127.0.0.1:9000/cb").as_deref(), Some("http://127.0.0.1:9000"));
        assert_eq!(form_target("com.example.app:/cb").as_deref(), Some("com.example.app:"));
        assert_eq!(form_target("javascript:alert(1)"), None);
        assert_eq!(form_target("not a url"), None);
    }

    #[test]
    fn no_policy_allows_inline_or_foreign_code() {
        for policy in [PAGE, APP] {
            assert!(
                !policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"),
                "{policy}"
            );
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        }
        assert!(
            page_policy(&["https://app.example".into()]).ends_with("form-action 'self' https://app.example")
        );
    }
}
