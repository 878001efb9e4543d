"""Frames in memory: indexes, periods, infinite amounts, and what is no frame at all."""

import warnings

import numpy as np
import pandas as pd
import pytest

import crm_core as crm

ROWS = pd.DataFrame(
    {
        "order_id": ["1", "1", "2", "3"],
        "customer_id": ["a", "a", "b", "a"],
        "ordered_at": ["2026-01-05", "2026-01-05", "2026-01-09", "2026-02-11"],
        "amount": [10.5, 8.0, 20.5, 30.25],
    }
)


def read(data, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        return crm.read_orders(data, **{"currency": "USD", "amount_is": "line", **options})


def revenue(orders):
    """Revenue of each customer."""
    table = crm.summary(orders, as_of="2026-03-01").to_dict()
    return dict(zip(table["customer_id"], table["revenue"], strict=True))


def test_the_librarys_own_log_is_read_as_it_is():
    events = crm.read_events(crm.simulate_events(100, seed=7), currency="JPY")
    assert events.understanding.warnings == []


@pytest.mark.parametrize("keys", [["order_id"], ["customer_id"], ["order_id", "customer_id"]])
def test_an_index_with_a_name_is_a_column(keys):
    orders = read(ROWS.set_index(keys))
    assert revenue(orders) == {"a": 48.75, "b": 20.5}
    assert len(orders) == 3


def test_an_index_without_a_name_is_none():
    assert len(read(ROWS[ROWS.amount > 9])) == 3
    twice = ROWS.set_index("order_id", drop=False)
    assert len(read(twice)) == 3


def test_periods_of_days_are_dates_and_months_are_not():
    days = ROWS.assign(ordered_at=pd.PeriodIndex(ROWS.ordered_at, freq="D"))
    assert revenue(read(days)) == {"a": 48.75, "b": 20.5}
    months = ROWS.assign(ordered_at=pd.PeriodIndex(ROWS.ordered_at, freq="M"))
    with pytest.raises(crm.DataError, match="row 0, column ordered_at: not a date"):
        read(months)


@pytest.mark.parametrize("amount", [np.inf, -np.inf])
def test_an_infinite_amount_is_refused_or_left_out(amount):
    rows = ROWS.assign(amount=[10.5, 8.0, amount, 30.25])
    with pytest.raises(crm.DataError, match="row 2, column amount: not a finite number"):
        read(rows)
    assert revenue(read(rows, bad_rows="drop")) == {"a": 48.75}


@pytest.mark.parametrize(
    "text", ["order_id,customer_id\n1,q7q@x.example\n", "q7q@x.example," * 300, "a\0b"]
)
def test_a_text_is_no_path_and_is_not_shown(text):
    with pytest.raises(crm.DataError, match="is no path") as caught:
        read(text)
    assert "q7q" not in f"{caught.value} {caught.value.hint}"
