//! Narrow doors beside the policy. Two for people who reach no record: what a guardian is told of who can see a child's record, and
//! how staff find in the audit log the patient with an MRN; neither gives out a resource. One for apps: the user's own
//! Practitioner, which `fhirUser` names, and no other.

use std::sync::{Arc, LazyLock};

use smallvec::SmallVec;

use crate::domain::account::{Account, AccountKind, AccountState};
use crate::domain::ids::{FhirId, Npi, PracticeId};
use crate::fhir::identity::Identity;
use crate::fhir::index::Shape;
use crate::fhir::interaction::Interaction;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::scope::ScopeSet;

use super::authorizer::{Authorizer, PatientSought};
use super::facts::Facts;
use super::permit::{FactLookup, Permit};
use super::refusal::{DenyReason, Refusal};
use super::released::Released;
use super::subject::{Actor, Subject};
use super::unreleased::Unreleased;

/// What is asked with through the door of `fhirUser`.
static OWN_IDENTITY: LazyLock<Arc<ScopeSet>> =
    LazyLock::new(|| Arc::new(ScopeSet::parse("fhirUser user/Practitioner.r")));

/// What a guardian is told besides the grants: what leaves of the Patient resource is how to call the child, the number to hand to whom
/// they invite, and the date of birth, by which the guardian's say ends (D-07).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FamilyView {
    /// The first given name, to call the child by.
    pub given_name: Option<String>,
    /// First letters of the names, for mails (D-13).
    pub initials: String,
    /// The medical record number, to which an invitation is bound (S-53).
    pub mrn: Option<String>,
    /// As the EHR has it, perhaps not to the day; empty when it has none.
    pub birth_date: String,
    /// The practices that see the record because one of their providers is the PCP (S-30).
    pub practices: SmallVec<[PracticeId; 2]>,
}

impl Authorizer {
    /// Allows a guardian's account to ask about a patient whom it decides for (S-05, D-10).
    pub fn authorize_family(
        &self,
        guardian: &Account,
        subject: &Arc<Subject>,
        patient: &FhirId,
    ) -> Result<Permit, Refusal> {
        let own = matches!(&guardian.kind, AccountKind::Guardian { patients } if patients.contains(patient));
        acts_alone(guardian, subject)?;
        if !own {
            return Err(DenyReason::NoRelationship.into());
        }
        let interaction = Interaction::Read { resource_type: ResourceType::Patient, id: patient.clone() };
        Ok(permit(subject, interaction, None))
    }

    /// What a guardian is told of the patient that the permit names.
    pub async fn family_view(
        &self,
        permit: Permit,
        unreleased: Unreleased,
        mrn_system: Option<&str>,
    ) -> Result<FamilyView, Refusal> {
        let Interaction::Read { id, .. } = &*permit.interaction else {
            return Err(DenyReason::NotAsked.into());
        };
        match &unreleased.body.shape {
            Shape::Resource(entry) if entry.resource_type == ResourceType::Patient && entry.id == *id => {}
            _ => return Err(DenyReason::NotAsked.into()),
        }
        let lookup = FactLookup { patient: id.clone(), payer: permit.payer() };
        let primary_care =
            self.primary_care().primary_care(lookup).await.map_err(|_| Refusal::FactsUnavailable)?;
        let identity = Identity::of_patient(&unreleased.body.bytes);
        Ok(FamilyView {
            given_name: identity.first_given_name(),
            initials: identity.initials(),
            mrn: identity.mrn(mrn_system).map(str::to_owned),
            birth_date: identity.birth_date().to_owned(),
            practices: self.practices_of(&primary_care),
        })
    }

    /// A token with `fhirUser` may read what that claim names, even where no scope covers Practitioner. The subject to ask as,
    /// for a read of a Practitioner; whether it is the user's own shows when it has come: see [`Authorizer::is_own_identity`].
    pub fn for_own_identity(&self, subject: &Subject, interaction: &Interaction) -> Option<Arc<Subject>> {
        let Interaction::Read { resource_type: ResourceType::Practitioner, .. } = interaction else {
            return None;
        };
        subject.client.as_ref()?;
        self.own_npi(subject)?;
        Some(Arc::new(Subject { scopes: Arc::clone(&OWN_IDENTITY), patient: None, ..subject.clone() }))
    }

    /// Whether the Practitioner has the NPI of the subject's own account.
    pub fn is_own_identity(&self, subject: &Subject, practitioner: &Released) -> bool {
        let Some(own) = self.own_npi(subject) else { return false };
        let npis = fhir_profiles::practitioner::practitioner_npis(&practitioner.chunks().concat());
        npis.is_ok_and(|npis| npis.iter().any(|npi| npi == own.as_str()))
    }

    fn own_npi(&self, subject: &Subject) -> Option<Npi> {
        match &subject.actor {
            Actor::Account(account) if subject.scopes.has_word("fhirUser") => {
                self.relationships().npi_of(account)
            }
            _ => None,
        }
    }

    /// Allows hospital staff to ask whose an MRN is, to find the entries about that patient in the audit log (D-10). The answer,
    /// by [`Authorizer::identify`], is an identifier: staff reach no record.
    pub fn authorize_audit_search(
        &self,
        staff: &Account,
        subject: &Arc<Subject>,
        interaction: Interaction,
        sought: PatientSought,
    ) -> Result<Permit, Refusal> {
        acts_alone(staff, subject)?;
        let by_mrn = matches!(sought, PatientSought::Mrn { .. })
            && matches!(interaction, Interaction::Search(_))
            && interaction.resource_type() == ResourceType::Patient;
        if !matches!(staff.kind, AccountKind::Staff { .. }) || !by_mrn {
            return Err(DenyReason::NoRelationship.into());
        }
        Ok(permit(subject, interaction, Some(sought)))
    }
}

/// The account is active and is the one that asks, through the portal itself.
pub(super) fn acts_alone(account: &Account, subject: &Subject) -> Result<(), Refusal> {
    let itself = matches!(&subject.actor, Actor::Account(id) if *id == account.id);
    if itself && subject.client.is_none() && account.state == AccountState::Active {
        Ok(())
    } else {
        Err(DenyReason::Inactive.into())
    }
}

/// A permit with facts that reach no patient: the release filter gives nothing out under it.
fn permit(subject: &Arc<Subject>, interaction: Interaction, sought: Option<PatientSought>) -> Permit {
    let facts = Facts::new(true, false);
    Permit { subject: Arc::clone(subject), interaction: Arc::new(interaction), facts, sought }
}
