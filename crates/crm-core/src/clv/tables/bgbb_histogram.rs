//! Customers by number of purchases over discrete opportunities, observed and expected
//! (`bgbb_histogram`).
//!
//! It reads `frequency` (purchases), `recency` (the opportunity of the last purchase, 0 if none), `n`
//! (opportunities), and optionally `weight` (customers with this pattern). Formulas are in
//! [`crate::clv::models::bgbb`].

use super::histogram_table::histogram_table;
use super::patterns::patterns;
use crate::analysis::Analysis;
use crate::clv::fields::{EXPECTED_CUSTOMERS, OR_MORE, WEIGHTED_CUSTOMERS};
use crate::clv::frame::{fit_of, whole};
use crate::clv::models::bgbb;
use crate::clv::models::model::Fit;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::scope::Scope;
use crate::table::shared::FREQUENCY;
use crate::table::{Field, Table, columns};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Options of [`BgbbHistogram`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The model: the JSON of a fit, or of parameters `alpha`, `beta`, `gamma`, `delta`. Needed.
    pub fit: Value,
    /// The last row counts customers with this many purchases or more, up to 10,000. Default: the
    /// greatest number of opportunities.
    pub up_to: Option<u32>,
}

/// The largest `up_to`.
const MOST_ROWS: u32 = 10_000;

/// The analysis `bgbb_histogram`.
#[derive(Debug, Clone, Copy)]
pub struct BgbbHistogram;

impl Analysis for BgbbHistogram {
    const NAME: &'static str = "bgbb_histogram";
    const SUMMARY: &'static str = "observed and expected numbers of customers by number of purchases in discrete opportunities";
    const JA: &'static str = "離散購入回数分布の予測と実績";
    const COLUMNS: &'static [Field] = &columns! {
        FREQUENCY, "Purchases.";
        OR_MORE,
            "Whether the row includes more frequent customers: the last row, if some had more opportunities.";
        WEIGHTED_CUSTOMERS, "Observed customers, by weight.";
        EXPECTED_CUSTOMERS, "Expected customers, given their numbers of opportunities.";
    };
    const OPTIONAL: &'static [&'static str] = &["customer_id", "weight"];
    type Data = Table;
    type Options = Options;

    fn resolve(data: &Table, scope: Scope, mut options: Options) -> Result<(Scope, Options)> {
        if options.up_to.is_none() {
            let most = whole(data, "n")?.into_iter().max().unwrap_or(0);
            options.up_to = Some(most.min(MOST_ROWS));
        }
        Ok((scope, options))
    }

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let fit: Fit<bgbb::Params> = fit_of("fit", &options.fit)?;
        let patterns = patterns(data)?;
        let most = patterns.iter().map(|p| p.n).max().unwrap_or(0);
        let up_to = options.up_to.unwrap_or(most);
        if up_to > MOST_ROWS {
            return Err(Error::option("up_to", up_to, "at most 10000"));
        }
        let found = bgbb::histogram(&fit.model, &patterns, up_to, context)?;
        let or_more = most > up_to;
        histogram_table(Self::COLUMNS, &found.actual, &found.expected, or_more)
    }
}
