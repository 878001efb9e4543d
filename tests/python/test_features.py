"""Features at earlier dates: nothing of the future is in them; scikit-learn takes them."""

import copy
import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted

import crm_core as crm
from crm_core._features import _FEATURES

DATES = ["2024-12-31", "2025-03-31", "2025-06-30", "2025-09-30"]


@pytest.fixture(scope="module")
def rows(orders: crm.Orders) -> pd.DataFrame:
    return crm.snapshots(orders, DATES, horizon=90)


def shop_of(data: dict[str, list[Any]]) -> crm.Orders:
    return crm.Orders(
        data,
        currency="JPY",
        refunded="refunded",
        refunded_at="refunded_at",
        channel="channel",
        timezone="Asia/Tokyo",
    )


KNOWN: dict[str, list[Any]] = {
    "customer_id": ["a", "a", "a", "b"],
    "ordered_at": ["2025-01-01", "2025-01-11", "2025-03-02", "2025-03-01"],
    "amount": [1_000, 2_000, 3_000, 500],
    "refunded": [0, 0, 0, 0],
    "refunded_at": [None, None, None, None],
    "channel": ["ads", "mail", "ads", "ads"],
}
# What happens after 2025-03-31: orders, a first purchase, refunds of earlier orders.
LATER: dict[str, list[Any]] = {
    "customer_id": ["a", "b", "c"],
    "ordered_at": ["2025-04-01", "2025-05-05", "2025-05-06"],
    "amount": [90_000, 80_000, 70_000],
    "refunded": [0, 0, 0],
    "refunded_at": [None, None, None],
    "channel": ["app", "mail", "ads"],
}
AT = pd.DataFrame({"customer_id": ["a", "b", "c"], "as_of": ["2025-03-31"] * 3})


def leaks(transformer: Any) -> bool:
    """Whether later orders and refunds change features of an earlier date."""
    after = {name: KNOWN[name] + LATER[name] for name in KNOWN}
    after["refunded"] = [0, 2_000, 1_500, *after["refunded"][3:]]
    after["refunded_at"] = [None, "2025-04-10", "2025-04-11", *after["refunded_at"][3:]]
    then = transformer(shop_of(KNOWN)).fit_transform(AT)
    now = transformer(shop_of(after)).fit_transform(AT)
    return not np.array_equal(then, now, equal_nan=True)


class Leaky(crm.OrderFeatures):
    """Features of all orders, whatever the date of the row."""

    def transform(self, X: Any) -> Any:
        return super().transform(X.assign(as_of=str(self.orders.last_date)))


class LeakyValues(crm.OrderFeatures):
    """Values of all orders, whatever the dates of the rows."""

    def fit(self, X: Any, y: object = None) -> Any:
        return super().fit(X.assign(as_of=str(self.orders.last_date)))


def test_no_later_order_or_refund_leaks_into_features() -> None:
    assert not leaks(lambda orders: crm.OrderFeatures(orders, shares=["channel"]))
    for leaky in (Leaky, LeakyValues):
        assert leaks(lambda orders, leaky=leaky: leaky(orders, ["orders"], shares=["channel"]))


@pytest.mark.parametrize("name", [name for name in _FEATURES if name not in ("r", "f")])
def test_a_planted_leak_is_found_in_each_feature(name: str) -> None:
    assert leaks(lambda orders: Leaky(orders, [name]))


def test_features_by_hand() -> None:
    features = crm.OrderFeatures(shop_of(KNOWN), shares=["channel"]).fit(AT)
    scores = crm.rfm(shop_of(KNOWN), "2025-03-31")
    cells = dict(zip(features.get_feature_names_out(), features.transform(AT).T, strict=True))
    nan = np.nan
    wanted = {
        "orders": [3, 1, 0],
        "purchase_days": [3, 1, 0],
        "revenue": [6_000, 500, 0],
        "mean_order_value": [2_000, 500, nan],
        "tenure_days": [60, 0, nan],
        "recency_days": [29, 30, nan],
        "gap_mean": [30, nan, nan],
        "gap_sd": [np.std([10, 50], ddof=1), nan, nan],
        "gap_min": [10, nan, nan],
        "gap_max": [50, nan, nan],
        "orders_30d": [1, 0, 0],  # from 2 March on
        "orders_90d": [3, 1, 0],  # from 1 January on
        "revenue_90d": [6_000, 500, 0],
        "r": [*scores["r"], nan],
        "f": [*scores["f"], nan],
        "m": [*scores["m"], nan],
        "month": [3, 3, 3],
        "channel=ads": [2 / 3, 1, nan],
        "channel=mail": [1 / 3, 0, nan],
    }
    assert list(cells) == list(wanted)
    for name, column in wanted.items():
        assert cells[name] == pytest.approx(column, nan_ok=True), name


def test_each_row_has_its_own_date(orders: crm.Orders, rows: pd.DataFrame) -> None:
    shuffled = rows.sample(frac=1, random_state=1)
    features = crm.OrderFeatures(orders, ["orders", "revenue"]).set_output(transform="pandas")
    cells = features.fit_transform(shuffled)
    assert cells.index.equals(shuffled.index)
    for day in DATES:
        table = crm.summary(orders, day, refunds="refund_date").to_pandas()
        at = shuffled.as_of == day
        joined = shuffled[at][["customer_id"]].merge(table, on="customer_id", how="left")
        assert cells[at].revenue.tolist() == joined.revenue.tolist()
        assert cells[at].orders.tolist() == joined.orders.tolist()


