"""The programs and notebooks of the documents run, and notebooks show what they showed."""

import importlib.util
import json
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
from matplotlib import pyplot as plt

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted((ROOT / "examples" / "python").glob("*.py"))
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_the_program_runs(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = path.read_text(encoding="utf-8")
    written = tmp_path / "written.png"
    monkeypatch.setattr(sys, "argv", [path.name, str(written)])
    runpy.run_path(str(path), run_name="__main__")
    plt.close("all")
    assert capsys.readouterr().out.strip()
    assert written.exists() == ("sys.argv" in source)


def test_the_list_of_programs_is_complete() -> None:
    listed = (ROOT / "examples" / "python" / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\((\w+\.py)\)", listed)) == [path.name for path in PROGRAMS]
    assert len(PROGRAMS) == 10 and "Ten small programs" in listed


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_shows_what_it_showed(path: Path) -> None:
    spec = importlib.util.spec_from_file_location("notebooks", ROOT / "docs" / "notebooks.py")
    assert spec is not None and spec.loader is not None
    notebooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(notebooks)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    stored = [cell["outputs"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(stored) >= 5
    assert [_texts(one) for one in notebooks.run(notebook)] == [_texts(one) for one in stored]
    page = notebooks.markdown(notebook)
    assert page.count("```python") == len(stored) and "data:image/png" in page
    links = re.findall(r"\]\(([^)#:]+)\)", "".join(notebooks.markdown({"cells": [
        cell for cell in notebook["cells"] if cell["cell_type"] == "markdown"]})))  # fmt: skip
    assert links and not [link for link in links if not (path.parent / link).exists()]


def _texts(outputs: list[dict[str, Any]]) -> list[Any]:
    """What a cell printed and gave; pictures depend on the fonts of the machine."""
    texts = []
    for output in outputs:
        data = {name: text for name, text in output.get("data", {}).items() if "png" not in name}
        texts.append((output["output_type"], output.get("text"), data))
    return texts
