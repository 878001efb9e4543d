//! Calibration table: of customers with a predicted probability of 30 %, did 30 % buy?
//!
//! At each origin of [`backtest`](super::next_purchase), all customers known then, by the gap model's probability
//! of an order within `within` days: ten bins of equal width, `[0, .1)` to `[.9, 1]`. Each bin has
//! the mean probability and the share who bought, with Wilson's interval. An empty bin has a row
//! with a count of 0 and nulls.

use super::fields::{EXPECTED_RATE, OBSERVED_RATE};
use super::rolling::{Options, rolling};
use crate::analysis::Analysis;
use crate::context::{Context, push};
use crate::cycle::predict::predict;
use crate::data::Orders;
use crate::error::Result;
use crate::num::Fraction;
use crate::num::ratio::Ratio;
use crate::scope::At;
use crate::table::shared::{CUSTOMERS, ORIGIN};
use crate::table::{Column, Field, Table, columns};

/// The analysis `backtest_calibration`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug)]
pub struct BacktestCalibration;

#[derive(Debug, Clone, Copy)]
struct Row {
    origin: i32,
    bin: usize,
    expected: f64,
    observed: Ratio,
}

impl Analysis for BacktestCalibration {
    const NAME: &'static str = "backtest_calibration";
    const SUMMARY: &'static str = "Probabilities of an order predicted at earlier dates, compared with the shares that bought";
    const JA: &'static str = "予測確率の較正表";
    const COLUMNS: &'static [Field] = &columns! {
        ORIGIN;
        "probability_from": Float, "share", "確率下端", "Lower end of the bin, included.";
        "probability_to": Float, "share", "確率上端", "Upper end of the bin; included in the last.";
        CUSTOMERS, "Customers whose probability was in the bin.";
        "bought": Int, "customers", "購入者数", "Of these, customers with an order within the horizon.";
        EXPECTED_RATE, "Mean probability in the bin.";
        OBSERVED_RATE, "Share who bought.";
        "observed_rate_low": Float, "share", "実購入率下限", "Lower end of its interval.";
        "observed_rate_high": Float, "share", "実購入率上限", "Upper end of its interval.";
    };
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let level = Fraction::P95;
        let mut rows = Vec::new();
        rolling(orders, at, options, context, |origin, plan, shop, after| {
            let mut bins = [(0u64, 0u64, 0.0); 10];
            for &i in after.shown() {
                let Some(distribution) = shop.gap_distribution(i) else {
                    break;
                };
                let p =
                    predict(&distribution, shop.gaps.open_days(i), plan.within).probability_within;
                let (count, bought, sum) = &mut bins[((p * 10.0) as usize).min(9)];
                *count += 1;
                *bought += u64::from(after.purchases(i, plan.within) > 0);
                *sum += p;
            }
            for (bin, (count, bought, sum)) in bins.into_iter().enumerate() {
                let row = Row {
                    origin: origin.0,
                    bin,
                    expected: sum / count as f64,
                    observed: Ratio::new(bought, count, level),
                };
                push(&mut rows, row, "backtest")?;
            }
            Ok(())
        })?;
        table(&rows)
    }
}

fn table(rows: &[Row]) -> Result<Table> {
    let fields = BacktestCalibration::COLUMNS;
    let floats = |at: usize, of: &dyn Fn(&Row) -> Option<f64>| {
        let finite = |row: &Row| of(row).filter(|v| v.is_finite());
        Column::floats(&fields[at], rows.iter().map(finite))
    };
    let ints = |at: usize, of: &dyn Fn(&Row) -> i32| {
        Column::ints(&fields[at], rows.iter().map(|row| Some(of(row))))
    };
    Ok(Table::new(vec![
        ints(0, &|row| row.origin)?,
        floats(1, &|row| Some(row.bin as f64 / 10.0))?,
        floats(2, &|row| Some((row.bin + 1) as f64 / 10.0))?,
        ints(3, &|row| row.observed.denominator as i32)?,
        ints(4, &|row| row.observed.numerator as i32)?,
        floats(5, &|row| Some(row.expected))?,
        floats(6, &|row| row.observed.value)?,
        floats(7, &|row| row.observed.low)?,
        floats(8, &|row| row.observed.high)?,
    ]))
}
