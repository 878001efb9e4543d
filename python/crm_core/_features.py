"""Features of customers at earlier dates, for scikit-learn and similar packages."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from ._errors import NotFittedError, OptionError, SchemaError, meant, needed_by
from ._orders import Orders
from ._request import date as _date
from ._segmentation import rfm
from ._summary import summary

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ._types import Date

    Array = np.ndarray[Any, Any]

# Columns of `summary` that orders up to the date decide. Cancellations are not among them: an
# export has the status of each order as it is now.
_SUMMARY = (
    "orders", "purchase_days", "revenue", "mean_order_value", "tenure_days", "recency_days",
    "gap_mean", "gap_sd", "gap_min", "gap_max",
)  # fmt: skip
# The last days that a feature is of, and the column of `summary`.
_RECENT = {
    "orders_30d": (30, "orders"),
    "orders_90d": (90, "orders"),
    "revenue_90d": (90, "revenue"),
}
_SCORES = ("r", "f", "m")
_FEATURES = (*_SUMMARY, *_RECENT, *_SCORES, "month")
# Features that are 0 without an order; others are unknown.
_COUNTS = ("orders", "purchase_days", "revenue", *_RECENT)
_MOST_VALUES = 20


class OrderFeatures:
    """A transformer of scikit-learn: rows of customer and date become features at that date.

    A feature is computed from the orders up to the row's own date, so no later order can leak into
    it. Refunds count from their own date on, where the orders have `refunded`. Statuses are those
    of the export: an order that was cancelled later does not count at any date.

    Args:
        orders: The orders.
        columns: The features, of: orders, purchase_days, revenue, mean_order_value, tenure_days,
            recency_days, gap_mean, gap_sd, gap_min, gap_max (as in `summary`), orders_30d,
            orders_90d, revenue_90d (of the last days, the date included), r, f, m (the scores of
            `rfm` among the customers of the date), month (of the date, 1 to 12). Default: all.
        shares: Columns of orders or lines, such as channel, product and category: for each of
            their values (at most the 20 with most orders) the share of the customer's orders that
            have it, as ``channel=mail``. Values come from orders up to the last date of the rows
            to which it is fitted. Default: none.

    Example:
        >>> rows = crm.snapshots(orders, ["2025-06-30", "2025-09-30"], horizon=90)
        >>> features = crm.OrderFeatures(orders, ["orders", "recency_days"], shares=["channel"])
        >>> features.fit_transform(rows).shape == (len(rows), 2 + 5)
        True
    """

    def __init__(
        self, orders: Orders, columns: Sequence[str] | None = None, shares: Sequence[str] = ()
    ) -> None:
        self.orders = orders
        self.columns = columns
        self.shares = shares

    def fit(self, X: Any, y: object = None) -> Self:
        """Check the options, and find the values of `shares`.

        Args:
            X: A frame with `customer_id` and `as_of`.
            y: Ignored.

        Returns:
            The transformer itself.

        Raises:
            OptionError: A feature that there is not, or a column that orders do not have.
            SchemaError: A frame without these columns.

        Example:
            >>> rows = crm.snapshots(orders, ["2025-06-30"], horizon=90)
            >>> len(crm.OrderFeatures(orders).fit(rows).get_feature_names_out())
            17
        """
        columns = list(_FEATURES if self.columns is None else self.columns)
        for name in columns:
            if name not in _FEATURES:
                raise OptionError(
                    f"option `columns`: no feature `{name[:40]}`",
                    hint=meant(name, _FEATURES) or f"there are {', '.join(_FEATURES)}",
                )
        if isinstance(self.shares, str):
            raise OptionError("option `shares`: expected a list of columns")
        _, days = _rows_of(X)
        self.values_ = {one: _values(self.orders, max(days), one) for one in self.shares if days}
        self.columns_ = columns + [
            f"{column}={value}" for column, values in self.values_.items() for value in values
        ]
        return self

    def transform(self, X: Any) -> Any:
        """The features of each row.

        Args:
            X: A frame with `customer_id` and `as_of`.

        Returns:
            A float64 array, one row for each row of `X`; a pandas frame after
            ``set_output(transform="pandas")``. For a customer without an order up to the date,
            numbers of orders, days and revenue are 0; other features except the month are NaN.

        Raises:
            NotFittedError: Before `fit`.

        Example:
            >>> rows = crm.snapshots(orders, ["2025-06-30"], horizon=90)
            >>> transformer = crm.OrderFeatures(orders).fit(rows)
            >>> bool((transformer.transform(rows)[:, 0] >= 1).all())
            True
        """
        import numpy as np

        if not self.__sklearn_is_fitted__():
            raise NotFittedError("this OrderFeatures is not fitted", hint="call fit")
        customers, days = _rows_of(X)
        cells = np.full((len(customers), len(self.columns_)), np.nan)
        for day in sorted(set(days)):
            rows = np.array([at for at, one in enumerate(days) if one == day])
            ids = [customers[at] for at in rows]
            for at, column in enumerate(self._at(day, ids)):
                cells[rows, at] = column
        if getattr(self, "_output", "default") == "pandas":
            import pandas as pd

            return pd.DataFrame(cells, columns=self.columns_, index=getattr(X, "index", None))
        return cells

    def _at(self, day: datetime.date, ids: list[Any]) -> list[Array]:
        """The features of customers at a date."""
        import numpy as np

        names = self.columns_[: len(self.columns_) - sum(map(len, self.values_.values()))]
        whole = _summary(self.orders, day)
        tables: dict[Any, Any] = {}
        for length in {_RECENT[name][0] for name in names if name in _RECENT}:
            first = day - datetime.timedelta(days=length - 1)
            window = {"ordered_at": {"from": first, "to": day}}
            tables[length] = _summary(self.orders, day, where=window)
        if set(names) & set(_SCORES):
            tables["rfm"] = _known_by(rfm, self.orders, day)
        columns = []
        for name in names:
            if name == "month":
                columns.append(np.full(len(ids), float(day.month)))
                continue
            length, of = _RECENT.get(name, (0, name))
            table = tables[length] if length else tables["rfm"] if name in _SCORES else whole
            columns.append(_matched(ids, table, of, 0.0 if name in _COUNTS else np.nan))
        orders = _matched(ids, whole, "orders", np.nan)
        for column, values in self.values_.items():
            parts = _summary(self.orders, day, by=[column])
            for value in values:
                part = parts.filter({column: value})
                columns.append(_matched(ids, part, "orders", 0.0) / orders)
        return columns

    def fit_transform(self, X: Any, y: object = None) -> Any:
        """`fit`, then `transform`.

        Args:
            X: A frame with `customer_id` and `as_of`.
            y: Ignored.

        Returns:
            As `transform`.

        Example:
            >>> rows = crm.snapshots(orders, ["2025-06-30"], horizon=90)
            >>> crm.OrderFeatures(orders).fit_transform(rows).shape[1]
            17
        """
        return self.fit(X, y).transform(X)

    def get_feature_names_out(self, input_features: object = None) -> Array:
        """The names of the features.

        Args:
            input_features: Ignored.

        Returns:
            An array of texts.

        Raises:
            NotFittedError: Before `fit`.

        Example:
            >>> rows = crm.snapshots(orders, ["2025-06-30"], horizon=90)
            >>> crm.OrderFeatures(orders, ["revenue"]).fit(rows).get_feature_names_out().tolist()
            ['revenue']
        """
        import numpy as np

        if not self.__sklearn_is_fitted__():
            raise NotFittedError("this OrderFeatures is not fitted", hint="call fit")
        return np.array(self.columns_, dtype=object)

    def set_output(self, *, transform: Literal["default", "pandas"] | None = None) -> Self:
        """Choose what `transform` gives.

        Args:
            transform: "default" for arrays, "pandas" for frames; None changes nothing.

        Returns:
            The transformer itself.

        Raises:
            OptionError: Another word.

        Example:
            >>> rows = crm.snapshots(orders, ["2025-06-30"], horizon=90)
            >>> features = crm.OrderFeatures(orders, ["revenue"]).set_output(transform="pandas")
            >>> features.fit_transform(rows).columns.tolist()
            ['revenue']
        """
        if transform not in (None, "default", "pandas"):
            raise OptionError('option `transform`: expected "default" or "pandas"')
        if transform is not None:
            self._output = transform
        return self

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options, as scikit-learn asks for them.

        Args:
            deep: Ignored.

        Returns:
            `orders`, `columns` and `shares`.

        Example:
            >>> crm.OrderFeatures(orders).get_params()["columns"] is None
            True
        """
        return {"orders": self.orders, "columns": self.columns, "shares": self.shares}

    def set_params(self, **params: Any) -> Self:
        """Change options, as scikit-learn does.

        Args:
            **params: New values of `orders`, `columns` or `shares`.

        Returns:
            The transformer itself.

        Raises:
            OptionError: There is no such option.

        Example:
            >>> crm.OrderFeatures(orders).set_params(columns=["revenue"]).columns
            ['revenue']
        """
        for name, value in params.items():
            if name not in self.get_params():
                raise OptionError(
                    f"unknown option `{name}` of OrderFeatures", hint=meant(name, self.get_params())
                )
            setattr(self, name, value)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "columns_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(),
        )

    def __repr__(self) -> str:
        columns = "" if self.columns is None else f", columns={list(self.columns)}"
        shares = f", shares={list(self.shares)}" if self.shares else ""
        return f"OrderFeatures({self.orders!r}{columns}{shares})"


