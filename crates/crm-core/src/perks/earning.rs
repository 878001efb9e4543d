//! When a customer earns a perk, how often it was used, and how far the next one is.

use super::entitlement_rules::{Asks, Read};
use super::histories::{Days, Purchase};
use super::tier_rules::{Rules, State};
use crate::context::{grow_queue, push};
use crate::error::Result;
use std::collections::VecDeque;

/// Perks earned on a day.
#[derive(Debug, Clone, Copy)]
struct Lot {
    day: i32,
    /// The first day on which they cannot be used; `None` for never.
    ends: Option<i32>,
    earned: i64,
    used: i64,
}

/// What a customer has of a rule.
#[derive(Debug, Default)]
pub(super) struct Earned {
    lots: Vec<Lot>,
    /// Orders that used a perk that the customer did not have.
    pub(super) unearned: i64,
    /// What is missing to the next, orders or minor units; `None` if there is no next one.
    pub(super) missing: Option<i64>,
}

impl Earned {
    /// Perks that were earned on a day.
    fn earn(&mut self, day: i32, perks: i64, valid: Option<i32>) -> Result<()> {
        let lot = Lot {
            day,
            ends: valid.map(|valid| day.saturating_add(valid)),
            earned: perks,
            used: 0,
        };
        push(&mut self.lots, lot, "entitlements")
    }

    /// Uses perks on these days, the oldest first.
    fn spend(&mut self, uses: &[i32]) {
        for day in uses {
            let fits = |lot: &&mut Lot| {
                lot.day <= *day && lot.ends.is_none_or(|ends| *day < ends) && lot.used < lot.earned
            };
            match self.lots.iter_mut().find(fits) {
                Some(lot) => lot.used += 1,
                None => self.unearned += 1,
            }
        }
    }

    pub(super) fn earned(&self) -> i64 {
        self.lots.iter().map(|lot| lot.earned).sum()
    }

    pub(super) fn used(&self) -> i64 {
        self.lots.iter().map(|lot| lot.used).sum()
    }

    /// Perks that can be used on a day, and the first day on which some of them cannot be used any more.
    pub(super) fn open(&self, day: i32) -> (i64, Option<i32>) {
        let lots = self
            .lots
            .iter()
            .filter(|lot| lot.used < lot.earned && lot.ends.is_none_or(|ends| day < ends));
        let open = lots.clone().map(|lot| lot.earned - lot.used).sum();
        (open, lots.filter_map(|lot| lot.ends).min())
    }

    /// The day on which the last was earned.
    pub(super) fn last(&self) -> Option<i32> {
        self.lots.last().map(|lot| lot.day)
    }
}

/// What orders add to a rule.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Days and what counts of them, within the window.
    open: VecDeque<(i32, i64)>,
    sum: i128,
}

impl Progress {
    fn leave_before(&mut self, first: i64) {
        while self
            .open
            .front()
            .is_some_and(|(day, _)| i64::from(*day) < first)
        {
            let value = self.open.pop_front().map_or(0, |(_, value)| value);
            self.sum -= i128::from(value);
        }
    }

    fn add(&mut self, day: i32, value: i64) -> Result<()> {
        grow_queue(&mut self.open, "entitlements")?;
        self.open.push_back((day, value));
        self.sum += i128::from(value);
        Ok(())
    }

    /// Adds what was bought, in the order of time, and earns; `purchases` are those that count for the rule.
    pub(super) fn run(
        rule: &Read,
        repeat: bool,
        purchases: impl Iterator<Item = Purchase>,
        uses: &[i32],
        day: i32,
    ) -> Result<Earned> {
        let (needed, in_money) = match rule.asks {
            Asks::Amount(minor) => (minor, true),
            Asks::Orders(n) => (n, false),
            Asks::Nth(_) | Asks::Tier(_) => return Ok(Earned::default()),
        };
        let mut progress = Progress::default();
        let mut found = Earned::default();
        let first = |day: i32| {
            rule.window
                .map_or(i64::MIN, |window| i64::from(day) - i64::from(window) + 1)
        };
        for one in purchases {
            progress.leave_before(first(one.day));
            progress.add(
                one.day,
                if in_money {
                    one.amount
                } else {
                    one.is_order.into()
                },
            )?;
            if progress.sum < i128::from(needed) || !one.is_order {
                continue;
            }
            let times = match repeat {
                true => (progress.sum / i128::from(needed)) as i64,
                false => 1,
            };
            found.earn(one.day, times, rule.valid)?;
            if !repeat {
                found.spend(uses);
                return Ok(found);
            }
            // What is left over counts for the next.
            let rest = (progress.sum % i128::from(needed)) as i64;
            progress = Progress::default();
            progress.add(one.day, rest)?;
        }
        progress.leave_before(first(day));
        let missing = i128::from(needed) - progress.sum;
        found.missing = Some(missing.clamp(1, i64::MAX.into()) as i64);
        found.spend(uses);
        Ok(found)
    }
}

