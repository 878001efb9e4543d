//! Conformal intervals: quantiles of how wrong the forecasts of earlier origins were.
//!
//! ```text
//! g(h)     mean over series of mean |e(·, h)| / mean |e|                                how much errors grow with the horizon
//! s(o)     mean of |e(o', h)| / g(h) over what was known at o: o' + h ≤ o; of 8 errors at least; an error of 13 weeks ago has
//!          half the weight (months: all have the same)
//! score    e(o, h) / s(o)                                        s(n): the scale now
//! ends     forecast + s(n) · quantile of the scores at h         of the series, or of all series of its kind
//! a year   forecast + s(n) · g(h) · quantile of e(o, h) / (s(o) g(h)), of origins o within 3 weeks of 52 weeks ago and all h
//! ```
//!
//! Days know no season of the year. So their interval is the wider one of both at each end, where there are scores of a year ago: if all
//! products rose in last year's December, it is high enough for that. Without them nothing is known of such a time. Weeks know no season
//! either, but with this rule their intervals held too much (docs/evidence.md).
//!
//! The scores of all series are pooled by horizon, those of intermittent series apart. A score is divided by what was known at
//! its origin, as the forecast now is: so the share of outcomes inside is the same then and now as long as the future is like the past.
//! Quantiles are those of conformal prediction: the lower end has the rank `⌊(n + 1) a/2⌋`, the upper one `⌈(n + 1)(1 − a/2)⌉`; where a
//! rank does not exist (80 %: fewer than 9 scores, 95 %: fewer than 39) there is no interval. Where the lower end is 0 or less, and of
//! all intermittent series, it is 0 (more than half of their periods are): no outcome is below it, so the upper end has the rank
//! `⌈(n + 1)(1 − a)⌉`.
//!
//! # References
//!
//! - Vovk, V., Gammerman, A. and Shafer, G. (2005). *Algorithmic Learning in a Random World*. Springer.
//! - Stankevičiūtė, K., Alaa, A. and van der Schaar, M. (2021). Conformal time-series forecasting. *NeurIPS* 34: by horizon.

use super::rolling::{Judged, Plan};
use crate::context::{filled, push, room};
use crate::error::Result;

/// What messages call the memory of this module.
const WHAT: &str = "demand";
/// The least errors that make a scale.
const LEAST: u32 = 8;

/// Scores by kind (intermittent or not) and horizon, ascending; those of a year ago, by kind; and `g`.
pub(super) struct Scores {
    by_kind: [Vec<Vec<f64>>; 2],
    a_year_ago: [Vec<f64>; 2],
    growth: [Vec<f64>; 2],
    half_life: f64,
}

/// A mean of what is not NaN.
#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f64,
    n: u32,
}

impl Mean {
    fn add(&mut self, value: f64) {
        if !value.is_nan() {
            self.sum += value;
            self.n += 1;
        }
    }

    fn get(self) -> f64 {
        self.sum / f64::from(self.n)
    }
}

/// `g` of the series of a kind; 1 where no series has errors.
fn growth<'a>(series: impl Iterator<Item = &'a Judged>, horizon: usize) -> Result<Vec<f64>> {
    let mut means = filled(horizon, Mean::default(), WHAT)?;
    for judged in series {
        let mut all = Mean::default();
        let mut by_horizon = filled(horizon, Mean::default(), WHAT)?;
        for errors in &judged.errors {
            for (h, e) in errors.iter().enumerate() {
                all.add(e.abs());
                by_horizon[h].add(e.abs());
            }
        }
        if all.sum > 0.0 {
            for (mean, of) in means.iter_mut().zip(by_horizon) {
                mean.add(of.get() / all.get());
            }
        }
    }
    let mut growth = room(horizon, WHAT)?;
    growth.extend(means.into_iter().map(|mean| match mean.sum > 0.0 {
        true => mean.get(),
        false => 1.0,
    }));
    Ok(growth)
}

/// The scale `s` of a series at a period, from the errors known there.
fn scale(judged: &Judged, known: usize, growth: &[f64], half_life: f64) -> Option<f64> {
    let (mut n, mut sum, mut weights) = (0, 0.0, 0.0);
    for (origin, errors) in judged.origins.iter().zip(&judged.errors) {
        let came = known.saturating_sub(*origin);
        for (h, (e, growth)) in errors.iter().zip(growth).take(came).enumerate() {
            if !e.is_nan() {
                let weight = libm::exp2((h + 1) as f64 / half_life - came as f64 / half_life);
                n += 1;
                sum += weight * e.abs() / growth;
                weights += weight;
            }
        }
    }
    (n >= LEAST && sum > 0.0).then(|| sum / weights)
}

