//! Backtest: predictions at earlier dates, compared with the shop's later orders.
//!
//! # Definition
//!
//! At each origin (days `step` apart, the last one `within` or `follow` days before `as_of`) the
//! gap model is fitted to the completed and open gaps up to that day, without anything later
//! ([`rolling_origin`]). Each customer known then is followed to `as_of`, or for `follow` days. One row
//! per origin and method:
//!
//! | columns | score of | over |
//! |---|---|---|
//! | `mae_days`, `median_error_days` | the predicted date | customers who returned in the follow-up
//! |
//! | `coverage_50`, `_80`, `_90` | central intervals, given return | `model`: all customers, by
//! Kaplan-Meier of the PIT |
//! | `log_score` | the whole distribution: `−ln` P(observed outcome) | all customers |
//! | `brier`, `calibration_slope`, `expected_rate`, `observed_rate` | P(buy within `within` days) |
//! all customers |
//!
//! Scores are defined in [`score`]. `recalibrated_slope` is the slope after a logistic
//! recalibration estimated from the earlier origins whose horizon has ended:
//! `logit p′ = a + b logit p` with their `a` and `b`, so it is `calibration_slope / b`. It is null
//! at the first origin.
//!
//! # The error of dates among returners
//!
//! All methods are compared on the same customers: those who returned within the follow-up. A
//! predicted date is compared as it is, also beyond the end of the follow-up. This group is
//! selected by the outcome: customers who return later are not in it, so a short follow-up has
//! short waits only and favours early predictions, right or wrong. `predicted_date` (method
//! `model`) is the median of all returns and not optimal for this group. The date with the least
//! expected error in the group is the median **given return within the follow-up**,
//!
//! ```text
//! first day D with  1 − S(D)/S(e) ≥ ½ (1 − S(e + f)/S(e))          f: days followed
//! ```
//!
//! which is the method `model_followed`: the `predicted_date` of [`cycle`](super::next_purchase)
//! with `return_within` = the follow-up. Compare rules of thumb with `model_followed`; use `model`
//! to plan with returns at any time. With a long follow-up the two are equal. The coverage of
//! `model_followed` is the share of these returns inside the central intervals given a return
//! within the follow-up, `u = F(T)/F(followed)`, which is unbiased whoever has left. Kaplan-Meier
//! of the PIT (method `model`) assumes that customers without a return at `u` are as likely to
//! return as customers censored before. This does not hold where customers differ in their
//! probability of having left, so that coverage can be too low or too high. Rules of thumb
//! ([`baselines`](super::baselines)) have a date and no distribution, so they have no coverage.
//!
//! `seasonality` is that of [`cycle`](super::next_purchase) and is used in the predictions. Rows
//! are customers; there is no `per`.
//!
//! At an origin without a repeat customer there is no model and no rule: its rows have counts only.

mod alerts;
mod calibration;

pub use alerts::{BacktestAlerts, Options as AlertOptions};
pub use calibration::BacktestCalibration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::baselines::{Pooled, Rule};
use super::predict::{predict, return_days};
use super::score;
use super::score::Outcomes;
use super::seasonality::Seasonality;
use super::shop::{Shop, View, whole_days};
use crate::analysis::Analysis;
use crate::context::{Context, collect, push, room};
use crate::data::Orders;
use crate::error::Result;
use crate::scope::{At, Occasion};
use crate::summary::rolling_origin::RollingOrigin;
use crate::summary::{Gaps, rolling_origin};
use crate::table::{Column, Field, Label, Table, Values, columns, fields};
use crate::time::{Day, Duration};

