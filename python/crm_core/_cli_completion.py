"""What makes a shell complete commands, options and their words: `crm completion bash`.

The script is written from the parser, so it knows what `crm --help` knows. Files are completed
where a file is expected.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

import crm_core

from ._cli_options import commands_of

_BASH = """\
# crm completion bash > ~/.local/share/bash-completion/completions/crm
_crm() {{
    local now="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" words=""
    if [ "$before" = "=" ] && [ "$COMP_CWORD" -gt 1 ]; then
        before="${{COMP_WORDS[COMP_CWORD-2]}}"
    elif [ "$now" = "=" ]; then
        now=""
    fi
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{commands} --help --version" -- "$now"))
        return
    fi
    case "${{COMP_WORDS[1]}} $before" in
{choices}
    esac
    if [ -z "$words" ]; then
        case "$now" in
        -*) case "${{COMP_WORDS[1]}}" in
{options}
            esac ;;
        *) case "${{COMP_WORDS[1]}} $COMP_CWORD" in
{words}
            esac ;;
        esac
    fi
    if [ -n "$words" ]; then
        COMPREPLY=($(compgen -W "$words" -- "$now"))
    else
        COMPREPLY=($(compgen -f -- "$now"))
    fi
}}
complete -o filenames -F _crm crm
"""
_ZSH = """\
#compdef crm
# crm completion zsh > ~/.zfunc/_crm, with fpath+=~/.zfunc before compinit in ~/.zshrc
autoload -U +X bashcompinit && bashcompinit
{bash}"""


def script(shell: str, crm: argparse.ArgumentParser) -> str:
    """The script for a shell.

    Args:
        shell: `bash`, `zsh` or `fish`.
        crm: The parser of the command.
    """
    commands = commands_of(crm)
    if shell == "fish":
        return _fish(commands, crm)
    bash = _bash(commands)
    return _ZSH.format(bash=bash.partition("\n")[2]) if shell == "zsh" else bash


def _bash(commands: Mapping[str, argparse.ArgumentParser]) -> str:
    choices = [
        f'    "{command} {name}") words="{" ".join(map(str, one.choices))}" ;;'
        for command, parser in commands.items()
        for one in parser._actions
        if one.choices and one.option_strings
        for name in one.option_strings
    ]
    options = [
        f'            {command}) words="{" ".join(_names(parser))}" ;;'
        for command, parser in commands.items()
    ]
    words = [
        f'            "{command} 2") words="{" ".join(known)}" ;;'
        for command in commands
        if (known := _words(command, commands))
    ]
    return _BASH.format(
        commands=" ".join(commands),
        choices="\n".join(choices),
        options="\n".join(options),
        words="\n".join(words),
    )


def _fish(commands: Mapping[str, argparse.ArgumentParser], crm: argparse.ArgumentParser) -> str:
    lines = ["# crm completion fish > ~/.config/fish/completions/crm.fish"]
    action = next(one for one in crm._actions if isinstance(one, argparse._SubParsersAction))
    for one in action._choices_actions:
        about = _quoted(one.help or "")
        lines.append(f"complete -c crm -n __fish_use_subcommand -f -a {one.dest} -d {about}")
    for command, parser in commands.items():
        where = f"complete -c crm -n '__fish_seen_subcommand_from {command}'"
        if known := _words(command, commands):
            lines.append(f"{where} -f -a {_quoted(' '.join(known))}")
        for action_ in parser._actions:
            if not action_.option_strings or action_.dest == "help":
                continue
            names = " ".join(
                f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"
                for name in action_.option_strings
            )
            takes = "" if action_.nargs == 0 else " -r"
            if action_.choices:
                takes = f" -x -a {_quoted(' '.join(map(str, action_.choices)))}"
            about = _quoted((action_.help or "").replace("%%", "%"))
            lines.append(f"{where} {names}{takes} -d {about}")
    return "\n".join(lines) + "\n"


def _names(parser: argparse.ArgumentParser) -> list[str]:
    return [name for one in parser._actions for name in one.option_strings if name[:2] == "--"]


def _words(command: str, commands: Mapping[str, argparse.ArgumentParser]) -> list[str]:
    """What may stand behind a command, where that is no file."""
    if command in ("run", "describe"):
        return list(crm_core.tasks())
    if command == "help":
        return list(commands)
    if command == "layouts":
        from ._reading import layouts

        return sorted(one.id for one in layouts.shipped().values())
    positional = (one for one in commands[command]._actions if not one.option_strings)
    return [str(word) for one in positional for word in one.choices or ()]


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
