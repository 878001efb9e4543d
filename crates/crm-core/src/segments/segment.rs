//! A segment (条件による抽出): the customers who meet conditions, with the values of the fields in them, each a column
//! under the name of its field.
//!
//! The conditions are a tree in JSON, `segments/tree.rs`; `segments/known.rs` lists the fields. A leaf on a field
//! without a value does not hold, unless it is `{"null": true}`; `not` inverts that. Quantiles are over all customers
//! with a value, whether or not `customers` shows them: the least value with at least that share of the values not
//! above it.
//!
//! Named analyses run with their defaults, at the date and under `policy`, `basis`, `refunds`, `churn_days`,
//! `churn_boundary` and `occasion` of the segment; `options` of a leaf replace them.

use super::known::{self, Known};
use super::tree::Tree;
use crate::analysis::Analysis;
use crate::context::{Context, collect, push};
use crate::data::Orders;
use crate::error::Result;
use crate::scope::{At, Occasion};
use crate::table::{CUSTOMER_ID, Column, Field, Table, Values, columns};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// Options of [`Segment`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The conditions: `{"all": [...]}`, `{"any": [...]}`, `{"not": ...}`, or a field with an operator such as
    /// `{"field": "rfm.segment", "in": ["champions", "loyal"]}`. Default: `{"all": []}`, everyone.
    #[serde(rename = "where")]
    pub tree: Value,
    /// Whether all customers have a row, with the condition that decided. Default: no, only those of the segment.
    pub explain: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            tree: json!({"all": []}),
            explain: false,
        }
    }
}

/// The analysis `segment`.
///
/// ```
/// use crm_core::{Context, Currency, Dataset, Orders, Zone, register};
/// let orders = Orders::builder(Currency::JPY, Zone::UTC)
///     .order("c1", "2026-01-05", 5_000)
///     .order("c1", "2026-03-05", 7_000)
///     .order("c2", "2026-02-01", 2_000)
///     .build()?;
/// let request = r#"{"where": {"all": [
///     {"field": "orders.count", "ge": 2},
///     {"field": "rfm.recency_days", "lt": 30}
/// ]}}"#;
/// let table = register::run("segment", &Dataset::Orders(&orders), request, &Context::default())?;
/// let names: Vec<&str> = table.columns().iter().map(|column| column.name()).collect();
/// assert_eq!((table.len(), names), (1, vec!["customer_id", "orders.count", "rfm.recency_days"]));
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Segment;

impl Analysis for Segment {
    const NAME: &'static str = "segment";
    const SUMMARY: &'static str =
        "Customers who meet conditions on orders, the customers table and columns of analyses";
    const JA: &'static str = "条件による顧客抽出";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        "selected": Bool, "", "該当", "Whether the conditions hold; only with `explain`.";
        "decided_by": Text, "", "決め手の条件", "The condition that was evaluated last; only with `explain`.";
    };
    const SCOPE: &'static [&'static str] = known::SCOPE;
    const OCCASION: Option<Occasion> = None;
    type Data = Orders;
    type Options = Options;

    fn check(_: &Orders, options: &Options) -> Result<()> {
        Tree::new(&options.tree, "where").map(drop)
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let tree = Tree::new(&options.tree, "where")?;
        let mut known = Known::new(orders, at, context)?;
        let leaves = known.leaves(&tree)?;
        let decide = |row: usize| tree.holds(|leaf| leaves[leaf].1[row]);
        let mut rows = Vec::new();
        for row in 0..known.customers.len() {
            if options.explain || decide(row).0 {
                push(&mut rows, row, "segment")?;
            }
        }
        let codes = known.customers.iter().copied();
        let mut columns = vec![Column::ids(&CUSTOMER_ID, orders.ids(), codes)?];
        if options.explain {
            let decided = (0..known.customers.len()).map(decide);
            columns.extend(explained(&tree, collect(decided, "segment")?)?);
        }
        let mut places: Vec<usize> = Vec::new();
        for (place, _) in &leaves {
            if !places.contains(place) {
                places.push(*place);
            }
        }
        columns.extend(known.columns(&places)?);
        let table = Table::new(columns).take(&rows)?;
        Ok(table.with_note("analyses", json!(known.analyses())))
    }
}

/// The columns `selected` and `decided_by`.
fn explained(tree: &Tree, decided: Vec<(bool, Option<usize>)>) -> Result<[Column; 2]> {
    let paths = tree.leaves.iter().map(|leaf| leaf.path.clone());
    let mut paths = collect(paths, "segment")?;
    if paths.is_empty() {
        // The code of a null cell is that of a text.
        push(&mut paths, String::new(), "segment")?;
    }
    let paths = Arc::new(paths);
    let selected = collect(decided.iter().map(|(holds, _)| *holds), "segment")?;
    let by = decided
        .iter()
        .map(|(_, leaf)| leaf.map_or(0, |leaf| leaf as u32));
    let known = collect(decided.iter().map(|(_, leaf)| leaf.is_some()), "segment")?;
    Ok([
        Column::new(&Segment::COLUMNS[1], Values::Bool(selected)),
        Column::texts(&Segment::COLUMNS[2], &paths, by)?.with_validity(known),
    ])
}
