//! Whose turn it is to ask the EHR. There are so many places in all, fewer for one client, and fewer still for one caller (a
//! person or a practice's system). Who has to wait stands in a line of their own, and the lines take turns: however much one
//! caller asks at once, another's next request is served as soon as a place comes free.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use smallvec::SmallVec;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::access::payer::Payer;
use crate::access::upstream::UpstreamError;
use crate::domain::ids::ClientId;
use crate::fhir::interaction::Interaction;

use super::health::Load;

/// What a place is wanted for. The policy's own questions have places of their own, so that bodies cannot hold them up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    /// Something that a caller will be given.
    Bodies,
    /// PCP facts.
    Facts,
}

/// How many places there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) all: usize,
    /// Of one client with all its users.
    pub(super) per_client: usize,
    /// Of one caller.
    pub(super) per_caller: usize,
}

impl Places {
    /// Of one caller in one lane.
    fn of_line(self, lane: Lane) -> usize {
        match lane {
            Lane::Bodies => self.per_caller,
            Lane::Facts => self.per_caller.div_ceil(2),
        }
    }
}

/// What is asked for whom.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    pub(super) payer: Payer,
    pub(super) lane: Lane,
    /// What others may be waiting for as well.
    pub(super) matter: Option<Interaction>,
}

impl Asker {
    pub(super) fn of_facts(payer: &Payer) -> Self {
        Self { payer: payer.clone(), lane: Lane::Facts, matter: None }
    }
}

/// Who stands in one line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Line {
    payer: Payer,
    lane: Lane,
}

/// The gate; clones are the same gate.
#[derive(Clone, Debug)]
pub(super) struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    places: Places,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    by_line: HashMap<Line, usize>,
    by_client: HashMap<(Option<ClientId>, Lane), usize>,
    waiting: HashMap<Line, VecDeque<u64>>,
    /// The lines with somebody in them; the first has the next turn.
    turns: VecDeque<Line>,
    tickets: HashMap<u64, Ticket>,
    /// Tickets by what they want.
    wanted: HashMap<Interaction, SmallVec<[u64; 1]>>,
    /// Who would like to have it as well.
    interested: HashMap<Interaction, Vec<Payer>>,
    next: u64,
}

/// Somebody who waits, possibly in several lines: whoever waits for the same answer lends a turn.
#[derive(Debug)]
struct Ticket {
    admitted: oneshot::Sender<Place>,
    lines: SmallVec<[Line; 1]>,
    matter: Option<Interaction>,
}

/// A place at the EHR; free again when dropped.
#[derive(Debug)]
pub(super) struct Place {
    gate: Option<Gate>,
    line: Line,
}

impl Place {
    /// On whose turn it was given.
    #[cfg(test)]
    pub(super) fn payer(&self) -> &Payer {
        &self.line.payer
    }
}

/// A ticket in the queue; gone when dropped.
struct Waiting<'a> {
    gate: &'a Gate,
    ticket: u64,
}

/// Says that somebody waits for the answer to an interaction, for as long as it lives.
#[derive(Debug)]
pub struct Interest {
    gate: Gate,
    matter: Interaction,
    payer: Payer,
}

impl Gate {
    pub(super) fn new(places: Places) -> Self {
        Self(Arc::new(Inner { places, state: Mutex::default() }))
    }

    /// Waits for a place, not beyond `until`.
    pub(super) async fn enter(&self, asker: &Asker, until: Instant) -> Result<Place, UpstreamError> {
        let (admitted, mut admission) = oneshot::channel();
        let waiting = Waiting { gate: self, ticket: self.queue(asker, admitted) };
        // At once, when there is room.
        if let Ok(place) = admission.try_recv() {
            return Ok(place);
        }
        let begun = Instant::now();
        let outcome = tokio::time::timeout_at(until, admission).await;
        let lane = if asker.lane == Lane::Facts { "facts" } else { "bodies" };
        metrics::histogram!("chartgate_ehr_wait_seconds", "lane" => lane)
            .record(begun.elapsed().as_secs_f64());
        if let Ok(Ok(place)) = outcome {
            return Ok(place);
        }
        let own = self.is_at_bound(asker);
        drop(waiting);
        metrics::counter!("chartgate_ehr_turned_away_total", "bound" => if own { "own" } else { "all" })
            .increment(1);
        Err(if own { UpstreamError::Crowded } else { UpstreamError::Unavailable { retry_after: Some(BUSY) } })
    }

    /// Says that `payer` waits for `matter` as well: whoever asks for it may use this payer's turn too.
    pub(super) fn interest(&self, matter: &Interaction, payer: Payer) -> Interest {
        let mut state = self.0.state.lock();
        let tickets = state.wanted.get(matter).cloned().unwrap_or_default();
        for ticket in tickets {
            state.stand(ticket, Line { payer: payer.clone(), lane: Lane::Bodies });
        }
        state.interested.entry(matter.clone()).or_default().push(payer.clone());
        self.advance(&mut state);
        drop(state);
        Interest { gate: self.clone(), matter: matter.clone(), payer }
    }

