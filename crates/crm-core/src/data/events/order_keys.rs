//! The orders of a log and those of an export under one key.
//!
//! The key is the order id. An id that orders of several shops have is no key: these have `id (shop)`. A purchase of the log
//! under such an id is that of the shop that the log names in a column called as that of the orders. Without that column it is
//! the only one of these orders that is of its customer, or has none, and is not in the log under `id (shop)`; if several
//! are, nobody knows which it is, and that is an error.

use super::dataset::Events;
use crate::columns::{ColumnData, ColumnValues, Strings};
use crate::context::{Context, collect, filled, push, room};
use crate::data::Orders;
use crate::data::input::batches::absorbed;
use crate::data::orders::order_data::Data;
use crate::error::{Error, Result};
use crate::ids::{IdKind, Ids, NO_ID};
use crate::words::EventWord;
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
        let Some(shops) = Shops::of(events, orders, data, context)? else {
            return Ok(());
        };
        let Some(shared) = self.shared(&shops, context)? else {
            return Ok(());
        };
        let of_orders = self.of_orders.iter_mut().flatten();
        for (id, shop) in of_orders.zip(shops.of_orders) {
            *id = shared.key(*id, *shop);
        }
        let Some(of_log) = &mut self.of_log else {
            return Ok(());
        };
        if let Some(shop_of_log) = &shops.of_log {
            for (id, shop) in of_log.iter_mut().zip(shop_of_log) {
                *id = shared.key(*id, *shop);
            }
            return Ok(());
        }
        let mut is_logged = filled(self.ids.len(), false, "orders")?;
        for id in of_log.iter().filter(|id| **id != NO_ID) {
            is_logged[shared.plain(*id) as usize] = true;
        }
        let joined = events.data()?.customer.as_ref();
        for (event, id) in of_log.iter_mut().enumerate() {
            let customer = joined.map_or(NO_ID, |joined| joined.codes[event]);
            let key = shared.key_of_customer(*id, customer, &is_logged);
            *id = key.ok_or_else(|| {
                let name = orders.spec().shop.as_deref().unwrap_or_default();
                let expected = format!(
                    "a column {name:?} in the events, as in the orders: orders of several shops have \
                     one order id, and a purchase of the log may be any of them"
                );
                Error::option("with_orders", "", expected)
            })?;
        }
        Ok(())
    }

    /// The ids that several shops have; `None` if there is none. The dictionary then has their keys.
    fn shared(&mut self, shops: &Shops<'_>, context: &Context) -> Result<Option<Shared>> {
        let of_orders = self.of_orders.as_deref().unwrap_or_default();
        let mut orders = room(of_orders.len(), "orders")?;
        let rows = of_orders.iter().zip(shops.of_orders).zip(&self.owners);
        orders.extend(
            rows.filter_map(|((id, shop), owner)| (*id != NO_ID).then_some((*id, *shop, *owner))),
        );
        if let (Some(ids), Some(shops)) = (&self.of_log, &shops.of_log) {
            for (id, shop) in ids.iter().zip(shops).filter(|(id, _)| **id != NO_ID) {
                push(&mut orders, (*id, *shop, UNKNOWN), "orders")?;
            }
        }
        orders.sort_unstable();
        orders.dedup();
        let mut is_shared = filled(self.ids.len(), false, "orders")?;
        for same in orders.chunk_by(|a, b| a.0 == b.0) {
            is_shared[same[0].0 as usize] = same.iter().any(|one| one.1 != same[0].1);
        }
        orders.retain(|one| is_shared[one.0 as usize]);
        if orders.is_empty() {
            return Ok(None);
        }
        let mut names = room(orders.len(), "orders")?;
        names.extend(orders.iter().map(|(id, shop, _)| match *shop {
            NO_ID => self.ids.text(*id),
            shop => format!("{} ({})", self.ids.text(*id), shops.ids.text(shop)),
        }));
        let mut plain = collect(0..self.ids.len() as u32, "orders")?;
        let texts = as_texts(self.ids.clone(), &mut plain, context)?;
        let mut texts = texts.copied()?;
        let names = Strings::collect(names.iter().map(String::as_bytes))?;
        let column = ColumnData::from(ColumnValues::Text(names));
        let mut keys = Vec::new();
        texts.encode("order_id", &[&column], &mut keys, &context.uncounted())?;
        self.ids = Arc::new(texts);
        Ok(Some(Shared {
            orders,
            keys,
            is_shared,
            plain,
        }))
    }
}

