//! E[Y(t)] and P(alive) over frequency × recency at one age (`expected_surface`), for example for a
//! heat map.
//!
//! Cells that no history can be in (recency without a repeat purchase, or the reverse) are left out.

use crate::analysis::Analysis;
use crate::clv::frame::{Frame, date_of, fit_of, one_as_of, unit_for};
use crate::clv::models::model::{Fit, Purchases};
use crate::clv::models::repeat_model::RepeatModel;
use crate::clv::shop_time::ShopTime;
use crate::clv::tables::clv_summary::Unit;
use crate::clv::tracking;
use crate::context::{Context, collect};
use crate::error::{Error, Result};
use crate::num::Positive;
use crate::scope::Scope;
use crate::table::shared::{EXPECTED_PURCHASES, FREQUENCY, PROBABILITY_ALIVE, RECENCY};
use crate::table::{Column, Field, Table, columns};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Options of [`ExpectedSurface`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The model: the JSON of a fit, or of parameters. Needed.
    pub fit: Value,
    /// The unit of time of a frame without a definition.
    pub unit: Option<Unit>,
    /// Time ahead, in the unit of the model, at least 0. Default 30.
    pub t: f64,
    /// The age T of all cells. Default: the greatest of the table.
    pub age: Option<Positive>,
    /// The greatest frequency. Default: that of the table.
    pub up_to: Option<u32>,
    /// Step of the recencies, from 0 to the age. Default 1 unit.
    pub step: Positive,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            fit: Value::Null,
            unit: None,
            t: 30.0,
            age: None,
            up_to: None,
            step: Positive::new(1.0).expect("1 is positive"),
        }
    }
}

/// The analysis `expected_surface`.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedSurface;

/// The largest number of cells.
const MOST_CELLS: f64 = 4e6;

impl Analysis for ExpectedSurface {
    const NAME: &'static str = "expected_surface";
    const SUMMARY: &'static str =
        "expected purchases and P(alive) over frequency and recency, at one age";
    const JA: &'static str = "頻度×最終購入の期待購入回数";
    const COLUMNS: &'static [Field] = &columns! {
        FREQUENCY, "Repeat purchase days.";
        RECENCY;
        PROBABILITY_ALIVE, "Probability of being alive now.";
        EXPECTED_PURCHASES, "Expected purchase days in the time ahead.";
    };
    const OPTIONAL: &'static [&'static str] = &["customer_id", "weight", "as_of"];
    type Data = Table;
    type Options = Options;

    fn resolve(data: &Table, scope: Scope, mut options: Options) -> Result<(Scope, Options)> {
        options.unit = Some(unit_for(data, options.unit, &fit_of("fit", &options.fit)?)?);
        let greatest = |name| {
            let column = data.numbers(name)?;
            Ok::<_, Error>(column.iter().copied().fold(0.0, f64::max))
        };
        options.age = match options.age {
            None => Positive::new(greatest("T")?),
            age => age,
        };
        options.up_to = match options.up_to {
            None => Some(greatest("frequency")? as u32),
            up_to => up_to,
        };
        Ok((scope, options))
    }

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let fit: Fit<RepeatModel> = fit_of("fit", &options.fit)?;
        one_as_of(data)?;
        let frame = Frame::new(data, options.unit)?;
        fit.model.unit().expect(frame.unit)?;
        frame.histories().check()?;
        if !(options.t >= 0.0 && options.t.is_finite()) {
            return Err(Error::option("t", options.t, "a finite number, at least 0"));
        }
        let greatest = |column: &[f64]| column.iter().copied().fold(0.0, f64::max);
        let age = options.age.map_or(greatest(&frame.age), Positive::get);
        let most = options.up_to.map_or(greatest(&frame.frequency), f64::from);
        let steps = libm::floor(age / options.step.get() * (1.0 + 1e-12));
        if (most + 1.0) * (steps + 1.0) > MOST_CELLS {
            let expected = "few enough steps for four million cells";
            return Err(Error::option("step", options.step.get(), expected));
        }
        let frequencies = collect((0..most as u32 + 1).map(f64::from), "tracking")?;
        let recency = |i: u32| (f64::from(i) * options.step.get()).min(age);
        let recencies = collect((0..steps as u32 + 1).map(recency), "tracking")?;
        context.check()?;
        let time = ShopTime::new(fit.seasonality.as_ref(), date_of(data), age, frame.unit)?;
        let cells = tracking::surface_in(
            &time,
            &fit.model,
            (&frequencies, &recencies),
            age,
            options.t,
        )?;
        let [x, t_x, alive, expected] = Self::COLUMNS else {
            return Err(Error::internal("columns of expected_surface"));
        };
        Ok(time
            .noted(Table::new(vec![
                Column::ints(x, cells.iter().map(|c| Some(c.frequency as i32)))?,
                Column::floats(t_x, cells.iter().map(|c| Some(c.recency)))?,
                Column::floats(alive, cells.iter().map(|c| Some(c.probability_alive)))?,
                Column::floats(expected, cells.iter().map(|c| Some(c.expected)))?,
            ]))
            .with_note("T", json!(age)))
    }
}
