"""Which planted faults in `python/crm_core` do the tests in `tests/python` notice?

    .venv-test/bin/python tests/mutants/python.py --seed 7 --count 150
    .venv-test/bin/python tests/mutants/python.py --count 40 --without _report --tests test_run.py

    .venv-test/bin/python tests/mutants/python.py --seed 5 --near

A copy of the package gets one small fault at a time. One run of all tests records which lines each
test passes, also in the processes it starts; then the tests that pass the line of a fault run,
fastest first, until one fails. With `--near` nothing is recorded: the files of tests that NEAR has
for the file of the fault run, so what survives may be noticed by others.
`target/planted/python-SEED.json` has every fault.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "target/planted/python"
COPY = OUT / "crm_core"
NOT_RUN = [
    # The first builds the C library, the second reads types.
    "test_doors.py",
    "test_typing.py",
    # Long computations of the core; other tests pass the same lines of the package.
    "test_backtest.py",
    "test_models_peer.py",
    "test_models_track.py",
]
# Files of tests by the beginning of a path, the first that fits; one after the other.
_SHOPS = "meaning traps_amounts traps traps_money row_doubts doubts"
_PAGE = "report_sections report report_page report_buyers said_words shown_words"
NEAR = {
    "plot/": "plot examples",
    "_engine/": "engine",
    "_models/": "models models_bad functions",
    "_cli_people": "identify_command people exits",
    "_cli_today": "command_line today_rules exits",
    "_cli_output _cli_japanese _cli_screen _progress":
        "command_line command_scope exits report_page lists",
    "_cli": "command_line command_scope exits packed today_rules report identify_command",
    "_people _report/people": "people people_and_sets identify_command",
    "_xlsx": "table table_parts command_line lists",
    "_table _rows _display _columns _types": "table table_parts own_frames inputs functions run",
    "_input _dataset _request _library _errors":
        "requests errors arguments inputs own_frames states functions process customers",
    "_conditions _segments": "segments requests functions arguments",
    "_features _attributes": "features attributes",
    "_orders _events _customers": "requests states errors arguments functions events customers",
    "_read _reporting": f"reading text_files hints packed events {_SHOPS}",
    "_shop_model _cycle _survival": "learned cycle requests functions examples",
    "_report/sections/voice _report/sections/site _report/behavior _report/event":
        f"event_report survey events {_PAGE}",
    "_report/sections/persons _report/sections/buyers": f"report_buyers people_and_sets {_PAGE}",
    "_report/sections/today _report/sections/sending _report/sending":
        f"today_rules lists command_line {_PAGE}",
    "_report/sections _report/figures _report/findings _report/outlook _report/cycle _report/page":
        f"{_PAGE} command_line",
    "_report/words _report/lists _report/result _report/understanding _report/screen":
        f"told said_words shown_words lists {_PAGE} reading hints text_files",
    "_report/workbook _report/number _report/columnar _report/databases _report/container":
        f"workbooks number_formats packed sources text_files reading {_SHOPS}",
    "_report/charset _report/delimited _report/source _report/text _report/json _report/heading_":
        f"text_files sources packed workbooks reading {_SHOPS}",
    "_report/amounts_beside _report/money": f"amounts_beside odd_numbers {_SHOPS}",
    "_report/odd _report/row _report/joined _report/marked _report/likely _report/said":
        f"amounts_beside row_doubts nearly_all odd_numbers {_SHOPS}",
    "_report/state _report/line_states _report/statuses":
        f"line_states cells states reading layouts {_SHOPS}",
    "_report/headings _report/layouts _report/customer_table _report/other_tables":
        f"headings other_tables hints layouts candidates {_SHOPS}",
    "_report/sets _report/items _report/coded _report/groups": f"people_and_sets {_SHOPS}",
    "_report/overlap _report/several": f"overlap {_SHOPS}",
    "_report/": f"cells texts amounts_beside nearly_all odd_numbers other_tables {_SHOPS}",
    "_": "requests functions arguments examples errors run",
    "": "readme functions requests examples programs",
}  # fmt: skip
TESTS = 60  # the fastest that pass the line; more of them add little
FIRST = 20  # of these, those that run first
COMPARE = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
ARITHMETIC = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.Mod: "*",
}

# Loaded into every process of a test: notes the lines of the package that each test passes, of
# each file of tests the first 15 that pass a line. A function whose lines are noted is not looked
# at again: looking makes it several times slower.
RECORDER = """
import os, sys, threading
home, out = os.environ.get("CRM_COPY"), os.environ.get("CRM_LINES")
if home and out:
    file = open(out, "ab", buffering=0)
    case = os.environ.get("CRM_CASE", "")
    left, times = {}, {}
    def begin(name):
        global case
        if name.partition("::")[0] != case.partition("::")[0]:
            times.clear()
        case = os.environ["CRM_CASE"] = name
        left.clear()
    def line(frame, event, arg):
        if event == "line":
            code, number = frame.f_code, frame.f_lineno
            lines = left.get(id(code))
            if lines is None:
                lines = lines_of(code)
            if number in lines:
                lines.remove(number)
                times[id(code), number] = times.get((id(code), number), 0) + 1
                file.write(f"{code.co_filename}\\t{number}\\t{case}\\n".encode())
        return line
    def lines_of(code):
        lines = left[id(code)] = {
            number
            for *_, number in code.co_lines()
            if number and times.get((id(code), number), 0) < 15
        }
        if len(lines) > 1 and not code.co_name.startswith("<"):
            lines.discard(code.co_firstlineno)  # the line of `def` is not passed by a call
        return lines
    def call(frame, event, arg):
        code = frame.f_code
        if not code.co_filename.startswith(home):
            return None
        lines = left.get(id(code))
        return line if lines or lines is None else None
    threading.settrace(call)
    sys.settrace(call)
