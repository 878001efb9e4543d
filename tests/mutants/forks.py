"""A plugin of pytest: after each test that passes, a fork for each fault that it reached.

`switch.py` says which faults a test reaches, also in the processes it starts. The fork runs the
test again with the fault switched on: that costs one test and no start of Python. A test that fails
in a fork without a fault, too, says nothing. What a module does while it is imported is over in a
fork; `python.py` runs the tests of `tests.tsv` for those faults.
"""

from __future__ import annotations

import functools
import importlib
import os
import pkgutil
import signal
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest
import sitecustomize as switch
from _pytest.runner import runtestprotocol

OUT = Path(os.environ["CRM_PLANTED_OUT"])
REACHED = OUT / "reached"
SECONDS = float(os.environ["CRM_PLANTED_SECONDS"])  # of the processor, for each file of tests
END = time.monotonic() + 60 * float(os.environ["CRM_PLANTED_MINUTES"])
OF_A_FUNCTION = 4  # parametrizations of a test, spread over all
TRIES_OF_A_FILE = 8  # tests of a file that may pass a fault; the next ones add little
alive = {int(fault) for fault in (OUT / "alive").read_text().split()}
imported: set[int] = set()
tries: dict[tuple[int, Path], int] = defaultdict(int)
spent: dict[Path, float] = defaultdict(float)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    by_function = defaultdict(list)
    for item in items:
        by_function[item.path, getattr(item, "originalname", item.name)].append(item)
    kept = set()
    for group in by_function.values():
        kept.update(map(id, group[:: -(-len(group) // OF_A_FUNCTION)]))
    items[:] = [item for item in items if id(item) in kept]
    for module in pkgutil.walk_packages(sys.modules["crm_core"].__path__, "crm_core."):
        if "__main__" not in module.name:
            try:
                importlib.import_module(module.name)
            except ImportError:
                print("not imported:", module.name)
    imported.update(switch.seen)
    (OUT / "imported").write_text(" ".join(map(str, imported)))


def forget() -> None:
    """No result of an earlier test is taken again."""
    for name, module in list(sys.modules.items()):
        if name.startswith("crm_core"):
            for value in list(vars(module).values()):
                if isinstance(value, functools._lru_cache_wrapper):
                    value.cache_clear()


def passes(item: pytest.Item, log: bool) -> bool:
    forget()
    item._initrequest()
    reports = runtestprotocol(item, nextitem=item.parent, log=log)
    return all(report.passed for report in reports)


def forked(item: pytest.Item, fault: int, limit: float) -> str:
    child = os.fork()
    if not child:
        code = 1
        try:
            os.setsid()
            switch.on = fault
            os.environ["CRM_PLANTED"] = str(fault)
            code = 0 if passes(item, log=False) else 1
        finally:
            os._exit(code)
    end = time.monotonic() + limit
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "failed" if status else "passed"
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "time"


def note(file: str, *cells: object) -> None:
    with (OUT / file).open("a") as out:
        out.write("\t".join(map(str, cells)) + "\n")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    if spent[item.path] < SECONDS and time.monotonic() < END:
        try_all(item)
    item.session._setupstate.teardown_exact(nextitem)
    return True


def try_all(item: pytest.Item) -> None:
    REACHED.write_text("")
    switch.seen.clear()
    start, work = time.monotonic(), sum(os.times()[:4])
    if not passes(item, log=True):
        note("without", item.nodeid)
        return
    took = time.monotonic() - start
    spent[item.path] += sum(os.times()[:4]) - work
    reached = switch.seen | {int(fault) for fault in REACHED.read_text().split()}
    note("tests.tsv", took, item.nodeid, " ".join(map(str, reached)))
    sound = None
    for fault in sorted(reached & alive):
        if tries[fault, item.path] >= TRIES_OF_A_FILE or time.monotonic() > END:
            continue
        limit = 10 + 5 * took
        said = forked(item, fault, limit)
        if said == "passed":
            tries[fault, item.path] += 1
            continue
        sound = sound or forked(item, 0, limit)
        if sound != "passed":
            note("unsound", item.nodeid, sound)
            return
        note("noticed.tsv", fault, said, item.nodeid)
        alive.remove(fault)
