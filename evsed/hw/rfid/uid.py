"""A card's number, as the core takes it: 12 or 14 hexadecimal digits; and when a card counts as swiped.

Owns the form of numbers from every kind of reader. What a swipe does is the core's.
"""

import re
from typing import Final

from evsed.core.units import Millis

AWAY_MS: Final = 1_500
"""A card has to be away for this long before it counts again: it is seen in fits and starts while it is held."""

_SHORTEST, _LONGEST, _STORED = 4, 7, 6  # bytes
_DECIMAL = re.compile(r"[0-9]{10}")
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]+")


def from_bytes(number: bytes) -> str | None:
    """The UID of ``number`` (4 to 7 bytes) in hexadecimal; None for a length that no card has.

    Cards with 4 or 5 bytes get zeros behind them, up to 6: so the firmware's reader gives them ("4 byte cards should be
    read as [1st][2nd][3rd][4th] 00 00", mstegen in dingo35/SmartEVSE-3.5#98), and so its lists of cards have them.
    """
    if not _SHORTEST <= len(number) <= _LONGEST:
        return None
    return number.ljust(_STORED, b"\0").hex().upper()


def from_typed(text: str) -> str | None:
    """The UID of what a keyboard-type reader typed before Enter; None when it is no card's number.

    Ten decimal digits are a number of 4 bytes; anything else is hexadecimal. Ten digits above 4294967295 can only be
    hexadecimal too. [?] Which byte of a decimal number comes first differs between readers, and nothing tells: the
    highest is taken as the card's first, so a card may have another number on another reader.
    """
    if _DECIMAL.fullmatch(text) and int(text) < 1 << 32:
        return from_bytes(int(text).to_bytes(4, "big"))
    if len(text) % 2 or not _HEXADECIMAL.fullmatch(text):
        return None
    return from_bytes(bytes.fromhex(text))


class Presence:
    """Turns what a reader sees into swipes: a card that is held there is one."""

    def __init__(self) -> None:
        self._uid = ""
        self._seen_at: Millis = 0

    def feed(self, uid: str | None, now: Millis) -> bool:
        """One look, with the card that is there or None; whether this is a swipe."""
        if uid is None:
            return False
        again = uid == self._uid and now - self._seen_at < AWAY_MS
        self._uid, self._seen_at = uid, now
        return not again
