//! The mean cumulative function: mean revenue of a customer up to age t, where customers have been
//! observed for different times.
//!
//! ```text
//! M(t) = Σ_{u ≤ t} (revenue at age u, summed over customers observed ≥ u) / (their number)
//! ```
//!
//! Age u is days (or months) since the origin; a customer whose origin is d days before `as_of` is
//! observed up to age d, included. Recent customers count for as long as they were observed: none
//! is left out, and none counts as having stopped. There is no value past the greatest observed
//! age.
//!
//! Sums are exact integers per age; the quotients are added in ascending age.
//!
//! # References
//!
//! - Nelson, W. B. (2003). *Recurrent Events Data Analysis for Product Repairs, Disease
//!   Recurrences, and Other Applications*. SIAM. (the mean cumulative function)

use crate::context::filled;
use crate::error::Result;
use crate::money::Currency;

/// Revenue and orders of one group by age.
pub(crate) struct MeanCumulative {
    ages: Vec<Age>,
    /// The greatest age observed, at most the horizon.
    longest: Option<usize>,
}

#[derive(Clone, Copy, Default)]
struct Age {
    revenue: i128,
    orders: u64,
    /// Customers observed up to exactly this age (at the horizon: or longer).
    last: u64,
}

/// The function at one age.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mean {
    /// Customers observed so long.
    pub(crate) customers: u64,
    /// Total revenue up to this age, minor units.
    pub(crate) total: i128,
    /// Total orders up to this age.
    pub(crate) total_orders: u64,
    /// Mean cumulative revenue, major units.
    pub(crate) revenue: f64,
    /// Mean cumulative orders.
    pub(crate) orders: f64,
}

impl MeanCumulative {
    /// For ages `0..=horizon`.
    pub(crate) fn new(horizon: i32) -> Result<Self> {
        Ok(MeanCumulative {
            ages: filled(horizon.max(0) as usize + 1, Age::default(), "cohorts")?,
            longest: None,
        })
    }

    /// Adds a customer who was observed up to `age`; with a negative age the customer does not
    /// count.
    pub(crate) fn watch(&mut self, age: i32) {
        if age >= 0 {
            let at = (age as usize).min(self.ages.len() - 1);
            self.ages[at].last += 1;
            self.longest = self.longest.max(Some(at));
        }
    }

    /// Adds revenue at an age that is within the customer's observed time.
    #[inline]
    pub(crate) fn revenue(&mut self, age: i32, amount: i64) {
        if let Some(age) = self.ages.get_mut(age as usize) {
            age.revenue += i128::from(amount);
        }
    }

    /// Adds an order and its revenue at an age that is within the customer's observed time.
    #[inline]
    pub(crate) fn order(&mut self, age: i32, amount: i64) {
        if let Some(age) = self.ages.get_mut(age as usize) {
            age.orders += 1;
            age.revenue += i128::from(amount);
        }
    }

    /// The function at each observed age, ascending from 0.
    pub(crate) fn means(&self, currency: Currency) -> impl Iterator<Item = Mean> + '_ {
        let ages = self
            .longest
            .map_or(&[][..], |longest| &self.ages[..=longest]);
        let mut watched: u64 = ages.iter().map(|age| age.last).sum();
        let mut mean = Mean {
            customers: watched,
            total: 0,
            total_orders: 0,
            revenue: 0.0,
            orders: 0.0,
        };
        ages.iter().map(move |age| {
            mean.customers = watched;
            mean.total += age.revenue;
            mean.total_orders += age.orders;
            // Some customer was observed up to the longest age, so the divisor is above 0 at each
            // age.
            mean.revenue += currency.mean(age.revenue, watched).unwrap_or(0.0);
            mean.orders += age.orders as f64 / watched as f64;
            watched -= age.last;
            mean
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_by_hand() {
        let mut m = MeanCumulative::new(3).unwrap();
        assert_eq!(m.means(Currency::JPY).count(), 0);
        // One customer observed up to age 1, one up to 5 (cut at 3), one not at all.
        m.watch(1);
        m.watch(5);
        m.watch(-1);
        for (age, amount) in [(0, 100), (0, 200), (1, 60), (3, 10), (4, 999)] {
            m.order(age, amount - 5);
            m.revenue(age, 5);
        }
        let means: Vec<Mean> = m.means(Currency::JPY).collect();
        let revenue: Vec<f64> = means.iter().map(|m| m.revenue).collect();
        assert_eq!(revenue, [150.0, 180.0, 180.0, 190.0]);
        let customers: Vec<u64> = means.iter().map(|m| m.customers).collect();
        assert_eq!(customers, [2, 2, 1, 1]);
        assert_eq!((means[3].total, means[3].total_orders), (370, 4));
        assert_eq!(means[3].orders, 1.0 + 0.5 + 1.0);
    }
}
