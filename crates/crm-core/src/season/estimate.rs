//! Seasonality (季節指数): by how much each month, weekday and named day changes the demand of existing customers, with
//! intervals, and whether the change is more than chance.
//!
//! # Definition
//!
//! Repeat purchases (days with orders) of each day are compared with what the customers at risk on that day
//! would make without seasons, so that growth is not taken for season (`counts.rs`). The levels of the
//! months of the log are then parted into seasons, trend, drift and chance (`smooth.rs`), and those of the
//! weekdays are shrunk towards their mean in the same way.
//!
//! | `kind` | `key` | `factor` |
//! |---|---|---|
//! | `month` | 1 to 12 | demand of the month ÷ that of a mean month of the year; from 18 months of orders on |
//! | `weekday` | mon to sun | demand of the weekday ÷ that of a mean day of the week; from 8 weeks on |
//! | `event` | the name | demand on the days of this name (`events`) ÷ that of a plain day of the same month and weekday |
//! | `trend` | year | demand a customer, a year later ÷ today; not extrapolated by anything |
//!
//! At most the last 60 months are read, and the first 30 days of a log are not: customers first seen then
//! were customers before.
//!
//! The note `seasonality` is the document that the option of that name of other analyses takes. It holds
//! months where the test against no seasons has p < 0.05 and months left out are predicted better with
//! seasons than without; weekdays where theirs has p < 0.01; named days always. The notes `months` and
//! `weekdays` say why or why not:
//!
//! | word | meaning |
//! |---|---|
//! | `used` | in the document |
//! | `too_short` | less than 18 months (8 weeks) of orders |
//! | `too_few_purchases` | fewer than 50 repeat purchases |
//! | `no_difference` | chance may have made the differences |
//! | `not_better` | months left out are predicted no better |
//!
//! with `months_p` and `weekdays_p`, the chance of such differences without any; `explained`, the share of
//! the variance of months left out that seasons explain; and `unlike`, months that no season explains (a closed shop,
//! a post that went viral), which are left out.
//!
//! # References
//!
//! - Cox, D. R., Lewis, P. A. W. (1966). *The Statistical Analysis of Series of Events*.
//! - Clayton, D., Schifflers, E. (1987). Models for temporal variation in cancer rates II: age, period
//!   and cohort. *Statistics in Medicine* 6.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::counts::{self, Counts, Level};
use super::factors::{MONTH_DAYS, Seasonality, WEEKDAYS, month_of};
use super::local_level::MonthLevel;
use super::smooth;
use crate::analysis::Analysis;
use crate::context::{Context, collect, push};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::num::{Fraction, normal};
use crate::scope::{At, Occasion};
use crate::summary::Gaps;
use crate::table::{Column, Field, Label, Table, Values, columns, labels};
use crate::time::{Day, Period};

/// The least number of months of orders for factors of months.
const MONTHS: usize = 18;
/// The least number of days of orders for factors of weekdays.
const DAYS: usize = 56;
/// The least number of repeat purchases for any factor.
const PURCHASES: u64 = 50;
/// Standard deviation of the logarithm of what named days do, before anything is seen.
const OF_NAMED: f64 = 0.7;

/// Options of the analysis `seasonality`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Names of days, past and to come: `{"2025-11-28": "black_friday", "2026-11-27": "black_friday"}`. Days
    /// of one name share a factor. Default: none.
    pub events: BTreeMap<String, String>,
    /// Level of the intervals. Default 0.8.
    pub interval: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            events: BTreeMap::new(),
            interval: Fraction::P80,
        }
    }
}

/// What moves demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
#[non_exhaustive]
pub enum Kind {
    /// A month of the year.
    Month,
    /// A day of the week.
    Weekday,
    /// Days of a name.
    Event,
    /// The years.
    Trend,
}

const KINDS: &[Label] = labels! {
    "month", "Month", "月";
    "weekday", "Weekday", "曜日";
    "event", "Named day", "行事";
    "trend", "Trend a year", "年間の傾向";
};

/// A factor, and the logarithm's standard deviation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Factor {
    /// What it is of.
    pub kind: Kind,
    /// Which month, weekday or name.
    pub key: String,
    /// The factor.
    pub factor: f64,
    /// Standard deviation of its logarithm.
    pub ln_sd: f64,
}

/// Why factors are used, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// They are in the document.
    Used,
    /// The log is too short.
    TooShort,
    /// Fewer than 50 repeat purchases.
    TooFewPurchases,
    /// Chance may have made the differences.
    NoDifference,
    /// Months left out are predicted no better.
    NotBetter,
}

/// The seasons of a shop.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// All factors that there are data for.
    pub factors: Vec<Factor>,
    /// Those that are more than chance, for predictions.
    pub document: Seasonality,
    /// Why months are in the document or not.
    pub months: Verdict,
    /// Why weekdays are.
    pub weekdays: Verdict,
    /// Chance of such differences of months without any; `None` where nothing was tested.
    pub months_p: Option<f64>,
    /// The same of weekdays.
    pub weekdays_p: Option<f64>,
    /// Share of the variance of months left out that seasons explain.
    pub explained: Option<f64>,
    /// First days of months that no season explains.
    pub unlike: Vec<Day>,
}

