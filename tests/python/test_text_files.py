"""Text files as shops write them: messy CSV."""

import itertools

import pytest
from sources import AMOUNTS, JAPANESE, PLAIN, ROWS, amounts, notes, texts

from crm_core._cli import main
from crm_core._problem import Problem
from crm_core._reading.order_reading import load
from crm_core._reading.settings import Settings
from crm_core._reading.source import Source


def test_excels_first_line_names_the_delimiter(write):
    path = write("sep=;\r\n" + ROWS.replace(",", ";").replace("\n", "\r\n"))
    assert amounts(path) == AMOUNTS
    assert not notes(load([path], Settings()))
    assert Source(path).row_name(0) == "orders.csv, row 3"


PREAMBLE = "売上レポート,,,\n期間: 2024/01/01 - 2024/01/31,,,\n,,,\n"


@pytest.mark.parametrize("above", [PREAMBLE, "売上レポート\n\n期間: 2024/01/01 - 2024/01/31\n"])
def test_titles_above_the_headings_are_left_out_and_said(write, above):
    path = write(above + "注文番号,注文日,会員ID,合計金額\n1,2024/1/5,a,1000\n2,2024/1/6,b,x\n")
    with pytest.raises(Problem, match=r"orders\.csv, row 6, column 合計金額: not an amount"):
        load([path], Settings())
    loaded = load([path], Settings(bad_rows="drop"))
    assert loaded.table["合計金額"].to_pylist() == [1000, None]
    assert notes(loaded)["preamble"] == {"rows": 2, "file": "orders.csv", "row": 4}


def test_headings_that_nobody_knows_are_found_by_their_shape(write):
    path = write("Bericht 2024\n\nKunde;Tag;Summe\nm1;2024-01-05;12,50\nm2;2024-01-06;7,00\n")
    assert Source(path).headings == ["Kunde", "Tag", "Summe"]
    assert Source(path).row_name(0) == "orders.csv, row 4"


@pytest.mark.parametrize(
    "first", ["1,secret@x.org,2024-01-31,5,USD", "secret,2024-01-31,19.80", "secret@x.org\t12"]
)
def test_a_first_line_of_values_is_never_shown_as_headings(write, first):
    with pytest.raises(Problem, match="has no headings: its first line holds values") as caught:
        load([write(f"{first}\n{first}\n")], Settings())
    assert "secret" not in caught.value.message + caught.value.hint


def test_a_file_of_baskets_has_no_titles(write):
    path = write("milk,bread,jam\nmilk\nbread,milk\nmilk\njam\n")
    assert Source(path).headings == ["milk", "bread", "jam"]


def test_a_field_may_be_long(write):
    text = "x" * 300_000
    path = write(ROWS + f'3,"{text}",2024-02-01,5.00,USD\n')
    assert texts(path, "customer_id")[2] == (text,)


def test_a_delimiter_is_one_character(write):
    for said in ("ab", "\n", "", '"'):
        with pytest.raises(Problem, match="is not one character"):
            load([write(ROWS)], Settings(delimiter=said))


def test_rows_of_delimiters_only_are_counted_and_keep_the_numbers_right(write):
    path = write(PLAIN + "1,a,2024-01-31,5,USD\n,,,,\n\n , ,,,\n2,b,2024-02-01,x,USD\n,,,,\n\n\n")
    with pytest.raises(Problem, match=r"row 6, column amount: not an amount"):
        load([path], Settings())
    loaded = load([path], Settings(bad_rows="drop"))
    assert loaded.table.num_rows == 2
    assert notes(loaded)["blank_rows"] == {"rows": 4, "file": "orders.csv"}


def test_numbers_are_right_after_broken_and_blank_rows(write):
    good = "1,a,2024-01-31,5,USD\n"
    path = write(
        PLAIN + good + "1,2\n" + ",,,,\n" + '"2\n2",b,2024-02-01,5,USD\n' + "9\n,,,,\n" + good
    )
    source = Source(path)
    table = source.read(["order_id"], lambda share: None, True)
    assert table["order_id"].to_pylist() == ["1", "2\n2", "1"]
    assert [source.row_name(row) for row in range(3)] == [
        "orders.csv, row 2",
        "orders.csv, row 5",
        "orders.csv, row 8",
    ]
    assert source.dropped == 2


