//! Baskets: what is bought together, from orders or from a table.
//!
//! # Definition
//!
//! An item is a value of the column `level` (product, category, any dimension of lines). A basket is a set of distinct
//! items:
//!
//! ```text
//! order      the items of one order
//! day        the items of all orders of a customer on one civil day
//! customer   the items of all orders of a customer up to as_of
//! ```
//!
//! An order without a customer is a basket of its own. Orders that do not count have no basket. An item is in an order if the
//! amounts of its lines add up to more than 0: returned lines, gifts and samples are not (with `free`, an item whose amounts add
//! up to 0 is). Where amounts are those of whole orders, each line counts. Lines without an item are left out and counted. A
//! basket of more than `max_basket` items (a wholesaler, a test) is left out and counted, never cut.
//!
//! A table has a row per item of a basket: `basket_id`, `item`. Repeated rows count once.

use super::sets::Sets;
use crate::analysis::Input;
use crate::columns::{ColumnData, ColumnValues, Strings};
use crate::context::{Context, collect, filled, push};
use crate::data::Orders;
use crate::data::filter::{AttributeValues, Level};
use crate::data::orders::selection::{ORDER, Selection};
use crate::error::{Error, Result};
use crate::ids::{IdKind, Ids, NO_ID};
use crate::num::rank;
use crate::scope::At;
use crate::table::{Table, Values};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::borrow::Cow;
use std::sync::Arc;

/// What messages call the memory of this module.
const WHAT: &str = "baskets";

/// What a basket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BasketOf {
    /// An order.
    #[default]
    Order,
    /// All orders of a customer on one day.
    Day,
    /// All orders of a customer.
    Customer,
}

/// What baskets are: the options that `pairs`, `itemsets` and `rules` share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct BasketOptions {
    /// The column of items: product (default), category, any column of lines or orders with ids or texts.
    pub level: String,
    /// What a basket is.
    pub basket: BasketOf,
    /// Whether items whose amounts add up to 0 (gifts, samples) are in the basket. Default: no.
    pub free: bool,
    /// Baskets of more items are left out and counted, 1 to 10,000. Default 200.
    pub max_basket: u32,
}

impl Default for BasketOptions {
    fn default() -> Self {
        BasketOptions {
            level: BasketOptions::LEVEL.into(),
            basket: BasketOf::Order,
            free: false,
            max_basket: 200,
        }
    }
}

impl BasketOptions {
    /// The default column of items.
    pub(super) const LEVEL: &'static str = "product";

    fn check(&self) -> Result<()> {
        match self.max_basket {
            1..=10_000 => Ok(()),
            other => Err(Error::option("max_basket", other, "1 to 10,000")),
        }
    }
}

/// Baskets, and what was left out.
#[derive(Debug)]
pub struct Baskets {
    /// Items are numbered in the order of their ids.
    pub(super) sets: Sets,
    pub(super) ids: Arc<Ids>,
    /// Baskets of too many items.
    too_large: u64,
    /// Lines without an item.
    without_item: u64,
    /// Items of an order that are returned or free.
    returned_or_free: u64,
}

impl Baskets {
    /// The code of an item's id.
    pub(super) fn code(&self, item: u32) -> Result<u32> {
        let code = self.ids.by_id()?.get(item as usize).copied();
        code.ok_or(Error::internal("an item without an id"))
    }

    /// The names of the items of a set, joined by ` + `. A name that could be read as something else (this or a quotation mark occurs
    /// in it, it is empty) is in quotation marks, those in it doubled, as in CSV.
    pub(super) fn name(&self, set: &[u32]) -> Result<String> {
        let mut name = String::new();
        for item in set {
            if !name.is_empty() {
                name.push_str(" + ");
            }
            let text = self.ids.text(self.code(*item)?);
            let is_odd = text.contains(" + ") || text.starts_with("+ ") || text.ends_with(" +");
            match is_odd || text == "+" || text.is_empty() || text.contains('"') {
                true => name.push_str(&format!("\"{}\"", text.replace('"', "\"\""))),
                false => name.push_str(&text),
            }
        }
        Ok(name)
    }

    /// The table with what is to be known of the baskets.
    pub(super) fn noted(&self, table: Table) -> Table {
        table
            .with_note("baskets", json!(self.sets.len()))
            .with_note("baskets_too_large", json!(self.too_large))
            .with_note("lines_without_item", json!(self.without_item))
            .with_note("items_returned_or_free", json!(self.returned_or_free))
    }
}

/// A kind of dataset that has baskets.
pub trait HasBaskets: Input {
    /// The keys of the scope that mean something for baskets.
    const KEYS: &'static [&'static str];
    /// The largest basket: all of a customer, or what the data say.
    const WHOLE: BasketOf;

    /// Its baskets.
    ///
    /// # Errors
    ///
    /// A column that is missing or cannot hold items; an option out of range.
    fn baskets(&self, at: &Self::At, options: &BasketOptions, context: &Context)
    -> Result<Baskets>;
}

