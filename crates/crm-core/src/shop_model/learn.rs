//! Learn: fits the parameters that need the whole shop, as a document of a few kilobytes.
//!
//! # Definition
//!
//! At `as_of`, from all customers in scope, with the defaults of each family:
//!
//! - `gap_model`: purchase gaps and dropout, as [`cycle`](crate::cycle) fits them;
//! - `rfm`: the quantile cuts between five scores of recency, frequency and revenue;
//! - `cpm`: the money threshold, 70,000 yen, or seven mean order values in another currency (MakeRepeater's
//!   rule);
//! - `clv`, `spend`: MBG/NBD and Gamma-Gamma, in days; MBG/NBD in the time of the seasons.
//!
//! The document ([`Learned`]) is in the note `learned`; the table lists its numbers. A part for
//! which the shop has too little data is null, and the columns of a customer that need it are null
//! then. The scope's `customers` is refused, because the document is about all customers; `where`
//! chooses the orders that are used. The document contains nothing of single customers, except that
//! quantile cuts may be the values of single customers.

use crate::table::shared::VALUE;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::analysis::Analysis;
use crate::clv::tables::clv_summary;
use crate::clv::tables::{clv_fit, gamma_gamma_fit};
use crate::context::{Context, collect, push};
use crate::cycle::shop::{Shop, View};
use crate::data::Orders;
use crate::document::Learned;
use crate::error::{Error, ErrorCode, Result};
use crate::scope::{At, MoneyThreshold, Occasion};
use crate::season::Seasons;
use crate::segmentation::rfm::Frozen;
use crate::segmentation::{cpm, rfm};
use crate::summary::Totals;
use crate::table::{Column, Field, Table, Values, columns};

/// Options of [`Learn`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Factors of the shop's demand by month ("1" to "12"), weekday ("mon" to "sun") and date; other factors
    /// are 1. They become part of the document. Default: "auto", what the analysis `seasonality` finds in the orders up to the date; "none":
    /// time runs evenly.
    pub seasonality: Seasons,
}

/// Makes the document.
///
/// ```
/// use crm_core::{At, Context};
/// use crm_core::data::simulate_orders;
/// use crm_core::shop_model::learn;
/// # use crm_core::{Currency, Orders, Zone};
/// # let orders = Orders::builder(Currency::JPY, Zone::UTC).order("c1", "2026-01-05", 5_000)
/// #     .order("c1", "2026-02-04", 5_000).order("c2", "2026-02-01", 2_000).build()?;
/// let at = At::new("2026-02-28".parse()?);
/// let learned = learn::learn(&orders, &at, &learn::Options::default(), &Context::default())?;
/// assert!(serde_json::to_string(&learned).unwrap().contains("gap_model"));
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// Errors of the analyses, except too little data.
pub fn learn(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Learned> {
    let view = View {
        seasonality: &options.seasonality,
        ..View::OWN
    };
    let shop = Shop::new(orders, at, &view, context)?;
    let params = shop.model.as_ref().map(|model| model.params());
    let totals = Totals::new(orders, at, context)?;
    let cuts = match totals.is_empty() {
        true => None,
        false => Some(Frozen::from(rfm::score(&totals, &rfm::Options::default())?)),
    };
    let of_summary = clv_summary::Options {
        seasonality: options.seasonality.clone(),
        ..clv_summary::Options::default()
    };
    let summary = clv_summary::Summary::run(orders, at, &of_summary, context)?;
    let fit = clv_fit::Options {
        unit: Some(clv_summary::Unit::Day),
        ..clv_fit::Options::default()
    };
    let fit = clv_fit::ClvFit::run(&summary, &(), &fit, context);
    let spend = gamma_gamma_fit::Options::default();
    let spend = gamma_gamma_fit::GammaGammaFit::run(&summary, &(), &spend, context);
    Ok(shop
        .document(at)
        .with("customers", totals.len())
        .with("gap_model", params)
        .with("rfm", cuts)
        .with("cpm", money(&totals).map(|money| cpm::Frozen { money }))
        .with("clv", noted(fit)?)
        .with("spend", noted(spend)?))
}

/// CPM's money threshold where the default is a multiple of the mean order value.
fn money(totals: &Totals) -> Option<f64> {
    let MoneyThreshold::Multiple { mean_order_values } = cpm::default_money(totals.currency) else {
        return None;
    };
    let revenue: i128 = totals.revenue.iter().map(|v| i128::from(*v)).sum();
    let orders: u64 = totals.orders.iter().map(|v| *v as u64).sum();
    let mean = totals.currency.mean(revenue, orders)?;
    Some((mean_order_values.get() * mean).max(0.0))
}

/// The fit in a table's notes; `None` if there was too little data.
fn noted(table: Result<Table>) -> Result<Option<Value>> {
    match table {
        Ok(table) => Ok(table.notes().get("fit").cloned()),
        Err(error) => match error.code() {
            ErrorCode::Data | ErrorCode::Convergence => Ok(None),
            _ => Err(error),
        },
    }
}

/// The analysis `learn`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct Learn;

impl Analysis for Learn {
    const NAME: &'static str = "learn";
    const SUMMARY: &'static str =
        "The shop's estimates (models, cuts, thresholds) as one document in the notes";
    const JA: &'static str = "店舗の学習結果";
    const COLUMNS: &'static [Field] = &columns! {
        "part": Text, "", "区分", "The part of the document.";
        "name": Text, "", "項目", "The name of the number.";
        VALUE, "The number.";
    };
    /// All keys of orders except `customers`.
    const SCOPE: &'static [&'static str] = &[
        "as_of",
        "where",
        "by",
        "policy",
        "basis",
        "refunds",
        "occasion",
        "churn_days",
        "churn_boundary",
    ];
    const OCCASION: Option<Occasion> = None;
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let learned = learn(orders, at, options, context)?;
        let document = json!(learned);
        let mut rows = Vec::new();
        for (part, value) in document.as_object().into_iter().flatten() {
            numbers(part, value, &mut rows)?;
        }
        let [part, name, value] = Self::COLUMNS else {
            return Err(Error::internal("columns of learn"));
        };
        let text = |field: &Field, of: &dyn Fn(&(String, String, f64)) -> String| {
            let texts: Vec<String> = rows.iter().map(of).collect();
            let codes = collect(0..texts.len() as u32, "table")?;
            let texts = Arc::new(texts);
            Ok::<_, Error>(Column::new(field, Values::Text { codes, texts }))
        };
        Ok(Table::new(vec![
            text(part, &|row| row.0.clone())?,
            text(name, &|row| row.1.clone())?,
            Column::floats(value, rows.iter().map(|row| Some(row.2)))?,
        ])
        .with_note("learned", document))
    }
}

/// The numbers of a part with their paths, in the document's order.
fn numbers(part: &str, value: &Value, rows: &mut Vec<(String, String, f64)>) -> Result<()> {
    let mut rest = vec![(String::new(), value)];
    while let Some((name, value)) = rest.pop() {
        let path = |key: &str| match name.is_empty() {
            true => key.to_owned(),
            false => format!("{name}.{key}"),
        };
        match value {
            Value::Object(fields) => {
                rest.extend(fields.iter().rev().map(|(key, value)| (path(key), value)));
            }
            Value::Array(items) => {
                let items = items.iter().enumerate().rev();
                rest.extend(items.map(|(at, value)| (path(&at.to_string()), value)));
            }
            Value::Number(number) => {
                let value = number.as_f64().unwrap_or_default();
                push(rows, (part.to_owned(), name, value), "table")?;
            }
            _ => {}
        }
    }
    Ok(())
}
