"""Every number of small messy shops a second time, through every door.

`messy.py` makes a shop of a seed, `doors.py` its columns in random forms, `slow.py` computes what
must come out. A failure prints its seed; ``CRM_SEED=17 pytest tests/python/test_second.py`` runs
that shop alone.
"""

import ctypes
import datetime
import functools
import math
import random
import uuid
from collections.abc import Callable
from typing import Any

import doors
import libcrm
import messy
import numpy as np
import pytest
import slow
import slow_tables

import crm_core as crm

Tables = dict[str, list[Any]]
SHOPS = messy.seeds(60)
NONE: frozenset[str] = frozenset()
# Whether a blank cell takes the order's value is decided by all orders of an import.
OF_COLUMNS = frozenset({"where", "by", "customers"})


@functools.cache
def expected(seed: int) -> tuple[messy.Shop, dict[str, Any], list[tuple[str, Any, Tables]]]:
    """The shop, its reconciliation, and the tables of some scopes."""
    made = messy.shop(seed)
    book = slow.Book(made)
    days = sorted({book.day(order.time) for order in book.orders})
    rng = random.Random(f"analyses {seed}")
    tables = []
    for scope in messy.requests(seed, made, days):
        tasks = slow_tables.ANALYSES if not scope else rng.sample(list(slow_tables.ANALYSES), 3)
        tables += [(task, scope, slow_tables.run(task, book, scope)) for task in tasks]
    return made, book.reconciliation(), tables


def canonical(cell: Any) -> Any:
    """A date as it is spelled, an id of bytes as the UUID it is."""
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    return str(uuid.UUID(bytes=cell)) if isinstance(cell, bytes) else cell


def differs(found: list[Any], wanted: list[Any]) -> bool:
    if len(found) != len(wanted):
        return True
    return any(
        not math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12)
        if isinstance(a, float) and isinstance(b, float | int)
        else a != b
        for a, b in zip(map(canonical, found), map(canonical, wanted), strict=True)
    )


def check(
    seed: int, door: str, run: Callable[[str, dict[str, Any]], Tables], but: frozenset[str] = NONE
) -> None:
    _, _, tables = expected(seed)
    for task, scope, wanted in tables:
        if but & scope.keys():
            continue
        if "occasion" in scope and "occasion" not in crm.describe(task)["scope"]["properties"]:
            continue  # An analysis that counts the same by order and by day refuses it.
        request = scope | ({"method": "ratio"} if task == "repeat_rate" else {})
        found = run(task, request)
        where = f"CRM_SEED={seed}, {door}, {task} {request}"
        for name, cells in wanted.items():
            assert not differs(found[name], cells), f"{where}: {name}\n{found[name]}\n{cells}"
        rows = len(next(iter(wanted.values()), []))
        assert len(next(iter(found.values()))) == rows, where


def check_reconciliation(seed: int, door: str, found: Tables) -> None:
    _, wanted, _ = expected(seed)
    columns = (found[name] for name in ("rows", "orders", "customers", "amount"))
    lines = dict(zip(found["reason"], zip(*columns, strict=True), strict=True))
    assert lines == wanted, f"CRM_SEED={seed}, {door}: reconciliation\n{lines}\n{wanted}"


@pytest.mark.parametrize("seed", SHOPS)
@pytest.mark.parametrize("door", doors.PYTHON)
def test_python(door: str, seed: int) -> None:
    made, _, _ = expected(seed)
    orders = doors.PYTHON[door](made, random.Random(f"{door} {seed}"))
    check_reconciliation(seed, door, orders.reconciliation.to_dict(money="minor"))
    assert orders.reconciliation.notes["rounded_amounts"] == slow.Book(made).rounded
    check(seed, door, lambda task, scope: crm.run(task, orders, scope).to_dict(money="minor"))


@pytest.mark.parametrize("seed", SHOPS)
def test_views(seed: int) -> None:
    """What a view has chosen need not be chosen again."""
    made, _, _ = expected(seed)
    orders = doors.PYTHON["dict"](made, random.Random(f"views {seed}"))

    def run(task: str, scope: dict[str, Any]) -> Tables:
        where = dict(scope.get("where", {}))
        if not where or "refunds" in scope:
            return crm.run(task, orders, scope).to_dict(money="minor")
        # Conditions that no choice of lines changes may come one after the other.
        fixed = {made.settings[name] for name in ("customer_id", "ordered_at")}
        later = {name: where.pop(name) for name in list(where) if name in fixed}
        view, rest = orders.view(where=where), {k: v for k, v in scope.items() if k != "where"}
        return crm.run(task, view, rest | {"where": later}).to_dict(money="minor")

    check(seed, "view", run)


