//! Random hospitals: five children, their records with everything odd that records have, and the clinicians around them.

use serde_json::{Value, json};

use super::dice::Dice;
use super::ward::{Row, Ward, name};

pub const PATIENTS: [&str; 5] = ["p0", "p1", "p2", "p3", "p4"];
/// NPIs of the clinicians d0 to d5; the first four have accounts.
pub const NPIS: [&str; 6] =
    ["1234567893", "1245319599", "1003000126", "1497758544", "1679576722", "1538106505"];
pub const ORGANIZATIONS: [&str; 2] = ["org-n", "org-s"];
const CATEGORIES: &str = "http://terminology.hl7.org/CodeSystem/observation-category";
const REPORTS: &str = "http://terminology.hl7.org/CodeSystem/v2-0074";

/// Types that belong to a patient, with how many of each a patient has at most.
pub const CLINICAL: &[(&str, usize)] = &[
    ("Observation", 6),
    ("Encounter", 3),
    ("Condition", 2),
    ("DocumentReference", 3),
    ("DiagnosticReport", 3),
    ("MedicationRequest", 3),
    ("MedicationDispense", 1),
    ("Procedure", 2),
    ("CareTeam", 2),
    ("CarePlan", 1),
    ("Goal", 1),
    ("AllergyIntolerance", 1),
    ("Immunization", 1),
    ("Coverage", 1),
    ("Device", 1),
    ("RelatedPerson", 1),
    ("ServiceRequest", 1),
    ("Specimen", 1),
    ("QuestionnaireResponse", 1),
    ("FamilyMemberHistory", 1),
];
pub const DIRECTORY: &[&str] =
    &["Practitioner", "PractitionerRole", "Organization", "Location", "HealthcareService", "Endpoint"];
pub const THROUGH: &[&str] = &["Medication", "Binary", "Provenance"];

pub fn hospital(dice: &mut Dice) -> Ward {
    let mut ward = Ward {
        ignores_patient: dice.chance(40),
        includes_all: dice.chance(40),
        page: dice.one(&[5, 7, 100, 100]),
        ..Ward::default()
    };
    let mut all = directory(dice);
    for patient in PATIENTS {
        all.push(child(dice, patient));
        for (kind, most) in CLINICAL {
            for number in 0..=dice.below(*most) {
                let id = format!("{patient}-{}{number}", kind.to_lowercase());
                all.push(clinical(dice, kind, &id, patient));
            }
        }
        for number in 0..4 {
            all.push(labelled(
                dice,
                json!({"resourceType": "Medication", "id": format!("{patient}-drug{number}")}),
                10,
            ));
            all.push(binary(dice, &format!("{patient}-note{number}")));
        }
    }
    let names: Vec<String> = all.iter().map(name).collect();
    for patient in PATIENTS {
        for number in 0..3 {
            let own: Vec<&String> =
                names.iter().filter(|name| name.contains(&format!("/{patient}"))).collect();
            let mut targets: Vec<String> = (0..=dice.below(2)).map(|_| dice.one(&own).clone()).collect();
            if dice.chance(20) {
                targets.push(dice.one(&names));
            }
            let targets: Vec<Value> = targets.iter().map(|target| json!({"reference": target})).collect();
            let id = format!("{patient}-prov{number}");
            all.push(labelled(dice, json!({"resourceType": "Provenance", "id": id, "target": targets}), 10));
        }
    }
    // Their order tells nothing.
    for at in (1..all.len()).rev() {
        all.swap(at, dice.below(at + 1));
    }
    ward.rows = all
        .into_iter()
        .map(|resource| Row { versions: vec![stamped(resource, 1)], deleted: false })
        .collect();
    for _ in 0..3 {
        let at = dice.below(ward.rows.len());
        ward.rows[at].deleted = true;
    }
    ward
}

/// With its version and a mark by which it is known wherever it turns up.
pub fn stamped(mut resource: Value, version: usize) -> Value {
    resource["meta"]["versionId"] = json!(version.to_string());
    let mark = mark(&name(&resource), version);
    if resource["x-raw"].is_string() {
        resource["x-raw"] = json!(mark);
    } else if resource["data"].is_string() {
        use base64::Engine as _;
        resource["data"] = json!(base64::engine::general_purpose::STANDARD.encode(mark));
    } else {
        resource["x-mark"] = json!(mark);
    }
    resource
}

pub fn mark(name: &str, version: usize) -> String {
    format!("~{name}~{version}~")
}

