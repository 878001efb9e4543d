//! Association rules (アソシエーション分析): who has these items in the basket also has that one.
//!
//! # Definition
//!
//! A rule A ⇒ C is made of each frequent itemset ([`itemsets`](super::itemsets)): C is each part of it of up to `max_consequent`
//! items, A the rest. Rules with at least `min_confidence` are shown, ordered by q, then lift (greatest first), then ids. The
//! measures are those of [`measures`](super::measures).
//!
//! ```text
//! p   P(at least n baskets with A and C by chance), given the baskets with A and with C; Fisher's exact test, one-sided
//! q   Benjamini and Hochberg, over all rules of the frequent itemsets, those below min_confidence included
//! ```

use super::baskets::{BasketOptions, HasBaskets};
use super::fields::{
    BOTH, CONVICTION, COSINE, JACCARD, KULCZYNSKI, LEVERAGE, LIFT, P, Q, SUPPORT, ZHANG,
};
use super::frequent::{self, Itemsets};
use super::itemsets::{MIN_SUPPORT, least, longest};
use super::measures::Counts;
use crate::analysis::{Analysis, Input};
use crate::context::{Context, collect, filled, push};
use crate::error::{Error, Result};
use crate::num::Probability;
use crate::num::multiple::benjamini_hochberg;
use crate::scope::Scope;
use crate::table::{Column, Field, Table, Values, columns};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::marker::PhantomData;
use std::sync::Arc;

/// Options of [`Rules`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The least share of baskets with all items. Default: none if `min_count` is given, else 0.01.
    pub min_support: Option<Probability>,
    /// The least number of baskets with all items, 1 or more. Default: none.
    pub min_count: Option<u32>,
    /// The least confidence. Default 0.1.
    pub min_confidence: Probability,
    /// The most items of antecedent and consequent together. Default: all sizes.
    pub max_length: Option<u32>,
    /// The most items of a consequent, 1 to 5. Default 1.
    pub max_consequent: u32,
    /// What baskets are.
    #[serde(flatten)]
    pub baskets: BasketOptions,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            min_support: None,
            min_count: None,
            min_confidence: Probability::new(0.1).expect("between 0 and 1"),
            max_length: None,
            max_consequent: 1,
            baskets: BasketOptions::default(),
        }
    }
}

/// The analysis `rules`, of orders or of a table of baskets.
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
/// let table = register::run("rules", &Dataset::Table(&baskets), "", &Context::default())?;
/// assert_eq!(table.len(), 2); // cup ⇒ tea, tea ⇒ cup
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Rules<D>(PhantomData<D>);

/// A rule; sets are places among the itemsets.
struct Rule {
    antecedent: u32,
    consequent: u32,
    counts: Counts,
}

impl<D: HasBaskets + 'static> Analysis for Rules<D> {
    const NAME: &'static str = "rules";
    const SUMMARY: &'static str =
        "Rules: baskets with these items also have that one; of orders or of a table of baskets";
    const JA: &'static str = "アソシエーション分析";
    const COLUMNS: &'static [Field] = &columns! {
        "antecedent": Text, "", "条件の商品", "The items of the condition, joined by ` + `.";
        "consequent": Text, "", "結論の商品", "The items that go with them.";
        BOTH, "Baskets with all items.";
        "n_antecedent": Int, "baskets", "条件のバスケット数", "Baskets with the antecedent.";
        "n_consequent": Int, "baskets", "結論のバスケット数", "Baskets with the consequent.";
        SUPPORT, "n / baskets.";
        "confidence": Float, "share", "信頼度", "n / n_antecedent.";
        LIFT;
        LEVERAGE;
        CONVICTION;
        ZHANG;
        COSINE;
        JACCARD;
        KULCZYNSKI;
        P;
        Q, "`p` adjusted for all rules of the frequent itemsets.";
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
        if !(1..=5).contains(&options.max_consequent) {
            return Err(Error::option(
                "max_consequent",
                options.max_consequent,
                "1 to 5",
            ));
        }
        let longest = longest(options.max_length, options.baskets.max_basket)?;
        let baskets = data.baskets(at, &options.baskets, context)?;
        let least = least(&baskets, options.min_support, options.min_count)?;
        let found = frequent::itemsets(&baskets.sets, least, longest, context)?;
        let n = baskets.sets.len() as u64;
        let most = options.max_consequent as usize;
        let Some(all) = rules(&found, n, most, context)? else {
            return Err(frequent::too_many(&baskets.sets, least, "rules")?);
        };
        let p = collect(all.iter().map(|rule| rule.counts.p()), "rules")?;
        let q = benjamini_hochberg(&p)?;
        let rows = order(&found, &all, &q, options.min_confidence.get())?;
        let mut names = Vec::new();
        let mut name_of = filled(found.len(), u32::MAX, "rules")?;
        for row in &rows {
            for set in [all[*row].antecedent, all[*row].consequent] {
                if name_of[set as usize] == u32::MAX {
                    name_of[set as usize] = names.len() as u32;
                    push(&mut names, baskets.name(found.set(set as usize))?, "rules")?;
                }
            }
        }
        let names = Arc::new(names);
        let text = |field: &Field, of: fn(&Rule) -> u32| {
            let codes = rows.iter().map(|row| name_of[of(&all[*row]) as usize]);
            Column::texts(field, &names, codes)
        };
        let count = |field: &Field, of: fn(&Counts) -> u64| {
            let cells = rows.iter().map(|row| of(&all[*row].counts) as i64);
            Ok::<_, Error>(Column::new(
                field,
                Values::I64(collect(cells, "table")?.into()),
            ))
        };
        let cell = |field: &Field, of: fn(Counts) -> f64| {
            let cells = rows.iter().map(|row| of(all[*row].counts));
            Column::finite(field, collect(cells, "table")?)
        };
        let of = |values: &[f64]| collect(rows.iter().map(|row| values[*row]), "table");
        let conviction = rows.iter().map(|row| all[*row].counts.conviction());
        let never_fail = rows
            .iter()
            .filter(|row| all[**row].counts.conviction().is_none());
        let never_fail = never_fail.count();
        let f = Self::COLUMNS;
        let table = Table::new(vec![
            text(&f[0], |rule| rule.antecedent)?,
            text(&f[1], |rule| rule.consequent)?,
            count(&f[2], |counts| counts.both)?,
            count(&f[3], |counts| counts.a)?,
            count(&f[4], |counts| counts.c)?,
            cell(&f[5], Counts::support)?,
            cell(&f[6], Counts::confidence)?,
            cell(&f[7], Counts::lift)?,
            cell(&f[8], Counts::leverage)?,
            Column::floats(&f[9], conviction)?,
            cell(&f[10], Counts::zhang)?,
            cell(&f[11], Counts::cosine)?,
            cell(&f[12], Counts::jaccard)?,
            cell(&f[13], Counts::kulczynski)?,
            Column::finite(&f[14], of(&p)?)?,
            Column::finite(&f[15], of(&q)?)?,
        ]);
        Ok(baskets
            .noted(table)
            .with_note("tests", json!(all.len()))
            .with_note("conviction_infinite", json!(never_fail)))
    }
}

