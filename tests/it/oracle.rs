//! A second, naive implementation of the policy, written from DESIGN.md 2 and the requirements alone: it knows plain JSON and
//! the world, and shares no rule with `access` or `fhir`. Random hospitals, subjects, scopes, requests and answers of the EHR
//! go through both; what comes out of the product must be exactly what the oracle says, and must not depend on anything that
//! the oracle says is hidden.

use std::collections::BTreeSet;
use std::time::Duration;

use chartgate::access::refusal::Refusal;
use chartgate::domain::grant::DataKinds;
use chartgate::fhir::interaction::Interaction;
use chartgate::fhir::resource_type::ResourceType;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use crate::oracle_world::*;

const PATIENTS: &[&str] = &["kim", "lee", "max"];
const NPIS: &[&str] = &["1234567893", "1245319599", "1003000126", "1497758544"];
const PROVIDERS: &[&str] = &["ana", "ben", "eve", "jon"];
const PRACTICES: &[&str] = &["north", "south"];
const ORGANIZATIONS: &[&str] = &["org-n", "org-s"];
const ACTORS: &[&str] =
    &["ana", "ben", "eve", "jon", "nia", "pat", "gus", "sue", "stranger", "system:north", "system:south"];
const SCOPES: &[&str] = &[
    "user/*.rs",
    "user/*.read",
    "user/*.r",
    "user/*.s",
    "patient/*.rs",
    "patient/*.rs",
    "patient/*.cruds",
    "system/*.rs",
    "system/*.rs",
    "user/Observation.rs",
    "patient/Observation.rs",
    "user/Observation.rs?category=laboratory",
    "patient/Observation.rs?category=cats|vital-signs",
    "user/DocumentReference.rs",
    "patient/Binary.rs",
    "user/Binary.r",
    "user/Medication.rs",
    "patient/Medication.s",
    "user/Provenance.rs",
    "patient/MedicationRequest.rs",
    "user/Patient.rs",
    "user/Patient.write",
    "user/Practitioner.rs",
    "patient/Location.r",
    "system/Observation.rs?category=cats|laboratory",
    "user/*.rs?category=laboratory",
    "user/Condition.rs",
    "openid",
    "nonsense",
    "user/Observation.sr",
];

/// The types of which the EHR's own resources are shown.
fn from_the_ehr() -> Vec<ResourceType> {
    ResourceType::ALL.iter().copied().filter(|kind| *kind != ResourceType::Group).collect()
}

// ---- The oracle ----------------------------------------------------------------------------------------------------

/// Who asks, in plain terms.
#[derive(Clone, Debug)]
struct Asker {
    actor: &'static str,
    scopes: Vec<&'static str>,
    launch: Option<&'static str>,
}

/// A reason for access: kinds of data, and whether restricted labels are covered.
type Basis = (Vec<&'static str>, bool);

struct Oracle<'a> {
    world: &'a World,
    asker: &'a Asker,
}

