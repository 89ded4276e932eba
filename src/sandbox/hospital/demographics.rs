//! Patient, `RelatedPerson`, Person and Coverage.

use serde_json::{Value, json};

use super::chart::Chart;
use super::entry::Draft;
use super::kind::Kind;
use super::person::{Carer, Child, Gp, Household, patient_id};
use super::staff::HOSPITAL;
use super::{json as j, time};
use crate::domain::clock::Timestamp;

/// The Patient of `child`, registered at birth or at most two years before `now`.
pub fn patient(child: &Child, now: Timestamp) -> Draft {
    let registered = time::at(child.birth, 9, 0).max(time::after(now, -2 * 365 * 1440));
    Draft {
        kind: Kind::Patient,
        id: child.id(),
        updated: registered.min(now),
        profiles: vec!["us-core-patient"],
        labels: Vec::new(),
        body: patient_body(child),
    }
}

fn patient_body(child: &Child) -> Value {
    let home = &child.household;
    let given: Vec<&str> =
        [child.given.as_str(), child.middle.as_str()].into_iter().filter(|g| !g.is_empty()).collect();
    let mut body = json!({
        "extension": extensions(child),
        "identifier": [{
            "use": "usual",
            "type": j::hl7_concept("v2-0203", "MR", "Medical record number"),
            "system": j::MRN,
            "value": child.mrn,
            "assigner": { "display": HOSPITAL.name }
        }],
        "active": true,
        "name": [{ "use": "official", "family": child.family, "given": given, "text": child.name() }],
        "telecom": [{ "system": "phone", "value": home.phone, "use": "home" }],
        "gender": if child.girl { "female" } else { "male" },
        "birthDate": child.birth.to_string(),
        "address": [address(home)],
        "contact": home.carers.iter().map(|carer| contact(home, carer)).collect::<Vec<_>>(),
        "communication": [{
            "language": { "coding": [j::coding("urn:ietf:bcp:47", home.language.0, home.language.1)], "text": home.language.1 },
            "preferred": true
        }],
        "managingOrganization": j::reference("Organization/org-1", HOSPITAL.name)
    });
    if !child.gp.is_empty() {
        j::set(&mut body, "generalPractitioner", general_practitioner(&child.gp));
    }
    body
}

/// `Patient.generalPractitioner`.
pub fn general_practitioner(gp: &[Gp]) -> Value {
    gp.iter().map(|one| j::reference(&one.reference(), &one.display())).collect()
}

fn extensions(child: &Child) -> Value {
    let omb = "urn:oid:2.16.840.1.113883.6.238";
    let (code, words) = child.race;
    let ethnicity =
        if child.hispanic { ("2135-2", "Hispanic or Latino") } else { ("2186-5", "Not Hispanic or Latino") };
    json!([
        { "url": j::us_core("us-core-race"), "extension": [
            { "url": "ombCategory", "valueCoding": j::coding(omb, code, words) },
            { "url": "text", "valueString": words }
        ] },
        { "url": j::us_core("us-core-ethnicity"), "extension": [
            { "url": "ombCategory", "valueCoding": j::coding(omb, ethnicity.0, ethnicity.1) },
            { "url": "text", "valueString": ethnicity.1 }
        ] },
        { "url": j::us_core("us-core-birthsex"), "valueCode": if child.girl { "F" } else { "M" } }
    ])
}

fn address(home: &Household) -> Value {
    let (line, city, zip) = &home.address;
    json!({ "use": "home", "line": [line], "city": city, "state": "AZ", "postalCode": zip, "country": "US" })
}

fn contact(home: &Household, carer: &Carer) -> Value {
    json!({
        "relationship": [j::hl7_concept("v3-RoleCode", carer.relation.0, carer.relation.1)],
        "name": { "family": carer.family, "given": [carer.given] },
        "telecom": [{ "system": "phone", "value": home.phone, "use": "mobile" }]
    })
}

