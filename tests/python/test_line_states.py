"""States of lines, and words on refunds beside amounts of refunds; each total is made by hand."""

import pytest
from test_meaning import frame, noted, totals, warned

import crm_core as crm

HEAD = "order_id,customer_id,order_date,sku,amount,status"
LINES = f"{HEAD}\n1,a,2024-01-05,x,10,paid\n1,a,2024-01-05,y,20,%s\n2,b,2024-01-06,x,50,paid"
ORDERS = (
    "order_id,customer_id,order_date,total,status,refunded_amount\n"
    "1,a,2024-01-05,100,{},{}\n2,b,2024-01-06,50,paid,0"
)


def read(text, **options):
    return crm.read_orders(frame(text), **{"currency": "USD", **options})


@pytest.mark.parametrize("word", ["cancelled", "Returned", "refunded", "返品", "storniert"])
def test_a_line_that_is_given_back_leaves_and_the_order_stays(word):
    found = read(LINES % word)
    assert totals(found) == {"a": 10, "b": 50} and not warned(found)
    assert '1 orders have lines in different states by "status": 1 cancelled' in noted(found)
    assert crm.summary(found)["orders"].tolist() == [1, 1]


def test_lines_that_all_count_keep_the_order():
    found = read(LINES % "pending")
    assert totals(found) == {"a": 30, "b": 50}
    kept = crm.summary(found, where={"status": "pending"}).to_dict()
    assert kept["customer_id"] == ["a"], "an order with a pending line is pending"


def test_an_order_of_which_all_lines_left_does_not_count():
    found = read((LINES % "cancelled").replace("10,paid", "10,returned"))
    assert totals(found) == {"b": 50}
    two = (LINES % "cancelled").replace("status", "status,item_status")
    two = two.replace("10,paid", "10,paid,returned").replace("cancelled", "cancelled,")
    assert totals(read(two.replace("50,paid", "50,paid,"))) == {"b": 50}


def test_a_price_times_quantity_and_money_beside_leave_with_the_line():
    text = """
order_id,customer_id,order_date,sku,unit_price,quantity,discount,status
1,a,2024-01-05,x,10,2,1,paid
1,a,2024-01-05,y,20,1,5,cancelled
2,b,2024-01-06,x,50,1,0,paid
"""
    assert totals(read(text, discount="discount")) == {"a": 19, "b": 50}


def test_totals_of_orders_are_taken_as_they_are_with_a_warning():
    text = (LINES % "cancelled").replace("amount", "total").replace("10,paid", "20,paid")
    found = read(text)
    assert totals(found) == {"a": 20, "b": 50}
    assert "1 orders have 1 cancelled lines beside others" in warned(found)


def test_a_blank_state_on_the_first_line_does_not_take_a_later_ones():
    text = (LINES % "cancelled").replace("10,paid", "10,")
    found = read(text)
    assert totals(found) == {"a": 10, "b": 50} and "blank cells" not in noted(found)
    assert totals(read((LINES % "").replace("10,paid", "10,cancelled"))) == {"b": 50}


def test_a_line_that_gives_back_by_its_sign_stays():
    found = read((LINES % "returned").replace(",20,", ",-4,"))
    assert totals(found) == {"a": 6, "b": 50}
    found = read((LINES % "cancelled").replace(",20,", ",-4,"))
    assert totals(found) == {"a": 10, "b": 50}, "a refund that was cancelled"


def test_an_order_below_zero_that_its_state_stops_is_said():
    text = "order_id,customer_id,order_date,total,status\n1,a,2024-01-05,10,paid\n"
    text += "2,a,2024-01-06,-4,{}"
    found = read(text.format("refunded"))
    assert totals(found) == {"a": 10} and "(-4 in all)" in warned(found)
    assert "reduce the revenue" not in noted(found)
    counted = read(text.format("refunded"), status_map={"refunded": "completed"})
    assert totals(counted) == {"a": 6} and "reduce the revenue" in noted(counted)
    assert not warned(read(text.format("refunded"), status_map={"refunded": "refunded"}))
    assert not warned(read(text.format("cancelled")))


def test_rows_of_payouts_are_said_whatever_their_sign():
    text = "id,type,amount,customer,date\n1,charge,10,a,2024-01-05\n2,payout,-9,,2024-01-06"
    assert '"type" says payout in 1 orders' in warned(read(text))


def test_states_that_may_follow_one_another_are_asked_about():
    text = "order_id,customer_id,order_date,amount,status\n"
    text += "1,a,2024-01-05,30,paid\n1,a,2024-01-05,30,cancelled\n2,b,2024-01-06,50,paid"
    for one in (text, text.replace("30,cancelled", "-30,refunded")):
        with pytest.raises(
            crm.DataError, match=r"1 orders have several states.*in row 0"
        ) as caught:
            read(one, amount_is="line")
        assert 'line_level=["status"]' in caught.value.hint
    assert totals(read(text, amount_is="line", line_level=["status"])) == {"a": 30, "b": 50}
    same_item = (LINES % "cancelled").replace(",y,", ",x,")
    with pytest.raises(crm.DataError, match="does one follow the other"):
        read(same_item)


@pytest.mark.parametrize("word", ["refunded", "全額返金", "returned", "cancelled"])
def test_a_refunded_order_with_a_smaller_refund_is_said_with_both_totals(word):
    found = read(ORDERS.format(word, 30))
    assert totals(found) == {"b": 50}
    assert "1 orders of 100" in warned(found) and "gives back 30" in warned(found)
    assert "come to 70" in warned(found)
    part = read(ORDERS.format(word, 30), status_map={word: "completed"})
    assert totals(part) == {"a": 70, "b": 50} and not warned(part)
    assert f'status_map={{"{word}": ' in warned(found).split("come to 70")[1]
    whole = read(ORDERS.format(word, 30), status_map={word: "refunded"})
    assert totals(whole) == {"b": 50} and not warned(whole)
    with pytest.raises(crm.DataError, match="come to 70"):
        read(ORDERS.format(word, 30), strict=True)


def test_the_word_that_is_said_is_that_of_the_orders():
    text = ORDERS.format("refunded", 30) + "\n3,c,2024-01-07,9,cancelled,0"
    assert '1 orders of 100 are "refunded"' in warned(read(text))
    two = ORDERS.format("refunded", 30) + "\n3,c,2024-01-07,9,cancelled,4"
    assert '1 orders of 9 are "cancelled"' in warned(read(two))


def test_a_refund_that_agrees_with_its_word_is_no_doubt():
    for word, amount in (("refunded", 100), ("refunded", 0), ("partially refunded", 30)):
        assert not warned(read(ORDERS.format(word, amount))), (word, amount)
    blank = read(ORDERS.format("partially refunded", 0))
    assert totals(blank) == {"a": 100, "b": 50}
    assert '"refunded_amount" says nothing of them' in warned(blank)
    part = read(ORDERS.format("一部返金", 30))
    assert totals(part) == {"a": 70, "b": 50}
    with pytest.raises(crm.DataError) as caught:
        read(ORDERS.format("partly refunded by shop", 30))
    assert "completed|pending|cancelled" in caught.value.hint, "a part is not the whole"


def test_a_layout_says_what_its_word_means():
    text = (
        "id,Created date (UTC),Amount,Amount Refunded,Converted Amount,Currency,Status,"
        "Customer ID\n"
        "ch_1,2024-01-05 10:00,100.00,30.00,100.00,usd,Refunded,a"
    )
    found = crm.read_orders(frame(text))
    assert found.understanding.layout == "stripe_payments" and not warned(found)
