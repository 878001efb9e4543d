//! Gaps of the whole shop: the Kaplan-Meier curve, and Weibull and log-normal distributions.
//!
//! # Definition
//!
//! A row of the estimate is a gap: completed gaps are events, the open gap of every customer is
//! censored at `as_of`. The curve is `S(t)`, the share of gaps longer than t days
//! ([`crate::num::survival`]); the distributions are fitted to the same rows
//! ([`crate::num::lifetime`]).
//!
//! - **Weights.** Pooled gaps are dominated by frequent buyers. By default each customer has weight
//!   1, shared among their gaps, the open gap included; with `weight: "gap"` each gap has weight 1.
//! - Intervals are clustered by customer, because gaps of one customer are similar.
//! - With `customers` only gaps of these customers count.
//! - `gap: 1` keeps the first gap of each customer only (first to second purchase), 2 the second.
//! - Customers who have left never return, so S does not go to 0. The distributions go to 0 and
//!   take them for slow buyers. The gap model of [`fit`](super::fit) distinguishes the two.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::analysis::Analysis;
use crate::context::{Context, collect, room};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::num::lifetime::{Family, Status};
use crate::num::survival::{Curve, Subject};
use crate::num::{Fraction, lifetime, survival};
use crate::scope::{At, Occasion};
use crate::summary::Gaps;
use crate::table::{Column, Field, Label, Table, Values, columns, fields};

/// What has weight 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Each customer.
    Customer,
    /// Each gap.
    Gap,
}

/// Options of the analyses `kaplan_meier` and `gap_fits`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// What has weight 1. Default: each customer.
    pub weight: Weight,
    /// Only the gap of this number; 1 is from the first to the second purchase. Default: all.
    pub gap: Option<std::num::NonZeroU32>,
    /// Confidence level of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        // `Fraction::new(0.95)` is always valid.
        let confidence = Fraction::new(0.95).or_else(|| Fraction::new(0.5));
        Options {
            weight: Weight::Customer,
            gap: None,
            confidence: confidence.expect("0.95 is strictly between 0 and 1"),
        }
    }
}

/// The gaps of each customer who has one of at least `least` days: an open gap of 0 days has no
/// information on a distribution.
fn subjects<'a>(
    orders: &'a Orders,
    gaps: &'a Gaps,
    options: Options,
    least: u32,
) -> impl Iterator<Item = Subject<'a>> {
    let shown = (0..gaps.len()).filter(|&i| orders.shows(gaps.customer[i]));
    shown.filter_map(move |i| {
        let done = gaps.of(i);
        let (ended, open) = match options.gap {
            None => (done, true),
            Some(only) => {
                let at = only.get() as usize - 1;
                (done.get(at..=at).unwrap_or_default(), at == done.len())
            }
        };
        // An open gap shares the weight, however short it is.
        let rows = ended.len() + usize::from(open);
        let open = Some(gaps.open_days(i)).filter(|days| open && *days >= least);
        let weight = match options.weight {
            Weight::Customer => 1.0 / rows as f64,
            Weight::Gap => 1.0,
        };
        (!ended.is_empty() || open.is_some()).then_some(Subject {
            ended,
            open,
            weight,
        })
    })
}

fields! {
    pub(super) AT_RISK = "at_risk", Float, "", "対象数", "Weight of the gaps of at least this length.";
    pub(super) SURVIVAL = "survival_rate", Float, "", "残存率", "Share of gaps longer than this.";
    pub(super) SURVIVAL_LOW = "survival_rate_low", Float, "", "残存率下限", "Lower end of its interval.";
    pub(super) SURVIVAL_HIGH = "survival_rate_high", Float, "", "残存率上限", "Upper end of its interval.";
}

/// The columns of a curve: its durations and five values.
pub(super) fn columns_of(fields: &[Field], times: Column, curve: &Curve) -> Result<Vec<Column>> {
    let [_, at_risk, events, rate, low, high] = fields else {
        return Err(Error::internal("columns of a curve"));
    };
    let mut ends = room(curve.times.len(), "table")?;
    ends.extend((0..curve.times.len()).map(|step| curve.interval(step)));
    let floats =
        |field: &Field, values: &[f64]| Column::floats(field, values.iter().map(|v| Some(*v)));
    Ok(vec![
        times,
        floats(at_risk, &curve.at_risk)?,
        floats(events, &curve.events)?,
        floats(rate, &curve.survival)?,
        Column::floats(low, ends.iter().map(|end| Some(end.0)))?,
        Column::floats(high, ends.iter().map(|end| Some(end.1)))?,
    ])
}

/// For the notes: five quantiles with their durations, null if the curve does not fall that far.
pub(super) fn quantiles(curve: &Curve) -> Value {
    json!([0.1, 0.25, 0.5, 0.75, 0.9].map(|q| json!([q, curve.quantile(q)])))
}

/// The analysis `kaplan_meier`.
#[derive(Debug)]
pub struct KaplanMeier;

