//! Predictions as analyses of a table: `clv_predict`, `clv_new_customers`, `expected_spend` and
//! `clv`.
//!
//! A fit is given as JSON: the note `fit` of a fit's table, its text, or parameters alone, such as
//! `{"model": "mbg_nbd", "r": …, "alpha": …, "a": …, "b": …, "unit": "week"}`. Times `t` are in the
//! unit of the model; a table in another unit is refused.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::analysis::Analysis;
use crate::clv::fields::{DISCOUNTED_PURCHASES, EXPECTED_SPEND, TIME};
use crate::clv::frame::{Frame, fit_of, one_as_of, spend, unit_for, with_ids};
use crate::clv::models::gamma_gamma;
use crate::clv::models::histories::History;
use crate::clv::models::model::{Fit, Purchases};
use crate::clv::models::repeat_model::RepeatModel;
use crate::clv::outcome::{Draws, Interval};
use crate::clv::usable::{Reads, Usable, policy};
use crate::clv::value::Compounding;
use crate::clv::{outcome, value};
use crate::context::{Context, filled, room};
use crate::data::BadRows;
use crate::error::{Error, Result};
use crate::num::{Fraction, Positive};
use crate::scope::Scope;
use crate::summary::clv_summary::Unit;
use crate::table::shared::{EXPECTED_PURCHASES, LOG_LIKELIHOOD, PROBABILITY, PROBABILITY_ALIVE};
use crate::table::{CUSTOMER_ID, Column, Field, Table, columns};

/// Options of [`ClvPredict`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PredictOptions {
    /// The model: the JSON of a fit, or of parameters. Needed.
    pub fit: Value,
    /// Time ahead, in the unit of the model, at least 0. Default 30.
    pub t: f64,
    /// The unit of time of a frame without a definition.
    pub unit: Option<Unit>,
    /// Level of both intervals. Default 0.8; `only` leaves them out.
    pub interval: Option<Fraction>,
    /// Draws per customer for the interval of the outcome, 10 to 100,000. Default 200.
    pub draws: u32,
    /// Seed of the draws. Default 0.
    pub seed: u64,
    /// Discount rate per year of `discounted_purchases`, at least 0. Default 0.1.
    pub annual_discount_rate: f64,
    /// How the yearly rate becomes a daily one. Default: compounded.
    pub compounding: Compounding,
    /// Whether `discounted_purchases` have no time limit (DERT); otherwise they are those within
    /// `t`. Default: no.
    pub infinite: bool,
    /// Purchase days whose probability `probability_of_n` is, up to 1,000. Default: none, without the
    /// column.
    pub n: Option<u32>,
    /// Columns to compute, by name. Default: all.
    pub only: Option<Vec<String>>,
    /// Rows of a frame that no model can take (negative or missing numbers, recency above T, spend
    /// below 0): `drop` gives nulls and counts them in the note `rows_left_out`, `error` stops.
    /// Default: left out of a
    /// `clv_summary`, an error in a frame of your own.
    pub bad_rows: Option<BadRows>,
}

impl Default for PredictOptions {
    fn default() -> Self {
        Self {
            fit: Value::Null,
            t: 30.0,
            unit: None,
            interval: Fraction::new(0.8),
            draws: 200,
            seed: 0,
            annual_discount_rate: 0.1,
            compounding: Compounding::default(),
            infinite: false,
            n: None,
            only: None,
            bad_rows: None,
        }
    }
}

fn time(name: &str, t: f64) -> Result<f64> {
    if t >= 0.0 && t.is_finite() {
        Ok(t)
    } else {
        Err(Error::option(name, t, "a finite number, at least 0"))
    }
}

/// The analysis `clv_predict`.
pub struct ClvPredict;

