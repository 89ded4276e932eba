//! Security labels, `meta.security` (R4, "Security Labels"): which of them make a resource restricted (D-11).

use super::index::Coding;

/// How confidential: the systems under which EHRs send `v3-Confidentiality`.
const CONFIDENTIALITY: &[&str] = &[
    "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
    "http://hl7.org/fhir/v3/Confidentiality",
    "urn:oid:2.16.840.1.113883.5.25",
];

/// Systems whose codes say something else than who may see: purpose of use, and integrity or completeness of the data.
const HARMLESS: &[&str] = &[
    "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "http://hl7.org/fhir/v3/ActReason",
    "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "http://hl7.org/fhir/v3/ObservationValue",
];

/// Whether one label restricts. Confidentiality up to normal does not, nor do purposes of use and marks of integrity. All
/// else does: `R` and `V`; the sensitivities of `v3-ActCode` (ETH, HIV, PSY, SEX, ...); and whatever is unknown here, as a
/// label that the hospital made up may mean anything.
pub fn is_restricting(label: &Coding) -> bool {
    let system = &*label.system;
    if system.is_empty() || CONFIDENTIALITY.contains(&system) {
        return !matches!(&*label.code, "U" | "L" | "M" | "N");
    }
    !HARMLESS.contains(&system)
}

/// Whether any of a resource's labels restricts.
pub fn is_restricted(labels: &[Coding]) -> bool {
    labels.iter().any(is_restricting)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "N", false)]
    #[case("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "L", false)]
    #[case("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "R", true)]
    #[case("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "V", true)]
    #[case("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "r", true)]
    #[case("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "", true)]
    #[case("http://hl7.org/fhir/v3/Confidentiality", "R", true)]
    #[case("http://terminology.hl7.org/CodeSystem/v3-ActCode", "PSY", true)]
    #[case("http://terminology.hl7.org/CodeSystem/v3-ActCode", "SEX", true)]
    #[case("http://terminology.hl7.org/CodeSystem/v3-ActCode", "NODSCLCD", true)]
    #[case("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST", false)]
    #[case("http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "SUBSETTED", false)]
    #[case("https://hospital.example/labels", "N", true)]
    #[case("", "N", false)]
    #[case("", "R", true)]
    #[case("", "", true)]
    fn d11_which_labels_restrict(#[case] system: &str, #[case] code: &str, #[case] restricts: bool) {
        assert_eq!(is_restricting(&Coding { system: system.into(), code: code.into() }), restricts);
    }
}
