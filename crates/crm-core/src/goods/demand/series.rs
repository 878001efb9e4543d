//! Series of equal periods from orders: what was sold, of whom or what, and when.

use super::words::{DemandMeasure, Split};
use super::{Options, WHAT};
use crate::context::{Context, filled, push};
use crate::data::Orders;
use crate::data::filter::{Attribute, AttributeValues, Item, Level};
use crate::data::orders::selection::{ORDER, REVENUE, Selection};
use crate::data::orders::view::rank;
use crate::error::{Error, Result};
use crate::ids::{IdRef, NO_ID};
use crate::scope::{At, Basis};
use crate::time::{Day, Period};
use serde_json::json;
use std::ops::Range;

/// The most periods that are read: ten years of days.
const LONGEST: i32 = 3_660;

/// One series.
pub(super) struct Series {
    /// What it is of; `(none)` without a value.
    pub(super) name: String,
    /// The place in the words of the split's parts.
    pub(super) part: Option<u8>,
    /// The number of its first period.
    pub(super) first: i32,
    /// What was sold, by period.
    pub(super) y: Vec<f64>,
}

/// All series, which end with the same period, and what was left out.
pub(super) struct Sales {
    /// In ascending order of what they are of, `(none)` last.
    pub(super) series: Vec<Series>,
    /// Numbers of the complete periods.
    pub(super) periods: Range<i32>,
    /// Whether the period of `as_of` is not over, and the first one began before the first order.
    pub(super) incomplete: [bool; 2],
}

/// The civil day on which a period begins.
pub(super) fn first_day(number: i32, period: Period) -> Day {
    match period {
        Period::Day => Day(number),
        _ => Day(0).plus(number - Day(0).number(period), period),
    }
}

/// An amount sold: series, part, period.
type Sold = ((u32, u8, i32), i64);

/// What is read of each order.
struct OfOrders {
    /// The number of the period; `i32::MIN` for orders that do not count.
    period: Vec<i32>,
    /// 0: new, 1: repeat; 0 without a split.
    part: Vec<u8>,
}

impl Sales {
    pub(super) fn new(
        orders: &Orders,
        at: &At,
        options: &Options,
        context: &Context,
    ) -> Result<Self> {
        let selection = Selection::new(orders, at)?;
        let period = options.frequency.period();
        let attribute = match options.per.as_str() {
            "shop" => None,
            name => Some(orders.attribute(name, context)?),
        };
        let (of_orders, first) = of_orders(orders, &selection, options, context)?;
        let Some(first) = first else {
            return Ok(Sales {
                series: Vec::new(),
                periods: 0..0,
                incomplete: [false; 2],
            });
        };
        let next = Day(at.day.0.saturating_add(1));
        let complete = |day: Day| day.start_of(period) == day;
        let incomplete = [!complete(next), !complete(first)];
        let end = at.day.number(period) + i32::from(!incomplete[0]);
        let start = first.number(period) + i32::from(incomplete[1]);
        let periods = start.max(end.saturating_sub(LONGEST))..end.max(start);
        let ranks = match &attribute {
            Some(attribute) => Some(ranks(attribute)?),
            None => None,
        };
        let of_line = attribute.as_ref().is_some_and(|a| a.level == Level::Line);
        let group = Group {
            attribute: attribute.as_ref(),
            places: places(ranks.as_deref().unwrap_or_default())?,
            ranks: ranks.as_deref(),
            customers: &selection.data().customer,
        };
        let mut sold = match (options.measure, of_line) {
            (DemandMeasure::Quantity, _) => {
                quantities(orders, &selection, &of_orders, &group, context)?
            }
            (_, true) if at.basis != Basis::Net => {
                let expected = "net: amounts of lines are known on no other basis";
                return Err(Error::option("basis", json!(at.basis), expected));
            }
            (measure, true) => of_lines(&selection, &of_orders, &group, measure, context)?,
            (measure, false) => of_whole_orders(&selection, &of_orders, &group, measure)?,
        };
        sold.sort_unstable();
        let scale = match options.measure {
            DemandMeasure::Revenue => orders.currency().scale() as f64,
            _ => 1.0,
        };
        let mut series = Vec::new();
        for of_series in sold.chunk_by(|a, b| (a.0.0, a.0.1) == (b.0.0, b.0.1)) {
            let ((key, part, _), _) = of_series[0];
            let name = group.name(key)?;
            let part = (options.split == Split::NewRepeat).then_some(part);
            if let Some(one) = one_series(
                of_series,
                (name, part),
                &periods,
                scale,
                attribute.is_none(),
            )? {
                push(&mut series, one, WHAT)?;
            }
        }
        Ok(Sales {
            series,
            periods,
            incomplete,
        })
    }
}

