//! Orders without some people: what a shop does when somebody asks to be deleted (個人情報の削除請求).

use super::dataset::Orders;
use super::owners::owners;
use super::rows::Rows;
use crate::context::{Context, filled, push, room};
use crate::data::input::batches::only_used;
use crate::data::state::{Asked, Receipt};
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use std::sync::Arc;

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
        let is_known = |code: u32| known[code as usize] || in_table(code).is_some();
        let asked = Asked::new(ids, self.ids(), is_known)?;
        let mut of_table = Vec::new();
        for row in asked.found.iter().filter_map(|code| in_table(*code)) {
            push(&mut of_table, row, "customers")?;
        }
        let keep = self.rows_without(rows, &asked.marked, context)?;
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
            customers: asked.found.len() as u64,
            unknown: asked.unknown,
            orders: self.data.len().saturating_sub(rest.data.len()) as u64,
            rows: (rows.len() - keep.len()) as u64,
        };
        Ok((rest, receipt))
    }

    /// The rows of customers who stay.
    fn rows_without(&self, rows: &Rows, gone: &[bool], context: &Context) -> Result<Vec<u32>> {
        let owners = owners(rows, &self.spec, context)?;
        let mut keep = room(rows.len(), "rows")?;
        for (row, owner) in owners.iter().enumerate() {
            if *owner == NO_ID || !gone[*owner as usize] {
                keep.push(row as u32);
            }
        }
        Ok(keep)
    }
}

impl Rows {
    /// The rows with dictionaries of what they hold and nothing else.
    fn only_used(self, context: &Context) -> Result<Rows> {
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
