//! Every kind of narrowing through every channel: granular scopes, scopes by type, what a family left out of a grant, labels, the end of
//! access. Whatever the channel, the set of what is shown is the same; what it ought to be is written here by hand.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::leaks_http::{House, LABS, next};
use crate::oracle_server::judge::{ALL_KINDS, Grant};

/// Everything of kim's that could be shown by one of the channels below.
const OBSERVATIONS: [&str; 5] = ["kim-lab1", "kim-lab2", "kim-lab3", "kim-psy", "kim-vital"];

fn marks(text: &str, into: &mut BTreeSet<String>) {
    for id in OBSERVATIONS.iter().chain(&[
        "kim-doc",
        "kim-quiet",
        "kim-rx",
        "kim-visit",
        "kim-note",
        "kim-secret",
        "kim-drug",
    ]) {
        if text.contains(&format!("/{id}~")) {
            into.insert((*id).to_owned());
        }
    }
}

impl House {
    /// What is shown of these paths and all pages behind them.
    async fn shown(&self, token: &str, paths: &[String]) -> BTreeSet<String> {
        let mut shown = BTreeSet::new();
        for path in paths {
            let mut onward = Some(path.clone());
            while let Some(path) = onward {
                let answer = self.get(&path, token).await;
                assert!(answer.status.as_u16() < 500, "{path}: {}", answer.text());
                marks(&answer.text(), &mut shown);
                onward = next(&answer);
            }
        }
        shown
    }

    /// The same of a batch of reads or searches.
    async fn in_a_batch(&self, token: &str, paths: &[String]) -> BTreeSet<String> {
        let entries: Vec<Value> = paths
            .iter()
            .map(|path| json!({"request": {"method": "GET", "url": path.trim_start_matches('/')}}))
            .collect();
        let bundle = json!({"resourceType": "Bundle", "type": "batch", "entry": entries}).to_string();
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/fhir+json")];
        let answer = self.node.send("POST", "/fhir/r4/", &headers, Some(&bundle)).await;
        let mut shown = BTreeSet::new();
        marks(&answer.text(), &mut shown);
        shown
    }
}

fn only(all: &BTreeSet<String>, of: &[&str]) -> BTreeSet<String> {
    all.iter().filter(|id| of.contains(&id.as_str())).cloned().collect()
}

fn granted(kinds: &[&'static str], restricted: bool) -> Vec<Grant> {
    vec![Grant {
        provider: "ben",
        patient: "kim",
        kinds: kinds.to_vec(),
        restricted,
        until: None,
        revoked: false,
    }]
}

/// Reader, scopes, launch, grants of Ben's; what may be seen.
type Case<'a> = (&'a str, &'static str, Vec<&'static str>, Option<&'static str>, Vec<Grant>, Vec<&'a str>);

