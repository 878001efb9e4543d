//! Civil days, calendar periods and durations.

use crate::error::{Error, Result};
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
#[cfg(feature = "schemars")]
use std::borrow::Cow;
use std::fmt;

pub(crate) const MICROS_PER_DAY: i64 = 86_400_000_000;
/// 0001-01-01T00:00:00Z, the first instant accepted.
pub(crate) const MIN_MICROS: i64 = -719_162 * MICROS_PER_DAY;
/// 9999-12-31, the last day.
const LAST: i32 = 2_932_896;
/// The last microsecond of the last day.
pub(crate) const MAX_MICROS: i64 = (LAST as i64 + 1) * MICROS_PER_DAY - 1;

/// A civil date, as days since 1970-01-01. In JSON an ISO date, `"2026-11-21"`.
///
/// ```
/// use crm_core::Day;
/// let day: Day = "2026-11-21".parse().unwrap();
/// assert_eq!(day.0, 20_778);
/// assert_eq!(day.to_string(), "2026-11-21");
/// ```
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "Form", into = "String")]
pub struct Day(pub i32);

/// The JSON form of a date.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a date such as \"2026-11-21\"")]
enum Form {
    Text(String),
}

impl Day {
    /// The civil day of the proleptic Gregorian calendar; `None` if the date does not exist or its
    /// year is not 1 to 9999.
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Option<Self> {
        let date = NaiveDate::from_ymd_opt(year, month, day)?;
        (1..=9999)
            .contains(&year)
            .then(|| Day(date.to_epoch_days()))
    }

    /// As chrono's date; days outside of years 1 to 9999 are clamped.
    pub fn date(self) -> NaiveDate {
        NaiveDate::from_epoch_days(self.0.clamp(-719_162, LAST)).unwrap_or_default()
    }

    /// The day `days` later; `None` after the year 9999, where dates end. A prediction beyond it
    /// has no date.
    ///
    /// ```
    /// use crm_core::Day;
    /// let eve: Day = "9999-12-30".parse().unwrap();
    /// assert_eq!(eve.after(1).map(|day| day.to_string()).as_deref(), Some("9999-12-31"));
    /// assert_eq!(eve.after(2), None);
    /// ```
    pub fn after(self, days: u32) -> Option<Day> {
        let day = self.0.checked_add_unsigned(days)?;
        (day <= LAST).then_some(Day(day))
    }

    /// The day of the week, 0 for Monday.
    pub(crate) fn weekday(self) -> i32 {
        self.date().weekday().num_days_from_monday() as i32
    }

    /// The first day of the period that this day is in.
    pub fn start_of(self, period: Period) -> Day {
        let date = self.date();
        let first = match period {
            Period::Day => Some(date),
            Period::Week => {
                return Day(self.0 - self.weekday());
            }
            Period::Month => date.with_day(1),
            Period::Quarter => date
                .with_day(1)
                .and_then(|d| d.with_month0(d.month0() / 3 * 3)),
            Period::Year => date.with_ordinal(1),
        };
        first.map_or(self, Day::from)
    }

    /// The number of the period of this day; consecutive periods have consecutive numbers.
    pub(crate) fn number(self, period: Period) -> i32 {
        let months = || {
            let date = self.date();
            date.year() * 12 + date.month0() as i32
        };
        match period {
            Period::Day => self.0,
            // Day 0, 1 January 1970, was a Thursday.
            Period::Week => (self.0 + 3).div_euclid(7),
            Period::Month => months(),
            Period::Quarter => months().div_euclid(3),
            Period::Year => self.date().year(),
        }
    }

