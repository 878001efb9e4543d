//! Backtest of alerts: precision and recall of rules that flag customers who are about to leave.
//!
//! # Definition
//!
//! At each origin of [`backtest`](super::next_purchase) a rule flags customers. **Gone** means without an order in
//! the follow-up: to `as_of`, or for `follow` days. A short follow-up counts late returners as
//! gone, which raises precision, so look at the early origins.
//!
//! | rule | flags |
//! |---|---|
//! | `due`, `late`, `churn_risk`, `lost` | customers at this level of the gap model or above |
//! | `late_mean` | customers without an order for more than 1.5 × their mean gap (without a gap: the pooled median) |
//! | `churn_days` | customers churned by the scope's `churn_days` |
//! | `top_left` | the `k` customers with the greatest probability of having left, by the gap model |
//! | `top_silence` | the `k` customers with the most days since the last order |
//! | `top_silence_ratio` | the `k` customers with the greatest days since the last order / mean gap |
//!
//! ```text
//! precision    share gone among flagged      recall    share flagged among gone
//! false alarm  share flagged among customers who returned
//! lead         median of (day of churn by churn_days − day of the alert), over flagged customers who are gone
//! ```
//!
//! Both days of the lead are fixed at the last order, so the lead is known for every flagged
//! customer; a positive lead means that the alert was earlier. Ties at the `k`-th place go to the
//! smaller ids.

use super::fields::{FLAGGED, RULE};
use crate::table::shared::{CUSTOMERS, ORIGIN};
use serde::{Deserialize, Serialize};

use super::rolling::{self, rolling};
use crate::analysis::Analysis;
use crate::context::{Context, collect, filled, push, room};
use crate::cycle::baselines::{Pooled, Rule};
use crate::cycle::predict::{Level, THRESHOLDS, alert_days};
use crate::cycle::shop::Shop;
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::num::Fraction;
use crate::num::ratio::Ratio;
use crate::scope::{At, Occasion};
use crate::season::Seasons;
use crate::summary::rolling_origin::RollingOrigin;
use crate::table::{Column, Field, Label, Table, Values, columns, labels};
use crate::time::Duration;

/// Options of the analysis `backtest_alerts`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The number of origins, at most; origins before the first order are left out. Default 6.
    pub origins: u32,
    /// Days between origins. Default 30 days.
    pub step: Duration,
    /// How long customers are followed after each origin. Default: none, to `as_of`, at least 30
    /// days.
    pub follow: Option<Duration>,
    /// Lengths of the lists that are cut at k. Default 10, 100 and 1000.
    pub k: Vec<u32>,
    /// Factors of the shop's demand by month ("1" to "12"), weekday ("mon" to "sun") and date; other factors
    /// are 1. Default: "auto", what the analysis `seasonality` finds in the orders up to the date; "none":
    /// time runs evenly.
    pub seasonality: Seasons,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            origins: 6,
            step: Duration::days(30),
            follow: None,
            k: vec![10, 100, 1000],
            seasonality: Seasons::Auto,
        }
    }
}

const DUE: Label = Level::Due.label();
const LATE: Label = Level::Late.label();
const CHURN_RISK: Label = Level::ChurnRisk.label();
const LOST: Label = Level::Lost.label();

const RULES: &[Label] = labels! {
    DUE;
    LATE;
    CHURN_RISK;
    LOST;
    "late_mean", "Over 1.5 × mean gap", "平均間隔×1.5超";
    "churn_days", "Churned by days", "日数による離脱";
    "top_left", "Most likely to have left", "離脱確率上位";
    "top_silence", "Longest time without an order", "未購入日数上位";
    "top_silence_ratio", "Longest time without an order, in mean gaps", "未購入日数/平均間隔上位";
};

/// The number of rules with a date per customer: the first six.
const DATED: usize = 6;
const LISTS: usize = 3;

/// The analysis `backtest_alerts`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug)]
pub struct BacktestAlerts;

#[derive(Debug, Clone, Copy)]
struct Row {
    origin: i32,
    rule: u8,
    k: Option<i32>,
    customers: i32,
    precision: Ratio,
    recall: Ratio,
    false_alarm: Ratio,
    lead: Option<f64>,
}

