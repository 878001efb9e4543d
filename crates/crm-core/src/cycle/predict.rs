//! The predicted next purchase of one customer, as of any day.
//!
//! With `S` the survival function of the customer's gap, fixed at the last order, `e` the days
//! since and `q` the probability of leaving after that order:
//!
//! ```text
//! date_pq              first day D > as_of with 1 − S(D − last + ½)/S(e + ½) ≥ q, given return
//! date_pq within f     the same with ≥ q (1 − S(e + f + ½)/S(e + ½)), given return in the next f days
//! P(alive)             (1 − q) S(e + ½) / (q + (1 − q) S(e + ½))
//! P(buy within h)      P(alive) · (1 − S(e + h + ½)/S(e + ½))
//! overdue probability  G(e) = 1 − S(e)
//! ```
//!
//! Dates are conditional on a return; the two probabilities include the probability of having left.
//! The ½ converts the continuous distribution to whole days: a gap of d days is from d − ½ to d +
//! ½. A customer with a single purchase has the shop's distribution, so a wide interval. A date
//! more than a century away is `None`.

use serde::{Deserialize, Serialize};

use super::gap_distribution::GapDistribution;
use crate::words::words;

/// The quantiles of [`Prediction::dates`].
pub const QUANTILES: [f64; 4] = [0.1, 0.5, 0.8, 0.9];

/// Overdue probabilities at which a customer becomes `due`, `late`, `churn_risk`, `lost`.
pub const THRESHOLDS: [f64; 4] = [0.5, 0.8, 0.9, 0.99];

/// Dates after this number of days are `None`.
const CENTURY: u32 = 36_525;

/// If the probability of a return in a time is below this, dates in it are `None`, because they
/// would be rounding errors.
const UNLIKELY: f64 = 1e-6;

words! {
    /// How overdue a customer is, by the overdue probability.
    Level {
        /// Below .5.
        Ok = "ok", "OK", "正常";
        /// Half of this customer's gaps are shorter.
        Due = "due", "Due", "購入時期";
        /// From .8.
        Late = "late", "Late", "遅れ";
        /// From .9; the default alert.
        ChurnRisk = "churn_risk", "Churn risk", "離脱傾向";
        /// From .99, or from `churn_days` on.
        Lost = "lost", "Lost", "離脱";
    }
}

impl Level {
    /// The level of an overdue probability.
    ///
    /// ```
    /// use crm_core::cycle::predict::Level;
    /// assert_eq!(Level::of(0.9), Level::ChurnRisk);
    /// assert_eq!(Level::of(0.49), Level::Ok);
    /// ```
    pub fn of(overdue: f64) -> Self {
        Self::ALL[THRESHOLDS
            .iter()
            .filter(|&&threshold| overdue >= threshold)
            .count()]
    }
}

/// The result of [`predict`] for one customer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Prediction {
    /// Days after the last order by which the customer returns with the probabilities
    /// [`QUANTILES`], given return; each is after today. `None`: more than a century.
    pub dates: [Option<u32>; 4],
    /// The probability of an order within the horizon, including the probability of having left.
    pub probability_within: f64,
    /// The probability that the customer has not left.
    pub probability_alive: f64,
    /// The probability that a gap of this customer is shorter than the days since the last order.
    pub overdue_probability: f64,
    /// The level of the overdue probability.
    pub level: Level,
}

/// Predicts the next purchase, `elapsed` days after the last, with `within` days as horizon.
///
/// ```
/// use crm_core::cycle::{fit, gap_model::{History, Model}, predict::predict};
///
/// let gaps: Vec<Vec<u32>> = (0..60).map(|i| vec![25 + i % 9; (i % 4) as usize]).collect();
/// let histories: Vec<History> = gaps.iter().map(|g| History::new(g)).collect();
/// let open: Vec<u32> = (0..60).map(|i| i * 2).collect();
/// let fitted = fit::fit(&histories, &open, &fit::Options::default(), &crm_core::Context::default())?;
/// let model = Model::new(&fitted.params, histories.iter().map(|h| h.gaps))?;
///
/// let regular = predict(&model.customer(&histories[7]), 10, 30);
/// let [early, middle, _, late] = regular.dates.map(Option::unwrap);
/// assert!(10 < early && early <= middle && middle <= late);
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn predict(distribution: &GapDistribution<'_>, elapsed: u32, within: u32) -> Prediction {
    let e = f64::from(elapsed);
    // S(· + ½) / S(e + ½), and q after e days of silence.
    let beyond = distribution.beyond(e + 0.5);
    let conditional = |day: u32| beyond.survival(f64::from(day) + 0.5);
    let mut search = Search::new(elapsed, distribution.usual());
    // date_pq: the first day on which the ratio is at most 1 − q.
    let dates = QUANTILES.map(|q| search.first_day(1.0 - q, &conditional));
    let alive = 1.0 - beyond.leave();
    let overdue = overdue_probability(distribution, elapsed);
    Prediction {
        dates,
        probability_within: alive * (1.0 - conditional(elapsed.saturating_add(within))),
        probability_alive: alive,
        overdue_probability: overdue,
        level: Level::of(overdue),
    }
}

