//! Signing in, staying in, and what ends it.

use std::time::Duration;

use http::StatusCode;

use super::world::{Jar, PASSWORD, World};

#[tokio::test]
async fn s18_whoever_is_not_signed_in_goes_to_sign_in_and_returns() {
    let world = World::new().await;
    let mut jar = Jar::default();
    let answer = world.get(&mut jar, "/patients/saved").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header("location"), "/sign-in?next=%2Fpatients%2Fsaved");
    let fields = [("email", "ana@example.org"), ("password", PASSWORD), ("next", "/patients/saved")];
    let answer = world.submit(&mut jar, "/sign-in", "/sign-in", &fields).await;
    assert_eq!(answer.header("location"), "/patients/saved");
    let fields = [("email", "ana@example.org"), ("password", PASSWORD), ("next", "https://evil.example/")];
    let answer = world.submit(&mut Jar::default(), "/sign-in", "/sign-in", &fields).await;
    assert_eq!(answer.header("location"), "/", "a place elsewhere is not gone to");
}

#[tokio::test]
async fn a_session_ends_after_half_an_hour_without_a_request_and_says_so() {
    let world = World::new().await;
    let mut jar = world.sign_in("ana").await;
    for _ in 0..4 {
        world.clock.advance(Duration::from_mins(25));
        assert_eq!(world.get(&mut jar, "/").await.status, StatusCode::OK, "in use");
    }
    world.clock.advance(Duration::from_mins(31));
    assert_eq!(world.get(&mut jar, "/patients/saved").await.status, StatusCode::SEE_OTHER);
    let page = world.get(&mut jar, "/sign-in?next=%2Fpatients%2Fsaved").await;
    assert!(page.body.contains("You were signed out because nothing happened"), "{}", page.body);
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours_whatever_happens() {
    let world = World::new().await;
    let mut jar = world.sign_in("ana").await;
    for _ in 0..35 {
        world.clock.advance(Duration::from_mins(20));
        assert_eq!(world.get(&mut jar, "/").await.status, StatusCode::OK);
    }
    world.clock.advance(Duration::from_mins(21));
    assert_eq!(world.get(&mut jar, "/").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn suspension_ends_the_session_at_the_next_request() {
    let world = World::new().await;
    let mut jar = world.sign_in("ana").await;
    let mut staff = world.sign_in("sue").await;
    let ana = world.store.account_by_email("ana@example.org").await.unwrap().unwrap();
    let page = format!("/staff/accounts/{}/suspend", ana.id);
    let answer = world.submit(&mut staff, &page, &page, &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(world.get(&mut jar, "/").await.status, StatusCode::SEE_OTHER);
    assert!(world.log.whats().contains(&"account_suspend".to_owned()));
    let fields = [("email", "ana@example.org"), ("password", PASSWORD)];
    let answer = world.submit(&mut jar, "/sign-in", "/sign-in", &fields).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    // Nobody locks the last door from outside.
    let sue = world.store.account_by_email("sue@example.org").await.unwrap().unwrap();
    let answer = world
        .submit(&mut staff, "/staff/accounts", &format!("/staff/accounts/{}/suspend", sue.id), &[])
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn d04_failures_slow_down_and_do_not_lock() {
    let world = World::new().await;
    let mut jar = Jar::default();
    let wrong = [("email", "ana@example.org"), ("password", "wrong wrong wrong")];
    let mut slowed = false;
    for _ in 0..12 {
        let answer = world.submit(&mut jar, "/sign-in", "/sign-in", &wrong).await;
        slowed |= answer.status == StatusCode::TOO_MANY_REQUESTS;
        assert!(answer.body.contains("ana@example.org"), "what was typed is kept");
        assert!(!answer.body.contains("wrong wrong wrong"), "the password is not sent back");
    }
    assert!(slowed);
    world.clock.advance(Duration::from_mins(16));
    let right = [("email", "ana@example.org"), ("password", PASSWORD)];
    let answer = world.submit(&mut jar, "/sign-in", "/sign-in", &right).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_forgets_what_was_opened() {
    let world = World::new().await;
    let mut jar = world.sign_in("ana").await;
    let mut copy = jar.clone();
    let answer = world.submit(&mut jar, "/", "/sign-out", &[]).await;
    assert_eq!(answer.header("location"), "/sign-in");
    assert!(!jar.has("__Host-chartgate"));
    assert_eq!(world.get(&mut copy, "/").await.status, StatusCode::SEE_OTHER, "a copied cookie is of no use");
}
