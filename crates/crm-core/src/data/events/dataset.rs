//! Events of a site or an app (行動ログ): validated, sorted once, immutable, cheap to clone.
//!
//! Events are sorted by visitor (ascending ids), instant and, at one instant, by their content
//! (`instants.rs`). Every analysis is then one sequential scan, and no result depends on the order
//! of the input.
//!
//! # Visitors and customers
//!
//! With a customer column, a visitor who logs in or buys is joined to the customer: an event
//! without a customer gets the visitor's last known customer; events before the first known
//! customer get the first. A visitor with several customers (a shared device) has each from their
//! first event on.

use super::event_data::{EventData, EventDim, Joined, LeftOut, Measure, meaning, words};
use super::parts::Parts;
use super::sort::Sorted;
use super::spec::EventsSpec;
use crate::columns::{Batch, Buf, ColumnData, ColumnValues, Strings};
use crate::context::{Context, collect, filled, room};
use crate::data::blocks::BLANK;
use crate::data::input::batches::NamedColumns;
use crate::data::input::parse::{Money, Problems, Reason};
use crate::data::input::persons::{Persons, mapped};
use crate::data::input::truths::truths;
use crate::data::orders::spec::{AmountUnit, BadRows};
use crate::data::text::amounts::Decimal;
use crate::data::text::cells;
use crate::data::text::cells::Understood;
use crate::error::{Error, Result};
use crate::ids::{IdKind, Ids, NO_ID};
use crate::money::Currency;
use crate::table::Table;
use crate::time::{Day, Offsets, Zone};
use crate::words::EventWord;
use std::fmt;
use std::sync::Arc;

/// Events: validated, sorted, immutable, cheap to clone. They contain the zone and the currency.
///
/// ```
/// use crm_core::{Events, Zone};
/// use crm_core::data::Event;
/// let events = Events::builder(Zone::parse("Asia/Tokyo")?)
///     .add(Event::new("v1", "2026-01-05T23:30:00", "view").page("/"))
///     .add(Event::new("v1", "2026-01-05T23:40:00", "purchase").customer("c1"))
///     .build()?;
/// assert_eq!((events.len(), events.n_visitors()?), (2, 1));
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Events {
    pub(crate) parts: Arc<Parts>,
    pub(crate) spec: Arc<EventsSpec>,
    pub(crate) understood: Arc<Vec<Understood>>,
    /// The last instant that counts.
    pub(crate) as_of: i64,
    /// The number of events after it, which do not count.
    pub(crate) later: u64,
    /// Visitors whose rows are shown, by code.
    pub(crate) chosen: Option<Arc<Vec<bool>>>,
    /// Whether these are all events of the imports, joined to customers by their own columns alone.
    pub(super) whole: bool,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Events({})", self.len())
    }
}

