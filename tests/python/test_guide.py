"""The pages of the guide: their code runs and shows what it says, and their names exist."""

import importlib.util
import re
import shlex
from pathlib import Path
from typing import Any

import pages
import pytest
from matplotlib import pyplot as plt

import crm_core as crm
from crm_core import _cli_options

DOCS = Path(__file__).parents[2] / "docs"
HOWTO = DOCS / "howto"
PAGES = sorted(path.stem for path in (DOCS / "guide").glob("*.md"))
QUESTIONS = sorted(path.stem for path in HOWTO.glob("*.md") if path.stem != "index")


def page(name: str) -> str:
    return (DOCS / "guide" / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_the_code_of_a_page_is_one_program(name: str) -> None:
    assert pages.run(page(name), {})
    plt.close("all")


@pytest.fixture(scope="module")
def shop() -> dict[str, Any]:
    """What the first page of the questions makes for all of them."""
    names: dict[str, Any] = {}
    assert pages.run((HOWTO / "index.md").read_text(encoding="utf-8"), names)
    return names


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_answered_with_its_number(name: str, shop: dict[str, Any]) -> None:
    text = (HOWTO / f"{name}.md").read_text(encoding="utf-8")
    shown = pages.run(text, {**shop})
    plt.close("all")
    code = "".join(pages.blocks(text))
    assert 2 <= len(code.splitlines()) <= 16
    answer = re.search(r"^\*\*(.+?)\*\*", text, re.DOTALL | re.MULTILINE)
    assert answer, "the answer is a sentence in bold"
    known = numbers(" ".join([*shown, code]))
    assert not numbers(answer[1]) - known
    assert "](../reference.md#" in text or "](../guide/" in text


def numbers(text: str) -> set[float]:
    plain = re.sub(r"(?<=\d)[,_](?=\d{3})", "", text)
    return {float(one) for one in re.findall(r"\d+(?:\.\d+)?", plain)}


@pytest.mark.parametrize("path", sorted(DOCS.rglob("*.md")), ids=lambda path: path.stem)
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#([^)]*))?\)", path.read_text(encoding="utf-8"))
    assert not [link for link, _ in links if not (path.parent / link).exists()]
    for link, anchor in links:
        if anchor and link.endswith(".md"):
            text = (path.parent / link).read_text(encoding="utf-8")
            headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
            known = [re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings]
            assert anchor in known, f"{link}#{anchor}"


def test_the_list_of_documents_has_every_page() -> None:
    listed = (DOCS / "README.md").read_text(encoding="utf-8")
    assert not [name for name in PAGES if f"(guide/{name}.md)" not in listed]
    asked = (HOWTO / "index.md").read_text(encoding="utf-8")
    assert f"\n{len(QUESTIONS)} questions" in asked
    for name in QUESTIONS:
        title = (HOWTO / f"{name}.md").read_text(encoding="utf-8").partition("\n")[0]
        assert f"- [{title[2:]}]({name}.md)\n" in f"{asked}\n"


@pytest.mark.parametrize("path", sorted(DOCS.rglob("*.md")), ids=lambda path: path.stem)
def test_commands_are_those_of_the_command_line(path: Path) -> None:
    lines = [
        line
        for block in pages.blocks(path.read_text(encoding="utf-8"), "sh")
        for line in block.splitlines()
        if line.startswith("crm ")
    ]
    for line in lines:
        command = line.partition(" > ")[0]
        options = _cli_options.parser().parse_args(shlex.split(command)[1:])
        for given in getattr(options, "option", []):
            assert given.partition("=")[0] in crm.describe(options.task)["options"]["properties"]
        if getattr(options, "read_as", None):
            about = crm.describe(options.task)
            assert options.read_as in (about["reads"], about["also_reads"])


def names_of(cell: str) -> list[str]:
    return [name for code in re.findall(r"`([^`]*)`", cell) for name in [code.split("(")[0]]]


@pytest.mark.parametrize("name", PAGES)
def test_names_of_the_library_exist(name: str) -> None:
    """`crm.x`, `crm.plot.x`, and `model.x`, `spend.x` for methods of models."""
    owners = {"crm": crm, "crm.plot": crm.plot, "model": crm.MbgNbd, "spend": crm.GammaGamma}
    found = re.findall(r"`(crm\.plot|crm|model|spend)\.([A-Za-z_]\w*)", page(name))
    missing = [f"{owner}.{one}" for owner, one in found if not hasattr(owners[owner], one)]
    assert not missing
    assert found or name in ("glossary", "quick-start")


def test_names_of_lifetimes_are_those_of_lifetimes() -> None:
    package = importlib.util.find_spec("lifetimes")
    assert package is not None and package.origin is not None
    folder = Path(package.origin).parent
    source = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    section = page("from-lifetimes").partition("## Name by name")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert len(rows) >= 25
    for row in rows:
        (name,) = names_of(row)
        assert re.search(rf"^\s*(def|class) {name}\b", source, re.MULTILINE), name
    # Pictures and data: nothing public of the package is left out, or it is said here.
    without = {"plot_transaction_rate_heterogeneity", "plot_dropout_rate_heterogeneity"}
    pictures = set(re.findall(r"^def (plot_\w+)", source, re.MULTILINE))
    assert pictures - without <= {names_of(row)[0] for row in rows}


def test_terms_of_the_glossary_are_those_of_the_library() -> None:
    rows = [line.split("|")[1:5] for line in page("glossary").splitlines() if line.startswith("| ")]
    tasks = 0
    for term, _, code, meaning in rows[1:]:
        (name,) = names_of(code)
        assert meaning.strip()
        if name in crm.tasks():
            tasks += 1
            about = crm.describe(name)["ja"]
            columns = [column["ja"] for column in crm.describe(name)["columns"]]
            assert term.strip() in about or term.strip() in columns or about in term, (term, about)
    assert tasks >= 25
