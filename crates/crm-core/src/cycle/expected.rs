//! Expected orders of the next days, from the gap model.
//!
//! ```text
//! first order     P(alive) · (1 − S(e + t)/S(e))                     the conditional law, once
//! after an order  M(u) = (1 − q) ∫₀ᵘ (1 + M(u − t)) dG(t)            renewals with dropout
//! E[Y(h)]         ∫₀ʰ (1 + M(h − t)) dP(first order by t)
//! ```
//!
//! The integrals are sums over 36 equal steps of the horizon with each order in the middle of
//! its step: within 1 % for gaps of a tenth of the horizon and longer. The customer's law is held
//! fixed over the horizon. Where time has [seasons](super::seasonality), all of it is by that clock.

use super::gap_model::GapLaw;

/// Steps of the horizon.
const STEPS: usize = 36;

/// Expected orders within `horizon` days, `elapsed` days after the last.
///
/// ```
/// use crm_core::cycle::{expected::expected_orders, gap_model::{Dropout, Family, History, Model, Params, CLASSES}};
/// use crm_core::{Positive, Probability};
/// let positive = |v| Positive::new(v).unwrap();
/// let mut class_weights = [Probability::new(0.0).unwrap(); CLASSES];
/// class_weights[0] = Probability::new(1.0).unwrap(); // clockwork
/// let dropout = Dropout { a: positive(1e-3), b: positive(1.0) };
/// let params = Params { family: Family::Gamma, typical_gap: positive(30.0), spread: positive(0.1), class_weights, dropout };
/// let monthly = History::new(&[30; 24]);
/// let model = Model::new(&params, [24].into_iter())?;
/// // Due on days 20, 50, 80, 110, 140 and 170 from now.
/// let orders = expected_orders(&model.customer(&monthly), 10, 180);
/// assert!((orders - 6.0).abs() < 0.2);
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn expected_orders(law: &GapLaw<'_>, elapsed: u32, horizon: u32) -> f64 {
    let (law, e, horizon) = law.own_time(elapsed, horizon);
    let step = horizon / STEPS as f64;
    let stay = 1.0 - law.leave();
    // Mass of a fresh gap by step: half a step wide at first, as orders stand in mid-step.
    let mut fresh = [0.0; STEPS];
    let mut before = 1.0;
    for (k, mass) in fresh.iter_mut().enumerate() {
        let s = law.survival((k as f64 + 0.5) * step);
        *mass = stay * (before - s);
        before = s;
    }
    // 1 + M(k steps), from below; the mass of step 0 is an order in the same step.
    let mut worth = [1.0; STEPS + 1];
    for k in 0..=STEPS {
        let later: f64 = (1..=k.min(STEPS - 1))
            .map(|j| fresh[j] * worth[k - j])
            .sum();
        worth[k] = (1.0 + later) / (1.0 - fresh[0]).max(0.05);
    }
    let beyond = law.beyond(e);
    let mut sum = 0.0;
    let mut before = 1.0;
    for k in 0..STEPS {
        let s = beyond.survival(e + (k as f64 + 1.0) * step);
        // In mid-step: half of what the two ends of the step leave.
        sum += (before - s) * 0.5 * (worth[STEPS - k] + worth[STEPS - k - 1]);
        before = s;
    }
    (1.0 - beyond.leave()) * sum
}
