//! Expected orders in the next days, from the gap model.
//!
//! ```text
//! first order     P(alive) · (1 − S(e + t)/S(e))                     the conditional distribution
//! after an order  M(u) = (1 − q) ∫₀ᵘ (1 + M(u − t)) dG(t)            renewals with dropout
//! E[Y(h)]         ∫₀ʰ (1 + M(h − t)) dP(first order by t)
//! ```
//!
//! The integrals are sums over steps of the horizon, in which M is taken as linear. A step is a
//! 24th of the customer's gap or of the horizon, in whole days; there are at most 60 steps. For
//! half a year and gaps of a twentieth of the horizon or longer the error is below 1.5 %, mostly
//! below .2 %. Where the probability of a second order is negligible, only the first order counts.
//! The customer's distribution is fixed over the horizon. With [seasons](crate::season)
//! all times are in the shop's own time.

use super::gap_distribution::GapDistribution;

/// The most steps of the horizon; and the steps of a gap or of the horizon, whichever is shorter.
const STEPS: usize = 60;
const FEW_STEPS: f64 = 24.0;

/// A probability of a second order below this counts as 0.
const NOTHING: f64 = 1e-9;

/// Expected orders within `horizon` days, `elapsed` days after the last.
///
/// ```
/// use crm_core::cycle::{expected::expected_orders, gap_model::{Dropout, Family, History, Model, Params, CLASSES}};
/// use crm_core::{Positive, Probability};
/// let positive = |v| Positive::new(v).unwrap();
/// let mut class_weights = [Probability::new(0.0).unwrap(); CLASSES];
/// class_weights[0] = Probability::new(1.0).unwrap(); // clockwork
/// let dropout = Dropout { a: positive(1e-3), b: positive(1.0) };
/// let params = Params { family: Family::Gamma, typical_gap: positive(30.0), spread: positive(0.1), class_weights, dropout, posterior: Vec::new(), kinds: Vec::new() };
/// let monthly = History::new(&[30; 24]);
/// let model = Model::new(&params, [24].into_iter())?;
/// // Due on days 20, 50, 80, 110, 140 and 170 from now.
/// let orders = expected_orders(&model.customer(&monthly), 10, 180);
/// assert!((orders - 6.0).abs() < 0.2);
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn expected_orders(distribution: &GapDistribution<'_>, elapsed: u32, horizon: u32) -> f64 {
    let (distribution, e, horizon) = distribution.own_time(elapsed, horizon);
    let beyond = distribution.beyond(e);
    let alive = 1.0 - beyond.leave();
    let stay = 1.0 - distribution.leave();
    if stay * (1.0 - distribution.survival(horizon)) < NOTHING {
        return alive * (1.0 - beyond.survival(e + horizon));
    }
    // Logarithms of whole days are tabulated.
    let step = (distribution.usual().min(horizon) / FEW_STEPS).max(horizon / STEPS as f64);
    let step = libm::ceil(step).min(horizon);
    let steps = (libm::ceil(horizon / step) as usize).clamp(1, STEPS);
    // The first step has the remainder.
    let short = horizon - (steps - 1) as f64 * step;
    // M by step, ascending. M is linear within a step, so a gap that ends in a step is followed by
    // the mean of M at the step's ends. In the first step one of these ends is the unknown M(k).
    let mut masses = [0.0; STEPS];
    let mut renewals = [0.0; STEPS + 1];
    let mut means = [0.0; STEPS];
    let mut before = 1.0;
    for k in 1..=steps {
        let s = distribution.survival(k as f64 * step);
        // (1 − q) (G(k) − G(k−1))
        masses[k - 1] = stay * (before - s);
        before = s;
        let earlier = masses[1..k].iter().zip(means[..k - 1].iter().rev());
        let earlier: f64 = earlier.map(|(mass, mean)| mass * mean).sum();
        let half = 0.5 * masses[0];
        // M(k) = Σ_j mass_j (1 + mean of M(k−j), M(k−j+1)), solved for M(k)
        renewals[k] = (earlier + masses[0] + half * renewals[k - 1]) / (1.0 - half);
        means[k - 1] = 1.0 + 0.5 * (renewals[k - 1] + renewals[k]);
    }
    let (whole, more) = (renewals[steps - 1], renewals[steps] - renewals[steps - 1]);
    let mut left_before = whole + more * (short / step);
    let mut sum = 0.0;
    let mut before = 1.0;
    for k in 0..steps {
        let s = beyond.survival(e + short + k as f64 * step);
        let left = renewals[steps - 1 - k];
        // ∫ (1 + M(h − t)) dP(first order by t)
        sum += (before - s) * (1.0 + 0.5 * (left_before + left));
        (before, left_before) = (s, left);
    }
    alive * sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cycle::gap_model::{CLASSES, Dropout, Family, History, Model, Params};
    use crate::{Positive, Probability};

    /// The renewal equation on a very fine grid, with orders at the ends of steps.
    fn slowly(distribution: &GapDistribution<'_>, elapsed: f64, horizon: f64) -> f64 {
        const FINE: usize = 2000;
        let step = horizon / FINE as f64;
        let stay = 1.0 - distribution.leave();
        let s = |k: usize| distribution.survival(k as f64 * step);
        let masses: Vec<f64> = (1..=FINE).map(|k| stay * (s(k - 1) - s(k))).collect();
        let mut renewals = vec![0.0; FINE + 1];
        for k in 1..=FINE {
            let earlier = masses[..k].iter().zip(renewals[..k].iter().rev());
            renewals[k] = earlier.map(|(mass, m)| mass * (1.0 + m)).sum();
        }
        let beyond = distribution.beyond(elapsed + 0.5);
        let s = |k: usize| beyond.survival(elapsed + 0.5 + k as f64 * step);
        let first = |k: usize| (s(k - 1) - s(k)) * (1.0 + renewals[FINE - k]);
        (1.0 - beyond.leave()) * (1..=FINE).map(first).sum::<f64>()
    }

    #[test]
    fn a_finer_grid_says_the_same() {
        let positive = |v| Positive::new(v).unwrap();
        let histories = [
            &[][..],
            &[30; 12],
            &[12, 50, 33],
            &[20; 3],
            &[7, 8, 6, 7],
            &[90, 150],
        ];
        for family in [Family::Gamma, Family::LogNormal] {
            let params = Params {
                family,
                typical_gap: positive(40.0),
                spread: positive(0.7),
                class_weights: [Probability::new(1.0 / CLASSES as f64).unwrap(); CLASSES],
                dropout: Dropout {
                    a: positive(0.5),
                    b: positive(4.0),
                },
                posterior: Vec::new(),
                kinds: Vec::new(),
            };
            let model = Model::new(&params, 0..=12).unwrap();
            for gaps in histories {
                let distribution = model.customer(&History::new(gaps));
                for (horizon, elapsed) in [
                    (1, 0),
                    (7, 9),
                    (14, 0),
                    (14, 40),
                    (30, 200),
                    (30, 9),
                    (45, 0),
                    (100, 40),
                    (180, 9),
                    (180, 200),
                ] {
                    let slow = slowly(&distribution, f64::from(elapsed), f64::from(horizon));
                    let ours = expected_orders(&distribution, elapsed, horizon);
                    assert!(
                        (ours - slow).abs() < 0.015 * slow + 1e-4,
                        "{family:?} {gaps:?} {horizon} {elapsed}: {ours} {slow}"
                    );
                }
            }
        }
    }
}
