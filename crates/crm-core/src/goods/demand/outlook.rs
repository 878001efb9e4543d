//! What a series and the sum of series say: values without the calendar's factors, forecasts and ends with them.

use super::WHAT;
use super::interval::Scores;
use super::rolling::{Judged, Plan, judge};
use super::series::{Series, first_day};
use crate::context::{filled, push, room};
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
            judged,
        })
    }

    /// The sum of series: forecasts of past sums are sums of forecasts; a series that was not forecast at an origin counts as 0 there.
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
        let mut y = filled(n, 0.0, WHAT)?;
        let mut forecast = filled(plan.horizon, 0.0, WHAT)?;
        let mut origins = Vec::new();
        for of in all.clone() {
            let offset = of.first.abs_diff(first) as usize;
            y[offset..]
                .iter_mut()
                .zip(&of.y)
                .for_each(|(sum, y)| *sum += y);
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
            // The error of a sum is what came less the forecasts that there were.
            let mut of_origin = room(plan.horizon, WHAT)?;
            of_origin.extend(y[*origin..].iter().take(plan.horizon));
            for of in all.clone() {
                let offset = of.first.abs_diff(first) as usize;
                let own = origin.checked_sub(offset);
                let Some(at) = own.and_then(|own| of.judged.origins.binary_search(&own).ok())
                else {
                    continue;
                };
                let came = of.y[origin - offset..].iter().zip(&of.judged.errors[at]);
                for (sum, (y, e)) in of_origin.iter_mut().zip(came) {
                    *sum -= y - e;
                }
            }
            errors.push(of_origin);
        }
        Ok(Some(Of {
            name: ALL.to_owned(),
            part,
            first,
            y,
            judged: Judged {
                method: None,
                error: None,
                is_intermittent: false,
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
        let scale = scores.scale_now(&self.judged, self.y.len());
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
