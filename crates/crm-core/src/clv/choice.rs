//! The model of purchases that the data choose (`model = "auto"`).
//!
//! # Definition
//!
//! All models are fitted, those of regular gaps (k up to 12, by likelihood) where the table has the gaps. The
//! simplest one is chosen that is not clearly worse than the best. The order of simplicity is that of
//! [`Kind::ALL`].
//!
//! | the table | score of a model | clearly worse |
//! |---|---|---|
//! | has a holdout (`calibration_end`) | Σ ln P(purchases of the holdout) over at most 20,000 customers | more than one standard error of the difference, by customers |
//! | has none | ln L − parameters (Akaike's criterion ÷ −2; k > 1 counts as one) | more than 1 |
//!
//! A holdout measures predictions, but with one number for each customer; the likelihood uses all times of purchases.
//! Models that did not fit (`error` or `stalled`) are not chosen. Of more than 50,000 customers, 50,000 are
//! compared, evenly spread over the rows, and the chosen model is fitted to all.
//!
//! # References
//!
//! - Akaike, H. (1974). A new look at the statistical model identification. *IEEE Trans. Automatic Control* 19.
//! - Breiman, L., Friedman, J. H., Olshen, R. A., Stone, C. J. (1984). *Classification and Regression Trees*,
//!   §3.4.3: the rule of one standard error.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use crate::clv::models::histories::{Histories, Rows};
use crate::clv::models::model::{Fit, Purchases, Status};
use crate::clv::models::repeat_model::{self, Kind, RepeatModel};
use crate::clv::tables::clv_summary::Unit;
use crate::context::{Context, collect, push};
use crate::error::{Error, ErrorCode, Result};

/// A model by name, or the one that the data choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schemars", schemars(untagged))]
pub enum Choice {
    /// `"auto"`: see the source file `choice.rs`. The default.
    #[default]
    #[cfg_attr(feature = "schemars", schemars(with = "Auto"))]
    Auto,
    /// This model.
    Named(Kind),
}

/// The word, for the schema.
#[cfg(feature = "schemars")]
#[derive(schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum Auto {
    Auto,
}

impl Serialize for Choice {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Choice::Auto => to.serialize_str("auto"),
            Choice::Named(kind) => kind.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        let given = Value::deserialize(from)?;
        if given == "auto" {
            return Ok(Choice::Auto);
        }
        let kind = Kind::deserialize(given);
        let kind = kind.map_err(|error| D::Error::custom(format!("{error}, or `auto`")))?;
        Ok(Choice::Named(kind))
    }
}

/// Customers whose holdout is scored, at most, evenly spread over the rows.
const SCORED: usize = 20_000;

/// Customers that models are compared on, at most.
pub(crate) const COMPARED: usize = 50_000;

/// The rows that models are compared on, evenly spread; `None` where that is all of them.
pub(crate) fn compared_rows(rows: usize) -> Result<Option<Vec<usize>>> {
    let at = |i: usize| (i as u64 * rows as u64 / COMPARED as u64) as usize;
    match rows > COMPARED {
        true => collect((0..COMPARED).map(at), "fits").map(Some),
        false => Ok(None),
    }
}

/// Purchases of customers in a holdout, and its length in the time of the model.
pub(crate) struct Holdout<'a> {
    pub(crate) purchases: &'a [u32],
    pub(crate) own: f64,
}

/// A model that was compared.
struct Compared {
    kind: Kind,
    fit: Fit<RepeatModel>,
    /// The score of each customer, with its weight; of one for a criterion.
    scores: Vec<(f64, f64)>,
}

impl Compared {
    fn score(&self) -> f64 {
        self.scores
            .iter()
            .map(|(score, weight)| score * weight)
            .sum()
    }

    /// By how much the best one's score is above this one's, and the difference that is still none.
    fn behind(&self, best: &Compared) -> (f64, f64) {
        let (mut sum, mut squares, mut n) = (0.0, 0.0, 0.0);
        for ((score, weight), (most, _)) in self.scores.iter().zip(&best.scores) {
            sum += weight * (most - score);
            squares += weight * (most - score) * (most - score);
            n += weight;
        }
        let allowed = match self.scores.len() {
            1 => 1.0,
            _ => libm::sqrt((squares - sum * sum / f64::max(n, 1.0)).max(0.0)),
        };
        (sum, allowed)
    }
}

