"""`crm report`: what the analyses found, on the screen and as one page that needs nothing else."""

import ast
import csv
import datetime
import html.parser
import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

import crm_core
from crm_core import _cli
from crm_core._report import grid

LINES = 2  # of every order of the shop below


@pytest.fixture(scope="module")
def shop():
    """A Japanese shop's export: (rows as exported, what a person counts in it)."""
    draw = random.Random(20260321)
    rows, counted, number = [], {}, 1000
    for customer in range(120):
        day = datetime.datetime(2024, 1, 5, 10) + datetime.timedelta(hours=draw.randrange(6000))
        for _ in range(draw.choice([1, 1, 1, 2, 3, 5, 9])):
            number += 1
            total = draw.choice([2980, 5980, 12800, 35000])
            status = draw.choice(["発送済み"] * 9 + ["注文取消し"])
            name = f"secret-{customer:04d}" if customer % 20 else ""
            for line in range(LINES):
                rows.append(
                    [
                        number,
                        name,
                        f"{day:%Y/%m/%d %H:%M:%S}",
                        f"{total:,}",
                        status,
                        f"商品{line}",
                        ["自社", "楽天"][customer % 2],
                    ]
                )
            if status == "発送済み" and name:
                counted.setdefault(name, []).append((day.date(), total))
            day += datetime.timedelta(hours=draw.randrange(24, 4000))
    return rows, counted


@pytest.fixture
def export(shop, tmp_path):
    path = tmp_path / "受注.csv"
    with open(path, "w", encoding="cp932", newline="") as file:
        out = csv.writer(file)
        out.writerow(
            ["注文番号", "会員ID", "注文日", "支払合計", "対応状況(名称)", "商品名", "受注経路"]
        )
        out.writerows(shop[0])
    return path


def run(*arguments):
    return _cli.main([str(one) for one in arguments])


VOID = {"meta", "br", "hr"}


class Tables(html.parser.HTMLParser):
    """A page's tables as lists of rows of text; refuses tags that do not nest."""

    def __init__(self):
        super().__init__()
        self.open, self.tables, self.tags = [], [], []

    @staticmethod
    def of(text):
        reader = Tables()
        reader.feed(text)
        reader.close()
        assert reader.open == []
        return reader.tables

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.tables[-1][-1][-1] += data


def number_of(text):
    return int(re.sub(r"[^\d-]", "", text) or 0)


# ---- the whole job -------------------------------------------------------------------------------


