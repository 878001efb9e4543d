//! Purchase counts (継続・離脱分析): of the customers with k purchases, how many bought again.
//!
//! # Definition
//!
//! For k = 1 … `up_to`, over customers with at least one purchase since their origin,
//!
//! ```text
//! reach_k      customers with ≥ k purchases
//! continued_k  = reach_{k+1}
//! churned_k    exactly k, and the last one ≥ churn_days days ago
//! pending_k    exactly k, and the last one < churn_days days ago
//! reach_k      = continued_k + churned_k + pending_k, always
//! ```
//!
//! | column             | value                                                               |
//! |--------------------|---------------------------------------------------------------------|
//! | `continue_rate`    | continued / reach (継続率), with Wilson's interval                  |
//! | `churn_rate`       | churned / reach (離脱率), likewise                                  |
//! | `survival_rate`    | reach_k / reach_1 (残存率), likewise                                |
//! | `mean_order_value` | revenue of the k-th purchases / reach_k                             |
//! | `cumulative_ltv`   | Σ_{j ≤ k} revenue of the j-th purchases / reach_1                   |
//! | `median_days` | median days to the next purchase over customers who made it: biased to short times, because open waits are left out |
//! | `km_median_days` | Kaplan-Meier median of the same, with open waits; null if the estimated share never reaches half |
//!
//! With `cumulative` = `survivors`, `cumulative_ltv` is the mean revenue of the first k purchases
//! over customers with ≥ k purchases. It rises faster, because it leaves out customers who stopped.
//!
//! `continue_rate` depends on how long customers were observed: recent customers have had little
//! time. See [`repeat_rate`](super::repeat_rate) for estimators that do not.
//!
//! A purchase is an order, or a day with orders if `occasion` = day. A refund in its own row lowers
//! the purchase before it. The default of the scope's `churn_days` is 180 here; its
//! `churn_boundary` decides whether a customer is churned on day 180 itself.

use super::history::Histories;
use super::parameters::CHURN_DAYS;
use super::shares::share_columns;
use super::waits::Waits;
use crate::analysis::Analysis;
use crate::context::{Context, collect, filled};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::num::Fraction;
use crate::num::ratio::Ratio;
use crate::retention::fields::{CUMULATIVE_LTV, ORDINAL};
use crate::scope::{At, Filter, Occasion};
use crate::table::shared::{
    MEAN_ORDER_VALUE, MEDIAN_DAYS, SURVIVAL_RATE, SURVIVAL_RATE_HIGH, SURVIVAL_RATE_LOW,
};
use crate::table::{Column, Field, Table, Values, columns};
use crate::words::KindWord;
use serde::{Deserialize, Serialize};

/// Options of [`count`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The greatest k, 1 to 1,000; there are fewer rows if no customer has so many purchases.
    /// Default 24.
    pub up_to: u32,
    /// The customers over whom `cumulative_ltv` is averaged. Default: everyone.
    pub cumulative: Cumulative,
    /// The filter that chooses the origin: a history begins at the first order that it keeps, such
    /// as `{"product": "A"}`. Default: the first order.
    pub origin: Filter,
    /// Only orders of these kinds, such as subscription orders. Default: all that count.
    pub kinds: Option<Vec<KindWord>>,
    /// Confidence of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            up_to: 24,
            cumulative: Cumulative::Everyone,
            origin: Filter::default(),
            kinds: None,
            confidence: Fraction::P95,
        }
    }
}

/// The customers over whom `cumulative_ltv` is averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cumulative {
    /// All customers: revenue up to the k-th purchase.
    Everyone,
    /// Customers with at least k purchases: revenue of the first k.
    Survivors,
}

/// One k.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Count {
    /// The ordinal of the purchase.
    pub k: u32,
    /// Customers with at least k purchases.
    pub reach: u64,
    /// Of these, customers with more purchases.
    pub continued: u64,
    /// Of these, customers with no more purchases who are churned.
    pub churned: u64,
    /// Of these, customers with no more purchases who are not churned yet.
    pub pending: u64,
    /// continued / reach.
    pub continue_rate: Ratio,
    /// churned / reach.
    pub churn_rate: Ratio,
    /// reach / reach of k = 1.
    pub survival_rate: Ratio,
    /// Revenue of the k-th purchases, minor units.
    pub revenue: i128,
    /// Mean revenue of the k-th purchases, major units.
    pub mean_order_value: Option<f64>,
    /// Mean revenue up to the k-th purchase, major units, over the customers of
    /// [`Options::cumulative`].
    pub cumulative_ltv: Option<f64>,
    /// Median days to the next purchase, over customers who made it.
    pub median_days: Option<f64>,
    /// Kaplan-Meier median of the days to the next purchase.
    pub km_median_days: Option<f64>,
}

