//! Sequences (行動シーケンス): which units took a list of steps in order, under conditions on the gaps,
//! and how often.
//!
//! # Definition
//!
//! For one unit (a visitor, a session, a customer), a *match* is a sequence of its events
//! `e_1 < e_2 < … < e_n`, in their order, where `e_j` meets the conditions of step `j` and
//!
//! ```text
//! min_gap_j ≤ t(e_j) − t(e_{j−1}) ≤ max_gap_j     where step j has them
//! no event between e_{j−1} and e_j                where step j is `adjacent`; else any events
//! t(e_n) − t(e_1) ≤ window                        where there is a window
//! ```
//!
//! `matches` counts matches that do not overlap: the first is the match that ends first (of several
//! that end with the same event, the one that started last); the next begins after it. No other
//! choice of matches without overlap has more. An event fills one step, and events of one instant
//! are sorted by the first step that each can fill, as in a [`funnel`](super::funnel).
//!
//! An event that meets an *exclusion* must not lie between the exclusion's two steps (default: the
//! first and the last). It may still fill a step itself.
//!
//! `adjacent` considers all events that `where` chooses. With `ignore_others` it considers only
//! events that meet a step or an exclusion, as ClickHouse's functions do.
//!
//! # In ClickHouse's words
//!
//! | `sequenceMatch`, `sequenceCount` | here |
//! |---|---|
//! | `(?1).*(?2)` | `steps = [1, 2]` |
//! | `(?1)(?2)` | step 2 is `adjacent`, with `ignore_others` |
//! | a condition that the pattern does not name | `exclude`, for adjacent steps |
//! | `(?1)(?t>=60)(?2)`, `(?1)(?t<=60)(?2)` | step 2 has `min_gap = "1min"`, `max_gap = "1min"` |
//!
//! A funnel counts how far units got and the time of each step; it does not count repeated matches.
//! A unit without a match by `as_of` counts as not matched, however recent its first event.
//!
//! # Source
//!
//! ClickHouse documentation, *Parametric aggregate functions*, `sequenceMatch` and `sequenceCount`.

use super::columns::instants_column;
use super::funnel::{Exclusion, Gaps, Hit, Per, Shape, in_order, masks, met, quantile};
use super::parameters::OF_THE_SITE;
use super::sessions::VISITOR_ID;
use super::{sessions, steps};
use crate::analysis::Analysis;
use crate::behavior::fields::{MATCHES, MEDIAN_SECONDS, P90_SECONDS, SESSION};
use crate::context::{Context, collect, grow, push};
use crate::data::Events;
use crate::error::{Error, Result};
use crate::num::Fraction;
use crate::num::ratio::{Ratio, Sums};
use crate::scope::Condition;
use crate::table::optional::rate_columns;
use crate::table::{CUSTOMER_ID, Column, Field, Table, Values, columns};
use crate::time::Duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Options of sequences. Build with `..Options::default()`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The steps, 1 to 32: a kind, or conditions on columns of events. Needed.
    pub steps: Vec<Step>,
    /// Time from the first to the last event of a match, inclusive. Default: any.
    pub window: Option<Duration>,
    /// The unit that takes the steps.
    pub per: Per,
    /// Events that are forbidden between steps.
    pub exclude: Vec<Exclusion>,
    /// Whether events that meet no step and no exclusion are ignored, so that they may lie between
    /// adjacent steps. Default: no.
    pub ignore_others: bool,
    /// Inactivity after which the next event opens a new session. Default 30 minutes.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            steps: Vec::new(),
            window: None,
            per: Per::Visitor,
            exclude: Vec::new(),
            ignore_others: false,
            timeout: sessions::Options::default().timeout,
        }
    }
}

