"""Ids of customers as files spell them: what is one id, what is nobody's."""

import random

import pyarrow as pa
import pytest
from messy import seeds
from test_meaning import frame, noted, totals, warned

import crm_core as crm
from crm_core._reading import ids
from crm_core._reading.columns import plain


def column(cells):
    return pa.chunked_array([pa.array(cells, pa.string())])


@pytest.mark.parametrize(
    ("counts", "rows"),
    [
        # A fifth of all rows, ten times any other, twenty at the least.
        ([20, 2, 1], 20),
        ([20, 2, *[1] * 78], 20),
        ([20, 2, *[1] * 79], 0),
        ([29, 3, 1], 0),
        ([30, 3, 1], 30),
        ([19, 1, 1], 0),
        ([40, 1], 0),
    ],
)
def test_an_id_of_many_rows_may_be_nobodys(counts, rows):
    cells = [f"c{at}" for at, count in enumerate(counts) for _ in range(count)]
    assert ids.prevailing(ids.rows_of_ids(column(cells))) == rows


@pytest.mark.parametrize(
    ("cells", "nobody"),
    [
        (["0", "0", "a"], "0"),
        (["0000", "0000", "a", "b"], "0000"),
        (["9999", "9999", "a"], "9999"),
        (["999", "999", "a"], ""),
        # As many rows as another has.
        (["0", "a"], ""),
        (["0", "0", "a", "a"], ""),
        (["0", "0"], ""),
        (["0", "00", "00", "a"], "00"),
        (["100", "100", "a"], ""),
    ],
)
def test_zeros_with_more_rows_than_any_other_may_be_nobody(cells, nobody):
    assert ids.placeholder(ids.rows_of_ids(column(cells))) == nobody


@pytest.mark.parametrize("seed", seeds(8))
def test_ids_that_nearly_collide_against_a_slow_count(seed):
    draw = random.Random(seed)
    letters = "aA 1" if seed % 2 else "aAａ１1\u3000"
    cells = ["".join(draw.choices(letters, k=draw.randrange(1, 4))) for _ in range(40)]
    different = set(cells)
    assert ids.near(column(cells)) == len(different) - len({plain(cell) for cell in different})
    numbers = [draw.choice(["", "0", "00"]) + str(draw.randrange(30)) for _ in range(40)]
    numbers = [one + draw.choice(["", "", ".0", ".5", "x"]) for one in numbers]
    whole = {one for one in numbers if one.removesuffix(".0").isdigit()}
    alike = {int(one.removesuffix(".0")) for one in whole}
    assert ids.near_numbers(column(numbers)) == len(whole) - len(alike)
    for one in whole:
        assert ids.plain_number(one) == str(int(one.removesuffix(".0")))
    for one in {*numbers} - whole:
        assert ids.plain_number(one) == one


def test_marks_of_spreadsheets_are_taken_off_and_counted():
    cells = ['="007"', "'007", "'x", "=7", "7", None]
    bare, marked = ids.unmarked(column(cells))
    assert (bare.to_pylist(), marked) == (["007", "007", "'x", "=7", "7", None], 2)
    assert ids.unmarked(column(["7"]))[1] == 0
    assert ids.rounded(column(["1.23E+11", "1,2e+5", "1.23E+11", "12E+3", "E+11", "7"])) == 2


@pytest.mark.parametrize(
    ("mail", "is_guest"),
    [
        ("guest@x.jp", True),
        ("guest123@x.jp", True),
        ("guest1234@x.jp", False),
        ("no-reply@x.jp", True),
        ("ann@guest.jp", False),
    ],
)
def test_addresses_of_nobody_are_guests(mail, is_guest):
    rest, guests = ids.without_guests(column([mail, "ann@x.jp"]), [])
    assert guests == ([mail] if is_guest else [])
    assert rest.to_pylist() == [None if is_guest else mail, "ann@x.jp"]


def test_numbers_that_mean_nobody():
    numbers = pa.chunked_array([pa.array([0, 7, 0, None], pa.int32())])
    rest, guests = ids.without_guests(numbers, ["0", "none"])
    assert (rest.to_pylist(), guests) == ([None, 7, None, None], ["0"])
    assert ids.without_guests(numbers, ["9"])[1] == []


def test_what_became_one_id_is_said():
    text = "customer_id,order_date,total\n007,2024-01-05,10\n7,2024-01-06,20\n7.0,2024-01-07,30\n"
    found = crm.read_orders(frame(text), currency="USD", id_fold="number")
    assert totals(found) == {"7": 60}
    assert '2 ids of "customer_id" differed from another only by zeros before it' in noted(found)
    apart = crm.read_orders(frame(text), currency="USD")
    assert len(totals(apart)) == 3 and "2 ids" in warned(apart)
    cases = text.replace("007", "a").replace("7.0", "Ａ").replace("\n7,", "\nA,")
    found = crm.read_orders(frame(cases), currency="USD", id_fold="case")
    assert totals(found) == {"a": 60}
    assert "2 ids" in noted(found) and "only by case, width or blanks" in noted(found)


def test_a_day_and_its_time_of_day_are_read_together():
    text = "customer_id,order_date,order_time,total\na,2024-01-05,10:30,10\na,2024-01-05,23:59:58,5"
    found = crm.read_orders(frame(text), currency="USD")
    assert '"order_time" is the time of day of "order_date"' in noted(found)
    late = crm.summary(found, as_of="2024-01-05").to_dict()
    assert late["orders"] == [2] and late["revenue"] == [15]
    alone = crm.read_orders(frame(text), currency="USD", ignore=["order_time"])
    assert "time of day" not in noted(alone)


@pytest.mark.parametrize(
    ("mails", "others", "is_mail"), [(9, 1, True), (8, 1, False), (0, 2, False)]
)
def test_a_column_of_addresses_has_nine_in_ten(mails, others, is_mail):
    cells = [f"c{at}@x.jp" for at in range(mails)] + [f"c{at}" for at in range(others)]
    # Each address counts once, however many rows it has.
    assert ids.is_mail(column([*cells, *cells[:1] * 50])) == is_mail
    assert not ids.is_mail(column([None]))


def test_addresses_of_tests_are_counted_where_they_are_the_fewer():
    mails = ["test@x.jp", "Test@X.jp", "a@x.jp", "b@x.jp", "c@x.jp", "d@x.jp", "test@x.jp"]
    assert ids.of_tests(column(mails)) == {"ids": 2, "rows": 3}
    assert ids.of_tests(column(mails[:4])) == {}  # a half
    assert ids.of_tests(column(mails[2:6])) == {}
    assert ids.of_tests(column(["test", "a"])) == {}


def test_numbers_are_no_texts():
    numbers = pa.chunked_array([pa.array([7, 8], pa.int64())])
    assert (ids.near(numbers), ids.near_numbers(numbers), ids.rounded(numbers)) == (0, 0, 0)
    assert ids.unmarked(numbers) == (numbers, 0) and ids.folded(numbers, "case") == (numbers, 0)
    assert not ids.is_mail(numbers)
