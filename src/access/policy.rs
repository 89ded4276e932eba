//! The policy (DESIGN.md 2): pure functions over facts that were loaded beforehand. No I/O, no clock, no default that
//! permits.

use crate::domain::grant::DataKinds;
use crate::domain::ids::FhirId;
use crate::fhir::index::EntryFacts;
use crate::fhir::interaction::Interaction;
use crate::fhir::label::is_restricted;
use crate::fhir::resource_type::{Judgement, ResourceType};
use crate::fhir::scope::{Permission, ResourceScope, ScopeContext};

use super::facts::{Facts, Reach};
use super::kinds::kinds_of;
use super::refusal::DenyReason;
use super::subject::{Actor, Subject};

/// What the policy says of a request before any resource is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may be asked.
    Permit,
    /// It may not.
    Deny(DenyReason),
    /// It may be asked, and only what comes back can tell what may be seen of it.
    NeedsResource,
}

/// What the policy says of one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may be seen; with the basis for patient data, without for directory data.
    Visible(Option<&'static str>),
    /// It may be seen if something visible refers to it: see [`through`].
    ThroughReferrer,
    /// It may not.
    Withheld(DenyReason),
}

/// Decides whether `subject` may ask for `interaction` at all.
pub fn decide(subject: &Subject, interaction: &Interaction, facts: &Facts) -> Decision {
    if !facts.active {
        return Decision::Deny(DenyReason::Inactive);
    }
    let kind = interaction.resource_type();
    let permission = permission(interaction);
    if let Err(reason) = gate(subject, kind, permission) {
        return Decision::Deny(reason);
    }
    if !facts.represented {
        return Decision::Deny(DenyReason::NoRelationship);
    }
    match (kind.judgement(), interaction.patient()) {
        (Judgement::Panel, _) => Decision::Deny(DenyReason::Unjudgeable),
        (Judgement::Directory, _) => Decision::Permit,
        (Judgement::Referrer, _) | (Judgement::Patient, None) => Decision::NeedsResource,
        (Judgement::Patient, Some(patient)) => {
            let patients = std::slice::from_ref(patient);
            if !usable(subject, kind, permission).any(|scope| is_about(subject, scope, patients)) {
                Decision::Deny(DenyReason::OutsideLaunchContext)
            } else if facts.of(patient).is_none_or(|facts| facts.reach.is_empty()) {
                Decision::Deny(DenyReason::NoRelationship)
            } else {
                Decision::Permit
            }
        }
    }
}

/// Judges one resource of an answer. Included entries need the same permission as matches: `permission` is that of the
/// request.
pub fn judge(subject: &Subject, entry: &EntryFacts, permission: Permission, facts: &Facts) -> Verdict {
    if !facts.active {
        return Verdict::Withheld(DenyReason::Inactive);
    }
    if let Err(reason) = admit(subject, entry, permission) {
        return Verdict::Withheld(reason);
    }
    if !facts.represented {
        return Verdict::Withheld(DenyReason::NoRelationship);
    }
    match entry.resource_type.judgement() {
        Judgement::Panel => Verdict::Withheld(DenyReason::Unjudgeable),
        Judgement::Referrer => Verdict::ThroughReferrer,
        // No relationship covers a label on what belongs to no patient.
        Judgement::Directory if is_restricted(&entry.labels) => Verdict::Withheld(DenyReason::Restricted),
        Judgement::Directory => Verdict::Visible(None),
        Judgement::Patient => match reach(entry, is_restricted(&entry.labels), facts) {
            Ok(reach) => Verdict::Visible(Some(reach.word())),
            Err(reason) => Verdict::Withheld(reason),
        },
    }
}

