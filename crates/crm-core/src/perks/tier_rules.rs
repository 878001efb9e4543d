//! The rules of tiers (会員ランク), and how a customer moves through them.
//!
//! # Definition
//!
//! ```text
//! amount(d, w)   amount (or number) of orders on the `window` days that end with d
//! up             on a day with an order, if amount(day) reaches a higher tier: at once
//! review on D    before the orders of D: amount(D − 1) merits a tier; a lower one than the customer's is a fall
//! fall           on D, or with `grace` on D + grace if amount(D + grace − 1) is still too low
//! ```
//!
//! Reviews are on the first day of each month (`monthly`), of the month `review_month` (`yearly`), on the day on which the
//! tier was reached one, two and more years later (`anniversary`; of 29 February the 28th), or there is none (`never`). Within `grace` there is no other review. A customer
//! falls to the tier that the amount merits, which may be several lower, or none.
//!
//! A refund lowers the amount of its window (at the order's date, or with the scope's `refunds` = `refund_date` at its own);
//! the tier changes at the next review. Several orders of a day are seen together.

use super::histories::{Bought, Days, Histories};
use crate::context::{Context, push};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::money::Currency;
use crate::scope::At;
use crate::table::{Label, labels};
use crate::time::{Day, Duration, Period};
use crate::words::words;
use chrono::{Datelike, Months};
use serde::{Deserialize, Serialize};
use serde_json::json;

words! {
    /// What a tier asks for.
    Measure {
        /// Money.
        Amount = "amount", "Amount", "購入金額";
        /// The number of orders.
        Orders = "orders", "Orders", "購入回数";
    }
}

words! {
    /// When a customer can fall.
    Review {
        /// On the first day of each month.
        Monthly = "monthly", "Monthly", "毎月";
        /// Once a year.
        Yearly = "yearly", "Yearly", "毎年";
        /// Years after the tier was reached.
        Anniversary = "anniversary", "Anniversary", "達成日の1年ごと";
        /// Not at all.
        Never = "never", "Never", "なし";
    }
}

/// A tier and what it asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// The name.
    pub name: String,
    /// The least amount, major units, or number of orders.
    pub from: f64,
}

/// The rules of tiers: the options that `tiers`, `tier_forecast` and `entitlements` share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct TierRules {
    /// The tiers, lowest first: each `{"name", "from"}`, `from` in major units or orders. Default: none.
    pub tiers: Vec<Tier>,
    /// What `from` is: the amount or the number of orders. Default: the amount.
    pub measure: Measure,
    /// The days whose orders are seen, 1 to 36,600. Default 365.
    pub window: Duration,
    /// When customers can fall. Default: yearly.
    pub review: Review,
    /// The month of a yearly review, 1 to 12. Default 1.
    pub review_month: u32,
    /// Days after a review for which a tier is kept, fewer than 3,660. Default 0.
    pub grace: Duration,
}

impl Default for TierRules {
    fn default() -> Self {
        TierRules {
            tiers: Vec::new(),
            measure: Measure::Amount,
            window: Duration::days(365),
            review: Review::Yearly,
            review_month: 1,
            grace: Duration::days(0),
        }
    }
}

pub(super) const REACHED: &[Label] = labels! {
    "up", "Up", "昇格";
    "down", "Down", "降格";
};

/// Whole days of a duration from `least` to `most`.
pub(super) fn whole_days(name: &str, time: Duration, least: i32, most: i32) -> Result<i32> {
    match time.whole_days() {
        Some(days) if (least..=most).contains(&days) => Ok(days),
        _ => {
            let expected = format!("{least} to {most} whole days");
            Err(Error::option(name, json!(time), expected))
        }
    }
}

/// Refuses a blank name, and one that is there already.
pub(super) fn new_name<'a>(
    path: &str,
    name: &str,
    mut others: impl Iterator<Item = &'a String>,
) -> Result<()> {
    let expected = match name.trim().is_empty() {
        true => "a name that is not blank",
        false if others.any(|other| other == name) => "a name that none before has",
        false => return Ok(()),
    };
    Err(Error::option(path, json!(name), expected))
}