impl Oracle<'_> {
    fn is_active(&self) -> bool {
        let name = self.asker.actor.strip_prefix("system:").unwrap_or(self.asker.actor);
        let known = self.world.people.contains_key(name) || self.world.practices.contains_key(name);
        known && !self.world.suspended.contains(name)
    }

    /// The providers in whose name the asker sees records.
    fn providers(&self) -> Vec<&'static str> {
        match self.world.people.get(self.asker.actor) {
            Some(Person::Provider { .. }) => vec![self.asker.actor],
            Some(Person::Sponsored { sponsors }) => {
                sponsors.iter().copied().filter(|sponsor| !self.world.suspended.contains(sponsor)).collect()
            }
            _ => vec![],
        }
    }

    fn system(&self) -> Option<&'static str> {
        self.asker.actor.strip_prefix("system:")
    }

    fn is_pcp_practice(&self, practice: &str, patient: &str) -> bool {
        let (roster, organization) = &self.world.practices[practice];
        let Some((npis, organizations)) = self.world.pcps.get(patient) else { return false };
        npis.iter().any(|npi| roster.contains(npi))
            || organization.is_some_and(|own| organizations.contains(&own))
    }

    fn npi(&self, provider: &str) -> &'static str {
        match &self.world.people[provider] {
            Person::Provider { npi } => npi,
            _ => unreachable!(),
        }
    }

    fn grants(&self, provider: &str, patient: &str) -> Vec<Basis> {
        let holds = |grant: &&chartgate::domain::grant::Grant| {
            grant.provider.as_str() == provider
                && grant.patient.as_str() == patient
                && grant.revoked_at.is_none()
                && grant.ends_at.is_none_or(|end| end > NOW)
                && grant.created_at <= NOW
        };
        let kinds = |bits: u8| {
            let all = ["visits", "notes", "medications", "labs"].into_iter().enumerate();
            all.filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, kind)| kind).collect()
        };
        self.world
            .grants
            .iter()
            .filter(holds)
            .map(|grant| (kinds(grant.kinds.bits()), grant.covers_restricted))
            .collect()
    }

    fn bases(&self, patient: &str) -> Vec<Basis> {
        let everything = || (vec!["visits", "notes", "medications", "labs"], false);
        let mut bases = Vec::new();
        for provider in self.providers() {
            for (practice, (roster, _)) in &self.world.practices {
                if roster.contains(&self.npi(provider)) && self.is_pcp_practice(practice, patient) {
                    bases.push(everything());
                }
            }
            bases.extend(self.grants(provider, patient));
        }
        if let Some(practice) = self.system() {
            if self.is_pcp_practice(practice, patient) {
                bases.push(everything());
            }
            if self.world.practice_systems_use_grants {
                let roster = &self.world.practices[practice].0;
                for provider in PROVIDERS {
                    if roster.contains(&self.npi(provider)) && !self.world.suspended.contains(provider) {
                        bases.extend(self.grants(provider, patient));
                    }
                }
            }
        }
        bases
    }

    /// Whether one scope lets the asker `r`ead or `s`earch this type, category and, in its own context, these patients.
    fn scope_allows(
        &self,
        scope: &str,
        letter: char,
        kind: &str,
        categories: &[(String, String)],
        patients: &[String],
    ) -> bool {
        let Some((context, rest)) = scope.split_once('/') else { return false };
        let (target, filter) =
            rest.split_once("?category=").map_or((rest, None), |(target, value)| (target, Some(value)));
        let Some((name, permissions)) = target.split_once('.') else { return false };
        let letters = match permissions {
            "read" | "cruds" | "rs" => "rs",
            "r" => "r",
            "s" => "s",
            _ => "",
        };
        let in_context = match (context, self.system()) {
            ("user", None) | ("system", Some(_)) => true,
            ("patient", None) => {
                self.asker.launch.is_some_and(|launch| patients.iter().all(|patient| patient == launch))
            }
            _ => false,
        };
        let in_category = filter.is_none_or(|token| {
            categories.iter().any(|(system, code)| token == code || token == format!("{system}|{code}"))
        });
        in_context && in_category && letters.contains(letter) && (name == "*" || name == kind)
    }

    /// What depends on the token alone.
    fn has_scope(&self, letter: char, kind: &str) -> bool {
        self.asker.scopes.iter().any(|scope| {
            let bare = scope.split('?').next().unwrap();
            let launched = !bare.starts_with("patient/") || self.asker.launch.is_some();
            launched && self.scope_allows(bare, letter, kind, &[], &[])
        })
    }

    fn sees_patient(&self, letter: char, kind: &str, patient: &str) -> bool {
        let named = [patient.to_owned()];
        let scoped = self
            .asker
            .scopes
            .iter()
            .any(|scope| self.scope_allows(scope.split('?').next().unwrap(), letter, kind, &[], &named));
        scoped && !self.bases(patient).is_empty()
    }

    /// Whether a resource that stands by itself may be seen.
    fn sees(&self, letter: char, resource: &Value) -> bool {
        let kind = text(&resource["resourceType"]);
        let patients = if is_directory(kind) { Some(vec![]) } else { patients_of(resource) };
        let Some(patients) = patients else { return false };
        let represented = !self.providers().is_empty() || self.system().is_some();
        let scoped = self
            .asker
            .scopes
            .iter()
            .any(|scope| self.scope_allows(scope, letter, kind, &categories(resource), &patients));
        self.is_active() && represented && scoped && self.is_related(resource, is_restricted(resource))
    }

    /// The part that does not depend on scopes: every patient within reach, for its kind of data and its labels.
    fn is_related(&self, resource: &Value, restricted: bool) -> bool {
        let kind = text(&resource["resourceType"]);
        if is_directory(kind) || through_others(kind) {
            return !restricted;
        }
        let needed = kinds_needed(kind, &categories(resource));
        patients_of(resource).unwrap().iter().all(|patient| {
            let bases = self.bases(patient);
            let enough = |(kinds, covers): &Basis| {
                needed.iter().all(|kind| kinds.contains(kind)) && (*covers || !restricted)
            };
            bases.iter().any(enough)
        })
    }

    /// What of the EHR's answer may be seen: places of visible resources. `matches` are those that the search matched; the others
    /// were included, and are seen only with a match that refers to them, or to which they, as Provenance, refer.
    fn visible(
        &self,
        letter: char,
        asked: Option<&str>,
        resources: &[Value],
        matches: &[bool],
    ) -> BTreeSet<usize> {
        let asked_for = |resource: &Value| {
            let kind = text(&resource["resourceType"]);
            is_directory(kind)
                || asked.is_none_or(|asked| {
                    patients_of(resource).is_some_and(|patients| patients.iter().any(|p| p == asked))
                })
        };
        let mut seen: BTreeSet<usize> = (0..resources.len())
            .filter(|place| !through_others(text(&resources[*place]["resourceType"])))
            .filter(|place| asked_for(&resources[*place]) && self.sees(letter, &resources[*place]))
            .collect();
        let shown: Vec<usize> = seen.iter().copied().filter(|place| matches[*place]).collect();
        let name =
            |resource: &Value| format!("{}/{}", text(&resource["resourceType"]), text(&resource["id"]));
        let came_along = |place: usize| {
            let own = &resources[place];
            matches[place]
                || shown.iter().any(|shown| {
                    let other = &resources[*shown];
                    names_in(other).contains(&name(own))
                        || own["resourceType"] == "Provenance" && names_in(own).contains(&name(other))
                })
        };
        seen.retain(|place| came_along(*place));
        for kind in ["Medication", "Binary", "Provenance"] {
            for (place, resource) in resources.iter().enumerate() {
                if text(&resource["resourceType"]) == kind
                    && came_along(place)
                    && self.sees_through(letter, resource, &seen, resources)
                {
                    seen.insert(place);
                }
            }
        }
        seen
    }

    fn sees_through(
        &self,
        letter: char,
        resource: &Value,
        seen: &BTreeSet<usize>,
        resources: &[Value],
    ) -> bool {
        let kind = text(&resource["resourceType"]);
        let name = format!("{kind}/{}", text(&resource["id"]));
        let restricted = is_restricted(resource);
        let opens = |place: &usize| {
            let other = &resources[*place];
            let other_kind = text(&other["resourceType"]);
            let patients = if is_directory(other_kind) || through_others(other_kind) {
                vec![]
            } else {
                patients_of(other).unwrap()
            };
            let scoped = self
                .asker
                .scopes
                .iter()
                .any(|scope| self.scope_allows(scope, letter, kind, &categories(resource), &patients));
            scoped && self.is_related(other, restricted || is_restricted(other))
        };
        match kind {
            "Medication" => seen.iter().any(|place| {
                resources[*place]
                    .pointer("/medicationReference/reference")
                    .is_some_and(|reference| *reference == *name)
                    && opens(place)
            }),
            "Binary" => seen.iter().any(|place| {
                let attachment = resources[*place].pointer("/content/0/attachment/url");
                let form = resources[*place].pointer("/presentedForm/0/url");
                attachment
                    .or(form)
                    .is_some_and(|url| text(url).trim_start_matches(&format!("{EHR}/")) == name)
                    && opens(place)
            }),
            _ => {
                let targets = resource["target"].as_array().unwrap();
                !targets.is_empty()
                    && targets.iter().all(|target| {
                        seen.iter().any(|place| {
                            let other = &resources[*place];
                            target["reference"]
                                == format!("{}/{}", text(&other["resourceType"]), text(&other["id"]))
                                && opens(place)
                        })
                    })
            }
        }
    }
}

