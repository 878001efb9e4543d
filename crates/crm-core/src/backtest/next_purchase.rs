//! Backtest: predictions at earlier dates, compared with the shop's later orders.
//!
//! # Definition
//!
//! At each origin (days `step` apart, the last one `within` or `follow` days before `as_of`) the
//! gap model is fitted to the completed and open gaps up to that day, without anything later
//! ([`rolling_origin`](crate::summary::rolling_origin)). Each customer known then is followed to `as_of`, or for `follow` days. One row
//! per origin and method:
//!
//! | columns | score of | over |
//! |---|---|---|
//! | `mae_days`, `median_error_days` | the predicted date | customers who returned in the follow-up |
//! | `coverage_50`, `_80`, `_90` | central intervals, given return | `model`: all customers, by Kaplan-Meier of the PIT |
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
//! which is the method `model_followed`: the `predicted_date` of [`cycle`](crate::cycle::next_purchase)
//! with `return_within` = the follow-up. Compare rules of thumb with `model_followed`; use `model`
//! to plan with returns at any time. With a long follow-up the two are equal. The coverage of
//! `model_followed` is the share of these returns inside the central intervals given a return
//! within the follow-up, `u = F(T)/F(followed)`, which is unbiased whoever has left. Kaplan-Meier
//! of the PIT (method `model`) assumes that customers without a return at `u` are as likely to
//! return as customers censored before. This does not hold where customers differ in their
//! probability of having left, so that coverage can be too low or too high. Rules of thumb
//! ([`baselines`](crate::cycle::baselines)) have a date and no distribution, so they have no coverage.
//!
//! `seasonality` is that of [`cycle`](crate::cycle::next_purchase) and is used in the predictions. Rows
//! are customers; there is no `per`.
//!
//! At an origin without a repeat customer there is no model and no rule: its rows have counts only.

use super::fields::{EXPECTED_RATE, OBSERVED_RATE, RETURNED};
use super::rolling::{Options, Plan, rolling};
use super::score;
use super::score::Outcomes;
use crate::analysis::Analysis;
use crate::context::{Context, collect, push, room};
use crate::cycle::baselines::{Pooled, Rule};
use crate::cycle::gap_distribution::GapDistribution;
use crate::cycle::predict::{predict, return_days};
use crate::cycle::shop::Shop;
use crate::data::Orders;
use crate::error::Result;
use crate::scope::{At, Occasion};
use crate::summary::rolling_origin::RollingOrigin;
use crate::table::shared::{CUSTOMERS, METHOD, ORIGIN};
use crate::table::{Column, Field, Label, Table, Values, columns, labels};
use crate::time::Day;

const METHODS: &[Label] = labels! {
    "model", "Gap model", "予測モデル";
    "model_followed", "Gap model, given return in the follow-up", "予測モデル（観測期間内）";
    "mean", "Mean gap", "平均間隔";
    "median", "Median gap", "中央値";
    "last_gap", "Last gap", "直前の間隔";
    "fixed", "Same gap for everyone", "全員同一間隔";
    "late_mean", "1.5 × mean gap", "平均間隔×1.5";
    "same_day", "Same day for everyone", "全員同日";
};

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

/// The analysis `backtest`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug)]
pub struct Backtest;

