//! Purchases ahead of a customer who is alive, each discounted to now: within a horizon, in calendar time or in the
//! time of a shop with seasons.
//!
//! # Definition
//!
//! A purchase `t` ahead by the calendar counts `e^(−δt)`, and the model expects `R(s)` purchases within its own
//! time `s`. With seasons the calendar is cut into months (365/12 days) that end at `s_j` in own time:
//!
//! ```text
//! Σ_j f_j (R(s_j) − R(s_(j−1)))      f_j: the mean of e^(−δt) over the own time in the month
//! ```
//!
//! Only the decay of the rate within a month is left out, which moves the sum by less than 1/10,000 at 10 % a year.
//! Without a horizon there are two years of months; what comes later is discounted in own time and takes the ratio
//! that both ways have in the second year, because the seasons repeat.

use crate::clv::models::histories::{Histories, History};
use crate::clv::models::memo::Pairs;
use crate::clv::models::model::Purchases;
use crate::clv::tables::clv_summary::Unit;
use crate::context::{collect, push};
use crate::error::Result;

/// Months after which the seasons are taken to come again, and those of them that make the ratio.
const MONTHS: usize = 24;
const YEAR: usize = 12;
/// Most months of a horizon; later ones are one long one.
const MOST: usize = 1_200;

/// Discounting and horizon, in the time of the model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ahead {
    /// δ, in the unit of the model.
    delta: f64,
    /// The horizon in the time of the model; infinite if `None`.
    pub(crate) horizon: Option<f64>,
    /// `(s_j, f_j)`; empty where time runs evenly or nothing is discounted.
    months: Vec<(f64, f64)>,
}

impl Ahead {
    /// Time runs evenly.
    pub(crate) const fn even(delta: f64, horizon: Option<f64>) -> Self {
        Self {
            delta,
            horizon,
            months: Vec::new(),
        }
    }

    /// `own` is the time of the model that passes within a time ahead; both are in the unit.
    pub(crate) fn seasonal(
        delta: f64,
        horizon: Option<f64>,
        unit: Unit,
        own: impl Fn(f64) -> f64,
    ) -> Result<Self> {
        let mut ahead = Self::even(delta, horizon.map(&own));
        if delta == 0.0 {
            return Ok(ahead);
        }
        let (month, day) = (365.0 / 12.0 / unit.days(), 1.0 / unit.days());
        let end = horizon.unwrap_or(month * MONTHS as f64);
        let mut from = 0.0;
        while from < end {
            let long = ahead.months.len() + 1 >= MOST;
            let to = match long || from + month > end * (1.0 - 1e-12) {
                true => end,
                false => from + month,
            };
            let parts = libm::ceil((to - from) / day).clamp(1.0, 100_000.0);
            let place = |part: f64| from + (to - from) * part / parts;
            let (mut weights, mut sum, mut part) = (0.0, 0.0, 0.0);
            while part < parts {
                let weight = own(place(part + 1.0)) - own(place(part));
                weights += weight;
                sum += weight * libm::exp(-delta * place(part + 0.5));
                part += 1.0;
            }
            // Where time stands still nothing is bought, whatever it counts.
            let factor = match weights > 0.0 {
                true => sum / weights,
                false => libm::exp(-delta * 0.5 * (from + to)),
            };
            push(&mut ahead.months, (own(to), factor), "values")?;
            from = to;
        }
        Ok(ahead)
    }

    /// The same without discounting.
    pub(crate) fn undiscounted(&self) -> Self {
        Self::even(0.0, self.horizon)
    }

    /// Discounted purchases of a customer who is alive; +∞ if the sum diverges.
    pub(crate) fn residual<M: Purchases>(&self, model: &M, h: History) -> f64 {
        if self.months.is_empty() {
            return model.residual(h, self.delta, self.horizon);
        }
        let (mut sum, mut before, mut first_year) = (0.0, 0.0, 0.0);
        for (at, (end, factor)) in self.months.iter().enumerate() {
            if at == YEAR {
                first_year = sum;
            }
            let until = model.residual(h, 0.0, Some(*end));
            sum += factor * (until - before);
            before = until;
        }
        if self.horizon.is_some() {
            return sum;
        }
        let all = model.residual(h, self.delta, None);
        let within = |at: usize| model.residual(h, self.delta, Some(self.months[at].0));
        let two_years = within(MONTHS - 1);
        let second_year = two_years - within(YEAR - 1);
        let ratio = match second_year > 0.0 {
            true => (sum - first_year) / second_year,
            false => 1.0,
        };
        sum + ratio * (all - two_years).max(0.0)
    }
}

/// Discounted purchases of customers who are alive, computed once per distinct `(x, T)` where
/// recency does not matter.
pub(crate) struct Discounted<'a, M> {
    histories: &'a Histories<'a>,
    model: &'a M,
    pairs: Option<Pairs>,
    ahead: &'a Ahead,
}

impl<'a, M: Purchases> Discounted<'a, M> {
    pub(crate) fn new(
        histories: &'a Histories<'a>,
        model: &'a M,
        ahead: &'a Ahead,
    ) -> Result<Self> {
        let pairs = if model.forgets_recency() {
            Some(Pairs::new(histories.frequency, histories.age)?)
        } else {
            None
        };
        Ok(Self {
            histories,
            model,
            pairs,
            ahead,
        })
    }

    pub(crate) fn residual(&mut self, row: usize) -> f64 {
        let h = self.histories.at(row);
        let compute = || self.ahead.residual(self.model, h);
        match &mut self.pairs {
            Some(pairs) => pairs.value(row, compute),
            None => compute(),
        }
    }
}

/// Discounted purchases of customers with the given P(alive).
pub(crate) fn discounted_of<M: Purchases>(
    model: &M,
    alive: &[f64],
    histories: &Histories<'_>,
    ahead: &Ahead,
) -> Result<Vec<f64>> {
    let mut purchases = Discounted::new(histories, model, ahead)?;
    let rows = alive.iter().enumerate();
    collect(
        rows.map(|(row, alive)| times(*alive, purchases.residual(row))),
        "values",
    )
}

/// As in [`Purchases::discounted`].
pub(crate) fn times(alive: f64, residual: f64) -> f64 {
    if residual == f64::INFINITY {
        residual
    } else {
        alive * residual
    }
}
