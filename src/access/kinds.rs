//! Which kinds of data a resource holds, for grants that leave some out (D-06).

use crate::domain::grant::{DataKind, DataKinds};
use crate::fhir::index::{Coding, EntryFacts};
use crate::fhir::resource_type::ResourceType;

/// The kinds that a reader must be allowed to see this resource; empty where any access will do (the Patient itself).
pub fn kinds_of(entry: &EntryFacts) -> DataKinds {
    use ResourceType as T;
    match entry.resource_type {
        T::Encounter
        | T::Procedure
        | T::CareTeam
        | T::CarePlan
        | T::Condition
        | T::Coverage
        | T::Device
        | T::FamilyMemberHistory
        | T::Goal
        | T::RelatedPerson
        | T::ServiceRequest => DataKinds::of(&[DataKind::Visits]),
        T::DocumentReference | T::QuestionnaireResponse => DataKinds::of(&[DataKind::Notes]),
        T::MedicationRequest | T::MedicationDispense | T::AllergyIntolerance | T::Immunization => {
            DataKinds::of(&[DataKind::Medications])
        }
        T::Observation | T::Specimen => DataKinds::of(&[DataKind::Labs]),
        T::DiagnosticReport => report(&entry.categories),
        T::Patient
        | T::Binary
        | T::Medication
        | T::Provenance
        | T::Endpoint
        | T::Group
        | T::HealthcareService
        | T::Location
        | T::Organization
        | T::Practitioner
        | T::PractitionerRole => DataKinds::NONE,
    }
}

/// A laboratory report is laboratory results, any other report is a note. One that says both, or nothing, needs both.
fn report(categories: &[Coding]) -> DataKinds {
    let laboratory = categories.iter().any(is_laboratory);
    let other = categories.iter().any(|category| !is_laboratory(category));
    match (laboratory, other) {
        (true, false) => DataKinds::of(&[DataKind::Labs]),
        (false, true) => DataKinds::of(&[DataKind::Notes]),
        _ => DataKinds::of(&[DataKind::Labs, DataKind::Notes]),
    }
}

/// HL7 table 0074 `LAB`, or the `laboratory` of observation categories, which some EHRs use for reports as well.
fn is_laboratory(category: &Coding) -> bool {
    matches!(
        (&*category.system, &*category.code),
        ("http://terminology.hl7.org/CodeSystem/v2-0074", "LAB")
            | ("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory")
    )
}
