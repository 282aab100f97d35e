"""The cable in the socket, by its proximity resistor: what it carries, and that it was pulled."""

from evsed.core.units import Deciamps, Millis, Ohms

# IEC 61851-1 Annex B: resistor between proximity and earth; 20 A cables are known to owners as 16 A
_CABLES = ((75, 150, 630), (150, 330, 320), (330, 1_000, 160), (1_000, 2_200, 130))
_AGREEING = 3
_AGREE_MS = 11  # late sampling: two looks this far apart are enough, as for the pilot: both are plugged in at once
_BIGGER_MS = 500


def cable_limit(ohms: Ohms | None) -> Deciamps:
    """What the plugged cable carries; 0 when there is none, or none that the norm knows."""
    if ohms is not None:
        for low, high, limit in _CABLES:
            if low <= ohms < high:
                return limit
    return 0


class Cable:
    """The cable over time. One odd look changes nothing; a smaller cable counts at once, a bigger one only while the
    contactor is open and after half a second.
    """

    def __init__(self) -> None:
        self.limit: Deciamps = 0
        self._seen = False
        self._candidate: Deciamps = 0
        self._since: Millis = 0
        self._count = 0

    def look(self, ohms: Ohms | None, now: Millis, *, unplugged: bool, closed: bool) -> None:
        """One look. ``unplugged``: the charger knows of no car; ``closed``: contactor 1 is."""
        found = cable_limit(ohms)
        if found != self._candidate or self._count == 0:
            self._candidate, self._since, self._count = found, now, 0
        self._count += 1
        held_ms = now - self._since
        agreed = self._count >= _AGREEING or (self._count > 1 and held_ms >= _AGREE_MS)
        bigger = found > self.limit > 0
        if agreed and (not bigger or (held_ms >= _BIGGER_MS and not closed)):
            self.limit = found
        if unplugged:
            self._seen = False
        self._seen = self._seen or self.limit > 0

    @property
    def pulled(self) -> bool:
        """Whether a cable that was there is not any more; tells an unplugging also while the pilot is off."""
        return self._seen and self.limit == 0
