//! Every route and every type as everybody who is not entitled: anonymous, without the scope, without a relationship, staff
//! and guardians. A type that is added is in the sweep by itself; a method that is not listed fails it.

use chartgate::fhir::resource_type::{Judgement, ResourceType};

use super::world::{World, subject};

/// What can be asked about the patients of the small hospital, by type.
fn paths(resource_type: ResourceType) -> Vec<String> {
    let ids = match resource_type {
        ResourceType::Patient => ["seen", "other"].map(str::to_owned).to_vec(),
        _ => ["o1", "e1", "c1", "t1", "m1", "drug", "d1", "r1", "note", "p1"]
            .iter()
            .flat_map(|what| [format!("seen-{what}"), format!("other-{what}")])
            .collect(),
    };
    let reads = ids.iter().map(|id| format!("/{resource_type}/{id}"));
    let searches = [
        "_id=seen-o1,other-o1",
        "patient=seen",
        "patient=other",
        "subject=Patient/seen",
        "name=fox",
        "identifier=1",
    ]
    .map(|query| format!("/{resource_type}?{query}"));
    reads.chain(searches).collect()
}

#[tokio::test]
async fn sweep_nobody_gets_what_is_not_theirs() {
    let world = World::new().await;
    let people = [
        ("anonymous", None),
        ("unknown token", Some("cga_unknown".to_owned())),
        ("no scope", Some(world.token(subject("ana", "openid fhirUser", None)))),
        ("wrong scope context", Some(world.token(subject("ana", "system/*.rs", None)))),
        ("no launch patient", Some(world.token(subject("ana", "patient/*.rs", None)))),
        ("other practice", Some(world.token(subject("ben", "user/*.rs patient/*.rs", Some("seen"))))),
        ("guardian or staff", Some(world.token(subject("gus", "user/*.rs patient/*.rs", Some("seen"))))),
        ("suspended", Some(world.token(subject("eve", "user/*.rs", None)))),
    ];
    let mut asked = 0;
    for (who, token) in &people {
        for resource_type in ResourceType::ALL {
            for path in paths(*resource_type) {
                let answer = world.call("GET", &path, token.as_deref(), &[]).await;
                asked += 1;
                let text = answer.text();
                assert!(
                    !text.contains("secret") && !text.contains("note of") && !text.contains("drug of"),
                    "{who} {path}: {text}"
                );
                assert!(!text.contains("Fox"), "{who} {path}: {text}");
                assert!(!text.contains("127.0.0.1"), "{who} {path}: {text}");
                let directory = resource_type.judgement() == Judgement::Directory;
                let disclosed = answer.status == 200 && !answer.ids_or_none().is_empty();
                assert!(!disclosed || (directory && *who == "other practice"), "{who} {path}: {text}");
                let expected: &[u16] = match *who {
                    "anonymous" | "unknown token" | "suspended" => &[401, 400],
                    "no scope" | "wrong scope context" | "no launch patient" => &[403, 400],
                    _ => &[404, 400, 200],
                };
                assert!(expected.contains(&answer.status.as_u16()), "{who} {path}: {}", answer.status);
            }
        }
    }
    assert!(asked > 2000, "the sweep covers what it says: {asked}");
}

#[tokio::test]
async fn s64_nothing_can_be_written() {
    let world = World::new().await;
    let ana = world.ana();
    let before = world.hospital.asked().len();
    for token in [None, Some(ana.as_str())] {
        for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "QUERY"] {
            for path in [
                "",
                "/",
                "/Observation",
                "/Observation/seen-o1",
                "/Patient/seen",
                "/metadata",
                "/Observation/seen-o1/_history/1",
                "/Claim/1",
            ] {
                // A batch of reads goes there.
                if method == "POST" && path.len() < 2 {
                    continue;
                }
                let answer = world.call(method, path, token, &[]).await;
                assert_eq!(answer.status, 405, "{method} {path}");
                assert!(answer.header("allow").starts_with("GET"), "{method} {path}");
                assert!(
                    answer.json()["issue"][0]["details"]["text"].as_str().unwrap().contains("read-only"),
                    "{method} {path}"
                );
            }
        }
        for method in ["PUT", "PATCH", "DELETE"] {
            let answer = world.call(method, "/Observation/_search", token, &[]).await;
            assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET, HEAD, POST, OPTIONS"));
        }
    }
    assert_eq!(world.hospital.asked().len(), before, "the EHR hears nothing of it");
}

#[tokio::test]
async fn paths_are_parsed_once_and_odd_ones_lead_nowhere() {
    let world = World::new().await;
    let ana = world.ana();
    for path in [
        "/Patient/seen/..%2fother",
        "/Patient/..%2f..%2fadmin",
        "/Patient%2Fother",
        "/Patient/other%00",
        "/patient/other",
        "/Patient//other",
        "//Patient/other",
        "/Patient/other/",
        "/Patient/other/Observation",
        "/Patient/other/$everything",
        "/Patient/other/_history",
        "/Patient/other/_history/1",
        "/Observation/$lastn",
        "/$export",
        "/_history",
        "/Patient/%6fther",
        "/Patient/seen%3Fx=%2FPatient%2Fother",
        "/./Patient/other",
        "/Patient/./other",
    ] {
        let answer = world.get(path, &ana).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.text().contains("Fox"), "{path}");
    }
    assert!(!world.hospital.asked().iter().any(|url| url.contains("admin") || url.contains("..")));
}
