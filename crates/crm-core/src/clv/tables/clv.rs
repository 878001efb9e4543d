//! The predicted value of each customer, with two intervals (`clv`).
//!
//! Both fits are given as JSON: the note `fit` of a fit's table, its text, or parameters alone. The
//! computation is [`value`]. A fit with [seasons](crate::season) runs in their time (see `clv_fit`): `horizon_days` from
//! October on has a December in it.

use crate::analysis::Analysis;
use crate::clv::covariate_columns::covariate_fit_of;
use crate::clv::fields::EXPECTED_SPEND;
use crate::clv::frame::spend;
use crate::clv::frame::{Frame, fit_of, one_as_of, unit_for, with_ids};
use crate::clv::models::gamma_gamma;
use crate::clv::models::model::{Fit, Purchases};
use crate::clv::outcome::ends;
use crate::clv::tables::clv_summary::Unit;
use crate::clv::usable::{Reads, Usable, policy};
use crate::clv::value;
use crate::clv::value::Compounding;
use crate::context::Context;
use crate::data::BadRows;
use crate::error::{Error, Result};
use crate::num::{Fraction, Positive};
use crate::scope::Scope;
use crate::table::shared::{EXPECTED_PURCHASES, PROBABILITY_ALIVE};
use crate::table::{CUSTOMER_ID, Column, Field, Table, columns};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Options of [`Clv`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The model of purchases: the JSON of a fit, or of parameters. Needed.
    pub fit: Value,
    /// The model of spend: the JSON of a Gamma-Gamma fit, or of parameters. Needed.
    pub spend_fit: Value,
    /// The unit of time of a frame without a definition.
    pub unit: Option<Unit>,
    /// Days ahead. Not accepted with `infinite`, where it is null. Default 365.
    pub horizon_days: Option<Positive>,
    /// Whether the horizon is infinite. Default: no.
    pub infinite: bool,
    /// Discount rate per year, at least 0. Default 0.1.
    pub annual_discount_rate: f64,
    /// How the yearly rate becomes a daily one. Default: compounded.
    pub compounding: Compounding,
    /// Margin: the share of spend that is profit. Default 1: value is revenue.
    pub margin: Positive,
    /// Level of both intervals. Default 0.8.
    pub interval: Option<Fraction>,
    /// Whether to compute the intervals. Default: yes.
    pub intervals: bool,
    /// Draws per customer for the interval of the outcome, 10 to 100,000. Default 200.
    pub draws: u32,
    /// Seed of the draws. Default 0.
    pub seed: u64,
    /// The error of the sum that all customers share, for the interval of its outcome in the note `total`: the
    /// standard deviation of the logarithm for a year or less, 0 to 2. Not accepted without intervals or with `infinite`, where
    /// it is null. Default 0.15, which is typical of shops; the note `shared_error` of `base_forecast` has the shop's own.
    pub shared_error: Option<f64>,
    /// Rows of a frame that no model can take (negative or missing numbers, recency above T, spend
    /// below 0): `drop` gives nulls and counts them in the note `rows_left_out`, `error` stops.
    /// Default: left out of a
    /// `clv_summary`, an error in a frame of your own.
    pub bad_rows: Option<BadRows>,
}

impl Default for Options {
    fn default() -> Self {
        let value = value::Options::default();
        Self {
            fit: Value::Null,
            spend_fit: Value::Null,
            unit: None,
            horizon_days: value.horizon_days,
            infinite: false,
            annual_discount_rate: value.annual_discount_rate,
            compounding: value.compounding,
            margin: value.margin,
            interval: value.interval,
            intervals: true,
            draws: value.draws,
            seed: value.seed,
            shared_error: None,
            bad_rows: None,
        }
    }
}

/// The analysis `clv`.
#[derive(Debug, Clone, Copy)]
pub struct Clv;

