"""Runs the notebooks of docs/notebooks and writes what their cells show, without Jupyter.

python docs/notebooks.py
"""

import ast
import base64
import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

# What runs a cell is imported where it is used: the site, which only reads notebooks, needs none.

FOLDER = Path(__file__).parent / "notebooks"


def run(notebook: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """What each code cell of a notebook shows, in the format of notebooks."""
    os.environ["MPLBACKEND"] = "agg"
    os.environ["COLUMNS"] = "100"  # The width of printed tables, whatever the terminal.
    names: dict[str, Any] = {}
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [_outputs("".join(cell["source"]), names, at) for at, cell in enumerate(cells, 1)]


def _outputs(code: str, names: dict[str, Any], at: int) -> list[dict[str, Any]]:
    tree = ast.parse(code)
    end = tree.body[-1]
    last = end if isinstance(end, ast.Expr) else None
    if last is not None:
        tree.body.pop()
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, f"cell {at}", "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), f"cell {at}", "eval"), names)
    outputs: list[dict[str, Any]] = []
    if text := printed.getvalue():
        outputs.append({"name": "stdout", "output_type": "stream", "text": _lines(text)})
    if value is not None:
        shown = _shown(value)
        outputs.append(
            {"data": shown, "execution_count": at, "metadata": {}, "output_type": "execute_result"}
        )
    if "matplotlib" in sys.modules:
        from matplotlib import pyplot as plt

        plt.close("all")
    return outputs


def _shown(value: Any) -> dict[str, Any]:
    if hasattr(value, "get_figure"):
        from PIL import Image

        drawn, image = io.BytesIO(), io.BytesIO()
        value.get_figure().savefig(drawn, dpi=70)
        with Image.open(drawn) as read:
            small = read.convert("RGB").quantize(128, Image.Quantize.MAXCOVERAGE)
        small.save(image, "png", optimize=True)
        png = base64.b64encode(image.getvalue()).decode()
        return {"image/png": png, "text/plain": [f"<{type(value).__name__}>"]}
    shown = {"text/plain": _lines(repr(value))}
    if hasattr(value, "_repr_html_"):
        shown["text/html"] = _lines(value._repr_html_())
    return shown


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def markdown(notebook: dict[str, Any]) -> str:
    """The notebook as a page."""
    parts = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            data = output.get("data", {"text/plain": output.get("text", [])})
            if "image/png" in data:
                parts.append(f'<img alt="" src="data:image/png;base64,{data["image/png"]}">')
            elif "text/html" in data:
                parts.append(f'<div class="output">\n{"".join(data["text/html"])}\n</div>')
            else:
                parts.append(f"```text\n{''.join(data['text/plain'])}\n```")
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write all notebooks."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        for at, (cell, outputs) in enumerate(zip(cells, run(notebook), strict=True), 1):
            cell["execution_count"], cell["outputs"] = at, outputs
        text = json.dumps(notebook, ensure_ascii=False, indent=1)
        path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
