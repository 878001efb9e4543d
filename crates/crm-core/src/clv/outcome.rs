//! Prediction intervals of outcomes by simulation: for each draw, parameters from their
//! distribution, then for each customer alive or not, purchases, and their values.
//!
//! Each customer has their own random stream, and sums are made by blocks of fixed size, so results
//! do not depend on threads or on other customers. All customers share each draw of the parameters,
//! so the variance of totals includes process and parameter variance.
//!
//! The logit of P(alive) under drawn parameters is approximated to first order in the logarithms of
//! the parameters, as for the interval of the expectation. Purchases and spend are drawn with the
//! drawn parameters themselves. Without a covariance (status `Boundary`) the intervals have the
//! process variance alone.

use libm::{exp, log};

use crate::clv::models::gamma_gamma;
use crate::clv::models::histories::Histories;
use crate::clv::models::model::{Fit, Model, Purchases};
use crate::context::{Context, collect, filled, push, room};
use crate::error::{Error, Result};
use crate::num::Fraction;
use crate::num::rng::Rng;

/// An interval per customer.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
pub struct Interval {
    /// Lower ends.
    pub low: Vec<f64>,
    /// Upper ends.
    pub high: Vec<f64>,
}

/// Both ends of an interval; without an interval NaN, which becomes null.
pub(crate) fn ends(interval: Option<Interval>, rows: usize) -> Result<(Vec<f64>, Vec<f64>)> {
    let missing = || filled(rows, f64::NAN, "interval");
    match interval {
        Some(Interval { low, high }) => Ok((low, high)),
        None => Ok((missing()?, missing()?)),
    }
}

/// Half the step of the central differences, on the log scale.
pub(crate) const STEP: f64 = 1e-4;

/// Rows per block. Sums are made per block, so another value changes the last bits of results.
const BLOCK: usize = 4096;

/// The number of draws, their seed, and the level of the interval.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draws {
    pub(crate) draws: u32,
    pub(crate) seed: u64,
    pub(crate) level: Fraction,
}

impl Draws {
    /// Refuses numbers of draws outside 10 to 100,000.
    pub(crate) fn check(&self) -> Result<()> {
        match self.draws {
            10..=100_000 => Ok(()),
            draws => Err(Error::option("draws", draws, "10 to 100000")),
        }
    }

    /// The order statistics nearest to the ends of the level. `above` has the values above 0 of a
    /// sample and is reordered; the other values are 0.
    pub(crate) fn ends(&self, above: &mut [f64]) -> (f64, f64) {
        let zeros = self.draws as usize - above.len();
        let last = f64::from(self.draws - 1);
        let tail = 0.5 * (1.0 - self.level.get());
        let mut place = |p: f64| match (libm::round(p * last) as usize).checked_sub(zeros) {
            None => 0.0,
            Some(at) => *above.select_nth_unstable_by(at, f64::total_cmp).1,
        };
        (place(tail), place(1.0 - tail))
    }
}

/// The spend of the customers, for intervals of value.
pub(crate) struct Spend<'a> {
    pub(crate) fit: &'a Fit<gamma_gamma::Params>,
    pub(crate) mean: &'a [f64],
    /// Value of a unit of money spent: margin times discount factor.
    pub(crate) factor: &'a [f64],
}

/// The customers of a simulation.
pub(crate) struct Drawn<'a, M> {
    pub(crate) fit: &'a Fit<M>,
    /// Draws a model from the distribution of its parameters.
    pub(crate) draw: &'a dyn Fn(&mut Rng) -> Result<M>,
    pub(crate) histories: &'a Histories<'a>,
    /// The place of each customer among all, by which they have their random numbers; `None`: the row.
    pub(crate) places: Option<&'a [usize]>,
}

