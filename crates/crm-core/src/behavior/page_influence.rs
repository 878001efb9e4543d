//! Purchase probability and removal effect by page (購入確率・除去効果): how much a page contributes to
//! purchases.
//!
//! # Definition
//!
//! A session is a path over pages that ends in its first purchase or without one. The counted
//! transitions make an absorbing Markov chain of order 1 with the transient states `(start)` and
//! the pages, and two absorbing states. With `Q` the transition probabilities between transient
//! states, `r` the probabilities of a purchase next, and the fundamental matrix `N = (I − Q)⁻¹`,
//!
//! ```text
//! purchase_probability   h = N r                      of a session that is on the page
//! visit_probability      f_i = N_si / N_ii            of a session to come to page i at all
//! removal_effect         f_i · h_i / h_s              share of purchases that is lost without page i
//! ```
//!
//! The removal effect is exact: removing page `i` does not change paths that never visit it, and
//! loses all paths that do. `I − Q` is inverted by elimination without pivoting, which is stable
//! because it is an M-matrix (every page is left at some time, and every path ends).
//!
//! Beyond `max_pages`, the pages with the fewest views become one page `(other)`. If no session has
//! a purchase, removal effects are null.
//!
//! A chain of order 1 ignores how a page was reached. Removal effects describe the log; they do not
//! prove causes.
//!
//! # References
//!
//! - Kemeny, J. G., Snell, J. L. (1960). *Finite Markov Chains*. Van Nostrand. Ch. 3.
//! - Anderl, E., Becker, I., von Wangenheim, F., Schumann, J. H. (2016). Mapping the customer
//!   journey. *International Journal of Research in Marketing* 33, 457-474. (removal effect)

use super::nodes::{Nodes, Of};
use super::parameters::OF_THE_SITE;
use crate::analysis::Analysis;
use crate::behavior::fields::{PURCHASE_PROBABILITY, VIEWS};
use crate::context::{Context, collect, filled, push};
use crate::data::Events;
use crate::data::events::kinds;
use crate::error::{Error, Result};
use crate::table::{Column, Field, Table, Values, columns};
use crate::time::Duration;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Options of the page influence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// What the nodes of a path are.
    pub of: Of,
    /// The number of nodes with their own rows, 1 to 1,000; the rest is `(other)`. Default 200.
    pub max_pages: u32,
    /// Inactivity after which the next event opens a new session. Default 30 minutes.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            of: Of::Page,
            max_pages: 200,
            timeout: Duration::minutes(30),
        }
    }
}

/// Transition counts of an absorbing chain; state 0 is the start.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    pub(crate) n: usize,
    /// Transitions between transient states, row by row.
    pub(crate) between: Vec<u64>,
    /// Transitions to a purchase.
    pub(crate) bought: Vec<u64>,
    /// Transitions to the end without one.
    pub(crate) ended: Vec<u64>,
}

/// For each state: the probability of a purchase from it, the probability of a visit to it, and its
/// removal effect.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Influence {
    pub(crate) purchase: f64,
    pub(crate) visit: f64,
    pub(crate) removal: Option<f64>,
}

impl Chain {
    fn new(n: usize) -> Result<Self> {
        Ok(Chain {
            n,
            between: filled(n * n, 0, "chain")?,
            bought: filled(n, 0, "chain")?,
            ended: filled(n, 0, "chain")?,
        })
    }