    /// The first day of the `n`-th period after the one this day is in.
    pub fn plus(self, n: i32, period: Period) -> Day {
        let start = self.start_of(period);
        let months = match period {
            Period::Day => return Day(start.0.saturating_add(n)),
            Period::Week => return Day(start.0.saturating_add(n.saturating_mul(7))),
            Period::Month => n,
            Period::Quarter => n.saturating_mul(3),
            Period::Year => n.saturating_mul(12),
        };
        let date = start.date();
        let month = (date.year() * 12 + date.month0() as i32).saturating_add(months);
        Day::from_ymd(month.div_euclid(12), month.rem_euclid(12) as u32 + 1, 1).unwrap_or(Day(LAST))
    }
}

impl From<NaiveDate> for Day {
    fn from(date: NaiveDate) -> Self {
        Day(date.to_epoch_days())
    }
}

impl std::str::FromStr for Day {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .filter(|d| text.len() == 10 && (1..=9999).contains(&d.year()))
            .map(Day::from)
            .ok_or_else(|| {
                Error::option(
                    "date",
                    format_args!("{text:?}"),
                    "a date such as \"2026-11-21\"",
                )
            })
    }
}

impl TryFrom<Form> for Day {
    type Error = String;

    fn try_from(Form::Text(text): Form) -> Result<Self, String> {
        text.parse()
            .map_err(|_| "not a date such as \"2026-11-21\"".to_owned())
    }
}

impl From<Day> for String {
    fn from(day: Day) -> String {
        day.to_string()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.date();
        write!(
            f,
            "{:04}-{:02}-{:02}",
            date.year(),
            date.month(),
            date.day()
        )
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Day {
    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date" })
    }
}

/// A calendar period. Weeks begin on Monday (ISO 8601).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
#[non_exhaustive]
pub enum Period {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// The last day of each month from that of `from` to that of `to`, both included.
///
/// ```
/// use crm_core::{Day, month_ends};
/// let day = |s: &str| s.parse::<Day>().unwrap();
/// let ends = month_ends(day("2024-01-15"), day("2024-03-01"));
/// assert_eq!(ends, [day("2024-01-31"), day("2024-02-29"), day("2024-03-31")]);
/// ```
pub fn month_ends(from: Day, to: Day) -> Vec<Day> {
    let mut ends = Vec::new();
    let mut month = from.start_of(Period::Month);
    while month <= to {
        let next = month.plus(1, Period::Month);
        if next.start_of(Period::Month) == month {
            ends.push(next); // the calendar ends with December 9999
            break;
        }
        ends.push(Day(next.0 - 1));
        month = next;
    }
    ends
}

/// A length of time: in JSON an integer number of days, or `"30min"`, `"36h"`, `"7d"`, `"2w"`,
/// `"45s"`.
///
/// ```
/// use crm_core::Duration;
/// assert_eq!(Duration::parse("36h").unwrap().micros(), 36 * 3_600_000_000);
/// assert_eq!(Duration::days(7), Duration::parse("7d").unwrap());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(i64);

const UNITS: [(&str, i64); 5] = [
    ("min", 60_000_000),
    ("s", 1_000_000),
    ("h", 3_600_000_000),
    ("d", MICROS_PER_DAY),
    ("w", 7 * MICROS_PER_DAY),
];

impl Duration {
    /// `n` days of 24 hours, at most as many as fit into 64 bits of microseconds.
    pub const fn days(n: u32) -> Self {
        Duration((n as i64).saturating_mul(MICROS_PER_DAY))
    }

    /// `n` minutes.
    pub const fn minutes(n: u32) -> Self {
        Duration(n as i64 * 60_000_000)
    }

    /// Parses a whole number with a unit: `s`, `min`, `h`, `d`, `w`. `None` for other texts.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let (count, unit) = text.split_at(digits);
        let (_, micros) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let micros = count.parse::<i64>().ok()?.checked_mul(*micros)?;
        (micros <= MAX_MICROS - MIN_MICROS).then_some(Duration(micros))
    }

    /// The length in microseconds.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The length in days of 24 hours.
    pub fn as_days(self) -> f64 {
        self.0 as f64 / MICROS_PER_DAY as f64
    }

