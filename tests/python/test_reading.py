"""From a shop's file to columns: encodings, dates, amounts, lines, and what is refused."""

import datetime
import random
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crm_core._problem import Problem
from crm_core._reading import amounts, dates
from crm_core._reading.customer_table import load_customers
from crm_core._reading.order_reading import load
from crm_core._reading.settings import Settings

EC_CUBE = """注文番号,会員ID,注文日,支払合計,対応状況(名称),商品名,個数
1001,00012,2024/01/31 12:34:56,"¥1,200",発送済み,珈琲豆,1
1001,00012,2024/01/31 12:34:56,"¥1,200",発送済み,紅茶,2
1002,00345,2024/02/01 09:00:00,800,注文取消し,珈琲豆,1
1003,,2024/02/02 18:20:00,500,新規受付,紅茶,1
"""
SHOPIFY = "\n".join(
    [
        "Name,Email,Financial Status,Paid at,Currency,Subtotal,Total,Created at,"
        "Lineitem quantity,Lineitem name,Lineitem price,Cancelled at,Refunded Amount",
        "#1001,a@example.com,paid,2025-10-07 09:50:26 +0200,EUR,50.00,53.91,"
        "2025-10-07 09:50:26 +0200,3,Mask,34.90,,0.00",
        "#1001,a@example.com,,,,,,2025-10-07 09:50:26 +0200,1,Soap,3.90,,",
        "#1002,b@example.com,partially_refunded,2025-12-08 00:10:00 +0100,EUR,20.00,24.50,"
        "2025-12-08 00:10:00 +0100,1,Soap,20.00,,5.00",
        "#1003,c@example.com,paid,,EUR,20.00,24.50,2025-12-09 10:10:00 +0100,"
        "1,Soap,20.00,2025-12-10 10:10:00 +0100,0.00",
        "",
    ]
)
PLAIN = "customer_id,order_date,amount\n"


@pytest.fixture
def write(tmp_path):
    def make(text, name="orders.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return make


def texts(*values):
    return pa.chunked_array([list(values)], type=pa.string())


def said(loaded):
    return {choice.role: (choice.value, choice.reason) for choice in loaded.choices}


# ---- bytes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("cp932", "cp932"),
        ("euc_jp", "euc_jp"),
        ("utf-16", "utf-16"),
    ],
)
def test_the_encoding_is_told_from_the_bytes(write, encoding, named):
    text = EC_CUBE.replace("¥", "") if encoding in ("cp932", "euc_jp") else EC_CUBE
    loaded = load([write(text, encoding=encoding)], Settings())
    assert said(loaded)["encoding"] == (named, "bytes")
    assert loaded.table["支払合計"].to_pylist() == [1200, 1200, 800, 500]
    assert loaded.table["会員ID"].to_pylist() == ["00012", "00012", "00345", None]


def test_a_shift_jis_yen_sign_is_a_backslash(write):
    loaded = load([write(EC_CUBE.replace("¥", "\\"), encoding="cp932")], Settings())
    assert loaded.table["支払合計"].to_pylist() == [1200, 1200, 800, 500]


def test_the_whole_file_decides_the_encoding(write):
    late = (
        "customer_id,date,amount,memo\n"
        + "1,2024-01-01,5,a\n" * 100_000
        + "2,2024-01-01,5,日本語\n"
    )
    loaded = load([write(late, encoding="cp932")], Settings(currency="JPY"))
    assert said(loaded)["encoding"] == ("cp932", "bytes")


def test_an_encoding_that_does_not_fit_is_refused(write):
    with pytest.raises(Problem, match="not valid utf-8"):
        load([write(EC_CUBE.replace("¥", ""), encoding="cp932")], Settings(encoding="utf-8"))
    with pytest.raises(Problem, match="neither UTF-8 nor Shift_JIS"):
        load([write("customer_id,date,заметка,цвет\n", encoding="cp1251")], Settings())
    with pytest.raises(Problem, match="klingon is not known"):
        load([write(EC_CUBE)], Settings(encoding="klingon"))


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_is_told_from_the_headings(write, delimiter):
    text = "customer_id,order_date,amount,note\n1,2024-01-31,500,x\n".replace(",", delimiter)
    assert load([write(text)], Settings(currency="JPY")).table["amount"].to_pylist() == [500]


