"""Did it work: campaigns, an experiment and the channels of a log, as plain lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._errors import CrmError
from .._events import Events
from .._orders import Orders
from .._reading.settings import Note
from .result import Frame

MODELS = ("last", "first", "linear", "markov")


@dataclass(frozen=True)
class Worked:
    """The results; None if the log lacks the data for one.

    Attributes:
        rates: A row per campaign.
        effects: A row per campaign and measure, where people were held out.
        experiment: A row per measure and variant, of the only experiment.
        credits: A row per channel and model.
        notes: What the reader has to know.
    """

    rates: Frame | None = None
    effects: Frame | None = None
    experiment: Frame | None = None
    credits: Frame | None = None
    notes: Sequence[Note] = ()

    def __bool__(self) -> bool:
        results = (self.rates, self.effects, self.experiment, self.credits)
        return any(one is not None and len(one) for one in results)


def analyse(
    events: Events,
    words: Mapping[str, Sequence[str]],
    orders: Orders | None,
    has_column: Callable[[Any, str], bool],
    run: Callable[..., Frame],
) -> Worked:
    """Run the analyses that the kinds of the log allow.

    Args:
        events: The log.
        words: Its words of each kind.
        orders: The shop's orders; where the log has no purchases, they are those.
        has_column: Whether a dataset has a column.
        run: Runs an analysis of events.
    """
    of_campaigns = "sent" in words and has_column(events, "campaign")
    assigned = "assigned" in words and has_column(events, "campaign")
    notes: list[Note] = []
    bought = "purchase" in words
    if (of_campaigns or assigned) and not bought and orders is not None:
        try:
            events = events.with_orders(orders)
            bought = True
        except CrmError:
            notes.append(Note("worked_without_orders"))
    effects = credits = None
    if of_campaigns and bought and "held_out" in words:
        effects = run("campaign_effect", data=events)
    elif of_campaigns:
        notes.append(Note("nobody_held_out"))
    experiment = None
    if assigned and bought:
        try:
            experiment = run("experiment", data=events)
        except CrmError:  # several: the analysis is of one
            notes.append(Note("several_experiments"))
    visited = "view" in words or "product_view" in words
    if bought and visited and has_column(events, "channel"):
        credits = run("attribution", data=events, models=list(MODELS))
    rates = run("campaign_rates", data=events) if of_campaigns else None
    return Worked(rates, effects, experiment, credits, notes)
