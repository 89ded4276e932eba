//! Non-interference over the running server: random hospitals, and the same hospitals without what the reader may not see, give the same
//! answers byte for byte: bodies, headers, totals, links, errors, pages of the portal, with the cache cold and warm.

use std::sync::Arc;

use super::asks::{Ask, Bench, link, told};
use super::dice::Dice;
use super::judge::{Oracle, World, patients};
use super::server::{Answer, Running};
use super::ward::{Row, Served, name, text};
use super::world;

/// Pairs of hospitals, and requests to each.
const PAIRS: u64 = 5;
const REQUESTS: u64 = 70;

/// The hospital without what the asker may not see by any request. Of patients within reach, and of those whom the EHR names as
/// PCPs, everything stays that facts are made of.
fn without_the_hidden(world: &World, oracle: &Oracle<'_>) -> World {
    let seen = |row: &&Row| {
        let resource = row.last();
        let (kind, id) = (text(&resource["resourceType"]), text(&resource["id"]));
        match kind {
            "Practitioner" | "PractitionerRole" | "Organization" => true,
            // Without a reason for access there is nothing of the patient; with one, the PCPs count whatever the label says.
            "Patient" => !oracle.bases(id).is_empty(),
            "Medication" | "Binary" | "Provenance" => {
                oracle.read(kind, id, None).contains(&200) || oracle.is_included(resource)
            }
            _ => oracle.sees('r', resource) || oracle.sees('s', resource),
        }
    };
    let mut ward = (*world.bodies).clone();
    ward.rows = world.bodies.rows.iter().filter(|row| !row.deleted).filter(seen).cloned().collect();
    let ward = Arc::new(ward);
    World { bodies: ward.clone(), care: ward, ..world.clone() }
}

/// Everything that a client can tell, with the length of what is sealed in place of it.
fn plain(answer: &Answer) -> String {
    let text = told(answer);
    let mut plain = String::new();
    for word in text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')) {
        let sealed = word.len() > 40;
        plain.push_str(if sealed { "sealed:" } else { word });
        plain.extend(sealed.then(|| word.len().to_string()));
    }
    plain
}

/// An answer and all the pages that its links lead to.
async fn walk(server: &Running, token: &str, first: Answer) -> Vec<String> {
    let (mut all, mut answer) = (Vec::new(), first);
    loop {
        all.push(plain(&answer));
        let Some(next) = link(&answer.json()) else { return all };
        assert!(all.len() < 60, "it ends");
        answer = server.get(&next, token).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_hospitals_that_differ_in_what_is_hidden_answer_alike() {
    let (mut compared, mut removed) = (0, 0);
    let pairs = super::number("CHARTGATE_INTERFERENCE_PAIRS").unwrap_or(PAIRS);
    for seed in 1000..1000 + pairs {
        let mut with = world::world(seed);
        let mut dice = Dice::new(seed, 77);
        let mut ward = (*with.bodies).clone();
        // The stated limits of one page are not what this is about.
        ward.page = dice.one(&[20, 100]);
        with.bodies = Arc::new(ward);
        with.care = with.bodies.clone();
        let asker = (0..10_000).map(|number| world::asker(seed, number)).find(|asker| {
            let oracle = Oracle { world: &with, asker };
            let seen = with.bodies.of("Observation").into_iter().filter(|one| oracle.sees('s', one)).count();
            (2..20).contains(&seen)
        });
        let asker = asker.unwrap();
        let without = without_the_hidden(&with, &Oracle { world: &with, asker: &asker });
        removed += with.bodies.rows.len() - without.bodies.rows.len();
        let mut sides = Vec::new();
        for world in [&with, &without] {
            let server = Running::start(Served::start((*world.bodies).clone()).await, world).await;
            let token = server.token(&asker).await.0;
            let cookie = match asker.actor.strip_prefix("system:") {
                None => Some(server.signed_in(asker.actor).await),
                Some(_) => None,
            };
            sides.push((server, token, cookie));
        }
        for number in 0..REQUESTS {
            let ask = Ask::any(&mut Dice::new(seed, number), &with);
            let mut answers = Vec::new();
            for (server, token, _) in &sides {
                let refusal = Answer {
                    status: http::StatusCode::NOT_FOUND,
                    headers: http::HeaderMap::new(),
                    body: Vec::new(),
                };
                let bench = Bench { server, asker: &asker, token, worlds: &[], refusal: &refusal };
                let mut all = Vec::new();
                // Cold, and warm.
                for _ in 0..2 {
                    let first = bench.send(&ask).await;
                    all.push(walk(server, token, first).await);
                }
                answers.push(all);
            }
            assert_eq!(answers[0], answers[1], "seed {seed}, request {number}: {asker:?} {ask:?}");
            compared += 1;
        }
        for path in ["/", "/patients/at-the-hospital", "/patients/saved", "/patients/nonsense"] {
            let mut pages = Vec::new();
            for (server, _, cookie) in &sides {
                let Some(cookie) = cookie else { continue };
                let page = server.send("GET", path, &[("cookie", cookie)], None).await;
                pages.push(plain(&page));
            }
            assert!(
                pages.windows(2).all(|two| two[0] == two[1]),
                "seed {seed} {path}:\n{}",
                pages.join("\n\n----\n\n")
            );
        }
    }
    assert!(compared > 100 && removed > 100, "{compared} compared, {removed} hidden");
}

impl Oracle<'_> {
    /// Whether something that may be seen brings it along.
    fn is_included(&self, resource: &serde_json::Value) -> bool {
        let own = name(resource);
        let others = self.world.bodies.rows.iter().map(Row::last).filter(|other| self.sees('s', other));
        let mut others = others.filter(|other| patients(other).is_some());
        let (kind, text) = (text(&resource["resourceType"]).to_owned(), resource.to_string());
        others.any(|other| {
            let refers = other.to_string().contains(&format!("{own}\""));
            refers || kind == "Provenance" && text.contains(&format!("\"{}\"", name(other)))
        })
    }
}