#[tokio::test]
async fn every_narrowing_holds_through_every_channel() {
    let labs: &'static str = format!("user/Observation.rs?category={LABS}").leak();
    let open = [
        "kim-lab1",
        "kim-lab2",
        "kim-lab3",
        "kim-vital",
        "kim-doc",
        "kim-rx",
        "kim-visit",
        "kim-note",
        "kim-drug",
    ];
    let results = ["kim-lab1", "kim-lab2", "kim-lab3"];
    let everything = [&open[..], &["kim-psy", "kim-quiet", "kim-secret"]].concat();
    let cases: Vec<Case<'_>> = vec![
        ("all of a PCP", "ana", vec!["user/*.rs"], None, vec![], open.to_vec()),
        ("a launch", "ana", vec!["patient/*.rs"], Some("kim"), vec![], open.to_vec()),
        ("another launch", "ana", vec!["patient/*.rs"], Some("lee"), vec![], vec![]),
        (
            "one category",
            "ana",
            vec![labs, "user/Patient.rs", "user/DiagnosticReport.rs"],
            None,
            vec![],
            results.to_vec(),
        ),
        (
            "one type",
            "ana",
            vec!["user/DocumentReference.rs", "user/Patient.rs"],
            None,
            vec![],
            vec!["kim-doc"],
        ),
        ("a practice's system", "system:north", vec!["system/*.rs"], None, vec![], open.to_vec()),
        ("another practice's", "system:south", vec!["system/*.rs"], None, vec![], vec![]),
        ("nobody's PCP", "ben", vec!["user/*.rs"], None, vec![], vec![]),
        ("a grant", "ben", vec!["user/*.rs"], None, granted(&ALL_KINDS, false), open.to_vec()),
        ("a grant with labels", "ben", vec!["user/*.rs"], None, granted(&ALL_KINDS, true), everything),
        (
            "labs alone",
            "ben",
            vec!["user/*.rs"],
            None,
            granted(&["labs"], false),
            [&results[..], &["kim-vital"]].concat(),
        ),
        (
            "notes alone",
            "ben",
            vec!["user/*.rs"],
            None,
            granted(&["notes"], false),
            vec!["kim-doc", "kim-note"],
        ),
        (
            "medications alone",
            "ben",
            vec!["user/*.rs"],
            None,
            granted(&["medications"], false),
            vec!["kim-rx", "kim-drug"],
        ),
        ("visits alone", "ben", vec!["user/*.rs"], None, granted(&["visits"], false), vec!["kim-visit"]),
        (
            "labs with labels, of one category",
            "ben",
            vec![labs, "user/Patient.rs"],
            None,
            granted(&["labs"], true),
            [&results[..], &["kim-psy"]].concat(),
        ),
        (
            "a grant that is over",
            "ben",
            vec!["user/*.rs"],
            None,
            vec![Grant { revoked: true, ..granted(&ALL_KINDS, true).remove(0) }],
            vec![],
        ),
    ];
    for (what, actor, scopes, launch, grants, right) in cases {
        let house = House::with(Vec::new(), grants).await;
        let token = house.token(actor, &scopes, launch).await;
        let all: BTreeSet<String> = right.iter().map(|id| (*id).to_owned()).collect();
        let observations = only(&all, &OBSERVATIONS);
        let paths = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        let each =
            |format: &dyn Fn(&str) -> String| OBSERVATIONS.iter().map(|id| format(id)).collect::<Vec<_>>();
        let reads = each(&|id| format!("/Observation/{id}"));
        let named = OBSERVATIONS.join(",");
        // Cold, and warm.
        for time in ["cold", "warm"] {
            let here = |channel: &str| format!("{what}, {channel}, {time}");
            let sets: Vec<(&str, BTreeSet<String>)> = vec![
                ("read", house.shown(&token, &reads).await),
                ("version", house.shown(&token, &each(&|id| format!("/Observation/{id}/_history/1"))).await),
                ("history", house.shown(&token, &each(&|id| format!("/Observation/{id}/_history"))).await),
                (
                    "search",
                    only(&house.shown(&token, &paths(&["/Observation?patient=kim"])).await, &OBSERVATIONS),
                ),
                (
                    "search by id",
                    only(&house.shown(&token, &[format!("/Observation?_id={named}")]).await, &OBSERVATIONS),
                ),
                (
                    "pages",
                    only(
                        &house.shown(&token, &paths(&["/Observation?patient=kim&_count=1"])).await,
                        &OBSERVATIONS,
                    ),
                ),
                (
                    "pages of an id each",
                    only(
                        &house.shown(&token, &[format!("/Observation?_id={named}&_count=2")]).await,
                        &OBSERVATIONS,
                    ),
                ),
                ("batch of reads", house.in_a_batch(&token, &reads).await),
                (
                    "batch of a search",
                    only(
                        &house.in_a_batch(&token, &paths(&["/Observation?patient=kim"])).await,
                        &OBSERVATIONS,
                    ),
                ),
            ];
            for (channel, set) in sets {
                assert_eq!(set, observations, "{}", here(channel));
            }
            let whole = scopes.iter().any(|scope| scope.ends_with("/*.rs") || scope.contains("/Patient."));
            if whole {
                // A Medication or the content of a note is in no such record.
                let record = house.shown(&token, &paths(&["/Patient/kim/$everything?_count=2"])).await;
                let through = ["kim-note", "kim-secret", "kim-drug"];
                let right: BTreeSet<String> =
                    all.iter().filter(|id| !through.contains(&id.as_str())).cloned().collect();
                assert_eq!(record, right, "{}", here("$everything"));
            }
            let notes = house.shown(&token, &paths(&["/DocumentReference/$docref?patient=kim"])).await;
            assert_eq!(notes, only(&all, &["kim-doc", "kim-quiet"]), "{}", here("$docref"));
            let contents = house
                .shown(&token, &paths(&["/Binary/kim-note?patient=kim", "/Binary/kim-secret?patient=kim"]))
                .await;
            let texts = all
                .iter()
                .filter(|id| ["kim-note", "kim-secret"].contains(&id.as_str()))
                .cloned()
                .collect::<BTreeSet<_>>();
            assert_eq!(contents, texts, "{}", here("Binary"));
            let drugs = house.shown(&token, &paths(&["/Medication/kim-drug?patient=kim"])).await;
            assert_eq!(drugs, only(&all, &["kim-drug"]), "{}", here("Medication"));
            let along = house
                .shown(
                    &token,
                    &paths(&["/MedicationRequest?patient=kim&_include=MedicationRequest:medication"]),
                )
                .await;
            assert_eq!(along, only(&all, &["kim-rx", "kim-drug"]), "{}", here("include"));
            // What comes along with a report is judged by itself.
            let report = house
                .shown(&token, &paths(&["/DiagnosticReport?patient=kim&_include=DiagnosticReport:result"]))
                .await;
            let named: BTreeSet<String> = only(&observations, &["kim-lab1", "kim-psy"]);
            assert!(report.is_subset(&named), "{}: {report:?}", here("included results"));
        }
    }
}

