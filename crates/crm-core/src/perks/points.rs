//! Points (ポイント): what customers have earned, used and let expire, what is left, and what the shop owes.
//!
//! Movements come of orders by a rate, or of a table ([`movements`](super::movements)); they are booked in the order of time.
//!
//! ```text
//! balance     earned + adjusted − used − expired, to the last point
//! liability   value · balance (ポイント引当の上限)
//! ```
//!
//! Points are used and expire in the order in which they were earned (FIFO). A balance below 0, after a refund of what was
//! used, is a liability below 0 and is counted in the notes (`below_zero`). The liability is that of all points; how many
//! of them will be used is not estimated. Customers without an order, or without a movement, have no row.

use super::fields::wholes;
use super::lots::{Account, Kind};
use super::movements::{HasPoints, Overdraw, PointRules};
use super::tier_rules::{minor, whole_days};
use crate::analysis::Analysis;
use crate::context::{Context, push};
use crate::error::{Error, Result};
use crate::ids::Ids;
use crate::money::Currency;
use crate::table::{CUSTOMER_ID, Column, Field, Table, columns};
use crate::time::Duration;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::marker::PhantomData;
use std::sync::Arc;

/// Options of [`Points`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// What a point is worth, major units in whole minor units. Default 1.
    pub value: f64,
    /// Of a table: the currency of `value`. Orders have their own. Default: none.
    pub currency: Option<Currency>,
    /// Points that expire within so many days after the date are shown as expiring, 1 to 3,660. Default 30.
    pub soon: Duration,
    /// How points are earned and used.
    #[serde(flatten)]
    pub rules: PointRules,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            value: 1.0,
            currency: None,
            soon: Duration::days(30),
            rules: PointRules::default(),
        }
    }
}

/// The analysis `points`, of orders or of a table of movements.
///
/// ```
/// use crm_core::{Context, Currency, Dataset, Orders, Zone, register};
/// let orders = Orders::builder(Currency::JPY, Zone::UTC)
///     .order("anne", "2026-02-01", 3_850)
///     .order("anne", "2026-03-01", 1_250)
///     .build()?;
/// let request = r#"{"as_of": "2026-03-31", "points": 1, "per": 100, "valid": 40}"#;
/// let table = register::run("points", &Dataset::Orders(&orders), request, &Context::default())?;
/// assert_eq!(table.ints("points_expired")?.next(), Some(Some(38)));
/// assert_eq!(table.ints("point_balance")?.next(), Some(Some(12)));
/// assert_eq!(table.money("liability")?.next(), Some(Some(12))); // yen
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Points<D>(PhantomData<D>);

/// A customer: what was earned, used, expired and adjusted, in this order.
struct Row {
    customer: u32,
    sums: [i64; 4],
    balance: i64,
    expiring: i64,
    ends: Option<i32>,
    liability: i64,
}

/// How many movements took more than there was, and how much more.
#[derive(Default)]
pub(super) struct Overdrawn {
    movements: u64,
    points: i64,
}

impl Overdrawn {
    /// Looks at what was booked last of a customer.
    ///
    /// # Errors
    ///
    /// A movement that takes more than there is, if that is an error. A refund never is: it takes back what was used.
    pub(super) fn see(
        &mut self,
        account: &Account,
        rules: &PointRules,
        is_table: bool,
    ) -> Result<()> {
        for line in account.lines.iter().filter(|line| line.overdrawn > 0) {
            let is_wrong = line.kind != Kind::Adjusted || is_table;
            if rules.overdraw == Overdraw::Error && is_wrong {
                let expected =
                    "no more points than there are; `overdraw` = \"count\" counts such movements";
                return Err(match is_table {
                    true => Error::value("points", line.row as usize, expected),
                    false => Error::Malformed {
                        column: rules.used.clone().unwrap_or_default(),
                        problem: format!(
                            "an order uses more points than the customer has; expected {expected}"
                        ),
                    },
                });
            }
            self.movements += 1;
            self.points += line.overdrawn;
        }
        Ok(())
    }

    pub(super) fn note(&self) -> serde_json::Value {
        json!({"movements": self.movements, "points": self.points})
    }
}