impl Analysis for ClvPredict {
    const NAME: &'static str = "clv_predict";
    const SUMMARY: &'static str = "P(alive) and expected purchases of each customer";
    const JA: &'static str = "生存確率と期待購入回数";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        PROBABILITY_ALIVE;
        "probability_alive_later": Float, "", "期間後の生存確率",
            "Probability of being a customer at the end of the time ahead.";
        EXPECTED_PURCHASES;
        "expected_low": Float, "purchases", "期待値の下限",
            "Lower end for the expectation, whose parameters are estimates. Null without standard errors.";
        "expected_high": Float, "purchases", "期待値の上限", "Upper end for the expectation, not for the outcome.";
        "purchases_low": Float, "purchases", "実績予測の下限",
            "Lower end for the outcome, with random life and purchases.";
        "purchases_high": Float, "purchases", "実績予測の上限", "Upper end for the outcome.";
        DISCOUNTED_PURCHASES, "Expected purchases, each discounted to now; null if infinite.";
        "probability_none": Float, "", "購入なしの確率", "Probability of no purchase within the time ahead.";
        "probability_of_n": Float, "", "n回購入の確率",
            "Probability of exactly `n` purchase days within the time ahead; with `n` only.";
        LOG_LIKELIHOOD, "Log likelihood of the customer's history.";
    };
    const OPTIONAL: &'static [&'static str] = &["customer_id", "weight", "as_of"];
    type Data = Table;
    type Options = PredictOptions;

    fn resolve(
        data: &Table,
        scope: Scope,
        mut options: PredictOptions,
    ) -> Result<(Scope, PredictOptions)> {
        options.unit = Some(unit_for(data, options.unit, &options.fit)?);
        options.bad_rows = Some(policy(data, options.bad_rows));
        Ok((scope, options))
    }

    fn run(data: &Table, _: &(), options: &PredictOptions, context: &Context) -> Result<Table> {
        let fit: Fit<RepeatModel> = fit_of("fit", &options.fit)?;
        let t = time("t", options.t)?;
        let usable = Usable::new(data, options.bad_rows, Reads::PURCHASES)?;
        let frame = Frame::new(&usable.table, options.unit)?;
        fit.model.unit().expect(frame.unit)?;
        options.check()?;
        let histories = frame.histories();
        histories.check()?;
        let wants = |name: &str| options.only.iter().flatten().any(|n| n == name);
        let wants = |names: &[&str]| options.only.is_none() || names.iter().any(|n| wants(n));
        let model = &fit.model;
        let mut columns = room(Self::COLUMNS.len(), "columns")?;
        let mut add = |name: &str, values: Vec<f64>| -> Result<()> {
            let field = Self::COLUMNS
                .iter()
                .find(|f| f.name == name && wants(&[name]));
            if let Some(field) = field {
                columns.push(Column::finite(field, usable.spread(values)?)?);
            }
            context.check()
        };
        let with_alive = [
            "probability_alive",
            "expected_purchases",
            "discounted_purchases",
        ];
        let alive = match wants(&with_alive) {
            true => model.alive_now_all(&histories)?,
            false => Vec::new(),
        };
        let expected = match wants(&["expected_purchases"]) {
            true => model.expected_of(&alive, &histories, t)?,
            false => Vec::new(),
        };
        let discounted = if wants(&["discounted_purchases"]) {
            let delta = options
                .compounding
                .delta(options.annual_discount_rate, frame.unit)?;
            let horizon = (!options.infinite).then_some(t);
            value::discounted_of(model, &alive, &histories, delta, horizon)?
        } else {
            Vec::new()
        };
        add("probability_alive", alive)?;
        if wants(&["probability_alive_later"]) {
            let later = model.each(&histories, |h| model.probability_alive(h, t))?;
            add("probability_alive_later", later)?;
        }
        add("expected_purchases", expected)?;
        if wants(&["expected_low", "expected_high"]) {
            let interval = match options.interval {
                Some(level) => value::expected_interval(&fit, &histories, t, level, context)?,
                None => None,
            };
            let (low, high) = ends(interval, histories.len())?;
            add("expected_low", low)?;
            add("expected_high", high)?;
        }
        if wants(&["purchases_low", "purchases_high"]) {
            let interval = match options.interval {
                Some(level) => {
                    let PredictOptions { draws, seed, .. } = *options;
                    let draws = Draws { draws, seed, level };
                    Some(outcome::intervals(&fit, None, &histories, t, &draws, context)?.0)
                }
                None => None,
            };
            let (low, high) = ends(interval, histories.len())?;
            add("purchases_low", low)?;
            add("purchases_high", high)?;
        }
        add("discounted_purchases", discounted)?;
        if wants(&["probability_none"]) {
            let none = model.each(&histories, |h| model.probability_of(0, h, t))?;
            add("probability_none", none)?;
        }
        if let Some(n) = options.n.filter(|_| wants(&["probability_of_n"])) {
            let exactly = model.each(&histories, |h| model.probability_of(n, h, t))?;
            add("probability_of_n", exactly)?;
        }
        if wants(&["log_likelihood"]) {
            let each = model.each(&histories, |h| model.log_likelihood(h))?;
            add("log_likelihood", each)?;
        }
        let table = Table::new(with_ids(data, columns)?).with_note("unit", json!(frame.unit));
        Ok(usable.noted(table))
    }
}

