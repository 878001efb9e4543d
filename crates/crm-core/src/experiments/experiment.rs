//! Experiments (A/Bテスト): which variant is better, by how much, and how sure that is.
//!
//! # What is read
//!
//! Events with `assigned` ([`from_events`](super::from_events)), a table with a row per variant (`variant`, `n` and `conversions`, or `n`, `sum` and `sum_squares`; with a column
//! `measure` several measures), or a table with a row per unit (`variant`, `value`; with `customer_id` rows of one
//! customer are a cluster, and customers in two variants are left out and counted). Values that are all 0 or 1, one per unit, are
//! a rate; others are means.
//!
//! # Definitions
//!
//! | method | rates | means |
//! |---|---|---|
//! | `fixed` | [`two_rates`]: Newcombe, log ratio, z | Welch's t; the ratio by the delta method |
//! | `always_valid` | [`sequential`]: difference and ratio say the same | the same |
//! | `bayes` | [`posterior`]: Beta(1, 1) prior | vague normal-inverse-gamma prior |
//!
//! ```text
//! Welch       t = d / √(V_1 + V_2),   ν = (V_1 + V_2)² / (V_1²/ν_1 + V_2²/ν_2)
//! ratio       r ± z √(V_2 + r² V_1) / |m_1|
//! ```
//!
//! First of all the counts of people are tested against the shares that were planned. A p-value below .001 means that people were
//! not assigned as planned, and no difference can be read (the verdict is `sample_ratio_mismatch`). `p_adjusted` allows
//! for all variants and measures of the table. The verdict compares it with `1 − confidence`, or, with `bayes`, the
//! probability that the variant is above the control with `confidence`.

use super::arms::{Arm, Arms, Measure};
use super::fields::{
    DIFFERENCE, DIFFERENCE_HIGH, DIFFERENCE_LOW, P, RATIO, RATIO_HIGH, RATIO_LOW, SRM_P,
};
use super::options::{
    Adjust, DifferenceInterval, Method, Options, RateInterval, RatioInterval, Sequence, Test,
};
use super::posterior::{self, Contrast, Posterior};
use super::sequential;
use super::table::{self, Estimate, Row};
use crate::analysis::Analysis;
use crate::context::{Context, push};
use crate::error::{Error, Result};
use crate::num::ratio::wilson;
use crate::num::{Fraction, chi_squared, multiple, normal, student, two_rates};
use crate::table::{Field, Table, columns};
use libm::sqrt;
use serde_json::json;

/// Below this p-value of the sample ratio nothing is to be read.
const MISMATCH: f64 = 1e-3;

/// The analysis `experiment`.
///
/// ```
/// use crm_core::columns::{Batch, ColumnValues, Strings};
/// use crm_core::{Context, Dataset, Table, register};
/// let whole = |values: &[i64]| ColumnValues::Int { values: values.to_vec().into(), bits: 64 }.into();
/// let names = Strings::collect([&b"a"[..], b"b"].into_iter())?;
/// let batch: Batch = vec![
///     ("variant".into(), ColumnValues::Text(names).into()),
///     ("n".into(), whole(&[5000, 5000])),
///     ("conversions".into(), whole(&[200, 242])),
/// ];
/// let counts = Table::from_batch(&batch, &Context::default())?;
/// let table = register::run("experiment", &Dataset::Table(&counts), "", &Context::default())?;
/// assert_eq!(table.len(), 2);
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Experiment;

impl Analysis for Experiment {
    const NAME: &'static str = "experiment";
    const SUMMARY: &'static str = "Variants of an experiment compared with the control, after a test of how people were assigned";
    const JA: &'static str = "A/Bテスト";
    const COLUMNS: &'static [Field] = &columns! {
        "measure": Text, "", "指標", "What is measured.";
        "variant": Text, "", "パターン", "The variant.";
        "n": Int, "people", "人数", "People of the variant; without customers, rows.";
        "mean": Float, "", "平均", "The rate or mean; with a covariate, adjusted.";
        "mean_low": Float, "", "平均(下限)", "Lower end of its interval, for this look alone.";
        "mean_high": Float, "", "平均(上限)", "Upper end of its interval.";
        DIFFERENCE, "Variant − control.";
        DIFFERENCE_LOW;
        DIFFERENCE_HIGH;
        RATIO, "Variant / control; null if the control is not above 0.";
        RATIO_LOW;
        RATIO_HIGH;
        P, "p-value of no difference; null with `bayes`.";
        "p_exact": Float, "", "正確p値", "Fisher's p-value of two rates, with `fixed`; null of more than ten million possible tables.";
        "p_adjusted": Float, "", "補正p値", "`p` adjusted for all variants and measures.";
        "probability_best": Float, "share", "最良の確率", "Probability of being the best of all variants; only with `bayes`.";
        "expected_loss": Float, "", "期待損失", "How much the best is expected to be above it; only with `bayes`.";
        SRM_P;
        "verdict": Category, "", "判定", "What the method says; null for the control.";
    };
    const OPTIONAL: &'static [&'static str] = &["measure", "customer_id"];
    type Data = Table;
    type Options = Options;

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        only_of_events(options)?;
        options.check()?;
        let arms = Arms::new(data, options)?;
        judged_table(Self::COLUMNS, &arms, options, context)
    }
}

