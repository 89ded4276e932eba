//! The guardian's home: for each child, who can see the hospital record and who looked (S-05, D-10). Read-only for now.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::response::{IntoResponse, Response};

use super::Portal;
use super::ask::unanswered;
use crate::domain::account::{Account, AccountKind};
use crate::domain::audit::AuditKind;
use crate::domain::grant::{DataKind, DataKinds, Grant};
use crate::domain::ids::{AccountId, FhirId};
use crate::domain::practice::Practice;
use crate::store::audit::StoredAudit;
use crate::web::dates;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::SignedIn;

/// Audit entries read for one child.
const LOOKS: u32 = 500;
/// Lines of "who looked" that are printed.
const SHOWN: usize = 20;

/// Nothing of its own yet: the guardian's home is at `/`.
pub fn router() -> Router<Portal> {
    Router::new()
}

#[derive(Template)]
#[template(path = "portal/family.html")]
struct FamilyPage {
    chrome: Chrome,
    children: Vec<Child>,
}

/// One child.
struct Child {
    /// "Mia's", for headings.
    whose: String,
    people: Vec<Viewer>,
    looks: Vec<Look>,
    more: bool,
}

/// Somebody who can see the record.
struct Viewer {
    name: String,
    from: String,
    why: String,
    /// Doctors of a practice who have an account; empty for a single person.
    members: Vec<String>,
    parts: String,
    until: String,
    last: Option<String>,
}

/// One person's looks on one day.
struct Look {
    name: String,
    from: String,
    day: String,
    ago: String,
}

/// The page of a guardian.
pub async fn home(portal: &Portal, user: &SignedIn) -> Result<Response, Problem> {
    let AccountKind::Guardian { patients } = &user.account.kind else { return Err(Problem::NotFound) };
    let mut children = Vec::new();
    for patient in patients {
        children.push(child(portal, user, patient).await?);
    }
    let page = FamilyPage { chrome: user.chrome("Who can see the hospital record"), children };
    Ok(Page::new(page).into_response())
}

async fn child(portal: &Portal, user: &SignedIn, patient: &FhirId) -> Result<Child, Problem> {
    let store = portal.web.store();
    let view = portal.records.family_view(&portal.caller(user), &user.account, patient).await;
    let view = view.map_err(unanswered)?;
    let whose =
        view.given_name.map_or_else(|| "your child\u{2019}s".to_owned(), |name| format!("{name}\u{2019}s"));
    let audit = store.audit_of_patient(patient, None, LOOKS).await.map_err(Problem::internal)?;
    let reads: Vec<&StoredAudit> =
        audit.iter().filter(|stored| stored.event.kind == AuditKind::Disclosure).collect();
    let mut people = Vec::new();
    for practice in &view.practices {
        if let Some(practice) = store.practice(practice).await.map_err(Problem::internal)? {
            people.push(primary(portal, &practice, &whose, &reads).await?);
        }
    }
    for grant in store.grants_for_patient(patient).await.map_err(Problem::internal)? {
        if let Some(account) = store.account(&grant.provider).await.map_err(Problem::internal)? {
            people.push(granted(portal, &account, &grant, &reads).await?);
        }
    }
    let (looks, more) = looks(portal, &reads).await?;
    Ok(Child { whose, people, looks, more })
}

/// A practice that sees the record because the child's regular doctor works there.
async fn primary(
    portal: &Portal,
    practice: &Practice,
    whose: &str,
    reads: &[&StoredAudit],
) -> Result<Viewer, Problem> {
    let mut members = Vec::new();
    for npi in &practice.roster {
        members.extend(portal.web.store().account_by_npi(npi).await.map_err(Problem::internal)?);
    }
    let looked = reads.iter().find(|stored| {
        stored.event.account.as_ref().is_some_and(|who| members.iter().any(|member| member.id == *who))
    });
    Ok(Viewer {
        name: practice.name.clone(),
        from: practice.address.clone(),
        why: format!("{whose} regular doctor works here"),
        parts: "Everything that the hospital shares with regular doctors".to_owned(),
        until: format!("As long as this is {whose} practice"),
        last: looked.map(|stored| ago(portal, stored)),
        members: members.into_iter().map(|member| member.name).collect(),
    })
}

fn ago(portal: &Portal, stored: &StoredAudit) -> String {
    dates::ago(dates::day_of(stored.event.at, &portal.web.settings().time_zone), portal.today())
}

