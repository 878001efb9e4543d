"""`crm today --rules` and `crm rules`: whom, why, why not, and what is never shown."""

import csv
import datetime
import re
import tomllib

import pytest
from test_report import Tables, run

import crm_core as crm
from crm_core._cli_options import PRESETS
from crm_core._report import sending_rules

DAY = datetime.date(2026, 11, 30)
RULES = """\
timezone = "Asia/Tokyo"
channels = ["line", "mail"]
bought_within = 3

[triggers.second_purchase]
en = "Bought once."
ja = "初回のみです。"
days = [30]
priority = -1

[triggers.review]
en = "How was it?"
ja = "いかがでしたか。"
days = [14]

[triggers.win_back]
en = "Long ago."
ja = "お久しぶりです。"
days = [365]

[triggers.cart]
en = "A cart."
ja = "カゴ落ちです。"
hours = [1, 24]
"""


def before(days):
    return DAY - datetime.timedelta(days)


# Customer, days before the day, amount.
ORDERS = [
    ("anna-1", 31, 5000),  # once, 30 days ago
    ("bert-2", 100, 3000),
    ("bert-2", 15, 5000),  # a review is due
    ("carl-3", 366, 900),  # lost
    ("dora-4", 200, 700),
    ("dora-4", 1, 700),  # nothing is due
    ("emil-5", 33, 4000),  # once, but has opted out
    ("fina-6", 32, 3000),  # once, but was written to this morning
    ("gina-7", 500, 100),
    ("gina-7", 16, 300),  # a review is due, and was sent
]
MESSAGES = [
    ("会員ID", "種別", "配信日時", "施策", "配信キー"),
    ("emil-5", "配信停止", "2026/05/01 10:00", "", ""),
    ("fina-6", "配信", "2026/11/30 09:00", "other", "other/fina-6"),
    ("gina-7", "送信済み", "2026/11/28 10:00", "review", f"review/gina-7/{before(16)}/14"),
    ("gina-7", "開封", "2026/11/28 11:00", "review", ""),
]


