//! Cart abandonment (カゴ落ち): the share of abandoned carts, the stage they reached, their value, and
//! how many are recovered.
//!
//! # Definition
//!
//! A cart counts if its last activity is longer than `window` before `as_of`; it is
//! then ordered, emptied or abandoned. Recent orders do not count either: otherwise quick orders
//! would be counted earlier than abandoned carts.
//!
//! ```text
//! abandonment_rate = abandoned / carts
//! carts     = ordered + emptied + abandoned
//! abandoned = abandoned_cart + abandoned_checkout + abandoned_payment     by the stage it came to
//! recovered = abandoned carts with an order of one of their products within `recovery`
//! value_lost + value_recovered = the value of what was left in abandoned carts
//! ```
//!
//! The variance of the interval is clustered by visitor. The columns of money need amounts in the
//! events.
//!
//! # Breakdowns
//!
//! By `product`, a line counts each cart that the product was put into; the product is `ordered`
//! when it was bought with the cart, `emptied` when it was removed, and `abandoned` when it was
//! neither, even if the rest of the cart was bought. By `hour` and by any column of events (`page`,
//! `channel`, a dimension) a cart counts under the value of the event that opened it. With
//! `product` among several columns, the values of the other columns are from the event that added
//! the product.

use super::breakdown::{Breakdown, Counts, Line, Part};
use super::cart;
use super::cart::{Cart, Item, Stage, State};
use super::parameters::OF_THE_SITE;
use crate::analysis::Analysis;
use crate::context::{Context, collect, push, room};
use crate::data::Events;
use crate::error::{Error, Result};
use crate::num::ratio::Ratio;
use crate::table::optional::rate_columns;
use crate::table::{Column, Field, Table, Values, columns};
use crate::time::Duration;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Options of cart abandonment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Inactivity after which a cart is abandoned. Default 60 minutes; shops use 15 minutes to 3
    /// days.
    pub window: Duration,
    /// Time in which an order recovers an abandoned cart. Default 7 days.
    pub recovery: Duration,
    /// Columns to break down by: `product`, `hour`, or any category of events.
    pub by: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            window: Duration::minutes(60),
            recovery: Duration::days(7),
            by: Vec::new(),
        }
    }
}

/// Counts of carts, or of products in carts.
#[derive(Debug, Clone, Default, PartialEq)]
struct Carts {
    /// Abandoned carts by [`Stage`].
    stages: [u64; 3],
    ordered: u64,
    emptied: u64,
    /// Abandoned carts that an order recovered.
    recovered: u64,
    /// Minor units.
    lost: i128,
    /// Minor units.
    back: i128,
}

/// The outcome of a cart, or of a product in a cart.
struct Fate {
    state: State,
    stage: Stage,
    recovered: bool,
    /// Minor units.
    lost: i64,
    /// Minor units.
    back: i64,
}

impl Counts for Carts {
    type Of = Fate;

    fn count(&mut self, one: &Fate) {
        match one.state {
            State::Ordered => self.ordered += 1,
            State::Emptied => self.emptied += 1,
            State::Abandoned => {
                self.stages[one.stage as usize] += 1;
                self.recovered += u64::from(one.recovered);
                self.lost += i128::from(one.lost);
                self.back += i128::from(one.back);
            }
            State::Open => {}
        }
    }

    fn abandoned(&self) -> (u64, u64) {
        let abandoned = self.stages.iter().sum();
        (abandoned, abandoned + self.ordered + self.emptied)
    }
}

/// The outcome of a product in a cart.
fn state_of(item: &Item, cart: &Cart) -> State {
    match (cart.state, item.quantity, item.bought) {
        (State::Open, ..) => State::Open,
        (_, 0, _) => State::Emptied,
        (State::Ordered, _, true) => State::Ordered,
        _ => State::Abandoned,
    }
}

/// Whether `name` is the column of products.
pub(crate) fn is_product(events: &Events, name: &str) -> bool {
    name == "product" || events.spec.product.as_deref() == Some(name)
}

/// Whether a cart's last activity is longer than `window` ago.
fn passed(events: &Events, last: i64, cart: &Cart, window: Duration) -> bool {
    let silence = events.as_of.saturating_sub(last);
    cart.state != State::Open && silence > window.micros()
}

fn overflow(events: &Events, what: &'static str) -> Error {
    Error::Overflow {
        column: events.spec.amount.clone().unwrap_or_default(),
        what,
    }
}

/// What each cart whose window is over counts for; in a breakdown by product, what each of its
/// products counts for.
fn parts(events: &Events, carts: &[Cart], options: &Options) -> Result<Vec<Part<Fate>>> {
    let data = events.data()?;
    let by_product = options.by.iter().any(|name| is_product(events, name));
    let mut parts = Vec::new();
    for cart in carts {
        if !passed(events, data.time[cart.last], cart, options.window) {
            continue;
        }
        let unit = cart.unit as u32;
        let mut add = |event: usize, what: Fate| {
            let event = event as u32;
            push(&mut parts, Part { event, unit, what }, "carts")
        };
        if by_product {
            for item in &cart.items {
                add(item.event, fate_of(item, cart))?;
            }
            continue;
        }
        let value = |bought: bool| {
            i64::try_from(cart.value(bought)).map_err(|_| overflow(events, "the value of a cart"))
        };
        let fate = Fate {
            state: cart.state,
            stage: cart.stage,
            recovered: cart.recovered.is_some(),
            lost: value(false)?,
            back: value(true)?,
        };
        add(cart.opened, fate)?;
    }
    Ok(parts)
}

