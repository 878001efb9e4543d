//! Complaints and inquiries (問い合わせ・クレーム): how many per 100 orders, how many again, how soon answered.
//!
//! # What is read
//!
//! The rows in `complaints`: `occurred_at`, and if there are such columns `customer_id`, `order_id`, `shop` (of order ids that
//! two shops have), `answered_at` (null: not answered) and the column in `by`. With an `order_id` the customer and the value of `by` are those of the order where
//! the row has none; of an order of several lines it is the line with the greatest amount. Complaints of customers and
//! orders that the orders do not have count, too; notes say how many. Later complaints than `as_of` do not count, and an
//! answer later than `as_of` is none.
//!
//! # Definition
//!
//! ```text
//! complaints_per_100_orders   100 · complaints / orders, both from `since` to `as_of`
//! recurrence_rate             of customers whose first complaint was at least `recurrence_days` ago: another one within
//!                             that many days of it
//! median_hours                from complaint to answer; one without an answer is later than all that have one
//! in_time_rate                answered within `in_time`, of complaints whose time for it is over or that were answered
//! ```
//!
//! `since` is the day of the first complaint by default, because a log of complaints begins later than the orders. An order
//! counts for each value of `by` that its lines have. A complaint about another value of `by` is no recurrence.
//!
//! The interval of the first is Wilson's with the effective number of independent orders (`num/ratio.rs`, clustered by
//! customer); where there are more complaints than orders it is null. The others have Wilson's.

use super::complaint_log::{Complaint, Log, SCOPE, positive_days};
use super::fields::{ANSWERED, COMPLAINTS, GROUP};
use super::rows::Rows;
use crate::analysis::Analysis;
use crate::context::{Context, collect, filled, push};
use crate::data::Orders;
use crate::data::filter::{Attribute, AttributeValues, Item, Level};
use crate::data::orders::selection::{ORDER, Selection};
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::num::Fraction;
use crate::num::ratio::{Ratio, Sums};
use crate::scope::At;
use crate::table::optional::{interval_columns, rate_columns};
use crate::table::shared::{CUSTOMERS, ORDERS};
use crate::table::{Column, Field, Table, columns};
use crate::time::{Day, Duration};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Options of [`Complaints`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The complaints, a list for each column: `occurred_at`, `customer_id`, `order_id`, `shop`, `answered_at` and the column
    /// in `by`. Required. Default: none.
    pub complaints: Rows,
    /// A column of the orders or of the complaints whose values make groups. Default: none.
    pub by: Option<String>,
    /// Orders and complaints before this day do not count. Default: none, the day of the first complaint.
    pub since: Option<Day>,
    /// The time in which a complaint is to be answered. Default 1 day.
    pub in_time: Duration,
    /// Days within which another complaint is a recurrence. Default 90.
    pub recurrence_days: u32,
    /// Confidence level of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            complaints: Rows::default(),
            by: None,
            since: None,
            in_time: Duration::days(1),
            recurrence_days: 90,
            confidence: Fraction::P95,
        }
    }
}

/// The analysis `complaints`.
///
/// ```
/// use crm_core::{Context, Currency, Dataset, Orders, Zone, register};
/// let orders = Orders::builder(Currency::JPY, Zone::UTC)
///     .order("hanako", "2026-01-05", 5_000)
///     .order("hanako", "2026-03-05", 7_000)
///     .order("taro", "2026-02-01", 2_000)
///     .build()?;
/// let request = r#"{"since": "2026-01-01", "complaints": {
///     "customer_id": ["hanako"], "occurred_at": ["2026-01-09T10:00"], "answered_at": ["2026-01-09T16:00"]}}"#;
/// let table = register::run("complaints", &Dataset::Orders(&orders), request, &Context::default())?;
/// assert_eq!(table.floats("median_hours")?.next(), Some(Some(6.0)));
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Complaints;