/// The shops of the orders and of the log in one dictionary.
struct Shops<'a> {
    ids: Arc<Ids>,
    of_orders: &'a [u32],
    /// The shop of each event; none if the log has no such column.
    of_log: Option<Vec<u32>>,
}

impl<'a> Shops<'a> {
    /// `None` if the orders have no shops.
    fn of(
        events: &Events,
        orders: &Orders,
        data: &'a Data,
        context: &Context,
    ) -> Result<Option<Shops<'a>>> {
        let Some(name) = &orders.spec().shop else {
            return Ok(None);
        };
        let column = data.dims.iter().find(|dim| dim.name == *name);
        let Some((ids, of_orders)) = column.and_then(|dim| Some((&dim.ids, dim.codes.as_ref()?)))
        else {
            return Ok(None);
        };
        let of_log = events.data()?.dims.iter().find(|dim| dim.name == *name);
        let (ids, of_log) = match of_log {
            None => (ids.clone(), None),
            Some(dim) if dim.ids.kind() != ids.kind() && !dim.ids.is_empty() => {
                return Err(Error::ColumnType {
                    column: name.clone(),
                    found: dim.ids.kind().to_string(),
                    expected: format!("{}, as in the orders", ids.kind()),
                });
            }
            Some(dim) => {
                let (joint, map) = absorbed(ids, &dim.ids, &dim.codes, context)?;
                let mut codes = collect(dim.codes.iter().copied(), "shops")?;
                recode(&mut codes, &map);
                (joint, Some(codes))
            }
        };
        Ok(Some(Shops {
            ids,
            of_orders,
            of_log,
        }))
    }
}

/// Order ids that several shops have, and their keys.
struct Shared {
    /// The id, the shop and the customer of each order of such an id, ascending.
    orders: Vec<(u32, u32, u32)>,
    /// The key of each of these orders.
    keys: Vec<u32>,
    /// Whether an id is one of these.
    is_shared: Vec<bool>,
    /// The key of each id that is not.
    plain: Vec<u32>,
}

impl Shared {
    fn place(&self, id: u32, shop: u32) -> usize {
        self.orders
            .partition_point(|one| (one.0, one.1) < (id, shop))
    }

    fn is_shared(&self, id: u32) -> bool {
        self.is_shared.get(id as usize).copied().unwrap_or(false)
    }

    fn plain(&self, id: u32) -> u32 {
        self.plain.get(id as usize).copied().unwrap_or(NO_ID)
    }

    fn key(&self, id: u32, shop: u32) -> u32 {
        match self.is_shared(id) {
            true => self.keys[self.place(id, shop)],
            false => self.plain(id),
        }
    }

    /// The key of a purchase of a log without shops; `None` if it may be one of several orders.
    fn key_of_customer(&self, id: u32, customer: u32, is_logged: &[bool]) -> Option<u32> {
        if !self.is_shared(id) {
            return Some(self.plain(id));
        }
        let range = self.place(id, 0)..self.orders.partition_point(|one| one.0 <= id);
        let fits = |at: &usize| {
            let (_, shop, owner) = self.orders[*at];
            let is_own = owner == UNKNOWN || customer == NO_ID || owner == customer;
            is_own && (shop == NO_ID || !is_logged[self.keys[*at] as usize])
        };
        let mut found = range.filter(fits);
        let key = found.next().map_or(self.plain(id), |at| self.keys[at]);
        (!found.any(|at| self.keys[at] != key)).then_some(key)
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
