//! Next products (次回購入商品): what the buyers of a product buy in their next order.
//!
//! # Definition
//!
//! Items and what is in an order are as in [`baskets`](super::baskets). Each customer counts once for a product A: at their first
//! order with A, or, with `order` = j, at their j-th order if it holds A. From there the customer is followed to the next order, or
//! to the end of the data. A row is an item B that the next order of at least `min_count` buyers holds.
//!
//! ```text
//! buyers       customers who are followed from an order with A
//! followed     of these, customers whose next order is within `within` days and holds B
//! next_rate    F(within),  F(t) = Σ_{s ≤ t} S(s−) d_B(s) / n(s)        d_B next orders with B after s days
//! S            Kaplan-Meier curve of any next order                   n customers followed for s days or longer
//! lift         (followed / next orders of the buyers) / (next orders of all with B / next orders of all)
//! median_days  median of the days to the next order, over `followed`
//! ```
//!
//! A customer who may still order is open and no failure: F is the cumulative incidence of Aalen and Johansen, in which a next order
//! without B is a competing event. Without open customers it is followed / buyers. Its interval is Wilson's with the number of
//! customers F (1 − F) / V, V the variance of Aalen and Johansen's estimate by the delta method. F is null where nobody was followed
//! for `within` days, unless those who were followed longest have all ordered. A next order on the same day is one after 0 days.
//!
//! The next orders of all, in the lift, are those within `within` days after any order (with `order`, after the j-th).
//!
//! The same product again (`is_repeat`) stands first, then the others by `next_rate` (greatest first, null last), `followed`, id.
//!
//! A customer with an order of more than `max_basket` items (a wholesaler, a test) is left out and counted.
//!
//! Source: Aalen, O. O., Johansen, S. (1978). An empirical transition matrix for non-homogeneous Markov chains based on censored
//! observations. *Scandinavian Journal of Statistics* 5, 141-150. Variance: Marubini, E., Valsecchi, M. G. (1995). *Analysing
//! Survival Data from Clinical Trials and Observational Studies*, §10.2.

use super::baskets::BasketOptions;
use super::fields::{BUYERS, LIFT, PRODUCT};
use super::histories::Histories;
use crate::analysis::Analysis;
use crate::context::{Context, collect, filled, push};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::num::{Fraction, ratio};
use crate::scope::{At, Occasion};
use crate::table::shared::MEDIAN_DAYS;
use crate::table::{Column, Field, Table, Values, columns};
use crate::time::Duration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What messages call the memory of this module.
const WHAT: &str = "next products";

/// Options of [`NextProducts`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The product A, a value of `level`. Default: all, each with its rows.
    pub from_product: Option<Value>,
    /// Follow customers from their order of this number, 1 or more, if it holds A. Default: none, they are followed from their first order with A.
    pub order: Option<u32>,
    /// The time in which a next order counts, whole days, at most 3,660. Default 90 days.
    pub within: Duration,
    /// The column of items: product (default), category, any column of lines or orders with ids or texts.
    pub level: String,
    /// Whether items whose amounts add up to 0 (gifts, samples) are in the order. Default: no.
    pub free: bool,
    /// The least number of buyers whose next order holds B, 1 or more. Default 5.
    pub min_count: u32,
    /// Customers with an order of more items are left out and counted, 1 to 10,000. Default 200.
    pub max_basket: u32,
    /// Confidence of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            from_product: None,
            order: None,
            within: Duration::days(90),
            level: BasketOptions::LEVEL.into(),
            free: false,
            min_count: 5,
            max_basket: 200,
            confidence: Fraction::P95,
        }
    }
}

/// The analysis `next_products`.
#[derive(Debug)]
pub struct NextProducts;

const NEXT_RATE: [Field; 3] = columns! {
    "next_rate": Float, "share", "次回購入率", "Share of the buyers whose next order comes in time and holds the product; open customers as in Kaplan-Meier.";
    "next_rate_low": Float, "share", "次回購入率(下限)", "Lower end of its interval.";
    "next_rate_high": Float, "share", "次回購入率(上限)", "Upper end of its interval.";
};

