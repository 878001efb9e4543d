//! A simulated shop as rows, and the slow computation's view of it.

use crm_core::columns::{Batch, ColumnValues, Strings};
use crm_core::data::{AmountUnit, OrdersSpec};
use crm_core::ids::IdRef;
use crm_core::num::rng::Rng;
use crm_core::table::Cell;
use crm_core::{Context, Currency, Dataset, Day, Orders, Table, register};

/// Days since 1970 of the first simulated day, 2024-01-01, and of the date asked about, a month's
/// last: 2025-11-30.
pub(crate) const START: i32 = 19_723;
pub(crate) const AS_OF: i32 = 20_422;
pub(crate) const CHANNELS: [&str; 4] = ["ads", "mail", "search", "shop"];
pub(crate) const PRODUCTS: [&str; 7] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6"];

/// A line of an order, or a refund that stands alone.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) customer: i64,
    pub(crate) order: usize,
    pub(crate) day: i32,
    pub(crate) minute: u32,
    pub(crate) amount: i64,
    pub(crate) channel: usize,
    pub(crate) product: usize,
    pub(crate) renewal: bool,
    pub(crate) cancelled: bool,
}

/// Orders of one line each with refunds as rows of their own, or orders of several lines.
pub(crate) fn lines(with_lines: bool, seed: u64) -> Vec<Line> {
    let mut lines = Vec::new();
    for customer in 0..300 {
        let mut rng = Rng::stream(seed, customer as u64);
        let mut day = START + rng.below(650) as i32;
        let mut minute = 0;
        let habit = rng.below(CHANNELS.len() as u64) as usize;
        while day <= AS_OF + 30 {
            minute += 1;
            let line = Line {
                customer,
                order: lines.len(),
                day,
                minute,
                amount: 500 + rng.below(9_000) as i64,
                channel: if rng.below(4) == 0 {
                    rng.below(4) as usize
                } else {
                    habit
                },
                product: rng.below(7) as usize,
                renewal: rng.below(3) == 0,
                cancelled: rng.below(12) == 0,
            };
            lines.push(line.clone());
            if with_lines {
                for _ in 0..rng.below(3) {
                    lines.push(Line {
                        amount: 500 + rng.below(9_000) as i64,
                        product: rng.below(7) as usize,
                        ..line.clone()
                    });
                }
            } else if rng.below(6) == 0 {
                minute += 1;
                lines.push(Line {
                    order: lines.len(),
                    day: day + rng.below(5) as i32,
                    minute,
                    amount: -(rng.below(400) as i64) - 1,
                    cancelled: false,
                    ..line
                });
            }
            if rng.below(4) == 0 {
                break;
            }
            // Some order twice a day.
            day += if rng.below(8) == 0 {
                0
            } else {
                1 + rng.below(90) as i32
            };
        }
    }
    lines
}

pub(crate) fn orders(lines: &[Line], with_lines: bool) -> Orders {
    let text = |cell: &dyn Fn(&Line) -> String| {
        let texts: Vec<String> = lines.iter().map(cell).collect();
        Strings::collect(texts.iter().map(|t| t.as_bytes())).unwrap()
    };
    let int = |cell: &dyn Fn(&Line) -> i64| ColumnValues::Int {
        values: lines.iter().map(cell).collect::<Vec<_>>().into(),
        bits: 64,
    };
    let at = |l: &Line| {
        format!(
            "{}T{:02}:{:02}:00",
            Day(l.day),
            l.minute / 60,
            l.minute % 60
        )
    };
    let words = |cell: &dyn Fn(&Line) -> &'static str| {
        ColumnValues::Text(text(&|l: &Line| cell(l).to_owned())).into()
    };
    let batch: Batch = vec![
        ("customer_id".into(), int(&|l| l.customer).into()),
        ("order_id".into(), int(&|l| l.order as i64).into()),
        ("ordered_at".into(), ColumnValues::Text(text(&at)).into()),
        ("amount".into(), int(&|l| l.amount).into()),
        ("channel".into(), words(&|l| CHANNELS[l.channel])),
        ("product".into(), words(&|l| PRODUCTS[l.product])),
        (
            "kind".into(),
            words(&|l| if l.renewal { "sub_renewal" } else { "one_off" }),
        ),
        (
            "status".into(),
            words(&|l| {
                if l.cancelled {
                    "cancelled"
                } else {
                    "completed"
                }
            }),
        ),
    ];
    let spec = OrdersSpec {
        currency: Some(Currency::USD),
        amount_unit: AmountUnit::Minor,
        order_id: with_lines.then(|| "order_id".into()),
        channel: Some("channel".into()),
        product: Some("product".into()),
        kind: Some("kind".into()),
        status: Some("status".into()),
        timezone: Some("Asia/Tokyo".into()),
        ..OrdersSpec::default()
    };
    Orders::from_batches(&spec, &[batch], None, &Context::default()).unwrap()
}

