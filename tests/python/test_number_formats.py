"""Currencies that cells of a spreadsheet are formatted as."""

import pytest
from sources import xlsx

import crm_core as crm
from crm_core._reading import number_formats

HEAD = ["order_id", "customer_id", "order_date", "total"]


def book(*amounts, more=(), head=HEAD):
    rows = [
        [str(at), "a", f"2024-01-{at:02}", amount, *more] for at, amount in enumerate(amounts, 1)
    ]
    return xlsx(Notes=[["x"], [(5, "[$£-809]0")]], Orders=[["Sales"], [], head, *rows])


def read(write, data, **options):
    path = write(data, "orders.xlsx")
    return crm.read_orders(path.with_name("orders.xlsx#Orders"), **options)


@pytest.mark.parametrize(
    ("code", "currency"),
    [
        ("[$€-407] #,##0.00", "EUR"),
        ('#,##0.00 "€"', "EUR"),
        ('"¥"#,##0;[Red]"¥"-#,##0', "¥"),
        ("[$¥-411]#,##0", "JPY"),
        ("[$￥-804]#,##0.00", "CNY"),
        ('#,##0"円"', "JPY"),
        (r"\¥#,##0", "¥"),
        ("[$$-409]#,##0.00", "USD"),
        ("[$$-1009]#,##0.00", "CAD"),
        ("[$USD] #,##0.00", "USD"),
        ("[$kr-41D] #,##0", "SEK"),
        ('_-* #,##0.00\\ "€"_-;-* #,##0.00\\ "€"_-', "EUR"),
        ("£#,##0", "GBP"),
        ('_("$"* #,##0.00_);_("$"* (#,##0.00)', "$"),
        ("#,##0.00", ""),
        ("[$-411]ggge", ""),
        ('0.0 "kg"', ""),
        ("0.00%", ""),
        ("[Red]#,##0", ""),
        ("General", ""),
    ],
)
def test_a_format_shows_a_currency(code, currency):
    assert number_formats.currency(code) == currency


def test_the_formats_of_the_amounts_are_the_currency(write):
    found = read(write, book((12.5, "[$€-407] 0.00"), 3, (4, '0 "€"')))
    assert found.currency == "EUR"
    assert 'the number formats in "total"' in str(found.understanding.to_dict()["choices"])
    japanese = ["注文番号", "会員ID", "注文日", "合計金額"]
    assert read(write, book((12.5, "[$€-407] 0.00"), head=japanese)).currency == "EUR"
    other_column = read(write, book(5, more=[(1, "[$€-407] 0.00")], head=[*HEAD, "x"]),
                        currency="USD")  # fmt: skip
    assert other_column.currency == "USD"


def test_formats_that_contradict_are_refused_with_a_row_of_each(write):
    euros = book((12.5, "[$€-407] 0.00"), 3)
    with pytest.raises(crm.DataError) as caught:
        read(write, euros, currency="USD")
    assert "amounts in EUR, and the currency is USD" in str(caught.value)
    assert "EUR in orders.xlsx#Orders, sheet Orders, row 4" in str(caught.value)
    assert 'ignore=["total"]' in caught.value.hint
    assert read(write, euros, currency="USD", ignore=["total"]).currency == "USD"
    column = book((12.5, "[$€-407] 0.00"), more=["USD"], head=[*HEAD, "currency"])
    with pytest.raises(crm.DataError, match="EUR, and the currency is USD"):
        read(write, column)
    two = book((12.5, "[$€-407] 0.00"), (3, '"¥"0'))
    with pytest.raises(crm.DataError, match=r"EUR, JPY .*EUR in .*row 4, JPY in .*row 5"):
        read(write, two)
    yen = book((12, '"¥"0'))
    assert read(write, yen).currency == "JPY"
    assert read(write, yen, currency="CNY").currency == "CNY"
    dollars = book((12.5, '"$"0.00'))
    assert read(write, dollars, currency="CAD").currency == "CAD"
    with pytest.raises(crm.DataError, match=r"dollars \(\$\)"):
        read(write, dollars, currency="EUR")
