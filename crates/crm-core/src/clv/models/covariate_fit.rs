//! Maximum likelihood with columns of customers.
//!
//! Customers with the same covariates are a group, whose likelihood is that of the plain model at parameters of its
//! own ([`covariates`](crate::clv::models::covariates)). Their logarithms are linear in what is estimated, φ:
//!
//! ```text
//! ln θ_g = J_g φ        ∂L/∂φ = Σ_g J_gᵀ ∂L_g/∂ln θ        ∂²L/∂φ² = Σ_g J_gᵀ (∂²L_g/∂(ln θ)²) J_g
//! ```
//!
//! so value, gradient and Hessian are those of the plain models. The search runs over columns with mean 0
//! and standard deviation 1, from the fit without covariates; the result is in the columns as they are. A coefficient
//! is at most 10 per standard deviation; there it is a boundary (all customers of a category, say, bought
//! only once).

use libm::{exp, fabs, lgamma, log, sqrt};

use crate::clv::models::bg_fit;
use crate::clv::models::covariates::{
    Coefficient, CovariateColumn, CovariateFit, Covariates, Effect, MOST,
};
use crate::clv::models::histories::Rows;
use crate::clv::models::model::{Fit, Model, Status, VERSION};
use crate::clv::models::repeat_model::RepeatModel;
use crate::clv::models::{nbd, pareto_fit};
use crate::context::{Context, collect, filled, push, room};
use crate::error::{Error, Result};
use crate::num::optimize::{self, Derivatives, Optimum, Outcome, maximize};

/// Customers with the same covariates.
#[derive(Debug)]
pub(crate) struct Group {
    /// Their values of the columns: a number, or the place of a value among the levels.
    pub(crate) raw: Vec<f64>,
    /// Their histories.
    pub(crate) rows: Rows,
}

/// The columns of a fit, and which of them are for what.
#[derive(Debug)]
pub(crate) struct Design {
    pub(crate) columns: Vec<CovariateColumn>,
    /// Names of the columns for the purchase rate.
    pub(crate) purchase: Vec<String>,
    /// Names of the columns for dropout.
    pub(crate) dropout: Vec<String>,
}

/// Groups whose likelihoods are added up by one thread. Fixed, so that sums do not depend on threads.
const PART: usize = 256;

/// The largest coefficient per standard deviation of its column.
const WIDEST: f64 = 10.0;

/// Fits a model with covariates. `plain` is the fit of the same customers without them, of which the kind
/// of model and the regularity k are kept.
pub(crate) fn fit(
    plain: &Fit<RepeatModel>,
    groups: &[Group],
    design: Design,
    ln_gaps: f64,
    context: &Context,
) -> Result<CovariateFit> {
    let empty = template(plain, design)?;
    match empty.count() {
        0..=12 => search::<12>(plain, groups, empty, ln_gaps, context),
        13..=MOST => search::<MOST>(plain, groups, empty, ln_gaps, context),
        _ => Err(Error::option(
            "covariates",
            empty.count(),
            "fewer columns or values of categories: at most 32 parameters and coefficients",
        )),
    }
}

/// What a column is that can have a coefficient.
const TWO_VALUES: &str = "columns with at least two values among the customers";

/// The fit with all coefficients 0.
fn template(plain: &Fit<RepeatModel>, design: Design) -> Result<CovariateFit> {
    let mut coefficients = Vec::new();
    let effects = Effect::of_dropout(&plain.model);
    let of_purchase = std::iter::once((Effect::Purchase, &design.purchase));
    let of_dropout = effects.iter().map(|effect| (*effect, &design.dropout));
    for (effect, names) in of_purchase.chain(of_dropout) {
        for name in names {
            let column = design.columns.iter().find(|column| column.name == *name);
            let levels = column.and_then(|column| column.levels.as_deref());
            let add = |level: Option<&String>| Coefficient {
                effect,
                column: name.clone(),
                level: level.cloned(),
                value: 0.0,
            };
            match levels {
                None => push(&mut coefficients, add(None), "covariates")?,
                Some(levels) => {
                    if levels.len() < 2 {
                        return Err(Error::option("covariates", name, TWO_VALUES));
                    }
                    for level in levels.iter().skip(1) {
                        push(&mut coefficients, add(Some(level)), "covariates")?;
                    }
                }
            }
        }
    }
    Ok(CovariateFit {
        fit: Fit {
            covariance_of_logs: None,
            ..plain.clone()
        },
        covariates: Some(Covariates {
            columns: design.columns,
            coefficients,
            covariance: None,
        }),
    })
}

