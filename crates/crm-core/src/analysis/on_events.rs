//! A scope carried out on events: the moment cuts the log, `customers` chooses rows, and each moment
//! and group of `by` is a run of its own, whose notes become lists.

use super::{AS_OF, Analysis, Dataset, Input, noted_end, resolved};
use crate::context::{Context, filled};
use crate::data::Events;
use crate::data::input::parse::Reason;
use crate::error::{Error, Result};
use crate::scope::{AsOf, Scope};
use crate::table::{Column, Table, Values};
use crate::time::Moment;
use serde_json::{Value, json};
use std::collections::BTreeMap;

impl Input for Events {
    type At = ();
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
        context.afford(self.len().saturating_mul(8), "a pass over the events")?;
        let last = Moment::Instant(self.as_of);
        let (moments, is_list) = moments(&scope.as_of, last)?;
        let all_days = moments.iter().all(|m| matches!(m, Moment::Day(_)));
        let mut all = Table::default();
        let mut notes: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let (mut later, mut messages) = (0, 0);
        for moment in &moments {
            let seen = self.up_to(moment.instant(&self.data()?.offsets), context)?;
            later = later.max(seen.later);
            let (seen, left_out) = match A::VISITS {
                true => seen.visits()?,
                false => (seen, 0),
            };
            messages = messages.max(left_out);
            let seen = seen.showing(&scope.customers)?;
            later = later.max(seen.later);
            for (keys, part) in seen.parts(&scope.filter, &scope.by, context)? {
                let table = part.shown(A::run(&part, &(), options, context)?)?;
                let n = table.len();
                let mut before = Vec::new();
                if is_list {
                    before.push(as_of_column(&seen, all_days, n)?);
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
        let mut resolved = resolved::<A>(scope);
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
        if messages > 0 {
            all = all.with_note("messages_left_out", json!(messages));
        }
        Ok((noted(self, all, &moments)?, resolved))
    }
}

/// The column `as_of`: dates if all moments are days.
fn as_of_column(seen: &Events, all_days: bool, n: usize) -> Result<Column> {
    let day = seen.data()?.offsets.day(seen.as_of).0;
    let values = match all_days {
        true => Values::Date(filled(n, day, "table")?),
        false => Values::Instant(filled(n, seen.as_of, "table")?.into(), seen.zone()),
    };
    Ok(Column::new(&AS_OF, values))
}

/// The moments of a request, and whether they are a list; `last` is the default.
fn moments(as_of: &AsOf, last: Moment) -> Result<(Vec<Moment>, bool)> {
    let (moments, is_list) = match as_of {
        AsOf::Last => (vec![last], false),
        AsOf::Day(day) => (vec![Moment::Day(*day)], false),
        AsOf::At(moment) => (vec![*moment], false),
        AsOf::Days(days) => (days.iter().copied().map(Moment::Day).collect(), true),
        AsOf::Moments(moments) => (moments.clone(), true),
    };
    match moments.is_empty() {
        true => Err(Error::option(
            "as_of",
            "[]",
            "a moment or a list of at least one",
        )),
        false => Ok((moments, is_list)),
    }
}

/// The table with notes about the events: their last instant, rows left out, shared instants, rounded amounts.
fn noted(events: &Events, mut all: Table, moments: &[Moment]) -> Result<Table> {
    let offsets = &events.data()?.offsets;
    let days = moments.iter().map(|m| offsets.day(m.instant(offsets)));
    if let (Some(last), Some(day)) = (events.last_date(), days.max()) {
        all = noted_end(all, last, day);
    }
    if events.rows_left_out() > 0 {
        all = all.with_note("rows_left_out", json!(events.rows_left_out()));
        let reasons = events.data()?.left_out.iter();
        let reasons = reasons.map(|(reason, rows)| (why(*reason).to_owned(), json!(rows)));
        let reasons: serde_json::Map<String, Value> = reasons.collect();
        all = all.with_note("rows_left_out_by_reason", reasons.into());
    }
    let at_one_instant = events.data()?.at_one_instant;
    if at_one_instant > 0 {
        all = all.with_note("events_at_one_instant", json!(at_one_instant));
    }
    let rounded = events.data()?.rounded;
    if rounded > 0 {
        all = all.with_note("amounts_rounded", json!(rounded));
    }
    Ok(all)
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