/// The chosen fit, and what was compared, for the notes.
///
/// # Errors
///
/// Where no model has a fit, the error of the first.
pub(crate) fn choose(
    histories: &Histories<'_>,
    rows: &Rows,
    (unit, ln_gaps): (Unit, Option<f64>),
    holdout: Option<&Holdout<'_>>,
    context: &Context,
) -> Result<(Fit<RepeatModel>, Value)> {
    let mut kinds = collect(Kind::ALL.into_iter(), "fits")?;
    kinds.retain(|kind| ln_gaps.is_some() || !kind.is_regular());
    let fits = context.map(kinds, |kind| {
        context.check()?;
        match repeat_model::fit(kind, rows, unit, ln_gaps.unwrap_or(0.0), context) {
            Err(error) if !matches!(error.code(), ErrorCode::Data | ErrorCode::Convergence) => {
                Err(error)
            }
            fitted => Ok((kind, fitted)),
        }
    })?;
    let (mut compared, mut failed, mut notes) = (Vec::new(), None, Vec::new());
    for (kind, fitted) in fits {
        match fitted {
            // Regular gaps with k = 1 are the plain model, which stands before.
            Ok(fit) if fit.model.kind() != kind => {}
            Ok(fit) if fit.status == Status::Stalled => {
                push(
                    &mut notes,
                    json!({"model": kind, "status": "stalled"}),
                    "fits",
                )?;
            }
            Ok(fit) => {
                let scores = scores(&fit, histories, holdout)?;
                push(&mut compared, Compared { kind, fit, scores }, "fits")?;
            }
            Err(error) => {
                push(
                    &mut notes,
                    json!({"model": kind, "status": "error"}),
                    "fits",
                )?;
                failed = failed.or(Some(error));
            }
        }
    }
    let by_score = |a: &&Compared, b: &&Compared| a.score().total_cmp(&b.score());
    let best = match compared.iter().max_by(by_score) {
        Some(best) => best,
        None => {
            return Err(failed.unwrap_or(Error::Convergence {
                model: "auto",
                reason: "no model of purchases reached a maximum".into(),
            }));
        }
    };
    let equal = |one: &&Compared| {
        let (behind, allowed) = one.behind(best);
        behind <= allowed
    };
    let chosen = compared.iter().find(equal).unwrap_or(best);
    for one in &compared {
        let (behind, allowed) = one.behind(best);
        let regularity = match one.fit.model {
            RepeatModel::Bg(params) => params.k,
            _ => 1,
        };
        let note = json!({
            "model": one.kind, "regularity": regularity, "score": one.score(), "behind": behind,
            "tie_below": allowed, "chosen": std::ptr::eq(one, chosen),
        });
        push(&mut notes, note, "fits")?;
    }
    let by = match holdout {
        Some(_) => "holdout",
        None => "likelihood",
    };
    let note = json!({"model": chosen.kind, "by": by, "compared": notes});
    Ok((chosen.fit.clone(), note))
}

fn scores(
    fit: &Fit<RepeatModel>,
    histories: &Histories<'_>,
    holdout: Option<&Holdout<'_>>,
) -> Result<Vec<(f64, f64)>> {
    let Some(holdout) = holdout else {
        let parameters = fit.count() + usize::from(fit.model.kind().is_regular());
        let score = fit.log_likelihood - parameters as f64;
        return collect(std::iter::once((score, 1.0)), "fits");
    };
    let n = histories.len();
    let scored = n.min(SCORED);
    let row = |at: usize| (at as u64 * n as u64 / scored as u64) as usize;
    let of = |row: usize| {
        let history = histories.at(row);
        let p = fit
            .model
            .probability_of(holdout.purchases[row], history, holdout.own);
        let weight = histories.weight.map_or(1.0, |weight| weight[row]);
        // A count that is out of reach of a model costs as much as one in 10^30.
        (libm::log(p.max(1e-30)), weight)
    };
    collect((0..scored).map(row).map(of), "fits")
}
