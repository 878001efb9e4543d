//! Groups of orders and customers by the values of columns.

use crate::context::{Context, collect, filled, push};
use crate::data::filter::{AttributeValues, Level};
use crate::data::orders::view::rank;
use crate::data::{Customers, Orders};
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::num::rank as by_rank;
use crate::request::distinct;
use crate::table::{Column, Field};
use serde_json::json;
use std::sync::Arc;

/// What messages call the memory of this module.
const WHAT: &str = "groups";

/// The groups, in ascending order of their values, nulls last.
pub(super) struct Groups {
    columns: Vec<Of>,
    /// The group of each order; [`NO_ID`] for orders without a customer.
    pub(super) of_order: Vec<u32>,
    /// The group of each registered customer, by code; [`NO_ID`] for others. Only where all columns are of the
    /// customers table.
    pub(super) registered: Option<Vec<u32>>,
    /// An order or a registered customer of each group.
    first: Vec<Item>,
}

/// An order, or none, and a customer.
type Item = (Option<usize>, u32);

/// A column and where its values are.
struct Of {
    name: String,
    level: Level,
    values: AttributeValues,
}

impl Of {
    /// The index of an item's value.
    fn place(&self, (order, code): Item) -> usize {
        match (self.level, order) {
            (Level::Customer, _) | (_, None) => code as usize,
            (_, Some(order)) => order,
        }
    }
}

impl Groups {
    /// Groups by the values of columns of customers or orders.
    ///
    /// # Errors
    ///
    /// A column that is missing, given twice, or of lines or amounts.
    pub(super) fn new(orders: &Orders, by: &[String], context: &Context) -> Result<Groups> {
        distinct(by)?;
        if by.is_empty() {
            return Err(Error::option("by", "[]", "at least one column"));
        }
        let data = &orders.data;
        let mut columns = Vec::new();
        for name in by {
            let attribute = orders.attribute(name, context)?;
            if attribute.level == Level::Line {
                let expected =
                    "columns of customers or orders; lines of one order differ in this one";
                return Err(Error::option("by", json!(name), expected));
            }
            columns.push(Of {
                name: name.clone(),
                level: attribute.level,
                values: attribute.values,
            });
        }
        let of_customers = columns.iter().all(|column| column.level == Level::Customer);
        let of_table = |table: &Arc<Customers>| by.iter().all(|name| table.has(name));
        let of_table = of_customers && orders.customers.as_ref().is_some_and(of_table);
        let rows = orders.customer_rows.as_deref().filter(|_| of_table);
        // Orders of customers, then registered customers: the order or none, and the customer.
        let mut items = Vec::new();
        for (order, code) in data.customer.iter().enumerate() {
            if *code != NO_ID {
                push(&mut items, (Some(order), *code), WHAT)?;
            }
        }
        let n = items.len();
        for (code, row) in rows.into_iter().flatten().enumerate() {
            if *row != NO_ID {
                push(&mut items, (None, code as u32), WHAT)?;
            }
        }
        // One number each: of all columns so far, and of the next.
        let mut group = filled(items.len(), 0_u32, WHAT)?;
        let mut first = Vec::new();
        for column in &columns {
            let ranks = rank(&column.values)?;
            let keys = items.iter().zip(&group).map(|(item, group)| {
                u64::from(*group) << 32 | u64::from(ranks[column.place(*item)])
            });
            let keys = collect(keys, WHAT)?;
            first.clear();
            let mut before = None;
            for item in by_rank::order(&keys)? {
                let key = keys[item as usize];
                if before != Some(key) {
                    push(&mut first, items[item as usize], WHAT)?;
                    before = Some(key);
                }
                group[item as usize] = first.len() as u32 - 1;
            }
        }
        let mut of_order = filled(data.len(), NO_ID, WHAT)?;
        for ((order, _), group) in items[..n].iter().zip(&group) {
            of_order[order.unwrap_or(0)] = *group;
        }
        let mut registered = None;
        if let Some(rows) = rows {
            let mut of = filled(rows.len(), NO_ID, WHAT)?;
            for ((_, code), group) in items[n..].iter().zip(&group[n..]) {
                of[*code as usize] = *group;
            }
            registered = Some(of);
        }
        Ok(Groups {
            columns,
            of_order,
            registered,
            first,
        })
    }

    /// The number of groups.
    pub(super) fn len(&self) -> usize {
        self.first.len()
    }

    /// The columns of the values, one row for each group. A column of the name of `field` is that field.
    pub(super) fn columns(&self, field: &Field) -> Result<Vec<Column>> {
        let mut columns = Vec::new();
        for of in &self.columns {
            let places = collect(self.first.iter().map(|item| of.place(*item)), WHAT)?;
            let (cells, valid) = of.values.cells(&places)?;
            let column = match of.name == field.name {
                true => Column::new(field, cells),
                false => Column::named(&*of.name, cells),
            };
            columns.push(column.with_validity(valid));
        }
        Ok(columns)
    }
}
