"""Counts the instructions of ten hot paths (`benches/hot_paths.rs`) under valgrind's callgrind, on one thread, and
compares them with `benches/instructions.json`.

A path that needs two percent more than its row is an error; one that needs two percent less is to be written down with
`--write`. Counts do not depend on what else the machine does, but on the compiler: with another one nothing is compared.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("instructions.json")
MOST = 0.02


def compiler() -> str:
    """The compiler and the kind of machine."""
    version = subprocess.run(
        ["rustc", "--version"], check=True, capture_output=True, text=True
    ).stdout
    return f"{version.strip()}, {platform.machine()}"


def built() -> str:
    """The path of the built program."""
    # With crm-py, so that the core is that of its release build.
    packages = ["-p", "crm-tests", "-p", "crm-py"]
    command = ["cargo", "bench", "--quiet", *packages, "--bench", "hot_paths", "--no-run"]
    done = subprocess.run(
        [*command, "--message-format=json"], check=True, stdout=subprocess.PIPE, text=True
    )
    for line in reversed(done.stdout.splitlines()):
        message = json.loads(line)
        if message.get("executable"):
            return str(message["executable"])
    raise SystemExit("cargo has built no program")


def counted(program: str, name: str) -> tuple[int, int]:
    """The rows of a path and its instructions."""
    with tempfile.NamedTemporaryFile() as file:
        done = subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                "--toggle-collect=hot_paths::measured*",
                f"--callgrind-out-file={file.name}",
                program,
                name,
            ],
            check=True,
            capture_output=True,
            text=True,
        )
    instructions = re.search(r"Collected : (\d+)", done.stderr)
    rows = re.search(r"(\d+) rows", done.stdout)
    if not instructions or not rows or int(instructions[1]) == 0:
        raise SystemExit(f"callgrind has counted nothing for {name}:\n{done.stderr}")
    return int(rows[1]), int(instructions[1])


def main() -> None:
    """Counts, prints, and compares or writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table anew")
    parser.add_argument("only", nargs="*", help="paths; all if none is named")
    args = parser.parse_args()
    table: dict[str, Any] = json.loads(TABLE.read_text()) if TABLE.exists() else {"paths": {}}
    same = table.get("compiler") == compiler()
    program = built()
    names = re.findall(
        r'^    \("(\w+)", ', Path(__file__).with_name("hot_paths.rs").read_text(), re.M
    )
    slower, faster = [], []
    found: dict[str, Any] = dict(table["paths"]) if args.only else {}
    for name in args.only or names:
        rows, instructions = counted(program, name)
        known = table["paths"].get(name, {}) if same else {}
        before = known.get("instructions") if known.get("rows") == rows else None
        change = instructions / before - 1 if before else None
        found[name] = {"rows": rows, "instructions": instructions}
        said = "" if change is None else f"  {change:+.2%}"
        print(f"{name:14} {instructions / rows:8.1f} instructions a row{said}", flush=True)
        if change is not None and change > MOST:
            slower.append(name)
        if change is not None and change < -MOST:
            faster.append(name)
    if args.write:
        table = {"compiler": compiler(), "paths": found}
        TABLE.write_text(json.dumps(table, indent=2) + "\n")
        return
    if not same:
        known = table.get("compiler")
        why = f"it was counted with {known}" if known else "there is none yet"
        print(f"Not compared with a table: {why}. --write makes it.")
        return
    if faster:
        print(f"Fewer than in the table, write it anew with --write: {', '.join(faster)}")
    if slower:
        raise SystemExit(f"More than in the table by over {MOST:.0%}: {', '.join(slower)}")


if __name__ == "__main__":
    sys.exit(main())
