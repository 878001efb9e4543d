//! Similar items (関連商品): for each product those that the same baskets or customers hold, for a product page.
//!
//! # Definition
//!
//! Baskets are those of [`baskets`](super::baskets), by default those of customers. For items A and B that are together in n_AB
//! baskets,
//!
//! ```text
//! score   n_AB / √(n_A n_B) · n_AB / (n_AB + shrinkage)
//! ```
//!
//! the cosine of the two columns of baskets, drawn towards 0 where few baskets have both. A row is one of the `k` items of the
//! greatest score beside an item, at least `min_count` baskets with both; ties by n (greatest first), then id. Items without any
//! have no row and are counted in the notes. An item is never similar to itself.
//!
//! Source: Sarwar, B. and others (2001). Item-based collaborative filtering recommendation algorithms. *WWW*; Bell, R., Koren, Y.
//! (2007). Scalable collaborative filtering with jointly derived neighborhood interpolation weights. *ICDM*: the shrinkage.

use super::baskets::{BasketOf, BasketOptions, HasBaskets};
use super::fields::{BOTH, PRODUCT, SCORE};
use super::frequent;
use super::sets::Sets;
use crate::analysis::{Analysis, Input};
use crate::context::{Context, collect, filled, push, room};
use crate::error::{Error, Result};
use crate::scope::Scope;
use crate::table::shared::RANK;
use crate::table::{Column, Field, Table, Values, columns};
use libm::sqrt;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::marker::PhantomData;

/// Options of [`SimilarItems`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The column of items: product (default), category, any column of lines or orders with ids or texts.
    pub level: String,
    /// Similar items of each item, 1 to 1,000. Default 10.
    pub k: u32,
    /// Baskets with both at which the score is half the cosine. Default 5.
    pub shrinkage: f64,
    /// The least number of baskets with both items, 1 or more. Default 2.
    pub min_count: u32,
    /// What a basket is. Default: customer; of a table, its baskets (order).
    pub basket: Option<BasketOf>,
    /// Whether items whose amounts add up to 0 (gifts, samples) are in the basket. Default: no.
    pub free: bool,
    /// Baskets of more items are left out and counted, 1 to 10,000. Default 1,000.
    pub max_basket: u32,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            level: BasketOptions::LEVEL.into(),
            k: 10,
            shrinkage: 5.0,
            min_count: 2,
            basket: None,
            free: false,
            max_basket: 1_000,
        }
    }
}

/// The analysis `similar_items`, of orders or of a table of baskets.
#[derive(Debug)]
pub struct SimilarItems<D>(PhantomData<D>);

/// What messages call the memory of this module.
const WHAT: &str = "similar items";

/// An item beside another.
#[derive(Clone, Copy)]
pub(super) struct Beside {
    pub(super) item: u32,
    pub(super) similar: u32,
    pub(super) score: f64,
    n: u32,
}

/// The `k` items most similar to each, best first, of those in `min_count` baskets or more with it; by item.
pub(super) fn beside(
    sets: &Sets,
    (k, min_count): (usize, u32),
    shrinkage: f64,
    context: &Context,
) -> Result<Vec<Beside>> {
    let counts = sets.counts()?;
    let pairs = frequent::pairs(sets, min_count, context)?;
    context.afford(pairs.len().saturating_mul(32), WHAT)?;
    // The place after the last of each item; filled from the front, the place of its next.
    let mut next = filled(counts.len() + 1, 0_usize, WHAT)?;
    for pair in &pairs {
        next[pair.a as usize + 1] += 1;
        next[pair.b as usize + 1] += 1;
    }
    for item in 0..counts.len() {
        next[item + 1] += next[item];
    }
    let nothing = Beside {
        item: 0,
        similar: 0,
        score: 0.0,
        n: 0,
    };
    let mut all = filled(2 * pairs.len(), nothing, WHAT)?;
    for pair in pairs {
        let size = |item: u32| f64::from(counts[item as usize]);
        let n = f64::from(pair.n);
        let score = n / sqrt(size(pair.a) * size(pair.b)) * (n / (n + shrinkage));
        for (item, similar) in [(pair.a, pair.b), (pair.b, pair.a)] {
            let next = &mut next[item as usize];
            all[*next] = Beside {
                item,
                similar,
                score,
                n: pair.n,
            };
            *next += 1;
        }
    }
    let mut kept = Vec::new();
    for of_item in all.chunk_by_mut(|a, b| a.item == b.item) {
        let by = |a: &Beside, b: &Beside| {
            let by = b.score.total_cmp(&a.score).then(b.n.cmp(&a.n));
            by.then(a.similar.cmp(&b.similar))
        };
        let most = k.min(of_item.len());
        if most < of_item.len() {
            of_item.select_nth_unstable_by(most, by);
        }
        let best = &mut of_item[..most];
        best.sort_unstable_by(by);
        for one in best {
            push(&mut kept, *one, WHAT)?;
        }
    }
    Ok(kept)
}

