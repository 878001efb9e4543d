//! Checks of a model: expected beside actual purchases, over time and by count.
//!
//! | table | expected |
//! |---|---|
//! | [`cumulative`] | Σ over customers of E[X(age at that time)]: repeat purchases up to it |
//! | [`histogram`] | Σ over customers of P(X(T) = n): customers with n repeat purchases |
//! | [`surface`] | E[Y(t)] and P(alive) over frequency × recency, at one age |
//! | [`path`] | P(alive) of one customer from their first purchase on |
//!
//! The expectations of the first two are unconditional: they use each customer's age and none of
//! their purchases.

use crate::clv::models::histories::{History, Rows};
use crate::clv::models::model::Purchases;
use crate::clv::shop_time::ShopTime;
use crate::context::{filled, push, room};
use crate::error::{Error, Result};

/// Expected repeat purchases up to times counted from the end of observation (0), ascending;
/// negative ones are before it, in the calibration. Differences of successive values are the
/// incremental purchases.
///
/// # Errors
///
/// A time that is not finite; out of memory.
///
/// ```
/// use crm_core::clv::{Histories, Rows, Unit, tracking};
/// use crm_core::clv::models::nbd;
/// let model = nbd::Params::new([1.0, 10.0], Unit::Week)?;
/// let rows = Rows::new(&Histories::new(&[0.0, 2.0], &[0.0, 5.0], &[20.0, 10.0]))?;
/// // 0.1 a week each: 10 weeks of the first by the time the second came.
/// let expected = tracking::cumulative(&model, &rows, &[-10.0, 0.0, 10.0])?;
/// assert!(expected.iter().zip([1.0, 3.0, 5.0]).all(|(a, b)| (a - b).abs() < 1e-12));
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn cumulative(model: &impl Purchases, rows: &Rows, times: &[f64]) -> Result<Vec<f64>> {
    let customers = customers_by_age(rows)?;
    let mut out = room(times.len(), "tracking")?;
    for (row, time) in times.iter().enumerate() {
        if !time.is_finite() {
            return Err(Error::value("times", row, "a finite number"));
        }
        let sum: f64 = rows
            .age
            .iter()
            .zip(&customers)
            .filter(|(age, _)| *age + time > 0.0)
            .map(|(age, w)| w * model.expected_of_new(age + time))
            .sum();
        out.push(sum);
    }
    Ok(out)
}

/// Customers by number of repeat purchases, `0, 1, …, most − 1` and `most` or more.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Histogram {
    /// Actual customers.
    pub actual: Vec<f64>,
    /// Expected customers.
    pub expected: Vec<f64>,
}

/// The frequency histogram, actual beside expected; the last cell holds `most` or more.
///
/// # Errors
///
/// `most` above 10,000; out of memory.
pub fn histogram(model: &impl Purchases, rows: &Rows, most: u32) -> Result<Histogram> {
    if most > 10_000 {
        return Err(Error::option("most", most, "at most 10000"));
    }
    let customers = customers_by_age(rows)?;
    let cells = most as usize + 1;
    let mut out = Histogram {
        actual: filled(cells, 0.0, "tracking")?,
        expected: filled(cells, 0.0, "tracking")?,
    };
    for (x, w) in rows.x_code.iter().zip(&rows.weight) {
        let x = rows.x[*x as usize].min(f64::from(most));
        out.actual[x as usize] += w;
    }
    for (age, w) in rows.age.iter().zip(&customers) {
        let mut rest = 1.0;
        for n in 0..most {
            let p = model.probability_of(n, History::NEW, *age);
            out.expected[n as usize] += w * p;
            rest -= p;
        }
        out.expected[most as usize] += w * f64::max(rest, 0.0);
    }
    Ok(out)
}

/// A cell of [`surface`].
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Cell {
    /// x.
    pub frequency: f64,
    /// t_x.
    pub recency: f64,
    /// P(alive) now.
    pub probability_alive: f64,
    /// E[Y(t)].
    pub expected: f64,
}

/// P(alive) and the purchases expected within `t`, over frequency × recency at one age. Cells that
/// no history can be in (recency without a repeat purchase) are left out.
///
/// # Errors
///
/// Frequencies or recencies that no history of this age has; out of memory.
pub fn surface(
    model: &impl Purchases,
    frequencies: &[f64],
    recencies: &[f64],
    age: f64,
    t: f64,
) -> Result<Vec<Cell>> {
    let even = ShopTime::new(None, None, age, model.unit())?;
    surface_in(&even, model, (frequencies, recencies), age, t)
}

