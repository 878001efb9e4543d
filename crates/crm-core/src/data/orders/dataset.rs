//! Orders: validated, immutable, cheap to clone.

use super::order_data::Data;
use super::rows::Rows;
use super::spec::{AmountUnit, OrdersSpec};
use crate::columns::{Batch, ColumnData, ColumnValues, Strings};
use crate::context::{Context, filled};
use crate::data::customers::Customers;
use crate::data::text::cells::Understood;
use crate::error::{Error, Result};
use crate::ids::{Ids, NO_ID};
use crate::money::Currency;
use crate::scope::{Filter, Policy};
use crate::time::{Day, Offsets, Zone};
use std::fmt;
use std::sync::Arc;

/// The part of the data that a scope has chosen.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) policy: Policy,
    /// The chosen orders, one bit each.
    pub(crate) mask: Option<Arc<Vec<u64>>>,
    /// Customers whose rows are shown, by code.
    pub(crate) chosen: Option<Arc<Vec<bool>>>,
    /// In a group of a breakdown: the group of each customer of the customers table, by code, and this group.
    pub(crate) group: Option<(Arc<Vec<u32>>, u32)>,
    /// The date of the analysis, which ages refer to; none before it is known, as in filters for a list of dates.
    pub(crate) day: Option<Day>,
}

/// Orders of a shop: validated, immutable, cheap to clone. They contain the zone, the currency and
/// the grouping of lines.
///
/// ```
/// use crm_core::{Currency, Orders, Zone};
/// let orders = Orders::builder(Currency::JPY, Zone::parse("Asia/Tokyo")?)
///     .order("c1", "2026-01-05T23:30:00", 5_000)
///     .order("c2", "2026-01-06T00:00:00", 2_000)
///     .build()?;
/// assert_eq!(orders.n_customers(), 2);
/// assert_eq!(orders.last_date().unwrap().to_string(), "2026-01-06");
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Orders {
    pub(crate) data: Arc<Data>,
    pub(crate) spec: Arc<OrdersSpec>,
    pub(crate) customers: Option<Arc<Customers>>,
    /// The row in the customers table, by code.
    pub(crate) customer_rows: Option<Arc<Vec<u32>>>,
    pub(crate) view: View,
    /// The date of the last order of the whole import.
    pub(crate) last_date: Option<Day>,
}

impl fmt::Debug for Orders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Orders({} orders, {})", self.len(), self.currency())
    }
}

impl Orders {
    /// A builder for orders that come one by one.
    pub fn builder(currency: Currency, zone: Zone) -> OrdersBuilder {
        OrdersBuilder {
            currency,
            zone,
            customer: Vec::new(),
            time: Vec::new(),
            amount: Vec::new(),
        }
    }

    /// Orders from columns. Chunks of a column are read as one.
    ///
    /// # Errors
    ///
    /// Missing columns, columns of wrong types, and the first row that cannot be read, unless such
    /// rows are dropped.
    pub fn from_batches(
        spec: &OrdersSpec,
        batches: &[Batch],
        customers: Option<Arc<Customers>>,
        context: &Context,
    ) -> Result<Orders> {
        let (rows, offsets) = Rows::read(spec, batches, context)?;
        Orders::from_rows(rows, Arc::new(spec.clone()), customers, offsets, context)
    }

    pub(crate) fn from_rows(
        mut rows: Rows,
        spec: Arc<OrdersSpec>,
        customers: Option<Arc<Customers>>,
        offsets: Offsets,
        context: &Context,
    ) -> Result<Orders> {
        let customer_rows = match &customers {
            Some(table) => {
                if table.spec.pseudonym_key != spec.pseudonym_key {
                    let expected = "the same of orders and of their customers table";
                    return Err(Error::option("pseudonym_key", "", expected));
                }
                let kinds = (rows.ids.kind(), table.ids.kind());
                if kinds.0 != kinds.1 && !rows.ids.is_empty() && !table.is_empty() {
                    return Err(Error::ColumnType {
                        column: table.spec.customer_id.clone(),
                        found: kinds.1.to_string(),
                        expected: format!("{}, as in the orders", kinds.0),
                    });
                }
                let known = table.join(Ids::writable(&mut rows.ids)?, context)?;
                Some(Arc::new(known))
            }
            None => None,
        };
        let data = Data::group(rows, &spec, offsets, context)?.finished();
        let last_date = data.range.map(|(_, last)| data.offsets.day(last));
        Ok(Orders {
            view: View {
                policy: spec.policy.clone().unwrap_or_default(),
                mask: None,
                chosen: None,
                group: None,
                day: None,
            },
            data: Arc::new(data),
            spec,
            customers,
            customer_rows,
            last_date,
        })
    }

    /// The number of orders (or rows, without an order id), whether or not they count; in a view,
    /// the orders that its filter keeps.
    pub fn len(&self) -> usize {
        match &self.view.mask {
            Some(mask) => mask.iter().map(|bits| bits.count_ones() as usize).sum(),
            None => self.data.len(),
        }
    }

    /// Whether there are no orders.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of customers with at least one of these orders.
    pub fn n_customers(&self) -> usize {
        let count = || {
            // If there is no memory for the marks, the size of the dictionary.
            let Ok(seen) = self.with_orders() else {
                return self.data.ids().len();
            };
            seen.iter().filter(|s| **s).count()
        };
        match &self.view.mask {
            Some(_) => count(),
            None => match self.data.n_customers.get() {
                Some(n) => *n,
                // Computed outside of the cell, which a fork could leave half initialised.
                None => {
                    let n = count();
                    *self.data.n_customers.get_or_init(|| n)
                }
            },
        }
    }

