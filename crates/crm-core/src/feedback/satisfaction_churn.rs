//! Satisfaction and churn (満足度と離脱): who bought again after an answer, and for how much, by the score.
//!
//! # Definition
//!
//! Of each customer the last answer counts that is at least `within` days ago and was given after an order (or on its day):
//!
//! ```text
//! band         1 for scores up to the first of `bands`, 2 for scores above it up to the second, and so on
//! churn_rate   share of the band's customers without an order on the days 1 to `within` after the answer; Wilson's interval
//! revenue_per_customer   their revenue on these days; Hall's interval (`num/two_means.rs`), none if all are equal
//! ```
//!
//! The default bands are those of the net promoter score: 0 to 6, 7 and 8, 9 and 10. Whoever answers may differ from who
//! does not, and a score causes nothing: the table says in which band churn is higher, not what a better score would bring.

use super::complaint_log::{SCOPE, positive_days};
use super::fields::{REVENUE_PER_CUSTOMER, REVENUE_PER_CUSTOMER_HIGH, REVENUE_PER_CUSTOMER_LOW};
use super::rows::Rows;
use crate::analysis::Analysis;
use crate::context::{Context, collect, filled, push};
use crate::data::Orders;
use crate::data::orders::selection::{ORDER, REVENUE, Selection};
use crate::error::{Error, Result};
use crate::num::Fraction;
use crate::num::ratio::Ratio;
use crate::num::two_means::Mean;
use crate::scope::At;
use crate::table::optional::{interval_columns, known, rate_columns};
use crate::table::shared::CUSTOMERS;
use crate::table::{Column, Field, Table, columns};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Options of [`SatisfactionChurn`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The answers, a list for each column: `customer_id`, `answered_at` and `score`. Required. Default: none.
    pub answers: Rows,
    /// Days after the answer in which purchases count. Default 90.
    pub within: u32,
    /// The greatest scores of all bands but the last, ascending. Default 6 and 8.
    pub bands: Vec<f64>,
    /// Confidence level of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            answers: Rows::default(),
            within: 90,
            bands: vec![6.0, 8.0],
            confidence: Fraction::P95,
        }
    }
}

/// The analysis `satisfaction_churn`.
///
/// ```
/// use crm_core::{Context, Currency, Dataset, Orders, Zone, register};
/// let orders = Orders::builder(Currency::JPY, Zone::UTC)
///     .order("hanako", "2026-01-05", 5_000)
///     .order("hanako", "2026-02-05", 7_000)
///     .order("taro", "2026-01-01", 2_000)
///     .build()?;
/// let request = r#"{"as_of": "2026-06-30", "answers": {
///     "customer_id": ["hanako", "taro"], "answered_at": ["2026-01-09", "2026-01-09"], "score": [10, 3]}}"#;
/// let table =
///     register::run("satisfaction_churn", &Dataset::Orders(&orders), request, &Context::default())?;
/// let churn: Vec<_> = table.floats("churn_rate")?.collect();
/// assert_eq!(churn, [Some(1.0), Some(0.0)]); // of the bands with an answer
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct SatisfactionChurn;

impl Analysis for SatisfactionChurn {
    const NAME: &'static str = "satisfaction_churn";
    const SUMMARY: &'static str =
        "Churn and revenue after an answer to a survey, by band of scores, with intervals";
    const JA: &'static str = "満足度と離脱";
    const COLUMNS: &'static [Field] = &columns! {
        "band": Int, "", "点数帯", "1 for the lowest scores; bands without an answer have no row.";
        "score_above": Float, "", "点数(超)", "Scores of the band are above this; null for the first.";
        "score_up_to": Float, "", "点数(以下)", "Scores of the band are at most this; null for the last.";
        CUSTOMERS, "Customers whose last answer is in the band.";
        "churn_rate": Float, "share", "離脱率", "Share without an order within `within` days after the answer.";
        "churn_rate_low": Float, "share", "離脱率(下限)", "Lower end of its interval.";
        "churn_rate_high": Float, "share", "離脱率(上限)", "Upper end of its interval.";
        REVENUE_PER_CUSTOMER, "Their revenue per customer within these days, major units.";
        REVENUE_PER_CUSTOMER_LOW;
        REVENUE_PER_CUSTOMER_HIGH;
    };
    const SCOPE: &'static [&'static str] = SCOPE;
    type Data = Orders;
    type Options = Options;

    fn check(_: &Orders, options: &Options) -> Result<()> {
        positive_days("within", options.within)?;
        let bands = &options.bands;
        let ascend = bands.iter().all(|of| of.is_finite()) && bands.windows(2).all(|b| b[0] < b[1]);
        match ascend && (1..=100).contains(&bands.len()) {
            true => Ok(()),
            false => Err(Error::option(
                "bands",
                json!(bands),
                "1 to 100 ascending scores",
            )),
        }
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        context.check()?;
        let selection = Selection::new(orders, at)?;
        let answers = last_answers(&selection, options)?;
        let index = orders.index(context)?;
        let mut bands = filled(options.bands.len() + 1, Band::default(), "answers")?;
        let mut before_order = 0_u64;
        for (code, day, score) in answers.last {
            let until = day.saturating_add(options.within as i32);
            let (mut known, mut ordered, mut revenue) = (false, false, 0_i64);
            for (entry, action, amount) in selection.of(&index, code) {
                let is_order = action & ORDER != 0;
                known |= is_order && entry.day <= day;
                if entry.day > day && entry.day <= until {
                    ordered |= is_order;
                    revenue =
                        revenue.saturating_add(if action & REVENUE != 0 { amount } else { 0 });
                }
            }
            if !known {
                before_order += 1;
                continue;
            }
            let band = &mut bands[options.bands.partition_point(|most| *most < score)];
            band.customers += 1;
            band.churned += u64::from(!ordered);
            if revenue != 0 {
                push(
                    &mut band.revenue,
                    selection.currency().major(revenue),
                    "answers",
                )?;
            }
        }
        let mut table = table(&mut bands, options)?;
        for (name, count) in [
            ("answers_of_other_customers", answers.other),
            ("answers_not_followed", answers.open),
            ("customers_without_order_before", before_order),
        ] {
            if count > 0 {
                table = table.with_note(name, json!(count));
            }
        }
        Ok(table)
    }
}

