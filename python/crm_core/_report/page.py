"""The report as one HTML page that needs nothing else.

No script, no font, no image and no link leaves the file; it reads in light and dark, prints, and
works with a screen reader. All text goes through jinja2's autoescape: headings and statuses come
from a file that a stranger may have made.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from .._reading.headings import Choice
from .._reading.settings import Note
from . import grid, words
from .behavior import Behavior
from .findings import Findings
from .result import Frame
from .sections import ahead, appendix, report, site, trust, worked
from .sections.parts import Section
from .sections.shop import Missing
from .sections.voice import Voice


@dataclass(frozen=True)
class Site:
    """What was found in events, and how they were read."""

    behavior: Behavior
    choices: Sequence[Choice]
    notes: Sequence[Note]
    warnings: Sequence[Note] = ()


def sections(
    findings: Findings,
    chosen: Sequence[Choice],
    notes: Sequence[Note],
    lang: str,
    warnings: Sequence[Note] = (),
    events: Site | None = None,
    folder: str | None = None,
    people: Sequence[Choice] = (),
) -> list[Section]:
    """All sections of the report in a language.

    Args:
        findings: What the analyses found.
        chosen: How the file was read.
        notes: What was done to its data.
        lang: `en` or `ja`.
        warnings: What may be wrong in the reading of the file.
        events: What was found in events, and how they were read.
        folder: Where the lists of people were written; None if they were not.
        people: How the records of people were read.
    """
    voice = Voice(lang, findings.currency)
    found = findings.sections
    shown = [] if found is None else report.show(found, voice, folder)
    if (shop := findings.outlook.get("shop")) is not None:
        place = [one.key for one in shown].index("value") + 1 if shown else 0
        shown.insert(place, ahead.show(shop, voice))
    for at, (name, frame) in enumerate(findings.breakdowns.items()):
        title = voice("by", name=name)
        table = grid.of(frame, title, lang, findings.currency)
        shown.append(Section(f"by-{at}", title, title, voice("by_text"), [table]))
    if events is not None:
        about = [*events.behavior.notes, *events.warnings]
        said = [words.note(one.code, one.values, lang) for one in about]
        carts = None
        if found is not None and not isinstance(found.today, Missing):
            carts = next((one for one in found.today.groups if one.key == "carts"), None)
        shown.append(site.show(events.behavior, said, carts, voice))
        if events.behavior.worked:
            of_worked = events.behavior.worked.notes
            told = [words.note(one.code, one.values, lang) for one in of_worked]
            shown.append(worked.show(events.behavior.worked, told, voice))
    value = None if found is None or isinstance(found.value, Missing) else found.value
    of_trust = trust.Trust(findings.reconciliation, len(warnings), value)
    shown.append(trust.show(of_trust, grid.summary(findings, lang), voice))
    readings = [grid.choices(chosen, words.page("reading", lang), lang)]
    if events is not None:
        title = words.page("events_reading", lang)
        readings.append(grid.choices(events.choices, title, lang, "--event-column"))
    if people:
        title = words.page("people_reading", lang)
        readings.append(grid.choices(people, title, lang, "--people-column"))
    of_events = [] if events is None else events.notes
    told = [words.note(one.code, one.values, lang) for one in [*findings.notes, *notes, *of_events]]
    if found is not None and (reasons := report.left_out(found, voice)):
        told.append(voice("appendix_left_out", reasons=" ".join(reasons)))
    shown.append(appendix.show(findings, readings, told, voice))
    return shown


def render(
    findings: Findings,
    shown: Sequence[Section],
    *,
    source: str,
    title: str | None,
    lang: str,
    version: str,
    warnings: Sequence[Note] = (),
    definitions: Sequence[Frame] = (),
) -> str:
    """The whole page.

    Args:
        findings: What the analyses found.
        shown: The sections, see `sections`.
        source: The file's name.
        title: A title of the user's own.
        lang: `en` or `ja`.
        version: The library's version.
        warnings: What may be wrong in the reading of the file.
        definitions: Results of events, whose definitions are shown with the others.
    """
    return written(
        shown,
        Voice(lang, findings.currency),
        title=title or words.page("title", lang),
        lead=grid.lead(findings, lang),
        as_of="" if findings.as_of is None else findings.as_of.isoformat(),
        source=source,
        version=version,
        warnings=[words.note(one.code, one.values, lang) for one in warnings],
        notes=[]
        if findings.sections
        else [words.note(one.code, one.values, lang) for one in findings.notes],
        definitions=[*findings.definitions, *definitions],
    )


def written(
    shown: Sequence[Section],
    voice: Voice,
    *,
    title: str,
    lead: str,
    as_of: str,
    source: str,
    version: str,
    warnings: Sequence[str] = (),
    notes: Sequence[str] = (),
    definitions: Sequence[Frame] = (),
    made: str = "made",
) -> str:
    """A page of sections.

    Args:
        shown: The sections.
        voice: The language.
        title: The page's title.
        lead: What stands below it.
        as_of: The day of the page, for the foot of a printed one.
        source: The file's name.
        version: The library's version.
        warnings: What may be wrong.
        notes: What the reader has to know first.
        definitions: Results whose definitions are shown.
        made: The text at the end.
    """
    environment = Environment(
        loader=PackageLoader("crm_core._report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        lang=voice.lang,
        title=title,
        t=voice,
        lead=lead,
        as_of=as_of,
        source=source,
        sections=shown,
        warnings=warnings,
        notes=notes,
        definitions=[
            (one.task, one.hash, json.dumps(one.definition, ensure_ascii=False, indent=1))
            for one in _distinct(definitions)
        ],
        version=version,
        made=voice(made, version=version),
    )


def _distinct(frames: Sequence[Frame]) -> list[Frame]:
    return list({(one.task, one.hash): one for one in frames}.values())
