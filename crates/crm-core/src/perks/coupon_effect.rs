//! What coupons brought (クーポン効果): how many were redeemed, what they cost, and which share would have bought anyway.
//!
//! A column of orders names the coupon of each order; null or blank for none. The time of a coupon is from its first to its last
//! redemption, or that of `periods`; what was redeemed at other times is left out and counted (`redeemed_outside_periods`).
//!
//! # Definition
//!
//! | `anyway_by` | `anyway_share` |
//! |---|---|
//! | `held_out` | buyers among customers who were held out (`held_out`) / buyers among those who were offered it (`offered`), both as shares of their group in the coupon's time |
//! | `own_cycle` | mean over redeemers of the probability that they buy within the coupon's time, as their own purchases until the day before say ([`cycle`](crate::cycle)) |
//!
//! Only people who were held out by chance say what the coupon did; the interval is that of the ratio (Katz). The share by
//! the own cycle is a prediction and has no interval. Who redeems a coupon is often about to buy anyway, so that it is rather too
//! low; redeemers without an earlier order have no prediction (`anyway_known` counts those who have one). The model is fitted to the orders
//! until the day before the coupon.
//!
//! `discount_given` is the discount of the orders with the coupon, which may have other reasons too; null if the orders have no
//! column of discounts. A refund is no discount.

use super::fields::{money, wholes};
use super::histories::{Histories, Purchase};
use super::named::Named;
use crate::analysis::Analysis;
use crate::context::{Context, filled, push};
use crate::cycle::predict::probability_within;
use crate::cycle::shop::{Shop, View};
use crate::data::Orders;
use crate::data::filter::Level;
use crate::error::{Error, Result};
use crate::ids::{Ids, NO_ID};
use crate::num::Fraction;
use crate::num::two_rates::{Rate, log_ratio};
use crate::scope::{At, Filter};
use crate::table::shared::REVENUE;
use crate::table::{Column, Field, Table, categories, columns};
use crate::time::Day;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most coupons: each may need a model of its own.
const MOST: usize = 100;

/// Options of [`CouponEffect`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The column of orders with the coupon; null for none. Default: coupon.
    pub coupon: String,
    /// The first and the last day of coupons, by name. Default: none, the days of the first and the last redemption.
    pub periods: BTreeMap<String, [Day; 2]>,
    /// Conditions on columns of customers: who was held out by chance. Default: none, nobody is known to be.
    pub held_out: Filter,
    /// Conditions on columns of customers: who was offered the coupons. Given with `held_out`. Default: none.
    pub offered: Filter,
    /// Confidence level of the interval. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            coupon: "coupon".into(),
            periods: BTreeMap::new(),
            held_out: Filter::default(),
            offered: Filter::default(),
            confidence: Fraction::P95,
        }
    }
}

categories! {
    /// How it is known who would have bought anyway.
    AnywayBy {
        HeldOut = "held_out", "People held out", "比較群";
        OwnCycle = "own_cycle", "Own purchase cycle", "本人の購入周期";
    }
}

/// The analysis `coupon_effect`.
#[derive(Debug, Clone, Copy)]
pub struct CouponEffect;

/// A coupon.
struct Row {
    coupon: u32,
    first: i32,
    last: i32,
    orders: i64,
    revenue: i64,
    discount: i64,
    /// By code of customers, who redeemed it.
    redeemers: Vec<u32>,
    new: i64,
    /// Share, lower and upper end.
    anyway: [Option<f64>; 3],
    by: AnywayBy,
    known: i64,
}

