//! Tables about paths: their channels (`attribution_channels`), the paths themselves (`attribution_paths`) and the steps of
//! the Markov chain (`attribution_transitions`), from which the removal effects can be computed by hand.

use super::markov::{self, Chain, States};
use super::paths::{ENDS, HasPaths, PathRules, Paths, text_values};
use super::{CHANNEL_NAME, noted};
use crate::analysis::{Analysis, Input};
use crate::context::{Context, collect, filled, push};
use crate::error::Result;
use crate::num::Fraction;
use crate::num::ratio::Ratio;
use crate::table::optional::rate_columns;
use crate::table::shared::{PROBABILITY, SOURCE, TARGET};
use crate::table::{Column, Field, Table, Values, columns};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::marker::PhantomData;

/// Options of [`Channels`] and [`Transitions`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// How many touches a state of the Markov chain remembers, 1 to 4. Default 1.
    pub order: u8,
    /// How events become paths.
    #[serde(flatten)]
    pub paths: PathRules,
}

/// Options of [`TopPaths`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct PathOptions {
    /// Paths to list. Default 20.
    pub limit: u32,
    /// Confidence level of the intervals. Default 0.95.
    pub confidence: Fraction,
    /// How events become paths.
    #[serde(flatten)]
    pub paths: PathRules,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            order: super::Options::default().order,
            paths: PathRules::default(),
        }
    }
}

impl Default for PathOptions {
    fn default() -> Self {
        PathOptions {
            limit: 20,
            confidence: super::Options::default().confidence,
            paths: PathRules::default(),
        }
    }
}

/// The analysis `attribution_channels`.
#[derive(Debug)]
pub struct Channels<D>(PhantomData<D>);

impl<D: HasPaths + 'static> Analysis for Channels<D> {
    const NAME: &'static str = "attribution_channels";
    const SUMMARY: &'static str =
        "Touches, paths and removal effect of each channel, of events or of a table of paths";
    const JA: &'static str = "チャネル別接点";
    const COLUMNS: &'static [Field] = &columns! {
        CHANNEL_NAME;
        "touches": Int, "touches", "接点数", "Touches of ended paths.";
        "paths": Int, "paths", "経路数", "Ended paths with the channel.";
        "first_touches": Int, "paths", "最初の接点数", "Paths that begin with it.";
        "middle_touches": Int, "touches", "途中の接点数", "Touches that are neither the first nor the last.";
        "last_touches": Int, "paths", "最後の接点数", "Paths that end with it.";
        "removal_effect": Float, "", "除去効果", "Share of conversions that the Markov chain loses without it.";
    };
    const SCOPE: &'static [&'static str] = D::KEYS;
    const OPTIONAL: &'static [&'static str] = &["nulls", "revenue"];
    const VISITS: bool = true;
    type Data = D;
    type Options = Options;

    fn run(data: &D, _: &<D as Input>::At, options: &Options, context: &Context) -> Result<Table> {
        let paths = data.paths(&options.paths, Self::NAME, context)?;
        let n = paths.channels.len();
        let states = States::new(&paths, options.order)?;
        let chain = Chain::new(&paths, &states, &paths.conversions, &paths.nulls)?;
        let (probability, effects) = markov::removal_effects(&chain, &states, n, context)?;
        let zeros = || filled(n, 0_i64, "table");
        let [mut touches, mut with, mut first, mut middle, mut last] =
            [zeros()?, zeros()?, zeros()?, zeros()?, zeros()?];
        let mut seen = filled(n, usize::MAX, "channels")?;
        for path in 0..paths.len() {
            let weight = (paths.conversions[path] + paths.nulls[path]) as i64;
            let channels = paths.of(path);
            for (at, channel) in channels.iter().map(|c| *c as usize).enumerate() {
                touches[channel] += weight;
                if std::mem::replace(&mut seen[channel], path) != path {
                    with[channel] += weight;
                }
                let (is_first, is_last) = (at == 0, at + 1 == channels.len());
                first[channel] += if is_first { weight } else { 0 };
                last[channel] += if is_last { weight } else { 0 };
                middle[channel] += if is_first || is_last { 0 } else { weight };
            }
        }
        let f = Self::COLUMNS;
        let mut columns = vec![Column::new(&f[0], text_values(paths.channels.clone()))];
        let counts = [touches, with, first, middle, last];
        for (field, counts) in f[1..6].iter().zip(counts) {
            columns.push(Column::new(field, Values::I64(counts.into())));
        }
        columns.push(Column::finite(&f[6], effects)?);
        let table = noted(Table::new(columns), &paths);
        Ok(table.with_note("conversion_probability", json!(probability)))
    }
}

