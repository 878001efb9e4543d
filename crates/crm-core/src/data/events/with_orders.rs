//! Events with the orders of their customers: a log of messages and an export of orders as one log.

use super::dataset::{Events, dim_names};
use super::event_data::{EventData, EventDim, meaning};
use super::order_keys::OrderKeys;
use super::spec::EventsSpec;
use crate::columns::{Buf, ColumnData, ColumnValues, Strings};
use crate::context::{Context, collect, filled, push, room};
use crate::data::Orders;
use crate::data::blocks::BLANK;
use crate::data::orders::selection::{ORDER, Selection};
use crate::error::{Error, Result};
use crate::ids::{IdKind, Ids, NO_ID};
use crate::scope::At;
use crate::time::{Day, MAX_MICROS, Offsets};
use crate::words::EventWord;
use serde::Serialize;
use std::sync::Arc;

/// What [`Events::with_orders`] has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct OrdersReceipt {
    /// Orders that became purchases of the log.
    pub added: u64,
    /// Orders that the log had, whose amounts are now those of the orders.
    pub known: u64,
    /// Orders of customers who have no event, and of guests: not added.
    pub of_others: u64,
    /// Purchases of the log taken out, because their orders do not count (cancelled, refunded in full).
    pub not_counted: u64,
    /// Purchases of the log without an order id, which may be among the orders.
    pub without_order_id: u64,
    /// Purchases of the log taken out, because the orders have their order id under another customer.
    pub of_another_customer: u64,
}

/// An order of the log or of the orders, by its id.
#[derive(Clone, Copy)]
struct Known {
    /// The first purchase of it in the log, or [`NO_ID`].
    event: u32,
    /// The amounts in the log.
    logged: i64,
    /// The net amount of the orders; none if they do not have it.
    net: Option<i64>,
    counts: bool,
}

/// A purchase to be added.
struct Purchase {
    visitor: u32,
    customer: u32,
    time: i64,
    /// The code in the joint dictionary of order ids.
    order: u32,
    net: i64,
}

impl Events {
    /// The events and the orders of their customers: each order that counts is a purchase of its customer, at its
    /// instant, with its id and its net amount (discounts and refunds taken off), of the visitor of the customer who was
    /// there last. Orders whose times are all dates are at the end of their day.
    ///
    /// An order that the log has, too, by order id, stays where it is in the log; its first purchase takes the difference to
    /// the net amount. Purchases of orders that do not count are taken out, and those of orders that another customer has: the
    /// orders say whose an order is. Orders of customers without an event, and of guests, are not added: see the receipt.
    ///
    /// Where orders of several shops have one order id, each has the id `id (shop)` in the log (`order_keys.rs`).
    ///
    /// ```
    /// use crm_core::data::Event;
    /// use crm_core::{Context, Currency, Events, Orders, Zone};
    /// let log = Events::builder(Zone::UTC)
    ///     .add(Event::new("a", "2026-03-01T10:00:00", "sent").customer("a").campaign("spring"))
    ///     .build()?;
    /// let orders = Orders::builder(Currency::JPY, Zone::UTC)
    ///     .order("a", "2026-03-02T12:00:00", 4_980)
    ///     .order("b", "2026-03-02T12:00:00", 1_980)
    ///     .build()?;
    /// let (log, receipt) = log.with_orders(&orders, &Context::default())?;
    /// assert_eq!((log.len(), receipt.added, receipt.of_others), (2, 1, 1));
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A view; events without customers; another currency; ids of other types; purchases in the log where one of the two
    /// has no order ids; a purchase that may be an order of several shops.
    pub fn with_orders(
        &self,
        orders: &Orders,
        context: &Context,
    ) -> Result<(Events, OrdersReceipt)> {
        let data = self.whole_data("with_orders")?;
        let wrong = |expected: String| Error::option("with_orders", "", expected);
        let Some(joined) = &data.customer else {
            return Err(wrong("events with a column of customers".into()));
        };
        if self.currency().is_some_and(|own| own != orders.currency()) {
            let own = self.currency().map(|c| c.to_string()).unwrap_or_default();
            return Err(wrong(format!("orders in {own}, as the events")));
        }
        if joined.ids.kind() != orders.ids().kind() && !joined.ids.is_empty() && !orders.is_empty()
        {
            return Err(Error::ColumnType {
                column: self.spec().customer_id.clone().unwrap_or_default(),
                found: joined.ids.kind().to_string(),
                expected: format!("{}, as in the orders", orders.ids().kind()),
            });
        }
        let mut receipt = OrdersReceipt::default();
        let selection = Selection::new(orders, &At::new(Day(i32::MAX)))?;
        let keys = OrderKeys::new(self, orders, selection.data(), context)?;
        let astray = keys.of_another_customer(self)?;
        receipt.of_another_customer = astray.iter().filter(|astray| **astray).count() as u64;
        let mut known = of_the_log(data, &keys, &astray, &mut receipt)?;
        let ids_are_missing = keys.of_log.is_none() || keys.of_orders.is_none();
        let purchases = (0..data.time.len()).any(|e| data.word(e) == Some(EventWord::Purchase));
        if ids_are_missing && purchases && !orders.is_empty() {
            let expected = "order ids in the events and in the orders: the log has purchases, and one that both \
                            have must count once";
            return Err(wrong(expected.into()));
        }
        let added = self.purchases(
            orders,
            &selection,
            keys.of_orders.as_deref(),
            &mut known,
            &mut receipt,
            context,
        )?;
        let mut spec = self.spec().clone();
        let data = data.clone().whole_amounts(&mut spec, orders, &keys)?;
        let data = data.corrected(&spec, &known, &astray, &mut receipt)?;
        let data = data.with_purchases(&spec, &added, context)?;
        let mut events = Events::arranged(data, Arc::new(spec), context)?;
        events.understood = self.understood.clone();
        Ok((events, receipt))
    }

