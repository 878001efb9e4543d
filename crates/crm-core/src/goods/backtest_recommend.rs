//! Were recommendations right (おすすめ商品の検証): each method's lists of an earlier date beside what customers then bought.
//!
//! # Definition
//!
//! ```text
//! origin       as_of − horizon: each method learns from the orders up to it, as if the import ended there
//! customers    customers with an order up to the origin, who bought an item in the `horizon` days after it; with `exclude` =
//!              bought, an item that they did not have
//! T            these items of a customer;  L: the customer's list of `k` items, as `recommend` makes it at the origin
//! hit_rate     share of customers with an item of T in L, Wilson's interval
//! recall       mean of |T ∩ L| / |T|
//! ndcg         mean of  Σ_{r: L_r ∈ T} 1/log₂(r + 1)  /  Σ_{r ≤ min(k, |T|)} 1/log₂(r + 1), interval of a mean (normal)
//! coverage     items in any L / items that could be recommended
//! new_share    share of the items in L that the customer did not have at the origin
//! p            two-sided p-value of the mean of ndcg − ndcg of `popular`, paired by customer (normal)
//! ```
//!
//! An item that nobody bought up to the origin cannot be recommended; it is in T and counts as missed. `popular` is always a row,
//! because a method is worth its effort only if it beats it: the note `better_than_popular` has the methods that do with p < 0.05.
//! Orders of later dates teach nothing. There is one exception: an order that was fully refunded later is missing before the
//! refund too.
//!
//! Source: Järvelin, K., Kekäläinen, J. (2002). Cumulated gain-based evaluation of IR techniques. *ACM TOIS* 20, 422-446.

use super::fields::P;
use super::histories::Histories;
use super::recommender::{
    Asked, Exclude, Guessed, Learning, Method, Recommender, Scratch, check_k, discount,
};
use crate::analysis::Analysis;
use crate::context::{Context, collect, filled, push};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::num::ratio::Ratio;
use crate::num::{Fraction, normal, two_rates};
use crate::scope::{At, Occasion, Scope};
use crate::table::optional::rate_columns;
use crate::table::shared::{CUSTOMERS, METHOD};
use crate::table::{Column, Field, Table, Values, columns};
use crate::time::{Day, Duration};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What messages call the memory of this module.
const WHAT: &str = "backtest";

/// Options of [`BacktestRecommend`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Products of each list, 1 to 1,000. Default 10.
    pub k: u32,
    /// The time before `as_of` in which purchases are to be guessed, whole days, 1 to 3,660. Default 28 days.
    pub horizon: Duration,
    /// The methods; popular is always there. Default: item_cosine, transition and blend; with `exclude` = none also due and bought.
    pub methods: Option<Vec<Method>>,
    /// What is not recommended and need not be guessed. Default: bought; if `methods` has due or bought, none.
    pub exclude: Option<Exclude>,
    /// Confidence of the intervals. Default 0.95.
    pub confidence: Fraction,
    /// What is learned from.
    #[serde(flatten)]
    pub learning: Learning,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            k: 10,
            horizon: Duration::days(28),
            methods: None,
            exclude: None,
            confidence: Fraction::P95,
            learning: Learning::default(),
        }
    }
}

/// The analysis `backtest_recommend`.
#[derive(Debug)]
pub struct BacktestRecommend;

const HIT_RATE: [Field; 3] = columns! {
    "hit_rate": Float, "share", "的中率", "Share of customers who bought an item of their list.";
    "hit_rate_low": Float, "share", "的中率(下限)", "Lower end of its interval.";
    "hit_rate_high": Float, "share", "的中率(上限)", "Upper end of its interval.";
};
const NDCG: [Field; 3] = columns! {
    "ndcg": Float, "share", "nDCG", "How far up in the list the bought items are: 1 if all are first.";
    "ndcg_low": Float, "share", "nDCG(下限)", "Lower end of its interval.";
    "ndcg_high": Float, "share", "nDCG(上限)", "Upper end of its interval.";
};

