//! The account of a customer's points: what was earned is used and expires in the order in which it was earned (FIFO).
//!
//! ```text
//! balance = earned + adjusted − used − expired
//! ```
//!
//! holds to the last point after each movement. What is taken beyond the balance makes it negative, and what is earned next
//! fills it up.

use crate::context::push;
use crate::error::Result;
use crate::table::{Label, labels};

/// What happened to points, in the order of movements of one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Kind {
    Earned,
    Used,
    Expired,
    Adjusted,
}

impl Kind {
    pub(super) const LABELS: &'static [Label] = labels! {
        "earned", "Earned", "付与";
        "used", "Used", "利用";
        "expired", "Expired", "失効";
        "adjusted", "Adjusted", "調整";
    };

    /// What a cell of a ledger means, in capitals or not, or in Japanese.
    pub(super) fn of_word(word: &str) -> Option<Kind> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "earned" | "獲得" | "付与" => Kind::Earned,
            "used" | "利用" | "使用" => Kind::Used,
            "expired" | "失効" => Kind::Expired,
            "adjusted" | "調整" => Kind::Adjusted,
            _ => return None,
        })
    }
}

/// A movement of points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Movement {
    pub(super) day: i32,
    pub(super) kind: Kind,
    /// Above 0, but for adjustments, which take points away below 0.
    pub(super) points: i64,
    /// The first day on which what was earned cannot be used any more.
    pub(super) ends: Option<i32>,
    /// Whether a refund takes them back: of what its order gave first, then of what was earned last.
    pub(super) is_refund: bool,
    /// The row of the table, or the place of the order, of a refund that of the refunded one.
    pub(super) row: u32,
}

/// A line of the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) day: i32,
    pub(super) kind: Kind,
    /// What it adds to the balance.
    pub(super) change: i64,
    pub(super) balance: i64,
    /// How much of what it takes was not there.
    pub(super) overdrawn: i64,
    pub(super) row: u32,
}

#[derive(Debug, Clone, Copy)]
struct Lot {
    ends: i32,
    left: i64,
    row: u32,
}

/// The points of one customer.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// In the order of earning.
    lots: Vec<Lot>,
    /// What was taken beyond the balance.
    debt: i64,
    balance: i64,
    pub(super) lines: Vec<Line>,
}

/// Points that do not expire.
const NEVER: i32 = i32::MAX;

impl Account {
    /// Starts anew with these movements, in the order of time, and lets expire what cannot be used on a day any more.
    pub(super) fn settle(&mut self, movements: &[Movement], day: i32) -> Result<()> {
        self.lots.clear();
        self.lines.clear();
        self.debt = 0;
        self.balance = 0;
        for movement in movements {
            self.book(movement)?;
        }
        self.expire(day)
    }

    pub(super) fn balance(&self) -> i64 {
        self.balance
    }

    /// Points that can be used now and not any more after a day, and the first day on which the next of them cannot be.
    pub(super) fn expiring(&self, last: i32) -> (i64, Option<i32>) {
        let open = self
            .lots
            .iter()
            .filter(|lot| lot.left > 0 && lot.ends != NEVER);
        let soon = open
            .clone()
            .filter(|lot| lot.ends <= last.saturating_add(1));
        (
            soon.map(|lot| lot.left).sum(),
            open.map(|lot| lot.ends).min(),
        )
    }

    /// Books a movement, after what has expired until its day.
    fn book(&mut self, movement: &Movement) -> Result<()> {
        self.expire(movement.day)?;
        let Movement {
            day,
            kind,
            points,
            row,
            ..
        } = *movement;
        let gives = matches!(kind, Kind::Earned) || (kind == Kind::Adjusted && points >= 0);
        let overdrawn = match gives {
            true => {
                let paid = self.debt.min(points);
                self.debt -= paid;
                let lot = Lot {
                    ends: movement.ends.unwrap_or(NEVER),
                    left: points - paid,
                    row,
                };
                push(&mut self.lots, lot, "points")?;
                0
            }
            false => self.take(
                points.unsigned_abs() as i64,
                movement.is_refund.then_some(row),
            ),
        };
        let change = if gives {
            points
        } else {
            -(points.unsigned_abs() as i64)
        };
        self.line(day, kind, change, overdrawn, row)
    }

