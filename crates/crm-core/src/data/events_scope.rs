//! Carrying a scope out on events: the moment cuts the log, `where` chooses events, `customers`
//! chooses rows, `by` runs an analysis on the events of each group.
//!
//! | name | of | is |
//! |---|---|---|
//! | `visitor_id`, `customer_id` | event | the visitor, and the customer joined to it |
//! | `occurred_at`, `hour` | event | civil date, hour of the day in the shop's zone |
//! | `kind`, `page`, `product`, `channel`, `campaign`, `referrer`, `order_id`, dimensions | event | the value |
//! | `amount` | event | the amount in major units; filters only |
//! | `first_<any of the above>` | visitor | the first value known of the visitor |
//! | `first_week`, `first_month`, `first_quarter` | visitor | the first day of that period |
//!
//! What lies after the moment is not known: it takes part in nothing, not in joining visitors to
//! customers either. It is counted in the note `events_after_as_of`; `events_at_one_instant` counts the
//! events of the log whose visitor has a different one at the same instant, so that their order is a
//! convention (`instants.rs`). Of a breakdown or a list of
//! moments an analysis's own notes are lists, one object a group with its `value`.

use super::arrange::Arranged;
use super::events::{EventData, EventDim, Events};
use super::filter::{Attribute, AttributeValues, Level};
use super::ids::{IdKind, Ids, NO_ID};
use super::read::{BLANK, Reason};
use super::runs::Runs;
use super::scoped::{AS_OF, Key, rank};
use super::{Buf, ColumnData, ColumnValues};
use crate::analysis::{self, Analysis, Dataset, Input};
use crate::context::{collect, filled, push, room};
use crate::scope::{AsOf, Filter};
use crate::table::{Column, Values};
use crate::time::{MICROS_PER_DAY, Period};
use crate::{Context, Day, Error, Moment, Result, Scope, Table};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Input for Events {
    const KIND: &'static str = "events";
    const SCOPE: &'static [&'static str] = &["as_of", "where", "customers", "by"];

    fn of<'a>(data: &Dataset<'a>) -> Option<&'a Self> {
        match data {
            Dataset::Events(events) => Some(events),
            _ => None,
        }
    }

    fn run_scoped<A: Analysis<Data = Self>>(
        &self,
        scope: &Scope,
        options: &A::Options,
        context: &Context,
    ) -> Result<(Table, Value)> {
        let last = Moment::Instant(self.as_of);
        let (moments, is_list) = match &scope.as_of {
            AsOf::Last => (vec![last], false),
            AsOf::Day(day) => (vec![Moment::Day(*day)], false),
            AsOf::At(moment) => (vec![*moment], false),
            AsOf::Days(days) => (days.iter().copied().map(Moment::Day).collect(), true),
            AsOf::Moments(moments) => (moments.clone(), true),
        };
        if moments.is_empty() {
            return Err(Error::option(
                "as_of",
                "[]",
                "a moment or a list of at least one",
            ));
        }
        let all_days = moments.iter().all(|m| matches!(m, Moment::Day(_)));
        let mut all = Table::default();
        let mut notes: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let mut later = 0;
        for moment in &moments {
            let seen = self.up_to(moment.instant(&self.data()?.offsets), context)?;
            later = later.max(seen.later);
            let seen = seen.showing(&scope.customers)?;
            let offsets = &seen.data()?.offsets;
            later = later.max(seen.later);
            let single = Scope {
                as_of: AsOf::Day(offsets.day(seen.as_of)),
                filter: Filter::default(),
                customers: Filter::default(),
                by: Vec::new(),
                ..scope.clone()
            };
            for (keys, part) in seen.parts(&scope.filter, &scope.by, context)? {
                let table = part.shown(A::run(&part, &single, options, context)?)?;
                let n = table.len();
                let mut before = Vec::new();
                if is_list && all_days {
                    let day = offsets.day(seen.as_of).0;
                    before.push(Column::new(&AS_OF, Values::Date(filled(n, day, "table")?)));
                } else if is_list {
                    let at = filled(n, seen.as_of, "table")?;
                    before.push(Column::new(&AS_OF, Values::Instant(at.into(), self.zone())));
                }
                let mut group = serde_json::Map::new();
                if is_list {
                    group.insert("as_of".into(), json!(moment));
                }
                for key in &keys {
                    before.push(key.repeated(n)?);
                    group.insert(key.name.clone(), key.json());
                }
                for (name, note) in table.notes() {
                    let mut of_group = group.clone();
                    of_group.insert("value".into(), note.clone());
                    notes.entry(name.clone()).or_default().push(of_group.into());
                }
                all.append(table.prepended(before)?)?;
            }
        }
        let mut resolved = analysis::resolved::<A>(scope);
        resolved["as_of"] = match is_list {
            true => json!(moments),
            false => json!(moments[0]),
        };
        resolved["currency"] = json!(self.currency());
        resolved["timezone"] = json!(self.zone().to_string());
        resolved["kinds"] = json!(self.spec.kinds);
        if is_list || !scope.by.is_empty() {
            for (name, of_groups) in notes {
                all = all.with_note(&name, of_groups.into());
            }
        }
        all = all.with_note("events_after_as_of", json!(later));
        let offsets = &self.data()?.offsets;
        let days = moments.iter().map(|m| offsets.day(m.instant(offsets)));
        if let (Some(last), Some(day)) = (self.last_date(), days.max()) {
            all = super::scoped::noted_end(all, last, day);
        }
        if self.rows_left_out() > 0 {
            all = all.with_note("rows_left_out", json!(self.rows_left_out()));
            let reasons = self.data()?.left_out.iter();
            let reasons = reasons.map(|(reason, rows)| (why(*reason).to_owned(), json!(rows)));
            let reasons: serde_json::Map<String, Value> = reasons.collect();
            all = all.with_note("rows_left_out_by_reason", reasons.into());
        }
        let at_one_instant = self.data()?.at_one_instant;
        if at_one_instant > 0 {
            all = all.with_note("events_at_one_instant", json!(at_one_instant));
        }
        let rounded = self.data()?.rounded;
        if rounded > 0 {
            all = all.with_note("amounts_rounded", json!(rounded));
        }
        Ok((all, resolved))
    }
}