/// Options of the analyses `backtest` and `backtest_calibration`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The number of origins, at most; origins before the first order are left out. Default 6.
    pub origins: u32,
    /// Days between origins. Default 30 days.
    pub step: Duration,
    /// Horizon of the probability. Default 30 days.
    pub within: Duration,
    /// How long customers are followed after each origin. Default: none, to `as_of`, at least
    /// `within`.
    pub follow: Option<Duration>,
    /// Factors of the shop's demand by month ("1" to "12") and by date, as for `cycle`; other
    /// factors are 1. Rules of thumb count days. Default: none.
    pub seasonality: Option<Seasonality>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            origins: 6,
            step: Duration::days(30),
            within: Duration::days(30),
            follow: None,
            seasonality: None,
        }
    }
}

/// [`Options`] in days.
#[derive(Clone, Copy)]
struct Plan {
    within: u32,
    follow: Option<u32>,
}

/// Calls `judge` for each origin, ascending, with the shop known then and its follow-up.
fn rolling(
    orders: &Orders,
    at: &At,
    options: &Options,
    context: &Context,
    mut judge: impl FnMut(Day, Plan, &Shop, &RollingOrigin) -> Result<()>,
) -> Result<()> {
    let plan = Plan {
        within: whole_days("within", options.within)?,
        follow: match options.follow {
            Some(follow) => Some(whole_days("follow", follow)?),
            None => None,
        },
    };
    let step = whole_days("step", options.step)?;
    let horizon = plan.follow.unwrap_or(0).max(plan.within);
    let whole = Gaps::new(orders, at, context)?;
    for origin in rolling_origin::origins(&whole, options.origins, step, horizon)? {
        context.check()?;
        let then = At { day: origin, ..*at };
        let view = View {
            seasonality: options.seasonality.as_ref(),
            ..View::default()
        };
        let shop = Shop::new(orders, &then, &view, context)?;
        let after = RollingOrigin::new(orders, &shop.gaps, &whole, plan.follow)?;
        judge(origin, plan, &shop, &after)?;
    }
    Ok(())
}

fields! {
    ORIGIN = "origin", Date, "", "予測時点", "The day predicted from: nothing later is seen.";
}

const METHODS: &[Label] = &[
    Label {
        code: "model",
        en: "Gap model",
        ja: "予測モデル",
    },
    Label {
        code: "model_followed",
        en: "Gap model, given return in the follow-up",
        ja: "予測モデル（観測期間内）",
    },
    Label {
        code: "mean",
        en: "Mean gap",
        ja: "平均間隔",
    },
    Label {
        code: "median",
        en: "Median gap",
        ja: "中央値",
    },
    Label {
        code: "last_gap",
        en: "Last gap",
        ja: "直前の間隔",
    },
    Label {
        code: "fixed",
        en: "Same gap for everyone",
        ja: "全員同一間隔",
    },
    Label {
        code: "late_mean",
        en: "1.5 × mean gap",
        ja: "平均間隔×1.5",
    },
    Label {
        code: "same_day",
        en: "Same day for everyone",
        ja: "全員同日",
    },
];

/// One row of the table.
#[derive(Debug, Clone, Copy)]
struct Row {
    origin: i32,
    method: u8,
    customers: i32,
    returned: i32,
    error: Option<score::DateError>,
    coverage: [Option<f64>; 3],
    model: Option<Scores>,
}

/// The scores that only the model has.
#[derive(Debug, Clone, Copy)]
struct Scores {
    log_score: f64,
    brier: Option<f64>,
    slope: Option<f64>,
    recalibrated: Option<f64>,
    expected: f64,
    observed: f64,
}

/// The analysis.
#[derive(Debug)]
pub struct Backtest;

