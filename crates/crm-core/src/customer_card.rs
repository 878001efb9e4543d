//! The customer card: all results about one customer, from the document of `learn`.
//!
//! # Definition
//!
//! One row per customer in the orders, usually one: a web page that shows a customer has the
//! customer's orders and the document of [`crate::shop_model::learn`], not the orders of the whole shop. Every
//! number equals the result of another analysis with `learned`:
//!
//! | columns | from |
//! |---|---|
//! | first and last date, orders, revenue, recency, r, f, m, rfm_segment | `rfm`, frozen cuts |
//! | cpm_segment, cpm_state | `cpm` |
//! | dates, probabilities, overdue_probability, level | `cycle` |
//! | reached_on, reason, next_level, counterfactual | `alerts`, at every level from due |
//! | expected_purchases, expected_spend, clv | `clv`, 365 days at 10 % a year |
//!
//! `probability_alive` is that of `cycle`. Columns for which the document has no part are null, but
//! it must have a `gap_model` (null for a shop without a returning customer). Without `learned` the
//! orders are a whole shop, to which the models are fitted first.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::analysis::{Analysis, Entry};
use crate::clv::frame::{Frame, fit_of, spend};
use crate::clv::models::gamma_gamma;
use crate::clv::models::model::{Fit, Model, Purchases};
use crate::clv::models::repeat_model::RepeatModel;
use crate::clv::tables::clv::Clv;
use crate::clv::tables::clv_summary;
use crate::clv::tables::clv_summary::Unit;
use crate::clv::value;
use crate::context::{Context, filled, room};
use crate::cycle::alert_words::{Reason, Why};
use crate::cycle::alerts::{Alerts, Silence};
use crate::cycle::next_purchase;
use crate::cycle::next_purchase::Cycle;
use crate::cycle::predict::{Level, overdue_probability};
use crate::cycle::shop::{Shop, View, nothing_learnt};
use crate::data::Orders;
use crate::document::Learned;
use crate::error::{Error, Result};
use crate::scope::{At, MoneyThreshold, Occasion};
use crate::season::Seasons;
use crate::segmentation::cpm::Cpm;
use crate::segmentation::rfm::Rfm;
use crate::segmentation::{cpm, rfm};
use crate::shop_model::learn;
use crate::summary::Totals;
use crate::table::{Column, Field, Table};
use crate::time::Duration;

/// Options of [`CustomerCard`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// A document made by `learn`. Default: none, made from these orders.
    pub learned: Option<Learned>,
    /// Horizon of `probability_within`. Default 30 days; parts of days count as days.
    pub within: Duration,
    /// Dates are conditional on a return within this time from `as_of`, as in `cycle`. Default:
    /// none, at any time.
    pub return_within: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            learned: None,
            within: Duration::days(30),
            return_within: None,
        }
    }
}

/// The analysis `customer`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct CustomerCard;

/// The analyses of the module.
pub(crate) static ANALYSES: &[Entry] = &[Entry::of::<CustomerCard>()];

/// The field with a name in another analysis, looked up at compile time.
const fn of(fields: &'static [Field], name: &'static str) -> Field {
    let mut at = 0;
    while at < fields.len() {
        let (a, b) = (fields[at].name.as_bytes(), name.as_bytes());
        let mut i = 0;
        while i < a.len() && i < b.len() && a[i] == b[i] {
            i += 1;
        }
        if i == a.len() && i == b.len() {
            return fields[at];
        }
        at += 1;
    }
    panic!("no such column")
}

const fn named(mut field: Field, name: &'static str, ja: &'static str) -> Field {
    field.name = name;
    field.ja = ja;
    field
}

