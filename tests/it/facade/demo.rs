//! The endpoint over the demo hospital: whole records, all three forms of `generalPractitioner`, real search and paging, and
//! an EHR that fails in each of its ways. What ought to be visible is worked out from the population, not from the policy.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chartgate::access::sources::{PrimaryCare, RelationshipSource, Standing, StandingProvider};
use chartgate::access::subject::{Actor, Subject};
use chartgate::domain::clock::ManualClock;
use chartgate::domain::grant::Grant;
use chartgate::domain::ids::{AccountId, FhirId, Npi, PracticeId};
use chartgate::domain::random::SystemRandom;
use chartgate::ehr::{EhrPrimaryCare, PrimaryCareOptions};
use chartgate::sandbox::ehr::{Down, Ehr, EhrAuth, EhrOptions, KnobSettings, Knobs};
use chartgate::sandbox::hospital::kind::Kind;
use chartgate::sandbox::hospital::person::Child;
use chartgate::sandbox::hospital::staff::{CLINICIANS, PRACTICES, Workplace};
use chartgate::sandbox::hospital::{Hospital, HospitalSpec};
use serde_json::Value;
use smallvec::SmallVec;
use tokio_util::sync::CancellationToken;

use super::hospital;
use super::world::{Answer, Facts, NOW, World, subject};

const PATIENTS: usize = 48;
const CLINICAL: [Kind; 10] = [
    Kind::AllergyIntolerance,
    Kind::CareTeam,
    Kind::Condition,
    Kind::DiagnosticReport,
    Kind::DocumentReference,
    Kind::Encounter,
    Kind::Immunization,
    Kind::MedicationRequest,
    Kind::Observation,
    Kind::Procedure,
];

/// The account `dr-N` practises in the practice at place N.
pub struct Rosters;

fn practice(at: usize) -> PracticeId {
    PracticeId::parse(&format!("practice-{at}")).unwrap()
}

impl RelationshipSource for Rosters {
    fn standing(&self, subject: &Subject) -> Standing {
        let account = match &subject.actor {
            Actor::Account(account) => account,
            Actor::Practice(own) => {
                return Standing { active: true, practice: Some(own.clone()), ..Standing::default() };
            }
        };
        let Some(at) = account.as_str().strip_prefix("dr-") else { return Standing::default() };
        let practices = SmallVec::from_iter([practice(at.parse().unwrap())]);
        let provider = StandingProvider { account: account.clone(), sponsor: false, practices };
        Standing { active: true, providers: SmallVec::from_iter([provider]), practice: None }
    }

    fn grants(&self, _: &AccountId, _: &FhirId) -> SmallVec<[Grant; 1]> {
        SmallVec::new()
    }

    fn roster_of(&self, practice: &PracticeId) -> PrimaryCare {
        let at: usize = practice.as_str().strip_prefix("practice-").unwrap().parse().unwrap();
        let roster = CLINICIANS.iter().filter(|clinician| clinician.workplace == Workplace::Practice(at));
        PrimaryCare {
            npis: roster.map(|clinician| Npi::parse(&clinician.npi()).unwrap()).collect(),
            organizations: FhirId::parse(&PRACTICES[at].organization_id()).into_iter().collect(),
            ..PrimaryCare::default()
        }
    }

    fn practices_of(&self, primary_care: &PrimaryCare) -> SmallVec<[PracticeId; 2]> {
        let has = |at: usize| {
            let roster = CLINICIANS.iter().filter(|clinician| clinician.workplace == Workplace::Practice(at));
            let mut npis = roster.map(|clinician| clinician.npi());
            let organization = PRACTICES[at].organization_id();
            npis.any(|npi| primary_care.npis.iter().any(|known| known.as_str() == npi))
                || primary_care.organizations.iter().any(|known| known.as_str() == organization)
        };
        (0..PRACTICES.len()).filter(|at| has(*at)).map(practice).collect()
    }
}

pub async fn demo() -> (World, Ehr) {
    demo_with(false).await
}

