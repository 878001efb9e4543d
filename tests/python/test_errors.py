"""Every bad input, with the exception and the message that a user sees."""

import datetime
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import crm_core as crm

DAYS = [datetime.date(2026, 1, 1), datetime.date(2026, 1, 2), datetime.date(2026, 2, 1)]
DATA: dict[str, Any] = {
    "customer_id": ["a", "b", "a"],
    "ordered_at": DAYS,
    "amount": [1.0, 2.0, 3.0],
}


def orders(settings: dict[str, Any] | None = None, **columns: Any) -> crm.Orders:
    """Three good orders, but for what is said."""
    return crm.Orders({**DATA, **columns}, **{"currency": "USD", **(settings or {})})


def minor(*amounts: int) -> crm.Orders:
    return orders({"amount_unit": "minor"}, customer_id=["a"] * 3, amount=list(amounts))


# What is done; the exception; how the message starts; column, row and the start of the hint.
CASES: dict[str, tuple[Callable[[], Any], type, str, str | None, int | None, str | None]] = {
    "a missing column, and the one that was meant": (
        lambda: orders({"amount": "amuont"}),
        crm.SchemaError,
        "column `amuont` was not found; the input has customer_id, ordered_at, amount",
        "amuont", None, "did you mean `amount`?",
    ),
    "a column that is the index": (
        lambda: crm.Orders(pd.DataFrame(DATA).set_index("customer_id"), currency="USD"),
        crm.SchemaError,
        "column `customer_id` is the frame's index, not a column",
        "customer_id", None, "data.reset_index() makes it a column",
    ),
    "a missing column unlike any": (
        lambda: orders({"order_id": "zzzzzzzz"}),
        crm.SchemaError,
        "column `zzzzzzzz` was not found; the input has customer_id",
        "zzzzzzzz", None, None,
    ),
    "a missing column of a pyarrow table": (
        lambda: crm.Orders(pa.table(DATA), "custmer_id", currency="USD"),
        crm.SchemaError,
        "column `custmer_id` was not found; the input has customer_id, ordered_at, amount",
        "custmer_id", None, "did you mean `customer_id`?",
    ),
    "a column there twice": (
        lambda: crm.Orders(
            pd.DataFrame([[1, 2, 3, 3]], columns=["customer_id", "ordered_at", "amount", "amount"]),
            currency="USD",
        ),
        crm.SchemaError,
        "column `amount`: there is more than one column of this name",
        "amount", None, None,
    ),
    "ids of a wrong type": (
        lambda: orders(customer_id=[True, False, True]),
        crm.SchemaError,
        "column `customer_id` is of type bool, expected a customer id: integers, texts or",
        "customer_id", None, None,
    ),
    "floats that are no ids": (
        lambda: orders(customer_id=[1.0, 2.5, 3.0]),
        crm.DataError,
        "column `customer_id`, row 1: expected a whole number below 2^53, as ids are that became",
        "customer_id", 1, None,
    ),
    "times of a wrong type": (
        lambda: orders(ordered_at=[1, 2, 3]),
        crm.SchemaError,
        "column `ordered_at` is of type int64, expected a date or a timestamp",
        "ordered_at", None, 'date_format="epoch_s"',
    ),
    "dates that nothing tells": (
        lambda: orders(ordered_at=["01/02/2024"] * 3),
        crm.DataError,
        "column `ordered_at`: day first (%d/%m/%Y) or month first (%m/%d/%Y)?",
        "ordered_at", None, 'date_format="%d/%m/%Y" or date_format="%m/%d/%Y" says which',
    ),
    "texts that are no amounts": (
        lambda: orders(amount=["1", "two", "3"]),
        crm.DataError,
        "column `amount`, row 1: expected an amount such as 1234",
        "amount", 1, 'bad_rows="drop"',
    ),
    "a type that no column can have": (
        lambda: orders(amount=pa.array([[1], [2], [3]])),
        crm.SchemaError,
        "column `amount` is of type list, expected integers, floats, decimals, bool, dates,",
        "amount", None, None,
    ),
    "a column of mixed types": (
        lambda: orders(customer_id=["a", 2, "b"]),
        crm.SchemaError,
        "column `customer_id`, row 1: a int where the rows before hold str",
        "customer_id", 1, 'a column holds one type; convert it first, for example with data["cus',
    ),
    "a pandas column of mixed types": (
        lambda: crm.Orders(
            pd.DataFrame({**DATA, "amount": np.array([1, "x", 2], dtype=object)}), currency="USD"
        ),
        crm.SchemaError,
        "column `amount`, row 1: a str where the rows before hold int",
        "amount", 1, "a column holds one type",
    ),
    "an array of two dimensions": (
        lambda: orders(amount=np.zeros((3, 2))),
        crm.SchemaError,
        "column `amount` is of type array of 2 dimensions",
        "amount", None, None,
    ),
    "columns of unequal length": (
        lambda: orders(customer_id=["a", "b"]),
        crm.SchemaError,
        "column `ordered_at` has 3 rows where the others have 2",
        "ordered_at", None, None,
    ),
    "a text that is no Unicode": (
        lambda: orders(customer_id=["a", "\ud800", "b"]),
        crm.SchemaError,
        "column `customer_id`: the text of row 1 cannot be written as UTF-8",
        "customer_id", None, None,
    ),
    "something that is no table": (
        lambda: crm.Orders([1, 2], currency="USD"),
        crm.SchemaError,
        "a list is no table",
        None, None, "hand over a pandas or polars DataFrame",
    ),
    "a null id": (
        lambda: orders(customer_id=["a", None, "b"]),
        crm.DataError,
        'column `customer_id`, row 1: no value, expected a customer id; guests="drop" or "keep"',
        "customer_id", 1, None,
    ),
    "a null time": (
        lambda: orders(ordered_at=[DAYS[0], None, DAYS[1]]),
        crm.DataError,
        "column `ordered_at`, row 1: no value, expected a time",
        "ordered_at", 1, 'bad_rows="drop" leaves such rows out and counts them',
    ),
    "a null amount": (
        lambda: orders(amount=[1.0, 2.0, None]),
        crm.DataError,
        "column `amount`, row 2: no value, expected an amount",
        "amount", 2, 'bad_rows="drop"',
    ),
    "NaN": (
        lambda: orders(amount=pa.array([1.0, float("nan"), 2.0])),
        crm.DataError,
        "column `amount`, row 1: expected a finite number",
        "amount", 1, 'bad_rows="drop"',
    ),
    "infinity": (
        lambda: orders(amount=[1.0, float("-inf"), 2.0]),
        crm.DataError,
        "column `amount`, row 1: expected a finite number",
        "amount", 1, 'bad_rows="drop"',
    ),
    "an amount that is no whole minor unit": (
        lambda: orders(amount=[1.0, 0.005, 2.0]),
        crm.DataError,
        "column `amount`, row 1: expected a whole number of minor units of USD (2 decimals); "
        "round_amounts rounds and counts",
        "amount", 1, "round_amounts=True",
    ),
    "an amount beyond all money": (
        lambda: minor(1, 2, 2**63 - 1),
        crm.DataError,
        "column `amount`, row 2: expected an amount below",
        "amount", 2, 'bad_rows="drop"',
    ),
    "a sum that overflows": (
        lambda: crm.summary(minor(2**62 - 1, 2**62 - 1, 2**62 - 1)),
        crm.DataError,
        "column `amount`: a customer's revenue is too large to be held exactly",
        "amount", None, None,
    ),
    "a time out of range": (
        lambda: orders(ordered_at=pa.array([0, 1, 2**62], pa.timestamp("us"))),
        crm.DataError,
        "column `ordered_at`, row 2: expected a time in the years 1 to 9999",
        "ordered_at", 2, 'bad_rows="drop"',
    ),
    "mixed currencies": (
        lambda: orders({"currency_column": "c"}, c=["USD", "usd", "JPY"]),
        crm.DataError,
        "column `c`, row 2: currency `JPY` where the orders are in `USD`",
        "c", 2, None,
    ),
    "an unknown status": (
        lambda: orders({"status": "対応状況"}, 対応状況=["completed", "発送済み", "x"]),
        crm.DataError,
        "column `対応状況`, row 1: unknown word (4 characters: letters); expected completed,",
        "対応状況", 1, "status_map translates the shop's own words",
    ),
    "an unknown kind": (
        lambda: orders({"kind": "k"}, k=["one_off", "定期", "x"]),
        crm.DataError,
        "column `k`, row 1: unknown word (2 characters: letters); expected one_off, sub_first,",
        "k", 1, "kind_map translates the shop's own words",
    ),
    "two customers under one order id": (
        lambda: orders({"order_id": "o"}, o=[1, 1, 2]),
        crm.DataError,
        "column `customer_id`, row 1: two customers under one order id (see row 0)",
        "customer_id", 1, 'shop="..." names the column that tells shops apart',
    ),
    "two totals for one order": (
        lambda: orders({"order_id": "o", "amount_is": "order"}, o=[1, 2, 1]),
        crm.DataError,
        'column `amount`, row 2: two totals for one order (amount_is "order") (see row 0)',
        "amount", 2, 'bad_rows="drop" leaves the later rows out',
    ),
    "one customer twice": (
        lambda: crm.Customers({"customer_id": ["a", "b", "a"]}),
        crm.DataError,
        "column `customer_id`, row 2: two rows for one customer (see row 0)",
        "customer_id", 2, None,
    ),
    "concat with another id type": (
        lambda: orders().concat(orders(customer_id=[1, 2, 3])),
        crm.SchemaError,
        "column `customer_id` is of type int64, expected text",
        "customer_id", None, None,
    ),
    "concat with another currency": (
        lambda: orders().concat(orders({"currency": "EUR"})),
        crm.OptionError,
        'option `currency`: expected "USD" as in the first orders, for `concat`, found "EUR"',
        None, None, None,
    ),
    "a word that no status is": (
        lambda: crm.rfm(orders(), where={"status": "canceled"}),
        crm.OptionError,
        "option `where.status`: expected one of `completed`, `pending`",
        None, None, "did you mean `cancelled`?",
    ),
    "money in no form": (
        lambda: crm.rfm(orders()).to_dict(money="decimals"),  # type: ignore[arg-type]
        crm.OptionError,
        'option `money`: expected "float", "minor" or "decimal", found decimals',
        None, None, "did you mean `decimal`?",
    ),
    "an unknown analysis": (
        lambda: crm.run("rmf", orders()),
        crm.OptionError,
        "unknown analysis `rmf`; there are summary,",
        None, None, "did you mean `rfm`?",
    ),
    "an unknown option": (
        lambda: crm.rfm(orders(), levles=3),  # type: ignore[call-arg]
        crm.OptionError,
        "unknown option `levles`; valid are cuts, grid, learned, levels,",
        None, None, "did you mean `levels`?",
    ),
    "an option out of range": (
        lambda: crm.rfm(orders(), levels=1),
        crm.OptionError,
        "option `levels`: expected 2 to 10, found 1",
        None, None, None,
    ),
    "an option of a wrong type": (
        lambda: crm.rfm(orders(), levels="five"),  # type: ignore[arg-type]
        crm.OptionError,
        'option `levels`: expected a whole number from 0 to 255, found "five"',
        None, None, None,
    ),
    "an option that is no word of its list": (
        lambda: orders({"amount_is": "lines"}),
        crm.OptionError,
        'option `amount_is`: expected one of `line`, `order`, `unit`, found "lines"',
        None, None, "did you mean `line`?",
    ),
    "an option that JSON cannot say": (
        lambda: crm.cpm(orders(), money=float("nan")),
        crm.OptionError,
        "option `money`: expected a finite number",
        None, None, None,
    ),
    "a level that no alert has": (
        lambda: crm.alerts(orders(), DAYS[2], levels=["ok"]),  # type: ignore[list-item]
        crm.OptionError,
        'option `levels`: expected one of `due`, `late`, `churn_risk`, `lost`, found ["ok"]',
        None, None, None,
    ),
    "no level at all": (
        lambda: crm.alerts(orders(), DAYS[2], levels=[]),
        crm.OptionError,
        "option `levels`: expected at least one of due, late, churn_risk, lost, found []",
        None, None, None,
    ),
    "changes since a later day": (
        lambda: crm.alerts(orders(), "2026-01-31", since="2026-02-01"),
        crm.OptionError,
        "option `since`: expected a day before as_of (2026-01-31), found 2026-02-01",
        None, None, None,
    ),
    "changes since a number": (
        lambda: crm.alerts(orders(), "2026-01-31", since=7),  # type: ignore[arg-type]
        crm.OptionError,
        'option `since`: expected a date such as "2026-11-21", found 7',
        None, None, None,
    ),
    "a factor that is none": (
        lambda: crm.cycle(orders(), "2026-01-31", seasonality={1: None}),  # type: ignore[dict-item]
        crm.OptionError,
        "option `seasonality`: expected `auto`, `none` or an object of factors from 0 to 1,000,000",
        None, None, None,
    ),
    "a month twice": (
        lambda: crm.cycle(orders(), "2026-01-31", seasonality={1: 2, "1": 3}),  # type: ignore[dict-item]
        crm.OptionError,
        "option `seasonality`: expected each key once, found two of one text",
        None, None, None,
    ),
    "a month written in two ways": (
        lambda: crm.cycle(orders(), "2026-01-31", seasonality={1: 2, "01": 3}),  # type: ignore[dict-item]
        crm.OptionError,
        "option `seasonality.01`: expected a month from 1 to 12, a weekday",
        None, None, None,
    ),
    "a key twice in JSON": (
        lambda: crm.run("cycle", orders(), '{"seasonality": {"1": 2, "1": 3}}'),
        crm.OptionError,
        "option `request`: expected a JSON object (the key `1` is there twice at line 1 column",
        None, None, None,
    ),
    "rows per amount": (
        lambda: crm.cycle(orders(), "2026-01-31", per="amount"),
        crm.OptionError,
        'option `per`: expected a column of few values, not amounts, found "amount"',
        None, None, None,
    ),
    "rows per customer by their id": (
        lambda: crm.cycle(orders(), "2026-01-31", per="customer_id"),
        crm.OptionError,
        'option `per`: expected "customer", which is the default, or another column, found "custom',
        None, None, None,
    ),
    "a currency that is none": (
        lambda: orders({"currency": "YEN"}),
        crm.OptionError,
        'option `currency`: expected an ISO 4217 code such as "JPY" or "USD", found "YEN"',
        None, None, None,
    ),
    "a zone that is none": (
        lambda: orders({"timezone": "Tokyo"}),
        crm.OptionError,
        'option `timezone`: expected an IANA name such as "Asia/Tokyo" or an offset',
        None, None, None,
    ),
    "a date that is none": (
        lambda: crm.rfm(orders(), "2026-13-01"),
        crm.OptionError,
        'option `as_of`: expected a date such as "2026-11-21", for events also an instant',
        None, None, None,
    ),
    "a number for a date": (
        lambda: crm.rfm(orders(), 3.5),  # type: ignore[arg-type]
        crm.OptionError,
        "option `as_of`: expected a date such as 2026-11-21, found a value of type float",
        None, None, None,
    ),
    "a basis whose column was not given": (
        lambda: crm.rfm(orders(), basis="margin"),
        crm.OptionError,
        "option `basis` = `margin` needs the column `cost`, which was not given",
        "cost", None, None,
    ),
    "amounts of units without a quantity": (
        lambda: orders({"amount_is": "unit"}),
        crm.OptionError,
        "option `amount_is` = `unit` needs the column `quantity`, which was not given",
        "quantity", None, None,
    ),
    "a breakdown by no column": (
        lambda: crm.rfm(orders(), by=["chanel"]),
        crm.SchemaError,
        "column `chanel` was not found; the input has customer_id, ordered_at, amount",
        "chanel", None, None,
    ),
    "a breakdown by a column that is there": (
        lambda: crm.rfm(orders(), by=["customer_id"]),
        crm.OptionError,
        'option `by`: expected another column: the table has this one anyway, found "customer_id"',
        None, None, None,
    ),
    "a condition on no column": (
        lambda: crm.rfm(orders(), where={"chanel": 1}),
        crm.SchemaError,
        "column `chanel` was not found; the input has customer_id, ordered_at, amount",
        "chanel", None, None,
    ),
    "a table where orders are read": (
        lambda: crm.run("rfm", crm.rfm(orders())),
        crm.OptionError,
        "rfm reads orders, not table",
        None, None, "make orders of the data first: crm.Orders(...), crm_orders_from_arrow(...)",
    ),
    "no thread": (
        lambda: crm.set_threads(0),
        crm.OptionError,
        "option `count`: expected a whole number of at least 1, found 0",
        None, None, None,
    ),
    "labels in no language": (
        lambda: crm.rfm(orders()).to_dict(labels="jp"),  # type: ignore[arg-type]
        crm.OptionError,
        'option `labels`: expected "en" or "ja", found jp',
        None, None, None,
    ),
    "one name for a list of names": (
        lambda: orders({"dimensions": "amount"}),
        crm.OptionError,
        "option `dimensions`: expected a list of column names, found one text",
        None, None, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_bad_input(case: str) -> None:
    act, kind, message, column, row, hint = CASES[case]
    with pytest.raises(crm.CrmError) as caught:
        act()
    error = caught.value
    assert type(error) is kind
    assert str(error).startswith(message)
    assert (error.column, error.row) == (column, row)
    assert (error.hint or "").startswith(hint or "")
    assert (error.hint is None) == (hint is None)


def test_the_family_of_exceptions() -> None:
    assert issubclass(crm.SchemaError, (crm.CrmError, TypeError))
    for kind in (crm.DataError, crm.OptionError):
        assert issubclass(kind, crm.CrmError) and issubclass(kind, ValueError)
    assert issubclass(crm.OutOfMemoryError, MemoryError)
    for kind in (crm.NotFittedError, crm.ConvergenceError, crm.CancelledError, crm.InternalError):
        assert issubclass(kind, crm.CrmError) and issubclass(kind, Exception)


def test_attributes_and_pickling() -> None:
    with pytest.raises(crm.DataError) as caught:
        orders(amount=[1.0, None, 2.0])
    error = caught.value
    assert error.code == "data"
    assert error.__notes__ == [error.hint]
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is crm.DataError
    assert str(again) == str(error)
    assert (again.column, again.row, again.hint) == ("amount", 1, error.hint)


# ---- what is empty or all alike is no error ------------------------------------------------------

QUIET = ["summary", "clv_summary", "rfm", "rfm_segments", "decile", "abc", "lorenz"]


@pytest.mark.parametrize("task", QUIET)
def test_as_of_before_the_first_order(task: str) -> None:
    table = crm.run(task, orders(), {"as_of": "2020-01-01"})
    assert "customer_id" not in table or len(table) == 0


@pytest.mark.parametrize("task", QUIET)
def test_no_orders_at_all(task: str) -> None:
    nothing = crm.Orders({name: column[:0] for name, column in DATA.items()}, currency="USD")
    table = crm.run(task, nothing)
    assert "customer_id" not in table or len(table) == 0
    assert nothing.reconciliation.to_dict()["rows"][-1] == 0


@pytest.mark.parametrize("task", QUIET)
def test_one_customer_and_one_day(task: str) -> None:
    one = orders(customer_id=["a"] * 3, ordered_at=[DAYS[0]] * 3)
    table = crm.run(task, one)
    assert "customer_id" not in table or len(table) == 1


# ---- nobody's data in a message ------------------------------------------------------------------

CANARY = "canary-7391"


def test_messages_hold_no_data() -> None:
    """Ids, amounts and times are marked; no message or note repeats them, nor do printed orders.

    A table is printed with its rows.
    """
    bad: dict[str, Any] = {
        "customer_id": [CANARY, None, CANARY],
        "amount": [7391.005, float("inf"), 7391.0],
        "ordered_at": [datetime.datetime(7391, 7, 3, 9, 1)] * 2 + [None],
        "order": [CANARY, CANARY, CANARY],
    }
    tries: list[Callable[[], Any]] = [
        lambda: orders(customer_id=bad["customer_id"]),
        lambda: orders(amount=bad["amount"]),
        lambda: orders(ordered_at=bad["ordered_at"]),
        lambda: orders({"order_id": "order"}, order=bad["order"]),
        lambda: orders(amount=[CANARY] * 3),
        lambda: orders(customer_id=[CANARY, 3, 4]),
        lambda: crm.Customers({"customer_id": [CANARY] * 2}),
    ]
    for act in tries:
        with pytest.raises(crm.CrmError) as caught:
            act()
        told = f"{caught.value!r} {caught.value} {getattr(caught.value, '__notes__', [])}"
        assert CANARY not in told and "7391" not in told
    good = orders(customer_id=[CANARY] * 3)
    assert CANARY not in f"{good!r} {crm.rfm(good).notes} {crm.rfm(good).definition}"


def test_tracebacks_name_exceptions_as_users_import_them() -> None:
    kinds = [crm.CrmError, *crm.CrmError.__subclasses__()]
    for kind in kinds:
        assert getattr(crm, kind.__name__) is kind
        assert kind.__module__ == "crm_core"
