"""Commands of one analysis, reading, help, completion, Japanese errors, kinds of orders, costs."""

import ast
import csv
import datetime
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from test_command_line import JPY, written, wrong
from test_report import run

import crm_core
from crm_core import _cli_completion, _cli_japanese_errors, _cli_options, _cli_short


@pytest.fixture
def orders(tmp_path, monkeypatch):
    """A file of orders in a folder of its own, in which the command is run."""
    monkeypatch.chdir(tmp_path)
    return written(crm_core.simulate_orders(200, seed=5).to_dict())


CODE = Path(_cli_options.__file__).parent


# ---- an analysis as a command --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "task", "options"),
    [
        (["rfm", "--levels=3", "--window-days=365"], "rfm", {"levels": 3, "window_days": 365}),
        (["cpm", "--money=20000"], "cpm", {"money": 20000}),
        (["cohorts", "--rows=quarter", "--step=60"], "cohorts", {"rows": "quarter", "step": 60}),
        (["f2", "--within=60", "--to=3"], "repeat_rate", {"within": 60, "to": 3}),
        (["forecast", "--months=3"], "shop_forecast", {"months": 3}),
        (["segments"], "cpm_segments", {}),
        (["segments", "--of=rfm", "--option=levels=4"], "rfm_segments", {"levels": 4}),
        (["alerts", "--level=due"], "alerts", {"levels": ["due"]}),
    ],
)
def test_a_command_is_its_analysis(orders, said, task, options, capsysbinary):
    command, *more = said
    assert run(command, orders, JPY, "-q", *more) == 0
    rows = list(csv.DictReader(io.StringIO(capsysbinary.readouterr().out.decode())))
    read = crm_core.read_orders(orders, currency="JPY")
    table = crm_core.run(task, read, {**options, "as_of": str(read.last_date)})
    assert list(rows[0]) == table.columns
    assert len(rows) == len(table) > 0
    assert run("run", task, orders, JPY, "-q", *_as_options(options)) == 0
    again = list(csv.DictReader(io.StringIO(capsysbinary.readouterr().out.decode())))
    assert again == rows


def _as_options(options):
    """The same for `crm run`."""
    return [f"--option={name}={json.dumps(value)}" for name, value in options.items()]


def test_the_value_of_each_customer_in_one_command(orders, tmp_path):
    for days in (90, 365):
        out = f"clv-{days}.csv"
        assert run("clv", orders, JPY, "-q", f"--horizon-days={days}", "-o", out) == 0
    totals = []
    for days in (90, 365):
        with open(tmp_path / f"clv-{days}.csv", encoding="utf-8", newline="") as file:
            totals.append(sum(float(row["clv"] or 0) for row in csv.DictReader(file)))
    assert 0 < totals[0] < totals[1]


def test_options_of_commands_are_those_of_the_analyses():
    for command, short in _cli_short.SHORT.items():
        known = crm_core.describe(short.task)["options"]["properties"]
        for name, (values, _) in short.options.items():
            assert name in known or (command, name) == ("segments", "of")
            if isinstance(values, tuple) and name in known:
                words = {one["const"] for one in _words(crm_core.describe(short.task), name)}
                assert words == set(values)


def _words(about, name):
    reference = about["options"]["properties"][name]["anyOf"][0]["$ref"]
    return about["options"]["$defs"][reference.rpartition("/")[2]]["oneOf"]


def test_standard_output_as_a_file(orders, capsysbinary):
    assert run("rfm", orders, JPY, "-q", "-o", "-") == 0
    assert capsysbinary.readouterr().out.startswith(b'"customer_id"')
    assert run("report", orders, JPY, "-o", "-") == 0
    printed = capsysbinary.readouterr()
    assert printed.out.startswith(b"<!doctype html>") and printed.out.rstrip().endswith(b"</html>")
    assert b"Customer report" in printed.err


