"""What a message shows of a file: no customer's name, address or number, in no way of reading.

Each case holds `bob` and `miller` where the vocabulary of the reader looks.
"""

import json

import pytest
from sources import xlsx
from test_meaning import frame, noted, totals, warned

import crm_core as crm

HEAD = "order_id,customer_id,order_date,total"
NAMES = ("bob", "miller", "090", "ann", "lee", "corp")


def read(heading, cells, **options):
    rows = [f"{at},c{at},2026-01-0{at % 9 + 1},10.00,{cell}" for at, cell in enumerate(cells, 1)]
    return crm.read_orders(
        frame("\n".join([f"{HEAD},{heading}", *rows])), currency="USD", **options
    )


def all_said(call):
    try:
        found = call().understanding
        return f"{found} {found.warnings} {found.notes}".lower()
    except crm.DataError as error:
        return f"{error} {error.hint}".lower()


@pytest.mark.parametrize(
    ("heading", "cells", "options"),
    [
        ("memo", ["Refund for Bob Miller", "call Ann Lee 090-1234", ""], {}),
        ("memo", ["cancelled by bob@corp.example", "", ""], {}),
        ("note", ["Bob Miller 様 キャンセル", "", ""], {}),
        ("type", ["returned by Bob Miller", "sale", "sale"], {}),
        ("status", ["Bob Miller", "Ann Lee", "paid"], {}),
        ("状態", ["Miller様都合取消", "完了", "完了"], {}),
        ("memo", ["Bob Miller", "Ann Lee", ""], {"status": "memo"}),
        ("memo", ["Bob", "Ann", ""], {"refund_rows": {"memo": ["nothing"]}}),
        ("memo", ["Bob", "Ann", ""], {"cancelled_at": "memo"}),
        ("status", ["Bob", "paid", "paid"], {"status_map": {"Bobb": "cancelled"}}),
        ("payment_status", ["Bob", "paid", "paid"], {}),
        ("paid", ["refund bob miller", "1", "1"], {}),
    ],
)
def test_no_word_of_a_person_is_shown(heading, cells, options):
    said = all_said(lambda: read(heading, cells, **options))
    said = said.replace("bobb", "")  # what the caller wrote
    assert not [name for name in NAMES if name in said.replace("cannot", "")], said


def test_words_in_many_rows_are_shown_and_the_option_takes_them():
    with pytest.raises(crm.DataError, match='what does "parked" mean') as caught:
        read("status", ["parked", "parked", "paid"])
    assert 'status_map={"parked": ' in caught.value.hint
    assert len(
        totals(read("status", ["parked"] * 2 + ["paid"], status_map={"parked": "cancelled"}))
    )
    with pytest.raises(
        crm.DataError, match=r"what does \(6 characters in .*row 0\) mean"
    ) as caught:
        read("status", ["parked", "paid", "paid"])
    assert '"WORD": ' in caught.value.hint


def test_headings_that_are_values_are_counted(tmp_path):
    keyed = {f"{name}@corp.example": {"order_date": "2026-01-05", "total": 4} for name in NAMES}
    (tmp_path / "a.json").write_text(json.dumps(keyed))
    said = all_said(lambda: crm.read_orders(tmp_path / "a.json", currency="USD"))
    assert 'the headings are: "order_date", "total"' in said  # a row for each key
    assert not [name for name in ("bob", "miller", "corp.example") if name in said]
    wide = "date,bob@corp.example,ann@corp.example\n2026-01-05,4,5\n"
    (tmp_path / "b.csv").write_text(wide)
    said = all_said(lambda: crm.read_orders(tmp_path / "b.csv", currency="USD"))
    assert "corp.example" not in said


def test_days_that_mean_none_cancel_nothing():
    for none in ("9999-12-31", "1970-01-01", "1900-01-01"):
        found = read("cancelled_at", [none, "2026-01-05", none])
        assert set(totals(found)) == {"c1", "c3"}
        assert '2 cells of "cancelled_at" hold a day' in noted(found)


def test_money_given_back_is_no_cancellation():
    found = read("refund", ["0.00", "5.00", "0.00"])
    assert 'refunded="refund"' in warned(found) and "cancelled" not in warned(found)
    said = warned(read("after_refunds", ["10.00", "5.00", "10.00"]))
    assert said.startswith('"after_refunds" is "total" in most rows')
    assert 'amount="after_refunds"' in said and "cancelled" not in said


@pytest.mark.parametrize(
    "heading", ["値引後金額", "割引後金額", "total after discount", "割引前金額"]
)
def test_amounts_after_and_before_a_discount_are_no_discounts(heading):
    rows = "\n".join(f"{at},c{at},2026-01-05,Tea,10.00,9.00" for at in (1, 2))
    found = crm.read_orders(
        frame(f"order_id,customer_id,order_date,item,line_total,{heading}\n{rows}"), currency="USD"
    )
    assert "looks like a discount" not in warned(found)


@pytest.mark.parametrize(
    "words",
    [
        ("S", "R"), ("SAL", "RET"), ("Sale", "REF"), ("黒", "赤"), ("Venta", "Devolución"),
        ("Venta", "Reembolso"), ("Venta", "Abono"), ("Vendita", "Rimborso"), ("销售", "退货"),
        ("销售", "退款"), ("蓝字", "冲红"), ("Verkauf", "Rückgabe"), ("Verkauf", "Widerruf"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("heading", ["type", "区分", "Tipo", "Art"])
def test_rows_that_give_back_are_said_in_ten_languages(heading, words):
    sale, back = words
    found = read(heading, [sale, sale, sale, back])
    assert f'"{heading}" says {back} in 1 orders' in warned(found)


@pytest.mark.parametrize(
    ("heads", "japanese"),
    [
        ("訂單編號,客戶編號,訂單日期,總金額", False),
        ("订单编号,客户编号,订单日期,总金额", False),
        ("注文番号,顧客番号,注文日,合計", True),
    ],
)
def test_chinese_headings_say_no_yen(heads, japanese):
    text = f"{heads}\n1,a,2026-01-05,400\n"
    if japanese:
        assert totals(crm.read_orders(frame(text))) == {"a": 400}
    else:
        with pytest.raises(crm.DataError, match="does not say in which currency"):
            crm.read_orders(frame(text))


def test_a_second_table_beside_the_first_is_no_traceback(tmp_path):
    rows = [
        [*HEAD.split(","), "", "customer", "total"],
        [1, "a", "2026-01-05", 40, "", "x", 9],
        [2, "b", "2026-01-06", 20, "", "", ""],
    ]
    path = tmp_path / "a.xlsx"
    path.write_bytes(xlsx(Sheet=rows))
    with pytest.raises(crm.DataError, match='two columns are called "total"'):
        crm.read_orders(path, currency="USD")
