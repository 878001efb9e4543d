//! Cart abandonment (カゴ落ち): how many carts are left, how far they had come, what they held, and
//! what came back.
//!
//! # Definition
//!
//! Over the [carts](super::cart) whose window has passed at `as_of`, that is, that were ordered,
//! emptied or left without activity for longer than `window`, and whose last activity lies longer
//! than `window` before `as_of` in every case, so that recent orders do not weigh more than recent
//! carts that nobody can judge yet:
//!
//! ```text
//! abandonment_rate = abandoned / carts
//! carts     = ordered + emptied + abandoned
//! abandoned = abandoned_cart + abandoned_checkout + abandoned_payment     by the stage it came to
//! recovered = abandoned carts with an order of one of their products within `recovery`
//! value_lost + value_recovered = the value of what was left in abandoned carts
//! ```
//!
//! The interval's variance is summed by visitor. Money needs amounts.
//!
//! # Breakdowns
//!
//! By `product`, a line counts each cart that the product was put into; the product is `ordered`
//! when it was bought with the cart, `abandoned` when it was left in it and not bought, whether the
//! rest of the cart was or not, `emptied` when it had been taken out. By `hour` and by any column of
//! events (`page`, `channel`, a dimension) a cart counts under the value of the event that opened
//! it.

use super::cart::{self, Cart, Item, Stage, State};
use crate::analysis::Analysis;
use crate::context::{collect, push};
use crate::data::{Events, Ids, NO_ID};
use crate::num::ratio::{Ratio, Sums};
use crate::scope::Scope;
use crate::table::{Column, Field, Type, Values};
use crate::{Context, Duration, Error, Result, Table};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

/// Options of cart abandonment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Silence after which a cart is abandoned. Default 60 minutes; shops use 15 minutes to 3 days.
    pub window: Duration,
    /// Time in which an order recovers an abandoned cart. Default 7 days.
    pub recovery: Duration,
    /// One column to break down by: `product`, `hour`, or any category of events.
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

/// One line's counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Line {
    /// Abandoned carts of those whose window has passed, by visitor.
    pub abandoned: Sums,
    /// Abandoned carts by [`Stage`].
    pub stages: [u64; 3],
    /// Carts that were ordered.
    pub ordered: u64,
    /// Carts that were emptied.
    pub emptied: u64,
    /// Abandoned carts that an order recovered.
    pub recovered: u64,
    /// Minor units.
    pub lost: i128,
    /// Minor units.
    pub back: i128,
}

impl Line {
    fn count(&mut self, state: State, stage: Stage, recovered: bool, lost: i128, back: i128) {
        match state {
            State::Ordered => self.ordered += 1,
            State::Emptied => self.emptied += 1,
            State::Abandoned => {
                self.stages[stage as usize] += 1;
                self.recovered += u64::from(recovered);
                self.lost += lost;
                self.back += back;
            }
            State::Open => {}
        }
    }
}

/// What a product of a cart came to.
fn state_of(item: &Item, cart: &Cart) -> State {
    match (cart.state, item.quantity, item.bought) {
        (State::Open, ..) => State::Open,
        (_, 0, _) => State::Emptied,
        (State::Ordered, _, true) => State::Ordered,
        _ => State::Abandoned,
    }
}

/// Whether a cart's window has passed.
fn passed(events: &Events, cart: &Cart, window: Duration) -> bool {
    let silence = events.as_of.saturating_sub(events.data.time[cart.last]);
    cart.state != State::Open && silence > window.micros()
}

/// Lines of `(key, visitor, line)` summed by key, keys ascending: each visitor is a cluster.
fn summed(mut rows: Vec<(u32, usize, Line)>) -> Result<Vec<(u32, Line)>> {
    rows.sort_unstable_by_key(|(key, unit, _)| (*key, *unit));
    let mut lines: Vec<(u32, Line)> = Vec::new();
    for group in rows.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let key = group[0].0;
        if lines.last().is_none_or(|(last, _)| *last != key) {
            push(&mut lines, (key, Line::default()), "carts")?;
        }
        let Some((_, line)) = lines.last_mut() else {
            continue;
        };
        let (mut abandoned, mut carts) = (0, 0);
        for (_, _, row) in group {
            let left: u64 = row.stages.iter().sum();
            abandoned += left;
            carts += left + row.ordered + row.emptied;
            line.ordered += row.ordered;
            line.emptied += row.emptied;
            line.recovered += row.recovered;
            line.lost += row.lost;
            line.back += row.back;
            for (sum, count) in line.stages.iter_mut().zip(row.stages) {
                *sum += count;
            }
        }
        line.abandoned.add(abandoned, carts);
    }
    Ok(lines)
}

