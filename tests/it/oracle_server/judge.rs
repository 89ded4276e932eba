//! The oracle: DESIGN.md 2 and docs/ACCESS.md once more, over plain JSON, with no rule taken from the product. It knows the world
//! and says of each request what may come out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chartgate::domain::clock::Timestamp;
use serde_json::Value;

use super::hospital::{DIRECTORY, THROUGH, owner_key};
use super::ward::{Params, Ward, local, name, references, text};

/// A grant as a family gave it.
#[derive(Clone, Debug)]
pub struct Grant {
    pub provider: &'static str,
    pub patient: &'static str,
    pub kinds: Vec<&'static str>,
    pub restricted: bool,
    pub until: Option<Timestamp>,
    pub revoked: bool,
}

/// A practice.
#[derive(Clone, Debug)]
pub struct Practice {
    pub roster: BTreeSet<&'static str>,
    pub organization: Option<&'static str>,
}

/// Everything that decides, at one moment.
#[derive(Clone, Debug)]
pub struct World {
    pub now: Timestamp,
    /// Providers by account, with NPI.
    pub providers: BTreeMap<&'static str, &'static str>,
    /// Sponsored users with their active sponsors.
    pub sponsored: BTreeMap<&'static str, BTreeSet<&'static str>>,
    /// Accounts and clients.
    pub suspended: BTreeSet<&'static str>,
    pub practices: BTreeMap<&'static str, Practice>,
    pub grants: Vec<Grant>,
    pub systems_use_grants: bool,
    /// What bodies the EHR gives.
    pub bodies: Arc<Ward>,
    /// What it says of PCPs.
    pub care: Arc<Ward>,
}

/// Who asks, with which token.
#[derive(Clone, Debug)]
pub struct Asker {
    /// An account, or `system:` and a practice.
    pub actor: &'static str,
    pub client: &'static str,
    pub scopes: Vec<&'static str>,
    pub launch: Option<&'static str>,
}

/// One reason for access: kinds of data, and whether restricted labels are covered.
type Basis = (Vec<&'static str>, bool);

pub const ALL_KINDS: [&str; 4] = ["visits", "notes", "medications", "labs"];

pub struct Oracle<'a> {
    pub world: &'a World,
    pub asker: &'a Asker,
}

/// What a search may give.
pub struct Found {
    pub status: u16,
    /// Matches by name, in the EHR's order.
    pub matches: Vec<String>,
    /// How many the EHR has, whoever may see them.
    pub of_the_ehr: usize,
    /// Whether no patient is named.
    pub of_anybody: bool,
    pub asked: Option<String>,
}

fn is_directory(kind: &str) -> bool {
    DIRECTORY.contains(&kind)
}

fn is_through(kind: &str) -> bool {
    THROUGH.contains(&kind)
}

