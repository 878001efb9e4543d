"""The day's list as sections: whom we write to and why, what was held back and why, the rules."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from ..grid import Grid
from ..sending import Row, Sending, at_stake, channels, people
from .parts import Part, Section, Text
from .voice import Voice

_MOST = 500  # rows of the list on the page
_TIME = "%Y-%m-%d %H:%M"


def show(found: Sending, voice: Voice, ids: bool = False) -> list[Section]:
    """All sections.

    Args:
        found: The candidates with their decisions.
        voice: The language.
        ids: Whether the page holds the ids of whom to write to.
    """
    sections = [_whom(found, voice), _held(found, voice)]
    if ids and found.of("send"):
        sections.append(_list(found.of("send"), voice))
    return [*sections, _plan(found, voice)]


def because(row: Row, voice: Voice) -> str:
    """Why somebody is a candidate, as a sentence."""
    return voice(
        f"because_{row.kind}",
        after=row.after,
        event=_moment(row.event_on),
        last=_moment(row.last_order_at),
    )


def why_not(row: Row, found: Sending, voice: Voice) -> str:
    """Why it is not sent now, in words; nothing if it is."""
    if row.why_not is None:
        return ""
    says = _says(row.decided_by or "", found, voice)
    reason = found.labels.label("reason_code", row.why_not, voice.lang) or row.why_not
    return f"{reason}: {says}" if says else reason


def notes(found: Sending, voice: Voice) -> list[str]:
    """What the reader has to know."""
    said = []
    for one in found.notes:
        values = dict(one.values)
        if isinstance(kinds := values.get("kinds"), Mapping):
            names = [f"{name or voice('blank')} {count:,}" for name, count in kinds.items()]
            values["kinds"] = ("、" if voice.lang == "ja" else ", ").join(names[:10])
        said.append(voice(f"note_{one.code}", **values))
    return said


def lead(found: Sending, voice: Voice) -> str:
    """When it was decided."""
    return voice("sending_lead", now=found.now.strftime(_TIME), zone=found.zone)


def _whom(found: Sending, voice: Voice) -> Section:
    sent, held = found.of("send"), len(found.of("hold"))
    skipped = len(found.of("skip"))
    counts = {"hold": voice.count(held), "skip": voice.count(skipped)}
    if sent:
        title = voice(
            "sending_title",
            people=voice.count(people(sent)),
            amount=_stake(sent, voice),
            **counts,
        )
    else:
        title = voice("sending_title_none" if found.rows else "sending_title_nothing", **counts)
    rows = []
    of_rule: dict[str, list[Row]] = {name: [] for name in found.rules.kinds}
    for row in found.rows:
        of_rule[row.trigger].append(row)
    idle = [_rule(name, found, voice) for name, of in of_rule.items() if not of]
    for name, of in sorted(of_rule.items(), key=lambda one: -(at_stake(_sent(one[1])) or 0)):
        if not of:
            continue
        now = _sent(of)
        by = channels(now)
        rows.append(
            [
                _rule(name, found, voice),
                voice.count(people(now)),
                ", ".join(
                    voice("sending_channel", channel=one, count=voice.count(by[one]))
                    for one in sorted(by)
                )
                or "–",
                _stake(now, voice),
                voice.count(sum(one.decision == "hold" for one in of)),
                voice.count(sum(one.decision == "skip" for one in of)),
            ]
        )
    names = ("rule", "people", "by", "stake", "wait", "left_out")
    headings = [voice(f"sending_{name}") for name in names]
    numeric = [False, True, False, True, True, True]
    parts: list[Part] = [Grid(voice("sending"), headings, rows, numeric)] if rows else []
    if idle:
        joint = "" if voice.lang == "ja" else " "
        parts.append(Text(voice("sending_idle", rules=joint.join(idle))))
    return Section("send", title, voice("sending"), voice("sending_question"), parts)


def _held(found: Sending, voice: Voice) -> Section:
    """A row for each reason and rule, the most messages first."""
    of_reason: dict[tuple[str, str, str], list[Row]] = {}
    for row in found.rows:
        if row.why_not is not None:
            key = (row.decision, row.why_not, row.decided_by or "")
            of_reason.setdefault(key, []).append(row)
    rows, largest = [], None
    for (decision, code, path), of in sorted(of_reason.items(), key=_most_first):
        reason = found.labels.label("reason_code", code, voice.lang) or code
        largest = largest or (reason, len(of))
        moments = [one.send_at for one in of if one.send_at is not None]
        until = voice("held_never") if decision == "skip" else voice("held_unknown")
        if decision == "hold" and moments:
            until = min(moments).astimezone(found.now.tzinfo).strftime(_TIME)
        rows.append(
            [
                reason,
                _says(path, found, voice),
                path.removeprefix("rules."),
                voice.count(len(of)),
                voice.count(people(of)),
                _stake(of, voice),
                until,
            ]
        )
    parts: list[Part] = []
    title = voice("held_title_none")
    if largest is not None:
        count = voice.count(sum(map(len, of_reason.values())))
        title = voice("held_title", count=count, reason=largest[0], most=voice.count(largest[1]))
        names = ("held_reason", "held_says", "held_path", "held_messages", "held_people")
        headings = [voice(name) for name in (*names, "sending_stake", "held_until")]
        numeric = [False, False, False, True, True, True, False]
        parts.append(Grid(voice("held"), headings, rows, numeric))
    return Section("held", title, voice("held"), voice("held_question"), parts)


def _most_first(one: tuple[tuple[str, str, str], list[Row]]) -> Any:
    return -len(one[1]), one[0]


def _list(sent: Sequence[Row], voice: Voice) -> Section:
    """The messages with the ids of their customers."""
    rows = [
        [
            str(row.customer_id),
            because(row, voice),
            row.trigger,
            row.channel or "",
            voice.amount(row.value),
        ]
        for row in sent[:_MOST]
    ]
    names = ("list_customer", "sending_rule", "held_path", "sending_by", "sending_stake")
    numeric = [False, False, False, False, True]
    grid = Grid(voice("list"), [voice(one) for one in names], rows, numeric)
    key = "list_title" if len(rows) == len(sent) else "list_title_some"
    title = voice(key, count=voice.count(len(sent)), shown=voice.count(len(rows)))
    return Section("list", title, voice("list"), voice("list_question"), [grid])


def _plan(found: Sending, voice: Voice) -> Section:
    """Every rule with its path, folded, with what was asked of the library."""
    plan = found.rules.plan
    paths = ["timezone", *(key for key in plan if key not in ("timezone", "caps", "groups"))]
    paths = [one for one in paths if one != "triggers"]
    paths += [f"caps.{at}" for at in range(len(plan["caps"]))] if "caps" in plan else ["caps"]
    paths += [f"groups.{name}" for name in plan.get("groups", {})]
    rows = [[path, _says(f"rules.{path}", found, voice)] for path in paths]
    for name in found.rules.kinds:
        rows.append([f"triggers.{name}", _rule(name, found, voice)])
        rows += [
            [f"triggers.{name}.{key}", _says(f"rules.triggers.{name}.{key}", found, voice)]
            for key in plan["triggers"][name]
            if key != "priority"
        ]
    headings = [voice("plan_path"), voice("plan_says")]
    parts: list[Part] = [Text(one) for one in notes(found, voice)]
    parts.append(Grid(voice("plan"), headings, rows, [False, False]))
    name = voice("plan")
    return Section("rules", name, name, voice("plan_question"), parts, folded=True)


def _sent(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.decision == "send"]


def _stake(rows: Sequence[Row], voice: Voice) -> str:
    amount = at_stake(rows)
    return "–" if amount is None else voice.money(amount)


def _rule(name: str, found: Sending, voice: Voice) -> str:
    """What a trigger is about: the sentence of the file, else the library's label."""
    return found.rules.sentences[name][voice.lang] or name


