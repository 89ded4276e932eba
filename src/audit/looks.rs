//! "Who looked": the disclosures of one patient's data, as a guardian is shown them (D-10).

use crate::domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use crate::domain::clock::Timestamp;
use crate::domain::ids::{AccountId, ClientId, FhirId, PracticeId};
use crate::store::{Store, StoreError};

/// Events read at once.
const CHUNK: u32 = 500;
/// A gap between reads of the same reader that makes a new look of it, in milliseconds: 30 minutes.
const GAP: i64 = 30 * 60 * 1000;

/// One sitting of one reader over the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// When it began.
    pub from: Timestamp,
    /// When the last of it was read.
    pub to: Timestamp,
    /// Who, if a person.
    pub account: Option<AccountId>,
    /// Which practice's system, if none.
    pub practice: Option<PracticeId>,
    /// Through which app; `None` for the portal itself.
    pub client: Option<ClientId>,
    /// Why it was allowed: `pcp`, `grant`, `sponsor`.
    pub basis: Option<String>,
    /// What was read, by type, sorted: `Encounter`, `Observation`.
    pub types: Vec<String>,
}

/// The latest looks at the record of `patient`, latest first, at most `most`. Reads of one reader within half an hour of each other are
/// one look: a viewer makes dozens of requests.
pub async fn who_looked(store: &Store, patient: &FhirId, most: usize) -> Result<Vec<Look>, StoreError> {
    let mut looks: Vec<Look> = Vec::new();
    let mut before = None;
    loop {
        let events = store.audit_of_patient(patient, before, CHUNK).await?;
        for stored in &events {
            add(&mut looks, &stored.event);
        }
        before = events.last().map(|stored| stored.number);
        let finished = events.len() < CHUNK as usize;
        if finished || looks.len() > most {
            looks.truncate(most);
            return Ok(looks);
        }
    }
}

/// Adds an event that is no later than those before it.
fn add(looks: &mut Vec<Look>, event: &AuditEvent) {
    if event.kind != AuditKind::Disclosure || event.outcome != AuditOutcome::Success || event.resources == 0 {
        return;
    }
    let what = event.what.split(' ').next().unwrap_or_default().to_owned();
    let same = looks.iter_mut().rev().find(|look| {
        look.account == event.account
            && look.practice == event.practice
            && look.client == event.client
            && look.from.as_millis() - event.at.as_millis() <= GAP
    });
    if let Some(look) = same {
        look.from = event.at;
        if let Err(place) = look.types.binary_search(&what) {
            look.types.insert(place, what);
        }
    } else {
        looks.push(Look {
            from: event.at,
            to: event.at,
            account: event.account.clone(),
            practice: event.practice.clone(),
            client: event.client.clone(),
            basis: event.reason.clone(),
            types: vec![what],
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(minute: i64, account: &str, what: &str) -> AuditEvent {
        AuditEvent {
            at: Timestamp::from_millis(minute * 60_000),
            kind: AuditKind::Disclosure,
            outcome: AuditOutcome::Success,
            account: AccountId::parse(account).ok(),
            practice: None,
            client: None,
            patients: Vec::new(),
            what: what.to_owned(),
            reason: Some("pcp".to_owned()),
            resources: 3,
            request: None,
            address: None,
        }
    }

    #[test]
    fn d10_reads_close_together_are_one_look() {
        let mut looks = Vec::new();
        for event in [
            event(100, "ana", "Observation search"),
            event(99, "ben", "Encounter search"),
            event(80, "ana", "Encounter search"),
            event(79, "ana", "Encounter page"),
            event(20, "ana", "Patient read"),
            AuditEvent { kind: AuditKind::Refusal, ..event(19, "eve", "Patient read") },
        ] {
            add(&mut looks, &event);
        }
        let seen: Vec<_> = looks
            .iter()
            .map(|look| {
                (look.account.as_ref().unwrap().as_str(), look.from.as_millis() / 60_000, look.types.len())
            })
            .collect();
        assert_eq!(seen, [("ana", 79, 2), ("ben", 99, 1), ("ana", 20, 1)]);
    }
}
