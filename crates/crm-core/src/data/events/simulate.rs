//! A simulated log of a shop's site from a seed, with known true probabilities.
//!
//! # The shop
//!
//! In each session a visitor follows a Markov chain over pages,
//!
//! ```text
//!            home  list  product  cart  checkout  thanks  leaves
//! (start)    0.50  0.20  0.30
//! home             0.50  0.20                              0.30
//! list       0.05        0.60                              0.35
//! product    0.05  0.25  0.15     0.20                     0.35
//! cart             0.10  0.15           0.45               0.30
//! checkout                        0.10           0.60      0.30
//! thanks     0.20                                          0.80
//! ```
//!
//! The page `product` is a `product_view` of one product, popular products more often; if the cart
//! follows, there is an `add` of that product. The page `cart` is a `view`, `checkout` a `view` and
//! a `checkout`. One in six transitions from checkout to the thanks page has a `payment_failed`
//! before it, and one in four visitors who leave at the checkout leave after one. The thanks page
//! is a `purchase` of all products added in the session. In one in eight views of the cart the
//! product added last is removed.
//!
//! Within a session events are at most 8 minutes apart; sessions of a visitor are at least two
//! hours apart. So the true sessions (timeout 30 minutes) are known, and the true purchase
//! probability of each page follows from the chain. The log names the customer from the visitor's
//! first purchase on; one in five other visitors logs in at once.

mod messages;

pub use messages::{EXTRA, EXTRA_OF_B};

use self::messages::{CAMPAIGNS, VARIANTS};
use super::dataset::Events;
use super::spec::EventsSpec;
use crate::columns::{Batch, Bits, ColumnData, ColumnValues, Strings, TimeUnit};
use crate::context::{Context, collect, filled, push};
use crate::data::orders::spec::AmountUnit;
use crate::error::{Error, Result};
use crate::ids::{IdKind, Ids, NO_ID};
use crate::money::Currency;
use crate::num::rng::Rng;
use crate::table::{Column, Table, Values};
use crate::time::{Day, MICROS_PER_DAY, Zone};
use std::sync::Arc;

/// Parameters of the simulation.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct EventsSimulation {
    /// Number of visitors; ids are from 1.
    pub visitors: u32,
    /// The seed. The same seed gives the same log on every machine.
    pub seed: u64,
    /// The first day.
    pub from: Day,
    /// The number of days.
    pub days: u32,
    /// Mean number of sessions per visitor, at least 1.
    pub sessions: f64,
    /// The number of products.
    pub products: u32,
    /// Campaigns, one each 14 days, up to 24; with at least one there is an experiment, too. See `simulate/messages.rs`.
    pub campaigns: u32,
}

impl Default for EventsSimulation {
    fn default() -> Self {
        EventsSimulation {
            visitors: 1_000,
            seed: 1,
            from: Day(20_454), // 2026-01-01
            days: 90,
            sessions: 2.5,
            products: 50,
            campaigns: 0,
        }
    }
}

const PAGES: [&str; 6] = ["/", "/list", "/product", "/cart", "/checkout", "/thanks"];
const KINDS: [&str; 15] = [
    "view",
    "product_view",
    "add",
    "remove",
    "checkout",
    "payment_failed",
    "purchase",
    "sent",
    "bounced",
    "opened",
    "clicked",
    "unsubscribed",
    "complained",
    "held_out",
    "assigned",
];
const CHANNELS: [&str; 4] = ["search", "mail", "social", "direct"];
const DEVICES: [&str; 3] = ["desktop", "mobile", "tablet"];

/// Transition probabilities from each page (the last row: from the start) to each page; the rest to
/// 1 is leaving.
pub const WALK: [[f64; 6]; 7] = [
    [0.0, 0.50, 0.20, 0.0, 0.0, 0.0],
    [0.05, 0.0, 0.60, 0.0, 0.0, 0.0],
    [0.05, 0.25, 0.15, 0.20, 0.0, 0.0],
    [0.0, 0.10, 0.15, 0.0, 0.45, 0.0],
    [0.0, 0.0, 0.0, 0.10, 0.0, 0.60],
    [0.20, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.50, 0.20, 0.30, 0.0, 0.0, 0.0],
];

/// The code of no page, channel or device.
const NOTHING: u8 = 255;

