//! Factors of the shop's demand, and the time scale that they define.
//!
//! # Definition
//!
//! A customer's own time passes in proportion to the shop's demand:
//!
//! ```text
//! pace(day)    = factor of its month × of its weekday × of the day     what is not said: 1
//! own time     = Σ pace over the days since the last order   instead of their number
//! ```
//!
//! Gaps, the open gap and horizons are measured in own time; dates come back in civil days. A gap of
//! 30 days in December, where demand is double, is then as long as one of 60 in a plain month.
//! Factors of months are divided by their mean over a year, those of weekdays by their mean over a
//! week, so that only their ratios matter and a gap in own time is, over the year, a gap in days.
//! Factors of single days (a sale, a closed day) stand as they are.
//! `{"12": 2, "1": 0.5, "sat": 1.5, "2026-11-27": 3, "2026-01-01": 0}`.
//!
//! The factors describe demand by existing customers; a campaign that brings new customers is no factor.
//!
//! # References
//!
//! - Cox, D. R., Lewis, P. A. W. (1966). *The Statistical Analysis of Series of Events*: operational
//!   time of a process whose rate changes.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::context::room;
use crate::error::{Error, Result};
use crate::time::{Day, Period};

/// Factors by month (`"1"` to `"12"`), by weekday (`"mon"` to `"sun"`) and by date (`"2026-11-27"`).
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Seasonality(pub BTreeMap<String, f64>);

impl<'de> Deserialize<'de> for Seasonality {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let expected = "an object of factors from 0 to 1,000,000 by month (\"1\" to \"12\"), weekday (\"mon\") or date";
        let factors = BTreeMap::deserialize(from);
        factors.map(Self).map_err(|_| D::Error::custom(expected))
    }
}

/// The number of days after the last order for which own time is tabulated; after it the pace is 1.
const AHEAD: u32 = 37_000;

/// Weekdays as keys, Monday first.
pub(super) const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Mean days of each month.
pub(super) const MONTH_DAYS: [f64; 12] = [
    31.0, 28.2425, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0,
];

impl Seasonality {
    /// The clock from `first` on, and a century beyond `last`.
    ///
    /// ```
    /// use crm_core::{Day, season::Seasonality};
    /// let sale: Seasonality = serde_json::from_str(r#"{"2026-11-27": 3}"#).unwrap();
    /// let [before, after] = ["2026-11-26", "2026-11-28"].map(|day| day.parse::<Day>().unwrap());
    /// let clock = sale.clock(before, after)?;
    /// // Half of the first day, the sale, half of the last.
    /// assert_eq!(clock.between(before, after), 4.0);
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A key that is neither month nor date, an invalid factor, factors of months that are all 0.
    pub fn clock(&self, first: Day, last: Day) -> Result<Clock> {
        let (mut months, mut week) = ([1.0; 12], [1.0; 7]);
        let mut days = room(self.0.len(), "seasonality")?;
        for (key, &factor) in &self.0 {
            let option = format!("seasonality.{key}");
            if !(0.0..=1e6).contains(&factor) {
                return Err(Error::option(
                    option,
                    factor,
                    "a factor from 0 to 1,000,000",
                ));
            }
            let month = (1..=12).find(|month| month.to_string() == *key);
            let weekday = WEEKDAYS.iter().position(|name| name == key);
            match (month, weekday, key.parse::<Day>()) {
                (Some(month), ..) => months[month - 1] = factor,
                (_, Some(weekday), _) => week[weekday] = factor,
                (.., Ok(day)) => days.push((day.0, factor)),
                _ => {
                    return Err(Error::option(
                        option,
                        "",
                        "a month from 1 to 12, a weekday from \"mon\" to \"sun\" or a date such as \"2026-11-27\"",
                    ));
                }
            }
        }
        days.sort_unstable_by_key(|(day, _)| *day);
        let year: f64 = months.iter().zip(MONTH_DAYS).map(|(f, d)| f * d).sum();
        if year <= 0.0 {
            return Err(Error::option("seasonality", "", "a month that is not 0"));
        }
        let mean = year / MONTH_DAYS.iter().sum::<f64>();
        let of_week = week.iter().sum::<f64>() / 7.0;
        if of_week <= 0.0 {
            return Err(Error::option("seasonality", "", "a weekday that is not 0"));
        }
        let end = last.0.saturating_add_unsigned(AHEAD);
        let mut sums = room(end.abs_diff(first.0) as usize + 2, "seasonality")?;
        let mut days = days.into_iter().peekable();
        let (mut sum, mut day) = (0.0, first.0);
        sums.push(sum);
        while day <= end {
            // Month by month, so that the calendar is computed once per month.
            let next = Day(day).plus(1, Period::Month).0.max(day + 1);
            let month = month_of(Day(day)) - 1;
            while day < next && day <= end {
                while days.next_if(|(at, _)| *at < day).is_some() {}
                let own = days.next_if(|(at, _)| *at == day).map_or(1.0, |(_, f)| f);
                let weekday = week[weekday_of(day)];
                sum += months[month] / mean * weekday / of_week * own;
                sums.push(sum);
                day += 1;
            }
        }
        Ok(Clock {
            first: first.0,
            sums,
        })
    }
}

/// 1 to 12.
pub(crate) fn month_of(day: Day) -> usize {
    use chrono::Datelike;
    day.date().month() as usize
}

/// 0 is Monday.
pub(super) fn weekday_of(day: i32) -> usize {
    // 1970-01-01 was a Thursday.
    (day + 3).rem_euclid(7) as usize
}

