//! Simulated customers of a model: `clv_simulate`.
//!
//! For each age T in the table, the history of one new customer within T is drawn: frequency,
//! recency and T, as in a `clv_summary`. Each row has its own random stream, so the same seed gives
//! the same row whatever the other rows are. Purchase times are real numbers, not whole days.

use crate::analysis::Analysis;
use crate::clv::covariate_columns::{covariate_fit_of, own_models};
use crate::clv::frame::with_ids;
use crate::clv::models::model::Purchases;
use crate::clv::shop_time::ShopTime;
use crate::context::{Context, push, room};
use crate::error::{Error, Result};
use crate::num::rng::Rng;
use crate::table::shared::{FREQUENCY, RECENCY, TIME_OBSERVED};
use crate::table::{CUSTOMER_ID, Column, Field, Table, columns};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Options of [`ClvSimulate`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The model: the JSON of a fit, or of parameters. Needed.
    pub fit: Value,
    /// Seed of the draws. Default 0.
    pub seed: u64,
}

/// The analysis `clv_simulate`.
#[derive(Debug, Clone, Copy)]
pub struct ClvSimulate;

impl Analysis for ClvSimulate {
    const NAME: &'static str = "clv_simulate";
    const SUMMARY: &'static str = "histories of new customers of ages `T`, drawn at random";
    const JA: &'static str = "購入履歴のシミュレーション";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        FREQUENCY, "Repeat purchases.";
        RECENCY, "First purchase to the last.";
        TIME_OBSERVED, "First purchase to the end of observation.";
    };
    const OPTIONAL: &'static [&'static str] = &["customer_id"];
    type Data = Table;
    type Options = Options;

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let model = covariate_fit_of("fit", &options.fit)?;
        let fit = &model.fit;
        let ages = data.numbers("T")?;
        let own = own_models(&model, data)?;
        let mut frequency = room(ages.len(), "simulated customers")?;
        let mut recency = room(ages.len(), "simulated customers")?;
        for (row, age) in ages.iter().enumerate() {
            if !(*age >= 0.0 && age.is_finite()) {
                return Err(Error::value("T", row, "a finite number, at least 0"));
            }
            if row.is_multiple_of(4096) {
                context.check()?;
            }
            let mut rng = Rng::stream(options.seed, row as u64);
            let own = own.as_ref().map_or(&fit.model, |own| &own[row]);
            let times = own.simulate(*age, &mut rng)?;
            push(&mut frequency, times.len() as i32, "simulated customers")?;
            recency.push(times.last().copied().unwrap_or(0.0));
        }
        let [_, x, t_x, age] = Self::COLUMNS else {
            return Err(Error::internal("columns of clv_simulate"));
        };
        let columns = vec![
            Column::ints(x, frequency.iter().map(|x| Some(*x)))?,
            Column::floats(t_x, recency.iter().map(|t| Some(*t)))?,
            Column::floats(age, ages.iter().map(|t| Some(*t)))?,
        ];
        // Nothing here has a date.
        let time = ShopTime::new(fit.seasonality.as_ref(), None, 0.0, fit.model.unit())?;
        let table = time.noted(Table::new(with_ids(data, columns)?));
        Ok(table.with_note("unit", json!(fit.model.unit())))
    }
}
