//! The table of `experiment`.

use super::arms::Arms;
use super::options::{Method, Options};
use crate::context::{collect, room};
use crate::error::Result;
use crate::table::{Column, Field, Label, Table, Values, labels};
use std::sync::Arc;

/// Places in [`VERDICTS`].
pub(super) const ABOVE: u8 = 0;
pub(super) const BELOW: u8 = 1;
pub(super) const UNCLEAR: u8 = 2;
pub(super) const MISMATCHED: u8 = 3;

/// The results of the method for a variant.
pub(super) const VERDICTS: &[Label] = labels! {
    "above", "Above the control", "上回る";
    "below", "Below the control", "下回る";
    "unclear", "Not clear", "差は不明";
    "sample_ratio_mismatch", "Do not read on: people were not assigned as planned", "割付比の異常のため判定不可";
};

/// A row of the result.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) measure: usize,
    pub(super) variant: usize,
    pub(super) n: u64,
    pub(super) mean: Estimate,
    pub(super) difference: Option<Estimate>,
    pub(super) ratio: Option<Estimate>,
    pub(super) p: Option<f64>,
    pub(super) p_exact: Option<f64>,
    pub(super) p_adjusted: Option<f64>,
    pub(super) probability_best: Option<f64>,
    pub(super) expected_loss: Option<f64>,
    pub(super) srm_p: Option<f64>,
    /// A place in [`VERDICTS`]; none for the control.
    pub(super) verdict: Option<u8>,
}

/// A value and its interval; ends that are not finite are null.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Estimate {
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Estimate {
    pub(super) fn new(value: f64, (low, high): (f64, f64)) -> Self {
        Estimate { value, low, high }
    }

    pub(super) fn around(value: f64, half: f64) -> Self {
        Self::new(value, (value - half, value + half))
    }
}

/// The columns of the rows.
pub(super) fn table(
    fields: &'static [Field],
    arms: &Arms,
    rows: &[Row],
    options: &Options,
) -> Result<Table> {
    let measures = Arc::new(collect(
        arms.measures.iter().map(|m| m.name.clone()),
        "table",
    )?);
    let variants = Arc::new(collect(arms.variants.iter().cloned(), "table")?);
    let people = collect(rows.iter().map(|row| row.n as i64), "table")?;
    let mut columns = room(fields.len(), "table")?;
    for field in fields {
        let of = |cell: &dyn Fn(&Row) -> Option<f64>| {
            let finite = |row: &Row| cell(row).filter(|v| v.is_finite());
            Column::floats(field, rows.iter().map(finite))
        };
        columns.push(match field.name {
            "measure" => Column::texts(field, &measures, rows.iter().map(|r| r.measure as u32))?,
            "variant" => Column::texts(field, &variants, rows.iter().map(|r| r.variant as u32))?,
            "n" => Column::new(field, Values::I64(people.clone().into())),
            "p" => of(&|r| r.p)?,
            "p_exact" => of(&|r| r.p_exact)?,
            "p_adjusted" => of(&|r| r.p_adjusted)?,
            "srm_p" => of(&|r| r.srm_p)?,
            "probability_best" | "expected_loss" if options.method != Method::Bayes => continue,
            "probability_best" => of(&|r| r.probability_best)?,
            "expected_loss" => of(&|r| r.expected_loss)?,
            "verdict" => Column::words(field, VERDICTS, rows.iter().map(|r| r.verdict))?,
            name => of(&|r| estimate(r, name))?,
        });
    }
    Ok(Table::new(columns))
}

/// `difference_low` and its like.
fn estimate(row: &Row, name: &str) -> Option<f64> {
    let (of, end) = match (name.strip_suffix("_low"), name.strip_suffix("_high")) {
        (Some(of), _) => (of, (|e| e.low) as fn(Estimate) -> f64),
        (_, Some(of)) => (of, (|e| e.high) as fn(Estimate) -> f64),
        _ => (name, (|e| e.value) as fn(Estimate) -> f64),
    };
    match of {
        "mean" => Some(end(row.mean)),
        "difference" => row.difference.map(end),
        _ => row.ratio.map(end),
    }
}
