//! The deepest chain of funnel steps among the events of one unit: see [`super::funnel`] for what a
//! chain is.
//!
//! **Ordered.** For each step keep the best chain that ends with it: the one with the latest start,
//! then with the most optional steps. Events are taken in their order and, within one, steps last to
//! first, so that an event fills one step of a chain. A later start is never worse: whatever extends
//! a chain within the window extends one that started later, too. A stored chain is replaced only by
//! a strictly better one, whole with its times. `O(events · steps)`, a few hundred bytes a step.
//!
//! **Strict.** The same, where only chains that end at the event just before can be extended.
//!
//! **Unordered.** The first `k` steps are done in any order when `k` distinct events within the
//! window fill them. Sets of events that can fill different steps are a matroid (transversal), so
//! taking events latest first, keeping each that still leaves room for all, gives the set whose
//! earliest event is latest; the events left over from one moment are never needed later.

use super::funnel::MAX_STEPS;

/// A chain of events: where it starts, and the time at each step it fills.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chain {
    pub(crate) start: i64,
    pub(crate) filled: u32,
    /// One bit a step.
    pub(crate) steps: u32,
    pub(crate) times: [i64; MAX_STEPS],
}

impl Chain {
    fn first(time: i64, step: usize) -> Chain {
        let mut times = [0; MAX_STEPS];
        times[step] = time;
        Chain {
            start: time,
            filled: 1,
            steps: 1 << step,
            times,
        }
    }

    fn then(&self, time: i64, step: usize) -> Chain {
        let mut longer = *self;
        longer.times[step] = time;
        longer.filled += 1;
        longer.steps |= 1 << step;
        longer
    }

    fn beats(&self, other: Option<&Chain>) -> bool {
        other.is_none_or(|other| (self.start, self.filled) > (other.start, other.filled))
    }
}

/// A chain for each step, or none. Forgetting all of them costs one store.
struct Chains {
    present: u32,
    chains: Vec<Chain>,
}

impl Chains {
    fn new(n: usize) -> Self {
        Chains {
            present: 0,
            chains: vec![Chain::first(0, 0); n],
        }
    }

    fn at(&self, step: usize) -> Option<&Chain> {
        (self.present >> step & 1 == 1).then(|| &self.chains[step])
    }

    fn set(&mut self, step: usize, chain: Option<Chain>) {
        self.present &= !(1 << step);
        if let Some(chain) = chain {
            self.chains[step] = chain;
            self.present |= 1 << step;
        }
    }
}

/// The shape of a funnel.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    /// Steps.
    pub(crate) n: usize,
    /// Microseconds from the first to the last event of a chain, inclusive.
    pub(crate) window: i64,
    /// One bit a step.
    pub(crate) optional: u32,
    /// For each exclusion the steps (0-based) between which it ends a chain: after one of
    /// `from..until`.
    pub(crate) exclusions: Vec<(usize, usize)>,
}

/// An event to the funnel: its time, the steps it can fill, the exclusions it meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) time: i64,
    pub(crate) steps: u32,
    pub(crate) exclusions: u32,
}

/// What a unit's events came to.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// Steps reached: all required steps up to there are filled. 0 for none.
    pub(crate) level: usize,
    pub(crate) chain: Option<Chain>,
}