/// The value of a rank from 1 on.
fn at_rank(sorted: &[f64], rank: f64) -> Option<f64> {
    (rank >= 1.0).then(|| sorted.get(rank as usize - 1).copied())?
}

impl Scores {
    /// The scores of these series.
    pub(super) fn new<'a>(
        series: impl Iterator<Item = &'a Judged> + Clone,
        plan: &Plan,
    ) -> Result<Self> {
        let mut scores = Scores {
            by_kind: [Vec::new(), Vec::new()],
            a_year_ago: [Vec::new(), Vec::new()],
            growth: [Vec::new(), Vec::new()],
            half_life: plan.half_life,
        };
        for (kind, is_intermittent) in [(0, false), (1, true)] {
            let of_kind = series
                .clone()
                .filter(|j| j.is_intermittent == is_intermittent);
            let growth = growth(of_kind.clone(), plan.horizon)?;
            let mut by_horizon = filled(plan.horizon, Vec::new(), WHAT)?;
            let mut a_year_ago = Vec::new();
            for judged in of_kind {
                for (origin, errors) in judged.origins.iter().zip(&judged.errors) {
                    let Some(scale) = scale(judged, *origin, &growth, plan.half_life) else {
                        continue;
                    };
                    let since = judged.periods - origin;
                    let is_near = plan.year > 0 && since.abs_diff(plan.year) <= plan.near;
                    for (h, e) in errors.iter().enumerate().filter(|(_, e)| !e.is_nan()) {
                        push(&mut by_horizon[h], e / scale, WHAT)?;
                        if is_near {
                            push(&mut a_year_ago, e / (scale * growth[h]), WHAT)?;
                        }
                    }
                }
            }
            by_horizon
                .iter_mut()
                .for_each(|scores| scores.sort_unstable_by(f64::total_cmp));
            a_year_ago.sort_unstable_by(f64::total_cmp);
            scores.by_kind[kind] = by_horizon;
            scores.a_year_ago[kind] = a_year_ago;
            scores.growth[kind] = growth;
        }
        Ok(scores)
    }

    /// The scale of a series now.
    pub(super) fn scale_now(&self, judged: &Judged) -> Option<f64> {
        let growth = &self.growth[usize::from(judged.is_intermittent)];
        scale(judged, judged.periods, growth, self.half_life)
    }

    /// Whether there are errors of a year ago.
    pub(super) fn know_the_year(&self) -> bool {
        self.a_year_ago.iter().any(|scores| !scores.is_empty())
    }

    /// Both ends around the forecast of horizon `h` (from 0), outside of which the outcome is with probability `a`.
    pub(super) fn ends(&self, judged: &Judged, scale: f64, h: usize, a: f64) -> Option<(f64, f64)> {
        let kind = usize::from(judged.is_intermittent);
        let (low, high) = ends(&self.by_kind[kind][h], judged, (h, scale), a)?;
        let scale = scale * self.growth[kind][h];
        match ends(&self.a_year_ago[kind], judged, (h, scale), a) {
            Some(then) => Some((low.min(then.0), high.max(then.1))),
            None => Some((low, high)),
        }
    }
}