def test_headings_may_hold_line_breaks_and_quotes(write):
    loaded = load(
        [write('"customer\nid",order_date,"the ""net"" one",amount\n1,2024-01-31,x,5\n')],
        Settings(currency="JPY"),
    )
    assert loaded.arguments["customer_id"] == "customer\nid"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no headings"),
        ("\n\n", "no headings"),
        (
            PLAIN + "1,2024-01-31,5\nsecret,2024-01-31,5,6\n",
            r"orders.csv, row 3: 4 fields where the headings have 3",
        ),
        (PLAIN + "1,2024-01-31\n", r"orders.csv, row 2: 2 fields"),
        ("customer_id,date,amount,amount\n1,2024-01-31,5,6\n", 'two columns are called "amount"'),
    ],
)
def test_a_broken_file_is_refused_by_name_and_row(write, text, message):
    with pytest.raises(Problem, match=message) as caught:
        load([write(text)], Settings(currency="JPY"))
    assert "secret" not in caught.value.message + caught.value.hint


def test_what_is_no_csv_is_refused(write, tmp_path):
    with pytest.raises(Problem, match="there is no file"):
        load([tmp_path / "none.csv"], Settings())
    with pytest.raises(Problem, match="not a whole zip file"):
        load([write(b"PK\3\4", "orders.xlsx")], Settings())
    with pytest.raises(Problem, match="not a whole Parquet file"):
        load([write(b"PAR1 and no more", "orders.parquet")], Settings())


def test_lines_of_another_length_can_be_left_out_and_are_counted(write):
    text = PLAIN + "1,2024-01-31,5\n2,2024-01-31,5,6\n3,2024-01-31,7\n"
    loaded = load([write(text)], Settings(currency="JPY", bad_rows="drop"))
    assert loaded.table["amount"].to_pylist() == [5, 7]
    assert [(note.code, dict(note.values)) for note in loaded.notes] == [
        ("dropped_lines", {"rows": 1})
    ]


def test_headings_alone_are_an_empty_table(write):
    assert load([write(PLAIN)], Settings(currency="JPY")).table.num_rows == 0


def test_progress_ends_at_the_end(write):
    shares = []
    load([write(PLAIN + "1,2024-01-31,5\n" * 200_000)] * 2, Settings(currency="JPY"), shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


# ---- dates ---------------------------------------------------------------------------------------

SPELLINGS = [
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y.%m.%d %H:%M:%S",
    "%Y%m%d%H%M%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y年%m月%d日 %H時%M分%S秒",
    "%Y%m%d %H:%M:%S",
    " %Y-%m-%d %H:%M:%S ",
    "%Y-%m-%d %H:%M:%S.%f",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_dates_read_as_the_standard_library_writes_them(spelling):
    draw = random.Random(spelling)
    start = datetime.datetime(1995, 1, 1)
    written = [
        start + datetime.timedelta(seconds=draw.randrange(40 * 365 * 86_400)) for _ in range(500)
    ]
    read = dates.parse(texts(*(one.strftime(spelling) for one in written)))
    assert read.wall.to_pylist() == written
    assert read.unread == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-31", datetime.datetime(2024, 1, 31)),
        ("2024/1/3", datetime.datetime(2024, 1, 3)),
        ("2024/1/3 1:02", datetime.datetime(2024, 1, 3, 1, 2)),
        ("20240131", datetime.datetime(2024, 1, 31)),
        ("2024年1月31日", datetime.datetime(2024, 1, 31)),
        ("2024年1月31日(水) 9時5分", datetime.datetime(2024, 1, 31, 9, 5)),
        ("2024/01/31(水) 9:05", datetime.datetime(2024, 1, 31, 9, 5)),
        ("２０２４／１／３１", datetime.datetime(2024, 1, 31)),
        ("2024-02-29", datetime.datetime(2024, 2, 29)),
        ("2000-02-29 23:59:59.999999", datetime.datetime(2000, 2, 29, 23, 59, 59, 999999)),
    ],
)
def test_spellings_of_a_date(text, expected):
    assert dates.parse(texts(text)).wall.to_pylist() == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29",
        "1900-02-29",
        "2024-04-31",
        "2024-13-01",
        "2024-00-10",
        "2024-01-00",
        "0000-00-00",
        "2024-01-31 24:00",
        "2024-01-31 12:60",
        "1/2/2024",
        "24-01-31",
        "yesterday",
        "2024-01",
        "20240",
        "45322",
        "2024-01-31x",
    ],
)
def test_what_is_no_date_is_named_by_row(text):
    read = dates.parse(pa.chunked_array([["2024-01-01", None], [" ", text]], type=pa.string()))
    assert read.unread == [3]
    assert read.wall.null_count == 3


