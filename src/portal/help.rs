//! Help, privacy and supported browsers (S-72, S-80 to S-83). Open to everybody: whoever cannot sign in needs them most.

use askama::Template;
use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Portal;
use crate::domain::account::AccountKind;
use crate::web::page::{Chrome, Page};
use crate::web::session::Visitor;

/// The help pages.
pub fn router() -> Router<Portal> {
    Router::new()
        .route("/help", get(index))
        .route("/help/find-a-patient", get(find_a_patient))
        .route("/help/sponsored-access", get(sponsored_access))
        .route("/help/request-pcp-access", get(request_pcp_access))
        .route("/help/request-non-pcp-access", get(request_non_pcp_access))
        .route("/help/privacy", get(privacy))
        .route("/help/browsers", get(browsers))
}

macro_rules! page {
    ($handler:ident, $name:ident, $file:literal, $title:literal) => {
        #[derive(Template)]
        #[template(path = $file)]
        struct $name {
            chrome: Chrome,
        }

        async fn $handler(visitor: Visitor) -> Response {
            Page::new($name { chrome: visitor.chrome($title) }).into_response()
        }
    };
}

page!(index, Index, "help/index.html", "Help");
page!(find_a_patient, FindAPatient, "help/find_a_patient.html", "How to find a patient");
page!(sponsored_access, SponsoredAccess, "help/sponsored_access.html", "Sponsored access");
page!(browsers, Browsers, "help/browsers.html", "Supported browsers");

#[derive(Template)]
#[template(path = "help/privacy.html")]
struct Privacy {
    chrome: Chrome,
    paragraphs: Vec<String>,
}

async fn privacy(visitor: Visitor) -> Response {
    let text = &visitor.web.settings().privacy_policy;
    let paragraphs =
        text.split("\n\n").map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect();
    Page::new(Privacy { chrome: visitor.chrome("Privacy"), paragraphs }).into_response()
}

/// How to ask for access, and what happens then. The request itself begins where a search ends in "not authorized".
#[derive(Template)]
#[template(path = "help/request_access.html")]
struct RequestAccess {
    chrome: Chrome,
    pcp: bool,
    sponsored: bool,
}

async fn request_pcp_access(visitor: Visitor) -> Response {
    request(&visitor, true)
}

async fn request_non_pcp_access(visitor: Visitor) -> Response {
    request(&visitor, false)
}

fn request(visitor: &Visitor, pcp: bool) -> Response {
    let title = if pcp { "Request PCP access" } else { "Request non-PCP access" };
    let sponsored = visitor.account.as_ref().is_some_and(|account| account.kind == AccountKind::Sponsored);
    Page::new(RequestAccess { chrome: visitor.chrome(title), pcp, sponsored }).into_response()
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let titled = |title: &str| Chrome { title: title.into(), ..chrome.clone() };
    let paragraphs =
        vec!["Lakeside Children\u{2019}s Hospital keeps health records confidential.".to_owned()];
    let request = |pcp, sponsored| {
        let chrome = titled(if pcp { "Request PCP access" } else { "Request non-PCP access" });
        RequestAccess { chrome, pcp, sponsored }.render().unwrap()
    };
    vec![
        ("help", Index { chrome: titled("Help") }.render().unwrap()),
        ("help-find", FindAPatient { chrome: titled("How to find a patient") }.render().unwrap()),
        ("help-sponsored", SponsoredAccess { chrome: titled("Sponsored access") }.render().unwrap()),
        ("help-browsers", Browsers { chrome: titled("Supported browsers") }.render().unwrap()),
        ("help-privacy", Privacy { chrome: titled("Privacy"), paragraphs }.render().unwrap()),
        ("help-request-pcp", request(true, false)),
        ("help-request-non-pcp", request(false, true)),
    ]
}
