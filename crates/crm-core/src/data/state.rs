//! What tables of orders and of customers share in a saved state: columns of ids, how texts were read.

use super::input::batches::RowDim;
use super::text::cells::Understood;
use crate::bytes::{Reader, Writer, broken};
use crate::context::{Context, push};
use crate::error::Result;
use crate::ids::{Ids, NO_ID};
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
        if codes
            .iter()
            .any(|code| *code != NO_ID && *code as usize >= ids.len())
        {
            return Err(broken("a code has no id"));
        }
        Ok(RowDim {
            name,
            ids: Arc::new(ids),
            codes: codes.into(),
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
