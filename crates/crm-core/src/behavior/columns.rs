//! Columns of instants.

use crate::context::room;
use crate::data::Events;
use crate::error::Result;
use crate::table::{Column, Field, Values};

/// A column of instants, null where there is none.
pub(crate) fn instants_column(
    field: &Field,
    events: &Events,
    cells: impl ExactSizeIterator<Item = Option<i64>>,
) -> Result<Column> {
    let (mut values, mut valid) = (room(cells.len(), "table")?, room(cells.len(), "table")?);
    for cell in cells {
        values.push(cell.unwrap_or(0));
        valid.push(cell.is_some());
    }
    Ok(Column::new(field, Values::Instant(values.into(), events.zone())).with_validity(valid))
}