def test_zones_are_kept_beside_the_wall_clock():
    read = dates.parse(
        texts(
            "2024-01-31T00:30:00Z",
            "2024-01-31 00:30 +0900",
            "2024-01-31 00:30:00-05:30",
            "2024-01-31 00:30",
        )
    )
    assert read.offsets.to_pylist() == [0, 540, -330, None]
    assert set(read.wall.to_pylist()) == {datetime.datetime(2024, 1, 31, 0, 30)}
    expected = datetime.datetime(2024, 1, 30, 15, 30, tzinfo=datetime.UTC)
    assert read.instants().to_pylist()[1] == expected


@pytest.mark.parametrize(
    ("date_format", "text", "expected"),
    [
        ("%d/%m/%Y", "3/1/2024", datetime.datetime(2024, 1, 3)),
        ("%m/%d/%Y %H:%M", "01/03/2024 5:06", datetime.datetime(2024, 1, 3, 5, 6)),
        ("%m/%d/%Y %I:%M %p", "1/3/2024 12:30 AM", datetime.datetime(2024, 1, 3, 0, 30)),
        ("%m/%d/%Y %I:%M %p", "1/3/2024 12:30 pm", datetime.datetime(2024, 1, 3, 12, 30)),
        ("%d.%m.%y", "03.01.98", datetime.datetime(1998, 1, 3)),
        ("%d.%m.%y", "03.01.24", datetime.datetime(2024, 1, 3)),
    ],
)
def test_a_format_reads_what_is_not_written_year_first(date_format, text, expected):
    assert dates.parse(texts(text), date_format).wall.to_pylist() == [expected]


@pytest.mark.parametrize("date_format", ["%d/%m", "%Q/%d/%m/%Y", "%d/%d/%m/%Y", "%d/%m/%Y %"])
def test_a_format_that_cannot_be_read_is_refused(date_format):
    with pytest.raises(Problem, match="--date-format"):
        dates.parse(texts("3/1/2024"), date_format)


def test_the_whole_column_tells_which_number_is_the_day(write):
    path = write(PLAIN + "1,2024-01-31,5\n2,03/01/2024,5\n3,28/01/2024,5\n")
    loaded = load([path], Settings(currency="JPY"))
    assert loaded.table["order_date"].to_pylist()[1] == datetime.datetime(2024, 1, 3)


def test_dates_that_nothing_tells_are_refused_with_the_option_that_reads_them(write):
    path = write(PLAIN + "1,2024-01-31,5\n2,03/01/2024,5\n3,08/01/2024,5\n")
    with pytest.raises(Problem) as caught:
        load([path], Settings(currency="JPY"))
    assert caught.value.message == "orders.csv, row 3, column order_date: not a date (and 1 more)"
    assert "--date-format" in caught.value.hint
    assert "03" not in caught.value.message
    # The format is of the cells that it fits; 2024-01-31 has one reading.
    told = load([path], Settings(currency="JPY", date_format="%d/%m/%Y")).table["order_date"]
    assert [str(one)[:10] for one in told.to_pylist()] == ["2024-01-31", "2024-01-03", "2024-01-08"]
    read = dates.parse(texts("03/01/2024", "08/01/2024"))
    assert read.readings == ("%d/%m/%Y", "%m/%d/%Y")


def test_a_shops_own_wall_clock_is_kept_unless_a_zone_is_asked_for(write):
    path = write(SHOPIFY)
    loaded = load([path], Settings())
    assert loaded.table["Created at"].to_pylist()[2] == datetime.datetime(2025, 12, 8, 0, 10)
    assert "timezone" not in loaded.arguments
    asked = load([path], Settings(timezone="America/New_York"))
    instant = datetime.datetime(2025, 12, 8, 0, 10, tzinfo=ZoneInfo("Europe/Paris"))
    assert asked.table["Created at"].to_pylist()[2] == instant
    assert asked.arguments["timezone"] == "America/New_York"


def test_dates_with_and_without_a_zone_do_not_mix(write):
    with pytest.raises(Problem, match="dates with a zone and dates without one"):
        load(
            [write(PLAIN + "1,2024-01-31T00:00:00Z,5\n2,2024-01-31,5\n")], Settings(currency="JPY")
        )