/// Minor units of an amount above 0; an amount between two minor units is refused.
pub(super) fn minor(path: &str, amount: f64, currency: Currency) -> Result<i64> {
    let minor = currency.minor(amount).filter(|minor| {
        let exact = amount * currency.scale() as f64;
        *minor > 0 && libm::fabs(exact - *minor as f64) < 1e-6
    });
    minor.ok_or_else(|| {
        let expected = format!("an amount above 0 in whole minor units of {currency}");
        Error::option(path, json!(amount), expected)
    })
}

impl TierRules {
    /// The rules in days and minor units.
    ///
    /// # Errors
    ///
    /// Rules that contradict themselves, by the path of the rule.
    pub(super) fn read(&self, currency: Currency) -> Result<Rules> {
        if self.tiers.is_empty() || self.tiers.len() > 100 {
            let found = json!(self.tiers.len());
            let expected = "1 to 100 tiers such as {\"name\": \"gold\", \"from\": 50000}";
            return Err(Error::option("tiers", found, expected));
        }
        let mut from: Vec<i64> = Vec::new();
        for (at, tier) in self.tiers.iter().enumerate() {
            let path = format!("tiers.{at}.from");
            let least = match self.measure {
                Measure::Amount => minor(&path, tier.from, currency)?,
                Measure::Orders => match tier.from {
                    n if (1.0..=1e6).contains(&n) && libm::trunc(n) == n => n as i64,
                    n => {
                        return Err(Error::option(
                            path,
                            json!(n),
                            "a whole number of orders, 1 or more",
                        ));
                    }
                },
            };
            if from.last().is_some_and(|below| *below >= least) {
                let expected = "more than the tier before: tiers ascend";
                return Err(Error::option(path, json!(tier.from), expected));
            }
            from.push(least);
            let others = self.tiers[..at].iter().map(|other| &other.name);
            new_name(&format!("tiers.{at}.name"), &tier.name, others)?;
        }
        let grace = whole_days("grace", self.grace, 0, 3_660)?;
        if grace > 0 && self.review == Review::Never {
            let expected = "0 with `review` = \"never\": who never falls needs no grace";
            return Err(Error::option("grace", json!(self.grace), expected));
        }
        if !(1..=12).contains(&self.review_month) {
            return Err(Error::option("review_month", self.review_month, "1 to 12"));
        }
        if self.review_month != 1 && self.review != Review::Yearly {
            let expected = "no such option: only a yearly review has a month";
            return Err(Error::option("review_month", self.review_month, expected));
        }
        Ok(Rules {
            from,
            measure: self.measure,
            window: whole_days("window", self.window, 1, 36_600)?,
            review: self.review,
            month: self.review_month,
            grace,
        })
    }

    /// The names of the tiers, for a column of texts.
    pub(super) fn names(&self) -> Vec<String> {
        self.tiers.iter().map(|tier| tier.name.clone()).collect()
    }
}

/// Rules in days and minor units.
#[derive(Debug)]
pub(super) struct Rules {
    /// What each tier asks for, ascending.
    pub(super) from: Vec<i64>,
    pub(super) measure: Measure,
    pub(super) window: i32,
    review: Review,
    month: u32,
    grace: i32,
}

/// Where a customer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct State {
    /// How many tiers the customer has: 0 for none.
    pub(super) tier: usize,
    /// The day on which it was reached.
    pub(super) since: i32,
    /// Whether from above.
    pub(super) is_down: bool,
    /// Whether the customer has had another tier.
    pub(super) has_moved: bool,
    /// The last day that was looked at for a fall.
    reviewed: i32,
    /// The last day of grace is the day before this one.
    pending: Option<i32>,
    /// The next of the days with orders.
    next: usize,
}

