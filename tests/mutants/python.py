"""Which planted faults in `python/crm_core` do the tests in `tests/python` notice?

    .venv-test/bin/python tests/mutants/python.py --seed 7 --count 150
    .venv-test/bin/python tests/mutants/python.py --count 40 --path _report/ --tests test_cells.py
    .venv-test/bin/python tests/mutants/python.py --seed 7 --again   # its survivors

A copy of the package gets a random sample of small faults, each behind a switch. One run of the
tests says which of them reach a fault; then each fault is tried in forks (`forks.py`), until a test
fails or takes far too long. `--minutes` ends the run in time: the faults tried until then are a
random sample, too. `target/planted/python-SEED.json` has every fault that was tried.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/mutants"
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
FIRST_FILE = 100_000  # numbers of the switches that only say which files a test runs
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


def find(paths: list[str]) -> list[dict]:
    """All faults of the files whose path begins so."""
    faults = []
    for file in sorted(COPY.rglob("*.py")):
        path, text = file.relative_to(COPY).as_posix(), file.read_text()
        if paths and not path.startswith(tuple(paths)):
            continue
        for line, kind, start, end, change in Finder(text).found:
            was = text.encode()[start:end].decode()
            fault = {"path": path, "line": line, "kind": kind, "was": was, "change": change}
            faults.append(fault | {"start": start, "end": end})
    return faults


def survivors(found: list[dict], before: list[dict]) -> list[dict]:
    """What no test noticed before, where it stands now: the same change nearest to its line."""
    chosen = []
    for old in before:
        same = [f for f in found if all(f[n] == old[n] for n in ("path", "kind", "was", "change"))]
        if old["said"] in ("survived", "not reached") and same:
            now = min(same, key=lambda f: abs(f["line"] - old["line"]))
            found.remove(now)
            chosen.append(now)
    return chosen


def planted(source: bytes, faults: list[dict]) -> bytes:
    """The text of a file with these faults, each behind its switch."""
    marks = []  # place, order at the place, text
    for i, f in enumerate(faults):
        on = f"crm_planted({f['id']})"
        indent = source[source.rfind(b"\n", 0, f["start"]) + 1 : f["start"]].decode()
        if f["kind"] == "return":
            before, after = f"if {on}: return None\n{indent}", ""
        elif f["kind"] == "statement":
            before, after = f"if not {on}: ", ""
        else:
            before, after = f"({f['change']} if {on} else (", "))"
        marks.append((f["start"], (1, -f["end"], i), before))
        marks.append((f["end"], (0, -f["start"], -i), after))
    text, last = b"", 0
    for place, _, mark in sorted(marks):
        text += source[last:place] + mark.encode()
        last = place
    return text + source[last:]


def plant(faults: list[dict]) -> list[dict]:
    """Plants those that compile, and says which."""
    by_file = defaultdict(list)
    for fault in faults:
        by_file[fault["path"]].append(fault)
    done = []
    for path, here in by_file.items():
        source, kept = (COPY / path).read_bytes(), []
        for fault in here:
            try:
                compile(planted(source, [*kept, fault]), path, "exec")
            except SyntaxError:
                continue
            kept.append(fault)
        (COPY / path).write_bytes(planted(source, kept))
        done += kept
    return done


def mark(faults: list[dict]) -> None:
    """A switch at the start of each function of a module with faults, or that imports one."""
    texts = {f.relative_to(COPY).as_posix(): f.read_text() for f in sorted(COPY.rglob("*.py"))}
    number = {path: FIRST_FILE + i for i, path in enumerate(texts)}
    marked = set()
    for fault in faults:
        path = fault["path"]
        module = Path(path).parent.name if path.endswith("__init__.py") else Path(path).stem
        uses = re.compile(rf"^\s*(from|import) .*\b{module}\b", re.MULTILINE)
        users = [name for name, text in texts.items() if name != path and uses.search(text)]
        fault["of_file"], fault["of_users"] = number[path], [number[name] for name in users]
        marked |= {path, *users}
    for path in marked:
        text = texts[path]
        lines = text.splitlines(keepends=True)
        first = set()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = [
                    s for s in node.body if not isinstance(s, ast.Expr | ast.Nonlocal | ast.Global)
                ]
                if body and body[0].lineno > node.lineno:
                    decorators = getattr(body[0], "decorator_list", [])
                    first.add(min([body[0].lineno, *(d.lineno for d in decorators)]))
        for line in sorted(first, reverse=True):
            was = lines[line - 1]
            indent = was[: len(was) - len(was.lstrip())]
            lines.insert(line - 1, f"{indent}crm_planted({number[path]})\n")
        compile("".join(lines), path, "exec")
        (COPY / path).write_text("".join(lines))


def pytest(arguments: list[str], env: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    env = os.environ | {"PYTHONPATH": str(OUT), "PYTHONDONTWRITEBYTECODE": "1"} | env
    with (OUT / "log").open("w") as log:
        subprocess.run(command, cwd=ROOT, env=env, stdout=log, stderr=log)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--path", action="append", default=[], help="only files that begin so")
    parser.add_argument(
        "--tests", action="append", default=[], help="these files of tests alone, in this order"
    )
    parser.add_argument(
        "--seconds", type=float, default=30, help="no more of a file of tests, without the forks"
    )
    parser.add_argument("--rows", type=int, default=4, help="of a parametrized test")
    parser.add_argument("--each", type=float, default=60, help="seconds of tests for a fault")
    parser.add_argument("--minutes", type=float, default=600, help="no more in all")
    parser.add_argument("--again", action="store_true", help="the survivors of this seed only")
    args = parser.parse_args()
    os.nice(10)
    shutil.rmtree(OUT, ignore_errors=True)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "python/crm_core", COPY, ignore=ignore)
    shutil.copy(HERE / "switch.py", OUT / "sitecustomize.py")
    shutil.copy(HERE / "forks.py", OUT / "crm_forks.py")
    found = find(args.path)
    print(f"{len(found):,} faults can be planted", flush=True)
    result = OUT.parent / f"python-{args.seed}.json"
    if args.again:
        before = json.loads(result.read_text())
        chosen = survivors(found, before)
        result = OUT.parent / f"python-{args.seed}-again.json"
    else:
        chosen = random.Random(args.seed).sample(found, min(args.count, len(found)))
    for i, fault in enumerate(chosen, 1):
        fault["id"] = i
    chosen = sorted(plant(chosen), key=lambda fault: fault["id"])
    mark(chosen)
    print(f"{len(chosen)} planted", flush=True)
    (OUT / "faults.json").write_text(json.dumps(chosen))
    (OUT / "said.tsv").touch()
    env = {
        "CRM_REACHED": str(OUT / "reached"),
        "CRM_PLANTED_OUT": str(OUT),
        "CRM_PLANTED_ROWS": str(args.rows),
        "CRM_PLANTED_SECONDS": str(args.seconds),
        "CRM_PLANTED_EACH": str(args.each),
        "CRM_PLANTED_MINUTES": str(args.minutes),
    }
    where = [f"tests/python/{name}" for name in args.tests]
    where = where or ["tests/python", *(f"--ignore=tests/python/{name}" for name in NOT_RUN)]
    pytest(["-p", "crm_forks", "--maxfail=1000", *where], env)
    finish(chosen, result)


def finish(faults: list[dict], result: Path) -> None:
    """What was said of the faults that were tried, and the share."""
    rows = [row.split("\t") for row in (OUT / "said.tsv").read_text().splitlines()]
    said = {int(fault): {"said": how, "by": by, "tests": int(n)} for fault, how, by, n in rows}
    tried = [fault | said[fault["id"]] for fault in faults if fault["id"] in said]
    for fault in tried:
        if fault["said"] in ("survived", "not reached"):
            what = f"{fault['was']!r} -> {fault['change']!r}"
            where = f"{fault['path']}:{fault['line']} [{fault['kind']}]"
            print(f"{where} {fault['said']} {fault['tests']} tests: {what}")
    result.write_text(json.dumps(tried, indent=1, ensure_ascii=False))
    caught = sum(f["said"] in ("failed", "time") for f in tried)
    print(f"{len(tried)} of {len(faults)} were tried")
    print(f"{caught} of {len(tried)} noticed, {100 * caught / max(1, len(tried)):.1f} %")


if __name__ == "__main__":
    main()