impl Analysis for Backtest {
    const NAME: &'static str = "backtest";
    const SUMMARY: &'static str = "Purchase cycle predictions at earlier dates, compared with actual purchases and simple rules";
    const JA: &'static str = "予測の検証";
    const COLUMNS: &'static [Field] = &columns! {
        ORIGIN;
        METHOD, "The gap model or a rule of thumb.";
        CUSTOMERS, "Customers known on that day.";
        RETURNED, "Those who ordered again in the follow-up.";
        "mae_days": Float, "days", "平均絶対誤差",
            "Mean absolute error of the date, of customers who returned in the follow-up.";
        "median_error_days": Float, "days", "誤差中央値", "Median absolute error of the date, of the same.";
        "coverage_50": Float, "share", "50%区間被覆率",
            "Share of returns inside the central 50 % interval given return.";
        "coverage_80": Float, "share", "80%区間被覆率", "The same at 80 %.";
        "coverage_90": Float, "share", "90%区間被覆率", "The same at 90 %.";
        "log_score": Float, "", "対数スコア",
            "Mean of minus the log probability of the observed return, or of none.";
        "brier": Float, "", "ブライアスコア",
            "Mean squared error of the probability of an order within the horizon.";
        "calibration_slope": Float, "", "較正の傾き", "1 is right; below 1 the probabilities are too extreme.";
        "recalibrated_slope": Float, "", "再較正後の傾き",
            "The same after a logistic recalibration on earlier origins.";
        EXPECTED_RATE, "Mean probability of an order within the horizon.";
        OBSERVED_RATE, "Share with an order within the horizon.";
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
    let mut seen = Seen::new(n)?;
    for &i in shown {
        let Some(distribution) = shop.gap_distribution(i) else {
            break;
        };
        let (elapsed, followed) = (shop.gaps.open_days(i), after.followed(i));
        let bought = after.purchases(i, plan.within) > 0;
        seen.add(
            &distribution,
            (elapsed, followed),
            after.next(i),
            (plan.within, bought),
        );
    }
    let mut by_law = row(0, score::date_error(&seen.dates)?, None);
    let mut by_end = row(1, score::date_error(&seen.in_time)?, None);
    if shop.model.is_some() && n > 0 {
        for (at, half) in HALVES.into_iter().enumerate() {
            let (low, high) = (0.5 - half, 0.5 + half);
            by_law.coverage[at] = score::returner_coverage(&seen.pit, &seen.returned, low, high)?;
            let share = seen.inside[at] as f64 / seen.in_time.len() as f64;
            by_end.coverage[at] = Some(share).filter(|_| !seen.in_time.is_empty());
        }
        by_law.model = Some(seen.scores(n as f64));
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
    Ok(seen.outcomes)
}

/// The predictions for all customers at one origin, and what came.
struct Seen {
    /// Predicted and actual days of customers who returned: of all returns, and given a return within
    /// the follow-up.
    dates: Vec<(u32, u32)>,
    in_time: Vec<(u32, u32)>,
    /// The PIT of each customer's return, or of the end of the follow-up.
    pit: Vec<f64>,
    returned: Vec<bool>,
    /// Returns inside the central intervals, given a return within the follow-up.
    inside: [u64; 3],
    outcomes: Outcomes,
    /// Sums over customers.
    log_score: f64,
    brier: f64,
    expected: f64,
    observed: f64,
}

impl Seen {
    fn new(n: usize) -> Result<Self> {
        Ok(Seen {
            dates: room(n, "backtest")?,
            in_time: room(n, "backtest")?,
            pit: room(n, "backtest")?,
            returned: room(n, "backtest")?,
            inside: [0; 3],
            outcomes: Outcomes::new()?,
            log_score: 0.0,
            brier: 0.0,
            expected: 0.0,
            observed: 0.0,
        })
    }

    /// Adds a customer: days since the last purchase and followed in all, the next purchase, and
    /// whether there was one within the horizon.
    fn add(
        &mut self,
        distribution: &GapDistribution,
        (elapsed, followed): (u32, u32),
        next: Option<u32>,
        (within, bought): (u32, bool),
    ) {
        let prediction = predict(distribution, elapsed, within);
        let beyond = distribution.beyond(f64::from(elapsed) + 0.5);
        if let Some(next) = next {
            // A date more than a century away counts as a century.
            self.dates
                .push((prediction.dates[1].unwrap_or(36_525), next));
            let [in_follow_up] = return_days(distribution, elapsed, followed - elapsed, [0.5]);
            self.in_time.push((in_follow_up.unwrap_or(followed), next));
            // u = F(T)/F(followed)
            let came = |day: f64| 1.0 - beyond.survival(day);
            let u = came(f64::from(next)) / came(f64::from(followed) + 0.5);
            for (inside, half) in self.inside.iter_mut().zip(HALVES) {
                *inside += u64::from((u - 0.5).abs() <= half);
            }
        }
        let y = f64::from(u8::from(bought));
        let p = prediction.probability_within;
        self.outcomes.add(p, bought);
        self.brier += (p - y) * (p - y);
        self.expected += p;
        self.observed += y;
        let until = next.unwrap_or(followed);
        self.pit
            .push((1.0 - beyond.survival(f64::from(until))).clamp(0.0, 1.0));
        self.returned.push(next.is_some());
        // q + (1 − q) S(x), with the probability q of having left
        let silent = |x: f64| beyond.leave() + (1.0 - beyond.leave()) * beyond.survival(x);
        self.log_score += score::log_score(silent, until, next.is_some());
    }

    /// The means over `n` customers.
    fn scores(&self, n: f64) -> Scores {
        Scores {
            log_score: self.log_score / n,
            brier: Some(self.brier / n),
            slope: self.outcomes.calibration().map(|fit| fit.slope),
            recalibrated: None,
            expected: self.expected / n,
            observed: self.observed / n,
        }
    }
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
