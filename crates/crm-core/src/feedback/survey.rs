//! Survey (アンケート集計): mean, top-2-box and net promoter score of answers, with intervals.
//!
//! A table with a row per answer: `score`, and if there is such a column `question`. With `by` another column makes
//! groups.
//!
//! # Definition
//!
//! ```text
//! p, d        shares of promoters (score ≥ `promoter`) and detractors (score ≤ `detractor`)
//! nps         100 (p − d)
//! se          100 √(((p + d) − (p − d)²) / n)
//! interval    nps ± z se;                            mean ± t_{n−1} s / √n
//! top         share of scores ≥ `top`, with Wilson's interval
//! ```
//!
//! These two intervals are for many answers of several kinds. Where answers are fewer than 100, or fewer than 10 of them
//! differ from the most frequent kind (promoters, passives, detractors), they would be too narrow, and of equal answers of
//! width 0; then answers that nobody gave are added before: for `nps` ¾ of a promoter, 1½ passives and ¾ of a detractor,
//! with t of n + 2 degrees of freedom for z; for the mean half an answer at each end of `scale`. No interval leaves
//! `scale`, or −100 and 100, and a score outside `scale` is an error.
//!
//! With fewer than `min_n` answers only `n` is shown, because the other numbers would depend mostly on who happened
//! to answer. A row without a score is no answer; it counts for `response_rate`, the share of rows with a score.
//! Answers are not weighted for nonresponse.
//!
//! Source: Reichheld (2003), *The one number you need to grow*, Harvard Business Review (9 and 10, 0 to 6). The variance is
//! that of a value which is 1, 0 or −1. Rocks (2016), *Interval estimation for the "Net Promoter Score"*, The American
//! Statistician 70 (adjusted Wald interval with 3 triangular answers); after Agresti and Coull (1998).

use super::fields::{GROUP, MEAN_SCORE};
use crate::analysis::Analysis;
use crate::context::{Context, filled, push};
use crate::error::{Error, Result};
use crate::num::ratio::wilson;
use crate::num::{Fraction, normal, student};
use crate::table::{Column, Field, Table, Values, columns};
use libm::sqrt;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

/// Options of [`Survey`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// A column whose values make groups. Default: none.
    pub by: Option<String>,
    /// The least score of a promoter. Default 9.
    pub promoter: f64,
    /// The greatest score of a detractor. Default 6.
    pub detractor: f64,
    /// The least score in `top`. Default 9.
    pub top: f64,
    /// The least and the greatest score that can be given. Default 0 and 10.
    pub scale: [f64; 2],
    /// Groups of fewer answers show only their number. Default 10.
    pub min_n: u32,
    /// Confidence level of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            by: None,
            promoter: 9.0,
            detractor: 6.0,
            top: 9.0,
            scale: [0.0, 10.0],
            min_n: 10,
            confidence: Fraction::P95,
        }
    }
}

/// From so many answers, of which so many are not of the most frequent kind, the intervals are the plain ones.
const PLAIN_FROM: u64 = 100;
const PLAIN_OTHERS: u64 = 10;

/// The net promoter score and its standard error, of counts of promoters, passives and detractors.
///
/// ```
/// use crm_core::feedback::survey::net_promoter_score;
/// assert_eq!(net_promoter_score(60, 25, 15), Some((45.0, 7.399324293474371)));
/// assert_eq!(net_promoter_score(0, 0, 0), None);
/// ```
pub fn net_promoter_score(promoters: u64, passives: u64, detractors: u64) -> Option<(f64, f64)> {
    let n = (promoters + passives + detractors) as f64;
    let (p, d) = (promoters as f64 / n, detractors as f64 / n);
    let difference = (promoters as f64 - detractors as f64) / n;
    let variance = (p + d) - difference * difference;
    (n > 0.0).then(|| (100.0 * difference, 100.0 * sqrt(variance.max(0.0) / n)))
}

/// The analysis `survey`.
#[derive(Debug)]
pub struct Survey;

