//! The panel of a practice as a Group: live, complete, and nobody else's.

use chartgate::access::subject::{Actor, Subject};
use chartgate::domain::audit::AuditOutcome;
use chartgate::domain::ids::PracticeId;
use serde_json::json;

use super::world::{Answer, BASE, World, subject};

fn system(practice: &str, scope: &str) -> Subject {
    Subject { actor: Actor::Practice(PracticeId::parse(practice).unwrap()), ..subject("nobody", scope, None) }
}

fn members(answer: &Answer) -> Vec<String> {
    let group = answer.json();
    let members = group["member"].as_array().cloned().unwrap_or_default();
    assert_eq!(group["quantity"], members.len());
    members.iter().map(|member| member["entity"]["reference"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn s30_a_practice_s_system_reads_its_panel_and_then_each_patient() {
    let world = World::new().await;
    let north = world.token(system("north", "system/Group.rs system/Patient.rs"));
    let found = world.get("/Group", &north).await;
    assert_eq!((found.status.as_u16(), found.ids()), (200, vec!["north".to_owned()]), "{}", found.text());
    assert_eq!(found.json()["entry"][0]["fullUrl"], format!("{BASE}/Group/north"));
    let group = world.get("/Group/north", &north).await;
    assert_eq!(members(&group), ["Patient/seen"]);
    let event = world.audit.last();
    assert_eq!((event.what.as_str(), event.patients[0].as_str()), ("Group read", "seen"));
    assert_eq!(group.json(), found.json()["entry"][0]["resource"]);
    for member in members(&group) {
        assert_eq!(world.get(&format!("/{member}"), &north).await.status, 200);
    }
    // Who may see the list need not be allowed to see more of them.
    let list_only = world.token(system("north", "system/Group.rs"));
    assert_eq!(members(&world.get("/Group/north", &list_only).await), ["Patient/seen"]);
    assert_eq!(world.get("/Patient/seen", &list_only).await.status, 403);
}

#[tokio::test]
async fn a_provider_finds_the_group_of_the_practice_and_nobody_elses() {
    let world = World::new().await;
    let ana = world.token(subject("ana", "user/Group.rs", None));
    let identifier = format!("identifier={BASE}/identifiers/practice|north");
    for (query, expected) in [
        ("", &["north"][..]),
        ("_id=north,south", &["north"]),
        ("_id=south", &[]),
        ("identifier=north", &["north"]),
        (identifier.as_str(), &["north"]),
        ("identifier=urn:other|north", &[]),
        ("member=Patient/seen", &["north"]),
        ("member=other", &[]),
        ("member=seen&identifier=south", &[]),
    ] {
        let answer = world.get(&format!("/Group?{query}"), &ana).await;
        assert_eq!(
            (answer.status.as_u16(), answer.ids()),
            (200, expected.iter().map(|id| (*id).to_owned()).collect()),
            "{query}"
        );
        assert_eq!(answer.json()["total"], expected.len());
    }
    assert_eq!(world.get("/Group?_summary=count", &ana).await.json()["total"], 1);
    let ben = world.token(subject("ben", "user/*.rs", None));
    assert!(members(&world.get("/Group/south", &ben).await).is_empty(), "nobody's PCP is there");
    let absent = world.get("/Group/nowhere", &ben).await;
    let beyond = world.get("/Group/north", &ben).await;
    assert_eq!((beyond.status.as_u16(), beyond.text()), (404, absent.text()));
    assert_eq!(world.audit.last().outcome, AuditOutcome::Refused);
    assert!(world.get("/Group?_id=north", &ben).await.ids().is_empty());
    let gus = world.token(subject("gus", "user/*.rs", None));
    for path in ["/Group/north", "/Group"] {
        assert_eq!(world.get(path, &gus).await.status, 404, "{path}");
    }
    for (scope, launch) in
        [("user/Patient.rs", None), ("patient/Group.rs", Some("seen")), ("system/Group.rs", None)]
    {
        let token = world.token(subject("ana", scope, launch));
        assert_eq!(world.get("/Group/north", &token).await.status, 403, "{scope}");
    }
    for path in ["/Group/north/_history", "/Group/north/_history/1"] {
        assert_eq!(world.get(path, &ana).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn d11_a_restricted_patient_is_not_on_the_list_and_a_changed_pcp_leaves_it() {
    let world = World::new().await;
    let north = world.token(system("north", "system/Group.rs"));
    assert_eq!(members(&world.get("/Group/north", &north).await), ["Patient/seen"]);
    let mut resources = world.hospital.resources.lock().clone();
    let seen = resources.iter_mut().find(|resource| resource["resourceType"] == "Patient").unwrap();
    seen["meta"] = json!({"security": [{"code": "R"}]});
    *world.hospital.resources.lock() = resources;
    assert!(members(&world.get("/Group/north", &north).await).is_empty());
}

#[tokio::test]
async fn a_panel_of_more_than_a_page_is_whole() {
    let world = World::new().await;
    let more = (0..450).map(|number| json!({"resourceType": "Patient", "id": format!("panel-{number:03}")}));
    world.hospital.resources.lock().extend(more);
    let north = world.token(system("north", "system/Group.rs"));
    let group = world.get("/Group/north", &north).await;
    let members = members(&group);
    assert_eq!((members.len(), members[0].as_str()), (451, "Patient/panel-000"));
    assert!(!group.text().contains("Patient/other"));
}