/// Every resource that something in `value` refers to by `reference`.
fn names_in(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().flat_map(names_in).collect(),
        Value::Object(members) => {
            let own = members.get("reference").and_then(Value::as_str).map(|reference| {
                let local = reference
                    .trim_start_matches(&format!("{EHR}/"))
                    .trim_start_matches(&format!("{FACADE}/"));
                local.split("/_history/").next().unwrap_or_default().to_owned()
            });
            own.into_iter().chain(members.values().flat_map(names_in)).collect()
        }
        _ => Vec::new(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn is_directory(kind: &str) -> bool {
    matches!(
        kind,
        "Practitioner" | "PractitionerRole" | "Organization" | "Location" | "HealthcareService" | "Endpoint"
    )
}

fn through_others(kind: &str) -> bool {
    matches!(kind, "Medication" | "Binary" | "Provenance")
}

fn is_restricted(resource: &Value) -> bool {
    resource["meta"]["security"]
        .as_array()
        .is_some_and(|labels| labels.iter().any(|label| label["code"] != "N"))
}

fn categories(resource: &Value) -> Vec<(String, String)> {
    let codings = resource["category"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|category| category["coding"].as_array().into_iter().flatten());
    codings.map(|coding| (text(&coding["system"]).to_owned(), text(&coding["code"]).to_owned())).collect()
}

fn kinds_needed(kind: &str, categories: &[(String, String)]) -> Vec<&'static str> {
    match kind {
        "Encounter"
        | "Procedure"
        | "CareTeam"
        | "CarePlan"
        | "Condition"
        | "Coverage"
        | "Device"
        | "FamilyMemberHistory"
        | "Goal"
        | "RelatedPerson"
        | "ServiceRequest" => vec!["visits"],
        "DocumentReference" | "QuestionnaireResponse" => vec!["notes"],
        "MedicationRequest" | "MedicationDispense" | "AllergyIntolerance" | "Immunization" => {
            vec!["medications"]
        }
        "Observation" | "Specimen" => vec!["labs"],
        "DiagnosticReport" => {
            let laboratory = |(system, code): &(String, String)| {
                code == "LAB" && system == "http://terminology.hl7.org/CodeSystem/v2-0074"
            };
            match (categories.iter().any(laboratory), categories.iter().all(laboratory)) {
                (true, true) => vec!["labs"],
                (false, false) => vec!["notes"],
                _ => vec!["labs", "notes"],
            }
        }
        "Patient" => vec![],
        other => panic!("{other}"),
    }
}

/// The patients in whose compartment a resource lies, by the paths of R4's `CompartmentDefinition`; `None` when that is not
/// clear, or there is none.
fn patients_of(resource: &Value) -> Option<Vec<String>> {
    let kind = text(&resource["resourceType"]);
    if kind == "Patient" {
        return Some(vec![text(&resource["id"]).to_owned()]);
    }
    let mut patients = vec![patient_in(resource.get(owner_of(kind))?)??];
    for path in also_paths(kind) {
        if let Some(reference) = resource.pointer(path)
            && let Some(further) = patient_in(reference)?
        {
            patients.push(further);
        }
    }
    Some(patients)
}

fn also_paths(kind: &str) -> &'static [&'static str] {
    match kind {
        "AllergyIntolerance" => &["/recorder", "/asserter"],
        "CarePlan" => &["/activity/0/detail/performer/0"],
        "Coverage" => &["/subscriber"],
        "MedicationDispense" => &["/receiver/0"],
        "QuestionnaireResponse" => &["/author"],
        "CareTeam" => &["/participant/0/member"],
        "Condition" => &["/asserter"],
        "DocumentReference" => &["/author/0"],
        "Observation" | "ServiceRequest" => &["/performer/0"],
        "Procedure" => &["/performer/0/actor"],
        _ => &[],
    }
}

