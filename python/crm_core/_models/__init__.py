"""What will they be worth? Models of repeat purchases and of spend, and the value they predict.

    summary = crm.clv_summary(orders, unit="week")
    m = crm.MbgNbd().fit(summary)
    g = crm.GammaGamma().fit(summary)
    crm.clv(m, g, summary, horizon_days=365).to_pandas()

Models have the shape of scikit-learn's estimators: options when made, `fit`, results with a
trailing underscore. They hold plain data, nothing of what they were fitted to, and can be pickled.
"""

from __future__ import annotations

from .periods import BgBb, Sbg
from .purchases import BgCnbd, BgNbd, MbgCnbd, MbgNbd, Nbd, ParetoNbd
from .spend import GammaGamma
from .value import clv, compare_models

__all__ = [
    "BgBb",
    "BgCnbd",
    "BgNbd",
    "GammaGamma",
    "MbgCnbd",
    "MbgNbd",
    "Nbd",
    "ParetoNbd",
    "Sbg",
    "clv",
    "compare_models",
]