    /// The orders that are to be added.
    fn purchases(
        &self,
        orders: &Orders,
        selection: &Selection,
        keys: Option<&[u32]>,
        known: &mut [Known],
        receipt: &mut OrdersReceipt,
        context: &Context,
    ) -> Result<Vec<Purchase>> {
        let visitors = Visitors::new(self, context)?;
        let data = selection.data();
        let dated = are_dates(data.time.iter().copied(), &data.offsets);
        let mut reader = data.offsets.reader();
        let mut added = Vec::new();
        for order in 0..data.len() {
            if order % Context::BLOCK == 0 {
                context.check()?;
            }
            let code = keys.map_or(NO_ID, |keys| keys[order]);
            let counts = selection.action(order) & ORDER != 0;
            let net = selection.amount(order);
            if let Some(known) = known.get_mut(code as usize).filter(|k| k.event != NO_ID) {
                receipt.known += u64::from(counts && known.net.is_none());
                let sum = known
                    .net
                    .unwrap_or(0)
                    .checked_add(if counts { net } else { 0 });
                known.net = Some(sum.ok_or_else(|| overflow(orders))?);
                known.counts |= counts;
                continue;
            }
            if !counts {
                continue;
            }
            let customer = data.customer[order];
            let time = match dated {
                false => data.time[order],
                true => {
                    data.offsets
                        .start_of(Day(reader.day(data.time[order]).0 + 1))
                        - 1
                }
            };
            let found = match customer {
                NO_ID => None,
                code => visitors.of(&orders.ids().at(code), time),
            };
            let Some((customer, visitor)) = found else {
                receipt.of_others += 1;
                continue;
            };
            let purchase = Purchase {
                visitor,
                customer,
                time: time.min(MAX_MICROS),
                order: code,
                net,
            };
            push(&mut added, purchase, "orders")?;
        }
        receipt.added = added.len() as u64;
        Ok(added)
    }
}

fn overflow(orders: &Orders) -> Error {
    Error::Overflow {
        column: orders.spec().amount.clone(),
        what: "the sum of amounts",
    }
}

/// Whether all times are the beginnings of civil days: dates, not instants.
fn are_dates(times: impl Iterator<Item = i64>, offsets: &Offsets) -> bool {
    let mut reader = offsets.reader();
    let mut times = times;
    times.all(|time| time == offsets.start_of(reader.day(time)))
}

/// The orders of the log, by the code of their ids.
fn of_the_log(
    data: &EventData,
    keys: &OrderKeys,
    astray: &[bool],
    receipt: &mut OrdersReceipt,
) -> Result<Vec<Known>> {
    let nothing = Known {
        event: NO_ID,
        logged: 0,
        net: None,
        counts: false,
    };
    let mut known = filled(keys.ids.len(), nothing, "orders")?;
    let purchases = |e: &usize| data.word(*e) == Some(EventWord::Purchase) && !astray[*e];
    for event in (0..data.time.len()).filter(purchases) {
        let code = keys.of_log.as_ref().map_or(NO_ID, |codes| codes[event]);
        let Some(one) = known.get_mut(code as usize) else {
            receipt.without_order_id += 1;
            continue;
        };
        if one.event == NO_ID {
            one.event = event as u32;
        }
        let amount = data.amount.as_ref().map_or(BLANK, |amounts| amounts[event]);
        if amount != BLANK {
            one.logged = one.logged.saturating_add(amount);
        }
    }
    Ok(known)
}

