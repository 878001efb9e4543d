//! Columns of customers in a fit: how the rates of customers depend on what is known about them
//! (static covariates).
//!
//! # Definition
//!
//! `z` is a customer's row of covariates: a number as it is, a category as one 0 or 1 for each value but
//! the most frequent one, to which the others are compared. The parameters of the customer are
//!
//! ```text
//! all models   α = α₀ e^(−γ·z)                        coefficients purchase
//! Pareto/NBD   β = β₀ e^(−γ·z)                        coefficients dropout
//! BG, MBG      a = a₀ e^(γ·z),  b = b₀ e^(δ·z)        coefficients dropout_a, dropout_b
//! ```
//!
//! so `e^γ` multiplies the mean purchase rate `r/α` and the mean dropout rate `s/β`; in the BG family
//! `e^(γ−δ)` multiplies the odds `a/b` of leaving after a purchase. `α₀`, `β₀`, `a₀` and `b₀` are of a customer whose
//! `z` is 0. A customer's likelihood and predictions are those of the model with these parameters.
//!
//! CLVTools has the same Pareto/NBD (its `trans.` is `purchase.` here, its `life.` is `dropout.`). In its BG/NBD `a`
//! and `b` share one coefficient, which leaves the mean probability of leaving, `a/(a+b)`, the same for all customers;
//! here they have one each, as in the paper.
//!
//! # References
//!
//! - Fader, P. S., Hardie, B. G. S. (2007). Incorporating time-invariant covariates into the Pareto/NBD and
//!   BG/NBD models. <http://brucehardie.com/notes/019/time_invariant_covariates.pdf>
//! - Bachmann, P., Meierer, M., Näf, J. (2021). The role of time-varying contextual factors in latent attrition
//!   models for customer base analysis. *Marketing Science* 40.

use libm::{exp, log, sqrt};
use serde::{Deserialize, Serialize};

use crate::clv::models::model::{Fit, Model};
use crate::clv::models::repeat_model::RepeatModel;
use crate::context::{collect, push};
use crate::error::{Error, Result};
use crate::num::Fraction;
use crate::num::normal;
use crate::num::optimize::lower_root;
use crate::num::rng::Rng;

/// The most parameters and coefficients of one fit.
pub const MOST: usize = 32;

/// What a coefficient is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The purchase rate: `α = α₀ e^(−γ·z)`.
    Purchase,
    /// The dropout rate of the Pareto/NBD: `β = β₀ e^(−γ·z)`.
    Dropout,
    /// The first parameter of the dropout probability of the BG family: `a = a₀ e^(γ·z)`.
    DropoutA,
    /// Its second parameter: `b = b₀ e^(γ·z)`.
    DropoutB,
}

impl Effect {
    /// Its name in results.
    pub const fn word(self) -> &'static str {
        match self {
            Effect::Purchase => "purchase",
            Effect::Dropout => "dropout",
            Effect::DropoutA => "dropout_a",
            Effect::DropoutB => "dropout_b",
        }
    }

    /// The parameter that it multiplies, and the sign of the exponent.
    pub(crate) const fn place(self) -> (usize, f64) {
        match self {
            Effect::Purchase => (1, -1.0),
            Effect::Dropout => (3, -1.0),
            Effect::DropoutA => (2, 1.0),
            Effect::DropoutB => (3, 1.0),
        }
    }

    /// The effects on dropout that a model has.
    pub(crate) const fn of_dropout(model: &RepeatModel) -> &'static [Effect] {
        match model {
            RepeatModel::Nbd(_) => &[],
            RepeatModel::Bg(_) => &[Effect::DropoutA, Effect::DropoutB],
            RepeatModel::Pareto(_) => &[Effect::Dropout],
        }
    }
}

/// A column of customers in a fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CovariateColumn {
    /// The name.
    pub name: String,
    /// The values of a category, the one to which the others are compared first; none for numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub levels: Option<Vec<String>>,
}

/// A coefficient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coefficient {
    /// What it is about.
    pub effect: Effect,
    /// The column.
    pub column: String,
    /// The value of a category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// γ.
    pub value: f64,
}

impl Coefficient {
    /// Its name in results: `purchase.age`, `dropout.channel=web`.
    pub fn name(&self) -> String {
        let (effect, column) = (self.effect.word(), &self.column);
        match &self.level {
            Some(level) => format!("{effect}.{column}={level}"),
            None => format!("{effect}.{column}"),
        }
    }
}

/// What a fit knows of the columns of customers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Covariates {
    /// The columns.
    pub columns: Vec<CovariateColumn>,
    /// The coefficients.
    pub coefficients: Vec<Coefficient>,
    /// Covariance of the logarithms of the parameters and of the coefficients, row by row; none unless converged.
    pub covariance: Option<Vec<f64>>,
}