    /// Solves the chain.
    pub(crate) fn solve(&self, context: &Context) -> Result<Vec<Influence>> {
        let n = self.n;
        let mut a = filled(n * n, 0.0_f64, "chain")?;
        let mut buys = filled(n, 0.0_f64, "chain")?;
        for i in 0..n {
            let row = &self.between[i * n..(i + 1) * n];
            let total = row.iter().sum::<u64>() + self.bought[i] + self.ended[i];
            a[i * n + i] = 1.0;
            if total > 0 {
                for (j, count) in row.iter().enumerate() {
                    a[i * n + j] -= *count as f64 / total as f64;
                }
                buys[i] = self.bought[i] as f64 / total as f64;
            }
        }
        let inverse = inverse(a, n, context)?;
        let row = |i: usize| &inverse[i * n..(i + 1) * n];
        let from = |i: usize| -> f64 { row(i).iter().zip(&buys).map(|(n, r)| n * r).sum() };
        let overall = from(0);
        let states = (0..n).map(|i| {
            let (purchase, visit) = (from(i), inverse[i] / inverse[i * n + i]);
            Influence {
                purchase: purchase.clamp(0.0, 1.0),
                visit: visit.clamp(0.0, 1.0),
                removal: (overall > 0.0).then(|| (visit * purchase / overall).clamp(0.0, 1.0)),
            }
        });
        collect(states, "chain")
    }
}

/// The inverse by Gauss-Jordan elimination in place, no pivoting.
fn inverse(mut a: Vec<f64>, n: usize, context: &Context) -> Result<Vec<f64>> {
    let mut pivot_row = filled(n, 0.0, "chain")?;
    for k in 0..n {
        context.check()?;
        let pivot = 1.0 / a[k * n + k];
        if !pivot.is_finite() {
            return Err(Error::internal("a random walk without an end"));
        }
        a[k * n + k] = 1.0;
        for cell in &mut a[k * n..(k + 1) * n] {
            *cell *= pivot;
        }
        pivot_row.copy_from_slice(&a[k * n..(k + 1) * n]);
        for (i, row) in a.chunks_exact_mut(n).enumerate() {
            if i != k {
                let factor = std::mem::replace(&mut row[k], 0.0);
                if factor != 0.0 {
                    for (cell, from) in row.iter_mut().zip(&pivot_row) {
                        *cell -= factor * from;
                    }
                }
            }
        }
    }
    Ok(a)
}

/// The analysis `page_influence`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct PageInfluence;

/// The most visited nodes, ascending; of nodes with equal visits the first.
fn most_visited(visits: &[u64], most: u32) -> Result<Vec<u32>> {
    let mut nodes: Vec<u32> = Vec::new();
    for place in (1..visits.len() as u32).filter(|p| visits[*p as usize] > 0) {
        push(&mut nodes, place, "pages")?;
    }
    nodes.sort_unstable_by_key(|p| (std::cmp::Reverse(visits[*p as usize]), *p));
    nodes.truncate(most as usize);
    nodes.sort_unstable();
    Ok(nodes)
}

