//! The sums of one cohort by step and, for the mean cumulative function, by age.
//!
//! Each purchase is added to the first cell that contains it, and a customer's totals are
//! subtracted after the last cell up to which they were observed. So one pass over the customers
//! gives all cells, each with the customers observed so long.

use super::clock::Clock;
use super::{Cell, Cells, Options};
use crate::context::filled;
use crate::error::Result;
use crate::money::Currency;
use crate::num::ratio::Ratio;
use crate::retention::grouping::Group;
use crate::retention::history::{Histories, History, Origin};
use crate::retention::mean_cumulative::{Mean, MeanCumulative};
use crate::retention::waits::{Waits, ended_by};

/// Sums of one cohort.
pub(super) struct Tally<'a> {
    cells: Vec<Sums>,
    ages: Option<(MeanCumulative, Waits)>,
    rule: Cells,
    step: i32,
    currency: Currency,
    options: &'a Options,
}

/// The amounts that a cell adds to the cells before it, and the totals of customers whose last cell
/// it is.
#[derive(Clone, Copy, Default)]
struct Sums {
    last: u64,
    revenue: i128,
    revenue_gone: i128,
    orders: u64,
    orders_gone: u64,
    repeated: u64,
    repeated_gone: u64,
    active: u64,
}

impl<'a> Tally<'a> {
    pub(super) fn new(
        clock: &Clock,
        rule: Cells,
        currency: Currency,
        options: &'a Options,
    ) -> Result<Self> {
        let horizon = clock.steps as i32 * clock.step;
        Ok(Tally {
            cells: filled(clock.steps + 1, Sums::default(), "cohorts")?,
            ages: match rule {
                Cells::MeanCumulative => Some((MeanCumulative::new(horizon)?, Waits::default())),
                _ => None,
            },
            rule,
            step: clock.step,
            currency,
            options,
        })
    }

    /// Adds a customer; `repeat` is the index of their second purchase.
    pub(super) fn add(
        &mut self,
        clock: &Clock,
        origin: &Origin,
        history: &History,
        repeat: Option<usize>,
    ) -> Result<()> {
        let watched = clock.watched(origin);
        if watched < 0 {
            return Ok(());
        }
        let last = (watched / clock.step) as usize;
        let last = last.min(self.cells.len() - 1);
        let second = repeat.and_then(|at| history.purchases.get(at));
        let second = second.map(|purchase| clock.age(origin, purchase.day, purchase.order));
        match &mut self.ages {
            None => {
                add_cells(&mut self.cells, last, clock, origin, history);
                if let Some(cell) = second.map(|age| clock.cell(age)).filter(|c| *c <= last) {
                    self.cells[cell].repeated += 1;
                    self.cells[last].repeated_gone += 1;
                }
                Ok(())
            }
            Some((means, waits)) => {
                add_ages(
                    &mut self.cells,
                    last,
                    means,
                    watched,
                    clock,
                    origin,
                    history,
                );
                let seen = second.filter(|age| *age <= watched);
                waits.add(seen.unwrap_or(watched), seen.is_some())
            }
        }
    }

    /// Passes each cell to be shown to the caller. `watched`: how long customers of the cohort's
    /// last day were observed.
    pub(super) fn finish(
        &self,
        group: Group,
        watched: i32,
        histories: &Histories,
        mut give: impl FnMut(Cell) -> Result<()>,
    ) -> Result<()> {
        let share = |part, whole| Ratio::new(part, whole, self.options.confidence);
        let curve = match &self.ages {
            Some((_, waits)) => Some(waits.curve(self.options.confidence)?),
            None => None,
        };
        let mut means = self
            .ages
            .as_ref()
            .map(|(means, _)| means.means(self.currency));
        let mut customers: u64 = self.cells.iter().map(|sums| sums.last).sum();
        let (mut revenue, mut orders, mut repeated) = (0, 0, 0);
        for (elapsed, sums) in (0..).step_by(self.step as usize).zip(&self.cells) {
            let closed = watched >= elapsed;
            if customers == 0 || self.rule == Cells::Complete && !closed {
                break;
            }
            revenue += sums.revenue;
            orders += sums.orders;
            repeated += sums.repeated;
            let mut cell = Cell {
                elapsed,
                cohort_customers: group.len(),
                customers,
                complete: customers == group.len() && (closed || self.options.spans_periods()),
                revenue: histories.cell(revenue)?,
                cumulative_ltv: self.currency.mean(revenue, customers).unwrap_or(0.0),
                orders,
                orders_per_customer: orders as f64 / customers as f64,
                repeat_rate: share(repeated, customers),
                active_rate: share(sums.active, customers),
            };
            // Means are by age, cells by step.
            let nth = if elapsed == 0 {
                0
            } else {
                self.step as usize - 1
            };
            let mean: Option<Mean> = means.as_mut().and_then(|means| means.nth(nth));
            if let (Some(mean), Some(curve), Some((_, waits))) = (mean, &curve, &self.ages) {
                let ended = waits.ended_within(elapsed);
                cell.revenue = histories.cell(mean.total)?;
                cell.cumulative_ltv = mean.revenue;
                cell.orders = mean.total_orders;
                cell.orders_per_customer = mean.orders;
                cell.repeat_rate = ended_by(curve, elapsed, ended, waits.len());
            }
            give(cell)?;
            customers -= sums.last;
            revenue -= sums.revenue_gone;
            orders -= sums.orders_gone;
            repeated -= sums.repeated_gone;
        }
        Ok(())
    }
}

/// Adds a customer whose last cell is `last` to the cells.
fn add_cells(cells: &mut [Sums], last: usize, clock: &Clock, origin: &Origin, history: &History) {
    let (mut orders, mut revenue, mut active) = (0, 0, usize::MAX);
    for purchase in &history.purchases {
        let cell = clock.cell(clock.age(origin, purchase.day, purchase.order));
        if cell > last {
            break;
        }
        let sums = &mut cells[cell];
        sums.orders += 1;
        sums.active += u64::from(active != cell);
        sums.revenue += i128::from(purchase.amount);
        revenue += i128::from(purchase.amount);
        orders += 1;
        active = cell;
    }
    for refund in &history.refunds {
        let cell = clock.cell(clock.age(origin, refund.day, refund.order));
        if cell <= last {
            cells[cell].revenue += i128::from(refund.amount);
            revenue += i128::from(refund.amount);
        }
    }
    let sums = &mut cells[last];
    sums.last += 1;
    sums.revenue_gone += revenue;
    sums.orders_gone += orders;
}

/// Adds a customer to the sums by age, and to the cells only as active: the other values of a cell
/// come from the sums by age.
fn add_ages(
    cells: &mut [Sums],
    last: usize,
    means: &mut MeanCumulative,
    watched: i32,
    clock: &Clock,
    origin: &Origin,
    history: &History,
) {
    cells[last].last += 1;
    means.watch(watched);
    let mut active = usize::MAX;
    for purchase in &history.purchases {
        let age = clock.age(origin, purchase.day, purchase.order);
        if age > watched {
            break;
        }
        means.order(age, purchase.amount);
        let cell = clock.cell(age);
        if cell <= last && cell != active {
            cells[cell].active += 1;
            active = cell;
        }
    }
    for refund in &history.refunds {
        let age = clock.age(origin, refund.day, refund.order);
        if age <= watched {
            means.revenue(age, refund.amount);
        }
    }
}
