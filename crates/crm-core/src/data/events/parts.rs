//! Sorted parts of a log of events, merged on first use.
//!
//! Appending only adds to the list of parts, so appending a day costs the day and not the history.
//! The first use afterwards merges the parts by visitor and time. Columns are copied in stretches;
//! only events of one instant are sorted again, and only ids of the later part are looked up. Of
//! several parts the two neighbours with the smallest total are merged first, so a year of single
//! days is copied a few times and not hundreds of times. The result is the same as from all rows at
//! once, bit for bit.

use super::event_data::{EventData, EventDim, Joined, Measure, words};
use super::spec::EventsSpec;
use crate::columns::Buf;
use crate::context::{Context, collect, push, room};
use crate::data::input::batches::absorbed;
use crate::error::{Error, Result};
use crate::ids::{Ids, NO_ID};
use crate::time::{Offsets, Zone};
use crate::turn::{Turn, briefly};
use std::cmp::Ordering;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

/// See the module.
pub(crate) struct Parts {
    /// The parts, in the order in which they were appended; empty after the merge.
    parts: Mutex<Vec<Arc<EventData>>>,
    /// The lock for merging them.
    turn: Turn,
    whole: OnceLock<Arc<EventData>>,
    pub(crate) len: usize,
    /// The number of rows that could not be read.
    pub(crate) left_out: u64,
    /// The first and the last instant.
    pub(crate) span: Option<(i64, i64)>,
    pub(crate) zone: Zone,
}

impl Parts {
    /// A log of one part.
    pub(crate) fn one(data: EventData) -> Parts {
        let firsts = data.starts.iter().zip(data.units.iter());
        let first = firsts.map(|(start, _)| data.time[*start as usize]).min();
        Parts {
            len: data.time.len(),
            left_out: data.left_out.iter().map(|(_, rows)| rows).sum(),
            span: first.zip(data.last()),
            zone: data.offsets.zone(),
            parts: Mutex::new(Vec::new()),
            turn: Turn::default(),
            whole: OnceLock::from(Arc::new(data)),
        }
    }

    fn lock(&self) -> Result<MutexGuard<'_, Vec<Arc<EventData>>>> {
        briefly(&self.parts).ok_or_else(|| Error::internal("a fork while events were appended"))
    }

    /// All parts merged into one. After a failure the next caller tries again.
    pub(crate) fn whole(&self, spec: &EventsSpec) -> Result<&EventData> {
        if let Some(whole) = self.whole.get() {
            return Ok(whole);
        }
        let turn = self.turn.take();
        if let Some(whole) = self.whole.get() {
            return Ok(whole); // another thread was first
        }
        let mut parts = self.parts()?;
        while parts.len() > 1 {
            let both = |at: &usize| parts[*at].time.len() + parts[at + 1].time.len();
            let at = (0..parts.len() - 1).min_by_key(both).unwrap_or(0);
            let merged = merged(&parts[at], &parts[at + 1], spec)?;
            parts[at] = Arc::new(merged);
            parts.remove(at + 1);
            // The thread that merges frees the parts as soon as they are merged.
            if turn.is_some() {
                let rest = collect(parts.iter().cloned(), "events")?;
                *self.lock()? = rest;
            }
        }
        let only = parts.first().ok_or(Error::internal("a log of no run"))?;
        let mut whole = (**only).clone();
        whole.join_customers()?;
        let whole = self.whole.get_or_init(|| Arc::new(whole));
        self.lock()?.clear();
        Ok(whole)
    }

    fn parts(&self) -> Result<Vec<Arc<EventData>>> {
        let parts = self.lock()?;
        match self.whole.get() {
            Some(whole) => Ok(vec![whole.clone()]),
            None => collect(parts.iter().cloned(), "events"),
        }
    }

    /// These parts followed by the parts of `more`.
    pub(crate) fn and(&self, more: &Parts, spec: &EventsSpec) -> Result<Parts> {
        let (mut parts, later) = (self.parts()?, more.parts()?);
        for a in &parts {
            for b in &later {
                alike(a, b, spec)?;
            }
        }
        let len = self.len + more.len;
        if len >= NO_ID as usize {
            return Err(Error::Overflow {
                column: spec.visitor_id.clone(),
                what: "the number of events (4,294,967,294 at most)",
            });
        }
        for part in later {
            push(&mut parts, part, "events")?;
        }
        let span = match (self.span, more.span) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        Ok(Parts {
            parts: Mutex::new(parts),
            turn: Turn::default(),
            whole: OnceLock::new(),
            len,
            left_out: self.left_out + more.left_out,
            span,
            zone: if self.len == 0 { more.zone } else { self.zone },
        })
    }
}

