"""How the devices beside the board do: buses, LCD, card reader. What each is, is said by whoever owns it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """One device. ``name``: bus_1, bus_2 ... in the order of the configuration, lcd, card_reader."""

    name: str
    works: bool | None  # None: it was not tried yet
    errors: int  # since the start: answers that did not come, and times that it was lost