impl Analysis for Survey {
    const NAME: &'static str = "survey";
    const SUMMARY: &'static str = "Answers to a survey: mean, top box and net promoter score with intervals, by question and group";
    const JA: &'static str = "アンケート集計・NPS";
    const COLUMNS: &'static [Field] = &columns! {
        "question": Text, "", "設問", "The question; only if there is such a column.";
        GROUP;
        "answers": Int, "answers", "回答数", "Rows with a score.";
        "response_rate": Float, "share", "回答率", "Answers / rows.";
        MEAN_SCORE, "The mean score; null under `min_n`, as are all that follow.";
        "mean_score_low": Float, "", "平均点(下限)", "Lower end of its interval.";
        "mean_score_high": Float, "", "平均点(上限)", "Upper end of its interval.";
        "top_share": Float, "share", "上位回答率", "Share of scores of at least `top`.";
        "top_share_low": Float, "share", "上位回答率(下限)", "Lower end of its interval.";
        "top_share_high": Float, "share", "上位回答率(上限)", "Upper end of its interval.";
        "promoters": Int, "answers", "推奨者数", "Scores of at least `promoter`.";
        "passives": Int, "answers", "中立者数", "Scores between.";
        "detractors": Int, "answers", "批判者数", "Scores of at most `detractor`.";
        "nps": Float, "", "NPS", "100 × (promoters − detractors) / answers.";
        "nps_low": Float, "", "NPS(下限)", "Lower end of its interval.";
        "nps_high": Float, "", "NPS(上限)", "Upper end of its interval.";
    };
    const OPTIONAL: &'static [&'static str] = &["question"];
    type Data = Table;
    type Options = Options;

    fn check(_: &Table, options: &Options) -> Result<()> {
        let [least, most] = options.scale;
        if !(least.is_finite() && most.is_finite() && least < most) {
            let expected = "the least and the greatest score, such as [1, 5]";
            return Err(Error::option("scale", json!(options.scale), expected));
        }
        if options.promoter <= options.detractor {
            let found = json!(options.promoter);
            return Err(Error::option(
                "promoter",
                found,
                "a score above `detractor`",
            ));
        }
        Ok(())
    }

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        context.check()?;
        let (scores, valid) = data.cells("score")?;
        let question = data
            .column("question")
            .map(|_| data.names("question"))
            .transpose()?;
        let group = options.by.as_deref().map(|by| data.names(by)).transpose()?;
        let code = |names: &Option<(Vec<String>, Vec<u32>)>, row: usize| {
            names.as_ref().map_or(0, |(_, codes)| codes[row])
        };
        let mut rows = Vec::new();
        for (row, score) in scores.iter().enumerate() {
            let known = valid.is_none_or(|valid| valid[row]);
            if known && !(options.scale[0]..=options.scale[1]).contains(score) {
                let expected = "a score within `scale`, which is 0 to 10 if it is not given";
                return Err(Error::value("score", row, expected));
            }
            let key = (code(&question, row), code(&group, row));
            push(&mut rows, (key, known.then_some(*score)), "survey")?;
        }
        // Scores ascend, so that sums do not depend on the order of rows.
        rows.sort_unstable_by(|a, b| {
            let bits = |score: Option<f64>| score.unwrap_or(f64::NEG_INFINITY);
            a.0.cmp(&b.0).then(bits(a.1).total_cmp(&bits(b.1)))
        });
        let mut groups = Vec::new();
        for of in rows.chunk_by(|a, b| a.0 == b.0) {
            push(&mut groups, Group::of(of, options), "survey")?;
        }
        table(&groups, question, group)
    }
}

/// The answers of a group.
struct Group {
    key: (u32, u32),
    rows: usize,
    answers: usize,
    /// Everything else; `None` under `min_n`.
    found: Option<Found>,
}

struct Found {
    mean: [f64; 3],
    top: [f64; 3],
    counts: [u64; 3],
    nps: [f64; 3],
}

impl Group {
    fn of(rows: &[((u32, u32), Option<f64>)], options: &Options) -> Group {
        let scores = || rows.iter().filter_map(|(_, score)| *score);
        let n = scores().count();
        Group {
            key: rows[0].0,
            rows: rows.len(),
            answers: n,
            found: (n > 0 && n >= options.min_n as usize).then(|| Found::of(scores, n, options)),
        }
    }
}

