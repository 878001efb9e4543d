//! What a group buys more than others (属性別の特徴商品).
//!
//! # Definition
//!
//! The groups are those of [`attributes`](super::attributes), items and orders those of [`baskets`](super::baskets). A row is an item that
//! at least `min_count` buyers of the group have bought. With y the buyers of the item in the group, N the buyers of any item there,
//!
//! ```text
//! share            y / N                        share_elsewhere  the same in all other groups together
//! index            100 × share / share of all groups (100 is average)
//! log_odds         ln (y + α)/(n + A − y − α) − ln (y' + α)/(n' + A − y' − α)
//! z                log_odds / √(1/(y + α) + 1/(y' + α))
//! ```
//!
//! where n is the sum of y over the items of the group, a prime is all other groups, and α is the prior of the item: its share of all
//! buyers of items, times A, the mean n of the groups. The prior draws rare items towards no difference, so that an item of two
//! buyers does not lead the list. Rows are ordered by group, then z (greatest first), then item.
//!
//! Source: Monroe, B. L., Colaresi, M. P., Quinn, K. M. (2008). Fightin' words. *Political Analysis* 16, eq. 15-22.

use super::baskets::{BasketOf, BasketOptions, Entries};
use super::fields::{BUYERS, INDEX, PRODUCT};
use super::groups::Groups;
use crate::analysis::Analysis;
use crate::context::{Context, collect, filled, push};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::scope::{At, Occasion};
use crate::table::shared::{CHANNEL, SHARE};
use crate::table::{Column, Field, Table, Values, columns};
use libm::{log, sqrt};
use serde::{Deserialize, Serialize};

/// Options of [`AttributeProducts`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The columns whose values are the groups: of the customers table, `first_` columns, or columns of orders. Default:
    /// channel.
    pub by: Vec<String>,
    /// The column of items: product (default), category, any column of lines or orders with ids or texts.
    pub level: String,
    /// The least number of buyers of the item in the group, 1 or more. Default 5.
    pub min_count: u32,
    /// Whether items whose amounts add up to 0 (gifts, samples) count. Default: no.
    pub free: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            by: vec!["channel".into()],
            level: BasketOptions::LEVEL.into(),
            min_count: 5,
            free: false,
        }
    }
}

/// The analysis `attribute_products`.
#[derive(Debug)]
pub struct AttributeProducts;

/// A row.
struct Row {
    group: usize,
    item: u32,
    buyers: u64,
    share: f64,
    share_elsewhere: Option<f64>,
    index: f64,
    log_odds: f64,
    z: f64,
}

impl Analysis for AttributeProducts {
    const NAME: &'static str = "attribute_products";
    const SUMMARY: &'static str = "Products that the customers of a channel, a prefecture or another attribute buy more than others";
    const JA: &'static str = "属性別特徴商品";
    const COLUMNS: &'static [Field] = &columns! {
        CHANNEL, "The columns of `by`, under their own names.";
        PRODUCT;
        BUYERS, "Customers of the group with an order that counts and has the item.";
        SHARE, "buyers / buyers of any item in the group.";
        "share_elsewhere": Float, "share", "他での割合", "The same in all other groups; null with one group.";
        INDEX, "100 × share / share of all groups.";
        "log_odds": Float, "", "対数オッズ比", "Above 0: bought more than elsewhere; drawn towards 0 for rare items.";
        "z": Float, "", "z値", "log_odds / its standard error; beyond ±2 is rarely chance.";
    };
    const SCOPE: &'static [&'static str] = &["as_of", "where", "customers", "policy"];
    const OCCASION: Option<Occasion> = None;
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        if options.min_count == 0 {
            return Err(Error::option("min_count", 0, "1 or more"));
        }
        let groups = Groups::new(orders, &options.by, context)?;
        let of = (options.level.as_str(), options.free);
        let entries = Entries::new(orders, at, of, BasketOf::Order, context)?;
        // Who bought an item in a group, each once; then who bought any.
        let mut bought = Vec::new();
        for (order, item) in entries.baskets.iter().zip(&entries.items) {
            let group = groups.of_order[*order as usize];
            if group != NO_ID {
                let customer = orders.data.customer[*order as usize];
                push(&mut bought, (group, *item, customer), "buyers")?;
            }
        }
        bought.sort_unstable();
        bought.dedup();
        let mut counts: Vec<(u32, u32, u64)> = Vec::new();
        for of_item in bought.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let (group, item, _) = of_item[0];
            push(&mut counts, (group, item, of_item.len() as u64), "buyers")?;
        }
        bought.sort_unstable_by_key(|(group, _, customer)| (*group, *customer));
        bought.dedup_by_key(|(group, _, customer)| (*group, *customer));
        let mut buyers = filled(groups.len(), 0_u64, "buyers")?;
        for (group, _, _) in &bought {
            buyers[*group as usize] += 1;
        }
        let rows = rows(&counts, &buyers, entries.ids.len(), options.min_count)?;
        table(&groups, &entries, &rows)
    }
}