impl Analysis for Clv {
    const NAME: &'static str = "clv";
    const SUMMARY: &'static str = "predicted value of each customer, with two intervals";
    const JA: &'static str = "予測LTV";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        PROBABILITY_ALIVE;
        EXPECTED_PURCHASES;
        EXPECTED_SPEND;
        "clv": Float, "currency", "予測LTV", "Discounted value; null if infinite.";
        "expected_low": Float, "currency", "期待値の下限",
            "Lower end for the expectation `clv`, whose parameters are estimates. Null without standard \
             errors.";
        "expected_high": Float, "currency", "期待値の上限", "Upper end for the expectation.";
        "clv_low": Float, "currency", "実績予測の下限",
            "Lower end for the outcome, with random life, purchases and spend. Null without a finite horizon.";
        "clv_high": Float, "currency", "実績予測の上限", "Upper end for the outcome.";
    };
    const OPTIONAL: &'static [&'static str] = &["customer_id", "weight", "as_of"];
    type Data = Table;
    type Options = Options;

    fn resolve(data: &Table, scope: Scope, mut options: Options) -> Result<(Scope, Options)> {
        options.unit = Some(unit_for(
            data,
            options.unit,
            &covariate_fit_of("fit", &options.fit)?.fit,
        )?);
        options.bad_rows = Some(policy(data, options.bad_rows));
        if options.infinite {
            if options.horizon_days != Options::default().horizon_days {
                let expected = "no value together with `infinite`";
                return Err(Error::option("horizon_days", "", expected));
            }
            options.horizon_days = None;
        }
        let has_outcome = options.intervals && options.interval.is_some() && !options.infinite;
        options.shared_error = match (options.shared_error, has_outcome) {
            (Some(given), false) => {
                let expected = "no value without an interval of the outcome";
                return Err(Error::option("shared_error", given, expected));
            }
            (None, true) => Some(value::Options::default().shared_error),
            (given, _) => given,
        };
        Ok((scope, options))
    }

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        one_as_of(data)?;
        let model = covariate_fit_of("fit", &options.fit)?;
        let fit = &model.fit;
        let spend_fit: Fit<gamma_gamma::Params> = fit_of("spend_fit", &options.spend_fit)?;
        let usable = Usable::new(data, options.bad_rows, Reads::BOTH)?;
        let mut frame = Frame::new(&usable.table, options.unit)?;
        fit.model.unit().expect(frame.unit)?;
        let time = frame.in_time_of(fit.seasonality.as_ref(), &usable.table)?;
        context.check()?;
        let histories = frame.histories();
        let means = spend(&usable.table)?;
        let of_value = value::Options {
            horizon_days: options.horizon_days.filter(|_| !options.infinite),
            annual_discount_rate: options.annual_discount_rate,
            compounding: options.compounding,
            margin: options.margin,
            interval: options.interval.filter(|_| options.intervals),
            draws: options.draws,
            seed: options.seed,
            shared_error: options.shared_error.unwrap_or(0.0),
        };
        let unit = frame.unit;
        let values = match &model.covariates {
            None => value::value_in(
                &time,
                fit,
                &spend_fit,
                (&histories, &means),
                unit,
                &of_value,
                context,
            )?,
            Some(_) => value::value_by_model(
                &time,
                &model,
                &spend_fit,
                (&histories, &means, &model.by_model(&usable.table)?),
                unit,
                &of_value,
                context,
            )?,
        };
        let [
            _,
            f_alive,
            f_expected,
            f_spend,
            f_clv,
            f_low,
            f_high,
            f_least,
            f_most,
        ] = Self::COLUMNS
        else {
            return Err(Error::internal("columns of clv"));
        };
        let n = values.clv.len();
        let (low, high) = ends(values.expected, n)?;
        let (least, most) = ends(values.outcome, n)?;
        let column = |field, values| Column::finite(field, usable.spread(values)?);
        let columns = vec![
            column(f_alive, values.probability_alive)?,
            column(f_expected, values.expected_purchases)?,
            column(f_spend, values.expected_spend)?,
            column(f_clv, values.clv)?,
            column(f_low, low)?,
            column(f_high, high)?,
            column(f_least, least)?,
            column(f_most, most)?,
        ];
        let table = Table::new(with_ids(data, columns)?)
            .with_note("unit", json!(frame.unit))
            .with_note("total", json!(values.total));
        Ok(usable.noted(time.noted(table)))
    }
}
