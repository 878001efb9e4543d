//! Reads the columns of orders into [`Rows`]: each step one column or one rule, in the order in which their
//! problems are reported.

use super::rows::{AsRead, Rows, dim_names, guest};
use super::spec::{AmountIs, AmountUnit, BadRows, Guests, OrdersSpec, RepeatedRows};
use crate::columns::{Batch, Buf};
use crate::context::{Context, collect, filled};
use crate::data::blocks::BLANK;
use crate::data::input::batches::{NamedColumns, RowDim, times_quantity};
use crate::data::input::parse::{Money, Problems, Reason};
use crate::data::text::amounts::Decimal;
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::table::Label;
use crate::time::Offsets;
use crate::words::{KindWord, LineKind, StatusWord};
use std::collections::BTreeMap;

/// The columns of orders while they are read.
struct Reader<'a> {
    spec: &'a OrdersSpec,
    input: &'a NamedColumns<'a>,
    problems: Problems,
    rounded: u64,
}

/// The columns of amounts: the main one, and those that may be missing.
struct Amounts {
    amount: Buf<i64>,
    /// The least cell of `amount` as it was read; [`BLANK`] where one is blank.
    least: i64,
    discount: Option<Vec<i64>>,
    refunded: Option<Vec<i64>>,
    shipping: Option<Vec<i64>>,
    tax: Option<Vec<i64>>,
    cost: Option<Vec<i64>>,
}

impl Rows {
    /// Reads all columns of the batches. Returns the rows and the offsets of the shop's zone.
    pub(crate) fn read(
        spec: &OrdersSpec,
        batches: &[Batch],
        context: &Context,
    ) -> Result<(Rows, Offsets)> {
        spec.check()?;
        let currency = spec.currency()?;
        let input = NamedColumns::new(&spec.columns(), batches, context)?;
        let n = input.rows;
        let encoded = 1 + dim_names(spec).len() + usize::from(spec.order_id.is_some());
        context.expect(encoded * n);
        context.afford(n.saturating_mul(24), "orders")?;
        let mut reader = Reader {
            spec,
            input: &input,
            problems: Problems::new(spec.bad_rows == BadRows::Drop, n),
            rounded: 0,
        };
        reader.options_fit()?;

        let key = spec.pseudonym_key.as_ref();
        let (ids, customer) =
            input.encode_people(&spec.customer_id, "a customer id", key, context)?;
        let format = spec.date_format.as_deref();
        let zone = spec.timezone.as_deref();
        let (time, offsets, sorted, blank_time) =
            input.times(&spec.ordered_at, format, zone, &mut reader.problems)?;
        let mut amounts = reader.amounts()?;
        let refunded_at = reader.refunded_at(&offsets)?;
        let status = reader.words(
            &spec.status,
            &spec.status_map,
            StatusWord::parse,
            StatusWord::LABELS,
            |w| w as u8,
        )?;
        let kind = reader.words(
            &spec.kind,
            &spec.kind_map,
            KindWord::parse,
            KindWord::LABELS,
            |w| w as u8,
        )?;
        let lines = reader.words(
            &spec.line_kind,
            &spec.line_kind_map,
            LineKind::parse,
            LineKind::LABELS,
            |w| w as u8,
        )?;
        let dims = reader.dims(context)?;
        let order = reader.order(context)?;
        input.one_currency(
            spec.currency_column.as_deref(),
            currency,
            &mut reader.problems,
        )?;
        let mut as_read = AsRead::default();
        reader.times_quantity(&mut amounts, &mut as_read)?;
        reader.blanks(&time, blank_time, &amounts, order.is_some())?;
        if order.is_none() {
            reader.guests(&customer)?;
        }
        reader.line_kinds(lines.as_ref(), &mut amounts, &mut as_read)?;

        let buf = |v: Option<Vec<i64>>| v.map(Buf::from);
        let Reader {
            mut problems,
            rounded,
            ..
        } = reader;
        let rows = Rows {
            ids,
            customer,
            time,
            amount: amounts.amount,
            discount: buf(amounts.discount),
            refunded: buf(amounts.refunded),
            refunded_at,
            shipping: buf(amounts.shipping),
            tax: buf(amounts.tax),
            cost: buf(amounts.cost),
            status,
            kind,
            order,
            as_read,
            dims,
            number: None,
            left_out: Vec::new(),
            rounded,
            understood: std::mem::take(&mut problems.understood),
            sorted,
            positive: amounts.least > 0 && lines.is_none() && spec.amount_is != AmountIs::Unit,
        };
        let reasons = problems.finish()?;
        Ok((rows.without(&reasons)?, offsets))
    }
}

