//! Attribution (アトリビューション, チャネル分析): which channel earned the sale.
//!
//! # Definition
//!
//! Paths are those of [`paths`]. Each conversion is divided among the touches of its path:
//!
//! | model | credit of one conversion |
//! |---|---|
//! | `last`, `first` | the last, the first touch |
//! | `last_non_direct` | the last touch that is not direct; if all are direct, the last |
//! | `linear` | 1/n per touch; with `distinct`, one part per different channel |
//! | `position` | .4 first, .4 last, .2 over those between; n = 2: .5 each; n = 1: 1 |
//! | `time_decay` | `2^(−Δt/half_life)`, divided by their sum; with `step`, whole half-lives |
//! | `markov` | conversions · RE(c)/Σ RE, with the removal effects RE of the chain of paths of this `order` |
//! | `shapley` | 1 / different channels of the path, to each: the Shapley value of the game whose worth of a set of channels is the conversions of the paths within it |
//!
//! The credits of a model add up to the conversions. Intervals are of `bootstrap` resamples of persons with Poisson
//! weights (of a table of paths: of each conversion and each path without one). No rule shows what would have happened without
//! a channel: that takes an experiment.
//!
//! # References
//!
//! - Anderl and others (2016), *International Journal of Research in Marketing* 33: the Markov chain.
//! - Zhao, K., Mahboobi, S. H., Bagheri, S. R. (2018). Shapley value methods for attribution modeling in online
//!   advertising. arXiv 1804.05327: the closed form.

pub mod credit;
mod markov;
mod path_table;
pub mod paths;
pub mod tables;

use self::credit::{Credit, MarkovShare, Model, Rule, Weights, credit};
use self::markov::States;
use self::paths::{HasPaths, NONE, PathRules, Paths};
use crate::analysis::{Analysis, Input};
use crate::context::{Context, collect, filled, push};
use crate::error::{Error, Result};
use crate::num::rng::Rng;
use crate::num::{Fraction, Positive};
use crate::table::shared::SHARE;
use crate::table::{Column, Field, Label, Table, columns, fields, labels};
use crate::time::Duration;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::marker::PhantomData;
use std::sync::Arc;

/// Options of [`Attribution`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The rules of attribution, each once. Default: `markov`.
    pub models: Vec<Model>,
    /// How many touches a state of the Markov chain remembers, 1 to 4. Default 1.
    pub order: u8,
    /// How the Markov chain's conversions are divided.
    pub markov_share: MarkovShare,
    /// The channels that are direct, for `last_non_direct`, in upper or lower case. Default: `direct`, `(direct)` and `(none)`.
    pub direct: Vec<String>,
    /// Whether `linear` counts each different channel of a path once. Default: no.
    pub distinct: bool,
    /// The half-life of `time_decay`. Default 7 days.
    pub half_life: Duration,
    /// Whether `time_decay` counts whole half-lives. Default: no.
    pub step: bool,
    /// Resamples for the intervals, 100 up to 10,000. Default 0: no intervals.
    pub bootstrap: u32,
    /// Seed of the resamples. Default 0.
    pub seed: u64,
    /// Confidence level of the intervals. Default 0.95.
    pub confidence: Fraction,
    /// How events become paths.
    #[serde(flatten)]
    pub paths: PathRules,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            models: vec![Model::Markov],
            order: 1,
            markov_share: MarkovShare::Total,
            direct: ["direct", "(direct)", NONE].map(String::from).into(),
            distinct: false,
            half_life: Duration::days(7),
            step: false,
            bootstrap: 0,
            seed: 0,
            confidence: Fraction::P95,
            paths: PathRules::default(),
        }
    }
}

impl Options {
    fn check(&self) -> Result<()> {
        let twice = |(at, model): (usize, &Model)| self.models[..at].contains(model);
        if self.models.is_empty() || self.models.iter().enumerate().any(twice) {
            return Err(Error::option(
                "models",
                json!(self.models),
                "at least one model, each once",
            ));
        }
        if !(1..=4).contains(&self.order) {
            return Err(Error::option("order", self.order, "1 to 4"));
        }
        if !matches!(self.bootstrap, 0 | 100..=10_000) {
            let expected = "0, or 100 up to 10,000: fewer say nothing of an interval";
            return Err(Error::option("bootstrap", self.bootstrap, expected));
        }
        let d = Options::default();
        let lacks = |model: Model| !self.models.contains(&model);
        let (markov, bootstrap) = ("the model \"markov\"", "`bootstrap`");
        let given = [
            (
                "order",
                self.order != d.order && lacks(Model::Markov),
                markov,
            ),
            (
                "markov_share",
                self.markov_share != d.markov_share && lacks(Model::Markov),
                markov,
            ),
            (
                "direct",
                self.direct != d.direct && lacks(Model::LastNonDirect),
                "the model \"last_non_direct\"",
            ),
            (
                "distinct",
                self.distinct && lacks(Model::Linear),
                "the model \"linear\"",
            ),
            (
                "half_life",
                self.half_life != d.half_life && lacks(Model::TimeDecay),
                "the model \"time_decay\"",
            ),
            (
                "step",
                self.step && lacks(Model::TimeDecay),
                "the model \"time_decay\"",
            ),
            (
                "seed",
                self.seed != d.seed && self.bootstrap == 0,
                bootstrap,
            ),
            (
                "confidence",
                self.confidence != d.confidence && self.bootstrap == 0,
                bootstrap,
            ),
        ];
        if let Some((name, _, expected)) = given.into_iter().find(|(_, in_vain, _)| *in_vain) {
            return Err(Error::option(name, "", expected));
        }
        match Positive::new(self.half_life.as_days()) {
            Some(_) => Ok(()),
            None => Err(Error::option("half_life", 0, "a time longer than zero")),
        }
    }
}

