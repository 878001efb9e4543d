//! The orders of a log and those of an export under one key.
//!
//! The key is the order id. An id that orders of several shops have is no key: these have `id (shop)`. A purchase of the log
//! under such an id is that of the shop that the log names in a column called as that of the orders. Without that column it is
//! the only one of these orders that is of its customer, or has none, and is not in the log under `id (shop)`; if several
//! are, nobody knows which it is, and that is an error.

use super::dataset::Events;
use crate::columns::{Buf, ColumnData, ColumnValues, Strings};
use crate::context::{Context, collect, filled, push, room};
use crate::data::Orders;
use crate::data::input::batches::absorbed;
use crate::data::orders::order_data::Data;
use crate::error::{Error, Result};
use crate::ids::{IdKind, Ids, NO_ID};
use crate::words::EventWord;
use std::ops::Range;
use std::sync::Arc;

/// The customer of an order that has none.
const UNKNOWN: u32 = NO_ID;
/// A customer whom the log does not have.
const STRANGER: u32 = NO_ID - 1;

/// The keys of both.
pub(super) struct OrderKeys {
    pub(super) ids: Arc<Ids>,
    /// The key of each event; none if the log has no order ids.
    pub(super) of_log: Option<Vec<u32>>,
    /// The key of each order; none if they have no ids.
    pub(super) of_orders: Option<Vec<u32>>,
    /// The customer of each order in the dictionary of the log.
    owners: Vec<u32>,
}

impl OrderKeys {
    /// # Errors
    ///
    /// Ids of other types; a purchase of the log that may be one of several orders.
    pub(super) fn new(
        events: &Events,
        orders: &Orders,
        data: &Data,
        context: &Context,
    ) -> Result<OrderKeys> {
        let log = events.dim("order_id")?;
        let (mut own, mut of_log) = match log {
            Some(dim) => (
                dim.ids.clone(),
                Some(collect(dim.codes.iter().copied(), "orders")?),
            ),
            None => (Arc::new(Ids::new(IdKind::Text, context.hash_seed)), None),
        };
        let owners = owners(events, orders, data)?;
        let of_orders = data.order_id.as_ref();
        let Some((ids, codes)) = of_orders.and_then(|dim| Some((&dim.ids, dim.codes.as_ref()?)))
        else {
            return Ok(OrderKeys {
                ids: own,
                of_log,
                of_orders: None,
                owners,
            });
        };
        let (mut theirs, mut codes) = (ids.clone(), collect(codes.iter().copied(), "orders")?);
        if own.kind() != theirs.kind() && !own.is_empty() && !theirs.is_empty() {
            // A log that has keys of several shops has texts.
            if orders.spec().shop.is_none() {
                return Err(Error::ColumnType {
                    column: log.map(|dim| dim.name.clone()).unwrap_or_default(),
                    found: own.kind().to_string(),
                    expected: format!("{}, as in the orders", theirs.kind()),
                });
            }
            own = as_texts(own, of_log.as_deref_mut().unwrap_or_default(), context)?;
            theirs = as_texts(theirs, &mut codes, context)?;
        }
        let (joint, map) = absorbed(&own, &theirs, &codes, context)?;
        recode(&mut codes, &map);
        let mut keys = OrderKeys {
            ids: joint,
            of_log,
            of_orders: Some(codes),
            owners,
        };
        keys.tell_shops_apart(events, orders, data, context)?;
        Ok(keys)
    }

    /// For each event, whether it is a purchase of an order that another customer has.
    pub(super) fn of_another_customer(&self, events: &Events) -> Result<Vec<bool>> {
        let data = events.data()?;
        let mut owner = filled(self.ids.len(), UNKNOWN, "orders")?;
        for (key, own) in self.of_orders.iter().flatten().zip(&self.owners) {
            if *key != NO_ID && *own != UNKNOWN {
                owner[*key as usize] = *own;
            }
        }
        let mut found = filled(data.time.len(), false, "events")?;
        let customers = data.customer.iter().flat_map(|joined| joined.codes.iter());
        for ((event, key), customer) in self.of_log.iter().flatten().enumerate().zip(customers) {
            let owner = owner.get(*key as usize).copied().unwrap_or(UNKNOWN);
            found[event] = data.word(event) == Some(EventWord::Purchase)
                && owner != UNKNOWN
                && *customer != NO_ID
                && *customer != owner;
        }
        Ok(found)
    }