/// One step: `"add"`, or `{"kind": "view", "page": "/"}` with `adjacent`, `min_gap` and `max_gap` beside
/// the conditions, all of which an event must meet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(from = "StepForm")]
pub struct Step {
    /// Whether no event may lie between the event of the step before and this one.
    pub adjacent: bool,
    /// The least time since the event of the step before. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_gap: Option<Duration>,
    /// The most time since the event of the step before, inclusive. Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_gap: Option<Duration>,
    /// `{column: value | [values] | {"from", "to"}}`.
    #[serde(flatten)]
    pub conditions: BTreeMap<String, Condition>,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "a kind, or an object of conditions such as {\"kind\": \"view\", \"page\": \"/\"}"
)]
enum StepForm {
    Kind(String),
    Full {
        #[serde(default)]
        adjacent: bool,
        #[serde(default)]
        min_gap: Option<Duration>,
        #[serde(default)]
        max_gap: Option<Duration>,
        #[serde(flatten)]
        conditions: BTreeMap<String, Condition>,
    },
}

impl From<StepForm> for Step {
    fn from(form: StepForm) -> Step {
        match form {
            StepForm::Kind(kind) => Step::kind(&kind),
            StepForm::Full {
                adjacent,
                min_gap,
                max_gap,
                conditions,
            } => Step {
                adjacent,
                min_gap,
                max_gap,
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
            adjacent: false,
            min_gap: None,
            max_gap: None,
            conditions: BTreeMap::from([("kind".to_owned(), is)]),
        }
    }
}

/// One match: the times of its first and last event, UTC microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Match {
    /// The first event.
    pub started_at: i64,
    /// The last event.
    pub ended_at: i64,
}

/// The matches of one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unit {
    /// The visitor's code; with `per` = customer the customer's.
    pub code: u32,
    /// With `per` = session, 1 for the visitor's first session; else 1.
    pub session: u32,
    /// Its matches without overlap, by time.
    pub matches: Vec<Match>,
}

/// The matches of each unit that has events.
///
/// ```
/// use crm_core::behavior::sequences::{self, Options, Step};
/// use crm_core::{Context, Events, Zone, data::Event};
/// let events = Events::builder(Zone::UTC)
///     .add(Event::new("a", "2026-03-01T10:00:00", "view"))
///     .add(Event::new("a", "2026-03-01T10:01:00", "search"))
///     .add(Event::new("a", "2026-03-01T10:02:00", "add"))
///     .add(Event::new("a", "2026-03-01T10:03:00", "view"))
///     .add(Event::new("a", "2026-03-01T10:04:00", "add"))
///     .build()?;
/// let count = |adjacent| {
///     let add = Step { adjacent, ..Step::kind("add") };
///     let options = Options::new().steps(vec![Step::kind("view"), add]);
///     let units = sequences::matches(&events, &options, &Context::default())?;
///     Ok::<_, crm_core::Error>(units[0].matches.len())
/// };
/// assert_eq!((count(false)?, count(true)?), (2, 1)); // a search lies between the first two
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// No step or too many, steps without conditions, columns that do not exist, gaps that contradict
/// each other or the window.
pub fn matches(events: &Events, options: &Options, context: &Context) -> Result<Vec<Unit>> {
    let events = steps::by_unit(events, options.per, context)?;
    found(&events, options, context)
}

