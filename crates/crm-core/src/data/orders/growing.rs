//! Orders that grow: an import, and later orders as parts. Appending an order or reading the orders of one customer
//! takes time by the order and not by the history; the first call that needs all orders puts the parts together.
//!
//! A part is added without reading the history if the history has none of its order ids. Otherwise, and where rows of
//! different orders could repeat each other (`repeated_rows` without order ids), the parts are put together at once,
//! as by [`Orders::append`]. Small parts are put together in groups of [`TOGETHER`], these again, so that there are
//! never many.

use super::append::{Appended, OnRepeat};
use super::dataset::Orders;
use super::rows::Rows;
use super::spec::{OrdersSpec, RepeatedRows};
use crate::context::{Context, collect, push};
use crate::data::input::batches::RowDim;
use crate::error::{Error, Result};
use crate::ids::{IdRef, Ids, NO_ID};
use crate::time::Offsets;
use crate::turn::{Turn, briefly};
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// The number of parts of about one size that are put together: fewer would copy each row more often, more would make
/// the orders of one customer slower. With 32, a customer's orders take about 10 µs more than from one import.
const TOGETHER: usize = 32;

/// See the module.
pub struct GrowingOrders {
    /// The import, then what came since.
    parts: Vec<Arc<Orders>>,
    whole: Mutex<Option<Arc<Orders>>>,
    /// The lock for putting the parts together.
    turn: Turn,
}

impl std::fmt::Debug for GrowingOrders {
    /// Prints the number of parts only: rows may be personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GrowingOrders({} parts)", self.parts.len())
    }
}

impl From<Orders> for GrowingOrders {
    fn from(orders: Orders) -> Self {
        let whole = Arc::new(orders);
        GrowingOrders {
            parts: vec![whole.clone()],
            whole: Mutex::new(Some(whole)),
            turn: Turn::default(),
        }
    }
}

impl GrowingOrders {
    /// The names and settings with which the rows were read.
    pub fn spec(&self) -> &OrdersSpec {
        &self.parts[0].spec
    }

    /// All orders in one, if they have been put together.
    pub fn ready(&self) -> Option<Arc<Orders>> {
        briefly(&self.whole).and_then(|cell| cell.clone())
    }

    /// All orders in one; after a failure the next caller tries again.
    ///
    /// # Errors
    ///
    /// Memory, or the caller has cancelled.
    pub fn whole(&self, context: &Context) -> Result<Arc<Orders>> {
        if let Some(whole) = self.ready() {
            return Ok(whole);
        }
        let _turn = self.turn.take();
        if let Some(whole) = self.ready() {
            return Ok(whole); // another thread was first
        }
        let whole = Arc::new(together(&self.parts, context)?);
        if let Some(mut cell) = briefly(&self.whole) {
            *cell = Some(whole.clone());
        }
        Ok(whole)
    }

    /// These orders and more, as [`Orders::append`].
    ///
    /// # Errors
    ///
    /// Those of [`Orders::append`].
    pub fn append(
        &self,
        more: &Orders,
        on_repeat: Option<OnRepeat>,
        context: &Context,
    ) -> Result<(GrowingOrders, Appended)> {
        if !self.is_new(more, on_repeat)? {
            let (all, came) = self.whole(context)?.append(more, on_repeat, context)?;
            return Ok((all.into(), came));
        }
        let appended = Appended {
            orders: more.data.len() as u64,
            rows: rows_of(more)?.len() as u64,
            ..Appended::default()
        };
        let mut parts = collect(self.parts.iter().cloned(), "orders")?;
        push(&mut parts, Arc::new(more.clone()), "orders")?;
        settle(&mut parts, context)?;
        let all = GrowingOrders {
            parts,
            whole: Mutex::new(None),
            turn: Turn::default(),
        };
        Ok((all, appended))
    }