/// `None`: unclear. `Some(None)`: no patient.
#[expect(clippy::option_option, reason = "three answers, and an oracle is best without a type of its own")]
fn patient_in(reference: &Value) -> Option<Option<String>> {
    let Some(reference) = reference["reference"].as_str() else { return Some(None) };
    let local = reference.trim_start_matches(&format!("{EHR}/")).trim_start_matches(&format!("{FACADE}/"));
    let parts = local.split('/').collect::<Vec<_>>();
    match parts.as_slice() {
        ["Patient", id] | ["Patient", id, "_history", _] => Some(Some((*id).to_owned())),
        [kind, _] if kind.starts_with(|first: char| first.is_uppercase()) => Some(None),
        _ => None,
    }
}

// ---- Random hospitals, askers and answers ---------------------------------------------------------------------------

fn some_of(all: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(all, 0..=all.len())
}

prop_compose! {
    fn a_grant()(
        provider in select(PROVIDERS), patient in select(PATIENTS), bits in 0_u8..16, everything in any::<bool>(),
        covers in any::<bool>(), end in 0..4, revoked in prop::bool::weighted(0.1), early in prop::bool::weighted(0.1),
    ) -> chartgate::domain::grant::Grant {
        let mut grant = grant(patient, provider);
        if !everything { grant.kinds = DataKinds::from_bits(bits); }
        grant.covers_restricted = covers;
        grant.ends_at = match end { 0 => Some(NOW), 1 => Some(NOW.plus(Duration::from_millis(1))), _ => None };
        grant.revoked_at = revoked.then_some(NOW);
        if early { grant.created_at = NOW.plus(Duration::from_millis(1)); }
        grant
    }
}

