//! Rows as they came in, read and validated column by column, before they are orders. Kept, so
//! that more rows can be appended ([`Rows::append`]) and lines can be chosen ([`Rows::take`]).

use super::ids::{Ids, NO_ID, kind_of};
use super::read::{self, BLANK, Money, NO_WORD, Problems, Reason, Times, words};
use super::spec::{AmountUnit, BadRows, Guests, OrdersSpec};
use super::{AmountIs, Batch, Buf, ColumnData, KindWord, LineKind, StatusWord};
use crate::context::{collect, filled, grow, room};
use crate::{Context, Currency, Error, Offsets, Result, Zone};
use std::sync::Arc;

/// A column to filter and break down by.
#[derive(Clone)]
pub(crate) struct RowDim {
    pub(crate) name: String,
    pub(crate) ids: Arc<Ids>,
    pub(crate) codes: Buf<u32>,
}

/// What was left out before it became a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LeftOut {
    pub(crate) reason: Reason,
    pub(crate) rows: u64,
    pub(crate) amount: i128,
}

/// Validated rows; all columns have one length.
#[derive(Clone)]
pub(crate) struct Rows {
    pub(crate) ids: Arc<Ids>,
    /// [`NO_ID`] where there is none.
    pub(crate) customer: Buf<u32>,
    /// UTC microseconds; [`BLANK`] only on later lines of an order.
    pub(crate) time: Buf<i64>,
    /// Merchandise, minor units; [`BLANK`] only on later lines of an order.
    pub(crate) amount: Buf<i64>,
    pub(crate) discount: Option<Buf<i64>>,
    pub(crate) refunded: Option<Buf<i64>>,
    pub(crate) refunded_at: Option<Buf<i64>>,
    pub(crate) shipping: Option<Buf<i64>>,
    pub(crate) tax: Option<Buf<i64>>,
    pub(crate) cost: Option<Buf<i64>>,
    pub(crate) status: Option<Buf<u8>>,
    pub(crate) kind: Option<Buf<u8>>,
    pub(crate) order: Option<RowDim>,
    /// Channel, shop, product, category and the named dimensions, as far as given.
    pub(crate) dims: Vec<RowDim>,
    /// Row numbers in the caller's order, where rows were left out.
    pub(crate) number: Option<Buf<u64>>,
    pub(crate) left_out: Vec<LeftOut>,
    /// Cells rounded to a whole minor unit.
    pub(crate) rounded: u64,
    /// Whether times are known to ascend.
    pub(crate) sorted: bool,
    /// Whether all amounts are known to be greater than zero.
    pub(crate) positive: bool,
}

impl Rows {
    /// Rows.
    pub(crate) fn len(&self) -> usize {
        self.time.len()
    }

    /// A row's number in the caller's order.
    pub(crate) fn number(&self, row: usize) -> u64 {
        self.number.as_ref().map_or(row as u64, |n| n[row])
    }

