//! What a group of customers has been worth, in one line: the part that tables by first product and
//! by channel share.

use super::grouping::Group;
use super::history::{Histories, History};
use super::mean_cumulative::MeanCumulative;
use super::waits::{Waits, ended_by};
use crate::num::ratio::Ratio;
use crate::table::{Column, Field, Type};
use crate::{Context, Fraction, Result};

/// The ages, in days, at which the LTV is read off.
pub(crate) const HORIZONS: [i32; 4] = [30, 90, 180, 360];

/// The columns of the LTV at [`HORIZONS`].
pub(crate) const LTV: [Field; 4] = [
    Field::new(
        "ltv_30",
        Type::Float,
        "currency",
        "LTV(30日)",
        "Mean cumulative revenue per customer by day 30; null where nobody was watched so long.",
    ),
    Field::new(
        "ltv_90",
        Type::Float,
        "currency",
        "LTV(90日)",
        "Likewise by day 90.",
    ),
    Field::new(
        "ltv_180",
        Type::Float,
        "currency",
        "LTV(180日)",
        "Likewise by day 180.",
    ),
    Field::new(
        "ltv_360",
        Type::Float,
        "currency",
        "LTV(360日)",
        "Likewise by day 360.",
    ),
];

/// The share with a second purchase.
pub(crate) const REPEAT_RATE: [Field; 3] = [
    Field::new(
        "repeat_rate",
        Type::Float,
        "share",
        "F2転換率",
        "Kaplan-Meier share with a second purchase in time.",
    ),
    Field::new(
        "repeat_rate_low",
        Type::Float,
        "share",
        "F2転換率(下限)",
        "Lower end of its interval.",
    ),
    Field::new(
        "repeat_rate_high",
        Type::Float,
        "share",
        "F2転換率(上限)",
        "Upper end of its interval.",
    ),
];

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

/// Memory to be used again for each group.
pub(crate) struct Scratch {
    pub(crate) means: MeanCumulative,
    waits: Waits,
    history: History,
}

impl Scratch {
    pub(crate) fn new(horizon: i32) -> Result<Scratch> {
        Ok(Scratch {
            means: MeanCumulative::new(horizon)?,
            waits: Waits::default(),
            history: History::default(),
        })
    }
}

/// Adds a group up. The scratch's means are the group's afterwards.
pub(crate) fn worth(
    histories: &Histories,
    group: Group,
    within: i32,
    confidence: Fraction,
    scratch: &mut Scratch,
    context: &Context,
) -> Result<Worth> {
    context.check()?;
    let Scratch {
        means,
        waits,
        history,
    } = scratch;
    means.clear();
    waits.clear();
    let as_of = histories.as_of();
    let (mut orders, mut first_revenue, mut revenue) = (0, 0, 0);
    for origin in group.customers() {
        histories.read(origin.code, history)?;
        means.watch(as_of - origin.day);
        for (day, amount) in history.amounts() {
            revenue += i128::from(amount);
            means.revenue(day - origin.day, amount);
        }
        let purchases = &history.purchases;
        orders += purchases.len() as u64;
        if let Some(first) = purchases.first() {
            first_revenue += i128::from(first.amount);
        }
        match purchases.get(1) {
            Some(second) => waits.add(second.day - origin.day, true)?,
            None => waits.add(as_of - origin.day, false)?,
        }
    }
    let mut ltv = [None; 4];
    for (age, mean) in (0..).zip(means.means(histories.currency())) {
        if let Some(at) = HORIZONS.iter().position(|horizon| *horizon == age) {
            ltv[at] = Some(mean.revenue);
        }
    }
    let curve = waits.curve(confidence)?;
    Ok(Worth {
        customers: group.len(),
        orders,
        first_revenue,
        revenue,
        ltv,
        repeat_rate: ended_by(&curve, within, waits.ended_within(within), waits.len()),
    })
}

/// The four columns of the LTV.
pub(crate) fn ltv_columns(rows: &[[Option<f64>; 4]]) -> Result<Vec<Column>> {
    let columns = LTV.iter().enumerate();
    columns
        .map(|(i, field)| Column::floats(field, rows.iter().map(|ltv| ltv[i])))
        .collect()
}
