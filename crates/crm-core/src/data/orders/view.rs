//! Views of orders: filters, policy and refunds applied, and the groups of a breakdown.

use super::dataset::{Orders, View};
use super::order_data::{Class, Data, Dim, Refund, pack, unpack};
use crate::columns::Buf;
use crate::context::{Context, collect, filled, push, room};
use crate::data::filter::{Attribute, AttributeValues, Level};
use crate::data::input::parse::{NO_WORD, Reason};
use crate::error::{Error, Result};
use crate::ids::{IdRef, Ids, NO_ID};
use crate::scope::{AsOf, Filter, Refunds, Scope};
use crate::table::{Cell, Column, Table, Values};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The orders of one group of a breakdown, with the group's values.
pub(crate) struct Part {
    pub(crate) keys: Vec<Key>,
    pub(crate) orders: Orders,
}

/// One group's value in one column of a breakdown.
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) attribute: Arc<Attribute>,
    /// The index of the value in the attribute; `None` in a breakdown without rows.
    pub(crate) at: Option<usize>,
}

impl Key {
    /// The value as JSON, or null.
    pub(crate) fn json(&self) -> Value {
        let Ok(column) = self.repeated(1) else {
            return Value::Null;
        };
        match column.cell(0) {
            Cell::Id(IdRef::Int(v)) => v.into(),
            Cell::Id(IdRef::Unsigned(v)) => v.into(),
            Cell::Id(IdRef::Text(text)) => text.into(),
            Cell::Id(IdRef::Bytes(bytes)) => {
                let hex = bytes.iter().map(|b| format!("{b:02x}"));
                hex.collect::<String>().into()
            }
            Cell::Date(day) => day.to_string().into(),
            Cell::Bool(truth) => truth.into(),
            Cell::Label(label) => label.code.into(),
            _ => Value::Null,
        }
    }

    /// A column with the value `n` times.
    pub(crate) fn repeated(&self, n: usize) -> Result<Column> {
        // A guest order has no customer, so columns of customers are null for it.
        let at = |len: usize| self.at.filter(|at| *at < len);
        let null;
        let values = match &self.attribute.values {
            AttributeValues::Codes(ids, codes) | AttributeValues::Bands(ids, codes, _) => {
                let code = at(codes.len())
                    .map(|at| codes[at])
                    .filter(|code| *code != NO_ID);
                null = code.is_none();
                Values::Id {
                    ids: ids.clone(),
                    codes: filled(n, code.unwrap_or(0), "table column")?,
                }
            }
            AttributeValues::Words(labels, codes) => {
                let code = at(codes.len())
                    .map(|at| codes[at])
                    .filter(|code| *code != NO_WORD);
                null = code.is_none();
                Values::Category {
                    codes: filled(n, code.unwrap_or(0), "table column")?,
                    labels,
                }
            }
            AttributeValues::Days(days) => {
                let day = at(days.len())
                    .map(|at| days[at])
                    .filter(|day| *day != i32::MIN);
                null = day.is_none();
                Values::Date(filled(n, day.unwrap_or(0), "table column")?)
            }
            AttributeValues::Bools(truths) => {
                let truth = at(truths.len()).map(|at| truths[at]);
                null = truth.is_none();
                Values::Bool(filled(n, truth.unwrap_or(false), "table column")?)
            }
            AttributeValues::Amounts(..) => {
                return Err(Error::option(
                    "by",
                    "",
                    "a column of few values, not amounts",
                ));
            }
        };
        let column = Column::named(&*self.name, values);
        Ok(match null {
            true => column.with_validity(filled(n, false, "table column")?),
            false => column,
        })
    }
}

impl Orders {
    /// These orders under a scope's filters, policy and refunds.
    pub(crate) fn scoped(&self, scope: &Scope, context: &Context) -> Result<Orders> {
        let mut orders = match scope.refunds {
            Refunds::OrderDate => self.clone(),
            Refunds::RefundDate => self.refunds_booked()?,
        };
        orders.view.day = match &scope.as_of {
            AsOf::Day(day) => Some(*day),
            AsOf::Last => self.last_date,
            _ => None,
        };
        if let Some(policy) = &scope.policy {
            orders.view.policy = policy.clone();
        }
        if !scope.filter.is_empty() {
            orders = orders.filtered(&scope.filter, context)?;
        }
        if !scope.customers.is_empty() {
            let mut chosen = filled(orders.ids().len(), true, "customers")?;
            for (name, condition) in &scope.customers.0 {
                let pass = orders.customer_test(name, condition, context)?;
                for (chosen, pass) in chosen.iter_mut().zip(pass) {
                    *chosen &= pass;
                }
            }
            orders.view.chosen = Some(Arc::new(chosen));
        }
        Ok(orders)
    }

