//! A breakdown of messages by columns of the event that sent them.

use super::messages::Campaigns;
use crate::context::{collect, filled};
use crate::data::Events;
use crate::data::filter::AttributeValues;
use crate::data::orders::view::rank;
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::num::rank;
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

/// Places in groups; see [`Breakdown::groups`].
pub(super) struct Groups {
    places: Vec<u32>,
    ends: Vec<u32>,
}

impl Groups {
    /// The places of each group.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let ranges = starts.zip(&self.ends);
        ranges.map(|(start, end)| &self.places[start as usize..*end as usize])
    }
}

/// Splits groups by the rank of each member. Returns how many there are then, in ascending order of group and rank.
fn refine(group: &mut [u32], ranks: impl ExactSizeIterator<Item = u32>) -> Result<usize> {
    let keys = group
        .iter()
        .zip(ranks)
        .map(|(of, rank)| u64::from(*of) << 32 | u64::from(rank));
    let keys = collect(keys, "groups")?;
    let mut distinct = rank::sorted(&keys)?;
    distinct.dedup();
    for (of, key) in group.iter_mut().zip(&keys) {
        *of = distinct.partition_point(|k| k < key) as u32;
    }
    Ok(distinct.len())
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

    /// Events in groups of equal values and one campaign: the places of each group, as they come, the groups in ascending order.
    pub(super) fn groups(
        &self,
        events: impl ExactSizeIterator<Item = usize> + Clone,
        campaigns: &Campaigns,
    ) -> Result<Groups> {
        // The number of each event's group by the columns so far.
        let mut group = filled(events.len(), 0_u32, "groups")?;
        for by in &self.0 {
            refine(&mut group, events.clone().map(|event| by.ranks[event]))?;
        }
        let n = refine(&mut group, events.map(|event| campaigns.rank(event)))?;
        let mut ends = filled(n + 1, 0_u32, "groups")?;
        group.iter().for_each(|of| ends[*of as usize + 1] += 1);
        for at in 0..n {
            ends[at + 1] += ends[at];
        }
        let mut places = filled(group.len(), 0_u32, "groups")?;
        for (place, of) in group.iter().enumerate() {
            let next = &mut ends[*of as usize];
            places[*next as usize] = place as u32;
            *next += 1;
        }
        ends.truncate(n);
        Ok(Groups { places, ends })
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
