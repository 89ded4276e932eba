//! What every answer carries.

use http::StatusCode;

use super::world::{Jar, World};

#[tokio::test]
async fn every_page_forbids_foreign_code_frames_and_copies() {
    let world = World::new().await;
    let mut jar = world.sign_in("ana").await;
    for path in ["/", "/sign-in", "/help", "/no-such-page", "/patients/nonsense", "/staff/accounts"] {
        let answer = world.get(&mut jar, path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert!(answer.header("strict-transport-security").contains("max-age"), "{path}");
        assert_eq!(answer.header("x-request-id").len(), 32, "{path}");
        assert!(!answer.body.contains("<script>") && !answer.body.contains(" style=\""), "{path}");
    }
}

#[tokio::test]
async fn cookies_are_bound_to_the_host_and_hidden_from_scripts() {
    let world = World::new().await;
    let answer = world.get(&mut Jar::default(), "/sign-in").await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-chartgate-form="), "{cookie}");
    for part in ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(world.sign_in("ana").await.has("__Host-chartgate"));
    // Without TLS browsers refuse that prefix; and there is no promise of HTTPS to make.
    let plain = World::at("http://localhost:8080").await;
    assert!(plain.sign_in("ana").await.has("chartgate"));
    let answer = plain.get(&mut Jar::default(), "/sign-in").await;
    assert_eq!(answer.header("strict-transport-security"), "");
}

#[tokio::test]
async fn assets_are_kept_for_a_year_under_the_hash_of_their_content() {
    let world = World::new().await;
    let mut jar = Jar::default();
    let page = world.get(&mut jar, "/sign-in").await;
    let (_, rest) = page.body.split_once("<link rel=\"stylesheet\" href=\"").unwrap();
    let css = rest.split('"').next().unwrap();
    let answer = world.get(&mut jar, css).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "text/css; charset=utf-8");
    assert!(answer.header("cache-control").contains("immutable"));
    let stale = world.get(&mut jar, "/assets/AAAAAAAAAAAA/app.css").await;
    assert_eq!(stale.header("cache-control"), "no-cache", "another version is not kept under an old name");
    assert_eq!(world.get(&mut jar, "/assets/x/../state.rs").await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.get(&mut jar, "/apps/.gitkeep").await.status, StatusCode::NOT_FOUND);
}
