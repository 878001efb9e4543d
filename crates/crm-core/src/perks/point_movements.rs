//! Movements of points (ポイント履歴): the statement of each customer, with what expired, and the balance after each line.
//!
//! Lines are those of [`points`](super::points), in the order of time: the changes of a customer add up to the balance of the
//! last line, and to that of `points`.

use super::fields::wholes;
use super::lots::{Account, Kind, Line};
use super::movements::{HasPoints, PointRules};
use super::points::Overdrawn;
use crate::analysis::Analysis;
use crate::context::{Context, push};
use crate::error::{Error, Result};
use crate::table::{CUSTOMER_ID, Column, Field, Table, columns};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// Options of [`PointMovements`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// How points are earned and used.
    #[serde(flatten)]
    pub rules: PointRules,
}

/// The analysis `point_movements`, of orders or of a table of movements.
#[derive(Debug)]
pub struct PointMovements<D>(PhantomData<D>);

impl<D: HasPoints + 'static> Analysis for PointMovements<D> {
    const NAME: &'static str = "point_movements";
    const SUMMARY: &'static str = "The statement of each customer's points, with what expired and the balance after each line";
    const JA: &'static str = "ポイント履歴";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        "moved_on": Date, "", "増減日", "The day of the movement.";
        "movement": Category, "", "増減区分", "What happened.";
        "point_change": Int, "points", "ポイント増減", "What it adds to the balance.";
        "balance_after": Int, "points", "増減後残高", "The balance after it.";
    };
    const SCOPE: &'static [&'static str] = D::KEYS;
    const OPTIONAL: &'static [&'static str] = D::COLUMNS;
    type Data = D;
    type Options = Options;

    fn check(whole: &D, options: &Options) -> Result<()> {
        whole.check(&options.rules)
    }

    fn run(data: &D, at: &D::At, options: &Options, context: &Context) -> Result<Table> {
        let books = data.books(at, &options.rules, context)?;
        let mut account = Account::default();
        let mut overdrawn = Overdrawn::default();
        let mut rows: Vec<(u32, Line)> = Vec::new();
        for (place, (customer, movements)) in books.each().enumerate() {
            if place % Context::BLOCK == 0 {
                context.check()?;
            }
            account.settle(movements, books.day)?;
            overdrawn.see(&account, &options.rules, D::KEYS.is_empty())?;
            for line in &account.lines {
                push(&mut rows, (customer, *line), "points")?;
            }
        }
        let [id, day, kind, change, balance] = Self::COLUMNS else {
            return Err(Error::internal("columns of point_movements"));
        };
        let table = Table::new(vec![
            Column::ids(id, &books.ids, rows.iter().map(|(customer, _)| *customer))?,
            Column::dates(day, rows.iter().map(|(_, line)| line.day))?,
            Column::words(
                kind,
                Kind::LABELS,
                rows.iter().map(|(_, line)| Some(line.kind as u8)),
            )?,
            wholes(change, rows.iter().map(|(_, line)| line.change))?,
            wholes(balance, rows.iter().map(|(_, line)| line.balance))?,
        ]);
        Ok(table.with_note("overdrawn", overdrawn.note()))
    }
}
