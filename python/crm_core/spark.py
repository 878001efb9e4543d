"""The analyses on Apache Spark: a DataFrame in, a DataFrame out, the numbers of one process.

    import crm_core as crm

    shop = crm.spark.Orders(df, currency="JPY", order_id="order_id", timezone="Asia/Tokyo")
    crm.spark.summary(shop, "2026-11-30").write.parquet("summary")
    crm.spark.rfm(shop, "2026-11-30")

Needs ``pip install 'crm-core[spark]'`` on the driver, and crm_core of the same version with pyarrow
on every worker. `crm.engine` says what is exact, docs/guide/scale.md when Spark is worth it.

Every function takes `Orders` (or `Events`) of this module, or a DataFrame and the arguments that
say what its columns are. The other options are those of the function of the same name in
`crm_core`. Money comes out as decimals, categories as texts, rows in no order. A missing `as_of` is
the last date of all orders, which costs one more pass. Errors of data are raised on the driver by
functions that work in rounds; the others raise them where the DataFrame is computed, with the
library's message. Not here: customers tables, `learn` (learn on one machine, or of a sample, and
pass `learned`), and analyses that are not in ``crm.engine.tasks()``.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

try:
    import pyspark  # noqa: F401
except ImportError as error:
    raise ImportError(
        "crm_core.spark needs pyspark and pyarrow: pip install 'crm-core[spark]'"
    ) from error

from ._engine import plans, values
from ._engine import states as saved_states
from ._engine.on_spark import Spark, column
from ._engine.reading import Reading
from ._errors import OptionError
from ._events import Events as _Events
from ._orders import Orders as _Orders

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from ._models.base_purchases import Purchases
    from ._models.spend import GammaGamma
    from ._types import AsOf, Dates

    Shop = "Orders | DataFrame"
    Model = TypeVar("Model", Purchases, GammaGamma)


class Orders:
    """The orders of a DataFrame, and how its columns are read. Nothing is computed here.

    Args:
        df: The DataFrame: rows of orders or of their lines.
        partitions: Partitions of a shuffle: about a million rows each are right. Default: the
            session's ``spark.sql.shuffle.partitions``.
        **reading: The arguments of `crm.Orders` that say what the columns are. Ids are whole
            numbers or texts, texts of dates need `date_format`, texts of amounts `decimal`. Naive
            times are wall clock in `timezone`, timestamps are instants; without `timezone` days are
            UTC's, never those of the session's zone. Rows without a customer are guests, whatever
            other lines of their order say: "error" stops the job, "drop" leaves them out before the
            shuffle, "keep" spreads them by order.

    Raises:
        SchemaError: A column is missing, or of a type that partitions could read differently.
        OptionError: An argument that is unknown or that partitions cannot have.
        VersionError: A worker with another version of crm_core.
    """

    _dataset = "orders"

    def __init__(self, df: DataFrame, *, partitions: int | None = None, **reading: Any) -> None:
        self.reading = Reading.of(self._dataset, reading)  # type: ignore[arg-type]
        self.engine = Spark(df.sparkSession, partitions)
        self.df = df
        checked, source = self.reading.checked(self.engine.schema(df))
        checked.empty(source)

    def release(self) -> None:
        """Let go of what analyses in rounds have persisted: small tables of customers.

        Results that were not written yet compute them again.
        """
        self.engine.release()

    def __repr__(self) -> str:
        return f"<crm_core.spark.{type(self).__name__}, {', '.join(self.reading.columns)}>"


class Events(Orders):
    """The events of a DataFrame; see `Orders`. The arguments are those of `crm.Events`."""

    _dataset = "events"


class States(Orders):
    """Orders that `states` or `update` has saved, read back as a DataFrame.

    Args:
        df: The DataFrame, from wherever it was written.
    """

    def __init__(self, df: DataFrame) -> None:
        first = df.select("about", "empty").first()
        if first is None:
            raise OptionError("option `df`: expected saved orders, found no rows")
        self.reading, self.buckets = saved_states.reading_of(first[0], bytes(first[1]))
        self.about: str = first[0]
        self.engine = Spark(df.sparkSession, self.buckets)
        self.df = df


_NAMES = {
    "orders": set(inspect.signature(_Orders).parameters) - {"data", "customers", "policy"},
    "events": set(inspect.signature(_Events).parameters) - {"data"},
}


def _shop(data: Orders | DataFrame, options: dict[str, Any], kind: type[Orders] = Orders) -> Orders:
    """The orders of an argument; of a DataFrame, with the arguments that say what it holds."""
    if isinstance(data, Orders):
        return data
    if list(data.columns) == list(saved_states.COLUMNS):
        return States(data)
    names = {*_NAMES[kind._dataset], "partitions"}
    return kind(data, **{name: options.pop(name) for name in list(options) if name in names})


def _run(
    task: str,
    data: Orders | DataFrame,
    as_of: Any,
    options: Mapping[str, Any],
    kind: type[Orders] = Orders,
) -> DataFrame:
    given = dict(options)
    shop = _shop(data, given, kind)
    request = {"as_of": as_of, **given}
    found: DataFrame = plans.planned(shop.engine, shop.df, shop.reading, task, request)
    return found


def summary(orders: Orders | DataFrame, as_of: AsOf = None, **options: Any) -> DataFrame:
    """Orders, revenue and gaps of each customer, as `crm.summary`: one shuffle."""
    return _run("summary", orders, as_of, options)


def clv_summary(orders: Orders | DataFrame, as_of: AsOf = None, **options: Any) -> DataFrame:
    """The summary for models of predicted value, as `crm.clv_summary`: one shuffle.

    `seasonality` has to be "none", because partitions do not see the shop's seasons.
    """
    return _run("clv_summary", orders, as_of, options)


def purchase_gaps(orders: Orders | DataFrame, as_of: AsOf = None, **options: Any) -> DataFrame:
    """Each gap between purchases of each customer, as `crm.purchase_gaps`: one shuffle."""
    return _run("purchase_gaps", orders, as_of, options)


def cycle(orders: Orders | DataFrame, as_of: Dates, *, learned: Any, **options: Any) -> DataFrame:
    """The next purchase of each customer, as `crm.cycle` with `learned`: one shuffle.

    Args:
        orders: The orders.
        as_of: The date, or several.
        learned: What `crm.learn` has given of this shop, or of a sample of its customers.
        **options: Other options of `crm.cycle`, except `per`.
    """
    return _run("cycle", orders, as_of, {"learned": learned, **options})


def alerts(orders: Orders | DataFrame, as_of: Dates, *, learned: Any, **options: Any) -> DataFrame:
    """Customers who are overdue, as `crm.alerts` with a document of `learn`.

    One shuffle of orders, one of alerts for `priority`, which ranks them over the whole shop.
    Orders read with `kind` are refused: an open subscription without a renewal is judged by the
    renewals of the whole shop.
    """
    return _run("alerts", orders, as_of, {"learned": learned, **options})


def likely_buyers(
    orders: Orders | DataFrame, as_of: Dates, *, learned: Any, **options: Any
) -> DataFrame:
    """Customers by expected revenue, as `crm.likely_buyers` with a document of `learn`.

    One shuffle of orders, one of customers for `rank`.
    """
    return _run("likely_buyers", orders, as_of, {"learned": learned, **options})


def customer(
    orders: Orders | DataFrame, as_of: Dates, *, learned: Any, **options: Any
) -> DataFrame:
    """All results about each customer, as `crm.customer` with `learned`: one shuffle."""
    return _run("customer", orders, as_of, {"learned": learned, **options})


def rfm(orders: Orders | DataFrame, as_of: AsOf = None, **options: Any) -> DataFrame:
    """RFM scores, as `crm.rfm`: one shuffle, then three rounds for the cuts of the whole shop.

    `by` and `customers` are refused where cuts come from the orders. The rows of customers between
    the rounds are persisted; `Orders.release` lets go of them.
    """
    return _run("rfm", orders, as_of, options)


def decile(orders: Orders | DataFrame, as_of: AsOf = None, **options: Any) -> DataFrame:
    """Customers in ten groups by revenue, as `crm.decile`: two shuffles."""
    return _run("decile", orders, as_of, options)


def abc(orders: Orders | DataFrame, as_of: AsOf = None, **options: Any) -> DataFrame:
    """Classes by share of revenue, as `crm.abc`: two shuffles."""
    return _run("abc", orders, as_of, options)


def cpm(orders: Orders | DataFrame, as_of: AsOf = None, **options: Any) -> DataFrame:
    """The customer portfolio, as `crm.cpm`: one shuffle.

    A threshold in mean order values, the default outside of yen, needs one round before.
    """
    return _run("cpm", orders, as_of, options)


def cpm_segments(orders: Orders | DataFrame, as_of: AsOf = None, **options: Any) -> DataFrame:
    """The portfolio as a table, as `crm.cpm_segments`: one shuffle, small tables added up."""
    return _run("cpm_segments", orders, as_of, options)


def monthly(orders: Orders | DataFrame, as_of: AsOf = None, **options: Any) -> DataFrame:
    """Revenue by month, as `crm.monthly`: one shuffle, small tables added up."""
    return _run("monthly", orders, as_of, options)


def purchase_counts(orders: Orders | DataFrame, as_of: AsOf = None, **options: Any) -> DataFrame:
    """Customers by number of purchases, as `crm.purchase_counts`; `origin` is refused."""
    return _run("purchase_counts", orders, as_of, options)


def repeat_rate(orders: Orders | DataFrame, as_of: AsOf = None, **options: Any) -> DataFrame:
    """The share that buys again, as `crm.repeat_rate`.

    With the method kaplan_meier, the default, `origin` and `cohort_window` are refused.
    """
    return _run("repeat_rate", orders, as_of, options)


def cohorts(orders: Orders | DataFrame, as_of: AsOf = None, **options: Any) -> DataFrame:
    """Revenue of cohorts by age, as `crm.cohorts`.

    Cells of mean_cumulative, the default for rows that are no periods, need a step in days and no
    `origin`.
    """
    return _run("cohorts", orders, as_of, options)


def kaplan_meier(orders: Orders | DataFrame, as_of: AsOf = None, **options: Any) -> DataFrame:
    """The curve of purchase gaps, as `crm.kaplan_meier`, in two rounds."""
    return _run("kaplan_meier", orders, as_of, options)


def sessions(events: Events | DataFrame, as_of: AsOf = None, **options: Any) -> DataFrame:
    """Sessions of each visitor, as `crm.sessions`: one shuffle by visitor."""
    return _run("sessions", events, as_of, options, Events)


def cart_follow_ups(events: Events | DataFrame, as_of: Dates, **options: Any) -> DataFrame:
    """Abandoned carts to follow up, as `crm.cart_follow_ups`: one shuffle by visitor.

    Events read with `customer_id` are refused, because an order of the same customer under another
    visitor id could be in another partition: put the customer's id into the visitor's column where
    it is known.
    """
    return _run("cart_follow_ups", events, as_of, options, Events)


def fit(model: Model, summary: DataFrame, *, unit: str | None = None) -> Model:
    """Fit a model of purchases or spend to a `clv_summary`, by its distinct histories.

    Each partition counts customers of equal frequency, recency and T (frequency and monetary value
    for `GammaGamma`); the driver fits to the counted table. Histories in whole days or weeks are
    few: 500 million customers of ten years have some ten million.

    Args:
        model: `crm.BgNbd()`, `crm.GammaGamma()` or another model of the package.
        summary: A DataFrame of `clv_summary`.
        unit: The unit of time of the summary, for models of purchases.

    Returns:
        The model itself, with the parameters of one process up to 1e-8.

    Raises:
        OptionError: No `unit` for a model of purchases.
        DataError: Too few repeat customers.
    """
    engine = Spark(summary.sparkSession, None)
    found: Model = values.fitted(engine, summary, model, unit)
    return found


def clv(m: Purchases, g: GammaGamma, summary: DataFrame, **options: Any) -> DataFrame:
    """The predicted value of each customer of a `clv_summary`, as `crm.clv`: no shuffle.

    `clv_low` and `clv_high` are null: their interval is drawn by the number of a row, which
    partitions do not have.

    Args:
        m: A fitted model of purchases.
        g: A fitted model of spend.
        summary: A DataFrame of `clv_summary`, in the unit of `m`.
        **options: Other options of `crm.clv`, except `draws` and `seed`.

    Returns:
        One row per customer.
    """
    engine = Spark(summary.sparkSession, None)
    found: DataFrame = values.value(engine, summary, m, g, options)
    return found


def states(orders: Orders | DataFrame, *, buckets: int | None = None, **reading: Any) -> DataFrame:
    """The orders as saved states, one row per bucket of customers, to be written and updated.

    A state holds the rows of its customers as `crm.Orders.to_bytes` does, so that every analysis of
    this module runs on it without a shuffle, and a later correction finds its order.

    Args:
        orders: The orders.
        buckets: The number of buckets: about a million rows each are right, two billion bytes are
            the limit. Default: the partitions of a shuffle.
        **reading: For a DataFrame, as for `Orders`.

    Returns:
        bucket, state, about, empty. Do not change or coalesce rows; order and file do not matter.
    """
    given = dict(reading)
    shop = _shop(orders, given)
    if given:
        raise OptionError(f"option `{next(iter(given))}`: expected an argument of Orders")
    if isinstance(shop, States):
        raise OptionError("option `orders`: expected orders, found saved states; see `update`")
    return _appended(shop, None, buckets or shop.engine.count, None)


def update(
    states: States | DataFrame, new_orders: DataFrame, *, on_repeat: str | None = None
) -> DataFrame:
    """Yesterday's states and today's rows as today's states.

    Args:
        states: What `states` or `update` has given.
        new_orders: Rows with the same columns: new orders, and orders that have changed.
        on_repeat: What becomes of an order that is there already: "refuse" (the default),
            "replace", "first" or "add", as in `crm.Orders.append`.

    Returns:
        The new states, of which results are those of all rows at once.
    """
    held = states if isinstance(states, States) else States(states)
    fresh = Orders.__new__(Orders)
    fresh.reading = Reading.of("orders", held.reading.arguments)
    fresh.engine, fresh.df = held.engine, new_orders
    return _appended(fresh, held, held.buckets, on_repeat)


def _appended(shop: Orders, held: States | None, buckets: int, on_repeat: str | None) -> DataFrame:
    """One shuffle by bucket of saved states and new rows, and a state for each bucket."""
    from pyspark.sql import functions as F

    from . import _native

    engine = shop.engine
    reading, source = shop.reading.checked(engine.schema(shop.df))
    empty = reading.read(source, iter(()))
    assert isinstance(empty, _Orders)
    about = saved_states.about(reading, buckets)
    rows = shop.df.select(*[column(name) for name in reading.columns])
    if reading.guests == "drop":
        rows = rows.filter(column(reading.key).isNotNull())
    bucket = F.pmod(F.hash(*engine.keys(reading)), F.lit(buckets)).cast("int")
    # The columns of states stand beside those of the rows, under names that no row has.
    number, state = saved_states.BUCKET, saved_states.STATE
    rows = rows.withColumn(number, bucket).withColumn(state, F.lit(None).cast("binary"))
    if held is not None:
        if held.about != about:
            raise OptionError("option `new_orders`: expected the columns of the saved orders")
        before = held.df.select(column("bucket").alias(number), column("state").alias(state))
        rows = before.unionByName(rows, allowMissingColumns=True)
    kernel = saved_states.Append(
        _native.__version__,
        saved_states.schema(),
        source,
        reading,
        about,
        empty.to_bytes(),
        on_repeat,
    )
    return engine.map(engine.gather(rows, number, buckets), kernel)
