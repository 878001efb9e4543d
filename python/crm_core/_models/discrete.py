"""Models in discrete time: contracts by period, purchases by opportunity.

Their likelihoods are of counts, not of purchase times, and are never compared with those of the
other models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from .._library import chosen, run
from .._table import Table
from .model import Model, columns_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .model import Floats


class Sbg(Model):
    """sBG (Fader, Hardie 2007): how long contracts last (契約継続率).

    At the end of each period a customer ends the contract with a probability of their own, beta
    distributed over customers.

    Args:
        confidence: Confidence of `intervals_` (default 0.95).

    Source:
        Fader, Hardie (2007), *J. of Interactive Marketing* 21; the example has its figures.

    Example:
        >>> sbg = crm.Sbg().fit([1000, 869, 743, 653, 593, 551, 517, 491])
        >>> [round(value, 3) for value in sbg.params_.values()]
        [0.668, 3.806]
    """

    _option = "sbg_fit"
    _kinds = ("sbg",)

    @classmethod
    def from_params(cls, *, alpha: float, beta: float) -> Self:
        """A model with given parameters.

        Args:
            alpha: First parameter of the churn probabilities.
            beta: Second parameter of the churn probabilities.

        Returns:
            The model; status "given", no standard errors.

        Raises:
            OptionError: A parameter that is not finite and above 0.

        Example:
            >>> crm.Sbg.from_params(alpha=1.0, beta=1.0).predict([1])["survival_rate"].tolist()
            [0.5]
        """
        return cls()._given({"alpha": alpha, "beta": beta})

    def fit(self, survivors: Any) -> Self:
        """Fit by maximum likelihood.

        Args:
            survivors: For one cohort, whole numbers: its size, then the customers left after one
                period, after two, and so on. For several, a frame or mapping with columns survivors
                and period; each 0 in period begins a cohort.

        Returns:
            The model itself.

        Raises:
            SchemaError: A column is missing or of another type.
            DataError: Survivors that increase or are not whole numbers; no customer left.

        Example:
            >>> crm.Sbg().fit([1000, 869, 743, 653, 593, 551, 517, 491]).status_
            'converged'
        """
        is_frame = isinstance(survivors, Table) or hasattr(survivors, "keys")
        is_frame = is_frame or hasattr(survivors, "columns") or hasattr(survivors, "column_names")
        data = survivors if is_frame else {"survivors": survivors}
        return self._take(run("sbg_fit", _frame(data), {"confidence": self.confidence}))

    def predict(self, t: ArrayLike, *, discount_rate: float | None = None) -> Table:
        """Survival, retention and expected renewals by period.

        Args:
            t: Periods, whole numbers.
            discount_rate: Discount rate per period (default 0.1).

        Returns:
            One row per t: t, survival_rate (share left after t periods), retention_rate
            (probability of renewing at the end of period t), expected_renewals (further renewals of
            a customer in period t, discounted; the next one counts in full; null if infinite).

        Raises:
            NotFittedError: Before `fit`.
            DataError: A number of periods that is not a whole number.

        Example:
            >>> sbg = crm.Sbg.from_params(alpha=1.0, beta=1.0)
            >>> sbg.predict([0, 1])["survival_rate"].tolist()
            [1.0, 0.5]
        """
        fit = self._fit()
        table, _ = columns_of(t=t)
        return run("sbg_predict", table, {"fit": fit, "discount_rate": discount_rate})


class BgBb(Model):
    """BG/BB (Fader, Hardie, Shang 2010): purchases in discrete opportunities, such as yearly gifts.

    Args:
        confidence: Confidence of `intervals_` (default 0.95).

    Source:
        Fader, Hardie, Shang (2010), *Marketing Science* 29; the example has its parameters.

    Example:
        >>> m = crm.BgBb.from_params(alpha=1.204, beta=0.750, gamma=0.657, delta=2.783)
        >>> m.status_
        'given'
    """

    _option = "bgbb_fit"
    _kinds = ("bgbb",)

    @classmethod
    def from_params(cls, *, alpha: float, beta: float, gamma: float, delta: float) -> Self:
        """A model with given parameters.

        Args:
            alpha: First parameter of the purchase probabilities.
            beta: Second parameter of the purchase probabilities.
            gamma: First parameter of the death probabilities.
            delta: Second parameter of the death probabilities.

        Returns:
            The model; status "given", no standard errors.

        Raises:
            OptionError: A parameter that is not finite and above 0.

        Example:
            >>> m = crm.BgBb.from_params(alpha=1.204, beta=0.750, gamma=0.657, delta=2.783)
            >>> list(m.params_)
            ['alpha', 'beta', 'gamma', 'delta']
        """
        return cls()._given({"alpha": alpha, "beta": beta, "gamma": gamma, "delta": delta})

    def fit(self, patterns: Any) -> Self:
        """Fit by maximum likelihood.

        Args:
            patterns: A frame or mapping with frequency (purchases), recency (the opportunity of the
                last one, 0 if none), n (opportunities), and optionally weight (customers with the
                pattern).

        Returns:
            The model itself.

        Raises:
            SchemaError: A column is missing or of another type.
            DataError: An impossible pattern; too few customers who bought.

        Example:
            >>> gifts = {"frequency": [0, 1, 2, 2], "recency": [0, 2, 3, 4], "n": [4] * 4,
            ...          "weight": [40, 20, 10, 30]}
            >>> crm.BgBb().fit(gifts).customers_
            100.0
        """
        return self._take(run("bgbb_fit", _frame(patterns), {"confidence": self.confidence}))

    def predict(
        self, patterns: Any, ahead: int | None = None, *, discount_rate: float | None = None
    ) -> Table:
        """P(alive) and expected purchases in the next opportunities.

        Args:
            patterns: As in `fit`.
            ahead: Opportunities ahead (default 1).
            discount_rate: Discount rate per opportunity (default 0.1).

        Returns:
            One row per customer: customer_id if there is one, probability_alive (at the last
            opportunity ahead), expected_purchases (in the opportunities ahead),
            discounted_purchases (no limit; null if infinite), log_likelihood.

        Raises:
            NotFittedError: Before `fit`.
            DataError: An impossible pattern.

        Example:
            >>> m = crm.BgBb.from_params(alpha=1.204, beta=0.750, gamma=0.657, delta=2.783)
            >>> m.predict({"frequency": [2], "recency": [3], "n": [4]}, ahead=2).columns
            ['probability_alive', 'expected_purchases', 'discounted_purchases', 'log_likelihood']
        """
        options = {"fit": self._fit(), "ahead": ahead, "discount_rate": discount_rate}
        return run("bgbb_predict", _frame(patterns), options)

    def frequency_histogram(self, patterns: Any, *, up_to: int | None = None) -> Table:
        """Actual and expected customers by number of purchases (予測と実績).

        The expectation uses only n, the number of opportunities.

        Args:
            patterns: As in `fit`.
            up_to: The last row counts customers with this many purchases or more (default: the
                greatest n).

        Returns:
            One row per number of purchases: frequency (int32), or_more (bool; true in the last row
            if a customer had more opportunities), customers, expected_customers (float64).

        Raises:
            NotFittedError: Before `fit`.
            DataError: An impossible pattern.

        Source:
            Fader, Hardie, Shang (2010), figure of gifts by number; `BTYD`'s
            `bgbb.PlotFrequencyInCalibration`.

        Example:
            >>> m = crm.BgBb.from_params(alpha=1.0, beta=1.0, gamma=1.0, delta=1.0)
            >>> gifts = {"frequency": [0, 1], "recency": [0, 1], "n": [1, 1], "weight": [25, 15]}
            >>> [round(n, 6) for n in m.frequency_histogram(gifts)["expected_customers"].tolist()]
            [30.0, 10.0]
        """
        return run("bgbb_histogram", _frame(patterns), {"fit": self._fit(), "up_to": up_to})

    def probability_alive(
        self, frequency: ArrayLike, recency: ArrayLike, n: ArrayLike, ahead: int | None = None
    ) -> Floats | float:
        """The probability of being alive at an opportunity ahead (生存確率).

        Args:
            frequency: Purchases.
            recency: The opportunity of the last one, 0 if none.
            n: Opportunities.
            ahead: The number of the opportunity after these (default 1).

        Returns:
            A float64 array, or a float if all arguments are numbers.

        Raises:
            NotFittedError: Before `fit`.
            DataError: An impossible pattern.

        Example:
            >>> m = crm.BgBb.from_params(alpha=1.204, beta=0.750, gamma=0.657, delta=2.783)
            >>> m.probability_alive(2, 2, 6) < m.probability_alive(2, 6, 6)
            True
        """
        return self._each("probability_alive", frequency, recency, n, ahead)

    def conditional_expected_purchases(
        self, ahead: int, frequency: ArrayLike, recency: ArrayLike, n: ArrayLike
    ) -> Floats | float:
        """Expected purchases in the next opportunities (期待購入回数).

        Args:
            ahead: Opportunities ahead.
            frequency: Purchases.
            recency: The opportunity of the last one, 0 if none.
            n: Opportunities.

        Returns:
            A float64 array, or a float if all other arguments are numbers.

        Raises:
            NotFittedError: Before `fit`.
            DataError: An impossible pattern.

        Example:
            >>> m = crm.BgBb.from_params(alpha=1.204, beta=0.750, gamma=0.657, delta=2.783)
            >>> late = m.conditional_expected_purchases(5, 2, 6, 6)
            >>> m.conditional_expected_purchases(5, 2, 2, 6) < late
            True
        """
        return self._each("expected_purchases", frequency, recency, n, ahead)

    def _each(
        self, column: str, frequency: Any, recency: Any, n: Any, ahead: int | None
    ) -> Floats | float:
        fit = self._fit()
        table, single = columns_of(frequency=frequency, recency=recency, n=n)
        found = run("bgbb_predict", table, {"fit": fit, "ahead": ahead})[column]
        return float(found[0]) if single else found


_COLUMNS = ("customer_id", "frequency", "recency", "n", "weight", "period", "survivors")


def _frame(data: Any) -> Table:
    """The columns of a plain frame that these models read."""
    if isinstance(data, Table):
        return data
    return chosen(data, _COLUMNS)