impl Analysis for NextProducts {
    const NAME: &'static str = "next_products";
    const SUMMARY: &'static str = "What the buyers of a product buy in their next order";
    const JA: &'static str = "次回購入商品";
    const COLUMNS: &'static [Field] = &columns! {
        "from_product": Id, "", "購入商品", "The product that was bought, a value of `level`.";
        PRODUCT, "The product in the next order, a value of `level`.";
        "is_repeat": Bool, "", "同一商品", "Whether it is the same product again.";
        BUYERS, "Customers who are followed from an order with `from_product`.";
        "followed": Int, "customers", "次回購入者数", "Of these, customers whose next order comes in time and holds `product`.";
        NEXT_RATE[0];
        NEXT_RATE[1];
        NEXT_RATE[2];
        LIFT, "Share of `product` in the next orders of the buyers / in the next orders of all.";
        MEDIAN_DAYS, "Median days to the next order, over `followed`.";
    };
    const SCOPE: &'static [&'static str] = &["as_of", "where", "customers", "by", "policy"];
    const OCCASION: Option<Occasion> = None;
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let within = check(options)?;
        let of = (options.level.as_str(), options.free);
        let histories = Histories::new(orders, at, of, context)?;
        let only = match &options.from_product {
            Some(product) => Some(place_of(&histories, product)?),
            None => None,
        };
        let shows = |customer: &u32| orders.shows(*customer);
        let seen = Seen::new(&histories, shows, (within, only), options, context)?;
        let mut rows = Vec::new();
        for buyers in seen.starts.chunk_by(|a, b| a.item == b.item) {
            context.check()?;
            seen.rows(&histories, buyers, options, &mut rows)?;
        }
        let table = table(&histories, &rows)?;
        let table = table.with_note("customers", json!(seen.customers));
        let table = table.with_note("customers_too_large", json!(seen.too_large));
        Ok(histories.noted(table.with_note("next_orders", json!(seen.next_orders))))
    }
}

/// Refuses options out of range; the days in which a next order counts.
fn check(options: &Options) -> Result<u32> {
    if options.order == Some(0) {
        return Err(Error::option("order", 0, "1 or more"));
    }
    if options.min_count == 0 {
        return Err(Error::option("min_count", 0, "1 or more"));
    }
    if !(1..=10_000).contains(&options.max_basket) {
        let found = options.max_basket;
        return Err(Error::option("max_basket", found, "1 to 10,000"));
    }
    let days = options.within.whole_days();
    let days = days.filter(|days| (0..=3_660).contains(days));
    let expected = "a whole number of days, at most 3,660";
    let days = days.ok_or_else(|| Error::option("within", json!(options.within), expected))?;
    Ok(days as u32)
}

/// The number of the item of an id.
fn place_of(histories: &Histories, id: &Value) -> Result<u32> {
    let code = histories.ids.find(id)?;
    let by_id = histories.ids.by_id()?;
    let place = code.and_then(|code| by_id.iter().position(|other| *other == code));
    let expected = "a product of the orders";
    let place = place.ok_or_else(|| Error::option("from_product", "another value", expected))?;
    Ok(place as u32)
}

/// A customer who is followed from an order with an item.
#[derive(Clone, Copy)]
struct Start {
    item: u32,
    /// Days to the next order, or to the end of the data.
    days: u32,
    /// The next order.
    next: Option<u32>,
}

/// All customers who are followed, and the next orders of all.
struct Seen {
    within: u32,
    /// By item.
    starts: Vec<Start>,
    next_orders: u64,
    /// Next orders with each item.
    holding: Vec<u64>,
    customers: u64,
    too_large: u64,
}