/// Judges a resource that has no patient of its own by the resources that are `visible` to the same subject, each with the
/// facts by which it was found so. A Provenance needs all its targets among them, anything else one that refers to it.
pub fn through<'a>(
    subject: &Subject,
    entry: &EntryFacts,
    permission: Permission,
    visible: impl Iterator<Item = (&'a EntryFacts, &'a Facts)> + Clone,
) -> Result<Option<&'static str>, DenyReason> {
    let kind = entry.resource_type;
    let restricted = is_restricted(&entry.labels);
    // Whether the referrer can be seen as restricted as `entry` is, and in the context of a scope on `entry`.
    let opens = |referrer: &EntryFacts, facts: &Facts| {
        let scoped = usable(subject, kind, permission)
            .any(|scope| scope.admits(&entry.categories) && is_about(subject, scope, &referrer.patients));
        let reach = match referrer.resource_type.judgement() {
            Judgement::Patient => {
                reach(referrer, restricted || is_restricted(&referrer.labels), facts).ok()?
            }
            _ => return (scoped && !restricted).then_some(None),
        };
        scoped.then(|| Some(reach.word()))
    };
    let found = if kind == ResourceType::Provenance {
        let mut basis = None;
        let all = entry.references.iter().all(|(kind, id)| {
            let mut targets =
                visible.clone().filter(|(other, _)| other.resource_type == *kind && other.id == *id);
            let opened = targets.find_map(|(target, facts)| opens(target, facts));
            basis = basis.or(opened.flatten());
            opened.is_some()
        });
        (all && !entry.references.is_empty()).then_some(basis)
    } else {
        let refers =
            |other: &EntryFacts| other.references.iter().any(|(of, id)| *of == kind && *id == entry.id);
        visible
            .filter(|(other, _)| may_refer(other.resource_type, kind) && refers(other))
            .find_map(|(referrer, facts)| opens(referrer, facts))
    };
    found.ok_or(DenyReason::NoVisibleReferrer)
}

/// Whether a token's scopes cover a type at all: what 403 depends on, and nothing else.
fn gate(subject: &Subject, kind: ResourceType, permission: Permission) -> Result<(), DenyReason> {
    if usable(subject, kind, permission).next().is_some() {
        return Ok(());
    }
    let account = matches!(subject.actor, Actor::Account(_));
    let patient = subject.scopes.on(ScopeContext::Patient, kind, permission).next().is_some();
    Err(if account && patient { DenyReason::NoLaunchPatient } else { DenyReason::InsufficientScope })
}

/// The one patient whom a search of this type can be about at all: where `patient/` scopes alone cover it, the token's. `None`:
/// others too, or nobody.
pub fn only_patient(subject: &Subject, kind: ResourceType) -> Option<&FhirId> {
    let mut scopes = usable(subject, kind, Permission::Search).peekable();
    let some = scopes.peek().is_some();
    let only = scopes.all(|scope| scope.context == ScopeContext::Patient);
    subject.patient.as_ref().filter(|_| some && only && kind.judgement() == Judgement::Patient)
}

/// Whether the token covers the panels of practices: by a scope on Group that speaks of more than one patient.
pub fn admit_panels(subject: &Subject, permission: Permission) -> Result<(), DenyReason> {
    let mut scopes = usable(subject, ResourceType::Group, permission);
    let covered = scopes.any(|scope| scope.context != ScopeContext::Patient && scope.filter.is_empty());
    if covered { Ok(()) } else { Err(DenyReason::InsufficientScope) }
}

/// The scope part of [`judge`]: whether some scope, in its own context, covers this resource.
pub fn admit(subject: &Subject, entry: &EntryFacts, permission: Permission) -> Result<(), DenyReason> {
    // Not `InsufficientScope`, which is told as 403: here the answer depends on the resource.
    let mut reason = DenyReason::OutsideScope;
    for scope in usable(subject, entry.resource_type, permission) {
        if !scope.admits(&entry.categories) {
            continue;
        }
        if is_about(subject, scope, &entry.patients) {
            return Ok(());
        }
        reason = DenyReason::OutsideLaunchContext;
    }
    Err(reason)
}

