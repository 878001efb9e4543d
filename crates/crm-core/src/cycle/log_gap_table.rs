//! Tabulated survival functions of a log gap.
//!
//! In both families of the gap model a customer's next gap is `exp(location + ε)`: the location is
//! the customer's, and the distribution of `ε` depends only on the class and on the number of
//! completed gaps. So a few hundred tables serve all customers of a shop.
//!
//! ```text
//! gamma:       ε = ln G_k − ln G_r′      density ∝ e^{kε} (1 + e^ε)^{−(k+r′)}
//! log-normal:  ε = s Z                   S(ε) = Q(ε/s)
//! ```
//!
//! A table holds `S` with its exact slope on a grid of equal steps and is read by cubic Hermite
//! interpolation of `S` or of `ln S`. The logarithm is accurate in the far tail, for customers
//! without an order for years: past the last point (S about 1e-8) `ln S` continues with its last
//! slope and `S` is 0; before the first (1 − S below 1e-5) S is 1. The absolute error of S is below
//! 1e-4, mostly 1e-6.

use crate::context::{collect, filled, grow};
use crate::error::Result;
use crate::num::{elementary, normal};

/// Steps of the normal table, and the most steps of other tables.
const STEPS: usize = 64;
const MOST_STEPS: usize = 512;
/// The range of the normal table, in standard deviations.
const NORMAL: (f64, f64) = (-4.3, 5.6);

/// One table: the start of its grid, points per unit, and the index of its first point.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LogGapTable {
    low: f64,
    per_unit: f64,
    first: usize,
    steps: usize,
}

/// The number of half days with a tabulated logarithm: four years.
const HALF_DAYS: usize = 2 * 1462;

/// The points of all tables.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    /// `ln (h/2)` for the half days `h` that predictions use most.
    ln_half_days: Vec<f64>,
    points: Vec<GridPoint>,
    normal: Option<LogGapTable>,
}

/// A point of a table: slopes are per step.
#[derive(Debug, Clone, Copy)]
struct GridPoint {
    survival: f64,
    slope: f64,
    /// The slope of `ln S`; its value is computed when it is needed, which is rare.
    ln_slope: f64,
}

impl Tables {
    /// Makes [`ln`](Self::ln) fast for half days.
    pub(super) fn tabulate_logarithms(&mut self) -> Result<()> {
        let logarithms = (0..HALF_DAYS).map(|h| libm::log(0.5 * h as f64));
        self.ln_half_days = collect(logarithms, "gap distributions")?;
        Ok(())
    }

    /// `ln x`, from a table if x is a whole number of half days.
    pub(super) fn ln(&self, x: f64) -> f64 {
        let half_days = 2.0 * x;
        let index = half_days as usize;
        match self.ln_half_days.get(index) {
            Some(&ln) if index as f64 == half_days => ln,
            _ => libm::log(x),
        }
    }

    /// The table of `s·Z` for a standard normal `Z`, from the table made by
    /// [`standard_normal`](Self::standard_normal).
    pub(super) fn scaled(standard: LogGapTable, s: f64) -> LogGapTable {
        LogGapTable {
            low: standard.low * s,
            per_unit: standard.per_unit / s,
            ..standard
        }
    }

    /// The table of the standard normal, made once.
    pub(super) fn standard_normal(&mut self) -> Result<LogGapTable> {
        if let Some(normal) = self.normal {
            return Ok(normal);
        }
        let first = self.room(STEPS)?;
        let step = (NORMAL.1 - NORMAL.0) / STEPS as f64;
        for point in 0..=STEPS {
            let z = NORMAL.0 + step * point as f64;
            let (survival, slope) = (normal::upper_tail(z), -normal::density(z) * step);
            self.points.push(GridPoint {
                survival,
                slope,
                ln_slope: -normal::hazard(z) * step,
            });
        }
        let normal = LogGapTable {
            low: NORMAL.0,
            per_unit: 1.0 / step,
            first,
            steps: STEPS,
        };
        self.normal = Some(normal);
        Ok(normal)
    }

