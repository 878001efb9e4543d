//! Predictions of each customer from a fitted model (`clv_predict`).
//!
//! The fit is given as JSON: the note `fit` of a fit's table, its text, or parameters alone, such as
//! `{"model": "mbg_nbd", "r": …, "alpha": …, "a": …, "b": …, "unit": "week"}`. Times `t` are in the
//! unit of the model; a table in another unit is refused. A fit with [seasons](crate::season) runs in their time (see
//! `clv_fit`): `t` is by the calendar. A frame without a date (no `clv_summary`, no column `as_of`) is
//! predicted as if time ran evenly, which the note `seasons` says.

use crate::analysis::Analysis;
use crate::clv::ahead::{Ahead, discounted_of};
use crate::clv::covariate_columns::covariate_fit_of;
use crate::clv::fields::DISCOUNTED_PURCHASES;
use crate::clv::frame::{Frame, one_as_of, unit_for, with_ids};
use crate::clv::models::histories::{Histories, History};
use crate::clv::models::model::{Fit, Purchases};
use crate::clv::models::repeat_model::RepeatModel;
use crate::clv::outcome::{Drawn, Draws, ends};
use crate::clv::shop_time::ShopTime;
use crate::clv::tables::clv_summary::Unit;
use crate::clv::usable::{Reads, Usable, policy};
use crate::clv::value::Compounding;
use crate::clv::{outcome, value};
use crate::context::{Context, filled, room};
use crate::data::BadRows;
use crate::error::{Error, Result};
use crate::num::Fraction;
use crate::num::rng::Rng;
use crate::scope::Scope;
use crate::table::shared::{EXPECTED_PURCHASES, LOG_LIKELIHOOD, PROBABILITY_ALIVE};
use crate::table::{CUSTOMER_ID, Column, Field, Table, columns};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Options of [`ClvPredict`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The model: the JSON of a fit, or of parameters. Needed.
    pub fit: Value,
    /// Time ahead, in the unit of the model, at least 0. Default 30.
    pub t: f64,
    /// The unit of time of a frame without a definition.
    pub unit: Option<Unit>,
    /// Level of both intervals. Default 0.8.
    pub interval: Option<Fraction>,
    /// Draws per customer for the interval of the outcome, 10 to 100,000. Default 200.
    pub draws: u32,
    /// Seed of the draws. Default 0.
    pub seed: u64,
    /// Discount rate per year, at least 0. Default 0.1.
    pub annual_discount_rate: f64,
    /// How the yearly rate becomes a daily one. Default: compounded.
    pub compounding: Compounding,
    /// Whether `discounted_purchases` have no time limit (DERT); otherwise they are those within
    /// `t`. Default: no.
    pub infinite: bool,
    /// Purchase days whose probability `probability_of_n` is, up to 1,000. Default: none, without the
    /// column.
    pub n: Option<u32>,
    /// Columns to compute, by name; the intervals take most of the time. Default: all.
    pub only: Option<Vec<String>>,
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
            t: 30.0,
            unit: None,
            interval: value.interval,
            draws: value.draws,
            seed: value.seed,
            annual_discount_rate: value.annual_discount_rate,
            compounding: value.compounding,
            infinite: false,
            n: None,
            only: None,
            bad_rows: None,
        }
    }
}

/// The analysis `clv_predict`.
#[derive(Debug, Clone, Copy)]
pub struct ClvPredict;

impl Analysis for ClvPredict {
    const NAME: &'static str = "clv_predict";
    const SUMMARY: &'static str = "P(alive) and expected purchases of each customer";
    const JA: &'static str = "生存確率と期待購入回数";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        PROBABILITY_ALIVE;
        "probability_alive_later": Float, "share", "期間後の生存確率",
            "Probability of being a customer at the end of the time ahead.";
        EXPECTED_PURCHASES;
        "expected_low": Float, "purchases", "期待値の下限",
            "Lower end for the expectation, whose parameters are estimates. Null without standard errors.";
        "expected_high": Float, "purchases", "期待値の上限", "Upper end for the expectation, not for the outcome.";
        "purchases_low": Float, "purchases", "実績予測の下限",
            "Lower end for the outcome, with random life and purchases.";
        "purchases_high": Float, "purchases", "実績予測の上限", "Upper end for the outcome.";
        DISCOUNTED_PURCHASES, "Expected purchases, each discounted to now; null if infinite.";
        "probability_none": Float, "share", "購入なしの確率", "Probability of no purchase within the time ahead.";
        "probability_of_n": Float, "share", "n回購入の確率",
            "Probability of exactly `n` purchase days within the time ahead; with `n` only.";
        LOG_LIKELIHOOD, "Log likelihood of the customer's history.";
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
        Ok((scope, options))
    }

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let model = covariate_fit_of("fit", &options.fit)?;
        let fit = &model.fit;
        let t = time("t", options.t)?;
        let usable = Usable::new(data, options.bad_rows, Reads::PURCHASES)?;
        let mut frame = Frame::new(&usable.table, options.unit)?;
        fit.model.unit().expect(frame.unit)?;
        options.check()?;
        if fit.seasonality.is_some() {
            one_as_of(&usable.table)?;
        }
        let time_of = frame.in_time_of(fit.seasonality.as_ref(), &usable.table)?;
        let histories = frame.histories();
        histories.check()?;
        let ahead = (time_of.ahead(t), options.ahead(&time_of, frame.unit)?);
        let mut cells = Self::COLUMNS.iter().map(|_| Vec::new()).collect::<Vec<_>>();
        if model.covariates.is_some() {
            for cells in &mut cells {
                *cells = filled(histories.len(), f64::NAN, "predictions")?;
            }
        }
        let root = model.root();
        let mut found = [false; Self::COLUMNS.len()];
        for alike in model.by_model(&usable.table)? {
            let slopes = model.slopes(&alike.raw)?;
            let prediction = Prediction {
                options,
                fit: &alike.fit,
                draw: &|rng| match &model.covariates {
                    None => fit.draw(rng),
                    Some(_) => model.draw(root.as_deref(), &slopes, rng),
                },
                places: alike.rows.as_deref(),
            };
            let columns = alike.with(&histories, |histories| {
                prediction.columns(histories, &ahead, context)
            })?;
            for (name, values) in columns {
                if let Some(at) = Self::COLUMNS.iter().position(|field| field.name == name) {
                    found[at] = true;
                    alike.scatter(values, &mut cells[at]);
                }
            }
        }
        let mut columns = room(Self::COLUMNS.len(), "columns")?;
        for (field, (cells, found)) in Self::COLUMNS.iter().zip(cells.into_iter().zip(found)) {
            if found {
                columns.push(Column::finite(field, usable.spread(cells)?)?);
            }
        }
        let table = Table::new(with_ids(data, columns)?).with_note("unit", json!(frame.unit));
        Ok(usable.noted(time_of.noted(table)))
    }
}

