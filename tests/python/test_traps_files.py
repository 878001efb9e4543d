"""Forms and pairs of files that an outside reader has misread, or was refused without help."""

import pytest
from test_meaning import noted, totals

import crm_core as crm

HEAD = "order_id,customer_id,order_date,total\n"


@pytest.fixture
def write(tmp_path):
    def make(text, name="orders.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return make


def read(*paths, **options):
    return crm.read_orders(list(paths), **{"currency": "USD", **options})


def refused(*paths, **options):
    with pytest.raises(crm.DataError) as caught:
        read(*paths, **options)
    return f"{caught.value} {caught.value.hint}"


# ---- two files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "again",
    [
        "2,b,2026-01-04,20.0",
        "2,b,2026/1/4,20",
        '2,b,2026-01-04,"$20.00"',
        "2, b ,2026-01-04,20.000",
    ],
)
def test_an_order_written_in_another_way_is_the_same(write, again):
    first = write(HEAD + "1,a,2026-01-03,10.00\n2,b,2026-01-04,20.00\n", "a.csv")
    second = write(HEAD + f"{again}\n3,c,2026-01-05,30.0\n", "b.csv")
    found = read(first, second)
    assert totals(found) == {"a": 10, "b": 20, "c": 30} and "each counts once" in noted(found)


def test_ids_with_zeros_before_them_are_not_the_same(write):
    first = write(HEAD + "1,007,2026-01-03,10\n", "a.csv")
    second = write(HEAD + "1,7,2026-01-03,10\n", "b.csv")
    assert 'they differ in "customer_id"' in refused(first, second)


@pytest.mark.parametrize(
    ("heading", "before", "after"),
    [
        ("Refund total", "0", "20.00"),
        ("状態", "受付", "キャンセル"),
        ("memo", "", "refunded to customer"),
    ],
)
def test_copies_that_differ_in_a_column_that_is_not_read_are_asked_about(
    write, heading, before, after
):
    head = HEAD.replace("\n", f",{heading}\n")
    first = write(head + f"1,a,2026-01-03,10,{before}\n2,b,2026-01-04,20,{before}\n", "a.csv")
    second = write(head + f"2,b,2026-01-04,20.0,{after}\n3,c,2026-01-05,30,{before}\n", "b.csv")
    for files in ((first, second), (second, first)):
        said = refused(*files)
        assert f'they differ in "{heading}"' in said and 'repeated_orders="last"' in said
        assert f'ignore=["{heading}"] says' in said
    # Of the last file: the copy with the refund or the cancellation.
    last = read(first, second, repeated_orders="last")
    assert heading in str(last.understanding)
    assert totals(read(first, second, ignore=[heading]))["b"] == 20


def test_the_day_of_an_export_may_differ(write):
    head = HEAD.replace("\n", ",export_date,updated_at\n")
    first = write(head + "1,a,2026-01-03,10,2026-02-01,2026-01-03\n", "a.csv")
    second = write(head + "1,a,2026-01-03,10,2026-02-02,2026-01-09\n", "b.csv")
    assert totals(read(first, second)) == {"a": 10}


def test_orders_and_their_items_are_never_added(write):
    orders = write(HEAD + "1,a,2026-01-03,10\n2,b,2026-01-04,20\n")
    items = "order_id,sku,quantity,line_total\n1,x,1,4\n1,y,2,6\n2,x,5,20\n"
    apart = write(items, "items.csv")
    for files in ((orders, apart), (apart, orders)):
        assert "orders and of their items are not joined" in refused(*files)
    whole = write(
        HEAD.replace("\n", ",sku\n")
        + "1,a,2026-01-03,4,x\n1,a,2026-01-03,6,y\n2,b,2026-01-04,20,x\n",
        "lines.csv",
    )
    for options in ({}, {"repeated_orders": "add"}):
        said = refused(orders, whole, **options)
        assert "together they count twice" in said and "orders.csv, lines.csv" in said
    assert totals(read(orders, whole, repeated_orders="last")) == {"a": 10, "b": 20}


def test_files_of_other_headings_are_refused_with_what_to_do(write):
    orders = write(HEAD + "1,a,2026-01-03,10\n")
    other = write("注文日,金額,会員ID\n2026-01-04,5,b\n", "other.csv")
    assert "read the others by themselves" in refused(orders, other)