/// The most rules that are tested together.
const MOST: usize = 5_000_000;

/// All rules of the sets of two items or more; none if there are too many.
fn rules(found: &Itemsets, n: u64, most: usize, context: &Context) -> Result<Option<Vec<Rule>>> {
    let by_set = found.sorted()?;
    let place = |set: &[u32]| {
        let place = by_set.binary_search_by(|at| found.set(*at as usize).cmp(set));
        let place = place.map_err(|_| Error::internal("a part of a frequent set is frequent"))?;
        Ok::<_, Error>(by_set[place])
    };
    let mut all = Vec::new();
    let (mut head, mut rest) = (Vec::new(), Vec::new());
    for at in 0..found.len() {
        if at.is_multiple_of(1024) {
            context.check()?;
        }
        let set = found.set(at);
        for size in 1..=most.min(set.len().saturating_sub(1)) {
            // The places of the consequent's items in the set: all choices of `size`, one after the other.
            let mut chosen = collect(0..size, "rules")?;
            loop {
                head.clear();
                rest.clear();
                for (place, item) in set.iter().enumerate() {
                    let to = if chosen.contains(&place) {
                        &mut head
                    } else {
                        &mut rest
                    };
                    push(to, *item, "rules")?;
                }
                let (antecedent, consequent) = (place(&rest)?, place(&head)?);
                let counts = Counts {
                    n,
                    a: found.count(antecedent as usize).into(),
                    c: found.count(consequent as usize).into(),
                    both: found.count(at).into(),
                };
                let rule = Rule {
                    antecedent,
                    consequent,
                    counts,
                };
                if all.len() == MOST {
                    return Ok(None);
                }
                push(&mut all, rule, "rules")?;
                if !next(&mut chosen, set.len()) {
                    break;
                }
            }
        }
    }
    Ok(Some(all))
}

/// The next choice of ascending places below `n`; false after the last.
fn next(chosen: &mut [usize], n: usize) -> bool {
    let size = chosen.len();
    for at in (0..size).rev() {
        if chosen[at] < n - size + at {
            chosen[at] += 1;
            for after in at + 1..size {
                chosen[after] = chosen[after - 1] + 1;
            }
            return true;
        }
    }
    false
}

/// The places of the rules with at least this confidence, by q, then lift, then ids.
fn order(found: &Itemsets, all: &[Rule], q: &[f64], least: f64) -> Result<Vec<usize>> {
    let shown = |at: &usize| all[*at].counts.confidence() >= least;
    let mut rows = Vec::new();
    for at in (0..all.len()).filter(shown) {
        push(&mut rows, at, "rules")?;
    }
    rows.sort_unstable_by(|i, j| {
        let (x, y) = (&all[*i], &all[*j]);
        let sets = |rule: &Rule| {
            let set = |at: u32| found.set(at as usize);
            (set(rule.antecedent), set(rule.consequent))
        };
        let by = q[*i].total_cmp(&q[*j]);
        let by = by.then(y.counts.lift().total_cmp(&x.counts.lift()));
        by.then_with(|| sets(x).cmp(&sets(y)))
    });
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn all_choices_come_once() {
        let (mut chosen, mut all) = (vec![0, 1], Vec::new());
        loop {
            all.push(chosen.clone());
            if !next(&mut chosen, 4) {
                break;
            }
        }
        let pairs = [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]];
        assert_eq!(all, pairs);
    }
}
