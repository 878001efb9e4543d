//! The base forecast by moves between segments: a Markov chain over the ten CPM segments.
//!
//! Each customer of a year before the origin was in a segment `s` then and is in a segment `t` at
//! the origin, and had orders and revenue in between:
//!
//! ```text
//! P_st     share of the customers of s who moved to t
//! o_s, a_s  their mean orders and revenue in the year
//! v_y      = v_{y−1} P                v_0: today's customers by segment
//! year y   orders Σ_s v_{y−1,s} o_s,  revenue Σ_s v_{y−1,s} a_s,  active Σ over active t of v_y,t
//! ```
//!
//! Assumptions: the next years are like the last one, and the next segment of a customer depends on
//! the present segment only. Customers of a segment that was empty a year ago stay in it, with the
//! orders and revenue of the mean customer. If more than a twentieth of the customers are in such
//! segments, there is no forecast: for example, a young shop has churned customers now and had none
//! a year ago.
//!
//! The intervals come from random draws: each row of `P` from its Dirichlet distribution (the
//! Bayesian bootstrap of customers, Rubin 1981), the means from normal distributions with their
//! standard errors, and the variation of the customers' own orders, revenue and moves.

use super::estimate::{Attempt, Estimate};
use super::portfolio::{Base, Draws, Outcome, Year};
use crate::context::{filled, push, room};
use crate::error::Result;
use crate::num::rng::Rng;

/// Five segments, each active or churned.
const STATES: usize = 10;

type Vector = [f64; STATES];
type Matrix = [Vector; STATES];

/// The moves, orders and revenue of the customers of each segment in one year.
#[derive(Debug, Clone)]
pub(super) struct Moves {
    counts: Matrix,
    /// Mean and variance of orders and of revenue.
    orders: [[f64; 2]; STATES],
    revenue: [[f64; 2]; STATES],
}

impl Moves {
    pub(super) fn new(before: &Base, year: &Outcome, after: &Base) -> Self {
        let mut counts = [[0.0; STATES]; STATES];
        let mut sums = [[[0.0; 2]; 2]; STATES];
        let mut all = [[0.0; 2]; 2];
        for i in 0..before.len() {
            let Some(place) = year.place[i] else { continue };
            let from = usize::from(before.state[i]);
            counts[from][usize::from(after.state[place])] += 1.0;
            for (what, value) in [year.orders[i], year.revenue[i]].into_iter().enumerate() {
                for sums in [&mut sums[from][what], &mut all[what]] {
                    sums[0] += value;
                    sums[1] += value * value;
                }
            }
        }
        let total: f64 = counts.as_flattened().iter().sum();
        let moments = |sums: [f64; 2], n: f64| {
            let mean = sums[0] / n;
            [mean, (sums[1] / n - mean * mean).max(0.0)]
        };
        let of = |what: usize| {
            std::array::from_fn(|s| match counts[s].iter().sum::<f64>() {
                n if n > 0.0 => moments(sums[s][what], n),
                _ => moments(all[what], total.max(1.0)),
            })
        };
        Self {
            orders: of(0),
            revenue: of(1),
            counts,
        }
    }