impl Rules {
    /// A row of each shown customer with an order, of the customer, what was bought and where the rules have led by a date.
    pub(super) fn each<T>(
        &self,
        orders: &Orders,
        at: &At,
        context: &Context,
        row: impl Fn(u32, &Days, State) -> T,
    ) -> Result<Vec<T>> {
        let histories = Histories::new(orders, at, context)?;
        let (mut days, mut rows) = (Days::default(), Vec::new());
        for (place, customer) in histories.shown()?.enumerate() {
            if place % Context::BLOCK == 0 {
                context.check()?;
            }
            if !days.fill(histories.of(customer))? {
                continue;
            }
            let mut state = State::default();
            self.advance(&days, &mut state, at.day.0, &mut |_, _| {});
            push(&mut rows, row(customer, &days, state), "tiers")?;
        }
        Ok(rows)
    }

    /// What counts in the window that ends with a day.
    pub(super) fn bought(&self, days: &Days, last: i32) -> Bought {
        days.between(i64::from(last) - i64::from(self.window) + 1, last)
    }

    pub(super) fn measured(&self, bought: Bought) -> i128 {
        match self.measure {
            Measure::Amount => bought.amount,
            Measure::Orders => bought.orders.into(),
        }
    }

    /// How many tiers a measured value merits.
    pub(super) fn merited(&self, value: i128) -> usize {
        self.from.partition_point(|from| i128::from(*from) <= value)
    }

    /// What is missing to a tier (counted from 1); 0 if nothing.
    pub(super) fn missing(&self, tier: usize, bought: Bought) -> i64 {
        let missing = i128::from(self.from[tier - 1]) - self.measured(bought);
        missing.clamp(0, i64::MAX.into()) as i64
    }

    /// The next day on which the customer can fall.
    pub(super) fn next_review(&self, state: &State) -> Option<i32> {
        if state.tier == 0 {
            return None;
        }
        if state.pending.is_some() {
            return state.pending;
        }
        let last = Day(state.reviewed);
        let next = match self.review {
            Review::Never => return None,
            Review::Monthly => last.plus(1, Period::Month),
            Review::Yearly => {
                let year = last.date().year();
                let own = Day::from_ymd(year, self.month, 1).filter(|day| *day > last);
                own.or_else(|| Day::from_ymd(year + 1, self.month, 1))?
            }
            Review::Anniversary => {
                let since = Day(state.since).date();
                let years = last.date().year() - since.year();
                let of = |years: i32| since.checked_add_months(Months::new(12 * years as u32));
                let day = |years: i32| of(years).map(Day::from).filter(|day| *day > last);
                day(years).or_else(|| day(years + 1))?
            }
        };
        (next > last).then_some(next.0)
    }

    /// Moves a customer up to a day, itself included. `moved` is told of each day with another tier.
    pub(super) fn advance(
        &self,
        days: &Days,
        state: &mut State,
        until: i32,
        moved: &mut impl FnMut(i32, usize),
    ) {
        loop {
            let order = days.days.get(state.next).copied();
            let review = self.next_review(state);
            match (order, review) {
                (order, Some(day)) if day <= until && order.is_none_or(|order| day <= order) => {
                    let before = state.tier;
                    self.review(days, state, day);
                    if state.tier != before {
                        moved(day, state.tier);
                    }
                }
                (Some(day), _) if day <= until => {
                    state.next += 1;
                    let merited = self.merited(self.measured(self.bought(days, day)));
                    // A refund that leaves the window raises nobody without an order.
                    let has_order = days.between(day.into(), day).orders > 0;
                    if merited > state.tier && has_order {
                        state.reach(merited, day, false);
                        moved(day, merited);
                    }
                }
                _ => return,
            }
        }
    }

    fn review(&self, days: &Days, state: &mut State, day: i32) {
        let merited = self.merited(self.measured(self.bought(days, day - 1)));
        let is_over = state.pending.take().is_some() || self.grace == 0;
        state.reviewed = day;
        if merited < state.tier {
            match is_over {
                true => state.reach(merited, day, true),
                false => state.pending = Some(day.saturating_add(self.grace)),
            }
        }
    }