/// The matches in events that are already grouped by unit.
fn found(events: &Events, options: &Options, context: &Context) -> Result<Vec<Unit>> {
    let shape = shape(options)?;
    let steps: Vec<_> = options.steps.iter().map(|s| &s.conditions).collect();
    let steps = masks(events, &steps)?;
    let exclusions: Vec<_> = options.exclude.iter().map(|e| &e.conditions).collect();
    let exclusions = masks(events, &exclusions)?;
    let data = events.data()?;
    let mut search = Gaps::new(shape.n);
    let mut hits: Vec<Hit> = Vec::new();
    let mut units = Vec::new();
    steps::each_unit(events, options.per, options.timeout, context, |unit| {
        hits.clear();
        grow(&mut hits, unit.events.len(), "sequences")?;
        let all = unit.events.map(|event| Hit {
            time: data.time[event],
            steps: steps[event],
            exclusions: exclusions[event],
        });
        let named = |hit: &Hit| hit.steps != 0 || hit.exclusions != 0;
        hits.extend(all.filter(|hit| !options.ignore_others || named(hit)));
        in_order(&mut hits, false);
        let mut matches = Vec::new();
        let mut from = 0;
        while from < hits.len() {
            let outcome = search.find(&shape, &hits[from..])?;
            let Some(chain) = outcome.chain.filter(|_| outcome.level == shape.n) else {
                break;
            };
            let found = Match {
                started_at: chain.start,
                ended_at: chain.times[shape.n - 1],
            };
            push(&mut matches, found, "sequences")?;
            from += outcome.used;
        }
        let unit = Unit {
            code: data.units[unit.place],
            session: unit.session,
            matches,
        };
        push(&mut units, unit, "sequences")
    })?;
    Ok(units)
}

/// Checks the options and makes the shape of the sequence.
fn shape(options: &Options) -> Result<Shape> {
    let (n, of) = (options.steps.len(), &options.steps);
    if let Some(window) = options.window {
        crate::request::longer_than_zero("window", window)?;
    }
    steps::check(of.iter().map(|s| &s.conditions), &options.exclude)?;
    let first = &of[0];
    if first.adjacent || first.min_gap.is_some() || first.max_gap.is_some() {
        let expected = "no adjacent, min_gap and max_gap at the first step";
        return Err(Error::option("steps", "", expected));
    }
    let window = options.window.map_or(i64::MAX, Duration::micros);
    let adjacent = of.iter().enumerate();
    Ok(Shape {
        n,
        once: true,
        gaps: steps::gaps(of.iter().map(|s| (s.min_gap, s.max_gap)), window)?,
        adjacent: adjacent.fold(0, |bits, (i, s)| bits | u32::from(s.adjacent) << i),
        window,
        exclusions: steps::exclusions(&options.exclude, n)?,
        ..Shape::default()
    })
}

/// Refuses steps and exclusions that no event of the whole log meets.
fn known(whole: &Events, options: &Options) -> Result<()> {
    shape(options)?;
    if whole.is_empty() {
        return Ok(());
    }
    for (at, step) in options.steps.iter().enumerate() {
        met(whole, "steps", at, &step.conditions)?;
    }
    for (at, exclusion) in options.exclude.iter().enumerate() {
        met(whole, "exclude", at, &exclusion.conditions)?;
    }
    Ok(())
}

/// The analysis `sequences`.
#[derive(Debug, Clone, Copy)]
pub struct Sequences;

impl Analysis for Sequences {
    const NAME: &'static str = "sequences";
    const SUMMARY: &'static str =
        "Whether and how often the events of each visitor match an ordered pattern of steps";
    const JA: &'static str = "行動シーケンス";
    const COLUMNS: &'static [Field] = &columns! {
        VISITOR_ID;
        CUSTOMER_ID;
        SESSION;
        "matched": Bool, "", "該当", "Whether there is a match.";
        MATCHES;
        "first_started_at": Instant, "", "初回開始日時", "First event of the first match; null without one.";
        "first_ended_at": Instant, "", "初回完了日時", "Last event of the first match; null without one.";
        "last_ended_at": Instant, "", "最終完了日時", "Last event of the last match; null without one.";
    };
    type Data = Events;
    type Options = Options;

    fn check(whole: &Events, options: &Options) -> Result<()> {
        known(whole, options)
    }

    fn run(events: &Events, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let by_customer;
        let (events, of) = match options.per {
            Per::Customer => {
                by_customer = events.by_customer(context)?;
                (&by_customer, 1)
            }
            _ => (events, 0),
        };
        let units = found(events, options, context)?;
        let [_, _, f @ ..] = Self::COLUMNS else {
            return Err(Error::internal("columns of sequences"));
        };
        let ids = Values::Id {
            ids: events.visitors()?.clone(),
            codes: collect(units.iter().map(|u| u.code), "table")?,
        };
        let int = |of: &dyn Fn(&Unit) -> usize| {
            collect(units.iter().map(|u| of(u) as i32), "table").map(Values::I32)
        };
        let matched = collect(units.iter().map(|u| !u.matches.is_empty()), "table")?;
        let instant = |field: &Field, of: fn(&Unit) -> Option<i64>| {
            instants_column(field, events, units.iter().map(of))
        };
        let mut columns = vec![Column::new(&Self::COLUMNS[of], ids)];
        if options.per == Per::Session {
            columns.push(Column::new(&f[0], int(&|u| u.session as usize)?));
        }
        columns.extend([
            Column::new(&f[1], Values::Bool(matched)),
            Column::new(&f[2], int(&|u| u.matches.len())?),
            instant(&f[3], |u| u.matches.first().map(|m| m.started_at))?,
            instant(&f[4], |u| u.matches.first().map(|m| m.ended_at))?,
            instant(&f[5], |u| u.matches.last().map(|m| m.ended_at))?,
        ]);
        Ok(Table::new(columns))
    }
}

