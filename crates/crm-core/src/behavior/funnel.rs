//! Funnels (ファネル分析): how many units take a list of steps within a time, where the others stop, and
//! how long the steps take.
//!
//! # Definition
//!
//! For one unit (a visitor, a session, a customer), a *chain* for the steps `1..k` is a sequence of
//! its events `e_1 < e_2 < … < e_k`, in their order, where `e_j` meets the conditions of step `j`
//! and
//!
//! ```text
//! t(e_k) − t(e_1) ≤ window
//! ```
//!
//! Events of one instant are sorted by the first step that each can fill, then events that fill
//! none. An event fills one step, so a step that is named twice needs two events. The unit has
//! *reached* step `k` when there is such a chain.
//!
//! | mode | differs in |
//! |---|---|
//! | `ordered` | as above; any other events may lie between |
//! | `strict` | the events follow each other with none between |
//! | `unordered` | the events that fill the first `k` steps may come in any order, within the window |
//! | `first_then_any` | the first step comes first, the others after it in any order |
//! | `any_k` | `k` events that fill `k` different steps, whichever; the row of step `k` is about them |
//!
//! `reuse` lets one event fill several steps (ClickHouse's `windowFunnel`; without it, its
//! `strict_once`). With `strict_increase` time must pass from step to step. `min_gap` and `max_gap` of a
//! step bound the time since the event of the step before. `entered` bounds the days of the first step
//! and of nothing else.
//!
//! *Optional* steps (neither the first nor the last) may be skipped. Modes in which steps have any
//! order do not accept them, because a step that may come anywhere or not at all is no condition.
//! *Exclusions* forbid events between a chain's first and last event, or between two of its steps.
//! An event that meets an exclusion ends the chains that are between these steps. It may still fill
//! a step itself, except in modes in which steps have any order. With `exclude_scope` `unit` the
//! event excludes the whole unit, if a chain was within its window and not yet past those steps.
//! `strict` allows no events between steps and refuses exclusions. If an exclusion begins or ends
//! at an optional step that a chain skips, it holds between the neighbouring steps that the chain
//! fills: with steps `1, 2?, 3`, an exclusion between 1 and 2 and an exclusion between 2 and 3 both
//! forbid their events between 1 and 3 in a chain without 2.
//!
//! Of several chains the **winning** chain is the deepest; of these, the chain that started last;
//! of these, the chain with the most optional steps filled, each at its earliest possible event
//! (`unordered`: latest). Step times are those of the winning chain.
//!
//! # Converted, still open, dropped
//!
//! ```text
//! converted     the last step was reached
//! still open    not converted, and the latest event that can start a chain is at most `window` before
//!               as_of (for sessions: and the session may still go on)
//! dropped       the other units, at the deepest step they reached
//! rate_k        reached_k / reached_1, both without units still open
//! ```
//!
//! so `reached_k = Σ_{j≥k} (dropped_j + still_open_j) + converted`. For an optional step `reached`
//! counts the winning chains that fill it. The interval is Wilson's where each unit is one trial;
//! for sessions the variance is clustered by visitor. `median_seconds` and `p90_seconds` are the
//! time since the previous filled step (nearest rank); `unordered` does not have them.
//!
//! With `count` = *episodes* a unit counts several times: an episode begins with an event that can
//! start a chain, and ends with the last step or with the window; the next episode begins after
//! that. The variance is then also clustered by visitor. A `series` counts chains by the period of
//! their start.
//!
//! A breakdown (`by`) by a column of events runs the funnel on the events of each value: by `product`
//! all steps are about one product. `first_page`, `first_channel` break down visitors.
//!
//! The usual SQL (`min(ts)` of each step after `min(ts)` of the step before) starts every chain at
//! a unit's first event and misses conversions of returning visitors.
//!
//! # Steps that nobody takes
//!
//! A step or an exclusion that no event of the whole log meets, whatever the scope, is most likely
//! a misspelt or foreign word. It is refused unless the step is optional or its kind is a key of
//! `kinds`: `{"purchase": "purchase"}` declares that the word is right and has not occurred yet.