impl Events {
    /// Events from columns. Chunks of a column are read as one.
    ///
    /// # Errors
    ///
    /// Missing columns, columns of wrong types, and the first row without visitor, time or kind,
    /// with a negative quantity, an `add` of a negative amount or a value that cannot be read,
    /// unless such rows are dropped.
    pub fn from_batches(spec: &EventsSpec, batches: &[Batch], context: &Context) -> Result<Events> {
        spec.check()?;
        let input = NamedColumns::new(&spec.columns(), batches, context)?;
        let n = input.rows;
        let encoded = 2 + dim_names(spec).len() + usize::from(spec.customer_id.is_some());
        context.expect(encoded * n);
        context.afford(n.saturating_mul(32), "events")?;
        let mut problems = Problems::new(spec.bad_rows == BadRows::Drop, n);
        if spec.date_format.is_some() {
            input.needs_texts("date_format", &[&spec.occurred_at], true)?;
        }
        if spec.decimal != Decimal::Auto {
            input.needs_texts("decimal", &spec.numbers(), false)?;
        }
        let key = spec.pseudonym_key.as_ref();
        let (visitors, visitor) =
            input.encode_people(&spec.visitor_id, "a visitor id", key, context)?;
        let (time, offsets, _, _) = input.times(
            &spec.occurred_at,
            spec.date_format.as_deref(),
            spec.timezone.as_deref(),
            &mut problems,
        )?;
        let (kinds, kind) = input.encode(&spec.kind, "a kind of event", context)?;
        nothing_missing(spec, (&visitor, &time, &kind), &mut problems)?;
        let mut rounded = 0;
        let amount = amounts(spec, &input, (&kinds, &kind), &mut problems, &mut rounded)?;
        let quantity = match &spec.quantity {
            Some(name) => Some(quantities(&input, name, spec.decimal, &mut problems)?),
            None => None,
        };
        let mut dims: Vec<EventDim> = Vec::new();
        for name in dim_names(spec) {
            let (ids, codes) = match spec.machine.as_deref() == Some(name) {
                true => machines(&input, name, context)?,
                false => input.encode(name, "a category", context)?,
            };
            let name = name.to_owned();
            dims.push(EventDim { name, ids, codes });
        }
        let measures = measures(spec, &input, &mut problems)?;
        let customer = match &spec.customer_id {
            Some(name) => {
                let (ids, own) = input.encode_people(name, "a customer id", key, context)?;
                let codes = Vec::new().into();
                Some(Joined { ids, codes, own })
            }
            None => None,
        };
        let understood = std::mem::take(&mut problems.understood);
        let reasons = problems.finish()?;
        let (visitor, left_out) = without(visitor, &reasons)?;
        let words = Arc::new(Vec::new());
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
            at_one_instant: 0,
            offsets,
            left_out,
            rounded,
        };
        let mut events = Events::arranged(raw, Arc::new(spec.clone()), context)?;
        events.understood = Arc::new(understood);
        Ok(events)
    }

    /// Sorts raw columns, in which `units` has the visitor of each event, and joins customers.
    pub(super) fn arranged(
        raw: EventData,
        spec: Arc<EventsSpec>,
        context: &Context,
    ) -> Result<Events> {
        let order = Sorted::new(&raw.visitors, &raw.units, &raw.time, context)?;
        let mut data = raw.in_order(order)?;
        data.words = Arc::new(words(&spec, &data.kinds, &data.kind)?);
        let mut data = data.order_instants()?;
        data.join_customers()?;
        Ok(Events::of(Parts::one(data), spec))
    }

    /// The number of events.
    pub fn len(&self) -> usize {
        self.parts.len
    }

    /// Whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.parts.len == 0
    }

    /// The number of visitors with at least one event.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn n_visitors(&self) -> Result<usize> {
        Ok(self.data()?.units.len())
    }

    /// The civil date of the first event.
    pub fn first_date(&self) -> Option<Day> {
        let (first, _) = self.parts.span?;
        Some(Offsets::new(self.zone(), first, first).day(first))
    }

    /// The civil date of the last event.
    pub fn last_date(&self) -> Option<Day> {
        let (_, last) = self.parts.span?;
        Some(Offsets::new(self.zone(), last, last).day(last))
    }

    /// The last instant that counts, UTC microseconds: the instant of the last event, or `as_of`.
    pub fn as_of(&self) -> i64 {
        self.as_of
    }

    /// The shop's zone.
    pub fn zone(&self) -> Zone {
        self.parts.zone
    }

    /// The currency of the amounts, if there is a column of amounts.
    pub fn currency(&self) -> Option<Currency> {
        self.spec.currency
    }

    /// The dictionary of visitors.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn visitors(&self) -> Result<&Arc<Ids>> {
        Ok(&self.data()?.visitors)
    }

    /// How columns of texts were read.
    pub fn understood(&self) -> &[Understood] {
        &self.understood
    }

    /// Rows left out because they could not be read.
    pub fn rows_left_out(&self) -> u64 {
        self.parts.left_out
    }

    /// These events and more, as if built from all rows at once. The call is cheap: the two are
    /// merged, without a new sort, when the result is first used.
    ///
    /// # Errors
    ///
    /// Other settings, zone or id types than these events'.
    pub fn concat(&self, more: &Events) -> Result<Events> {
        let strange = self.zone() != more.zone() && !self.is_empty() && !more.is_empty();
        if self.spec != more.spec || strange {
            return Err(Error::option(
                "concat",
                "",
                "events built with the same columns, settings and zone",
            ));
        }
        let mut understood = self.understood.to_vec();
        cells::understand(&mut understood, &more.understood);
        let mut all = Events::of(self.parts.and(&more.parts, &self.spec)?, self.spec.clone());
        all.understood = Arc::new(understood);
        all.whole = self.whole && more.whole;
        Ok(all)
    }

    /// The names and settings with which the rows were read.
    pub fn spec(&self) -> &EventsSpec {
        &self.spec
    }

    /// The events under the ids of persons, as if the input had them: `persons` is the table that `identify` makes, or
    /// any with `record_id` and `person_id`. Customers who are no record keep their ids. Visitors do not change.
    ///
    /// # Errors
    ///
    /// Events without a column of customers; ids of another type; two persons for one record.
    pub fn with_persons(&self, persons: &Table, context: &Context) -> Result<Events> {
        let mut data = self.data()?.clone();
        let Some(joined) = &data.customer else {
            let expected = "events with a column of customers";
            return Err(Error::option("with_persons", "", expected));
        };
        let Some(persons) = Persons::read(persons)? else {
            return Ok(self.clone());
        };
        let (ids, map) = persons.map(&joined.ids, context)?;
        let own = mapped(&joined.own, &map)?;
        data.customer = Some(Joined {
            ids,
            own: own.into(),
            codes: Vec::new().into(),
        });
        data.join_customers()?;
        Ok(Events {
            parts: Arc::new(Parts::one(data)),
            ..self.clone()
        })
    }

    /// The columns.
    pub(crate) fn data(&self) -> Result<&EventData> {
        self.parts.whole(&self.spec)
    }

    fn of(parts: Parts, spec: Arc<EventsSpec>) -> Events {
        Events {
            as_of: parts.span.map_or(0, |(_, last)| last),
            parts: Arc::new(parts),
            spec,
            understood: Arc::default(),
            later: 0,
            chosen: None,
            whole: true,
        }
    }
}

