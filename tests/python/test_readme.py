"""What README.md shows is what happens."""

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pages
import pytest

import crm_core as crm
from crm_core import _cli_options

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    found = pages.blocks(README, language)
    assert found, language
    return found


def test_python_blocks_run_and_show_what_they_say() -> None:
    """The blocks are one program; `expression  # -> text` shows what the expression gives."""
    assert len(pages.run(README, {})) >= 8


def test_the_machines_zone_and_locale_do_not_matter() -> None:
    program = (
        "import crm_core as crm; shop = crm.simulate_orders(50, 3); o = crm.Orders(shop, "
        "currency='JPY', order_id='order_id', guests='keep', timezone='America/New_York'); "
        "t = crm.summary(o); print(t.hash, t.to_dict())"
    )
    shown = set()
    for zone, locale in (("Asia/Tokyo", "C.UTF-8"), ("America/St_Johns", "tr_TR.UTF-8")):
        environment = {**os.environ, "TZ": zone, "LC_ALL": locale}
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        shown.add(done.stdout)
    assert len(shown) == 1


def test_the_hash_is_one_that_others_can_compute(orders: crm.Orders) -> None:
    table = crm.rfm(orders, "2025-12-31", where={"channel": ["ads", "email"]})
    canonical = json.dumps(
        table.definition, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert hashlib.sha256(canonical.encode()).hexdigest()[:16] == table.hash


def test_where_chooses_orders_and_customers_chooses_rows(orders: crm.Orders) -> None:
    date = "2025-12-31"
    whole = crm.summary(orders, date).to_dict()
    known = {customer: row for customer, *row in zip(*whole.values(), strict=True)}
    rows = crm.summary(orders, date, customers={"first_channel": "ads"}).to_dict()
    assert 0 < len(rows["customer_id"]) < len(known)
    for customer, *row in zip(*rows.values(), strict=True):
        assert row == known[customer]
    some = crm.summary(orders, date, where={"channel": "ads"}).to_dict()
    counts = dict(zip(some["customer_id"], some["orders"], strict=True))
    column = list(whole).index("orders") - 1
    assert all(count <= known[customer][column] for customer, count in counts.items())
    assert sum(counts.values()) < sum(row[column] for row in known.values())


def test_the_c_block_is_part_of_the_example() -> None:
    example = (ROOT / "examples" / "c" / "rfm.c").read_text(encoding="utf-8")
    for block in blocks("c"):
        assert block in example


def test_commands_are_those_of_the_command_line() -> None:
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    commands = [line for line in commands if line.startswith("crm ")]
    assert len(commands) >= 5
    for line in commands:
        options = _cli_options.parser().parse_args(shlex.split(line)[1:])
        for given in getattr(options, "option", []):
            name, _, value = given.partition("=")
            assert name in crm.describe(options.task)["options"]["properties"]
            json.loads(value)


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`?make ([a-z]+)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_analyses_named_are_those_there_are() -> None:
    section = README.partition("## What it answers")[2].partition("\n## ")[0]
    table = "".join(line for line in section.splitlines() if line.startswith("| "))
    named = re.findall(r"`(\w+)`(?: \(([^)]*)\))?", table)
    assert len(named) >= 20
    for task, terms in named:
        assert task in crm.tasks()
        if terms:
            assert any(term in crm.describe(task)["ja"] for term in terms.split(", ")), task


def test_presets_named_are_those_there_are() -> None:
    for task, presets in (
        ("cpm", ("ltv_lab", "ltv_lab_120")),
        ("rfm", ("uchide_repeat", "uchide_general")),
    ):
        described = json.dumps(crm.describe(task)["options"])
        for preset in presets:
            assert f"`{preset}`" in README
            assert f'"{preset}"' in described


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "ARCHITECTURE.md",
        "DESIGN.md",
        "STYLE.md",
        "CHANGELOG.md",
        "docs/README.md",
        "docs/rules.md",
    ],
)
def test_links_and_paths_lead_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    paths = re.findall(r"`((?:crates|python|tests|include|examples|docs|benches)/[\w./-]+)`", text)
    missing = [link for link in links if not ((ROOT / document).parent / link).exists()]
    missing += [path for path in paths if not (ROOT / path).exists()]
    assert not missing


def test_the_places_of_rules_are_there() -> None:
    text = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
    places = set(re.findall(r"`([\w/]+\.(?:rs|py))`", text))
    assert len(places) > 80
    files = [f"/{path.relative_to(ROOT)}" for path in sorted(ROOT.glob("crates/*/src/**/*.rs"))]
    files += [f"/{path.relative_to(ROOT)}" for path in sorted(ROOT.glob("python/**/*.py"))]
    assert not [one for one in places if not any(file.endswith(f"/{one}") for file in files)]


def test_every_dependency_has_its_reason() -> None:
    text = (ROOT / "DESIGN.md").read_text(encoding="utf-8")
    section = text.partition("## Dependencies")[2]
    explained = set(re.findall(r"`([\w-]+)`", section))
    named = set()
    for manifest in [*ROOT.glob("crates/*/Cargo.toml"), ROOT / "tests" / "Cargo.toml"]:
        content = tomllib.loads(manifest.read_text(encoding="utf-8"))
        named |= set(content.get("dependencies", {})) | set(content.get("dev-dependencies", {}))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    python = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *(one for extra in project["project"]["optional-dependencies"].values() for one in extra),
        *(one for group in project["dependency-groups"].values() for one in group),
    ]
    named |= {re.split(r"[^\w-]", one)[0] for one in python}
    named = {name for name in named if not name.startswith("crm")}
    assert named <= explained, named - explained


def test_the_example_of_the_architecture_is_the_code() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```rust\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    rest = (ROOT / "crates/crm-core/src/segmentation/decile.rs").read_text(encoding="utf-8")
    for line in filter(str.strip, example.splitlines(keepends=True)):
        _, found, rest = rest.partition(line)
        assert found, line
