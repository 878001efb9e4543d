"""The report on a shop's customers, from Python."""

from __future__ import annotations

import datetime
import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ._errors import OptionError
from ._events import Events
from ._orders import Orders
from ._people import People
from ._types import Where

if TYPE_CHECKING:
    import pandas as pd

    from ._reading.cost_reading import Costs
    from ._report.findings import Findings
    from ._report.page import Site
    from ._report.sections.parts import Section

_KINDS = (
    *("view", "product_view", "add", "remove", "checkout", "payment_failed", "purchase"),
    *("sent", "held_out", "assigned"),
)


class Report:
    """The report on a shop's customers (顧客分析レポート); see `report`.

    A notebook shows it as the page; ``print`` shows its conclusions.

    Attributes:
        lang: The language, "en" or "ja".
        title: The title of the page; None for the default.

    Example:
        >>> crm.report(orders).lang
        'en'
    """

    lang: Literal["en", "ja"]
    title: str | None
    _findings: Findings
    _site: Site | None

    @property
    def conclusions(self) -> list[str]:
        """What changed and what to watch, a sentence each.

        Example:
            >>> len(crm.report(orders).conclusions) >= 1
            True
        """
        from ._report.sections.parts import Points

        first = self._sections()[0]
        return [point.text for part in first.parts if isinstance(part, Points)
                for point in part.points]  # fmt: skip

    @property
    def titles(self) -> dict[str, str]:
        """The finding of each section, by the section's name.

        Example:
            >>> list(crm.report(orders).titles)[:3]
            ['conclusions', 'size', 'today']
        """
        return {one.key: one.title for one in self._sections()}

    @property
    def lists(self) -> dict[str, pd.DataFrame]:
        """The customers to write to today, by group, the most valuable first.

        The groups are ``slipping``, ``due``, ``second``, ``top`` and, with events, ``carts``; a
        group without customers is left out.

        Example:
            >>> crm.report(orders).lists["top"].columns[0]
            'customer_id'
        """
        import pandas as pd

        found = self._findings.sections
        lists = {} if found is None else found.lists
        return {name: pd.DataFrame(dict(frame.columns)) for name, frame in lists.items()}

    def to_html(self, path: str | Path | None = None) -> str:
        """The page, which needs nothing else and contains no customer ids.

        Args:
            path: A file to write it to; None only returns it.

        Returns:
            The page.

        Example:
            >>> crm.report(orders).to_html().startswith("<!doctype html>")
            True
        """
        from ._native import __version__
        from ._report import page

        text = page.render(
            self._findings,
            self._sections(),
            source="",
            title=self.title,
            lang=self.lang,
            version=__version__,
            definitions=[] if self._site is None else self._site.behavior.definitions,
        )
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def __repr__(self) -> str:
        return "\n".join(["<crm_core.Report>", *(f"- {one}" for one in self.conclusions)])

    def _repr_html_(self) -> str:
        page = html.escape(self.to_html())
        return f'<iframe srcdoc="{page}" style="width:100%;height:900px;border:0"></iframe>'

    def _sections(self) -> list[Section]:
        from ._report import page

        return page.sections(self._findings, [], [], self.lang, events=self._site)


def report(
    orders: Orders,
    events: Events | None = None,
    *,
    people: Any = None,
    as_of: datetime.date | str | None = None,
    where: Where | None = None,
    customers: Where | None = None,
    by: Sequence[str] = (),
    attributes: Sequence[str] = (),
    costs: Sequence[Mapping[str, Any]] = (),
    churn_days: int | None = None,
    cpm_money: float | None = None,
    months: int = 24,
    lang: Literal["en", "ja"] = "en",
    title: str | None = None,
) -> Report:
    """The report on a shop's customers (顧客分析レポート), as `crm report` writes it.

    The last 28 days are compared with the same weekdays a year ago (364 days before), without that
    history with the 28 days before. A change is called up or down if the 95 % interval of the
    difference excludes 0.

    Args:
        orders: The orders.
        events: What visitors did on the site; adds the section on it, and carts to follow up.
        people: Records of customers, `People` or a frame, whose ids are those of the orders; adds
            the section on which of them are one person (`identify`).
        as_of: The day of the report (default: the date of the last order).
        where: Chooses orders; holds for every number of the report.
        customers: Chooses customers.
        by: Columns to break down by.
        attributes: Columns of customers or orders by which the section on buyers shows who comes
            back and who cancels: sex, prefecture, payment.
        costs: What channels cost, as for `acquisition`: rows of `channel`, `cost` and, if all have
            one, `date`. With dates the section on channels is about customers who came since the
            first of them.
        churn_days: Days without an order after which a customer is churned (default 240).
        cpm_money: The portfolio's money threshold (default 70,000 yen; otherwise 7 mean orders).
        months: Months of the portfolio's history.
        lang: The language, "en" or "ja".
        title: The title of the page.

    Returns:
        A `Report`, which a notebook shows as a page; see its `conclusions`, `titles`, `lists` and
        `to_html`.

    Raises:
        ImportError: The extra `report` is not installed: it needs jinja2 and pyarrow.
        OptionError: An option is out of range.
        SchemaError: A filter names a column that the orders do not have.

    Example:
        >>> page = crm.report(orders, lang="ja").to_html()
        >>> "今週の結論" in page
        True
    """
    try:
        from ._report.findings import Request, analyse, has_column
    except ImportError as error:
        message = f"report needs {error.name}: pip install 'crm-core[report]'"
        raise ImportError(message) from None
    if lang not in ("en", "ja"):
        raise OptionError(f"option `lang`: expected en or ja, found {lang!r}")
    if people is not None and not isinstance(people, People):
        people = People(people)
    day = datetime.date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    request = Request(
        as_of=day,
        where=dict(where or {}),
        customers=dict(customers or {}),
        by=by,
        months=months,
        churn_days=churn_days,
        cpm_money=cpm_money,
        columns=[one for one in ("product", "channel") if has_column(orders, one)],
        people=people,
        attributes=attributes,
        costs=_costs(costs),
    )
    site = None if events is None else _site(events, orders, day)
    found = analyse(orders, request, carts=None if site is None else site.behavior.left)
    made = Report()
    made._findings, made._site, made.lang, made.title = found, site, lang, title
    return made


def _costs(rows: Sequence[Mapping[str, Any]]) -> Costs | None:
    """Costs with their time, if each has a date."""
    from ._reading.cost_reading import Costs

    if not rows:
        return None
    dates = [datetime.date.fromisoformat(str(one["date"])) for one in rows if one.get("date")]
    if len(dates) < len(rows):
        return Costs([dict(one) for one in rows])
    return Costs([{**one, "date": str(one["date"])} for one in rows], min(dates), max(dates))


def _site(events: Events, orders: Orders, day: datetime.date | None) -> Site:
    """The results of the events, whose kinds that occur are tried one by one."""
    from ._report.behavior import analyse_events
    from ._report.findings import has_column
    from ._report.page import Site

    known: Mapping[str, str] = {**{word: word for word in _KINDS}, **events._kinds}
    occur = {word: meaning for word, meaning in known.items() if len(events.view({"kind": word}))}
    behavior = analyse_events(events, occur, has_column=has_column, orders=orders, as_of=day)
    return Site(behavior, [], [])
