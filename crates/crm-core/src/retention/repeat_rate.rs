//! Repeat rate (F2転換率): the share of customers with k purchases who make the next one.
//!
//! # Definition
//!
//! The wait runs from the k-th purchase to the (k+1)-th, `to` = k + 1 (F2 is `to` = 2), or to
//! `as_of` if that has not happened yet. There are three estimators (`method`):
//!
//! ```text
//! kaplan_meier  1 − S(within), over all with a k-th purchase, open waits censored at as_of
//! matured       of customers whose k-th was ≥ within days ago, the share with a wait ≤ within
//! ratio         reach_{k+1} / reach_k, however long ago
//! ```
//!
//! `kaplan_meier` (the default, within 90 days) uses every customer for as long as they were
//! observed. `ratio` is the number that vendors show: it is low for new customers, who have had
//! little time, and rises with the age of the shop. If no customer was observed for `within` days
//! the rate is null. Intervals: Greenwood's on the log-log scale; Wilson's for the other two
//! estimators and where S is 0 or 1.
//!
//! For k ≥ 2 the customers who have reached k depend on the growth of the shop, because slow
//! customers have not reached k yet. `cohort_window` W uses only customers who reached k within W
//! days of their first purchase, among customers whose first purchase is at least W + `within` days
//! ago.
//!
//! A purchase is a day with orders, or an order if `occasion` = order; then a second order on the
//! same day is a repeat after 0 days.

use super::history::{Histories, History};
use super::parameters::whole_days;
use super::shares::share_columns;
use super::waits::{Waits, ended_by};
use crate::analysis::Analysis;
use crate::context::Context;
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::num::Fraction;
use crate::num::ratio::Ratio;
use crate::retention::fields::REPEATED;
use crate::scope::{At, Filter, Occasion};
use crate::table::shared::{CUSTOMERS, REPEAT_RATE, REPEAT_RATE_HIGH, REPEAT_RATE_LOW};
use crate::table::{Column, Field, Table, Values, columns};
use crate::time::Duration;
use crate::words::KindWord;
use serde::{Deserialize, Serialize};

/// Options of [`estimate`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The number of the purchase whose rate is estimated, 2 to 1,000. Default 2.
    pub to: u32,
    /// The time after the previous purchase in which it counts. Not used by `ratio` without
    /// `cohort_window`. Default 90 days.
    pub within: Duration,
    /// The estimator. Default: Kaplan-Meier.
    pub method: Method,
    /// Only customers who made the previous purchase within this time after their first. Default:
    /// all.
    pub cohort_window: Option<Duration>,
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
            within: Duration::days(90),
            method: Method::KaplanMeier,
            cohort_window: None,
            origin: Filter::default(),
            kinds: None,
            confidence: Fraction::P95,
        }
    }
}

/// The estimator of the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// All customers, open waits censored.
    KaplanMeier,
    /// Customers who were observed for the whole time.
    Matured,
    /// All customers, as if all were observed for the whole time.
    Ratio,
}

/// The waits from one purchase to the next.
pub(super) struct Transition {
    /// All waits.
    pub(super) waits: Waits,
    /// Waits that began at least `within` days ago.
    pub(super) matured: Waits,
}

/// The waits for the purchase `to`. With `window`, only customers who made the previous purchase
/// within `window` days of their first, and whose first is at least `window + within` days ago.
pub(super) fn transition(
    histories: &Histories,
    to: u32,
    within: i32,
    window: Option<i32>,
    context: &Context,
) -> Result<Transition> {
    if !(2..=1000).contains(&to) {
        return Err(Error::option("to", to, "2 to 1000"));
    }
    let as_of = histories.as_of();
    let (mut waits, mut matured) = (Waits::default(), Waits::default());
    histories.each(context, |_, history: &mut History| {
        let Some(from) = history.purchases.get(to as usize - 2) else {
            return Ok(());
        };
        if let Some(window) = window {
            let first = history.first_day();
            let followed = i64::from(as_of - first) >= i64::from(window) + i64::from(within);
            if !followed || from.day - first > window {
                return Ok(());
            }
        }
        let next = history.purchases.get(to as usize - 1);
        let days = next.map_or(as_of, |next| next.day) - from.day;
        waits.add(days, next.is_some())?;
        if as_of - from.day >= within {
            matured.add(days, next.is_some())?;
        }
        Ok(())
    })?;
    Ok(Transition { waits, matured })
}