/// The visitors of each customer, by time.
struct Visitors<'a> {
    ids: &'a Ids,
    /// The events joined to each customer, by time: where those of each begin.
    starts: Vec<u32>,
    /// By the customer's code: the place of its events.
    place: Vec<u32>,
    events: Vec<u32>,
    time: &'a [i64],
    visitor: Vec<u32>,
}

impl<'a> Visitors<'a> {
    fn new(events: &'a Events, context: &Context) -> Result<Self> {
        let data = events.data()?;
        let joined = data
            .customer
            .as_ref()
            .ok_or(Error::internal("no customers"))?;
        let context = context.uncounted();
        let sorted = super::sort::Sorted::new(&joined.ids, &joined.codes, &data.time, &context)?;
        let mut place = filled(joined.ids.len(), NO_ID, "customers")?;
        for (at, code) in sorted.units.iter().enumerate() {
            place[*code as usize] = at as u32;
        }
        let all = || collect(0..data.time.len() as u32, "events");
        Ok(Visitors {
            ids: &joined.ids,
            starts: sorted.starts,
            place,
            events: sorted.order.map_or_else(all, Ok)?,
            time: &data.time,
            visitor: data.unit_of_events()?,
        })
    }

    /// The customer's code, and the visitor who was there last before a time, or first of all.
    fn of(&self, id: &crate::ids::IdRef<'_>, time: i64) -> Option<(u32, u32)> {
        let code = self.ids.code_of(id)?;
        let place = self.place[code as usize] as usize;
        let range = *self.starts.get(place)? as usize..*self.starts.get(place + 1)? as usize;
        let events = &self.events[range];
        let before = events.partition_point(|event| self.time[*event as usize] <= time);
        let event = events.get(before.saturating_sub(1))?;
        Some((code, self.visitor[*event as usize]))
    }
}

impl EventData {
    /// The columns with one of amounts, and one of the order ids if they are known.
    fn whole_amounts(
        mut self,
        spec: &mut EventsSpec,
        orders: &Orders,
        keys: &OrderKeys,
    ) -> Result<EventData> {
        let n = self.time.len();
        if self.amount.is_none() {
            let name = free("amount", spec);
            (spec.amount, spec.currency) = (Some(name), Some(orders.currency()));
            self.amount = Some(filled(n, BLANK, "events")?.into());
        }
        if keys.of_log.is_none() && keys.of_orders.is_none() {
            return Ok(self);
        }
        let ids = &keys.ids;
        if spec.order_id.is_none() {
            let name = free("order_id", spec);
            spec.order_id = Some(name.clone());
            let at = dim_names(spec).iter().position(|of| *of == name);
            let codes = filled(n, NO_ID, "events")?.into();
            let dim = EventDim {
                name,
                ids: ids.clone(),
                codes,
            };
            self.dims.insert(at.unwrap_or(0), dim);
        }
        if let Some(dim) = self.order_dim(spec) {
            dim.ids = ids.clone();
            if let Some(codes) = &keys.of_log {
                dim.codes = collect(codes.iter().copied(), "events")?.into();
            }
        }
        Ok(self)
    }

    fn order_dim(&mut self, spec: &EventsSpec) -> Option<&mut EventDim> {
        let name = spec.order_id.as_deref()?;
        self.dims.iter_mut().find(|dim| dim.name == name)
    }

    /// The events with the amounts of the orders, without purchases of orders that do not count. `units` are then the
    /// visitor of each event.
    fn corrected(
        mut self,
        spec: &EventsSpec,
        known: &[Known],
        astray: &[bool],
        receipt: &mut OrdersReceipt,
    ) -> Result<EventData> {
        let mut amounts = match &self.amount {
            Some(amounts) => collect(amounts.iter().copied(), "events")?,
            None => return Err(Error::internal("no amounts")),
        };
        for one in known.iter().filter(|one| one.event != NO_ID && one.counts) {
            let amount = &mut amounts[one.event as usize];
            let own = if *amount == BLANK { 0 } else { *amount };
            *amount = own.saturating_add(one.net.unwrap_or(0).saturating_sub(one.logged));
        }
        self.amount = Some(amounts.into());
        let orders = self.order_dim(spec).map(|dim| dim.codes.clone());
        let stays = |event: &u32| {
            let event = *event as usize;
            let code = orders.as_ref().map_or(NO_ID, |codes| codes[event]);
            let one = known.get(code as usize);
            let is_out = one.is_some_and(|one| one.net.is_some() && !one.counts);
            !astray[event] && (!is_out || self.word(event) != Some(EventWord::Purchase))
        };
        let mut kept = room(self.time.len(), "events")?;
        kept.extend((0..self.time.len() as u32).filter(stays));
        receipt.not_counted = (self.time.len() - kept.len()) as u64 - receipt.of_another_customer;
        let units: Buf<u32> = self.unit_of_events()?.into();
        self.units = crate::data::input::batches::pick(&units, &kept)?;
        self.pick(&kept)?;
        self.starts = Vec::new().into();
        Ok(self)
    }

