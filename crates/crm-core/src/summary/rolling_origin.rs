//! Rolling-origin evaluation: the orders known at earlier days (origins), and each customer's
//! purchases afterwards.
//!
//! ```text
//! origins     as_of − h − j · step,  j = 0 … count − 1        h: the longest horizon
//! known       the orders up to the origin, as if the import ended there
//! next        days from the last known purchase to the next, if it is within the follow-up
//! ```
//!
//! Known orders come from the same scan as every analysis of that day, so nothing after an origin
//! can influence a prediction. There is one exception: an order that was fully refunded later is
//! missing before the refund too, unless refunds count at their own date.
//!
//! Origins before the first order are left out. If none is left, the history is shorter than the
//! horizon, which is an error and not an empty table.

use super::gaps::Gaps;
use crate::context::{collect, filled, push, room};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::time::Day;

/// The origins, ascending.
///
/// ```
/// use crm_core::{At, Context, Currency, Orders, Zone};
/// use crm_core::summary::{Gaps, rolling_origin};
/// let orders = Orders::builder(Currency::JPY, Zone::UTC)
///     .order("c1", "2026-01-05", 5_000)
///     .order("c1", "2026-03-31", 5_000)
///     .build()?;
/// let gaps = Gaps::new(&orders, &At::new("2026-03-31".parse()?), &Context::default())?;
/// let days: Vec<String> = rolling_origin::origins(&gaps, 6, 30, 30)?.iter().map(|d| d.to_string()).collect();
/// assert_eq!(days, ["2026-01-30", "2026-03-01"]);
/// assert!(rolling_origin::origins(&gaps, 6, 30, 365).is_err());
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Insufficient`] if the data do not reach back to any origin.
pub fn origins(whole: &Gaps, count: u32, step: u32, horizon: u32) -> Result<Vec<Day>> {
    if !(1..=120).contains(&count) {
        return Err(Error::option("origins", count, "1 to 120"));
    }
    let Some(&first) = whole.first_day.iter().min() else {
        return Ok(Vec::new());
    };
    let mut days = Vec::new();
    for back in (0..count).rev() {
        let back = back.saturating_mul(step).saturating_add(horizon);
        match whole.as_of.0.checked_sub_unsigned(back) {
            Some(day) if day >= first => push(&mut days, Day(day), "origins")?,
            _ => {}
        }
    }
    if days.is_empty() {
        return Err(Error::Insufficient {
            what: "days of history before as_of, for the horizon asked about",
            needed: horizon.into(),
            found: whole.as_of.0.abs_diff(first).into(),
        });
    }
    Ok(days)
}

/// The index of each customer in `others`; all codes are below `codes`.
pub(crate) fn places(
    customers: &[u32],
    others: &[u32],
    codes: usize,
) -> Result<Vec<Option<usize>>> {
    let mut place = filled(codes, None, "follow-up")?;
    for (at, code) in others.iter().enumerate() {
        place[*code as usize] = Some(at);
    }
    collect(
        customers.iter().map(|code| place[*code as usize]),
        "follow-up",
    )
}

/// The indices of the customers that the scope's `customers` chooses.
pub(crate) fn shown(orders: &Orders, customers: &[u32]) -> Result<Vec<usize>> {
    let mut shown = room(customers.len(), "follow-up")?;
    shown.extend((0..customers.len()).filter(|&i| orders.shows(customers[i])));
    Ok(shown)
}

/// The customers known at an origin, with their purchases afterwards.
#[derive(Debug)]
pub struct RollingOrigin<'a> {
    /// The orders known at the origin.
    known: &'a Gaps,
    /// The orders up to the end of the data.
    whole: &'a Gaps,
    /// Days from the origin to the end of the follow-up.
    days: u32,
    /// The index of each known customer in `whole`.
    place: Vec<usize>,
    /// The known customers that the scope's `customers` chooses.
    shown: Vec<usize>,
}

impl<'a> RollingOrigin<'a> {
    /// Follows the customers of `known` up to the date of `whole`, or for `follow` days if that is
    /// less. Both are gaps of `orders`, alike except for the date.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn new(
        orders: &Orders,
        known: &'a Gaps,
        whole: &'a Gaps,
        follow: Option<u32>,
    ) -> Result<Self> {
        let mut place = room(known.len(), "follow-up")?;
        for found in places(&known.customer, &whole.customer, whole.ids.len())? {
            place.push(found.ok_or(Error::internal("a customer was lost"))?);
        }
        let left = whole.as_of.0.abs_diff(known.as_of.0);
        Ok(Self {
            known,
            whole,
            days: follow.map_or(left, |follow| follow.min(left)),
            place,
            shown: shown(orders, &known.customer)?,
        })
    }

    /// The known customers that the scope's `customers` chooses, ascending. Models are fitted to
    /// all known customers.
    pub fn shown(&self) -> &[usize] {
        &self.shown
    }

    /// Days from a customer's last known purchase to the end of the follow-up.
    pub fn followed(&self, i: usize) -> u32 {
        self.known.open_days(i).saturating_add(self.days)
    }

    /// Days from a customer's last known purchase to the next, if it is within the follow-up.
    pub fn next(&self, i: usize) -> Option<u32> {
        let next = self.later(i).first().copied();
        next.filter(|&next| next <= self.followed(i))
    }

    /// The number of purchases of a customer in the `within` days after the origin.
    pub fn purchases(&self, i: usize, within: u32) -> u32 {
        let end = u64::from(self.known.open_days(i)) + u64::from(within);
        let mut day = 0;
        let until = self.later(i).iter().take_while(|&&gap| {
            day += u64::from(gap);
            day <= end
        });
        until.count() as u32
    }

    /// The gaps that ended after the origin.
    fn later(&self, i: usize) -> &'a [u32] {
        let all = self.whole.of(self.place[i]);
        &all[self.known.of(i).len().min(all.len())..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Context;
    use crate::money::Currency;
    use crate::scope::At;
    use crate::time::Zone;

    const DAYS: &[(&str, &[i32])] = &[
        ("a", &[0, 30, 35, 90, 140]),
        ("b", &[50]),
        ("c", &[20, 80, 81]),
        ("d", &[120, 130]),
    ];

    fn shop(until: i32) -> Orders {
        let mut builder = Orders::builder(Currency::JPY, Zone::UTC);
        for (id, own) in DAYS {
            for day in own.iter().filter(|day| **day <= until) {
                builder = builder.order(id, &Day(20_000 + day).to_string(), 100);
            }
        }
        builder.build().unwrap()
    }

    fn at(orders: &Orders, day: i32) -> Gaps {
        let end = At::new(Day(20_000 + day));
        Gaps::new(orders, &end, &Context::default()).unwrap()
    }

    /// The known orders equal an import that ends at the origin; later purchases are compared with
    /// the list above.
    #[test]
    fn nothing_after_the_origin_is_seen() {
        let orders = shop(200);
        let whole = at(&orders, 200);
        for origin in [0, 29, 30, 31, 60, 80, 100, 125, 140, 200] {
            for follow in [None, Some(10), Some(1000)] {
                let known = at(&orders, origin);
                let after = RollingOrigin::new(&orders, &known, &whole, follow).unwrap();
                let then = at(&shop(origin), origin);
                assert_eq!(known.len(), then.len(), "{origin}");
                let end = origin + follow.unwrap_or(1000).min(200 - origin as u32) as i32;
                let customers = DAYS.iter().filter(|(_, own)| own[0] <= origin);
                for (i, (id, own)) in customers.enumerate() {
                    assert_eq!(known.of(i), then.of(i), "{id} {origin}");
                    assert_eq!(known.revenue[i], then.revenue[i]);
                    let last = *own.iter().rfind(|day| **day <= origin).unwrap();
                    let later = own.iter().find(|day| **day > origin && **day <= end);
                    assert_eq!(
                        after.next(i),
                        later.map(|day| day.abs_diff(last)),
                        "{id} {origin} {follow:?}"
                    );
                    let count = own
                        .iter()
                        .filter(|day| **day > origin && **day <= origin + 45);
                    assert_eq!(after.purchases(i, 45), count.count() as u32);
                }
            }
        }
    }

    #[test]
    fn a_history_shorter_than_the_horizon_is_refused() {
        let whole = at(&shop(200), 200);
        assert_eq!(origins(&whole, 3, 50, 60).unwrap().len(), 3);
        assert_eq!(origins(&whole, 9, 50, 60).unwrap().len(), 3);
        assert_eq!(
            origins(&whole, 3, 50, 201).unwrap_err().to_string(),
            "needs at least 201 days of history before as_of, for the horizon asked about, found 200"
        );
        assert!(origins(&whole, 0, 50, 60).is_err());
        assert!(origins(&at(&shop(200), -5), 3, 50, 60).unwrap().is_empty());
    }
}
