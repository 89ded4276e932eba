//! Scopes in plain words, for the person who decides about them.

use crate::fhir::resource_type::ResourceType;
use crate::fhir::scope::{ResourceScope, ScopeContext, ScopeSet, one_spelling};

/// A kind of data within a type, by which a scope on the whole type can be narrowed (SMART 2.2, "Finer-grained resource
/// constraints").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Category {
    /// `system|code`.
    pub token: &'static str,
    /// In words.
    pub label: &'static str,
}

const OBSERVATION: &[Category] = &[
    Category {
        token: "http://terminology.hl7.org/CodeSystem/observation-category|laboratory",
        label: "Laboratory results",
    },
    Category {
        token: "http://terminology.hl7.org/CodeSystem/observation-category|vital-signs",
        label: "Vital signs",
    },
    Category {
        token: "http://terminology.hl7.org/CodeSystem/observation-category|imaging",
        label: "Imaging",
    },
    Category {
        token: "http://terminology.hl7.org/CodeSystem/observation-category|exam",
        label: "Examinations",
    },
    Category {
        token: "http://terminology.hl7.org/CodeSystem/observation-category|procedure",
        label: "Measurements during procedures",
    },
    Category {
        token: "http://terminology.hl7.org/CodeSystem/observation-category|social-history",
        label: "Social history",
    },
    Category {
        token: "http://terminology.hl7.org/CodeSystem/observation-category|survey",
        label: "Questionnaires and screening",
    },
    // US Core names two systems for it, one in its scopes and one in its profile.
    Category {
        token: "http://terminology.hl7.org/CodeSystem/observation-category|clinical-test,\
                http://hl7.org/fhir/us/core/CodeSystem/us-core-observation-category|clinical-test",
        label: "Other tests, such as of heart or eyes",
    },
    Category {
        token: "http://hl7.org/fhir/us/core/CodeSystem/us-core-category|sdoh",
        label: "Housing, food and other social needs",
    },
    Category {
        token: "http://hl7.org/fhir/us/core/CodeSystem/us-core-category|functional-status",
        label: "Everyday abilities",
    },
    Category {
        token: "http://hl7.org/fhir/us/core/CodeSystem/us-core-category|disability-status",
        label: "Disabilities",
    },
    Category {
        token: "http://hl7.org/fhir/us/core/CodeSystem/us-core-category|cognitive-status",
        label: "Thinking and memory",
    },
];

const CONDITION: &[Category] = &[
    Category {
        token: "http://terminology.hl7.org/CodeSystem/condition-category|problem-list-item",
        label: "The problem list",
    },
    Category {
        token: "http://terminology.hl7.org/CodeSystem/condition-category|encounter-diagnosis",
        label: "Diagnoses of stays and visits",
    },
    Category {
        token: "http://hl7.org/fhir/us/core/CodeSystem/condition-category|health-concern",
        label: "Health concerns",
    },
];

const DOCUMENT: &[Category] = &[Category {
    token: "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category|clinical-note",
    label: "Clinical notes",
}];

/// The kinds by which a scope on the whole of `resource_type` can be narrowed; none for most types.
pub const fn categories(resource_type: ResourceType) -> &'static [Category] {
    match resource_type {
        ResourceType::Observation => OBSERVATION,
        ResourceType::Condition => CONDITION,
        ResourceType::DocumentReference => DOCUMENT,
        _ => &[],
    }
}

/// What a type holds.
pub const fn type_words(resource_type: ResourceType) -> &'static str {
    match resource_type {
        ResourceType::AllergyIntolerance => "Allergies",
        ResourceType::Binary => "The files of notes and reports",
        ResourceType::CarePlan => "Plans of care",
        ResourceType::CareTeam => "Care team",
        ResourceType::Condition => "Problems and diagnoses",
        ResourceType::Coverage => "Health insurance",
        ResourceType::Device => "Implants and other devices",
        ResourceType::DiagnosticReport => "Reports of laboratory, imaging and other tests",
        ResourceType::DocumentReference => "Notes and documents",
        ResourceType::Encounter => "Hospital stays and visits",
        ResourceType::Endpoint => "Electronic addresses of the hospital and practices",
        ResourceType::FamilyMemberHistory => "Illnesses in the family",
        ResourceType::Goal => "Goals of treatment",
        ResourceType::Group => "Which patients the practice looks after",
        ResourceType::HealthcareService => "What the hospital offers",
        ResourceType::Immunization => "Vaccinations",
        ResourceType::Location => "Places in the hospital",
        ResourceType::Medication => "Details of medicines",
        ResourceType::MedicationDispense => "Medicines handed out",
        ResourceType::MedicationRequest => "Prescribed medicines",
        ResourceType::Observation => "Test results, vital signs and other measurements",
        ResourceType::Organization => "Hospital departments and practices",
        ResourceType::Patient => "Name, birth date, address and contacts",
        ResourceType::Practitioner => "Names and contacts of clinicians",
        ResourceType::PractitionerRole => "Where clinicians work and in what role",
        ResourceType::Procedure => "Procedures and operations",
        ResourceType::Provenance => "Who recorded the data, and when",
        ResourceType::QuestionnaireResponse => "Answers to questionnaires",
        ResourceType::RelatedPerson => "Parents, guardians and other related people",
        ResourceType::ServiceRequest => "Orders and referrals",
        ResourceType::Specimen => "Samples for the laboratory",
    }
}