def write(path, rows, encoding="utf-8"):
    with open(path, "w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [(name, f"{before(days)} 12:00", amount) for name, days, amount in ORDERS]
    write("orders.csv", [("会員ID", "注文日時", "金額"), *rows])
    write("sent.csv", MESSAGES, "cp932")
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    return tmp_path


COMMON = ("today", "orders.csv", "--currency=JPY", "--rules=rules.toml", "--as-of=2026-11-30")


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return {row["customer_id"]: row for row in csv.DictReader(file)}


# ---- the list ------------------------------------------------------------------------------------


def test_each_candidate_has_its_decision_and_the_reason(shop):
    assert run(*COMMON, "--messages=sent.csv", "-o", "today.csv", "-q") == 0
    rows = rows_of("today.csv")
    told = {
        name: (row["trigger"], row["decision"], row["decided_by"]) for name, row in rows.items()
    }
    assert told == {
        "anna-1": ("second_purchase", "send", ""),
        "bert-2": ("review", "send", ""),
        "carl-3": ("win_back", "send", ""),
        "emil-5": ("second_purchase", "skip", "messages.unsubscribed"),
        "fina-6": ("second_purchase", "hold", "rules.caps.0"),
        "gina-7": ("review", "skip", "messages.sent"),
    }
    assert list(rows)[:3] == ["anna-1", "bert-2", "carl-3"]  # by value
    assert [float(rows[name]["value"]) for name in ("anna-1", "bert-2")] == [5000, 4000]
    assert rows["anna-1"]["reason"] == f"{before(31)}の初回購入から30日、2回目なし。"
    assert rows["fina-6"]["why_not"] == "配信上限: 1日に1通、7日間に3通まで(既定)"
    assert rows["fina-6"]["send_at"].startswith("2026-12-01 00:00:00")
    assert {row["channel"] for row in rows.values() if row["decision"] == "send"} == {"line"}
    assert rows["anna-1"]["dedupe_key"] == f"second_purchase/anna-1/{before(31)}/30"


def test_the_list_is_the_log_of_the_next_run(shop, capsys):
    rules = RULES.replace("bought_within = 3", 'holdout = { share = 0.5, salt = "b" }')
    (shop / "rules.toml").write_text(rules, encoding="utf-8")
    assert run(*COMMON, "-o", "first.csv", "-q") == 0
    first = rows_of("first.csv")
    kinds = {row["decision"]: row["kind"] for row in first.values()}
    assert kinds == {"send": "sent", "skip": "held_out"}
    assert run(*COMMON, "--messages", "first.csv", "-o", "second.csv", "--lang=en") == 1
    second = rows_of("second.csv")
    assert second.keys() == first.keys()
    for name, row in second.items():
        sent = first[name]["decision"] == "send"
        assert row["reason_code"] == ("already_sent" if sent else "held_out_before")
    assert "Nobody is written to: 0 messages wait, 6 are left out" in capsys.readouterr().out


def test_decisions_are_those_of_the_library(shop):
    assert run(*COMMON, "-o", "today.csv", "-q", "--at=22:30") == 0
    rows = rows_of("today.csv")
    columns = {"会員ID": [], "注文日時": [], "金額": []}
    for name, days, amount in ORDERS:
        for key, cell in zip(columns, (name, before(days), amount), strict=True):
            columns[key].append(cell)
    names = {"customer_id": "会員ID", "ordered_at": "注文日時", "amount": "金額"}
    triggers = [
        {"trigger": "second_purchase", "days": [30]}, {"trigger": "review", "days": [14]},
        {"trigger": "win_back", "days": [365]},
    ]  # fmt: skip
    orders = crm.Orders(columns, currency="JPY", timezone="Asia/Tokyo", **names)
    candidates = crm.candidates(orders, DAY, triggers=triggers)
    plan = {
        "channels": ["line", "mail"], "bought_within": 3,
        "triggers": {"second_purchase": {"priority": -1}, "review": {}, "win_back": {}},
    }  # fmt: skip
    now = "2026-11-30T22:30:00+09:00"
    plan["timezone"] = "Asia/Tokyo"
    expected = crm.decide(candidates, rules=plan, now=now).to_dict()
    assert sorted(rows) == expected["customer_id"]
    for at, name in enumerate(expected["customer_id"]):
        assert rows[name]["decision"] == expected["decision"][at]
        assert rows[name]["dedupe_key"] == expected["dedupe_key"][at]


# ---- the site ------------------------------------------------------------------------------------


def test_carts_are_candidates_by_the_hour(shop):
    """Carts left 2 hours, 30 hours and 3 days ago; one of a customer who has ordered since."""
    at = datetime.datetime(2026, 11, 30, 10)
    carts = [("v1", "anna-1", 2), ("v2", "bert-2", 30), ("v3", "carl-3", 72), ("v4", "", 2),
             ("v5", "dora-4", 40)]  # fmt: skip
    rows = [
        (visitor, customer, at - datetime.timedelta(hours=hours, minutes=minutes), kind, "p1", 980)
        for visitor, customer, hours in carts
        for minutes, kind in ((5, "view"), (0, "add"))
    ]
    rows.append(("v9", "fina-6", at - datetime.timedelta(hours=5), "purchase", "p1", 980))
    heads = ("visitor_id", "customer_id", "occurred_at", "kind", "product", "amount")
    write("log.csv", [heads, *rows])
    arguments = ("--events=log.csv", "-q", "-o", "today.csv", "--timezone=Asia/Tokyo")
    assert run(*COMMON, *arguments, "--page=p.html") == 0
    with open("today.csv", encoding="utf-8", newline="") as file:
        found = [row for row in csv.DictReader(file) if row["trigger"] == "cart"]
    told = {row["customer_id"]: row for row in found}
    assert sorted(told) == ["anna-1", "bert-2", "dora-4"] and len(found) == 3
    assert told["anna-1"]["dedupe_key"] == "cart/anna-1/2026-11-29T23:00:00Z/1h"
    assert told["anna-1"]["due_at"] == "2026-11-30T09:00:00+09:00"
    assert told["bert-2"]["dedupe_key"].endswith("/24h")
    assert told["bert-2"]["expires_at"] == "2026-12-01T04:00:00+09:00"
    assert float(told["anna-1"]["value"]) == 980
    assert told["dora-4"]["decided_by"] in ("excluded_by.ordered", "rules.bought_within")
    # Priority comes first, then value: of anna's two messages the cart waits.
    assert told["anna-1"]["decided_by"] == "rules.caps.0"
    page = (shop / "p.html").read_text(encoding="utf-8")
    assert "会員と結び付かない人が1人" in page


# ---- what is shown -------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_page_has_ids_only_by_option(shop, lang, capsys):
    arguments = (*COMMON, "--messages=sent.csv", f"--lang={lang}", "--force")
    assert run(*arguments, "--page", "page.html") == 0
    page, out = (shop / "page.html").read_text(encoding="utf-8"), capsys.readouterr().out
    names = {name for name, _, _ in ORDERS}
    assert not [name for name in names if name in page + out]
    said = "3 people are written to" if lang == "en" else "3人に配信"
    assert said in page and said in out
    assert ("Bought once." if lang == "en" else "初回のみです。") in page
    assert ("開封 1" if lang == "ja" else "not used: 開封 1") in page
    read = Tables()
    read.feed(page)
    whom = read.tables[0][1:]
    assert sorted(row[1] for row in whom) == ["1", "1", "1"]
    held = {row[2]: row for row in read.tables[1][1:]}
    assert sorted(held) == ["caps.0", "messages.sent", "messages.unsubscribed"]
    assert held["caps.0"][-1] == "2026-12-01 00:00"
    assert run(*arguments, "--page", "page.html", "--ids", "-q") == 0
    page = (shop / "page.html").read_text(encoding="utf-8")
    assert [name for name in sorted(names) if name in page] == ["anna-1", "bert-2", "carl-3"]
    assert ("holds ids of customers" if lang == "en" else "会員IDが含まれます") in page


def test_what_cannot_be_known_is_said(shop, capsys):
    extra = '[triggers.registered]\n[triggers.likely_buyer]\nen = "Soon."\n'
    (shop / "rules.toml").write_text(RULES + extra, encoding="utf-8")
    assert run(*COMMON, "--lang=en") == 0
    out = capsys.readouterr().out
    for said in (
        "cart: needs a log of the site (--events)",
        "registered: needs a table of customers (--customers)",
        "No log of messages was given (--messages)",
    ):
        assert said in out
    assert "Nobody today:" in out


# ---- rules ---------------------------------------------------------------------------------------

STEP = "[triggers.step]\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "triggers: expected at least one trigger"),
        ("x = ", "is no TOML file"),
        ("[triggers.stp]", "triggers.stp: there is no trigger stp"),
        ('[triggers.a]\ntrigger = "stp"', "triggers.a.trigger: there is no trigger stp"),
        (
            STEP + "dayz = 3",
            "triggers.step.dayz: there is no such setting\n     did you mean `days`",
        ),
        (STEP + 'days = "x"', "triggers.step.days: expected a list"),
        (STEP + "days = [3, 3]", "triggers.step.days: expected each number of days once"),
        (STEP + "valid = 0", "triggers.step.valid: expected 1 to 3660 days"),
        (STEP + "en = 3", "triggers.step.en: expected a sentence"),
        (STEP + "probability = 0.3", "triggers.step.probability: expected no such setting"),
        (STEP + 'priority = "a"', "triggers.step.priority: expected a whole number"),
        (
            STEP + "channels = ['mail']\nholdout = 2",
            "triggers.step.holdout: expected a probability",
        ),
        (STEP + 'channels = ["fax"]', "triggers.step.channels.0: expected one of the channels"),
        ("[triggers.birthday]", "triggers.birthday.column: expected the column"),
        ("[triggers.cart]\ndays = [1]", "triggers.cart.days: there is no such setting"),
        ("[triggers.cart]\nhours = [0]", "triggers.cart.hours: expected a list of hours"),
        ("[triggers.cart]\nhours = [1, 1]", "triggers.cart.hours: expected each number"),
        ("[triggers.cart]\nvalid = 0", "triggers.cart.valid: expected 1 to 720 hours"),
        ("chanels = []\n" + STEP, "chanels: expected only the rules"),
        ('timezone = "Mars"\n' + STEP, "timezone: expected an IANA name"),
        ("[[caps]]\ndays = 1\nmessages = 0\n" + STEP, "caps.0.messages: expected 1 message"),
        ("[[caps]]\ndays = 1\n" + STEP, "caps.0: expected an object with `messages`"),
        (
            'quiet_hours = { from = "9", to = "10:00" }\n' + STEP,
            "quiet_hours.from: expected a time",
        ),
        (
            '[groups.g]\ntriggers = ["step", "cart"]\n' + STEP,
            "groups.g.triggers.1: expected one of the triggers in `triggers`: `step`",
        ),
    ],
)
def test_bad_rules_are_refused_with_their_path(shop, text, said, capsys):
    (shop / "rules.toml").write_text(text, encoding="utf-8")
    assert run(*COMMON) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("today", "orders.csv", "-o", "x.csv"), "--output has no effect without --rules"),
        (("today", "orders.csv", "--page", "x.html"), "--page has no effect without --rules"),
        ((*COMMON, "--tables", "x"), "--tables has no effect with --rules"),
        ((*COMMON, "--by", "x"), "--by has no effect with --rules"),
        ((*COMMON, "--ids"), "--ids has no effect without --page"),
        ((*COMMON, "--at", "25:00"), "--at: 25:00 is no time of day"),
        ((*COMMON, "-o", "x.html"), "ends in none of .csv"),
        ((*COMMON, "--page", "x.csv"), "--page: x.csv ends in none of .html, .pdf"),
        ((*COMMON, "--page", "rules.toml"), "ends in none of"),
        ((*COMMON, "--event-kind", "a=add"), "--event-kind has no effect without --events"),
        ((*COMMON, "--message-column", "kind=x"), "has no effect without --messages"),
        ((*COMMON, "--messages=sent.csv", "--message-column", "knd=x"), "there is no role knd"),
    ],
)
def test_options_that_nothing_reads_are_refused(shop, arguments, said, capsys):
    assert run(*arguments) == 2
    assert said in capsys.readouterr().err