    /// Reads all columns of the batches. Gives the rows and the offsets of the shop's zone.
    pub(crate) fn read(
        spec: &OrdersSpec,
        batches: &[Batch],
        context: &Context,
    ) -> Result<(Rows, Offsets)> {
        spec.check()?;
        let currency = spec.currency()?;
        let input = Input::new(spec, batches)?;
        let n = input.rows;
        context.expect(2 * n);
        context.afford(n.saturating_mul(24), "orders")?;
        let mut problems = Problems::new(spec.bad_rows == BadRows::Drop, n);

        let (ids, customer) = input.encode(&spec.customer_id, "a customer id", context)?;
        let (time, offsets, sorted, blank_time) = input.times(spec, &mut problems)?;
        let mut rounded = 0;
        fn money<'m>(spec: &OrdersSpec, column: &'m str, reason: Reason) -> Result<Money<'m>> {
            Ok(Money {
                column,
                currency: spec.currency()?,
                minor: spec.amount_unit == AmountUnit::Minor,
                round: spec.round_amounts,
                reason,
            })
        }
        let (mut amount, least) = input.money(
            money(spec, &spec.amount, Reason::BadAmount)?,
            &mut problems,
            &mut rounded,
        )?;
        let mut optional = |name: &Option<String>, sign: bool| -> Result<Option<Vec<i64>>> {
            let Some(name) = name else { return Ok(None) };
            let (read, _) = input.money(
                money(spec, name, Reason::BadMoney)?,
                &mut problems,
                &mut rounded,
            )?;
            let mut cells = collect(read.iter().copied(), "amounts")?;
            for (row, cell) in cells.iter_mut().enumerate() {
                if *cell == BLANK {
                    *cell = 0;
                } else if sign && *cell < 0 {
                    problems.add(row, Reason::BadMoney, || {
                        Error::value(name, row, "zero or a positive number")
                    })?;
                }
            }
            Ok(Some(cells))
        };
        let mut discount = optional(&spec.discount, true)?;
        let mut refunded = optional(&spec.refunded, true)?;
        let mut shipping = optional(&spec.shipping, false)?;
        let tax = optional(&spec.tax, false)?;
        let cost = optional(&spec.cost, false)?;
        let refunded_at = match &spec.refunded_at {
            Some(name) => {
                Some(input.instants(name, Reason::BadRefundTime, &offsets, &mut problems)?)
            }
            None => None,
        };
        let status = input.words(
            &spec.status,
            &mut problems,
            |word| {
                spec.status_map
                    .get(word)
                    .copied()
                    .or_else(|| StatusWord::parse(word))
            },
            StatusWord::LABELS,
            spec.status_map.keys(),
            |w| w as u8,
        )?;
        let kind = input.words(
            &spec.kind,
            &mut problems,
            |word| {
                spec.kind_map
                    .get(word)
                    .copied()
                    .or_else(|| KindWord::parse(word))
            },
            KindWord::LABELS,
            spec.kind_map.keys(),
            |w| w as u8,
        )?;
        let lines = input.words(
            &spec.line_kind,
            &mut problems,
            |word| {
                spec.line_kind_map
                    .get(word)
                    .copied()
                    .or_else(|| LineKind::parse(word))
            },
            LineKind::LABELS,
            spec.line_kind_map.keys(),
            |w| w as u8,
        )?;

        let mut dims = Vec::new();
        for name in dim_names(spec) {
            let (ids, codes) = input.encode(name, "a category", context)?;
            dims.push(RowDim {
                name: name.to_owned(),
                ids,
                codes,
            });
        }
        let order = match &spec.order_id {
            Some(name) => {
                let (ids, codes) = input.encode(name, "an order id", context)?;
                for (row, code) in codes.iter().enumerate() {
                    if *code == NO_ID {
                        problems.add(row, Reason::BadOrderId, || Error::Null {
                            column: name.into(),
                            row: row as u64,
                            expected: "an order id".into(),
                        })?;
                    }
                }
                Some(RowDim {
                    name: name.clone(),
                    ids,
                    codes,
                })
            }
            None => None,
        };
        input.one_currency(spec, currency, &mut problems)?;
        if spec.amount_is == AmountIs::Unit
            && let Some(quantity) = &spec.quantity
        {
            amount = input.times_quantity(quantity, &amount, &spec.amount, &mut problems)?;
        }

        // Blank cells are fine only where other lines of the order can fill them.
        let has_lines = order.is_some();
        for (row, t) in time.iter().enumerate().filter(|_| blank_time) {
            if *t == BLANK && !has_lines {
                problems.add(row, Reason::BadTime, || Error::Null {
                    column: spec.ordered_at.clone(),
                    row: row as u64,
                    expected: "a time".into(),
                })?;
            }
        }
        if spec.amount_is != AmountIs::Order {
            for (row, a) in amount.iter().enumerate().filter(|_| least == BLANK) {
                if *a == BLANK {
                    problems.add(row, Reason::BadAmount, || Error::Null {
                        column: spec.amount.clone(),
                        row: row as u64,
                        expected: "an amount".into(),
                    })?;
                }
            }
        }
        if !has_lines && spec.guests != Guests::Keep && input.may_be_null(&spec.customer_id)? {
            for (row, code) in customer.iter().enumerate() {
                if *code == NO_ID {
                    guest(&mut problems, spec, &spec.customer_id, row, row as u64)?;
                }
            }
        }
        if let Some(lines) = &lines {
            fold_lines(
                lines,
                &mut amount,
                &mut discount,
                &mut refunded,
                &mut shipping,
            )?;
        }

        let buf = |v: Option<Vec<i64>>| v.map(Buf::from);
        let rows = Rows {
            ids,
            customer,
            time,
            amount,
            discount: buf(discount),
            refunded: buf(refunded),
            refunded_at,
            shipping: buf(shipping),
            tax: buf(tax),
            cost: buf(cost),
            status,
            kind,
            order,
            dims,
            number: None,
            left_out: Vec::new(),
            rounded,
            sorted,
            positive: least > 0 && lines.is_none() && spec.amount_is != AmountIs::Unit,
        };
        let reasons = problems.finish()?;
        Ok((rows.without(&reasons)?, offsets))
    }

    /// Leaves rows out for their reasons, counted.
    pub(crate) fn without(self, reasons: &[Reason]) -> Result<Rows> {
        if reasons.iter().all(|r| *r == Reason::Good) {
            return Ok(self);
        }
        let mut left_out = self.left_out.clone();
        for (row, reason) in reasons
            .iter()
            .enumerate()
            .filter(|(_, r)| **r != Reason::Good)
        {
            let amount = match self.amount[row] {
                BLANK => 0,
                amount => {
                    i128::from(amount)
                        - i128::from(part(&self.discount, row))
                        - i128::from(part(&self.refunded, row))
                }
            };
            let at = match left_out.iter().position(|l| l.reason == *reason) {
                Some(at) => at,
                None => {
                    left_out.push(LeftOut {
                        reason: *reason,
                        rows: 0,
                        amount: 0,
                    });
                    left_out.len() - 1
                }
            };
            left_out[at].rows += 1;
            left_out[at].amount += amount;
        }
        left_out.sort_unstable_by_key(|l| l.reason);
        let mut keep = room(self.len(), "rows")?;
        keep.extend((0..self.len() as u32).filter(|i| reasons[*i as usize] == Reason::Good));
        Ok(Rows {
            left_out,
            ..self.take(&keep)?
        })
    }

    /// The rows at these indices; nothing is counted as left out.
    pub(crate) fn take(&self, rows: &[u32]) -> Result<Rows> {
        let dim = |d: &RowDim| -> Result<RowDim> {
            Ok(RowDim {
                codes: pick(&d.codes, rows)?,
                ..d.clone()
            })
        };
        let opt = |b: &Option<Buf<i64>>| b.as_ref().map(|b| pick(b, rows)).transpose();
        Ok(Rows {
            ids: self.ids.clone(),
            customer: pick(&self.customer, rows)?,
            time: pick(&self.time, rows)?,
            amount: pick(&self.amount, rows)?,
            discount: opt(&self.discount)?,
            refunded: opt(&self.refunded)?,
            refunded_at: opt(&self.refunded_at)?,
            shipping: opt(&self.shipping)?,
            tax: opt(&self.tax)?,
            cost: opt(&self.cost)?,
            status: self.status.as_ref().map(|b| pick(b, rows)).transpose()?,
            kind: self.kind.as_ref().map(|b| pick(b, rows)).transpose()?,
            order: self.order.as_ref().map(dim).transpose()?,
            dims: self.dims.iter().map(dim).collect::<Result<_>>()?,
            number: Some(collect(rows.iter().map(|r| self.number(*r as usize)), "rows")?.into()),
            left_out: Vec::new(),
            rounded: self.rounded,
            sorted: false,
            positive: false,
        })
    }

    /// These rows and then others, read under the same spec.
    pub(crate) fn append(&self, more: &Rows, context: &Context) -> Result<Rows> {
        let join = |a: &Buf<i64>, b: &Buf<i64>| chain(a, b);
        // A column that only one side has (no word in the other, no line of that kind) is blank
        // in the other.
        let (n, m) = (self.len(), more.len());
        let opt = |a, b| either(a, b, n, m, 0);
        let byte = |a, b| either(a, b, n, m, NO_WORD);
        let (ids, customer) = merge(
            &self.ids,
            &self.customer,
            &more.ids,
            &more.customer,
            context,
        )?;
        let dim = |a: &RowDim, b: &RowDim| -> Result<RowDim> {
            let (ids, codes) = merge(&a.ids, &a.codes, &b.ids, &b.codes, context)?;
            Ok(RowDim {
                name: a.name.clone(),
                ids,
                codes,
            })
        };
        // Row numbers go on counting behind the first import.
        let before = self
            .number
            .as_ref()
            .and_then(|b| b.last().map(|l| l + 1))
            .unwrap_or(n as u64);
        let before = before.max(n as u64 + self.left_out.iter().map(|l| l.rows).sum::<u64>());
        let number = (0..n).map(|i| self.number(i));
        let number = number.chain((0..m).map(|i| before + more.number(i)));
        let mut numbers = room(n + m, "rows")?;
        numbers.extend(number);
        let mut left_out = self.left_out.clone();
        for l in &more.left_out {
            match left_out.iter_mut().find(|mine| mine.reason == l.reason) {
                Some(mine) => {
                    mine.rows += l.rows;
                    mine.amount += l.amount;
                }
                None => left_out.push(*l),
            }
        }
        left_out.sort_unstable_by_key(|l| l.reason);
        Ok(Rows {
            ids,
            customer,
            time: join(&self.time, &more.time)?,
            amount: join(&self.amount, &more.amount)?,
            discount: opt(&self.discount, &more.discount)?,
            refunded: opt(&self.refunded, &more.refunded)?,
            refunded_at: either(&self.refunded_at, &more.refunded_at, n, m, BLANK)?,
            shipping: opt(&self.shipping, &more.shipping)?,
            tax: opt(&self.tax, &more.tax)?,
            cost: opt(&self.cost, &more.cost)?,
            status: byte(&self.status, &more.status)?,
            kind: byte(&self.kind, &more.kind)?,
            order: match (&self.order, &more.order) {
                (Some(a), Some(b)) => Some(dim(a, b)?),
                _ => None,
            },
            dims: self
                .dims
                .iter()
                .zip(&more.dims)
                .map(|(a, b)| dim(a, b))
                .collect::<Result<_>>()?,
            number: Some(numbers.into()),
            left_out,
            rounded: self.rounded + more.rounded,
            sorted: false,
            positive: false,
        })
    }
}

