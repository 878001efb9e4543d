"""Every hint of a message works as it is typed, in Python and on the command line.

The files are those of the traps: each message proposes something, and what it proposes is done.
"""

import ast
import inspect
import re

import pytest
from test_meaning import frame

import crm_core as crm
from crm_core._cli_options import parser
from crm_core._problem import Problem
from crm_core._reading.frame_source import sources_in
from crm_core._reading.order_reading import load_sources
from crm_core._reading.settings import Settings
from crm_core._report import words

HEAD = "order_id,customer_id,order_date"
TAKES = inspect.signature(crm.read_orders).parameters
PLACEHOLDERS = ("WORD", "MEANING", "COLUMN", "...", "%")
ARGUMENT = re.compile(r"\b([a-z_]+)=(\"[^\"]*\"|\[[^\]]*\]|\{[^}]*\})")
WITH = re.compile(r"\b([a-z_]+)=\"[^\"]*\" with ([a-z_]+)=")
OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)(?: (\"[^\"]*\"))?")


def table(heading, *cells):
    rows = [f"{at},c{at},2026-01-0{at},{cell}" for at, cell in enumerate(cells, 1)]
    return "\n".join([f"{HEAD},{heading}", *rows])


CASES = {
    "cents": table("total", "1999", "4550", "899"),
    "net": table("net,refund amount", "20,0", "20,10"),
    "debits": table("Debit,Credit", "20,", ",5"),
    "less discount": table("total,discount,x", "10,1,9", "20,0,20"),
    "share": table("line_total,discount", "10,0.1", "20,0"),
    "unread discount": table("line_total,coupon", "10,1", "20,0"),
    "before discount": table("小計,送料,合計,ポイント値引", "1000,500,1500,100", "2000,0,2000,50"),
    "rate": table("total,fx_rate", "10,1.5", "20,1"),
    "tax": table("total,tax_included", "10,yes", "20,no"),
    "flag": table("total,is_latest", "10,1", "20,0"),
    "duplicate": table("total,is_duplicate", "10,0", "20,1"),
    "paid": table("total,paid", "10,yes", "20,no"),
    "refund": table("total,refund total", "10,0.00", "20,5.50"),
    "type": table("total,type", "10,Sale", "20,Refund"),
    "memo": table("total,memo", "10,", "20,refunded to the customer"),
    "cancel codes": table("total,キャンセル区分", "10,1", "20,2"),
    "cancel words": table("total,storno", "10,", "20,X"),
    "status": table("total,status", "10,paid", "20,parked", "30,parked"),
    "partial": table("total,status", "10,paid", "20,Partially refunded"),
    "other total": table("subtotal,shipping,total", "20,5,25", "30,5,35"),
    "ids by case": HEAD + ",total\n1,Abc,2026-01-03,10\n2,abc,2026-01-04,20",
    "ids by zeros": HEAD + ",total\n1,007,2026-01-03,10\n2,7,2026-01-04,20",
    "nobody": HEAD + ",total\n1,0,2026-01-03,10\n2,0,2026-01-04,20\n3,7,2026-01-05,5",
    "nines": HEAD + ",total\n1,9999,2026-01-03,10\n2,9999,2026-01-04,20\n3,7,2026-01-05,5",
    "twice": HEAD + ",total\n" + "1,a,2026-01-03,10\n" * 3 + "2,b,2026-01-04,20",
    "far apart": HEAD + ",line_total\n1,a,2026-01-03,10\n1,a,2026-05-03,20\n2,b,2026-01-04,3",
    "restart": HEAD + ",line_total\n1,a,2026-01-03,10\n1,b,2026-01-03,20",
    "what is it": HEAD + ",zahl\n1,a,2026-01-03,10.5\n1,a,2026-01-03,20.5",
    "amount or order": HEAD + ",amount\n1,a,2026-01-03,10\n1,a,2026-01-03,10",
    "level": HEAD + ",line_total,refunded_amount\n1,a,2026-01-03,10,1\n1,a,2026-01-03,10,1",
    "order number": HEAD.replace("order_id", "ref no")
    + ",line_total\nR1,a,2026-01-03,10\nR1,a,2026-01-03,5\nR2,b,2026-01-04,5\nR2,b,2026-01-04,6",
    "price": table("Einzelpreis,pcs", "10,2", "20,1", "5,3"),
    "quantity": table("amount,quantity", "10,2", "20,1"),
    "bad amount": table("total", "10", "x"),
    "bad date": HEAD + ",total\n1,a,03/04/2026,10\n2,b,04/05/2026,20",
    "serial": HEAD + ",total\n1,a,45995,10\n2,b,soon,20",
    "decimal": table("total", "1.234", "5"),
    "two currencies": table("Total USD,Total EUR", "10,9", "20,18"),
    "codes": table("total,cur", "10,EUR", "20,EUR"),
    "no customer": "order_id,order_date,total\n1,2026-01-03,10",
    "constant date": HEAD.replace("order_date", "date")
    + ",total,created\n"
    + "\n".join(f"{at},c{at},2025-12-01,10,2025-01-0{at}" for at in (1, 2, 3)),
    "grouped": HEAD
    + ",total\n1,a,2026-01-03,10\n2,,2026-01-03,20\n3,,2026-01-04,5\n4,b,2026-01-05,6",
    "dates of payment": table("total,入金日", "10,2026-01-09", "20,"),
    "day of zone": HEAD + ",total\n1,a,2026-01-03T10:00:00+09:00,10",
    "joined": HEAD + ",line id,line_total,pay\n1,a,2026-01-03,1,10,x\n1,a,2026-01-03,1,10,y"
    + "\n1,a,2026-01-03,2,5,x",
}  # fmt: skip


def messages(text, **options):
    try:
        found = crm.read_orders(frame(text), **options).understanding
        return [*found.warnings, *found.notes]
    except crm.DataError as error:
        return [f"{error} {error.hint or ''}"]


@pytest.mark.parametrize("case", CASES)
def test_what_python_is_told_is_an_argument_that_works(case):
    given = {"currency": "USD"}
    told = messages(CASES[case], **given)
    assert told, "the case has nothing to say"
    for message in told:
        assert not re.search(r"--[a-z]", message), message
        together = dict(WITH.findall(message))
        for name, value in ARGUMENT.findall(message):
            if name not in TAKES or any(one in value for one in PLACEHOLDERS):
                continue
            if name in together.values():  # said with the option before it
                continue
            options = {name: value}
            if name in together:
                other = together[name]
                options[other] = dict(ARGUMENT.findall(message))[other]
            values = {one: ast.literal_eval(text) for one, text in options.items()}
            again = messages(CASES[case], **{**given, **values})
            assert message not in again, f"{options} changes nothing"
            assert not any(
                "has no effect" in one or "there is no column" in one for one in again
            ), again
        # A word that an option takes stands behind its sign.
        for name in ("amount_is", "amount_unit", "id_fold", "guest_id", "bad_rows", "guests"):
            assert not re.search(
                rf"\b{name} (line|order|unit|major|minor|case|number|none|drop|keep|\d+)\b", message
            ), message


@pytest.mark.parametrize("case", CASES)
def test_what_the_command_is_told_is_an_option_that_it_has(case):
    sources = sources_in(frame(CASES[case]), "auto", "auto")
    try:
        loaded = load_sources(sources, Settings(currency="USD"))
        told = [words.note(one.code, one.values, "en") for one in [*loaded.warnings, *loaded.notes]]
    except Problem as problem:
        told = [f"{problem.message} {problem.hint}"]
    for message in told:
        for name, value in OPTION.findall(message):
            given = [f"--{name}", *([value.strip('"')] if value else [])]
            if not value:
                assert f"--{name}" in parser_help(), message
                continue
            parser().parse_args(["run", "summary", "orders.csv", *given])


def parser_help():
    commands = next(one for one in parser()._actions if one.choices).choices
    return commands["run"].format_help()
