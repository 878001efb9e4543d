//! The values of fields: for each customer a row, in ascending id order.
//!
//! | field | values |
//! |---|---|
//! | `orders.count`, `orders.revenue`, `orders.mean_order_value`, `orders.first_date`, `orders.last_date` | of the orders up to the date that count, or of those in `days` and `where` |
//! | `customers.<column>` | a column of the customers table, or `first_<column>` of the first order |
//! | `<analysis>.<column>` | a column of an analysis with one row per customer, with its defaults or `options` |
//!
//! A customer is anyone with an order that counts up to the date, or in the customers table. Without an order
//! `orders.count` and `orders.revenue` are 0 and the other fields of orders have no value; where an analysis has no
//! row for a customer, its columns have no value. An analysis is run once for all its columns.

use super::leaf::passing;
use super::tree::{Field, Tree};
use crate::analysis::{Dataset, Entry, Input};
use crate::context::{Context, collect, filled, push, room};
use crate::data::Orders;
use crate::data::filter::{AttributeValues, Level};
use crate::data::orders::selection::Selection;
use crate::error::{Error, Result, nearest};
use crate::families;
use crate::ids::NO_ID;
use crate::scope::{AsOf, At, Scope};
use crate::summary::Totals;
use crate::table::{Column, Table, Values};
use crate::time::Day;
use serde_json::{Map, Value};
use std::sync::Arc;

/// The keys of a scope that analyses with a tree called `where` accept.
pub(super) const SCOPE: &[&str] = &[
    "as_of",
    "customers",
    "by",
    "policy",
    "basis",
    "refunds",
    "churn_days",
    "churn_boundary",
    "occasion",
];

/// The fields of orders.
const OF_ORDERS: &[&str] = &[
    "count",
    "revenue",
    "mean_order_value",
    "first_date",
    "last_date",
];

/// Customers and the fields that were asked for so far.
pub(super) struct Known<'a> {
    orders: Orders,
    at: At,
    context: &'a Context<'a>,
    /// The customers, by code, in ascending id order.
    pub(super) customers: Vec<u32>,
    /// Their totals, in the same order, without prospects.
    pub(super) totals: Arc<Totals>,
    /// The row of each code; [`NO_ID`] for none.
    row_of: Vec<u32>,
    fields: Vec<(Field, Column)>,
    /// Results of analyses: name and options, the table, and the row of each customer.
    results: Vec<(String, Table, Vec<u32>)>,
    /// Totals of `days` and `where`.
    windows: Vec<(Field, Arc<Totals>)>,
}

