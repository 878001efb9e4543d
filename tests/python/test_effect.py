"""Experiments and attribution from Python: every form of data, and the same answers as SQL has."""

from typing import Any

import numpy as np
import pytest

import crm_core as crm

PATHS = {"path": ["G", "M", "G > M"], "conversions": [2, 1, 1], "nulls": [1, 0, 0]}


def test_assignments_are_those_of_sql() -> None:
    duckdb = pytest.importorskip("duckdb")
    ids = [*range(500), -3]
    ours = crm.assign(ids, experiment="button", salt="s").to_dict()
    people = ", ".join(f"({i})" for i in ids)
    query = f"""
        SELECT id, CASE WHEN ('0x' || substr(sha256(concat('s', ':', 'button', ':', id)), 1, 16))
            ::UBIGINT::DOUBLE / 18446744073709551616 < 0.5 THEN 'a' ELSE 'b' END
        FROM (VALUES {people}) AS people(id)"""
    theirs = dict(duckdb.sql(query).fetchall())
    assert ours["customer_id"] == ids
    assert ours["variant"] == [theirs[i] for i in ids]
    assert 200 < ours["variant"].count("a") < 300


def test_ids_come_in_any_form() -> None:
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    names = ["x", "y", "z", "x"]
    forms: list[Any] = [
        names,
        np.array(names),
        pandas.Series(names),
        polars.Series(names),
        {"customer_id": names},
        pandas.DataFrame({"customer_id": names, "other": 1}),
        polars.DataFrame({"customer_id": names}),
    ]
    expected = crm.assign(names, experiment="e").to_dict()
    assert expected["variant"][0] == expected["variant"][3]
    for form in forms:
        assert crm.assign(form, experiment="e").to_dict() == expected
    with pytest.raises(crm.OptionError, match="experiment"):
        crm.assign(names)
    with pytest.raises(crm.DataError, match="customer_id"):
        crm.assign(["x", None], experiment="e")


def test_experiments_from_counts_and_from_units_agree() -> None:
    pandas = pytest.importorskip("pandas")
    counts = {"variant": ["a", "b"], "n": [40, 50], "conversions": [10, 20]}
    units = {
        "variant": ["a"] * 40 + ["b"] * 50,
        "value": [True] * 10 + [False] * 30 + [True] * 20 + [False] * 30,
    }
    by_counts = crm.experiment(counts).to_dict()
    for data in (units, pandas.DataFrame(units)):
        by_units = crm.experiment(data).to_dict()
        assert {**by_units, "measure": by_counts["measure"]} == by_counts
    with pytest.raises(crm.SchemaError, match="variant"):
        crm.experiment({"group": ["a"], "value": [1]})
    with pytest.raises(crm.SchemaError, match="spend"):
        crm.experiment(units, measures=["spend"])
    with pytest.raises(crm.OptionError, match="covariate"):
        crm.experiment(counts, covariate="before")


def test_plans_take_one_number_for_several() -> None:
    plans = crm.experiment_plan([0.04, 0.05, 0.06], 0.01).to_dict()
    alone = [crm.experiment_plan(p, 0.01).to_dict()["n_per_variant"][0] for p in (0.04, 0.05, 0.06)]
    assert plans["n_per_variant"] == alone
    means = crm.experiment_plan(50, 2, 30, n=1000).to_dict()
    assert means["n_per_variant"] == [3532] and 3.7 < means["detectable_effect"][0] < 3.8


def test_paths_are_texts_or_lists() -> None:
    pandas = pytest.importorskip("pandas")
    expected = crm.attribution(PATHS, models=["markov", "linear"]).to_dict()
    assert expected["channel"] == ["G", "G", "M", "M"]
    lists = {**PATHS, "path": [["G"], ["M"], ["G", "M"]]}
    for data in (lists, pandas.DataFrame(PATHS), pandas.DataFrame(lists)):
        assert crm.attribution(data, models=["markov", "linear"]).to_dict() == expected
    with pytest.raises(crm.SchemaError, match="path"):
        crm.attribution({"conversions": [1]})
    with pytest.raises(crm.SchemaError, match="nulls"):
        crm.attribution({"path": ["a"], "conversions": [1], "null": [2]})


def test_every_conversion_of_a_log_is_credited(events: crm.Events) -> None:
    models = ["last", "first", "last_non_direct", "linear", "position", "time_decay", "shapley"]
    table = crm.attribution(events, models=[*models, "markov"])
    purchases = (
        table.definition and crm.attribution_paths(events, limit=10_000)["conversions"].sum()
    )
    frame = table.to_dict()
    for model in models:
        rows = zip(frame["conversions"], frame["model"], strict=True)
        assert sum(credited for credited, of in rows if of == model) == pytest.approx(purchases)
    channels = crm.attribution_channels(events).to_dict()
    paths = crm.attribution_paths(events, limit=10_000).to_dict()
    counted = zip(paths["paths"], paths["path"], strict=True)
    touches = sum(n * len(path.split(" > ")) for n, path in counted)
    assert sum(channels["touches"]) == touches
    assert sum(channels["first_touches"]) == sum(paths["paths"])
