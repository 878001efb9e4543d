//! Events of a site or an app (行動ログ): validated, sorted once, immutable, cheap to clone.
//!
//! Sorted by visitor (ascending ids), instant and the order they came in; every analysis is then one
//! sequential scan. Events of one visitor at one instant keep the order of the input, and nothing
//! else of a result depends on it.
//!
//! # Visitors and customers
//!
//! Where a customer column was given, a visitor who logs in or buys is joined to the customer: an
//! event without a customer gets the last one known of its visitor, and events before the first
//! known one get that. A visitor who was several customers (a shared device) keeps each from where
//! they appear.

use super::arrange::Arranged;
use super::ids::{Ids, NO_ID};
use super::input::Input;
use super::read::{BLANK, Money, Problems, Reason};
use super::rows::{chain, merge, pick};
use super::spec::{AmountUnit, BadRows};
use super::words::EventWord;
use super::{Batch, Buf, ColumnData, ColumnValues, EventsSpec};
use crate::context::{collect, filled, room};
use crate::{Context, Currency, Day, Error, Offsets, Result, Zone};
use std::fmt;
use std::sync::Arc;

/// A column of categories.
#[derive(Clone)]
pub(crate) struct EventDim {
    pub(crate) name: String,
    pub(crate) ids: Arc<Ids>,
    /// [`NO_ID`] where there is none.
    pub(crate) codes: Buf<u32>,
}

/// A column of numbers; NaN where there is none.
#[derive(Clone)]
pub(crate) struct Measure {
    pub(crate) name: String,
    pub(crate) values: Buf<f64>,
}

/// The customer of each event.
#[derive(Clone)]
pub(crate) struct Joined {
    pub(crate) ids: Arc<Ids>,
    /// After joining visitors to customers; [`NO_ID`] for visitors nobody knows.
    pub(crate) codes: Buf<u32>,
    /// As they came in.
    own: Buf<u32>,
}

/// How many rows were left out for each reason.
type LeftOut = Vec<(Reason, u64)>;

/// The columns of events, by visitor and time.
#[derive(Clone)]
pub(crate) struct EventData {
    pub(crate) visitors: Arc<Ids>,
    /// The visitor of each group of events, ascending.
    pub(crate) units: Buf<u32>,
    /// Where each group begins, and the end.
    pub(crate) starts: Buf<u32>,
    /// UTC microseconds.
    pub(crate) time: Buf<i64>,
    pub(crate) kinds: Arc<Ids>,
    pub(crate) kind: Buf<u32>,
    /// What each kind means, by its code: an [`EventWord`], or [`OTHER`].
    pub(crate) words: Arc<Vec<u8>>,
    pub(crate) customer: Option<Joined>,
    pub(crate) dims: Vec<EventDim>,
    /// Minor units; [`BLANK`] where there is none.
    pub(crate) amount: Option<Buf<i64>>,
    pub(crate) quantity: Option<Buf<u32>>,
    pub(crate) measures: Vec<Measure>,
    /// Place in the order that events came in; none where they came in as they stand.
    pub(crate) sequence: Option<Buf<u32>>,
    pub(crate) offsets: Offsets,
    /// Rows left out, by reason.
    pub(crate) left_out: LeftOut,
    pub(crate) rounded: u64,
}

impl Joined {
    /// Only these events.
    pub(crate) fn pick(&mut self, items: &[u32]) -> Result<()> {
        self.codes = pick(&self.codes, items)?;
        self.own = pick(&self.own, items)?;
        Ok(())
    }
}

/// A kind that sessions and carts do not know.
pub(crate) const OTHER: u8 = 255;