/// The interval of each customer's purchases within `t` or, with `spend`, of their value; and the sum
/// of each draw.
pub(crate) fn intervals<M: Model + Purchases + Sync>(
    drawn: &Drawn<'_, M>,
    spend: Option<&Spend<'_>>,
    t: f64,
    draws: &Draws,
    context: &Context,
) -> Result<(Interval, Vec<f64>)> {
    draws.check()?;
    let Drawn {
        fit,
        histories,
        places,
        ..
    } = *drawn;
    let n = histories.len();
    let mut parameters = room(draws.draws as usize, "draws")?;
    let mut rng = Rng::stream(draws.seed, u64::MAX);
    for _ in 0..draws.draws {
        let model = (drawn.draw)(&mut rng)?;
        let mut shift = [0.0; 4];
        let values = model.values().into_iter().zip(fit.model.values());
        for (shift, (drawn, estimate)) in shift.iter_mut().zip(values) {
            *shift = log(drawn / estimate);
        }
        let spend = spend.map(|s| s.fit.draw(&mut rng)).transpose()?;
        parameters.push((model, shift, spend));
    }
    let alive = Alive::new(fit, histories, context)?;
    let blocks = collect((0..n.div_ceil(BLOCK)).map(|i| i * BLOCK), "draws")?;
    let parts = context.map(blocks, |first| {
        context.check()?;
        let rows = first..(first + BLOCK).min(n);
        let mut part = Interval {
            low: room(rows.len(), "values")?,
            high: room(rows.len(), "values")?,
        };
        let mut above = room(parameters.len(), "draws")?;
        let mut totals = filled(parameters.len(), 0.0, "draws")?;
        let mut moved = filled(parameters.len(), 0.0, "draws")?;
        for row in rows {
            let h = histories.at(row);
            let place = places.map_or(row, |places| places[row]);
            let mut rng = Rng::stream(draws.seed, place as u64);
            let weight = histories.weight.map_or(1.0, |w| w[row]);
            let shifts = parameters.iter().map(|(_, shift, _)| shift);
            let odds = alive.of(row, shifts, &mut moved);
            above.clear();
            let draws_of_row = parameters.iter().zip(&mut totals).zip(&moved);
            for (((model, _, values), total), moved) in draws_of_row {
                if odds.has_left(rng.uniform(), *moved) {
                    continue;
                }
                let count = model.draw_alive(h, t, &mut rng);
                if count == 0 {
                    continue;
                }
                let outcome = match (spend, values) {
                    (Some(spend), Some(values)) => {
                        let total = values.draw_total(h.x, spend.mean[row], count, &mut rng);
                        (spend.factor[row] * total).min(f64::MAX)
                    }
                    _ => count as f64,
                };
                *total += weight * outcome;
                if outcome > 0.0 {
                    above.push(outcome);
                }
            }
            let (low, high) = draws.ends(&mut above);
            part.low.push(low);
            part.high.push(high);
        }
        Ok((part, totals))
    })?;
    let mut interval = Interval {
        low: room(n, "values")?,
        high: room(n, "values")?,
    };
    let mut totals = filled(parameters.len(), 0.0, "draws")?;
    for (part, sums) in parts {
        interval.low.extend(part.low);
        interval.high.extend(part.high);
        for (total, sum) in totals.iter_mut().zip(sums) {
            *total += sum;
        }
    }
    Ok((interval, totals))
}

/// Log odds of having left, and their derivatives in the logarithms of the parameters.
struct Alive {
    left: Vec<f64>,
    slope: Vec<[f64; 4]>,
}

impl Alive {
    fn new<M: Model + Purchases + Sync>(
        fit: &Fit<M>,
        histories: &Histories<'_>,
        context: &Context,
    ) -> Result<Self> {
        // Where P(alive) is 1 the log odds are −∞; the derivatives are set to 0.
        let ln_odds = |p: f64| log((1.0 - p) / p);
        let now = fit.model.alive_now_all(histories)?;
        let left = collect(now.iter().map(|p| ln_odds(*p)), "draws")?;
        let mut slope = filled(histories.len(), [0.0; 4], "draws")?;
        if fit.covariance_of_logs.is_none() {
            return Ok(Self { left, slope });
        }
        let mut moves = Vec::new();
        for i in 0..fit.count() {
            push(&mut moves, (i, STEP), "draws")?;
            push(&mut moves, (i, -STEP), "draws")?;
        }
        let moved = context.map(moves, |(i, step)| {
            context.check()?;
            let mut values = fit.model.values();
            values[i] *= exp(step);
            Ok((
                i,
                step,
                fit.model.with_values(values)?.alive_now_all(histories)?,
            ))
        })?;
        for (i, step, alive) in &moved {
            for (slope, p) in slope.iter_mut().zip(alive) {
                slope[*i] += ln_odds(*p) / (2.0 * step);
            }
        }
        for (slope, p) in slope.iter_mut().zip(&now) {
            // Where 1 − p < 1e-9, differences of the log odds are rounding errors and the odds of
            // having left are negligible.
            if 1.0 - p < 1e-9 || slope.iter().any(|v| !v.is_finite()) {
                *slope = [0.0; 4];
            }
        }
        Ok(Self { left, slope })
    }