/// A guest row, as the setting for guests says.
pub(crate) fn guest(
    problems: &mut Problems,
    spec: &OrdersSpec,
    column: &str,
    row: usize,
    number: u64,
) -> Result<()> {
    match spec.guests {
        Guests::Keep => Ok(()),
        Guests::Drop => problems.leave_out(row, Reason::Guest),
        Guests::Error if problems.is_bad(row) => Ok(()),
        Guests::Error => problems.add(row, Reason::Guest, || Error::Null {
            column: column.into(),
            row: number,
            expected: "a customer id; guests=\"drop\" or \"keep\" allows rows without one".into(),
        }),
    }
}

/// The names of the columns kept as dimensions, each once.
pub(crate) fn dim_names(spec: &OrdersSpec) -> Vec<&str> {
    let named = [&spec.channel, &spec.shop, &spec.product, &spec.category];
    let mut names: Vec<&str> = Vec::new();
    for name in named.into_iter().flatten().chain(&spec.dimensions) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names
}

fn part(column: &Option<Buf<i64>>, row: usize) -> i64 {
    column.as_ref().map_or(0, |c| c[row])
}

fn pick<T: Copy + Send + Sync + 'static>(from: &Buf<T>, rows: &[u32]) -> Result<Buf<T>> {
    Ok(collect(rows.iter().map(|r| from[*r as usize]), "rows")?.into())
}

