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
use crate::context::{Context, collect, filled, push};
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
        let mut keys = Vec::new();
        for path in 0..paths.len() {
            let channels = paths.of(path);
            for at in 0..channels.len() {
                let from = (at + 1).saturating_sub(order.into());
                let key = channels[from..=at].iter();
                let key = key.fold(0_u64, |key, c| key << 16 | u64::from(c + 1));
                let key = if order == 1 {
                    u64::from(channels[at]) + 1
                } else {
                    key
                };
                push(&mut keys, key, "states")?;
            }
        }
        let mut distinct = rank::sorted(&keys)?;
        distinct.dedup();
        let place = |key: &u64| distinct.partition_point(|k| k < key) as u32;
        let of_touch = collect(keys.iter().map(place), "states")?;
        let context = |key: &u64| match order {
            1 => vec![*key as u32 - 1],
            _ => {
                let parts = (0..4).rev().map(|at| key >> (16 * at) & 0xffff);
                parts.filter(|c| *c > 0).map(|c| c as u32 - 1).collect()
            }
        };
        Ok(States {
            contexts: collect(distinct.iter().map(context), "states")?,
            of_touch,
        })
    }
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
        let mut counted = Counted::new(n)?;
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
        Ok(Chain {
            start,
            steps,
            first,
            conversion,
            null,
        })
    }

    fn of(&self, state: usize) -> &[(u32, u32, f64)] {
        &self.steps[self.first[state]..self.first[state + 1]]
    }

    /// All steps from a state.
    pub(super) fn total(&self, state: usize) -> f64 {
        let on: f64 = self.of(state).iter().map(|step| step.2).sum();
        on + self.conversion[state] + self.null[state]
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
            let total = self.total(i);
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
                let rest = self.total(i) - own;
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

/// Counts of steps between states: a table of all pairs where that is small, else a list.
struct Counted {
    n: usize,
    table: Vec<f64>,
    listed: Vec<(u64, f64)>,
}

impl Counted {
    fn new(n: usize) -> Result<Self> {
        let pairs = if n <= 1024 { n * n } else { 0 };
        Ok(Counted {
            n,
            table: filled(pairs, 0.0, "states")?,
            listed: Vec::new(),
        })
    }

    fn add(&mut self, source: u32, target: u32, weight: f64) -> Result<()> {
        if self.table.is_empty() {
            let key = u64::from(source) << 32 | u64::from(target);
            return push(&mut self.listed, (key, weight), "states");
        }
        self.table[source as usize * self.n + target as usize] += weight;
        Ok(())
    }

    /// Source, target and count, ascending.
    fn steps(mut self) -> Result<Vec<(u32, u32, f64)>> {
        let mut steps = Vec::new();
        for (at, weight) in self.table.iter().enumerate().filter(|(_, w)| **w > 0.0) {
            let (source, target) = (at / self.n, at % self.n);
            push(
                &mut steps,
                (source as u32, target as u32, *weight),
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
