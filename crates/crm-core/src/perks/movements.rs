//! Movements of points, of orders by a rate or of a table.
//!
//! # Of orders
//!
//! ```text
//! earned      points · amount / per of each order, rounded by `rounding`, on the day of the order
//! used        the cell of the column `used` of an order, before the order earns
//! taken back  by a refund (`adjusted`): what its order earned less what the rest of it earns; of the points of that order, then
//!             of those earned last
//! ```
//!
//! A refund at the order's date lowers the amount on which points are earned; one at its own date (the scope's `refunds` =
//! `refund_date`) takes back, so that in the end both give the same points. A refund of more than the order takes no more than it
//! gave; one in a row of the input, whose order is not known, takes what an order of its amount would earn.
//!
//! # Of a table
//!
//! A row per movement: `customer_id`, `occurred_at` (a date or a time), `kind` (earned, used, expired, adjusted, in capitals or not; 獲得 or 付与, 利用 or 使用, 失効, 調整), `points` (a
//! whole number; of adjusted also below 0), and `expires_at`, the last day on which earned points can be used (null: for ever).
//! Days are those of the column's zone, of texts those of UTC. A table of which rows say what has expired has no `expires_at`, or points would expire twice.

use super::histories::{Histories, Purchase};
use super::lots::{Kind, Movement};
use super::tier_rules::{minor, whole_days};
use crate::analysis::Input;
use crate::context::{Context, collect, filled, push};
use crate::data::Orders;
use crate::data::filter::{AttributeValues, Level};
use crate::error::{Error, Result};
use crate::ids::{IdKind, Ids, NO_ID};
use crate::money::Currency;
use crate::scope::At;
use crate::table::{Column, Table, Values};
use crate::time::{Day, Duration, MICROS_PER_DAY, Moment, Offsets, Zone};
use crate::words::words;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::borrow::Cow;
use std::sync::Arc;

words! {
    /// How parts of a point are rounded.
    Rounding {
        /// Down.
        Floor = "floor", "Down", "切り捨て";
        /// To the nearest, halves up.
        Nearest = "nearest", "Nearest", "四捨五入";
        /// Up.
        Ceil = "ceil", "Up", "切り上げ";
    }
}

words! {
    /// What becomes of a movement that takes more points than there are.
    Overdraw {
        /// It is an error.
        Error = "error", "Error", "エラー";
        /// It is counted, and the balance is below 0.
        Count = "count", "Counted", "件数を表示";
    }
}

/// How points are earned and used: the options that `points` and `point_movements` share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct PointRules {
    /// Points for each `per` of an order's amount, 1 to 1,000,000. Default 1.
    pub points: u32,
    /// The amount, major units, for which `points` are earned. Default 100.
    pub per: f64,
    /// How parts of a point of an order are rounded. Default: down.
    pub rounding: Rounding,
    /// Days for which earned points can be used, the day itself included. Default: none, for ever.
    pub valid: Option<Duration>,
    /// The column of orders with the points that an order used. Default: none, none are used.
    pub used: Option<String>,
    /// A movement that takes more points than there are: an error, or counted. Default: an error.
    pub overdraw: Overdraw,
    /// Of a table: the last day whose movements count. Default: none, the last movement's.
    pub until: Option<Day>,
}

impl Default for PointRules {
    fn default() -> Self {
        PointRules {
            points: 1,
            per: 100.0,
            rounding: Rounding::Floor,
            valid: None,
            used: None,
            overdraw: Overdraw::Error,
            until: None,
        }
    }
}

impl PointRules {
    /// Refuses options that the table does not read.
    pub(super) fn check_table(&self) -> Result<()> {
        let plain = PointRules::default();
        let given = [
            ("points", self.points != plain.points),
            ("per", self.per.to_bits() != plain.per.to_bits()),
            ("rounding", self.rounding != plain.rounding),
            ("valid", self.valid.is_some()),
            ("used", self.used.is_some()),
        ];
        match given.into_iter().find(|(_, given)| *given) {
            Some((name, _)) => Err(Error::option(
                name,
                "",
                "no value: the table says what was earned and used",
            )),
            None => Ok(()),
        }
    }

