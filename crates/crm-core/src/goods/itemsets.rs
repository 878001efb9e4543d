//! Frequent itemsets (頻出アイテムセット): which items are together in many baskets, any number of them.
//!
//! # Definition
//!
//! Baskets are those of [`baskets`](super::baskets). A row is a set of items that are all in at least `min_support` of the
//! baskets (and in at least `min_count`), of one item or more; the count is exact. Rows are ordered by count (greatest first),
//! then size, then ids. Names are joined by ` + `; a name in which this or a quotation mark occurs, or an empty one, is in quotation marks.
//!
//! The number of sets doubles with each item that is often together with the others. More than 20,000,000 items in all sets
//! are refused: then a higher `min_support` or `min_count`, or `max_length`.

use super::baskets::{BasketOptions, Baskets, HasBaskets};
use super::fields::{BOTH, SUPPORT};
use super::frequent;
use crate::analysis::{Analysis, Input};
use crate::context::{Context, collect, push};
use crate::error::{Error, Result};
use crate::num::Probability;
use crate::scope::Scope;
use crate::table::{Column, Field, Table, Values, columns};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;
use std::sync::Arc;

/// Options of [`Itemsets`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The least share of baskets with all items. Default: none if `min_count` is given, else 0.01.
    pub min_support: Option<Probability>,
    /// The least number of baskets with all items, 1 or more. Default: none.
    pub min_count: Option<u32>,
    /// The most items of a set. Default: all sizes.
    pub max_length: Option<u32>,
    /// What baskets are.
    #[serde(flatten)]
    pub baskets: BasketOptions,
}

/// The default of `min_support`.
pub(super) const MIN_SUPPORT: f64 = 0.01;

/// The least number of baskets of a set, from both options.
///
/// # Errors
///
/// An option out of range.
pub(super) fn least(
    baskets: &Baskets,
    min_support: Option<Probability>,
    min_count: Option<u32>,
) -> Result<u32> {
    if min_count == Some(0) {
        return Err(Error::option("min_count", 0, "1 or more"));
    }
    let n = baskets.sets.len() as f64;
    let share = min_support.map_or(0.0, Probability::get);
    // The least whole number whose share is not below: the product may be off by a rounding.
    let mut least = libm::floor(share * n).max(1.0);
    while least / n < share {
        least += 1.0;
    }
    while least > 1.0 && (least - 1.0) / n >= share {
        least -= 1.0;
    }
    Ok((least as u32).max(min_count.unwrap_or(1)))
}

/// The most items of a set.
///
/// # Errors
///
/// An option out of range.
pub(super) fn longest(max_length: Option<u32>, max_basket: u32) -> Result<usize> {
    match max_length {
        Some(0) => Err(Error::option("max_length", 0, "1 or more")),
        Some(most) => Ok(most.min(max_basket) as usize),
        None => Ok(max_basket as usize),
    }
}

/// The analysis `itemsets`, of orders or of a table of baskets.
///
/// ```
/// use crm_core::columns::{Batch, ColumnValues, Strings};
/// use crm_core::{Context, Dataset, Table, register};
/// let ids = ColumnValues::Int { values: vec![1, 1, 2, 2, 3].into(), bits: 64 }.into();
/// let items = Strings::collect([&b"tea"[..], b"cup", b"tea", b"cup", b"pot"].into_iter())?;
/// let batch: Batch = vec![
///     ("basket_id".into(), ids),
///     ("item".into(), ColumnValues::Text(items).into()),
/// ];
/// let baskets = Table::from_batch(&batch, &Context::default())?;
/// let request = r#"{"min_count": 2}"#;
/// let table = register::run("itemsets", &Dataset::Table(&baskets), request, &Context::default())?;
/// assert_eq!(table.len(), 3); // cup, tea, cup + tea
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Itemsets<D>(PhantomData<D>);

impl<D: HasBaskets + 'static> Analysis for Itemsets<D> {
    const NAME: &'static str = "itemsets";
    const SUMMARY: &'static str =
        "Sets of items that are together in many baskets; of orders or of a table of baskets";
    const JA: &'static str = "頻出アイテムセット";
    const COLUMNS: &'static [Field] = &columns! {
        "items": Text, "", "商品の組", "The items in the order of their ids, joined by ` + `.";
        "size": Int, "items", "商品数", "Items of the set.";
        BOTH, "Baskets with all items.";
        SUPPORT, "n / baskets.";
    };
    const SCOPE: &'static [&'static str] = D::KEYS;
    type Data = D;
    type Options = Options;

    fn resolve(_: &D, scope: Scope, mut options: Options) -> Result<(Scope, Options)> {
        if options.min_count.is_none() && options.min_support.is_none() {
            options.min_support = Probability::new(MIN_SUPPORT);
        }
        Ok((scope, options))
    }

    fn run(data: &D, at: &<D as Input>::At, options: &Options, context: &Context) -> Result<Table> {
        let longest = longest(options.max_length, options.baskets.max_basket)?;
        let baskets = data.baskets(at, &options.baskets, context)?;
        let least = least(&baskets, options.min_support, options.min_count)?;
        let found = frequent::itemsets(&baskets.sets, least, longest, context)?;
        let mut rows = collect(0..found.len(), "itemsets")?;
        rows.sort_unstable_by(|x, y| {
            let (a, b) = (found.set(*x), found.set(*y));
            let by = found.count(*y).cmp(&found.count(*x));
            by.then(a.len().cmp(&b.len())).then(a.cmp(b))
        });
        let mut names = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            if at.is_multiple_of(4096) {
                context.check()?;
            }
            push(&mut names, baskets.name(found.set(*row))?, "itemsets")?;
        }
        let n = baskets.sets.len() as f64;
        let sizes = collect(rows.iter().map(|row| found.set(*row).len() as i64), "table")?;
        let counts = collect(rows.iter().map(|row| i64::from(found.count(*row))), "table")?;
        let support = collect(counts.iter().map(|count| *count as f64 / n), "table")?;
        let f = Self::COLUMNS;
        let table = Table::new(vec![
            Column::texts(&f[0], &Arc::new(names), 0..rows.len() as u32)?,
            Column::new(&f[1], Values::I64(sizes.into())),
            Column::new(&f[2], Values::I64(counts.into())),
            Column::finite(&f[3], support)?,
        ]);
        Ok(baskets.noted(table))
    }
}