impl Analysis for Complaints {
    const NAME: &'static str = "complaints";
    const SUMMARY: &'static str = "Complaints per 100 orders, how many customers complain again, and how soon they are answered, by group";
    const JA: &'static str = "問い合わせ・クレーム分析";
    const COLUMNS: &'static [Field] = &columns! {
        GROUP, "The value of the column `by`, null if it is not known; only with `by`.";
        COMPLAINTS;
        ORDERS, "Orders of the group; null if only complaints have the column `by`.";
        "complaints_per_100_orders": Float, "", "100注文あたりクレーム数", "100 × complaints / orders; null without orders.";
        "complaints_per_100_orders_low": Float, "", "100注文あたりクレーム数(下限)", "Lower end of its interval.";
        "complaints_per_100_orders_high": Float, "", "100注文あたりクレーム数(上限)", "Upper end of its interval.";
        CUSTOMERS, "Known customers with a complaint.";
        "recurrence_rate": Float, "share", "再クレーム率", "Share of customers with another complaint within `recurrence_days`.";
        "recurrence_rate_low": Float, "share", "再クレーム率(下限)", "Lower end of its interval.";
        "recurrence_rate_high": Float, "share", "再クレーム率(上限)", "Upper end of its interval.";
        ANSWERED;
        "median_hours": Float, "hours", "回答までの時間(中央値)", "Median hours to the answer; null if half or more have none.";
        "in_time_rate": Float, "share", "期限内回答率", "Share that was answered within `in_time`.";
        "in_time_rate_low": Float, "share", "期限内回答率(下限)", "Lower end of its interval.";
        "in_time_rate_high": Float, "share", "期限内回答率(上限)", "Upper end of its interval.";
    };
    const SCOPE: &'static [&'static str] = SCOPE;
    type Data = Orders;
    type Options = Options;

    fn check(_: &Orders, options: &Options) -> Result<()> {
        positive_days("recurrence_days", options.recurrence_days)?;
        let read = ["customer_id", "order_id", "occurred_at", "answered_at"];
        match options.by.as_deref().filter(|by| read.contains(by)) {
            Some(by) => Err(Error::option("by", json!(by), "a column of few values")),
            None => Ok(()),
        }
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let selection = Selection::new(orders, at)?;
        let mut log = Log::new(&options.complaints, options.by.as_deref(), &selection)?;
        let first = log.all.first().map(|one| one.day);
        let from = options.since.map(|day| day.0).or(first).unwrap_or(i32::MIN);
        log.all.retain(|one| one.day >= from);
        context.check()?;
        let groups = Groups::new(
            orders,
            &selection,
            &log,
            options.by.as_deref(),
            from,
            context,
        )?;
        let ends = [log.end, i64::from(at.day.0)];
        let found = groups.filled(&log.all)?;
        let found: Vec<Found> = found.iter().map(|of| of.found(options, ends)).collect();
        Ok(log.noted(table(&groups, &found, options)?))
    }
}

/// The values of `by`, and the groups of complaints and orders.
struct Groups {
    /// By group, in the order of the table; no value is the last.
    names: Vec<Option<Key>>,
    of_complaints: Vec<u32>,
    /// Group and customer of each order, [`NO_ID`] for a guest, an order once for each group.
    orders: Vec<(u32, u32)>,
    /// Whether orders have the column `by`.
    has_orders: bool,
}

impl Groups {
    fn new(
        orders: &Orders,
        selection: &Selection,
        log: &Log,
        by: Option<&str>,
        from: i32,
        context: &Context,
    ) -> Result<Groups> {
        // The column of the orders may be missing if that of the complaints is there.
        let attribute = |by: &str| match orders.attribute(by, context) {
            Err(Error::MissingColumn { .. }) if log.given.has(by) => Ok(None),
            found => found.map(Some),
        };
        let read = || by.map(attribute).transpose().map(Option::flatten);
        let of_complaints = keys_of_complaints(orders, log, by, read()?)?;
        let attribute = read()?;
        let has_orders = by.is_none() || attribute.is_some();
        let of_orders = match has_orders {
            true => keys_of_orders(selection, attribute, from)?,
            false => Vec::new(),
        };
        let mut names: BTreeSet<Option<&Key>> = of_complaints.iter().map(Option::as_ref).collect();
        names.extend(of_orders.iter().map(|(_, key)| key.as_ref()));
        let has_none = names.remove(&None) || by.is_none();
        let names: Vec<Option<Key>> = names.into_iter().map(Option::<&Key>::cloned).collect();
        let names: Vec<Option<Key>> = names.into_iter().chain(has_none.then_some(None)).collect();
        let place: BTreeMap<&Option<Key>, u32> = names.iter().zip(0..).collect();
        let customers = &selection.data().customer;
        let order = |(order, key): &(u32, Option<Key>)| (place[key], customers[*order as usize]);
        Ok(Groups {
            of_complaints: collect(of_complaints.iter().map(|key| place[key]), "complaints")?,
            orders: collect(of_orders.iter().map(order), "complaints")?,
            names,
            has_orders,
        })
    }

    /// The complaints and the orders of each group.
    fn filled(&self, complaints: &[Complaint]) -> Result<Vec<Group>> {
        let mut groups = collect(self.names.iter().map(|_| Group::default()), "complaints")?;
        for (one, group) in complaints.iter().zip(&self.of_complaints) {
            push(&mut groups[*group as usize].complaints, *one, "complaints")?;
        }
        for (group, customer) in &self.orders {
            push(&mut groups[*group as usize].orders, *customer, "complaints")?;
        }
        Ok(groups)
    }
}