impl<D: HasBaskets + 'static> Analysis for SimilarItems<D> {
    const NAME: &'static str = "similar_items";
    const SUMMARY: &'static str =
        "For each product those that the same customers buy; of orders or of a table of baskets";
    const JA: &'static str = "関連商品";
    const COLUMNS: &'static [Field] = &columns! {
        PRODUCT;
        RANK, "1 for the most similar.";
        "similar": Id, "", "関連商品", "The similar item.";
        SCORE, "The shrunk cosine.";
        BOTH, "Baskets with both.";
    };
    const SCOPE: &'static [&'static str] = D::KEYS;
    type Data = D;
    type Options = Options;

    fn resolve(_: &D, scope: Scope, mut options: Options) -> Result<(Scope, Options)> {
        options.basket.get_or_insert(D::WHOLE);
        Ok((scope, options))
    }

    fn run(data: &D, at: &<D as Input>::At, options: &Options, context: &Context) -> Result<Table> {
        if !(1..=1_000).contains(&options.k) {
            return Err(Error::option("k", options.k, "1 to 1,000"));
        }
        if options.min_count == 0 {
            return Err(Error::option("min_count", 0, "1 or more"));
        }
        if !(options.shrinkage >= 0.0 && options.shrinkage.is_finite()) {
            return Err(Error::option("shrinkage", options.shrinkage, "0 or more"));
        }
        let reading = BasketOptions {
            level: options.level.clone(),
            basket: options.basket.unwrap_or(D::WHOLE),
            free: options.free,
            max_basket: options.max_basket,
        };
        let baskets = data.baskets(at, &reading, context)?;
        let counts = baskets.sets.counts()?;
        let most = (options.k as usize, options.min_count);
        let beside = beside(&baskets.sets, most, options.shrinkage, context)?;
        let mut with_any = 0;
        let mut rows = room(beside.len(), WHAT)?;
        for of_item in beside.chunk_by(|a, b| a.item == b.item) {
            with_any += 1;
            rows.extend((1..).zip(of_item));
        }
        let items = counts.iter().filter(|count| **count > 0).count();
        let f = Self::COLUMNS;
        let by_id = baskets.ids.by_id()?;
        let ids = |field: &Field, of: fn(&Beside) -> u32| {
            let codes = rows.iter().map(|(_, row)| by_id[of(row) as usize]);
            Column::ids(field, &baskets.ids, codes)
        };
        let ranks = collect(rows.iter().map(|(rank, _)| *rank), "table")?;
        let scores = collect(rows.iter().map(|(_, row)| row.score), "table")?;
        let n = collect(rows.iter().map(|(_, row)| i64::from(row.n)), "table")?;
        let table = Table::new(vec![
            ids(&f[0], |row| row.item)?,
            Column::new(&f[1], Values::I64(ranks.into())),
            ids(&f[2], |row| row.similar)?,
            Column::finite(&f[3], scores)?,
            Column::new(&f[4], Values::I64(n.into())),
        ]);
        let table = baskets.noted(table);
        Ok(table.with_note("items_without_similar", json!(items - with_any)))
    }
}