/// Why a row of events was left out.
fn why(reason: Reason) -> &'static str {
    match reason {
        Reason::Guest => "no_visitor",
        Reason::BadTime => "bad_time",
        Reason::BadWord => "no_kind",
        Reason::BadQuantity => "bad_quantity",
        Reason::BadMeasure => "bad_measure",
        _ => "bad_amount",
    }
}

impl Events {
    /// What was known at an instant.
    ///
    /// # Errors
    ///
    /// Memory.
    pub fn up_to(&self, instant: i64, context: &Context) -> Result<Events> {
        context.check()?;
        let mut events = self.clone();
        if self.runs.span.is_some_and(|(_, last)| last > instant) {
            let time = &self.data()?.time;
            let seen = time.iter().filter(|t| **t <= instant).count();
            let mut items = room(seen, "events")?;
            items.extend((0..time.len() as u32).filter(|i| time[*i as usize] <= instant));
            let mut data = self.data()?.gather(&items)?;
            data.join_customers()?;
            events.runs = Arc::new(Runs::one(data));
            events.later += (time.len() - seen) as u64;
        }
        events.as_of = instant;
        Ok(events)
    }

    /// The events that a filter lets through; customers stay joined as they were.
    ///
    /// # Errors
    ///
    /// A column that there is not, a value of a wrong type.
    pub fn view(&self, filter: &Filter, context: &Context) -> Result<Events> {
        let parts = self.parts(filter, &[], context)?;
        Ok(parts.into_iter().next().map_or(self.clone(), |(_, e)| e))
    }

    /// The same events by customer instead of visitor: all visitors of one are one log. Events of
    /// visitors without a customer are left out.
    pub(crate) fn by_customer(&self, context: &Context) -> Result<Events> {
        let data = self.data()?;
        let Some(joined) = &data.customer else {
            return Err(Error::OptionNeedsColumn {
                option: "per".into(),
                value: "customer".into(),
                column: "customer_id".into(),
            });
        };
        let order = Arranged::new(&joined.ids, &joined.codes, &data.time, context)?;
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
            runs: Arc::new(Runs::one(data)),
            chosen,
            ..self.clone()
        })
    }

    /// Rows of these visitors only.
    fn showing(mut self, customers: &Filter) -> Result<Events> {
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
                // The last event knows the customer best.
                let last = data.group(at).end - 1;
                chosen[*unit as usize] &= pass[last];
            }
        }
        self.chosen = Some(Arc::new(chosen));
        Ok(self)
    }

    /// The rows of a table that the scope's `customers` lets through.
    fn shown(&self, table: Table) -> Result<Table> {
        let Some(chosen) = &self.chosen else {
            return Ok(table);
        };
        let visitors = self.visitors()?;
        let codes = match table.column("visitor_id").map(Column::values) {
            Some(Values::Id { ids, codes }) if Arc::ptr_eq(ids, visitors) => codes,
            _ => return Ok(table),
        };
        let mut rows = room(codes.len(), "table")?;
        rows.extend((0..codes.len()).filter(|row| chosen[codes[*row] as usize]));
        table.take(&rows)
    }

    /// The events of each group of a breakdown among those that a filter lets through, groups in
    /// ascending order, nulls last.
    fn parts(
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
                runs: Arc::new(Runs::one(data.gather(items)?)),
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
            // No rows, but the columns all the same.
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
        let mut available: Vec<String> = ["visitor_id", "occurred_at", "hour", "kind"]
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
            meant: crate::nearest(name, &available).map(str::to_owned),
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
        if name == "hour" && !spec.dimensions.iter().any(|d| d == "hour") {
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

    /// A column of categories by its role or by the name it came in with.
    pub(crate) fn dim(&self, name: &str) -> Result<Option<&EventDim>> {
        let roles = self.spec.roles();
        let role = roles.iter().find(|(role, _)| *role == name);
        let column = role
            .and_then(|(_, column)| column.as_deref())
            .unwrap_or(name);
        Ok(self.data()?.dims.iter().find(|d| d.name == column))
    }

    /// The hour of the day of each event on the shop's clock.
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

    /// The first value known of each visitor, for each of its events.
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
