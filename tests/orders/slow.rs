//! Random small shops, read a second time the slow way: every row, order and customer one after the other, as
//! the documentation says. Rows contradict each other, lack cells and come in no order.

use super::build;
use crm_core::num::rng::Rng;
use crm_core::{Day, Orders};
use crm_tests::{batch, optional_ints, optional_texts};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const MONEY: [&str; 6] = ["amount", "discount", "refunded", "shipping", "tax", "cost"];
const STATUSES: [&str; 4] = ["completed", "pending", "cancelled", "returned"];
const KINDS: [&str; 4] = ["one_off", "sub_first", "sub_renewal", "sample"];

/// A row as it comes; times are seconds after the shop began.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    order: Option<&'static str>,
    pub(super) customer: Option<&'static str>,
    time: Option<i64>,
    money: [Option<i64>; 6],
    refunded_at: Option<i64>,
    pub(super) status: Option<&'static str>,
    pub(super) kind: Option<&'static str>,
    channel: Option<&'static str>,
    product: Option<&'static str>,
}

impl Line {
    fn net(&self) -> i64 {
        let part = |at: usize| self.money[at].unwrap_or(0);
        if self.money[0].is_none() {
            0
        } else {
            part(0) - part(1) - part(2)
        }
    }
}

/// An order made of its lines.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) id: &'static str,
    pub(super) customer: Option<&'static str>,
    pub(super) time: i64,
    pub(super) net: i64,
    pub(super) gross: i64,
    more: [i64; 3],
    refunded: i64,
    refunded_at: Option<i64>,
    pub(super) status: &'static str,
    pub(super) kind: &'static str,
    /// order, refund, full_refund, zero_value
    pub(super) what: &'static str,
    channel: Option<&'static str>,
    pub(super) lines: Vec<Line>,
}

const DAY: i64 = 86_400;
const ORDERS: [&str; 12] = [
    "o00", "o01", "o02", "o03", "o04", "o05", "o06", "o07", "o08", "o09", "o10", "o11",
];
pub(super) const CUSTOMERS: [&str; 4] = ["ann", "ben", "cat", "dan"];

/// Rows of twelve orders of four customers and guests in some five months.
pub(super) fn rows(seed: u64) -> Vec<Line> {
    let rng = std::cell::RefCell::new(Rng::stream(seed, 0));
    let pick = |n: u64| (rng.borrow_mut().uniform() * n as f64) as u64;
    let mut rows = Vec::new();
    for (at, order) in ORDERS.into_iter().enumerate() {
        let customer = CUSTOMERS.get(pick(5) as usize).copied();
        let day = pick(30) as i64 * if pick(2) == 0 { 1 } else { 5 };
        let time = day * DAY + 3_600 + at as i64;
        let (status, kind) = (
            STATUSES[[0, 0, 0, 1, 2, 3][pick(6) as usize]],
            KINDS[[0, 0, 0, 1, 2, 3][pick(6) as usize]],
        );
        let channel = ["ads", "web"].get(pick(3) as usize).copied();
        for line in 0..1 + pick(3) {
            let maybe = |value: i64, of: u64| if pick(of) == 0 { Some(value) } else { None };
            let (discount, shipping, tax, cost) =
                (maybe(20, 4), maybe(30, 3), maybe(9, 2), maybe(55, 2));
            let blank_customer = maybe(0, 3).is_some();
            let blank_words = maybe(0, 3).is_some();
            let blank_time = line > 0 && maybe(0, 3).is_some() || maybe(0, 30).is_some();
            let contradicts = maybe(0, 25).is_some();
            let amount = [100, 250, 40, 0, -60, 130, 75][pick(7) as usize];
            let refund =
                [None, None, None, Some(10), Some(amount.max(0)), Some(300)][pick(6) as usize];
            let later = [None, Some(0), Some(3), Some(45)][pick(4) as usize];
            rows.push(Line {
                order: Some(order).filter(|_| pick(60) > 0),
                customer: customer.filter(|_| !blank_customer || line == 0),
                time: Some(time + 60 * (line as i64 + 1)).filter(|_| !blank_time),
                money: [
                    Some(amount).filter(|_| pick(40) > 0),
                    discount,
                    refund,
                    shipping,
                    tax,
                    cost,
                ],
                refunded_at: later.map(|days| (day + days) * DAY + 7_200 + 100 * at as i64),
                status: if contradicts {
                    Some("returned")
                } else {
                    Some(status).filter(|_| !blank_words)
                },
                kind: Some(kind).filter(|_| !blank_words),
                channel: channel.filter(|_| line == 0 || pick(2) == 0),
                product: ["cup", "pot", "tea"].get(pick(4) as usize).copied(),
            });
        }
    }
    let order = crm_tests::shuffled(rows.len());
    let mut mixed: Vec<Line> = order.into_iter().map(|at| rows[at].clone()).collect();
    // Some rows came twice.
    for _ in 0..3 {
        mixed.push(mixed[pick(mixed.len() as u64) as usize].clone());
    }
    mixed
}