    /// The events, not in order, with purchases at their end.
    fn with_purchases(
        mut self,
        spec: &EventsSpec,
        added: &[Purchase],
        context: &Context,
    ) -> Result<EventData> {
        let kind = match added.is_empty() {
            true => 0,
            false => self.purchase_kind(spec, context)?,
        };
        fn more<T: Copy + Send + Sync + 'static>(
            column: &Buf<T>,
            cells: impl ExactSizeIterator<Item = T>,
        ) -> Result<Buf<T>> {
            let mut all = room(column.len() + cells.len(), "events")?;
            all.extend_from_slice(column);
            all.extend(cells);
            Ok(all.into())
        }
        let n = added.len();
        self.units = more(&self.units, added.iter().map(|one| one.visitor))?;
        self.time = more(&self.time, added.iter().map(|one| one.time))?;
        self.kind = more(&self.kind, (0..n).map(|_| kind))?;
        if let Some(joined) = &mut self.customer {
            joined.own = more(&joined.own, added.iter().map(|one| one.customer))?;
            joined.codes = Vec::new().into();
        }
        for dim in &mut self.dims {
            let is_order = spec.order_id.as_deref() == Some(dim.name.as_str());
            let code = |one: &Purchase| if is_order { one.order } else { NO_ID };
            dim.codes = more(&dim.codes, added.iter().map(code))?;
        }
        self.amount = match &self.amount {
            Some(amounts) => Some(more(amounts, added.iter().map(|one| one.net))?),
            None => None,
        };
        self.quantity = match &self.quantity {
            Some(quantities) => Some(more(quantities, (0..n).map(|_| 1))?),
            None => None,
        };
        for measure in &mut self.measures {
            measure.values = more(&measure.values, (0..n).map(|_| f64::NAN))?;
        }
        let low = self.time.iter().copied().min().unwrap_or(0);
        let high = self.time.iter().copied().max().unwrap_or(0);
        self.offsets = Offsets::new(self.offsets.zone(), low, high);
        Ok(self)
    }

    /// The code of a kind that means a purchase; added if there is none.
    fn purchase_kind(&mut self, spec: &EventsSpec, context: &Context) -> Result<u32> {
        let is_purchase =
            |code: &u32| meaning(spec, &self.kinds, *code) == Some(EventWord::Purchase);
        if let Some(code) = (0..self.kinds.len() as u32).find(is_purchase) {
            return Ok(code);
        }
        let own = spec
            .kinds
            .iter()
            .find(|(_, word)| **word == EventWord::Purchase);
        let plain = (!spec.kinds.contains_key("purchase")).then_some("purchase");
        let name = own.map(|(name, _)| name.as_str()).or(plain);
        let texts = self.kinds.kind() == IdKind::Text || self.kinds.is_empty();
        let Some(name) = name.filter(|_| texts) else {
            return Err(Error::option(
                "kinds",
                "",
                "a kind that means \"purchase\", under which orders are added",
            ));
        };
        let texts = Strings::collect([name.as_bytes()].into_iter())?;
        let column = ColumnData::from(ColumnValues::Text(texts));
        let mut kinds = match self.kinds.is_empty() {
            true => Ids::new(IdKind::Text, context.hash_seed),
            false => self.kinds.copied()?,
        };
        let mut codes = Vec::new();
        kinds.encode(&spec.kind, &[&column], &mut codes, &context.uncounted())?;
        self.kinds = Arc::new(kinds);
        codes.first().copied().ok_or(Error::internal("no kind"))
    }
}

/// A name that no column of the spec has.
fn free(name: &str, spec: &EventsSpec) -> String {
    let mut name = name.to_owned();
    while spec.columns().contains(&name.as_str()) {
        name.insert(0, '_');
    }
    name
}
