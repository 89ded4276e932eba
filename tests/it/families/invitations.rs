//! Invitations and their tokens (S-50 to S-56, D-05, D-13).

use std::time::Duration;

use chartgate::accounts::AccountsError;
use chartgate::accounts::families::Choice;
use chartgate::accounts::invitations::{NewInvitation, OPEN_AT_MOST, TokenError};
use chartgate::domain::audit::AuditOutcome;
use chartgate::domain::grant::{DataKind, DataKinds};
use chartgate::domain::invitation::{Invitation, InvitationState, InvitationToken, expiry};
use jiff::tz::TimeZone;

use super::world::{ALL, DAY, MRN, World, by, id, mia};
use crate::store::on_both;
use crate::support::databases::Kind;

on_both! {
    s52_s53_d05_a_token_opens_one_record_to_one_provider_once;
    s54_s55_a_token_expires_and_says_no_more_than_a_wrong_one;
    d05_five_wrong_attempts_pause_for_an_hour;
    d05_a_token_used_twice_at_once_is_used_once;
    s50_s46_d13_mails_hold_initials_and_a_link;
    an_invitation_that_was_taken_back_does_not_work;
}

fn paper(choice: Choice) -> NewInvitation {
    NewInvitation { name: "Dr. Okoye".into(), email: None, mrn: MRN.into(), choice }
}

async fn invited(world: &World, choice: Choice) -> (Invitation, InvitationToken) {
    world.accounts.invite(&world.rosa(5), paper(choice), &by("rosa")).await.unwrap()
}

async fn enter(world: &World, provider: &str, token: &str, mrn: &str) -> Result<(), TokenError> {
    let provider = world.provider(provider).await;
    world.accounts.enter_token(&provider, token, mrn, &by("ana")).await.map(drop)
}

async fn s52_s53_d05_a_token_opens_one_record_to_one_provider_once(kind: Kind) {
    let world = World::new(kind).await;
    let kinds = DataKinds::of(&[DataKind::Visits, DataKind::Labs]);
    let ends_at = Some(world.now().plus(DAY * 90));
    let (invitation, token) = invited(&world, Choice { kinds, covers_restricted: true, ends_at }).await;
    assert_eq!(enter(&world, "ana", &token.printed(), "CG-100124").await, Err(TokenError::Wrong));
    assert!(world.holding("ana").is_empty(), "with another MRN it fails");
    enter(&world, "ana", &token.printed().to_lowercase(), " cg-100123 ").await.unwrap();
    let [grant] = &*world.holding("ana") else { panic!("one grant") };
    assert_eq!((grant.kinds, grant.covers_restricted, grant.ends_at), (kinds, true, ends_at));
    assert_eq!(enter(&world, "ana", &token.printed(), MRN).await, Err(TokenError::Wrong), "it works once");
    assert_eq!(enter(&world, "ben", &token.printed(), MRN).await, Err(TokenError::Wrong));
    assert!(world.holding("ben").is_empty());
    let kept = world.db.store.invitations_of(&mia()).await.unwrap();
    assert_eq!(kept[0].id, invitation.id);
    assert_eq!((kept[0].state, kept[0].used_by.clone()), (InvitationState::Used, Some(id("ana"))));
    assert_eq!(kept[0].grant, Some(grant.id.clone()));
    let log = world.log.0.lock();
    let tries: Vec<_> =
        log.iter().filter(|event| event.what == "invitation_use").map(|event| event.outcome).collect();
    assert_eq!(
        tries,
        [AuditOutcome::Refused, AuditOutcome::Success, AuditOutcome::Refused, AuditOutcome::Refused]
    );
}

async fn s54_s55_a_token_expires_and_says_no_more_than_a_wrong_one(kind: Kind) {
    let world = World::new(kind).await;
    let (invitation, token) = invited(&world, ALL).await;
    let zone = TimeZone::get("America/Chicago").unwrap();
    assert_eq!(invitation.expires_at, expiry(world.now(), &zone));
    let (_, second) = invited(&world, ALL).await;
    world.db.clock.advance(invitation.expires_at.since(world.now()).saturating_sub(Duration::from_millis(1)));
    enter(&world, "ana", &second.printed(), MRN).await.unwrap();
    world.db.clock.advance(Duration::from_millis(1));
    let expired = enter(&world, "ben", &token.printed(), MRN).await;
    assert_eq!(expired, enter(&world, "ben", "ABCD-EFGH-JKMN-PQRS", MRN).await);
    assert_eq!(expired, Err(TokenError::Wrong));
}

