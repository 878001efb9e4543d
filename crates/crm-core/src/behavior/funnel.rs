//! Funnels (ファネル分析): how many take step after step within a time, where the others stop, and
//! how long it takes.
//!
//! # Definition
//!
//! Of one unit (a visitor, a session, a customer), a *chain* for the steps `1..k` is a sequence of
//! its events `e_1 < e_2 < … < e_k`, in their order, where `e_j` meets the conditions of step `j`
//! and
//!
//! ```text
//! t(e_k) − t(e_1) ≤ window
//! ```
//!
//! Events of one instant count as ordered as they came in; an event fills one step, so a step that
//! is named twice needs two events. The unit has *reached* step `k` when there is such a chain.
//!
//! | mode | differs in |
//! |---|---|
//! | `ordered` | as above; any other events may lie between |
//! | `strict` | the events follow each other with none between |
//! | `unordered` | the events that fill the first `k` steps may come in any order, within the window |
//!
//! *Optional* steps (neither the first nor the last) may be skipped; `unordered` has none, since a
//! step that may come anywhere or not at all says nothing, and refuses them. *Exclusions* forbid events
//! between a chain's first and last event, or between two of its steps: an event that meets one
//! ends the chains it comes between; it may still fill a step itself, but for `unordered`, where it
//! fills none. `strict` has nothing between and so no use for them. Where an exclusion stands next to
//! an optional step that a chain skips, it holds between the neighbouring steps that the chain does
//! fill, on both sides alike: of steps `1, 2?, 3` an exclusion between 1 and 2 and one between 2 and 3
//! each forbid their events between 1 and 3 of a chain without 2.
//!
//! Of several chains the **winning** one is deepest; of these the one that started last; of these
//! the one with most optional steps filled, each as early as can be (`unordered`: as late as can
//! be). Step times are its.
//!
//! # Converted, still open, dropped
//!
//! ```text
//! converted     the last step was reached
//! still open    not converted, and the latest event that can start a chain is within the window of
//!               as_of (for sessions: and the session may still go on)
//! dropped       the others, at the deepest step they reached
//! rate_k        reached_k / reached_1, both without the still open
//! ```
//!
//! so `reached_k = Σ_{j≥k} (dropped_j + still_open_j) + converted`. For an optional step `reached`
//! counts the winning chains that fill it. The interval is Wilson's where each unit is one trial; for
//! sessions the variance is summed by visitor. `median_seconds` and `p90_seconds` are the time from
//! the step filled before (nearest rank), not for `unordered`.
//!
//! A breakdown (`by`) by a column of events runs the funnel on the events of each value: by `product`
//! all steps are about one product. `first_page`, `first_channel` break down visitors.
//!
//! The habitual SQL, `min(ts)` of each step after `min(ts)` of the step before, starts every chain at
//! the first event ever and loses the conversions of returning visitors.

use super::OF_THE_SITE;
use super::chain::{Finder, Hit, Outcome, Shape};
use super::sessions::{self, Cutter};
use crate::analysis::Analysis;
use crate::context::{collect, filled, push};
use crate::data::Events;
use crate::num::ratio::{Ratio, Sums};
use crate::scope::{Condition, Scope};
use crate::table::{Column, Field, Type, Values};
use crate::{Context, Duration, Error, Result, Table};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// The most steps a funnel has.
pub const MAX_STEPS: usize = 32;

/// Options of the funnel. Build with `..Options::default()`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The steps, 1 to 32: a kind, or conditions on columns of events.
    pub steps: Vec<Step>,
    /// Time from the first to the last event of a chain, inclusive. Default 7 days.
    pub window: Duration,
    /// What order the steps have.
    pub mode: Mode,
    /// What takes the steps.
    pub per: Per,
    /// Events that may not come between.
    pub exclude: Vec<Exclusion>,
    /// Silence after which the next event opens a new session. Default 30 minutes.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            steps: Vec::new(),
            window: Duration::days(7),
            mode: Mode::Ordered,
            per: Per::Visitor,
            exclude: Vec::new(),
            timeout: sessions::Options::default().timeout,
        }
    }
}

/// One step: `"add"`, or `{"kind": "view", "page": "/"}` with `name` and `optional` beside the
/// conditions, all of which an event must meet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "StepForm")]
pub struct Step {
    /// What the table calls it; default: its conditions' values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it may be skipped.
    pub optional: bool,
    /// `{column: value | [values] | {"from", "to"}}`.
    #[serde(flatten)]
    pub conditions: BTreeMap<String, Condition>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a kind, or an object of conditions such as {\"kind\": \"view\", \"page\": \"/\"}"
)]
enum StepForm {
    Kind(String),
    Full {
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        optional: bool,
        #[serde(flatten)]
        conditions: BTreeMap<String, Condition>,
    },
}