/// What a product in a cart counts for.
fn fate_of(item: &Item, cart: &Cart) -> Fate {
    // Items bought by an order after the abandonment are recovered.
    let recovered = item.bought && cart.state == State::Abandoned;
    let (lost, back) = match recovered {
        true => (0, item.value),
        false => (item.value, 0),
    };
    Fate {
        state: state_of(item, cart),
        stage: cart.stage,
        recovered,
        lost,
        back,
    }
}

/// The analysis `cart_abandonment`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct CartAbandonment;

impl Analysis for CartAbandonment {
    const NAME: &'static str = "cart_abandonment";
    const SUMMARY: &'static str =
        "Abandoned carts: rate, stage, value lost and recovered; by product, page, channel, hour";
    const JA: &'static str = "カゴ落ち";
    const COLUMNS: &'static [Field] = &columns! {
        "carts": Int, "carts", "カート数", "Carts whose window is over.";
        "abandoned": Int, "carts", "カゴ落ち数", "Carts abandoned.";
        "recovered": Int, "carts", "回復数", "Abandoned carts followed by an order of one of their products.";
        "abandonment_rate": Float, "share", "カゴ落ち率", "Abandoned / carts.";
        "abandonment_rate_low": Float, "share", "カゴ落ち率下限", "95 %, by visitor.";
        "abandonment_rate_high": Float, "share", "カゴ落ち率上限", "95 %, by visitor.";
        "ordered": Int, "carts", "購入数", "Carts ordered.";
        "emptied": Int, "carts", "空になった数", "Carts emptied.";
        "abandoned_cart": Int, "carts", "カート段階", "Abandoned before the checkout.";
        "abandoned_checkout": Int, "carts", "購入手続き段階", "Abandoned in the checkout.";
        "abandoned_payment": Int, "carts", "決済失敗段階", "Abandoned after a failed payment.";
        "value_lost": Money, "currency", "損失金額",
            "Value left in abandoned carts and not bought; only with amounts.";
        "value_recovered": Money, "currency", "回復金額",
            "Value of abandoned carts that was bought later; only with amounts.";
    };
    const SCOPE: &'static [&'static str] = OF_THE_SITE;
    const VISITS: bool = true;
    type Data = Events;
    type Options = Options;

    fn run(events: &Events, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let all = cart::carts(
            events,
            options.window,
            options.recovery,
            Self::NAME,
            context,
        )?;
        let breakdown = Breakdown::new(events, &options.by)?;
        let parts = parts(events, &all.carts, options)?;
        let lines = breakdown.lines::<Carts>(parts)?;
        let mut columns = breakdown.columns(&lines)?;
        let level = crate::num::Fraction::P95;
        let rates = lines.iter().map(|l| Ratio::from_sums(&l.abandoned, level));
        let rates = collect(rates, "table")?;
        let int = |of: fn(&Line<Carts>) -> u64| {
            collect(lines.iter().map(|l| of(l) as i64), "table").map(|v| Values::I64(v.into()))
        };
        let f = Self::COLUMNS;
        columns.push(Column::new(&f[0], int(|l| l.abandoned.trials)?));
        columns.push(Column::new(&f[1], int(|l| l.abandoned.hits)?));
        columns.push(Column::new(&f[2], int(|l| l.counts.recovered)?));
        columns.extend(rate_columns(&f[3..6], &rates)?);
        columns.push(Column::new(&f[6], int(|l| l.counts.ordered)?));
        columns.push(Column::new(&f[7], int(|l| l.counts.emptied)?));
        columns.push(Column::new(&f[8], int(|l| l.counts.stages[0])?));
        columns.push(Column::new(&f[9], int(|l| l.counts.stages[1])?));
        columns.push(Column::new(&f[10], int(|l| l.counts.stages[2])?));
        if let Some(currency) = events.currency() {
            let money = |field, of: fn(&Carts) -> i128| {
                let mut cells = room(lines.len(), "table")?;
                for line in &lines {
                    let sum = i64::try_from(of(&line.counts));
                    cells.push(sum.map_err(|_| overflow(events, "the value of all carts"))?);
                }
                Ok::<_, Error>(Column::new(field, Values::Money(cells.into(), currency)))
            };
            columns.push(money(&f[11], |carts| carts.lost)?);
            columns.push(money(&f[12], |carts| carts.back)?);
        }
        Ok(Table::new(columns)
            .with_note("removals_without_add", json!(all.removals_without_add))
            .with_note("purchases_without_cart", json!(all.purchases_without_cart)))
    }
}
