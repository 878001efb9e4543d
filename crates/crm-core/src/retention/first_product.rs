//! First product and LTV (初回購入商品別LTV): repeat rate and value of customers by the product of their
//! first order.
//!
//! # Definition
//!
//! Customers are grouped by a column (`of`) of their origin (the first order, or the first that
//! `origin` chooses): its product, or any other column. For an order with several products the line
//! with the greatest amount decides, so each customer is in one row. Per row
//!
//! ```text
//! first_order_value  mean revenue of the first order
//! repeat_rate        share with a second purchase within `within` days, Kaplan-Meier
//! ltv_30 … ltv_360   mean cumulative revenue per customer by that age (mean cumulative function)
//! revenue            revenue of these customers to date
//! ```
//!
//! The LTV can be compared between products of different ages: customers of a product launched two
//! months ago count for as long as they were observed; beyond that the LTV is null. `revenue` per
//! customer cannot be compared. Small rows are noise: look at `customers` and the interval.
//!
//! A second purchase is the first order on a later day than the origin's, as in
//! [`repeat_rate`](super::repeat_rate); with `occasion` = order the next order, on the same day as
//! well. All other values count orders whatever the occasion.

use super::grouping::{GroupBy, Grouping};
use super::history::Histories;
use super::parameters::whole_days;
use super::shares::share_columns;
use super::worth::{HORIZONS, LTV, REPEAT_RATES, Tally, Worth, ltv_columns};
use crate::analysis::Analysis;
use crate::context::{Context, collect, push};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::money::Currency;
use crate::num::Fraction;
use crate::scope::{At, Filter, Occasion};
use crate::table::shared::{CUSTOMERS, ORDERS, REVENUE};
use crate::table::{Column, Field, Table, Values, columns};
use crate::time::Duration;
use crate::words::KindWord;
use serde::{Deserialize, Serialize};

/// Options of the analysis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The column that customers are grouped by. Default: product.
    pub of: String,
    /// The time in which a second purchase counts for `repeat_rate`. Default 90 days.
    pub within: Duration,
    /// The filter that chooses the origin: a history begins at the first order that it keeps.
    /// Default: the first order.
    pub origin: Filter,
    /// Only orders of these kinds. Default: all that count.
    pub kinds: Option<Vec<KindWord>>,
    /// Confidence of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            of: "product".into(),
            within: Duration::days(90),
            origin: Filter::default(),
            kinds: None,
            confidence: Fraction::P95,
        }
    }
}

/// The analysis `first_product`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct FirstProduct;

impl Analysis for FirstProduct {
    const NAME: &'static str = "first_product";
    const SUMMARY: &'static str = "Value of customers by the product of their first order";
    const JA: &'static str = "初回購入商品別LTV";
    const COLUMNS: &'static [Field] = &columns! {
        "first": Id, "", "初回購入商品", "The first product, or another value of the first order.";
        CUSTOMERS, "Customers with this first product.";
        ORDERS, "Their orders to date.";
        REVENUE, "Their revenue to date.";
        "first_order_value": Float, "currency", "初回購入単価", "Mean revenue of their first order.";
        REPEAT_RATES[0];
        REPEAT_RATES[1];
        REPEAT_RATES[2];
        LTV[0];
        LTV[1];
        LTV[2];
        LTV[3];
    };
    const OCCASION: Option<Occasion> = Some(Occasion::Day);
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let within = whole_days("within", options.within)?;
        let kinds = options.kinds.as_deref();
        let occasion = Occasion::Day;
        let histories = Histories::new(orders, at, &options.origin, kinds, occasion, context)?;
        let histories = histories.of_orders();
        let by = [GroupBy::Column(options.of.clone())];
        let grouping = Grouping::new(&histories, &by, (None, None), context)?;
        let (as_of, currency) = (histories.as_of(), orders.currency());
        let (mut rows, mut places) = (Vec::new(), Vec::new());
        grouping.tally(
            &histories,
            HORIZONS[3] as usize,
            context,
            || Tally::new(HORIZONS[3]),
            |tally, origin, history| tally.add(as_of, origin, history, histories.repeat(history)),
            |group, tally| {
                let row = tally.worth(within, options.confidence, currency)?;
                push(&mut rows, row, "first products")?;
                push(&mut places, group.place, "first products")
            },
        )?;
        let (values, valid) = match grouping.keys.first() {
            Some((_, values)) => values.cells(&places)?,
            None => return Err(Error::internal("a grouping without a key")),
        };
        let first = Column::new(&FirstProduct::COLUMNS[0], values).with_validity(valid);
        table(first, &rows, &histories, currency)
    }
}

fn table(
    first: Column,
    rows: &[Worth],
    histories: &Histories,
    currency: Currency,
) -> Result<Table> {
    let [_, customers, orders, revenue, first_value, ..] = FirstProduct::COLUMNS else {
        return Err(Error::internal("columns of first_product"));
    };
    let counts = |of: fn(&Worth) -> u64| collect(rows.iter().map(|r| of(r) as i64), "table");
    let mut money = Vec::new();
    for row in rows {
        push(&mut money, histories.cell(row.revenue)?, "table")?;
    }
    let mut columns = vec![
        first,
        Column::new(customers, Values::I64(counts(|r| r.customers)?.into())),
        Column::new(orders, Values::I64(counts(|r| r.orders)?.into())),
        Column::new(revenue, Values::Money(money.into(), currency)),
        Column::floats(
            first_value,
            rows.iter()
                .map(|r| currency.mean(r.first_revenue, r.customers)),
        )?,
    ];
    let rates = collect(rows.iter().map(|r| r.repeat_rate), "table")?;
    columns.extend(share_columns(&REPEAT_RATES, &rates)?);
    columns.extend(ltv_columns(&collect(rows.iter().map(|r| r.ltv), "table")?)?);
    Ok(Table::new(columns))
}
