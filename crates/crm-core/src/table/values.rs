//! Cells of each type: kept as one vector a column, taken by rows and joined.

use super::Label;
use super::field::Type;
use super::texts::TextIndex;
use crate::columns::Buf;
use crate::context::{Context, collect, filled};
use crate::error::{Error, Result};
use crate::ids::{IdRef, Ids};
use crate::money::Currency;
use crate::time::{Day, Zone};
use std::cmp::Ordering;
use std::sync::Arc;

/// The cells of a column.
#[derive(Clone)]
pub enum Values {
    /// Ids by code.
    Id {
        /// The dictionary.
        ids: Arc<Ids>,
        /// One code per row.
        codes: Vec<u32>,
    },
    /// Small whole numbers: counts of a customer, days, scores.
    I32(Vec<i32>),
    /// Whole numbers.
    I64(Buf<i64>),
    /// Floats. A cell without a value is null, never NaN.
    F64(Buf<f64>),
    /// Truth values.
    Bool(Vec<bool>),
    /// Civil days since 1970-01-01.
    Date(Vec<i32>),
    /// Instants in UTC microseconds, and the zone they are shown in.
    Instant(Buf<i64>, Zone),
    /// Minor units.
    Money(Buf<i64>, Currency),
    /// Indices into a closed list of words.
    Category {
        /// One index per row.
        codes: Vec<u8>,
        /// The words.
        labels: &'static [Label],
    },
    /// Free texts, as indices into the distinct texts.
    Text {
        /// One index per row.
        codes: Vec<u32>,
        /// The texts.
        texts: Arc<Vec<String>>,
    },
}

impl Values {
    /// The number of cells.
    pub fn len(&self) -> usize {
        match self {
            Values::Id { codes, .. } | Values::Text { codes, .. } => codes.len(),
            Values::I32(v) | Values::Date(v) => v.len(),
            Values::I64(v) | Values::Instant(v, _) | Values::Money(v, _) => v.len(),
            Values::F64(v) => v.len(),
            Values::Bool(v) => v.len(),
            Values::Category { codes, .. } => codes.len(),
        }
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The column type.
    pub fn ty(&self) -> Type {
        match self {
            Values::Id { .. } => Type::Id,
            Values::I32(_) | Values::I64(_) => Type::Int,
            Values::F64(_) => Type::Float,
            Values::Bool(_) => Type::Bool,
            Values::Date(_) => Type::Date,
            Values::Instant(..) => Type::Instant,
            Values::Money(..) => Type::Money,
            Values::Category { .. } => Type::Category,
            Values::Text { .. } => Type::Text,
        }
    }

    /// A cell, whether or not it is null.
    pub(super) fn cell(&self, row: usize) -> Cell<'_> {
        match self {
            Values::Id { ids, codes } => Cell::Id(ids.at(codes[row])),
            Values::I32(v) => Cell::Int(v[row].into()),
            Values::I64(v) => Cell::Int(v[row]),
            Values::F64(v) => Cell::Float(v[row]),
            Values::Bool(v) => Cell::Bool(v[row]),
            Values::Date(v) => Cell::Date(Day(v[row])),
            Values::Instant(v, _) => Cell::Instant(v[row]),
            Values::Money(v, currency) => Cell::Money(v[row], *currency),
            Values::Category { codes, labels } => Cell::Label(labels[usize::from(codes[row])]),
            Values::Text { codes, texts } => Cell::Text(&texts[codes[row] as usize]),
        }
    }

    /// The rows at these indices, in their order.
    pub(super) fn take(&self, rows: &[usize]) -> Result<Values> {
        fn pick<T: Copy>(values: &[T], rows: &[usize]) -> Result<Vec<T>> {
            collect(rows.iter().map(|row| values[*row]), "table column")
        }
        Ok(match self {
            Values::Id { ids, codes } => Values::Id {
                ids: ids.clone(),
                codes: pick(codes, rows)?,
            },
            Values::I32(v) => Values::I32(pick(v, rows)?),
            Values::I64(v) => Values::I64(pick(v, rows)?.into()),
            Values::F64(v) => Values::F64(pick(v, rows)?.into()),
            Values::Bool(v) => Values::Bool(pick(v, rows)?),
            Values::Date(v) => Values::Date(pick(v, rows)?),
            Values::Instant(v, zone) => Values::Instant(pick(v, rows)?.into(), *zone),
            Values::Money(v, currency) => Values::Money(pick(v, rows)?.into(), *currency),
            Values::Category { codes, labels } => Values::Category {
                codes: pick(codes, rows)?,
                labels,
            },
            Values::Text { codes, texts } => Values::Text {
                codes: pick(codes, rows)?,
                texts: texts.clone(),
            },
        })
    }

