//! What the demo command and the tests need to know about the population, without FHIR.

use super::demographics;
use super::person::{Child, Gp};
use super::staff::{self, Clinician, OUTSIDE, PRACTICES, Workplace};
use super::stories::CAST;
use super::{Hospital, staff::Group};

/// A child, as the demo prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatientFacts {
    /// Medical record number.
    pub mrn: String,
    /// FHIR logical id.
    pub id: String,
    /// Given and family name.
    pub name: String,
    /// `YYYY-MM-DD`.
    pub birth_date: String,
    /// Keys of the practices to which the EHR's PCP references lead ([`PracticeFacts::key`]).
    pub practices: Vec<String>,
    /// `Patient.generalPractitioner` as the EHR writes it.
    pub general_practitioner: Vec<String>,
}

/// A child with a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// Medical record number: the same for every seed.
    pub mrn: String,
    /// FHIR logical id: the same for every seed.
    pub id: String,
    /// Given and family name.
    pub name: String,
    /// `YYYY-MM-DD`; depends on `as_of`, since the ages are fixed.
    pub birth_date: String,
    /// One sentence.
    pub story: &'static str,
}

/// A clinician outside the hospital.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderFacts {
    /// Practitioner's logical id in the EHR.
    pub practitioner_id: String,
    /// `PractitionerRole`'s logical id in the EHR.
    pub role_id: String,
    /// National Provider Identifier.
    pub npi: String,
    /// Name as signed: `Ana Ruiz, MD`.
    pub name: String,
    /// Given name.
    pub given: &'static str,
    /// Family name.
    pub family: &'static str,
    /// MD, DO, NP, PA.
    pub credential: &'static str,
    /// Specialty as printed.
    pub specialty: &'static str,
    /// Direct line.
    pub phone: String,
    /// Mailbox at the practice.
    pub email: String,
}

/// A practice, or a specialist group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PracticeFacts {
    /// Short name for scripts: `desert-bloom-pediatrics`.
    pub key: String,
    /// Name.
    pub name: &'static str,
    /// Postal address, one line.
    pub address: String,
    /// Main telephone.
    pub phone: &'static str,
    /// Its Organization's logical id in the EHR.
    pub organization_id: String,
    /// Who works there.
    pub providers: Vec<ProviderFacts>,
}

/// An adult responsible for one child or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardianFacts {
    /// Given and family name.
    pub name: String,
    /// The patient portal's sign-in name.
    pub email: String,
    /// `Person` logical id in the EHR.
    pub person_id: String,
    /// `RelatedPerson` logical ids, in the order of `patient_ids`.
    pub related_person_ids: Vec<String>,
    /// The children.
    pub patient_ids: Vec<String>,
    /// Whether this adult has an account in the patient portal (S-43).
    pub has_portal_account: bool,
    /// `en` or `es`.
    pub language: &'static str,
}

impl Hospital {
    /// Everybody, stories first.
    pub fn patients(&self) -> impl Iterator<Item = PatientFacts> {
        self.children().iter().map(patient_facts)
    }

    /// The children with a story, in a fixed order.
    pub fn stories(&self) -> Vec<Story> {
        let known = self.children().iter().zip(CAST);
        known
            .map(|(child, cast)| Story {
                mrn: child.mrn.clone(),
                id: child.id(),
                name: child.name(),
                birth_date: child.birth.to_string(),
                story: cast.story,
            })
            .collect()
    }

    /// The primary care practices: the same for every seed.
    pub fn practices(&self) -> Vec<PracticeFacts> {
        practice_facts(PRACTICES, Workplace::Practice)
    }

    /// Groups of specialists outside the hospital, who are nobody's PCP: the same for every seed.
    pub fn specialists(&self) -> Vec<PracticeFacts> {
        practice_facts(OUTSIDE, Workplace::Outside)
    }

    /// The guardians, in the order of their children.
    pub fn guardians(&self) -> impl Iterator<Item = GuardianFacts> {
        let firsts =
            self.children().iter().filter(|child| child.household.children.first() == Some(&child.index));
        firsts.flat_map(guardian_facts)
    }
}

fn patient_facts(child: &Child) -> PatientFacts {
    let mut practices: Vec<String> =
        child.gp.iter().filter_map(|gp| gp.practice()).filter_map(|at| PRACTICES.get(at)).map(key).collect();
    practices.dedup();
    PatientFacts {
        mrn: child.mrn.clone(),
        id: child.id(),
        name: child.name(),
        birth_date: child.birth.to_string(),
        practices,
        general_practitioner: child.gp.iter().copied().map(Gp::reference).collect(),
    }
}

fn practice_facts(groups: &'static [Group], place: fn(usize) -> Workplace) -> Vec<PracticeFacts> {
    let facts = groups.iter().enumerate().map(|(at, group)| PracticeFacts {
        key: key(group),
        name: group.name,
        address: group.address(),
        phone: group.phone,
        organization_id: group.organization_id(),
        providers: staff::CLINICIANS
            .iter()
            .filter(|c| c.workplace == place(at))
            .map(|c| provider_facts(c))
            .collect(),
    });
    facts.collect()
}

fn provider_facts(clinician: &Clinician) -> ProviderFacts {
    ProviderFacts {
        practitioner_id: clinician.practitioner_id(),
        role_id: clinician.role_id(),
        npi: clinician.npi(),
        name: clinician.signed(),
        given: clinician.given,
        family: clinician.family,
        credential: clinician.credential,
        specialty: clinician.specialty.name,
        phone: clinician.phone(),
        email: clinician.email(),
    }
}

fn guardian_facts(first: &Child) -> Vec<GuardianFacts> {
    let home = &first.household;
    let facts = home.carers.iter().enumerate().map(|(place, carer)| GuardianFacts {
        name: format!("{} {}", carer.given, carer.family),
        email: carer.email(),
        person_id: demographics::person_id(home, place),
        related_person_ids: home
            .children
            .iter()
            .map(|c| demographics::related_person_id(*c, place))
            .collect(),
        patient_ids: home.children.iter().map(|c| super::person::patient_id(*c)).collect(),
        has_portal_account: carer.portal,
        language: home.language.0,
    });
    facts.collect()
}

fn key(group: &Group) -> String {
    group.name.to_lowercase().replace('\'', "").replace(' ', "-")
}