@pytest.mark.parametrize("seed", SHOPS)
def test_two_imports_put_together(seed: int) -> None:
    made, _, _ = expected(seed)
    orders = doors.in_parts(made, random.Random(seed))
    check_reconciliation(seed, "concat", orders.reconciliation.to_dict(money="minor"))

    def run(task: str, scope: dict[str, Any]) -> Tables:
        return crm.run(task, orders, scope).to_dict(money="minor")

    check(seed, "concat", run, OF_COLUMNS)


@pytest.mark.parametrize("seed", SHOPS)
def test_appended_rows_and_orders_that_come_again(seed: int) -> None:
    made, _, _ = expected(seed)
    orders = doors.appended(made, random.Random(seed))

    def run(task: str, scope: dict[str, Any]) -> Tables:
        return crm.run(task, orders, scope).to_dict(money="minor")

    check(seed, "append", run, OF_COLUMNS)


@pytest.mark.parametrize("seed", SHOPS)
@pytest.mark.parametrize("door", doors.C)
def test_c(door: str, seed: int) -> None:
    made, _, _ = expected(seed)
    if door in ("cells", "JSON rows") and "uint64" in made.types.values():
        return  # cells of C are of signed numbers
    library = libcrm.library()
    orders = doors.C[door](library, made, random.Random(f"{door} {seed}"))

    def read(handle: libcrm.Handle) -> Tables:
        columns = library.plain(handle)["columns"]
        library("table_free", handle)
        return {column["name"]: read_column(column) for column in columns}

    found = library.handle("orders_reconciliation", orders, libcrm.NO_HANDLE)
    check_reconciliation(seed, door, read(found))
    check(seed, door, lambda task, scope: read(library.run(task, orders, scope)))
    library("orders_free", orders)


def read_column(column: dict[str, Any]) -> list[Any]:
    """Days and floats as Python has them."""
    read: dict[str, Callable[[Any], Any]] = {
        "date": lambda day: datetime.date(1970, 1, 1) + datetime.timedelta(day),
        "float": float_of,
    }
    of = read.get(column["type"], lambda cell: cell)
    return [None if cell is None else of(cell) for cell in column["cells"]]


def float_of(bits: str) -> float:
    return ctypes.c_double.from_buffer_copy(bytes.fromhex(bits)[::-1]).value


# ---- what a random shop meets too rarely ---------------------------------------------------------

DAYS = [datetime.date(2024, 3, 1), datetime.date(2024, 1, 1)]


def few(customers: Any, **columns: list[Any]) -> crm.Orders:
    data = {"customer_id": customers, "ordered_at": DAYS, "amount": [10, 90], **columns}
    roles: dict[str, Any] = {role: role for role in columns}
    return crm.Orders(data, currency="JPY", guests="keep", **roles)


def test_a_guest_has_no_first_order() -> None:
    table = crm.monthly(few(["a", None]), where={"first_month": {"from": "2020-01-01"}})
    assert table.to_dict()["orders"] == [1]


def test_ids_beyond_signed_numbers_are_great() -> None:
    orders = few(np.array([5, 2**63 + 1], "uint64"))
    great = crm.rfm(orders, where={"customer_id": {"from": 2**63}}).to_dict()
    assert great["customer_id"] == [2**63 + 1]
    small = crm.rfm(orders, where={"customer_id": {"to": 2**63}}).to_dict()
    assert small["customer_id"] == [5]


def test_the_first_product_is_that_of_the_greatest_line() -> None:
    orders = few(["a", "a"], order_id=[1, 1], product=["small", "great"])
    for product, shown in (("great", 1), ("small", 0)):
        assert len(crm.rfm(orders, customers={"first_product": product})) == shown


def test_null_is_in_no_range() -> None:
    orders = few(["a", "b"], channel=["web", None])
    for ends in ({"to": "z"}, {"from": ""}, {"from": "", "to": "z"}):
        assert crm.rfm(orders, where={"channel": ends}).to_dict()["customer_id"] == ["a"]


def test_the_first_day_of_plain_orders_is_the_earliest() -> None:
    assert crm.cpm(few(["a", "a"])).to_dict()["tenure_days"] == [60]


def test_rows_of_different_statuses_are_no_repetition() -> None:
    data = {"customer_id": ["a", "a"], "ordered_at": [DAYS[0]] * 2, "amount": [10, 10]}
    data["status"] = ["completed", "pending"]
    orders = crm.Orders(data, currency="JPY", status="status", repeated_rows="drop")
    assert len(orders) == 2
