"""Where nothing tells which amount or row counts, both totals are said. Sums are redone by hand."""

from pathlib import Path

import pytest
from test_meaning import frame, noted, totals, warned

import crm_core as crm

HEAD = "order_id,customer_id,order_date,total"


def read(heading, cells, amounts=(40, 20, 60, 10), **options):
    rows = [
        f"{at},c{at},2026-01-0{at},{amount}.00,{cell}"
        for at, (amount, cell) in enumerate(zip(amounts, cells, strict=True), 1)
    ]
    text = "\n".join([f"{HEAD},{heading}", *rows])
    return crm.read_orders(frame(text), **{"currency": "USD", **options})


@pytest.mark.parametrize(
    "heading",
    [
        *(
            "paid_amount",
            "net",
            "charged_amount",
            "Final price",
            "amount due",
            "payable",
            "captured",
        ),
        *("支払額", "入金額", "決済額", "実売額", "値引後金額", "Montant payé", "Net à payer"),
        *("Importe pagado", "Importo pagato", "实付", "实收", "net_paid"),
    ],
)
def test_both_totals_of_money_paid_are_said(heading):
    found = read(heading, ["36.00", "18.00", "54.00", "9.00"])
    assert "(130)" in noted(found) or "(130.00)" in noted(found)
    assert f'"{heading}" comes to 117' in noted(found)


@pytest.mark.parametrize("heading", ["planet", "shipping_paid", "residue", "tax_due"])
def test_other_numbers_are_no_totals(heading):
    assert "comes to" not in noted(read(heading, ["1", "2", "3", "4"]))


def test_a_column_less_the_discount_is_said():
    rows = ["1,a,2026-01-05,40.00,4.00,36.00", "2,b,2026-01-06,20.00,0.00,20.00"]
    text = "\n".join([f"{HEAD},discount,rest", *rows])
    said = warned(crm.read_orders(frame(text), currency="USD"))
    assert '"rest" is "total" less "discount"' in said and "(60)" in said and "come to 56" in said
    other = text.replace("36.00", "35.00")
    assert "less" not in warned(crm.read_orders(frame(other), currency="USD"))


@pytest.mark.parametrize("heading", ["type", "区分", "Tipo", "Art"])
def test_an_unknown_word_of_few_rows_is_said_with_both_totals(heading):
    said = noted(read(heading, ["std", "std", "std", "zzz"]))
    assert f'"{heading}" is (3 characters in ' in said
    assert "come to 130 with them and to 120 without" in said
    assert "characters in" not in noted(read(heading, ["std", "zzz", "std", "zzz"]))


def test_a_last_row_that_is_the_sum_is_said():
    said = warned(read("x", [""] * 4, amounts=(40, 20, 60, 120)))
    assert "with them the amounts come to 240, without to 120" in said
    assert "sum of all" not in warned(read("x", [""] * 4, amounts=(40, 20, 60, 121)))


def test_a_log_with_an_amount_is_no_table_of_orders():
    text = "ordered_at,action,customer_id,revenue\n2026-01-05 10:00,pageview,a,4\n"
    with pytest.raises(crm.DataError, match="looks like a log of events"):
        crm.read_orders(frame(text), currency="USD")
    assert totals(crm.read_orders(frame(text.replace("pageview", "purchase")), currency="USD"))


def test_totals_again_on_rows_that_nothing_joins():
    rows = ["a,2026-01-05 10:00:01,5", "a,2026-01-05 10:00:01,5", "b,2026-01-06 11:00:00,7"]
    said = warned(
        crm.read_orders(
            frame("\n".join(["customer_id,order_date,order_total", *rows])), currency="USD"
        )
    )
    assert "they come to 12, as counted to 17" in said
    numbered = [f"{number},{row}" for number, row in zip(("1-1", "1-2", "2-1"), rows, strict=True)]
    said = warned(
        crm.read_orders(
            frame("\n".join(["order_id,customer_id,order_date,order_total", *numbered])),
            currency="USD",
        )
    )
    assert "they come to 12, as counted to 17" in said


def test_blank_numbers_below_a_filled_one_speak_of_merged_cells():
    rows = ["1,a,2026-01-05,40.00", ",,,15.00", "2,b,2026-01-06,20.00"]
    text = "\n".join([HEAD, *rows])
    with pytest.raises(crm.DataError, match=r"^row 1, .*expected an order id") as caught:
        crm.read_orders(frame(text), currency="USD")
    assert "merged cells" in caught.value.hint
    said = warned(crm.read_orders(frame(text), currency="USD", bad_rows="drop"))
    assert "1 rows have no value" in said and "come to 15" in said


def test_refunds_that_a_layout_leaves_out_are_said():
    head = "Date,Time,TimeZone,Name,Type,Status,Currency,Gross,Fee,Net,From Email Address"
    head += ",To Email Address,Transaction ID,Balance Impact"
    rows = [
        "15/01/2026,10:00:00,UTC,A,General Payment,Completed,EUR,40.00,0,40,a@x,s@x,1,Credit",
        "16/01/2026,10:00:00,UTC,B,Payment Refund,Completed,EUR,-5.00,0,-5,s@x,a@x,2,Debit",
    ]
    said = warned(crm.read_orders(frame("\n".join([head, *rows]))))
    assert "1 of the rows" in said and "(-5)" in said


