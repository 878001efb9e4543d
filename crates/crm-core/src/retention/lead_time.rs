//! Lead times (リードタイム): how many days pass from one purchase to the next.
//!
//! Two tables of the same waits (see [`repeat_rate`](super::repeat_rate)).
//!
//! `lead_times` is a histogram in steps of 30 days, `[0, 30)`, `[30, 60)`, … up to the longest wait
//! that ended:
//!
//! ```text
//! customers        waits that ended in the step
//! share            customers / all waits that ended
//! cumulative_rate  1 − S(end of the step), Kaplan-Meier: of all with the previous purchase, the
//!                  share with the next one by then; null where no customer was observed so long
//! ```
//!
//! `share` counts only customers who came back, so it is biased to short waits; `cumulative_rate`
//! is not biased.
//!
//! `lead_time_quantiles` gives Kaplan-Meier quantiles: the first day by which a given share of all
//! customers with the previous purchase have made the next, with the interval of Brookmeyer and
//! Crowley. The day of a share that is never reached is null.

use super::history::Histories;
use super::parameters::whole_days;
use super::repeat_rate::transition;
use super::shares::share_columns;
use super::waits::{Waits, ended_by};
use crate::analysis::Analysis;
use crate::context::{Context, collect, push};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::num::Fraction;
use crate::num::ratio::Ratio;
use crate::scope::{At, Filter, Occasion};
use crate::table::shared::{CUSTOMERS, SHARE};
use crate::table::{Column, Field, Table, Values, columns};
use crate::time::Duration;
use crate::words::KindWord;
use serde::{Deserialize, Serialize};

/// Options of [`histogram`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The purchase that is waited for, 2 to 1,000. Default 2.
    pub to: u32,
    /// Width of a step. Default 30 days.
    pub step: Duration,
    /// The filter that chooses the origin: a history begins at the first order that it keeps.
    /// Default: the first order.
    pub origin: Filter,
    /// Only orders of these kinds. Default: all that count.
    pub kinds: Option<Vec<KindWord>>,
    /// Confidence of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            to: 2,
            step: Duration::days(30),
            origin: Filter::default(),
            kinds: None,
            confidence: Fraction::P95,
        }
    }
}

/// One step of the histogram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Step {
    /// Its first day.
    pub from_days: i32,
    /// The day after its last.
    pub until_days: i32,
    /// Waits that ended in the step, of all waits that ended.
    pub share: Ratio,
    /// Kaplan-Meier share of customers who have come back by its last day.
    pub cumulative_rate: Ratio,
}

/// The histogram of waits.
///
/// ```
/// use crm_core::{At, Context, Currency, Orders, Zone, retention::lead_time};
/// let orders = Orders::builder(Currency::JPY, Zone::UTC)
///     .order("a", "2026-01-01", 3_000)
///     .order("a", "2026-01-31", 5_000) // after 30 days: in the second step
///     .order("b", "2026-01-10", 1_000)
///     .build()?;
/// let at = At::new("2026-05-31".parse()?);
/// let steps = lead_time::histogram(&orders, &at, &Default::default(), &Context::default())?;
/// assert_eq!(steps.len(), 2);
/// assert_eq!((steps[1].from_days, steps[1].share.numerator), (30, 1));
/// assert_eq!(steps[1].cumulative_rate.value, Some(0.5));
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// Options out of range, a filter on a column that does not exist.
pub fn histogram(
    orders: &Orders,
    at: &At,
    options: &Options,
    context: &Context,
) -> Result<Vec<Step>> {
    let width = whole_days("step", options.step)?;
    if width < 1 {
        return Err(Error::option("step", width, "at least 1 day"));
    }
    let kinds = options.kinds.as_deref();
    let waits = waits(orders, at, options.to, &options.origin, kinds, context)?;
    let curve = waits.curve(options.confidence)?;
    let mut steps = Vec::new();
    let ended = waits.ended();
    let (mut from, mut by_then) = (0, 0);
    while by_then < ended {
        let until = from + width;
        let now = waits.ended_between(from, until);
        by_then += now;
        let step = Step {
            from_days: from,
            until_days: until,
            share: Ratio::new(now, ended, options.confidence),
            cumulative_rate: ended_by(&curve, until - 1, by_then, waits.len()),
        };
        push(&mut steps, step, "lead times")?;
        from = until;
    }
    Ok(steps)
}

/// Options of [`quantiles`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct QuantileOptions {
    /// The last purchase that is waited for, 2 to 1,000. Default 2.
    pub to: u32,
    /// The shares. Default 10 %, 25 %, 50 %, 75 %, 90 %.
    pub quantiles: Vec<Fraction>,
    /// The filter that chooses the origin: a history begins at the first order that it keeps.
    /// Default: the first order.
    pub origin: Filter,
    /// Only orders of these kinds. Default: all that count.
    pub kinds: Option<Vec<KindWord>>,
    /// Confidence of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for QuantileOptions {
    fn default() -> Self {
        let quantiles = [0.1, 0.25, 0.5, 0.75, 0.9];
        QuantileOptions {
            to: 2,
            quantiles: quantiles.into_iter().filter_map(Fraction::new).collect(),
            origin: Filter::default(),
            kinds: None,
            confidence: Fraction::P95,
        }
    }
}

/// One quantile.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantile {
    /// The share.
    pub quantile: f64,
    /// The first day by which this share has come back; `None` if it is never reached.
    pub days: Option<f64>,
    /// Lower end of its interval.
    pub low: Option<f64>,
    /// Upper end of its interval.
    pub high: Option<f64>,
}

