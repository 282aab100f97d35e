"""Who gave the LCD's PIN, and the installer's: wrong PINs cost time, right ones open the remote buttons for a while.

Owns the visitors that gave them and the waiting. A visitor is known by a token that its browser keeps; waiting is
counted for each address, so that one who guesses does not keep the owner out, and who is in stays in meanwhile. Pure
but for the tokens: time comes in as ``now_s``, monotonic.
"""

import hmac
import ipaddress
import re
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from itertools import count
from typing import Final

FREE_TRIES: Final = 3
FIRST_WAIT_S: Final = 5.0
LONGEST_WAIT_S: Final = 300.0
FORGIVEN_AFTER_S: Final = 3_600.0
STAYS_S: Final = 1_800.0
_MOST_VISITORS: Final = 20
_MOST_ADDRESSES: Final = 200
_REST: Final = "all others"
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
class Pair:
    """An LCD PIN and an installer's, as they are set (``pin`` empty: the buttons are off) or as somebody gave them."""

    pin: str | None = field(repr=False)  # None: not given
    installer: str | None = field(default=None, repr=False)  # None: not given, or none is set


@dataclass(frozen=True, slots=True)
class Visitor:
    """One who gave the LCD PIN. ``name`` tells it from others and is no secret, as its token is."""

    name: str
    pin: str = field(repr=False)
    installer: bool = False
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class Tries:
    """The wrong PINs of one address."""

    count: int = 0
    wait_until: float = 0.0
    forgiven_at: float = 0.0
    installer: bool = False  # one of the installer's was among them


class Pins:
    """The door to the remote buttons."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str, Tries] = OrderedDict()
        self._visitors: OrderedDict[str, Visitor] = OrderedDict()  # by token
        self._numbers = count(1)

    def judge(self, given: Pair, asked: Pair, address: str, now_s: float) -> Answer:
        """Judges what was ``given`` from ``address`` where ``asked`` is set; what was not given is not judged.

        A wrong one of either counts. A right LCD PIN forgives no wrong ones of the installer's: who knows the one must
        not guess the other for nothing.
        """
        if not asked.pin:
            return Answer.OFF
        if given.installer is not None and not asked.installer:
            return Answer.NO_INSTALLER
        self._forgive(now_s)
        key = self._key(address)
        tries = self._tries.get(key, Tries())
        if now_s < tries.wait_until:
            return Answer.WAIT
        wrong_installer = given.installer is not None and not _same(given.installer.strip(), asked.installer or "")
        if not wrong_installer and (given.pin is None or _same(_four_digits(given.pin), asked.pin)):
            if given.installer is not None or not tries.installer:
                self._tries.pop(key, None)
            return Answer.RIGHT
        wrong = tries.count + 1
        wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (wrong - FREE_TRIES)) if wrong >= FREE_TRIES else 0.0
        self._tries[key] = Tries(wrong, now_s + wait, now_s + FORGIVEN_AFTER_S, tries.installer or wrong_installer)
        return Answer.WRONG

    def wait_s(self, address: str, now_s: float) -> int:
        """How many seconds (rounded up) ``address`` has to wait until a PIN of it is looked at."""
        left = self._tries.get(self._key(address), Tries()).wait_until - now_s
        return max(0, int(left) + 1) if left > 0 else 0

    def admit(self, pin: str, now_s: float, token: str = "", *, installer: bool = False) -> str:
        """The token of a visitor that gave ``pin``, and the installer's. ``token`` is the one it has; empty: none."""
        known = self.visitor(token, pin, now_s)
        if known is None:
            token, known = secrets.token_urlsafe(24), Visitor(f"visitor {next(self._numbers)}", pin)
        self._visitors[token] = replace(known, installer=known.installer or installer, until=now_s + STAYS_S)
        while len(self._visitors) > _MOST_VISITORS:
            self._visitors.popitem(last=False)
        return token

    def visitor(self, token: str, pin: str | None, now_s: float, *, stays: bool = True) -> Visitor | None:
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

    def _key(self, address: str) -> str:
        """Who waits together: an IPv4 address, an IPv6 network, and everybody once too many have guessed wrong."""
        key = _network(address)
        return key if key in self._tries or len(self._tries) < _MOST_ADDRESSES else _REST

    def _forgive(self, now_s: float) -> None:
        for key in [key for key, tries in self._tries.items() if now_s >= tries.forgiven_at]:
            del self._tries[key]


def lcd_pin(number: int) -> str:
    """The LCD PIN as its four digits; empty for 0: there is none."""
    return f"{number:04}" if number else ""


def _four_digits(given: str) -> str:
    """What may be an LCD PIN as four digits; else as it is, which is none."""
    text = given.strip()
    return text.zfill(4) if _PIN.fullmatch(text) else text


def _same(given: str, asked: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), asked.encode())


def _network(address: str) -> str:
    try:
        host = ipaddress.ip_address(address.partition("%")[0])  # a link-local one names its interface behind it
    except ValueError:
        return address
    if isinstance(host, ipaddress.IPv6Address):
        return str(host.ipv4_mapped or ipaddress.ip_network((int(host), 64), strict=False))
    return address