# ---- amounts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected", "currencies"),
    [
        ("1234", 1234, set()),
        ("1,234", 1234, set()),
        ("1,234,567", 1234567, set()),
        ("¥1,234", 1234, {"JPY"}),
        ("￥１，２３４", 1234, {"JPY"}),
        ("1,234円", 1234, {"JPY"}),
        ("-500", -500, set()),
        ("△500", -500, set()),
        ("¥-500", -500, {"JPY"}),
        ("-¥500", -500, {"JPY"}),
        ("(500)", -500, set()),
        ("$12", 12, set()),
        ("€5", 5, {"EUR"}),
        ("USD 5", 5, {"USD"}),
        ("5 EUR", 5, {"EUR"}),
        ("0", 0, set()),
        (" 7 ", 7, set()),
        ("1000.00", 1000, set()),
    ],
)
def test_spellings_of_an_amount(text, expected, currencies):
    read = amounts.parse(texts(text, None, ""))
    assert read.values.to_pylist() == [expected, None, None]
    assert read.currencies == currencies
    assert read.unread == []


def test_fractions_are_exact():
    written = ["0.1", "-12.50", "1,234.567", "3", ".5"[1:]]
    read = amounts.parse(texts(*written))
    assert read.values.to_pylist() == [Decimal(one.replace(",", "")) for one in written]


@pytest.mark.parametrize(
    "text",
    [
        "1.234",
        "(500",
        "500)",
        "abc",
        "1e5",
        "NaN",
        "--5",
        "12 34",
        "12345678901234567890",
    ],
)
def test_what_is_no_amount_is_named_by_row(text):
    assert amounts.parse(pa.chunked_array([["1"], ["2", text]], type=pa.string())).unread == [2]


def test_an_amount_that_cannot_be_read_is_refused_without_showing_it(write):
    with pytest.raises(Problem) as caught:
        load([write(PLAIN + "1,2024-01-31,5\n2,2024-01-31,98765x\n")], Settings(currency="JPY"))
    assert caught.value.message == "orders.csv, row 3, column amount: not an amount"
    assert "98765" not in caught.value.hint


def test_unreadable_cells_can_be_left_to_the_library_and_are_counted(write):
    path = write(PLAIN + "1,2024-01-31,5\n2,2024-01-31,x\n")
    loaded = load([path], Settings(currency="JPY", bad_rows="drop"))
    assert loaded.table["amount"].to_pylist() == [5, None]
    assert loaded.arguments["bad_rows"] == "drop"
    assert [note.code for note in loaded.warnings] == ["amounts_dropped"]


# ---- orders of several lines ---------------------------------------------------------------------


def test_a_japanese_export_repeats_the_orders_total(write):
    loaded = load([write(EC_CUBE)], Settings())
    assert loaded.arguments == {
        "customer_id": "会員ID",
        "order_id": "注文番号",
        "ordered_at": "注文日",
        "amount": "支払合計",
        "amount_is": "order",
        "status": "対応状況(名称)",
        "currency": "JPY",
        "guests": "keep",
    }
    assert loaded.table.column_names == [
        "会員ID",
        "注文番号",
        "注文日",
        "支払合計",
        "対応状況(名称)",
    ]
    assert loaded.table["対応状況(名称)"].to_pylist() == [
        "completed",
        "completed",
        "cancelled",
        "pending",
    ]
    assert said(loaded)["amount_is"] == ("order", "layout_amount")
    assert said(loaded)["currency"] == ("JPY", "sign")
    assert loaded.japanese


def test_a_shopify_export_says_things_once_per_order(write):
    loaded = load([write(SHOPIFY)], Settings())
    assert loaded.arguments["amount_is"] == "order"
    assert loaded.table["Total"].to_pylist() == [
        Decimal("53.91"),
        None,
        Decimal("24.50"),
        Decimal("24.50"),
    ]
    assert loaded.table["Financial Status"].to_pylist() == [
        "completed",
        "completed",
        "completed",
        "cancelled",
    ]
    assert loaded.arguments["refunded"] == "Refunded Amount"
    assert said(loaded)["currency"] == ("EUR", "column")
    codes = {note.code for note in loaded.notes}
    assert codes == {"filled", "as_written", "statuses", "also_stopped"}