def _says(path: str, found: Sending, voice: Voice) -> str:
    """What a rule says, by the path that decided."""
    if path.startswith("excluded_by."):
        word = path.removeprefix("excluded_by.")
        return voice(f"exclusion_{word}") if word in _EXCLUSIONS else word
    if path in ("messages.sent", "messages.held_out"):
        return voice(f"before_{path.removeprefix('messages.')}")
    plan: Any = found.rules.plan
    steps = path.removeprefix("rules.").split(".") if path.startswith("rules.") else []
    if steps == ["timezone"]:
        return voice("plan_zone", zone=found.zone)
    if steps[:1] == ["caps"] and "caps" not in plan:
        return voice("plan_caps_default")
    value = plan
    for step in steps:
        value = value[int(step)] if isinstance(value, list) else value.get(step)
        if value is None:
            return ""
    return _rule_says(steps, value, voice) if steps else ""


def _rule_says(steps: Sequence[str], value: Any, voice: Voice) -> str:
    kind = steps[0] if steps[0] != "triggers" else steps[-1]
    if kind == "caps":
        key = "plan_cap_channel" if value.get("channel") else "plan_cap"
        return voice(key, **{"channel": "", **value})
    if kind == "groups":
        return voice("plan_group", triggers=_joined(value["triggers"]), days=value.get("days", 1))
    if kind == "quiet_hours":
        return voice("plan_quiet", start=value["from"], end=value["to"])
    if kind == "holdout":
        share = value.get("share", 0) if isinstance(value, Mapping) else value
        return voice("plan_holdout", share=voice.percent(share, 0))
    texts = {
        "budget": ("plan_budget", "count"),
        "bought_within": ("plan_bought", "days"),
        "channels": ("plan_channels", "channels"),
        "exclusions": ("plan_exclusions", "reasons"),
    }
    key, name = texts[kind]
    return voice(key, **{name: _joined(value) if isinstance(value, list) else f"{value:,}"})


def _joined(names: Sequence[str]) -> str:
    return ", ".join(names)


def _moment(at: datetime.date | None) -> str:
    """A day, or a time to the minute."""
    if at is None:
        return "–"
    return at.strftime(_TIME) if isinstance(at, datetime.datetime) else at.isoformat()


_EXCLUSIONS = (
    *("opted_out", "order_pending", "subscription_open", "ordered", "newer_cart", "active"),
    *("recent_order", "unknown"),
)