def test_a_log_without_what_is_needed_is_refused(shop, capsys):
    write("other.csv", [("会員ID", "件名"), ("anna-1", "x")])
    assert run(*COMMON, "--messages=other.csv") == 3
    assert "no column of other.csv looks like occurred_at" in capsys.readouterr().err
    write("other.csv", [("会員ID", "配信日時"), ("anna-1", "soon")])
    assert run(*COMMON, "--messages=other.csv") == 3
    err = capsys.readouterr().err
    assert 'row 1 of the messages, column "配信日時": not a date' in err and "anna" not in err
    # Without a column of kinds every row was sent.
    write("other.csv", [("会員ID", "配信日時"), ("anna-1", "2026-11-30")])
    assert run(*COMMON, "--messages=other.csv", "-q", "-o", "t.csv") == 0
    assert rows_of("t.csv")["anna-1"]["decided_by"] == "rules.caps.0"


@pytest.mark.parametrize("name", PRESETS)
def test_each_rule_of_a_preset_has_a_sentence_in_both_languages(name, tmp_path, capsys):
    assert run("rules", "--preset", name) == 0
    text = capsys.readouterr().out
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    rules = sending_rules.load_rules(path)
    assert set(rules.kinds) == set(tomllib.loads(text)["triggers"])
    for sentences in rules.sentences.values():
        assert re.fullmatch(r"[ -~]+[.?]", sentences["en"])
        assert re.search(r"[ぁ-ん].*。$", sentences["ja"])
    # Outside the triggers, two lines of comment stand above each rule.
    lines = text.partition("[triggers.")[0].splitlines()
    begun = [
        at for at, line in enumerate(lines)
        if (re.match(r"\[|[a-z_]+ = ", line) and lines[at - 1].startswith("#"))
    ]  # fmt: skip
    named = [line for line in lines if re.match(r"\[", line)]
    named += [line for line in lines[: lines.index(named[0])] if re.match("[a-z_]+ = ", line)]
    assert len(begun) == len(named) >= 4
    for at in begun:
        assert re.fullmatch(r"# [ -~]+[.]", lines[at - 2]), lines[at - 2]
        assert re.search(r"^# .*[ぁ-ん].*。$", lines[at - 1]), lines[at - 1]


