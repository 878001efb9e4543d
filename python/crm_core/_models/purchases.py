"""The models of repeat purchases."""

from __future__ import annotations

from typing import Any, Self

from .base_purchases import Purchases
from .model import Unit


class _Dropout(Purchases):
    """The base of BG and MBG, whose parameters have the same names."""

    @classmethod
    def from_params(cls, *, r: float, alpha: float, a: float, b: float, unit: Unit) -> Self:
        """A model with given parameters.

        Args:
            r: Shape of the distribution of purchase rates.
            alpha: Scale of the distribution of purchase rates, a time.
            a: First parameter of the distribution of dropout probabilities.
            b: Second parameter of the distribution of dropout probabilities.
            unit: The unit of time.

        Returns:
            The model; status "given", no standard errors.

        Raises:
            OptionError: A parameter that is not finite and above 0.

        Example:
            >>> m = crm.BgNbd.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="week")
            >>> m.status_
            'given'
        """
        return cls._with(r=r, alpha=alpha, a=a, b=b, unit=unit)


class BgNbd(_Dropout):
    """BG/NBD (Fader, Hardie, Lee 2005): dropout after a repeat purchase.

    P(alive) of every customer without a repeat purchase is 1; with `MbgNbd` it is not.

    Args:
        confidence: Confidence of `intervals_` (default 0.95).
        bootstrap: Replicates of the bootstrap for standard errors and intervals, 20 to 10,000.
            Default: none; they come from the likelihood.
        seed: Seed of the bootstrap (default 0).

    Source:
        Fader, Hardie, Lee (2005), *Marketing Science* 24.

    Example:
        >>> crm.BgNbd().fit(summary).status_
        'converged'
    """

    _kinds = ("bg_nbd",)


class MbgNbd(_Dropout):
    """MBG/NBD (Batislam, Denizel, Filiztekin 2007): dropout after any purchase, the first included.

    Args:
        confidence: Confidence of `intervals_` (default 0.95).
        bootstrap: Replicates of the bootstrap for standard errors and intervals, 20 to 10,000.
            Default: none; they come from the likelihood.
        seed: Seed of the bootstrap (default 0).

    Source:
        Batislam, Denizel, Filiztekin (2007), *IJRM* 24.

    Example:
        >>> crm.MbgNbd().fit(summary)
        <crm_core.MbgNbd r=1.90756, alpha=15.5675, a=1.38022, b=4.21803, converged>
    """

    _kinds = ("mbg_nbd",)


class _Regular(Purchases):
    """Models of regular gaps."""

    @classmethod
    def from_params(cls, *, r: float, alpha: float, a: float, b: float, k: int, unit: Unit) -> Self:
        """A model with given parameters.

        Args:
            r: Shape of the distribution of purchase rates.
            alpha: Scale of the distribution of purchase rates, a time.
            a: First parameter of the distribution of dropout probabilities.
            b: Second parameter of the distribution of dropout probabilities.
            k: Regularity of the gaps, 1 to 12; 1 is Poisson.
            unit: The unit of time.

        Returns:
            The model; status "given", no standard errors.

        Raises:
            OptionError: A parameter out of range.

        Example:
            >>> crm.MbgCnbd.from_params(r=0.5, alpha=6.0, a=0.9, b=1.6, k=2, unit="week").k_
            2
        """
        return cls._with(r=r, alpha=alpha, a=a, b=b, k=k, unit=unit)

    @property
    def k_(self) -> int:
        """The regularity of the gaps, chosen by likelihood; 1 is Poisson.

        Example:
            >>> crm.BgCnbd.from_params(r=0.5, alpha=6.0, a=0.9, b=1.6, k=3, unit="week").k_
            3
        """
        k: int = self._fit()["model"].get("k", 1)
        return k


class BgCnbd(_Regular):
    """BG/CNBD-k (Platzer, Reutterer 2016): `BgNbd` for regular buyers, k chosen by likelihood.

    Args:
        confidence: Confidence of `intervals_` (default 0.95).
        bootstrap: Replicates of the bootstrap for standard errors and intervals, 20 to 10,000.
            Default: none; they come from the likelihood.
        seed: Seed of the bootstrap (default 0).

    Source:
        Platzer, Reutterer (2016), *Marketing Science* 35.

    Example:
        >>> crm.BgCnbd().fit(summary).k_ >= 1
        True
    """

    _kinds = ("bg_nbd", "bg_cnbd_k")