impl Analysis for BacktestAlerts {
    const NAME: &'static str = "backtest_alerts";
    const SUMMARY: &'static str = "Alerts at earlier dates, compared with the customers who did not come back and with simpler rules";
    const JA: &'static str = "離脱通知の検証";
    const COLUMNS: &'static [Field] = &columns! {
        ORIGIN;
        RULE;
        "k": Int, "customers", "件数上限", "Number of customers of a rule that flags the first k; null for other rules.";
        CUSTOMERS, "Customers known on that day.";
        "gone": Int, "customers", "離脱者数", "Customers without an order in the follow-up.";
        FLAGGED, "Customers flagged by the rule on that day.";
        "precision_rate": Float, "share", "適合率", "Share of the flagged who are gone.";
        "precision_rate_low": Float, "share", "適合率下限", "Lower end of its interval.";
        "precision_rate_high": Float, "share", "適合率上限", "Upper end of its interval.";
        "recall_rate": Float, "share", "再現率", "Share of the gone who are flagged.";
        "recall_rate_low": Float, "share", "再現率下限", "Lower end of its interval.";
        "recall_rate_high": Float, "share", "再現率上限", "Upper end of its interval.";
        "false_alarm_rate": Float, "share", "誤通知率", "Share of the returned customers that were flagged.";
        "false_alarm_rate_low": Float, "share", "誤通知率下限", "Lower end of its interval.";
        "false_alarm_rate_high": Float, "share", "誤通知率上限", "Upper end of its interval.";
        "lead_days": Float, "days", "先行日数",
            "Median days by which true alerts come before churn_days are over; null for lists.";
    };
    const OCCASION: Option<Occasion> = Some(Occasion::Day);
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        if options.k.is_empty() || options.k.contains(&0) || options.k.len() > 100 {
            return Err(Error::option("k", "", "1 to 100 numbers of at least 1"));
        }
        let dates = rolling::Options {
            origins: options.origins,
            step: options.step,
            follow: options.follow,
            seasonality: options.seasonality.clone(),
            ..rolling::Options::default()
        };
        let mut rows = Vec::new();
        rolling(orders, at, &dates, context, |origin, _, shop, after| {
            let mut judge = Judge::new(shop, after)?;
            judge.dated(at)?;
            judge.lists(&options.k)?;
            for mut row in judge.rows {
                row.origin = origin.0;
                push(&mut rows, row, "backtest")?;
            }
            Ok(())
        })?;
        table(&rows)
    }
}

/// The rules at one origin.
struct Judge<'a> {
    shop: &'a Shop,
    shown: &'a [usize],
    /// Whether each shown customer is gone.
    gone: Vec<bool>,
    left: u64,
    level: Fraction,
    pooled: Option<Pooled>,
    rows: Vec<Row>,
}

impl<'a> Judge<'a> {
    fn new(shop: &'a Shop, after: &'a RollingOrigin) -> Result<Self> {
        let shown = after.shown();
        let gone = shown.iter().map(|&i| after.next(i).is_none());
        let gone = collect(gone, "backtest")?;
        Ok(Self {
            shop,
            shown,
            left: gone.iter().filter(|gone| **gone).count() as u64,
            gone,
            level: Fraction::P95,
            pooled: Pooled::of(shop.gaps.all())?,
            rows: Vec::new(),
        })
    }

    fn row(&mut self, rule: usize, k: Option<u32>, both: u64, flagged: u64) -> Result<&mut Row> {
        let customers = self.gone.len() as u64;
        let row = Row {
            origin: 0,
            rule: rule as u8,
            k: k.map(|k| k.min(i32::MAX as u32) as i32),
            customers: customers as i32,
            precision: Ratio::new(both, flagged, self.level),
            recall: Ratio::new(both, self.left, self.level),
            false_alarm: Ratio::new(flagged - both, customers - self.left, self.level),
            lead: None,
        };
        push(&mut self.rows, row, "backtest")?;
        self.rows
            .last_mut()
            .ok_or(Error::internal("a row was pushed"))
    }

