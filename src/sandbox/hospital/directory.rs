//! The hospital's directory and formulary as FHIR resources: they belong to no patient.

use serde_json::{Value, json};

use super::codes::meds::{Drug, FORMULARY};
use super::json as j;
use super::kind::Kind;
use super::staff::{CLINICIANS, Clinician, Group, HOSPITAL, OUTSIDE, PRACTICES, UNITS, Unit, Workplace};

/// A resource before it gets its `meta`.
pub type Plain = (Kind, String, &'static str, Value);

/// Every directory resource: type, id, US Core profile, body.
pub fn resources() -> Vec<Plain> {
    let mut all: Vec<Plain> = Vec::new();
    all.push((
        Kind::Organization,
        HOSPITAL.organization_id(),
        "us-core-organization",
        organization(&HOSPITAL),
    ));
    for group in PRACTICES.iter().chain(OUTSIDE) {
        all.push((Kind::Organization, group.organization_id(), "us-core-organization", organization(group)));
    }
    for unit in UNITS {
        all.push((Kind::Location, format!("loc-{}", unit.number), "us-core-location", location(unit)));
    }
    for clinician in CLINICIANS {
        all.push((
            Kind::Practitioner,
            clinician.practitioner_id(),
            "us-core-practitioner",
            practitioner(clinician),
        ));
        all.push((Kind::PractitionerRole, clinician.role_id(), "us-core-practitionerrole", role(clinician)));
    }
    for (at, drug) in FORMULARY.iter().enumerate() {
        all.push((Kind::Medication, medication_id(at), "us-core-medication", medication(drug)));
    }
    all
}

/// Logical id of the formulary entry at `at`.
fn medication_id(at: usize) -> String {
    format!("med-{}", 501 + at)
}

/// `Medication/...` of a stocked drug.
pub fn medication_reference(drug: &Drug) -> String {
    let at = FORMULARY.iter().position(|known| std::ptr::eq(*known, drug)).unwrap_or(0);
    format!("Medication/{}", medication_id(at))
}

/// `RxNorm` concept of a drug with the ordered product as text.
pub fn drug_concept(drug: &Drug) -> Value {
    j::concept_text(j::RXNORM, drug.rxcui, drug.ingredient, drug.product)
}

/// The organization for which somebody works.
pub fn employer(clinician: &Clinician) -> &'static Group {
    match clinician.workplace {
        Workplace::Hospital => &HOSPITAL,
        Workplace::Practice(at) => PRACTICES.get(at).unwrap_or(&HOSPITAL),
        Workplace::Outside(at) => OUTSIDE.get(at).unwrap_or(&HOSPITAL),
    }
}

fn medication(drug: &Drug) -> Value {
    json!({ "code": drug_concept(drug), "status": "active" })
}

fn address(group: &Group) -> Value {
    json!({
        "use": "work", "line": [group.street], "city": group.city, "state": "AZ",
        "postalCode": group.zip, "country": "US"
    })
}

fn organization(group: &Group) -> Value {
    json!({
        "identifier": [{ "system": j::NPI, "value": super::staff::npi(155_900_000 + group.number * 91) }],
        "active": true,
        "type": [j::hl7_concept("organization-type", "prov", "Healthcare Provider")],
        "name": group.name,
        "telecom": [j::phone(group.phone), { "system": "email", "value": format!("office@{}", group.domain), "use": "work" }],
        "address": [address(group)]
    })
}

fn location(unit: &Unit) -> Value {
    json!({
        "identifier": [{ "system": "https://saguarochildrens.example/fhir/sid/unit", "value": unit.number.to_string() }],
        "status": "active",
        "name": unit.name,
        "mode": "instance",
        "type": [{ "coding": [j::coding(&j::hl7("v3-RoleCode"), unit.role, unit.role_name)], "text": unit.role_name }],
        "telecom": [j::phone(unit.phone)],
        "address": address(&HOSPITAL),
        "managingOrganization": j::reference("Organization/org-1", HOSPITAL.name)
    })
}

fn practitioner(clinician: &Clinician) -> Value {
    let group = employer(clinician);
    let mut name = json!({
        "use": "official", "family": clinician.family, "given": [clinician.given],
        "suffix": [clinician.credential], "text": clinician.signed()
    });
    if matches!(clinician.credential, "MD" | "DO") {
        j::set(&mut name, "prefix", json!(["Dr."]));
    }
    json!({
        "identifier": [{ "use": "official", "type": j::hl7_concept("v2-0203", "NPI", "National provider identifier"), "system": j::NPI, "value": clinician.npi() }],
        "active": true,
        "name": [name],
        "telecom": [j::phone(&clinician.phone()), { "system": "email", "value": clinician.email(), "use": "work" }],
        "address": [address(group)],
        "gender": clinician.gender,
        "qualification": [{ "code": { "text": clinician.credential } }]
    })
}

fn role(clinician: &Clinician) -> Value {
    let group = employer(clinician);
    let organization = format!("Organization/{}", group.organization_id());
    let code = match clinician.credential {
        "RN" => ("nurse", "Nurse"),
        "PharmD" => ("pharmacist", "Pharmacist"),
        _ => ("doctor", "Doctor"),
    };
    json!({
        "active": true,
        "practitioner": j::reference(&clinician.reference(), &clinician.signed()),
        "organization": j::reference(&organization, group.name),
        "code": [j::hl7_concept("practitioner-role", code.0, code.1)],
        "specialty": [j::concept(j::NUCC, clinician.specialty.nucc, clinician.specialty.name)],
        "telecom": [j::phone(&clinician.phone())],
        "availabilityExceptions": "Closed on public holidays"
    })
}
