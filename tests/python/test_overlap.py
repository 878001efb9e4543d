"""Orders that are in two files."""

import random

import pyarrow as pa
import pytest
from sources import notes

from crm_core._problem import Problem
from crm_core._reading.order_reading import load
from crm_core._reading.overlap import drop_repeated
from crm_core._reading.settings import Settings

LINES = "注文番号,注文日時,会員ID,商品名,単価,数量,小計\n"
FIRST = "1,2024/01/05 10:00,u1,茶,980,2,1960\n"
SECOND = "2,2024/01/31 23:00,u2,抹茶,3000,1,3000\n2,2024/01/31 23:00,u2,茶,980,1,980\n"
THIRD = "3,2024/02/05 10:00,u1,茶,980,1,980\n"


def test_an_order_in_two_files_counts_once(write):
    january = write(LINES + FIRST + SECOND, "jan.csv")
    # The same lines in another order and another encoding.
    swapped = "".join(reversed(SECOND.splitlines(keepends=True)))
    february = write(LINES + swapped + THIRD, "feb.csv", "cp932")
    loaded = load([january, february], Settings())
    assert sum(loaded.table["小計"].to_pylist()) == 1960 + 3980 + 980
    assert notes(loaded)["repeated_orders"] == {"orders": 1, "rows": 2}
    assert loaded.rows.name(3) == "feb.csv, row 4"


def test_within_one_file_nothing_is_left_out(write):
    twice = LINES + THIRD + THIRD
    loaded = load([write(twice, "a.csv"), write(LINES + FIRST, "b.csv")], Settings())
    assert loaded.table["小計"].to_pylist() == [980, 980, 1960]
    assert "repeated_orders" not in notes(loaded)
    same = load([write(twice, "a.csv"), write(twice, "b.csv")], Settings())
    assert same.table["小計"].to_pylist() == [980, 980]
    assert notes(same)["repeated_orders"] == {"orders": 1, "rows": 2}


def test_an_order_that_differs_between_files_is_asked_about(write):
    files = [
        write(LINES + FIRST + SECOND, "jan.csv"),
        write(LINES + SECOND.replace(",980,1,980", ",980,3,2940") + THIRD, "feb.csv"),
    ]
    with pytest.raises(Problem, match=r"1 order numbers .* the first in feb\.csv, row 2") as caught:
        load(files, Settings())
    assert "--repeated-orders last" in caught.value.hint
    last = load(files, Settings(repeated_orders="last"))
    assert last.table["小計"].to_pylist() == [1960, 3000, 2940, 980]
    assert notes(last)["differing_orders_last"] == {"orders": 1}
    assert last.rows.name(1) == "feb.csv, row 2"
    added = load(files, Settings(repeated_orders="add"))
    assert added.table.num_rows == 6
    assert notes(added)["differing_orders_add"] == {"orders": 1}


def test_shops_may_number_alike(write):
    head, line = "店舗," + LINES, "{},1,2024/01/05 10:00,{},茶,980,2,1960\n"
    files = [
        write(head + line.format("A", "u1"), "a.csv"),
        write(head + line.format("B", "u2"), "b.csv"),
    ]
    with pytest.raises(Problem, match="order numbers are in several"):
        load(files, Settings())
    assert load(files, Settings(columns={"shop": "店舗"})).table.num_rows == 2


def test_without_order_numbers_equal_rows_are_told_and_kept(write):
    head = "customer_id,order_date,amount\n"
    one = write(head + "a,2024-01-31,5\nb,2024-01-31,\n", "a.csv")
    two = write(head + "b,2024-01-31,\na,2024-02-01,5\n", "b.csv")
    loaded = load([one, two], Settings(currency="USD", bad_rows="drop"))
    assert loaded.table.num_rows == 4
    assert notes(loaded)["repeated_rows"] == {"rows": 1}


def test_overlaps_against_a_second_count():
    draw = random.Random(7)
    for _ in range(200):
        files = []
        for _ in range(draw.randrange(2, 5)):
            rows = [
                (draw.choice([None, 1, 2, 3, 4]), draw.randrange(2), draw.choice([None, "x"]))
                for _ in range(draw.randrange(8))
            ]
            files.append(rows)
        parts = [
            pa.table(
                {
                    "key": pa.array([row[0] for row in rows], pa.int64()),
                    "value": pa.array([row[1] for row in rows], pa.int64()),
                    "text": pa.array([row[2] for row in rows], pa.string()).dictionary_encode(),
                }
            )
            for rows in files
        ]
        found = drop_repeated(parts, ["key"])
        expected, orders, differing = [], 0, 0
        for at, rows in enumerate(files):
            out = set()
            for key in {row[0] for row in rows} - {None}:
                mine = sorted(map(repr, (row for row in rows if row[0] == key)))
                others = [
                    sorted(map(repr, (row for row in other if row[0] == key)))
                    for other in files[:at]
                ]
                if mine in others:
                    out.add(key)
            orders += len(out)
            expected.append([row for row in rows if row[0] not in out])
        for key in (1, 2, 3, 4):
            versions = {
                tuple(sorted(map(repr, (row for row in rows if row[0] == key)))) for rows in files
            } - {()}
            differing += len(versions) > 1
        read = [[tuple(row.values()) for row in part.to_pylist()] for part in found.parts]
        assert read == expected
        assert (found.orders, found.differing) == (orders, differing)
        assert found.rows == sum(map(len, files)) - sum(map(len, expected))
