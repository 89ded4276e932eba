//! `/patients/at-the-hospital`: whom of the user's patients the hospital has, or had until last week, and what is new of them.
//!
//! The EHR is asked for its present admissions and its recent ones as a whole: few requests, the same for every user and so
//! answered from the cache, and each entry is released to this user alone.

use std::collections::BTreeMap;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::StreamExt as _;
use http::HeaderMap;
use jiff::civil::Date;

use super::Portal;
use super::ask::unanswered;
use super::encounter::{Bundle, Encounter, Stay};
use super::patient::Person;
use crate::domain::ids::FhirId;
use crate::fhir::interaction::Search;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Query, TotalWanted, parse};
use crate::records::{Caller, Unanswered};
use crate::web::dates;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::{Clinician, FRAGMENT};

/// Discharges and news of this time are shown.
const RECENT: Duration = Duration::from_hours(7 * 24);
/// Pages of one search that are read at most; 200 encounters each.
const PAGES: usize = 20;
/// Patients whose results and notes are looked at, at most.
const NEWS_OF: usize = 60;
/// Requests at a time.
const AT_ONCE: usize = 8;

/// The list.
pub fn router() -> Router<Portal> {
    Router::new().route("/patients/at-the-hospital", get(list))
}

/// One heading with its patients.
pub struct Group {
    /// Heading.
    pub title: &'static str,
    /// Patients, in the order that the heading implies.
    pub rows: Vec<Row>,
}

/// One patient.
pub struct Row {
    /// Who.
    pub person: Person,
    /// Why, and what is new.
    pub what: String,
    /// Since when or when: "Admitted 3 days ago".
    pub when: String,
    /// Where.
    pub place: String,
    /// Whether the patient is there now.
    pub now: bool,
}

/// The list without layout, for the script.
#[derive(Template)]
#[template(path = "portal/hospital_part.html")]
pub struct Part {
    /// Headings that have patients.
    pub groups: Vec<Group>,
    /// What is said when there are none.
    pub empty: &'static str,
    /// For the live region.
    pub said: String,
    /// When this was so.
    pub as_of: String,
}

#[derive(Template)]
#[template(path = "portal/hospital.html")]
struct HospitalPage {
    chrome: Chrome,
    groups: Vec<Group>,
    empty: &'static str,
    said: String,
    as_of: String,
}

const EMPTY: &str =
    "None of your patients is admitted, went home in the last week, or has new results or notes.";

async fn list(
    State(portal): State<Portal>,
    user: Clinician,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let caller = portal.caller(&user);
    let encounters = recent_encounters(&portal, &caller).await.map_err(unanswered)?;
    let contacts = contacts(&portal, encounters);
    let groups = groups(&portal, &user, &caller, contacts).await;
    let count: usize = groups.iter().map(|group| group.rows.len()).sum();
    let said = if count == 1 {
        "1 patient at the hospital".to_owned()
    } else {
        format!("{count} patients at the hospital")
    };
    let as_of = format!("As of {}.", dates::moment(portal.web.now(), &portal.web.settings().time_zone));
    Ok(if headers.contains_key(FRAGMENT) {
        Page::new(Part { groups, empty: EMPTY, said, as_of }).into_response()
    } else {
        let chrome = user.chrome("At the hospital");
        Page::new(HospitalPage { chrome, groups, empty: EMPTY, said, as_of }).into_response()
    })
}

/// Every encounter within reach that is under way or touched the last week.
async fn recent_encounters(portal: &Portal, caller: &Caller) -> Result<Vec<Encounter>, Unanswered> {
    let since = since(portal);
    let under_way = all(portal, caller, "_count=200&status=in-progress".to_owned());
    let recent = all(portal, caller, format!("_count=200&date=ge{since}"));
    let (mut found, recent) = tokio::try_join!(under_way, recent)?;
    found.extend(recent);
    Ok(found)
}