impl Analysis for Backtest {
    const NAME: &'static str = "backtest";
    const SUMMARY: &'static str = "Purchase cycle predictions at earlier dates, compared with actual purchases and simple rules";
    const JA: &'static str = "予測の検証";
    const COLUMNS: &'static [Field] = &columns! {
        ORIGIN;
        "method": Category, "", "方法", "The gap model or a rule of thumb.";
        "customers": Int, "customers", "顧客数", "Customers known on that day.";
        "returned": Int, "customers", "再購入者数", "Those who ordered again in the follow-up.";
        "mae_days": Float, "days", "平均絶対誤差",
            "Mean absolute error of the date, of customers who returned in the follow-up.";
        "median_error_days": Float, "days", "誤差中央値", "Median absolute error of the date, of the same.";
        "coverage_50": Float, "", "50%区間被覆率",
            "Share of returns inside the central 50 % interval given return.";
        "coverage_80": Float, "", "80%区間被覆率", "The same at 80 %.";
        "coverage_90": Float, "", "90%区間被覆率", "The same at 90 %.";
        "log_score": Float, "", "対数スコア",
            "Mean of minus the log probability of the observed return, or of none.";
        "brier": Float, "", "ブライアスコア",
            "Mean squared error of the probability of an order within the horizon.";
        "calibration_slope": Float, "", "較正の傾き", "1 is right; below 1 the probabilities are too extreme.";
        "recalibrated_slope": Float, "", "再較正後の傾き",
            "The same after a logistic recalibration on earlier origins.";
        "expected_rate": Float, "", "予測購入率", "Mean probability of an order within the horizon.";
        "observed_rate": Float, "", "実購入率", "Share with an order within the horizon.";
    };
    const OCCASION: Option<Occasion> = Some(Occasion::Day);
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let mut rows = Vec::new();
        let mut earlier: Vec<(Day, Outcomes)> = Vec::new();
        rolling(orders, at, options, context, |origin, plan, shop, after| {
            let start = rows.len();
            let outcomes = judge(origin, plan, shop, after, &mut rows)?;
            let mut before = Outcomes::new()?;
            for (day, outcomes) in &earlier {
                if origin.0.abs_diff(day.0) >= plan.within {
                    before.merge(outcomes);
                }
            }
            let b = before.calibration().map(|before| before.slope);
            for scores in rows[start..]
                .iter_mut()
                .filter_map(|row| row.model.as_mut())
            {
                scores.recalibrated = scores.slope.zip(b).map(|(slope, b)| slope / b);
            }
            push(&mut earlier, (origin, outcomes), "backtest")
        })?;
        table(&rows)
    }
}

/// Half widths of the central intervals of 50, 80 and 90 %.
const HALVES: [f64; 3] = [0.25, 0.4, 0.45];