/// A breakdown's keys by rank in ascending order, nulls last.
struct Keys {
    ids: Arc<Ids>,
    /// The code of each rank.
    codes: Vec<u32>,
    /// The rank of each code.
    ranks: Vec<u32>,
}

impl Keys {
    fn new(ids: Arc<Ids>) -> Result<Self> {
        let codes = collect(ids.by_id()?.iter().copied(), "breakdown")?;
        let mut ranks = crate::context::filled(codes.len(), 0, "breakdown")?;
        for (rank, code) in codes.iter().enumerate() {
            ranks[*code as usize] = rank as u32;
        }
        Ok(Keys { ids, codes, ranks })
    }

    fn rank(&self, code: u32) -> u32 {
        match code {
            NO_ID => NO_ID,
            code => self.ranks[code as usize],
        }
    }
}

/// The register's entry.
pub struct CartAbandonment;

impl Analysis for CartAbandonment {
    const NAME: &'static str = "cart_abandonment";
    const SUMMARY: &'static str =
        "Carts left behind: rate, stage, value lost and recovered; by product, page, channel, hour";
    const JA: &'static str = "カゴ落ち";
    const COLUMNS: &'static [Field] = &[
        Field::new(
            "carts",
            Type::Int,
            "carts",
            "カート数",
            "Carts whose window has passed.",
        ),
        Field::new(
            "abandoned",
            Type::Int,
            "carts",
            "カゴ落ち数",
            "Left behind.",
        ),
        Field::new(
            "recovered",
            Type::Int,
            "carts",
            "回復数",
            "Of these, followed by an order of one of their products.",
        ),
        Field::new(
            "abandonment_rate",
            Type::Float,
            "",
            "カゴ落ち率",
            "Abandoned / carts.",
        ),
        Field::new(
            "abandonment_rate_low",
            Type::Float,
            "",
            "カゴ落ち率下限",
            "95 %, by visitor.",
        ),
        Field::new(
            "abandonment_rate_high",
            Type::Float,
            "",
            "カゴ落ち率上限",
            "95 %, by visitor.",
        ),
        Field::new("ordered", Type::Int, "carts", "購入数", "Ordered."),
        Field::new("emptied", Type::Int, "carts", "空になった数", "Emptied."),
        Field::new(
            "abandoned_cart",
            Type::Int,
            "carts",
            "カート段階",
            "Abandoned before the checkout.",
        ),
        Field::new(
            "abandoned_checkout",
            Type::Int,
            "carts",
            "購入手続き段階",
            "Abandoned in the checkout.",
        ),
        Field::new(
            "abandoned_payment",
            Type::Int,
            "carts",
            "決済失敗段階",
            "Abandoned after a failed payment.",
        ),
        Field::new(
            "value_lost",
            Type::Money,
            "currency",
            "損失金額",
            "Value left in abandoned carts and not bought; only with amounts.",
        ),
        Field::new(
            "value_recovered",
            Type::Money,
            "currency",
            "回復金額",
            "Value of abandoned carts that was bought later; only with amounts.",
        ),
    ];
    type Data = Events;
    type Options = Options;

    fn run(events: &Events, _: &Scope, options: &Options, context: &Context) -> Result<Table> {
        let all = cart::carts(
            events,
            options.window,
            options.recovery,
            Self::NAME,
            context,
        )?;
        let by = match options.by.as_slice() {
            [] => None,
            [name] => Some(name.as_str()),
            _ => return Err(Error::option("by", "", "one column")),
        };
        let carts = || {
            let carts = all.carts.iter();
            carts.filter(|cart| passed(events, cart, options.window))
        };
        let mut rows: Vec<(u32, usize, Line)> = Vec::new();
        let mut keys = None;
        if by == Some("product") {
            let Some(dim) = events.dim("product") else {
                return Err(Error::OptionNeedsColumn {
                    option: "by".into(),
                    value: "product".into(),
                    column: "product".into(),
                });
            };
            let of = Keys::new(dim.ids.clone())?;
            for cart in carts() {
                for item in &cart.items {
                    let (value, mut line) = (i128::from(item.value), Line::default());
                    let state = state_of(item, cart);
                    // Recovered is what an order after the abandonment bought.
                    let back = item.bought && cart.state == State::Abandoned;
                    let (lost, recovered) = if back { (0, value) } else { (value, 0) };
                    line.count(state, cart.stage, back, lost, recovered);
                    push(&mut rows, (of.rank(item.product), cart.unit, line), "carts")?;
                }
            }
            keys = Some(of);
        } else {
            let column = match by {
                Some(name) => match events.attribute(name)? {
                    crate::data::AttributeValues::Codes(ids, codes) => {
                        Some((Keys::new(ids)?, codes))
                    }
                    _ => return Err(Error::option("by", name, "a column of categories")),
                },
                None => None,
            };
            for cart in carts() {
                let key = column
                    .as_ref()
                    .map_or(0, |(keys, codes)| keys.rank(codes[cart.opened]));
                let mut line = Line::default();
                let (lost, back) = (cart.value(false), cart.value(true));
                line.count(cart.state, cart.stage, cart.recovered.is_some(), lost, back);
                push(&mut rows, (key, cart.unit, line), "carts")?;
            }
            keys = column.map(|(keys, _)| keys).or(keys);
        }
        let mut lines = summed(rows)?;
        if by.is_none() && lines.is_empty() {
            lines.push((0, Line::default()));
        }
        let mut columns = Vec::new();
        if let (Some(keys), Some(name)) = (&keys, by) {
            let code = |rank: u32| match rank {
                NO_ID => NO_ID,
                rank => keys.codes[rank as usize],
            };
            let codes = collect(lines.iter().map(|(rank, _)| code(*rank)), "table")?;
            let key = Field::new("by", Type::Id, "", "", "");
            let column = super::ids_column(&key, &keys.ids, codes)?;
            columns.push(column.renamed(name.to_owned()));
        }
        let level = super::level()?;
        let rates = lines
            .iter()
            .map(|(_, l)| Ratio::from_sums(&l.abandoned, level));
        let rates = collect(rates, "table")?;
        let int = |of: fn(&Line) -> u64| {
            collect(lines.iter().map(|(_, l)| of(l) as i64), "table").map(Values::I64)
        };
        let f = Self::COLUMNS;
        columns.push(Column::new(&f[0], int(|l| l.abandoned.trials)?));
        columns.push(Column::new(&f[1], int(|l| l.abandoned.hits)?));
        columns.push(Column::new(&f[2], int(|l| l.recovered)?));
        columns.extend(super::rate_columns(&f[3..6], &rates)?);
        columns.push(Column::new(&f[6], int(|l| l.ordered)?));
        columns.push(Column::new(&f[7], int(|l| l.emptied)?));
        columns.push(Column::new(&f[8], int(|l| l.stages[0])?));
        columns.push(Column::new(&f[9], int(|l| l.stages[1])?));
        columns.push(Column::new(&f[10], int(|l| l.stages[2])?));
        if let Some(currency) = events.currency() {
            for (field, of) in [
                (&f[11], (|l: &Line| l.lost) as fn(&Line) -> i128),
                (&f[12], |l| l.back),
            ] {
                let mut cells = crate::context::room(lines.len(), "table")?;
                for (_, line) in &lines {
                    cells.push(i64::try_from(of(line)).map_err(|_| Error::Overflow {
                        column: events.spec.amount.clone().unwrap_or_default(),
                        what: "the value of all carts",
                    })?);
                }
                columns.push(Column::new(field, Values::Money(cells, currency)));
            }
        }
        Ok(Table::new(columns)
            .with_note("removals_without_add", json!(all.removals_without_add))
            .with_note("purchases_without_cart", json!(all.purchases_without_cart)))
    }
}
