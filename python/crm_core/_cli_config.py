"""The config file of the command, `crm.toml`: what one would type each Monday.

    files = ["orders.csv"]
    customer_id = "会員ID"

    [status_map]
    "発送済み" = "completed"

    [report]
    output = "report.html"
    force = true

A key is an option's name with `_` for `-`. Keys at the top hold for every command that has the
option, those of a table with a command's name for this command. What is typed comes after and wins;
options that may be repeated add up.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ._errors import meant
from ._problem import Misuse

NAME = "crm.toml"

TEMPLATE = """\
# What `crm` would be told each time: `crm report` reads this file in the folder it is started in.
# A key is an option's name with _ for -; see `crm report --help`.

files = ["orders.csv"]

# Columns, where the headings do not say it.
# customer_id = "会員ID"
# ordered_at = "注文日時"
# amount = "金額"
# currency = "JPY"
# timezone = "Asia/Tokyo"

# What the shop's words mean.
# [status_map]
# "発送済み" = "completed"
# "キャンセル" = "cancelled"

[report]
output = "report.html"
force = true            # each Monday's page replaces the last one
# tables = "lists"      # the lists of customers to write to
# lang = "ja"
# churn_days = 240
"""


def arguments_of(
    path: Path, command: str, parsers: Mapping[str, argparse.ArgumentParser]
) -> Config:
    """The arguments that a config file says for a command.

    Args:
        path: The file.
        command: The command.
        parsers: The parser of each command.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misuse(f"--config: {path.name} is no TOML file: {error}") from None
    own = found.pop(command, {}) if command in parsers else {}
    for name in parsers:
        if isinstance(found.get(name), dict) and name not in _options(parsers[command]):
            found.pop(name)
    files = own.pop("files", found.pop("files", []))
    said: list[str] = []
    known = {name for one in parsers.values() for name in _options(one)}
    for where, table, must in (("", found, False), (f"[{command}] ", own, True)):
        for key, value in table.items():
            if key not in known:
                hint = meant(key, sorted(known))
                raise Misuse(f"--config: {path.name}: {where}there is no option {key}", hint or "")
            action = _options(parsers[command]).get(key)
            if action is None:
                if must:
                    raise Misuse(f"--config: {path.name}: {command} has no option {key}")
                continue
            said += _said(path, key, value, action)
    listed = [files] if isinstance(files, str) else files
    return Config(said, [path.parent / one for one in listed])


class Config:
    """The arguments and the files that a config file says."""

    def __init__(self, arguments: list[str], files: list[Path]) -> None:
        self.arguments = arguments
        self.files = files


def _options(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """The options of a command by their names in the config file."""
    return {
        name.removeprefix("--").replace("-", "_"): action
        for action in parser._actions
        for name in action.option_strings
        if name.startswith("--") and action.dest not in ("help", "config", "no_config")
    }


def _said(path: Path, key: str, value: Any, action: argparse.Action) -> list[str]:
    option = next(name for name in action.option_strings if name.startswith("--"))
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise Misuse(f"--config: {path.name}: {key} is true or false")
        return [option] if value else []
    if isinstance(value, dict):
        value = [f"{word}={meaning}" for word, meaning in value.items()]
    several = value if isinstance(value, list) else [value]
    if len(several) > 1 and not isinstance(action.default, list):
        raise Misuse(f"--config: {path.name}: {key} has one value")
    return [f"{option}={one}" for one in several]
