//! Backtest: the shop's own past, predicted from the past before it.
//!
//! # Definition
//!
//! At each origin (days `step` apart, the last one `within` days before `as_of`) every customer known
//! by then is seen as they were that day: completed gaps, open gap, nothing later. The gap model is
//! fitted to that, and each customer is followed to `as_of`. One row per origin and method:
//!
//! | columns | of | among |
//! |---|---|---|
//! | `mae_days`, `median_error_days` | the predicted date | those who returned by `as_of` |
//! | `coverage_50`, `_80`, `_90` | central intervals, given return | everybody, by Kaplan-Meier of the PIT |
//! | `brier`, `calibration_slope`, `expected_rate`, `observed_rate` | P(buy within `within` days) | everybody |
//! | `log_score` | the whole law: `−ln` P(what was seen) | everybody |
//! | `flagged`, `precision_rate`, `recall_rate` | the churn_risk level at the origin | flagged; those who did not return |
//!
//! Scores are those of [`score`](super::score). A precise flag is a customer who did not return by
//! `as_of`; short follow-ups flatter precision, so look at the early origins. The rules of thumb
//! ([`baselines`](super::baselines)) have a date only. Who returned by the end of the data did so before it: a date after `as_of`
//! counts as `as_of`, for all methods alike. Short follow-ups still favour short predictions.
//!
//! An origin without a repeat customer has no model: its row has counts only.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::baselines::{Rule, pooled_median};
use super::fit;
use super::gap_model::{History, Model};
use super::predict::{Level, predict};
use super::score;
use super::shop::whole_days;
use crate::analysis::Analysis;
use crate::context::{collect, push, room};
use crate::data::Orders;
use crate::num::ratio::Ratio;
use crate::summary::Gaps;
use crate::table::{Column, Field, Label, Type, Values};
use crate::{Context, Duration, Error, Fraction, Result, Scope, Table};

/// Options of the analysis `backtest`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How many origins. Default 6.
    pub origins: u32,
    /// Days between them. Default 30 days.
    pub step: Duration,
    /// Horizon of the probability, and the least follow-up. Default 30 days.
    pub within: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            origins: 6,
            step: Duration::days(30),
            within: Duration::days(30),
        }
    }
}

const METHODS: &[Label] = &[
    Label {
        code: "model",
        en: "Gap model",
        ja: "予測モデル",
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
        en: "Same for everyone",
        ja: "全員同一",
    },
    Label {
        code: "late_mean",
        en: "1.5 × mean gap",
        ja: "平均間隔×1.5",
    },
];

/// A customer as known at an origin, and what came.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Seen {
    customer: usize,
    /// Completed gaps known.
    known: usize,
    /// Days since the last order known.
    elapsed: u32,
    /// Days from that order to the next, if it came.
    next: Option<u32>,
    /// Days from that order to the end of the data.
    followed: u32,
}

/// Everybody known at the end of `origin`, from gaps up to a later day.
fn seen(gaps: &Gaps, origin: i32) -> Result<Vec<Seen>> {
    let mut all = room(gaps.len(), "backtest")?;
    for customer in 0..gaps.len() {
        let mut last = gaps.first_day[customer];
        if last > origin {
            continue;
        }
        let own = gaps.of(customer);
        let known = own
            .iter()
            .take_while(|gap| match last.checked_add_unsigned(**gap) {
                Some(day) if day <= origin => {
                    last = day;
                    true
                }
                _ => false,
            })
            .count();
        all.push(Seen {
            customer,
            known,
            elapsed: origin.abs_diff(last),
            next: own.get(known).copied(),
            followed: gaps.as_of.0.abs_diff(last),
        });
    }
    Ok(all)
}

/// One row of the table.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    origin: i32,
    method: u8,
    customers: i32,
    returned: i32,
    error: Option<score::DateError>,
    model: Option<Scores>,
}

/// What only the model has.
#[derive(Debug, Clone, Copy)]
struct Scores {
    coverage: [Option<f64>; 3],
    brier: Option<f64>,
    slope: Option<f64>,
    expected: f64,
    observed: f64,
    log_score: f64,
    flagged: i32,
    precision: Ratio,
    recall: Ratio,
}

