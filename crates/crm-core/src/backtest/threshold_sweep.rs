//! Threshold sweep: comparison of thresholds between active and churned customers.
//!
//! # Definition
//!
//! The origin is `follow` days before `as_of`; later orders are not used. Each threshold divides
//! the customers into flagged and others; then all are followed to `as_of`.
//!
//! | rule | flagged |
//! |---|---|
//! | `churn_days` | no order for this many days (on the day itself by the scope's `churn_boundary`) |
//! | `overdue_probability` | overdue probability of the gap model at that level or above |
//!
//! | columns | share of |
//! |---|---|
//! | `returned_rate` | flagged customers who returned; the lower, the better the threshold |
//! | `others_returned_rate` | other customers who returned |
//! | `near_rate` | all customers whose flag differs `margin` days earlier or later |
//! | `near_returned_rate` | near customers who returned |
//!
//! Each share has Wilson's interval at 95 %, `_low` to `_high`.
//!
//! A threshold with many customers near it is unstable: they cross it within days, and the number
//! of churned customers depends mostly on the threshold. "Near" assumes no new order: the
//! customer's days without an order are changed by `margin`.
//!
//! `seasonality` is that of [`cycle`](crate::cycle::next_purchase): it affects the overdue probability,
//! not the days without an order. One pass and one fit serve all thresholds; each row equals the
//! result of a request for it alone. Without a repeat customer there is no gap model, and its rows
//! have only the number of customers.

use serde::{Deserialize, Serialize};

use super::fields::{FLAGGED, RETURNED, RULE};
use crate::analysis::Analysis;
use crate::context::{Context, collect, push};
use crate::cycle::predict::overdue_probability;
use crate::cycle::shop::{Shop, View, whole_days};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::num::Fraction;
use crate::num::ratio::Ratio;
use crate::scope::{At, Occasion};
use crate::season::Seasons;
use crate::summary::rolling_origin::RollingOrigin;
use crate::summary::{Gaps, rolling_origin};
use crate::table::shared::{CUSTOMERS, ORIGIN};
use crate::table::{Column, Field, Label, Table, Values, columns, labels};
use crate::time::Duration;

/// Options of the analysis `threshold_sweep`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Days without an order to try. Default 60, 90, 120, 150, 180, 240, 300 and 360.
    pub days: Vec<u32>,
    /// Overdue probabilities to try. Default 0.5, 0.8, 0.9, 0.95 and 0.99.
    pub levels: Vec<f64>,
    /// How long customers are followed. Default 90 days.
    pub follow: Duration,
    /// How many days from the threshold count as near. Default 7 days.
    pub margin: Duration,
    /// Factors of the shop's demand by month ("1" to "12"), weekday ("mon" to "sun") and date; other factors
    /// are 1. Default: "auto", what the analysis `seasonality` finds in the orders up to the date; "none":
    /// time runs evenly.
    pub seasonality: Seasons,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            days: vec![60, 90, 120, 150, 180, 240, 300, 360],
            levels: vec![0.5, 0.8, 0.9, 0.95, 0.99],
            follow: Duration::days(90),
            margin: Duration::days(7),
            seasonality: Seasons::Auto,
        }
    }
}

const RULES: &[Label] = labels! {
    "churn_days", "Days without an order", "未購入日数";
    "overdue_probability", "Overdue probability", "遅延確率";
};

/// Customers on both sides of one threshold.
#[derive(Debug, Clone, Copy, Default)]
struct Sides {
    flagged: u64,
    flagged_returned: u64,
    returned: u64,
    near: u64,
    near_returned: u64,
}

impl Sides {
    /// Counts a customer: whether flagged `margin` days earlier, at the origin, and `margin` days
    /// later.
    fn add(&mut self, flagged: [bool; 3], returned: bool) {
        let near = flagged[0] != flagged[2];
        self.flagged += u64::from(flagged[1]);
        self.flagged_returned += u64::from(flagged[1] && returned);
        self.returned += u64::from(returned);
        self.near += u64::from(near);
        self.near_returned += u64::from(near && returned);
    }
}

