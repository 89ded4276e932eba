//! Histories of grants against a model: whatever a family did in whatever order, the policy finds what the model says (D-06, D-07).

use std::collections::BTreeMap;
use std::time::Duration;

use chartgate::accounts::families::{Choice, UNDO};
use chartgate::domain::clock::Timestamp;
use chartgate::domain::grant::DataKinds;
use chartgate::domain::ids::GrantId;
use chartgate::domain::random::{Random as _, SeededRandom};

use super::world::{ALL, DAY, World, by, id};
use crate::store::on_both;
use crate::support::databases::Kind;

on_both! {
    d06_d07_after_any_history_the_policy_finds_what_the_family_left;
}

/// A grant as the model has it.
#[derive(Clone, Debug)]
struct Known {
    provider: &'static str,
    kinds: u8,
    end: Timestamp,
    over: Option<(Timestamp, bool)>,
}

fn draw(random: &SeededRandom, below: usize) -> usize {
    let mut bytes = [0; 2];
    random.fill(&mut bytes);
    usize::from(u16::from_le_bytes(bytes)) % below
}

async fn d06_d07_after_any_history_the_policy_finds_what_the_family_left(kind: Kind) {
    let histories = if kind == Kind::Sqlite { 12 } else { 4 };
    for seed in 0..histories {
        history(kind, seed).await;
    }
}

async fn history(kind: Kind, seed: u64) {
    let world = World::new(kind).await;
    let random = SeededRandom::new(seed);
    let rosa = world.rosa(1);
    let mut model: BTreeMap<GrantId, Known> = BTreeMap::new();
    for step in 0..30 {
        let now = world.now();
        let kinds = u8::try_from(1 + draw(&random, 15)).unwrap();
        let days = u32::try_from(1 + draw(&random, 500)).unwrap();
        let ends_at = (draw(&random, 2) == 0).then(|| now.plus(DAY * days));
        let choice = Choice { kinds: DataKinds::from_bits(kinds), ends_at, ..ALL };
        let end = ends_at.map_or(rosa.adult_at, |end| end.min(rosa.adult_at));
        let alive = now < rosa.adult_at;
        let any = model.keys().nth(draw(&random, model.len().max(1))).cloned();
        match (draw(&random, 6), any) {
            (0, _) | (_, None) => {
                let provider = ["ana", "ben"][draw(&random, 2)];
                let made = world.accounts.give_grant(&rosa, &id(provider), choice, &by("rosa")).await;
                assert_eq!(made.is_ok(), alive, "{seed}/{step}");
                if let Ok(made) = made {
                    model.insert(made.id, Known { provider, kinds, end, over: None });
                }
            }
            (1, Some(which)) => {
                let known = model[&which].clone();
                let made = world.accounts.change_grant(&rosa, &which, choice, &by("rosa")).await;
                assert_eq!(made.is_ok(), alive && known.over.is_none() && now < known.end, "{seed}/{step}");
                if let Ok(made) = made {
                    model.get_mut(&which).unwrap().over = Some((now, false));
                    model.insert(made.id, Known { kinds, end, over: None, ..known });
                }
            }
            (2, Some(which)) => {
                let known = model.get_mut(&which).unwrap();
                let ended = world.accounts.end_grant(&rosa, &which, &by("rosa")).await;
                assert_eq!(ended.is_ok(), known.over.is_none(), "{seed}/{step}");
                if ended.is_ok() {
                    known.over = Some((now, true));
                }
            }
            (3, Some(which)) => {
                let known = model[&which].clone();
                let made = world.accounts.restore_grant(&rosa, &which, &by("rosa")).await;
                let can =
                    known.over.is_some_and(|(at, undo)| undo && now.since(at) < UNDO) && now < known.end;
                assert_eq!(made.is_ok(), can, "{seed}/{step}");
                if let Ok(made) = made {
                    model.get_mut(&which).unwrap().over = Some((now, false));
                    model.insert(made.id, Known { over: None, ..known });
                }
            }
            _ => {
                let minutes = [7, 25, 60, 60 * 24 * 40][draw(&random, 4)];
                world.db.clock.advance(Duration::from_mins(minutes));
            }
        }
        let now = world.now();
        for provider in ["ana", "ben"] {
            let mut found: Vec<_> =
                world.holding(provider).into_iter().map(|grant| (grant.id, grant.kinds.bits())).collect();
            found.sort();
            let expected: Vec<_> = model
                .iter()
                .filter(|(_, known)| known.provider == provider && known.over.is_none() && now < known.end)
                .map(|(id, known)| (id.clone(), known.kinds))
                .collect();
            assert_eq!(found, expected, "{seed}/{step} {provider}");
        }
    }
}