impl<D: HasPoints + 'static> Analysis for Points<D> {
    const NAME: &'static str = "points";
    const SUMMARY: &'static str = "Points that customers have earned, used and let expire, what is left, and what the shop owes; of orders or of a table of movements";
    const JA: &'static str = "ポイント";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        "points_earned": Int, "points", "獲得ポイント", "Points earned.";
        "points_used": Int, "points", "利用ポイント", "Points used.";
        "points_expired": Int, "points", "失効ポイント", "Points that expired.";
        "points_adjusted": Int, "points", "調整ポイント", "Corrections, and below 0 what refunds at their own date took back.";
        "point_balance": Int, "points", "ポイント残高", "Earned + adjusted − used − expired.";
        "points_expiring": Int, "points", "失効予定ポイント", "Of these, points that expire within `soon`.";
        "next_expiry": Date, "", "次回失効日", "The last day on which the next points to expire can be used; null if none do.";
        "liability": Money, "currency", "ポイント負債", "Value of the balance.";
    };
    const SCOPE: &'static [&'static str] = D::KEYS;
    const OPTIONAL: &'static [&'static str] = D::COLUMNS;
    type Data = D;
    type Options = Options;

    fn check(whole: &D, options: &Options) -> Result<()> {
        let currency = whole.currency(options.currency)?;
        minor("value", options.value, currency)?;
        whole_days("soon", options.soon, 1, 3_660)?;
        whole.check(&options.rules)?;
        if options.soon != Options::default().soon && !whole.can_expire(&options.rules) {
            let expected = format!("no value without {}: no points expire", D::EXPIRY);
            return Err(Error::option("soon", json!(options.soon), expected));
        }
        Ok(())
    }

    fn run(data: &D, at: &D::At, options: &Options, context: &Context) -> Result<Table> {
        let currency = data.currency(options.currency)?;
        let value = minor("value", options.value, currency)?;
        let soon = whole_days("soon", options.soon, 1, 3_660)?;
        let books = data.books(at, &options.rules, context)?;
        let mut account = Account::default();
        let mut overdrawn = Overdrawn::default();
        let mut rows = Vec::new();
        for (place, (customer, movements)) in books.each().enumerate() {
            if place % Context::BLOCK == 0 {
                context.check()?;
            }
            account.settle(movements, books.day)?;
            overdrawn.see(&account, &options.rules, D::KEYS.is_empty())?;
            let row = Row::new(customer, &account, value, books.day.saturating_add(soon))?;
            push(&mut rows, row, "points")?;
        }
        let table = table(Self::COLUMNS, &rows, &books.ids, currency)?;
        let below = rows.iter().filter(|row| row.balance < 0).count();
        Ok(table
            .with_note("overdrawn", overdrawn.note())
            .with_note("below_zero", json!(below)))
    }
}

impl Row {
    /// What an account shows; `value` is that of a point in minor units, `soon` the last day of those that expire soon.
    fn new(customer: u32, account: &Account, value: i64, soon: i32) -> Result<Row> {
        let mut sums = [0; 4];
        for line in &account.lines {
            sums[line.kind as usize] += match line.kind {
                Kind::Used | Kind::Expired => -line.change,
                Kind::Earned | Kind::Adjusted => line.change,
            };
        }
        let (expiring, ends) = account.expiring(soon);
        let balance = account.balance();
        let too_much = || Error::option("value", value, "less: the liability is beyond 64 bits");
        Ok(Row {
            customer,
            sums,
            balance,
            expiring,
            ends,
            liability: balance.checked_mul(value).ok_or_else(too_much)?,
        })
    }
}

fn table(fields: &[Field], rows: &[Row], ids: &Arc<Ids>, currency: Currency) -> Result<Table> {
    let sum = |of: &dyn Fn(&Row) -> i64| rows.iter().map(|row| i128::from(of(row))).sum::<i128>();
    let totals = json!({
        "earned": sum(&|row| row.sums[0]) as i64,
        "used": sum(&|row| row.sums[1]) as i64,
        "expired": sum(&|row| row.sums[2]) as i64,
        "adjusted": sum(&|row| row.sums[3]) as i64,
        "balance": sum(&|row| row.balance) as i64,
        "liability": currency.mean(sum(&|row| row.liability), 1),
    });
    let mut columns = vec![Column::ids(
        &fields[0],
        ids,
        rows.iter().map(|row| row.customer),
    )?];
    for at in 0..4 {
        columns.push(wholes(
            &fields[1 + at],
            rows.iter().map(|row| row.sums[at]),
        )?);
    }
    let next = |row: &Row| row.ends.map(|ends| ends - 1);
    columns.push(wholes(&fields[5], rows.iter().map(|row| row.balance))?);
    columns.push(wholes(&fields[6], rows.iter().map(|row| row.expiring))?);
    columns.push(Column::ints(&fields[7], rows.iter().map(next))?);
    columns.push(Column::money(
        &fields[8],
        rows.iter().map(|row| row.liability),
        currency,
    )?);
    Ok(Table::new(columns).with_note("total", totals))
}
