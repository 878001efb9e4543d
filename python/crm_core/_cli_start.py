"""What the command does once, before it reads: it keeps pandas out of its process."""

from __future__ import annotations

import sys
from typing import Any


class _Absent:
    """A finder of modules for which there is no pandas."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name, name=name)


def without_pandas() -> None:
    """Lets pyarrow look for pandas once and find none.

    pyarrow imports pandas, where it is installed, to make its first array of a list: half a second
    and 50 MB for a command that has no frames. It looks only once, and an import of pandas
    afterwards is as ever. For the command's own process alone: pyarrow makes no frames in it.
    """
    if "pandas" in sys.modules:
        return
    import pyarrow as pa

    absent: Any = _Absent()
    sys.meta_path.insert(0, absent)
    try:
        pa.array([""])
    finally:
        sys.meta_path.remove(absent)
