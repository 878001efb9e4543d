//! The BG/BB model fitted to patterns of purchases over discrete opportunities (`bgbb_fit`).
//!
//! It reads `frequency` (purchases), `recency` (the opportunity of the last purchase, 0 if none), `n`
//! (opportunities), and optionally `weight` (customers with this pattern). Formulas are in
//! [`crate::clv::models::bgbb`].

use super::fit_table::table;
use super::patterns::patterns;
use super::sbg_fit::Options;
use crate::analysis::Analysis;
use crate::clv::fields::{HIGH, LOW, PARAMETER};
use crate::clv::models::bgbb;
use crate::context::Context;
use crate::error::Result;
use crate::table::shared::{STANDARD_ERROR, VALUE};
use crate::table::{Field, Table};

/// The analysis `bgbb_fit`.
#[derive(Debug, Clone, Copy)]
pub struct BgbbFit;

impl Analysis for BgbbFit {
    const NAME: &'static str = "bgbb_fit";
    const SUMMARY: &'static str =
        "the BG/BB model of purchases in discrete opportunities, such as yearly donations";
    const JA: &'static str = "離散購入モデルの推定";
    const COLUMNS: &'static [Field] = &[PARAMETER, VALUE, STANDARD_ERROR, LOW, HIGH];
    const OPTIONAL: &'static [&'static str] = &["customer_id", "weight"];
    type Data = Table;
    type Options = Options;

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        table(&bgbb::fit(&patterns(data)?, context)?, options.confidence)
    }
}
