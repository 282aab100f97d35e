"""Tables of a TOML file become frozen records: every key is known, of the right kind and in range.

Owns what is said of a key that is not. Which records there are is config.py's and wiring_rules.py's. Standard library
only: it is used before the outputs are safe.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any, TypeVar

Ranges = Mapping[str, tuple[int, int]]
"""The range of every whole number, both ends included, by the key's whole name without an index."""

_LONGEST_SHOWN = 80
_LONGEST_TEXT = 1_000
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_.-]{1,79}")
_Table = TypeVar("_Table")


class ConfigError(Exception):
    """The file cannot be used; the text names file and key and says what is wanted."""


def shown(value: object) -> str:
    """``value`` as a message can carry it."""
    try:
        text = repr(value)
    except ValueError:  # a hexadecimal number of thousands of digits, which Python does not write out
        return "so large a number"
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "..."


def build(table: type[_Table], given: Mapping[str, Any], prefix: str, ranges: Ranges, index: str = "") -> _Table:
    """The record that ``given`` describes; what it leaves out is the default.

    ``prefix`` comes before the key in messages; ``index`` is the part of it that ``ranges`` has not. Raises
    ConfigError.
    """
    default = table()
    refuse_unknown(given, names(table), prefix)
    for secret in _secrets(table):
        if not isinstance(given.get(secret, ""), str):  # refused without showing it
            raise ConfigError(f"{prefix}{secret} takes a text in quotes")
    values = {
        key: _checked(getattr(default, key), value, f"{prefix}{key}", ranges, index) for key, value in given.items()
    }
    return table(**values)


def names(table: type[Any]) -> list[str]:
    """The keys of a table."""
    return [item.name for item in fields(table)]


def _secrets(table: type[Any]) -> list[str]:
    return [item.name for item in fields(table) if not item.repr]


def refuse_unknown(given: Iterable[str], known: list[str], prefix: str) -> None:
    """Raises ConfigError for a key that is not among the ``known``."""
    for key in given:
        if key not in known:
            listed = ", ".join(prefix + name for name in known)
            raise ConfigError(
                f"{prefix}{key if _PLAIN_KEY.fullmatch(key) else shown(key)} is not known; known are {listed}"
            )


def table_of(given: object, name: str) -> dict[str, Any]:
    """``given`` as a table. Raises ConfigError."""
    if not isinstance(given, dict):
        raise ConfigError(f"{name} is a table: write [{name}] and its keys below it")
    return given


def _checked(default: object, value: object, name: str, ranges: Ranges, index: str) -> object:
    if isinstance(default, StrEnum):
        return choice(type(default), value, name)
    if isinstance(default, str):
        if not isinstance(value, str):
            raise ConfigError(f"{name} takes a text in quotes, not {shown(value)}")
        return _text(value, name)
    if isinstance(default, bool):
        return truth(value, name)
    if isinstance(default, tuple):
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ConfigError(f'{name} takes a list of texts, such as ["mains"], not {shown(value)}')
        return tuple(_text(item, name) for item in value)
    if isinstance(default, int):
        return whole(value, name, ranges[name.replace(index, "", 1) if index else name])
    return build(type(default), table_of(value, name), f"{name}.", ranges)


def _text(value: str, name: str) -> str:
    """A text that can stand in a message and be a path or a name. It is not shown: it may be a password."""
    if len(value) > _LONGEST_TEXT:
        raise ConfigError(f"{name} takes a text of at most {_LONGEST_TEXT} characters, not of {len(value)}")
    if found := _CONTROL.search(value):
        raise ConfigError(
            f"{name} takes a text in one line without control characters, not one with {found[0]!a} as its character "
            f"{found.start() + 1}"
        )
    return value


_Choice = TypeVar("_Choice", bound=StrEnum)


def choice(kind: type[_Choice], value: object, name: str) -> _Choice:
    """One of the texts of ``kind``. Raises ConfigError."""
    for member in kind:
        if member.value == value:
            return member
    raise ConfigError(f"{name} takes {one_of(kind)}, not {shown(value)}")


def one_of(values: Iterable[str]) -> str:
    """Texts as the file writes them, for a message."""
    return " or ".join(f'"{value}"' for value in values)


def truth(value: object, name: str) -> bool:
    """True or false. Raises ConfigError."""
    if not isinstance(value, bool):
        raise ConfigError(f"{name} takes true or false, not {shown(value)}")
    return value


def whole(value: object, name: str, span: tuple[int, int]) -> int:
    """A whole number in ``span``, both ends included. Raises ConfigError."""
    low, high = span
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ConfigError(f"{name} takes a whole number from {low} to {high}, not {shown(value)}")
    return value
