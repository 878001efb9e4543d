//! Groups rows to orders. Without an order id each row is an order (a refund if its amount is
//! negative). With an order id, the rows with one key (shop, order id) are the lines of an order.

use super::order_data::{Class, Data, Dim, Refund, pack};
use super::rows::{AsRead, Rows, guest};
use super::spec::{AmountIs, BadRows, OrdersSpec, RepeatedRows};
use crate::columns::Buf;
use crate::context::{Context, collect, filled, push, room};
use crate::data::input::batches::RowDim;
use crate::data::input::blocks::BLANK;
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
    context.advance(rows.len())?;

    let (groups, n) = (&keys.of_row, keys.first_row.len());
    let once = spec.amount_is == AmountIs::Order;
    let sum = |column: &Buf<i64>, name: &str| -> Result<Buf<i64>> {
        if once {
            let first = keys.first_row.iter().map(|row| column[*row as usize]);
            return Ok(collect(first, "orders")?.into());
        }
        let mut sums = filled(n, 0_i64, "orders")?;
        for (row, group) in groups.iter().enumerate() {
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
    let first = |column: &Buf<i64>| -> Result<Buf<i64>> {
        let cells = keys.first_row.iter().map(|row| column[*row as usize]);
        Ok(collect(cells, "orders")?.into())
    };
    let byte = |column: &Option<Buf<u8>>| -> Result<Option<Buf<u8>>> {
        let Some(column) = column else {
            return Ok(None);
        };
        let cells = keys.first_row.iter().map(|row| column[*row as usize]);
        Ok(Some(collect(cells, "orders")?.into()))
    };
    let codes = |column: &Buf<u32>| -> Result<Buf<u32>> {
        let cells = keys.first_row.iter().map(|row| column[*row as usize]);
        Ok(collect(cells, "orders")?.into())
    };
    let mut dims = Vec::new();
    for dim in &rows.dims {
        let whole = groups
            .iter()
            .zip(dim.codes.iter())
            .all(|(group, code)| dim.codes[keys.first_row[*group as usize] as usize] == *code);
        dims.push(Dim {
            name: dim.name.clone(),
            ids: dim.ids.clone(),
            codes: whole.then(|| codes(&dim.codes)).transpose()?,
        });
    }
    let order_id = match &rows.order {
        Some(dim) => Some(Dim {
            name: dim.name.clone(),
            ids: dim.ids.clone(),
            codes: Some(codes(&dim.codes)?),
        }),
        None => None,
    };
    // The date of an order's refund is the latest among its lines.
    let refunded_at = match &rows.refunded_at {
        Some(at) => {
            let mut last = filled(n, BLANK, "orders")?;
            for (row, group) in groups.iter().enumerate() {
                last[*group as usize] = last[*group as usize].max(at[row]);
            }
            Some(last.into())
        }
        None => None,
    };
    Ok(Data {
        customer: codes(&rows.customer)?,
        time: first(&rows.time)?,
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
    ids.encode(&order.name, &[&column], &mut codes, context)?;
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
    let numbers = rows.number.clone();
    let number = |row: usize| numbers.as_ref().map_or(row as u64, |n| n[row]);
    let n = keys.first_row.len();
    let conflict = |column: &str, row: usize, other: u32, problem: &'static str| Error::Conflict {
        column: column.to_owned(),
        row: number(row),
        other_row: number(other as usize),
        problem: problem.into(),
    };

    let customer = agree(keys, n, &rows.customer, NO_ID, |row, other| {
        problems.add(row, Reason::BadOrderId, || {
            conflict(
                &spec.customer_id,
                row,
                other,
                "two customers under one order id",
            )
        })
    })?;
    // The instant of an order is the instant of its earliest line.
    let mut times = filled(n, i64::MAX, "orders")?;
    for (row, group) in keys.of_row.iter().enumerate() {
        let time = rows.time[row];
        if time != BLANK {
            times[*group as usize] = times[*group as usize].min(time);
        }
    }
    let time = kept(
        &rows.time,
        collect(keys.of_row.iter().map(|g| times[*g as usize]), "orders")?,
    );
    for (row, t) in time.iter().enumerate() {
        if *t == i64::MAX {
            problems.add(row, Reason::BadTime, || {
                Error::null(
                    &spec.ordered_at,
                    number(row) as usize,
                    "a time on at least one line of the order",
                )
            })?;
        }
    }
    let mut money = |column: &Buf<i64>, name: &str| {
        agree(keys, n, column, BLANK, |row, other| {
            problems.add(row, Reason::BadAmount, || {
                conflict(
                    name,
                    row,
                    other,
                    "two totals for one order (amount_is \"order\")",
                )
            })
        })
    };
    let mut amount = rows.amount.clone();
    if spec.amount_is == AmountIs::Order {
        amount = money(&rows.amount, &spec.amount)?;
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
        for (row, a) in amount.iter().enumerate() {
            if *a == BLANK {
                problems.add(row, Reason::BadAmount, || {
                    Error::null(
                        &spec.amount,
                        number(row) as usize,
                        "the order's total on at least one of its lines",
                    )
                })?;
            }
        }
    }
    for (column, name) in [
        (&mut rows.status, &spec.status),
        (&mut rows.kind, &spec.kind),
    ] {
        if let (Some(cells), Some(name)) = (column.as_ref(), name) {
            let agreed = agree(keys, n, cells, NO_WORD, |row, other| {
                problems.add(row, Reason::BadWord, || {
                    conflict(name, row, other, "two words for one order")
                })
            })?;
            *column = Some(agreed);
        }
    }
    if spec.guests != super::spec::Guests::Keep {
        for (row, code) in customer.iter().enumerate() {
            if *code == NO_ID {
                guest(problems, spec, &spec.customer_id, row, number(row))?;
            }
        }
    }
    // Blank cells of a dimension take the order's value if the order has exactly one.
    let mut dims = Vec::new();
    for dim in &rows.dims {
        let mut several = false;
        let agreed = agree(keys, n, &dim.codes, NO_ID, |_, _| {
            several = true;
            Ok(())
        })?;
        let codes = if several { dim.codes.clone() } else { agreed };
        dims.push(RowDim {
            codes,
            ..dim.clone()
        });
    }
    rows.dims = dims;
    rows.customer = customer;
    rows.time = time;
    rows.amount = amount;
    Ok(())
}

/// For each row, the value of a column in its order. `differ` is called for rows that contradict an
/// earlier row of the order.
fn agree<T: Copy + PartialEq + Send + Sync + 'static>(
    keys: &Keys,
    n: usize,
    column: &Buf<T>,
    blank: T,
    mut differ: impl FnMut(usize, u32) -> Result<()>,
) -> Result<Buf<T>> {
    let mut first = filled(n, NO_ID, "orders")?;
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
