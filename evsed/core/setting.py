"""What one owner setting is: its columns, how a given value is read, how it is shown.

Owns the row type and the kinds of row (number, choice, host name, colour, words); the rows themselves
stand in settings.py.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from evsed.core.settings import Settings

Value: TypeAlias = int | str


@dataclass(frozen=True, slots=True)
class Offers:
    """What a found Sensorbox 2 offers; some settings are shown only then."""

    sensorbox_cts: bool = False
    sensorbox_wifi: bool = False


NOTHING_OFFERED: Final = Offers()


Shown: TypeAlias = Callable[["Settings", Offers], bool]


class SettingError(ValueError):
    """A value that a setting does not take; the text says what it takes."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. ``lcd_name`` is empty for a setting that has no menu item.

    ``installer``: it belongs to the electrical installation, not to daily use. ``secret``: it is never shown. ``form``
    (a regular expression) and ``takes`` (the same in words) are those of a text. Not ``kept``: its value is handed on
    and stands nowhere among the settings, where it is always the default.
    """

    key: str
    lcd_name: str
    description: str
    default: Value
    minimum: int
    maximum: int
    unit: str
    choices: Mapping[int, str]
    register: int | None
    shown: Shown
    secret: bool = False
    form: str = ""
    takes: str = ""
    installer: bool = False
    kept: bool = True

    @property
    def is_text(self) -> bool:
        """Whether the value is a text (such as a host name) and not a number."""
        return isinstance(self.default, str)

    def parse(self, given: object) -> Value:
        """The value that ``given`` (a number, a numeral, or the name of a choice) stands for.

        Raises SettingError with a text for the owner.
        """
        if self.is_text:
            return self._parse_text(given)
        if isinstance(given, str):
            for value, name in self.choices.items():
                if name.casefold() == given.strip().casefold():
                    return value
        number = _integer(given)
        if self.choices:
            if number is None or number not in self.choices:
                raise SettingError(f"{self.key} takes {', '.join(self.choices.values())}{self._not(given)}")
            return number
        if number is None or not self.minimum <= number <= self.maximum:
            unit = f" {self.unit}" if self.unit else ""
            raise SettingError(
                f"{self.key} takes a whole number from {self.minimum} to {self.maximum}{unit}{self._not(given)}"
            )
        return number

    def _parse_text(self, given: object) -> str:
        if not isinstance(given, str) or not re.fullmatch(self.form, given):
            raise SettingError(f"{self.key} takes {self.takes}{self._not(given)}")
        return given

    def _not(self, given: object) -> str:
        """What was given instead, unless it may be a secret with one character too many."""
        return "" if self.secret else f"; not {_cut(given)}"

    def show(self, value: Value) -> Value:
        """``value`` as it is stored and shown: the name of a choice, else the value itself."""
        return self.choices.get(value, value) if isinstance(value, int) else value


_NUMERAL = re.compile(r"[+-]?[0-9]{1,9}")


def _cut(given: object) -> str:
    shown = repr(given)
    return shown if len(shown) <= 80 else f"{shown[:80]}..."


def _integer(given: object) -> int | None:
    if isinstance(given, bool):
        return None
    if isinstance(given, int):
        return given
    if isinstance(given, str) and _NUMERAL.fullmatch(given.strip()):
        return int(given)
    return None


_NO_CHOICES: Final[Mapping[int, str]] = MappingProxyType({})
_BYTE: Final = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"


def number(
    lcd_name: str,
    description: str,
    minimum: int,
    maximum: int,
    default: int,
    *,
    unit: str = "",
    register: int | None = None,
    shown: Shown,
    secret: bool = False,
    kept: bool = True,
) -> Any:
    """A row that takes whole numbers from ``minimum`` to ``maximum``."""
    columns = (minimum, maximum, unit, _NO_CHOICES, register, shown, secret)
    return _row(lcd_name, description, default, *columns, kept=kept)


def choice(
    lcd_name: str,
    description: str,
    names: tuple[str, ...] | Mapping[int, str],
    default: int,
    *,
    register: int | None = None,
    shown: Shown,
) -> Any:
    """A row that takes one of ``names``, by name or by number."""
    numbered = names.items() if isinstance(names, Mapping) else enumerate(names)
    choices = MappingProxyType({int(number): name for number, name in numbered})
    columns = (min(choices), max(choices), "", choices, register, shown)
    return _row(lcd_name, description, default, *columns)


def host(lcd_name: str, description: str, *, register: int | None = None, shown: Shown) -> Any:
    """A row that takes a host name or address, or nothing."""
    takes = "a host name or an address of at most 64 characters, or nothing"
    form = r"[A-Za-z0-9.:_-]{0,64}"
    return _row(lcd_name, description, "", 0, 64, "", _NO_CHOICES, register, shown, False, form, takes)


def colour(description: str, default: str, *, shown: Shown) -> Any:
    """A row that takes a colour: red, green and blue from 0 to 255, with commas between them."""
    takes = "a colour as R,G,B with 0 to 255 each"
    form = f"{_BYTE},{_BYTE},{_BYTE}"
    return _row("", description, default, 0, 11, "", _NO_CHOICES, None, shown, False, form, takes)


def words(description: str, most: int, *, shown: Shown) -> Any:
    """A row that takes a text of at most ``most`` printable ASCII characters, or nothing."""
    takes = f"a text of at most {most} printable ASCII characters, or nothing"
    form = f"[ -~]{{0,{most}}}"
    return _row("", description, "", 0, most, "", _NO_CHOICES, None, shown, False, form, takes)


def web_address(description: str, *, shown: Shown) -> Any:
    """A row that takes the address of something that is posted to, or nothing; a secret, for keys stand in many."""
    takes = "an http:// or https:// address of at most 300 printable ASCII characters, or nothing"
    form = r"(https?://[!-~]{1,292})?"
    return _row("", description, "", 0, 300, "", _NO_CHOICES, None, shown, True, form, takes)


def _row(lcd_name: str, description: str, default: Value, *columns: Any, kept: bool = True) -> Any:
    setting = replace(Setting("", lcd_name, description, default, *columns), kept=kept)
    return field(default=default, repr=not setting.secret, metadata={"setting": setting})
