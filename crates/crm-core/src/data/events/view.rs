//! Applies a scope to events: `as_of` cuts the log, `where` chooses events, `customers` chooses
//! rows, `by` runs an analysis on the events of each group.
//!
//! | name | of | is |
//! |---|---|---|
//! | `visitor_id`, `customer_id` | event | the visitor, and the customer joined to it |
//! | `occurred_at`, `weekday`, `hour` | event | civil date, its weekday, hour of the day in the shop's zone |
//! | `kind`, `page`, `product`, `channel`, `campaign`, `variant`, `machine`, `referrer`, `order_id`, dimensions | event | the value |
//! | `amount` | event | the amount in major units; filters only |
//! | `first_<any of the above>` | visitor | the first value known of the visitor |
//! | `first_week`, `first_month`, `first_quarter` | visitor | the first day of that period |
//!
//! Events after `as_of` are ignored, also for joining visitors to customers. The note
//! `events_after_as_of` counts them. The note `events_at_one_instant` counts events whose visitor
//! has a different event at the same instant, so that their order is a convention (`instants.rs`).
//! With a breakdown or a list of moments, an analysis's own notes are lists with one object per
//! group, which has the group's `value`.

use super::dataset::Events;
use super::event_data::{EventData, EventDim};
use super::parts::Parts;
use super::sort::Sorted;
use crate::columns::{Buf, ColumnData, ColumnValues};
use crate::context::{Context, collect, filled, push, room};
use crate::data::blocks::BLANK;
use crate::data::filter::{Attribute, AttributeValues, Level};
use crate::data::orders::view::{Key, rank};
use crate::error::{Error, Result};
use crate::ids::{IdKind, Ids, NO_ID};
use crate::scope::Filter;
use crate::table::{Column, Table, Values};
use crate::time::{Day, MICROS_PER_DAY, Period};
use crate::words::{EventWord, Weekday};
use std::sync::Arc;

impl Events {
    /// The events up to an instant.
    ///
    /// # Errors
    ///
    /// Memory.
    pub fn up_to(&self, instant: i64, context: &Context) -> Result<Events> {
        context.check()?;
        let mut events = self.clone();
        if self.parts.span.is_some_and(|(_, last)| last > instant) {
            let time = &self.data()?.time;
            let seen = time.iter().filter(|t| **t <= instant).count();
            let mut items = room(seen, "events")?;
            items.extend((0..time.len() as u32).filter(|i| time[*i as usize] <= instant));
            let mut data = self.data()?.gather(&items)?;
            data.join_customers()?;
            events.parts = Arc::new(Parts::one(data));
            events.later += (time.len() - seen) as u64;
            events.whole = false;
        }
        events.as_of = instant;
        Ok(events)
    }

    /// The events that a filter keeps. The joined customers do not change.
    ///
    /// # Errors
    ///
    /// A column that does not exist, a value of a wrong type.
    pub fn view(&self, filter: &Filter, context: &Context) -> Result<Events> {
        let parts = self.parts(filter, &[], context)?;
        Ok(parts.into_iter().next().map_or(self.clone(), |(_, e)| e))
    }

    /// The events without messages and assignments, and how many these are.
    pub(crate) fn visits(&self) -> Result<(Events, u64)> {
        let data = self.data()?;
        let no_visit = |word: &u8| {
            let word = EventWord::ALL.get(usize::from(*word));
            word.is_some_and(|word| word.is_message())
        };
        if !data.words.iter().any(no_visit) {
            return Ok((self.clone(), 0));
        }
        let mut items = room(data.time.len(), "events")?;
        let visit = |event: &u32| {
            !data
                .word(*event as usize)
                .is_some_and(EventWord::is_message)
        };
        items.extend((0..data.time.len() as u32).filter(visit));
        let left_out = data.time.len() - items.len();
        let parts = Arc::new(Parts::one(data.gather(&items)?));
        let visits = Events {
            parts,
            whole: false,
            ..self.clone()
        };
        Ok((visits, left_out as u64))
    }

