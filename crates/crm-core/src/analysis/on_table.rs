//! An analysis on a table, which was scoped when it was made.

use super::{Analysis, Dataset, Input};
use crate::context::Context;
use crate::data::no_misnomer;
use crate::error::Result;
use crate::scope::Scope;
use crate::table::{Column, Table};
use serde_json::{Value, json};

impl Input for Table {
    type At = ();
    const KIND: &'static str = "table";
    /// A table takes no scope: the analysis that made it had one.
    const SCOPE: &'static [&'static str] = &[];

    fn of<'a>(data: &Dataset<'a>) -> Option<&'a Self> {
        match data {
            Dataset::Table(table) => Some(table),
            _ => None,
        }
    }

    fn run_scoped<A: Analysis<Data = Self>>(
        &self,
        _: &Scope,
        options: &A::Options,
        context: &Context,
    ) -> Result<(Table, Value)> {
        // A result of this library has further columns, under names of their own.
        if self.definition().is_none() {
            let names: Vec<&str> = self.columns().iter().map(Column::name).collect();
            no_misnomer(&names, A::OPTIONAL)?;
        }
        context.check()?;
        context.afford(self.len().saturating_mul(8), "a pass over the table")?;
        let table = A::run(self, &(), options, context)?;
        Ok((table, json!({ "of": self.definition().map(|d| d.hash()) })))
    }
}
