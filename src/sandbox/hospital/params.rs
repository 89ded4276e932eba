//! Search parameters by resource type: what the demo hospital can be asked (FHIR R4 and US Core).

use super::kind::Kind;

/// How a parameter compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// Codes, identifiers, booleans.
    Token,
    /// Dates and periods.
    Date,
    /// References.
    Reference,
    /// Words from their beginning.
    Text,
}

impl Compare {
    /// FHIR search parameter type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Date => "date",
            Self::Reference => "reference",
            Self::Text => "string",
        }
    }
}

/// One search parameter of a type.
#[derive(Debug)]
pub struct Param {
    /// Its name in a query.
    pub name: &'static str,
    /// How it compares.
    pub compare: Compare,
    /// Elements that it looks at, as dotted paths.
    pub paths: &'static [&'static str],
}

macro_rules! params {
    ($($ident:ident { $($name:literal $compare:ident [$($path:literal),+];)* })+) => {
        /// The parameters of a type, without `_id` and `_lastUpdated`, which every type has.
        pub const fn of(kind: Kind) -> &'static [Param] {
            match kind {
                $(Kind::$ident => &[$(Param { name: $name, compare: Compare::$compare, paths: &[$($path),+] }),*],)+
            }
        }
    };
}

params! {
    Patient {
        "identifier" Token ["identifier"];
        "name" Text ["name.family", "name.given", "name.text"];
        "family" Text ["name.family"];
        "given" Text ["name.given"];
        "birthdate" Date ["birthDate"];
        "gender" Token ["gender"];
        "active" Token ["active"];
        "death-date" Date ["deceasedDateTime"];
        "general-practitioner" Reference ["generalPractitioner"];
        "organization" Reference ["managingOrganization"];
    }
    Encounter {
        "patient" Reference ["subject"];
        "subject" Reference ["subject"];
        "identifier" Token ["identifier"];
        "date" Date ["period"];
        "status" Token ["status"];
        "class" Token ["class"];
        "type" Token ["type"];
        "location" Reference ["location.location"];
        "participant" Reference ["participant.individual"];
        "practitioner" Reference ["participant.individual"];
        "diagnosis" Reference ["diagnosis.condition"];
        "discharge-disposition" Token ["hospitalization.dischargeDisposition"];
        "service-provider" Reference ["serviceProvider"];
    }
    Condition {
        "patient" Reference ["subject"];
        "subject" Reference ["subject"];
        "category" Token ["category"];
        "code" Token ["code"];
        "clinical-status" Token ["clinicalStatus"];
        "verification-status" Token ["verificationStatus"];
        "encounter" Reference ["encounter"];
        "onset-date" Date ["onsetDateTime"];
        "abatement-date" Date ["abatementDateTime"];
        "recorded-date" Date ["recordedDate"];
        "asserted-date" Date ["extension.valueDateTime"];
        "recorder" Reference ["recorder"];
    }
    AllergyIntolerance {
        "patient" Reference ["patient"];
        "clinical-status" Token ["clinicalStatus"];
        "verification-status" Token ["verificationStatus"];
        "code" Token ["code", "reaction.substance"];
        "category" Token ["category"];
        "criticality" Token ["criticality"];
        "date" Date ["recordedDate"];
        "recorder" Reference ["recorder"];
    }
    MedicationRequest {
        "patient" Reference ["subject"];
        "subject" Reference ["subject"];
        "status" Token ["status"];
        "intent" Token ["intent"];
        "category" Token ["category"];
        "authoredon" Date ["authoredOn"];
        "encounter" Reference ["encounter"];
        "medication" Reference ["medicationReference"];
        "code" Token ["medicationCodeableConcept"];
        "requester" Reference ["requester"];
    }
    Medication {
        "code" Token ["code"];
        "status" Token ["status"];
    }
    Observation {
        "patient" Reference ["subject"];
        "subject" Reference ["subject"];
        "category" Token ["category"];
        "code" Token ["code"];
        "date" Date ["effectiveDateTime"];
        "status" Token ["status"];
        "encounter" Reference ["encounter"];
        "performer" Reference ["performer"];
    }
    DiagnosticReport {
        "patient" Reference ["subject"];
        "subject" Reference ["subject"];
        "category" Token ["category"];
        "code" Token ["code"];
        "date" Date ["effectiveDateTime"];
        "issued" Date ["issued"];
        "status" Token ["status"];
        "encounter" Reference ["encounter"];
        "performer" Reference ["performer"];
        "result" Reference ["result"];
    }
    DocumentReference {
        "patient" Reference ["subject"];
        "subject" Reference ["subject"];
        "identifier" Token ["identifier", "masterIdentifier"];
        "category" Token ["category"];
        "type" Token ["type"];
        "date" Date ["date"];
        "period" Date ["context.period"];
        "status" Token ["status"];
        "encounter" Reference ["context.encounter"];
        "author" Reference ["author"];
        "security-label" Token ["securityLabel"];
    }
    Immunization {
        "patient" Reference ["patient"];
        "date" Date ["occurrenceDateTime"];
        "status" Token ["status"];
        "vaccine-code" Token ["vaccineCode"];
        "location" Reference ["location"];
        "performer" Reference ["performer.actor"];
    }
    Procedure {
        "patient" Reference ["subject"];
        "subject" Reference ["subject"];
        "date" Date ["performedDateTime", "performedPeriod"];
        "status" Token ["status"];
        "code" Token ["code"];
        "encounter" Reference ["encounter"];
        "performer" Reference ["performer.actor"];
    }
    CareTeam {
        "patient" Reference ["subject"];
        "subject" Reference ["subject"];
        "status" Token ["status"];
        "category" Token ["category"];
        "participant" Reference ["participant.member"];
        "role" Token ["participant.role"];
    }
    CarePlan {
        "patient" Reference ["subject"];
        "subject" Reference ["subject"];
        "category" Token ["category"];
        "date" Date ["period"];
        "status" Token ["status"];
        "goal" Reference ["goal"];
        "condition" Reference ["addresses"];
        "care-team" Reference ["careTeam"];
    }
    Goal {
        "patient" Reference ["subject"];
        "subject" Reference ["subject"];
        "lifecycle-status" Token ["lifecycleStatus"];
        "achievement-status" Token ["achievementStatus"];
        "description" Token ["description"];
        "target-date" Date ["target.dueDate"];
        "start-date" Date ["startDate"];
    }
    Device {
        "patient" Reference ["patient"];
        "type" Token ["type"];
        "status" Token ["status"];
    }
    FamilyMemberHistory {
        "patient" Reference ["patient"];
        "code" Token ["condition.code"];
        "status" Token ["status"];
        "relationship" Token ["relationship"];
    }
    MedicationDispense {
        "patient" Reference ["subject"];
        "subject" Reference ["subject"];
        "status" Token ["status"];
        "type" Token ["type"];
        "medication" Reference ["medicationReference"];
        "code" Token ["medicationCodeableConcept"];
        "whenhandedover" Date ["whenHandedOver"];
        "prescription" Reference ["authorizingPrescription"];
    }
    QuestionnaireResponse {
        "patient" Reference ["subject"];
        "subject" Reference ["subject"];
        "authored" Date ["authored"];
        "status" Token ["status"];
        "questionnaire" Reference ["questionnaire"];
        "encounter" Reference ["encounter"];
        "author" Reference ["author"];
    }
    ServiceRequest {
        "patient" Reference ["subject"];
        "subject" Reference ["subject"];
        "authored" Date ["authoredOn"];
        "occurrence" Date ["occurrenceDateTime"];
        "category" Token ["category"];
        "code" Token ["code"];
        "status" Token ["status"];
        "intent" Token ["intent"];
        "encounter" Reference ["encounter"];
        "requester" Reference ["requester"];
    }
    Specimen {
        "patient" Reference ["subject"];
        "subject" Reference ["subject"];
        "type" Token ["type"];
        "status" Token ["status"];
        "collected" Date ["collection.collectedDateTime"];
    }
    Provenance {
        "target" Reference ["target"];
        "recorded" Date ["recorded"];
        "agent" Reference ["agent.who"];
    }
    RelatedPerson {
        "patient" Reference ["patient"];
        "name" Text ["name.family", "name.given", "name.text"];
        "relationship" Token ["relationship"];
        "active" Token ["active"];
        "identifier" Token ["identifier"];
        "telecom" Token ["telecom"];
        "birthdate" Date ["birthDate"];
    }
    Person {
        "link" Reference ["link.target"];
        "relatedperson" Reference ["link.target"];
        "name" Text ["name.family", "name.given", "name.text"];
        "identifier" Token ["identifier"];
        "email" Token ["telecom"];
    }
    Coverage {
        "patient" Reference ["beneficiary"];
        "beneficiary" Reference ["beneficiary"];
        "status" Token ["status"];
    }
    Practitioner {
        "identifier" Token ["identifier"];
        "name" Text ["name.family", "name.given", "name.text"];
        "family" Text ["name.family"];
        "given" Text ["name.given"];
        "active" Token ["active"];
    }
    PractitionerRole {
        "practitioner" Reference ["practitioner"];
        "organization" Reference ["organization"];
        "specialty" Token ["specialty"];
        "role" Token ["code"];
        "active" Token ["active"];
    }
    Organization {
        "identifier" Token ["identifier"];
        "name" Text ["name"];
        "type" Token ["type"];
        "active" Token ["active"];
        "address" Text ["address.line", "address.city", "address.state", "address.postalCode"];
    }
    Location {
        "identifier" Token ["identifier"];
        "name" Text ["name"];
        "status" Token ["status"];
        "organization" Reference ["managingOrganization"];
        "address" Text ["address.line", "address.city", "address.state", "address.postalCode"];
        "address-city" Text ["address.city"];
        "address-state" Text ["address.state"];
        "address-postalcode" Text ["address.postalCode"];
    }
    Binary {}
}

/// The parameter of that name.
pub fn find(kind: Kind, name: &str) -> Option<&'static Param> {
    of(kind).iter().find(|param| param.name == name)
}
