//! Non-interference: two hospitals that differ only in what the subject may not see give the same answers, byte for byte: bodies,
//! headers, totals, links and errors, whatever size the EHR's pages are. Page handles are sealed, so they are compared by length.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::world::{Answer, World, subject};

/// What both hospitals hold besides the small hospital's own: a visit with its doctor, and a doctor of whom it depends who he is.
fn common(world: &World) {
    let mut resources = world.hospital.resources.lock();
    for resource in resources.iter_mut() {
        if resource["id"] == "seen-e1" {
            resource["participant"] = json!([{"individual": {"reference": "Practitioner/dr-ana"}}]);
        }
    }
    resources.push(json!({"resourceType": "Practitioner", "id": "dr-secret", "name": [{"family": "Quiet"}]}));
    for number in 2..=4 {
        resources
            .push(json!({"resourceType": "Encounter", "id": format!("seen-e{number}"), "status": "finished",
            "class": {"code": "AMB"}, "subject": {"reference": "Patient/seen"}}));
    }
}

/// What one of them holds besides, all of it beyond the subject: restricted, or of another patient, or only reached from there.
fn hidden(world: &World) {
    let restricted =
        json!({"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY"}]});
    let mut secret: Vec<Value> = Vec::new();
    for patient in ["seen", "third"] {
        let subject = json!({"reference": format!("Patient/{patient}")});
        for number in 1..=9 {
            let id = |what: &str| format!("{patient}-hidden-{what}{number}");
            secret.extend([
                json!({"resourceType": "Observation", "id": id("o"), "meta": restricted, "subject": subject,
                    "category": [{"coding": [{"code": "laboratory"}]}], "valueString": "hidden"}),
                json!({"resourceType": "Encounter", "id": id("e"), "meta": restricted, "subject": subject, "class": {"code": "IMP"},
                    "participant": [{"individual": {"reference": "Practitioner/dr-secret"}}]}),
                json!({"resourceType": "MedicationRequest", "id": id("m"), "meta": restricted, "subject": subject,
                    "medicationReference": {"reference": format!("Medication/{}", id("drug"))}}),
                json!({"resourceType": "Medication", "id": id("drug"), "code": {"text": "hidden"}}),
                json!({"resourceType": "DocumentReference", "id": id("d"), "meta": restricted, "subject": subject,
                    "content": [{"attachment": {"url": format!("Binary/{}", id("note"))}}]}),
                json!({"resourceType": "Binary", "id": id("note"), "contentType": "text/html", "x-raw": "hidden"}),
                json!({"resourceType": "Provenance", "id": id("p"), "target": [{"reference": format!("Observation/{}", id("o"))}]}),
            ]);
        }
    }
    secret.push(json!({"resourceType": "Patient", "id": "third", "name": [{"family": "Fox"}], "birthDate": "2020-02-02"}));
    let mut resources = world.hospital.resources.lock();
    // In front, in between and behind.
    let mut mixed = Vec::new();
    let mut secret = secret.into_iter();
    for resource in resources.drain(..) {
        mixed.extend(secret.by_ref().take(3));
        mixed.push(resource);
    }
    mixed.extend(secret);
    *resources = mixed;
}

/// Everything that a client can tell: status, headers, and the body with the length of each page handle in the place of it.
fn told(answer: &Answer) -> String {
    let headers = answer.headers.iter().filter(|(name, _)| *name != "x-request-id");
    let mut headers: Vec<_> = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
    headers.sort();
    let mut text = answer.text();
    let mut from = 0;
    while let Some(at) = text[from..].find("_page=").map(|at| from + at + 6) {
        let end = at + text[at..].find('"').unwrap();
        text.replace_range(at..end, &format!("[{}]", end - at));
        from = at;
    }
    if let Some(id) = answer.headers.get("x-request-id").filter(|_| !answer.status.is_success()) {
        text = text.replace(id.to_str().unwrap(), "");
    }
    format!("{}\n{}\n{text}", answer.status, headers.join("\n"))
}

