//! Panels by the three routes: what is reached, and what the Group says, is the same by each (S-30, S-33, D-09).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chartgate::access::sources::{PrimaryCare, RelationshipSource, Standing, StandingProvider};
use chartgate::access::subject::{Actor, Subject};
use chartgate::domain::clock::ManualClock;
use chartgate::domain::grant::Grant;
use chartgate::domain::ids::{AccountId, FhirId, Npi, PracticeId};
use chartgate::domain::random::{Random as _, SeededRandom};
use chartgate::ehr::{EhrPrimaryCare, GroupRef, PanelRoute, PrimaryCareOptions, RosterFile};
use serde_json::{Value, json};
use smallvec::SmallVec;

use super::hospital::Hospital;
use super::world::{Facts, NOW, World, subject};

const PRACTICES: [(&str, &str); 2] = [("north", "1234567893"), ("south", "1987654328")];
const MRNS: &str = "urn:mrn";

/// The accounts and the systems of the two practices, each with one provider.
struct Two;

fn practice(name: &str) -> PracticeId {
    PracticeId::parse(name).unwrap()
}

impl RelationshipSource for Two {
    fn standing(&self, subject: &Subject) -> Standing {
        match &subject.actor {
            Actor::Practice(practice) => {
                Standing { active: true, practice: Some(practice.clone()), ..Standing::default() }
            }
            Actor::Account(account) => {
                let practices = SmallVec::from_iter([practice(account.as_str().trim_start_matches("dr-"))]);
                let provider = StandingProvider { account: account.clone(), sponsor: false, practices };
                Standing { active: true, providers: SmallVec::from_iter([provider]), practice: None }
            }
        }
    }

    fn grants(&self, _: &AccountId, _: &FhirId) -> SmallVec<[Grant; 1]> {
        SmallVec::new()
    }

    fn practices_of(&self, primary_care: &PrimaryCare) -> SmallVec<[PracticeId; 2]> {
        let has = |npi: &str| primary_care.npis.iter().any(|known| known.as_str() == npi);
        PRACTICES.iter().filter(|(_, npi)| has(npi)).map(|(name, _)| practice(name)).collect()
    }

    fn roster_of(&self, of: &PracticeId) -> PrimaryCare {
        let own = PRACTICES.iter().filter(|(name, _)| *name == of.as_str());
        PrimaryCare { npis: own.map(|(_, npi)| Npi::parse(npi).unwrap()).collect(), ..PrimaryCare::default() }
    }
}

/// Whose patients are whose: by patient, the places of the practices.
type Panels = BTreeMap<String, Vec<usize>>;

fn random_panels(random: &SeededRandom) -> Panels {
    let mut bytes = [0_u8; 14];
    random.fill(&mut bytes);
    let of = |byte: u8| (0..2).filter(|place| byte >> place & 1 == 1).collect();
    bytes.iter().enumerate().map(|(number, byte)| (format!("p{number}"), of(*byte))).collect()
}

/// The hospital that says so in every way at once, each with some noise.
fn fill(hospital: &Hospital, panels: &Panels) {
    let mut all: Vec<Value> = PRACTICES
        .iter()
        .map(|(name, npi)| {
            json!({"resourceType": "Practitioner", "id": format!("pcp-{name}"),
                "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": npi}]})
        })
        .collect();
    for (patient, places) in panels {
        let pcps = places
            .iter()
            .map(|place| json!({"reference": format!("Practitioner/pcp-{}", PRACTICES[*place].0)}));
        all.push(json!({"resourceType": "Patient", "id": patient, "generalPractitioner": pcps.collect::<Vec<_>>(),
            "identifier": [{"system": MRNS, "value": format!("M-{patient}")}, {"system": "urn:other", "value": "M-p0"}]}));
        all.push(json!({"resourceType": "Observation", "id": format!("o-{patient}"), "status": "final",
            "subject": {"reference": format!("Patient/{patient}")}}));
    }
    for (place, (name, _)) in PRACTICES.iter().enumerate() {
        let member = |patient: &String| json!({"entity": {"reference": format!("Patient/{patient}")}});
        let (own, others): (Vec<_>, Vec<_>) = panels.iter().partition(|(_, places)| places.contains(&place));
        let mut members: Vec<Value> = own.into_iter().map(|(patient, _)| member(patient)).collect();
        // Who is not there any more.
        members.extend(others.into_iter().map(|(patient, _)| {
            let mut member = member(patient);
            member["inactive"] = json!(true);
            member
        }));
        all.push(
            json!({"resourceType": "Group", "id": format!("g-{name}"), "actual": true, "type": "person",
            "identifier": [{"system": "urn:panels", "value": name}], "member": members}),
        );
    }
    *hospital.resources.lock() = all;
}

/// The roster file: by id or by MRN, as it comes.
fn write_roster(path: &std::path::Path, panels: &Panels, clock: &ManualClock) {
    let mut text = "patient_id,mrn,npi\n".to_owned();
    for (number, (patient, places)) in panels.iter().enumerate() {
        for place in places {
            let npi = PRACTICES[*place].1;
            if number % 2 == 0 {
                writeln!(text, "{patient},,{npi}").unwrap();
            } else {
                writeln!(text, ",M-{patient},{npi}").unwrap();
            }
        }
    }
    std::fs::write(path, text).unwrap();
    let now = chartgate::domain::clock::Clock::now(clock).as_millis();
    let now = SystemTime::UNIX_EPOCH + Duration::from_millis(now.try_into().unwrap());
    std::fs::File::options().write(true).open(path).unwrap().set_modified(now).unwrap();
}