/// The rows, from the buyers of each item in each group and the buyers of each group.
fn rows(
    counts: &[(u32, u32, u64)],
    buyers: &[u64],
    n_items: usize,
    least: u32,
) -> Result<Vec<Row>> {
    let mut of_item = filled(n_items, 0_u64, "buyers")?;
    let mut of_group = filled(buyers.len(), 0_u64, "buyers")?;
    for (group, item, count) in counts {
        of_item[*item as usize] += count;
        of_group[*group as usize] += count;
    }
    let n: u64 = of_group.iter().sum();
    let people: u64 = buyers.iter().sum();
    let present = of_group.iter().filter(|n| **n > 0).count().max(1);
    let prior = n as f64 / present as f64;
    let mut rows = Vec::new();
    for (group, item, y) in counts.iter().filter(|count| count.2 >= u64::from(least)) {
        let (group, whole) = (*group as usize, of_item[*item as usize]);
        let elsewhere = (people - buyers[group]) as f64;
        let share = *y as f64 / buyers[group] as f64;
        let alpha = prior * whole as f64 / n as f64;
        // y + α and n + A − y − α, here and elsewhere.
        let odds = |y: u64, n: u64| {
            let y = y as f64 + alpha;
            (y, n as f64 + prior - y)
        };
        let (here, not_here) = odds(*y, of_group[group]);
        let (there, not_there) = odds(whole - y, n - of_group[group]);
        let log_odds = log(here / not_here) - log(there / not_there);
        let row = Row {
            group,
            item: *item,
            buyers: *y,
            share,
            share_elsewhere: (elsewhere > 0.0).then(|| (whole - y) as f64 / elsewhere),
            index: 100.0 * share / (whole as f64 / people as f64),
            log_odds,
            z: log_odds / sqrt(1.0 / here + 1.0 / there),
        };
        push(&mut rows, row, "buyers")?;
    }
    rows.sort_unstable_by(|a, b| {
        let by = a.group.cmp(&b.group).then(b.z.total_cmp(&a.z));
        by.then(a.item.cmp(&b.item))
    });
    Ok(rows)
}

fn table(groups: &Groups, entries: &Entries, rows: &[Row]) -> Result<Table> {
    let f = AttributeProducts::COLUMNS;
    let floats = |field: &Field, of: fn(&Row) -> Option<f64>| {
        let finite = |row: &Row| of(row).filter(|v| v.is_finite());
        Column::floats(field, rows.iter().map(finite))
    };
    let by_id = entries.ids.by_id()?;
    let items = rows.iter().map(|row| by_id[row.item as usize]);
    let buyers = collect(rows.iter().map(|row| row.buyers as i64), "table")?;
    let of_rows = collect(rows.iter().map(|row| row.group), "table")?;
    let values = Table::new(groups.columns(&f[0])?).take(&of_rows)?;
    let values = collect(values.columns().iter().cloned(), "table")?;
    Table::new(vec![
        Column::ids(&f[1], &entries.ids, items)?,
        Column::new(&f[2], Values::I64(buyers.into())),
        floats(&f[3], |row| Some(row.share))?,
        floats(&f[4], |row| row.share_elsewhere)?,
        floats(&f[5], |row| Some(row.index))?,
        floats(&f[6], |row| Some(row.log_odds))?,
        floats(&f[7], |row| Some(row.z))?,
    ])
    .prepended(values)
}
