//! The oracle over the running server: random hospitals, people, tokens, requests and events, over the wire, with the cache cold, warm
//! and in the middle of a change. Each step of a run depends on the seed and its own number alone, so that a failure shrinks
//! to the few steps that it takes.
//!
//! `CHARTGATE_ORACLE_REQUESTS=300000` makes it long (`make oracle`); `CHARTGATE_ORACLE_SEED=7` and `CHARTGATE_ORACLE_STEPS=3,17`
//! repeat a failure.

pub mod asks;
pub mod dice;
pub mod hospital;
mod interference;
pub mod judge;
pub mod server;
pub mod ward;
mod world;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use self::asks::{Ask, Bench};
use self::dice::Dice;
use self::judge::{Asker, World};
use self::server::{Answer, Running};
use self::ward::Served;
use self::world::Event;

/// Steps of one hospital.
const STEPS: u64 = 250;
/// Hospitals of a quick run.
const HOSPITALS: u64 = 8;
const ASKERS: u64 = 14;

/// What came of a run: how many requests, or at which step which one was wrong.
type Outcome = Result<usize, (u64, String)>;

struct Run {
    seed: u64,
    server: Running,
    askers: Vec<(Asker, String)>,
    refusal: Answer,
    /// More than one where the product may not have heard yet.
    worlds: Vec<World>,
    requests: usize,
}

impl Run {
    async fn start(seed: u64) -> Self {
        let world = world::world(seed);
        let ehr = Served::start((*world.bodies).clone()).await;
        let server = Running::start(ehr, &world).await;
        let mut askers = Vec::new();
        for number in 0..ASKERS {
            let asker = world::asker(seed, number);
            let (token, _) = server.token(&asker).await;
            askers.push((asker, token));
        }
        let refused = Asker { actor: "sue", client: "app", scopes: vec!["user/*.rs"], launch: None };
        let (token, _) = server.token(&refused).await;
        let refusal = server.get("/Observation/nothing", &token).await;
        Self { seed, server, askers, refusal, worlds: vec![world], requests: 0 }
    }

    async fn step(&mut self, number: u64) -> Result<(), String> {
        let mut dice = Dice::new(self.seed, number);
        match dice.below(100) {
            0..10 => {
                self.settle();
                let event = Event::any(&mut dice);
                self.happen(&event, &mut dice).await;
                self.settle();
            }
            10..14 => {
                let event = Event::any(&mut dice);
                self.happen(&event, &mut dice).await;
            }
            14..20 => {
                let event = Event::of_ours(&mut dice);
                self.race(&event, &mut dice).await?;
            }
            _ => {
                if self.worlds.len() > 1 && dice.chance(15) {
                    self.settle();
                }
                let ask = Ask::any(&mut dice, &self.worlds[0]);
                let (asker, token) = &self.askers[dice.below(self.askers.len())];
                let times = if dice.chance(30) { 2 } else { 1 };
                for time in 0..times {
                    let bench = self.bench(asker, token, &self.worlds);
                    let checked = bench.check(&ask).await;
                    checked.map_err(|wrong| format!("{asker:?}\n{ask:?}, time {time}\n{wrong}"))?;
                }
                self.requests += times;
            }
        }
        Ok(())
    }

    fn bench<'a>(&'a self, asker: &'a Asker, token: &'a str, worlds: &'a [World]) -> Bench<'a> {
        Bench { server: &self.server, asker, token, worlds, refusal: &self.refusal }
    }

    /// Something changes. What the EHR says counts once the product has asked again.
    async fn happen(&mut self, event: &Event, dice: &mut Dice) {
        if event.is_of_the_ehr() {
            self.settle();
        }
        let mut after: Vec<World> = Vec::new();
        let salt = dice.below(1_000_000) as u64;
        for world in &self.worlds {
            after.push(event.after(world, &mut Dice::new(self.seed, salt)));
        }
        event.happen(&self.server, after.last().unwrap()).await;
        if event.is_of_the_ehr() {
            let (old, new) = (self.worlds[0].clone(), after.pop().unwrap());
            let mixed = |bodies: &World, care: &World| World {
                bodies: Arc::clone(&bodies.bodies),
                care: Arc::clone(&care.care),
                ..old.clone()
            };
            after = vec![mixed(&old, &old), mixed(&old, &new), mixed(&new, &old), mixed(&new, &new)];
        }
        self.worlds = after;
    }

    /// Lets so much time pass that everything the EHR said is asked again.
    fn settle(&mut self) {
        if self.worlds.len() == 1 {
            return;
        }
        let pause = Duration::from_secs(301);
        self.server.clock.advance(pause);
        let mut last = self.worlds.pop().unwrap();
        last.now = last.now.plus(pause);
        self.worlds = vec![last];
    }

