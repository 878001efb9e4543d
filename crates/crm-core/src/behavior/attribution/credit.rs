//! How a conversion is divided among the touches of its path.

use super::markov::{self, Chain, States};
use super::paths::Paths;
use crate::context::{Context, filled, grow};
use crate::error::{Error, Result};
use libm::{exp2, floor};
use serde::{Deserialize, Serialize};

/// A rule of attribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Model {
    /// The last touch.
    Last,
    /// The first touch.
    First,
    /// The last touch that is not direct; direct, if all are.
    LastNonDirect,
    /// All touches alike.
    Linear,
    /// 40 % the first, 40 % the last, the rest those between.
    Position,
    /// Half as much for each half-life before the conversion.
    TimeDecay,
    /// By the removal effects of a Markov chain.
    Markov,
    /// By Shapley values: all different channels of the path alike.
    Shapley,
}

/// How the Markov chain's conversions are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MarkovShare {
    /// All conversions together, among all channels.
    #[default]
    Total,
    /// Each conversion among the channels of its own path.
    Path,
}

/// What the rules need besides the paths.
pub(super) struct Rule<'a> {
    /// For each channel, whether it is direct.
    pub(super) direct: Vec<bool>,
    pub(super) distinct: bool,
    /// Days.
    pub(super) half_life: f64,
    pub(super) step: bool,
    pub(super) share: MarkovShare,
    pub(super) states: Option<&'a States>,
}

/// Conversions and revenue of each channel.
#[derive(Debug, Clone)]
pub(super) struct Credit {
    pub(super) conversions: Vec<f64>,
    pub(super) revenue: Vec<f64>,
    /// Of the Markov chain.
    pub(super) probability: Option<f64>,
}

/// How often each path is counted.
pub(super) struct Weights<'a> {
    pub(super) conversions: &'a [f64],
    pub(super) nulls: &'a [f64],
    pub(super) revenue: &'a [f64],
}

/// The credit of each channel by one model.
pub(super) fn credit(
    paths: &Paths,
    model: Model,
    rule: &Rule,
    weights: &Weights,
    context: &Context,
) -> Result<Credit> {
    let n = paths.channels.len();
    let mut credit = Credit {
        conversions: filled(n, 0.0, "credit")?,
        revenue: filled(n, 0.0, "credit")?,
        probability: None,
    };
    let mut effects = Vec::new();
    if model == Model::Markov {
        let states = rule.states.ok_or(Error::internal("states of the chain"))?;
        let chain = Chain::new(paths, states, weights.conversions, weights.nulls)?;
        let (probability, found) = markov::removal_effects(&chain, states, n, context)?;
        credit.probability = Some(probability);
        effects = found;
        if rule.share == MarkovShare::Total {
            let all: f64 = effects.iter().sum();
            let whole = |of: &[f64]| of.iter().sum::<f64>();
            let (bought, money) = (whole(weights.conversions), whole(weights.revenue));
            for (channel, effect) in effects.iter().enumerate().filter(|_| all > 0.0) {
                credit.conversions[channel] = bought * effect / all;
                credit.revenue[channel] = money * effect / all;
            }
            return Ok(credit);
        }
    }
    let mut shares = Shares {
        rule,
        effects: &effects,
        of_touch: Vec::new(),
        seen: filled(n, false, "credit")?,
    };
    for path in 0..paths.len() {
        let bought = weights.conversions[path];
        if bought == 0.0 {
            continue;
        }
        let channels = paths.of(path);
        let ages = paths.ages(path).unwrap_or_default();
        shares.divide(model, channels, ages)?;
        let money = weights.revenue.get(path).copied().unwrap_or_default();
        for (channel, share) in channels.iter().zip(&shares.of_touch) {
            credit.conversions[*channel as usize] += bought * share;
            credit.revenue[*channel as usize] += money * share;
        }
    }
    Ok(credit)
}

/// The shares of the touches of one path, which add up to 1.
struct Shares<'a> {
    rule: &'a Rule<'a>,
    effects: &'a [f64],
    of_touch: Vec<f64>,
    seen: Vec<bool>,
}

impl Shares<'_> {
    fn divide(&mut self, model: Model, path: &[u32], ages: &[f64]) -> Result<()> {
        let n = path.len();
        self.of_touch.clear();
        grow(&mut self.of_touch, n, "credit")?;
        self.of_touch.resize(n, 0.0);
        let Some(last) = n.checked_sub(1) else {
            return Ok(());
        };
        let shares = &mut self.of_touch;
        match model {
            Model::Last => shares[last] = 1.0,
            Model::First => shares[0] = 1.0,
            Model::LastNonDirect => {
                let direct = |channel: &u32| self.rule.direct[*channel as usize];
                let place = path.iter().rposition(|channel| !direct(channel));
                shares[place.unwrap_or(last)] = 1.0;
            }
            Model::Linear if !self.rule.distinct => shares.fill(1.0 / n as f64),
            Model::Position if n == 1 => shares[0] = 1.0,
            Model::Position if n == 2 => shares.fill(0.5),
            Model::Position => {
                shares.fill(0.2 / (n - 2) as f64);
                shares[0] = 0.4;
                shares[last] = 0.4;
            }
            Model::TimeDecay => {
                // Of the newest touch first, so that the weights do not all underflow.
                let newest = ages[last];
                for (share, age) in shares.iter_mut().zip(ages) {
                    let halves = |age: f64| match self.rule.step {
                        true => floor(age / self.rule.half_life),
                        false => age / self.rule.half_life,
                    };
                    *share = exp2(halves(newest) - halves(*age));
                }
                let all: f64 = shares.iter().sum();
                shares.iter_mut().for_each(|share| *share /= all);
            }
            Model::Linear | Model::Shapley => self.each_channel_once(path, |_| 1.0),
            Model::Markov => {
                let effects = self.effects;
                self.each_channel_once(path, |channel| effects[channel as usize]);
            }
        }
        Ok(())
    }

    /// Divides by a weight of each different channel, at its first touch; alike, if all weights are 0.
    fn each_channel_once(&mut self, path: &[u32], weight: impl Fn(u32) -> f64) {
        let (mut all, mut different) = (0.0, 0.0);
        for (share, channel) in self.of_touch.iter_mut().zip(path) {
            let seen = &mut self.seen[*channel as usize];
            if !*seen {
                *seen = true;
                *share = weight(*channel);
                all += *share;
                different += 1.0;
            }
        }
        for (share, channel) in self.of_touch.iter_mut().zip(path) {
            if std::mem::take(&mut self.seen[*channel as usize]) {
                *share = if all > 0.0 {
                    *share / all
                } else {
                    1.0 / different
                };
            }
        }
    }
}