impl From<StepForm> for Step {
    fn from(form: StepForm) -> Step {
        match form {
            StepForm::Kind(kind) => Step::kind(&kind),
            StepForm::Full {
                name,
                optional,
                conditions,
            } => Step {
                name,
                optional,
                conditions,
            },
        }
    }
}

impl Step {
    /// Any event of a kind.
    pub fn kind(kind: &str) -> Step {
        let is = Condition::Is(kind.into());
        Step {
            name: None,
            optional: false,
            conditions: BTreeMap::from([("kind".to_owned(), is)]),
        }
    }

    fn label(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let word = |value: &serde_json::Value| match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let parts = self.conditions.iter().map(|(column, c)| match c {
            Condition::Is(value) => word(value),
            Condition::In(values) => values.iter().map(word).collect::<Vec<_>>().join("|"),
            Condition::Range(_) => column.clone(),
        });
        parts.collect::<Vec<_>>().join(" ")
    }
}

/// Events that may not come between the first and the last event of a chain: conditions as in a
/// step, and the steps (from 1) between which they are forbidden. Next to an optional step that was
/// skipped they are forbidden between the neighbouring steps that were done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exclusion {
    /// Forbidden after this step; default the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_step: Option<usize>,
    /// Forbidden before this step; default the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_step: Option<usize>,
    /// `{column: value | [values] | {"from", "to"}}`.
    #[serde(flatten)]
    pub conditions: BTreeMap<String, Condition>,
}

/// What order the steps have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// One after the other, anything between.
    #[default]
    Ordered,
    /// One after the other, nothing between.
    Strict,
    /// In any order.
    Unordered,
}

/// What takes the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// A visitor.
    #[default]
    Visitor,
    /// A session.
    Session,
    /// A customer: all visitors joined to it. Visitors nobody knows are left out.
    Customer,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reached {
    /// Units that reached it.
    pub reached: u64,
    /// Of these, units that got no further and can start no more in time.
    pub dropped: u64,
    /// Of these, units that got no further but may.
    pub still_open: u64,
    /// Units not open that reached it, of those that reached the first step.
    pub closed: Sums,
    /// Time from the step filled before, microseconds, for each unit that has both.
    pub since_previous: Vec<i64>,
    /// Time from the start of the chain.
    pub since_start: Vec<i64>,
}

/// The funnel's steps.
///
/// ```
/// use crm_core::behavior::funnel::{self, Options, Step};
/// use crm_core::{Context, Events, Zone, data::Event};
/// let events = Events::builder(Zone::UTC)
///     .add(Event::new("a", "2026-03-01T10:00:00", "view"))
///     .add(Event::new("a", "2026-03-20T10:00:00", "view")) // came back: the chain starts here
///     .add(Event::new("a", "2026-03-20T10:05:00", "purchase"))
///     .add(Event::new("b", "2026-03-02T10:00:00", "view"))
///     .build()?;
/// let options = Options {
///     steps: vec![Step::kind("view"), Step::kind("purchase")],
///     ..Options::default()
/// };
/// let steps = funnel::steps(&events, &options, &Context::default())?;
/// assert_eq!((steps[0].reached, steps[0].dropped, steps[1].reached), (2, 1, 1));
/// assert_eq!(steps[1].since_start, [300_000_000]);
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// No step or too many, steps without conditions, columns that there are not, a window of zero.
pub fn steps(events: &Events, options: &Options, context: &Context) -> Result<Vec<Reached>> {
    let shape = shape(options)?;
    let by_customer;
    let events = match options.per {
        Per::Customer => {
            by_customer = events.by_customer(context)?;
            &by_customer
        }
        _ => events,
    };
    let masks = |conditions: Vec<&BTreeMap<String, Condition>>| masks(events, &conditions);
    let can_fill = masks(options.steps.iter().map(|s| &s.conditions).collect())?;
    let excluded = match options.exclude.is_empty() {
        true => None,
        false => Some(masks(
            options.exclude.iter().map(|e| &e.conditions).collect(),
        )?),
    };
    let data = events.data()?;
    let cutter = Cutter::new(
        events,
        &sessions::Options {
            timeout: options.timeout,
            ..sessions::Options::default()
        },
    )?;
    let mut finder = Finder::new(&shape);
    let mut all = filled(shape.n, Reached::default(), "funnel")?;
    let starts = match options.mode {
        Mode::Unordered => u32::MAX,
        _ => 1,
    };
    for at in 0..data.units.len() {
        if at % 4096 == 0 {
            context.check()?;
        }
        // Closed units of this visitor that reached each step.
        let mut closed = [0_u64; MAX_STEPS];
        let end = data.group(at).end;
        let mut unit = |range: Range<usize>| -> Result<()> {
            let fills = &can_fill[range.clone()];
            let Some(latest) = fills.iter().rposition(|m| m & starts != 0) else {
                return Ok(());
            };
            let hits = range.clone().map(|e| Hit {
                time: data.time[e],
                steps: can_fill[e],
                exclusions: excluded.as_ref().map_or(0, |x| x[e]),
            });
            let outcome = match options.mode {
                Mode::Ordered => finder.ordered(hits),
                Mode::Strict => finder.strict(hits),
                Mode::Unordered => finder.unordered(hits),
            };
            let since = |event: usize| events.as_of.saturating_sub(data.time[event]);
            // Only a visitor's last session may go on, and not after its timeout.
            let goes_on = options.per != Per::Session
                || range.end == end && since(end - 1) <= options.timeout.micros();
            let open =
                outcome.level < shape.n && goes_on && since(range.start + latest) <= shape.window;
            tally(&mut all, &outcome, open, &mut closed, options.mode)
        };
        match options.per {
            Per::Session => cutter.cut(data.group(at), &mut unit)?,
            _ => unit(data.group(at))?,
        }
        for (step, closed_here) in all.iter_mut().zip(closed) {
            step.closed.add(closed_here, closed[0]);
        }
    }
    Ok(all)
}

