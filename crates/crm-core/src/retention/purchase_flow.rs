//! Purchase flow (購入商品遷移): from the k-th purchase to the next, by product, category or channel:
//! the nodes and links of a Sankey diagram.
//!
//! # Definition
//!
//! A node is the k-th purchase with a value of the column `of` (where lines of an order differ, the
//! line with the greatest amount decides). A row is a link from a node to the next node:
//!
//! ```text
//! source_customers  customers whose k-th purchase was the source
//! customers         of these, customers whose next node is the target
//! transition_rate   customers / source_customers, with Wilson's interval
//! ```
//!
//! The customers of a node's links add up to the node: the target is the value of the next
//! purchase; for customers with exactly k purchases it is `(churned)` if the last one is
//! `churn_days` or longer ago, else `(pending)`. The `top` values with the most purchases among the
//! first `up_to` are their own nodes (ties by value), all other values are `(other)`; no value is
//! `(none)`. The column `outcome` distinguishes continued, churned and pending whatever the names
//! of values.
//!
//! A purchase is an order, or a day with orders if `occasion` = day; its value is then that of the
//! day's first order.

use super::history::Histories;
use super::parameters::CHURN_DAYS;
use super::shares::share_columns;
use crate::analysis::Analysis;
use crate::context::{Context, collect, filled, push};
use crate::data::Orders;
use crate::data::filter::{Attribute, AttributeValues, Level};
use crate::data::orders::view::rank;
use crate::error::{Error, Result};
use crate::ids::{IdRef, NO_ID};
use crate::num::Fraction;
use crate::num::ratio::Ratio;
use crate::retention::fields::ORDINAL;
use crate::scope::{At, Filter, Occasion};
use crate::table::shared::{CUSTOMERS, SOURCE, TARGET};
use crate::table::{Column, Field, Label, Table, Values, columns, labels};
use crate::words::KindWord;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Options of [`links`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The column whose values are nodes: product, category, channel, kind, any dimension.
    /// Default: product.
    pub of: String,
    /// The last purchase that is a node, 2 to 50. Default 5.
    pub up_to: u32,
    /// The number of values with their own nodes, 1 to 100. Default 10.
    pub top: u32,
    /// The filter that chooses the origin: a history begins at the first order that it keeps.
    /// Default: the first order.
    pub origin: Filter,
    /// Only orders of these kinds. Default: all that count.
    pub kinds: Option<Vec<KindWord>>,
    /// Confidence of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            of: "product".into(),
            up_to: 5,
            top: 10,
            origin: Filter::default(),
            kinds: None,
            confidence: Fraction::P95,
        }
    }
}

/// The outcome of the customers of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub enum Outcome {
    Continued,
    Churned,
    Pending,
}

impl Outcome {
    /// Labels shown to people, by discriminant.
    pub const LABELS: &'static [Label] = labels! {
        "continued", "Continued", "継続";
        "churned", "Churned", "離脱";
        "pending", "Pending", "継続待ち";
    };
}

/// One link.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Link {
    /// The ordinal of the source's purchase.
    pub k: u32,
    /// The source, as an index into [`Flow::nodes`].
    pub source: u32,
    /// The target, as an index into [`Flow::nodes`].
    pub target: u32,
    /// The outcome of its customers.
    pub outcome: Outcome,
    /// Customers of the link, of the customers of the source.
    pub share: Ratio,
}

/// Links, and the names of their nodes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flow {
    /// Names: values in ascending order, `(other)`, `(none)`, `(churned)`, `(pending)`.
    pub nodes: Vec<String>,
    /// The links with customers, by k, source and target.
    pub links: Vec<Link>,
}