/// Scratch for one unit after the other.
pub(crate) struct Finder<'a> {
    shape: &'a Shape,
    /// Chains that can still be extended.
    live: Chains,
    /// The best chains there have been.
    best: Chains,
    next: Chains,
    /// For each number of steps, the events kept by [`Finder::unordered`].
    kept: Vec<Vec<(i64, u32)>>,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(shape: &'a Shape) -> Self {
        Finder {
            shape,
            live: Chains::new(shape.n),
            best: Chains::new(shape.n),
            next: Chains::new(shape.n),
            kept: vec![Vec::new(); shape.n],
        }
    }

    /// The best chain that an event can make by filling `step`.
    fn extended(&self, step: usize, time: i64) -> Option<Chain> {
        if step == 0 {
            return Some(Chain::first(time, 0));
        }
        let mut best: Option<&Chain> = None;
        for before in (0..step).rev() {
            if let Some(chain) = self.live.at(before)
                && time - chain.start <= self.shape.window
                && chain.beats(best)
            {
                best = Some(chain);
            }
            if self.shape.optional >> before & 1 == 0 {
                break;
            }
        }
        best.map(|chain| chain.then(time, step))
    }

    /// Notes a chain that ends with `step` if it is the best so far.
    fn note(&mut self, step: usize, chain: &Chain) {
        if chain.beats(self.best.at(step)) {
            self.best.set(step, Some(*chain));
        }
    }

    /// The deepest step reached and its best chain.
    fn outcome(&self) -> Outcome {
        let level = 32 - self.best.present.leading_zeros() as usize;
        let chain = level.checked_sub(1).and_then(|step| self.best.at(step));
        Outcome {
            level,
            chain: chain.copied(),
        }
    }

    /// Steps in their order, other events between them allowed.
    pub(crate) fn ordered(&mut self, hits: impl Iterator<Item = Hit>) -> Outcome {
        (self.live.present, self.best.present) = (0, 0);
        let shape = self.shape;
        for hit in hits {
            // The chains that this event, coming after them, puts an end to.
            let mut ended = 0_u32;
            for (i, (from, until)) in shape.exclusions.iter().enumerate() {
                if hit.exclusions >> i & 1 == 1 {
                    (*from..*until).for_each(|step| ended |= 1 << step);
                }
            }
            let mut touched = hit.steps | ended & self.live.present;
            while touched != 0 {
                let step = 31 - touched.leading_zeros() as usize;
                touched &= !(1 << step);
                let chain = match hit.steps >> step & 1 {
                    1 => self.extended(step, hit.time),
                    _ => None,
                };
                if let Some(chain) = &chain {
                    self.note(step, chain);
                }
                let replaces = chain
                    .as_ref()
                    .is_some_and(|chain| chain.beats(self.live.at(step)));
                // What ends with the event itself does not have it in between.
                if replaces || ended >> step & 1 == 1 {
                    self.live.set(step, chain);
                }
            }
        }
        self.outcome()
    }

    /// Steps in their order, no other event between them.
    pub(crate) fn strict(&mut self, hits: impl Iterator<Item = Hit>) -> Outcome {
        (self.live.present, self.best.present) = (0, 0);
        for hit in hits {
            self.next.present = 0;
            let mut steps = hit.steps;
            while steps != 0 {
                let step = steps.trailing_zeros() as usize;
                steps &= steps - 1;
                if let Some(chain) = self.extended(step, hit.time) {
                    self.note(step, &chain);
                    self.next.set(step, Some(chain));
                }
            }
            std::mem::swap(&mut self.live, &mut self.next);
        }
        self.outcome()
    }

    /// Steps in any order.
    pub(crate) fn unordered(&mut self, hits: impl Iterator<Item = Hit>) -> Outcome {
        self.best.present = 0;
        self.kept.iter_mut().for_each(Vec::clear);
        for hit in hits {
            if hit.exclusions != 0 {
                self.kept.iter_mut().for_each(Vec::clear);
                continue;
            }
            if hit.steps == 0 {
                continue;
            }
            for k in 1..=self.shape.n {
                let first_k = u32::MAX >> (32 - k);
                if hit.steps & first_k == 0 {
                    continue;
                }
                let mut kept = std::mem::take(&mut self.kept[k - 1]);
                kept.push((hit.time, hit.steps & first_k));
                let matched = latest(&mut kept);
                if kept.len() == k && hit.time - kept[0].0 <= self.shape.window {
                    let mut chain = Chain {
                        start: kept[0].0,
                        filled: k as u32,
                        steps: first_k,
                        times: [0; MAX_STEPS],
                    };
                    for (step, event) in matched.iter().enumerate().take(k) {
                        chain.times[step] = kept[*event].0;
                    }
                    self.note(k - 1, &chain);
                }
                self.kept[k - 1] = kept;
            }
        }
        self.outcome()
    }
}

/// Keeps of `events` (time ascending) the latest ones that can all fill different steps; gives the
/// event that fills each step, as its place among those kept.
fn latest(events: &mut Vec<(i64, u32)>) -> [usize; MAX_STEPS] {
    const NONE: usize = usize::MAX;
    let mut of_step = [NONE; MAX_STEPS];
    let mut keep = 0_u64;
    for event in (0..events.len()).rev() {
        let mut seen = 0_u32;
        if augment(event, events, &mut of_step, &mut seen) {
            keep |= 1 << event;
        }
    }
    let mut place = [0; 64];
    let mut kept = 0;
    for (event, place) in place.iter_mut().enumerate().take(events.len()) {
        if keep >> event & 1 == 1 {
            *place = kept;
            events[kept] = events[event];
            kept += 1;
        }
    }
    events.truncate(kept);
    of_step.map(|event| if event == NONE { 0 } else { place[event] })
}

/// Finds a step for `event`, moving others where that makes room (Kuhn). At most as deep as there
/// are steps.
fn augment(
    event: usize,
    events: &[(i64, u32)],
    of_step: &mut [usize; MAX_STEPS],
    seen: &mut u32,
) -> bool {
    let mut open = events[event].1;
    while open != 0 {
        let step = open.trailing_zeros() as usize;
        open &= open - 1;
        if *seen >> step & 1 == 1 {
            continue;
        }
        *seen |= 1 << step;
        let holder = of_step[step];
        if holder == usize::MAX || augment(holder, events, of_step, seen) {
            of_step[step] = event;
            return true;
        }
    }
    false
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
