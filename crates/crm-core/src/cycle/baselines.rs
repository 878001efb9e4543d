//! The rules of thumb that a model has to beat.
//!
//! | rule | next purchase after the last |
//! |---|---|
//! | mean | mean of the customer's own gaps |
//! | median | their median (the mean of the two middle ones) |
//! | last gap | the gap before |
//! | fixed | the shop's pooled median gap, the same for everyone |
//! | 1.5 × mean | the "late" rule of many tools |
//!
//! A customer without a gap gets the fixed rule. A date that is over by today becomes tomorrow:
//! no rule predicts the past.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::context::room;

/// A rule of thumb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Mean of the customer's gaps.
    Mean,
    /// Median of the customer's gaps.
    Median,
    /// The customer's last gap.
    LastGap,
    /// The shop's median gap, the same for everyone.
    Fixed,
    /// 1.5 times the mean of the customer's gaps.
    LateMean,
}

impl Rule {
    /// All rules, in the order of the table above.
    pub const ALL: [Self; 5] = [
        Self::Mean,
        Self::Median,
        Self::LastGap,
        Self::Fixed,
        Self::LateMean,
    ];

    /// The word used in tables and requests.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Median => "median",
            Self::LastGap => "last_gap",
            Self::Fixed => "fixed",
            Self::LateMean => "late_mean",
        }
    }

    /// Days after the last order at which the next is expected: at least `elapsed + 1`.
    ///
    /// `gaps` are the customer's, in time order; `pooled` is the shop's median gap.
    ///
    /// ```
    /// use crm_core::cycle::baselines::Rule;
    /// assert_eq!(Rule::Mean.day(&[20, 40, 30], 25.0, 10), 30);
    /// assert_eq!(Rule::LastGap.day(&[20, 40, 35], 25.0, 50), 51);
    /// assert_eq!(Rule::Mean.day(&[], 25.0, 0), 25);
    /// ```
    pub fn day(self, gaps: &[u32], pooled: f64, elapsed: u32) -> u32 {
        let mean = || gaps.iter().map(|&gap| f64::from(gap)).sum::<f64>() / gaps.len() as f64;
        let gap = match (self, gaps.last()) {
            (Self::Fixed, _) | (_, None) => pooled,
            (Self::Mean, _) => mean(),
            (Self::LateMean, _) => 1.5 * mean(),
            (Self::LastGap, Some(&last)) => f64::from(last),
            (Self::Median, _) => median_of(gaps),
        };
        (libm::round(gap) as u32).max(elapsed.saturating_add(1))
    }
}

/// The median of all gaps of a shop, `None` without any.
pub fn pooled_median(gaps: &[u32]) -> Result<Option<f64>> {
    let mut sorted = room(gaps.len(), "gaps")?;
    sorted.extend_from_slice(gaps);
    sorted.sort_unstable();
    Ok(middle(&sorted))
}

/// The median by rank, without a copy: the k-th smallest is found by halving the range of values.
fn median_of(gaps: &[u32]) -> f64 {
    if gaps.len() <= 64 {
        let mut few = [0; 64];
        few[..gaps.len()].copy_from_slice(gaps);
        few[..gaps.len()].sort_unstable();
        return middle(&few[..gaps.len()]).unwrap_or(0.0);
    }
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
            assert_eq!(Some(median_of(&gaps)), pooled_median(&gaps).unwrap(), "{n}");
        }
        assert_eq!(pooled_median(&[]).unwrap(), None);
    }

    #[test]
    fn the_rules_by_hand() {
        let gaps = [10, 20, 60];
        let days = Rule::ALL.map(|rule| rule.day(&gaps, 33.0, 0));
        assert_eq!(days, [30, 20, 60, 33, 45]);
    }
}
