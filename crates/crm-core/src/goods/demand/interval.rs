//! Conformal intervals: quantiles of how wrong the forecasts of earlier origins were.
//!
//! ```text
//! g(h)     mean over series of mean |e(·, h)| / mean |e|                                how much errors grow with the horizon
//! s(o)     mean of |e(o', h)| / g(h) over what was known at o: o' + h ≤ o; of 8 errors at least
//! score    e(o, h) / s(o)                                        s(n): the scale now
//! ends     forecast + s(n) · quantile of the scores at h         of the series, or of all series of its kind
//! ```
//!
//! The scores of all series are pooled by horizon, those of intermittent series apart. A score is divided by what was known at
//! its origin, as the forecast now is: so the share of outcomes inside is the same then and now as long as the future is like the past.
//! Quantiles are those of conformal prediction: the lower end has the rank `⌊(n + 1) a/2⌋`, the upper one `⌈(n + 1)(1 − a/2)⌉`; where a
//! rank does not exist (80 %: fewer than 9 scores, 95 %: fewer than 39) there is no interval. Where the lower end is 0 or less it is 0: no
//! outcome is below it, so the upper end has the rank `⌈(n + 1)(1 − a)⌉`.
//!
//! # References
//!
//! - Vovk, V., Gammerman, A. and Shafer, G. (2005). *Algorithmic Learning in a Random World*. Springer.
//! - Stankevičiūtė, K., Alaa, A. and van der Schaar, M. (2021). Conformal time-series forecasting. *NeurIPS* 34: by horizon.

use super::rolling::Judged;
use crate::context::{filled, push, room};
use crate::error::Result;

/// What messages call the memory of this module.
const WHAT: &str = "demand";
/// The least errors that make a scale.
const LEAST: u32 = 8;

/// Scores by kind (intermittent or not) and horizon, ascending; and `g`.
pub(super) struct Scores {
    by_kind: [Vec<Vec<f64>>; 2],
    growth: [Vec<f64>; 2],
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
fn scale(judged: &Judged, known: usize, growth: &[f64]) -> Option<f64> {
    let mut mean = Mean::default();
    for (origin, errors) in judged.origins.iter().zip(&judged.errors) {
        let came = known.saturating_sub(*origin);
        for (e, growth) in errors.iter().zip(growth).take(came) {
            mean.add(e.abs() / growth);
        }
    }
    (mean.n >= LEAST && mean.sum > 0.0).then(|| mean.get())
}

/// The value of a rank from 1 on.
fn at_rank(sorted: &[f64], rank: f64) -> Option<f64> {
    (rank >= 1.0).then(|| sorted.get(rank as usize - 1).copied())?
}

impl Scores {
    /// The scores of these series.
    pub(super) fn new<'a>(
        series: impl Iterator<Item = &'a Judged> + Clone,
        horizon: usize,
    ) -> Result<Self> {
        let mut scores = Scores {
            by_kind: [Vec::new(), Vec::new()],
            growth: [Vec::new(), Vec::new()],
        };
        for (kind, is_intermittent) in [(0, false), (1, true)] {
            let of_kind = series
                .clone()
                .filter(|j| j.is_intermittent == is_intermittent);
            let growth = growth(of_kind.clone(), horizon)?;
            let mut by_horizon = filled(horizon, Vec::new(), WHAT)?;
            for judged in of_kind {
                for (origin, errors) in judged.origins.iter().zip(&judged.errors) {
                    let Some(scale) = scale(judged, *origin, &growth) else {
                        continue;
                    };
                    for (scores, e) in by_horizon.iter_mut().zip(errors) {
                        if !e.is_nan() {
                            push(scores, e / scale, WHAT)?;
                        }
                    }
                }
            }
            by_horizon
                .iter_mut()
                .for_each(|scores| scores.sort_unstable_by(f64::total_cmp));
            scores.by_kind[kind] = by_horizon;
            scores.growth[kind] = growth;
        }
        Ok(scores)
    }

