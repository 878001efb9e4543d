"""The bytes of a file, whatever they came in.

A plain file is opened where it lies. What can be read only once, or has to be unpacked, is kept:
standard input (`-`), pipes (`/dev/fd/63`), gzip, bzip2, xz, zstd, and the one file in a zip
archive. The kind of compression is detected from the first bytes, not from the name. Up to 64 MB
are kept in memory, more in a temporary file without a name.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import stat
import sys
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

import pyarrow as pa

from .._problem import Problem
from . import layouts

_BLOCK = 1 << 20
_IN_MEMORY = 1 << 26
# What the makers of archives add by themselves.
_ADDED = ("__MACOSX/", ".DS_Store", "Thumbs.db")
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_DEPTH = 3  # of one packing in another; more is an attack


class Container:
    """Bytes that can be read several times from their start.

    Attributes:
        path: What the user named.
        name: What messages call it.
        size: The number of bytes, unpacked.
        start: The first bytes, unpacked.
        part: What the user named behind `#`, unless it was a file in an archive.
        on_disk: The file's path if the bytes lie in it as they are, else None.
    """

    def __init__(self, path: Path, part: str = "") -> None:
        self.path = path
        self.part = part
        self.name = "standard input" if str(path) == "-" else path.name
        self.on_disk: Path | None = path
        self._kept: BinaryIO | None = None
        try:
            regular = str(path) != "-" and stat.S_ISREG(os.stat(path).st_mode)
        except FileNotFoundError:
            raise Problem(f"there is no file {path}") from None
        if str(path) == "-":
            self._keep(sys.stdin.buffer)
        elif not regular:
            with open(path, "rb") as file:
                self._keep(file)
        self._look()
        for _ in range(_DEPTH):
            if not self._unpack():
                return
            self._look()
        raise Problem(f"{self.name} is packed more than {_DEPTH - 1} times")

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The bytes, from their start."""
        if self._kept is not None:
            self._kept.seek(0)
            yield self._kept
        else:
            with open(self.path, "rb") as file:
                yield file

    @property
    def is_workbook(self) -> bool:
        """True for the archives that spreadsheets are."""
        if self.start[:4] != b"PK\3\4":
            return False
        with self.open() as file, _archive(file, self.name) as archive:
            names = archive.namelist()
        return "[Content_Types].xml" in names or names[:1] == ["mimetype"]

    def _look(self) -> None:
        with self.open() as file:
            self.start = file.read(_BLOCK)
            self.size = file.seek(0, os.SEEK_END)

    def _keep(self, file: IO[bytes]) -> None:
        kept = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 (closed below)
        weakref.finalize(self, kept.close)
        while block := file.read(_BLOCK):
            kept.write(block)
        self._kept, self.on_disk = cast(BinaryIO, kept), None

    def _unpack(self) -> bool:
        """Take off one packing; False if there is none."""
        kind = next((kind for mark, kind in _PACKED.items() if self.start.startswith(mark)), "")
        try:
            if kind:
                with self.open() as file, _unpacking(file, kind) as inner:
                    self._keep(inner)
                return True
            if self.start[:4] != b"PK\3\4" or self.is_workbook:
                return False
            with (
                self.open() as file,
                _archive(file, self.name) as archive,
                archive.open(self._member(archive)) as inner,
            ):
                self._keep(inner)
            self.part = ""
            return True
        except (
            OSError,
            EOFError,
            RuntimeError,
            zipfile.BadZipFile,
            lzma.LZMAError,
            zlib.error,
        ) as error:
            if isinstance(error, RuntimeError) and "password" in str(error):
                raise Problem(
                    f"{self.name} is protected by a password", "Unpack it first."
                ) from None
            what = kind or "zip"
            raise Problem(
                f"{self.name} is not a whole {what} file", "Copy or export it again."
            ) from None

    def _member(self, archive: zipfile.ZipFile) -> str:
        names = [
            name
            for name in archive.namelist()
            if not name.endswith("/") and not any(added in name for added in _ADDED)
        ]
        if self.part:
            fitting = [name for name in names if self.part in (name, name.rpartition("/")[2])]
            if len(fitting) != 1:
                raise Problem(f'{self.name} has no file "{self.part}"', f"It has {_listed(names)}.")
            return fitting[0]
        if any(name.endswith(".iwa") for name in names):
            raise Problem(f"{self.name} is a Numbers document", "Export it as CSV or Excel.")
        if len(names) != 1:
            example = likely_name(names)
            hint = f"For example {self.name}#{example}; it has {_listed(names)}." if names else ""
            raise Problem(f"{self.name} holds {len(names)} files", hint)
        return names[0]


def likely_name(names: list[str]) -> str:
    """Of files or tables the one that is most likely one of orders, for an example."""
    parts = layouts.words()["candidates"]["orders"]

    def fit(name: str) -> tuple[bool, bool]:
        plain = name.rpartition("/")[2].lower()
        return not any(one in plain for one in parts), plain.endswith((".txt", ".md", ".pdf"))

    return min(names, key=fit, default="")


@contextmanager
def _unpacking(file: BinaryIO, kind: str) -> Iterator[IO[bytes]]:
    if kind == "zstd":
        with pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd") as inner:
            yield inner
    elif kind == "gzip":
        with gzip.open(file) as inner:
            yield cast(IO[bytes], inner)
    else:
        with bz2.open(file) if kind == "bzip2" else lzma.open(file) as inner:
            yield inner


@contextmanager
def _archive(file: BinaryIO, name: str) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except zipfile.BadZipFile:
        raise Problem(f"{name} is not a whole zip file", "Copy or export it again.") from None


def _listed(names: list[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
