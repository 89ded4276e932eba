//! The resource types that exist here. A type outside this list does not exist (DESIGN.md 2.5).

use std::fmt;

use serde::{Deserialize, Serialize};

/// By what a resource of a type is judged (DESIGN.md 2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Judgement {
    /// By the patient it belongs to: R4 patient compartment.
    Patient,
    /// Readable under a scope on its type.
    Directory,
    /// Readable only through a visible resource that refers to it.
    Referrer,
    /// Made here from what the EHR says of others; what the EHR itself holds of the type is shown to nobody.
    Panel,
}

macro_rules! resource_types {
    ($($name:ident => $judgement:ident),+ $(,)?) => {
        /// A FHIR R4 resource type of the product's list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum ResourceType { $(#[doc = stringify!($name)] $name),+ }

        impl ResourceType {
            /// Every type, in alphabetical order.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The type's FHIR name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// The type with this FHIR name; `None` when it is not on the list.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $(stringify!($name) => Some(Self::$name),)+ _ => None }
            }

            /// By what its resources are judged.
            pub const fn judgement(self) -> Judgement {
                match self { $(Self::$name => Judgement::$judgement),+ }
            }
        }
    };
}

resource_types! {
    AllergyIntolerance => Patient,
    Binary => Referrer,
    CarePlan => Patient,
    CareTeam => Patient,
    Condition => Patient,
    Coverage => Patient,
    Device => Patient,
    DiagnosticReport => Patient,
    DocumentReference => Patient,
    Encounter => Patient,
    Endpoint => Directory,
    FamilyMemberHistory => Patient,
    Goal => Patient,
    Group => Panel,
    HealthcareService => Directory,
    Immunization => Patient,
    Location => Directory,
    Medication => Referrer,
    MedicationDispense => Patient,
    MedicationRequest => Patient,
    Observation => Patient,
    Organization => Directory,
    Patient => Patient,
    Practitioner => Directory,
    PractitionerRole => Directory,
    Procedure => Patient,
    Provenance => Referrer,
    QuestionnaireResponse => Patient,
    RelatedPerson => Patient,
    ServiceRequest => Patient,
    Specimen => Patient,
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
