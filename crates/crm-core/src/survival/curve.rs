//! The columns and notes of a survival curve.

use crate::context::room;
use crate::error::{Error, Result};
use crate::num::survival::Curve;
use crate::table::{Column, Field, fields};
use serde_json::{Value, json};

fields! {
    pub(super) DAYS = "days", Int, "days", "日数", "Days since a purchase.";
    pub(super) AT_RISK = "at_risk", Float, "", "対象数", "Weight of the gaps of at least this length.";
    pub(super) EVENTS = "events", Float, "events", "イベント数", "Weight of the gaps that ended.";
}

/// The columns of a curve: its durations and five values.
pub(super) fn columns_of(fields: &[Field], times: Column, curve: &Curve) -> Result<Vec<Column>> {
    let [_, at_risk, events, rate, low, high] = fields else {
        return Err(Error::internal("columns of a curve"));
    };
    let mut ends = room(curve.times.len(), "table")?;
    ends.extend((0..curve.times.len()).map(|step| curve.interval(step)));
    let floats =
        |field: &Field, values: &[f64]| Column::floats(field, values.iter().map(|v| Some(*v)));
    Ok(vec![
        times,
        floats(at_risk, &curve.at_risk)?,
        floats(events, &curve.events)?,
        floats(rate, &curve.survival)?,
        Column::floats(low, ends.iter().map(|end| Some(end.0)))?,
        Column::floats(high, ends.iter().map(|end| Some(end.1)))?,
    ])
}

/// For the notes: five quantiles with their durations, null if the curve does not fall that far.
pub(super) fn quantiles(curve: &Curve) -> Value {
    json!([0.1, 0.25, 0.5, 0.75, 0.9].map(|q| json!([q, curve.quantile(q)])))
}