/// Each customer's last answer that was followed.
struct Answers {
    /// Customer, day and score.
    last: Vec<(u32, i32, f64)>,
    /// Answers of others.
    other: u64,
    /// Answers that were not followed.
    open: u64,
}

fn last_answers(selection: &Selection, options: &Options) -> Result<Answers> {
    let given = options
        .answers
        .given("answers", &["customer_id", "answered_at", "score"], &[])?;
    let customers = given.customers(&selection.orders)?;
    let times = given.times("answered_at", selection.data().offsets.zone())?;
    let scores = given.numbers("score")?;
    let (mut all, mut other, mut open) = (Vec::new(), 0, 0);
    for row in 0..given.len {
        let Some((instant, day)) = times[row] else {
            return Err(given.wrong("answered_at", row, "a date or a time"));
        };
        // Without a score it is no answer.
        let Some(score) = scores[row] else { continue };
        let Some(code) = customers[row].flatten() else {
            other += 1;
            continue;
        };
        if i64::from(selection.as_of.0) - i64::from(day) < i64::from(options.within) {
            open += 1;
            continue;
        }
        push(&mut all, (code, instant, score, day), "answers")?;
    }
    // Of two answers at one instant the lower score counts.
    all.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(b.2.total_cmp(&a.2)));
    let mut last = Vec::new();
    for (code, _, score, day) in all.chunk_by(|a, b| a.0 == b.0).filter_map(<[_]>::last) {
        push(&mut last, (*code, *day, *score), "answers")?;
    }
    Ok(Answers { last, other, open })
}

/// The customers of a band of scores.
#[derive(Debug, Clone, Default)]
struct Band {
    customers: u64,
    churned: u64,
    /// Of those with any, major units.
    revenue: Vec<f64>,
}

fn table(bands: &mut [Band], options: &Options) -> Result<Table> {
    let level = options.confidence;
    let (mut sum, mut buyers) = (0.0, 0.0);
    for band in bands.iter_mut() {
        band.revenue.sort_unstable_by(f64::total_cmp);
        sum += band.revenue.iter().sum::<f64>();
        buyers += band.revenue.len() as f64;
    }
    // What a purchase would be worth in a band without any.
    let typical = if buyers > 0.0 { sum / buyers } else { 0.0 };
    let mut rows = Vec::new();
    for (at, band) in bands.iter_mut().enumerate() {
        if let Some(mean) = Mean::new(band.customers, &mut band.revenue) {
            let all = mean.not_zero == band.customers;
            // Equal revenues say nothing of how much they vary.
            let (low, high) = match all && band.revenue.first() == band.revenue.last() {
                true => (f64::NAN, f64::NAN),
                false => mean.interval(level, typical),
            };
            let churn = Ratio::new(band.churned, band.customers, level);
            push(
                &mut rows,
                (at, band.customers, churn, [mean.mean, low, high]),
                "answers",
            )?;
        }
    }
    let fields = SatisfactionChurn::COLUMNS;
    let churn = collect(rows.iter().map(|row| row.2), "answers")?;
    let above = |at: usize| at.checked_sub(1).map(|before| options.bands[before]);
    let mut columns = vec![
        Column::ints(&fields[0], rows.iter().map(|row| Some(row.0 as i32 + 1)))?,
        Column::floats(&fields[1], rows.iter().map(|row| above(row.0)))?,
        Column::floats(
            &fields[2],
            rows.iter().map(|row| options.bands.get(row.0).copied()),
        )?,
        Column::ints(&fields[3], rows.iter().map(|row| i32::try_from(row.1).ok()))?,
    ];
    columns.extend(rate_columns(&fields[4..7], &churn)?);
    let revenue = rows.iter().map(|row| known(row.3));
    columns.extend(interval_columns(&fields[7..10], revenue)?);
    Ok(Table::new(columns))
}
