//! Fits the gap model of a shop.
//!
//! The likelihood of a customer with completed gaps `g` and `e` days since the last order is
//!
//! ```text
//! L_i = B(a, b+n)/B(a, b) · Σ_c w_c m_c(g) [ q_n + (1 − q_n) S_c(e + ½ | g) ]
//! ```
//!
//! with `m_c` the marginal density of the gaps in class c, `S_c(· | g)` the predictive distribution
//! of the next gap, and `q_n = a/(a + b + n)`. So **the open gap is a right-censored observation**:
//! without it every cycle would look too short, and without dropout customers who have left would
//! look slow. Both families are fitted and the one with the higher likelihood is kept.
//!
//! # Method
//!
//! Rounds of three steps until the likelihood no longer rises: the class weights by EM, the dropout
//! `(a, b)` and the population's `(typical gap, spread)` each by a two-dimensional simplex; each
//! point of the latter includes a few EM steps. There are no derivatives, no start to choose, and
//! no randomness.
//!
//! With few gaps the result includes points of the [posterior](super::posterior) of the parameters. With more
//! it includes two or three [kinds](super::kinds) of customers, where the data show them.
//!
//! Weak priors (the weight of about one customer) keep the parameters of very small shops inside
//! their range: two customers spread evenly over the classes, and broad normal distributions of
//! `ln typical gap`, `ln spread`, `logit a/(a+b)`, `ln (a+b)`. With a thousand customers they are
//! negligible.
//!
//! # Sampling
//!
//! All customers with one purchase are used. If more than [`Options::sample`] customers came back,
//! that many of them are sampled (`subsample.rs`), and the weight of customers with one
//! purchase is reduced in proportion. So a large shop with few repeat customers uses all of them.
//! Every customer is predicted from their own gaps. With more than two thousand customers the
//! search starts from the result for a thousand of them, without a family that was clearly worse
//! there.

use serde::{Deserialize, Serialize};

use super::gap_params::{FINE, Family, History, KINDS, Params};
use super::kinds;
use super::likelihood::Point;
use super::posterior::posterior;
use super::search::{Pace, Search};
use super::subsample::Sample;
use crate::context::{Context, room};
use crate::error::{Error, Result};

/// Options of [`fit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Setters)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The family. `None` (default): the one with the higher likelihood.
    pub family: Option<Family>,
    /// The most returning customers to which the parameters are fitted. Default 8,192.
    pub sample: u32,
    /// The most [kinds](super::kinds) of customers, 1 to 3. Default 3.
    pub kinds: u8,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            family: None,
            sample: 8_192,
            kinds: KINDS as u8,
        }
    }
}

/// A fitted gap model and statistics of the fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fit {
    /// The parameters.
    pub params: Params,
    /// Log-likelihood of the customers used as one kind, without priors, in days.
    pub log_likelihood: f64,
    /// The log-likelihood of the other family, unless it was left out.
    pub other_log_likelihood: Option<f64>,
    /// The number of customers to which the parameters were fitted.
    pub customers: u32,
    /// The number of their completed gaps.
    pub gaps: u64,
    /// Whether the likelihood stopped rising within the allowed rounds.
    pub converged: bool,
}

/// Fits the shop's gap model to each customer's completed gaps and open gap (`open`, the days since
/// the last order, or their length in the shop's own time), in ascending id.
///
/// # Errors
///
/// [`Error::Insufficient`] without a completed gap: a shop without a repeat customer has no
/// information on gaps; cancellation.
///
/// ```
/// use crm_core::Context;
/// use crm_core::cycle::{fit::{self, Options}, gap_model::History};
///
/// let gaps: Vec<Vec<u32>> = (0..60).map(|i| vec![25 + i % 9; (i % 4) as usize]).collect();
/// let histories: Vec<History> = gaps.iter().map(|g| History::new(g)).collect();
/// let open: Vec<u32> = (0..60).map(|i| i * 2).collect();
/// let fitted = fit::fit(&histories, &open, &Options::default(), &Context::default())?;
/// assert!((20.0..40.0).contains(&fitted.params.typical_gap.get()));
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn fit<T: Copy + Into<f64>>(
    histories: &[History],
    open: &[T],
    options: &Options,
    context: &Context,
) -> Result<Fit> {
    if histories.len() != open.len() {
        return Err(Error::ColumnLength {
            column: "open".into(),
            found: open.len(),
            expected: histories.len(),
        });
    }
    let sample = Sample::new(histories, open, options.sample.max(1))?;
    if sample.gaps == 0 {
        return Err(Error::Insufficient {
            what: "repeat customers",
            needed: 1,
            found: 0,
        });
    }
    let families = [Family::Gamma, Family::LogNormal].into_iter();
    let families = families.filter(|family| options.family.is_none_or(|only| only == *family));
    let pilot = sample.pilot()?;
    let mut searches = room(2, "fit")?;
    for family in families {
        searches.push(match &pilot {
            Some(few) => Search::run(few, family, Point::start(few), &ROUGH, context)?,
            None => Search::run(&sample, family, Point::start(&sample), &WHOLE, context)?,
        });
    }
    if pilot.is_some() {
        // Both families fit the pilot; only those near the better one fit the sample.
        let near = |searches: &[Search]| {
            let best = searches.iter().map(|search| search.likelihood);
            best.fold(f64::NEG_INFINITY, f64::max) - CLEARLY_WORSE
        };
        let near = near(&searches);
        searches.retain(|search| search.likelihood >= near);
        for search in &mut searches {
            *search = Search::run(&sample, search.family, search.at, &CLOSE, context)?;
        }
    }
    let mut best: Option<Search> = None;
    let mut other = None;
    for search in searches {
        match &best {
            Some(first) if first.likelihood >= search.likelihood => {
                other = Some(search.likelihood);
            }
            _ => {
                other = best.map(|first| first.likelihood);
                best = Some(search);
            }
        }
    }
    // Without a family there is no search.
    let Some(best) = best else {
        return Err(Error::Convergence {
            model: "gap model",
            reason: "no family".into(),
        });
    };
    let mut params = best.at.params(best.family)?;
    params.posterior = posterior(&sample, pilot.as_ref(), best.family, &best.at, context)?;
    if params.posterior.is_empty() {
        let most = usize::from(options.kinds);
        params.kinds = kinds::find(&sample, best.family, &best.at, most, context)?;
    }
    Ok(Fit {
        params,
        log_likelihood: best.likelihood,
        other_log_likelihood: other,
        customers: sample.customers,
        gaps: sample.gaps,
        converged: best.converged,
    })
}

/// From any start to the end.
const WHOLE: Pace = Pace {
    reach: 1.0,
    rise: [1e-3, 0.02],
    fineness: FINE,
};
/// From any start, accurate enough to start a search with eight times the customers.
const ROUGH: Pace = Pace {
    reach: 1.0,
    rise: [0.02, 0.1],
    fineness: 0.5 * FINE,
};
/// From such a start to the end; steps are a few standard errors.
const CLOSE: Pace = Pace {
    reach: 0.2,
    rise: [5e-3, 0.02],
    fineness: 0.5 * FINE,
};

/// A family is clearly worse if its log-likelihood for a thousand customers is lower by this.
const CLEARLY_WORSE: f64 = 10.0;