def test_numbered_amounts_are_said_with_both_totals(tmp_path: Path) -> None:
    rows = "order_id,customer_id,order_date,{0},{0}2,{0}3\n"
    rows += "1,a,2024-01-05,10,20,30\n2,b,2024-01-06,1,2,3\n"
    for heading in ("amount", "金額"):
        path = tmp_path / "orders.csv"
        path.write_text(rows.format(heading), encoding="utf-8")
        said = str(crm.read_orders(path, currency="USD").understanding)
        assert "(11)" in said and "the total is 66" in said


def test_discounts_above_zero_are_said_with_both_totals(tmp_path: Path) -> None:
    rows = (
        "1,a,2024-01-05,Tea,40\n1,a,2024-01-05,{0},4\n2,b,2024-01-06,Cup,15\n2,b,2024-01-06,{0},1\n"
    )
    for word in ("Discount", "値引き", "Rabatt"):
        path = tmp_path / "orders.csv"
        head = "order_id,customer_id,order_date,item,amount\n"
        path.write_text(head + rows.format(word), encoding="utf-8")
        said = str(crm.read_orders(path, currency="USD").understanding)
        assert "the total is 60, with these rows taken off 50" in said
        less = crm.read_orders(path, currency="USD", refund_rows={"item": word})
        assert sum(crm.summary(less).to_dict()["revenue"]) == 50
        path.write_text(head + rows.format(word).replace(",4\n", ",-4\n").replace(",1\n", ",-1\n"))
        assert "taken off" not in str(crm.read_orders(path, currency="USD").understanding)


def paid(*pairs, **options):
    """Orders of which each was paid in part_one, by part_two, or by both."""
    rows = [f"{at},c{at},2026-01-{at:02},{one},{two}" for at, (one, two) in enumerate(pairs, 1)]
    text = "\n".join(["order_id,customer_id,order_date,part_one,part_two", *rows])
    return crm.read_orders(frame(text), **{"amount": "part_one", "currency": "USD", **options})


def test_amounts_in_two_columns_are_asked_about_where_blank_and_said_where_zero():
    pairs = [(40, ""), ("", 20), (60, ""), ("", 10)]
    with pytest.raises(
        crm.DataError, match=r'"part_one" \(100\) is blank where "part_two" are not'
    ) as e:
        paid(*pairs)
    assert "together they come to 130" in str(e.value)
    dropped = paid(*pairs, bad_rows="drop")
    assert sum(totals(dropped).values()) == 100 and "130" in warned(dropped)
    zero = [(40, 0), (0, 20), (60, 0), (0, 10)]
    assert "(100)" in warned(paid(*zero)) and "130" in warned(paid(*zero))
    # The total of an order of several lines stands on one of them.
    assert "130" not in warned(paid(*zero, amount_is="order"))
    # Amounts beside amounts, and one of two empty ones explained: fewer than four in five.
    assert "130" not in warned(paid((40, 0), (20, 20), (60, 0), (10, 10)))
    assert "120" not in warned(paid((40, 0), (0, 20), (60, 0), (0, 0)))


@pytest.mark.parametrize(
    ("heading", "said"), [("part_two", True), ("refund", False), ("vat_percent", False)]
)
def test_a_refund_or_a_percentage_is_no_part_of_the_amounts(heading, said):
    rows = "1,a,2026-01-01,40,0\n2,b,2026-01-02,0,20\n3,c,2026-01-03,60,0\n4,d,2026-01-04,0,10"
    text = f"order_id,customer_id,order_date,part_one,{heading}\n{rows}"
    found = crm.read_orders(frame(text), amount="part_one", currency="USD")
    assert ("130" in warned(found)) == said


@pytest.mark.parametrize(("rows", "said"), [(9, True), (10, True), (11, False)])
def test_one_empty_amount_in_ten_may_stand_in_another_column(rows, said):
    found = warned(paid(*[(40, 0)] * (rows - 1), (0, 7)))
    assert (f"{40 * (rows - 1) + 7}" in found) == said


@pytest.mark.parametrize("unit", [1, 0.01])
def test_an_order_beside_its_items_is_asked_about_however_small(unit):
    lines = [("x", 30), ("y", 50), ("all", 80)]
    rows = [
        f"{at},a,2026-01-0{at},{item},{amount * unit:.2f}"
        for at in (1, 2)
        for item, amount in lines
    ]
    text = "\n".join(["order_id,customer_id,order_date,item,line_total", *rows])
    with pytest.raises(crm.DataError, match="is the sum of the others") as e:
        crm.read_orders(frame(text), currency="USD")
    totals_said = ("1.6", "3.2") if unit < 1 else ("160", "320")
    assert f"(total {totals_said[0]}), or lines (total {totals_said[1]})" in str(e.value)


@pytest.mark.parametrize(("letters", "said"), [(40, True), (41, False)])
def test_a_discount_is_named_in_a_short_text(letters, said):
    item = "Discount of " + "x" * (letters - 12)
    rows = f"1,a,2024-01-05,Tea,40\n1,a,2024-01-05,{item},4\n2,b,2024-01-06,Cup,15\n"
    found = crm.read_orders(
        frame("order_id,customer_id,order_date,item,amount\n" + rows), currency="USD"
    )
    assert ("taken off 51" in str(found.understanding)) == said