/// Computes the flow.
///
/// # Errors
///
/// Options out of range, a column that does not exist.
pub fn links(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Flow> {
    if !(2..=50).contains(&options.up_to) {
        return Err(Error::option("up_to", options.up_to, "2 to 50"));
    }
    if !(1..=100).contains(&options.top) {
        return Err(Error::option("top", options.top, "1 to 100"));
    }
    let kinds = options.kinds.as_deref();
    let occasion = Occasion::Order;
    let histories = Histories::new(orders, at, &options.origin, kinds, occasion, context)?;
    let histories = histories.up_to(options.up_to);
    let up_to = options.up_to as usize;
    let selected = &histories.selection.orders;
    let attribute = selected.attribute(&options.of, context)?;
    few_values(options, &attribute)?;
    let churn = At {
        churn_days: at.churn_days.or(Some(CHURN_DAYS)),
        ..*at
    };
    let mut bought = Vec::new();
    let mut ends = Vec::new();
    histories.each(context, |_, history| {
        let mut last = histories.as_of();
        for purchase in &history.purchases {
            push(&mut bought, purchase.order, "purchase flow")?;
            last = purchase.day;
        }
        let end = End {
            purchases: history.purchases.len() as u8,
            is_churned: churn.is_churned(histories.as_of() - last),
        };
        push(&mut ends, end, "purchase flow")
    })?;
    let Nodes { names, of_purchase } = nodes(selected, attribute, &bought, options.top)?;
    drop(bought);
    // Sources are values, (other) and (none); targets also (churned) and (pending).
    let (targets, sources) = (names.len(), names.len() - 2);
    let (churned, pending) = (sources, sources + 1);
    let mut counts = filled((up_to - 1) * sources * targets, 0_u64, "purchase flow")?;
    let mut rest = &of_purchase[..];
    for end in ends {
        let (nodes, others) = rest.split_at(usize::from(end.purchases));
        rest = others;
        for (k, source) in nodes.iter().take(up_to - 1).enumerate() {
            let target = match nodes.get(k + 1) {
                Some(next) => usize::from(*next),
                None if end.is_churned => churned,
                None => pending,
            };
            counts[(k * sources + usize::from(*source)) * targets + target] += 1;
        }
    }
    let links = links_of(&counts, (sources, targets), options.confidence)?;
    Ok(Flow {
        nodes: names,
        links,
    })
}

/// Refuses a column whose values cannot be nodes.
fn few_values(options: &Options, attribute: &Attribute) -> Result<()> {
    let few = matches!(
        attribute.values,
        AttributeValues::Codes(..) | AttributeValues::Words(..) | AttributeValues::Bools(_)
    );
    match attribute.level != Level::Customer && few {
        true => Ok(()),
        false => Err(Error::option(
            "of",
            serde_json::json!(options.of),
            "a column of orders with few values, such as product or channel",
        )),
    }
}

/// The links with customers; `counts` are by purchase, source and target.
fn links_of(
    counts: &[u64],
    (sources, targets): (usize, usize),
    confidence: Fraction,
) -> Result<Vec<Link>> {
    let (churned, pending) = (sources, sources + 1);
    let mut links = Vec::new();
    for (node, counts) in counts.chunks_exact(targets).enumerate() {
        let all = counts.iter().sum();
        for (target, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let link = Link {
                k: (node / sources) as u32 + 1,
                source: (node % sources) as u32,
                target: target as u32,
                outcome: match target {
                    t if t == churned => Outcome::Churned,
                    t if t == pending => Outcome::Pending,
                    _ => Outcome::Continued,
                },
                share: Ratio::new(*count, all, confidence),
            };
            push(&mut links, link, "purchase flow")?;
        }
    }
    Ok(links)
}

/// The end of a customer's purchases, up to the `up_to`-th.
struct End {
    purchases: u8,
    is_churned: bool,
}

/// The nodes' names, and the node of each purchase.
struct Nodes {
    names: Vec<String>,
    of_purchase: Vec<u8>,
}

/// Chooses the `most` values with the most purchases as nodes, from the orders of the purchases.
fn nodes(orders: &Orders, attribute: Attribute, bought: &[u32], most: u32) -> Result<Nodes> {
    let values = orders.at_orders(attribute, None, bought)?;
    let ranks = rank(&values)?;
    let distinct = match &values {
        AttributeValues::Codes(ids, _) => ids.len(),
        AttributeValues::Words(labels, _) => labels.len(),
        _ => 2,
    };
    let mut times = filled(distinct, 0_u64, "purchase flow")?;
    for rank in &ranks {
        if let Some(times) = times.get_mut(*rank as usize) {
            *times += 1;
        }
    }
    let mut top = Vec::new();
    for (rank, count) in times.iter().enumerate().filter(|(_, count)| **count > 0) {
        push(&mut top, (std::cmp::Reverse(*count), rank), "purchase flow")?;
    }
    top.sort_unstable();
    top.truncate(most as usize);
    top.sort_unstable_by_key(|(_, rank)| *rank);
    let (other, none) = (top.len() as u8, top.len() as u8 + 1);
    let mut node = filled(distinct, other, "purchase flow")?;
    let mut names = Vec::new();
    for (at, (_, rank)) in top.iter().enumerate() {
        node[*rank] = at as u8;
        names.push(name(&values, *rank)?);
    }
    names.extend(["(other)", "(none)", "(churned)", "(pending)"].map(str::to_owned));
    let of_purchase = ranks.iter().map(|rank| match *rank {
        NO_ID => none,
        rank => node[rank as usize],
    });
    let of_purchase = collect(of_purchase, "purchase flow")?;
    Ok(Nodes { names, of_purchase })
}

/// The text of the value of a rank.
fn name(values: &AttributeValues, rank: usize) -> Result<String> {
    Ok(match values {
        AttributeValues::Codes(ids, _) => match ids.at(ids.by_id()?[rank]) {
            IdRef::Int(number) => number.to_string(),
            IdRef::Unsigned(number) => number.to_string(),
            IdRef::Text(text) => text.into_owned(),
            IdRef::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        },
        AttributeValues::Words(labels, _) => labels[rank].code.to_owned(),
        _ => ["false", "true"][rank].to_owned(),
    })
}

const TRANSITION_RATE: [Field; 3] = columns! {
    "transition_rate": Float, "share", "遷移率", "customers / source_customers.";
    "transition_rate_low": Float, "share", "遷移率(下限)", "Lower end of its interval.";
    "transition_rate_high": Float, "share", "遷移率(上限)", "Upper end of its interval.";
};

/// The analysis `purchase_flow`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct PurchaseFlow;

impl Analysis for PurchaseFlow {
    const NAME: &'static str = "purchase_flow";
    const SUMMARY: &'static str =
        "From the k-th purchase to the next by product, category or channel: a Sankey's links";
    const JA: &'static str = "購入商品遷移";
    const CHURN_DAYS: u32 = CHURN_DAYS;
    const COLUMNS: &'static [Field] = &columns! {
        ORDINAL, "The ordinal of the source's purchase.";
        SOURCE, "The value at the k-th purchase.";
        TARGET, "The value at the next, or (churned), or (pending).";
        "outcome": Category, "", "結果", "Whether these customers bought again, churned or are pending.";
        "source_customers": Int, "customers", "購入人数", "Customers whose k-th purchase was the source.";
        CUSTOMERS, "Customers of the source who went on to the target.";
        TRANSITION_RATE[0];
        TRANSITION_RATE[1];
        TRANSITION_RATE[2];
    };
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        links(orders, at, options, context)?.into_table()
    }
}

