//! How many people an experiment needs (標本サイズ設計).
//!
//! # Definition
//!
//! With `z_a = Φ⁻¹(1 − α/2k)`, `z_b = Φ⁻¹(power)`, `k` comparisons with the control, `Δ = p_2 − p_1` and
//! `p = (p_1 + p_2)/2`, the people in each variant are, rounded up:
//!
//! ```text
//! rates, unpooled (default)    n = (z_a + z_b)² (p_1 q_1 + p_2 q_2) / Δ²
//! rates, pooled                n = (z_a √(2 p q) + z_b √(p_1 q_1 + p_2 q_2))² / Δ²
//! means of values with sd σ    n = 2 σ² (z_a + z_b)² / Δ²
//! ```
//!
//! Tests are two-sided. `detectable_effect` is the effect for which the `n` that there are suffice.
//!
//! Source: Fleiss, Levin, Paik (2003), *Statistical Methods for Rates and Proportions*, 3rd ed., ch. 4.

use crate::analysis::Analysis;
use crate::context::{Context, room};
use crate::error::{Error, Result};
use crate::num::{Fraction, Positive, normal};
use crate::table::{Column, Field, Table, Values, columns};
use libm::{ceil, sqrt};
use serde::{Deserialize, Serialize};

/// The variance of the test of two rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Variance {
    /// Of each rate by itself.
    #[default]
    Unpooled,
    /// Of the common rate, under the hypothesis of no difference.
    Pooled,
}

/// Options of [`ExperimentPlan`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The probability of finding a difference where there is none. Default 0.05.
    pub alpha: Fraction,
    /// The probability of finding the effect if it is there, above `alpha`. Default 0.8.
    pub power: Fraction,
    /// Variants with the control, 2 to 100; `alpha` is divided by the comparisons with the control. Default 2.
    pub variants: u32,
    /// Whether effects are shares of the baseline (0.1 is ten percent more). Default: no.
    pub relative: bool,
    /// The variance of the test of rates.
    pub variance: Variance,
    /// People who come each day, in all variants together, for `days`. Default: none.
    pub per_day: Option<Positive>,
    /// People in each variant that there are, for `detectable_effect`. Default: none.
    pub n: Option<Positive>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            alpha: Fraction::new(0.05).expect("from 0 to 1"),
            power: Fraction::new(0.8).expect("from 0 to 1"),
            variants: 2,
            relative: false,
            variance: Variance::Unpooled,
            per_day: None,
            n: None,
        }
    }
}

impl Options {
    /// `z_a` and `z_b`.
    fn quantiles(&self) -> (f64, f64) {
        let comparisons = f64::from(self.variants - 1);
        let tail = self.alpha.get() / (2.0 * comparisons);
        (-normal::quantile(tail), normal::quantile(self.power.get()))
    }
}

/// People in each variant, not rounded, to see the rate `p_2` where the control has `p_1`.
///
/// ```
/// use crm_core::experiments::experiment_plan::{Options, Variance, people_for_rates};
/// let n = people_for_rates(0.04, 0.05, &Options::default());
/// assert!((n / 6742.187_691_8 - 1.0).abs() < 1e-11);
/// let pooled = Options::new().variance(Variance::Pooled);
/// assert!((people_for_rates(0.04, 0.05, &pooled) / 6744.933_074_9 - 1.0).abs() < 1e-11);
/// ```
pub fn people_for_rates(p_1: f64, p_2: f64, options: &Options) -> f64 {
    let (z_a, z_b) = options.quantiles();
    let each = p_1 * (1.0 - p_1) + p_2 * (1.0 - p_2);
    let p = 0.5 * (p_1 + p_2);
    let root = match options.variance {
        Variance::Unpooled => (z_a + z_b) * sqrt(each),
        Variance::Pooled => z_a * sqrt(2.0 * p * (1.0 - p)) + z_b * sqrt(each),
    };
    (root / (p_2 - p_1)) * (root / (p_2 - p_1))
}

