//! Panels as the EHR's own Groups: one for each practice, named in the configuration. Who is in a practice's Group has the
//! practice for PCP (S-30), as of when the Group was read (S-33).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::try_join_all;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::access::payer::Payer;
use crate::access::sources::PrimaryCare;
use crate::access::upstream::UpstreamError;
use crate::domain::ids::{FhirId, PracticeId};
use crate::fhir::reference::Target;

use super::panel::{Page, read};
use super::primary_care::{EhrPrimaryCare, day};
use super::remembered::{Dated, Remembered};

/// Pages of a search for Groups, at most.
const MOST_PAGES: usize = 20;

/// Which Group is a practice's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupRef {
    /// `Group/<id>`.
    Id(FhirId),
    /// `identifier=<system>|<value>`: every Group that has it.
    Identifier {
        /// System.
        system: String,
        /// Value.
        value: String,
    },
    /// `managing-entity=Organization/<id>`: every Group that this Organization manages.
    ManagingEntity(FhirId),
}

impl GroupRef {
    /// Reads one of the three forms.
    pub fn parse(text: &str) -> Option<Self> {
        let id = |text: &str| FhirId::parse(text).ok();
        if let Some(token) = text.strip_prefix("identifier=") {
            let (system, value) = token.split_once('|')?;
            let whole = !system.is_empty() && !value.is_empty();
            return whole.then(|| Self::Identifier { system: system.to_owned(), value: value.to_owned() });
        }
        if let Some(organization) = text.strip_prefix("managing-entity=Organization/") {
            return id(organization).map(Self::ManagingEntity);
        }
        id(text.strip_prefix("Group/")?).map(Self::Id)
    }

    fn query(&self) -> String {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        match self {
            Self::Id(id) => format!("Group/{id}"),
            Self::Identifier { system, value } => {
                format!("Group?identifier={}%7C{}&_count=50", encode(system), encode(value))
            }
            Self::ManagingEntity(id) => format!("Group?managing-entity=Organization%2F{id}&_count=50"),
        }
    }
}

/// The Groups, and who was in them when they were read.
#[derive(Debug)]
pub(super) struct Groups {
    pub(super) of: BTreeMap<PracticeId, GroupRef>,
    pub(super) members: Remembered<PracticeId, BTreeSet<FhirId>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    resource_type: String,
    id: String,
    active: Option<bool>,
    #[serde(default)]
    actual: bool,
    #[serde(default)]
    identifier: Vec<Identifier>,
    managing_entity: Option<Reference>,
    #[serde(default)]
    member: Vec<Member>,
}

#[derive(Deserialize)]
struct Identifier {
    system: Option<String>,
    value: Option<String>,
}

#[derive(Deserialize)]
struct Reference {
    reference: Option<String>,
}

#[derive(Deserialize)]
struct Member {
    entity: Reference,
    #[serde(default)]
    inactive: bool,
    #[serde(default)]
    period: Period,
}

#[derive(Default, Deserialize)]
struct Period {
    start: Option<String>,
    end: Option<String>,
}

impl Period {
    /// Whether it holds on `today`. Dates may be cut short, and then count whole.
    fn holds(&self, today: &str) -> bool {
        let on = |date: &str| {
            let length = date.len().min(today.len());
            (date.get(..length).map(str::to_owned), today.get(..length).map(str::to_owned))
        };
        let begun = self.start.as_deref().map(on).is_none_or(|(start, today)| start <= today);
        let going = self.end.as_deref().map(on).is_none_or(|(end, today)| end >= today);
        begun && going
    }
}

impl Group {
    /// Whether it is what was asked for; EHRs ignore parameters that they do not know, and a Group too many opens records.
    fn is(&self, wanted: &GroupRef, base: &str) -> bool {
        let named = match wanted {
            GroupRef::Id(id) => self.id == id.as_str(),
            GroupRef::Identifier { system, value } => self.identifier.iter().any(|identifier| {
                identifier.system.as_ref() == Some(system) && identifier.value.as_ref() == Some(value)
            }),
            GroupRef::ManagingEntity(id) => {
                let entity = self.managing_entity.as_ref().and_then(|entity| entity.reference.as_deref());
                entity.is_some_and(|entity| {
                    Target::parse(entity, &[base]) == Target::Local("Organization", id.clone())
                })
            }
        };
        named && self.resource_type == "Group" && self.actual && self.active != Some(false)
    }

    fn members<'a>(&'a self, base: &'a str, today: &'a str) -> impl Iterator<Item = FhirId> + 'a {
        let present = self.member.iter().filter(|member| !member.inactive && member.period.holds(today));
        present.filter_map(move |member| match Target::parse(member.entity.reference.as_deref()?, &[base]) {
            Target::Local("Patient", id) => Some(id),
            _ => None,
        })
    }
}

impl EhrPrimaryCare {
    /// The practices in whose Groups a patient is. As old as the oldest of the Groups.
    pub(super) async fn by_groups(
        &self,
        groups: &Groups,
        patient: &FhirId,
    ) -> Result<Dated<PrimaryCare>, UpstreamError> {
        let all = try_join_all(groups.of.keys().map(|practice| self.members(groups, practice))).await?;
        let mut whole = Dated { value: PrimaryCare::default(), as_of: self.now() };
        for (practice, members) in groups.of.keys().zip(all) {
            whole.as_of = whole.as_of.min(members.as_of);
            if members.value.contains(patient) {
                whole.value.practices.push(practice.clone());
            }
        }
        Ok(whole)
    }