/// [`surface`] of histories of which the times become those of the model.
pub(crate) fn surface_in(
    time: &ShopTime,
    model: &impl Purchases,
    (frequencies, recencies): (&[f64], &[f64]),
    age: f64,
    t: f64,
) -> Result<Vec<Cell>> {
    let own = time.ahead(t);
    let mut out = Vec::new();
    for (row, x) in frequencies.iter().enumerate() {
        for (column, t_x) in recencies.iter().enumerate() {
            if (*x == 0.0) != (*t_x == 0.0) {
                continue;
            }
            let h = time.history(History::checked(*x, *t_x, age, row.max(column))?);
            let cell = Cell {
                frequency: *x,
                recency: *t_x,
                probability_alive: model.probability_alive(h, 0.0),
                expected: model.expected(h, own),
            };
            push(&mut out, cell, "tracking")?;
        }
    }
    Ok(out)
}

/// P(alive) of one customer at times since their first purchase, given the times of the repeat
/// purchases, ascending. Each value uses only purchases up to its time.
///
/// # Errors
///
/// Purchases that do not ascend from 0, times that are negative or not finite; out of memory.
pub fn path(model: &impl Purchases, purchases: &[f64], times: &[f64]) -> Result<Vec<f64>> {
    let mut before = 0.0;
    for (row, t) in purchases.iter().enumerate() {
        if !(*t > before && t.is_finite()) {
            let expected = "a time after the one before, in units since the first purchase";
            return Err(Error::value("purchases", row, expected));
        }
        before = *t;
    }
    let mut out = room(times.len(), "tracking")?;
    for (row, now) in times.iter().enumerate() {
        if !(*now >= 0.0 && now.is_finite()) {
            return Err(Error::value("times", row, "a finite number, at least 0"));
        }
        let x = purchases.partition_point(|t| t <= now);
        let t_x = if x == 0 { 0.0 } else { purchases[x - 1] };
        let h = History::checked(x as f64, t_x, *now, row)?;
        out.push(model.probability_alive(h, 0.0));
    }
    Ok(out)
}

/// Customers of each distinct age.
fn customers_by_age(rows: &Rows) -> Result<Vec<f64>> {
    let mut out = filled(rows.age.len(), 0.0, "tracking")?;
    for (age, w) in rows.age_code.iter().zip(&rows.weight) {
        out[*age as usize] += w;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clv::models::histories::Histories;
    use crate::clv::models::{bg_nbd, pareto_nbd};
    use crate::clv::tables::clv_summary::Unit;
    use crate::num::rng::Rng;

    fn model() -> pareto_nbd::Params {
        pareto_nbd::Params::new([0.8, 12.0, 1.1, 60.0], Unit::Day).unwrap()
    }

    #[test]
    fn expected_follows_what_the_model_simulates() {
        let mut columns: [Vec<f64>; 3] = Default::default();
        let mut by_90 = 0.0;
        for i in 0..5_000 {
            let times = model().simulate(150.0, &mut Rng::stream(6, i)).unwrap();
            by_90 += times.iter().filter(|t| **t <= 90.0).count() as f64;
            columns[0].push(times.len() as f64);
            columns[1].push(times.last().copied().unwrap_or(0.0));
            columns[2].push(150.0);
        }
        let rows = Rows::new(&Histories::new(&columns[0], &columns[1], &columns[2])).unwrap();
        let expected = cumulative(&model(), &rows, &[-200.0, -60.0, 0.0]).unwrap();
        assert_eq!(expected[0], 0.0);
        assert!((expected[1] / by_90 - 1.0).abs() < 0.05);
        assert!((expected[2] / rows.repeats - 1.0).abs() < 0.05);
        let found = histogram(&model(), &rows, 5).unwrap();
        for (actual, expected) in found.actual.iter().zip(&found.expected) {
            assert!(
                (actual - expected).abs() < 5.0 * libm::sqrt(*expected),
                "{found:?}"
            );
        }
        let total: f64 = found.expected.iter().sum();
        assert!((total - 5_000.0).abs() < 1e-6);
    }

    #[test]
    fn silence_lowers_and_a_purchase_raises() {
        let bg =
            bg_nbd::Params::new(bg_nbd::Family::Mbg, 1, [0.8, 12.0, 0.9, 2.5], Unit::Day).unwrap();
        let times: Vec<f64> = (0..60).map(f64::from).collect();
        let found = path(&bg, &[10.0, 30.0], &times).unwrap();
        assert!(found[1..10].windows(2).all(|w| w[1] < w[0]));
        assert!(found[30] > found[29]);
        assert!(path(&bg, &[30.0, 10.0], &times).is_err());
    }

    #[test]
    fn recency_raises_p_alive() {
        let cells = surface(&model(), &[0.0, 3.0], &[0.0, 10.0, 50.0], 60.0, 30.0).unwrap();
        assert_eq!(cells.len(), 3);
        assert!(cells[2].probability_alive > cells[1].probability_alive);
        assert!(cells[2].expected > cells[1].expected);
    }
}