    /// The length in whole days; `None` if it is not a whole number of days.
    pub const fn whole_days(self) -> Option<i32> {
        if self.0 % MICROS_PER_DAY == 0 {
            Some((self.0 / MICROS_PER_DAY) as i32)
        } else {
            None
        }
    }
}

impl Serialize for Duration {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if let Some(days) = self.whole_days() {
            return to.serialize_i32(days);
        }
        let (unit, micros) = [UNITS[2], UNITS[0], UNITS[1]]
            .into_iter()
            .find(|(_, micros)| self.0 % micros == 0)
            .unwrap_or(UNITS[1]);
        to.collect_str(&format_args!("{}{unit}", self.0 / micros))
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "a number of days or a text such as \"30min\", \"36h\", \"7d\""
        )]
        enum Form {
            Days(u32),
            Text(String),
        }
        match Form::deserialize(from)? {
            Form::Days(n) => Some(Duration::days(n)),
            Form::Text(text) => Duration::parse(&text),
        }
        .filter(|d| d.0 <= MAX_MICROS - MIN_MICROS)
        .ok_or_else(|| {
            serde::de::Error::custom(
                "a number of days or a text such as \"30min\", \"36h\", \"7d\"",
            )
        })
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "anyOf": [
                { "type": "integer", "minimum": 0 },
                { "type": "string", "pattern": "^[0-9]+(s|min|h|d|w)$" }
            ],
            "description": "days, or a text such as \"30min\", \"36h\", \"7d\""
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_longer_than_all_time_is_refused() {
        for days in ["1000000000", "4294967295", "4294967296", "\"1000000000d\""] {
            let problem = serde_json::from_str::<Duration>(days).unwrap_err();
            assert!(
                problem.to_string().contains("a number of days"),
                "{problem}"
            );
        }
    }

    #[test]
    fn periods_begin_where_calendars_say() {
        let day = |s: &str| s.parse::<Day>().unwrap();
        let d = day("2024-08-15"); // a Thursday
        assert_eq!(d.start_of(Period::Week), day("2024-08-12"));
        assert_eq!(d.start_of(Period::Month), day("2024-08-01"));
        assert_eq!(d.start_of(Period::Quarter), day("2024-07-01"));
        assert_eq!(d.start_of(Period::Year), day("2024-01-01"));
        assert_eq!(d.plus(-8, Period::Month), day("2023-12-01"));
        assert_eq!(d.plus(2, Period::Quarter), day("2025-01-01"));
    }

    #[test]
    fn only_whole_iso_dates_of_years_1_to_9999_are_dates() {
        for bad in [
            "2024-1-5",
            "2024-02-30",
            "0000-01-01",
            "10000-01-01",
            "2024-01-01T00:00",
            "",
        ] {
            assert!(bad.parse::<Day>().is_err(), "{bad}");
        }
        assert_eq!("0001-01-01".parse::<Day>().unwrap().0, -719_162);
        assert_eq!("9999-12-31".parse::<Day>().unwrap().0, 2_932_896);
    }

    #[test]
    fn a_list_of_month_ends_has_both_months_and_stops_with_the_calendar() {
        let day = |s: &str| s.parse::<Day>().unwrap();
        let ends = |from: &str, to: &str| {
            let ends = month_ends(day(from), day(to));
            ends.iter().map(Day::to_string).collect::<Vec<_>>()
        };
        let winter = ["2023-11-30", "2023-12-31", "2024-01-31", "2024-02-29"];
        assert_eq!(ends("2023-11-30", "2024-02-01"), winter);
        assert_eq!(ends("2023-11-01", "2024-02-29"), winter);
        assert_eq!(ends("2024-02-29", "2024-02-29"), ["2024-02-29"]);
        assert_eq!(ends("2024-02-10", "2024-02-01"), ["2024-02-29"]);
        assert!(ends("2024-03-01", "2024-02-29").is_empty());
        assert_eq!(
            ends("9999-11-05", "9999-12-31"),
            ["9999-11-30", "9999-12-31"]
        );
    }

    /// Steps of each period, forward and back, compared with the calendar counted day by day.
    #[test]
    fn periods_follow_one_another_without_a_gap() {
        let d = "2024-02-29".parse::<Day>().unwrap();
        for (period, first, length) in [
            (Period::Day, "2024-02-29", 1),
            (Period::Week, "2024-02-26", 7),
            (Period::Month, "2024-02-01", 29),
            (Period::Quarter, "2024-01-01", 91),
            (Period::Year, "2024-01-01", 366),
        ] {
            assert_eq!(d.start_of(period).to_string(), first);
            assert_eq!(d.plus(0, period), d.start_of(period));
            assert_eq!(d.plus(1, period).0 - d.start_of(period).0, length);
            for n in -30..30 {
                let (this, next) = (d.plus(n, period), d.plus(n + 1, period));
                assert!((this.0..next.0).all(|at| Day(at).start_of(period) == this));
                assert_eq!(next.plus(-1, period), this);
            }
            // Beyond the calendar's ends the result is the first or last period.
            assert_eq!(d.plus(i32::MAX, period), d.plus(i32::MAX - 1, period));
        }
    }

    #[test]
    fn days_end_with_the_year_9999() {
        let last = Day(LAST);
        assert_eq!(last.to_string(), "9999-12-31");
        assert_eq!(last.after(0), Some(last));
        assert_eq!(last.after(1), None);
        assert_eq!(Day(LAST - 1).after(1), Some(last));
        assert_eq!(Day(0).after(u32::MAX), None);
    }

    #[test]
    fn durations_are_said_in_their_largest_unit() {
        let minute = 60_000_000;
        for (text, micros, json) in [
            ("45s", 45_000_000, "\"45s\""),
            ("120s", 2 * minute, "\"2min\""),
            ("90min", 90 * minute, "\"90min\""),
            ("120min", 120 * minute, "\"2h\""),
            ("48h", 2 * MICROS_PER_DAY, "2"),
            ("3d", 3 * MICROS_PER_DAY, "3"),
            ("2w", 14 * MICROS_PER_DAY, "14"),
            ("0s", 0, "0"),
        ] {
            let length = Duration::parse(text).unwrap();
            assert_eq!(length.micros(), micros, "{text}");
            assert_eq!(serde_json::to_string(&length).unwrap(), json, "{text}");
            assert_eq!(length.as_days() * MICROS_PER_DAY as f64, micros as f64);
        }
        assert_eq!(Duration::minutes(90), Duration::parse("90min").unwrap());
        assert_eq!(Duration::days(3).whole_days(), Some(3));
        assert_eq!(Duration::parse("25h").unwrap().whole_days(), None);
        for bad in [
            "",
            "s",
            "5",
            "5 s",
            "-5s",
            "5m",
            "5S",
            "1.5h",
            "99999999999999999999d",
        ] {
            assert_eq!(Duration::parse(bad), None, "{bad}");
        }
        // The whole range of time, and a day more.
        let days = (MAX_MICROS - MIN_MICROS) / MICROS_PER_DAY;
        assert!(Duration::parse(&format!("{days}d")).is_some());
        assert!(Duration::parse(&format!("{}d", days + 1)).is_none());
    }

    #[test]
    fn durations_survive_json() {
        for (json, micros) in [
            ("7", 7 * MICROS_PER_DAY),
            ("\"36h\"", 36 * 3_600_000_000),
            ("\"30min\"", 1_800_000_000),
        ] {
            let d: Duration = serde_json::from_str(json).unwrap();
            assert_eq!(d.micros(), micros);
            assert_eq!(serde_json::to_string(&d).unwrap(), json);
        }
        assert!(serde_json::from_str::<Duration>("\"7 days\"").is_err());
        assert!(serde_json::from_str::<Duration>("-1").is_err());
    }
}
