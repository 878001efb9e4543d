"""What is refused is refused for its true cause; what is shown is of rows that are kept."""

import pytest
from test_meaning import frame, noted

import crm_core as crm

HEAD = "order_id,customer_id,order_date,total\n"


def read(tmp_path, *texts, **options):
    paths = []
    for at, text in enumerate(texts):
        paths.append(tmp_path / f"{at}.csv")
        paths[-1].write_text(HEAD + text)
    return crm.read_orders(paths, **{"currency": "USD", **options})


@pytest.mark.parametrize("bad_rows", ["error", "drop"])
def test_both_orders_of_day_and_month_are_named_with_a_row_of_each(tmp_path, bad_rows):
    text = "1,a,13/01/2024,1\n2,b,01/14/2024,1\n3,b,02/03/2024,1\n4,b,15.1.2024,1"
    text = text.replace(".", "/")
    with pytest.raises(crm.DataError) as caught:
        read(tmp_path, text, bad_rows=bad_rows)
    said = str(caught.value)
    assert "2 with the day before the month (the first in 0.csv, row 2)" in said
    assert "1 with the month before the day (the first in 0.csv, row 3)" in said


def test_forms_that_differ_between_files_are_named_by_file(tmp_path):
    with pytest.raises(crm.DataError) as caught:
        read(tmp_path, "1,a,25/01/2024,1", "2,a,01/25/2024,1")
    assert "0.csv, row 2" in str(caught.value) and "1.csv, row 2" in str(caught.value)
    with pytest.raises(crm.DataError) as caught:
        read(tmp_path, "1,a,2024-01-05,12.50\n2,a,2024-01-05,1", '3,a,2024-01-05,"1.012,5"')
    said = str(caught.value)
    assert "1 with a decimal point (the first in 0.csv, row 2)" in said
    assert "1 with a decimal comma (the first in 1.csv, row 2)" in said


def test_one_form_is_refused_as_before(tmp_path):
    with pytest.raises(crm.DataError, match=r"row 2, column order_date: not a date") as caught:
        read(tmp_path, "1,a,32/01/2024,1\n2,a,13/01/2024,1")
    assert "two forms" not in str(caught.value)
    found = read(tmp_path, '1,a,2024-01-05,12.50\n2,a,2024-01-05,"1,250"')
    assert crm.rfm(found)["revenue"].tolist() == [1262.5]


def test_the_understanding_is_of_the_rows_that_are_kept():
    text = """
order_id,customer_id,order_date,total,status
1,,not a day,100,cancelled
2,,2024-01-06,70,paid
3,b,2024-01-07,50,cancelled
4,,2024-01-08,x,paid
5,q,2024-01-09,5,paid
"""
    found = crm.read_orders(frame(text), currency="USD", bad_rows="drop")
    facts = found.understanding.facts
    assert facts["first_order"]["date"] == "2024-01-06"
    assert facts["first_order"]["total"] == "70"
    assert facts["states"]["cancelled"] == {"rows": 1, "orders": 1}
    assert facts["states"]["completed"] == {"rows": 2, "orders": 2}
    assert "1 rows have no customer" in noted(found)
    lines = "order_id,customer_id,order_date,sku,amount\n1,a,nope,x,3\n1,a,2024-01-06,y,4\n1,a,,z,5"
    found = crm.read_orders(frame(lines), currency="USD", bad_rows="drop")
    assert found.understanding.facts["first_order"]["total"] == "12"
    assert crm.rfm(found)["revenue"].tolist() == [12], "lines take the day of their order"
    assert "unless another row of their order has the date" in noted(found)
