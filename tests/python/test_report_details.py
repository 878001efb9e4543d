"""Small rules of the report and of reading at their ends, by hand."""

import io
from datetime import date
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console

from crm_core._problem import Problem
from crm_core._reading import (
    amount_meaning,
    charset,
    coded,
    doubts,
    groups,
    layouts,
    odd_numbers,
    titles,
)
from crm_core._reading.groups import Groups, Values
from crm_core._reading.settings import Rows, Settings
from crm_core._report.grid import Grid
from crm_core._report.money import Currency
from crm_core._report.screen import show_grid
from crm_core._report.sections import ahead, ask, months, size
from crm_core._report.sections.change import Rate
from crm_core._report.sections.shop import Missing
from crm_core._report.sections.voice import Voice


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (999.99, "$999.99"),
        (1000, "$1,000"),
        (-999.99, "-$999.99"),
        (-1000, "-$1,000"),
        (None, "–"),
    ],
)
def test_an_amount_has_decimals_below_a_thousand(amount, shown):
    assert Voice("en", Currency("USD", 2)).amount(amount) == shown


@pytest.mark.parametrize(("count", "few"), [(3, 0.15), (4, 1), (20, 1), (40, 2)])
def test_one_in_twenty_are_few_and_one_where_four_are_alike(count, few):
    assert groups.few_of(count) == pytest.approx(few)


@pytest.mark.parametrize(
    ("text", "garbled"),
    [
        ("caf\ufffd", True),
        ("cafÃ©", True),  # UTF-8 as Western European
        ("café", False),
        ("東京", False),
        ("東京".encode().decode("cp932"), True),  # UTF-8 as Shift_JIS
    ],
)
def test_texts_of_a_wrong_encoding_are_known(text, garbled):
    assert charset.is_garbled(text) is garbled


def test_a_missing_cell_has_the_code_below_all_others():
    found = coded.of(pa.chunked_array([["b", None, "a"], ["b", None]], pa.string()))
    assert found.codes.tolist() == [0, -1, 1, 0, -1]
    assert found.words.to_pylist() == ["b", "a"]
    assert coded.of(pa.chunked_array([], pa.string())).codes.dtype == np.int32


@pytest.mark.parametrize("names", [["a", 3], 3, {"date": "a"}])
def test_the_heading_of_a_layout_is_a_text_or_texts(names):
    with pytest.raises(Problem, match=r"roles\.amount is no heading"):
        layouts._roles("own", "orders", {"amount": names})


def test_a_word_in_a_title_stops_unless_another_denies_it():
    assert titles.stopping("キャンセル一覧")
    for denied in layouts.words()["smells"]["not_in"]:
        assert titles.stopping(f"キャンセル一覧 {denied}") == ""


@pytest.mark.parametrize(("customers", "enough"), [(29, False), (30, True)])
def test_thirty_new_customers_are_enough_for_their_share(customers, enough, monkeypatch):
    class Shop:
        days = 900
        first = np.datetime64("2023-01-01").item()

        def months_before(self, days):
            return "2025-01-01", "2025-06-01"

    rate = Rate(0.5, 0.4, 0.6, customers)
    monkeypatch.setattr(size, "rate_of", lambda shop, months: rate)
    assert isinstance(size.again(Shop()), Missing) is not enough


@pytest.mark.parametrize(
    ("month", "following"),
    [("2026-01-01", "2026-02-01"), ("2028-02-01", "2028-03-01"), ("2026-12-01", "2027-01-01")],
)
def test_a_month_is_followed_by_the_first_day_of_the_next(month, following):
    assert months._next(date.fromisoformat(month)) == date.fromisoformat(following)


@pytest.mark.parametrize(
    ("own", "both"),
    [
        (None, {"from": "2026-02-01", "to": "2026-06-30"}),
        ({"from": "2026-01-01", "to": "2026-03-31"}, {"from": "2026-02-01", "to": "2026-03-31"}),
        ({"from": "2026-05-01"}, {"from": "2026-05-01", "to": "2026-06-30"}),
        (["2026-01-31", "2026-02-01", "2026-07-01"], ["2026-02-01"]),
        ("2026-06-30", ["2026-06-30"]),
    ],
)
def test_of_two_conditions_on_a_column_both_hold(own, both):
    other = {"channel": "web"}
    of_user = other if own is None else other | {"ordered_at": own}
    spring = {"ordered_at": {"from": "2026-02-01", "to": "2026-06-30"}}
    assert ask._both(of_user, spring) == other | {"ordered_at": both}
    assert ask._both(None, spring) == spring


@pytest.mark.parametrize(
    ("orders", "values", "joined"),
    [
        ("1111", "abab", True),  # each value as often: a join
        ("1111", "abac", False),
        ("111", "aba", False),  # three rows say nothing
        ("1234", "abab", False),
        ("11112222", "aabbaaab", False),
    ],
)
def test_values_of_an_order_that_are_there_as_often_come_from_a_join(orders, values, joined):
    keys, found = (Groups.of(pa.chunked_array([list(one)])) for one in (orders, values))
    assert odd_numbers._as_often(keys, found) is joined


def test_money_of_an_order_is_on_its_first_row_though_a_later_one_has_it():
    keys = Groups(np.array([0, 0, 1, 1, 2, 2, -1], np.int32), 3)
    numbers = np.array([9, 1, -3, 9, 5, 5, 7])
    valid = np.array([False, True, True, False, True, True, True])
    spread = amount_meaning.spread(Values(numbers, valid), keys, "order", "line")
    assert spread.numbers.tolist() == [1, 0, -3, 0, 5, 0, 7]
    assert spread.valid.all()
    summed = amount_meaning.spread(Values(numbers, valid), keys, "line", "order")
    assert summed.numbers.tolist() == [1, 1, -3, -3, 10, 10, 7]


def test_numbers_on_a_terminal_end_below_each_other():
    out = io.StringIO()
    rows = [["a", "1"], ["long name", "1,000"]]
    show_grid(Console(file=out, width=60), Grid("", ["name", "orders"], rows, [False, True]))
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    first, second = (next(line for line in lines if line.strip().startswith(a)) for a in "al")
    assert len(first) == len(second)
    assert first.index("a") == second.index("long")


@pytest.mark.parametrize(
    ("values", "less"), [([10, 10, 10, 9], 1), ([10, 10, 9, 9], 2), ([10, 9, 9, 9], 0)]
)
def test_amounts_after_changes_are_less_in_half_of_the_rows_at_most(values, less):
    reading = SimpleNamespace(arguments={}, chosen={}, settings=Settings())
    amounts, after = (Values(np.array(one), np.ones(4, bool)) for one in ([10] * 4, values))
    assert doubts._less_in_some(reading, "Current total price", amounts, after) == less


def test_a_month_that_has_begun_is_named_as_the_rest_of_it():
    voice = Voice("en", Currency("USD", 2))
    assert ahead._named("2026-02-01", voice) == "2026-02"
    rest = ahead._named("2026-02-11", voice)
    assert "2026-02" in rest and rest != "2026-02"


@pytest.mark.parametrize(
    ("kept", "starts"), [(None, [0, 3, 3]), ([1, 2, 3, 4], [0, 2, 2]), ([0, 2], [0])]
)
def test_the_first_rows_of_several_files(kept, starts):
    assert Rows([("a", 3), ("b", 0), ("c", 2)], kept).starts() == starts
