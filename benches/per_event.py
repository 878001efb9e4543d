"""One order at a time, as a cart system works through the C library.

An order is placed, it is appended to the orders that are held, and the page of its customer is
shown with the document of `learn`: a shop of 5 million orders of a million customers. Each step is
timed by itself on one thread through ctypes (which adds about 1 µs a call); medians and 99th
percentiles. Every hundredth page is compared with that of an import of the customer's rows alone.

    python benches/per_event.py target/release/libcrm.so [--orders N] [--customers N] [--events N]
"""

from __future__ import annotations

import argparse
import ctypes
import json
import pathlib
import statistics
import sys
import time
from collections import defaultdict

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests/python"))
from libcrm import NO_HANDLE, Handle, Library

SPEC = {"currency": "JPY", "timezone": "Asia/Tokyo", "order_id": "order_id"}
CELLS = ["order_id", "customer_id", "ordered_at", "amount"]
AS_OF = "2026-11-21"


def sized(text: str) -> tuple[bytes, ctypes.c_int64]:
    """A text and its size, as the functions take them."""
    data = text.encode()
    return data, ctypes.c_int64(len(data))


class Host:
    """What a cart system calls, each call timed."""

    def __init__(self, library: Library) -> None:
        self.library, self.times = library, defaultdict[str, list[float]](list)

    def timed(self, name: str, call: str, *arguments: object) -> Handle:
        """Calls a function that gives a handle."""
        before = time.perf_counter()
        handle = self.library.handle(call, *arguments)
        self.times[name].append(time.perf_counter() - before)
        return handle

    def placed(self, order: int, customer: int, at: str, amount: int) -> Handle:
        """An order as a handle of its own."""
        before = time.perf_counter()
        rows = self.library.handle("orders_begin", *sized(json.dumps({**SPEC, "cells": CELLS})))
        for number in (order, customer):
            self.library("cell_i64", rows, ctypes.c_int64(number))
        self.library("cell_text", rows, *sized(at))
        self.library("cell_i64", rows, ctypes.c_int64(amount))
        self.library("row_end", rows)
        made = self.library.handle("orders_finish", rows, NO_HANDLE, NO_HANDLE)
        self.times["an order from cells"].append(time.perf_counter() - before)
        return made

    def page(self, orders: Handle, name: str, asked: str) -> str:
        """The customer's page as text."""
        table = self.timed(name, "run", b"customer", orders, *sized(asked), NO_HANDLE)
        text = json.dumps(self.library.plain(table)["columns"])
        self.library("table_free", table)
        return text


def shop(orders: int, customers: int, rng: np.random.Generator) -> pa.Table:
    """Orders in the order of their times, of customers who differ in how often they buy."""
    weight = rng.gamma(0.8, size=customers)
    who = rng.choice(customers, size=orders, p=weight / weight.sum())
    seconds = np.sort(rng.integers(1_640_995_200, 1_795_190_400, size=orders))
    return pa.table(
        {
            "order_id": np.arange(orders),
            "customer_id": who,
            "ordered_at": pa.array(seconds, pa.timestamp("s", "UTC")),
            "amount": rng.integers(500, 20_000, size=orders),
        }
    )


def main() -> None:
    """Times the steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=pathlib.Path)
    parser.add_argument("--orders", type=int, default=5_000_000)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=2_000)
    args = parser.parse_args()
    host = Host(Library(args.library.resolve()))
    library, rng = host.library, np.random.default_rng(7)
    table = shop(args.orders, args.customers, rng)
    before = time.perf_counter()
    spec = json.dumps(SPEC).encode()
    held = library.from_arrow("orders_from_arrow", spec, table, NO_HANDLE, NO_HANDLE)
    took = time.perf_counter() - before
    print(f"{args.orders:,} orders of {args.customers:,} customers from Arrow: {took:.2f} s")
    learned = library.run("learn", held, {"as_of": AS_OF})
    document = json.dumps(json.loads(library.text("table_notes", learned) or "")["learned"])
    asked = f'{{"as_of": "{AS_OF}", "learned": {document}}}'
    library(
        "orders_free",
        host.timed(
            "the index of rows, once", "orders_of_customers", held, *sized("[1]"), NO_HANDLE
        ),
    )

    for event in range(args.events):
        customer = int(rng.integers(args.customers + args.customers // 50))
        placed = host.placed(args.orders + event, customer, f"{AS_OF}T09:{event % 60:02}:00", 4_980)
        grown = host.timed(
            "append it", "orders_append", held, placed, b"", ctypes.c_int64(0), NO_HANDLE
        )
        library("orders_free", held)
        held = grown
        ids = sized(json.dumps([customer]))
        theirs = host.timed("the customer's orders", "orders_of_customers", held, *ids, NO_HANDLE)
        shown = host.page(theirs, "the customer's page", asked)
        if event % 100 == 0:
            rows = table.filter(pa.compute.equal(table["customer_id"], customer))
            alone = (
                library.from_arrow("orders_from_arrow", spec, rows, NO_HANDLE, NO_HANDLE)
                if len(rows)
                else placed
            )
            both = (
                alone
                if not len(rows)
                else library.handle("orders_concat", alone, placed, NO_HANDLE)
            )
            if shown != host.page(both, "(compared)", asked):
                sys.exit(f"event {event}: another page than from an import of the customer's rows")
        library("orders_free", theirs)
        library("orders_free", placed)
    changed = host.placed(7, int(table["customer_id"][7].as_py()), f"{AS_OF}T10:00:00", 1)
    replace = sized('{"on_repeat": "replace"}')
    host.timed("replace an order", "orders_append", held, changed, *replace, NO_HANDLE)
    for name, times in host.times.items():
        if name.startswith("("):
            continue
        micros = sorted(1e6 * one for one in times)
        late = micros[min(len(micros) - 1, len(micros) * 99 // 100)]
        print(f"  {name:26} {statistics.median(micros):12,.1f} µs   p99 {late:12,.1f} µs")


if __name__ == "__main__":
    main()
