//! The page about the system's state, and purges from it.

use chartgate::access::forget::Forget;
use chartgate::fhir::resource_type::ResourceType;
use http::StatusCode;

use super::world::{World, form_token};

/// The sealed purge of a page that asks whether it is meant.
fn handle(html: &str) -> String {
    let (_, rest) = html.split_once("name=\"handle\" value=\"").expect("a handle");
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn d10_a_purge_says_what_it_does_before_it_is_done_and_is_in_the_audit_log() {
    let world = World::new().await;
    let mut kim = world.sign_in("kim").await;
    let form = "/staff/health/forget";
    let asked = world.submit(&mut kim, form, form, &[("what", "type"), ("type", "Observation")]).await;
    assert_eq!(asked.status, StatusCode::OK);
    assert!(asked.body.contains("Forget what is held of every Observation?"), "{}", asked.body);
    assert!(asked.body.contains("on every other within two seconds"));
    assert!(world.forgotten.0.lock().is_empty(), "not yet");
    let (token, sealed) = (form_token(&asked.body), handle(&asked.body));
    let confirm = "/staff/health/forget/confirm";
    let done = world.post(&mut kim, confirm, &[("csrf", &token), ("handle", &sealed)]).await;
    assert_eq!(
        (done.status, done.header("location")),
        (StatusCode::SEE_OTHER, "/staff/health?forgotten=type")
    );
    assert_eq!(*world.forgotten.0.lock(), [Forget::Type(ResourceType::Observation)]);
    let event = world.log.last();
    assert_eq!((event.what.as_str(), event.reason.as_deref()), ("cache purge", Some("staff")));
    assert!(event.account.is_some());
    let page = world.get(&mut kim, "/staff/health?forgotten=type").await;
    assert!(page.body.contains("What the EHR said of this type is forgotten."));
}

#[tokio::test]
async fn s06_a_purge_is_made_up_by_nobody_and_confirmed_by_nobody_else() {
    let world = World::new().await;
    let mut kim = world.sign_in("kim").await;
    let form = "/staff/health/forget";
    for fields in [
        &[("what", "type"), ("type", "Nothing")][..],
        &[("what", "patient"), ("mrn", "")],
        &[("what", "patient"), ("mrn", "<b>")],
        &[("what", "")],
        &[],
    ] {
        let answer = world.submit(&mut kim, form, form, fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        assert!(answer.body.contains("Error: "), "{fields:?}");
    }
    let unknown = world.submit(&mut kim, form, form, &[("what", "patient"), ("mrn", "CG-1")]).await;
    assert_eq!(unknown.status, StatusCode::SERVICE_UNAVAILABLE, "the EHR is away, and says whose it is");
    let asked = world.submit(&mut kim, form, form, &[("what", "all")]).await;
    let (sealed, confirm) = (handle(&asked.body), "/staff/health/forget/confirm");
    for wrong in ["", "made-up"] {
        let answer = world.submit(&mut kim, form, confirm, &[("handle", wrong)]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
    let mut sue = world.sign_in("sue").await;
    let answer = world.submit(&mut sue, "/help", confirm, &[("handle", &sealed)]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "support answers requests");
    assert!(!world.get(&mut sue, "/staff/health").await.body.contains(form), "nor is it offered");
    assert!(world.forgotten.0.lock().is_empty());
}

#[tokio::test]
async fn the_page_of_the_systems_state_reads_without_a_script_and_never_reloads_itself() {
    let world = World::new().await;
    let mut sue = world.sign_in("sue").await;
    let page = world.get(&mut sue, "/staff/health").await;
    assert_eq!(page.status, StatusCode::OK);
    for part in [
        "Answered from memory",
        "of at most",
        "CapabilityStatement read",
        "Look again",
        "waiting to be written",
    ] {
        assert!(page.body.contains(part), "{part}");
    }
    assert!(!page.body.contains("http-equiv"));
}
