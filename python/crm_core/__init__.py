"""Customer analytics for e-commerce: who are my customers, what are they worth, who is about to
leave, and what do I do today?

    import crm_core as crm

    orders = crm.Orders(data, customer_id="customer_id", ordered_at="ordered_at", amount="amount",
                        currency="JPY")
    crm.rfm(orders).to_pandas()

Orders are validated once, when they are built. An analysis is a function of orders; its result is a
`Table` with its definition. The docstring of `Table` describes types and units of columns. The
keyword arguments that all analyses of orders share (`where`, `customers`, `by` and so on) are in
`crm_core._types.Scope`.

The examples in the docstrings of this package use this shop and its site:

    >>> import crm_core as crm
    >>> shop = crm.simulate_orders(300, seed=7)
    >>> orders = crm.Orders(shop, currency="JPY", order_id="order_id", status="status", kind="kind",
    ...                     discount="discount", refunded="refunded", product="product",
    ...                     channel="channel", timezone="Asia/Tokyo", guests="keep")
    >>> log = crm.simulate_events(300, seed=7)
    >>> events = crm.Events(log, customer_id="customer_id", page="page", product="product",
    ...                     order_id="order_id", channel="channel", timezone="Asia/Tokyo")
    >>> summary = crm.clv_summary(orders, unit="week")
    >>> model = crm.MbgNbd().fit(summary)
    >>> spend = crm.GammaGamma().fit(summary)
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from ._attributes import attribute_products, attributes, cross
from ._attribution import (
    attribution,
    attribution_channels,
    attribution_paths,
    attribution_transitions,
)
from ._backtest import (
    backtest,
    backtest_alerts,
    backtest_calibration,
    backtest_clv,
    threshold_sweep,
)
from ._behavior import (
    browse_abandonment,
    browse_rates,
    cart_abandonment,
    cart_follow_ups,
    cart_items,
    funnel,
    page_exits,
    page_influence,
    purchase_intent,
    sequence_totals,
    sequences,
    sessions,
    top_paths,
    transitions,
    visits_after_purchase,
)
from ._campaigns import before_after, best_time, campaign_effect, campaign_rates
from ._conditions import Condition, Field, field
from ._customers import Customers
from ._cycle import alerts, cycle, likely_buyers
from ._decisions import candidates, decide, simulate_rules, why
from ._demand import demand
from ._errors import (
    CancelledError,
    ConvergenceError,
    CrmError,
    DataError,
    InternalError,
    NotFittedError,
    OptionError,
    OutOfMemoryError,
    ReadingWarning,
    SchemaError,
    VersionError,
)
from ._events import Events
from ._experiments import assign, experiment, experiment_plan
from ._features import OrderFeatures, TimeSplit, snapshots
from ._feedback import complaint_cost, complaints, reviews, satisfaction_churn, survey
from ._forecast import base_forecast, seasonality, shop_forecast
from ._goods import itemsets, pairs, rules, similar_items
from ._library import (
    describe,
    month_ends,
    pseudonyms,
    run,
    set_threads,
    show_versions,
    simulate_events,
    simulate_orders,
    simulate_people,
    tasks,
    warn_of_debug_build,
)
from ._models import (
    BestModel,
    BgBb,
    BgCnbd,
    BgNbd,
    GammaGamma,
    MbgCnbd,
    MbgNbd,
    Nbd,
    ParetoNbd,
    Sbg,
    clv,
    compare_models,
)
from ._native import __version__
from ._orders import Orders
from ._people import (
    Identity,
    People,
    identify,
    identity_sensitivity,
    normalize,
    normalize_address,
    normalize_email,
    normalize_name,
    normalize_phone,
    normalize_reading,
)
from ._perks import (
    coupon_effect,
    entitlements,
    point_movements,
    points,
    referrals,
    tier_forecast,
    tiers,
)
from ._read import read_events, read_orders
from ._recommend import backtest_recommend, next_products, recommend
from ._reporting import Report, report
from ._retention import (
    acquisition,
    cohorts,
    first_product,
    lead_time_quantiles,
    lead_times,
    purchase_counts,
    purchase_flow,
    repeat_rate,
)
from ._segmentation import (
    abc,
    cpm,
    cpm_segments,
    decile,
    lorenz,
    movement,
    rfm,
    rfm_cross,
    rfm_segments,
)
from ._segments import segment, segment_history, segment_sizes, segment_sweep
from ._shop_model import customer, learn
from ._summary import clv_summary, monthly, summary
from ._survival import gap_fits, kaplan_meier, purchase_gaps, survival_curve
from ._table import Table

if _TYPE_CHECKING:
    from . import engine, plot
    from . import spark as spark


def __getattr__(name: str) -> object:
    """Pictures and engines are loaded when they are first asked for."""
    if name in ("engine", "plot", "spark"):
        import importlib

        return importlib.import_module(f".{name}", __name__)
    if name in tasks():
        raise AttributeError(
            f"the analysis {name!r} has no function of its own: use a method of the models, or "
            f"crm.run({name!r}, data, options)"
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), "engine", "plot"})


warn_of_debug_build()
del warn_of_debug_build

__all__ = [
    "BestModel",
    "BgBb",
    "BgCnbd",
    "BgNbd",
    "CancelledError",
    "Condition",
    "ConvergenceError",
    "CrmError",
    "Customers",
    "DataError",
    "Events",
    "Field",
    "GammaGamma",
    "Identity",
    "InternalError",
    "MbgCnbd",
    "MbgNbd",
    "Nbd",
    "NotFittedError",
    "OptionError",
    "OrderFeatures",
    "Orders",
    "OutOfMemoryError",
    "ParetoNbd",
    "People",
    "ReadingWarning",
    "Report",
    "Sbg",
    "SchemaError",
    "Table",
    "TimeSplit",
    "VersionError",
    "__version__",
    "abc",
    "acquisition",
    "alerts",
    "assign",
    "attribute_products",
    "attributes",
    "attribution",
    "attribution_channels",
    "attribution_paths",
    "attribution_transitions",
    "backtest",
    "backtest_alerts",
    "backtest_calibration",
    "backtest_clv",
    "backtest_recommend",
    "base_forecast",
    "before_after",
    "best_time",
    "browse_abandonment",
    "browse_rates",
    "campaign_effect",
    "campaign_rates",
    "candidates",
    "cart_abandonment",
    "cart_follow_ups",
    "cart_items",
    "clv",
    "clv_summary",
    "cohorts",
    "compare_models",
    "complaint_cost",
    "complaints",
    "coupon_effect",
    "cpm",
    "cpm_segments",
    "cross",
    "customer",
    "cycle",
    "decide",
    "decile",
    "demand",
    "describe",
    "engine",
    "entitlements",
    "experiment",
    "experiment_plan",
    "field",
    "first_product",
    "funnel",
    "gap_fits",
    "identify",
    "identity_sensitivity",
    "itemsets",
    "kaplan_meier",
    "lead_time_quantiles",
    "lead_times",
    "learn",
    "likely_buyers",
    "lorenz",
    "month_ends",
    "monthly",
    "movement",
    "next_products",
    "normalize",
    "normalize_address",
    "normalize_email",
    "normalize_name",
    "normalize_phone",
    "normalize_reading",
    "page_exits",
    "page_influence",
    "pairs",
    "plot",
    "point_movements",
    "points",
    "pseudonyms",
    "purchase_counts",
    "purchase_flow",
    "purchase_gaps",
    "purchase_intent",
    "read_events",
    "read_orders",
    "recommend",
    "referrals",
    "repeat_rate",
    "report",
    "reviews",
    "rfm",
    "rfm_cross",
    "rfm_segments",
    "rules",
    "run",
    "satisfaction_churn",
    "seasonality",
    "segment",
    "segment_history",
    "segment_sizes",
    "segment_sweep",
    "sequence_totals",
    "sequences",
    "sessions",
    "set_threads",
    "shop_forecast",
    "show_versions",
    "similar_items",
    "simulate_events",
    "simulate_orders",
    "simulate_people",
    "simulate_rules",
    "snapshots",
    "summary",
    "survey",
    "survival_curve",
    "tasks",
    "threshold_sweep",
    "tier_forecast",
    "tiers",
    "top_paths",
    "transitions",
    "visits_after_purchase",
    "why",
]
