"""`crm_core` exports every public function of its modules of analyses."""

import exports
import pytest


def test_init_is_as_the_script_writes_it() -> None:
    text = exports.INIT.read_text()
    assert exports.expected(text) == text, "run `make generated`"


def test_a_new_function_is_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    defined = exports.defined
    monkeypatch.setattr(
        exports,
        "defined",
        lambda module: defined(module) | ({"zebra"} if module == "_summary" else set()),
    )
    text = exports.expected(exports.INIT.read_text())
    assert "from ._summary import clv_summary, monthly, summary, zebra\n" in text
    assert '    "zebra",\n]' in text
