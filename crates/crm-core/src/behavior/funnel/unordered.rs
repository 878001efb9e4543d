//! The search for steps in any order.
//!
//! The first `k` steps are reached when `k` distinct events within the window fill them. Sets of
//! events that can fill different steps are a transversal matroid. So the greedy choice, latest
//! events first, gives the set whose earliest event is latest, and an event that is dropped is
//! never needed again. A new event either fills a free step, or the earliest event of those it
//! competes with is dropped: `O(k)` work where an event fills one step. Numbers of steps below the
//! number reached already are skipped.
//!
//! **First, then any.** The same search for the steps after the first, with all events after an
//! event of the first step. Each event carries the latest start before it, because the set whose
//! earliest event is latest allows the latest start.
//!
//! **Any k.** The latest `k` events of one such set for all steps are the best `k`, because a
//! truncated matroid is a matroid.

use super::chain::{Chain, Hit, Outcome, Shape};
use super::{MAX_STEPS, Mode};
use std::cmp::Ordering;

/// Scratch for one unit after the other.
pub(crate) struct Unordered {
    /// For each number of steps, the events kept.
    kept: Vec<Kept>,
}

impl Unordered {
    pub(crate) fn new(n: usize) -> Self {
        Unordered {
            kept: vec![Kept::default(); n],
        }
    }

    /// The most steps filled, and of the sets of events that fill them the one that starts last.
    pub(crate) fn find(&mut self, shape: &Shape, hits: &[Hit]) -> Outcome {
        let n = shape.n;
        let later = shape.mode == Mode::FirstThenAny;
        self.kept.iter_mut().for_each(Kept::clear);
        let mut outcome = Outcome::default();
        let mut winning: Option<Chain> = None;
        // The last event that filled a step, and the first step.
        let (mut filled, mut started) = (None, None);
        for (place, hit) in hits.iter().enumerate() {
            if hit.exclusions != 0 {
                let between = filled.is_some_and(|t| hit.time - t <= shape.window);
                outcome.excluded |= between;
                self.kept.iter_mut().for_each(Kept::clear);
                (filled, started) = (None, None);
                continue;
            }
            if hit.steps == 0 {
                continue;
            }
            let start = started;
            let level = outcome.level;
            let mut best = winning
                .as_ref()
                .map_or((0, 0), |w| (w.filled as usize, w.start));
            let better = |best: (usize, i64), k: usize, start: i64| {
                hit.time - start <= shape.window && (k > best.0 || k == best.0 && start > best.1)
            };
            if later && hit.steps & 1 == 1 {
                started = Some(hit.time);
                if better(best, 1, hit.time) {
                    winning = Some(Chain::first(hit.time, 0));
                    best = (1, hit.time);
                }
            }
            let (least, most) = match shape.mode {
                Mode::AnyK => (n, n),
                Mode::FirstThenAny => (level.max(2), n),
                _ => (level.max(1), n),
            };
            for k in least..=most {
                let steps = hit.steps & (u32::MAX >> (32 - k)) & !u32::from(later);
                if steps == 0 || later && start.is_none() {
                    continue;
                }
                let kept = &mut self.kept[k - 1];
                kept.add(Event {
                    time: hit.time,
                    steps,
                    start: start.unwrap_or(hit.time),
                });
                let many = kept.events.len();
                if shape.mode == Mode::AnyK {
                    for k in best.0.max(1)..=many {
                        let start = kept.events[many - k].time;
                        if better(best, k, start) {
                            winning = Some(kept.latest(k));
                            best = (k, start);
                        }
                    }
                } else if many == k - usize::from(later) {
                    let first = &kept.events[0];
                    let start = if later { first.start } else { first.time };
                    if better(best, k, start) {
                        winning = Some(kept.chain(k, later));
                        best = (k, start);
                    }
                }
            }
            filled = match later {
                true => started,
                false => Some(hit.time),
            };
            outcome.level = best.0;
            if outcome.level == n {
                // A step count that was reached stays reached.
                filled = None;
                if shape.once {
                    outcome.used = place + 1;
                    break;
                }
            }
        }
        outcome.chain = winning;
        outcome
    }
}