impl Analysis for CouponEffect {
    const NAME: &'static str = "coupon_effect";
    const SUMMARY: &'static str = "Coupons that were redeemed, what they brought and cost, and which share would have bought anyway";
    const JA: &'static str = "クーポン効果";
    const COLUMNS: &'static [Field] = &columns! {
        "coupon": Text, "", "クーポン", "The coupon.";
        "starts_on": Date, "", "開始日", "The first day of its time.";
        "ends_on": Date, "", "終了日", "The last day of its time, at most the date.";
        "redeemed": Int, "orders", "利用注文数", "Orders with it in its time.";
        "redeemers": Int, "customers", "利用者数", "Customers with such an order, without guests.";
        "new_redeemers": Int, "customers", "新規利用者数", "Of these, customers whose first order it was.";
        REVENUE, "Revenue of the orders with it.";
        "discount_given": Money, "currency", "値引額", "Discount of these orders; null without a column of discounts.";
        "anyway_by": Category, "", "推定方法", "How it is known who would have bought anyway.";
        "anyway_known": Int, "customers", "推定対象者数", "Customers that `anyway_share` is of: held out, or redeemers with a prediction.";
        "anyway_share": Float, "share", "クーポンなしでも購入した割合", "Share of buyers who would have bought anyway; null if it is not known.";
        "anyway_share_low": Float, "share", "クーポンなしでも購入した割合(下限)", "Lower end of its interval; null by the own cycle.";
        "anyway_share_high": Float, "share", "クーポンなしでも購入した割合(上限)", "Upper end of its interval; null by the own cycle.";
    };
    const SCOPE: &'static [&'static str] = &["as_of", "where", "policy"];
    type Data = Orders;
    type Options = Options;

    fn check(whole: &Orders, options: &Options) -> Result<()> {
        let context = Context::default();
        let Named { ids, codes } = coupons(whole, &options.coupon, &context)?;
        let mut occurs = filled(ids.len(), false, "coupons")?;
        for code in codes.iter().filter(|code| **code != NO_ID) {
            occurs[*code as usize] = true;
        }
        let n = occurs.iter().filter(|occurs| **occurs).count();
        if n > MOST {
            let expected = format!(
                "a column of at most {MOST} coupons, not {n}: codes of single customers belong together under one name"
            );
            return Err(Error::option("coupon", json!(options.coupon), expected));
        }
        for (name, [first, last]) in &options.periods {
            let path = format!("periods.{name}");
            if last < first {
                return Err(Error::option(
                    path,
                    json!([first, last]),
                    "the first and the last day",
                ));
            }
            let is_known = |code: u32| occurs[code as usize] && ids.text(code) == *name;
            if !(0..ids.len() as u32).any(is_known) {
                return Err(Error::option(path, json!(name), "a coupon of the orders"));
            }
        }
        match (options.held_out.is_empty(), options.offered.is_empty()) {
            (true, false) => Err(Error::option(
                "held_out",
                json!({}),
                "conditions together with `offered`",
            )),
            (false, true) => Err(Error::option(
                "offered",
                json!({}),
                "conditions together with `held_out`",
            )),
            _ => {
                members(whole, "held_out", &options.held_out, &context)?;
                members(whole, "offered", &options.offered, &context).map(|_| ())
            }
        }
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let coupons = coupons(orders, &options.coupon, context)?;
        let ids = &coupons.ids;
        let histories = Histories::new(orders, at, context)?;
        let periods = periods(options, ids, at.day.0)?;
        let (mut rows, outside) = redeemed(orders, &histories, &coupons, &periods, context)?;
        let in_both = match options.held_out.is_empty() {
            true => {
                own_cycle(orders, at, &mut rows, context)?;
                0
            }
            false => {
                let held_out = members(orders, "held_out", &options.held_out, context)?;
                let offered = members(orders, "offered", &options.offered, context)?;
                beside_held_out(&histories, &held_out, &offered, &mut rows, options, context)?
            }
        };
        let mut table = table(&rows, ids, orders)?;
        if outside > 0 {
            table = table.with_note("redeemed_outside_periods", json!(outside));
        }
        Ok(match options.held_out.is_empty() {
            true => table,
            false => table.with_note("offered_and_held_out", json!(in_both)),
        })
    }
}

/// The coupons and that of each order.
fn coupons(orders: &Orders, name: &str, context: &Context) -> Result<Named> {
    let expected = "a column of texts or numbers that all lines of an order share";
    Named::new(orders, "coupon", name, Level::Order, expected, context)
}

/// By code, which customers meet conditions.
fn members(orders: &Orders, option: &str, filter: &Filter, context: &Context) -> Result<Vec<bool>> {
    let mut is_in = filled(orders.ids().len(), true, "coupons")?;
    for (name, condition) in &filter.0 {
        let found = orders
            .attribute(name, context)
            .map_err(|error| error.inside(option))?;
        if found.level != Level::Customer {
            return Err(Error::option(option, json!(name), "columns of customers"));
        }
        let pass = found
            .values
            .test(name, condition)
            .map_err(|error| error.inside(option))?;
        is_in
            .iter_mut()
            .zip(pass)
            .for_each(|(is_in, pass)| *is_in &= pass);
    }
    Ok(is_in)
}