/// The series of what was sold, from its first demand on (of the shop: from the shop's first period on). None if all of it is in
/// incomplete periods.
fn one_series(
    sold: &[Sold],
    (name, part): (String, Option<u8>),
    periods: &Range<i32>,
    scale: f64,
    is_shop: bool,
) -> Result<Option<Series>> {
    let first = match is_shop {
        true => periods.start,
        false => sold[0].0.2.max(periods.start),
    };
    if first >= periods.end {
        return Ok(None);
    }
    let mut y = filled(first.abs_diff(periods.end) as usize, 0.0, WHAT)?;
    for of_period in sold.chunk_by(|a, b| a.0.2 == b.0.2) {
        let sum: i128 = of_period.iter().map(|one| i128::from(one.1)).sum();
        let place = usize::try_from(of_period[0].0.2 - first).ok();
        if let Some(y) = place.and_then(|place| y.get_mut(place)) {
            *y = sum as f64 / scale;
        }
    }
    Ok(Some(Series {
        name,
        part,
        first,
        y,
    }))
}

/// Periods and parts of the orders that count, and the first day of them.
fn of_orders(
    orders: &Orders,
    selection: &Selection,
    options: &Options,
    context: &Context,
) -> Result<(OfOrders, Option<Day>)> {
    let data = selection.data();
    let firsts = match options.split {
        Split::NewRepeat => Some(orders.first_orders(context)?),
        Split::None => None,
    };
    let mut found = OfOrders {
        period: filled(data.len(), i32::MIN, WHAT)?,
        part: filled(data.len(), 0, WHAT)?,
    };
    let unit = options.frequency.period();
    let mut reader = data.offsets.reader();
    let mut first: Option<Day> = None;
    // The number of a period is looked up once a day.
    let mut known = (Day(i32::MIN), 0);
    for order in 0..data.len() {
        if order % Context::BLOCK == 0 {
            context.check()?;
        }
        if selection.action(order) & (ORDER | REVENUE) == 0 {
            continue;
        }
        let day = reader.day(data.time[order]);
        if day > selection.as_of {
            continue;
        }
        if known.0 != day {
            known = (day, day.number(unit));
        }
        found.period[order] = known.1;
        first = Some(first.map_or(day, |first| first.min(day)));
        if let (Some(firsts), code) = (&firsts, data.customer[order])
            && code != NO_ID
            && firsts[code as usize] != order as u32
        {
            found.part[order] = 1;
        }
    }
    Ok((found, first))
}

/// What an order or a line is of.
struct Group<'a> {
    attribute: Option<&'a Attribute>,
    ranks: Option<&'a [u32]>,
    /// A place with each rank.
    places: Vec<u32>,
    customers: &'a [u32],
}

/// A place with each rank.
fn places(ranks: &[u32]) -> Result<Vec<u32>> {
    let present = ranks.iter().filter(|rank| **rank != NO_ID);
    let most = present.max().map_or(0, |rank| *rank as usize + 1);
    let mut places = filled(most, NO_ID, WHAT)?;
    for (place, rank) in ranks.iter().enumerate() {
        if let Some(of_rank) = places.get_mut(*rank as usize) {
            *of_rank = place as u32;
        }
    }
    Ok(places)
}

impl Group<'_> {
    /// The rank of the value of a line of an order.
    fn of(&self, order: usize, line: usize) -> u32 {
        let (Some(attribute), Some(ranks)) = (self.attribute, self.ranks) else {
            return 0;
        };
        let place = match attribute.level {
            Level::Line => line,
            Level::Order => order,
            Level::Customer => match self.customers[order] {
                NO_ID => return NO_ID,
                code => code as usize,
            },
        };
        ranks[place]
    }

    /// The value of a rank as text.
    fn name(&self, rank: u32) -> Result<String> {
        let Some(attribute) = self.attribute else {
            return Ok("shop".to_owned());
        };
        let place = self.places.get(rank as usize);
        Ok(match place.map(|at| attribute.values.item(*at as usize)) {
            None | Some(Item::Null) => "(none)".to_owned(),
            Some(Item::Id(IdRef::Text(text))) => text.into_owned(),
            Some(Item::Id(IdRef::Int(value))) => value.to_string(),
            Some(Item::Id(IdRef::Unsigned(value))) => value.to_string(),
            Some(Item::Id(IdRef::Bytes(bytes))) => {
                let hex = bytes.iter().map(|byte| format!("{byte:02x}"));
                hex.collect()
            }
            Some(Item::Word(word)) => word.to_owned(),
            Some(Item::Day(day)) => day.to_string(),
            Some(Item::Bool(value)) => value.to_string(),
            Some(Item::Major(value)) => value.to_string(),
        })
    }
}