pub(super) fn start() -> i64 {
    let first: Day = "2025-01-20".parse().expect("a day");
    first.0.into()
}

pub(super) fn day_of(time: i64) -> i64 {
    time.div_euclid(DAY)
}

pub(super) fn date(day: i64) -> String {
    Day((start() + day) as i32).to_string()
}

fn clock(time: i64) -> String {
    let second = time.rem_euclid(DAY);
    format!(
        "{}T{:02}:{:02}:{:02}",
        date(day_of(time)),
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

pub(super) fn orders_of(rows: &[Line], repeated: &str) -> Orders {
    let text = |of: fn(&Line) -> Option<&'static str>| {
        optional_texts(&rows.iter().map(of).collect::<Vec<_>>())
    };
    let time = |of: fn(&Line) -> Option<i64>| {
        let cells: Vec<Option<String>> = rows.iter().map(|row| of(row).map(clock)).collect();
        optional_texts(&cells.iter().map(Option::as_deref).collect::<Vec<_>>())
    };
    let mut columns = vec![
        ("order_id", text(|row| row.order)),
        ("customer_id", text(|row| row.customer)),
        ("ordered_at", time(|row| row.time)),
        ("refunded_at", time(|row| row.refunded_at)),
        ("status", text(|row| row.status)),
        ("kind", text(|row| row.kind)),
        ("channel", text(|row| row.channel)),
        ("product", text(|row| row.product)),
    ];
    for (at, name) in MONEY.into_iter().enumerate() {
        columns.push((
            name,
            optional_ints(&rows.iter().map(|row| row.money[at]).collect::<Vec<_>>()),
        ));
    }
    let mut spec =
        json!({"currency": "JPY", "guests": "keep", "bad_rows": "drop", "repeated_rows": repeated});
    for name in [
        "order_id",
        "refunded_at",
        "status",
        "kind",
        "channel",
        "product",
        "discount",
        "refunded",
        "shipping",
        "tax",
        "cost",
    ] {
        spec[name] = json!(name);
    }
    build(&spec.to_string(), &[batch(&columns)])
}

/// Rows that are left out, by reason: rows and amount.
type LeftOut = BTreeMap<&'static str, (i64, i64)>;

/// Orders of the rows, in the order of their first rows.
pub(super) fn book(rows: &[Line], repeated: &str) -> (Vec<Order>, LeftOut) {
    let mut left_out = LeftOut::new();
    let mut leave = |reason: &'static str, net: i64| {
        let of = left_out.entry(reason).or_default();
        (of.0, of.1) = (of.0 + 1, of.1 + net);
    };
    let mut lines: Vec<Line> = Vec::new();
    for row in rows {
        let zeros = |line: &Line| Line {
            money: line.money.map(|cell| Some(cell.unwrap_or(0))),
            ..line.clone()
        };
        if row.order.is_none() {
            leave("bad_order_id", row.net());
        } else if row.money[0].is_none() {
            leave("bad_amount", 0);
        } else if repeated == "drop" && lines.iter().any(|line| zeros(line) == zeros(row)) {
            leave("repeated_row", row.net());
        } else {
            lines.push(row.clone());
        }
    }
    let mut orders = Vec::new();
    let mut ids: Vec<&str> = Vec::new();
    for line in &lines {
        if !ids.contains(&line.order.expect("an id")) {
            ids.push(line.order.expect("an id"));
        }
    }
    for id in ids {
        let mut good: Vec<Line> = Vec::new();
        for line in lines.iter().filter(|line| line.order == Some(id)) {
            let differs = |of: fn(&Line) -> Option<&'static str>| {
                let first = good.iter().find_map(of);
                first.is_some() && of(line).is_some() && first != of(line)
            };
            if differs(|line| line.customer) {
                leave("bad_order_id", line.net());
            } else if differs(|line| line.status) || differs(|line| line.kind) {
                leave("bad_word", line.net());
            } else {
                good.push(line.clone());
            }
        }
        let whole = good.clone();
        for line in &mut good {
            line.customer = whole.iter().find_map(|line| line.customer);
            line.status = whole.iter().find_map(|line| line.status);
            line.kind = whole.iter().find_map(|line| line.kind);
            line.channel = whole.iter().find_map(|line| line.channel);
            line.time = whole.iter().filter_map(|line| line.time).min();
        }
        if whole.iter().all(|line| line.time.is_none()) {
            good.iter().for_each(|line| leave("bad_time", line.net()));
        } else {
            orders.push(order(&good));
        }
    }
    (orders, left_out)
}