    /// The orders of some customers and nothing else, as if the import had been of their rows: what `customer` and
    /// other analyses of single customers need, without reading all orders. Their rows of the customers table are
    /// kept. The last date, the default `as_of`, is that of all orders. `ids` are JSON numbers or texts; unknown ones
    /// have no orders.
    ///
    /// ```
    /// use crm_core::data::GrowingOrders;
    /// use crm_core::{Context, Currency, Orders, Zone};
    /// let orders = Orders::builder(Currency::JPY, Zone::parse("Asia/Tokyo")?)
    ///     .order("hanako", "2026-01-05", 5_000)
    ///     .order("taro", "2026-01-06", 2_000)
    ///     .build()?;
    /// let orders = GrowingOrders::from(orders);
    /// let hanako = orders.of_customers(&["hanako".into()], &Context::default())?;
    /// assert_eq!((hanako.len(), hanako.n_customers()), (1, 1));
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A view with a filter, ids of another type than came in, memory.
    pub fn of_customers(&self, ids: &[Value], context: &Context) -> Result<Orders> {
        let first = &self.parts[0];
        let mut rows: Option<Rows> = None;
        let mut of_table = Vec::new();
        for (at, part) in self.parts.iter().enumerate() {
            let known = part.ids();
            let mut codes = Vec::new();
            for id in ids {
                let Some(id) = known.read_json(id) else {
                    if known.is_empty() {
                        continue;
                    }
                    let expected = format!("ids of the type that came in, {}", known.kind());
                    return Err(Error::option("ids", "", expected));
                };
                if let Some(code) = known.code_of(&id) {
                    push(&mut codes, code, "customers")?;
                }
            }
            codes.sort_unstable();
            codes.dedup();
            if let (0, Some(row_of)) = (at, &part.customer_rows) {
                for code in &codes {
                    let row = row_of[*code as usize];
                    if row != NO_ID {
                        push(&mut of_table, row, "customers")?;
                    }
                }
            }
            if codes.is_empty() && at > 0 {
                continue;
            }
            let came = rows_of(part)?;
            let of_customers = part.rows_of_customers(came, context)?;
            let mut chosen = Vec::new();
            for code in &codes {
                for row in of_customers.of(*code) {
                    push(&mut chosen, *row, "rows")?;
                }
            }
            chosen.sort_unstable();
            let own = came.take(&chosen)?.only_picked(context)?;
            rows = Some(match rows {
                Some(before) => before.append(&own, context)?,
                None => own,
            });
        }
        let rows = rows.ok_or_else(|| Error::internal("orders of no part"))?;
        let table = first.customers.as_ref();
        let table = table.map(|table| table.picked(&of_table, context));
        let table = table.transpose()?.map(Arc::new);
        let (spec, offsets) = (first.spec.clone(), self.offsets());
        let mut orders = Orders::from_rows(rows, spec, table, offsets, context)?;
        orders.view.policy = first.view.policy.clone();
        orders.last_date = self.parts.iter().filter_map(|part| part.last_date).max();
        Ok(orders)
    }

    /// The offsets of the zone over all parts.
    fn offsets(&self) -> Offsets {
        let first = &self.parts[0].data;
        let (low, high) = span(&self.parts);
        match first.range {
            Some((from, to)) if from <= low && high <= to => first.offsets.clone(),
            _ => Offsets::new(zone(&self.parts), low, high),
        }
    }