/// A fit that may have columns of customers: without them it is a [`Fit`]. With them `fit` is of a customer
/// whose covariates are 0, and its covariance is that of [`Covariates`].
#[derive(Debug, Clone, PartialEq)]
pub struct CovariateFit {
    /// The fit; with covariates its parameters are those of `z = 0`, without a covariance.
    pub fit: Fit<RepeatModel>,
    /// The columns of customers.
    pub covariates: Option<Covariates>,
}

impl CovariateFit {
    /// A fit without columns of customers.
    pub fn plain(fit: Fit<RepeatModel>) -> Self {
        Self {
            fit,
            covariates: None,
        }
    }

    /// Checks what was read: columns, coefficients and the size of the covariance.
    pub(crate) fn check(&self, option: &'static str) -> Result<()> {
        let Some(covariates) = &self.covariates else {
            return Ok(());
        };
        let expected = |what: &'static str| Err(Error::option(option, "", what));
        let effects = Effect::of_dropout(&self.fit.model);
        for coefficient in &covariates.coefficients {
            let column = covariates.columns.iter();
            let Some(column) = column.clone().find(|c| c.name == coefficient.column) else {
                return expected("coefficients of the columns in it");
            };
            let known = match (&column.levels, &coefficient.level) {
                (None, None) => true,
                (Some(levels), Some(level)) => levels.iter().skip(1).any(|l| l == level),
                _ => false,
            };
            let of_model =
                coefficient.effect == Effect::Purchase || effects.contains(&coefficient.effect);
            if !known || !of_model || !coefficient.value.is_finite() {
                return expected("coefficients of the model and of the values of its columns");
            }
        }
        let n = self.count();
        let whole = |c: &Vec<f64>| c.len() == n * n && c.iter().all(|v| v.is_finite());
        if n > MOST || !covariates.covariance.as_ref().is_none_or(whole) {
            return expected("a covariance of the size of the parameters and coefficients");
        }
        Ok(())
    }

    fn coefficients(&self) -> &[Coefficient] {
        self.covariates.as_ref().map_or(&[], |c| &c.coefficients)
    }

    /// Number of estimated parameters and coefficients.
    pub fn count(&self) -> usize {
        self.fit.count() + self.coefficients().len()
    }

    /// Akaike's criterion; smaller is better.
    pub fn aic(&self) -> f64 {
        2.0 * self.count() as f64 - 2.0 * self.fit.log_likelihood
    }

    /// Bayesian information criterion; smaller is better.
    pub fn bic(&self) -> f64 {
        self.count() as f64 * log(self.fit.customers) - 2.0 * self.fit.log_likelihood
    }

    /// Covariance of the logarithms of the parameters and of the coefficients.
    fn covariance(&self) -> Option<&Vec<f64>> {
        match &self.covariates {
            Some(covariates) => covariates.covariance.as_ref(),
            None => self.fit.covariance_of_logs.as_ref(),
        }
    }

    /// Names and values of parameters and coefficients.
    pub fn parameters(&self) -> impl Iterator<Item = (String, f64)> {
        let coefficients = self.coefficients().iter().map(|c| (c.name(), c.value));
        let parameters = self.fit.parameters();
        parameters
            .map(|(name, value)| (name.to_owned(), value))
            .chain(coefficients)
    }

    /// Standard errors of parameters and coefficients; none unless converged.
    pub fn standard_errors(&self) -> Option<Vec<f64>> {
        let (n, covariance) = (self.count(), self.covariance()?);
        let values = self.fit.model.values();
        let scale = |i: usize| if i < self.fit.count() { values[i] } else { 1.0 };
        Some(
            (0..n)
                .map(|i| sqrt(covariance[i * n + i]) * scale(i))
                .collect(),
        )
    }

    /// Intervals at a level such as 0.95: of parameters symmetric on the log scale, of coefficients symmetric.
    pub fn intervals(&self, level: Fraction) -> Option<Vec<(f64, f64)>> {
        let (n, covariance) = (self.count(), self.covariance()?);
        let z = normal::quantile(0.5 + 0.5 * level.get());
        let ends = self.parameters().enumerate().map(|(i, (_, value))| {
            let width = z * sqrt(covariance[i * n + i]);
            match i < self.fit.count() {
                true => (value * exp(-width), value * exp(width)),
                false => (value - width, value + width),
            }
        });
        Some(ends.collect())
    }

    /// The slopes `∂ ln θ_p / ∂γ` for customers with the values `raw` of the columns: for each coefficient the
    /// parameter `p` and the slope `±z`.
    pub(crate) fn slopes(&self, raw: &[f64]) -> Result<Vec<(usize, f64)>> {
        let Some(covariates) = &self.covariates else {
            return Ok(Vec::new());
        };
        let mut out = Vec::new();
        for coefficient in &covariates.coefficients {
            let mut columns = covariates.columns.iter().zip(raw);
            let found = columns.find(|(column, _)| column.name == coefficient.column);
            let (column, raw) = found.ok_or_else(|| Error::internal("columns of a fit"))?;
            let z = match (&column.levels, &coefficient.level) {
                (Some(levels), Some(level)) => {
                    f64::from(levels.get(*raw as usize).is_some_and(|l| l == level))
                }
                _ => *raw,
            };
            let (place, sign) = coefficient.effect.place();
            push(&mut out, (place, sign * z), "covariates")?;
        }
        Ok(out)
    }