async fn all(portal: &Portal, caller: &Caller, query: String) -> Result<Vec<Encounter>, Unanswered> {
    let search = Search { resource_type: ResourceType::Encounter, patient: None, query: query.into() };
    let query = Query { search, total: TotalWanted::None, count_only: false };
    let mut found = Vec::new();
    let mut page = Bundle::read(&portal.records.search(caller, &query).await?.chunks().concat());
    for _ in 1..PAGES {
        let next = page.next_handle();
        found.extend(page.encounters());
        let Some(handle) = next else { return Ok(found) };
        let further = portal.records.page(caller, ResourceType::Encounter, &handle).await?;
        page = Bundle::read(&further.chunks().concat());
    }
    found.extend(page.encounters());
    Ok(found)
}

/// What kind of contact decides a patient's place in the list; the first one that fits wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Contact {
    Admitted,
    InEmergency,
    Discharged,
    Seen,
}

struct Latest {
    contact: Contact,
    encounter: Encounter,
    day: Date,
}

/// One contact a patient: what matters most, latest first.
fn contacts(portal: &Portal, encounters: Vec<Encounter>) -> BTreeMap<FhirId, Latest> {
    let zone = &portal.web.settings().time_zone;
    let mut latest: BTreeMap<FhirId, Latest> = BTreeMap::new();
    for encounter in encounters.into_iter().filter(Encounter::took_place) {
        let Some(patient) = encounter.patient() else { continue };
        let (began, ended) = (encounter.began(zone), encounter.ended(zone));
        let (contact, day) = match (encounter.is_under_way(), encounter.stay()) {
            (true, Stay::Bed) => (Contact::Admitted, began),
            (true, Stay::Emergency) => (Contact::InEmergency, began),
            (false, Stay::Bed) => (Contact::Discharged, ended.or(began)),
            _ => (Contact::Seen, ended.or(began)),
        };
        let Some(day) = day else { continue };
        let better = latest.get(&patient).is_none_or(|known| {
            (contact, std::cmp::Reverse(day)) < (known.contact, std::cmp::Reverse(known.day))
        });
        if better {
            latest.insert(patient, Latest { contact, encounter, day });
        }
    }
    latest
}

async fn groups(
    portal: &Portal,
    user: &Clinician,
    caller: &Caller,
    contacts: BTreeMap<FhirId, Latest>,
) -> Vec<Group> {
    let mut rows: Vec<(Contact, Date, Row)> = futures_util::stream::iter(contacts.into_iter().take(NEWS_OF))
        .map(|(patient, latest)| row(portal, user, caller, patient, latest))
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;
    rows.sort_by(|a, b| {
        (a.0, std::cmp::Reverse(a.1), &a.2.person.name).cmp(&(b.0, std::cmp::Reverse(b.1), &b.2.person.name))
    });
    let mut groups = vec![
        Group { title: "In the hospital now", rows: Vec::new() },
        Group { title: "Went home in the last 7 days", rows: Vec::new() },
        Group { title: "New visits, results and notes", rows: Vec::new() },
    ];
    for (contact, _, row) in rows {
        let index = match contact {
            Contact::Admitted | Contact::InEmergency => 0,
            Contact::Discharged => 1,
            Contact::Seen => 2,
        };
        if let Some(group) = groups.get_mut(index) {
            group.rows.push(row);
        }
    }
    groups.retain(|group| !group.rows.is_empty());
    groups
}