fields! {
    pub(super) CHANNEL_NAME = "channel", Text, "", "流入元", "The channel, or campaign or referrer (`of`).";
}

/// The names of the models, in the order of [`Model`].
const MODELS: &[Label] = labels! {
    "last", "Last touch", "ラストクリック";
    "first", "First touch", "ファーストクリック";
    "last_non_direct", "Last touch that is not direct", "直接以外のラストクリック";
    "linear", "Linear", "線形";
    "position", "Position", "接点ベース";
    "time_decay", "Time decay", "減衰";
    "markov", "Markov chain", "マルコフ連鎖";
    "shapley", "Shapley value", "シャープレイ値";
};

/// The analysis `attribution`, of events or of a table of paths.
///
/// ```
/// use crm_core::columns::{Batch, ColumnValues, Strings};
/// use crm_core::{Context, Dataset, Table, register};
/// let whole = |values: &[i64]| ColumnValues::Int { values: values.to_vec().into(), bits: 64 }.into();
/// let names = Strings::collect([&b"G"[..], b"M", b"G > M"].into_iter())?;
/// let batch: Batch = vec![
///     ("path".into(), ColumnValues::Text(names).into()),
///     ("conversions".into(), whole(&[2, 1, 1])),
///     ("nulls".into(), whole(&[1, 0, 0])),
/// ];
/// let paths = Table::from_batch(&batch, &Context::default())?;
/// let table = register::run("attribution", &Dataset::Table(&paths), "", &Context::default())?;
/// assert_eq!(table.len(), 2); // 2.4 of G, 1.6 of M
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Attribution<D>(PhantomData<D>);

impl<D: HasPaths + 'static> Analysis for Attribution<D> {
    const NAME: &'static str = "attribution";
    const SUMMARY: &'static str = "Conversions and revenue of each channel by rules of attribution, of events or of a table of paths";
    const JA: &'static str = "アトリビューション分析";
    const COLUMNS: &'static [Field] = &columns! {
        CHANNEL_NAME;
        "model": Category, "", "モデル", "The rule.";
        "conversions": Float, "conversions", "コンバージョン数", "Conversions credited to the channel.";
        "revenue": Float, "currency", "売上", "Revenue credited, major units; only with amounts.";
        SHARE, "Share of all conversions; null without any.";
        "conversions_low": Float, "conversions", "コンバージョン数(下限)", "Lower end of the interval; only with `bootstrap`.";
        "conversions_high": Float, "conversions", "コンバージョン数(上限)", "Upper end of the interval.";
    };
    const SCOPE: &'static [&'static str] = D::KEYS;
    const OPTIONAL: &'static [&'static str] = &["nulls", "revenue"];
    const VISITS: bool = true;
    type Data = D;
    type Options = Options;

    fn run(data: &D, _: &<D as Input>::At, options: &Options, context: &Context) -> Result<Table> {
        options.check()?;
        let paths = data.paths(&options.paths, Self::NAME, context)?;
        if options.models.contains(&Model::TimeDecay) && !paths.has_ages() {
            let expected = "models that need no times: a table of paths has none";
            return Err(Error::option("models", "\"time_decay\"", expected));
        }
        let states = match options.models.contains(&Model::Markov) {
            true => Some(States::new(&paths, options.order)?),
            false => None,
        };
        let direct: Vec<String> = options.direct.iter().map(|d| d.to_lowercase()).collect();
        let rule = Rule {
            direct: collect(
                paths
                    .channels
                    .iter()
                    .map(|name| direct.contains(&name.to_lowercase())),
                "channels",
            )?,
            distinct: options.distinct,
            half_life: options.half_life.as_days(),
            step: options.step,
            share: options.markov_share,
            states: states.as_ref(),
        };
        let weights = Weights {
            conversions: &paths.conversions,
            nulls: &paths.nulls,
            revenue: &paths.revenue,
        };
        let credits = credits(&paths, &rule, &weights, options, context)?;
        let resampled = resampled(&paths, &rule, options, context)?;
        let table = table(Self::COLUMNS, &paths, &credits, &resampled, options)?;
        let probability = credits.iter().find_map(|credit| credit.probability);
        Ok(match probability {
            Some(p) => noted(table, &paths).with_note("conversion_probability", json!(p)),
            None => noted(table, &paths),
        })
    }
}

