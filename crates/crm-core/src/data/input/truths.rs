//! Columns of truth values.

use crate::columns::{ColumnData, ColumnValues};
use crate::context::room;
use crate::error::{Error, Result};

/// A column of truth values; blank is false. JSON rows and CSV files may have them as texts.
pub(crate) fn truths(name: &str, chunks: &[&ColumnData], rows: usize) -> Result<Vec<bool>> {
    let mut out = room(rows, "truth values")?;
    for chunk in chunks {
        let first = out.len();
        let wrong = |i| Error::value(name, first + i, "`true` or `false`");
        let (cells, keys) = chunk.looked_up();
        match &cells.values {
            ColumnValues::Text(texts) => {
                for i in 0..chunk.len() {
                    let at = keys.map_or(i, |keys| keys[i] as usize);
                    let truth = match chunk.is_valid(i).then(|| texts.bytes(at).trim_ascii()) {
                        None | Some(b"") => false,
                        Some(text) if text.eq_ignore_ascii_case(b"true") || text == b"1" => true,
                        Some(text) if text.eq_ignore_ascii_case(b"false") || text == b"0" => false,
                        Some(_) => return Err(wrong(i)),
                    };
                    out.push(truth);
                }
            }
            // Programs convert a column of 0 and 1 to floats if a cell is blank.
            ColumnValues::Float(values) if keys.is_none() => {
                for (i, value) in values.iter().enumerate() {
                    let truth = match chunk.is_valid(i) && !value.is_nan() {
                        true if *value == 1.0 => true,
                        true if *value != 0.0 => return Err(wrong(i)),
                        _ => false,
                    };
                    out.push(truth);
                }
            }
            ColumnValues::Bool(bits) if keys.is_none() => {
                out.extend((0..chunk.len()).map(|i| chunk.is_valid(i) && bits.is_set(i)));
            }
            ColumnValues::Int { values, .. }
                if keys.is_none() && values.iter().all(|v| (0..=1).contains(v)) =>
            {
                out.extend((0..chunk.len()).map(|i| chunk.is_valid(i) && values[i] == 1));
            }
            ColumnValues::Null(_) => out.extend((0..chunk.len()).map(|_| false)),
            _ => {
                return Err(Error::ColumnType {
                    column: name.into(),
                    found: chunk.type_name(),
                    expected: "truth values (bool, 0 and 1, or texts true and false)".into(),
                });
            }
        }
    }
    Ok(out)
}
