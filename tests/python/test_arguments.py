"""Every argument of `read_orders`, `read_events` and the command arrives under its own name, and
sentences name options as arguments and arguments as options. Each expectation is written by hand.
"""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path
from typing import Any

import pytest

import crm_core as crm
from crm_core import _cli_files
from crm_core._cli_options import NoFiles, parser
from crm_core._cli_reading import COLUMNS
from crm_core._problem import Problem
from crm_core._reading import event_reading, messages, order_reading, reason_sentences, sentences
from crm_core._reading.messages import say
from crm_core._reading.settings import ROLES_SAID, Rows, Settings

DATA = {"id": ["a"], "at": ["2025-01-01"], "price": ["1"], "extra": ["x"]}
NO_COLUMNS = dict.fromkeys([*ROLES_SAID, "status"])


class Stopped(Exception):
    """What the reading was asked for."""


def settings_of_orders(monkeypatch: pytest.MonkeyPatch, **given: Any) -> Settings:
    def stop(sources: Any, settings: Settings) -> None:
        raise Stopped(settings)

    monkeypatch.setattr(order_reading, "load_sources", stop)
    with pytest.raises(Stopped) as caught:
        crm.read_orders(DATA, **given)
    settings: Settings = caught.value.args[0]
    assert settings.today == datetime.date.today()
    return dataclasses.replace(settings, today=None)


# Argument, value, the settings that differ from those without it.
OF_BOTH: list[tuple[str, Any, dict[str, Any]]] = [
    ("dimensions", ["extra"], {"dimensions": ["extra"]}),
    ("dimensions", ("product",), {"dimensions": ["product"]}),
    ("layout", "shopify", {"layout": "shopify"}),
    ("amount_unit", "minor", {"amount_unit": "minor"}),
    ("round_amounts", True, {"round_amounts": True}),
    ("currency", "USD", {"currency": "USD"}),
    ("timezone", "UTC", {"timezone": "UTC"}),
    ("date_format", "%Y", {"date_format": "%Y"}),
    ("decimal", ",", {"decimal": ","}),
    ("encoding", "utf-8", {"encoding": "utf-8"}),
    ("delimiter", ";", {"delimiter": ";"}),
    ("bad_rows", "drop", {"bad_rows": "drop"}),
    ("repeated_rows", "drop", {"repeated_rows": "drop"}),
    ("strict", True, {"strict": True}),
    ("known", ["title_word"], {"known": ["title_word"]}),
]
OF_ORDERS: list[tuple[str, Any, dict[str, Any]]] = [
    *((role, f"my {role}", {"columns": {**NO_COLUMNS, role: f"my {role}"}}) for role in ROLES_SAID),
    ("status", "state", {"columns": {**NO_COLUMNS, "status": "state"}}),
    ("status", "", {"columns": {**NO_COLUMNS, "status": ""}}),
    ("status", ["one"], {"columns": {**NO_COLUMNS, "status": "one"}}),
    (
        "status",
        ("one", "two", "three"),
        {"columns": {**NO_COLUMNS, "status": "one"}, "statuses": ["two", "three"]},
    ),
    ("status", [], {}),
    ("ignore", ["extra"], {"ignore": ["extra"]}),
    ("amount_is", "unit", {"amount_is": "unit"}),
    ("order_level", ["extra"], {"order_level": ["extra"]}),
    ("line_level", ["extra"], {"line_level": ["extra"]}),
    ("fill_down", ["extra"], {"fill_down": ["extra"]}),
    ("keep_last", "extra", {"keep_last": "extra"}),
    ("status_map", {"ok": "completed"}, {"status_map": {"ok": "completed"}}),
    ("id_fold", "none", {"id_fold": "none"}),
    ("guest_id", ["0"], {"guest_ids": ["0"]}),
    ("guests", "drop", {"guests": "drop"}),
    ("repeated_orders", "last", {"repeated_orders": "last"}),
    ("refund_rows", {"type": "Refund"}, {"refund_rows": {"type": ["Refund"]}}),
    ("refund_rows", {"type": ("A", "B")}, {"refund_rows": {"type": ["A", "B"]}}),
    ("refund_rows", None, {}),
]


@pytest.mark.parametrize(("name", "value", "changed"), [*OF_BOTH, *OF_ORDERS])
def test_arguments_of_orders(
    monkeypatch: pytest.MonkeyPatch, name: str, value: Any, changed: dict[str, Any]
) -> None:
    plain = Settings(
        columns=NO_COLUMNS, dimensions=[], ignore=[], order_level=[], line_level=[], fill_down=[],
        statuses=[],
        guest_ids=[], known=[],
    )  # fmt: skip
    assert settings_of_orders(monkeypatch) == plain
    found = settings_of_orders(monkeypatch, **{name: value})
    assert found == dataclasses.replace(plain, **changed)


