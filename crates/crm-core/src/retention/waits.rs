//! Waits, counted by length: days from one purchase to the next, or to `as_of` if the next has not
//! happened yet.

use crate::context::{grow, room};
use crate::error::Result;
use crate::num::Fraction;
use crate::num::ratio::Ratio;
use crate::num::survival::{self, Curve};

/// The numbers of ended and of open waits by days.
#[derive(Default, Clone, Debug)]
pub(crate) struct Waits {
    ended: Vec<u32>,
    open: Vec<u32>,
}

impl Waits {
    /// Counts a wait of `days`.
    #[inline]
    pub(crate) fn add(&mut self, days: i32, ended: bool) -> Result<()> {
        let counts = if ended {
            &mut self.ended
        } else {
            &mut self.open
        };
        let at = days.max(0) as usize;
        if at >= counts.len() {
            lengthen(counts, at + 1)?;
        }
        counts[at] += 1;
        Ok(())
    }

    /// The number of waits.
    pub(crate) fn len(&self) -> u64 {
        [&self.ended, &self.open].map(|c| sum(c)).iter().sum()
    }

    /// The number of ended waits.
    pub(crate) fn ended(&self) -> u64 {
        sum(&self.ended)
    }

    /// Waits that ended after `days` or less.
    pub(crate) fn ended_within(&self, days: i32) -> u64 {
        self.ended_between(0, days.saturating_add(1))
    }

    /// Waits that ended on a day of `from..until`.
    pub(crate) fn ended_between(&self, from: i32, until: i32) -> u64 {
        let at = |day: i32| (day.max(0) as usize).min(self.ended.len());
        sum(&self.ended[at(from)..at(until).max(at(from))])
    }

    /// The median of the ended waits; the mean of the middle two if their number is even.
    pub(crate) fn median_ended(&self) -> Option<f64> {
        let n = self.ended();
        let nth = |rank: u64| {
            let mut before = 0;
            self.ended.iter().position(|count| {
                before += u64::from(*count);
                before > rank
            })
        };
        let (low, high) = (nth(n.checked_sub(1)? / 2)?, nth(n / 2)?);
        Some((low + high) as f64 / 2.0)
    }

    /// The Kaplan-Meier curve.
    pub(crate) fn curve(&self, confidence: Fraction) -> Result<Curve> {
        let sides = [(&self.ended, true), (&self.open, false)];
        let rows = sides
            .map(|(c, _)| c.iter().filter(|c| **c > 0).count())
            .iter()
            .sum();
        let (mut durations, mut observed, mut weights) = (
            room(rows, "waits")?,
            room(rows, "waits")?,
            room(rows, "waits")?,
        );
        for (counts, ended) in sides {
            for (days, count) in counts.iter().enumerate().filter(|(_, c)| **c > 0) {
                durations.push(days as f64);
                observed.push(ended);
                weights.push(f64::from(*count));
            }
        }
        let rows = survival::Rows {
            durations: &durations,
            observed: &observed,
            weights: Some(&weights),
            clusters: None,
        };
        survival::kaplan_meier(rows, confidence)
    }
}

/// `1 − S(days)` of a curve with its interval, null if no customer was observed so long; numerator
/// and denominator are the `ended` waits by then and `all`.
pub(crate) fn ended_by(curve: &Curve, days: i32, ended: u64, all: u64) -> Ratio {
    let at = curve.at(f64::from(days));
    Ratio {
        numerator: ended,
        denominator: all,
        value: at.map(|s| 1.0 - s.survival),
        low: at.map(|s| 1.0 - s.high),
        high: at.map(|s| 1.0 - s.low),
    }
}

#[cold]
fn lengthen(counts: &mut Vec<u32>, len: usize) -> Result<()> {
    let more = len - counts.len();
    if len > counts.capacity() {
        grow(counts, more.max(counts.len()), "waits")?;
    }
    counts.resize(len, 0);
    Ok(())
}

fn sum(counts: &[u32]) -> u64 {
    counts.iter().map(|c| u64::from(*c)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_medians_by_hand() {
        let mut waits = Waits::default();
        assert_eq!(waits.median_ended(), None);
        for (days, ended) in [(10, true), (0, true), (30, true), (31, true), (50, false)] {
            waits.add(days, ended).unwrap();
        }
        assert_eq!((waits.len(), waits.ended()), (5, 4));
        assert_eq!(waits.median_ended(), Some(20.0)); // 0 10 | 30 31
        assert_eq!(waits.ended_within(30), 3);
        assert_eq!(waits.ended_between(30, 60), 2);
        assert_eq!(waits.ended_between(0, 30), 2);
        let curve = waits.curve(Fraction::new(0.95).unwrap()).unwrap();
        assert_eq!(curve.at(50.0).unwrap().at_risk, 1.0);
        assert_eq!(curve.at(51.0), None);
    }
}