/// Events: validated, sorted, immutable, cheap to clone. They own the zone and the currency.
///
/// ```
/// use crm_core::{Events, Zone};
/// use crm_core::data::Event;
/// let events = Events::builder(Zone::parse("Asia/Tokyo")?)
///     .add(Event::new("v1", "2026-01-05T23:30:00", "view").page("/"))
///     .add(Event::new("v1", "2026-01-05T23:40:00", "purchase").customer("c1"))
///     .build()?;
/// assert_eq!((events.len(), events.n_visitors()), (2, 1));
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Events {
    pub(crate) data: Arc<EventData>,
    pub(crate) spec: Arc<EventsSpec>,
    /// The last instant that is seen.
    pub(crate) as_of: i64,
    /// Events after it, not seen.
    pub(crate) later: u64,
    /// Visitors whose rows are shown, by code.
    pub(crate) chosen: Option<Arc<Vec<bool>>>,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Events({} of {} visitors)",
            self.len(),
            self.n_visitors()
        )
    }
}

impl Events {
    /// Events from columns. Chunks of a column are read as one.
    ///
    /// # Errors
    ///
    /// Missing columns, columns of wrong types, and the first row without visitor, time or kind,
    /// with a negative quantity or a value that cannot be read, unless such rows are dropped.
    pub fn from_batches(spec: &EventsSpec, batches: &[Batch], context: &Context) -> Result<Events> {
        spec.check()?;
        let input = Input::new(&spec.columns(), batches)?;
        let n = input.rows;
        context.expect(2 * n);
        context.afford(n.saturating_mul(32), "events")?;
        let mut problems = Problems::new(spec.bad_rows == BadRows::Drop, n);
        let missing = |column: &str, row: usize, what: &'static str| Error::Null {
            column: column.into(),
            row: row as u64,
            expected: what.into(),
        };
        let (visitors, visitor) = input.encode(&spec.visitor_id, "a visitor id", context)?;
        let (time, offsets, _, _) =
            input.times(&spec.occurred_at, spec.timezone.as_deref(), &mut problems)?;
        let (kinds, kind) = input.encode(&spec.kind, "a kind of event", context)?;
        for row in 0..n {
            if visitor[row] == NO_ID {
                problems.add(row, Reason::Guest, || {
                    missing(&spec.visitor_id, row, "a visitor id")
                })?;
            }
            if time[row] == BLANK {
                problems.add(row, Reason::BadTime, || {
                    missing(&spec.occurred_at, row, "a time")
                })?;
            }
            if kind[row] == NO_ID {
                problems.add(row, Reason::BadWord, || {
                    missing(&spec.kind, row, "a kind of event")
                })?;
            }
        }
        let mut rounded = 0;
        let amount = match (&spec.amount, spec.currency) {
            (Some(column), Some(currency)) => {
                let money = Money {
                    column,
                    currency,
                    minor: spec.amount_unit == AmountUnit::Minor,
                    round: spec.round_amounts,
                    reason: Reason::BadAmount,
                };
                Some(input.money(money, &mut problems, &mut rounded)?.0)
            }
            _ => None,
        };
        let quantity = match &spec.quantity {
            Some(name) => Some(quantities(&input, name, &mut problems)?),
            None => None,
        };
        let mut dims: Vec<EventDim> = Vec::new();
        for name in dim_names(spec) {
            let (ids, codes) = input.encode(name, "a category", context)?;
            let name = name.to_owned();
            dims.push(EventDim { name, ids, codes });
        }
        let mut measures = Vec::new();
        for name in &spec.measures {
            let mut values = room(n, "measures")?;
            for (_, chunk) in input.chunks(name)? {
                numbers(name, chunk, &mut values)?;
            }
            measures.push(Measure {
                name: name.clone(),
                values: values.into(),
            });
        }
        let customer = match &spec.customer_id {
            Some(name) => {
                let (ids, own) = input.encode(name, "a customer id", context)?;
                let codes = Vec::new().into();
                Some(Joined { ids, codes, own })
            }
            None => None,
        };
        let reasons = problems.finish()?;
        let (visitor, left_out) = without(visitor, &reasons)?;
        let words = Arc::new(words(spec, &kinds)?);
        let raw = EventData {
            visitors,
            units: visitor,
            starts: Vec::new().into(),
            time,
            kinds,
            kind,
            words,
            customer,
            dims,
            amount,
            quantity,
            measures,
            sequence: None,
            offsets,
            left_out,
            rounded,
        };
        Events::arranged(raw, Arc::new(spec.clone()), context)
    }

    /// Sorts raw columns, where `units` holds the visitor of each event, and joins customers.
    fn arranged(raw: EventData, spec: Arc<EventsSpec>, context: &Context) -> Result<Events> {
        let order = Arranged::new(
            &raw.visitors,
            &raw.units,
            &raw.time,
            raw.sequence.as_deref(),
            context,
        )?;
        let mut data = raw.in_order(order)?;
        data.join_customers()?;
        let as_of = data.last().unwrap_or(0);
        Ok(Events {
            data: Arc::new(data),
            spec,
            as_of,
            later: 0,
            chosen: None,
        })
    }

    /// Events.
    pub fn len(&self) -> usize {
        self.data.time.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.data.time.is_empty()
    }

    /// Visitors with at least one event.
    pub fn n_visitors(&self) -> usize {
        self.data.units.len()
    }

    /// The civil date of the first event.
    pub fn first_date(&self) -> Option<Day> {
        let first = self.data.time.iter().min()?;
        Some(self.data.offsets.day(*first))
    }

    /// The civil date of the last event.
    pub fn last_date(&self) -> Option<Day> {
        Some(self.data.offsets.day(self.data.last()?))
    }

    /// The last instant that is seen, UTC microseconds: that of the last event, or `as_of`.
    pub fn as_of(&self) -> i64 {
        self.as_of
    }

    /// The shop's zone.
    pub fn zone(&self) -> Zone {
        self.data.offsets.zone()
    }

    /// The currency of the amounts, if there are any.
    pub fn currency(&self) -> Option<Currency> {
        self.spec.currency
    }

    /// The dictionary of visitors.
    pub fn visitors(&self) -> &Arc<Ids> {
        &self.data.visitors
    }

    /// Rows left out because they could not be read.
    pub fn rows_left_out(&self) -> u64 {
        self.data.left_out.iter().map(|(_, rows)| rows).sum()
    }

    /// These events and more, as if built from all rows at once.
    ///
    /// # Errors
    ///
    /// Other settings, zone or id types than these events'.
    pub fn concat(&self, more: &Events, context: &Context) -> Result<Events> {
        let zone = if self.is_empty() {
            more.zone()
        } else {
            self.zone()
        };
        if self.spec != more.spec || zone != more.zone() && !more.is_empty() {
            return Err(Error::option(
                "concat",
                "",
                "events built with the same columns, settings and zone",
            ));
        }
        let (a, b) = (&self.data, &more.data);
        let codes = |name: &str, x: (&Arc<Ids>, &Buf<u32>), y: (&Arc<Ids>, &Buf<u32>)| {
            if x.0.kind() != y.0.kind() && !x.0.is_empty() && !y.0.is_empty() {
                return Err(Error::ColumnType {
                    column: name.to_owned(),
                    found: y.0.kind().to_string(),
                    expected: x.0.kind().to_string(),
                });
            }
            merge(x.0, x.1, y.0, y.1, context)
        };
        let spec = &self.spec;
        let (va, vb) = (a.unit_of_events()?.into(), b.unit_of_events()?.into());
        let (visitors, units) = codes(&spec.visitor_id, (&a.visitors, &va), (&b.visitors, &vb))?;
        let (kinds, kind) = codes(&spec.kind, (&a.kinds, &a.kind), (&b.kinds, &b.kind))?;
        let customer = match (&a.customer, &b.customer) {
            (Some(x), Some(y)) => {
                let name = spec.customer_id.as_deref().unwrap_or_default();
                let (ids, own) = codes(name, (&x.ids, &x.own), (&y.ids, &y.own))?;
                let codes = Vec::new().into();
                Some(Joined { ids, codes, own })
            }
            _ => None,
        };
        let mut dims = Vec::new();
        for (x, y) in a.dims.iter().zip(&b.dims) {
            let (ids, codes) = codes(&x.name, (&x.ids, &x.codes), (&y.ids, &y.codes))?;
            let name = x.name.clone();
            dims.push(EventDim { name, ids, codes });
        }
        let measures = a.measures.iter().zip(&b.measures).map(|(x, y)| {
            Ok(Measure {
                name: x.name.clone(),
                values: chain(&x.values, &y.values)?,
            })
        });
        let n = a.time.len() as u32;
        let sequence = (0..n).map(|i| a.sequence.as_ref().map_or(i, |s| s[i as usize]));
        let more_sequence =
            (0..b.time.len() as u32).map(|i| n + b.sequence.as_ref().map_or(i, |s| s[i as usize]));
        let mut all = room(a.time.len() + b.time.len(), "events")?;
        all.extend(sequence.chain(more_sequence));
        let range = a.time.iter().chain(b.time.iter()).fold(None, |range, t| {
            let (low, high) = range.unwrap_or((*t, *t));
            Some((low.min(*t), high.max(*t)))
        });
        let (low, high) = range.unwrap_or((0, 0));
        let mut left_out = a.left_out.clone();
        for (reason, rows) in &b.left_out {
            match left_out.iter_mut().find(|(r, _)| r == reason) {
                Some((_, mine)) => *mine += rows,
                None => left_out.push((*reason, *rows)),
            }
        }
        left_out.sort_unstable();
        let words = Arc::new(words(spec, &kinds)?);
        let raw = EventData {
            visitors,
            units,
            starts: Vec::new().into(),
            time: chain(&a.time, &b.time)?,
            kinds,
            kind,
            words,
            customer,
            dims,
            amount: both(&a.amount, &b.amount)?,
            quantity: both(&a.quantity, &b.quantity)?,
            measures: measures.collect::<Result<_>>()?,
            sequence: Some(all.into()),
            offsets: Offsets::new(zone, low, high),
            left_out,
            rounded: a.rounded + b.rounded,
        };
        Events::arranged(raw, self.spec.clone(), context)
    }
}

