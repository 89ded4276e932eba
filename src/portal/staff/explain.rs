//! `/staff/accounts/{id}/explain`: why a person sees a record, or does not, as the policy computed it.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::account::find;
use super::audit::patient_with;
use crate::access::explain::Explanation;
use crate::access::facts::{Basis, Reach};
use crate::domain::account::{Account, AccountKind, AccountState};
use crate::domain::grant::{DataKind, DataKinds, Grant};
use crate::domain::ids::{AccountId, FhirId, Mrn, PracticeId};
use crate::portal::Portal;
use crate::portal::ask::unanswered;
use crate::web::csrf::CsrfForm;
use crate::web::dates;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::{SignedIn, Staff};

#[derive(Template)]
#[template(path = "portal/staff/explain.html")]
struct ExplainPage {
    chrome: Chrome,
    errors: FormErrors,
    id: String,
    name: String,
    mrn: String,
    answer: Option<Answer>,
}

/// The answer in words.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) sees: bool,
    pub(super) because: Vec<String>,
    pub(super) facts: Vec<(&'static str, Vec<String>)>,
    pub(super) at: String,
}

/// What was typed. An MRN travels in the body of a POST, never in a URL.
#[derive(Deserialize)]
pub struct Form {
    #[serde(default)]
    mrn: String,
}

/// Explains.
pub async fn explain(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    user: Staff,
    CsrfForm(form): CsrfForm<Form>,
) -> Result<Response, Problem> {
    let account = find(&portal, &id).await?;
    let mrn = form.mrn.trim();
    let (errors, patient) = match Mrn::parse(mrn) {
        Ok(parsed) => match patient_with(&portal, &user, parsed).await? {
            Some(patient) => (FormErrors::default(), Some(patient)),
            None => (FormErrors::one("mrn", "No patient has this MRN. Check each digit."), None),
        },
        Err(_) => (FormErrors::one("mrn", "Enter an MRN: letters, digits and hyphens."), None),
    };
    let answer = match &patient {
        Some(patient) => Some(answer_for(&portal, &user, &account, patient).await?),
        None => None,
    };
    let page = ExplainPage {
        chrome: user.chrome(format!("Explain access: {}", account.name)),
        errors,
        id,
        name: account.name,
        mrn: mrn.to_owned(),
        answer,
    };
    Ok(Page::new(page).into_response())
}

/// Why `account` sees the record of `patient`, or does not, in words; recorded.
pub(super) async fn answer_for(
    portal: &Portal,
    user: &SignedIn,
    account: &Account,
    patient: &FhirId,
) -> Result<Answer, Problem> {
    let caller = portal.caller(user);
    let asked = portal.records.explain_access(&caller, &user.account, &account.id, patient).await;
    let explanation = asked.map_err(unanswered)?;
    let names = Names::of(portal, &explanation).await?;
    let mut answer = names.answer(account, &explanation);
    answer.at = dates::moment(portal.web.now(), &names.zone);
    Ok(answer)
}

/// What identifiers are called.
struct Names {
    practices: HashMap<PracticeId, String>,
    people: HashMap<AccountId, String>,
    zone: TimeZone,
}

impl Names {
    async fn of(portal: &Portal, explanation: &Explanation) -> Result<Self, Problem> {
        let store = portal.web.store();
        let practices = store.practices().await.map_err(Problem::internal)?;
        let mut people = HashMap::new();
        for provider in &explanation.standing.providers {
            if let Some(known) = store.account(&provider.account).await.map_err(Problem::internal)? {
                people.insert(known.id, known.name);
            }
        }
        Ok(Self {
            practices: practices.into_iter().map(|practice| (practice.id, practice.name)).collect(),
            people,
            zone: portal.web.settings().time_zone.clone(),
        })
    }

    fn practice(&self, id: &PracticeId) -> String {
        self.practices.get(id).cloned().unwrap_or_else(|| id.to_string())
    }

    fn person(&self, id: &AccountId) -> String {
        self.people.get(id).cloned().unwrap_or_else(|| id.to_string())
    }

    fn answer(&self, account: &Account, explanation: &Explanation) -> Answer {
        let name = &account.name;
        let because = if explanation.reach.is_empty() {
            vec![self.why_not(account, explanation)]
        } else {
            explanation.reach.iter().map(|reach| self.why(name, reach)).collect()
        };
        Answer {
            sees: !explanation.reach.is_empty(),
            because,
            facts: self.facts(account, explanation),
            at: String::new(),
        }
    }

