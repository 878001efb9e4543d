//! The search for steps in their order where a step has `min_gap` or `max_gap`.
//!
//! With gaps a later start is not always better: both the start and the last event of a chain
//! matter. For each step and each event that ends a chain, the chain with the latest start is kept
//! in a queue until the least time has passed. The chains that can be extended now are a sliding
//! window over time; a monotone queue has the latest start of the window at its front.
//! `O(events · steps)`. An adjacent step uses only chains that end at the previous event.

use super::chain::{Chain, Hit, Outcome, Shape};
use crate::context::grow_queue;
use crate::error::Result;
use std::collections::VecDeque;

/// Scratch for one unit after the other.
pub(crate) struct Gaps {
    /// Chains that end with each step, before the next step's least time.
    waiting: Vec<VecDeque<Chain>>,
    /// Chains after the least time, without those for which a later chain is as good.
    open: Vec<VecDeque<Chain>>,
    /// Chains that end with the current event.
    fresh: Vec<Option<Chain>>,
    /// Chains that end with the previous event.
    previous: Vec<Option<Chain>>,
    best: Vec<Option<Chain>>,
}

impl Gaps {
    pub(crate) fn new(n: usize) -> Self {
        Gaps {
            waiting: vec![VecDeque::new(); n],
            open: vec![VecDeque::new(); n],
            fresh: vec![None; n],
            previous: vec![None; n],
            best: vec![None; n],
        }
    }

    fn clear(&mut self, step: usize) {
        self.waiting[step].clear();
        self.open[step].clear();
    }

    /// The best chain that an event at `time` can make by filling `step`.
    fn extended(&mut self, shape: &Shape, step: usize, time: i64) -> Option<Chain> {
        let Some(before) = step.checked_sub(1) else {
            return Some(Chain::first(time, 0));
        };
        let (least, most) = shape.gaps[step];
        let (waiting, open) = (&mut self.waiting[before], &mut self.open[before]);
        while let Some(chain) = waiting.front().filter(|c| time - c.times[before] >= least) {
            while open.back().is_some_and(|back| back.start <= chain.start) {
                open.pop_back();
            }
            open.push_back(*chain);
            waiting.pop_front();
        }
        while open.front().is_some_and(|c| time - c.times[before] > most) {
            open.pop_front();
        }
        let chain = open.front()?;
        (time - chain.start <= shape.window).then(|| chain.then(time, step))
    }

    /// The chain that ends at the previous event, if `step` may follow it directly.
    fn adjacent(&self, shape: &Shape, step: usize, time: i64) -> Option<Chain> {
        let before = step.checked_sub(1)?;
        let (least, most) = shape.gaps[step];
        let chain = self.previous[before]?;
        let gap = time - chain.times[before];
        let in_time = gap >= least && gap <= most && time - chain.start <= shape.window;
        in_time.then(|| chain.then(time, step))
    }

    /// The deepest chain.
    pub(crate) fn find(&mut self, shape: &Shape, hits: &[Hit]) -> Result<Outcome> {
        (0..shape.n).for_each(|step| self.clear(step));
        self.best.fill(None);
        self.fresh.fill(None);
        let mut outcome = Outcome {
            used: hits.len(),
            ..Outcome::default()
        };
        for (place, hit) in hits.iter().enumerate() {
            std::mem::swap(&mut self.previous, &mut self.fresh);
            self.fresh.fill(None);
            for step in (0..shape.n).filter(|step| hit.steps >> step & 1 == 1) {
                let own = step.checked_sub(1).and_then(|before| self.fresh[before]);
                let own = own.filter(|_| shape.reuse && shape.gaps[step].0 == 0);
                let own = own.map(|own| own.then(hit.time, step));
                let chain = match shape.adjacent >> step & 1 == 1 {
                    true => self.adjacent(shape, step, hit.time),
                    false => self.extended(shape, step, hit.time),
                };
                self.fresh[step] = match (own, chain) {
                    (Some(own), chain) if own.beats(chain.as_ref()) => Some(own),
                    (_, chain) => chain,
                };
            }
            // A chain that ends with this event does not have the event between two steps.
            outcome.excluded |= self.exclude(shape, hit);
            for step in 0..shape.n {
                if let Some(chain) = self.fresh[step] {
                    self.keep(step, chain)?;
                }
            }
            if shape.once && self.best[shape.n - 1].is_some() {
                outcome.used = place + 1;
                break;
            }
        }
        outcome.level = self
            .best
            .iter()
            .rposition(Option::is_some)
            .map_or(0, |s| s + 1);
        outcome.chain = outcome
            .level
            .checked_sub(1)
            .and_then(|step| self.best[step]);
        Ok(outcome)
    }

    fn keep(&mut self, step: usize, chain: Chain) -> Result<()> {
        if chain.beats(self.best[step].as_ref()) {
            self.best[step] = Some(chain);
        }
        grow_queue(&mut self.waiting[step], "funnel")?;
        grow_queue(&mut self.open[step], "funnel")?;
        self.waiting[step].push_back(chain);
        Ok(())
    }

    /// Ends the chains that an exclusion forbids. Returns whether one of them was within its
    /// window.
    fn exclude(&mut self, shape: &Shape, hit: &Hit) -> bool {
        let mut between = false;
        for (i, (from, until)) in shape.exclusions.iter().enumerate() {
            if hit.exclusions >> i & 1 == 0 {
                continue;
            }
            let past = self.best.iter().skip(*until).flatten();
            let past = past.map(|chain| chain.start).max();
            for step in *from..(*until).min(shape.n) {
                let before = self.open[step].iter().chain(&self.waiting[step]);
                let start = before.map(|chain| chain.start).max();
                between |= start.is_some_and(|start| {
                    hit.time - start <= shape.window && past.is_none_or(|past| past < start)
                });
                self.clear(step);
            }
        }
        between
    }
}
