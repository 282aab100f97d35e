"""Completion for bash and zsh: shtab's, of the parser, with the keys and choices of the settings added to it."""

import argparse
from pathlib import Path
from typing import Any, Final

import shtab

from evsed.cli.parser import build
from evsed.core.settings import TABLE

_FOLDERS: Final = frozenset({"state_dir"})
_WRITTEN: Final = frozenset({"json", "file", "file2"})  # texts, because - is no path
_ASSIGNED: Final = frozenset({"set", "changes"})
_SHTAB, _OURS = "_shtab_evsed", "_evsed"


def _keys() -> list[str]:
    return [key for key, row in TABLE.items() if not row.secret]


def _choices() -> dict[str, list[str]]:
    return {key: list(TABLE[key].choices.values()) for key in _keys() if TABLE[key].choices}


def _parser(assignments: dict[str, Any]) -> argparse.ArgumentParser:
    """The parser of evsed, each argument with what completes it; ``assignments``: what completes KEY=VALUE."""
    parser = build()
    _teach(parser, assignments)
    return parser


def _teach(parser: argparse.ArgumentParser, assignments: dict[str, Any]) -> None:
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to see them
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - same
            for below in action.choices.values():
                _teach(below, assignments)
        elif action.dest in _FOLDERS:
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined] # how shtab is told
        elif action.dest in _ASSIGNED:
            action.complete = assignments  # type: ignore[attr-defined] # same
        elif action.dest == "keys":
            action.choices = _keys()
        elif action.type is Path or (action.dest in _WRITTEN and action.nargs != 0):
            action.complete = shtab.FILE  # type: ignore[attr-defined] # same


def bash() -> str:
    """The script for bash, which breaks words at "=": what stands behind it is completed here."""
    lines = "\n".join(f"    {key}) printf '%s\\n' {_quoted(names)} ;;" for key, names in _choices().items())
    keys = " ".join(f"{key}=" for key in _keys())
    preamble = f"""
_evsed_assignments() {{
  compgen -W "{keys}" -- "$1"
}}

_evsed_choices() {{
  case "$1" in
{lines}
  esac
}}
"""
    theirs = shtab.complete(_parser({"bash": "_evsed_assignments"}), "bash", preamble=preamble)
    theirs, registered, _ = theirs.rpartition(f"complete -o bashdefault -F {_SHTAB} evsed")
    if not registered:
        raise RuntimeError("shtab registers its function in another way than it did")
    return theirs + _BASH


_BASH: Final = """\
_evsed() {
  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" key="" choice
  if [[ "$word" == "=" ]]; then
    key="$before" word=""
  elif [[ "$before" == "=" ]] && (( COMP_CWORD > 1 )); then
    key="${COMP_WORDS[COMP_CWORD-2]}"
  fi
  if [[ -n "$key" ]]; then
    COMPREPLY=()
    word="${word//\\\\/}"
    while IFS= read -r choice; do
      [[ -n "$choice" && "$choice" == "$word"* ]] && COMPREPLY+=("$(printf '%q' "$choice")")
    done < <(_evsed_choices "$key")
    return 0
  fi
  _shtab_evsed
  if [[ "${COMPREPLY[0]-}" == *= ]]; then
    compopt -o nospace 2>/dev/null || :
  fi
  return 0
}

complete -o bashdefault -F _evsed evsed
"""


def zsh() -> str:
    """The script for zsh."""
    lines = "\n".join(f"      {key}) compadd -- {_quoted(names)} ;;" for key, names in _choices().items())
    keys = " ".join(f"{key}=" for key in _keys())
    preamble = f"""
_evsed_assignments() {{
  if compset -P '*='; then
    case "${{IPREFIX%=}}" in
{lines}
    esac
  else
    compadd -S '' -- {keys}
  fi
}}
"""
    return shtab.complete(_parser({"zsh": "_evsed_assignments"}), "zsh", preamble=preamble)


def _quoted(names: list[str]) -> str:
    return " ".join(f"'{name}'" for name in names)
