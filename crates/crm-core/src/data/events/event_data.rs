//! The columns of events, which views share.

use super::sort::Sorted;
use super::spec::EventsSpec;
use crate::columns::Buf;
use crate::context::{collect, filled, room};
use crate::data::input::batches::pick;
use crate::data::input::parse::Reason;
use crate::error::Result;
use crate::ids::{Ids, NO_ID};
use crate::time::Offsets;
use crate::words::EventWord;
use std::sync::Arc;

/// A column of categories.
#[derive(Clone)]
pub(crate) struct EventDim {
    pub(crate) name: String,
    pub(crate) ids: Arc<Ids>,
    /// [`NO_ID`] for null.
    pub(crate) codes: Buf<u32>,
}

/// A column of numbers; NaN for null.
#[derive(Clone)]
pub(crate) struct Measure {
    pub(crate) name: String,
    pub(crate) values: Buf<f64>,
}

/// The customer of each event.
#[derive(Clone)]
pub(crate) struct Joined {
    pub(crate) ids: Arc<Ids>,
    /// After joining visitors to customers; [`NO_ID`] for visitors without a customer.
    pub(crate) codes: Buf<u32>,
    /// As in the input.
    pub(crate) own: Buf<u32>,
}

/// The number of rows left out, by reason.
pub(super) type LeftOut = Vec<(Reason, u64)>;

/// The columns of events, by visitor and time.
#[derive(Clone)]
pub(crate) struct EventData {
    pub(crate) visitors: Arc<Ids>,
    /// The visitor of each group of events, ascending.
    pub(crate) units: Buf<u32>,
    /// The start of each group, and the end of the last.
    pub(crate) starts: Buf<u32>,
    /// UTC microseconds.
    pub(crate) time: Buf<i64>,
    pub(crate) kinds: Arc<Ids>,
    pub(crate) kind: Buf<u32>,
    /// What each kind means, by its code: an [`EventWord`], [`OTHER`] or [`UNUSED`].
    pub(crate) words: Arc<Vec<u8>>,
    pub(crate) customer: Option<Joined>,
    pub(crate) dims: Vec<EventDim>,
    /// Minor units; [`BLANK`] for null.
    pub(crate) amount: Option<Buf<i64>>,
    pub(crate) quantity: Option<Buf<u32>>,
    pub(crate) measures: Vec<Measure>,
    /// The number of events in the whole log whose visitor has a different event at the same
    /// instant.
    pub(crate) at_one_instant: u64,
    pub(crate) offsets: Offsets,
    /// Rows left out, by reason.
    pub(crate) left_out: LeftOut,
    pub(crate) rounded: u64,
}

/// A kind without a meaning for sessions and carts.
pub(crate) const OTHER: u8 = 255;
/// A kind that only rows left out have.
pub(crate) const UNUSED: u8 = 254;

impl EventData {
    /// The columns in another order, grouped by it.
    pub(crate) fn in_order(mut self, order: Sorted) -> Result<EventData> {
        if let Some(items) = &order.order {
            self.pick(items)?;
        }
        self.units = order.units.into();
        self.starts = order.starts.into();
        Ok(self)
    }

    /// Only these events, in this order; groups are left to the caller.
    pub(crate) fn pick(&mut self, items: &[u32]) -> Result<()> {
        self.time = pick(&self.time, items)?;
        self.kind = pick(&self.kind, items)?;
        self.amount = self.amount.take().map(|c| pick(&c, items)).transpose()?;
        self.quantity = self.quantity.take().map(|c| pick(&c, items)).transpose()?;
        if let Some(joined) = &mut self.customer {
            joined.own = pick(&joined.own, items)?;
            // Empty until visitors are joined.
            if !joined.codes.is_empty() {
                joined.codes = pick(&joined.codes, items)?;
            }
        }
        for dim in &mut self.dims {
            dim.codes = pick(&dim.codes, items)?;
        }
        for measure in &mut self.measures {
            measure.values = pick(&measure.values, items)?;
        }
        Ok(())
    }

    /// Gives every event the customer of its visitor. See the module.
    pub(crate) fn join_customers(&mut self) -> Result<()> {
        let Some(joined) = &mut self.customer else {
            return Ok(());
        };
        let mut codes = collect(joined.own.iter().copied(), "customers")?;
        for group in self.starts.windows(2) {
            let events = &mut codes[group[0] as usize..group[1] as usize];
            let first = events.iter().copied().find(|c| *c != NO_ID);
            let mut known = first.unwrap_or(NO_ID);
            for code in events {
                if *code == NO_ID {
                    *code = known;
                }
                known = *code;
            }
        }
        joined.codes = codes.into();
        Ok(())
    }

    /// The events of the `at`-th visitor.
    pub(crate) fn group(&self, at: usize) -> std::ops::Range<usize> {
        self.starts[at] as usize..self.starts[at + 1] as usize
    }

    /// The visitor of each event.
    pub(crate) fn unit_of_events(&self) -> Result<Vec<u32>> {
        let mut units = room(self.time.len(), "events")?;
        for (at, code) in self.units.iter().enumerate() {
            units.extend(self.group(at).map(|_| *code));
        }
        Ok(units)
    }

    /// The last instant.
    pub(crate) fn last(&self) -> Option<i64> {
        // The last event of each group has the group's last instant.
        let ends = self.starts.iter().skip(1);
        ends.map(|end| self.time[*end as usize - 1]).max()
    }

    /// The meaning of an event's kind, if it has one.
    #[inline]
    pub(crate) fn word(&self, event: usize) -> Option<EventWord> {
        let word = self.words[self.kind[event] as usize];
        EventWord::ALL.get(usize::from(word)).copied()
    }

    /// Units of an event.
    #[inline]
    pub(crate) fn units_of(&self, event: usize) -> u32 {
        self.quantity.as_ref().map_or(1, |q| q[event])
    }
}

/// The meaning of each kind, by code.
pub(crate) fn words(spec: &EventsSpec, kinds: &Ids, of_events: &[u32]) -> Result<Vec<u8>> {
    let mut words = filled(kinds.len(), UNUSED, "kinds")?;
    for code in of_events {
        words[*code as usize] = OTHER;
    }
    for (code, word) in words.iter_mut().enumerate().filter(|(_, w)| **w == OTHER) {
        if let Some(known) = meaning(spec, kinds, code as u32) {
            *word = known as u8;
        }
    }
    Ok(words)
}

/// The meaning of a kind, if it has one.
pub(super) fn meaning(spec: &EventsSpec, kinds: &Ids, code: u32) -> Option<EventWord> {
    let name = kinds.text(code);
    let mapped = spec.kinds.get(&name).copied();
    mapped.or_else(|| EventWord::parse(&name))
}
