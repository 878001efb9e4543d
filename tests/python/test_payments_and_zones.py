"""Payments that the shop makes, customers of refunds only, guests with the id 0, names of zones.

Every total is made by hand.
"""

import pytest
from test_meaning import frame, noted, totals, warned

import crm_core as crm


def read(text, **options):
    return crm.read_orders(frame(text), **{"currency": "USD", **options})


HEAD = "Date,Time,TimeZone,Name,Type,Status,Currency,Gross,Fee,Net,From Email Address,"
HEAD += "To Email Address,Transaction ID\n"
ROWS = [
    "15,Express Checkout Payment,40.00,a@x.com,me@x.com,T1",
    "16,General Payment,50.00,b@x.com,me@x.com,T2",
    "17,PreApproved Payment Bill User Payment,-10.00,me@x.com,h@x.com,T3",
    "18,General Withdrawal,-70.00,me@x.com,,T4",
    "19,Payment Refund,-5.00,me@x.com,a@x.com,T5",
]


def paypal():
    """The activity of an account, as PayPal writes it."""
    cells = [row.split(",") for row in ROWS]
    rows = [
        f"01/{day}/2026,10:00:00,PST,N,{kind},Completed,USD,{gross},0,{gross},{payer},{payee},{number}"
        for day, kind, gross, payer, payee, number in cells
    ]
    return "\n".join([HEAD.strip(), *rows])


def test_payments_of_the_shop_are_no_refunds():
    orders = read(paypal())
    assert totals(orders) == {"a@x.com": 40, "b@x.com": 50}
    said = noted(orders)
    assert '1 rows with a "Gross" below zero are payments of the shop itself' in said
    assert "(-10)" in said and "they are refunds" not in said
    assert "(their amounts: -70)" in said
    assert "give money back (-5): it is not taken off" in warned(orders)


STATEMENT = """Booked,Payer,Payee,Amount
2026-01-15,a@x.com,me@x.com,40.50
2026-01-16,b@x.com,me@x.com,50.00
2026-01-18,me@x.com,bank@x.com,-70.00
"""


def test_a_shop_that_pays_is_said_in_files_of_no_layout():
    orders = read(STATEMENT, ordered_at="Booked", customer_id="Payer")
    said = warned(orders)
    assert '"Payer" is the one whom customers pay by "Payee"' in said
    assert "With them the total is 20.5, without them 90.5" in said
    refund = STATEMENT.replace("me@x.com,bank@x.com", "c@x.com,me@x.com")
    assert "whom customers pay" not in warned(
        read(refund, ordered_at="Booked", customer_id="Payer")
    )


def test_customers_of_refunds_only_are_said_with_their_money():
    text = "Order,Date,Customer,Total\n1,2026-01-05,a,100.50\n2,2026-01-06,b,-3\n"
    text += "3,2026-01-07,c,-7\n4,2026-01-08,a,-10\n"
    said = noted(read(text))
    assert "2 customers have only rows below zero (-10)" in said and "come to 90.5" in said
    assert "only rows below zero" not in noted(read(text.replace(",-3", ",3").replace("-7", "7")))
    stopped = (
        "Order,Date,Customer,Total,Status\n1,2026-01-05,a,10.5,paid\n2,2026-01-06,b,-3,refund\n"
    )
    assert "only rows below zero" not in noted(read(stopped))


def test_much_money_of_customers_of_refunds_only_is_a_warning():
    text = "Date,Payer,Amount\n2024-01-05,a,100.50\n2024-01-06,Landlord,-900\n2024-01-07,b,50\n"
    said = warned(read(text, customer_id="Payer"))
    assert "1 customers have only rows below zero (-900)" in said and "come to 150.5" in said
    assert "only rows" not in warned(read(text.replace("-900", "-9"), customer_id="Payer"))


@pytest.mark.parametrize("word", ["(guest)", "[Guest]", "<unknown>", "ゲスト"])
def test_words_for_nobody_in_brackets_are_guests(word):
    text = f"order_id,order_date,customer,total\n1,2024-01-05,{word},10.5\n2,2024-01-06,c,20\n"
    assert totals(read(text)) == {"c": 20}


GUESTS = """id,date_created,customer_id,billing.email,total
1,2024-01-05,0,x@x.com,10.5
2,2024-01-06,7,b@x.com,20.5
"""