/// The same, with the cache or without.
pub async fn demo_with(cached: bool) -> (World, Ehr) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/r4", listener.local_addr().unwrap());
    let clock = ManualClock::new(NOW);
    let spec = HospitalSpec { seed: 11, patients: PATIENTS, as_of: NOW };
    let ehr = Ehr::new(
        Hospital::generate(&spec),
        EhrOptions {
            base_url: base.parse().unwrap(),
            clock: clock.clone(),
            random: Arc::new(SystemRandom),
            auth: EhrAuth::Open,
            knobs: Arc::new(Knobs::default()),
            shutdown: CancellationToken::new(),
        },
    );
    let serving = ehr.clone();
    tokio::spawn(async move { serving.serve(listener).await });
    let facts = Facts {
        relationships: Arc::new(Rosters),
        primary_care: Box::new(|ehr, clock| {
            Arc::new(EhrPrimaryCare::new(ehr, PrimaryCareOptions::default(), clock))
        }),
        cached,
    };
    let world = World::over(hospital::Hospital::new(), &base, clock, facts);
    world.ehr.read_capabilities().await.unwrap();
    (world, ehr)
}

/// Who is on the panel of the practice, by the population itself.
pub fn panel(ehr: &Ehr, at: usize) -> BTreeSet<String> {
    let children = ehr.world().hospital.children().iter();
    children.filter(|child| child.gp.iter().any(|gp| gp.practice() == Some(at))).map(Child::id).collect()
}

/// What the record of the patient holds of one type, without what is labelled.
pub fn expected(ehr: &Ehr, patient: &str, kind: Kind) -> BTreeSet<String> {
    let hospital = &ehr.world().hospital;
    let index = chartgate::sandbox::hospital::person::index_of_id(patient).unwrap();
    let record = hospital.record(index).unwrap();
    let entries = record.entries.iter().filter(|entry| entry.kind == kind);
    let open = entries.filter(|entry| {
        let body: Value = serde_json::from_slice(&entry.body).unwrap();
        body["meta"]["security"].as_array().is_none_or(Vec::is_empty)
    });
    open.map(|entry| entry.id.clone()).collect()
}

/// Every match of a search, over all its pages.
pub async fn every(world: &World, token: &str, path: &str) -> (BTreeSet<String>, Vec<Answer>) {
    let (mut ids, mut answers) = (BTreeSet::new(), Vec::new());
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let answer = world.get(&path, token).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        ids.extend(answer.ids());
        next = answer.link("next");
        answers.push(answer);
    }
    (ids, answers)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s30_each_practice_sees_its_panel_whole_and_nothing_else() {
    let (world, ehr) = demo().await;
    let mut seen = 0;
    for at in 0..3 {
        let token = world.token(subject(&format!("dr-{at}"), "user/*.rs", None));
        let panel = panel(&ehr, at);
        assert!(!panel.is_empty() && panel.len() < PATIENTS);
        for child in ehr.world().hospital.children() {
            let id = child.id();
            let answer = world.get(&format!("/Patient/{id}"), &token).await;
            assert_eq!(answer.status == 200, panel.contains(&id), "practice {at}, {id}: {}", answer.status);
            if answer.status == 200 {
                seen += 1;
            }
        }
        let (found, _) = every(&world, &token, &format!("/Patient?_id={}&_count=7", all_ids(&ehr))).await;
        assert_eq!(found, panel, "the same set by search");
        for patient in panel.iter().take(3) {
            for kind in CLINICAL {
                let (ids, _) = every(&world, &token, &format!("/{kind}?patient={patient}&_count=20")).await;
                assert_eq!(ids, expected(&ehr, patient, kind), "practice {at}, {patient}, {kind}");
            }
        }
        let stranger =
            ehr.world().hospital.children().iter().find(|c| !panel.contains(&c.id())).unwrap().id();
        for kind in CLINICAL {
            let answer = world.get(&format!("/{kind}?patient={stranger}"), &token).await;
            assert_eq!(answer.status, 404, "{kind}");
            if let Some(id) = expected(&ehr, &stranger, kind).first() {
                assert_eq!(world.get(&format!("/{kind}/{id}"), &token).await.status, 404, "{kind}/{id}");
            }
        }
    }
    assert!(seen > 5, "{seen}");
}