impl Flow {
    /// The result as a table.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn into_table(self) -> Result<Table> {
        let Flow { nodes, links } = self;
        let texts = Arc::new(nodes);
        let fields = PurchaseFlow::COLUMNS;
        let text = |field: usize, of: fn(&Link) -> u32| {
            let values = Values::Text {
                codes: collect(links.iter().map(of), "table")?,
                texts: texts.clone(),
            };
            Ok::<_, Error>(Column::new(&fields[field], values))
        };
        let count = |field: usize, of: fn(&Link) -> u64| {
            let cells = collect(links.iter().map(|link| of(link) as i64), "table")?;
            Ok::<_, Error>(Column::new(&fields[field], Values::I64(cells.into())))
        };
        let outcome = Values::Category {
            codes: collect(links.iter().map(|link| link.outcome as u8), "table")?,
            labels: Outcome::LABELS,
        };
        let mut columns = vec![
            count(0, |link| link.k.into())?,
            text(1, |link| link.source)?,
            text(2, |link| link.target)?,
            Column::new(&fields[3], outcome),
            count(4, |link| link.share.denominator)?,
            count(5, |link| link.share.numerator)?,
        ];
        let shares = collect(links.iter().map(|link| link.share), "table")?;
        columns.extend(share_columns(&TRANSITION_RATE, &shares)?);
        Ok(Table::new(columns))
    }
}
