//! The customer of each row, and the rows of each customer together.

use super::dataset::Orders;
use super::group::key_of_rows;
use super::rows::Rows;
use super::rows_of_customers::RowsOfCustomers;
use super::spec::OrdersSpec;
use crate::context::{Context, collect, filled};
use crate::error::Result;
use crate::ids::NO_ID;
use crate::turn::briefly;
use std::borrow::Cow;
use std::sync::Arc;

impl RowsOfCustomers {
    fn build(rows: &Rows, spec: &OrdersSpec, context: &Context) -> Result<RowsOfCustomers> {
        let (n, what) = (rows.ids.len(), "the rows of customers");
        context.afford(4 * (rows.len() + n), what)?;
        let owners = owners(rows, spec, context)?;
        let mut starts = filled(n + 1, 0_u32, what)?;
        for code in owners.iter().filter(|code| **code != NO_ID) {
            starts[*code as usize + 1] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = collect(starts[..n].iter().copied(), what)?;
        let mut all = filled(sum as usize, 0_u32, what)?;
        for (row, code) in owners.iter().enumerate() {
            if let Some(next) = next.get_mut(*code as usize) {
                all[*next as usize] = row as u32;
                *next += 1;
            }
        }
        Ok(RowsOfCustomers { starts, rows: all })
    }
}

/// The customer of each row. A line without a customer belongs to the customer of its order's first line with one.
pub(super) fn owners<'a>(
    rows: &'a Rows,
    spec: &OrdersSpec,
    context: &Context,
) -> Result<Cow<'a, [u32]>> {
    if rows.order.is_none() || !rows.customer.contains(&NO_ID) {
        return Ok(Cow::Borrowed(&rows.customer));
    }
    let keys = key_of_rows(rows, spec, context)?.of_row;
    let mut of_order = filled(rows.len(), NO_ID, "orders")?;
    for (order, code) in keys.iter().zip(rows.customer.iter()) {
        let owner = &mut of_order[*order as usize];
        if *owner == NO_ID {
            *owner = *code;
        }
    }
    let owner = |(code, order): (&u32, &u32)| match *code {
        NO_ID => of_order[*order as usize],
        code => code,
    };
    let owners = rows.customer.iter().zip(&keys).map(owner);
    Ok(Cow::Owned(collect(owners, "rows")?))
}

impl Orders {
    /// The rows of each customer, built on first use. After a failed build the next caller builds them.
    pub(super) fn rows_of_customers(
        &self,
        rows: &Rows,
        context: &Context,
    ) -> Result<Arc<RowsOfCustomers>> {
        let data = &self.data;
        let built = || briefly(&data.rows_of_customers).and_then(|cell| cell.clone());
        if let Some(built) = built() {
            return Ok(built);
        }
        let _turn = data.turn.take();
        if let Some(built) = built() {
            return Ok(built); // another thread was first
        }
        let made = Arc::new(RowsOfCustomers::build(rows, &self.spec, context)?);
        if let Some(mut cell) = briefly(&data.rows_of_customers) {
            *cell = Some(made.clone());
        }
        Ok(made)
    }
}
