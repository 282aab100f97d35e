"""Where the car's energy comes from: the mains, or the house's own sun and battery.

Owns the split of what the EV meter counted by what the mains meter showed meanwhile. Nobody measures the sun itself:
what the car took and the connection did not import, at the same moment, was the house's own.
"""

from dataclasses import dataclass

from evsed.core.units import Deciamps, Millis

BELIEVED_MS = 15_000
"""So long a look at the mains counts; what flows after that has an unknown origin, which is taken for the mains."""


@dataclass(slots=True)
class _Weights:
    taken: int = 0  # by the car, in dA ms
    bought: int = 0  # of that, from the mains


class Origin:
    """Collects looks at mains and car while the contactor is closed, and splits what the meter counted since."""

    def __init__(self) -> None:
        self._now = _Weights()  # since the last split
        self._before = _Weights()  # those that the last split was made by
        self._looked_at: Millis = 0
        self._closed_since: Millis | None = None
        self._flowed_ms: Millis = 0
        self._blind_ms: Millis = 0

    def closed(self, now: Millis) -> None:
        """The contactor closes: from now on energy flows."""
        self._closed_since = self._looked_at = now

    def opened(self, now: Millis) -> None:
        """The contactor opens."""
        if self._closed_since is not None:
            self._look(now)
            self._flowed_ms += now - self._closed_since
            self._closed_since = None

    def _look(self, now: Millis) -> Millis:
        """The time since the last look, as far as it is believed; the rest of it nobody has seen."""
        since = now - self._looked_at
        self._looked_at = now
        self._blind_ms += max(0, since - BELIEVED_MS)
        return min(since, BELIEVED_MS)

    def seen(self, drawn: Deciamps, imported: Deciamps, now: Millis) -> None:
        """One look: what the car draws, and what the mains imports for it (both as sums of the phases)."""
        if self._closed_since is None:
            return
        span = self._look(now)
        self._now.taken += max(0, drawn) * span
        self._now.bought += min(max(0, imported), max(0, drawn)) * span

    def split(self, energy_wh: int, now: Millis) -> int | None:
        """Of ``energy_wh``, counted since the last call, the house's own in mWh; None when nobody has looked."""
        weights = self._now if self._now.taken else self._before
        flowed = self._flowed_ms
        blind = self._blind_ms
        if self._closed_since is not None:
            flowed += now - self._closed_since
            blind += max(0, now - self._looked_at - BELIEVED_MS)
            self._closed_since = now
            self._looked_at = max(self._looked_at, now - BELIEVED_MS)
        self._now, self._before = _Weights(), weights
        self._flowed_ms = self._blind_ms = 0
        if not weights.taken:
            return None
        own = energy_wh * 1000 * (weights.taken - weights.bought) // weights.taken
        return own * max(0, flowed - blind) // flowed if flowed else own