@pytest.mark.parametrize(
    ("rows", "kind", "reason"),
    [
        ("a,1,2024-01-31,5\na,1,2024-01-31,7\n", "line", "differs"),
        ("a,1,2024-01-31,5\na,1,2024-01-31,\n", "order", "once"),
        ("a,1,2024-01-31,5\nb,1,2024-01-31,5\n", "line", "one_row"),
    ],
)
def test_the_data_say_what_an_amount_is_where_the_heading_does_not(write, rows, kind, reason):
    loaded = load(
        [write("order_id,customer_id,order_date,amount\n" + rows)], Settings(currency="JPY")
    )
    assert said(loaded)["amount_is"] == (kind, reason)


def test_one_order_with_two_totals_does_not_turn_all_totals_into_lines(write):
    rows = [
        f"{order},{order % 9},2024-01-31,{500 + order}\n" for order in range(20) for _ in range(2)
    ]
    text = "order_id,customer_id,order_date,total\n" + "".join(rows)
    loaded = load([write(text + "0,0,2024-01-31,999\n")], Settings(currency="JPY"))
    assert loaded.arguments["amount_is"] == "order"


def test_a_price_is_taken_times_the_quantity(write):
    text = "注文番号,顧客ID,受注日,単価,数量\n1,7,2024-01-31,500,2\n"
    loaded = load([write(text)], Settings())
    assert loaded.arguments["amount_is"] == "unit"
    assert loaded.arguments["quantity"] == "数量"
    overridden = load([write(text)], Settings(amount_is="line"))
    assert "quantity" not in overridden.arguments


def test_woocommerce_writes_guests_as_zero(write):
    text = (
        "order_id,order_date,order_status,order_total,order_currency,customer_id\n"
        "1,2024-01-31,wc-completed,5,USD,0\n2,2024-01-31,wc-completed,5,USD,7\n"
    )
    loaded = load([write(text)], Settings())
    assert loaded.table["customer_id"].to_pylist() == [None, "7"]
    assert loaded.arguments["guests"] == "keep"


def test_an_unknown_status_is_asked_about(write):
    text = "顧客ID,受注日,金額,ステータス\n1,2024-01-31,5,ほげ\n"
    with pytest.raises(Problem) as caught:
        load([write(text + "2,2024-01-31,5,ほげ\n")], Settings())
    assert '"ほげ"' in caught.value.message
    assert "--status-map" in caught.value.hint
    told = load([write(text)], Settings(status_map={"ほげ": "cancelled"}))
    assert told.table["ステータス"].to_pylist() == ["cancelled"]
    assert "status" not in load([write(text)], Settings(columns={"status": ""})).arguments


# ---- currency ------------------------------------------------------------------------------------


def test_a_currency_that_nobody_names_is_asked_for(write):
    with pytest.raises(Problem, match="does not say in which currency") as caught:
        load([write(PLAIN + "1,2024-01-31,5\n")], Settings())
    assert "--currency USD" in caught.value.hint
    with pytest.raises(Problem, match="does not say"):  # dollars of many lands
        load([write(PLAIN + "1,2024-01-31,$5\n")], Settings())


def test_currencies_do_not_mix(write):
    rows = "customer_id,date,amount,currency\n1,2024-01-31,5,USD\n1,2024-01-31,5,EUR\n"
    with pytest.raises(Problem, match="holds 2 currencies: EUR, USD"):
        load([write(rows)], Settings())
    with pytest.raises(Problem, match="--currency is JPY, but column currency holds"):
        load([write(rows)], Settings(currency="JPY"))
    with pytest.raises(Problem, match="speaks of EUR, JPY"):
        load([write(PLAIN + "1,2024-01-31,€5\n1,2024-01-31,¥5\n")], Settings())


@pytest.mark.parametrize(
    ("headings", "amount", "expected"),
    [
        ("顧客ID,受注日,金額", "5", ("JPY", "japanese")),
        ("customer_id,date,amount", "€5", ("EUR", "sign")),
        ("customer_id,date,amount_gbp", "5", ("GBP", "amount_heading")),
    ],
)
def test_a_currency_is_told_from_what_the_file_says(write, headings, amount, expected):
    assert (
        said(load([write(f"{headings}\n1,2024-01-31,{amount}\n")], Settings()))["currency"]
        == expected
    )


# ---- Parquet, several files, customers -----------------------------------------------------------


