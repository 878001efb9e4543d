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
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import crm_core
from crm_core import _cli
from crm_core._report import figures, findings, grid, outlook, page, words
from crm_core._report.figures import Series
from crm_core._report.findings import Findings, Totals
from crm_core._report.headings import Choice
from crm_core._report.money import Currency, brief, money
from crm_core._report.result import Frame
from crm_core._report.settings import Note

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


# ---- the whole job -------------------------------------------------------------------------------


def test_a_report_of_a_japanese_export(shop, export, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    counted = shop[1]
    assert run("report", export, "-o", tmp_path / "report.html", "--by", "受注経路") == 0
    screen = capsys.readouterr().out
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    orders = [order for of_one in counted.values() for order in of_one]
    repeaters = sum(len(of_one) > 1 for of_one in counted.values()) / len(counted)
    for shown in (screen, text):
        assert f"{len(counted):,}" in shown
        assert f"{len(orders):,}" in shown
        assert f"¥{round(sum(total for _, total in orders) / len(orders)):,}" in shown
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
    assert sum(_number(row[1]) for row in deciles[1:]) == len(counted)
    assert sum(_number(row[2]) for row in deciles[1:]) == sum(revenue.values())
    best = sorted(revenue.values(), reverse=True)[: -(-len(revenue) // 10)]
    assert _number(deciles[1][2]) == sum(best)
    heat = next(table for table in tables if table[0][1:] == ["F1", "F2", "F3", "F4", "F5"])
    assert sum(_number(cell) for row in heat[1:] for cell in row[1:]) == len(counted)
    months = next(table for table in tables if table[0][0] == "月")
    new = months[0].index("新規売上")
    firsts = {name: min(of_one) for name, of_one in counted.items()}
    assert sum(_number(row[new]) for row in months[1:]) == sum(
        total for _, total in firsts.values()
    )
    by_month = {row[0]: _number(row[new]) for row in months[1:]}
    for month in {f"{day:%Y-%m}" for day, _ in firsts.values()}:
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
    assert run(*(one.format(export=export) for one in arguments)) == 2
    err = capsys.readouterr().err
    assert err.startswith("crm: ")
    assert message in err
    assert "Traceback" not in err
    assert "secret" not in err


def test_a_row_that_the_library_refuses_is_named_as_a_spreadsheet_shows_it(tmp_path, capsys):
    path = tmp_path / "orders.csv"
    path.write_text("customer_id,order_date,amount\n1,2024-01-31,5\n1,2024-01-31,0.5\n")
    assert run("report", path, "--currency", "JPY") == 2
    err = capsys.readouterr().err
    assert "orders.csv, row 3" in err
    assert "amount" in err
    assert "0.5" not in err
    path.write_text("customer_id,order_date,amount\n1,2024-01-31,5\n,2024-01-31,5\n")
    assert run("report", path, "--currency", "JPY", "--guests", "error") == 2
    assert "--guests drop" in capsys.readouterr().err


def test_a_table_of_customers_shows_who_never_ordered(shop, export, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    path = tmp_path / "会員.csv"
    names = [*shop[1], "nobody-1", "nobody-2", "nobody-3"]
    path.write_text("会員ID,登録日\n" + "".join(f"{name},2023/01/01\n" for name in names), "utf-8")
    assert run("report", export, "--customers", path, "-o", tmp_path / "report.html") == 0
    tables = Tables.of((tmp_path / "report.html").read_text(encoding="utf-8"))
    segments = next(table for table in tables if table[0][0] == "セグメント")
    prospects = next(row for row in segments if row[0] == "見込み")
    assert _number(prospects[1]) == 3
    assert f"顧客数 {len(shop[1])} " in capsys.readouterr().out


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
    assert f"<dt>顧客数</dt><dd>{len(chosen)}</dd>" in text
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


# ---- the page ------------------------------------------------------------------------------------

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


def _number(text):
    return int(re.sub(r"[^\d-]", "", text) or 0)


def found(**changes):
    """Findings of a little shop, made by hand."""
    day = datetime.date(2024, 3, 31)
    segments = [
        ("excellent", "active", 3, 900.0),
        ("excellent", "churned", 1, 300.0),
        ("first", "active", 5, 50.0),
        ("first", "churned", 6, 60.0),
    ]
    by_state = {
        name: [row[at] for row in segments]
        for at, name in enumerate(("segment", "state", "customers", "revenue"))
    }
    values = {
        "as_of": day,
        "currency": Currency("EUR", 2),
        "totals": Totals(15, 40, 1310.0, 32.75, 4, 8, datetime.date(2024, 1, 1), day),
        "monthly": Frame(
            "monthly",
            {
                "month": [datetime.date(2024, 1, 1), datetime.date(2024, 2, 1)],
                "customers": [3, 4],
                "orders": [3, 4],
                "revenue": [30.0, 50.0],
                "new_customers": [3, 1],
                "new_revenue": [30.0, 10.0],
                "repeat_customers": [0, 3],
                "repeat_revenue": [0.0, 40.0],
                "guest_orders": [0, 0],
                "guest_revenue": [0.0, 0.0],
            },
        ),
        "rfm_cells": Frame(
            "rfm_cross",
            {
                "r": [2, 2, 1, 1],
                "f": [2, 1, 2, 1],
                "customers": [2, 0, 0, 1],
                "revenue": [30.0, 0.0, 0.0, 1.0],
            },
        ),
        "rfm_segments": Frame(
            "rfm_segments",
            {
                "segment": ["champions", "dormant"],
                "customers": [2, 1],
                "revenue": [30.0, 1.0],
                "revenue_share": [30 / 31, 1 / 31],
            },
        ),
        "cpm_segments": Frame("cpm_segments", by_state, {"options": {"churn_days": 240}}),
        "cpm_history": Frame("cpm_segments", {"as_of": [day] * 4, **by_state}),
        "deciles": findings._groups(
            Frame("decile", {"decile": [1, 2, 2], "revenue": [30.0, 15.0, 5.0]}), "decile"
        ),
        "abc": findings._groups(
            Frame("abc", {"abc": ["A", "B", "C"], "revenue": [30.0, 15.0, 5.0]}), "abc"
        ),
        "cycle_levels": Frame(
            "cycle",
            {
                "level": ["ok", "lost"],
                "customers": [2, 1],
                "customer_share": [2 / 3, 1 / 3],
                "reached_today": [0, 1],
                "expected_revenue": [12.5, 0.0],
            },
        ),
        "cycle_expected": Frame("cycle", {"period": ["days_7", "later"], "customers": [2, 1]}),
        "lorenz": Frame(
            "lorenz",
            {
                "share_customers": [0.0, 1 / 3, 2 / 3, 1.0],
                "share_revenue": [0.0, 0.1, 0.4, 1.0],
                "gini": [1 / 3] * 4,
            },
        ),
        "gini": 1 / 3,
        "reconciliation": Frame(
            "reconciliation",
            {
                "reason": ["counted"],
                "rows": [40],
                "orders": [40],
                "customers": [15],
                "amount": [1310.0],
            },
        ),
        "breakdowns": {},
        "outlook": {},
        "definitions": [Frame("rfm", {}, {"analysis": "rfm"}, "00ff")],
        "notes": [Note("cpm_money", {"amount": "€229.25", "currency": "EUR"})],
    }
    return Findings(**{**values, **changes})


def render(lang="en", chosen=(), notes=(), title=None, source="orders.csv", **changes):
    return page.render(
        found(**changes), chosen, notes, source=source, title=title, lang=lang, version="0.1.0"
    )


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_the_page_needs_nothing_from_outside(lang):
    text = render(lang)
    reader = Tables()
    reader.feed(text)
    assert not {"script", "link", "img", "iframe", "object", "embed"} & {
        tag for tag, _ in reader.tags
    }
    for _, attributes in reader.tags:
        assert not {"src", "srcset", "onload", "onclick"} & set(attributes)
        assert attributes.get("href", "#").startswith("#")
    assert set(re.findall(r"https?://[^\"' ]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert "url(" not in text and "@import" not in text


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_the_page_is_accessible(lang):
    text = render(lang)
    Tables.of(text)
    reader = Tables()
    reader.feed(text)
    named = {attributes["id"] for _, attributes in reader.tags if "id" in attributes}
    drawings = [
        attributes
        for tag, attributes in reader.tags
        if tag == "svg" and attributes.get("aria-hidden") != "true"
    ]
    assert len(drawings) == 3
    for attributes in drawings:
        assert attributes["role"] == "img"
        assert set(attributes["aria-labelledby"].split()) <= named
    for tag, attributes in reader.tags:
        if tag == "th":
            assert attributes["scope"] in ("col", "row")
        if tag == "a":
            assert attributes["href"][1:] in named
    assert ("html", {"lang": lang}) in reader.tags
    assert sum(tag == "h1" for tag, _ in reader.tags) == 1


def test_text_of_the_file_is_never_markup():
    nasty = "<script>alert(1)</script>"
    text = render(
        title=nasty,
        source=nasty,
        chosen=[Choice("amount", nasty, "differs", nasty)],
        notes=[
            Note("filled", {"column": nasty, "rows": 3}),
            Note("statuses", {"map": {"completed": [nasty]}}),
        ],
        breakdowns={nasty: Frame("cpm_segments", {nasty: [nasty], "customers": [1]})},
        definitions=[Frame("rfm", {}, {"where": nasty}, nasty)],
    )
    Tables.of(text)
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 8


def test_without_orders_the_page_keeps_to_what_is_known():
    none = Totals(0, 0, 0.0, None, 0, 0, None, None)
    text = render(totals=none, gini=None, as_of=None, notes=[Note("no_orders")])
    Tables.of(text)
    assert "No order counts up to this date." in text
    assert 'id="reconciliation"' in text
    assert 'id="rfm"' not in text


def test_where_shares_are_undefined_there_is_no_curve():
    text = render(gini=None)
    assert "shares are not defined" in text
    assert 'aria-labelledby="lorenz-t' not in text


METHODS = {"model": {"en": "By model", "ja": "モデル"}, "markov": {"en": "By moves", "ja": "遷移"}}


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_the_outlook_shows_what_the_analyses_could_say(lang):
    answers = {
        "base_forecast": {
            "method": ["model", "markov", "model", "markov"],
            "until": [datetime.date(2024, 3, 31)] * 2 + [datetime.date(2025, 3, 31)] * 2,
            "active": [9.0, None, 7.5, 8.25],
            "expected_orders": [20.5, None, 12.0, 14.0],
            "expected_revenue": [200.0, None, 120.0, 140.0],
            "expected_revenue_low": [180.0, None, 100.0, 120.0],
            "expected_revenue_high": [220.0, None, 140.0, 160.0],
            "revenue_multiple": [0.8, None, 0.62, 0.71],
            "actual_active": [10.0, 10.0, None, None],
            "actual_orders": [21.0, 21.0, None, None],
            "actual_revenue": [210.0, 210.0, None, None],
        },
        "threshold_sweep": {
            "threshold": [60.0, 240.0],
            "flagged": [9, 4],
            "returned": [3, 0],
            "returned_rate": [1 / 3, 0.0],
            "others_returned_rate": [0.5, 0.4],
            "near_rate": [0.1, None],
        },
    }

    def run(task, **options):
        if task not in answers:
            raise crm_core.DataError("needs more days of history")
        return Frame(task, answers[task], labels={"method": METHODS})

    tables = outlook.look_ahead(run, {})
    assert list(tables) == ["forecast", "forecast_tested", "sweep"]
    shown = Tables.of(render(lang, outlook=tables))
    ahead, before, sweep = (
        next(
            table
            for table in shown
            if len(table[0]) == len(frame.columns)
            and table[0][1] == words.column(list(frame.columns)[1], lang)
        )
        for frame in tables.values()
    )
    assert [row[0] for row in ahead[1:]] == [
        METHODS["model"][lang],
        METHODS["markov"][lang],
    ]
    assert ahead[1][1:4] == ["2025-03-31", "7.5", "12.0"] and ahead[2][-1] == "0.71"
    assert len(before) == 2 and before[1][1:3] == ["9.0", "10.0"]
    assert sweep[1] == ["60", "9", "3", "33.3%", "50.0%", "10.0%"] and sweep[2][-1] == "–"
    assert words.page("outlook", lang) not in render(lang)


def test_the_same_findings_give_the_same_bytes():
    assert render() == render()


def test_no_sentence_is_missing_in_either_language():
    for table in (words._VALUES, words._COLUMNS, words.REASONS, words.NOTES, words._PAGE):
        for key, pair in table.items():
            assert len(pair) == len(words.LANGUAGES) and all(pair), key
            names = [set(re.findall(r"{(\w+)}", text)) for text in pair]
            assert names[0] == names[1], key


def a_shop(currency="JPY", **more):
    rows = {
        "customer_id": ["1", "2", None],
        "ordered_at": [datetime.date(2024, 1, 31)] * 3,
        "amount": [5, 7, 9],
    }
    return crm_core.Orders(rows, currency=currency, guests="keep", **more)


def simulated():
    return crm_core.Orders(
        crm_core.simulate_orders(300, seed=7),
        currency="JPY",
        order_id="order_id",
        channel="channel",
        guests="drop",
    )


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_words_of_results_are_shown_as_the_library_labels_them(lang):
    orders = a_shop()
    tables = [crm_core.rfm_segments(orders), crm_core.cpm_segments(orders), orders.reconciliation]
    for table in tables:
        shown = grid.of(Frame.of("", table), "", lang, Currency("JPY", 0)).rows
        codes = table.to_dict()
        for at, name in enumerate(table.columns):
            if labels := table.words(name):
                assert [row[at] for row in shown] == [labels[c][lang] for c in codes[name]]


def test_a_word_has_the_label_of_its_own_table():
    """`model` is one thing to a forecast and another to a backtest of dates."""
    orders = simulated()
    shown = [
        Frame.of(task, getattr(crm_core, task)(orders)).label("method", "model", "en")
        for task in ("base_forecast", "backtest")
    ]
    assert shown == ["Model of each customer", "Gap model"]


def test_segments_have_the_names_people_know():
    frame = Frame.of("cpm_segments", crm_core.cpm_segments(a_shop()))
    assert grid.cpm_name(frame, "excellent", "churned", "ja") == "優良離脱"
    assert grid.cpm_name(frame, "first", "active", "ja") == "初回現役"
    assert grid.cpm_name(frame, "toddler", "active", "en") == "Toddler, active"
    assert grid.cpm_name(frame, "prospect", "active", "ja") == "見込み"


def test_states_of_orders_are_called_as_in_the_reconciliation():
    """But for those that count: there the library says that the policy leaves them out."""
    labels = a_shop().reconciliation.words("reason")
    for state in ("not_ordered", "cancelled", "payment_failed", "refunded", "returned", "test"):
        for lang in words.LANGUAGES:
            assert words.value(state, lang) == labels[state][lang]


@pytest.mark.parametrize("code, decimals", [("JPY", 0), ("USD", 2), ("KWD", 3), ("KRW", 0)])
def test_the_decimals_of_a_currency_are_the_librarys(code, decimals):
    """ISO 4217."""
    assert Currency.of(a_shop(code)) == Currency(code, decimals)


def test_the_bar_knows_how_many_analyses_there_are():
    told = []
    findings.analyse(simulated(), findings.Request(by=["channel"]), told.append)
    assert sorted(told) == sorted([*findings.ANALYSES, "cpm_segments"])


def test_the_heat_map_is_darkest_where_most_is():
    cells = found().rfm_cells
    heat = grid.rfm_heat(cells, "customers", "", "en", Currency("USD", 2))
    assert list(heat.headings) == ["", "F1", "F2"]
    assert [list(row) for row in heat.rows] == [["R2", "0", "2"], ["R1", "1", "0"]]
    assert [list(row) for row in heat.weights] == [[None, 0.0, 1.0], [None, 0.5, 0.0]]


# ---- figures and sums ----------------------------------------------------------------------------

SVG = "{http://www.w3.org/2000/svg}"


def drawn(series, labels=("a", "b")):
    text = figures.stacked_bars("f", "title", "more", labels, series, str, str)
    return ET.fromstring(str(text))


def test_bars_are_as_long_as_their_values_and_stand_on_one_another():
    root = drawn(
        [
            Series("lower", "x", [30.0, 10.0]),
            Series("upper", "y", [0.0, 20.0]),
            Series("under", "z", [15.0, 0.0], below=True),
        ]
    )
    bars = {
        (bar.get("class"), bar.find(f"{SVG}title").text): (
            float(bar.get("y")),
            float(bar.get("height")),
        )
        for bar in root.iter(f"{SVG}rect")
    }
    assert set(bars) == {
        ("lower", "a · x: 30.0"),
        ("lower", "b · x: 10.0"),
        ("upper", "b · y: 20.0"),
        ("under", "a · z: 15.0"),
    }
    per_unit = bars["lower", "a · x: 30.0"][1] / 30
    for (_, title), (_, height) in bars.items():
        assert height == pytest.approx(per_unit * float(title.split(": ")[1]), abs=0.02)
    ticks = {
        float(text.text): float(text.get("y"))
        for text in root.iter(f"{SVG}text")
        if text.get("class") == "tick end" and text.text != "0.0"
    }
    upper = sorted(ticks.items())[-2:]  # two ticks above zero give the axis's own scale
    assert (upper[0][1] - upper[1][1]) / (upper[1][0] - upper[0][0]) == pytest.approx(
        per_unit, rel=1e-3
    )
    zero = float(
        next(line for line in root.iter(f"{SVG}line") if line.get("class") == "zero").get("y1")
    )
    y, height = bars["lower", "b · x: 10.0"]
    assert y + height == pytest.approx(zero, abs=0.1)
    assert sum(bars["upper", "b · y: 20.0"]) == pytest.approx(y, abs=0.1)
    assert bars["under", "a · z: 15.0"][0] == pytest.approx(zero, abs=0.1)


@pytest.mark.parametrize("values", [[0.0, 0.0], [1e-9, 0.0], [1e12, 3.0], [-5.0, 2.0]])
def test_bars_of_any_size_stay_in_the_picture(values):
    root = drawn([Series("one", "x", values)])
    for bar in root.iter(f"{SVG}rect"):
        y, height = float(bar.get("y")), float(bar.get("height"))
        assert 0 <= y <= y + height <= figures._HEIGHT


def test_the_lorenz_curve_starts_and_ends_in_the_corners_and_is_thinned():
    points = [(at / 5000, (at / 5000) ** 3) for at in range(5001)]
    root = ET.fromstring(str(figures.lorenz("l", "t", "d", "x", "y", points)))
    curve = next(root.iter(f"{SVG}polyline")).get("points").split()
    assert len(curve) == 400
    equal = next(line for line in root.iter(f"{SVG}line") if line.get("class") == "equal")
    assert [float(one) for one in curve[0].split(",")] == [
        float(equal.get("x1")),
        float(equal.get("y1")),
    ]
    assert [float(one) for one in curve[-1].split(",")] == [
        float(equal.get("x2")),
        float(equal.get("y2")),
    ]


def test_months_end_at_the_last_date_and_go_back_no_further_than_the_first():
    day = datetime.date
    assert findings._month_ends(day(2024, 1, 20), day(2024, 4, 10), 24) == [
        day(2024, 1, 31),
        day(2024, 2, 29),
        day(2024, 3, 31),
        day(2024, 4, 10),
    ]
    assert findings._month_ends(day(2020, 1, 1), day(2024, 3, 31), 3) == [
        day(2024, 1, 31),
        day(2024, 2, 29),
        day(2024, 3, 31),
    ]
    assert findings._month_ends(day(2024, 5, 1), day(2024, 4, 10), 3) == []
    assert findings._month_ends(None, None, 3) == []


@pytest.mark.parametrize(
    ("amount", "currency", "whole", "short", "japanese"),
    [
        (1234.0, "JPY", "¥1,234", "¥1,234", "¥1,234"),
        (123456789.0, "JPY", "¥123,456,789", "¥123M", "¥12,346万"),
        (12.5, "USD", "$12.50", "$12.50", "$12.50"),
        (-2500315.63, "USD", "-$2,500,315.63", "-$2.50M", "-$250万"),
        (0.0, "USD", "$0.00", "$0", "$0"),
        (9999.99, "USD", "$9,999.99", "$10,000", "$10,000"),
        (1.25, "KWD", "1.250 KWD", "1.250 KWD", "1.250 KWD"),
    ],
)
def test_money_for_people(amount, currency, whole, short, japanese):
    of = Currency(currency, {"JPY": 0, "KWD": 3}.get(currency, 2))
    assert money(amount, of) == whole
    assert brief(amount, of, "en") == short
    assert brief(amount, of, "ja") == japanese


def test_shares_of_groups_are_undefined_with_a_negative_amount():
    frame = findings._groups(Frame("decile", {"decile": [1, 2], "revenue": [5.0, -1.0]}), "decile")
    assert frame["revenue_share"] == [None, None]
    shown = grid.of(frame, "", "en", Currency("USD", 2))
    assert shown.rows[1] == ["2", "1", "-$1.00", "-$1.00", "–", "–"]


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