    /// Gives keys of their own to orders of several shops that have one id.
    fn tell_shops_apart(
        &mut self,
        events: &Events,
        orders: &Orders,
        data: &Data,
        context: &Context,
    ) -> Result<()> {
        let Some(shops) = Shops::new(events, orders, data, context)? else {
            return Ok(());
        };
        let Some(shared) = Shared::new(self, &shops, context)? else {
            return Ok(());
        };
        self.ids = shared.ids.clone();
        let of_orders = self.of_orders.iter_mut().flatten();
        for (id, shop) in of_orders.zip(shops.of_orders.iter()) {
            *id = shared.key(*id, *shop);
        }
        let Some(of_log) = &mut self.of_log else {
            return Ok(());
        };
        let mut is_logged = filled(self.ids.len(), false, "orders")?;
        for id in of_log.iter().filter(|id| **id != NO_ID) {
            is_logged[shared.plain[*id as usize] as usize] = true;
        }
        let joined = events.data()?.customer.as_ref();
        for event in 0..of_log.len() {
            let id = of_log[event];
            of_log[event] = match &shops.of_log {
                Some(shops) => shared.key(id, shops[event]),
                None if shared.is_one_shops(id) => shared.key(id, NO_ID),
                None => {
                    let customer = joined.map_or(NO_ID, |joined| joined.codes[event]);
                    let key = shared.of_customer(id, customer, &is_logged);
                    key.ok_or_else(|| {
                        let name = orders.spec().shop.as_deref().unwrap_or_default();
                        let expected = format!(
                            "a column {name:?} in the events, as in the orders: orders of several shops have \
                             one order id, and a purchase of the log may be any of them"
                        );
                        Error::option("with_orders", "", expected)
                    })?
                }
            };
        }
        Ok(())
    }
}

/// The shops of both under common codes.
struct Shops {
    ids: Arc<Ids>,
    of_orders: Buf<u32>,
    /// None if the log has no such column.
    of_log: Option<Vec<u32>>,
}

impl Shops {
    /// None if the orders have no shops.
    fn new(
        events: &Events,
        orders: &Orders,
        data: &Data,
        context: &Context,
    ) -> Result<Option<Shops>> {
        let Some(name) = &orders.spec().shop else {
            return Ok(None);
        };
        let column = data.dims.iter().find(|dim| dim.name == *name);
        let Some((shops, codes)) = column.and_then(|dim| Some((&dim.ids, dim.codes.as_ref()?)))
        else {
            return Ok(None);
        };
        let of_orders = codes.clone();
        let Some(dim) = events.data()?.dims.iter().find(|dim| dim.name == *name) else {
            let (ids, of_log) = (shops.clone(), None);
            return Ok(Some(Shops {
                ids,
                of_orders,
                of_log,
            }));
        };
        if dim.ids.kind() != shops.kind() && !dim.ids.is_empty() {
            return Err(Error::ColumnType {
                column: name.clone(),
                found: dim.ids.kind().to_string(),
                expected: format!("{}, as in the orders", shops.kind()),
            });
        }
        let (ids, map) = absorbed(shops, &dim.ids, &dim.codes, context)?;
        let mut codes = collect(dim.codes.iter().copied(), "shops")?;
        recode(&mut codes, &map);
        Ok(Some(Shops {
            ids,
            of_orders,
            of_log: Some(codes),
        }))
    }
}

/// Ids that orders of several shops have, and their keys.
struct Shared {
    ids: Arc<Ids>,
    /// The key of each id of one shop.
    plain: Vec<u32>,
    /// Id, shop and customer of the orders with the other ids, ascending, and their keys.
    known: Vec<(u32, u32, u32)>,
    keys: Vec<u32>,
}

