//! What all the models share: the unit of time, fits, and predictions.

use libm::{exp, log, sqrt};
use serde::{Deserialize, Serialize};

use crate::clv::models::histories::{Histories, History};
use crate::clv::models::memo::Once;
pub use crate::clv::tables::clv_summary::Unit;
use crate::context::{collect, push};
use crate::error::{Error, Result};
use crate::num::optimize::{Optimum, Outcome, lower_root};
use crate::num::rng::Rng;
use crate::num::{Fraction, Positive, normal, optimize};
use crate::season::Seasonality;

/// Version of the JSON form of fits and parameters.
pub const VERSION: u32 = 1;

impl Unit {
    /// Its name in options and results.
    pub const fn word(self) -> &'static str {
        match self {
            Unit::Day => "day",
            Unit::Week => "week",
            Unit::CalendarWeek => "calendar_week",
            Unit::Month => "month",
        }
    }

    /// Refuses data whose unit is not this unit of a model.
    ///
    /// # Errors
    ///
    /// [`Error::OptionValue`] naming both units.
    pub fn expect(self, data: Unit) -> Result<()> {
        if self == data {
            return Ok(());
        }
        let expected = match self {
            Unit::Day => "day, the unit of the model",
            Unit::Week => "week, the unit of the model",
            Unit::CalendarWeek => "calendar_week, the unit of the model",
            Unit::Month => "month, the unit of the model",
        };
        Err(Error::option("unit", data.word(), expected))
    }
}

/// How a fit ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The fit is at the maximum of the likelihood.
    Converged,
    /// The likelihood rises towards 0 or ∞, or is flat, along a parameter. Predictions are finite
    /// and usable; standard errors do not exist.
    Boundary {
        /// The parameter.
        parameter: String,
    },
    /// No maximum was reached. The parameters are those of the highest likelihood found.
    Stalled,
}

/// A set of parameters of one model, with its unit of time where it has one.
pub trait Model: Clone {
    /// The model's name in JSON and in comparisons.
    fn name(&self) -> &'static str;

    /// Names of the estimated parameters.
    fn names(&self) -> &'static [&'static str];

    /// Values of the estimated parameters, in the order of the names.
    fn values(&self) -> [f64; 4];

    /// The same model with other values; values beyond its number of parameters are ignored.
    ///
    /// # Errors
    ///
    /// [`Error::OptionValue`] if one is not finite and greater than 0.
    fn with_values(&self, values: [f64; 4]) -> Result<Self>;
}

/// Checks the value of a parameter.
pub(crate) fn positive(name: &str, value: f64) -> Result<Positive> {
    Positive::new(value).ok_or_else(|| Error::option(name, value, "a finite number greater than 0"))
}

/// Adds a simulated purchase. Parameters under which one customer buys millions of times are
/// refused before they fill the memory.
pub(crate) fn push_purchase(times: &mut Vec<f64>, at: f64) -> Result<()> {
    if times.len() >= 1 << 22 {
        return Err(Error::Overflow {
            column: "simulate".into(),
            what: "the number of purchases of one customer",
        });
    }
    push(times, at, "simulated purchases")
}

/// The predictions of a model of repeat purchases. Times are in the unit of the parameters;
/// histories must be valid ([`History::checked`]).
pub trait Purchases {
    /// The unit of time.
    fn unit(&self) -> Unit;

    /// Logarithm of the likelihood of one history.
    fn log_likelihood(&self, history: History) -> f64;

    /// Probability of being alive after a further time `t`, given the history. `t = 0` is now.
    fn probability_alive(&self, history: History, t: f64) -> f64;

    /// Discounted purchases within a further `horizon` (infinite if `None`) of a customer who is
    /// alive; a purchase at time `t` counts `e^(−delta·t)`. +∞ if the sum diverges.
    fn residual(&self, history: History, delta: f64, horizon: Option<f64>) -> f64;

    /// Whether [`Purchases::residual`] is the same for every recency.
    fn forgets_recency(&self) -> bool {
        true
    }

    /// `E[Y(t)]`: purchases expected within a further `t`, given the history.
    fn expected(&self, history: History, t: f64) -> f64 {
        self.discounted(history, 0.0, Some(t))
    }