    /// Several ask while something changes: each sees it as it was or as it is, and afterwards everybody sees it as it is.
    async fn race(&mut self, event: &Event, dice: &mut Dice) -> Result<(), String> {
        self.settle();
        let old = self.worlds[0].clone();
        let new = event.after(&old, dice);
        let asks: Vec<(usize, Ask)> =
            (0..4).map(|_| (dice.below(self.askers.len()), Ask::any(dice, &old))).collect();
        let both = [old, new];
        let during = asks.iter().map(|(who, ask)| {
            let (asker, token) = &self.askers[*who];
            let bench = self.bench(asker, token, &both);
            async move {
                bench
                    .check(ask)
                    .await
                    .map_err(|wrong| format!("during {event:?}: {asker:?}\n{ask:?}\n{wrong}"))
            }
        });
        let (during, ()) = tokio::join!(join_all(during), event.happen(&self.server, &both[1]));
        during.into_iter().collect::<Result<Vec<()>, String>>()?;
        let [_, new] = both;
        self.worlds = vec![new];
        for (who, ask) in &asks {
            let (asker, token) = &self.askers[*who];
            let checked = self.bench(asker, token, &self.worlds).check(ask).await;
            checked.map_err(|wrong| format!("after {event:?}: {asker:?}\n{ask:?}\n{wrong}"))?;
        }
        self.requests += 8;
        Ok(())
    }
}

async fn run(seed: u64, steps: &[u64]) -> Outcome {
    let mut run = Run::start(seed).await;
    for number in steps {
        run.step(*number).await.map_err(|wrong| (*number, wrong))?;
    }
    Ok(run.requests)
}

/// The fewest of the steps that still go wrong, and how.
async fn shrink(seed: u64, mut steps: Vec<u64>, mut wrong: String) -> (Vec<u64>, String) {
    let mut size = steps.len() / 2;
    let mut tries = 0;
    while size > 0 && tries < 150 {
        let mut at = 0;
        while at < steps.len() && tries < 150 {
            let fewer: Vec<u64> = steps
                .iter()
                .enumerate()
                .filter(|(place, _)| *place < at || *place >= at + size)
                .map(|(_, step)| *step)
                .collect();
            tries += 1;
            match run(seed, &fewer).await {
                Err((last, how)) => {
                    steps = fewer.into_iter().take_while(|step| *step != last).chain([last]).collect();
                    wrong = how;
                }
                Ok(_) => at += size,
            }
        }
        size /= 2;
    }
    (steps, wrong)
}

/// Says how the failure is repeated, by as few steps as it takes.
async fn fail(seed: u64, steps: &[u64], last: u64, wrong: String, shrinking: bool) {
    let upto: Vec<u64> = steps.iter().copied().take_while(|step| *step != last).chain([last]).collect();
    let (few, wrong) = if shrinking { shrink(seed, upto, wrong).await } else { (upto, wrong) };
    let few: Vec<String> = few.iter().map(u64::to_string).collect();
    panic!("CHARTGATE_ORACLE_SEED={seed} CHARTGATE_ORACLE_STEPS={}\n{wrong}", few.join(","));
}

pub fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oracle_what_the_running_server_gives_is_what_the_oracle_says() {
    let wanted = number("CHARTGATE_ORACLE_REQUESTS");
    let chosen = number("CHARTGATE_ORACLE_SEED");
    let given = std::env::var("CHARTGATE_ORACLE_STEPS").ok();
    let steps: Vec<u64> = match &given {
        Some(given) => given.split(',').map(|step| step.parse().unwrap()).collect(),
        None => (1..=STEPS).collect(),
    };
    let (mut seed, mut requests, mut hospitals) = (chosen.unwrap_or(1), 0, 0);
    let enough = |requests: usize, hospitals: u64| match wanted {
        Some(wanted) => requests as u64 >= wanted,
        None => hospitals >= if chosen.is_some() { 1 } else { HOSPITALS },
    };
    while !enough(requests, hospitals) {
        // Two at a time: each waits for its disk and its EHR now and then.
        let together = if chosen.is_some() { 1 } else { 2 };
        let runs = (seed..seed + together).map(|seed| {
            let steps = steps.clone();
            tokio::spawn(async move { run(seed, &steps).await })
        });
        for (seed, outcome) in (seed..).zip(join_all(runs).await) {
            match outcome.unwrap() {
                Ok(more) => requests += more,
                Err((last, wrong)) => fail(seed, &steps, last, wrong, given.is_none()).await,
            }
        }
        (seed, hospitals) = (seed + together, hospitals + together);
        if wanted.is_some() && hospitals % 50 == 0 {
            eprintln!("{hospitals} hospitals, {requests} requests");
        }
    }
    eprintln!("{hospitals} hospitals, {requests} requests, as the oracle says");
    assert!(given.is_some() || requests > 150, "{requests}");
}
