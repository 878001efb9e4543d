//! Carts to follow up (カゴ落ちフォロー): the carts abandoned at `as_of`, their items, and the reasons not
//! to write to a visitor.
//!
//! # Definition
//!
//! One row for each cart ([`super::cart`]) that is abandoned at `as_of` and whose last activity is
//! at most `max_age` before `as_of`. `suppressed_by` is null for the carts to follow up, else the
//! first of
//!
//! ```text
//! ordered       an order since, by the visitor or by any visitor of the same customer
//! newer_cart    the visitor has a later cart: that one is the one to speak of
//! active        the visitor has had an event within `window` before as_of, and may be shopping now
//! unknown       no customer is joined to the visitor (only where events name customers)
//! ```
//!
//! `abandoned_at` is the last activity plus `window`. `cart_items` lists the products in these
//! carts that were not bought, one per row.

use super::cart::{self, Cart, State};
use super::follow_up::{ACTIVE, ORDERED, UNKNOWN, Visitors, customer};
use super::sessions::VISITOR_ID;
use crate::analysis::Analysis;
use crate::behavior::fields::{ABANDONED_AT, PRODUCT, STARTED_AT};
use crate::context::{Context, collect, filled, push};
use crate::data::Events;
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::table::optional::ids_column;
use crate::table::shared::{AMOUNT, SUPPRESSED_BY};
use crate::table::{CUSTOMER_ID, Column, Field, Label, Table, Values, columns, fields, labels};
use crate::time::Duration;
use serde::{Deserialize, Serialize};

/// Options of the follow-ups and of their items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Inactivity after which a cart is abandoned. Default 60 minutes.
    pub window: Duration,
    /// Carts whose last activity is longer ago are not listed. Default 3 days.
    pub max_age: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            window: Duration::minutes(60),
            max_age: Duration::days(3),
        }
    }
}

/// The reason not to write to a visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[repr(u8)]
pub enum Suppression {
    /// The visitor or customer has ordered since.
    Ordered = 0,
    /// The visitor has a later cart.
    NewerCart = 1,
    /// The visitor may be shopping now.
    Active = 2,
    /// The customer is unknown.
    Unknown = 3,
}

impl Suppression {
    /// What people read.
    pub const LABELS: &'static [Label] = labels! {
        ORDERED;
        "newer_cart", "Newer cart", "新しいカートあり";
        ACTIVE;
        UNKNOWN;
    };
}

/// The carts to list, each with the reason not to write to the visitor, if there is one.
///
/// # Errors
///
/// Those of [`cart::carts`].
pub fn follow_ups(
    events: &Events,
    options: &Options,
    analysis: &'static str,
    context: &Context,
) -> Result<Vec<(Cart, Option<Suppression>)>> {
    let all = cart::carts(events, options.window, options.max_age, analysis, context)?;
    let visitors = Visitors::new(events)?;
    let data = events.data()?;
    let mut newest = filled(data.units.len(), 0_u32, "carts")?;
    for cart in &all.carts {
        newest[cart.unit] = cart.number;
    }
    let mut listed = Vec::new();
    for cart in all.carts {
        let left = data.time[cart.last];
        let since = |at: i64| events.as_of.saturating_sub(at);
        if cart.state != State::Abandoned || since(left) > options.max_age.micros() {
            continue;
        }
        let suppressed = if visitors.ordered_after(cart.unit, left) {
            Some(Suppression::Ordered)
        } else if newest[cart.unit] > cart.number {
            Some(Suppression::NewerCart)
        } else if visitors.active_within(cart.unit, options.window) {
            Some(Suppression::Active)
        } else if visitors.is_unknown(cart.unit) {
            Some(Suppression::Unknown)
        } else {
            None
        };
        push(&mut listed, (cart, suppressed), "carts")?;
    }
    Ok(listed)
}

fields! {
    CART = "cart", Int, "", "カート回数", "1 for the visitor's first cart.";
    QUANTITY = "quantity", Int, "units", "数量", "Units left in it.";
}

/// The register's entry of the carts.
#[derive(Debug, Clone, Copy)]
pub struct CartFollowUps;

