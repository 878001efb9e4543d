//! Appends imports, also with orders that were imported before, such as a nightly export of changes (注文の訂正・キャンセル).
//!
//! An order is recognised by its order id (and shop). What `on_repeat` does with an order of `more` that is there
//! already:
//!
//! | `on_repeat` | the held order | the order of `more` |
//! |---|---|---|
//! | `refuse` | | an error names its row |
//! | `replace` | its rows are left out and counted | counts |
//! | `first` | counts | its rows are left out and counted |
//! | `add` | its lines | are further lines of the same order |
//!
//! An order without a usable row (`bad_rows="drop"`) is ignored: it neither replaces nor keeps out another order.
//! Every analysis of the result gives the same bits as of one import of the rows that are left.

use super::dataset::Orders;
use super::group::key_of_rows;
use super::rows::Rows;
use crate::context::{Context, filled};
use crate::data::customers::Customers;
use crate::data::input::parse::Reason;
use crate::error::{Error, Result};
use crate::request::as_object;
use crate::time::Offsets;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What [`Orders::append`] does with an order that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[serde(rename_all = "snake_case")]
pub enum OnRepeat {
    /// It is refused; the error names its row.
    Refuse,
    /// It replaces the order that was there, with all its lines.
    Replace,
    /// The order that was there stays.
    First,
    /// Its rows are further lines of the order that was there.
    Add,
}

impl OnRepeat {
    fn word(self) -> &'static str {
        match self {
            OnRepeat::Refuse => "refuse",
            OnRepeat::Replace => "replace",
            OnRepeat::First => "first",
            OnRepeat::Add => "add",
        }
    }
}

/// What came with [`Orders::append`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Appended {
    /// Orders that came.
    pub orders: u64,
    /// Rows that came and could be read.
    pub rows: u64,
    /// Orders that came and were there already.
    pub repeated: u64,
    /// Rows left out: of orders that were replaced, or of orders that came again.
    pub rows_left_out: u64,
}

impl Orders {
    /// These orders and more, as if built from all rows at once: an order of both parts has the lines of both. A
    /// customers table that only one of them has applies to all. [`Orders::append`] also replaces orders.
    ///
    /// # Errors
    ///
    /// A setting, column, currency, policy, customers table or id type that differs; the error
    /// names it.
    pub fn concat(&self, more: &Orders, context: &Context) -> Result<Orders> {
        self.fits(more, "concat")?;
        if self.view.policy != more.view.policy {
            return Err(other_policy("concat"));
        }
        let (held, came) = both_whole(self, more, "concat")?;
        let rows = held.append(came, context)?;
        self.with_rows(rows, more, "concat", context)
    }

