//! The panel as a resource: a live Group per practice, of the patients whose PCP is in it. Who is on it is found by the searches
//! that the portal's list goes by too, through the same policy; there is no list of it anywhere.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::access::authorizer::{Frame, Place, PracticePanel, Total};
use crate::access::refusal::{DenyReason, Refusal};
use crate::access::released::Released;
use crate::access::subject::Subject;
use crate::access::unreleased::{Origin, OriginKind};
use crate::access::upstream::UpstreamError;
use crate::domain::ids::FhirId;
use crate::fhir::interaction::{Interaction, Search};
use crate::fhir::resource_type::ResourceType;
use crate::fhir::scope::{Permission, ScopeSet};
use crate::fhir::search::Query;

use super::event::Asked;
use super::pipeline::NO_FRAME;
use super::{Caller, Records, Unanswered, bundle};

/// References in one search; more make a URL that servers refuse.
const AT_ONCE: usize = 20;
/// Most pages of one of these searches; a panel beyond it needs another route than search.
const MOST_PAGES: usize = 100;
const NPI: &str = "http://hl7.org/fhir/sid/us-npi";

impl Records {
    /// The Group of one practice's patients.
    pub async fn group(&self, caller: &Caller, id: &FhirId) -> Result<Released, Unanswered> {
        let mut asked = Asked::about(caller, "Group read".to_owned(), Vec::new());
        let outcome = self.judge_group(&mut asked, id).await;
        self.disclose(asked, outcome).await
    }

    /// The Groups that a search finds among the caller's.
    pub async fn groups(&self, caller: &Caller, query: &Query) -> Result<Released, Unanswered> {
        let mut asked = Asked::about(caller, "Group search".to_owned(), Vec::new());
        let outcome = self.judge_groups(&mut asked, query).await;
        self.disclose(asked, outcome).await
    }

    async fn judge_group(&self, asked: &mut Asked<'_>, id: &FhirId) -> Result<Released, Unanswered> {
        let panels = self.authorizer.practice_panels(&asked.caller.subject, Permission::Read)?;
        let panel = panels.iter().find(|panel| panel.id() == id);
        let panel = panel.ok_or(Unanswered::not_found(DenyReason::NoRelationship))?;
        let seen = self.patients_of(asked, panel).await?;
        let origin = self.origin_of(&seen);
        let group = self.authorizer.panel_group(panel, &self.practices(), &seen);
        Ok(self.authorizer.release_group(panel, group, origin))
    }

    /// The patients of every practice behind the caller, as its Groups have them, each with the Patient resource; each Group is
    /// disclosed and recorded like one that is read. A practice whose Group cannot be had is among the failures.
    pub async fn own_panels(&self, caller: &Caller) -> Result<OwnPanels, Unanswered> {
        // The portal asks in its own name, for what the caller's own Groups would show.
        let scopes = Arc::new(ScopeSet::parse("user/Group.rs system/Group.rs"));
        let subject = Arc::new(Subject { scopes, patient: None, ..(*caller.subject).clone() });
        let caller = &Caller { subject, ..caller.clone() };
        let mut own = OwnPanels::default();
        for panel in self.authorizer.practice_panels(&caller.subject, Permission::Read)? {
            let asked = Asked::about(caller, "Group read".to_owned(), Vec::new());
            let mut patients = BTreeMap::new();
            let outcome = match self.patients_of(&asked, &panel).await {
                Ok(seen) => {
                    let origin = self.origin_of(&seen);
                    let group = self.authorizer.panel_group(&panel, &self.practices(), &seen);
                    for page in &seen {
                        let json = page.chunks().concat();
                        let found = bundle::Bundle::read(&json);
                        let single = single_patient(&json);
                        patients.extend(
                            found
                                .resources("Patient")
                                .filter_map(|(id, json)| Some((id?, json)))
                                .chain(single)
                                .filter(|(id, _)| group.has(id)),
                        );
                    }
                    Ok(self.authorizer.release_group(&panel, group, origin))
                }
                Err(why) => Err(why),
            };
            match self.disclose(asked, outcome).await {
                Ok(_) => {
                    own.practices += 1;
                    own.patients.append(&mut patients);
                }
                Err(why) => own.failed.push(why),
            }
        }
        Ok(own)
    }