/// An order of the slow computation; `refund` is a row that is none.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) day: i32,
    pub(crate) amount: i64,
    pub(crate) channel: usize,
    /// That of the line with the greatest amount, equal ones the first by name.
    pub(crate) product: usize,
    pub(crate) products: Vec<usize>,
    pub(crate) renewal: bool,
    pub(crate) refund: bool,
}

/// The rows of each customer that count, in the order of time.
pub(crate) fn histories(lines: &[Line], keep: impl Fn(&Order) -> bool) -> Vec<Vec<Order>> {
    let mut customers = vec![Vec::new(); 300];
    let mut sorted: Vec<&Line> = lines.iter().collect();
    sorted.sort_by_key(|l| (l.customer, l.day, l.minute, l.order));
    for group in sorted.chunk_by(|a, b| a.order == b.order) {
        let main = group
            .iter()
            .max_by_key(|l| (l.amount, std::cmp::Reverse(l.product)))
            .unwrap();
        let amount = group.iter().map(|l| l.amount).sum();
        let order = Order {
            day: main.day,
            amount,
            channel: main.channel,
            product: main.product,
            products: group.iter().map(|l| l.product).collect(),
            renewal: main.renewal,
            refund: amount < 0,
        };
        if !main.cancelled && order.day <= AS_OF && keep(&order) {
            customers[main.customer as usize].push(order);
        }
    }
    customers
}

/// Histories from the first order that is an origin; customers without one are gone.
pub(crate) fn since(
    histories: Vec<Vec<Order>>,
    origin: impl Fn(&Order) -> bool,
) -> Vec<Vec<Order>> {
    let from = |h: Vec<Order>| {
        let first = h.iter().position(|o| !o.refund && origin(o))?;
        Some(h[first..].to_vec())
    };
    histories.into_iter().filter_map(from).collect()
}

/// A customer's purchases: orders, or days with orders; refunds added to the one before.
pub(crate) fn purchases(history: &[Order], by_day: bool, refunds: bool) -> Vec<(i32, i64)> {
    let mut purchases: Vec<(i32, i64)> = Vec::new();
    for order in history {
        match purchases.last_mut() {
            Some(last) if order.refund => last.1 += if refunds { order.amount } else { 0 },
            Some(last) if by_day && last.0 == order.day => last.1 += order.amount,
            _ => purchases.push((order.day, order.amount)),
        }
    }
    purchases
}

/// `1 − S(t)` by the definition, and whether anybody was at risk.
pub(crate) fn kaplan_meier(waits: &[(i32, bool)], t: i32) -> Option<f64> {
    if !waits.iter().any(|w| w.0 >= t) {
        return None;
    }
    let mut survival = 1.0;
    for s in 0..=t {
        let at_risk = waits.iter().filter(|w| w.0 >= s).count() as f64;
        let events = waits.iter().filter(|w| w.1 && w.0 == s).count() as f64;
        if at_risk > 0.0 {
            survival *= 1.0 - events / at_risk;
        }
    }
    Some(1.0 - survival)
}

pub(crate) fn run(name: &str, orders: &Orders, request: &str) -> Table {
    let request = format!("{{\"as_of\": \"{}\"{request}}}", Day(AS_OF));
    register::run(
        name,
        &Dataset::Orders(orders),
        &request,
        &Context::default(),
    )
    .unwrap()
}

pub(crate) fn numbers(table: &Table, name: &str) -> Vec<Option<f64>> {
    let column = table.column(name).unwrap_or_else(|| panic!("{name}"));
    let number = |row| match column.cell(row) {
        Cell::Null => None,
        Cell::Int(v) | Cell::Money(v, _) => Some(v as f64),
        Cell::Float(v) => Some(v),
        Cell::Date(day) => Some(f64::from(day.0)),
        _ => panic!("{name} is not a number"),
    };
    (0..table.len()).map(number).collect()
}

pub(crate) fn texts(table: &Table, name: &str) -> Vec<String> {
    let column = table.column(name).unwrap();
    let text = |row| match column.cell(row) {
        Cell::Text(text) => text.to_owned(),
        Cell::Id(IdRef::Text(text)) => text.into_owned(),
        _ => panic!("{name} is not a text"),
    };
    (0..table.len()).map(text).collect()
}

pub(crate) fn agree(table: &Table, name: &str, expected: &[Option<f64>]) {
    let found = numbers(table, name);
    assert_eq!(found.len(), expected.len(), "{name}: rows");
    for (row, (a, b)) in found.iter().zip(expected).enumerate() {
        let close = match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-12 * b.abs().max(1.0),
            (a, b) => a == b,
        };
        assert!(close, "{name}, row {row}: {a:?} is not {b:?}");
    }
}

pub(crate) fn some(values: impl IntoIterator<Item = f64>) -> Vec<Option<f64>> {
    values.into_iter().map(Some).collect()
}

pub(crate) fn median(mut values: Vec<i32>) -> Option<f64> {
    values.sort();
    let n = values.len();
    (n > 0).then(|| f64::from(values[(n - 1) / 2] + values[n / 2]) / 2.0)
}
