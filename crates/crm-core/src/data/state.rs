//! What orders, events and customers share in a saved state (columns of ids, how texts were read), and when people
//! are forgotten.

use super::input::batches::RowDim;
use super::text::cells::Understood;
use crate::bytes::{Reader, Writer, broken};
use crate::context::{Context, filled, push};
use crate::error::{Error, Result};
use crate::ids::{IdKind, Ids, NO_ID};
use serde::Serialize;
use std::sync::Arc;

impl RowDim {
    /// Writes the column; `more` are the rows of another table whose ids may be in its dictionary.
    pub(crate) fn save(&self, more: usize, to: &mut Writer) -> Result<()> {
        to.text(&self.name)?;
        self.ids.save(self.codes.len() + more, to)?;
        to.column(&self.codes)
    }

    pub(crate) fn load(
        rows: usize,
        more: usize,
        from: &mut Reader<'_>,
        context: &Context,
    ) -> Result<RowDim> {
        let name = from.text()?;
        let ids = Ids::load(rows + more, from, context)?;
        let codes = from.rows::<u32>(rows)?;
        known_codes(&codes, &ids, true)?;
        Ok(RowDim {
            name,
            ids: Arc::new(ids),
            codes: codes.into(),
        })
    }
}

/// No count of rows comes near it.
pub(crate) const MOST: u64 = 1 << 62;

/// Refuses codes without an id; [`NO_ID`] is allowed if cells may be blank.
pub(crate) fn known_codes(codes: &[u32], ids: &Ids, blank: bool) -> Result<()> {
    let is_known = |code: &u32| (*code as usize) < ids.len() || blank && *code == NO_ID;
    match codes.iter().all(is_known) {
        true => Ok(()),
        false => Err(broken("a code has no id")),
    }
}

/// What `forget` of orders, or of a table of customers, has taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// Customers that were known, by an order or the customers table.
    pub customers: u64,
    /// Ids that no customer has.
    pub unknown: u64,
    /// Orders.
    pub orders: u64,
    /// Rows of orders.
    pub rows: u64,
}

/// The people that a caller asks to forget.
pub(crate) struct Asked {
    /// Whether a code is one of theirs.
    pub(crate) marked: Vec<bool>,
    /// Their codes, each once.
    pub(crate) found: Vec<u32>,
    /// The number of ids that nobody has.
    pub(crate) unknown: u64,
}

impl Asked {
    /// Looks up JSON ids; `known` is true for codes that a row has: with dense integers some codes have no row.
    pub(crate) fn new(
        asked: &[serde_json::Value],
        ids: &Ids,
        known: impl Fn(u32) -> bool,
    ) -> Result<Asked> {
        let mut marked = filled(ids.len(), false, "ids")?;
        let (mut found, mut strangers) = (Vec::new(), Vec::new());
        for id in asked {
            let fits = match ids.kind() {
                IdKind::Int(_) | IdKind::Unsigned(_) => id.is_number(),
                IdKind::Text | IdKind::Fixed(_) => id.is_string(),
            };
            // A number would match no text id, and the person would stay.
            if !fits && !ids.is_empty() {
                let expected = format!("ids of the type that came in, {}", ids.kind());
                return Err(Error::option("ids", "", expected));
            }
            match ids.find(id)?.filter(|code| known(*code)) {
                Some(code) if !marked[code as usize] => {
                    marked[code as usize] = true;
                    push(&mut found, code, "ids")?;
                }
                None => push(&mut strangers, id.to_string(), "ids")?,
                Some(_) => (),
            }
        }
        strangers.sort_unstable();
        strangers.dedup();
        let unknown = strangers.len() as u64;
        Ok(Asked {
            marked,
            found,
            unknown,
        })
    }
}

/// How texts were read.
pub(crate) fn save_understood(all: &[Understood], to: &mut Writer) -> Result<()> {
    to.number(all.len() as u32)?;
    all.iter().try_for_each(|one| {
        to.text(&one.column)?;
        to.text(&one.form)
    })
}

pub(crate) fn load_understood(from: &mut Reader<'_>) -> Result<Vec<Understood>> {
    let count = from.number::<u32>()?;
    let mut all = Vec::new();
    for _ in 0..count {
        let (column, form) = (from.text()?, from.text()?);
        push(&mut all, Understood { column, form }, "saved state")?;
    }
    Ok(all)
}
