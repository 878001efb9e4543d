//! What is known of a shop's customers at an origin, in the shop's own time.

use std::sync::Arc;

use serde_json::Value;

use crate::analysis::Analysis;
use crate::clv::own_time::OwnTime;
use crate::clv::tables::clv_summary;
use crate::context::Context;
use crate::data::Orders;
use crate::error::Result;
use crate::scope::At;
use crate::season::{Clock, Seasons};
use crate::summary::rolling_origin::{places, shown};
use crate::summary::{Gaps, Totals};
use crate::table::Table;
use crate::time::Day;

/// What is known of customers at an origin, for models.
pub(super) struct Known {
    pub(super) origin: Day,
    pub(super) summary: Table,
    pub(super) totals: Arc<Totals>,
    /// The customers that the scope's `customers` shows: the forecast is about them.
    pub(super) shown: Vec<usize>,
    /// Recency, age and gaps, in the shop's own time.
    pub(super) own: OwnTime,
    /// The shop's own time, where it has seasons.
    pub(super) clock: Option<Clock>,
    /// What was found of seasons, where they were looked for.
    pub(super) seasons: Option<Value>,
}

impl Known {
    pub(super) fn new(
        orders: &Orders,
        then: &At,
        seasonality: &Seasons,
        context: &Context,
    ) -> Result<Self> {
        let totals = Totals::new(orders, then, context)?;
        let origin = totals.as_of;
        let gaps = Gaps::new(orders, then, context)?;
        let (factors, seasons) = seasonality.of(&gaps, context)?;
        let first = totals.first_day.iter().copied().min().unwrap_or(origin.0);
        let clock = match factors {
            Some(factors) => Some(factors.clock(Day(first), origin)?),
            None => None,
        };
        let days = clv_summary::Options {
            seasonality: Seasons::Even,
            ..clv_summary::Options::default()
        };
        let summary = clv_summary::Summary::run(orders, then, &days, context)?;
        let own = match &clock {
            Some(clock) => OwnTime::new(&totals, &gaps, clock)?,
            None => OwnTime::even(&summary)?,
        };
        Ok(Self {
            origin,
            summary,
            own,
            shown: shown(orders, &totals.customer)?,
            totals,
            clock,
            seasons,
        })
    }

    /// The shop's own time in so many days after the origin, counted from its end.
    pub(super) fn own_time(&self, days: f64) -> f64 {
        match &self.clock {
            // A clock counts from the middle of the day.
            Some(clock) => clock.since(self.origin.0, days + 0.5) - clock.since(self.origin.0, 0.5),
            None => days,
        }
    }

    /// Days after the origin by which so much of the shop's own time has passed.
    pub(super) fn days_after(&self, own: f64) -> f64 {
        match &self.clock {
            Some(clock) => {
                let from = clock.since(self.origin.0, 0.5);
                clock.days_after(self.origin.0, own + from) - 0.5
            }
            None => own,
        }
    }

    /// Orders and revenue (major units) of later days, of the customers shown.
    pub(super) fn actual(&self, later: &Totals, codes: usize) -> Result<[f64; 2]> {
        let place = places(&self.totals.customer, &later.customer, codes)?;
        let mut sums = [0.0; 2];
        for at in self.shown.iter().filter_map(|&i| place[i]) {
            sums[0] += f64::from(later.orders[at]);
            sums[1] += later.currency.major(later.revenue[at]);
        }
        Ok(sums)
    }
}
