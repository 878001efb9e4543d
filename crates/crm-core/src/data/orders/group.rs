//! Groups rows to orders. Without an order id each row is an order (a refund if its amount is
//! negative). With an order id, the rows with one key (shop, order id) are the lines of an order.

use super::order_data::{Class, Data, Dim, Refund, pack};
use super::rows::{AsRead, Rows, guest};
use super::spec::{AmountIs, BadRows, OrdersSpec, RepeatedRows};
use crate::columns::Buf;
use crate::context::{Context, collect, filled, push, room};
use crate::data::blocks::BLANK;
use crate::data::input::batches::RowDim;
use crate::data::input::parse::{NO_WORD, Problems, Reason};
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::time::Offsets;
use std::sync::Arc;

impl Data {
    /// Orders from validated rows.
    pub(crate) fn group(
        rows: Rows,
        spec: &OrdersSpec,
        offsets: Offsets,
        context: &Context,
    ) -> Result<Data> {
        // Columns in which nothing is filled are shared.
        let came = Arc::new(rows.clone());
        let mut rows = repeated(rows, spec, context)?;
        rows.as_read = AsRead::default();
        let mut data = if rows.order.is_none() {
            single(rows, offsets)?
        } else {
            let (rows, keys) = complete(rows, spec, context)?;
            lines(rows, keys, spec, offsets, context)?
        };
        data.came = Some(came);
        Ok(data)
    }

    /// Orders from chosen rows of orders. The rows are complete: nothing is filled again and no row
    /// is dropped as repeated, because that would change the chosen rows.
    pub(crate) fn group_again(
        rows: Rows,
        spec: &OrdersSpec,
        offsets: Offsets,
        context: &Context,
    ) -> Result<Data> {
        if rows.order.is_none() {
            return single(rows, offsets);
        }
        let keys = key_of_rows(&rows, spec, context)?;
        lines(rows, keys, spec, offsets, context)
    }
}

/// Each row is an order.
fn single(rows: Rows, offsets: Offsets) -> Result<Data> {
    let n = rows.len();
    let plain = rows.discount.is_none() && rows.refunded.is_none();
    let gross = rows.amount.clone();
    let net = match plain {
        true => gross.clone(),
        false => net(&gross, &rows.discount, &rows.refunded)?,
    };
    let mut classes = Vec::new();
    if !plain || !rows.positive && gross.iter().fold(1, |low: i64, a| low.min(*a)) <= 0 {
        classes = room(n, "orders")?;
        let refunded = |i: usize| rows.refunded.as_ref().map_or(0, |c| c[i]);
        classes.extend((0..n).map(|i| class(gross[i], net[i], refunded(i), gross[i] > 0, false)));
    }
    let dims = rows.dims.iter().map(|d| Dim {
        name: d.name.clone(),
        ids: d.ids.clone(),
        codes: Some(d.codes.clone()),
    });
    Ok(Data {
        customer: rows.customer.clone(),
        time: rows.time.clone(),
        net,
        gross,
        shipping: rows.shipping.clone(),
        tax: rows.tax.clone(),
        cost: rows.cost.clone(),
        refund: refund(&rows.refunded, &rows.refunded_at),
        state: state(n, &rows.status, &rows.kind, &classes)?,
        order_id: None,
        dims: dims.collect(),
        line_order: None,
        sorted: rows.sorted,
        ..Data::empty(rows, offsets)
    })
}

/// The class of an order. `positive`: one of its lines has a positive amount; `has_id`: rows are
/// lines of orders.
fn class(gross: i64, net: i64, refunded: i64, positive: bool, has_id: bool) -> Class {
    if gross <= 0 && positive && has_id || refunded > 0 && net <= 0 {
        Class::FullRefund
    } else if gross < 0 {
        Class::Refund
    } else if net == 0 {
        Class::ZeroValue
    } else {
        Class::Order
    }
}

fn net(
    gross: &Buf<i64>,
    discount: &Option<Buf<i64>>,
    refunded: &Option<Buf<i64>>,
) -> Result<Buf<i64>> {
    let part = |column: &Option<Buf<i64>>, i: usize| column.as_ref().map_or(0, |c| c[i]);
    let cells = gross.iter().enumerate().map(|(i, amount)| {
        amount
            .saturating_sub(part(discount, i))
            .saturating_sub(part(refunded, i))
    });
    Ok(collect(cells, "orders")?.into())
}

