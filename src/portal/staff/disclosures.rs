//! `/staff/audit/disclosures`: the report of disclosures for one patient: who read the record, when, why and through what; on a page to
//! print, as a table for spreadsheets, and as FHIR `AuditEvent`s (D-10).

use std::collections::{BTreeSet, HashMap};

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use jiff::civil::Date;
use serde::Deserialize;

use super::audit::patient_with;
use crate::audit::{Look, as_audit_event, who_looked};
use crate::domain::audit::{AuditKind, AuditOutcome};
use crate::domain::ids::{FhirId, Mrn};
use crate::portal::Portal;
use crate::store::audit::StoredAudit;
use crate::web::csrf::CsrfForm;
use crate::web::dates;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Staff;

/// Lines of a report, at most; one that is longer says so.
const MOST: usize = 10_000;
/// Events read at once.
const CHUNK: u32 = 500;
/// Events in a FHIR export, at most.
const MOST_EVENTS: usize = 100_000;

#[derive(Template)]
#[template(path = "portal/staff/disclosures.html")]
struct DisclosuresPage {
    chrome: Chrome,
    errors: FormErrors,
    typed: Typed,
    report: Option<Report>,
}

/// A report.
struct Report {
    mrn: String,
    period: String,
    made: String,
    rows: Vec<Row>,
    people: usize,
    cut: bool,
}

/// One sitting of one reader.
struct Row {
    day: String,
    time: String,
    who: String,
    organization: String,
    through: String,
    why: &'static str,
    what: String,
}

/// What was typed. An MRN travels in the body of a POST, never in a URL.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    mrn: String,
    from: String,
    to: String,
    /// `page`, `csv` or `fhir`.
    form: String,
}

/// The empty form.
pub async fn show(user: Staff) -> Response {
    let page = DisclosuresPage {
        chrome: user.chrome("Disclosures"),
        errors: FormErrors::default(),
        typed: Typed::default(),
        report: None,
    };
    Page::new(page).into_response()
}

/// What is asked for, once it is understood.
struct Asked {
    mrn: Mrn,
    from: Option<Date>,
    to: Option<Date>,
}

impl Typed {
    fn read(&self) -> Result<Asked, FormErrors> {
        let mut errors = FormErrors::default();
        let mrn = Mrn::parse(self.mrn.trim());
        if mrn.is_err() {
            errors.add("mrn", "Enter an MRN: letters, digits and hyphens.");
        }
        let mut day = |field: &'static str, text: &str| {
            let text = text.trim();
            let date = dates::read(text);
            if date.is_none() && !text.is_empty() {
                errors.add(field, "Enter a date, such as 3/14/2026, or leave it empty.");
            }
            date
        };
        let (from, to) = (day("from", &self.from), day("to", &self.to));
        if from.zip(to).is_some_and(|(from, to)| to < from) {
            errors.add("to", "The last day lies before the first.");
        }
        match mrn {
            Ok(mrn) if errors.is_empty() => Ok(Asked { mrn, from, to }),
            _ => Err(errors),
        }
    }
}

/// The report, in the form that was asked for.
pub async fn report(
    State(portal): State<Portal>,
    user: Staff,
    CsrfForm(typed): CsrfForm<Typed>,
) -> Result<Response, Problem> {
    let page = |errors, report| {
        let page =
            DisclosuresPage { chrome: user.chrome("Disclosures"), errors, typed: typed.clone(), report };
        Page::new(page).into_response()
    };
    let asked = match typed.read() {
        Ok(asked) => asked,
        Err(errors) => return Ok(page(errors, None)),
    };
    let Some(patient) = patient_with(&portal, &user, asked.mrn.clone()).await? else {
        return Ok(page(FormErrors::one("mrn", "No patient has this MRN. Check each digit."), None));
    };
    if typed.form == "fhir" {
        let events = events(&portal, &patient, &asked).await?;
        return Ok(download("application/fhir+ndjson", "disclosures.ndjson", as_fhir(&portal, &events)));
    }
    let report = report_of(&portal, &patient, &asked).await?;
    if typed.form == "csv" {
        let table = as_table(&report).map_err(Problem::internal)?;
        return Ok(download("text/csv; charset=utf-8", "disclosures.csv", table));
    }
    Ok(page(FormErrors::default(), Some(report)))
}