mod chain;
mod count;
mod gaps;
mod options;
mod unordered;

pub(super) use chain::{Hit, Shape};
pub use count::{Reached, steps};
pub(super) use count::{in_order, masks};
pub(super) use gaps::Gaps;
pub use options::{Count, Entered, ExcludeScope, Mode, Options, Step};

pub use super::steps::{Exclusion, MAX_STEPS, Per};

use super::parameters::OF_THE_SITE;
use crate::analysis::Analysis;
use crate::behavior::fields::{MEDIAN_SECONDS, P90_SECONDS, STEP};
use crate::context::{Context, collect};
use crate::data::Events;
use crate::data::events::kinds;
use crate::error::{Error, Result};
use crate::num::ratio::Ratio;
use crate::scope::Condition;
use crate::table::optional::rate_columns;
use crate::table::{Column, Field, Table, Values, columns};
use crate::time::Day;
use options::label;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Refuses conditions that no event of a log meets.
pub(super) fn met(
    events: &Events,
    option: &str,
    at: usize,
    conditions: &BTreeMap<String, Condition>,
) -> Result<()> {
    if masks(events, &[conditions])?.contains(&1) {
        return Ok(());
    }
    // A declared kind that has not occurred yet is accepted. For a kind that has occurred, the
    // other conditions must also be met.
    let declared = |value: &Value| {
        let kind = value.as_str();
        kind.is_some_and(|kind| events.spec.kinds.contains_key(kind))
    };
    let kind = conditions.get("kind").filter(|kind| match kind {
        Condition::Is(kind) => declared(kind),
        Condition::In(kinds) => kinds.iter().any(declared),
        Condition::Range(_) => false,
    });
    if let Some(kind) = kind {
        let alone = BTreeMap::from([("kind".to_owned(), kind.clone())]);
        if !masks(events, &[&alone])?.contains(&1) {
            return Ok(());
        }
    }
    let asked = match conditions.get("kind") {
        Some(Condition::Is(kind)) => kind.as_str(),
        _ => None,
    };
    let meant: Vec<String> = (events.spec.kinds.iter())
        .filter(|(own, means)| asked == Some(means.code()) && asked != Some(own))
        .map(|(own, _)| format!("`{own}`"))
        .collect();
    let expected = match asked {
        Some(word) if !meant.is_empty() => format!(
            "{}: a step is a word of the log, and `kinds` gives this word the meaning {word:?}",
            meant.join(" or ")
        ),
        _ => format!(
            "what some event of the log is (the kinds present: {}; one that has not occurred yet is \
             declared in `kinds`)",
            kinds::present(events, "`")?
        ),
    };
    let found = match asked {
        Some(word) => Value::from(word).to_string(),
        None => label(conditions),
    };
    Err(Error::option(format!("{option}[{at}]"), found, expected))
}

/// The smallest value, in seconds, that at least a share `share` of the values do not exceed.
pub(super) fn quantile(values: &mut [i64], share: f64) -> Option<f64> {
    let rank = libm::ceil(share * values.len() as f64) as usize;
    let at = rank.max(1).checked_sub(1).filter(|at| *at < values.len())?;
    let (_, value, _) = values.select_nth_unstable(at);
    Some(*value as f64 / 1e6)
}

/// The names of the rows.
fn names(options: &Options) -> Vec<String> {
    let n = options.steps.len();
    match options.mode {
        Mode::AnyK => (1..=n).map(|k| format!("any {k} of {n}")).collect(),
        _ => options.steps.iter().map(Step::label).collect(),
    }
}

/// The analysis `funnel`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct Funnel;