impl Analysis for BacktestRecommend {
    const NAME: &'static str = "backtest_recommend";
    const SUMMARY: &'static str =
        "How well each method of `recommend` would have guessed what customers bought next";
    const JA: &'static str = "おすすめ商品の検証";
    const COLUMNS: &'static [Field] = &columns! {
        METHOD, "What recommends.";
        "k": Int, "", "件数", "Items of a list.";
        CUSTOMERS, "Customers whose purchases are guessed.";
        HIT_RATE[0];
        HIT_RATE[1];
        HIT_RATE[2];
        "recall": Float, "share", "再現率", "Share of the bought items that are in the list, mean over customers.";
        NDCG[0];
        NDCG[1];
        NDCG[2];
        "coverage": Float, "share", "カバー率", "Share of the items that are in any list.";
        "new_share": Float, "share", "新規商品の割合", "Share of the items of the lists that the customer did not have.";
        P, "Of the difference of ndcg to popular; null for popular itself.";
    };
    const SCOPE: &'static [&'static str] = &["as_of", "where", "customers", "by", "policy"];
    const OCCASION: Option<Occasion> = None;
    type Data = Orders;
    type Options = Options;

    fn resolve(_: &Orders, scope: Scope, mut options: Options) -> Result<(Scope, Options)> {
        let given = options.methods.iter().flatten();
        let has_repeat = given.copied().any(Method::is_repeat);
        let exclude = Exclude::resolved(options.exclude, has_repeat)?;
        options.exclude = Some(exclude);
        let methods = options.methods.get_or_insert_with(|| {
            let default = [Method::ItemCosine, Method::Transition, Method::Blend].into_iter();
            let repeats = [Method::Due, Method::Bought].into_iter();
            let repeats = repeats.filter(|_| exclude == Exclude::None);
            default.chain(repeats).collect()
        });
        methods.push(Method::Popular);
        methods.sort_unstable();
        methods.dedup();
        let has_blend = methods.contains(&Method::Blend);
        options.learning.resolve(has_blend)?;
        Ok((scope, options))
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let k = check_k(options.k)?;
        let days = options.horizon.whole_days();
        let days = days.filter(|days| (1..=3_660).contains(days));
        let expected = "a whole number of days from 1 to 3,660";
        let days =
            days.ok_or_else(|| Error::option("horizon", json!(options.horizon), expected))?;
        let origin = Day(at.day.0.saturating_sub(days));
        let of = (options.learning.level.as_str(), options.learning.free);
        let at_origin = At { day: origin, ..*at };
        let known = Histories::new(orders, &at_origin, of, context)?;
        let whole = Histories::new(orders, at, of, context)?;
        if known.n_orders() == 0
            && let Some(first) = (0..whole.n_orders()).map(|order| whole.day(order)).min()
        {
            return Err(Error::Insufficient {
                what: "days of history before as_of, for the horizon asked about",
                needed: days as u64,
                found: at.day.0.abs_diff(first).into(),
            });
        }
        let exclude = options.exclude.unwrap_or(Exclude::Bought);
        let guessed = Guessed::new(orders, (&known, &whole), exclude, context)?;
        let methods = options.methods.as_deref().unwrap_or_default();
        let mut scores = Vec::new();
        for method in methods {
            let asked = Asked {
                method: *method,
                exclude,
                k,
            };
            let learning = &options.learning;
            let recommender =
                Recommender::learned((orders, &at_origin), &known, asked, learning, context)?;
            scores.push(score(&guessed, &recommender, (*method, k), context)?);
        }
        let table = table(&scores, &guessed, options, k)?;
        Ok(table.with_note("origin", json!(origin)))
    }
}