class MbgCnbd(_Regular):
    """MBG/CNBD-k (Platzer, Reutterer 2016): `MbgNbd` for regular buyers, k chosen by likelihood.

    Args:
        confidence: Confidence of `intervals_` (default 0.95).
        bootstrap: Replicates of the bootstrap for standard errors and intervals, 20 to 10,000.
            Default: none; they come from the likelihood.
        seed: Seed of the bootstrap (default 0).

    Source:
        Platzer, Reutterer (2016), *Marketing Science* 35.

    Example:
        >>> crm.MbgCnbd().fit(summary).k_ >= 1
        True
    """

    _kinds = ("mbg_nbd", "mbg_cnbd_k")


class ParetoNbd(Purchases):
    """Pareto/NBD (Schmittlein, Morrison, Colombo 1987): dropout at any time.

    Args:
        confidence: Confidence of `intervals_` (default 0.95).
        bootstrap: Replicates of the bootstrap for standard errors and intervals, 20 to 10,000.
            Default: none; they come from the likelihood.
        seed: Seed of the bootstrap (default 0).

    Source:
        Schmittlein, Morrison, Colombo (1987), *Management Science* 33.

    Example:
        >>> list(crm.ParetoNbd().fit(summary).params_)
        ['r', 'alpha', 's', 'beta']
    """

    _kinds = ("pareto_nbd",)

    @classmethod
    def from_params(cls, *, r: float, alpha: float, s: float, beta: float, unit: Unit) -> Self:
        """A model with given parameters.

        Args:
            r: Shape of the distribution of purchase rates.
            alpha: Scale of the distribution of purchase rates, a time.
            s: Shape of the distribution of dropout rates.
            beta: Scale of the distribution of dropout rates, a time.
            unit: The unit of time.

        Returns:
            The model; status "given", no standard errors.

        Raises:
            OptionError: A parameter that is not finite and above 0.

        Example:
            >>> m = crm.ParetoNbd.from_params(r=0.5, alpha=10.0, s=0.6, beta=11.0, unit="week")
            >>> m.unit_
            'week'
        """
        return cls._with(r=r, alpha=alpha, s=s, beta=beta, unit=unit)


class Nbd(Purchases):
    """NBD (Ehrenberg 1959): no dropout.

    Args:
        confidence: Confidence of `intervals_` (default 0.95).
        bootstrap: Replicates of the bootstrap for standard errors and intervals, 20 to 10,000.
            Default: none; they come from the likelihood.
        seed: Seed of the bootstrap (default 0).

    Source:
        Ehrenberg (1959), *Applied Statistics* 8.

    Example:
        >>> list(crm.Nbd().fit(summary).params_)
        ['r', 'alpha']
    """

    _kinds = ("nbd",)

    @classmethod
    def from_params(cls, *, r: float, alpha: float, unit: Unit) -> Self:
        """A model with given parameters.

        Args:
            r: Shape of the distribution of purchase rates.
            alpha: Scale of the distribution of purchase rates, a time.
            unit: The unit of time.

        Returns:
            The model; status "given", no standard errors.

        Raises:
            OptionError: A parameter that is not finite and above 0.

        Example:
            >>> m = crm.Nbd.from_params(r=0.5, alpha=6.0, unit="week")
            >>> m.probability_alive(2, 10.0, 30.0)
            1.0
        """
        return cls._with(r=r, alpha=alpha, unit=unit)


class BestModel(Purchases):
    """The model that the data choose: the simplest that is not clearly worse than the best.

    All models are fitted. They are compared on the holdout of a `clv_summary` with
    `calibration_end`, by the probability of what each customer bought; otherwise by likelihood
    (Akaike), which has all times of purchases.

    Args:
        confidence: Confidence of `intervals_` (default 0.95).
        bootstrap: Replicates of the bootstrap for standard errors and intervals, 20 to 10,000.
            Default: none; they come from the likelihood.
        seed: Seed of the bootstrap (default 0).

    Example:
        >>> crm.BestModel().fit(summary).model_
        'mbg_cnbd_k'
    """

    _kinds = ("nbd", "bg_nbd", "mbg_nbd", "pareto_nbd", "bg_cnbd_k", "mbg_cnbd_k")
    _asked = "auto"

    @property
    def model_(self) -> str:
        """The name of the model.

        Example:
            >>> crm.BestModel().fit(summary).model_
            'mbg_cnbd_k'
        """
        model: str = self._note("model")
        return model

    @property
    def choice_(self) -> dict[str, Any] | None:
        """What was compared and by what; None if a fit was given.

        Example:
            >>> crm.BestModel().fit(summary).choice_["by"]
            'likelihood'
        """
        choice: dict[str, Any] | None = self._note("choice")
        return choice