    /// Refuses options that orders do not read, and those out of range.
    pub(super) fn check_orders(&self, orders: &Orders) -> Result<()> {
        if self.until.is_some() {
            return Err(Error::option(
                "until",
                json!(self.until),
                "no value: `as_of` is the date of orders",
            ));
        }
        if !(1..=1_000_000).contains(&self.points) {
            return Err(Error::option("points", self.points, "1 to 1,000,000"));
        }
        minor("per", self.per, orders.currency())?;
        self.valid_days()?;
        if let Some(name) = &self.used {
            Used::new(orders, name, &Context::default())?;
        }
        Ok(())
    }

    fn valid_days(&self) -> Result<Option<i32>> {
        let days = |time| whole_days("valid", time, 1, 36_600);
        self.valid.map(days).transpose()
    }

    /// The points of an amount of at least 0, minor units.
    fn earned(&self, amount: i64, per: i64) -> Result<i64> {
        let (points, per) = (
            i128::from(self.points) * i128::from(amount),
            i128::from(per),
        );
        let whole = match self.rounding {
            Rounding::Floor => points / per,
            Rounding::Nearest => (2 * points + per) / (2 * per),
            Rounding::Ceil => (points + per - 1) / per,
        };
        i64::try_from(whole)
            .ok()
            .filter(|points| *points <= MOST)
            .ok_or_else(|| {
                let expected = "more: an order earns over 1,000,000,000,000 points";
                Error::option("per", json!(self.per), expected)
            })
    }
}

/// The most points of a movement: sums of very many fit into 64 bits.
const MOST: i64 = 1_000_000_000_000;

/// The customers whose movements are told, and the day up to which.
#[derive(Debug)]
pub struct Books {
    pub(super) ids: Arc<Ids>,
    pub(super) day: i32,
    /// By customer in ascending order of ids: the code, and where the movements begin.
    customers: Vec<(u32, usize)>,
    movements: Vec<Movement>,
}

impl Books {
    /// Each customer's code and movements.
    pub(super) fn each(&self) -> impl Iterator<Item = (u32, &[Movement])> {
        self.customers
            .iter()
            .enumerate()
            .map(|(at, (customer, from))| {
                let to = self
                    .customers
                    .get(at + 1)
                    .map_or(self.movements.len(), |(_, from)| *from);
                (*customer, &self.movements[*from..to])
            })
    }
}

/// Data that say how points moved.
pub trait HasPoints: Input {
    /// The keys of the scope that mean something for points.
    const KEYS: &'static [&'static str];
    /// The optional columns.
    const COLUMNS: &'static [&'static str];
    /// What says when points expire.
    const EXPIRY: &'static str;

    /// Whether points can expire.
    fn can_expire(&self, rules: &PointRules) -> bool;

    /// The currency of the points' value.
    ///
    /// # Errors
    ///
    /// No currency, or two.
    fn currency(&self, given: Option<Currency>) -> Result<Currency>;

    /// Refuses options that it does not read.
    ///
    /// # Errors
    ///
    /// An option out of range, or that says nothing here.
    fn check(&self, rules: &PointRules) -> Result<()>;

    /// The movements up to the date.
    ///
    /// # Errors
    ///
    /// A column that is missing, a cell that is no movement.
    fn books(&self, at: &Self::At, rules: &PointRules, context: &Context) -> Result<Books>;
}

