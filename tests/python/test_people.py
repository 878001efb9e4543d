"""People: worlds whose truth is known, and the doors of Python."""

from __future__ import annotations

import inspect
import itertools
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import crm_core as crm
from crm_core import _people_worlds as people_worlds


def frame(rows: list[people_worlds.Row]) -> dict[str, Any]:
    return people_worlds.columns(rows, without=("truth", "source", "account"))


def test_the_roles_of_people_are_the_columns_that_the_core_reads() -> None:
    source = Path(__file__).parents[2] / "crates/crm-core/src/people/input.rs"
    listed = re.search(r"const COLUMNS: [^=]*= &\[(.*?)\];", source.read_text("utf-8"), re.DOTALL)
    assert listed is not None
    roles = ["record_id", *re.findall(r'"(\w+)"', listed[1])]
    assert [name for name in inspect.signature(crm.People).parameters if name != "data"] == roles
    assert set(people_worlds.COLUMNS) - {"source", "truth"} < set(roles)


def persons(found: crm.Identity) -> dict[str, str]:
    table = found.persons.to_dict()
    return dict(zip(table["record_id"], table["person_id"], strict=True))


def f1(rows: list[people_worlds.Row], of: dict[str, str]) -> float:
    """Clusters that are exactly right, against those found and those there are."""
    both = Counter((row["truth"], of[row["record_id"]]) for row in rows)
    true = Counter(row["truth"] for row in rows)
    found = Counter(of.values())
    right = sum(n == true[t] == found[p] for (t, p), n in both.items())
    return 2 * right / (len(true) + len(found))


def merged_strangers(rows: list[people_worlds.Row], of: dict[str, str]) -> int:
    """Pairs of two people in one cluster, who differ in the date of birth and the given name."""
    truth: dict[str, people_worlds.Row] = {}
    for row in sorted(rows, key=lambda row: row["source"] != "shop"):
        truth.setdefault(row["truth"], row)
    clusters = defaultdict(set)
    for row in rows:
        clusters[of[row["record_id"]]].add(row["truth"])
    pairs = [pair for cluster in clusters.values() for pair in itertools.combinations(cluster, 2)]
    differs = [
        truth[a]["birth_date"] != truth[b]["birth_date"]
        and truth[a]["given_name"] != truth[b]["given_name"]
        for a, b in pairs
    ]
    return sum(differs)


@pytest.fixture(scope="module")
def hard() -> list[people_worlds.Row]:
    return people_worlds.hard(6_000, seed=4)


@pytest.mark.parametrize("policy", ["strict", "standard", "lenient"])
def test_families_stay_apart_and_copies_are_found(
    hard: list[people_worlds.Row], policy: Any
) -> None:
    of = persons(crm.identify(frame(hard), policy=policy))
    assert merged_strangers(hard, of) == 0
    if policy != "strict":
        assert f1(hard, of) > 0.985


def test_the_easy_world() -> None:
    rows = people_worlds.easy(4_000, seed=3)
    of = persons(crm.identify(frame(rows)))
    assert f1(rows, of) > 0.995


def test_increments_change_nothing_but_what_they_tell(hard: list[people_worlds.Row]) -> None:
    some = sorted(hard, key=lambda row: row["record_id"])
    early = crm.identify(frame(some[:5_000]))
    whole = crm.identify(frame(some))
    later = crm.identify(frame(some), early)

    def sets(of: dict[str, str]) -> set[frozenset[str]]:
        clusters: dict[str, set[str]] = defaultdict(set)
        for record, person in of.items():
            clusters[person].add(record)
        return {frozenset(cluster) for cluster in clusters.values()}

    before, now = persons(early), persons(later)
    assert sets(now) == sets(persons(whole))
    changes = later.changes.to_dict()
    told = set(changes["person_id"])
    moved = {now[record] for record, person in before.items() if now[record] != person}
    assert moved <= told
    kinds = Counter(changes["person_change"])
    new = sets({record: now[record] for record in now}) - {
        cluster for cluster in sets(now) if cluster & set(before)
    }
    assert kinds["new"] == len(new)


def test_kinds_of_frames_give_one_result(hard: list[people_worlds.Row]) -> None:
    columns = frame(hard[:1_500])
    first = crm.identify(columns).persons
    chunks = pa.concat_tables([pa.table(columns).slice(0, 700), pa.table(columns).slice(700)])
    for data in (pd.DataFrame(columns), pl.DataFrame(columns), pa.table(columns), chunks):
        assert crm.identify(data).persons.to_dict() == first.to_dict()
    renamed = pl.DataFrame(columns).rename({"email": "メール", "record_id": "no"})
    people = crm.People(renamed, "no", email="メール")
    assert repr(people) == "<crm_core.People, 1,500 records>"
    assert crm.identify(people).persons.to_dict() == first.to_dict()
    assert crm.identify(people).persons.hash == first.hash


def test_pairs_of_two_people() -> None:
    shop = {"record_id": [1, 2, 3], "account": ["x", "x", "y"]}
    found = crm.identify(crm.People(shop, not_same_as=[(1, 2)]))
    assert found.persons.to_dict()["person_id"] == [1, 2, 3]
    with pytest.raises(crm.OptionError, match="not_same_as"):
        crm.People(shop, not_same_as=[(1,)])
    with pytest.raises(crm.OptionError, match="of these records"):
        crm.People(shop, not_same_as=[(9, 1)])


