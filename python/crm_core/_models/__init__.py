"""Predicted value: models of repeat purchases and of spend, and customer lifetime value.

    summary = crm.clv_summary(orders, unit="week")
    m = crm.MbgNbd().fit(summary)
    g = crm.GammaGamma().fit(summary)
    crm.clv(m, g, summary, horizon_days=365).to_pandas()

Models follow scikit-learn's estimators: options in the constructor, `fit`, results with a trailing
underscore. They contain plain data and none of their input, and can be pickled.
"""

from __future__ import annotations

from .discrete import BgBb, Sbg
from .purchases import BestModel, BgCnbd, BgNbd, MbgCnbd, MbgNbd, Nbd, ParetoNbd
from .spend import GammaGamma
from .value import clv, compare_models

__all__ = [
    "BestModel",
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
