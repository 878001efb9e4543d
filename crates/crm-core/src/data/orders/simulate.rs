//! A simulated shop, for documentation and tests: seeded, so that the same request gives the same
//! shop on every machine.
//!
//! Customers arrive evenly over the three years from 2023-01-01. Each has a mean gap between orders
//! (log-normal over customers, median 60 days), gaps are gamma with shape 2, and after each order
//! the customer leaves with an individual probability (beta, mean 0.25). One in seven customers
//! subscribes. Orders have one to three lines of twelve products in four categories, amounts in
//! yen, some discounts, cancellations, returns, refunds and samples; one in fifty orders is a
//! guest's.

use crate::columns::{Batch, Bits, ColumnData, ColumnValues, Strings, TimeUnit};
use crate::context::{push, room};
use crate::error::{Error, Result};
use crate::num::rng::Rng;
use crate::time::MICROS_PER_DAY;

/// Product, category and price in yen.
const PRODUCTS: [(&str, &str, i64); 12] = [
    ("green tea 100g", "tea", 1_080),
    ("roasted tea 100g", "tea", 860),
    ("matcha 30g", "tea", 2_480),
    ("tea sampler", "tea", 3_200),
    ("serum 30ml", "skin care", 6_800),
    ("lotion 120ml", "skin care", 3_400),
    ("cream 50g", "skin care", 4_900),
    ("cleanser 150ml", "skin care", 2_200),
    ("vitamin C 60", "supplements", 1_980),
    ("collagen 30", "supplements", 4_320),
    ("chopsticks", "household", 1_500),
    ("tea pot", "household", 5_800),
];
const CHANNELS: [&str; 5] = ["search", "ads", "email", "social", "direct"];
/// 2023-01-01, midnight UTC.
const BEGIN: i64 = 19_358 * MICROS_PER_DAY;
const DAYS: f64 = 1_095.0;

/// One line of an order.
struct Line {
    order: u32,
    /// Guests have none.
    customer: Option<u32>,
    at: i64,
    product: usize,
    quantity: i64,
    amount: i64,
    discount: i64,
    refunded: i64,
    refunded_at: Option<i64>,
    status: &'static str,
    kind: &'static str,
    channel: usize,
}

/// The lines of a simulated shop with this number of customers, as columns:
/// `order_id customer_id ordered_at product category quantity amount discount refunded refunded_at status kind channel`,
/// amounts in yen per line, times in UTC, sorted by time.
///
/// ```
/// use crm_core::data::{OrdersSpec, simulate_orders};
/// use crm_core::{Context, Orders};
/// let spec = OrdersSpec::parse(
///     r#"{"currency": "JPY", "order_id": "order_id", "discount": "discount",
///         "refunded": "refunded", "status": "status", "kind": "kind", "guests": "keep"}"#,
/// )?;
/// let orders = Orders::from_batches(&spec, &[simulate_orders(100, 1)?], None, &Context::default())?;
/// assert!(orders.n_customers() > 90);
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// More than ten million customers; out of memory.
pub fn simulate_orders(customers: u32, seed: u64) -> Result<Batch> {
    if customers > 10_000_000 {
        return Err(Error::option("customers", customers, "at most 10,000,000"));
    }
    let mut lines: Vec<Line> = Vec::new();
    let mut orders = 0;
    for customer in 0..customers {
        let mut rng = Rng::stream(seed, u64::from(customer));
        simulate_customer(&mut rng, customer, &mut orders, &mut lines)?;
    }
    // Order ids ascend with time, as in a shop.
    lines.sort_unstable_by_key(|line| (line.at, line.order, line.product, line.amount));
    let mut number = crate::context::filled(orders as usize, u32::MAX, "simulated orders")?;
    let mut next = 0;
    for line in &mut lines {
        let number = &mut number[line.order as usize];
        if *number == u32::MAX {
            *number = next;
            next += 1;
        }
        line.order = *number;
    }
    columns(&lines)
}