/// The line of a patient; `None` when the patient's own data cannot be shown (a grant may leave it out).
async fn row(
    portal: &Portal,
    user: &Clinician,
    caller: &Caller,
    patient: FhirId,
    latest: Latest,
) -> Option<(Contact, Date, Row)> {
    let released = portal.records.read(caller, ResourceType::Patient, patient.clone()).await.ok()?;
    let person = portal.printed(user, &released.chunks().concat(), latest.encounter.id())?;
    let news = news(portal, caller, &patient).await;
    let ago = dates::ago(latest.day, portal.today());
    let when = match latest.contact {
        Contact::Admitted => format!("Admitted {ago}"),
        Contact::InEmergency => format!("Emergency, {ago}"),
        Contact::Discharged => format!("Home {ago}"),
        Contact::Seen => format!("Seen {ago}"),
    };
    let what = [latest.encounter.what().to_owned(), news]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" \u{b7} ");
    let now = matches!(latest.contact, Contact::Admitted | Contact::InEmergency);
    let row = Row { person, what, when, place: latest.encounter.place().to_owned(), now };
    Some((latest.contact, latest.day, row))
}

/// The first day that counts as recent.
fn since(portal: &Portal) -> Date {
    dates::day_of(portal.web.now().minus(RECENT), &portal.web.settings().time_zone)
}

/// "2 new results, 1 new note", or nothing. What cannot be had is not news.
async fn news(portal: &Portal, caller: &Caller, patient: &FhirId) -> String {
    let (reports, notes) = tokio::join!(
        count(portal, caller, ResourceType::DiagnosticReport, patient),
        count(portal, caller, ResourceType::DocumentReference, patient),
    );
    let said = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 new {one}")),
        more => Some(format!("{more} new {many}")),
    };
    [said(reports, "result", "results"), said(notes, "note", "notes")]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

async fn count(portal: &Portal, caller: &Caller, kind: ResourceType, patient: &FhirId) -> usize {
    let rules = portal.records.offer().rules();
    let since = since(portal);
    let Ok(query) = parse(kind, &format!("patient={patient}&date=ge{since}"), &rules) else { return 0 };
    match portal.records.search(caller, &query).await {
        Ok(released) => Bundle::read(&released.chunks().concat()).len(),
        Err(_) => 0,
    }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    use super::patient::sample;
    let row = |name, age, mrn, what: &str, when: &str, place: &str, now| Row {
        person: sample(name, age, mrn),
        what: what.into(),
        when: when.into(),
        place: place.into(),
        now,
    };
    let groups = vec![
        Group {
            title: "In the hospital now",
            rows: vec![
                row(
                    "Mia Rose Torres",
                    "7 years",
                    "CG-100123",
                    "Acute asthma exacerbation \u{b7} 3 new results, 1 new note",
                    "Admitted yesterday",
                    "5 West",
                    true,
                ),
                row(
                    "Baby Boy Okafor-Lindqvist",
                    "12 days",
                    "CG-100884",
                    "Neonatal jaundice",
                    "Admitted 3 days ago",
                    "Neonatal intensive care unit",
                    true,
                ),
            ],
        },
        Group {
            title: "Went home in the last 7 days",
            rows: vec![row(
                "Leo Park",
                "3 years",
                "CG-100317",
                "Febrile seizure \u{b7} 1 new note",
                "Home 2 days ago",
                "4 East",
                false,
            )],
        },
        Group {
            title: "New visits, results and notes",
            rows: vec![row(
                "Zoe Haddad",
                "15 years",
                "CG-100555",
                "Endocrinology follow-up \u{b7} 2 new results",
                "Seen 4 days ago",
                "Endocrinology clinic",
                false,
            )],
        },
    ];
    let as_of = "As of 24 Nov 2026, 09:41.".to_owned();
    let empty = Part { groups: vec![], empty: EMPTY, said: "0".into(), as_of: as_of.clone() };
    let chrome = Chrome { title: "At the hospital".into(), ..chrome.clone() };
    let page = HospitalPage { chrome, groups, empty: EMPTY, said: "4".into(), as_of };
    let part = Part { groups: page.groups, ..empty };
    let full = part.render().unwrap();
    let page = HospitalPage { groups: part.groups, ..page };
    let empty = Part { groups: vec![], ..part };
    vec![
        ("hospital", page.render().unwrap()),
        ("part-hospital", full),
        ("part-hospital-empty", empty.render().unwrap()),
    ]
}
