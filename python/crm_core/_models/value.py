"""Customer lifetime value, and comparison of models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from .._library import run
from .._orders import Orders
from .._table import Table
from .base_purchases import Purchases
from .model import TO_FIT, TO_VALUE, Unit, summary_of
from .spend import GammaGamma

if TYPE_CHECKING:
    from .._types import Seasonality


def clv(
    m: Purchases,
    g: GammaGamma,
    summary: Any,
    *,
    horizon_days: float | None = None,
    infinite: bool | None = None,
    annual_discount_rate: float | None = None,
    compounding: Literal["compounded", "continuous"] | None = None,
    margin: float | None = None,
    interval: float | None = None,
    intervals: bool | None = None,
    draws: int | None = None,
    seed: int | None = None,
    shared_error: float | None = None,
    unit: Unit | None = None,
    bad_rows: Literal["error", "drop"] | None = None,
) -> Table:
    """The predicted value of each customer (予測LTV), with two intervals.

    Args:
        m: A fitted model of purchases.
        g: A fitted model of spend.
        summary: A `clv_summary`; or a frame with frequency, recency, T and monetary_value; or
            `Orders`.
        horizon_days: Days ahead (default 365).
        infinite: Whether the horizon is infinite; `horizon_days` is then not accepted. Default: no.
        annual_discount_rate: Discount rate per year (default 0.1).
        compounding: How the yearly rate becomes a daily one: "compounded" (default) or
            "continuous".
        margin: The share of spend that is profit (default 1).
        interval: Level of both intervals (default 0.8).
        intervals: Whether to compute the intervals. Default: yes.
        draws: Draws per customer for the interval of the outcome, 10 to 100,000 (default 200).
        seed: Seed of the draws (default 0).
        shared_error: The error of the sum that all customers share, for the interval of its
            outcome: the standard deviation of its logarithm for a year or less, 0 to 2 (default
            0.15, which is typical of shops). The note `shared_error` of `base_forecast` has the
            shop's own.
        unit: The unit of time of a frame; a unit other than the model's is refused.
        bad_rows: Rows outside the range of the models: "drop" gives nulls (counted in the note
            `rows_left_out`), "error" stops. Default: "drop" for a `clv_summary` or `Orders`,
            "error" for your own frame.

    Returns:
        One row per customer: customer_id if there is one, probability_alive, expected_purchases,
        expected_spend, clv (discounted; null if infinite), expected_low and expected_high
        (confidence interval of the expectation), clv_low and clv_high (prediction interval of the
        outcome). The note `total` has the sums; the interval of its outcome includes
        `shared_error`.

    Raises:
        TypeError: `m` or `g` is not such a model.
        NotFittedError: A model that is not fitted.
        OptionError: An option out of range, or a summary in another unit than the model.
        DataError: An impossible history; a summary of several `as_of`.

    Source:
        Fader, Hardie, Lee (2005), *J. of Marketing Research* 42.

    Example:
        >>> values = crm.clv(model, spend, summary, horizon_days=365)
        >>> sorted(values.notes["total"])
        ['clv', 'expected', 'expected_purchases', 'outcome']
    """
    options = {
        "horizon_days": horizon_days,
        "infinite": infinite,
        "annual_discount_rate": annual_discount_rate,
        "compounding": compounding,
        "margin": margin,
        "interval": interval,
        "intervals": intervals,
        "draws": draws,
        "seed": seed,
        "shared_error": shared_error,
        "unit": unit,
        "bad_rows": bad_rows,
    }
    for name, model, kind, such in (
        ("m", m, Purchases, "a model of purchases such as MbgNbd"),
        ("g", g, GammaGamma, "a model of spend, GammaGamma"),
    ):
        if not isinstance(model, kind):
            raise TypeError(f"{name}: expected {such}, not {type(model).__name__}")
    fits = {"fit": m._fit(), "spend_fit": g._fit()}
    table = summary_of(summary, unit or m.unit_, TO_VALUE, covariates=m.covariates_)
    return run("clv", table, {**fits, **options})


def compare_models(
    summary: Any,
    *,
    models: Sequence[str] | None = None,
    unit: Unit | None = None,
    seasonality: Seasonality | Literal["auto", "none"] | None = None,
) -> Table:
    """Models of repeat purchases compared, best first (購入回数モデルの比較).

    Args:
        summary: A `clv_summary`; or a frame with frequency, recency and T (ln_gaps for models of
            regular gaps); or `Orders`.
        models: The models: nbd, bg_nbd, mbg_nbd, pareto_nbd, bg_cnbd_k, mbg_cnbd_k. Default: all;
            the first four for a frame without ln_gaps.
        unit: The unit of time of a frame without a definition; for orders, the unit of their
            summary.
        seasonality: The factors of demand in whose time all models run; as for `MbgNbd.fit`.

    Returns:
        One row per model, by AIC: model, regularity (of the gaps, k), parameters, log_likelihood,
        aic, bic, status. If both NBD and Pareto/NBD are compared, which are the only nested models,
        the note `no_dropout_p_value` is the p-value of their likelihood-ratio test. A model of
        regular gaps for which k = 1 is best is the plain model of its family: the note `chose_k_1`
        then has both names.

    Raises:
        OptionError: An unknown model, or a frame without `unit`.
        DataError: Too few repeat customers; a summary of several `as_of`.

    Example:
        >>> models = crm.compare_models(summary, models=["nbd", "mbg_nbd"])
        >>> bool(models["aic"][0] <= models["aic"][1])
        True
    """
    table = summary_of(summary, unit, TO_FIT, seasonality)
    if isinstance(summary, Orders):
        seasonality = None  # those of the summary
    options = {"models": models, "unit": unit, "seasonality": seasonality}
    return run("compare_models", table, options)