/// The first and the last day of coupons by code, up to a date.
fn periods(options: &Options, ids: &Ids, day: i32) -> Result<Vec<Option<[i32; 2]>>> {
    let mut periods = filled(ids.len(), None, "coupons")?;
    if !options.periods.is_empty() {
        for (code, period) in periods.iter_mut().enumerate() {
            let given = options.periods.get(&ids.text(code as u32));
            *period = given.map(|[first, last]| [first.0, last.0.min(day)]);
        }
    }
    Ok(periods)
}

/// What was redeemed of each coupon in its time, in ascending order of coupons, and how often at other times.
fn redeemed(
    orders: &Orders,
    histories: &Histories,
    coupons: &Named,
    periods: &[Option<[i32; 2]>],
    context: &Context,
) -> Result<(Vec<Row>, u64)> {
    let mut sums = Redeemed {
        orders,
        coupons,
        periods,
        place: filled(coupons.ids.len(), NO_ID, "coupons")?,
        rows: Vec::new(),
        outside: 0,
    };
    for (n, customer) in orders.ids().by_id()?.iter().enumerate() {
        if n % Context::BLOCK == 0 {
            context.check()?;
        }
        let own = histories.of(*customer).filter(|one| one.is_order);
        for (at, one) in own.enumerate() {
            sums.add(&one, Some(*customer), at == 0)?;
        }
    }
    context.check()?;
    for one in histories.of_guests().filter(|one| one.is_order) {
        sums.add(&one, None, false)?;
    }
    let Redeemed {
        mut rows, outside, ..
    } = sums;
    rows.sort_unstable_by(|a, b| coupons.ids.cmp(a.coupon, b.coupon));
    Ok((rows, outside))
}

/// Sums of coupons.
struct Redeemed<'a> {
    orders: &'a Orders,
    coupons: &'a Named,
    /// The time of each coupon, if it is given.
    periods: &'a [Option<[i32; 2]>],
    /// The row of each coupon.
    place: Vec<u32>,
    rows: Vec<Row>,
    outside: u64,
}

impl Redeemed<'_> {
    /// Adds an order, of a customer or of a guest.
    fn add(&mut self, one: &Purchase, customer: Option<u32>, is_first: bool) -> Result<()> {
        let order = one.order as usize;
        let coupon = self.coupons.codes[order];
        if coupon == NO_ID {
            return Ok(());
        }
        let period = self.periods[coupon as usize];
        if period.is_some_and(|[first, last]| one.day < first || last < one.day) {
            self.outside += 1;
            return Ok(());
        }
        let place = &mut self.place[coupon as usize];
        if *place == NO_ID {
            *place = self.rows.len() as u32;
            let row = Row {
                coupon,
                first: period.map_or(one.day, |[first, _]| first),
                last: period.map_or(one.day, |[_, last]| last),
                orders: 0,
                revenue: 0,
                discount: 0,
                redeemers: Vec::new(),
                new: 0,
                anyway: [None; 3],
                by: AnywayBy::OwnCycle,
                known: 0,
            };
            push(&mut self.rows, row, "coupons")?;
        }
        let row = &mut self.rows[*place as usize];
        let data = &self.orders.data;
        let refund = data.refund.as_ref().map_or(0, |of| of.amount[order]);
        let discount = data.gross[order]
            .saturating_sub(data.net[order])
            .saturating_sub(refund);
        let too_much = || Error::Malformed {
            column: self.orders.spec().amount.clone(),
            problem: "amounts of a coupon add up beyond 64 bits".into(),
        };
        row.first = row.first.min(one.day);
        row.last = row.last.max(one.day);
        row.orders += 1;
        row.new += i64::from(is_first);
        row.revenue = row.revenue.checked_add(one.amount).ok_or_else(too_much)?;
        row.discount = row.discount.checked_add(discount).ok_or_else(too_much)?;
        if let Some(customer) = customer.filter(|own| row.redeemers.last() != Some(own)) {
            push(&mut row.redeemers, customer, "coupons")?;
        }
        Ok(())
    }
}

