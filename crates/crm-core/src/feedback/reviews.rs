//! Product reviews (レビュー集計): the mean of each product drawn towards the mean of all, its trend, and the share of bad ones.
//!
//! A table with a row per review: `product`, `score`, and if there is such a column `reviewed_at` (dates, times or
//! texts of either). Rows without a score are not counted.
//!
//! # Definition
//!
//! With `n_i` reviews of product `i` and their mean `x_i`, the scores around a product's mean have the variance σ², and the
//! products' means around the shop's mean `m` have τ² (normal hierarchical model):
//!
//! ```text
//! bayesian average    (C m + n_i x_i) / (C + n_i),   C = σ²/τ² (`prior_weight`): C reviews of score m are added
//! m                   Σ w_i x_i / Σ w_i,   w_i = 1/(τ² + σ²/n_i)
//! variance            τ² C/(C + n_i) + (C/(C + n_i))² / Σ w_i
//! σ²                  (Σ (x − x_i)² + (most − least)²/4) / (N − products + 1)
//! ```
//!
//! τ is not known, so mean and variance are averaged over 64 values of τ from 0 to half of the scale, an even prior, each
//! weighted by `Π √w_i / √Σ w_i · exp(−½ Σ w_i (x_i − m)²)`. With `prior_weight` τ² is σ²/C alone. The interval is mean ± z
//! deviations, within the scale. The term with `most − least` is one review at each end of half weight: it keeps an
//! interval where all reviews of a product are equal, and has no effect on many.
//!
//! ```text
//! trend       mean of the last `recent_days` days − mean of the reviews before, ± t_{N − products + 1} σ √(1/n_r + 1/n_e)
//! bad_share   share of scores ≤ `bad`, with Wilson's interval
//! ```
//!
//! # References
//!
//! - Gelman, A. and others (2013). *Bayesian Data Analysis*, 3rd ed., §5.4: the weights of τ (5.21).
//! - Bühlmann, H., Straub, E. (1970). Glaubwürdigkeit für Schadensätze: C = σ²/τ².

use super::fields::{MEAN_SCORE, PRODUCT};
use crate::analysis::Analysis;
use crate::context::{Context, collect, filled, push};
use crate::error::{Error, Result};
use crate::num::ratio::Ratio;
use crate::num::{Fraction, normal, student};
use crate::table::optional::{interval_columns, rate_columns};
use crate::table::{Column, Field, Table, Values, columns};
use crate::time::{Day, MICROS_PER_DAY, Moment};
use libm::{exp, log, sqrt};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

/// Options of [`Reviews`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Reviews of the shop's mean that are added to each product's, 0.000001 to 1,000,000,000. Default: none, estimated from the reviews.
    pub prior_weight: Option<f64>,
    /// The date up to which reviews count. Default: none, all.
    pub until: Option<Day>,
    /// Days before `until`, or before the last review, that are recent. Default 90.
    pub recent_days: u32,
    /// The greatest score of a bad review. Default 2.
    pub bad: f64,
    /// The least and the greatest score that can be given. Default 1 and 5.
    pub scale: [f64; 2],
    /// Confidence level of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            prior_weight: None,
            until: None,
            recent_days: 90,
            bad: 2.0,
            scale: [1.0, 5.0],
            confidence: Fraction::P95,
        }
    }
}

/// Values of τ that are averaged over.
const STEPS: usize = 64;

/// The analysis `reviews`.
///
/// ```
/// use crm_core::feedback::reviews::shrunk_means;
/// // One review of 5 beside a hundred of 4: nearer to 4.
/// let means = shrunk_means(&[(1, 5.0), (100, 4.0), (80, 4.2), (90, 3.9)], 0.8, 2.0, None)?;
/// assert!(means[0].0 < 4.3 && (means[1].0 - 4.0).abs() < 0.02);
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Reviews;