/// The latest events that can all fill different steps.
#[derive(Clone)]
struct Kept {
    /// By time.
    events: Vec<Event>,
    /// The event that fills a step.
    of_step: [usize; MAX_STEPS],
}

/// An event that may fill a step.
#[derive(Debug, Clone, Copy)]
struct Event {
    time: i64,
    /// One bit for each step that it can fill.
    steps: u32,
    /// The latest event before it that fills the first step.
    start: i64,
}

/// No event.
const NONE: usize = usize::MAX;

impl Default for Kept {
    fn default() -> Self {
        Kept {
            events: Vec::new(),
            of_step: [NONE; MAX_STEPS],
        }
    }
}

impl Kept {
    fn clear(&mut self) {
        self.events.clear();
        self.of_step = [NONE; MAX_STEPS];
    }

    /// Adds the latest event; drops the earliest one that leaves room for it, where one must go.
    fn add(&mut self, event: Event) {
        let last = self.events.len();
        self.events.push(event);
        let mut seen = 0;
        if augment(last, &self.events, &mut self.of_step, &mut seen) {
            return;
        }
        // The events that hold the steps visited by the search are candidates to be dropped.
        let holders = self.of_step.iter().enumerate();
        let holders = holders.filter(|(step, _)| seen >> step & 1 == 1);
        let earliest = holders.map(|(_, event)| *event).min().unwrap_or(last);
        self.events.remove(earliest);
        for event in self.of_step.iter_mut().filter(|e| **e != NONE) {
            match (*event).cmp(&earliest) {
                Ordering::Less => {}
                Ordering::Equal => *event = NONE,
                Ordering::Greater => *event -= 1,
            }
        }
        augment(last - 1, &self.events, &mut self.of_step, &mut 0);
    }

    /// The latest `many` events as a chain: the time of each, in their order.
    fn latest(&self, many: usize) -> Chain {
        let events = &self.events[self.events.len() - many..];
        let mut times = [0; MAX_STEPS];
        for (time, event) in times.iter_mut().zip(events) {
            *time = event.time;
        }
        Chain {
            start: times[0],
            filled: many as u32,
            steps: u32::MAX >> (32 - many),
            times,
        }
    }

    /// All events as a chain of the first `k` steps; `later`: whether they come after an event of
    /// the first step.
    fn chain(&self, k: usize, later: bool) -> Chain {
        let first = &self.events[0];
        let start = if later { first.start } else { first.time };
        let mut times = self.times();
        if later {
            times[0] = start;
        }
        Chain {
            start,
            filled: k as u32,
            steps: u32::MAX >> (32 - k),
            times,
        }
    }

    /// The time at each step, latest events placed first.
    fn times(&self) -> [i64; MAX_STEPS] {
        let mut of_step = [NONE; MAX_STEPS];
        for event in (0..self.events.len()).rev() {
            augment(event, &self.events, &mut of_step, &mut 0);
        }
        of_step.map(|event| self.events.get(event).map_or(0, |event| event.time))
    }
}

/// Finds a step for `event`, moving other events to other steps where possible (Kuhn's algorithm).
/// The depth is at most the number of steps.
fn augment(
    event: usize,
    events: &[Event],
    of_step: &mut [usize; MAX_STEPS],
    seen: &mut u32,
) -> bool {
    let mut open = events[event].steps;
    while open != 0 {
        let step = open.trailing_zeros() as usize;
        open &= open - 1;
        if *seen >> step & 1 == 1 {
            continue;
        }
        *seen |= 1 << step;
        let holder = of_step[step];
        if holder == NONE || augment(holder, events, of_step, seen) {
            of_step[step] = event;
            return true;
        }
    }
    false
}