fn all_ids(ehr: &Ehr) -> String {
    ehr.world().hospital.children().iter().map(Child::id).collect::<Vec<_>>().join(",")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ehr_that_ignores_the_patient_parameter_shows_nobody_else() {
    let (world, ehr) = demo().await;
    ehr.knobs().change(|knobs| knobs.ignored = vec!["patient".into(), "subject".into()]);
    let panel = panel(&ehr, 0);
    let patient = panel.first().unwrap();
    let token = world.token(subject("dr-0", "user/*.rs", None));
    let mut several = 0;
    for kind in CLINICAL {
        let (ids, answers) = every(&world, &token, &format!("/{kind}?patient={patient}&_count=10")).await;
        assert_eq!(ids, expected(&ehr, patient, kind), "{kind}");
        several += usize::from(answers.len() > 1);
        let others: Vec<_> =
            ehr.world().hospital.children().iter().map(Child::id).filter(|id| id != patient).collect();
        for answer in answers {
            assert!(
                !others.iter().any(|other| answer.text().contains(&format!("Patient/{other}\""))),
                "{kind}"
            );
        }
    }
    assert!(several > 0, "everybody's came, over several pages");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s33_a_pcp_change_in_the_ehr_changes_access_both_ways_within_five_minutes() {
    let (world, ehr) = demo().await;
    let (from, to) =
        (world.token(subject("dr-0", "user/*.rs", None)), world.token(subject("dr-1", "user/*.rs", None)));
    let moving = panel(&ehr, 0).difference(&panel(&ehr, 1)).next().unwrap().clone();
    let path = format!("/Patient/{moving}");
    assert_eq!(world.get(&path, &from).await.status, 200);
    assert_eq!(world.get(&path, &to).await.status, 404);
    let page = world.get(&format!("/Observation?patient={moving}&_count=1"), &from).await.link("next");
    let there = CLINICIANS.iter().find(|clinician| clinician.workplace == Workplace::Practice(1)).unwrap();
    ehr.world().move_patient(&moving, &[there.reference()]).unwrap();
    world.clock.advance(Duration::from_mins(5));
    assert_eq!(world.get(&path, &from).await.status, 404, "gone");
    assert_eq!(world.get(&path, &to).await.status, 200, "come");
    assert_eq!(world.get(&page.unwrap(), &from).await.status, 404, "a page link is no permission");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notes_are_read_by_their_attachment_url_from_every_kind_of_token() {
    let (world, ehr) = demo().await;
    let panel = panel(&ehr, 0);
    let mut read = 0;
    for patient in &panel {
        let user = world.token(subject("dr-0", "user/*.rs", None));
        let launched = world.token(subject("dr-0", "patient/*.rs", Some(patient)));
        for kind in [Kind::DocumentReference, Kind::DiagnosticReport] {
            let (_, answers) = every(&world, &user, &format!("/{kind}?patient={patient}")).await;
            for url in answers.iter().flat_map(|answer| attachments(&answer.json())) {
                let path =
                    url.strip_prefix(super::world::BASE).map_or_else(|| format!("/{url}"), str::to_owned);
                for token in [&user, &launched] {
                    let note = world.get(&path, token).await;
                    assert_eq!(note.status, 200, "{path}: {}", note.text());
                    assert!(!note.body.is_empty() && !note.header("content-type").contains("json"), "{path}");
                    assert_eq!(world.audit.last().patients, [FhirId::parse(patient).unwrap()]);
                    read += 1;
                }
                let stranger = world.token(subject("dr-1", "user/*.rs", None));
                let theirs = self::panel(&ehr, 1).contains(patient);
                assert_eq!(world.get(&path, &stranger).await.status == 200, theirs, "{path}");
            }
        }
    }
    assert!(read > 10, "{read}");
}

fn attachments(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => {
            let own = map.get("url").and_then(Value::as_str).filter(|url| url.contains("Binary/"));
            own.map(str::to_owned).into_iter().chain(map.values().flat_map(attachments)).collect()
        }
        Value::Array(items) => items.iter().flat_map(attachments).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_trouble_of_the_ehr_passes_and_nothing_is_lost() {
    let (world, ehr) = demo().await;
    let patient = panel(&ehr, 0).first().unwrap().clone();
    let token = world.token(subject("dr-0", "user/*.rs", None));
    let path = format!("/Encounter?patient={patient}");
    let before = world.get(&path, &token).await;
    assert_eq!(before.status, 200);
    let off = KnobSettings::default;
    for (knobs, expected) in [
        (KnobSettings { fail_every: 1, ..off() }, 503),
        (KnobSettings { throttle_every: 1, retry_after_s: Some(3), ..off() }, 503),
        (KnobSettings { broken_json: true, ..off() }, 502),
        (KnobSettings { down: Down::Drop, ..off() }, 503),
        (KnobSettings { down: Down::Unavailable, ..off() }, 503),
        (KnobSettings { refuse_tokens: true, ..off() }, 200),
        (KnobSettings { page_cap: 1, ..off() }, 200),
        (KnobSettings { absolute_references: true, no_validators: true, ..off() }, 200),
    ] {
        let what = format!("{knobs:?}");
        ehr.knobs().set(knobs);
        let during = world.get(&path, &token).await;
        assert_eq!(during.status, expected, "{what}: {}", during.text());
        if expected != 200 {
            assert_eq!(during.json()["resourceType"], "OperationOutcome", "{what}");
        }
        assert!(!during.text().contains(ehr.base_url()), "{what}");
        if during.status == 200 {
            let (ids, _) = every(&world, &token, &path).await;
            assert_eq!(ids, self::expected(&ehr, &patient, Kind::Encounter), "{what}");
        }
        ehr.knobs().set(off());
        let after = world.get(&path, &token).await;
        assert_eq!(after.ids(), before.ids(), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_panel_s_group_each_record_whole_and_its_versions_agree_with_the_population() {
    let (world, ehr) = demo().await;
    for at in 0..3 {
        let token = world.token(subject(&format!("dr-{at}"), "user/*.rs", None));
        let group = world.get(&format!("/Group/practice-{at}"), &token).await;
        assert_eq!(group.status, 200, "{}", group.text());
        let members = group.json()["member"].as_array().unwrap().clone();
        let members: BTreeSet<String> = members
            .iter()
            .map(|member| {
                member["entity"]["reference"].as_str().unwrap().trim_start_matches("Patient/").to_owned()
            })
            .collect();
        let panel = panel(&ehr, at);
        assert_eq!(members, panel);
        let patient = panel.first().unwrap();
        let (all, _) = every(&world, &token, &format!("/Patient/{patient}/$everything?_count=30")).await;
        for kind in CLINICAL {
            let expected = expected(&ehr, patient, kind);
            assert!(expected.is_subset(&all), "{kind}: {:?}", expected.difference(&all));
        }
        let narrow = world.token(subject(&format!("dr-{at}"), "user/Patient.rs user/Encounter.rs", None));
        let (visits, pages) = every(&world, &narrow, &format!("/Patient/{patient}/$everything")).await;
        assert!(visits.is_subset(&all));
        let types: BTreeSet<String> = pages
            .iter()
            .flat_map(|page| page.json()["entry"].as_array().cloned().unwrap_or_default())
            .map(|entry| entry["resource"]["resourceType"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(types, ["Encounter", "Patient"].map(str::to_owned).into());
        let observation = expected(&ehr, patient, Kind::Observation).first().unwrap().clone();
        let path = format!("/Observation/{observation}");
        assert_eq!(
            world.get(&format!("{path}/_history"), &token).await.json()["entry"].as_array().unwrap().len(),
            1
        );
        ehr.world()
            .revise(Kind::Observation, &observation, |body| {
                body.insert("note".into(), serde_json::json!([{"text": "again"}]));
            })
            .unwrap();
        let history = world.get(&format!("{path}/_history"), &token).await;
        let versions = history.json()["entry"].as_array().unwrap().clone();
        assert_eq!(versions.len(), 2, "{}", history.text());
        let version = versions[1]["resource"]["meta"]["versionId"].as_str().unwrap().to_owned();
        assert_eq!(world.get(&format!("{path}/_history/{version}"), &token).await.status, 200);
        ehr.world().delete(Kind::Observation, &observation).unwrap();
        for gone in [path.clone(), format!("{path}/_history"), format!("{path}/_history/{version}")] {
            assert_eq!(world.get(&gone, &token).await.status, 404, "{gone}");
        }
    }
}