/// The funnel's shape, checked.
fn shape(options: &Options) -> Result<Shape> {
    let n = options.steps.len();
    let refuse = |name: &str, expected: &'static str| Err(Error::option(name, "", expected));
    if n == 0 || n > MAX_STEPS {
        return Err(Error::option("steps", n, "1 to 32 steps"));
    }
    if options.window.micros() == 0 {
        return refuse("window", "a time longer than zero");
    }
    let none = |conditions: &BTreeMap<String, Condition>| conditions.is_empty();
    if options.steps.iter().any(|s| none(&s.conditions)) {
        return refuse("steps", "at least one condition in each step");
    }
    if options.exclude.iter().any(|e| none(&e.conditions)) || options.exclude.len() > 32 {
        return refuse("exclude", "at most 32 exclusions, each with a condition");
    }
    if options.steps[0].optional || options.steps[n - 1].optional {
        return refuse("steps", "a first and a last step that are not optional");
    }
    let unordered = options.mode == Mode::Unordered;
    if unordered && options.steps.iter().any(|s| s.optional) {
        return refuse("steps", "no optional steps in mode \"unordered\"");
    }
    let mut exclusions = Vec::new();
    for exclusion in &options.exclude {
        let from = exclusion.after_step.unwrap_or(1);
        let until = exclusion.before_step.unwrap_or(n.max(2));
        if unordered && (exclusion.after_step.is_some() || exclusion.before_step.is_some()) {
            return refuse(
                "exclude",
                "exclusions without after_step and before_step in mode \"unordered\"",
            );
        }
        if from == 0 || until > n.max(2) || from >= until {
            return refuse(
                "exclude",
                "steps counted from 1, after_step below before_step",
            );
        }
        exclusions.push((from - 1, (until - 1).min(n)));
    }
    let optional = options.steps.iter().enumerate();
    Ok(Shape {
        n,
        window: options.window.micros(),
        optional: optional.fold(0, |bits, (i, s)| bits | u32::from(s.optional) << i),
        exclusions,
    })
}

/// For each event, the sets of conditions it meets, one bit each.
fn masks(events: &Events, sets: &[&BTreeMap<String, Condition>]) -> Result<Vec<u32>> {
    let mut masks = filled(events.len(), 0_u32, "funnel")?;
    for (i, conditions) in sets.iter().enumerate() {
        let mut meets: Option<Vec<bool>> = None;
        for (name, condition) in *conditions {
            let pass = events.attribute(name)?.test(name, condition)?;
            meets = Some(match meets {
                None => pass,
                Some(mut both) => {
                    both.iter_mut().zip(pass).for_each(|(b, p)| *b &= p);
                    both
                }
            });
        }
        for (mask, meets) in masks.iter_mut().zip(meets.unwrap_or_default()) {
            *mask |= u32::from(meets) << i;
        }
    }
    Ok(masks)
}