/// The order of these lines.
fn order(lines: &[Line]) -> Order {
    let sum = |at: usize| {
        lines
            .iter()
            .map(|line| line.money[at].unwrap_or(0))
            .sum::<i64>()
    };
    let (gross, refunded) = (sum(0), sum(2));
    let net = gross - sum(1) - refunded;
    let positive = lines.iter().any(|line| line.money[0].unwrap_or(0) > 0);
    let what = if positive && gross <= 0 || refunded > 0 && net <= 0 {
        "full_refund"
    } else if gross < 0 {
        "refund"
    } else if net == 0 {
        "zero_value"
    } else {
        "order"
    };
    let first = &lines[0];
    Order {
        id: first.order.expect("an id"),
        customer: first.customer,
        time: first.time.expect("a time"),
        net,
        gross,
        more: [sum(3), sum(4), sum(5)],
        refunded,
        refunded_at: lines.iter().filter_map(|line| line.refunded_at).max(),
        status: first.status.unwrap_or("completed"),
        kind: first.kind.unwrap_or("one_off"),
        what,
        channel: first.channel,
        lines: lines.to_vec(),
    }
}

/// What a request asks for.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub(super) as_of: i64,
    pub(super) statuses: Vec<&'static str>,
    pub(super) kinds: Vec<&'static str>,
    zero_value: bool,
    basis: &'static str,
    booked: bool,
    channel: Option<&'static str>,
    product: Option<&'static str>,
    pub(super) shown: Vec<&'static str>,
}

impl Scope {
    /// Scopes of all kinds, by number.
    pub(super) fn random(seed: u64) -> Scope {
        let mut rng = Rng::stream(seed, 1);
        let mut pick = |n: u64| (rng.uniform() * n as f64) as usize;
        let booked = pick(2) == 0;
        Scope {
            as_of: [20, 45, 90, 150, 200][pick(5)],
            statuses: [
                vec!["completed", "pending"],
                vec!["completed"],
                vec!["completed", "returned", "cancelled"],
            ][pick(3)]
            .clone(),
            kinds: [
                vec!["one_off", "sub_first", "sub_renewal"],
                vec!["one_off"],
                KINDS.to_vec(),
            ][pick(3)]
            .clone(),
            zero_value: pick(3) > 0,
            basis: [
                "net",
                "net",
                "gross",
                "net_shipping",
                "net_ex_tax",
                "margin",
            ][pick(6)],
            booked,
            channel: ["ads", "web"].get(pick(5)).copied(),
            product: ["cup", "tea"].get(pick(6)).copied().filter(|_| !booked),
            shown: [CUSTOMERS.to_vec(), vec!["ann", "cat", "nobody"]][pick(4) / 3].clone(),
        }
    }

