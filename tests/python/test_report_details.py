"""Small rules of the report and of reading at their ends, by hand."""

import numpy as np
import pyarrow as pa
import pytest

from crm_core._report import charset, coded, groups, layouts, titles
from crm_core._report.money import Currency
from crm_core._report.problem import Problem
from crm_core._report.sections import size
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