/// The time of a shop with seasons: how much of it lies between two moments.
///
/// A moment is a civil day with a fraction; a day extends half a day to both sides, as gaps of
/// whole days do.
#[derive(Debug, Clone, PartialEq)]
pub struct Clock {
    first: i32,
    /// Own time from the first day's beginning to each day's.
    sums: Vec<f64>,
}

impl Clock {
    /// Own time between two days.
    pub fn between(&self, a: Day, b: Day) -> f64 {
        self.at(f64::from(b.0)) - self.at(f64::from(a.0))
    }

    /// Own time in the `x` days after a day.
    pub(crate) fn since(&self, day: i32, x: f64) -> f64 {
        self.at(f64::from(day) + x) - self.at(f64::from(day))
    }

    /// Days after a day by which so much own time has passed.
    pub(crate) fn days_after(&self, day: i32, own: f64) -> f64 {
        let until = self.at(f64::from(day)) + own;
        let last = self.sums.len() - 1;
        let place = match self.sums.partition_point(|sum| *sum < until) {
            0 => 0.0,
            at if at > last => last as f64 + (until - self.sums[last]),
            at => {
                let (from, to) = (self.sums[at - 1], self.sums[at]);
                (at - 1) as f64 + (until - from) / (to - from)
            }
        };
        place - 0.5 + f64::from(self.first) - f64::from(day)
    }

    /// Own time between two moments, civil days since 1970-01-01 with fractions.
    pub(crate) fn span(&self, from: f64, to: f64) -> f64 {
        self.at(to) - self.at(from)
    }

    /// Before its first day and after its last one the pace is 1.
    fn at(&self, moment: f64) -> f64 {
        let place = moment + 0.5 - f64::from(self.first);
        let last = self.sums.len() - 1;
        if place < 0.0 {
            return place;
        }
        if place >= last as f64 {
            return self.sums[last] + (place - last as f64);
        }
        let day = place as usize;
        let (from, to) = (self.sums[day], self.sums[day + 1]);
        from + (place - day as f64) * (to - from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn clock(factors: &[(&str, f64)]) -> Result<Clock> {
        let factors = factors.iter().map(|(key, f)| ((*key).to_owned(), *f));
        Seasonality(factors.collect()).clock(day("2024-01-01"), day("2026-12-31"))
    }

    #[test]
    fn without_factors_own_time_is_days() {
        let plain = clock(&[]).unwrap();
        assert_eq!(plain.between(day("2024-02-01"), day("2024-03-01")), 29.0);
        assert_eq!(plain.since(day("2024-02-01").0, 40_000.5), 40_000.5);
    }

    #[test]
    fn months_are_relative_and_a_year_is_a_year() {
        let a = clock(&[("12", 3.0), ("1", 0.5)]).unwrap();
        let all: Vec<(String, f64)> = (1..=12)
            .map(|m| {
                (
                    m.to_string(),
                    [1e3, 5e2, 3e3][usize::from(m == 1) + 2 * usize::from(m == 12)],
                )
            })
            .collect();
        let b: Vec<(&str, f64)> = all.iter().map(|(k, f)| (k.as_str(), *f)).collect();
        let b = clock(&b).unwrap();
        let (from, to) = (day("2025-01-01"), day("2026-01-01"));
        assert!((a.between(from, to) - b.between(from, to)).abs() < 1e-9);
        assert!((a.between(from, to) - 365.0).abs() < 0.5);
        let [december, november] = [("2025-12-02", "2025-12-03"), ("2025-11-02", "2025-11-03")]
            .map(|(from, to)| a.between(day(from), day(to)));
        assert!((december / november - 3.0).abs() < 1e-12);
    }

    #[test]
    fn days_after_undoes_since() {
        let clock = clock(&[("12", 3.0), ("1", 0.0), ("sat", 2.0)]).unwrap();
        for (from, days) in [
            ("2024-03-01", 12.25),
            ("2024-11-15", 40.0),
            ("2026-12-30", 40_000.0),
        ] {
            let from = day(from).0;
            let own = clock.since(from, days);
            assert!((clock.days_after(from, own) - days).abs() < 1e-8);
        }
    }

    #[test]
    fn weekdays_are_relative_and_a_week_is_a_week() {
        let a = clock(&[("sat", 3.0), ("sun", 3.0)]).unwrap();
        // 2024-06-01 is a Saturday.
        let [friday, saturday] = [("2024-05-31", "2024-06-01"), ("2024-06-01", "2024-06-02")];
        let of = |(from, to)| a.between(day(from), day(to));
        // Half of one day, half of the next, of a mean of 11 / 7.
        assert!((of(friday) - 2.0 * 7.0 / 11.0).abs() < 1e-12);
        assert!((of(saturday) - 3.0 * 7.0 / 11.0).abs() < 1e-12);
        assert!((of(("2024-05-29", "2024-06-05")) - 7.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_factor_is_refused() {
        for (key, factor, says) in [
            (
                "13",
                1.0,
                "option `seasonality.13`: expected a month from 1 to 12, a weekday",
            ),
            // Each month has one spelling, so no month can be given twice.
            ("01", 1.0, "option `seasonality.01`: expected a month from"),
            (
                "2026-02-30",
                1.0,
                "expected a month from 1 to 12, a weekday",
            ),
            (
                "3",
                -1.0,
                "option `seasonality.3`: expected a factor from 0 to 1,000,000, found -1",
            ),
            ("3", f64::NAN, "expected a factor from 0 to 1,000,000"),
        ] {
            let error = clock(&[(key, factor)]).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let months: Vec<String> = (1..=12).map(|m| m.to_string()).collect();
        let still: Vec<(&str, f64)> = months.iter().map(|m| (m.as_str(), 0.0)).collect();
        let error = clock(&still).unwrap_err().to_string();
        assert!(error.contains("a month that is not 0"), "{error}");
    }
}
