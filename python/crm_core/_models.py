"""What will they be worth? Models of repeat purchases and of spend, and the value they predict.

    summary = crm.clv_summary(orders, unit="week")
    m = crm.MbgNbd().fit(summary)
    g = crm.GammaGamma().fit(summary)
    crm.clv(m, g, summary, horizon_days=365).to_pandas()

Models have the shape of scikit-learn's estimators: options when made, `fit`, results with a
trailing underscore. They hold plain data, nothing of what they were fitted to, and can be pickled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from . import _native
from ._errors import NotFittedError, OptionError
from ._input import source
from ._library import call, names_of, run
from ._orders import Orders
from ._table import Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike

    Floats = np.ndarray[Any, np.dtype[np.float64]]

Unit = Literal["day", "week"]

_SUMMARY = ("customer_id", "frequency", "recency", "T", "monetary_value", "ln_gaps", "weight")


def _summary(data: Any, unit: str | None) -> Table:
    """A summary of whatever came: of a plain frame, the columns that models know."""
    if isinstance(data, Table):
        return data
    if isinstance(data, Orders):
        return call("clv_summary", data, None, {"unit": unit})
    names = [name for name in names_of(data) if name in _SUMMARY]
    return Table(_native.Table.from_columns(source(data, names), names))


def _columns(**columns: Any) -> tuple[Table, bool]:
    """Arrays as a table, single numbers repeated; and whether there was nothing but numbers."""
    import numpy as np

    single = {name for name, value in columns.items() if np.ndim(value) == 0}
    lengths = [len(value) for name, value in columns.items() if name not in single]
    rows = lengths[0] if lengths else 1
    cells = {name: [value] * rows if name in single else value for name, value in columns.items()}
    names = list(cells)
    return Table(_native.Table.from_columns(source(cells, names), names)), not lengths


class _Model:
    """What all models share."""

    _option: ClassVar[str] = "fit"
    _kinds: ClassVar[tuple[str, ...]]

    def __init__(self, *, confidence: float | None = None) -> None:
        self.confidence = confidence
        self._parameters: dict[str, list[Any]] | None = None
        self._notes: dict[str, Any] = {}

    @classmethod
    def from_json(cls, text: str) -> Self:
        """A model from the text that `to_json` gave.

        Args:
            text: The JSON of a fit, or of parameters alone.

        Returns:
            The model; without standard errors if only the parameters were given.

        Raises:
            OptionError: No JSON of a fit, of another model, or of a newer version.
        """
        return cls()._given(text)

    def to_json(self) -> str:
        """The fit as versioned JSON, with the unit of time; see `from_json`.

        Raises:
            NotFittedError: Before `fit`.
        """
        import json

        return json.dumps(self._fit())

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options, as scikit-learn asks for them."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def set_params(self, **params: Any) -> Self:
        """Change options, as scikit-learn does.

        Raises:
            OptionError: There is no such option.
        """
        for name, value in params.items():
            if name not in self.get_params():
                raise OptionError(f"unknown option `{name}` of {type(self).__name__}")
            setattr(self, name, value)
        return self

    @property
    def params_(self) -> dict[str, float]:
        """The parameters by name."""
        parameters = self._fitted()
        return dict(zip(parameters["parameter"], parameters["value"], strict=True))

    @property
    def standard_errors_(self) -> dict[str, float] | None:
        """Standard errors of the parameters; None unless the fit converged."""
        parameters = self._fitted()
        errors = dict(zip(parameters["parameter"], parameters["standard_error"], strict=True))
        return None if None in errors.values() else errors

    @property
    def intervals_(self) -> dict[str, tuple[float, float]] | None:
        """Confidence intervals of the parameters, on the log scale; None unless it converged."""
        parameters = self._fitted()
        if None in parameters["low"] or None in parameters["high"]:
            return None
        ends = zip(parameters["low"], parameters["high"], strict=True)
        return dict(zip(parameters["parameter"], ends, strict=True))

    @property
    def log_likelihood_(self) -> float | None:
        """Total log-likelihood, in the unit of time of the data; None if parameters were given."""
        return self._number("log_likelihood")

    @property
    def aic_(self) -> float | None:
        """Akaike's criterion; smaller is better. None if parameters were given."""
        return self._number("aic")

    @property
    def bic_(self) -> float | None:
        """Bayesian information criterion; smaller is better. None if parameters were given."""
        return self._number("bic")

    @property
    def status_(self) -> Literal["converged", "boundary", "stalled", "given"]:
        """How the fit ended.

        "boundary": the likelihood still rises towards 0 or infinity of `boundary_`; predictions are
        usable, standard errors do not exist. "stalled": no maximum was reached. "given": parameters
        from elsewhere.
        """
        status: Literal["converged", "boundary", "stalled", "given"] = self._note("status")
        return status

    @property
    def boundary_(self) -> str | None:
        """The parameter at the boundary, if the status says so."""
        boundary: str | None = self._note("boundary")
        return boundary

    @property
    def customers_(self) -> float:
        """How many customers were fitted to, weights counted."""
        customers: float = self._note("customers")
        return customers

    def __repr__(self) -> str:
        name = type(self).__name__
        if self._parameters is None:
            return f"{name}()"
        values = ", ".join(f"{name}={value:.6g}" for name, value in self.params_.items())
        return f"<crm_core.{name} {values}, {self.status_}>"

    def _fitted(self) -> dict[str, list[Any]]:
        if self._parameters is None:
            raise NotFittedError(
                f"this {type(self).__name__} is not fitted", hint="call fit, or use from_params"
            )
        return self._parameters

    def _note(self, name: str) -> Any:
        self._fitted()
        return self._notes.get(name)

    def _number(self, name: str) -> float | None:
        number: float | None = self._note(name)
        return number

    def _fit(self) -> dict[str, Any]:
        fit: dict[str, Any] = self._note("fit")
        return fit

    def _take(self, table: Table) -> Self:
        self._parameters, self._notes = table.to_dict(), table.notes
        return self

    def _given(self, fit: Mapping[str, Any] | str) -> Self:
        options = {self._option: fit, "confidence": self.confidence}
        table = run("clv_parameters", {"nothing": [0]}, options)
        kind = table.notes["model"]
        if kind not in self._kinds:
            raise OptionError(f"option `fit`: expected a fit of {self._kinds[-1]}, found {kind}")
        return self._take(table)


