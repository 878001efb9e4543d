//! The axes of RFM as order-preserving integers, and the cuts between their scores.

use crate::context::{collect, filled};
use crate::error::{Error, Result};
use crate::money::Currency;
use crate::num::extremes;
use crate::num::rank::at_places;
use crate::summary::Totals;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How quantiles treat equal customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ties {
    /// All have the lowest rank among them.
    Lower,
    /// All have the middle rank.
    Mid,
    /// All have the highest rank.
    Upper,
}

/// The monetary axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Monetary {
    /// Total revenue.
    Revenue,
    /// Revenue per order.
    MeanOrderValue,
}

/// Cuts by name (うちでのこづち). For yen only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Preset {
    /// 単品リピート: R 30 / 90 / 180 / 365 days, F 2 / 4 / 7 / 12 orders.
    UchideRepeat,
    /// 都度買い: R 30 / 90 / 180 / 730 days, F 2 / 3 / 4 / 5 orders.
    UchideGeneral,
}

/// The least value of each score from 2 up; null if no value has it. For recency: the most days
/// that give the score. Money in major units.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Cuts {
    /// Days, descending.
    pub recency: Vec<Option<i64>>,
    /// Orders, ascending.
    pub frequency: Vec<Option<i64>>,
    /// Money in major units, ascending.
    pub monetary: Vec<Option<f64>>,
}

/// Cuts computed at another date, with their monetary axis: the input of frozen mode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frozen {
    /// The cuts.
    pub cuts: Cuts,
    /// Their monetary axis.
    pub monetary: Monetary,
}

/// The three axes, whose values are order-preserving integers; larger is better.
pub(super) struct Axes {
    pub(super) monetary: Monetary,
    pub(super) currency: Currency,
}

const SIGN: u64 = 1 << 63;