    /// Tabulates `ln G_k − ln G_r` for independent gamma variables of shapes `k` and `r`, with
    /// `fineness` points per spread.
    pub(super) fn gamma_ratio(&mut self, k: f64, r: f64, fineness: f64) -> Result<LogGapTable> {
        let mode = libm::log(k / r);
        // The logarithm of the density.
        let ln_density = |u: f64| {
            let small = elementary::exp(-u.abs());
            // ln of e^{ku} (1 + e^u)^{−(k+r)}, with ln(1 + e^u) = max(u, 0) + ln(1 + e^{−|u|})
            k * u - (k + r) * (u.max(0.0) + elementary::ln_1p(small))
        };
        let peak = ln_density(mode);
        let spread = libm::sqrt(1.0 / k + 1.0 / r);
        let reach = |direction: f64, drop: f64| {
            let mut distance = spread;
            while peak - ln_density(mode + direction * distance) < drop {
                distance *= 1.2;
            }
            distance
        };
        // Ends where the density is e^−12 (left) and e^−18 (right) of the peak.
        let low = mode - reach(-1.0, 12.0);
        let range = mode + reach(1.0, 18.0) - low;
        let steps = (fineness * range / spread) as usize;
        let steps = steps.clamp(STEPS / 2, MOST_STEPS);
        let step = range / steps as f64;
        let first = self.room(steps)?;

        // The density f at the points, and its slope f · d ln f/du with d ln f/du = k −
        // (k+r)/(1+e^{−u}). In separate loops of plain arithmetic, which a compiler vectorises.
        let at = |point: usize| low + step * point as f64;
        let mut small = collect(
            (0..steps + 1).map(|point| -at(point).abs()),
            "gap distributions",
        )?;
        small.iter_mut().for_each(|x| *x = elementary::exp(*x));
        let mut value = collect(
            small.iter().map(|x| elementary::ln_1p(*x)),
            "gap distributions",
        )?;
        for (point, value) in value.iter_mut().enumerate() {
            let u = at(point);
            *value = k * u - (k + r) * (u.max(0.0) + *value) - peak;
        }
        value.iter_mut().for_each(|x| *x = elementary::exp(*x));
        let slope = |(point, value): (usize, &f64)| {
            let share = if at(point) > 0.0 { 1.0 } else { small[point] } / (1.0 + small[point]);
            value * (k - (k + r) * share)
        };
        let slopes = collect(value.iter().enumerate().map(slope), "gap distributions")?;
        // The mass to the right of each point, summed from the right: the trapezoidal rule with its
        // end correction h²/12 (f′(a) − f′(b)) is of fourth order. Past the end the tail decreases
        // like e^{slope·u}.
        let mut right = filled(steps + 1, 0.0, "gap distributions")?;
        right[steps] = value[steps] * value[steps] / -slopes[steps];
        for cell in (0..steps).rev() {
            let (sum, fall) = (
                value[cell] + value[cell + 1],
                slopes[cell] - slopes[cell + 1],
            );
            right[cell] = right[cell + 1] + 0.5 * step * sum + step * step / 12.0 * fall;
        }
        let scale = 1.0 / right[0];
        for point in 0..=steps {
            let slope = -value[point] * step;
            let survival = right[point];
            // In the far tail a step may be too long for a cubic S. With slopes of at most three
            // times the secants the interpolation is monotone (Fritsch, Carlson).
            let before = right[point.saturating_sub(1)] - survival;
            let after = survival - right[(point + 1).min(steps)];
            let gentle = match point {
                0 => slope,
                _ if point == steps => slope.max(-3.0 * before),
                _ => slope.max(-3.0 * before).max(-3.0 * after),
            };
            self.points.push(GridPoint {
                survival: survival * scale,
                slope: gentle * scale,
                ln_slope: slope / survival,
            });
        }
        Ok(LogGapTable {
            low,
            per_unit: 1.0 / step,
            first,
            steps,
        })
    }

    /// `ln P(ε > u)`.
    pub(super) fn ln_survival(&self, table: &LogGapTable, u: f64) -> f64 {
        let t = (u - table.low) * table.per_unit;
        if t <= 0.0 {
            return 0.0;
        }
        let last = table.first + table.steps;
        if t >= table.steps as f64 {
            // Past the end ln S continues with its last slope.
            let end = self.points[last];
            return libm::log(end.survival) + end.ln_slope * (t - table.steps as f64);
        }
        self.between(table, t, |point| {
            (libm::log(point.survival), point.ln_slope)
        })
    }

    /// `P(ε > u)`, 0 past the last point. S itself is interpolated, which is faster than `ln S`
    /// with an exponential and, down to 1e-3, as accurate in ratios.
    pub(super) fn survival(&self, table: &LogGapTable, u: f64) -> f64 {
        let t = (u - table.low) * table.per_unit;
        if t <= 0.0 {
            return 1.0;
        }
        if t >= table.steps as f64 {
            return 0.0;
        }
        self.between(table, t, |point| (point.survival, point.slope))
    }