def test_snapshots(orders: crm.Orders, rows: pd.DataFrame) -> None:
    one = rows[rows.as_of == "2025-06-30"]
    table = crm.summary(orders, "2025-06-30")
    assert one.customer_id.tolist() == table.to_dict()["customer_id"]
    window = {"ordered_at": {"from": "2025-07-01", "to": "2025-09-28"}}
    later = crm.summary(orders, "2025-09-28", where=window).to_pandas()
    counts = dict(zip(later.customer_id, later.orders, strict=True))
    assert one.orders.tolist() == [counts.get(customer, 0) for customer in one.customer_id]
    assert one.bought.tolist() == [int(count > 0) for count in one.orders]
    again = crm.snapshots(orders, datetime.date(2025, 6, 30), horizon=90)
    assert again.orders.tolist() == one.orders.tolist()
    with pytest.raises(crm.OptionError, match="after the last order"):
        crm.snapshots(orders, "2025-12-01", horizon=90)
    for horizon in (0, True, 1.5):
        with pytest.raises(crm.OptionError, match="`horizon`"):
            crm.snapshots(orders, "2025-06-30", horizon=horizon)  # type: ignore[arg-type]


def test_time_split_by_hand() -> None:
    days = ["2025-01-01", "2025-01-31", "2025-03-02", "2025-01-01", "2025-03-02"]
    frame = pd.DataFrame({"as_of": pd.to_datetime(days)})
    found = [(train.tolist(), test.tolist()) for train, test in crm.TimeSplit(30).split(frame)]
    assert found == [([0, 3], [1]), ([0, 1, 3], [2, 4])]
    found = [(train.tolist(), test.tolist()) for train, test in crm.TimeSplit(31).split(frame)]
    assert found == [([0, 3], [2, 4])]
    assert crm.TimeSplit(30).get_n_splits(frame) == 2
    with pytest.raises(crm.OptionError, match="no date has rows whose targets were known"):
        next(crm.TimeSplit(400).split(frame))
    with pytest.raises(crm.SchemaError, match="column `day`: missing"):
        next(crm.TimeSplit(30, date="day").split(frame))


def test_in_a_pipeline_with_cross_validation(orders: crm.Orders, rows: pd.DataFrame) -> None:
    pipeline = make_pipeline(
        crm.OrderFeatures(orders), HistGradientBoostingClassifier(max_iter=20, random_state=0)
    )
    splits = crm.TimeSplit(90)
    scores = cross_val_score(
        pipeline, rows[["customer_id", "as_of"]], rows.bought, cv=splits, scoring="roc_auc"
    )
    assert len(scores) == splits.get_n_splits(rows) == 3
    assert scores.min() > 0.6
    again = clone(pipeline)
    assert again[0].orders is orders and again[0] is not pipeline[0]


def test_scikit_learn_knows_what_is_fitted(orders: crm.Orders, rows: pd.DataFrame) -> None:
    features = crm.OrderFeatures(orders)
    for estimator in (features, crm.MbgNbd(), crm.GammaGamma(), crm.Sbg()):
        with pytest.raises(NotFittedError):
            check_is_fitted(estimator)
    check_is_fitted(features.fit(rows))
    model = crm.MbgNbd(confidence=0.9).fit(orders, unit="week")
    check_is_fitted(model)
    copied = clone(model)
    assert copied.confidence == 0.9
    with pytest.raises(NotFittedError):
        check_is_fitted(copied)


def test_bad_input(orders: crm.Orders, rows: pd.DataFrame) -> None:
    with pytest.raises(crm.OptionError, match="no feature `revenu`") as error:
        crm.OrderFeatures(orders, ["revenu"]).fit(rows)
    assert error.value.hint == "did you mean `revenue`?"
    with pytest.raises(crm.SchemaError, match="column `chanel` was not found"):
        crm.OrderFeatures(orders, shares=["chanel"]).fit(rows)
    with pytest.raises(crm.OptionError, match="`shares`: expected a list"):
        crm.OrderFeatures(orders, shares="channel").fit(rows)
    with pytest.raises(crm.SchemaError, match="column `as_of`: missing"):
        crm.OrderFeatures(orders).fit(rows[["customer_id"]])
    with pytest.raises(crm.NotFittedError):
        crm.OrderFeatures(orders).transform(rows)
    with pytest.raises(crm.OptionError, match="unknown option `column`"):
        crm.OrderFeatures(orders).set_params(column=[])
    with pytest.raises(crm.OptionError, match='expected "default" or "pandas"'):
        crm.OrderFeatures(orders).set_output(transform="numpy")  # type: ignore[arg-type]


def test_a_copy_of_orders_is_the_orders(orders: crm.Orders) -> None:
    assert copy.copy(orders) is orders and copy.deepcopy([orders])[0] is orders


def test_an_analysis_without_a_function_says_how_it_runs() -> None:
    with pytest.raises(AttributeError, match=r"crm\.run\('clv_fit', data, options\)"):
        crm.clv_fit  # noqa: B018
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        crm.nothing  # noqa: B018


def test_progress_is_printed(shop: crm.Table, capsys: pytest.CaptureFixture[str]) -> None:
    from crm_core import _progress

    _progress._print(5, 10)
    _progress._print(10, 10)
    assert capsys.readouterr().err == "\r 50% of 10 rows\r100% of 10 rows\n"
    orders = crm.Orders(shop, currency="JPY", order_id="order_id", guests="keep", progress=True)
    crm.run("rfm", orders, progress=True)
    crm.run("rfm", orders, progress=False)
