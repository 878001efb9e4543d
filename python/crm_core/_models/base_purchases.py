"""The base class of models of repeat purchases: fit and predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, Unpack

from .._errors import OptionError
from .._library import call, run
from .._orders import Orders
from .._table import Table
from .model import TO_FIT, TO_PREDICT, Model, Unit, columns_of, summary_of, unlimited

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .._types import AsOf, Covariates, Date, Length, ScopeWithoutOccasion, Seasonality
    from .model import Floats


def names_of(covariates: Covariates | None) -> list[str]:
    """The columns of covariates, each once."""
    if isinstance(covariates, str):
        raise OptionError(
            f"option `covariates`: expected a list of columns, found {covariates!r}",
            hint=f"covariates=[{covariates!r}]",
        )
    lists = covariates.values() if isinstance(covariates, Mapping) else [covariates or ()]
    return list(dict.fromkeys(name for names in lists for name in names))


class Purchases(Model):
    """A model of repeat purchases."""

    _asked: ClassVar[str | None] = None

    def __init__(
        self,
        *,
        confidence: float | None = None,
        bootstrap: int | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(confidence=confidence)
        self.bootstrap = bootstrap
        self.seed = seed

    def fit(
        self,
        summary: Any,
        *,
        unit: Unit | None = None,
        bad_rows: Literal["error", "drop"] | None = None,
        seasonality: Seasonality | Literal["auto", "none"] | None = None,
        covariates: Covariates | None = None,
    ) -> Self:
        """Fit by maximum likelihood.

        Args:
            summary: A `clv_summary`; or a frame or mapping of arrays with frequency, recency and T
                (and `weight`, which counts identical customers; `ln_gaps` for models of regular
                gaps); or `Orders`, which are summarised first.
            unit: The unit of time of a frame without a definition; refused if it contradicts the
                definition of a summary. For orders, the unit of their summary (default "day").
            bad_rows: Rows outside the range of the models: "drop" leaves them out (counted in the
                note `rows_left_out`), "error" stops. Default: "drop" for a `clv_summary` or
                `Orders`, "error" for your own frame.
            seasonality: The factors of demand (季節性) at whose pace the model's time runs, also
                in its predictions. "auto" (default): those of the `clv_summary`, or those that are
                found in the `Orders`; "none": time runs evenly; or factors of your own, see
                `cycle`. A frame needs a column as_of for them, the last day of observation.
            covariates: Columns on which the rates of customers depend (顧客属性): a list for
                purchases and dropout alike, or ``{"purchase": [...], "dropout": [...]}``. Numbers
                are taken as they are; of texts each value but the most frequent one has a
                coefficient. Of `Orders`: columns of the customers table, or `first_` columns.
                `predict`, `clv` and the other methods then read these columns too. Not with
                `bootstrap`. Default: none.

        Returns:
            The model itself.

        Raises:
            OptionError: A frame without `unit`, or another unit than the summary's.
            SchemaError: A column is missing or of another type.
            DataError: An impossible history, such as recency above T; too few repeat customers; a
                summary of several `as_of`; a customer without a covariate.

        Example:
            >>> crm.MbgNbd().fit(orders, unit="week").status_
            'converged'
        """
        table = summary_of(summary, unit, TO_FIT, seasonality, names_of(covariates))
        if isinstance(summary, Orders):
            seasonality = None  # those of the summary
        options = {
            "model": self._asked or self._kinds[-1],
            "unit": unit,
            "confidence": self.confidence,
            "bootstrap": self.bootstrap,
            "seed": self.seed,
            "bad_rows": bad_rows,
            "seasonality": seasonality,
            "covariates": covariates,
        }
        return self._take(run("clv_fit", table, options))

    @property
    def covariates_(self) -> list[str]:
        """The columns of customers in the fit.

        `params_` has their coefficients: `purchase.age`, `dropout.channel=web`.

        Example:
            >>> model.covariates_
            []
        """
        columns = self._fit().get("covariates", {"columns": []})["columns"]
        return [column["name"] for column in columns]

    def with_covariates(self, values: Mapping[str, Any]) -> Self:
        """The model of customers with these covariates, which has none any more.

        Args:
            values: A value for each column of `covariates_`.

        Returns:
            A model of the same class: its parameters, with their errors, are those of these
            customers.

        Raises:
            NotFittedError: Before `fit`.
            OptionError: A column is missing or unknown, or a value that the fit has not seen.

        Example:
            >>> frame = {**summary.to_dict(), "web": [i % 2 for i in range(len(summary))]}
            >>> fitted = crm.MbgNbd().fit(frame, unit="week", covariates=["web"])
            >>> of_web = fitted.with_covariates({"web": 1})
            >>> of_web.params_["alpha"] == fitted.params_["alpha"]
            False
        """
        options = {"fit": self._fit(), "covariates": values, "confidence": self.confidence}
        own = type(self)(**self.get_params())
        return own._take(run("clv_parameters", {"nothing": [0]}, options))

    @property
    def seasonality_(self) -> dict[str, float] | None:
        """The factors of demand at whose pace the model's time runs; None if it runs evenly.

        Example:
            >>> model.seasonality_ is None
            True
        """
        factors: dict[str, float] | None = self._fit().get("seasonality")
        return factors

    @property
    def unit_(self) -> Unit:
        """The unit of time of the parameters.

        Example:
            >>> model.unit_
            'week'
        """
        unit: Unit = self._fit()["model"]["unit"]
        return unit

    def predict(
        self,
        summary: Any,
        t: float | None = None,
        *,
        interval: float | None = None,
        draws: int | None = None,
        seed: int | None = None,
        annual_discount_rate: float | None = None,
        compounding: Literal["compounded", "continuous"] | None = None,
        infinite: bool | None = None,
        n: int | None = None,
        only: Sequence[str] | None = None,
        unit: Unit | None = None,
        bad_rows: Literal["error", "drop"] | None = None,
    ) -> Table:
        """P(alive) and expected purchases of each customer (生存確率と期待購入回数).

        Args:
            summary: As in `fit`. A frame without a definition is taken to be in the model's unit.
            t: Time ahead, in the model's unit (default 30), by the calendar: a model with seasons
                expects more of a busy month. A frame has a date by a column as_of; without one time
                runs evenly, which the note `seasons` says.
            interval: Level of both intervals (default 0.8).
            draws: Draws per customer for the interval of the outcome, 10 to 100,000 (default 200).
            seed: Seed of the draws (default 0).
            annual_discount_rate: Discount rate per year of discounted_purchases (default 0.1).
            compounding: How the yearly rate becomes a daily one: "compounded" (default) or
                "continuous".
            infinite: Whether discounted_purchases have no time limit; otherwise they are those
                within `t`. Default: no.
            n: The number of purchase days of probability_of_n. Default: without the column.
            only: The columns to compute. Default: all.
            unit: The unit of time of a frame; a unit other than the model's is refused.
            bad_rows: Rows outside the range of the models: "drop" gives nulls (counted in the note
                `rows_left_out`), "error" stops. Default: "drop" for a `clv_summary` or `Orders`,
                "error" for your own frame.

        Returns:
            One row per customer: customer_id if there is one, probability_alive,
            probability_alive_later (after `t`), expected_purchases within `t`, expected_low and
            expected_high (confidence interval of the expectation; the parameters are estimates),
            purchases_low and purchases_high (prediction interval of the outcome, by simulation),
            discounted_purchases, probability_none, probability_of_n (with `n`), log_likelihood.

        Raises:
            NotFittedError: Before `fit`.
            OptionError: A summary in another unit than the model.

        Example:
            >>> table = model.predict(summary, t=13, only=["probability_alive"])
            >>> len(table) == len(summary)
            True
        """
        options = {
            "t": t,
            "interval": interval,
            "draws": draws,
            "seed": seed,
            "annual_discount_rate": annual_discount_rate,
            "compounding": compounding,
            "infinite": infinite,
            "n": n,
            "only": only,
            "unit": unit,
            "bad_rows": bad_rows,
        }
        fit = self._fit()
        table = summary_of(summary, unit or self.unit_, TO_PREDICT, covariates=self.covariates_)
        return run("clv_predict", table, {"fit": fit, **options})

    def log_likelihood(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> Floats | float:
        """The logarithm of the likelihood of each history.

        With regular gaps (k > 1) the term that depends on the single gaps is left out.

        Args:
            frequency: Repeat purchase days.
            recency: First purchase to the last, in the model's unit.
            T: First purchase to the end of observation, in the model's unit.

        Returns:
            A float64 array, or a float if all arguments are numbers.

        Raises:
            NotFittedError: Before `fit`.
            DataError: An impossible history.

        Example:
            >>> m = crm.MbgNbd.from_params(r=0.5, alpha=6.0, a=0.9, b=1.6, unit="week")
            >>> m.log_likelihood([2, 0], [10.0, 0.0], [30.0, 30.0]).shape
            (2,)
        """
        return self._each("log_likelihood", frequency, recency, T)

    def probability_alive(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, t: float | None = None
    ) -> Floats | float:
        """The probability of still being a customer (生存確率).

        Args:
            frequency: Repeat purchase days.
            recency: First purchase to the last, in the model's unit.
            T: First purchase to the end of observation, in the model's unit.
            t: Time ahead, in the model's unit. Default: now.

        Returns:
            A float64 array, or a float if all arguments are numbers.

        Raises:
            NotFittedError: Before `fit`.
            DataError: An impossible history.

        Example:
            >>> m = crm.MbgNbd.from_params(r=0.5, alpha=6.0, a=0.9, b=1.6, unit="week")
            >>> m.probability_alive(2, 10.0, 30.0) < m.probability_alive(2, 29.0, 30.0)
            True
        """
        column = "probability_alive" if t is None else "probability_alive_later"
        return self._each(column, frequency, recency, T, t=t or 0.0)

    def conditional_expected_purchases(
        self, t: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> Floats | float:
        """Expected purchase days within a further time (期待購入日数).

        Args:
            t: Time ahead, in the model's unit.
            frequency: Repeat purchase days.
            recency: First purchase to the last, in the model's unit.
            T: First purchase to the end of observation, in the model's unit.

        Returns:
            A float64 array, or a float if all other arguments are numbers.

        Raises:
            NotFittedError: Before `fit`.
            OptionError: A negative time.
            DataError: An impossible history.

        Example:
            >>> m = crm.MbgNbd.from_params(r=0.5, alpha=6.0, a=0.9, b=1.6, unit="week")
            >>> m.conditional_expected_purchases(0.0, 2, 10.0, 30.0)
            0.0
        """
        return self._each("expected_purchases", frequency, recency, T, t=t)

    def discounted_expected_purchases(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        *,
        t: float | None = None,
        annual_discount_rate: float | None = None,
        compounding: Literal["compounded", "continuous"] | None = None,
    ) -> Floats | float:
        """Expected purchase days, each discounted to now (DERT, 割引期待購入日数).

        Args:
            frequency: Repeat purchase days.
            recency: First purchase to the last, in the model's unit.
            T: First purchase to the end of observation, in the model's unit.
            t: Time ahead, in the model's unit. Default: no limit.
            annual_discount_rate: Discount rate per year (default 0.1).
            compounding: How the yearly rate becomes a daily one: "compounded" (default) or
                "continuous".

        Returns:
            A float64 array, or a float if all arguments are numbers; infinite if the sum diverges.

        Raises:
            NotFittedError: Before `fit`.
            OptionError: A negative time or rate.
            DataError: An impossible history.

        Example:
            >>> m = crm.MbgNbd.from_params(r=0.5, alpha=6.0, a=0.9, b=1.6, unit="week")
            >>> plain = m.conditional_expected_purchases(52.0, 2, 10.0, 30.0)
            >>> m.discounted_expected_purchases(2, 10.0, 30.0, t=52.0) < plain
            True
        """
        options = {
            "t": t,
            "infinite": t is None,
            "annual_discount_rate": annual_discount_rate,
            "compounding": compounding,
        }
        return self._each("discounted_purchases", frequency, recency, T, **options)

    def expected_purchases(self, t: ArrayLike) -> Floats | float:
        """Expected repeat purchase days of a new customer.

        Args:
            t: Times since the first purchase, in the model's unit.

        Returns:
            A float64 array, or a float for a number.

        Raises:
            NotFittedError: Before `fit`.
            DataError: A negative time.

        Example:
            >>> m = crm.MbgNbd.from_params(r=0.5, alpha=6.0, a=0.9, b=1.6, unit="week")
            >>> m.expected_purchases(0.0)
            0.0
        """
        return self._of_new("expected_purchases", t=t)

    def probability_of(self, n: ArrayLike, t: ArrayLike) -> Floats | float:
        """The probability that a new customer makes exactly n repeat purchases.

        Args:
            n: Repeat purchase days.
            t: Time since the first purchase, in the model's unit.

        Returns:
            A float64 array, or a float if both arguments are numbers.

        Raises:
            NotFittedError: Before `fit`.
            DataError: A negative time, or a count that is not a whole number.

        Example:
            >>> m = crm.MbgNbd.from_params(r=0.5, alpha=6.0, a=0.9, b=1.6, unit="week")
            >>> round(float(m.probability_of(range(200), 10.0).sum()), 6)
            1.0
        """
        return self._of_new("probability", t=t, n=n)

    def simulate(self, T: ArrayLike, *, seed: int | None = None) -> Table:
        """Simulated histories of new customers (購入履歴のシミュレーション).

        Args:
            T: The age of each customer, in the model's unit.
            seed: The same seed gives the same customers on every machine (default 0).

        Returns:
            One row per age: customer_id (if the ages have one), frequency (repeat purchases),
            recency, T.

        Raises:
            NotFittedError: Before `fit`.
            DataError: A negative age.

        Example:
            >>> m = crm.MbgNbd.from_params(r=0.5, alpha=6.0, a=0.9, b=1.6, unit="week")
            >>> len(m.simulate([30.0] * 5, seed=1))
            5
        """
        fit = self._alone()
        table, _ = columns_of(T=T)
        return run("clv_simulate", table, {"fit": fit, "seed": seed})

    def frequency_histogram(
        self, summary: Any, *, up_to: int | None = None, unit: Unit | None = None
    ) -> Table:
        """Actual and expected customers by number of repeat purchases (購入回数分布).

        Args:
            summary: As in `fit`: the data to which the model was fitted.
            up_to: The last row counts customers with this many repeat purchases or more, up to
                10,000 (default 7).
            unit: The unit of time of a frame; a unit other than the model's is refused.

        Returns:
            One row per frequency: frequency, or_more (whether the row includes more frequent
            customers), customers (actual, weighted), expected_customers.

        Raises:
            NotFittedError: Before `fit`.
            OptionError: A summary in another unit than the model.

        Example:
            >>> model.frequency_histogram(summary, up_to=3)["frequency"].tolist()
            [0, 1, 2, 3]
        """
        options = {"fit": self._fit(), "up_to": up_to, "unit": unit}
        table = summary_of(summary, unit or self.unit_, TO_FIT, covariates=self.covariates_)
        return run("frequency_histogram", table, options)

    def expected_surface(
        self,
        summary: Any,
        t: float | None = None,
        *,
        age: float | None = None,
        up_to: int | None = None,
        step: float | None = None,
        unit: Unit | None = None,
    ) -> Table:
        """Predictions over frequency × recency at one age (頻度×最終購入).

        Args:
            summary: As in `fit`; the defaults of the axes come from it.
            t: Time ahead, in the model's unit (default 30).
            age: The age T of all cells. Default: the greatest of the summary.
            up_to: The greatest frequency. Default: that of the summary.
            step: Step of the recencies, from 0 to the age (default 1 unit).
            unit: The unit of time of a frame; a unit other than the model's is refused.

        Returns:
            One row per cell that a history can be in: frequency, recency, probability_alive,
            expected_purchases.

        Raises:
            NotFittedError: Before `fit`.
            OptionError: More than four million cells, a summary in another unit than the model.

        Example:
            >>> m = crm.MbgNbd.from_params(r=0.5, alpha=6.0, a=0.9, b=1.6, unit="week")
            >>> m.expected_surface(summary, age=4, up_to=1).columns
            ['frequency', 'recency', 'probability_alive', 'expected_purchases']
        """
        options = {"t": t, "age": age, "up_to": up_to, "step": step, "unit": unit}
        table = summary_of(summary, unit or self.unit_, TO_FIT)
        return run("expected_surface", table, {"fit": self._alone(), **options})

    def tracking(
        self,
        orders: Orders,
        as_of: AsOf = None,
        *,
        calibration_end: Date | None = None,
        step: Length | None = None,
        seasonality: Seasonality | Literal["auto", "none"] | None = None,
        **scope: Unpack[ScopeWithoutOccasion],
    ) -> Table:
        """Actual and expected repeat purchases over time (予測と実績の推移).

        Args:
            orders: The orders.
            as_of: The last day. Default: the date of the last order of the whole import.
            calibration_end: The last day of the calibration period; customers who came later do not
                count. Default: `as_of`, without a holdout.
            step: Length of a period (default 7 days; a number is days).
            seasonality: How time runs (季節性). "auto" (default): at the pace of the model's own
                factors; "none": evenly; or factors of your own.
            **scope: Keys of the scope; see `Scope`.

        Returns:
            One row per period: period_end, in_calibration, actual, expected (repeat purchase days
            in it), cumulative_actual, cumulative_expected (up to its end).

        Raises:
            NotFittedError: Before `fit`.
            OptionError: An option is unknown or out of range.

        Example:
            >>> tracked = model.tracking(orders, calibration_end="2025-06-30", step=30)
            >>> tracked.columns[:4]
            ['period_end', 'in_calibration', 'actual', 'expected']
        """
        options = {
            "fit": self._fit(),
            "calibration_end": calibration_end,
            "step": step,
            "seasonality": seasonality,
        }
        return call("clv_tracking", orders, as_of, {**options, **scope})

    def alive_path(
        self,
        orders: Orders,
        as_of: AsOf = None,
        *,
        step: Length | None = None,
        seasonality: Seasonality | Literal["auto", "none"] | None = None,
        **scope: Unpack[ScopeWithoutOccasion],
    ) -> Table:
        """P(alive) on each day, from the purchases up to that day (生存確率の推移).

        Args:
            orders: The orders.
            as_of: The last day. Default: the date of the last order of the whole import.
            step: Time from one row to the next (default 1 day; a number is days).
            seasonality: As for `tracking`.
            **scope: Keys of the scope; ``customers={"customer_id": 7}`` chooses one customer. See
                `Scope`.

        Returns:
            One row per customer and day since their first purchase: customer_id, date, frequency
            (repeat purchase days up to it), probability_alive.

        Raises:
            NotFittedError: Before `fit`.
            OptionError: An option is unknown or out of range.

        Example:
            >>> model.alive_path(orders, step=30).columns
            ['customer_id', 'date', 'frequency', 'probability_alive']
        """
        options = {"fit": self._fit(), "step": step, "seasonality": seasonality}
        return call("alive_path", orders, as_of, {**options, **scope})

    @classmethod
    def _with(cls, **parameters: float | Unit) -> Self:
        """A model of the last of its kinds with these parameters."""
        return cls()._given({"model": cls._kinds[-1], **parameters})

    def _alone(self) -> dict[str, Any]:
        """The fit; one with covariates is refused, because their values are not given."""
        if self.covariates_:
            raise OptionError(
                f"this model needs the covariates {', '.join(self.covariates_)}",
                hint="with_covariates({...}) gives the model of customers with these values",
            )
        return self._fit()

    def _each(
        self, column: str, frequency: Any, recency: Any, T: Any, **options: Any
    ) -> Floats | float:
        fit = self._alone()
        table, single = columns_of(frequency=frequency, recency=recency, T=T)
        found = run("clv_predict", table, {"fit": fit, "only": [column], **options})[column]
        if column == "discounted_purchases":
            found = unlimited(found)
        return float(found[0]) if single else found

    def _of_new(self, column: str, **columns: Any) -> Floats | float:
        fit = self._alone()
        table, single = columns_of(**columns)
        found = run("clv_new_customers", table, {"fit": fit})[column]
        return float(found[0]) if single else found
