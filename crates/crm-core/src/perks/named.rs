//! A column that names something of each order or customer: a coupon, a perk that was used, a referrer.

use crate::columns::Buf;
use crate::context::{Context, collect, filled};
use crate::data::Orders;
use crate::data::filter::{AttributeValues, Level};
use crate::error::{Error, Result};
use crate::ids::{Ids, NO_ID};
use serde_json::json;
use std::sync::Arc;

/// The names, and by order or customer the code of its own; [`NO_ID`] where the cell is null or blank.
pub(super) struct Named {
    pub(super) ids: Arc<Ids>,
    pub(super) codes: Buf<u32>,
}

impl Named {
    /// The column that an option names.
    ///
    /// # Errors
    ///
    /// No such column, or one of another level, or of numbers with parts.
    pub(super) fn new(
        orders: &Orders,
        option: &str,
        column: &str,
        level: Level,
        expected: &'static str,
        context: &Context,
    ) -> Result<Named> {
        let found = orders.attribute(column, context)?;
        let (true, AttributeValues::Codes(ids, codes)) = (found.level == level, found.values)
        else {
            return Err(Error::option(option, json!(column), expected));
        };
        let mut is_blank = filled(ids.len(), false, "perks")?;
        for (code, is_blank) in is_blank.iter_mut().enumerate() {
            *is_blank = ids.text(code as u32).trim().is_empty();
        }
        if !is_blank.contains(&true) {
            return Ok(Named { ids, codes });
        }
        let named = |code: u32| match code != NO_ID && is_blank[code as usize] {
            true => NO_ID,
            false => code,
        };
        let codes = collect(codes.iter().map(|code| named(*code)), "perks")?.into();
        Ok(Named { ids, codes })
    }
}