impl Oracle<'_> {
    fn system(&self) -> Option<&'static str> {
        self.asker.actor.strip_prefix("system:")
    }

    fn is_active(&self) -> bool {
        !self.world.suspended.contains(self.asker.actor) && !self.world.suspended.contains(self.asker.client)
    }

    /// The providers in whose name the asker sees records.
    fn behind(&self) -> Vec<&'static str> {
        let actor = self.asker.actor;
        if self.world.providers.contains_key(actor) {
            return vec![actor];
        }
        let sponsors = self.world.sponsored.get(actor).into_iter().flatten().copied();
        sponsors.filter(|sponsor| !self.world.suspended.contains(sponsor)).collect()
    }

    fn is_represented(&self) -> bool {
        self.system().is_some() || !self.behind().is_empty()
    }

    /// The NPIs and Organizations that the EHR names as a patient's PCPs (D-09).
    fn pcps(&self, patient: &str) -> (BTreeSet<String>, BTreeSet<String>) {
        let (mut npis, mut organizations) = (BTreeSet::new(), BTreeSet::new());
        let care = &self.world.care;
        let Some(resource) = care.current("Patient", patient) else { return (npis, organizations) };
        for reference in references(&resource["generalPractitioner"]) {
            let (kind, id) = reference.split_once('/').unwrap();
            let practitioner = match kind {
                "Organization" => {
                    organizations.insert(id.to_owned());
                    continue;
                }
                "Practitioner" => id.to_owned(),
                _ => {
                    let Some(role) = care.current("PractitionerRole", id) else { continue };
                    if role["active"] == false {
                        continue;
                    }
                    let Some(person) = references(&role["practitioner"]).pop() else {
                        let organization = references(&role["organization"]).pop();
                        organizations
                            .extend(organization.and_then(|name| Some(name.split_once('/')?.1.to_owned())));
                        continue;
                    };
                    person.split_once('/').unwrap().1.to_owned()
                }
            };
            let Some(person) = care.current("Practitioner", &practitioner) else { continue };
            npis.extend(
                person["identifier"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|own| text(&own["value"]).to_owned()),
            );
        }
        (npis, organizations)
    }

    fn is_pcp(&self, practice: &str, patient: &str) -> bool {
        let practice = &self.world.practices[practice];
        let (npis, organizations) = self.pcps(patient);
        npis.iter().any(|npi| practice.roster.contains(npi.as_str()))
            || practice.organization.is_some_and(|own| organizations.contains(own))
    }

    /// The practices of a provider.
    fn practices_of(&self, provider: &str) -> Vec<&'static str> {
        let npi = self.world.providers[provider];
        let practices = self.world.practices.iter().filter(|(_, practice)| practice.roster.contains(npi));
        practices.map(|(name, _)| *name).collect()
    }

    fn granted(&self, provider: &str, patient: &str) -> Vec<Basis> {
        let holds = |grant: &&Grant| {
            grant.provider == provider
                && grant.patient == patient
                && !grant.revoked
                && grant.until.is_none_or(|until| self.world.now < until)
        };
        self.world.grants.iter().filter(holds).map(|grant| (grant.kinds.clone(), grant.restricted)).collect()
    }

    /// Every reason for access to a patient.
    pub fn bases(&self, patient: &str) -> Vec<Basis> {
        let everything = || (ALL_KINDS.to_vec(), false);
        let mut bases = Vec::new();
        for provider in self.behind() {
            if self.practices_of(provider).iter().any(|practice| self.is_pcp(practice, patient)) {
                bases.push(everything());
            }
            bases.extend(self.granted(provider, patient));
        }
        if let Some(practice) = self.system() {
            if self.is_pcp(practice, patient) {
                bases.push(everything());
            }
            for (provider, npi) in self.world.providers.iter().filter(|_| self.world.systems_use_grants) {
                let on_roster = self.world.practices[practice].roster.contains(npi);
                if on_roster && !self.world.suspended.contains(provider) {
                    bases.extend(self.granted(provider, patient));
                }
            }
        }
        bases
    }

    /// Whether one scope lets the asker `r`ead or `s`earch this type and category and, in its own context, these patients.
    fn allows(
        &self,
        scope: &str,
        letter: char,
        kind: &str,
        categories: &[(String, String)],
        patients: &[String],
    ) -> bool {
        let Some((context, rest)) = scope.split_once('/') else { return false };
        let (target, wanted) =
            rest.split_once("?category=").map_or((rest, None), |(t, wanted)| (t, Some(wanted)));
        let Some((of, permissions)) = target.split_once('.') else { return false };
        let letters = match permissions {
            "read" | "cruds" => "rs",
            other => other,
        };
        let in_context = match context {
            "user" => self.system().is_none(),
            "system" => self.system().is_some(),
            "patient" => {
                self.system().is_none()
                    && self
                        .asker
                        .launch
                        .is_some_and(|launch| patients.iter().all(|patient| patient == launch))
            }
            _ => false,
        };
        let in_category = wanted.is_none_or(|token| {
            categories.iter().any(|(system, code)| token == code || token == format!("{system}|{code}"))
        });
        in_context && in_category && letters.contains(letter) && (of == "*" || of == kind)
    }

    fn scoped(&self, letter: char, kind: &str, categories: &[(String, String)], patients: &[String]) -> bool {
        self.asker.scopes.iter().any(|scope| self.allows(scope, letter, kind, categories, patients))
    }

    /// What depends on the token alone: a scope on the type that counts for this asker.
    fn has_scope(&self, letter: char, kind: &str) -> bool {
        let bare = |scope: &&&str| !scope.starts_with("patient/") || self.asker.launch.is_some();
        let scopes = self.asker.scopes.iter().filter(bare);
        scopes
            .map(|scope| scope.split('?').next().unwrap())
            .any(|scope| self.allows(scope, letter, kind, &[], &[]))
    }

    /// Whether the reasons for access cover a resource, with its own label or more.
    fn is_covered(&self, resource: &Value, restricted: bool) -> bool {
        let kind = text(&resource["resourceType"]);
        if is_directory(kind) {
            return !restricted;
        }
        let Some(patients) = patients(resource) else { return false };
        let needed = kinds(kind, &categories(resource));
        patients.iter().all(|patient| {
            let bases = self.bases(patient);
            bases.iter().any(|(kinds, covers)| {
                needed.iter().all(|kind| kinds.contains(kind)) && (*covers || !restricted)
            })
        })
    }

    /// Whether a resource that stands by itself may be seen.
    pub fn sees(&self, letter: char, resource: &Value) -> bool {
        let kind = text(&resource["resourceType"]);
        let patients = if is_directory(kind) { Some(Vec::new()) } else { patients(resource) };
        let Some(patients) = patients else { return false };
        !is_through(kind)
            && kind != "Group"
            && self.is_active()
            && self.is_represented()
            && self.scoped(letter, kind, &categories(resource), &patients)
            && self.is_covered(resource, is_restricted(resource))
    }

    /// Whether `other`, which may be seen, opens what it refers to.
    fn opens(&self, letter: char, resource: &Value, other: &Value) -> bool {
        let kind = text(&other["resourceType"]);
        let patients =
            if is_directory(kind) || is_through(kind) { Vec::new() } else { patients(other).unwrap() };
        let restricted = is_restricted(resource);
        let covered = if is_through(kind) {
            !restricted
        } else {
            self.is_covered(other, restricted || is_restricted(other))
        };
        covered && self.scoped(letter, text(&resource["resourceType"]), &categories(resource), &patients)
    }

    /// Whether a Medication, Binary or Provenance may be seen through `visible`.
    fn sees_through(&self, letter: char, resource: &Value, visible: &[&Value]) -> bool {
        let own = name(resource);
        match text(&resource["resourceType"]) {
            "Provenance" => {
                let targets = references(&resource["target"]);
                !targets.is_empty()
                    && targets.iter().all(|target| {
                        visible
                            .iter()
                            .any(|other| name(other) == *target && self.opens(letter, resource, other))
                    })
            }
            _ => visible.iter().any(|other| points_to(other, &own) && self.opens(letter, resource, other)),
        }
    }

    /// Why a request is refused before any resource is looked at.
    fn refused(&self, letter: char, kind: &str) -> Option<u16> {
        if !self.is_active() {
            Some(401)
        } else if !self.has_scope(letter, kind) {
            Some(403)
        } else if !self.is_represented() {
            Some(404)
        } else {
            None
        }
    }

    /// The statuses of a read. `near`: the patient among whose resources a referrer may be looked for.
    pub fn read(&self, kind: &str, id: &str, near: Option<&str>) -> Vec<u16> {
        if let Some(status) = self.refused('r', kind) {
            return vec![status];
        }
        let Some(resource) = self.world.bodies.current(kind, id) else { return vec![404] };
        if !is_through(kind) {
            return vec![if self.sees('r', resource) { 200 } else { 404 }];
        }
        let by_read = self.visible_referrers('r', kind, &name(resource), None);
        if kind == "Provenance" {
            // What it is about has to be found by itself: through others it may be.
            let far = references(&resource["target"])
                .iter()
                .any(|target| is_through(target.split('/').next().unwrap()));
            return match (self.sees_through('r', resource, &by_read), far) {
                (true, true) => vec![200, 404],
                (true, false) => vec![200],
                (false, _) => vec![404],
            };
        }
        let mut seen = self.visible_referrers('s', kind, &name(resource), None);
        seen.extend(by_read);
        if !self.sees_through('r', resource, &seen) {
            return vec![404];
        }
        // What is found by way of the patient has to be found; the rest may be.
        let found = [near, self.asker.launch].into_iter().flatten().any(|patient| {
            self.sees_through(
                'r',
                resource,
                &self.visible_referrers('s', kind, &name(resource), Some(patient)),
            )
        });
        if found { vec![200] } else { vec![200, 404] }
    }

    /// Visible resources that refer to `target`, among one patient's where one is named.
    fn visible_referrers(
        &self,
        letter: char,
        kind: &str,
        target: &str,
        patient: Option<&str>,
    ) -> Vec<&Value> {
        let there = self.world.bodies.rows.iter().filter(|row| !row.deleted).map(super::ward::Row::last);
        let among = |resource: &Value, patient: &str| {
            let of = text(&resource["resourceType"]);
            let searched = kind == "Binary" || ["MedicationRequest", "MedicationDispense"].contains(&of);
            let own = references(&resource[owner_key(of)]).contains(&format!("Patient/{patient}"));
            searched && own && !self.bases(patient).is_empty()
        };
        let refers = |resource: &&Value| {
            kind == "Provenance"
                || points_to(resource, target) && patient.is_none_or(|patient| among(resource, patient))
        };
        let visible = |resource: &&Value| {
            self.sees(letter, resource)
                || kind == "Provenance" && text(&resource["resourceType"]) != "Provenance" && {
                    let of = text(&resource["resourceType"]);
                    is_through(of) && self.read(of, text(&resource["id"]), None).contains(&200)
                }
        };
        there.filter(refers).filter(visible).collect()
    }

    /// The statuses of a read of one version, or of the history.
    pub fn versions(&self, kind: &str, id: &str) -> (Vec<u16>, Vec<&Value>) {
        let current = self.read(kind, id, None);
        if current != [200] {
            return (current, Vec::new());
        }
        let row = self.world.bodies.row(kind, id).unwrap();
        (current, row.versions.iter().rev().filter(|version| self.sees('r', version)).collect())
    }

    /// What a search gives over all its pages.
    pub fn search(&self, kind: &str, params: &Params) -> Found {
        let mut params = params.clone();
        let named = params.iter().find(|(name, value)| {
            matches!(name.as_str(), "patient" | "subject")
                || name == "_id" && kind == "Patient" && !value.contains(',')
        });
        let mut asked = named.map(|(_, value)| value.trim_start_matches("Patient/").to_owned());
        // Where the scopes speak of one patient alone, so does the search.
        let counting = |scope: &&&str| self.allows(scope.split('?').next().unwrap(), 's', kind, &[], &[]);
        let only = self.asker.scopes.iter().filter(counting).all(|scope| scope.starts_with("patient/"));
        let of_patients = !is_directory(kind);
        if asked.is_none() && only && of_patients && self.has_scope('s', kind) {
            let launch = self.asker.launch.unwrap();
            params.push((if kind == "Patient" { "_id" } else { "patient" }.to_owned(), launch.to_owned()));
            asked = Some(launch.to_owned());
        }
        let mut found = Found {
            status: 200,
            matches: Vec::new(),
            of_the_ehr: 0,
            of_anybody: of_patients && asked.is_none(),
            asked: asked.clone(),
        };
        if let Some(status) = self.refused('s', kind) {
            found.status = status;
            return found;
        }
        if let Some(patient) = asked.as_ref().filter(|_| of_patients) {
            let about = self.asker.scopes.iter().any(|scope| {
                self.allows(scope.split('?').next().unwrap(), 's', kind, &[], std::slice::from_ref(patient))
            });
            if !about || self.bases(patient).is_empty() {
                found.status = 404;
                return found;
            }
        }
        let all = self.world.bodies.matches(kind, &params);
        found.of_the_ehr = all.len();
        found.matches = all
            .into_iter()
            .filter(|one| is_asked(one, asked.as_deref()) && self.sees('s', one))
            .map(name)
            .collect();
        found
    }

    /// What comes along with these matches on one page.
    pub fn included(&self, params: &Params, matches: &[String], asked: Option<&str>) -> BTreeSet<String> {
        let ward = &self.world.bodies;
        let shown: Vec<&Value> = matches
            .iter()
            .filter_map(|name| name.split_once('/'))
            .filter_map(|(kind, id)| ward.current(kind, id))
            .collect();
        // For a match that is shown, by the element that was asked for: whatever else the EHR sends along came for others.
        let came = ward.along(params, &shown, false);
        let mut seen: Vec<&Value> = shown;
        let before = seen.len();
        seen.extend(came.iter().filter(|own| is_asked(own, asked) && self.sees('s', own)));
        for kinds in [["Medication", "Binary"], ["Provenance", "Provenance"]] {
            let through: Vec<&Value> = came
                .iter()
                .filter(|own| {
                    kinds.contains(&text(&own["resourceType"])) && self.sees_through('s', own, &seen)
                })
                .copied()
                .collect();
            seen.extend(through);
        }
        seen[before..].iter().map(|own| name(own)).collect()
    }

    /// Whether the EHR's own search by PCP finds a patient for a practice: not where a
    /// role without a person stands between them, or an entry of the directory that is restricted itself.
    pub fn is_listed(&self, practice: &str, patient: &str) -> bool {
        let practice = &self.world.practices[practice];
        let npis = |person: &Value| {
            let own = person["identifier"].as_array().into_iter().flatten();
            !is_restricted(person) && own.into_iter().any(|own| practice.roster.contains(text(&own["value"])))
        };
        let care = &self.world.care;
        let listed = |reference: &String| match reference.split_once('/').unwrap() {
            ("Organization", id) => practice.organization == Some(id),
            ("Practitioner", id) => care.current("Practitioner", id).is_some_and(npis),
            (_, id) => {
                let role = care.current("PractitionerRole", id).filter(|role| !is_restricted(role));
                let person = role.map(|role| references(&role["practitioner"]));
                let person = person.unwrap_or_default().pop();
                person.is_some_and(|name| {
                    care.current("Practitioner", name.split_once('/').unwrap().1).is_some_and(npis)
                })
            }
        };
        let patient = care.current("Patient", patient);
        patient.is_some_and(|patient| references(&patient["generalPractitioner"]).iter().any(listed))
    }

    /// The status of reading a practice's Group, and who is on it.
    pub fn group(&self, practice: &str) -> (u16, BTreeSet<String>) {
        if !self.is_active() {
            return (401, BTreeSet::new());
        }
        let scopes =
            self.asker.scopes.iter().filter(|scope| !scope.starts_with("patient/") && !scope.contains('?'));
        if !scopes.into_iter().any(|scope| self.allows(scope, 'r', "Group", &[], &[])) {
            return (403, BTreeSet::new());
        }
        let own =
            self.behind().into_iter().flat_map(|provider| self.practices_of(provider)).chain(self.system());
        if !own.into_iter().any(|own| own == practice) {
            return (404, BTreeSet::new());
        }
        let on_it = |patient: &&Value| {
            let id = text(&patient["id"]);
            self.is_pcp(practice, id)
                && self.bases(id).iter().any(|(_, covers)| *covers || !is_restricted(patient))
        };
        (200, self.world.bodies.of("Patient").into_iter().filter(on_it).map(name).collect())
    }
}