#[derive(Debug, Clone, Copy)]
struct Row {
    rule: u8,
    threshold: f64,
    sides: Option<Sides>,
}

impl Options {
    fn check(&self) -> Result<()> {
        if self.days.len() + self.levels.len() > 1000 {
            return Err(Error::option("days", "", "at most 1,000 thresholds"));
        }
        if let Some(level) = self
            .levels
            .iter()
            .find(|level| !(0.0..=1.0).contains(*level))
        {
            return Err(Error::option("levels", level, "probabilities, 0 to 1"));
        }
        Ok(())
    }
}

/// The analysis `threshold_sweep`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug)]
pub struct ThresholdSweep;

impl Analysis for ThresholdSweep {
    const NAME: &'static str = "threshold_sweep";
    const SUMMARY: &'static str = "Thresholds of churn compared: how many customers each flags, and how many of them came back";
    const JA: &'static str = "離脱基準の比較";
    const COLUMNS: &'static [Field] = &columns! {
        ORIGIN, "The day on which the threshold is applied.";
        RULE, "The quantity compared with the threshold.";
        "threshold": Float, "", "閾値", "Days since the last order, or an overdue probability.";
        CUSTOMERS, "Customers known on that day.";
        FLAGGED, "Customers beyond the threshold.";
        RETURNED, "Flagged customers who came back by as_of.";
        "returned_rate": Float, "share", "該当者の再購入率", "Share of the flagged who came back.";
        "returned_rate_low": Float, "share", "同下限", "Lower end of its interval.";
        "returned_rate_high": Float, "share", "同上限", "Upper end of its interval.";
        "others_returned_rate": Float, "share", "非該当者の再購入率", "Share of the other customers who came back.";
        "others_returned_rate_low": Float, "share", "非該当者の再購入率下限", "Lower end of its interval.";
        "others_returned_rate_high": Float, "share", "非該当者の再購入率上限", "Upper end of its interval.";
        "near": Int, "customers", "境界付近の顧客数", "Customers whose days since the last order are within `margin` of the threshold.";
        "near_rate": Float, "share", "境界付近の割合", "The share of `near` among all customers.";
        "near_rate_low": Float, "share", "境界付近の割合下限", "Lower end of its interval.";
        "near_rate_high": Float, "share", "境界付近の割合上限", "Upper end of its interval.";
        "near_returned_rate": Float, "share", "境界付近の再購入率", "Share of `near` who came back.";
        "near_returned_rate_low": Float, "share", "境界付近の再購入率下限", "Lower end of its interval.";
        "near_returned_rate_high": Float, "share", "境界付近の再購入率上限", "Upper end of its interval.";
    };
    const OCCASION: Option<Occasion> = Some(Occasion::Day);
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let follow = whole_days("follow", options.follow)?;
        let margin = whole_days("margin", options.margin)?;
        options.check()?;
        let whole = Gaps::new(orders, at, context)?;
        let Some(&origin) = rolling_origin::origins(&whole, 1, 1, follow)?.first() else {
            return table(0, 0, &[]);
        };
        let then = At { day: origin, ..*at };
        let view = View {
            seasonality: &options.seasonality,
            ..View::OWN
        };
        let shop = Shop::new(orders, &then, &view, context)?;
        let after = RollingOrigin::new(orders, &shop.gaps, &whole, None)?;

        let limit = |&churn_days: &u32| At {
            churn_days: Some(churn_days),
            ..*at
        };
        let limits = collect(options.days.iter().map(limit), "thresholds")?;
        let mut by_days = collect(limits.iter().map(|_| Sides::default()), "thresholds")?;
        let mut by_level = collect(
            options.levels.iter().map(|_| Sides::default()),
            "thresholds",
        )?;
        for (at, &i) in after.shown().iter().enumerate() {
            if at % Context::BLOCK == 0 {
                context.check()?;
            }
            let silent = shop.gaps.open_days(i);
            let moments = [
                silent.saturating_sub(margin),
                silent,
                silent.saturating_add(margin),
            ];
            let returned = after.next(i).is_some();
            for (sides, limit) in by_days.iter_mut().zip(&limits) {
                let churned = |days: u32| limit.is_churned(days.min(i32::MAX as u32) as i32);
                sides.add(moments.map(churned), returned);
            }
            if let Some(distribution) = shop.gap_distribution(i).filter(|_| !by_level.is_empty()) {
                let overdue = moments.map(|days| overdue_probability(&distribution, days));
                for (sides, level) in by_level.iter_mut().zip(&options.levels) {
                    sides.add(overdue.map(|overdue| overdue >= *level), returned);
                }
            }
        }
        let days = options.days.iter().map(|days| f64::from(*days));
        let days = days.zip(by_days.into_iter().map(Some));
        let of_level = |sides| shop.model.as_ref().map(|_| sides);
        let levels = options.levels.iter().copied();
        let levels = levels.zip(by_level.into_iter().map(of_level));
        let mut rows = Vec::new();
        for (rule, (threshold, sides)) in days.map(|row| (0, row)).chain(levels.map(|row| (1, row)))
        {
            let row = Row {
                rule,
                threshold,
                sides,
            };
            push(&mut rows, row, "thresholds")?;
        }
        table(origin.0, after.shown().len() as u64, &rows)
    }
}

