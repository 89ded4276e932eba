//! A sponsor's staff, through the pages (S-04, S-70, S-71, D-08).

use std::time::Duration;

use chartgate::access::sources::RelationshipSource as _;
use chartgate::access::subject::{Actor, Subject};
use chartgate::accounts::By;
use chartgate::accounts::sponsorship::Lapsed;
use http::StatusCode;

use super::world::World;

async fn id_of(world: &World, who: &str) -> chartgate::domain::ids::AccountId {
    world.store.account_by_email(&format!("{who}@example.org")).await.unwrap().unwrap().id
}

async fn reach(world: &World, who: &str) -> usize {
    let actor = Actor::Account(id_of(world, who).await);
    let subject = Subject { actor, client: None, scopes: std::sync::Arc::default(), patient: None };
    world.store.directory().standing(&subject).providers.len()
}

#[tokio::test]
async fn s70_d08_a_nurse_is_invited_says_yes_and_is_removed() {
    let world = World::new().await;
    let (ana, jo) = (id_of(&world, "ana").await, id_of(&world, "jo").await);
    let mut sponsor = world.sign_in("ana").await;
    let jos = [("name", "Jo"), ("email", "jo@example.org"), ("role", "Nurse")];
    let answer = world.submit(&mut sponsor, "/my-sponsors", "/my-staff/invite", &jos).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "only an approved sponsor invites");
    let account = world.store.account(&ana).await.unwrap().unwrap();
    world.accounts.set_sponsoring(&account, true, &By::operator()).await.unwrap();

    for other in ["ana@example.org", "gus@example.org", "sue@example.org"] {
        let fields = [("name", "Somebody"), ("email", other), ("role", "")];
        let answer = world.submit(&mut sponsor, "/my-staff", "/my-staff/invite", &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{other}");
        assert!(answer.body.contains("cannot be sponsored") && answer.body.contains(other), "{other}");
    }
    let answer = world.submit(&mut sponsor, "/my-staff", "/my-staff/invite", &jos).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let twice = world.submit(&mut sponsor, "/my-staff", "/my-staff/invite", &jos).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    let lines = world.store.staff_of(&ana).await.unwrap();
    assert_eq!((lines.len(), reach(&world, "jo").await), (1, 0), "one invitation, nothing given yet");

    let mut nurse = world.sign_in("jo").await;
    let id = &lines[0].id;
    world.submit(&mut nurse, "/my-sponsors", &format!("/my-sponsors/{id}/accept"), &[]).await;
    assert_eq!(reach(&world, "jo").await, 1);
    for (step, reaches) in [("suspend", 0), ("resume", 1), ("remove", 0), ("resume", 0)] {
        world.submit(&mut sponsor, "/my-staff", &format!("/my-staff/{id}/{step}"), &[]).await;
        assert_eq!(reach(&world, "jo").await, reaches, "{step}");
    }
    assert!(world.store.sponsors_of(&jo).await.unwrap().is_empty());
}

#[tokio::test]
async fn s71_unconfirmed_staff_is_paused_once_after_two_reminders() {
    let world = World::new().await;
    let account = world.store.account(&id_of(&world, "ana").await).await.unwrap().unwrap();
    world.accounts.set_sponsoring(&account, true, &By::operator()).await.unwrap();
    let jo = id_of(&world, "jo").await;
    world.accounts.add_sponsorship(&account.id, &jo, &By::operator()).await.unwrap();
    let day = Duration::from_hours(24);
    let nothing = Lapsed::default();
    let (told, paused) = (Lapsed { reminded: 1, suspended: 0 }, Lapsed { reminded: 0, suspended: 1 });
    for (days, first) in [(152, nothing), (1, told), (22, nothing), (1, told), (6, nothing), (1, paused)] {
        world.clock.advance(day * days);
        assert_eq!(world.accounts.keep_sponsorships().await.unwrap(), first, "after {days} more days");
        assert_eq!(world.accounts.keep_sponsorships().await.unwrap(), nothing, "once only");
    }
    assert_eq!(reach(&world, "jo").await, 0);
}
