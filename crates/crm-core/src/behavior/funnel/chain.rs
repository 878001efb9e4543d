//! The deepest chain of funnel steps, in their order, among the events of one unit: see [`super`] for
//! what a chain is.
//!
//! **Ordered.** For each step the search keeps the best chain that ends with it: latest start
//! first, then most optional steps. It takes events in their order and, for one event, steps from
//! last to first, so that an event fills one step of a chain. A later start is never worse: an
//! event that extends a chain within the window also extends a chain that started later. A stored
//! chain and its times are replaced only by a strictly better chain. `O(events · steps)`, a few
//! hundred bytes a step.
//!
//! Suppose that an event meets an exclusion after an optional step and the chain has not filled
//! that step yet. Only continuations that skip the step are then forbidden: the chain is *held* and
//! can be extended only by steps up to that step. So each step has one chain without a limit, and
//! one for each such limit.
//!
//! **Strict.** As ordered, but only chains that end at the previous event can be extended.
//!
//! **Reuse.** A chain that an event has just extended can be extended by the same event again:
//! steps from first to last.

use super::{MAX_STEPS, Mode};

/// A chain of events: where it starts, and the time at each step it fills.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chain {
    pub(crate) start: i64,
    pub(crate) filled: u32,
    /// A set of steps, one bit each.
    pub(crate) steps: u32,
    pub(crate) times: [i64; MAX_STEPS],
}

impl Chain {
    pub(crate) fn first(time: i64, step: usize) -> Chain {
        let mut times = [0; MAX_STEPS];
        times[step] = time;
        Chain {
            start: time,
            filled: 1,
            steps: 1 << step,
            times,
        }
    }

    pub(crate) fn then(&self, time: i64, step: usize) -> Chain {
        let mut longer = *self;
        longer.times[step] = time;
        longer.filled += 1;
        longer.steps |= 1 << step;
        longer
    }

    pub(crate) fn beats(&self, other: Option<&Chain>) -> bool {
        other.is_none_or(|other| (self.start, self.filled) > (other.start, other.filled))
    }
}

/// At most one chain for each step. Clearing all of them costs one store.
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
#[derive(Debug, Clone, Default)]
pub(crate) struct Shape {
    pub(crate) mode: Mode,
    /// Whether one event may fill several steps.
    pub(crate) reuse: bool,
    /// Whether to stop at the first complete chain.
    pub(crate) once: bool,
    /// For each step the least and the most time since the step before; empty if no step has one.
    pub(crate) gaps: Vec<(i64, i64)>,
    /// One bit for each step that must follow the event of the step before with no event between.
    /// Only used with `gaps`.
    pub(crate) adjacent: u32,
    /// The number of steps.
    pub(crate) n: usize,
    /// Microseconds from the first to the last event of a chain, inclusive.
    pub(crate) window: i64,
    /// A set of steps, one bit each.
    pub(crate) optional: u32,
    /// For each exclusion the steps (0-based) `(from, until)` between which its events are
    /// forbidden: over such an event a chain must not continue from a step before `until` to a step
    /// after `from`.
    pub(crate) exclusions: Vec<(usize, usize)>,
}

impl Shape {
    /// The last step that can follow `step`: the next one that is not optional.
    fn furthest(&self, step: usize) -> usize {
        step + 1 + (!(self.optional >> step >> 1)).trailing_zeros() as usize
    }
}

/// An event as the funnel needs it: its time, the steps it can fill, the exclusions it meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) time: i64,
    pub(crate) steps: u32,
    pub(crate) exclusions: u32,
}

impl Hit {
    /// The sort key of events: see [`super`]. Hits with equal keys are equal.
    pub(crate) fn order(&self) -> (i64, u32, u32, u32) {
        let first = self.steps.trailing_zeros(); // 32 where it fills none
        (self.time, first, self.steps, self.exclusions)
    }
}

/// The result for one unit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    /// The number of steps reached: all required steps up to it are filled. 0 for none.
    pub(crate) level: usize,
    pub(crate) chain: Option<Chain>,
    /// Whether an exclusion ended a chain that was within its window and not yet past the
    /// exclusion's steps.
    pub(crate) excluded: bool,
    /// Events up to the first complete chain, where the search stopped there.
    pub(crate) used: usize,
}

/// A chain that, after an exclusion, can be extended only by steps up to `reach`.
struct Held {
    step: usize,
    reach: usize,
    chain: Chain,
}