/// An order-preserving integer of a float: sign bit flipped, negative numbers inverted.
fn float_key(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn key_float(key: u64) -> f64 {
    f64::from_bits(if key & SIGN != 0 { key ^ SIGN } else { !key })
}

impl Axes {
    /// The values of an axis.
    pub(super) fn keys(&self, totals: &Totals, axis: &str) -> Result<Vec<u64>> {
        let rows = 0..totals.len();
        let word = |v: i64| v as u64 ^ SIGN;
        match (axis, self.monetary) {
            ("recency", _) => {
                let keys = rows.map(|i| word(-i64::from(totals.recency_days(i))));
                collect(keys, "scores")
            }
            ("frequency", _) => {
                let keys = totals.orders.iter().map(|v| word(i64::from(*v)));
                collect(keys, "scores")
            }
            (_, Monetary::Revenue) => {
                let keys = totals.revenue.iter().map(|v| word(*v));
                collect(keys, "scores")
            }
            (_, Monetary::MeanOrderValue) => {
                let means = rows.map(|i| {
                    let (sum, count) = (totals.revenue[i].into(), totals.orders[i] as u64);
                    float_key(self.currency.mean(sum, count).unwrap_or(0.0))
                });
                collect(means, "scores")
            }
        }
    }

    /// The cuts of an axis as order-preserving integers.
    pub(super) fn keys_of(&self, cuts: &Cuts, axis: &str) -> Vec<u64> {
        let word = |v: i64| v as u64 ^ SIGN;
        let or_never = |key: Option<u64>| key.unwrap_or(u64::MAX);
        match axis {
            "recency" => cuts
                .recency
                .iter()
                .map(|c| or_never(c.map(|d| word(d.saturating_neg()))))
                .collect(),
            "frequency" => cuts
                .frequency
                .iter()
                .map(|c| or_never(c.map(word)))
                .collect(),
            _ => cuts
                .monetary
                .iter()
                .map(|c| {
                    or_never(c.and_then(|major| match self.monetary {
                        Monetary::MeanOrderValue => Some(float_key(major)),
                        Monetary::Revenue => self.currency.minor(major).map(word),
                    }))
                })
                .collect(),
        }
    }

    /// Order-preserving integers as cuts in units of the axes.
    pub(super) fn cuts_of(&self, keys: &[Vec<u64>]) -> Cuts {
        let known = |key: &u64| (*key != u64::MAX).then_some(*key);
        let whole = |key: &u64| known(key).map(|key| (key ^ SIGN) as i64);
        Cuts {
            recency: keys[0]
                .iter()
                .map(|k| whole(k).map(i64::saturating_neg))
                .collect(),
            frequency: keys[1].iter().map(whole).collect(),
            monetary: keys[2]
                .iter()
                .map(|k| match self.monetary {
                    Monetary::Revenue => whole(k).map(|v| self.currency.major(v)),
                    Monetary::MeanOrderValue => known(k).map(key_float),
                })
                .collect(),
        }
    }
}

/// For each score from 2 to `levels` the least value that has it, `u64::MAX` if no value has it;
/// and whether all values are equal.
pub(super) fn quantile_cuts(keys: &[u64], levels: u8, ties: Ties) -> Result<(Vec<u64>, bool)> {
    let n = keys.len();
    let levels = usize::from(levels);
    let mut cuts = vec![u64::MAX; levels - 1];
    let Some((least, greatest)) = extremes(keys) else {
        return Ok((cuts, false));
    };
    if least == greatest {
        let middle = levels.div_ceil(2);
        cuts[..middle - 1].fill(0);
        return Ok((cuts, true));
    }
    // A score above s needs L ≥ s·n / levels of strictly worse customers (Lower), as many of L + E − 1
    // (Upper), or twice as many of 2L + E − 1 (Mid). Scores ascend with the value, so the place of that
    // many in the sorted values tells the least value.
    let worse = |s: usize| match ties {
        Ties::Lower | Ties::Upper => (s * n).div_ceil(levels),
        Ties::Mid => (2 * s * n).div_ceil(levels),
    };
    let place = |s: usize| match ties {
        Ties::Lower => worse(s) - 1,
        Ties::Upper => worse(s),
        Ties::Mid => worse(s) / 2,
    };
    // Of few customers none may be so far up.
    let places: Vec<usize> = (1..levels).map(place).filter(|place| *place < n).collect();
    for ((cut, at), s) in cuts.iter_mut().zip(at_places(keys, &places)?).zip(1..) {
        let found = match ties {
            Ties::Lower => at.next,
            Ties::Upper => Some(at.value),
            Ties::Mid if at.less + at.through > worse(s) => Some(at.value),
            Ties::Mid => at.next,
        };
        *cut = found.unwrap_or(u64::MAX);
    }
    Ok((cuts, false))
}

/// `1 +` the number of cuts that a value reaches.
pub(super) fn levels_of(keys: &[u64], cuts: &[u64]) -> Result<Vec<u8>> {
    let mut levels = filled(keys.len(), 1_u8, "scores")?;
    for cut in cuts {
        for (level, key) in levels.iter_mut().zip(keys) {
            *level += u8::from(key >= cut);
        }
    }
    Ok(levels)
}

impl Preset {
    pub(super) fn cuts(self, currency: Currency) -> Result<Cuts> {
        if currency != Currency::JPY {
            return Err(Error::option(
                "preset",
                json!(self),
                format!("cuts of your own: the preset's are in yen, the orders in {currency}"),
            ));
        }
        let (longest, frequency) = match self {
            Preset::UchideRepeat => (365, [2, 4, 7, 12]),
            Preset::UchideGeneral => (730, [2, 3, 4, 5]),
        };
        Ok(Cuts {
            recency: [longest, 180, 90, 30].map(Some).to_vec(),
            frequency: frequency.map(Some).to_vec(),
            // Up to 5,000 yen is M1: M2 begins at 5,001.
            monetary: [5_001.0, 10_001.0, 15_001.0, 20_001.0].map(Some).to_vec(),
        })
    }
}

impl Cuts {
    /// Checks that the cuts ascend and agree on the number of levels, which is returned.
    /// `levels` is the number in the request, unless it is the default.
    pub(super) fn levels(&self, levels: Option<u8>) -> Result<u8> {
        let refuse = |axis: &str, expected: &str| {
            Err(Error::option(
                format!("cuts.{axis}"),
                "",
                expected.to_owned(),
            ))
        };
        let count = self.recency.len();
        if self.frequency.len() != count || self.monetary.len() != count {
            return refuse("frequency", "as many cuts on every axis");
        }
        if !(2..=9).contains(&count) {
            return refuse("recency", "2 to 9 cuts (3 to 10 levels)");
        }
        if let Some(levels) = levels.filter(|levels| usize::from(*levels) != count + 1) {
            return Err(Error::option(
                "levels",
                levels,
                "one more than there are cuts",
            ));
        }
        let finite = self.monetary.iter().flatten().all(|v| v.is_finite());
        let fell = |a: &Option<i64>, b: &Option<i64>| matches!((a, b), (Some(a), Some(b)) if a < b);
        if self.recency.windows(2).any(|w| fell(&w[0], &w[1])) {
            return refuse("recency", "days in descending order");
        }
        if self.frequency.windows(2).any(|w| fell(&w[1], &w[0])) {
            return refuse("frequency", "orders in ascending order");
        }
        let money_fell = |w: &[Option<f64>]| matches!((w[0], w[1]), (Some(a), Some(b)) if a > b);
        if !finite || self.monetary.windows(2).any(money_fell) {
            return refuse("monetary", "finite amounts in ascending order");
        }
        Ok(count as u8 + 1)
    }
}
