//! The deepest chain of funnel steps among the events of one unit: see [`super::funnel`] for what a
//! chain is.
//!
//! **Ordered.** For each step keep the best chain that ends with it: the one with the latest start,
//! then with the most optional steps. Events are taken in their order and, within one, steps last to
//! first, so that an event fills one step of a chain. A later start is never worse: whatever extends
//! a chain within the window extends one that started later, too. A stored chain is replaced only by
//! a strictly better one, whole with its times. `O(events · steps)`, a few hundred bytes a step.
//!
//! An exclusion after an optional step, met while that step is still to come, forbids the ways that
//! skip it and no others: the chain is *held*, for the steps up to that one only. So for each step
//! there is one chain that may go anywhere, and one for each such limit.
//!
//! **Strict.** The same, where only chains that end at the event just before can be extended.
//!
//! **Unordered.** The first `k` steps are done in any order when `k` distinct events within the
//! window fill them. Sets of events that can fill different steps are a matroid (transversal), so
//! taking events latest first, keeping each that still leaves room for all, gives the set whose
//! earliest event is latest; the events left over from one moment are never needed later. One more
//! event either finds room, or the earliest of those it competes with goes: `O(k)` steps of work
//! where an event fills one step. A number of steps below one reached already is not looked at.

use super::funnel::MAX_STEPS;
use std::cmp::Ordering;

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
    /// For each exclusion the steps (0-based) `(from, until)` between which its events are
    /// forbidden: a chain does not go over them from a step before `until` to one after `from`.
    pub(crate) exclusions: Vec<(usize, usize)>,
}

impl Shape {
    /// The last step that can follow `step`: the next one that is not optional.
    fn furthest(&self, step: usize) -> usize {
        step + 1 + (!(self.optional >> step >> 1)).trailing_zeros() as usize
    }
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

/// A chain that an exclusion has left the steps up to `reach` only.
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
    /// Those that can be extended by some steps; of one step, by age.
    held: Vec<Held>,
    /// The best chains there have been.
    best: Chains,
    next: Chains,
    /// For each number of steps, the events kept by [`Finder::unordered`].
    kept: Vec<Kept>,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(shape: &'a Shape) -> Self {
        Finder {
            shape,
            live: Chains::new(shape.n),
            held: Vec::new(),
            best: Chains::new(shape.n),
            next: Chains::new(shape.n),
            kept: vec![Kept::default(); shape.n],
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

    /// Leaves the chains that end with `step` the steps up to `reach`, or ends them.
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

    /// Steps in their order, other events between them allowed.
    pub(crate) fn ordered(&mut self, hits: impl Iterator<Item = Hit>) -> Outcome {
        (self.live.present, self.best.present) = (0, 0);
        self.held.clear();
        let shape = self.shape;
        for hit in hits {
            // How far the chains that end with a step can go over this event.
            let mut reach = [usize::MAX; MAX_STEPS];
            let mut touched = hit.steps;
            for (i, (from, until)) in shape.exclusions.iter().enumerate() {
                if hit.exclusions >> i & 1 == 1 {
                    for step in (0..*until).filter(|s| *from < shape.furthest(*s)) {
                        reach[step] = reach[step].min(*from);
                        touched |= 1 << step;
                    }
                }
            }
            while touched != 0 {
                let step = 31 - touched.leading_zeros() as usize;
                touched &= !(1 << step);
                let chain = match hit.steps >> step & 1 {
                    1 => self.extended(step, hit.time),
                    _ => None,
                };
                // What ends with the event itself does not have it in between.
                if reach[step] < MAX_STEPS {
                    self.limit(step, reach[step]);
                }
                if let Some(chain) = chain {
                    self.note(step, &chain);
                    if chain.beats(self.live.at(step)) {
                        self.live.set(step, Some(chain));
                    }
                }
            }
        }
        self.outcome()
    }

    /// Steps in their order, no other event between them.
    pub(crate) fn strict(&mut self, hits: impl Iterator<Item = Hit>) -> Outcome {
        (self.live.present, self.best.present) = (0, 0);
        self.held.clear();
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
        self.kept.iter_mut().for_each(Kept::clear);
        let (mut level, mut start) = (0, i64::MIN);
        let mut winning = Kept::default();
        for hit in hits {
            if hit.exclusions != 0 {
                self.kept.iter_mut().for_each(Kept::clear);
                continue;
            }
            for k in level.max(1)..=self.shape.n {
                let steps = hit.steps & u32::MAX >> (32 - k);
                if steps == 0 {
                    continue;
                }
                let kept = &mut self.kept[k - 1];
                kept.add(hit.time, steps);
                let first = kept.events[0].0;
                let whole = kept.events.len() == k && hit.time - first <= self.shape.window;
                if whole && (k > level || first > start) {
                    (level, start) = (k, first);
                    winning.events.clone_from(&kept.events);
                }
            }
        }
        let chain = (level > 0).then(|| Chain {
            start,
            filled: level as u32,
            steps: u32::MAX >> (32 - level),
            times: winning.times(),
        });
        Outcome { level, chain }
    }
}

/// The latest events that can all fill different steps.
#[derive(Clone)]
struct Kept {
    /// Time, ascending, and the steps an event can fill.
    events: Vec<(i64, u32)>,
    /// The event that fills a step.
    of_step: [usize; MAX_STEPS],
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
    fn add(&mut self, time: i64, steps: u32) {
        let last = self.events.len();
        self.events.push((time, steps));
        let mut seen = 0;
        if augment(last, &self.events, &mut self.of_step, &mut seen) {
            return;
        }
        // Whoever fills a step that was seen could give it up.
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

    /// The time at each step, latest events placed first.
    fn times(&self) -> [i64; MAX_STEPS] {
        let mut of_step = [NONE; MAX_STEPS];
        for event in (0..self.events.len()).rev() {
            augment(event, &self.events, &mut of_step, &mut 0);
        }
        of_step.map(|event| self.events.get(event).map_or(0, |(time, _)| *time))
    }
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
        if holder == NONE || augment(holder, events, of_step, seen) {
            of_step[step] = event;
            return true;
        }
    }
    false
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