fn refund(refunded: &Option<Buf<i64>>, at: &Option<Buf<i64>>) -> Option<Refund> {
    refunded.as_ref().map(|amount| Refund {
        amount: amount.clone(),
        at: at.clone(),
    })
}

fn state(
    n: usize,
    status: &Option<Buf<u8>>,
    kind: &Option<Buf<u8>>,
    classes: &[Class],
) -> Result<Option<Buf<u8>>> {
    if status.is_none() && kind.is_none() && classes.iter().all(|c| *c == Class::Order) {
        return Ok(None);
    }
    let word = |column: &Option<Buf<u8>>, i: usize| column.as_ref().map_or(NO_WORD, |c| c[i]);
    let class = |i: usize| classes.get(i).copied().unwrap_or(Class::Order);
    let cells = (0..n).map(|i| pack(word(status, i), word(kind, i), class(i)));
    Ok(Some(collect(cells, "orders")?.into()))
}

/// Applies the setting for rows that are equal in every column. Cells are compared as read: ids
/// exactly, words after translation, unit amounts and quantities separately.
fn repeated(rows: Rows, spec: &OrdersSpec, context: &Context) -> Result<Rows> {
    if spec.repeated_rows == RepeatedRows::Keep {
        return Ok(rows);
    }
    context.check()?;
    let mut order = collect((0..rows.len()).map(|i| i as u32), "rows")?;
    // The values of a row in a fixed order: two rows are equal if all of these are equal.
    let optional = [
        &rows.discount,
        &rows.refunded,
        &rows.refunded_at,
        &rows.shipping,
        &rows.tax,
        &rows.cost,
    ];
    let numbers = optional.into_iter().flatten().chain(&rows.as_read.numbers);
    let numbers: Vec<&Buf<i64>> = numbers.collect();
    let words = [&rows.status, &rows.kind, &rows.as_read.line_kind];
    let columns = rows.dims.iter().chain(&rows.order);
    let columns: Vec<&Buf<u32>> = columns.map(|d| &d.codes).collect();
    let compare = |a: u32, b: u32| {
        let (i, j) = (a as usize, b as usize);
        let mut by = rows.time[i].cmp(&rows.time[j]);
        by = by.then(rows.customer[i].cmp(&rows.customer[j]));
        by = by.then(rows.amount[i].cmp(&rows.amount[j]));
        for column in &numbers {
            by = by.then_with(|| column[i].cmp(&column[j]));
        }
        for column in words.into_iter().flatten() {
            by = by.then_with(|| column[i].cmp(&column[j]));
        }
        for column in &columns {
            by = by.then_with(|| column[i].cmp(&column[j]));
        }
        by
    };
    order.sort_unstable_by(|a, b| compare(*a, *b).then(a.cmp(b)));
    let mut problems = Problems::new(false, rows.len());
    for pair in order.windows(2) {
        if compare(pair[0], pair[1]).is_eq() {
            let row = pair[1] as usize;
            match spec.repeated_rows {
                RepeatedRows::Error => problems.add(row, Reason::Repeated, || Error::Conflict {
                    column: spec.customer_id.clone(),
                    row: rows.number(row),
                    other_row: rows.number(pair[0] as usize),
                    problem: "the row repeats another in every column".into(),
                })?,
                _ => problems.leave_out(row, Reason::Repeated)?,
            }
        }
    }
    let reasons = problems.finish()?;
    rows.without(&reasons)
}

/// Completes the rows: each row gets the values of its order. Rows that contradict their order are
/// left out.
fn complete(mut rows: Rows, spec: &OrdersSpec, context: &Context) -> Result<(Rows, Keys)> {
    loop {
        let keys = key_of_rows(&rows, spec, context)?;
        let mut problems = Problems::new(spec.bad_rows == BadRows::Drop, rows.len());
        let mut whole = rows.clone();
        fill(&mut whole, &keys, spec, &mut problems)?;
        let reasons = problems.finish()?;
        if reasons.iter().all(|r| *r == Reason::Good) {
            return Ok((whole, keys));
        }
        // Starts again from the input, so that a row that is left out fills no blank cell and dates
        // no order.
        rows = rows.without(&reasons)?;
    }
}

