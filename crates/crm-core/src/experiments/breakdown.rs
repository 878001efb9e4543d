//! A breakdown of messages by columns of the event that sent them.

use crate::context::collect;
use crate::data::Events;
use crate::data::filter::AttributeValues;
use crate::data::orders::view::rank;
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::request::distinct;
use crate::table::optional::ids_column;
use crate::table::{Column, Field, Type};
use std::cmp::Ordering;

struct By {
    name: String,
    values: AttributeValues,
    /// The rank of each event's value, nulls last.
    ranks: Vec<u32>,
}

/// The columns of a breakdown.
pub(super) struct Breakdown(Vec<By>);

impl Breakdown {
    pub(super) fn new(events: &Events, names: &[String]) -> Result<Breakdown> {
        distinct(names)?;
        let own =
            |name: &&String| *name == "campaign" || events.spec().campaign.as_ref() == Some(*name);
        if let Some(name) = names.iter().find(own) {
            let expected = "other columns: each campaign has rows of its own";
            return Err(Error::option("by", format_args!("{name:?}"), expected));
        }
        let mut columns = Vec::new();
        for name in names {
            let values = events.attribute(name)?;
            if !matches!(
                values,
                AttributeValues::Codes(..) | AttributeValues::Words(..)
            ) {
                return Err(Error::option("by", format_args!("{name:?}"), "categories"));
            }
            let ranks = rank(&values)?;
            let name = name.clone();
            columns.push(By {
                name,
                values,
                ranks,
            });
        }
        Ok(Breakdown(columns))
    }

    /// Compares the values of two events.
    pub(super) fn compare(&self, a: usize, b: usize) -> Ordering {
        let orders = self.0.iter().map(|by| by.ranks[a].cmp(&by.ranks[b]));
        orders.fold(Ordering::Equal, Ordering::then)
    }

    /// Whether a value of an event is null.
    pub(super) fn has_null(&self, event: usize) -> bool {
        self.0.iter().any(|by| by.ranks[event] == NO_ID)
    }

    /// Whether the first event's values are those of the second, where it has any.
    pub(super) fn fits(&self, event: usize, of: usize) -> bool {
        let mut columns = self.0.iter();
        columns.all(|by| by.ranks[event] == NO_ID || by.ranks[event] == by.ranks[of])
    }

    /// The columns, under their own names, of rows whose values are those of these events.
    pub(super) fn columns(&self, events: &[usize]) -> Result<Vec<Column>> {
        let field = Field::new("by", Type::Id, "", "", "");
        let columns = self.0.iter().map(|by| {
            let column = match &by.values {
                AttributeValues::Codes(ids, codes) => {
                    let codes = collect(events.iter().map(|event| codes[*event]), "table")?;
                    ids_column(&field, ids, codes)?
                }
                AttributeValues::Words(labels, codes) => {
                    let word = |event: &usize| {
                        Some(codes[*event]).filter(|code| usize::from(*code) < labels.len())
                    };
                    Column::words(&field, labels, events.iter().map(word))?
                }
                _ => return Err(Error::internal("a breakdown by a column of no categories")),
            };
            Ok(column.renamed(by.name.clone()))
        });
        columns.collect()
    }
}
