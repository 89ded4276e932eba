//! Which requests meet which fault: by path, by number, or by a seed.

use serde::{Deserialize, Serialize};

use super::fault::Fault;
use crate::domain::random::{Random as _, SeededRandom};

/// When faults happen. The default has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// One of these happens; which one is drawn.
    pub faults: Vec<Fault>,
    /// To requests whose path has this segment, such as a resource type; absent: to all.
    pub on: Option<String>,
    /// To so many of these requests, then no more; absent: for ever.
    pub times: Option<u64>,
    /// To one of so many, drawn; 0 and 1: to each.
    pub one_in: u32,
    /// Whose resources come along where `patient` is ignored; absent: [`STRANGER`](super::STRANGER)'s, who is nobody.
    pub stranger: Option<String>,
    /// Where the draws begin. The same seed and the same requests give the same faults.
    pub seed: u64,
}

impl Schedule {
    /// This fault, whatever is asked.
    pub fn always(fault: Fault) -> Self {
        Self { faults: vec![fault], ..Self::default() }
    }

    /// This fault wherever the path has the segment `on`.
    pub fn on(fault: Fault, on: &str) -> Self {
        Self { on: Some(on.to_owned()), ..Self::always(fault) }
    }

    /// The same, so many times.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self { times: Some(times), ..self }
    }
}

/// A schedule under way.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) schedule: Schedule,
    random: std::sync::Arc<SeededRandom>,
    done: u64,
}

impl Course {
    pub(super) fn new(schedule: Schedule) -> Self {
        Self { random: SeededRandom::new(schedule.seed), schedule, done: 0 }
    }

    /// What happens to the next request, whose path is `path`. The control path never meets a fault.
    pub(super) fn next(&mut self, path: &str) -> Option<Fault> {
        let schedule = &self.schedule;
        let of_tokens = path.ends_with("/token");
        let here = |fault: &&Fault| !matches!(fault, Fault::Refused) && (!fault.is_of_tokens() || of_tokens);
        let faults: Vec<Fault> = schedule.faults.iter().filter(here).copied().collect();
        if faults.is_empty() || schedule.on.as_ref().is_some_and(|on| !path.split('/').any(|part| part == on))
        {
            return None;
        }
        if schedule.times.is_some_and(|times| self.done >= times) || self.draw(schedule.one_in) != 0 {
            return None;
        }
        self.done += 1;
        let drawn = self.draw(u32::try_from(faults.len()).unwrap_or(1));
        faults.get(usize::try_from(drawn).unwrap_or(0)).copied()
    }

    /// A number below `below`, or zero.
    fn draw(&self, below: u32) -> u32 {
        if below < 2 {
            return 0;
        }
        let mut bytes = [0; 4];
        self.random.fill(&mut bytes);
        u32::from_le_bytes(bytes) % below
    }
}