    pub(super) fn request(&self, more: Value) -> String {
        let mut request = more;
        request["as_of"] = json!(date(self.as_of));
        request["policy"] =
            json!({"statuses": self.statuses, "kinds": self.kinds, "zero_value": self.zero_value});
        request["basis"] = json!(self.basis);
        request["refunds"] = json!(if self.booked {
            "refund_date"
        } else {
            "order_date"
        });
        let mut conditions = serde_json::Map::new();
        for (name, value) in [("channel", self.channel), ("product", self.product)] {
            if let Some(value) = value {
                conditions.insert(name.into(), json!(value));
            }
        }
        if !conditions.is_empty() {
            request["where"] = json!(conditions);
        }
        if self.shown.len() < 4 {
            request["customers"] = json!({"customer_id": ["ann", "cat"]});
        }
        request.to_string()
    }

    fn is_in(&self, order: &Order) -> bool {
        self.statuses.contains(&order.status) && self.kinds.contains(&order.kind)
    }

    pub(super) fn counts(&self, order: &Order) -> bool {
        self.is_in(order)
            && (order.what == "order" || order.what == "zero_value" && self.zero_value)
    }

    pub(super) fn lowers(&self, order: &Order) -> bool {
        self.is_in(order) && order.what == "refund"
    }

    pub(super) fn amount(&self, order: &Order) -> i64 {
        match self.basis {
            "gross" => order.gross,
            "net_shipping" => order.net + order.more[0],
            "net_ex_tax" => order.net - order.more[1],
            "margin" => order.net - order.more[2],
            _ => order.net,
        }
    }

    /// Revenue of these orders.
    pub(super) fn revenue<'a>(&self, orders: impl Iterator<Item = &'a Order>) -> i64 {
        orders
            .filter(|one| self.counts(one) || self.lowers(one))
            .map(|one| self.amount(one))
            .sum()
    }

    /// Orders that the scope chooses, up to its date.
    pub(super) fn choose(&self, orders: &[Order]) -> Vec<Order> {
        let mut all = Vec::new();
        for one in orders {
            let chosen: Vec<Line> = one
                .lines
                .iter()
                .filter(|line| self.product.is_none() || line.product == self.product)
                .cloned()
                .collect();
            if chosen.is_empty() || self.channel.is_some() && one.channel != self.channel {
                continue;
            }
            let one = if self.product.is_some() {
                order(&chosen)
            } else {
                one.clone()
            };
            if !self.booked || one.refunded == 0 {
                all.push(one);
                continue;
            }
            let net = one.net + one.refunded;
            let what = match (net < 0 && one.what == "refund", net) {
                (true, _) => "refund",
                (_, 0) => "zero_value",
                _ => "order",
            };
            all.push(Order {
                net,
                what,
                ..one.clone()
            });
            all.push(Order {
                time: one.refunded_at.unwrap_or(one.time),
                net: -one.refunded,
                gross: 0,
                more: [0; 3],
                what: "refund",
                ..one
            });
        }
        all.retain(|one| day_of(one.time) <= self.as_of);
        all.sort_by_key(|one| (one.time, one.id, one.net));
        all
    }

    /// The customers shown with an order that counts, with all of their orders.
    pub(super) fn customers(&self, orders: &[Order]) -> Vec<(&'static str, Vec<Order>)> {
        let of = |id: &&'static str| {
            let mine: Vec<Order> = orders
                .iter()
                .filter(|one| one.customer == Some(*id))
                .cloned()
                .collect();
            (*id, mine)
        };
        let all = self.shown.iter().map(of);
        all.filter(|(_, mine)| mine.iter().any(|one| self.counts(one)))
            .collect()
    }
}
