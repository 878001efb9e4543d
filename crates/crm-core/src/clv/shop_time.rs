//! The times of customers in the time of a shop with seasons.
//!
//! # Definition
//!
//! A table has times in units before the end of observation `e`: a customer first bought at `e − T`, and last
//! at `e − T + t_x`. With the [clock](crate::season::Clock) `C` of a model's factors
//!
//! ```text
//! T'   = (C(e) − C(e − T)) / unit                  t_x' = (C(e − T + t_x) − C(e − T)) / unit
//! t'   = (C(e + ½ + t · unit) − C(e + ½)) / unit   of a time t ahead, which begins with the end of the day e
//! ```
//!
//! The models have `T'`, `t_x'` and `t'` in the place of `T`, `t_x` and `t`. Time may stand still (a factor of
//! 0); a customer with a repeat purchase has at least half a day between the first and the last.
//!
//! # References
//!
//! - Cox, D. R., Lewis, P. A. W. (1966). *The Statistical Analysis of Series of Events*: operational time.
//! - Hardie, B. G. S. (2018). *A simple model with seasonal effects for noncontractual settings*: a purchase
//!   process of which the rate follows the calendar, from the same summaries.

use serde_json::json;

use crate::clv::ahead::Ahead;
use crate::clv::models::histories::History;
use crate::clv::tables::clv_summary::{SEASONS, Unit};
use crate::error::{Error, Result};
use crate::season::{Clock, Seasonality};
use crate::table::Table;
use crate::time::Day;

/// Days before the end of observation for which the factors are tabulated; before them the pace is 1.
const TABULATED: f64 = 73_050.0;

/// The time of a model for one table.
pub(crate) struct ShopTime {
    /// Where the model has factors and the table a date: the clock, and the last day of observation.
    clock: Option<(Clock, Day)>,
    factors: Option<Seasonality>,
    unit: Unit,
}

impl ShopTime {
    /// The time of a model with these factors, if it has any, for histories up to a day, if it is known.
    /// `oldest` is the greatest age, in units.
    pub(crate) fn new(
        factors: Option<&Seasonality>,
        end: Option<Day>,
        oldest: f64,
        unit: Unit,
    ) -> Result<Self> {
        if let (Some(_), Some(_)) = (factors, unit.period()) {
            let expected =
                "no factors with a unit of the calendar, which counts weeks or months and not days";
            return Err(Error::option("seasonality", "", expected));
        }
        let clock = match (factors, end) {
            (Some(factors), Some(end)) => {
                let days = libm::ceil(oldest * unit.days()).clamp(0.0, TABULATED) as u32;
                let first = Day(end.0.saturating_sub_unsigned(days));
                Some((factors.clock(first, end)?, end))
            }
            _ => None,
        };
        Ok(Self {
            clock,
            factors: factors.cloned(),
            unit,
        })
    }

    /// Whether histories change: the model has factors and the table a date.
    pub(crate) fn runs(&self) -> bool {
        self.clock.is_some()
    }

    /// A history in the time of the model.
    pub(crate) fn history(&self, h: History) -> History {
        let Some((clock, end)) = &self.clock else {
            return h;
        };
        let (end, unit) = (f64::from(end.0), self.unit.days());
        let first = end - days(h.age, self.unit);
        let age = clock.span(first, end) / unit;
        if h.x == 0.0 {
            return History { age, ..h };
        }
        let last = (first + days(h.t_x, self.unit)).min(end);
        let t_x = (clock.span(first, last) / unit).max(0.5 / unit);
        History {
            x: h.x,
            t_x,
            age: age.max(t_x),
        }
    }

    /// A time ahead, from the end of the last day of observation, in the time of the model.
    pub(crate) fn ahead(&self, t: f64) -> f64 {
        let Some((clock, end)) = &self.clock else {
            return t;
        };
        let (from, unit) = (f64::from(end.0) + 0.5, self.unit.days());
        clock.span(from, from + t * unit) / unit
    }

    /// Purchases within a horizon, by the calendar, each discounted to now.
    pub(crate) fn discounted(&self, delta: f64, horizon: Option<f64>) -> Result<Ahead> {
        match &self.clock {
            Some(_) => Ahead::seasonal(delta, horizon, self.unit, |t| self.ahead(t)),
            None => Ok(Ahead::even(delta, horizon)),
        }
    }

    /// A result with the note `seasons`, if the model has factors: which, and up to which day the histories
    /// are, or that they could not be used.
    pub(crate) fn noted(&self, table: Table) -> Table {
        let Some(factors) = &self.factors else {
            return table;
        };
        let note = match &self.clock {
            Some((_, end)) => json!({"seasonality": factors, "until": end}),
            None => json!({"seasonality": factors, "left_out": "no_date"}),
        };
        table.with_note(SEASONS, note)
    }
}

/// Whole days where a number of units is one but for rounding.
fn days(units: f64, unit: Unit) -> f64 {
    let days = units * unit.days();
    let whole = libm::round(days);
    match (days - whole).abs() < 1e-6 {
        true => whole,
        false => days,
    }
}