/// People in each variant, not rounded, to see a difference of means of values with standard deviation `sd`.
///
/// ```
/// use crm_core::experiments::experiment_plan::{Options, people_for_means};
/// // 16 σ²/Δ² is the rule of thumb.
/// assert!((people_for_means(1.0, 10.0, &Options::default()) - 1569.8).abs() < 0.1);
/// ```
pub fn people_for_means(difference: f64, sd: f64, options: &Options) -> f64 {
    let (z_a, z_b) = options.quantiles();
    let root = sd * (z_a + z_b) / difference;
    2.0 * root * root
}

/// One plan.
#[derive(Debug, Clone, Copy)]
struct Plan {
    baseline: f64,
    /// In the unit of the baseline.
    difference: f64,
    sd: Option<f64>,
}

impl Plan {
    fn people(&self, difference: f64, options: &Options) -> f64 {
        match self.sd {
            Some(sd) => people_for_means(difference, sd, options),
            None => people_for_rates(self.baseline, self.baseline + difference, options),
        }
    }

    /// The effect, in the direction of the plan, for which `n` people in each variant suffice.
    fn detectable(&self, n: f64, options: &Options) -> Option<f64> {
        let most = match (self.sd, self.difference > 0.0) {
            // n is a quarter where the difference is twice.
            (Some(_), _) => {
                return Some(self.difference * sqrt(self.people(self.difference, options) / n));
            }
            (None, true) => 1.0 - self.baseline,
            (None, false) => -self.baseline,
        };
        if self.people(most, options) > n {
            return None;
        }
        // Fewer people suffice for more.
        let (mut less, mut more) = (0.0, most);
        for _ in 0..200 {
            let middle = 0.5 * (less + more);
            match self.people(middle, options) > n {
                true => less = middle,
                false => more = middle,
            }
        }
        Some(more)
    }
}

/// The analysis `experiment_plan`. It reads a table with a plan in each row: `baseline`, the rate or mean without a
/// change; `effect`, the least difference to be found; `sd`, the standard deviation of the values, of means.
#[derive(Debug)]
pub struct ExperimentPlan;

impl Analysis for ExperimentPlan {
    const NAME: &'static str = "experiment_plan";
    const SUMMARY: &'static str =
        "People and days that an experiment needs, and the effect that a number of people can show";
    const JA: &'static str = "A/Bテストの標本サイズ";
    const COLUMNS: &'static [Field] = &columns! {
        "baseline": Float, "", "現在の値", "The rate or mean without a change.";
        "effect": Float, "", "効果", "The least difference to be found.";
        "n_per_variant": Int, "people", "各パターンの人数", "People needed in each variant.";
        "people": Int, "people", "総人数", "People needed in all variants.";
        "experiment_days": Int, "days", "必要日数", "Days until they have come; only with `per_day`.";
        "detectable_effect": Float, "", "検出できる効果", "The least difference that `n` people in each variant show; only with `n`.";
    };
    const OPTIONAL: &'static [&'static str] = &["sd"];
    type Data = Table;
    type Options = Options;

    fn run(data: &Table, _: &(), options: &Options, _: &Context) -> Result<Table> {
        if !(2..=100).contains(&options.variants) {
            return Err(Error::option("variants", options.variants, "2 to 100"));
        }
        if options.power.get() <= options.alpha.get() {
            let expected = format!(
                "above `alpha`, {}: a test finds that share where there is no effect",
                options.alpha.get()
            );
            return Err(Error::option("power", options.power.get(), expected));
        }
        let plans = plans(data, options)?;
        let shown = |plan: &Plan, difference: f64| match options.relative {
            true => difference / plan.baseline,
            false => difference,
        };
        let mut people = room(plans.len(), "plans")?;
        for (row, plan) in plans.iter().enumerate() {
            let n = ceil(plan.people(plan.difference, options));
            if n > 1e15 {
                return Err(Error::value(
                    "effect",
                    row,
                    "an effect that can be found with fewer than 10¹⁵ people",
                ));
            }
            people.push(n as i64);
        }
        let f = Self::COLUMNS;
        let all = |n: &i64| n * i64::from(options.variants);
        let mut columns = vec![
            Column::floats(&f[0], plans.iter().map(|p| Some(p.baseline)))?,
            Column::floats(&f[1], plans.iter().map(|p| Some(shown(p, p.difference))))?,
            Column::new(&f[2], Values::I64(people.clone().into())),
            Column::new(
                &f[3],
                Values::I64(crate::context::collect(people.iter().map(all), "plans")?.into()),
            ),
        ];
        if let Some(per_day) = options.per_day {
            let days = people
                .iter()
                .map(|n| ceil(all(n) as f64 / per_day.get()) as i64);
            let days = crate::context::collect(days, "plans")?;
            columns.push(Column::new(&f[4], Values::I64(days.into())));
        }
        if let Some(n) = options.n {
            let effects = plans.iter().map(|plan| {
                let found = plan.detectable(n.get(), options);
                found.map(|difference| shown(plan, difference))
            });
            columns.push(Column::floats(&f[5], effects)?);
        }
        Ok(Table::new(columns))
    }
}

