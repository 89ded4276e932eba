//! `/patients/at-the-hospital`: whom of the user's patients the hospital has, or had until last week, and what is new of them.
//!
//! EHRs search visits for one patient at a time, so the list goes through the user's patients, a few at once; what the cache
//! holds costs nothing.

use std::cmp::Reverse;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::StreamExt as _;
use http::HeaderMap;
use jiff::civil::Date;
use serde::Deserialize;

use super::Portal;
use super::ask::unanswered;
use super::encounter::{Encounter, Stay};
use super::patient::Person;
use crate::domain::ids::FhirId;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::parse;
use crate::records::bundle::Bundle;
use crate::records::panel::Panel;
use crate::records::{Caller, Unanswered};
use crate::web::dates;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::{Clinician, FRAGMENT};

/// Discharges and news of this time are shown.
const RECENT: Duration = Duration::from_hours(7 * 24);
/// Patients that one page looks at.
const AT_A_TIME: usize = 200;
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
    /// Whether something could not be loaded.
    pub incomplete: bool,
    /// For the live region.
    pub said: String,
    /// When this was so.
    pub as_of: String,
    /// Which of the patients it looks at.
    pub paging: Option<Paging>,
}

/// Which patients a page looks at, where they are too many for one.
pub struct Paging {
    /// "Patients 201 to 400 of 731 were looked at."
    pub said: String,
    /// Address of the ones before.
    pub earlier: Option<String>,
    /// Address of the ones after.
    pub later: Option<String>,
}

impl Paging {
    fn of(from: usize, all: usize) -> Option<Self> {
        let to = (from + AT_A_TIME).min(all);
        let href = |from: usize| format!("/patients/at-the-hospital?from={from}");
        (all > AT_A_TIME).then(|| Self {
            said: format!("Patients {} to {to} of {all} were looked at.", from + 1),
            earlier: from.checked_sub(AT_A_TIME).map(href),
            later: (to < all).then(|| href(to)),
        })
    }
}

/// Where to begin.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct From {
    from: usize,
}

#[derive(Template)]
#[template(path = "portal/hospital.html")]
struct HospitalPage {
    chrome: Chrome,
    groups: Vec<Group>,
    empty: &'static str,
    incomplete: bool,
    said: String,
    as_of: String,
    paging: Option<Paging>,
}

const EMPTY: &str =
    "None of your patients is admitted, went home in the last week, or has new results or notes.";

const NOBODY: &str =
    "You may not see any record yet. Find a patient above, and you are told how to get access.";

async fn list(
    State(portal): State<Portal>,
    user: Clinician,
    Query(place): Query<From>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let caller = portal.caller(&user);
    let panel = portal.panels.of(&caller).await.map_err(unanswered)?;
    let more = panel.more;
    let all = panel.patients.len();
    let from = place.from.min(all.saturating_sub(1)) / AT_A_TIME * AT_A_TIME;
    let paging = Paging::of(from, all);
    let panel = panel.part(from, AT_A_TIME);
    let nobody = panel.patients.is_empty();
    let (rows, incomplete) = rows(&portal, &user, &caller, panel).await?;
    // "None" is never said while something did not load.
    let empty = match (incomplete, nobody) {
        (true, _) => "",
        (false, true) => NOBODY,
        (false, false) => EMPTY,
    };
    let groups = grouped(rows);
    let count: usize = groups.iter().map(|group| group.rows.len()).sum();
    let said = if count == 1 {
        "1 patient at the hospital".to_owned()
    } else {
        format!("{count} patients at the hospital")
    };
    let now = dates::moment(portal.web.now(), &portal.web.settings().time_zone);
    let as_of = if more {
        format!(
            "As of {now}. The hospital does not list all of your practice's patients; search for the others."
        )
    } else {
        format!("As of {now}.")
    };
    Ok(if headers.contains_key(FRAGMENT) {
        Page::new(Part { groups, empty, incomplete, said, as_of, paging }).into_response()
    } else {
        let chrome = user.chrome("At the hospital");
        Page::new(HospitalPage { chrome, groups, empty, incomplete, said, as_of, paging }).into_response()
    })
}

/// What kind of contact decides a patient's place in the list; the first one that fits wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Contact {
    Admitted,
    InEmergency,
    Discharged,
    Seen,
}

/// What happened last, and what counts most.
struct Latest {
    contact: Contact,
    encounter: Encounter,
    day: Date,
}

type Placed = (Contact, Date, Row);