    async fn judge_groups(&self, asked: &mut Asked<'_>, query: &Query) -> Result<Released, Unanswered> {
        let subject = &asked.caller.subject;
        let mut panels = self.authorizer.practice_panels(subject, Permission::Search)?;
        if panels.is_empty() {
            return Err(Unanswered::not_found(DenyReason::NoRelationship));
        }
        let mut wanted = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.search.query.as_bytes()) {
            let any = |is: &dyn Fn(&str) -> bool| value.split(',').any(is);
            match &*name {
                "_id" => panels.retain(|panel| any(&|id| panel.id().as_str() == id)),
                "identifier" => panels.retain(|panel| {
                    let practice = panel.practice().as_str();
                    let whole = format!("{}|{practice}", self.practices());
                    any(&|token| token == practice || token == whole)
                }),
                "member" => {
                    wanted.push(value.split(',').filter_map(|id| FhirId::parse(id).ok()).collect::<Vec<_>>());
                }
                // It comes with each search, and no practice has more Groups than fit a page.
                "_count" => {}
                // A modifier, which nothing here can mean.
                _ => return Err(UpstreamError::Unsupported.into()),
            }
        }
        let (mut groups, mut origin) = (Vec::new(), self.origin_of(&[]));
        for panel in &panels {
            let seen = self.patients_of(asked, panel).await?;
            origin = self.origin_of(&seen);
            let group = self.authorizer.panel_group(panel, &self.practices(), &seen);
            if wanted.iter().all(|any| any.iter().any(|patient| group.has(patient))) {
                groups.push(group);
            }
        }
        let self_url = query.self_url(self.offer.base());
        let seal = |_: &Place| String::new();
        let frame = Frame {
            self_url: &self_url,
            seal: &seal,
            after_all: None,
            total: Total::OfThisBody,
            count_only: query.count_only,
        };
        let subject = &asked.caller.subject;
        Ok(self.authorizer.release_groups(subject, groups, self.offer.base(), frame, origin))
    }

    /// The Patients whom the EHR finds by the PCPs of a practice, as the caller may see them.
    async fn patients_of(
        &self,
        asked: &Asked<'_>,
        panel: &PracticePanel,
    ) -> Result<Vec<Released>, Unanswered> {
        if self.offer.rules().table(ResourceType::Group).is_none() {
            return Err(UpstreamError::Unsupported.into());
        }
        // The Group's own scope was judged; what it is made of is looked up in the name of the same actor.
        let subject = &asked.caller.subject;
        let scopes = Arc::new(ScopeSet::parse("user/*.rs system/*.rs"));
        let subject = Arc::new(Subject { scopes, patient: None, ..(**subject).clone() });
        let inner = Caller { subject, ..asked.caller.clone() };
        if let Some(listed) = self.authorizer.listed(panel).await? {
            return self.patients_by_id(&inner, &listed).await;
        }
        let lookup = panel.lookup();
        let mut references: Vec<String> =
            lookup.organizations().iter().map(|id| format!("Organization/{id}")).collect();
        for npis in lookup.npis().chunks(AT_ONCE) {
            let npis: Vec<String> = npis.iter().map(|npi| format!("{NPI}|{npi}")).collect();
            let found = self.all(&inner, ResourceType::Practitioner, "identifier", &npis).await?;
            references.extend(ids(&found, ResourceType::Practitioner));
        }
        let people: Vec<String> =
            references.iter().filter(|r| r.starts_with("Practitioner/")).cloned().collect();
        let rules = self.offer.rules();
        let of_roles = rules.table(ResourceType::PractitionerRole);
        if of_roles.is_some_and(|table| table.parameters.contains_key("practitioner")) {
            for some in people.chunks(AT_ONCE) {
                let found = self.all(&inner, ResourceType::PractitionerRole, "practitioner", some).await?;
                references.extend(ids(&found, ResourceType::PractitionerRole));
            }
        }
        let mut patients = Vec::new();
        for some in references.chunks(AT_ONCE) {
            patients.extend(self.all(&inner, ResourceType::Patient, "general-practitioner", some).await?);
        }
        Ok(patients)
    }

    /// The Patients of these ids that are there and may be seen.
    async fn patients_by_id(&self, caller: &Caller, ids: &[FhirId]) -> Result<Vec<Released>, Unanswered> {
        let rules = self.offer.rules();
        let table = rules.table(ResourceType::Patient);
        let mut patients = Vec::new();
        if table.is_some_and(|table| table.search && table.parameters.contains_key("_id")) {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            for some in ids.chunks(AT_ONCE) {
                patients.extend(self.all(caller, ResourceType::Patient, "_id", some).await?);
            }
            return Ok(patients);
        }
        for id in ids {
            let read = Arc::new(Interaction::Read { resource_type: ResourceType::Patient, id: id.clone() });
            let mut asked = Asked::about(caller, String::new(), Vec::new());
            match self.judge(&mut asked, &read, NO_FRAME).await {
                Ok(patient) => patients.push(patient),
                Err(Unanswered::Refused(Refusal::NotFound(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(patients)
    }

    /// Every page of a search for any of these values.
    async fn all(
        &self,
        caller: &Caller,
        resource_type: ResourceType,
        parameter: &str,
        values: &[String],
    ) -> Result<Vec<Released>, Unanswered> {
        let encode = |value: &String| utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
        let values: Vec<String> = values.iter().map(encode).collect();
        let query =
            format!("_count={}&{parameter}={}", self.offer.rules().most_count, values.join(",")).into();
        let search = Search { resource_type, patient: None, query };
        let mut asked = Asked::about(caller, String::new(), Vec::new());
        let (mut pages, mut place) = (Vec::new(), Some(Place::default()));
        for _ in 0..MOST_PAGES {
            let Some(from) = place.take() else { return Ok(pages) };
            let onward = Mutex::new(None);
            let seal = |place: &Place| {
                *onward.lock().unwrap_or_else(PoisonError::into_inner) = Some(place.clone());
                String::new()
            };
            let total = Total::Omit;
            let frame = Frame { self_url: "", seal: &seal, after_all: None, total, count_only: false };
            pages.push(self.judge_page(&mut asked, &search, from, frame).await?);
            place = onward.into_inner().unwrap_or_else(PoisonError::into_inner);
        }
        if place.is_none() { Ok(pages) } else { Err(UpstreamError::TooLarge.into()) }
    }

    /// The identifier system of practices.
    fn practices(&self) -> String {
        format!("{}/identifiers/practice", self.offer.base())
    }

    /// As old as the oldest part.
    fn origin_of(&self, seen: &[Released]) -> Origin {
        let oldest = seen.iter().map(Released::origin).max_by_key(|origin| origin.age);
        oldest.unwrap_or(Origin {
            as_of: self.clock.now(),
            age: Duration::ZERO,
            how: OriginKind::Bypass("made_here"),
            fresh_for: None,
        })
    }
}

/// What [`Records::own_panels`] finds.
#[derive(Default)]
pub struct OwnPanels {
    /// The patients, by id.
    pub patients: BTreeMap<FhirId, Vec<u8>>,
    /// How many practices' panels could be had.
    pub practices: usize,
    /// Why the others could not.
    pub failed: Vec<Unanswered>,
}

/// A Patient that stands by itself.
fn single_patient(json: &[u8]) -> Option<(FhirId, Vec<u8>)> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Head {
        resource_type: String,
        id: String,
    }
    let head: Head = serde_json::from_slice(json).ok()?;
    let id = FhirId::parse(&head.id).ok().filter(|_| head.resource_type == "Patient")?;
    Some((id, json.to_vec()))
}

/// What was released of a type, as references.
fn ids(pages: &[Released], resource_type: ResourceType) -> Vec<String> {
    let ids = pages.iter().flat_map(|page| page.ids_of(resource_type));
    ids.map(|id| format!("{resource_type}/{id}")).collect()
}