impl Seen {
    fn new(
        histories: &Histories,
        shows: impl Fn(&u32) -> bool,
        (within, only): (u32, Option<u32>),
        options: &Options,
        context: &Context,
    ) -> Result<Seen> {
        let mut seen = Seen {
            within,
            starts: Vec::new(),
            next_orders: 0,
            holding: filled(histories.n_items(), 0, WHAT)?,
            customers: 0,
            too_large: 0,
        };
        // The last customer from whom an item has been followed.
        let mut followed = filled(histories.n_items(), usize::MAX, WHAT)?;
        for customer in 0..histories.len() {
            if customer.is_multiple_of(Context::BLOCK) {
                context.check()?;
            }
            if !shows(&histories.customers[customer]) {
                continue;
            }
            seen.customers += 1;
            let orders = histories.orders(customer);
            let most = options.max_basket as usize;
            if orders
                .clone()
                .any(|order| histories.items(order).len() > most)
            {
                seen.too_large += 1;
                continue;
            }
            let end = orders.end;
            for (number, order) in (1..).zip(orders) {
                if options.order.is_some_and(|wanted| wanted != number) {
                    continue;
                }
                let next = (order + 1 < end).then_some(order + 1);
                let until = next.map_or(histories.as_of, |next| histories.day(next));
                let days = until.abs_diff(histories.day(order));
                if let Some(next) = next.filter(|_| days <= within) {
                    seen.next_orders += 1;
                    for item in histories.items(next) {
                        seen.holding[*item as usize] += 1;
                    }
                }
                for item in histories.items(order) {
                    let followed = &mut followed[*item as usize];
                    if *followed != customer && only.is_none_or(|only| only == *item) {
                        *followed = customer;
                        let next = next.map(|next| next as u32);
                        let item = *item;
                        push(&mut seen.starts, Start { item, days, next }, WHAT)?;
                    }
                }
            }
        }
        seen.starts.sort_unstable_by_key(|start| start.item);
        Ok(seen)
    }

    /// The rows of one item, from those who bought it.
    fn rows(
        &self,
        histories: &Histories,
        buyers: &[Start],
        options: &Options,
        rows: &mut Vec<Row>,
    ) -> Result<()> {
        let from = buyers[0].item;
        let mut next = Vec::new();
        let mut next_orders = 0_u64;
        for start in buyers.iter().filter(|start| start.days <= self.within) {
            let Some(order) = start.next else { continue };
            next_orders += 1;
            for item in histories.items(order as usize) {
                push(&mut next, (*item, start.days), WHAT)?;
            }
        }
        next.sort_unstable();
        let incidence = Incidence::new(buyers, self.within)?;
        let first = rows.len();
        for with in next.chunk_by(|a, b| a.0 == b.0) {
            if with.len() < options.min_count as usize {
                continue;
            }
            let product = with[0].0;
            let followed = with.len() as u64;
            let rate = incidence.rate(with, buyers.len() as f64, options.confidence);
            let share = followed as f64 / next_orders as f64;
            let of_all = self.holding[product as usize] as f64 / self.next_orders as f64;
            let middle = |at: usize| f64::from(with[at].1);
            let row = Row {
                from,
                product,
                buyers: buyers.len() as u64,
                followed,
                rate,
                lift: share / of_all,
                median_days: 0.5 * (middle((with.len() - 1) / 2) + middle(with.len() / 2)),
            };
            push(rows, row, WHAT)?;
        }
        rows[first..].sort_unstable_by(|a, b| {
            let of = |row: &Row| row.rate.map_or(-1.0, |rate| rate[0]);
            let by = (a.product != from).cmp(&(b.product != from));
            let by = by.then(of(b).total_cmp(&of(a)));
            by.then(b.followed.cmp(&a.followed))
                .then(a.product.cmp(&b.product))
        });
        Ok(())
    }
}

/// A row.
struct Row {
    from: u32,
    product: u32,
    buyers: u64,
    followed: u64,
    /// The rate and its interval.
    rate: Option<[f64; 3]>,
    lift: f64,
    median_days: f64,
}

/// The days on which customers order next, for cumulative incidences.
struct Incidence {
    steps: Vec<Step>,
    /// Whether F is known at the end.
    known: bool,
}

/// A number of days after which somebody orders.
struct Step {
    days: u32,
    /// S(s−): share who have not ordered before.
    before: f64,
    /// d: next orders.
    ended: f64,
    /// n: customers followed so long or longer.
    at_risk: f64,
}