impl HasPoints for Orders {
    const KEYS: &'static [&'static str] = crate::analysis::WITHOUT_OCCASION;
    const COLUMNS: &'static [&'static str] = &[];
    const EXPIRY: &'static str = "`valid`";

    fn can_expire(&self, rules: &PointRules) -> bool {
        rules.valid.is_some()
    }

    fn currency(&self, given: Option<Currency>) -> Result<Currency> {
        match given {
            Some(given) => Err(Error::option(
                "currency",
                json!(given),
                "no value: orders have their own",
            )),
            None => Ok(Orders::currency(self)),
        }
    }

    fn check(&self, rules: &PointRules) -> Result<()> {
        rules.check_orders(self)
    }

    fn books(&self, at: &At, rules: &PointRules, context: &Context) -> Result<Books> {
        let per = minor("per", rules.per, Orders::currency(self))?;
        let valid = rules.valid_days()?;
        let used = rules
            .used
            .as_ref()
            .map(|name| Used::new(self, name, context))
            .transpose()?;
        let histories = Histories::new(self, at, context)?;
        let mut net = Net::new(&histories, self)?;
        let (mut customers, mut movements) = (Vec::new(), Vec::new());
        for (place, customer) in histories.shown()?.enumerate() {
            if place % Context::BLOCK == 0 {
                context.check()?;
            }
            if !histories.of(customer).any(|one| one.is_order) {
                continue;
            }
            push(&mut customers, (customer, movements.len()), "points")?;
            for one in histories.of(customer) {
                let movement = |kind, points| Movement {
                    day: one.day,
                    kind,
                    points,
                    ends: None,
                    is_refund: false,
                    row: one.order,
                };
                let spent = used
                    .as_ref()
                    .filter(|_| one.is_order)
                    .map_or(0, |used| used.of(one.order));
                if spent > 0 {
                    push(&mut movements, movement(Kind::Used, spent), "points")?;
                }
                let [before, after] = net.around(&one);
                let points = rules.earned(after, per)? - rules.earned(before, per)?;
                let own = match points {
                    0 => continue,
                    1.. => Movement {
                        ends: valid.map(|valid| one.day.saturating_add(valid)),
                        ..movement(Kind::Earned, points)
                    },
                    _ => Movement {
                        is_refund: true,
                        ..movement(Kind::Adjusted, points)
                    },
                };
                push(&mut movements, own, "points")?;
            }
        }
        Ok(Books {
            ids: self.ids().clone(),
            day: at.day.0,
            customers,
            movements,
        })
    }
}

/// What is left of the amounts of orders whose refunds are rows of their own.
struct Net(Option<Vec<Option<i64>>>);

impl Net {
    fn new(histories: &Histories, orders: &Orders) -> Result<Net> {
        let of = histories.selection.data().refund_of.as_ref();
        let left = of.map(|_| filled(orders.data.len(), None, "points"));
        Ok(Net(left.transpose()?))
    }

    /// The amount that earns points, before an order or a refund and after it. A refund whose order is not seen takes as much
    /// as an order of its amount would give.
    fn around(&mut self, one: &Purchase) -> [i64; 2] {
        let left = self.0.as_mut().map(|left| &mut left[one.order as usize]);
        match left {
            Some(Some(left)) => {
                let before = (*left).max(0);
                *left = left.saturating_add(one.amount);
                [before, (*left).max(0)]
            }
            Some(left) if one.is_order => {
                *left = Some(one.amount);
                [0, one.amount.max(0)]
            }
            _ if one.amount < 0 => [one.amount.saturating_neg(), 0],
            _ => [0, one.amount],
        }
    }
}

/// The points that each order used.
struct Used {
    /// By code of the column's values.
    points: Vec<i64>,
    codes: crate::columns::Buf<u32>,
}

impl Used {
    fn new(orders: &Orders, name: &str, context: &Context) -> Result<Used> {
        let found = orders.attribute(name, context)?;
        let wrong = |expected: &str| Error::option("used", json!(name), expected.to_owned());
        let (Level::Order, AttributeValues::Codes(ids, codes)) = (found.level, found.values) else {
            return Err(wrong("a column that all lines of an order share"));
        };
        let number = |code: u32| {
            let text = ids.text(code);
            let text = text.strip_suffix(".0").unwrap_or(&text);
            text.parse::<i64>().ok().filter(|n| (0..=MOST).contains(n))
        };
        let mut points = filled(ids.len(), 0, "points")?;
        for code in codes.iter().filter(|code| **code != NO_ID) {
            let expected = "a column of whole numbers of points, 0 or more, in each order";
            points[*code as usize] = number(*code).ok_or_else(|| wrong(expected))?;
        }
        Ok(Used { points, codes })
    }