    /// Whether `name` is the column of customer ids, by its role or its name in the input.
    pub(crate) fn is_customer_id(&self, name: &str) -> bool {
        name == "customer_id" || name == self.spec.customer_id
    }

    /// Which customers, by code, meet a condition of `customers`.
    fn customer_test(
        &self,
        name: &str,
        condition: &crate::scope::Condition,
        context: &Context,
    ) -> Result<Vec<bool>> {
        if self.is_customer_id(name) {
            let all = collect((0..self.ids().len()).map(|c| c as u32), "customers")?;
            return AttributeValues::Codes(self.ids().clone(), all.into()).test(name, condition);
        }
        let attribute = self.attribute(name, context)?;
        if attribute.level != Level::Customer {
            return Err(Error::option(
                "customers",
                format_args!("{name:?}"),
                format!("a column of customers; first_{name} is the first order's"),
            ));
        }
        attribute.values.test(name, condition)
    }

    /// Only the orders that a filter keeps; of orders with lines, only the matching lines.
    pub(crate) fn filtered(&self, filter: &Filter, context: &Context) -> Result<Orders> {
        if filter.is_empty() {
            return Ok(self.clone());
        }
        let data = &self.data;
        let mut orders = filled(data.len(), true, "filter")?;
        let mut lines: Option<Vec<bool>> = None;
        for (name, condition) in &filter.0 {
            let attribute = self.attribute(name, context)?;
            let pass = attribute.values.test(name, condition)?;
            match attribute.level {
                Level::Order => orders.iter_mut().zip(pass).for_each(|(o, p)| *o &= p),
                Level::Customer => {
                    for (order, code) in orders.iter_mut().zip(data.customer.iter()) {
                        *order &= *code != NO_ID && pass[*code as usize];
                    }
                }
                Level::Line => match &mut lines {
                    Some(lines) => lines.iter_mut().zip(pass).for_each(|(l, p)| *l &= p),
                    None => lines = Some(pass),
                },
            }
        }
        for (i, order) in orders.iter_mut().enumerate() {
            *order &= self.lets_through(i);
        }
        let Some(lines) = lines else {
            let mut mask = filled(orders.len().div_ceil(64), 0_u64, "filter")?;
            for (i, order) in orders.iter().enumerate() {
                mask[i / 64] |= u64::from(*order) << (i % 64);
            }
            let mut view = self.clone();
            view.view.mask = Some(Arc::new(mask));
            return Ok(view);
        };
        let Some(line_order) = &data.line_order else {
            return Err(Error::internal("lines without orders"));
        };
        let reasons = lines.iter().zip(line_order.iter()).map(|(line, order)| {
            if *line && orders[*order as usize] {
                Reason::Good
            } else {
                Reason::Filtered
            }
        });
        let rows = data.rows.clone().without(&collect(reasons, "filter")?)?;
        self.of_rows(rows, context)
    }

    /// Orders made of chosen lines, in this view.
    fn of_rows(&self, rows: super::rows::Rows, context: &Context) -> Result<Orders> {
        let data = Data::group_again(rows, &self.spec, data_offsets(self), context)?.finished();
        let mut view = self.view.clone();
        view.mask = None;
        Ok(Orders {
            data: Arc::new(data),
            view,
            ..self.clone()
        })
    }

    /// These orders, if a column belongs to orders or customers. If it belongs to lines, orders are
    /// split: the lines with each value become their own order, so that the column belongs to
    /// orders.
    pub(crate) fn split_by(&self, name: &str, context: &Context) -> Result<Orders> {
        let attribute = self.attribute(name, context)?;
        let data = &self.data;
        let (Level::Line, AttributeValues::Codes(_, values), Some(line_order)) =
            (attribute.level, &attribute.values, &data.line_order)
        else {
            return Ok(self.clone());
        };
        // The value becomes part of an order's key, as the shop is.
        let shop = (self.spec.shop.as_ref())
            .and_then(|name| data.rows.dims.iter().find(|d| d.name == *name));
        let keys = values.iter().enumerate().map(|(row, value)| {
            let shop = shop.map_or(0, |dim| dim.codes[row]);
            i64::from(*value) | i64::from(shop) << 32
        });
        let column = crate::columns::ColumnData::from(crate::columns::ColumnValues::Int {
            values: collect(keys, "breakdown")?.into(),
            bits: 64,
        });
        let mut ids = Ids::new(crate::ids::IdKind::Int(64), context.hash_seed);
        let mut codes = Vec::new();
        ids.encode(name, &[&column], &mut codes, &context.uncounted())?;
        let mut rows = data.rows.clone();
        let key = format!("{name} within an order");
        rows.dims.push(crate::data::input::batches::RowDim {
            name: key.clone(),
            ids: Arc::new(ids),
            codes: codes.into(),
        });
        let mut kept = room(rows.len(), "breakdown")?;
        kept.extend(
            (0..rows.len() as u32)
                .filter(|row| self.lets_through(line_order[*row as usize] as usize)),
        );
        let mut split = self.clone();
        Arc::make_mut(&mut split.spec).shop = Some(key);
        split.of_rows(rows.take(&kept)?, context)
    }