/// The rows of a simulated log, by time, and its true counts.
#[derive(Debug, Clone, Default)]
pub struct SimulatedEvents {
    rows: Vec<Row>,
    /// Whether there are columns of messages.
    messages: bool,
    /// The true number of sessions.
    pub sessions: u64,
    /// The true number of orders.
    pub orders: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    time: i64,
    visitor: u32,
    /// Index among the visitor's events, which makes the sort order total.
    place: u32,
    kind: u8,
    /// [`NOTHING`] for none.
    page: u8,
    /// 0 for none.
    product: u32,
    /// 0 for none.
    customer: u32,
    /// 0 for none.
    order: u32,
    amount: u32,
    /// [`NOTHING`] for none.
    channel: u8,
    /// [`NOTHING`] for none.
    device: u8,
    /// A place in the names of campaigns; [`NOTHING`] for none.
    campaign: u8,
    /// [`NOTHING`] for none.
    variant: u8,
    machine: bool,
}

/// Probability of a purchase in a session, from each page and (last) from the start, solved from
/// [`WALK`] by repeated substitution.
pub fn true_purchase_probability() -> [f64; 7] {
    let mut h = [0.0; 7];
    for _ in 0..2_000 {
        let before = h;
        for (from, row) in WALK.iter().enumerate() {
            h[from] = row.iter().zip(before).map(|(p, h)| p * h).sum();
        }
        h[5] = 1.0; // the thanks page is the purchase
    }
    h
}

/// Simulates a log.
///
/// ```
/// use crm_core::Context;
/// use crm_core::data::{EventsSimulation, simulate_events};
/// let log = simulate_events(&EventsSimulation::default(), &Context::default())?;
/// let events = log.events(&Context::default())?;
/// assert_eq!(events.n_visitors()?, 1_000);
/// assert_eq!(events.len(), log.len());
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// Numbers out of range; out of memory.
pub fn simulate_events(what: &EventsSimulation, context: &Context) -> Result<SimulatedEvents> {
    if !(1.0..=1_000.0).contains(&what.sessions) {
        return Err(Error::option("sessions", what.sessions, "1 to 1000"));
    }
    if what.days == 0 || what.days > 36_500 || what.products == 0 {
        return Err(Error::option(
            "days",
            what.days,
            "1 to 36500, and a product",
        ));
    }
    if what.campaigns > 24 || what.campaigns > what.days / 14 {
        let expected = "up to 24, and one for each 14 days";
        return Err(Error::option("campaigns", what.campaigns, expected));
    }
    let mut log = SimulatedEvents::default();
    for visitor in 1..=what.visitors {
        if visitor % 4096 == 0 {
            context.check()?;
        }
        log.visitor(what, visitor)?;
        if what.campaigns > 0 {
            log.messages(what, visitor)?;
        }
    }
    log.messages = what.campaigns > 0;
    log.rows.sort_unstable();
    Ok(log)
}