/// Finds the seasons of the customers whose gaps these are.
///
/// ```
/// use crm_core::{At, Context, season::estimate, summary::Gaps};
/// # use crm_core::{Currency, Orders, Zone};
/// # let orders = Orders::builder(Currency::JPY, Zone::UTC).order("c1", "2026-01-05", 5_000).build()?;
/// let at = At::new("2026-02-28".parse()?);
/// let gaps = Gaps::new(&orders, &at, &Context::default())?;
/// let found = estimate::estimate(&gaps, &estimate::Options::default(), &Context::default())?;
/// assert_eq!(found.months, estimate::Verdict::TooFewPurchases);
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// Keys of `events` that are no dates, memory, a cancelled context.
pub fn estimate(gaps: &Gaps, options: &Options, context: &Context) -> Result<Estimate> {
    let (days, names) = named_days(&options.events)?;
    let mut found = Estimate {
        factors: Vec::new(),
        document: Seasonality::default(),
        months: Verdict::TooShort,
        weekdays: Verdict::TooShort,
        months_p: None,
        weekdays_p: None,
        explained: None,
        unlike: Vec::new(),
    };
    let Some(counts) = counts::counts(gaps, &days, context)? else {
        return Ok(found);
    };
    if counts.purchases < PURCHASES {
        found.months = Verdict::TooFewPurchases;
        found.weekdays = Verdict::TooFewPurchases;
        return Ok(found);
    }
    found.of_months(&counts)?;
    found.of_weekdays(&counts)?;
    found.of_names(&counts, &days, &names)?;
    Ok(found)
}

/// The number of the name of each day, and the names.
fn named_days(events: &BTreeMap<String, String>) -> Result<(BTreeMap<i32, usize>, Vec<&str>)> {
    let mut names: Vec<&str> = events.values().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let mut days = BTreeMap::new();
    for (key, name) in events {
        let day = key.parse::<Day>().map_err(|_| {
            Error::option(
                "events",
                format_args!("{key:?}"),
                "dates such as \"2026-11-27\" as keys",
            )
        })?;
        if name.is_empty() {
            return Err(Error::option(format!("events.{key}"), "\"\"", "a name"));
        }
        days.insert(
            day.0,
            names.binary_search(&name.as_str()).unwrap_or_default(),
        );
    }
    Ok((days, names))
}

/// The logarithm of a level, and its variance. A month with almost no purchases has no more information than a
/// quarter of those expected would: its own count is too small to be trusted with its own variance.
fn point(level: &Level, dispersion: f64) -> (f64, f64) {
    let value = libm::log((level.count + 0.5) / (level.expected + 0.5));
    let known = level.count.max(0.25 * level.expected) + 0.5;
    (value, dispersion / known)
}

impl Estimate {
    fn add(&mut self, kind: Kind, key: &str, factor: f64, ln_sd: f64) -> Result<()> {
        let key = key.to_owned();
        push(
            &mut self.factors,
            Factor {
                kind,
                key,
                factor,
                ln_sd,
            },
            "seasonality",
        )
    }

    fn of_months(&mut self, counts: &Counts) -> Result<()> {
        if counts.months.len() < MONTHS {
            return Ok(());
        }
        let mut points = Vec::new();
        let mut month = counts.first_month;
        for (at, level) in counts.months.iter().enumerate() {
            let (value, variance) = point(level, 1.0);
            let of_year = month_of(month) - 1;
            push(
                &mut points,
                MonthLevel {
                    at,
                    month: of_year,
                    value,
                    variance,
                },
                "seasonality",
            )?;
            month = month.plus(1, Period::Month);
        }
        let seasons = smooth::seasons(&points)?;
        let share = MONTH_DAYS.map(|d| d / MONTH_DAYS.iter().sum::<f64>());
        let year: f64 = seasons
            .mean
            .iter()
            .zip(share)
            .map(|(m, w)| w * libm::exp(*m))
            .sum();
        for (at, mean) in seasons.mean.iter().enumerate() {
            let sd = libm::sqrt(seasons.covariance[at][at].max(0.0));
            self.add(
                Kind::Month,
                &(at + 1).to_string(),
                libm::exp(*mean) / year,
                sd,
            )?;
        }
        let [trend, sd] = seasons.trend;
        self.add(Kind::Trend, "year", libm::exp(trend), sd)?;
        self.months_p = Some(seasons.p);
        self.explained = Some(seasons.explained);
        self.unlike = collect(
            seasons
                .unlike
                .iter()
                .map(|at| counts.first_month.plus(*at as i32, Period::Month)),
            "seasonality",
        )?;
        self.months = match (seasons.p < 0.05, seasons.gain > 0.0) {
            (false, _) => Verdict::NoDifference,
            (true, false) => Verdict::NotBetter,
            (true, true) => Verdict::Used,
        };
        if self.months == Verdict::Used {
            self.add_to_document(Kind::Month);
        }
        Ok(())
    }

