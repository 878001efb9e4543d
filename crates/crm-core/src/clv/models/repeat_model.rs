//! A model of repeat purchases chosen at run time by its name, as requests and stored parameters
//! hold it.
//!
//! The JSON form is flat and carries the unit of time:
//!
//! ```json
//! {"model": "mbg_nbd", "r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614, "unit": "week"}
//! ```

use serde::{Deserialize, Serialize};

use crate::clv::models::bg_nbd::Family;
use crate::clv::models::histories::{Histories, History, Rows};
use crate::clv::models::model::{Fit, Model, Purchases};
use crate::clv::models::{bg_fit, bg_nbd, nbd, pareto_fit, pareto_nbd};
use crate::clv::tables::clv_summary::Unit;
use crate::context::{Context, filled, push};
use crate::error::Result;
use crate::num::Positive;
use crate::num::rng::Rng;

/// The models by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// NBD, see [`nbd`]: no dropout.
    Nbd,
    /// BG/NBD, see [`bg_nbd`]: dropout is possible after each repeat purchase.
    BgNbd,
    /// MBG/NBD, see [`bg_nbd`]: dropout is possible after the first purchase too.
    MbgNbd,
    /// BG/CNBD-k, see [`bg_nbd`]: regular gaps, k chosen by likelihood.
    BgCnbdK,
    /// MBG/CNBD-k, see [`bg_nbd`]: regular gaps, k chosen by likelihood.
    MbgCnbdK,
    /// Pareto/NBD, see [`pareto_nbd`]: dropout is possible at any time.
    ParetoNbd,
}

impl Kind {
    /// All models, the simplest first: by the number of parameters, then by the year of publication.
    pub const ALL: [Kind; 6] = [
        Kind::Nbd,
        Kind::BgNbd,
        Kind::MbgNbd,
        Kind::ParetoNbd,
        Kind::BgCnbdK,
        Kind::MbgCnbdK,
    ];

    /// Whether gaps are regular, for which a fit needs their logarithms.
    pub const fn is_regular(self) -> bool {
        matches!(self, Kind::BgCnbdK | Kind::MbgCnbdK)
    }
}

/// A model of repeat purchases with its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(try_from = "Flat", into = "Flat")]
pub enum RepeatModel {
    /// [`nbd`].
    Nbd(nbd::Params),
    /// [`bg_nbd`].
    Bg(bg_nbd::Params),
    /// [`pareto_nbd`].
    Pareto(pareto_nbd::Params),
}

/// The JSON form of [`RepeatModel`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Flat {
    model: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    k: Option<u32>,
    r: Positive,
    alpha: Positive,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    a: Option<Positive>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    b: Option<Positive>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    s: Option<Positive>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beta: Option<Positive>,
    unit: Unit,
}

impl TryFrom<Flat> for RepeatModel {
    type Error = String;

    fn try_from(flat: Flat) -> Result<Self, String> {
        let Flat { r, alpha, unit, .. } = flat;
        let need = |name: &str, value: Option<Positive>| {
            value
                .map(Positive::get)
                .ok_or_else(|| format!("parameter `{name}` is missing"))
        };
        let bg = |family, k| -> Result<Self, String> {
            let values = [r.get(), alpha.get(), need("a", flat.a)?, need("b", flat.b)?];
            let params = bg_nbd::Params::new(family, k, values, unit);
            params.map(RepeatModel::Bg).map_err(|e| e.to_string())
        };
        let regular = || flat.k.ok_or("parameter `k` is missing");
        let model = match flat.model {
            Kind::Nbd => RepeatModel::Nbd(nbd::Params { r, alpha, unit }),
            Kind::BgNbd => bg(Family::Bg, 1)?,
            Kind::MbgNbd => bg(Family::Mbg, 1)?,
            Kind::BgCnbdK => bg(Family::Bg, regular()?)?,
            Kind::MbgCnbdK => bg(Family::Mbg, regular()?)?,
            Kind::ParetoNbd => {
                let values = [
                    r.get(),
                    alpha.get(),
                    need("s", flat.s)?,
                    need("beta", flat.beta)?,
                ];
                let params = pareto_nbd::Params::new(values, unit);
                RepeatModel::Pareto(params.map_err(|e| e.to_string())?)
            }
        };
        let expected = Flat::from(model);
        let extra = [
            (
                "k",
                flat.k.is_some() && expected.k.is_none() && flat.k != Some(1),
            ),
            ("a", flat.a.is_some() && expected.a.is_none()),
            ("b", flat.b.is_some() && expected.b.is_none()),
            ("s", flat.s.is_some() && expected.s.is_none()),
            ("beta", flat.beta.is_some() && expected.beta.is_none()),
        ];
        match extra.into_iter().find(|(_, wrong)| *wrong) {
            Some((name, _)) => Err(format!("parameter `{name}` is not one of this model")),
            None => Ok(model),
        }
    }
}