impl Analysis for CartFollowUps {
    const NAME: &'static str = "cart_follow_ups";
    const SUMMARY: &'static str =
        "Abandoned carts to follow up at a moment, and the reasons against some of them";
    const JA: &'static str = "カゴ落ちフォロー対象";
    const NEEDS_AS_OF: bool = true;
    const COLUMNS: &'static [Field] = &columns! {
        VISITOR_ID;
        CUSTOMER_ID;
        CART;
        STARTED_AT, "When the first product was added.";
        "last_activity_at": Instant, "", "最終行動日時", "The visitor's last event before the cart was abandoned.";
        ABANDONED_AT, "When the window without activity ended.";
        "stage": Category, "", "段階", "The last stage reached: cart, checkout, payment_failed.";
        "products": Int, "products", "商品数", "Products left in it.";
        QUANTITY;
        AMOUNT, "Value left in it; only with amounts.";
        SUPPRESSED_BY, "Reason not to write; null for carts to follow up.";
    };
    const VISITS: bool = true;
    type Data = Events;
    type Options = Options;

    fn run(events: &Events, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let listed = follow_ups(events, options, Self::NAME, context)?;
        let data = events.data()?;
        let time = |of: &dyn Fn(&Cart) -> i64| {
            let times = listed.iter().map(|(c, _)| of(c));
            Ok::<_, Error>(Values::Instant(
                collect(times, "table")?.into(),
                events.zone(),
            ))
        };
        let left = |c: &Cart| {
            let items = c.items.iter().filter(|i| i.quantity > 0 && !i.bought);
            items.fold((0_i64, 0_i64, 0_i64), |(n, units, value), i| {
                let units = units.saturating_add(i.quantity as i64);
                (n + 1, units, value.saturating_add(i.value))
            })
        };
        let whole = |of: &dyn Fn(&Cart) -> i64| collect(listed.iter().map(|(c, _)| of(c)), "table");
        let visitors = Values::Id {
            ids: events.visitors()?.clone(),
            codes: collect(listed.iter().map(|(c, _)| c.visitor), "table")?,
        };
        let f = Self::COLUMNS;
        let mut columns = vec![Column::new(&f[0], visitors)];
        if let Some(joined) = &data.customer {
            let codes = listed
                .iter()
                .map(|(c, _)| customer(data, c.unit).unwrap_or(NO_ID));
            let codes = collect(codes, "table")?;
            columns.push(ids_column(&f[1], &joined.ids, codes)?);
        }
        let numbers = collect(listed.iter().map(|(c, _)| c.number as i32), "table")?;
        let stages = collect(listed.iter().map(|(c, _)| c.stage as u8), "table")?;
        let stage = Values::Category {
            codes: stages,
            labels: cart::Stage::LABELS,
        };
        let window = options.window.micros();
        columns.extend([
            Column::new(&f[2], Values::I32(numbers)),
            Column::new(&f[3], time(&|c| data.time[c.opened])?),
            Column::new(&f[4], time(&|c| data.time[c.last])?),
            Column::new(&f[5], time(&|c| data.time[c.last].saturating_add(window))?),
            Column::new(&f[6], stage),
            Column::new(&f[7], Values::I64(whole(&|c| left(c).0)?.into())),
            Column::new(&f[8], Values::I64(whole(&|c| left(c).1)?.into())),
        ]);
        if let Some(currency) = events.currency() {
            let values = Values::Money(whole(&|c| left(c).2)?.into(), currency);
            columns.push(Column::new(&f[9], values));
        }
        columns.push(Column::words(
            &f[10],
            Suppression::LABELS,
            listed.iter().map(|(_, s)| s.map(|s| s as u8)),
        )?);
        Ok(Table::new(columns))
    }
}

/// The register's entry of their items.
#[derive(Debug, Clone, Copy)]
pub struct CartItems;

impl Analysis for CartItems {
    const NAME: &'static str = "cart_items";
    const SUMMARY: &'static str = "Products in the carts to follow up";
    const JA: &'static str = "カゴ落ち商品";
    const NEEDS_AS_OF: bool = true;
    const COLUMNS: &'static [Field] = &columns! {
        VISITOR_ID;
        CART;
        PRODUCT;
        QUANTITY;
        AMOUNT, "Value left in it; only with amounts.";
        "added_at": Instant, "", "追加日時", "Time when it was first added.";
        SUPPRESSED_BY, "Reason not to write; null for carts to follow up.";
    };
    const VISITS: bool = true;
    type Data = Events;
    type Options = Options;

    fn run(events: &Events, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let Some(dim) = events.dim("product")? else {
            return Err(Error::OptionNeedsColumn {
                option: "analysis".into(),
                value: Self::NAME.into(),
                column: "product".into(),
            });
        };
        let listed = follow_ups(events, options, Self::NAME, context)?;
        let data = events.data()?;
        let mut rows = Vec::new();
        for (cart, suppressed) in &listed {
            for item in cart.items.iter().filter(|i| i.quantity > 0 && !i.bought) {
                push(&mut rows, (cart, item, *suppressed), "carts")?;
            }
        }
        let visitors = Values::Id {
            ids: events.visitors()?.clone(),
            codes: collect(rows.iter().map(|(c, ..)| c.visitor), "table")?,
        };
        let products = collect(rows.iter().map(|(_, i, _)| i.product), "table")?;
        let numbers = collect(rows.iter().map(|(c, ..)| c.number as i32), "table")?;
        let units = collect(rows.iter().map(|(_, i, _)| i.quantity as i64), "table")?;
        let added = rows.iter().map(|(_, i, _)| Some(data.time[i.event]));
        let f = Self::COLUMNS;
        let mut columns = vec![
            Column::new(&f[0], visitors),
            Column::new(&f[1], Values::I32(numbers)),
            ids_column(&f[2], &dim.ids, products)?,
            Column::new(&f[3], Values::I64(units.into())),
        ];
        if let Some(currency) = events.currency() {
            let values = collect(rows.iter().map(|(_, i, _)| i.value), "table")?;
            columns.push(Column::new(&f[4], Values::Money(values.into(), currency)));
        }
        columns.push(super::columns::instants_column(&f[5], events, added)?);
        columns.push(Column::words(
            &f[6],
            Suppression::LABELS,
            rows.iter().map(|(.., s)| s.map(|s| s as u8)),
        )?);
        Ok(Table::new(columns))
    }
}