/// Days after the last order by which the customer returns with each probability of `quantiles`
/// (ascending), given a return in the `within` days after `elapsed`: after today, and at most
/// `elapsed + within`. `None` if the probability of such a return is below one in a million.
///
/// ```
/// # use crm_core::cycle::{fit, gap_model::{History, Model}};
/// use crm_core::cycle::predict::{predict, return_days};
/// # let gaps: Vec<Vec<u32>> = (0..60).map(|i| vec![25 + i % 9; (i % 4) as usize]).collect();
/// # let histories: Vec<History> = gaps.iter().map(|g| History::new(g)).collect();
/// # let open: Vec<u32> = (0..60).map(|i| i * 2).collect();
/// # let fitted = fit::fit(&histories, &open, &fit::Options::default(), &crm_core::Context::default())?;
/// # let model = Model::new(&fitted.params, histories.iter().map(|h| h.gaps))?;
/// let distribution = model.customer(&histories[7]);
/// let [in_a_week] = return_days(&distribution, 25, 7, [0.5]).map(Option::unwrap);
/// assert!(25 < in_a_week && in_a_week <= 32);
/// assert!(in_a_week <= predict(&distribution, 25, 30).dates[1].unwrap());
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn return_days<const N: usize>(
    distribution: &GapDistribution<'_>,
    elapsed: u32,
    within: u32,
    quantiles: [f64; N],
) -> [Option<u32>; N] {
    let beyond = distribution.beyond(f64::from(elapsed) + 0.5);
    let conditional = |day: u32| beyond.survival(f64::from(day) + 0.5);
    // The probability of a return within f, given one at all: 1 − S(e + f + ½) / S(e + ½).
    let come = 1.0 - conditional(elapsed.saturating_add(within));
    let mut search = Search::new(elapsed, distribution.usual());
    quantiles.map(|q| match come > UNLIKELY {
        true => search.first_day(1.0 - q * come, &conditional),
        false => None,
    })
}

/// [`Prediction::probability_within`] alone, without a search for dates.
pub(crate) fn probability_within(
    distribution: &GapDistribution<'_>,
    elapsed: u32,
    within: u32,
) -> f64 {
    let beyond = distribution.beyond(f64::from(elapsed) + 0.5);
    let last = f64::from(elapsed.saturating_add(within)) + 0.5;
    // P(alive) · (1 − S(e + h + ½) / S(e + ½))
    (1.0 - beyond.leave()) * (1.0 - beyond.survival(last))
}

/// `G_i(e)`: the probability that a gap of this customer is shorter than `elapsed` days.
pub fn overdue_probability(distribution: &GapDistribution<'_>, elapsed: u32) -> f64 {
    if elapsed == 0 {
        0.0
    } else {
        1.0 - distribution.survival(f64::from(elapsed))
    }
}

/// First day after the last order on which the overdue probability is at least each of `levels`
/// (ascending): the alert dates, fixed until an order arrives.
///
/// They use the same function as [`overdue_probability`], so the level is reached on that day and
/// not before.
pub fn alert_days<const N: usize>(
    distribution: &GapDistribution<'_>,
    levels: [f64; N],
) -> [Option<u32>; N] {
    let mut search = Search::new(0, distribution.usual());
    let survival = |day: u32| distribution.survival(f64::from(day));
    levels.map(|level| search.first_day_where(&survival, |s| 1.0 - s >= level, 1.0 - level))
}

/// Searches for the first day on which a decreasing function has reached a target. Targets must
/// descend, so that each search starts where the last ended.
struct Search {
    /// A day on which the function is above all remaining targets.
    low: u32,
    ln_low: f64,
    /// The last decrease of `ln value` per day.
    pace: f64,
}

impl Search {
    fn new(low: u32, usual: f64) -> Self {
        Self {
            low,
            ln_low: 0.0,
            pace: 0.5 / usual,
        }
    }

    fn first_day(&mut self, target: f64, value: &impl Fn(u32) -> f64) -> Option<u32> {
        self.first_day_where(value, |v| v <= target, target)
    }