    /// Appends the cells of a column of the same type. `index` is that of its texts, from the first time on.
    pub(super) fn append(
        &mut self,
        more: Values,
        index: &mut Option<Box<TextIndex>>,
    ) -> Result<()> {
        fn extend<T>(to: &mut Vec<T>, from: Vec<T>) -> Result<()> {
            crate::context::grow(to, from.len(), "table column")?;
            to.extend(from);
            Ok(())
        }
        fn lengthen<T: Copy>(to: &mut Buf<T>, from: Buf<T>) -> Result<()> {
            let mut all = std::mem::take(to).into_vec("table column")?;
            crate::context::grow(&mut all, from.len(), "table column")?;
            all.extend_from_slice(&from);
            *to = all.into();
            Ok(())
        }
        match (self, more) {
            (
                Values::Id { codes, ids },
                Values::Id {
                    codes: more,
                    ids: other,
                },
            ) => {
                if Arc::ptr_eq(ids, &other) {
                    return extend(codes, more);
                }
                let mut used = filled(other.len(), false, "table column")?;
                // A null cell has the code 0, also where no cell has a value.
                for code in &more {
                    if let Some(used) = used.get_mut(*code as usize) {
                        *used = true;
                    }
                }
                let context = Context::default();
                let code = Ids::writable(ids)?.absorb(&other, &used, &context)?;
                crate::context::grow(codes, more.len(), "table column")?;
                codes.extend(
                    more.into_iter()
                        .map(|c| code.get(c as usize).copied().unwrap_or(0)),
                );
                Ok(())
            }
            (Values::I32(to), Values::I32(from)) | (Values::Date(to), Values::Date(from)) => {
                extend(to, from)
            }
            (Values::I64(to), Values::I64(from))
            | (Values::Instant(to, _), Values::Instant(from, _))
            | (Values::Money(to, _), Values::Money(from, _)) => lengthen(to, from),
            (Values::F64(to), Values::F64(from)) => lengthen(to, from),
            (Values::Bool(to), Values::Bool(from)) => extend(to, from),
            (Values::Category { codes, .. }, Values::Category { codes: more, .. }) => {
                extend(codes, more)
            }
            (
                Values::Text { codes, texts },
                Values::Text {
                    codes: more,
                    texts: other,
                },
            ) => {
                if Arc::ptr_eq(texts, &other) {
                    return extend(codes, more);
                }
                let texts = Arc::make_mut(texts);
                let index = match index {
                    Some(index) => index,
                    None => index.insert(Box::new(TextIndex::new(texts)?)),
                };
                let code = index.merge(texts, &other)?;
                crate::context::grow(codes, more.len(), "table column")?;
                codes.extend(
                    more.into_iter()
                        .map(|c| code.get(c as usize).copied().unwrap_or(0)),
                );
                Ok(())
            }
            _ => Err(Error::internal("tables of different columns were joined")),
        }
    }
}

/// One cell.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Cell<'a> {
    Null,
    Id(IdRef<'a>),
    Int(i64),
    Float(f64),
    Bool(bool),
    Date(Day),
    /// UTC microseconds.
    Instant(i64),
    /// Minor units.
    Money(i64, Currency),
    Label(Label),
    Text(&'a str),
}

impl PartialEq for Cell<'_> {
    /// Floats are compared by their bits.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Cell::Null, Cell::Null) => true,
            (Cell::Id(a), Cell::Id(b)) => a.compare(b) == Ordering::Equal,
            (Cell::Int(a), Cell::Int(b)) | (Cell::Instant(a), Cell::Instant(b)) => a == b,
            (Cell::Float(a), Cell::Float(b)) => a.to_bits() == b.to_bits(),
            (Cell::Bool(a), Cell::Bool(b)) => a == b,
            (Cell::Date(a), Cell::Date(b)) => a == b,
            (Cell::Money(a, x), Cell::Money(b, y)) => a == b && x == y,
            (Cell::Label(a), Cell::Label(b)) => a.code == b.code,
            (Cell::Text(a), Cell::Text(b)) => a == b,
            _ => false,
        }
    }
}