    /// The rows of a table that the scope's `customers` chooses.
    pub(crate) fn shown(&self, table: Table) -> Result<Table> {
        let Some(chosen) = &self.view.chosen else {
            return Ok(table);
        };
        let codes = match table.column("customer_id").map(Column::values) {
            Some(Values::Id { ids, codes }) if Arc::ptr_eq(ids, self.ids()) => codes,
            _ => return Ok(table),
        };
        let mut rows = room(codes.len(), "table")?;
        rows.extend((0..codes.len()).filter(|row| chosen[codes[*row] as usize]));
        table.take(&rows)
    }

    /// The orders of each group of a breakdown, groups in ascending order, nulls last.
    pub(crate) fn parts(&self, by: &[String], context: &Context) -> Result<Vec<Part>> {
        if by.is_empty() {
            return Ok(vec![Part {
                keys: Vec::new(),
                orders: self.clone(),
            }]);
        }
        let mut columns = Vec::new();
        for name in by {
            let attribute = Arc::new(self.attribute(name, context)?);
            let rank = rank(&attribute.values)?;
            columns.push((name.clone(), attribute, rank));
        }
        let data = &self.data;
        let of_lines = columns.iter().any(|(_, a, _)| a.level == Level::Line);
        let n = if of_lines {
            data.rows.len()
        } else {
            data.len()
        };
        let order_of = |i: usize| match (&data.line_order, of_lines) {
            (Some(line_order), true) => line_order[i] as usize,
            _ => i,
        };
        // The index of item `i`'s value in a column; `None` for a guest.
        let place = |attribute: &Attribute, i: usize| match attribute.level {
            Level::Line => Some(i),
            Level::Order => Some(order_of(i)),
            Level::Customer => match data.customer[order_of(i)] {
                NO_ID => None,
                code => Some(code as usize),
            },
        };
        let keys = |at: &dyn Fn(&Attribute) -> Option<usize>| {
            let key = |(name, attribute, _): &(String, Arc<Attribute>, Vec<u32>)| Key {
                name: name.clone(),
                at: at(attribute),
                attribute: attribute.clone(),
            };
            columns.iter().map(key).collect()
        };
        let rank_of = |i: usize| {
            columns
                .iter()
                .map(move |(_, attribute, rank)| place(attribute, i).map_or(NO_ID, |at| rank[at]))
        };
        let mut items = room(n, "breakdown")?;
        items.extend((0..n as u32).filter(|i| self.lets_through(order_of(*i as usize))));
        items.sort_unstable_by(|a, b| {
            rank_of(*a as usize)
                .cmp(rank_of(*b as usize))
                .then(a.cmp(b))
        });
        let mut parts = Vec::new();
        let mut groups = BTreeMap::new();
        let mut mine = filled(data.len(), false, "breakdown")?;
        for group in items.chunk_by(|a, b| rank_of(*a as usize).eq(rank_of(*b as usize))) {
            context.check()?;
            let keys = keys(&|attribute| place(attribute, group[0] as usize));
            let orders = match (of_lines, &data.line_order) {
                (true, _) => self.of_rows(data.rows.take(group)?, context)?,
                (false, None) => self.of_orders(group)?,
                (false, Some(line_order)) => {
                    self.with_lines(group, line_order, &mut mine, context)?
                }
            };
            let ranks: Vec<u32> = rank_of(group[0] as usize).collect();
            groups.insert(ranks, parts.len() as u32);
            push(&mut parts, Part { keys, orders }, "breakdown")?;
        }
        // Customers without an order are in the group of their own values; of a column of orders they have none.
        if self.customer_rows.is_some() {
            let of_customers = columns.iter().all(|(_, a, _)| a.level == Level::Customer);
            let group_of = |code: usize| {
                let ranks = columns.iter().map(|(_, _, rank)| rank.get(code).copied());
                let ranks: Vec<u32> = ranks.map(|rank| rank.unwrap_or(NO_ID)).collect();
                groups.get(&ranks).copied().unwrap_or(NO_ID)
            };
            let codes = if of_customers { self.ids().len() } else { 0 };
            let of = Arc::new(collect((0..codes).map(group_of), "breakdown")?);
            for (at, part) in parts.iter_mut().enumerate() {
                part.orders.view.group = Some((of.clone(), at as u32));
            }
        }
        if parts.is_empty() {
            // Without rows, one empty group gives the columns.
            let keys = keys(&|_| None);
            let orders = self.of_orders(&[])?;
            parts.push(Part { keys, orders });
        }
        Ok(parts)
    }

