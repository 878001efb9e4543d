//! Orders without some people: what a shop does when somebody asks to be deleted (個人情報の削除請求).

use super::dataset::Orders;
use super::group::key_of_rows;
use super::rows::Rows;
use crate::context::{Context, filled, push, room};
use crate::data::input::batches::only_used;
use crate::error::{Error, Result};
use crate::ids::{IdKind, NO_ID};
use serde::Serialize;
use std::sync::Arc;

/// What [`Orders::forget`] has taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// Customers that were known, by an order or the customers table.
    pub customers: u64,
    /// Ids that no customer has.
    pub unknown: u64,
    /// Orders.
    pub orders: u64,
    /// Rows of orders.
    pub rows: u64,
}

impl Orders {
    /// The orders without these customers, as if built from rows that never had them: their rows, their rows of
    /// the customers table, their ids, and the order ids and values of dimensions that only they had. Rows that
    /// were left out of the import stay counted, because their customers are not known.
    ///
    /// `ids` are JSON numbers or texts, as in `customers`. An id given twice counts once.
    ///
    /// ```
    /// use crm_core::{Context, Currency, Orders, Zone};
    /// let orders = Orders::builder(Currency::JPY, Zone::parse("Asia/Tokyo")?)
    ///     .order("hanako", "2026-01-05", 5_000)
    ///     .order("taro", "2026-01-06", 2_000)
    ///     .build()?;
    /// let (rest, receipt) = orders.forget(&["taro".into()], &Context::default())?;
    /// assert_eq!((rest.len(), receipt.customers, receipt.rows), (1, 1, 1));
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A view with a filter; ids of another type than came in.
    pub fn forget(
        &self,
        ids: &[serde_json::Value],
        context: &Context,
    ) -> Result<(Orders, Receipt)> {
        let rows = (self.data.came.as_ref()).filter(|_| self.view.mask.is_none());
        let Some(rows) = rows else {
            let expected = "a whole import, not a view with a filter";
            return Err(Error::option("forget", "", expected));
        };
        // A code without a row: a number between two ids.
        let mut known = filled(self.ids().len(), false, "customers")?;
        for code in rows.customer.iter().filter(|code| **code != NO_ID) {
            known[*code as usize] = true;
        }
        let in_table = |code: u32| {
            let row = self.customer_rows.as_ref().map(|rows| rows[code as usize]);
            row.filter(|row| *row != NO_ID)
        };
        let mut gone = filled(self.ids().len(), false, "customers")?;
        let (mut strangers, mut of_table) = (Vec::new(), Vec::new());
        let mut customers = 0;
        let kind = self.ids().kind();
        for id in ids {
            let fits = match kind {
                IdKind::Int(_) | IdKind::Unsigned(_) => id.is_number(),
                IdKind::Text | IdKind::Fixed(_) => id.is_string(),
            };
            // A number would match no text id, and the customer would stay.
            if !fits && !self.ids().is_empty() {
                let expected = format!("ids of the type that came in, {kind}");
                return Err(Error::option("ids", "", expected));
            }
            let found = self.ids().find(id)?;
            let found = found.filter(|code| known[*code as usize] || in_table(*code).is_some());
            match found {
                Some(code) if !gone[code as usize] => {
                    gone[code as usize] = true;
                    customers += 1;
                    of_table.extend(in_table(code));
                }
                None if !strangers.contains(&id) => push(&mut strangers, id, "ids")?,
                _ => (),
            }
        }
        let keep = self.rows_without(rows, &gone, context)?;
        let left = Rows {
            left_out: rows.left_out.clone(),
            ..rows.take(&keep)?.only_used(context)?
        };
        let table = self.customers.as_ref();
        let table = table.map(|table| table.without(&of_table, context));
        let table = table.transpose()?.map(Arc::new);
        let (spec, offsets) = (self.spec.clone(), self.data.offsets.clone());
        let mut rest = Orders::from_rows(left, spec, table, offsets, context)?;
        rest.view = self.view.clone();
        let receipt = Receipt {
            customers,
            unknown: strangers.len() as u64,
            orders: self.data.len().saturating_sub(rest.data.len()) as u64,
            rows: (rows.len() - keep.len()) as u64,
        };
        Ok((rest, receipt))
    }

    /// The rows of customers who stay. A line without a customer belongs to the customer of its order's first line
    /// with one.
    fn rows_without(&self, rows: &Rows, gone: &[bool], context: &Context) -> Result<Vec<u32>> {
        let is_gone = |code: u32| code != NO_ID && gone[code as usize];
        let mut of_order = Vec::new();
        let keys = match &rows.order {
            Some(_) => key_of_rows(rows, &self.spec, context)?.of_row,
            None => Vec::new(),
        };
        if !keys.is_empty() {
            of_order = filled(rows.len(), NO_ID, "orders")?;
            for (order, code) in keys.iter().zip(rows.customer.iter()) {
                let owner = &mut of_order[*order as usize];
                if *owner == NO_ID {
                    *owner = *code;
                }
            }
        }
        let mut keep = room(rows.len(), "rows")?;
        for (row, code) in rows.customer.iter().enumerate() {
            let owner = match (*code, keys.get(row)) {
                (NO_ID, Some(order)) => of_order[*order as usize],
                (code, _) => code,
            };
            if !is_gone(owner) {
                keep.push(row as u32);
            }
        }
        Ok(keep)
    }
}

impl Rows {
    /// The rows with dictionaries of what they hold and nothing else.
    pub(super) fn only_used(self, context: &Context) -> Result<Rows> {
        let (ids, customer) = only_used(&self.ids, &self.customer, context)?;
        let order = self.order.as_ref();
        let dims = self.dims.iter().map(|dim| dim.only_used(context));
        Ok(Rows {
            ids,
            customer,
            order: order.map(|order| order.only_used(context)).transpose()?,
            dims: dims.collect::<Result<_>>()?,
            ..self
        })
    }
}