/// Estimates the rate. With Kaplan-Meier the denominator is all customers and the numerator the
/// observed repeats within the time; their quotient is not the share.
///
/// ```
/// use crm_core::{At, Context, Currency, Orders, Zone, retention::repeat_rate};
/// let orders = Orders::builder(Currency::JPY, Zone::UTC)
///     .order("a", "2026-01-01", 3_000)
///     .order("a", "2026-02-01", 5_000)
///     .order("b", "2026-01-10", 1_000)
///     .order("c", "2026-05-01", 1_000) // 30 days ago: at risk only so long
///     .build()?;
/// let at = At::new("2026-05-31".parse()?);
/// let rate = repeat_rate::estimate(&orders, &at, &Default::default(), &Context::default())?;
/// assert_eq!((rate.numerator, rate.denominator), (1, 3));
/// assert_eq!(rate.value, Some(0.5)); // on day 31 two were at risk
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// Options out of range, a filter on a column that does not exist.
pub fn estimate(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Ratio> {
    crate::request::longer_than_zero("within", options.within)?;
    let within = whole_days("within", options.within)?;
    let unread = options.method == Method::Ratio && options.cohort_window.is_none();
    if unread && options.within != Options::default().within {
        let expected =
            "nothing with the method ratio, which looks at all time, without cohort_window";
        return Err(Error::option("within", "", expected));
    }
    let window = match options.cohort_window {
        Some(window) => Some(whole_days("cohort_window", window)?),
        None => None,
    };
    let kinds = options.kinds.as_deref();
    let histories = Histories::new(orders, at, &options.origin, kinds, Occasion::Day, context)?;
    let histories = histories.up_to(options.to);
    let Transition { waits, matured } =
        transition(&histories, options.to, within, window, context)?;
    Ok(match options.method {
        Method::Ratio => Ratio::new(waits.ended(), waits.len(), options.confidence),
        Method::Matured => Ratio::new(
            matured.ended_within(within),
            matured.len(),
            options.confidence,
        ),
        Method::KaplanMeier => {
            let curve = waits.curve(options.confidence)?;
            ended_by(&curve, within, waits.ended_within(within), waits.len())
        }
    })
}

const REPEAT_RATES: [Field; 3] = columns! {
    REPEAT_RATE;
    REPEAT_RATE_LOW;
    REPEAT_RATE_HIGH;
};

/// The analysis `repeat_rate`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct RepeatRate;

impl Analysis for RepeatRate {
    const NAME: &'static str = "repeat_rate";
    const SUMMARY: &'static str =
        "Share of customers with a next purchase within a time, by three named estimators";
    const JA: &'static str = "F2転換率";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMERS, "Customers who made the purchase before.";
        REPEATED, "Customers observed to make the next one (in time, except with ratio).";
        REPEAT_RATES[0];
        REPEAT_RATES[1];
        REPEAT_RATES[2];
    };
    const OCCASION: Option<Occasion> = Some(Occasion::Day);
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let rate = estimate(orders, at, options, context)?;
        let [customers, repeated, ..] = RepeatRate::COLUMNS else {
            return Err(Error::internal("columns of repeat_rate"));
        };
        let mut columns = vec![
            Column::new(customers, Values::I64(vec![rate.denominator as i64].into())),
            Column::new(repeated, Values::I64(vec![rate.numerator as i64].into())),
        ];
        columns.extend(share_columns(&REPEAT_RATES, &[rate])?);
        Ok(Table::new(columns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Currency, Zone};

    fn estimated(options: Options) -> Ratio {
        let orders = Orders::builder(Currency::JPY, Zone::UTC)
            .order("a", "2026-01-01", 1)
            .order("a", "2026-01-31", 1) // 30 days
            .order("a", "2026-02-10", 1)
            .order("b", "2026-01-01", 1)
            .order("b", "2026-05-01", 1) // 120 days
            .order("c", "2026-01-01", 1)
            .order("d", "2026-05-11", 1)
            .order("d", "2026-05-11", 1) // the same day
            .build()
            .unwrap();
        let at = At::new("2026-05-31".parse().unwrap());
        estimate(&orders, &at, &options, &Context::default()).unwrap()
    }

    #[test]
    fn three_estimators_by_hand() {
        let rate = |method| {
            let rate = estimated(Options {
                method,
                ..Options::default()
            });
            (rate.numerator, rate.denominator, rate.value)
        };
        assert_eq!(rate(Method::Ratio), (2, 4, Some(0.5)));
        assert_eq!(rate(Method::Matured), (1, 3, Some(1.0 / 3.0))); // d began 20 days ago
        // d is censored on day 20, then one of three on day 30.
        let (repeated, customers, value) = rate(Method::KaplanMeier);
        assert_eq!((repeated, customers), (1, 4));
        assert!((value.unwrap() - 1.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn nobody_watched_long_enough_is_null() {
        let rate = estimated(Options {
            within: Duration::days(151),
            ..Options::default()
        });
        assert_eq!((rate.value, rate.low, rate.high), (None, None, None));
        let day = estimated(Options {
            within: Duration::days(150), // c, on the day itself
            ..Options::default()
        });
        assert!(day.value.is_some());
    }

    #[test]
    fn a_window_takes_those_who_got_there_in_time() {
        // F3: a reached 2 after 30 days, b after 120; all three have been watched 150 days.
        let f3 = |window| {
            let rate = estimated(Options {
                to: 3,
                within: Duration::days(30),
                cohort_window: window,
                ..Options::default()
            });
            (rate.numerator, rate.denominator)
        };
        assert_eq!(f3(None), (1, 2));
        assert_eq!(f3(Some(Duration::days(119))), (1, 1));
        assert_eq!(f3(Some(Duration::days(120))), (1, 2));
        assert_eq!(f3(Some(Duration::days(121))), (0, 0)); // 121 + 30 > 150
    }
}
