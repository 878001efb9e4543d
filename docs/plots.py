"""Runs the code of docs/plots.md and writes the picture that follows each block.

python docs/plots.py            # into docs/plots
python docs/plots.py FOLDER
"""

import ast
import io
import re
import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from PIL import Image

HERE = Path(__file__).parent
PART = re.compile(
    r"^```python\n(?P<code>.*?)^```$|^!\[[^\]]*\]\(plots/(?P<file>\w+\.png)\)$",
    re.DOTALL | re.MULTILINE,
)


def draw(folder: Path, customers: int | None = None) -> dict[str, Axes]:
    """Writes all pictures, of a shop of so many customers; gives the axes by the files' names."""
    folder.mkdir(parents=True, exist_ok=True)
    page = (HERE / "plots.md").read_text(encoding="utf-8")
    if customers is not None:
        page = page.replace("(2_000, seed", f"({customers}, seed")
    names: dict[str, object] = {}
    drawn: dict[str, Axes] = {}
    last: Axes | None = None
    for part in PART.finditer(page):
        if part["code"] is None:
            if last is None:
                raise ValueError(f"no picture before {part['file']}")
            figure = last.get_figure()
            image = io.BytesIO()
            figure.savefig(image, dpi=80)
            with Image.open(image) as read:
                read.convert("RGB").quantize(128, Image.Quantize.MAXCOVERAGE).save(
                    folder / part["file"], optimize=True
                )
            plt.close(figure)
            drawn[part["file"]], last = last, None
            continue
        tree = ast.parse(part["code"])
        shown = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "plots.md", "exec"), names)
        if shown is not None:
            last = eval(compile(ast.Expression(shown.value), "plots.md", "eval"), names)
    return drawn


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "plots")
