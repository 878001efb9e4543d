"""The site of the documents: `make docs`."""

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

# The navigation lists all questions; on the page itself they are links that every viewer shows.
QUESTIONS = "\n```{toctree}\n:hidden:\n:glob:\n\n*\n```\n"


def setup(app):
    """Called by Sphinx."""
    app.connect("source-read", lambda app, name, text: name == "howto/index" and _list(text))


def _list(text):
    text[0] += QUESTIONS