/// Refuses options of events.
fn only_of_events(options: &Options) -> Result<()> {
    let given = [
        ("experiment", options.experiment.is_some()),
        ("window", options.window.is_some()),
        ("before", options.before.is_some()),
        ("per", options.per.is_some()),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(Error::option(name, "", "events; this is a table")),
        None => Ok(()),
    }
}

/// The table of what is known of each variant and measure.
pub(super) fn judged_table(
    fields: &'static [Field],
    arms: &Arms,
    options: &Options,
    context: &Context,
) -> Result<Table> {
    let mut all = arms.measures.iter().flat_map(|measure| &measure.arms);
    if all.all(|arm| arm.rate.is_none()) {
        options.refuse_rates()?;
    }
    if arms.variants.len() < 2 {
        return Err(Error::Insufficient {
            what: "variants",
            needed: 2,
            found: arms.variants.len() as u64,
        });
    }
    let control = control(&arms.variants, options.control.as_deref())?;
    let weights = weights(&arms.variants, options)?;
    let mut rows = Vec::new();
    for (at, measure) in arms.measures.iter().enumerate() {
        context.check()?;
        let counts: Vec<u64> = measure.arms.iter().map(|arm| arm.n).collect();
        let srm_p = chi_squared::goodness_of_fit(&counts, &weights);
        for row in judged(measure, control, options) {
            let row = Row {
                measure: at,
                srm_p,
                ..row
            };
            push(&mut rows, row, "table")?;
        }
    }
    adjust(&mut rows, options)?;
    verdicts(&mut rows, &arms.measures, control, options);
    let table = table::table(fields, arms, &rows, options)?
        .with_note("control", json!(arms.variants[control]));
    Ok(noted(table, arms, &rows, options))
}

/// The table with what is to be known of its measures.
fn noted(table: Table, arms: &Arms, rows: &[Row], options: &Options) -> Table {
    let measures = || arms.measures.iter();
    let mismatched = |at: usize| rows.iter().any(|r| r.measure == at && is_mismatch(r));
    let mismatched = measures().enumerate().filter(|(at, _)| mismatched(*at));
    let mismatched: Vec<&str> = mismatched.map(|(_, m)| m.name.as_str()).collect();
    let kinds = measures().map(|measure| {
        let rate = measure.arms.iter().all(|arm| arm.rate.is_some());
        (
            measure.name.clone(),
            json!(if rate { "rate" } else { "mean" }),
        )
    });
    let kinds: serde_json::Map<_, _> = kinds.collect();
    let table = table
        .with_note("kinds", kinds.into())
        .with_note("sample_ratio_mismatch", json!(mismatched))
        .with_note("in_several_variants", json!(arms.in_several));
    let has_rates = |row: &&Row| arms.measures[row.measure].arms[row.variant].rate.is_some();
    let untried = rows.iter().filter(has_rates).any(|row| {
        options.method == Method::Fixed && row.difference.is_some() && row.p_exact.is_none()
    });
    let table = match untried {
        true => table.with_note("too_many_for_exact_p", json!(true)),
        false => table,
    };
    if options.covariate.is_none() {
        return table;
    }
    let reductions = measures().filter_map(|m| Some((m.name.clone(), json!(m.reduction?))));
    let reductions: serde_json::Map<_, _> = reductions.collect();
    table.with_note("variance_reduction", reductions.into())
}

fn is_mismatch(row: &Row) -> bool {
    row.srm_p.is_some_and(|p| p < MISMATCH)
}

/// The place of the control among the variants.
fn control(variants: &[String], named: Option<&str>) -> Result<usize> {
    let place = |name: &str| variants.iter().position(|variant| variant == name);
    match named {
        None => Ok(place("control").unwrap_or(0)),
        Some(name) => place(name).ok_or_else(|| {
            Error::option("control", json!(name), "the name of a variant in the table")
        }),
    }
}