/// Both ends by the quantiles of these scores.
fn ends(scores: &[f64], judged: &Judged, (h, scale): (usize, f64), a: f64) -> Option<(f64, f64)> {
    let n = scores.len() as f64 + 1.0;
    // 1e-9: a rank that is whole but for rounding.
    let lower = at_rank(scores, libm::floor(n * 0.5 * a + 1e-9))?;
    let upper = |share: f64| at_rank(scores, libm::ceil(n * share - 1e-9));
    let forecast = judged.forecast[h];
    let low = forecast + scale * lower;
    let (low, upper) = match low > 0.0 && !judged.is_intermittent {
        true => (low, upper(1.0 - 0.5 * a)?),
        false => (0.0, upper(1.0 - a)?),
    };
    let high = (forecast + scale * upper).max(low);
    Some((low.min(forecast), high.max(forecast)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A series whose one-period errors are these, from origin 10 on.
    fn series(errors: &[f64], forecast: f64) -> Judged {
        Judged {
            method: None,
            error: None,
            is_intermittent: false,
            periods: 10 + errors.len(),
            origins: (0..errors.len()).map(|at| at + 10).collect(),
            errors: errors.iter().map(|e| vec![*e]).collect(),
            forecast: vec![forecast],
        }
    }

    fn plan(half_life: f64) -> Plan {
        Plan {
            season: 1,
            mean: 8,
            step: 1,
            origins: 60,
            fitted: 260,
            refits: 4,
            horizon: 1,
            half_life,
            year: 52,
            near: 3,
        }
    }

    #[test]
    fn quantiles_by_hand() {
        // Eight errors of size 1 make the first scale; the scores are 3, −4 and so on divided by the mean size before each.
        let sizes = [
            1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 3.0, -4.0, 2.0, -2.0, 1.0, -1.0, 5.0, -3.0,
            2.0,
        ];
        let judged = series(&sizes, 100.0);
        let scores = Scores::new([&judged].into_iter(), &plan(f64::INFINITY)).unwrap();
        let mut slow: Vec<f64> = (8..sizes.len())
            .map(|at| sizes[at] / (sizes[..at].iter().map(|e| e.abs()).sum::<f64>() / at as f64))
            .collect();
        slow.sort_by(f64::total_cmp);
        // Nine scores: ranks ⌊10 · .1⌋ = 1 and ⌈10 · .9⌉ = 9, the ends of all; none for 95 %.
        let scale = scores.scale_now(&judged).unwrap();
        let mean = sizes.iter().map(|e| e.abs()).sum::<f64>() / sizes.len() as f64;
        assert!((scale - mean).abs() < 1e-12);
        let (low, high) = scores.ends(&judged, scale, 0, 0.2).unwrap();
        assert!((low - (100.0 + mean * slow[0])).abs() < 1e-12);
        assert!((high - (100.0 + mean * slow[8])).abs() < 1e-12);
        assert_eq!(scores.ends(&judged, scale, 0, 0.05), None);
        // A forecast of 2: the low end is 0, so the high one has the rank ⌈10 · .8⌉ = 8.
        let mut judged = series(&sizes, 2.0);
        let (low, high) = scores.ends(&judged, scale, 0, 0.2).unwrap();
        assert!(low == 0.0 && (high - (2.0 + mean * slow[7])).abs() < 1e-12);
        // Of an intermittent series it is 0 always.
        judged = Judged {
            is_intermittent: true,
            ..series(&sizes, 100.0)
        };
        let scores = Scores::new([&judged].into_iter(), &plan(f64::INFINITY)).unwrap();
        let (low, high) = scores.ends(&judged, scale, 0, 0.2).unwrap();
        assert!(low == 0.0 && (high - (100.0 + mean * slow[7])).abs() < 1e-12);
    }

    #[test]
    fn late_errors_weigh_more() {
        // Twelve errors of 1, then four of 3: half of the weight is lost in four periods.
        let sizes: Vec<f64> = (0..16).map(|at| if at < 12 { 1.0 } else { 3.0 }).collect();
        let judged = series(&sizes, 100.0);
        let scores = Scores::new([&judged].into_iter(), &plan(4.0)).unwrap();
        let weights: Vec<f64> = (0..16)
            .map(|at| 0.5_f64.powf(f64::from(15 - at) / 4.0))
            .collect();
        let sum: f64 = sizes.iter().zip(&weights).map(|(e, w)| e * w).sum();
        let scale = scores.scale_now(&judged).unwrap();
        assert!((scale - sum / weights.iter().sum::<f64>()).abs() < 1e-12);
    }

    #[test]
    fn what_rose_a_year_ago_may_rise_again() {
        // 60 weeks of errors ±1; those around a year ago were 5. The first that has a scale has (5 + 3 · 5)/8.
        let mut sizes: Vec<f64> = (0..60).map(|at| f64::from(at % 2 * 2) - 1.0).collect();
        let calm = series(&sizes, 100.0);
        sizes[5..12].fill(5.0);
        let risen = series(&sizes, 100.0);
        let high = |judged: &Judged, others: &Judged| {
            let many = std::iter::repeat_n(judged, 6).chain(std::iter::repeat_n(others, 6));
            let scores = Scores::new(many, &plan(f64::INFINITY)).unwrap();
            assert!(scores.know_the_year());
            scores.ends(&calm, 1.0, 0, 0.2).unwrap().1
        };
        assert!(high(&calm, &calm) < 101.5);
        assert!((high(&risen, &risen) - 102.0).abs() < 1e-12);
    }

    #[test]
    fn what_never_erred_or_hardly_began_has_no_scale() {
        let constant = series(&[0.0; 20], 5.0);
        let young = series(&[1.0; 7], 5.0);
        let closed = series(&[f64::NAN; 20], 5.0);
        let all = [&constant, &young, &closed];
        let scores = Scores::new(all.into_iter(), &plan(13.0)).unwrap();
        for judged in all {
            assert_eq!(scores.scale_now(judged), None);
        }
        assert!(!scores.know_the_year());
    }
}