/// Scratch for one unit after the other.
pub(crate) struct Finder<'a> {
    shape: &'a Shape,
    /// Chains that can still be extended.
    live: Chains,
    /// Chains that can be extended only by some steps; chains that end with the same step, by age.
    held: Vec<Held>,
    /// The best chains found.
    best: Chains,
    /// Chains that end with the current event.
    fresh: Chains,
    excluded: bool,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(shape: &'a Shape) -> Self {
        Finder {
            shape,
            live: Chains::new(shape.n),
            held: Vec::new(),
            best: Chains::new(shape.n),
            fresh: Chains::new(shape.n),
            excluded: false,
        }
    }

    /// The best chain that an event can make by filling `step`.
    fn extended(&self, step: usize, time: i64) -> Option<Chain> {
        if step == 0 {
            return Some(Chain::first(time, 0));
        }
        let mut best: Option<&Chain> = None;
        for before in (0..step).rev() {
            let held = self.held.iter();
            let held = held.filter(|h| h.step == before && h.reach >= step);
            for chain in held.map(|h| &h.chain).chain(self.live.at(before)) {
                if time - chain.start <= self.shape.window && chain.beats(best) {
                    best = Some(chain);
                }
            }
            if self.shape.optional >> before & 1 == 0 {
                break;
            }
        }
        best.map(|chain| chain.then(time, step))
    }

    /// Keeps a chain that ends with `step` if it is the best so far.
    fn note(&mut self, step: usize, chain: &Chain) {
        if chain.beats(self.best.at(step)) {
            self.best.set(step, Some(*chain));
        }
    }

    /// The deepest step reached and its best chain.
    fn outcome(&self, used: usize) -> Outcome {
        let level = 32 - self.best.present.leading_zeros() as usize;
        let chain = level.checked_sub(1).and_then(|step| self.best.at(step));
        Outcome {
            level,
            chain: chain.copied(),
            excluded: self.excluded,
            used,
        }
    }

    fn clear(&mut self) {
        (self.live.present, self.best.present) = (0, 0);
        self.held.clear();
        self.excluded = false;
    }

    /// Whether the last step is reached and the search may stop there.
    fn done(&self) -> bool {
        self.shape.once && self.best.present >> (self.shape.n - 1) & 1 == 1
    }

    /// Applies the exclusions that an event meets to the chains before it.
    fn exclude(&mut self, hit: &Hit) {
        let shape = self.shape;
        for (i, (from, until)) in shape.exclusions.iter().enumerate() {
            if hit.exclusions >> i & 1 == 0 {
                continue;
            }
            for step in (0..*until).filter(|s| *from < shape.furthest(*s)) {
                let ended = *from <= step;
                if ended && let Some(chain) = self.live.at(step) {
                    // Chains that are past the exclusion's steps are not affected.
                    let past = (*until..shape.n).filter_map(|s| self.best.at(s));
                    let past = past.map(|best| best.start).max();
                    let in_time = hit.time - chain.start <= shape.window;
                    self.excluded |= in_time && past.is_none_or(|start| start < chain.start);
                }
                self.limit(step, *from);
            }
        }
    }

    /// Limits the chains that end with `step` to steps up to `reach`, or ends them.
    fn limit(&mut self, step: usize, reach: usize) {
        let mut best: Option<Chain> = None;
        self.held.retain(|h| {
            let limited = h.step == step && h.reach >= reach;
            if limited && h.chain.beats(best.as_ref()) {
                best = Some(h.chain);
            }
            !limited
        });
        if let Some(chain) = self.live.at(step)
            && chain.beats(best.as_ref())
        {
            best = Some(*chain);
        }
        self.live.set(step, None);
        if let Some(chain) = best.filter(|_| reach > step) {
            self.held.push(Held { step, reach, chain });
        }
    }

    /// Finds the deepest chain with the steps in their order.
    pub(crate) fn find(&mut self, hits: &[Hit]) -> Outcome {
        self.clear();
        let strict = self.shape.mode == Mode::Strict;
        for (place, hit) in hits.iter().enumerate() {
            self.fresh.present = 0;
            let mut steps = hit.steps;
            while steps != 0 {
                let step = steps.trailing_zeros() as usize;
                steps &= steps - 1;
                let mut chain = self.extended(step, hit.time);
                if self.shape.reuse
                    && let Some(longer) = self.extended_again(step, hit.time)
                    && longer.beats(chain.as_ref())
                {
                    chain = Some(longer);
                }
                self.fresh.set(step, chain);
            }
            if strict {
                self.live.present = 0;
            } else if hit.exclusions != 0 {
                // A chain that ends with this event does not have the event between two steps.
                self.exclude(hit);
            }
            let mut steps = self.fresh.present;
            while steps != 0 {
                let step = steps.trailing_zeros() as usize;
                steps &= steps - 1;
                let chain = self.fresh.chains[step];
                self.note(step, &chain);
                if chain.beats(self.live.at(step)) {
                    self.live.set(step, Some(chain));
                }
            }
            if self.done() {
                return self.outcome(place + 1);
            }
        }
        self.outcome(hits.len())
    }

    /// The best chain that the current event can make by filling one more step.
    fn extended_again(&self, step: usize, time: i64) -> Option<Chain> {
        let mut best: Option<&Chain> = None;
        for before in (0..step).rev() {
            if let Some(chain) = self.fresh.at(before).filter(|chain| chain.beats(best)) {
                best = Some(chain);
            }
            if self.shape.optional >> before & 1 == 0 {
                break;
            }
        }
        best.map(|chain| chain.then(time, step))
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