impl Shared {
    /// None if there is no such id.
    fn new(of: &OrderKeys, shops: &Shops, context: &Context) -> Result<Option<Shared>> {
        let mut known = Vec::new();
        let of_orders = of.of_orders.iter().flatten().zip(shops.of_orders.iter());
        for ((id, shop), owner) in of_orders.zip(&of.owners) {
            push(&mut known, (*id, *shop, *owner), "orders")?;
        }
        if let (Some(ids), Some(shops)) = (&of.of_log, &shops.of_log) {
            for (id, shop) in ids.iter().zip(shops) {
                push(&mut known, (*id, *shop, UNKNOWN), "orders")?;
            }
        }
        known.sort_unstable();
        known.dedup();
        let mut several = filled(of.ids.len(), false, "orders")?;
        for same in known.chunk_by(|a, b| a.0 == b.0) {
            if let Some(several) = several.get_mut(same[0].0 as usize) {
                *several = same.iter().any(|one| one.1 != same[0].1);
            }
        }
        known.retain(|one| several.get(one.0 as usize) == Some(&true));
        if known.is_empty() {
            return Ok(None);
        }
        let mut names = room(known.len(), "orders")?;
        names.extend(known.iter().map(|(id, shop, _)| match *shop {
            NO_ID => of.ids.text(*id),
            shop => format!("{} ({})", of.ids.text(*id), shops.ids.text(shop)),
        }));
        let mut plain = collect(0..of.ids.len() as u32, "orders")?;
        let mut ids = as_texts(of.ids.clone(), &mut plain, context)?.copied()?;
        let names = Strings::collect(names.iter().map(String::as_bytes))?;
        let column = ColumnData::from(ColumnValues::Text(names));
        let mut keys = Vec::new();
        ids.encode("order_id", &[&column], &mut keys, &context.uncounted())?;
        Ok(Some(Shared {
            ids: Arc::new(ids),
            plain,
            known,
            keys,
        }))
    }

    fn range(&self, id: u32) -> Range<usize> {
        let start = self.known.partition_point(|one| one.0 < id);
        start..self.known.partition_point(|one| one.0 <= id)
    }

    fn is_one_shops(&self, id: u32) -> bool {
        self.range(id).is_empty()
    }

    /// The key of an id in a shop.
    fn key(&self, id: u32, shop: u32) -> u32 {
        let of_shop = self.range(id).find(|at| self.known[*at].1 == shop);
        match of_shop {
            Some(at) => self.keys[at],
            None => self.plain.get(id as usize).copied().unwrap_or(NO_ID),
        }
    }

    /// The key of the only order with an id that a customer may have and that the log does not have under its key; the id
    /// itself without such an order, none if there are several.
    fn of_customer(&self, id: u32, customer: u32, is_logged: &[bool]) -> Option<u32> {
        let fits = |at: &usize| {
            let (_, shop, owner) = self.known[*at];
            let is_own = owner == UNKNOWN || customer == NO_ID || owner == customer;
            is_own && (shop == NO_ID || !is_logged[self.keys[*at] as usize])
        };
        let mut found = self.range(id).filter(fits).map(|at| self.keys[at]);
        let key = found.next().unwrap_or(self.plain[id as usize]);
        found.all(|other| other == key).then_some(key)
    }
}

/// The customer of each order in the dictionary of the log.
fn owners(events: &Events, orders: &Orders, data: &Data) -> Result<Vec<u32>> {
    let joined = events.data()?.customer.as_ref();
    let joined = joined.ok_or(Error::internal("no customers"))?;
    let of = |code: u32| {
        let own = joined.ids.code_of(&orders.ids().at(code));
        own.unwrap_or(STRANGER)
    };
    let by_code = collect((0..orders.ids().len() as u32).map(of), "customers")?;
    let owner = |code: &u32| by_code.get(*code as usize).copied().unwrap_or(UNKNOWN);
    collect(data.customer.iter().map(owner), "customers")
}

/// The ids as texts; the codes become theirs.
fn as_texts(ids: Arc<Ids>, codes: &mut [u32], context: &Context) -> Result<Arc<Ids>> {
    if ids.kind() == IdKind::Text {
        return Ok(ids);
    }
    let mut names = room(ids.len(), "orders")?;
    names.extend((0..ids.len() as u32).map(|code| ids.text(code)));
    let names = Strings::collect(names.iter().map(String::as_bytes))?;
    let column = ColumnData::from(ColumnValues::Text(names));
    let (mut texts, mut map) = (Ids::new(IdKind::Text, context.hash_seed), Vec::new());
    texts.encode("order_id", &[&column], &mut map, &context.uncounted())?;
    recode(codes, &map);
    Ok(Arc::new(texts))
}

fn recode(codes: &mut [u32], map: &[u32]) {
    for code in codes.iter_mut().filter(|code| **code != NO_ID) {
        *code = map[*code as usize];
    }
}
