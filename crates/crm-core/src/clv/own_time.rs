//! Histories of customers by the calendar, or in the time of a shop with seasons.

use crate::context::{collect, filled};
use crate::error::Result;
use crate::season::Clock;
use crate::summary::{Gaps, Totals};
use crate::table::Table;
use crate::time::Day;

/// Recency, age and gaps of customers as models take them.
pub(crate) struct OwnTime {
    /// From the first purchase to the last.
    pub(crate) t_x: Vec<f64>,
    /// From the first purchase to the end of observation.
    pub(crate) age: Vec<f64>,
    /// The sum over all gaps of their logarithms, which tells regular customers from irregular ones.
    pub(crate) ln_gaps: f64,
    /// The same sum of each customer.
    pub(crate) ln_gaps_each: Vec<f64>,
}

impl OwnTime {
    /// By the calendar.
    pub(crate) fn even(summary: &Table) -> Result<Self> {
        let (gaps, valid) = summary.cells("ln_gaps")?;
        let valid = |i: usize| valid.is_none_or(|valid| valid[i]);
        let each = |i: usize| if valid(i) { gaps[i] } else { 0.0 };
        Ok(Self {
            ln_gaps_each: collect((0..summary.len()).map(each), "histories")?,
            t_x: collect(summary.numbers("recency")?.iter().copied(), "histories")?,
            age: collect(summary.numbers("T")?.iter().copied(), "histories")?,
            ln_gaps: (0..summary.len())
                .filter(|&i| valid(i))
                .map(|i| gaps[i])
                .sum(),
        })
    }

    /// By the shop's clock.
    pub(crate) fn new(known: &Totals, gaps: &Gaps, clock: &Clock) -> Result<Self> {
        let own = |i: usize, to: i32| clock.between(Day(known.first_day[i]), Day(to)).max(0.0);
        let n = known.len();
        let (mut ln_gaps, mut ln_gaps_each) = (0.0, filled(gaps.len(), 0.0, "histories")?);
        for (i, each) in ln_gaps_each.iter_mut().enumerate() {
            let mut day = Day(gaps.first_day[i]);
            for gap in gaps.of(i).iter().filter(|gap| **gap > 0) {
                let next = Day(day.0.saturating_add_unsigned(*gap));
                // Time may stand still between two orders; half a day is the least there is.
                let ln = libm::log(clock.between(day, next).max(0.5));
                ln_gaps += ln;
                *each += ln;
                day = next;
            }
        }
        Ok(Self {
            t_x: collect((0..n).map(|i| own(i, known.last_day[i])), "histories")?,
            age: collect((0..n).map(|i| own(i, known.as_of.0)), "histories")?,
            ln_gaps,
            ln_gaps_each,
        })
    }
}
