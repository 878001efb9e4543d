//! Orders under the ids of persons (名寄せ): one customer, one id.

use super::dataset::Orders;
use super::rows::Rows;
use crate::context::Context;
use crate::data::input::persons::{Persons, mapped};
use crate::error::{Error, Result};
use crate::table::Table;
use std::sync::Arc;

impl Orders {
    /// The orders under the ids of persons, as if the input had them: `persons` is the table that `identify` makes, or any
    /// with `record_id` and `person_id`. Customers who are no record keep their ids. Another table of persons on the
    /// original orders undoes a merge.
    ///
    /// In the customers table a person has the row with its own id, else that of its least id; the first registration of
    /// its rows counts, and a person who has opted out anywhere has opted out.
    ///
    /// ```
    /// use crm_core::columns::{Batch, ColumnData, ColumnValues, Strings};
    /// use crm_core::{Context, Currency, Orders, Table, Zone};
    /// let orders = Orders::builder(Currency::JPY, Zone::UTC)
    ///     .order("guest-7", "2026-01-05", 5_000)
    ///     .order("hanako", "2026-02-06", 2_000)
    ///     .build()?;
    /// let texts = |texts: &[&str]| -> crm_core::Result<ColumnData> {
    ///     let texts = texts.iter().map(|text| text.as_bytes());
    ///     Ok(ColumnValues::Text(Strings::collect(texts)?).into())
    /// };
    /// let persons: Batch = vec![
    ///     ("record_id".into(), texts(&["guest-7", "hanako"])?),
    ///     ("person_id".into(), texts(&["hanako", "hanako"])?),
    /// ];
    /// let persons = Table::from_batch(&persons, &Context::default())?;
    /// assert_eq!(orders.with_persons(&persons, &Context::default())?.n_customers(), 1);
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A view with a filter; ids of another type; two persons for one record; errors of grouping the rows.
    pub fn with_persons(&self, persons: &Table, context: &Context) -> Result<Orders> {
        let whole = self.view.mask.is_none() && self.view.chosen.is_none();
        let Some(rows) = self.data.came.as_ref().filter(|_| whole) else {
            let expected = "a whole import, not a view with a filter";
            return Err(Error::option("with_persons", "", expected));
        };
        let Some(persons) = Persons::read(persons)? else {
            return Ok(self.clone());
        };
        let (ids, map) = persons.map(&rows.ids, context)?;
        let rows = Rows {
            customer: mapped(&rows.customer, &map)?.into(),
            ids,
            ..Rows::clone(rows)
        };
        let table = self.customers.as_ref();
        let table = table.map(|table| table.with_persons(&persons, context));
        let table = table.transpose()?.map(Arc::new);
        let (spec, offsets) = (self.spec.clone(), self.data.offsets.clone());
        let mut orders =
            Orders::from_rows(rows.only_used(context)?, spec, table, offsets, context)?;
        orders.view = self.view.clone();
        Ok(orders)
    }

    /// How many records of a table of persons are no customer of these orders: all of them, if the ids are written in
    /// another way.
    ///
    /// # Errors
    ///
    /// Those of [`Orders::with_persons`] about the table.
    pub fn unknown_records(&self, persons: &Table) -> Result<u64> {
        Ok(Persons::read(persons)?.map_or(0, |persons| persons.unknown(self.ids())))
    }
}