    /// The scale of a series now: `n` periods are known.
    pub(super) fn scale_now(&self, judged: &Judged, n: usize) -> Option<f64> {
        scale(judged, n, &self.growth[usize::from(judged.is_intermittent)])
    }

    /// Both ends around the forecast of horizon `h` (from 0), outside of which the outcome is with probability `a`.
    pub(super) fn ends(&self, judged: &Judged, scale: f64, h: usize, a: f64) -> Option<(f64, f64)> {
        let scores = &self.by_kind[usize::from(judged.is_intermittent)][h];
        let n = scores.len() as f64 + 1.0;
        // 1e-9: a rank that is whole but for rounding.
        let lower = at_rank(scores, libm::floor(n * 0.5 * a + 1e-9))?;
        let upper = |share: f64| at_rank(scores, libm::ceil(n * share - 1e-9));
        let forecast = judged.forecast[h];
        let low = forecast + scale * lower;
        let (low, upper) = match low > 0.0 {
            true => (low, upper(1.0 - 0.5 * a)?),
            false => (0.0, upper(1.0 - a)?),
        };
        let high = (forecast + scale * upper).max(low);
        Some((low.min(forecast), high.max(forecast)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A series whose one-period errors are these, from origin 10 on.
    fn series(errors: &[f64], forecast: f64) -> (Judged, usize) {
        let judged = Judged {
            method: None,
            error: None,
            is_intermittent: false,
            origins: (0..errors.len()).map(|at| at + 10).collect(),
            errors: errors.iter().map(|e| vec![*e]).collect(),
            forecast: vec![forecast],
        };
        (judged, 10 + errors.len())
    }

    #[test]
    fn quantiles_by_hand() {
        // Eight errors of size 1 make the first scale; the scores are 3, −4 and so on divided by the mean size before each.
        let sizes = [
            1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 3.0, -4.0, 2.0, -2.0, 1.0, -1.0, 5.0, -3.0,
            2.0,
        ];
        let (judged, n) = series(&sizes, 100.0);
        let scores = Scores::new([&judged].into_iter(), 1).unwrap();
        let mut slow: Vec<f64> = (8..sizes.len())
            .map(|at| sizes[at] / (sizes[..at].iter().map(|e| e.abs()).sum::<f64>() / at as f64))
            .collect();
        slow.sort_by(f64::total_cmp);
        // Nine scores: ranks ⌊10 · .1⌋ = 1 and ⌈10 · .9⌉ = 9, the ends of all; none for 95 %.
        let scale = scores.scale_now(&judged, n).unwrap();
        let mean = sizes.iter().map(|e| e.abs()).sum::<f64>() / sizes.len() as f64;
        assert!((scale - mean).abs() < 1e-12);
        let (low, high) = scores.ends(&judged, scale, 0, 0.2).unwrap();
        assert!((low - (100.0 + mean * slow[0])).abs() < 1e-12);
        assert!((high - (100.0 + mean * slow[8])).abs() < 1e-12);
        assert_eq!(scores.ends(&judged, scale, 0, 0.05), None);
        // A forecast of 2: the low end is 0, so the high one has the rank ⌈10 · .8⌉ = 8.
        let (judged, _) = series(&sizes, 2.0);
        let (low, high) = scores.ends(&judged, scale, 0, 0.2).unwrap();
        assert!(low == 0.0 && (high - (2.0 + mean * slow[7])).abs() < 1e-12);
    }

    #[test]
    fn what_never_erred_or_hardly_began_has_no_scale() {
        let (constant, n) = series(&[0.0; 20], 5.0);
        let (young, m) = series(&[1.0; 7], 5.0);
        let (closed, k) = series(&[f64::NAN; 20], 5.0);
        let scores = Scores::new([&constant, &young, &closed].into_iter(), 1).unwrap();
        for (judged, n) in [(&constant, n), (&young, m), (&closed, k)] {
            assert_eq!(scores.scale_now(judged, n), None);
        }
    }
}