    fn why(&self, name: &str, reach: &Reach) -> String {
        let sponsor = reach.sponsor.as_ref().map(|sponsor| self.person(sponsor));
        match &reach.basis {
            Basis::Pcp(practice) => {
                let practice = self.practice(practice);
                let who = sponsor
                    .map_or_else(|| name.to_owned(), |sponsor| format!("{sponsor}, who sponsors {name},"));
                format!("The patient’s PCP is at {practice}, where {who} is on the roster.")
            }
            Basis::Grant(_) => {
                let who = sponsor
                    .map_or_else(|| name.to_owned(), |sponsor| format!("{sponsor}, who sponsors {name}"));
                let restricted = if reach.restricted { ", restricted parts too" } else { "" };
                format!("The family granted it to {who}: {}{restricted}.", kinds(reach.kinds))
            }
        }
    }

    fn why_not(&self, account: &Account, explanation: &Explanation) -> String {
        let name = &account.name;
        if account.state == AccountState::Suspended || !explanation.standing.active {
            return "The account is suspended, so it sees no record.".to_owned();
        }
        match account.kind {
            AccountKind::Staff { .. } => return "Hospital staff read no records here.".to_owned(),
            AccountKind::Guardian { .. } => {
                return "Families decide about access here; they read the record in the patient portal."
                    .to_owned();
            }
            AccountKind::Sponsored if explanation.standing.providers.is_empty() => {
                return format!("Nobody sponsors {name} at the moment.");
            }
            AccountKind::Sponsored | AccountKind::Provider { .. } => {}
        }
        let Some(primary_care) = &explanation.primary_care else {
            return "The hospital’s system does not say who the PCP is at the moment. Until it does nothing is shown, and no family’s grant holds.".to_owned();
        };
        let who = match account.kind {
            AccountKind::Sponsored => format!("{name}’s sponsors are"),
            _ => format!("{name} is"),
        };
        if primary_care.is_nobody() {
            "The hospital’s system names no PCP, and no family’s grant holds.".to_owned()
        } else if explanation.practices.is_empty() {
            "The PCP is with no practice that is known here, and no family’s grant holds.".to_owned()
        } else {
            let at = list(explanation.practices.iter().map(|practice| self.practice(practice)));
            format!("The PCP is at {at}, where {who} not on the roster, and no family’s grant holds.")
        }
    }

    fn facts(&self, account: &Account, explanation: &Explanation) -> Vec<(&'static str, Vec<String>)> {
        let state = if account.state == AccountState::Active { "Active" } else { "Suspended" };
        let mut facts = vec![("Account", vec![state.to_owned()])];
        let rosters = explanation.standing.providers.iter().map(|provider| {
            let practices = list(provider.practices.iter().map(|practice| self.practice(practice)));
            let practices = if practices.is_empty() { "on no roster".to_owned() } else { practices };
            if provider.sponsor {
                format!("{}: {practices}", self.person(&provider.account))
            } else {
                practices
            }
        });
        let heading =
            if account.kind == AccountKind::Sponsored { "Sponsors and their practices" } else { "Practices" };
        facts.push((heading, or_none(rosters.collect(), "None")));
        let pcps = match &explanation.primary_care {
            None => vec!["Not known at the moment".to_owned()],
            Some(known) => {
                let npis = known.npis.iter().map(|npi| format!("Provider with NPI {npi}"));
                let organizations = known.organizations.iter().map(|id| format!("Organization {id}"));
                let listed = |id| format!("{}, by the hospital’s own list", self.practice(id));
                let practices = known.practices.iter().map(listed);
                or_none(npis.chain(organizations).chain(practices).collect(), "Nobody")
            }
        };
        facts.push(("PCP in the hospital’s system", pcps));
        let practices = explanation.practices.iter().map(|practice| self.practice(practice)).collect();
        facts.push(("Practices of the PCP", or_none(practices, "None that is known here")));
        let held = explanation.reach.iter().filter(|reach| matches!(reach.basis, Basis::Grant(_)));
        let held = held.map(|reach| format!("Holds: {}", kinds(reach.kinds)));
        let lapsed = explanation.lapsed.iter().map(|grant| self.lapsed(grant));
        facts.push(("Grants by the family", or_none(held.chain(lapsed).collect(), "None")));
        facts
    }