/// The analysis.
#[derive(Debug)]
pub struct Backtest;

impl Analysis for Backtest {
    const NAME: &'static str = "backtest";
    const SUMMARY: &'static str =
        "Purchase cycle predictions at earlier dates against what came, beside rules of thumb";
    const JA: &'static str = "予測の検証";
    const COLUMNS: &'static [Field] = &[
        Field::new(
            "origin",
            Type::Date,
            "",
            "予測時点",
            "The day predicted from.",
        ),
        Field::new(
            "method",
            Type::Category,
            "",
            "方法",
            "The gap model or a rule of thumb.",
        ),
        Field::new(
            "customers",
            Type::Int,
            "customers",
            "顧客数",
            "Customers known on that day.",
        ),
        Field::new(
            "returned",
            Type::Int,
            "customers",
            "再購入者数",
            "Those who ordered again by as_of.",
        ),
        Field::new(
            "mae_days",
            Type::Float,
            "days",
            "平均絶対誤差",
            "Mean absolute error of the date, of those who returned.",
        ),
        Field::new(
            "median_error_days",
            Type::Float,
            "days",
            "誤差中央値",
            "Median absolute error of the date.",
        ),
        Field::new(
            "coverage_50",
            Type::Float,
            "",
            "50%区間被覆率",
            "Share of returns inside the central 50 % interval.",
        ),
        Field::new(
            "coverage_80",
            Type::Float,
            "",
            "80%区間被覆率",
            "The same at 80 %.",
        ),
        Field::new(
            "coverage_90",
            Type::Float,
            "",
            "90%区間被覆率",
            "The same at 90 %.",
        ),
        Field::new(
            "brier",
            Type::Float,
            "",
            "ブライアスコア",
            "Mean squared error of the probability.",
        ),
        Field::new(
            "calibration_slope",
            Type::Float,
            "",
            "較正の傾き",
            "1 is right; below 1 the probabilities are too extreme.",
        ),
        Field::new(
            "expected_rate",
            Type::Float,
            "",
            "予測購入率",
            "Mean probability of an order within the horizon.",
        ),
        Field::new(
            "observed_rate",
            Type::Float,
            "",
            "実購入率",
            "Share with an order within the horizon.",
        ),
        Field::new(
            "log_score",
            Type::Float,
            "",
            "対数スコア",
            "Mean of minus the log probability of what was seen.",
        ),
        Field::new(
            "flagged",
            Type::Int,
            "customers",
            "通知数",
            "Customers at churn_risk or beyond on that day.",
        ),
        Field::new(
            "precision_rate",
            Type::Float,
            "",
            "適合率",
            "Share of the flagged who did not return by as_of.",
        ),
        Field::new(
            "precision_rate_low",
            Type::Float,
            "",
            "適合率下限",
            "Lower end of its interval.",
        ),
        Field::new(
            "precision_rate_high",
            Type::Float,
            "",
            "適合率上限",
            "Upper end of its interval.",
        ),
        Field::new(
            "recall_rate",
            Type::Float,
            "",
            "再現率",
            "Share of those who did not return who were flagged.",
        ),
        Field::new(
            "recall_rate_low",
            Type::Float,
            "",
            "再現率下限",
            "Lower end of its interval.",
        ),
        Field::new(
            "recall_rate_high",
            Type::Float,
            "",
            "再現率上限",
            "Upper end of its interval.",
        ),
    ];
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, scope: &Scope, options: &Options, context: &Context) -> Result<Table> {
        let within = whole_days("within", options.within)?;
        let step = whole_days("step", options.step)?;
        if !(1..=120).contains(&options.origins) {
            return Err(Error::option("origins", options.origins, "1 to 120"));
        }
        let gaps = Gaps::new(orders, scope, context)?;
        let mut rows = Vec::new();
        for back in (0..options.origins).rev() {
            let days = back.saturating_mul(step).saturating_add(within);
            let Some(origin) = gaps.as_of.0.checked_sub_unsigned(days) else {
                continue;
            };
            context.check()?;
            judge(&gaps, origin, within, &mut rows)?;
        }
        table(&rows)
    }
}

