//! The number of new customers in coming months, from their number in past months.
//!
//! # Definition
//!
//! `A` customers were first seen in the `d` days of a month. The rate `ln((A + ½) / d)` has the variance `1 / (A +
//! ½)` from counting alone, and is split into level, damped trend, drift, season and chance, as levels of demand are
//! ([`ahead`](crate::season)). The rate predicted for a coming month, times its days, is its number of new customers.
//!
//! At most the last 60 months are read. The first 30 days of a log are not: customers first seen then
//! were customers before.

use std::ops::Range;

use crate::context::{collect, filled, room};
use crate::error::Result;
use crate::season::{MonthLevel, ahead, month_of};
use crate::time::{Day, Period};

/// Days at the start of a log that are left out.
const WARM_UP: i32 = 30;
/// Months that are read, at most.
const MOST_MONTHS: i32 = 60;

/// New customers of one month.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct New {
    pub(super) customers: f64,
    /// Standard deviation of their logarithm, counting left out.
    pub(super) sd: f64,
}

/// New customers of these months (ranges of days, one after the other), after the days first seen up to
/// `origin`; `None` with less than two months behind the first days of the log.
pub(super) fn new_customers(
    first_days: &[i32],
    origin: Day,
    months: &[Range<i32>],
) -> Result<Option<Vec<New>>> {
    let Some(began) = first_days.iter().copied().min() else {
        return Ok(None);
    };
    let oldest = origin.plus(1 - MOST_MONTHS, Period::Month).0;
    let first = began.saturating_add(WARM_UP).max(oldest);
    if origin.0 - first < 60 {
        return Ok(None);
    }
    let first_month = Day(first).number(Period::Month);
    let place = |day: i32| Day(day).number(Period::Month).abs_diff(first_month) as usize;
    let mut counts = filled(place(origin.0) + 1, 0.0, "forecast")?;
    for day in first_days.iter().filter(|day| **day >= first) {
        counts[place(*day)] += 1.0;
    }
    let mut known = room(counts.len(), "forecast")?;
    for (at, count) in counts.into_iter().enumerate() {
        let month = Day(first).plus(at as i32, Period::Month);
        let end = month.plus(1, Period::Month).0.min(origin.0 + 1);
        let days = f64::from(end - month.0.max(first));
        known.push(MonthLevel {
            at,
            month: month_of(month) - 1,
            value: libm::log((count + 0.5) / days),
            variance: 1.0 / (count + 0.5),
        });
    }
    let to_come = months.iter().map(|days| MonthLevel {
        at: place(days.start),
        month: month_of(Day(days.start)) - 1,
        value: 0.0,
        variance: 0.0,
    });
    let forecast = ahead(&known, &collect(to_come, "forecast")?)?;
    let each = forecast
        .into_iter()
        .zip(months)
        .map(|((ln_rate, sd), days)| New {
            customers: libm::exp(ln_rate) * f64::from(days.end - days.start),
            sd,
        });
    Ok(Some(collect(each, "forecast")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    /// Each month of 2025.
    fn months() -> Vec<Range<i32>> {
        let first = |month| day("2025-01-01").plus(month, Period::Month).0;
        (0..12)
            .map(|month| first(month)..first(month + 1))
            .collect()
    }

    #[test]
    fn as_many_each_day_stay_as_many() {
        let (first, origin) = (day("2021-01-01").0, day("2024-12-31"));
        let firsts: Vec<i32> = (first..=origin.0).flat_map(|day| [day; 4]).collect();
        let forecast = new_customers(&firsts, origin, &months()).unwrap().unwrap();
        for (new, days) in forecast.iter().zip(months()) {
            let expected = 4.0 * f64::from(days.end - days.start);
            assert!(
                (new.customers / expected - 1.0).abs() < 0.01,
                "{new:?} {expected}"
            );
            assert!(new.sd < 0.1);
        }
    }

    #[test]
    fn a_season_comes_back_and_growth_is_damped() {
        let origin = day("2024-12-31");
        let mut firsts = Vec::new();
        for month in 0..48 {
            let start = day("2021-01-01").plus(month, Period::Month);
            let end = start.plus(1, Period::Month);
            // 2 % more each month, and twice as many in December.
            let double = if month % 12 == 11 { 2.0 } else { 1.0 };
            let count = (200.0 * double * 1.02_f64.powi(month)) as i32;
            firsts.extend((0..count).map(|i| start.0 + i % (end.0 - start.0)));
        }
        let forecast = new_customers(&firsts, origin, &months()).unwrap().unwrap();
        let rate =
            |at: usize| forecast[at].customers / f64::from(months()[at].end - months()[at].start);
        let season = rate(11) / rate(10);
        assert!((season - 2.0 * 30.0 / 31.0).abs() < 0.15, "{season}");
        // Of December 2024 without its season: more, and less than the trend would have it.
        let today = 200.0 * 1.02_f64.powi(47) / 31.0;
        let grown = rate(10) / today;
        assert!(grown > 1.08 && grown < 1.02_f64.powi(11), "{grown}");
    }

    #[test]
    fn a_log_of_a_month_says_nothing() {
        let origin = day("2024-12-31");
        let firsts: Vec<i32> = (0..50).map(|back| origin.0 - back).collect();
        assert_eq!(new_customers(&firsts, origin, &months()).unwrap(), None);
        assert_eq!(new_customers(&[], origin, &months()).unwrap(), None);
    }
}