/// The likelihood of a group.
enum Likelihood<'a> {
    Nbd(nbd::Likelihood<'a>),
    Bg(Box<bg_fit::Likelihood<'a>>),
    Pareto(Box<pareto_fit::Likelihood<'a>>),
}

impl<'a> Likelihood<'a> {
    fn new(model: &RepeatModel, rows: &'a Rows) -> Result<Self> {
        Ok(match model {
            RepeatModel::Nbd(_) => Self::Nbd(nbd::Likelihood::new(rows)?),
            RepeatModel::Bg(p) => {
                let options = bg_fit::Options {
                    family: p.family,
                    k: p.k,
                    ..bg_fit::Options::default()
                };
                Self::Bg(Box::new(bg_fit::Likelihood::new(rows, &options)?))
            }
            RepeatModel::Pareto(_) => Self::Pareto(Box::new(pareto_fit::Likelihood::new(rows)?)),
        })
    }

    /// The sum over the group per customer of the shop, in the logarithms of the group's parameters.
    fn at(&mut self, logs: &[f64; 4], customers: f64) -> Result<Derivatives<4>> {
        let values = logs.map(exp);
        match self {
            Self::Bg(bg) => Ok(bg.at(&values)?.mean_in_logs(&values, customers)),
            Self::Pareto(pareto) => Ok(pareto.at(&values)?.mean_in_logs(&values, customers)),
            Self::Nbd(nbd) => {
                let values = [values[0], values[1]];
                let found = nbd.at(&values).mean_in_logs(&values, customers);
                let mut out = Derivatives::<4> {
                    value: found.value,
                    ..Derivatives::default()
                };
                for i in 0..2 {
                    out.gradient[i] = found.gradient[i];
                    out.hessian[i][..2].copy_from_slice(&found.hessian[i]);
                }
                Ok(out)
            }
        }
    }
}

/// A group with the slopes `∂ ln θ_p / ∂φ` of its coefficients, in columns of mean 0 and deviation 1.
struct Member<'a> {
    slopes: Vec<(usize, f64)>,
    likelihood: Likelihood<'a>,
}

impl Member<'_> {
    /// Adds the group's derivatives at `phi`; the model has `n` parameters.
    fn add<const N: usize>(
        &mut self,
        phi: &[f64; N],
        (n, customers): (usize, f64),
        sum: &mut Derivatives<N>,
    ) -> Result<()> {
        let mut logs = [0.0; 4];
        logs[..n].copy_from_slice(&phi[..n]);
        for (i, (place, slope)) in self.slopes.iter().enumerate() {
            logs[*place] += slope * phi[n + i];
        }
        let own = self.likelihood.at(&logs, customers)?;
        sum.value += own.value;
        // Rows of J: parameter p of the base, or the parameter of a coefficient times its slope.
        let row = |i: usize| match i.checked_sub(n) {
            None => (i, 1.0),
            Some(i) => self.slopes[i],
        };
        for i in 0..n + self.slopes.len() {
            let (p, s) = row(i);
            sum.gradient[i] += s * own.gradient[p];
            for j in 0..n + self.slopes.len() {
                let (q, t) = row(j);
                sum.hessian[i][j] += s * t * own.hessian[p][q];
            }
        }
        Ok(())
    }
}

