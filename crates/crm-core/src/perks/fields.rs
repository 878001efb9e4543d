//! Columns of several tables of this family, and cells that may be null.

use crate::context::{collect, room};
use crate::error::Result;
use crate::money::Currency;
use crate::table::{Column, Field, Values, fields};
use std::sync::Arc;

fields! {
    pub(super) FALLS_AT = "falls_at", Date, "", "降格予定日", "The day on which the tier is lost without a further order.";
    pub(super) NEXT_TIER = "next_tier", Text, "", "次のランク", "The tier above; null in the highest.";
    pub(super) TIER = "tier", Text, "", "会員ランク", "The tier; null below the lowest.";
    pub(super) WINDOW_AMOUNT = "window_amount", Money, "currency", "期間内購入金額", "Amount in the window.";
    pub(super) WINDOW_ORDERS = "window_orders", Int, "orders", "期間内購入回数", "Orders in the window.";
}

/// A column of money in which `None` is null.
pub(super) fn money(
    field: &Field,
    cells: impl ExactSizeIterator<Item = Option<i64>>,
    currency: Currency,
) -> Result<Column> {
    let mut values = room(cells.len(), "table column")?;
    let mut valid = room(cells.len(), "table column")?;
    for cell in cells {
        values.push(cell.unwrap_or(0));
        valid.push(cell.is_some());
    }
    Ok(Column::new(field, Values::Money(values.into(), currency)).with_validity(valid))
}

/// A column of texts by their places, in which `None` is null.
pub(super) fn texts(
    field: &Field,
    texts: &Arc<Vec<String>>,
    cells: impl ExactSizeIterator<Item = Option<u32>>,
) -> Result<Column> {
    let mut codes = room(cells.len(), "table column")?;
    let mut valid = room(cells.len(), "table column")?;
    for cell in cells {
        codes.push(cell.unwrap_or(0));
        valid.push(cell.is_some());
    }
    Ok(Column::texts(field, texts, codes.into_iter())?.with_validity(valid))
}

/// A column of whole numbers of any size.
pub(super) fn wholes(field: &Field, cells: impl ExactSizeIterator<Item = i64>) -> Result<Column> {
    Ok(Column::new(
        field,
        Values::I64(collect(cells, "table column")?.into()),
    ))
}