def test_today_lists_carts_to_follow_up_without_rules(orders, tmp_path):
    """One cart of a customer is left, one is ordered, and one is nobody's."""
    (tmp_path / "log.csv").write_text(
        "visitor_id,occurred_at,kind,customer_id,product\n"
        "v1,2026-01-05 09:00,add,left,tea\n"
        "v2,2026-01-05 09:00,add,bought,tea\n"
        "v2,2026-01-05 09:10,purchase,bought,tea\n"
        "v3,2026-01-05 09:00,add,,tea\n"
        "v4,2026-01-05 20:00,view,,\n"
    )
    assert run("today", orders, JPY, "-q", "--events", "log.csv", "--tables", "lists") == 0
    with open(tmp_path / "lists" / "carts.csv", encoding="utf-8", newline="") as file:
        assert [row["customer_id"] for row in csv.DictReader(file)] == ["left"]


# ---- read, help, completion ----------------------------------------------------------------------


def test_read_says_how_and_what_counts(orders, capsys):
    assert run("read", orders, JPY, "--check") == 0
    out = capsys.readouterr().out
    assert "--customer-id" in out and "Reconciliation" in out
    counted = crm_core.read_orders(orders, currency="JPY").reconciliation.to_dict()
    assert f"{counted['rows'][0]:,}" in out


def test_a_check_fails_by_its_status(tmp_path, capsys):
    path = tmp_path / "few.csv"
    rows = "".join(f"c{at % 3},2026-01-{at:02d},5\n" for at in range(1, 9))
    path.write_text("customer_id,ordered_at,amount\n" + rows * 2)
    assert run("read", path, "--currency=USD") == 0
    assert run("read", path, "--currency=USD", "--check") == 1
    assert "!" in capsys.readouterr().out


def test_help_of_a_command(capsys, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")
    assert run("help", "rfm") == 0
    assert "--window-days N" in capsys.readouterr().out
    assert run("help") == 0
    assert "completion" in capsys.readouterr().out
    assert run("help", "repotr") == 2
    assert "did you mean `report`?" in capsys.readouterr().err
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    assert run("help", "rfm") == 0
    assert "スコアの段階数" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("bash") is None, reason="completes in bash")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["crm", "rep"], {"report"}),
        (["crm", "report", "--tab"], {"--tables"}),
        (["crm", "report", "--lang", "j"], {"ja"}),
        (["crm", "report", "--lang", "=", "j"], {"ja"}),
        (["crm", "run", "thresh"], {"threshold_sweep"}),
        (["crm", "rules", "--preset", "ret"], {"retail"}),
        (["crm", "completion", ""], {"bash", "zsh", "fish"}),
        (["crm", "report", "ord"], {"orders.csv"}),
    ],
)
def test_bash_completes(words, expected, tmp_path):
    (tmp_path / "orders.csv").touch()
    script = tmp_path / "crm.bash"
    script.write_text(_cli_completion.script("bash", _cli_options.parser()))
    listed = " ".join(f"'{word}'" for word in words)
    code = f"source {script}; COMP_WORDS=({listed}); COMP_CWORD={len(words) - 1}; _crm; "
    code += 'printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["bash", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) == expected


def test_all_shells_know_all_commands_and_options(capsys):
    crm = _cli_options.parser()
    for shell in ("bash", "zsh", "fish"):
        assert run("completion", shell) == 0
        out = capsys.readouterr().out
        for name, command in _cli_options.commands_of(crm).items():
            assert name in out
            for action in command._actions:
                for option in action.option_strings:
                    if option.startswith("--"):
                        assert option.removeprefix("--") in out
    assert out.startswith("# crm completion fish")


# ---- what is wrong, in Japanese ------------------------------------------------------------------