    /// The same events by customer instead of visitor: the events of all visitors of a customer are
    /// one group. Events of visitors without a customer are left out.
    pub(crate) fn by_customer(&self, context: &Context) -> Result<Events> {
        let data = self.data()?;
        let Some(joined) = &data.customer else {
            return Err(Error::OptionNeedsColumn {
                option: "per".into(),
                value: "customer".into(),
                column: "customer_id".into(),
            });
        };
        let order = Sorted::new(&joined.ids, &joined.codes, &data.time, context)?;
        let (visitors, customer) = (joined.ids.clone(), joined.codes.clone());
        let chosen = match &self.chosen {
            Some(chosen) => {
                let mut shown = filled(visitors.len(), false, "customers")?;
                for (at, unit) in data.units.iter().enumerate() {
                    for event in data.group(at).filter(|e| customer[*e] != NO_ID) {
                        shown[customer[event] as usize] |= chosen[*unit as usize];
                    }
                }
                Some(Arc::new(shown))
            }
            None => None,
        };
        let mut data = data.clone().in_order(order)?.order_instants()?;
        data.visitors = visitors;
        Ok(Events {
            parts: Arc::new(Parts::one(data)),
            chosen,
            whole: false,
            ..self.clone()
        })
    }

    /// Limits the shown rows to the visitors that a filter chooses.
    pub(crate) fn showing(mut self, customers: &Filter) -> Result<Events> {
        if customers.is_empty() {
            return Ok(self);
        }
        let data = self.data()?;
        let mut chosen = filled(data.visitors.len(), false, "visitors")?;
        for unit in data.units.iter() {
            chosen[*unit as usize] = true;
        }
        for (name, condition) in &customers.0 {
            let of_visitor = name == "visitor_id" || name == "customer_id";
            if !of_visitor && !name.starts_with("first_") {
                return Err(Error::option(
                    "customers",
                    format_args!("{name:?}"),
                    format!("a column of visitors; first_{name} is the first value known"),
                ));
            }
            let pass = self.attribute(name)?.test(name, condition)?;
            for (at, unit) in data.units.iter().enumerate() {
                // The customer of a visitor is the one joined to the last event.
                let last = data.group(at).end - 1;
                chosen[*unit as usize] &= pass[last];
            }
        }
        self.chosen = Some(Arc::new(chosen));
        Ok(self)
    }