    /// The fit of customers with the values `raw` of the columns: a number, or the place of a value among the
    /// levels. Its parameters and their covariance are those of these customers.
    pub(crate) fn of(&self, raw: &[f64]) -> Result<Fit<RepeatModel>> {
        let slopes = self.slopes(raw)?;
        let own = Own {
            fit: self,
            slopes: &slopes,
        };
        let mut fit = self.fit.clone();
        fit.model = own.model(&[0.0; MOST])?;
        if self.covariates.is_none() {
            return Ok(fit);
        }
        fit.covariance_of_logs = match self.covariance() {
            Some(covariance) => Some(own.covariance(covariance)?),
            None => None,
        };
        Ok(fit)
    }

    /// The factor of the covariance by which parameters and coefficients are drawn.
    pub(crate) fn root(&self) -> Option<Box<[[f64; MOST]; MOST]>> {
        let (n, covariance) = (self.count(), self.covariance()?);
        let entry = |i, j| {
            if i < n && j < n {
                covariance[i * n + j]
            } else {
                0.0
            }
        };
        let matrix = Box::new(std::array::from_fn(|i| {
            std::array::from_fn(|j| entry(i, j))
        }));
        Some(Box::new(lower_root(&matrix)))
    }

    /// Draws the model of customers with these [slopes](Self::slopes). The same random numbers give all customers the
    /// same draw of parameters and coefficients.
    pub(crate) fn draw(
        &self,
        root: Option<&[[f64; MOST]; MOST]>,
        slopes: &[(usize, f64)],
        rng: &mut Rng,
    ) -> Result<RepeatModel> {
        let mut shift = [0.0; MOST];
        if let Some(root) = root {
            let draws: [f64; MOST] =
                std::array::from_fn(|i| if i < self.count() { rng.normal() } else { 0.0 });
            for i in 0..self.count() {
                shift[i] = (0..=i).map(|j| root[i][j] * draws[j]).sum();
            }
        }
        Own { fit: self, slopes }.model(&shift)
    }

    /// The variance of a quantity with these slopes in the logarithms of the parameters and in the coefficients.
    pub(crate) fn variance(&self, slope: &[f64; MOST]) -> Option<f64> {
        let (n, covariance) = (self.count(), self.covariance()?);
        let terms = (0..n * n).map(|at| covariance[at] * slope[at / n] * slope[at % n]);
        Some(terms.sum::<f64>().max(0.0))
    }
}

/// A fit seen by customers with the same covariates.
struct Own<'a> {
    fit: &'a CovariateFit,
    slopes: &'a [(usize, f64)],
}

impl Own<'_> {
    /// `∂ ln θ_p / ∂φ_i`, where φ are the logarithms of the parameters and the coefficients.
    fn slope(&self, p: usize, i: usize) -> f64 {
        let n = self.fit.fit.count();
        match i.checked_sub(n) {
            None => f64::from(p == i),
            Some(i) if self.slopes[i].0 == p => self.slopes[i].1,
            Some(_) => 0.0,
        }
    }

    /// The covariance `J Σ Jᵀ` of the logarithms of the customers' parameters.
    fn covariance(&self, covariance: &[f64]) -> Result<Vec<f64>> {
        let (n, all) = (self.fit.fit.count(), self.fit.count());
        let mut half = [[0.0; MOST]; 4];
        for (p, row) in half.iter_mut().enumerate().take(n) {
            for (j, cell) in row.iter_mut().enumerate().take(all) {
                *cell = (0..all)
                    .map(|i| self.slope(p, i) * covariance[i * all + j])
                    .sum();
            }
        }
        let cell = |at: usize| (0..all).map(move |j| (at / n, at % n, j));
        let sum = |at: usize| {
            cell(at)
                .map(|(p, q, j)| half[p][j] * self.slope(q, j))
                .sum()
        };
        collect((0..n * n).map(sum), "covariates")
    }

    /// The model with the logarithms of its parameters and its coefficients moved by `shift`.
    fn model(&self, shift: &[f64; MOST]) -> Result<RepeatModel> {
        let n = self.fit.fit.count();
        let mut values = self.fit.fit.model.values();
        let mut logs = *shift;
        let coefficients = self.fit.coefficients().iter().zip(self.slopes);
        for (i, (coefficient, (place, z))) in coefficients.enumerate() {
            logs[*place] += z * (coefficient.value + shift[n + i]);
        }
        for (value, log) in values.iter_mut().zip(&logs[..n]) {
            *value *= exp(*log);
        }
        let model = self.fit.fit.model.with_values(values);
        model.map_err(|_| {
            let expected =
                "covariates near those of the fit: a parameter is 0 or infinite for these";
            Error::option("covariates", "", expected)
        })
    }
}
