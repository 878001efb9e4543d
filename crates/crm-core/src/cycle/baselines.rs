//! Rules of thumb, the baselines for the model.
//!
//! | rule | next purchase after the last |
//! |---|---|
//! | mean | mean of the customer's own gaps |
//! | median | median of the customer's own gaps (the mean of the middle two) |
//! | last gap | the customer's last gap |
//! | fixed | the shop's pooled median gap, the same for all customers |
//! | 1.5 × mean | the "late" rule of many tools |
//! | same day | one date for all customers, `w` days from today |
//!
//! A customer without a gap has the fixed rule. A date in the past becomes tomorrow.
//!
//! `w` is the median wait for the next order from a random day:
//!
//! ```text
//! Σ min(g, w) = ½ Σ g        over the pooled gaps g (Cox 1962, §5.2: the forward recurrence time)
//! ```

use serde::{Deserialize, Serialize};

use crate::context::room;
use crate::error::Result;

/// A rule of thumb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rule {
    /// Mean of the customer's gaps.
    Mean,
    /// Median of the customer's gaps.
    Median,
    /// The customer's last gap.
    LastGap,
    /// The shop's median gap, the same for all customers.
    Fixed,
    /// 1.5 times the mean of the customer's gaps.
    LateMean,
    /// The same date for all customers.
    SameDay,
}

impl Rule {
    /// All rules, in the order of the table above.
    pub const ALL: [Self; 6] = [
        Self::Mean,
        Self::Median,
        Self::LastGap,
        Self::Fixed,
        Self::LateMean,
        Self::SameDay,
    ];

    /// The word used in tables and requests.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Median => "median",
            Self::LastGap => "last_gap",
            Self::Fixed => "fixed",
            Self::LateMean => "late_mean",
            Self::SameDay => "same_day",
        }
    }

    /// Days after the last order at which the next is expected: at least `elapsed + 1`.
    ///
    /// `gaps` are the customer's gaps in time order; `pooled` are the statistics of all gaps of the
    /// shop.
    ///
    /// ```
    /// use crm_core::cycle::baselines::{Pooled, Rule};
    /// let shop = Pooled::of(&[20, 40, 30, 25, 10])?.unwrap();
    /// assert_eq!(Rule::Mean.day(&[20, 40, 30], shop, 10), 30);
    /// assert_eq!(Rule::LastGap.day(&[20, 40, 35], shop, 50), 51);
    /// assert_eq!(Rule::Mean.day(&[], shop, 0), 25);
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    pub fn day(self, gaps: &[u32], pooled: Pooled, elapsed: u32) -> u32 {
        let mean = || gaps.iter().map(|&gap| f64::from(gap)).sum::<f64>() / gaps.len() as f64;
        let gap = match (self, gaps.last()) {
            (Self::SameDay, _) => f64::from(elapsed) + pooled.wait,
            (Self::Fixed, _) | (_, None) => pooled.median,
            (Self::Mean, _) => mean(),
            (Self::LateMean, _) => 1.5 * mean(),
            (Self::LastGap, Some(&last)) => f64::from(last),
            (Self::Median, _) => median_of(gaps),
        };
        (libm::round(gap) as u32).max(elapsed.saturating_add(1))
    }
}

/// Statistics of all gaps of a shop.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pooled {
    /// The median gap.
    pub median: f64,
    /// The median wait from a random day to the next order.
    pub wait: f64,
}

impl Pooled {
    /// The statistics of these gaps; `None` without any.
    pub fn of(gaps: &[u32]) -> Result<Option<Self>> {
        let mut sorted = room(gaps.len(), "gaps")?;
        sorted.extend_from_slice(gaps);
        sorted.sort_unstable();
        let Some(median) = middle(&sorted) else {
            return Ok(None);
        };
        // A random day lies in a gap with probability gap / Σ gap, anywhere in it: the wait w with
        // Σ min(gap, w) = ½ Σ gap is the median.
        let half = 0.5 * sorted.iter().map(|&gap| f64::from(gap)).sum::<f64>();
        let (mut shorter, mut wait) = (0.0, 0.0);
        for (i, &gap) in sorted.iter().enumerate() {
            // The wait, if it lies between the gap before and this gap.
            wait = (half - shorter) / (sorted.len() - i) as f64;
            if wait <= f64::from(gap) {
                break;
            }
            shorter += f64::from(gap);
        }
        Ok(Some(Self { median, wait }))
    }
}

/// The median without a copy: bisection over the range of values finds the k-th smallest.
fn median_of(gaps: &[u32]) -> f64 {
    if gaps.len() <= 64 {
        let mut few = [0; 64];
        few[..gaps.len()].copy_from_slice(gaps);
        few[..gaps.len()].sort_unstable();
        return middle(&few[..gaps.len()]).unwrap_or(0.0);
    }
    // The least v with more than `rank` gaps ≤ v.
    let ranked = |rank: usize| {
        let (mut low, mut high) = (0u32, u32::MAX);
        while low < high {
            let cut = low + (high - low) / 2;
            if gaps.iter().filter(|&&gap| gap <= cut).count() > rank {
                high = cut
            } else {
                low = cut + 1
            }
        }
        f64::from(low)
    };
    let half = gaps.len() / 2;
    if gaps.len() % 2 == 1 {
        ranked(half)
    } else {
        0.5 * (ranked(half - 1) + ranked(half))
    }
}

fn middle(sorted: &[u32]) -> Option<f64> {
    let half = sorted.len() / 2;
    let upper = f64::from(*sorted.get(half)?);
    Some(if sorted.len() % 2 == 1 {
        upper
    } else {
        0.5 * (f64::from(sorted[half - 1]) + upper)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_medians_agree() {
        for n in 1..200u32 {
            let gaps: Vec<u32> = (0..n).map(|i| (i * 7919) % 101 + 1).collect();
            let pooled = Pooled::of(&gaps).unwrap().unwrap();
            assert_eq!(median_of(&gaps), pooled.median, "{n}");
        }
        assert_eq!(Pooled::of(&[]).unwrap(), None);
    }

    #[test]
    fn the_rules_by_hand() {
        let gaps = [10, 20, 60];
        let pooled = Pooled {
            median: 33.0,
            wait: 7.0,
        };
        let days = Rule::ALL.map(|rule| rule.day(&gaps, pooled, 0));
        assert_eq!(days, [30, 20, 60, 33, 45, 7]);
        assert_eq!(Rule::SameDay.day(&gaps, pooled, 100), 107);
    }

    /// Half of the days in all gaps are less than `wait` before the end of their gap.
    #[test]
    fn half_the_days_wait_longer() {
        let gaps: Vec<u32> = (0..500).map(|i| (i * 7919) % 101 + 1).collect();
        let mut waits: Vec<u32> = gaps.iter().flat_map(|&gap| 0..gap).collect();
        waits.sort_unstable();
        let median = f64::from(waits[waits.len() / 2]);
        let pooled = Pooled::of(&gaps).unwrap().unwrap();
        assert!((pooled.wait - median).abs() <= 1.0, "{pooled:?} {median}");
        let equal = Pooled::of(&[30; 9]).unwrap().unwrap();
        assert_eq!((equal.median, equal.wait), (30.0, 15.0));
    }
}