impl Reader<'_> {
    /// Refuses options about texts where the columns are none.
    fn options_fit(&self) -> Result<()> {
        let spec = self.spec;
        if spec.date_format.is_some() {
            self.input.needs_texts("date_format", &spec.dates(), true)?;
        }
        if spec.decimal != Decimal::Auto {
            self.input.needs_texts("decimal", &spec.numbers(), false)?;
        }
        Ok(())
    }

    fn amounts(&mut self) -> Result<Amounts> {
        let spec = self.spec;
        let (amount, least) = self.money(&spec.amount, Reason::BadAmount)?;
        Ok(Amounts {
            amount,
            least,
            discount: self.optional(&spec.discount, true)?,
            refunded: self.optional(&spec.refunded, true)?,
            shipping: self.optional(&spec.shipping, false)?,
            tax: self.optional(&spec.tax, false)?,
            cost: self.optional(&spec.cost, false)?,
        })
    }

    /// The cells of a column of money, and the least of them.
    fn money(&mut self, column: &str, reason: Reason) -> Result<(Buf<i64>, i64)> {
        let spec = self.spec;
        let money = Money {
            column,
            currency: spec.currency()?,
            minor: spec.amount_unit == AmountUnit::Minor,
            round: spec.round_amounts,
            decimal: spec.decimal,
            reason,
        };
        self.input
            .money(money, &mut self.problems, &mut self.rounded)
    }

    /// The cells of a column of money that may be missing; blank ones are 0. `signed` ones must not be negative.
    fn optional(&mut self, name: &Option<String>, signed: bool) -> Result<Option<Vec<i64>>> {
        let Some(name) = name else { return Ok(None) };
        let (read, _) = self.money(name, Reason::BadMoney)?;
        let mut cells = collect(read.iter().copied(), "amounts")?;
        for (row, cell) in cells.iter_mut().enumerate() {
            if *cell == BLANK {
                *cell = 0;
            } else if signed && *cell < 0 {
                self.problems.add(row, Reason::BadMoney, || {
                    Error::value(name, row, "zero or a positive number")
                })?;
            }
        }
        Ok(Some(cells))
    }

    fn refunded_at(&mut self, offsets: &Offsets) -> Result<Option<Buf<i64>>> {
        let Some(name) = &self.spec.refunded_at else {
            return Ok(None);
        };
        let format = self.spec.date_format.as_deref();
        let reason = Reason::BadRefundTime;
        let read = self
            .input
            .instants(name, format, reason, offsets, &mut self.problems)?;
        Ok(Some(read))
    }

    /// A column of words of a closed list, by the file's own words first.
    fn words<W: Copy>(
        &mut self,
        name: &Option<String>,
        map: &BTreeMap<String, W>,
        parse: fn(&str) -> Option<W>,
        labels: &'static [Label],
        byte: fn(W) -> u8,
    ) -> Result<Option<Buf<u8>>> {
        let lookup = |word: &str| map.get(word).copied().or_else(|| parse(word));
        self.input
            .words(name, &mut self.problems, lookup, labels, map.keys(), byte)
    }

    fn dims(&self, context: &Context) -> Result<Vec<RowDim>> {
        let mut dims = Vec::new();
        for name in dim_names(self.spec) {
            let (ids, codes) = self.input.encode(name, "a category", context)?;
            dims.push(RowDim {
                name: name.to_owned(),
                ids,
                codes,
            });
        }
        Ok(dims)
    }

    /// The order of each row, which must have one where the column is given.
    fn order(&mut self, context: &Context) -> Result<Option<RowDim>> {
        let Some(name) = &self.spec.order_id else {
            return Ok(None);
        };
        let (ids, codes) = self.input.encode(name, "an order id", context)?;
        for (row, code) in codes.iter().enumerate() {
            if *code == NO_ID {
                self.problems.add(row, Reason::BadOrderId, || {
                    Error::null(name, row, "an order id")
                })?;
            }
        }
        Ok(Some(RowDim {
            name: name.clone(),
            ids,
            codes,
        }))
    }

    /// Whether rows as they were read are needed, to tell repeated ones.
    fn compares(&self) -> bool {
        self.spec.repeated_rows != RepeatedRows::Keep
    }

    /// Makes amounts of a unit those of the row.
    fn times_quantity(&mut self, amounts: &mut Amounts, as_read: &mut AsRead) -> Result<()> {
        let spec = self.spec;
        let (AmountIs::Unit, Some(quantity)) = (spec.amount_is, &spec.quantity) else {
            return Ok(());
        };
        let amount = &amounts.amount;
        let problems = &mut self.problems;
        let quantity = self
            .input
            .quantity(quantity, amount, spec.decimal, problems)?;
        let product = times_quantity(amount, &quantity, &spec.amount, problems)?;
        let amount = std::mem::replace(&mut amounts.amount, product);
        if self.compares() {
            as_read.numbers = vec![amount, quantity];
        }
        Ok(())
    }

    /// Blank times and amounts are accepted only if other lines of the order can fill them.
    fn blanks(
        &mut self,
        time: &[i64],
        any: bool,
        amounts: &Amounts,
        has_lines: bool,
    ) -> Result<()> {
        let spec = self.spec;
        for (row, t) in time.iter().enumerate().filter(|_| any) {
            if *t == BLANK && !has_lines {
                self.problems.add(row, Reason::BadTime, || {
                    Error::null(&spec.ordered_at, row, "a time")
                })?;
            }
        }
        if spec.amount_is == AmountIs::Order || amounts.least != BLANK {
            return Ok(());
        }
        for (row, a) in amounts.amount.iter().enumerate() {
            if *a == BLANK {
                self.problems.add(row, Reason::BadAmount, || {
                    Error::null(&spec.amount, row, "an amount")
                })?;
            }
        }
        Ok(())
    }

    /// Rows that are orders of their own and have no customer.
    fn guests(&mut self, customer: &[u32]) -> Result<()> {
        let spec = self.spec;
        if spec.guests == Guests::Keep || !self.input.may_be_null(&spec.customer_id)? {
            return Ok(());
        }
        for (row, code) in customer.iter().enumerate() {
            if *code == NO_ID {
                guest(&mut self.problems, spec, &spec.customer_id, row, row as u64)?;
            }
        }
        Ok(())
    }

    /// Moves the amounts of lines that are not merchandise to their columns (discount, shipping, refund, …).
    fn line_kinds(
        &self,
        lines: Option<&Buf<u8>>,
        amounts: &mut Amounts,
        as_read: &mut AsRead,
    ) -> Result<()> {
        let Some(lines) = lines else { return Ok(()) };
        if self.compares() {
            as_read.numbers.push(amounts.amount.clone());
            let columns = [&amounts.discount, &amounts.refunded, &amounts.shipping];
            for column in columns.into_iter().flatten() {
                let cells = collect(column.iter().copied(), "rows")?;
                as_read.numbers.push(cells.into());
            }
            as_read.line_kind = Some(lines.clone());
        }
        fold_lines(lines, amounts)
    }
}

/// Moves the amounts of lines that are not merchandise to their columns (discount, shipping, refund, …).
fn fold_lines(kinds: &[u8], amounts: &mut Amounts) -> Result<()> {
    let n = kinds.len();
    let mut merchandise = collect(amounts.amount.iter().copied(), "amounts")?;
    for (row, kind) in kinds.iter().enumerate() {
        let kind = LineKind::ALL
            .get(usize::from(*kind))
            .copied()
            .unwrap_or(LineKind::Product);
        let value = match std::mem::take(&mut merchandise[row]) {
            BLANK => 0,
            value => value,
        };
        let (to, value) = match kind {
            LineKind::Product => {
                merchandise[row] = value;
                continue;
            }
            LineKind::Tax => continue,
            LineKind::Discount | LineKind::Coupon => (&mut amounts.discount, value.abs()),
            LineKind::Refund => (&mut amounts.refunded, value.abs()),
            LineKind::Shipping | LineKind::Fee => (&mut amounts.shipping, value),
        };
        let column = match to {
            Some(column) => column,
            None => to.insert(filled(n, 0, "amounts")?),
        };
        column[row] = column[row].saturating_add(value);
    }
    amounts.amount = merchandise.into();
    Ok(())
}