/// Whether a resource is among those of the patient that was asked for.
fn is_asked(resource: &Value, asked: Option<&str>) -> bool {
    let kind = text(&resource["resourceType"]);
    is_directory(kind)
        || is_through(kind)
        || asked.is_none_or(|asked| {
            patients(resource).is_some_and(|own| own.iter().any(|patient| patient == asked))
        })
}

/// Whether a note points to a Binary, or a prescription to a Medication.
fn points_to(resource: &Value, target: &str) -> bool {
    let urls = ["/content/0/attachment/url", "/presentedForm/0/url"];
    match text(&resource["resourceType"]) {
        "DocumentReference" | "DiagnosticReport" => {
            urls.iter().filter_map(|path| resource.pointer(path)).any(|url| local(text(url)) == target)
        }
        "MedicationRequest" | "MedicationDispense" => {
            references(&resource["medicationReference"]).iter().any(|own| own == target)
        }
        "Procedure" => references(&resource["usedReference"]).iter().any(|own| own == target),
        _ => false,
    }
}

pub fn categories(resource: &Value) -> Vec<(String, String)> {
    let concepts = resource["category"].as_array().into_iter().flatten();
    let codings = concepts.flat_map(|concept| concept["coding"].as_array().into_iter().flatten());
    let mut all: Vec<(String, String)> = codings
        .map(|coding| (text(&coding["system"]).to_owned(), text(&coding["code"]).to_owned()))
        .collect();
    if let Some(code) = resource["class"]["code"].as_str() {
        all.push((String::new(), code.to_owned()));
    }
    all
}