/// An answer and, for a search, all the pages that its links lead to.
async fn walk(world: &World, token: &str, path: &str) -> Vec<String> {
    let mut pages = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let answer = world.get(&path, token).await;
        pages.push(told(&answer));
        next = if answer.text().contains("\"searchset\"") { answer.link("next") } else { None };
        if let Some(next) = &next {
            assert!(!answer.ids().is_empty(), "an empty page with a link to go on tells something");
            let page = world.get(next, token).await;
            assert_eq!(page.status, 200, "{}", page.text());
            assert!(
                !page.ids().is_empty(),
                "a page behind a link has something in it: {path} {}",
                page.text()
            );
        }
        assert!(pages.len() < 40, "it ends");
    }
    pages
}

const PATHS: &[&str] = &[
    "/Observation?patient=seen",
    "/Observation?patient=seen&_count=1",
    "/Observation?patient=seen&_count=2",
    "/Observation?patient=seen&_count=3&_revinclude=Provenance:target",
    "/Observation?patient=seen&_count=7",
    "/Observation?patient=seen&_total=accurate&_count=4",
    "/Observation?patient=seen&_summary=count",
    "/Observation?patient=third",
    "/Encounter?patient=seen&_include=Encounter:participant",
    "/Encounter?patient=seen&_include=Encounter:participant&_count=1",
    "/Encounter?patient=seen&_count=3",
    "/MedicationRequest?patient=seen&_include=MedicationRequest:medication&_count=1",
    "/DocumentReference?patient=seen&_count=1",
    "/Patient?name=fox&_count=1",
    "/Patient?name=fox",
    "/Observation/seen-hidden-o1",
    "/Observation/third-hidden-o1",
    "/Encounter/seen-hidden-e1",
    "/DocumentReference/seen-hidden-d1",
    "/Binary/seen-hidden-note1",
    "/Medication/seen-hidden-drug1",
    "/Provenance/seen-hidden-p1",
    "/Patient/third",
    "/Observation?_id=seen-hidden-o1",
    "/Practitioner?name=quiet",
];