"""
PLUGIN = """
import os, sitecustomize
def pytest_runtest_logstart(nodeid, location):
    sitecustomize.begin(nodeid)
def pytest_runtest_logreport(report):
    if report.when == "call" and report.passed:
        with open(os.environ["CRM_TIMES"], "a") as file:
            file.write(f"{report.nodeid}\\t{report.duration}\\n")
"""


class Finder(ast.NodeVisitor):
    """The faults of one file: line, kind, start, end, the text put there."""

    def __init__(self, text: str) -> None:
        self.text = text.encode()
        self.starts = [0]
        for line in self.text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.found: list[tuple[int, str, int, int, str]] = []
        self.visit(ast.parse(text))

    def range(self, node: ast.AST) -> tuple[int, int]:
        start = self.starts[node.lineno - 1] + node.col_offset
        return start, self.starts[node.end_lineno - 1] + node.end_col_offset

    def source(self, node: ast.AST) -> str:
        start, end = self.range(node)
        return self.text[start:end].decode()

    def add(self, kind: str, node: ast.AST, text: str) -> None:
        self.found.append((node.lineno, kind, *self.range(node), text))

    def generic_visit(self, node: ast.AST) -> None:
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "type_comment"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not isinstance(child, ast.JoinedStr):
                    self.visit(child)

    def visit_Compare(self, node: ast.Compare) -> None:
        other = COMPARE[type(node.ops[0])]
        if len(node.ops) == 1:
            self.add(
                "compare",
                node,
                f"({self.source(node.left)} {other} {self.source(node.comparators[0])})",
            )
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        other = " or " if isinstance(node.op, ast.And) else " and "
        self.add("logic", node, "(" + other.join(f"({self.source(v)})" for v in node.values) + ")")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not | ast.USub):
            self.add("unary", node, f"({self.source(node.operand)})")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if other := ARITHMETIC.get(type(node.op)):
            self.add(
                "arithmetic",
                node,
                f"(({self.source(node.left)}) {other} ({self.source(node.right)}))",
            )
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self.add("constant", node, str(not node.value))
        elif isinstance(node.value, int):
            self.add("constant", node, f"({node.value + 1})")

    def visit_If(self, node: ast.If) -> None:
        if self.source(node.test) != "TYPE_CHECKING":
            self.add("condition", node.test, f"(not ({self.source(node.test)}))")
            self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.add("condition", node.test, f"(not ({self.source(node.test)}))")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and self.source(node.value) != "None":
            self.add("return", node, "return None")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.add("statement", node, "pass")
            self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.add("statement", node, "pass")
        self.generic_visit(node)

    visit_Continue = visit_Raise = visit_AugAssign

    def visit_Call(self, node: ast.Call) -> None:
        if node.keywords and node.keywords[-1].arg:
            start, end = self.range(node.keywords[-1])
            call, last = self.range(node)
            text = (self.text[call:start] + self.text[end:last]).decode()
            self.add("keyword", node, text.replace(", ,", ","))
        self.generic_visit(node)


def pytest(arguments: list[str], env: dict[str, str], limit: float | None) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *arguments]
    env = os.environ | {"PYTHONPATH": str(OUT), "PYTHONDONTWRITEBYTECODE": "1"} | env
    try:
        return subprocess.run(
            command,
            cwd=ROOT,
            env=env,
            timeout=limit,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ).returncode
    except subprocess.TimeoutExpired:
        return -1


def record(files: list[str], jobs: int) -> tuple[dict[tuple[str, int], set[str]], dict[str, float]]:
    """The tests that pass each line ("" where it is passed on import), and their times."""
    (OUT / "sitecustomize.py").write_text(RECORDER)
    (OUT / "crm_planted.py").write_text(PLUGIN)
    lines, times = OUT / "lines", OUT / "times"
    env = {"CRM_COPY": str(COPY), "CRM_LINES": str(lines), "CRM_TIMES": str(times)}
    ignored = [f"--ignore=tests/python/{name}" for name in NOT_RUN]
    if not times.exists():
        where = [f"tests/python/{name}" for name in files] or ["tests/python", *ignored]
        workers = ["-n", str(jobs)] if jobs > 1 else []
        pytest(["-p", "crm_planted", "--maxfail=1000", *workers, *where], env, None)
    (OUT / "sitecustomize.py").unlink()
    took = {c: float(t) for c, t in (x.split("\t") for x in times.read_text().splitlines())}
    passed = defaultdict(set)
    for line in lines.read_text().splitlines():
        path, number, case = line.split("\t")
        if case in took or not case:
            passed[Path(path).relative_to(COPY).as_posix(), int(number)].add(case)
    return passed, took


def fastest(cases: set[str], took: dict[str, float]) -> list[str]:
    """Of each file of tests the fastest, then of each the second, and so on."""
    place: dict[str, int] = defaultdict(int)
    ranked = []
    for case in sorted(cases, key=lambda c: (took[c], c)):
        file = case.partition("::")[0]
        ranked.append((place[file], took[case], case))
        place[file] += 1
    return [case for *_, case in sorted(ranked)[:TESTS]]


def near(path: str) -> list[str]:
    """The files of tests that NEAR has for a file of the package."""
    beginnings = (tests for heads, tests in NEAR.items() if path.startswith(tuple(heads.split())))
    return [f"tests/python/test_{name}.py" for name in next(beginnings, NEAR[""]).split()]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument(
        "--again", action="store_true", help="the survivors of this seed only; records anew"
    )
    parser.add_argument("--without", action="append", default=[], help="not these, by their path")
    parser.add_argument(
        "--tests", action="append", default=[], help="these files of tests alone; records anew"
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes that record")
    parser.add_argument("--near", action="store_true", help="the tests of NEAR, nothing recorded")
    args = parser.parse_args()
    os.nice(10)
    shutil.rmtree(COPY, ignore_errors=True)
    shutil.copytree(ROOT / "python/crm_core", COPY, ignore=shutil.ignore_patterns("__pycache__"))
    if not args.near and (args.again or args.tests):
        (OUT / "times").unlink(missing_ok=True)
        (OUT / "lines").unlink(missing_ok=True)
    found = []
    for path in sorted(COPY.rglob("*.py")):
        found += [(path.relative_to(COPY).as_posix(), *f) for f in Finder(path.read_text()).found]
    found = [f for f in found if not f[0].startswith(tuple(args.without))]
    print(f"{len(found):,} faults can be planted", flush=True)
    result = OUT.parent / f"python-{args.seed}.json"
    chosen = random.Random(args.seed).sample(found, args.count)
    if args.again:
        wanted = {
            (f["path"], f["kind"], f["change"])
            for f in json.loads(result.read_text())
            if f["said"] != "failed"
        }
        chosen = [f for f in found if (f[0], f[2], f[5]) in wanted]
        result = OUT.parent / f"python-{args.seed}-again.json"
    passed, took = ({}, {}) if args.near else record(args.tests, args.jobs)
    print(f"{len(took)} tests, {sum(took.values()):.0f} s", flush=True)
    done = []
    for path, line, kind, start, end, text in chosen:
        file = COPY / path
        right = file.read_bytes()
        if args.near:
            batches = [[name] for name in dict.fromkeys(near(path))]
        else:
            # A statement over several lines may be noted at any of them.
            span = range(line, line + right[start:end].count(b"\n") + 1)
            reaching = set().union(*(passed[path, n] for n in span))
            if "" in reaching:
                reaching |= set(took)
            cases = fastest(reaching & took.keys(), took)
            batches = [part for part in (cases[:FIRST], cases[FIRST:]) if part]
        said = "survived" if batches else "not reached"
        file.write_bytes(right[:start] + text.encode() + right[end:])
        for batch in batches:
            # Files of NEAR are not timed: five minutes without an end are a fault that is noticed.
            limit = 300 if args.near else 30 + 4 * sum(took[c] for c in batch)
            code = pytest(batch, {}, limit)
            # 1: a test fails; 2 and 4: the package or a test file cannot be imported; -1: time.
            if code not in (0, 1, 2, 4, -1):
                sys.exit(f"pytest ended with {code}")
            if code:
                file.write_bytes(right)
                if code == 4 and pytest(["--collect-only", *batch], {}, None) == 4:
                    sys.exit(f"pytest does not find one of {batch}")
                said = "failed"
                break
        file.write_bytes(right)
        was = right[start:end].decode()
        if said != "failed":
            print(f"{path}:{line} [{kind}] {said}: {was!r} -> {text!r}", flush=True)
        done.append(
            {"path": path, "line": line, "kind": kind, "change": text, "was": was, "said": said}
        )
        result.write_text(json.dumps(done, indent=1, ensure_ascii=False))
    caught = sum(f["said"] == "failed" for f in done)
    print(f"{caught} of {len(done)} noticed, {100 * caught / len(done):.1f} %")


if __name__ == "__main__":
    main()