impl Analysis for Reviews {
    const NAME: &'static str = "reviews";
    const SUMMARY: &'static str = "Reviews of each product: the mean drawn towards the shop's mean, the trend and the share of bad ones, with intervals";
    const JA: &'static str = "レビュー集計";
    const COLUMNS: &'static [Field] = &columns! {
        PRODUCT;
        "reviews": Int, "reviews", "レビュー数", "Reviews with a score.";
        MEAN_SCORE, "The mean score.";
        "bayesian_average": Float, "", "補正平均点", "The mean drawn towards the shop's mean.";
        "bayesian_average_low": Float, "", "補正平均点(下限)", "Lower end of its interval.";
        "bayesian_average_high": Float, "", "補正平均点(上限)", "Upper end of its interval.";
        "bad_share": Float, "share", "低評価率", "Share of scores of at most `bad`.";
        "bad_share_low": Float, "share", "低評価率(下限)", "Lower end of its interval.";
        "bad_share_high": Float, "share", "低評価率(上限)", "Upper end of its interval.";
        "recent_reviews": Int, "reviews", "直近レビュー数", "Reviews of the recent days; only with `reviewed_at`.";
        "trend": Float, "", "評価の変化", "Mean of recent − mean of earlier reviews; null without either.";
        "trend_low": Float, "", "評価の変化(下限)", "Lower end of its interval.";
        "trend_high": Float, "", "評価の変化(上限)", "Upper end of its interval.";
    };
    const OPTIONAL: &'static [&'static str] = &["reviewed_at"];
    type Data = Table;
    type Options = Options;

    fn check(data: &Table, options: &Options) -> Result<()> {
        let [least, most] = options.scale;
        if !(-1e6 <= least && least < most && most <= 1e6 && most - least >= 1e-6) {
            let expected = "the least and the greatest score, such as [1, 5], within a million";
            return Err(Error::option("scale", json!(options.scale), expected));
        }
        let is_given = options.bad != Options::default().bad;
        if is_given && !(least..=most).contains(&options.bad) {
            let expected = "a score within `scale`, which is 1 to 5 if it is not given";
            return Err(Error::option("bad", options.bad, expected));
        }
        if let Some(weight) = options.prior_weight
            && !(1e-6..=1e9).contains(&weight)
        {
            let expected = "a number above 0, from 0.000001 to 1,000,000,000";
            return Err(Error::option("prior_weight", weight, expected));
        }
        let by_date = [
            ("until", options.until.map(|until| json!(until))),
            (
                "recent_days",
                (options.recent_days != Options::default().recent_days)
                    .then(|| json!(options.recent_days)),
            ),
        ];
        let given = by_date
            .into_iter()
            .find_map(|(name, value)| Some((name, value?)));
        if let (Some((name, value)), None) = (given, data.column("reviewed_at")) {
            let expected = "a table with the column `reviewed_at`, which has the dates of reviews";
            return Err(Error::option(name, value, expected));
        }
        super::complaint_log::positive_days("recent_days", options.recent_days)
    }

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        context.check()?;
        let (names, codes) = data.names("product")?;
        let (scores, valid) = data.cells("score")?;
        let days = days(data)?;
        let known = |row: usize| valid.is_none_or(|valid| valid[row]);
        let until = match (options.until, &days) {
            (Some(day), _) => day.0,
            (None, Some(days)) => days.iter().copied().max().unwrap_or(0),
            _ => 0,
        };
        let (mut rows, mut later) = (Vec::new(), 0_u64);
        for row in (0..data.len()).filter(|row| known(*row)) {
            if !(options.scale[0]..=options.scale[1]).contains(&scores[row]) {
                let expected = "a score within `scale`, which is 1 to 5 if it is not given";
                return Err(Error::value("score", row, expected));
            }
            let day = days.as_ref().map_or(until, |days| days[row]);
            if day > until {
                later += 1;
                continue;
            }
            let is_recent = until.saturating_sub(day) < options.recent_days as i32;
            push(&mut rows, (codes[row], scores[row], is_recent), "reviews")?;
        }
        // Scores ascend, so that sums do not depend on the order of rows.
        rows.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
        let products: Vec<&[Review]> = rows.chunk_by(|a, b| a.0 == b.0).collect();
        let shop = Shop::new(&products, options.scale);
        let found = shop.found(&products, options)?;
        let mut table = table(names, &found, days.is_some())?;
        let left_out = (0..data.len()).filter(|row| !known(*row)).count();
        for (name, count) in [
            ("rows_without_score", left_out as u64),
            ("reviews_after_until", later),
        ] {
            if count > 0 {
                table = table.with_note(name, json!(count));
            }
        }
        Ok(table.with_note("score_deviation", json!(sqrt(shop.variance))))
    }
}