    /// The odds of one customer. `shifts` become the changes of the log odds in each draw.
    fn of<'a>(
        &self,
        row: usize,
        shifts: impl Iterator<Item = &'a [f64; 4]>,
        moved: &mut [f64],
    ) -> Odds {
        let (slope, left) = (&self.slope[row], self.left[row]);
        let (mut least, mut most) = (0.0_f64, 0.0_f64);
        for (moved, shift) in moved.iter_mut().zip(shifts) {
            *moved = (0..4).map(|i| slope[i] * shift[i]).sum();
            least = least.min(*moved);
            most = most.max(*moved);
        }
        // A little wider than the exact bounds, so that rounding cannot make the shortcut differ
        // from the exact comparison.
        Odds {
            left,
            sure_of_life: 1.0 / (1.0 + exp(left + most)) * (1.0 - 1e-12),
            sure_of_death: 1.0 / (1.0 + exp(left + least)) * (1.0 + 1e-12),
        }
    }
}

/// One customer's log odds of having left, and the bounds on the uniform number outside of which
/// every draw of the parameters gives the same answer. The bounds save most exponentials.
struct Odds {
    left: f64,
    sure_of_life: f64,
    sure_of_death: f64,
}

impl Odds {
    #[inline]
    fn has_left(&self, uniform: f64, moved: f64) -> bool {
        if uniform < self.sure_of_life {
            return false;
        }
        uniform > self.sure_of_death || uniform * (1.0 + exp(self.left + moved)) >= 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For every draw the shortcut gives the answer of the exponential.
    #[test]
    fn what_no_draw_changes_is_what_every_draw_says() {
        let slopes = [[1.0, 0.0, 0.0, 0.0], [0.5, -2.0, 0.0, 3.0], [0.0; 4]];
        let shifts = [
            [0.7, 0.1, 5.0, -0.2],
            [-0.4, 0.3, 5.0, 0.1],
            [-1.5, -0.2, 5.0, 0.4],
            [0.0; 4],
        ];
        for slope in slopes {
            for left in [-3.0, -0.2, 0.0, 1.7] {
                let alive = Alive {
                    left: vec![9.0, left],
                    slope: vec![[7.0; 4], slope],
                };
                // Also with shifts on one side only.
                for shifts in [&shifts[..], &shifts[..1], &shifts[1..3], &[][..]] {
                    let mut moved = vec![0.0; shifts.len()];
                    let odds = alive.of(1, shifts.iter(), &mut moved);
                    for (moved, shift) in moved.iter().zip(shifts) {
                        let expected: f64 = (0..4).map(|i| slope[i] * shift[i]).sum();
                        assert_eq!(*moved, expected);
                        for uniform in (1..1000).map(|i| f64::from(i) / 1000.0) {
                            let p_left = 1.0 - 1.0 / (1.0 + exp(left + moved));
                            let found = odds.has_left(uniform, *moved);
                            assert_eq!(found, 1.0 - uniform <= p_left, "{uniform} {left} {moved}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn ends_are_order_statistics() {
        let mut sample: Vec<f64> = (1..101).map(|i| f64::from(i * 37 % 101)).collect();
        let draws = |level| Draws {
            draws: 101,
            seed: 0,
            level: Fraction::new(level).unwrap(),
        };
        assert_eq!(draws(0.8).ends(&mut sample), (10.0, 90.0));
        assert_eq!(draws(0.8).ends(&mut [3.0; 10]), (0.0, 0.0));
        assert_eq!(draws(0.8).ends(&mut [3.0; 11]), (0.0, 3.0));
        assert_eq!(draws(0.8).ends(&mut [3.0; 101]), (3.0, 3.0));
        assert_eq!(draws(0.5).ends(&mut sample), (25.0, 75.0));
        assert_eq!(draws(1e-9).ends(&mut sample), (50.0, 50.0));
        assert!(draws(0.8).check().is_ok());
        assert!(
            Draws {
                draws: 9,
                ..draws(0.8)
            }
            .check()
            .is_err()
        );
    }
}
