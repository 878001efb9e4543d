//! Counts the outcomes of all units.

use super::MAX_STEPS;
use super::chain::{Chain, Finder, Hit, Outcome, Shape};
use super::gaps::Gaps;
use super::options::{Count, ExcludeScope, Mode, Options, shape};
use super::unordered::Unordered;
use crate::behavior::steps::{self, Per};
use crate::context::{Context, filled, grow, push};
use crate::data::Events;
use crate::data::events::event_data::EventData;
use crate::error::Result;
use crate::num::ratio::Sums;
use crate::scope::Condition;
use crate::time::Day;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

/// The counts of a step.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
pub struct Reached {
    /// Units that reached it.
    pub reached: u64,
    /// Of these, units that got no further and have no open chance left.
    pub dropped: u64,
    /// Of these, units that got no further but still may.
    pub still_open: u64,
    /// For the rate: units (not still open) that reached this step, of the units that reached the
    /// first.
    pub closed: Sums,
    /// Time from the step filled before, microseconds, for each unit that has both.
    pub since_previous: Vec<i64>,
    /// Time from the start of the chain.
    pub since_start: Vec<i64>,
}

/// The counts of each step.
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
/// let options = Options::new().steps(vec![Step::kind("view"), Step::kind("purchase")]);
/// let steps = funnel::steps(&events, &options, &Context::default())?;
/// assert_eq!((steps[0].reached, steps[0].dropped, steps[1].reached), (2, 1, 1));
/// assert_eq!(steps[1].since_start, [300_000_000]);
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// No step or too many, steps without conditions, columns that do not exist, a window of zero.
pub fn steps(events: &Events, options: &Options, context: &Context) -> Result<Vec<Reached>> {
    let options = Options {
        series: None,
        ..options.clone()
    };
    let counted = counted(events, &options, context)?;
    let all = counted.by_entry.into_values().next();
    all.map_or_else(
        || filled(options.steps.len(), Reached::default(), "funnel"),
        Ok,
    )
}

/// The counts of all steps.
pub(super) struct Counted {
    /// By the period in which the chain started; without `series` all are under one day.
    pub(super) by_entry: BTreeMap<Day, Vec<Reached>>,
    /// Units left out by an exclusion.
    pub(super) excluded: u64,
}

/// The search that a shape needs.
enum Search<'a> {
    Ordered(Finder<'a>),
    Gaps(Gaps),
    Unordered(Unordered),
}

impl<'a> Search<'a> {
    fn new(shape: &'a Shape) -> Self {
        match (shape.mode.is_ordered(), shape.gaps.is_empty()) {
            (true, true) => Search::Ordered(Finder::new(shape)),
            (true, false) => Search::Gaps(Gaps::new(shape.n)),
            (false, _) => Search::Unordered(Unordered::new(shape.n)),
        }
    }

    fn find(&mut self, shape: &Shape, hits: &[Hit]) -> Result<Outcome> {
        match self {
            Search::Ordered(finder) => Ok(finder.find(hits)),
            Search::Gaps(gaps) => gaps.find(shape, hits),
            Search::Unordered(unordered) => Ok(unordered.find(shape, hits)),
        }
    }
}

pub(super) fn counted(events: &Events, options: &Options, context: &Context) -> Result<Counted> {
    let shape = shape(options)?;
    let events = steps::by_unit(events, options.per, context)?;
    let events = &*events;
    let masks = |conditions: Vec<&BTreeMap<String, Condition>>| masks(events, &conditions);
    let mut can_fill = masks(options.steps.iter().map(|s| &s.conditions).collect())?;
    entries(events, options, &mut can_fill)?;
    let excluded = match options.exclude.is_empty() {
        true => None,
        false => Some(masks(
            options.exclude.iter().map(|e| &e.conditions).collect(),
        )?),
    };
    let data = events.data()?;
    let mut counter = Counter {
        data,
        as_of: events.as_of,
        options,
        shape: &shape,
        can_fill,
        excluded,
        starts: match options.mode.has_first() {
            true => 1,
            false => u32::MAX,
        },
        search: Search::new(&shape),
        hits: Vec::new(),
        closed: Vec::new(),
        counted: Counted {
            by_entry: BTreeMap::new(),
            excluded: 0,
        },
    };
    if options.series.is_none() {
        let all = filled(shape.n, Reached::default(), "funnel")?;
        counter.counted.by_entry.insert(Day::default(), all);
    }
    let mut day_of = data.offsets.reader();
    steps::each_unit(events, options.per, options.timeout, context, |unit| {
        let last = unit.last;
        counter.unit(unit.events, last, &mut |time| day_of.day(time))?;
        if last {
            counter.close();
        }
        Ok(())
    })?;
    Ok(counter.counted)
}

/// Counts what units came to: visitors, customers or sessions.
struct Counter<'a> {
    data: &'a EventData,
    as_of: i64,
    options: &'a Options,
    shape: &'a Shape,
    /// For each event, the steps it can fill and the exclusions it meets, one bit each.
    can_fill: Vec<u32>,
    excluded: Option<Vec<u32>>,
    /// The steps that a chain may start with.
    starts: u32,
    search: Search<'a>,
    hits: Vec<Hit>,
    /// For one visitor: closed units that reached each step, by the period of their start.
    closed: Vec<(Day, [u64; MAX_STEPS])>,
    counted: Counted,
}

