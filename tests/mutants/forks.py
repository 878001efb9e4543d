"""A plugin of pytest: each test runs once, then each fault is tried in forks.

`switch.py` says which faults a test reaches, also in the processes it starts. Faults are tried in
random order until the time is over, so those that were tried are a random sample, and each is
written at once. The fork of a fault runs a test that reaches it again, with the fault switched on:
that costs one test and no start of Python. A test that fails in a fork without a fault, too, says
nothing. What a module does while it is imported is over in a fork; these faults are tried in a
process of their own, by tests that run functions of the module or of those that import it.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest
import sitecustomize as switch
from _pytest.runner import runtestprotocol
from _pytest.warnings import catch_warnings_for_item

OUT = Path(os.environ["CRM_PLANTED_OUT"])
REACHED = OUT / "reached"
SECONDS = float(os.environ["CRM_PLANTED_SECONDS"])  # of the processor, for each file of tests
EACH = float(os.environ["CRM_PLANTED_EACH"])  # of the tests that a fault may pass
MINUTES = float(os.environ["CRM_PLANTED_MINUTES"])
END = time.monotonic() + 60 * MINUTES
OF_A_FUNCTION = int(os.environ["CRM_PLANTED_ROWS"])  # of the parametrizations, spread over all
FAULTS = json.loads((OUT / "faults.json").read_text())
imported: set[int] = set()
tests: list[tuple[float, pytest.Item, set[int]]] = []
passing: dict[str, str] = {}
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
    with catch_warnings_for_item(item.config, item.ihook, "runtest", item):
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
def pytest_runtestloop(session: pytest.Session) -> bool:
    half = time.monotonic() + 30 * MINUTES
    for item, following in zip(session.items, [*session.items[1:], None], strict=True):
        if spent[item.path] < SECONDS and time.monotonic() < half:
            record(item)
        session._setupstate.teardown_exact(following)
    session._setupstate.teardown_exact(None)
    for fault in FAULTS:
        if time.monotonic() < END:
            said, test, tries = tried(fault["id"])
            if said == "survived" and fault["id"] in imported:
                said = apart(fault)
            note("said.tsv", fault["id"], said, test, tries)
    return True


def record(item: pytest.Item) -> None:
    """Which faults a test reaches, and how long it takes."""
    REACHED.write_text("")
    switch.seen.clear()
    start, work = time.monotonic(), sum(os.times()[:4])
    if not passes(item, log=True):
        note("without", item.nodeid)
        return
    took = time.monotonic() - start
    spent[item.path] += sum(os.times()[:4]) - work
    reached = switch.seen | {int(fault) for fault in REACHED.read_text().split()}
    tests.append((took, item, reached))
    note("tests.tsv", took, item.nodeid, " ".join(map(str, reached)))


def in_turn(wanted: set[int]) -> list[tuple[float, pytest.Item, set[int]]]:
    """The tests that reach one of these, quick ones and the first ones of each file first."""
    of_file: dict[Path, int] = defaultdict(int)
    ranked = []
    for test in sorted((t for t in tests if t[2] & wanted), key=lambda t: t[0]):
        of_file[test[1].path] += 1
        ranked.append((of_file[test[1].path] // 4, test[0], len(ranked), test))
    return [test for *_, test in sorted(ranked)]


def tried(fault: int) -> tuple[str, str, int]:
    """Whether a test noticed it, which one, and how many tests ran."""
    reaching = in_turn({fault})
    end = time.monotonic() + EACH
    for i, (took, item, _) in enumerate(reaching, 1):
        if time.monotonic() > end:
            return "survived", "", i - 1
        said = forked(item, fault, 10 + 5 * took)
        if said != "passed" and sound(item, took):
            return said, item.nodeid, i
    return "survived" if reaching or fault in imported else "not reached", "", len(reaching)


def sound(item: pytest.Item, took: float) -> bool:
    """Whether the test passes in a fork without a fault."""
    if item.nodeid not in passing:
        passing[item.nodeid] = forked(item, 0, 10 + 5 * took)
        if passing[item.nodeid] != "passed":
            note("unsound", item.nodeid, passing[item.nodeid])
    return passing[item.nodeid] == "passed"


def apart(fault: dict) -> str:
    """Tests of the module in a process that imports it with the fault."""
    chosen, left = [], EACH
    for took, item, _ in [*in_turn({fault["of_file"]}), *in_turn(set(fault["of_users"]))]:
        if took < left and item.nodeid not in chosen:
            chosen.append(item.nodeid)
            left -= took
    if not chosen:
        return "not reached"
    env = os.environ | {"CRM_PLANTED": str(fault["id"]), "CRM_REACHED": ""}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *chosen]
    log = OUT / "apart.log"
    try:
        with log.open("w") as out:
            done = subprocess.run(command, env=env, timeout=60 + 5 * EACH, stdout=out, stderr=out)
    except subprocess.TimeoutExpired:
        return "time"
    return "failed" if done.returncode else "survived"
