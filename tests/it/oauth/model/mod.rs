//! Random histories of authorize, consent, exchange, refresh, replay, revoke, suspend, remove, sign out, rotate keys, sweep and wait, on
//! several processes over one database, against a model that is simple enough to be seen right. After every step the tokens
//! that were ever given are as alive as the model says, wherever they are asked about.
//!
//! `CHARTGATE_MODEL_CASES` sets how many histories are tried (thousands for a long run).

mod check;
mod spec;
mod world;

use proptest::prelude::*;

use self::spec::{ASKING, Ask, Consent, Flaw, SYSTEM, TRUSTED, Wish};
use self::world::World;
use crate::support::databases::Kind;

/// Numbers choose among what there is at that point, whatever it is.
#[derive(Clone, Debug)]
enum Step {
    Authorize { person: usize, app: usize, ask: Ask, consent: Consent },
    Exchange { code: usize, flaw: Flaw },
    Refresh { token: usize, other_app: bool, wish: Wish },
    Backend { again: Option<usize> },
    RevokeAccess { token: usize, other_app: bool },
    RevokeRefresh { token: usize, other_app: bool },
    UserRevokes { person: usize, app: usize },
    SetAccount { person: usize, active: bool },
    SetApp { app: usize, active: bool },
    RemoveApp { app: usize },
    SignOut { person: usize },
    RotateKeys,
    Sweep,
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let flaw = prop_oneof![
        7 => Just(Flaw::None),
        1 => Just(Flaw::OtherApp),
        1 => Just(Flaw::Verifier),
        1 => Just(Flaw::Redirect),
    ];
    let ask = prop_oneof![
        4 => Just(Ask::Offline),
        2 => Just(Ask::Online),
        2 => Just(Ask::Patient),
        1 => Just(Ask::Once),
    ];
    let consent = prop_oneof![
        4 => Just(Consent::Everything),
        2 => Just(Consent::Narrower),
        1 => Just(Consent::NoRefresh),
        1 => Just(Consent::Deny),
    ];
    let wish = prop_oneof![5 => Just(Wish::Same), 2 => Just(Wish::Less), 1 => Just(Wish::More)];
    let any = 0..1000_usize;
    let rarely = prop::bool::weighted(0.15);
    let mostly = prop::bool::weighted(0.7);
    let two = 0..2_usize;
    let app = prop_oneof![3 => Just(TRUSTED), 3 => Just(ASKING), 1 => Just(SYSTEM)];
    let user_app = prop_oneof![Just(TRUSTED), Just(ASKING)];
    let wait = prop_oneof![
        6 => Just(20),
        3 => Just(61),
        2 => Just(1900),
        1 => Just(13 * 3600),
        1 => Just(50 * 24 * 3600),
    ];
    prop_oneof![
        7 => (two.clone(), user_app.clone(), ask, consent)
            .prop_map(|(person, app, ask, consent)| Step::Authorize { person, app, ask, consent }),
        9 => (any.clone(), flaw).prop_map(|(code, flaw)| Step::Exchange { code, flaw }),
        8 => (any.clone(), rarely, wish)
            .prop_map(|(token, other_app, wish)| Step::Refresh { token, other_app, wish }),
        3 => prop::option::of(any.clone()).prop_map(|again| Step::Backend { again }),
        1 => (any.clone(), rarely).prop_map(|(token, other_app)| Step::RevokeAccess { token, other_app }),
        1 => (any, rarely).prop_map(|(token, other_app)| Step::RevokeRefresh { token, other_app }),
        1 => (two.clone(), user_app).prop_map(|(person, app)| Step::UserRevokes { person, app }),
        1 => (two.clone(), mostly).prop_map(|(person, active)| Step::SetAccount { person, active }),
        1 => (app.clone(), mostly).prop_map(|(app, active)| Step::SetApp { app, active }),
        1 => two.prop_map(|person| Step::SignOut { person }),
        1 => Just(Step::RotateKeys),
        1 => Just(Step::Sweep),
        5 => wait.prop_map(Step::Wait),
    ]
}

/// A history, each step with the node that it happens on; now and then an app is removed at the end, with a few steps after it.
fn history() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let app = prop_oneof![Just(TRUSTED), Just(ASKING), Just(SYSTEM)];
    let steps = |most| prop::collection::vec((0..6_usize, step()), 1..most);
    let ending = prop::option::weighted(0.3, (app, steps(6)));
    (steps(80), ending).prop_map(|(mut steps, ending)| {
        if let Some((app, after)) = ending {
            steps.push((0, Step::RemoveApp { app }));
            steps.extend(after);
        }
        steps
    })
}

fn cases(usual: u32) -> u32 {
    std::env::var("CHARTGATE_MODEL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Tries histories on this many nodes. What fails is shrunk and printed as steps.
fn try_histories(kind: Kind, nodes: usize, usual: u32) {
    let config = ProptestConfig {
        cases: cases(usual),
        max_shrink_iters: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let outcome = runner.run(&history(), |steps| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new(kind, nodes).await;
            for (node, step) in &steps {
                world.step(*node, step).await;
            }
            world.check_all().await;
        });
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn every_history_ends_as_the_model_says() {
    try_histories(Kind::Sqlite, 1, 24);
}

#[test]
fn every_history_on_three_connections_ends_as_the_model_says() {
    try_histories(Kind::Sqlite, 3, 16);
}

#[test]
fn every_history_on_three_nodes_over_postgresql_ends_as_the_model_says() {
    try_histories(Kind::Postgres, 3, 6);
}