    /// `reached` must hold from some day on; `target` is the approximate value there and guides the
    /// search: steps grow until it is passed, then `ln value` is interpolated linearly between the
    /// two ends.
    fn first_day_where(
        &mut self,
        value: &impl Fn(u32) -> f64,
        reached: impl Fn(f64) -> bool,
        target: f64,
    ) -> Option<u32> {
        let ln_target = rough_ln(target);
        let (mut low, mut ln_low) = (self.low, self.ln_low);
        let (mut high, mut ln_high);
        // A step by the last decrease per day, and a little more, to enclose the target.
        let mut step = 1.15 * (ln_low - ln_target) / self.pace;
        loop {
            high = low.saturating_add(step.clamp(1.0, f64::from(CENTURY)) as u32);
            let v = value(high);
            ln_high = rough_ln(v);
            if reached(v) {
                break;
            }
            if high > CENTURY {
                return None;
            }
            (low, ln_low) = (high, ln_high);
            step *= 2.0;
        }
        let mut halve = false;
        while high - low > 1 {
            let share = if halve {
                0.5
            } else {
                (ln_low - ln_target) / (ln_low - ln_high)
            };
            let width = f64::from(high - low);
            let day = low + (libm::round(width * share) as u32).clamp(1, high - low - 1);
            let v = value(day);
            // Linear interpolation may approach slowly from one end; then the interval is halved.
            halve = !halve && f64::from((day - low).min(high - day)) < 0.1 * width && width > 8.0;
            if reached(v) {
                (high, ln_high) = (day, rough_ln(v));
            } else {
                (low, ln_low) = (day, rough_ln(v));
            }
        }
        let pace = (self.ln_low - ln_high) / f64::from(high - self.low);
        self.pace = if pace > 1e-9 { pace } else { self.pace };
        (self.low, self.ln_low) = (low, ln_low);
        Some(high)
    }
}

/// `ln v` to 1 %, to guide the search: exponent and a parabola through the mantissa.
fn rough_ln(v: f64) -> f64 {
    let bits = v.max(f64::MIN_POSITIVE).to_bits();
    let exponent = (bits >> 52) as f64 - 1023.0;
    let mantissa = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52)) - 1.0;
    std::f64::consts::LN_2 * (exponent + mantissa * (1.34 - 0.34 * mantissa))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cycle::gap_model::{CLASSES, Dropout, Family, History, Model, Params};
    use crate::{Positive, Probability};

    /// A second computation, day by day: the first day by which the share of returns is reached.
    #[test]
    fn days_given_a_return_in_time_are_those_of_a_scan() {
        let positive = |v| Positive::new(v).unwrap();
        for family in [Family::Gamma, Family::LogNormal] {
            let mut params = Params {
                family,
                typical_gap: positive(40.0),
                spread: positive(0.8),
                class_weights: [Probability::new(1.0 / CLASSES as f64).unwrap(); CLASSES],
                dropout: Dropout {
                    a: positive(1.0),
                    b: positive(4.0),
                },
                posterior: Vec::new(),
                kinds: Vec::new(),
            };
            let model = Model::new(&params, 0..=3).unwrap();
            for gaps in [&[][..], &[30, 35, 32], &[3, 90]] {
                for elapsed in [0, 1, 20, 200] {
                    let distribution = model.customer(&History::new(gaps));
                    let beyond = distribution.beyond(f64::from(elapsed) + 0.5);
                    for within in [1, 2, 30, 400] {
                        let came = |day: u32| 1.0 - beyond.survival(f64::from(day) + 0.5);
                        let all = came(elapsed + within);
                        let days = QUANTILES.map(|q| {
                            (elapsed + 1..=elapsed + within).find(|day| came(*day) >= q * all)
                        });
                        let ours = return_days(&distribution, elapsed, within, QUANTILES);
                        assert_eq!(ours, days, "{gaps:?} {elapsed} {within}");
                    }
                    // A thousand years count as no limit.
                    let ever = predict(&distribution, elapsed, 30).dates;
                    assert_eq!(
                        return_days(&distribution, elapsed, 365_000, QUANTILES),
                        ever
                    );
                }
            }
            // Very regular gaps of eight years: no return tomorrow. Of a month: a return on the
            // 31st day.
            params.class_weights = [Probability::new(0.0).unwrap(); CLASSES];
            params.class_weights[0] = Probability::new(1.0).unwrap();
            let model = Model::new(&params, 0..=3).unwrap();
            let distribution = model.customer(&History::new(&[3_000; 3]));
            assert_eq!(return_days(&distribution, 0, 1, [0.1, 0.5]), [None; 2]);
            let distribution = model.customer(&History::new(&[30; 3]));
            assert_eq!(return_days(&distribution, 30, 1, [0.5]), [Some(31)]);
        }
    }
}