fn table(origin: i32, customers: u64, rows: &[Row]) -> Result<Table> {
    let fields = ThresholdSweep::COLUMNS;
    let level = Fraction::P95;
    let ints = |at: usize, of: &dyn Fn(&Sides) -> u64| {
        let cell = |row: &Row| row.sides.as_ref().map(|sides| of(sides) as i32);
        Column::ints(&fields[at], rows.iter().map(cell))
    };
    // A share and both ends of its interval.
    let rates = |at: usize, of: &dyn Fn(&Sides) -> Ratio| {
        let end = |at: usize, end: fn(&Ratio) -> Option<f64>| {
            let cell = |row: &Row| row.sides.as_ref().and_then(|sides| end(&of(sides)));
            Column::floats(&fields[at], rows.iter().map(cell))
        };
        Ok::<_, Error>([
            end(at, |ratio| ratio.value)?,
            end(at + 1, |ratio| ratio.low)?,
            end(at + 2, |ratio| ratio.high)?,
        ])
    };
    let flagged = |s: &Sides| Ratio::new(s.flagged_returned, s.flagged, level);
    let others = |s: &Sides| {
        let returned = s.returned - s.flagged_returned;
        Ratio::new(returned, customers - s.flagged, level)
    };
    let near = |s: &Sides| Ratio::new(s.near, customers, level);
    let near_returned = |s: &Sides| Ratio::new(s.near_returned, s.near, level);
    let mut columns = vec![
        Column::ints(&fields[0], rows.iter().map(|_| Some(origin)))?,
        Column::new(
            &fields[1],
            Values::Category {
                codes: collect(rows.iter().map(|row| row.rule), "table")?,
                labels: RULES,
            },
        ),
        Column::floats(&fields[2], rows.iter().map(|row| Some(row.threshold)))?,
        Column::ints(&fields[3], rows.iter().map(|_| Some(customers as i32)))?,
        ints(4, &|s| s.flagged)?,
        ints(5, &|s| s.flagged_returned)?,
    ];
    columns.extend(rates(6, &flagged)?);
    columns.extend(rates(9, &others)?);
    columns.push(ints(12, &|s| s.near)?);
    columns.extend(rates(13, &near)?);
    columns.extend(rates(16, &near_returned)?);
    Ok(Table::new(columns))
}
