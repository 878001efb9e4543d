"""Which planted faults do the Rust tests notice?

    python3 tests/mutants/run.py --seed 7 --count 450
    python3 tests/mutants/run.py --file money.rs --file time/zone.rs --count 20 --longest 6
    python3 tests/mutants/run.py --seed 7 --again      # what survived, with the tests of now
    python3 tests/mutants/run.py --seed 7 --by-hand    # the faults of by_hand.toml, too
    python3 tests/mutants/run.py --seed 7 --minutes 60 # what can be tried in an hour

A copy of the sources gets a random sample of small faults, all compiled in, each behind a switch
(`planted.rs`); so all of them cost one build. Faults that do not compile are left out. One run of
each test records which faults it passes; then each fault is switched on and the tests that pass it
run, fastest first, until one fails or takes far longer than usual.

`--minutes` ends the run in time: half of it for the recording, and the faults that were tried until
then are a random sample of each area, too. The same command again goes on where it was stopped.

`target/planted/SEED/result.json` has every fault. Tests that compare the code with its own output
are not run; the C programs of `tests/c` are. `--again` looks up the survivors of that file in the
sources of now, by file name and change, and writes `again.json`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import time
import tomllib
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/mutants"
OUT = ROOT / "target/planted"
TREE = OUT / "tree"
CORE = "crates/crm-core/src/"
# The analyses and their numerics; "ground" is all the rest of the three crates.
FAMILIES = tuple(
    CORE + name
    for name in (
        *("summary/", "segmentation/", "retention/", "survival/", "clv/", "cycle/", "behavior/"),
        *("backtest/", "forecast/", "season/", "shop_model/", "customer_card.rs", "num/"),
        *("families.rs", "segments/", "decisions/", "feedback/", "experiments/", "goods/"),
        *("people/", "perks/"),
    )
)
AREAS = ("ground", "families")
PACKAGES = ["crm-core", "crm-arrow", "crm-ffi", "crm-tests"]
# `tables` compares with earlier output; the others read the text of the sources.
NOT_RUN = {"tables", "layers", "reference", "header"}
QUICK = 1.5  # seconds of tests in the first batch
ENV = os.environ | {
    "CARGO_TARGET_DIR": str(OUT / "build"),
    "CARGO_PROFILE_DEV_DEBUG": "0",
    "RAYON_NUM_THREADS": "2",
    "RUST_BACKTRACE": "0",
}


def find(wanted: list[str]) -> list[dict]:
    """All faults of the two areas, or of the wanted files, in the order of the sources."""
    files = [
        path.relative_to(ROOT).as_posix()
        for crate in ("crm-core", "crm-arrow", "crm-ffi")
        for path in sorted((ROOT / "crates" / crate / "src").rglob("*.rs"))
        if "tests" not in path.stem
    ]
    env = ENV | {"CARGO_TARGET_DIR": str(OUT / "tool")}
    tool = ["cargo", "run", "--quiet", "--manifest-path", str(HERE / "Cargo.toml"), "--", *files]
    text = subprocess.run(tool, cwd=ROOT, env=env, check=True, capture_output=True, text=True)
    names = ["path", "line", "kind", "start", "end", "before", "after", "change"]
    faults = []
    for line in text.stdout.splitlines():
        cells = [
            re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), c)
            for c in line.split("\t")
        ]
        fault = dict(zip(names, cells, strict=True))
        for name in ("line", "start", "end"):
            fault[name] = int(fault[name])
        if wanted:
            areas = (w for w in wanted if f"/{fault['path']}".endswith(f"/{w}"))
        else:
            areas = iter([AREAS[fault["path"].startswith(FAMILIES)]])
        fault["area"] = next(areas, None)
        if fault["area"]:
            faults.append(fault)
    return faults


def by_hand() -> list[dict]:
    """The faults of by_hand.toml, as `find` gives the others."""
    faults = []
    for told in tomllib.loads((HERE / "by_hand.toml").read_text())["fault"]:
        text = (ROOT / told["file"]).read_text()
        from_here = text.find(told.get("after", ""))
        start = text.find(told["was"], max(from_here, 0))
        if from_here < 0 or start < 0 or ("after" not in told and text.count(told["was"]) != 1):
            sys.exit(f"{told['file']}: expected {told['was']!r} once")
        was, put = told["was"], told["put"]
        if was.endswith(";"):
            before, after = f"if ::planted::at(@) {{ {put} }} else {{ ", " }"
        else:
            before, after = f"(if ::planted::at(@) {{ {put} }} else {{ ", " })"
        first = len(text[:start].encode())
        faults.append(
            {
                "path": told["file"],
                "line": text[:start].count("\n") + 1,
                "kind": "by hand",
                "start": first,
                "end": first + len(was.encode()),
                "before": before,
                "after": after,
                "change": f"{was} -> {put}",
                "area": "by hand",
            }
        )
    return faults


def survivors(found: list[dict], before: list[dict]) -> list[dict]:
    """What survived before, where it stands now."""

    def key(fault: dict) -> tuple[str, str, str]:
        # Whether a number grows or shrinks depends on its place.
        what = fault["change"].split(" -> ")[0] if fault["kind"] == "number" else fault["change"]
        return Path(fault["path"]).name, fault["kind"], what

    by_change = defaultdict(list)
    for fault in found:
        by_change[key(fault)].append(fault)
    chosen = []
    for old in before:
        if old["said"] not in ("survived", "not reached"):
            continue
        same = by_change[key(old)]
        if same:
            now = min(same, key=lambda f: (f["path"] != old["path"], abs(f["line"] - old["line"])))
            same.remove(now)
            chosen.append(now)
        else:
            print(f"{old['path']}:{old['line']} is gone: {old['change']!r}", flush=True)
    return chosen


def plant(faults: list[dict], paths: set[str]) -> None:
    """These files with these faults; where each stands then goes into `place`."""
    by_file: dict[str, list[dict]] = {path: [] for path in paths}
    for fault in faults:
        by_file[fault["path"]].append(fault)
    for path, here in by_file.items():
        source = (ROOT / path).read_bytes()
        marks = []  # place, order at the place, text, fault, opening
        for i, f in enumerate(here):
            before, after = (f[k].replace("@", str(f["id"])).encode() for k in ("before", "after"))
            marks.append((f["start"], (1, -f["end"], i), before, f, True))
            if after:
                marks.append((f["end"], (0, -f["start"], -i), after, f, False))
        text, last = b"", 0
        for place, _, mark, fault, opening in sorted(marks, key=lambda m: m[:2]):
            text += source[last:place]
            if opening:
                fault["place"] = [len(text), len(text) + len(mark)]
            text += mark
            fault["place"][1] = len(text)
            last = place
        write(TREE / path, text + source[last:])


def write(path: Path, text: bytes) -> None:
    if not path.exists() or path.read_bytes() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)


def copy(without: set[str]) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    wanted = {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}
    ours = {"crates/planted/src/lib.rs", "crates/planted/Cargo.toml", "Cargo.toml", "Cargo.lock"}
    wanted -= ours
    for path in TREE.rglob("*"):
        if path.is_file() and path.relative_to(TREE).as_posix() not in wanted | ours:
            path.unlink()
    for name in wanted - without:
        text = (ROOT / name).read_bytes()
        if name.endswith("Cargo.toml") and name.startswith(
            ("crates/crm-core", "crates/crm-arrow", "crates/crm-ffi")
        ):
            text = text.replace(
                b"[dependencies]", b'[dependencies]\nplanted = { path = "../planted" }'
            )
            text = text.replace(b"[lints]\nworkspace = true", b"")
        write(TREE / name, text)
    planted = TREE / "crates/planted"
    write(planted / "src/lib.rs", (HERE / "src/planted.rs").read_bytes())
    write(
        planted / "Cargo.toml",
        b'[package]\nname = "planted"\nversion = "0.1.0"\nedition = "2024"\n',
    )
    if not (TREE / "Cargo.lock").exists():
        shutil.copy(ROOT / "Cargo.lock", TREE)
    root = (
        (ROOT / "Cargo.toml").read_text().replace("members = [", 'members = ["crates/planted", ', 1)
    )
    root += "\n[profile.dev.package.planted]\nopt-level = 3\n"
    write(TREE / "Cargo.toml", root.encode())


def errors(check: str) -> list[list[dict]]:
    """The places of each error of a build, the main ones first."""
    found = []
    for line in check.splitlines():
        message = json.loads(line).get("message") if line.startswith("{") else None
        if message and message.get("level") == "error":
            spans = [*message["spans"], *(s for c in message["children"] for s in c["spans"])]
            found.append(sorted(spans, key=lambda s: not s["is_primary"]))
    return [spans for spans in found if spans]


def compiling(faults: list[dict], known: Path) -> list[dict]:
    """Those that compile: what an error points at is taken out until there is none."""
    paths = {f["path"] for f in faults}
    these = hashlib.sha256(json.dumps(faults, sort_keys=True).encode()).hexdigest()
    if known.exists() and (before := json.loads(known.read_text()))["of"] == these:
        out = set(before["out"])
        return [f for f in faults if f["id"] not in out]
    all_out: list[int] = []
    while True:
        plant(faults, paths)
        check = [
            "cargo",
            "check",
            "--keep-going",
            "--message-format=json",
            "-p",
            "crm-core",
            "-p",
            "crm-arrow",
            "-p",
            "crm-ffi",
        ]
        done = subprocess.run(check, cwd=TREE, env=ENV, capture_output=True, text=True)
        if done.returncode == 0:
            known.write_text(json.dumps({"of": these, "out": all_out}))
            return faults
        out = set()
        for spans in errors(done.stdout):
            inner, touched, near = [], set(), set()
            for span in spans:
                a, b = span["byte_start"], span["byte_end"]
                for f in faults:
                    if f["path"] != span["file_name"]:
                        continue
                    near.add(f["id"])
                    start, end = f["place"]
                    if start <= a and b <= end and span["is_primary"]:
                        inner.append((end - start, f["id"]))
                    if start < b and a < end:
                        touched.add(f["id"])
            out |= {min(inner)[1]} if inner else touched or near
        print(f"  {len(out)} do not compile", flush=True)
        if not out:
            sys.exit(done.stderr[-3000:])
        all_out += out
        faults = [f for f in faults if f["id"] not in out]


def build(plain: bool, only: list[str]) -> dict[str, Path]:
    """The test programs by name; with `only` these and the tests beside the code."""
    core = "profile.dev.package.crm-core.opt-level=0"
    cargo = ["cargo", "--config", core] if plain else ["cargo"]
    command = [*cargo, "test", "--no-run", "--message-format=json", "--lib"]
    command += [part for name in only for part in ("--test", name)] if only else ["--tests"]
    for package in PACKAGES:
        command += ["-p", package]
    done = subprocess.run(command, cwd=TREE, env=ENV, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    programs = {}
    for line in done.stdout.splitlines():
        made = json.loads(line)
        if made.get("executable") and made.get("profile", {}).get("test"):
            name = made["target"]["name"]
            package = re.sub(r".*[/#]([a-z-]+)[#@].*", r"\1", made["package_id"])
            if name not in NOT_RUN and made["target"]["kind"] != ["bin"]:
                programs[f"{package}:{name}"] = Path(made["executable"])
    if only:
        return programs
    subprocess.run(
        [*cargo, "build", "--quiet", "-p", "crm-ffi", "--lib"],
        cwd=TREE,
        env=ENV,
        check=True,
        stderr=subprocess.DEVNULL,
    )
    for name in ("api", "abuse", "broken"):
        programs[f"c:{name}"] = OUT / "build" / f"c-{name}"
        parts = [f"tests/c/{name}.c", OUT / "build/debug/libcrm.a", "-o", programs[f"c:{name}"]]
        command = ["gcc", "-std=c11", "-O1", "-Iinclude", *parts, "-lpthread", "-ldl", "-lm"]
        subprocess.run(command, cwd=TREE, check=True)
    return programs


def folder(name: str) -> Path:
    package = name.split(":")[0]
    if package == "c":
        return TREE
    return TREE / ("tests" if package == "crm-tests" else f"crates/{package}")


def run(program: Path, name: str, tests: list[str], env: dict, limit: float) -> str:
    command = [
        str(program),
        *([] if name.startswith("c:") else ["--exact", "--test-threads=1", *tests]),
    ]
    try:
        done = subprocess.run(
            command,
            cwd=folder(name),
            env=ENV | env,
            timeout=limit,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return "time"
    return "passed" if done.returncode == 0 else "failed"


def cases(programs: dict[str, Path]) -> list[tuple[str, str]]:
    """Every test: its program and its name."""
    tests = []
    for name, program in programs.items():
        if name.startswith("c:"):
            tests.append((name, "main"))
            continue
        listed = subprocess.run(
            [program, "--list", "--format=terse"],
            cwd=folder(name),
            env=ENV,
            capture_output=True,
            text=True,
        )
        tests += [
            (name, line.removesuffix(": test"))
            for line in listed.stdout.splitlines()
            if line.endswith(": test")
        ]
    return tests


def rows(file: Path) -> list[dict]:
    return [json.loads(row) for row in file.read_text().splitlines()] if file.exists() else []


def record(programs: dict[str, Path], out: Path, args: argparse.Namespace, end: float) -> list:
    """Each test: how long it takes and what it passes. Quick ones first, until the time is over."""
    tests = cases(programs)
    known = OUT / "took.json"  # of every test that any run has timed
    before = json.loads(known.read_text()) if known.exists() else {}
    stamps = {name: program.stat().st_mtime_ns for name, program in programs.items()}
    written = out / "recorded.jsonl"
    done = {
        (row["program"], row["case"]): row
        for row in rows(written)
        if row["stamp"] == stamps.get(row["program"])
    }
    written.write_text("".join(json.dumps(row) + "\n" for row in done.values()))

    def one(test: tuple[str, str]) -> dict | None:
        name, case = test
        if test in done or before.get(f"{name} {case}", 0) > args.longest:
            return done.get(test)
        if time.monotonic() > end:
            return None
        file = out / (hashlib.sha256(f"{name} {case}".encode()).hexdigest()[:16] + ".reached")
        file.unlink(missing_ok=True)
        start = time.monotonic()
        said = run(programs[name], name, [case], {"CRM_REACHED": str(file)}, args.longest)
        before[f"{name} {case}"] = took = time.monotonic() - start
        data = file.read_bytes() if file.exists() else b""
        file.unlink(missing_ok=True)
        row = {"program": name, "case": case, "stamp": stamps[name], "said": said, "took": took}
        row["reached"] = sorted({x for (x,) in struct.iter_unpack("<I", data)})
        with written.open("a") as to:
            to.write(json.dumps(row) + "\n")
        return row

    tests.sort(key=lambda test: before.get(" ".join(test), 0))
    with ThreadPoolExecutor(args.jobs) as pool:
        recorded = [t for t in pool.map(one, tests) if t]
    known.write_text(json.dumps(before, indent=0))
    for row in recorded:
        if row["said"] != "passed":
            print(f"  without a fault {row['said']}: {row['program']} {row['case']}", flush=True)
    recorded = [row for row in recorded if row["said"] == "passed"]
    took = sum(row["took"] for row in recorded)
    print(f"{len(recorded)} of {len(tests)} tests run, {took:.0f} s", flush=True)
    return recorded


def noticed(fault: dict, reaching: list[dict], programs: dict[str, Path]) -> tuple[str, str]:
    """By what, if by anything."""
    if not reaching:
        return "not reached", ""
    batches, spent = [], 0.0
    for test in sorted(reaching, key=lambda t: t["took"]):
        spent += test["took"]
        key = (spent > QUICK, spent > 8 * QUICK, test["program"])
        same = next((b for b in batches if b[0] == key), None)
        if same is None:
            batches.append(same := (key, []))
        same[1].append(test)
    for (*_, name), tests in sorted(batches, key=lambda b: b[0][:2]):
        limit = 5 + 4 * sum(t["took"] for t in tests)
        said = run(
            programs[name],
            name,
            [t["case"] for t in tests],
            {"CRM_PLANTED": str(fault["id"])},
            limit,
        )
        if said != "passed":
            return said, name
    return "survived", ""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=400, help="faults of each area or file")
    parser.add_argument("--area", choices=AREAS, action="append")
    parser.add_argument(
        "--file",
        action="append",
        default=[],
        help="the end of a path: faults of these files instead of the areas",
    )
    parser.add_argument(
        "--longest", type=float, default=60, help="tests that take more seconds are not run"
    )
    parser.add_argument(
        "--plain", action="store_true", help="without optimisation: a short build, slow tests"
    )
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600, help="no more after the build")
    parser.add_argument(
        "--test",
        action="append",
        default=[],
        help="these programs of tests alone, on a busy machine",
    )
    parser.add_argument(
        "--by-hand",
        action="store_true",
        help="the faults of by_hand.toml, too, second",
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="the survivors of this seed only, with the tests of now",
    )
    args = parser.parse_args()
    os.nice(10)
    out = OUT / str(args.seed)
    out.mkdir(parents=True, exist_ok=True)
    result = out / "result.json"

    areas = args.file or args.area or list(AREAS)
    hand = by_hand() if args.by_hand else []
    found = find(args.file)
    for area in areas:
        print(f"{area}: {sum(f['area'] == area for f in found):,} faults can be planted")
    chosen = []
    if args.again:
        chosen = survivors(found + hand, json.loads(result.read_text()))
        args.count, result = len(chosen), out / "again.json"
    else:
        for area in areas:
            here = [f for f in found if f["area"] == area]
            # Few do not compile.
            chosen += random.Random(args.seed).sample(here, min(len(here), args.count * 9 // 8))
        chosen += hand
    for i, fault in enumerate(chosen, 1):
        fault["id"] = i
    paths = {f["path"] for f in chosen}
    copy(paths)
    chosen = compiling(chosen, out / ("known-again.json" if args.again else "known.json"))
    tried = defaultdict(int)
    for fault in list(chosen):
        tried[fault["area"]] += 1
        if tried[fault["area"]] > args.count and fault["area"] != "by hand":
            chosen.remove(fault)
    plant(chosen, paths)
    print(f"{len(chosen)} planted, building", flush=True)
    programs = build(args.plain, args.test)
    start = time.monotonic()
    tests = record(programs, out, args, start + 30 * args.minutes)
    end = start + 60 * args.minutes
    try_all(chosen, areas, programs, tests, args, result, end)


def try_all(
    chosen: list[dict],
    areas: list[str],
    programs: dict[str, Path],
    tests: list[dict],
    args: argparse.Namespace,
    result: Path,
    end: float,
) -> None:
    """Switches the faults on one after another and says the share of each area."""
    reaching = defaultdict(list)
    for test in tests:
        for fault in test["reached"]:
            reaching[fault].append(test)
    ran = sorted((t["program"], t["case"], t["stamp"]) for t in tests)
    state = json.dumps([sorted((f["id"], f["change"]) for f in chosen), ran])
    of = hashlib.sha256(state.encode()).hexdigest()
    written = result.with_suffix(".jsonl")
    before = {row["id"]: row for row in rows(written) if row["of"] == of}
    written.write_text("".join(json.dumps(row) + "\n" for row in before.values()))
    kept = ("id", "path", "line", "kind", "change", "area", "said", "by")

    def one(fault: dict) -> dict | None:
        if fault["id"] in before:
            return before[fault["id"]]
        if time.monotonic() > end:
            return None
        fault["said"], fault["by"] = noticed(fault, reaching[fault["id"]], programs)
        if fault["said"] in ("survived", "not reached"):
            place = f"{fault['path']}:{fault['line']} [{fault['kind']}]"
            print(f"{place} {fault['said']}:", repr(fault["change"]), flush=True)
        row = {k: fault[k] for k in kept} | {"of": of}
        with written.open("a") as to:
            to.write(json.dumps(row, ensure_ascii=False) + "\n")
        return row

    # The areas in turn, each in random order: a run cut short is a sample of each, too.
    random.Random(args.seed).shuffle(chosen)
    place: dict[str, int] = defaultdict(int)
    for fault in chosen:
        place[fault["area"]] += 1
        fault["turn"] = place[fault["area"]]
    with ThreadPoolExecutor(args.jobs) as pool:
        done = [row for row in pool.map(one, sorted(chosen, key=lambda f: f["turn"])) if row]
    result.write_text(json.dumps(done, indent=1, ensure_ascii=False))
    for area in [*areas, *(["by hand"] if args.by_hand else [])]:
        here = [f for f in done if f["area"] == area]
        caught = sum(f["said"] in ("failed", "time") for f in here)
        share = 100 * caught / max(1, len(here))
        planted = sum(f["area"] == area for f in chosen)
        print(f"{area}: {caught} of {len(here)} noticed, {share:.1f} %; {planted} planted")


if __name__ == "__main__":
    main()