impl PredictOptions {
    /// Refuses columns that there are not, and a number of purchases that is missing or too great.
    fn check(&self) -> Result<()> {
        let known = |name: &String| ClvPredict::COLUMNS.iter().any(|f| f.name == name);
        if let Some(name) = self.only.iter().flatten().find(|name| !known(name)) {
            return Err(Error::option("only", name, "columns of clv_predict"));
        }
        if self.n.is_some_and(|n| n > 1_000) {
            return Err(Error::option("n", "", "a whole number from 0 to 1,000"));
        }
        let of_n = |name: &String| name == "probability_of_n";
        if self.n.is_none() && self.only.iter().flatten().any(of_n) {
            return Err(Error::option(
                "n",
                "",
                "the number that probability_of_n is about",
            ));
        }
        Ok(())
    }
}

/// Both ends of an interval; without an interval NaN, which becomes null.
fn ends(interval: Option<Interval>, rows: usize) -> Result<(Vec<f64>, Vec<f64>)> {
    let missing = || filled(rows, f64::NAN, "interval");
    match interval {
        Some(Interval { low, high }) => Ok((low, high)),
        None => Ok((missing()?, missing()?)),
    }
}

/// Options of [`ClvNewCustomers`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewOptions {
    /// The model: the JSON of a fit, or of parameters. Needed.
    pub fit: Value,
}

/// Options of [`ExpectedSpend`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SpendOptions {
    /// The model of spend: the JSON of a Gamma-Gamma fit, or of parameters. Needed.
    pub fit: Value,
    /// Rows of a frame that no model can take (negative or missing numbers, recency above T, spend
    /// below 0): `drop` gives nulls and counts them in the note `rows_left_out`, `error` stops.
    /// Default: left out of a
    /// `clv_summary`, an error in a frame of your own.
    pub bad_rows: Option<BadRows>,
}

/// The analysis `clv_new_customers`.
pub struct ClvNewCustomers;

impl Analysis for ClvNewCustomers {
    const NAME: &'static str = "clv_new_customers";
    const SUMMARY: &'static str =
        "expected purchases of a new customer within times `t`; with a column `n`, P(X(t) = n)";
    const JA: &'static str = "新規顧客の期待購入回数";
    const COLUMNS: &'static [Field] = &columns! {
        TIME;
        EXPECTED_PURCHASES;
        PROBABILITY_ALIVE, "Probability of being alive at that time.";
        "n": Int, "purchases", "回数", "Repeat purchase days.";
        PROBABILITY, "Probability of exactly n.";
    };
    type Data = Table;
    type Options = NewOptions;

    fn run(data: &Table, _: &(), options: &NewOptions, _: &Context) -> Result<Table> {
        let fit: Fit<RepeatModel> = fit_of("fit", &options.fit)?;
        let times = data.numbers("t")?;
        for (row, t) in times.iter().enumerate() {
            if !(*t >= 0.0 && t.is_finite()) {
                return Err(Error::value("t", row, "a finite number, at least 0"));
            }
        }
        let model = &fit.model;
        let [f_t, f_expected, f_alive, f_n, f_p] = Self::COLUMNS else {
            return Err(Error::internal("columns of clv_new_customers"));
        };
        let mut columns = vec![
            Column::finite(f_t, times.to_vec())?,
            Column::floats(
                f_expected,
                times.iter().map(|t| Some(model.expected_of_new(*t))),
            )?,
            Column::floats(
                f_alive,
                times
                    .iter()
                    .map(|t| Some(model.probability_alive(History::NEW, *t))),
            )?,
        ];
        if data.column("n").is_some() {
            let counts = data.numbers("n")?;
            let mut whole = room(counts.len(), "counts")?;
            for (row, n) in counts.iter().enumerate() {
                if !(0.0..=1e6).contains(n) || *n != libm::floor(*n) {
                    return Err(Error::value("n", row, "a whole number from 0 to 1000000"));
                }
                whole.push(*n as u32);
            }
            let p = whole.iter().zip(&*times);
            let p = p.map(|(n, t)| Some(model.probability_of(*n, History::NEW, *t)));
            columns.push(Column::ints(f_n, whole.iter().map(|n| Some(*n as i32)))?);
            columns.push(Column::floats(f_p, p)?);
        }
        Ok(Table::new(columns))
    }
}