/// The lines of those patients of whom there is something to say. A patient whose visits cannot be had is left out; when that is
/// so of all of them, the whole list fails.
async fn rows(
    portal: &Portal,
    user: &Clinician,
    caller: &Caller,
    panel: Panel,
) -> Result<(Vec<Placed>, bool), Problem> {
    let unlisted = panel.incomplete;
    let asked = panel.patients.len();
    let lines: Vec<Result<Option<Placed>, Unanswered>> = futures_util::stream::iter(panel.patients)
        .map(|(patient, json)| row(portal, user, caller, patient, json))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut rows = Vec::new();
    let mut failed = Vec::new();
    for line in lines {
        match line {
            Ok(row) => rows.extend(row),
            Err(why) => failed.push(why),
        }
    }
    let incomplete = unlisted || !failed.is_empty();
    if failed.len() == asked
        && let Some(why) = failed.into_iter().next()
    {
        return Err(unanswered(why));
    }
    rows.sort_by(|(a, on, one), (b, on_too, other)| {
        (a, Reverse(on), &one.person.name).cmp(&(b, Reverse(on_too), &other.person.name))
    });
    Ok((rows, incomplete))
}

fn grouped(rows: Vec<Placed>) -> Vec<Group> {
    let mut now = Group { title: "In the hospital now", rows: Vec::new() };
    let mut home = Group { title: "Went home in the last 7 days", rows: Vec::new() };
    let mut seen = Group { title: "New visits, results and notes", rows: Vec::new() };
    for (contact, _, row) in rows {
        match contact {
            Contact::Admitted | Contact::InEmergency => now.rows.push(row),
            Contact::Discharged => home.rows.push(row),
            Contact::Seen => seen.rows.push(row),
        }
    }
    [now, home, seen].into_iter().filter(|group| !group.rows.is_empty()).collect()
}

/// The line of a patient; `None` when there is nothing to say, or the patient's own data may not be shown.
async fn row(
    portal: &Portal,
    user: &Clinician,
    caller: &Caller,
    patient: FhirId,
    json: Option<Vec<u8>>,
) -> Result<Option<Placed>, Unanswered> {
    let Some(latest) = latest(portal, caller, &patient).await? else { return Ok(None) };
    let json = match json {
        Some(json) => json,
        None => portal.records.read(caller, ResourceType::Patient, patient.clone()).await?.chunks().concat(),
    };
    let Some(person) = portal.printed(user, &json, latest.encounter.id()) else { return Ok(None) };
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
    Ok(Some((latest.contact, latest.day, row)))
}

/// The contact of the last days that counts most.
async fn latest(portal: &Portal, caller: &Caller, patient: &FhirId) -> Result<Option<Latest>, Unanswered> {
    let zone = &portal.web.settings().time_zone;
    let bundle = recent(portal, caller, ResourceType::Encounter, patient).await?;
    let encounters = bundle
        .resources("Encounter")
        .filter_map(|(_, json)| serde_json::from_slice::<Encounter>(&json).ok())
        .filter(Encounter::took_place);
    let contacts = encounters.filter_map(|encounter| {
        let (began, ended) = (encounter.began(zone), encounter.ended(zone));
        let (contact, day) = match (encounter.is_under_way(), encounter.stay()) {
            (true, Stay::Bed) => (Contact::Admitted, began),
            (true, Stay::Emergency) => (Contact::InEmergency, began),
            (false, Stay::Bed) => (Contact::Discharged, ended.or(began)),
            _ => (Contact::Seen, ended.or(began)),
        };
        Some(Latest { contact, encounter, day: day? })
    });
    Ok(contacts.min_by_key(|latest| (latest.contact, Reverse(latest.day))))
}

/// What the record says of the last days.
async fn recent(
    portal: &Portal,
    caller: &Caller,
    kind: ResourceType,
    patient: &FhirId,
) -> Result<Bundle, Unanswered> {
    let since = dates::day_of(portal.web.now().minus(RECENT), &portal.web.settings().time_zone);
    let rules = portal.records.offer().rules();
    // An EHR that cannot search these dates has nothing recent to tell.
    let Ok(query) = parse(kind, &format!("patient={patient}&date=ge{since}"), &rules) else {
        return Ok(Bundle::default());
    };
    Ok(Bundle::read(&portal.records.search(caller, &query).await?.chunks().concat()))
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
    recent(portal, caller, kind, patient).await.map_or(0, |bundle| bundle.resources(kind.as_str()).count())
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
    let empty = Part {
        groups: vec![],
        empty: EMPTY,
        incomplete: false,
        said: "0".into(),
        as_of: as_of.clone(),
        paging: None,
    };
    let chrome = Chrome { title: "At the hospital".into(), ..chrome.clone() };
    let page = HospitalPage {
        chrome,
        groups,
        empty: EMPTY,
        incomplete: true,
        said: "4".into(),
        as_of,
        paging: Paging::of(200, 731),
    };
    let part = Part { groups: page.groups, incomplete: true, ..empty };
    let full = part.render().unwrap();
    let page = HospitalPage { groups: part.groups, ..page };
    let empty = Part { groups: vec![], incomplete: false, ..part };
    vec![
        ("hospital", page.render().unwrap()),
        ("part-hospital", full),
        ("part-hospital-empty", empty.render().unwrap()),
    ]
}
