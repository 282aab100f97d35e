"""Settings as a charger tells them: a row each, what it takes, and the words in which it is shown to people.

Pure; the rows of a charger that does not run are those of the table, without values.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from evsed.core.setting import Setting, Value
from evsed.core.settings import TABLE

OWN: Final = frozenset({"set_up"})
"""What one installation says of itself: never carried to another, or back in time."""

PLACE: Final = frozenset({"loadbl", "ev_meter_address"})
"""Which one of several chargers on a line it is: exported, and brought back to the same charger alone."""

_NUMERAL: Final = re.compile(r"[+-]?[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Row:
    """One setting as /api/v1/settings has it; ``value`` is None for a secret that is set, and where it is not known."""

    key: str
    value: Value | None
    default: Value
    type: str
    minimum: int
    maximum: int
    choices: tuple[str, ...]
    pattern: str
    unit: str
    description: str
    secret: bool
    known: bool = True

    @property
    def carried(self) -> bool:
        """Whether an export has it, and an import takes it."""
        return not self.secret and self.key not in OWN

    def encode(self, text: str) -> Value:
        """What ``text``, as somebody typed it, is in JSON: a numeral is a number, unless the setting takes texts."""
        if self.type == "text":
            return text
        bare = text.strip()
        named = bare.casefold() in {name.casefold() for name in self.choices}
        return int(bare) if not named and _NUMERAL.fullmatch(bare) else bare

    def read(self, given: object) -> Value:
        """``given``, out of a file, as the charger would show it. Raises ValueError with what the setting takes."""
        if self.type == "choice":
            for name in self.choices:
                if isinstance(given, str) and name.casefold() == given.casefold():
                    return name
        elif self.type == "text":
            if isinstance(given, str) and re.fullmatch(self.pattern, given):
                return given
        elif isinstance(given, int) and not isinstance(given, bool) and self.minimum <= given <= self.maximum:
            return given
        raise ValueError(f"{self.key} takes {self.takes()}; not {_cut(given)}")

    def takes(self) -> str:
        """What it takes, in words."""
        if self.type == "choice":
            return ", ".join(self.choices)
        if self.type == "text":
            ours = TABLE.get(self.key)
            return ours.takes if ours is not None and ours.is_text else f"a text of the form {self.pattern}"
        return f"{self.minimum}..{self.maximum} {self.unit}".strip()

    def shown(self, value: Value | None) -> str:
        """``value`` with its unit."""
        if value is None:
            return "set (secret)" if self.known else "unknown"
        if value == "":
            return "none"
        return f"{value} {self.unit}" if self.unit else str(value)

    def line(self) -> str:
        """The setting in one line of a list."""
        unset = self.secret and self.value is not None
        now = "not set" if unset else self.shown(self.value)
        default = "none" if self.secret else self.shown(self.default).removesuffix(f" {self.unit}")
        return f"{self.key:24} {now:14} {self.description}: {self.takes()} (default {default})"

    def untold(self) -> dict[str, object]:
        """The setting as JSON where no charger tells its value."""
        return {
            "default": self.default,
            "type": self.type,
            "minimum": self.minimum if self.type == "integer" else None,
            "maximum": self.maximum if self.type == "integer" else None,
            "choices": list(self.choices) or None,
            "pattern": self.pattern or None,
            "unit": self.unit or None,
            "description": self.description,
            "secret": self.secret,
        }


Rows: TypeAlias = Mapping[str, Row]
"""Every setting by its key, in the order of the menu."""


def told(document: object) -> dict[str, Row]:
    """The rows in what /api/v1/settings answers. Raises ValueError when that is not of a charger."""
    if not isinstance(document, dict) or not document:
        raise ValueError("no settings")
    return {str(key): _row(str(key), told) for key, told in document.items()}


def _row(key: str, said: object) -> Row:
    if not isinstance(said, dict):
        raise ValueError(f"{key} is no setting")  # noqa: TRY004 - whatever it is, it is not a charger's answer
    try:
        re.compile(str(said["pattern"] or ""))
        return Row(
            key=key,
            value=said["value"],
            default=said["default"],
            type=str(said["type"]),
            minimum=int(said["minimum"] or 0),
            maximum=int(said["maximum"] or 0),
            choices=tuple(map(str, said["choices"] or ())),
            pattern=str(said["pattern"] or ""),
            unit=str(said["unit"] or ""),
            description=str(said["description"]),
            secret=bool(said["secret"]),
        )
    except (KeyError, TypeError, OverflowError, re.error) as error:
        raise ValueError(f"{key} is not told as a setting is: {error}") from error


def without_values() -> dict[str, Row]:
    """The rows of this version of evsed, while no charger says what is set."""
    return {key: _of_table(row) for key, row in TABLE.items()}


def _of_table(row: Setting) -> Row:
    kind = "text" if row.is_text else "choice" if row.choices else "integer"
    choices = tuple(row.choices.values())
    range_of: dict[str, Any] = {"minimum": row.minimum, "maximum": row.maximum, "choices": choices, "pattern": row.form}
    return Row(
        key=row.key,
        value=None,
        default=row.show(row.default),
        type=kind,
        unit=row.unit,
        description=row.description,
        secret=row.secret,
        known=False,
        **range_of,
    )


def _cut(given: object) -> str:
    shown = repr(given)
    return shown if len(shown) <= 80 else f"{shown[:80]}..."