def messages_of(path):
    """The messages of the errors of a module, with a word in the place of each value."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Misuse", "Problem"):
            text = node.args[0]
            if isinstance(text, ast.JoinedStr | ast.Constant):
                parts = text.values if isinstance(text, ast.JoinedStr) else [text]
                shown = (one.value if isinstance(one, ast.Constant) else "words" for one in parts)
                yield "".join(shown)


def test_every_message_of_the_command_has_a_japanese_one():
    files = [*CODE.glob("_cli*.py"), CODE / "_reading/cost_reading.py"]
    said = [text for path in files for text in messages_of(path)]
    assert len(said) > 40
    assert [one for one in said if _cli_japanese_errors.of_message(one) is None] == []


def test_japanese_texts_have_the_values_of_the_english_ones():
    for known in (_cli_japanese_errors._MESSAGES, _cli_japanese_errors._HINTS):
        for english, japanese in known:
            assert max([-1, *map(int, re.findall(r"{(\d)}", japanese))]) < english.count("{}")
            assert re.search("[ぁ-んァ-ヶ一-龠]", japanese) or "{" in japanese, english


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["repotr", "orders.csv"],
         "crm: COMMAND: repotr はありません\n     report ではありませんか\n"),
        (["report", "orders.csv", "--tabels", "x"],
         "crm: オプション --tabels はありません\n     --tables ではありませんか\n"),
        (["report"], "crm: crm report: ファイルを指定してください\n     例: orders.csv\n"),
        (["report", "none.csv"], "crm: ファイル none.csv がありません\n"),
        (["report", "orders.csv"],
         "crm: 金額の通貨がファイルにありません\n     指定してください。例: --currency USD\n"),
        (["report", "orders.csv", JPY, "--as-of=soon"],
         "crm: --as-of: soon は日付ではありません\n"
         "     2026-11-21、today、yesterday のように書いてください\n"),
        (["run", "rmf", "orders.csv"],
         "crm: 分析 rmf はありません(crm tasks で一覧)\n     rfm ではありませんか\n"),
        (["rfm", "orders.csv", JPY, "--levels=99"],
         "crm: オプション levels: 2 to 10 が必要ですが、99 です\n"),
        (["report", "orders.csv", JPY, "--lang=ja", "--where=channel=nowhere"],
         "crm: 条件に合う注文がありません"),
        (["report", "orders.csv", "--lang"], "crm: --lang: 値が1つ必要です"),
    ],
)  # fmt: skip
def test_errors_in_japanese(orders, arguments, said, capsys, monkeypatch):
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    assert wrong(*arguments) in (1, 2, 3)
    assert said in capsys.readouterr().err


# ---- kinds of orders and costs -------------------------------------------------------------------


def a_subscriber(word):
    """A subscription of three deliveries, an ordinary order before them, and another customer."""
    rows = [
        ("s", "2026-01-05", "", 500),
        *(("s", f"2026-0{month}-01", word, 900) for month in (2, 3, 4)),
        ("o", "2026-02-01", "通常", 700),
    ]
    names = ("会員ID", "注文日", "購入種別", "金額")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    return {name: list(values) for name, values in columns.items()}


def kinds(read):
    table = crm_core.monthly(read, period="month", by=["kind"]).to_dict()
    return {kind: sum(n for k, n in zip(table["kind"], table["orders"], strict=True) if k == kind)
            for kind in set(table["kind"])}  # fmt: skip


def test_the_first_order_of_a_subscription_is_found_by_its_date():
    read = crm_core.read_orders(a_subscriber("定期"), kind="購入種別", currency="JPY")
    assert kinds(read) == {"one_off": 2, "sub_first": 1, "sub_renewal": 2}
    said = "\n".join(read.understanding.notes)
    assert "Kinds of orders: 定期 → Subscription; 通常 → Ordinary order." in said


def test_a_shops_own_word_for_a_kind():
    data = a_subscriber("頒布")
    with pytest.raises(
        crm_core.DataError, match='column 購入種別: what does "頒布" mean'
    ) as caught:
        crm_core.read_orders(data, kind="購入種別", currency="JPY")
    assert 'kind_map={"頒布": "subscription"}' in caught.value.hint
    read = crm_core.read_orders(
        data, kind="購入種別", kind_map={"頒布": "sub_renewal"}, currency="JPY"
    )
    assert kinds(read) == {"one_off": 2, "sub_renewal": 3}
    with pytest.raises(crm_core.DataError, match="weekly, which is no meaning"):
        crm_core.read_orders(data, kind="購入種別", kind_map={"頒布": "weekly"}, currency="JPY")


def test_the_command_reads_kinds(tmp_path, capsys):
    path = tmp_path / "定期.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(a_subscriber("頒布"))
        out.writerows(zip(*a_subscriber("頒布").values(), strict=True))
    said = ["run", "monthly", path, JPY, "-q", "--by", "kind", "--kind", "購入種別"]
    assert run(*said) == 3
    assert '--kind-map "頒布=subscription"' in capsys.readouterr().err
    assert run(*said, "--kind-map", "頒布=subscription") == 0
    assert "sub_renewal" in capsys.readouterr().out
    assert run("run", "monthly", path, JPY, "-q", "--kind-map", "頒布=subscription") == 2
    assert "--kind-map has no effect without --kind" in capsys.readouterr().err


@pytest.mark.parametrize("dated", [False, True])
def test_costs_of_channels_are_in_the_report(orders, tmp_path, dated):
    head, tail = ("媒体,広告費,月", ",2023-04") if dated else ("channel,spend", "")
    (tmp_path / "costs.csv").write_text(f'{head}\nads,"120,000"{tail}\nsearch,500{tail}\n')
    said = ["report", orders, JPY, "-q", "--lang", "en", "--tables", "all"]
    assert run(*said, "--costs", "costs.csv") == 0
    with open(tmp_path / "all" / "channels-1.csv", encoding="utf-8", newline="") as file:
        rows = {row["First channel"]: row for row in csv.DictReader(file)}
    read = crm_core.read_orders(orders, currency="JPY", dimensions=["channel"])
    since = {"acquired_from": datetime.date(2023, 4, 1)} if dated else {}
    table = crm_core.acquisition(read, costs={"ads": 120_000}, **since).to_dict()
    at = table["channel"].index("ads")
    assert rows["ads"]["Cost per customer"].replace(",", "") == f"¥{table['cac'][at]:.0f}"
    assert rows["ads"]["Customers"] == str(table["customers"][at])


def test_costs_that_cannot_be_read_are_refused(orders, tmp_path, capsys):
    (tmp_path / "costs.csv").write_text("channel,clicks\nads,5\n")
    assert run("report", orders, JPY, "-q", "--costs", "costs.csv") == 3
    assert "no column of costs.csv looks like cost" in capsys.readouterr().err
    (tmp_path / "costs.csv").write_text("channel,cost\nads,much\n")
    assert run("report", orders, JPY, "-q", "--costs", "costs.csv") == 3
    assert "column cost: not a number in each row" in capsys.readouterr().err


# ---- files of another kind -----------------------------------------------------------------------


def test_a_file_that_an_analysis_can_also_read(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("paths.csv").write_text("path,conversions,nulls\na > b,3,1\na,1,4\n", encoding="utf-8")
    Path("items.csv").write_text("basket_id,item\n1,a\n1,b\n2,a\n2,b\n3,c\n", encoding="utf-8")
    asked = "run", "attribution", "paths.csv", '--option=models=["last"]'
    assert wrong(*asked) in (2, 3)
    assert "--read-as table" in capsys.readouterr().err
    run(*asked, "--read-as=table", "-o", "credits.csv")
    rows = Path("credits.csv").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[2:3] for row in rows[1:]] == [["1"], ["3"]]
    run("run", "pairs", "items.csv", "--option=min_count=1", "--read-as=table", "-o", "pairs.csv")
    assert len(Path("pairs.csv").read_text(encoding="utf-8").splitlines()) == 2
    assert wrong("run", "pairs", "items.csv", "--read-as=events") == 2
    assert "pairs reads orders or table" in capsys.readouterr().err
