//! The log of complaints that comes with a request, up to a date: whose each is and about which order.
//!
//! An order is known by its id. Where several orders have it, such as those of two shops, it is the one of the complaint's
//! customer and of the shop in the column `shop`, if these leave one; else none is known, and a note counts them.

use super::rows::{Given, Rows};
use crate::context::{Context, collect, filled, push};
use crate::data::Orders;
use crate::data::filter::AttributeValues;
use crate::data::orders::selection::Selection;
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::table::Table;
use crate::time::Day;
use serde_json::json;

/// The keys of a scope that analyses of orders beside rows of the request take.
pub(super) const SCOPE: &[&str] = &["as_of", "where", "policy", "basis", "refunds"];

/// A complaint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Complaint {
    /// The customer's code; [`NO_ID`] if none is known.
    pub(super) customer: u32,
    pub(super) at: i64,
    pub(super) day: i32,
    pub(super) answered: Option<i64>,
    /// The order's place; [`NO_ID`] if none is known.
    pub(super) order: u32,
    pub(super) row: u32,
}

/// The complaints up to a date.
pub(super) struct Log<'a> {
    pub(super) given: Given<'a>,
    /// By instant and row.
    pub(super) all: Vec<Complaint>,
    /// The end of the date.
    pub(super) end: i64,
    other_customers: u64,
    other_orders: u64,
    /// Of an order that is another customer's.
    other_customers_orders: u64,
    /// Of an id that several orders have.
    several_orders: u64,
    later: u64,
}

impl<'a> Log<'a> {
    pub(super) fn new(rows: &'a Rows, by: Option<&str>, selection: &Selection) -> Result<Log<'a>> {
        let optional = ["customer_id", "order_id", "answered_at", "shop"];
        let optional: Vec<&str> = optional.into_iter().chain(by).collect();
        let given = rows.given("complaints", &["occurred_at"], &optional)?;
        let data = selection.data();
        let zone = data.offsets.zone();
        let occurred = given.times("occurred_at", zone)?;
        let answered = given.times("answered_at", zone)?;
        let customers = given.customers(&selection.orders)?;
        let orders = Found::all(&given, &customers, selection)?;
        let end = data
            .offsets
            .start_of(Day(selection.as_of.0.saturating_add(1)));
        let mut log = Log {
            given,
            all: Vec::new(),
            end,
            other_customers: 0,
            other_orders: 0,
            other_customers_orders: 0,
            several_orders: 0,
            later: 0,
        };
        for (row, occurred) in occurred.into_iter().enumerate() {
            let Some((at, day)) = occurred else {
                return Err(log.given.wrong("occurred_at", row, "a date or a time"));
            };
            let answered = answered[row].map(|(at, _)| at);
            if answered.is_some_and(|answered| answered < at) {
                let expected = "a time that is not before the complaint";
                return Err(log.given.wrong("answered_at", row, expected));
            }
            if day > selection.as_of.0 {
                log.later += 1;
                continue;
            }
            log.other_customers += u64::from(customers[row] == Some(None));
            log.other_orders += u64::from(orders[row] == Found::Unknown);
            log.several_orders += u64::from(orders[row] == Found::Several);
            let order = match orders[row] {
                Found::Order(order) => order,
                _ => NO_ID,
            };
            let of_order = data.customer.get(order as usize).copied();
            let of_order = of_order.unwrap_or(NO_ID);
            let customer = match customers[row] {
                Some(code) => code.unwrap_or(NO_ID),
                None => of_order,
            };
            let known = customer != NO_ID && of_order != NO_ID;
            log.other_customers_orders += u64::from(known && customer != of_order);
            let one = Complaint {
                customer,
                at,
                day,
                answered: answered.filter(|answered| *answered < end),
                order,
                row: row as u32,
            };
            push(&mut log.all, one, "complaints")?;
        }
        log.all.sort_unstable_by_key(|one| (one.at, one.row));
        Ok(log)
    }

    /// The table with notes on what met nothing.
    pub(super) fn noted(&self, mut table: Table) -> Table {
        for (name, value) in [
            ("complaints_of_other_customers", self.other_customers),
            ("complaints_of_other_orders", self.other_orders),
            (
                "complaints_of_another_customers_order",
                self.other_customers_orders,
            ),
            ("complaints_of_several_orders", self.several_orders),
            ("complaints_after_as_of", self.later),
        ] {
            if value > 0 {
                table = table.with_note(name, json!(value));
            }
        }
        table
    }
}

/// What is known of the order of a complaint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// The complaint names none.
    None,
    /// No order has the id.
    Unknown,
    /// Several orders have it.
    Several,
    /// The place of the order.
    Order(u32),
}

