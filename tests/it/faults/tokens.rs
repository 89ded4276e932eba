//! Faults of the token endpoint, and of tokens.

use std::time::Duration;

use chartgate::sandbox::faults::{Fault, Schedule};
use futures_util::future::join_all;

use super::stage::{Setting, Stage, assert_problem};

async fn stage() -> Stage {
    Stage::set(Setting { with_tokens: true, ..Setting::default() }).await
}

fn tokens(stage: &Stage) -> usize {
    stage.proxy.take_passed().iter().filter(|passed| passed.request.ends_with("/token")).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_refused_in_mid_flight_is_renewed_once_for_all() {
    let stage = stage().await;
    let path = stage.observation().await;
    assert_eq!(stage.get(&path).await.status, 200);
    for round in 0..3 {
        stage.proxy.take_passed();
        stage.ehr.forget_tokens();
        let answers = join_all((0..16).map(|_| stage.get(&path))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "round {round}");
        assert_eq!(tokens(&stage), 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ehr_that_refuses_every_token_is_not_stormed() {
    let stage = stage().await;
    let path = stage.observation().await;
    stage.proxy.set(Schedule::on(Fault::TokenExpired, "Observation"));
    for _ in 0..20 {
        assert_problem(&stage.get(&path).await, 502, "exception", "refused");
    }
    assert!(tokens(&stage) <= 2, "a fresh token that is refused as well is not asked for again at once");
    stage.proxy.heal();
    stage.world.clock.advance(Duration::from_secs(2));
    assert_eq!(stage.get(&path).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lives_of_tokens_that_no_clock_can_hold_are_bounded() {
    for fault in [Fault::TokenSkew, Fault::TokenForEver] {
        let stage = stage().await;
        stage.ehr.forget_tokens();
        stage.world.clock.advance(Duration::from_hours(1));
        stage.proxy.set(Schedule::always(fault));
        for _ in 0..10 {
            let answer = stage.get(&stage.search("Condition")).await;
            assert_eq!(answer.status, 200, "{fault:?}: {}", answer.text());
        }
        assert!(tokens(&stage) <= 2, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_token_endpoint_it_is_unavailable_and_soon_found_again() {
    let stage = stage().await;
    let path = stage.observation().await;
    for (fault, status, code) in [(Fault::TokenDown, 503, "transient"), (Fault::TokenSlow, 504, "timeout")] {
        stage.ehr.forget_tokens();
        stage.proxy.take_passed();
        stage.proxy.set(Schedule::always(fault));
        for _ in 0..4 {
            assert_problem(&stage.get(&path).await, status, code, &fault.name());
        }
        assert_eq!(tokens(&stage), 1, "{fault:?}: the failure stands for a moment");
        stage.proxy.heal();
        stage.world.clock.advance(Duration::from_secs(2));
        assert_eq!(stage.get(&path).await.status, 200);
    }
}
