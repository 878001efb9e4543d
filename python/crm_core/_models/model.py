"""The base class of models: options, fit, parameters, JSON, and reading of data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from .. import _native
from .._errors import NotFittedError, OptionError, meant
from .._input import source
from .._library import call, chosen, run
from .._orders import Orders
from .._table import Table

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[Any, np.dtype[np.float64]]

Unit = Literal["day", "week", "calendar_week", "month"]

# The columns that are read from a plain frame.
TO_FIT = ("frequency", "recency", "T", "ln_gaps", "own_ln_gaps", "weight", "as_of")
TO_PREDICT = ("customer_id", "frequency", "recency", "T", "weight", "as_of")
TO_VALUE = (*TO_PREDICT, "monetary_value")
TO_FIT_SPEND = ("frequency", "monetary_value", "weight", "as_of")
TO_PREDICT_SPEND = ("customer_id", "frequency", "monetary_value")


def summary_of(
    data: Any,
    unit: str | None,
    columns: tuple[str, ...],
    seasonality: Any = "none",
    covariates: Sequence[str] = (),
) -> Table:
    """The summary of the given data with columns of customers; of a plain frame, the known columns
    that it has.

    Seasons of orders are looked for only where a model is fitted: the fit has them.
    """
    if isinstance(data, Table):
        return data
    if isinstance(data, Orders):
        options = {"unit": unit, "seasonality": seasonality, "covariates": list(covariates) or None}
        return call("clv_summary", data, None, options)
    return chosen(data, (*columns, *covariates))


def columns_of(**columns: Any) -> tuple[Table, bool]:
    """Arrays as a table, single numbers repeated; and whether all arguments were numbers."""
    import numpy as np

    single = {name for name, value in columns.items() if np.ndim(value) == 0}
    lengths = [len(value) for name, value in columns.items() if name not in single]
    rows = lengths[0] if lengths else 1
    cells = {name: [value] * rows if name in single else value for name, value in columns.items()}
    names = list(cells)
    return Table(_native.Table.from_columns(source(cells, names), names)), not lengths


def unlimited(cells: Floats) -> Floats:
    """The cells of a column in which infinite numbers are null."""
    import numpy as np

    return np.where(np.isnan(cells), np.inf, cells)


class Model:
    """The base class of models."""

    _option: ClassVar[str] = "fit"
    _kinds: ClassVar[tuple[str, ...]]

    def __init__(self, *, confidence: float | None = None) -> None:
        self.confidence = confidence
        self._parameters: dict[str, list[Any]] | None = None
        self._notes: dict[str, Any] = {}

    @classmethod
    def from_json(cls, text: str) -> Self:
        """A model from the text of `to_json`.

        Args:
            text: The JSON of a fit, or of parameters alone.

        Returns:
            The model; without standard errors if only the parameters were given.

        Raises:
            OptionError: Not the JSON of a fit, or of another model or a newer version.

        Example:
            >>> crm.MbgNbd.from_json(model.to_json()).params_ == model.params_
            True
        """
        return cls()._given(text)

    def to_json(self) -> str:
        """The fit as versioned JSON, with the unit of time; see `from_json`.

        Raises:
            NotFittedError: Before `fit`.

        Example:
            >>> import json
            >>> json.loads(model.to_json())["model"]["unit"]
            'week'
        """
        import json

        return json.dumps(self._fit())

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options, as scikit-learn asks for them.

        Args:
            deep: Ignored: a model contains no other models.

        Returns:
            The options by name, None for options that were not given.

        Example:
            >>> crm.MbgNbd(confidence=0.9).get_params()
            {'confidence': 0.9, 'bootstrap': None, 'seed': None}
        """
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def set_params(self, **params: Any) -> Self:
        """Change options, as scikit-learn does.

        Args:
            **params: The new values, by the options' names.

        Returns:
            The model itself; an existing fit stays until the next `fit`.

        Raises:
            OptionError: There is no such option.

        Example:
            >>> crm.MbgNbd().set_params(confidence=0.9).confidence
            0.9
        """
        for name, value in params.items():
            if name not in self.get_params():
                raise OptionError(
                    f"unknown option `{name}` of {type(self).__name__}",
                    hint=meant(name, self.get_params()),
                )
            setattr(self, name, value)
        return self

    @property
    def params_(self) -> dict[str, float]:
        """The parameters by name.

        Example:
            >>> list(model.params_)
            ['r', 'alpha', 'a', 'b']
        """
        parameters = self._fitted()
        return dict(zip(parameters["parameter"], parameters["value"], strict=True))

    @property
    def standard_errors_(self) -> dict[str, float] | None:
        """Standard errors of the parameters; None unless the fit converged.

        Example:
            >>> list(model.standard_errors_)
            ['r', 'alpha', 'a', 'b']
        """
        parameters = self._fitted()
        errors = dict(zip(parameters["parameter"], parameters["standard_error"], strict=True))
        return None if None in errors.values() else errors

    @property
    def intervals_(self) -> dict[str, tuple[float, float]] | None:
        """Confidence intervals of the parameters, on the log scale; None unless the fit converged.

        Example:
            >>> low, high = model.intervals_["r"]
            >>> low < model.params_["r"] < high
            True
        """
        parameters = self._fitted()
        if None in parameters["low"] or None in parameters["high"]:
            return None
        ends = zip(parameters["low"], parameters["high"], strict=True)
        return dict(zip(parameters["parameter"], ends, strict=True))

    @property
    def log_likelihood_(self) -> float | None:
        """Total log-likelihood, in the unit of time of the data; None if parameters were given.

        Example:
            >>> model.log_likelihood_ < 0
            True
        """
        return self._number("log_likelihood")

    @property
    def aic_(self) -> float | None:
        """Akaike's criterion; smaller is better. None if parameters were given.

        Example:
            >>> round(model.aic_ - (2 * 4 - 2 * model.log_likelihood_), 9)
            0.0
        """
        return self._number("aic")

    @property
    def bic_(self) -> float | None:
        """Bayesian information criterion; smaller is better. None if parameters were given.

        Example:
            >>> model.bic_ > model.aic_
            True
        """
        return self._number("bic")

    @property
    def status_(self) -> Literal["converged", "boundary", "stalled", "given"]:
        """How the fit ended.

        "converged": at the maximum. "boundary": the likelihood rises towards 0 or infinity of the
        parameter `boundary_`; predictions are usable, standard errors do not exist. "stalled": no
        maximum was reached. "given": the parameters were given.

        Example:
            >>> model.status_
            'converged'
        """
        status: Literal["converged", "boundary", "stalled", "given"] = self._note("status")
        return status

    @property
    def boundary_(self) -> str | None:
        """The parameter at the boundary; None for other statuses.

        Example:
            >>> model.boundary_ is None
            True
        """
        boundary: str | None = self._note("boundary")
        return boundary

    @property
    def customers_(self) -> float:
        """The number of customers in the fit, weighted.

        Example:
            >>> model.customers_ == len(summary)
            True
        """
        customers: float = self._note("customers")
        return customers

    def __repr__(self) -> str:
        name = type(self).__name__
        if self._parameters is None:
            given = {key: value for key, value in self.get_params().items() if value is not None}
            return f"{name}({', '.join(f'{key}={value!r}' for key, value in given.items())})"
        values = ", ".join(f"{name}={value:.6g}" for name, value in self.params_.items())
        return f"<crm_core.{name} {values}, {self.status_}>"

    def __sklearn_is_fitted__(self) -> bool:
        return self._parameters is not None

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type=None, target_tags=TargetTags(required=False))

    def _repr_html_(self) -> str:
        """The parameters with their errors and intervals, and how the fit ended."""
        import html

        name = type(self).__name__
        if self._parameters is None:
            return f"<p>{name}, not fitted</p>"
        fit = [f"{name}, {self.status_}"]
        numbers = ("log_likelihood", "aic", "bic", "customers")
        fit += [f"{one} {self._notes[one]:,.2f}" for one in numbers if self._notes.get(one)]
        columns = ("parameter", "value", "standard_error", "low", "high")

        def row(tag: str, cells: Iterable[object]) -> str:
            texts = [f"{c:,.6g}" if isinstance(c, float) else str(c or "–") for c in cells]
            return "<tr>" + "".join(f"<{tag}>{html.escape(t)}</{tag}>" for t in texts) + "</tr>"

        cells = zip(*(self._parameters[column] for column in columns), strict=True)
        rows = "".join(row("td", one) for one in cells)
        caption = html.escape(", ".join(fit))
        return f"<table><caption>{caption}</caption>{row('th', columns)}{rows}</table>"

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
