//! Weibull and log-normal distributions of the gaps of the whole shop (`gap_fits`).
//!
//! The distributions are fitted ([`crate::num::lifetime`]) to the rows and weights of
//! [`gaps`](super::gaps). They go to 0, so they take customers who have left for slow buyers.

use super::gaps::{Options, subjects};
use crate::analysis::Analysis;
use crate::context::Context;
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::num::lifetime::{Family, Status};
use crate::num::{lifetime, survival};
use crate::scope::{At, Occasion};
use crate::summary::Gaps;
use crate::table::shared::{AIC, LOG_LIKELIHOOD, MEDIAN_DAYS, STANDARD_ERROR, VALUE};
use crate::table::{Column, Field, Label, Table, columns, labels};

const FAMILIES: &[Label] = labels! {
    "weibull", "Weibull", "ワイブル分布";
    "log_normal", "Log-normal", "対数正規分布";
};
const PARAMETERS: &[Label] = labels! {
    "scale", "Scale", "尺度";
    "shape", "Shape", "形状";
    "mu", "Mean of log", "対数平均";
    "sigma", "SD of log", "対数標準偏差";
};
const STATUSES: &[Label] = labels! {
    "converged", "Converged", "収束";
    "boundary", "At a boundary", "境界";
    "stalled", "Stalled", "未収束";
};

/// The analysis `gap_fits`.
#[derive(Debug)]
pub struct GapFits;

impl Analysis for GapFits {
    const NAME: &'static str = "gap_fits";
    const SUMMARY: &'static str =
        "Weibull and log-normal distributions of the purchase gaps, open gaps censored";
    const JA: &'static str = "購入間隔の分布";
    const COLUMNS: &'static [Field] = &columns! {
        "family": Category, "", "分布", "The family of distributions.";
        "parameter": Category, "", "母数", "Its parameter; scale is in days, mu and sigma are of ln days.";
        VALUE;
        STANDARD_ERROR, "As if gaps were independent; null at a boundary.";
        LOG_LIKELIHOOD, "Log likelihood of the fit.";
        AIC, "Akaike's criterion of the fit; smaller is better.";
        MEDIAN_DAYS, "Median of the fitted distribution.";
        "status": Category, "", "状態", "How the fit ended.";
    };
    const SCOPE: &'static [&'static str] = crate::analysis::WITHOUT_OCCASION;
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let by_day = At {
            occasion: Some(Occasion::Day),
            ..*at
        };
        let gaps = Gaps::new(orders, &by_day, context)?;
        let tallies = survival::tally_subjects(subjects(orders, &gaps, *options, 1), context)?;
        let fits = [
            lifetime::fit_tallies(Family::Weibull, &tallies)?,
            lifetime::fit_tallies(Family::LogNormal, &tallies)?,
        ];
        let [
            family,
            parameter,
            value,
            error,
            likelihood,
            aic,
            median,
            status,
        ] = Self::COLUMNS
        else {
            return Err(Error::internal("columns of gap_fits"));
        };
        // Two rows per distribution.
        let rows = [(0, 0), (0, 1), (1, 0), (1, 1)];
        let code = |status: Status| match status {
            Status::Converged => 0,
            Status::Boundary { .. } => 1,
            Status::Stalled => 2,
        };
        let category = |field: &Field, labels: &'static [Label], codes: [u8; 4]| {
            Column::words(field, labels, codes.into_iter().map(Some))
        };
        let floats = |field: &Field, of: &dyn Fn(usize, usize) -> Option<f64>| {
            let finite = |(fit, at): (usize, usize)| of(fit, at).filter(|v| v.is_finite());
            Column::floats(field, rows.into_iter().map(finite))
        };
        Ok(Table::new(vec![
            category(family, FAMILIES, rows.map(|(fit, _)| fit as u8))?,
            category(
                parameter,
                PARAMETERS,
                rows.map(|(fit, at)| (2 * fit + at) as u8),
            )?,
            floats(value, &|fit, at| Some(fits[fit].parameters[at]))?,
            floats(error, &|fit, at| {
                fits[fit].standard_errors.map(|errors| errors[at])
            })?,
            floats(likelihood, &|fit, _| Some(fits[fit].log_likelihood))?,
            floats(aic, &|fit, _| Some(fits[fit].aic()))?,
            floats(median, &|fit, _| Some(fits[fit].quantile(0.5)))?,
            category(
                status,
                STATUSES,
                rows.map(|(fit, _)| code(fits[fit].status)),
            )?,
        ]))
    }
}
