"""What the tests share."""

import datetime
import importlib.util
import os
import pathlib

import pytest

# Tests use a debug build, which warns on import; so would every process that they start.
os.environ["PYTHONWARNINGS"] = "ignore:crm_core is a debug build:RuntimeWarning"
os.environ["MPLBACKEND"] = "agg"  # Pictures need no screen.
# Each process of pytest-xdist has a core; threads of numpy and scikit-learn would wait for another.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import crm_core as crm


def pytest_configure(config: pytest.Config) -> None:
    """Doubts of reading are tested where they matter; elsewhere they are no errors."""
    config.addinivalue_line("filterwarnings", "ignore::crm_core.ReadingWarning")


@pytest.fixture(scope="session")
def shop() -> crm.Table:
    """The order lines of a simulated shop."""
    return crm.simulate_orders(300, seed=7)


@pytest.fixture(scope="session")
def orders(shop: crm.Table) -> crm.Orders:
    """Its orders, with all that a shop has."""
    return crm.Orders(
        shop,
        currency="JPY",
        order_id="order_id",
        status="status",
        kind="kind",
        discount="discount",
        refunded="refunded",
        refunded_at="refunded_at",
        product="product",
        category="category",
        channel="channel",
        timezone="Asia/Tokyo",
        guests="keep",
    )


@pytest.fixture(scope="session")
def messages() -> crm.Events:
    """A log with messages, people held out and an experiment."""
    log = crm.simulate_events(300, seed=7, campaigns=3)
    roles = ("customer_id", "order_id", "amount", "campaign", "variant", "machine")
    return crm.Events(log, **{name: name for name in roles}, currency="JPY")


@pytest.fixture(scope="session")
def events() -> crm.Events:
    """The log of a simulated shop's site, with all that such a log has."""
    return crm.Events(
        crm.simulate_events(300, seed=7),
        customer_id="customer_id",
        page="page",
        product="product",
        order_id="order_id",
        channel="channel",
        amount="amount",
        currency="JPY",
        dimensions=["device"],
        timezone="Asia/Tokyo",
    )


@pytest.fixture(scope="session")
def cdnow() -> list[tuple[int, datetime.date, int, str]]:
    """The orders of CDNOW: customer, day, CDs, dollars as the file spells them.

    They are in the package `lifetimes`, which `make` installs without what it depends on: it is
    never imported.
    """
    return _cdnow("CDNOW_master.txt")


@pytest.fixture(scope="session")
def cdnow_sample_rows() -> list[tuple[int, datetime.date, int, str]]:
    """Customer, day, discs and dollars of each order of the sample."""
    return _cdnow("CDNOW_sample.txt")


@pytest.fixture(scope="session")
def cdnow_sample() -> crm.Orders:
    """The orders of the tenth of CDNOW's customers that the literature fits its models to."""
    customers, days, _, dollars = zip(*_cdnow("CDNOW_sample.txt"), strict=True)
    return crm.Orders(
        {
            "customer_id": list(customers),
            "ordered_at": list(days),
            "amount": [float(amount) for amount in dollars],
        },
        currency="USD",
    )


def _cdnow(name: str) -> list[tuple[int, datetime.date, int, str]]:
    package = importlib.util.find_spec("lifetimes")
    if package is None or package.origin is None:
        pytest.fail("CDNOW is missing: pip install --no-deps lifetimes==0.11.3")
    text = (pathlib.Path(package.origin).parent / "datasets" / name).read_text()
    # The sample has the customer's number within the sample, too.
    rows = [line.split() for line in text.splitlines() if line.strip()[:1].isdigit()]
    return [
        (int(customer), datetime.datetime.strptime(day, "%Y%m%d").date(), int(count), dollars)
        for customer, *_, day, count, dollars in rows
    ]


@pytest.fixture
def write(tmp_path):
    """Writes a file of texts or bytes, and gives its path."""

    def make(text, name="orders.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return make


@pytest.fixture
def table():
    """Two orders, as a table of Arrow."""
    from sources import AMOUNTS

    pa = pytest.importorskip("pyarrow")
    return pa.table(
        {
            "order_id": [1, 2],
            "customer_id": ["a", "b"],
            "order_date": [datetime.date(2024, 1, 31), datetime.date(2024, 2, 1)],
            "amount": AMOUNTS,
            "currency": ["USD", "USD"],
        }
    )