    pub(super) fn forecast(
        &self,
        base: &Base,
        years: u32,
        asked: Draws,
    ) -> Result<Attempt<Vec<Year>>> {
        let mut now = [0.0; STATES];
        for &i in &base.known.shown {
            now[usize::from(base.state[i])] += 1.0;
        }
        let unseen = now.iter().zip(&self.counts);
        let unseen = unseen.filter(|(_, counts)| counts.iter().sum::<f64>() == 0.0);
        if 20.0 * unseen.map(|(now, _)| now).sum::<f64>() > base.known.shown.len() as f64 {
            return Ok(Err("segments_not_seen_a_year_before"));
        }
        let means = |of: &[[f64; 2]; STATES]| of.map(|[mean, _]| mean);
        let expected = walk(
            now,
            &self.shares(|n| n),
            &means(&self.orders),
            &means(&self.revenue),
            years,
        )?;

        let draws = self.draws(now, years, asked)?;
        let mut forecast = room(years as usize, "forecast")?;
        for (year, step) in expected.iter().enumerate() {
            let estimate = |value: f64, of: fn(&Step) -> f64| -> Result<Estimate> {
                let mut column = room(draws.len(), "forecast")?;
                column.extend(draws.iter().map(|walked| of(&walked[year])));
                Ok(Estimate::new(value, &mut column, asked.interval))
            };
            let share = |of: usize| -> Result<Option<Estimate>> {
                let Some(value) = step.kept[of] else {
                    return Ok(None);
                };
                let mut column = room(draws.len(), "forecast")?;
                column.extend(
                    draws
                        .iter()
                        .map(|walked| walked[year].kept[of].unwrap_or(value)),
                );
                Ok(Some(Estimate::new(value, &mut column, asked.interval)))
            };
            let year = Year {
                active: estimate(step.active, |step| step.active)?,
                retention: share(0)?,
                reactivation: share(1)?,
                orders: estimate(step.orders, |step| step.orders)?,
                revenue: estimate(step.revenue, |step| step.revenue)?,
            };
            push(&mut forecast, year, "forecast")?;
        }
        Ok(Ok(forecast))
    }

    /// Walks with shares, means and outcomes drawn at random.
    fn draws(&self, now: [f64; STATES], years: u32, asked: Draws) -> Result<Vec<Vec<Step>>> {
        let mut draws = room(asked.count as usize, "forecast")?;
        for draw in 0..asked.count {
            // A stream of random numbers other than that of the model's draws.
            let mut rng = Rng::stream(!asked.seed, u64::from(draw));
            let shares = self.shares(|n| if n > 0.0 { rng.gamma(n) } else { 0.0 });
            let mut drawn = |of: &[[f64; 2]; STATES]| {
                let mut means = [0.0; STATES];
                for (s, mean) in means.iter_mut().enumerate() {
                    let n = self.counts[s].iter().sum::<f64>().max(1.0);
                    *mean = (of[s][0] + libm::sqrt(of[s][1] / n) * rng.normal()).max(0.0);
                }
                means
            };
            let (orders, revenue) = (drawn(&self.orders), drawn(&self.revenue));
            let mut walked = walk(now, &shares, &orders, &revenue, years)?;
            for step in &mut walked {
                // The variation of the customers' own orders and revenue.
                let noise = |of: &[[f64; 2]; STATES]| {
                    let variance = step.from.iter().zip(of).map(|(v, [_, var])| v * var);
                    libm::sqrt(variance.sum())
                };
                let (orders, revenue) = (noise(&self.orders), noise(&self.revenue));
                step.orders = (step.orders + orders * rng.normal()).max(0.0);
                step.revenue = (step.revenue + revenue * rng.normal()).max(0.0);
                let active = libm::sqrt(step.active_variance) * rng.normal();
                step.active = (step.active + active).max(0.0);
            }
            for step in &mut walked {
                for (kept, variance) in step.kept.iter_mut().zip(step.kept_variance) {
                    let noise = libm::sqrt(variance) * rng.normal();
                    *kept = kept.map(|share| (share + noise).clamp(0.0, 1.0));
                }
            }
            push(&mut draws, walked, "forecast")?;
        }
        Ok(draws)
    }

    /// Transition probabilities: each row of weights, one weight per count, divided by its sum.
    /// Customers of an empty segment stay in it.
    fn shares(&self, mut weight: impl FnMut(f64) -> f64) -> Matrix {
        let mut shares = [[0.0; STATES]; STATES];
        for (s, (row, counts)) in shares.iter_mut().zip(&self.counts).enumerate() {
            *row = counts.map(&mut weight);
            let total: f64 = row.iter().sum();
            match total > 0.0 {
                true => row.iter_mut().for_each(|share| *share /= total),
                false => row[s] = 1.0,
            }
        }
        shares
    }
}

