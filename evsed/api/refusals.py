"""Bad input: counted always, logged once and within bounds, so that no client floods the log."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable

log = logging.getLogger(__name__)

_REMEMBERED = 200
_CUT = 80
_LONGEST = 400  # of what is our own text, with something of a client's in it
_AT_ONCE = 50
_EACH_S = 5.0  # another line after that


def told(text: str, longest: int = _CUT) -> str:
    """``text`` as one line of a log has it: cut, and what is no visible sign escaped, so that nobody forges lines."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text[:longest])


class Bucket:
    """So many lines at once, and one more each while after that: what anybody can make us say floods no log."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lines = float(_AT_ONCE)
        self._filled_at = clock()
        self._unsaid = 0

    def left_out(self) -> str | None:
        """None: no line now. Else what to say behind it of those that were left out before; empty: nothing."""
        now = self._clock()
        self._lines = min(float(_AT_ONCE), self._lines + (now - self._filled_at) / _EACH_S)
        self._filled_at = now
        if self._lines < 1:
            self._unsaid += 1
            return None
        self._lines -= 1
        unsaid, self._unsaid = self._unsaid, 0
        return f" ({unsaid} others before it were not logged)" if unsaid else ""


class Refusals:
    """What was refused so far. Used from several threads; each call is one append and one count."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.count = 0
        self._logged: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._bucket = Bucket(clock)

    def note(self, where: str, given: str, why: str) -> None:
        """Counts a refusal of ``given`` at ``where`` (a topic, or a path and parameter) and logs it the first time."""
        self.count += 1
        where, why, shown = told(where, _CUT), told(why, _LONGEST), given[:_CUT]
        if (where, shown) in self._logged:
            return
        self._logged[where, shown] = None
        while len(self._logged) > _REMEMBERED:
            self._logged.popitem(last=False)
        more = self._bucket.left_out()
        if more is not None:
            log.warning("%s: %r is refused: %s%s", where, shown, why, more)
