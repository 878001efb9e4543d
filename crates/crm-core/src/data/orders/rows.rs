//! The rows of the input, read and validated column by column, before they are grouped to orders.
//! They are kept, so that rows can be appended ([`Rows::append`]) and lines chosen
//! ([`Rows::take`]).

use super::spec::{Guests, OrdersSpec};
use crate::columns::Buf;
use crate::context::{Context, collect, filled, room};
use crate::data::blocks::BLANK;
use crate::data::input::batches::{RowDim, absorbed, pick};
use crate::data::input::parse::{NO_WORD, Problems, Reason};
use crate::data::text::cells;
use crate::data::text::cells::Understood;
use crate::error::{Error, Result};
use crate::ids::{Ids, NO_ID};
use std::sync::Arc;

/// Cells as read of columns that are then combined: unit amount and quantity, the kind of a line
/// and the amounts that it moves. Empty if repeated rows are kept.
#[derive(Clone, Default)]
pub(crate) struct AsRead {
    pub(crate) numbers: Vec<Buf<i64>>,
    pub(crate) line_kind: Option<Buf<u8>>,
}

/// Counts of what was left out before it became a row.
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
    /// [`NO_ID`] for null.
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
    /// Further columns by which repeated rows are recognised; see [`AsRead`].
    pub(crate) as_read: AsRead,
    /// Channel, shop, product, category and the named dimensions, if given.
    pub(crate) dims: Vec<RowDim>,
    /// Row numbers in the input, if rows were left out.
    pub(crate) number: Option<Buf<u64>>,
    pub(crate) left_out: Vec<LeftOut>,
    /// The number of cells rounded to a whole minor unit.
    pub(crate) rounded: u64,
    /// How columns of texts were read.
    pub(crate) understood: Vec<Understood>,
    /// Whether times are known to ascend.
    pub(crate) sorted: bool,
    /// Whether all amounts are known to be greater than zero.
    pub(crate) positive: bool,
}

impl Rows {
    /// The number of rows.
    pub(crate) fn len(&self) -> usize {
        self.time.len()
    }

    /// A row's number in the input.
    pub(crate) fn number(&self, row: usize) -> u64 {
        self.number.as_ref().map_or(row as u64, |n| n[row])
    }

    /// Leaves out the rows with a reason, and counts them.
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
            let amount = match (*reason, self.amount[row]) {
                // Without an amount, the discounts of such a row have nothing to be subtracted
                // from.
                (Reason::BadAmount | Reason::BadQuantity, _) | (_, BLANK) => 0,
                (_, amount) => {
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
            as_read: AsRead {
                numbers: (self.as_read.numbers.iter())
                    .map(|b| pick(b, rows))
                    .collect::<Result<_>>()?,
                line_kind: (self.as_read.line_kind.as_ref())
                    .map(|b| pick(b, rows))
                    .transpose()?,
            },
            dims: self.dims.iter().map(dim).collect::<Result<_>>()?,
            number: Some(collect(rows.iter().map(|r| self.number(*r as usize)), "rows")?.into()),
            left_out: Vec::new(),
            rounded: self.rounded,
            understood: self.understood.clone(),
            sorted: false,
            positive: false,
        })
    }

    /// These rows and then others, read under the same spec.
    pub(crate) fn append(&self, more: &Rows, context: &Context) -> Result<Rows> {
        let join = |a: &Buf<i64>, b: &Buf<i64>| chain(a, b);
        // A column that only one side has is blank in the other.
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
        // Row numbers continue after the first import.
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
        let mut understood = self.understood.clone();
        cells::understand(&mut understood, &more.understood);
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
            as_read: AsRead {
                numbers: (self.as_read.numbers.iter().zip(&more.as_read.numbers))
                    .map(|(a, b)| join(a, b))
                    .collect::<Result<_>>()?,
                line_kind: byte(&self.as_read.line_kind, &more.as_read.line_kind)?,
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
            understood,
            sorted: false,
            positive: false,
        })
    }
}

/// Applies the setting for guests to a row.
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
        Guests::Error => problems.add(row, Reason::Guest, || {
            Error::null(
                column,
                number as usize,
                "a customer id; guests=\"drop\" or \"keep\" allows rows without one",
            )
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
    let (merged, map) = absorbed(ids, more, more_codes, context)?;
    let mut out = room(codes.len() + more_codes.len(), "rows")?;
    out.extend_from_slice(codes);
    out.extend(more_codes.iter().map(|c| match *c {
        NO_ID => NO_ID,
        code => map[code as usize],
    }));
    Ok((merged, out.into()))
}
