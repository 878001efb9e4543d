//! Carts and browses of random small logs, each read a second time event by event.

use super::slow::{Hit, PRODUCTS, customer, known, log_of, logs, moment, visitor_name};
use super::*;
use crm_tests::words;
use std::collections::BTreeMap;

/// A product of a cart.
#[derive(Debug, Clone)]
struct Item {
    product: Option<&'static str>,
    added: i64,
    units: i64,
    value: i64,
    bought: bool,
}

#[derive(Debug, Clone)]
struct Cart {
    visitor: usize,
    number: i64,
    opened: i64,
    last: i64,
    /// 0 cart, 1 checkout, 2 payment failed.
    stage: usize,
    state: &'static str,
    items: Vec<Item>,
    recovered: bool,
}

impl Cart {
    /// Marks what an order of `product`, or of everything, buys; whether it buys anything.
    fn buy(&mut self, product: Option<&str>) -> bool {
        let mut any = false;
        for item in &mut self.items {
            if item.units > 0 && !item.bought && (product.is_none() || item.product == product) {
                item.bought = true;
                any = true;
            }
        }
        any
    }

    fn value(&self, bought: bool) -> i64 {
        self.items
            .iter()
            .filter(|item| item.bought == bought)
            .map(|item| item.value)
            .sum()
    }
}

/// Carts of one visitor's events; removals and orders that fit none.
fn carts(
    visitor: usize,
    own: &[&Hit],
    as_of: i64,
    window: i64,
    recovery: i64,
) -> (Vec<Cart>, [i64; 2]) {
    let mut all: Vec<Cart> = Vec::new();
    let mut strays = [0, 0];
    // The open cart, the order id before and the cart that it closed.
    let mut open: Option<usize> = None;
    let mut order: (Option<&str>, Option<usize>) = (None, None);
    for hit in own {
        if let Some(at) = open {
            if hit.at - all[at].last > window {
                all[at].state = "abandoned";
                open = None;
            } else {
                all[at].last = hit.at;
            }
        }
        match hit.kind {
            "add" if hit.units > 0 => {
                if open.is_none() {
                    let number = all.len() as i64 + 1;
                    all.push(Cart {
                        visitor,
                        number,
                        opened: hit.at,
                        last: hit.at,
                        stage: 0,
                        state: "open",
                        items: Vec::new(),
                        recovered: false,
                    });
                    open = Some(all.len() - 1);
                }
                let items = &mut all[open.unwrap()].items;
                match items.iter_mut().find(|item| item.product == hit.product) {
                    Some(item) => {
                        (item.units, item.value) = (item.units + hit.units, item.value + hit.amount)
                    }
                    None => items.push(Item {
                        product: hit.product,
                        added: hit.at,
                        units: hit.units,
                        value: hit.amount,
                        bought: false,
                    }),
                }
            }
            "remove" if hit.units > 0 => {
                let cart = open.map(|at| &mut all[at]);
                let item = cart.and_then(|cart| {
                    cart.items
                        .iter_mut()
                        .find(|item| item.product == hit.product && item.units > 0)
                });
                match item {
                    Some(item) => {
                        let left = (item.units - hit.units).max(0);
                        (item.value, item.units) = (item.value * left / item.units, left);
                    }
                    None => strays[0] += 1,
                }
                if let Some(at) =
                    open.filter(|at| all[*at].items.iter().all(|item| item.units == 0))
                {
                    all[at].state = "emptied";
                    open = None;
                }
            }
            "checkout" | "payment_failed" => {
                let stage = if hit.kind == "checkout" { 1 } else { 2 };
                if let Some(at) = open {
                    all[at].stage = all[at].stage.max(stage);
                }
            }
            "purchase" => {
                let same = hit.order.is_some() && order.0 == hit.order;
                if !same {
                    if let Some(at) = open {
                        all[at].state = "ordered";
                    }
                    order = (hit.order, open.take());
                }
                if let Some(at) = order.1 {
                    all[at].buy(hit.product);
                }
                let mut recovers = false;
                for cart in all
                    .iter_mut()
                    .filter(|cart| cart.state == "abandoned" && hit.at - cart.last <= recovery)
                {
                    if cart.buy(hit.product) {
                        (cart.recovered, recovers) = (true, true);
                    }
                }
                strays[1] += i64::from(!same && order.1.is_none() && !recovers);
            }
            _ => {}
        }
    }
    if let (Some(at), Some(last)) = (open, own.last())
        && as_of - last.at > window
    {
        all[at].state = "abandoned";
    }
    (all, strays)
}