@pytest.mark.parametrize(("name", "value", "changed"), OF_BOTH)
def test_arguments_of_events(
    monkeypatch: pytest.MonkeyPatch, name: str, value: Any, changed: dict[str, Any]
) -> None:
    def stop(sources: Any, settings: Settings, kinds: Any, currency: Any) -> None:
        raise Stopped(settings, kinds, currency)

    monkeypatch.setattr(event_reading, "load_event_sources", stop)
    kinds = {"see": "view"}
    with pytest.raises(Stopped) as caught:
        crm.read_events(DATA, kinds=kinds, page="url", visitor_id="", **{name: value})
    settings, found, currency = caught.value.args
    assert (found, currency) == (kinds, value if name == "currency" else None)
    assert settings.today == datetime.date.today()
    plain = Settings(
        columns={"page": "url", "visitor_id": ""}, dimensions=[], today=settings.today, known=[]
    )
    assert settings == dataclasses.replace(plain, **changed)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"id_fold": "nome"}, "`id_fold`.*one of .*none.*found"),
        ({"amount_is": "lines"}, "`amount_is`: expected one of line, order, unit"),
        ({"amount_unit": "cents"}, "`amount_unit`: expected one of major, minor"),
        ({"decimal": ";"}, "`decimal`: expected one of auto, ., ,"),
        ({"repeated_orders": "first"}, "`repeated_orders`: expected one of error, last, add"),
        ({"repeated_rows": "last"}, "`repeated_rows`: expected one of keep, drop, error"),
        ({"product": ["a", "b"]}, "`product`: expected the heading of one column"),
        ({"ignore": "extra"}, "`ignore`: expected a list of texts, found one text"),
        ({"guest_id": "0"}, "`guest_id`: expected a list of texts"),
        ({"dimensions": "extra"}, "`dimensions`: expected a list of texts"),
        ({"order_level": "extra"}, "`order_level`: expected a list of texts"),
        ({"line_level": "extra"}, "`line_level`: expected a list of texts"),
        ({"fill_down": "extra"}, "`fill_down`: expected a list of texts"),
        ({"known": "title_word"}, "`known`: expected a list of texts"),
    ],
)
def test_words_that_are_none(given: dict[str, Any], says: str) -> None:
    with pytest.raises(crm.OptionError, match=says):
        crm.read_orders(DATA, **given)


def test_the_nearest_word_is_the_hint() -> None:
    with pytest.raises(crm.OptionError) as caught:
        crm.read_orders(DATA, repeated_orders="ad")
    assert caught.value.hint == "did you mean `add`?"


def test_dimensions_are_columns() -> None:
    with pytest.raises(crm.DataError, match="extras"):
        crm.read_orders(DATA, dimensions=["extras"])
    with pytest.raises(crm.DataError, match="extras"):
        crm.read_events(DATA, dimensions=["extras"])


# ---- the command ---------------------------------------------------------------------------------


def said(*given: str, command: str = "report") -> Any:
    return parser().parse_args([command, "orders.csv", *given])