def test_the_id_zero_is_not_one_customer_in_silence():
    assert 'The id 0 of "customer_id" has 1 rows' in warned(read(GUESTS))
    more = GUESTS + "3,2024-01-07,7,b@x.com,1.5\n4,2024-01-08,0,y@x.com,1.5\n"
    said = warned(read(more))
    assert "has 2 rows and counts as one customer (mail addresses in these rows: 2)" in said
    assert totals(read(more, guest_id=["0"])) == {"7": 22.0}
    assert "The id 0" not in warned(read(more, guest_id=[""]))


def test_ids_that_count_from_zero_are_customers():
    text = "id,date,customer_id,total\n1,2024-01-05,0,1.5\n2,2024-01-05,1,1.5\n3,2024-01-05,2,1.5\n"
    assert "The id 0" not in warned(read(text))


PERSONS = """event,{visitor},{person},timestamp,url
view,d1,p1,2024-01-05T10:00:00Z,/
view,d2,p1,2024-01-05T10:05:00Z,/a
view,d3,p2,2024-01-05T10:05:00Z,/a
"""


@pytest.mark.parametrize(
    ("visitor", "person"),
    [
        *(("distinct_id", "person.id"), ("distinct_id", "person_id")),
        *(("anonymous_id", "properties.$user_id"), ("visitor_id", "account_id")),
        *(("クッキー", "統合ID"), ("device_id", "amplitude_id")),
    ],
)
def test_ids_of_persons_that_join_visitors_are_said(visitor, person):
    text = PERSONS.format(visitor=visitor, person=person)
    events = crm.read_events(frame(text))
    said = " ".join(events.understanding.warnings)
    assert f'Each of the 3 ids of "{visitor}" counts as a visitor. "{person}" was not read' in said
    assert "it has 2 ids, of which 1 join several" in said and f'visitor_id="{person}"' in said
    assert not crm.read_events(frame(text), visitor_id=person).understanding.warnings


def test_ids_that_join_nobody_are_not_said():
    text = PERSONS.format(visitor="distinct_id", person="account_id").replace("d2,p1", "d2,p3")
    assert not crm.read_events(frame(text)).understanding.warnings
    login = PERSONS.format(visitor="anonymous_id", person="user_id")
    assert not crm.read_events(frame(login)).understanding.warnings


def test_flat_exports_of_posthog_count_persons():
    text = """uuid,event,distinct_id,person_id,timestamp,properties.$current_url
1,$pageview,d1,p1,2024-01-05T10:00:00Z,/
2,$pageview,d2,p1,2024-01-05T10:05:00Z,/a
"""
    events = crm.read_events(frame(text))
    assert events.understanding.layout == "posthog_events" and "of 1 visitors" in repr(events)


@pytest.mark.parametrize(
    "text",
    [
        *("2024-01-25 22:00:00 EST", "01/25/2024 22:00:00 EDT", "25.01.2024 22:00 MEZ"),
        *("Jan 25, 2024 10:00:00 PM PST", "Thu Jan 25 22:00:00 PDT 2024"),
        *("2024-01-25 22:00:00 (JST)", "2024-01-25T22:00:00+09:00[Asia/Tokyo]"),
        *("25 Jan 2024 22:00 CET", "Thu Jan 25 22:00:00 2024", "2024-01-25 22:00 CST"),
    ],
)
def test_times_with_names_of_zones_are_read_as_written(text):
    cells = {"date": [text], "customer": ["a"], "total": ["5.50"]}
    orders = crm.read_orders(cells, currency="USD")
    assert "2024-01-25" in repr(orders)
    assert orders.understanding.facts["date_form"].startswith(("%Y", "%m", "%d", "%b"))


def test_a_name_of_several_zones_is_not_converted():
    cells = {"date": ["2024-01-25 22:00 CST"], "customer": ["a"], "total": ["5.50"]}
    with pytest.raises(crm.DataError, match="CST is the name of several zones"):
        crm.read_orders(cells, currency="USD", timezone="Asia/Tokyo")
    cells["date"] = ["2024-01-25 22:00 EST"]
    orders = crm.read_orders(cells, currency="USD", timezone="Asia/Tokyo")
    assert "2024-01-26" in repr(orders)