impl Analysis for CustomerCard {
    const NAME: &'static str = "customer";
    const SUMMARY: &'static str =
        "Everything about one customer, with the shop's estimates from `learn`";
    const JA: &'static str = "顧客カルテ";
    const COLUMNS: &'static [Field] = &[
        of(Rfm::COLUMNS, "customer_id"),
        of(crate::summary::customer::Summary::COLUMNS, "first_date"),
        of(Cycle::COLUMNS, "last_date"),
        of(Rfm::COLUMNS, "orders"),
        of(Rfm::COLUMNS, "revenue"),
        of(Rfm::COLUMNS, "recency_days"),
        of(Rfm::COLUMNS, "r"),
        of(Rfm::COLUMNS, "f"),
        of(Rfm::COLUMNS, "m"),
        named(of(Rfm::COLUMNS, "segment"), "rfm_segment", "RFMセグメント"),
        named(of(Cpm::COLUMNS, "segment"), "cpm_segment", "CPMセグメント"),
        named(of(Cpm::COLUMNS, "state"), "cpm_state", "CPM状態"),
        of(Cycle::COLUMNS, "gaps"),
        of(Cycle::COLUMNS, "predicted_date"),
        of(Cycle::COLUMNS, "date_p10"),
        of(Cycle::COLUMNS, "date_p80"),
        of(Cycle::COLUMNS, "date_p90"),
        of(Cycle::COLUMNS, "probability_within"),
        of(Cycle::COLUMNS, "probability_alive"),
        of(Cycle::COLUMNS, "overdue_probability"),
        of(Cycle::COLUMNS, "level"),
        of(Alerts::COLUMNS, "reached_on"),
        of(Alerts::COLUMNS, "reason_code"),
        of(Alerts::COLUMNS, "reason"),
        of(Alerts::COLUMNS, "reason_ja"),
        of(Alerts::COLUMNS, "next_level"),
        of(Alerts::COLUMNS, "next_level_date"),
        of(Alerts::COLUMNS, "counterfactual"),
        of(Alerts::COLUMNS, "counterfactual_ja"),
        of(Clv::COLUMNS, "expected_purchases"),
        of(Clv::COLUMNS, "expected_spend"),
        of(Clv::COLUMNS, "clv"),
    ];
    const NEEDS_AS_OF: bool = true;
    const OCCASION: Option<Occasion> = None;
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let own;
        let learned = match &options.learned {
            Some(learned) => learned,
            None => {
                own = learn::learn(orders, at, &learn::Options::default(), context)?;
                &own
            }
        };
        learned.check_money(orders.currency(), at.basis)?;
        let totals = Totals::new(orders, at, context)?;
        let mut columns = scores(&totals, at, learned)?;
        columns.extend(silence(orders, at, options, learned, context)?);
        columns.extend(worth(orders, at, learned, totals.len(), context)?);
        let table = Table::new(columns);
        Ok(match learned.has("gap_model") {
            true => table,
            false => nothing_learnt(table),
        })
    }
}

fn field(name: &str) -> Result<&'static Field> {
    let found = CustomerCard::COLUMNS
        .iter()
        .find(|field| field.name == name);
    found.ok_or(Error::internal("columns of customer"))
}

/// The columns of RFM and CPM.
fn scores(totals: &Totals, at: &At, learned: &Learned) -> Result<Vec<Column>> {
    let n = totals.len();
    let frozen = rfm::Options {
        learned: Some(learned.clone()),
        ..rfm::Options::default()
    };
    let scores = match learned.has("rfm") {
        true => Some(rfm::score(totals, &frozen)?),
        false => None,
    };
    let money = learned.part::<cpm::Frozen>("cpm")?;
    let ladder = cpm::Options {
        money: money.map(|frozen| MoneyThreshold::Amount(frozen.money)),
        ..cpm::Options::default()
    };
    let yen = totals.currency == crate::money::Currency::JPY;
    let portfolio = match money.is_some() || yen {
        true => {
            let portfolio = cpm::segment(totals, at, &ladder);
            Some(portfolio.map_err(|error| error.inside("learned.cpm"))?)
        }
        false => None,
    };
    let score = |name: &str, of: &dyn Fn(&rfm::Scores) -> &[u8]| {
        let cell = |row: usize| scores.as_ref().map(|scores| i32::from(of(scores)[row]));
        Column::ints(field(name)?, (0..n).map(cell))
    };
    let words = |name: &str, labels, of: &dyn Fn(usize) -> Option<u8>| {
        Column::words(field(name)?, labels, (0..n).map(of))
    };
    let dates = |name: &str, days: &[i32]| Column::dates(field(name)?, days.iter().copied());
    let segment = |row: usize| Some(scores.as_ref()?.segment.as_ref()?.place(row));
    let customers = totals.customer.iter().copied();
    let revenue = totals.revenue.iter().copied();
    let recency = (0..n).map(|row| Some(totals.recency_days(row)));
    Ok(vec![
        Column::ids(field("customer_id")?, &totals.ids, customers)?,
        dates("first_date", &totals.first_day)?,
        dates("last_date", &totals.last_day)?,
        Column::ints(field("orders")?, totals.orders.iter().map(|v| Some(*v)))?,
        Column::money(field("revenue")?, revenue, totals.currency)?,
        Column::ints(field("recency_days")?, recency)?,
        score("r", &|scores| &scores.r)?,
        score("f", &|scores| &scores.f)?,
        score("m", &|scores| &scores.m)?,
        words("rfm_segment", rfm::Segment::LABELS, &segment)?,
        words("cpm_segment", cpm::Segment::LABELS, &|row| {
            portfolio.as_ref().map(|p| p.segment[row] as u8)
        })?,
        words("cpm_state", cpm::State::LABELS, &|row| {
            portfolio.as_ref().map(|p| p.state[row] as u8)
        })?,
    ])
}

