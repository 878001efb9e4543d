//! The columns by which orders and customers can be filtered and broken down, and conditions on
//! them.
//!
//! | name                                  | of       | is                                         |
//! |---------------------------------------|----------|--------------------------------------------|
//! | `customer_id`, `order_id`             | order    | the id                                     |
//! | `ordered_at` | order | the civil date |
//! | `amount` | order | the net amount, major units |
//! | `status`, `kind`                      | order    | the word                                   |
//! | `channel`, `shop`, `product`, `category`, dimensions | order or line | the value                  |
//! | `first_<any of the above>` | customer | the value at the customer's first order in view that
//! counts |
//! | `first_week`, `first_month`, `first_quarter` | customer | the first day of that period        |
//! | `registered_at`, `opted_out`, dimensions of the customers table | customer | the value       |
//!
//! `where` comes first: a `first_` column in `by`, in `customers` or in a view of a view refers to
//! the first order that `where` has kept, as the numbers of the result do. Within one `where` all
//! conditions refer to the orders before it.
//!
//! Columns are named by their role (`channel`) or by their name in the input. If lines of one order
//! differ in a column, the column belongs to lines: a filter on it keeps the matching lines, and an
//! order without a matching line is removed. The `first_` value of such a column is the value of
//! the line with the greatest amount in the first order.

use super::ids::{IdKind, IdRef, Ids, NO_ID};
use super::orders::{Orders, unpack};
use super::read::NO_WORD;
use super::rows::Rows;
use super::select::{ORDER, actions};
use super::{Buf, KindWord, StatusWord};
use crate::context::{collect, filled};
use crate::scope::{Condition, Filter, RangeCondition};
use crate::table::{Label, Values};
use crate::time::Period;
use crate::{Context, Day, Error, Result};
use serde_json::Value;
use std::cmp::Ordering;
use std::sync::Arc;

/// A column to filter and break down by.
pub(crate) struct Attribute {
    pub(crate) level: Level,
    pub(crate) values: AttributeValues,
}

/// Whether lines, orders or customers have the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Line,
    Order,
    Customer,
}