impl Counter<'_> {
    /// Counts the chains of one unit's events; `last` says whether they are the visitor's last ones.
    fn unit(
        &mut self,
        range: Range<usize>,
        last: bool,
        day_of: &mut dyn FnMut(i64) -> Day,
    ) -> Result<()> {
        let (data, shape, options) = (self.data, self.shape, self.options);
        let starts = self.starts;
        let fills = &self.can_fill[range.clone()];
        let Some(latest) = fills.iter().rposition(|m| m & starts != 0) else {
            return Ok(());
        };
        let latest = data.time[range.start + latest];
        let goes_on = self.goes_on(&range, last);
        self.read(range)?;
        let episodes = options.count == Count::Episodes;
        let mut from = 0;
        while let Some(first) = self.hits[from..].iter().position(|h| h.steps & starts != 0) {
            let first = from + first;
            let start = self.hits[first].time;
            let last = start.saturating_add(shape.window);
            let until = match episodes {
                true => first + self.hits[first..].partition_point(|h| h.time <= last),
                false => self.hits.len(),
            };
            let outcome = self.search.find(shape, &self.hits[first..until])?;
            let complete = outcome.level == shape.n;
            let latest = if episodes { start } else { latest };
            let open = !complete && goes_on && self.as_of.saturating_sub(latest) <= shape.window;
            if outcome.excluded && options.exclude_scope == ExcludeScope::Unit {
                self.counted.excluded += 1;
            } else if let Some(chain) = &outcome.chain {
                let entry = options.series.map_or(Day::default(), |period| {
                    day_of(chain.start).start_of(period)
                });
                self.enter(entry, (outcome.level, chain), open)?;
            }
            if !episodes {
                break;
            }
            from = if complete {
                first + outcome.used
            } else {
                until
            };
        }
        Ok(())
    }

    /// Whether more events may come: only a visitor's last session may still go on, and only until
    /// its timeout.
    fn goes_on(&self, range: &Range<usize>, last: bool) -> bool {
        let since = self.as_of.saturating_sub(self.data.time[range.end - 1]);
        self.options.per != Per::Session || last && since <= self.options.timeout.micros()
    }

    /// Reads a unit's events into `hits`.
    fn read(&mut self, range: Range<usize>) -> Result<()> {
        self.hits.clear();
        grow(&mut self.hits, range.len(), "funnel")?;
        self.hits.extend(range.map(|e| Hit {
            time: self.data.time[e],
            steps: self.can_fill[e],
            exclusions: self.excluded.as_ref().map_or(0, |x| x[e]),
        }));
        in_order(&mut self.hits, self.options.strict_increase);
        Ok(())
    }

    /// Counts a chain of the level found, under the period of its entry.
    fn enter(&mut self, entry: Day, found: (usize, &Chain), open: bool) -> Result<()> {
        let all = match self.counted.by_entry.entry(entry) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(filled(self.shape.n, Reached::default(), "funnel")?),
        };
        let place = match self.closed.iter().position(|(day, _)| *day == entry) {
            Some(place) => place,
            None => {
                push(&mut self.closed, (entry, [0; MAX_STEPS]), "funnel")?;
                self.closed.len() - 1
            }
        };
        tally(
            all,
            found,
            open,
            &mut self.closed[place].1,
            self.options.mode,
        )
    }

    /// Adds a visitor's closed units to those of all.
    fn close(&mut self) {
        for (entry, closed) in self.closed.drain(..) {
            let all = self.counted.by_entry.get_mut(&entry).into_iter().flatten();
            for (step, closed_here) in all.zip(&closed) {
                step.closed.add(*closed_here, closed[0]);
            }
        }
    }
}

/// Sorts the events of each instant by the steps they can fill. With `strict_increase`, events of
/// one instant become one event.
pub(crate) fn in_order(hits: &mut Vec<Hit>, strict_increase: bool) {
    if strict_increase {
        hits.dedup_by(|next, kept| {
            let same = next.time == kept.time;
            if same {
                kept.steps |= next.steps;
                kept.exclusions |= next.exclusions;
            }
            same
        });
    } else if !hits.is_sorted_by_key(Hit::order) {
        hits.sort_unstable_by_key(Hit::order);
    }
}

/// Removes the first step from events outside of the days of `entered`.
fn entries(events: &Events, options: &Options, can_fill: &mut [u32]) -> Result<()> {
    let Some(entered) = &options.entered else {
        return Ok(());
    };
    let data = events.data()?;
    let mut reader = data.offsets.reader();
    for (mask, time) in can_fill.iter_mut().zip(data.time.iter()) {
        let day = reader.day(*time);
        let early = entered.from.is_some_and(|from| day < from);
        if early || entered.to.is_some_and(|to| day > to) {
            *mask &= !1;
        }
    }
    Ok(())
}

/// For each event, the sets of conditions it meets, one bit each.
pub(crate) fn masks(events: &Events, sets: &[&BTreeMap<String, Condition>]) -> Result<Vec<u32>> {
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

/// Counts the outcome of one unit.
fn tally(
    all: &mut [Reached],
    (level, chain): (usize, &Chain),
    open: bool,
    closed: &mut [u64; MAX_STEPS],
    mode: Mode,
) -> Result<()> {
    let n = all.len();
    let deepest = &mut all[level - 1];
    if open {
        deepest.still_open += 1;
    } else if level < n {
        deepest.dropped += 1;
    }
    let mut before = chain.start;
    for (step, reached) in all.iter_mut().enumerate().take(level) {
        if chain.steps >> step & 1 == 0 {
            continue; // an optional step that was skipped
        }
        reached.reached += 1;
        closed[step] += u64::from(!open);
        if n > 1 && (step > 0 || !mode.has_first()) {
            push(
                &mut reached.since_start,
                chain.times[step] - chain.start,
                "funnel",
            )?;
        }
        if step > 0 && mode.is_ordered() {
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