impl From<RepeatModel> for Flat {
    fn from(model: RepeatModel) -> Flat {
        let empty = |model, r, alpha, unit| Flat {
            model,
            k: None,
            r,
            alpha,
            a: None,
            b: None,
            s: None,
            beta: None,
            unit,
        };
        match model {
            RepeatModel::Nbd(p) => empty(Kind::Nbd, p.r, p.alpha, p.unit),
            RepeatModel::Pareto(p) => Flat {
                s: Some(p.s),
                beta: Some(p.beta),
                ..empty(Kind::ParetoNbd, p.r, p.alpha, p.unit)
            },
            RepeatModel::Bg(p) => Flat {
                k: (p.k > 1).then_some(p.k),
                a: Some(p.a),
                b: Some(p.b),
                ..empty(model.kind(), p.r, p.alpha, p.unit)
            },
        }
    }
}

impl RepeatModel {
    /// The name of the model.
    pub fn kind(&self) -> Kind {
        match self {
            RepeatModel::Nbd(_) => Kind::Nbd,
            RepeatModel::Pareto(_) => Kind::ParetoNbd,
            RepeatModel::Bg(p) => match (p.family, p.k) {
                (Family::Bg, 1) => Kind::BgNbd,
                (Family::Mbg, 1) => Kind::MbgNbd,
                (Family::Bg, _) => Kind::BgCnbdK,
                (Family::Mbg, _) => Kind::MbgCnbdK,
            },
        }
    }

    fn purchases(&self) -> &dyn Purchases {
        match self {
            RepeatModel::Nbd(p) => p,
            RepeatModel::Bg(p) => p,
            RepeatModel::Pareto(p) => p,
        }
    }

    /// `E[Y(t)]` for many customers.
    ///
    /// # Errors
    ///
    /// Those of [`Histories::check`], and out of memory.
    pub fn expected_all(&self, histories: &Histories<'_>, t: f64) -> Result<Vec<f64>> {
        self.expected_of(&self.alive_now_all(histories)?, histories, t)
    }

    /// `E[Y(t)]` for many customers whose P(alive) is known.
    pub(crate) fn expected_of(
        &self,
        alive: &[f64],
        histories: &Histories<'_>,
        t: f64,
    ) -> Result<Vec<f64>> {
        match self {
            RepeatModel::Bg(p) => p.expected_of(alive, histories, t),
            RepeatModel::Pareto(p) => p.expected_of(alive, histories, t),
            RepeatModel::Nbd(_) => self.each(histories, |h| self.expected(h, t)),
        }
    }

    /// Any function of the history for many customers.
    ///
    /// # Errors
    ///
    /// Those of [`Histories::check`], and out of memory.
    pub fn each(&self, histories: &Histories<'_>, f: impl Fn(History) -> f64) -> Result<Vec<f64>> {
        histories.check()?;
        let mut out = filled(histories.len(), 0.0, "predictions")?;
        for (i, value) in out.iter_mut().enumerate() {
            *value = f(histories.at(i));
        }
        Ok(out)
    }
}

