"""A part of a result: chosen rows and columns, with all that the result says of itself.

`Columns` has the methods of the native table, so a `Table` of either is used in the same way. It
is also what a pickled table is made of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import numpy as np

    from . import _native

    Native = _native.Table

Field = tuple[str, str, str, str, str | None, int]


class Columns:
    """Columns in memory. See the native table for the form of the cells."""

    __slots__ = ("_cells", "_fields", "_major", "_rows", "_valid", "_words", "about")

    def __init__(
        self,
        rows: int,
        fields: list[Field],
        cells: list[Any],
        *,
        valid: list[bytes | None] | None = None,
        major: list[bytes | None] | None = None,
        words: list[list[tuple[str, str, str]]] | None = None,
        about: tuple[str | None, str, str | None] = (None, "{}", None),
    ) -> None:
        self._rows, self._fields, self._cells = rows, fields, cells
        self._valid = valid or [None] * len(fields)
        self._major = major or [None] * len(fields)
        self._words = words or [[] for _ in fields]
        # Definition, notes, hash.
        self.about = about

    @classmethod
    def of(cls, table: Native | Columns) -> Self:
        """The columns of a table."""
        fields = table.fields()
        places = range(len(fields))
        cells = [table.cells(at) for at in places]
        valid = [table.valid(at) for at in places]
        major = [table.major(at) if fields[at][1] == "money" else None for at in places]
        return cls(
            len(table),
            fields,
            [one if isinstance(one, list) else bytes(one) for one in cells],
            valid=[None if one is None else bytes(one) for one in valid],
            major=[None if one is None else bytes(one) for one in major],
            words=[table.words(at) for at in places],
            about=(table.definition, table.notes, table.hash),
        )

    def select(self, places: list[int]) -> Columns:
        """Columns by their places, in this order."""

        def chosen(parts: list[Any]) -> list[Any]:
            return [parts[at] for at in places]

        return Columns(
            self._rows,
            chosen(self._fields),
            chosen(self._cells),
            valid=chosen(self._valid),
            major=chosen(self._major),
            words=chosen(self._words),
            about=self.about,
        )

    def take(self, rows: np.ndarray[Any, Any]) -> Columns:
        """Rows by their places, in this order."""
        import numpy as np

        def chosen(raw: Any) -> Any:
            if raw is None or self._rows == 0:
                return raw
            if isinstance(raw, list):
                return [raw[at] for at in rows.tolist()]
            width = len(raw) // self._rows
            return np.frombuffer(raw, f"V{width}")[rows].tobytes()

        return Columns(
            len(rows),
            self._fields,
            [chosen(one) for one in self._cells],
            valid=[chosen(one) for one in self._valid],
            major=[chosen(one) for one in self._major],
            words=self._words,
            about=self.about,
        )

    # ---- as the native table ------------------------------------------------------------------

    def __len__(self) -> int:
        return self._rows

    def fields(self) -> list[Field]:
        """The description of each column."""
        return self._fields

    def cells(self, column: int) -> Any:
        """The cells of a column."""
        return self._cells[column]

    def valid(self, column: int) -> bytes | None:
        """One byte per row, zero for missing cells."""
        return self._valid[column]

    def major(self, column: int) -> bytes:
        """Money in major units."""
        return self._major[column] or b""

    def words(self, column: int) -> list[tuple[str, str, str]]:
        """The words of a column."""
        return self._words[column]

    def head(self, rows: int) -> Columns:
        """The first rows."""
        import numpy as np

        return self.take(np.arange(min(rows, self._rows)))

    @property
    def definition(self) -> str | None:
        """The definition as JSON."""
        return self.about[0]

    @property
    def notes(self) -> str:
        """The notes as JSON."""
        return self.about[1]

    @property
    def hash(self) -> str | None:
        """The definition's hash."""
        return self.about[2]

    def styled(self, money: str, language: str) -> Any:
        """The columns as a pyarrow table of the types that a whole table has."""
        try:
            import pyarrow as pa
        except ImportError as error:
            raise ImportError(
                "a part of a table goes to Arrow and polars through pyarrow: pip install pyarrow; "
                "to_pandas, to_numpy and to_dict work without"
            ) from error
        arrays, fields = [], []
        headings: list[str] = []
        for at, (name, kind, unit, ja, extra, _) in enumerate(self._fields):
            heading = ja if language == "ja" else name
            headings.append(f"{heading} ({name})" if heading in headings else heading)
            array = self._array(pa, at, money, language)
            about = {"type": kind, "unit": unit, "ja": ja}
            about |= {"currency": extra or ""} if kind == "money" else {}
            of_field = {key: text for key, text in about.items() if text}
            fields.append(pa.field(headings[-1], array.type, metadata=of_field))
            arrays.append(array)
        definition, _, digest = self.about
        metadata = {"crm": definition, "crm.hash": digest or ""} if definition else None
        return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=metadata))

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.styled("decimal", "en").__arrow_c_stream__(requested_schema)

    def _array(self, pa: Any, at: int, money: str, language: str) -> Any:
        import numpy as np

        _, kind, _, _, extra, exponent = self._fields[at]
        raw, valid = self._cells[at], self._valid[at]
        missing = None if valid is None else np.frombuffer(valid, "u1") == 0
        if isinstance(raw, list):
            texts = extra == "text"
            texts_or_bytes = raw if missing is None else [
                None if gone else cell for cell, gone in zip(raw, missing, strict=True)
            ]  # fmt: skip
            width = max((len(cell) for cell in raw), default=0)
            return pa.array(texts_or_bytes, pa.string() if texts else pa.binary(width))
        if kind in ("category", "text"):
            codes = np.frombuffer(raw, "u1" if kind == "category" else "u4").astype("i4")
            which = 2 if language == "ja" else 0
            # Each word once, as pandas wants its categories.
            first: dict[str, int] = {}
            place = [first.setdefault(word[which], len(first)) for word in self._words[at]]
            if len(first) < len(place):
                codes = np.array(place, "i4")[codes]
            words = pa.array(list(first), pa.string())
            return pa.DictionaryArray.from_arrays(pa.array(codes, mask=missing), words)
        if kind == "money" and money == "float":
            return pa.array(np.frombuffer(self.major(at), "f8"), mask=missing)
        if kind == "money" and money == "decimal":
            wide = pa.array(np.frombuffer(raw, "i8"), mask=missing).cast(pa.decimal128(19, 0))
            buffers = [wide.buffers()[0], wide.buffers()[1]]
            return pa.Array.from_buffers(pa.decimal128(19, exponent), self._rows, buffers)
        cells = np.frombuffer(raw, self._type(at))
        arrow = {"date": pa.date32(), "instant": pa.timestamp("us", tz=extra)}.get(kind)
        if kind == "id":
            cells = cells.astype(str(extra))
        array = pa.array(cells, mask=missing)
        return array if arrow is None else array.cast(
            pa.int64() if kind == "instant" else pa.int32()).cast(arrow)  # fmt: skip

    def _type(self, at: int) -> str:
        """The numpy type of a column of numbers, by its width."""
        kind, extra = self._fields[at][1], self._fields[at][4] or ""
        if kind == "id":
            return "u8" if extra.startswith("uint") else "i8"
        if kind == "int":
            return "i8" if len(self._cells[at]) > 4 * self._rows else "i4"
        return {"bool": "?", "date": "i4", "float": "f8"}.get(kind, "i8")