/// Product, score, and whether it is recent.
type Review = (u32, f64, bool);

/// The civil days of the reviews; of times in UTC.
fn days(data: &Table) -> Result<Option<Vec<i32>>> {
    let Some(column) = data.column("reviewed_at") else {
        return Ok(None);
    };
    if let Some(row) = column.validity().and_then(|v| v.iter().position(|v| !v)) {
        return Err(Error::null("reviewed_at", row, "a date or a time"));
    }
    let of = |micros: i64| micros.div_euclid(MICROS_PER_DAY) as i32;
    let days = match column.values() {
        Values::Date(days) => collect(days.iter().copied(), "reviews")?,
        Values::Instant(times, _) => collect(times.iter().map(|at| of(*at)), "reviews")?,
        Values::Id { ids, codes } => {
            let mut days = filled(codes.len(), 0, "reviews")?;
            for (row, code) in codes.iter().enumerate() {
                let wrong = |_| Error::value("reviewed_at", row, "a date such as 2026-11-21");
                days[row] = match Moment::try_from(ids.text(*code)).map_err(wrong)? {
                    Moment::Day(day) => day.0,
                    Moment::Instant(at) | Moment::Wall(at) => of(at),
                };
            }
            days
        }
        _ if data.is_empty() => Vec::new(),
        other => {
            return Err(Error::ColumnType {
                column: "reviewed_at".into(),
                found: other.ty().name().into(),
                expected: "dates or times".into(),
            });
        }
    };
    Ok(Some(days))
}

/// What is common to all products.
struct Shop {
    /// σ²
    variance: f64,
    /// N − products + 1
    freedom: f64,
    /// The greatest τ.
    widest: f64,
}

impl Shop {
    fn new(products: &[&[Review]], [least, most]: [f64; 2]) -> Shop {
        let squares = |reviews: &&[Review]| {
            let mean = mean(reviews.iter()).unwrap_or(0.0);
            let square = |(_, score, _): &Review| (score - mean) * (score - mean);
            reviews.iter().map(square).sum::<f64>()
        };
        let n: usize = products.iter().map(|reviews| reviews.len()).sum();
        let freedom = (n - products.len()) as f64 + 1.0;
        let ends = (most - least) * (most - least) / 4.0;
        Shop {
            variance: (products.iter().map(squares).sum::<f64>() + ends) / freedom,
            freedom,
            widest: (most - least) / 2.0,
        }
    }

    fn found(&self, products: &[&[Review]], options: &Options) -> Result<Vec<Found>> {
        let level = options.confidence;
        let means = products.iter().map(|reviews| {
            let mean = mean(reviews.iter()).unwrap_or(0.0);
            (reviews.len() as u64, mean)
        });
        let means = collect(means, "reviews")?;
        let shrunk = shrunk_means(&means, self.variance, self.widest, options.prior_weight)?;
        let z = normal::quantile(0.5 + 0.5 * level.get());
        let t = student::quantile(0.5 + 0.5 * level.get(), self.freedom);
        let one = |at: usize| {
            let (reviews, (n, raw)) = (products[at], means[at]);
            let (mean_of, variance) = shrunk[at];
            // A sum of weights may be 1 and a rounding error.
            let mean_of = mean_of.clamp(options.scale[0], options.scale[1]);
            let half = z * sqrt(variance);
            let bad = reviews
                .iter()
                .filter(|review| review.1 <= options.bad)
                .count();
            let recent = reviews.iter().filter(|review| review.2);
            let count = recent.clone().count();
            let earlier = mean(reviews.iter().filter(|review| !review.2));
            let trend = mean(recent).zip(earlier).map(|(recent, earlier)| {
                let (a, b) = (count as f64, (reviews.len() - count) as f64);
                let half = t * sqrt(self.variance * (1.0 / a + 1.0 / b));
                let trend = recent - earlier;
                [trend, trend - half, trend + half]
            });
            Found {
                product: reviews[0].0,
                reviews: n,
                mean: raw,
                shrunk: [
                    mean_of,
                    (mean_of - half).max(options.scale[0]),
                    (mean_of + half).min(options.scale[1]),
                ],
                bad: Ratio::new(bad as u64, n, level),
                recent: count,
                trend,
            }
        };
        collect((0..products.len()).map(one), "reviews")
    }
}

