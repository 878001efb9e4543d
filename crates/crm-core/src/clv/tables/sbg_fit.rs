//! The model of contracts fitted to the survivors of cohorts (`sbg_fit`).
//!
//! It reads a column `survivors`: a cohort's size, then the customers left after one period, after
//! two, and so on. Several cohorts follow each other, with a column `period` in which each 0 begins a
//! cohort. Formulas are in [`crate::clv::models::sbg`].

use super::fit_table::table;
use crate::analysis::Analysis;
use crate::clv::fields::{HIGH, LOW, PARAMETER};
use crate::clv::frame::whole;
use crate::clv::models::sbg;
use crate::context::{Context, push};
use crate::error::{Error, Result};
use crate::num::Fraction;
use crate::table::shared::{STANDARD_ERROR, VALUE};
use crate::table::{Field, Table};
use serde::{Deserialize, Serialize};

/// Options of [`SbgFit`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Confidence of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            confidence: Fraction::P95,
        }
    }
}

/// The analysis `sbg_fit`.
#[derive(Debug, Clone, Copy)]
pub struct SbgFit;

impl Analysis for SbgFit {
    const NAME: &'static str = "sbg_fit";
    const SUMMARY: &'static str =
        "the shifted beta-geometric model of the durations of contracts, from numbers of survivors";
    const JA: &'static str = "契約継続モデルの推定";
    const COLUMNS: &'static [Field] = &[PARAMETER, VALUE, STANDARD_ERROR, LOW, HIGH];
    const OPTIONAL: &'static [&'static str] = &["period"];
    type Data = Table;
    type Options = Options;

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let survivors = data.numbers("survivors")?;
        let mut starts = Vec::new();
        if data.column("period").is_some() {
            let mut next = 0;
            for (row, period) in whole(data, "period")?.into_iter().enumerate() {
                if period == 0 {
                    push(&mut starts, row, "cohorts")?;
                } else if period != next || row == 0 {
                    let expected = "0 where a cohort begins, and one more than the row before";
                    return Err(Error::value("period", row, expected));
                }
                next = period + 1;
            }
        } else {
            push(&mut starts, 0, "cohorts")?;
        }
        let ends = starts.iter().skip(1).copied().chain([survivors.len()]);
        let mut cohorts = Vec::new();
        for (start, end) in starts.iter().zip(ends) {
            push(&mut cohorts, &survivors[*start..end], "cohorts")?;
        }
        table(&sbg::fit(&cohorts, context)?, options.confidence)
    }
}
