//! The value of a group of customers in one row: the columns shared by `first_product` and
//! `acquisition`.

use super::history::{History, Origin};
use super::mean_cumulative::MeanCumulative;
use super::waits::{Waits, ended_by};
use crate::error::Result;
use crate::money::Currency;
use crate::num::Fraction;
use crate::num::ratio::Ratio;
use crate::table::shared::{REPEAT_RATE, REPEAT_RATE_HIGH, REPEAT_RATE_LOW};
use crate::table::{Column, Field, columns};

/// The ages of the LTV columns, in days.
pub(crate) const HORIZONS: [i32; 4] = [30, 90, 180, 360];

/// The columns of the LTV at [`HORIZONS`].
pub(crate) const LTV: [Field; 4] = columns! {
    "ltv_30": Float, "currency", "LTV(30日)",
        "Mean cumulative revenue per customer by day 30; null if no customer was observed until then.";
    "ltv_90": Float, "currency", "LTV(90日)", "The same by day 90.";
    "ltv_180": Float, "currency", "LTV(180日)", "The same by day 180.";
    "ltv_360": Float, "currency", "LTV(360日)", "The same by day 360.";
};

/// The share with a second purchase.
pub(crate) const REPEAT_RATES: [Field; 3] = columns! {
    REPEAT_RATE, "Kaplan-Meier share with a second purchase in time.";
    REPEAT_RATE_LOW;
    REPEAT_RATE_HIGH;
};

/// Sums and means of one group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Worth {
    pub(crate) customers: u64,
    /// Orders to date.
    pub(crate) orders: u64,
    /// Revenue of the first purchases, minor units.
    pub(crate) first_revenue: i128,
    /// Revenue to date, minor units.
    pub(crate) revenue: i128,
    /// Mean cumulative revenue at [`HORIZONS`], major units.
    pub(crate) ltv: [Option<f64>; 4],
    /// Kaplan-Meier share with a second purchase in time.
    pub(crate) repeat_rate: Ratio,
}

/// A group's customers added up.
pub(crate) struct Tally {
    pub(crate) means: MeanCumulative,
    waits: Waits,
    orders: u64,
    first_revenue: i128,
    revenue: i128,
}

impl Tally {
    /// For ages `0..=horizon`.
    pub(crate) fn new(horizon: i32) -> Result<Tally> {
        Ok(Tally {
            means: MeanCumulative::new(horizon)?,
            waits: Waits::default(),
            orders: 0,
            first_revenue: 0,
            revenue: 0,
        })
    }

    /// Adds a customer; `repeat` is the index of their second purchase.
    pub(crate) fn add(
        &mut self,
        as_of: i32,
        origin: &Origin,
        history: &History,
        repeat: Option<usize>,
    ) -> Result<()> {
        self.means.watch(as_of - origin.day);
        for (day, amount) in history.amounts() {
            self.revenue += i128::from(amount);
            self.means.revenue(day - origin.day, amount);
        }
        let purchases = &history.purchases;
        self.orders += purchases.len() as u64;
        if let Some(first) = purchases.first() {
            self.first_revenue += i128::from(first.amount);
        }
        match repeat.and_then(|at| purchases.get(at)) {
            Some(second) => self.waits.add(second.day - origin.day, true),
            None => self.waits.add(as_of - origin.day, false),
        }
    }

    /// The value of the group; a second purchase counts if it came within `within` days.
    pub(crate) fn worth(
        &self,
        within: i32,
        confidence: Fraction,
        currency: Currency,
    ) -> Result<Worth> {
        let mut ltv = [None; 4];
        for (age, mean) in (0..).zip(self.means.means(currency)) {
            if let Some(at) = HORIZONS.iter().position(|horizon| *horizon == age) {
                ltv[at] = Some(mean.revenue);
            }
        }
        let waits = &self.waits;
        let curve = waits.curve(confidence)?;
        Ok(Worth {
            customers: waits.len(),
            orders: self.orders,
            first_revenue: self.first_revenue,
            revenue: self.revenue,
            ltv,
            repeat_rate: ended_by(&curve, within, waits.ended_within(within), waits.len()),
        })
    }
}

/// The four columns of the LTV.
pub(crate) fn ltv_columns(rows: &[[Option<f64>; 4]]) -> Result<Vec<Column>> {
    let columns = LTV.iter().enumerate();
    columns
        .map(|(i, field)| Column::floats(field, rows.iter().map(|ltv| ltv[i])))
        .collect()
}
