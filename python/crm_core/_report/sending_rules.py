"""The rules of `crm today --rules`: a TOML file as triggers, rules of `decide`, and sentences.

    channels = ["mail"]

    [[caps]]
    days = 1
    messages = 1

    [triggers.second_purchase]
    en = "The customer has bought once."
    ja = "初回購入のみの顧客です。"
    days = [30, 60, 90]
    priority = -1

What is wrong is named by its path in the file.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import crm_core

from .._errors import meant
from .._problem import Misuse

#: Triggers of the site's events, with the hours that they wait by default.
OF_EVENTS: Mapping[str, tuple[int, ...]] = {"cart": (1, 24), "browse": (24,)}
_SENTENCES = ("en", "ja")
# What `decide` reads of a trigger.
_PLAN = ("priority", "channels", "exclusions", "bought_within", "holdout")
_MOST_HOURS = 24 * 30


@dataclass(frozen=True)
class SiteTrigger:
    """A trigger of events: hours after a cart was left, or a product was viewed.

    Attributes:
        name: Its name, in keys too.
        trigger: `cart` or `browse`.
        hours: The hours after which a message is due, one each.
        valid: Hours for which a message that is due is a candidate.
    """

    name: str
    trigger: str
    hours: list[int]
    valid: int


@dataclass(frozen=True)
class Rules:
    """The rules, as the library takes them.

    Attributes:
        triggers: Those of orders, for `candidates`.
        of_events: Those of the site.
        plan: The rules of `decide`.
        sentences: What each trigger is about, by its name and the language.
        kinds: The trigger of each name.
    """

    triggers: list[dict[str, Any]]
    of_events: list[SiteTrigger]
    plan: dict[str, Any]
    sentences: Mapping[str, Mapping[str, str]]
    kinds: Mapping[str, str]

    @property
    def columns(self) -> list[str]:
        """The columns of customers that triggers read."""
        return [one["column"] for one in self.triggers if "column" in one]


def preset(name: str) -> str:
    """Ready rules as TOML."""
    return (files("crm_core") / "rules" / f"{name}.toml").read_text("utf-8")


def load_rules(path: Path) -> Rules:
    """The rules of a file; a `Misuse` names what is wrong by its path."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misuse(f"--rules: {path.name} is no TOML file: {error}") from None
    try:
        return _read(_plain(found))
    except _Wrong as error:
        raise Misuse(f"--rules: {path.name}: {error.args[0]}", error.args[1]) from None


class _Wrong(Exception):
    """What is wrong, with its path, and what was meant."""

    def __init__(self, path: str, message: str, hint: str | None = None) -> None:
        super().__init__(f"{path}: {message}", "" if hint is None or hint in message else hint)


def _read(found: dict[str, Any]) -> Rules:
    listed = found.get("triggers")
    if not isinstance(listed, dict) or not listed:
        raise _Wrong("triggers", "expected at least one trigger, such as [triggers.win_back]")
    triggers, of_events, plan, sentences, kinds = [], [], {}, {}, {}
    for name, given in listed.items():
        path = f"triggers.{name}"
        if not isinstance(given, dict):
            raise _Wrong(path, "expected a table of settings")
        kind = given.get("trigger", name)
        known = [*_words(), *OF_EVENTS]
        if kind not in known:
            at = f"{path}.trigger" if "trigger" in given else path
            listed_words = f"There are {', '.join(known)}."
            hint = meant(kind, known) if isinstance(kind, str) else None
            raise _Wrong(at, f"there is no trigger {kind}", hint or listed_words)
        own = ("hours", "valid") if kind in OF_EVENTS else tuple(_settings())
        _only(path, given, ("trigger", *own, *_PLAN, *_SENTENCES))
        sentences[name] = {lang: _sentence(path, given, lang) for lang in _SENTENCES}
        plan[name] = {key: given[key] for key in _PLAN if key in given}
        kinds[name] = kind
        if kind in OF_EVENTS:
            of_events.append(_of_events(path, name, kind, given))
        else:
            settings = {key: given[key] for key in own if key in given}
            settings |= {"trigger": kind, "name": name}
            _check_trigger(path, settings)
            triggers.append(settings)
    rules = {**found, "triggers": plan}
    _check_plan(rules)
    _check_exclusions(rules)
    _no_step_twice(triggers, of_events)
    return Rules(triggers, of_events, rules, sentences, kinds)


def _of_events(path: str, name: str, kind: str, given: Mapping[str, Any]) -> SiteTrigger:
    hours = given.get("hours", list(OF_EVENTS[kind]))
    valid = given.get("valid", 24)
    if not (isinstance(hours, list) and hours and all(map(_is_hours, hours))):
        raise _Wrong(f"{path}.hours", f"expected a list of hours from 1 to {_MOST_HOURS}")
    if len({*hours}) < len(hours):
        raise _Wrong(f"{path}.hours", "expected each number of hours once")
    if not _is_hours(valid):
        raise _Wrong(f"{path}.valid", f"expected 1 to {_MOST_HOURS} hours")
    return SiteTrigger(name, kind, hours, valid)