/// Fits a model by name. `ln_gaps` is Σ ln Δt over all gaps of all customers, for the regular forms.
///
/// # Errors
///
/// Those of the fits.
///
/// ```
/// use crm_core::clv::{Histories, Kind, Rows, Unit, fit};
/// let rows = Rows::new(&Histories::new(
///     &[0.0, 1.0, 0.0, 3.0, 2.0, 0.0, 1.0, 6.0],
///     &[0.0, 9.0, 0.0, 21.0, 5.0, 0.0, 2.0, 30.0],
///     &[30.0, 31.0, 33.0, 35.0, 36.0, 37.0, 38.0, 38.0],
/// ))?;
/// let fit = fit(Kind::ParetoNbd, &rows, Unit::Week, 0.0, &crm_core::Context::default())?;
/// let text = serde_json::to_string(&fit).unwrap();
/// assert_eq!(serde_json::from_str::<crm_core::clv::Fit<_>>(&text).unwrap(), fit);
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn fit(
    kind: Kind,
    rows: &Rows,
    unit: Unit,
    ln_gaps: f64,
    context: &Context,
) -> Result<Fit<RepeatModel>> {
    let plain = |family| {
        let options = bg_fit::Options {
            family,
            ..bg_fit::Options::default()
        };
        Ok(bg_fit::fit(rows, unit, &options, context)?.map(RepeatModel::Bg))
    };
    let regular = |family| {
        let (best, mut fits) = bg_fit::fit_regular(rows, unit, family, ln_gaps, context)?;
        Ok(fits.swap_remove(best).map(RepeatModel::Bg))
    };
    match kind {
        Kind::Nbd => Ok(nbd::fit(rows, unit, context)?.map(RepeatModel::Nbd)),
        Kind::BgNbd => plain(Family::Bg),
        Kind::MbgNbd => plain(Family::Mbg),
        Kind::BgCnbdK => regular(Family::Bg),
        Kind::MbgCnbdK => regular(Family::Mbg),
        Kind::ParetoNbd => Ok(pareto_fit::fit(rows, unit, context)?.map(RepeatModel::Pareto)),
    }
}

/// Fits the same kind of model, with the same unit and regularity k, to other rows.
///
/// # Errors
///
/// Those of the fits.
pub(crate) fn refit(
    model: &RepeatModel,
    rows: &Rows,
    context: &Context,
) -> Result<Fit<RepeatModel>> {
    match model {
        RepeatModel::Bg(p) => {
            let options = bg_fit::Options {
                family: p.family,
                k: p.k,
                ..bg_fit::Options::default()
            };
            Ok(bg_fit::fit(rows, p.unit, &options, context)?.map(RepeatModel::Bg))
        }
        other => fit(other.kind(), rows, other.unit(), 0.0, context),
    }
}

/// Fits several models to one set of rows and sorts them by Akaike's criterion, best first; stalled
/// fits are last. Their likelihoods are all of the same purchase times, so they can be compared.
/// The likelihoods of [`crate::clv::models::sbg`] and [`crate::clv::models::bgbb`] cannot, and these models are not
/// accepted here.
///
/// # Errors
///
/// Those of the fits.
pub fn compare(
    kinds: &[Kind],
    rows: &Rows,
    unit: Unit,
    ln_gaps: f64,
    context: &Context,
) -> Result<Vec<Fit<RepeatModel>>> {
    let mut fits: Vec<Fit<RepeatModel>> = Vec::new();
    for kind in kinds {
        push(&mut fits, fit(*kind, rows, unit, ln_gaps, context)?, "fits")?;
    }
    let key = |f: &Fit<RepeatModel>| {
        (
            f.status == crate::clv::models::model::Status::Stalled,
            f.aic(),
        )
    };
    fits.sort_unstable_by(|a, b| {
        let ((x, p), (y, q)) = (key(a), key(b));
        let names = || a.model.name().cmp(b.model.name());
        x.cmp(&y).then(p.total_cmp(&q)).then_with(names)
    });
    Ok(fits)
}

