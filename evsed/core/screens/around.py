"""What the LCD shows besides the Snapshot: where the charger is on the network, and what the clock on the wall says."""

from dataclasses import dataclass

from evsed.core.schedule import Calendar


@dataclass(frozen=True, slots=True)
class Around:
    """``address`` is the charger's own, empty while it has none. ``veiled``: the PINs whose digits show as ``*``."""

    calendar: Calendar
    address: str = ""
    veiled: frozenset[str] = frozenset()