    /// The day on which the customer falls without a further order, and the tier after it.
    pub(super) fn fall(&self, days: &Days, state: &State) -> Option<(i32, usize)> {
        let mut ahead = *state;
        while let Some(day) = self.next_review(&ahead) {
            self.review(days, &mut ahead, day);
            if ahead.tier != state.tier {
                return Some((day, ahead.tier));
            }
        }
        None
    }
}

impl State {
    fn reach(&mut self, tier: usize, day: i32, is_down: bool) {
        self.tier = tier;
        self.since = day;
        self.reviewed = day;
        self.is_down = is_down;
        self.has_moved = true;
        self.pending = None;
    }
}

#[cfg(test)]
mod tests {
    use super::super::histories::Purchase;
    use super::*;

    fn day(text: &str) -> i32 {
        text.parse::<Day>().unwrap().0
    }

    fn bought(orders: &[(&str, i64)]) -> Days {
        let mut days = Days::default();
        let orders = orders.iter().map(|(on, amount)| Purchase {
            day: day(on),
            order: 0,
            is_order: true,
            amount: *amount,
        });
        days.fill(orders).unwrap();
        days
    }

    fn rules(review: Review, grace: u32) -> Rules {
        let tier = |name: &str, from| Tier {
            name: name.into(),
            from,
        };
        let rules = TierRules {
            tiers: vec![tier("silver", 1_000.0), tier("gold", 5_000.0)],
            review,
            grace: Duration::days(grace),
            ..TierRules::default()
        };
        rules.read(Currency::JPY).unwrap()
    }

    fn at(rules: &Rules, days: &Days, on: &str) -> (usize, String) {
        let mut state = State::default();
        rules.advance(days, &mut state, day(on), &mut |_, _| {});
        (state.tier, Day(state.since).to_string())
    }

    #[test]
    fn up_at_once_and_down_at_the_review() {
        let days = bought(&[
            ("2024-03-10", 1_000),
            ("2024-05-01", 4_000),
            ("2025-04-30", 900),
        ]);
        let yearly = rules(Review::Yearly, 0);
        for (on, tier, since) in [
            ("2024-03-09", 0, "1970-01-01"),
            ("2024-03-10", 1, "2024-03-10"),
            ("2024-05-01", 2, "2024-05-01"),
            // 366 days of 2024: all of it but the first is seen.
            ("2025-12-31", 2, "2024-05-01"),
            ("2026-01-01", 0, "2026-01-01"),
        ] {
            assert_eq!(at(&yearly, &days, on), (tier, since.to_owned()), "{on}");
        }
        // The order of 1 May is not in the 365 days that end with 1 May 2025.
        let monthly = rules(Review::Monthly, 0);
        assert_eq!(at(&monthly, &days, "2025-05-01"), (1, "2025-04-01".into()));
        let never = rules(Review::Never, 0);
        assert_eq!(at(&never, &days, "2035-01-01"), (2, "2024-05-01".into()));
    }

    #[test]
    fn grace_and_anniversaries() {
        let days = bought(&[("2024-02-29", 5_000), ("2025-03-20", 1_500)]);
        let rules = rules(Review::Anniversary, 30);
        let mut state = State::default();
        rules.advance(&days, &mut state, day("2024-03-01"), &mut |_, _| {});
        // The order is among the 365 days before the first anniversary, not before the second.
        assert_eq!(rules.next_review(&state), Some(day("2025-02-28")));
        assert_eq!(rules.fall(&days, &state), Some((day("2026-03-30"), 0)));
        rules.advance(&days, &mut state, day("2026-03-29"), &mut |_, _| {});
        assert_eq!((state.tier, state.pending), (2, Some(day("2026-03-30"))));
        rules.advance(&days, &mut state, day("2026-03-30"), &mut |_, _| {});
        assert_eq!((state.tier, state.is_down), (0, true));
    }
}