fn directory(dice: &mut Dice) -> Vec<Value> {
    let mut all = Vec::new();
    for (at, npi) in NPIS.iter().enumerate() {
        let identifier = json!([{"system": "http://hl7.org/fhir/sid/us-npi", "value": npi}]);
        all.push(json!({"resourceType": "Practitioner", "id": format!("d{at}"), "identifier": identifier, "name": [{"family": "Doc"}]}));
        let mut role =
            json!({"resourceType": "PractitionerRole", "id": format!("r{at}"), "active": !dice.chance(15)});
        if dice.chance(80) {
            role["practitioner"] = json!({"reference": format!("Practitioner/d{}", dice.below(NPIS.len()))});
        }
        if dice.chance(70) {
            role["organization"] = json!({"reference": format!("Organization/{}", dice.one(&ORGANIZATIONS))});
        }
        all.push(role);
    }
    all.extend(ORGANIZATIONS.map(|id| json!({"resourceType": "Organization", "id": id, "name": "Clinic"})));
    for kind in ["Location", "HealthcareService", "Endpoint", "Organization"] {
        all.push(labelled(dice, json!({"resourceType": kind, "id": "place", "status": "active"}), 30));
    }
    // The EHR's own groups are nobody's.
    all.push(json!({"resourceType": "Group", "id": "north", "type": "person", "actual": true,
        "member": [{"entity": {"reference": "Patient/p0"}}]}));
    all
}

/// Those whom a `generalPractitioner` may name.
pub fn general_practitioners(dice: &mut Dice) -> Value {
    let count = dice.one(&[0, 1, 1, 1, 2, 3]);
    let one = |dice: &mut Dice| {
        let reference = match dice.below(4) {
            0 => format!("Organization/{}", dice.one(&ORGANIZATIONS)),
            1 => format!("PractitionerRole/r{}", dice.below(NPIS.len())),
            2 => format!("{{ehr}}/Practitioner/d{}", dice.below(NPIS.len())),
            _ => format!("Practitioner/d{}", dice.below(NPIS.len())),
        };
        json!({"reference": reference})
    };
    Value::Array((0..count).map(|_| one(dice)).collect())
}

fn child(dice: &mut Dice, id: &str) -> Value {
    let family = dice.one(&["Fox", "Elk"]);
    let mut patient = json!({"resourceType": "Patient", "id": id, "active": true, "name": [{"family": family, "given": ["Kit"]}],
        "birthDate": "2019-02-03", "identifier": [{"system": "urn:mrn", "value": format!("MRN-{id}")}]});
    patient["generalPractitioner"] = general_practitioners(dice);
    // Merged into another.
    if dice.chance(15) {
        let other = dice.one(&PATIENTS);
        patient["active"] = json!(false);
        patient["link"] =
            json!([{"other": {"reference": format!("Patient/{other}")}, "type": "replaced-by"}]);
    }
    labelled(dice, patient, 8)
}

fn binary(dice: &mut Dice, id: &str) -> Value {
    if dice.chance(50) {
        json!({"resourceType": "Binary", "id": id, "contentType": "text/plain", "x-raw": ""})
    } else {
        labelled(
            dice,
            json!({"resourceType": "Binary", "id": id, "contentType": "text/plain", "data": ""}),
            20,
        )
    }
}

/// A label for so many of a hundred.
fn labelled(dice: &mut Dice, mut resource: Value, percent: usize) -> Value {
    if dice.chance(percent) {
        resource["meta"]["security"] = json!([label(dice)]);
    }
    resource
}

