//! The resource types that the demo hospital holds.

use std::fmt;

macro_rules! kinds {
    ($($name:ident $mark:literal,)+) => {
        /// A FHIR resource type that the demo hospital holds.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind { $(#[doc = stringify!($name)] $name,)+ }

        impl Kind {
            /// Every type, in the order in which the `CapabilityStatement` lists them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The type's name in FHIR.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// What tells the types apart inside a logical id.
            pub const fn mark(self) -> &'static str {
                match self { $(Self::$name => $mark,)+ }
            }

            /// The type of that name, if the hospital has it.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $(stringify!($name) => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

kinds! {
    AllergyIntolerance "alg",
    Binary "bin",
    CarePlan "plan",
    CareTeam "team",
    Condition "cond",
    Coverage "cov",
    Device "dev",
    DiagnosticReport "rep",
    DocumentReference "doc",
    Encounter "enc",
    FamilyMemberHistory "fam",
    Goal "goal",
    Immunization "imm",
    Location "loc",
    Medication "med",
    MedicationDispense "disp",
    MedicationRequest "rx",
    Observation "obs",
    Organization "org",
    Patient "pat",
    Person "per",
    Practitioner "prac",
    PractitionerRole "role",
    Procedure "proc",
    Provenance "prov",
    QuestionnaireResponse "qr",
    RelatedPerson "rel",
    ServiceRequest "order",
    Specimen "spec",
}

impl Kind {
    /// Whether the type is the hospital's directory and formulary, which belong to no patient.
    pub const fn is_directory(self) -> bool {
        matches!(
            self,
            Self::Location
                | Self::Medication
                | Self::Organization
                | Self::Practitioner
                | Self::PractitionerRole
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
