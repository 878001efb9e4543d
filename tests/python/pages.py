"""Code blocks of documents, run as a reader would run them."""

import re
from typing import Any


def blocks(text: str, language: str = "python") -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def run(text: str, names: dict[str, Any]) -> list[str]:
    """Runs the blocks as one program, where `expression  # -> text` shows the text; gives texts."""
    shown: list[str] = []
    for block in blocks(text):
        pending = ""
        for line in block.splitlines(keepends=True):
            expression, arrow, wanted = line.partition("  # -> ")
            if not arrow:
                pending += line
                continue
            exec(pending, names)
            pending = ""
            assert str(eval(expression, names)) == wanted.rstrip("\n"), expression
            shown.append(wanted.rstrip("\n"))
        exec(pending, names)
    return shown