OF_COMMAND: list[tuple[list[str], dict[str, Any]]] = [
    *(
        ([f"--{role.replace('_', '-')}", "h"], {"columns": {**NO_COLUMNS, role: "h"}})
        for role in COLUMNS
    ),
    (["--status", ""], {"columns": {**NO_COLUMNS, "status": ""}}),
    (
        ["--status", "a", "--status", "b"],
        {"columns": {**NO_COLUMNS, "status": "a"}, "statuses": ["b"]},
    ),
    (["--ignore", "a", "--ignore", "b"], {"ignore": ["a", "b"]}),
    (["--layout", "x"], {"layout": "x"}),
    (["--amount-is", "line"], {"amount_is": "line"}),
    (["--amount-is", "order"], {"amount_is": "order"}),
    (["--amount-is", "unit"], {"amount_is": "unit"}),
    (["--amount-unit", "minor"], {"amount_unit": "minor"}),
    (["--round-amounts"], {"round_amounts": True}),
    (["--order-level", "a", "--order-level", "b"], {"order_level": ["a", "b"]}),
    (["--line-level", "a"], {"line_level": ["a"]}),
    (["--fill-down", "a"], {"fill_down": ["a"]}),
    (["--keep-last", "a"], {"keep_last": "a"}),
    (["--known", "a", "--known", "b"], {"known": ["a", "b"]}),
    (["--amount-unit", "thousands"], {"amount_unit": "thousands"}),
    (["--id-fold", "email"], {"id_fold": "email"}),
    (["--decimal", ","], {"decimal": ","}),
    (["--strict"], {"strict": True}),
    (
        ["--status-map", "a=b=completed", "--status-map", "c=test"],
        {"status_map": {"a=b": "completed", "c": "test"}},
    ),
    (["--currency", "USD"], {"currency": "USD"}),
    (["--timezone", "UTC"], {"timezone": "UTC"}),
    (["--date-format", "%d/%m"], {"date_format": "%d/%m"}),
    (["--encoding", "cp932"], {"encoding": "cp932"}),
    (["--delimiter", "tab"], {"delimiter": "\t"}),
    (["--delimiter", ";"], {"delimiter": ";"}),
    (["--guests", "drop"], {"guests": "drop"}),
    (["--guest-id", "0", "--guest-id", "-"], {"guest_ids": ["0", "-"]}),
    (["--bad-rows", "drop"], {"bad_rows": "drop"}),
    (["--repeated-orders", "add"], {"repeated_orders": "add"}),
    (["--repeated-rows", "drop"], {"repeated_rows": "drop"}),
    (
        ["--refund-rows", "type=A", "--refund-rows", "type=B", "--refund-rows", "x=C=D"],
        {"refund_rows": {"type": ["A", "B"], "x": ["C=D"]}},
    ),
    (["--by", "shop,first_channel"], {"dimensions": ["shop", "shop", "first_channel", "channel"]}),
    (["--by", "a", "--by", "b"], {"dimensions": ["a", "a", "b", "b"]}),
    (["--where", "a=b=c"], {"dimensions": ["a", "a"]}),
    (["--where-customers", "first_a=b"], {"dimensions": ["first_a", "a"]}),
]


@pytest.mark.parametrize("command", ["report", "run", "alerts", "learn"])
def test_options_of_the_command(command: str) -> None:
    task = ["rfm"] if command == "run" else []

    def settings(*given: str) -> Settings:
        options = parser().parse_args([command, *task, "orders.csv", *given])
        return _cli_files.settings_of(options)

    plain = Settings(
        columns=NO_COLUMNS, statuses=[], ignore=[], order_level=[], line_level=[], fill_down=[],
        guest_ids=[], known=[],
        dimensions=[], today=datetime.date.today(),
    )  # fmt: skip
    assert settings() == plain
    for given, changed in OF_COMMAND:
        assert settings(*given) == dataclasses.replace(plain, **changed), given


def test_files_and_outputs_of_the_command() -> None:
    paths = [Path("a.csv"), Path("b.csv")]
    for command in ("report", "run rfm", "alerts", "learn"):
        options = parser().parse_args([*command.split(), "a.csv", "b.csv"])
        assert (options.files, options.output, options.quiet) == (paths, None, False)
        assert options.needs_extra is True
        assert (options.as_of, options.where, options.where_customers) == (None, [], [])
        assert (options.customers, options.by) == (None, [])
        options = parser().parse_args(
            [*command.split(), "a.csv", "-o", "x", "-q", "--as-of", "today", "--customers", "c"]
        )
        assert (options.output, options.quiet) == (Path("x"), True)
        assert (options.as_of, options.customers) == ("today", Path("c"))
    for command in ("tasks", "describe rfm"):
        assert parser().parse_args(command.split()).needs_extra is False
    for command, layout in (("layouts", None), ("layouts x", "x")):
        options = parser().parse_args(command.split())
        assert (options.layout, options.needs_extra) == (layout, True)
    assert parser().parse_args(["describe", "rfm"]).task == "rfm"


