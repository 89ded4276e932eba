//! The facade, a proxy that makes trouble, and the demo hospital behind it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chartgate::credentials::signing::{SigningAlgorithm, SigningKey, jwks};
use chartgate::domain::clock::ManualClock;
use chartgate::domain::random::SystemRandom;
use chartgate::ehr::{
    BreakerOptions, EhrAuth as OurAuth, EhrOptions as OurOptions, EhrPrimaryCare, PrimaryCareOptions,
    RequiredParameters,
};
use chartgate::outbound::PurposeOptions;
use chartgate::sandbox::ehr::token::BackendClient;
use chartgate::sandbox::ehr::{Ehr, EhrAuth, EhrOptions, Knobs};
use chartgate::sandbox::faults::{Fault, MARKER, Proxy, ProxyOptions, Schedule};
use chartgate::sandbox::hospital::kind::Kind;
use chartgate::sandbox::hospital::{Hospital, HospitalSpec};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::facade::demo::{Rosters, panel};
use crate::facade::hospital;
use crate::facade::world::{Answer, BASE, Facts, NOW, World, subject};

/// The time limit for the EHR, and what the proxy calls slow.
pub const LIMIT: Duration = Duration::from_secs(3);
const SLOW: Duration = Duration::from_secs(30);
/// The size limit.
const MOST: usize = 8 * 1024 * 1024;

pub struct Stage {
    pub world: World,
    pub ehr: Ehr,
    pub proxy: Proxy,
    /// Of a provider of the first practice, with every scope.
    pub token: String,
    /// On that practice's panel, with many observations.
    pub patient: String,
    /// On another's.
    pub stranger: String,
}

/// What differs between stages.
#[derive(Clone, Copy, Default)]
pub struct Setting {
    pub cached: bool,
    pub with_tokens: bool,
    pub other_base: bool,
    /// The profile of a family of EHRs.
    pub profile: Option<&'static str>,
}

impl Stage {
    pub async fn new() -> Self {
        Self::set(Setting::default()).await
    }

    pub async fn cached() -> Self {
        Self::set(Setting { cached: true, ..Setting::default() }).await
    }

    pub async fn set(setting: Setting) -> Self {
        chartgate::credentials::install_crypto_provider();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clock = ManualClock::new(NOW);
        let proxy = Proxy::start(ProxyOptions {
            listen: ([127, 0, 0, 1], 0).into(),
            upstream: format!("http://{}", listener.local_addr().unwrap()).parse().unwrap(),
            slow: SLOW,
            clock: clock.clone(),
        });
        let proxy = proxy.await.unwrap();
        // The demo hospital believes the proxy's address to be its own, as servers behind a gateway do.
        let base = format!("{}/r4", proxy.origin());
        let key = Arc::new(SigningKey::generate(SigningAlgorithm::Es384).unwrap());
        let client = BackendClient {
            client_id: "chartgate".into(),
            jwks: serde_json::from_value(jwks([&*key])).unwrap(),
            scope: "system/*.rs".into(),
        };
        let ehr = Ehr::new(
            Hospital::generate(&HospitalSpec { seed: 11, patients: 48, as_of: NOW }),
            EhrOptions {
                base_url: base.parse().unwrap(),
                clock: clock.clone(),
                random: Arc::new(SystemRandom),
                auth: if setting.with_tokens {
                    EhrAuth::BackendServices(vec![client])
                } else {
                    EhrAuth::Open
                },
                knobs: Arc::new(Knobs::default()),
                shutdown: CancellationToken::new(),
            },
        );
        let serving = ehr.clone();
        tokio::spawn(async move { serving.serve(listener).await });
        let world = connect(&base, &clock, setting, key);
        world.ehr.read_capabilities().await.unwrap();
        let patient = busiest(&ehr, 0);
        let own = panel(&ehr, 0);
        let stranger = panel(&ehr, 1).into_iter().find(|id| !own.contains(id)).unwrap();
        let token = world.token(subject("dr-0", "user/*.rs", None));
        proxy.take_passed();
        Self { world, ehr, proxy, token, patient, stranger }
    }

    pub async fn get(&self, path: &str) -> Answer {
        let answer = self.world.get(path, &self.token).await;
        // Whatever the EHR does, nothing that a fault put there for the purpose comes out.
        assert!(!answer.text().contains(MARKER), "{path}: {}", answer.text());
        let headers = format!("{:?}", answer.headers);
        assert!(!headers.contains("Quarrymeadow") && !headers.contains("ehr.internal"), "{path}: {headers}");
        answer
    }

    /// The search of the patient's resources of a type.
    pub fn search(&self, kind: &str) -> String {
        format!("/{kind}?patient={}", self.patient)
    }