/// Whether a label, its own or of something within it, restricts it.
pub fn is_restricted(resource: &Value) -> bool {
    let within = resource["contained"].as_array().into_iter().flatten();
    std::iter::once(resource).chain(within).any(|resource| {
        resource["meta"]["security"].as_array().into_iter().flatten().any(|label| {
            let code = text(&label["code"]);
            match text(&label["system"]).rsplit('/').next().unwrap() {
                "v3-Confidentiality" => !["U", "L", "M", "N"].contains(&code),
                "v3-ActReason" | "v3-ObservationValue" => false,
                _ => true,
            }
        })
    })
}

fn kinds(kind: &str, categories: &[(String, String)]) -> Vec<&'static str> {
    match kind {
        "Patient" => vec![],
        "DocumentReference" | "QuestionnaireResponse" => vec!["notes"],
        "MedicationRequest" | "MedicationDispense" | "AllergyIntolerance" | "Immunization" => {
            vec!["medications"]
        }
        "Observation" | "Specimen" => vec!["labs"],
        "DiagnosticReport" => {
            let laboratory = |(_, code): &(String, String)| code == "LAB" || code == "laboratory";
            let some = categories.iter().any(laboratory);
            if some && categories.iter().all(laboratory) {
                vec!["labs"]
            } else if !some && !categories.is_empty() {
                vec!["notes"]
            } else {
                vec!["labs", "notes"]
            }
        }
        _ => vec!["visits"],
    }
}