/// The predictions of customers with one model.
struct Prediction<'a> {
    options: &'a Options,
    fit: &'a Fit<RepeatModel>,
    /// Draws a model from the distribution of its parameters.
    draw: &'a dyn Fn(&mut Rng) -> Result<RepeatModel>,
    /// The place of each customer among all; `None`: the row.
    places: Option<&'a [usize]>,
}

impl Prediction<'_> {
    /// The columns that are asked for, with their names; `ahead` is the time in which purchases count, in that of the
    /// model, and how they are discounted.
    fn columns(
        &self,
        histories: &Histories<'_>,
        (own, discounting): &(f64, Ahead),
        context: &Context,
    ) -> Result<Vec<(&'static str, Vec<f64>)>> {
        let (options, fit, own) = (self.options, self.fit, *own);
        let wants = |names: &[&str]| match &options.only {
            None => true,
            Some(only) => names.iter().any(|name| only.iter().any(|n| n == name)),
        };
        let model = &fit.model;
        let mut columns = room(ClvPredict::COLUMNS.len(), "columns")?;
        let mut add = |name: &'static str, values: Vec<f64>| -> Result<()> {
            if wants(&[name]) {
                columns.push((name, values));
            }
            context.check()
        };
        let with_alive = [
            "probability_alive",
            "expected_purchases",
            "discounted_purchases",
        ];
        let alive = match wants(&with_alive) {
            true => model.alive_now_all(histories)?,
            false => Vec::new(),
        };
        let expected = match wants(&["expected_purchases"]) {
            true => model.expected_of(&alive, histories, own)?,
            false => Vec::new(),
        };
        let discounted = match wants(&["discounted_purchases"]) {
            true => discounted_of(model, &alive, histories, discounting)?,
            false => Vec::new(),
        };
        add("probability_alive", alive)?;
        if wants(&["probability_alive_later"]) {
            let later = model.each(histories, |h| model.probability_alive(h, own))?;
            add("probability_alive_later", later)?;
        }
        add("expected_purchases", expected)?;
        if wants(&["expected_low", "expected_high"]) {
            let (low, high) = self.of_expectation(histories, own, context)?;
            add("expected_low", low)?;
            add("expected_high", high)?;
        }
        if wants(&["purchases_low", "purchases_high"]) {
            let (low, high) = self.of_outcome(histories, own, context)?;
            add("purchases_low", low)?;
            add("purchases_high", high)?;
        }
        add("discounted_purchases", discounted)?;
        let mut each = |name: &'static str, of: &dyn Fn(History) -> f64| match wants(&[name]) {
            true => add(name, model.each(histories, of)?),
            false => Ok(()),
        };
        each("probability_none", &|h| model.probability_of(0, h, own))?;
        if let Some(n) = options.n {
            each("probability_of_n", &|h| model.probability_of(n, h, own))?;
        }
        each("log_likelihood", &|h| model.log_likelihood(h))?;
        Ok(columns)
    }

    /// The ends of the interval for the expectation.
    fn of_expectation(
        &self,
        histories: &Histories,
        own: f64,
        context: &Context,
    ) -> Result<(Vec<f64>, Vec<f64>)> {
        let interval = match self.options.interval {
            Some(level) => value::expected_interval(self.fit, histories, own, level, context)?,
            None => None,
        };
        ends(interval, histories.len())
    }

    /// The ends of the interval for the outcome.
    fn of_outcome(
        &self,
        histories: &Histories,
        own: f64,
        context: &Context,
    ) -> Result<(Vec<f64>, Vec<f64>)> {
        let interval = match self.options.interval {
            Some(level) => {
                let Options { draws, seed, .. } = *self.options;
                let draws = Draws { draws, seed, level };
                let drawn = Drawn {
                    fit: self.fit,
                    draw: self.draw,
                    histories,
                    places: self.places,
                };
                Some(outcome::intervals(&drawn, None, own, &draws, context)?.0)
            }
            None => None,
        };
        ends(interval, histories.len())
    }
}

impl Options {
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

    /// How purchases ahead are discounted to now.
    fn ahead(&self, time: &ShopTime, unit: Unit) -> Result<Ahead> {
        let delta = self.compounding.delta(self.annual_discount_rate, unit)?;
        time.discounted(delta, (!self.infinite).then_some(self.t))
    }
}

fn time(name: &str, t: f64) -> Result<f64> {
    if t >= 0.0 && t.is_finite() {
        Ok(t)
    } else {
        Err(Error::option(name, t, "a finite number, at least 0"))
    }
}