    /// `E[X(t)]`: repeat purchases expected of a new customer within `t`.
    fn expected_of_new(&self, t: f64) -> f64 {
        self.expected(History::NEW, t)
    }

    /// `P(Y(t) = n)`, given the history; with [`History::NEW`], `P(X(t) = n)`.
    fn probability_of(&self, n: u32, history: History, t: f64) -> f64;

    /// Discounted expected residual transactions: [`Purchases::residual`] times the probability of
    /// being alive. With `delta = 0` exactly [`Purchases::expected`].
    fn discounted(&self, history: History, delta: f64, horizon: Option<f64>) -> f64 {
        let residual = self.residual(history, delta, horizon);
        // Infinite for every customer who may be alive; a P(alive) below the smallest double is 0
        // here.
        if residual == f64::INFINITY {
            return residual;
        }
        self.probability_alive(history, 0.0) * residual
    }

    /// Purchase times of a new customer within `age`, ascending, drawn at random.
    fn simulate(&self, age: f64, rng: &mut Rng) -> Result<Vec<f64>>;

    /// Draws the purchases within a further `t` of a customer who is alive, given the history.
    fn draw_alive(&self, history: History, t: f64, rng: &mut Rng) -> u64;

    /// P(alive) now for many customers.
    ///
    /// # Errors
    ///
    /// Those of [`Histories::check`], and out of memory.
    fn alive_now_all(&self, histories: &Histories<'_>) -> Result<Vec<f64>> {
        histories.check()?;
        // For customers without a repeat purchase the result depends on T alone; they are most of a
        // shop.
        let mut one_time = Once::new(histories.age)?;
        let rows = 0..histories.len();
        let alive = rows.map(|row| {
            let history = histories.at(row);
            let compute = || self.probability_alive(history, 0.0);
            if history.x == 0.0 {
                one_time.value(row, compute)
            } else {
                compute()
            }
        });
        collect(alive, "predictions")
    }
}

/// A fitted model as plain data, without any of its input. Serde gives its versioned JSON form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fit<M> {
    /// Version of this form.
    pub version: u32,
    /// The parameters, with their unit.
    pub model: M,
    /// How the fit ended.
    pub status: Status,
    /// Total log-likelihood, in the unit of time of the data.
    pub log_likelihood: f64,
    /// Customers, weights counted.
    pub customers: f64,
    /// Covariance of the *logarithms* of the parameters, row by row; none unless converged.
    pub covariance_of_logs: Option<Vec<f64>>,
    /// How often likelihood, gradient and Hessian were evaluated.
    pub evaluations: u32,
    /// The factors of demand at whose pace the model's time runs; `None`: time runs evenly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seasonality: Option<Seasonality>,
}

impl<M: Model> Fit<M> {
    /// A fit from the optimum of a likelihood.
    pub(crate) fn new<const N: usize>(
        start: &M,
        best: &Optimum<N>,
        customers: f64,
        constant: f64,
    ) -> Result<Self> {
        let mut values = [1.0; 4];
        for (value, theta) in values.iter_mut().zip(best.at) {
            *value = exp(theta);
        }
        let model = start.with_values(values)?;
        let status = match best.outcome {
            Outcome::Converged => Status::Converged,
            Outcome::Boundary(i) => Status::Boundary {
                parameter: model.names()[i].into(),
            },
            Outcome::Stalled => Status::Stalled,
        };
        let covariance = match status {
            Status::Converged => optimize::covariance(&best.derivatives, customers),
            _ => None,
        };
        Ok(Self {
            version: VERSION,
            status,
            log_likelihood: best.derivatives.value * customers + constant,
            customers,
            covariance_of_logs: covariance.map(|c| c.as_flattened().to_owned()),
            evaluations: best.evaluations,
            model,
            seasonality: None,
        })
    }

    /// The same fit with the model in another form.
    pub fn map<N>(self, f: impl FnOnce(M) -> N) -> Fit<N> {
        Fit {
            version: self.version,
            model: f(self.model),
            status: self.status,
            log_likelihood: self.log_likelihood,
            customers: self.customers,
            covariance_of_logs: self.covariance_of_logs,
            evaluations: self.evaluations,
            seasonality: self.seasonality,
        }
    }