def test_what_only_some_commands_have() -> None:
    report = said()
    assert (report.lang, report.title, report.months, report.churn_days) == (None, None, 24, None)
    assert (report.cpm_money, report.check, report.events) == (None, False, [])
    assert (report.funnel, report.funnel_window, report.events_layout) == ([], None, None)
    assert (report.event_column, report.event_kind) == ([], [])
    report = said(
        *("--lang", "ja", "--title", "T", "--months", "3", "--churn-days", "9", "--check"),
        *("--cpm-money", "1.5", "--events", "e", "--events", "f", "--events-layout", "l"),
        *("--funnel", "a", "--funnel", "b", "--funnel-window", "2d"),
        *("--event-column", "page=", "--event-kind", "a=add"),
    )
    assert (report.lang, report.title, report.months, report.churn_days) == ("ja", "T", 3, 9)
    assert (report.cpm_money, report.check) == (1.5, True)
    assert (report.events, report.events_layout) == ([Path("e"), Path("f")], "l")
    assert (report.funnel, report.funnel_window) == (["a", "b"], "2d")
    assert (report.event_column, report.event_kind) == (["page="], ["a=add"])
    run = parser().parse_args(["run", "rfm", "f", "--option", "a=1", "--option", "b=2"])
    assert (run.task, run.option, run.event_column, run.event_kind) == (
        "rfm",
        ["a=1", "b=2"],
        [],
        [],
    )
    assert parser().parse_args(["run", "rfm", "f"]).option == []
    alerts = said(command="alerts")
    assert (alerts.since, alerts.level, alerts.per, alerts.learned) == (None, [], None, None)
    alerts = said(
        *("--since", "yesterday", "--level", "due", "--level", "late", "--per", "product"),
        *("--learned", "l.json"),
        command="alerts",
    )
    assert (alerts.since, alerts.level) == ("yesterday", ["due", "late"])
    assert (alerts.per, alerts.learned) == ("product", Path("l.json"))


