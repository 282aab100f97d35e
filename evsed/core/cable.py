"""The cable in the socket, by its proximity resistor: what it carries, and that it was pulled."""

from evsed.core.units import Deciamps, Ohms

# IEC 61851-1 Annex B: resistor between proximity and earth; 20 A cables are known to owners as 16 A
_CABLES = ((75, 150, 630), (150, 330, 320), (330, 1_000, 160), (1_000, 2_200, 130))
_AGREEING = 3


def cable_limit(ohms: Ohms | None) -> Deciamps:
    """What the plugged cable carries; 0 when there is none, or none that the norm knows."""
    if ohms is not None:
        for low, high, limit in _CABLES:
            if low <= ohms < high:
                return limit
    return 0


class Cable:
    """The cable over time. Its size counts from plug-in until the contactor closes, and is then kept."""

    def __init__(self) -> None:
        self.limit: Deciamps = 0
        self._seen = False
        self._missed = 0

    def look(self, ohms: Ohms | None, *, unplugged: bool, kept: bool) -> None:
        """One look. ``unplugged``: the charger knows of no car; ``kept``: the contactor is closed."""
        limit = cable_limit(ohms)
        if not kept:
            self.limit = limit
        if unplugged or limit:
            self._seen, self._missed = limit > 0, 0
        else:
            self._missed += 1

    @property
    def pulled(self) -> bool:
        """Whether a cable that was there is not any more; tells an unplugging also while the pilot is off."""
        return self._seen and self._missed >= _AGREEING