    /// Only these orders with their lines, in this view, because columns of lines are read from them.
    /// `mine` has room for all orders, and none is marked.
    fn with_lines(
        &self,
        orders: &[u32],
        line_order: &[u32],
        mine: &mut [bool],
        context: &Context,
    ) -> Result<Orders> {
        for order in orders {
            mine[*order as usize] = true;
        }
        let rows = 0..self.data.rows.len() as u32;
        let mut lines = room(orders.len(), "breakdown")?;
        for row in rows.filter(|row| mine[line_order[*row as usize] as usize]) {
            push(&mut lines, row, "breakdown")?;
        }
        for order in orders {
            mine[*order as usize] = false;
        }
        self.of_rows(self.data.rows.take(&lines)?, context)
    }

    /// Only these orders, in this view.
    pub(crate) fn of_orders(&self, orders: &[u32]) -> Result<Orders> {
        let mut view = self.view.clone();
        view.mask = None;
        Ok(Orders {
            data: Arc::new(self.data.gather(orders)?.finished()),
            view,
            ..self.clone()
        })
    }

    /// This view for `items`, orders of which some come twice.
    fn view_of(&self, items: &[u32]) -> Result<View> {
        let mut view = self.view.clone();
        if view.mask.is_some() {
            let mut wider = filled(items.len().div_ceil(64), 0_u64, "refunds")?;
            for (at, item) in items.iter().enumerate() {
                wider[at / 64] |= u64::from(self.lets_through(*item as usize)) << (at % 64);
            }
            view.mask = Some(Arc::new(wider));
        }
        Ok(view)
    }

    /// The same orders with their full amounts, and an extra refund row at the date of each refund:
    /// what a request with `refunds` = `refund_date` sees.
    ///
    /// # Errors
    ///
    /// Orders without a column of refunds.
    pub fn refunds_booked(&self) -> Result<Orders> {
        let Some(refund) = &self.data.refund else {
            return Err(Error::OptionNeedsColumn {
                option: "refunds".into(),
                value: "refund_date".into(),
                column: "refunded".into(),
            });
        };
        let data = &self.data;
        let n = data.len();
        let mut items = collect((0..n).map(|i| i as u32), "refunds")?;
        for i in (0..n).filter(|i| refund.amount[*i] != 0) {
            push(&mut items, i as u32, "refunds")?;
        }
        let mut booked = data.gather(&items)?;
        let mut net = collect(booked.net.iter().copied(), "refunds")?;
        let mut gross = collect(booked.gross.iter().copied(), "refunds")?;
        let mut time = collect(booked.time.iter().copied(), "refunds")?;
        let mut state = collect((0..items.len()).map(|i| booked.state(i)), "refunds")?;
        for (at, item) in items.iter().enumerate() {
            let order = *item as usize;
            let amount = refund.amount[order];
            let (status, kind, class) = unpack(state[at]);
            let word = |class| pack(status as u8, kind as u8, class);
            if at < n {
                net[at] = net[at].saturating_add(amount);
                // Only refunds in a column have a date; orders whose lines cancel out stay removed.
                if amount != 0 {
                    state[at] = word(match net[at] {
                        0 => Class::ZeroValue,
                        v if v < 0 && class == Class::Refund => Class::Refund,
                        _ => Class::Order,
                    });
                }
            } else {
                net[at] = -amount;
                gross[at] = 0;
                time[at] = refund.at(order).unwrap_or(time[at]);
                state[at] = word(Class::Refund);
            }
        }
        let none = |column: &Option<Buf<i64>>| before(column, n);
        booked.shipping = none(&booked.shipping)?;
        booked.tax = none(&booked.tax)?;
        booked.cost = none(&booked.cost)?;
        booked.net = net.into();
        booked.gross = gross.into();
        booked.time = time.into();
        booked.state = Some(state.into());
        booked.refund = None;
        let view = self.view_of(&items)?;
        booked.refund_of = Some(items.into());
        let booked = booked.finished();
        // Refunds may come after the last order; the zone's offsets must reach them.
        let offsets = match booked.range {
            Some((low, high)) => crate::time::Offsets::new(self.zone(), low, high),
            None => data_offsets(self),
        };
        Ok(Orders {
            data: Arc::new(Data { offsets, ..booked }),
            view,
            ..self.clone()
        })
    }
}