prop_compose! {
    fn a_world()(
        rosters in prop::collection::vec(some_of(NPIS), 2), has_organization in any::<[bool; 2]>(),
        npis in prop::collection::vec(some_of(NPIS), 3), organizations in prop::collection::vec(some_of(ORGANIZATIONS), 3),
        sponsors in prop::collection::vec(some_of(PROVIDERS), 2), grants in prop::collection::vec(a_grant(), 0..6),
        suspended in subsequence(ACTORS, 0..3), practice_systems_use_grants in any::<bool>(),
    ) -> World {
        let mut people = std::collections::BTreeMap::new();
        for (provider, npi) in PROVIDERS.iter().zip(NPIS) {
            people.insert(*provider, Person::Provider { npi });
        }
        people.insert("nia", Person::Sponsored { sponsors: sponsors[0].clone() });
        people.insert("pat", Person::Sponsored { sponsors: sponsors[1].clone() });
        people.insert("gus", Person::Guardian);
        people.insert("sue", Person::Staff);
        let practices = (0..2).map(|n| (PRACTICES[n], (rosters[n].clone(), has_organization[n].then_some(ORGANIZATIONS[n])))).collect();
        let pcps = (0..3).map(|n| (PATIENTS[n], (npis[n].clone(), organizations[n].clone()))).collect();
        let suspended = suspended.into_iter().map(|name| name.strip_prefix("system:").unwrap_or(name)).collect();
        World { people, suspended, practices, pcps, grants, practice_systems_use_grants, ..World::default() }
    }
}

prop_compose! {
    fn an_asker()(
        actor in select(ACTORS), scopes in prop::collection::vec(select(SCOPES), 0..4),
        wide in prop::bool::weighted(0.5), launch in prop::option::of(select(PATIENTS)),
    ) -> Asker {
        let mut scopes = scopes;
        if wide { scopes.push(if actor.starts_with("system:") { "system/*.rs" } else { "user/*.rs" }); }
        Asker { actor, scopes, launch }
    }
}