    fn lapsed(&self, grant: &Grant) -> String {
        match grant.ends_at {
            Some(end) => format!("Ended on {}", dates::day(dates::day_of(end, &self.zone))),
            None => "Does not hold now".to_owned(),
        }
    }
}

fn or_none(values: Vec<String>, none: &str) -> Vec<String> {
    if values.is_empty() { vec![none.to_owned()] } else { values }
}

fn list(values: impl Iterator<Item = String>) -> String {
    values.collect::<Vec<_>>().join(", ")
}

fn kinds(kinds: DataKinds) -> String {
    if kinds == DataKinds::ALL {
        return "all kinds of data".to_owned();
    }
    let each = [
        (DataKind::Visits, "visits"),
        (DataKind::Notes, "notes"),
        (DataKind::Medications, "medications"),
        (DataKind::Labs, "labs"),
    ];
    let held = each.iter().filter(|(kind, _)| kinds.contains(*kind)).map(|(_, word)| (*word).to_owned());
    let held = list(held);
    if held.is_empty() { "name and birth date alone".to_owned() } else { format!("{held} alone") }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome, account: &Account) -> Vec<(&'static str, String)> {
    let page = |errors: FormErrors, answer: Option<Answer>| ExplainPage {
        chrome: Chrome { title: format!("Explain access: {}", account.name), ..chrome.clone() },
        errors,
        id: "a".into(),
        name: account.name.clone(),
        mrn: "CG-4711".into(),
        answer,
    };
    let (names, sees) = tests::by_practice(account);
    let explained = Answer { at: "24 Nov 2026, 09:41".into(), ..names.answer(account, &sees) };
    let (names, not) = tests::elsewhere();
    let refused = Answer { at: "24 Nov 2026, 09:41".into(), ..names.answer(account, &not) };
    let wrong = FormErrors::one("mrn", "No patient has this MRN. Check each digit.");
    vec![
        ("staff-explain", page(FormErrors::default(), Some(explained)).render().unwrap()),
        ("staff-explain-not", page(FormErrors::default(), Some(refused)).render().unwrap()),
        ("staff-explain-wrong", page(wrong, None).render().unwrap()),
    ]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use smallvec::smallvec;

    use super::*;
    use crate::access::sources::{PrimaryCare, Standing, StandingProvider};
    use crate::domain::clock::Timestamp;
    use crate::domain::ids::{FhirId, GrantId, Npi};

    fn practice(id: &str) -> PracticeId {
        PracticeId::parse(id).unwrap()
    }

    fn names() -> Names {
        let practices = [("north", "Northside Pediatrics"), ("south", "Southside Pediatrics")];
        Names {
            practices: practices.map(|(id, name)| (practice(id), name.to_owned())).into(),
            people: [(AccountId::parse("ellis").unwrap(), "Dr. Ana Ellis".to_owned())].into(),
            zone: TimeZone::UTC,
        }
    }

    fn provider(id: &AccountId, sponsor: bool) -> Standing {
        let provider =
            StandingProvider { account: id.clone(), sponsor, practices: smallvec![practice("north")] };
        Standing { active: true, providers: smallvec![provider], practice: None }
    }

    fn pcp() -> Arc<PrimaryCare> {
        let npis = smallvec![Npi::parse("1234567893").unwrap()];
        Arc::new(PrimaryCare { npis, ..PrimaryCare::default() })
    }

    pub fn by_practice(account: &Account) -> (Names, Explanation) {
        let basis = Basis::Pcp(practice("north"));
        let reach = Reach { basis, sponsor: None, kinds: DataKinds::ALL, restricted: false };
        let explanation = Explanation {
            standing: provider(&account.id, false),
            reach: smallvec![reach],
            primary_care: Some(pcp()),
            practices: smallvec![practice("north")],
            lapsed: smallvec![],
        };
        (names(), explanation)
    }

    pub fn elsewhere() -> (Names, Explanation) {
        let grant = Grant {
            id: GrantId::parse("g").unwrap(),
            patient: FhirId::parse("kim").unwrap(),
            provider: AccountId::parse("a").unwrap(),
            granted_by: crate::domain::grant::GrantedBy::Guardian,
            kinds: DataKinds::ALL,
            covers_restricted: false,
            created_at: Timestamp::from_millis(0),
            ends_at: Some(Timestamp::from_millis(86_400_000)),
            revoked_at: None,
        };
        let explanation = Explanation {
            standing: provider(&AccountId::parse("a").unwrap(), false),
            reach: smallvec![],
            primary_care: Some(pcp()),
            practices: smallvec![practice("south")],
            lapsed: smallvec![grant],
        };
        (names(), explanation)
    }

    fn account(kind: AccountKind, name: &str) -> Account {
        Account {
            id: AccountId::parse("a").unwrap(),
            kind,
            email: "a@example.org".into(),
            name: name.into(),
            phone: None,
            state: AccountState::Active,
            created_at: Timestamp::from_millis(0),
        }
    }

    fn doctor() -> Account {
        account(AccountKind::Provider { npi: Npi::parse("1234567893").unwrap() }, "Dr. Max Weber")
    }

    #[test]
    fn each_reason_is_a_sentence() {
        let (names, mut explanation) = by_practice(&doctor());
        let said = |explanation: &Explanation, account: &Account| names.answer(account, explanation).because;
        assert_eq!(
            said(&explanation, &doctor()),
            ["The patient’s PCP is at Northside Pediatrics, where Dr. Max Weber is on the roster."]
        );
        let jo = account(AccountKind::Sponsored, "Jo Park, RN");
        let sponsor = Some(AccountId::parse("ellis").unwrap());
        explanation.reach[0].sponsor = sponsor.clone();
        let basis = Basis::Grant(GrantId::parse("g").unwrap());
        let kinds = DataKinds::of(&[DataKind::Visits, DataKind::Labs]);
        explanation.reach.push(Reach { basis: basis.clone(), sponsor, kinds, restricted: false });
        explanation.reach.push(Reach { basis, sponsor: None, kinds: DataKinds::ALL, restricted: true });
        assert_eq!(
            said(&explanation, &jo),
            [
                "The patient’s PCP is at Northside Pediatrics, where Dr. Ana Ellis, who sponsors Jo Park, RN, is on the roster.",
                "The family granted it to Dr. Ana Ellis, who sponsors Jo Park, RN: visits, labs alone.",
                "The family granted it to Jo Park, RN: all kinds of data, restricted parts too.",
            ]
        );
    }

    #[test]
    fn so_is_each_reason_why_not() {
        let (names, explanation) = elsewhere();
        let said = |account: &Account, explanation: &Explanation| {
            let answer = names.answer(account, explanation);
            assert!(!answer.sees);
            answer.because.concat()
        };
        assert_eq!(
            said(&doctor(), &explanation),
            "The PCP is at Southside Pediatrics, where Dr. Max Weber is not on the roster, and no family’s grant holds."
        );
        let facts = names.facts(&doctor(), &explanation);
        assert!(facts.iter().any(|(_, values)| values == &["Ended on 2 Jan 1970"]), "{facts:?}");
        let unknown = Explanation { practices: smallvec![], ..explanation.clone() };
        assert!(said(&doctor(), &unknown).contains("no practice that is known here"));
        let nobody = Explanation { primary_care: Some(Arc::default()), ..unknown.clone() };
        assert!(said(&doctor(), &nobody).contains("names no PCP"));
        let away = Explanation { primary_care: None, ..unknown };
        assert!(said(&doctor(), &away).contains("does not say who the PCP is"));
        let listed = PrimaryCare { practices: smallvec![practice("south")], ..PrimaryCare::default() };
        let listed = Explanation { primary_care: Some(Arc::new(listed)), ..explanation.clone() };
        assert!(said(&doctor(), &listed).starts_with("The PCP is at Southside Pediatrics"));
        let facts = names.facts(&doctor(), &listed);
        assert!(
            facts.iter().any(|(_, of)| of == &["Southside Pediatrics, by the hospital’s own list"]),
            "{facts:?}"
        );
        let suspended = Account { state: AccountState::Suspended, ..doctor() };
        assert!(said(&suspended, &explanation).contains("suspended"));
        let alone =
            Explanation { standing: Standing { active: true, ..Standing::default() }, ..explanation.clone() };
        let jo = account(AccountKind::Sponsored, "Jo Park, RN");
        assert_eq!(said(&jo, &alone), "Nobody sponsors Jo Park, RN at the moment.");
        let role = crate::domain::account::StaffRole::Support;
        assert!(said(&account(AccountKind::Staff { role }, "Sue"), &alone).contains("Hospital staff"));
        assert!(
            said(&account(AccountKind::Guardian { patients: vec![] }, "Gus"), &alone).contains("Families")
        );
    }
}