/// The lines of each key become one order.
fn lines(
    rows: Rows,
    keys: Keys,
    spec: &OrdersSpec,
    offsets: Offsets,
    context: &Context,
) -> Result<Data> {
    context.check()?;
    let (groups, n) = (&keys.of_row, keys.first_row.len());
    let sum = |column: &Buf<i64>, name: &str| match spec.amount_is {
        AmountIs::Order => keys.first(column),
        _ => keys.sum(column, name),
    };
    let opt = |column: &Option<Buf<i64>>, name: &Option<String>| {
        let name = name.as_deref().unwrap_or(&spec.amount);
        column.as_ref().map(|c| sum(c, name)).transpose()
    };
    let gross = sum(&rows.amount, &spec.amount)?;
    let discount = opt(&rows.discount, &spec.discount)?;
    let refunded = opt(&rows.refunded, &spec.refunded)?;
    let mut positive = filled(n, false, "orders")?;
    for (row, group) in groups.iter().enumerate() {
        positive[*group as usize] |= rows.amount[row] > 0;
    }
    let part = |column: &Option<Buf<i64>>, i: usize| column.as_ref().map_or(0, |c| c[i]);
    let net = net(&gross, &discount, &refunded)?;
    let classes = (0..n).map(|g| class(gross[g], net[g], part(&refunded, g), positive[g], true));
    let classes = collect(classes, "orders")?;
    let byte = |column: &Option<Buf<u8>>| column.as_ref().map(|c| keys.first(c)).transpose();
    let mut dims = Vec::new();
    for dim in &rows.dims {
        let whole = groups
            .iter()
            .zip(dim.codes.iter())
            .all(|(group, code)| dim.codes[keys.first_row[*group as usize] as usize] == *code);
        dims.push(Dim {
            name: dim.name.clone(),
            ids: dim.ids.clone(),
            codes: whole.then(|| keys.first(&dim.codes)).transpose()?,
        });
    }
    let order_id = match &rows.order {
        Some(dim) => Some(Dim {
            name: dim.name.clone(),
            ids: dim.ids.clone(),
            codes: Some(keys.first(&dim.codes)?),
        }),
        None => None,
    };
    let last = rows.refunded_at.as_ref().map(|at| keys.last(at));
    let refunded_at = last.transpose()?;
    Ok(Data {
        customer: keys.first(&rows.customer)?,
        time: keys.first(&rows.time)?,
        net,
        gross,
        shipping: opt(&rows.shipping, &spec.shipping)?,
        tax: opt(&rows.tax, &spec.tax)?,
        cost: opt(&rows.cost, &spec.cost)?,
        refund: refund(&refunded, &refunded_at),
        state: state(n, &byte(&rows.status)?, &byte(&rows.kind)?, &classes)?,
        order_id,
        dims,
        line_order: Some(keys.of_row.into()),
        ..Data::empty(rows, offsets)
    })
}

/// The order of each row; orders are numbered by first appearance.
pub(super) struct Keys {
    pub(super) of_row: Vec<u32>,
    first_row: Vec<u32>,
}

impl Keys {
    /// The cell of each order's first row.
    fn first<T: Copy + Send + Sync + 'static>(&self, column: &Buf<T>) -> Result<Buf<T>> {
        let cells = self.first_row.iter().map(|row| column[*row as usize]);
        Ok(collect(cells, "orders")?.into())
    }

    /// The sum of each order's rows.
    fn sum(&self, column: &Buf<i64>, name: &str) -> Result<Buf<i64>> {
        let mut sums = filled(self.first_row.len(), 0_i64, "orders")?;
        for (row, group) in self.of_row.iter().enumerate() {
            let to = &mut sums[*group as usize];
            *to = to
                .checked_add(column[row])
                .filter(|v| v.unsigned_abs() < 1 << 62)
                .ok_or_else(|| Error::Overflow {
                    column: name.to_owned(),
                    what: "the sum of an order's lines",
                })?;
        }
        Ok(sums.into())
    }

    /// The latest instant of each order's rows: the date of its refund.
    fn last(&self, column: &Buf<i64>) -> Result<Buf<i64>> {
        let mut last = filled(self.first_row.len(), BLANK, "orders")?;
        for (row, group) in self.of_row.iter().enumerate() {
            last[*group as usize] = last[*group as usize].max(column[row]);
        }
        Ok(last.into())
    }
}

