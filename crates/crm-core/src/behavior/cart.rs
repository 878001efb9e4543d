//! Carts (カート): what each visitor put in, and the outcome. This state machine is the base of cart
//! abandonment, follow-ups and cart items.
//!
//! # Definition
//!
//! ```text
//! add       opens a cart when none is open, and puts units of the product in
//! remove    takes units out; a cart left without any is emptied
//! checkout, payment_failed    raise the stage an open cart is at
//! purchase  closes the open cart: ordered
//! silence   an open cart without any event of its visitor for longer than `window` is abandoned
//! ```
//!
//! Inactivity may end with a further event or not; events after it belong to a new cart. Where
//! `as_of` is at most `window` after the last event, the cart is still open and is not counted. A
//! cart's stage is the latest of *cart*, *checkout*, *payment failed* that it reached.
//!
//! **Orders.** Purchases with one order id, or without ids at one instant, are one order. An order
//! that names products buys these products; an order that names none buys everything in the cart.
//! In results by product, a product that was in an ordered cart and not bought is abandoned.
//!
//! **Recovered**: an abandoned cart followed within `recovery` of its last activity by an order of
//! one of its products (or an order that names none). The value recovered is the value of the
//! products bought.
//!
//! **Value**: the amounts of `add` events (each for all units of the event together), less the
//! share of removed units. The default of units is 1.
//!
//! Removals of products that are not in an open cart, and purchases without an open cart, change
//! nothing and are counted in the notes.

use crate::context::{Context, filled, grow, push};
use crate::data::Events;
use crate::data::events::event_data::{EventData, EventDim};
use crate::data::events::kinds;
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::table::{Label, labels};
use crate::time::Duration;
use crate::words::EventWord;
use std::cmp::Ordering;

/// The stage that an abandoned cart reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[repr(u8)]
pub enum Stage {
    /// Products were added.
    Cart = 0,
    /// The checkout began.
    Checkout = 1,
    /// A payment failed.
    PaymentFailed = 2,
}

impl Stage {
    /// Labels shown to people.
    pub const LABELS: &'static [Label] = labels! {
        "cart", "Cart", "カート";
        "checkout", "Checkout", "購入手続き";
        "payment_failed", "Payment failed", "決済失敗";
    };
}

/// The outcome of a cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum State {
    /// The window has not passed at `as_of`.
    Open,
    /// Ordered.
    Ordered,
    /// Everything was taken out.
    Emptied,
    /// Abandoned.
    Abandoned,
}

/// One product of a cart.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Item {
    /// The product's code; `u32::MAX` where events name none.
    pub product: u32,
    /// The event that put it in first.
    pub event: usize,
    /// Units in the cart.
    pub quantity: u64,
    /// Value in the cart, in minor units.
    pub value: i64,
    /// Whether it was bought: by the order that closed the cart, or by one that recovered it.
    pub bought: bool,
}

/// One cart.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Cart {
    /// The visitor's index among the visitors of the events.
    pub unit: usize,
    /// The visitor's code.
    pub visitor: u32,
    /// 1 for the visitor's first cart.
    pub number: u32,
    /// The event that opened it.
    pub opened: usize,
    /// The visitor's last event while it was open (for an ordered cart, the purchase).
    pub last: usize,
    /// The stage it reached.
    pub stage: Stage,
    /// The outcome.
    pub state: State,
    /// Its products, in the order in which they were added.
    pub items: Vec<Item>,
    /// When an order recovered it, UTC microseconds.
    pub recovered: Option<i64>,
}

impl Cart {
    /// The value of the products that were bought (`true`) or not bought (`false`).
    pub fn value(&self, bought: bool) -> i128 {
        let items = self.items.iter().filter(|i| i.bought == bought);
        items.map(|i| i128::from(i.value)).sum()
    }
}

/// Carts, and counts of events that fit no cart.
#[derive(Debug, Clone, Default)]
pub struct Carts {
    /// By visitor in ascending id order, then by time.
    pub carts: Vec<Cart>,
    /// Removals of products that were not in an open cart.
    pub removals_without_add: u64,
    /// Orders without an open cart that recovered no cart.
    pub purchases_without_cart: u64,
}

