"""The site of the documents: `make docs`."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import notebooks

project = "crm"
author = "the authors of crm"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["README.md"]
suppress_warnings = ["myst.xref_missing"]  # links to files outside of docs; a test checks all
html_theme = "furo"
html_title = "crm"
myst_heading_anchors = 3

# Notebooks are pages with what their cells showed when they ran last.
source_suffix[".ipynb"] = "markdown"
QUESTIONS = "\n```{toctree}\n:hidden:\n:glob:\n\n*\n```\n"


def setup(app):
    """Called by Sphinx."""
    app.connect("source-read", _read)


def _read(app, name, text):
    if name.startswith("notebooks/"):
        text[0] = notebooks.markdown(json.loads(text[0]))
    if name == "howto/index":  # The navigation lists all questions, as the page does.
        text[0] += QUESTIONS
