//! Which language a page speaks, and the one tap that changes it.

use axum::body::Body;
use http::{Request, StatusCode, header};

use super::world::{Jar, World};

async fn get_wishing(world: &World, jar: &mut Jar, path: &str, wish: &str) -> String {
    let request = Request::get(path).header(header::ACCEPT_LANGUAGE, wish).body(Body::empty()).unwrap();
    world.send(jar, request).await.body
}

#[tokio::test]
async fn pages_for_families_speak_as_the_browser_wishes_until_somebody_chooses() {
    let world = World::new().await;
    let mut jar = world.sign_in("gus").await;
    // The EHR is away, which is said in the reader's language, with the frame around it.
    let page = get_wishing(&world, &mut jar, "/", "es-MX,es;q=0.9,en;q=0.8").await;
    assert!(page.contains("<html lang=\"es\">"), "{page}");
    assert!(page.contains("Cerrar sesión") && page.contains("Quién puede ver"), "{page}");
    assert!(page.contains("lang=\"en\">English</button>"), "the way back: {page}");
    let fields = [("language", "en"), ("next", "/help")];
    let answer = world.submit(&mut jar, "/", "/language", &fields).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/help"));
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-chartgate-language=en;") && cookie.contains("Max-Age="), "{cookie}");
    let page = get_wishing(&world, &mut jar, "/", "es").await;
    assert!(page.contains("<html lang=\"en\">") && page.contains("Sign out"), "chosen wins: {page}");
}

#[tokio::test]
async fn the_switch_leads_nowhere_else_and_knows_two_languages() {
    let world = World::new().await;
    let mut jar = world.sign_in("gus").await;
    let fields = [("language", "es"), ("next", "https://evil.example/")];
    assert_eq!(world.submit(&mut jar, "/", "/language", &fields).await.header("location"), "/");
    let answer = world.submit(&mut jar, "/", "/language", &[("language", "xx")]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let answer = world.post(&mut jar, "/language", &[("language", "es"), ("csrf", "cgf_wrong")]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "another site cannot change it");
}

#[tokio::test]
async fn pages_in_english_alone_say_so_whatever_the_browser_wishes() {
    let world = World::new().await;
    let mut jar = world.sign_in("ana").await;
    for path in ["/", "/nothing-here"] {
        let page = get_wishing(&world, &mut jar, path, "es").await;
        assert!(page.contains("<html lang=\"en\">") && page.contains("Sign out"), "{path}: {page}");
    }
}