async fn granted(
    portal: &Portal,
    account: &Account,
    grant: &Grant,
    reads: &[&StoredAudit],
) -> Result<Viewer, Problem> {
    let zone = &portal.web.settings().time_zone;
    let last = reads.iter().find(|stored| stored.event.account.as_ref() == Some(&account.id));
    Ok(Viewer {
        name: account.name.clone(),
        from: practice_of(portal, account).await?,
        why: format!("You gave permission on {}", dates::day(dates::day_of(grant.created_at, zone))),
        members: Vec::new(),
        parts: parts(grant.kinds),
        until: match grant.ends_at {
            Some(end) => format!("Until {}", dates::day(dates::day_of(end, zone))),
            None => "Until you take it back".to_owned(),
        },
        last: last.map(|stored| ago(portal, stored)),
    })
}

/// Practice names of a provider, or nothing.
async fn practice_of(portal: &Portal, account: &Account) -> Result<String, Problem> {
    let AccountKind::Provider { npi } = &account.kind else { return Ok(String::new()) };
    let practices = portal.web.store().practices_with(npi).await.map_err(Problem::internal)?;
    Ok(practices.into_iter().map(|practice| practice.name).collect::<Vec<_>>().join(", "))
}

/// What a grant covers, in a parent's words.
fn parts(kinds: DataKinds) -> String {
    if kinds == DataKinds::ALL {
        return "Everything".to_owned();
    }
    let words = [
        (DataKind::Visits, "visits"),
        (DataKind::Notes, "notes"),
        (DataKind::Medications, "medicines"),
        (DataKind::Labs, "test results"),
    ];
    let named: Vec<&str> =
        words.iter().filter(|(kind, _)| kinds.contains(*kind)).map(|(_, word)| *word).collect();
    match named.as_slice() {
        [] => "Nothing".to_owned(),
        [only] => format!("Only {only}"),
        [first @ .., last] => format!("Only {} and {last}", first.join(", ")),
    }
}

/// Who looked, one line a person and day, latest first.
async fn looks(portal: &Portal, reads: &[&StoredAudit]) -> Result<(Vec<Look>, bool), Problem> {
    let zone = &portal.web.settings().time_zone;
    let mut seen: Vec<(AccountId, jiff::civil::Date)> = Vec::new();
    for stored in reads {
        let Some(account) = stored.event.account.clone() else { continue };
        let look = (account, dates::day_of(stored.event.at, zone));
        if !seen.contains(&look) {
            seen.push(look);
        }
    }
    let more = seen.len() > SHOWN;
    let mut known: BTreeMap<AccountId, (String, String)> = BTreeMap::new();
    let mut looks = Vec::new();
    for (account, day) in seen.into_iter().take(SHOWN) {
        if !known.contains_key(&account) {
            let found = match portal.web.store().account(&account).await.map_err(Problem::internal)? {
                Some(person) => (person.name.clone(), practice_of(portal, &person).await?),
                None => ("An account that no longer exists".to_owned(), String::new()),
            };
            known.insert(account.clone(), found);
        }
        let (name, from) = known.get(&account).cloned().unwrap_or_default();
        looks.push(Look { name, from, day: dates::day(day), ago: dates::ago(day, portal.today()) });
    }
    Ok((looks, more))
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let viewer = |name: &str, from: &str, why: &str, parts: &str, until: &str, last: Option<&str>| Viewer {
        name: name.into(),
        from: from.into(),
        why: why.into(),
        members: if until.starts_with("As long") { vec!["Dr. Ana Ellis".into()] } else { vec![] },
        parts: parts.into(),
        until: until.into(),
        last: last.map(str::to_owned),
    };
    let look = |name: &str, from: &str, day: &str, ago: &str| Look {
        name: name.into(),
        from: from.into(),
        day: day.into(),
        ago: ago.into(),
    };
    let children = vec![
        Child {
            whose: "Mia\u{2019}s".into(),
            people: vec![
                viewer(
                    "Northside Pediatrics",
                    "120 Main St, Lakeside",
                    "Mia\u{2019}s regular doctor\u{2019}s practice",
                    "Everything",
                    "As long as it is Mia\u{2019}s practice",
                    Some("yesterday"),
                ),
                viewer(
                    "Dr. Sam Okoye",
                    "Lakeside Heart Associates",
                    "You gave permission on 3 Nov 2026",
                    "Only visits, medicines and test results",
                    "Until 3 May 2027",
                    None,
                ),
            ],
            looks: vec![
                look("Dr. Ana Ellis", "Northside Pediatrics", "23 Nov 2026", "yesterday"),
                look("Jo Park, RN", "", "20 Nov 2026", "4 days ago"),
            ],
            more: false,
        },
        Child { whose: "Leo\u{2019}s".into(), people: vec![], looks: vec![], more: false },
    ];
    let page = FamilyPage {
        chrome: Chrome { title: "Who can see the hospital record".into(), ..chrome.clone() },
        children,
    };
    let none = FamilyPage { chrome: page.chrome.clone(), children: vec![] };
    vec![("family", page.render().unwrap()), ("family-none", none.render().unwrap())]
}