    fn line(&mut self, day: i32, kind: Kind, change: i64, overdrawn: i64, row: u32) -> Result<()> {
        self.balance += change;
        let line = Line {
            day,
            kind,
            change,
            balance: self.balance,
            overdrawn,
            row,
        };
        push(&mut self.lines, line, "points")
    }

    /// Takes points, the oldest first; those of a refund from its order, then the newest first. What was not there.
    fn take(&mut self, points: i64, refunded: Option<u32>) -> i64 {
        let mut open = points;
        let mut from = |lot: &mut Lot| {
            let taken = lot.left.min(open);
            lot.left -= taken;
            open -= taken;
        };
        match refunded {
            Some(order) => {
                let own = self.lots.iter_mut().filter(|lot| lot.row == order);
                own.for_each(&mut from);
                self.lots.iter_mut().rev().for_each(&mut from);
            }
            None => self.lots.iter_mut().for_each(&mut from),
        }
        self.debt += open;
        self.lots.retain(|lot| lot.left > 0);
        open
    }

    /// Lets expire what cannot be used on a day any more.
    fn expire(&mut self, day: i32) -> Result<()> {
        loop {
            let over = self
                .lots
                .iter()
                .filter(|lot| lot.left > 0 && lot.ends <= day);
            let Some(ends) = over.map(|lot| lot.ends).min() else {
                return Ok(());
            };
            let mut points = 0;
            for lot in self.lots.iter_mut().filter(|lot| lot.ends == ends) {
                points += lot.left;
                lot.left = 0;
            }
            self.lots.retain(|lot| lot.left > 0);
            self.line(ends, Kind::Expired, -points, 0, u32::MAX)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn movement(day: i32, kind: Kind, points: i64, ends: Option<i32>) -> Movement {
        Movement {
            day,
            kind,
            points,
            ends,
            is_refund: false,
            row: 0,
        }
    }

    #[test]
    fn the_oldest_points_are_used_first_and_expire_unused() {
        let mut account = Account::default();
        for one in [
            movement(1, Kind::Earned, 100, Some(11)),
            movement(5, Kind::Earned, 50, Some(15)),
            movement(8, Kind::Used, 70, None),
            movement(12, Kind::Used, 60, None),
            movement(13, Kind::Earned, 25, None),
        ] {
            account.book(&one).unwrap();
        }
        // 30 of the first expire on day 11; on day 12 ten are missing, which day 13 pays.
        let lines: Vec<_> = account
            .lines
            .iter()
            .map(|l| (l.day, l.change, l.balance))
            .collect();
        assert_eq!(
            lines,
            [
                (1, 100, 100),
                (5, 50, 150),
                (8, -70, 80),
                (11, -30, 50),
                (12, -60, -10),
                (13, 25, 15)
            ]
        );
        assert_eq!(account.lines[4].overdrawn, 10);
        assert_eq!(account.expiring(1_000), (0, None));
    }

    #[test]
    fn a_refund_takes_back_what_its_order_gave_then_what_was_earned_last() {
        let earned = [
            movement(1, Kind::Earned, 100, Some(11)),
            movement(5, Kind::Earned, 50, Some(15)),
        ];
        // Of neither order, of the first, of the second: what is left until day 11 and until day 15.
        for (order, left) in [(7, [90, 0]), (1, [40, 50]), (5, [90, 0])] {
            let mut account = Account::default();
            for one in earned {
                let row = one.day as u32;
                account.book(&Movement { row, ..one }).unwrap();
            }
            let refund = Movement {
                is_refund: true,
                row: order,
                ..movement(6, Kind::Adjusted, -60, None)
            };
            account.book(&refund).unwrap();
            assert_eq!(account.expiring(9), (0, Some(11)));
            assert_eq!(account.expiring(10), (left[0], Some(11)), "{order}");
            account.expire(11).unwrap();
            assert_eq!(account.balance(), left[1]);
        }
    }
}
