"""Files and functions are short enough to be read, as STYLE.md says."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_RUST = re.compile(
    r"^( *)(?:pub(?:\([^)]*\))? )?(?:(?:const|unsafe|async|extern \"C\") )*fn \w+.*?$"
    r"(?:(?<![;}])\n(?:.*\n)*?\1(?:\}|\).*;)$)?",
    re.MULTILINE,
)
_PYTHON = re.compile(
    r"^( *)(?:async )?def \w+.*\n(?:(?:\1[ )].*)?\n)*",
    re.MULTILINE,
)
_DOCSTRING = re.compile(r'^ +"""(?:[^"]|"(?!""))*"""\n', re.MULTILINE)


def rust(text: str) -> list[int]:
    """The lines of each function, without a module of tests at the end."""
    text = re.split(r"^#\[cfg\(test\)\]\nmod \w+ \{", text, maxsplit=1, flags=re.MULTILINE)[0]
    return [one[0].count("\n") + 1 for one in _RUST.finditer(text)]


def python(text: str) -> list[int]:
    """The lines of each outer function, without its docstring."""
    bodies = (_DOCSTRING.sub("", one[0], count=1) for one in _PYTHON.finditer(text))
    return [body.rstrip().count("\n") + 1 for body in bodies]


def test_functions_are_measured() -> None:
    short = "fn a() {}\n\n    pub(crate) fn b(\n        x: u8,\n    ) -> u8 {\n        x\n    }\n"
    assert rust(short) == [1, 5]
    assert rust("fn a() {\n}\n#[cfg(test)]\nmod tests {\n    fn b() {\n    }\n}\n") == [2]
    assert python('def a(\n    x,\n):\n    """One.\n\n    Two.\n    """\n\n    x\n\n\nb = 1\n') == [
        5
    ]


@pytest.mark.parametrize(
    ("top", "ending", "lines", "long", "most"),
    [("crates", "rs", rust, 0.03, 100), ("python", "py", python, 0.025, 120)],
)
def test_functions_are_short(top: str, ending: str, lines, long: float, most: int) -> None:
    found = []
    for path in (ROOT / top).rglob(f"*.{ending}"):
        parts = path.relative_to(ROOT).parts
        if "target" in parts or "tests" in parts or path.stem == "tests":
            continue
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") < 700, path
        found += [(length, path.name) for length in lines(text)]
    assert len(found) > 2_000
    assert max(found)[0] <= most, max(found)
    assert sum(length > 60 for length, _ in found) <= long * len(found)
