//! A forecast number with its interval, and the error that all customers share.

use super::known::Known;
use super::model;
use crate::context::Context;
use crate::data::Orders;
use crate::error::Result;
use crate::num::{Fraction, normal};
use crate::scope::Scope;
use crate::season::Seasons;
use crate::summary::Totals;
use crate::summary::rolling_origin::scope_at;
use crate::time::Day;

/// Days of a year.
pub(super) const YEAR: u32 = 365;

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

    /// The same with an error that all customers share: `sd` of the logarithm of the value, independent of
    /// what makes the interval now.
    pub(super) fn widened(self, sd: f64, interval: Fraction) -> Self {
        if self.value <= 0.0 {
            return self;
        }
        let more = normal::quantile(0.5 + 0.5 * interval.get()) * sd;
        let wider = |side: f64| {
            let own = libm::log(side / self.value);
            libm::sqrt(own * own + more * more)
        };
        Self {
            value: self.value,
            low: match self.low > 0.0 {
                true => self.value * libm::exp(-wider(self.low)),
                false => self.low,
            },
            high: self.value * libm::exp(wider(self.high.max(self.value))),
        }
    }
}

/// How wrong totals of a year have been, as the standard deviation of the logarithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shared {
    pub(super) orders: f64,
    pub(super) revenue: f64,
    /// Past origins that say so.
    pub(super) origins: u32,
}

/// Origins before this one that judge the shared error, at most, and the days between them.
const ORIGINS: u32 = 6;
const STEP: u32 = 91;
/// Standard deviations of orders and revenue where no past origin says anything, and how many origins
/// they count for.
const TYPICAL: [f64; 2] = [0.12, 0.15];
const TYPICAL_COUNTS: f64 = 3.0;

/// How wrong the forecast of a year was, made at earlier origins from what was known then.
pub(super) fn shared(
    orders: &Orders,
    scope: &Scope,
    seasonality: &Seasons,
    origin: Day,
    context: &Context,
) -> Result<Shared> {
    let mut squares = TYPICAL.map(|sd| TYPICAL_COUNTS * sd * sd);
    let mut origins = 0;
    for back in 0..ORIGINS {
        let end = Day(origin.0.saturating_sub_unsigned(back * STEP));
        let then = Day(end.0.saturating_sub_unsigned(YEAR));
        let known = Known::new(orders, &scope_at(scope, then), seasonality, context)?;
        let began = known.totals.first_day.iter().min();
        if began.is_none_or(|began| then.0.abs_diff(*began) < YEAR) {
            break;
        }
        let Ok(fitted) = model::Fitted::new(&known)? else {
            break;
        };
        let said = fitted.exact(&known, &[YEAR])?[0];
        let year = Totals::within(orders, &scope_at(scope, end), YEAR, context)?;
        let came = known.came(&year, orders.ids().len())?;
        if said.iter().chain(&came).any(|sum| *sum <= 0.0) {
            continue;
        }
        for ((square, said), came) in squares.iter_mut().zip(said).zip(came) {
            let wrong = libm::log(came / said);
            *square += wrong * wrong;
        }
        origins += 1;
    }
    let [orders, revenue] =
        squares.map(|sum| libm::sqrt(sum / (TYPICAL_COUNTS + f64::from(origins))));
    Ok(Shared {
        orders,
        revenue,
        origins,
    })
}