/// Likelihood-ratio test of the NBD inside the Pareto/NBD: p-value that there is no dropout. The
/// hypothesis lies on the boundary of the parameter space, so the statistic is an equal mixture of
/// χ² with 0 and 1 degrees of freedom (Self, Liang 1987). No other two models here are nested.
pub fn no_dropout(nbd: &Fit<nbd::Params>, pareto: &Fit<pareto_nbd::Params>) -> f64 {
    likelihood_ratio(nbd.log_likelihood, pareto.log_likelihood)
}

/// [`no_dropout`] of the compared models; `None` unless NBD and Pareto/NBD are among them.
pub(crate) fn no_dropout_among(fits: &[Fit<RepeatModel>]) -> Option<f64> {
    let of = |kind: Kind| fits.iter().find(|fit| fit.model.kind() == kind);
    let (nbd, pareto) = (of(Kind::Nbd)?, of(Kind::ParetoNbd)?);
    Some(likelihood_ratio(nbd.log_likelihood, pareto.log_likelihood))
}

fn likelihood_ratio(inner: f64, outer: f64) -> f64 {
    let statistic = 2.0 * (outer - inner);
    if statistic <= 0.0 {
        return 1.0;
    }
    0.5 * libm::erfc(libm::sqrt(0.5 * statistic))
}

impl Model for RepeatModel {
    fn name(&self) -> &'static str {
        match self {
            RepeatModel::Nbd(p) => p.name(),
            RepeatModel::Bg(p) => p.name(),
            RepeatModel::Pareto(p) => p.name(),
        }
    }

    fn names(&self) -> &'static [&'static str] {
        match self {
            RepeatModel::Nbd(p) => p.names(),
            RepeatModel::Bg(p) => p.names(),
            RepeatModel::Pareto(p) => p.names(),
        }
    }

    fn values(&self) -> [f64; 4] {
        match self {
            RepeatModel::Nbd(p) => p.values(),
            RepeatModel::Bg(p) => p.values(),
            RepeatModel::Pareto(p) => p.values(),
        }
    }

    fn with_values(&self, values: [f64; 4]) -> Result<Self> {
        Ok(match self {
            RepeatModel::Nbd(p) => RepeatModel::Nbd(p.with_values(values)?),
            RepeatModel::Bg(p) => RepeatModel::Bg(p.with_values(values)?),
            RepeatModel::Pareto(p) => RepeatModel::Pareto(p.with_values(values)?),
        })
    }
}

impl Purchases for RepeatModel {
    fn unit(&self) -> Unit {
        self.purchases().unit()
    }

    fn log_likelihood(&self, h: History) -> f64 {
        self.purchases().log_likelihood(h)
    }

    fn probability_alive(&self, h: History, t: f64) -> f64 {
        self.purchases().probability_alive(h, t)
    }

    fn probability_of(&self, n: u32, h: History, t: f64) -> f64 {
        self.purchases().probability_of(n, h, t)
    }

    fn residual(&self, h: History, delta: f64, horizon: Option<f64>) -> f64 {
        self.purchases().residual(h, delta, horizon)
    }

    fn forgets_recency(&self) -> bool {
        self.purchases().forgets_recency()
    }

    fn simulate(&self, age: f64, rng: &mut Rng) -> Result<Vec<f64>> {
        self.purchases().simulate(age, rng)
    }

    fn draw_alive(&self, h: History, t: f64, rng: &mut Rng) -> u64 {
        self.purchases().draw_alive(h, t, rng)
    }

