//! The Markov chain of paths: START, states of the last `order` channels, CONVERSION and NULL.
//!
//! ```text
//! h_i   = P(conversion from state i) = (c_i + Σ_j w_ij h_j) / (c_i + n_i + Σ_j w_ij)
//! P     = Σ_j s_j h_j / Σ_j s_j
//! RE(c) = 1 − P(c) / P               P(c): every state that contains c leads to NULL
//! ```
//!
//! `w`, `c`, `n` and `s` count steps between states, to the conversion, to NULL and from START. The equations are solved
//! exactly: by elimination up to 256 states, above by Gauss-Seidel until nothing changes.
//!
//! Source: Anderl, E., Becker, I., von Wangenheim, F., Schumann, J. H. (2016). Mapping the customer journey.
//! *International Journal of Research in Marketing* 33, 457-474.

use super::paths::Paths;
use crate::context::{Context, collect, filled, push, room};
use crate::error::{Error, Result};
use crate::num::rank;

/// States up to which the equations are solved by elimination.
const DENSE: usize = 256;

/// The states of the touches of all paths.
pub(super) struct States {
    /// The channels of each state, the latest last.
    pub(super) contexts: Vec<Vec<u32>>,
    /// The state of each touch, by path.
    of_touch: Vec<u32>,
}

/// Keys of states up to which each has a place in a table.
const PLACES: u64 = 1 << 22;

impl States {
    pub(super) fn new(paths: &Paths, order: u8) -> Result<Self> {
        if !(1..=4).contains(&order) {
            return Err(Error::option("order", order, "1 to 4"));
        }
        let side = paths.channels.len() as u64 + 1;
        if side >= 1 << 16 && order > 1 {
            return Err(Error::Overflow {
                column: "path".into(),
                what: "the number of different channels (65,534 at most with an order above 1)",
            });
        }
        // A state is a number whose digits are its channels plus 1, the latest last.
        let remembered = side.pow(u32::from(order) - 1);
        let next = |key: u64, channel: u32| key % remembered * side + u64::from(channel) + 1;
        let distinct = distinct_keys(paths, remembered * side, &next)?;
        let is_small = remembered * side <= PLACES;
        let mut places = filled(
            if is_small { remembered * side } else { 0 } as usize,
            0_u32,
            "states",
        )?;
        if is_small {
            for (at, key) in distinct.iter().enumerate() {
                places[*key as usize] = at as u32;
            }
        }
        let place = |key: u64| match is_small {
            true => places[key as usize],
            false => distinct.partition_point(|k| *k < key) as u32,
        };
        let mut of_touch = room(paths.touches(), "states")?;
        for path in 0..paths.len() {
            let mut key = 0;
            for channel in paths.of(path) {
                key = next(key, *channel);
                of_touch.push(place(key));
            }
        }
        let context = |key: &u64| {
            let digits = (0..u32::from(order))
                .rev()
                .map(|at| key / side.pow(at) % side);
            digits.filter(|c| *c > 0).map(|c| c as u32 - 1).collect()
        };
        Ok(States {
            contexts: collect(distinct.iter().map(context), "states")?,
            of_touch,
        })
    }
}

/// The keys of the states that occur, ascending; all are below `end`.
fn distinct_keys(paths: &Paths, end: u64, next: &impl Fn(u64, u32) -> u64) -> Result<Vec<u64>> {
    let mut occurs = filled(
        if end <= PLACES { end } else { 0 } as usize,
        false,
        "states",
    )?;
    let mut keys = room(if end <= PLACES { 0 } else { paths.touches() }, "states")?;
    for path in 0..paths.len() {
        let mut key = 0;
        for channel in paths.of(path) {
            key = next(key, *channel);
            match occurs.get_mut(key as usize) {
                Some(occurs) => *occurs = true,
                None => keys.push(key),
            }
        }
    }
    if end > PLACES {
        let mut distinct = rank::sorted(&keys)?;
        distinct.dedup();
        return Ok(distinct);
    }
    let mut distinct = Vec::new();
    for (key, _) in occurs.iter().enumerate().filter(|(_, occurs)| **occurs) {
        push(&mut distinct, key as u64, "states")?;
    }
    Ok(distinct)
}

