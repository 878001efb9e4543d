"""Writes what `crm_core` exports into `python/crm_core/__init__.py`.

    python3 tests/python/exports.py

A module of analyses exports every public function and class that it defines. The other modules
export the names that `__init__.py` imports from them. `make generated` runs this script, and
`test_exports.py` compares its text with the file.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "python/crm_core"
INIT = PACKAGE / "__init__.py"
# Modules with public names that only other modules of the package use, and modules in Rust.
BY_HAND = {"_errors", "_events", "_library", "_models", "_native", "_people", "_read"}
LAZY = {"engine", "plot"}  # imported when they are first asked for
WIDTH = 100


def defined(module: str) -> set[str]:
    """The public functions and classes that a module defines."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text())
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    }


def one_import(module: str, names: set[str]) -> str:
    """An import as ruff writes it."""
    # Ruff sorts constants, classes and functions apart; no module has two of these kinds mixed
    # with names that would come in another order.
    ordered = sorted(names, key=lambda name: (name[0].islower(), name))
    line = f"from .{module} import {', '.join(ordered)}\n"
    if len(line) <= WIDTH:
        return line
    return "".join([f"from .{module} import (\n", *(f"    {name},\n" for name in ordered), ")\n"])


def expected(text: str) -> str:
    """The text of `__init__.py` with its imports and `__all__` made anew."""
    exported = set(LAZY)
    for node in ast.parse(text).body:
        if not (isinstance(node, ast.ImportFrom) and node.level == 1 and node.module):
            continue
        names = {alias.name for alias in node.names}
        if node.module not in BY_HAND:
            names = defined(node.module)
        pattern = rf"from \.{node.module} import (\([^)]*\)|[^(\n]*)\n"
        text = re.sub(pattern, lambda _, m=node.module, n=names: one_import(m, n), text)
        exported |= names
    # `warn_of_debug_build` runs on import and is deleted.
    exported.discard("warn_of_debug_build")
    listed = "".join(f'    "{name}",\n' for name in sorted(exported))
    return re.sub(r"__all__ = \[[^]]*\]", lambda _: f"__all__ = [\n{listed}]", text)


if __name__ == "__main__":
    INIT.write_text(expected(INIT.read_text()))
