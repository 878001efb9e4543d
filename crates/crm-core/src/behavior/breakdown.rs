//! Breakdowns of the rates of carts and browsing by product, page, channel or hour: each cart or
//! browse counts on the line of one event's categories.

use crate::columns::Buf;
use crate::context::{collect, push};
use crate::data::Events;
use crate::data::filter::AttributeValues;
use crate::data::orders::view::rank;
use crate::error::{Error, Result};
use crate::ids::{Ids, NO_ID};
use crate::num::ratio::Sums;
use crate::request::distinct;
use crate::table::optional::ids_column;
use crate::table::{Column, Field, Type};
use std::cmp::Ordering;
use std::sync::Arc;

/// One column of a breakdown: the value of each event, and the rank of the value.
struct By {
    name: String,
    ids: Arc<Ids>,
    codes: Buf<u32>,
    ranks: Vec<u32>,
}

/// The columns of a breakdown.
pub(crate) struct Breakdown(Vec<By>);

/// One cart or browse, and the event on whose line it counts.
pub(crate) struct Part<T> {
    /// The event whose categories choose the line.
    pub(crate) event: u32,
    /// The visitor's index among the visitors of the events.
    pub(crate) unit: u32,
    pub(crate) what: T,
}

/// The counts of a line.
pub(crate) trait Counts: Default {
    /// One counted cart or browse.
    type Of;
    /// Adds one to the counts.
    fn count(&mut self, one: &Self::Of);
    /// Abandoned, and all.
    fn abandoned(&self) -> (u64, u64);
}

/// A line: one of its events, its counts over all visitors, and sums by visitor for the rate's
/// interval.
pub(crate) struct Line<L> {
    pub(crate) event: Option<u32>,
    pub(crate) counts: L,
    pub(crate) abandoned: Sums,
}

impl Breakdown {
    /// The breakdown by columns with these names.
    ///
    /// # Errors
    ///
    /// A column that does not exist, or that holds no categories.
    pub(crate) fn new(events: &Events, names: &[String]) -> Result<Breakdown> {
        distinct(names)?;
        let mut columns = Vec::new();
        for name in names {
            let values = events.attribute(name)?;
            let ranks = rank(&values)?;
            let AttributeValues::Codes(ids, codes) = values else {
                return Err(Error::option("by", format_args!("{name:?}"), "categories"));
            };
            let name = name.clone();
            columns.push(By {
                name,
                ids,
                codes,
                ranks,
            });
        }
        Ok(Breakdown(columns))
    }

    /// Orders the categories of two events, nulls last.
    fn compare(&self, a: u32, b: u32) -> Ordering {
        let ranks = self.0.iter();
        let ranks = ranks.map(|by| (by.ranks[a as usize], by.ranks[b as usize]));
        let orders = ranks.map(|(x, y)| x.cmp(&y));
        orders.fold(Ordering::Equal, Ordering::then)
    }

    /// Lines in ascending order. Without columns there is one line of everything.
    pub(crate) fn lines<L: Counts>(&self, mut parts: Vec<Part<L::Of>>) -> Result<Vec<Line<L>>> {
        let order = |a: &Part<L::Of>, b: &Part<L::Of>| {
            let keys = self.compare(a.event, b.event);
            keys.then((a.unit, a.event).cmp(&(b.unit, b.event)))
        };
        parts.sort_unstable_by(order);
        let mut lines = Vec::new();
        for of_line in parts.chunk_by(|a, b| self.compare(a.event, b.event).is_eq()) {
            let (mut counts, mut abandoned) = (L::default(), Sums::default());
            for of_visitor in of_line.chunk_by(|a, b| a.unit == b.unit) {
                let mut own = L::default();
                for part in of_visitor {
                    own.count(&part.what);
                    counts.count(&part.what);
                }
                let (hits, trials) = own.abandoned();
                abandoned.add(hits, trials);
            }
            let event = Some(of_line[0].event);
            let line = Line {
                event,
                counts,
                abandoned,
            };
            push(&mut lines, line, "breakdown")?;
        }
        if self.0.is_empty() && lines.is_empty() {
            let (counts, abandoned) = (L::default(), Sums::default());
            push(
                &mut lines,
                Line {
                    event: None,
                    counts,
                    abandoned,
                },
                "breakdown",
            )?;
        }
        Ok(lines)
    }

    /// The columns of the breakdown, under their own names.
    pub(crate) fn columns<L>(&self, lines: &[Line<L>]) -> Result<Vec<Column>> {
        let field = Field::new("by", Type::Id, "", "", "");
        let columns = self.0.iter().map(|by| {
            let code = |line: &Line<L>| line.event.map_or(NO_ID, |event| by.codes[event as usize]);
            let codes = collect(lines.iter().map(code), "table")?;
            let column = ids_column(&field, &by.ids, codes)?;
            Ok(column.renamed(by.name.clone()))
        });
        columns.collect()
    }
}