def test_presets_are_listed(capsys):
    assert run("rules") == 0
    out = capsys.readouterr().out
    assert all(f"{name}\n" in out for name in PRESETS) and "配信ルール" in out


# ---- who has opted out ---------------------------------------------------------------------------


def customers(heading, of_anna, others):
    """A table of all customers, in which anna-1 alone has a word."""
    names = sorted({name for name, _, _ in ORDERS})
    rows = [(name, of_anna if name == "anna-1" else others) for name in names]
    write("customers.csv", [("会員ID", heading), *rows])


@pytest.mark.parametrize(
    ("heading", "out", "others"),
    [
        ("opted_out", "1", "0"),
        ("unsubscribed", "yes", ""),
        ("unsubscribed_at", "2026-05-01", ""),
        ("配信停止", "停止", ""),
        ("メルマガ", "否", "希望する"),
        ("メルマガ受信可否フラグ", "不可", "可"),
        ("accepts_marketing", "no", "yes"),
        ("Accepts Email Marketing", "", "yes"),
        ("メール配信希望", "希望しない", "希望する"),
        ("メルマガ停止", "1", "0"),
    ],
)
def test_who_has_opted_out_gets_nothing(shop, heading, out, others, capsys):
    customers(heading, out, others)
    assert run(*COMMON, "--customers=customers.csv", "-o", "today.csv", "--lang=en") == 0
    row = rows_of("today.csv")["anna-1"]
    assert (row["decision"], row["decided_by"]) == ("skip", "excluded_by.opted_out")
    assert rows_of("today.csv")["bert-2"]["decision"] == "send"
    said = " ".join(capsys.readouterr().out.split())
    assert f'Opted out by "{heading}": 1 of 7 customers' in said