impl Analysis for KaplanMeier {
    const NAME: &'static str = "kaplan_meier";
    const SUMMARY: &'static str = "Share of purchase gaps longer than t days, open gaps censored";
    const JA: &'static str = "購入間隔の生存曲線";
    const COLUMNS: &'static [Field] = &columns! {
        "days": Int, "days", "経過日数", "Days since a purchase.";
        AT_RISK;
        "events": Float, "", "購入数", "Weight of the gaps that ended on this day.";
        SURVIVAL;
        SURVIVAL_LOW;
        SURVIVAL_HIGH;
    };
    const OCCASION: Option<Occasion> = Some(Occasion::Day);
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let gaps = Gaps::new(orders, at, context)?;
        let subjects = || subjects(orders, &gaps, *options, 0);
        let curve = survival::by_subject(subjects, options.confidence, context)?;
        let days = curve.times.iter().map(|t| Some(*t as i32));
        let days = Column::ints(&Self::COLUMNS[0], days)?;
        let table = Table::new(columns_of(Self::COLUMNS, days, &curve)?);
        let shown = gaps.customer.iter().filter(|code| orders.shows(**code));
        Ok(table
            .with_note("quantiles", quantiles(&curve))
            .with_note("customers", json!(shown.count())))
    }
}

const FAMILIES: &[Label] = &[
    Label {
        code: "weibull",
        en: "Weibull",
        ja: "ワイブル分布",
    },
    Label {
        code: "log_normal",
        en: "Log-normal",
        ja: "対数正規分布",
    },
];
const PARAMETERS: &[Label] = &[
    Label {
        code: "scale",
        en: "Scale",
        ja: "尺度",
    },
    Label {
        code: "shape",
        en: "Shape",
        ja: "形状",
    },
    Label {
        code: "mu",
        en: "Mean of log",
        ja: "対数平均",
    },
    Label {
        code: "sigma",
        en: "SD of log",
        ja: "対数標準偏差",
    },
];
const STATUSES: &[Label] = &[
    Label {
        code: "converged",
        en: "Converged",
        ja: "収束",
    },
    Label {
        code: "boundary",
        en: "At a boundary",
        ja: "境界",
    },
    Label {
        code: "stalled",
        en: "Stalled",
        ja: "未収束",
    },
];

/// The analysis `gap_fits`.
#[derive(Debug)]
pub struct GapFits;

impl Analysis for GapFits {
    const NAME: &'static str = "gap_fits";
    const SUMMARY: &'static str =
        "Weibull and log-normal distributions of the purchase gaps, open gaps censored";
    const JA: &'static str = "購入間隔の分布";
    const COLUMNS: &'static [Field] = &columns! {
        "family": Category, "", "分布", "The family of distributions.";
        "parameter": Category, "", "母数", "Its parameter; scale is in days, mu and sigma are of ln days.";
        "value": Float, "", "値", "The estimate.";
        "standard_error": Float, "", "標準誤差", "As if gaps were independent; null at a boundary.";
        "log_likelihood": Float, "", "対数尤度", "Log likelihood of the fit.";
        "aic": Float, "", "AIC", "Akaike's criterion of the fit; smaller is better.";
        "median_days": Float, "days", "中央値", "Median of the fitted distribution.";
        "status": Category, "", "状態", "How the fit ended.";
    };
    const SCOPE: &'static [&'static str] = crate::analysis::WITHOUT_OCCASION;
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let by_day = At {
            occasion: Some(Occasion::Day),
            ..*at
        };
        let gaps = Gaps::new(orders, &by_day, context)?;
        let tallies = survival::tally_subjects(subjects(orders, &gaps, *options, 1), context)?;
        let fits = [
            lifetime::fit_tallies(Family::Weibull, &tallies)?,
            lifetime::fit_tallies(Family::LogNormal, &tallies)?,
        ];
        let [
            family,
            parameter,
            value,
            error,
            likelihood,
            aic,
            median,
            status,
        ] = Self::COLUMNS
        else {
            return Err(Error::internal("columns of gap_fits"));
        };
        // Two rows per distribution.
        let rows = [(0, 0), (0, 1), (1, 0), (1, 1)];
        let code = |status: Status| match status {
            Status::Converged => 0,
            Status::Boundary { .. } => 1,
            Status::Stalled => 2,
        };
        let category = |field: &Field, labels: &'static [Label], codes: [u8; 4]| {
            Ok::<_, Error>(Column::new(
                field,
                Values::Category {
                    codes: collect(codes.into_iter(), "table")?,
                    labels,
                },
            ))
        };
        let floats = |field: &Field, of: &dyn Fn(usize, usize) -> Option<f64>| {
            let finite = |(law, at): (usize, usize)| of(law, at).filter(|v| v.is_finite());
            Column::floats(field, rows.into_iter().map(finite))
        };
        Ok(Table::new(vec![
            category(family, FAMILIES, rows.map(|(law, _)| law as u8))?,
            category(
                parameter,
                PARAMETERS,
                rows.map(|(law, at)| (2 * law + at) as u8),
            )?,
            floats(value, &|law, at| Some(fits[law].parameters[at]))?,
            floats(error, &|law, at| {
                fits[law].standard_errors.map(|errors| errors[at])
            })?,
            floats(likelihood, &|law, _| Some(fits[law].log_likelihood))?,
            floats(aic, &|law, _| Some(fits[law].aic()))?,
            floats(median, &|law, _| Some(fits[law].quantile(0.5)))?,
            category(
                status,
                STATUSES,
                rows.map(|(law, _)| code(fits[law].status)),
            )?,
        ]))
    }
}