impl<'a> Known<'a> {
    /// The customers of `orders` at a date, whether or not they are shown.
    pub(super) fn new(orders: &Orders, at: &At, context: &'a Context<'a>) -> Result<Known<'a>> {
        let mut orders = orders.clone();
        orders.view.chosen = None;
        let totals = Totals::new(&orders, at, context)?;
        let prospects = orders.prospects(&totals.customer)?;
        let mut is_known = filled(orders.ids().len(), false, "customers")?;
        for code in totals.customer.iter().chain(&prospects) {
            is_known[*code as usize] = true;
        }
        let mut customers = room(totals.len() + prospects.len(), "customers")?;
        let mut row_of = filled(orders.ids().len(), NO_ID, "customers")?;
        for code in orders.ids().by_id()? {
            if is_known[*code as usize] {
                row_of[*code as usize] = customers.len() as u32;
                customers.push(*code);
            }
        }
        Ok(Known {
            at: *at,
            context,
            customers,
            totals,
            row_of,
            fields: Vec::new(),
            results: Vec::new(),
            windows: Vec::new(),
            orders,
        })
    }

    /// For each leaf of a tree, which customers meet it; and the place of its field among [`Known::columns`].
    pub(super) fn leaves(&mut self, tree: &Tree) -> Result<Vec<(usize, Vec<bool>)>> {
        let mut all = Vec::new();
        for leaf in &tree.leaves {
            self.context.check()?;
            let at = self.field(&leaf.field, &leaf.path)?;
            let pass = passing(leaf, &self.fields[at].1, self.at.day)?;
            push(&mut all, (at, pass), "conditions")?;
        }
        Ok(all)
    }

    /// Which customers a tree holds for.
    pub(super) fn chosen(&mut self, tree: &Tree) -> Result<Vec<bool>> {
        let leaves = self.leaves(tree)?;
        let rows = 0..self.customers.len();
        let holds = |row: usize| tree.holds(|leaf| leaves[leaf].1[row]).0;
        collect(rows.map(holds), "segment")
    }

    /// The revenue of each customer up to the date, 0 without an order.
    pub(super) fn revenue(&self) -> Result<Vec<i64>> {
        let mut revenue = filled(self.customers.len(), 0, "segment")?;
        for (code, of) in self.totals.customer.iter().zip(&self.totals.revenue) {
            revenue[self.row_of[*code as usize] as usize] = *of;
        }
        Ok(revenue)
    }

    /// The columns of the fields at these places, each under a name of its own.
    pub(super) fn columns(&self, places: &[usize]) -> Result<Vec<Column>> {
        let mut columns: Vec<Column> = Vec::new();
        for place in places {
            let (field, column) = &self.fields[*place];
            let plain = match field.days {
                Some(days) => format!("{}_{days}d", field.name),
                None => field.name.clone(),
            };
            let is_new = |name: &str| columns.iter().all(|column| column.name() != name);
            let more = (2..).map(|n| format!("{plain}_{n}"));
            let mut names = std::iter::once(plain.clone()).chain(more);
            let name = names.find(|name| is_new(name)).unwrap_or_default();
            columns.push(column.clone().renamed(name));
        }
        Ok(columns)
    }

    /// The analyses that were run, in their order.
    pub(super) fn analyses(&self) -> Vec<&str> {
        let names = self.results.iter().map(|(key, ..)| key.as_str());
        names
            .map(|key| key.split_once(' ').map_or(key, |(name, _)| name))
            .collect()
    }

    /// The place of a field, whose column is made when it is first asked for.
    fn field(&mut self, field: &Field, path: &str) -> Result<usize> {
        if let Some(at) = self.fields.iter().position(|(known, _)| known == field) {
            return Ok(at);
        }
        let column = match field.name.split_once('.') {
            Some(("orders", name)) => self.of_orders(field, name, path)?,
            Some(("customers", name)) => self.of_customers(name, path)?,
            Some((analysis, name)) => self.of_analysis(field, analysis, name, path)?,
            None => return Err(unknown(path, &field.name, &heads())),
        };
        push(&mut self.fields, (field.clone(), column), "conditions")?;
        Ok(self.fields.len() - 1)
    }

    fn of_orders(&mut self, field: &Field, name: &str, path: &str) -> Result<Column> {
        if !OF_ORDERS.contains(&name) {
            let known: Vec<String> = OF_ORDERS.iter().map(|n| format!("orders.{n}")).collect();
            return Err(unknown(path, &field.name, &known));
        }
        let totals = self.window(field, path)?;
        let n = self.customers.len();
        let mut place = filled(n, NO_ID, "conditions")?;
        for (i, code) in totals.customer.iter().enumerate() {
            // A refund at its own date can leave an order in a window and none in all.
            if self.row_of[*code as usize] != NO_ID {
                place[self.row_of[*code as usize] as usize] = i as u32;
            }
        }
        let at = |place: &u32| (*place != NO_ID).then_some(*place as usize);
        let has = collect(place.iter().map(|p| *p != NO_ID), "conditions")?;
        let what = "conditions";
        let ints = |of: &[i32]| collect(place.iter().map(|p| at(p).map_or(0, |i| of[i])), what);
        let currency = totals.currency;
        Ok(match name {
            "count" => Column::named(name, Values::I32(ints(&totals.orders)?)),
            "revenue" => {
                let cells = place.iter().map(|p| at(p).map_or(0, |i| totals.revenue[i]));
                Column::named(name, Values::Money(collect(cells, what)?.into(), currency))
            }
            "mean_order_value" => {
                let mean = |p: &u32| {
                    let (revenue, orders) = at(p).map(|i| (totals.revenue[i], totals.orders[i]))?;
                    currency.mean(i128::from(revenue), u64::from(orders.unsigned_abs()))
                };
                let cells = place.iter().map(|p| mean(p).unwrap_or(0.0));
                Column::named(name, Values::F64(collect(cells, what)?.into())).with_validity(has)
            }
            "first_date" => {
                Column::named(name, Values::Date(ints(&totals.first_day)?)).with_validity(has)
            }
            _ => Column::named(name, Values::Date(ints(&totals.last_day)?)).with_validity(has),
        })
    }

    /// The totals of a field's `days` and `where`.
    fn window(&mut self, field: &Field, path: &str) -> Result<Arc<Totals>> {
        if field.days.is_none() && field.filter.is_empty() {
            return Ok(self.totals.clone());
        }
        let same = |other: &Field| (other.days, &other.filter) == (field.days, &field.filter);
        if let Some((_, totals)) = self.windows.iter().find(|(other, _)| same(other)) {
            return Ok(totals.clone());
        }
        let inside = |error: Error| error.inside(path);
        let orders = self
            .orders
            .filtered(&field.filter, self.context)
            .map_err(inside)?;
        let mut selection = Selection::new(&orders, &self.at)?;
        if let Some(days) = field.days {
            let first = i64::from(self.at.day.0) - i64::from(days) + 1;
            selection.leave_out_before(Day(first.max(i64::from(i32::MIN)) as i32))?;
        }
        let totals = Arc::new(Totals::of(&selection, self.at.occasion, self.context)?);
        push(
            &mut self.windows,
            (field.clone(), totals.clone()),
            "conditions",
        )?;
        Ok(totals)
    }

    fn of_customers(&self, name: &str, path: &str) -> Result<Column> {
        let attribute = match self.orders.is_customer_id(name) {
            true => None,
            false => match self.orders.attribute(name, self.context) {
                Ok(found) if found.level == Level::Customer => Some(found.values),
                Ok(_) => {
                    let expected = format!(
                        "a column of customers; `customers.first_{name}` is the first order's"
                    );
                    let found = Value::from(format!("customers.{name}"));
                    return Err(Error::option(format!("{path}.field"), found, expected));
                }
                Err(Error::MissingColumn { available, .. }) => {
                    let known: Vec<String> = available
                        .iter()
                        .filter(|name| self.is_of_customers(name))
                        .map(|name| format!("customers.{name}"))
                        .collect();
                    return Err(unknown(path, &format!("customers.{name}"), &known));
                }
                Err(other) => return Err(other),
            },
        };
        let places = collect(
            self.customers.iter().map(|code| *code as usize),
            "conditions",
        )?;
        let (values, valid) = match attribute {
            None => {
                let ids = self.orders.ids().clone();
                let codes = collect(self.customers.iter().copied(), "conditions")?;
                (
                    Values::Id { ids, codes },
                    filled(places.len(), true, "conditions")?,
                )
            }
            Some(AttributeValues::Amounts(amounts, _)) => {
                let cells = places.iter().map(|at| amounts[*at]);
                let cells = collect(cells, "conditions")?;
                let values = Values::Money(cells.into(), self.orders.currency());
                (values, filled(places.len(), true, "conditions")?)
            }
            Some(values) => values.cells(&places)?,
        };
        Ok(Column::named(name, values).with_validity(valid))
    }

    fn is_of_customers(&self, name: &str) -> bool {
        let found = self.orders.attribute(name, self.context);
        self.orders.is_customer_id(name) || found.is_ok_and(|found| found.level == Level::Customer)
    }

    fn of_analysis(
        &mut self,
        field: &Field,
        analysis: &str,
        name: &str,
        path: &str,
    ) -> Result<Column> {
        let entry = families::all().find(|entry| entry.name == analysis && is_of_customers(entry));
        let Some(entry) = entry else {
            return Err(unknown(path, &field.name, &heads()));
        };
        let at = self.result(entry, &field.options, path)?;
        let (_, table, rows) = &self.results[at];
        let column = table
            .column(name)
            .filter(|column| column.name() != "customer_id");
        let Some(column) = column else {
            let names = table.columns().iter().map(Column::name);
            let names = names.filter(|name| *name != "customer_id");
            let known: Vec<String> = names.map(|name| format!("{analysis}.{name}")).collect();
            return Err(unknown(path, &field.name, &known));
        };
        let has = collect(rows.iter().map(|row| *row != NO_ID), "conditions")?;
        if table.is_empty() {
            let nothing = nothing(column.values(), rows.len())?;
            return Ok(Column::named(name, nothing).with_validity(has));
        }
        let places = rows
            .iter()
            .map(|row| if *row == NO_ID { 0 } else { *row as usize });
        let places = collect(places, "conditions")?;
        let taken = Table::new(vec![column.clone()]).take(&places)?;
        let column = taken.columns()[0].clone();
        let valid = has
            .iter()
            .enumerate()
            .map(|(row, has)| *has && column.validity().is_none_or(|valid| valid[row]));
        let valid = collect(valid, "conditions")?;
        Ok(column.with_validity(valid))
    }

    /// The place of an analysis's result, which is computed when it is first asked for.
    fn result(&mut self, entry: &Entry, options: &Map<String, Value>, path: &str) -> Result<usize> {
        let key = format!("{} {}", entry.name, Value::Object(options.clone()));
        if let Some(at) = self.results.iter().position(|(known, ..)| *known == key) {
            return Ok(at);
        }
        for key in ["as_of", "customers", "by"] {
            if let Some(found) = options.get(key) {
                let expected = "no such option: the segment gives it to all analyses";
                return Err(Error::option(
                    format!("{path}.options.{key}"),
                    found,
                    expected,
                ));
            }
        }
        let inside = |error: Error| error.inside(&format!("{path}.options"));
        let (scope, options) = families::split(entry, options.clone()).map_err(inside)?;
        let scope = self.scope(entry, scope);
        let data = Dataset::Orders(&self.orders);
        let table = (entry.run)(&data, &scope, &options, self.context).map_err(inside)?;
        let rows = self.rows(entry, &table, path)?;
        push(&mut self.results, (key, table, rows), "conditions")?;
        Ok(self.results.len() - 1)
    }

    /// The scope of an analysis: its own options, else the segment's scope.
    fn scope(&self, entry: &Entry, given: Scope) -> Scope {
        let takes = |key: &str| entry.scope.contains(&key);
        let mut scope = Scope {
            as_of: AsOf::Day(self.at.day),
            ..given
        };
        let plain = Scope::default();
        if takes("basis") && scope.basis == plain.basis {
            scope.basis = self.at.basis;
        }
        if takes("occasion") {
            scope.occasion = scope.occasion.or(self.at.occasion);
        }
        if takes("churn_days") {
            scope.churn_days = scope.churn_days.or(self.at.churn_days);
        }
        if takes("churn_boundary") && scope.churn_boundary == plain.churn_boundary {
            scope.churn_boundary = self.at.churn_boundary;
        }
        scope
    }

    /// The row of each customer in a table; [`NO_ID`] for none.
    fn rows(&self, entry: &Entry, table: &Table, path: &str) -> Result<Vec<u32>> {
        let mut rows = filled(self.customers.len(), NO_ID, "conditions")?;
        let several = || {
            let found = Value::from(entry.name);
            let expected = "an analysis with one row per customer, under these options";
            Err(Error::option(format!("{path}.field"), found, expected))
        };
        let codes = match table.column("customer_id").map(Column::values) {
            Some(Values::Id { ids, codes }) if Arc::ptr_eq(ids, self.orders.ids()) => codes,
            _ if table.is_empty() => return Ok(rows),
            _ => return several(),
        };
        for (row, code) in codes.iter().enumerate() {
            let at = self.row_of[*code as usize];
            if at == NO_ID {
                continue;
            }
            if rows[at as usize] != NO_ID {
                return several();
            }
            rows[at as usize] = row as u32;
        }
        Ok(rows)
    }
}