/// One year of the chain.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// Customers by segment at the start of the year.
    from: Vector,
    orders: f64,
    revenue: f64,
    active: f64,
    active_variance: f64,
    /// Share active at the end of the year: of the customers active today, and of those churned
    /// today.
    kept: [Option<f64>; 2],
    kept_variance: [f64; 2],
}

/// The chain from today on.
fn walk(
    now: Vector,
    shares: &Matrix,
    orders: &Vector,
    revenue: &Vector,
    years: u32,
) -> Result<Vec<Step>> {
    let dot = |a: &Vector, b: &Vector| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut steps = room(years as usize, "forecast")?;
    // Where somebody of each segment of today is after so many years.
    let mut reached = [[0.0; STATES]; STATES];
    for (s, row) in reached.iter_mut().enumerate() {
        row[s] = 1.0;
    }
    let mut from = now;
    for _ in 0..years {
        let mut next = filled(STATES, [0.0; STATES], "forecast")?;
        for (row, next) in reached.iter().zip(&mut next) {
            for (share, to) in row.iter().zip(shares) {
                for (next, to) in next.iter_mut().zip(to) {
                    *next += share * to;
                }
            }
        }
        reached.copy_from_slice(&next);
        let chance = reached.map(|row| row.iter().step_by(2).sum::<f64>());
        let mut kept_variance = [0.0; 2];
        let kept = [0, 1].map(|churned| {
            let (mut all, mut active, mut variance) = (0.0, 0.0, 0.0);
            for s in (churned..STATES).step_by(2) {
                all += now[s];
                active += now[s] * chance[s];
                variance += now[s] * chance[s] * (1.0 - chance[s]).max(0.0);
            }
            kept_variance[churned] = variance / (all * all).max(1.0);
            (all > 0.0).then(|| active / all)
        });
        steps.push(Step {
            from,
            orders: dot(&from, orders),
            revenue: dot(&from, revenue),
            active: dot(&now, &chance),
            active_variance: dot(&now, &chance.map(|p| p * (1.0 - p).max(0.0))),
            kept,
            kept_variance,
        });
        from = [0.0; STATES];
        for (s, row) in reached.iter().enumerate() {
            for (from, share) in from.iter_mut().zip(row) {
                *from += now[s] * share;
            }
        }
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two segments by hand: half of the active stay so, a tenth of the churned come back.
    #[test]
    fn a_chain_of_two_by_hand() {
        let mut shares = [[0.0; STATES]; STATES];
        for (s, row) in shares.iter_mut().enumerate() {
            row[s] = 1.0;
        }
        (shares[0][0], shares[0][1]) = (0.5, 0.5);
        (shares[1][0], shares[1][1]) = (0.1, 0.9);
        let mut now = [0.0; STATES];
        (now[0], now[1]) = (100.0, 200.0);
        let (mut orders, mut revenue) = ([0.0; STATES], [0.0; STATES]);
        (orders[0], orders[1]) = (2.0, 0.1);
        (revenue[0], revenue[1]) = (20.0, 1.0);
        let steps = walk(now, &shares, &orders, &revenue, 2).unwrap();
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        near(steps[0].orders, 220.0);
        near(steps[0].active, 70.0);
        near(steps[0].kept[0].unwrap(), 0.5);
        near(steps[0].kept[1].unwrap(), 0.1);
        near(steps[0].active_variance, 100.0 * 0.25 + 200.0 * 0.09);
        // 70 active and 230 churned: 140 + 23 orders; of them 35 + 23 are active then.
        near(steps[1].orders, 163.0);
        near(steps[1].revenue, 1630.0);
        near(steps[1].active, 58.0);
        near(steps[1].kept[0].unwrap(), 0.5 * 0.5 + 0.5 * 0.1);
    }
}