impl Found {
    fn of<I: Iterator<Item = f64>>(scores: impl Fn() -> I, n: usize, options: &Options) -> Found {
        let level = options.confidence.get();
        let mean = scores().sum::<f64>() / n as f64;
        let count =
            |test: &dyn Fn(f64) -> bool| scores().filter(|score| test(*score)).count() as u64;
        let top = count(&|score| score >= options.top);
        let promoters = count(&|score| score >= options.promoter);
        let detractors = count(&|score| score <= options.detractor);
        let passives = n as u64 - promoters - detractors;
        let (low, high) = wilson(top as f64 / n as f64, n as f64, options.confidence);
        let counts = [promoters, passives, detractors];
        let others = n as u64 - counts.into_iter().max().unwrap_or(0);
        let is_plain = n as u64 >= PLAIN_FROM && others >= PLAIN_OTHERS;
        let nps = net_promoter_score(promoters, passives, detractors).unwrap_or_default();
        let ([low_nps, high_nps], added) = match is_plain {
            true => {
                let half = normal::quantile(0.5 + level / 2.0) * nps.1;
                ([nps.0 - half, nps.0 + half], 0.0)
            }
            false => (of_few(counts, level), 0.5),
        };
        let [low_mean, high_mean] = interval_of_mean(&scores, n, options.scale, added, level);
        Found {
            mean: [mean, low_mean, high_mean],
            top: [top as f64 / n as f64, low, high],
            counts,
            nps: [nps.0, low_nps.max(-100.0), high_nps.min(100.0)],
        }
    }
}

/// The adjusted interval of the net promoter score: 3 answers that nobody gave, half of them passives.
fn of_few(counts: [u64; 3], level: f64) -> [f64; 2] {
    let [p, q, d] = counts.map(|count| count as f64);
    let n = p + q + d + 3.0;
    let (p, d) = ((p + 0.75) / n, (d + 0.75) / n);
    let variance = (p + d) - (p - d) * (p - d);
    let half = student::quantile(0.5 + level / 2.0, n - 1.0) * sqrt(variance / n);
    [100.0 * (p - d - half), 100.0 * (p - d + half)]
}

/// The interval of the mean within the scale, where each end of it was `added` times beside the answers.
fn interval_of_mean<I: Iterator<Item = f64>>(
    scores: &impl Fn() -> I,
    answers: usize,
    [least, most]: [f64; 2],
    added: f64,
    level: f64,
) -> [f64; 2] {
    // Of one answer there is no interval.
    if answers < 2 {
        return [f64::NAN; 2];
    }
    let n = answers as f64 + 2.0 * added;
    let mean = (scores().sum::<f64>() + added * (least + most)) / n;
    let square = |score: f64| (score - mean) * (score - mean);
    let squares = scores().map(square).sum::<f64>() + added * (square(least) + square(most));
    let half = student::quantile(0.5 + level / 2.0, n - 1.0) * sqrt(squares / (n - 1.0) / n);
    [(mean - half).max(least), (mean + half).min(most)]
}

