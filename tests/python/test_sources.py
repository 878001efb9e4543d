"""Anything at all becomes a table or a sentence."""

import io
import json
import random
import sqlite3
from contextlib import closing

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from messy import seeds
from sources import JAPANESE, JSON_LINES, PACKED, SHEET, xlsx

import crm_core as crm
from crm_core._problem import Problem
from crm_core._reading import layouts
from crm_core._reading.headings import names_of
from crm_core._reading.order_reading import load
from crm_core._reading.settings import Settings

WORDS = [
    *names_of("customer_id")[:8], "customer_id", "order_date", "注文日", "amount", "合計金額",
    "order_id", "注文番号", "status", "note", "", " ", "メモ", "価格", "price", "quantity",
    "Straße", "currency",
]  # fmt: skip
CELLS = [
    "1", "00012", "2024-01-31", "2024/1/5 10:00", "19.80", "1,234", "¥500", "△3", "", " ", "NULL",
    "a@b.c", "佐藤", "コーヒー", "発送済み", "paid", "Müller", '"', '""', "x\ny", "\r", "{", "[",
    "USD", "合計", "=1+1", "1e5", "-", "９", "\ufeff", "充表",
]  # fmt: skip
FITTING = {"customer_id": "佐藤", "order_date": "2024-01-31", "amount": "1,234", "currency": "JPY"}
ENCODINGS = ["utf-8", "utf-8-sig", "cp932", "euc_jp", "utf-16", "utf-16-le", "latin-1", "cp1252"]


EVENT_WORDS = [
    *(name for names in layouts.words()["headings"]["events"].values() for name in names),
    "is_bot", "note", "", " ", "メモ",
]  # fmt: skip
EVENT_CELLS = [*CELLS, *(word for words in layouts.words()["kinds"].values() for word in words)]
EVENT_FITTING = {"visitor_id": "v1", "event_time": "2024-01-31 10:00", "event": "view"}


def _anything(draw, words=WORDS, cells=CELLS, fitting=FITTING):
    delimiter = draw.choice(",\t;|")
    headings = draw.choices(words, k=draw.randrange(1, 9))
    if draw.random() < 0.7:
        headings[:0] = list(fitting)

    def cell(text):
        if draw.random() < 0.9 and any(sign in text for sign in f'{delimiter}"\n\r'):
            return '"' + text.replace('"', '""') + '"'
        return text

    lines = [delimiter.join(headings)]
    for _ in range(draw.randrange(6)):
        row = [
            fitting[name] if name in fitting and draw.random() < 0.9 else draw.choice(cells)
            for name in headings + [""] * (draw.random() < 0.1)
        ]
        lines.append(delimiter.join(map(cell, row)))
    if draw.random() < 0.3:
        lines[:0] = draw.choices(["sep=;", "レポート", "", delimiter * 3, "a"], k=draw.randrange(3))
    text = draw.choice(["\n", "\r\n", "\r"]).join(lines)
    data = text.encode(draw.choice(ENCODINGS), "ignore")
    if draw.random() < 0.3:
        data = data[: draw.randrange(len(data) + 1)]
    if draw.random() < 0.1 and data:
        data = data[:-1] + bytes([draw.randrange(256)])
    if draw.random() < 0.1:
        data = draw.choice(list(PACKED.values()))(data)
        if draw.random() < 0.5:
            data = data[: draw.randrange(len(data))]
    if draw.random() < 0.1:
        rows = [dict(zip(headings, draw.choices(cells, k=len(headings)), strict=True))]
        data = json.dumps(draw.choice([rows, rows[0], [rows], {"a": rows}])).encode()
    return data


@pytest.mark.parametrize("seed", seeds(4))
def test_anything_becomes_a_table_or_a_sentence(write, seed):
    draw = random.Random(seed)
    outcomes = set()
    for at in range(200):
        path = write(_anything(draw), f"{at}.csv")
        settings = Settings(
            currency=draw.choice([None, "JPY"]), bad_rows=draw.choice(["error", "drop"])
        )
        try:
            loaded = load([path], settings)
        except Problem as problem:
            assert problem.message.strip()
            outcomes.add("problem")
        else:
            assert loaded.table.num_rows >= 0
            for row in range(loaded.table.num_rows):
                assert loaded.rows.name(row).startswith(f"{at}.csv, ")
            outcomes.add("table")
    assert outcomes == {"problem", "table"}


@pytest.mark.parametrize("seed", seeds(4))
def test_anything_becomes_events_or_an_error_with_a_sentence(write, seed):
    draw = random.Random(seed)
    outcomes = set()
    for at in range(150):
        path = write(_anything(draw, EVENT_WORDS, EVENT_CELLS, EVENT_FITTING), f"{at}.csv")
        options = {
            "currency": draw.choice([None, "JPY"]),
            "bad_rows": draw.choice(["error", "drop"]),
            "repeated_rows": draw.choice([None, "drop"]),
        }
        try:
            events = crm.read_events(path, **options)
        except crm.CrmError as error:
            assert str(error).strip() and error.code
            outcomes.add("error")
        else:
            assert len(events) >= 0 and str(events.understanding)
            outcomes.add("events")
    assert outcomes == {"error", "events"}


@pytest.mark.parametrize("seed", seeds(2))
def test_anything_becomes_orders_or_an_error_with_a_sentence(write, seed):
    draw = random.Random(1000 + seed)
    outcomes = set()
    for at in range(150):
        path = write(_anything(draw), f"{at}.csv")
        options = {
            "currency": draw.choice([None, "JPY"]),
            "bad_rows": draw.choice(["error", "drop"]),
            "repeated_rows": draw.choice([None, "keep", "drop", "error"]),
        }
        try:
            orders = crm.read_orders(path, **options)
        except crm.CrmError as error:
            assert str(error).strip() and error.code
            outcomes.add("error")
        else:
            assert len(orders) >= 0 and str(orders.understanding)
            outcomes.add("orders")
    assert outcomes == {"error", "orders"}


def _whole_files(tmp_path, table):
    yield xlsx(a=SHEET, b=[["x"]])
    packed = io.BytesIO()
    pq.write_table(table, packed)
    yield packed.getvalue()
    feather.write_feather(table, tmp_path / "whole")
    yield (tmp_path / "whole").read_bytes()
    with pa.ipc.new_stream(tmp_path / "whole", table.schema) as out:
        out.write_table(table)
    yield (tmp_path / "whole").read_bytes()
    with closing(sqlite3.connect(tmp_path / "sqlite")) as connection:
        connection.execute("CREATE TABLE orders (customer_id, order_date, amount)")
        connection.execute("INSERT INTO orders VALUES ('a', '2024-01-31', 19.8)")
        connection.commit()
    yield (tmp_path / "sqlite").read_bytes()
    yield JSON_LINES.encode()
    yield from (pack(JAPANESE.encode("cp932")) for pack in PACKED.values())


def test_damaged_files_become_a_table_or_a_sentence(write, tmp_path, table):
    draw = random.Random(3)
    for whole in _whole_files(tmp_path, table):
        for _ in range(40):
            data = bytearray(whole)
            for _ in range(draw.choice((1, 2, 5))):
                data[draw.randrange(len(data))] = draw.randrange(256)
            path = write(bytes(data[: draw.choice((len(data), draw.randrange(len(data))))]))
            try:
                load([path], Settings(currency="USD", bad_rows="drop"))
            except Problem as problem:
                assert problem.message.strip()