/// All methods at one origin.
fn judge(gaps: &Gaps, origin: i32, within: u32, rows: &mut Vec<Row>) -> Result<()> {
    let seen = seen(gaps, origin)?;
    if seen.is_empty() {
        return Ok(());
    }
    let row = Row {
        origin,
        customers: seen.len() as i32,
        returned: seen.iter().filter(|one| one.next.is_some()).count() as i32,
        ..Row::default()
    };
    let mut histories = room(seen.len(), "backtest")?;
    histories.extend(
        seen.iter()
            .map(|one| History::new(&gaps.of(one.customer)[..one.known])),
    );
    let open = collect(seen.iter().map(|one| one.elapsed), "backtest")?;
    let model = match fit::fit(&histories, &open, &fit::Options::default()) {
        Ok(fit) => {
            let most = histories
                .iter()
                .map(|history| history.gaps)
                .max()
                .unwrap_or(0);
            Some(Model::new(&fit.params, 0..=most)?)
        }
        Err(Error::Insufficient { .. }) => None,
        Err(other) => return Err(other),
    };
    let (error, model) = match &model {
        Some(model) => judge_model(model, &seen, &histories, within)?,
        None => (None, None),
    };
    push(
        rows,
        Row {
            error,
            model,
            ..row
        },
        "backtest",
    )?;

    let mut known_gaps = Vec::new();
    for one in &seen {
        for gap in &gaps.of(one.customer)[..one.known] {
            push(&mut known_gaps, *gap, "backtest")?;
        }
    }
    let pooled = pooled_median(&known_gaps)?;
    for (method, rule) in Rule::ALL.into_iter().enumerate() {
        let mut pairs = room(seen.len(), "backtest")?;
        for one in &seen {
            if let (Some(next), Some(pooled)) = (one.next, pooled) {
                let own = &gaps.of(one.customer)[..one.known];
                pairs.push((rule.day(own, pooled, one.elapsed).min(one.followed), next));
            }
        }
        let error = score::date_error(&pairs)?;
        push(
            rows,
            Row {
                method: method as u8 + 1,
                error,
                ..row
            },
            "backtest",
        )?;
    }
    Ok(())
}