    /// The rules with a date after each last order.
    fn dated(&mut self, at: &At) -> Result<()> {
        let n = self.gone.len();
        // The day of the scope's rule: the first day after the last order on which a customer is
        // churned.
        let churn = at.days_until_churn(0).unwrap_or(0);
        let [mut flagged, mut both] = [[0u64; DATED]; 2];
        let mut leads: [Vec<i32>; DATED] = Default::default();
        for leads in &mut leads {
            *leads = room(n, "backtest")?;
        }
        for (at, &i) in self.shown.iter().enumerate() {
            let elapsed = self.shop.gaps.open_days(i);
            let mut days = [None; DATED];
            if let Some(distribution) = self.shop.gap_distribution(i) {
                days[..THRESHOLDS.len()].copy_from_slice(&alert_days(&distribution, THRESHOLDS));
            }
            // The day after the rule's date: more than 1.5 × the mean.
            let mean_day = |pooled| Rule::LateMean.day(self.shop.gaps.of(i), pooled, 0) + 1;
            days[4] = self.pooled.map(mean_day);
            days[5] = Some(churn as u32);
            for (rule, day) in days.into_iter().enumerate() {
                let Some(day) = day.filter(|day| elapsed >= *day) else {
                    continue;
                };
                flagged[rule] += 1;
                if self.gone[at] {
                    both[rule] += 1;
                    leads[rule].push(churn.saturating_sub_unsigned(day));
                }
            }
        }
        for (rule, mut leads) in leads.into_iter().enumerate() {
            leads.sort_unstable();
            let row = self.row(rule, None, both[rule], flagged[rule])?;
            let half = leads.len() / 2;
            row.lead = leads.get(half).map(|&upper| match leads.len() % 2 {
                1 => f64::from(upper),
                _ => 0.5 * (f64::from(upper) + f64::from(leads[half - 1])),
            });
        }
        Ok(())
    }

    /// Lists that are cut at each `k`.
    fn lists(&mut self, cuts: &[u32]) -> Result<()> {
        let n = self.gone.len();
        for list in 0..LISTS {
            let mut ranked = room(n, "backtest")?;
            for (at, &i) in self.shown.iter().enumerate() {
                let elapsed = f64::from(self.shop.gaps.open_days(i));
                let score = match list {
                    0 => match self.shop.gap_distribution(i) {
                        Some(distribution) => distribution.beyond(elapsed + 0.5).leave(),
                        None => break,
                    },
                    1 => elapsed,
                    _ => match (self.shop.gaps.of(i), self.pooled) {
                        ([], None) => break,
                        ([], Some(pooled)) => elapsed / pooled.median,
                        (own, _) => {
                            elapsed * own.len() as f64 / self.shop.histories[i].sum.max(1.0)
                        }
                    },
                };
                ranked.push((score, at));
            }
            ranked.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            // For each length, how many of the first customers are gone.
            let mut gone = filled(ranked.len() + 1, 0u64, "backtest")?;
            for (place, (_, at)) in ranked.iter().enumerate() {
                gone[place + 1] = gone[place] + u64::from(self.gone[*at]);
            }
            for &k in cuts {
                let flagged = ranked.len().min(k as usize);
                self.row(DATED + list, Some(k), gone[flagged], flagged as u64)?;
            }
        }
        Ok(())
    }
}

fn table(rows: &[Row]) -> Result<Table> {
    let fields = BacktestAlerts::COLUMNS;
    let floats = |at: usize, of: &dyn Fn(&Row) -> Option<f64>| {
        Column::floats(&fields[at], rows.iter().map(of))
    };
    let ints = |at: usize, of: &dyn Fn(&Row) -> Option<i32>| {
        Column::ints(&fields[at], rows.iter().map(of))
    };
    Ok(Table::new(vec![
        ints(0, &|row| Some(row.origin))?,
        Column::new(
            &fields[1],
            Values::Category {
                codes: collect(rows.iter().map(|row| row.rule), "table")?,
                labels: RULES,
            },
        ),
        ints(2, &|row| row.k)?,
        ints(3, &|row| Some(row.customers))?,
        ints(4, &|row| Some(row.recall.denominator as i32))?,
        ints(5, &|row| Some(row.precision.denominator as i32))?,
        floats(6, &|row| row.precision.value)?,
        floats(7, &|row| row.precision.low)?,
        floats(8, &|row| row.precision.high)?,
        floats(9, &|row| row.recall.value)?,
        floats(10, &|row| row.recall.low)?,
        floats(11, &|row| row.recall.high)?,
        floats(12, &|row| row.false_alarm.value)?,
        floats(13, &|row| row.false_alarm.low)?,
        floats(14, &|row| row.false_alarm.high)?,
        floats(15, &|row| row.lead)?,
    ]))
}
