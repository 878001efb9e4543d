"""Files, layouts, tables and partitions that are refused, and what is said of each."""

import io
import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

import crm_core as crm
from crm_core import _cli

ORDERS = "order_id,customer_id,order_date,total\n1,a,2024-01-05,10\n2,b,2024-02-05,20\n"


def refused(path: Path | str, says: str, **options: object) -> crm.CrmError:
    with pytest.raises(crm.CrmError, match=says) as caught:
        crm.read_orders(path, **{"currency": "USD", **options})  # type: ignore[arg-type]
    return caught.value


def packed(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, ORDERS)
    return file.getvalue()


def test_archives_that_cannot_be_opened_or_lack_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(packed("jan.csv", "feb.csv"))
    assert len(crm.read_orders(f"{path}#jan.csv", currency="USD")) == 2
    missing = refused(f"{path}#mar.csv", 'a.zip has no file "mar.csv"')
    assert "jan.csv" in str(missing.hint) and "feb.csv" in str(missing.hint)
    path.write_bytes(packed("Index/Document.iwa", "preview.jpg"))
    refused(path, "is a Numbers document")
    locked = bytearray(packed("jan.csv"))
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        locked[locked.find(mark) + flags] |= 1  # bit 0: encrypted
    path.write_bytes(locked)
    assert refused(path, "a.zip is protected by a password").hint == "Unpack it first."
    path.write_bytes(packed("jan.csv")[:60])
    refused(path, "is not a whole zip file")


def test_bytes_that_are_not_of_the_encoding_that_was_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(ORDERS.replace("total", "合計").encode("cp932"))
    assert "auto" in str(refused(path, "a.csv is not valid utf-8", encoding="utf-8").hint)
    # Objects whose bytes are looked at first are well.
    rows = [{"order_id": str(at), "customer_id": "a", "order_date": "2024-01-05", "total": "1"}
            for at in range(20_000)]  # fmt: skip
    path.write_bytes(json.dumps(rows).encode() + b"\xff")
    assert path.stat().st_size > 1 << 20
    refused(path, "a.csv is not valid utf-8", encoding="utf-8")


LAYOUT = """
name = "Mine"
reads = "orders"
identify = [["No", "Day"]]
[roles]
customer_id = ["Who"]
ordered_at = ["Day"]
amount = ["Sum"]
"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (LAYOUT.replace('"orders"', '"baskets"').encode(), "layout mine: reads is 'baskets'"),
        (LAYOUT.encode("utf-16"), "mine.toml is not UTF-8"),
        (
            (LAYOUT + '[says]\nSum = { en = "Paid" }\n').encode(),
            'layout mine: says."Sum" is no sentence',
        ),
        ((LAYOUT + "colour = 1\n").encode(), "layout mine: "),
    ],
)
def test_layouts_of_ones_own_that_are_wrong(tmp_path: Path, text: bytes, says: str) -> None:
    orders, layout = tmp_path / "a.csv", tmp_path / "mine.toml"
    orders.write_text("No,Day,Who,Sum\n1,2024-01-05,a,10\n")
    layout.write_text(LAYOUT)
    assert len(crm.read_orders(orders, currency="USD", layout=str(layout))) == 1
    layout.write_bytes(text)
    refused(orders, says, layout=str(layout))


def test_a_layout_of_events_is_none_of_orders(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(ORDERS)
    refused(path, "ga4_events is of events, and these are orders", layout="ga4_events")


def test_two_conditions_on_one_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.csv"
    path.write_text(ORDERS)
    run = ["run", "summary", str(path), "--currency", "USD"]
    both = ["--where", "customer_id=a", "--where", "customer_id=b"]
    assert _cli.main([*run, *both]) != 0
    assert "--where: two conditions on customer_id" in capsys.readouterr().err
    assert _cli.main([*run, "--where", "customer_id=a|b"]) == 0


def test_rules_that_are_no_toml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    orders, rules = tmp_path / "a.csv", tmp_path / "rules.toml"
    orders.write_text(ORDERS)
    for text in (b"[caps", b"a = '\xff'"):
        rules.write_bytes(text)
        command = ["today", str(orders), "--currency", "USD", "--rules", str(rules)]
        assert _cli.main(command) != 0
        assert "rules.toml is no TOML file" in capsys.readouterr().err


def test_columns_and_cells_that_a_table_cannot_give(tmp_path: Path) -> None:
    ids = ["a" * 32_767, "b"]
    rows = {"customer_id": ids, "ordered_at": ["2024-01-05"] * 2, "amount": [1, 2]}
    table = crm.decile(crm.Orders(rows, currency="JPY"))
    with pytest.raises(KeyError, match="named twice"):
        table.select("decile", "decile")
    table.to_xlsx(tmp_path / "a.xlsx")
    rows["customer_id"] = ["a" * 32_768, "b"]
    with pytest.raises(crm.DataError, match=r"a cell of a sheet holds 32,767 letters"):
        crm.decile(crm.Orders(rows, currency="JPY")).to_xlsx(tmp_path / "b.xlsx")


def test_partitions_of_files_and_of_nothing(tmp_path: Path) -> None:
    rows = {"customer_id": ["a", "b", "a"], "ordered_at": ["2024-01-05"] * 3, "amount": [1, 2, 4]}
    table = pa.table(rows)
    pq.write_table(table, tmp_path / "a.parquet")
    feather.write_feather(table, str(tmp_path / "b.arrow"), compression="uncompressed")
    both = [tmp_path / "a.parquet", str(tmp_path / "b.arrow")]
    reading = {"currency": "JPY", "count": 3, "date_format": "%Y-%m-%d"}
    parts = crm.engine.partitions(both, **reading)
    found = crm.engine.run("summary", parts, {"as_of": "2024-02-01"}).read_all().to_pydict()
    totals = dict(zip(found["customer_id"], found["orders"], strict=True))
    assert totals == {"a": 4, "b": 2}
    (tmp_path / "c.csv").write_text(ORDERS)
    for tables, says in (
        ([], "there are no tables to read"),
        ([tmp_path / "c.csv"], r"a file with the ending '\.csv' is no table of partitions"),
        ([table, table.drop_columns(["amount"])], "table 1: column `amount` is missing"),
    ):
        with pytest.raises(crm.SchemaError, match=says):
            crm.engine.partitions(tables, **reading)
    with pytest.raises(crm.OptionError, match="cohort_window"):
        options = {"as_of": "2024-02-01", "cohort_window": "90d"}
        crm.engine.run("repeat_rate", parts, options)