def snapshots(orders: Orders, dates: Date | Sequence[Date], *, horizon: int) -> pd.DataFrame:
    """Customers at several dates, with their later purchases as targets: rows for training a model.

    Args:
        orders: The orders.
        dates: The dates; each customer with an order up to a date is a row of it.
        horizon: Days after the date in which purchases are counted.

    Returns:
        A pandas frame: customer_id, as_of, and the targets bought (0 or 1) and orders, of the
        `horizon` days after `as_of`.

    Raises:
        OptionError: A horizon that ends after the last order: what happened is not known yet.

    Example:
        >>> rows = crm.snapshots(orders, ["2025-06-30", "2025-09-30"], horizon=90)
        >>> rows.columns.tolist()
        ['customer_id', 'as_of', 'bought', 'orders']
    """
    with needed_by("snapshots"):
        import pandas as pd

    if isinstance(horizon, bool) or not isinstance(horizon, int) or horizon < 1:
        raise OptionError("option `horizon`: expected a whole number of days, at least 1")
    several = isinstance(dates, Sequence) and not isinstance(dates, str)
    listed: Any = dates if several or (hasattr(dates, "__iter__") and not isinstance(
        dates, str)) else [dates]  # fmt: skip
    parts = []
    for one in sorted({datetime.date.fromisoformat(_date("dates", day)) for day in listed}):
        end = one + datetime.timedelta(days=horizon)
        if orders.last_date is None or end > orders.last_date:
            raise OptionError(
                f"option `dates`: {one} and {horizon} days end on {end}, after the last order",
                hint=f"the last order is of {orders.last_date}",
            )
        now, later = summary(orders, one), summary(orders, end)
        after = dict(zip(later.to_dict()["customer_id"], later["orders"].tolist(), strict=True))
        ids = now.to_dict()["customer_id"]
        bought = [after[customer] - before for customer, before in
                  zip(ids, now["orders"].tolist(), strict=True)]  # fmt: skip
        parts.append(
            pd.DataFrame(
                {
                    "customer_id": ids,
                    "as_of": pd.Timestamp(one),
                    "bought": [int(count > 0) for count in bought],
                    "orders": bought,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


class TimeSplit:
    """Cross-validation over time: learn from earlier dates, test on a later one.

    A row of date d knows its target only `horizon` days later. For each test date the training rows
    are those whose targets were known by then, so no model learns from the future of its test rows.

    Args:
        horizon: Days after a row's `as_of` in which its target lies.
        date: The column of the frame with the date of each row.

    Example:
        >>> dates = ["2025-03-31", "2025-06-30", "2025-09-30"]
        >>> rows = crm.snapshots(orders, dates, horizon=90)
        >>> [len(set(rows.as_of[test])) for _, test in crm.TimeSplit(90).split(rows)]
        [1, 1]
    """

    def __init__(self, horizon: int, date: str = "as_of") -> None:
        if isinstance(horizon, bool) or not isinstance(horizon, int) or horizon < 0:
            raise OptionError("option `horizon`: expected a whole number of days, at least 0")
        self.horizon = horizon
        self.date = date

    def split(
        self, X: Any, y: object = None, groups: object = None
    ) -> Iterator[tuple[Array, Array]]:
        """Places of the training rows and of the test rows, for each test date.

        Args:
            X: A frame with the column of dates.
            y: Ignored.
            groups: Ignored.

        Returns:
            Pairs of arrays, the earliest test date first.

        Raises:
            OptionError: No date has training rows before it.

        Example:
            >>> rows = crm.snapshots(orders, ["2025-03-31", "2025-06-30"], horizon=90)
            >>> (train, test), = crm.TimeSplit(90).split(rows)
            >>> str(rows.as_of[train].max().date()), str(rows.as_of[test].min().date())
            ('2025-03-31', '2025-06-30')
        """
        import numpy as np

        days = np.array(_days(X, self.date), dtype="datetime64[D]")
        known = days + np.timedelta64(self.horizon, "D")
        found = [
            (np.flatnonzero(known <= day), np.flatnonzero(days == day))
            for day in np.unique(days)
            if (known <= day).any()
        ]
        if not found:
            raise OptionError(
                f"no date has rows whose targets were known {self.horizon} days before",
                hint="use earlier dates too, or a shorter horizon",
            )
        yield from found

    def get_n_splits(self, X: Any = None, y: object = None, groups: object = None) -> int:
        """The number of test dates.

        Args:
            X: A frame with the column of dates.
            y: Ignored.
            groups: Ignored.

        Returns:
            The number of pairs that `split` gives.

        Example:
            >>> rows = crm.snapshots(orders, ["2025-03-31", "2025-06-30"], horizon=90)
            >>> crm.TimeSplit(90).get_n_splits(rows)
            1
        """
        return sum(1 for _ in self.split(X, y, groups))

    def __repr__(self) -> str:
        return f"TimeSplit({self.horizon}, date={self.date!r})"


def _summary(orders: Orders, day: datetime.date, **scope: Any) -> Any:
    return _known_by(summary, orders, day, **scope)


def _known_by(analysis: Any, orders: Orders, day: datetime.date, **scope: Any) -> Any:
    """A table at a date; refunds at their own dates, where the orders have refunds."""
    try:
        return analysis(orders, day, refunds="refund_date", **scope)
    except OptionError as error:
        if "refund" not in str(error):
            raise
        return analysis(orders, day, **scope)


def _values(orders: Orders, day: datetime.date, column: str) -> list[Any]:
    """The values of a column that most orders up to a date have, in ascending order."""
    table = _summary(orders, day, by=[column])
    counts: dict[Any, float] = {}
    for value, count in zip(table.to_dict()[column], table["orders"].tolist(), strict=True):
        if value is not None:
            counts[value] = counts.get(value, 0) + count
    return sorted(sorted(counts, key=lambda value: (-counts[value], value))[:_MOST_VALUES])


def _matched(ids: list[Any], table: Any, column: str, absent: float) -> Array:
    """A column of a table for each customer; `absent` for those without a row."""
    import numpy as np

    known = dict(zip(table["customer_id"].tolist(), table[column].tolist(), strict=True))
    return np.array([known.get(one, absent) for one in ids], dtype=float)


def _rows_of(X: Any) -> tuple[list[Any], list[datetime.date]]:
    """Customers and dates of a frame."""
    return _column(X, "customer_id"), _days(X, "as_of")


def _days(X: Any, name: str) -> list[datetime.date]:
    return [datetime.date.fromisoformat(_date(name, day)) for day in _column(X, name)]


def _column(X: Any, name: str) -> list[Any]:
    names = list(X) if isinstance(X, Mapping) else list(getattr(X, "columns", ()))
    if name not in names:
        raise SchemaError(
            f"column `{name}`: missing; expected a frame with customer_id and as_of", column=name
        )
    column = X[name]
    cells: list[Any] = column.tolist() if hasattr(column, "tolist") else list(column)
    return cells
