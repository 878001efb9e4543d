//! Subscriptions (定期): whether a customer's subscription is open at a date.
//!
//! Orders do not record the end of a subscription. So a subscription without a renewal for too long
//! counts as ended:
//!
//! ```text
//! subscription days   civil days with an order of kind sub_first or sub_renewal that counts
//! renewal gaps        days from one subscription day to the next, if the next has a renewal
//! cycle               the median of the customer's renewal gaps; without one, that of all
//!                     customers' renewal gaps; without any, 31 days
//! open                as_of − last subscription day ≤ cycles · cycle
//! ```
//!
//! For an even number of gaps the median is the lower of the middle two: with gaps of 30 and 365
//! days the cycle is 30 days. If a pause is the only renewal gap, it is taken as the cycle.
//!
//! One-off orders do not matter. With `cycles` = 2 one delivery may be skipped (スキップ), which most
//! shops allow. The time before a new first order is not a renewal gap, because the previous
//! subscription had ended. Several subscriptions of one customer count as one.

use crate::context::{collect, push, room};
use crate::error::Result;
use crate::words::KindWord;

/// The cycle in days if there is no renewal gap to estimate it from: most deliveries are monthly.
const MONTH: u32 = 31;

/// The subscription of each row of [`Gaps`](super::Gaps); empty if the orders have no kinds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subscriptions {
    rows: Vec<Row>,
    /// The renewal gaps of all finished rows, then of the current row.
    gaps: Vec<u32>,
    /// How many of `gaps` are of finished rows.
    read: usize,
}

/// The subscription of one row.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Row {
    /// The last subscription day.
    last: Option<i32>,
    /// The median of its renewal gaps.
    cycle: Option<u32>,
}

impl Subscriptions {
    /// Reads an order of a row; orders are in time order.
    pub(crate) fn see(&mut self, row: &mut Row, day: i32, kind: KindWord) -> Result<()> {
        if !matches!(kind, KindWord::SubFirst | KindWord::SubRenewal) {
            return Ok(());
        }
        if let (Some(last), KindWord::SubRenewal) = (row.last, kind)
            && last < day
        {
            push(&mut self.gaps, day.abs_diff(last), "gaps")?;
        }
        row.last = row.last.max(Some(day));
        Ok(())
    }

    /// Adds a finished row.
    pub(crate) fn add(&mut self, row: Row) -> Result<()> {
        let cycle = median(&mut self.gaps[self.read..]);
        self.read = self.gaps.len();
        push(&mut self.rows, Row { cycle, ..row }, "gaps")
    }

    /// For each row, whether a subscription is open on the day `as_of`; empty if the shop has none.
    pub(crate) fn open(&self, as_of: i32, cycles: f64) -> Result<Vec<bool>> {
        let mut gaps = room(self.gaps.len(), "gaps")?;
        gaps.extend_from_slice(&self.gaps);
        let typical = median(&mut gaps).unwrap_or(MONTH);
        let open = |row: &Row| {
            let cycle = f64::from(row.cycle.unwrap_or(typical));
            (row.last).is_some_and(|last| f64::from(as_of.abs_diff(last)) <= cycles * cycle)
        };
        collect(self.rows.iter().map(open), "gaps")
    }
}

/// The lower median; reorders `gaps`.
fn median(gaps: &mut [u32]) -> Option<u32> {
    let middle = gaps.len().checked_sub(1)? / 2;
    Some(*gaps.select_nth_unstable(middle).1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use KindWord::{OneOff, SubFirst, SubRenewal};

    fn subscriptions(customers: &[&[(i32, KindWord)]]) -> Subscriptions {
        let mut all = Subscriptions::default();
        for orders in customers {
            let mut row = Row::default();
            for (day, kind) in *orders {
                all.see(&mut row, *day, *kind).unwrap();
            }
            all.add(row).unwrap();
        }
        all
    }

    /// The last day on which each is open.
    fn until(customers: &[&[(i32, KindWord)]], cycles: f64) -> Vec<Option<i32>> {
        let all = subscriptions(customers);
        let row = |i: usize| {
            let last = customers[i].last().unwrap().0;
            (last..3000)
                .rev()
                .find(|day| all.open(*day, cycles).unwrap()[i])
        };
        (0..customers.len()).map(row).collect()
    }

    #[test]
    fn by_hand() {
        let shop: [&[(i32, KindWord)]; 9] = [
            // Regular gaps of 30 and 28; one-off orders do not matter.
            &[
                (0, SubFirst),
                (30, SubRenewal),
                (45, OneOff),
                (58, SubRenewal),
                (70, OneOff),
            ],
            // One delivery was skipped: the lower of 30 and 60.
            &[(0, SubFirst), (30, SubRenewal), (90, SubRenewal)],
            // Renewed after a year's pause: 30, 30, 30 and 365.
            &[
                (0, SubFirst),
                (30, SubRenewal),
                (60, SubRenewal),
                (425, SubRenewal),
                (455, SubRenewal),
            ],
            // A new subscription after a year; two orders on one day count once.
            &[
                (0, SubFirst),
                (28, SubRenewal),
                (400, SubFirst),
                (400, SubRenewal),
                (420, SubRenewal),
            ],
            // No renewal: the lower median of 20, 28, 28, 30, 30, 30, 30, 30, 60 and 365 is 30.
            &[(100, SubFirst)],
            &[(40, SubFirst), (100, SubFirst)],
            &[(100, SubRenewal), (101, OneOff)],
            &[(0, OneOff), (30, OneOff)],
            &[(0, OneOff)],
        ];
        let none = None;
        let expected = [
            Some(58 + 56),
            Some(90 + 60),
            Some(455 + 60),
            Some(420 + 40),
            Some(160),
            Some(160),
            Some(160),
            none,
            none,
        ];
        assert_eq!(until(&shop, 2.0), expected);
        assert_eq!(until(&shop[..1], 1.5), [Some(58 + 42)]);
        // A shop without a renewal.
        let month = Some(100 + 2 * 31);
        assert_eq!(until(&shop[4..], 2.0), [month, month, month, none, none]);
        assert!(subscriptions(&[]).open(0, 2.0).unwrap().is_empty());
    }
}
