"""Tables that are no orders are refused by what they are; their columns named, they are read."""

import pyarrow as pa
import pytest
from test_meaning import frame, totals, warned

import crm_core as crm
from crm_core import _cli

CUSTOMERS = """
customer_id,created_at,last_order_date,orders_count,total_spent
1,2023-01-05,2024-03-01,3,100
2,2023-01-06,2024-03-02,2,50
"""
OTHERS = {
    "customers": CUSTOMERS,
    "products": "product_id,name,price,stock,created_at\n1,tea,5,10,2024-01-01",
    "payouts": "payout_id,payout_date,amount,customer\n1,2024-01-05,100,x\n2,2024-01-06,50,x",
    "totals by day": "date,orders,revenue\n2024-01-01,5,100\n2024-01-02,7,120",
    "summaries of sessions": "client_id,date,sessions,bounce_rate,revenue\n1,2024-01-01,3,0.5,100",
    "abandoned carts": "email,created_at,total,abandoned_checkout_url\na@x.jp,2024-01-05,5,http",
    "refunds": "refund_id,order_id,customer_id,created_at,amount\n1,1,a,2024-01-05,100",
}


@pytest.mark.parametrize("what", OTHERS)
def test_a_table_that_is_no_orders_is_refused_by_what_it_is(what):
    with pytest.raises(crm.DataError, match=f"table of {what}") as caught:
        crm.read_orders(frame(OTHERS[what]), currency="USD")
    assert "name the columns: customer_id=" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "Email,Total Spent,Total Orders\na@x.jp,100,3\nb@x.jp,50,1",
        "会員ID,氏名,最終購入日,購入回数,累計購入金額\n1,甲,2024-03-01,3,9000\n2,乙,2024-03-02,1,100",
        "Kunde,Letzte Bestellung,Gesamtumsatz\n1,01.03.2024,9\n2,02.03.2024,1",
        "customer_id,recency,frequency,monetary_value\n1,2,3,4\n2,3,4,5",
        "user_id,created_at,amount,ltv\n1,2024-03-01,9,20\n2,2024-03-02,1,20",
    ],
)
def test_tables_of_customers_in_other_words(text):
    with pytest.raises(crm.DataError, match="one row a customer"):
        crm.read_orders(frame(text))


def test_named_columns_are_read_as_said():
    found = crm.read_orders(
        frame(CUSTOMERS),
        customer_id="customer_id",
        ordered_at="last_order_date",
        amount="total_spent",
        currency="USD",
    )
    assert totals(found) == {"1": 100, "2": 50} and not warned(found)


def test_orders_with_such_headings_are_read():
    joined = "order_id,customer_id,created_at,amount,ltv,orders_count\n1,a,2024-01-05,9,1,2"
    assert totals(crm.read_orders(frame(joined), currency="USD")) == {"a": 9}
    again = "customer_id,date,amount,ltv\na,2024-01-05,9,20\na,2024-01-06,11,20"
    assert totals(crm.read_orders(frame(again), currency="USD")) == {"a": 20}
    of_some = "order_id,customer_id,created_at,amount,refund_reason\n1,a,2024-01-05,9,"
    of_some += "\n2,b,2024-01-06,7,x"
    assert totals(crm.read_orders(frame(of_some), currency="USD"))["a"] == 9
    none = "order_id,customer_id,created_at,amount,refund_reason\n1,a,2024-01-05,9,none"
    assert totals(crm.read_orders(frame(none), currency="USD")) == {"a": 9}
    of_orders = "customer_id,order_date,amount,ltv\na,2024-01-05,9,20\nb,2024-01-06,11,20"
    assert totals(crm.read_orders(frame(of_orders), currency="USD")) == {"a": 9, "b": 11}
    fees = "customer,date,gross,fee,net\na,2024-01-05,100,3,97"
    assert totals(crm.read_orders(frame(fees), currency="USD")) == {"a": 100}
    nobody = pa.table({"customer_id": pa.nulls(1, pa.string()), "date": ["2024-01-05"],
                       "stock": ["1"], "amount": ["5"]})  # fmt: skip
    with pytest.raises(crm.DataError, match="products"):
        crm.read_orders(nobody, currency="USD")


def test_the_command_names_its_options(tmp_path, capsys):
    path = tmp_path / "customers.csv"
    path.write_text(CUSTOMERS.strip())
    assert _cli.main(["run", "rfm", str(path), "--currency", "USD"]) == 3
    said = capsys.readouterr().err
    assert "table of customers" in said and '--amount "' in said
    assert "--customers" in said
