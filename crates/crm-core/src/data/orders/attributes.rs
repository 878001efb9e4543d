//! The columns by which orders and customers can be filtered and broken down.
//!
//! | name                                  | of       | is                                         |
//! |---------------------------------------|----------|--------------------------------------------|
//! | `customer_id`, `order_id`             | order    | the id                                     |
//! | `ordered_at` | order | the civil date |
//! | `amount` | order | the net amount, major units |
//! | `status`, `kind`                      | order    | the word                                   |
//! | `channel`, `shop`, `product`, `category`, dimensions | order or line | the value                  |
//! | `first_<any of the above>` | customer | the value at the customer's first order in view that counts |
//! | `first_week`, `first_month`, `first_quarter` | customer | the first day of that period        |
//! | `registered_at`, `opted_out`, `birth_date`, dimensions of the customers table | customer | the value       |
//! | `birth_month`, `age_band` | customer | the month 1 to 12; complete years in tens on the date of the analysis |
//!
//! `where` comes first: a `first_` column in `by`, in `customers` or in a view of a view refers to
//! the first order that `where` has kept, as the numbers of the result do. Within one `where` all
//! conditions refer to the orders before it.
//!
//! Columns are named by their role (`channel`) or by their name in the input. If lines of one order
//! differ in a column, the column belongs to lines: a filter on it keeps the matching lines, and an
//! order without a matching line is removed. The `first_` value of such a column is the value of
//! the line with the greatest amount in the first order.

use super::dataset::Orders;
use super::order_data::{days, unpack};
use super::rows::Rows;
use super::selection::{ORDER, actions};
use crate::columns::{ColumnData, ColumnValues};
use crate::context::{Context, collect, filled};
use crate::data::customers::{OF_BIRTH, age_band, ages, dictionary, labels, places};
use crate::data::filter::{Attribute, AttributeValues, Level};
use crate::data::input::parse::NO_WORD;
use crate::error::{Error, Result};
use crate::ids::{IdKind, Ids, NO_ID};
use crate::scope::Filter;
use crate::time::{Day, Period};
use crate::words::{KindWord, StatusWord};
use std::cmp::Ordering;
use std::sync::Arc;

/// The months, 1 to 12, of these days.
fn birth_months(
    born: impl ExactSizeIterator<Item = Option<Day>>,
    context: &Context,
) -> Result<AttributeValues> {
    let month =
        |day: Day| day.number(Period::Month) - day.start_of(Period::Year).number(Period::Month);
    let codes = collect(
        born.map(|day| day.map_or(NO_ID, |day| month(day) as u32)),
        "filter",
    )?;
    let months = ColumnData::from(ColumnValues::Int {
        values: (1..=12).collect::<Vec<i64>>().into(),
        bits: 64,
    });
    let mut ids = Ids::new(IdKind::Int(64), context.hash_seed);
    let mut of_month = Vec::new();
    ids.encode(
        "birth_month",
        &[&months],
        &mut of_month,
        &context.uncounted(),
    )?;
    let codes = codes
        .iter()
        .map(|at| of_month.get(*at as usize).copied().unwrap_or(NO_ID));
    Ok(AttributeValues::Codes(
        Arc::new(ids),
        collect(codes, "filter")?.into(),
    ))
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
            if customers.born.is_some() {
                names.extend(OF_BIRTH.map(str::to_owned));
            }
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
        if let Some(found) = self.customer_attribute(name, context)? {
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
            meant: crate::error::nearest(name, &available).map(str::to_owned),
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
            return order(AttributeValues::Days(days(&data.time, &data.offsets)?));
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
    fn customer_attribute(&self, name: &str, context: &Context) -> Result<Option<Attribute>> {
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
        if let Some(born) = &table.born {
            let born = |row: &u32| {
                let day = known(row).map(|r| born[r]);
                day.filter(|day| *day != i32::MIN).map(Day)
            };
            if name == "birth_date" || Some(name) == table.spec.birth_date.as_deref() {
                let days = rows.iter().map(|r| born(r).map_or(i32::MIN, |day| day.0));
                return by_code(AttributeValues::Days(collect(days, "filter")?));
            }
            if name == "birth_month" {
                return by_code(birth_months(rows.iter().map(born), context)?);
            }
            if name == "age_band" {
                return by_code(self.age_bands(rows.iter().map(born), context)?);
            }
        }
        let Some(dim) = table.dims.iter().find(|d| d.name == name) else {
            return Ok(None);
        };
        let codes = rows
            .iter()
            .map(|r| known(r).map_or(NO_ID, |r| dim.codes[r]));
        let codes = collect(codes, "filter")?;
        by_code(match table.spec.bins.get(name) {
            None => AttributeValues::Codes(dim.ids.clone(), codes.into()),
            Some(bounds) => {
                let places = places(&dim.ids, &labels(bounds))?;
                AttributeValues::Bands(dim.ids.clone(), codes.into(), places)
            }
        })
    }

    /// The ages, in tens of years on the date of the analysis, of people born on these days.
    fn age_bands(
        &self,
        born: impl ExactSizeIterator<Item = Option<Day>>,
        context: &Context,
    ) -> Result<AttributeValues> {
        let Some(today) = self.view.day else {
            let expected =
                "one date where `where`, `by` or `customers` names `age_band`: ages change";
            return Err(Error::option("as_of", "a list", expected));
        };
        let bands = born.map(|born| born.and_then(|born| age_band(born, today)).unwrap_or(NO_ID));
        let codes = collect(bands, "filter")?;
        let labels = ages();
        let places = collect((0..labels.len()).map(|at| at as u32), "filter")?;
        Ok(AttributeValues::Bands(
            dictionary(&labels, context)?,
            codes.into(),
            places,
        ))
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
            AttributeValues::Bands(ids, codes, places) => {
                let codes = items.iter().map(|f| at(f).map_or(NO_ID, |i| codes[i]));
                AttributeValues::Bands(ids, collect(codes, "filter")?.into(), places)
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