/// The columns of `cycle` and `alerts`.
fn silence(
    orders: &Orders,
    at: &At,
    options: &Options,
    learned: &Learned,
    context: &Context,
) -> Result<Vec<Column>> {
    let view = View {
        learned: Some(learned),
        seasonality: &Seasons::Auto,
        ..View::OWN
    };
    let shop = Shop::new(orders, at, &view, context)?;
    let cycle = next_purchase::Options {
        within: options.within,
        return_within: options.return_within,
        ..next_purchase::Options::default()
    };
    let mut columns = next_purchase::columns(&shop, at, &cycle, context)?;
    // The customer and the last day are in the table already.
    columns.retain(|column| !["customer_id", "last_date"].contains(&column.name()));

    let n = shop.gaps.len();
    let mut why = Why::with_room(n)?;
    let mut reached = room(n, "table")?;
    for row in 0..n {
        let distribution = shop.gap_distribution(row);
        let elapsed = shop.gaps.open_days(row);
        let silence = (distribution.as_ref())
            .map(|distribution| Silence::new(distribution, shop.gaps.last_day[row], None));
        let level = silence.as_ref().map_or(Level::Ok, |s| s.level(elapsed));
        reached.push(silence.as_ref().and_then(|s| s.reached_on(level)));
        let overdue = distribution.as_ref().map_or(0.0, |distribution| {
            overdue_probability(distribution, elapsed)
        });
        let reason = || Reason::new(&shop, row, overdue, false);
        let next = silence.as_ref().and_then(|s| s.next(level));
        why.push((level > Level::Ok).then(reason), next)?;
    }
    columns.push(Column::ints(field("reached_on")?, reached.into_iter())?);
    columns.extend(why.columns()?);
    Ok(columns)
}

/// Expected purchases, spend and value.
fn worth(
    orders: &Orders,
    at: &At,
    learned: &Learned,
    n: usize,
    context: &Context,
) -> Result<Vec<Column>> {
    let mut cells = ["expected_purchases", "expected_spend", "clv"].map(|name| (name, Vec::new()));
    for (_, cells) in &mut cells {
        *cells = filled(n, None, "table")?;
    }
    let purchases: Option<Fit<RepeatModel>> = fit(learned, "clv", "learned.clv")?;
    let spending: Option<Fit<gamma_gamma::Params>> = fit(learned, "spend", "learned.spend")?;
    if let (Some(purchases), Some(spending)) = (purchases, spending) {
        if purchases.model.unit() != Unit::Day {
            return Err(Error::option("learned.clv", "", "a model in days"));
        }
        let days = clv_summary::Options {
            // Those of the document count.
            seasonality: Seasons::Even,
            ..clv_summary::Options::default()
        };
        let summary = clv_summary::Summary::run(orders, at, &days, context)?;
        let frame = Frame::new(&summary, Some(Unit::Day))?;
        let means = spend(&summary)?;
        // The model of spend does not accept repeat purchases without revenue.
        let mut rows = room(n, "table")?;
        rows.extend((0..n).filter(|&row| frame.frequency[row] == 0.0 || means[row] > 0.0));
        let summary = summary.take(&rows)?;
        let mut frame = Frame::new(&summary, Some(Unit::Day))?;
        let time = frame.in_time_until(purchases.seasonality.as_ref(), Some(at.day))?;
        let worth = value::value_in(
            &time,
            &purchases,
            &spending,
            (&frame.histories(), &spend(&summary)?),
            Unit::Day,
            &value::Options {
                interval: None,
                ..value::Options::default()
            },
            context,
        )?;
        let values = [worth.expected_purchases, worth.expected_spend, worth.clv];
        for ((_, cells), values) in cells.iter_mut().zip(values) {
            for (&row, value) in rows.iter().zip(values) {
                cells[row] = Some(value).filter(|value| value.is_finite());
            }
        }
    }
    let columns = cells.iter();
    let columns = columns.map(|(name, cells)| Column::floats(field(name)?, cells.iter().copied()));
    columns.collect()
}

/// A part that is a fit; parameters out of range count as none.
fn fit<M: Model + DeserializeOwned>(
    learned: &Learned,
    part: &str,
    option: &'static str,
) -> Result<Option<Fit<M>>> {
    let Some(given) = learned.part::<Value>(part)? else {
        return Ok(None);
    };
    let fit = fit_of::<M>(option, &given)?;
    let sane = fit.parameters().all(|(_, v)| (1e-9..=1e15).contains(&v));
    match sane {
        true => Ok(Some(fit)),
        false => Err(Error::option(option, "", "parameters that a fit has given")),
    }
}