/// Of the n-th order; `meets` says of an order whether it counts.
pub(super) fn of_nth(
    n: i64,
    rule: &Read,
    purchases: impl Iterator<Item = Purchase>,
    meets: impl Fn(u32) -> bool,
    uses: &[i32],
) -> Result<Earned> {
    let mut found = Earned::default();
    let mut count = 0;
    for one in purchases.filter(|one| one.is_order) {
        count += 1;
        if count == n && meets(one.order) {
            found.earn(one.day, 1, rule.valid)?;
        }
    }
    found.missing = (count < n).then_some(n - count);
    found.spend(uses);
    Ok(found)
}

/// Of a tier: earned on each day on which it is reached from below, and lost with it.
pub(super) fn of_tier(
    tier: usize,
    rule: &Read,
    rules: &Rules,
    days: &Days,
    uses: &[i32],
    day: i32,
) -> Result<Earned> {
    let mut found = Earned::default();
    let (mut state, mut moves) = (State::default(), Vec::new());
    let mut failed = Ok(());
    rules.advance(days, &mut state, day, &mut |day, tier| {
        if failed.is_ok() {
            failed = push(&mut moves, (day, tier), "entitlements");
        }
    });
    failed?;
    let mut has = false;
    for (day, now) in moves {
        if now >= tier && !has {
            found.earn(day, 1, rule.valid)?;
        } else if now < tier
            && has
            && let Some(lot) = found.lots.last_mut()
        {
            lot.ends = Some(lot.ends.map_or(day, |ends| ends.min(day)));
        }
        has = now >= tier;
    }
    found.missing = (!has).then(|| rules.missing(tier, rules.bought(days, day)));
    found.spend(uses);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purchase(day: i32, amount: i64) -> Purchase {
        Purchase {
            day,
            order: 0,
            is_order: amount > 0,
            amount,
        }
    }

    fn rule(asks: Asks, window: Option<i32>, valid: Option<i32>) -> Read {
        Read {
            asks,
            window,
            valid,
        }
    }

    #[test]
    fn what_is_left_over_counts_for_the_next() {
        let rule = rule(Asks::Amount(1_000), None, Some(10));
        let all = [
            purchase(1, 600),
            purchase(5, 1_700),
            purchase(6, -100),
            purchase(9, 750),
        ];
        // 2300 earns two on day 5, and 300 − 100 + 750 is 50 too little.
        let found = Progress::run(&rule, true, all.into_iter(), &[4, 5, 14, 15], 20).unwrap();
        assert_eq!((found.earned(), found.used(), found.unearned), (2, 2, 2));
        assert_eq!((found.missing, found.last()), (Some(50), Some(5)));
        assert_eq!(found.open(14), (0, None));
        let unused = Progress::run(&rule, true, all.into_iter(), &[], 20).unwrap();
        assert_eq!(unused.open(14), (2, Some(15)));
        assert_eq!(unused.open(15), (0, None));
    }

    #[test]
    fn a_window_ends_with_the_day() {
        let rule = rule(Asks::Orders(2), Some(3), None);
        let all = [purchase(1, 5), purchase(4, 5)];
        let run = |all: &[Purchase], day| {
            Progress::run(&rule, false, all.iter().copied(), &[], day).unwrap()
        };
        assert_eq!((run(&all, 6).earned(), run(&all, 6).missing), (0, Some(1)));
        assert_eq!(run(&all, 7).missing, Some(2));
        let near = [purchase(1, 5), purchase(3, 5)];
        assert_eq!((run(&near, 9).earned(), run(&near, 9).missing), (1, None));
    }
}