impl EventData {
    /// The columns in another order, grouped by it.
    pub(crate) fn in_order(mut self, order: Arranged) -> Result<EventData> {
        let n = self.time.len();
        self.time = order.column(&self.time)?;
        self.kind = order.column(&self.kind)?;
        self.amount = self.amount.map(|c| order.column(&c)).transpose()?;
        self.quantity = self.quantity.map(|c| order.column(&c)).transpose()?;
        if let Some(joined) = &mut self.customer {
            joined.own = order.column(&joined.own)?;
            if joined.codes.len() == n {
                joined.codes = order.column(&joined.codes)?;
            }
        }
        for dim in &mut self.dims {
            dim.codes = order.column(&dim.codes)?;
        }
        for measure in &mut self.measures {
            measure.values = order.column(&measure.values)?;
        }
        self.sequence = match (self.sequence, &order.order) {
            (Some(sequence), _) => Some(order.column(&sequence)?),
            (None, Some(at)) => Some(collect(at.iter().copied(), "events")?.into()),
            (None, None) => None,
        };
        self.units = order.units.into();
        self.starts = order.starts.into();
        Ok(self)
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
        // Each group ends in its last instant.
        let ends = self.starts.iter().skip(1);
        ends.map(|end| self.time[*end as usize - 1]).max()
    }

