//! The panels of practices: who of the patients that a subject was given is on one, and the Group that says so.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use fhir_profiles::group;
use smallvec::{SmallVec, smallvec};

use crate::domain::ids::{FhirId, PracticeId};
use crate::fhir::index::{EntryFacts, IndexedBody, Shape};
use crate::fhir::resource_type::ResourceType;
use crate::fhir::scope::Permission;

use super::authorizer::Authorizer;
use super::facts::{Basis, Facts};
use super::frame::Frame;
use super::permit::PanelLookup;
use super::policy;
use super::refusal::{DenyReason, Refusal};
use super::released::{Held, Released, Visible};
use super::subject::Subject;
use super::unreleased::Origin;

/// Proof that a subject may see the panel of a practice, and what the EHR is asked by for it.
#[derive(Debug)]
pub struct PracticePanel {
    subject: Arc<Subject>,
    practice: PracticeId,
    id: FhirId,
    lookup: PanelLookup,
}

impl PracticePanel {
    /// The logical id of the Group: the same for as long as there is the practice.
    pub const fn id(&self) -> &FhirId {
        &self.id
    }

    /// The practice.
    pub const fn practice(&self) -> &PracticeId {
        &self.practice
    }

    /// What the EHR is asked by.
    pub const fn lookup(&self) -> &PanelLookup {
        &self.lookup
    }
}

/// A panel's Group, as one of several in a searchset or by itself.
pub struct PanelGroup {
    id: FhirId,
    json: Vec<u8>,
    members: Vec<FhirId>,
}

impl PanelGroup {
    /// Whether a patient is on the panel.
    pub fn has(&self, patient: &FhirId) -> bool {
        self.members.binary_search(patient).is_ok()
    }
}

impl Authorizer {
    /// The practices whose panels the subject may see: its own, or those of the providers behind it. Nobody else's exists.
    pub fn practice_panels(
        &self,
        subject: &Arc<Subject>,
        permission: Permission,
    ) -> Result<Vec<PracticePanel>, Refusal> {
        let standing = self.relationships().standing(subject);
        if !standing.active {
            return Err(DenyReason::Inactive.into());
        }
        policy::admit_panels(subject, permission)?;
        let practices = standing.providers.iter().flat_map(|provider| &provider.practices);
        let practices: BTreeSet<_> = practices.chain(&standing.practice).cloned().collect();
        let mut panels = Vec::new();
        for practice in practices {
            // A practice whose identifier cannot be a logical id has no Group.
            let Ok(id) = FhirId::parse(practice.as_str()) else { continue };
            let lookup = self.panel_of(subject, |own| *own == practice)?;
            panels.push(PracticePanel { subject: Arc::clone(subject), practice, id, lookup });
        }
        Ok(panels)
    }

    /// The Group of a panel: of the Patients that the same actor was given, those who are there because their PCP is in the practice.
    pub fn panel_group(&self, panel: &PracticePanel, system: &str, seen: &[Released]) -> PanelGroup {
        let own = seen.iter().filter(|seen| seen.subject.actor == panel.subject.actor);
        let mut members: Vec<FhirId> = Vec::new();
        for held in own.flat_map(|seen| &seen.held) {
            let patients = held.entries().filter(|entry| entry.resource_type == ResourceType::Patient);
            let on_panel = patients.filter(|entry| {
                let reach = held.facts.of(&entry.id).map(|facts| facts.reach.as_slice()).unwrap_or_default();
                reach
                    .iter()
                    .any(|reach| matches!(&reach.basis, Basis::Pcp(practice) if *practice == panel.practice))
            });
            members.extend(on_panel.map(|entry| entry.id.clone()));
        }
        members.sort_unstable();
        members.dedup();
        let ids: Vec<&str> = members.iter().map(FhirId::as_str).collect();
        let (id, practice) = (panel.id.as_str(), panel.practice.as_str());
        let json = group::panel(&group::Panel { id, system, practice, members: &ids });
        PanelGroup { id: panel.id.clone(), json, members }
    }

    /// Releases one panel's Group.
    pub fn release_group(&self, panel: &PracticePanel, group: PanelGroup, origin: Origin) -> Released {
        let facts = EntryFacts::new(ResourceType::Group, group.id);
        made(&panel.subject, group.json, Shape::Resource(facts), group.members, 1, origin)
    }

    /// Releases a searchset of panels' Groups.
    pub fn release_groups(
        &self,
        subject: &Arc<Subject>,
        groups: Vec<PanelGroup>,
        base: &str,
        frame: Frame<'_>,
        origin: Origin,
    ) -> Released {
        let count = u32::try_from(groups.len()).unwrap_or(u32::MAX);
        let mut json = br#"{"resourceType":"Bundle","type":"searchset""#.to_vec();
        json.extend_from_slice(frame.members(count, None).as_bytes());
        let mut members = Vec::new();
        let shown = if frame.count_only { Vec::new() } else { groups };
        for (place, group) in shown.iter().enumerate() {
            json.extend_from_slice(if place == 0 { br#","entry":["# } else { b"," });
            json.extend_from_slice(
                format!(r#"{{"fullUrl":"{base}/Group/{}","resource":"#, group.id).as_bytes(),
            );
            json.extend_from_slice(&group.json);
            json.extend_from_slice(br#","search":{"mode":"match"}}"#);
            members.extend(group.members.iter().cloned());
        }
        json.extend_from_slice(if shown.is_empty() { b"}" } else { b"]}" });
        let resources = u32::try_from(shown.len()).unwrap_or(u32::MAX);
        members.sort_unstable();
        members.dedup();
        made(subject, json, Shape::Unjudged, members, resources, origin)
    }
}

fn made(
    subject: &Arc<Subject>,
    json: Vec<u8>,
    shape: Shape,
    patients: Vec<FhirId>,
    resources: u32,
    origin: Origin,
) -> Released {
    let bytes = Bytes::from(json);
    let body = IndexedBody { bytes: bytes.clone(), media_type: "application/fhir+json".into(), shape };
    let facts = Facts::new(true, true);
    let chunks: SmallVec<[Bytes; 3]> = smallvec![bytes];
    Released {
        chunks,
        etag: None,
        modified: None,
        origin,
        patients: patients.into_iter().collect(),
        resources,
        matches: resources,
        basis: Some("pcp"),
        held: smallvec![Held { body: Arc::new(body), visible: Visible::All, facts }],
        subject: Arc::clone(subject),
    }
}