fn chain<T: Copy + Send + Sync + 'static>(a: &Buf<T>, b: &Buf<T>) -> Result<Buf<T>> {
    let mut out = room(a.len() + b.len(), "rows")?;
    out.extend_from_slice(a);
    out.extend_from_slice(b);
    Ok(out.into())
}

fn either<T: Copy + Send + Sync + 'static>(
    a: &Option<Buf<T>>,
    b: &Option<Buf<T>>,
    n: usize,
    m: usize,
    blank: T,
) -> Result<Option<Buf<T>>> {
    let or_blank = |column: &Option<Buf<T>>, len: usize| match column {
        Some(column) => Ok(column.clone()),
        None => Ok(filled(len, blank, "rows")?.into()),
    };
    match (a, b) {
        (None, None) => Ok(None),
        _ => chain(&or_blank(a, n)?, &or_blank(b, m)?).map(Some),
    }
}

fn merge(
    ids: &Arc<Ids>,
    codes: &Buf<u32>,
    more: &Arc<Ids>,
    more_codes: &Buf<u32>,
    context: &Context,
) -> Result<(Arc<Ids>, Buf<u32>)> {
    let mut used = filled(more.len(), false, "ids")?;
    for code in more_codes.iter().filter(|c| **c != NO_ID) {
        used[*code as usize] = true;
    }
    let mut merged = (**ids).clone();
    let map = merged.absorb(more, &used, context)?;
    let mut out = room(codes.len() + more_codes.len(), "rows")?;
    out.extend_from_slice(codes);
    out.extend(more_codes.iter().map(|c| match *c {
        NO_ID => NO_ID,
        code => map[code as usize],
    }));
    Ok((Arc::new(merged), out.into()))
}

