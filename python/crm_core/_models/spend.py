"""The model of spend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

from .._library import run
from .._table import Table
from .model import TO_FIT_SPEND, TO_PREDICT_SPEND, Model, columns_of, summary_of, unlimited

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .model import Floats


class GammaGamma(Model):
    """Gamma-Gamma (Fader, Hardie 2013): the expected value of a customer's purchase.

    The model assumes that spend does not depend on frequency; `pearson_` and `spearman_` show their
    correlation.

    Args:
        no_spend: Customers with repeat purchases and no spend: "drop" (default; counted), "error",
            or ``{"clamp": smallest}``.
        confidence: Confidence of `intervals_` (default 0.95).
        bootstrap: Replicates of the bootstrap for standard errors and intervals, 20 to 10,000.
            Default: none; they come from the likelihood.
        seed: Seed of the bootstrap (default 0).

    Source:
        Fader, Hardie (2013). The Gamma-Gamma model of monetary value.

    Example:
        >>> list(crm.GammaGamma().fit(summary).params_)
        ['p', 'q', 'gamma']
    """

    _option = "spend_fit"
    _kinds = ("gamma_gamma",)

    def __init__(
        self,
        *,
        no_spend: Literal["drop", "error"] | Mapping[Literal["clamp"], float] | None = None,
        confidence: float | None = None,
        bootstrap: int | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(confidence=confidence)
        self.no_spend = no_spend
        self.bootstrap = bootstrap
        self.seed = seed

    @classmethod
    def from_params(cls, *, p: float, q: float, gamma: float) -> Self:
        """A model with given parameters.

        Args:
            p: Shape of the values of one customer's purchases.
            q: Shape of the distribution of ν over customers.
            gamma: Rate parameter of the distribution of ν over customers, in money.

        Returns:
            The model; status "given", no standard errors.

        Raises:
            OptionError: A parameter that is not finite and above 0.

        Example:
            >>> g = crm.GammaGamma.from_params(p=6.25, q=3.74, gamma=15.44)
            >>> g.status_
            'given'
        """
        return cls()._given({"p": p, "q": q, "gamma": gamma})

    def fit(self, summary: Any, *, bad_rows: Literal["error", "drop"] | None = None) -> Self:
        """Fit by maximum likelihood to the customers with repeat purchases.

        Args:
            summary: A `clv_summary`; or a frame or mapping of arrays with frequency and
                monetary_value (and `weight`); or `Orders`, which are summarised first.
            bad_rows: Rows outside the range of the models: "drop" leaves them out (counted in the
                note `rows_left_out`), "error" stops. Default: "drop" for a `clv_summary` or
                `Orders`, "error" for your own frame.

        Returns:
            The model itself.

        Raises:
            SchemaError: A column is missing or of another type.
            DataError: Impossible spend; too few repeat customers; a summary of several `as_of`.

        Example:
            >>> crm.GammaGamma().fit(orders).status_
            'converged'
        """
        options = {
            "no_spend": self.no_spend,
            "confidence": self.confidence,
            "bootstrap": self.bootstrap,
            "seed": self.seed,
            "bad_rows": bad_rows,
        }
        table = summary_of(summary, None, TO_FIT_SPEND)
        return self._take(run("gamma_gamma_fit", table, options))

    @property
    def pearson_(self) -> float | None:
        """Pearson's correlation of frequency and spend, at the fit.

        Example:
            >>> -1 <= spend.pearson_ <= 1
            True
        """
        return self._number("pearson")

    @property
    def spearman_(self) -> float | None:
        """Spearman's rank correlation of frequency and spend, at the fit.

        Example:
            >>> -1 <= spend.spearman_ <= 1
            True
        """
        return self._number("spearman")

    @property
    def without_spend_(self) -> float | None:
        """Customers with repeat purchases and no spend, at the fit.

        Example:
            >>> spend.without_spend_
            0.0
        """
        return self._number("without_spend")

    def predict(self, summary: Any, *, bad_rows: Literal["error", "drop"] | None = None) -> Table:
        """The expected value of a purchase of each customer (期待購入単価).

        Args:
            summary: As in `fit`.
            bad_rows: Rows outside the range of the models: "drop" gives nulls (counted in the note
                `rows_left_out`), "error" stops. Default: "drop" for a `clv_summary` or `Orders`,
                "error" for your own frame.

        Returns:
            One row per customer: customer_id if there is one, expected_spend (null if the model has
            no mean).

        Raises:
            NotFittedError: Before `fit`.

        Example:
            >>> spend.predict(summary).columns
            ['customer_id', 'expected_spend']
        """
        table = summary_of(summary, None, TO_PREDICT_SPEND)
        return run("expected_spend", table, {"fit": self._fit(), "bad_rows": bad_rows})

    def expected_spend(self, frequency: ArrayLike, monetary_value: ArrayLike) -> Floats | float:
        """The expected value of a purchase.

        Args:
            frequency: Repeat purchase days.
            monetary_value: Mean spend of these days; ignored where frequency is 0.

        Returns:
            A float64 array, or a float if both arguments are numbers; infinite if the model has no
            mean.

        Raises:
            NotFittedError: Before `fit`.
            DataError: Impossible spend.

        Example:
            >>> g = crm.GammaGamma.from_params(p=6.0, q=4.0, gamma=15.0)
            >>> g.expected_spend(0, 0.0)
            30.0
        """
        fit = self._fit()
        table, single = columns_of(frequency=frequency, monetary_value=monetary_value)
        found = unlimited(run("expected_spend", table, {"fit": fit})["expected_spend"])
        return float(found[0]) if single else found
