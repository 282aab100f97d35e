"""Bad input: counted always, logged once, so that a client that repeats itself does not flood the log."""

import logging
from collections import OrderedDict

log = logging.getLogger(__name__)

_REMEMBERED = 200
_CUT = 80


class Refusals:
    """What was refused so far. Used from several threads; each call is one append and one count."""

    def __init__(self) -> None:
        self.count = 0
        self._logged: OrderedDict[tuple[str, str], None] = OrderedDict()

    def note(self, where: str, given: str, why: str) -> None:
        """Counts a refusal of ``given`` at ``where`` (a topic, or a path and parameter) and logs it the first time."""
        self.count += 1
        shown = given[:_CUT]
        if (where, shown) in self._logged:
            return
        self._logged[where, shown] = None
        while len(self._logged) > _REMEMBERED:
            self._logged.popitem(last=False)
        log.warning("%s: %r is refused: %s", where, shown, why)