/// Moves the amounts of lines that are no merchandise to where they belong.
fn fold_lines(
    kinds: &[u8],
    amount: &mut Buf<i64>,
    discount: &mut Option<Vec<i64>>,
    refunded: &mut Option<Vec<i64>>,
    shipping: &mut Option<Vec<i64>>,
) -> Result<()> {
    let n = kinds.len();
    let mut amounts = collect(amount.iter().copied(), "amounts")?;
    for (row, kind) in kinds.iter().enumerate() {
        let kind = LineKind::ALL
            .get(usize::from(*kind))
            .copied()
            .unwrap_or(LineKind::Product);
        let value = match std::mem::take(&mut amounts[row]) {
            BLANK => 0,
            value => value,
        };
        let (to, value) = match kind {
            LineKind::Product => {
                amounts[row] = value;
                continue;
            }
            LineKind::Tax => continue,
            LineKind::Discount | LineKind::Coupon => (&mut *discount, value.abs()),
            LineKind::Refund => (&mut *refunded, value.abs()),
            LineKind::Shipping | LineKind::Fee => (&mut *shipping, value),
        };
        let column = match to {
            Some(column) => column,
            None => to.insert(filled(n, 0, "amounts")?),
        };
        column[row] = column[row].saturating_add(value);
    }
    *amount = amounts.into();
    Ok(())
}

/// The columns of all batches, by name.
struct Input<'a> {
    batches: &'a [Batch],
    rows: usize,
}

impl<'a> Input<'a> {
    /// Checks that every column named is there, once per batch and as long as the others.
    fn new(spec: &OrdersSpec, batches: &'a [Batch]) -> Result<Self> {
        let mut rows = 0_usize;
        for batch in batches {
            let mut length = None;
            for name in spec.columns() {
                let column = find(batch, name)?;
                column.check(name)?;
                let expected = *length.get_or_insert(column.len());
                if column.len() != expected {
                    return Err(Error::ColumnLength {
                        column: name.into(),
                        found: column.len(),
                        expected,
                    });
                }
            }
            rows = rows.saturating_add(length.unwrap_or(0));
        }
        if rows >= NO_ID as usize {
            return Err(Error::Overflow {
                column: spec.customer_id.clone(),
                what: "the number of rows of one import (4,294,967,294 at most)",
            });
        }
        Ok(Input { batches, rows })
    }

    /// The chunks of a column, each with its first row.
    fn chunks(&self, name: &str) -> Result<Vec<(usize, &'a ColumnData)>> {
        let mut first = 0;
        self.batches
            .iter()
            .map(|batch| {
                let column = find(batch, name)?;
                first += column.len();
                Ok((first - column.len(), column))
            })
            .collect()
    }