    /// These orders and more that were read with the same settings. `on_repeat` is what becomes of an order that is
    /// there already, see [`OnRepeat`]; by default it is refused. Orders without an order id cannot be recognised:
    /// all are added, and every other `on_repeat` is refused. The policy and the customers table stay.
    ///
    /// ```
    /// use crm_core::columns::{ColumnData, ColumnValues, Strings};
    /// use crm_core::data::{OnRepeat, OrdersSpec};
    /// use crm_core::{Context, Orders};
    /// let context = Context::default();
    /// let spec = OrdersSpec::parse(r#"{"currency": "JPY", "order_id": "id", "status": "status"}"#)?;
    /// let read = |status: &str| {
    ///     let text = |text: &str| -> crm_core::Result<ColumnData> {
    ///         Ok(ColumnValues::Text(Strings::collect([text.as_bytes()].into_iter())?).into())
    ///     };
    ///     let row = vec![
    ///         ("id".into(), text("o1")?),
    ///         ("customer_id".into(), text("hanako")?),
    ///         ("ordered_at".into(), text("2026-01-05")?),
    ///         ("amount".into(), text("5000")?),
    ///         ("status".into(), text(status)?),
    ///     ];
    ///     Orders::from_batches(&spec, &[row], None, &context)
    /// };
    /// let held = read("completed")?;
    /// let changed = read("cancelled")?;
    /// assert!(held.append(&changed, None, &context).is_err());
    /// let (now, came) = held.append(&changed, Some(OnRepeat::Replace), &context)?;
    /// assert_eq!((now.len(), came.repeated, came.rows_left_out), (1, 1, 1));
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Orders::concat`]; an order that is there already; an `on_repeat` without order ids.
    pub fn append(
        &self,
        more: &Orders,
        on_repeat: Option<OnRepeat>,
        context: &Context,
    ) -> Result<(Orders, Appended)> {
        let on_repeat = self.on_repeat(on_repeat)?;
        self.fits(more, "append")?;
        let own = more.spec.policy.clone().unwrap_or_default();
        if more.view.policy != own && more.view.policy != self.view.policy {
            return Err(other_policy("append"));
        }
        let (held, came) = both_whole(self, more, "append")?;
        let mut appended = Appended {
            orders: more.data.len() as u64,
            rows: came.len() as u64,
            ..Appended::default()
        };
        let mut rows = held.append(came, context)?;
        if self.spec.order_id.is_some() {
            let met = Met::new(self, more, (held, came), &rows, context)?;
            appended.repeated = met.repeated;
            if on_repeat != OnRepeat::Add {
                let reasons = met.reasons(on_repeat, (held, came), &self.spec)?;
                let all = rows.len();
                rows = rows.without(&reasons)?;
                appended.rows_left_out = (all - rows.len()) as u64;
            }
        }
        Ok((self.with_rows(rows, more, "append", context)?, appended))
    }

    /// What to do with orders that come again.
    fn on_repeat(&self, asked: Option<OnRepeat>) -> Result<OnRepeat> {
        match (asked, self.spec.order_id.is_some()) {
            (None, true) => Ok(OnRepeat::Refuse),
            (None | Some(OnRepeat::Add), _) => Ok(OnRepeat::Add),
            (Some(asked), true) => Ok(asked),
            (Some(asked), false) => Err(Error::OptionNeedsColumn {
                option: "on_repeat".into(),
                value: asked.word().into(),
                column: "order_id".into(),
            }),
        }
    }

    /// Refuses more orders that were read otherwise. `by` is the function's name.
    fn fits(&self, more: &Orders, by: &str) -> Result<()> {
        let (a, b) = (self.spec.as_ref(), more.spec.as_ref());
        let (settings, others) = (as_object(a), as_object(b));
        if let Some((name, setting)) =
            (settings.iter()).find(|(name, s)| others.get(*name) != Some(s))
        {
            // Settings contain no data of customers, so both values may be shown.
            let other = others.get(name).cloned().unwrap_or_default();
            let expected = format!("{setting} as in the first orders, for `{by}`");
            return Err(Error::option(name, other, expected));
        }
        let kinds = (self.ids().kind(), more.ids().kind());
        if kinds.0 != kinds.1 && !self.is_empty() && !more.is_empty() {
            return Err(Error::ColumnType {
                column: b.customer_id.clone(),
                found: kinds.1.to_string(),
                expected: kinds.0.to_string(),
            });
        }
        if self.zone() != more.zone() && !self.is_empty() && !more.is_empty() {
            let expected = format!("{} as in the first orders, for `{by}`", self.zone());
            return Err(Error::option("timezone", more.zone(), expected));
        }
        Ok(())
    }

    /// Orders of these rows, which are these orders' and those of `more`.
    fn with_rows(&self, rows: Rows, more: &Orders, by: &str, context: &Context) -> Result<Orders> {
        let customers = self.customers_of_both(more, by)?;
        let ranges = [self, more].into_iter().filter_map(|o| o.data.range);
        let range = ranges
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
            .unwrap_or((0, 0));
        let zone = if self.is_empty() {
            more.zone()
        } else {
            self.zone()
        };
        let offsets = Offsets::new(zone, range.0, range.1);
        let mut all = Orders::from_rows(rows, self.spec.clone(), customers, offsets, context)?;
        all.view.policy = self.view.policy.clone();
        Ok(all)
    }

    fn customers_of_both(&self, more: &Orders, by: &str) -> Result<Option<Arc<Customers>>> {
        match (&self.customers, &more.customers) {
            (Some(mine), Some(theirs)) if !mine.says_as(theirs)? => {
                let expected = format!("the customers table of the first orders, for `{by}`");
                Err(Error::option("customers", "", expected))
            }
            (Some(table), _) | (None, Some(table)) => Ok(Some(table.clone())),
            (None, None) => Ok(None),
        }
    }

    /// Which rows of the import became lines of orders. Both lists of rows ascend by their numbers.
    fn used(&self, came: &Rows) -> Result<Vec<bool>> {
        let kept = &self.data.rows;
        let mut used = filled(came.len(), kept.len() == came.len(), "rows")?;
        if kept.len() != came.len() {
            let mut at = 0;
            for (row, used) in used.iter_mut().enumerate() {
                *used = at < kept.len() && kept.number(at) == came.number(row);
                at += usize::from(*used);
            }
        }
        Ok(used)
    }
}

fn other_policy(by: &str) -> Error {
    let expected = format!("the policy of the first orders, for `{by}`");
    Error::option("policy", "", expected)
}

/// The rows of two imports, unless one is a view with a filter.
fn both_whole<'a>(one: &'a Orders, other: &'a Orders, by: &str) -> Result<(&'a Rows, &'a Rows)> {
    let rows = |orders: &'a Orders| {
        let came = orders.data.came.as_deref();
        came.filter(|_| orders.view.mask.is_none())
    };
    let both = rows(one).zip(rows(other));
    both.ok_or_else(|| Error::option(by, "", "whole imports, not views with a filter"))
}

/// The orders of two imports together.
struct Met {
    /// The order of each row, of the held rows first.
    of_row: Vec<u32>,
    /// By order: whether one of its held rows is used, and one of its new rows.
    held: Vec<bool>,
    came: Vec<bool>,
    /// The number of orders with used rows in both.
    repeated: u64,
}

impl Met {
    fn new(
        one: &Orders,
        other: &Orders,
        (held, came): (&Rows, &Rows),
        all: &Rows,
        context: &Context,
    ) -> Result<Met> {
        let of_row = key_of_rows(all, &one.spec, context)?.of_row;
        let orders = of_row.iter().max().map_or(0, |last| *last as usize + 1);
        let (old, new) = of_row.split_at(held.len());
        let marked = |keys: &[u32], used: Vec<bool>| -> Result<Vec<bool>> {
            let mut marked = filled(orders, false, "orders")?;
            for (key, used) in keys.iter().zip(used) {
                marked[*key as usize] |= used;
            }
            Ok(marked)
        };
        let held = marked(old, one.used(held)?)?;
        let came = marked(new, other.used(came)?)?;
        let repeated = held.iter().zip(&came).filter(|(a, b)| **a && **b).count() as u64;
        Ok(Met {
            of_row,
            held,
            came,
            repeated,
        })
    }

    /// Why rows are left out, see the module.
    fn reasons(
        &self,
        on_repeat: OnRepeat,
        (held, came): (&Rows, &Rows),
        spec: &super::spec::OrdersSpec,
    ) -> Result<Vec<Reason>> {
        let first_new = held.len();
        let mut reasons = filled(self.of_row.len(), Reason::Good, "rows")?;
        for (row, key) in self.of_row.iter().enumerate() {
            let (is_held, comes) = (self.held[*key as usize], self.came[*key as usize]);
            let new = row >= first_new;
            if new && is_held && on_repeat == OnRepeat::Refuse {
                let other = self.of_row.iter().position(|k| k == key).unwrap_or(0);
                return Err(Error::Conflict {
                    column: spec.order_id.clone().unwrap_or_default(),
                    row: came.number(row - first_new),
                    other_row: held.number(other),
                    problem: "the order is there already".into(),
                });
            }
            // The order that stays is the new one.
            let replaced = comes && (on_repeat == OnRepeat::Replace || !is_held);
            reasons[row] = match new {
                false if replaced => Reason::Replaced,
                true if is_held && !replaced => Reason::CameAgain,
                _ => Reason::Good,
            };
        }
        Ok(reasons)
    }
}