/// Runs the state machine over every visitor's events.
///
/// ```
/// use crm_core::behavior::cart::{self, State};
/// use crm_core::{Context, Duration, Events, Zone, data::Event};
/// let events = Events::builder(Zone::UTC)
///     .add(Event::new("v", "2026-03-01T10:00:00", "add").product("p"))
///     .add(Event::new("v", "2026-03-01T12:00:00", "view"))
///     .add(Event::new("w", "2026-03-01T11:30:00", "add").product("p"))
///     .add(Event::new("w", "2026-03-01T11:40:00", "purchase"))
///     .build()?;
/// let all = cart::carts(
///     &events,
///     Duration::minutes(60),
///     Duration::days(7),
///     "cart_abandonment",
///     &Context::default(),
/// )?;
/// let states: Vec<State> = all.carts.iter().map(|c| c.state).collect();
/// assert_eq!(states, [State::Abandoned, State::Ordered]);
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// A log in which no kind means `add` or `purchase`, or in which an unmapped kind may mean another
/// word that carts need; out of memory.
pub fn carts(
    events: &Events,
    window: Duration,
    recovery: Duration,
    analysis: &'static str,
    context: &Context,
) -> Result<Carts> {
    use EventWord as W;
    let possible = [W::Remove, W::Checkout, W::PaymentFailed];
    crate::request::longer_than_zero("window", window)?;
    kinds::need(events, analysis, &[W::Add, W::Purchase], &possible)?;
    let mut all = Carts::default();
    // For each product (the last slot is for events without a product), its position in the latest
    // cart that held it.
    let (data, product) = (events.data()?, events.dim("product")?);
    let products = product.map_or(0, |d| d.ids.len());
    let mut slots = filled(products + 1, (0, 0), "carts")?;
    for unit in 0..data.units.len() {
        if unit % 4096 == 0 {
            context.check()?;
        }
        let mut machine = Machine {
            data,
            product,
            order_id: events.dim("order_id")?,
            as_of: events.as_of,
            amount: events.spec.amount.as_deref(),
            window: window.micros(),
            recovery: recovery.micros(),
            unit,
            first: all.carts.len(),
            carts: &mut all.carts,
            open: None,
            order: None,
            abandoned: Vec::new(),
            in_cart: 0,
            slots: &mut slots,
            strays: (0, 0),
        };
        machine.run()?;
        let (removals, purchases) = machine.strays;
        all.removals_without_add += removals;
        all.purchases_without_cart += purchases;
    }
    Ok(all)
}

/// One visitor's carts.
struct Machine<'a> {
    data: &'a EventData,
    product: Option<&'a EventDim>,
    order_id: Option<&'a EventDim>,
    as_of: i64,
    /// The name of the amounts column.
    amount: Option<&'a str>,
    window: i64,
    recovery: i64,
    unit: usize,
    /// The index of this visitor's first cart.
    first: usize,
    carts: &'a mut Vec<Cart>,
    open: Option<usize>,
    order: Option<Order>,
    /// Abandoned carts that an order may still recover, in time.
    abandoned: Vec<usize>,
    /// Products with units left in the open cart.
    in_cart: usize,
    /// By product: the cart (plus one) and the place in it. A visitor may have put in a million
    /// products, so none is searched for.
    slots: &'a mut [(usize, usize)],
    strays: (u64, u64),
}

/// The order that the last purchase belongs to.
struct Order {
    id: u32,
    time: i64,
    /// The cart it closed.
    cart: Option<usize>,
}