fn score(
    guessed: &Guessed,
    recommender: &Recommender<'_>,
    (method, k): (Method, usize),
    context: &Context,
) -> Result<Score> {
    let mut scratch = Scratch::new(guessed.n_items)?;
    let mut in_lists = filled(guessed.n_items, false, WHAT)?;
    let mut score = Score {
        method,
        hits: 0,
        recall: 0.0,
        ndcg: Vec::new(),
        coverage: 0.0,
        listed: 0,
        new: 0,
    };
    for (at, (customer, bought)) in guessed.each().enumerate() {
        if at.is_multiple_of(Context::BLOCK) {
            context.check()?;
        }
        let mut found = 0_u32;
        let mut gain = 0.0;
        recommender.list(customer, k, &mut scratch)?;
        for (at, one) in scratch.list().iter().enumerate() {
            in_lists[one.item as usize] = true;
            score.listed += 1;
            score.new += u64::from(!scratch.has(customer, one.item));
            if bought.binary_search(&one.item).is_ok() {
                found += 1;
                gain += discount(at);
            }
        }
        let best: f64 = (0..k.min(bought.len())).map(discount).sum();
        score.hits += u64::from(found > 0);
        score.recall += f64::from(found) / bought.len() as f64;
        push(&mut score.ndcg, gain / best, WHAT)?;
    }
    let n_listed = in_lists.iter().filter(|listed| **listed).count();
    score.coverage = n_listed as f64 / recommender.n_candidates() as f64;
    Ok(score)
}

/// How well a method guessed.
struct Score {
    method: Method,
    hits: u64,
    /// The sum over customers.
    recall: f64,
    /// Of each customer.
    ndcg: Vec<f64>,
    coverage: f64,
    listed: u64,
    /// Of these, items that the customer did not have.
    new: u64,
}

/// The mean and its standard error; none of fewer than two values.
fn mean(values: impl ExactSizeIterator<Item = f64> + Clone) -> Option<(f64, f64)> {
    let n = values.len() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let squares: f64 = values.map(|v| (v - mean) * (v - mean)).sum();
    (n >= 2.0).then(|| (mean, libm::sqrt(squares / (n - 1.0) / n)))
}

fn table(scores: &[Score], guessed: &Guessed, options: &Options, k: usize) -> Result<Table> {
    let f = BacktestRecommend::COLUMNS;
    let customers = guessed.customers.len();
    let some = |value: f64| (customers > 0 && value.is_finite()).then_some(value);
    let floats = |field: &Field, of: &dyn Fn(&Score) -> Option<f64>| {
        Column::floats(field, scores.iter().map(of))
    };
    let z = normal::quantile(0.5 + 0.5 * options.confidence.get());
    let ndcg = |score: &Score| some(score.ndcg.iter().sum::<f64>() / customers as f64);
    let end = |score: &Score, sign: f64| {
        let (mean, error) = mean(score.ndcg.iter().copied())?;
        Some((mean + sign * z * error).clamp(0.0, 1.0))
    };
    let popular = scores.iter().find(|score| score.method == Method::Popular);
    // The mean difference of ndcg to popular, and its p-value.
    let beside = |score: &Score| {
        let popular = popular.filter(|_| score.method != Method::Popular)?;
        let pairs = score.ndcg.iter().zip(&popular.ndcg);
        let (mean, error) = mean(pairs.map(|(a, b)| a - b))?;
        (error > 0.0).then(|| (mean, two_rates::two_sided(mean / error)))
    };
    let better = scores.iter().filter(|score| {
        let beats = |(mean, p): (f64, f64)| mean > 0.0 && p < 0.05;
        beside(score).is_some_and(beats)
    });
    let better = json!(better.map(|score| score.method).collect::<Vec<_>>());
    let rates = scores
        .iter()
        .map(|score| Ratio::new(score.hits, customers as u64, options.confidence));
    let rates = collect(rates, "table")?;
    let whole =
        |of: usize| Values::I64(scores.iter().map(|_| of as i64).collect::<Vec<_>>().into());
    let methods = scores.iter().map(|score| Some(score.method as u8));
    let mut columns = vec![
        Column::words(&f[0], Method::LABELS, methods)?,
        Column::new(&f[1], whole(k)),
        Column::new(&f[2], whole(customers)),
    ];
    columns.extend(rate_columns(&HIT_RATE, &rates)?);
    columns.extend([
        floats(&f[6], &|score| some(score.recall / customers as f64))?,
        floats(&f[7], &ndcg)?,
        floats(&f[8], &|score| end(score, -1.0))?,
        floats(&f[9], &|score| end(score, 1.0))?,
        floats(&f[10], &|score| some(score.coverage))?,
        floats(&f[11], &|score| {
            some(score.new as f64 / score.listed as f64)
        })?,
        floats(&f[12], &|score| Some(beside(score)?.1))?,
    ]);
    Ok(Table::new(columns).with_note("better_than_popular", better))
}