impl SimulatedEvents {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn visitor(&mut self, what: &EventsSimulation, visitor: u32) -> Result<()> {
        let mut rng = Rng::stream(what.seed, u64::from(visitor));
        let sessions = 1 + rng.geometric(1.0 / what.sessions).min(10_000);
        let device = [0, 0, 1, 1, 1, 2][rng.below(6) as usize];
        let knows = rng.below(5) == 0;
        let span = f64::from(what.days) * MICROS_PER_DAY as f64;
        let first = i64::from(what.from.0) * MICROS_PER_DAY;
        let mut time = first + (rng.uniform() * span) as i64;
        let mut customer = if knows { visitor } else { 0 };
        let mut place = 0;
        for _ in 0..sessions {
            if time >= first + span as i64 {
                break;
            }
            self.sessions += 1;
            let channel = rng.below(4) as u8;
            let mut row = Row {
                time,
                visitor,
                place,
                kind: 0,
                page: 0,
                product: 0,
                customer,
                order: 0,
                amount: 0,
                channel,
                device,
                campaign: NOTHING,
                variant: NOTHING,
                machine: false,
            };
            let mut cart: Vec<(u32, u32)> = Vec::new();
            let mut at = 6;
            while let Some(page) = next(&mut rng, at) {
                if at != 6 {
                    row.time += dwell(&mut rng);
                }
                let product_view = page == 2;
                if at == 2 && page == 3 {
                    let price = 500 + row.product % 97 * 130;
                    push(&mut cart, (row.product, price), "simulation")?;
                    self.put(&mut row, 2, page, price)?;
                    row.time += dwell(&mut rng);
                }
                if at == 4 && page == 5 && rng.below(6) == 0 {
                    self.put(&mut row, 5, 4, 0)?;
                    row.time += dwell(&mut rng);
                }
                row.product = match product_view {
                    // Popular products more often.
                    true => 1 + (f64::from(what.products) * rng.uniform() * rng.uniform()) as u32,
                    false => 0,
                };
                if page == 5 {
                    self.orders += 1;
                    customer = visitor;
                    row.customer = customer;
                    row.order = self.orders as u32;
                    let lines = std::mem::take(&mut cart);
                    for (product, price) in &lines {
                        row.product = *product;
                        self.put(&mut row, 6, page, *price)?;
                    }
                    row.product = 0;
                    if lines.is_empty() {
                        self.put(&mut row, 6, page, 0)?;
                    }
                    row.order = 0;
                    row.time += dwell(&mut rng);
                }
                self.put(&mut row, u8::from(product_view), page, 0)?;
                if page == 3
                    && rng.below(8) == 0
                    && let Some((product, _)) = cart.pop()
                {
                    row.time += dwell(&mut rng);
                    row.product = product;
                    self.put(&mut row, 3, page, 0)?;
                    row.product = 0;
                }
                if page == 4 {
                    row.time += dwell(&mut rng);
                    self.put(&mut row, 4, page, 0)?;
                }
                at = usize::from(page);
            }
            if at == 4 && rng.below(4) == 0 {
                row.time += dwell(&mut rng);
                self.put(&mut row, 5, 4, 0)?;
            }
            place = row.place;
            let pause = 2.0 / 24.0 + 12.0 * rng.exponential();
            time = row.time + (pause * MICROS_PER_DAY as f64) as i64;
        }
        Ok(())
    }

    fn put(&mut self, row: &mut Row, kind: u8, page: u8, amount: u32) -> Result<()> {
        (row.kind, row.page, row.amount) = (kind, page, amount);
        push(&mut self.rows, *row, "simulation")?;
        row.place += 1;
        Ok(())
    }

