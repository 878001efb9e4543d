"""The stubs are true and the package is typed."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "check",
    [["mypy.stubtest", "crm_core._native"], ["mypy"]],
    ids=["stubtest", "strict"],
)
def test_types(check: list[str], pytestconfig: pytest.Config) -> None:
    result = subprocess.run(
        [sys.executable, "-m", *check],
        capture_output=True,
        text=True,
        check=False,
        cwd=pytestconfig.rootpath,
    )
    assert result.returncode == 0, result.stdout + result.stderr
