//! The RFM cross table (RFMクロス集計): customers and revenue by two score axes, sliced by the third.
//!
//! One row per cell of the two axes and, with `slice`, per score of the third axis, empty cells
//! included, best scores first: `levels²` or `levels³` rows.

use super::fields::{CUSTOMER_SHARE, REVENUE_SHARE};
use super::rfm;
use super::rfm_segments::Groups;
use crate::analysis::Analysis;
use crate::context::Context;
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::scope::{At, Scope};
use crate::segmentation::fields::{F_SCORE, M_SCORE, R_SCORE};
use crate::table::shared::{CUSTOMERS, REVENUE};
use crate::table::{Column, Field, Table, Values, columns};
use serde::{Deserialize, Serialize};

/// Options of [`RfmCross`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The axis of rows. Default: recency.
    pub rows: Axis,
    /// The axis of columns. Default: frequency.
    pub columns: Axis,
    /// Whether to slice by the third axis. Default: no.
    pub slice: bool,
    /// How customers are scored: the options of `rfm`.
    pub rfm: rfm::Options,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            rows: Axis::R,
            columns: Axis::F,
            slice: false,
            rfm: rfm::Options::default(),
        }
    }
}

/// A score axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Axis {
    /// Recency.
    R,
    /// Frequency.
    F,
    /// Monetary value.
    M,
}

/// The analysis `rfm_cross`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct RfmCross;

impl Analysis for RfmCross {
    const NAME: &'static str = "rfm_cross";
    const SUMMARY: &'static str = "Customers and revenue by two RFM axes, sliced by the third";
    const JA: &'static str = "RFMクロス集計";
    const COLUMNS: &'static [Field] = &columns! {
        R_SCORE, "Recency score, if it is an axis or the slice.";
        F_SCORE, "Frequency score, if it is an axis or the slice.";
        M_SCORE, "Monetary score, if it is an axis or the slice.";
        CUSTOMERS;
        REVENUE, "Their revenue.";
        CUSTOMER_SHARE;
        REVENUE_SHARE;
    };
    type Data = Orders;
    type Options = Options;

    fn resolve(orders: &Orders, scope: Scope, mut options: Options) -> Result<(Scope, Options)> {
        options.rfm = options.rfm.resolved(orders.currency())?;
        Ok((scope, options))
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        if options.rows == options.columns {
            return Err(Error::option("columns", "", "another axis than rows"));
        }
        let totals = rfm::totals(orders, at, &options.rfm, context)?;
        let scores = rfm::score(&totals, &options.rfm)?;
        let levels = scores.cuts.recency.len() + 1;
        let third = [Axis::R, Axis::F, Axis::M]
            .into_iter()
            .find(|axis| *axis != options.rows && *axis != options.columns)
            .filter(|_| options.slice);
        let axes: Vec<Axis> = third
            .into_iter()
            .chain([options.rows, options.columns])
            .collect();
        let of = |axis: Axis| match axis {
            Axis::R => &scores.r,
            Axis::F => &scores.f,
            Axis::M => &scores.m,
        };
        let cells = levels.pow(axes.len() as u32);
        let mut groups = Groups::new(cells)?;
        for (i, code) in totals.customer.iter().enumerate() {
            if orders.shows(*code) {
                // Best scores first.
                let cell = axes.iter().fold(0, |cell, axis| {
                    cell * levels + (levels - usize::from(of(*axis)[i]))
                });
                groups.add(cell, totals.revenue[i]);
            }
        }
        let mut columns = Vec::new();
        for (field, axis) in Self::COLUMNS.iter().zip([Axis::R, Axis::F, Axis::M]) {
            let Some(place) = axes.iter().position(|a| *a == axis) else {
                continue;
            };
            let step = levels.pow((axes.len() - 1 - place) as u32);
            let score = (0..cells).map(|cell| (levels - cell / step % levels) as i32);
            columns.push(Column::new(field, Values::I32(score.collect())));
        }
        columns.extend(groups.columns(totals.currency)?);
        Ok(Table::new(columns).with_note("cuts", serde_json::json!(scores.cuts)))
    }
}
