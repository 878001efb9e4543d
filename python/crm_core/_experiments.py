"""Experiments: who gets which variant, how many people are needed, which variant is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from . import _native
from ._events import Events
from ._library import call, chosen, names_of
from ._table import Table

if TYPE_CHECKING:
    from ._types import AsOf, Length


def experiment(
    data: Any,
    as_of: AsOf = None,
    *,
    method: Literal["fixed", "always_valid", "bayes"] | None = None,
    control: str | None = None,
    measures: Sequence[str] | None = None,
    covariate: str | None = None,
    denominator: str | None = None,
    winsorize: float | None = None,
    experiment: str | None = None,
    window: Length | None = None,
    before: Length | None = None,
    per: Literal["customer", "visitor"] | None = None,
    shares: Mapping[str, float] | None = None,
    confidence: float | None = None,
    adjust: Literal["holm", "bh", "none"] | None = None,
    rate_interval: Literal["wilson", "clopper_pearson", "jeffreys"] | None = None,
    difference_interval: Literal["newcombe", "score", "wald"] | None = None,
    ratio_interval: Literal["log", "score"] | None = None,
    test: Literal["z", "fisher", "yates"] | None = None,
    sequence: Literal["confidence_sequence", "msprt"] | None = None,
    tuning: float | None = None,
    mixing_variance: float | None = None,
) -> Table:
    """Variants of an experiment compared with the control (A/Bテスト).

    First the counts of people are tested against the planned shares: below .001 people were not
    assigned as planned, and no difference can be read.

    Args:
        data: A frame with one row per variant: `variant`, `n` (people) and `conversions`, or `n`,
            `sum` and `sum_squares`; a column `measure` allows several measures. Or a frame with one
            row per unit: `variant`, `value` or the columns in `measures`; with `customer_id` rows
            of one customer are one cluster, and customers in several variants are left out and
            counted in the notes. Values that are all 0 or 1, one per customer, are a rate. Or
            events with the kind assigned and columns of campaigns and variants: a unit is then a
            person, from the first assignment on.
        as_of: Of events the date or datetime up to which they count; a list gives a first column
            `as_of`. Default: the last event.
        method: "fixed" (default) judges once, at a time that was decided before; "always_valid"
            may be looked at daily; "bayes" gives the probability of being the best and the expected
            loss.
        control: The variant that others are compared with. Default: the variant called "control",
            else the first in ascending order.
        measures: The columns of values of a frame with one row per unit (default "value"); of
            events purchase_rate, orders, revenue (default all).
        covariate: A column with a value of each unit from before the experiment, which reduces the
            variance (CUPED); of events "before", the same measure in the time before.
        denominator: A column that the values are divided by: the mean is the sum of the values
            divided by its sum, as for revenue per session.
        winsorize: Values above this quantile of the measure are set to it.
        experiment: Of events, the campaign of the assignments. Default: the only one.
        window: Of events, how long after the assignment an order counts (default "14d"). People
            whose window is not over are left out and counted.
        before: Of events, how long before the assignment the covariate begins (default "28d").
        per: Of events, whose assignments and orders belong together. Default: a customer's, if the
            log has customers, else a visitor's.
        shares: The share of people that each variant was to get; only ratios count. Default: equal.
        confidence: Confidence of the intervals and of the verdict (default 0.95).
        adjust: How `p_adjusted` allows for all variants and measures: "holm" (default), "bh"
            (Benjamini and Hochberg) or "none".
        rate_interval: The interval of a rate: "wilson" (default), "clopper_pearson" or "jeffreys".
        difference_interval: The interval of the difference of two rates: "newcombe" (default),
            "score" (Miettinen and Nurminen) or "wald".
        ratio_interval: The interval of the ratio of two rates: "log" (default; "score" where all of
            a variant converted) or "score". Options that the method or the kind of measure does not
            read are refused.
        test: The test of two rates that `p` is of: "z" (default), "fisher" or "yates".
        sequence: What makes "always_valid" valid: "confidence_sequence" (default) or "msprt".
        tuning: People at which the confidence sequence is narrowest (default 5000).
        mixing_variance: The variance of the differences expected between variants, for "msprt"
            (default 0.0001).

    Returns:
        One row per measure and variant: measure, variant, n, mean, mean_low, mean_high, difference,
        difference_low, difference_high, ratio, ratio_low, ratio_high, p, p_exact (Fisher's),
        p_adjusted, with "bayes" probability_best and expected_loss, srm_p (of the planned shares),
        verdict (above, below, unclear, sample_ratio_mismatch).

    Raises:
        SchemaError: A column is missing or has a wrong type.
        DataError: A count or value is out of range, or there are fewer than two variants.
        OptionError: An option is unknown, out of range, or of another form of table.

    Source:
        Newcombe (1998), *Statistics in Medicine* 17; Miettinen, Nurminen (1985), *Statistics in
        Medicine* 4; Waudby-Smith and others (2021), arXiv 2103.06476; Deng and others (2013),
        *WSDM* (CUPED).

    Example:
        >>> counts = {"variant": ["a", "b"], "n": [5000, 5000], "conversions": [200, 242]}
        >>> result = crm.experiment(counts).to_dict()
        >>> result["verdict"][1], round(result["p"][1], 4)
        ('above', 0.041)
        >>> crm.experiment(counts, method="always_valid").to_dict()["verdict"][1]
        'unclear'
    """
    options = {
        "method": method,
        "control": control,
        "measures": measures,
        "covariate": covariate,
        "denominator": denominator,
        "winsorize": winsorize,
        "experiment": experiment,
        "window": window,
        "before": before,
        "per": per,
        "shares": shares,
        "confidence": confidence,
        "adjust": adjust,
        "rate_interval": rate_interval,
        "difference_interval": difference_interval,
        "ratio_interval": ratio_interval,
        "test": test,
        "sequence": sequence,
        "tuning": tuning,
        "mixing_variance": mixing_variance,
    }
    if isinstance(data, Events):
        return call("experiment", data, as_of, options)
    names = names_of(data)
    if "variant" not in names:
        _native.missing_column("variant", names)
    if "conversions" in names:
        # Sums beside conversions are refused.
        columns = ["variant", "n", "conversions", "measure", "sum", "sum_squares"]
    elif "sum" in names:
        columns = ["variant", "n", "sum", "sum_squares", "measure"]
    else:
        columns = ["variant", *(measures or ["value"]), "customer_id"]
        columns += [name for name in (covariate, denominator) if name]
    read = chosen(data, tuple(dict.fromkeys(columns)))
    return call("experiment", read, as_of, options)


def experiment_plan(
    baseline: float | Sequence[float],
    effect: float | Sequence[float],
    sd: float | Sequence[float] | None = None,
    *,
    alpha: float | None = None,
    power: float | None = None,
    variants: int | None = None,
    relative: bool | None = None,
    variance: Literal["unpooled", "pooled"] | None = None,
    per_day: float | None = None,
    n: float | None = None,
) -> Table:
    """People and days that an experiment needs (A/Bテストの標本サイズ).

    Args:
        baseline: The rate or mean without a change; several give one plan each.
        effect: The least difference to be found.
        sd: The standard deviation of the values, where means are compared. Default: rates.
        alpha: The probability of finding a difference where there is none (default 0.05).
        power: The probability of finding the effect if it is there (default 0.8).
        variants: Variants with the control (default 2); `alpha` is divided by the comparisons.
        relative: Whether effects are shares of the baseline. Default: no.
        variance: The variance of the test of rates: "unpooled" (default) or "pooled".
        per_day: People who come each day, in all variants together.
        n: People in each variant that there are.

    Returns:
        One row per plan: baseline, effect, n_per_variant, people (in all variants), with `per_day`
        experiment_days, with `n` detectable_effect (null if none is).

    Raises:
        DataError: A rate is not between 0 and 1, or an effect is 0.
        OptionError: An option is out of range.

    Source:
        Fleiss, Levin, Paik (2003), *Statistical Methods for Rates and Proportions*, ch. 4.

    Example:
        >>> plan = crm.experiment_plan(0.04, 0.01, per_day=500)
        >>> int(plan["n_per_variant"][0]), int(plan["experiment_days"][0])
        (6743, 27)
    """
    options = {
        "alpha": alpha,
        "power": power,
        "variants": variants,
        "relative": relative,
        "variance": variance,
        "per_day": per_day,
        "n": n,
    }
    given = {"baseline": baseline, "effect": effect, "sd": sd}
    plans = {name: _several(value) for name, value in given.items() if value is not None}
    longest = max(map(len, plans.values()))
    # One number stands for all plans.
    plans = {name: of * longest if len(of) == 1 else of for name, of in plans.items()}
    return call("experiment_plan", plans, None, options)


def assign(
    ids: Any,
    *,
    experiment: str | None = None,
    variants: Mapping[str, float] | None = None,
    salt: str | None = None,
) -> Table:
    """The variant of an experiment for each id (A/Bテストの割付).

    The first 64 bits of the SHA-256 of ``salt:experiment:id``, as a fraction of 1, against the
    cumulated shares of the variants in ascending order of their names: no memory is needed, and the
    same person always gets the same variant, in every language. In DuckDB::

        CASE WHEN ('0x' || substr(sha256(concat(salt, ':', experiment, ':', id)), 1, 16))
            ::UBIGINT::DOUBLE / 18446744073709551616 < 0.5 THEN 'a' ELSE 'b' END

    Args:
        ids: Ids: a list, an array, a Series, or a frame with a column `customer_id`.
        experiment: The name of the experiment, which must be given; each assigns independently.
        variants: The variants and their shares, which add up to 1 (default a and b, a half each).
        salt: A text that changes the assignment, such as a secret of the shop (default empty).

    Returns:
        One row per id, in the order given: customer_id, variant.

    Raises:
        DataError: An id is null.
        OptionError: No experiment, or shares that do not add up to 1.

    Example:
        >>> crm.assign([42, 43], experiment="button").to_dict()["variant"]
        ['b', 'a']
    """
    options = {"experiment": experiment, "variants": variants, "salt": salt}
    framed = isinstance(ids, Mapping | Table) or "customer_id" in _columns(ids)
    read = chosen(ids, ("customer_id",)) if framed else {"customer_id": ids}
    return call("assign", read, None, options)


def _several(value: Any) -> list[float]:
    return list(value) if hasattr(value, "__len__") else [value]


def _columns(data: Any) -> list[str]:
    """The columns of a frame; none of a list of ids."""
    try:
        return names_of(data)
    except TypeError:
        return []