    /// What an event means to sessions and carts.
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

/// The names of the columns kept as categories, each once.
fn dim_names(spec: &EventsSpec) -> Vec<&str> {
    let roles = spec.roles();
    let named = roles.iter().filter_map(|(_, column)| column.as_ref());
    let mut names: Vec<&str> = Vec::new();
    for name in named.chain(&spec.dimensions) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names
}

/// What each kind means, by code.
fn words(spec: &EventsSpec, kinds: &Ids) -> Result<Vec<u8>> {
    let words = (0..kinds.len() as u32).map(|code| {
        let name = kinds.text(code);
        let word = spec.kinds.get(&name).copied();
        word.or_else(|| EventWord::parse(&name))
            .map_or(OTHER, |word| word as u8)
    });
    collect(words, "kinds")
}

/// The visitors of the rows that stay ([`NO_ID`] for others), and how many do not, by reason.
fn without(visitor: Buf<u32>, reasons: &[Reason]) -> Result<(Buf<u32>, LeftOut)> {
    let mut left_out = LeftOut::new();
    if reasons.is_empty() {
        return Ok((visitor, left_out));
    }
    let mut stay = collect(visitor.iter().copied(), "events")?;
    for (code, reason) in stay.iter_mut().zip(reasons) {
        if *reason != Reason::Good {
            *code = NO_ID;
            match left_out.iter_mut().find(|(r, _)| r == reason) {
                Some((_, rows)) => *rows += 1,
                None => left_out.push((*reason, 1)),
            }
        }
    }
    left_out.sort_unstable();
    Ok((stay.into(), left_out))
}

/// Whole numbers from 0; blank is 1.
fn quantities(input: &Input, name: &str, problems: &mut Problems) -> Result<Buf<u32>> {
    let money = Money {
        column: name,
        // Any currency without decimals: quantities are whole numbers.
        currency: Currency::JPY,
        minor: true,
        round: false,
        reason: Reason::BadQuantity,
    };
    let (read, _) = input.money(money, problems, &mut 0)?;
    let mut out = filled(read.len(), 1_u32, "quantities")?;
    for (row, (out, quantity)) in out.iter_mut().zip(read.iter()).enumerate() {
        match *quantity {
            BLANK => {}
            quantity => match u32::try_from(quantity) {
                Ok(quantity) => *out = quantity,
                Err(_) => problems.add(row, Reason::BadQuantity, || {
                    Error::value(name, row, "a quantity from 0 to 4,294,967,295")
                })?,
            },
        }
    }
    Ok(out.into())
}

/// Appends a column of numbers; NaN where there is none.
fn numbers(name: &str, column: &ColumnData, out: &mut Vec<f64>) -> Result<()> {
    let (values, keys) = column.looked_up();
    let read: Box<dyn Fn(usize) -> f64 + '_> = match &values.values {
        ColumnValues::Int { values, .. } => Box::new(|i| values[i] as f64),
        ColumnValues::Unsigned { values, .. } => Box::new(|i| values[i] as f64),
        ColumnValues::Float(values) => Box::new(|i| values[i]),
        ColumnValues::Cells(texts) => Box::new(|i| {
            let text = std::str::from_utf8(texts.bytes(i)).unwrap_or_default();
            text.trim().parse().unwrap_or(f64::NAN)
        }),
        ColumnValues::Null(_) => Box::new(|_| f64::NAN),
        _ => {
            return Err(Error::ColumnType {
                column: name.into(),
                found: column.type_name(),
                expected: "numbers (integers or floats)".into(),
            });
        }
    };
    out.extend((0..column.len()).map(|i| match column.is_valid(i) {
        true => read(keys.map_or(i, |keys| keys[i] as usize)),
        false => f64::NAN,
    }));
    Ok(())
}

fn both<T: Copy + Send + Sync + 'static>(
    a: &Option<Buf<T>>,
    b: &Option<Buf<T>>,
) -> Result<Option<Buf<T>>> {
    match (a, b) {
        (Some(a), Some(b)) => chain(a, b).map(Some),
        _ => Ok(None),
    }
}