fn mean<'a>(reviews: impl Iterator<Item = &'a Review>) -> Option<f64> {
    let (mut n, mut sum) = (0.0, 0.0);
    for (_, score, _) in reviews {
        n += 1.0;
        sum += score;
    }
    (n > 0.0).then(|| sum / n)
}

/// The means of groups, `(n, mean)` each, drawn towards the mean of all, and their variances. `variance` is that of single
/// values, `widest` the greatest deviation of the groups' means, `prior_weight` the values of the common mean that are added
/// to each group; estimated if there is none.
///
/// # Errors
///
/// Out of memory.
pub fn shrunk_means(
    groups: &[(u64, f64)],
    variance: f64,
    widest: f64,
    prior_weight: Option<f64>,
) -> Result<Vec<(f64, f64)>> {
    let deviations = match prior_weight {
        Some(weight) => vec![sqrt(variance / weight)],
        None => (0..STEPS)
            .map(|k| widest * k as f64 / (STEPS - 1) as f64)
            .collect(),
    };
    let steps = deviations
        .iter()
        .map(|tau| Step::new(groups, variance, *tau));
    let steps: Vec<Step> = steps.collect();
    let most = steps
        .iter()
        .map(|s| s.ln_weight)
        .fold(f64::NEG_INFINITY, f64::max);
    let whole: f64 = steps.iter().map(|s| exp(s.ln_weight - most)).sum();
    let one = |(n, x): &(u64, f64)| {
        let (mut first, mut second) = (0.0, 0.0);
        for step in &steps {
            let weight = exp(step.ln_weight - most) / whole;
            // C/(C + n) = (σ²/n) / (τ² + σ²/n)
            let own = variance / *n as f64;
            let drawn = own / (step.tau2 + own);
            let mean = x + drawn * (step.mean - x);
            let variance = step.tau2 * drawn + drawn * drawn / step.weights;
            first += weight * mean;
            second += weight * (variance + mean * mean);
        }
        (first, (second - first * first).max(0.0))
    };
    collect(groups.iter().map(one), "reviews")
}

/// One value of τ.
struct Step {
    tau2: f64,
    /// m
    mean: f64,
    /// Σ w_i
    weights: f64,
    ln_weight: f64,
}

impl Step {
    fn new(groups: &[(u64, f64)], variance: f64, tau: f64) -> Step {
        let tau2 = tau * tau;
        let w = |n: u64| 1.0 / (tau2 + variance / n as f64);
        let weights: f64 = groups.iter().map(|(n, _)| w(*n)).sum();
        let mean = groups.iter().map(|(n, x)| w(*n) * x).sum::<f64>() / weights;
        let each = |(n, x): &(u64, f64)| 0.5 * (log(w(*n)) - w(*n) * (x - mean) * (x - mean));
        Step {
            tau2,
            mean,
            weights,
            ln_weight: groups.iter().map(each).sum::<f64>() - 0.5 * log(weights),
        }
    }
}

/// A row of the result.
struct Found {
    product: u32,
    reviews: u64,
    mean: f64,
    shrunk: [f64; 3],
    bad: Ratio,
    recent: usize,
    trend: Option<[f64; 3]>,
}