impl HasBaskets for Orders {
    const KEYS: &'static [&'static str] = &["as_of", "where", "customers", "by", "policy"];
    const WHOLE: BasketOf = BasketOf::Customer;

    fn baskets(&self, at: &At, options: &BasketOptions, context: &Context) -> Result<Baskets> {
        options.check()?;
        let of = (options.level.as_str(), options.free);
        let entries = Entries::new(self, at, of, options.basket, context)?;
        let size = (entries.n, entries.ids.len());
        let most = options.max_basket as usize;
        let (sets, too_large) = Sets::of_entries(&entries.baskets, &entries.items, size, most)?;
        Ok(Baskets {
            sets,
            too_large,
            without_item: entries.without_item,
            returned_or_free: entries.returned_or_free,
            ids: entries.ids,
        })
    }
}

/// The items of baskets of orders, one after the other. An item may be in a basket several times.
pub(super) struct Entries {
    /// The number of each entry's basket; with baskets that are orders, the order.
    pub(super) baskets: Vec<u32>,
    /// The place of each entry's item in the order of ids.
    pub(super) items: Vec<u32>,
    pub(super) ids: Arc<Ids>,
    /// Numbers of baskets.
    n: usize,
    /// Lines without an item.
    pub(super) without_item: u64,
    /// Items of an order that are returned or free.
    pub(super) returned_or_free: u64,
}

impl Entries {
    pub(super) fn new(
        orders: &Orders,
        at: &At,
        (level, free): (&str, bool),
        basket: BasketOf,
        context: &Context,
    ) -> Result<Entries> {
        context.check()?;
        let attribute = orders.attribute(level, context)?;
        let (AttributeValues::Codes(ids, codes), Level::Line | Level::Order) =
            (attribute.values, attribute.level)
        else {
            let expected =
                "a column of lines or orders with ids or texts, such as product or category";
            return Err(Error::option("level", json!(level), expected));
        };
        context.afford(codes.len().saturating_mul(16), WHAT)?;
        let selection = Selection::new(orders, at)?;
        let (of_order, n) = baskets_of_orders(&selection, basket)?;
        let mut place = filled(ids.len(), NO_ID, WHAT)?;
        for (at, code) in ids.by_id()?.iter().enumerate() {
            place[*code as usize] = at as u32;
        }
        let is_line = attribute.level == Level::Line;
        let mut lines = Lines {
            line_order: selection.data().line_order.as_deref().filter(|_| is_line),
            amounts: match is_line {
                true => &selection.data().rows.amount,
                false => &selection.data().gross,
            },
            codes: &codes,
            of_order: &of_order,
            place: &place,
            least: if free { 0 } else { 1 },
            baskets: Vec::new(),
            items: Vec::new(),
            without_item: 0,
            returned_or_free: 0,
        };
        lines.read(context)?;
        Ok(Entries {
            baskets: lines.baskets,
            items: lines.items,
            n,
            without_item: lines.without_item,
            returned_or_free: lines.returned_or_free,
            ids,
        })
    }
}

/// The number of each order's basket, [`NO_ID`] for orders that do not count, and how many numbers there are.
fn baskets_of_orders(selection: &Selection, of: BasketOf) -> Result<(Vec<u32>, usize)> {
    let data = selection.data();
    let cutoff = selection.cutoff();
    let mut reader = data.offsets.reader();
    let mut day = |order: usize| reader.day(data.time[order]);
    let all_shown = selection.orders.view.chosen.is_none();
    let mut counts = filled(data.len(), false, WHAT)?;
    for (order, counts) in counts.iter_mut().enumerate() {
        let in_time = match cutoff {
            Some(cutoff) => data.time[order] < cutoff,
            None => day(order) <= selection.as_of,
        };
        let code = data.customer[order];
        let shown = all_shown || code != NO_ID && selection.shows(code);
        *counts = in_time && shown && selection.action(order) & ORDER != 0;
    }
    let mut of_order = filled(data.len(), NO_ID, WHAT)?;
    if of == BasketOf::Order {
        for order in (0..data.len()).filter(|order| counts[*order]) {
            of_order[order] = order as u32;
        }
        return Ok((of_order, data.len()));
    }
    // Customer and day in one number; orders without a customer come after all others, each with a number of its own.
    let guest = u64::from(NO_ID) << 32;
    let (mut keys, mut orders) = (Vec::new(), Vec::new());
    for order in (0..data.len()).filter(|order| counts[*order]) {
        let key = match (data.customer[order], of) {
            (NO_ID, _) => guest | order as u64,
            (code, BasketOf::Day) => {
                u64::from(code) << 32 | u64::from(day(order).0 as u32 ^ 1 << 31)
            }
            (code, _) => u64::from(code) << 32,
        };
        push(&mut keys, key, WHAT)?;
        push(&mut orders, order, WHAT)?;
    }
    let mut before = None;
    let mut n = 0;
    for at in rank::order(&keys)? {
        let key = keys[at as usize];
        if before != Some(key) {
            n += 1;
            before = Some(key);
        }
        of_order[orders[at as usize]] = n as u32 - 1;
    }
    Ok((of_order, n))
}