/// Sums for one k.
#[derive(Clone, Default)]
struct Sums {
    reach: u64,
    churned: u64,
    revenue: i128,
    /// Revenue of the first k purchases of customers with at least k.
    survivors: i128,
    waits: Waits,
}

/// Counts purchases.
///
/// ```
/// use crm_core::{At, Context, Currency, Orders, Zone, retention::purchase_count};
/// let orders = Orders::builder(Currency::JPY, Zone::UTC)
///     .order("a", "2026-01-01", 3_000)
///     .order("a", "2026-02-01", 5_000)
///     .order("b", "2026-01-10", 1_000)
///     .build()?;
/// let at = At::new("2026-07-15".parse()?);
/// let counts = purchase_count::count(&orders, &at, &Default::default(), &Context::default())?;
/// let first = counts[0];
/// assert_eq!((first.reach, first.continued, first.churned, first.pending), (2, 1, 1, 0));
/// assert_eq!(first.mean_order_value, Some(2_000.0));
/// assert_eq!(counts[1].cumulative_ltv, Some(4_500.0)); // (4,000 + 5,000) / 2 customers
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// Options out of range, a filter on a column that does not exist, a sum that does not fit into 64
/// bits.
pub fn count(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Vec<Count>> {
    if !(1..=1000).contains(&options.up_to) {
        return Err(Error::option("up_to", options.up_to, "1 to 1000"));
    }
    let kinds = options.kinds.as_deref();
    let occasion = Occasion::Order;
    let histories = Histories::new(orders, at, &options.origin, kinds, occasion, context)?;
    let histories = histories.up_to(options.up_to + 1);
    let churn = At {
        churn_days: at.churn_days.or(Some(CHURN_DAYS)),
        ..*at
    };
    let sums = add_up(&histories, &churn, options, context)?;
    let first = sums[0].reach;
    let mean = |sum, count| histories.currency().mean(sum, count);
    let share = |part, whole| Ratio::new(part, whole, options.confidence);
    let mut cumulative = 0;
    let mut counts = Vec::new();
    for (k, sums) in (1..).zip(&sums).take_while(|(_, sums)| sums.reach > 0) {
        let continued = sums.waits.ended();
        cumulative += sums.revenue;
        counts.push(Count {
            k,
            reach: sums.reach,
            continued,
            churned: sums.churned,
            pending: sums.reach - continued - sums.churned,
            continue_rate: share(continued, sums.reach),
            churn_rate: share(sums.churned, sums.reach),
            survival_rate: share(sums.reach, first),
            revenue: sums.revenue,
            mean_order_value: mean(sums.revenue, sums.reach),
            cumulative_ltv: match options.cumulative {
                Cumulative::Everyone => mean(cumulative, first),
                Cumulative::Survivors => mean(sums.survivors, sums.reach),
            },
            median_days: sums.waits.median_ended(),
            km_median_days: sums.waits.curve(options.confidence)?.quantile(0.5),
        });
    }
    Ok(counts)
}

fn add_up(
    histories: &Histories,
    at: &At,
    options: &Options,
    context: &Context,
) -> Result<Vec<Sums>> {
    let as_of = histories.as_of();
    let mut sums = filled(options.up_to as usize, Sums::default(), "purchase counts")?;
    histories.each(context, |_, history| {
        for refund in &history.refunds {
            let of = &mut history.purchases[refund.of];
            of.amount = histories.add(of.amount, refund.amount)?;
        }
        let purchases = &history.purchases;
        let mut total = 0_i128;
        for (i, (sums, purchase)) in sums.iter_mut().zip(purchases).enumerate() {
            total += i128::from(purchase.amount);
            sums.reach += 1;
            sums.revenue += i128::from(purchase.amount);
            sums.survivors += total;
            match purchases.get(i + 1) {
                Some(next) => sums.waits.add(next.day - purchase.day, true)?,
                None => {
                    let silent = as_of - purchase.day;
                    sums.churned += u64::from(at.is_churned(silent));
                    sums.waits.add(silent, false)?;
                }
            }
        }
        Ok(())
    })?;
    Ok(sums)
}

const CONTINUE_RATE: [Field; 3] = columns! {
    "continue_rate": Float, "share", "継続率", "continued / reach.";
    "continue_rate_low": Float, "share", "継続率(下限)", "Lower end of its interval.";
    "continue_rate_high": Float, "share", "継続率(上限)", "Upper end of its interval.";
};
const CHURN_RATE: [Field; 3] = columns! {
    "churn_rate": Float, "share", "離脱率", "churned / reach.";
    "churn_rate_low": Float, "share", "離脱率(下限)", "Lower end of its interval.";
    "churn_rate_high": Float, "share", "離脱率(上限)", "Upper end of its interval.";
};
const SURVIVAL_RATES: [Field; 3] = columns! {
    SURVIVAL_RATE, "reach / reach of the first purchase.";
    SURVIVAL_RATE_LOW;
    SURVIVAL_RATE_HIGH;
};

/// The analysis `purchase_counts`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct PurchaseCounts;

impl Analysis for PurchaseCounts {
    const NAME: &'static str = "purchase_counts";
    const SUMMARY: &'static str =
        "Of the customers with a k-th purchase: how many bought again, churned, or are still open";
    const JA: &'static str = "継続・離脱分析";
    const CHURN_DAYS: u32 = CHURN_DAYS;
    const COLUMNS: &'static [Field] = &columns! {
        ORDINAL;
        "reach": Int, "customers", "到達人数", "Customers with at least k purchases.";
        "continued": Int, "customers", "継続人数", "Customers with more purchases than k.";
        "churned": Int, "customers", "離脱人数", "Customers with exactly k purchases, churned.";
        "pending": Int, "customers", "継続待ち人数", "Customers with exactly k purchases, not churned yet.";
        CONTINUE_RATE[0];
        CONTINUE_RATE[1];
        CONTINUE_RATE[2];
        CHURN_RATE[0];
        CHURN_RATE[1];
        CHURN_RATE[2];
        SURVIVAL_RATES[0];
        SURVIVAL_RATES[1];
        SURVIVAL_RATES[2];
        MEAN_ORDER_VALUE, "Mean revenue of the k-th purchases.";
        CUMULATIVE_LTV, "Mean revenue up to the k-th purchase.";
        MEDIAN_DAYS, "Median days to the next purchase, of customers with one.";
        "km_median_days": Float, "days", "次回購入までの日数(カプラン・マイヤー)",
            "Kaplan-Meier median of the days to the next purchase.";
    };
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        table(&count(orders, at, options, context)?)
    }
}