async fn d05_five_wrong_attempts_pause_for_an_hour(kind: Kind) {
    let world = World::new(kind).await;
    let (_, token) = invited(&world, ALL).await;
    for wrong in ["", "nonsense", "ABCD-EFGH-JKMN-PQRS", "0000", "ABCD"] {
        assert_eq!(enter(&world, "ana", wrong, MRN).await, Err(TokenError::Wrong), "{wrong}");
    }
    let until = world.now().plus(Duration::from_hours(1));
    assert_eq!(enter(&world, "ana", &token.printed(), MRN).await, Err(TokenError::Paused { until }));
    world.db.clock.advance(Duration::from_mins(59));
    assert_eq!(enter(&world, "ana", &token.printed(), MRN).await, Err(TokenError::Paused { until }));
    // The pause is that user's alone, and ends.
    assert_eq!(enter(&world, "ben", "nonsense", MRN).await, Err(TokenError::Wrong));
    world.db.clock.advance(Duration::from_mins(1));
    enter(&world, "ana", &token.printed(), MRN).await.unwrap();
    // What succeeded is not held against anybody, and does not wipe out what failed.
    for _ in 0..5 {
        let (_, token) = invited(&world, ALL).await;
        enter(&world, "ana", &token.printed(), MRN).await.unwrap();
    }
}

async fn d05_a_token_used_twice_at_once_is_used_once(kind: Kind) {
    let world = World::new(kind).await;
    let other = world.other().await;
    for _ in 0..5 {
        let (invitation, token) = invited(&world, ALL).await;
        let (ana, ben) = (world.provider("ana").await, world.provider("ben").await);
        let (one, two, printed) = (world.accounts.clone(), other.clone(), token.printed());
        let copy = printed.clone();
        let (first, second) = tokio::join!(
            tokio::spawn(async move { one.enter_token(&ana, &printed, MRN, &by("ana")).await }),
            tokio::spawn(async move { two.enter_token(&ben, &copy, MRN, &by("ben")).await }),
        );
        let (first, second) = (first.unwrap(), second.unwrap());
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        let winner = first.or(second).unwrap();
        let kept = world.db.store.invitations_of(&mia()).await.unwrap();
        let kept = kept.into_iter().find(|kept| kept.id == invitation.id).unwrap();
        assert_eq!(kept.grant, Some(winner.id.clone()));
        world.db.clock.advance(Duration::from_hours(2));
    }
    let made: usize = world.db.store.grants_for_patient(&mia()).await.unwrap().len();
    assert_eq!(made, 5, "whoever loses leaves no grant");
}

async fn s50_s46_d13_mails_hold_initials_and_a_link(kind: Kind) {
    let world = World::new(kind).await;
    let new = NewInvitation { email: Some("okoye@heart.example".into()), ..paper(ALL) };
    let (_, token) = world.accounts.invite(&world.rosa(5), new, &by("rosa")).await.unwrap();
    enter(&world, "ana", &token.printed(), MRN).await.unwrap();
    let mails = world.mails().await;
    let [invitation, given, used] = &*mails else { panic!("{mails:?}") };
    assert_eq!(invitation.to, "okoye@heart.example");
    assert!(
        invitation.body.contains(&token.printed())
            && invitation.body.contains("https://portal.example/invitations")
    );
    assert_eq!(given.to, "ana@kids.example");
    assert!(given.body.contains("M. T.") && given.body.contains("Sign in"));
    assert_eq!(used.to, "rosa@kids.example");
    for mail in &mails {
        assert!(!mail.body.contains(MRN) && !mail.body.contains("mia") && !mail.subject.contains("M. T."));
        assert!(mail.html.is_some());
    }
}

async fn an_invitation_that_was_taken_back_does_not_work(kind: Kind) {
    let world = World::new(kind).await;
    let (invitation, token) = invited(&world, ALL).await;
    let elsewhere = chartgate::accounts::families::Decider {
        patient: chartgate::domain::ids::FhirId::parse("leo").unwrap(),
        ..world.rosa(5)
    };
    let done = world.accounts.revoke_invitation(&elsewhere, &invitation.id, &by("rosa")).await;
    assert_eq!(done, Err(AccountsError::Unknown), "not another child's");
    world.accounts.revoke_invitation(&world.rosa(5), &invitation.id, &by("rosa")).await.unwrap();
    assert_eq!(enter(&world, "ana", &token.printed(), MRN).await, Err(TokenError::Wrong));
    let again = world.accounts.revoke_invitation(&world.rosa(5), &invitation.id, &by("rosa")).await;
    assert_eq!(again, Err(AccountsError::Unknown));
    for _ in 0..OPEN_AT_MOST {
        invited(&world, ALL).await;
    }
    let more = world.accounts.invite(&world.rosa(5), paper(ALL), &by("rosa")).await;
    assert!(matches!(more, Err(AccountsError::Invalid(_))));
    assert!(world.whats().contains(&"invitation_revoke".to_owned()));
}