/// Whether an analysis of orders has rows of customers.
fn is_of_customers(entry: &Entry) -> bool {
    let has = |name: &str| entry.columns.iter().any(|field| field.name == name);
    entry.reads == Orders::KIND && has("customer_id")
}

/// Null cells of the type of a column without rows.
fn nothing(like: &Values, n: usize) -> Result<Values> {
    let what = "conditions";
    Ok(match like {
        Values::I32(_) => Values::I32(filled(n, 0, what)?),
        Values::I64(_) => Values::I64(filled(n, 0, what)?.into()),
        Values::F64(_) => Values::F64(filled(n, 0.0, what)?.into()),
        Values::Bool(_) => Values::Bool(filled(n, false, what)?),
        Values::Date(_) => Values::Date(filled(n, 0, what)?),
        Values::Instant(_, zone) => Values::Instant(filled(n, 0, what)?.into(), *zone),
        Values::Money(_, currency) => Values::Money(filled(n, 0, what)?.into(), *currency),
        Values::Category { labels, .. } => Values::Category {
            codes: filled(n, 0, what)?,
            labels,
        },
        Values::Id { .. } | Values::Text { .. } => Values::Text {
            codes: filled(n, 0, what)?,
            texts: Arc::new(vec![String::new()]),
        },
    })
}

/// What a field's name may begin with.
fn heads() -> Vec<String> {
    let analyses = families::all().filter(|entry| is_of_customers(entry));
    let names = ["orders", "customers"]
        .into_iter()
        .chain(analyses.map(|entry| entry.name));
    names.map(|name| format!("{name}.")).collect()
}

/// The error for a field that does not exist.
fn unknown(path: &str, name: &str, known: &[String]) -> Error {
    let list: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    // Of names of analyses only the head of a field is compared.
    let head = format!("{}.", name.split('.').next().unwrap_or_default());
    let like = if known.iter().all(|known| known.ends_with('.')) {
        &head
    } else {
        name
    };
    let meant = match nearest(like, known) {
        Some(meant) => format!(" (did you mean `{meant}`?)"),
        None => String::new(),
    };
    let expected = format!("one of the fields {}{meant}", list.join(", "));
    Error::option(format!("{path}.field"), Value::from(name), expected)
}