async fn report_of(portal: &Portal, patient: &FhirId, asked: &Asked) -> Result<Report, Problem> {
    let store = portal.web.store();
    let mut looks = who_looked(store, patient, MOST + 1).await.map_err(Problem::internal)?;
    let cut = looks.len() > MOST;
    looks.truncate(MOST);
    let zone = &portal.web.settings().time_zone;
    looks.retain(|look| asked.covers(dates::day_of(look.from, zone)));
    let names = names(portal, &looks).await?;
    let rows: Vec<_> = looks.iter().map(|look| row(portal, look, &names)).collect();
    let people: BTreeSet<_> = rows.iter().map(|row| (&row.who, &row.organization)).collect();
    let period = match (asked.from, asked.to) {
        (None, None) => "Since the beginning".to_owned(),
        (Some(from), None) => format!("Since {}", dates::day(from)),
        (None, Some(to)) => format!("Up to {}", dates::day(to)),
        (Some(from), Some(to)) => format!("From {} to {}", dates::day(from), dates::day(to)),
    };
    Ok(Report {
        mrn: asked.mrn.to_string(),
        period,
        made: dates::moment(portal.web.now(), zone),
        people: people.len(),
        rows,
        cut,
    })
}

impl Asked {
    fn covers(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

/// Names by account, or by practice for its system, with the practices that a provider belongs to.
async fn names(portal: &Portal, looks: &[Look]) -> Result<HashMap<String, (String, String)>, Problem> {
    let store = portal.web.store();
    let mut names = HashMap::new();
    for look in looks {
        let known = match (&look.account, &look.practice) {
            (Some(id), _) if !names.contains_key(id.as_str()) => {
                store.account(id).await.map_err(Problem::internal)?.map(|account| {
                    let kind = super::accounts::kind_words(&account.kind);
                    (id.to_string(), (account.name, kind.to_owned()))
                })
            }
            (None, Some(id)) if !names.contains_key(id.as_str()) => {
                let practice = store.practice(id).await.map_err(Problem::internal)?;
                practice
                    .map(|practice| (id.to_string(), ("The practice’s own system".to_owned(), practice.name)))
            }
            _ => None,
        };
        names.extend(known);
    }
    Ok(names)
}

fn row(portal: &Portal, look: &Look, names: &HashMap<String, (String, String)>) -> Row {
    let zone = &portal.web.settings().time_zone;
    let id = look.account.as_ref().map(ToString::to_string);
    let id = id.or(look.practice.as_ref().map(ToString::to_string)).unwrap_or_default();
    let (who, organization) = names.get(&id).cloned().unwrap_or((id, "Account that is gone".to_owned()));
    let client = look.client.as_ref();
    let through = client
        .map(|id| portal.web.store().client(id).map_or_else(|| id.to_string(), |client| client.name.clone()));
    Row {
        day: dates::day(dates::day_of(look.from, zone)),
        time: zone.to_datetime(look.from.to_jiff()).strftime("%H:%M").to_string(),
        who,
        organization,
        through: through.unwrap_or_else(|| "the portal".to_owned()),
        why: match look.basis.as_deref() {
            Some("pcp") => "Primary care",
            Some("grant") => "Granted by the family",
            Some("sponsor") => "Sponsored",
            _ => "Not recorded",
        },
        what: look.types.join(", "),
    }
}

/// For spreadsheets: RFC 4180. A text that a spreadsheet would take for a formula is marked as text.
fn as_table(report: &Report) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    table.write_record(["Date", "Time", "Who", "Kind or practice", "Through", "Why", "What"])?;
    let text = |text: &str| {
        let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
        if formula { format!("'{text}") } else { text.to_owned() }
    };
    for row in &report.rows {
        let fields = [&row.day, &row.time, &row.who, &row.organization, &row.through, row.why, &row.what];
        table.write_record(fields.map(text))?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

/// The disclosures themselves, latest first.
async fn events(portal: &Portal, patient: &FhirId, asked: &Asked) -> Result<Vec<StoredAudit>, Problem> {
    let zone = &portal.web.settings().time_zone;
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let some = portal.web.store().audit_of_patient(patient, before, CHUNK).await;
        let some = some.map_err(Problem::internal)?;
        let ended = some.len() < CHUNK as usize;
        before = some.last().map(|stored| stored.number);
        found.extend(some.into_iter().filter(|stored| {
            stored.event.kind == AuditKind::Disclosure
                && stored.event.outcome == AuditOutcome::Success
                && asked.covers(dates::day_of(stored.event.at, zone))
        }));
        if ended || found.len() >= MOST_EVENTS {
            return Ok(found);
        }
    }
}

fn as_fhir(portal: &Portal, events: &[StoredAudit]) -> Vec<u8> {
    let mut lines = Vec::new();
    for event in events {
        lines.extend(as_audit_event(event, &portal.fhir_base));
        lines.push(b'\n');
    }
    lines
}

fn download(kind: &'static str, name: &str, body: Vec<u8>) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

#[cfg(test)]
fn sample(cut: bool) -> Report {
    let row = |day: &str, who: &str, organization: &str, why| Row {
        day: day.into(),
        time: "09:41".into(),
        who: who.into(),
        organization: organization.into(),
        through: "Record viewer".into(),
        why,
        what: "Encounter, Observation".into(),
    };
    Report {
        mrn: "CG-4711".into(),
        period: "Since 1 Nov 2026".into(),
        made: "24 Nov 2026, 12:00".into(),
        rows: vec![
            row("24 Nov 2026", "Dr. Ana Ellis", "Provider", "Primary care"),
            row("3 Nov 2026", "=Jo, \"Park\"", "Sponsored user", "Sponsored"),
        ],
        people: 2,
        cut,
    }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let page = |errors, report| {
        let typed = Typed { mrn: "CG-4711".into(), from: "11/1/2026".into(), ..Typed::default() };
        DisclosuresPage { chrome: chrome.clone(), errors, typed, report }.render().unwrap()
    };
    let wrong = Typed { from: "soon".into(), ..Typed::default() }.read().err().unwrap();
    let nobody = Report { rows: vec![], people: 0, ..sample(false) };
    vec![
        ("staff-disclosures", page(FormErrors::default(), None)),
        ("staff-disclosures-report", page(FormErrors::default(), Some(sample(true)))),
        ("staff-disclosures-none", page(FormErrors::default(), Some(nobody))),
        ("staff-disclosures-wrong", page(wrong, None)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_reads_text_and_runs_nothing() {
        let table = String::from_utf8(as_table(&sample(false)).unwrap()).unwrap();
        let lines: Vec<_> = table.split("\r\n").collect();
        assert_eq!(lines.len(), 4, "{table}");
        assert_eq!(
            lines[2],
            r#"3 Nov 2026,09:41,"'=Jo, ""Park""",Sponsored user,Record viewer,Sponsored,"Encounter, Observation""#
        );
    }

    #[test]
    fn a_period_holds_its_first_and_its_last_day() {
        let form = |from: &str, to: &str| Typed {
            mrn: "CG-1".into(),
            from: from.into(),
            to: to.into(),
            ..Typed::default()
        };
        let asked = form("11/1/2026", "11/2/2026").read().ok().unwrap();
        let day = |day| Date::new(2026, 11, day).unwrap();
        assert!(asked.covers(day(1)) && asked.covers(day(2)) && !asked.covers(day(3)));
        assert!(!asked.covers(Date::new(2026, 10, 31).unwrap()));
        assert!(form("11/3/2026", "11/2/2026").read().err().unwrap().of("to").is_some());
        assert!(form("", "").read().ok().unwrap().covers(day(9)));
    }
}
