//! Values of customers whose models differ by their covariates.
//!
//! Customers with the same covariates are valued by their own model; their random numbers are those of their place among
//! all. The intervals of the total come from what all share: with `S_g` the slopes of a group's total in the logarithms of its parameters,
//! those in what was estimated are `Σ_g J_gᵀ S_g` (see [`covariates`](crate::clv::models::covariates)), and one draw of what was
//! estimated gives the parameters of all groups.

use libm::sqrt;

use super::{Options, Total, Valuation, Values};
use crate::clv::covariate_columns::Alike;
use crate::clv::models::covariates::{CovariateFit, MOST};
use crate::clv::models::gamma_gamma;
use crate::clv::models::histories::Histories;
use crate::clv::models::model::Fit;
use crate::clv::outcome::Interval;
use crate::clv::shop_time::ShopTime;
use crate::clv::tables::clv_summary::Unit;
use crate::context::{Context, filled};
use crate::error::{Error, Result};
use crate::num::rng::Rng;

/// [`value_in`](super::value_in) of customers whose models differ by their covariates.
pub(crate) fn value_by_model(
    time: &ShopTime,
    model: &CovariateFit,
    spend: &Fit<gamma_gamma::Params>,
    (histories, mean_spend, alike): (&Histories<'_>, &[f64], &[Alike<'_>]),
    unit: Unit,
    options: &Options,
    context: &Context,
) -> Result<Values> {
    let (delta, horizon) = options.ahead(unit)?;
    let ahead = time.discounted(delta, horizon)?;
    let root = model.root();
    let n = histories.len();
    let mut all = Values::empty(n, options.interval.is_some(), ahead.horizon.is_some())?;
    let mut slopes = Some([0.0; MOST]);
    let mut of_spend = [0.0; 3];
    let mut totals: Option<Vec<f64>> = None;
    for alike in alike {
        let of_model = model.slopes(&alike.raw)?;
        let draw = |rng: &mut Rng| model.draw(root.as_deref(), &of_model, rng);
        let (part, sums) = alike.with(histories, |histories| {
            let means = alike.take(mean_spend)?;
            let valuation = Valuation {
                model: &alike.fit,
                draw: &draw,
                spend,
                histories,
                mean_spend: &means,
                places: alike.rows.as_deref(),
            };
            valuation.part(unit, options, &ahead, context)
        })?;
        all.put(part, alike);
        // Jᵀ of the slopes in the customers' own parameters.
        slopes = slopes.zip(sums.slopes).map(|(mut slopes, own)| {
            let count = model.fit.count();
            for (slope, own) in slopes.iter_mut().zip(own).take(count) {
                *slope += own;
            }
            for (slope, (place, z)) in slopes[count..].iter_mut().zip(&of_model) {
                *slope += z * own[*place];
            }
            of_spend
                .iter_mut()
                .zip(&own[4..])
                .for_each(|(sum, own)| *sum += own);
            slopes
        });
        match (&mut totals, sums.draws) {
            (Some(totals), Some(draws)) => {
                totals
                    .iter_mut()
                    .zip(draws)
                    .for_each(|(total, draw)| *total += draw);
            }
            (totals, draws) => *totals = draws,
        }
    }
    let clv = all.total.clv;
    let deviation = slopes
        .zip(spend.covariance_of_logs.as_ref())
        .and_then(|(slopes, c)| {
            let of_model = model.variance(&slopes.map(|slope| slope / clv))?;
            let terms = (0..9).map(|at| c[at] * of_spend[at / 3] * of_spend[at % 3] / (clv * clv));
            Some(sqrt((of_model + terms.sum::<f64>()).max(0.0)))
        });
    let totals = totals.filter(|_| n > 0);
    all.total.intervals(deviation, totals, options);
    Ok(all)
}

impl Values {
    /// Values of customers that are filled in by [`Values::put`].
    fn empty(n: usize, with_expected: bool, with_outcome: bool) -> Result<Self> {
        let column = || filled(n, f64::NAN, "values");
        let interval = |there: bool| match there {
            true => Ok::<_, Error>(Some(Interval {
                low: column()?,
                high: column()?,
            })),
            false => Ok(None),
        };
        Ok(Values {
            probability_alive: column()?,
            expected_purchases: column()?,
            expected_spend: column()?,
            clv: column()?,
            expected: interval(with_expected)?,
            outcome: interval(with_expected && with_outcome)?,
            total: Total::default(),
        })
    }

    /// Puts the values of some customers in their rows, and adds them to the total.
    fn put(&mut self, part: Values, alike: &Alike<'_>) {
        alike.scatter(part.probability_alive, &mut self.probability_alive);
        alike.scatter(part.expected_purchases, &mut self.expected_purchases);
        alike.scatter(part.expected_spend, &mut self.expected_spend);
        alike.scatter(part.clv, &mut self.clv);
        let intervals = [
            (part.expected, &mut self.expected),
            (part.outcome, &mut self.outcome),
        ];
        for (part, all) in intervals {
            if let (Some(part), Some(all)) = (part, all) {
                alike.scatter(part.low, &mut all.low);
                alike.scatter(part.high, &mut all.high);
            }
        }
        self.total.expected_purchases += part.total.expected_purchases;
        self.total.clv += part.total.clv;
    }
}
