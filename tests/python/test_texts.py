"""Dates and amounts written as text, formatted here by Python and read by the core."""

from __future__ import annotations

import datetime
import random
from decimal import Decimal

import pyarrow as pa
import pytest

import crm_core as crm
from crm_core._reading import amounts, dates

FORMS = [
    "%Y-%m-%d",
    "%Y/%m/%d %H:%M",
    "%Y.%m.%d %H:%M:%S",
    "%Y%m%d",
    "%Y%m%d%H%M%S",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y年%m月%d日 %H時%M分%S秒",
    "%b %d, %Y %I:%M:%S %p",
    "%d %B %Y %H:%M",
    "%d-%b-%y",
    "%a, %d %b %Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y %I:%M %p",
    "%d-%m-%Y %H:%M:%S",
    "%m/%d/%y",
]


def moments(count: int, seed: int) -> list[datetime.datetime]:
    rng = random.Random(seed)
    first = datetime.datetime(1990, 1, 1)
    span = 59 * 365 * 86_400
    return [
        first + datetime.timedelta(seconds=rng.randrange(span), microseconds=rng.randrange(10**6))
        for _ in range(count)
    ]


@pytest.mark.parametrize("form", FORMS)
def test_what_strftime_writes_is_read_without_being_told(form: str) -> None:
    written = [moment.strftime(form) for moment in moments(2_000, 1)]
    expected = [datetime.datetime.strptime(text, form) for text in written]
    read = dates.parse(pa.chunked_array([written]))
    assert read.unread == [] and read.readings == ()
    assert read.wall.to_pylist() == expected


@pytest.mark.parametrize("form", [form for form in FORMS if "%a" not in form and "年" not in form])
def test_what_strftime_writes_is_read_by_its_format(form: str) -> None:
    written = [moment.strftime(form) for moment in moments(500, 2)]
    expected = [datetime.datetime.strptime(text, form) for text in written]
    assert dates.parse(pa.chunked_array([written]), form).wall.to_pylist() == expected


def grouped(digits: str, sign: str, indian: bool = False) -> str:
    head, tail = digits[:-3], digits[-3:]
    size = 2 if indian else 3
    groups = []
    while head:
        head, group = head[:-size], head[-size:]
        groups.insert(0, group)
    return sign.join([*groups, tail])


@pytest.mark.parametrize(
    ("group", "point", "indian"),
    [(",", ".", False), (".", ",", False), (" ", ",", False), ("\u202f", ",", False),
     ("'", ".", False), (",", ".", True), ("", ".", False), ("", ",", False)],
)  # fmt: skip
def test_amounts_of_every_convention_are_exact(group: str, point: str, indian: bool) -> None:
    rng = random.Random(3)
    cents = [rng.randrange(10 ** rng.randrange(1, 13)) for _ in range(3_000)]
    shown, expected = [], []
    for number in cents:
        whole, part = divmod(number, 100)
        text = f"{grouped(str(whole), group, indian)}{point}{part:02}"
        minus, sign = rng.choice([("{}", 1), ("-{}", -1), ("({})", -1), ("△{}", -1), ("{}-", -1)])
        unit = rng.choice(["{}", "€{}", "{} €", "EUR {}", "{} EUR"]) if minus == "-{}" else "{}"
        shown.append(minus.format(unit.format(text)))
        expected.append(sign * Decimal(number) / 100)
    read = amounts.parse(pa.chunked_array([shown]))
    assert read.unread == [] and read.decimal == point
    assert read.values.to_pylist() == expected
    assert read.currencies == {"EUR"}


def shop(days: list[str], prices: list[str]) -> dict[str, list[str]]:
    return {"customer_id": ["a", "b", "a"], "ordered_at": days, "amount": prices}


DAYS, PRICES = ["05/01/2024", "13/02/2024", "14/02/2024"], ["1.234,50", "49,90", "20,00"]


def doors() -> dict[str, object]:
    np, pd, pl = (pytest.importorskip(name) for name in ("numpy", "pandas", "polars"))
    data = shop(DAYS, PRICES)
    return {
        "dict": data,
        "numpy": {name: np.array(cells, dtype=object) for name, cells in data.items()},
        "pandas": pd.DataFrame(data),
        "objects": pd.DataFrame(data, dtype=object),
        "categories": pd.DataFrame(data).astype({"ordered_at": "category", "amount": "category"}),
        "polars": pl.DataFrame(data),
        "arrow": pa.table(data),
        "views": pa.table(data).cast(pa.schema([(name, pa.string_view()) for name in data])),
        "chunks": pa.concat_tables([pa.table(data).slice(0, 1), pa.table(data).slice(1)]),
    }