/// A column with zeros from row `n` on: the refunds, which have no shipping, tax or cost.
fn before(column: &Option<Buf<i64>>, n: usize) -> Result<Option<Buf<i64>>> {
    let Some(column) = column else {
        return Ok(None);
    };
    let cells = column.iter().enumerate();
    let cells = cells.map(|(at, v)| if at < n { *v } else { 0 });
    Ok(Some(collect(cells, "refunds")?.into()))
}

fn data_offsets(orders: &Orders) -> crate::time::Offsets {
    orders.data.offsets.clone()
}

/// The rank of each value in its column, nulls last.
pub(crate) fn rank(values: &AttributeValues) -> Result<Vec<u32>> {
    Ok(match values {
        AttributeValues::Codes(ids, codes) => {
            let ids: &Ids = ids;
            let mut place = filled(ids.len(), NO_ID, "breakdown")?;
            for (i, code) in ids.by_id()?.iter().enumerate() {
                place[*code as usize] = i as u32;
            }
            let ranks = codes.iter().map(|c| {
                if *c == NO_ID {
                    NO_ID
                } else {
                    place[*c as usize]
                }
            });
            collect(ranks, "breakdown")?
        }
        AttributeValues::Bands(_, codes, places) => {
            let place = |code: &u32| places.get(*code as usize).copied().unwrap_or(NO_ID);
            collect(codes.iter().map(place), "breakdown")?
        }
        AttributeValues::Words(_, codes) => collect(
            codes.iter().map(|c| match *c {
                NO_WORD => NO_ID,
                code => code.into(),
            }),
            "breakdown",
        )?,
        AttributeValues::Days(days) => collect(
            days.iter().map(|d| match *d {
                i32::MIN => NO_ID,
                day => (i64::from(day) - i64::from(i32::MIN)) as u32,
            }),
            "breakdown",
        )?,
        AttributeValues::Bools(v) => collect(v.iter().map(|b| u32::from(*b)), "breakdown")?,
        AttributeValues::Amounts(..) => {
            return Err(Error::option(
                "by",
                "",
                "a column of few values, not amounts",
            ));
        }
    })
}

impl Data {
    /// These orders, in this order, without their lines.
    fn gather(&self, orders: &[u32]) -> Result<Data> {
        fn pick<T: Copy + Send + Sync + 'static>(from: &Buf<T>, at: &[u32]) -> Result<Buf<T>> {
            Ok(collect(at.iter().map(|i| from[*i as usize]), "orders")?.into())
        }
        let opt = |column: &Option<Buf<i64>>| column.as_ref().map(|c| pick(c, orders)).transpose();
        let dim = |dim: &Dim| -> Result<Dim> {
            Ok(Dim {
                codes: dim.codes.as_ref().map(|c| pick(c, orders)).transpose()?,
                ..dim.clone()
            })
        };
        let mut rows = self.rows.take(&[])?;
        rows.number = None;
        Ok(Data {
            customer: pick(&self.customer, orders)?,
            time: pick(&self.time, orders)?,
            net: pick(&self.net, orders)?,
            gross: pick(&self.gross, orders)?,
            shipping: opt(&self.shipping)?,
            tax: opt(&self.tax)?,
            cost: opt(&self.cost)?,
            refund: match &self.refund {
                Some(refund) => Some(Refund {
                    amount: pick(&refund.amount, orders)?,
                    at: opt(&refund.at)?,
                }),
                None => None,
            },
            state: self.state.as_ref().map(|s| pick(s, orders)).transpose()?,
            order_id: self.order_id.as_ref().map(dim).transpose()?,
            dims: self.dims.iter().map(dim).collect::<Result<_>>()?,
            line_order: None,
            ..Data::empty(rows, self.offsets.clone())
        })
    }
}
