"""The typed functions say what the catalogue says, and send only what the user gave."""

import inspect
import re
import typing
from collections.abc import Collection
from typing import Any

import pytest
from test_examples import described

import crm_core as crm
from crm_core import _types

FUNCTIONS = [task for task in crm.tasks() if hasattr(crm, task)]
TASKS = [task for task in FUNCTIONS if crm.describe(task)["reads"] == "orders"]
OF_EVENTS = [task for task in FUNCTIONS if crm.describe(task)["reads"] == "events"]
OF_STEPS = {"funnel", "sequences", "sequence_totals"}  # nothing without steps
OF_MESSAGES = {"campaign_rates", "campaign_effect", "best_time"}
COMPLAINTS = {"customer_id": [f"C{k:07}" for k in range(9)], "occurred_at": ["2025-02-01"] * 9}
NEEDED: dict[str, dict[str, Any]] = {
    "movement": {"since": "2025-01-01"},
    "before_after": {"change": "2025-05-05"},
    "complaints": {"complaints": COMPLAINTS},
    "complaint_cost": {"complaints": COMPLAINTS},
    "satisfaction_churn": {
        "answers": {
            "customer_id": COMPLAINTS["customer_id"],
            "answered_at": COMPLAINTS["occurred_at"],
            "score": [*range(9)],
        }
    },
    "simulate_rules": {"days": 2, "warm_up": 0},
    "tiers": {"tiers": [{"name": "silver", "from": 10_000}, {"name": "gold", "from": 50_000}]},
    "tier_forecast": {"tiers": [{"name": "gold", "from": 5}], "measure": "orders"},
    "entitlements": {"rules": [{"name": "gift", "orders": 5, "repeat": True}]},
    "coupon_effect": {"coupon": "channel"},
    "referrals": {"referred_by": "first_channel"},
}
FITS = {"fit", "spend_fit"}  # models are handed over as such
# Analyses that a method asks for: what says its options, and what says its columns.
METHODS: dict[str, tuple[list[Any], Any]] = {
    "clv_fit": ([crm.MbgNbd, crm.MbgNbd.fit], None),
    "gamma_gamma_fit": ([crm.GammaGamma, crm.GammaGamma.fit], None),
    "sbg_fit": ([crm.Sbg, crm.Sbg.fit], None),
    "bgbb_fit": ([crm.BgBb, crm.BgBb.fit], None),
    "clv_predict": ([crm.MbgNbd.predict], crm.MbgNbd.predict),
    "expected_spend": ([crm.GammaGamma.predict], crm.GammaGamma.predict),
    "clv_tracking": ([crm.MbgNbd.tracking], crm.MbgNbd.tracking),
    "alive_path": ([crm.MbgNbd.alive_path], crm.MbgNbd.alive_path),
    "frequency_histogram": ([crm.MbgNbd.frequency_histogram], crm.MbgNbd.frequency_histogram),
    "expected_surface": ([crm.MbgNbd.expected_surface], crm.MbgNbd.expected_surface),
    "clv_simulate": ([crm.MbgNbd.simulate], crm.MbgNbd.simulate),
    "sbg_predict": ([crm.Sbg.predict], crm.Sbg.predict),
    "bgbb_predict": ([crm.BgBb.predict], crm.BgBb.predict),
    "identity_links": ([crm.identify], None),
    "identity_review": ([crm.identify], None),
    "identity_changes": ([crm.identify], None),
    "shared_identifiers": ([crm.identify], None),
    "bgbb_histogram": ([crm.BgBb.frequency_histogram], crm.BgBb.frequency_histogram),
}
# Asked for by `from_params` and `from_json`, and by `expected_purchases` and `probability_of`.
INSIDE = {"clv_parameters", "clv_new_customers"}
DATA = {"self", "summary", "patterns", "survivors", "orders", "as_of", "scope", "T"}
DATA |= {"people", "previous"}


ALL_SCOPES = typing.get_type_hints(_types.Scope, vars(_types) | {"Date": Any})


def options_of(task: str) -> set[str]:
    return set(crm.describe(task)["options"].get("properties", {})) - FITS


def test_every_analysis_has_a_function_or_a_method() -> None:
    assert {*FUNCTIONS, *METHODS, *INSIDE} == set(crm.tasks())


@pytest.mark.parametrize("task", FUNCTIONS)
def test_options_are_those_of_the_catalogue(task: str) -> None:
    parameters = inspect.signature(getattr(crm, task)).parameters.values()
    named = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    assert {p.name for p in named} == options_of(task)
    # A question about steps needs them; whatever else is left out is the library's default.
    asked_for = {"steps"} if task in OF_STEPS else set()
    assert {p.name for p in named if p.default is not None} == asked_for