/// The names of the columns kept as categories, each once.
pub(super) fn dim_names(spec: &EventsSpec) -> Vec<&str> {
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

/// Refuses rows without a visitor, a time or a kind.
fn nothing_missing(
    spec: &EventsSpec,
    (visitor, time, kind): (&[u32], &[i64], &[u32]),
    problems: &mut Problems,
) -> Result<()> {
    for row in 0..time.len() {
        if visitor[row] == NO_ID {
            problems.add(row, Reason::Guest, || {
                Error::null(&spec.visitor_id, row, "a visitor id")
            })?;
        }
        if time[row] == BLANK {
            problems.add(row, Reason::BadTime, || {
                Error::null(&spec.occurred_at, row, "a time")
            })?;
        }
        if kind[row] == NO_ID {
            problems.add(row, Reason::BadWord, || {
                Error::null(&spec.kind, row, "a kind of event")
            })?;
        }
    }
    Ok(())
}

/// The amounts of events, where the column and the currency were given.
fn amounts(
    spec: &EventsSpec,
    input: &NamedColumns,
    (kinds, kind): (&Ids, &[u32]),
    problems: &mut Problems,
    rounded: &mut u64,
) -> Result<Option<Buf<i64>>> {
    let (Some(column), Some(currency)) = (&spec.amount, spec.currency) else {
        return Ok(None);
    };
    let money = Money {
        column,
        currency,
        minor: spec.amount_unit == AmountUnit::Minor,
        round: spec.round_amounts,
        decimal: spec.decimal,
        reason: Reason::BadAmount,
    };
    let (amount, least) = input.money(money, problems, rounded)?;
    if least < 0 {
        no_negative_add(spec, kinds, kind, column, &amount, problems)?;
    }
    Ok(Some(amount))
}

/// Whether a machine did it, as texts: a category like others.
fn machines(input: &NamedColumns, name: &str, context: &Context) -> Result<(Arc<Ids>, Buf<u32>)> {
    let chunks: Vec<&ColumnData> = input.chunks(name)?.into_iter().map(|(_, c)| c).collect();
    let keys = truths(name, &chunks, input.rows)?;
    let keys = collect(keys.into_iter().map(u32::from), "events")?;
    let texts = Strings::collect([&b"false"[..], b"true"].into_iter())?;
    let column = ColumnData::from(ColumnValues::Dictionary {
        keys: keys.into(),
        values: Box::new(ColumnValues::Text(texts).into()),
    });
    let mut ids = Ids::new(IdKind::Text, context.hash_seed);
    let mut codes = Vec::new();
    ids.encode(name, &[&column], &mut codes, context)?;
    Ok((Arc::new(ids), codes.into()))
}

/// The columns of measures: numbers of any unit.
fn measures(
    spec: &EventsSpec,
    input: &NamedColumns,
    problems: &mut Problems,
) -> Result<Vec<Measure>> {
    let mut measures = Vec::new();
    for name in &spec.measures {
        let mut values = room(input.rows, "measures")?;
        for (first, chunk) in input.chunks(name)? {
            numbers(name, chunk, first, problems, &mut values)?;
        }
        measures.push(Measure {
            name: name.clone(),
            values: values.into(),
        });
    }
    Ok(measures)
}

/// Refuses negative amounts of `add` events; other kinds may have any amount.
fn no_negative_add(
    spec: &EventsSpec,
    kinds: &Ids,
    of_rows: &[u32],
    column: &str,
    amount: &[i64],
    problems: &mut Problems,
) -> Result<()> {
    let codes = 0..kinds.len() as u32;
    let adds = codes.map(|code| meaning(spec, kinds, code) == Some(EventWord::Add));
    let adds = collect(adds, "kinds")?;
    for (row, (amount, kind)) in amount.iter().zip(of_rows).enumerate() {
        let negative = *amount < 0 && *amount != BLANK;
        if negative && *kind != NO_ID && adds[*kind as usize] {
            problems.add(row, Reason::BadAmount, || {
                Error::value(column, row, "an amount from 0 for what is put into a cart")
            })?;
        }
    }
    Ok(())
}

/// The visitor of each row that is kept ([`NO_ID`] for others), and the number of rows left out by
/// reason.
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

/// A column of quantities: whole numbers, at least 0; blank is 1.
fn quantities(
    input: &NamedColumns,
    name: &str,
    decimal: Decimal,
    problems: &mut Problems,
) -> Result<Buf<u32>> {
    let money = Money {
        column: name,
        // Any currency without decimals: quantities are whole numbers.
        currency: Currency::JPY,
        minor: true,
        round: false,
        decimal,
        reason: Reason::BadQuantity,
    };
    // Quantities are read as money, so messages need another name.
    let wanted = "a quantity from 0 to 4,294,967,295";
    let (read, _) = input
        .money(money, problems, &mut 0)
        .map_err(|error| match error.row() {
            Some(row) => Error::value(name, row as usize, wanted),
            None => error,
        })?;
    let mut out = filled(read.len(), 1_u32, "quantities")?;
    for (row, (out, quantity)) in out.iter_mut().zip(read.iter()).enumerate() {
        match *quantity {
            BLANK => {}
            quantity => match u32::try_from(quantity) {
                Ok(quantity) => *out = quantity,
                Err(_) => {
                    problems.add(row, Reason::BadQuantity, || Error::value(name, row, wanted))?
                }
            },
        }
    }
    Ok(out.into())
}

/// Appends a column of numbers; NaN for null.
fn numbers(
    name: &str,
    column: &ColumnData,
    first_row: usize,
    problems: &mut Problems,
    out: &mut Vec<f64>,
) -> Result<()> {
    let (values, keys) = column.looked_up();
    // A cell that is not a number becomes infinite here and is refused below.
    let read: Box<dyn Fn(usize) -> f64 + '_> = match &values.values {
        ColumnValues::Int { values, .. } => Box::new(|i| values[i] as f64),
        ColumnValues::Unsigned { values, .. } => Box::new(|i| values[i] as f64),
        ColumnValues::Float(values) => Box::new(|i| values[i]),
        ColumnValues::Text(texts) => Box::new(|i| {
            let text = std::str::from_utf8(texts.bytes(i)).unwrap_or_default();
            text.trim().parse().unwrap_or(f64::INFINITY)
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
    for row in 0..column.len() {
        let number = match column.is_valid(row) {
            true => read(keys.map_or(row, |keys| keys[row] as usize)),
            false => f64::NAN,
        };
        if number.is_infinite() {
            let row = first_row + row;
            problems.add(row, Reason::BadMeasure, || {
                Error::value(name, row, "a finite number")
            })?;
        }
        out.push(number);
    }
    Ok(())
}