/// The mean probability of redeemers that they buy within the coupon's time, seen from the day before.
fn own_cycle(orders: &Orders, at: &At, rows: &mut [Row], context: &Context) -> Result<()> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_unstable_by_key(|row| rows[*row].first);
    let mut shop: Option<(i32, Shop)> = None;
    let mut place = filled(orders.ids().len(), NO_ID, "coupons")?;
    for row in order {
        context.check()?;
        let row = &mut rows[row];
        let eve = row.first - 1;
        if shop.as_ref().is_none_or(|(of, _)| *of != eve) {
            let at = At {
                day: Day(eve),
                ..*at
            };
            let found = Shop::new(orders, &at, &View::OWN, context)?;
            place.fill(NO_ID);
            for (i, customer) in found.gaps.customer.iter().enumerate() {
                place[*customer as usize] = i as u32;
            }
            shop = Some((eve, found));
        }
        let Some((_, shop)) = &shop else { continue };
        let within = row.last.abs_diff(eve);
        let (mut sum, mut n) = (0.0, 0);
        for customer in &row.redeemers {
            let i = place[*customer as usize];
            if i == NO_ID {
                continue;
            }
            let i = i as usize;
            if let Some(distribution) = shop.gap_distribution(i) {
                sum += probability_within(&distribution, shop.gaps.open_days(i), within);
                n += 1;
            }
        }
        row.known = n;
        row.anyway[0] = (n > 0).then(|| sum / n as f64);
    }
    Ok(())
}

/// Buyers among those who were offered and those who were held out. How many customers were both.
fn beside_held_out(
    histories: &Histories,
    held_out: &[bool],
    offered: &[bool],
    rows: &mut [Row],
    options: &Options,
    context: &Context,
) -> Result<u64> {
    let mut in_both = 0;
    // By coupon: those offered it, and those held out.
    let nobody = Rate { hits: 0, trials: 0 };
    let mut rates = filled(rows.len(), [nobody; 2], "coupons")?;
    let mut days = Vec::new();
    for (customer, (out, offered)) in held_out.iter().zip(offered).enumerate() {
        if customer % Context::BLOCK == 0 {
            context.check()?;
        }
        in_both += u64::from(*out && *offered);
        if out == offered {
            continue;
        }
        days.clear();
        for one in histories.of(customer as u32).filter(|one| one.is_order) {
            push(&mut days, one.day, "coupons")?;
        }
        for (row, rates) in rows.iter().zip(&mut rates) {
            let from = days.partition_point(|day| *day < row.first);
            let rate = &mut rates[usize::from(*out)];
            rate.trials += 1;
            rate.hits += u64::from(days.get(from).is_some_and(|day| *day <= row.last));
        }
    }
    for (row, [offered, out]) in rows.iter_mut().zip(rates) {
        row.by = AnywayBy::HeldOut;
        row.known = out.trials as i64;
        if offered.hits > 0 && out.trials > 0 {
            let interval = log_ratio(offered, out, options.confidence);
            let interval = interval.filter(|(low, high)| low.is_finite() && high.is_finite());
            row.anyway = [
                Some(out.value() / offered.value()),
                interval.map(|(low, _)| low),
                interval.map(|(_, high)| high),
            ];
        }
    }
    Ok(in_both)
}

fn table(rows: &[Row], ids: &Ids, orders: &Orders) -> Result<Table> {
    let fields = CouponEffect::COLUMNS;
    let currency = orders.currency();
    let names = Arc::new(
        rows.iter()
            .map(|row| ids.text(row.coupon))
            .collect::<Vec<_>>(),
    );
    let has_discounts = orders.spec().discount.is_some();
    let discount = |row: &Row| has_discounts.then_some(row.discount);
    let mut columns = vec![
        Column::texts(&fields[0], &names, 0..rows.len() as u32)?,
        Column::dates(&fields[1], rows.iter().map(|row| row.first))?,
        Column::dates(&fields[2], rows.iter().map(|row| row.last))?,
        wholes(&fields[3], rows.iter().map(|row| row.orders))?,
        wholes(
            &fields[4],
            rows.iter().map(|row| row.redeemers.len() as i64),
        )?,
        wholes(&fields[5], rows.iter().map(|row| row.new))?,
        Column::money(&fields[6], rows.iter().map(|row| row.revenue), currency)?,
        money(&fields[7], rows.iter().map(discount), currency)?,
        Column::words(
            &fields[8],
            AnywayBy::LABELS,
            rows.iter().map(|row| Some(row.by as u8)),
        )?,
        wholes(&fields[9], rows.iter().map(|row| row.known))?,
    ];
    for at in 0..3 {
        columns.push(Column::floats(
            &fields[10 + at],
            rows.iter().map(|row| row.anyway[at]),
        )?);
    }
    Ok(Table::new(columns))
}
