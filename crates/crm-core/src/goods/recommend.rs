//! Recommendations (おすすめ商品): for each customer the products to show or to write about, with a reason.
//!
//! # Definition
//!
//! The methods, their scores and their ties are in [`recommender`](super::recommender). A row is a product of a customer with an
//! order that counts, in ascending order of customers, best first. A customer has `k` rows, fewer only where fewer products may be
//! recommended: the notes say to how many customers that happened. Scores of one `reason_code` are comparable, others are not.
//!
//! With `exclude` = bought, the default, a customer never gets a product that they have. `due` and `bought` recommend what
//! the customer has, so their default is none.

use super::fields::{PRODUCT, REASON_CODE, SCORE};
use super::histories::Histories;
use super::recommender::{
    Asked, Exclude, Learning, Method, Reason, Recommended, Recommender, Scratch, check_k,
};
use crate::analysis::Analysis;
use crate::context::{Context, collect, grow, push, room};
use crate::data::Orders;
use crate::error::Result;
use crate::scope::{At, Occasion, Scope};
use crate::table::optional::ids_column;
use crate::table::shared::RANK;
use crate::table::{CUSTOMER_ID, Column, Field, Table, Values, columns};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What messages call the memory of this module.
const WHAT: &str = "recommendations";

/// Options of [`Recommend`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Products of each customer, 1 to 1,000. Default 10.
    pub k: u32,
    /// What recommends. Default: item_cosine.
    pub method: Method,
    /// What is not recommended. Default: bought; of the methods due and bought, none.
    pub exclude: Option<Exclude>,
    /// What is learned from.
    #[serde(flatten)]
    pub learning: Learning,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            k: 10,
            method: Method::ItemCosine,
            exclude: None,
            learning: Learning::default(),
        }
    }
}

/// The analysis `recommend`.
///
/// ```
/// use crm_core::goods::recommend::{Options, Recommend};
/// use crm_core::goods::recommender::Method;
/// let options = Options::default().k(5).method(Method::Popular);
/// assert_eq!((options.k, options.exclude), (5, None));
/// ```
#[derive(Debug)]
pub struct Recommend;

impl Analysis for Recommend {
    const NAME: &'static str = "recommend";
    const SUMMARY: &'static str =
        "For each customer the products to recommend, best first, with the reason";
    const JA: &'static str = "おすすめ商品";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        RANK, "1 for the best.";
        PRODUCT, "The product, a value of `level`.";
        SCORE, "The score of the method, or, filled up, of popularity.";
        REASON_CODE, "Why it is recommended.";
        "reason_item": Id, "", "理由の商品", "The product bought before that is the reason; null if it is none.";
        "usual_days": Float, "days", "通常の購入間隔", "Usual days between two purchases, where the product is due.";
    };
    const SCOPE: &'static [&'static str] = &["as_of", "where", "customers", "by", "policy"];
    const OCCASION: Option<Occasion> = None;
    type Data = Orders;
    type Options = Options;

    fn resolve(_: &Orders, scope: Scope, mut options: Options) -> Result<(Scope, Options)> {
        let is_repeat = options.method.is_repeat();
        options.exclude = Some(Exclude::resolved(options.exclude, is_repeat)?);
        options.learning.resolve(options.method == Method::Blend)?;
        Ok((scope, options))
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let k = check_k(options.k)?;
        let learning = &options.learning;
        let of = (learning.level.as_str(), learning.free);
        let known = Histories::new(orders, at, of, context)?;
        let asked = Asked {
            method: options.method,
            exclude: options.exclude.unwrap_or(Exclude::Bought),
            k,
        };
        let recommender = Recommender::learned((orders, at), &known, asked, learning, context)?;
        let mut shown = room(known.len(), WHAT)?;
        shown.extend((0..known.len()).filter(|i| orders.shows(known.customers[*i])));
        let most = k.min(recommender.n_candidates());
        context.afford(shown.len().saturating_mul(most).saturating_mul(48), WHAT)?;
        let parts = context.map(context.parts(shown.len()), |part| {
            let mut lists = Lists::default();
            let mut scratch = Scratch::new(known.n_items())?;
            for (at, customer) in shown[part].iter().enumerate() {
                if at.is_multiple_of(Context::BLOCK) {
                    context.check()?;
                }
                recommender.list(*customer, k, &mut scratch)?;
                let list = scratch.list();
                lists.short += u64::from(list.len() < k);
                for one in list {
                    push(&mut lists.rows, *one, WHAT)?;
                }
                push(&mut lists.lens, list.len() as u32, WHAT)?;
            }
            Ok(lists)
        })?;
        let mut all = Lists::default();
        for part in parts {
            all.short += part.short;
            grow(&mut all.rows, part.rows.len(), WHAT)?;
            all.rows.extend(part.rows);
            grow(&mut all.lens, part.lens.len(), WHAT)?;
            all.lens.extend(part.lens);
        }
        let table = recommender.noted(table(&known, &shown, &all)?);
        let table = table.with_note("customers", json!(shown.len()));
        Ok(table.with_note("customers_with_fewer_than_k", json!(all.short)))
    }
}

/// Lists of customers, one after the other.
#[derive(Default)]
struct Lists {
    rows: Vec<Recommended>,
    /// The length of each list.
    lens: Vec<u32>,
    /// Lists of fewer than `k` products.
    short: u64,
}

fn table(known: &Histories, shown: &[usize], lists: &Lists) -> Result<Table> {
    let f = Recommend::COLUMNS;
    let rows = &lists.rows;
    let mut customers = room(rows.len(), WHAT)?;
    let mut ranks = room(rows.len(), WHAT)?;
    for (customer, len) in shown.iter().zip(&lists.lens) {
        customers.extend((0..*len).map(|_| known.customers[*customer]));
        ranks.extend(1..=i64::from(*len));
    }
    let by_id = known.ids.by_id()?;
    let items = rows.iter().map(|row| by_id[row.item as usize]);
    let because = rows.iter().map(|row| {
        let code = by_id.get(row.because as usize);
        code.copied().unwrap_or(row.because)
    });
    let scores = collect(rows.iter().map(|row| row.score), "table")?;
    let reasons = rows.iter().map(|row| Some(row.reason as u8));
    let usual = rows.iter().map(|row| row.usual_days);
    Ok(Table::new(vec![
        Column::ids(&f[0], &known.owners, customers.into_iter())?,
        Column::new(&f[1], Values::I64(ranks.into())),
        Column::ids(&f[2], &known.ids, items)?,
        Column::finite(&f[3], scores)?,
        Column::words(&f[4], Reason::LABELS, reasons)?,
        ids_column(&f[5], &known.ids, collect(because, "table")?)?,
        Column::floats(&f[6], usual)?,
    ]))
}