/// The patients in whose compartments a resource lies; `None` when that is not clear, or there is none.
pub fn patients(resource: &Value) -> Option<Vec<String>> {
    let kind = text(&resource["resourceType"]);
    if kind == "Patient" {
        return Some(vec![text(&resource["id"]).to_owned()]);
    }
    let mut all = vec![patient(&resource[owner_key(kind)])??];
    let further: &[&str] = match kind {
        "AllergyIntolerance" => &["/recorder", "/asserter"],
        "Condition" => &["/asserter"],
        "CarePlan" => &["/activity/0/detail/performer/0"],
        "CareTeam" => &["/participant/0/member"],
        "Coverage" => &["/payor/0"],
        "DocumentReference" => &["/author/0"],
        "MedicationDispense" => &["/receiver/0"],
        "QuestionnaireResponse" => &["/author"],
        "Observation" | "ServiceRequest" => &["/performer/0"],
        "Procedure" => &["/performer/0/actor"],
        _ => &[],
    };
    let contained = ["/contained/0/subject"];
    for path in further.iter().chain(&contained) {
        if let Some(reference) = resource.pointer(path)
            && let Some(other) = patient(reference)?
        {
            all.push(other);
        }
    }
    Some(all)
}

/// `None`: unclear. `Some(None)`: no patient.
#[expect(clippy::option_option, reason = "three answers, and an oracle is best without a type of its own")]
fn patient(reference: &Value) -> Option<Option<String>> {
    let Some(reference) = reference["reference"].as_str() else { return Some(None) };
    let parts = local(reference).split('/').collect::<Vec<_>>();
    match parts.as_slice() {
        ["Patient", id] => Some(Some((*id).to_owned())),
        [kind, _] if kind.starts_with(char::is_uppercase) => Some(None),
        _ => None,
    }
}
