//! BG/BB as analyses of a table: `bgbb_fit` fits patterns of purchases over discrete opportunities,
//! `bgbb_predict` predicts from them, `bgbb_histogram` counts customers by number of purchases.
//!
//! All read `frequency` (purchases), `recency` (the opportunity of the last purchase, 0 if none),
//! `n` (opportunities), and optionally `weight` (customers with this pattern). Formulas are in
//! [`crate::clv::models::bgbb`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::analysis::Analysis;
use crate::clv::fields::{DISCOUNTED_PURCHASES, EXPECTED_CUSTOMERS, OR_MORE, WEIGHTED_CUSTOMERS};
use crate::clv::fields::{HIGH, LOW, PARAMETER};
use crate::clv::fit_tables::table;
use crate::clv::frame::{fit_of, weights, whole, with_ids};
use crate::clv::models::bgbb;
use crate::clv::models::bgbb::Pattern;
use crate::clv::models::model::Fit;
use crate::clv::sbg_tables::{FitOptions, rate};
use crate::context::{Context, collect, room};
use crate::error::{Error, Result};
use crate::scope::Scope;
use crate::table::shared::{
    EXPECTED_PURCHASES, FREQUENCY, LOG_LIKELIHOOD, PROBABILITY_ALIVE, STANDARD_ERROR, VALUE,
};
use crate::table::{CUSTOMER_ID, Column, Field, Table, Values, columns};

/// The patterns of a table.
fn patterns(data: &Table) -> Result<Vec<Pattern>> {
    let columns = [
        whole(data, "frequency")?,
        whole(data, "recency")?,
        whole(data, "n")?,
    ];
    let weight = weights(data)?;
    let mut out = room(columns[0].len(), "patterns")?;
    out.extend((0..columns[0].len()).map(|row| Pattern {
        x: columns[0][row],
        t_x: columns[1][row],
        n: columns[2][row],
        weight: weight.as_ref().map_or(1.0, |w| w[row]),
    }));
    bgbb::check(&out)?;
    Ok(out)
}

/// The analysis `bgbb_fit`.
pub struct BgbbFit;

impl Analysis for BgbbFit {
    const NAME: &'static str = "bgbb_fit";
    const SUMMARY: &'static str =
        "the BG/BB model of purchases in discrete opportunities, such as yearly donations";
    const JA: &'static str = "離散購入モデルの推定";
    const COLUMNS: &'static [Field] = &[PARAMETER, VALUE, STANDARD_ERROR, LOW, HIGH];
    const OPTIONAL: &'static [&'static str] = &["customer_id", "weight"];
    type Data = Table;
    type Options = FitOptions;

    fn run(data: &Table, _: &(), options: &FitOptions, _: &Context) -> Result<Table> {
        table(&bgbb::fit(&patterns(data)?)?, options.confidence)
    }
}

/// Options of [`BgbbPredict`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PredictOptions {
    /// The model: the JSON of a fit, or of parameters `alpha`, `beta`, `gamma`, `delta`. Needed.
    pub fit: Value,
    /// Opportunities ahead, 1 to 100,000. Default 1.
    pub ahead: u32,
    /// Discount rate per opportunity, at least 0. Default 0.1.
    pub discount_rate: f64,
}

impl Default for PredictOptions {
    fn default() -> Self {
        Self {
            fit: Value::Null,
            ahead: 1,
            discount_rate: 0.1,
        }
    }
}

/// The analysis `bgbb_predict`.
pub struct BgbbPredict;

impl Analysis for BgbbPredict {
    const NAME: &'static str = "bgbb_predict";
    const SUMMARY: &'static str = "P(alive) and expected purchases in the next opportunities";
    const JA: &'static str = "離散購入の期待回数";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        PROBABILITY_ALIVE, "Probability of being alive at the last opportunity of the prediction.";
        EXPECTED_PURCHASES, "Expected purchases in the next opportunities.";
        DISCOUNTED_PURCHASES, "Expected purchases without an end, discounted; null if infinite.";
        LOG_LIKELIHOOD, "Log likelihood of the customer's history.";
    };
    const OPTIONAL: &'static [&'static str] = &["customer_id", "weight"];
    type Data = Table;
    type Options = PredictOptions;

    fn run(data: &Table, _: &(), options: &PredictOptions, context: &Context) -> Result<Table> {
        let fit: Fit<bgbb::Params> = fit_of("fit", &options.fit)?;
        let (ahead, rate) = (options.ahead, rate(options.discount_rate)?);
        if !(1..=100_000).contains(&ahead) {
            return Err(Error::option("ahead", ahead, "1 to 100000"));
        }
        let patterns = patterns(data)?;
        let model = &fit.model;
        let column = |field: &Field, of: &dyn Fn(&Pattern) -> f64| {
            context.check()?;
            let values = collect(patterns.iter().map(of), "predictions")?;
            Column::finite(field, values)
        };
        let [_, alive, expected, discounted, likelihood] = Self::COLUMNS else {
            return Err(Error::internal("columns of bgbb_predict"));
        };
        let columns = vec![
            column(alive, &|p| model.probability_alive(p.x, p.t_x, p.n, ahead))?,
            column(expected, &|p| model.expected(p.x, p.t_x, p.n, ahead))?,
            column(discounted, &|p| model.discounted(p.x, p.t_x, p.n, rate))?,
            column(likelihood, &|p| model.log_likelihood(p.x, p.t_x, p.n))?,
        ];
        Ok(Table::new(with_ids(data, columns)?))
    }
}

/// Options of [`BgbbHistogram`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HistogramOptions {
    /// The model: the JSON of a fit, or of parameters `alpha`, `beta`, `gamma`, `delta`. Needed.
    pub fit: Value,
    /// The last row counts customers with this many purchases or more, up to 10,000. Default: the
    /// greatest number of opportunities.
    pub up_to: Option<u32>,
}

/// The largest `up_to`.
const MOST_ROWS: u32 = 10_000;

/// The analysis `bgbb_histogram`.
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
    type Options = HistogramOptions;

    fn resolve(
        data: &Table,
        scope: Scope,
        mut options: HistogramOptions,
    ) -> Result<(Scope, HistogramOptions)> {
        if options.up_to.is_none() {
            let most = whole(data, "n")?.into_iter().max().unwrap_or(0);
            options.up_to = Some(most.min(MOST_ROWS));
        }
        Ok((scope, options))
    }

    fn run(data: &Table, _: &(), options: &HistogramOptions, context: &Context) -> Result<Table> {
        let fit: Fit<bgbb::Params> = fit_of("fit", &options.fit)?;
        let patterns = patterns(data)?;
        let most = patterns.iter().map(|p| p.n).max().unwrap_or(0);
        let up_to = options.up_to.unwrap_or(most);
        if up_to > MOST_ROWS {
            return Err(Error::option("up_to", up_to, "at most 10000"));
        }
        let found = bgbb::histogram(&fit.model, &patterns, up_to, context)?;
        let [n, or_more, actual, expected] = Self::COLUMNS else {
            return Err(Error::internal("columns of bgbb_histogram"));
        };
        let rows = 0..up_to + 1;
        let last = collect(rows.clone().map(|k| k == up_to && most > up_to), "table")?;
        Ok(Table::new(vec![
            Column::ints(n, rows.map(|k| Some(k as i32)))?,
            Column::new(or_more, Values::Bool(last)),
            Column::floats(actual, found.actual.into_iter().map(Some))?,
            Column::floats(expected, found.expected.into_iter().map(Some))?,
        ]))
    }
}
