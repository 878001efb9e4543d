"""`crm identify` and the report's section on persons: what they show, and what they never show."""

import csv
import random

import pytest
from test_report import run

import crm_core as crm
from crm_core import _people_worlds as people_worlds
from crm_core._report.money import Currency
from crm_core._report.sections import persons
from crm_core._report.sections.parts import Text
from crm_core._report.sections.voice import Voice

JA = {
    "record_id": "会員ID", "email": "メールアドレス", "phone": "電話番号", "family_name": "姓",
    "given_name": "名", "family_kana": "セイ", "given_kana": "メイ", "birth_date": "生年月日",
    "sex": "性別", "zip": "郵便番号",
    "prefecture": "都道府県", "city": "市区町村", "address": "番地", "building": "建物名",
    "registered_at": "会員登録日", "source": "登録元",
}  # fmt: skip
VOICES = [Voice("en", Currency("JPY", 0)), Voice("ja", Currency("JPY", 0))]


@pytest.fixture(scope="module")
def people():
    """Families, companies, dummies and copies, as columns."""
    return people_worlds.columns(people_worlds.hard(260, 4), without=("truth", "account"))


@pytest.fixture(scope="module")
def shop(people):
    """Orders of the records: one of each, and a second of some."""
    draw = random.Random(1)
    rows = []
    for record in sorted(people["record_id"]):
        for at in range(1 + (draw.random() < 0.4)):
            day = f"2025-{draw.randrange(1, 6) + 2 * at:02}-{draw.randrange(1, 29):02}"
            rows.append((f"N{len(rows)}", record, day, draw.randrange(1, 90) * 100))
    rows.append((f"N{len(rows)}", sorted(people["record_id"])[0], "2026-06-30", 100))
    return dict(zip(("注文番号", "会員ID", "注文日", "金額"), zip(*rows, strict=True), strict=True))


@pytest.fixture
def files(people, shop, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    japanese = {JA[name]: cells for name, cells in people.items()}
    japanese["会員登録日"] = [day and day.replace("-", "/") for day in japanese["会員登録日"]]
    for name, columns in (("people.csv", japanese), ("orders.csv", shop)):
        with open(name, "w", encoding="cp932", errors="replace", newline="") as file:
            out = csv.writer(file)
            out.writerow(columns)
            out.writerows(zip(*columns.values(), strict=True))
    return tmp_path


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def found(people):
    return crm.identify(people)


def test_the_persons_are_those_of_the_library(files, people, capsys):
    columns = {**people}
    for name in ("family_name", "given_name", "building"):  # what the file's encoding has
        columns[name] = [
            one and one.encode("cp932", "replace").decode("cp932") for one in columns[name]
        ]
    columns.pop("source")
    expected = crm.identify(columns).persons.to_dict()
    assert run("identify", "people.csv", "-q", "-o", "persons.csv") == 0
    written = rows_of("persons.csv")
    assert [row["record_id"] for row in written] == expected["record_id"]
    assert [row["person_id"] for row in written] == expected["person_id"]
    assert [row["household_id"] for row in written] == expected["household_id"]
    assert capsys.readouterr().out == ""


def test_the_screen_has_counts_and_no_person(files, people, capsys):
    assert run("identify", "people.csv", "orders.csv", "--tables", "t") == 0
    out = capsys.readouterr().out
    assert "F2転換率はアカウント単位で" in out and "t/review.csv" in out
    assert "読み取らない列: 登録元。" in out
    private = ("record_id", "email", "phone", "family_kana", "zip")
    shown = [one for name in private for one in people[name] if one and one in out]
    assert not shown
    assert not {"name_a", "name_b"} & {*rows_of("t/links.csv")[0]}
    assert {row["decision"] for row in rows_of("t/links.csv")} <= {"joined", "forbidden"}
    assert all("*" in row["masked"] for row in rows_of("t/shared_identifiers.csv"))


def test_names_are_in_the_links_if_they_are_asked_for(files, people):
    assert run("identify", "people.csv", "-q", "--tables", "t", "--names") == 0
    given = dict(zip(people["record_id"], people["given_name"], strict=True))
    links = rows_of("t/links.csv")
    assert links
    for row in links:
        name = (given[row["record_a"]] or "").encode("cp932", "replace").decode("cp932")
        assert row["name_a"].endswith(name)


def test_persons_keep_their_ids_when_records_are_added(files, people):
    assert run("identify", "people.csv", "-q", "-o", "first.csv") == 0
    first = {row["record_id"]: row["person_id"] for row in rows_of("first.csv")}
    text = (files / "people.csv").read_text(encoding="cp932").splitlines()
    (files / "some.csv").write_text("\n".join([text[0], *text[1:200]]), encoding="cp932")
    assert run("identify", "some.csv", "-q", "-o", "some-persons.csv") == 0
    again = ("identify", "people.csv", "-q", "--previous", "some-persons.csv", "--tables", "t")
    assert run(*again) == 0
    some = {row["record_id"]: row["person_id"] for row in rows_of("some-persons.csv")}
    later = {row["record_id"]: row["person_id"] for row in rows_of("t/persons.csv")}
    assert len(later) == len(first)
    changed = {row["previous_person_id"] for row in rows_of("t/changes.csv")}
    kept = [one for one, person in some.items() if person not in changed]
    assert len(kept) > 100 and all(later[one] == some[one] for one in kept)


def test_orders_of_the_config_file_are_those_of_the_people(files, capsys):
    (files / "crm.toml").write_text('files = ["orders.csv"]\ncurrency = "JPY"\n')
    assert run("identify", "people.csv") == 0
    assert "アカウント単位" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("people.csv", "--names"), 2, "--names has no effect without --tables"),
        (("people.csv", "--where", "a=b"), 2, "--where has no effect without orders"),
        (("people.csv", "--people-column", "mail=x"), 2, "there is no role mail"),
        (("people.csv", "--people-column", "email=x"), 3, 'there is no column "x"'),
        (("orders.csv",), 3, "tells who a record is"),
        (("people.csv", "-o", "p.pdf"), 2, "ends in none of .csv"),
        (("people.csv", "--previous", "orders.csv"), 2, "orders.csv has no column record_id"),
        (("bad.csv",), 3, "bad.csv, row 3, column 登録日: not a date"),
        (("twice.csv",), 3, "two rows for one record"),
    ],
)
def test_what_is_wrong_is_said(files, arguments, status, said, capsys):
    (files / "bad.csv").write_text("会員ID,メール,登録日\n1,a@x.jp,2026/1/3\n2,b@x.jp,soon\n")
    (files / "twice.csv").write_text("会員ID,メール\n1,a@x.jp\n1,b@x.jp\n")
    assert run("identify", *arguments) == status
    err = capsys.readouterr().err
    assert said in err and "@x.jp" not in err