/// Scores all methods at one origin. Returns the probabilities with the outcomes.
fn judge(
    origin: Day,
    plan: Plan,
    shop: &Shop,
    after: &RollingOrigin,
    rows: &mut Vec<Row>,
) -> Result<Outcomes> {
    let (shown, n) = (after.shown(), after.shown().len());
    let row = |method: usize, error, model| Row {
        origin: origin.0,
        method: method as u8,
        customers: n as i32,
        returned: shown.iter().filter(|&&i| after.next(i).is_some()).count() as i32,
        error,
        coverage: [None; 3],
        model,
    };
    let (mut dates, mut in_time) = (room(n, "backtest")?, room(n, "backtest")?);
    let (mut pit, mut returned) = (room(n, "backtest")?, room(n, "backtest")?);
    let mut inside = [0u64; 3];
    let mut outcomes = Outcomes::new()?;
    let [mut log_score, mut brier, mut expected, mut observed] = [0.0; 4];
    for &i in shown {
        let Some(law) = shop.law(i) else { break };
        let (elapsed, followed) = (shop.gaps.open_days(i), after.followed(i));
        let next = after.next(i);
        let prediction = predict(&law, elapsed, plan.within);
        let beyond = law.beyond(f64::from(elapsed) + 0.5);
        if let Some(next) = next {
            // A date more than a century away counts as a century.
            dates.push((prediction.dates[1].unwrap_or(36_525), next));
            let [in_follow_up] = return_days(&law, elapsed, followed - elapsed, [0.5]);
            in_time.push((in_follow_up.unwrap_or(followed), next));
            let came = |day: f64| 1.0 - beyond.survival(day);
            let u = came(f64::from(next)) / came(f64::from(followed) + 0.5);
            for (inside, half) in inside.iter_mut().zip(HALVES) {
                *inside += u64::from((u - 0.5).abs() <= half);
            }
        }
        let bought = after.purchases(i, plan.within) > 0;
        let y = f64::from(u8::from(bought));
        let p = prediction.probability_within;
        outcomes.add(p, bought);
        brier += (p - y) * (p - y);
        expected += p;
        observed += y;
        let until = next.unwrap_or(followed);
        pit.push((1.0 - beyond.survival(f64::from(until))).clamp(0.0, 1.0));
        returned.push(next.is_some());
        let silent = |x: f64| beyond.leave() + (1.0 - beyond.leave()) * beyond.survival(x);
        log_score += score::log_score(silent, until, next.is_some());
    }
    let mut by_law = row(0, score::date_error(&dates)?, None);
    let mut by_end = row(1, score::date_error(&in_time)?, None);
    if shop.model.is_some() && n > 0 {
        for (at, half) in HALVES.into_iter().enumerate() {
            let (low, high) = (0.5 - half, 0.5 + half);
            by_law.coverage[at] = score::returner_coverage(&pit, &returned, low, high)?;
            let share = inside[at] as f64 / in_time.len() as f64;
            by_end.coverage[at] = Some(share).filter(|_| !in_time.is_empty());
        }
        by_law.model = Some(Scores {
            log_score: log_score / n as f64,
            brier: Some(brier / n as f64),
            slope: outcomes.calibration().map(|fit| fit.slope),
            recalibrated: None,
            expected: expected / n as f64,
            observed: observed / n as f64,
        });
    }
    push(rows, by_law, "backtest")?;
    push(rows, by_end, "backtest")?;

    let pooled = Pooled::of(shop.gaps.all())?;
    for (method, rule) in Rule::ALL.into_iter().enumerate() {
        let mut pairs = room(n, "backtest")?;
        for &i in shown {
            if let (Some(next), Some(pooled)) = (after.next(i), pooled) {
                let day = rule.day(shop.gaps.of(i), pooled, shop.gaps.open_days(i));
                pairs.push((day, next));
            }
        }
        let row = row(method + 2, score::date_error(&pairs)?, None);
        push(rows, row, "backtest")?;
    }
    Ok(outcomes)
}

fn table(rows: &[Row]) -> Result<Table> {
    let fields = Backtest::COLUMNS;
    let floats = |at: usize, of: &dyn Fn(&Row) -> Option<f64>| {
        let finite = |row: &Row| of(row).filter(|v| v.is_finite());
        Column::floats(&fields[at], rows.iter().map(finite))
    };
    let scores = |at: usize, of: &dyn Fn(&Scores) -> Option<f64>| {
        floats(at, &|row| row.model.as_ref().and_then(of))
    };
    let ints = |at: usize, of: &dyn Fn(&Row) -> i32| {
        Column::ints(&fields[at], rows.iter().map(|row| Some(of(row))))
    };
    let methods = collect(rows.iter().map(|row| row.method), "table")?;
    Ok(Table::new(vec![
        ints(0, &|row| row.origin)?,
        Column::new(
            &fields[1],
            Values::Category {
                codes: methods,
                labels: METHODS,
            },
        ),
        ints(2, &|row| row.customers)?,
        ints(3, &|row| row.returned)?,
        floats(4, &|row| row.error.map(|error| error.mean))?,
        floats(5, &|row| row.error.map(|error| error.median))?,
        floats(6, &|row| row.coverage[0])?,
        floats(7, &|row| row.coverage[1])?,
        floats(8, &|row| row.coverage[2])?,
        scores(9, &|s| Some(s.log_score))?,
        scores(10, &|s| s.brier)?,
        scores(11, &|s| s.slope)?,
        scores(12, &|s| s.recalibrated)?,
        scores(13, &|s| Some(s.expected))?,
        scores(14, &|s| Some(s.observed))?,
    ]))
}