def test_parquet_keeps_its_types(tmp_path):
    table = pa.table(
        {
            "customer_id": pa.array([2**63, 5], pa.uint64()),
            "ordered_at": pa.array(
                [datetime.datetime(2024, 1, 31, 12), None], pa.timestamp("ns", "Asia/Tokyo")
            ),
            "amount": pa.array([Decimal("1.50"), Decimal("2.00")], pa.decimal128(10, 2)),
            "unrelated": pa.array([{"a": 1}, None]),
        }
    )
    pq.write_table(table, tmp_path / "orders.parquet", row_group_size=1)
    loaded = load([tmp_path / "orders.parquet"], Settings(currency="USD"))
    assert loaded.table.equals(table.drop_columns("unrelated"))


def test_parquet_dates_as_numbers_or_text_are_read(tmp_path):
    for column in (
        pa.array([19970131]),
        pa.array(["1997-01-31"]),
        pa.array(["1997-01-31"]).dictionary_encode(),
    ):
        table = pa.table({"customer_id": ["1"], "date": column, "amount": ["11.77"]})
        pq.write_table(table, tmp_path / "orders.parquet")
        loaded = load([tmp_path / "orders.parquet"], Settings(currency="USD"))
        assert loaded.table["date"].to_pylist() == [datetime.datetime(1997, 1, 31)]
        assert loaded.table["amount"].to_pylist() == [Decimal("11.77")]


def test_files_are_read_as_one_and_rows_are_named_by_file(write):
    first = write(PLAIN + "1,2024-01-31,5\n", "january.csv")
    second = write("amount,order_date,customer_id\n6,2024-02-01,2\n7,what,3\n", "february.csv")
    with pytest.raises(Problem, match=r"february.csv, row 3, column order_date"):
        load([first, second], Settings(currency="JPY"))
    second.write_text("amount,order_date,customer_id\n6,2024-02-01,2\n", encoding="utf-8")
    assert load([first, second], Settings(currency="JPY")).table["amount"].to_pylist() == [5, 6]
    second.write_text("price,order_date,customer_id\n6,2024-02-01,2\n", encoding="utf-8")
    with pytest.raises(Problem, match=r'february\.csv has no column "amount"'):
        load([first, second], Settings(currency="JPY"))


def test_dimensions_come_along_and_nothing_else(write):
    text = (
        "customer_id,order_date,amount,area,source,address\n1,2024-01-31,5, west , web,somewhere\n"
    )
    wanted = ["area", "channel", "first_month", "area"]
    loaded = load([write(text)], Settings(currency="JPY", dimensions=wanted))
    own = ["customer_id", "order_date", "amount"]
    assert loaded.table.column_names == [*own, "source", "area"]
    assert loaded.table["area"].to_pylist() == ["west"]
    assert loaded.table["source"].to_pylist() == ["web"]
    assert loaded.arguments["dimensions"] == ["area"]
    assert loaded.arguments["channel"] == "source", "found by its role"
    loaded = load([write(text)], Settings(currency="JPY", columns={"channel": "area"}))
    assert loaded.arguments["channel"] == "area" and "dimensions" not in loaded.arguments
    assert "product" not in loaded.arguments


def test_a_table_of_customers_is_read(write):
    path = write(
        "会員ID,登録日,都道府県\n00012,2023/12/01,東京都\n00999,2024/01/05,大阪府\n",
        encoding="cp932",
    )
    table, arguments = load_customers(path, "会員ID", Settings(dimensions=["都道府県"]))
    assert arguments == {
        "customer_id": "会員ID",
        "registered_at": "登録日",
        "dimensions": ["都道府県"],
    }
    assert table["会員ID"].to_pylist() == ["00012", "00999"]
    assert table["登録日"].to_pylist()[1] == datetime.datetime(2024, 1, 5)
    with pytest.raises(Problem, match="no column of the customers' file"):
        load_customers(write("a,b\n1,2\n", "other.csv"), "会員ID", Settings())


def test_a_filter_on_a_column_of_orders_goes_by_the_librarys_name(write):
    settings = Settings(dimensions=["注文日", "支払合計", "対応状況(名称)"])
    loaded = load([write(EC_CUBE)], settings)
    assert loaded.arguments["dimensions"] == ["対応状況(名称)"]
    assert loaded.names["注文日"] == "ordered_at"
    assert loaded.names["支払合計"] == "amount"
    assert loaded.table["対応状況(名称)"].to_pylist()[2] == "注文取消し"
    assert loaded.table[loaded.arguments["status"]].to_pylist()[2] == "cancelled"