    /// Who is in a practice's Group; nobody where the configuration names none.
    pub(super) async fn members(
        &self,
        groups: &Groups,
        practice: &PracticeId,
    ) -> Result<Dated<Arc<BTreeSet<FhirId>>>, UpstreamError> {
        let Some(wanted) = groups.of.get(practice) else {
            return Ok(Dated { value: Arc::default(), as_of: self.now() });
        };
        // Half the bound, so that a patient's fact that rests on it has half its life before it.
        let max_age = self.options().max_age / 2;
        match groups.members.get(practice, &Payer::Product, max_age, || self.ask_group(wanted)).await {
            Err(error) => groups.members.recent(practice, self.options().max_stale).ok_or(error),
            known => known,
        }
    }

    async fn ask_group(&self, wanted: &GroupRef) -> Result<Dated<BTreeSet<FhirId>>, UpstreamError> {
        let as_of = self.now();
        let (base, today) = (self.ehr().base.as_str().trim_end_matches('/'), day(as_of));
        let mut found = BTreeSet::new();
        let mut next = Some(wanted.query());
        for _ in 0..MOST_PAGES {
            let Some(path) = next.take() else { return Ok(Dated { value: found, as_of }) };
            let Some(body) = self.ehr().get_json(&path, "panel: Group").await? else {
                tracing::error!(
                    "a Group that the configuration names is not there: its practice has no patients"
                );
                return Ok(Dated { value: found, as_of });
            };
            let mut take = |json: &[u8]| match serde_json::from_slice::<Group>(json) {
                Ok(group) if group.is(wanted, base) => {
                    found.extend(group.members(base, &today));
                    Ok(())
                }
                Ok(_) if matches!(wanted, GroupRef::Id(_)) => Err(UpstreamError::Malformed),
                Ok(_) => Ok(()),
                Err(_) => Err(UpstreamError::Malformed),
            };
            if matches!(wanted, GroupRef::Id(_)) {
                take(&body)?;
            } else {
                let Page { entries, next: onward } = read(&body, self.ehr())?;
                let groups = entries.into_iter().filter(|(head, _)| head.resource_type == "Group");
                for (_, json) in groups {
                    take(json.get().as_bytes())?;
                }
                next = onward;
            }
        }
        if next.is_none() { Ok(Dated { value: found, as_of }) } else { Err(UpstreamError::TooLarge) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_are_read_and_nothing_else() {
        let id = FhirId::parse("g1").unwrap();
        assert_eq!(GroupRef::parse("Group/g1"), Some(GroupRef::Id(id.clone())));
        assert_eq!(GroupRef::parse("managing-entity=Organization/g1"), Some(GroupRef::ManagingEntity(id)));
        let identifier = GroupRef::parse("identifier=urn:x|a b").unwrap();
        assert_eq!(identifier.query(), "Group?identifier=urn%3Ax%7Ca%20b&_count=50");
        for wrong in ["g1", "Group/", "Group/a/b", "identifier=x", "identifier=|x", "Group?_id=1", ""] {
            assert_eq!(GroupRef::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_group_counts_only_if_it_is_the_one_and_members_only_while_they_are() {
        let group = |more: &str, member: &str| -> Group {
            let json = format!(r#"{{"resourceType":"Group","id":"g"{more},"member":[{member}]}}"#);
            serde_json::from_str(&json).unwrap()
        };
        let wanted = GroupRef::parse("Group/g").unwrap();
        assert!(group(r#","actual":true"#, "").is(&wanted, "https://ehr"));
        assert!(!group("", "").is(&wanted, "https://ehr"), "a definition has no members");
        assert!(!group(r#","actual":true,"active":false"#, "").is(&wanted, "https://ehr"));
        let managed = GroupRef::parse("managing-entity=Organization/o").unwrap();
        let by = |reference: &str| {
            group(&format!(r#","actual":true,"managingEntity":{{"reference":"{reference}"}}"#), "")
        };
        assert!(by("Organization/o").is(&managed, "https://ehr"));
        assert!(by("https://ehr/Organization/o").is(&managed, "https://ehr"));
        assert!(!by("Organization/p").is(&managed, "https://ehr"));
        assert!(!by("https://elsewhere/Organization/o").is(&managed, "https://ehr"));
        for (member, is_one) in [
            (r#"{"entity":{"reference":"Patient/p"}}"#, true),
            (r#"{"entity":{"reference":"https://ehr/Patient/p"}}"#, true),
            (r#"{"entity":{"reference":"https://elsewhere/Patient/p"}}"#, false),
            (r#"{"entity":{"reference":"Practitioner/p"}}"#, false),
            (r#"{"entity":{"display":"p"}}"#, false),
            (r#"{"entity":{"reference":"Patient/p"},"inactive":true}"#, false),
            (r#"{"entity":{"reference":"Patient/p"},"period":{"end":"2026-09-21"}}"#, true),
            (r#"{"entity":{"reference":"Patient/p"},"period":{"end":"2026-09-20"}}"#, false),
            (r#"{"entity":{"reference":"Patient/p"},"period":{"end":"2026"}}"#, true),
            (r#"{"entity":{"reference":"Patient/p"},"period":{"start":"2026-10"}}"#, false),
        ] {
            let group = group("", member);
            assert_eq!(group.members("https://ehr", "2026-09-21").count() == 1, is_one, "{member}");
        }
    }
}