    /// Whether more orders can be added without looking at those that are there. What cannot be seen at once is left
    /// to [`Orders::append`], and so are all errors.
    fn is_new(&self, more: &Orders, on_repeat: Option<OnRepeat>) -> Result<bool> {
        let first = &self.parts[0];
        let spec = &first.spec;
        let own = spec.policy.clone().unwrap_or_default();
        let has_ids = spec.order_id.is_some();
        let plain = first.spec == more.spec
            && (has_ids || matches!(on_repeat, None | Some(OnRepeat::Add)))
            && (has_ids || spec.repeated_rows == RepeatedRows::Keep)
            && first.view.mask.is_none()
            && more.view.mask.is_none()
            && (more.view.policy == own || more.view.policy == first.view.policy)
            && more.customers.is_none()
            && (first.zone() == more.zone() && !first.is_empty() && !more.is_empty());
        let (Some(came), true) = (&more.data.came, plain) else {
            return Ok(false);
        };
        // Ids of another type are an error, which must not come later.
        let alike = |a: &Rows, b: &Rows| {
            let same = |a: &Ids, b: &Ids| a.kind() == b.kind();
            let dims = a
                .dims
                .iter()
                .zip(&b.dims)
                .chain(a.order.iter().zip(&b.order));
            let mut dims = dims.map(|(a, b)| (&a.ids, &b.ids));
            same(&a.ids, &b.ids) && dims.all(|(a, b)| same(a, b))
        };
        let rows: usize = self.parts.iter().map(|part| part.data.rows.len()).sum();
        if !alike(rows_of(first)?, came) || rows + came.len() >= NO_ID as usize {
            return Ok(false);
        }
        let Some(order) = &came.order else {
            return Ok(true);
        };
        for code in order.codes.iter() {
            let id = order.ids.at(*code);
            for part in &self.parts {
                if is_known(rows_of(part)?.order.as_ref(), &id) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

fn is_known(order: Option<&RowDim>, id: &IdRef<'_>) -> bool {
    order.is_some_and(|order| order.ids.code_of(id).is_some())
}

/// The rows of a part as they came.
fn rows_of(part: &Orders) -> Result<&Rows> {
    let rows = part.data.came.as_deref();
    let rows = rows.filter(|_| part.view.mask.is_none());
    rows.ok_or_else(|| {
        let expected = "a whole import, not a view with a filter";
        Error::option("orders", "", expected)
    })
}

/// First and last instant of the parts.
fn span(parts: &[Arc<Orders>]) -> (i64, i64) {
    let ranges = parts.iter().filter_map(|part| part.data.range);
    ranges
        .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
        .unwrap_or((0, 0))
}

/// The zone of the first part with orders.
fn zone(parts: &[Arc<Orders>]) -> crate::time::Zone {
    let some = parts.iter().find(|part| !part.is_empty());
    some.unwrap_or(&parts[0]).zone()
}

/// One import of the rows of all parts.
fn together(parts: &[Arc<Orders>], context: &Context) -> Result<Orders> {
    let mut rows: Option<Rows> = None;
    // The last parts are the smallest.
    for part in parts.iter().rev() {
        let came = rows_of(part)?;
        rows = Some(match rows {
            Some(rest) => came.append(&rest, context)?,
            None => came.clone(),
        });
    }
    let rows = rows.ok_or_else(|| Error::internal("orders of no part"))?;
    let (low, high) = span(parts);
    let offsets = Offsets::new(zone(parts), low, high);
    let (spec, table) = (parts[0].spec.clone(), parts[0].customers.clone());
    let mut all = Orders::from_rows(rows, spec, table, offsets, context)?;
    all.view.policy = parts[0].view.policy.clone();
    Ok(all)
}

/// Puts the last parts together where there are [`TOGETHER`] of about one size; the import stays by itself.
fn settle(parts: &mut Vec<Arc<Orders>>, context: &Context) -> Result<()> {
    let level = |part: &Orders| part.data.len().max(1).ilog(TOGETHER);
    loop {
        let since = &parts[1..];
        let Some(last) = since.last().map(|part| level(part)) else {
            return Ok(());
        };
        let alike = since.iter().rev().take_while(|part| level(part) <= last);
        let count = alike.count();
        if count < TOGETHER {
            return Ok(());
        }
        let from = parts.len() - count;
        let one = together(&parts[from..], context)?;
        parts.truncate(from);
        parts.push(Arc::new(one));
    }
}

impl Rows {
    /// The rows with dictionaries of what they hold and nothing else, at a cost that depends on the rows alone.
    fn only_picked(self, context: &Context) -> Result<Rows> {
        let (ids, customer) = self.ids.picked(&self.customer, context)?;
        let picked = |dim: &RowDim| -> Result<RowDim> {
            let (ids, codes) = dim.ids.picked(&dim.codes, context)?;
            let name = dim.name.clone();
            Ok(RowDim { name, ids, codes })
        };
        Ok(Rows {
            ids,
            customer,
            order: self.order.as_ref().map(picked).transpose()?,
            dims: self.dims.iter().map(picked).collect::<Result<_>>()?,
            ..self
        })
    }
}
