//! `/staff/health`: whether the parts of the system work, and in what numbers.

mod figures;
mod purge;
mod told;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

use crate::portal::Portal;
use crate::store::outbox::OutboxDepth;
use crate::web::apps;
use crate::web::dates;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Staff;

use figures::{count, times};
use told::{Answers, Fact, When};

pub use purge::{ask as ask_purge, confirm as confirm_purge, review as review_purge};

#[derive(Template)]
#[template(path = "portal/staff/health.html")]
struct HealthPage {
    chrome: Chrome,
    as_of: String,
    /// What was forgotten a moment ago.
    done: Option<&'static str>,
    /// Whether the user may have something forgotten (S-06).
    decides: bool,
    parts: Vec<Part>,
    ehr: Vec<Fact>,
    primary_care: Vec<Fact>,
    cache: Vec<Fact>,
    answers: Answers,
    since: String,
}

struct Part {
    name: &'static str,
    well: bool,
    state: &'static str,
    more: String,
}

/// The state of each part, as of now.
pub async fn show(
    State(portal): State<Portal>,
    user: Staff,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let now = portal.web.now();
    let zone = portal.web.settings().time_zone.clone();
    let (upkeep, when) = (&portal.upkeep, When { now, zone: &zone });
    let report = upkeep.cache.report();
    let outbox = portal.web.store().outbox_depth().await.ok();
    let page = HealthPage {
        chrome: user.chrome("System"),
        as_of: dates::moment(now, &zone),
        done: query.as_deref().and_then(|query| query.strip_prefix("forgotten=")).and_then(purge::done),
        decides: purge::decides(&user),
        parts: vec![
            ehr(&portal),
            database(&portal).await,
            audit(&portal).await,
            mail(outbox, &when),
            viewer(&portal),
        ],
        ehr: told::ehr(&upkeep.ehr.health(), &when),
        primary_care: told::primary_care(&upkeep.primary_care.health(), &when),
        cache: told::cache(&report, &when),
        since: dates::moment(report.since, &zone),
        answers: told::answers(&report),
    };
    Ok(Page::new(page).into_response())
}

fn ehr(portal: &Portal) -> Part {
    let (well, state, more) = if portal.upkeep.ehr.is_out_of_reach() {
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
    let waiting = count(u64::try_from(portal.upkeep.audit.waiting()).unwrap_or(u64::MAX));
    let more = head.map_or_else(
        |_| "No record can be opened until it can be written again.".to_owned(),
        |head| format!("Entries: {}; waiting to be written: {waiting}.", count(head.number)),
    );
    Part { name: "Audit log", well, state, more }
}

fn mail(outbox: Option<OutboxDepth>, when: &When<'_>) -> Part {
    let name = "Mail";
    match outbox {
        None => Part {
            name,
            well: false,
            state: "Cannot be read",
            more: "Mails wait in the database.".to_owned(),
        },
        Some(OutboxDepth { waiting: 0, .. }) => {
            Part { name, well: true, state: "All sent", more: "No mail waits.".to_owned() }
        }
        Some(OutboxDepth { waiting, oldest }) => {
            let age = oldest.map(|oldest| when.now.since(oldest));
            let late = age.is_some_and(|age| age > std::time::Duration::from_mins(10));
            let more = match age {
                Some(age) => {
                    format!("{} to be sent; the oldest waits {}.", times(waiting, "mail"), figures::span(age))
                }
                None => format!("{} to be sent.", times(waiting, "mail")),
            };
            Part { name, well: !late, state: if late { "Late" } else { "Being sent" }, more }
        }
    }
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
    let page = |done, down: bool| {
        let parts = vec![
            part(
                "Hospital\u{2019}s EHR",
                !down,
                if down { "Out of reach" } else { "Answers" },
                "Pages say how old it is.",
            ),
            part("Database", true, "Answers", "Accounts, grants, sessions and the audit log."),
            part("Audit log", true, "Written", "Entries: 1,204; waiting to be written: 0."),
            part("Mail", true, "All sent", "No mail waits."),
            part("Record viewer", true, "Ready", "The app that opens records."),
        ];
        let sample = told::tests::sample(down);
        HealthPage {
            chrome: chrome.clone(),
            as_of: "24 Nov 2026, 09:41".into(),
            done,
            decides: !down,
            parts,
            ehr: sample.ehr,
            primary_care: sample.primary_care,
            cache: sample.cache,
            answers: sample.answers,
            since: "24 Nov 2026, 07:02".into(),
        }
    };
    let mut all = vec![
        ("staff-health", page(None, false).render().unwrap()),
        ("staff-health-trouble", page(None, true).render().unwrap()),
        ("staff-health-forgotten", page(purge::done("type"), false).render().unwrap()),
    ];
    all.extend(purge::samples(&Chrome { title: "Forget what the EHR said".into(), ..chrome.clone() }));
    all
}