pub(super) fn key_of_rows(rows: &Rows, spec: &OrdersSpec, context: &Context) -> Result<Keys> {
    let Some(order) = &rows.order else {
        return Err(Error::internal("lines without an order id"));
    };
    let shop = spec
        .shop
        .as_ref()
        .and_then(|name| rows.dims.iter().find(|d| d.name == *name));
    let keys = (0..rows.len()).map(|i| {
        let shop = shop.map_or(0, |d: &RowDim| d.codes[i]);
        i64::from(order.codes[i]) | i64::from(shop) << 32
    });
    let column = crate::columns::ColumnData::from(crate::columns::ColumnValues::Int {
        values: collect(keys, "orders")?.into(),
        bits: 64,
    });
    let mut ids = crate::ids::Ids::new(crate::ids::IdKind::Int(64), context.hash_seed);
    let mut codes = Vec::new();
    ids.encode(&order.name, &[&column], &mut codes, &context.uncounted())?;
    // Numbered by first appearance, whatever the form of the dictionary.
    let mut number = filled(ids.len(), NO_ID, "orders")?;
    let mut first_row = Vec::new();
    for (row, code) in codes.iter_mut().enumerate() {
        let number = &mut number[*code as usize];
        if *number == NO_ID {
            *number = first_row.len() as u32;
            push(&mut first_row, row as u32, "orders")?;
        }
        *code = *number;
    }
    Ok(Keys {
        of_row: codes,
        first_row,
    })
}

/// Fills blank cells of an order's lines from its other lines, and refuses lines that contradict
/// each other. Then every line has all values of its order, so any choice of lines is an order
/// again.
fn fill(rows: &mut Rows, keys: &Keys, spec: &OrdersSpec, problems: &mut Problems) -> Result<()> {
    let mut filling = Filling {
        keys,
        spec,
        problems,
        numbers: rows.number.clone(),
    };
    let customer = filling.codes(
        &rows.customer,
        NO_ID,
        Reason::BadOrderId,
        (&spec.customer_id, "two customers under one order id"),
    )?;
    rows.time = filling.times(&rows.time)?;
    if spec.amount_is == AmountIs::Order {
        filling.totals(rows)?;
    }
    for (column, name) in [
        (&mut rows.status, &spec.status),
        (&mut rows.kind, &spec.kind),
    ] {
        if let (Some(cells), Some(name)) = (column.as_ref(), name) {
            let said = (name.as_str(), "two words for one order");
            *column = Some(filling.codes(cells, NO_WORD, Reason::BadWord, said)?);
        }
    }
    filling.guests(&customer)?;
    rows.customer = customer;
    // Blank cells of a dimension take the order's value if the order has exactly one.
    for dim in &mut rows.dims {
        let mut several = false;
        let agreed = agree(keys, &dim.codes, NO_ID, |_, _| {
            several = true;
            Ok(())
        })?;
        if !several {
            dim.codes = agreed;
        }
    }
    Ok(())
}

/// The lines of orders while they complete each other.
struct Filling<'a> {
    keys: &'a Keys,
    spec: &'a OrdersSpec,
    problems: &'a mut Problems,
    numbers: Option<Buf<u64>>,
}