/// A reference to a patient, or to what cannot be read as one.
fn a_reference() -> impl Strategy<Value = Value> {
    (select(PATIENTS), 0..14).prop_map(|(patient, how)| match how {
        0 => json!({"reference": format!("{EHR}/Patient/{patient}")}),
        1 => json!({"reference": format!("Patient/{patient}/_history/3")}),
        2 => json!({"reference": format!("{FACADE}/Patient/{patient}")}),
        3 => json!({"reference": "urn:uuid:53fefa32-1111-2222-3333-444455556666"}),
        4 => json!({"reference": "Practitioner/doc"}),
        5 => json!({"display": "someone"}),
        6 => json!({"reference": "#inside"}),
        _ => json!({"reference": format!("Patient/{patient}")}),
    })
}

prop_compose! {
    fn a_resource(place: usize)(
        kind in select(from_the_ehr()), owner in a_reference(), further in prop::option::weighted(0.3, a_reference()),
        label in 0..12, category in 0..6, patient in select(PATIENTS), points_at in 0..8_usize, include in any::<bool>(),
        targets in prop::collection::vec((select(from_the_ehr()), 0..8_usize), 0..3),
    ) -> (Value, bool) {
        let name = kind.as_str();
        let mut resource = json!({"resourceType": name, "id": format!("r{place}"), "note": [{"text": format!("marker-{place}.")}]});
        if name == "Patient" {
            resource["id"] = json!(patient);
        } else if !is_directory(name) && !through_others(name) {
            resource[owner_of(name)] = owner;
            if let (Some(further), Some(path)) = (further, also_paths(name).first()) {
                match *path {
                    "/participant/0/member" => resource["participant"] = json!([{"member": further}]),
                    "/performer/0/actor" => resource["performer"] = json!([{"actor": further}]),
                    "/activity/0/detail/performer/0" => resource["activity"] = json!([{"detail": {"performer": [further]}}]),
                    "/receiver/0" => resource["receiver"] = json!([further]),
                    "/author/0" => resource["author"] = json!([further]),
                    "/performer/0" => resource["performer"] = json!([further]),
                    other => resource[&other[1..]] = further,
                }
            }
        }
        let label = match label {
            0 => Some(json!({"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"})),
            1 => Some(json!({"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY"})),
            2 => Some(json!({"system": "https://hospital.example/labels", "code": "quiet"})),
            3 => Some(json!({"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "N"})),
            _ => None,
        };
        if let Some(label) = label {
            resource["meta"] = json!({"security": [label]});
        }
        let coding = match category {
            0 => Some(("cats", "laboratory")),
            1 => Some(("cats", "vital-signs")),
            2 => Some(("http://terminology.hl7.org/CodeSystem/v2-0074", "LAB")),
            3 => Some(("http://terminology.hl7.org/CodeSystem/v2-0074", "RAD")),
            _ => None,
        };
        // The types whose category the policy reads as CodeableConcept.
        let classified = ["CarePlan", "Goal", "MedicationDispense", "ServiceRequest", "CareTeam", "Condition", "DiagnosticReport", "DocumentReference", "MedicationRequest", "Observation", "Procedure"];
        if let Some((system, code)) = coding && classified.contains(&name) {
            resource["category"] = json!([{"coding": [{"system": system, "code": code}]}]);
        }
        match name {
            "MedicationRequest" | "MedicationDispense" => resource["medicationReference"] = json!({"reference": format!("Medication/r{points_at}")}),
            "DocumentReference" => resource["content"] = json!([{"attachment": {"url": format!("{EHR}/Binary/r{points_at}")}}]),
            "DiagnosticReport" => resource["presentedForm"] = json!([{"url": format!("Binary/r{points_at}")}]),
            "Provenance" => {
                resource["target"] = targets.iter().map(|(kind, at)| json!({"reference": format!("{kind}/r{at}")})).collect();
            }
            _ => {}
        }
        (resource, include)
    }
}

/// What the EHR answers; entries that refer to one another come up often enough, as ids are few.
fn an_answer() -> impl Strategy<Value = Vec<(Value, bool)>> {
    (0..8_usize).prop_flat_map(|length| (0..length).map(a_resource).collect::<Vec<_>>()).prop_map(
        |mut answer| {
            // The same resource does not come twice in one searchset.
            let mut known = BTreeSet::new();
            answer.retain(|(resource, _)| {
                known.insert(format!("{}/{}", resource["resourceType"], resource["id"]))
            });
            // References to what is in the answer, so that going through referrers is tried.
            let names = answer
                .iter()
                .map(|(r, _)| format!("{}/{}", text(&r["resourceType"]), text(&r["id"])))
                .collect::<Vec<_>>();
            let one_of = |kind: &str| names.iter().find(|name| name.starts_with(kind)).cloned();
            for (place, (resource, _)) in answer.iter_mut().enumerate() {
                if place % 2 == 0 {
                    continue;
                }
                match text(&resource["resourceType"]).to_owned().as_str() {
                    "MedicationRequest" | "MedicationDispense" => {
                        if let Some(name) = one_of("Medication/") {
                            resource["medicationReference"]["reference"] = json!(name);
                        }
                    }
                    "DocumentReference" => {
                        if let Some(name) = one_of("Binary/") {
                            resource["content"][0]["attachment"]["url"] = json!(name);
                        }
                    }
                    "Provenance" => {
                        resource["target"] =
                            names.iter().take(place % 3 + 1).map(|name| json!({"reference": name})).collect();
                    }
                    _ => {}
                }
            }
            // What includes go by: each refers to about half of the others, under a name that nothing else looks at.
            for (place, (resource, _)) in answer.iter_mut().enumerate() {
                let some = names
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| (place + other) % 2 == 0 || *other == place + 1);
                resource["basedOn"] = some.map(|(_, name)| json!({"reference": name})).collect();
            }
            answer
        },
    )
}

fn bundle(resources: &[(Value, bool)]) -> String {
    let entry = |(resource, include): &(Value, bool)| {
        let mut entry = json!({"fullUrl": format!("{EHR}/x"), "resource": resource});
        if *include {
            entry["search"] = json!({"mode": "include"});
        }
        entry
    };
    json!({"resourceType": "Bundle", "type": "searchset", "total": 99, "entry": resources.iter().map(entry).collect::<Vec<_>>()}).to_string()
}

fn status(refusal: Refusal) -> u16 {
    match refusal {
        Refusal::Unauthenticated(_) => 401,
        Refusal::InsufficientScope(_) => 403,
        Refusal::NotFound(_) => 404,
        Refusal::FactsUnavailable | Refusal::AuditUnavailable => 503,
    }
}

fn bytes(answer: &Answer) -> Vec<u8> {
    answer.released.chunks().concat()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn searches_release_what_the_oracle_says_and_nothing_depends_on_the_rest(
        world in a_world(), asker in an_asker(), answer in an_answer(), kind in select(from_the_ehr()),
        patient in prop::option::of(select(PATIENTS)), page in any::<bool>(),
    ) {
        let oracle = Oracle { world: &world, asker: &asker };
        let subject = subject(asker.actor, &asker.scopes.join(" "), asker.launch);
        let gate = world.clone().gate();
        let kind = answer.first().map_or(kind, |(resource, _)| ResourceType::parse(text(&resource["resourceType"])).unwrap());
        let mut asked = search(kind, patient);
        if let (true, Interaction::Search(search)) = (page, &asked) {
            asked = Interaction::Page { search: search.clone(), upstream: "?_getpages=7".into() };
        }
        let name = kind.as_str();
        let represented = !oracle.providers().is_empty() || oracle.system().is_some();
        let refused = if !oracle.is_active() { Some(401) }
            else if !oracle.has_scope('s', name) { Some(403) }
            else if !represented { Some(404) }
            else if is_directory(name) || through_others(name) { None }
            else { patient.filter(|patient| !oracle.sees_patient('s', name, patient)).map(|_| 404) };

        let result = gate.ask(&subject, &asked, &bundle(&answer));
        if let Some(expected) = refused {
            prop_assert_eq!(result.map(|answer| answer.names()).map_err(status), Err(expected));
            return Ok(());
        }
        let released = result.unwrap();
        let resources = answer.iter().map(|(resource, _)| resource.clone()).collect::<Vec<_>>();
        let matched = answer.iter().map(|(resource, include)| resource["resourceType"] == name && !include).collect::<Vec<_>>();
        let visible = oracle.visible('s', patient, &resources, &matched);
        let mut names = visible.iter().map(|place| format!("{}/{}", text(&resources[*place]["resourceType"]), text(&resources[*place]["id"]))).collect::<Vec<_>>();
        names.sort();
        prop_assert_eq!(released.names(), names);
        let matches = visible.iter().filter(|place| text(&resources[**place]["resourceType"]) == name && !answer[**place].1).count();
        prop_assert_eq!(&released.body["total"], &json!(matches));
        let whole = String::from_utf8(bytes(&released)).unwrap();
        for (place, resource) in resources.iter().enumerate() {
            let marker = text(&resource["note"][0]["text"]);
            prop_assert_eq!(whole.contains(marker), visible.contains(&place), "{}", marker);
        }
        prop_assert!(!whole.contains("ehr.example"));

        // Without what is hidden, the answer is the same, byte for byte.
        let shown = answer.iter().enumerate().filter(|(place, _)| visible.contains(place)).map(|(_, entry)| entry.clone()).collect::<Vec<_>>();
        let alone = gate.ask(&subject, &asked, &bundle(&shown)).unwrap();
        prop_assert_eq!(bytes(&released), bytes(&alone));
        prop_assert_eq!(released.released.etag(), alone.released.etag());
        prop_assert_eq!(released.released.patients(), alone.released.patients());
        prop_assert_eq!(released.released.resources(), alone.released.resources());
    }

    #[test]
    fn reads_release_what_the_oracle_says(
        world in a_world(), asker in an_asker(), answer in an_answer().prop_filter("something to read", |answer| !answer.is_empty()),
        wrong in prop::bool::weighted(0.1),
    ) {
        let oracle = Oracle { world: &world, asker: &asker };
        let subject = subject(asker.actor, &asker.scopes.join(" "), asker.launch);
        let gate = world.clone().gate();
        let (resource, _) = &answer[0];
        let (name, asked_id) = (text(&resource["resourceType"]), if wrong { "other" } else { text(&resource["id"]) });
        let asked = read(ResourceType::parse(name).unwrap(), asked_id);
        let represented = !oracle.providers().is_empty() || oracle.system().is_some();
        let refused = if !oracle.is_active() { Some(401) } else if !oracle.has_scope('r', name) { Some(403) } else if !represented || wrong { Some(404) } else { None };

        let expected = match refused {
            Some(status) => Err(status),
            None if through_others(name) => {
                let resources = answer.iter().skip(1).map(|(resource, _)| resource.clone()).collect::<Vec<_>>();
                // What the same asker was given by a search before, whatever was searched.
                let matched = answer.iter().skip(1).map(|(r, include)| r["resourceType"] == "DocumentReference" && !include).collect::<Vec<_>>();
                let mut seen = oracle.visible('s', None, &resources, &matched);
                if !oracle.has_scope('s', "DocumentReference") { seen.clear(); }
                if oracle.sees_through('r', resource, &seen, &resources) { Ok(()) } else { Err(404) }
            }
            None => if oracle.sees('r', resource) { Ok(()) } else { Err(404) },
        };
        let actual = if through_others(name) {
            let before = gate.ask(&subject, &search(ResourceType::DocumentReference, None), &bundle(&answer[1..]));
            let seen = before.iter().map(|answer| &answer.released).collect::<Vec<_>>();
            gate.ask_through(&subject, &asked, &resource.to_string(), &seen).map(|_| ())
        } else {
            gate.ask(&subject, &asked, &resource.to_string()).map(|_| ())
        };
        prop_assert_eq!(actual.map_err(status), expected);
    }
}