@pytest.mark.parametrize("task", METHODS)
def test_options_of_methods_are_those_of_the_catalogue(task: str) -> None:
    taken = [
        name
        for method in METHODS[task][0]
        for name, parameter in inspect.signature(method).parameters.items()
        if name not in DATA and (task, name) != ("sbg_predict", "t")
        if parameter.default is None or pytest.fail(f"{name} has a default of its own")
    ]
    assert sorted(taken) == sorted(options_of(task) - {"model"})


OF_SCOPE = {task: getattr(crm, task) for task in TASKS + OF_EVENTS} | {
    task: METHODS[task][1] for task in ("clv_tracking", "alive_path")
}


@pytest.mark.parametrize("task", OF_SCOPE)
def test_the_scope_is_that_of_the_catalogue(task: str) -> None:
    """In the types, which allow nothing that the core refuses, and in words."""
    parameters = inspect.signature(OF_SCOPE[task]).parameters
    if task in OF_MESSAGES:  # with which everything else would take the orders away
        assert set(crm.describe(task)["scope"]["properties"]) == {"as_of"}
        assert "scope" not in parameters and parameters["as_of"].annotation == "AsOf"
        return
    kind = parameters["scope"].annotation.removeprefix("Unpack[").removesuffix("]")
    typed = typing.get_type_hints(getattr(_types, kind), vars(_types) | {"Date": Any})
    described = crm.describe(task)
    scope = set(described["scope"]["properties"]) - {"as_of"}
    assert set(typed) == scope
    assert (parameters["as_of"].annotation == "Dates") == described["needs_as_of"]
    text = (inspect.getdoc(OF_SCOPE[task]) or "").partition("**scope:")[2].partition("\n\n")[0]
    if task not in METHODS:  # they refer
        assert {name for name in ALL_SCOPES if re.search(rf"\b{name}\b", text)} - scope <= (
            {"customers"} if task == "learn" else set()  # said to be refused
        )
        assert all(re.search(rf"\b{name}\b", text) for name in scope)


def check_documentation(documentation: str, task: str) -> None:
    about = crm.describe(task)
    for part in ("Args:", "Returns:", "Raises:"):
        assert part in documentation
    _, _, result = documentation.partition("Returns:")
    for column in about["columns"]:
        # A column named like a pattern is one for each of something that the data have.
        pattern = re.sub("<[^>]*>", "<[^>]*>", column["name"])
        assert re.search(rf"\b{pattern}(?!\w)", result), column["name"]


@pytest.mark.parametrize("task", FUNCTIONS)
def test_documentation_names_arguments_columns_and_the_japanese_term(task: str) -> None:
    documentation = inspect.getdoc(getattr(crm, task)) or ""
    assert re.search("[぀-ヿ一-鿿]", documentation), "the Japanese term"
    check_documentation(documentation, task)
    assert options_of(task) <= described(documentation)


@pytest.mark.parametrize("task", METHODS)
def test_documentation_of_methods_names_arguments_and_columns(task: str) -> None:
    methods, with_columns = METHODS[task]
    said = set().union(*(described(inspect.getdoc(method) or "") for method in methods))
    assert options_of(task) - {"model"} <= said
    if with_columns is not None:
        check_documentation(inspect.getdoc(with_columns) or "", task)


@pytest.mark.parametrize("task", TASKS)
def test_a_function_is_its_request(task: str, orders: crm.Orders) -> None:
    options: dict[str, Any] = NEEDED.get(task, {})
    by_function = getattr(crm, task)(orders, "2025-06-30", **options)
    by_name = crm.run(task, orders, {"as_of": "2025-06-30", **options})
    assert by_function.to_dict() == by_name.to_dict()
    assert by_function.hash == by_name.hash


@pytest.mark.parametrize("task", OF_EVENTS)
def test_a_function_of_events_is_its_request(
    task: str, events: crm.Events, messages: crm.Events
) -> None:
    options: dict[str, Any] = {"steps": ["view", "purchase"]} if task in OF_STEPS else {}
    log = messages if task in OF_MESSAGES else events
    by_function = getattr(crm, task)(log, "2026-03-15", **options)
    by_name = crm.run(task, log, {"as_of": "2026-03-15", **options})
    assert by_function.to_dict() == by_name.to_dict()
    assert by_function.hash == by_name.hash


def check_columns(task: str, table: crm.Table, of_data: Collection[str] = ()) -> None:
    described = {c["name"]: c for c in crm.describe(task)["columns"]}
    assert set(table.columns) <= {*described, *of_data}
    for name, about in table.schema.items():
        if name not in of_data:
            assert about["type"] == described[name]["type"], name
            assert about["unit"] == described[name]["unit"], name


@pytest.mark.parametrize("task", TASKS)
def test_columns_are_those_of_the_catalogue(task: str, orders: crm.Orders) -> None:
    options: dict[str, Any] = NEEDED.get(task, {})
    check_columns(task, crm.run(task, orders, {"as_of": "2025-06-30", **options}))


