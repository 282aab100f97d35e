"""The tables of docs/configuration.md: the keys of evsed.toml and the owner settings, made from the models.

What a key is for stands in docs/evsed.toml beside it; its default and what it takes are the code's.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any

from evsed import config
from evsed.config import Bus, Installation
from evsed.core.setting import Setting
from evsed.core.settings import METER_NAMES, TABLE
from evsed.wiring import Line, Pins
from tests.documents.pages import ROOT

REFERENCE = ROOT / "docs" / "evsed.toml"

_KEY = re.compile(r"^(?P<key>[a-z_0-9]+) = [^#]*(#(?P<said>.*))?$")
_TABLE = re.compile(r"^\[(?P<name>[a-z.]+)\] *(#(?P<said>.*))?$")


def installation() -> str:
    """A table of keys for each table of the file, in the file's order."""
    said = _said()
    lines = []
    for name, keys in _tables(Installation(), ""):
        lines += [f"### [{name}]" if name else "### Outside any table", ""]
        if about := said.get((name, ""), ""):
            lines += [_sentence(about), ""]
        lines += ["| key | default | takes | what |", "|---|---|---|---|"]
        lines += [
            f"| `{key}` | {_default(value)} | {_takes(value, f'{name}.{key}'.lstrip('.'))} | {said[name, key]} |"
            for key, value in keys
        ]
        lines.append("")
    return "\n".join(lines).rstrip()


def _tables(record: Any, name: str) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """The tables of ``record``, each with its keys and their defaults; what ``wiring`` holds stands in its parent."""
    own: list[tuple[str, Any]] = []
    inner: list[tuple[str, Any]] = []
    for item in fields(record):
        value = getattr(record, item.name)
        if item.name == "wiring":
            own += [(key.name, getattr(value, key.name)) for key in fields(value) if not _is_table(value, key.name)]
            inner += [(key.name, getattr(value, key.name)) for key in fields(value) if _is_table(value, key.name)]
        elif item.name == "bus" and not name:
            inner.append(("bus", Bus("bus 1", meters=value[0].meters, chargers=True)))
        elif is_dataclass(value) and not isinstance(value, Line):
            inner.append((item.name, value))
        else:
            own.append((item.name, value))
    yield name, own
    for key, value in inner:
        yield from _tables(value, f"{name}.{key}".lstrip("."))


def _is_table(record: Any, key: str) -> bool:
    value = getattr(record, key)
    return is_dataclass(value) and not isinstance(value, Line)


def _said() -> dict[tuple[str, str], str]:
    """What docs/evsed.toml says beside each key, by table and key; of a table itself by an empty key."""
    found: dict[tuple[str, str], str] = {}
    above: list[str] = []
    place = ("", "")
    for line in REFERENCE.read_text(encoding="utf-8").splitlines():
        if match := _TABLE.match(line):
            place = (match["name"], "")
        elif match := _KEY.match(line):
            place = (place[0], match["key"])
        elif line.startswith(" ") and line.lstrip().startswith("#"):
            found[place] = f"{found[place]} {_code(line.strip(' #'))}"
            continue
        else:
            above = [*above, line.strip("# ")] if line.startswith("#") else []
            continue
        said = (match["said"] or "").strip() or " ".join(above if not place[0] else [])
        found[place] = _code(said)
        above = []
    return found


_CODE = re.compile(r'\["[^]]*"\]|"[^"]*"|\[\[[a-z]+\]\]|[A-Za-z-]*<[a-z]+>[.a-z]*|^[<>]$')


def _code(text: str) -> str:
    """With what Markdown would take for something else, or people for words, as code."""
    return _CODE.sub(lambda match: f"`{match[0]}`", text)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _default(value: Any) -> str:
    if value is None:
        return "not fitted"
    if isinstance(value, Line):
        low = ", `active_low`" if value.active_low else ""
        pull = f", pull {value.pull}" if value.pull != "none" else ""
        return f"GPIO {value.gpio}{low}{pull}"
    if isinstance(value, tuple):
        return f"`{json.dumps(list(value))}`"
    return f"`{json.dumps(value)}`"


def _takes(value: Any, name: str) -> str:
    if isinstance(value, bool):
        return "`true`, `false`"
    if isinstance(value, StrEnum):
        return ", ".join(f'`"{member}"`' for member in type(value))
    if isinstance(value, int):
        low, high = config._RANGES[name]
        return f"{low} to {high}"
    if isinstance(value, tuple):
        return "texts"
    if value is None or isinstance(value, Line):
        return "a line" if name.rpartition(".")[2] in _ALWAYS else 'a line, or `"none"`'
    return "a text"


_ALWAYS = {item.name for item in fields(Pins) if item.type is Line}


# ---- owner settings ----


def owner_settings() -> str:
    """A row a setting, in the order of the menu."""
    lines = ["| key | LCD | what | takes | default | register | inst. |", "|---|---|---|---|---|---|---|"]
    lines += [_setting(row) for row in TABLE.values()]
    return "\n".join(lines)


def _setting(row: Setting) -> str:
    register = "" if row.register is None else f"0x{row.register:04X}"
    cells = (
        f"`{row.key}`",
        row.lcd_name,
        row.description,
        _range(row),
        f"`{row.show(row.default)}`" if row.default != "" else "",
        register,
        "yes" if row.installer else "",
    )
    return f"| {' | '.join(cells)} |"


def _range(row: Setting) -> str:
    if row.is_text:
        return row.takes
    if list(row.choices.values()) == list(METER_NAMES.values()):
        return "a meter"
    if row.choices:
        return ", ".join(f"{number} `{name}`" for number, name in row.choices.items())
    return f"{row.minimum} to {row.maximum} {row.unit}".rstrip()
