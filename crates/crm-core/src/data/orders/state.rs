//! Saved orders: the validated rows and what is needed to make the same orders of them again.

use super::dataset::Orders;
use super::rows::{AsRead, LeftOut, Rows, dim_names};
use super::spec::OrdersSpec;
use crate::bytes::{Kind, Reader, Writer, broken};
use crate::columns::Buf;
use crate::context::Context;
use crate::data::blocks::BLANK;
use crate::data::customers::Customers;
use crate::data::input::batches::RowDim;
use crate::data::input::parse::{NO_WORD, Reason};
use crate::data::state::{MOST, known_codes, load_understood, save_understood};
use crate::error::{Error, Result};
use crate::ids::{Ids, NO_ID};
use crate::scope::Policy;
use crate::time::{MAX_MICROS, MIN_MICROS, Offsets, Zone};
use crate::words::{KindWord, LineKind, StatusWord};
use std::sync::Arc;

impl Orders {
    /// The orders as bytes, to be read by [`Orders::from_bytes`]: rows, settings, policy and the customers
    /// table. The ids, and what dimensions hold, are in them as they came in.
    ///
    /// ```
    /// use crm_core::{Context, Currency, Orders, Zone};
    /// let orders = Orders::builder(Currency::JPY, Zone::parse("Asia/Tokyo")?)
    ///     .order("c1", "2026-01-05T23:30:00", 5_000)
    ///     .build()?;
    /// let bytes = orders.to_bytes()?;
    /// let again = Orders::from_bytes(&bytes, &Context::default())?;
    /// assert_eq!((again.len(), again.currency()), (1, Currency::JPY));
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A view with a filter; [`Error::OutOfMemory`].
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let rows = (self.data.came.as_ref()).filter(|_| self.view.mask.is_none());
        let Some(rows) = rows else {
            let expected = "a whole import, not a view with a filter";
            return Err(Error::option("to_bytes", "", expected));
        };
        let mut to = Writer::new(Kind::Orders)?;
        to.text(env!("CARGO_PKG_VERSION"))?;
        to.json(self.spec.as_ref())?;
        to.json(&self.view.policy)?;
        to.text(&self.zone().to_string())?;
        to.number(u8::from(self.customers.is_some()))?;
        if let Some(customers) = &self.customers {
            customers.save(&mut to)?;
        }
        rows.save(self.customers.as_deref().map_or(0, Customers::len), &mut to)?;
        to.finish()
    }

    /// Orders that [`Orders::to_bytes`] has written. Every analysis gives the same bits of them.
    ///
    /// # Errors
    ///
    /// [`Error::State`]: bytes that are no such state, cut short, changed, of another format or kind, or that
    /// hold what orders cannot hold. Everything that building from columns checks is checked.
    pub fn from_bytes(bytes: &[u8], context: &Context) -> Result<Orders> {
        context.afford(bytes.len(), "orders")?;
        let mut from = Reader::new(Kind::Orders, bytes)?;
        let _version = from.text()?;
        let spec: OrdersSpec = from.json()?;
        let policy: Policy = from.json()?;
        let zone = Zone::parse(&from.text()?).map_err(|_| broken("its zone is not known"))?;
        spec.check()?;
        let customers = match from.number::<u8>()? {
            0 => None,
            _ => Some(Arc::new(Customers::load(&mut from, context)?)),
        };
        let more = customers.as_deref().map_or(0, Customers::len);
        let rows = Rows::load(&spec, more, &mut from, context)?;
        from.finish()?;
        let times = rows.time.iter().copied().filter(|t| *t != BLANK);
        let range = times.fold(None, |range: Option<(i64, i64)>, t| match range {
            Some((low, high)) => Some((low.min(t), high.max(t))),
            None => Some((t, t)),
        });
        let (first, last) = range.unwrap_or((0, 0));
        let offsets = Offsets::new(zone, first, last);
        let mut orders = Orders::from_rows(rows, Arc::new(spec), customers, offsets, context)?;
        orders.view.policy = policy;
        Ok(orders)
    }
}

impl Rows {
    fn save(&self, more: usize, to: &mut Writer) -> Result<()> {
        to.number(self.len() as u64)?;
        self.ids.save(self.len() + more, to)?;
        to.column(&self.customer)?;
        to.column(&self.time)?;
        to.column(&self.amount)?;
        for column in [
            &self.discount,
            &self.refunded,
            &self.refunded_at,
            &self.shipping,
            &self.tax,
            &self.cost,
        ] {
            to.optional(column.as_deref())?;
        }
        to.optional(self.status.as_deref())?;
        to.optional(self.kind.as_deref())?;
        to.number(u8::from(self.order.is_some()))?;
        to.number(self.dims.len() as u32)?;
        for dim in self.order.iter().chain(&self.dims) {
            dim.save(0, to)?;
        }
        to.number(self.as_read.numbers.len() as u32)?;
        for column in &self.as_read.numbers {
            to.column(column)?;
        }
        to.optional(self.as_read.line_kind.as_deref())?;
        to.optional(self.number.as_deref())?;
        to.number(self.left_out.len() as u32)?;
        for left in &self.left_out {
            to.number(left.reason as u8)?;
            to.number(left.rows)?;
            to.number(left.amount)?;
        }
        to.number(self.rounded)?;
        save_understood(&self.understood, to)?;
        to.number(u8::from(self.positive))
    }