fn simulate_customer(
    rng: &mut Rng,
    customer: u32,
    orders: &mut u32,
    lines: &mut Vec<Line>,
) -> Result<()> {
    let mut day = rng.uniform() * DAYS;
    let mean_gap = 60.0 * libm::exp(0.7 * rng.normal());
    let leaves = rng.beta(1.5, 4.5);
    let subscribes = rng.below(7) == 0;
    let channel = rng.below(CHANNELS.len() as u64) as usize;
    let favourite = rng.below(PRODUCTS.len() as u64) as usize;
    let mut ordinal = 0;
    while day < DAYS {
        let kind = match (subscribes, ordinal, rng.below(100)) {
            (_, _, 0) => "sample",
            (true, 0, _) => "sub_first",
            (true, ..) => "sub_renewal",
            _ => "one_off",
        };
        let status = match rng.below(100) {
            0..=3 => "cancelled",
            4 => "returned",
            5 => "payment_failed",
            6..=8 => "pending",
            _ => "completed",
        };
        let guest = rng.below(50) == 0;
        let minute = rng.below(60 * 24) as i64;
        let at = BEGIN + day as i64 * MICROS_PER_DAY + minute * 60_000_000;
        let channel = if rng.below(3) == 0 {
            rng.below(CHANNELS.len() as u64) as usize
        } else {
            channel
        };
        let refund = rng.below(40) == 0;
        let refunded_at = at + (1 + rng.below(20) as i64) * MICROS_PER_DAY;
        for line in 0..=rng.below(3) {
            let product = match line {
                0 => favourite,
                _ => rng.below(PRODUCTS.len() as u64) as usize,
            };
            let quantity = 1 + rng.below(3) as i64;
            let amount = match kind {
                "sample" => 0,
                _ => PRODUCTS[product].2 * quantity,
            };
            let refunded = if refund && line == 0 {
                amount / (1 + rng.below(2) as i64)
            } else {
                0
            };
            let line = Line {
                order: *orders,
                customer: (!guest).then_some(customer),
                at,
                product,
                quantity,
                amount,
                discount: if rng.below(10) == 0 && refunded == 0 {
                    amount / 10
                } else {
                    0
                },
                refunded,
                refunded_at: (refunded > 0).then_some(refunded_at),
                status,
                kind,
                channel,
            };
            push(lines, line, "simulated orders")?;
        }
        *orders += 1;
        ordinal += 1;
        if rng.uniform() < leaves {
            break;
        }
        day += rng.gamma(2.0) * mean_gap / 2.0;
    }
    Ok(())
}

fn columns(lines: &[Line]) -> Result<Batch> {
    let n = lines.len();
    let ints = |of: &dyn Fn(&Line) -> i64| -> Result<ColumnData> {
        let mut values = room(n, "simulated orders")?;
        values.extend(lines.iter().map(of));
        Ok(ColumnValues::Int {
            values: values.into(),
            bits: 64,
        }
        .into())
    };
    let texts = |of: &dyn Fn(&Line) -> String| -> Result<ColumnValues> {
        let mut bytes: Vec<u8> = Vec::new();
        let mut offsets = room(n + 1, "simulated orders")?;
        offsets.push(0_i64);
        for line in lines {
            let text = of(line);
            if bytes.capacity() - bytes.len() < text.len() {
                let more = bytes.len().max(1 << 12);
                crate::context::grow(&mut bytes, more, "simulated orders")?;
            }
            bytes.extend_from_slice(text.as_bytes());
            offsets.push(bytes.len() as i64);
        }
        Ok(ColumnValues::Text(Strings::Large(
            offsets.into(),
            bytes.into(),
        )))
    };
    let times = |of: &dyn Fn(&Line) -> Option<i64>| -> Result<ColumnData> {
        let mut values = room(n, "simulated orders")?;
        values.extend(lines.iter().map(|line| of(line).unwrap_or(0)));
        Ok(ColumnData {
            values: ColumnValues::Time {
                values: values.into(),
                unit: TimeUnit::Microsecond,
                zone: Some("UTC".into()),
            },
            valid: Some(Bits::from_bools(
                lines.iter().map(|line| of(line).is_some()),
            )?),
        })
    };
    let customer = ColumnData {
        values: texts(&|l| l.customer.map_or_else(String::new, |c| format!("C{c:07}")))?,
        valid: Some(Bits::from_bools(
            lines.iter().map(|l| l.customer.is_some()),
        )?),
    };
    Ok(vec![
        (
            "order_id".into(),
            texts(&|l| format!("R{:08}", l.order))?.into(),
        ),
        ("customer_id".into(), customer),
        ("ordered_at".into(), times(&|l| Some(l.at))?),
        (
            "product".into(),
            texts(&|l| PRODUCTS[l.product].0.into())?.into(),
        ),
        (
            "category".into(),
            texts(&|l| PRODUCTS[l.product].1.into())?.into(),
        ),
        ("quantity".into(), ints(&|l| l.quantity)?),
        ("amount".into(), ints(&|l| l.amount)?),
        ("discount".into(), ints(&|l| l.discount)?),
        ("refunded".into(), ints(&|l| l.refunded)?),
        ("refunded_at".into(), times(&|l| l.refunded_at)?),
        ("status".into(), texts(&|l| l.status.into())?.into()),
        ("kind".into(), texts(&|l| l.kind.into())?.into()),
        (
            "channel".into(),
            texts(&|l| CHANNELS[l.channel].into())?.into(),
        ),
    ])
}
