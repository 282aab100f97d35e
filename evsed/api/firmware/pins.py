"""Who gave the LCD's PIN: wrong PINs cost time, right ones open the remote buttons for a while.

Owns the visitors that gave it and the waiting. A visitor is known by a token that its browser keeps; waiting is counted
for each address, so that one who guesses does not keep the owner out, and who is in stays in meanwhile. Pure but for
the tokens: time comes in as ``now_s``, monotonic.
"""

import hmac
import ipaddress
import re
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum, auto
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
    """What a PIN was answered with."""

    RIGHT = auto()
    WRONG = auto()
    OFF = auto()  # no PIN is set: the remote buttons are off
    MISSING = auto()  # there is a PIN, and none was given
    WAIT = auto()  # too many wrong ones; this one was not even looked at


@dataclass(frozen=True, slots=True)
class Tries:
    """The wrong PINs of one address."""

    count: int = 0
    wait_until: float = 0.0
    forgiven_at: float = 0.0


class Pins:
    """The door to the remote buttons."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str, Tries] = OrderedDict()
        self._visitors: OrderedDict[str, tuple[int, float]] = OrderedDict()  # token: the PIN it gave, until when

    def try_pin(self, given: str, pin: int, address: str, now_s: float) -> Answer:
        """Judges ``given`` where ``pin`` is set (0: none) and it comes from ``address``."""
        if not pin:
            return Answer.OFF
        self._forgive(now_s)
        key = self._key(address)
        tries = self._tries.get(key, Tries())
        if now_s < tries.wait_until:
            return Answer.WAIT
        text = given.strip()
        if _PIN.fullmatch(text) and hmac.compare_digest(f"{int(text):04}", f"{pin:04}"):
            self._tries.pop(key, None)
            return Answer.RIGHT
        count = tries.count + 1
        wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (count - FREE_TRIES)) if count >= FREE_TRIES else 0.0
        self._tries[key] = Tries(count, now_s + wait, now_s + FORGIVEN_AFTER_S)
        return Answer.WRONG

    def wait_s(self, address: str, now_s: float) -> int:
        """How many seconds (rounded up) ``address`` has to wait until a PIN of it is looked at."""
        left = self._tries.get(self._key(address), Tries()).wait_until - now_s
        return max(0, int(left) + 1) if left > 0 else 0

    def admit(self, pin: int, now_s: float) -> str:
        """The token of a visitor that gave ``pin``."""
        token = secrets.token_urlsafe(24)
        self._visitors[token] = (pin, now_s + STAYS_S)
        while len(self._visitors) > _MOST_VISITORS:
            self._visitors.popitem(last=False)
        return token

    def knows(self, token: str, pin: int, now_s: float) -> bool:
        """Whether ``token`` is of a visitor that gave ``pin``, which is still the one; each use prolongs its stay."""
        gave, until = self._visitors.get(token, (0, 0.0))
        if not pin or gave != pin or now_s >= until:
            self._visitors.pop(token, None)
            return False
        self._visitors[token] = (gave, now_s + STAYS_S)
        return True

    def _key(self, address: str) -> str:
        """Who waits together: an IPv4 address, an IPv6 network, and everybody once too many have guessed wrong."""
        key = _network(address)
        return key if key in self._tries or len(self._tries) < _MOST_ADDRESSES else _REST

    def _forgive(self, now_s: float) -> None:
        for key in [key for key, tries in self._tries.items() if now_s >= tries.forgiven_at]:
            del self._tries[key]


def _network(address: str) -> str:
    try:
        host = ipaddress.ip_address(address.partition("%")[0])  # a link-local one names its interface behind it
    except ValueError:
        return address
    if isinstance(host, ipaddress.IPv6Address):
        return str(host.ipv4_mapped or ipaddress.ip_network((int(host), 64), strict=False))
    return address