/// The table with what is to be known of the paths.
fn noted(table: Table, paths: &Paths) -> Table {
    let nulls: f64 = paths.nulls.iter().sum();
    table
        .with_note("conversions", json!(paths.conversions.iter().sum::<f64>()))
        .with_note("paths_without_conversion", json!(nulls))
        .with_note("open_paths", json!(paths.open))
        .with_note("touches_too_old", json!(paths.too_old))
}

/// The credit by each model, in the order asked for.
fn credits(
    paths: &Paths,
    rule: &Rule,
    weights: &Weights,
    options: &Options,
    context: &Context,
) -> Result<Vec<Credit>> {
    let mut credits = Vec::new();
    for model in &options.models {
        push(
            &mut credits,
            credit(paths, *model, rule, weights, context)?,
            "credit",
        )?;
    }
    Ok(credits)
}

/// The conversions of each model and channel in each resample.
fn resampled(
    paths: &Paths,
    rule: &Rule,
    options: &Options,
    context: &Context,
) -> Result<Vec<Vec<f64>>> {
    let samples = collect(0..options.bootstrap as usize, "resamples")?;
    let n = paths.channels.len() * options.models.len();
    let bytes = samples.len().saturating_mul(8 * n);
    context.afford(bytes, "resamples")?;
    context.map(samples, |sample| {
        context.check()?;
        let mut rng = Rng::stream(options.seed, sample as u64);
        let (conversions, nulls) = drawn(paths, &mut rng)?;
        let weights = Weights {
            conversions: &conversions,
            nulls: &nulls,
            revenue: &[],
        };
        let credits = credits(paths, rule, &weights, options, context)?;
        let mut all = filled(n, 0.0, "resamples")?;
        for (model, credit) in credits.iter().enumerate() {
            for (channel, conversions) in credit.conversions.iter().enumerate() {
                all[channel * options.models.len() + model] = *conversions;
            }
        }
        Ok(all)
    })
}

/// Poisson weights: one for each person, or for each conversion of a table.
fn drawn(paths: &Paths, rng: &mut Rng) -> Result<(Vec<f64>, Vec<f64>)> {
    let mut conversions = collect(paths.conversions.iter().copied(), "resamples")?;
    let mut nulls = collect(paths.nulls.iter().copied(), "resamples")?;
    if paths.persons.is_empty() {
        let counts = conversions.iter_mut().chain(&mut nulls);
        counts.for_each(|count| *count = rng.poisson(*count) as f64);
        return Ok((conversions, nulls));
    }
    // The paths of one person follow each other.
    let (mut before, mut weight) = (None, 0.0);
    for (path, person) in paths.persons.iter().enumerate() {
        if before != Some(*person) {
            (before, weight) = (Some(*person), rng.poisson(1.0) as f64);
        }
        conversions[path] *= weight;
        nulls[path] *= weight;
    }
    Ok((conversions, nulls))
}

/// The quantile of sorted numbers, between two of them on a line.
fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let place = p * sorted.len().checked_sub(1)? as f64;
    let below = libm::floor(place) as usize;
    let above = (below + 1).min(sorted.len() - 1);
    Some(sorted[below] + (place - below as f64) * (sorted[above] - sorted[below]))
}

fn table(
    f: &'static [Field],
    paths: &Paths,
    credits: &[Credit],
    resampled: &[Vec<f64>],
    options: &Options,
) -> Result<Table> {
    let m = options.models.len();
    let n = paths.channels.len() * m;
    let names = Arc::new(collect(paths.channels.iter().cloned(), "table")?);
    let cell = |row: usize| (&credits[row % m], row / m);
    let floats =
        |field: &Field, of: &dyn Fn(usize) -> Option<f64>| Column::floats(field, (0..n).map(of));
    let all: f64 = paths.conversions.iter().sum();
    let codes = (0..n).map(|row| Some(options.models[row % m] as u8));
    let mut columns = vec![
        Column::texts(&f[0], &names, (0..n).map(|row| (row / m) as u32))?,
        Column::words(&f[1], MODELS, codes)?,
        floats(&f[2], &|row| Some(cell(row).0.conversions[cell(row).1]))?,
    ];
    if paths.revenue.len() == paths.len() && paths.len() > 0 {
        columns.push(floats(&f[3], &|row| {
            Some(cell(row).0.revenue[cell(row).1])
        })?);
    }
    let share = |row: usize| (all > 0.0).then(|| cell(row).0.conversions[cell(row).1] / all);
    columns.push(floats(&f[4], &share)?);
    if options.bootstrap > 0 {
        let tail = 0.5 - 0.5 * options.confidence.get();
        let (mut low, mut high) = (filled(n, None, "table")?, filled(n, None, "table")?);
        for row in 0..n {
            let mut values = collect(resampled.iter().map(|of| of[row]), "table")?;
            values.sort_unstable_by(f64::total_cmp);
            low[row] = quantile(&values, tail);
            high[row] = quantile(&values, 1.0 - tail);
        }
        columns.push(floats(&f[5], &|row| low[row])?);
        columns.push(floats(&f[6], &|row| high[row])?);
    }
    Ok(Table::new(columns))
}