fn table(
    groups: &[Group],
    question: Option<(Vec<String>, Vec<u32>)>,
    group: Option<(Vec<String>, Vec<u32>)>,
) -> Result<Table> {
    let fields = Survey::COLUMNS;
    let mut columns = Vec::new();
    if let Some((names, _)) = question {
        columns.push(Column::texts(
            &fields[0],
            &Arc::new(names),
            groups.iter().map(|g| g.key.0),
        )?);
    }
    if let Some((names, _)) = group {
        columns.push(Column::texts(
            &fields[1],
            &Arc::new(names),
            groups.iter().map(|g| g.key.1),
        )?);
    }
    let mut answers = filled(groups.len(), 0_i64, "survey")?;
    for (cell, group) in answers.iter_mut().zip(groups) {
        *cell = group.answers as i64;
    }
    columns.push(Column::new(&fields[2], Values::I64(answers.into())));
    let float = |field: &Field, of: &dyn Fn(&Group) -> Option<f64>| {
        Column::floats(
            field,
            groups.iter().map(|g| of(g).filter(|v| v.is_finite())),
        )
    };
    columns.push(float(&fields[3], &|g| {
        Some(g.answers as f64 / g.rows as f64)
    })?);
    let found = |g: &Group, of: &dyn Fn(&Found) -> f64| g.found.as_ref().map(of);
    for at in 0..3 {
        columns.push(float(&fields[4 + at], &|g| found(g, &|f| f.mean[at]))?);
    }
    for at in 0..3 {
        columns.push(float(&fields[7 + at], &|g| found(g, &|f| f.top[at]))?);
    }
    for at in 0..3 {
        let counts = groups
            .iter()
            .map(|g| g.found.as_ref().map(|f| f.counts[at] as i32));
        columns.push(Column::ints(&fields[10 + at], counts)?);
    }
    for at in 0..3 {
        columns.push(float(&fields[13 + at], &|g| found(g, &|f| f.nps[at]))?);
    }
    Ok(Table::new(columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The interval of the net promoter score holds what it says, for all samples of a group's size, weighed by
    /// their probability.
    #[test]
    fn intervals_of_few_answers_hold() {
        for (n, [p, q, d]) in [
            (10, [0.6, 0.25, 0.15]),
            (10, [0.9, 0.08, 0.02]),
            (10, [0.98, 0.01, 0.01]),
            (30, [0.9, 0.08, 0.02]),
            (15, [0.7, 0.3, 0.0_f64]),
            (50, [0.95, 0.04, 0.01]),
        ] {
            let options = Options::default();
            let (truth, mean) = (100.0 * (p - d), 10.0 * p + 8.0 * q + 3.0 * d);
            let (mut nps, mut means) = (0.0, 0.0);
            let ln_of = |k: u64| (1..=k).map(|i| libm::log(i as f64)).sum::<f64>();
            for promoters in 0..=n {
                for passives in 0..=n - promoters {
                    let detractors = n - promoters - passives;
                    if d == 0.0 && detractors > 0 {
                        continue;
                    }
                    let each = [(promoters, p), (passives, q), (detractors, d)];
                    let ln: f64 = each
                        .iter()
                        .filter(|(k, _)| *k > 0)
                        .map(|(k, share)| *k as f64 * libm::log(*share) - ln_of(*k))
                        .sum();
                    let weight = libm::exp(ln + ln_of(n));
                    let scores = || {
                        let of = |score: f64, k: u64| std::iter::repeat_n(score, k as usize);
                        of(10.0, promoters)
                            .chain(of(8.0, passives))
                            .chain(of(3.0, detractors))
                    };
                    let found = Found::of(scores, n as usize, &options);
                    let holds = |[_, low, high]: [f64; 3], truth: f64| {
                        assert!(low < high);
                        f64::from(u8::from(low <= truth + 1e-9 && truth - 1e-9 <= high))
                    };
                    nps += weight * holds(found.nps, truth);
                    means += weight * holds(found.mean, mean);
                }
            }
            assert!(nps >= 0.93 && means >= 0.93, "{n} {p}: {nps} {means}");
        }
    }

    #[test]
    fn the_interval_of_many_answers_is_the_plain_one() {
        let scores = |promoters: usize, passives: usize, detractors: usize| {
            move || {
                let of = std::iter::repeat_n::<f64>;
                of(10.0, promoters)
                    .chain(of(8.0, passives))
                    .chain(of(3.0, detractors))
            }
        };
        let options = Options::default();
        let [nps, low, high] = Found::of(scores(60, 25, 15), 100, &options).nps;
        assert!((nps - 45.0).abs() < 1e-12);
        assert!((low - 30.4976).abs() < 1e-4 && (high - 59.5024).abs() < 1e-4);
        // Equal answers, however many, leave a doubt.
        let [nps, low, high] = Found::of(scores(400, 0, 0), 400, &options).nps;
        assert!(nps == 100.0 && low < 100.0 && low > 97.0 && high == 100.0);
    }
}