    /// The rows of a table that the scope's `customers` chooses.
    pub(crate) fn shown(&self, table: Table) -> Result<Table> {
        let Some(chosen) = &self.chosen else {
            return Ok(table);
        };
        let visitors = self.visitors()?;
        // In events by customer the ids of the table's column are customers.
        let own = |column: &'_ Column| match column.values() {
            Values::Id { ids, .. } => Arc::ptr_eq(ids, visitors),
            _ => false,
        };
        let column = table.columns().iter().find(|column| own(column));
        let Some(Values::Id { codes, .. }) = column.map(Column::values) else {
            return Ok(table);
        };
        let mut rows = room(codes.len(), "table")?;
        rows.extend((0..codes.len()).filter(|row| chosen[codes[*row] as usize]));
        table.take(&rows)
    }

    /// The events of each group of a breakdown, groups in ascending order, nulls last.
    pub(crate) fn parts(
        &self,
        filter: &Filter,
        by: &[String],
        context: &Context,
    ) -> Result<Vec<(Vec<Key>, Events)>> {
        if filter.is_empty() && by.is_empty() {
            return Ok(vec![(Vec::new(), self.clone())]);
        }
        let (n, data) = (self.len(), self.data()?);
        let mut pass = filled(n, true, "filter")?;
        for (name, condition) in &filter.0 {
            let through = self.attribute(name)?.test(name, condition)?;
            pass.iter_mut().zip(through).for_each(|(p, t)| *p &= t);
            if let (true, Some(amount)) = (name == "amount", &data.amount) {
                pass.iter_mut()
                    .zip(amount.iter())
                    .for_each(|(p, a)| *p &= *a != BLANK);
            }
        }
        let mut items = room(n, "filter")?;
        items.extend((0..n as u32).filter(|i| pass[*i as usize]));
        let mut columns = Vec::new();
        for name in by {
            let values = self.attribute(name)?;
            let rank = rank(&values)?;
            let level = Level::Order;
            let attribute = Arc::new(Attribute { level, values });
            columns.push((name.clone(), attribute, rank));
        }
        let key = |i: u32| columns.iter().map(move |(_, _, rank)| rank[i as usize]);
        if !columns.is_empty() {
            items.sort_unstable_by(|a, b| key(*a).cmp(key(*b)).then(a.cmp(b)));
        }
        let keys = |at: Option<usize>| {
            let keys = columns.iter().map(|(name, attribute, _)| Key {
                name: name.clone(),
                attribute: attribute.clone(),
                at,
            });
            keys.collect::<Vec<Key>>()
        };
        let part = |items: &[u32]| -> Result<Events> {
            Ok(Events {
                parts: Arc::new(Parts::one(data.gather(items)?)),
                whole: false,
                ..self.clone()
            })
        };
        let mut parts = Vec::new();
        for group in items.chunk_by(|a, b| key(*a).eq(key(*b))) {
            context.check()?;
            let at = Some(group[0] as usize);
            push(&mut parts, (keys(at), part(group)?), "breakdown")?;
        }
        if parts.is_empty() {
            // Without rows, one empty group gives the columns.
            parts.push((keys(None), part(&[])?));
        }
        Ok(parts)
    }

    /// The column of a name, a value for each event.
    pub(crate) fn attribute(&self, name: &str) -> Result<AttributeValues> {
        if let Some(found) = self.own_attribute(name)? {
            return Ok(found);
        }
        if let Some(of) = name.strip_prefix("first_") {
            let period = match of {
                "week" => Some(Period::Week),
                "month" => Some(Period::Month),
                "quarter" => Some(Period::Quarter),
                _ => None,
            };
            let of = if period.is_some() { "occurred_at" } else { of };
            if let Some(own) = self.own_attribute(of)? {
                return self.first(own, period);
            }
        }
        let mut available: Vec<String> = ["visitor_id", "occurred_at", "weekday", "hour", "kind"]
            .map(str::to_owned)
            .to_vec();
        available.extend(self.spec.customer_id.iter().map(|_| "customer_id".into()));
        available.extend(self.spec.amount.iter().map(|_| "amount".into()));
        let given = self.spec.roles();
        let given = given.iter().filter(|(_, column)| column.is_some());
        available.extend(given.map(|(role, _)| (*role).to_owned()));
        available.extend(self.spec.dimensions.iter().cloned());
        let first: Vec<String> = available.iter().map(|n| format!("first_{n}")).collect();
        available.extend(first);
        available.extend(["first_week", "first_month", "first_quarter"].map(str::to_owned));
        Err(Error::MissingColumn {
            column: name.to_owned(),
            meant: crate::error::nearest(name, &available).map(str::to_owned),
            available,
        })
    }

    fn own_attribute(&self, name: &str) -> Result<Option<AttributeValues>> {
        let (data, spec) = (self.data()?, &self.spec);
        if name == "visitor_id" || name == spec.visitor_id {
            let units = data.unit_of_events()?;
            let ids = data.visitors.clone();
            return Ok(Some(AttributeValues::Codes(ids, units.into())));
        }
        if (name == "customer_id" || Some(name) == spec.customer_id.as_deref())
            && let Some(joined) = &data.customer
        {
            let (ids, codes) = (joined.ids.clone(), joined.codes.clone());
            return Ok(Some(AttributeValues::Codes(ids, codes)));
        }
        if name == "occurred_at" || name == spec.occurred_at {
            let mut reader = data.offsets.reader();
            let days = data.time.iter().map(|t| reader.day(*t).0);
            return Ok(Some(AttributeValues::Days(collect(days, "filter")?)));
        }
        let is_dimension = |name: &str| spec.dimensions.iter().any(|d| d == name);
        if name == "weekday" && !is_dimension(name) {
            let mut reader = data.offsets.reader();
            let days = data.time.iter().map(|t| reader.day(*t).weekday() as u8);
            let days = collect(days, "filter")?;
            return Ok(Some(AttributeValues::Words(Weekday::LABELS, days)));
        }
        if name == "hour" && !is_dimension(name) {
            let (ids, codes) = self.hours()?;
            return Ok(Some(AttributeValues::Codes(ids, codes)));
        }
        if name == "kind" || name == spec.kind {
            let (ids, codes) = (data.kinds.clone(), data.kind.clone());
            return Ok(Some(AttributeValues::Codes(ids, codes)));
        }
        if (name == "amount" || Some(name) == spec.amount.as_deref())
            && let (Some(amount), Some(currency)) = (&data.amount, spec.currency)
        {
            let amounts = collect(amount.iter().copied(), "filter")?;
            return Ok(Some(AttributeValues::Amounts(amounts, currency.scale())));
        }
        let dim = self.dim(name)?;
        Ok(dim.map(|dim| AttributeValues::Codes(dim.ids.clone(), dim.codes.clone())))
    }

    /// A column of categories by its role or by its name in the input.
    pub(crate) fn dim(&self, name: &str) -> Result<Option<&EventDim>> {
        let roles = self.spec.roles();
        let role = roles.iter().find(|(role, _)| *role == name);
        let column = role
            .and_then(|(_, column)| column.as_deref())
            .unwrap_or(name);
        Ok(self.data()?.dims.iter().find(|d| d.name == column))
    }

    /// The hour of the day of each event in the shop's zone.
    pub(crate) fn hours(&self) -> Result<(Arc<Ids>, Buf<u32>)> {
        let column = ColumnData::from(ColumnValues::Int {
            values: (0..24_i64).collect::<Vec<_>>().into(),
            bits: 32,
        });
        let mut ids = Ids::new(IdKind::Int(32), 0);
        let mut of_hour = Vec::new();
        ids.encode("hour", &[&column], &mut of_hour, &Context::default())?;
        let data = self.data()?;
        let offsets = &data.offsets;
        let codes = data.time.iter().map(|t| {
            let hour = offsets.wall(*t).rem_euclid(MICROS_PER_DAY) / 3_600_000_000;
            of_hour[hour as usize]
        });
        Ok((Arc::new(ids), collect(codes, "hours")?.into()))
    }

    /// For each event, the first non-null value of its visitor.
    fn first(&self, of: AttributeValues, period: Option<Period>) -> Result<AttributeValues> {
        let data = self.data()?;
        Ok(match of {
            AttributeValues::Codes(ids, codes) => {
                let mut first = room(codes.len(), "filter")?;
                for at in 0..data.units.len() {
                    let events = &codes[data.group(at)];
                    let value = events.iter().copied().find(|c| *c != NO_ID);
                    first.extend(events.iter().map(|_| value.unwrap_or(NO_ID)));
                }
                AttributeValues::Codes(ids, first.into())
            }
            AttributeValues::Words(labels, codes) => {
                let mut first = room(codes.len(), "filter")?;
                for at in 0..data.units.len() {
                    let events = &codes[data.group(at)];
                    first.extend(events.iter().map(|_| events[0]));
                }
                AttributeValues::Words(labels, first)
            }
            AttributeValues::Days(days) => {
                let mut first = room(days.len(), "filter")?;
                for at in 0..data.units.len() {
                    let events = &days[data.group(at)];
                    let day = period.map_or(events[0], |p| Day(events[0]).start_of(p).0);
                    first.extend(events.iter().map(|_| day));
                }
                AttributeValues::Days(first)
            }
            _ => {
                return Err(Error::option(
                    "by",
                    "",
                    "a column of few values, not amounts",
                ));
            }
        })
    }
}

impl EventData {
    /// These events, in this (ascending) order.
    pub(crate) fn gather(&self, items: &[u32]) -> Result<EventData> {
        let mut data = self.clone();
        data.pick(items)?;
        let (mut units, mut starts) = (Vec::new(), Vec::new());
        let mut at = 0;
        for (place, item) in items.iter().enumerate() {
            let before = at;
            while self.starts[at + 1] <= *item {
                at += 1;
            }
            if place == 0 || at != before {
                push(&mut units, self.units[at], "events")?;
                push(&mut starts, place as u32, "events")?;
            }
        }
        push(&mut starts, items.len() as u32, "events")?;
        data.units = units.into();
        data.starts = starts.into();
        Ok(data)
    }
}