impl Machine<'_> {
    fn run(&mut self) -> Result<()> {
        let data = self.data;
        let group = data.group(self.unit);
        for event in group.clone() {
            if let Some(open) = self.open {
                let last = self.carts[open].last;
                if data.time[event] - data.time[last] > self.window {
                    self.carts[open].state = State::Abandoned;
                    push(&mut self.abandoned, open, "carts")?;
                    self.open = None;
                } else {
                    self.carts[open].last = event;
                }
            }
            match data.word(event) {
                Some(EventWord::Add) => self.add(event)?,
                Some(EventWord::Remove) => self.remove(event),
                Some(EventWord::Checkout) => self.raise(Stage::Checkout),
                Some(EventWord::PaymentFailed) => self.raise(Stage::PaymentFailed),
                Some(EventWord::Purchase) => self.purchase(event),
                _ => {}
            }
        }
        if let Some(open) = self.open {
            let silence = self.as_of.saturating_sub(data.time[group.end - 1]);
            if silence > self.window {
                self.carts[open].state = State::Abandoned;
            }
        }
        Ok(())
    }

    fn product(&self, event: usize) -> u32 {
        self.product.map_or(NO_ID, |d| d.codes[event])
    }

    fn amount(&self, event: usize) -> i64 {
        let amount = self.data.amount.as_ref();
        amount.map_or(0, |a| a[event]).max(0) // blank is nothing
    }

    /// The position of a product in a cart.
    fn place(&self, cart: usize, product: u32) -> Option<usize> {
        let (latest, place) = self.slots[(product as usize).min(self.slots.len() - 1)];
        match latest.cmp(&(cart + 1)) {
            Ordering::Equal => Some(place),
            Ordering::Less => None,
            // A later cart also held it.
            Ordering::Greater => {
                let mut items = self.carts[cart].items.iter();
                items.position(|i| i.product == product)
            }
        }
    }

    fn add(&mut self, event: usize) -> Result<()> {
        let data = self.data;
        if data.units_of(event) == 0 {
            return Ok(());
        }
        let open = match self.open {
            Some(open) => open,
            None => {
                let number = (self.carts.len() - self.first) as u32 + 1;
                let cart = Cart {
                    unit: self.unit,
                    visitor: data.units[self.unit],
                    number,
                    opened: event,
                    last: event,
                    stage: Stage::Cart,
                    state: State::Open,
                    items: Vec::new(),
                    recovered: None,
                };
                push(self.carts, cart, "carts")?;
                self.open = Some(self.carts.len() - 1);
                self.in_cart = 0;
                self.carts.len() - 1
            }
        };
        let (product, quantity) = (self.product(event), u64::from(data.units_of(event)));
        let value = self.amount(event);
        let place = self.place(open, product);
        let items = &mut self.carts[open].items;
        match place.map(|place| &mut items[place]) {
            Some(item) => {
                self.in_cart += usize::from(item.quantity == 0);
                item.quantity += quantity;
                item.value = item.value.checked_add(value).ok_or(Error::Overflow {
                    column: self.amount.unwrap_or_default().to_owned(),
                    what: "the value of a cart",
                })?;
            }
            None => {
                let item = Item {
                    product,
                    event,
                    quantity,
                    value,
                    bought: false,
                };
                // Most carts hold one product, so capacity is not reserved for four.
                if items.len() == items.capacity() {
                    grow(items, items.len().max(1), "carts")?;
                }
                let slot = (product as usize).min(self.slots.len() - 1);
                self.slots[slot] = (open + 1, items.len());
                self.in_cart += 1;
                items.push(item);
            }
        }
        Ok(())
    }

    fn remove(&mut self, event: usize) {
        let (product, quantity) = (self.product(event), u64::from(self.data.units_of(event)));
        let place = self
            .open
            .and_then(|open| Some((open, self.place(open, product)?)));
        let item = place.map(|(open, place)| &mut self.carts[open].items[place]);
        let Some(item) = item.filter(|item| item.quantity > 0) else {
            self.strays.0 += u64::from(quantity > 0);
            return;
        };
        let left = item.quantity.saturating_sub(quantity);
        let value = i128::from(item.value) * i128::from(left) / i128::from(item.quantity);
        (item.value, item.quantity) = (value as i64, left);
        self.in_cart -= usize::from(left == 0);
        if let Some(open) = self.open.filter(|_| self.in_cart == 0) {
            self.carts[open].state = State::Emptied;
            self.open = None;
        }
    }

    fn raise(&mut self, stage: Stage) {
        if let Some(open) = self.open {
            let cart = &mut self.carts[open];
            cart.stage = cart.stage.max(stage);
        }
    }

    fn purchase(&mut self, event: usize) {
        let data = self.data;
        let time = data.time[event];
        let id = self.order_id.map_or(NO_ID, |d| d.codes[event]);
        let product = self.product(event);
        let same = self
            .order
            .as_ref()
            .is_some_and(|order| order.id == id && (id != NO_ID || order.time == time));
        if !same {
            let cart = self.open.take();
            if let Some(cart) = cart {
                self.carts[cart].state = State::Ordered;
            }
            self.order = Some(Order { id, time, cart });
        }
        let closed = self.order.as_ref().and_then(|order| order.cart);
        if let Some(cart) = closed {
            self.buy(cart, product);
        }
        let mut recovers = false;
        let mut recoverable = std::mem::take(&mut self.abandoned);
        recoverable.retain(|cart| {
            let late = time.saturating_sub(data.time[self.carts[*cart].last]) > self.recovery;
            if late || !self.buy(*cart, product) {
                return !late;
            }
            recovers = true;
            let cart = &mut self.carts[*cart];
            cart.recovered.get_or_insert(time);
            cart.items.iter().any(|i| i.quantity > 0 && !i.bought)
        });
        self.abandoned = recoverable;
        if !same && closed.is_none() && !recovers {
            self.strays.1 += 1;
        }
    }

    /// Marks the items of a cart that an order of `product` (or of everything) buys. Returns
    /// whether any of them had not been bought before.
    fn buy(&mut self, cart: usize, product: u32) -> bool {
        let range = match product {
            NO_ID => 0..self.carts[cart].items.len(),
            product => match self.place(cart, product) {
                Some(place) => place..place + 1,
                None => return false,
            },
        };
        let mut any = false;
        for item in &mut self.carts[cart].items[range] {
            any |= item.quantity > 0 && !item.bought;
            item.bought |= item.quantity > 0;
        }
        any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Event, EventsBuilder};
    use crate::money::Currency;
    use crate::time::Zone;

    fn at(time: &str, kind: &str) -> Event {
        Event::new("v", &format!("2026-03-{time}"), kind)
    }

    fn of(builder: EventsBuilder) -> Carts {
        let events = builder.build().unwrap();
        let events = events
            .up_to(events.as_of + 3_600_000_001, &Context::default())
            .unwrap();
        let (window, recovery) = (Duration::minutes(60), Duration::days(7));
        carts(&events, window, recovery, "carts", &Context::default()).unwrap()
    }

    fn log() -> EventsBuilder {
        Events::builder(Zone::UTC).currency(Currency::JPY)
    }

    #[test]
    fn an_hour_exactly_is_activity_and_a_microsecond_more_is_not() {
        let base = log()
            .add(at("01T10:00:00", "add"))
            .add(at("01T11:00:00", "view"));
        let stays = of(base.add(at("01T12:00:00", "purchase")));
        assert_eq!(stays.carts[0].state, State::Ordered);
        let base = log().add(at("01T10:00:00", "add"));
        let ends = of(base.add(at("01T11:00:00.000001", "purchase")));
        assert_eq!(ends.carts[0].state, State::Abandoned);
        assert!(ends.carts[0].recovered.is_some());
        assert_eq!(ends.purchases_without_cart, 0);
    }

    #[test]
    fn units_and_values_by_hand() {
        let all = of(log()
            .add(
                at("01T10:00:00", "add")
                    .product("p")
                    .quantity(3)
                    .amount(900),
            )
            .add(at("01T10:01:00", "add").product("q").amount(500))
            .add(at("01T10:02:00", "remove").product("p"))
            .add(at("01T10:03:00", "remove").product("z"))
            .add(at("01T10:04:00", "checkout"))
            .add(at("01T10:05:00", "payment_failed"))
            .add(at("03T10:00:00", "purchase").product("p").order("1"))
            .add(at("03T10:01:00", "purchase").product("x").order("1"))
            .add(at("20T10:00:00", "purchase").product("q")));
        let cart = &all.carts[0];
        assert_eq!(
            (cart.state, cart.stage),
            (State::Abandoned, Stage::PaymentFailed)
        );
        assert_eq!((cart.items[0].quantity, cart.items[0].value), (2, 600));
        // q came after the seven days.
        assert_eq!((cart.value(true), cart.value(false)), (600, 500));
        assert_eq!(
            (all.removals_without_add, all.purchases_without_cart),
            (1, 1)
        );
    }

    #[test]
    fn an_order_of_several_lines_buys_all_of_them_and_leaves_the_rest() {
        let all = of(log()
            .add(at("01T10:00:00", "add").product("p"))
            .add(at("01T10:01:00", "add").product("q"))
            .add(at("01T10:01:30", "add").product("r"))
            .add(at("01T10:02:00", "purchase").product("p"))
            .add(at("01T10:02:00", "purchase").product("q"))
            .add(at("01T10:03:00", "add").product("r"))
            .add(at("01T10:04:00", "remove").product("r")));
        let bought: Vec<bool> = all.carts[0].items.iter().map(|i| i.bought).collect();
        assert_eq!(bought, [true, true, false]);
        assert_eq!(all.carts[0].state, State::Ordered);
        assert_eq!(all.carts[1].state, State::Emptied);
        assert_eq!(all.purchases_without_cart, 0);
    }

    #[test]
    fn a_log_that_may_hide_a_word_is_refused_with_its_kinds() {
        let build = |kinds: &[&str]| {
            let events = kinds.iter().map(|k| at("01T10:00:00", k));
            let events = log().extend(events).build().unwrap();
            let (window, recovery) = (Duration::minutes(60), Duration::days(7));
            carts(&events, window, recovery, "carts", &Context::default())
        };
        assert!(build(&[]).unwrap().carts.is_empty());
        assert!(build(&["view", "add", "purchase"]).is_ok());
        let hidden = build(&["view", "cart", "purchase"])
            .unwrap_err()
            .to_string();
        assert!(
            hidden.contains("\"add\"")
                && hidden.contains("purchase, view, one that has no meaning yet")
        );
        let hidden = build(&["delete", "add", "purchase"]).unwrap_err();
        assert!(hidden.to_string().contains("\"remove\""));
    }
}
