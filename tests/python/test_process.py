"""The library inside a host: threads, forks, Ctrl-C, progress, what an import costs."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np
import pytest

import crm_core as crm

ROWS = 3_000_000


@pytest.fixture(scope="module")
def many() -> dict[str, Any]:
    """Enough orders of text ids that building them takes a while."""
    rng = np.random.default_rng(7)
    days = rng.integers(0, 700, ROWS)
    return {
        "customer_id": rng.integers(0, 2**62, ROWS),
        "ordered_at": np.datetime64("2024-01-01") + days.astype("timedelta64[D]"),
        "amount": rng.integers(1, 10_000, ROWS),
    }


def build(data: Any, **settings: Any) -> crm.Orders:
    return crm.Orders(data, currency="JPY", **settings)


def in_python(code: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, **settings
    )


def test_others_run_while_it_computes(many: dict[str, Any]) -> None:
    """Another thread gets through many rounds of Python while one call runs."""
    started, finished = threading.Event(), threading.Event()
    rounds = 0

    def work() -> None:
        started.set()
        build(many)
        finished.set()

    thread = threading.Thread(target=work)
    thread.start()
    started.wait()
    while not finished.is_set():
        rounds += 1
        time.sleep(0.001)
    thread.join()
    assert rounds > 20


def test_many_threads_share_orders(orders: crm.Orders) -> None:
    expected = crm.summary(orders).to_dict()
    found: list[Any] = []

    def work() -> None:
        for _ in range(5):
            found.append(crm.summary(orders).to_dict() == expected)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 20


def test_progress_is_told_and_can_stop(many: dict[str, Any]) -> None:
    told: list[tuple[int, int]] = []
    build(many, progress=lambda done, total: told.append((done, total)))
    assert told, "at the end at least"
    assert all(done >= 0 for done, _ in told)
    assert [done for done, _ in told] == sorted(done for done, _ in told)

    with pytest.raises(crm.CancelledError):
        build(many, progress=lambda done, total: False)

    def broken(done: int, total: int) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        build(many, progress=broken)


INTERRUPTED = f"""
import crm_core as crm, numpy as np, os, signal, threading
crm.set_threads(1)
rng = np.random.default_rng(7)
data = {{
    "customer_id": rng.integers(0, 2**62, 4 * {ROWS}),
    "ordered_at": np.datetime64("2024-01-01") + rng.integers(0, 700, 4 * {ROWS}).astype("m8[D]"),
    "amount": rng.integers(1, 10_000, 4 * {ROWS}),
}}
seen = []
def press(done, total):
    # The first look at the work under way: from here on Ctrl-C is waiting to be seen.
    if not seen:
        seen.append(done)
        os.kill(os.getpid(), signal.SIGINT)
try:
    while True:
        crm.Orders(data, currency="JPY", progress=press)
        seen.clear()
except KeyboardInterrupt:
    print("interrupted", len(crm.summary(crm.Orders(
        {{name: column[:5] for name, column in data.items()}}, currency="JPY"))))