/// Mean and standard deviation of the slope of each coefficient, over customers.
struct Scale {
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

impl Scale {
    fn new(slopes: &[Vec<(usize, f64)>], groups: &[Group], of: &[Coefficient]) -> Result<Self> {
        let k = of.len();
        let (mut mean, mut deviation) = (filled(k, 0.0, "covariates")?, room(k, "covariates")?);
        let customers: f64 = groups.iter().map(|group| group.rows.customers).sum();
        let each = || {
            slopes
                .iter()
                .zip(groups.iter().map(|g| g.rows.customers / customers))
        };
        for (i, mean) in mean.iter_mut().enumerate() {
            *mean = each().map(|(slopes, share)| share * slopes[i].1).sum();
        }
        for (i, coefficient) in of.iter().enumerate() {
            let squares = each().map(|(slopes, share)| {
                let from_mean = slopes[i].1 - mean[i];
                share * from_mean * from_mean
            });
            let found = sqrt(squares.sum());
            if !(found > 1e-9 * fabs(mean[i]) && found.is_finite()) {
                // Rounding alone makes such differences of equal values.
                let expected = match found > 1e-14 * fabs(mean[i]) {
                    true => "columns whose values differ by more than a billionth of themselves",
                    false => TWO_VALUES,
                };
                return Err(Error::option("covariates", &coefficient.column, expected));
            }
            deviation.push(found);
        }
        Ok(Self { mean, deviation })
    }