fn table(names: Vec<String>, found: &[Found], dated: bool) -> Result<Table> {
    let fields = Reviews::COLUMNS;
    let bad = collect(found.iter().map(|f| f.bad), "reviews")?;
    let names = Arc::new(names);
    let mut columns = vec![
        Column::texts(&fields[0], &names, found.iter().map(|f| f.product))?,
        Column::ints(
            &fields[1],
            found.iter().map(|f| i32::try_from(f.reviews).ok()),
        )?,
        Column::floats(&fields[2], found.iter().map(|f| Some(f.mean)))?,
    ];
    let shrunk = found.iter().map(|f| f.shrunk.map(Some));
    columns.extend(interval_columns(&fields[3..6], shrunk)?);
    columns.extend(rate_columns(&fields[6..9], &bad)?);
    if dated {
        let recent = found.iter().map(|f| i32::try_from(f.recent).ok());
        columns.push(Column::ints(&fields[9], recent)?);
        let trend = found
            .iter()
            .map(|f| f.trend.map_or([None; 3], |t| t.map(Some)));
        columns.extend(interval_columns(&fields[10..13], trend)?);
    }
    Ok(Table::new(columns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::rng::Rng;

    /// (C m + n x) / (C + n), with m by the weights of the module.
    #[test]
    fn a_fixed_weight_is_the_formula() {
        let groups = [(2, 5.0), (8, 3.0), (40, 4.1)];
        let found = shrunk_means(&groups, 1.2, 2.0, Some(6.0)).unwrap();
        let tau2 = 1.2 / 6.0;
        let w = groups.map(|(n, _)| 1.0 / (tau2 + 1.2 / n as f64));
        let m = (w[0] * 5.0 + w[1] * 3.0 + w[2] * 4.1) / (w[0] + w[1] + w[2]);
        for ((n, x), (mean, _)) in groups.iter().zip(&found) {
            let n = *n as f64;
            assert!((mean - (6.0 * m + n * x) / (6.0 + n)).abs() < 1e-12);
        }
    }

    #[test]
    fn it_is_nearer_to_the_truth_than_the_raw_mean_and_its_interval_holds() {
        let mut rng = Rng::new(11);
        let (mut held, mut all, mut off, mut raw) = (0.0, 0.0, 0.0, 0.0);
        for shop in 0..80 {
            let tau = [0.15, 0.3, 0.6][shop % 3];
            let products = [4, 12, 30][shop / 3 % 3];
            let mut rows: Vec<Review> = Vec::new();
            let mut truths = Vec::new();
            for product in 0..products {
                let n = [1, 3, 10, 60][product as usize % 4];
                // Scores of 1 to 5 with probabilities of their own; the truth is their mean.
                let centre = (3.9 + tau * rng.normal()).clamp(1.5, 4.9);
                let weights: Vec<f64> = (1..=5)
                    .map(|s| libm::exp(-0.5 * (f64::from(s) - centre).powi(2) / 0.8))
                    .collect();
                let sum: f64 = weights.iter().sum();
                let scores = weights.iter().zip(1..=5);
                truths.push(scores.map(|(w, s)| w / sum * f64::from(s)).sum::<f64>());
                for _ in 0..n {
                    let mut left = rng.uniform() * sum;
                    let place = weights.iter().position(|w| {
                        left -= w;
                        left <= 0.0
                    });
                    rows.push((product, place.unwrap_or(4) as f64 + 1.0, false));
                }
            }
            let products: Vec<&[Review]> = rows.chunk_by(|a, b| a.0 == b.0).collect();
            let shop = Shop::new(&products, [1.0, 5.0]);
            for (found, truth) in shop
                .found(&products, &Options::default())
                .unwrap()
                .iter()
                .zip(&truths)
            {
                let [mean, low, high] = found.shrunk;
                held += f64::from(u8::from((low..=high).contains(truth)));
                all += 1.0;
                off += (mean - truth).powi(2);
                raw += (found.mean - truth).powi(2);
            }
        }
        assert!((0.93..0.98).contains(&(held / all)), "{}", held / all);
        assert!(off < 0.5 * raw, "{off} {raw}");
    }

    #[test]
    fn equal_reviews_leave_a_doubt() {
        let rows: Vec<Review> = (0..9).map(|k| (k / 3, 5.0, k % 3 == 0)).collect();
        let products: Vec<&[Review]> = rows.chunk_by(|a, b| a.0 == b.0).collect();
        let shop = Shop::new(&products, [1.0, 5.0]);
        for found in shop.found(&products, &Options::default()).unwrap() {
            let [trend, low, high] = found.trend.unwrap();
            assert!(found.shrunk[1] < 4.9 && found.shrunk[2] == 5.0);
            assert!(trend == 0.0 && low < -0.5 && high > 0.5);
        }
    }
}