/// Refuses ids of two types in one column.
fn alike(a: &EventData, b: &EventData, spec: &EventsSpec) -> Result<()> {
    let customers = a.customer.iter().zip(&b.customer);
    let customers = customers.map(|(x, y)| {
        let name = spec.customer_id.as_deref().unwrap_or_default();
        (name, &x.ids, &y.ids)
    });
    let dims = a.dims.iter().zip(&b.dims);
    let dims = dims.map(|(x, y)| (x.name.as_str(), &x.ids, &y.ids));
    let own = [
        (spec.visitor_id.as_str(), &a.visitors, &b.visitors),
        (spec.kind.as_str(), &a.kinds, &b.kinds),
    ];
    for (name, x, y) in own.into_iter().chain(customers).chain(dims) {
        if x.kind() != y.kind() && !x.is_empty() && !y.is_empty() {
            return Err(Error::ColumnType {
                column: name.to_owned(),
                found: y.kind().to_string(),
                expected: x.kind().to_string(),
            });
        }
    }
    Ok(())
}

/// Events that follow each other both in the merged log and in their part.
struct Stretch {
    /// Whether they are from the later part.
    later: bool,
    events: Range<usize>,
}

/// The order of a merged log.
struct Merge {
    visitors: Arc<Ids>,
    units: Vec<u32>,
    starts: Vec<u32>,
    stretches: Vec<Stretch>,
    len: usize,
}

impl Merge {
    fn new(a: &EventData, b: &EventData) -> Result<Merge> {
        let (visitors, of_b) = absorbed(&a.visitors, &b.visitors, &b.units, &Context::default())?;
        let most = a.units.len() + b.units.len();
        let mut merge = Merge {
            visitors,
            units: room(most, "events")?,
            starts: room(most + 1, "events")?,
            stretches: Vec::new(),
            len: 0,
        };
        merge.starts.push(0);
        let (mut i, mut j) = (0, 0);
        while i < a.units.len() || j < b.units.len() {
            let (of_a, later) = (
                a.units.get(i),
                b.units.get(j).map(|code| of_b[*code as usize]),
            );
            let order = match (of_a, later) {
                (Some(x), Some(y)) => merge.visitors.cmp(*x, y),
                (Some(_), None) => Ordering::Less,
                (None, _) => Ordering::Greater,
            };
            let mut x = if order.is_le() { a.group(i) } else { 0..0 };
            let mut y = if order.is_ge() { b.group(j) } else { 0..0 };
            // At one instant the events of the earlier part come first; `order_instants` sorts them
            // afterwards.
            while !x.is_empty() && !y.is_empty() {
                let next = b.time[y.start];
                let until = x.start + a.time[x.clone()].partition_point(|t| *t <= next);
                merge.take(false, x.start..until)?;
                x.start = until;
                if let Some(next) = a.time[x.clone()].first() {
                    let until = y.start + b.time[y.clone()].partition_point(|t| t < next);
                    merge.take(true, y.start..until)?;
                    y.start = until;
                }
            }
            merge.take(false, x)?;
            merge.take(true, y)?;
            let unit = if order.is_le() { of_a.copied() } else { later };
            merge.units.extend(unit);
            merge.starts.push(merge.len as u32);
            i += usize::from(order.is_le());
            j += usize::from(order.is_ge());
        }
        Ok(merge)
    }