/// The heading under which scopes of a context stand.
pub const fn context_words(context: ScopeContext) -> &'static str {
    match context {
        ScopeContext::Patient => "About the one patient you open with it",
        ScopeContext::User => "About every patient you may see",
        ScopeContext::System => "About every patient of the practice",
    }
}

/// One resource scope: what would be shared.
pub fn scope_words(scope: &ResourceScope) -> String {
    let what = scope.resource_type.map_or("Every kind of record", type_words);
    let mut kinds: Vec<_> =
        scope.filter.iter().flat_map(|(_, value)| value.split(',')).map(category_words).collect();
    kinds.dedup();
    if kinds.is_empty() { what.to_owned() } else { format!("{what}, only: {}", kinds.join(", ")) }
}

/// What scopes on resources open, in words: what they are about, and what of it. For pages on which nothing is decided.
pub fn summary(scopes: &ScopeSet) -> Vec<(&'static str, Vec<String>)> {
    let of = |context: ScopeContext| {
        let mut lines = Vec::new();
        for line in scopes.resources.iter().filter(|scope| scope.context == context).map(scope_words) {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        (context_words(context), lines)
    };
    ScopeContext::ALL.into_iter().map(of).filter(|(_, lines)| !lines.is_empty()).collect()
}

/// What is unusual about the scope's permissions, if anything.
pub const fn permission_note(scope: &ResourceScope) -> Option<&'static str> {
    match (scope.read, scope.search) {
        (true, false) => Some("One record at a time; the app cannot list them."),
        (false, true) => Some("As lists."),
        _ => None,
    }
}

/// A category token in words; one that we do not know is shown by its code.
fn category_words(token: &str) -> String {
    let token = &*one_spelling(token);
    let known = [OBSERVATION, CONDITION, DOCUMENT].into_iter().flatten().find(|category| {
        let mut own = category.token.split(',');
        own.any(|own| own == token || own.rsplit('|').next() == Some(token))
    });
    known.map_or_else(
        || token.rsplit('|').next().unwrap_or(token).replace('-', " "),
        |category| category.label.to_lowercase(),
    )
}

/// A word other than a resource scope; `None` where there is nothing to tell the user.
pub fn word_words(word: &str) -> Option<&'static str> {
    match word {
        "openid" | "profile" => Some("Your name"),
        "fhirUser" => Some("Your entry in the hospital\u{2019}s directory of clinicians"),
        "launch" | "launch/patient" => Some("Which patient you open with it"),
        "launch/encounter" => Some("Which stay or visit you open with it"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_told_in_words() {
        let words = |text| scope_words(&ResourceScope::parse(text).unwrap());
        assert_eq!(words("patient/*.rs"), "Every kind of record");
        assert_eq!(words("user/Encounter.read"), "Hospital stays and visits");
        assert_eq!(
            words(
                "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory"
            ),
            "Test results, vital signs and other measurements, only: laboratory results"
        );
        assert_eq!(words("patient/Condition.rs?category=odd-kind"), "Problems and diagnoses, only: odd kind");
    }

    #[test]
    fn every_category_makes_a_scope_that_the_policy_can_judge() {
        for resource_type in ResourceType::ALL {
            for category in categories(*resource_type) {
                let text = format!("patient/{resource_type}.rs?category={}", category.token);
                let scope = ResourceScope::parse(&text).unwrap();
                assert_eq!(scope.filter.len(), 1, "{text}");
                assert_eq!(scope.text, text);
            }
        }
    }
}