/// Counts of steps between states.
pub(super) struct Chain {
    /// Steps from START.
    pub(super) start: Vec<f64>,
    /// Steps to other states, ascending: source, target, count.
    pub(super) steps: Vec<(u32, u32, f64)>,
    /// Where the steps of each state begin.
    first: Vec<usize>,
    pub(super) conversion: Vec<f64>,
    pub(super) null: Vec<f64>,
    /// All steps from each state.
    pub(super) total: Vec<f64>,
}

impl Chain {
    /// The chain of paths, each counted as often as its weights say: conversions and nulls.
    pub(super) fn new(
        paths: &Paths,
        states: &States,
        conversions: &[f64],
        nulls: &[f64],
    ) -> Result<Self> {
        let n = states.contexts.len();
        let zeros = || filled(n, 0.0, "states");
        let (mut start, mut conversion, mut null) = (zeros()?, zeros()?, zeros()?);
        let mut counted = Counted::new(states, paths.channels.len())?;
        let mut from = 0;
        for path in 0..paths.len() {
            let of_path = &states.of_touch[from..from + paths.of(path).len()];
            from += of_path.len();
            let (bought, not) = (conversions[path], nulls[path]);
            let (Some(first), Some(last)) = (of_path.first(), of_path.last()) else {
                continue;
            };
            start[*first as usize] += bought + not;
            conversion[*last as usize] += bought;
            null[*last as usize] += not;
            for step in of_path.windows(2) {
                counted.add(step[0], step[1], bought + not)?;
            }
        }
        let steps = counted.steps()?;
        let mut first = filled(n + 1, 0, "states")?;
        for (state, first) in first.iter_mut().enumerate() {
            *first = steps.partition_point(|s| (s.0 as usize) < state);
        }
        let total = |state: usize| {
            let on = &steps[first[state]..first[state + 1]];
            on.iter().map(|step| step.2).sum::<f64>() + conversion[state] + null[state]
        };
        let total = collect((0..n).map(total), "states")?;
        Ok(Chain {
            start,
            steps,
            first,
            conversion,
            null,
            total,
        })
    }

    /// The steps from a state to others.
    pub(super) fn of(&self, state: usize) -> &[(u32, u32, f64)] {
        &self.steps[self.first[state]..self.first[state + 1]]
    }

    /// P(conversion from START), where removed states lead to NULL.
    pub(super) fn conversion_probability(
        &self,
        removed: &[bool],
        context: &Context,
    ) -> Result<f64> {
        let h = match self.start.len() <= DENSE {
            true => self.eliminated(removed)?,
            false => self.iterated(removed, context)?,
        };
        let begun: f64 = self.start.iter().sum();
        let bought: f64 = self.start.iter().zip(&h).map(|(s, h)| s * h).sum();
        Ok(if begun > 0.0 { bought / begun } else { 0.0 })
    }

    /// Elimination. The matrix is diagonally dominant, so the order of the rows is safe.
    fn eliminated(&self, removed: &[bool]) -> Result<Vec<f64>> {
        let n = self.start.len();
        let mut a = filled(n * n, 0.0, "states")?;
        let mut h = filled(n, 0.0, "states")?;
        for i in 0..n {
            let total = self.total[i];
            a[i * n + i] = 1.0;
            if removed[i] || total == 0.0 {
                continue;
            }
            a[i * n + i] = total;
            h[i] = self.conversion[i];
            for (_, j, weight) in self.of(i) {
                if !removed[*j as usize] {
                    a[i * n + *j as usize] -= weight;
                }
            }
        }
        for k in 0..n {
            let (above, below) = a.split_at_mut((k + 1) * n);
            let pivot = &above[k * n..];
            for i in k + 1..n {
                let row = &mut below[(i - k - 1) * n..(i - k) * n];
                let factor = row[k] / pivot[k];
                if factor != 0.0 {
                    for j in k + 1..n {
                        row[j] -= factor * pivot[j];
                    }
                    h[i] -= factor * h[k];
                }
            }
        }
        for k in (0..n).rev() {
            let later: f64 = (k + 1..n).map(|j| a[k * n + j] * h[j]).sum();
            h[k] = (h[k] - later) / a[k * n + k];
        }
        Ok(h)
    }