/// The counts of a line of `cart_abandonment`, in the order of its columns, and money lost and back.
#[derive(Debug, Default, PartialEq)]
struct Line {
    carts: i64,
    abandoned: i64,
    recovered: i64,
    ordered: i64,
    emptied: i64,
    stages: [i64; 3],
    lost: i64,
    back: i64,
}

impl Line {
    fn count(&mut self, state: &str, cart: &Cart, recovered: bool, (lost, back): (i64, i64)) {
        self.carts += 1;
        match state {
            "ordered" => self.ordered += 1,
            "emptied" => self.emptied += 1,
            _ => {
                self.abandoned += 1;
                self.stages[cart.stage] += 1;
                self.recovered += i64::from(recovered);
                self.lost += lost;
                self.back += back;
            }
        }
    }

    fn of(table: &Table, row: usize) -> Line {
        let cell = |name: &str| crm_tests::numbers(table, name)[row].unwrap();
        Line {
            carts: cell("carts"),
            abandoned: cell("abandoned"),
            recovered: cell("recovered"),
            ordered: cell("ordered"),
            emptied: cell("emptied"),
            stages: ["abandoned_cart", "abandoned_checkout", "abandoned_payment"].map(cell),
            lost: cell("value_lost"),
            back: cell("value_recovered"),
        }
    }
}

