"""Who gave the LCD's PIN: wrong PINs cost time, right ones open the remote buttons for a while.

Owns the visitors that gave it. A visitor is known by a token that its browser keeps, so who is in stays in while others
guess. How often one may guess is tries.py's, the installer's PIN is gate.py's. Pure but for the tokens: time comes in
as ``now_s``, monotonic.
"""

import hmac
import re
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from itertools import count
from typing import Final

from evsed.api.tries import Brake, Tries
from evsed.credentials import Hashed

STAYS_S: Final = 1_800.0
_MOST_VISITORS: Final = 20
_PIN: Final = re.compile(r"[0-9]{1,4}")


class Answer(Enum):
    """What PINs were answered with."""

    RIGHT = auto()
    WRONG = auto()
    OFF = auto()  # no LCD PIN is set: the remote buttons are off
    NO_INSTALLER = auto()  # an installer's PIN was given, and none is set
    MISSING = auto()  # there is an LCD PIN, and none was given
    WAIT = auto()  # too many wrong ones; these were not even looked at


@dataclass(frozen=True, slots=True)
class Visitor:
    """One who gave the LCD PIN. ``name`` tells it from others and is no secret, as its token is."""

    name: str
    pin: str = field(repr=False)
    installer: Hashed | None = None  # what was stored of the installer's PIN that it gave
    until: float = 0.0


class Pins:
    """The door to the remote buttons."""

    def __init__(self, brake: Brake | None = None) -> None:
        self._tries = Tries(brake or Brake())
        self._visitors: OrderedDict[str, Visitor] = OrderedDict()  # by token
        self._numbers = count(1)

    def judge(self, given: str, asked: str, address: str, now_s: float) -> Answer:
        """Judges the LCD PIN ``given`` from ``address`` where ``asked`` is set (empty: none is); a wrong one counts."""
        if not asked:
            return Answer.OFF
        if self._tries.wait_s(address, now_s):
            return Answer.WAIT
        if _same(_four_digits(given), asked):
            self._tries.right(address)
            return Answer.RIGHT
        self._tries.wrong(address, now_s)
        return Answer.WRONG

    def wait_s(self, address: str, now_s: float) -> int:
        """How many seconds (rounded up) ``address`` has to wait until a PIN of it is looked at."""
        return self._tries.wait_s(address, now_s)

    def admit(self, pin: str, now_s: float, token: str = "", *, installer: Hashed | None = None) -> str:
        """The token of a visitor that gave ``pin``, and the installer's. ``token`` is the one it has; empty: none."""
        known = self.visitor(token, pin, now_s)
        if known is None:
            token, known = secrets.token_urlsafe(24), Visitor(f"visitor {next(self._numbers)}", pin)
        self._visitors[token] = replace(known, installer=installer or known.installer, until=now_s + STAYS_S)
        while len(self._visitors) > _MOST_VISITORS:
            self._visitors.popitem(last=False)
        return token

    def visitor(self, token: str, pin: str, now_s: float, *, stays: bool = True) -> Visitor | None:
        """The visitor of ``token``, which gave ``pin`` and it is still the one; None: there is none.

        Each use prolongs its stay, unless ``stays`` is false: it only looks.
        """
        known = self._visitors.get(token)
        if known is None or not pin or known.pin != pin or now_s >= known.until:
            self._visitors.pop(token, None)
            return None
        if stays:
            self._visitors[token] = replace(known, until=now_s + STAYS_S)
        return known


def lcd_pin(number: int) -> str:
    """The LCD PIN as its four digits; empty for 0: there is none."""
    return f"{number:04}" if number else ""


def _four_digits(given: str) -> str:
    """What may be an LCD PIN as four digits; else as it is, which is none."""
    text = given.strip()
    return text.zfill(4) if _PIN.fullmatch(text) else text


def _same(given: str, asked: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), asked.encode())
