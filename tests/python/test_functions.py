"""The typed functions say what the catalogue says, and send only what the user gave."""

import inspect
import re
import typing
from typing import Any

import pytest

import crm_core as crm
from crm_core import _types

TASKS = [
    task for task in crm.tasks() if hasattr(crm, task) and crm.describe(task)["reads"] == "orders"
]
OF_TABLES = ["clv", "compare_models", "survival_curve"]


@pytest.mark.parametrize("task", TASKS + OF_TABLES)
def test_options_are_those_of_the_catalogue(task: str) -> None:
    function = getattr(crm, task)
    parameters = inspect.signature(function).parameters.values()
    named = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    options = crm.describe(task)["options"].get("properties", {})
    fits = {"fit", "spend_fit"}  # models are handed over as such
    assert {p.name for p in named} == set(options) - fits
    assert all(p.default is None for p in named), "defaults live in the library alone"


def test_the_scope_is_that_of_the_catalogue() -> None:
    scope = set(crm.describe("rfm")["scope"]["properties"]) - {"as_of"}
    assert set(typing.get_type_hints(_types.Scope, vars(_types) | {"Date": Any})) == scope


@pytest.mark.parametrize("task", TASKS + OF_TABLES)
def test_documentation_names_arguments_columns_and_the_japanese_term(task: str) -> None:
    documentation = inspect.getdoc(getattr(crm, task)) or ""
    described = crm.describe(task)
    assert re.search("[぀-ヿ一-鿿]", documentation), "the Japanese term"
    for part in ("Args:", "Returns:", "Raises:"):
        assert part in documentation
    for name in set(described["options"].get("properties", {})) - {"fit", "spend_fit"}:
        assert f"{name}:" in documentation
    for column in described["columns"]:
        assert column["name"] in documentation, column["name"]


@pytest.mark.parametrize("task", TASKS)
def test_a_function_is_its_request(task: str, orders: crm.Orders) -> None:
    options: dict[str, Any] = {"since": "2025-01-01"} if task == "movement" else {}
    by_function = getattr(crm, task)(orders, "2025-06-30", **options)
    by_name = crm.run(task, orders, {"as_of": "2025-06-30", **options})
    assert by_function.to_dict() == by_name.to_dict()
    assert by_function.hash == by_name.hash


@pytest.mark.parametrize("task", TASKS)
def test_columns_are_those_of_the_catalogue(task: str, orders: crm.Orders) -> None:
    options: dict[str, Any] = {"since": "2025-01-01"} if task == "movement" else {}
    table = crm.run(task, orders, {"as_of": "2025-06-30", **options})
    described = {c["name"]: c for c in crm.describe(task)["columns"]}
    assert set(table.columns) <= set(described)
    for name, about in table.schema.items():
        assert about["type"] == described[name]["type"], name
        assert about["unit"] == described[name]["unit"], name


def test_the_catalogue() -> None:
    assert {"summary", "rfm", "cpm", "decile"} <= set(crm.tasks())
    entry = crm.describe("cpm")
    assert entry["name"] == "cpm" and "CPM" in entry["ja"]
    assert crm.__version__.count(".") == 2
    assert set(crm.__all__) <= set(dir(crm))


def test_threads_change_no_result(orders: crm.Orders) -> None:
    tables = []
    for count in (1, 2, 3, None):
        crm.set_threads(count)
        tables.append(crm.summary(orders).to_dict())
    assert all(table == tables[0] for table in tables)


def test_versions(capsys: pytest.CaptureFixture[str]) -> None:
    crm.show_versions()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"crm_core   {crm.__version__}")
    assert any(line.startswith("numpy") for line in lines)


def test_the_simulated_shop() -> None:
    shop = crm.simulate_orders(50, seed=3)
    assert shop.to_dict() == crm.simulate_orders(50, seed=3).to_dict()
    assert shop.to_dict() != crm.simulate_orders(50, seed=4).to_dict()


def test_customers_make_prospects_visible(shop: crm.Table, orders: crm.Orders) -> None:
    ids = sorted({c for c in shop.to_dict()["customer_id"] if c is not None})
    plans = ["gold" if at % 2 else "none" for at in range(len(ids))] + ["gold"]
    customers = crm.Customers({"id": [*ids, "nobody"], "plan": plans}, "id", dimensions=["plan"])
    assert len(customers) == len(ids) + 1
    with_customers = crm.Orders(
        shop, currency="JPY", order_id="order_id", guests="drop", customers=customers
    )
    cpm = crm.cpm(with_customers).to_dict()
    assert cpm["segment"][cpm["customer_id"].index("nobody")] == "prospect"
    gold = crm.rfm(with_customers, customers={"plan": "gold"}).to_dict()["customer_id"]
    assert gold == [c for c in ids if ids.index(c) % 2]
    by_plan = crm.rfm_segments(with_customers, by=["plan"])
    assert by_plan.columns[0] == "plan"