    /// One of the patient's observations, by id.
    pub async fn observation(&self) -> String {
        let found = self.get(&format!("{}&_count=1", self.search("Observation"))).await;
        self.proxy.take_passed();
        format!("/Observation/{}", found.ids()[0])
    }

    /// What `path` comes to under a fault of the type's requests, and how often the EHR was asked.
    pub async fn under(&self, fault: Fault, on: &str, path: &str) -> (Answer, usize) {
        self.during(Schedule::on(fault, on), path).await
    }

    pub async fn during(&self, schedule: Schedule, path: &str) -> (Answer, usize) {
        let on = schedule.on.clone().unwrap_or_default();
        self.proxy.take_passed();
        self.proxy.set(schedule);
        let answer = self.get(path).await;
        self.proxy.heal();
        let asked = self.proxy.take_passed();
        (answer, asked.iter().filter(|passed| passed.request.contains(&format!("/{on}"))).count())
    }

    /// Every match of a search by id, over its pages, of which there are at most so many.
    pub async fn every(&self, path: &str, pages: usize) -> BTreeMap<String, Value> {
        let mut found = BTreeMap::new();
        let mut next = Some(path.to_owned());
        for _ in 0..pages {
            let Some(path) = next else { return found };
            let answer = self.get(&path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            found.extend(resources(&answer));
            next = answer.link("next");
        }
        assert_eq!(next, None, "it goes on and on");
        found
    }
}

/// A facade in front of what is at `base`.
fn connect(base: &str, clock: &Arc<ManualClock>, setting: Setting, key: Arc<SigningKey>) -> World {
    let auth = OurAuth::BackendServices {
        client_id: "chartgate".into(),
        signer: key,
        token_url: None,
        scope: "system/*.rs".into(),
    };
    let options = OurOptions {
        timeout: LIMIT,
        first_wait: Duration::from_millis(5),
        breaker: BreakerOptions { failures: 100_000, ..BreakerOptions::default() },
        auth: if setting.with_tokens { auth } else { OurAuth::None },
        other_bases: if setting.other_base {
            vec!["http://ehr.internal:8080/r4".parse().unwrap()]
        } else {
            Vec::new()
        },
        ..OurOptions::new(base.parse().unwrap(), BASE.parse().unwrap())
    };
    let options = match setting.profile.map(super::families::profile) {
        None => options,
        Some(section) => OurOptions {
            page_size: section.page_size,
            missing_parameters: section.missing_parameters,
            required_parameters: section
                .required_parameters
                .into_iter()
                .map(|(name, required)| {
                    (name, RequiredParameters { any_of: required.any_of, fill: required.fill })
                })
                .collect(),
            lists_panels: section.panel.route != chartgate::config::PanelRoute::Search,
            ..options
        },
    };
    let purpose = PurposeOptions {
        private_networks: true,
        total_timeout: LIMIT,
        max_body: MOST,
        ..PurposeOptions::default()
    };
    let facts = Facts {
        relationships: Arc::new(Rosters),
        primary_care: Box::new(|ehr, clock| {
            Arc::new(EhrPrimaryCare::new(ehr, PrimaryCareOptions::default(), clock))
        }),
        cached: setting.cached,
    };
    World::connected(hospital::Hospital::new(), &options, purpose, clock.clone(), facts)
}

/// Who of the practice's panel has the most observations.
fn busiest(ehr: &Ehr, practice: usize) -> String {
    let hospital = &ehr.world().hospital;
    let count = |id: &String| {
        let index = chartgate::sandbox::hospital::person::index_of_id(id).unwrap();
        let entries = &hospital.record(index).unwrap().entries;
        entries.iter().filter(|entry| entry.kind == Kind::Observation).count()
    };
    panel(ehr, practice).into_iter().max_by_key(count).unwrap()
}

/// The resources of a searchset by id.
pub fn resources(answer: &Answer) -> BTreeMap<String, Value> {
    let bundle = answer.json();
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    let resources: Vec<Value> = entries.into_iter().map(|mut entry| entry["resource"].take()).collect();
    let count = resources.len();
    let by_id: BTreeMap<_, _> = resources
        .into_iter()
        .map(|resource| (resource["id"].as_str().unwrap().to_owned(), resource))
        .collect();
    assert_eq!(by_id.len(), count, "nothing comes twice on one page");
    by_id
}

/// Asserts an error of ours: status, code of the issue, and nothing of the EHR's.
pub fn assert_problem(answer: &Answer, status: u16, code: &str, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    let outcome = answer.json();
    assert_eq!(outcome["resourceType"], "OperationOutcome", "{what}");
    assert_eq!(outcome["issue"][0]["code"], code, "{what}: {outcome}");
    if matches!(status, 503 | 504) {
        assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0, "{what}");
    }
}
