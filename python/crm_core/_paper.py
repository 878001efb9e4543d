"""A table on screen, on paper and in files."""

from __future__ import annotations

import datetime
import os
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from ._table import Table
    from ._types import Labels, Money


class Paper:
    """The methods of `Table` that write it for people, or to files."""

    __slots__ = ()

    def to_text(self, rows: int | None = 10, labels: Labels = "en", width: int = 100) -> str:
        """The first rows as aligned text, as `print` shows them.

        Args:
            rows: The maximum number of rows; None for all.
            labels: As in `to_numpy`.
            width: The columns of the screen; columns of the table that do not fit are named below.

        Returns:
            Lines: headings, rows, and what is left out. Money has the decimals of its currency,
            shares are in percent, a missing cell is a dash.

        Example:
            >>> print(crm.rfm_segments(orders).to_text(rows=1, width=40))  # doctest: +ELLIPSIS
            segment    customers  revenue (JPY)
            champions  ...
            and ... more rows
            further columns: customer_share, revenue_share
        """
        from . import _display

        return _display.text(_table(self), rows, labels, width)

    def to_html(self, rows: int | None = 10, labels: Labels = "en") -> str:
        """The first rows as an HTML table, as notebooks show them.

        Args:
            rows: As in `to_text`.
            labels: As in `to_numpy`.

        Returns:
            A table with a caption; all texts are escaped.

        Example:
            >>> crm.decile(orders).to_html()[:16]
            '<table><caption>'
        """
        from . import _display

        return _display.markup(_table(self), rows, labels, _table(self)._caption())

    def to_markdown(self, rows: int | None = None, labels: Labels = "en") -> str:
        """The rows as a table of Markdown.

        Args:
            rows: As in `to_text`; all by default.
            labels: As in `to_numpy`.

        Returns:
            Lines of Markdown, numbers to the right.

        Example:
            >>> crm.rfm_segments(orders).to_markdown(rows=1).splitlines()[1]
            '| --- | ---: | ---: | ---: | ---: |'
        """
        from . import _display

        return _display.markdown(_table(self), rows, labels)

    def to_csv(
        self, path: str | os.PathLike[str] | None = None, labels: Labels = "en"
    ) -> str | None:
        """The table as CSV (RFC 4180): money exact, dates as 2026-11-21, missing cells empty.

        Args:
            path: The file to write, UTF-8; None for the text.
            labels: As in `to_numpy`.

        Returns:
            The text, if there is no path.

        Example:
            >>> crm.decile(orders).to_csv().splitlines()[0]
            'customer_id,revenue,decile'
        """
        import csv
        import io

        columns = _table(self).to_dict(labels=labels, money="decimal")
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(columns)
        cells = [
            [cell.isoformat() if isinstance(cell, datetime.date) else cell for cell in column]
            for column in columns.values()
        ]
        writer.writerows(zip(*cells, strict=True))
        if path is None:
            return text.getvalue()
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text.getvalue())
        return None

    def to_parquet(
        self, path: str | os.PathLike[str], labels: Labels = "en", money: Money = "decimal"
    ) -> None:
        """The table as a Parquet file, by pyarrow; the definition is in the schema's metadata.

        Args:
            path: The file to write.
            labels: As in `to_numpy`.
            money: As in `to_numpy`.

        Returns:
            Nothing.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     crm.decile(orders).to_parquet(f"{folder}/decile.parquet")
        """
        from pyarrow import parquet

        parquet.write_table(_table(self).to_arrow(labels, money), path)

    def to_json(
        self,
        path: str | os.PathLike[str] | None = None,
        labels: Labels = "en",
        money: Money = "float",
    ) -> str | None:
        """The rows as JSON: a list of one object for each row, dates as 2026-11-21.

        Args:
            path: The file to write, UTF-8; None for the text.
            labels: As in `to_numpy`.
            money: As in `to_numpy`; "decimal" gives texts such as "19.80".

        Returns:
            The text, if there is no path. Missing cells are null; so are infinite numbers.

        Example:
            >>> print(crm.rfm_segments(orders).head(1)[["segment", "customers"]].to_json())
            [
            {"segment": "champions", "customers": 30}
            ]
        """
        import json
        import math

        def plain(cell: object) -> object:
            if isinstance(cell, float) and not math.isfinite(cell):
                return None
            if cell is None or isinstance(cell, (str, bool, int, float)):
                return cell
            if isinstance(cell, datetime.date):
                return cell.isoformat()
            return cell.hex() if isinstance(cell, bytes) else str(cell)

        columns = _table(self).to_dict(labels=labels, money=money)
        cells = [[plain(cell) for cell in column] for column in columns.values()]
        rows = [
            json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False, allow_nan=False)
            for row in zip(*cells, strict=True)
        ]
        text = "[\n" + ",\n".join(rows) + "\n]"
        if path is None:
            return text
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        return None

    def to_xlsx(self, path: str | os.PathLike[str], labels: Labels = "en") -> None:
        """The table as an Excel workbook; its definition is the second sheet.

        Args:
            path: The file to write.
            labels: As in `to_numpy`.

        Returns:
            Nothing. Money and numbers are numbers with their formats, dates are dates, and times
            are those of the shop's zone.

        Raises:
            DataError: More rows or longer texts than a sheet holds.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     crm.decile(orders).to_xlsx(f"{folder}/decile.xlsx", labels="ja")
        """
        from . import _xlsx

        _xlsx.write(_table(self), path, labels)


def _table(paper: Paper) -> Table:
    """`Paper` is a part of `Table` and of nothing else."""
    return cast("Table", paper)