def test_orders_and_events_under_persons_ids() -> None:
    shop = crm.simulate_orders(200, seed=3)
    settings: dict[str, Any] = {"currency": "JPY", "order_id": "order_id", "guests": "keep"}
    orders = crm.Orders(shop, **settings)
    ids = crm.summary(orders).to_dict()["customer_id"]
    joined = dict(zip(ids, [ids[at - at % 2] for at in range(len(ids))], strict=True))
    table = {"record_id": list(joined), "person_id": list(joined.values())}
    moved = orders.with_persons(table)
    renamed = shop.to_pandas()
    renamed["customer_id"] = renamed["customer_id"].map(lambda one: joined.get(one, one))
    by_hand = crm.Orders(renamed, **settings)
    assert crm.summary(moved).to_dict() == crm.summary(by_hand).to_dict()
    assert len(moved) == len(orders)
    with pytest.raises(crm.OptionError, match="whole import"):
        orders.view(where={"customer_id": ids[:3]}).with_persons(table)


def test_sensitivity_has_a_row_for_each_policy() -> None:
    shop = {
        "customer_id": ["a", "b", "c", "c"],
        "amount": [100, 200, 300, 400],
        "ordered_at": ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"],
    }
    orders = crm.Orders(shop, currency="JPY")
    people = {
        "record_id": ["a", "b", "c"],
        "email": ["x@example.com", "X@example.com", None],
        "family_name": ["山田", "山田", "山田"],
        "given_name": ["花", "花", "太郎"],
    }
    table = crm.identity_sensitivity(orders, people).to_dict()
    assert table["policy"] == ["none", "strict", "standard", "lenient"]
    assert table["customers"] == [3, 2, 2, 2]
    assert table["repeaters"] == [1, 2, 2, 2]
    assert table["revenue_per_customer"] == [1000 / 3, 500, 500, 500]


def test_forms_of_texts() -> None:
    table = crm.normalize(["髙橋　花子", None, ""], form="name").to_dict()
    assert table["normalized"] == ["高橋花子", None, None]
    assert crm.normalize_phone("12") is None
    assert crm.normalize_email("A.b@example.com", capitals=True) == "A.b@example.com"
    found = crm.normalize_address("東京都千代田区千代田1-1-1 皇居101")
    assert found["building"] == "皇居101" and found["address_level"] == "number"


def columns_of(rows: list[dict[str, str]]) -> dict[str, list[str]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_equal_records_are_one_person_however_many() -> None:
    guest = {
        "family_name": "高橋",
        "given_name": "花子",
        "phone": "090-1234-5678",
        "address": "千代田区千代田1-1",
    }
    other = {**guest, "given_name": "太郎"}
    rows = [{**guest, "record_id": f"g{at:03}"} for at in range(130)]
    rows += [{**other, "record_id": f"t{at:03}"} for at in range(70)]
    found = crm.identify(columns_of(rows))
    assert set(persons(found).values()) == {"g000", "t000"}
    notes = found.persons.notes["identity"]
    assert (notes["skipped_pairs"], notes["blocks_over_limit"]) == (0, 0)


def test_pairs_that_are_skipped_count_once() -> None:
    # 70 people of one name at one postal code: three keys have the same block.
    rows = [
        {
            "record_id": f"r{at:02}",
            "family_name": "高橋",
            "given_name": "花子",
            "zip": "1000001",
            "email": f"{at}@example.com",
        }
        for at in range(70)
    ]
    notes = crm.identify(columns_of(rows)).persons.notes["identity"]
    assert notes["blocks_over_limit"] > 1
    assert notes["skipped_pairs"] + notes["compared_pairs"] == 70 * 69 // 2


def test_columns_and_ids_that_meet_nothing_are_said() -> None:
    people = {"record_id": ["a", "b"], "mail": ["h@e.jp"] * 2, "name": ["高橋花子"] * 2}
    with pytest.warns(crm.ReadingWarning, match="email=.mail."):
        crm.People(people)
    with pytest.raises(crm.SchemaError, match="previous"):
        crm.identify({"record_id": ["a"]}, {"record_id": [1], "person_id": [2]})
    orders = crm.Orders(
        {"customer_id": ["a", "b"], "ordered_at": ["2026-01-01"] * 2, "amount": [1, 2]},
        currency="JPY",
    )
    some = orders.with_persons({"record_id": ["a", "q"], "person_id": ["z", "z"]})
    assert some.receipt == {"records": 2, "unknown": 1}
    with pytest.warns(crm.ReadingWarning, match="none of the 1 records"):
        orders.with_persons({"record_id": ["q"], "person_id": ["z"]})


def test_customers_warn_of_opt_outs_that_are_not_read() -> None:
    for name in ("opted_out", "unsubscribed", "配信停止", "メルマガ", "accepts_marketing"):
        with pytest.warns(crm.ReadingWarning, match=name):
            crm.Customers({"customer_id": ["a"], name: [True]})
    crm.Customers({"customer_id": ["a"], "opted_out": [True]}, opted_out="opted_out")
