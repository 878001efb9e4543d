//! Size of a segment as one of its values moves: as if [`segment`](super::segment) ran once for each value.
//!
//! `vary` is the path of the value in `where`, such as `all.1.ge`, `all.0.days` or `any.2.ge.quantile`.

use super::known::{self, Known};
use super::segment_sizes::money;
use super::tree::Tree;
use crate::analysis::Analysis;
use crate::context::{Context, collect, push};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::scope::{At, Occasion};
use crate::table::shared::{CUSTOMERS, REVENUE, VALUE};
use crate::table::{Column, Field, Table, Values, columns};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Options of [`SegmentSweep`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The conditions, as of `segment`. Default: `{"field": "orders.count", "ge": 1}`.
    #[serde(rename = "where")]
    pub tree: Value,
    /// The path of the number in the conditions that moves, such as `all.1.ge`. Default: `ge`.
    pub vary: String,
    /// The values that it takes, in the order of the rows. Default: 1 to 5.
    pub values: Vec<f64>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            tree: json!({"field": "orders.count", "ge": 1}),
            vary: "ge".into(),
            values: vec![1.0, 2.0, 3.0, 4.0, 5.0],
        }
    }
}

/// The analysis `segment_sweep`.
#[derive(Debug, Clone, Copy)]
pub struct SegmentSweep;

impl Analysis for SegmentSweep {
    const NAME: &'static str = "segment_sweep";
    const SUMMARY: &'static str = "Customers and revenue of a segment as one of its values moves";
    const JA: &'static str = "抽出条件の値ごとの顧客数";
    const COLUMNS: &'static [Field] = &columns! {
        VALUE, "The value that `vary` names.";
        CUSTOMERS;
        REVENUE, "Revenue of all their orders up to the date.";
    };
    const SCOPE: &'static [&'static str] = known::SCOPE;
    const OCCASION: Option<Occasion> = None;
    type Data = Orders;
    type Options = Options;

    fn check(_: &Orders, options: &Options) -> Result<()> {
        trees(options).map(drop)
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let mut known = Known::new(orders, at, context)?;
        let revenue = known.revenue()?;
        let mut sizes: Vec<(i64, i128)> = Vec::new();
        for tree in trees(options)? {
            let chosen = known.chosen(&tree)?;
            let rows = known.customers.iter().zip(&chosen).zip(&revenue);
            let inside = rows.filter(|((code, chosen), _)| **chosen && orders.shows(**code));
            let size = inside.fold((0, 0), |(n, sum), (_, of)| (n + 1, sum + i128::from(*of)));
            push(&mut sizes, size, "table")?;
        }
        let values = collect(options.values.iter().copied(), "table")?;
        let customers = collect(sizes.iter().map(|size| size.0), "table")?;
        let table = Table::new(vec![
            Column::new(&VALUE, Values::F64(values.into())),
            Column::new(&CUSTOMERS, Values::I64(customers.into())),
            money(orders, sizes.iter().map(|size| size.1))?,
        ]);
        Ok(table.with_note("analyses", json!(known.analyses())))
    }
}

/// The tree with each of the values.
fn trees(options: &Options) -> Result<Vec<Tree>> {
    if options.values.is_empty() {
        return Err(Error::option("values", "[]", "at least one number"));
    }
    let pointer = format!("/{}", options.vary.replace('.', "/"));
    let is_number = options.tree.pointer(&pointer).is_some_and(Value::is_number);
    if !is_number {
        Tree::new(&options.tree, "where")?;
        let mut paths = Vec::new();
        numbers(&options.tree, "", &mut paths);
        let paths: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
        let expected = match paths.is_empty() {
            true => "the path of a number, and there is none in `where`".to_owned(),
            false => format!("the path of a number in `where`: {}", paths.join(", ")),
        };
        return Err(Error::option("vary", json!(options.vary), expected));
    }
    let with = |value: &f64| {
        let mut tree = options.tree.clone();
        if let Some(place) = tree.pointer_mut(&pointer) {
            let is_whole = libm::trunc(*value) == *value && libm::fabs(*value) < 9e15;
            *place = match is_whole {
                true => json!(*value as i64),
                false => json!(value),
            };
        }
        Tree::new(&tree, "where")
    };
    options.values.iter().map(with).collect()
}

/// The paths of the numbers in a tree.
fn numbers(value: &Value, path: &str, out: &mut Vec<String>) {
    let below = |key: &str| match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    match value {
        Value::Number(_) => out.push(path.to_owned()),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                numbers(item, &below(&at.to_string()), out);
            }
        }
        Value::Object(object) => {
            for (key, item) in object {
                numbers(item, &below(key), out);
            }
        }
        _ => {}
    }
}