#[tokio::test]
async fn hospitals_that_differ_in_what_is_hidden_answer_alike() {
    for scope in ["user/*.rs", "patient/*.rs", "user/Observation.rs?category=laboratory user/Encounter.rs"] {
        let launch = scope.starts_with("patient/").then_some("seen");
        let without = World::new().await;
        common(&without);
        let token = without.token(subject("ana", scope, launch));
        let mut expected = Vec::new();
        for path in PATHS {
            expected.push(walk(&without, &token, path).await);
        }
        // Not so small that a search for anybody meets its limit.
        for page in [100, 8] {
            for hide in [false, true] {
                let world = World::new().await;
                common(&world);
                if hide {
                    hidden(&world);
                }
                world.hospital.page.store(page, Ordering::Relaxed);
                let token = world.token(subject("ana", scope, launch));
                for (path, expected) in PATHS.iter().zip(&expected) {
                    let answers = walk(&world, &token, path).await;
                    assert_eq!(
                        answers.len(),
                        expected.len(),
                        "{path}, pages of {page}, hidden {hide}, {scope}"
                    );
                    for (answer, expected) in answers.iter().zip(expected) {
                        assert_eq!(answer, expected, "{path}, pages of {page}, hidden {hide}, {scope}");
                        assert!(
                            !answer.contains("\":\"hidden") && !answer.contains("-hidden-o1\",\""),
                            "{path}: {answer}"
                        );
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn handles_are_of_one_length_wherever_the_page_begins() {
    let mut lengths = std::collections::BTreeSet::new();
    for page in [1, 2, 3, 100] {
        let world = World::new().await;
        hidden(&world);
        world.hospital.page.store(page, Ordering::Relaxed);
        let ana = world.ana();
        let mut next = Some("/Observation?patient=seen&_count=2".to_owned());
        while let Some(path) = next {
            let answer = world.get(&path, &ana).await;
            next = answer.link("next");
            lengths.extend(next.iter().map(String::len));
        }
    }
    assert_eq!(lengths.len(), 1, "{lengths:?}");
}

/// The stated limit: where too many of the EHR's pages in a row have nothing for the reader, the page ends early and can be gone
/// on with. Nothing is lost, and nothing comes twice.
#[tokio::test]
async fn a_page_that_would_take_too_many_of_the_ehrs_ends_early() {
    let world = World::new().await;
    hidden(&world);
    world.hospital.page.store(1, Ordering::Relaxed);
    let ana = world.ana();
    let (mut ids, mut pages) = (Vec::new(), 0);
    let mut next = Some("/Observation?patient=seen".to_owned());
    while let Some(path) = next {
        let asked = world.hospital.asked().len();
        let answer = world.get(&path, &ana).await;
        assert!(world.hospital.asked().len() - asked <= 20);
        assert!(answer.json().get("total").is_none() || pages == 0);
        ids.extend(answer.ids());
        next = answer.link("next");
        pages += 1;
    }
    assert_eq!(ids, ["o1", "o2", "o3", "o4", "o5", "o6", "o7"].map(|id| format!("seen-{id}")));
    assert!((2..5).contains(&pages), "{pages}");
}

#[tokio::test]
async fn an_ehr_whose_pages_lead_in_a_circle_is_left_after_one_round() {
    let world = World::new().await;
    let ana = world.ana();
    let one = json!({"resource": {"resourceType": "Observation", "id": "o", "subject": {"reference": "Patient/seen"}}});
    world.hospital.set(super::hospital::Knob::Body(
        json!({"resourceType": "Bundle", "type": "searchset", "entry": [one],
            "link": [{"relation": "next", "url": "Observation?_offset=1"}]})
        .to_string(),
    ));
    let answer = world.get("/Observation?patient=seen", &ana).await;
    assert_eq!((answer.status.as_u16(), answer.ids()), (200, vec!["o".to_owned()]));
    assert_eq!(answer.link("next"), None);
    assert_eq!(world.hospital.asked().len(), 2);
}

/// Labels and categories hold through every channel alike: what a read by id withholds comes out nowhere else.
#[tokio::test]
async fn leak_a_channel_that_forgets_the_label_or_the_category() {
    let world = World::new().await;
    common(&world);
    hidden(&world);
    let (ana, labs) = (
        world.ana(),
        world.token(subject(
            "ana",
            "user/Patient.rs user/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory",
            None,
        )),
    );
    let paths = [
        "/Observation/seen-hidden-o1",
        "/Observation/seen-o1",
        "/Observation?patient=seen",
        "/Observation?_id=seen-hidden-o1,seen-o1",
        "/Observation?patient=seen&_elements=valueString",
        "/Observation?patient=seen&_count=2&_summary=data",
        "/DiagnosticReport?patient=seen&_include=DiagnosticReport:result",
        "/Encounter?patient=seen&_include=Encounter:participant",
        "/MedicationRequest?patient=seen&_include=MedicationRequest:medication",
        "/Patient/seen/$everything?_count=3",
        "/DocumentReference/$docref?patient=seen&type=x",
        "/Observation/seen-hidden-o1/_history",
        "/Observation/seen-o1/_history/1",
        "/Binary/seen-hidden-note1?patient=seen",
        "/Medication/seen-hidden-drug1?patient=seen",
        "/Provenance/seen-hidden-p1",
        "/Group?_summary=data",
    ];
    let mut shown = 0;
    for (token, vital_signs) in [(&ana, true), (&labs, false)] {
        for path in paths {
            let mut next = Some(path.to_owned());
            while let Some(path) = next {
                let answer = world.get(&path, token).await;
                let text = answer.text();
                assert!(!text.contains("\"hidden\"") && !text.contains("Quiet"), "{path}: {text}");
                assert!(vital_signs || !text.contains("vital-signs"), "{path}: {text}");
                shown += usize::from(text.contains("secret of seen"));
                next = if text.contains("searchset") { answer.link("next") } else { None };
            }
        }
    }
    assert!(shown > 10, "what may be seen is shown: {shown}");
}