    fn load(
        spec: &OrdersSpec,
        more: usize,
        from: &mut Reader<'_>,
        context: &Context,
    ) -> Result<Rows> {
        let n = usize::try_from(from.number::<u64>()?).unwrap_or(usize::MAX);
        if n >= NO_ID as usize {
            return Err(broken("it has more rows than orders can have"));
        }
        let ids = Ids::load(n + more, from, context)?;
        let customer = from.rows::<u32>(n)?;
        known_codes(&customer, &ids, true)?;
        let (time, amount) = (from.rows::<i64>(n)?, from.rows::<i64>(n)?);
        let discount = positive(from.optional(n)?)?;
        let refunded = positive(from.optional(n)?)?;
        let refunded_at = from.optional::<i64>(n)?;
        let mut money = || Ok::<_, Error>(from.optional::<i64>(n)?.map(Buf::from));
        let (shipping, tax, cost) = (money()?, money()?, money()?);
        let status = words(from.optional(n)?, StatusWord::ALL.len())?;
        let kind = words(from.optional(n)?, KindWord::ALL.len())?;

        let has_lines = from.number::<u8>()? == 1;
        let names = dim_names(spec);
        if has_lines != spec.order_id.is_some() || from.number::<u32>()? as usize != names.len() {
            return Err(broken("its columns are not those of its settings"));
        }
        let mut dim = |name: &str| {
            let dim = RowDim::load(n, 0, from, context)?;
            match dim.name == name {
                true => Ok(dim),
                false => Err(broken("its columns are not those of its settings")),
            }
        };
        let order = spec.order_id.as_deref().map(&mut dim).transpose()?;
        let dims = names.into_iter().map(dim).collect::<Result<Vec<_>>>()?;
        if order
            .as_ref()
            .is_some_and(|order| order.codes.contains(&NO_ID))
        {
            return Err(broken("a row has no order"));
        }
        let is_time = |t: &i64| *t == BLANK || (MIN_MICROS..=MAX_MICROS).contains(t);
        let all_times = time.iter().chain(refunded_at.iter().flatten());
        if !all_times.clone().all(is_time) {
            return Err(broken("a time is outside the years 1 to 9999"));
        }
        if !has_lines && (time.contains(&BLANK) || amount.contains(&BLANK)) {
            return Err(broken("a row has no time or no amount"));
        }

        let count = from.number::<u32>()?;
        let mut numbers = Vec::new();
        for _ in 0..count {
            crate::context::push(&mut numbers, from.rows::<i64>(n)?.into(), "saved state")?;
        }
        let as_read = AsRead {
            numbers,
            line_kind: words(from.optional(n)?, LineKind::ALL.len())?,
        };
        let number = from.optional::<u64>(n)?;
        if number.iter().flatten().any(|number| *number >= MOST) {
            return Err(broken("a row has no place"));
        }
        let left_out = load_left_out(from)?;
        let rounded = from.number::<u64>()?;
        let understood = load_understood(from)?;
        let positive = from.number::<u8>()? == 1;
        if rounded >= MOST || positive && amount.iter().any(|amount| *amount <= 0) {
            return Err(broken("a count or an amount is not what it says"));
        }
        Ok(Rows {
            ids: Arc::new(ids),
            customer: customer.into(),
            sorted: time.is_sorted(),
            time: time.into(),
            amount: amount.into(),
            discount,
            refunded,
            refunded_at: refunded_at.map(Buf::from),
            shipping,
            tax,
            cost,
            status,
            kind,
            order,
            as_read,
            dims,
            number: number.map(Buf::from),
            left_out,
            rounded,
            understood,
            positive,
        })
    }
}

/// Amounts that are subtracted.
fn positive(column: Option<Vec<i64>>) -> Result<Option<Buf<i64>>> {
    match column.iter().flatten().any(|amount| *amount < 0) {
        true => Err(broken("an amount has the wrong sign")),
        false => Ok(column.map(Buf::from)),
    }
}

/// Words of a list of `known`.
fn words(column: Option<Vec<u8>>, known: usize) -> Result<Option<Buf<u8>>> {
    let is_known = |word: &u8| *word == NO_WORD || usize::from(*word) < known;
    match column.iter().flatten().all(is_known) {
        true => Ok(column.map(Buf::from)),
        false => Err(broken("a word is not of its list")),
    }
}

fn load_left_out(from: &mut Reader<'_>) -> Result<Vec<LeftOut>> {
    let count = from.number::<u32>()?;
    let mut all: Vec<LeftOut> = Vec::new();
    for _ in 0..count {
        let (reason, rows) = (from.number::<u8>()?, from.number::<u64>()?);
        let left = LeftOut {
            reason: Reason::of_code(reason).ok_or_else(|| broken("a reason is not known"))?,
            rows,
            amount: from.number::<i128>()?,
        };
        let follows = all
            .last()
            .is_none_or(|last: &LeftOut| last.reason < left.reason);
        if !follows || rows >= MOST || left.amount.unsigned_abs() >= 1 << 100 {
            return Err(broken("rows that were left out do not add up"));
        }
        crate::context::push(&mut all, left, "saved state")?;
    }
    Ok(all)
}
