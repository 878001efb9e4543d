//! Customers by segment at an origin, their orders and segments a year later, and the forecast of a method.

use super::estimate::{Estimate, Shared, YEAR};
use super::known::Known;
use crate::context::{Context, collect, filled};
use crate::data::Orders;
use crate::error::Result;
use crate::num::Fraction;
use crate::scope::{At, MoneyThreshold};
use crate::season::Seasons;
use crate::segmentation::cpm;
use crate::segmentation::cpm::State;
use crate::summary::Totals;
use crate::summary::rolling_origin::places;
use crate::time::Day;

/// How the intervals are drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draws {
    pub(super) count: u32,
    pub(super) seed: u64,
    pub(super) interval: Fraction,
}

/// The forecast of one year by one method; revenue in major units.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Year {
    pub(super) active: Estimate,
    pub(super) retention: Option<Estimate>,
    pub(super) reactivation: Option<Estimate>,
    pub(super) orders: Estimate,
    pub(super) revenue: Estimate,
}

impl Year {
    /// The same, multiplied by the mean error of earlier forecasts of this method.
    pub(super) fn shifted(self, shared: &Shared) -> Self {
        let [orders, revenue] = shared.shift.map(libm::exp);
        Self {
            orders: self.orders.times(orders),
            revenue: self.revenue.times(revenue),
            ..self
        }
    }

    /// The same with the error that all customers share, in this year after the origin.
    pub(super) fn widened(self, shared: &Shared, year: u32, interval: Fraction) -> Self {
        let ahead = libm::sqrt(f64::from(year));
        Self {
            orders: self.orders.widened(shared.orders * ahead, interval),
            revenue: self.revenue.widened(shared.revenue * ahead, interval),
            ..self
        }
    }
}

/// The shop at an origin, with the segments.
pub(super) struct Base {
    pub(super) known: Known,
    pub(super) churn: At,
    /// CPM segment with state: 2 · rung + churned, rungs from `first` on.
    pub(super) state: Vec<u8>,
    /// Number of customer codes.
    codes: usize,
    /// Revenue of the year before, major units.
    pub(super) past_revenue: f64,
}

impl Base {
    /// The shop at `origin`; `money` is the threshold of the segments.
    pub(super) fn new(
        orders: &Orders,
        at: &At,
        (seasonality, money): (&Seasons, Option<MoneyThreshold>),
        origin: Day,
        context: &Context,
    ) -> Result<Self> {
        let then = At { day: origin, ..*at };
        let known = Known::new(orders, &then, seasonality, context)?;
        let ladder = cpm::Options {
            money,
            ..cpm::Options::default()
        };
        let portfolio = cpm::segment(&known.totals, &then, &ladder)?;
        let state = portfolio.segment.iter().zip(&portfolio.state);
        let state = state.map(|(segment, state)| {
            let rung = *segment as u8 - cpm::Segment::First as u8;
            2 * rung + u8::from(*state == State::Churned)
        });
        let before = Totals::within(orders, &then, YEAR, context)?;
        let of_shown = before.customer.iter().zip(&before.revenue);
        let of_shown = of_shown.filter(|(code, _)| orders.shows(**code));
        let revenue: i128 = of_shown.map(|(_, v)| i128::from(*v)).sum();
        Ok(Self {
            state: collect(state, "forecast")?,
            codes: orders.ids().len(),
            past_revenue: known.totals.currency.mean(revenue, 1).unwrap_or(0.0),
            known,
            churn: then,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.known.totals.len()
    }

    pub(super) fn is_active(&self, i: usize) -> bool {
        self.state[i].is_multiple_of(2)
    }

    /// Purchase days and revenue (major units) of these customers in the year after the origin, and
    /// their segments at its end.
    pub(super) fn later(&self, end: &Later) -> Result<Outcome> {
        let n = self.len();
        let customers = &self.known.totals.customer;
        let mut outcome = Outcome {
            orders: filled(n, 0.0, "forecast")?,
            revenue: filled(n, 0.0, "forecast")?,
            place: places(customers, &end.base.known.totals.customer, self.codes)?,
        };
        let bought = places(customers, &end.year.customer, self.codes)?;
        for (i, at) in bought.into_iter().enumerate() {
            if let Some(at) = at {
                outcome.orders[i] = f64::from(end.year.orders[at]);
                outcome.revenue[i] = end.year.currency.major(end.year.revenue[at]);
            }
        }
        Ok(outcome)
    }
}

/// The shop a year later, with the totals of that year only.
pub(super) struct Later<'a> {
    pub(super) base: &'a Base,
    year: Totals,
}

impl<'a> Later<'a> {
    pub(super) fn new(base: &'a Base, orders: &Orders, at: &At, context: &Context) -> Result<Self> {
        let then = At {
            day: base.known.origin,
            ..*at
        };
        let year = Totals::within(orders, &then, YEAR, context)?;
        Ok(Self { base, year })
    }
}

/// Purchase days and revenue of customers in a year.
pub(super) struct Outcome {
    pub(super) orders: Vec<f64>,
    pub(super) revenue: Vec<f64>,
    /// The place of each among the customers at the end of the year.
    pub(super) place: Vec<Option<usize>>,
}
