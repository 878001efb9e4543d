//! Batches of rows as JSON, read row by row without a document in memory.
//!
//! Cells are taken as text (`RawValue`), so an amount `19.80` is never converted to a float. A cell
//! must not be a list or an object, so the depth is bounded.

use crate::error::{Fault, crm_status};
use crate::rows::{Cell, Rows};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The maximum bytes of one batch.
const MOST: usize = 16 << 20;

/// Adds the rows of a batch, all or none.
pub(crate) fn append(rows: &mut Rows, json: &str) -> Result<(), Fault> {
    rows.check_unsealed()?;
    rows.check_whole()?;
    if json.len() > MOST {
        return Err(Fault::argument(
            "json",
            "expected at most 16 MiB in one batch",
        ));
    }
    let before = rows.len();
    let mut fault = None;
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let batch = Batch {
        rows,
        fault: &mut fault,
    };
    let read = batch
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end());
    let Err(error) = read else {
        return Ok(());
    };
    let row = rows.len() as u64;
    rows.cut(before);
    // serde_json's message may repeat the input; the position does not.
    Err(fault.unwrap_or_else(|| {
        let what = match error.classify() {
            serde_json::error::Category::Eof => "the JSON ends too early",
            serde_json::error::Category::Data => "expected a list of lists or objects",
            _ => "not JSON",
        };
        let message = format!("{what} (line {}, column {})", error.line(), error.column());
        Fault::argument("json", message).in_row(row)
    }))
}

/// Reads the whole batch, a row, or the cells of a row.
struct Batch<'a> {
    rows: &'a mut Rows,
    /// The error, if it is not an error of the JSON syntax.
    fault: &'a mut Option<Fault>,
}

struct Row<'a>(Batch<'a>);

impl<'de> DeserializeSeed<'de> for Batch<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Batch<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Batch { rows, fault } = self;
        loop {
            let row = Row(Batch {
                rows: &mut *rows,
                fault: &mut *fault,
            });
            if list.next_element_seed(row)?.is_none() {
                return Ok(());
            }
            if let Err(found) = rows.end() {
                return Err(note(fault, found));
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Batch { rows, fault } = self.0;
        while let Some(raw) = list.next_element::<&RawValue>()? {
            if let Err(found) = add(rows, raw) {
                return Err(note(fault, found));
            }
        }
        Ok(())
    }

    /// Cells of an object are in any order, so their columns are found first.
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let Batch { rows, fault } = self.0;
        let mut cells: Vec<Option<&RawValue>> = vec![None; rows.names().len()];
        let mut next = 0;
        while let Some(Text(key)) = object.next_key::<Text<'de>>()? {
            let raw = object.next_value::<&RawValue>()?;
            // Objects of one batch mostly have the same order.
            let names = rows.names();
            let expected = names.get(next).is_some_and(|name| *name == *key);
            let found = match expected {
                true => Some(next),
                false => names.iter().position(|name| *name == *key),
            };
            let Some(at) = found else {
                continue;
            };
            next = at + 1;
            if cells[at].replace(raw).is_some() {
                let twice = cell_fault(&names[at], "the object has it twice", rows.len());
                return Err(note(fault, twice));
            }
        }
        for raw in cells {
            let added = match raw {
                Some(raw) => add(rows, raw),
                None => rows.cell(Cell::Null),
            };
            if let Err(found) = added {
                return Err(note(fault, found));
            }
        }
        Ok(())
    }
}

fn note<E: serde::de::Error>(fault: &mut Option<Fault>, found: Fault) -> E {
    *fault = Some(found);
    E::custom("")
}

fn cell_fault(column: &str, message: &'static str, row: usize) -> Fault {
    Fault::new(crm_status::CRM_ERR_DATA, column.to_owned(), message).in_row(row as u64)
}

/// Adds a cell as written.
fn add(rows: &mut Rows, raw: &RawValue) -> Result<(), Fault> {
    let raw = raw.get();
    match raw.as_bytes().first() {
        Some(b'n') => rows.cell(Cell::Null),
        Some(b't' | b'f') => rows.cell(Cell::Text(raw)),
        Some(b'"') => {
            let text: Result<Cow<'_, str>, _> = serde_json::from_str::<Text<'_>>(raw).map(|t| t.0);
            match text {
                Ok(text) => rows.cell(Cell::Text(&text)),
                Err(_) => {
                    Err(Fault::argument("json", "a text that cannot be read")
                        .in_row(rows.len() as u64))
                }
            }
        }
        Some(b'-' | b'0'..=b'9') => match raw.parse::<i64>() {
            Ok(whole) => rows.cell(Cell::Int(whole)),
            // An exponent is expanded: Rust prints floats without one.
            Err(_) if raw.contains(['e', 'E']) => match raw.parse::<f64>() {
                Ok(float) if float.is_finite() => rows.cell(Cell::Text(&float.to_string())),
                _ => rows.cell(Cell::Text(raw)),
            },
            Err(_) => rows.cell(Cell::Text(raw)),
        },
        _ => {
            let row = rows.len();
            Err(Fault::new(
                crm_status::CRM_ERR_DATA,
                "json",
                "a cell is a text, a number, true, false or null",
            )
            .in_row(row as u64))
        }
    }
}

/// A text, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