/// The panel as a resource and the portal's pages show the same patients to the same practice, and nobody whose own entry is restricted.
#[tokio::test]
async fn group_and_portal_show_the_same_patients() {
    let house = House::new().await;
    let labelled = json!([{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY"}]);
    for restricted in [false, true] {
        if restricted {
            house.revise("Patient/kim", |kim| kim["meta"]["security"] = labelled.clone());
            house.node.clock.advance(std::time::Duration::from_mins(6));
        }
        for (actor, scope) in [("ana", "user/*.rs"), ("system:north", "system/*.rs"), ("nia", "user/*.rs")] {
            let token = house.token(actor, &[scope], None).await;
            let group = house.get("/Group/north", &token).await;
            assert_eq!(group.status, 200, "{actor}: {}", group.text());
            assert_eq!(group.text().contains("Patient/kim"), !restricted, "{actor}: {}", group.text());
            assert!(!group.text().contains("Patient/lee"), "{actor}");
            assert_eq!(house.get("/Group/south", &token).await.status, 404, "{actor}");
            let family = house.names("/Patient?family=Fox", &token).await;
            assert_eq!(family.len(), usize::from(!restricted), "{actor}: {family:?}");
            if actor.starts_with("system:") {
                continue;
            }
            let cookie = house.node.signed_in(actor).await;
            for page in ["/", "/patients/at-the-hospital", "/patients/saved"] {
                let page = house.node.send("GET", page, &[("cookie", &cookie)], None).await;
                assert!(!page.text().contains("MRN-lee"), "{actor}");
                assert!(!restricted || !page.text().contains("MRN-kim"), "{actor}: {}", page.text());
            }
        }
        for nobody in ["gus", "sue"] {
            let token = house.token(nobody, &["user/*.rs"], None).await;
            assert_eq!(house.get("/Group/north", &token).await.status, 404);
        }
    }
}