    fn take(&mut self, later: bool, events: Range<usize>) -> Result<()> {
        self.len += events.len();
        match self.stretches.last_mut() {
            _ if events.is_empty() => Ok(()),
            Some(last) if last.later == later && last.events.end == events.start => {
                last.events.end = events.end;
                Ok(())
            }
            _ => push(&mut self.stretches, Stretch { later, events }, "events"),
        }
    }

    /// A column of both parts.
    fn column<T: Copy + Send + Sync + 'static>(&self, a: &[T], b: &[T]) -> Result<Buf<T>> {
        let mut all = room(self.len, "events")?;
        for stretch in &self.stretches {
            let from = if stretch.later { b } else { a };
            all.extend_from_slice(&from[stretch.events.clone()]);
        }
        Ok(all.into())
    }

    /// A column of codes, and the joint dictionary.
    fn codes(
        &self,
        a: (&Arc<Ids>, &[u32]),
        b: (&Arc<Ids>, &[u32]),
    ) -> Result<(Arc<Ids>, Buf<u32>)> {
        let (ids, map) = absorbed(a.0, b.0, b.1, &Context::default())?;
        let known = |code: &u32| match *code {
            NO_ID => NO_ID,
            code => map[code as usize],
        };
        let later = collect(b.1.iter().map(known), "events")?;
        Ok((ids, self.column(a.1, &later)?))
    }
}

/// Merges two parts; customers are not yet joined.
fn merged(a: &EventData, b: &EventData, spec: &EventsSpec) -> Result<EventData> {
    let merge = Merge::new(a, b)?;
    let (kinds, kind) = merge.codes((&a.kinds, &a.kind), (&b.kinds, &b.kind))?;
    let customer = match (&a.customer, &b.customer) {
        (Some(x), Some(y)) => {
            let (ids, own) = merge.codes((&x.ids, &x.own), (&y.ids, &y.own))?;
            let codes = Vec::new().into();
            Some(Joined { ids, codes, own })
        }
        _ => None,
    };
    let mut dims = Vec::new();
    for (x, y) in a.dims.iter().zip(&b.dims) {
        let (ids, codes) = merge.codes((&x.ids, &x.codes), (&y.ids, &y.codes))?;
        let name = x.name.clone();
        dims.push(EventDim { name, ids, codes });
    }
    let mut measures = Vec::new();
    for (x, y) in a.measures.iter().zip(&b.measures) {
        let (name, values) = (x.name.clone(), merge.column(&x.values, &y.values)?);
        measures.push(Measure { name, values });
    }
    let mut left_out = a.left_out.clone();
    for (reason, rows) in &b.left_out {
        match left_out.iter_mut().find(|(r, _)| r == reason) {
            Some((_, mine)) => *mine += rows,
            None => left_out.push((*reason, *rows)),
        }
    }
    left_out.sort_unstable();
    let amounts = a.amount.iter().zip(&b.amount).next();
    let quantities = a.quantity.iter().zip(&b.quantity).next();
    let time = merge.column(&a.time, &b.time)?;
    let low = time.iter().copied().min().unwrap_or(0);
    let high = time.iter().copied().max().unwrap_or(0);
    let zone = if a.time.is_empty() {
        b.offsets.zone()
    } else {
        a.offsets.zone()
    };
    let both = EventData {
        words: Arc::new(words(spec, &kinds, &kind)?),
        kinds,
        kind,
        customer,
        dims,
        amount: amounts.map(|(x, y)| merge.column(x, y)).transpose()?,
        quantity: quantities.map(|(x, y)| merge.column(x, y)).transpose()?,
        measures,
        at_one_instant: 0,
        time,
        offsets: Offsets::new(zone, low, high),
        left_out,
        rounded: a.rounded + b.rounded,
        visitors: merge.visitors,
        units: merge.units.into(),
        starts: merge.starts.into(),
    };
    both.order_instants()
}