impl Incidence {
    fn new(buyers: &[Start], within: u32) -> Result<Incidence> {
        let n = within as usize + 1;
        let (mut ended, mut left) = (filled(n, 0_u32, WHAT)?, filled(n, 0_u32, WHAT)?);
        for start in buyers.iter().filter(|start| start.days <= within) {
            left[start.days as usize] += 1;
            ended[start.days as usize] += u32::from(start.next.is_some());
        }
        let mut steps = Vec::new();
        let (mut at_risk, mut before) = (buyers.len() as f64, 1.0);
        // Somebody is followed to the end, or nobody is open.
        let mut known = false;
        for (days, (ended, left)) in (0..).zip(ended.iter().zip(&left)) {
            known = at_risk > 0.0 || before == 0.0;
            if *ended > 0 {
                let ended = f64::from(*ended);
                let step = Step {
                    days,
                    before,
                    ended,
                    at_risk,
                };
                push(&mut steps, step, WHAT)?;
                before *= 1.0 - ended / at_risk;
            }
            at_risk -= f64::from(*left);
        }
        Ok(Incidence { steps, known })
    }

    /// F at the end with its interval, of the next orders with one item.
    fn rate(&self, with: &[(u32, u32)], buyers: f64, level: Fraction) -> Option<[f64; 3]> {
        if !self.known {
            return None;
        }
        // d_B of each step.
        let each = || {
            let mut rest = with;
            self.steps.iter().map(move |step| {
                let own = rest.iter().take_while(|one| one.1 == step.days).count();
                rest = &rest[own..];
                (step, own as f64)
            })
        };
        let part = |step: &Step, own: f64| step.before * own / step.at_risk;
        let whole: f64 = each().map(|(step, own)| part(step, own)).sum();
        let (mut f, mut variance) = (0.0, 0.0);
        for (step, own) in each() {
            let Step {
                before: s,
                ended: d,
                at_risk: n,
                ..
            } = *step;
            f += part(step, own);
            let rest = whole - f;
            // Nothing follows a step after which nobody is left.
            if n > d {
                variance += rest * rest * d / (n * (n - d));
            }
            variance += s * s * own * (n - own) / (n * n * n);
            variance -= 2.0 * rest * s * own / (n * n);
        }
        let trials = match whole < 1.0 && variance > 0.0 {
            true => (whole * (1.0 - whole) / variance).clamp(1.0, buyers),
            false => buyers,
        };
        let rate = whole.min(1.0);
        let (low, high) = ratio::wilson(rate, trials, level);
        Some([rate, low, high])
    }
}

fn table(histories: &Histories, rows: &[Row]) -> Result<Table> {
    let f = NextProducts::COLUMNS;
    let by_id = histories.ids.by_id()?;
    let ids = |field: &Field, of: fn(&Row) -> u32| {
        let codes = rows.iter().map(|row| by_id[of(row) as usize]);
        Column::ids(field, &histories.ids, codes)
    };
    let count = |field: &Field, of: fn(&Row) -> u64| {
        let cells = collect(rows.iter().map(|row| of(row) as i64), "table")?;
        Ok::<_, Error>(Column::new(field, Values::I64(cells.into())))
    };
    let rate = |at: usize| {
        let cells = rows.iter().map(|row| row.rate.map(|rate| rate[at]));
        Column::floats(&NEXT_RATE[at], cells)
    };
    let repeats = collect(rows.iter().map(|row| row.from == row.product), "table")?;
    Ok(Table::new(vec![
        ids(&f[0], |row| row.from)?,
        ids(&f[1], |row| row.product)?,
        Column::new(&f[2], Values::Bool(repeats)),
        count(&f[3], |row| row.buyers)?,
        count(&f[4], |row| row.followed)?,
        rate(0)?,
        rate(1)?,
        rate(2)?,
        Column::finite(&f[8], collect(rows.iter().map(|row| row.lift), "table")?)?,
        Column::finite(
            &f[9],
            collect(rows.iter().map(|row| row.median_days), "table")?,
        )?,
    ]))
}