@pytest.mark.parametrize(
    "given",
    [
        ["report"],
        ["report", "f", "--lang", "de"],
        ["report", "f", "--amount-is", "lines"],
        ["report", "f", "--amount-unit", "cents"],
        ["report", "f", "--id-fold", "x"],
        ["report", "f", "--decimal", ";"],
        ["report", "f", "--guests", "x"],
        ["report", "f", "--bad-rows", "keep"],
        ["report", "f", "--repeated-orders", "first"],
        ["report", "f", "--repeated-rows", "last"],
        ["report", "f", "--months", "x"],
        ["run", "rfm"],
        ["tasks", "x"],
        [],
    ],
)
def test_what_the_command_refuses(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parser().parse_args(given)
    assert caught.value.code == 2
    names_no_file = isinstance(caught.value, NoFiles)  # which a config file may still do
    assert capsys.readouterr().err.startswith("crm: ") or names_no_file
    assert names_no_file == (given in (["report"], ["run", "rfm"]))


def test_pairs_and_words_that_are_none() -> None:
    pairs = _cli_files.pairs_of(["a=b=c"], "--x", "A=B", "a=b", first=True)
    assert pairs == {"a": "b=c"}
    for read, says, hint in [
        (lambda: _cli_files.pairs_of(["a"], "--x", "A=B", '"a=b"'), "--x: a is not A=B", '"a=b".'),
        (lambda: _cli_files._by_column(["type"]), "--refund-rows type", "COLUMN=WORD"),
        (lambda: _cli_files._by_column(["=x"]), "--refund-rows =x", "COLUMN=WORD"),
        (lambda: _cli_files._by_column(["type="]), "--refund-rows type=", "COLUMN=WORD"),
        (lambda: _cli_files.day_of("June", "--since"), "--since: June is not a date", "yesterday"),
        (lambda: _cli_files.moment_of("June"), "--as-of: June is not a date", "yesterday"),
        (lambda: _cli_files.moment_of("10:99"), "--as-of: 10:99 is no moment", "T10:00:00"),
    ]:
        with pytest.raises(Problem) as caught:
            read()
        assert caught.value.message.startswith(says)
        assert hint in caught.value.hint


def test_days_and_moments() -> None:
    today, day = datetime.date.today(), datetime.date(2026, 11, 21)
    for read in (_cli_files.day_of, _cli_files.moment_of):
        assert read(None) is None
        assert read("today") == today
        assert read("yesterday") == today - datetime.timedelta(days=1)
        assert read("2026-11-21") == day
    assert _cli_files.moment_of("2026-11-21T10:30") == datetime.datetime(2026, 11, 21, 10, 30)
    assert _cli_files.names_in(["a,b", "", "c,"]) == ["a", "b", "c"]


def test_names_in_a_request_may_be_columns() -> None:
    about = {"options": {"properties": {"of": {"default": "product"}, "n": {"default": "later"}}}}
    named = _cli_files.columns_named
    assert set(named(about, {})) == {"product"}
    assert "product" not in named(about, {"of": "shop"})
    assert "later" not in named(about, {})
    found = named({"options": {}}, {"rows": ["first_channel", {"a": 7}]})
    assert set(found) == {"rows", "first_channel", "channel", "a"}


@pytest.mark.parametrize(
    ("reads", "given", "says"),
    [
        ("events", ["--status", "x"], "--status is of orders, and t reads events"),
        ("table", ["--guest-id", "x"], "--guest-id is of orders, and t reads table"),
        ("table", ["--order-id", "x"], "--order-id is of orders, and t reads table"),
        ("orders", ["--event-kind", "x=add"], "--event-kind is of events, and t reads orders"),
        ("events", ["--event-kind", "x=add"], None),
        ("orders", ["--status", "x"], None),
        ("table", [], None),
    ],
)
def test_options_of_other_files(reads: str, given: list[str], says: str | None) -> None:
    options = said(*given)
    if says is None:
        _cli_files.refuse_others("t", reads, options)
        return
    with pytest.raises(Problem) as caught:
        _cli_files.refuse_others("t", reads, options)
    assert caught.value.message == says


# ---- sentences -----------------------------------------------------------------------------------


class File:
    def row_name(self, row: int) -> str:
        return f"line {row + 2}"


def test_rows_are_named_as_the_file_has_them() -> None:
    first, second = File(), File()
    rows = Rows([(first, 3), (second, 2)])
    assert [rows.name(at) for at in (0, 2, 3, 4, 5)] == [
        "line 2",
        "line 4",
        "line 2",
        "line 3",
        "row 1",
    ]
    assert [Rows([(first, 9)], kept=[1, 5]).name(at) for at in (0, 1)] == ["line 3", "line 7"]
    for message, row, told in [
        ("column `a`, row 1: no value", 1, "column `a`, line 3: no value"),
        ("column `a`, row 1: two (see row 0)", 1, "column `a`, line 3: two (see line 2)"),
        ("column `a`, row 1: no row 1: here", 1, "column `a`, line 3: no row 1: here"),
        ("there is no row 7", None, "there is no row 7"),
    ]:
        error = crm.DataError(message, row=row)
        assert _cli_files._in_the_file(error, Rows([(first, 9)])) == told


@pytest.mark.parametrize(
    ("argument", "option"),
    [
        ("round_amounts=True rounds them", "--round-amounts rounds them"),
        ('bad_rows="drop" leaves out', "--bad-rows drop leaves out"),
        ('guests="drop" and guests="keep"', "--guests drop and --guests keep"),
        ("option `as_of`: expected a date", "option --as-of: expected a date"),
        ("nothing to name", "nothing to name"),
    ],
)
def test_messages_of_the_library_in_the_words_of_the_command(argument: str, option: str) -> None:
    assert messages.written(messages.of_library(argument), messages.command) == option


@pytest.mark.parametrize(
    ("said", "option", "argument"),
    [
        (f"{say.strict} makes errors", "--strict makes errors", "strict makes errors"),
        (f"{say.id_fold:none} keeps", "--id-fold none keeps", 'id_fold="none" keeps'),
        (f'{say.order_id:""} reads', '--order-id "" reads', 'order_id="" reads'),
        (
            f"{say.ignore:a b} or {say.guest_id:0}",
            '--ignore "a b" or --guest-id 0',
            'ignore=["a b"] or guest_id=["0"]',
        ),
        # A heading that looks like an option stays what it is.
        (f"{say.ignore:--amount line}", '--ignore "--amount line"', 'ignore=["--amount line"]'),
        (f"{say.order_level:x}", '--order-level "x"', 'order_level=["x"]'),
        (f"{say.event_column:page=url}", '--event-column "page=url"', 'page="url"'),
        (f"{say.event_column:page=}", '--event-column "page="', 'page=""'),
        (f"{say.status_map:a=b=test}", '--status-map "a=b=test"', 'status_map={"a=b": "test"}'),
        (
            f"{say.status_map:{messages.pairs({'a': 'completed', 'b': 'test'})}}",
            '--status-map "a=completed" --status-map "b=test"',
            'status_map={"a": "completed", "b": "test"}',
        ),
        (
            f"{say.refund_rows:type=Refund}",
            '--refund-rows "type=Refund"',
            'refund_rows={"type": "Refund"}',
        ),
        (f"{say.event_kind:see=view}", '--event-kind "see=view"', 'kinds={"see": "view"}'),
        (f"{say.event_kind} names see", "--event-kind names see", "kinds names see"),
        (f"{say.currency:JPY}", "--currency JPY", 'currency="JPY"'),
        (f"{say.date_format:%d/%m/%Y}", '--date-format "%d/%m/%Y"', 'date_format="%d/%m/%Y"'),
        ("no option", "no option", "no option"),
    ],
)
def test_each_door_writes_options_in_its_own_words(said: str, option: str, argument: str) -> None:
    assert messages.written(said, messages.command) == option
    assert messages.written(said, messages.python) == argument


def test_every_sentence_names_options_as_data() -> None:
    for table in (sentences.NOTES, reason_sentences.REASONS):
        for pair in table.values():
            assert not any("--" in text for text in pair)
