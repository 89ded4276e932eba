//! `/staff/health`: whether the parts of the system work.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use crate::portal::Portal;
use crate::web::apps;
use crate::web::dates;
use crate::web::page::{Chrome, Page};
use crate::web::session::Staff;

#[derive(Template)]
#[template(path = "portal/staff/health.html")]
struct HealthPage {
    chrome: Chrome,
    parts: Vec<Part>,
    as_of: String,
}

struct Part {
    name: &'static str,
    well: bool,
    state: &'static str,
    more: String,
}

/// The state of each part, as of now.
pub async fn show(State(portal): State<Portal>, user: Staff) -> Response {
    let parts = vec![ehr(&portal), database(&portal).await, audit(&portal).await, viewer(&portal)];
    let as_of = dates::moment(portal.web.now(), &portal.web.settings().time_zone);
    Page::new(HealthPage { chrome: user.chrome("System"), parts, as_of }).into_response()
}

fn ehr(portal: &Portal) -> Part {
    let (well, state, more) = if portal.ehr.is_out_of_reach() {
        (false, "Out of reach", "Pages show what is in the cache and say how old it is.")
    } else {
        (true, "Answers", "Records are read from the EHR and kept for a short time.")
    };
    Part { name: "Hospital\u{2019}s EHR", well, state, more: more.to_owned() }
}

async fn database(portal: &Portal) -> Part {
    let well = portal.web.store().ping().await.is_ok();
    let state = if well { "Answers" } else { "Does not answer" };
    Part { name: "Database", well, state, more: "Accounts, grants, sessions and the audit log.".to_owned() }
}

async fn audit(portal: &Portal) -> Part {
    let head = portal.web.store().audit_head().await;
    let (well, state) = if head.is_ok() { (true, "Written") } else { (false, "Cannot be read") };
    let more = head.map_or_else(
        |_| "No record can be opened until it can be written again.".to_owned(),
        |head| format!("{} entries.", head.number),
    );
    Part { name: "Audit log", well, state, more }
}

fn viewer(portal: &Portal) -> Part {
    let registered = portal.web.store().client(&portal.viewer).is_some();
    let built = apps::is_built("record-viewer");
    let (well, state) = match (registered, built) {
        (true, true) => (true, "Ready"),
        (false, _) => (false, "Not registered"),
        (true, false) => (false, "Not built into this program"),
    };
    Part { name: "Record viewer", well, state, more: "The app that opens records.".to_owned() }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let part = |name, well, state, more: &str| Part { name, well, state, more: more.into() };
    let parts = vec![
        part(
            "Hospital\u{2019}s EHR",
            false,
            "Out of reach",
            "Pages show what is in the cache and say how old it is.",
        ),
        part("Database", true, "Answers", "Accounts, grants, sessions and the audit log."),
        part("Audit log", true, "Written", "1204 entries."),
        part("Record viewer", true, "Ready", "The app that opens records."),
    ];
    let page = HealthPage { chrome: chrome.clone(), parts, as_of: "24 Nov 2026, 09:41".into() };
    vec![("staff-health", page.render().unwrap())]
}