/// Writes Patient, the child's `RelatedPersons` and, in the first child's record, the Persons that link them.
///
/// Their slots are fixed, because records of siblings point to each other: 0 is the Patient, 1.. are the
/// `RelatedPersons`, then the Persons.
pub fn write(chart: &mut Chart<'_>) {
    let draft = patient(chart.child, chart.now);
    let registered = draft.updated;
    chart.add(Kind::Patient, &["us-core-patient"], registered, draft.body);
    let home = &chart.child.household;
    for carer in &home.carers {
        let body = related_person(chart, home, carer);
        chart.add(Kind::RelatedPerson, &["us-core-relatedperson"], registered, body);
    }
    if home.children.first() == Some(&chart.child.index) {
        for (place, carer) in home.carers.iter().enumerate() {
            let body = person(home, place, carer);
            chart.add(Kind::Person, &[], registered, body);
        }
    }
    let body = coverage(chart, registered);
    chart.add(Kind::Coverage, &["us-core-coverage"], registered, body);
}

fn related_person(chart: &Chart<'_>, home: &Household, carer: &Carer) -> Value {
    json!({
        "active": true,
        "patient": chart.subject(),
        "relationship": [{
            "coding": [
                j::coding(&j::hl7("v3-RoleCode"), carer.relation.0, carer.relation.1),
                j::coding(&j::hl7("v3-RoleCode"), "GUARD", "guardian")
            ],
            "text": carer.relation.1
        }],
        "name": [{ "use": "official", "family": carer.family, "given": [carer.given], "text": format!("{} {}", carer.given, carer.family) }],
        "telecom": [
            { "system": "phone", "value": home.phone, "use": "mobile" },
            { "system": "email", "value": carer.email(), "use": "home" }
        ],
        "gender": carer.gender(),
        "address": [address(home)]
    })
}

/// `RelatedPerson/...` of the carer at `place` for the child at `index`.
pub fn related_person_id(index: usize, place: usize) -> String {
    format!("{}-{}{}", patient_id(index), Kind::RelatedPerson.mark(), place + 1)
}

/// Logical id of the Person of the carer at `place` of a household.
pub fn person_id(home: &Household, place: usize) -> String {
    let first = home.children.first().copied().unwrap_or(0);
    format!("{}-{}{}", patient_id(first), Kind::Person.mark(), home.carers.len() + 1 + place)
}

fn person(home: &Household, place: usize, carer: &Carer) -> Value {
    let links: Vec<Value> = home
        .children
        .iter()
        .map(|child| {
            json!({ "target": { "reference": format!("RelatedPerson/{}", related_person_id(*child, place)) }, "assurance": "level3" })
        })
        .collect();
    json!({
        "identifier": [{ "system": "https://saguarochildrens.example/fhir/sid/portal-account", "value": carer.email() }],
        "name": [{ "use": "official", "family": carer.family, "given": [carer.given], "text": format!("{} {}", carer.given, carer.family) }],
        "telecom": [{ "system": "email", "value": carer.email(), "use": "home" }],
        "gender": carer.gender(),
        "active": true,
        "link": links
    })
}

fn coverage(chart: &mut Chart<'_>, from: Timestamp) -> Value {
    let member = format!("W{:09}", 100_000_000 + chart.child.index * 7919 % 899_999_999);
    let plan = *chart.draw.pick(&["Arizona Family Plan", "Saguaro State Medicaid", "Mesa Mutual PPO"]);
    json!({
        "identifier": [{ "type": j::hl7_concept("v2-0203", "MB", "Member Number"), "system": "https://payer.example/member", "value": member }],
        "status": "active",
        "type": { "coding": [j::coding("https://nahdo.org/sopt", "5", "Private Health Insurance")], "text": plan },
        "subscriberId": member,
        "beneficiary": chart.subject(),
        "relationship": j::hl7_concept("subscriber-relationship", "child", "Child"),
        "period": { "start": time::day_of(from).to_string() },
        "payor": [{ "display": plan }],
        "class": [{ "type": j::hl7_concept("coverage-class", "plan", "Plan"), "value": "A1", "name": plan }]
    })
}
