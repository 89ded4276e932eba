//! Rows of SMART App Launch about the resource server that no other test is about.

use chartgate::fhir::resource_type::ResourceType;

use super::world::{World, subject};

#[tokio::test]
async fn rows_119_140_245_scopes_never_override_the_policy() {
    let world = World::new().await;
    let widest = world.token(subject("ana", "user/*.rs patient/*.rs", Some("seen")));
    assert_eq!(world.get("/Patient/seen", &widest).await.status, 200);
    assert_eq!(world.get("/Patient/other", &widest).await.status, 404, "in scope, beyond reach");
    let nobody = world.token(subject("ben", "user/*.rs", None));
    assert_eq!(world.get("/Patient/seen", &nobody).await.status, 404);
}

#[tokio::test]
async fn row_144_a_wildcard_stands_for_every_type() {
    let world = World::new().await;
    let token = world.token(subject("ana", "patient/*.rs", Some("seen")));
    let rules = world.records.offer().rules();
    // A practice's panel is about more than one patient: no patient/ scope covers it.
    let searched = rules.tables.iter().filter(|(name, table)| table.search && *name != "Group");
    for (name, table) in searched {
        let by_patient = table.parameters.contains_key("patient");
        let query = if by_patient { "patient=seen" } else { "_id=seen" };
        let answer = world.get(&format!("/{name}?{query}"), &token).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        assert!(ResourceType::parse(name).is_some());
    }
}

#[tokio::test]
async fn row_244_a_type_that_is_not_served_is_refused_at_once() {
    let world = World::new().await;
    let ana = world.ana();
    for path in ["/Claim?patient=seen", "/Claim/1", "/Appointment?patient=seen"] {
        let answer = world.get(path, &ana).await;
        assert!(matches!(answer.status.as_u16(), 400 | 404), "{path}: {}", answer.status);
        assert_eq!(answer.json()["resourceType"], "OperationOutcome");
    }
}
