//! What a series and the sum of series say: values without the calendar's factors, forecasts and ends with them.

use super::WHAT;
use super::interval::Scores;
use super::rolling::{Judged, Plan, judge};
use super::series::{Series, first_day};
use crate::context::{collect, filled, push, room};
use crate::error::{Error, Result};
use crate::time::Period;
use std::collections::BTreeMap;
use std::ops::Range;

/// The name of the sum of all series.
const ALL: &str = "(all)";

/// Factors of periods.
pub(super) struct Factors {
    first: i32,
    /// Empty: all are 1.
    factors: Vec<f64>,
}

impl Factors {
    pub(super) fn new(
        by_day: &BTreeMap<i32, f64>,
        periods: Range<i32>,
        period: Period,
    ) -> Result<Self> {
        let mut factors = Vec::new();
        if !by_day.is_empty() {
            for number in periods.clone() {
                let (from, end) = (first_day(number, period).0, first_day(number + 1, period).0);
                let known = by_day.range(from..end).map(|(_, factor)| factor - 1.0);
                let factor = 1.0 + known.sum::<f64>() / f64::from((end - from).max(1));
                push(&mut factors, factor.max(0.0), WHAT)?;
            }
        }
        Ok(Factors {
            first: periods.start,
            factors,
        })
    }

    fn of(&self, number: i32) -> f64 {
        let place = usize::try_from(number - self.first).ok();
        place
            .and_then(|at| self.factors.get(at))
            .copied()
            .unwrap_or(1.0)
    }
}

/// A series, and what its past says.
pub(super) struct Of {
    pub(super) name: String,
    pub(super) part: Option<u8>,
    /// The number of its first period, and its values without the calendar's factors.
    first: i32,
    y: Vec<f64>,
    /// False where the shop was closed.
    open: Vec<bool>,
    pub(super) judged: Judged,
}

/// A row.
pub(super) struct Row<'a> {
    pub(super) of: &'a Of,
    pub(super) number: i32,
    pub(super) expected: f64,
    pub(super) ends: [Option<(f64, f64)>; 2],
}

impl Of {
    pub(super) fn new(series: &Series, factors: &Factors, plan: &Plan) -> Result<Self> {
        let n = series.y.len();
        let (mut y, mut open) = (room(n, WHAT)?, room(n, WHAT)?);
        for (t, value) in series.y.iter().enumerate() {
            let factor = factors.of(series.first + t as i32);
            open.push(factor > 0.0);
            // A closed period has the value of a season before; the first ones are empty.
            y.push(match factor > 0.0 {
                true => value / factor,
                false if t >= plan.season => y[t - plan.season],
                false => 0.0,
            });
        }
        let judged = judge(&y, &open, plan)?.ok_or(Error::internal("a series without periods"))?;
        Ok(Of {
            name: series.name.clone(),
            part: series.part,
            first: series.first,
            y,
            open,
            judged,
        })
    }

    /// What came less what was forecast at an origin, its period 0. The mean of the last periods stands for the forecast of a series that
    /// has none there: it was too short to be judged, or has ended since. What was not sold yet is not forecast.
    fn past_errors(&self, origin: usize, plan: &Plan) -> Result<Vec<f64>> {
        if let Ok(at) = self.judged.origins.binary_search(&origin) {
            return collect(self.judged.errors[at].iter().copied(), WHAT);
        }
        let last = &self.y[origin.saturating_sub(plan.mean)..origin];
        let forecast = last.iter().sum::<f64>() / last.len().max(1) as f64;
        let came = self.y[origin..].iter().zip(&self.open[origin..]);
        let came = came.take(plan.horizon).map(|(y, open)| match open {
            true => y - forecast,
            false => f64::NAN,
        });
        collect(came, WHAT)
    }

    /// The sum of series: forecasts of past sums are sums of forecasts.
    pub(super) fn sum<'a>(
        all: impl Iterator<Item = &'a Of> + Clone,
        part: Option<u8>,
        plan: &Plan,
    ) -> Result<Option<Of>> {
        let Some(first) = all.clone().map(|of| of.first).min() else {
            return Ok(None);
        };
        let n = all
            .clone()
            .map(|of| of.first.abs_diff(first) as usize + of.y.len())
            .max()
            .unwrap_or(0);
        let (mut y, mut open) = (filled(n, 0.0, WHAT)?, filled(n, true, WHAT)?);
        let mut forecast = filled(plan.horizon, 0.0, WHAT)?;
        let mut origins = Vec::new();
        for of in all.clone() {
            let offset = of.first.abs_diff(first) as usize;
            y[offset..]
                .iter_mut()
                .zip(&of.y)
                .for_each(|(sum, y)| *sum += y);
            open[offset..]
                .iter_mut()
                .zip(&of.open)
                .for_each(|(all, open)| *all &= open);
            forecast
                .iter_mut()
                .zip(&of.judged.forecast)
                .for_each(|(sum, value)| *sum += value);
            for origin in &of.judged.origins {
                push(&mut origins, origin + offset, WHAT)?;
            }
        }
        origins.sort_unstable();
        origins.dedup();
        let mut errors = room(origins.len(), WHAT)?;
        for origin in &origins {
            let mut of_origin = filled((n - origin).min(plan.horizon), 0.0, WHAT)?;
            for of in all.clone() {
                let offset = of.first.abs_diff(first) as usize;
                let own = origin.saturating_sub(offset);
                let begin = offset.saturating_sub(*origin);
                let errors = of.past_errors(own, plan)?;
                for (sum, e) in of_origin.iter_mut().skip(begin).zip(errors) {
                    *sum += e;
                }
            }
            errors.push(of_origin);
        }
        Ok(Some(Of {
            name: ALL.to_owned(),
            part,
            first,
            y,
            open,
            judged: Judged {
                method: None,
                error: None,
                is_intermittent: false,
                periods: n,
                origins,
                errors,
                forecast,
            },
        }))
    }

    pub(super) fn rows<'a>(
        &'a self,
        scores: &Scores,
        factors: &Factors,
        ahead: &Range<i32>,
        rows: &mut Vec<Row<'a>>,
    ) -> Result<()> {
        let scale = scores.scale_now(&self.judged);
        for (h, number) in ahead.clone().enumerate() {
            let factor = factors.of(number);
            let ends = [0.2, 0.05].map(|a| {
                let (low, high) = scores.ends(&self.judged, scale?, h, a)?;
                Some((low * factor, high * factor))
            });
            let row = Row {
                of: self,
                number,
                expected: self.judged.forecast[h] * factor,
                ends,
            };
            push(rows, row, "table")?;
        }
        Ok(())
    }
}
