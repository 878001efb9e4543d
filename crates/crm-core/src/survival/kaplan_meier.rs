//! The Kaplan-Meier curve of the gaps of the whole shop (`kaplan_meier`).
//!
//! # Definition
//!
//! The curve is `S(t)`, the share of gaps longer than t days ([`crate::num::survival`]), of the rows
//! and weights of [`gaps`](super::gaps). Intervals are clustered by customer, because gaps of one
//! customer are similar.

use super::curve::{AT_RISK, DAYS, EVENTS, columns_of, quantiles};
use super::gaps::{Options, subjects};
use crate::analysis::Analysis;
use crate::context::Context;
use crate::data::Orders;
use crate::error::Result;
use crate::num::survival;
use crate::scope::{At, Occasion};
use crate::summary::Gaps;
use crate::table::shared::{SURVIVAL_RATE, SURVIVAL_RATE_HIGH, SURVIVAL_RATE_LOW};
use crate::table::{Column, Field, Table, columns};
use serde_json::json;

/// The analysis `kaplan_meier`.
#[derive(Debug)]
pub struct KaplanMeier;

impl Analysis for KaplanMeier {
    const NAME: &'static str = "kaplan_meier";
    const SUMMARY: &'static str = "Share of purchase gaps longer than t days, open gaps censored";
    const JA: &'static str = "購入間隔の生存曲線";
    const COLUMNS: &'static [Field] = &columns! {
        DAYS;
        AT_RISK;
        EVENTS, "Weight of the gaps that ended on this day.";
        SURVIVAL_RATE, "Share of gaps longer than this.";
        SURVIVAL_RATE_LOW;
        SURVIVAL_RATE_HIGH;
    };
    const OCCASION: Option<Occasion> = Some(Occasion::Day);
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let gaps = Gaps::new(orders, at, context)?;
        let subjects = || subjects(orders, &gaps, *options, 0);
        let curve = survival::by_subject(subjects, options.confidence, context)?;
        let days = curve.times.iter().map(|t| Some(*t as i32));
        let days = Column::ints(&Self::COLUMNS[0], days)?;
        let table = Table::new(columns_of(Self::COLUMNS, days, &curve)?);
        let shown = gaps.customer.iter().filter(|code| orders.shows(**code));
        Ok(table
            .with_note("quantiles", quantiles(&curve))
            .with_note("customers", json!(shown.count())))
    }
}