impl Analysis for Funnel {
    const NAME: &'static str = "funnel";
    const SUMMARY: &'static str = "Visitors who take each step of a funnel in time, where the others stop, time between steps";
    const JA: &'static str = "ファネル分析";
    const COLUMNS: &'static [Field] = &columns! {
        "entered": Date, "", "開始期間",
            "The first day of the period in which the chain started; with `series` only.";
        STEP;
        "name": Text, "", "段階名", "The step's name.";
        "reached": Int, "units", "到達数", "Units that reached it.";
        "dropped": Int, "units", "離脱数", "Units whose last step this is, and that can no longer go on in time.";
        "still_open": Int, "units", "継続中", "Units whose last step this is so far, and that can still go on in time.";
        "rate": Float, "share", "到達率", "Share of the units that reached the first step, without units still open.";
        "rate_low": Float, "share", "到達率下限", "95 %.";
        "rate_high": Float, "share", "到達率上限", "95 %.";
        MEDIAN_SECONDS, "Time from the step before in the winning chain; null for the first step.";
        P90_SECONDS, "90 % quantile of the same time.";
        "median_seconds_from_start": Float, "seconds", "開始からの時間中央値",
            "Time from the start of the winning chain.";
    };
    const SCOPE: &'static [&'static str] = OF_THE_SITE;
    type Data = Events;
    type Options = Options;

    fn check(whole: &Events, options: &Options) -> Result<()> {
        options::shape(options)?;
        if whole.is_empty() {
            return Ok(());
        }
        for (at, step) in options
            .steps
            .iter()
            .enumerate()
            .filter(|(_, s)| !s.optional)
        {
            met(whole, "steps", at, &step.conditions)?;
        }
        for (at, exclusion) in options.exclude.iter().enumerate() {
            met(whole, "exclude", at, &exclusion.conditions)?;
        }
        Ok(())
    }

    fn run(events: &Events, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let counted = count::counted(events, options, context)?;
        let n = options.steps.len();
        let entries: Vec<Day> = counted.by_entry.keys().copied().collect();
        let mut all: Vec<Reached> = counted.by_entry.into_values().flatten().collect();
        let level = crate::num::Fraction::P95;
        let rates = all.iter().map(|s| match options.per {
            _ if options.count == Count::Episodes => Ratio::from_sums(&s.closed, level),
            Per::Session => Ratio::from_sums(&s.closed, level),
            _ => Ratio::new(s.closed.hits, s.closed.trials, level),
        });
        let rates = collect(rates, "funnel")?;
        let int = |of: fn(&Reached) -> u64| {
            collect(all.iter().map(|s| of(s) as i64), "funnel").map(|v| Values::I64(v.into()))
        };
        let names = Values::Text {
            codes: collect((0..all.len()).map(|row| (row % n) as u32), "table")?,
            texts: Arc::new(names(options)),
        };
        let numbers = collect((0..all.len()).map(|row| (row % n) as i32 + 1), "table")?;
        let [entered, f @ ..] = Self::COLUMNS else {
            return Err(Error::internal("columns of a funnel"));
        };
        let mut columns = Vec::new();
        if options.series.is_some() {
            let days = collect((0..all.len()).map(|row| entries[row / n].0), "table")?;
            columns.push(Column::new(entered, Values::Date(days)));
        }
        columns.extend([
            Column::new(&f[0], Values::I32(numbers)),
            Column::new(&f[1], names),
            Column::new(&f[2], int(|s| s.reached)?),
            Column::new(&f[3], int(|s| s.dropped)?),
            Column::new(&f[4], int(|s| s.still_open)?),
        ]);
        columns.extend(rate_columns(&f[5..8], &rates)?);
        let mut times = |of: fn(&mut Reached) -> &mut Vec<i64>, share: f64| -> Vec<Option<f64>> {
            all.iter_mut().map(|s| quantile(of(s), share)).collect()
        };
        let half = times(|s| &mut s.since_previous, 0.5);
        let most = times(|s| &mut s.since_previous, 0.9);
        let start = times(|s| &mut s.since_start, 0.5);
        columns.push(Column::floats(&f[8], half.into_iter())?);
        columns.push(Column::floats(&f[9], most.into_iter())?);
        columns.push(Column::floats(&f[10], start.into_iter())?);
        let table = Table::new(columns);
        Ok(match options.exclude_scope {
            ExcludeScope::Chain => table,
            ExcludeScope::Unit => table.with_note("excluded_units", json!(counted.excluded)),
        })
    }
}