/// Reads the plans.
fn plans(data: &Table, options: &Options) -> Result<Vec<Plan>> {
    let (baseline, effect) = (data.numbers("baseline")?, data.numbers("effect")?);
    let sd = match data.column("sd") {
        Some(_) => Some(data.numbers("sd")?),
        None => None,
    };
    let mut plans = room(baseline.len(), "plans")?;
    for row in 0..baseline.len() {
        let (p, effect) = (baseline[row], effect[row]);
        if options.relative && p == 0.0 {
            return Err(Error::value(
                "baseline",
                row,
                "a number other than 0, of which effects are shares",
            ));
        }
        let difference = if options.relative { p * effect } else { effect };
        match &sd {
            Some(sd) if sd[row] <= 0.0 => {
                return Err(Error::value("sd", row, "a number above 0"));
            }
            Some(_) => {}
            None if !(p > 0.0 && p < 1.0) => {
                let expected = "a rate between 0 and 1; means need a column `sd`";
                return Err(Error::value("baseline", row, expected));
            }
            None if !(p + difference > 0.0 && p + difference < 1.0) => {
                let expected = "an effect that leaves the rate between 0 and 1";
                return Err(Error::value("effect", row, expected));
            }
            None => {}
        }
        if difference == 0.0 {
            return Err(Error::value("effect", row, "a number other than 0"));
        }
        plans.push(Plan {
            baseline: p,
            difference,
            sd: sd.as_ref().map(|sd| sd[row]),
        });
    }
    Ok(plans)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detectable_effect_needs_the_people_there_are() {
        for (baseline, difference, sd) in [
            (0.04, 0.01, None),
            (0.3, -0.05, None),
            (50.0, 2.0, Some(30.0)),
        ] {
            let plan = Plan {
                baseline,
                difference,
                sd,
            };
            for variance in [Variance::Unpooled, Variance::Pooled] {
                let options = Options {
                    variance,
                    variants: 3,
                    ..Options::default()
                };
                let n = plan.people(difference, &options);
                let found = plan.detectable(n, &options).unwrap();
                assert!((found / difference - 1.0).abs() < 1e-9, "{found}");
            }
        }
        let plan = Plan {
            baseline: 0.5,
            difference: 0.1,
            sd: None,
        };
        assert_eq!(plan.detectable(1.0, &Options::default()), None);
    }

    #[test]
    fn more_variants_share_alpha() {
        let three = Options {
            variants: 3,
            ..Options::default()
        };
        let halved = Options {
            alpha: Fraction::new(0.025).unwrap(),
            ..Options::default()
        };
        assert_eq!(
            people_for_rates(0.1, 0.12, &three),
            people_for_rates(0.1, 0.12, &halved)
        );
    }
}
