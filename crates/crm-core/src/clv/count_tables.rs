//! Checks of a model by count: `frequency_histogram` compares the number of customers with n repeat
//! purchases with the expected number; `expected_surface` tabulates predictions over frequency ×
//! recency.
//!
//! ```text
//! expected customers with n = Σ over customers of P(X(T) = n)
//! ```
//!
//! The sum uses each customer's age T and none of their purchases. The surface is E[Y(t)] and
//! P(alive) over frequency × recency at one age, for example for a heat map. Cells that no history
//! can be in (recency without a repeat purchase, or the reverse) are left out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::analysis::Analysis;
use crate::clv::fields::{EXPECTED_CUSTOMERS, OR_MORE, WEIGHTED_CUSTOMERS};
use crate::clv::frame::{Frame, fit_of, one_as_of, unit_for};
use crate::clv::models::histories::Rows;
use crate::clv::models::model::{Fit, Purchases};
use crate::clv::models::repeat_model::RepeatModel;
use crate::clv::tracking;
use crate::context::{Context, collect};
use crate::error::{Error, Result};
use crate::num::Positive;
use crate::scope::Scope;
use crate::summary::clv_summary::Unit;
use crate::table::shared::{EXPECTED_PURCHASES, FREQUENCY, PROBABILITY_ALIVE, RECENCY};
use crate::table::{Column, Field, Table, Values, columns};

/// The columns of the table, checked to be in the unit of the model.
fn frame<'a>(data: &'a Table, fit: &Fit<RepeatModel>, unit: Option<Unit>) -> Result<Frame<'a>> {
    one_as_of(data)?;
    let frame = Frame::new(data, unit)?;
    fit.model.unit().expect(frame.unit)?;
    Ok(frame)
}

/// Options of [`FrequencyHistogram`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HistogramOptions {
    /// The model: the JSON of a fit, or of parameters. Needed.
    pub fit: Value,
    /// The unit of time of a frame without a definition.
    pub unit: Option<Unit>,
    /// The last row counts customers with this many repeat purchases or more, up to 10,000. Default
    /// 7.
    pub up_to: u32,
}

impl Default for HistogramOptions {
    fn default() -> Self {
        Self {
            fit: Value::Null,
            unit: None,
            up_to: 7,
        }
    }
}

/// The analysis `frequency_histogram`.
pub struct FrequencyHistogram;

impl Analysis for FrequencyHistogram {
    const NAME: &'static str = "frequency_histogram";
    const SUMMARY: &'static str =
        "observed and expected numbers of customers by number of repeat purchases";
    const JA: &'static str = "購入回数分布の予測と実績";
    const COLUMNS: &'static [Field] = &columns! {
        FREQUENCY, "Repeat purchase days.";
        OR_MORE, "Whether the row includes more frequent customers: the last row.";
        WEIGHTED_CUSTOMERS, "Observed customers, by weight.";
        EXPECTED_CUSTOMERS, "Expected customers.";
    };
    const OPTIONAL: &'static [&'static str] = &["customer_id", "weight", "as_of"];
    type Data = Table;
    type Options = HistogramOptions;

    fn resolve(
        data: &Table,
        scope: Scope,
        mut options: HistogramOptions,
    ) -> Result<(Scope, HistogramOptions)> {
        options.unit = Some(unit_for(data, options.unit, &options.fit)?);
        Ok((scope, options))
    }

    fn run(data: &Table, _: &(), options: &HistogramOptions, _: &Context) -> Result<Table> {
        let fit: Fit<RepeatModel> = fit_of("fit", &options.fit)?;
        let frame = frame(data, &fit, options.unit)?;
        if options.up_to > 10_000 {
            return Err(Error::option("up_to", options.up_to, "at most 10000"));
        }
        let rows = Rows::new(&frame.histories())?;
        let found = tracking::histogram(&fit.model, &rows, options.up_to)?;
        let [n, or_more, actual, expected] = Self::COLUMNS else {
            return Err(Error::internal("columns of frequency_histogram"));
        };
        let cells = 0..options.up_to + 1;
        let last = collect(cells.clone().map(|n| n == options.up_to), "tracking")?;
        Ok(Table::new(vec![
            Column::ints(n, cells.map(|n| Some(n as i32)))?,
            Column::new(or_more, Values::Bool(last)),
            Column::floats(actual, found.actual.iter().map(|v| Some(*v)))?,
            Column::floats(expected, found.expected.iter().map(|v| Some(*v)))?,
        ]))
    }
}

/// Options of [`ExpectedSurface`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SurfaceOptions {
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

impl Default for SurfaceOptions {
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
    type Options = SurfaceOptions;

    fn resolve(
        data: &Table,
        scope: Scope,
        mut options: SurfaceOptions,
    ) -> Result<(Scope, SurfaceOptions)> {
        options.unit = Some(unit_for(data, options.unit, &options.fit)?);
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

    fn run(data: &Table, _: &(), options: &SurfaceOptions, context: &Context) -> Result<Table> {
        let fit: Fit<RepeatModel> = fit_of("fit", &options.fit)?;
        let frame = frame(data, &fit, options.unit)?;
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
        let cells = tracking::surface(&fit.model, &frequencies, &recencies, age, options.t)?;
        let [x, t_x, alive, expected] = Self::COLUMNS else {
            return Err(Error::internal("columns of expected_surface"));
        };
        Ok(Table::new(vec![
            Column::ints(x, cells.iter().map(|c| Some(c.frequency as i32)))?,
            Column::floats(t_x, cells.iter().map(|c| Some(c.recency)))?,
            Column::floats(alive, cells.iter().map(|c| Some(c.probability_alive)))?,
            Column::floats(expected, cells.iter().map(|c| Some(c.expected)))?,
        ])
        .with_note("T", json!(age)))
    }
}