    /// Cubic Hermite interpolation of a value with its slope, at `t` steps from the first point.
    fn between(&self, table: &LogGapTable, t: f64, of: impl Fn(&GridPoint) -> (f64, f64)) -> f64 {
        let cell = t as usize;
        let f = t - cell as f64;
        let (a, a_slope) = of(&self.points[table.first + cell]);
        let (b, b_slope) = of(&self.points[table.first + cell + 1]);
        // a + a′f + (3Δ − 2a′ − b′) f² + (a′ + b′ − 2Δ) f³ with Δ = b − a
        let rise = b - a;
        let bend = 3.0 * rise - 2.0 * a_slope - b_slope;
        a + f * (a_slope + f * (bend + f * (a_slope + b_slope - 2.0 * rise)))
    }

    fn room(&mut self, steps: usize) -> Result<usize> {
        let first = self.points.len();
        grow(&mut self.points, steps + 1, "gap distributions")?;
        Ok(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_table_is_the_normal() {
        let mut tables = Tables::default();
        let standard = tables.standard_normal().unwrap();
        let table = Tables::scaled(standard, 0.4);
        for step in 0..1000 {
            let z = -5.0 + 0.0113 * f64::from(step);
            let (ours, exact) = (
                tables.ln_survival(&table, 0.4 * z),
                normal::ln_upper_tail(z),
            );
            let tolerance = if z > 5.6 { 0.3 * exact.abs() } else { 2e-5 };
            assert!((ours - exact).abs() < tolerance, "{z}: {ours} {exact}");
        }
    }

    /// For shapes 1 and r the ratio is Pareto distributed: `P(ε > u) = (1 + e^u)^{−r}`. For k and 1
    /// it is the mirror image: `1 − (1 + e^{−u})^{−k}`.
    #[test]
    fn gamma_ratio_has_its_closed_forms() {
        for shape in [0.3, 0.7, 1.0, 2.5, 9.0, 40.0, 300.0] {
            let mut tables = Tables::default();
            let pareto = tables.gamma_ratio(1.0, shape, 6.0).unwrap();
            let mirror = tables.gamma_ratio(shape, 1.0, 6.0).unwrap();
            for step in 0..2000 {
                let u = -14.0 + 0.02 * f64::from(step);
                let exact = -shape * libm::log1p(libm::exp(u));
                let ours = tables.ln_survival(&pareto, u);
                assert!((ours.exp() - exact.exp()).abs() < 2e-5, "{shape} {u}");
                if exact > -15.0 {
                    let tolerance = 2e-3 - 2e-3 * exact;
                    assert!(
                        (ours - exact).abs() < tolerance,
                        "{shape} {u}: {ours} {exact}"
                    );
                }
                let exact = -libm::expm1(-shape * libm::log1p(libm::exp(-u)));
                let ours = tables.ln_survival(&mirror, u).exp();
                assert!((ours - exact).abs() < 2e-5, "{shape} {u}: {ours} {exact}");
            }
        }
    }

    #[test]
    fn both_scales_agree() {
        let mut tables = Tables::default();
        for (k, r) in [
            (0.3, 0.5),
            (0.3, 30.0),
            (2.0, 1.5),
            (400.0, 0.5),
            (400.0, 9000.0),
        ] {
            let table = tables.gamma_ratio(k, r, 6.0).unwrap();
            for step in 0..20_000 {
                let u = -30.0 + 0.004 * f64::from(step);
                let (ln, plain) = (tables.ln_survival(&table, u), tables.survival(&table, u));
                assert!((ln.exp() - plain).abs() < 2e-5, "{k} {r} {u}");
            }
        }
    }

    #[test]
    fn survival_never_rises() {
        let mut tables = Tables::default();
        for (k, r) in [
            (0.3, 0.5),
            (0.3, 30.0),
            (2.0, 1.5),
            (400.0, 0.5),
            (400.0, 9000.0),
        ] {
            let table = tables.gamma_ratio(k, r, 6.0).unwrap();
            let (mut before, mut plain_before) = (0.0, 1.0);
            for step in 0..20_000 {
                let u = -30.0 + 0.004 * f64::from(step);
                let (now, plain) = (tables.ln_survival(&table, u), tables.survival(&table, u));
                assert!(now <= before + 1e-12, "{k} {r} {step}");
                assert!((0.0..=plain_before).contains(&plain), "{k} {r} {step}");
                if plain > 1e-3 {
                    assert!((plain.ln() - now).abs() < 1e-2, "{k} {r} {step}");
                }
                (before, plain_before) = (now, plain);
            }
        }
    }
}