/// Counts what one unit came to.
fn tally(
    all: &mut [Reached],
    outcome: &Outcome,
    open: bool,
    closed: &mut [u64; MAX_STEPS],
    mode: Mode,
) -> Result<()> {
    let (n, Some(chain)) = (all.len(), &outcome.chain) else {
        return Ok(());
    };
    let deepest = &mut all[outcome.level - 1];
    if open {
        deepest.still_open += 1;
    } else if outcome.level < n {
        deepest.dropped += 1;
    }
    let mut before = chain.start;
    for (step, reached) in all.iter_mut().enumerate().take(outcome.level) {
        if chain.steps >> step & 1 == 0 {
            continue; // an optional step that was skipped
        }
        reached.reached += 1;
        closed[step] += u64::from(!open);
        if n > 1 && (step > 0 || mode == Mode::Unordered) {
            push(
                &mut reached.since_start,
                chain.times[step] - chain.start,
                "funnel",
            )?;
        }
        if step > 0 && mode != Mode::Unordered {
            push(
                &mut reached.since_previous,
                chain.times[step] - before,
                "funnel",
            )?;
        }
        before = chain.times[step];
    }
    Ok(())
}

/// The smallest value that at least a share of all do not exceed, in seconds.
fn quantile(values: &mut [i64], share: f64) -> Option<f64> {
    let rank = libm::ceil(share * values.len() as f64) as usize;
    let at = rank.max(1).checked_sub(1).filter(|at| *at < values.len())?;
    let (_, value, _) = values.select_nth_unstable(at);
    Some(*value as f64 / 1e6)
}

/// The register's entry.
pub struct Funnel;

impl Analysis for Funnel {
    const NAME: &'static str = "funnel";
    const SUMMARY: &'static str =
        "How many take each of a series of steps in time, where the others stop, how long it takes";
    const JA: &'static str = "ファネル分析";
    const COLUMNS: &'static [Field] = &[
        Field::new("step", Type::Int, "", "段階", "1 for the first step."),
        Field::new("name", Type::Text, "", "段階名", "What the step is called."),
        Field::new(
            "reached",
            Type::Int,
            "units",
            "到達数",
            "Units that reached it.",
        ),
        Field::new(
            "dropped",
            Type::Int,
            "units",
            "離脱数",
            "Units that got no further.",
        ),
        Field::new(
            "still_open",
            Type::Int,
            "units",
            "継続中",
            "Units that got no further but still may in time.",
        ),
        Field::new(
            "rate",
            Type::Float,
            "",
            "到達率",
            "Of the units that reached the first step, without the still open.",
        ),
        Field::new("rate_low", Type::Float, "", "到達率下限", "95 %."),
        Field::new("rate_high", Type::Float, "", "到達率上限", "95 %."),
        Field::new(
            "median_seconds",
            Type::Float,
            "seconds",
            "所要時間中央値",
            "Time from the step before in the winning chain; null for the first step.",
        ),
        Field::new(
            "p90_seconds",
            Type::Float,
            "seconds",
            "所要時間90%点",
            "Nine in ten took no longer.",
        ),
        Field::new(
            "median_seconds_from_start",
            Type::Float,
            "seconds",
            "開始からの時間中央値",
            "Time from the start of the winning chain.",
        ),
    ];
    const SCOPE: &'static [&'static str] = OF_THE_SITE;
    type Data = Events;
    type Options = Options;

    fn run(events: &Events, _: &Scope, options: &Options, context: &Context) -> Result<Table> {
        let mut all = steps(events, options, context)?;
        let level = super::level()?;
        let rates = all.iter().map(|s| match options.per {
            Per::Session => Ratio::from_sums(&s.closed, level),
            _ => Ratio::new(s.closed.hits, s.closed.trials, level),
        });
        let rates = collect(rates, "funnel")?;
        let int = |of: fn(&Reached) -> u64| {
            collect(all.iter().map(|s| of(s) as i64), "funnel").map(|v| Values::I64(v.into()))
        };
        let names = Values::Text {
            codes: (0..all.len() as u32).collect(),
            texts: Arc::new(options.steps.iter().map(Step::label).collect()),
        };
        let numbers = Values::I32((1..=all.len() as i32).collect());
        let f = Self::COLUMNS;
        let mut columns = vec![
            Column::new(&f[0], numbers),
            Column::new(&f[1], names),
            Column::new(&f[2], int(|s| s.reached)?),
            Column::new(&f[3], int(|s| s.dropped)?),
            Column::new(&f[4], int(|s| s.still_open)?),
        ];
        columns.extend(super::rate_columns(&f[5..8], &rates)?);
        let mut times = |of: fn(&mut Reached) -> &mut Vec<i64>, share: f64| -> Vec<Option<f64>> {
            all.iter_mut().map(|s| quantile(of(s), share)).collect()
        };
        let half = times(|s| &mut s.since_previous, 0.5);
        let most = times(|s| &mut s.since_previous, 0.9);
        let start = times(|s| &mut s.since_start, 0.5);
        columns.push(Column::floats(&f[8], half.into_iter())?);
        columns.push(Column::floats(&f[9], most.into_iter())?);
        columns.push(Column::floats(&f[10], start.into_iter())?);
        Ok(Table::new(columns))
    }
}
