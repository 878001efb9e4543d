"""What leaves the library: headings that tell columns apart, instants in the shop's zone, nulls."""

import datetime
import sys
import zoneinfo

import pandas as pd
import pytest

import crm_core as crm

ORDERED = datetime.datetime(2024, 7, 1, 23, 30)


@pytest.mark.parametrize("task", crm.tasks())
@pytest.mark.parametrize("labels", ["name", "ja"])
def test_no_two_columns_of_an_analysis_have_one_heading(task: str, labels: str) -> None:
    headings = [column[labels] for column in crm.describe(task)["columns"]]
    assert all(headings)
    assert sorted(set(headings)) == sorted(headings)


def few() -> crm.Orders:
    """Two customers of New York, and a column that is headed as one of the library's."""
    return crm.Orders(
        {
            "customer_id": ["a", "a", "b"],
            "ordered_at": [ORDERED, ORDERED + datetime.timedelta(30), ORDERED],
            "amount": [5, 6, 7],
            "売上": ["x", "x", "y"],
        },
        currency="JPY",
        timezone="America/New_York",
        dimensions=["売上"],
    )


def test_a_breakdown_that_is_headed_as_another_column_stays_apart() -> None:
    table = crm.rfm(few(), by=["売上"])
    for headings in (
        list(table.to_dict(labels="ja")),
        list(table.to_numpy(labels="ja")),
        list(table.to_pandas(labels="ja").columns),
        list(table.to_polars(labels="ja").columns),
        table.to_arrow(labels="ja").column_names,
    ):
        assert headings[0] == "売上"
        assert len(set(headings)) == len(headings) == len(table.columns)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo", "+05:30", "UTC"])
def test_instants_leave_in_the_shops_zone(zone: str) -> None:
    """A visit at half past eleven in the evening is that at every exit."""
    events = crm.Events(
        {"visitor_id": ["v"], "occurred_at": [ORDERED], "kind": ["view"]}, timezone=zone
    )
    table = crm.sessions(events)
    name = next(name for name, about in table.schema.items() if about["type"] == "instant")
    frame = table.to_pandas()[name]
    assert frame[0].replace(tzinfo=None) == pd.Timestamp(ORDERED)
    offset = {"+05:30": 330, "UTC": 0, "Asia/Tokyo": 540, "America/New_York": -240}[zone]
    assert frame[0].utcoffset() == datetime.timedelta(minutes=offset)
    for found in (table.to_dict()[name][0], table.to_arrow()[name][0].as_py()):
        assert found.replace(tzinfo=None) == ORDERED
        assert found.utcoffset() == datetime.timedelta(minutes=offset)
    if "/" in zone:
        assert str(frame.dt.tz) == zone
        assert table.to_dict()[name][0].tzinfo == zoneinfo.ZoneInfo(zone)
    utc = ORDERED - datetime.timedelta(minutes=offset)
    assert table.to_numpy()[name][0] == pd.Timestamp(utc).to_datetime64()


def test_a_date_that_is_not_there_is_not_a_date() -> None:
    """Who is not lost yet has no date of it: NaT, None or null, never 1970."""
    table = crm.summary(few(), by=["first_month"], as_of="2024-06-30")
    assert len(table) == 0
    guests = crm.Orders(
        {"customer_id": ["a", None], "ordered_at": [ORDERED, ORDERED], "amount": [5, 6]},
        currency="JPY",
        guests="keep",
    )
    table = crm.monthly(guests, by=["first_month"])
    july = datetime.date(2024, 7, 1)
    assert table.to_dict()["first_month"] == [july, None]
    assert table.to_arrow()["first_month"].to_pylist() == [july, None]
    assert table.to_polars()["first_month"].to_list() == [july, None]
    frame = table.to_pandas()["first_month"]
    assert list(frame.isna()) == [False, True]
    assert frame[0] == pd.Timestamp(july)
    numbers = table.to_numpy()["first_month"]
    assert str(numbers[0]) == "2024-07-01" and str(numbers[1]) == "NaT"


def test_a_column_without_a_single_value_is_null_at_every_exit() -> None:
    """Ids of no type and no number."""
    for cells, kind in ([None, None], "texts"), (pd.array([None, None], "Int64"), "integers"):
        orders = crm.Orders(
            {
                "customer_id": [1, 2],
                "ordered_at": [ORDERED, ORDERED],
                "amount": [5, 6],
                "channel": cells,
            },
            currency="JPY",
            channel="channel",
        )
        table = crm.rfm(orders, by=["channel"])
        for column in (
            table.to_dict()["channel"],
            table.to_numpy()["channel"],
            table.to_pandas()["channel"],
            table.to_arrow()["channel"].to_pylist(),
            table.to_polars()["channel"].to_list(),
        ):
            assert list(pd.isna(pd.Series(column))) == [True, True], kind


@pytest.mark.parametrize("package", ["pandas", "polars", "pyarrow"])
def test_a_package_that_is_missing_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    way = {"pyarrow": "to_arrow"}.get(package, f"to_{package}")
    with pytest.raises(ImportError, match=rf"^{way} needs {package}: pip install {package}$"):
        getattr(crm.abc(few()), way)()