    fn encode(
        &self,
        name: &str,
        what: &'static str,
        context: &Context,
    ) -> Result<(Arc<Ids>, Buf<u32>)> {
        let chunks = self.chunks(name)?;
        let kind = chunks.iter().find_map(|(_, c)| kind_of(c));
        if let Some((_, wrong)) = chunks.iter().find(|(_, c)| {
            kind_of(c).is_none() && !matches!(c.values, super::ColumnValues::Null(_))
        }) {
            return Err(Error::ColumnType {
                column: name.into(),
                found: wrong.type_name(),
                expected: format!("{what}: integers, texts or fixed-size binary"),
            });
        }
        // A column without a single value has no type; texts hold nothing just as well.
        let mut ids = Ids::new(kind.unwrap_or(super::IdKind::Text), context.hash_seed);
        let mut codes = Vec::new();
        let chunks: Vec<&ColumnData> = chunks.into_iter().map(|(_, c)| c).collect();
        ids.encode(name, &chunks, &mut codes, context)?;
        Ok((Arc::new(ids), codes.into()))
    }

    /// Whether a row may be without a value.
    fn may_be_null(&self, name: &str) -> Result<bool> {
        let plain = |column: &ColumnData| {
            column.valid.is_none()
                && column.looked_up().1.is_none()
                && !matches!(column.values, super::ColumnValues::Null(_))
        };
        Ok(!self.chunks(name)?.iter().all(|(_, column)| plain(column)))
    }

    /// Instants, the zone's offsets, whether the instants are known to ascend, and whether one is
    /// blank.
    fn times(
        &self,
        spec: &OrdersSpec,
        problems: &mut Problems,
    ) -> Result<(Buf<i64>, Offsets, bool, bool)> {
        let chunks = self.chunks(&spec.ordered_at)?;
        let zone = match &spec.timezone {
            Some(name) => Zone::parse(name)?,
            None => match chunks.iter().find_map(|(_, c)| read::zone_of(c)) {
                Some(name) => Zone::parse(name)?,
                None => Zone::UTC,
            },
        };
        let mut parts = Vec::new();
        let mut range: Option<(i64, i64)> = None;
        for (first, chunk) in chunks {
            let times = Times::read(&spec.ordered_at, chunk, first, Reason::BadTime, problems)?;
            range = match (range, times.range) {
                (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
                (a, b) => a.or(b),
            };
            parts.push(times);
        }
        let (low, high) = range.unwrap_or((0, 0));
        let offsets = Offsets::new(zone, low, high);
        // Wall clocks that go back can change the order of instants.
        let sorted = parts.len() == 1 && parts[0].sorted && zone.fixed().is_some();
        let blank = parts.iter().any(|t| t.blank);
        let parts = parts
            .into_iter()
            .map(|t| t.instants(&offsets))
            .collect::<Result<Vec<_>>>()?;
        Ok((join(parts)?, offsets, sorted, blank))
    }

    fn instants(
        &self,
        name: &str,
        reason: Reason,
        offsets: &Offsets,
        problems: &mut Problems,
    ) -> Result<Buf<i64>> {
        let mut parts = Vec::new();
        for (first, chunk) in self.chunks(name)? {
            let times = Times::read(name, chunk, first, reason, problems)?;
            let (low, high) = times.range.unwrap_or((0, 0));
            parts.push(times.instants(&Offsets::new(offsets.zone(), low, high))?);
        }
        join(parts)
    }

    /// Amounts and the least of them, which is [`BLANK`] when one is blank.
    fn money(
        &self,
        money: Money,
        problems: &mut Problems,
        rounded: &mut u64,
    ) -> Result<(Buf<i64>, i64)> {
        let mut parts = Vec::new();
        let mut least = i64::MAX;
        for (first, chunk) in self.chunks(money.column)? {
            let (cells, count, low) = money.read(chunk, first, problems)?;
            *rounded += count;
            least = least.min(low);
            parts.push(cells);
        }
        Ok((join(parts)?, least))
    }

    fn words<'k, W: Copy>(
        &self,
        name: &Option<String>,
        problems: &mut Problems,
        lookup: impl Fn(&str) -> Option<W>,
        labels: &'static [crate::table::Label],
        mapped: impl Iterator<Item = &'k String> + Clone,
        byte: fn(W) -> u8,
    ) -> Result<Option<Buf<u8>>> {
        let Some(name) = name else { return Ok(None) };
        let known = || {
            let own = labels.iter().map(|l| l.code.to_owned());
            own.chain(mapped.clone().cloned()).collect()
        };
        let mut parts = Vec::new();
        for (first, chunk) in self.chunks(name)? {
            parts.push(words(name, chunk, first, &lookup, &known, byte, problems)?.into());
        }
        let all = join(parts)?;
        Ok(all.iter().any(|w| *w != NO_WORD).then_some(all))
    }