/// The analysis `attribution_transitions`.
#[derive(Debug)]
pub struct Transitions<D>(PhantomData<D>);

impl<D: HasPaths + 'static> Analysis for Transitions<D> {
    const NAME: &'static str = "attribution_transitions";
    const SUMMARY: &'static str =
        "Steps of the Markov chain between channels, with start, conversion and null";
    const JA: &'static str = "チャネル遷移";
    const COLUMNS: &'static [Field] = &columns! {
        SOURCE, "The latest channels of a path, or `(start)`.";
        TARGET, "The same after the step, or `(conversion)` or `(null)`.";
        "count": Int, "transitions", "回数", "Number of transitions.";
        PROBABILITY, "Share of all transitions from the source.";
    };
    const SCOPE: &'static [&'static str] = D::KEYS;
    const OPTIONAL: &'static [&'static str] = &["nulls", "revenue"];
    const VISITS: bool = true;
    type Data = D;
    type Options = Options;

    fn run(data: &D, _: &<D as Input>::At, options: &Options, context: &Context) -> Result<Table> {
        let paths = data.paths(&options.paths, Self::NAME, context)?;
        let states = States::new(&paths, options.order)?;
        let chain = Chain::new(&paths, &states, &paths.conversions, &paths.nulls)?;
        // Places of the names: states, then (start), (conversion) and (null).
        let n = states.contexts.len();
        let mut names = collect(states.contexts.iter().map(|c| paths.name(c)), "table")?;
        for name in ENDS {
            push(&mut names, name.to_owned(), "table")?;
        }
        let mut rows: Vec<(usize, usize, f64, f64)> = Vec::new();
        let begun: f64 = chain.start.iter().sum();
        for (state, count) in chain.start.iter().enumerate() {
            push(&mut rows, (n, state, *count, begun), "table")?;
        }
        for state in 0..n {
            let total = chain.total[state];
            for (_, target, count) in chain.of(state) {
                push(&mut rows, (state, *target as usize, *count, total), "table")?;
            }
            push(
                &mut rows,
                (state, n + 1, chain.conversion[state], total),
                "table",
            )?;
            push(&mut rows, (state, n + 2, chain.null[state], total), "table")?;
        }
        rows.retain(|row| row.2 > 0.0);
        let f = Self::COLUMNS;
        let names = std::sync::Arc::new(names);
        let counts = collect(rows.iter().map(|row| row.2 as i64), "table")?;
        let table = Table::new(vec![
            Column::texts(&f[0], &names, rows.iter().map(|row| row.0 as u32))?,
            Column::texts(&f[1], &names, rows.iter().map(|row| row.1 as u32))?,
            Column::new(&f[2], Values::I64(counts.into())),
            Column::floats(&f[3], rows.iter().map(|row| Some(row.2 / row.3)))?,
        ]);
        Ok(noted(table, &paths))
    }
}

/// The analysis `attribution_paths`.
#[derive(Debug)]
pub struct TopPaths<D>(PhantomData<D>);

/// One path with the rows that have it.
struct Found {
    /// One of these rows.
    path: usize,
    conversions: f64,
    nulls: f64,
    revenue: f64,
    /// Days from the first touch to each conversion.
    days: Vec<f64>,
}