    fn of(&self, order: u32) -> i64 {
        match self.codes[order as usize] {
            NO_ID => 0,
            code => self.points[code as usize],
        }
    }
}

impl HasPoints for Table {
    const KEYS: &'static [&'static str] = &[];
    const COLUMNS: &'static [&'static str] = &["expires_at"];
    const EXPIRY: &'static str = "a column `expires_at`";

    fn can_expire(&self, _: &PointRules) -> bool {
        self.column("expires_at").is_some()
    }

    fn currency(&self, given: Option<Currency>) -> Result<Currency> {
        given.ok_or_else(|| {
            Error::option(
                "currency",
                json!(null),
                "the currency of `value`, such as \"JPY\"",
            )
        })
    }

    fn check(&self, rules: &PointRules) -> Result<()> {
        rules.check_table()
    }

    fn books(&self, (): &(), rules: &PointRules, context: &Context) -> Result<Books> {
        let (ids, codes) = customers_of(self, context)?;
        let cells = Cells::new(self)?;
        let until = rules.until.map(|day| day.0);
        let mut rows = Vec::new();
        for (row, customer) in codes.iter().enumerate() {
            if row % Context::BLOCK == 0 {
                context.check()?;
            }
            let (time, movement) = cells.movement(row)?;
            if until.is_none_or(|until| movement.day <= until) {
                push(&mut rows, (*customer, time, movement), "points")?;
            }
        }
        let mut rank = filled(ids.len(), 0_u32, "points")?;
        for (place, code) in ids.by_id()?.iter().enumerate() {
            rank[*code as usize] = place as u32;
        }
        // What is given at an instant can be used at it.
        rows.sort_unstable_by_key(|(customer, time, one)| {
            let takes = matches!(one.kind, Kind::Used | Kind::Expired) || one.points < 0;
            let content = (one.kind, one.ends, one.points, one.row);
            (rank[*customer as usize], *time, takes, content)
        });
        let mut customers: Vec<(u32, usize)> = Vec::new();
        for (at, (customer, ..)) in rows.iter().enumerate() {
            if customers.last().is_none_or(|(last, _)| last != customer) {
                push(&mut customers, (*customer, at), "points")?;
            }
        }
        let last = rows
            .iter()
            .map(|(.., one)| one.day)
            .max()
            .unwrap_or_default();
        Ok(Books {
            ids,
            day: until.unwrap_or(last),
            customers,
            movements: collect(rows.into_iter().map(|(.., one)| one), "points")?,
        })
    }
}

/// The customers of a table, and that of each row.
fn customers_of<'a>(table: &'a Table, context: &Context) -> Result<(Arc<Ids>, &'a [u32])> {
    let column = table.required("customer_id")?;
    let valid = column.validity();
    if let Some(row) = valid.and_then(|valid| valid.iter().position(|v| !v)) {
        return Err(Error::null("customer_id", row, "an id"));
    }
    match column.values() {
        Values::Id { ids, codes } => Ok((ids.clone(), codes)),
        _ if table.is_empty() => Ok((Arc::new(Ids::new(IdKind::Text, context.hash_seed)), &[])),
        other => Err(Error::ColumnType {
            column: "customer_id".into(),
            found: other.ty().name().into(),
            expected: "ids: texts, whole numbers or bytes".into(),
        }),
    }
}

/// The columns of a table of movements.
struct Cells<'a> {
    times: Vec<Option<(i64, i32)>>,
    kinds: Vec<Kind>,
    points: Cow<'a, [f64]>,
    valid: Option<&'a [bool]>,
    ends: Option<Vec<Option<(i64, i32)>>>,
}

