//! Concentration of revenue (ローレンツ曲線): Lorenz points and Gini coefficient.
//!
//! # Definition
//!
//! With customers in ascending order of revenue `x₁ ≤ … ≤ xₙ`, the curve runs through `(k/n, Σ_{i≤k}
//! xᵢ / Σx)`, and
//!
//! ```text
//! G = (2 Σ i·xᵢ / Σx − (n + 1)) / n
//! ```
//!
//! without the factor n/(n−1). The table has `points + 1` rows at equal steps of customers (k is
//! rounded down), from (0, 0) to (1, 1). Shares and `gini` (the same in each row) are null if any
//! customer's revenue is negative or the sum is zero, because the curve is not defined then.
//!
//! # References
//!
//! - Gini, C. (1912); in this form: Dixon et al. (1987), *Ecology* 68(5).
//!
//! A customer whose refunds exceed the orders has a negative revenue; the note `negative_revenue` counts
//! such customers.

use super::negative_revenue::with_negative_revenue;
use crate::analysis::Analysis;
use crate::context::{Context, collect};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::money::divide;
use crate::num::rank;
use crate::scope::At;
use crate::summary::Totals;
use crate::table::{Column, Field, Table, Values, columns};
use serde::{Deserialize, Serialize};

/// Options of [`Lorenz`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Steps of the curve, 1 to 10,000. Default 100.
    pub points: u32,
}

impl Default for Options {
    fn default() -> Self {
        Options { points: 100 }
    }
}

/// The analysis `lorenz`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct Lorenz;

impl Analysis for Lorenz {
    const NAME: &'static str = "lorenz";
    const SUMMARY: &'static str = "Concentration of revenue: Lorenz curve and Gini coefficient";
    const JA: &'static str = "売上集中度（ローレンツ曲線）";
    const COLUMNS: &'static [Field] = &columns! {
        "share_customers": Float, "share", "顧客の累積構成比", "Share of customers, the smallest first.";
        "share_revenue": Float, "share", "売上の累積構成比", "Their share of revenue; null without a curve.";
        "gini": Float, "", "ジニ係数", "Gini coefficient, the same in each row; null without a curve.";
    };
    const SCOPE: &'static [&'static str] = crate::analysis::WITHOUT_OCCASION;
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        if !(1..=10_000).contains(&options.points) {
            return Err(Error::option("points", options.points, "1 to 10,000"));
        }
        let totals = Totals::new(orders, at, context)?;
        let shown = totals.customer.iter().zip(&totals.revenue);
        let keys: Vec<u64> = shown
            .filter(|(code, _)| orders.shows(**code))
            .map(|(_, v)| *v as u64 ^ 1 << 63)
            .collect();
        let sorted = rank::sorted(&keys)?;
        let revenue = collect(sorted.iter().map(|k| (k ^ 1 << 63) as i64), "lorenz")?;
        let n = revenue.len() as u64;
        let sum: i128 = revenue.iter().map(|v| i128::from(*v)).sum();
        let total = u64::try_from(sum)
            .ok()
            .filter(|t| *t > 0 && revenue[0] >= 0);
        let gini = total.and_then(|total| {
            let mut weighted = 0_i128;
            for (i, v) in revenue.iter().enumerate() {
                // 2i − n − 1, exactly: G = Σ (2i − n − 1)·xᵢ / (n Σx).
                let weight = 2 * (i as i128 + 1) - i128::from(n) - 1;
                weighted = weighted.checked_add(weight.checked_mul(i128::from(*v))?)?;
            }
            Some(divide(weighted, total) / n as f64)
        });
        let steps = if n == 0 {
            0
        } else {
            options.points as usize + 1
        };
        let (mut customers, mut shares) = (Vec::new(), Vec::new());
        let (mut seen, mut cumulative) = (0_u64, 0_i128);
        for step in 0..steps as u64 {
            let k = n * step / u64::from(options.points);
            while seen < k {
                cumulative += i128::from(revenue[seen as usize]);
                seen += 1;
            }
            customers.push(divide(k.into(), n));
            shares.push(total.map(|total| divide(cumulative, total)));
        }
        let [share_customers, share_revenue, gini_field] = Self::COLUMNS else {
            return Err(Error::internal("columns of lorenz"));
        };
        let rows = customers.len();
        let table = Table::new(vec![
            Column::new(share_customers, Values::F64(customers.into())),
            Column::floats(share_revenue, shares.into_iter())?,
            Column::floats(gini_field, (0..rows).map(|_| gini))?,
        ]);
        Ok(with_negative_revenue(table, &revenue))
    }
}
