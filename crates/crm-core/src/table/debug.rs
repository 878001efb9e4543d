//! What `{:?}` shows of tables: names, types and numbers only, because cells may be personal data.

use super::{Column, Table, Values};
use std::fmt;

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Values({} of type {})", self.len(), self.ty().name())
    }
}

impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Column({}: {:?})", self.name, self.values)
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({} rows:", self.len())?;
        for column in &self.columns {
            write!(f, " {}:{}", column.name, column.values.ty().name())?;
        }
        f.write_str(")")
    }
}