/// Lines, or orders of one item each, and the entries that they make.
struct Lines<'a> {
    /// The order of each line; without lines each order is one.
    line_order: Option<&'a [u32]>,
    codes: &'a [u32],
    amounts: &'a [i64],
    of_order: &'a [u32],
    /// The number of each code.
    place: &'a [u32],
    /// The least sum of amounts of an item that is in the basket.
    least: i64,
    baskets: Vec<u32>,
    items: Vec<u32>,
    without_item: u64,
    returned_or_free: u64,
}

impl Lines<'_> {
    fn read(&mut self, context: &Context) -> Result<()> {
        let order_of = |line: usize| self.line_order.map_or(line, |of| of[line] as usize);
        // Amounts are added up only in orders with a line that is not above zero.
        let mut added = filled(self.of_order.len(), false, WHAT)?;
        for line in (0..self.codes.len()).filter(|line| self.amounts[*line] <= 0) {
            added[order_of(line)] = true;
        }
        let mut parts: Vec<(u32, u32, i64)> = Vec::new();
        for line in 0..self.codes.len() {
            if line.is_multiple_of(Context::BLOCK) {
                context.check()?;
            }
            let order = order_of(line);
            let basket = self.of_order[order];
            if basket == NO_ID {
                continue;
            }
            let code = self.codes[line];
            if code == NO_ID {
                self.without_item += 1;
            } else if added[order] {
                let part = (order as u32, self.place[code as usize], self.amounts[line]);
                push(&mut parts, part, WHAT)?;
            } else {
                push(&mut self.baskets, basket, WHAT)?;
                push(&mut self.items, self.place[code as usize], WHAT)?;
            }
        }
        parts.sort_unstable();
        for item in parts.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let sum: i128 = item.iter().map(|part| i128::from(part.2)).sum();
            if sum >= i128::from(self.least) {
                push(&mut self.baskets, self.of_order[item[0].0 as usize], WHAT)?;
                push(&mut self.items, item[0].1, WHAT)?;
            } else {
                self.returned_or_free += 1;
            }
        }
        Ok(())
    }
}

impl HasBaskets for Table {
    const KEYS: &'static [&'static str] = &[];
    const WHOLE: BasketOf = BasketOf::Order;

    fn baskets(&self, (): &(), options: &BasketOptions, context: &Context) -> Result<Baskets> {
        options.check()?;
        let of_orders = |option: &str, found: serde_json::Value| {
            let expected = "the default: a table has its baskets and items in basket_id and item";
            Err(Error::option(option, found, expected))
        };
        if options.level != BasketOptions::LEVEL {
            return of_orders("level", json!(options.level));
        }
        if options.basket != BasketOf::Order {
            return of_orders("basket", json!(options.basket));
        }
        if options.free {
            return of_orders("free", json!(true));
        }
        context.afford(self.len().saturating_mul(16), WHAT)?;
        let (baskets, of_row) = ids_of(self, "basket_id", context)?;
        let (ids, codes) = ids_of(self, "item", context)?;
        let mut place = filled(ids.len(), NO_ID, WHAT)?;
        for (at, code) in ids.by_id()?.iter().enumerate() {
            place[*code as usize] = at as u32;
        }
        let items = collect(codes.iter().map(|code| place[*code as usize]), WHAT)?;
        let size = (baskets.len(), ids.len());
        let most = options.max_basket as usize;
        let (sets, too_large) = Sets::of_entries(&of_row, &items, size, most)?;
        Ok(Baskets {
            sets,
            too_large,
            without_item: 0,
            returned_or_free: 0,
            ids,
        })
    }
}

/// A column of ids, all cells present: texts, whole numbers or byte strings.
fn ids_of<'a>(
    table: &'a Table,
    name: &str,
    context: &Context,
) -> Result<(Arc<Ids>, Cow<'a, [u32]>)> {
    let column = table.required(name)?;
    if let Some(row) = column.validity().and_then(|v| v.iter().position(|v| !v)) {
        return Err(Error::null(name, row, "an id"));
    }
    let cells: ColumnData = match column.values() {
        Values::Id { ids, codes } => return Ok((ids.clone(), Cow::Borrowed(codes))),
        Values::I64(_) | Values::I32(_) | Values::F64(_) => {
            let cells = table.numbers(name)?;
            let whole = |v: &f64| *v == libm::trunc(*v) && libm::fabs(*v) < 9e15;
            if let Some(row) = cells.iter().position(|v| !whole(v)) {
                return Err(Error::value(name, row, "a text or a whole number"));
            }
            let values = collect(cells.iter().map(|v| *v as i64), WHAT)?.into();
            ColumnValues::Int { values, bits: 64 }.into()
        }
        _ => {
            let (names, codes) = table.names(name)?;
            let texts = codes.iter().map(|code| names[*code as usize].as_bytes());
            ColumnValues::Text(Strings::collect(texts)?).into()
        }
    };
    let kind = match cells.values {
        ColumnValues::Text(_) => IdKind::Text,
        _ => IdKind::Int(64),
    };
    let mut ids = Ids::new(kind, context.hash_seed);
    let mut codes = Vec::new();
    ids.encode(name, &[&cells], &mut codes, context)?;
    Ok((Arc::new(ids), Cow::Owned(codes)))
}