    /// A fit of given parameters: it has no likelihood and no standard errors.
    pub fn given(model: M) -> Self {
        Self {
            version: VERSION,
            model,
            status: Status::Converged,
            log_likelihood: 0.0,
            customers: 0.0,
            covariance_of_logs: None,
            evaluations: 0,
            seasonality: None,
        }
    }

    /// Number of estimated parameters.
    pub fn count(&self) -> usize {
        self.model.names().len()
    }

    /// Names and values of the estimated parameters.
    pub fn parameters(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.model.names().iter().copied().zip(self.model.values())
    }

    /// Covariance of the parameters, row by row.
    pub fn covariance(&self) -> Option<Vec<f64>> {
        let n = self.count();
        let values = self.model.values();
        let logs = self.covariance_of_logs.as_ref()?;
        Some(
            logs.iter()
                .enumerate()
                .map(|(at, c)| c * values[at / n] * values[at % n])
                .collect(),
        )
    }

    /// Standard errors of the parameters; none unless converged.
    pub fn standard_errors(&self) -> Option<Vec<f64>> {
        let n = self.count();
        let covariance = self.covariance()?;
        Some((0..n).map(|i| sqrt(covariance[i * n + i])).collect())
    }

    /// Intervals of the parameters at a level such as 0.95, symmetric on the log scale.
    pub fn intervals(&self, level: Fraction) -> Option<Vec<(f64, f64)>> {
        let n = self.count();
        let z = normal::quantile(0.5 + 0.5 * level.get());
        let logs = self.covariance_of_logs.as_ref()?;
        Some(
            (0..n)
                .map(|i| {
                    let value = self.model.values()[i];
                    let width = z * sqrt(logs[i * n + i]);
                    (value * exp(-width), value * exp(width))
                })
                .collect(),
        )
    }

    /// Standard error of a function of the parameters, by the delta method on the log scale with
    /// central differences; none unless converged.
    pub fn delta_error(&self, mut quantity: impl FnMut(&M) -> f64) -> Option<f64> {
        const STEP: f64 = 1e-4;
        let n = self.count();
        let logs = self.covariance_of_logs.as_ref()?;
        let values = self.model.values();
        let mut slope = [0.0; 4];
        for i in 0..n {
            let mut at = |factor: f64| {
                let mut moved = values;
                moved[i] *= exp(factor);
                self.model.with_values(moved).ok().map(|m| quantity(&m))
            };
            slope[i] = (at(STEP)? - at(-STEP)?) / (2.0 * STEP);
        }
        let variance: f64 = (0..n * n)
            .map(|at| logs[at] * slope[at / n] * slope[at % n])
            .sum();
        Some(sqrt(variance.max(0.0)))
    }

    /// Akaike's criterion; smaller is better.
    pub fn aic(&self) -> f64 {
        2.0 * self.count() as f64 - 2.0 * self.log_likelihood
    }

    /// Bayesian information criterion; smaller is better.
    pub fn bic(&self) -> f64 {
        self.count() as f64 * log(self.customers) - 2.0 * self.log_likelihood
    }

    /// Draws parameters from their normal distribution on the log scale; the estimates themselves
    /// where there is no covariance.
    pub fn draw(&self, rng: &mut Rng) -> Result<M> {
        let n = self.count();
        let mut values = self.model.values();
        if let Some(logs) = &self.covariance_of_logs {
            let entry = |i, j| if i < n && j < n { logs[i * n + j] } else { 0.0 };
            let root: [[f64; 4]; 4] = lower_root(&std::array::from_fn(|i| {
                std::array::from_fn(|j| entry(i, j))
            }));
            let draws: [f64; 4] = std::array::from_fn(|_| rng.normal());
            for i in 0..n {
                let shift: f64 = (0..=i).map(|j| root[i][j] * draws[j]).sum();
                values[i] *= exp(shift);
            }
        }
        self.model.with_values(values)
    }
}