impl Found {
    /// The order of each row.
    fn all(
        given: &Given,
        customers: &[Option<Option<u32>>],
        selection: &Selection,
    ) -> Result<Vec<Found>> {
        if !given.has("order_id") {
            return filled(given.len, Found::None, "complaints");
        }
        let data = selection.data();
        let dim = data.order_id.as_ref();
        let Some((dim, codes)) = dim.and_then(|dim| Some((dim, dim.codes.as_ref()?))) else {
            let expected = "no such column: the orders have no order ids";
            return Err(Error::option("complaints.order_id", "", expected));
        };
        // A refund in a row of its own has the id of its order.
        let of = data.refund_of.as_ref();
        let is_order = |row: u32| of.is_none_or(|of| of[row as usize] == row);
        let mut orders = Vec::new();
        for order in (0..codes.len() as u32).filter(|order| is_order(*order)) {
            push(&mut orders, order, "complaints")?;
        }
        orders.sort_unstable_by_key(|order| (codes[*order as usize], *order));
        let shops = Shops::new(given, &selection.orders)?;
        let found = given.codes("order_id", &dim.ids)?;
        let one = |(row, code): (usize, &Option<Option<u32>>)| {
            let Some(Some(code)) = *code else {
                return code.map_or(Found::None, |_| Found::Unknown);
            };
            let from = orders.partition_point(|order| codes[*order as usize] < code);
            let same = orders[from..].iter().copied();
            let same = same.take_while(|order| codes[*order as usize] == code);
            if same.clone().count() < 2 {
                return same.last().map_or(Found::Unknown, Found::Order);
            }
            let customer = customers[row].flatten();
            let mut fits = same.filter(|order| {
                customer.is_none_or(|own| data.customer[*order as usize] == own)
                    && shops.as_ref().is_none_or(|shops| shops.fits(row, *order))
            });
            match (fits.next(), fits.next()) {
                (Some(order), None) => Found::Order(order),
                _ => Found::Several,
            }
        };
        collect(found.iter().enumerate().map(one), "complaints")
    }
}

/// The shops of the complaints and of the orders.
struct Shops {
    own: Vec<Option<String>>,
    orders: AttributeValues,
}

impl Shops {
    /// None if either has no column of shops.
    fn new(given: &Given, orders: &Orders) -> Result<Option<Shops>> {
        match &orders.spec().shop {
            Some(name) if given.has("shop") => Ok(Some(Shops {
                own: given.texts("shop")?,
                orders: orders.attribute(name, &Context::default())?.values,
            })),
            _ => Ok(None),
        }
    }

    /// Whether a complaint names no shop, or that of the order.
    fn fits(&self, row: usize, order: u32) -> bool {
        let (Some(own), AttributeValues::Codes(ids, codes)) = (&self.own[row], &self.orders) else {
            return true;
        };
        match codes[order as usize] {
            NO_ID => false,
            code => ids.text(code) == *own,
        }
    }
}

/// Refuses no days.
pub(super) fn positive_days(option: &str, days: u32) -> Result<()> {
    match (1..=3660).contains(&days) {
        true => Ok(()),
        false => Err(Error::option(option, json!(days), "1 to 3660 days")),
    }
}