struct Routes {
    hospital: Arc<Hospital>,
    worlds: Vec<(&'static str, World)>,
    file: Arc<RosterFile>,
    clock: Arc<ManualClock>,
    folder: tempfile::TempDir,
}

impl Routes {
    async fn new() -> Self {
        let hospital = Hospital::new();
        let base = hospital.serve().await;
        let clock = ManualClock::new(NOW);
        let folder = tempfile::tempdir().unwrap();
        let file = RosterFile::new(folder.path().join("roster.csv"), Duration::from_hours(36), clock.clone());
        let file = Arc::new(file);
        let by_id = [("north", "Group/g-north"), ("south", "identifier=urn:panels|south")];
        let groups = by_id.map(|(name, group)| (practice(name), GroupRef::parse(group).unwrap()));
        let roster = PanelRoute::Roster { file: file.clone(), mrn_system: Some(MRNS.into()) };
        let mut worlds = Vec::new();
        for (name, route) in [
            ("search", PanelRoute::Search),
            ("groups", PanelRoute::Groups(groups.into())),
            ("roster", roster),
        ] {
            let facts = Facts {
                relationships: Arc::new(Two),
                primary_care: Box::new(move |ehr, clock| {
                    Arc::new(EhrPrimaryCare::new(ehr, PrimaryCareOptions::default(), clock).by(route))
                }),
                cached: false,
            };
            worlds.push((name, World::over(hospital.clone(), &base, clock.clone(), facts)));
        }
        Self { hospital, worlds, file, clock, folder }
    }

    fn set(&self, panels: &Panels) {
        fill(&self.hospital, panels);
        write_roster(&self.folder.path().join("roster.csv"), panels, &self.clock);
        self.file.refresh().unwrap();
    }

    /// Holds every channel of every route against the panels.
    async fn check(&self, panels: &Panels) {
        for (route, world) in &self.worlds {
            for (place, (name, _)) in PRACTICES.iter().enumerate() {
                let own: Vec<&String> =
                    panels.iter().filter(|(_, places)| places.contains(&place)).map(|(id, _)| id).collect();
                let system =
                    Subject { actor: Actor::Practice(practice(name)), ..subject("x", "system/*.rs", None) };
                let provider = subject(&format!("dr-{name}"), "user/*.rs", None);
                for token in [world.token(system), world.token(provider)] {
                    let group = world.get(&format!("/Group/{name}"), &token).await;
                    assert_eq!(group.status, 200, "{route}: {}", group.text());
                    let members = group.json()["member"].as_array().cloned().unwrap_or_default();
                    let mut members: Vec<String> = members
                        .iter()
                        .map(|member| member["entity"]["reference"].as_str().unwrap().replace("Patient/", ""))
                        .collect();
                    members.sort();
                    let mut expected: Vec<String> = own.iter().map(|id| (*id).clone()).collect();
                    expected.sort();
                    assert_eq!(members, expected, "{route} {name}");
                    for (patient, places) in panels {
                        let status = if places.contains(&place) { 200 } else { 404 };
                        let read = world.get(&format!("/Patient/{patient}"), &token).await;
                        assert_eq!(read.status, status, "{route} {name} {patient}");
                        let read = world.get(&format!("/Observation/o-{patient}"), &token).await;
                        assert_eq!(read.status, status, "{route} {name} {patient}");
                        let found = world.get(&format!("/Observation?patient={patient}"), &token).await;
                        assert_eq!(
                            found.ids_or_none() == [format!("o-{patient}")],
                            status == 200,
                            "{route} {patient}"
                        );
                    }
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s30_s33_d09_panels_are_the_same_by_each_route_through_each_channel_and_follow_changes() {
    let routes = Routes::new().await;
    let random = SeededRandom::new(30);
    for _ in 0..3 {
        let panels = random_panels(&random);
        routes.set(&panels);
        routes.check(&panels).await;
        // A change takes effect within five minutes, both ways; the file is written when it happens.
        routes.clock.advance(Duration::from_secs(301));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s33_what_the_route_cannot_say_gives_nobody_access() {
    let routes = Routes::new().await;
    let panels = Panels::from([("p0".to_owned(), vec![0]), ("p1".to_owned(), vec![0])]);
    routes.set(&panels);
    routes.check(&panels).await;
    // A Group that is not the one that was asked for, and a file that is too old.
    for resource in routes.hospital.resources.lock().iter_mut() {
        if resource["id"] == "g-north" {
            resource["actual"] = json!(false);
        }
    }
    routes.clock.advance(Duration::from_hours(40));
    for (route, world) in &routes.worlds[1..] {
        let token = world.token(subject("dr-north", "user/*.rs", None));
        for path in ["/Patient/p0", "/Observation?patient=p0", "/Group/north"] {
            let answer = world.get(path, &token).await;
            assert_eq!(answer.status, 503, "{route} {path}: {}", answer.text());
        }
    }
    let (_, search) = &routes.worlds[0];
    let token = search.token(subject("dr-north", "user/*.rs", None));
    assert_eq!(search.get("/Patient/p0", &token).await.status, 200);
}