fn ranks(attribute: &Attribute) -> Result<Vec<u32>> {
    if let AttributeValues::Amounts(..) = attribute.values {
        let expected = "shop, product, category or another column of few values, not amounts";
        return Err(Error::option("per", "", expected));
    }
    rank(&attribute.values)
}

/// Orders or revenue of whole orders.
fn of_whole_orders(
    selection: &Selection,
    of_orders: &OfOrders,
    group: &Group,
    measure: DemandMeasure,
) -> Result<Vec<Sold>> {
    let mut sold = Vec::new();
    for (order, period) in of_orders.period.iter().enumerate() {
        let action = selection.action(order);
        let value = match measure {
            _ if *period == i32::MIN => continue,
            DemandMeasure::Orders if action & ORDER != 0 => 1,
            DemandMeasure::Revenue if action & REVENUE != 0 => selection.amount(order),
            _ => continue,
        };
        let key = (group.of(order, order), of_orders.part[order], *period);
        push(&mut sold, (key, value), WHAT)?;
    }
    Ok(sold)
}

/// The order of each line, one after the other.
fn lines<'a>(selection: &'a Selection) -> (impl Fn(usize) -> usize + 'a, usize) {
    let data = selection.data();
    let of = data.line_order.as_deref();
    let n = of.map_or(data.len(), <[u32]>::len);
    (move |line| of.map_or(line, |of| of[line] as usize), n)
}

/// Orders with a line of each value, or revenue of such lines.
fn of_lines(
    selection: &Selection,
    of_orders: &OfOrders,
    group: &Group,
    measure: DemandMeasure,
    context: &Context,
) -> Result<Vec<Sold>> {
    let amounts = &selection.data().rows.amount;
    let (order_of, n) = lines(selection);
    let mut sold = Vec::new();
    let mut with_line: Vec<(u32, u32)> = Vec::new();
    for line in 0..n {
        if line.is_multiple_of(Context::BLOCK) {
            context.check()?;
        }
        let order = order_of(line);
        let (period, action) = (of_orders.period[order], selection.action(order));
        if period == i32::MIN {
            continue;
        }
        let key = group.of(order, line);
        if measure == DemandMeasure::Revenue && action & REVENUE != 0 {
            push(
                &mut sold,
                ((key, of_orders.part[order], period), amounts[line]),
                WHAT,
            )?;
        } else if measure == DemandMeasure::Orders && action & ORDER != 0 && amounts[line] > 0 {
            push(&mut with_line, (key, order as u32), WHAT)?;
        }
    }
    with_line.sort_unstable();
    with_line.dedup();
    for (key, order) in with_line {
        let order = order as usize;
        push(
            &mut sold,
            ((key, of_orders.part[order], of_orders.period[order]), 1),
            WHAT,
        )?;
    }
    Ok(sold)
}

/// Units of lines.
fn quantities(
    orders: &Orders,
    selection: &Selection,
    of_orders: &OfOrders,
    group: &Group,
    context: &Context,
) -> Result<Vec<Sold>> {
    let name = orders.spec().quantity.as_deref().unwrap_or("quantity");
    let quantity = orders
        .attribute(name, context)
        .map_err(|_| Error::OptionNeedsColumn {
            option: "measure".into(),
            value: "quantity".into(),
            column: name.into(),
        })?;
    let AttributeValues::Codes(ids, codes) = &quantity.values else {
        return Err(not_whole());
    };
    let mut units = filled(ids.len(), 0, WHAT)?;
    for (code, units) in units.iter_mut().enumerate() {
        *units = match ids.at(code as u32) {
            IdRef::Int(value) => value,
            IdRef::Unsigned(value) => i64::try_from(value).map_err(|_| not_whole())?,
            _ => return Err(not_whole()),
        };
    }
    let (order_of, n) = lines(selection);
    let mut sold = Vec::new();
    for line in 0..n {
        let order = order_of(line);
        let period = of_orders.period[order];
        let place = if quantity.level == Level::Line {
            line
        } else {
            order
        };
        let code = codes[place];
        if period == i32::MIN || selection.action(order) & ORDER == 0 || code == NO_ID {
            continue;
        }
        let key = (group.of(order, line), of_orders.part[order], period);
        push(&mut sold, (key, units[code as usize]), WHAT)?;
    }
    Ok(sold)
}

fn not_whole() -> Error {
    let expected = "orders whose column `quantity` has whole numbers";
    Error::option("measure", "\"quantity\"", expected)
}