@pytest.mark.parametrize(
    "last",
    [
        "合計,,,1500,",
        ",,,1500,",
        ",合計,,1500,",
        ",,合計,1500,",
        ",,,,合計 1500",
        "合計",
    ],
)
def test_a_line_of_totals_is_never_an_order(write, last, capsys):
    path = write(JAPANESE + last + "\n", encoding="cp932")
    assert main(["run", "summary", str(path)]) == 3
    assert "row 4" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_byte_orders_and_line_ends(write, encoding, ends):
    path = write(JAPANESE.replace("\n", ends), encoding=encoding)
    assert texts(path, "注文番号", "商品名") == [("1", "コーヒー"), ("2", "紅茶")]


def test_quoted_line_ends_stay_in_their_cell(write):
    path = write(PLAIN + '1,"a\r\nb",2024-01-31,5,USD\n2,b,2024-01-31,x,USD\n')
    assert texts(path, "customer_id") == [("a\r\nb",), ("b",)]
    assert Source(path).row_name(1) == "orders.csv, row 3"


def test_repeated_and_blank_headings_matter_where_they_are_needed(write):
    path = write("order_id,note,customer_id,note,order_date,,amount,\n1,x,a,y,2024-01-31,,5,\n")
    assert amounts(path, currency="USD") == [5]
    with pytest.raises(Problem, match='two columns are called "note"'):
        load([path], Settings(currency="USD", dimensions=["note"]))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty: it has no headings and no rows"),
        (b"%PDF-1.7 ...", "is a PDF document, not a table"),
        (b"\x89PNG\r\n\x1a\n...", "is an image, not a table"),
        (b"\xff\xd8\xff\xe0...", "is an image, not a table"),
        (b"\n <!DOCTYPE html><html><body>Login</body></html>", "is a web page"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "is a web page"),
        (b"<?xml version='1.0'?><Workbook/>", "is a web page"),
        (ROWS.encode() + b"\0" * 4096, "holds NUL bytes, the first in line 4"),
        (JAPANESE.encode()[:-3], ".* or it ends within a character"),
        (JAPANESE.encode() * 9 + b"\xff\n", "is UTF-8 with bytes in it that are not"),
        (b"ORC\n...", "is an ORC file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...", "cannot be opened as a spreadsheet"),
        (b"PAR1...", "is not a whole Parquet file"),
        (b"ARROW1\0\0...", "is not a whole Arrow file"),
        (b"SQLite format 3\0...", "cannot be read as a SQLite file"),
        (b"12345678DUCK....", "cannot be read as a DuckDB file"),
    ],
)
def test_what_is_no_table_is_said_in_one_sentence(write, data, message):
    with pytest.raises(Problem, match=f"orders.csv {message}"):
        load([write(data)], Settings())


def test_headings_alone_are_no_orders_and_said_to_be(write):
    loaded = load([write(PLAIN)], Settings(currency="USD"))
    assert loaded.table.num_rows == 0
    assert notes(loaded) == {"no_rows": {"file": "orders.csv"}}


def test_a_directory_without_tables_is_no_file(tmp_path):
    with pytest.raises(Problem, match="is a directory without Parquet files"):
        Source(tmp_path)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
@pytest.mark.parametrize(
    "names", ["Käufe Müller Größe Straße", "Prénom Élodie déjà façon", "Año niño señor São"]
)
def test_western_files_are_read_and_the_choice_is_said(write, encoding, names):
    rows = "".join(f"{at};{name};2024-01-31;5;EUR\n" for at, name in enumerate(names.split()))
    path = write(PLAIN.replace(",", ";") + rows, encoding=encoding)
    loaded = load([path], Settings())
    assert loaded.table["customer_id"].to_pylist() == names.split()
    choices = {choice.role: (choice.value, choice.reason) for choice in loaded.choices}
    assert choices["encoding"] == ("cp1252", "western")


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        *itertools.product(
            ["コーヒー テーブル", "佐藤 鈴木 渡邉", "ひらがな"], ["cp932", "euc_jp"]
        ),
        ("ﾔﾏﾀﾞ ｽｽﾞｷ", "cp932"),
    ],
)
def test_japanese_cells_under_english_headings(write, encoding, names):
    rows = "".join(f"{at},{name},2024-01-31,5,JPY\n" for at, name in enumerate(names.split()))
    path = write(PLAIN + rows, encoding=encoding)
    assert [one for (one,) in texts(path, "customer_id")] == names.split()


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "euc_jp", "utf-16"])
def test_second_bytes_are_no_delimiters(write, delimiter, encoding):
    # In Shift_JIS 充 ends with the byte of |, 表 with that of a backslash.
    text = JAPANESE.replace("紅茶", "充表ポ").replace(",", delimiter)
    assert texts(write(text, encoding=encoding), "商品名", "小計")[1] == ("充表ポ", "500")
