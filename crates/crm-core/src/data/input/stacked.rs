//! The rows of two tables under each other.

use crate::columns::{ColumnData, ColumnValues, Strings};
use crate::context::{Context, collect, filled, room};
use crate::error::{Error, Result};
use crate::ids::{IdKind, Ids, NO_ID};
use crate::table::{Column, Table, Values};
use std::sync::Arc;

impl Table {
    /// These rows and then those of another table. Columns are matched by name; where one table does not have a
    /// column its rows have no value in it. Texts, words and ids of one kind become ids.
    ///
    /// ```
    /// use crm_core::table::{Column, Values};
    /// use crm_core::{Context, Table};
    /// let one = |name, cell: f64| Table::new(vec![Column::named(name, Values::F64(vec![cell].into()))]);
    /// let both = one("a", 1.0).stacked(&one("b", 2.0), &Context::default())?;
    /// assert_eq!(both.len(), 2);
    /// assert_eq!(both.column("a").unwrap().validity(), Some(&[true, false][..]));
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A column whose type differs; [`Error::OutOfMemory`].
    pub fn stacked(&self, more: &Table, context: &Context) -> Result<Table> {
        let (n, m) = (self.len(), more.len());
        let mut columns = Vec::new();
        for column in self.columns() {
            let name = column.name();
            let other = more.column(name).filter(|other| has_value(other));
            columns.push(match (has_value(column), other) {
                (true, Some(other)) => joined(name, column, other, context)?,
                (false, Some(other)) => padded(other, n, 0)?,
                (_, None) => padded(column, 0, m)?,
            });
        }
        for column in more.columns() {
            if self.column(column.name()).is_none() {
                columns.push(padded(column, n, 0)?);
            }
        }
        Ok(Table::new(columns))
    }
}

fn has_value(column: &Column) -> bool {
    let any = |valid: &[bool]| valid.contains(&true);
    !column.values().is_empty() && column.validity().is_none_or(any)
}

/// A column with this many nulls before and after its cells.
fn padded(column: &Column, before: usize, after: usize) -> Result<Column> {
    let n = column.values().len();
    let valid = |row: usize| column.validity().is_none_or(|valid| valid[row]);
    let mut known = filled(before, false, "table column")?;
    crate::context::grow(&mut known, n + after, "table column")?;
    known.extend((0..n).map(valid));
    known.resize(before + n + after, false);
    if n == 0 {
        let nothing = filled(known.len(), 0.0, "table column")?;
        return Ok(Column::named(column.name(), Values::F64(nothing.into())).with_validity(known));
    }
    let mut rows = filled(before, 0, "table column")?;
    crate::context::grow(&mut rows, n + after, "table column")?;
    rows.extend(0..n);
    rows.resize(before + n + after, 0);
    let table = Table::new(vec![column.clone()]).take(&rows)?;
    let column = table.columns()[0].clone();
    Ok(column.with_validity(known))
}

/// The cells of two columns of one type.
fn joined(name: &str, a: &Column, b: &Column, context: &Context) -> Result<Column> {
    let differ = || Error::ColumnType {
        column: name.into(),
        found: b.values().ty().name().into(),
        expected: format!("{}, as in the first table", a.values().ty().name()),
    };
    let (a, b) = match (dictionary(a, context)?, dictionary(b, context)?) {
        (Some((ids, mine)), Some((others, theirs))) => {
            if ids.kind() != others.kind() {
                return Err(Error::ColumnType {
                    column: name.into(),
                    found: others.kind().to_string(),
                    expected: format!("{}, as in the first table", ids.kind()),
                });
            }
            let mut all = ids.copied()?;
            let mut used = filled(others.len(), false, "ids")?;
            for code in &theirs {
                used[*code as usize] = true;
            }
            let codes = all.absorb(&others, &used, context)?;
            let all = Arc::new(all);
            let theirs = theirs.iter().map(|code| match codes[*code as usize] {
                NO_ID => 0,
                code => code,
            });
            let of = |column: &Column, codes| {
                let ids = all.clone();
                let column = column.clone();
                let valid = column.validity().map(<[bool]>::to_vec);
                let whole = Column::named(name, Values::Id { ids, codes });
                match valid {
                    Some(valid) => whole.with_validity(valid),
                    None => whole,
                }
            };
            (of(a, mine), of(b, collect(theirs, "ids")?))
        }
        (None, None) => (a.clone(), b.clone()),
        _ => return Err(differ()),
    };
    if a.values().ty() != b.values().ty() {
        return Err(differ());
    }
    let mut table = Table::new(vec![a]);
    table.append(Table::new(vec![b.renamed(name.to_owned())]))?;
    Ok(table.columns()[0].clone())
}

/// A column of ids, texts or words as ids: the dictionary and the code of each row.
fn dictionary(column: &Column, context: &Context) -> Result<Option<(Arc<Ids>, Vec<u32>)>> {
    let texts: Vec<&[u8]>;
    let codes = match column.values() {
        Values::Id { ids, codes } => {
            return Ok(Some((ids.clone(), collect(codes.iter().copied(), "ids")?)));
        }
        Values::Text { codes, texts: all } => {
            let mut some = room(all.len(), "ids")?;
            some.extend(all.iter().map(|text| text.as_bytes()));
            texts = some;
            collect(codes.iter().copied(), "ids")?
        }
        Values::Category { codes, labels } => {
            texts = labels.iter().map(|label| label.code.as_bytes()).collect();
            collect(codes.iter().map(|code| u32::from(*code)), "ids")?
        }
        _ => return Ok(None),
    };
    let texts = Strings::collect(texts.into_iter())?;
    let texts = ColumnData::from(ColumnValues::Text(texts));
    let mut ids = Ids::new(IdKind::Text, context.hash_seed);
    let mut places = Vec::new();
    ids.encode("text", &[&texts], &mut places, context)?;
    let codes = codes.iter().map(|code| places[*code as usize]);
    Ok(Some((Arc::new(ids), collect(codes, "ids")?)))
}