    fn queue(&self, asker: &Asker, admitted: oneshot::Sender<Place>) -> u64 {
        let mut state = self.0.state.lock();
        let ticket = state.next;
        state.next += 1;
        let matter = asker.matter.clone();
        state.tickets.insert(ticket, Ticket { admitted, lines: SmallVec::new(), matter });
        state.stand(ticket, Line { payer: asker.payer.clone(), lane: asker.lane });
        if let Some(matter) = &asker.matter {
            state.wanted.entry(matter.clone()).or_default().push(ticket);
            for payer in state.interested.get(matter).cloned().unwrap_or_default() {
                state.stand(ticket, Line { payer, lane: asker.lane });
            }
        }
        self.advance(&mut state);
        ticket
    }

    /// Lets in whoever may come in, line by line.
    fn advance(&self, state: &mut State) {
        while state.taken < self.0.places.all {
            let next = state.turns.iter().position(|line| state.has_room(self.0.places, line));
            let Some(line) = next.and_then(|at| state.turns.remove(at)) else { return };
            let Some(number) = state.waiting.get(&line).and_then(VecDeque::front).copied() else { continue };
            // Its line comes again after all the others.
            state.turns.push_back(line.clone());
            let Some(ticket) = state.leave(number) else { continue };
            let place = Place { gate: Some(self.clone()), line: line.clone() };
            match ticket.admitted.send(place) {
                Ok(()) => state.take(line),
                // Nobody waits for it any more. Not given back, as it was not taken.
                Err(mut place) => place.gate = None,
            }
        }
    }

    fn is_at_bound(&self, asker: &Asker) -> bool {
        let line = Line { payer: asker.payer.clone(), lane: asker.lane };
        !self.0.state.lock().has_room(self.0.places, &line)
    }

    /// How many are at the EHR and how many wait.
    pub(super) fn load(&self) -> Load {
        let state = self.0.state.lock();
        Load { under_way: state.taken, most: self.0.places.all, waiting: state.tickets.len() }
    }

    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        let state = self.0.state.lock();
        state.taken == 0
            && state.by_line.is_empty()
            && state.by_client.is_empty()
            && state.waiting.is_empty()
            && state.turns.is_empty()
            && state.tickets.is_empty()
            && state.wanted.is_empty()
            && state.interested.is_empty()
    }
}

/// When to come back, if all places were taken all the time.
const BUSY: Duration = Duration::from_secs(5);

impl State {
    /// Whether a place is within the bounds of a line and its client.
    fn has_room(&self, places: Places, line: &Line) -> bool {
        let client = (line.payer.client().cloned(), line.lane);
        self.by_line.get(line).copied().unwrap_or(0) < places.of_line(line.lane)
            && self.by_client.get(&client).copied().unwrap_or(0) < places.per_client
    }

    fn take(&mut self, line: Line) {
        self.taken += 1;
        *self.by_client.entry((line.payer.client().cloned(), line.lane)).or_default() += 1;
        *self.by_line.entry(line).or_default() += 1;
    }

    fn give_back(&mut self, line: &Line) {
        self.taken -= 1;
        less(&mut self.by_client, &(line.payer.client().cloned(), line.lane));
        less(&mut self.by_line, line);
    }

    /// Puts a ticket at the end of a line, once.
    fn stand(&mut self, number: u64, line: Line) {
        let Some(ticket) = self.tickets.get_mut(&number) else { return };
        if ticket.lines.contains(&line) {
            return;
        }
        ticket.lines.push(line.clone());
        if !self.waiting.contains_key(&line) {
            self.turns.push_back(line.clone());
        }
        self.waiting.entry(line).or_default().push_back(number);
    }

    /// Takes a ticket out of all its lines.
    fn leave(&mut self, number: u64) -> Option<Ticket> {
        let ticket = self.tickets.remove(&number)?;
        for line in &ticket.lines {
            let Some(waiting) = self.waiting.get_mut(line) else { continue };
            waiting.retain(|other| *other != number);
            if waiting.is_empty() {
                self.waiting.remove(line);
                self.turns.retain(|other| other != line);
            }
        }
        if let Some(matter) = &ticket.matter
            && let Some(wanted) = self.wanted.get_mut(matter)
        {
            wanted.retain(|other| *other != number);
            if wanted.is_empty() {
                self.wanted.remove(matter);
            }
        }
        Some(ticket)
    }
}

/// One less; what is none is not kept.
fn less<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(gate) = self.gate.take() {
            let mut state = gate.0.state.lock();
            state.give_back(&self.line);
            gate.advance(&mut state);
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let left = self.gate.0.state.lock().leave(self.ticket);
        drop(left);
    }
}

impl Drop for Interest {
    fn drop(&mut self) {
        let mut state = self.gate.0.state.lock();
        if let Some(payers) = state.interested.get_mut(&self.matter) {
            if let Some(own) = payers.iter().position(|payer| *payer == self.payer) {
                payers.swap_remove(own);
            }
            if payers.is_empty() {
                state.interested.remove(&self.matter);
            }
        }
    }
}
