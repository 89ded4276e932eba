//! "These people can see Mia's hospital record": a card each (S-05, D-10).

use std::collections::BTreeSet;

use super::child::Child;
use super::choices::parts;
use crate::audit::Look;
use crate::domain::account::{Account, AccountKind, AccountState};
use crate::domain::client::{ClientKind, ClientState};
use crate::domain::grant::{Grant, GrantedBy};
use crate::domain::ids::{AccountId, PracticeId};
use crate::domain::practice::{Practice, SponsorshipState};
use crate::portal::Portal;
use crate::web::dates;
use crate::web::problem::Problem;
use crate::words::{say, say_with};

/// Somebody who can see the record.
pub struct Viewer {
    pub name: String,
    pub from: String,
    pub why: String,
    /// Whoever sees it with them, and why.
    pub others: Vec<String>,
    pub parts: String,
    pub until: String,
    pub last: String,
    /// Where it is changed and ended; `None`: the family's choice of practice decides.
    pub grant: Option<Links>,
}

/// Where a grant is changed and ended, with the name on the button.
pub struct Links {
    pub change: String,
    pub change_label: String,
    pub end: String,
    pub end_label: String,
}

/// Everybody outside the hospital who can see the record: practices first, then persons in the order in which they were let in.
pub async fn viewers(portal: &Portal, child: &Child, looks: &[Look]) -> Result<Vec<Viewer>, Problem> {
    let store = portal.web.store();
    let mut people = Vec::new();
    for practice in &child.view.practices {
        if let Some(practice) = store.practice(practice).await.map_err(Problem::internal)? {
            people.push(practice_card(portal, child, &practice, looks).await?);
        }
    }
    for grant in store.grants_for_patient(&child.decider.patient).await.map_err(Problem::internal)? {
        if let Some(account) = store.account(&grant.provider).await.map_err(Problem::internal)? {
            people.push(person_card(portal, child, &account, &grant, looks).await?);
        }
    }
    Ok(people)
}

/// A practice that sees the record because the child's regular doctor works there (S-30), with its staff and its system.
async fn practice_card(
    portal: &Portal,
    child: &Child,
    practice: &Practice,
    looks: &[Look],
) -> Result<Viewer, Problem> {
    let (store, language) = (portal.web.store(), child.words.language);
    let mut who = BTreeSet::new();
    let mut others = Vec::new();
    for npi in &practice.roster {
        let Some(member) = store.account_by_npi(npi).await.map_err(Problem::internal)? else { continue };
        if member.state == AccountState::Active {
            others.push(member.name.clone());
            others.extend(staff_of(portal, child, &member, &mut who).await?);
            who.insert(member.id);
        }
    }
    if has_system(portal, &practice.id).await? {
        others.push(say(language, "family-system"));
    }
    Ok(Viewer {
        name: practice.name.clone(),
        from: practice.address.clone(),
        why: child.words.say("family-why-practice"),
        others,
        parts: child.words.say("family-parts-practice"),
        until: child.words.say("family-until-practice"),
        last: last_look(portal, child, looks, &who, Some(&practice.id)),
        grant: None,
    })
}

async fn person_card(
    portal: &Portal,
    child: &Child,
    account: &Account,
    grant: &Grant,
    looks: &[Look],
) -> Result<Viewer, Problem> {
    let language = child.words.language;
    let mut who = BTreeSet::from([account.id.clone()]);
    let others = staff_of(portal, child, account, &mut who).await?;
    let given = dates::day_of(grant.created_at, &portal.accounts.majority().zone);
    let given = dates::day_in(language, given);
    let key = match (grant.granted_by, child.decider.acts_as) {
        (GrantedBy::Guardian, GrantedBy::Guardian) => "family-why-grant",
        (GrantedBy::Patient, GrantedBy::Patient) => "family-why-own-grant",
        (GrantedBy::Patient | GrantedBy::Guardian, _) => "family-why-other-grant",
    };
    let name = || [("name", (&account.name).into())];
    Ok(Viewer {
        name: account.name.clone(),
        from: practices_of(portal, account).await?,
        why: say_with(language, key, &[("day", (&given).into())]),
        others,
        parts: parts(language, grant.kinds, grant.covers_restricted),
        until: child.until(portal, grant.granted_by, grant.ends_at),
        last: last_look(portal, child, looks, &who, None),
        grant: Some(Links {
            change: child.words.at(&format!("grants/{}", grant.id)),
            change_label: say_with(language, "family-change", &name()),
            end: child.words.at(&format!("grants/{}/end", grant.id)),
            end_label: say_with(language, "family-end", &name()),
        }),
    })
}

/// Practice staff who see what this provider sees (S-71), and whom they work with. Adds them to `who`.
async fn staff_of(
    portal: &Portal,
    child: &Child,
    sponsor: &Account,
    who: &mut BTreeSet<AccountId>,
) -> Result<Vec<String>, Problem> {
    let store = portal.web.store();
    let mut staff = Vec::new();
    for sponsorship in store.sponsorships_of(&sponsor.id).await.map_err(Problem::internal)? {
        if sponsorship.state != SponsorshipState::Active || sponsorship.sponsor != sponsor.id {
            continue;
        }
        let account = store.account(&sponsorship.sponsored).await.map_err(Problem::internal)?;
        if let Some(account) = account.filter(|account| account.state == AccountState::Active) {
            staff.push(say_with(
                child.words.language,
                "family-works-with",
                &[("person", (&account.name).into()), ("sponsor", (&sponsor.name).into())],
            ));
            who.insert(account.id);
        }
    }
    Ok(staff)
}

/// Whether a system of the practice may fetch records.
async fn has_system(portal: &Portal, practice: &PracticeId) -> Result<bool, Problem> {
    let clients = portal.web.store().clients().await.map_err(Problem::internal)?;
    Ok(clients.iter().any(|client| {
        client.kind == ClientKind::Backend
            && client.state == ClientState::Active
            && client.practice.as_ref() == Some(practice)
    }))
}

/// Practice names of a provider; of practice staff none: they are named with whom they work with.
pub async fn practices_of(portal: &Portal, account: &Account) -> Result<String, Problem> {
    let AccountKind::Provider { npi } = &account.kind else { return Ok(String::new()) };
    let practices = portal.web.store().practices_with(npi).await.map_err(Problem::internal)?;
    Ok(practices.into_iter().map(|practice| practice.name).collect::<Vec<_>>().join(", "))
}

fn last_look(
    portal: &Portal,
    child: &Child,
    looks: &[Look],
    who: &BTreeSet<AccountId>,
    practice: Option<&PracticeId>,
) -> String {
    let language = child.words.language;
    let theirs = |look: &&Look| {
        look.account.as_ref().is_some_and(|account| who.contains(account))
            || (practice.is_some() && look.practice.as_ref() == practice)
    };
    looks.iter().find(theirs).map_or_else(
        || say(language, "family-never-looked"),
        |look| {
            dates::ago_in(language, dates::day_of(look.to, &portal.accounts.majority().zone), portal.today())
        },
    )
}
