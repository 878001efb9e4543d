"""Customer analytics for e-commerce: who are my customers, what are they worth, who is about to
leave, and what do I do today?

    import crm_core as crm

    orders = crm.Orders(data, customer_id="customer_id", ordered_at="ordered_at", amount="amount",
                        currency="JPY")
    crm.rfm(orders).to_pandas()

Orders come in once and are validated once; an analysis is a function of them and gives a `Table`,
which carries its own definition.
"""

from ._cycle import (
    alerts,
    backtest,
    cycle,
    gap_fits,
    kaplan_meier,
    likely_buyers,
)
from ._errors import (
    CancelledError,
    ConvergenceError,
    CrmError,
    DataError,
    InternalError,
    NotFittedError,
    OptionError,
    OutOfMemoryError,
    SchemaError,
)
from ._library import (
    describe,
    month_ends,
    run,
    set_threads,
    show_versions,
    simulate_orders,
    tasks,
)
from ._models import (
    BgCnbd,
    BgNbd,
    GammaGamma,
    MbgCnbd,
    MbgNbd,
    Nbd,
    ParetoNbd,
    clv,
    compare_models,
)
from ._native import __version__
from ._orders import Customers, Orders
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
    clv_summary,
    cpm,
    cpm_segments,
    decile,
    lorenz,
    monthly,
    movement,
    rfm,
    rfm_cross,
    rfm_segments,
    summary,
)
from ._table import Table

__all__ = [
    "BgCnbd",
    "BgNbd",
    "CancelledError",
    "ConvergenceError",
    "CrmError",
    "Customers",
    "DataError",
    "GammaGamma",
    "InternalError",
    "MbgCnbd",
    "MbgNbd",
    "Nbd",
    "NotFittedError",
    "OptionError",
    "Orders",
    "OutOfMemoryError",
    "ParetoNbd",
    "SchemaError",
    "Table",
    "__version__",
    "abc",
    "acquisition",
    "alerts",
    "backtest",
    "clv",
    "clv_summary",
    "cohorts",
    "compare_models",
    "cpm",
    "cpm_segments",
    "cycle",
    "decile",
    "describe",
    "first_product",
    "gap_fits",
    "kaplan_meier",
    "lead_time_quantiles",
    "lead_times",
    "likely_buyers",
    "lorenz",
    "month_ends",
    "monthly",
    "movement",
    "purchase_counts",
    "purchase_flow",
    "repeat_rate",
    "rfm",
    "rfm_cross",
    "rfm_segments",
    "run",
    "set_threads",
    "show_versions",
    "simulate_orders",
    "summary",
    "tasks",
]