impl Analysis for PageInfluence {
    const NAME: &'static str = "page_influence";
    const SUMMARY: &'static str =
        "Probability of a purchase from each page, and its decrease without the page";
    const JA: &'static str = "ページ別購入確率";
    const COLUMNS: &'static [Field] = &columns! {
        "page": Text, "", "ページ", "The node; `(start)` is the start of every session, `(other)` all rare nodes.";
        VIEWS, "Visits of it by sessions before their purchase.";
        PURCHASE_PROBABILITY, "Probability that a session at this node ends in a purchase.";
        "visit_probability": Float, "share", "到達確率", "Probability that a session reaches this node before it buys or ends.";
        "removal_effect": Float, "", "除去効果", "Share of the purchase probability that is lost without this node; null without purchases.";
    };
    const SCOPE: &'static [&'static str] = OF_THE_SITE;
    const VISITS: bool = true;
    type Data = Events;
    type Options = Options;

    fn run(events: &Events, _: &(), options: &Options, context: &Context) -> Result<Table> {
        if !(1..=1000).contains(&options.max_pages) {
            return Err(Error::option("max_pages", options.max_pages, "1 to 1000"));
        }
        kinds::need(
            events,
            Self::NAME,
            &[crate::words::EventWord::Purchase],
            &[],
        )?;
        let nodes = Nodes::new(events, options.of, false, options.timeout, Self::NAME)?;
        let end = nodes.end() as usize;
        let mut visits = filled(end, 0_u64, "pages")?;
        nodes.walk(true, context, |_, stations, _| {
            stations.iter().for_each(|s| visits[*s as usize] += 1);
            Ok(())
        })?;
        let stations = visits.iter().skip(1).filter(|visits| **visits > 0).count();
        let most = most_visited(&visits, options.max_pages)?;
        // The other nodes count as one.
        let other = most.len() + 1;
        let n = other + usize::from(stations > most.len());
        let mut state = filled(end, other, "pages")?;
        for (at, place) in most.iter().enumerate() {
            state[*place as usize] = at + 1;
        }
        let mut chain = Chain::new(n)?;
        let mut counts = filled(n, 0_u64, "pages")?;
        nodes.walk(true, context, |_, stations, bought| {
            if stations.is_empty() && !bought {
                return Ok(());
            }
            let mut at = 0;
            counts[0] += 1;
            for station in stations {
                let next = state[*station as usize];
                chain.between[at * n + next] += 1;
                counts[next] += 1;
                at = next;
            }
            let last = if bought {
                &mut chain.bought
            } else {
                &mut chain.ended
            };
            last[at] += 1;
            Ok(())
        })?;
        let solved = chain.solve(context)?;
        let name = |at: usize| match at {
            0 => "(start)".to_owned(),
            at if at == other => "(other)".to_owned(),
            at => nodes.name(most[at - 1]),
        };
        let f = Self::COLUMNS;
        let names = Values::Text {
            codes: (0..n as u32).collect(),
            texts: Arc::new((0..n).map(name).collect()),
        };
        let counts = collect(counts.iter().map(|c| *c as i64), "table")?;
        let visited = solved.iter().enumerate();
        Ok(Table::new(vec![
            Column::new(&f[0], names),
            Column::new(&f[1], Values::I64(counts.into())),
            Column::floats(&f[2], solved.iter().map(|s| Some(s.purchase)))?,
            Column::floats(&f[3], solved.iter().map(|s| Some(s.visit)))?,
            Column::floats(&f[4], visited.map(|(at, s)| s.removal.filter(|_| at > 0)))?,
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The probability of a purchase from each state, by iterating the chain step by step.
    fn stepped(chain: &Chain, without: Option<usize>) -> Vec<f64> {
        let n = chain.n;
        let mut h = vec![0.0; n];
        for _ in 0..20_000 {
            let next = (0..n).map(|i| {
                let row = &chain.between[i * n..(i + 1) * n];
                let total = row.iter().sum::<u64>() + chain.bought[i] + chain.ended[i];
                let onward = row.iter().enumerate().filter(|(j, _)| Some(*j) != without);
                let sum: f64 = onward.map(|(j, c)| *c as f64 * h[j]).sum();
                (sum + chain.bought[i] as f64) / total as f64
            });
            h = next.collect();
        }
        h
    }

    proptest! {
        #![proptest_config(crate::random_tests::random_cases(24))]
        // Compares with the same chain iterated step by step, with and without each page.
        #[test]
        fn solved_equals_stepped(
            n in 2..6_usize, counts in prop::collection::vec(0..9_u64, 36),
            ends in prop::collection::vec((0..5_u64, 1..5_u64), 6),
        ) {
            let mut chain = Chain::new(n).unwrap();
            for (cell, count) in chain.between.iter_mut().zip(counts) {
                *cell = count;
            }
            for (i, ends) in ends.iter().enumerate().take(n) {
                chain.between[i * n] = 0; // nothing goes back to the start
                (chain.bought[i], chain.ended[i]) = *ends;
            }
            let solved = chain.solve(&Context::default()).unwrap();
            let h = stepped(&chain, None);
            for i in 0..n {
                prop_assert!((solved[i].purchase - h[i]).abs() < 1e-10);
                if i > 0 && h[0] > 0.0 {
                    let removal = 1.0 - stepped(&chain, Some(i))[0] / h[0];
                    prop_assert!((solved[i].removal.unwrap() - removal).abs() < 1e-10);
                }
            }
        }
    }
}
