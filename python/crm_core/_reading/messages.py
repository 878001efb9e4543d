"""Messages that name options of the caller.

A sentence names an option as `{say.amount_is:line}` or `{say.ignore:{column}}`, in an f-string or a
template. The text then holds the option's name and value as data, and the door where the message is
shown writes them: `--amount-is line` for the command, `amount_is="line"` for Python. An empty value
is `{say.order_id:""}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

# Noncharacters of Unicode, which are for a program's own use and stand in no text of a file.
_BEGIN, _BETWEEN, _AND, _END = "\ufdd0", "\ufdd1", "\ufdd2", "\ufdd3"
_EMPTY = '""'

#: Options of pairs, with what a message calls them in Python.
_PAIRS = {
    "status_map": "status_map",
    "kind_map": "kind_map",
    "refund_rows": "refund_rows",
    "event_kind": "kinds",
}
_LISTS = ("ignore", "order_level", "line_level", "guest_id", "fill_down", "known")
# Values of these are words of the command; of the others headings and texts, which it quotes.
_OF_WORDS = (
    *("amount_is", "amount_unit", "id_fold", "guests", "bad_rows", "repeated_orders"),
    *("repeated_rows", "encoding", "currency", "date_format", "guest_id", "known"),
)

Door = Callable[[str, str | None], str]


class _Option:
    """An option in a sentence: `{say.guests}`, `{say.guests:keep}`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __format__(self, value: str) -> str:
        if not value:
            return f"{_BEGIN}{self._name}{_END}"
        return f"{_BEGIN}{self._name}{_BETWEEN}{'' if value == _EMPTY else value}{_END}"


class _Options:
    """All options, by their names in Python."""

    def __getattr__(self, name: str) -> _Option:
        return _Option(name)


say = _Options()


def option(name: str, value: str = "") -> str:
    """An option by a name that is not known before."""
    return format(_Option(name), value)


def pairs(words: Mapping[str, str]) -> str:
    """Several pairs of one option: `{say.status_map:{pairs}}`."""
    return _AND.join(f"{word}={meaning}" for word, meaning in words.items())


def written(text: str, door: Door) -> str:
    """The text with its options as a door writes them."""
    first, *rest = text.split(_BEGIN)
    out = [first]
    for one in rest:
        option, _, behind = one.partition(_END)
        name, there, value = option.partition(_BETWEEN)
        out += [door(name, value if there else None), behind]
    return "".join(out)


def of_library(text: str) -> str:
    """A message of the library with the arguments that it names as options."""
    for argument, option_ in _OF_LIBRARY.items():
        text = text.replace(argument, option_)
    return text


def command(name: str, value: str | None) -> str:
    """An option of the command: `--id-fold none`, `--ignore "Refund total"`."""
    option = f"--{name.replace('_', '-')}"
    if value is None:
        return option
    if name in _OF_WORDS and re.fullmatch(r"[\w-]+", value):
        return f"{option} {value}"
    return " ".join(f'{option} "{one}"' for one in value.split(_AND))


def python(name: str, value: str | None) -> str:
    """An argument of Python: `id_fold="none"`, `ignore=["Refund total"]`."""
    argument = _PAIRS.get(name, name)
    if value is None:
        return argument
    if name == "event_column":  # each role is an argument
        role, _, heading = value.partition("=")
        return f'{role}="{heading}"'
    if name in _PAIRS:
        split = [
            one.partition("=") if name == "refund_rows" else one.rpartition("=")
            for one in value.split(_AND)
        ]
        told = ", ".join(f'"{word}": "{meaning}"' for word, _, meaning in split)
        return f"{argument}={{{told}}}"
    return f'{argument}=["{value}"]' if name in _LISTS else f'{argument}="{value}"'


# Arguments as messages of the library name them.
_OF_LIBRARY = {
    "round_amounts=True": f"{say.round_amounts}",
    'shop="..."': f"{say.shop:...}",
    **{
        f'{name}="{value}"': option(name, value)
        for name, values in {
            "bad_rows": ("drop",),
            "guests": ("drop", "keep"),
            "repeated_rows": ("drop", "keep"),
            "date_format": ("epoch_s", "excel"),
        }.items()
        for value in values
    },
    **{f"option `{name}`": f"option {option(name)}" for name in ("as_of", "by", "where", "since")},
}
