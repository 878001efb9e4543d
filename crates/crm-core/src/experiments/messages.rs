//! The log of messages by person: what was sent or held out, what was done with it, and what was ordered.
//!
//! A person is a customer, with the events of all visitors joined to them, or a visitor in a log without customers
//! (`per`). Purchases with one order id are one order, at the first of them, with the amounts of all.

use crate::context::{Context, collect, filled, push, room};
use crate::data::blocks::BLANK;
use crate::data::events::event_data::{EventData, EventDim, OTHER};
use crate::data::events::sort::Sorted;
use crate::data::{Events, Whose};
use crate::error::{Error, Result};
use crate::ids::{Ids, NO_ID};
use crate::table::Table;
use crate::words::EventWord;
use serde_json::json;
use std::cmp::Ordering;
use std::ops::Range;

/// An order of a person.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    pub(super) time: i64,
    /// Minor units; 0 without amounts.
    pub(super) amount: i64,
}

/// The events of some kinds and the orders, by person and time.
pub(super) struct Log<'a> {
    pub(super) data: &'a EventData,
    /// Where each person's events begin, and the end of the last.
    starts: Vec<u32>,
    events: Vec<u32>,
    order_starts: Vec<u32>,
    orders: Vec<Order>,
    /// Events of visitors without a customer, which are left out.
    without_customer: u64,
    /// Kinds that have no meaning.
    strangers: Vec<String>,
    /// Words of `kinds` that no event has.
    unused: Vec<String>,
}

impl<'a> Log<'a> {
    /// The log of these kinds of events, and of purchases.
    pub(super) fn new(
        events: &'a Events,
        per: Option<Whose>,
        kinds: &[EventWord],
        context: &Context,
    ) -> Result<Self> {
        let data = events.data()?;
        let customers = match (per, &data.customer) {
            (Some(Whose::Visitor), _) | (None, None) => None,
            (_, Some(joined)) => Some(joined),
            (Some(Whose::Customer), None) => {
                return Err(Error::OptionNeedsColumn {
                    option: "per".into(),
                    value: "customer".into(),
                    column: "customer_id".into(),
                });
            }
        };
        let read = |word: &u8| {
            let word = EventWord::ALL.get(usize::from(*word));
            word.is_some_and(|word| *word == EventWord::Purchase || kinds.contains(word))
        };
        let read = collect(data.words.iter().map(read), "messages")?;
        let (mut person, mut time, mut found) = (Vec::new(), Vec::new(), Vec::new());
        let mut without_customer = 0;
        for (at, visitor) in data.units.iter().enumerate() {
            if at % 4096 == 0 {
                context.check()?;
            }
            for event in data.group(at).filter(|e| read[data.kind[*e] as usize]) {
                let code = customers.map_or(*visitor, |joined| joined.codes[event]);
                if code == NO_ID {
                    without_customer += 1;
                    continue;
                }
                push(&mut person, code, "messages")?;
                push(&mut time, data.time[event], "messages")?;
                push(&mut found, event as u32, "messages")?;
            }
        }
        let ids: &Ids = customers.map_or(&data.visitors, |joined| &joined.ids);
        let sorted = Sorted::new(ids, &person, &time, &context.uncounted())?;
        if let Some(order) = sorted.order {
            found = collect(order.into_iter().map(|at| found[at as usize]), "messages")?;
        }
        let has =
            |name: &str| (0..data.kinds.len() as u32).any(|code| data.kinds.text(code) == name);
        // A word that is mapped to itself only says that there may be none.
        let is_declared = |name: &str, word: EventWord| json!(word) == json!(name);
        let unused = events.spec().kinds.iter();
        let unused = unused.filter(|(name, word)| !is_declared(name, **word) && !has(name));
        let unused = unused.map(|(name, _)| name.clone()).take(20).collect();
        let strangers = data.words.iter().enumerate();
        let strangers = strangers.filter(|(_, word)| **word == OTHER).take(20);
        let mut log = Log {
            data,
            starts: sorted.starts,
            events: found,
            order_starts: Vec::new(),
            orders: Vec::new(),
            without_customer,
            unused,
            strangers: strangers
                .map(|(code, _)| data.kinds.text(code as u32))
                .collect(),
        };
        if customers.is_some() {
            log.order_instants();
        }
        log.take_orders(events)?;
        Ok(log)
    }