    fn iterated(&self, removed: &[bool], context: &Context) -> Result<Vec<f64>> {
        let n = self.start.len();
        let mut h = filled(n, 0.0, "states")?;
        for sweep in 0..100_000 {
            if sweep % 64 == 0 {
                context.check()?;
            }
            let mut change = 0.0_f64;
            for i in (0..n).rev().filter(|i| !removed[*i]) {
                let (mut on, mut own) = (self.conversion[i], 0.0);
                for (_, j, weight) in self.of(i) {
                    match *j as usize == i {
                        true => own = *weight,
                        false => on += weight * h[*j as usize],
                    }
                }
                let rest = self.total[i] - own;
                let next = if rest > 0.0 { on / rest } else { 0.0 };
                change = change.max((next - h[i]).abs());
                h[i] = next;
            }
            if change < 1e-16 {
                break;
            }
        }
        Ok(h)
    }
}

/// Counts of steps between states: a table of each state's next channels where that is small, else a list.
struct Counted {
    /// The latest channel of each state.
    latest: Vec<u32>,
    channels: usize,
    /// Count and target of each source and next channel.
    table: Vec<(f64, u32)>,
    listed: Vec<(u64, f64)>,
}

impl Counted {
    fn new(states: &States, channels: usize) -> Result<Self> {
        let latest = states
            .contexts
            .iter()
            .map(|of| of.last().copied().unwrap_or(0));
        let pairs = states.contexts.len().saturating_mul(channels);
        let pairs = if pairs as u64 <= PLACES { pairs } else { 0 };
        Ok(Counted {
            latest: collect(latest, "states")?,
            channels,
            table: filled(pairs, (0.0, 0), "states")?,
            listed: Vec::new(),
        })
    }

    fn add(&mut self, source: u32, target: u32, weight: f64) -> Result<()> {
        if self.table.is_empty() {
            let key = u64::from(source) << 32 | u64::from(target);
            return push(&mut self.listed, (key, weight), "states");
        }
        let channel = self.latest[target as usize] as usize;
        let cell = &mut self.table[source as usize * self.channels + channel];
        *cell = (cell.0 + weight, target);
        Ok(())
    }

    /// Source, target and count, ascending: the targets of a source differ in their latest channel only.
    fn steps(mut self) -> Result<Vec<(u32, u32, f64)>> {
        let mut steps = Vec::new();
        for (at, (weight, target)) in self.table.iter().enumerate().filter(|(_, w)| w.0 > 0.0) {
            push(
                &mut steps,
                ((at / self.channels) as u32, *target, *weight),
                "states",
            )?;
        }
        self.listed.sort_unstable_by_key(|(key, _)| *key);
        for same in self.listed.chunk_by(|a, b| a.0 == b.0) {
            // Whole numbers: the order of the sum does not matter.
            let weight: f64 = same.iter().map(|(_, weight)| weight).sum();
            if weight > 0.0 {
                let (source, target) = ((same[0].0 >> 32) as u32, same[0].0 as u32);
                push(&mut steps, (source, target, weight), "states")?;
            }
        }
        Ok(steps)
    }
}

/// P(conversion) and the removal effect of each channel; effects are 0 where nobody converted.
pub(super) fn removal_effects(
    chain: &Chain,
    states: &States,
    channels: usize,
    context: &Context,
) -> Result<(f64, Vec<f64>)> {
    let mut removed = filled(states.contexts.len(), false, "states")?;
    let whole = chain.conversion_probability(&removed, context)?;
    let mut effects = filled(channels, 0.0, "channels")?;
    for (channel, effect) in effects.iter_mut().enumerate() {
        context.check()?;
        for (removed, state) in removed.iter_mut().zip(&states.contexts) {
            *removed = state.contains(&(channel as u32));
        }
        if whole > 0.0 && removed.contains(&true) {
            // Rounding alone can give less than nothing.
            *effect = (1.0 - chain.conversion_probability(&removed, context)? / whole).max(0.0);
        }
    }
    Ok((whole, effects))
}