    fn of_weekdays(&mut self, counts: &Counts) -> Result<()> {
        if counts.days < DAYS {
            return Ok(());
        }
        let points = counts
            .weekdays
            .map(|level| point(&level, counts.dispersion));
        let (values, variances): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        let (mean, sd, p) = smooth::shrunk(&values, &variances)?;
        let week = mean.iter().map(|m| libm::exp(*m)).sum::<f64>() / 7.0;
        for ((key, mean), sd) in WEEKDAYS.iter().zip(&mean).zip(&sd) {
            self.add(Kind::Weekday, key, libm::exp(*mean) / week, *sd)?;
        }
        self.weekdays_p = Some(p);
        self.weekdays = if p < 0.01 {
            Verdict::Used
        } else {
            Verdict::NoDifference
        };
        if self.weekdays == Verdict::Used {
            self.add_to_document(Kind::Weekday);
        }
        Ok(())
    }

    fn of_names(
        &mut self,
        counts: &Counts,
        days: &BTreeMap<i32, usize>,
        names: &[&str],
    ) -> Result<()> {
        for (at, name) in names.iter().enumerate() {
            let level = counts.named.get(at).copied().unwrap_or_default();
            let (value, variance) = point(&level, counts.dispersion);
            let share = OF_NAMED * OF_NAMED / (OF_NAMED * OF_NAMED + variance);
            let factor = libm::exp(share * value);
            self.add(Kind::Event, name, factor, libm::sqrt(share * variance))?;
            for (day, _) in days.iter().filter(|(_, name)| **name == at) {
                self.document.0.insert(Day(*day).to_string(), factor);
            }
        }
        Ok(())
    }

    fn add_to_document(&mut self, kind: Kind) {
        let of_kind = self.factors.iter().filter(|one| one.kind == kind);
        self.document
            .0
            .extend(of_kind.map(|one| (one.key.clone(), one.factor)));
    }

    /// What the notes of a table say.
    pub fn notes(&self) -> Value {
        json!({
            "months": self.months,
            "months_p": self.months_p,
            "weekdays": self.weekdays,
            "weekdays_p": self.weekdays_p,
            "explained": self.explained,
            "unlike": self.unlike,
            "seasonality": self.document,
        })
    }
}

/// The analysis `seasonality`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug)]
pub struct EstimateSeasonality;

impl Analysis for EstimateSeasonality {
    const NAME: &'static str = "seasonality";
    const SUMMARY: &'static str =
        "Factors of demand by month, weekday and named day, with intervals and a test";
    const JA: &'static str = "季節指数";
    const COLUMNS: &'static [Field] = &columns! {
        "kind": Category, "", "区分", "What moves demand.";
        "key": Text, "", "対象", "The month, the weekday, the name; `year` for the trend.";
        "factor": Float, "", "指数",
            "Demand ÷ that of a mean month, a mean day of the week, a plain day, a year before.";
        "factor_low": Float, "", "指数(下限)", "Lower end of its interval.";
        "factor_high": Float, "", "指数(上限)", "Upper end of its interval.";
    };
    const SCOPE: &'static [&'static str] = crate::analysis::WITHOUT_OCCASION;
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let at = At {
            occasion: Some(Occasion::Day),
            ..*at
        };
        let gaps = Gaps::new(orders, &at, context)?;
        let mut found = estimate(&gaps, options, context)?;
        found.factors.sort_by_key(|one| one.kind as u8);
        let z = normal::quantile(0.5 + 0.5 * options.interval.get());
        let rows = &found.factors;
        let [kind, key, factor, low, high] = Self::COLUMNS else {
            return Err(Error::internal("columns of seasonality"));
        };
        let floats = |field: &Field, side: f64| {
            let cells = rows
                .iter()
                .map(|row| Some(row.factor * libm::exp(side * z * row.ln_sd)));
            Column::floats(field, cells)
        };
        let texts: Vec<String> = rows.iter().map(|row| row.key.clone()).collect();
        let mut table = Table::new(vec![
            Column::new(
                kind,
                Values::Category {
                    codes: collect(rows.iter().map(|row| row.kind as u8), "table")?,
                    labels: KINDS,
                },
            ),
            Column::new(
                key,
                Values::Text {
                    codes: collect(0..texts.len() as u32, "table")?,
                    texts: Arc::new(texts),
                },
            ),
            floats(factor, 0.0)?,
            floats(low, -1.0)?,
            floats(high, 1.0)?,
        ]);
        if let Value::Object(notes) = found.notes() {
            for (name, note) in notes {
                table = table.with_note(&name, note);
            }
        }
        Ok(table)
    }
}