/// Kaplan-Meier quantiles of the wait, in the order asked for.
///
/// ```
/// use crm_core::{At, Context, Currency, Orders, Zone, retention::lead_time};
/// let orders = Orders::builder(Currency::JPY, Zone::UTC)
///     .order("a", "2026-01-01", 3_000)
///     .order("a", "2026-01-31", 5_000)
///     .order("b", "2026-01-10", 1_000)
///     .build()?;
/// let at = At::new("2026-05-31".parse()?);
/// let rows = lead_time::quantiles(&orders, &at, &Default::default(), &Context::default())?;
/// assert_eq!((rows[2].days, rows[3].days), (Some(30.0), None)); // half came back, not three quarters
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// Options out of range, a filter on a column that does not exist.
pub fn quantiles(
    orders: &Orders,
    at: &At,
    options: &QuantileOptions,
    context: &Context,
) -> Result<Vec<Quantile>> {
    let kinds = options.kinds.as_deref();
    let waits = waits(orders, at, options.to, &options.origin, kinds, context)?;
    let curve = waits.curve(options.confidence)?;
    let rows = options.quantiles.iter().map(|quantile| {
        let (low, high) = curve.quantile_interval(quantile.get());
        Quantile {
            quantile: quantile.get(),
            days: curve.quantile(quantile.get()),
            low,
            high,
        }
    });
    collect(rows, "lead times")
}

fn waits(
    orders: &Orders,
    at: &At,
    to: u32,
    origin: &Filter,
    kinds: Option<&[KindWord]>,
    context: &Context,
) -> Result<Waits> {
    let histories = Histories::new(orders, at, origin, kinds, Occasion::Day, context)?;
    Ok(transition(&histories.up_to(to), to, 0, None, context)?.waits)
}

const CUMULATIVE_RATE: [Field; 3] = columns! {
    "cumulative_rate": Float, "share", "累積転換率",
        "Kaplan-Meier share with a next purchase by the step's last day.";
    "cumulative_rate_low": Float, "share", "累積転換率(下限)", "Lower end of its interval.";
    "cumulative_rate_high": Float, "share", "累積転換率(上限)", "Upper end of its interval.";
};

/// The register's entry of the histogram.
#[derive(Debug, Clone, Copy)]
pub struct LeadTimes;

impl Analysis for LeadTimes {
    const NAME: &'static str = "lead_times";
    const SUMMARY: &'static str = "Histogram of the days from one purchase to the next";
    const JA: &'static str = "リードタイム";
    const COLUMNS: &'static [Field] = &columns! {
        "from_days": Int, "days", "日数(以上)", "The step's first day.";
        "until_days": Int, "days", "日数(未満)", "The day after the step's last.";
        CUSTOMERS, "Customers with their next purchase in the step.";
        SHARE, "Share of the customers with a next purchase.";
        CUMULATIVE_RATE[0];
        CUMULATIVE_RATE[1];
        CUMULATIVE_RATE[2];
    };
    const OCCASION: Option<Occasion> = Some(Occasion::Day);
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let steps = histogram(orders, at, options, context)?;
        let [from, until, customers, share, ..] = LeadTimes::COLUMNS else {
            return Err(Error::internal("columns of lead_times"));
        };
        let days = |field, of: fn(&Step) -> i32| {
            let cells = collect(steps.iter().map(of), "table")?;
            Ok::<_, Error>(Column::new(field, Values::I32(cells)))
        };
        let counts = collect(steps.iter().map(|s| s.share.numerator as i64), "table")?;
        let mut columns = vec![
            days(from, |s| s.from_days)?,
            days(until, |s| s.until_days)?,
            Column::new(customers, Values::I64(counts.into())),
            Column::floats(share, steps.iter().map(|s| s.share.value))?,
        ];
        let rates = collect(steps.iter().map(|s| s.cumulative_rate), "table")?;
        columns.extend(share_columns(&CUMULATIVE_RATE, &rates)?);
        Ok(Table::new(columns))
    }
}

/// The register's entry of the quantiles.
#[derive(Debug, Clone, Copy)]
pub struct LeadTimeQuantiles;

impl Analysis for LeadTimeQuantiles {
    const NAME: &'static str = "lead_time_quantiles";
    const SUMMARY: &'static str = "Days by which shares of the customers bought again; customers without a next purchase are censored";
    const JA: &'static str = "リードタイム分位点";
    const COLUMNS: &'static [Field] = &columns! {
        "quantile": Float, "share", "割合", "A share of the customers who made the purchase before.";
        "days": Float, "days", "日数", "The first day by which this share had bought again.";
        "days_low": Float, "days", "日数(下限)", "Lower end of its interval.";
        "days_high": Float, "days", "日数(上限)", "Upper end of its interval.";
    };
    const OCCASION: Option<Occasion> = Some(Occasion::Day);
    type Data = Orders;
    type Options = QuantileOptions;

    fn run(
        orders: &Orders,
        at: &At,
        options: &QuantileOptions,
        context: &Context,
    ) -> Result<Table> {
        let rows = quantiles(orders, at, options, context)?;
        let [quantile, days, low, high] = LeadTimeQuantiles::COLUMNS else {
            return Err(Error::internal("columns of lead_time_quantiles"));
        };
        Ok(Table::new(vec![
            Column::floats(quantile, rows.iter().map(|r| Some(r.quantile)))?,
            Column::floats(days, rows.iter().map(|r| r.days))?,
            Column::floats(low, rows.iter().map(|r| r.low))?,
            Column::floats(high, rows.iter().map(|r| r.high))?,
        ]))
    }
}