/// The planned shares, in the order of the variants.
fn weights(variants: &[String], options: &Options) -> Result<Vec<f64>> {
    let Some(shares) = &options.shares else {
        return Ok(vec![1.0; variants.len()]);
    };
    let of = |variant: &String| shares.get(variant).map(|share| share.get());
    let found: Option<Vec<f64>> = variants.iter().map(of).collect();
    match found {
        Some(weights) if shares.len() == variants.len() => Ok(weights),
        _ => Err(Error::option(
            "shares",
            json!(shares),
            "a share for each variant of the table, and for no other",
        )),
    }
}

/// The rows of one measure.
fn judged(measure: &Measure, control: usize, options: &Options) -> Vec<Row> {
    let base = &measure.arms[control];
    let mut rows: Vec<Row> = Vec::new();
    for (variant, arm) in measure.arms.iter().enumerate() {
        let mut row = Row {
            variant,
            n: arm.n,
            mean: mean(arm, options),
            ..Row::default()
        };
        if variant != control {
            match options.method {
                Method::Fixed => fixed(&mut row, base, arm, options),
                Method::AlwaysValid => always_valid(&mut row, base, arm, options),
                Method::Bayes => believed(&mut row, base, arm, options),
            }
        }
        rows.push(row);
    }
    let posteriors: Option<Vec<Posterior>> = measure.arms.iter().map(posterior_of).collect();
    if let (Method::Bayes, Some(posteriors)) = (options.method, posteriors) {
        let best = posterior::probability_best(&posteriors);
        let loss = posterior::expected_loss(&posteriors);
        for (row, (best, loss)) in rows.iter_mut().zip(best.into_iter().zip(loss)) {
            row.probability_best = Some(best);
            row.expected_loss = Some(loss);
        }
    }
    rows
}

/// The rate or mean with its interval.
fn mean(arm: &Arm, options: &Options) -> Estimate {
    let level = options.confidence;
    match arm.rate {
        Some(rate) => Estimate::new(
            rate.value(),
            match options.rate_interval {
                RateInterval::Wilson => wilson(rate.value(), rate.trials as f64, level),
                RateInterval::ClopperPearson => two_rates::clopper_pearson(rate, level),
                RateInterval::Jeffreys => two_rates::jeffreys(rate, level),
            },
        ),
        None => Estimate::around(arm.mean, t_of(level, arm.df) * sqrt(arm.variance)),
    }
}

fn t_of(level: Fraction, df: f64) -> f64 {
    match df > 0.0 {
        true => student::quantile(0.5 + 0.5 * level.get(), df),
        false => f64::NAN,
    }
}

fn ratio_of(base: &Arm, arm: &Arm) -> Option<f64> {
    (base.mean > 0.0).then(|| arm.mean / base.mean)
}

/// The variance of the ratio, by the delta method.
fn ratio_variance(base: &Arm, arm: &Arm, r: f64) -> f64 {
    (arm.variance + r * r * base.variance) / (base.mean * base.mean)
}

fn fixed(row: &mut Row, base: &Arm, arm: &Arm, options: &Options) {
    let level = options.confidence;
    let d = arm.mean - base.mean;
    if let (Some(a), Some(b)) = (base.rate, arm.rate) {
        let ends = match options.difference_interval {
            DifferenceInterval::Newcombe => two_rates::newcombe(a, b, level),
            DifferenceInterval::Score => two_rates::score_difference(a, b, level),
            DifferenceInterval::Wald => two_rates::wald(a, b, level),
        };
        row.difference = Some(Estimate::new(d, ends));
        let ends = match options.ratio_interval {
            RatioInterval::Log => two_rates::log_ratio(a, b, level),
            RatioInterval::Score => two_rates::score_ratio(a, b, level),
        };
        let ends = ends.unwrap_or((f64::NAN, f64::NAN));
        row.ratio = ratio_of(base, arm).map(|r| Estimate::new(r, ends));
        let exact = two_rates::fisher(a, b);
        row.p_exact = exact;
        row.p = Some(match options.test {
            Test::Z => two_rates::two_sided(two_rates::z(a, b)),
            // Of so many tables Yates' test is the same.
            Test::Fisher => exact.unwrap_or_else(|| two_rates::yates(a, b)),
            Test::Yates => two_rates::yates(a, b),
        });
        return;
    }
    let variance = base.variance + arm.variance;
    let parts = |arm: &Arm| arm.variance * arm.variance / arm.df;
    let df = variance * variance / (parts(base) + parts(arm));
    if variance > 0.0 {
        row.difference = Some(Estimate::around(d, t_of(level, df) * sqrt(variance)));
        row.p = Some(student::two_sided(d / sqrt(variance), df));
    } else {
        // No spread, or too few people to know one.
        row.difference = Some(Estimate::around(d, f64::NAN));
    }
    let z = normal::quantile(0.5 + 0.5 * level.get());
    let half = |r: f64| z * sqrt(ratio_variance(base, arm, r));
    row.ratio = ratio_of(base, arm).map(|r| Estimate::around(r, half(r)));
}

