//! Forms are taken from our own pages in the same browser alone; what is wrong with one is said at its field.

use axum::body::Body;
use http::{Request, StatusCode, header};

use super::world::{Jar, World, form_token};

#[tokio::test]
async fn a_form_without_this_browsers_token_is_not_taken() {
    let world = World::new().await;
    let mut ana = world.sign_in("ana").await;
    let mut jo = world.sign_in("jo").await;
    let foreign = form_token(&world.get(&mut jo, "/").await.body);
    for token in ["", "cgf_nonsense", &foreign] {
        for path in ["/sign-out", "/patients/search", "/patients/save", "/patients/unsave"] {
            let answer = world.post(&mut ana, path, &[("csrf", token), ("sought", "100")]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} with {token}");
            assert!(answer.body.contains("This form could not be accepted"), "{path}");
        }
    }
    assert_eq!(world.get(&mut ana, "/").await.status, StatusCode::OK, "still signed in");
    let mut nobody = Jar::default();
    let answer = world.post(&mut nobody, "/sign-in", &[("email", "a"), ("password", "b")]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "the sign-in form is protected too");
}

#[tokio::test]
async fn a_form_that_another_site_sends_is_not_taken_even_with_the_token() {
    let world = World::new().await;
    let mut jar = world.sign_in("ana").await;
    let token = form_token(&world.get(&mut jar, "/").await.body);
    let request = Request::post("/sign-out")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "cross-site")
        .body(Body::from(format!("csrf={token}")))
        .unwrap();
    assert_eq!(world.send(&mut jar, request).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn forms_of_the_wrong_kind_or_size_get_a_page_that_says_so() {
    let world = World::new().await;
    let mut jar = world.sign_in("ana").await;
    let json = Request::post("/patients/search")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from("{}"))
        .unwrap();
    assert_eq!(world.send(&mut jar, json).await.status, StatusCode::BAD_REQUEST);
    let large = world.post(&mut jar, "/patients/search", &[("sought", &"x".repeat(100_000))]).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    let wrong = world.submit(&mut jar, "/", "/patients/save", &[("patient", "made-up")]).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn s60_a_search_that_cannot_be_made_comes_back_with_what_was_typed() {
    let world = World::new().await;
    let mut jar = world.sign_in("ana").await;
    let answer = world.submit(&mut jar, "/", "/patients/search", &[("sought", "Mia <b>Torres</b>")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer.body.contains("Mia &#60;b&#62;Torres") || answer.body.contains("Mia &lt;b&gt;Torres"),
        "kept and escaped"
    );
    assert!(answer.body.contains("href=\"#birth_date\"") && answer.body.contains("id=\"birth_date-error\""));
}

#[tokio::test]
async fn an_ehr_that_is_away_is_said_plainly_and_does_not_count_against_the_searcher() {
    let world = World::new().await;
    let mut jar = world.sign_in("ana").await;
    for _ in 0..25 {
        let answer = world.submit(&mut jar, "/", "/patients/search", &[("sought", "100123")]).await;
        // A provider without a roster is told nothing by the EHR; with the EHR away nobody is.
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body);
        assert!(answer.body.contains("does not answer") && answer.body.contains("help@lakeside.example"));
        assert_ne!(answer.header("retry-after"), "");
    }
}