impl<'a> Cells<'a> {
    fn new(table: &'a Table) -> Result<Cells<'a>> {
        let (points, valid) = table.cells("points")?;
        Ok(Cells {
            times: days(table.required("occurred_at")?)?,
            kinds: kinds(table)?,
            points,
            valid,
            ends: table.column("expires_at").map(days).transpose()?,
        })
    }

    /// The instant and the movement of a row.
    fn movement(&self, row: usize) -> Result<(i64, Movement)> {
        let wrong = |column: &str, expected: &'static str| Err(Error::value(column, row, expected));
        let Some((time, day)) = self.times[row] else {
            return Err(Error::null("occurred_at", row, "a date or a time"));
        };
        let (kind, number) = (self.kinds[row], self.points[row]);
        let is_known = self.valid.is_none_or(|valid| valid[row]);
        let least = if kind == Kind::Adjusted { -MOST } else { 0 };
        let range = least as f64..=MOST as f64;
        if !is_known || libm::trunc(number) != number || !range.contains(&number) {
            let expected = "a whole number of points up to 1,000,000,000,000, not below 0 but for adjusted ones";
            return wrong("points", expected);
        }
        if kind == Kind::Expired && self.ends.is_some() {
            let expected =
                "no rows of expired points beside a column `expires_at`: they would expire twice";
            return wrong("kind", expected);
        }
        let end = self.ends.as_ref().and_then(|ends| ends[row]);
        let gives = kind == Kind::Earned || (kind == Kind::Adjusted && number >= 0.0);
        match end {
            Some(_) if !gives => {
                return wrong("expires_at", "no date: only points that are given expire");
            }
            Some((_, end)) if end < day => {
                return wrong("expires_at", "a day that is not before `occurred_at`");
            }
            _ => {}
        }
        let movement = Movement {
            day,
            kind,
            points: number as i64,
            // The day itself is the last.
            ends: end.map(|(_, end)| end.saturating_add(1)),
            is_refund: false,
            row: row as u32,
        };
        Ok((time, movement))
    }
}

/// The instant and the civil day of each row, of times, dates or texts of them.
fn days(column: &Column) -> Result<Vec<Option<(i64, i32)>>> {
    let zone = match column.values() {
        Values::Instant(_, zone) => *zone,
        _ => Zone::UTC,
    };
    let span = match column.values() {
        Values::Instant(cells, _) => (
            cells.iter().min().copied().unwrap_or(0),
            cells.iter().max().copied().unwrap_or(0),
        ),
        _ => (0, 0),
    };
    let offsets = Offsets::new(zone, span.0, span.1);
    let of_day = |day: i32| (i64::from(day) * MICROS_PER_DAY, day);
    let known = |row: usize| column.validity().is_none_or(|valid| valid[row]);
    let mut cells = filled(column.values().len(), None, "points")?;
    for (row, cell) in cells.iter_mut().enumerate().filter(|(row, _)| known(*row)) {
        *cell = Some(match column.values() {
            Values::Instant(at, _) => (at[row], offsets.day(at[row]).0),
            Values::Date(days) => of_day(days[row]),
            Values::Id { ids, codes } => {
                let text = ids.text(codes[row]);
                let expected = "a date or a time such as 2026-11-21T10:00:00+09:00";
                match Moment::try_from(text) {
                    Ok(Moment::Day(day)) => of_day(day.0),
                    Ok(Moment::Instant(at) | Moment::Wall(at)) => (at, offsets.day(at).0),
                    Err(_) => return Err(Error::value(column.name(), row, expected)),
                }
            }
            other => {
                return Err(Error::ColumnType {
                    column: column.name().into(),
                    found: other.ty().name().into(),
                    expected: "times or dates".into(),
                });
            }
        });
    }
    Ok(cells)
}

/// The kind of each row.
fn kinds(table: &Table) -> Result<Vec<Kind>> {
    let (names, codes) = match table.is_empty() {
        true => (Vec::new(), Vec::new()),
        false => table.names("kind")?,
    };
    let known: Vec<Option<Kind>> = names.iter().map(|name| Kind::of_word(name)).collect();
    let mut found = filled(codes.len(), Kind::Earned, "points")?;
    for (row, code) in codes.iter().enumerate() {
        let expected = "earned, used, expired or adjusted (獲得 or 付与, 利用 or 使用, 失効, 調整)";
        let kind = known[*code as usize];
        found[row] = kind.ok_or_else(|| Error::value("kind", row, expected))?;
    }
    Ok(found)
}
