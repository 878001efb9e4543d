"""The report's results of events, as plain lists for the screen and the page.

Visitors' rows are counted here and forgotten, as customers' are in `findings`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import crm_core

from .._events import Events
from .._orders import Orders
from .._reading.settings import Note
from . import worked
from .result import Frame
from .worked import Worked

PAGES = 20  # rows of the table of pages
STATIONS = 7  # pages with a name of their own on the map
STEPS = 5  # places of a session on the map
OTHER = "(other)"
_FUNNEL = ("view", "product_view", "add", "checkout", "purchase")


@dataclass(frozen=True)
class Behavior:
    """The results of the analyses of events; None if the log lacks the data for one.

    Attributes:
        events: Events up to the moment.
        visitors: Visitors.
        sessions: Sessions, where views are known.
        first_date: Of the first event.
        last_date: Of the last event.
        pages: The most viewed pages.
        left_on: Sessions that ended on a page without a purchase, by page.
        funnel: The funnel's steps.
        carts: Carts, a row.
        left: Carts to follow up, a row each.
        ways: Transitions by place in the session.
        between: Transitions between pages.
        worked: Campaigns, an experiment and channels.
        notes: What the reader has to know.
        definitions: The results, with their definitions.
    """

    events: int = 0
    visitors: int = 0
    sessions: int | None = None
    first_date: datetime.date | None = None
    last_date: datetime.date | None = None
    pages: Frame | None = None
    left_on: Mapping[str, int] = field(default_factory=dict)
    funnel: Frame | None = None
    carts: Frame | None = None
    left: Frame | None = None
    ways: Frame | None = None
    between: Frame | None = None
    worked: Worked = field(default_factory=Worked)
    notes: Sequence[Note] = ()
    definitions: Sequence[Frame] = ()


# The analyses of a log with everything, each as often as it runs.
ANALYSES = (
    "sessions", "page_exits", "funnel", "cart_abandonment", "cart_follow_ups", "transitions",
    "transitions", "campaign_effect", "experiment", "attribution", "campaign_rates",
)  # fmt: skip


def analyse_events(
    events: Events,
    kinds: Mapping[str, str],
    *,
    has_column: Callable[[Any, str], bool],
    orders: Orders | None = None,
    as_of: datetime.date | None = None,
    steps: Sequence[str] = (),
    window: str | None = None,
    step: Callable[[str], None] = lambda task: None,
) -> Behavior:
    """Run the report's analyses of events.

    Args:
        events: What visitors did.
        kinds: What the kinds that occur mean.
        has_column: Whether a dataset has a column.
        orders: The shop's orders, for a log of messages without purchases.
        as_of: The date to which events are seen; None is the last event's.
        steps: Steps of the funnel; empty is the way to an order, as far as its kinds occur.
        window: The funnel's time.
        step: Told the name of each analysis before it runs; see `ANALYSES`.
    """
    seen = events if as_of is None else events.view({"occurred_at": {"to": as_of}})
    if not len(seen):
        return Behavior()
    definitions: list[Frame] = []
    notes: list[Note] = []
    words: dict[str, list[str]] = {}
    for word, meaning in kinds.items():
        words.setdefault(meaning, []).append(word)

    def run(
        task: str, day: datetime.date | None = as_of, data: Events = events, **options: Any
    ) -> Frame:
        step(task)
        said = {name: value for name, value in options.items() if value is not None}
        frame = Frame.of(task, getattr(crm_core, task)(data, day, **said))
        definitions.append(frame)
        return frame

    viewed = "view" in words or "product_view" in words
    with_pages = viewed and has_column(events, "page")
    sessions: int | None = None
    left_on: dict[str, int] = {}
    if viewed:
        step("sessions")
        visits = crm_core.sessions(events, as_of).to_dict()
        sessions = len(visits["converted"])
        for page, bought in zip(visits.get("exit_page", ()), visits["converted"], strict=False):
            left_on[page] = left_on.get(page, 0) + (not bought)
    if not with_pages:
        notes.append(Note("no_pages"))
    wanted: list[Any] = list(steps) or _way(words)
    if len(wanted) < 2 and not steps:
        notes.append(Note("no_funnel"))
    carted = "add" in words and "purchase" in words
    if not carted:
        notes.append(Note("no_carts"))
    pages = run("page_exits") if with_pages else None
    return Behavior(
        events=len(seen),
        visitors=seen.n_visitors,
        sessions=sessions,
        first_date=seen.first_date,
        last_date=seen.last_date,
        pages=most(pages, "views", PAGES) if pages else None,
        left_on=left_on,
        funnel=run("funnel", steps=wanted, window=window) if len(wanted) > 1 or steps else None,
        carts=run("cart_abandonment") if carted else None,
        left=run("cart_follow_ups", as_of or seen.last_date) if carted else None,
        ways=run("transitions", steps=STEPS, collapse_repeats=True) if with_pages else None,
        between=run("transitions", collapse_repeats=True) if with_pages else None,
        worked=worked.analyse(events, words, orders, has_column, run),
        notes=notes,
        definitions=definitions,
    )


def _way(words: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Steps from a view to an order, as far as they occur; a product's view is a view, too."""
    steps = []
    for meaning in _FUNNEL:
        of = [*words.get(meaning, [])]
        if of and meaning == "view":
            of += words.get("product_view", [])
        if of:
            steps.append({"name": meaning, "kind": sorted(of)})
    return steps


def most(frame: Frame, by: str, rows: int) -> Frame:
    """The rows with the greatest values, greatest first."""
    places = sorted(range(len(frame)), key=lambda at: -frame[by][at])[:rows]
    columns = {name: [values[at] for at in places] for name, values in frame.columns.items()}
    return Frame(frame.task, columns, frame.definition, frame.hash, frame.labels)


def cart_steps(carts: Frame) -> list[tuple[str, int]]:
    """How many carts went on after each stage; the last is the number ordered."""
    row = carts.rows()[0]
    left = row["carts"]
    steps = [("carts", left)]
    for stage, lost in (
        ("kept", row["emptied"]),
        ("into_checkout", row["abandoned_cart"]),
        ("into_payment", row["abandoned_checkout"]),
        ("ordered", row["abandoned_payment"]),
    ):
        left -= lost
        steps.append((stage, left))
    return steps


def stations(between: Frame, count: int = STATIONS) -> list[str]:
    """The stations most gone to, most first; the others are one."""
    reached: dict[str, int] = {}
    for target, times in zip(between["target"], between["count"], strict=True):
        if target != "(end)":
            reached[target] = reached.get(target, 0) + times
    return sorted(reached, key=lambda name: (-reached[name], name))[:count]


def by_place(ways: Frame, named: Sequence[str]) -> list[dict[tuple[str, str], int]]:
    """The flows of each place of a session, in order."""
    places = sorted(set(ways["step"]))
    columns = ways.columns
    found = []
    for place in places:
        rows = [at for at, step in enumerate(ways["step"]) if step == place]
        of = {name: [values[at] for at in rows] for name, values in columns.items()}
        found.append(flows(Frame(ways.task, of), named))
    return found


def flows(transitions: Frame, named: Sequence[str]) -> dict[tuple[str, str], int]:
    """Numbers of transitions between nodes; nodes without their own name are one."""
    found: dict[tuple[str, str], int] = {}
    known = {*named, "(start)", "(end)"}
    columns = (transitions[name] for name in ("source", "target", "count"))
    for source, target, count in zip(*columns, strict=True):
        pair = (source if source in known else OTHER, target if target in known else OTHER)
        found[pair] = found.get(pair, 0) + count
    return found