/// The analysis `sequence_totals`.
#[derive(Debug, Clone, Copy)]
pub struct SequenceTotals;

impl Analysis for SequenceTotals {
    const NAME: &'static str = "sequence_totals";
    const SUMMARY: &'static str =
        "How many visitors match an ordered pattern of steps, how often and how fast";
    const JA: &'static str = "行動シーケンス集計";
    const COLUMNS: &'static [Field] = &columns! {
        "units": Int, "units", "対象数", "Units with events.";
        "matched_units": Int, "units", "該当数", "Units with a match.";
        "match_rate": Float, "share", "該当率", "Share of the units with a match.";
        "match_rate_low": Float, "share", "該当率下限", "95 %.";
        "match_rate_high": Float, "share", "該当率上限", "95 %.";
        MATCHES;
        MEDIAN_SECONDS, "Median time from first to last event of a match; null without one.";
        P90_SECONDS, "90 % quantile of the same time.";
    };
    const SCOPE: &'static [&'static str] = OF_THE_SITE;
    type Data = Events;
    type Options = Options;

    fn check(whole: &Events, options: &Options) -> Result<()> {
        known(whole, options)
    }

    fn run(events: &Events, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let units = matches(events, options, context)?;
        let mut seconds = Vec::new();
        let (mut matched, mut sums) = (0, Sums::default());
        for of_one in units.chunk_by(|a, b| a.code == b.code) {
            let hits = of_one.iter().filter(|u| !u.matches.is_empty()).count() as u64;
            matched += hits;
            sums.add(hits, of_one.len() as u64);
            for found in of_one.iter().flat_map(|u| &u.matches) {
                push(&mut seconds, found.ended_at - found.started_at, "sequences")?;
            }
        }
        let n = units.len() as u64;
        // The sessions of one visitor depend on each other: the variance is clustered by visitor.
        let rate = match options.per {
            Per::Session => Ratio::from_sums(&sums, Fraction::P95),
            _ => Ratio::new(matched, n, Fraction::P95),
        };
        let count = |field: &Field, n: u64| Column::new(field, Values::I64(vec![n as i64].into()));
        let f = Self::COLUMNS;
        let total = seconds.len() as u64;
        let half = quantile(&mut seconds, 0.5);
        let most = quantile(&mut seconds, 0.9);
        let mut columns = vec![count(&f[0], n), count(&f[1], matched)];
        columns.extend(rate_columns(&f[2..5], &[rate])?);
        columns.extend([
            count(&f[5], total),
            Column::floats(&f[6], [half].into_iter())?,
            Column::floats(&f[7], [most].into_iter())?,
        ]);
        Ok(Table::new(columns))
    }
}