def _is_hours(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MOST_HOURS


# The reasons against a message that candidates of orders and of the site can have.
_REASONS = (
    *("opted_out", "order_pending", "subscription_open", "ordered", "newer_cart", "active"),
    *("recent_order", "unknown"),
)


def _check_exclusions(rules: Mapping[str, Any]) -> None:
    """Refuses reasons that no candidate of the command has."""
    own = [(f"triggers.{name}.", one) for name, one in rules["triggers"].items()]
    for path, given in [("", rules), *own]:
        for at, reason in enumerate(given.get("exclusions") or ()):
            if reason not in _REASONS:
                listed = f"There are {', '.join(_REASONS)}."
                hint = meant(reason, _REASONS) or listed
                raise _Wrong(f"{path}exclusions.{at}", f"there is no reason {reason}", hint)


def _no_step_twice(triggers: Sequence[Mapping[str, Any]], of_events: Sequence[SiteTrigger]) -> None:
    """Refuses two triggers that would write about the same at the same time."""
    seen: dict[tuple[Any, ...], str] = {}
    steps: list[tuple[str, tuple[Any, ...]]] = [
        (one["name"], (one["trigger"], one.get("of"), one.get("column"), step))
        for one in triggers
        for step in one.get("days") or ["all"]
    ]
    steps += [(one.name, (one.trigger, step)) for one in of_events for step in one.hours]
    for name, step in steps:
        other = seen.setdefault(step, name)
        if other != name:
            raise _Wrong(f"triggers.{name}", f"it has a step of triggers.{other}, too")


def _only(path: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Refuses settings that nothing reads."""
    for key in given:
        if key not in known:
            hint = meant(key, known) or f"There are {', '.join(known)}."
            raise _Wrong(f"{path}.{key}", "there is no such setting", hint)


def _sentence(path: str, given: Mapping[str, Any], lang: str) -> str:
    text = given.get(lang, "")
    if not isinstance(text, str):
        raise _Wrong(f"{path}.{lang}", "expected a sentence")
    return text


def _check_trigger(path: str, settings: dict[str, Any]) -> None:
    """Lets the library say what is wrong with a trigger, for a shop of one order."""
    if (error := _refusal(settings)) is not None:
        option, message = _parts(error)
        here = option.removeprefix("triggers").removeprefix(".0").removeprefix(".")
        if not here:  # a value of a wrong type: the first setting that is refused alone
            alone = (
                (key, {"trigger": settings["trigger"], key: settings[key]}) for key in settings
            )
            here = next((key for key, one in alone if key != "trigger" and _refused(one)), "")
        raise _Wrong(".".join(filter(None, (path, here))), message, error.hint)


def _refused(settings: dict[str, Any]) -> bool:
    """Whether the library refuses settings as a whole."""
    error = _refusal(settings)
    return error is not None and _parts(error)[0] == "triggers"


def _refusal(settings: dict[str, Any]) -> crm_core.OptionError | None:
    """What the library says of a trigger for a shop of one order."""
    day = datetime.date(2026, 1, 1)
    shop = {"customer_id": ["a"], "ordered_at": [day], "amount": [1]}
    try:
        crm_core.candidates(crm_core.Orders(shop, currency="JPY"), day, triggers=[settings])
    except crm_core.OptionError as error:
        return error
    except (crm_core.DataError, crm_core.SchemaError):
        return None  # this shop is too small, and has no column of birthdays
    return None


def _check_plan(rules: dict[str, Any]) -> None:
    """Lets the library say what is wrong with the rules."""
    error = _refusal_of_plan(rules)
    if error is None:
        return
    option, message = _parts(error)
    path = option.removeprefix("rules").removeprefix(".")
    if not path and (unknown := re.search(r'found "([^"]+)"$', message)) is not None:
        path = unknown[1]
    name = path.removeprefix("triggers.")
    for key, value in rules["triggers"].get(name, {}).items() if path != name else ():
        # A value of a wrong type: the first setting that is refused alone.
        alone = {**rules, "triggers": {**rules["triggers"], name: {key: value}}}
        if (other := _refusal_of_plan(alone)) is not None and _parts(other)[0] == option:
            path = f"{path}.{key}"
            break
    raise _Wrong(path or "the rules", message, error.hint)


def _refusal_of_plan(rules: dict[str, Any]) -> crm_core.OptionError | None:
    """What the library says of rules, for one candidate."""
    one = {"customer_id": ["a"], "trigger": ["-"], "dedupe_key": ["-"], "due_at": ["2026-01-01"]}
    try:
        crm_core.decide(one, rules=rules, now="2026-01-01T10:00:00Z")
    except crm_core.OptionError as error:
        return error
    return None


def _parts(error: crm_core.OptionError) -> tuple[str, str]:
    """The option that an error names, and what was expected of it."""
    found = re.fullmatch(r"option `([^`]*)`: (.*)", str(error), re.DOTALL)
    assert found is not None, str(error)
    return found[1], found[2]


def _plain(value: Any) -> Any:
    """TOML's times of day as JSON has them: a text."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, datetime.time):
        return value.strftime("%H:%M")
    return value.isoformat() if isinstance(value, datetime.date) else value


def _words() -> list[str]:
    """The triggers of `candidates`."""
    words = crm_core.describe("candidates")["options"]["$defs"]["Word"]["oneOf"]
    return [one["const"] for one in words]


def _settings() -> list[str]:
    """What `candidates` reads of a trigger."""
    found = crm_core.describe("candidates")["options"]["$defs"]["Trigger"]["properties"]
    return [name for name in found if name not in ("trigger", "name")]