    /// Orders the events that several visitors of one customer have at one instant.
    fn order_instants(&mut self) {
        let data = self.data;
        for group in self.starts.windows(2) {
            let events = &mut self.events[group[0] as usize..group[1] as usize];
            let at_once = |a: &u32, b: &u32| data.time[*a as usize] == data.time[*b as usize];
            for same in events.chunk_by_mut(at_once).filter(|same| same.len() > 1) {
                let order = |a: &u32, b: &u32| data.by_content(*a as usize, *b as usize);
                same.sort_unstable_by(|a, b| order(a, b).then(a.cmp(b)));
            }
        }
    }

    fn take_orders(&mut self, events: &Events) -> Result<()> {
        let ids = events.dim("order_id")?;
        let mut order_of = filled(ids.map_or(0, |dim| dim.ids.len()), u32::MAX, "orders")?;
        let mut starts = room(self.starts.len(), "orders")?;
        starts.push(0);
        for person in 0..self.len() {
            for event in &self.events[self.range(person)] {
                let event = *event as usize;
                if self.data.word(event) != Some(EventWord::Purchase) {
                    continue;
                }
                let amount = self
                    .data
                    .amount
                    .as_ref()
                    .map_or(0, |amounts| amounts[event]);
                let amount = if amount == BLANK { 0 } else { amount };
                let id = ids.map_or(NO_ID, |dim| dim.codes[event]);
                let known = order_of.get(id as usize).copied().unwrap_or(u32::MAX);
                if let Some(order) = self.orders.get_mut(known as usize) {
                    order.amount = order.amount.checked_add(amount).ok_or(too_much(events))?;
                    continue;
                }
                if id != NO_ID {
                    order_of[id as usize] = self.orders.len() as u32;
                }
                let time = self.data.time[event];
                push(&mut self.orders, Order { time, amount }, "orders")?;
            }
            starts.push(self.orders.len() as u32);
        }
        self.order_starts = starts;
        Ok(())
    }

    fn range(&self, person: usize) -> Range<usize> {
        self.starts[person] as usize..self.starts[person + 1] as usize
    }

    /// The number of persons, who are in ascending order of their ids.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The events of a person, by time.
    pub(super) fn events(&self, person: usize) -> impl Iterator<Item = usize> + '_ {
        self.events[self.range(person)]
            .iter()
            .map(|event| *event as usize)
    }

    /// The orders of a person, by time.
    pub(super) fn orders(&self, person: usize) -> &[Order] {
        &self.orders[self.order_starts[person] as usize..self.order_starts[person + 1] as usize]
    }

    /// The table with notes on what was not read.
    pub(super) fn noted(&self, mut table: Table) -> Table {
        if self.without_customer > 0 {
            table = table.with_note("events_without_customer", json!(self.without_customer));
        }
        if !self.unused.is_empty() {
            table = table.with_note("kinds_without_events", json!(self.unused));
        }
        if !self.strangers.is_empty() {
            table = table.with_note("kinds_without_meaning", json!(self.strangers));
        }
        table
    }
}

/// The error of a sum of amounts that does not fit.
pub(super) fn too_much(events: &Events) -> Error {
    Error::Overflow {
        column: events.spec().amount.clone().unwrap_or_default(),
        what: "the sum of amounts",
    }
}

/// The column of campaigns.
pub(super) struct Campaigns<'a> {
    pub(super) dim: &'a EventDim,
    /// The rank of each code; the last is that of no campaign.
    rank: Vec<u32>,
}

impl<'a> Campaigns<'a> {
    pub(super) fn new(events: &'a Events) -> Result<Self> {
        let dim = events.dim("campaign")?.ok_or_else(|| {
            let expected = "the column that names the campaign of a message: campaign=";
            Error::option("campaign", "", expected)
        })?;
        let mut rank = filled(dim.ids.len() + 1, u32::MAX, "campaigns")?;
        for (at, code) in dim.ids.by_id()?.iter().enumerate() {
            rank[*code as usize] = at as u32;
        }
        Ok(Campaigns { dim, rank })
    }

    /// The number of campaigns, with that of events without one.
    pub(super) fn len(&self) -> usize {
        self.rank.len()
    }

    /// The place of an event's campaign.
    pub(super) fn of(&self, event: usize) -> usize {
        (self.dim.codes[event] as usize).min(self.rank.len() - 1)
    }

    /// The rank of an event's campaign in ascending order, none last.
    pub(super) fn rank(&self, event: usize) -> u32 {
        self.rank[self.of(event)]
    }

    /// Campaigns in ascending order, none last.
    pub(super) fn compare(&self, a: usize, b: usize) -> Ordering {
        self.rank[a].cmp(&self.rank[b])
    }

    /// The code of a place in the dictionary.
    pub(super) fn code(&self, place: usize) -> u32 {
        match place + 1 == self.rank.len() {
            true => NO_ID,
            false => place as u32,
        }
    }
}