fn table(counts: &[Count]) -> Result<Table> {
    let [
        k,
        reach,
        continued,
        churned,
        pending,
        ..,
        mean,
        ltv,
        median,
        km_median,
    ] = PurchaseCounts::COLUMNS
    else {
        return Err(Error::internal("columns of purchase_counts"));
    };
    let whole = |field, of: fn(&Count) -> u64| {
        let cells = collect(counts.iter().map(|c| of(c) as i64), "table")?;
        Ok::<_, Error>(Column::new(field, Values::I64(cells.into())))
    };
    let float = |field, of: fn(&Count) -> Option<f64>| Column::floats(field, counts.iter().map(of));
    let shares = |fields, of: fn(&Count) -> Ratio| {
        share_columns(fields, &collect(counts.iter().map(of), "table")?)
    };
    let mut columns = vec![
        whole(k, |c| c.k.into())?,
        whole(reach, |c| c.reach)?,
        whole(continued, |c| c.continued)?,
        whole(churned, |c| c.churned)?,
        whole(pending, |c| c.pending)?,
    ];
    columns.extend(shares(&CONTINUE_RATE, |c| c.continue_rate)?);
    columns.extend(shares(&CHURN_RATE, |c| c.churn_rate)?);
    columns.extend(shares(&SURVIVAL_RATES, |c| c.survival_rate)?);
    columns.extend([
        float(mean, |c| c.mean_order_value)?,
        float(ltv, |c| c.cumulative_ltv)?,
        float(median, |c| c.median_days)?,
        float(km_median, |c| c.km_median_days)?,
    ]);
    Ok(Table::new(columns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::{At, ChurnBoundary, Condition};
    use crate::{Currency, Zone};

    fn orders() -> Orders {
        Orders::builder(Currency::JPY, Zone::UTC)
            .order("a", "2026-01-01T09:00:00", 1_000)
            .order("a", "2026-01-01T18:00:00", 2_000)
            .order("a", "2026-03-02", 4_000)
            .order("b", "2026-01-05", 3_000)
            .order("b", "2026-01-25", 5_000)
            .order("b", "2026-01-26", -500) // a refund: no purchase
            .order("c", "2026-06-30", 2_000)
            .order("d", "2026-01-02", -900) // a refund before the origin
            .order("d", "2026-01-03", 1_000)
            .build()
            .unwrap()
    }

    fn run(options: &Options) -> Vec<Count> {
        let at = At::new("2026-07-24".parse().unwrap());
        count(&orders(), &at, options, &Context::default()).unwrap()
    }

    #[test]
    fn counts_by_hand() {
        let counts = run(&Options::default());
        let row = |c: &Count| (c.reach, c.continued, c.churned, c.pending, c.revenue);
        // a: 3 orders, b: 2 (last 180 days before: churned), c: 1 (24 days), d: 1 (202 days).
        assert_eq!(row(&counts[0]), (4, 2, 1, 1, 7_000));
        assert_eq!(row(&counts[1]), (2, 1, 1, 0, 6_500)); // 2,000 + 5,000 − 500
        assert_eq!(row(&counts[2]), (1, 0, 0, 1, 4_000)); // 144 days
        assert_eq!(counts.len(), 3);
        assert_eq!(counts[1].cumulative_ltv, Some(13_500.0 / 4.0));
        assert_eq!(counts[0].median_days, Some(10.0)); // 0 and 20
        // One of four on day 0, one of three on day 20: 3/4 · 2/3 are left.
        assert_eq!(counts[0].km_median_days, Some(20.0));
        assert_eq!(counts[1].continue_rate.value, Some(0.5));
        assert_eq!(counts[2].survival_rate.value, Some(0.25));
    }

    #[test]
    fn survivors_leave_out_who_stopped() {
        let counts = run(&Options {
            cumulative: Cumulative::Survivors,
            ..Options::default()
        });
        assert_eq!(counts[1].cumulative_ltv, Some((3_000.0 + 7_500.0) / 2.0));
        assert_eq!(counts[2].cumulative_ltv, Some(7_000.0));
    }

    #[test]
    fn churned_after_180_days_or_from_then_on() {
        let at = At {
            churn_boundary: ChurnBoundary::After,
            ..At::new("2026-07-24".parse().unwrap())
        };
        let counts = count(&orders(), &at, &Options::default(), &Context::default()).unwrap();
        assert_eq!((counts[1].churned, counts[1].pending), (0, 1));
    }

    #[test]
    fn days_as_purchases_and_another_origin() {
        let at = At {
            occasion: Some(Occasion::Day),
            ..At::new("2026-07-24".parse().unwrap())
        };
        let counts = count(&orders(), &at, &Options::default(), &Context::default()).unwrap();
        assert_eq!(counts[0].revenue, 9_000); // a's two orders of one day are one
        let mut options = Options::default();
        let at_least = serde_json::from_str::<Condition>(r#"{"from": 2000}"#).unwrap();
        options.origin.0.insert("amount".into(), at_least);
        // a begins with its second order; d has none that large.
        assert_eq!(run(&options)[0].reach, 3);
        assert_eq!(run(&options)[0].revenue, 2_000 + 3_000 + 2_000);
        options.up_to = 0;
        assert!(count(&orders(), &at, &options, &Context::default()).is_err());
    }

    #[test]
    fn nobody_gives_no_row() {
        let at = At::new("2020-01-01".parse().unwrap());
        let counts = count(&orders(), &at, &Options::default(), &Context::default()).unwrap();
        assert!(counts.is_empty());
        assert_eq!(
            table(&counts).unwrap().columns().len(),
            PurchaseCounts::COLUMNS.len()
        );
    }
}