    fn alive_now_all(&self, histories: &Histories<'_>) -> Result<Vec<f64>> {
        self.purchases().alive_now_all(histories)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: &str = r#""unit":"week""#;

    fn read(text: &str) -> Result<RepeatModel, String> {
        serde_json::from_str(text).map_err(|e| e.to_string())
    }

    /// A fit reads the flag at each step of its search.
    #[test]
    fn every_kind_of_fit_can_be_cancelled() {
        let columns = [
            [0.0, 1.0, 3.0, 2.0],
            [0.0, 9.0, 21.0, 5.0],
            [30.0, 31.0, 35.0, 36.0],
        ];
        let rows = Rows::new(&Histories::new(&columns[0], &columns[1], &columns[2])).unwrap();
        let flag = std::sync::atomic::AtomicBool::new(true);
        let cancelled = Context {
            cancel: Some(&flag),
            ..Context::default()
        };
        for kind in [
            Kind::Nbd,
            Kind::BgNbd,
            Kind::MbgNbd,
            Kind::BgCnbdK,
            Kind::MbgCnbdK,
            Kind::ParetoNbd,
        ] {
            let fit = |context| fit(kind, &rows, Unit::Day, 0.0, context);
            assert_eq!(
                fit(&cancelled).unwrap_err(),
                crate::error::Error::Cancelled,
                "{kind:?}"
            );
            assert_ne!(
                fit(&Context::default()).err(),
                Some(crate::error::Error::Cancelled)
            );
        }
    }

    #[test]
    fn json_is_flat_and_complete() {
        for text in [
            r#"{"model":"nbd","r":0.5,"alpha":2.0,UNIT}"#,
            r#"{"model":"bg_nbd","r":0.5,"alpha":2.0,"a":0.7,"b":3.0,UNIT}"#,
            r#"{"model":"mbg_cnbd_k","k":3,"r":0.5,"alpha":2.0,"a":0.7,"b":3.0,UNIT}"#,
            r#"{"model":"pareto_nbd","r":0.5,"alpha":2.0,"s":0.7,"beta":3.0,UNIT}"#,
        ] {
            let text = text.replace("UNIT", WEEK);
            let model = read(&text).unwrap();
            assert_eq!(serde_json::to_string(&model).unwrap(), text);
        }
    }

    #[test]
    fn wrong_parameters_are_named() {
        for (text, word) in [
            (
                r#"{"model":"pareto_nbd","r":0.5,"alpha":2.0,"s":0.7,"unit":"day"}"#,
                "`beta`",
            ),
            (
                r#"{"model":"nbd","r":0.5,"alpha":2.0,"a":0.7,"unit":"day"}"#,
                "`a`",
            ),
            (r#"{"model":"nbd","r":0.5,"alpha":2.0}"#, "`unit`"),
            (
                r#"{"model":"nbd","r":-1,"alpha":2.0,"unit":"day"}"#,
                "greater than 0",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn the_true_model_wins() {
        let truth = pareto_nbd::Params::new([0.8, 12.0, 1.1, 60.0], Unit::Day).unwrap();
        let mut columns: [Vec<f64>; 3] = Default::default();
        for i in 0..2_000 {
            let times = truth.simulate(150.0, &mut Rng::stream(4, i)).unwrap();
            columns[0].push(times.len() as f64);
            columns[1].push(times.last().copied().unwrap_or(0.0));
            columns[2].push(150.0);
        }
        let rows = Rows::new(&Histories::new(&columns[0], &columns[1], &columns[2])).unwrap();
        let kinds = [Kind::Nbd, Kind::BgNbd, Kind::ParetoNbd, Kind::MbgNbd];
        let fits = compare(&kinds, &rows, Unit::Day, 0.0, &Context::default()).unwrap();
        assert_eq!(fits[0].model.kind(), Kind::ParetoNbd);
        assert_eq!(fits[3].model.kind(), Kind::Nbd);
        let p = no_dropout(
            &nbd::fit(&rows, Unit::Day, &Context::default()).unwrap(),
            &pareto_fit::fit(&rows, Unit::Day, &Context::default()).unwrap(),
        );
        assert!(p < 1e-6);
    }
}
