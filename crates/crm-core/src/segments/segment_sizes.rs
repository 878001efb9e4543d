//! Sizes of segments: customers and revenue of each of several segments, and of their overlaps.
//!
//! The segments are trees, as of [`segment`](super::segment). A field that several of them name is read once. With
//! `overlaps` a row is a combination of segments instead, with the customers who are in these and in no other (the
//! table of an UpSet plot); the names of a combination are joined by ` & `, and customers in no segment have no row.
//! Revenue is that of all orders of these customers up to the date.

use super::known::Known;
use super::tree::Tree;
use crate::analysis::Analysis;
use crate::context::{Context, collect, push};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::scope::{At, Occasion};
use crate::table::shared::{CUSTOMERS, REVENUE};
use crate::table::{Column, Field, Table, Values, columns};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most segments of one request: a combination of them is a number of 64 bits.
const MOST: usize = 64;

/// Options of [`SegmentSizes`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The conditions of each segment by its name, up to 64. Default: `{"everyone": {"all": []}}`.
    pub segments: BTreeMap<String, Value>,
    /// Whether a row is a combination of segments, with the customers who are in exactly these. Default: no, a row
    /// is a segment.
    pub overlaps: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            segments: BTreeMap::from([("everyone".to_owned(), json!({"all": []}))]),
            overlaps: false,
        }
    }
}

/// The analysis `segment_sizes`.
#[derive(Debug, Clone, Copy)]
pub struct SegmentSizes;

impl Analysis for SegmentSizes {
    const NAME: &'static str = "segment_sizes";
    const SUMMARY: &'static str = "Customers and revenue of several segments, or of their overlaps";
    const JA: &'static str = "抽出条件ごとの顧客数と重なり";
    const COLUMNS: &'static [Field] = &columns! {
        "segment": Text, "", "セグメント", "The segment, or with `overlaps` the names of a combination.";
        CUSTOMERS;
        REVENUE, "Revenue of all their orders up to the date.";
    };
    const OCCASION: Option<Occasion> = None;
    type Data = Orders;
    type Options = Options;

    fn check(_: &Orders, options: &Options) -> Result<()> {
        trees(options).map(drop)
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let trees = trees(options)?;
        let mut known = Known::new(orders, at, context)?;
        let mut members = Vec::new();
        for (_, tree) in &trees {
            push(&mut members, known.chosen(tree)?, "segments")?;
        }
        let revenue = known.revenue()?;
        let mut sizes: BTreeMap<u64, (i64, i128)> = BTreeMap::new();
        if !options.overlaps {
            sizes.extend((0..trees.len()).map(|at| (1 << at, (0, 0))));
        }
        for (row, code) in known.customers.iter().enumerate() {
            let shown = orders.shows(*code);
            let all = members.iter().enumerate().filter(|(_, m)| shown && m[row]);
            let all = all.fold(0_u64, |bits, (at, _)| bits | 1 << at);
            let each = (0..trees.len()).map(|at| all & 1 << at);
            let counted: Vec<u64> = match options.overlaps {
                true => vec![all],
                false => each.collect(),
            };
            for bits in counted.into_iter().filter(|bits| *bits != 0) {
                let size = sizes.entry(bits).or_default();
                *size = (size.0 + 1, size.1 + i128::from(revenue[row]));
            }
        }
        let name = |bits: &u64| {
            let of = trees
                .iter()
                .enumerate()
                .filter(|(at, _)| bits & 1 << at != 0);
            of.map(|(_, (name, _))| name.as_str())
                .collect::<Vec<_>>()
                .join(" & ")
        };
        let names = Arc::new(sizes.keys().map(name).collect::<Vec<String>>());
        let places = 0..names.len();
        let table = Table::new(vec![
            Column::texts(&Self::COLUMNS[0], &names, places.map(|at| at as u32))?,
            Column::new(
                &CUSTOMERS,
                Values::I64(collect(sizes.values().map(|s| s.0), "table")?.into()),
            ),
            money(orders, sizes.values().map(|s| s.1))?,
        ]);
        Ok(table.with_note("analyses", json!(known.analyses())))
    }
}

/// The column of revenue.
pub(super) fn money(orders: &Orders, sums: impl ExactSizeIterator<Item = i128>) -> Result<Column> {
    let mut cells = crate::context::room(sums.len(), "table")?;
    for sum in sums {
        cells.push(i64::try_from(sum).map_err(|_| Error::Overflow {
            column: orders.spec.amount.clone(),
            what: "the revenue of a segment",
        })?);
    }
    Column::money(&REVENUE, cells.into_iter(), orders.currency())
}

fn trees(options: &Options) -> Result<Vec<(String, Tree)>> {
    let (n, expected) = (options.segments.len(), "1 to 64 segments by name");
    if !(1..=MOST).contains(&n) {
        return Err(Error::option(
            "segments",
            format_args!("{n} segments"),
            expected,
        ));
    }
    let read = |(name, value): (&String, &Value)| {
        if options.overlaps && name.contains(" & ") {
            let expected = "a name without ` & `, which joins the names of an overlap";
            return Err(Error::option("segments", name, expected));
        }
        let tree = Tree::new(value, &format!("segments.{name}"))?;
        Ok((name.clone(), tree))
    };
    options.segments.iter().map(read).collect()
}