    /// Which customers have one of these orders, by code.
    pub(crate) fn with_orders(&self) -> Result<Vec<bool>> {
        let mut seen = crate::context::filled(self.data.ids().len(), false, "customers")?;
        for (order, code) in self.data.customer.iter().enumerate() {
            if *code != NO_ID && self.lets_through(order) {
                seen[*code as usize] = true;
            }
        }
        Ok(seen)
    }

    /// The civil date of the first of these orders.
    pub fn first_date(&self) -> Option<Day> {
        let data = &self.data;
        let first = match &self.view.mask {
            Some(_) => {
                let seen = (0..data.len()).filter(|order| self.lets_through(*order));
                seen.map(|order| data.time[order]).min()
            }
            None => data.range.map(|(first, _)| first),
        };
        first.map(|first| data.offsets.day(first))
    }

    /// The civil date of the last order of the whole import, also for views: the default `as_of`.
    pub fn last_date(&self) -> Option<Day> {
        self.last_date
    }

    /// The currency of all amounts.
    pub fn currency(&self) -> Currency {
        self.spec.currency.unwrap_or(Currency::USD)
    }

    /// The shop's zone.
    pub fn zone(&self) -> Zone {
        self.data.offsets.zone()
    }

    /// The dictionary of customers.
    pub fn ids(&self) -> &Arc<Ids> {
        self.data.ids()
    }

    /// How columns of texts were read.
    pub fn understood(&self) -> &[Understood] {
        &self.data.rows.understood
    }

    /// The customers table, if one was given.
    pub fn customers(&self) -> Option<&Arc<Customers>> {
        self.customers.as_ref()
    }

    /// Whether the view contains an order.
    #[inline]
    pub(crate) fn lets_through(&self, order: usize) -> bool {
        match &self.view.mask {
            Some(mask) => mask[order / 64] >> (order % 64) & 1 == 1,
            None => true,
        }
    }

    /// Whether the scope's `customers` shows a customer.
    pub(crate) fn shows(&self, code: u32) -> bool {
        self.view
            .chosen
            .as_ref()
            .is_none_or(|chosen| chosen[code as usize])
    }

    /// The same orders under a filter and a policy; the data is shared.
    ///
    /// # Errors
    ///
    /// A column that does not exist, a value of a wrong type.
    pub fn view(
        &self,
        filter: &Filter,
        policy: Option<Policy>,
        context: &Context,
    ) -> Result<Orders> {
        let mut view = self.filtered(filter, context)?;
        if let Some(policy) = policy {
            view.view.policy = policy;
        }
        Ok(view)
    }

    /// The names and settings with which the rows were read; more rows for [`Orders::append`] are read with them.
    pub fn spec(&self) -> &OrdersSpec {
        &self.spec
    }

    /// The customers of the customers table that are not among `known` and so have no order that
    /// counts, in ascending id order.
    pub(crate) fn prospects(&self, known: &[u32]) -> Result<Vec<u32>> {
        let Some(rows) = &self.customer_rows else {
            return Ok(Vec::new());
        };
        let mut has_order = filled(rows.len(), false, "customers")?;
        for code in known {
            has_order[*code as usize] = true;
        }
        let mut prospects = Vec::new();
        for code in self.ids().by_id()? {
            let group = self.view.group.as_ref();
            let is_here = group.is_none_or(|(of, here)| of.get(*code as usize) == Some(here));
            if is_here && rows[*code as usize] != NO_ID && !has_order[*code as usize] {
                crate::context::push(&mut prospects, *code, "customers")?;
            }
        }
        Ok(prospects)
    }
}

/// A builder of orders, one by one: customer and time as text, amount in minor units.
///
/// See [`Orders::builder`]. For statuses, lines or dimensions, build orders from columns.
#[derive(Debug)]
pub struct OrdersBuilder {
    currency: Currency,
    zone: Zone,
    customer: Vec<String>,
    time: Vec<String>,
    amount: Vec<i64>,
}

impl OrdersBuilder {
    /// Adds an order: the customer's id, a date or time (wall clock in the shop's zone, or all with
    /// an offset), the amount in minor units.
    #[must_use]
    pub fn order(mut self, customer: &str, ordered_at: &str, amount: i64) -> Self {
        self.customer.push(customer.to_owned());
        self.time.push(ordered_at.to_owned());
        self.amount.push(amount);
        self
    }

    /// Adds many orders.
    #[must_use]
    pub fn extend<A: AsRef<str>, B: AsRef<str>>(
        self,
        orders: impl IntoIterator<Item = (A, B, i64)>,
    ) -> Self {
        let add = |builder: Self, (customer, at, amount): (A, B, i64)| {
            builder.order(customer.as_ref(), at.as_ref(), amount)
        };
        orders.into_iter().fold(self, add)
    }

    /// Validates the orders.
    ///
    /// # Errors
    ///
    /// The first order whose time cannot be read or whose amount is too large.
    pub fn build(self) -> Result<Orders> {
        let texts = |texts: &[String]| Strings::collect(texts.iter().map(|t| t.as_bytes()));
        let batch: Batch = vec![
            (
                "customer_id".into(),
                ColumnValues::Text(texts(&self.customer)?).into(),
            ),
            (
                "ordered_at".into(),
                ColumnValues::Text(texts(&self.time)?).into(),
            ),
            (
                "amount".into(),
                ColumnData::from(ColumnValues::Int {
                    values: self.amount.into(),
                    bits: 64,
                }),
            ),
        ];
        let spec = OrdersSpec {
            currency: Some(self.currency),
            timezone: Some(self.zone.to_string()),
            amount_unit: AmountUnit::Minor,
            ..OrdersSpec::default()
        };
        Orders::from_batches(&spec, &[batch], None, &Context::default())
    }
}