class _Purchases(_Model):
    """A model of repeat purchases."""

    def fit(self, summary: Any, *, unit: Unit | None = None) -> Self:
        """Fit by maximum likelihood.

        Args:
            summary: A `clv_summary`; or a frame or mapping of arrays with frequency, recency and T
                (and `weight`, which counts identical customers; `ln_gaps` for models of regular
                gaps); or `Orders`, which are summarised first.
            unit: The unit of time of a frame, which does not say; refused if it contradicts a
                summary. Of orders: what they are summarised in (default "day").

        Returns:
            The model itself.

        Raises:
            OptionError: A frame without `unit`, or another unit than the summary's.
            SchemaError: A column is missing or of another type.
            DataError: A history that cannot be, such as recency above T; too few repeat customers.
        """
        table = _summary(summary, unit)
        options = {"model": self._kinds[-1], "unit": unit, "confidence": self.confidence}
        return self._take(run("clv_fit", table, options))

    @property
    def unit_(self) -> Unit:
        """The unit of time of the parameters."""
        unit: Unit = self._fit()["model"]["unit"]
        return unit

    def predict(
        self,
        summary: Any,
        t: float | None = None,
        *,
        interval: float | None = None,
        only: Sequence[str] | None = None,
        unit: Unit | None = None,
    ) -> Table:
        """What each customer is expected to do next (生存確率と期待購入回数).

        Args:
            summary: As in `fit`. A plain frame is taken to be in the model's unit unless it says.
            t: Time ahead, in the model's unit (default 30).
            interval: Level of the interval of the expectation (default 0.8).
            only: The columns to compute. Default: all.
            unit: The unit of time of a frame; another than the model's is refused.

        Returns:
            One row per customer: customer_id if there is one, probability_alive,
            probability_alive_later (after `t`), expected_purchases within `t`, expected_low and
            expected_high (of the expectation, because parameters are estimates: not where the
            outcome lies), probability_none, log_likelihood.

        Raises:
            NotFittedError: Before `fit`.
            OptionError: A summary in another unit than the model.
        """
        options = {"t": t, "interval": interval, "only": only, "unit": unit}
        fit = self._fit()
        return run("clv_predict", _summary(summary, unit or self.unit_), {"fit": fit, **options})

    def log_likelihood(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> Floats | float:
        """The logarithm of the likelihood of each history.

        With regular gaps (k > 1) the part that depends on the gaps themselves is left out.

        Args:
            frequency: Repeat purchase days.
            recency: First purchase to the last, in the model's unit.
            T: First purchase to the end of observation, in the model's unit.

        Returns:
            An array, or a number if all arguments are.

        Raises:
            NotFittedError: Before `fit`.
            DataError: A history that cannot be.
        """
        return self._each("log_likelihood", frequency, recency, T, 0.0)

    def probability_alive(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, t: float | None = None
    ) -> Floats | float:
        """The probability of still being a customer (生存確率).

        Args:
            frequency: Repeat purchase days.
            recency: First purchase to the last, in the model's unit.
            T: First purchase to the end of observation, in the model's unit.
            t: So much later. Default: now.

        Returns:
            An array, or a number if all arguments are.

        Raises:
            NotFittedError: Before `fit`.
            DataError: A history that cannot be.
        """
        column = "probability_alive" if t is None else "probability_alive_later"
        return self._each(column, frequency, recency, T, t or 0.0)

    def conditional_expected_purchases(
        self, t: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> Floats | float:
        """Purchase days expected within a further time (期待購入日数).

        Args:
            t: Time ahead, in the model's unit.
            frequency: Repeat purchase days.
            recency: First purchase to the last, in the model's unit.
            T: First purchase to the end of observation, in the model's unit.

        Returns:
            An array, or a number if all other arguments are.

        Raises:
            NotFittedError: Before `fit`.
            OptionError: A negative time.
            DataError: A history that cannot be.
        """
        return self._each("expected_purchases", frequency, recency, T, t)

    def expected_purchases(self, t: ArrayLike) -> Floats | float:
        """Repeat purchase days expected of a new customer.

        Args:
            t: Times since the first purchase, in the model's unit.

        Returns:
            An array, or a number for a number.

        Raises:
            NotFittedError: Before `fit`.
            DataError: A negative time.
        """
        return self._of_new("expected_purchases", t=t)

    def probability_of(self, n: ArrayLike, t: ArrayLike) -> Floats | float:
        """The probability that a new customer makes exactly n repeat purchases.

        Args:
            n: Repeat purchase days.
            t: Time since the first purchase, in the model's unit.

        Returns:
            An array, or a number if both arguments are.

        Raises:
            NotFittedError: Before `fit`.
            DataError: A negative time, or a count that is not whole.
        """
        return self._of_new("probability", t=t, n=n)

    def _each(self, column: str, frequency: Any, recency: Any, T: Any, t: float) -> Floats | float:
        fit = self._fit()
        table, single = _columns(frequency=frequency, recency=recency, T=T)
        found = run("clv_predict", table, {"fit": fit, "t": t, "only": [column]})[column]
        return float(found[0]) if single else found

    def _of_new(self, column: str, **columns: Any) -> Floats | float:
        fit = self._fit()
        table, single = _columns(**columns)
        found = run("clv_new_customers", table, {"fit": fit})[column]
        return float(found[0]) if single else found


class _Dropout(_Purchases):
    """BG and MBG, whose parameters have the same names."""

    @classmethod
    def from_params(cls, *, r: float, alpha: float, a: float, b: float, unit: Unit) -> Self:
        """A model with parameters from elsewhere.

        Args:
            r: Shape of the purchase rates.
            alpha: Scale of the purchase rates, time.
            a: First parameter of the dropout probabilities.
            b: Second parameter of the dropout probabilities.
            unit: The unit of time.

        Returns:
            The model; status "given", no standard errors.

        Raises:
            OptionError: A parameter that is not finite and above 0.
        """
        given = {"r": r, "alpha": alpha, "a": a, "b": b, "unit": unit}
        return cls()._given({"model": cls._kinds[-1], **given})


class BgNbd(_Dropout):
    """BG/NBD (Fader, Hardie, Lee 2005): dropout after a repeat purchase.

    It gives every one-time buyer a probability of being alive of 1; `MbgNbd` does not.

    Args:
        confidence: Confidence of `intervals_` (default 0.95).
    """

    _kinds = ("bg_nbd",)


class MbgNbd(_Dropout):
    """MBG/NBD (Batislam, Denizel, Filiztekin 2007): dropout after any purchase, the first included.

    Args:
        confidence: Confidence of `intervals_` (default 0.95).
    """

    _kinds = ("mbg_nbd",)


class _Regular(_Purchases):
    """Models of regular gaps."""

    @classmethod
    def from_params(cls, *, r: float, alpha: float, a: float, b: float, k: int, unit: Unit) -> Self:
        """A model with parameters from elsewhere.

        Args:
            r: Shape of the purchase rates.
            alpha: Scale of the purchase rates, time.
            a: First parameter of the dropout probabilities.
            b: Second parameter of the dropout probabilities.
            k: Regularity of the gaps, 1 to 12; 1 is Poisson.
            unit: The unit of time.

        Returns:
            The model; status "given", no standard errors.

        Raises:
            OptionError: A parameter out of range.
        """
        given = {"r": r, "alpha": alpha, "a": a, "b": b, "k": k, "unit": unit}
        return cls()._given({"model": cls._kinds[-1], **given})

    @property
    def k_(self) -> int:
        """The regularity of the gaps, chosen by likelihood; 1 is Poisson."""
        k: int = self._fit()["model"].get("k", 1)
        return k


class BgCnbd(_Regular):
    """BG/CNBD-k (Platzer, Reutterer 2016): `BgNbd` for regular buyers, k chosen by likelihood.

    Args:
        confidence: Confidence of `intervals_` (default 0.95).
    """

    _kinds = ("bg_nbd", "bg_cnbd_k")


class MbgCnbd(_Regular):
    """MBG/CNBD-k (Platzer, Reutterer 2016): `MbgNbd` for regular buyers, k chosen by likelihood.

    Args:
        confidence: Confidence of `intervals_` (default 0.95).
    """

    _kinds = ("mbg_nbd", "mbg_cnbd_k")


class ParetoNbd(_Purchases):
    """Pareto/NBD (Schmittlein, Morrison, Colombo 1987): dropout at any time.

    Args:
        confidence: Confidence of `intervals_` (default 0.95).
    """

    _kinds = ("pareto_nbd",)

    @classmethod
    def from_params(cls, *, r: float, alpha: float, s: float, beta: float, unit: Unit) -> Self:
        """A model with parameters from elsewhere.

        Args:
            r: Shape of the purchase rates.
            alpha: Scale of the purchase rates, time.
            s: Shape of the dropout rates.
            beta: Scale of the dropout rates, time.
            unit: The unit of time.

        Returns:
            The model; status "given", no standard errors.

        Raises:
            OptionError: A parameter that is not finite and above 0.
        """
        given = {"r": r, "alpha": alpha, "s": s, "beta": beta, "unit": unit}
        return cls()._given({"model": cls._kinds[-1], **given})


class Nbd(_Purchases):
    """NBD (Ehrenberg 1959): nobody drops out.

    Args:
        confidence: Confidence of `intervals_` (default 0.95).
    """

    _kinds = ("nbd",)

    @classmethod
    def from_params(cls, *, r: float, alpha: float, unit: Unit) -> Self:
        """A model with parameters from elsewhere.

        Args:
            r: Shape of the purchase rates.
            alpha: Scale of the purchase rates, time.
            unit: The unit of time.

        Returns:
            The model; status "given", no standard errors.

        Raises:
            OptionError: A parameter that is not finite and above 0.
        """
        return cls()._given({"model": cls._kinds[-1], "r": r, "alpha": alpha, "unit": unit})


class GammaGamma(_Model):
    """Gamma-Gamma (Fader, Hardie 2013): what a purchase of each customer is worth.

    It assumes that spend does not depend on frequency; `pearson_` and `spearman_` say how far that
    is so.

    Args:
        no_spend: What becomes of customers with repeat purchases and no spend: "drop" (default;
            counted), "error", or ``{"clamp": smallest}``.
        confidence: Confidence of `intervals_` (default 0.95).
    """

    _option = "spend_fit"
    _kinds = ("gamma_gamma",)

    def __init__(
        self,
        *,
        no_spend: Literal["drop", "error"] | Mapping[Literal["clamp"], float] | None = None,
        confidence: float | None = None,
    ) -> None:
        super().__init__(confidence=confidence)
        self.no_spend = no_spend

    @classmethod
    def from_params(cls, *, p: float, q: float, gamma: float) -> Self:
        """A model with parameters from elsewhere.

        Args:
            p: Shape of the values of one customer's purchases.
            q: Shape of the rates over customers.
            gamma: Scale of the rates over customers, money.

        Returns:
            The model; status "given", no standard errors.

        Raises:
            OptionError: A parameter that is not finite and above 0.
        """
        return cls()._given({"p": p, "q": q, "gamma": gamma})

    def fit(self, summary: Any) -> Self:
        """Fit by maximum likelihood to the customers with repeat purchases.

        Args:
            summary: A `clv_summary`; or a frame or mapping of arrays with frequency and
                monetary_value (and `weight`); or `Orders`, which are summarised first.

        Returns:
            The model itself.

        Raises:
            SchemaError: A column is missing or of another type.
            DataError: Spend that cannot be; too few repeat customers.
        """
        options = {"no_spend": self.no_spend, "confidence": self.confidence}
        return self._take(run("gamma_gamma_fit", _summary(summary, None), options))

    @property
    def pearson_(self) -> float | None:
        """Pearson's correlation of frequency and spend, at the fit."""
        return self._number("pearson")

    @property
    def spearman_(self) -> float | None:
        """Spearman's rank correlation of frequency and spend, at the fit."""
        return self._number("spearman")

    @property
    def without_spend_(self) -> float | None:
        """Customers with repeat purchases and no spend, at the fit."""
        return self._number("without_spend")

    def predict(self, summary: Any) -> Table:
        """What a purchase of each customer is expected to be worth (期待購入単価).

        Args:
            summary: As in `fit`.

        Returns:
            One row per customer: customer_id if there is one, expected_spend (null where the model
            has no mean).

        Raises:
            NotFittedError: Before `fit`.
        """
        fit = self._fit()
        return run("expected_spend", _summary(summary, None), {"fit": fit})

    def expected_spend(self, frequency: ArrayLike, monetary_value: ArrayLike) -> Floats | float:
        """The expected value of a purchase.

        Args:
            frequency: Repeat purchase days.
            monetary_value: Mean spend of those; not looked at where frequency is 0.

        Returns:
            An array, or a number if both arguments are; NaN where the model has no mean.

        Raises:
            NotFittedError: Before `fit`.
            DataError: Spend that cannot be.
        """
        fit = self._fit()
        table, single = _columns(frequency=frequency, monetary_value=monetary_value)
        found = run("expected_spend", table, {"fit": fit})["expected_spend"]
        return float(found[0]) if single else found


def clv(
    m: BgNbd | MbgNbd | ParetoNbd | Nbd | BgCnbd | MbgCnbd,
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
    unit: Unit | None = None,
) -> Table:
    """The predicted value of each customer (予測LTV), with two intervals that are never mixed.

    Args:
        m: A fitted model of purchases.
        g: A fitted model of spend.
        summary: A `clv_summary`; or a frame with frequency, recency, T and monetary_value; or
            `Orders`.
        horizon_days: Days ahead (default 365).
        infinite: For ever: `horizon_days` does not count. Default: no.
        annual_discount_rate: Discount rate per year (default 0.1).
        compounding: How it is spread over the year: "compounded" (default) or "continuous".
        margin: Share of spend that is earned (default 1).
        interval: Level of both intervals (default 0.8).
        intervals: Whether to compute the intervals. Default: yes.
        draws: Draws per customer for the outcome's interval, 10 to 100,000 (default 200).
        seed: Seed of the draws (default 0).
        unit: The unit of time of a frame; another than the model's is refused.

    Returns:
        One row per customer: customer_id if there is one, probability_alive, expected_purchases,
        expected_spend, clv (discounted; null if infinite), expected_low and expected_high (of the
        expectation), clv_low and clv_high (of the outcome). The notes have the `total`.

    Raises:
        NotFittedError: A model that is not fitted.
        OptionError: An option out of range, or a summary in another unit than the model.
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
        "unit": unit,
    }
    fits = {"fit": m._fit(), "spend_fit": g._fit()}
    return run("clv", _summary(summary, unit or m.unit_), {**fits, **options})


def compare_models(
    summary: Any,
    *,
    models: Sequence[str] | None = None,
    unit: Unit | None = None,
) -> Table:
    """Models of repeat purchases on the same customers, the best first (購入回数モデルの比較).

    Args:
        summary: A `clv_summary`; or a frame with frequency, recency and T (ln_gaps for models of
            regular gaps); or `Orders`.
        models: Which: nbd, bg_nbd, mbg_nbd, pareto_nbd, bg_cnbd_k, mbg_cnbd_k. Default: the first
            four.
        unit: The unit of time of a frame, which does not say; of orders, what they are summarised
            in.

    Returns:
        One row per model, by AIC: model, k (regularity of the gaps), parameters, log_likelihood,
        aic, bic, status.

    Raises:
        OptionError: An unknown model, or a frame without `unit`.
        DataError: Too few repeat customers.
    """
    return run("compare_models", _summary(summary, unit), {"models": models, "unit": unit})
