"""The interval of every rate: Wilson's of the rate itself, whichever analysis has it.

The ends of Wilson's interval solve (p - x)² = z² x (1 - x) / n. So each end tells n, both tell the
same, and n and n p are whole numbers.
"""

from typing import Any

import pytest
from scipy import stats
from test_run import NEEDED

import crm_core as crm

#: Rates with censored cases: intervals of survival curves, which other tests compute.
CENSORED = {
    ("lead_times", "cumulative_rate"), ("first_product", "repeat_rate"),
    ("acquisition", "repeat_rate"), ("attributes", "repeat_rate"),
    # A difference to matched customers.
    ("complaint_cost", "repeat_rate_difference"),
    ("kaplan_meier", "survival_rate"), ("survival_curve", "survival_rate"),
}  # fmt: skip
#: Forecasts have intervals of another kind, and so have shrunk rates, those of best_time too.
FORECAST = ("base_forecast", "best_time")
#: Visits of one visitor and orders of one customer are alike, who waits is known in part: n is a
#: number of independent ones, and no whole number.
CLUSTERED = ("page_exits", "browse_rates", "next_products", ("attributes", "cancel_rate"))
OPTIONS = NEEDED | {
    "repeat_rate": {"method": "matured"},
    "backtest_calibration": {"origins": 1},
    "backtest_alerts": {"origins": 1},
}


def rates(task: str) -> list[str]:
    """The columns of shares that have an interval."""
    names = [column["name"] for column in crm.describe(task)["columns"]]
    with_ends = [name for name in names if {f"{name}_low", f"{name}_high"} <= {*names}]
    plain = [name for name in with_ends if "rate" in name and not name.endswith("_shrunk")]
    return [name for name in plain if task not in FORECAST and (task, name) not in CENSORED]


# Logs here have no messages; test_campaigns.py has.
TASKS = [task for task in crm.tasks() if rates(task) and task != "campaign_rates"]


def test_there_are_many() -> None:
    assert len(TASKS) > 12 and {task for task, _ in CENSORED} <= {*crm.tasks()}


@pytest.mark.parametrize("task", TASKS)
def test_the_ends_of_an_interval_are_those_of_its_rate(task: str, orders: Any, events: Any) -> None:
    data = {"orders": orders, "events": events}[crm.describe(task)["reads"]]
    z = stats.norm.ppf(0.975)
    table = crm.run(task, data, OPTIONS.get(task, {})).to_dict()
    for name in rates(task):
        for p, low, high in zip(*(table[name + end] for end in ("", "_low", "_high")), strict=True):
            if p is None:
                assert low is None and high is None
                continue
            assert 0 <= low <= p <= high <= 1, (name, p, low, high)
            found = [z * z * x * (1 - x) / (p - x) ** 2 for x in (low, high) if 0 < x < 1]
            assert max(found) == pytest.approx(min(found), rel=1e-6), (name, p, low, high)
            if task not in CLUSTERED and (task, name) not in CLUSTERED:
                n = round(found[0])
                assert found[0] == pytest.approx(n, rel=1e-6), (name, p, low, high)
                assert n * p == pytest.approx(round(n * p), abs=1e-6), (name, p, n)