#[test]
fn carts_event_by_event() {
    for (seed, all, as_of) in logs(70) {
        let events = log_of(&all);
        let request = |more: &str| format!(r#"{{"as_of": "{}"{more}}}"#, moment(as_of));
        for (more, window, recovery) in [
            ("", 60, 7 * 1_440),
            (r#", "window": "30min", "recovery": "4h""#, 30, 240),
        ] {
            let (mut whole, mut by_product) =
                (Line::default(), BTreeMap::<Option<&str>, Line>::new());
            let mut strays = [0, 0];
            for (visitor, own) in known(&all, as_of).iter().enumerate() {
                let (carts, missed) = carts(visitor, own, as_of, window, recovery);
                (strays[0], strays[1]) = (strays[0] + missed[0], strays[1] + missed[1]);
                for cart in carts
                    .iter()
                    .filter(|cart| cart.state != "open" && as_of - cart.last > window)
                {
                    whole.count(
                        cart.state,
                        cart,
                        cart.recovered,
                        (cart.value(false), cart.value(true)),
                    );
                    for item in &cart.items {
                        let state = match (item.units, cart.state, item.bought) {
                            (0, ..) => "emptied",
                            (_, "ordered", true) => "ordered",
                            _ => "abandoned",
                        };
                        let back = item.bought && cart.state == "abandoned";
                        let money = if back {
                            (0, item.value)
                        } else {
                            (item.value, 0)
                        };
                        by_product
                            .entry(item.product)
                            .or_default()
                            .count(state, cart, back, money);
                    }
                }
            }
            let table = run("cart_abandonment", &events, &request(more));
            assert_eq!(Line::of(&table, 0), whole, "{seed} {more} {as_of}");
            assert_eq!(table.notes()["removals_without_add"], strays[0], "{seed}");
            assert_eq!(
                table.notes()["purchases_without_cart"],
                strays[1],
                "{seed} {more}"
            );
            let table = run(
                "cart_abandonment",
                &events,
                &request(&format!(r#"{more}, "by": ["product"]"#)),
            );
            let products = words(&table, "product");
            assert_eq!(table.len(), by_product.len(), "{seed}");
            for (row, product) in products.iter().enumerate() {
                let expected = by_product.remove(
                    &product
                        .as_deref()
                        .map(|p| *PRODUCTS.iter().find(|q| **q == p).unwrap()),
                );
                assert_eq!(
                    Some(Line::of(&table, row)),
                    expected,
                    "{seed} {:?}",
                    product
                );
            }
        }
    }
}

/// The last order up to the moment of a visitor, or of another visitor of the same customer.
fn last_order(all: &[Hit], visitor: usize, as_of: i64) -> Option<i64> {
    let same = |other: usize| {
        other == visitor || customer(visitor).is_some() && customer(other) == customer(visitor)
    };
    let orders = all
        .iter()
        .filter(|hit| hit.kind == "purchase" && hit.at <= as_of && same(hit.visitor));
    orders.map(|hit| hit.at).max()
}

fn minutes(table: &Table, name: &str, row: usize) -> i64 {
    let start: crm_core::Day = "2026-03-01".parse().unwrap();
    crm_tests::numbers(table, name)[row].unwrap() / 60_000_000 - i64::from(start.0) * 1_440
}

#[test]
fn carts_to_follow_up_event_by_event() {
    let mut reasons = BTreeMap::<Option<&str>, usize>::new();
    for (seed, all, as_of) in logs(160) {
        let events = log_of(&all);
        let request = format!(r#"{{"as_of": "{}"}}"#, moment(as_of));
        let table = run("cart_follow_ups", &events, &request);
        let items = run("cart_items", &events, &request);
        let (mut row, mut item_row) = (0, 0);
        for (visitor, own) in known(&all, as_of).iter().enumerate() {
            let (carts, _) = carts(visitor, own, as_of, 60, 3 * 1_440);
            for cart in carts
                .iter()
                .filter(|cart| cart.state == "abandoned" && as_of - cart.last <= 3 * 1_440)
            {
                let reason =
                    if last_order(&all, visitor, as_of).is_some_and(|order| order > cart.last) {
                        Some("ordered")
                    } else if carts.len() as i64 > cart.number {
                        Some("newer_cart")
                    } else if as_of - own[own.len() - 1].at <= 60 {
                        Some("active")
                    } else if customer(visitor).is_none() {
                        Some("unknown")
                    } else {
                        None
                    };
                *reasons.entry(reason).or_default() += 1;
                let left: Vec<&Item> = cart
                    .items
                    .iter()
                    .filter(|item| item.units > 0 && !item.bought)
                    .collect();
                let text = |name: &str| words(&table, name)[row].clone();
                let number = |name: &str| crm_tests::numbers(&table, name)[row].unwrap();
                assert_eq!(text("visitor_id"), Some(visitor_name(visitor)), "{seed}");
                assert_eq!(text("customer_id").as_deref(), customer(visitor));
                assert_eq!(text("suppressed_by").as_deref(), reason, "{seed} {as_of}");
                assert_eq!(
                    text("stage").as_deref(),
                    Some(["cart", "checkout", "payment_failed"][cart.stage])
                );
                assert_eq!(number("cart"), cart.number);
                assert_eq!(number("products"), left.len() as i64);
                assert_eq!(
                    number("quantity"),
                    left.iter().map(|item| item.units).sum::<i64>()
                );
                assert_eq!(
                    number("amount"),
                    left.iter().map(|item| item.value).sum::<i64>()
                );
                assert_eq!(minutes(&table, "started_at", row), cart.opened);
                assert_eq!(minutes(&table, "last_activity_at", row), cart.last);
                assert_eq!(minutes(&table, "abandoned_at", row), cart.last + 60);
                for item in left {
                    let text = |name: &str| words(&items, name)[item_row].clone();
                    let number = |name: &str| crm_tests::numbers(&items, name)[item_row].unwrap();
                    assert_eq!(text("visitor_id"), Some(visitor_name(cart.visitor)));
                    assert_eq!(text("product").as_deref(), item.product);
                    assert_eq!(text("suppressed_by").as_deref(), reason);
                    assert_eq!(
                        [number("cart"), number("quantity"), number("amount")],
                        [cart.number, item.units, item.value]
                    );
                    assert_eq!(minutes(&items, "added_at", item_row), item.added);
                    item_row += 1;
                }
                row += 1;
            }
        }
        assert_eq!((table.len(), items.len()), (row, item_row), "{seed}");
    }
    assert!(
        reasons.len() == 5 && reasons.values().all(|n| *n > 2),
        "{reasons:?}"
    );
}

/// The latest time at which a visitor's views were left, with the reason against writing.
#[test]
fn browses_to_follow_up_event_by_event() {
    const DAY: i64 = 1_440;
    let mut reasons = BTreeMap::<Option<&str>, usize>::new();
    for (seed, all, as_of) in logs(400) {
        // Of every second log a visitor may enter again after a day: a frequent pause.
        let again = [3, 1][seed as usize / 2 % 2];
        let events = log_of(&all);
        let request = format!(
            r#"{{"as_of": "{}", "wait": "4h", "recent_order": "2d", "reentry": "{again}d", "max_age": "3d"}}"#,
            moment(as_of)
        );
        let table = run("browse_abandonment", &events, &request);
        let wait = 240;
        let mut row = 0;
        for (visitor, own) in known(&all, as_of).iter().enumerate() {
            // Views after which neither a view nor a step towards an order came in time.
            let matters: Vec<&&Hit> = own
                .iter()
                .filter(|hit| ["product_view", "add", "checkout", "purchase"].contains(&hit.kind))
                .collect();
            let mut entries: Vec<(usize, i64, Option<&str>)> = Vec::new();
            let mut entered = None;
            for (at, view) in matters
                .iter()
                .enumerate()
                .filter(|(_, hit)| hit.kind == "product_view")
            {
                // Any event later than the wait, or none, ends it.
                let next = matters.get(at + 1).map_or(as_of, |next| next.at);
                if next - view.at <= wait {
                    continue;
                }
                let end = view.at + wait;
                let ordered = matters[..at]
                    .iter()
                    .rfind(|hit| hit.kind == "purchase")
                    .map(|hit| hit.at);
                let reason = if ordered.is_some_and(|order| end - order <= 2 * DAY) {
                    Some("recent_order")
                } else if entered.is_some_and(|before| end - before < again * DAY) {
                    Some("reentry")
                } else {
                    entered = Some(end);
                    None
                };
                entries.push((at, end, reason));
            }
            let Some(&(at, end, before)) =
                entries.last().filter(|entry| as_of - entry.1 <= 3 * DAY)
            else {
                continue;
            };
            let view = matters[at];
            let order = last_order(&all, visitor, as_of);
            let reason = if order.is_some_and(|order| order > view.at) {
                Some("ordered")
            } else if matters
                .iter()
                .any(|hit| ["add", "checkout"].contains(&hit.kind) && hit.at > view.at)
            {
                Some("in_cart")
            } else if order.is_some_and(|order| end - order <= 2 * DAY) {
                Some("recent_order")
            } else if before.is_some() {
                before
            } else if own[own.len() - 1].at > end && as_of - own[own.len() - 1].at <= wait {
                Some("active")
            } else if customer(visitor).is_none() {
                Some("unknown")
            } else {
                None
            };
            *reasons.entry(reason).or_default() += 1;
            // Product views since the last step towards an order, or since views before were left.
            let mut views = 0;
            for (place, hit) in matters[..=at].iter().enumerate() {
                let left = entries.iter().any(|entry| entry.0 + 1 == place);
                views = match hit.kind {
                    "product_view" if left => 1,
                    "product_view" => views + 1,
                    _ => 0,
                };
            }
            let text = |name: &str| words(&table, name)[row].clone();
            assert_eq!(text("visitor_id"), Some(visitor_name(visitor)), "{seed}");
            assert_eq!(text("customer_id").as_deref(), customer(visitor));
            assert_eq!(text("product").as_deref(), view.product);
            assert_eq!(text("suppressed_by").as_deref(), reason, "{seed} {as_of}");
            assert_eq!(minutes(&table, "viewed_at", row), view.at);
            assert_eq!(minutes(&table, "abandoned_at", row), end);
            assert_eq!(
                crm_tests::numbers(&table, "product_views")[row],
                Some(views),
                "{seed}"
            );
            row += 1;
        }
        assert_eq!(table.len(), row, "{seed}");
    }
    assert!(
        reasons.len() == 7 && reasons.values().all(|n| *n > 1),
        "{reasons:?}"
    );
}

/// Browses: browses, abandoned, recovered, carted, ordered.
fn browses(
    own: &[&Hit],
    product: Option<Option<&str>>,
    as_of: i64,
    wait: i64,
    recovery: i64,
) -> [i64; 5] {
    let ours: Vec<&&Hit> = own
        .iter()
        .filter(|hit| product.is_none_or(|product| hit.product == product))
        .filter(|hit| ["product_view", "add", "checkout", "purchase"].contains(&hit.kind))
        .collect();
    let mut counts = [0; 5];
    for (at, view) in ours
        .iter()
        .enumerate()
        .filter(|(_, hit)| hit.kind == "product_view")
    {
        let next = ours.get(at + 1).filter(|next| next.at - view.at <= wait);
        if next.is_some_and(|next| next.kind == "product_view") || as_of - view.at <= wait {
            continue;
        }
        counts[0] += 1;
        match next.map(|next| next.kind) {
            Some("purchase") => counts[4] += 1,
            Some(_) => counts[3] += 1,
            None => {
                counts[1] += 1;
                let back = ours[at + 1..]
                    .iter()
                    .any(|hit| hit.kind == "purchase" && hit.at - view.at <= recovery);
                counts[2] += i64::from(back);
            }
        }
    }
    counts
}

#[test]
fn shares_of_browses_event_by_event() {
    let names = [
        "browses",
        "abandoned_browses",
        "recovered_browses",
        "carted_browses",
        "ordered_browses",
    ];
    for (seed, all, as_of) in logs(70) {
        let events = log_of(&all);
        let known = known(&all, as_of);
        for (more, wait, recovery) in [
            ("", 1_440, 7 * 1_440),
            (r#", "wait": "1h", "recovery": "1d""#, 60, 1_440),
        ] {
            let sum = |product: Option<Option<&str>>| {
                let each = known
                    .iter()
                    .map(|own| browses(own, product, as_of, wait, recovery));
                each.fold([0; 5], |sum, one| {
                    std::array::from_fn(|at| sum[at] + one[at])
                })
            };
            let table = run(
                "browse_rates",
                &events,
                &format!(r#"{{"as_of": "{}"{more}}}"#, moment(as_of)),
            );
            let row = |table: &Table, row: usize| {
                names.map(|name| crm_tests::numbers(table, name)[row].unwrap())
            };
            assert_eq!(row(&table, 0), sum(None), "{seed} {more} {as_of}");
            let by = run(
                "browse_rates",
                &events,
                &format!(
                    r#"{{"as_of": "{}"{more}, "by": ["product"]}}"#,
                    moment(as_of)
                ),
            );
            let products = words(&by, "product");
            let mut lines = 0;
            for product in PRODUCTS.iter().map(|product| Some(*product)).chain([None]) {
                let expected = sum(Some(product));
                if expected[0] == 0 {
                    continue;
                }
                assert_eq!(products[lines].as_deref(), product, "{seed}");
                assert_eq!(row(&by, lines), expected, "{seed} {more} {product:?}");
                lines += 1;
            }
            assert_eq!(by.len(), lines);
        }
    }
}