def test_a_report_of_a_japanese_export(shop, export, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    counted = shop[1]
    page = tmp_path / "report.html"
    assert run("report", export, "-v", "-o", page, "--by", "受注経路") == 0
    screen = capsys.readouterr().out
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    orders = [order for of_one in counted.values() for order in of_one]
    repeaters = sum(len(of_one) > 1 for of_one in counted.values()) / len(counted)
    for shown in (screen, text):
        assert f"{len(counted):,}" in shown
        assert f"{len(orders):,}" in shown
        assert f"{round(sum(total for _, total in orders) / len(orders)):,}円" in shown
        assert "¥" not in shown
        assert f"{repeaters:.1%}" in shown
        assert "支払合計" in shown
        assert "キャンセル" in shown
        assert "楽天" in shown
        assert "secret" not in shown
    assert "優良" in screen and "デシル" in screen
    assert '<html lang="ja">' in text


def test_the_reports_deciles_and_months_add_up(shop, export, tmp_path, capsys):
    counted = shop[1]
    assert run("report", export, "-q", "-o", tmp_path / "report.html") == 0
    assert capsys.readouterr().out == ""
    tables = Tables.of((tmp_path / "report.html").read_text(encoding="utf-8"))
    revenue = {name: sum(total for _, total in of_one) for name, of_one in counted.items()}
    deciles = next(table for table in tables if table[0][0] == "デシル")
    assert sum(number_of(row[1]) for row in deciles[1:]) == len(counted)
    assert sum(number_of(row[2]) for row in deciles[1:]) == sum(revenue.values())
    best = sorted(revenue.values(), reverse=True)[: -(-len(revenue) // 10)]
    assert number_of(deciles[1][2]) == sum(best)
    recency = [row for table in tables for row in table if row[0] in ("30日以内", "31〜90日")]
    last = max(day for of_one in counted.values() for day, _ in of_one)
    near = [of_one for of_one in counted.values() if (last - max(of_one)[0]).days <= 90]
    people = [re.findall(r"([\d,]+)人", cell) for row in recency for cell in row[1:]]
    assert sum(number_of(one[0]) for one in people if one) == len(near)
    months = next(table for table in tables if table[0][0] == "月")
    new = months[0].index("新規")
    firsts = {name: min(of_one) for name, of_one in counted.items()}
    by_month = {row[0]: number_of(row[new]) for row in months[1:]}
    over = {f"{day:%Y-%m}" for day, _ in firsts.values()} - {f"{last:%Y-%m}"}
    assert f"{last:%Y-%m}" not in by_month  # the month is not over
    for month in over:
        assert by_month[month] == sum(
            total for day, total in firsts.values() if f"{day:%Y-%m}" == month
        )


def test_an_english_report_in_dollars_says_what_cpms_threshold_is(tmp_path, capsys):
    path = tmp_path / "orders.csv"
    path.write_text(
        "customer_id,order_date,amount\n1,2024-01-31,10.00\n1,2024-03-31,30.50\n2,2024-02-01,5\n"
    )
    assert run("report", path, "--currency", "USD", "--as-of", "2024-12-31") == 0
    assert "7 × the mean order value here, $106.17" in " ".join(capsys.readouterr().out.split())


def test_check_shows_how_a_file_would_be_read_and_stops(export, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert run("report", export, "--check", "--lang", "en") == 0
    out = capsys.readouterr().out
    assert "cp932" in out
    assert "--amount-is" in out
    assert "Deciles" not in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report", "none.csv"], "there is no file none.csv"),
        (["report", "{export}", "--amount", "合計金額"], 'amount: there is no column "合計金額"'),
        (["report", "{export}", "--as-of", "soon"], "--as-of: soon is not a date"),
        (["report", "{export}", "--where", "受注経路"], "is not COLUMN=VALUE"),
        (["report", "{export}", "--status-map", "発送済み"], "is not WORD=MEANING"),
        (["report", "{export}", "--currency", "YENS"], "YENS"),
        (["run", "rmf", "{export}"], "rmf"),
        (["run", "rfm", "{export}", "--option", "levles=3"], "levles"),
    ],
)
def test_what_the_user_can_put_right_is_said_without_a_traceback(
    export, capsys, arguments, message
):
    assert run(*(one.format(export=export) for one in arguments)) in (2, 3)
    err = capsys.readouterr().err
    assert err.startswith("crm: ")
    assert message in err
    assert "Traceback" not in err
    assert "secret" not in err


def test_a_row_that_the_library_refuses_is_named_as_a_spreadsheet_shows_it(tmp_path, capsys):
    path = tmp_path / "orders.csv"
    path.write_text("customer_id,order_date,amount\n1,2024-01-31,5\n1,2024-01-31,0.5\n")
    assert run("report", path, "--currency", "JPY") == 3
    err = capsys.readouterr().err
    assert "orders.csv, row 3" in err
    assert "amount" in err
    assert "0.5" not in err
    path.write_text("customer_id,order_date,amount\n1,2024-01-31,5\n,2024-01-31,5\n")
    assert run("report", path, "--currency", "JPY", "--guests", "error") == 3
    assert "--guests drop" in capsys.readouterr().err


def test_a_table_of_customers_shows_who_never_ordered(shop, export, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    path = tmp_path / "会員.csv"
    names = [*shop[1], "nobody-1", "nobody-2", "nobody-3"]
    path.write_text("会員ID,登録日\n" + "".join(f"{name},2023/01/01\n" for name in names), "utf-8")
    assert run("report", export, "--customers", path, "-o", tmp_path / "report.html") == 0
    tables = Tables.of((tmp_path / "report.html").read_text(encoding="utf-8"))
    prospects = next(row for table in tables for row in table if row[0] == "見込み")
    assert prospects[1].split()[0] == "3"
    assert f">{len(shop[1])}</dd>" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_page_is_written_though_nobody_reads_the_screen(export, tmp_path):
    command = [sys.executable, "-m", "crm_core._cli", "report", export, "-o", tmp_path / "r.html"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert "</html>" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_filter_counts_its_orders_only(shop, export, tmp_path, capsys):
    assert (
        run("report", export, "--where", "受注経路=楽天", "-q", "-o", tmp_path / "report.html") == 0
    )
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    chosen = {name for name in shop[1] if int(name[-4:]) % 2}
    assert f'<dt>顧客数</dt><dd class="value">{len(chosen)}</dd>' in text
    assert "受注経路 = 楽天" in text


def test_one_analysis_as_csv_and_as_parquet(shop, export, tmp_path, capsys):
    parquet = pytest.importorskip("pyarrow.parquet")
    assert run("run", "summary", export, "-o", tmp_path / "summary.parquet") == 0
    assert run("run", "summary", export, "-o", tmp_path / "summary.csv") == 0
    table = parquet.read_table(tmp_path / "summary.parquet").to_pydict()
    assert dict(zip(table["customer_id"], table["orders"], strict=True)) == {
        name: len(of_one) for name, of_one in shop[1].items()
    }
    with open(tmp_path / "summary.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["customer_id"] for row in rows] == table["customer_id"]
    assert run("run", "summary", export, "-o", tmp_path / "summary.txt") == 2


def test_clv_of_a_file_of_orders_makes_its_summary_and_fits_its_models(shop, export, capsysbinary):
    assert run("run", "clv", export) == 0
    out, err = capsysbinary.readouterr()
    rows = list(csv.DictReader(out.decode().splitlines()))
    assert {row["customer_id"] for row in rows} == set(shop[1])
    names = [name for name, of_one in shop[1].items() for _ in of_one]
    orders = [order for of_one in shop[1].values() for order in of_one]
    data = {
        "customer_id": names,
        "ordered_at": [day for day, _ in orders],
        "amount": [total for _, total in orders],
    }
    summary = crm_core.clv_summary(crm_core.Orders(data, currency="JPY"))
    models = crm_core.BestModel().fit(summary), crm_core.GammaGamma().fit(summary)
    assert f"fit: {models[0].model_}, fitted to this file" in err.decode()
    of_library = crm_core.clv(*models, summary).to_dict()
    found = {row["customer_id"]: float(row["clv"]) for row in rows}
    for name, worth in zip(of_library["customer_id"], of_library["clv"], strict=True):
        assert found[name] == pytest.approx(worth)


def test_the_analyses_are_listed_and_described(capsys):
    assert run("tasks") == 0
    names = capsys.readouterr().out.split()
    assert {"rfm", "cpm", "decile", "monthly", "lorenz"} <= set(names)
    assert run("describe", "rfm") == 0
    assert isinstance(json.loads(capsys.readouterr().out), dict)


def test_the_version_is_the_librarys(capsys):
    with pytest.raises(SystemExit) as caught:
        run("--version")
    assert caught.value.code == 0
    assert capsys.readouterr().out.strip() == f"crm {crm_core.__version__}"


def test_importing_the_library_loads_none_of_the_reports_packages():
    packages = "rich", "jinja2", "pyarrow", "argparse", "crm_core._cli"
    code = f"import sys, crm_core; print([name for name in {packages} if name in sys.modules])"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert shown.strip() == "[]"


def test_the_headline_is_what_the_months_add_up_to(tmp_path, capsys):
    """A customer who has only a refund is in the shop's revenue: 100 - 30 + 20, of a guest."""
    file = tmp_path / "refunds.csv"
    file.write_text(
        "order_id,customer_id,order_date,line_total\n"
        "1,a,2024-01-13,100\n2,b,2024-01-14,-30\n3,,2024-02-14,20\n",
        encoding="utf-8",
    )
    assert _cli.main(["report", str(file), "--currency", "USD"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "Revenue, with guests $90.00" in shown
    assert "Customers who have refunds and no order that counts come to -$30.00" in shown


# ---- modules -------------------------------------------------------------------------------------


def imports_of(path):
    """Modules of the report that a module imports, in functions too, but not for types alone."""
    found = set()

    def look(node):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            if isinstance(child, ast.ImportFrom) and child.level == 1:
                found.update([child.module] if child.module else [one.name for one in child.names])
            look(child)

    look(ast.parse(path.read_text(encoding="utf-8")))
    return found


def test_no_module_of_the_report_imports_itself_by_way_of_others():
    folder = Path(grid.__file__).parent
    paths = {path.stem: path for path in folder.glob("*.py") if path.stem != "__init__"}
    left = {name: imports_of(path) & {*paths} for name, path in paths.items()}
    assert left["findings"] >= {"cycle", "outlook", "result"}
    while left:
        free = {name for name, needed in left.items() if not needed & {*left}}
        assert free, f"these import each other: {sorted(left)}"
        left = {name: needed for name, needed in left.items() if name not in free}
