//! Standard errors and intervals by the bootstrap: the fit is repeated on resampled customers.
//!
//! In each replicate the number of customers with a history is Poisson with the observed number as
//! mean (the Poisson bootstrap: the multinomial bootstrap without its fixed total). Each replicate
//! has its own random stream, so the result does not depend on threads. Replicates that do not
//! converge are left out and counted.
//!
//! # References
//!
//! - Efron, B. (1979). Bootstrap methods: another look at the jackknife. *Annals of Statistics* 7.
//! - Hanley, J. A., MacGibbon, B. (2006). Creating non-parametric bootstrap samples using Poisson
//!   frequencies. *Computer Methods and Programs in Biomedicine* 83.

use crate::clv::models::gamma_gamma;
use crate::clv::models::gamma_gamma::{NoSpend, Spend};
use crate::clv::models::histories::Rows;
use crate::clv::models::model::{Fit, Model, Status};
use crate::clv::models::repeat_model::{RepeatModel, refit};
use crate::context::{Context, collect, filled, push, room};
use crate::error::{Error, Result};
use crate::num::Fraction;
use crate::num::rng::Rng;
use libm::{log, round};

/// The results of the replicates.
pub(crate) struct Bootstrap {
    /// Estimates of each parameter, ascending.
    estimates: Vec<Vec<f64>>,
    /// Covariance of the logarithms of the parameters, row by row.
    pub(crate) covariance_of_logs: Vec<f64>,
    /// Replicates that converged.
    pub(crate) converged: usize,
}

impl Bootstrap {
    /// Repeats a fit `replicates` times. `refit` takes the replicate's random numbers and returns
    /// the estimates if the fit converged.
    fn new(
        replicates: u32,
        seed: u64,
        count: usize,
        context: &Context,
        refit: impl Fn(&mut Rng) -> Result<Option<[f64; 4]>> + Sync,
    ) -> Result<Self> {
        if !(20..=10_000).contains(&replicates) {
            return Err(Error::option("bootstrap", replicates, "0, or 20 to 10000"));
        }
        let streams = collect(0..replicates, "replicates")?;
        let found = context.map(streams, |replicate| {
            context.check()?;
            refit(&mut Rng::stream(seed, u64::from(replicate)))
        })?;
        let mut values = Vec::new();
        for found in found.into_iter().flatten() {
            push(&mut values, found, "replicates")?;
        }
        let n = values.len();
        if n < 20 {
            return Err(Error::Insufficient {
                what: "replicates that converge",
                needed: 20,
                found: n as u64,
            });
        }
        let mut estimates = room(count, "replicates")?;
        for i in 0..count {
            let mut column = collect(values.iter().map(|v| v[i]), "replicates")?;
            column.sort_unstable_by(f64::total_cmp);
            estimates.push(column);
        }
        let mean = |i: usize| values.iter().map(|v| log(v[i])).sum::<f64>() / n as f64;
        let means: [f64; 4] = std::array::from_fn(mean);
        let mut covariance = filled(count * count, 0.0, "replicates")?;
        for (at, cell) in covariance.iter_mut().enumerate() {
            let (i, j) = (at / count, at % count);
            let products = values
                .iter()
                .map(|v| (log(v[i]) - means[i]) * (log(v[j]) - means[j]));
            *cell = products.sum::<f64>() / (n - 1) as f64;
        }
        Ok(Self {
            estimates,
            covariance_of_logs: covariance,
            converged: n,
        })
    }

    /// The bootstrap of a model of purchases; the regularity k is not refitted.
    pub(crate) fn of_purchases(
        fit: &Fit<RepeatModel>,
        rows: &Rows,
        (replicates, seed): (u32, u64),
        context: &Context,
    ) -> Result<Self> {
        Self::new(replicates, seed, fit.count(), context, |rng| {
            estimates(refit(&fit.model, &rows.drawn_anew(rng)?, context))
        })
    }

    /// The bootstrap of the model of spend.
    pub(crate) fn of_spend(
        fit: &Fit<gamma_gamma::Params>,
        spend: &Spend<'_>,
        policy: NoSpend,
        (replicates, seed): (u32, u64),
        context: &Context,
    ) -> Result<Self> {
        Self::new(replicates, seed, fit.count(), context, |rng| {
            let rows = 0..spend.frequency.len();
            let weight = rows.map(|row| rng.poisson(spend.weight.map_or(1.0, |w| w[row])) as f64);
            let weight = collect(weight, "replicates")?;
            let drawn = Spend {
                weight: Some(&weight),
                ..*spend
            };
            estimates(gamma_gamma::fit(&drawn, policy, context).map(|fitted| fitted.fit))
        })
    }

    /// Percentiles of each parameter.
    pub(crate) fn intervals(&self, level: Fraction) -> Vec<(f64, f64)> {
        let at = |sorted: &Vec<f64>, p: f64| sorted[round(p * (sorted.len() - 1) as f64) as usize];
        let tail = 0.5 * (1.0 - level.get());
        let ends = |sorted| (at(sorted, tail), at(sorted, 1.0 - tail));
        self.estimates.iter().map(ends).collect()
    }
}

/// The estimates of a replicate; `None` if the fit did not converge or the sample has too few
/// customers.
fn estimates<M: Model>(fit: Result<Fit<M>>) -> Result<Option<[f64; 4]>> {
    match fit {
        Ok(fit) => Ok((fit.status == Status::Converged).then(|| fit.model.values())),
        Err(Error::Insufficient { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clv::models::histories::Histories;
    use crate::clv::models::model::Purchases;
    use crate::clv::models::pareto_nbd;
    use crate::clv::models::repeat_model::{Kind, fit};
    use crate::clv::tables::clv_summary::Unit;

    /// Where the model is true, the bootstrap agrees with the standard errors from the Hessian.
    #[test]
    #[cfg(feature = "rayon")]
    fn errors_are_those_of_the_likelihood() {
        let truth = pareto_nbd::Params::new([0.8, 12.0, 1.1, 60.0], Unit::Day).unwrap();
        let mut columns: [Vec<f64>; 3] = Default::default();
        for i in 0..3_000 {
            let times = truth.simulate(150.0, &mut Rng::stream(9, i)).unwrap();
            columns[0].push(times.len() as f64);
            columns[1].push(libm::floor(times.last().copied().unwrap_or(0.0)));
            columns[2].push(150.0);
        }
        let rows = Rows::new(&Histories::new(&columns[0], &columns[1], &columns[2])).unwrap();
        let fit = fit(Kind::MbgNbd, &rows, Unit::Day, 0.0, &Context::default()).unwrap();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(2)
            .build()
            .unwrap();
        let two = Context {
            pool: Some(&pool),
            ..Context::default()
        };
        let run = |c: &Context| Bootstrap::of_purchases(&fit, &rows, (100, 5), c).unwrap();
        let (one, two) = (run(&Context::default()), run(&two));
        assert_eq!(one.covariance_of_logs, two.covariance_of_logs);
        assert_eq!(one.converged, 100);
        let hessian = fit.covariance_of_logs.clone().unwrap();
        for i in 0..4 {
            let ratio = one.covariance_of_logs[i * 5] / hessian[i * 5];
            // A hundred replicates give a variance with a standard error of 14 %.
            assert!((0.55..1.8).contains(&ratio), "{i}: {ratio}");
            let (low, high) = one.intervals(Fraction::P95)[i];
            assert!(low < fit.model.values()[i] && fit.model.values()[i] < high);
        }
    }
}