    /// The columns, in the form of a caller's input.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn batch(&self) -> Result<Batch> {
        let rows = &self.rows;
        let numbers = |of: fn(&Row) -> u32| -> Result<ColumnData> {
            let values = collect(rows.iter().map(|r| i64::from(of(r))), "simulation")?;
            let values = ColumnValues::Int {
                values: values.into(),
                bits: 64,
            };
            let valid = Some(Bits::from_bools(rows.iter().map(|r| of(r) != 0))?);
            Ok(ColumnData { values, valid })
        };
        let words = |of: fn(&Row) -> u8, words: &[&str]| -> Result<ColumnData> {
            let known = |r: &Row| usize::from(of(r)) < words.len();
            let key = |r: &Row| if known(r) { u32::from(of(r)) } else { 0 };
            let keys = collect(rows.iter().map(key), "simulation")?;
            let texts = Strings::collect(words.iter().map(|w| w.as_bytes()))?;
            let values = ColumnValues::Dictionary {
                keys: keys.into(),
                values: Box::new(ColumnValues::Text(texts).into()),
            };
            let valid = match rows.iter().all(known) {
                true => None,
                false => Some(Bits::from_bools(rows.iter().map(known))?),
            };
            Ok(ColumnData { values, valid })
        };
        let times = collect(rows.iter().map(|r| r.time), "simulation")?;
        let time = ColumnData::from(ColumnValues::Time {
            values: times.into(),
            unit: TimeUnit::Microsecond,
            zone: Some("UTC".into()),
        });
        let amounts = collect(rows.iter().map(|r| i64::from(r.amount)), "simulation")?;
        let amount = ColumnData {
            values: ColumnValues::Int {
                values: amounts.into(),
                bits: 64,
            },
            valid: Some(Bits::from_bools(
                rows.iter().map(|r| matches!(r.kind, 2 | 6)),
            )?),
        };
        let mut columns = vec![
            ("visitor_id", numbers(|r| r.visitor)?),
            ("occurred_at", time),
            ("kind", words(|r| r.kind, &KINDS)?),
            ("customer_id", numbers(|r| r.customer)?),
            ("page", words(|r| r.page, &PAGES)?),
            ("product", numbers(|r| r.product)?),
            ("order_id", numbers(|r| r.order)?),
            ("channel", words(|r| r.channel, &CHANNELS)?),
            ("device", words(|r| r.device, &DEVICES)?),
            ("amount", amount),
        ];
        if self.messages {
            columns.push(("campaign", words(|r| r.campaign, &CAMPAIGNS)?));
            columns.push(("variant", words(|r| r.variant, &VARIANTS)?));
            let machines = Bits::from_bools(rows.iter().map(|r| r.machine))?;
            columns.push(("machine", ColumnValues::Bool(machines).into()));
        }
        let named = columns.into_iter();
        Ok(named
            .map(|(name, column)| (name.to_owned(), column))
            .collect())
    }

    /// The spec for [`SimulatedEvents::batch`], without columns of messages.
    pub fn spec() -> EventsSpec {
        let column = |name: &str| Some(name.to_owned());
        EventsSpec {
            customer_id: column("customer_id"),
            page: column("page"),
            product: column("product"),
            order_id: column("order_id"),
            channel: column("channel"),
            amount: column("amount"),
            currency: Some(Currency::JPY),
            amount_unit: AmountUnit::Minor,
            dimensions: vec!["device".into()],
            timezone: Some("Asia/Tokyo".into()),
            ..EventsSpec::default()
        }
    }

    /// The log as events.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn events(&self, context: &Context) -> Result<Events> {
        let column = |name: &str| self.messages.then(|| name.to_owned());
        let spec = EventsSpec {
            campaign: column("campaign"),
            variant: column("variant"),
            machine: column("machine"),
            ..Self::spec()
        };
        Events::from_batches(&spec, &[self.batch()?], context)
    }

    /// The log as a table.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn table(&self) -> Result<Table> {
        let mut columns = Vec::new();
        for (name, column) in self.batch()? {
            let n = column.len();
            let valid = collect((0..n).map(|i| column.is_valid(i)), "simulation")?;
            let values = match &column.values {
                ColumnValues::Time { values, .. } => Values::Instant(
                    collect(values.iter().copied(), "simulation")?.into(),
                    Zone::UTC,
                ),
                ColumnValues::Int { values, .. } if name == "amount" => Values::Money(
                    collect(values.iter().copied(), "simulation")?.into(),
                    Currency::JPY,
                ),
                ColumnValues::Int { .. } => {
                    let mut ids = Ids::new(IdKind::Int(64), 0);
                    let mut codes = Vec::new();
                    ids.encode(&name, &[&column], &mut codes, &Context::default())?;
                    codes
                        .iter_mut()
                        .filter(|c| **c == NO_ID)
                        .for_each(|c| *c = 0);
                    let ids = Arc::new(ids);
                    Values::Id { ids, codes }
                }
                ColumnValues::Dictionary { keys, values } => {
                    let texts = (0..values.len()).map(|i| match &values.values {
                        ColumnValues::Text(texts) => {
                            String::from_utf8_lossy(texts.bytes(i)).into_owned()
                        }
                        _ => String::new(),
                    });
                    Values::Text {
                        codes: collect(keys.iter().copied(), "simulation")?,
                        texts: Arc::new(texts.collect()),
                    }
                }
                ColumnValues::Bool(bits) => Values::Bool(bits.to_bools()?),
                _ => Values::Bool(filled(n, false, "simulation")?),
            };
            columns.push(Column::named(name, values).with_validity(valid));
        }
        Ok(Table::new(columns))
    }
}

/// The next page, or `None` if the visitor leaves.
fn next(rng: &mut Rng, from: usize) -> Option<u8> {
    let mut left = rng.uniform();
    for (page, chance) in WALK[from].iter().enumerate() {
        left -= chance;
        if left < 0.0 {
            return Some(page as u8);
        }
    }
    // No visitor leaves at the start: its probabilities add up to 1 except for rounding.
    (from == 6).then_some(2)
}

/// Time until the next event, microseconds.
fn dwell(rng: &mut Rng) -> i64 {
    1_000_000 + (rng.exponential().min(10.0) * 45e6) as i64
}