/// The value of each complaint: its own, else that of its order or customer.
fn keys_of_complaints(
    orders: &Orders,
    log: &Log,
    by: Option<&str>,
    attribute: Option<Attribute>,
) -> Result<Vec<Option<Key>>> {
    let own = match by {
        Some(by) => log.given.texts(by)?,
        None => Vec::new(),
    };
    let of_orders = match attribute {
        None => None,
        Some(found) => {
            let place = |one: &Complaint| match found.level {
                Level::Customer => one.customer,
                _ => one.order,
            };
            let places = collect(log.all.iter().map(place), "complaints")?;
            Some(orders.at_orders(found, None, &places)?)
        }
    };
    let of = |(at, one): (usize, &Complaint)| {
        let own = own.get(one.row as usize).cloned().flatten().map(Key::of);
        own.or_else(|| key(of_orders.as_ref()?, at))
    };
    collect(log.all.iter().enumerate().map(of), "complaints")
}

/// Each order that counts, with each value that it has.
fn keys_of_orders(
    selection: &Selection,
    attribute: Option<Attribute>,
    from: i32,
) -> Result<Vec<(u32, Option<Key>)>> {
    let data = selection.data();
    let mut reader = data.offsets.reader();
    let mut counts = filled(data.len(), false, "complaints")?;
    for (order, counts) in counts.iter_mut().enumerate() {
        let day = reader.day(data.time[order]).0;
        let is_in = (from..=selection.as_of.0).contains(&day);
        *counts = is_in && selection.action(order) & ORDER != 0;
    }
    let mut pairs = Vec::new();
    let mut add = |order: usize, place: u32| {
        if !counts[order] {
            return Ok(());
        }
        let values = attribute.as_ref().filter(|_| place != NO_ID);
        let key = values.and_then(|of| key(&of.values, place as usize));
        push(&mut pairs, (order as u32, key), "complaints")
    };
    match (attribute.as_ref().map(|of| of.level), &data.line_order) {
        (Some(Level::Line), Some(lines)) => {
            for (line, order) in lines.iter().enumerate() {
                add(*order as usize, line as u32)?;
            }
        }
        (Some(Level::Customer), _) => {
            for order in 0..data.len() {
                add(order, data.customer[order])?;
            }
        }
        _ => {
            for order in 0..data.len() {
                add(order, order as u32)?;
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    Ok(pairs)
}

/// A value of `by`: whole numbers in their order, then texts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(i128),
    Text(String),
}

impl Key {
    fn of(text: String) -> Key {
        match text.parse::<i128>() {
            Ok(number) if number.to_string() == text => Key::Number(number),
            _ => Key::Text(text),
        }
    }

    fn text(&self) -> String {
        match self {
            Key::Number(number) => number.to_string(),
            Key::Text(text) => text.clone(),
        }
    }
}

/// A value of an attribute; `None` for null.
fn key(values: &AttributeValues, at: usize) -> Option<Key> {
    Some(Key::of(match (values, values.item(at)) {
        (_, Item::Null) => return None,
        (AttributeValues::Codes(ids, codes), _) => ids.text(codes[at]),
        (_, Item::Word(word)) => word.to_owned(),
        (_, Item::Day(day)) => day.to_string(),
        (_, Item::Bool(flag)) => flag.to_string(),
        (_, Item::Major(amount)) => amount.to_string(),
        (_, Item::Id(_)) => return None,
    }))
}

/// The complaints and orders of a group.
#[derive(Debug, Clone, Default)]
struct Group {
    complaints: Vec<Complaint>,
    /// The customer of each order.
    orders: Vec<u32>,
}

/// A row of the result.
struct Found {
    complaints: usize,
    orders: usize,
    per_100: [Option<f64>; 3],
    customers: u64,
    recurrence: Ratio,
    answered: u64,
    median_hours: Option<f64>,
    in_time: Ratio,
}

impl Group {
    /// `end` is the end of the date as an instant, and the date.
    fn found(&self, options: &Options, [end, as_of]: [i64; 2]) -> Found {
        let in_time = options.in_time.micros();
        let took = |one: &Complaint| one.answered.map(|answered| answered - one.at);
        let (mut due, mut kept) = (0, 0);
        for one in &self.complaints {
            let took = took(one);
            let is_over = end.saturating_sub(one.at) > in_time;
            due += u64::from(took.is_some() || is_over);
            kept += u64::from(took.is_some_and(|took| took <= in_time));
        }
        let mut hours: Vec<i64> = self.complaints.iter().filter_map(took).collect();
        hours.sort_unstable();
        let (customers, recurrence) = self.recurrence(options, as_of as i32);
        Found {
            complaints: self.complaints.len(),
            orders: self.orders.len(),
            per_100: self.per_100(options.confidence),
            customers,
            recurrence: Ratio::new(recurrence[0], recurrence[1], options.confidence),
            answered: hours.len() as u64,
            median_hours: median(&hours, self.complaints.len()).map(|micros| micros / 3.6e9),
            in_time: Ratio::new(kept, due, options.confidence),
        }
    }

    fn per_100(&self, level: Fraction) -> [Option<f64>; 3] {
        if self.orders.is_empty() {
            return [None; 3];
        }
        // Complaints and orders of each customer; of guests each by itself.
        let mut sums = Sums::default();
        let mut by_customer: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
        for one in &self.complaints {
            match one.customer {
                NO_ID => sums.add(1, 0),
                code => by_customer.entry(code).or_default().0 += 1,
            }
        }
        for customer in &self.orders {
            match *customer {
                NO_ID => sums.add(0, 1),
                code => by_customer.entry(code).or_default().1 += 1,
            }
        }
        for (complaints, orders) in by_customer.into_values() {
            sums.add(complaints, orders);
        }
        let value = 100.0 * self.complaints.len() as f64 / self.orders.len() as f64;
        let ratio = Ratio::from_sums(&sums, level);
        let known = self.complaints.len() <= self.orders.len();
        let end = |end: Option<f64>| end.filter(|_| known).map(|end| 100.0 * end);
        [Some(value), end(ratio.low), end(ratio.high)]
    }

    /// The customers with a complaint; those with another one, of those who were followed.
    fn recurrence(&self, options: &Options, as_of: i32) -> (u64, [u64; 2]) {
        let days = options.recurrence_days as i32;
        let mut of: BTreeMap<u32, Vec<i32>> = BTreeMap::new();
        for one in self.complaints.iter().filter(|one| one.customer != NO_ID) {
            of.entry(one.customer).or_default().push(one.day);
        }
        let (mut again, mut followed) = (0, 0);
        for all in of.values() {
            if i64::from(as_of) - i64::from(all[0]) >= i64::from(days) {
                followed += 1;
                again += u64::from(all.get(1).is_some_and(|next| next - all[0] <= days));
            }
        }
        (of.len() as u64, [again, followed])
    }
}

/// The median of `n` numbers of which the least are known and the others are greater.
fn median(known: &[i64], n: usize) -> Option<f64> {
    let at = |place: usize| known.get(place).map(|value| *value as f64);
    match n {
        0 => None,
        n if n % 2 == 1 => at(n / 2),
        n => Some(0.5 * (at(n / 2 - 1)? + at(n / 2)?)),
    }
}

fn table(groups: &Groups, found: &[Found], options: &Options) -> Result<Table> {
    let fields = Complaints::COLUMNS;
    let mut columns = Vec::new();
    if options.by.is_some() {
        let names = &groups.names;
        let text = |name: &Option<Key>| name.as_ref().map(Key::text).unwrap_or_default();
        let texts: Vec<String> = names.iter().map(text).collect();
        let valid = collect(names.iter().map(Option::is_some), "complaints")?;
        let codes = 0..texts.len() as u32;
        columns.push(Column::texts(&fields[0], &Arc::new(texts), codes)?.with_validity(valid));
    }
    let count = |field: &Field, of: &dyn Fn(&Found) -> u64| {
        Column::ints(field, found.iter().map(|f| i32::try_from(of(f)).ok()))
    };
    columns.push(count(&fields[1], &|f| f.complaints as u64)?);
    let orders = found
        .iter()
        .map(|f| i32::try_from(f.orders).ok().filter(|_| groups.has_orders));
    columns.push(Column::ints(&fields[2], orders)?);
    columns.extend(interval_columns(
        &fields[3..6],
        found.iter().map(|f| f.per_100),
    )?);
    columns.push(count(&fields[6], &|f| f.customers)?);
    let rates = |of: &dyn Fn(&Found) -> Ratio| collect(found.iter().map(of), "complaints");
    columns.extend(rate_columns(&fields[7..10], &rates(&|f| f.recurrence)?)?);
    columns.push(count(&fields[10], &|f| f.answered)?);
    let median = found.iter().map(|f| f.median_hours);
    columns.push(Column::floats(&fields[11], median)?);
    columns.extend(rate_columns(&fields[12..15], &rates(&|f| f.in_time)?)?);
    Ok(Table::new(columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_with_open_ones() {
        assert_eq!(median(&[2, 4, 9], 3), Some(4.0));
        assert_eq!(median(&[2, 4], 3), Some(4.0));
        assert_eq!(median(&[2], 3), None);
        assert_eq!(median(&[2, 4, 6], 4), Some(5.0));
        assert_eq!(median(&[2, 4], 4), None);
        assert_eq!(median(&[], 0), None);
    }
}