/// Values by line, order or customer code.
pub(crate) enum AttributeValues {
    /// Codes of a dictionary; [`NO_ID`] is null.
    Codes(Arc<Ids>, Buf<u32>),
    /// Words of a closed list; [`NO_WORD`] is null.
    Words(&'static [Label], Vec<u8>),
    /// Civil days; [`i32::MIN`] is null.
    Days(Vec<i32>),
    /// Truth values.
    Bools(Vec<bool>),
    /// Amounts in minor units and their scale.
    Amounts(Vec<i64>, i64),
}

/// One value of an attribute.
pub(crate) enum Item<'a> {
    Null,
    Id(IdRef<'a>),
    Word(&'a str),
    Day(Day),
    Bool(bool),
    Major(f64),
}

impl AttributeValues {
    pub(crate) fn item(&self, i: usize) -> Item<'_> {
        match self {
            AttributeValues::Codes(ids, codes) => match codes[i] {
                NO_ID => Item::Null,
                code => Item::Id(ids.at(code)),
            },
            AttributeValues::Words(labels, codes) => match labels.get(usize::from(codes[i])) {
                Some(label) => Item::Word(label.code),
                None => Item::Null,
            },
            AttributeValues::Days(days) => match days[i] {
                i32::MIN => Item::Null,
                day => Item::Day(Day(day)),
            },
            AttributeValues::Bools(values) => Item::Bool(values[i]),
            AttributeValues::Amounts(values, scale) => {
                Item::Major(crate::money::divide(values[i].into(), *scale as u64))
            }
        }
    }

    /// The values at these indices as cells of a table, and their validity.
    pub(crate) fn cells(&self, places: &[usize]) -> Result<(Values, Vec<bool>)> {
        let what = "table column";
        let present = |places: &[usize], test: &dyn Fn(usize) -> bool| {
            collect(places.iter().map(|at| test(*at)), what)
        };
        let all = filled(places.len(), true, what)?;
        Ok(match self {
            AttributeValues::Codes(ids, codes) => {
                let or_zero = |at: &usize| Some(codes[*at]).filter(|c| *c != NO_ID).unwrap_or(0);
                let ids = ids.clone();
                let cells = collect(places.iter().map(or_zero), what)?;
                let valid = present(places, &|at| codes[at] != NO_ID)?;
                (Values::Id { ids, codes: cells }, valid)
            }
            AttributeValues::Words(labels, codes) => {
                let codes = collect(places.iter().map(|at| codes[*at]), what)?;
                (Values::Category { codes, labels }, all)
            }
            AttributeValues::Days(days) => {
                let or_zero = |at: &usize| Some(days[*at]).filter(|d| *d != i32::MIN).unwrap_or(0);
                let cells = collect(places.iter().map(or_zero), what)?;
                let valid = present(places, &|at| days[at] != i32::MIN)?;
                (Values::Date(cells), valid)
            }
            AttributeValues::Bools(flags) => {
                let cells = collect(places.iter().map(|at| flags[*at]), what)?;
                (Values::Bool(cells), all)
            }
            AttributeValues::Amounts(..) => {
                return Err(Error::option(
                    "by",
                    "",
                    "a column of few values, not amounts",
                ));
            }
        })
    }

    /// Which of the values meet a condition.
    pub(crate) fn test(&self, name: &str, condition: &Condition) -> Result<Vec<bool>> {
        let n = match self {
            AttributeValues::Codes(_, codes) => codes.len(),
            AttributeValues::Words(_, codes) => codes.len(),
            AttributeValues::Days(days) => days.len(),
            AttributeValues::Bools(values) => values.len(),
            AttributeValues::Amounts(values, _) => values.len(),
        };
        match self {
            // Once per distinct value.
            AttributeValues::Codes(ids, codes) => {
                if let Condition::Range(range) = condition {
                    one_reading(name, ids, range)?;
                }
                let null = matches(name, condition, &Item::Null)?;
                let mut pass = filled(ids.len(), false, "filter")?;
                if let Some(found) = exact(ids, condition)? {
                    for code in found {
                        pass[code as usize] = true;
                    }
                } else {
                    for (code, pass) in pass.iter_mut().enumerate() {
                        *pass = matches(name, condition, &Item::Id(ids.at(code as u32)))?;
                    }
                }
                collect(
                    codes
                        .iter()
                        .map(|c| if *c == NO_ID { null } else { pass[*c as usize] }),
                    "filter",
                )
            }
            _ => {
                if let AttributeValues::Words(labels, _) = self {
                    known_words(name, condition, labels)?;
                }
                let mut pass = filled(n, false, "filter")?;
                for (i, pass) in pass.iter_mut().enumerate() {
                    *pass = matches(name, condition, &self.item(i))?;
                }
                Ok(pass)
            }
        }
    }
}

/// The codes of the values in a list, found by search instead of a scan of the dictionary.
fn exact(ids: &Ids, condition: &Condition) -> Result<Option<Vec<u32>>> {
    let values = match condition {
        Condition::Is(value) => std::slice::from_ref(value),
        Condition::In(values) => values,
        Condition::Range(_) => return Ok(None),
    };
    let fits = |value: &Value| match ids.kind() {
        IdKind::Int(_) | IdKind::Unsigned(_) => value.is_i64() || value.is_u64() || value.is_null(),
        _ => value.is_string() || value.is_null(),
    };
    if !values.iter().all(fits) {
        return Ok(None);
    }
    let mut codes = Vec::new();
    for value in values {
        if let Some(code) = ids.find(value)? {
            crate::context::push(&mut codes, code, "filter")?;
        }
    }
    Ok(Some(codes))
}

/// Refuses a word that is not in the closed list of a column, because no row can have it.
fn known_words(name: &str, condition: &Condition, labels: &[Label]) -> Result<()> {
    let values = match condition {
        Condition::Is(value) => std::slice::from_ref(value),
        Condition::In(values) => values,
        Condition::Range(_) => return Ok(()),
    };
    let known = |word: &str| labels.iter().any(|label| label.code == word);
    match values.iter().filter_map(Value::as_str).find(|w| !known(w)) {
        Some(word) => {
            let codes: Vec<String> = labels.iter().map(|l| format!("`{}`", l.code)).collect();
            let expected = format!("one of {}", codes.join(", "));
            Err(Error::option(
                format!("where.{name}"),
                Value::from(word),
                expected,
            ))
        }
        None => Ok(()),
    }
}

/// Refuses a range of numbers on a column of texts if the order of bytes and the order of numbers
/// give different rows.
fn one_reading(name: &str, ids: &Ids, range: &RangeCondition) -> Result<()> {
    let read = |text: &str| text.parse::<f64>().ok().filter(|v| v.is_finite());
    let ends = [&range.from, &range.to].map(|end| end.as_ref().and_then(Value::as_str));
    let numbers = ends.map(|end| end.and_then(read));
    let plain = ends
        .iter()
        .zip(&numbers)
        .all(|(end, number)| end.is_some() == number.is_some());
    if ids.kind() != IdKind::Text || !plain || numbers == [None, None] {
        return Ok(());
    }
    for code in 0..ids.len() as u32 {
        let IdRef::Text(text) = ids.at(code) else {
            continue;
        };
        let Some(value) = read(&text) else { continue };
        let by_bytes = ends[0].is_none_or(|from| text.as_bytes() >= from.as_bytes())
            && ends[1].is_none_or(|to| text.as_bytes() <= to.as_bytes());
        let by_value =
            numbers[0].is_none_or(|from| value >= from) && numbers[1].is_none_or(|to| value <= to);
        if by_bytes != by_value {
            return Err(Error::option(
                format!("where.{name}"),
                "",
                "a list of values, or a column of numbers: the column holds texts, and between these ends \
                 its texts (\"10\" comes before \"9\") and its numbers (9 comes before 10) are not the same",
            ));
        }
    }
    Ok(())
}

fn matches(name: &str, condition: &Condition, item: &Item) -> Result<bool> {
    let equal = |value: &Value| Ok(compare(name, item, value)? == Some(Ordering::Equal));
    match condition {
        Condition::Is(value) => equal(value),
        Condition::In(values) => {
            for value in values {
                if equal(value)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Condition::Range(range) => {
            let from = match &range.from {
                Some(from) => compare(name, item, from)?.is_some_and(Ordering::is_ge),
                None => !matches!(item, Item::Null),
            };
            let to = match &range.to {
                Some(to) => compare(name, item, to)?.is_some_and(Ordering::is_le),
                None => true,
            };
            Ok(from && to)
        }
    }
}

/// Compares a value with a value given as JSON; `None` if exactly one of them is null.
fn compare(name: &str, item: &Item, value: &Value) -> Result<Option<Ordering>> {
    // The given value may be a customer's data, so the message has only its type.
    let wrong = |expected: &'static str| {
        let name = format!("where.{name}");
        Err(Error::option(name, kind_of(value), expected))
    };
    if value.is_null() {
        return Ok(matches!(item, Item::Null).then_some(Ordering::Equal));
    }
    Ok(match item {
        Item::Null => None,
        Item::Id(IdRef::Int(v)) => match number(value) {
            Some(given) => Some(given.compared(i128::from(*v))),
            None => return wrong("a number, as in the column"),
        },
        Item::Id(IdRef::Unsigned(v)) => match number(value) {
            Some(given) => Some(given.compared(i128::from(*v))),
            None => return wrong("a number, as in the column"),
        },
        Item::Id(IdRef::Text(text)) => match value.as_str() {
            Some(given) => Some(text.as_bytes().cmp(given.as_bytes())),
            None => return wrong("a text, as in the column"),
        },
        Item::Id(IdRef::Bytes(_)) => return wrong("the text of a 16-byte UUID"),
        Item::Word(word) => match value.as_str() {
            Some(given) => Some((*word).cmp(given)),
            None => return wrong("a word"),
        },
        Item::Day(day) => match value.as_str().and_then(|s| s.parse::<Day>().ok()) {
            Some(given) => Some(day.cmp(&given)),
            None => return wrong("a date such as \"2026-11-21\""),
        },
        Item::Bool(truth) => match value.as_bool() {
            Some(given) => Some(truth.cmp(&given)),
            None => return wrong("true or false"),
        },
        Item::Major(amount) => match value.as_f64() {
            Some(given) => amount.partial_cmp(&given),
            None => return wrong("an amount in major units"),
        },
    })
}

/// A number in a condition: whole numbers exactly, others as floats.
enum Number {
    Whole(i128),
    Float(f64),
}

fn number(value: &Value) -> Option<Number> {
    let whole = value.as_i64().map(i128::from);
    let whole = whole.or_else(|| value.as_u64().map(i128::from));
    match whole {
        Some(whole) => Some(Number::Whole(whole)),
        None => value.as_f64().map(Number::Float),
    }
}

impl Number {
    /// Compares the id `v` with this number. Ids have up to 64 bits, more than a float represents
    /// exactly.
    fn compared(&self, v: i128) -> Ordering {
        match self {
            Number::Whole(given) => v.cmp(given),
            // The cast clamps numbers beyond i128, which is outside the range of ids.
            Number::Float(given) => {
                let floor = libm::floor(*given);
                let by_whole = v.cmp(&(floor as i128));
                by_whole.then(match *given > floor {
                    true => Ordering::Less,
                    false => Ordering::Equal,
                })
            }
        }
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl Orders {
    /// The names of columns for filters and breakdowns.
    pub(crate) fn attribute_names(&self) -> Vec<String> {
        let mut names: Vec<String> = ["customer_id", "ordered_at", "amount", "status", "kind"]
            .map(str::to_owned)
            .to_vec();
        if self.spec.order_id.is_some() {
            names.push("order_id".into());
        }
        for (role, column) in self.roles() {
            if column.is_some() {
                names.push(role.into());
            }
        }
        names.extend(self.spec.dimensions.iter().cloned());
        let first: Vec<String> = names[2..].iter().map(|n| format!("first_{n}")).collect();
        names.extend(first);
        names.extend(["first_week", "first_month", "first_quarter"].map(str::to_owned));
        if let Some(customers) = &self.customers {
            names.extend(
                customers
                    .registered
                    .as_ref()
                    .map(|_| "registered_at".to_owned()),
            );
            names.extend(customers.opted_out.as_ref().map(|_| "opted_out".to_owned()));
            names.extend(customers.dims.iter().map(|d| d.name.clone()));
        }
        names
    }

    fn roles(&self) -> [(&'static str, &Option<String>); 4] {
        [
            ("channel", &self.spec.channel),
            ("shop", &self.spec.shop),
            ("product", &self.spec.product),
            ("category", &self.spec.category),
        ]
    }

    /// The column of a name.
    pub(crate) fn attribute(&self, name: &str, context: &Context) -> Result<Attribute> {
        if let Some(found) = self.own_attribute(name)? {
            return Ok(found);
        }
        if let Some(found) = self.customer_attribute(name)? {
            return Ok(found);
        }
        if let Some(of) = name.strip_prefix("first_") {
            let period = match of {
                "week" => Some(Period::Week),
                "month" => Some(Period::Month),
                "quarter" => Some(Period::Quarter),
                _ => None,
            };
            let own = match period {
                Some(_) => self.own_attribute("ordered_at")?,
                None => self.own_attribute(of)?,
            };
            if let Some(own) = own {
                return self.first(own, period, context);
            }
        }
        let available = self.attribute_names();
        Err(Error::MissingColumn {
            column: name.to_owned(),
            meant: crate::nearest(name, &available).map(str::to_owned),
            available,
        })
    }

    /// A column of orders or lines.
    fn own_attribute(&self, name: &str) -> Result<Option<Attribute>> {
        let data = &self.data;
        let n = data.len();
        let order = |values| {
            Ok(Some(Attribute {
                level: Level::Order,
                values,
            }))
        };
        let spec = &self.spec;
        if name == "customer_id" || name == spec.customer_id {
            return order(AttributeValues::Codes(
                self.ids().clone(),
                data.customer.clone(),
            ));
        }
        if name == "ordered_at" || name == spec.ordered_at {
            return order(AttributeValues::Days(super::orders::days(
                &data.time,
                &data.offsets,
            )?));
        }
        if name == "amount" || name == spec.amount {
            let amounts = collect(data.net.iter().copied(), "filter")?;
            return order(AttributeValues::Amounts(amounts, self.currency().scale()));
        }
        if name == "status" || Some(name) == spec.status.as_deref() {
            let words = (0..n).map(|i| unpack(data.state(i)).0 as u8);
            return order(AttributeValues::Words(
                StatusWord::LABELS,
                collect(words, "filter")?,
            ));
        }
        if name == "kind" || Some(name) == spec.kind.as_deref() {
            let words = (0..n).map(|i| unpack(data.state(i)).1 as u8);
            return order(AttributeValues::Words(
                KindWord::LABELS,
                collect(words, "filter")?,
            ));
        }
        if (name == "order_id" || Some(name) == spec.order_id.as_deref())
            && let Some(dim) = &data.order_id
            && let Some(codes) = &dim.codes
        {
            return order(AttributeValues::Codes(dim.ids.clone(), codes.clone()));
        }
        let role = self.roles().into_iter().find(|(role, _)| *role == name);
        let column = role
            .and_then(|(_, column)| column.as_deref())
            .unwrap_or(name);
        let Some(at) = data.dims.iter().position(|d| d.name == column) else {
            return Ok(None);
        };
        let ids = data.dims[at].ids.clone();
        Ok(Some(match &data.dims[at].codes {
            Some(codes) => Attribute {
                level: Level::Order,
                values: AttributeValues::Codes(ids, codes.clone()),
            },
            None if data.line_order.is_none() => {
                let expected = format!(
                    "`order_date` where `where`, `by` or another option names `{name}`, in which lines of \
                     one order differ: a refund at its own date has no lines. A view chooses lines before"
                );
                return Err(Error::option("refunds", "\"refund_date\"", expected));
            }
            None => Attribute {
                level: Level::Line,
                values: AttributeValues::Codes(ids, data.rows.dims[at].codes.clone()),
            },
        }))
    }

    /// A column of the customers table, by customer code.
    fn customer_attribute(&self, name: &str) -> Result<Option<Attribute>> {
        let (Some(table), Some(rows)) = (&self.customers, &self.customer_rows) else {
            return Ok(None);
        };
        let by_code = |values| {
            Ok(Some(Attribute {
                level: Level::Customer,
                values,
            }))
        };
        let known = |row: &u32| (*row != NO_ID).then_some(*row as usize);
        if (name == "registered_at" || Some(name) == table.spec.registered_at.as_deref())
            && let Some(days) = &table.registered
        {
            let days = rows.iter().map(|r| known(r).map_or(i32::MIN, |r| days[r]));
            return by_code(AttributeValues::Days(collect(days, "filter")?));
        }
        if (name == "opted_out" || Some(name) == table.spec.opted_out.as_deref())
            && let Some(flags) = &table.opted_out
        {
            let flags = rows.iter().map(|r| known(r).is_some_and(|r| flags[r]));
            return by_code(AttributeValues::Bools(collect(flags, "filter")?));
        }
        let Some(dim) = table.dims.iter().find(|d| d.name == name) else {
            return Ok(None);
        };
        let codes = rows
            .iter()
            .map(|r| known(r).map_or(NO_ID, |r| dim.codes[r]));
        let codes = collect(codes, "filter")?;
        by_code(AttributeValues::Codes(dim.ids.clone(), codes.into()))
    }

    /// The first order of each customer, by code, among orders that count under the policy and are
    /// in the view.
    pub(crate) fn first_orders(&self, context: &Context) -> Result<Vec<u32>> {
        let index = self.index(context)?;
        let actions = actions(&self.view.policy);
        let counts = |order: u32| {
            let order = order as usize;
            self.lets_through(order) && actions[usize::from(self.data.state(order))] & ORDER != 0
        };
        let first = (0..self.ids().len() as u32).map(|code| {
            let entries = index.of(code).iter();
            entries
                .map(|e| e.order)
                .find(|order| counts(*order))
                .unwrap_or(NO_ID)
        });
        collect(first, "first orders")
    }

    /// An attribute of each customer's first order.
    fn first(&self, of: Attribute, period: Option<Period>, context: &Context) -> Result<Attribute> {
        let first = self.first_orders(context)?;
        Ok(Attribute {
            level: Level::Customer,
            values: self.at_orders(of, period, &first)?,
        })
    }

    /// An attribute of orders or lines at each of these orders, null for [`NO_ID`]; if lines
    /// differ, the value of the line with the greatest amount. An attribute of customers at each of
    /// these codes.
    pub(crate) fn at_orders(
        &self,
        of: Attribute,
        period: Option<Period>,
        orders: &[u32],
    ) -> Result<AttributeValues> {
        let lines = match of.level {
            Level::Line => Some(self.main_lines(orders)?),
            _ => None,
        };
        let items = lines.as_deref().unwrap_or(orders);
        let at = |item: &u32| (*item != NO_ID).then_some(*item as usize);
        Ok(match of.values {
            AttributeValues::Codes(ids, codes) => {
                let codes = items.iter().map(|f| at(f).map_or(NO_ID, |i| codes[i]));
                AttributeValues::Codes(ids, collect(codes, "filter")?.into())
            }
            AttributeValues::Words(labels, codes) => {
                let codes = items.iter().map(|f| at(f).map_or(NO_WORD, |i| codes[i]));
                AttributeValues::Words(labels, collect(codes, "filter")?)
            }
            AttributeValues::Days(days) => {
                let start = |day: i32| match period {
                    Some(period) if day != i32::MIN => Day(day).start_of(period).0,
                    _ => day,
                };
                let days = items
                    .iter()
                    .map(|f| at(f).map_or(i32::MIN, |i| start(days[i])));
                AttributeValues::Days(collect(days, "filter")?)
            }
            AttributeValues::Bools(values) => {
                let values = items.iter().map(|f| at(f).is_some_and(|i| values[i]));
                AttributeValues::Bools(collect(values, "filter")?)
            }
            AttributeValues::Amounts(values, scale) => {
                let values = items.iter().map(|f| at(f).map_or(0, |i| values[i]));
                AttributeValues::Amounts(collect(values, "filter")?, scale)
            }
        })
    }

    /// Which orders meet a filter. An order with lines meets it if one line meets every condition
    /// on lines. Unlike a view, this does not change the orders.
    pub(crate) fn matching(&self, filter: &Filter, context: &Context) -> Result<Vec<bool>> {
        let data = &self.data;
        let mut orders = filled(data.len(), true, "filter")?;
        let mut lines: Option<Vec<bool>> = None;
        for (name, condition) in &filter.0 {
            let attribute = self.attribute(name, context)?;
            let pass = attribute.values.test(name, condition)?;
            match (attribute.level, &mut lines) {
                (Level::Order, _) => orders.iter_mut().zip(pass).for_each(|(o, p)| *o &= p),
                (Level::Customer, _) => {
                    for (order, code) in orders.iter_mut().zip(data.customer.iter()) {
                        *order &= *code != NO_ID && pass[*code as usize];
                    }
                }
                (Level::Line, Some(lines)) => {
                    lines.iter_mut().zip(pass).for_each(|(l, p)| *l &= p);
                }
                (Level::Line, none) => *none = Some(pass),
            }
        }
        if let (Some(lines), Some(line_order)) = (lines, &data.line_order) {
            let mut any = filled(data.len(), false, "filter")?;
            for (order, line) in line_order.iter().zip(lines) {
                any[*order as usize] |= line;
            }
            orders.iter_mut().zip(any).for_each(|(o, a)| *o &= a);
        }
        Ok(orders)
    }

    /// The line with the greatest amount in each of these orders. Ties are decided by the values of
    /// the dimensions, so the order of lines does not matter.
    fn main_lines(&self, orders: &[u32]) -> Result<Vec<u32>> {
        let Some(line_order) = &self.data.line_order else {
            return Err(Error::internal("lines without orders"));
        };
        let rows: &Rows = &self.data.rows;
        let mut main = filled(self.data.len(), NO_ID, "first orders")?;
        for (row, order) in line_order.iter().enumerate() {
            let best = &mut main[*order as usize];
            if *best == NO_ID || self.compare_lines(rows, row, *best as usize).is_gt() {
                *best = row as u32;
            }
        }
        let lines = orders.iter().map(|o| {
            if *o == NO_ID {
                NO_ID
            } else {
                main[*o as usize]
            }
        });
        collect(lines, "first orders")
    }

    fn compare_lines(&self, rows: &Rows, a: usize, b: usize) -> Ordering {
        let mut by = rows.amount[a].cmp(&rows.amount[b]);
        for dim in &rows.dims {
            by = by.then_with(|| match (dim.codes[a], dim.codes[b]) {
                (x, y) if x == y => Ordering::Equal,
                (NO_ID, _) => Ordering::Less,
                (_, NO_ID) => Ordering::Greater,
                (x, y) => dim.ids.cmp(y, x),
            });
        }
        by
    }
}
