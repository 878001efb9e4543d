//! What funnels and sequences have in common: rules of steps and exclusions, and the units that take the steps.

use super::sessions::{self, Cutter};
use crate::context::{Context, collect};
use crate::data::Events;
use crate::error::{Error, Result};
use crate::scope::Condition;
use crate::time::Duration;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// The most steps a funnel has.
pub const MAX_STEPS: usize = 32;

/// Events that may not come between the first and the last event of a chain: conditions as in a
/// step, and the steps (from 1) between which they are forbidden. Next to an optional step that was
/// skipped they are forbidden between the neighbouring filled steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Exclusion {
    /// Forbidden after this step. Default: the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_step: Option<usize>,
    /// Forbidden before this step. Default: the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_step: Option<usize>,
    /// `{column: value | [values] | {"from", "to"}}`.
    #[serde(flatten)]
    pub conditions: BTreeMap<String, Condition>,
}

/// The unit that takes the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Per {
    /// A visitor.
    #[default]
    Visitor,
    /// A session.
    Session,
    /// A customer: all visitors joined to it. Visitors without a customer are left out.
    Customer,
}

/// Refuses no step, too many, and steps and exclusions without a condition.
pub(super) fn check<'a>(
    mut steps: impl ExactSizeIterator<Item = &'a BTreeMap<String, Condition>>,
    exclude: &[Exclusion],
) -> Result<()> {
    if steps.len() == 0 || steps.len() > MAX_STEPS {
        return Err(Error::option("steps", steps.len(), "1 to 32 steps"));
    }
    if steps.any(BTreeMap::is_empty) {
        let expected = "at least one condition in each step";
        return Err(Error::option("steps", "", expected));
    }
    if exclude.iter().any(|e| e.conditions.is_empty()) || exclude.len() > 32 {
        let expected = "at most 32 exclusions, each with a condition";
        return Err(Error::option("exclude", "", expected));
    }
    Ok(())
}

/// The least and the most time of each step since the one before, in microseconds.
pub(super) fn gaps(
    steps: impl ExactSizeIterator<Item = (Option<Duration>, Option<Duration>)>,
    window: i64,
) -> Result<Vec<(i64, i64)>> {
    let gaps = steps.map(|(least, most)| {
        let least = least.map_or(0, Duration::micros);
        (least, most.map_or(window, Duration::micros))
    });
    let gaps = collect(gaps, "steps")?;
    match gaps
        .iter()
        .any(|(least, most)| least > most || *most > window)
    {
        true => Err(Error::option(
            "steps",
            "",
            "a min_gap up to the max_gap, and both up to the window",
        )),
        false => Ok(gaps),
    }
}

/// For each exclusion the steps, from 0, between which its events are forbidden; of `n` steps.
pub(super) fn exclusions(exclude: &[Exclusion], n: usize) -> Result<Vec<(usize, usize)>> {
    let between = exclude.iter().map(|exclusion| {
        let from = exclusion.after_step.unwrap_or(1);
        let until = exclusion.before_step.unwrap_or(n.max(2));
        if from == 0 || until > n.max(2) || from >= until {
            let expected = "steps counted from 1, after_step below before_step";
            return Err(Error::option("exclude", "", expected));
        }
        Ok((from - 1, (until - 1).min(n)))
    });
    between.collect()
}

/// The events by what takes the steps: of customers, those of all visitors joined to one; of sessions, no messages.
pub(super) fn by_unit<'a>(
    events: &'a Events,
    per: Per,
    context: &Context,
) -> Result<Cow<'a, Events>> {
    Ok(match per {
        Per::Customer => Cow::Owned(events.by_customer(context)?),
        Per::Session => Cow::Owned(events.visits()?.0),
        _ => Cow::Borrowed(events),
    })
}

/// What takes the steps: a visitor, a customer, or one of a visitor's sessions.
pub(super) struct Unit {
    /// The visitor's (or customer's) place among those of the events.
    pub(super) place: usize,
    /// 1 for the visitor's first session; 1 where units are no sessions.
    pub(super) session: u32,
    /// Its events.
    pub(super) events: Range<usize>,
    /// Whether the visitor has no later unit.
    pub(super) last: bool,
}

/// Calls `take` with each unit of the events, which are those [`by_unit`] gave.
pub(super) fn each_unit(
    events: &Events,
    per: Per,
    timeout: Duration,
    context: &Context,
    mut take: impl FnMut(Unit) -> Result<()>,
) -> Result<()> {
    let data = events.data()?;
    let rule = sessions::Options {
        timeout,
        ..sessions::Options::default()
    };
    let cutter = Cutter::new(events, &rule)?;
    for place in 0..data.units.len() {
        if place % 4096 == 0 {
            context.check()?;
        }
        let mut session = 0;
        let all = data.group(place);
        let end = all.end;
        let mut unit = |events: Range<usize>| {
            session += 1;
            take(Unit {
                place,
                session,
                last: events.end == end,
                events,
            })
        };
        match per {
            Per::Session => cutter.cut(all, &mut unit)?,
            _ => unit(all)?,
        }
    }
    Ok(())
}