/// Whether an entry belongs to what was asked. EHRs ignore parameters that they do not know and return everyone: a search
/// that names a patient is about that patient alone.
pub fn is_asked(interaction: &Interaction, entry: &EntryFacts) -> bool {
    match interaction {
        Interaction::Read { resource_type, id } | Interaction::History { resource_type, id, .. } => {
            entry.resource_type == *resource_type && entry.id == *id
        }
        // One that does not say which version it is may be any.
        Interaction::Version { resource_type, id, version } => {
            entry.resource_type == *resource_type
                && entry.id == *id
                && entry.version.as_deref() == Some(version.as_str())
        }
        Interaction::Search(search) | Interaction::Page { search, .. } => {
            entry.resource_type.judgement() != Judgement::Patient
                || search.patient.as_ref().is_none_or(|patient| entry.patients.contains(patient))
        }
    }
}

/// The permission that a request needs of a scope.
pub const fn permission(interaction: &Interaction) -> Permission {
    if interaction.is_search() { Permission::Search } else { Permission::Read }
}

/// The scopes that count for this subject: `patient/` with a launch patient and `user/` for a person, `system/` for a
/// practice's system.
fn usable(
    subject: &Subject,
    kind: ResourceType,
    permission: Permission,
) -> impl Iterator<Item = &ResourceScope> {
    let account = matches!(subject.actor, Actor::Account(_));
    let launched = account && subject.patient.is_some();
    subject.scopes.resources.iter().filter(move |scope| {
        let counts = match scope.context {
            ScopeContext::Patient => launched,
            ScopeContext::User => account,
            ScopeContext::System => !account,
        };
        counts && scope.is_on(kind) && scope.permits(permission)
    })
}

/// Whether a scope's context lets it speak of these patients: `patient/` of the one in the token only.
fn is_about(subject: &Subject, scope: &ResourceScope, patients: &[FhirId]) -> bool {
    match scope.context {
        ScopeContext::Patient => {
            subject.patient.as_ref().is_some_and(|launch| patients.iter().all(|patient| patient == launch))
        }
        ScopeContext::User | ScopeContext::System => true,
    }
}

/// The basis on which a patient's resource may be seen. Every patient in whose compartment it lies must be within reach
/// for this kind of data; the first one's basis is named.
fn reach<'f>(entry: &EntryFacts, restricted: bool, facts: &'f Facts) -> Result<&'f Reach, DenyReason> {
    let kinds = kinds_of(entry);
    let mut first = Err(DenyReason::Unjudgeable);
    for (index, patient) in entry.patients.iter().enumerate() {
        let reaches = facts.of(patient).map(|facts| facts.reach.as_slice()).unwrap_or_default();
        let covering = covering(reaches, kinds, restricted)?;
        if index == 0 {
            first = Ok(covering);
        }
    }
    first
}

/// The first reason for access that alone covers both the kinds and the label.
fn covering(reaches: &[Reach], kinds: DataKinds, restricted: bool) -> Result<&Reach, DenyReason> {
    let in_kinds = |reach: &&Reach| kinds.bits() & !reach.kinds.bits() == 0;
    if reaches.is_empty() {
        return Err(DenyReason::NoRelationship);
    }
    let mut covered = reaches.iter().filter(in_kinds).peekable();
    if covered.peek().is_none() {
        return Err(DenyReason::NotInGrant);
    }
    covered.find(|reach| reach.restricted || !restricted).ok_or(DenyReason::Restricted)
}

/// Which types open which: a Binary is a note or report, a Medication what was prescribed or used.
const fn may_refer(referrer: ResourceType, to: ResourceType) -> bool {
    match to {
        ResourceType::Binary => {
            matches!(referrer, ResourceType::DocumentReference | ResourceType::DiagnosticReport)
        }
        ResourceType::Medication => {
            matches!(
                referrer,
                ResourceType::MedicationRequest | ResourceType::MedicationDispense | ResourceType::Procedure
            )
        }
        _ => false,
    }
}