fn judge_model(
    model: &Model,
    seen: &[Seen],
    histories: &[History],
    within: u32,
) -> Result<(Option<score::DateError>, Option<Scores>)> {
    let n = seen.len();
    let (mut dates, mut outcomes) = (room(n, "backtest")?, room(n, "backtest")?);
    let (mut pit, mut returned) = (room(n, "backtest")?, room(n, "backtest")?);
    let mut log_score = 0.0;
    let [mut flagged, mut gone, mut both] = [0u64; 3];
    for (one, history) in seen.iter().zip(histories) {
        let law = model.customer(history);
        let prediction = predict(&law, one.elapsed, within);
        if let (Some(next), Some(day)) = (one.next, prediction.dates[1]) {
            dates.push((day.min(one.followed), next));
        }
        let horizon = one.elapsed.saturating_add(within);
        let bought = one.next.is_some_and(|next| next <= horizon);
        outcomes.push((prediction.probability_within, bought));
        let beyond = law.beyond(f64::from(one.elapsed) + 0.5);
        let until = one.next.unwrap_or(one.followed);
        pit.push((1.0 - beyond.survival(f64::from(until))).clamp(0.0, 1.0));
        returned.push(one.next.is_some());
        let silent = |x: f64| beyond.leave() + (1.0 - beyond.leave()) * beyond.survival(x);
        log_score += score::log_score(silent, until, one.next.is_some());
        let flag = prediction.level >= Level::ChurnRisk;
        flagged += u64::from(flag);
        gone += u64::from(one.next.is_none());
        both += u64::from(flag && one.next.is_none());
    }
    let level = Fraction::new(0.95).ok_or(Error::internal("0.95 is a fraction"))?;
    let mut coverage = [None; 3];
    for (share, half) in coverage.iter_mut().zip([0.25, 0.4, 0.45]) {
        *share = score::returner_coverage(&pit, &returned, 0.5 - half, 0.5 + half)?;
    }
    let calibration = score::calibration(&outcomes);
    let mean = |of: &dyn Fn(&(f64, bool)) -> f64| outcomes.iter().map(of).sum::<f64>() / n as f64;
    let scores = Scores {
        coverage,
        brier: score::brier(&outcomes),
        slope: calibration.map(|fit| fit.slope),
        expected: mean(&|outcome| outcome.0),
        observed: mean(&|outcome| f64::from(u8::from(outcome.1))),
        log_score: log_score / n as f64,
        flagged: flagged as i32,
        precision: Ratio::new(both, flagged, level),
        recall: Ratio::new(both, gone, level),
    };
    Ok((score::date_error(&dates)?, Some(scores)))
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
    let ints = |at: usize, of: &dyn Fn(&Row) -> Option<i32>| {
        Column::ints(&fields[at], rows.iter().map(of))
    };
    let methods = collect(rows.iter().map(|row| row.method), "table")?;
    Ok(Table::new(vec![
        ints(0, &|row| Some(row.origin))?,
        Column::new(
            &fields[1],
            Values::Category {
                codes: methods,
                labels: METHODS,
            },
        ),
        ints(2, &|row| Some(row.customers))?,
        ints(3, &|row| Some(row.returned))?,
        floats(4, &|row| row.error.map(|error| error.mean))?,
        floats(5, &|row| row.error.map(|error| error.median))?,
        scores(6, &|s| s.coverage[0])?,
        scores(7, &|s| s.coverage[1])?,
        scores(8, &|s| s.coverage[2])?,
        scores(9, &|s| s.brier)?,
        scores(10, &|s| s.slope)?,
        scores(11, &|s| Some(s.expected))?,
        scores(12, &|s| Some(s.observed))?,
        scores(13, &|s| Some(s.log_score))?,
        ints(14, &|row| row.model.map(|s| s.flagged))?,
        scores(15, &|s| s.precision.value)?,
        scores(16, &|s| s.precision.low)?,
        scores(17, &|s| s.precision.high)?,
        scores(18, &|s| s.recall.value)?,
        scores(19, &|s| s.recall.low)?,
        scores(20, &|s| s.recall.high)?,
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Currency, Day, Zone};

    /// What is seen at an origin is what an import that ends there would give.
    #[test]
    fn nothing_after_the_origin_is_seen() {
        let days = [
            ("a", vec![0, 30, 35, 90, 140]),
            ("b", vec![50]),
            ("c", vec![20, 80, 81]),
            ("d", vec![120, 130]),
        ];
        let start: Day = "2026-01-01".parse().unwrap();
        let shop = |until: i32| {
            let mut builder = Orders::builder(Currency::JPY, Zone::UTC);
            for (id, own) in &days {
                for day in own.iter().filter(|day| **day <= until) {
                    builder = builder.order(id, &Day(start.0 + day).to_string(), 100);
                }
            }
            builder.build().unwrap()
        };
        let at = |orders: &Orders, day: i32| {
            Gaps::new(
                orders,
                &Scope::as_of(Day(start.0 + day)),
                &Context::default(),
            )
            .unwrap()
        };
        let whole = at(&shop(200), 200);
        for origin in [0, 29, 30, 31, 60, 80, 100, 125, 140, 200] {
            let then = at(&shop(origin), origin);
            let seen = seen(&whole, start.0 + origin).unwrap();
            assert_eq!(seen.len(), then.len(), "{origin}");
            for (i, one) in seen.iter().enumerate() {
                assert_eq!(&whole.of(one.customer)[..one.known], then.of(i), "{origin}");
                assert_eq!(one.elapsed, then.open_days(i), "{origin}");
            }
        }
    }
}
