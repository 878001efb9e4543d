//! Bands of numbers: columns of the customers table that are cut (bins), and ages.

use crate::columns::{Buf, ColumnData, ColumnValues, Strings};
use crate::context::{Context, collect, push, room};
use crate::data::input::batches::{RowDim, only_used};
use crate::error::{Error, Result};
use crate::ids::{IdKind, Ids, NO_ID};
use crate::time::{Day, Period};
use serde_json::json;
use std::sync::Arc;

/// The most bounds of one column.
const MOST: usize = 200;

/// The years of an age band, and the age from which there is one band.
const YEARS: i32 = 10;
const OLDEST: i32 = 100;

/// The bands between bounds: `under 150`, `150 to 160` (160 not included), `160 or more`.
pub(crate) fn labels(bounds: &[f64]) -> Vec<String> {
    let (Some(first), Some(last)) = (bounds.first(), bounds.last()) else {
        return Vec::new();
    };
    let between = bounds.windows(2);
    let between = between.map(|pair| format!("{} to {}", pair[0], pair[1]));
    let ends = (format!("under {first}"), format!("{last} or more"));
    std::iter::once(ends.0)
        .chain(between)
        .chain([ends.1])
        .collect()
}

/// The bands of ages: `0-9`, `10-19` and so on, `100 or more`.
pub(crate) fn ages() -> Vec<String> {
    let bands = (0..OLDEST).step_by(YEARS as usize);
    let bands = bands.map(|from| format!("{from}-{}", from + YEARS - 1));
    bands.chain([format!("{OLDEST} or more")]).collect()
}

/// The band, a place in [`ages`], of somebody born on a day; none before birth. An age is complete years: who was born on
/// 29 February is a year older on 1 March in years without one.
pub(crate) fn age_band(born: Day, today: Day) -> Option<u32> {
    let in_year = |day: Day| {
        let month = day.number(Period::Month) - day.start_of(Period::Year).number(Period::Month);
        (month, day.0 - day.start_of(Period::Month).0)
    };
    let years = today.number(Period::Year) - born.number(Period::Year);
    let age = years - i32::from(in_year(today) < in_year(born));
    (age >= 0).then(|| (age.min(OLDEST) / YEARS) as u32)
}

/// A dictionary whose codes are the places of these texts.
pub(crate) fn dictionary(labels: &[String], context: &Context) -> Result<Arc<Ids>> {
    let texts = Strings::collect(labels.iter().map(String::as_bytes))?;
    let column = ColumnData::from(ColumnValues::Text(texts));
    let mut ids = Ids::new(IdKind::Text, context.hash_seed);
    let mut codes = Vec::new();
    ids.encode("bands", &[&column], &mut codes, &context.uncounted())?;
    Ok(Arc::new(ids))
}

/// The place among the bands of each text of a dictionary.
pub(crate) fn places(ids: &Ids, labels: &[String]) -> Result<Vec<u32>> {
    let place = |code: u32| {
        let text = ids.text(code);
        labels.iter().position(|label| *label == text)
    };
    let places = (0..ids.len() as u32).map(|code| place(code).map_or(NO_ID, |at| at as u32));
    collect(places, "bands")
}

/// A column of numbers as bands.
///
/// # Errors
///
/// Bounds that do not ascend, a column of another type, a text that is no number.
pub(super) fn cut(
    name: &str,
    bounds: &[f64],
    chunks: &[&ColumnData],
    context: &Context,
) -> Result<RowDim> {
    check(name, bounds)?;
    let rows = chunks.iter().map(|chunk| chunk.len()).sum();
    let mut codes = room(rows, "bands")?;
    for chunk in chunks {
        let first = codes.len();
        for row in 0..chunk.len() {
            let number = number(name, chunk, row, first)?;
            let place = number.map(|n| bounds.partition_point(|bound| *bound <= n) as u32);
            push(&mut codes, place.unwrap_or(NO_ID), "bands")?;
        }
    }
    let all = dictionary(&labels(bounds), context)?;
    let (ids, codes): (Arc<Ids>, Buf<u32>) = only_used(&all, &codes, context)?;
    Ok(RowDim {
        name: name.to_owned(),
        ids,
        codes,
    })
}

fn check(name: &str, bounds: &[f64]) -> Result<()> {
    let ascend = bounds.windows(2).all(|pair| pair[0] < pair[1]);
    let finite = bounds.iter().all(|bound| bound.is_finite());
    match ascend && finite && (1..=MOST).contains(&bounds.len()) {
        true => Ok(()),
        false => Err(Error::option(
            format!("bins.{name}"),
            json!(bounds),
            format!("1 to {MOST} numbers in ascending order"),
        )),
    }
}

/// The number in a row; none if it is blank. `first` is the chunk's first row.
fn number(name: &str, chunk: &ColumnData, row: usize, first: usize) -> Result<Option<f64>> {
    if !chunk.is_valid(row) {
        return Ok(None);
    }
    let (cells, keys) = chunk.looked_up();
    let at = keys.map_or(row, |keys| keys[row] as usize);
    let wrong = || {
        Error::value(
            name,
            first + row,
            "a number, because `bins` cuts the column",
        )
    };
    let number = match &cells.values {
        ColumnValues::Int { values, .. } => values[at] as f64,
        ColumnValues::Unsigned { values, .. } => values[at] as f64,
        ColumnValues::Float(values) if values[at].is_nan() => return Ok(None),
        ColumnValues::Float(values) => values[at],
        ColumnValues::Decimal { values, scale } => {
            values[at] as f64 / libm::pow(10.0, f64::from(*scale))
        }
        ColumnValues::Text(texts) => {
            let text = std::str::from_utf8(texts.bytes(at)).map_err(|_| wrong())?;
            match text.trim() {
                "" => return Ok(None),
                text => text.parse().map_err(|_| wrong())?,
            }
        }
        ColumnValues::Null(_) => return Ok(None),
        _ => {
            return Err(Error::ColumnType {
                column: name.into(),
                found: chunk.type_name(),
                expected: "numbers, because `bins` cuts the column".into(),
            });
        }
    };
    match number.is_nan() {
        true => Err(wrong()),
        false => Ok(Some(number)),
    }
}