    fn standard(&self, slopes: &[(usize, f64)]) -> Result<Vec<(usize, f64)>> {
        let moved = slopes
            .iter()
            .enumerate()
            .map(|(i, (place, slope))| (*place, (slope - self.mean[i]) / self.deviation[i]));
        collect(moved, "covariates")
    }
}

/// Refuses a column that follows from the columns before it: their coefficients could not be told apart.
fn independent(members: &[Member<'_>], groups: &[Group], of: &[Coefficient]) -> Result<()> {
    let customers: f64 = groups.iter().map(|group| group.rows.customers).sum();
    let mut basis: Vec<(Effect, Vec<f64>)> = Vec::new();
    for (i, coefficient) in of.iter().enumerate() {
        let shares = || groups.iter().map(|g| g.rows.customers / customers);
        let mut rest = collect(members.iter().map(|m| m.slopes[i].1), "covariates")?;
        let dot = |a: &[f64], b: &[f64]| -> f64 {
            let products = a.iter().zip(b).zip(shares());
            products.map(|((a, b), share)| share * a * b).sum()
        };
        // Gram and Schmidt; each column has length 1 at first.
        for (effect, direction) in &basis {
            if *effect == coefficient.effect {
                let along = dot(&rest, direction);
                rest.iter_mut()
                    .zip(direction)
                    .for_each(|(r, d)| *r -= along * d);
            }
        }
        let length = sqrt(dot(&rest, &rest));
        if length < 1e-6 {
            let expected = "columns that do not follow from the others";
            return Err(Error::option("covariates", coefficient.name(), expected));
        }
        rest.iter_mut().for_each(|r| *r /= length);
        push(&mut basis, (coefficient.effect, rest), "covariates")?;
    }
    Ok(())
}

fn search<const N: usize>(
    plain: &Fit<RepeatModel>,
    groups: &[Group],
    empty: CovariateFit,
    ln_gaps: f64,
    context: &Context,
) -> Result<CovariateFit> {
    let coefficients = empty
        .covariates
        .as_ref()
        .map_or(&[][..], |c| &c.coefficients);
    let slopes = groups.iter().map(|group| empty.slopes(&group.raw));
    let slopes: Vec<Vec<(usize, f64)>> = slopes.collect::<Result<_>>()?;
    let scale = Scale::new(&slopes, groups, coefficients)?;
    let mut members = room(groups.len(), "likelihood")?;
    for (group, slopes) in groups.iter().zip(&slopes) {
        members.push(Member {
            slopes: scale.standard(slopes)?,
            likelihood: Likelihood::new(&plain.model, &group.rows)?,
        });
    }
    independent(&members, groups, coefficients)?;

    let (n, all) = (plain.count(), empty.count());
    let customers: f64 = groups.iter().map(|group| group.rows.customers).sum();
    let repeats: f64 = groups.iter().map(|group| group.rows.repeats).sum();
    let ages = groups.iter().map(|g| g.rows.mean_age() * g.rows.customers);
    let (start, low, high) = bounds::<N>(plain, ages.sum::<f64>() / customers);
    let best = maximize(start, low, high, customers, |phi| {
        context.check()?;
        let mut parts = room(members.len().div_ceil(PART), "likelihood")?;
        parts.extend(members.chunks_mut(PART));
        let sums = context.map(parts, |part| {
            let mut sum = Derivatives::<N>::default();
            for member in part {
                member.add(phi, (n, customers), &mut sum)?;
            }
            Ok(Box::new(sum))
        })?;
        let mut sum = Derivatives::<N>::default();
        sums.iter().for_each(|part| sum.add(part));
        // What is not there has its maximum at 0.
        for (i, phi) in phi.iter().enumerate().skip(all) {
            sum.value -= 0.5 * phi * phi;
            sum.gradient[i] = -phi;
            sum.hessian[i][i] = -1.0;
        }
        Ok(sum)
    })?;
    let k = match plain.model {
        RepeatModel::Bg(p) => f64::from(p.k),
        _ => 1.0,
    };
    let constant = (k - 1.0) * ln_gaps - repeats * lgamma(k);
    fitted(plain, empty, &scale, &best, (customers, constant))
}

/// Where the search starts, and its caps: for the parameters those of the plain models.
fn bounds<const N: usize>(plain: &Fit<RepeatModel>, scale: f64) -> ([f64; N], [f64; N], [f64; N]) {
    let (mut start, mut low, mut high) = ([0.0; N], [-WIDEST; N], [WIDEST; N]);
    let is_time = |i: usize| i == 1 || (i == 3 && matches!(plain.model, RepeatModel::Pareto(_)));
    for (i, value) in plain.model.values().iter().enumerate().take(plain.count()) {
        let unit = if is_time(i) { scale } else { 1.0 };
        low[i] = log(1e-6 * unit);
        high[i] = log(if is_time(i) { 1e7 } else { 1e6 } * unit);
        // A plain fit at the boundary is no place to start from.
        start[i] = match plain.status {
            Status::Converged => log(*value),
            _ => log(value.clamp(1e-2 * unit, 1e2 * unit)),
        };
    }
    (start, low, high)
}

/// The fit at the optimum, in the columns as they are.
fn fitted<const N: usize>(
    plain: &Fit<RepeatModel>,
    mut empty: CovariateFit,
    scale: &Scale,
    best: &Optimum<N>,
    (customers, constant): (f64, f64),
) -> Result<CovariateFit> {
    let (n, all) = (plain.count(), empty.count());
    let names: Vec<String> = empty.parameters().map(|(name, _)| name).collect();
    let coefficients = empty
        .covariates
        .as_ref()
        .map_or(&[][..], |c| &c.coefficients);
    let places = coefficients.iter().map(|c| c.effect.place().0);
    let places = collect(places, "covariates")?;
    // ln θ₀ = φ − Σ γ̃ m/σ and γ = γ̃/σ: the rows of the linear map.
    let map = |i: usize, j: usize| match (i.checked_sub(n), j.checked_sub(n)) {
        (None, None) => f64::from(i == j),
        (None, Some(j)) if places[j] == i => -scale.mean[j] / scale.deviation[j],
        (Some(i), Some(j)) if i == j => 1.0 / scale.deviation[j],
        _ => 0.0,
    };
    let at = |i: usize| (0..all).map(|j| map(i, j) * best.at[j]).sum::<f64>();
    let mut values = plain.model.values();
    for (i, value) in values.iter_mut().enumerate().take(n) {
        *value = exp(at(i));
    }
    let status = match best.outcome {
        Outcome::Converged => Status::Converged,
        Outcome::Boundary(i) => Status::Boundary {
            parameter: names.get(i).cloned().unwrap_or_default(),
        },
        Outcome::Stalled => Status::Stalled,
    };
    let found = match status {
        Status::Converged => optimize::covariance(&best.derivatives, customers),
        _ => None,
    };
    let covariance = match found {
        Some(found) => {
            let cell = |at: usize| -> f64 {
                let (i, j) = (at / all, at % all);
                let pairs = (0..all * all).map(|k| (k / all, k % all));
                pairs
                    .map(|(k, l)| map(i, k) * found[k][l] * map(j, l))
                    .sum()
            };
            Some(collect((0..all * all).map(cell), "covariates")?)
        }
        None => None,
    };
    let model = plain.model.with_values(values).map_err(|_| {
        let expected = "numbers nearer to 0 (an age, say, and not a year of birth)";
        Error::option("covariates", "", expected)
    })?;
    empty.fit = Fit {
        version: VERSION,
        model,
        status,
        log_likelihood: best.derivatives.value * customers + constant,
        customers,
        covariance_of_logs: None,
        evaluations: best.evaluations,
        seasonality: None,
    };
    if let Some(covariates) = &mut empty.covariates {
        for (i, coefficient) in covariates.coefficients.iter_mut().enumerate() {
            coefficient.value = at(n + i);
        }
        covariates.covariance = covariance;
    }
    Ok(empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clv::models::bg_nbd::Family;
    use crate::clv::models::histories::Histories;
    use crate::clv::models::model::Purchases;
    use crate::clv::models::repeat_model::{Kind, fit as plain_fit};
    use crate::clv::models::{bg_nbd, pareto_nbd};
    use crate::clv::tables::clv_summary::Unit;
    use crate::num::rng::Rng;

    /// Two columns: a category of three values and a number.
    fn columns() -> Vec<CovariateColumn> {
        let levels = ["shop", "app", "web"].map(String::from).to_vec();
        let column = |name: &str, levels| CovariateColumn {
            name: name.into(),
            levels,
        };
        vec![column("channel", Some(levels)), column("age", None)]
    }

    fn design() -> Design {
        let names = || vec!["channel".to_owned(), "age".to_owned()];
        Design {
            columns: columns(),
            purchase: names(),
            dropout: names(),
        }
    }

    /// A fit with these coefficients, none of them estimated.
    fn truth(model: RepeatModel, values: &[f64]) -> CovariateFit {
        let mut truth = template(&Fit::given(model), design()).unwrap();
        let coefficients = &mut truth.covariates.as_mut().unwrap().coefficients;
        assert_eq!(coefficients.len(), values.len());
        for (coefficient, value) in coefficients.iter_mut().zip(values) {
            coefficient.value = *value;
        }
        truth
    }

    /// Groups of simulated customers, and all customers together.
    fn shop(truth: &CovariateFit, size: u64) -> (Vec<Group>, Rows) {
        let (mut groups, mut all) = (Vec::new(), [vec![], vec![], vec![]]);
        for (g, raw) in [
            [0.0, 20.0],
            [0.0, 45.0],
            [1.0, 30.0],
            [1.0, 60.0],
            [2.0, 25.0],
            [2.0, 50.0],
        ]
        .into_iter()
        .enumerate()
        {
            let own = truth.of(&raw).unwrap().model;
            let mut columns: [Vec<f64>; 3] = Default::default();
            for i in 0..size {
                let mut rng = Rng::stream(g as u64, i);
                let age = 100.0 + rng.below(80) as f64;
                let times = own.simulate(age, &mut rng).unwrap();
                columns[0].push(times.len() as f64);
                columns[1].push(times.last().copied().unwrap_or(0.0));
                columns[2].push(age);
            }
            for (all, column) in all.iter_mut().zip(&columns) {
                all.extend(column);
            }
            let rows = Rows::new(&Histories::new(&columns[0], &columns[1], &columns[2])).unwrap();
            let raw = raw.to_vec();
            groups.push(Group { raw, rows });
        }
        let all = Rows::new(&Histories::new(&all[0], &all[1], &all[2])).unwrap();
        (groups, all)
    }

    fn bg() -> RepeatModel {
        let values = [0.8, 20.0, 0.9, 2.5];
        RepeatModel::Bg(bg_nbd::Params::new(Family::Mbg, 1, values, Unit::Day).unwrap())
    }

    fn pareto() -> RepeatModel {
        let values = [0.9, 12.0, 1.4, 60.0];
        RepeatModel::Pareto(pareto_nbd::Params::new(values, Unit::Day).unwrap())
    }

    fn direct(fit: &CovariateFit, groups: &[Group]) -> f64 {
        let of_group = |group: &Group| -> f64 {
            let own = fit.of(&group.raw).unwrap().model;
            let rows = 0..group.rows.len();
            rows.map(|i| group.rows.weight[i] * own.log_likelihood(group.rows.history(i)))
                .sum()
        };
        groups.iter().map(of_group).sum()
    }

    /// Coefficients are within four standard errors of the truth, the likelihood is that of the customers one by
    /// one, and no step of a parameter or a coefficient raises it.
    #[test]
    fn truth_is_recovered_at_a_maximum() {
        for (kind, model, coefficients) in [
            (
                Kind::MbgNbd,
                bg(),
                &[0.5, -0.3, 0.01, 0.3, -0.2, 0.01, -0.2, 0.1, -0.01][..],
            ),
            (
                Kind::ParetoNbd,
                pareto(),
                &[0.5, -0.3, 0.01, -0.4, 0.3, 0.01][..],
            ),
        ] {
            let truth = truth(model, coefficients);
            let (groups, all) = shop(&truth, 1_500);
            let context = Context::default();
            let plain = plain_fit(kind, &all, Unit::Day, 0.0, &context).unwrap();
            let fit = fit(&plain, &groups, design(), 0.0, &context).unwrap();
            assert_eq!(fit.fit.status, Status::Converged);
            let errors = fit.standard_errors().unwrap();
            let pairs = fit.parameters().zip(truth.parameters()).zip(&errors);
            for (((name, found), (_, truth)), error) in pairs {
                assert!(
                    fabs(found - truth) < 4.0 * error,
                    "{name} {found} {truth} {error}"
                );
            }
            let best = direct(&fit, &groups);
            assert!(fabs(best - fit.fit.log_likelihood) < 1e-7 * fabs(best));
            for i in 0..errors.len() - plain.count() {
                for step in [-0.02, 0.02] {
                    let mut moved = fit.clone();
                    moved.covariates.as_mut().unwrap().coefficients[i].value +=
                        step * errors[plain.count() + i];
                    let found = direct(&moved, &groups);
                    assert!(found < best, "{i} {step} {found} {best}");
                }
            }
        }
    }

    /// The variance of a customer's parameters is that of a quantity by the delta method, and draws have it.
    #[test]
    fn draws_vary_as_the_covariance_says() {
        let truth = truth(pareto(), &[0.5, -0.3, 0.01, -0.4, 0.3, 0.01]);
        let (groups, all) = shop(&truth, 300);
        let context = Context::default();
        let plain = plain_fit(Kind::ParetoNbd, &all, Unit::Day, 0.0, &context).unwrap();
        let fit = fit(&plain, &groups, design(), 0.0, &context).unwrap();
        let raw = [2.0, 33.0];
        let own = fit.of(&raw).unwrap();
        let logs = own.covariance_of_logs.as_ref().unwrap();
        let (root, slopes) = (fit.root(), fit.slopes(&raw).unwrap());
        let mut rng = Rng::stream(7, 0);
        let draws: Vec<[f64; 4]> = (0..4_000)
            .map(|_| fit.draw(root.as_deref(), &slopes, &mut rng).unwrap())
            .map(|model| model.values().map(log))
            .collect();
        let mean = |p: usize| draws.iter().map(|v| v[p]).sum::<f64>() / 4_000.0;
        for p in 0..4 {
            for q in 0..4 {
                let (m, n) = (mean(p), mean(q));
                let found = draws.iter().map(|v| (v[p] - m) * (v[q] - n)).sum::<f64>() / 4_000.0;
                let scale = sqrt(logs[p * 4 + p] * logs[q * 4 + q]);
                assert!(fabs(found - logs[p * 4 + q]) < 0.08 * scale, "{p} {q}");
            }
        }
        assert!(fabs(mean(1) - log(own.model.values()[1])) < 0.1);
    }

    #[test]
    fn columns_that_say_the_same_are_refused() {
        let truth = truth(pareto(), &[0.0; 6]);
        let (mut groups, all) = shop(&truth, 50);
        let context = Context::default();
        let plain = plain_fit(Kind::Nbd, &all, Unit::Day, 0.0, &context).unwrap();
        // The age is that of the channel.
        for group in &mut groups {
            group.raw[1] = if group.raw[0] == 2.0 { 7.0 } else { 3.0 };
        }
        let error = fit(&plain, &groups, design(), 0.0, &context).unwrap_err();
        assert!(
            error.to_string().contains("do not follow from the others"),
            "{error}"
        );
        for group in &mut groups {
            group.raw[1] = 3.0;
        }
        let error = fit(&plain, &groups, design(), 0.0, &context).unwrap_err();
        assert!(error.to_string().contains("at least two values"), "{error}");
    }
}