@pytest.mark.parametrize(
    "door",
    ["dict", "numpy", "pandas", "objects", "categories", "polars", "arrow", "views", "chunks"],
)
def test_texts_are_read_through_all_doors(door: str) -> None:
    orders = crm.Orders(doors()[door], currency="EUR")
    assert orders.first_date == datetime.date(2024, 1, 5)
    assert orders.last_date == datetime.date(2024, 2, 14)
    assert orders.understood == {"ordered_at": "%d/%m/%Y", "amount": "decimal comma"}
    assert 1304.40 in orders.reconciliation.to_dict()["amount"]


def test_what_nothing_tells_is_refused_with_both_readings() -> None:
    with pytest.raises(crm.DataError) as caught:
        crm.Orders(shop(["01/02/2024", "03/04/2024", "05/06/2024"], PRICES), currency="EUR")
    assert str(caught.value).startswith(
        "column `ordered_at`: day first (%d/%m/%Y) or month first (%m/%d/%Y)? "
    )
    assert "2024" not in str(caught.value)
    told = crm.Orders(
        shop(["01/02/2024", "03/04/2024", "05/06/2024"], PRICES),
        currency="EUR",
        date_format="%m/%d/%Y",
    )
    assert told.first_date == datetime.date(2024, 1, 2)
    with pytest.raises(crm.DataError, match="a decimal point"):
        crm.Orders(shop(DAYS, ["1.234", "5", "6"]), currency="EUR")
    assert crm.Orders(shop(DAYS, ["1.234", "5", "6"]), currency="EUR", decimal=",")


def test_a_text_that_is_none_is_named_by_its_row() -> None:
    with pytest.raises(crm.DataError, match=r"column `ordered_at`, row 2: expected a date"):
        crm.Orders(shop(["2024-01-05", "2024-01-06", "soon"], PRICES), currency="EUR")
    with pytest.raises(crm.DataError, match=r"column `amount`, row 1: expected an amount"):
        crm.Orders(shop(DAYS, ["1", "NaN", "2"]), currency="EUR")
    with pytest.raises(crm.DataError, match="currency `\\$` where the orders are in `EUR`"):
        crm.Orders(shop(DAYS, ["1", "$2", "3"]), currency="EUR")


def test_an_option_without_effect_is_refused() -> None:
    data = {
        "customer_id": ["a"],
        "ordered_at": [datetime.date(2024, 1, 5)],
        "amount": [5],
    }
    for option in ({"date_format": "%Y"}, {"date_format": "%Y-%m-%d"}, {"decimal": ","}):
        with pytest.raises(crm.OptionError, match=next(iter(option))):
            crm.Orders(data, currency="JPY", **option)


def test_events_read_texts_and_numbers_since_1970() -> None:
    log = {"visitor_id": ["v", "v"], "kind": ["view", "add"]}
    texts = crm.Events(log | {"occurred_at": ["1433221332117", "1433224214164"]})
    numbers = crm.Events(
        log | {"occurred_at": [1433221332117, 1433224214164]}, date_format="epoch_ms"
    )
    assert texts.first_date == numbers.first_date == datetime.date(2015, 6, 2)
    assert texts.understood == {"occurred_at": "epoch_ms"}
    with pytest.raises(crm.SchemaError, match="of type int64"):
        crm.Events(log | {"occurred_at": [1433221332117, 1433224214164]})


def test_a_series_is_no_table() -> None:
    pd = pytest.importorskip("pandas")
    with pytest.raises(crm.SchemaError, match="a Series is one column") as caught:
        crm.Orders(pd.Series(["a"]), currency="JPY")
    assert "pass a frame" in str(caught.value.hint)


def test_floats_of_32_bits_are_hinted_at_rounding() -> None:
    np = pytest.importorskip("numpy")
    data = shop(DAYS, PRICES) | {"amount": np.array([19.99, 5.0, 7.0], dtype="f4")}
    with pytest.raises(crm.DataError) as caught:
        crm.Orders(data, currency="USD")
    assert "round_amounts" in str(caught.value.hint)
    assert "bad_rows" not in str(caught.value.hint)