    fn one_currency(
        &self,
        spec: &OrdersSpec,
        currency: Currency,
        problems: &mut Problems,
    ) -> Result<()> {
        let Some(name) = &spec.currency_column else {
            return Ok(());
        };
        for (first, chunk) in self.chunks(name)? {
            // The same word for every row, so a look-up that gives nothing finds the stranger.
            let mut strangers = Problems::new(false, self.rows);
            let same = |word: &str| word.eq_ignore_ascii_case(currency.code()).then_some(());
            words(name, chunk, first, &same, &Vec::new, |()| 0, &mut strangers)?;
            if let Err(Error::UnknownWord { row, word, .. }) = strangers.finish() {
                problems.add(row as usize, Reason::BadCurrency, || Error::MixedCurrency {
                    column: name.clone(),
                    row,
                    found: word,
                    expected: currency.code().to_owned(),
                })?;
            }
        }
        Ok(())
    }

    fn times_quantity(
        &self,
        name: &str,
        amount: &Buf<i64>,
        amount_name: &str,
        problems: &mut Problems,
    ) -> Result<Buf<i64>> {
        let units = Money {
            column: name,
            // Any currency without decimals: quantities are whole numbers.
            currency: Currency::JPY,
            minor: true,
            round: false,
            reason: Reason::BadQuantity,
        };
        let (quantity, _) = self.money(units, problems, &mut 0)?;
        let mut out = room(amount.len(), "amounts")?;
        for (row, (amount, quantity)) in amount.iter().zip(quantity.iter()).enumerate() {
            if *quantity == BLANK && *amount != BLANK {
                problems.add(row, Reason::BadQuantity, || Error::Null {
                    column: name.into(),
                    row: row as u64,
                    expected: "a quantity".into(),
                })?;
            }
            let product = match (*amount, *quantity) {
                (BLANK, _) | (_, BLANK) => Some(BLANK),
                (a, q) => a.checked_mul(q).filter(|v| v.unsigned_abs() < 1 << 62),
            };
            if product.is_none() {
                problems.add(row, Reason::BadAmount, || Error::Overflow {
                    column: amount_name.into(),
                    what: "a quantity times an amount",
                })?;
            }
            out.push(product.unwrap_or(0));
        }
        Ok(out.into())
    }
}

/// A batch's column of a name.
pub(crate) fn find<'a>(batch: &'a Batch, name: &str) -> Result<&'a ColumnData> {
    batch
        .iter()
        .find(|(n, _)| n == name)
        .map(|(_, c)| c)
        .ok_or_else(|| {
            let available: Vec<String> = batch.iter().map(|(n, _)| n.clone()).collect();
            Error::MissingColumn {
                column: name.into(),
                meant: crate::nearest(name, &available).map(str::to_owned),
                available,
            }
        })
}

/// One buffer of several; a single one is kept by reference.
fn join<T: Copy + Send + Sync + 'static>(mut parts: Vec<Buf<T>>) -> Result<Buf<T>> {
    if parts.len() == 1 {
        return Ok(parts.remove(0));
    }
    let mut all = room(parts.iter().map(|p| p.len()).sum(), "rows")?;
    for part in &parts {
        grow(&mut all, part.len(), "rows")?;
        all.extend_from_slice(part);
    }
    Ok(all.into())
}