impl Filling<'_> {
    /// Each row's order's value of a column; two values are a problem with the column's name and these words.
    fn codes<T: Copy + PartialEq + Send + Sync + 'static>(
        &mut self,
        column: &Buf<T>,
        blank: T,
        reason: Reason,
        (name, problem): (&str, &'static str),
    ) -> Result<Buf<T>> {
        let number = |row: usize| self.numbers.as_ref().map_or(row as u64, |n| n[row]);
        agree(self.keys, column, blank, |row, other| {
            self.problems.add(row, reason, || Error::Conflict {
                column: name.to_owned(),
                row: number(row),
                other_row: number(other as usize),
                problem: problem.into(),
            })
        })
    }

    /// A row without a value that at least one line of its order must have.
    fn missing(
        &mut self,
        row: usize,
        reason: Reason,
        name: &str,
        expected: &'static str,
    ) -> Result<()> {
        let number = self.numbers.as_ref().map_or(row as u64, |n| n[row]);
        self.problems
            .add(row, reason, || Error::null(name, number as usize, expected))
    }

    /// The instant of an order is the instant of its earliest line.
    fn times(&mut self, column: &Buf<i64>) -> Result<Buf<i64>> {
        let of_row = &self.keys.of_row;
        let mut times = filled(self.keys.first_row.len(), i64::MAX, "orders")?;
        for (row, group) in of_row.iter().enumerate() {
            if column[row] != BLANK {
                times[*group as usize] = times[*group as usize].min(column[row]);
            }
        }
        let time = kept(
            column,
            collect(of_row.iter().map(|g| times[*g as usize]), "orders")?,
        );
        for (row, _) in time.iter().enumerate().filter(|(_, t)| **t == i64::MAX) {
            let expected = "a time on at least one line of the order";
            self.missing(row, Reason::BadTime, &self.spec.ordered_at, expected)?;
        }
        Ok(time)
    }

    /// Amounts that are the order's, on one line or repeated on all.
    fn totals(&mut self, rows: &mut Rows) -> Result<()> {
        let spec = self.spec;
        let mut money = |column: &Buf<i64>, name: &str| {
            let said = (name, "two totals for one order (amount_is \"order\")");
            self.codes(column, BLANK, Reason::BadAmount, said)
        };
        rows.amount = money(&rows.amount, &spec.amount)?;
        for (column, name) in [
            (&mut rows.discount, &spec.discount),
            (&mut rows.refunded, &spec.refunded),
            (&mut rows.shipping, &spec.shipping),
            (&mut rows.tax, &spec.tax),
            (&mut rows.cost, &spec.cost),
        ] {
            if let (Some(cells), Some(name)) = (column.as_ref(), name) {
                // A blank was read as zero; in these columns it means the order's value on another
                // line.
                let blank = cells.iter().map(|v| if *v == 0 { BLANK } else { *v });
                let filled = money(&collect(blank, "orders")?.into(), name)?;
                let zero = filled.iter().map(|v| if *v == BLANK { 0 } else { *v });
                *column = Some(kept(cells, collect(zero, "orders")?));
            }
        }
        for (row, _) in rows.amount.iter().enumerate().filter(|(_, a)| **a == BLANK) {
            let expected = "the order's total on at least one of its lines";
            self.missing(row, Reason::BadAmount, &spec.amount, expected)?;
        }
        Ok(())
    }

    fn guests(&mut self, customer: &[u32]) -> Result<()> {
        if self.spec.guests == super::spec::Guests::Keep {
            return Ok(());
        }
        for (row, _) in customer.iter().enumerate().filter(|(_, c)| **c == NO_ID) {
            let number = self.numbers.as_ref().map_or(row as u64, |n| n[row]);
            guest(
                self.problems,
                self.spec,
                &self.spec.customer_id,
                row,
                number,
            )?;
        }
        Ok(())
    }
}

/// For each row, the value of a column in its order. `differ` is called for rows that contradict an
/// earlier row of the order.
fn agree<T: Copy + PartialEq + Send + Sync + 'static>(
    keys: &Keys,
    column: &Buf<T>,
    blank: T,
    mut differ: impl FnMut(usize, u32) -> Result<()>,
) -> Result<Buf<T>> {
    let mut first = filled(keys.first_row.len(), NO_ID, "orders")?;
    for (row, group) in keys.of_row.iter().enumerate() {
        if column[row] == blank {
            continue;
        }
        let first = &mut first[*group as usize];
        if *first == NO_ID {
            *first = row as u32;
        } else if column[*first as usize] != column[row] {
            differ(row, *first)?;
        }
    }
    let cells = keys
        .of_row
        .iter()
        .map(|group| match first[*group as usize] {
            NO_ID => blank,
            row => column[row as usize],
        });
    Ok(kept(column, collect(cells, "orders")?))
}

/// The column itself if its cells equal `cells`, so that the original rows share the memory.
fn kept<T: PartialEq + Send + Sync + 'static>(column: &Buf<T>, cells: Vec<T>) -> Buf<T> {
    match column[..] == cells[..] {
        true => column.clone(),
        false => cells.into(),
    }
}
