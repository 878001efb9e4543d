"""The command's manners: formats by ending, exit statuses, hints, the config file, `crm today`."""

import csv
import datetime
import json
import shutil
import subprocess
import sys

import pytest
from test_report import run

import crm_core
from crm_core import _cli, _cli_japanese, _cli_options, _cli_output
from crm_core._cli_short import SHORT


@pytest.fixture(scope="module")
def shop():
    return crm_core.simulate_orders(200, seed=5).to_dict()


@pytest.fixture
def orders(shop, tmp_path, monkeypatch):
    """A file of orders in a folder of its own, in which the command is run."""
    monkeypatch.chdir(tmp_path)
    return written(shop)


def written(shop):
    """The orders as a file of this folder."""
    names = ("order_id", "customer_id", "ordered_at", "amount", "status", "channel")
    with open("orders.csv", "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(names)
        out.writerows(zip(*(shop[name] for name in names), strict=True))
    return "orders.csv"


JPY = "--currency=JPY"


def test_the_command_without_its_name_on_the_path():
    python = [sys.executable, "-W", "ignore", "-m", "crm_core"]
    ran = subprocess.run([*python, "describe", "rfm"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "RFM分析" in ran.stdout
    wrong = subprocess.run([*python, "describe", "rfn"], capture_output=True, check=False)
    assert wrong.returncode == 2


def wrong(*arguments):
    """The exit status, also of an error of the parser."""
    try:
        return run(*arguments)
    except SystemExit as stopped:
        return stopped.code


# ---- formats -------------------------------------------------------------------------------------


def test_the_ending_says_the_format_and_all_formats_hold_the_same(orders, tmp_path):
    calamine = pytest.importorskip("python_calamine")
    parquet = pytest.importorskip("pyarrow.parquet")
    for ending in ("csv", "parquet", "xlsx", "json", "ndjson", "md", "html"):
        assert run("run", "summary", orders, JPY, "-q", "-o", f"s.{ending}") == 0
    expected = parquet.read_table("s.parquet").to_pylist()
    with open("s.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["customer_id"] for row in rows] == [row["customer_id"] for row in expected]
    as_json = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    lines = (tmp_path / "s.ndjson").read_text(encoding="utf-8").splitlines()
    assert as_json == [json.loads(line) for line in lines]
    assert [row["revenue"] for row in as_json] == [row["revenue"] for row in expected]
    assert as_json[0]["first_date"] == expected[0]["first_date"].isoformat()
    sheet = calamine.CalamineWorkbook.from_path("s.xlsx").get_sheet_by_index(0).to_python()
    assert sheet[0] == list(expected[0])
    at = sheet[0].index("first_date")
    assert [row[at] for row in sheet[1:]] == [row["first_date"] for row in expected]
    at = sheet[0].index("revenue")
    assert [row[at] for row in sheet[1:]] == [float(row["revenue"]) for row in expected]
    markdown = (tmp_path / "s.md").read_text(encoding="utf-8").splitlines()
    assert markdown[0].startswith("| customer_id | first_date |")
    page = (tmp_path / "s.html").read_text(encoding="utf-8")
    for name in (row["customer_id"] for row in expected):
        assert name in page and any(name in line for line in markdown)


@pytest.mark.parametrize("name", ["s.docx", "s", "s.pdf"])
def test_an_ending_without_a_format_is_refused(orders, name, tmp_path, capsys):
    assert run("run", "summary", orders, JPY, "-o", name) == 2
    assert "ends in none of .csv, .parquet, .xlsx" in capsys.readouterr().err
    assert not (tmp_path / name).exists()


def test_a_report_is_a_page_and_nothing_else(orders, capsys):
    assert run("report", orders, JPY, "-o", "report.xlsx") == 2
    assert "report.xlsx ends in none of .html, .pdf" in capsys.readouterr().err


@pytest.mark.skipif(
    not any(map(shutil.which, _cli_output._CHROMIUM)), reason="Chromium prints the PDF"
)
def test_a_report_as_pdf(orders, tmp_path):
    assert run("report", orders, JPY, "-q", "-o", "report.pdf") == 0
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")


def test_without_chromium_a_pdf_is_refused(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(_cli_output.Misuse, match="needs Chromium"):
        _cli_output.page_as_pdf("<p>")


def test_a_file_is_overwritten_only_by_force(orders, tmp_path, capsys):
    (tmp_path / "s.csv").write_text("mine")
    assert run("run", "summary", orders, JPY, "-q", "-o", "s.csv") == 2
    assert "s.csv is there already" in capsys.readouterr().err
    assert (tmp_path / "s.csv").read_text() == "mine"
    assert run("run", "summary", orders, JPY, "-q", "--force", "-o", "s.csv") == 0
    assert (tmp_path / "s.csv").read_text().startswith('"customer_id"')


def test_the_screen_has_a_format_too(orders, capsysbinary):
    assert run("run", "decile", orders, JPY, "-q", "--format", "ndjson") == 0
    rows = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert {row["decile"] for row in rows} == set(range(1, 11))


# ---- statuses and hints --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("repotr", "orders.csv"), 2, "did you mean `report`?"),
        (("report", "orders.csv", "--tabels", "x"), 2, "did you mean `--tables`?"),
        (("run", "rmf", "orders.csv"), 2, "did you mean `rfm`?"),
        (("report",), 2, "crm report: name a file"),
        (("report", "none.csv"), 3, "there is no file none.csv"),
        (("report", "orders.csv", JPY, "--amount=summe"), 3, 'there is no column "summe"'),
        (("report", "orders.csv", JPY, "--as-of=soon"), 2, "--as-of: soon is not a date"),
        (("report", "orders.csv", JPY, "--where=channel=nowhere"), 1, "channel is ads, direct"),
    ],
)
def test_statuses(orders, arguments, status, said, capsys):
    assert wrong(*arguments) == status
    assert said in capsys.readouterr().err


def test_an_error_of_the_program_has_its_own_status(orders, capsys, monkeypatch):
    def broken(options):
        raise ZeroDivisionError

    monkeypatch.setitem(_cli._COMMANDS, "run", broken)
    assert run("run", "rfm", orders) == 4
    assert "an error of crm itself" in capsys.readouterr().err


def test_every_line_of_the_help_has_a_japanese_one():
    crm = _cli_options.parser()
    for one in (crm, *_cli_options.commands_of(crm).values()):
        texts = [group.title for group in one._action_groups]
        texts += [
            action.help for action in one._actions if action.help not in (None, "==SUPPRESS==")
        ]
        for text in texts:
            assert text is None or text in _cli_japanese.HELP, text
            if text is not None:  # values of the terminal stay, such as %(default)s
                assert text.count("%") == _cli_japanese.HELP[text].count("%")


@pytest.mark.parametrize(
    ("arguments", "lang"),
    [(["report", "--lang", "ja", "--help"], "C"), (["report", "--help"], "ja_JP.UTF-8")],
)
def test_help_in_japanese(arguments, lang, capsys, monkeypatch):
    monkeypatch.setenv("LC_ALL", lang)
    assert wrong(*arguments) == 0
    out = capsys.readouterr().out
    assert "集計の対象" in out and "what is counted" not in out


@pytest.mark.parametrize("command", ["report", "today", "run", "read", "alerts", *SHORT])
def test_help_has_an_example(command, capsys):
    assert wrong(command, "--help") == 0
    shown = " ".join(capsys.readouterr().out.split()).replace("run decile", "run")
    assert f"example: crm {command} orders.csv" in shown


def test_the_version_has_a_short_option(capsys):
    assert wrong("-V") == 0
    assert capsys.readouterr().out.strip() == f"crm {crm_core.__version__}"


# ---- today ---------------------------------------------------------------------------------------


def test_today_writes_the_lists_of_the_report(orders, tmp_path, capsys):
    assert run("today", orders, JPY, "--tables", "lists") == 0
    out = capsys.readouterr().out
    assert "What do I do today?" in out and "lists/top.csv" in out
    with open(tmp_path / "lists" / "top.csv", encoding="utf-8", newline="") as file:
        top = [row["customer_id"] for row in csv.DictReader(file)]
    assert run("report", orders, JPY, "-q", "--tables", "all", "-o", "report.html") == 0
    assert (tmp_path / "all" / "top.csv").read_bytes() == (
        tmp_path / "lists" / "top.csv"
    ).read_bytes()
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "all/top.csv" in page and not any(name in page for name in top)
    with open(tmp_path / "all" / "today-1.csv", encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == ["Whom", "People", "Expected", "What to do", "List"]


def test_today_of_a_shop_that_is_too_small_finds_nothing(tmp_path, capsys):
    path = tmp_path / "few.csv"
    path.write_text("customer_id,ordered_at,amount\na,2026-01-01,5\nb,2026-01-02,7\n")
    assert run("today", path, "--currency=USD") == 1
    assert "This needs 100 customers; there are 2." in capsys.readouterr().out


# ---- the config file -----------------------------------------------------------------------------


def test_monday_is_one_word(orders, tmp_path, capsys):
    assert run("init") == 0
    text = (tmp_path / "crm.toml").read_text(encoding="utf-8")
    (tmp_path / "crm.toml").write_text(text.replace('# currency = "JPY"', 'currency = "JPY"'))
    for _ in range(2):  # the page of the Monday before is replaced: the config says so
        assert run("report", "-q") == 0
    assert "</html>" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert run("init") == 2
    assert "crm.toml is there already" in capsys.readouterr().err


def test_what_is_typed_comes_after_the_config(orders, tmp_path):
    (tmp_path / "crm.toml").write_text(
        'files = ["orders.csv"]\ncurrency = "USD"\n[run]\noutput = "a.csv"\n'
    )
    assert run("run", "summary", "-q", JPY, "-o", "b.csv") == 0
    assert (tmp_path / "b.csv").exists() and not (tmp_path / "a.csv").exists()
    assert run("run", "summary", "-q") == 0
    assert (tmp_path / "a.csv").exists()
    assert wrong("run", "summary", "-q", "--no-config") == 2


def test_a_config_in_another_folder_names_its_own_files(orders, tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    shutil.move("orders.csv", folder / "orders.csv")
    (folder / "my.toml").write_text('files = "orders.csv"\ncurrency = "JPY"\n')
    assert run("run", "summary", "-q", "--config", folder / "my.toml", "-o", "s.csv") == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("currenzy = 'JPY'", "there is no option currenzy"),
        ("[report]\nlevel = 'due'", "report has no option level"),
        ("[report]\nforce = 'yes'", "force is true or false"),
        ("currency = ['JPY', 'USD']", "currency has one value"),
        ("currency =", "no TOML file"),
    ],
)
def test_a_wrong_config_is_refused(orders, tmp_path, text, said, capsys):
    (tmp_path / "crm.toml").write_text(text)
    assert run("report", orders) == 2
    assert said in capsys.readouterr().err


# ---- from Python ---------------------------------------------------------------------------------


def test_the_report_from_python_is_that_of_the_command(shop, orders, tmp_path):
    assert run("report", orders, JPY, "-q", "--lang", "ja", "-o", "report.html") == 0
    names = ("order_id", "customer_id", "ordered_at", "amount", "status", "channel")
    built = crm_core.read_orders(orders, currency="JPY", dimensions=["channel"])
    found = crm_core.report(built, lang="ja")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for title in list(found.titles.values())[:-2]:  # without the reading of the file
        assert title in page
    assert found._repr_html_().startswith("<iframe") and str(names[0]) not in repr(found)
    assert repr(found).splitlines()[1:] == [f"- {one}" for one in found.conclusions]
    assert set(found.lists) <= {"slipping", "due", "second", "top"}
    assert found.to_html(tmp_path / "p.html") == (tmp_path / "p.html").read_text(encoding="utf-8")


def test_a_report_with_events_has_the_site(shop):
    log = crm_core.simulate_events(100, seed=7)
    events = crm_core.Events(
        log, customer_id="customer_id", page="page", product="product", order_id="order_id"
    )
    built = crm_core.Orders(shop, currency="JPY", order_id="order_id", guests="keep")
    assert "site" in crm_core.report(built, events).titles
    with pytest.raises(crm_core.OptionError, match="expected en or ja"):
        crm_core.report(built, lang="fr")


def test_the_day_of_the_report_holds_for_everything(shop):
    built = crm_core.Orders(shop, currency="JPY", order_id="order_id", guests="keep")
    day = datetime.date(2025, 3, 31)
    page = crm_core.report(built, as_of=day).to_html()
    assert "as of 2025-03-31" in page
    counted = crm_core.summary(built, day).to_dict()
    assert f">{len(counted['customer_id'])}</dd>" in page


def test_a_file_whose_name_looks_like_an_option_is_still_a_wrong_file(orders, tmp_path):
    for name in ("crm orders.csv", "--layout.csv"):
        (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\n")
        assert wrong("run", "summary", str(tmp_path / name), JPY) == 3
        assert run("run", "summary", f"--layout=none-such {name}", orders, JPY) == 2