"""


def test_ctrl_c_interrupts_and_leaves_all_well() -> None:
    result = in_python(INTERRUPTED, timeout=120)
    assert result.stdout.strip() == "interrupted 5", result.stderr
    assert result.stderr == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_computes_too(orders: crm.Orders) -> None:
    crm.set_threads(2)
    before = crm.summary(orders).to_dict()  # the pool is running now
    with multiprocessing.get_context("fork").Pool(2) as pool:
        waiting = pool.apply_async(_in_child, (orders_made_again,))
        assert waiting.get(timeout=60) == crm.rfm(orders_made_again()).to_dict()
    child = os.fork()
    if child == 0:  # the same orders, over the fork
        same = crm.summary(orders).to_dict() == before
        os._exit(0 if same else 1)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert os.waitstatus_to_exitcode(status) == 0
            break
        time.sleep(0.01)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pytest.fail("the child hangs")
    crm.set_threads(None)


FORKED_AT_WORK = """
import os, signal, sys, threading, time
import numpy as np
import crm_core as crm
rng = np.random.default_rng(3)
n = 400_000
crm.set_threads(1)
day = np.datetime64("2024-01-01", "us") + rng.integers(0, 10**13, n).astype("m8[us]")
who = rng.integers(0, n // 4, n)
orders = {"customer_id": who, "ordered_at": day, "amount": rng.integers(1, 100, n)}
log = {"visitor_id": who, "occurred_at": day, "kind": ["view"] * n}
half = [{name: column[part::2] for name, column in log.items()} for part in (0, 1)]
spec = dict(kind="kind", timezone="UTC")

def shop():
    data = crm.Orders(orders, currency="JPY")
    return lambda: len(crm.summary(data))

def site():
    data = crm.Events(half[0], **spec).concat(crm.Events(half[1], **spec))
    return lambda: len(crm.sessions(data))

for make in (shop, site):
    expected = make()()
    for wait in (0.005, 0.02, 0.05, 0.1):
        ask = make()
        at_work = threading.Thread(target=ask)
        at_work.start()
        time.sleep(wait)
        child = os.fork()
        if child == 0:
            signal.alarm(20)  # a hang is a failure
            os._exit(0 if ask() == expected else 1)
        at_work.join()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code == 0, (make.__name__, wait, code)
print("all came back")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_forked_while_a_thread_works_does_not_wait_for_it() -> None:
    """The thread that builds an index or merges a log is not there in the child."""
    result = in_python(FORKED_AT_WORK, timeout=240)
    assert result.stdout.strip() == "all came back", result.stderr


def orders_made_again() -> crm.Orders:
    shop = crm.simulate_orders(100, seed=5)
    return crm.Orders(shop, currency="JPY", order_id="order_id", guests="drop")


def _in_child(make: Any) -> Any:
    crm.set_threads(2)
    return crm.rfm(make()).to_dict()


def test_import_is_light() -> None:
    """No frame library and no numpy: they are imported when a table goes to them."""
    code = """
import sys
import crm_core
heavy = {"numpy", "pandas", "polars", "pyarrow", "duckdb", "matplotlib", "decimal", "asyncio"}
print(sorted(heavy & set(sys.modules)))
"""
    assert in_python(code).stdout.strip() == "[]"


def test_nothing_is_printed_and_everything_is_caught() -> None:
    code = """
import crm_core as crm, datetime
nothing = {"customer_id": [None], "ordered_at": [None], "amount": [None]}
for data in ({}, {"customer_id": [1]}, nothing,
             {"customer_id": [b"x"], "ordered_at": [3], "amount": ["x"]}, 3, None, "x"):
    try:
        crm.Orders(data, currency="JPY")
    except Exception as error:
        assert isinstance(error, crm.CrmError), error
    else:
        raise SystemExit(f"accepted {data}")
"""
    result = in_python(code)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_imports_on_threads_and_in_a_child() -> None:
    """The module's allocator serves other threads and a child of fork: results stay the same."""
    code = """
import os, threading
import numpy as np
import crm_core as crm
def tables(n):
    rows = np.arange(n)
    data = {"customer_id": rows * 7919 % (n // 9), "amount": rows % 9000 / 100,
            "ordered_at": (1_600_000_000 + rows * 300).astype("datetime64[s]")}
    orders = crm.Orders(data, currency="USD")
    scores = crm.rfm(orders).to_numpy()
    return orders.to_bytes(), scores["revenue"].tobytes(), scores["recency_days"].tobytes()
sizes = [400_000, 300_000, 500_000]
expected = {n: hash(tables(n)) for n in sizes}
def again():
    for n in sizes * 2:
        assert hash(tables(n)) == expected[n]
threads = [threading.Thread(target=again) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
child = os.fork()
if child == 0:
    again()
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
print("same")
"""
    done = in_python(code)
    assert done.stdout == "same\n", done.stderr


def test_another_python_of_the_stable_abi() -> None:
    """The native module asks for no more than Python 3.11's stable interface."""
    from crm_core import _native

    assert ".abi3." in str(_native.__file__)


def test_a_debug_build_says_so_once() -> None:
    """On import, and in `show_versions`; a release build says nothing."""
    code = "import crm_core as crm; import crm_core; crm.show_versions()"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONWARNINGS"}
    done = in_python(code, env=environment)
    assert done.returncode == 0, done.stderr
    is_debug = "(debug," in done.stdout
    assert is_debug or "(release," in done.stdout
    assert done.stderr.count("crm_core is a debug build") == int(is_debug)