impl<D: HasPaths + 'static> Analysis for TopPaths<D> {
    const NAME: &'static str = "attribution_paths";
    const SUMMARY: &'static str =
        "The most frequent paths of channels and how many of them end in a conversion";
    const JA: &'static str = "コンバージョン経路";
    const COLUMNS: &'static [Field] = &columns! {
        "path": Text, "", "経路", "The channels, joined by ` > `; a name in which `>` or a quotation mark occurs is in quotation marks.";
        "paths": Int, "paths", "経路数", "Ended paths of this kind.";
        "conversions": Int, "conversions", "コンバージョン数", "Of them, with a conversion.";
        "revenue": Float, "currency", "売上", "Their revenue, major units; only with amounts.";
        "conversion_rate": Float, "share", "購入率", "Conversions / paths.";
        "conversion_rate_low": Float, "share", "購入率下限", "Lower end of its interval.";
        "conversion_rate_high": Float, "share", "購入率上限", "Upper end of its interval.";
        "median_days": Float, "days", "所要日数(中央値)", "Median days from the first touch to the conversion; only of events.";
    };
    const SCOPE: &'static [&'static str] = D::KEYS;
    const OPTIONAL: &'static [&'static str] = &["nulls", "revenue"];
    const VISITS: bool = true;
    type Data = D;
    type Options = PathOptions;

    fn run(
        data: &D,
        _: &<D as Input>::At,
        options: &PathOptions,
        context: &Context,
    ) -> Result<Table> {
        let paths = data.paths(&options.paths, Self::NAME, context)?;
        let mut found = found(&paths)?;
        found.sort_unstable_by(|a, b| {
            let count = |of: &Found| of.conversions + of.nulls;
            let by_count = count(b).total_cmp(&count(a));
            by_count.then_with(|| paths.of(a.path).cmp(paths.of(b.path)))
        });
        found.truncate(options.limit as usize);
        let f = Self::COLUMNS;
        let whole = |of: &dyn Fn(&Found) -> f64| {
            let counts = collect(found.iter().map(|row| of(row) as i64), "table")?;
            Ok::<_, crate::error::Error>(Values::I64(counts.into()))
        };
        let names = collect(
            found.iter().map(|row| paths.name(paths.of(row.path))),
            "table",
        )?;
        let mut columns = vec![
            Column::new(&f[0], text_values(names)),
            Column::new(&f[1], whole(&|row| row.conversions + row.nulls)?),
            Column::new(&f[2], whole(&|row| row.conversions)?),
        ];
        if !paths.revenue.is_empty() {
            columns.push(Column::floats(
                &f[3],
                found.iter().map(|row| Some(row.revenue)),
            )?);
        }
        let rate = |row: &Found| {
            let all = row.conversions + row.nulls;
            Ratio::new(row.conversions as u64, all as u64, options.confidence)
        };
        let rates = collect(found.iter().map(rate), "table")?;
        columns.extend(rate_columns(&f[4..7], &rates)?);
        if paths.has_ages() && paths.len() > 0 {
            columns.push(Column::floats(
                &f[7],
                found.iter().map(|row| median(&row.days)),
            )?);
        }
        Ok(noted(Table::new(columns), &paths))
    }
}

/// The different paths.
fn found(paths: &Paths) -> Result<Vec<Found>> {
    let mut order = collect(0..paths.len(), "paths")?;
    order.sort_unstable_by(|a, b| paths.of(*a).cmp(paths.of(*b)).then(a.cmp(b)));
    let mut found: Vec<Found> = Vec::new();
    for same in order.chunk_by(|a, b| paths.of(*a) == paths.of(*b)) {
        let mut one = Found {
            path: same[0],
            conversions: 0.0,
            nulls: 0.0,
            revenue: 0.0,
            days: Vec::new(),
        };
        for path in same {
            one.conversions += paths.conversions[*path];
            one.nulls += paths.nulls[*path];
            one.revenue += paths.revenue.get(*path).copied().unwrap_or_default();
            let age = paths.ages(*path).and_then(|ages| ages.first());
            if let Some(age) = age.filter(|_| paths.conversions[*path] > 0.0) {
                push(&mut one.days, *age, "paths")?;
            }
        }
        one.days.sort_unstable_by(f64::total_cmp);
        push(&mut found, one, "paths")?;
    }
    Ok(found)
}

fn median(sorted: &[f64]) -> Option<f64> {
    let n = sorted.len();
    (n > 0).then(|| 0.5 * (sorted[(n - 1) / 2] + sorted[n / 2]))
}