fn always_valid(row: &mut Row, base: &Arm, arm: &Arm, options: &Options) {
    let (n, alpha) = ((base.n + arm.n) as f64, 1.0 - options.confidence.get());
    let always = |d: f64, variance: f64, tau2: f64| match variance > 0.0 {
        true => Some(match options.sequence {
            Sequence::ConfidenceSequence => {
                sequential::confidence_sequence(d, variance, n, alpha, options.tuning.get())
            }
            Sequence::Msprt => sequential::msprt(d, variance, tau2, alpha),
        }),
        false => None,
    };
    let (d, tau2) = (arm.mean - base.mean, options.mixing_variance.get());
    let of_difference = always(d, base.variance + arm.variance, tau2);
    row.p = of_difference.map(|a| a.p);
    let half = of_difference.map_or(f64::NAN, |a| a.half);
    row.difference = Some(Estimate::around(d, half));
    let half = |variance: f64, scale: f64| {
        always(0.0, variance, tau2 * scale).map_or(f64::NAN, |a| a.half)
    };
    row.ratio = ratio_of(base, arm).map(|r| match of_difference {
        Some(_) if arm.mean >= 0.0 => {
            let (a, b) = ((base.mean, base.variance), (arm.mean, arm.variance));
            Estimate::new(r, sequential::ratio(a, b, half))
        }
        _ => Estimate::around(r, f64::NAN),
    });
}

/// What is known of a variant; none if its variance is not known.
fn posterior_of(arm: &Arm) -> Option<Posterior> {
    match arm.rate {
        Some(rate) => Some(Posterior::of_rate(rate.hits, rate.trials)),
        None => (arm.variance > 0.0 && arm.df > 1.0).then(|| Posterior::Student {
            location: arm.mean,
            scale: sqrt(arm.variance),
            df: arm.df,
        }),
    }
}

fn believed(row: &mut Row, base: &Arm, arm: &Arm, options: &Options) {
    let level = options.confidence.get();
    let both = posterior_of(base).zip(posterior_of(arm));
    let ends = |contrast: Contrast| match both {
        // A ratio to a control that may be below 0 has no interval.
        Some((a, _)) if contrast == Contrast::Ratio && a.cdf(0.0) > 1e-6 => (f64::NAN, f64::NAN),
        Some((a, b)) => posterior::interval(a, b, contrast, level),
        None => (f64::NAN, f64::NAN),
    };
    let d = arm.mean - base.mean;
    row.difference = Some(Estimate::new(d, ends(Contrast::Difference)));
    row.ratio = ratio_of(base, arm).map(|r| Estimate::new(r, ends(Contrast::Ratio)));
}

/// Fills `p_adjusted`, over all comparisons of the table.
fn adjust(rows: &mut [Row], options: &Options) -> Result<()> {
    let p: Vec<f64> = rows.iter().filter_map(|row| row.p).collect();
    let adjusted = match options.adjust {
        Adjust::Holm => multiple::holm(&p)?,
        Adjust::Bh => multiple::benjamini_hochberg(&p)?,
        Adjust::None => p,
    };
    let tested = rows.iter_mut().filter(|row| row.p.is_some());
    for (row, p) in tested.zip(adjusted) {
        row.p_adjusted = Some(p);
    }
    Ok(())
}

fn verdicts(rows: &mut [Row], measures: &[Measure], control: usize, options: &Options) {
    let level = options.confidence.get();
    for row in rows.iter_mut().filter(|row| row.variant != control) {
        let arms = &measures[row.measure].arms;
        let above = match options.method {
            Method::Bayes => {
                let both = posterior_of(&arms[control]).zip(posterior_of(&arms[row.variant]));
                let above = both.map(|(a, b)| posterior::probability_best(&[a, b])[1]);
                above.map(|p| (p >= level, p <= 1.0 - level))
            }
            _ => row.p_adjusted.zip(row.difference).map(|(p, d)| {
                let sure = p < 1.0 - level;
                (sure && d.value > 0.0, sure && d.value < 0.0)
            }),
        };
        row.verdict = Some(match above {
            _ if is_mismatch(row) => table::MISMATCHED,
            Some((true, _)) => table::ABOVE,
            Some((_, true)) => table::BELOW,
            _ => table::UNCLEAR,
        });
    }
}