@pytest.mark.parametrize("task", OF_EVENTS)
def test_columns_of_events_are_those_of_the_catalogue(
    task: str, events: crm.Events, messages: crm.Events
) -> None:
    options: dict[str, Any] = {"steps": ["view", "purchase"]} if task in OF_STEPS else {}
    log = messages if task in OF_MESSAGES else events
    check_columns(task, crm.run(task, log, {"as_of": "2026-03-15", **options}))


def test_columns_of_models_are_those_of_the_catalogue(orders: crm.Orders) -> None:
    summary = crm.clv_summary(orders, unit="week")
    model, spend = crm.MbgNbd().fit(summary), crm.GammaGamma().fit(summary)
    sbg = crm.Sbg.from_params(alpha=1.0, beta=1.0)
    bgbb = crm.BgBb.from_params(alpha=1.2, beta=0.8, gamma=0.7, delta=2.8)
    gifts = {"frequency": [2], "recency": [3], "n": [4]}
    waiting = {"customer_id": [1], "trigger": ["a"], "dedupe_key": ["k"], "due_at": ["2026-03-01"]}
    tables = {
        "clv": crm.clv(model, spend, summary),
        "compare_models": crm.compare_models(summary),
        "survival_curve": crm.survival_curve({"duration": [3, 5]}),
        "experiment": crm.experiment({"variant": [1, 2], "n": [9, 9], "conversions": [3, 5]}),
        "experiment_plan": crm.experiment_plan([0.1, 0.2], 0.02, n=800, per_day=90),
        "assign": crm.assign(["a", "b"], experiment="button"),
        "survey": crm.survey({"score": [9, 10, 3], "question": ["a", "a", "b"]}),
        "reviews": crm.reviews({"product": ["a"], "score": [5], "reviewed_at": ["2026-03-01"]}),
        "decide": crm.decide(waiting, now="2026-03-15"),
        "why": crm.why(waiting, customer=1, now="2026-03-15"),
        "identify": crm.identify({"record_id": ["a", "b"], "account": ["x", "x"]}).persons,
        "normalize": crm.normalize(["髙橋"]),
        "clv_predict": model.predict(summary, n=2),
        "expected_spend": spend.predict(summary),
        "clv_tracking": model.tracking(orders),
        "alive_path": model.alive_path(orders, step=90),
        "frequency_histogram": model.frequency_histogram(summary),
        "expected_surface": model.expected_surface(summary, age=4, up_to=1),
        "clv_simulate": model.simulate([30.0]),
        "sbg_predict": sbg.predict([1]),
        "bgbb_predict": bgbb.predict(gifts),
        "bgbb_histogram": bgbb.frequency_histogram(gifts),
    }
    of_tables = {task for task in FUNCTIONS if crm.describe(task)["reads"] == "table"}
    assert set(tables) == of_tables | {task for task, (_, found) in METHODS.items() if found}
    for task, table in tables.items():
        check_columns(task, table)


def test_the_catalogue() -> None:
    assert {"summary", "rfm", "cpm", "decile"} <= set(crm.tasks())
    entry = crm.describe("cpm")
    assert entry["name"] == "cpm" and "CPM" in entry["ja"]
    assert crm.__version__.count(".") == 2
    assert set(crm.__all__) <= set(dir(crm))


def test_threads_change_no_result(orders: crm.Orders, capsys: pytest.CaptureFixture[str]) -> None:
    tables, threads = [], []
    for count in (1, 2, 3, None):
        crm.set_threads(count)
        crm.show_versions()
        threads += re.findall(r"^threads +(\d+)$", capsys.readouterr().out, re.MULTILINE)
        tables.append(crm.summary(orders).to_dict())
    assert all(table == tables[0] for table in tables)
    assert threads[:3] == ["1", "2", "3"] and int(threads[3]) >= 1


def test_versions(capsys: pytest.CaptureFixture[str]) -> None:
    crm.show_versions()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"crm_core   {crm.__version__}")
    assert any(line.startswith("numpy") for line in lines)


def test_the_simulated_shop() -> None:
    shop = crm.simulate_orders(50, seed=3)
    assert shop.to_dict() == crm.simulate_orders(50, seed=3).to_dict()
    assert shop.to_dict() != crm.simulate_orders(50, seed=4).to_dict()


@pytest.mark.parametrize("world", ["easy", "hard"])
def test_the_simulated_people(world: Any) -> None:
    people = crm.simulate_people(80, seed=3, world=world)
    assert people.to_dict() == crm.simulate_people(80, seed=3, world=world).to_dict()
    assert people.to_dict() != crm.simulate_people(80, seed=4, world=world).to_dict()
    assert len(people) == len(set(people.to_dict()["record_id"])) == 80
    assert 40 < len(set(people.to_dict()["truth"])) < 80
    with pytest.raises(crm.OptionError, match="`records`: expected a whole number from 0"):
        crm.simulate_people(-1)
    with pytest.raises(crm.OptionError, match='`world`: expected "easy" or "hard"'):
        crm.simulate_people(world="soft")  # type: ignore[arg-type]


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