def test_sensitivity_is_what_orders_under_the_persons_ids_give(people, shop, found):
    """The second computation renames the customers in the rows before they are read."""
    settings = {
        "currency": "JPY",
        "customer_id": "会員ID",
        "ordered_at": "注文日",
        "amount": "金額",
    }
    orders = crm.Orders(shop, **settings)
    columns = crm.identity_sensitivity(orders, people).to_dict()
    table = found.persons.to_dict()
    person = dict(zip(table["record_id"], table["person_id"], strict=True))
    renamed = {**shop, "会員ID": [person[one] for one in shop["会員ID"]]}
    by_hand = crm.Orders(renamed, **settings)
    at = columns["policy"].index("standard")
    again = crm.repeat_rate(by_hand).to_dict()
    for name in ("repeat_rate", "repeat_rate_low", "repeat_rate_high"):
        assert columns[name][at] == again[name][0]
    counts = [renamed["会員ID"].count(one) for one in {*renamed["会員ID"]}]
    assert columns["customers"][at] == len(counts) < columns["customers"][0]
    assert columns["repeaters"][at] == sum(count > 1 for count in counts)
    first = {"customers": {"first_month": {"from": "2025-03-01"}}}
    some = crm.identity_sensitivity(orders, people, **first).to_dict()
    assert some["customers"][at] == crm.summary(by_hand, **first).to_dict()["orders"].__len__()


@pytest.mark.parametrize("voice", VOICES, ids=["en", "ja"])
def test_the_section_says_both_rates_and_shows_nobody(people, shop, found, voice):
    settings = {
        "currency": "JPY",
        "customer_id": "会員ID",
        "ordered_at": "注文日",
        "amount": "金額",
    }
    table = crm.identity_sensitivity(crm.Orders(shop, **settings), people)
    counts = persons.find(found, table)
    section = persons.show(counts, voice)
    columns = table.to_dict()
    at = columns["policy"].index("standard")
    for row in (0, at):
        assert voice.percent(columns["repeat_rate"][row]) in section.title
        assert voice.count(columns["customers"][row]) in section.title
    cells = [cell for grid in section.grids for row in grid.rows for cell in row]
    cells += [part.text for part in section.parts if isinstance(part, Text)]
    secret = {one for column in people.values() for one in column if one and len(one) > 3}
    assert not [one for one in secret if any(one in cell for cell in cells)]
    alone = persons.show(persons.find(found), voice)
    assert voice.count(counts.persons) in alone.title and len(alone.grids) == len(section.grids) - 1
    difference = columns["repeat_rate"][at] - columns["repeat_rate"][0]
    assert [one.warning for one in section.headlines] == ([True] if abs(difference) >= 0.01 else [])


def test_counts_add_up(people, found):
    counts = persons.find(found)
    of = found.persons.to_dict()
    members = [of["person_id"].count(one) for one in {*of["person_id"]}]
    assert (counts.records, counts.persons) == (len(people["record_id"]), len(members))
    assert counts.several == sum(count > 1 for count in members)
    joined = [one for one in found.links.to_dict()["decision"] if one == "joined"]
    assert sum(counts.rules.values()) == len(joined) >= counts.records - counts.persons


def test_the_report_has_the_section_where_people_are_given(files):
    """A shop of 60 customers, for which the report predicts nothing."""
    lines = (files / "orders.csv").read_text(encoding="cp932").splitlines()
    (files / "few.csv").write_text("\n".join(lines[:70]), encoding="cp932")
    arguments = ("few.csv", "--currency=JPY", "--people", "people.csv", "-q", "-o", "r.html")
    assert run("report", *arguments) == 0
    page = (files / "r.html").read_text(encoding="utf-8")
    assert 'id="persons"' in page and "アカウント単位" in page
    assert run("report", "few.csv", "--currency=JPY", "-q", "--people-column", "email=x") == 2