/// The analysis `expected_spend`.
pub struct ExpectedSpend;

impl Analysis for ExpectedSpend {
    const NAME: &'static str = "expected_spend";
    const SUMMARY: &'static str = "expected value of a purchase of each customer, by Gamma-Gamma";
    const JA: &'static str = "期待購入単価";
    const COLUMNS: &'static [Field] = &[CUSTOMER_ID, EXPECTED_SPEND];
    const OPTIONAL: &'static [&'static str] = &["customer_id"];
    type Data = Table;
    type Options = SpendOptions;

    fn resolve(data: &Table, scope: Scope, options: SpendOptions) -> Result<(Scope, SpendOptions)> {
        let bad_rows = Some(policy(data, options.bad_rows));
        Ok((
            scope,
            SpendOptions {
                bad_rows,
                ..options
            },
        ))
    }

    fn run(data: &Table, _: &(), options: &SpendOptions, _: &Context) -> Result<Table> {
        let fit: Fit<gamma_gamma::Params> = fit_of("fit", &options.fit)?;
        let usable = Usable::new(data, options.bad_rows, Reads::SPEND)?;
        let frequency = usable.table.numbers("frequency")?;
        let mean = spend(&usable.table)?;
        let mut out = room(mean.len(), "predictions")?;
        for (row, (x, m)) in frequency.iter().zip(&*mean).enumerate() {
            if !(*x >= 0.0 && x.is_finite()) {
                return Err(Error::value(
                    "frequency",
                    row,
                    "a finite number, at least 0",
                ));
            }
            if *x > 0.0 && !(*m >= 0.0 && m.is_finite()) {
                let expected = "a finite number, at least 0, where frequency is above 0";
                return Err(Error::value("monetary_value", row, expected));
            }
            out.push(fit.model.expected_spend(*x, *m));
        }
        let columns = vec![Column::finite(&EXPECTED_SPEND, usable.spread(out)?)?];
        Ok(usable.noted(Table::new(with_ids(data, columns)?)))
    }
}

/// Options of [`Clv`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClvOptions {
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
    /// Rows of a frame that no model can take (negative or missing numbers, recency above T, spend
    /// below 0): `drop` gives nulls and counts them in the note `rows_left_out`, `error` stops.
    /// Default: left out of a
    /// `clv_summary`, an error in a frame of your own.
    pub bad_rows: Option<BadRows>,
}

impl Default for ClvOptions {
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
            bad_rows: None,
        }
    }
}

/// The analysis `clv`.
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
    type Options = ClvOptions;

    fn resolve(data: &Table, scope: Scope, mut options: ClvOptions) -> Result<(Scope, ClvOptions)> {
        options.unit = Some(unit_for(data, options.unit, &options.fit)?);
        options.bad_rows = Some(policy(data, options.bad_rows));
        if options.infinite {
            if options.horizon_days != ClvOptions::default().horizon_days {
                let expected = "no value together with `infinite`";
                return Err(Error::option("horizon_days", "", expected));
            }
            options.horizon_days = None;
        }
        Ok((scope, options))
    }

    fn run(data: &Table, _: &(), options: &ClvOptions, context: &Context) -> Result<Table> {
        one_as_of(data)?;
        let fit: Fit<RepeatModel> = fit_of("fit", &options.fit)?;
        let spend_fit: Fit<gamma_gamma::Params> = fit_of("spend_fit", &options.spend_fit)?;
        let usable = Usable::new(data, options.bad_rows, Reads::BOTH)?;
        let frame = Frame::new(&usable.table, options.unit)?;
        context.check()?;
        let values = value::value(
            &fit,
            &spend_fit,
            &frame.histories(),
            &spend(&usable.table)?,
            frame.unit,
            &value::Options {
                horizon_days: options.horizon_days.filter(|_| !options.infinite),
                annual_discount_rate: options.annual_discount_rate,
                compounding: options.compounding,
                margin: options.margin,
                interval: options.interval.filter(|_| options.intervals),
                draws: options.draws,
                seed: options.seed,
            },
            context,
        )?;
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
        Ok(usable.noted(table))
    }
}
