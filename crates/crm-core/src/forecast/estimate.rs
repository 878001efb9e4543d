//! A forecast number with its interval, and the size of the error that all customers share.

use crate::num::{Fraction, sum_error};

/// Days of a year.
pub(super) const YEAR: u32 = 365;

/// A forecast, or why the shop has too few data for one: a reason of the note `without_forecast`.
pub(super) type Attempt<T> = std::result::Result<T, &'static str>;

/// A number and where the outcome will lie.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Estimate {
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Estimate {
    /// `value` between the quantiles of the draws that leave half the rest on each side.
    pub(super) fn new(value: f64, draws: &mut [f64], interval: Fraction) -> Self {
        draws.sort_unstable_by(f64::total_cmp);
        let at = |q: f64| {
            let place = q * (draws.len() - 1) as f64;
            let (low, share) = (place as usize, place - libm::floor(place));
            let next = draws[(low + 1).min(draws.len() - 1)];
            draws[low] + share * (next - draws[low])
        };
        let tail = 0.5 * (1.0 - interval.get());
        Self {
            value,
            low: at(tail),
            high: at(1.0 - tail),
        }
    }

    /// The same, all of it more or less by a factor.
    pub(super) fn times(self, factor: f64) -> Self {
        Self {
            value: self.value * factor,
            low: self.low * factor,
            high: self.high * factor,
        }
    }

    /// The same with an error that all customers share: `sd` of the logarithm of the value, independent of
    /// what makes the interval now.
    pub(super) fn widened(self, sd: f64, interval: Fraction) -> Self {
        let (low, high) = sum_error::widened(self.value, (self.low, self.high), sd, interval);
        Self { low, high, ..self }
    }
}

/// How wrong totals of a year have been: standard deviations of the logarithms.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shared {
    pub(super) orders: f64,
    pub(super) revenue: f64,
    /// What is added to the logarithms of orders and of revenue.
    pub(super) shift: [f64; 2],
    /// The past origins that this was measured at, as actual ÷ forecast.
    pub(super) past: Vec<serde_json::Value>,
}
