//! Pairs (併売分析): which two items are in one basket more often than chance.
//!
//! # Definition
//!
//! Baskets are those of [`baskets`](super::baskets), the measures those of [`measures`](super::measures). A row is a pair of items
//! that are together in at least `min_count` baskets, `a` before `b` in the order of ids. The lift alone puts two coincidences
//! first, so rows are ordered by q, then lift (greatest first), then ids.
//!
//! ```text
//! p   P(at least n_ab baskets with both by chance), given n_a and n_b; Fisher's exact test, one-sided
//! q   min over j ≥ i of m p_(j) / j               Benjamini and Hochberg
//! m   pairs of items that are each in min_count baskets or more
//! ```
//!
//! `m` counts the pairs that could have been shown, not only those that are: among many rare items some meet `min_count` times by
//! chance. Pairs that are bought less often together than by chance have p near 1.

use super::baskets::{BasketOptions, HasBaskets};
use super::fields::{
    CONVICTION, COSINE, JACCARD, KULCZYNSKI, LEVERAGE, LIFT, P, Q, SUPPORT, ZHANG,
};
use super::frequent::{self, Pair};
use super::measures::Counts;
use crate::analysis::{Analysis, Input};
use crate::context::{Context, collect};
use crate::error::{Error, Result};
use crate::num::multiple::benjamini_hochberg_among;
use crate::table::{Column, Field, Table, Values, columns};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::marker::PhantomData;

/// Options of [`Pairs`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The least number of baskets with both items, 1 or more. Default 5.
    pub min_count: u32,
    /// What baskets are.
    #[serde(flatten)]
    pub baskets: BasketOptions,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            min_count: 5,
            baskets: BasketOptions::default(),
        }
    }
}

/// The analysis `pairs`, of orders or of a table of baskets.
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
/// let table = register::run("pairs", &Dataset::Table(&baskets), request, &Context::default())?;
/// assert_eq!(table.len(), 1); // cup and tea: lift 1.5
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Pairs<D>(PhantomData<D>);

impl<D: HasBaskets + 'static> Analysis for Pairs<D> {
    const NAME: &'static str = "pairs";
    const SUMMARY: &'static str = "Items that are in one basket more often than by chance, two by two; of orders or of a table of baskets";
    const JA: &'static str = "併売分析";
    const COLUMNS: &'static [Field] = &columns! {
        "a": Id, "", "商品A", "The item whose id comes first.";
        "b": Id, "", "商品B", "The other item.";
        "n_a": Int, "baskets", "Aのバスケット数", "Baskets with A.";
        "n_b": Int, "baskets", "Bのバスケット数", "Baskets with B.";
        "n_ab": Int, "baskets", "併売バスケット数", "Baskets with both.";
        SUPPORT, "n_ab / baskets.";
        "confidence_ab": Float, "share", "信頼度(A→B)", "n_ab / n_a.";
        "confidence_ba": Float, "share", "信頼度(B→A)", "n_ab / n_b.";
        LIFT;
        LEVERAGE;
        CONVICTION, "How many times more often A ⇒ B would fail if they were independent; null if it never fails.";
        ZHANG;
        COSINE;
        JACCARD;
        KULCZYNSKI;
        P;
        Q, "`p` adjusted for all pairs of items of `min_count` baskets.";
    };
    const SCOPE: &'static [&'static str] = D::KEYS;
    type Data = D;
    type Options = Options;

    fn run(data: &D, at: &<D as Input>::At, options: &Options, context: &Context) -> Result<Table> {
        if options.min_count == 0 {
            return Err(Error::option("min_count", 0, "1 or more"));
        }
        let baskets = data.baskets(at, &options.baskets, context)?;
        let of_item = baskets.sets.counts()?;
        let pairs = frequent::pairs(&baskets.sets, options.min_count, context)?;
        let n = baskets.sets.len() as u64;
        let counts = pairs.iter().map(|pair| Counts {
            n,
            a: of_item[pair.a as usize].into(),
            c: of_item[pair.b as usize].into(),
            both: pair.n.into(),
        });
        let counts = collect(counts, "pairs")?;
        let able = of_item.iter().filter(|count| **count >= options.min_count);
        let able = able.count() as u64;
        let tests = able * able.saturating_sub(1) / 2;
        let p = collect(counts.iter().map(|counts| counts.p()), "pairs")?;
        let q = benjamini_hochberg_among(&p, tests)?;
        let rows = order(&pairs, &counts, &q)?;
        let cell = |of: fn(Counts) -> f64| {
            collect(rows.iter().map(|row| of(counts[*row as usize])), "pairs")
        };
        let count = |of: fn(&Counts) -> u64| {
            let cells = rows.iter().map(|row| of(&counts[*row as usize]) as i64);
            Ok::<_, Error>(Values::I64(collect(cells, "pairs")?.into()))
        };
        let by_id = baskets.ids.by_id()?;
        let item = |field: &Field, of: fn(&Pair) -> u32| {
            let codes = rows
                .iter()
                .map(|row| by_id[of(&pairs[*row as usize]) as usize]);
            Column::ids(field, &baskets.ids, codes)
        };
        let of = |values: &[f64]| collect(rows.iter().map(|row| values[*row as usize]), "pairs");
        let f = Self::COLUMNS;
        let conviction = rows.iter().map(|row| counts[*row as usize].conviction());
        let never_fail = counts.iter().filter(|counts| counts.conviction().is_none());
        let never_fail = never_fail.count();
        let table = Table::new(vec![
            item(&f[0], |pair| pair.a)?,
            item(&f[1], |pair| pair.b)?,
            Column::new(&f[2], count(|counts| counts.a)?),
            Column::new(&f[3], count(|counts| counts.c)?),
            Column::new(&f[4], count(|counts| counts.both)?),
            Column::finite(&f[5], cell(Counts::support)?)?,
            Column::finite(&f[6], cell(Counts::confidence)?)?,
            Column::finite(&f[7], cell(|counts| counts.reversed().confidence())?)?,
            Column::finite(&f[8], cell(Counts::lift)?)?,
            Column::finite(&f[9], cell(Counts::leverage)?)?,
            Column::floats(&f[10], conviction)?,
            Column::finite(&f[11], cell(Counts::zhang)?)?,
            Column::finite(&f[12], cell(Counts::cosine)?)?,
            Column::finite(&f[13], cell(Counts::jaccard)?)?,
            Column::finite(&f[14], cell(Counts::kulczynski)?)?,
            Column::finite(&f[15], of(&p)?)?,
            Column::finite(&f[16], of(&q)?)?,
        ]);
        Ok(baskets
            .noted(table)
            .with_note("tests", json!(tests))
            .with_note("conviction_infinite", json!(never_fail)))
    }
}

/// The places of the pairs by q, then lift, then ids.
fn order(pairs: &[Pair], counts: &[Counts], q: &[f64]) -> Result<Vec<u32>> {
    let mut rows = collect(0..pairs.len() as u32, "pairs")?;
    let lift = collect(counts.iter().map(|counts| counts.lift()), "pairs")?;
    // Pairs come in the order of ids.
    rows.sort_unstable_by(|x, y| {
        let (i, j) = (*x as usize, *y as usize);
        let by = q[i].total_cmp(&q[j]);
        by.then(lift[j].total_cmp(&lift[i])).then(x.cmp(y))
    });
    Ok(rows)
}