pub fn label(dice: &mut Dice) -> Value {
    match dice.below(5) {
        0 => json!({"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}),
        1 => json!({"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY"}),
        2 => json!({"system": "https://hospital.example/labels", "code": "quiet"}),
        3 => json!({"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "N"}),
        _ => json!({"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}),
    }
}

pub fn category(dice: &mut Dice, kind: &str) -> Value {
    let of = |system: &str, code: &str| json!({"coding": [{"system": system, "code": code}]});
    match (kind, dice.below(5)) {
        ("DiagnosticReport", 0) => json!([of(REPORTS, "LAB")]),
        ("DiagnosticReport", 1) => json!([of(REPORTS, "RAD")]),
        ("DiagnosticReport", 2) => json!([of(REPORTS, "LAB"), of(REPORTS, "RAD")]),
        ("DiagnosticReport", 3) | (_, 0 | 1) => json!([of(CATEGORIES, "laboratory")]),
        (_, 2) => json!([of(CATEGORIES, "vital-signs")]),
        (_, 3) => json!([of(CATEGORIES, "laboratory"), of(CATEGORIES, "vital-signs")]),
        _ => json!([]),
    }
}

/// Who it is said to belong to: mostly the patient, at times in another spelling, or in one that says nothing.
fn owner(dice: &mut Dice, patient: &str) -> Value {
    match dice.below(40) {
        0 => json!({"reference": "urn:uuid:53fefa32-1111-2222-3333-444455556666"}),
        1 => json!({"display": "someone"}),
        2 => json!({"reference": format!("https://elsewhere.example/fhir/Patient/{patient}")}),
        3..6 => json!({"reference": format!("Patient/{patient}/_history/1")}),
        6..10 => json!({"reference": format!("{{ehr}}/Patient/{patient}")}),
        _ => json!({"reference": format!("Patient/{patient}")}),
    }
}

pub fn owner_key(kind: &str) -> &'static str {
    match kind {
        "AllergyIntolerance" | "Device" | "FamilyMemberHistory" | "Immunization" | "RelatedPerson" => {
            "patient"
        }
        "Coverage" => "beneficiary",
        _ => "subject",
    }
}

/// Types that have a category as `CodeableConcept`.
const CLASSIFIED: &[&str] = &[
    "CarePlan",
    "CareTeam",
    "Condition",
    "DiagnosticReport",
    "DocumentReference",
    "Goal",
    "MedicationDispense",
    "MedicationRequest",
    "Observation",
    "Procedure",
    "ServiceRequest",
];

fn clinical(dice: &mut Dice, kind: &str, id: &str, patient: &str) -> Value {
    let mut resource = json!({"resourceType": kind, "id": id, "status": "final"});
    resource[owner_key(kind)] = owner(dice, patient);
    if CLASSIFIED.contains(&kind) {
        resource["category"] = category(dice, kind);
    }
    let someone = |dice: &mut Dice| match dice.below(8) {
        0 => json!({"reference": format!("Patient/{}", dice.one(&PATIENTS))}),
        1 => json!({"reference": format!("Patient/{patient}")}),
        _ => json!({"reference": format!("Practitioner/d{}", dice.below(NPIS.len()))}),
    };
    let visit = json!({"reference": format!("Encounter/{patient}-encounter{}", dice.below(3))});
    let note = json!({"url": format!("{}Binary/{patient}-note{}", dice.one(&["", "{ehr}/"]), dice.below(4))});
    let drug = json!({"reference": format!("Medication/{patient}-drug{}", dice.below(4))});
    match kind {
        "Observation" => {
            resource["encounter"] = visit;
            resource["performer"] = json!([someone(dice)]);
        }
        "Encounter" => {
            resource["class"] = json!({"code": "AMB"});
            resource["participant"] =
                json!([{"individual": {"reference": format!("Practitioner/d{}", dice.below(NPIS.len()))}}]);
        }
        "DocumentReference" => {
            resource["status"] = json!(dice.one(&["current", "superseded"]));
            resource["type"] = json!({"coding": [{"system": "http://loinc.org", "code": dice.one(&["34133-9", "11506-3"])}]});
            resource["content"] = json!([{"attachment": note}]);
            resource["author"] = json!([someone(dice)]);
        }
        "DiagnosticReport" => {
            resource["presentedForm"] = json!([note]);
            let results: Vec<Value> = (0..dice.below(3))
                .map(|_| json!({"reference": format!("Observation/{patient}-observation{}", dice.below(6))}))
                .collect();
            resource["result"] = json!(results);
            resource["encounter"] = visit;
        }
        "MedicationRequest" => {
            resource["medicationReference"] = drug;
            resource["encounter"] = visit;
        }
        "MedicationDispense" => {
            resource["medicationReference"] = drug;
            resource["receiver"] = json!([someone(dice)]);
        }
        "Procedure" => {
            resource["performer"] = json!([{"actor": someone(dice)}]);
            resource["encounter"] = visit;
            if dice.chance(30) {
                resource["usedReference"] = json!([drug]);
            }
        }
        "CareTeam" => resource["participant"] = json!([{"member": someone(dice)}]),
        "CarePlan" => resource["activity"] = json!([{"detail": {"performer": [someone(dice)]}}]),
        "Condition" | "AllergyIntolerance" => resource["asserter"] = someone(dice),
        "Coverage" => resource["payor"] = json!([someone(dice)]),
        "ServiceRequest" => resource["performer"] = json!([someone(dice)]),
        "QuestionnaireResponse" => resource["author"] = someone(dice),
        _ => {}
    }
    if dice.chance(8) {
        let mut contained = json!({"resourceType": "Observation", "id": "in", "subject": {"reference": format!("Patient/{}", dice.one(&PATIENTS))}});
        if dice.chance(30) {
            contained["meta"] = json!({"security": [label(dice)]});
        }
        resource["contained"] = json!([contained]);
    }
    labelled(dice, resource, 18)
}

/// Whether this is a mark's resource.
pub fn of_mark(mark: &str) -> (String, usize) {
    let mut parts = mark.split('~').skip(1);
    (parts.next().unwrap().to_owned(), parts.next().unwrap().parse().unwrap())
}