def test_the_column_of_opt_outs_can_be_named(shop, capsys):
    customers("flag7", "1", "0")
    with_table = (*COMMON, "--customers=customers.csv", "-o", "today.csv", "--lang=en")
    assert run(*with_table) == 0
    assert rows_of("today.csv")["anna-1"]["decision"] == "send"
    assert "No column of customers.csv says who has opted out" in " ".join(
        capsys.readouterr().out.split()
    )
    assert run(*with_table, "--force", "--opted-out=flag7") == 0
    assert rows_of("today.csv")["anna-1"]["decision"] == "skip"
    # Words that say neither are no reason to send.
    customers("newsletter", "weekly", "daily")
    assert run(*with_table, "--force") == 2
    said = capsys.readouterr().err
    assert " of its cells are neither yes nor no" in said
    assert "weekly" not in said and "daily" not in said
    assert run(*with_table, "--force", "--opted-out=") == 0


def test_a_cart_of_one_who_has_opted_out_is_left_out(shop):
    customers("配信停止", "1", "")
    write(
        "log.csv",
        [
            ("visitor_id", "customer_id", "event", "time", "product"),
            ("v1", "anna-1", "add_to_cart", "2026-11-29 23:30", "P"),
            ("v2", "dora-4", "add_to_cart", "2026-11-29 23:30", "P"),
            ("v3", "carl-3", "purchase", "2026-11-01 12:00", "P"),
        ],
    )
    arguments = ("--customers=customers.csv", "--events=log.csv", "-o", "today.csv", "-q")
    run(*COMMON, *arguments)
    with open("today.csv", encoding="utf-8", newline="") as file:
        carts = {r["customer_id"]: r for r in csv.DictReader(file) if r["trigger"] == "cart"}
    assert carts["anna-1"]["decided_by"] == "excluded_by.opted_out"
    assert carts["dora-4"]["decided_by"] != "excluded_by.opted_out"


def test_messages_of_nobody_are_said(shop, capsys):
    write("other.csv", [MESSAGES[0], ("ANNA1", "配信停止", "2026/05/01 10:00", "", "")])
    assert run(*COMMON, "--messages=other.csv", "--lang=en") == 0
    assert "1 messages of the log are of nobody" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('exclusions = ["inquiri"]\n', "exclusions.0: there is no reason inquiri"),
        ("", "triggers.again: it has a step of triggers.welcome, too"),
    ],
)
def test_rules_that_do_nothing_or_twice_are_refused(shop, more, said, capsys):
    twice = "" if more else '[triggers.again]\ntrigger = "step"\ndays = [3, 5]\n'
    step = '[triggers.welcome]\ntrigger = "step"\ndays = [3]\n'
    (shop / "rules.toml").write_text(more + step + twice, encoding="utf-8")
    assert run(*COMMON) == 2
    assert said in capsys.readouterr().err
